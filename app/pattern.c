/* SPDX-License-Identifier: BSD-3-Clause */
#include "pattern.h"

#include <string.h>

static void
group(uint8_t out[8], uint64_t k)
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 6; i >= 0; i--, k >>= 4)
		out[i] = digits[k & 0xf];
	out[7] = '\n';
}

void
pattern_fill(uint8_t *p, uint64_t at, uint32_t len)
{
	uint8_t g[8];

	while (len > 0) {
		uint32_t skip = at % 8;
		uint32_t n = 8 - skip < len ? 8 - skip : len;

		group(g, at / 8);
		memcpy(p, g + skip, n);
		p += n;
		at += n;
		len -= n;
	}
}

/* The beginning, twice, made once: most of what is sent and checked is within it. */
static uint8_t at_first[PATTERN_BLOCK];
static uint8_t *block = at_first;

void
pattern_init(void)
{
	pattern_fill(block, 0, PATTERN_PERIOD);
	memcpy(block + PATTERN_PERIOD, block, PATTERN_PERIOD);
}

void
pattern_move(uint8_t *to)
{
	memcpy(to, block, PATTERN_BLOCK);
	block = to;
}

bool
pattern_check(const uint8_t *p, uint64_t at, uint32_t len)
{
	uint8_t want[256];

	if (at + len <= PATTERN_PERIOD)
		return memcmp(p, block + at, len) == 0;
	while (len > 0) {
		uint32_t n = len < sizeof(want) ? len : sizeof(want);

		pattern_fill(want, at, n);
		if (memcmp(p, want, n))
			return false;
		p += n;
		at += n;
		len -= n;
	}
	return true;
}

const uint8_t *
pattern_block(uint64_t at, uint32_t *len)
{
	uint32_t skip = at % PATTERN_PERIOD;

	*len = PATTERN_BLOCK - skip;
	return block + skip;
}

bool
pattern_check_again(const uint8_t *p, uint64_t at, uint32_t len)
{
	while (len > 0) {
		uint32_t n;
		const uint8_t *want = pattern_block(at, &n);

		n = len < n ? len : n;
		if (memcmp(p, want, n))
			return false;
		p += n;
		at += n;
		len -= n;
	}
	return true;
}
