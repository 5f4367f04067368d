/* SPDX-License-Identifier: BSD-3-Clause */
/* A bad network put on a port while it runs: by the slots' workers, between two turns. */
#include <errno.h>

#include <rte_malloc.h>

#include "engine/engine.h"

struct order {
	const struct impair_conf *conf;
	int rc;
};

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

static void
put(struct engine_slot *slot, void *arg)
{
	struct order *o = arg;
	struct engine_impair *i;

	engine_impair_remove(slot);
	if (o->conf == NULL)
		return;
	i = rte_zmalloc_socket("impair", sizeof(*i), 0, slot->memory.socket_id);
	if (i == NULL) {
		o->rc = -ENOMEM;
		return;
	}
	impair_init(&i->in, o->conf, 2ull * slot->index, slot->pool);
	impair_init(&i->out, o->conf, 2ull * slot->index + 1, slot->pool);
	slot->impair = i;
	/* What is lost, late or damaged is a segment, not 64 KiB. */
	spate_set_large_frames(slot->stack, false);
	/* What is damaged must have had a good checksum. */
	if (o->conf->corrupt)
		spate_set_checksum_offload(slot->stack, false);
}

int
engine_impair(struct engine *e, uint16_t port_id, const struct impair_conf *conf)
{
	struct order o = {conf, -ENODEV};

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
