/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ip/neigh: who is at the next hop (IP-01, RFC 826, RFC 1122 2.3.2, RFC 4861 7).
 *
 * A neighbour is an index into a table; a connection keeps the index of its next hop
 * and takes a reference, so an entry in use is never given to another address. Each
 * entry holds the Ethernet header to put in front of a packet and, while the address
 * is being resolved, a few packets that wait for it.
 *
 * IPv4 and IPv6 neighbours (wire/addr.h) live alike; ARP asks for the one, Neighbor
 * Discovery for the other.
 *
 * Life of an entry: INCOMPLETE (asked by broadcast, up to 3 times a second apart) ->
 * REACHABLE (60 s) -> STALE (still used; asked by unicast while traffic flows; after 3
 * unanswered, INCOMPLETE again) ; INCOMPLETE unanswered -> FAILED (asked again when used,
 * at most once a second). Times are the caller's `now_ns`; frames that must go out are
 * pushed to the ip's output queue (ip/ip.h).
 */
#ifndef SPATE_IP_NEIGH_H
#define SPATE_IP_NEIGH_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_hash.h>
#include <rte_mbuf.h>

#include "wire/eth.h"

#define NEIGH_NONE    UINT16_MAX
#define NEIGH_MAX     4096
#define NEIGH_PENDING 64   /* frames that wait for one neighbour */
#define NEIGH_WAITING 2048 /* and for all of them: strangers must not take every buffer */
#define NEIGH_RECENT  64

#define NEIGH_PROBES       3
#define NEIGH_PROBE_NS     1000000000ull
#define NEIGH_REACHABLE_NS 60000000000ull

enum neigh_state {
	NEIGH_FREE = 0,
	NEIGH_INCOMPLETE,
	NEIGH_REACHABLE,
	NEIGH_STALE,
	NEIGH_FAILED,
};

struct neigh {
	struct eth_template header; /* valid in REACHABLE and STALE */
	uint8_t state;
	uint8_t probes; /* requests unanswered */
	uint8_t n_pending;
	uint32_t refs; /* connections that hold the index */
	rte_be32_t addr;
	uint64_t next_ns; /* next probe, or end of REACHABLE */
	uint64_t used_ns; /* last sent to */
	struct rte_ether_addr mac;
	struct rte_mbuf *pending[NEIGH_PENDING];
};

struct neigh_table {
	struct rte_hash *by_addr; /* position = index into entry */
	struct neigh *entry;
	uint32_t count;
	uint32_t waiting;              /* frames in all entries' pending */
	uint64_t next_ns;              /* earliest time anything is due */
	uint16_t recent[NEIGH_RECENT]; /* index last found for an address of this slot */
};

/* Where in `recent` an address is looked for: its last bits differ most. */
static inline uint32_t
neigh_recent_slot(rte_be32_t addr)
{
	return rte_be_to_cpu_32(addr) % NEIGH_RECENT;
}

struct ip_iface;

/* `name` must be unique in the process (rte_hash). 0, or -ENOMEM. */
int neigh_table_init(struct neigh_table *t, const char *name, int socket_id);

/* Frees waiting packets too. */
void neigh_table_free(struct neigh_table *t);

/*
 * The index for `addr`, made if need be; asking for it starts resolution. NEIGH_NONE when the table
 * is full of entries in use (counted).
 */
uint16_t neigh_get(struct ip_iface *ip, rte_be32_t addr);

/* What is known of `addr`, NULL: nothing. */
const struct neigh *neigh_find(struct ip_iface *ip, rte_be32_t addr);

/* `m`, an IP packet, is for neighbour `index`, which is not resolved: it waits. Takes ownership. */
void neigh_wait(struct ip_iface *ip, uint16_t index, struct rte_mbuf *m);

/* We were told that `addr` is at `mac`. `create` makes an entry where there is none. */
void neigh_learn(
	struct ip_iface *ip, rte_be32_t addr, const struct rte_ether_addr *mac, bool create);

/* Probe, age and fail what is due. */
void neigh_tick(struct ip_iface *ip);

static inline bool
neigh_resolved(const struct neigh *n)
{
	return n->state == NEIGH_REACHABLE || n->state == NEIGH_STALE;
}

#endif
