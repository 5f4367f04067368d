/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcp/conn: the record of one connection, two cache lines.
 *
 * The first line is what every segment of an established connection reads; the second
 * what timers, loss and the send queue need. A record is owned by its stack's core and
 * named by its index. What only TIME_WAIT needs is in flow/timewait.h instead: no
 * record is held there.
 */
#ifndef SPATE_TCP_CONN_H
#define SPATE_TCP_CONN_H

#include <stdint.h>

#include <rte_common.h>

#include "flow/flow_key.h"
#include "spate.h"

/* tcp_conn.flags */
#define TCP_F_READY      0x0001 /* on the list of connections with something to send */
#define TCP_F_ACK_NOW    0x0002 /* an ACK is owed */
#define TCP_F_FIN_QUEUED 0x0004 /* FIN follows the queued data */
#define TCP_F_FIN_SENT   0x0008 /* snd_nxt counts the FIN */
#define TCP_F_SYN_DUE    0x0010 /* send SYN (SYN_SENT) or SYN+ACK (SYN_RCVD) */
#define TCP_F_RTX_DUE    0x0020 /* send the segment at snd_rtx again */
#define TCP_F_TS         0x0040 /* timestamps agreed (SYN_SENT: offered) */
#define TCP_F_PASSIVE    0x0080 /* came from a listener */
#define TCP_F_ORPHAN     0x0100 /* the application has closed it */
#define TCP_F_OVER_TW    0x0200 /* SYN_RCVD on top of the TIME_WAIT `over_tw` (TW-05) */
#define TCP_F_RTT        0x0400 /* a round trip is being timed */
#define TCP_F_RECOVERY   0x0800 /* fast recovery until `recover` (RFC 6582) */
#define TCP_F_LOSS       0x1000 /* recovery from a timeout until `recover` */
#define TCP_F_OPENED     0x2000 /* counted as opened: ends in exactly one other counter */
#define TCP_F_SYN_LOST   0x4000 /* our SYN or SYN+ACK had to be sent again */
#define TCP_F_WSCALE     0x8000 /* window scaling agreed (SYN_SENT: offered) */

enum tcp_timer {
	TCP_TIMER_NONE = 0,
	TCP_TIMER_RETRANSMIT,  /* something is in flight */
	TCP_TIMER_LOSS_PROBE,  /* the same, and the last of it may be lost unseen */
	TCP_TIMER_REORDER,     /* something was overtaken: late or lost? */
	TCP_TIMER_PERSIST,     /* the peer's window is closed and data waits */
	TCP_TIMER_OVERRIDE,    /* data waits, and only a silly segment of it fits */
	TCP_TIMER_DELAYED_ACK, /* nothing is in flight, and an ACK may wait for company */
	TCP_TIMER_FIN_WAIT_2,  /* fully closed, and the peer is idle */
	TCP_TIMER_KEEPALIVE,   /* nothing to say, but is the peer still there? */
};

/* tcp_conn.options */
#define TCP_O_KEEPALIVE 0x0001 /* probe an idle peer (RFC 9293 3.8.4) */
#define TCP_O_FRAGMENT  0x0002 /* the path is too narrow for DF (PM-04) */
#define TCP_O_PROBE     0x0004 /* no connection at all: probe.c */
#define TCP_O_BEHIND    0x0008 /* RCV.NXT is beyond the last ACK sent */
#define TCP_O_SACK      0x0010 /* SACK agreed (SYN_SENT: offered) */
#define TCP_O_AUTH      0x0020 /* protected by TCP-AO: tcp/auth.h has its record */
#define TCP_O_OVERRIDE  0x0040 /* small as it is, the next segment leaves (RFC 9293 3.8.6.2.1) */
#define TCP_O_TS_OLD    0x0080 /* TS.Recent is too old to compare with (RFC 7323 5.5) */
#define TCP_O_ECN       0x0100 /* ECN agreed (SYN_SENT: offered); new data is marked ECT */
#define TCP_O_ECN_ECHO  0x0200 /* marks of the peer's data are told it (RFC 3168 6.1.1) */
#define TCP_O_ECE       0x0400 /* ... and one has come: ECE until the peer says CWR */
#define TCP_O_CWR       0x0800 /* the window was reduced: the next new data says so */
#define TCP_O_ECN_CUT   0x1000 /* ... for ECE, and until `recover` not once more */
#define TCP_O_UTO_DUE   0x2000 /* the next segment tells our user timeout (RFC 5482) */
#define TCP_O_TIMER_DUE 0x8000 /* the timer begins anew when all that a segment did is known */
#define TCP_O_NARROW    0x4000 /* mss is less than was agreed: a larger one is to be tried */

/* Soft errors of an active open, told when it fails (RFC 5461 4). */
enum tcp_soft {
	TCP_SOFT_NONE = 0,
	TCP_SOFT_NET,  /* ENETUNREACH */
	TCP_SOFT_HOST, /* EHOSTUNREACH */
};

#define TCP_CHUNK_NONE  UINT32_MAX
#define TCP_READY_NONE  UINT32_MAX
#define TCP_EXTRA_NONE  UINT32_MAX
#define TCP_BACKOFF_MAX 24 /* doublings: beyond any max_rto */

struct tcp_conn {
	struct flow_key key;
	uint8_t state;  /* enum spate_state */
	uint8_t wscale; /* SND.WND.SHIFT << 4 | doublings of the receive buffer */
	uint16_t flags;
	uint32_t snd_una, snd_nxt;
	uint32_t snd_end; /* sequence number behind the last queued byte */
	uint32_t snd_wnd, snd_wl1, snd_wl2;
	uint32_t rcv_nxt;
	uint32_t rcv_adv; /* right edge of the window offered: never moves left */
	uint32_t ts_recent, ts_offset;
	uint16_t mss; /* most payload bytes in a segment, options not yet deducted */
	uint16_t hop; /* next hop, reference held */
	uint32_t ready_next;

	uint32_t snd_tail;       /* send queue: the last chunk, which links to the first */
	uint32_t extra;          /* tcp/extra.h, TCP_EXTRA_NONE as long as there is no need */
	uint32_t snd_rtx;        /* next sequence number to send again */
	uint32_t cwnd, ssthresh; /* bytes, RFC 5681 */
	union {
		uint32_t recover; /* snd_nxt when recovery began */
		uint32_t over_tw; /* TCP_F_OVER_TW */
	};
	uint32_t srtt_us, rttvar_us; /* 0: no sample yet */
	uint32_t rtt_seq, rtt_start; /* timed: until rtt_seq is acknowledged, since (us) */
	uint32_t rcv_unread;         /* delivered, not consumed */
	uint32_t challenge_at;       /* last challenge ACK, ms + 1; 0: never */
	uint64_t user;
	/*
	 * Bits of one byte, and of another: a load of both after a store of one would wait until
	 * the store has left the core.
	 */
	uint8_t timer : 4;        /* enum tcp_timer */
	uint8_t dupacks : 2;      /* up to the three that tell of a loss */
	uint8_t congestion : 1;   /* enum spate_congestion */
	uint8_t probing : 1;      /* a loss probe is out: the timer is the timeout's now */
	uint8_t backoff : 5;      /* doublings of the RTO since the last RTT sample (Karn) */
	uint8_t cwnd_limited : 1; /* the last output ended for lack of cwnd */
	uint8_t no_delay : 1;     /* DT-06: Nagle's algorithm is off */
	uint8_t corked : 1;       /* DT-06: nothing but full segments until uncorked */
	uint8_t retries;          /* expiries since the last progress: RFC 9293 3.8.3 R2 */
	union {
		uint8_t probes; /* zero-window or keepalive probes, or half days, without any answer
				 */
		uint8_t soft;   /* SYN_SENT: enum tcp_soft, what ICMP had to say */
	};
	union {
		uint16_t listener; /* SYN_RCVD, passive */
		uint16_t wnd_max;  /* later: the largest window of the peer's, as it was carried */
	};
	uint16_t options; /* TCP_O_* */
} __rte_cache_aligned;

_Static_assert(sizeof(struct tcp_conn) == 2 * RTE_CACHE_LINE_SIZE, "two cache lines");
_Static_assert(offsetof(struct tcp_conn, snd_tail) == RTE_CACHE_LINE_SIZE, "hot fields first");

static inline uint8_t
tcp_snd_wscale(const struct tcp_conn *c)
{
	return c->wscale >> 4;
}

#define TCP_DOUBLINGS_MAX 15

/* receive_window.h: how often what we offer has been doubled. */
static inline uint8_t
tcp_rcv_doublings(const struct tcp_conn *c)
{
	return c->wscale & 0xf;
}

/* Is there something, data or FIN, that was never sent? */
static inline bool
tcp_unsent(const struct tcp_conn *c)
{
	if (c->flags & TCP_F_FIN_SENT)
		return false;
	return c->snd_end != c->snd_nxt || (c->flags & TCP_F_FIN_QUEUED);
}

/* RCV.WND: what the peer has been told, less what it has used. */
static inline uint32_t
tcp_rcv_wnd(const struct tcp_conn *c)
{
	return c->rcv_adv - c->rcv_nxt;
}

#endif
