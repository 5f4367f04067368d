/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ranges: a set of sequence numbers, kept as ranges in order that do not touch. When there are
 * too many of them it knows nothing any more, and says yes to everything.
 */
#ifndef TEST_SIM_RANGES_H
#define TEST_SIM_RANGES_H

#include <stdbool.h>
#include <stdint.h>

#define RANGES_MAX 256

struct ranges {
	bool unknown;
	uint32_t n;
	struct range {
		uint32_t from, to; /* `to` is behind the last */
	} r[RANGES_MAX];
};

void ranges_add(struct ranges *s, uint32_t from, uint32_t to);

/* Are all of them in it? */
bool ranges_have(const struct ranges *s, uint32_t from, uint32_t to);

/* Add to `s` what of these is in `of`. */
void ranges_add_common(struct ranges *s, const struct ranges *of, uint32_t from, uint32_t to);

/* The first number from `from` on that is not in it. */
uint32_t ranges_end(const struct ranges *s, uint32_t from);

#endif
