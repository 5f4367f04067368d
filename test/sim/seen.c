/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "seen.h"

#define ETH_LEN 14
#define IP_LEN  20

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

enum seen_kind
seen_parse(const uint8_t *frame, uint32_t len, struct seen *s, const char **why)
{
	const uint8_t *ip = frame + ETH_LEN, *tcp = ip + IP_LEN;
	uint32_t total, head;

	memset(s, 0, sizeof(*s));
	if (len >= ETH_LEN && get16(frame + 12) == 0x0806)
		return SEEN_ARP;
	*why = "no IPv4 packet with TCP";
	if (len < ETH_LEN + IP_LEN + 20 || get16(frame + 12) != 0x0800 || ip[0] != 0x45 ||
		ip[9] != 6)
		return SEEN_BAD;
	total = get16(ip + 2);
	head = (tcp[12] >> 4) * 4;
	*why = "lengths that do not fit";
	if (total + ETH_LEN != len || head < 20 || IP_LEN + head > total)
		return SEEN_BAD;
	*why = "a wrong IP checksum";
	if (sum(ip, IP_LEN, 0))
		return SEEN_BAD;
	*why = "a wrong TCP checksum";
	if (sum(tcp, total - IP_LEN,
		    (uint64_t)get16(ip + 12) + get16(ip + 14) + get16(ip + 16) + get16(ip + 18) +
			    6 + total - IP_LEN))
		return SEEN_BAD;
	s->saddr = get32(ip + 12);
	s->daddr = get32(ip + 16);
	s->sport = get16(tcp);
	s->dport = get16(tcp + 2);
	s->seq = get32(tcp + 4);
	s->ack = get32(tcp + 8);
	s->flags = tcp[13];
	s->ecn = ip[1] & 3;
	s->wnd = get16(tcp + 14);
	s->data = tcp + head;
	s->len = total - IP_LEN - head;
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
