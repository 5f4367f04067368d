/* SPDX-License-Identifier: BSD-3-Clause */
#include "ip/neigh.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_hash_crc.h>

#include "ip/ip.h"

int
neigh_table_init(struct neigh_table *t, const char *name, int socket_id)
{
	struct rte_hash_parameters params = {
		.name = name,
		.entries = NEIGH_MAX,
		.key_len = sizeof(rte_be32_t),
		.hash_func = rte_hash_crc,
		.socket_id = socket_id,
	};

	memset(t, 0, sizeof(*t));
	t->next_ns = UINT64_MAX;
	t->by_addr = rte_hash_create(&params);
	/* rte_hash positions run from 0 to its rounded size. */
	t->entry = calloc(NEIGH_MAX, sizeof(*t->entry));
	if (t->by_addr && t->entry)
		return 0;
	neigh_table_free(t);
	return -ENOMEM;
}

static void
drop_pending(struct neigh_table *t, struct neigh *n)
{
	t->waiting -= n->n_pending;
	for (uint32_t i = 0; i < n->n_pending; i++)
		rte_pktmbuf_free(n->pending[i]);
	n->n_pending = 0;
}

void
neigh_table_free(struct neigh_table *t)
{
	for (uint32_t i = 0; t->entry && i < NEIGH_MAX; i++)
		drop_pending(t, &t->entry[i]);
	rte_hash_free(t->by_addr);
	free(t->entry);
	memset(t, 0, sizeof(*t));
}

static void
schedule(struct neigh_table *t, struct neigh *n, uint64_t at_ns)
{
	n->next_ns = at_ns;
	if (at_ns < t->next_ns)
		t->next_ns = at_ns;
}

static void
probe(struct ip_iface *ip, struct neigh *n)
{
	n->probes++;
	schedule(&ip->neigh, n, ip->now_ns + NEIGH_PROBE_NS);
	if (addr_is_v6(n->addr))
		ip_nd_solicit(ip, n->addr, n->state == NEIGH_STALE ? &n->mac : NULL);
	else
		ip_arp_request(ip, n->addr, n->state == NEIGH_STALE ? &n->mac : NULL);
}

/* Give up the entry that is least worth keeping: unreferenced, not used for longest. */
static bool
evict(struct ip_iface *ip)
{
	struct neigh_table *t = &ip->neigh;
	struct neigh *victim = NULL;

	for (uint32_t i = 0; i < NEIGH_MAX; i++) {
		struct neigh *n = &t->entry[i];

		if (n->state == NEIGH_FREE || n->refs > 0)
			continue;
		if (victim == NULL || n->used_ns < victim->used_ns)
			victim = n;
	}
	if (victim == NULL)
		return false;
	spate_count_n(ip->counters, SPATE_DROP_NEIGH_QUEUE, victim->n_pending);
	drop_pending(t, victim);
	rte_hash_del_key(t->by_addr, &victim->addr);
	addr6_let_go(&ip->peers6, victim->addr);
	victim->state = NEIGH_FREE;
	t->count--;
	return true;
}

/* The entry for `addr`, new ones INCOMPLETE and unasked; NULL when there is no room. */
static struct neigh *
find_or_make(struct ip_iface *ip, rte_be32_t addr, bool make)
{
	struct neigh_table *t = &ip->neigh;
	int32_t pos = t->recent[neigh_recent_slot(addr)];

	/* Nearly every packet's next hop is one of the last few: saves the hash, 100 cycles. */
	if (likely(t->entry[pos].addr == addr && t->entry[pos].state != NEIGH_FREE))
		return &t->entry[pos];
	pos = rte_hash_lookup(t->by_addr, &addr);
	if (pos >= 0) {
		t->recent[neigh_recent_slot(addr)] = pos;
		return &t->entry[pos];
	}
	if (!make)
		return NULL;
	if (t->count >= NEIGH_MAX - 1 && !evict(ip))
		return NULL;
	pos = rte_hash_add_key(t->by_addr, &addr);
	if (pos < 0 || pos >= NEIGH_MAX) {
		if (pos >= 0)
			rte_hash_del_key(t->by_addr, &addr);
		return NULL;
	}

	struct neigh *n = &t->entry[pos];

	*n = (struct neigh){.state = NEIGH_INCOMPLETE, .addr = addr, .used_ns = ip->now_ns};
	addr6_hold(&ip->peers6, addr);
	t->count++;
	return n;
}

uint16_t
neigh_get(struct ip_iface *ip, rte_be32_t addr)
{
	struct neigh *n = find_or_make(ip, addr, true);

	if (n == NULL) {
		spate_count(ip->counters, SPATE_DROP_NEIGH_FULL);
		return NEIGH_NONE;
	}
	if ((n->state == NEIGH_INCOMPLETE && n->probes == 0) ||
		(n->state == NEIGH_FAILED && ip->now_ns >= n->next_ns)) {
		n->state = NEIGH_INCOMPLETE;
		n->probes = 0;
		probe(ip, n);
	}
	return n - ip->neigh.entry;
}

const struct neigh *
neigh_find(struct ip_iface *ip, rte_be32_t addr)
{
	return find_or_make(ip, addr, false);
}

void
neigh_wait(struct ip_iface *ip, uint16_t index, struct rte_mbuf *m)
{
	struct neigh *n = &ip->neigh.entry[index];

	if (n->state == NEIGH_FAILED) {
		neigh_get(ip, n->addr); /* asks again, at most once a second */
		if (n->state == NEIGH_FAILED) {
			spate_count(ip->counters, SPATE_DROP_NEIGH_FAILED);
			rte_pktmbuf_free(m);
			return;
		}
	}
	if (n->n_pending == NEIGH_PENDING) {
		/* RFC 1122 2.3.2.2: keep at least the latest packet. Drop the oldest. */
		spate_count(ip->counters, SPATE_DROP_NEIGH_QUEUE);
		rte_pktmbuf_free(n->pending[0]);
		memmove(n->pending, n->pending + 1, (NEIGH_PENDING - 1) * sizeof(n->pending[0]));
		n->n_pending--;
		ip->neigh.waiting--;
	}
	if (ip->neigh.waiting == NEIGH_WAITING) {
		spate_count(ip->counters, SPATE_DROP_NEIGH_QUEUE);
		rte_pktmbuf_free(m);
		return;
	}
	n->pending[n->n_pending++] = m;
	ip->neigh.waiting++;
}

void
neigh_learn(struct ip_iface *ip, rte_be32_t addr, const struct rte_ether_addr *mac, bool create)
{
	struct neigh *n = find_or_make(ip, addr, create);

	if (n == NULL) {
		if (create)
			spate_count(ip->counters, SPATE_DROP_NEIGH_FULL);
		return;
	}
	n->state = NEIGH_REACHABLE;
	n->probes = 0;
	n->mac = *mac;
	eth_template_build(&n->header, mac, &ip->mac, ip->vlan,
		addr_is_v6(addr) ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4);
	schedule(&ip->neigh, n, ip->now_ns + NEIGH_REACHABLE_NS);
	for (uint32_t i = 0; i < n->n_pending; i++)
		ip_push_to(ip, n, n->pending[i]);
	ip->neigh.waiting -= n->n_pending;
	n->n_pending = 0;
}

/* What an entry does when its time has come. */
static void
due(struct ip_iface *ip, struct neigh *n)
{
	switch (n->state) {
	case NEIGH_INCOMPLETE:
		if (n->probes < NEIGH_PROBES) {
			probe(ip, n);
			return;
		}
		spate_count_n(ip->counters, SPATE_DROP_NEIGH_FAILED, n->n_pending);
		drop_pending(&ip->neigh, n);
		n->state = NEIGH_FAILED;
		n->next_ns = ip->now_ns + NEIGH_PROBE_NS; /* not watched: asked again on use */
		return;
	case NEIGH_REACHABLE:
		n->state = NEIGH_STALE;
		/* fall through */
	case NEIGH_STALE:
		/* Ask only while somebody sends: silence on an idle link is no news. */
		if (ip->now_ns - n->used_ns > NEIGH_REACHABLE_NS) {
			schedule(&ip->neigh, n, ip->now_ns + NEIGH_REACHABLE_NS);
		} else if (n->probes < NEIGH_PROBES) {
			probe(ip, n);
		} else {
			n->state = NEIGH_INCOMPLETE;
			n->probes = 0;
			probe(ip, n);
		}
		return;
	default:
		return;
	}
}

void
neigh_tick(struct ip_iface *ip)
{
	struct neigh_table *t = &ip->neigh;

	if (ip->now_ns < t->next_ns)
		return;
	t->next_ns = UINT64_MAX;
	for (uint32_t i = 0; i < NEIGH_MAX; i++) {
		struct neigh *n = &t->entry[i];

		if (n->state == NEIGH_FREE || n->state == NEIGH_FAILED)
			continue;
		if (n->next_ns <= ip->now_ns)
			due(ip, n);
		else if (n->next_ns < t->next_ns)
			t->next_ns = n->next_ns;
	}
}
