/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stack: what spate.h declares. One struct is an interface, its TCP and its counters,
 * allocated once and driven frame by frame.
 *
 *   stack.c   life, input (classify, bulk lookup, dispatch), output, tick
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

#endif
