/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ip/addr6: names for the IPv6 addresses of peers (wire/addr.h).
 *
 * A name is an index into a table of addresses, found by a keyed hash since peers choose
 * them. Who keeps a name (a connection, a TIME_WAIT, a neighbour, a path) holds it; a name
 * nobody holds stays known until its place is needed, the one not asked for longest first.
 * With more places than there can be holders a name can always be given, so a stranger's
 * address needs nothing but a look at the table, and a flood of them recycles the
 * unheld places among themselves.
 *
 * One owner; the memory is the caller's.
 */
#ifndef SPATE_IP_ADDR6_H
#define SPATE_IP_ADDR6_H

#include <stddef.h>
#include <stdint.h>

#include <rte_branch_prediction.h>

#include "wire/addr.h"

#define ADDR6_NONE 0 /* no name */

struct addr6_entry {
	uint8_t addr[16];
	uint32_t holders;
	uint32_t next;         /* in its hash chain */
	uint32_t older, newer; /* in the queue of those nobody holds */
};

struct addr6_table {
	struct addr6_entry *entry; /* NULL: no IPv6 here */
	uint32_t *chain;           /* by hash */
	uint32_t n_chains;         /* power of two */
	uint32_t capacity, untouched;
	uint32_t oldest, newest; /* of those nobody holds */
	uint8_t key[16];         /* of the hash */
};

/* Places a stack with room for `holders` connections and TIME_WAITs needs. */
uint32_t addr6_places(uint32_t holders);

/* Bytes of memory for `capacity` places, 64-byte aligned. */
size_t addr6_bytes(uint32_t capacity);

void addr6_init(struct addr6_table *t, void *memory, uint32_t capacity, const uint8_t key[16]);

/* The name `addr` has, or ADDR6_NONE. It stays good for as many new names as there are spare. */
rte_be32_t addr6_find(struct addr6_table *t, const uint8_t addr[16]);

/* The same, given now if it has none; ADDR6_NONE when every place is held. */
rte_be32_t addr6_name(struct addr6_table *t, const uint8_t addr[16]);

static inline const uint8_t *
addr6_of(const struct addr6_table *t, rte_be32_t name)
{
	return t->entry[addr_v6_number(name)].addr;
}

void addr6_hold_name(struct addr6_table *t, rte_be32_t name);
void addr6_let_name_go(struct addr6_table *t, rte_be32_t name);

/* Hold a name, let go of it; nothing for an IPv4 address. */
static inline void
addr6_hold(struct addr6_table *t, rte_be32_t addr)
{
	if (unlikely(addr_is_v6(addr)))
		addr6_hold_name(t, addr);
}

static inline void
addr6_let_go(struct addr6_table *t, rte_be32_t addr)
{
	if (unlikely(addr_is_v6(addr)))
		addr6_let_name_go(t, addr);
}

#endif
