/* SPDX-License-Identifier: BSD-3-Clause */
/* packet6: IPv6 packets with extension headers, for the tests of wire's parsers. */
#ifndef SPATE_TEST_PACKET6_H
#define SPATE_TEST_PACKET6_H

#include "unit.h"

#define HOP_BY_HOP  0
#define TCP         6
#define ROUTING     43
#define FRAGMENT    44
#define AUTH        51
#define ICMP6       58
#define NO_NEXT     59
#define DESTINATION 60

static const uint8_t US[16] = {0x20, 0x01, 0, 2, [15] = 1};
static const uint8_t PEER[16] = {0x20, 0x01, 0, 2, [15] = 2};

struct packet {
	uint8_t b[2048];
	uint32_t len;
	uint8_t *next; /* where the next header's number goes */
};

static inline void
packet_begin(struct packet *p)
{
	memset(p, 0, sizeof(*p));
	p->b[0] = 0x60;
	p->b[7] = 61;
	memcpy(p->b + 8, PEER, 16);
	memcpy(p->b + 24, US, 16);
	p->len = 40;
	p->next = p->b + 6;
}

/* `len` bytes of the header number `kind`; the first of them will say what follows. */
static inline uint8_t *
packet_extension(struct packet *p, uint8_t kind, uint32_t len)
{
	uint8_t *at = p->b + p->len;

	*p->next = kind;
	p->next = at;
	p->len += len;
	if (kind == AUTH)
		at[1] = len / 4 - 2;
	else if (kind != FRAGMENT)
		at[1] = len / 8 - 1;
	/* Options that fill the header: one Pad1, PadN for the rest. */
	if (kind == HOP_BY_HOP || kind == DESTINATION) {
		at[3] = 1;
		at[4] = len - 5;
	}
	return at;
}

static inline void
packet_end(struct packet *p, uint8_t protocol, uint32_t payload)
{
	*p->next = protocol;
	for (uint32_t i = 0; i < payload; i++)
		p->b[p->len++] = i;
	p->b[4] = (p->len - 40) >> 8;
	p->b[5] = p->len - 40;
}

#endif
