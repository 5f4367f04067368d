/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire: why a frame was not understood.
 *
 * The parsers of this folder are pure: bytes in, a view or one of these reasons
 * out. They keep nothing, count nothing and never read past the length they are
 * given. The stack turns each reason into a counter of the same order (see
 * stats/counters.h), so a reason is added here and there together. Those that every segment
 * passes are inline: their views then live in registers.
 */
#ifndef SPATE_WIRE_H
#define SPATE_WIRE_H

enum wire_error {
	WIRE_OK = 0,
	WIRE_SHORT,       /* frame ends inside a header */
	WIRE_ETHERTYPE,   /* a protocol this endpoint does not speak */
	WIRE_VLAN,        /* tagged for another VLAN, or tagged/untagged against configuration */
	WIRE_IP_VERSION,  /* version field is not what the ethertype said */
	WIRE_IP_HEADER,   /* IHL below 5 or past the frame */
	WIRE_IP_LENGTH,   /* total length below the header or past the frame */
	WIRE_IP_CHECKSUM, /* IPv4 header checksum */
	WIRE_IP_FRAGMENT, /* a fragment: not reassembled */
	WIRE_IP_PROTOCOL, /* neither TCP, UDP nor ICMP */
	WIRE_L4_HEADER,   /* TCP data offset below 5 or past the packet, ICMP too short */
	WIRE_L4_CHECKSUM, /* TCP or ICMP checksum */
	WIRE_ARP,         /* ARP not for Ethernet and IPv4, or that asks nothing; ND not valid */
	WIRE_ERRORS
};

#endif
