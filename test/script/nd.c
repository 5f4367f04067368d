/* SPDX-License-Identifier: BSD-3-Clause */
/* ARP and Neighbor Discovery as the peer of a script does them. */
#include "script.h"

#define ND_LEN      32
#define TYPE_ASK    135
#define TYPE_ANSWER 136
#define SOLICITED   0x40000000u
#define OVERRIDE    0x20000000u

void
script_nd_in(struct script *s, const struct nd *n)
{
	uint8_t b[128] = {0};
	const uint8_t *eth_src = n->mac ? n->mac : script_peer_mac;
	uint32_t at = script_eth(s, b, n->eth_dst ? n->eth_dst : script_our_mac, eth_src, 0x86dd);
	uint8_t *ip = b + at, *p = ip + 40;
	uint32_t len = n->mac ? ND_LEN : ND_LEN - 8;

	script_ip6_head(ip, n->src, n->dst, 58, len, n->hop_limit ? n->hop_limit : 255);
	p[0] = n->type;
	p[1] = n->code;
	script_put32(p + 4, n->flags);
	memcpy(p + 8, n->target, 16);
	if (n->mac) {
		p[24] = n->type == TYPE_ASK ? 1 : 2;
		p[25] = 1;
		memcpy(p + 26, n->mac, 6);
	}
	script_put16(p + 2, ~script_sum(p, len, script_ip6_sum(ip, 58, len)));
	p[3] ^= n->bad_checksum;
	script_inject(s, b, at + 40 + len);
}

uint32_t
script_nd_frame(struct script *s, uint8_t *b, const uint8_t *message, uint32_t len)
{
	uint8_t us[16], peer[16];
	uint32_t n;

	script_ip6(OUR_IP, us);
	script_ip6(PEER_IP, peer);
	n = script_packet6(s, b, peer, us, 58, message, len);
	b[14 + 7] = 255; /* from no other link */
	return n;
}

void
script_nd_introduce(struct script *s)
{
	struct nd n = {.type = TYPE_ASK, .mac = script_peer_mac};

	script_ip6(PEER_IP, n.src);
	script_ip6(OUR_IP, n.dst);
	script_ip6(OUR_IP, n.target);
	script_nd_in(s, &n);
}

bool
script_nd_answer(struct script *s, const struct frame *f)
{
	const uint8_t *ip = f->b + (s->conf.vlan ? 18 : 14), *p = ip + 40;
	struct nd n = {.type = TYPE_ANSWER, .mac = script_peer_mac, .flags = SOLICITED | OVERRIDE};

	if (s->arp == ARP_MANUAL || script_get16(ip - 2) != 0x86dd || ip[6] != 58 ||
		p[0] != TYPE_ASK)
		return false;
	memcpy(n.src, p + 8, 16);
	memcpy(n.target, p + 8, 16);
	memcpy(n.dst, ip + 8, 16);
	script_nd_in(s, &n);
	return true;
}

void
script_arp_in(struct script *s, uint16_t op, const uint8_t eth_dst[6], const uint8_t mac[6],
	uint32_t sender_ip, uint32_t target_ip)
{
	uint8_t b[14 + 4 + 28] = {0}, *p;

	p = b + script_eth(s, b, eth_dst, mac, 0x0806);
	script_put16(p, 1);
	script_put16(p + 2, 0x0800);
	p[4] = 6;
	p[5] = 4;
	script_put16(p + 6, op);
	memcpy(p + 8, mac, 6);
	script_put32(p + 14, sender_ip);
	if (op == 2)
		memcpy(p + 18, script_our_mac, 6);
	script_put32(p + 24, target_ip);
	script_inject(s, b, p + 28 - b);
}
