/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ip: one interface: its addresses, its route, its neighbours, and the frames on
 * their way out.
 *
 * It answers for its addresses (ARP, Neighbor Discovery, echo), says which next hop leads
 * to a destination, and puts Ethernet in front of what TCP sends. It owns its output
 * queue until ip_take() hands the frames on. It knows of TCP how its header is summed and quoted,
 * of its connections nothing, and no port and no clock: `now_ns` is set by the stack before each
 * call in.
 *
 *   ip.c      addresses, next hops, the output queue, ARP
 *   ip6.c     the same for IPv6
 *   nd.c      Neighbor Discovery: ARP's part in IPv6
 *   icmp.c    echo, errors sent and received, both families
 *   packet.h  a packet of either family; headers built
 *   addr6.h   IPv6 addresses as 32-bit names (wire/addr.h)
 *   neigh.h   who is at the next hop;  path.h  what is known of a path's MTU
 */
#ifndef SPATE_IP_IP_H
#define SPATE_IP_IP_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "ip/addr6.h"
#include "ip/neigh.h"
#include "ip/path.h"
#include "stats/counters.h"
#include "wire/eth.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/words.h"

#define IP_RANGES_MAX  64
#define IP_BLOCKS6_MAX 64
#define IP_TXQ         2048                                          /* power of two */
#define IP_NARROW      (2 * RTE_CACHE_LINE_SIZE - RTE_ETHER_HDR_LEN) /* fills two lines */

struct ip_range {
	uint32_t first, last; /* host order, both included */
};

/* Addresses in one /64; the name of the first has the number `base`, and so on (wire/addr.h). */
struct ip_range6 {
	uint8_t high[8];
	uint64_t first, last; /* of the low half, host order, both included */
	uint32_t base;
};

/* A block of names stands for an aligned stretch of addresses: the `number`th of its /64. */
struct ip_block6 {
	uint8_t high[8];
	uint64_t number;
};

struct ip_iface {
	struct rte_ether_addr mac;
	uint16_t vlan;
	uint16_t mtu;
	uint16_t data_off;    /* of packets in their buffers: the link's header fits in front */
	uint32_t prefix_mask; /* host order; on-link destinations match the first range's network */
	uint32_t network;     /* host order */
	rte_be32_t broadcast; /* of our network, or everybody's */
	rte_be32_t gateway;   /* 0: none, everything is on-link */
	bool checksum_offload; /* the port computes IPv4 and TCP checksums on transmit */
	uint32_t n_ranges;
	struct ip_range around; /* all of them: what others have is nearly always outside */
	bool solid;             /* around is one of them */
	struct ip_range range[IP_RANGES_MAX];
	/* IPv6: range6[0] is the link-local address; none without peers6.entry. */
	struct addr6_table peers6;
	uint32_t n_ranges6;
	struct ip_range6 range6[IP_RANGES_MAX];
	uint32_t n_blocks6;
	struct ip_block6 block6[IP_BLOCKS6_MAX];
	uint8_t network6[16];
	uint8_t prefix6;
	rte_be32_t gateway6; /* its name, held; ADDR6_NONE: everything is on-link */
	struct neigh_table neigh;
	struct path_table paths;
	uint64_t icmp_ns; /* errors sent so far are paid for until here */
	uint16_t ident;   /* of packets that may be fragmented (RFC 6864) */
	struct rte_mempool *pool;
	struct rte_mempool_cache *cache; /* the pool's, of the lcore in whose turn this is */
	struct spate_counters *counters;
	uint64_t now_ns;
	bool wide_sent; /* a packet longer than IP_NARROW, since stack_classify() last asked */
	uint32_t tx_head, tx_tail; /* free-running */
	struct rte_mbuf *txq[IP_TXQ];
};

/* Answer for `first` to `last` (network order). 0, -EINVAL, or -ENOSPC. */
int ip_add_range(struct ip_iface *ip, rte_be32_t first, rte_be32_t last);

static inline bool
ip_is_local(const struct ip_iface *ip, rte_be32_t addr)
{
	uint32_t a = word_be32(addr);

	if (a < ip->around.first || a > ip->around.last)
		return false;
	if (likely(ip->solid))
		return true;
	for (uint32_t i = 0; i < ip->n_ranges; i++)
		if (ip->range[i].first <= a && a <= ip->range[i].last)
			return true;
	return false;
}

/* Are all from `first` to `last` ours, as one range that was added or part of one? */
bool ip_is_local_range(const struct ip_iface *ip, rte_be32_t first, rte_be32_t last);

/*
 * Can another host have this IPv4 address, which may come from anywhere? Not broadcast, of
 * our network either, multicast, loopback, 0/8, 240/4 or ours: nobody to open to or to hear
 * from (RFC 1122 3.2.1.3, RFC 9293 MUST-57, MUST-63).
 */
static inline bool
ip4_is_peer(const struct ip_iface *ip, rte_be32_t addr)
{
	return addr != ip->broadcast && ipv4_is_unicast(addr) && !ip_is_local(ip, addr);
}

/* The same of what may be a name, given here: that of an IPv6 peer is one, or it would have none.
 */
bool ip_is_peer(const struct ip_iface *ip, rte_be32_t addr);

/* On-link network, as /prefix of `addr`. */
void ip_set_network(struct ip_iface *ip, rte_be32_t addr, uint8_t prefix);

/* ---- IPv6 addresses and their names */

/*
 * Speak IPv6: `peers` is addr6_bytes(places) of memory, `key` keys its hash. On-link is
 * /prefix of `addr`, which is ours from now on, as is a link-local address made of the MAC
 * (RFC 4291 appendix A). `gateway` all zero: none. 0, or -EINVAL.
 */
int ip6_start(struct ip_iface *ip, void *peers, uint32_t places, const uint8_t key[16],
	const uint8_t addr[16], uint8_t prefix, const uint8_t gateway[16]);

static inline bool
ip6_on(const struct ip_iface *ip)
{
	return ip->peers6.entry != NULL;
}

/* Answer for `first` to `last`, in one /64. 0, -EINVAL, or -ENOSPC. */
int ip6_add_range(struct ip_iface *ip, const uint8_t first[16], const uint8_t last[16]);

/* Are all from `first` to `last` ours, as one range that was added or part of one? */
bool ip6_is_local_range(const struct ip_iface *ip, const uint8_t first[16], const uint8_t last[16]);

/* The name of an address of ours, ADDR6_NONE when it is none; and back. */
rte_be32_t ip6_local_name(const struct ip_iface *ip, const uint8_t addr[16]);
void ip6_local_address(const struct ip_iface *ip, rte_be32_t name, uint8_t out[16]);

/* The name of another host's address; ADDR6_NONE for one no other host can have. */
rte_be32_t ip6_peer_name(struct ip_iface *ip, const uint8_t addr[16]);

/* ---- on the way */

/* The address packets to `dst` go to next: itself or the gateway. */
rte_be32_t ip_next_hop(const struct ip_iface *ip, rte_be32_t dst);
rte_be32_t ip6_next_hop(const struct ip_iface *ip, rte_be32_t name);

/* The neighbour that is; NEIGH_NONE when the table is full (counted). */
static inline uint16_t
ip_hop(struct ip_iface *ip, rte_be32_t dst)
{
	return neigh_get(ip, ip_next_hop(ip, dst));
}

/* Frames that can still be queued. */
static inline uint32_t
ip_tx_room(const struct ip_iface *ip)
{
	return IP_TXQ - (ip->tx_tail - ip->tx_head);
}

/* Queue a complete frame; takes ownership, drops and counts when there is no room. */
static inline void
ip_push(struct ip_iface *ip, struct rte_mbuf *m)
{
	if (ip_tx_room(ip) == 0) {
		spate_count(ip->counters, SPATE_DROP_TX_FULL);
		rte_pktmbuf_free(m);
		return;
	}
	ip->txq[ip->tx_tail++ & (IP_TXQ - 1)] = m;
}

/* Queue the packet `m` for a neighbour that is resolved, its link's header in front. */
static inline void
ip_push_to(struct ip_iface *ip, const struct neigh *n, struct rte_mbuf *m)
{
	uint16_t len = n->header.len;
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *) - len;

	/* Of a known length it is two stores and no call. */
	if (likely(len == RTE_ETHER_HDR_LEN))
		memcpy(p, n->header.bytes, RTE_ETHER_HDR_LEN);
	else
		memcpy(p, n->header.bytes, len);
	m->data_off -= len;
	m->data_len += len;
	m->pkt_len += len;
	if (m->ol_flags)
		m->l2_len = len;
	ip_push(ip, m);
}

/* Send `m`, an IP packet, to neighbour `hop`: now, or when it is resolved. Takes ownership. */
static inline void
ip_output(struct ip_iface *ip, uint16_t hop, struct rte_mbuf *m)
{
	struct neigh *n = &ip->neigh.entry[hop];

	n->used_ns = ip->now_ns;
	if (likely(neigh_resolved(n)))
		ip_push_to(ip, n, m);
	else
		neigh_wait(ip, hop, m);
}

/* Hand up to `max` frames to the caller, in order. */
uint16_t ip_take(struct ip_iface *ip, struct rte_mbuf **frames, uint16_t max);

/* ---- ARP and Neighbor Discovery */

/*
 * Announce our addresses (gratuitous ARP, RFC 5227; unsolicited advertisements, RFC 4861
 * 7.2.6), a first few of each range.
 */
void ip_announce(struct ip_iface *ip);

/* Ask who has `addr`: everybody, or `mac` alone. For the neighbour table. */
void ip_arp_request(struct ip_iface *ip, rte_be32_t addr, const struct rte_ether_addr *mac);
void ip_nd_solicit(struct ip_iface *ip, rte_be32_t name, const struct rte_ether_addr *mac);

/* An ARP packet of `len` bytes behind the Ethernet header; `answer` what asks for us. */
void ip_arp_input(struct ip_iface *ip, const uint8_t *p, uint32_t len, bool answer);

/* Is the packet `v` with ICMPv6 in it, at `p`, Neighbor Discovery? Then ip_nd_input(). */
bool ip_is_nd(const struct ipv6_view *v, const uint8_t *p);
void ip_nd_input(struct ip_iface *ip, const struct ipv6_view *v, const uint8_t *p, bool answer);

void ip_nd_announce(struct ip_iface *ip);

/* May a packet to this multicast address be for us: all nodes, or a solicited-node group? */
bool ip6_is_our_group(const struct ip_iface *ip, const uint8_t addr[16]);

/* ---- ICMP */

struct ip_packet;

/* An ICMP error about a segment of ours. */
struct ip_error {
	enum icmp_meaning meaning;
	uint16_t mtu;            /* of ICMP_MEANS_TOO_BIG, 0: not said */
	rte_be32_t laddr, raddr; /* of the quoted segment: from us, and where it went */
	rte_be16_t lport, rport;
	uint32_t seq;
};

/*
 * An ICMP packet. An echo request is answered from a copy (IP-02); the frame stays the
 * caller's. True when it is an error about a TCP segment of ours, in `error`, which is the
 * caller's to pass on.
 */
bool ip_icmp_input(struct ip_iface *ip, const struct ip_packet *v, struct ip_error *error);

/* A UDP datagram: port unreachable, at a bounded rate (IP-07). */
void ip_udp_input(struct ip_iface *ip, const struct ip_packet *v);

#endif
