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

#include <rte_ip.h>

#include "wire/wire.h"

#define IPV4_TTL 64

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
enum wire_error ipv4_parse(
	const uint8_t *p, uint32_t len, bool checksum_known_good, struct ipv4_view *out);

/* Write a 20-byte header for `payload_len` bytes behind it. The checksum is left zero. */
void ipv4_build(uint8_t *p, rte_be32_t src, rte_be32_t dst, uint8_t protocol, uint16_t payload_len);

/* Unicast addresses only: not 0/8, 127/8, 224/4, 240/4 (RFC 1122 3.2.1.3). */
bool ipv4_is_unicast(rte_be32_t addr);

#endif
