/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcp/extra: what only a busy or unusual connection needs, beside its record.
 *
 * A connection's record is two cache lines because most connections never lose a segment
 * and never ask for anything special. One that does takes a tcp_extra from a pool with
 * fewer places than there are connections, and gives it back when it has no more use for
 * it, at its end at the latest. Whoever takes one must do without where none is left: that
 * is counted, and no reason to fail.
 *
 * A field is put here by the file that uses it, which also says when it is no longer needed.
 */
#ifndef SPATE_TCP_EXTRA_H
#define SPATE_TCP_EXTRA_H

#include "tcp/congestion.h"
#include "tcp/reassembly.h"
#include "tcp/scoreboard.h"
#include "tcp/tcp.h"

struct tcp_extra {
	uint32_t next;      /* the free list */
	bool has_duplicate; /* sack.c: received twice and not reported yet */
	struct tcp_stretch duplicate;
	struct tcp_reassembly held; /* reassembly.c: beyond a gap */

	/* user_timeout.c: until the connection's end */
	uint32_t user_timeout_ms;  /* 0: the retry counts decide */
	bool user_timeout_set;     /* by the application: the peer's option changes nothing */
	uint64_t waiting_since_ns; /* for an acknowledgement, or to be allowed to send */

	/* rack.c: with `rack`, the rest for as long as the record is kept */
	bool rack;           /* there is a scoreboard: */
	bool reordered;      /* the network changes the order, so that counts say nothing */
	uint8_t reo_steps;   /* RFC 8985 6.2: reo_wnd_mult - 1 */
	uint8_t reo_persist; /* recoveries until that is forgotten */
	uint32_t reo_until;  /* SND.NXT when it was last changed */
	uint32_t min_rtt_us;
	uint32_t wait_end_us;                        /* a hole may be lost then; 0: none */
	uint32_t prr_delivered, prr_out, prr_flight; /* RFC 6937, bytes */
	struct tcp_scoreboard board;
	bool probe_out, probe_again; /* a loss probe; ... which was no new data */
	uint32_t probe_end;          /* SND.NXT when it was sent */
	uint32_t probe_ts;           /* tcp.ts_now then */
	uint32_t probe_flight;       /* bytes in flight then */

	/* receive_window.c: while it may grow */
	bool receiving;
	uint32_t round_us, round_seq; /* when a round trip began, and RCV.NXT then */

	/* cwnd.c: from the first congestion on */
	bool has_memory;
	struct congestion_memory memory;

	/* undo.c: with `undo`, what was before recovery */
	bool undo;
	bool undo_again;     /* something has been sent again since, first at undo_ts */
	bool undo_uncounted; /* the loss probe, which undo_bytes does not count */
	uint32_t undo_ts;
	uint32_t undo_ssthresh;
	uint32_t undo_from;  /* SND.UNA when it began, or behind what was reported last */
	uint32_t undo_end;   /* SND.NXT when it ended */
	uint32_t undo_bytes; /* sent again in it, and not reported twice */
	struct congestion_memory undo_memory;

	/* path_mtu.c: while TCP_O_NARROW */
	bool path_probing;                       /* a trial is under way: */
	uint32_t path_probe_seq, path_probe_end; /* these numbers in one segment */
	bool path_suspect;         /* lowered for a black hole, nothing arrived since */
	uint16_t path_mss;         /* what was agreed, 0: what mss is */
	uint64_t path_raise_at_ns; /* not before a larger size is tried */
};

_Static_assert(sizeof(struct tcp_extra) == 280, "lib/README.md says how large it is");

/*
 * Places in the pool of a stack with `max_conns` connections: one for each where a knob gives
 * every connection something to keep there.
 */
uint32_t tcp_extra_places(const struct spate_tcp_conf *conf, uint32_t max_conns);

/* The connection's extra, NULL when it has none. */
static inline struct tcp_extra *
tcp_extra_of(const struct tcp *t, const struct tcp_conn *c)
{
	return c->extra == TCP_EXTRA_NONE ? NULL : &t->extras[c->extra];
}

/* The same, taken now if need be, all zero; NULL when the pool is empty (counted). */
struct tcp_extra *tcp_extra_take(struct tcp *t, struct tcp_conn *c);

/* Give it back, if there is one and nobody has any use for it now. */
void tcp_extra_let_go(struct tcp *t, struct tcp_conn *c);

/* What it holds must have been let go before. */
void tcp_extra_give_back(struct tcp *t, struct tcp_conn *c);

#endif
