/* SPDX-License-Identifier: BSD-3-Clause */
#include "nic.h"

#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>

#define HEADERS_MAX 160

bool
nic_is_large(const struct rte_mbuf *m)
{
	return m->nb_segs > 1 || (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG);
}

/* The sum over the pseudo header, the length in it being `len`. */
static uint16_t
pseudo(const void *ip, bool v6, uint32_t len)
{
	const struct rte_ipv4_hdr *h4 = ip;
	const struct rte_ipv6_hdr *h6 = ip;
	uint32_t sum = v6 ? rte_raw_cksum(h6->src_addr, 32) : rte_raw_cksum(&h4->src_addr, 8);

	sum += rte_cpu_to_be_16(6) + rte_cpu_to_be_16(len);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* What a card relies on; NULL: all is well. */
static const char *
check(const struct rte_mbuf *m, const uint8_t *head, uint32_t heads)
{
	bool v6 = m->ol_flags & RTE_MBUF_F_TX_IPV6;
	const struct rte_ether_hdr *eth = (const void *)head;
	const void *ip = head + m->l2_len;
	const struct rte_ipv4_hdr *h4 = ip;
	const struct rte_ipv6_hdr *h6 = ip;
	const struct rte_tcp_hdr *tcp = (const void *)(head + m->l2_len + m->l3_len);
	uint32_t bytes = 0, n = 0;
	uint16_t type = rte_be_to_cpu_16(eth->ether_type);

	for (const struct rte_mbuf *p = m; p; p = p->next, n++) {
		bytes += p->data_len;
		if (p->data_len == 0 || (n > 0 && RTE_MBUF_HAS_EXTBUF(p) && p->buf_iova == 0))
			return "an empty buffer in a frame, or one without address";
	}
	if (bytes != m->pkt_len || n != m->nb_segs)
		return "a frame whose length is not that of its buffers";
	if (!(m->ol_flags & RTE_MBUF_F_TX_TCP_SEG) || !(m->ol_flags & RTE_MBUF_F_TX_TCP_CKSUM))
		return "a frame in pieces, and not to be cut";
	if (!v6 == !(m->ol_flags & RTE_MBUF_F_TX_IPV4) ||
		!v6 != !!(m->ol_flags & RTE_MBUF_F_TX_IP_CKSUM))
		return "a frame to be cut of no IP version, or of two";
	if (m->l2_len != (type == RTE_ETHER_TYPE_VLAN ? 18 : 14) || m->l3_len != (v6 ? 40 : 20) ||
		m->l4_len != (tcp->data_off >> 4) * 4 || m->l4_len < 20)
		return "a frame to be cut with header lengths that are wrong";
	if (v6 ? rte_be_to_cpu_16(h6->payload_len) != m->pkt_len - m->l2_len - 40
	       : rte_be_to_cpu_16(h4->total_length) != m->pkt_len - m->l2_len)
		return "a frame to be cut with an IP length that is wrong";
	if (m->tso_segsz < NIC_SEGMENT_MIN)
		return "a frame to be cut up too small";
	if (m->pkt_len - heads <= m->tso_segsz)
		return "a frame to be cut that is one segment";
	if (tcp->tcp_flags & (RTE_TCP_SYN_FLAG | RTE_TCP_RST_FLAG | RTE_TCP_URG_FLAG |
				     RTE_TCP_CWR_FLAG))
		return "a frame to be cut with a flag that is one segment's";
	return tcp->cksum == pseudo(ip, v6, 0) ? NULL
					       : "a frame to be cut without the sum it needs";
}

/* One segment: `len` bytes from `at` behind the headers. */
static struct rte_mbuf *
piece(const struct rte_mbuf *m, struct rte_mempool *pool, const uint8_t *head, uint32_t heads,
	uint32_t at, uint32_t len)
{
	struct rte_mbuf *out = rte_pktmbuf_alloc(pool);
	bool v6 = m->ol_flags & RTE_MBUF_F_TX_IPV6, last = heads + at + len == m->pkt_len;
	uint32_t tcp_len = m->l4_len + len;
	struct rte_ipv4_hdr *h4;
	struct rte_tcp_hdr *tcp;
	const void *from;
	uint8_t *p;

	if (out == NULL)
		return NULL;
	p = (uint8_t *)rte_pktmbuf_append(out, heads + len);
	if (p == NULL) {
		rte_pktmbuf_free(out);
		return NULL;
	}
	memcpy(p, head, heads);
	from = rte_pktmbuf_read(m, heads + at, len, p + heads);
	if (from != p + heads)
		memcpy(p + heads, from, len);
	h4 = (void *)(p + m->l2_len);
	tcp = (void *)(p + m->l2_len + m->l3_len);
	if (v6) {
		((struct rte_ipv6_hdr *)h4)->payload_len = rte_cpu_to_be_16(tcp_len);
	} else {
		h4->total_length = rte_cpu_to_be_16(m->l3_len + tcp_len);
		h4->hdr_checksum = 0;
		h4->hdr_checksum = rte_ipv4_cksum(h4);
	}
	tcp->sent_seq = rte_cpu_to_be_32(rte_be_to_cpu_32(tcp->sent_seq) + at);
	if (!last)
		tcp->tcp_flags &= ~(RTE_TCP_FIN_FLAG | RTE_TCP_PSH_FLAG);
	tcp->cksum = pseudo(h4, v6, tcp_len);
	tcp->cksum = ~rte_raw_cksum(tcp, tcp_len);
	return out;
}

uint32_t
nic_cut(struct rte_mbuf *m, struct rte_mempool *pool, struct rte_mbuf *out[NIC_PIECES_MAX],
	const char **why)
{
	uint32_t heads = m->l2_len + m->l3_len + m->l4_len, n = 0;
	uint8_t b[HEADERS_MAX];
	const uint8_t *head = heads <= sizeof(b) ? rte_pktmbuf_read(m, 0, heads, b) : NULL;

	*why = head == NULL ? "a frame to be cut without headers" : check(m, head, heads);
	for (uint32_t at = 0; *why == NULL && heads + at < m->pkt_len; at += m->tso_segsz) {
		uint32_t len = RTE_MIN((uint32_t)m->tso_segsz, m->pkt_len - heads - at);

		if (n == NIC_PIECES_MAX ||
			(out[n] = piece(m, pool, head, heads, at, len)) == NULL)
			*why = "too many segments, or too long ones, in a frame to be cut";
		else
			n++;
	}
	rte_pktmbuf_free(m);
	for (; *why && n > 0; n--)
		rte_pktmbuf_free(out[n - 1]);
	return n;
}

/* ---- joined */

static uint32_t
heads_of(const struct rte_mbuf *m, uint32_t *l2_len, uint32_t *l3_len)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	const struct rte_tcp_hdr *tcp;

	*l2_len = RTE_ETHER_HDR_LEN;
	if (m->data_len < RTE_ETHER_HDR_LEN + 40)
		return 0;
	if (p[12] == 0x08 && p[13] == 0x00 && p[14] == 0x45 && p[23] == 6)
		*l3_len = 20;
	else if (p[12] == 0x86 && p[13] == 0xdd && p[20] == 6)
		*l3_len = 40;
	else
		return 0;
	if (m->data_len < *l2_len + *l3_len + 20)
		return 0;
	tcp = (const void *)(p + *l2_len + *l3_len);
	return *l2_len + *l3_len + (tcp->data_off >> 4) * 4;
}

bool
nic_join(struct rte_mbuf *m, struct rte_mbuf *next)
{
	uint32_t l2_len, l3_len, heads = heads_of(m, &l2_len, &l3_len), len;
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *), *q = rte_pktmbuf_mtod(next, uint8_t *);
	struct rte_tcp_hdr *a = (void *)(p + l2_len + l3_len), *b = (void *)(q + l2_len + l3_len);
	struct rte_ipv4_hdr *h4 = (void *)(p + l2_len);

	if (heads == 0 || heads != heads_of(next, &l2_len, &l3_len))
		return false;
	len = m->pkt_len - heads;
	if (len == 0 || next->pkt_len <= heads || next->pkt_len + m->pkt_len > 60000)
		return false;
	/* Addresses, class and ECN; ports, the ACK, options; no flags but ACK before the last. */
	if (memcmp(p, q, l3_len == 40 ? 18 : 16) || memcmp(p + l2_len + l3_len - 8, q + l2_len + l3_len - 8, 12) ||
		(l3_len == 40 && memcmp(p + 22, q + 22, 32)) || a->recv_ack != b->recv_ack ||
		a->rx_win != b->rx_win || memcmp(a + 1, b + 1, heads - l2_len - l3_len - 20))
		return false;
	if (a->tcp_flags != RTE_TCP_ACK_FLAG ||
		(b->tcp_flags & ~(RTE_TCP_PSH_FLAG | RTE_TCP_FIN_FLAG)) != RTE_TCP_ACK_FLAG ||
		rte_be_to_cpu_32(b->sent_seq) != rte_be_to_cpu_32(a->sent_seq) + len)
		return false;
	a->tcp_flags |= b->tcp_flags;
	rte_pktmbuf_adj(next, heads);
	if (rte_pktmbuf_chain(m, next) < 0)
		return false;
	len = m->pkt_len - l2_len;
	if (l3_len == 40) {
		((struct rte_ipv6_hdr *)h4)->payload_len = rte_cpu_to_be_16(len - 40);
	} else {
		h4->total_length = rte_cpu_to_be_16(len);
		h4->hdr_checksum = 0;
		h4->hdr_checksum = rte_ipv4_cksum(h4);
	}
	m->ol_flags |= RTE_MBUF_F_RX_LRO | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	return true;
}
