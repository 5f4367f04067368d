/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stats/histogram: durations, from nanoseconds to hours, in 8 KiB.
 *
 * Log-linear: each power of two is cut into 16 equal buckets, so a quantile is exact
 * to 1/16 of its value. One writer; another core may add it up at any time.
 */
#ifndef SPATE_STATS_HISTOGRAM_H
#define SPATE_STATS_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_SUB_BITS 4
#define HISTOGRAM_BUCKETS  (61 << HISTOGRAM_SUB_BITS)

struct histogram {
	uint64_t count;
	uint64_t max;
	uint64_t bucket[HISTOGRAM_BUCKETS];
};

static inline uint32_t
histogram_bucket(uint64_t v)
{
	if (v < 1u << HISTOGRAM_SUB_BITS)
		return v;

	uint32_t shift = 63 - __builtin_clzll(v) - HISTOGRAM_SUB_BITS;

	return ((shift + 1) << HISTOGRAM_SUB_BITS) +
	       ((v >> shift) & ((1u << HISTOGRAM_SUB_BITS) - 1));
}

static inline void
histogram_record(struct histogram *h, uint64_t v)
{
	h->bucket[histogram_bucket(v)]++;
	h->count++;
	if (v > h->max)
		h->max = v;
}

void histogram_add(struct histogram *to, const struct histogram *from);

/* What was recorded since `base`, an earlier copy; `max` is then exact to a bucket. */
void histogram_subtract(struct histogram *h, const struct histogram *base);

/* The value below which a fraction `q` (0 to 1) of the samples lies; 0 when there are none. */
uint64_t histogram_quantile(const struct histogram *h, double q);

#endif
