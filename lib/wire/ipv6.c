/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/ipv6.h"

#include <string.h>

#include <rte_byteorder.h>

#include "wire/checksum.h"

#define NEXT_HOP_BY_HOP  0
#define NEXT_ROUTING     43
#define NEXT_FRAGMENT    44
#define NEXT_AUTH        51
#define NEXT_DESTINATION 60

#define FRAGMENT_LEN    8
#define FRAGMENT_OFFSET 0xfff8
#define FRAGMENT_MORE   1
#define OPTION_PAD1     0
#define OPTION_UNKNOWN  0xc0 /* bits of the type that say what to do with it */

static uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* RFC 8200 4.2: options nobody here knows may be skipped, or must stop the packet. */
static bool
options_allow(const uint8_t *p, uint32_t len)
{
	for (uint32_t at = 0; at < len;) {
		if (p[at] == OPTION_PAD1) {
			at++;
			continue;
		}
		if (at + 1 >= len || at + 2u + p[at + 1] > len || (p[at] & OPTION_UNKNOWN))
			return false;
		at += 2u + p[at + 1];
	}
	return true;
}

/* One extension header of kind `next` at `p`: its length, or 0 when it cannot be passed. */
static uint32_t
extension_len(uint8_t next, const uint8_t *p, uint32_t len, enum wire_error *err)
{
	uint32_t n;

	*err = WIRE_IP_HEADER;
	if (len < 8)
		return 0;
	if (next == NEXT_FRAGMENT) {
		if (!(get16(p + 2) & (FRAGMENT_OFFSET | FRAGMENT_MORE)))
			return FRAGMENT_LEN;
		*err = WIRE_IP_FRAGMENT;
		return 0;
	}
	n = next == NEXT_AUTH ? (p[1] + 2u) * 4 : (p[1] + 1u) * 8;
	if (n > len)
		return 0;
	/* Every type of route that still has somewhere to go is not for us to forward (RFC 5095).
	 */
	if (next == NEXT_ROUTING && p[3] != 0)
		return 0;
	if ((next == NEXT_HOP_BY_HOP || next == NEXT_DESTINATION) && !options_allow(p + 2, n - 2))
		return 0;
	return n;
}

static bool
is_extension(uint8_t next)
{
	return next == NEXT_HOP_BY_HOP || next == NEXT_ROUTING || next == NEXT_FRAGMENT ||
	       next == NEXT_AUTH || next == NEXT_DESTINATION;
}

enum wire_error
ipv6_parse(const uint8_t *p, uint32_t len, struct ipv6_view *out)
{
	uint32_t at = IPV6_LEN, end;
	uint8_t next;

	if (len < IPV6_LEN)
		return WIRE_SHORT;
	if (p[0] >> 4 != 6)
		return WIRE_IP_VERSION;
	end = IPV6_LEN + get16(p + 4);
	if (end > len)
		return WIRE_IP_LENGTH;
	next = p[6];
	out->fragment_header = false;
	for (int n = 0; is_extension(next); n++) {
		enum wire_error err;
		uint32_t header = extension_len(next, p + at, end - at, &err);

		if (header == 0 || n == IPV6_HEADERS_MAX)
			return header ? WIRE_IP_HEADER : err;
		/* Hop-by-hop options come first or not at all (RFC 8200 4.1). */
		if (next == NEXT_HOP_BY_HOP && at != IPV6_LEN)
			return WIRE_IP_HEADER;
		out->fragment_header |= next == NEXT_FRAGMENT;
		next = p[at];
		at += header;
	}
	out->src = p + 8;
	out->dst = p + 24;
	out->header_len = at;
	out->payload_len = end - at;
	out->protocol = next;
	out->hop_limit = p[7];
	out->traffic_class = (p[0] & 0xf) << 4 | p[1] >> 4;
	return WIRE_OK;
}

uint32_t
ipv6_transport_at(const uint8_t *p, uint32_t len, uint8_t *protocol)
{
	uint32_t at = IPV6_LEN;

	if (len < IPV6_LEN || p[0] >> 4 != 6)
		return 0;
	*protocol = p[6];
	for (int n = 0; is_extension(*protocol); n++) {
		enum wire_error err;
		uint32_t header = extension_len(*protocol, p + at, len - at, &err);

		if (header == 0 || n == IPV6_HEADERS_MAX)
			return 0;
		*protocol = p[at];
		at += header;
	}
	return at;
}

void
ipv6_build(uint8_t *p, const struct ipv6_head *h)
{
	rte_be32_t first = rte_cpu_to_be_32(
		6u << 28 | (uint32_t)h->ecn << 20 | (h->flow_label & IPV6_LABEL_MAX));
	rte_be16_t len = rte_cpu_to_be_16(h->payload_len);

	memcpy(p, &first, sizeof(first));
	memcpy(p + 4, &len, sizeof(len));
	p[6] = h->protocol;
	p[7] = h->hop_limit;
	memcpy(p + 8, h->src, sizeof(h->src));
	memcpy(p + 24, h->dst, sizeof(h->dst));
}

uint16_t
ipv6_sum(const uint8_t addresses[32], uint8_t protocol, const uint8_t *p, uint32_t len)
{
	uint64_t sum = checksum_words(addresses, 8);

	sum += rte_cpu_to_be_16(len) + rte_cpu_to_be_16(protocol);
	return checksum_fold(checksum_add(sum, checksum_bytes(p, len)));
}

bool
ipv6_is_unicast(const uint8_t addr[16])
{
	static const uint8_t zero[16], mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (addr[0] == 0xff || memcmp(addr, mapped, sizeof(mapped)) == 0)
		return false;
	return memcmp(addr, zero, 15) != 0 || addr[15] > 1;
}
