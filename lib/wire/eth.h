/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire/eth: Ethernet II with an optional 802.1Q tag (IP-05).
 *
 * A header is written once per next hop into an eth_template and then copied in
 * front of each packet, so sending knows nothing about MAC addresses or VLANs.
 */
#ifndef SPATE_WIRE_ETH_H
#define SPATE_WIRE_ETH_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ether.h>

#include "wire/wire.h"
#include "wire/words.h"

#define ETH_NO_VLAN 0 /* vlan 0 is priority tagging: not a VLAN of its own */

struct eth_view {
	uint16_t ethertype; /* host order, the one behind the tag */
	uint16_t vlan;      /* 1-4094, or ETH_NO_VLAN */
	uint16_t len;       /* header bytes: 14 or 18 */
};

/* A header ready to be copied: `len` bytes of `bytes`. */
struct eth_template {
	uint8_t bytes[RTE_ETHER_HDR_LEN + RTE_VLAN_HLEN];
	uint8_t len;
};

/* Parse the header of a frame of `len` bytes. A priority tag (VLAN 0) counts as untagged. */
static inline enum wire_error
eth_parse(const uint8_t *frame, uint32_t len, struct eth_view *out)
{
	const struct rte_ether_hdr *eth = (const void *)frame;

	if (len < sizeof(*eth))
		return WIRE_SHORT;
	out->ethertype = word_be16(eth->ether_type);
	out->vlan = ETH_NO_VLAN;
	out->len = sizeof(*eth);
	if (out->ethertype != RTE_ETHER_TYPE_VLAN)
		return WIRE_OK;

	const struct rte_vlan_hdr *tag = (const void *)(eth + 1);

	if (len < sizeof(*eth) + sizeof(*tag))
		return WIRE_SHORT;
	out->ethertype = word_be16(tag->eth_proto);
	out->vlan = word_be16(tag->vlan_tci) & 0xfff;
	out->len = sizeof(*eth) + sizeof(*tag);
	return WIRE_OK;
}

/* Is the frame, a whole header of which is there, for `mac`? */
static inline bool
eth_is_to(const uint8_t *frame, const struct rte_ether_addr *mac)
{
	uint32_t to, ours;
	uint16_t to_end, ours_end;

	memcpy(&to, frame, sizeof(to));
	memcpy(&to_end, frame + sizeof(to), sizeof(to_end));
	memcpy(&ours, mac->addr_bytes, sizeof(ours));
	memcpy(&ours_end, mac->addr_bytes + sizeof(ours), sizeof(ours_end));
	return ((to ^ ours) | (uint32_t)(to_end ^ ours_end)) == 0;
}

/* Fill a template. `vlan` ETH_NO_VLAN leaves the tag out. */
void eth_template_build(struct eth_template *t, const struct rte_ether_addr *dst,
	const struct rte_ether_addr *src, uint16_t vlan, uint16_t ethertype);

#endif
