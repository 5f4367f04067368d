/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire/arp: ARP over Ethernet for IPv4 (RFC 826). Parse and build, nothing kept.
 * Addresses are in network order, as everywhere in spate.
 */
#ifndef SPATE_WIRE_ARP_H
#define SPATE_WIRE_ARP_H

#include <stdint.h>

#include <rte_arp.h>
#include <rte_ether.h>

#include "wire/wire.h"

struct arp_view {
	uint16_t op; /* RTE_ARP_OP_REQUEST or RTE_ARP_OP_REPLY */
	struct rte_ether_addr sender_mac;
	rte_be32_t sender_ip;
	rte_be32_t target_ip;
};

/* Parse the `len` bytes behind the Ethernet header. */
enum wire_error arp_parse(const uint8_t *p, uint32_t len, struct arp_view *out);

/* Write sizeof(struct rte_arp_hdr) bytes at `p`. */
void arp_build(uint8_t *p, uint16_t op, const struct rte_ether_addr *sender_mac,
	rte_be32_t sender_ip, const struct rte_ether_addr *target_mac, rte_be32_t target_ip);

#endif
