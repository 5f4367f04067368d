/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sim: two stacks, A and B, on a wire that a seed has chosen, in virtual time.
 *
 *   sim.c      main, seeds, the checks at the end
 *   loop.c     time: what happens next, frames from stack to wire to stack
 *   app.c      the applications on both sides: they connect, write, read, close
 *   verdict.c  how connections may end
 *   monitor.c  watches every segment: what no segment of a TCP may ever do
 *   sack.c     the same of SACK blocks; ranges.c: sets of sequence numbers
 *   plan.c     what a seed means
 *   wire.c     delay, loss, duplication, damage
 *   seen.c     frames read with code of its own
 *
 * Nothing here looks inside a stack: spate.h and the counters, no more.
 */
#ifndef TEST_SIM_SIM_H
#define TEST_SIM_SIM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "plan.h"
#include "ranges.h"
#include "seen.h"
#include "spate.h"
#include "stats/counters.h"
#include "wire.h"

#define A_IP      0xc6120001u /* 198.18.0.1/16 */
#define B_IP      0xc6120002u
#define NET6      0x20010002 /* 2001:2::/96 is before them over IPv6 */
#define A_PORT    20000      /* of slot 0 */
#define B_PORT    80         /* listens */
#define BOTH_PORT 30000      /* of B where both connect: nobody listens */
#define NEVER     UINT64_MAX

/* What made a stack send. */
enum cause {
	CAUSE_INPUT,
	CAUSE_TIMER,
	CAUSE_APP,
	CAUSE_ARP, /* it had waited for an address */
};

/* A segment that was sent, for when it is sent again. */
struct sending {
	uint32_t seq, end;
	uint64_t at;
	bool again;
	enum cause cause;
};

/* An ACK, and how often it has come again without data. */
struct heard {
	uint32_t ack, again;
	bool is_there;
};

#define HEARD 32

/* What an observer knows of one side of a 4-tuple's present incarnation. */
struct flow {
	bool open;
	int inc;
	uint32_t generation; /* of this record: a new ISS makes a new one */
	uint32_t iss, max;   /* max: behind the last number sent */
	bool fin;
	uint32_t fin_seq;
	bool offers_ts, offers_sack;
	int8_t wscale; /* offered; -1: not */
	uint16_t mss, syn_wnd;
	uint32_t ts_sent;
	bool ts_known;
	/* What both SYNs together say, once both are known. */
	bool agreed, ts, sack;
	uint32_t peer_generation;
	uint8_t shift, peer_shift; /* of the windows it offers, and is offered */
	uint16_t least_mss;

	/* As the sender of data: what it has been told, in its own numbers. */
	uint32_t acked; /* by segments it had to believe */
	uint32_t edge;  /* of the window offered to it */
	uint32_t last_ack;
	struct heard heard[HEARD]; /* the last different ACKs that came */
	uint32_t n_heard;
	uint32_t recover; /* recovery of what was sent before this may go on */
	bool window_closed, window_opened;
	bool sacked; /* the peer has blocks, the highest up to here: */
	uint32_t sack_high;

	/* As the receiver, in the other's numbers. */
	bool in_known;
	uint32_t in_first;       /* the first that may come: of its SYN */
	uint32_t in_max;         /* behind the last number that has come */
	uint32_t in_order;       /* up to here nothing is missing, at most */
	struct ranges in, twice; /* what has come, and what of it again */
	struct range late;       /* the latest beyond a gap, if known to have been taken */
	bool late_known;
	uint32_t ts_in; /* newest timestamp that has come */
	bool ack_known;
	uint32_t ack_sent, adv;

	struct sending *log;
	uint32_t n_log, max_log;
};

enum end_state {
	END_IDLE, /* not yet, or never */
	END_OPENING,
	END_OPEN,
	END_ENDED,
};

/* One side of one connection, as its application sees it. */
struct end {
	struct sim *sim;
	int slot, inc, side;
	const struct conn_plan *conn;
	const struct side_plan *plan;
	enum end_state state;
	spate_conn c;
	uint32_t iss; /* the peer's, where it was accepted; its own, where it connected */
	int reason;
	const uint8_t *out, *in; /* patterns sent and expected */
	uint32_t queued;
	uint32_t got, unread;
	bool fin_seen, shut, closed, left;
	bool gave_up; /* the watchdog ended it */
	uint64_t write_at, read_at, leave_at, watchdog_at, connect_at;
};

struct side {
	struct spate_stack *stack;
	uint64_t next; /* what tick returned */
	struct sim *sim;
	uint64_t cookies; /* accepted so far */
	uint32_t opened, closed[4]; /* by on_closed: in order, reset, timed out, refused */
	/* TIME_WAIT, as far as it can be followed from outside. */
	uint64_t tw_since[SLOTS], tw_entered;
	bool tw[SLOTS];
};

struct sim {
	struct plan plan;
	bool trace;
	struct pcapng *capture; /* NULL: none */
	struct wire wire;
	struct rte_mempool *cut_pool; /* for what the cards make of large frames */
	struct side side[2];
	struct end end[SLOTS][INCARNATIONS][2];
	struct end nobody; /* takes the calls for a connection that should not be */
	struct flow flow[SLOTS][2];
	struct flow spare[SLOTS]; /* B's with another ISS: of a SYN+ACK before the last */
	uint32_t generations;
	struct rng rng; /* of what happens on the way */
	uint64_t now, began;
	uint64_t app_next;
	uint64_t events;
	bool failed;
	char failure[512];
};

extern uint8_t sim_pattern[1 << 21];
extern const struct spate_ops app_ops;

static inline uint64_t
counted(const struct sim *s, int side, enum spate_counter id)
{
	return spate_stack_counters(s->side[side].stack)->v[id];
}

static inline struct end *
peer_of(const struct end *e)
{
	return &e->sim->end[e->slot][e->inc][!e->side];
}

/* Does this end leave before its time? */
static inline bool
leaves(const struct end *e)
{
	return e->conn->ending >= END_EARLY && e->conn->by == e->side;
}

/* Every end of the plan, in order. */
#define FOREACH_END(s, e)                                                                          \
	for (int slot_ = 0; slot_ < (s)->plan.n_slots; slot_++)                                    \
		for (int i_ = 0; i_ < 2 * (s)->plan.slot[slot_].n; i_++)                           \
			if ((e = &(s)->end[slot_][i_ / 2][i_ % 2]))

/* The first thing that is wrong is kept; the simulation stops soon. */
void sim_fail(struct sim *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void sim_trace(struct sim *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* One side's address, of the seed's family. */
struct spate_addr sim_addr(const struct sim *s, int side, uint16_t port);
uint64_t sim_drops(const struct sim *s, int side);

/* app.c */
void app_begin(struct sim *s);
/* Do what is due. */
void app_run(struct sim *s);
/* When something is; NEVER. */
uint64_t app_next(struct sim *s);
void app_connect(struct end *e);

/* verdict.c */
/* Has every connection of the plan ended? */
bool verdict_over(const struct sim *s);
/* The first that has not, for a message. */
const char *verdict_unfinished(const struct sim *s);
/* Did they end as they should? */
void verdict_check(struct sim *s);

/* monitor.c: `side` sends, or is given, a segment. The tag goes from the one to the other. */
uint64_t monitor_sent(struct sim *s, int side, const struct seen *g, enum cause cause);
void monitor_given(struct sim *s, int side, const struct seen *g, uint64_t tag);
/* `e` connects; its ISS is known. */
void monitor_opened(struct sim *s, const struct end *e);
int monitor_slot(const struct seen *g, int from);

/* sack.c: `side` sends a segment, or its flow is given one (`taken`: there is no doubt) */
void sack_check(struct sim *s, int side, const struct flow *f, const struct seen *g);
void sack_given(struct flow *f, const struct seen *g, bool taken);

/* loop.c: let happen what happens before `until`; NEVER: until all is over. */
void loop_until(struct sim *s, uint64_t until);
void loop_pump(struct sim *s, int side, enum cause cause);

#endif
