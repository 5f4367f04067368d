/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcp/scoreboard: what of the data in flight the peer has, by the SACK blocks it sends
 * (RFC 2018 4), and what of the rest is taken for lost.
 *
 * Between SND.UNA and the highest number the peer has reported lie holes, kept as a list in
 * order; what is not a hole has arrived. A hole begins whole, may be cut and split by later
 * blocks, and remembers when data beyond it was first reported and when, and how far, it was
 * sent again. It is lost when that says so (RFC 6675's count, RFC 8985's time); what is sent
 * again of it may be lost again.
 *
 * Holes come from a pool of the stack's. A connection has SCOREBOARD_HOLES_MAX at most; what is
 * reported beyond the last of them is then not believed yet, which costs a retransmission and
 * breaks nothing. It knows sequence numbers and microseconds, and no connection.
 */
#ifndef SPATE_TCP_SCOREBOARD_H
#define SPATE_TCP_SCOREBOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCOREBOARD_HOLES_MAX 64
#define SCOREBOARD_NONE      UINT32_MAX

struct tcp_hole {
	uint32_t start, end; /* numbers missing at the peer */
	uint32_t rtx;        /* sent again up to here; start: not yet */
	uint32_t rtx_nxt;    /* SND.NXT when it was last sent again: later data tells of it */
	uint32_t seen_us;    /* data beyond it was first reported */
	uint32_t rtx_us;     /* last sent again */
	uint32_t next;
	bool lost;
	bool again;  /* of [start, rtx) something has been sent again */
	bool passed; /* and what was sent again after that has arrived */
};

struct scoreboard_pool {
	struct tcp_hole *hole;
	uint32_t max, untouched, free_head;
};

struct tcp_scoreboard {
	uint32_t first; /* hole; SCOREBOARD_NONE: none */
	uint32_t n_holes;
	uint32_t fack; /* beyond the highest number reported */
	bool any;      /* something beyond SND.UNA is reported */
};

size_t scoreboard_pool_bytes(uint32_t max);
void scoreboard_pool_init(struct scoreboard_pool *p, void *memory, uint32_t max);

void scoreboard_init(struct tcp_scoreboard *b);
void scoreboard_clear(struct scoreboard_pool *p, struct tcp_scoreboard *b);

/*
 * Everything below `una` is acknowledged. `*filled`: among it is some of a hole that was not
 * sent again, so that the network must have changed the order.
 */
void scoreboard_ack(
	struct scoreboard_pool *p, struct tcp_scoreboard *b, uint32_t una, bool *filled);

/*
 * The peer has [left, right), which lies in (una, nxt]. Returns how many numbers of it are
 * news. `*filled`: as above.
 */
uint32_t scoreboard_block(struct scoreboard_pool *p, struct tcp_scoreboard *b, uint32_t una,
	uint32_t left, uint32_t right, uint32_t now_us, bool *filled);

/* Numbers in [una, fack) that are no hole. */
uint32_t scoreboard_sacked(
	const struct scoreboard_pool *p, const struct tcp_scoreboard *b, uint32_t una);

/* What decides that a hole is lost. */
struct scoreboard_rule {
	uint32_t dup_bytes; /* so many numbers reported beyond it; 0: they do not count */
	uint32_t wait_us;   /* or this long after it was passed */
	uint32_t rtt_us;    /* and for one sent again: a round trip and `wait_us` after that */
};

/*
 * Mark what is lost by now. Returns true when something is newly lost; *next_us is how long
 * until more may be, UINT32_MAX for never.
 */
bool scoreboard_mark(const struct scoreboard_pool *p, struct tcp_scoreboard *b,
	const struct scoreboard_rule *rule, uint32_t now_us, uint32_t *next_us);

/* Is what lies at `una`, which is not acknowledged, no hole? */
bool scoreboard_reneged(
	const struct scoreboard_pool *p, const struct tcp_scoreboard *b, uint32_t una);

/*
 * All holes are lost, and nothing sent again counts (RFC 6675 5.1, after a timeout). Those
 * with nothing between them become one.
 */
void scoreboard_timeout(struct scoreboard_pool *p, struct tcp_scoreboard *b);

/*
 * The same for all of [una, nxt) that has not been reported, which ends what is known of
 * holes. False: there was no room to say so.
 */
bool scoreboard_all_lost(struct scoreboard_pool *p, struct tcp_scoreboard *b, uint32_t una,
	uint32_t nxt, uint32_t now_us);

/*
 * Nothing is lost after all, holes are only late: those that nothing reported lies beyond, of which
 * scoreboard_all_lost() has made one, are in flight again and no holes.
 */
void scoreboard_none_lost(
	struct scoreboard_pool *p, struct tcp_scoreboard *b, uint32_t una, uint32_t now_us);

/* The first hole with something lost to be sent again, or NULL. */
struct tcp_hole *scoreboard_next(const struct scoreboard_pool *p, const struct tcp_scoreboard *b);

/* Numbers in flight between una and nxt: neither arrived nor lost, or sent again (RFC 6675 4). */
uint32_t scoreboard_pipe(const struct scoreboard_pool *p, const struct tcp_scoreboard *b,
	uint32_t una, uint32_t nxt);

#endif
