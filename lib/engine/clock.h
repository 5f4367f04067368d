/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * engine/clock: nanoseconds since the engine started, from the time-stamp counter.
 * Nothing below has another: it is handed this one's values.
 */
#ifndef SPATE_ENGINE_CLOCK_H
#define SPATE_ENGINE_CLOCK_H

#include <stdint.h>

#include <rte_cycles.h>

struct engine_clock {
	uint64_t start; /* TSC at the origin */
	uint64_t scale; /* ns per cycle, times 2^32 */
};

static inline void
engine_clock_start(struct engine_clock *c)
{
	c->scale = (uint64_t)(((unsigned __int128)1000000000 << 32) / rte_get_tsc_hz());
	c->start = rte_rdtsc();
}

static inline uint64_t
engine_clock_ns(const struct engine_clock *c, uint64_t tsc)
{
	/* Cores' counters may differ by a few cycles: never before the origin. */
	uint64_t cycles = tsc > c->start ? tsc - c->start : 0;

	return (uint64_t)((unsigned __int128)cycles * c->scale >> 32);
}

#endif
