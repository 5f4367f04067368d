/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire/tcp_options: TCP options, from bytes and to bytes (OP-01 to OP-05, OP-07, OP-08).
 *
 * Parsing is total: any 40 bytes give an answer. What an option means for a
 * connection (SYN only, both sides or none, clamping) is tcp/negotiate.c's business.
 */
#ifndef SPATE_WIRE_TCP_OPTIONS_H
#define SPATE_WIRE_TCP_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

#include "wire/words.h"

#define TCP_OPT_EOL         0
#define TCP_OPT_NOP         1
#define TCP_OPT_MSS         2
#define TCP_OPT_WSCALE      3
#define TCP_OPT_SACK_PERMIT 4
#define TCP_OPT_SACK        5
#define TCP_OPT_TIMESTAMP   8
#define TCP_OPT_MD5         19 /* RFC 2385, obsolete: must not be beside TCP-AO */
#define TCP_OPT_UTO         28 /* RFC 5482 */
#define TCP_OPT_AUTH        29 /* TCP-AO: tcp/auth.h */

#define TCP_OPTIONS_MAX   40 /* the data offset allows no more */
#define TCP_OPT_UTO_LEN   4
#define TCP_OPT_AUTH_LEN  16 /* with a MAC of 96 bits: no padding needed */
#define TCP_OPT_TS_PADDED 12 /* NOP NOP kind len TSval TSecr, the layout of RFC 7323 app. A */
#define TCP_OPT_TS_HEAD   0x0101080a /* the first four of them */

#define TCP_SACK_BLOCKS_MAX 4
/* NOP NOP kind len and n blocks, the layout of RFC 2018 3 */
#define TCP_OPT_SACK_LEN(n) (4u + 8u * (n))

/* Numbers from `left` up to, not including, `right`. */
struct tcp_sack_block {
	uint32_t left, right;
};

struct tcp_options {
	uint16_t mss;
	uint8_t wscale; /* as carried, not clamped */
	bool has_mss, has_wscale, has_ts, sack_permitted;
	bool has_auth;  /* parsed only: there is a TCP-AO, whatever is in it */
	bool malformed; /* parsing ended early; what came before is kept */
	uint8_t n_sack; /* blocks, as carried: any numbers */
	uint32_t tsval, tsecr;
	struct tcp_sack_block sack[TCP_SACK_BLOCKS_MAX];
	bool has_uto;
	uint16_t uto; /* as carried: tcp_option_uto_ms() */
};

/*
 * A user timeout as its option carries it: 15 bits of seconds, or where they are too few of
 * minutes, rounded up; and back to milliseconds.
 */
uint16_t tcp_option_uto(uint32_t ms);
uint32_t tcp_option_uto_ms(uint16_t uto);

/*
 * OP-01: EOL ends parsing, NOP is one byte, an unknown kind is skipped by its
 * length, a length of 0 or 1 or past the end (or wrong for its kind) ends parsing.
 */
void tcp_options_parse(const uint8_t *p, uint32_t len, struct tcp_options *out);

/*
 * The common data segment carries just NOP NOP TIMESTAMP: recognise it with one
 * comparison. Returns false for any other layout, which then takes the long way.
 *
 * Word by word: of a copy compilers write eight bytes and four, and read the middle eight, which no
 * store has in one piece, so the load waits until all stores before it have left the core (6 % of
 * a server's cycles; and they may be on their way to a line of another core).
 */
static inline bool
tcp_options_parse_ts_only(const uint8_t *p, uint32_t len, uint32_t *tsval, uint32_t *tsecr)
{
	if (len != TCP_OPT_TS_PADDED)
		return false;
	*tsval = word_be32(word_get(p, 1));
	*tsecr = word_be32(word_get(p, 2));
	return word_get(p, 0) == RTE_BE32(TCP_OPT_TS_HEAD);
}

/* Write just that, TCP_OPT_TS_PADDED bytes; returns their sum (wire/checksum.h). */
static inline uint64_t
tcp_options_build_ts_only(uint8_t *p, uint32_t tsval, uint32_t tsecr)
{
	const uint32_t head = RTE_BE32(TCP_OPT_TS_HEAD);
	const uint32_t val = word_be32(tsval), ecr = word_be32(tsecr);

	word_put(p, 0, head);
	word_put(p, 1, val);
	word_put(p, 2, ecr);
	return (uint64_t)head + val + ecr;
}

/*
 * Write what `o` has, SACK blocks excepted, padded with NOPs to a multiple of four; returns the
 * bytes written (<= 40).
 */
uint8_t tcp_options_build(uint8_t *p, const struct tcp_options *o);

/* Write `n` SACK blocks, TCP_OPT_SACK_LEN(n) bytes, which it returns. */
uint8_t tcp_options_build_sack(uint8_t *p, const struct tcp_sack_block *blocks, uint32_t n);

#endif
