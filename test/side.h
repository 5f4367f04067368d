/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * side: one of two stacks that talk to each other in one thread and in virtual time, over a wire
 * that does no harm (sim/ has one that does), and what its application has seen.
 */
#ifndef TEST_SIDE_H
#define TEST_SIDE_H

#include <stdint.h>

#include "spate.h"
#include "stats/counters.h"

struct side {
	void *of; /* the test's own */
	struct spate_stack *stack;
	uint64_t opened, closed, failed;
	spate_conn conn; /* the latest that opened */
};

/* Both in host order. */
struct spate_addr side_addr(uint32_t ip, uint16_t port);

/* That of a side. */
void side_mac(uint32_t ip, uint8_t mac[6]);

/* Of a side at `ip` in 198.18.0.0/15 with room for few connections; `s` is the app of `ops`. */
struct spate_stack_conf side_conf(struct side *s, const char *name, uint32_t ip,
	struct rte_mempool *pool, const struct spate_ops *ops);

/* Callbacks: they keep the account, and close when the peer has. */
void side_on_accept(void *app, spate_conn c, uint32_t cookie);
void side_on_established(void *app, spate_conn c);
void side_on_sendable(void *app, spate_conn c);
void side_on_peer_fin(void *app, spate_conn c);
void side_on_closed(void *app, spate_conn c, int reason);

/*
 * What `from` has to say by `now` goes to `to`, frame by frame, `watch` being shown each before
 * unless it is NULL. Returns how many there were.
 */
uint16_t side_carry(
	struct side *from, struct side *to, uint64_t now, void (*watch)(const struct rte_mbuf *m));

static inline uint64_t
side_count(const struct side *s, enum spate_counter id)
{
	return spate_stack_counters(s->stack)->v[id];
}

#endif
