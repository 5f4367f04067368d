/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/arp.h"

#include <string.h>

#include <rte_byteorder.h>

enum wire_error
arp_parse(const uint8_t *p, uint32_t len, struct arp_view *out)
{
	struct rte_arp_hdr h;

	if (len < sizeof(h))
		return WIRE_SHORT;
	memcpy(&h, p, sizeof(h));
	if (h.arp_hardware != rte_cpu_to_be_16(RTE_ARP_HRD_ETHER) ||
		h.arp_protocol != rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4) ||
		h.arp_hlen != RTE_ETHER_ADDR_LEN || h.arp_plen != 4)
		return WIRE_ARP;
	out->op = rte_be_to_cpu_16(h.arp_opcode);
	if (out->op != RTE_ARP_OP_REQUEST && out->op != RTE_ARP_OP_REPLY)
		return WIRE_ARP;
	out->sender_mac = h.arp_data.arp_sha;
	out->sender_ip = h.arp_data.arp_sip;
	out->target_ip = h.arp_data.arp_tip;
	return WIRE_OK;
}

void
arp_build(uint8_t *p, uint16_t op, const struct rte_ether_addr *sender_mac, rte_be32_t sender_ip,
	const struct rte_ether_addr *target_mac, rte_be32_t target_ip)
{
	struct rte_arp_hdr h = {
		.arp_hardware = rte_cpu_to_be_16(RTE_ARP_HRD_ETHER),
		.arp_protocol = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4),
		.arp_hlen = RTE_ETHER_ADDR_LEN,
		.arp_plen = 4,
		.arp_opcode = rte_cpu_to_be_16(op),
		.arp_data = {.arp_sha = *sender_mac,
			.arp_sip = sender_ip,
			.arp_tha = *target_mac,
			.arp_tip = target_ip},
	};

	memcpy(p, &h, sizeof(h));
}
