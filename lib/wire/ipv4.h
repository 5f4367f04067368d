/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire/ipv4: the IPv4 header (RFC 791), parsed with every length checked (IP-06),
 * and built with DF set (PM-01). An atomic datagram's identification carries no
 * meaning (RFC 6864), so it is zero.
 */
#ifndef SPATE_WIRE_IPV4_H
#define SPATE_WIRE_IPV4_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <rte_ip.h>

#include "wire/checksum.h"
#include "wire/wire.h"
#include "wire/words.h"

#define IPV4_HEADER_LEN sizeof(struct rte_ipv4_hdr)
#define IPV4_TTL        64

struct ipv4_view {
	rte_be32_t src, dst;
	uint16_t header_len;  /* bytes, options included */
	uint16_t payload_len; /* bytes behind the header, padding of the frame excluded */
	uint8_t protocol;
};

/*
 * Parse a packet of which `len` bytes are there. `checksum_known_good` saves the
 * header checksum where the port has verified it.
 */
static inline enum wire_error
ipv4_parse(const uint8_t *p, uint32_t len, bool checksum_known_good, struct ipv4_view *out)
{
	const struct rte_ipv4_hdr *h = (const void *)p;

	if (len < sizeof(*h))
		return WIRE_SHORT;

	uint32_t header_len = sizeof(*h);

	/* Without options there is nothing to ask. */
	if (unlikely(h->version_ihl != RTE_IPV4_VHL_DEF)) {
		if ((h->version_ihl >> 4) != 4)
			return WIRE_IP_VERSION;
		header_len = (h->version_ihl & 0xf) * 4u;
		if (header_len < sizeof(*h) || header_len > len)
			return WIRE_IP_HEADER;
	}

	uint32_t total = word_be16(h->total_length);

	/* A frame may be longer than the packet (Ethernet padding), never shorter. */
	if (total < header_len || total > len)
		return WIRE_IP_LENGTH;
	if (!checksum_known_good &&
		checksum_fold(likely(header_len == sizeof(*h))
				      ? checksum_words(p, sizeof(*h) / 4)
				      : checksum_words(p, header_len / 4)) != 0xffff)
		return WIRE_IP_CHECKSUM;
	if (h->fragment_offset & word_be16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK))
		return WIRE_IP_FRAGMENT;
	out->src = h->src_addr;
	out->dst = h->dst_addr;
	out->header_len = header_len;
	out->payload_len = total - header_len;
	out->protocol = h->next_proto_id;
	return WIRE_OK;
}

/* Write a 20-byte header, complete, for `payload_len` bytes behind it; `ecn` is wire/ecn.h's. */
static inline void
ipv4_build(uint8_t *p, rte_be32_t src, rte_be32_t dst, uint8_t protocol, uint8_t ecn,
	uint16_t payload_len)
{
	const uint32_t first =
		word_be32(RTE_IPV4_VHL_DEF << 24 | ecn << 16 | (IPV4_HEADER_LEN + payload_len));
	const uint32_t third = word_be32(IPV4_TTL << 24 | protocol << 16);
	const uint16_t sum = ~checksum_fold(
		(uint64_t)first + RTE_BE32(RTE_IPV4_HDR_DF_FLAG) + third + src + dst);

	word_put(p, 0, first);
	word_put(p, 1, RTE_BE32(RTE_IPV4_HDR_DF_FLAG));
	word_put(p, 2, third | word_be32(word_be16(sum)));
	word_put(p, 3, src);
	word_put(p, 4, dst);
}

/* The packet may be cut up on its way, so it needs a number of its own (RFC 6864). */
static inline void
ipv4_allow_fragments(uint8_t *p, uint16_t ident)
{
	struct rte_ipv4_hdr *h = (struct rte_ipv4_hdr *)p;

	h->fragment_offset = 0;
	h->packet_id = word_be16(ident);
	h->hdr_checksum = 0;
	h->hdr_checksum = ~checksum_fold(checksum_words(p, IPV4_HEADER_LEN / 4));
}

/* Unicast addresses only: not 0/8, 127/8, 224/4, 240/4 (RFC 1122 3.2.1.3). */
static inline bool
ipv4_is_unicast(rte_be32_t addr)
{
	uint8_t first = word_be32(addr) >> 24;

	return first != 0 && first != 127 && first < 224;
}

#endif
