/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/nd.h"

#include <string.h>

#include <rte_byteorder.h>

#define HEADER_LEN        24 /* ICMPv6 header, flags, target */
#define OPTION_SOURCE_MAC 1
#define OPTION_TARGET_MAC 2
#define OPTION_MAC_LEN    8

/* The link-layer address among the options; false when they are malformed. */
static bool
find_mac(const uint8_t *p, uint32_t len, uint8_t kind, const uint8_t **mac)
{
	*mac = NULL;
	for (uint32_t at = 0; at < len;) {
		uint32_t n;

		if (len - at < 8)
			return false;
		n = p[at + 1] * 8u;
		/* RFC 4861 7.1: every option has a length greater than zero. */
		if (n == 0 || n > len - at)
			return false;
		if (p[at] == kind && n == OPTION_MAC_LEN)
			*mac = p + at + 2;
		at += n;
	}
	return true;
}

enum wire_error
nd_parse(const uint8_t *p, uint32_t len, uint8_t hop_limit, const uint8_t src[16],
	const uint8_t dst[16], struct nd_view *out)
{
	static const uint8_t unspecified[16];
	bool from_nobody = memcmp(src, unspecified, 16) == 0;
	rte_be32_t flags;

	if (len < HEADER_LEN || hop_limit != ND_HOP_LIMIT || p[1] != 0 || p[8] == 0xff)
		return WIRE_ARP;
	out->type = p[0];
	out->target = p + 8;
	memcpy(&flags, p + 4, sizeof(flags));
	out->flags = rte_be_to_cpu_32(flags);
	if (!find_mac(p + HEADER_LEN, len - HEADER_LEN,
		    p[0] == ND_SOLICIT ? OPTION_SOURCE_MAC : OPTION_TARGET_MAC, &out->mac))
		return WIRE_ARP;
	/* RFC 4861 7.1.1: who has no address yet (DAD) asks the group, and says no MAC address. */
	if (out->type == ND_SOLICIT && from_nobody && (dst[0] != 0xff || out->mac))
		return WIRE_ARP;
	/* RFC 4861 7.1.2: an answer to everybody was asked by nobody. */
	if (out->type == ND_ADVERTISE && dst[0] == 0xff && (out->flags & ND_SOLICITED))
		return WIRE_ARP;
	return WIRE_OK;
}

void
nd_build(uint8_t *p, uint8_t type, uint32_t flags, const uint8_t target[16],
	const struct rte_ether_addr *mac)
{
	rte_be32_t be = rte_cpu_to_be_32(flags);

	memset(p, 0, ND_LEN);
	p[0] = type;
	memcpy(p + 4, &be, sizeof(be));
	memcpy(p + 8, target, 16);
	p[HEADER_LEN] = type == ND_SOLICIT ? OPTION_SOURCE_MAC : OPTION_TARGET_MAC;
	p[HEADER_LEN + 1] = OPTION_MAC_LEN / 8;
	memcpy(p + HEADER_LEN + 2, mac, sizeof(*mac));
}

void
nd_solicited_node(const uint8_t addr[16], uint8_t out[16])
{
	static const uint8_t prefix[13] = {0xff, 0x02, [11] = 0x01, [12] = 0xff};

	memcpy(out, prefix, sizeof(prefix));
	memcpy(out + 13, addr + 13, 3);
}

void
nd_multicast_mac(const uint8_t addr[16], struct rte_ether_addr *out)
{
	out->addr_bytes[0] = out->addr_bytes[1] = 0x33;
	memcpy(out->addr_bytes + 2, addr + 12, 4);
}
