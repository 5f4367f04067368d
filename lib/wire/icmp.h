/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire/icmp: ICMP (RFC 792) and ICMPv6 (RFC 4443): echo, and errors about what we sent or
 * received. An echo request is turned into its reply in place; an error quotes the packet
 * it is about, and says one of a few things, in either protocol (enum icmp_meaning).
 */
#ifndef SPATE_WIRE_ICMP_H
#define SPATE_WIRE_ICMP_H

#include <stdint.h>

#include <rte_byteorder.h>

#include "wire/wire.h"

#define ICMP_HEADER_LEN   8
#define ICMP_ECHO_REPLY   0
#define ICMP_ECHO_REQUEST 8

#define ICMP6_ECHO_REQUEST 128
#define ICMP6_ECHO_REPLY   129

#define ICMP_QUOTE_LEN 8 /* bytes of the quoted payload that must be there: ports and sequence */

struct icmp_view {
	uint8_t type, code;
};

/* What an error comes to, for TCP (RFC 1122 4.2.3.9, RFC 5461). */
enum icmp_meaning {
	ICMP_MEANS_NOTHING = 0, /* not an error, or one that says nothing */
	ICMP_MEANS_TOO_BIG,     /* fragmentation needed, packet too big */
	ICMP_MEANS_REFUSED,     /* nobody there to answer: port or protocol unreachable */
	ICMP_MEANS_NET,         /* no way to the network */
	ICMP_MEANS_HOST,        /* the host cannot be reached, for any other reason */
};

/* An error about a TCP segment of ours, which it quotes. */
struct icmp_error {
	enum icmp_meaning meaning;
	uint16_t mtu; /* of ICMP_MEANS_TOO_BIG, 0: not said */
	/* Of the quoted packet: ours, and where it went; 4 or 16 bytes. */
	const uint8_t *src, *dst;
	rte_be16_t sport, dport;
	uint32_t seq; /* host order */
};

/* Parse `len` bytes behind the IPv4 header, checksum included. */
enum wire_error icmp_parse(const uint8_t *p, uint32_t len, struct icmp_view *out);

/* The same behind an IPv6 header with these addresses (RFC 4443 2.3). */
enum wire_error icmp6_parse(
	const uint8_t addresses[32], const uint8_t *p, uint32_t len, struct icmp_view *out);

/*
 * Parse an error of `len` bytes, whose checksum has been seen. WIRE_IP_PROTOCOL when it is
 * about something else than TCP, or none of the meanings above.
 */
enum wire_error icmp_error_parse(const uint8_t *p, uint32_t len, struct icmp_error *out);
enum wire_error icmp6_error_parse(const uint8_t *p, uint32_t len, struct icmp_error *out);

/*
 * Write "port unreachable" about the packet at `about`, of which `quote` bytes are
 * quoted: ICMP_HEADER_LEN + quote bytes at `p`, checksum included.
 */
void icmp_port_unreachable(uint8_t *p, const uint8_t *about, uint32_t quote);
void icmp6_port_unreachable(
	uint8_t *p, const uint8_t *about, uint32_t quote, const uint8_t addresses[32]);

/* Rewrite the `len` bytes of an echo request at `p` into the echo reply. */
void icmp_echo_reply(uint8_t *p, uint32_t len);
void icmp6_echo_reply(uint8_t *p, uint32_t len, const uint8_t addresses[32]);

/* Fill in the checksum of the ICMPv6 message of `len` bytes at `p`. */
void icmp6_checksum(uint8_t *p, uint32_t len, const uint8_t addresses[32]);

#endif
