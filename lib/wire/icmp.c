/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/icmp.h"

#include <string.h>

#include <rte_ip.h>

#include "wire/ipv6.h"

#define UNREACHABLE   3
#define TIME_EXCEEDED 11

/* Codes of UNREACHABLE (RFC 792, RFC 1122 3.2.2.1, RFC 1191). */
#define UNREACHABLE_NET      0
#define UNREACHABLE_PROTOCOL 2
#define UNREACHABLE_PORT     3
#define UNREACHABLE_FRAGMENT 4

/* RFC 4443 3 */
#define V6_UNREACHABLE           1
#define V6_TOO_BIG               2
#define V6_TIME_EXCEEDED         3
#define V6_PARAMETER             4
#define V6_UNREACHABLE_ROUTE     0
#define V6_UNREACHABLE_PORT      4
#define V6_PARAMETER_NEXT_HEADER 1

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
icmp6_parse(const uint8_t addresses[32], const uint8_t *p, uint32_t len, struct icmp_view *out)
{
	if (len < ICMP_HEADER_LEN)
		return WIRE_L4_HEADER;
	if (ipv6_sum(addresses, IPPROTO_ICMPV6, p, len) != 0xffff)
		return WIRE_L4_CHECKSUM;
	out->type = p[0];
	out->code = p[1];
	return WIRE_OK;
}

static enum icmp_meaning
meaning(uint8_t type, uint8_t code)
{
	if (type == TIME_EXCEEDED)
		return ICMP_MEANS_HOST;
	if (type != UNREACHABLE)
		return ICMP_MEANS_NOTHING; /* source quench too: RFC 6633 */
	switch (code) {
	case UNREACHABLE_NET:
		return ICMP_MEANS_NET;
	case UNREACHABLE_PROTOCOL:
	case UNREACHABLE_PORT:
		return ICMP_MEANS_REFUSED;
	case UNREACHABLE_FRAGMENT:
		return ICMP_MEANS_TOO_BIG;
	default:
		return ICMP_MEANS_HOST;
	}
}

static enum icmp_meaning
meaning6(uint8_t type, uint8_t code)
{
	switch (type) {
	case V6_UNREACHABLE:
		if (code == V6_UNREACHABLE_PORT)
			return ICMP_MEANS_REFUSED;
		return code == V6_UNREACHABLE_ROUTE ? ICMP_MEANS_NET : ICMP_MEANS_HOST;
	case V6_TOO_BIG:
		return ICMP_MEANS_TOO_BIG;
	case V6_TIME_EXCEEDED:
		return ICMP_MEANS_HOST;
	case V6_PARAMETER:
		return code == V6_PARAMETER_NEXT_HEADER ? ICMP_MEANS_REFUSED : ICMP_MEANS_NOTHING;
	default:
		return ICMP_MEANS_NOTHING;
	}
}

/* The first bytes of the quoted segment. */
static void
take_quote(const uint8_t *tcp, struct icmp_error *out)
{
	rte_be32_t seq;

	memcpy(&out->sport, tcp, sizeof(out->sport));
	memcpy(&out->dport, tcp + 2, sizeof(out->dport));
	memcpy(&seq, tcp + 4, sizeof(seq));
	out->seq = rte_be_to_cpu_32(seq);
}

enum wire_error
icmp_error_parse(const uint8_t *p, uint32_t len, struct icmp_error *out)
{
	const uint8_t *quoted = p + ICMP_HEADER_LEN;
	const struct rte_ipv4_hdr *ip = (const void *)quoted;
	uint32_t header_len;

	if (len < ICMP_HEADER_LEN + sizeof(*ip))
		return WIRE_L4_HEADER;
	header_len = (ip->version_ihl & 0xf) * 4u;
	if (ip->version_ihl >> 4 != 4 || header_len < sizeof(*ip))
		return WIRE_IP_HEADER;
	if (len < ICMP_HEADER_LEN + header_len + ICMP_QUOTE_LEN)
		return WIRE_L4_HEADER;
	out->meaning = meaning(p[0], p[1]);
	if (ip->next_proto_id != IPPROTO_TCP || out->meaning == ICMP_MEANS_NOTHING)
		return WIRE_IP_PROTOCOL;
	out->mtu = p[6] << 8 | p[7];
	out->src = quoted + offsetof(struct rte_ipv4_hdr, src_addr);
	out->dst = quoted + offsetof(struct rte_ipv4_hdr, dst_addr);
	take_quote(quoted + header_len, out);
	return WIRE_OK;
}

enum wire_error
icmp6_error_parse(const uint8_t *p, uint32_t len, struct icmp_error *out)
{
	const uint8_t *quoted = p + ICMP_HEADER_LEN;
	uint32_t at, mtu;
	uint8_t protocol;

	at = ipv6_transport_at(quoted, len - ICMP_HEADER_LEN, &protocol);
	if (at == 0)
		return WIRE_IP_HEADER;
	if (len < ICMP_HEADER_LEN + at + ICMP_QUOTE_LEN)
		return WIRE_L4_HEADER;
	out->meaning = meaning6(p[0], p[1]);
	if (protocol != IPPROTO_TCP || out->meaning == ICMP_MEANS_NOTHING)
		return WIRE_IP_PROTOCOL;
	mtu = (uint32_t)p[4] << 24 | p[5] << 16 | p[6] << 8 | p[7];
	out->mtu = mtu < UINT16_MAX ? mtu : UINT16_MAX;
	out->src = quoted + 8;
	out->dst = quoted + 24;
	take_quote(quoted + at, out);
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
icmp6_checksum(uint8_t *p, uint32_t len, const uint8_t addresses[32])
{
	uint16_t sum;

	p[2] = p[3] = 0;
	sum = (uint16_t)~ipv6_sum(addresses, IPPROTO_ICMPV6, p, len);
	memcpy(p + 2, &sum, sizeof(sum));
}

void
icmp_port_unreachable(uint8_t *p, const uint8_t *about, uint32_t quote)
{
	memset(p, 0, ICMP_HEADER_LEN);
	p[0] = UNREACHABLE;
	p[1] = UNREACHABLE_PORT;
	memcpy(p + ICMP_HEADER_LEN, about, quote);
	fill_checksum(p, ICMP_HEADER_LEN + quote);
}

void
icmp6_port_unreachable(
	uint8_t *p, const uint8_t *about, uint32_t quote, const uint8_t addresses[32])
{
	memset(p, 0, ICMP_HEADER_LEN);
	p[0] = V6_UNREACHABLE;
	p[1] = V6_UNREACHABLE_PORT;
	memcpy(p + ICMP_HEADER_LEN, about, quote);
	icmp6_checksum(p, ICMP_HEADER_LEN + quote, addresses);
}

void
icmp_echo_reply(uint8_t *p, uint32_t len)
{
	p[0] = ICMP_ECHO_REPLY;
	fill_checksum(p, len);
}

void
icmp6_echo_reply(uint8_t *p, uint32_t len, const uint8_t addresses[32])
{
	p[0] = ICMP6_ECHO_REPLY;
	icmp6_checksum(p, len, addresses);
}
