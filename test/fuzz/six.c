/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv6: the small world's addresses behind 2001:2::/96, headers with and without extension
 * headers, Neighbor Discovery and ICMPv6 of all kinds, and what must hold of what comes out.
 */
#include <string.h>
#include <sys/socket.h>

#include <rte_byteorder.h>

#include "fuzz.h"

#define IP_LEN  40
#define TCP_LEN 20
#define ND_LEN  32
#define SOLICIT 135

#define HOP_BY_HOP  0
#define ROUTING     43
#define FRAGMENT    44
#define AUTH        51
#define DESTINATION 60

static const uint8_t net[12] = {0x20, 1, 0, 2};
static const uint8_t all_nodes[16] = {0xff, 2, [15] = 1};
/* Of our_mac. */
static const uint8_t link_local[16] = {0xfe, 0x80, [11] = 0xff, 0xfe, 0, 0, 1};

/* The counterpart of an address: what no host can have stays so. */
void
six_address(uint32_t ip, uint8_t out[16])
{
	memset(out, 0, 16);
	switch (ip) {
	case 0:
		return;
	case 0x7f000001:
		out[15] = 1;
		return;
	case 0xe0000001:
		memcpy(out, all_nodes, 16);
		return;
	case 0xf0000001:
		out[10] = out[11] = 0xff;
		break;
	case 0xffffffff: /* our solicited-node group */
		memcpy(out, (const uint8_t[16]){0xff, 2, [11] = 1, 0xff, 0x12, 0, 1}, 16);
		return;
	case 0xc6120000:
		memcpy(out, link_local, 16);
		return;
	default:
		memcpy(out, net, sizeof(net));
	}
	put32(out + 12, ip);
}

struct spate_addr
six_addr(bool v6, uint32_t ip, uint16_t port)
{
	struct spate_addr a = {.family = v6 ? AF_INET6 : AF_INET, .port = rte_cpu_to_be_16(port)};

	if (v6)
		six_address(ip, a.ip6);
	else
		a.ip4 = rte_cpu_to_be_32(ip);
	return a;
}

uint32_t
six_number(const struct spate_addr *a)
{
	return a->family == AF_INET6 ? get32(a->ip6 + 12) : rte_be_to_cpu_32(a->ip4);
}

/* Where the IPv6 header is, or NULL when the frame is something else or too short. */
uint8_t *
six_of(struct frame *fr)
{
	uint32_t at = fr->len >= 18 && get16(fr->b + 12) == 0x8100 ? 18 : 14;

	return fr->len >= at + IP_LEN && get16(fr->b + at - 2) == 0x86dd ? fr->b + at : NULL;
}

/* The transport header behind the extension headers, as far as they can be followed. */
static uint8_t *
transport(uint8_t *ip, const uint8_t *end, uint8_t *next)
{
	uint8_t *p = ip + IP_LEN;

	*next = ip[6];
	while (*next == HOP_BY_HOP || *next == ROUTING || *next == FRAGMENT || *next == AUTH ||
		*next == DESTINATION) {
		uint32_t n = p + 8 > end         ? UINT32_MAX
			     : *next == FRAGMENT ? 8
			     : *next == AUTH     ? (p[1] + 2u) * 4
						 : (p[1] + 1u) * 8;

		if (n > (uint32_t)(end - p))
			return NULL;
		*next = p[0];
		p += n;
	}
	return p;
}

bool
six_is_rst(struct frame *fr)
{
	uint8_t next, *ip = six_of(fr), *p = ip ? transport(ip, fr->b + fr->len, &next) : NULL;

	return p && next == 6 && p + TCP_LEN <= fr->b + fr->len && (p[13] & RST);
}

void
six_checksums(struct frame *fr)
{
	uint8_t *ip = six_of(fr), *end = fr->b + fr->len, *p, next;
	uint32_t len, at;

	if (ip == NULL || ip + IP_LEN + get16(ip + 4) > end)
		return;
	end = ip + IP_LEN + get16(ip + 4);
	p = transport(ip, end, &next);
	at = next == 6 ? 16 : next == 58 ? 2 : 6;
	len = p ? end - p : 0;
	if (p == NULL || len < at + 2 || (next != 6 && next != 58 && next != 17))
		return;
	put16(p + at, 0);
	put16(p + at, ~sum16(p, len, sum16(ip + 8, 32, next + len)));
}

/* One extension header, or what claims to be one; returns its length. */
static uint32_t
extension(struct fuzz *f, uint8_t *p, uint8_t kind)
{
	uint32_t n = kind == FRAGMENT ? 8 : 8 * (1 + below(f, 3));

	memset(p, 0, n);
	if (kind == AUTH)
		p[1] = n / 4 - 2;
	else if (kind != FRAGMENT)
		p[1] = n / 8 - 1;
	else
		put16(p + 2, chance(f, 70) ? 0 : PICK(f, 1, 8, 0xfff8, 6));
	if (kind == ROUTING)
		p[3] = chance(f, 10) ? fuzz_random(f) : 0;
	for (uint32_t i = 2; (kind == HOP_BY_HOP || kind == DESTINATION) && i < n; i++)
		p[i] = chance(f, 90) ? 0 : below(f, 256);
	if (chance(f, 3))
		p[1] = fuzz_random(f);
	return n;
}

uint8_t *
six_header(struct fuzz *f, struct frame *out, uint32_t src, uint32_t dst, uint8_t protocol,
	uint32_t len)
{
	uint8_t *ip = out->b + out->len, *next = ip + 6, *p = ip + IP_LEN;
	uint32_t headers = chance(f, 10) ? 1 + below(f, chance(f, 90) ? 3 : 12) : 0;

	put32(ip, 6u << 28 | (fuzz_random(f) & 0xfffffff));
	ip[7] = 1 + below(f, 255);
	six_address(src, ip + 8);
	six_address(dst, ip + 24);
	/* Links are link-local's, too. */
	if (chance(f, 3))
		memcpy(ip + 8, (const uint8_t[16]){0xfe, 0x80, [15] = 2 + (src & 3)}, 16);
	if (chance(f, 3))
		memcpy(ip + 24, link_local, 16);
	for (uint32_t i = 0; i < headers && out->len + IP_LEN + len + (p - ip) < FRAME_MAX - 64;
		i++) {
		uint8_t kind = PICK(f, ROUTING, FRAGMENT, AUTH, DESTINATION, DESTINATION);

		/* Hop-by-hop options belong in front, and are elsewhere too. */
		if (chance(f, i ? 5 : 40))
			kind = HOP_BY_HOP;
		*next = kind;
		next = p;
		p += extension(f, p, kind);
	}
	*next = protocol;
	put16(ip + 4, p - ip - IP_LEN + len);
	out->len += p - ip + len;
	return p;
}

void
six_lie(struct fuzz *f, struct frame *fr)
{
	uint8_t *ip = six_of(fr);
	uint32_t at, len;

	if (ip == NULL)
		return;
	len = get16(ip + 4);
	switch (below(f, 8)) {
	case 0:
		ip[0] = (ip[0] & 0xf) | below(f, 16) << 4;
		return;
	case 1:
		put16(ip + 4,
			PICK(f, 0, 1, 7, 8, 19, 20, len - 1, len + 1, 0xffff, below(f, 1500)));
		return;
	case 2:
		ip[6] = PICK(f, HOP_BY_HOP, ROUTING, FRAGMENT, AUTH, DESTINATION, 59, 50, 58, 17, 6,
			1, 4, 41, 255);
		return;
	case 3:
		ip[7] = PICK(f, 0, 1, 255);
		return;
	case 4:
		six_address(odd_address(f), ip + 8);
		return;
	case 5:
		six_address(odd_address(f), ip + 24);
		return;
	case 6:
		at = below(f, IP_LEN);
		ip[at] ^= 1u << below(f, 8);
		return;
	default: /* to a group's MAC address */
		put32(fr->b, 0x33330000);
		put16(fr->b + 4, PICK(f, 1, 2, 0xff12));
	}
}

void
six_reflect(struct frame *fr)
{
	uint8_t *ip = six_of(fr), both[16];

	if (ip == NULL)
		return;
	memcpy(both, ip + 8, 16);
	memcpy(ip + 8, ip + 24, 16);
	memcpy(ip + 24, both, 16);
	if (ip[6] == 6 && ip + IP_LEN + 4 <= fr->b + fr->len) {
		memcpy(both, ip + IP_LEN, 2);
		memcpy(ip + IP_LEN, ip + IP_LEN + 2, 2);
		memcpy(ip + IP_LEN + 2, both, 2);
	}
	six_checksums(fr);
}

/* ---- Neighbor Discovery in */

static void
nd(struct fuzz *f, struct frame *out, uint8_t type, uint32_t src, const uint8_t dst[16],
	const uint8_t target[16], uint32_t flags)
{
	uint8_t *p;

	frame_ethernet(f, out, 0x86dd);
	p = out->b + out->len;
	memset(p, 0, IP_LEN + ND_LEN);
	p[0] = 0x60;
	p[5] = ND_LEN;
	p[6] = 58;
	p[7] = 255;
	six_address(src, p + 8);
	memcpy(p + 24, dst, 16);
	p += IP_LEN;
	p[0] = type;
	put32(p + 4, flags);
	memcpy(p + 8, target, 16);
	p[24] = type == SOLICIT ? 1 : 2;
	p[25] = 1;
	memcpy(p + 26, peer_mac, 6);
	out->len += IP_LEN + ND_LEN;
	six_checksums(out);
}

void
frame_nd_answer(struct fuzz *f, struct frame *out, const uint8_t target[16])
{
	uint8_t us[16];

	six_address(OUR_IP, us);
	nd(f, out, SOLICIT + 1, PEER_IP, us, target, 0x60000000);
}

void
frame_nd_flood(struct fuzz *f, struct frame *out)
{
	uint8_t us[16];

	six_address(OUR_IP, us);
	nd(f, out, SOLICIT, 0x0a000000 + below(f, 1u << 24), us, us, 0);
}

void
frame_nd(struct fuzz *f, struct frame *out, uint32_t sender, uint32_t target)
{
	uint8_t type = SOLICIT + below(f, 2), a[16], b[16], *p;

	six_address(target, a);
	six_address(OUR_IP + below(f, OURS), b);
	if (chance(f, 40))
		memcpy(b, all_nodes, 16);
	else if (chance(f, 50))
		memcpy(b, (const uint8_t[16]){0xff, 2, [11] = 1, 0xff, a[13], a[14], a[15]}, 16);
	nd(f, out, type, sender, b, a, type == SOLICIT ? 0 : below(f, 8) << 29);
	if (b[0] == 0xff) {
		put16(out->b, 0x3333);
		memcpy(out->b + 2, b + 12, 4);
	}
	p = out->b + out->len - ND_LEN;
	if (chance(f, 20))
		memset(p + 26, PICK(f, 0, 0xff, 1, 2), 6);
	if (chance(f, 10))
		p[25] = PICK(f, 0, 2, 255);
	if (chance(f, 10))
		p[-33] = below(f, 256); /* hop limit */
	if (chance(f, 10)) {
		out->len -= 8;
		put16(p - IP_LEN + 4, ND_LEN - 8);
	}
	if (chance(f, 20))
		p[below(f, ND_LEN - 8)] = fuzz_random(f);
	if (!chance(f, 5))
		six_checksums(out);
	if (chance(f, 5))
		out->len = below(f, out->len + 1);
}

/* ---- ICMPv6 in */

/* An error about a segment the stack has sent. */
static void
icmp_error(struct fuzz *f, uint8_t *p, uint32_t len, struct frame *quoted)
{
	const uint8_t *ip = six_of(quoted);
	uint32_t n = ip ? quoted->b + quoted->len - ip : 0;

	p[0] = PICK(f, 1, 2, 2, 2, 2, 3, 4);
	p[1] = PICK(f, 0, 0, 0, 1, 2, 3, 4, 5);
	put32(p + 4, PICK(f, 0, 1, 68, 575, 576, 1279, 1280, 1281, 1400, 1499, 1500, 9000, 65535,
			     65536, 0xffffffff));
	memcpy(p + 8, ip ? ip : quoted->b, RTE_MIN(n, len - 8));
	if (chance(f, 20))
		put32(p + 52, get32(p + 52) + PICK(f, 1, 0xffffffff, 0x80000000));
	if (chance(f, 10))
		p[8 + below(f, 48)] = fuzz_random(f);
}

void
frame_icmp6(struct fuzz *f, struct frame *out)
{
	uint32_t recent = chance(f, 60) ? 4 : HISTORY;
	uint32_t len = PICK(f, 8, 8, 9, 55, 56, 56, 56, 64, 100, 1232, 1400);
	uint32_t src = PEER_IP + below(f, PEERS);
	uint32_t dst = OUR_IP + below(f, OURS);
	uint8_t *p;

	frame_ethernet(f, out, 0x86dd);
	p = six_header(f, out, src, dst, 58, len);
	for (uint32_t i = 0; i < len; i++)
		p[i] = fuzz_random(f);
	if (len >= 56 && f->n_out && chance(f, 80)) {
		uint32_t back = 1 + below(f, RTE_MIN(f->n_out, recent));

		icmp_error(f, p, len, &f->out[(f->n_out - back) % HISTORY]);
	} else {
		p[0] = PICK(f, 0, 1, 2, 4, 128, 128, 128, 129, 130, 133, 134, 137, 255);
		p[1] = p[0] == 128 && chance(f, 80) ? 0 : below(f, 8);
	}
	six_checksums(out);
}

/* ---- what comes out */

static bool
ours(const uint8_t a[16])
{
	return memcmp(a, link_local, 16) == 0 ||
	       (memcmp(a, net, 12) == 0 && get32(a + 12) - OUR_IP < OURS);
}

static bool
unicast(const uint8_t a[16])
{
	static const uint8_t low[15], mapped[12] = {[10] = 0xff, 0xff};

	return a[0] != 0xff && memcmp(a, mapped, 12) && (memcmp(a, low, 15) || a[15] > 1);
}

static void
nd_check(struct fuzz *f, const struct frame *fr, const uint8_t *ip, uint32_t len)
{
	const uint8_t *p = ip + IP_LEN, *dst = ip + 24;

	if (len != ND_LEN || ip[7] != 255 || p[1] || p[25] != 1 || memcmp(p + 26, our_mac, 6)) {
		fuzz_fail(f, "malformed Neighbor Discovery");
		return;
	}
	if (!unicast(p + 8) || ours(p + 8) == (p[0] == SOLICIT))
		fuzz_fail(f, "Neighbor Discovery about %x", get32(p + 20));
	if (p[0] == SOLICIT && p[24] == 1 && dst[0] == 0xff && memcmp(dst + 13, p + 21, 3))
		fuzz_fail(f, "a solicitation to another's group");
	if (p[0] == SOLICIT + 1 && dst[0] == 0xff && (p[4] & 0x40))
		fuzz_fail(f, "an answer to everybody");
	if ((dst[0] == 0xff) != (fr->b[0] == 0x33 && memcmp(fr->b + 2, dst + 12, 4) == 0))
		fuzz_fail(f, "a group's MAC address for another");
	if (p[0] == SOLICIT && f->n_asked6 < RTE_DIM(f->asked6))
		memcpy(f->asked6[f->n_asked6++], p + 8, 16);
}

/* Echo reply, or an error about a UDP datagram, no longer than any link takes. */
static void
icmp6_check(struct fuzz *f, const struct frame *fr, const uint8_t *ip, uint32_t len)
{
	const uint8_t *p = ip + IP_LEN;

	if (len < 8 || sum16(p, len, sum16(ip + 8, 32, 58 + len)) != 0xffff)
		fuzz_fail(f, "ICMPv6 of %u bytes, or its checksum", len);
	else if (p[0] == SOLICIT || p[0] == SOLICIT + 1)
		nd_check(f, fr, ip, len);
	else if (p[0] != 129 &&
		 (p[0] != 1 || p[1] != 4 || len + IP_LEN > 1280 || len < 8 + IP_LEN + 8))
		fuzz_fail(f, "ICMPv6 type %u code %u of %u bytes", p[0], p[1], len);
}

void
six_check(struct fuzz *f, const struct frame *fr, const uint8_t *p, uint32_t len)
{
	bool group = len >= IP_LEN && p[24] == 0xff;
	/* ECT(0), where ECN is on; no other traffic class. */
	bool ect = len >= IP_LEN && f->conf.tcp.ecn && p[6] == 6 && p[1] >> 4 == 2;

	if (len < IP_LEN || p[0] >> 4 != 6 || (p[0] & 0xf) || (p[1] >> 4 && !ect) ||
		get16(p + 4) != len - IP_LEN || p[7] == 0 || (p[6] == 6 && len > f->conf.mtu)) {
		fuzz_fail(f, "malformed IPv6 header");
		return;
	}
	if (!ours(p + 8))
		fuzz_fail(f, "from %x, which is not ours", get32(p + 20));
	if (p[6] != 58 && (!unicast(p + 24) || ours(p + 24)))
		fuzz_fail(f, "to %x", get32(p + 36));
	if (!group && (fr->b[0] & 1))
		fuzz_fail(f, "a packet to a group address");
	if (p[6] == 58)
		icmp6_check(f, fr, p, len - IP_LEN);
	else if (p[6] != 6)
		fuzz_fail(f, "next header %u", p[6]);
	else if ((get32(p) & 0xfffff) == 0)
		fuzz_fail(f, "no flow label");
	else
		output_tcp(f, p + IP_LEN, len - IP_LEN, sum16(p + 8, 32, 6 + len - IP_LEN));
}
