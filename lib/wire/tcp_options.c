/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/tcp_options.h"

#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>

static uint32_t
get32(const uint8_t *p)
{
	rte_be32_t v;

	memcpy(&v, p, sizeof(v));
	return word_be32(v);
}

static void
put32(uint8_t *p, uint32_t v)
{
	rte_be32_t be = word_be32(v);

	memcpy(p, &be, sizeof(be));
}

/* RFC 2018 3: 8n + 2 bytes of n blocks. */
static bool
take_sack(const uint8_t *p, uint8_t len, struct tcp_options *out)
{
	uint32_t n = (len - 2u) / 8;

	if (len % 8 != 2 || n > TCP_SACK_BLOCKS_MAX)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		out->sack[i].left = get32(p + 2 + 8 * i);
		out->sack[i].right = get32(p + 6 + 8 * i);
	}
	out->n_sack = n;
	return true;
}

/* One option of kind `kind` and whole length `len` at `p`. False when the length is a lie. */
static bool
take(uint8_t kind, const uint8_t *p, uint8_t len, struct tcp_options *out)
{
	switch (kind) {
	case TCP_OPT_MSS:
		if (len != 4)
			return false;
		out->has_mss = true;
		out->mss = p[2] << 8 | p[3];
		return true;
	case TCP_OPT_WSCALE:
		if (len != 3)
			return false;
		out->has_wscale = true;
		out->wscale = p[2];
		return true;
	case TCP_OPT_SACK_PERMIT:
		if (len != 2)
			return false;
		out->sack_permitted = true;
		return true;
	case TCP_OPT_TIMESTAMP:
		if (len != 10)
			return false;
		out->has_ts = true;
		out->tsval = get32(p + 2);
		out->tsecr = get32(p + 6);
		return true;
	case TCP_OPT_UTO:
		if (len != TCP_OPT_UTO_LEN)
			return false;
		out->has_uto = true;
		out->uto = p[2] << 8 | p[3];
		return true;
	case TCP_OPT_SACK:
		return take_sack(p, len, out);
	case TCP_OPT_AUTH:
		out->has_auth = true;
		return true;
	default:
		return true;
	}
}

#define UTO_MINUTES 0x8000 /* RFC 5482 3: the granularity bit */

uint16_t
tcp_option_uto(uint32_t ms)
{
	uint32_t seconds = ms / 1000 + !!(ms % 1000);
	uint32_t minutes = seconds / 60 + !!(seconds % 60);

	if (seconds < UTO_MINUTES)
		return seconds;
	return UTO_MINUTES | (minutes < UTO_MINUTES ? minutes : UTO_MINUTES - 1);
}

uint32_t
tcp_option_uto_ms(uint16_t uto)
{
	uint32_t units = uto & (UTO_MINUTES - 1);

	return uto & UTO_MINUTES ? units * 60000 : units * 1000;
}

/* What nearly every SYN has, word by word: MSS, SACK-permitted, timestamps, window scale. */
#define SYN_WORDS 5
#define SYN_MSS   0x02040000u
#define SYN_TS    0x0402080au /* SACK-permitted in front of it */
#define SYN_SCALE 0x01030300u
#define SYN_SACK  0x01010402u /* SACK-permitted where there are no timestamps */

/* The same at once, in the usual layout: a sixth of the instructions. False: some other. */
static bool
parse_usual_syn(const uint8_t *p, uint32_t len, struct tcp_options *out)
{
	uint32_t mss, scale;

	if (len != 4 * SYN_WORDS || get32(p + 4) != SYN_TS)
		return false;
	mss = get32(p);
	scale = get32(p + 16);
	if (mss >> 16 != SYN_MSS >> 16 || scale >> 8 != SYN_SCALE >> 8)
		return false;
	*out = (struct tcp_options){
		.has_mss = true,
		.mss = mss & UINT16_MAX,
		.has_ts = true,
		.tsval = get32(p + 8),
		.tsecr = get32(p + 12),
		.sack_permitted = true,
		.has_wscale = true,
		.wscale = scale & UINT8_MAX,
	};
	return true;
}

void
tcp_options_parse(const uint8_t *p, uint32_t len, struct tcp_options *out)
{
	uint32_t at = 0;

	if (likely(parse_usual_syn(p, len, out)))
		return;
	memset(out, 0, sizeof(*out));
	while (at < len) {
		uint8_t kind = p[at];

		if (kind == TCP_OPT_EOL)
			return;
		if (kind == TCP_OPT_NOP) {
			at++;
			continue;
		}
		if (at + 1 >= len || p[at + 1] < 2 || at + p[at + 1] > len ||
			!take(kind, p + at, p[at + 1], out)) {
			out->malformed = true;
			return;
		}
		at += p[at + 1];
	}
}

uint8_t
tcp_options_build(uint8_t *p, const struct tcp_options *o)
{
	uint32_t n = 0;

	if (o->has_mss)
		word_put(p, n++, word_be32(SYN_MSS | o->mss));
	if (o->has_ts) {
		/* SACK-permitted takes the place of the two NOPs where both are sent. */
		word_put(p, n++, word_be32(o->sack_permitted ? SYN_TS : TCP_OPT_TS_HEAD));
		word_put(p, n++, word_be32(o->tsval));
		word_put(p, n++, word_be32(o->tsecr));
	} else if (o->sack_permitted) {
		word_put(p, n++, RTE_BE32(SYN_SACK));
	}
	if (o->has_wscale)
		word_put(p, n++, word_be32(SYN_SCALE | o->wscale));
	if (o->has_uto)
		word_put(p, n++,
			word_be32((uint32_t)TCP_OPT_UTO << 24 | TCP_OPT_UTO_LEN << 16 | o->uto));
	return 4 * n;
}

uint8_t
tcp_options_build_sack(uint8_t *p, const struct tcp_sack_block *blocks, uint32_t n)
{
	p[0] = p[1] = TCP_OPT_NOP;
	p[2] = TCP_OPT_SACK;
	p[3] = TCP_OPT_SACK_LEN(n) - 2;
	for (uint32_t i = 0; i < n; i++) {
		put32(p + 4 + 8 * i, blocks[i].left);
		put32(p + 8 + 8 * i, blocks[i].right);
	}
	return TCP_OPT_SACK_LEN(n);
}
