/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire/ecn: the two bits of an IP header that say what a router may do instead of dropping
 * the packet, and whether one has (RFC 3168 5). Of either family: the last two of the
 * eight that IPv4 calls the type of service and IPv6 the traffic class.
 */
#ifndef SPATE_WIRE_ECN_H
#define SPATE_WIRE_ECN_H

#include <stdint.h>

#define ECN_NOT_ECT 0 /* drop it */
#define ECN_ECT1    1
#define ECN_ECT0    2 /* mark it rather than drop it */
#define ECN_CE      3 /* it has been marked */

/* Of the packet whose header, checked before, begins at `ip`. */
static inline uint8_t
ecn_of_v4(const uint8_t *ip)
{
	return ip[1] & 3;
}

static inline uint8_t
ecn_of_v6(const uint8_t *ip)
{
	return ip[1] >> 4 & 3;
}

#endif
