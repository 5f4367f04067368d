/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ip/packet: a packet of either family, as what is above sees it, and the header in front
 * of what is sent. Here the two families part; TCP does not know which it has, but for the
 * header's length.
 */
#ifndef SPATE_IP_PACKET_H
#define SPATE_IP_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>

#include "ip/ip.h"
#include "wire/checksum.h"
#include "wire/ipv6.h"
#include "wire/words.h"

#define PACKET_V4_LEN sizeof(struct rte_ipv4_hdr)

/* Received: addressed to us by somebody who may. Points into the frame. */
struct ip_packet {
	rte_be32_t laddr, raddr;
	const uint8_t *header; /* where the packet begins */
	const uint8_t *payload;
	uint16_t header_len, payload_len;
	uint8_t protocol;
	uint8_t ecn;
};

/* Bytes of the IP header towards `raddr`. */
static inline uint32_t
packet_header_len(rte_be32_t raddr)
{
	return addr_is_v6(raddr) ? IPV6_LEN : PACKET_V4_LEN;
}

/* The pseudo header of `len` bytes of `protocol`, IPv4. */
static inline uint64_t
packet_pseudo_v4(rte_be32_t laddr, rte_be32_t raddr, uint8_t protocol, uint32_t len)
{
	return (uint64_t)laddr + raddr + word_be32((uint32_t)protocol << 16 | len);
}

/* Where a packet begins in its buffer: the link's header begins at a cache line. */
static inline uint16_t
packet_offset(uint16_t vlan)
{
	return RTE_PKTMBUF_HEADROOM + RTE_ETHER_HDR_LEN + (vlan ? RTE_VLAN_HLEN : 0);
}

/*
 * A buffer for a packet, NULL: none (counted). Room for the link's header is in front of it, which
 * so begins at a cache line. Only the first line of the buffer's own header is written: what is in
 * a pool has one reference and one segment, and the second line is about offloads, which there are
 * none of until ol_flags say so. A frame that goes to another core takes three lines along instead
 * of five. Its length is packet_set_len()'s.
 *
 * rte_mempool_get() would ask for each buffer whose cache it is, and copy one as if it were many:
 * 80 instructions a connection.
 */
static inline struct rte_mbuf *
packet_alloc(const struct ip_iface *ip)
{
	struct rte_mempool_cache *cache = ip->cache;
	struct rte_mbuf *m;

	if (likely(cache != NULL && cache->len > 0))
		m = cache->objs[--cache->len];
	else
		m = rte_mbuf_raw_alloc(ip->pool);
	if (unlikely(m == NULL)) {
		spate_count(ip->counters, SPATE_DROP_NO_MBUF);
		return NULL;
	}
	m->data_off = ip->data_off;
	m->ol_flags = 0;
	return m;
}

/* Bytes from `at` on, inside of the packet, that its buffer has room for. */
static inline uint32_t
packet_room(const struct rte_mbuf *m, const uint8_t *at)
{
	return (const uint8_t *)m->buf_addr + m->buf_len - at;
}

static inline void
packet_set_len(struct rte_mbuf *m, uint32_t len)
{
	m->pkt_len = m->data_len = len;
}

/*
 * Write the header of a packet with `len` bytes of `protocol` behind it, marked `ecn`; IPv6's with
 * the flow label `flow`. Returns the sum of the pseudo header: what is needed of a packet for its
 * checksums is known from writing it. The frame's lines may still be in another core's cache, and
 * then a store does not wait for them and a load does (a fifth of a connection's cycles).
 */
static inline uint64_t
packet_put_v4(
	uint8_t *p, rte_be32_t laddr, rte_be32_t raddr, uint8_t protocol, uint8_t ecn, uint16_t len)
{
	ipv4_build(p, laddr, raddr, protocol, ecn, len);
	return packet_pseudo_v4(laddr, raddr, protocol, len);
}

uint64_t packet_put_v6(const struct ip_iface *ip, uint8_t *p, rte_be32_t laddr, rte_be32_t raddr,
	uint8_t protocol, uint8_t ecn, uint32_t flow, uint16_t len);

/*
 * The checksum of the TCP segment in `m` that begins at `tcp`, of which `sum` is the sum and
 * `pseudo` its pseudo header's; or what the port needs to compute it.
 */
void packet_offload(struct rte_mbuf *m, struct rte_tcp_hdr *tcp, bool v6, uint64_t pseudo);

static inline void
packet_put_checksum(const struct ip_iface *ip, struct rte_mbuf *m, uint8_t *tcp, bool v6,
	uint64_t sum, uint64_t pseudo)
{
	struct rte_tcp_hdr *h = (struct rte_tcp_hdr *)tcp;

	if (unlikely(ip->checksum_offload))
		packet_offload(m, h, v6, pseudo);
	else
		h->cksum = ~checksum_fold(checksum_add(sum, pseudo));
}

/*
 * The same of a frame `m` of several segments of `mss` payload bytes, which the port cuts apart:
 * it makes their lengths and checksums from these.
 */
void packet_to_be_cut(const struct ip_iface *ip, struct rte_mbuf *m, bool v6, uint16_t mss);

/*
 * A packet of our own with room for `len` bytes of `protocol`, at *payload; IPv4's header
 * checksum is in it. NULL when there was no buffer (counted).
 */
struct rte_mbuf *packet_begin(struct ip_iface *ip, rte_be32_t laddr, rte_be32_t raddr,
	uint8_t protocol, uint32_t len, uint8_t **payload);

#endif
