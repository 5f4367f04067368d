/* SPDX-License-Identifier: BSD-3-Clause */
#include "ip/ip.h"

#include <errno.h>
#include <string.h>

#include "wire/arp.h"

/* Addresses of one range announced at start: enough for a switch to learn the port. */
#define ANNOUNCE_PER_RANGE 16

bool
ip_is_local_range(const struct ip_iface *ip, rte_be32_t first, rte_be32_t last)
{
	for (uint32_t i = 0; i < ip->n_ranges; i++)
		if (ip->range[i].first <= rte_be_to_cpu_32(first) &&
			rte_be_to_cpu_32(last) <= ip->range[i].last)
			return true;
	return false;
}

int
ip_add_range(struct ip_iface *ip, rte_be32_t first, rte_be32_t last)
{
	struct ip_range r = {rte_be_to_cpu_32(first), rte_be_to_cpu_32(last)};

	if (r.first > r.last || !ipv4_is_unicast(first) || !ipv4_is_unicast(last))
		return -EINVAL;
	if (ip_is_local_range(ip, first, last))
		return 0;
	if (ip->n_ranges == IP_RANGES_MAX)
		return -ENOSPC;
	if (ip->n_ranges == 0)
		ip->around = r;
	ip->around.first = RTE_MIN(ip->around.first, r.first);
	ip->around.last = RTE_MAX(ip->around.last, r.last);
	ip->range[ip->n_ranges++] = r;
	ip->solid = ip_is_local_range(
		ip, rte_cpu_to_be_32(ip->around.first), rte_cpu_to_be_32(ip->around.last));
	return 0;
}

bool
ip_is_peer(const struct ip_iface *ip, rte_be32_t addr)
{
	return addr_is_v6(addr) ? ip6_on(ip) : ip4_is_peer(ip, addr);
}

void
ip_set_network(struct ip_iface *ip, rte_be32_t addr, uint8_t prefix)
{
	ip->prefix_mask = prefix ? ~0u << (32 - prefix) : 0;
	ip->network = rte_be_to_cpu_32(addr) & ip->prefix_mask;
	/* A /31 has no broadcast address (RFC 3021), and a /32 none either. */
	ip->broadcast = prefix < 31 ? rte_cpu_to_be_32(ip->network | ~ip->prefix_mask)
				    : RTE_BE32(UINT32_MAX);
}

rte_be32_t
ip_next_hop(const struct ip_iface *ip, rte_be32_t dst)
{
	if (addr_is_v6(dst))
		return ip6_next_hop(ip, dst);
	if (ip->gateway == 0 || (rte_be_to_cpu_32(dst) & ip->prefix_mask) == ip->network)
		return dst;
	return ip->gateway;
}

uint16_t
ip_take(struct ip_iface *ip, struct rte_mbuf **frames, uint16_t max)
{
	uint16_t n = 0;

	while (n < max && ip->tx_head != ip->tx_tail)
		frames[n++] = ip->txq[ip->tx_head++ & (IP_TXQ - 1)];
	spate_count_n(ip->counters, SPATE_TX_FRAMES, n);
	return n;
}

/* A frame with an ARP packet in it, queued. */
static void
send_arp(struct ip_iface *ip, uint16_t op, const struct rte_ether_addr *eth_dst,
	rte_be32_t sender_ip, const struct rte_ether_addr *target_mac, rte_be32_t target_ip)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(ip->pool);
	struct eth_template t;

	if (m == NULL) {
		spate_count(ip->counters, SPATE_DROP_NO_MBUF);
		return;
	}
	eth_template_build(&t, eth_dst, &ip->mac, ip->vlan, RTE_ETHER_TYPE_ARP);

	uint8_t *p = (uint8_t *)rte_pktmbuf_append(m, t.len + sizeof(struct rte_arp_hdr));

	memcpy(p, t.bytes, t.len);
	arp_build(p + t.len, op, &ip->mac, sender_ip, target_mac, target_ip);
	ip_push(ip, m);
}

static const struct rte_ether_addr broadcast = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
static const struct rte_ether_addr nobody;

void
ip_arp_request(struct ip_iface *ip, rte_be32_t addr, const struct rte_ether_addr *mac)
{
	if (ip->n_ranges == 0)
		return;
	spate_count(ip->counters, SPATE_ARP_REQUESTS_SENT);
	send_arp(ip, RTE_ARP_OP_REQUEST, mac ? mac : &broadcast,
		rte_cpu_to_be_32(ip->range[0].first), &nobody, addr);
}

void
ip_announce(struct ip_iface *ip)
{
	for (uint32_t i = 0; i < ip->n_ranges; i++) {
		const struct ip_range *r = &ip->range[i];

		for (uint32_t a = r->first; a - r->first < ANNOUNCE_PER_RANGE && a <= r->last;
			a++) {
			rte_be32_t addr = rte_cpu_to_be_32(a);

			spate_count(ip->counters, SPATE_ARP_REQUESTS_SENT);
			send_arp(ip, RTE_ARP_OP_REQUEST, &broadcast, addr, &nobody, addr);
		}
	}
	if (ip6_on(ip))
		ip_nd_announce(ip);
}

void
ip_arp_input(struct ip_iface *ip, const uint8_t *p, uint32_t len, bool answer)
{
	struct arp_view a;
	enum wire_error err = arp_parse(p, len, &a);

	if (err) {
		spate_count(ip->counters, err == WIRE_SHORT ? SPATE_DROP_SHORT : SPATE_DROP_ARP);
		return;
	}
	/* No host has such an address (RFC 1812 3.3.2): a reply to it would be a broadcast. */
	if (!rte_is_valid_assigned_ether_addr(&a.sender_mac)) {
		spate_count(ip->counters, SPATE_DROP_ARP);
		return;
	}
	spate_count(ip->counters, SPATE_ARP_RECEIVED);

	/*
	 * RFC 826: an entry that exists is updated by any packet that names it; one is made
	 * where we are the target. An announcement makes one too, while there is plenty of
	 * room: who announces himself is about to talk, and a burst of his SYNs must not wait
	 * for ARP one packet queue at a time. A sender address that is ours (a duplicate, or our
	 * own echo) or that no host can have teaches nothing.
	 */
	bool for_us = ip_is_local(ip, a.target_ip);
	bool announced = a.sender_ip == a.target_ip && ip->neigh.count < NEIGH_MAX / 2;

	if (ip4_is_peer(ip, a.sender_ip))
		neigh_learn(ip, a.sender_ip, &a.sender_mac, for_us || announced);
	if (!answer || !for_us || a.op != RTE_ARP_OP_REQUEST || a.sender_ip == a.target_ip)
		return;
	spate_count(ip->counters, SPATE_ARP_REPLIES_SENT);
	send_arp(ip, RTE_ARP_OP_REPLY, &a.sender_mac, a.target_ip, &a.sender_mac, a.sender_ip);
}
