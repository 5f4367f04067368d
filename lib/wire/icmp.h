/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire/icmp: ICMP (RFC 792): echo, and errors about what we sent or received. An echo
 * request is turned into its reply in place; an error quotes the header it is about.
 */
#ifndef SPATE_WIRE_ICMP_H
#define SPATE_WIRE_ICMP_H

#include <stdint.h>

#include <rte_byteorder.h>

#include "wire/wire.h"

#define ICMP_ECHO_REPLY    0
#define ICMP_ECHO_REQUEST  8
#define ICMP_HEADER_LEN    8
#define ICMP_UNREACHABLE   3
#define ICMP_SOURCE_QUENCH 4
#define ICMP_TIME_EXCEEDED 11

/* Codes of ICMP_UNREACHABLE. */
#define ICMP_UNREACHABLE_NET      0
#define ICMP_UNREACHABLE_PROTOCOL 2
#define ICMP_UNREACHABLE_PORT     3
#define ICMP_UNREACHABLE_FRAGMENT 4

#define ICMP_QUOTE_LEN 8 /* bytes of the quoted payload that must be there: ports and sequence */

struct icmp_view {
	uint8_t type, code;
};

/* An error about a TCP segment of ours, which it quotes. */
struct icmp_error {
	uint8_t type, code;
	uint16_t mtu;        /* of "fragmentation needed" (RFC 1191), 0: not said */
	rte_be32_t src, dst; /* of the quoted packet: ours, and where it went */
	rte_be16_t sport, dport;
	uint32_t seq; /* host order */
};

/* Parse `len` bytes behind the IP header, checksum included. */
enum wire_error icmp_parse(const uint8_t *p, uint32_t len, struct icmp_view *out);

/*
 * Parse an error of `len` bytes, whose checksum icmp_parse() has seen. WIRE_IP_PROTOCOL
 * when it is about something else than TCP.
 */
enum wire_error icmp_error_parse(const uint8_t *p, uint32_t len, struct icmp_error *out);

/*
 * Write "port unreachable" about the IPv4 packet at `about`, of which `quote` bytes are
 * quoted; ICMP_HEADER_LEN + quote bytes at `p`, checksum included.
 */
void icmp_port_unreachable(uint8_t *p, const uint8_t *about, uint32_t quote);

/* Rewrite the `len` bytes of an echo request at `p` into the echo reply. */
void icmp_echo_reply(uint8_t *p, uint32_t len);

#endif
