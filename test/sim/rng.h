/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rng: where all chance in a simulation comes from. One stream for each purpose, so that
 * one more question asked of the one does not change the answers of another.
 */
#ifndef TEST_SIM_RNG_H
#define TEST_SIM_RNG_H

#include <stdbool.h>
#include <stdint.h>

#include "../rng.h"

static inline struct rng
rng_stream(uint64_t seed, uint64_t purpose)
{
	struct rng r = {seed * 0xd1342543de82ef95ull + purpose};

	r.state = rng_next(&r);
	return r;
}

/* lo to hi, both included. */
static inline uint64_t
rng_range(struct rng *r, uint64_t lo, uint64_t hi)
{
	return lo + rng_next(r) % (hi - lo + 1);
}

/* The same, each doubling as likely as another. `lo` is 1 at least. */
static inline uint64_t
rng_log(struct rng *r, uint64_t lo, uint64_t hi)
{
	uint32_t doublings = 0;

	while (lo << (doublings + 1) <= hi)
		doublings++;
	lo <<= rng_next(r) % (doublings + 1);
	return rng_range(r, lo, 2 * lo < hi ? 2 * lo : hi);
}

/* True in `ppm` cases of a million. */
static inline bool
rng_chance(struct rng *r, uint32_t ppm)
{
	return rng_next(r) % 1000000 < ppm;
}

static inline bool
rng_percent(struct rng *r, uint32_t percent)
{
	return rng_next(r) % 100 < percent;
}

#endif
