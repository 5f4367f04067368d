/* SPDX-License-Identifier: BSD-3-Clause */
#include "ip/addr6.h"

#include <string.h>

#include <rte_common.h>
#include <sodium/crypto_shorthash.h>

#define NOWHERE UINT32_MAX
/* Beyond connections: neighbours, paths, and the strangers of a few bursts. */
#define SPARE 16384

uint32_t
addr6_places(uint32_t holders)
{
	return holders + SPARE;
}

static uint32_t
chains(uint32_t capacity)
{
	return rte_align32pow2(capacity);
}

size_t
addr6_bytes(uint32_t capacity)
{
	return capacity * sizeof(struct addr6_entry) + chains(capacity) * sizeof(uint32_t);
}

void
addr6_init(struct addr6_table *t, void *memory, uint32_t capacity, const uint8_t key[16])
{
	memset(t, 0, sizeof(*t));
	t->entry = memory;
	t->chain = (uint32_t *)(t->entry + capacity);
	t->n_chains = chains(capacity);
	t->capacity = capacity;
	t->oldest = t->newest = NOWHERE;
	memcpy(t->key, key, sizeof(t->key));
	for (uint32_t i = 0; i < t->n_chains; i++)
		t->chain[i] = NOWHERE;
}

static uint32_t *
chain_of(struct addr6_table *t, const uint8_t addr[16])
{
	uint8_t out[crypto_shorthash_BYTES];
	uint32_t hash;

	crypto_shorthash(out, addr, 16, t->key);
	memcpy(&hash, out, sizeof(hash));
	return &t->chain[hash & (t->n_chains - 1)];
}

/* ---- the queue of entries nobody holds */

static void
queue_leave(struct addr6_table *t, uint32_t i)
{
	struct addr6_entry *e = &t->entry[i];

	*(e->older == NOWHERE ? &t->oldest : &t->entry[e->older].newer) = e->newer;
	*(e->newer == NOWHERE ? &t->newest : &t->entry[e->newer].older) = e->older;
}

static void
queue_join(struct addr6_table *t, uint32_t i)
{
	struct addr6_entry *e = &t->entry[i];

	e->newer = NOWHERE;
	e->older = t->newest;
	*(t->newest == NOWHERE ? &t->oldest : &t->entry[t->newest].newer) = i;
	t->newest = i;
}

static uint32_t
look(struct addr6_table *t, uint32_t first, const uint8_t addr[16])
{
	while (first != NOWHERE && memcmp(t->entry[first].addr, addr, 16))
		first = t->entry[first].next;
	/* What a packet of this burst has been given must not be recycled by the next one. */
	if (first != NOWHERE && t->entry[first].holders == 0) {
		queue_leave(t, first);
		queue_join(t, first);
	}
	return first;
}

rte_be32_t
addr6_find(struct addr6_table *t, const uint8_t addr[16])
{
	uint32_t i = look(t, *chain_of(t, addr), addr);

	return i == NOWHERE ? ADDR6_NONE : addr_v6_name(i);
}

/* The place of the name that was not asked for longest. */
static uint32_t
recycle(struct addr6_table *t)
{
	uint32_t i = t->oldest;
	uint32_t *link;

	if (i == NOWHERE)
		return NOWHERE;
	queue_leave(t, i);
	link = chain_of(t, t->entry[i].addr);
	while (*link != i)
		link = &t->entry[*link].next;
	*link = t->entry[i].next;
	return i;
}

rte_be32_t
addr6_name(struct addr6_table *t, const uint8_t addr[16])
{
	uint32_t *chain = chain_of(t, addr);
	uint32_t i = look(t, *chain, addr);

	if (i != NOWHERE)
		return addr_v6_name(i);
	i = t->untouched < t->capacity ? t->untouched++ : recycle(t);
	if (i == NOWHERE)
		return ADDR6_NONE;
	memcpy(t->entry[i].addr, addr, 16);
	t->entry[i].holders = 0;
	t->entry[i].next = *chain;
	*chain = i;
	queue_join(t, i);
	return addr_v6_name(i);
}

void
addr6_hold_name(struct addr6_table *t, rte_be32_t name)
{
	uint32_t i = addr_v6_number(name);

	if (t->entry[i].holders++ == 0)
		queue_leave(t, i);
}

void
addr6_let_name_go(struct addr6_table *t, rte_be32_t name)
{
	uint32_t i = addr_v6_number(name);

	if (--t->entry[i].holders == 0)
		queue_join(t, i);
}
