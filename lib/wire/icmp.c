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

enum wire_error
icmp_error_parse(const uint8_t *p, uint32_t len, struct icmp_error *out)
{
	const struct rte_ipv4_hdr *ip = (const void *)(p + ICMP_HEADER_LEN);
	uint32_t header_len;
	rte_be16_t mtu;
	rte_be32_t seq;

	if (len < ICMP_HEADER_LEN + sizeof(*ip))
		return WIRE_L4_HEADER;
	header_len = (ip->version_ihl & 0xf) * 4u;
	if (ip->version_ihl >> 4 != 4 || header_len < sizeof(*ip))
		return WIRE_IP_HEADER;
	if (len < ICMP_HEADER_LEN + header_len + ICMP_QUOTE_LEN)
		return WIRE_L4_HEADER;
	if (ip->next_proto_id != IPPROTO_TCP)
		return WIRE_IP_PROTOCOL;
	out->type = p[0];
	out->code = p[1];
	memcpy(&mtu, p + 6, sizeof(mtu));
	out->mtu = rte_be_to_cpu_16(mtu);
	out->src = ip->src_addr;
	out->dst = ip->dst_addr;
	p += ICMP_HEADER_LEN + header_len;
	memcpy(&out->sport, p, sizeof(out->sport));
	memcpy(&out->dport, p + 2, sizeof(out->dport));
	memcpy(&seq, p + 4, sizeof(seq));
	out->seq = rte_be_to_cpu_32(seq);
	return WIRE_OK;
}

static void
fill_checksum(uint8_t *p, uint32_t len)
{
	uint16_t sum;

	p[2] = p[3] = 0;
	sum = (uint16_t)~rte_raw_cksum(p, len);
	memcpy(p + 2, &sum, sizeof(sum));
}

void
icmp_port_unreachable(uint8_t *p, const uint8_t *about, uint32_t quote)
{
	memset(p, 0, ICMP_HEADER_LEN);
	p[0] = ICMP_UNREACHABLE;
	p[1] = ICMP_UNREACHABLE_PORT;
	memcpy(p + ICMP_HEADER_LEN, about, quote);
	fill_checksum(p, ICMP_HEADER_LEN + quote);
}

void
icmp_echo_reply(uint8_t *p, uint32_t len)
{
	p[0] = ICMP_ECHO_REPLY;
	fill_checksum(p, len);
}
