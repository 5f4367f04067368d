/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv6 packets of a script that are more, or less, than a segment of its peer's. */
#include "script.h"

#define ETH_LEN 14
#define IP_LEN  40

#define HOP_BY_HOP  0
#define TCP         6
#define ROUTING     43
#define FRAGMENT    44
#define ICMP        58
#define DESTINATION 60

void
script_resum6(uint8_t *b)
{
	uint8_t *ip = b + ETH_LEN, *p = ip + IP_LEN, next = ip[6];
	uint32_t len = script_get16(ip + 4), at;

	while (next == HOP_BY_HOP || next == ROUTING || next == FRAGMENT || next == DESTINATION) {
		uint32_t n = next == FRAGMENT ? 8 : (p[1] + 1u) * 8;

		next = p[0];
		p += n;
		len -= n;
	}
	at = next == TCP ? 16 : next == ICMP ? 2 : 6;
	script_put16(p + at, 0);
	script_put16(p + at, ~script_sum(p, len, script_ip6_sum(ip, next, len)));
}

void
script_readdress6(uint8_t *b, const uint8_t *src, const uint8_t *dst)
{
	if (src)
		memcpy(b + ETH_LEN + 8, src, 16);
	if (dst)
		memcpy(b + ETH_LEN + 24, dst, 16);
	script_resum6(b);
}

uint32_t
script_extend6(uint8_t *b, uint32_t len, uint8_t kind, const void *header, uint32_t n)
{
	uint8_t *ip = b + ETH_LEN, *p = ip + IP_LEN;

	memmove(p + n, p, len - ETH_LEN - IP_LEN);
	memcpy(p, header, n);
	p[0] = ip[6];
	ip[6] = kind;
	script_put16(ip + 4, script_get16(ip + 4) + n);
	return len + n;
}

uint32_t
script_packet6(struct script *s, uint8_t *b, const uint8_t src[16], const uint8_t dst[16],
	uint8_t next, const void *payload, uint32_t len)
{
	uint8_t *ip = b + script_eth(s, b, script_our_mac, script_peer_mac, 0x86dd);

	script_ip6_head(ip, src, dst, next, len, 64);
	memcpy(ip + IP_LEN, payload, len);
	script_resum6(b);
	return ip + IP_LEN + len - b;
}
