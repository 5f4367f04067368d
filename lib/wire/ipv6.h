/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire/ipv6: the IPv6 header (RFC 8200), parsed up to the transport header with every
 * length checked (IP-06), and built. Extension headers are walked, a bounded number of
 * them; an atomic fragment is a packet like any other (RFC 6946), a real one is not
 * reassembled (IP-03).
 */
#ifndef SPATE_WIRE_IPV6_H
#define SPATE_WIRE_IPV6_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ip.h>

#include "wire/wire.h"

#define IPV6_LEN         40
#define IPV6_HOP_LIMIT   64
#define IPV6_MTU_LEAST   1280 /* what every link must carry (RFC 8200 5) */
#define IPV6_HEADERS_MAX 8    /* extension headers of one packet */
#define IPV6_LABEL_MAX   0xfffffu

struct ipv6_view {
	const uint8_t *src, *dst; /* 16 bytes each, in the packet */
	uint16_t header_len;      /* bytes up to the transport header */
	uint16_t payload_len;     /* bytes from there on, padding of the frame excluded */
	uint8_t protocol;
	uint8_t hop_limit;
	uint8_t traffic_class;
	bool fragment_header; /* it came with one, though it is whole */
};

/* Parse a packet of which `len` bytes are there. */
enum wire_error ipv6_parse(const uint8_t *p, uint32_t len, struct ipv6_view *out);

/*
 * Where the transport header of the packet at `p` is, of which only the first `len` bytes
 * are there (an ICMP error quotes no more): its offset, or 0 when it is not among them.
 */
uint32_t ipv6_transport_at(const uint8_t *p, uint32_t len, uint8_t *protocol);

/* What a header to be sent says. */
struct ipv6_head {
	uint8_t src[16], dst[16];
	uint32_t flow_label; /* 20 bits (RFC 6437) */
	uint16_t payload_len;
	uint8_t protocol, hop_limit;
	uint8_t ecn; /* wire/ecn.h */
};

/* Write the 40 bytes. */
void ipv6_build(uint8_t *p, const struct ipv6_head *h);

/*
 * Ones' complement sum, not inverted, of the pseudo header (RFC 8200 8.1) and the `len`
 * bytes of `protocol` at `p`: 0xffff where the checksum among them is right. `addresses`
 * is source and destination in one, as a header has them.
 */
uint16_t ipv6_sum(const uint8_t addresses[32], uint8_t protocol, const uint8_t *p, uint32_t len);

/* Unicast addresses other hosts can have: not ::, ::1, multicast or a mapped IPv4 address. */
bool ipv6_is_unicast(const uint8_t addr[16]);

/* fe80::/10 */
static inline bool
ipv6_is_link_local(const uint8_t addr[16])
{
	return addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80;
}

#endif
