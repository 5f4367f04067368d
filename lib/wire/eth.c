/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/eth.h"

void
eth_template_build(struct eth_template *t, const struct rte_ether_addr *dst,
	const struct rte_ether_addr *src, uint16_t vlan, uint16_t ethertype)
{
	struct rte_ether_hdr eth = {.ether_type = rte_cpu_to_be_16(ethertype)};

	rte_ether_addr_copy(dst, &eth.dst_addr);
	rte_ether_addr_copy(src, &eth.src_addr);
	t->len = sizeof(eth);
	if (vlan != ETH_NO_VLAN) {
		struct rte_vlan_hdr tag = {
			.vlan_tci = rte_cpu_to_be_16(vlan),
			.eth_proto = rte_cpu_to_be_16(ethertype),
		};
		eth.ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN);
		memcpy(t->bytes + sizeof(eth), &tag, sizeof(tag));
		t->len += sizeof(tag);
	}
	memcpy(t->bytes, &eth, sizeof(eth));
}
