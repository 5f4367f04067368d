/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcp: the protocol. One struct tcp is all of a stack's TCP: its tables, timers,
 * connections and knobs.
 *
 * Where to find what:
 *   conn_pool.c   records taken, ended (every end is counted once), given back
 *   extra.c       what only few connections need, beside their records
 *   open.c        active and passive open by the application: connect, listen
 *   close.c       shutdown, close, abort, forget
 *   state.c       the transitions, in one table
 *   input.c       segments for a synchronised connection, RFC 9293 3.10.7.4
 *   input_text.c  their data and FIN, and when that is acknowledged
 *   input_syn.c   segments in LISTEN and SYN_SENT, 3.10.7.2 and 3.10.7.3
 *   syn_cookie.c  SYNs answered without keeping anything
 *   reassembly.c  what came beyond a gap, until the gap is filled
 *   sack.c        what the peer is told of that
 *   receive_window.c  what we offer to take, and how it grows
 *   time_wait.c   everything about TIME_WAIT
 *   reset.c       resets for nobody's segments, challenge ACKs
 *   negotiate.c   options of SYNs, both ways
 *   ecn.c         congestion that routers mark instead of dropping
 *   isn.c         initial sequence numbers and timestamp offsets
 *   output.c      what is sent, and when
 *   segment.c     segments built
 *   chain.c       several in one frame, for a port that cuts them apart
 *   send_queue.c  what the application has queued
 *   ack.c         what an acknowledgement does: RTT, the peer's window, and then:
 *   recovery.h    the congestion window (cwnd.c, congestion.c), what is lost (recovery.c, rack.c,
 *                 scoreboard.c), what is sent again for it, and that it was for nothing (undo.c)
 *   icmp.c        what ICMP errors do to connections: path MTU, unreachable
 *   path_mtu.c    smaller segments, and when larger ones are tried again
 *   user_timeout.c  how long what was sent may go unacknowledged, and the option
 *   auth*.c       TCP-AO: keys, and the MACs of segments; auth.h says more
 *   auth_crypto.c what TCP-AO computes, by OpenSSL (auth_none.c: built without)
 *   ageing.c      TS.Recent of idle connections, twice a day
 *   timers.c      one timer a connection: retransmission, persist, FIN_WAIT_2
 *   probe.c       tuples that are the application's to send on and to look at
 *   conn.h        a connection's record; acceptable.h  the rules it is held to; seq.h  numbers
 *
 * It knows no port and no clock: `now_ns` is set by the stack. Below it are flow, ip,
 * wire, time and stats.
 */
#ifndef SPATE_TCP_TCP_H
#define SPATE_TCP_TCP_H

#include <stdbool.h>
#include <stdint.h>

#include "flow/conn_table.h"
#include "flow/listener.h"
#include "flow/local_port.h"
#include "flow/timewait.h"
#include "ip/ip.h"
#include "spate.h"
#include "stats/counters.h"
#include "tcp/conn.h"
#include "tcp/scoreboard.h"
#include "time/wheel.h"
#include "wire/tcp_options.h"
#include "wire/tcp_seg.h"

#define TCP_SEND_MAX (1u << 30) /* bytes queued on a connection */
#define TCP_LENT_MAX 40

struct tcp_extra;

/* A stretch of bytes to be sent: the application's, or a copy in `owner`. */
struct tcp_chunk {
	const uint8_t *data;
	struct rte_mbuf *owner;
	uint32_t len;
	uint32_t next;
};

/* Memory of the application's that the port can read by itself. */
struct tcp_lent {
	const uint8_t *mem;
	size_t len;
	uint64_t iova;
};

struct tcp {
	struct ip_iface *ip;
	struct spate_counters *counters;
	const struct spate_ops *ops;
	void *app;
	uint64_t now_ns;
	uint32_t now_us;           /* the same, modulo 2^32, for round trips */
	uint32_t ts_now;           /* the timestamp clock: milliseconds */
	uint64_t quiet_until_ns;   /* TW-11 */
	uint64_t cookies_until_ns; /* SYN cookies sent may come back until then */
	uint64_t ageing_ns;        /* ageing.c: the next round, or that under way, began */
	uint32_t ageing_at;        /* ... and has come to this record */
	uint8_t rcv_shift;         /* tcp_our_wscale() */
	bool auth_look;            /* segments are to be shown to tcp_auth_input() */
	struct spate_tcp_conf conf;

	struct tcp_conn *conns;
	uint32_t max_conns;
	uint32_t free_head;  /* linked by ready_next */
	uint32_t grave_head; /* ended during this call: not to be reused before the next */
	uint32_t untouched;  /* records from here on were never used */
	uint32_t in_use;     /* records: what fuzz holds the table to */
	uint64_t state_count[SPATE_N_STATES];

	struct tcp_chunk *chunks;
	uint32_t max_chunks;
	uint32_t chunk_free, chunk_untouched;
	uint32_t owned, owned_max; /* chunks with a buffer of ours: a part of the share */
	uint32_t held, held_max;   /* buffers with data beyond a gap: the same */

	uint32_t large_max;     /* payload bytes in a frame of several segments; 0: no such */
	uint16_t large_buffers; /* buffers of one */
	uint16_t n_lent;

	struct scoreboard_pool holes; /* of all scoreboards */

	struct tcp_extra *extras;
	uint32_t max_extras;
	uint32_t extra_free, extra_untouched;

	uint32_t ready_head, ready_tail; /* connections with something to send */

	struct conn_table table;
	struct timewait_store tw;
	struct listener_table listeners;
	struct wheel wheel;
	uint8_t isn_key[16];
	uint64_t label_key[2]; /* IPv6 flow labels */
	struct tcp_auth *auth; /* tcp/auth.h, NULL until there is a key */
	struct tcp_lent lent[TCP_LENT_MAX];
};

/* A received segment and where it belongs. */
struct tcp_rx {
	struct tcp_seg seg;
	const struct flow_key *key;
	uint64_t hash;   /* of the key, by the table */
	uint32_t handle; /* what the table says now */
	uint8_t ecn;     /* wire/ecn.h: what the IP header says */
};

static inline struct tcp_conn *
tcp_conn_at(struct tcp *t, uint32_t index)
{
	return &t->conns[index];
}

static inline uint32_t
tcp_conn_index(const struct tcp *t, const struct tcp_conn *c)
{
	return c - t->conns;
}

/* ---- conn_pool.c */

/* A zeroed record with the key set, in state `state`, in the table (in place of `instead`,
 * a TIME_WAIT handle, unless CONN_TABLE_NONE), holding its next hop. NULL when the table is full.
 */
struct tcp_conn *tcp_conn_new(struct tcp *t, const struct flow_key *key, uint64_t hash,
	enum spate_state state, uint16_t hop, uint32_t instead);

/* Move to `state`, which is counted; what is done on the way is state.c's. */
void tcp_set_state(struct tcp *t, struct tcp_conn *c, enum spate_state state);

/* The connection is over. Counts it, tells the application `reason`, leaves the table. */
void tcp_conn_end(struct tcp *t, struct tcp_conn *c, int reason);

/* The same for a SYN_RCVD the application never saw; `why` is the counter. A TIME_WAIT below it
 * comes back. */
void tcp_embryo_end(struct tcp *t, struct tcp_conn *c, enum spate_counter why);

/* The same when TIME_WAIT has taken over the table's entry. */
void tcp_conn_end_in_time_wait(struct tcp *t, struct tcp_conn *c);

/* Make the records that ended during the last call available again. */
void tcp_bury(struct tcp *t);

static inline bool
tcp_is_embryo(const struct tcp_conn *c)
{
	return c->state == SPATE_SYN_RCVD && (c->flags & TCP_F_PASSIVE);
}

/*
 * TW-11, RFC 9293 3.4.3: after a crash nobody knows which numbers are still in the network. Is it
 * too early to send or take anything? Counts.
 */
static inline bool
tcp_quiet(struct tcp *t)
{
	if (likely(t->now_ns >= t->quiet_until_ns))
		return false;
	spate_count(t->counters, SPATE_QUIET);
	return true;
}

/* ---- input.c, input_text.c, input_syn.c, time_wait.c */

/* Any segment that passed the checksum. */
void tcp_input(struct tcp *t, struct tcp_rx *rx);

/* Its text and FIN, when all else has been found acceptable. */
void tcp_input_text(struct tcp *t, struct tcp_conn *c, struct tcp_seg *s);

/* What of it lies below RCV.NXT has come before: RFC 2883. */
void tcp_note_duplicate(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s);

/* A segment for a TIME_WAIT (index into t->tw), for a listener, for a SYN_SENT. */
void tcp_input_time_wait(struct tcp *t, const struct tcp_rx *rx, uint32_t tw);
void tcp_input_syn_sent(struct tcp *t, struct tcp_conn *c, const struct tcp_rx *rx);

/* For a listener; returns the connection when the segment turned out to be one's: go on with it. */
struct tcp_conn *tcp_input_listen(struct tcp *t, const struct tcp_rx *rx, uint16_t listener);
/* A SYN becomes a connection in SYN_RCVD; `tw` is the TIME_WAIT it may replace, or
 * TIMEWAIT_NONE. False when there was no room. */
bool tcp_accept_syn(struct tcp *t, const struct tcp_rx *rx, uint16_t listener, uint32_t tw,
	const struct tcp_options *o);

/* CM-18: has the application no room for an established one of this listener? Counts. */
bool tcp_no_room(struct tcp *t, uint16_t listener);

/* The SYN_RCVD that a cookie stood for, as its SYN would have made it. NULL: no room. */
struct tcp_conn *tcp_accept_cookie(struct tcp *t, const struct tcp_rx *rx, uint16_t listener,
	uint32_t iss, const struct tcp_options *o);

/* The handshake is complete: counts, tells the application. */
void tcp_established(struct tcp *t, struct tcp_conn *c);

/* ---- syn_cookie.c */

/* Answer a SYN without keeping anything of it. */
void tcp_cookie_answer(struct tcp *t, const struct tcp_rx *rx, const struct tcp_options *o);

/* Does this ACK bring a cookie of ours back? Then *syn is what the SYN had said. */
bool tcp_cookie_valid(const struct tcp *t, const struct tcp_rx *rx, struct tcp_options *syn);

/* ---- time_wait.c */

/* Both sides are closed: the record becomes a TIME_WAIT, owed ACK included. */
void tcp_time_wait_enter(struct tcp *t, struct tcp_conn *c);

/* The child over `tw` is established: the old incarnation is forgotten. */
void tcp_time_wait_replaced(struct tcp *t, uint32_t tw);

/* May an active open take this TIME_WAIT's tuple (TW-06)? */
bool tcp_time_wait_may_reuse(const struct tcp *t, uint32_t tw);

/* The ISS of a new incarnation over it, in either role: beyond all that the old one has sent. */
static inline uint32_t
tcp_time_wait_iss(const struct tcp *t, uint32_t tw)
{
	/* RFC 9293 3.6.1, RFC 6191 2: the largest window without a scale, and the FIN. */
	return t->tw.records[tw].snd_nxt + UINT16_MAX + 2;
}

/* Is any TIME_WAIT on this local address (LISTENER_ANY: any) and port? Walks them all. */
bool tcp_time_wait_on_port(const struct tcp *t, rte_be32_t laddr, rte_be16_t lport);

/* Expire what is due; returns when the next one is. */
uint64_t tcp_time_wait_tick(struct tcp *t);

/* ---- reset.c */

/* Answer a segment that belongs to nobody (RS-01, RS-02; nothing for a RST: RS-03). */
void tcp_reset_reply(struct tcp *t, const struct tcp_rx *rx);

/* RST for a connection of ours (RS-07). */
void tcp_send_rst(struct tcp *t, const struct tcp_conn *c);

/* RFC 5961 7: at most one per connection in challenge_ack_ms. */
void tcp_challenge_ack(struct tcp *t, struct tcp_conn *c);

/* ---- negotiate.c */

#define TCP_WSCALE_MAX 14 /* RFC 7323 2.3 */

/* The MSS we announce; the one the peer has announced, or what its silence means. */
uint16_t tcp_our_mss(const struct tcp *t, rte_be32_t raddr);
uint16_t tcp_peer_mss(const struct tcp_options *o, rte_be32_t raddr);

/* Bytes of IP and TCP header without options, towards `raddr`. */
uint16_t tcp_headers(rte_be32_t raddr);

/* Flags of what a new connection offers, as far as the knobs allow. */
uint16_t tcp_offer(const struct tcp *t);

/* Offer timestamps on this one connection, or not. -EINVAL, -EISCONN: its SYN has left. */
int tcp_offer_timestamps(struct tcp_conn *c, uint64_t on);

/* The options of our SYN or SYN+ACK. */
uint8_t tcp_syn_options(const struct tcp *t, const struct tcp_conn *c, uint8_t *p);

/* Take the peer's SYN options: what we have offered (tcp_offer) is agreed to, or is not. */
void tcp_take_syn_options(struct tcp *t, struct tcp_conn *c, const struct tcp_options *o);

/* RCV.WND.SHIFT that we offer, for the largest receive buffer; and a connection's. */
uint8_t tcp_our_wscale(const struct tcp *t);

static inline uint8_t
tcp_rcv_wscale(const struct tcp *t, const struct tcp_conn *c)
{
	return c->flags & TCP_F_WSCALE ? t->rcv_shift : 0;
}

/* ---- ecn.c */

/* An active open offers it, if the knob says so; a passive one before the SYN is taken. */
void tcp_ecn_offer(const struct tcp *t, struct tcp_conn *c);

/* Flags our SYN or SYN+ACK has for it. */
uint8_t tcp_ecn_syn_flags(const struct tcp_conn *c);

/* What the peer's SYN or SYN+ACK with these flags leaves of the offer. */
void tcp_ecn_take_syn(struct tcp_conn *c, uint8_t flags);

/* An acceptable segment: the marks of its data. */
void tcp_ecn_data(struct tcp *t, struct tcp_conn *c, const struct tcp_rx *rx);

/* ---- isn.c */

/*
 * A tuple's addresses and ports as they are, for a hash that must be the same in every
 * incarnation: an IPv6 address keeps its name only while somebody holds it.
 */
struct tcp_identity {
	uint8_t bytes[36];
	uint8_t len;
};

/* Of the tuple `k`: the same bytes in every incarnation, and no other tuple's. */
void tcp_identify(const struct tcp *t, const struct flow_key *k, struct tcp_identity *out);

/* RFC 6528: *iss for a new incarnation, *ts_offset for its timestamps. */
void tcp_isn(const struct tcp *t, const struct flow_key *k, uint32_t *iss, uint32_t *ts_offset);

/* ---- output.c */

/* Something is to be sent: build it at the next output. */
void tcp_ready(struct tcp *t, struct tcp_conn *c);

/* SPATE_OPT_NO_DELAY, SPATE_OPT_CORK. 0 or -EINVAL. */
int tcp_set_small(struct tcp *t, struct tcp_conn *c, enum spate_option option, uint64_t on);

/* An ACK is owed, and leaves with the next output. */
static inline void
tcp_ack_now(struct tcp *t, struct tcp_conn *c)
{
	c->flags |= TCP_F_ACK_NOW;
	tcp_ready(t, c);
}

/* Build segments of ready connections while there is room for `max` frames. */
void tcp_output(struct tcp *t, uint32_t max);

/* One byte (or the FIN) beyond a closed window (RFC 9293 3.8.6.1). */
void tcp_send_probe(struct tcp *t, struct tcp_conn *c);

/* The last of what is in flight may be lost: one segment that will draw an ACK (RFC 8985 7.3). */
void tcp_send_loss_probe(struct tcp *t, struct tcp_conn *c);

/* An empty segment that must be answered (RFC 9293 3.8.4). */
void tcp_send_keepalive(struct tcp *t, struct tcp_conn *c);

/* ---- segment.c */

/* A segment without payload, now, outside any connection's bookkeeping. */
void tcp_send_bare(struct tcp *t, const struct flow_key *k, uint16_t hop, uint32_t seq,
	uint32_t ack, uint16_t wnd, uint8_t flags, const struct tcp_options *o);

/* The same with the MAC of `auth`, a record of tcp/auth.h; AUTH_NONE: without. */
void tcp_send_bare_auth(struct tcp *t, const struct flow_key *k, uint16_t hop, uint32_t seq,
	uint32_t ack, uint16_t wnd, uint8_t flags, const struct tcp_options *o, uint32_t auth);

/* The ACK of the peer's FIN from a connection that ends with it, in TIME_WAIT or not. */
void tcp_send_last_ack(struct tcp *t, struct tcp_conn *c);

/* A segment made by somebody else, of no connection. False when there was no buffer. */
bool tcp_send_made(struct tcp *t, const struct flow_key *k, uint16_t hop, struct tcp_seg_head *h,
	const struct tcp_options *o, const uint8_t *data, uint32_t len);

/* What to say as SEG.WND; moves rcv_adv. */
uint16_t tcp_window_field(const struct tcp *t, struct tcp_conn *c, bool syn);

/* Payload bytes a full segment carries. */
static inline uint32_t
tcp_segment_room(const struct tcp_conn *c)
{
	uint32_t room = c->mss - (c->flags & TCP_F_TS ? TCP_OPT_TS_PADDED : 0);

	if (likely(!(c->options & (TCP_O_UTO_DUE | TCP_O_AUTH))))
		return room;
	return room - (c->options & TCP_O_UTO_DUE ? TCP_OPT_UTO_LEN : 0) -
	       (c->options & TCP_O_AUTH ? TCP_OPT_AUTH_LEN : 0);
}

/* ---- send_queue.c */

/* 0 or -ENOBUFS. `owner` is freed with the chunk. */
int tcp_send_append(struct tcp *t, struct tcp_conn *c, const uint8_t *data, uint32_t len,
	struct rte_mbuf *owner);
/* Copy into the last chunk's own buffer what fits behind it; returns how much. */
uint32_t tcp_send_extend(struct tcp *t, struct tcp_conn *c, const uint8_t *data, uint32_t len);
/* Copy `len` bytes at offset `at` behind snd_una; returns their sum, unless the port makes it. */
uint64_t tcp_send_copy(
	const struct tcp *t, const struct tcp_conn *c, uint32_t at, uint8_t *to, uint32_t len);
/* The first `len` bytes are acknowledged. */
void tcp_send_drop(struct tcp *t, struct tcp_conn *c, uint32_t len);
/* Nothing is queued any more: what was not sent never will be (snd_end becomes snd_nxt). */
void tcp_send_clear(struct tcp *t, struct tcp_conn *c);

/* ---- ack.c */

/*
 * Our SYN is acknowledged by `s`: SND.WND, the first RTT sample, and the congestion
 * window's start, for which the peer's options must have been taken.
 */
void tcp_ack_syn(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s);

/*
 * SND.UNA < SEG.ACK <= SND.NXT: release, measure, grow, recover. `o` has what read_options()
 * (input.c) writes.
 */
void tcp_ack_new(struct tcp *t, struct tcp_conn *c, uint32_t ack, const struct tcp_options *o);

/* RFC 9293 3.10.7.4 fifth check: SND.WND from the newest segment. */
void tcp_update_window(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s);

/* RTO now, backoff included, in microseconds. */
uint64_t tcp_rto_us(const struct tcp *t, const struct tcp_conn *c);

/* ---- recovery.c, cwnd.c, and more in recovery.h */

/* SEG.ACK == SND.UNA with data in flight and nothing else to say (RFC 5681 2). */
void tcp_ack_duplicate(struct tcp *t, struct tcp_conn *c);

/* A retransmission timeout's effect on sending (RFC 5681 3.1, RFC 6298 5). */
void tcp_congestion_timeout(struct tcp *t, struct tcp_conn *c);

/* ECE: congestion without loss (RFC 3168 6.1.2). */
void tcp_congestion_notified(struct tcp *t, struct tcp_conn *c);

static inline uint32_t
tcp_now_us(const struct tcp *t)
{
	return t->now_us;
}

/* ---- icmp.c */

/* An ICMP error about a segment of ours (rows PM). */
void tcp_icmp_error(struct tcp *t, const struct ip_error *e);

/* ---- path_mtu.c */

/* mss has become less than `from`: at `raise_at_ns` a larger one may be tried. */
void tcp_path_lowered(struct tcp *t, struct tcp_conn *c, uint16_t from, uint64_t raise_at_ns);

/* What is at snd_una was lost again and again: perhaps for its size. */
void tcp_path_black_hole(struct tcp *t, struct tcp_conn *c);

/* With TCP_O_NARROW: snd_una has moved. */
void tcp_path_acked(struct tcp *t, struct tcp_conn *c);

/*
 * With TCP_O_NARROW: payload bytes of a trial to be sent now as new data, 0: none, or
 * TCP_PATH_HOLD: nothing new may leave until there is room for one. Then: it was sent.
 */
#define TCP_PATH_HOLD UINT32_MAX
uint32_t tcp_path_probe(const struct tcp *t, const struct tcp_conn *c);
void tcp_path_probe_sent(struct tcp *t, struct tcp_conn *c, uint32_t len);

/* Is the segment at `seq` a trial? */
bool tcp_path_probe_at(const struct tcp *t, const struct tcp_conn *c, uint32_t seq);

/* Something at snd_una is lost. True when it was a trial, which has failed: no congestion. */
bool tcp_path_probe_failed(struct tcp *t, struct tcp_conn *c);

/*
 * The same, and then it is taken care of: its bytes alone, or all that is in flight, are to be
 * sent again.
 */
bool tcp_path_probe_lost(struct tcp *t, struct tcp_conn *c, bool alone);

/* With TCP_O_NARROW: segments are sent again, so a trial among them shows nothing. */
void tcp_path_probe_void(struct tcp *t, struct tcp_conn *c);

/* ---- timers.c */

/* Arm what the connection's state needs; `restart` begins the wait anew. */
void tcp_timer_update(struct tcp *t, struct tcp_conn *c, bool restart);

/*
 * The same with `restart`, once the segment is dealt with; and if output follows, only then:
 * a request that is answered at once arms one timer instead of three.
 */
static inline void
tcp_timer_due(struct tcp_conn *c)
{
	c->options |= TCP_O_TIMER_DUE;
}

static inline void
tcp_timer_settle(struct tcp *t, struct tcp_conn *c)
{
	if ((c->options & TCP_O_TIMER_DUE) && !(c->flags & TCP_F_READY) && c->state != SPATE_CLOSED)
		tcp_timer_update(t, c, true);
}

/* Fire what is due; returns a time before which nothing is. */
uint64_t tcp_timers_run(struct tcp *t);

/* ---- ageing.c */

/* Look at idle connections if it is time; returns when to be called again. */
uint64_t tcp_ageing_run(struct tcp *t);

/* ---- user_timeout.c */

/* A new connection: what the knob says of it. */
void tcp_user_timeout_begin(struct tcp *t, struct tcp_conn *c);

/* USER_TIMEOUT of the connection, 0: none; when it is over, UINT64_MAX: never. */
uint32_t tcp_user_timeout_ms(const struct tcp *t, const struct tcp_conn *c);
uint64_t tcp_user_timeout_ends(const struct tcp *t, const struct tcp_conn *c);

/* The wait begins: something was acknowledged, or there is something to wait for now. */
void tcp_user_timeout_wait(struct tcp *t, struct tcp_conn *c);

/* The application's; 0 or -EINVAL, -ENOBUFS. */
int tcp_user_timeout_set(struct tcp *t, struct tcp_conn *c, uint64_t ms);

/* What we tell the peer, as the option carries it; what the peer tells us. */
uint16_t tcp_user_timeout_option(const struct tcp *t, const struct tcp_conn *c);
void tcp_user_timeout_adopt(struct tcp *t, struct tcp_conn *c, const struct tcp_options *o);
void tcp_user_timeout_input(struct tcp *t, struct tcp_conn *c, const struct tcp_options *o);

/* ---- probe.c: see spate.h */

int tcp_probe_open(struct tcp *t, const struct flow_key *key, spate_conn *out);
int tcp_probe_send(struct tcp *t, const struct tcp_conn *c, const struct spate_segment *seg);

/* A segment for one. */
void tcp_input_probe(struct tcp *t, const struct tcp_conn *c, const struct tcp_rx *rx);

/* ---- open.c, close.c: see spate.h */

int tcp_listen(struct tcp *t, rte_be32_t laddr, rte_be16_t lport, uint32_t backlog,
	unsigned int flags, uint32_t cookie);
int tcp_unlisten(struct tcp *t, uint16_t listener);
int tcp_connect_listener(
	struct tcp *t, uint16_t listener, const struct flow_key *remote, spate_conn *out);
int tcp_connect(struct tcp *t, const struct flow_key *key, spate_conn *out);
int tcp_connect_any(struct tcp *t, struct local_port *source,
	bool (*mine)(const void *ctx, const struct flow_key *key), const void *ctx,
	rte_be32_t raddr, rte_be16_t rport, spate_conn *out);
int tcp_shutdown(struct tcp *t, struct tcp_conn *c);
void tcp_close(struct tcp *t, struct tcp_conn *c);
void tcp_abort(struct tcp *t, struct tcp_conn *c, int reason);
void tcp_forget(struct tcp *t, struct tcp_conn *c);

#endif
