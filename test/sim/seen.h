/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * seen: a frame as an observer of the wire reads it, with code of its own, so that an
 * error of the library's parsers and builders is not made twice.
 */
#ifndef TEST_SIM_SEEN_H
#define TEST_SIM_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define PSH 0x08
#define ACK 0x10

struct seen_block {
	uint32_t left, right;
};

struct seen {
	uint32_t saddr, daddr; /* host order; of IPv6 the last 32 bits */
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint32_t len; /* payload bytes */
	const uint8_t *data;
	uint16_t wnd; /* as carried */
	uint16_t mss; /* 0: no option */
	uint8_t flags;
	uint8_t ecn;   /* of the IP header */
	int8_t wscale; /* -1: no option */
	bool has_ts;
	uint32_t tsval, tsecr;
	bool sack_ok;
	uint32_t n_sack;
	struct seen_block sack[4];
};

/* SEG.LEN */
static inline uint32_t
seen_len(const struct seen *s)
{
	return s->len + !!(s->flags & SYN) + !!(s->flags & FIN);
}

enum seen_kind {
	SEEN_TCP,
	SEEN_ARP, /* or Neighbor Discovery */
	SEEN_BAD, /* *why says what is wrong with it */
};

enum seen_kind seen_parse(const uint8_t *frame, uint32_t len, struct seen *s, const char **why);

/* "SYN,ACK" */
const char *seen_flags(uint8_t flags);

#endif
