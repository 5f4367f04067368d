/* SPDX-License-Identifier: BSD-3-Clause */
#include "ip/packet.h"

#include <string.h>

#include <rte_tcp.h>

#include "wire/checksum.h"

void
packet_build_v6(const struct ip_iface *ip, uint8_t *p, rte_be32_t laddr, rte_be32_t raddr,
	uint8_t protocol, uint32_t flow, uint16_t len)
{
	struct ipv6_head h = {
		.flow_label = flow,
		.payload_len = len,
		.protocol = protocol,
		.hop_limit = IPV6_HOP_LIMIT,
	};

	ip6_local_address(ip, laddr, h.src);
	memcpy(h.dst, addr6_of(&ip->peers6, raddr), sizeof(h.dst));
	ipv6_build(p, &h);
}

/* Of a segment of `len` bytes. */
static uint64_t
segment_sum(const struct rte_tcp_hdr *tcp, uint32_t len)
{
	uint32_t words = tcp->data_off >> 4;

	return checksum_add(checksum_words(tcp, words),
		checksum_bytes((const uint8_t *)tcp + 4 * words, len - 4 * words));
}

void
packet_checksums_v6(const struct ip_iface *ip, struct rte_mbuf *m)
{
	struct rte_ipv6_hdr *h = rte_pktmbuf_mtod(m, struct rte_ipv6_hdr *);
	struct rte_tcp_hdr *tcp = (void *)(h + 1);

	if (!ip->checksum_offload) {
		tcp->cksum = ~checksum_fold(checksum_add(
			checksum_words(h->src_addr, 8) + RTE_BE16(IPPROTO_TCP) + h->payload_len,
			segment_sum(tcp, rte_be_to_cpu_16(h->payload_len))));
		return;
	}
	m->tx_offload = 0; /* packet_alloc() has not looked at it */
	m->ol_flags |= RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_TCP_CKSUM;
	m->l3_len = IPV6_LEN;
	m->l4_len = (tcp->data_off >> 4) * 4;
	tcp->cksum = rte_ipv6_phdr_cksum(h, m->ol_flags);
}

void
packet_checksums_v4(const struct ip_iface *ip, struct rte_mbuf *m)
{
	struct rte_ipv4_hdr *h = rte_pktmbuf_mtod(m, struct rte_ipv4_hdr *);
	struct rte_tcp_hdr *tcp = (void *)(h + 1);
	uint32_t len = rte_be_to_cpu_16(h->total_length) - PACKET_V4_LEN;
	uint64_t pseudo = packet_pseudo_v4(h->src_addr, h->dst_addr, len);

	if (!ip->checksum_offload) {
		h->hdr_checksum = ~checksum_fold(checksum_words(h, PACKET_V4_LEN / 4));
		tcp->cksum = ~checksum_fold(checksum_add(pseudo, segment_sum(tcp, len)));
		return;
	}
	m->tx_offload = 0; /* packet_alloc() has not looked at it */
	m->ol_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_CKSUM;
	m->l3_len = PACKET_V4_LEN;
	m->l4_len = (tcp->data_off >> 4) * 4;
	tcp->cksum = checksum_fold(pseudo); /* the port adds the segment's */
}

void
packet_to_be_cut(const struct ip_iface *ip, struct rte_mbuf *m, bool v6, uint16_t mss)
{
	struct rte_ipv4_hdr *h4 = rte_pktmbuf_mtod(m, struct rte_ipv4_hdr *);
	struct rte_ipv6_hdr *h6 = (void *)h4;
	struct rte_tcp_hdr *tcp = v6 ? (void *)(h6 + 1) : (void *)(h4 + 1);

	m->tx_offload = 0; /* packet_alloc() has not looked at it */
	m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_TCP_CKSUM;
	m->l3_len = v6 ? IPV6_LEN : PACKET_V4_LEN;
	m->l4_len = (tcp->data_off >> 4) * 4;
	m->tso_segsz = mss;
	/* The flag leaves the length, another in each segment, out of the pseudo header's sum. */
	if (v6) {
		m->ol_flags |= RTE_MBUF_F_TX_IPV6;
		tcp->cksum = rte_ipv6_phdr_cksum(h6, m->ol_flags);
		return;
	}
	m->ol_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM;
	/* A port that cuts, and sums no IPv4 headers (virtio), hands them on as they are. */
	if (!ip->checksum_offload)
		h4->hdr_checksum = rte_ipv4_cksum(h4);
	tcp->cksum = rte_ipv4_phdr_cksum(h4, m->ol_flags);
}

struct rte_mbuf *
packet_begin(struct ip_iface *ip, rte_be32_t laddr, rte_be32_t raddr, uint8_t protocol,
	uint32_t len, uint8_t **payload)
{
	uint32_t header_len = packet_header_len(raddr);
	struct rte_mbuf *m = packet_alloc(ip, header_len + len);
	uint8_t *p;

	if (m == NULL) {
		spate_count(ip->counters, SPATE_DROP_NO_MBUF);
		return NULL;
	}
	p = rte_pktmbuf_mtod(m, uint8_t *);
	if (addr_is_v6(raddr)) {
		packet_build_v6(ip, p, laddr, raddr, protocol, 0, len);
	} else {
		struct rte_ipv4_hdr *h = (void *)p;

		ipv4_build(p, laddr, raddr, protocol, len);
		h->hdr_checksum = rte_ipv4_cksum(h);
	}
	*payload = p + header_len;
	return m;
}
