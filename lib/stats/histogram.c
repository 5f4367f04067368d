/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/histogram.h"

void
histogram_add(struct histogram *to, const struct histogram *from)
{
	to->count += from->count;
	if (from->max > to->max)
		to->max = from->max;
	for (int i = 0; i < HISTOGRAM_BUCKETS; i++)
		to->bucket[i] += from->bucket[i];
}

/* Largest value that falls into the bucket. */
static uint64_t
bucket_top(uint32_t b)
{
	if (b < 1u << HISTOGRAM_SUB_BITS)
		return b;

	uint32_t shift = (b >> HISTOGRAM_SUB_BITS) - 1;
	uint64_t sub = (b & ((1u << HISTOGRAM_SUB_BITS) - 1)) | 1u << HISTOGRAM_SUB_BITS;

	return ((sub + 1) << shift) - 1;
}

void
histogram_subtract(struct histogram *h, const struct histogram *base)
{
	uint64_t max = 0;

	if (base->count == 0)
		return;
	h->count -= base->count;
	for (int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		h->bucket[i] -= base->bucket[i];
		if (h->bucket[i])
			max = bucket_top(i);
	}
	/* The largest may have been before. */
	h->max = max < h->max ? max : h->max;
}

uint64_t
histogram_quantile(const struct histogram *h, double q)
{
	uint64_t total = 0, seen = 0;

	for (int i = 0; i < HISTOGRAM_BUCKETS; i++)
		total += h->bucket[i];
	for (int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += h->bucket[i];
		if (seen > 0 && (double)seen >= q * (double)total) {
			uint64_t top = bucket_top(i);

			return top < h->max ? top : h->max;
		}
	}
	return 0;
}
