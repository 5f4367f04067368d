/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire/nd: neighbour solicitation and advertisement (RFC 4861 4.3, 4.4), the two messages
 * of Neighbor Discovery that find out who has an address. Pure functions over the ICMPv6
 * message; the checks of RFC 4861 7.1 are made here.
 */
#ifndef SPATE_WIRE_ND_H
#define SPATE_WIRE_ND_H

#include <stdint.h>

#include <rte_ether.h>

#include "wire/wire.h"

#define ND_SOLICIT   135
#define ND_ADVERTISE 136
#define ND_HOP_LIMIT 255 /* nobody can have forwarded it */
#define ND_LEN       32  /* of what we send: with one link-layer address */

#define ND_SOLICITED 0x40000000u
#define ND_OVERRIDE  0x20000000u

struct nd_view {
	uint8_t type;
	uint32_t flags;        /* ND_SOLICITED, ND_OVERRIDE of an advertisement */
	const uint8_t *target; /* 16 bytes */
	const uint8_t *mac;    /* source's or target's link-layer address, NULL: not said */
};

/*
 * Parse the ICMPv6 message of `len` bytes at `p`, checksum seen, received with `hop_limit`
 * from `src` to `dst`. WIRE_ARP: not valid by RFC 4861 7.1.
 */
enum wire_error nd_parse(const uint8_t *p, uint32_t len, uint8_t hop_limit, const uint8_t src[16],
	const uint8_t dst[16], struct nd_view *out);

/* Write a message with the link-layer address `mac`; the checksum is left zero. */
void nd_build(uint8_t *p, uint8_t type, uint32_t flags, const uint8_t target[16],
	const struct rte_ether_addr *mac);

/* ff02::1:ffXX:XXXX for `addr` (RFC 4291 2.7.1), and the MAC address of any multicast one. */
void nd_solicited_node(const uint8_t addr[16], uint8_t out[16]);
void nd_multicast_mac(const uint8_t addr[16], struct rte_ether_addr *out);

#endif
