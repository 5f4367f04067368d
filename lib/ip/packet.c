/* SPDX-License-Identifier: BSD-3-Clause */
#include "ip/packet.h"

#include <string.h>

#include <rte_tcp.h>

#include "wire/checksum.h"
#include "wire/ecn.h"

__rte_noinline uint64_t
packet_put_v6(const struct ip_iface *ip, uint8_t *p, rte_be32_t laddr, rte_be32_t raddr,
	uint8_t protocol, uint8_t ecn, uint32_t flow, uint16_t len)
{
	const uint8_t *dst = addr6_of(&ip->peers6, raddr);
	struct ipv6_head h = {
		.flow_label = flow,
		.payload_len = len,
		.protocol = protocol,
		.hop_limit = IPV6_HOP_LIMIT,
		.ecn = ecn,
	};

	ip6_local_address(ip, laddr, h.src);
	memcpy(h.dst, dst, sizeof(h.dst));
	ipv6_build(p, &h);
	return checksum_words(h.src, 4) + checksum_words(dst, 4) +
	       rte_cpu_to_be_32((uint32_t)protocol << 16 | len);
}

/* What the port needs to know of a TCP segment to sum it, and IPv4's header. */
static void
describe(struct rte_mbuf *m, const struct rte_tcp_hdr *tcp, bool v6)
{
	m->tx_offload = 0; /* packet_alloc() has not looked at it */
	m->ol_flags |= RTE_MBUF_F_TX_TCP_CKSUM |
		       (v6 ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM);
	m->l3_len = v6 ? IPV6_LEN : PACKET_V4_LEN;
	m->l4_len = (tcp->data_off >> 4) * 4;
}

static void
clear_ip_checksum(struct rte_mbuf *m)
{
	rte_pktmbuf_mtod(m, struct rte_ipv4_hdr *)->hdr_checksum = 0;
}

__rte_noinline void
packet_offload(struct rte_mbuf *m, struct rte_tcp_hdr *tcp, bool v6, uint64_t pseudo)
{
	describe(m, tcp, v6);
	if (!v6)
		clear_ip_checksum(m);
	tcp->cksum = checksum_fold(pseudo); /* the port adds the segment's */
}

void
packet_to_be_cut(const struct ip_iface *ip, struct rte_mbuf *m, bool v6, uint16_t mss)
{
	void *h = rte_pktmbuf_mtod(m, void *);
	struct rte_tcp_hdr *tcp = RTE_PTR_ADD(h, v6 ? IPV6_LEN : PACKET_V4_LEN);

	describe(m, tcp, v6);
	m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
	m->tso_segsz = mss;
	/* A port that cuts, and sums no IPv4 headers (virtio), hands them on as they are. */
	if (!v6 && ip->checksum_offload)
		clear_ip_checksum(m);
	/* The flag leaves the length, another in each segment, out of the pseudo header's sum. */
	tcp->cksum = v6 ? rte_ipv6_phdr_cksum(h, m->ol_flags) : rte_ipv4_phdr_cksum(h, m->ol_flags);
}

struct rte_mbuf *
packet_begin(struct ip_iface *ip, rte_be32_t laddr, rte_be32_t raddr, uint8_t protocol,
	uint32_t len, uint8_t **payload)
{
	uint32_t header_len = packet_header_len(raddr);
	struct rte_mbuf *m = packet_alloc(ip);
	uint8_t *p;

	if (m == NULL)
		return NULL;
	p = rte_pktmbuf_mtod(m, uint8_t *);
	if (header_len + len > packet_room(m, p)) {
		spate_count(ip->counters, SPATE_DROP_NO_MBUF);
		rte_mbuf_raw_free(m);
		return NULL;
	}
	packet_set_len(m, header_len + len);
	if (addr_is_v6(raddr))
		packet_put_v6(ip, p, laddr, raddr, protocol, ECN_NOT_ECT, 0, len);
	else
		packet_put_v4(p, laddr, raddr, protocol, ECN_NOT_ECT, len);
	*payload = p + header_len;
	return m;
}
