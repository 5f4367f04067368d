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

#define PACKET_V4_LEN sizeof(struct rte_ipv4_hdr)

/* Received: addressed to us by somebody who may. Points into the frame. */
struct ip_packet {
	rte_be32_t laddr, raddr;
	const uint8_t *header; /* where the packet begins */
	const uint8_t *payload;
	uint16_t header_len, payload_len;
	uint8_t protocol;
};

/* Bytes of the IP header towards `raddr`. */
static inline uint32_t
packet_header_len(rte_be32_t raddr)
{
	return addr_is_v6(raddr) ? IPV6_LEN : PACKET_V4_LEN;
}

/* Buffers that will be taken so many takes from now are fetched. */
#define PACKET_AHEAD 8

/*
 * Fetch, to write to it, a buffer that will be taken soon. The pool keeps them in a stack for each
 * core. Where frames go to another core, each comes back with its lines in that core's cache, and
 * what is written to them would wait for them one by one.
 */
static inline void
packet_fetch_ahead(struct rte_mempool *pool)
{
	const struct rte_mempool_cache *cache = rte_mempool_default_cache(pool, rte_lcore_id());

	if (likely(cache && cache->len >= PACKET_AHEAD)) {
		uint8_t *m = cache->objs[cache->len - PACKET_AHEAD];
		uint8_t *frame = m + sizeof(struct rte_mbuf) + RTE_PKTMBUF_HEADROOM;

		__builtin_prefetch(m, 1);
		__builtin_prefetch(frame, 1);
		__builtin_prefetch(frame + RTE_CACHE_LINE_SIZE, 1);
	}
}

/*
 * A buffer for a packet of `len` bytes, NULL: none, or too long for one. Room for the link's
 * header is in front of it, which so begins at a cache line. Only the first line of the buffer's
 * own header is written: what is in a pool has one reference and one segment, and the second line
 * is about offloads, which there are none of until ol_flags say so. A frame that goes to another
 * core takes three lines along instead of five.
 */
static inline struct rte_mbuf *
packet_alloc(const struct ip_iface *ip, uint32_t len)
{
	struct rte_mbuf *m = rte_mbuf_raw_alloc(ip->pool);

	if (unlikely(m == NULL))
		return NULL;
	m->data_off = RTE_PKTMBUF_HEADROOM + RTE_ETHER_HDR_LEN + (ip->vlan ? RTE_VLAN_HLEN : 0);
	m->ol_flags = 0;
	if (unlikely(len > (uint32_t)m->buf_len - m->data_off)) {
		rte_mbuf_raw_free(m);
		return NULL;
	}
	m->pkt_len = m->data_len = len;
	packet_fetch_ahead(ip->pool);
	return m;
}

/* Write the header of an IPv6 packet with `len` bytes of payload; `flow` has its flow label. */
void packet_build_v6(const struct ip_iface *ip, uint8_t *p, rte_be32_t laddr, rte_be32_t raddr,
	uint8_t protocol, uint32_t flow, uint16_t len);

/* The checksums of a TCP segment `m`, read for it, or what the port needs to compute them. */
void packet_checksums_v4(const struct ip_iface *ip, struct rte_mbuf *m);
void packet_checksums_v6(const struct ip_iface *ip, struct rte_mbuf *m);

/*
 * What of them is known from writing the packet, so that nothing of it is read: the frame's lines
 * may still be in another core's cache, and then a store does not wait for them and a load does
 * (a fifth of a connection's cycles).
 */
struct packet_sums {
	uint64_t ip;      /* of the IP header */
	uint64_t segment; /* of the segment, without the pseudo header */
};

/* The pseudo header of a segment of `len` bytes, IPv4. */
static inline uint64_t
packet_pseudo_v4(rte_be32_t laddr, rte_be32_t raddr, uint32_t len)
{
	return (uint64_t)laddr + raddr + RTE_BE16(IPPROTO_TCP) + rte_cpu_to_be_16(len);
}

/* The checksums of a segment of `len` bytes, IPv4, the port having no part in it. */
static inline void
packet_put_sums_v4(struct rte_mbuf *m, rte_be32_t laddr, rte_be32_t raddr, uint32_t len,
	const struct packet_sums *sums)
{
	struct rte_ipv4_hdr *h = rte_pktmbuf_mtod(m, struct rte_ipv4_hdr *);
	struct rte_tcp_hdr *tcp = (void *)(h + 1);

	h->hdr_checksum = ~checksum_fold(sums->ip);
	tcp->cksum =
		~checksum_fold(checksum_add(sums->segment, packet_pseudo_v4(laddr, raddr, len)));
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
