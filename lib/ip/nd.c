/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Neighbor Discovery, as far as a host with configured addresses needs it (RFC 4861 7.2):
 * asking, answering, learning, announcing. Routers are configured too, so advertisements
 * and redirects of theirs are not listened to.
 */
#include <string.h>

#include "ip/packet.h"
#include "wire/nd.h"

#define ANNOUNCE_PER_RANGE 16

static const uint8_t unspecified[16];
static const uint8_t all_nodes[16] = {0xff, 0x02, [15] = 1};

/* A message from `src` to `dst` in a packet, still without Ethernet header. */
static struct rte_mbuf *
begin(struct ip_iface *ip, uint8_t type, uint32_t flags, const uint8_t target[16],
	const uint8_t src[16], const uint8_t dst[16])
{
	struct ipv6_head h = {
		.payload_len = ND_LEN, .protocol = IPPROTO_ICMPV6, .hop_limit = ND_HOP_LIMIT};
	struct rte_mbuf *m = rte_pktmbuf_alloc(ip->pool);
	uint8_t *p;

	if (m == NULL) {
		spate_count(ip->counters, SPATE_DROP_NO_MBUF);
		return NULL;
	}
	p = (uint8_t *)rte_pktmbuf_append(m, IPV6_LEN + ND_LEN);
	memcpy(h.src, src, 16);
	memcpy(h.dst, dst, 16);
	ipv6_build(p, &h);
	nd_build(p + IPV6_LEN, type, flags, target, &ip->mac);
	icmp6_checksum(p + IPV6_LEN, ND_LEN, p + 8);
	return m;
}

/* To a MAC address that is known. */
static void
send_to(struct ip_iface *ip, struct rte_mbuf *m, const struct rte_ether_addr *mac)
{
	struct eth_template t;

	if (m == NULL)
		return;
	eth_template_build(&t, mac, &ip->mac, ip->vlan, RTE_ETHER_TYPE_IPV6);
	memcpy(rte_pktmbuf_prepend(m, t.len), t.bytes, t.len);
	ip_push(ip, m);
}

static void
send_to_group(struct ip_iface *ip, struct rte_mbuf *m, const uint8_t group[16])
{
	struct rte_ether_addr mac;

	nd_multicast_mac(group, &mac);
	send_to(ip, m, &mac);
}

void
ip_nd_solicit(struct ip_iface *ip, rte_be32_t name, const struct rte_ether_addr *mac)
{
	const uint8_t *target = addr6_of(&ip->peers6, name);
	uint8_t src[16], dst[16];

	/* RFC 4861 7.2.2: from the address the packets that wait come from, by scope at least. */
	ip6_local_address(
		ip, addr_v6_name(ip->range6[ipv6_is_link_local(target) ? 0 : 1].base), src);
	spate_count(ip->counters, SPATE_ND_SOLICITATIONS_SENT);
	if (mac) {
		send_to(ip, begin(ip, ND_SOLICIT, 0, target, src, target), mac);
		return;
	}
	nd_solicited_node(target, dst);
	send_to_group(ip, begin(ip, ND_SOLICIT, 0, target, src, dst), dst);
}

bool
ip6_is_our_group(const struct ip_iface *ip, const uint8_t addr[16])
{
	uint8_t any[16] = {0}, group[16];

	if (memcmp(addr, all_nodes, 16) == 0)
		return true;
	/* The group is named by the last three bytes, which a range may have all of. */
	for (uint32_t i = 0; i < ip->n_ranges6; i++) {
		const struct ip_range6 *r = &ip->range6[i];
		uint32_t first = r->first & 0xffffff;
		uint32_t wanted = addr[13] << 16 | addr[14] << 8 | addr[15];

		if (((wanted - first) & 0xffffff) > r->last - r->first)
			continue;
		memcpy(any + 13, addr + 13, 3);
		nd_solicited_node(any, group);
		return memcmp(addr, group, 16) == 0;
	}
	return false;
}

bool
ip_is_nd(const struct ipv6_view *v, const uint8_t *p)
{
	return v->protocol == IPPROTO_ICMPV6 && v->payload_len > 0 &&
	       (p[0] == ND_SOLICIT || p[0] == ND_ADVERTISE);
}

/* RFC 4861 7.2.4 */
static void
answer(struct ip_iface *ip, const struct ipv6_view *v, const struct nd_view *nd)
{
	bool dad = memcmp(v->src, unspecified, 16) == 0;
	uint32_t flags = ND_OVERRIDE | (dad ? 0 : ND_SOLICITED);
	rte_be32_t name;
	uint16_t hop;

	if (dad) {
		spate_count(ip->counters, SPATE_ND_ADVERTISEMENTS_SENT);
		send_to_group(ip, begin(ip, ND_ADVERTISE, flags, nd->target, nd->target, all_nodes),
			all_nodes);
		return;
	}
	name = ip6_peer_name(ip, v->src);
	if (name == ADDR6_NONE) {
		spate_count(ip->counters, SPATE_DROP_SOURCE);
		return;
	}
	hop = ip_hop(ip, name);
	if (hop != NEIGH_NONE) {
		struct rte_mbuf *m = begin(ip, ND_ADVERTISE, flags, nd->target, nd->target, v->src);

		if (m == NULL)
			return;
		spate_count(ip->counters, SPATE_ND_ADVERTISEMENTS_SENT);
		ip_output(ip, hop, m);
	}
}

/* RFC 4861 7.2.5: what an advertisement changes. */
static void
advertised(struct ip_iface *ip, rte_be32_t name, const struct nd_view *nd)
{
	const struct neigh *n = neigh_find(ip, name);
	struct rte_ether_addr mac;
	bool announced = !(nd->flags & ND_SOLICITED) && ip->neigh.count < NEIGH_MAX / 2;

	/* As with ARP: who announces himself is about to talk. */
	if (n == NULL && !announced)
		return;
	if (nd->mac)
		memcpy(&mac, nd->mac, sizeof(mac));
	else if (n && neigh_resolved(n))
		mac = n->mac;
	else
		return;
	if (!rte_is_valid_assigned_ether_addr(&mac)) {
		spate_count(ip->counters, SPATE_DROP_ND);
		return;
	}
	if (n && neigh_resolved(n) && !(nd->flags & ND_OVERRIDE) &&
		!rte_is_same_ether_addr(&mac, &n->mac))
		return;
	neigh_learn(ip, name, &mac, announced);
}

void
ip_nd_input(struct ip_iface *ip, const struct ipv6_view *v, const uint8_t *p, bool reply)
{
	struct nd_view nd;
	rte_be32_t name;

	/* RFC 6980 5: what comes in fragments, though it be one alone, is not believed. */
	if (v->fragment_header || nd_parse(p, v->payload_len, v->hop_limit, v->src, v->dst, &nd)) {
		spate_count(ip->counters, SPATE_DROP_ND);
		return;
	}
	spate_count(ip->counters, SPATE_ND_RECEIVED);
	if (nd.type == ND_ADVERTISE) {
		name = ip6_peer_name(ip, nd.target);
		if (name != ADDR6_NONE)
			advertised(ip, name, &nd);
		return;
	}
	if (ip6_local_name(ip, nd.target) == ADDR6_NONE)
		return;
	name = ip6_peer_name(ip, v->src);
	if (name != ADDR6_NONE && nd.mac) {
		struct rte_ether_addr mac;

		memcpy(&mac, nd.mac, sizeof(mac));
		if (!rte_is_valid_assigned_ether_addr(&mac)) {
			spate_count(ip->counters, SPATE_DROP_ND);
			return;
		}
		neigh_learn(ip, name, &mac, true);
	}
	if (reply)
		answer(ip, v, &nd);
}

void
ip_nd_announce(struct ip_iface *ip)
{
	for (uint32_t i = 0; i < ip->n_ranges6; i++) {
		const struct ip_range6 *r = &ip->range6[i];
		uint64_t n = r->last - r->first + 1;

		for (uint32_t a = 0; a < RTE_MIN(n, ANNOUNCE_PER_RANGE); a++) {
			uint8_t addr[16];

			ip6_local_address(ip, addr_v6_name(r->base + a), addr);
			spate_count(ip->counters, SPATE_ND_ADVERTISEMENTS_SENT);
			send_to_group(ip,
				begin(ip, ND_ADVERTISE, ND_OVERRIDE, addr, addr, all_nodes),
				all_nodes);
		}
	}
}
