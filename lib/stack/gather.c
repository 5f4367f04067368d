/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames in several buffers: short ones are made one piece, as everything but TCP wants them;
 * long ones, which LRO has joined, stay as they are but for their headers, which are read in one
 * piece too. What a driver says of a chain is not believed: bytes are counted first.
 */
#include <string.h>

#include <rte_ip.h>

#include "stack/stack.h"
#include "wire/checksum.h"
#include "wire/eth.h"

/* The longest headers of a TCP segment that begin where they are looked for. */
#define HEADERS_MAX                                                                                \
	(RTE_ETHER_HDR_LEN + RTE_VLAN_HLEN + 60 + 60) /* IPv4 and TCP with all their options */

/* Do the buffers have what the first of them says? */
static bool
is_whole(const struct rte_mbuf *m)
{
	uint32_t bytes = 0, n = 0;

	for (const struct rte_mbuf *p = m; p; p = p->next, n++)
		bytes += p->data_len;
	return bytes == m->pkt_len && n == m->nb_segs;
}

/* Have at least `want` bytes in the first buffer. */
static bool
pull(struct rte_mbuf *m, uint32_t want)
{
	for (struct rte_mbuf *p = m->next; m->data_len < want && p; p = p->next) {
		uint16_t n = RTE_MIN(want - m->data_len, (uint32_t)p->data_len);

		if (n > rte_pktmbuf_tailroom(m))
			return false;
		memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, m->data_len),
			rte_pktmbuf_mtod(p, const uint8_t *), n);
		m->data_len += n;
		p->data_off += n;
		p->data_len -= n;
	}
	return m->data_len >= want;
}

/* TCP right behind IP? Of anything else the end may be read as well as the beginning. */
static bool
is_tcp(const struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	struct eth_view eth;

	if (eth_parse(frame, m->data_len, &eth))
		return false;
	frame += eth.len;
	if (eth.ethertype == RTE_ETHER_TYPE_IPV4)
		return ((const struct rte_ipv4_hdr *)frame)->next_proto_id == IPPROTO_TCP;
	return eth.ethertype == RTE_ETHER_TYPE_IPV6 &&
	       ((const struct rte_ipv6_hdr *)frame)->proto == IPPROTO_TCP;
}

bool
stack_gather(struct rte_mbuf *m)
{
	if (!is_whole(m))
		return false;
	if (rte_pktmbuf_linearize(m) == 0)
		return true;
	/* Longer than a buffer, so there are bytes enough for all headers. */
	return m->pkt_len >= HEADERS_MAX && pull(m, HEADERS_MAX) && is_tcp(m);
}

uint32_t
stack_gather_sum(const struct rte_mbuf *m, const uint8_t *payload, uint32_t len)
{
	uint32_t at = payload - rte_pktmbuf_mtod(m, const uint8_t *), done = 0;
	uint64_t sum = 0;

	/* Not rte_raw_cksum_mbuf(): behind an odd number of bytes it forgets carries (22.11). */
	for (; done < len; m = m->next) {
		uint32_t n = m->data_len - at < len - done ? m->data_len - at : len - done;
		uint16_t part = checksum_fold(
			checksum_bytes(rte_pktmbuf_mtod_offset(m, const uint8_t *, at), n));

		sum += done & 1 ? rte_bswap16(part) : part;
		done += n;
		at = 0;
	}
	return sum;
}
