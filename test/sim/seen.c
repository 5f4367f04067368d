/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "seen.h"

#define ETH_LEN 14
#define IP_LEN  20
#define IP6_LEN 40

static uint16_t
get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

/* Internet checksum; 0 over intact data that includes it. */
static uint16_t
sum(const uint8_t *p, uint32_t len, uint64_t s)
{
	for (; len >= 2; p += 2, len -= 2)
		s += get16(p);
	if (len)
		s += *p << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return ~s;
}

static void
blocks(const uint8_t *p, uint32_t n, struct seen *s)
{
	s->n_sack = n;
	for (uint32_t i = 0; i < n; i++)
		s->sack[i] = (struct seen_block){get32(p + 8 * i), get32(p + 8 * i + 4)};
}

static const char *
options(const uint8_t *p, uint32_t len, struct seen *s)
{
	s->wscale = -1;
	for (uint32_t at = 0; at < len && p[at] != 0;) {
		uint8_t n = p[at] == 1 ? 1 : at + 1 < len ? p[at + 1] : 0;

		if (n == 0 || (n == 1 && p[at] != 1) || at + n > len)
			return "options end in nonsense";
		if (p[at] == 2 && n == 4)
			s->mss = get16(p + at + 2);
		else if (p[at] == 3 && n == 3)
			s->wscale = p[at + 2];
		else if (p[at] == 8 && n == 10) {
			s->has_ts = true;
			s->tsval = get32(p + at + 2);
			s->tsecr = get32(p + at + 6);
		} else if (p[at] == 4 && n == 2)
			s->sack_ok = true;
		else if (p[at] == 5 && n > 2 && n % 8 == 2)
			blocks(p + at + 2, n / 8, s);
		else if (p[at] != 1)
			return "an option never asked for";
		at += n;
	}
	return NULL;
}

/* The IP header: sets what is in front of TCP, and where that is. NULL, or what is wrong. */
static const char *
parse_v4(const uint8_t *ip, uint32_t len, struct seen *s, const uint8_t **tcp, uint64_t *pseudo)
{
	if (len < IP_LEN + 20 || ip[0] != 0x45 || ip[9] != 6)
		return "no IPv4 packet with TCP";
	if (get16(ip + 2) != len)
		return "lengths that do not fit";
	if (sum(ip, IP_LEN, 0))
		return "a wrong IP checksum";
	for (int i = 12; i < 20; i += 2)
		*pseudo += get16(ip + i);
	s->saddr = get32(ip + 12);
	s->daddr = get32(ip + 16);
	*tcp = ip + IP_LEN;
	return NULL;
}

static const char *
parse_v6(const uint8_t *ip, uint32_t len, struct seen *s, const uint8_t **tcp, uint64_t *pseudo)
{
	static const uint8_t net[12] = {0x20, 1, 0, 2};

	if (len < IP6_LEN + 20 || ip[0] >> 4 != 6 || ip[6] != 6)
		return "no IPv6 packet with TCP";
	if (get16(ip + 4) != len - IP6_LEN)
		return "lengths that do not fit";
	if ((get32(ip) & 0xfffff) == 0)
		return "no flow label";
	if (memcmp(ip + 8, net, 12) || memcmp(ip + 24, net, 12))
		return "addresses of strangers";
	for (int i = 8; i < 40; i += 2)
		*pseudo += get16(ip + i);
	s->saddr = get32(ip + 20);
	s->daddr = get32(ip + 36);
	*tcp = ip + IP6_LEN;
	return NULL;
}

enum seen_kind
seen_parse(const uint8_t *frame, uint32_t len, struct seen *s, const char **why)
{
	const uint8_t *ip = frame + ETH_LEN, *tcp = NULL;
	uint16_t type = len >= ETH_LEN + IP_LEN ? get16(frame + 12) : 0;
	uint64_t pseudo = 6;
	uint32_t head;

	memset(s, 0, sizeof(*s));
	if (type == 0x0806 || (type == 0x86dd && ip[6] == 58))
		return SEEN_ARP;
	len -= ETH_LEN;
	*why = "neither IPv4 nor IPv6";
	if (type == 0x0800)
		*why = parse_v4(ip, len, s, &tcp, &pseudo);
	else if (type == 0x86dd)
		*why = parse_v6(ip, len, s, &tcp, &pseudo);
	if (*why)
		return SEEN_BAD;
	len -= tcp - ip;
	head = (tcp[12] >> 4) * 4;
	*why = "a header longer than its segment";
	if (head < 20 || head > len)
		return SEEN_BAD;
	*why = "a wrong TCP checksum";
	if (sum(tcp, len, pseudo + len))
		return SEEN_BAD;
	s->sport = get16(tcp);
	s->dport = get16(tcp + 2);
	s->seq = get32(tcp + 4);
	s->ack = get32(tcp + 8);
	s->flags = tcp[13];
	s->ecn = (ip[0] >> 4 == 4 ? ip[1] : ip[1] >> 4) & 3;
	s->wnd = get16(tcp + 14);
	s->data = tcp + head;
	s->len = len - head;
	*why = options(tcp + 20, head - 20, s);
	return *why ? SEEN_BAD : SEEN_TCP;
}

const char *
seen_flags(uint8_t flags)
{
	static const char *const name[] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG"};
	static char text[32];

	text[0] = 0;
	for (int i = 0; i < 6; i++)
		if (flags & 1 << i) {
			if (text[0])
				strcat(text, ",");
			strcat(text, name[i]);
		}
	return text;
}
