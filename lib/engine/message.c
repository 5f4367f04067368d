/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/message.h"

#include <unistd.h>

struct call {
	struct engine_slot *slot;
	void (*fn)(struct engine_slot *slot, void *arg);
	void *arg;
	int done;
};

bool
engine_serve_calls(struct engine_worker *w, uint64_t now_ns)
{
	struct call *c;
	bool any = false;

	while (rte_ring_dequeue(w->calls, (void **)&c) == 0) {
		spate_stack_now(c->slot->stack, now_ns);
		c->fn(c->slot, c->arg);
		__atomic_store_n(&c->done, 1, __ATOMIC_RELEASE);
		any = true;
	}
	return any;
}

void
engine_call(struct engine_slot *slot, void (*fn)(struct engine_slot *slot, void *arg), void *arg)
{
	struct call c = {slot, fn, arg, 0};

	if (!slot->worker->running) {
		spate_stack_now(slot->stack, engine_clock_ns(slot->worker->clock, rte_rdtsc()));
		fn(slot, arg);
		return;
	}
	while (rte_ring_enqueue(slot->worker->calls, &c) < 0)
		usleep(10);
	while (!__atomic_load_n(&c.done, __ATOMIC_ACQUIRE))
		usleep(10);
}
