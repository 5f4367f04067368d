/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire: a cable between two stacks in virtual time, and everything that can happen to a
 * frame on one: it takes time, waits in a queue, is overtaken, lost alone or with its
 * neighbours, arrives twice, or arrives damaged.
 *
 * It owns the frames in flight. What it does follows from its seed and the frames alone.
 * ARP has no checksum, and a group's MAC address no meaning beside the group's own: ARP and
 * Neighbor Discovery are never damaged.
 */
#ifndef TEST_SIM_WIRE_H
#define TEST_SIM_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "rng.h"

struct rte_mbuf;
struct rte_mempool;

/* One direction. Shares are parts of a million. */
struct wire_link {
	uint64_t delay_ns;
	uint64_t jitter_ns;   /* at most, on top of the delay, for */
	uint32_t jitter_ppm;  /* this share of the frames: they are overtaken */
	uint32_t loss_ppm;    /* lost alone */
	uint32_t burst_ppm;   /* a burst of losses begins here */
	uint32_t burst_len;   /* frames lost in it, at most */
	uint32_t dup_ppm;     /* arrives twice, the copy with a jitter of its own */
	uint32_t corrupt_ppm; /* one bit flipped, or cut short */
	uint32_t hole;        /* frames with more bytes are lost without a word; 0: none */
	uint32_t mark_ppm;    /* marked CE, where the sender marked it ECT (RFC 3168) */
	uint64_t rate;        /* bytes a second; 0: no limit */
	uint32_t queue;       /* bytes that may wait for the rate; more are lost */
	uint64_t grid_ns;     /* arrivals at multiples of this, in bursts; 0: at any time */
};

/* What the wire did to a frame, for the trace. */
struct wire_fate {
	const char *lost;       /* why, or NULL */
	uint64_t arrives[2];    /* second: of the copy, or 0 */
	const char *corrupt[2]; /* how, or NULL */
};

struct wire_frame {
	struct rte_mbuf *m;
	uint64_t at;     /* arrival */
	uint64_t serial; /* order of frames that arrive at one time */
	uint64_t tag;    /* the sender's remark */
	uint8_t to;      /* 0 or 1 */
	bool corrupt;
};

struct wire {
	struct wire_link link[2]; /* by sender */
	struct rng rng;
	struct rte_mempool *pool;  /* for copies */
	struct wire_frame *flight; /* a heap, next arrival first */
	uint32_t n, capacity;
	uint64_t serial;
	uint64_t free_at[2];    /* when the line has sent what waits */
	uint32_t burst_left[2]; /* frames still to be lost */
	uint64_t lost, corrupted;
};

void wire_init(
	struct wire *w, const struct wire_link link[2], struct rng rng, struct rte_mempool *pool);

/* Side `from` sends `m`, now the wire's. */
struct wire_fate wire_send(
	struct wire *w, int from, struct rte_mbuf *m, uint64_t tag, uint64_t now);

/* When the next frame arrives; UINT64_MAX: none is in flight. */
uint64_t wire_next(const struct wire *w);

/* The frame that arrives next, now the caller's. There must be one. */
struct wire_frame wire_take(struct wire *w);

/* The same without taking it. */
const struct wire_frame *wire_peek(const struct wire *w);

/* The longest a frame can be on its way. */
uint64_t wire_lifetime(const struct wire_link *l);

/* Can a frame arrive after one that was sent later? */
bool wire_reorders(const struct wire_link *l);

/* Free everything. */
void wire_free(struct wire *w);

#endif
