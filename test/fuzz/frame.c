/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames: a segment's bytes, ARP and ICMP of all kinds, and the lies that can be told in
 * each field of a header. Nothing of lib/wire is used.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define ETH_LEN 14
#define IP_LEN  20
#define TCP_LEN 20

const uint8_t our_mac[6] = {2, 0, 0, 0, 0, 1};
const uint8_t peer_mac[6] = {2, 0, 0, 0, 0, 2};

void
put16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v & 0xff;
}

void
put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

uint16_t
get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

uint16_t
sum16(const uint8_t *p, uint32_t len, uint32_t sum)
{
	for (uint32_t i = 0; i + 1 < len; i += 2)
		sum += get16(p + i);
	if (len & 1)
		sum += p[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

void
frame_ethernet(struct fuzz *f, struct frame *out, uint16_t type)
{
	uint8_t *p = out->b;

	memcpy(p, our_mac, 6);
	memcpy(p + 6, peer_mac, 6);
	out->len = ETH_LEN;
	p += 12;
	if (f->conf.vlan) {
		put16(p, 0x8100);
		/* Priority bits are nobody's business. */
		put16(p + 2, f->conf.vlan | below(f, 8) << 13);
		p += 4;
		out->len += 4;
	}
	put16(p, type);
}

/* Where the IPv4 header is, or NULL when the frame is something else or too short. */
static uint8_t *
ip_of(struct frame *fr)
{
	uint32_t at = ETH_LEN;

	if (fr->len >= 18 && get16(fr->b + 12) == 0x8100)
		at = 18;
	if (fr->len < at + IP_LEN || get16(fr->b + at - 2) != 0x0800)
		return NULL;
	return fr->b + at;
}

/* Make the checksums right again, whatever the lengths say now. */
static void
checksums(struct frame *fr)
{
	uint8_t *ip = ip_of(fr);

	six_checksums(fr);
	if (ip == NULL)
		return;

	uint32_t have = fr->b + fr->len - ip;
	uint32_t ihl = (ip[0] & 0xf) * 4;
	uint32_t total = get16(ip + 2);

	if (ihl < IP_LEN || ihl > have)
		ihl = IP_LEN;
	put16(ip + 10, 0);
	put16(ip + 10, ~sum16(ip, ihl, 0));
	if (total > have || total < ihl)
		return;

	uint8_t *l4 = ip + ihl;
	uint32_t len = total - ihl;

	if (ip[9] == 6 && len >= TCP_LEN) {
		put16(l4 + 16, 0);
		put16(l4 + 16, ~sum16(l4, len, sum16(ip + 12, 8, 6 + len)));
	} else if (ip[9] == 1 && len >= 8) {
		put16(l4 + 2, 0);
		put16(l4 + 2, ~sum16(l4, len, 0));
	}
}

/* An IPv4 header for `len` bytes behind it, which the caller writes at the returned place. */
static uint8_t *
ipv4(struct fuzz *f, struct frame *out, uint32_t src, uint32_t dst, uint8_t protocol, uint32_t len)
{
	uint32_t options = chance(f, 3) ? 4 * (1 + below(f, 10)) : 0;
	uint8_t *p = out->b + out->len;

	memset(p, 0, IP_LEN + options);
	p[0] = 0x40 | (IP_LEN + options) / 4;
	p[1] = fuzz_random(f);
	put16(p + 2, IP_LEN + options + len);
	put16(p + 4, fuzz_random(f));
	put16(p + 6, chance(f, 50) ? 0x4000 : 0);
	p[8] = 1 + below(f, 255);
	p[9] = protocol;
	put32(p + 12, src);
	put32(p + 16, dst);
	for (uint32_t i = 0; i < options; i++)
		p[IP_LEN + i] = chance(f, 50) ? 1 : fuzz_random(f);
	out->len += IP_LEN + options + len;
	return p + IP_LEN + options;
}

void
frame_tcp(struct fuzz *f, struct frame *out, const struct aim *a)
{
	uint32_t opts = (a->opts_len + 3) & ~3u;
	uint8_t *p;

	frame_ethernet(f, out, a->v6 ? 0x86dd : 0x0800);
	p = (a->v6 ? six_header : ipv4)(f, out, a->raddr, a->laddr, 6, TCP_LEN + opts + a->len);
	memset(p, 0, TCP_LEN + opts);
	if (f->conf.tcp.ecn && chance(f, 40))
		out->b[(f->conf.vlan ? 18 : 14) + 1] |= 3; /* a router has marked it */
	put16(p, a->rport);
	put16(p + 2, a->lport);
	put32(p + 4, a->seq);
	put32(p + 8, a->ack);
	p[12] = (TCP_LEN + opts) / 4 << 4;
	p[13] = a->flags;
	if (f->conf.tcp.ecn && chance(f, 40))
		p[13] |= PICK(f, ECE, CWR, ECE | CWR, a->flags & SYN ? ECE | CWR : 0);
	put16(p + 14, a->wnd);
	put16(p + 18, a->urg);
	memcpy(p + TCP_LEN, a->opts, a->opts_len);
	for (uint32_t i = 0; i < a->len; i++)
		p[TCP_LEN + opts + i] = a->seq + i;
	/* Ethernet pads what is short. */
	if (out->len < 60 && chance(f, 50)) {
		memset(out->b + out->len, 0xaa, 60 - out->len);
		out->len = 60;
	}
	checksums(out);
}

/* A random byte at a random place. */
static void
scribble(struct fuzz *f, uint8_t *p, uint32_t len)
{
	uint32_t at = below(f, len);

	p[at] = fuzz_random(f);
}

/* A random bit turned. */
static void
flip(struct fuzz *f, uint8_t *p, uint32_t len)
{
	uint32_t at = below(f, len);

	p[at] ^= 1u << below(f, 8);
}

static void
lie_about_link(struct fuzz *f, struct frame *fr)
{
	switch (below(f, 6)) {
	case 0:
		put16(fr->b + 12, PICK(f, 0x86dd, 0x8100, 0x0806, 0x88a8, 0x0001, 0));
		return;
	case 1:
		flip(f, fr->b, 6);
		return;
	case 2:
		memset(fr->b, 0xff, 6);
		return;
	case 3:
		fr->b[6] |= 1; /* from a group address */
		return;
	case 4: /* one tag more */
		if (fr->len + 4 > FRAME_MAX)
			return;
		memmove(fr->b + 16, fr->b + 12, fr->len - 12);
		put16(fr->b + 12, 0x8100);
		put16(fr->b + 14, PICK(f, 0, 1, 7, 100, 0xe000, 0xffff));
		fr->len += 4;
		return;
	default:
		put16(fr->b + 14, fuzz_random(f)); /* the tag, or the start of IP */
	}
}

uint32_t
odd_address(struct fuzz *f)
{
	return PICK(f, 0, 0xffffffff, 0xe0000001, 0x7f000001, 0xf0000001, OUR_IP, OUR_IP + OURS,
		0xc612ffff, 0xc6120000, PEER_IP, GATEWAY_IP, FAR_IP, 0x0a000001 + below(f, 5000));
}

static void
lie_about_ip(struct fuzz *f, struct frame *fr, uint8_t *ip)
{
	uint32_t total = get16(ip + 2);

	switch (below(f, 9)) {
	case 0:
		ip[0] = (ip[0] & 0xf) | below(f, 16) << 4;
		break;
	case 1:
		ip[0] = (ip[0] & 0xf0) | below(f, 16);
		break;
	case 2:
		put16(ip + 2, PICK(f, 0, 19, 20, 39, 40, 41, 0xffff, total - 1, total + 1,
				      total + 20, fr->len, 1 + below(f, 1500)));
		break;
	case 3:
		put16(ip + 6, PICK(f, 0x2000, 0x2001, 0x1fff, 1, 0x8000, 0x6000));
		break;
	case 4:
		ip[9] = PICK(f, 0, 1, 2, 6, 17, 41, 50, 255);
		break;
	case 5:
		put32(ip + 12, odd_address(f));
		break;
	case 6:
		put32(ip + 16, odd_address(f));
		break;
	case 7:
		ip[8] = 0;
		break;
	default:
		flip(f, ip, IP_LEN);
	}
}

static void
lie_about_l4(struct fuzz *f, struct frame *fr, uint8_t *ip)
{
	uint8_t *l4 = ip + (ip[0] & 0xf) * 4;
	uint8_t *end = fr->b + fr->len;

	if (l4 + TCP_LEN > end || (ip[0] & 0xf) < 5)
		return;
	switch (below(f, 4)) {
	case 0:
		l4[12] = (l4[12] & 0xf) | below(f, 16) << 4;
		break;
	case 1:
		l4[12] |= 1 + below(f, 15); /* reserved bits */
		l4[13] |= PICK(f, 0x40, 0x80, 0xc0);
		break;
	case 2:
		l4[13] = fuzz_random(f);
		break;
	default:
		flip(f, l4, end - l4);
	}
}

void
frame_lie(struct fuzz *f, struct frame *fr)
{
	uint8_t *ip = ip_of(fr);
	bool repair = !chance(f, 10); /* or it goes no farther than a checksum */

	switch (below(f, 8)) {
	case 0:
		lie_about_link(f, fr);
		break;
	case 1:
	case 2:
		if (ip)
			lie_about_ip(f, fr, ip);
		else
			six_lie(f, fr);
		break;
	case 3:
	case 4:
		if (ip)
			lie_about_l4(f, fr, ip);
		break;
	case 5:
		fr->len = below(f, fr->len + 1);
		break;
	case 6: /* a packet cut short by its own total length, or with something behind it */
		if (ip && fr->len + 8 < FRAME_MAX)
			fr->len += below(f, 9);
		break;
	default:
		for (uint32_t n = 1 + below(f, 8); n > 0 && fr->len > 0; n--)
			scribble(f, fr->b, fr->len);
	}
	if (repair)
		checksums(fr);
}

/* One of the hosts that ARP may be about. */
static uint32_t
any_host(struct fuzz *f)
{
	switch (below(f, 6)) {
	case 0:
		return odd_address(f);
	case 1:
		return OUR_IP + below(f, OURS);
	case 2:
		return GATEWAY_IP;
	case 3:
		return fuzz_random(f);
	default:
		return PEER_IP + below(f, PEERS);
	}
}

static void
arp(struct fuzz *f, struct frame *out, uint16_t op, uint32_t sender, uint32_t target)
{
	uint8_t *p;

	frame_ethernet(f, out, 0x0806);
	p = out->b + out->len;
	put16(p, 1);
	put16(p + 2, 0x0800);
	p[4] = 6;
	p[5] = 4;
	put16(p + 6, op);
	memcpy(p + 8, peer_mac, 6);
	put32(p + 14, sender);
	memcpy(p + 18, our_mac, 6);
	put32(p + 24, target);
	out->len += 28;
}

void
frame_arp_answer(struct fuzz *f, struct frame *out, uint32_t addr)
{
	arp(f, out, 2, addr, OUR_IP);
}

void
frame_arp(struct fuzz *f, struct frame *out)
{
	uint16_t op = 1 + below(f, 2);
	uint32_t sender = any_host(f);
	uint32_t target = chance(f, 20) ? sender : any_host(f);
	uint32_t at;

	if (chance(f, f->six)) {
		frame_nd(f, out, sender, target);
		return;
	}
	arp(f, out, op, sender, target);
	at = out->len - 28;
	if (chance(f, 30))
		memset(out->b, 0xff, 6);
	if (chance(f, 20))
		memset(out->b + at + 8, PICK(f, 0, 0xff, 1, 2), 6);
	if (chance(f, 20))
		scribble(f, out->b + at, 28);
	if (chance(f, 10))
		out->len = below(f, out->len + 1);
	else if (chance(f, 30))
		out->len = 60;
}

/* An error about a segment the stack has sent, often one that is still in flight. */
static void
icmp_error(struct fuzz *f, uint8_t *p, struct frame *quoted)
{
	const uint8_t *ip = ip_of(quoted);

	p[0] = PICK(f, 3, 3, 3, 3, 4, 11, 12);
	p[1] = PICK(f, 4, 4, 4, 4, 0, 1, 2, 3, 13);
	put16(p + 6,
		PICK(f, 0, 0, 1, 48, 67, 68, 296, 575, 576, 577, 1006, 1400, 1499, 1500, 9000));
	if (ip && ip + 28 <= quoted->b + quoted->len)
		memcpy(p + 8, ip, 28);
	/* Not quite the segment, or not quite a header. */
	if (chance(f, 20))
		put32(p + 32, get32(p + 32) + PICK(f, 1, 0xffffffff, 0x80000000));
	if (chance(f, 10))
		scribble(f, p + 8, 28);
}

void
frame_icmp(struct fuzz *f, struct frame *out)
{
	uint32_t recent = chance(f, 60) ? 4 : HISTORY;
	bool v6 = chance(f, f->six);
	uint32_t len = PICK(f, 8, 8, 9, 36, 36, 36, 36, 64, 100, 1400);
	uint32_t src = PEER_IP + below(f, PEERS);
	uint32_t dst = OUR_IP + below(f, OURS);
	uint8_t *p;

	if (v6) {
		frame_icmp6(f, out);
		return;
	}
	frame_ethernet(f, out, 0x0800);
	p = ipv4(f, out, src, dst, 1, len);
	for (uint32_t i = 0; i < len; i++)
		p[i] = fuzz_random(f);
	if (len >= 36 && f->n_out && chance(f, 80)) {
		uint32_t back = 1 + below(f, RTE_MIN(f->n_out, recent));

		icmp_error(f, p, &f->out[(f->n_out - back) % HISTORY]);
	} else {
		p[0] = PICK(f, 0, 3, 4, 5, 8, 8, 8, 11, 13, 255);
		p[1] = p[0] == 8 && chance(f, 80) ? 0 : below(f, 16);
	}
	checksums(out);
}

void
frame_udp(struct fuzz *f, struct frame *out)
{
	uint32_t len = PICK(f, 0, 7, 8, 9, 100);
	uint32_t src = PEER_IP + below(f, PEERS);
	uint32_t dst = OUR_IP + below(f, OURS);
	bool v6 = chance(f, f->six);
	uint8_t *p;

	frame_ethernet(f, out, v6 ? 0x86dd : 0x0800);
	p = (v6 ? six_header : ipv4)(f, out, src, dst, 17, len);
	for (uint32_t i = 0; i < len; i++)
		p[i] = fuzz_random(f);
	checksums(out);
}

/* Everybody there is says hello: the neighbour table is meant to overflow. */
void
frame_arp_flood(struct fuzz *f, struct frame *out)
{
	if (chance(f, f->six))
		frame_nd_flood(f, out);
	else
		arp(f, out, 1, 0x0a000000 + below(f, 1u << 24), OUR_IP);
}

void
frame_junk(struct fuzz *f, struct frame *out)
{
	out->len = chance(f, 50) ? below(f, 80) : below(f, 1515);
	for (uint32_t i = 0; i < out->len; i++)
		out->b[i] = fuzz_random(f);
	if (out->len >= ETH_LEN && chance(f, 80)) {
		memcpy(out->b, our_mac, 6);
		put16(out->b + 12, PICK(f, 0x0800, 0x0806, 0x8100, 0x86dd));
	}
}

/* What the stack said last, turned around: a peer that is a mirror. */
void
frame_reflect(struct fuzz *f, struct frame *out)
{
	uint8_t *ip, mac[6], both[8];

	if (f->n_out == 0) {
		frame_junk(f, out);
		return;
	}
	*out = f->out[below(f, RTE_MIN(f->n_out, HISTORY))];
	memcpy(mac, out->b, 6);
	memcpy(out->b, out->b + 6, 6);
	memcpy(out->b + 6, mac, 6);
	six_reflect(out);
	ip = ip_of(out);
	if (ip == NULL)
		return;
	memcpy(both, ip + 12, 4);
	memcpy(ip + 12, ip + 16, 4);
	memcpy(ip + 16, both, 4);
	if (ip[9] == 6) {
		memcpy(both, ip + 20, 2);
		memcpy(ip + 20, ip + 22, 2);
		memcpy(ip + 22, both, 2);
		if (chance(f, 50)) { /* and the numbers too */
			memcpy(both, ip + 24, 4);
			memcpy(ip + 24, ip + 28, 4);
			memcpy(ip + 28, both, 4);
		}
	}
	checksums(out);
}
