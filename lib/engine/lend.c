/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory that ports read by themselves: in one piece, and known to their devices. */
#include <stdio.h>

#include <rte_memzone.h>

#include "engine/engine.h"

/* The heap is for tables and buffers first: what is larger is copied, which costs no more there. */
#define LEND_MAX (16u << 20)

static void
lend(struct engine_slot *slot, void *arg)
{
	const struct rte_memzone *z = arg;

	/* Without room for it, it is copied. */
	spate_lend(slot->stack, z->addr, z->len, z->iova);
}

void *
engine_lend(struct engine *e, size_t len)
{
	const struct rte_memzone *z;
	char name[RTE_MEMZONE_NAMESIZE];
	bool any = false;

	for (uint16_t i = 0; i < e->n_ports; i++)
		any |= e->port[i].tx_large > 0;
	if (!any || len > LEND_MAX || e->n_lent == ENGINE_LENT_MAX)
		return NULL;
	snprintf(name, sizeof(name), "lent_%u", e->n_lent);
	z = rte_memzone_reserve(name, len, SOCKET_ID_ANY, RTE_MEMZONE_IOVA_CONTIG);
	if (z == NULL)
		return NULL;
	e->lent[e->n_lent++] = z;
	for (uint16_t i = 0; i < e->n_slots; i++)
		engine_call(&e->slot[i], lend, (void *)(uintptr_t)z);
	return z->addr;
}

void
engine_lend_end(struct engine *e)
{
	while (e->n_lent > 0)
		rte_memzone_free(e->lent[--e->n_lent]);
}
