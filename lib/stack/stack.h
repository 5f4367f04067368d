/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stack: what spate.h declares. One struct is an interface, its TCP and its counters,
 * allocated once and driven frame by frame.
 *
 *   stack.c    life, input (bulk lookup, dispatch), output, tick
 *   classify.c frames up to their TCP segments
 *   gather.c   one that comes in several buffers
 *   auth.c     keys of TCP-AO
 *   api.c     the application's calls, handed down to tcp/
 *   conf.c    defaults and presets of the protocol's knobs
 *   inspect.c listing, counting, the leak check
 */
#ifndef SPATE_STACK_STACK_H
#define SPATE_STACK_STACK_H

#include "ip/ip.h"
#include "spate.h"
#include "stats/counters.h"
#include "tcp/tcp.h"

enum stack_memory {
	MEMORY_CONNS,
	MEMORY_TIME_WAIT,
	MEMORY_TABLE,
	MEMORY_WHEEL,
	MEMORY_CHUNKS,
	MEMORY_EXTRAS,
	MEMORY_HOLES,
	MEMORY_PEERS6,
	MEMORY_N
};

struct spate_stack {
	struct spate_counters counters;
	struct ip_iface ip;
	struct tcp tcp;
	struct spate_stack_conf conf;
	uint32_t end_at; /* where spate_stack_close_all() or _abort_all() goes on */
	void *memory[MEMORY_N];
	size_t memory_bytes[MEMORY_N];
};

/* The addresses and ports a key stands for. */
void stack_tuple(const struct spate_stack *s, const struct flow_key *k, struct spate_tuple *out);

/* And back. 0, -EAFNOSUPPORT, -EADDRNOTAVAIL (local), -EINVAL (remote). */
int stack_key(struct spate_stack *s, const struct spate_tuple *tuple, struct flow_key *out);

/*
 * `n` frames up to their TCP segments; what is not TCP for us is dealt with on the way. Returns the
 * number of segments, which are in `rx` and `keys`, in order: both have room for `n`.
 */
uint32_t stack_classify(struct spate_stack *s, struct rte_mbuf **frames, uint32_t n,
	struct tcp_rx *rx, struct flow_key *keys);

/*
 * gather.c: a frame in several buffers. True when all of it is in the first now, or else all the
 * headers, and what they say is a TCP segment of either family.
 */
bool stack_gather(struct rte_mbuf *m);

/* The Internet checksum's sum over `len` bytes from `payload` on, which lies in the first. */
uint32_t stack_gather_sum(const struct rte_mbuf *m, const uint8_t *payload, uint32_t len);

/* auth.c: what keys and protected connections hold. */
void stack_auth_free(struct spate_stack *s);

#endif
