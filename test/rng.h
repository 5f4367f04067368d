/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rng: splitmix64, where all chance in tests and benchmarks comes from: any seed gives a good
 * sequence, and the same one in every run, so that what fails can be repeated.
 */
#ifndef TEST_RNG_H
#define TEST_RNG_H

#include <stdint.h>

struct rng {
	uint64_t state;
};

static inline uint64_t
rng_next(struct rng *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

#endif
