/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ip: one interface: its addresses, its route, its neighbours, and the frames on
 * their way out.
 *
 * It answers for its addresses (ARP, ICMP echo), says which next hop leads to a
 * destination, and puts Ethernet in front of what TCP sends. It owns its output
 * queue until ip_take() hands the frames on. It does not know TCP, ports or clocks:
 * `now_ns` is set by the stack before each call in.
 */
#ifndef SPATE_IP_IP_H
#define SPATE_IP_IP_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "ip/neigh.h"
#include "ip/path.h"
#include "stats/counters.h"
#include "wire/eth.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"

#define IP_RANGES_MAX 64
#define IP_TXQ        2048 /* power of two */

struct ip_range {
	uint32_t first, last; /* host order, both included */
};

struct ip_iface {
	struct rte_ether_addr mac;
	uint16_t vlan;
	uint16_t mtu;
	uint32_t prefix_mask; /* host order; on-link destinations match the first range's network */
	uint32_t network;     /* host order */
	rte_be32_t gateway;   /* 0: none, everything is on-link */
	bool checksum_offload; /* the port computes IPv4 and TCP checksums on transmit */
	uint32_t n_ranges;
	struct ip_range range[IP_RANGES_MAX];
	struct neigh_table neigh;
	struct path_table paths;
	uint64_t icmp_ns; /* errors sent so far are paid for until here */
	uint16_t ident;   /* of packets that may be fragmented (RFC 6864) */
	struct rte_mempool *pool;
	struct spate_counters *counters;
	uint64_t now_ns;
	uint32_t tx_head, tx_tail; /* free-running */
	struct rte_mbuf *txq[IP_TXQ];
};

/* Answer for `first` to `last` (network order). 0, -EINVAL, or -ENOSPC. */
int ip_add_range(struct ip_iface *ip, rte_be32_t first, rte_be32_t last);

bool ip_is_local(const struct ip_iface *ip, rte_be32_t addr);

/* Are all from `first` to `last` ours, as one range that was added or part of one? */
bool ip_is_local_range(const struct ip_iface *ip, rte_be32_t first, rte_be32_t last);

/*
 * Can another host have this address? Not broadcast, of our network either, multicast,
 * loopback, 0/8 or ours: nobody to open to or to hear from (RFC 1122 3.2.1.3, RFC 9293
 * MUST-57, MUST-63).
 */
bool ip_is_peer(const struct ip_iface *ip, rte_be32_t addr);

/* On-link network, as /prefix of `addr`. */
void ip_set_network(struct ip_iface *ip, rte_be32_t addr, uint8_t prefix);

/* The address packets to `dst` go to next: itself or the gateway. */
rte_be32_t ip_next_hop(const struct ip_iface *ip, rte_be32_t dst);

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

/* Hand up to `max` frames to the caller, in order. */
uint16_t ip_take(struct ip_iface *ip, struct rte_mbuf **frames, uint16_t max);

/* Announce our addresses (gratuitous ARP, RFC 5227 announcement), a first few of each range. */
void ip_announce(struct ip_iface *ip);

/* Ask who has `addr`: everybody, or `mac` alone. For the neighbour table. */
void ip_arp_request(struct ip_iface *ip, rte_be32_t addr, const struct rte_ether_addr *mac);

/* An ARP packet of `len` bytes behind the Ethernet header; `answer` what asks for us. */
void ip_arp_input(struct ip_iface *ip, const uint8_t *p, uint32_t len, bool answer);

/*
 * An ICMP packet: `v` is its IP header, `p` the payload. An echo request is answered
 * from a copy (IP-02); the frame stays the caller's. True when it is an error about a TCP
 * segment, in `error`, which is the caller's to pass on.
 */
bool ip_icmp_input(
	struct ip_iface *ip, const struct ipv4_view *v, const uint8_t *p, struct icmp_error *error);

/* A UDP datagram in the packet at `packet`: port unreachable, at a bounded rate (IP-07). */
void ip_udp_input(struct ip_iface *ip, const struct ipv4_view *v, const uint8_t *packet);

#endif
