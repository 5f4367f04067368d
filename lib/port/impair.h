/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * port/impair: a bad network, on purpose, around the burst calls of one queue.
 *
 * Frames pass a pipe in each direction: some are lost, doubled, damaged or overtaken by
 * others, and all of them take their time. What happens is drawn from a seeded generator,
 * so that a run with the same seed and the same frames is the same. A pipe holds a bounded
 * number of frames and drops, and counts, what comes when it is full, as a router would.
 *
 * A pipe belongs to the worker of its queue. It knows frames and times, no protocol: with
 * damage asked for, checksums must have been filled in before (the port would repair them).
 */
#ifndef SPATE_PORT_IMPAIR_H
#define SPATE_PORT_IMPAIR_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#define IMPAIR_WHOLE        1000000u /* shares are in millionths */
#define IMPAIR_FRAMES       8192     /* that a pipe holds; power of two */
#define IMPAIR_OVERTAKEN_NS 1000000ull

struct impair_conf {
	uint32_t loss, duplicate, corrupt, reorder; /* millionths of the frames */
	uint64_t delay_ns;
	uint64_t seed;
	bool in, out; /* which directions */
};

struct impair_counters {
	uint64_t passed, lost, duplicated, corrupted, reordered, overflowed;
};

struct impair_slot {
	struct rte_mbuf *frame;
	uint64_t due_ns;
};

/* First in, first out, all after the same time. */
struct impair_line {
	uint32_t head, tail; /* free-running */
	struct impair_slot slot[IMPAIR_FRAMES];
};

struct impair_pipe {
	struct impair_conf conf;  /* `in`, `out`: for whoever has the two pipes */
	struct rte_mempool *pool; /* for copies */
	uint64_t random;
	struct impair_counters count;  /* one writer, the worker; anyone may read */
	struct impair_line line, late; /* late: those that others overtake */
};

/* Start a pipe; `stream` tells pipes of one seed apart. Copies come from `pool`. */
void impair_init(struct impair_pipe *p, const struct impair_conf *conf, uint64_t stream,
	struct rte_mempool *pool);

/*
 * From now on it does as `conf` says, with a generator begun anew. What it holds stays in its
 * order, and leaves after the new delay if that is earlier.
 */
void impair_change(
	struct impair_pipe *p, const struct impair_conf *conf, uint64_t stream, uint64_t now_ns);

/* Frames enter, and are the pipe's. */
void impair_push(struct impair_pipe *p, struct rte_mbuf **frames, uint16_t n, uint64_t now_ns);

/* Up to `max` frames whose time has come leave, and are the caller's. */
uint16_t impair_pull(
	struct impair_pipe *p, struct rte_mbuf **frames, uint16_t max, uint64_t now_ns);

/* Is any frame on its way? */
static inline bool
impair_holds(const struct impair_pipe *p)
{
	return p->line.head != p->line.tail || p->late.head != p->late.tail;
}

/* Frees what it holds. */
void impair_drain(struct impair_pipe *p);

#endif
