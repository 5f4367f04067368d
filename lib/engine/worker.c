/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker's loop. Everything a packet does happens in one turn, on this lcore. */
#include <string.h>

#include "engine/engine.h"
#include "engine/message.h"
#include "stats/counters.h"

/* Timers are looked at this often: a fraction of the wheel's tick. */
#define TICK_NS 250000

/* Who a neighbour is comes to one queue; the stacks on the port's other queues learn here. */
static void
share_neighbours(struct engine_slot *slot, struct rte_mbuf **frames, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		if (!spate_is_neighbour_frame(
			    rte_pktmbuf_mtod(frames[i], uint8_t *), frames[i]->data_len))
			continue;
		for (uint16_t s = 0; s < slot->port->n_queues; s++) {
			struct engine_slot *other = slot - slot->index + s;
			struct rte_mbuf *copy;

			if (s == slot->index)
				continue;
			copy = rte_pktmbuf_copy(frames[i], slot->pool, 0, UINT32_MAX);
			if (copy && rte_ring_enqueue(other->neighbour_in, copy) == 0)
				continue;
			spate_dropped(slot->stack, SPATE_DROP_SHARE, 1);
			rte_pktmbuf_free(copy);
		}
	}
}

static void
take_shared_neighbours(struct engine_slot *slot)
{
	struct rte_mbuf *m;

	while (rte_ring_dequeue(slot->neighbour_in, (void **)&m) == 0) {
		spate_neighbour_input(
			slot->stack, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len);
		rte_pktmbuf_free(m);
	}
}

static uint16_t
receive(struct engine_slot *slot, struct rte_mbuf **frames, uint64_t now_ns)
{
	uint16_t n = port_receive(slot->port, slot->queue, frames, ENGINE_BURST);

	if (likely(slot->impair == NULL) ||
		(!slot->impair->in.conf.in && !impair_holds(&slot->impair->in)))
		return n;
	impair_push(&slot->impair->in, frames, n, now_ns);
	return impair_pull(&slot->impair->in, frames, ENGINE_BURST, now_ns);
}

/* What leaves the bad network goes to the port. */
static void
send_impaired(struct engine_slot *slot, uint64_t now_ns)
{
	struct engine_impair *i = slot->impair;
	uint16_t sent;

	do {
		i->n_leaving += impair_pull(
			&i->out, i->leaving + i->n_leaving, ENGINE_BURST - i->n_leaving, now_ns);
		sent = port_send(slot->port, slot->queue, i->leaving, i->n_leaving);
		i->n_leaving -= sent;
		memmove(i->leaving, i->leaving + sent, i->n_leaving * sizeof(i->leaving[0]));
	} while (sent == ENGINE_BURST);
	if (!i->in.conf.in && !i->out.conf.out && !engine_impair_holds(i))
		engine_impair_remove(slot);
}

/* Send what waits; true when all of it is gone. */
static bool
flush(struct engine_slot *slot, uint64_t now_ns)
{
	const struct engine_impair *bad = slot->impair;
	uint16_t sent;

	if (unlikely(bad != NULL) &&
		(bad->out.conf.out || bad->n_leaving || impair_holds(&bad->out))) {
		impair_push(&slot->impair->out, slot->pending, slot->n_pending, now_ns);
		slot->n_pending = 0;
		return true;
	}
	sent = port_send(slot->port, slot->queue, slot->pending, slot->n_pending);
	slot->n_pending -= sent;
	for (uint16_t i = 0; i < slot->n_pending; i++)
		slot->pending[i] = slot->pending[i + sent];
	return slot->n_pending == 0;
}

/* What the port is to cut up, made ready for it; what it refuses is lost, and the last. */
static uint16_t
prepare(struct engine_slot *slot, uint16_t n)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = slot->pending[i];

		if (port_prepare(slot->port, slot->queue, m)) {
			slot->pending[kept++] = m;
			continue;
		}
		rte_pktmbuf_free(m);
		spate_large_frame_refused(slot->stack);
	}
	return kept;
}

static bool
send_output(struct engine_slot *slot, uint64_t now_ns)
{
	bool sent = false;

	/* What the port has no room for stays with the stack: that is the back-pressure. */
	while (slot->n_pending == 0 || flush(slot, now_ns)) {
		slot->n_pending =
			spate_stack_output(slot->stack, slot->pending, ENGINE_BURST, now_ns);
		if (slot->n_pending == 0)
			break;
		if (slot->port->tx_large)
			slot->n_pending = prepare(slot, slot->n_pending);
		sent = true;
	}
	return sent;
}

/* One slot's part of a turn; true when there was anything to do. */
static bool
turn(struct engine_slot *slot, uint64_t now_ns)
{
	struct rte_mbuf *frames[ENGINE_BURST];
	uint16_t n = receive(slot, frames, now_ns);
	bool busy = n > 0;

	if (n > 0) {
		if (slot->neighbour_in)
			share_neighbours(slot, frames, n);
		spate_stack_input(slot->stack, frames, n, now_ns);
	} else {
		/* The application may connect or send, and a rest may have been long. */
		spate_stack_now(slot->stack, now_ns);
	}
	if (slot->neighbour_in)
		take_shared_neighbours(slot);
	busy |= slot->poll(slot->app, now_ns);
	if (now_ns >= slot->next_tick_ns) {
		spate_stack_tick(slot->stack, now_ns);
		slot->next_tick_ns = now_ns + TICK_NS;
	}
	busy |= send_output(slot, now_ns);
	if (unlikely(slot->impair != NULL))
		send_impaired(slot, now_ns);
	return busy;
}

/* Is there something under way in the slot, though this turn did nothing? */
static bool
waits(const struct engine_slot *slot)
{
	return slot->n_pending > 0 || (slot->impair && engine_impair_holds(slot->impair));
}

/* A turn of all slots found nothing to do: rest, if it is time for that. */
static void
rest(struct engine_worker *w)
{
	const struct idle_conf c = {
		.mode = __atomic_load_n(&w->idle_conf->mode, __ATOMIC_RELAXED),
		.after_ns = __atomic_load_n(&w->idle_conf->after_ns, __ATOMIC_RELAXED),
		.for_ns = __atomic_load_n(&w->idle_conf->for_ns, __ATOMIC_RELAXED),
	};
	uint64_t due_ns = UINT64_MAX;
	uint32_t ns;

	for (uint16_t i = 0; i < w->n_slots; i++) {
		if (waits(w->slots[i]))
			return;
		due_ns = RTE_MIN(due_ns, w->slots[i]->next_tick_ns);
	}
	ns = idle_rest(&w->idle, &c, engine_clock_ns(w->clock, rte_rdtsc()), due_ns);
	if (ns > 0)
		idle_take(c.mode, ns);
}

/* Not inlined: its variables must not share a function with sigsetjmp(). */
static __rte_noinline void
loop(struct engine_worker *w)
{
	uint64_t before = rte_rdtsc();

	while (!__atomic_load_n(&w->stop, __ATOMIC_RELAXED)) {
		uint64_t now_ns = engine_clock_ns(w->clock, before);
		bool busy = false;

		for (uint16_t i = 0; i < w->n_slots; i++)
			busy |= turn(w->slots[i], now_ns);
		if (engine_serve_calls(w, now_ns))
			w->idle.asked_ns = now_ns;
		if (busy)
			w->idle.busy_ns = now_ns;
		else
			rest(w);

		uint64_t after = rte_rdtsc();

		if (busy)
			w->busy_cycles += after - before;
		else
			w->idle_cycles += after - before;
		before = after;
	}
}

/* A port's memory has vanished in a burst, and with it what was being sent. */
static void
forget_pending(struct engine_worker *w)
{
	for (uint16_t i = 0; i < w->n_slots; i++) {
		struct engine_slot *slot = w->slots[i];

		if (!slot->port->vanishes)
			continue;
		spate_dropped(slot->stack, SPATE_DROP_VANISHED,
			slot->n_pending + (slot->impair ? slot->impair->n_leaving : 0));
		slot->n_pending = 0;
		if (slot->impair)
			slot->impair->n_leaving = 0;
	}
}

int
engine_worker_main(void *arg)
{
	struct engine_worker *w = arg;
	sigjmp_buf back;

	idle_prepare();
	port_vanish.back = &back;
	if (sigsetjmp(back, 1))
		forget_pending(w);
	loop(w);
	port_vanish.back = NULL;
	return 0;
}
