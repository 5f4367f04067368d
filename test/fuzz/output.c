/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whatever comes in, what goes out is well formed: lengths, checksums, addresses, flags that
 * a TCP may combine, and the bytes the application gave for those sequence numbers. Nothing
 * of lib/wire is used.
 */
#include <stdio.h>
#include <string.h>

#include "fuzz.h"

#define IP_LEN  20
#define TCP_LEN 20

static bool
ours(const struct fuzz *f, uint32_t ip)
{
	(void)f;
	return ip - OUR_IP < OURS;
}

static bool
unicast(uint32_t ip)
{
	return ip >> 24 && ip >> 24 != 127 && ip >> 28 < 0xe;
}

static void
arp_check(struct fuzz *f, const struct frame *fr, const uint8_t *p, uint32_t len)
{
	static const uint8_t fixed[] = {0, 1, 8, 0, 6, 4, 0};
	uint32_t target;

	if (len != 28 || memcmp(p, fixed, sizeof(fixed)) || p[7] < 1 || p[7] > 2) {
		fuzz_fail(f, "malformed ARP");
		return;
	}
	target = get32(p + 24);
	if (memcmp(p + 8, our_mac, 6) || !ours(f, get32(p + 14)))
		fuzz_fail(f, "ARP in another's name");
	if (p[7] == 2 && (fr->b[0] & 1))
		fuzz_fail(f, "ARP reply to a group address");
	if (p[7] == 1 && !unicast(target))
		fuzz_fail(f, "ARP request for %x", target);
	if (p[7] == 1 && get32(p + 14) != target && f->n_asked < RTE_DIM(f->asked))
		f->asked[f->n_asked++] = target;
}

static void
icmp_check(struct fuzz *f, const uint8_t *p, uint32_t len)
{
	bool echo = len >= 8 && p[0] == 0 && p[1] == 0;
	/* About a UDP datagram: its header and eight bytes are quoted. */
	bool unreachable = len >= 8 + 28 && p[0] == 3 && p[1] == 3 && p[8 + 9] == 17;

	if ((!echo && !unreachable) || sum16(p, len, 0) != 0xffff)
		fuzz_fail(f, "an ICMP message that is neither echo reply nor port unreachable");
}

/* SACK blocks: as many as the length says, none of them empty, no more than fit. */
static void
sack_check(struct fuzz *f, const uint8_t *p)
{
	if (p[1] % 8 != 2 || p[1] < 10 || p[1] > 34) {
		fuzz_fail(f, "a SACK option of %u bytes", p[1]);
		return;
	}
	if (!f->conf.tcp.sack)
		fuzz_fail(f, "a SACK option, and SACK is off");
	for (uint32_t at = 2; at < p[1]; at += 8)
		if ((int32_t)(get32(p + at + 4) - get32(p + at)) <= 0)
			fuzz_fail(
				f, "a SACK block from %u to %u", get32(p + at), get32(p + at + 4));
}

/* Options: each complete, the list ends where the header does. */
static void
options_check(struct fuzz *f, const uint8_t *p, uint32_t len, uint8_t flags)
{
	for (uint32_t at = 0; at < len;) {
		uint8_t kind = p[at];

		if (kind == 1) {
			at++;
			continue;
		}
		if (at + 2 > len || p[at + 1] < 2 || at + p[at + 1] > len) {
			fuzz_fail(f, "malformed option");
			return;
		}
		if (kind == 5)
			sack_check(f, p + at);
		if (kind == 28 && f->conf.tcp.user_timeout_option)
			; /* RFC 5482: on any segment */
		else if (kind == 5 ? flags & SYN : kind != 8 && !(flags & SYN))
			fuzz_fail(f, "option %u in a segment with flags %x", kind, flags);
		at += p[at + 1];
	}
	if ((flags & RST) && len)
		fuzz_fail(f, "a RST with options");
}

/* The payload is what the application gave to go under these numbers. */
static void
payload_check(struct fuzz *f, const uint8_t *p, uint32_t len, uint32_t seq)
{
	for (uint32_t i = 0; i < len && !f->unpatterned; i++)
		if (p[i] != app_byte(seq + i)) {
			fuzz_fail(
				f, "byte %u of %u under sequence number %u is wrong", i, len, seq);
			return;
		}
}

static void
flags_check(struct fuzz *f, uint8_t flags, uint32_t payload)
{
	if ((flags & RST) && (flags & (SYN | FIN)))
		fuzz_fail(f, "RST with SYN or FIN");
	if ((flags & SYN) && (flags & FIN))
		fuzz_fail(f, "SYN with FIN");
	if (!(flags & (SYN | RST | ACK)))
		fuzz_fail(f, "flags %x", flags);
	if (payload && (flags & (SYN | RST)))
		fuzz_fail(f, "%u bytes in a SYN or RST", payload);
}

void
output_tcp(struct fuzz *f, const uint8_t *p, uint32_t len, uint16_t pseudo)
{
	uint32_t header = (p[12] >> 4) * 4;
	uint32_t limit = f->conf.tcp.mss ? f->conf.tcp.mss : f->conf.mtu;

	if (len < TCP_LEN || header < TCP_LEN || header > len) {
		fuzz_fail(f, "TCP header of %u in %u bytes", header, len);
		return;
	}
	if (sum16(p, len, pseudo) != 0xffff)
		fuzz_fail(f, "TCP checksum");
	if ((p[12] & 0xf) || (p[13] & (f->conf.tcp.ecn ? 0x20 : 0xe0)) || get16(p + 18))
		fuzz_fail(f, "reserved bits or an urgent pointer");
	if (len - TCP_LEN > RTE_MAX(limit, 48u))
		fuzz_fail(f, "%u bytes, MSS %u", len - TCP_LEN, limit);
	flags_check(f, p[13], len - header);
	options_check(f, p + TCP_LEN, header - TCP_LEN, p[13]);
	payload_check(f, p + header, len - header, get32(p + 4));
}

static void
ip_check(struct fuzz *f, const struct frame *fr, const uint8_t *p, uint32_t len)
{
	uint32_t src, dst;

	/* An echo is as long as what it answers. */
	if (len < IP_LEN || p[0] != 0x45 || get16(p + 2) != len ||
		(p[9] == 6 && len > f->conf.mtu)) {
		fuzz_fail(f, "malformed IPv4 header");
		return;
	}
	src = get32(p + 12);
	dst = get32(p + 16);
	if (sum16(p, IP_LEN, 0) != 0xffff || (get16(p + 6) & 0xbfff) || p[8] == 0)
		fuzz_fail(f, "IPv4 checksum, fragment or TTL");
	if (!ours(f, src))
		fuzz_fail(f, "from %x, which is not ours", src);
	if (!unicast(dst) || ours(f, dst))
		fuzz_fail(f, "to %x", dst);
	if (fr->b[0] & 1)
		fuzz_fail(f, "a packet to a group address");
	if (p[9] == 1)
		icmp_check(f, p + IP_LEN, len - IP_LEN);
	else if (p[9] == 6)
		output_tcp(f, p + IP_LEN, len - IP_LEN, sum16(p + 12, 8, 6 + len - IP_LEN));
	else
		fuzz_fail(f, "protocol %u", p[9]);
}

void
output_check(struct fuzz *f, const struct frame *fr)
{
	uint32_t at = f->conf.vlan ? 18 : 14;

	if (fr->len < at || memcmp(fr->b + 6, our_mac, 6)) {
		fuzz_fail(f, "a frame of %u bytes, or not from us", fr->len);
		return;
	}
	if (f->conf.vlan && (get16(fr->b + 12) != 0x8100 || get16(fr->b + 14) != f->conf.vlan))
		fuzz_fail(f, "not of VLAN %u", f->conf.vlan);
	if (get16(fr->b + at - 2) == 0x0806)
		arp_check(f, fr, fr->b + at, fr->len - at);
	else if (get16(fr->b + at - 2) == 0x0800)
		ip_check(f, fr, fr->b + at, fr->len - at);
	else if (get16(fr->b + at - 2) == 0x86dd && f->six)
		six_check(f, fr, fr->b + at, fr->len - at);
	else
		fuzz_fail(f, "ethertype %x", get16(fr->b + at - 2));
}

/* ---- the trace */

static int
describe_tcp(const uint8_t *ip, const uint8_t *end, char *text, size_t size)
{
	const uint8_t *p = ip + (ip[0] & 0xf) * 4;
	int at = 0;

	if (p + TCP_LEN > end)
		return snprintf(text, size, " TCP, cut");
	for (int i = 0; i < 6; i++)
		if (p[13] & 1u << i)
			at += snprintf(text + at, size - at, " %c", "FSRPAU"[i]);
	at += snprintf(text + at, size - at, " %u > %u seq %u ack %u win %u len %d", get16(p),
		get16(p + 2), get32(p + 4), get32(p + 8), get16(p + 14),
		get16(ip + 2) - (ip[0] & 0xf) * 4 - (p[12] >> 4) * 4);
	for (const uint8_t *o = p + TCP_LEN; o < end && o < p + (p[12] >> 4) * 4; o++)
		at += snprintf(
			text + at, size - at, "%s%02x", o == p + TCP_LEN ? " opts " : "", *o);
	return at;
}

void
output_describe(const struct frame *fr, char *text, size_t size)
{
	uint32_t at = fr->len >= 18 && get16(fr->b + 12) == 0x8100 ? 18 : 14;
	const uint8_t *p = fr->b + at, *end = fr->b + fr->len;
	int n = snprintf(text, size, "%4u bytes", fr->len);

	if (fr->len < at + 20)
		return;
	if (get16(p - 2) == 0x0806 && fr->len >= at + 28) {
		snprintf(text + n, size - n, " ARP %u sender %08x target %08x", get16(p + 6),
			get32(p + 14), get32(p + 24));
	} else if (get16(p - 2) == 0x0800) {
		n += snprintf(
			text + n, size - n, " IPv4 %08x > %08x", get32(p + 12), get32(p + 16));
		if (p[9] == 6)
			describe_tcp(p, end, text + n, size - n);
		else
			snprintf(text + n, size - n, " protocol %u", p[9]);
	} else if (get16(p - 2) == 0x86dd && fr->len >= at + 60) {
		snprintf(text + n, size - n,
			" IPv6 %08x%08x > %08x%08x next %u: %08x %08x %08x %08x %08x", get32(p + 8),
			get32(p + 20), get32(p + 24), get32(p + 36), p[6], get32(p + 40),
			get32(p + 44), get32(p + 48), get32(p + 52), get32(p + 56));
	} else {
		snprintf(text + n, size - n, " ethertype %04x", get16(p - 2));
	}
}
