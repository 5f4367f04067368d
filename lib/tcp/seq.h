/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcp/seq: sequence number arithmetic modulo 2^32 (RFC 9293 3.4).
 * Comparisons hold for numbers less than 2^31 apart, which windows guarantee.
 */
#ifndef SPATE_TCP_SEQ_H
#define SPATE_TCP_SEQ_H

#include <stdbool.h>
#include <stdint.h>

static inline bool
seq_lt(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static inline bool
seq_leq(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) <= 0;
}

static inline bool
seq_gt(uint32_t a, uint32_t b)
{
	return seq_lt(b, a);
}

static inline bool
seq_geq(uint32_t a, uint32_t b)
{
	return seq_leq(b, a);
}

#endif
