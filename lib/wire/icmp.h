/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire/icmp: ICMP echo (RFC 792). An echo request is turned into its reply in
 * place; everything behind the type and code is returned as it came.
 */
#ifndef SPATE_WIRE_ICMP_H
#define SPATE_WIRE_ICMP_H

#include <stdint.h>

#include "wire/wire.h"

#define ICMP_ECHO_REPLY   0
#define ICMP_ECHO_REQUEST 8
#define ICMP_HEADER_LEN   8

struct icmp_view {
	uint8_t type, code;
};

/* Parse `len` bytes behind the IP header, checksum included. */
enum wire_error icmp_parse(const uint8_t *p, uint32_t len, struct icmp_view *out);

/* Rewrite the `len` bytes of an echo request at `p` into the echo reply. */
void icmp_echo_reply(uint8_t *p, uint32_t len);

#endif
