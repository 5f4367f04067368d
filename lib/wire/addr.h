/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire/addr: an address in 32 bits, of either family.
 *
 * An IPv4 address is itself, in network order. An IPv6 address is named by a number in
 * 240.0.0.0/4, which no IPv4 host can have; ip/addr6.h gives the names and knows what they
 * stand for. So a 4-tuple is twelve bytes whatever it is made of, and everything above ip/
 * compares and copies addresses without asking.
 */
#ifndef SPATE_WIRE_ADDR_H
#define SPATE_WIRE_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

#define ADDR_V6_BASE 0xf0000000u /* host order */
#define ADDR_V6_MAX  0x0fffffffu /* numbers below the base */

static inline bool
addr_is_v6(rte_be32_t addr)
{
	return (addr & RTE_BE32(ADDR_V6_BASE)) == RTE_BE32(ADDR_V6_BASE);
}

static inline uint32_t
addr_v6_number(rte_be32_t addr)
{
	return rte_be_to_cpu_32(addr) & ADDR_V6_MAX;
}

static inline rte_be32_t
addr_v6_name(uint32_t number)
{
	return rte_cpu_to_be_32(ADDR_V6_BASE | number);
}

/* Do two addresses of any length, as bytes, have their first `prefix` bits in common? */
static inline bool
addr_same_prefix(const uint8_t *a, const uint8_t *b, uint8_t prefix)
{
	uint8_t bytes = prefix / 8, bits = prefix % 8;

	return memcmp(a, b, bytes) == 0 && (bits == 0 || (a[bytes] ^ b[bytes]) >> (8 - bits) == 0);
}

#endif
