/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flow/listener: who answers a SYN to a local address and port.
 *
 * Indexed by port directly (one 16-bit word a port): a SYN's listener is one cache
 * line away, and a port with several local addresses is a short chain. A wildcard and an
 * exact address never share a port. One owner.
 */
#ifndef SPATE_FLOW_LISTENER_H
#define SPATE_FLOW_LISTENER_H

#include <stdint.h>

#include <rte_byteorder.h>

#include "wire/addr.h"

#define LISTENER_NONE UINT16_MAX
#define LISTENER_MAX  1024

/* laddr: every local address; every one of IPv4 (both are addresses no host can have) */
#define LISTENER_ANY    0
#define LISTENER_ANY_V4 RTE_BE32(1)

struct listener {
	rte_be32_t laddr; /* wire/addr.h, or LISTENER_ANY, LISTENER_ANY_V4 */
	rte_be16_t lport;
	uint16_t next; /* same port, or the free list */
	uint8_t used;
	uint8_t full;         /* the application has no room for more (CM-18) */
	uint32_t cookie;      /* the application's name for it */
	uint32_t backlog_max; /* most connections in SYN_RCVD, 0: as many as there is room for */
	uint32_t backlog;     /* in SYN_RCVD now */
};

struct listener_table {
	uint16_t by_port[65536];
	uint16_t free_head;
	uint16_t count;
	struct listener entry[LISTENER_MAX];
};

void listener_table_init(struct listener_table *t);

/*
 * Returns the new listener's id, -EADDRINUSE when the address and port are taken (a
 * wildcard takes every address of its port), or -ENOSPC.
 */
int listener_add(struct listener_table *t, rte_be32_t laddr, rte_be16_t lport, uint32_t cookie,
	uint32_t backlog_max);

/* 0, or -ENOENT when there is no such listener. */
int listener_remove(struct listener_table *t, uint16_t id);

/* Does a listener on `listens` answer for `laddr`? */
static inline bool
listener_matches(rte_be32_t listens, rte_be32_t laddr)
{
	return listens == laddr || listens == LISTENER_ANY ||
	       (listens == LISTENER_ANY_V4 && !addr_is_v6(laddr));
}

static inline bool
listener_is_wildcard(rte_be32_t listens)
{
	return listens == LISTENER_ANY || listens == LISTENER_ANY_V4;
}

/* The listener for a SYN to laddr:lport, or LISTENER_NONE. */
static inline uint16_t
listener_lookup(const struct listener_table *t, rte_be32_t laddr, rte_be16_t lport)
{
	uint16_t id = t->by_port[lport];

	while (id != LISTENER_NONE && !listener_matches(t->entry[id].laddr, laddr))
		id = t->entry[id].next;
	return id;
}

#endif
