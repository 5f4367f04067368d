/* SPDX-License-Identifier: BSD-3-Clause */
/* A bad network put on a port while it runs: by the slots' workers, between two turns. */
#include <errno.h>

#include <rte_malloc.h>

#include "engine/engine.h"

struct order {
	const struct impair_conf *conf;
	uint64_t now_ns;
	int rc;
};

bool
engine_impair_holds(const struct engine_impair *i)
{
	return i->n_leaving > 0 || impair_holds(&i->in) || impair_holds(&i->out);
}

void
engine_impair_remove(struct engine_slot *slot)
{
	struct engine_impair *i = slot->impair;

	if (i == NULL)
		return;
	slot->impair = NULL;
	impair_drain(&i->in);
	impair_drain(&i->out);
	rte_pktmbuf_free_bulk(i->leaving, i->n_leaving);
	rte_free(i);
	spate_set_checksum_offload(slot->stack, slot->port->tx_checksum);
	spate_set_large_frames(slot->stack, true);
}

static const struct impair_conf good = {0};

/* The slot's, now there if it was not; NULL: no memory. */
static struct engine_impair *
take(struct engine_slot *slot)
{
	if (slot->impair)
		return slot->impair;
	slot->impair =
		rte_zmalloc_socket("impair", sizeof(*slot->impair), 0, slot->memory.socket_id);
	if (slot->impair == NULL)
		return NULL;
	impair_init(&slot->impair->in, &good, 0, slot->pool);
	impair_init(&slot->impair->out, &good, 0, slot->pool);
	/* What is lost, late or damaged is a segment, not 64 KiB. */
	spate_set_large_frames(slot->stack, false);
	return slot->impair;
}

static void
put(struct engine_slot *slot, void *arg)
{
	struct order *o = arg;
	const struct impair_conf *c = o->conf;
	struct engine_impair *i;

	if (c == NULL && slot->impair == NULL)
		return;
	i = take(slot);
	if (i == NULL) {
		o->rc = -ENOMEM;
		return;
	}
	impair_change(&i->in, c && c->in ? c : &good, 2ull * slot->index, o->now_ns);
	impair_change(&i->out, c && c->out ? c : &good, 2ull * slot->index + 1, o->now_ns);
	/* What is damaged must have had a good checksum. */
	spate_set_checksum_offload(slot->stack, slot->port->tx_checksum && !i->out.conf.corrupt);
}

int
engine_impair(struct engine *e, uint16_t port_id, const struct impair_conf *conf)
{
	struct order o = {conf, engine_now(e), -ENODEV};

	for (uint16_t i = 0; i < e->n_slots; i++) {
		if (e->slot[i].port->id != port_id)
			continue;
		o.rc = o.rc == -ENODEV ? 0 : o.rc;
		engine_call(&e->slot[i], put, &o);
	}
	return o.rc;
}

static void
add(struct impair_counters *to, const struct impair_counters *from)
{
	to->passed += from->passed;
	to->lost += from->lost;
	to->duplicated += from->duplicated;
	to->corrupted += from->corrupted;
	to->reordered += from->reordered;
	to->overflowed += from->overflowed;
}

void
engine_impair_counters(const struct engine *e, uint16_t port_id, struct impair_counters *in,
	struct impair_counters *out)
{
	*in = *out = (struct impair_counters){0};
	for (uint16_t i = 0; i < e->n_slots; i++) {
		const struct engine_slot *slot = &e->slot[i];

		if (slot->port->id != port_id || slot->impair == NULL)
			continue;
		add(in, &slot->impair->in.count);
		add(out, &slot->impair->out.count);
	}
}
