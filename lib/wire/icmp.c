/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/icmp.h"

#include <string.h>

#include <rte_ip.h>

enum wire_error
icmp_parse(const uint8_t *p, uint32_t len, struct icmp_view *out)
{
	if (len < ICMP_HEADER_LEN)
		return WIRE_L4_HEADER;
	if (rte_raw_cksum(p, len) != 0xffff)
		return WIRE_L4_CHECKSUM;
	out->type = p[0];
	out->code = p[1];
	return WIRE_OK;
}

void
icmp_echo_reply(uint8_t *p, uint32_t len)
{
	uint16_t sum;

	p[0] = ICMP_ECHO_REPLY;
	p[2] = p[3] = 0;
	sum = (uint16_t)~rte_raw_cksum(p, len);
	memcpy(p + 2, &sum, sizeof(sum));
}
