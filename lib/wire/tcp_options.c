/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/tcp_options.h"

#include <string.h>

#include <rte_byteorder.h>

static uint32_t
get32(const uint8_t *p)
{
	rte_be32_t v;

	memcpy(&v, p, sizeof(v));
	return rte_be_to_cpu_32(v);
}

static void
put32(uint8_t *p, uint32_t v)
{
	rte_be32_t be = rte_cpu_to_be_32(v);

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

void
tcp_options_parse(const uint8_t *p, uint32_t len, struct tcp_options *out)
{
	uint32_t at = 0;

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
	uint8_t at = 0;

	if (o->has_mss) {
		p[at++] = TCP_OPT_MSS;
		p[at++] = 4;
		p[at++] = o->mss >> 8;
		p[at++] = o->mss & 0xff;
	}
	if (o->has_ts) {
		/* SACK-permitted takes the place of the two NOPs where both are sent. */
		p[at++] = o->sack_permitted ? TCP_OPT_SACK_PERMIT : TCP_OPT_NOP;
		p[at++] = o->sack_permitted ? 2 : TCP_OPT_NOP;
		p[at++] = TCP_OPT_TIMESTAMP;
		p[at++] = 10;
		put32(p + at, o->tsval);
		put32(p + at + 4, o->tsecr);
		at += 8;
	} else if (o->sack_permitted) {
		p[at++] = TCP_OPT_NOP;
		p[at++] = TCP_OPT_NOP;
		p[at++] = TCP_OPT_SACK_PERMIT;
		p[at++] = 2;
	}
	if (o->has_wscale) {
		p[at++] = TCP_OPT_NOP;
		p[at++] = TCP_OPT_WSCALE;
		p[at++] = 3;
		p[at++] = o->wscale;
	}
	if (o->has_uto) {
		p[at++] = TCP_OPT_UTO;
		p[at++] = TCP_OPT_UTO_LEN;
		p[at++] = o->uto >> 8;
		p[at++] = o->uto & 0xff;
	}
	return at;
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
