/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcp/congestion: how large the window is after an ACK, and after a loss.
 *
 * What is lost, and when, is recovery.c's and rack.c's to find out; slow start is the same
 * for all. An algorithm has two questions to answer: how the window grows in congestion
 * avoidance, and what it shrinks to. It keeps what it must in a struct congestion_memory,
 * which a connection has from its first congestion on, if there is room for one
 * (tcp/extra.h); without it the answers are NewReno's. Pure functions of bytes and
 * microseconds: they know no connection and no clock.
 */
#ifndef SPATE_TCP_CONGESTION_H
#define SPATE_TCP_CONGESTION_H

#include <stdint.h>

#include "spate.h"

/* What CUBIC remembers, in bytes and microseconds. */
struct congestion_memory {
	uint64_t epoch_us;   /* congestion avoidance began; 0: not yet since the last congestion */
	uint64_t still_us;   /* since then the window was not what limited us; 0: it is */
	uint32_t k_us;       /* time to grow back to w_max */
	uint32_t w_max;      /* the window before it shrank, or less (fast convergence) */
	uint32_t w_est;      /* what Reno's window would be by now */
	uint32_t cwnd_prior; /* the window when it last shrank */
	uint32_t est_acked;  /* bytes not yet in w_est */
};

struct congestion_sight {
	uint32_t cwnd, smss; /* bytes */
	uint32_t srtt_us;
	uint64_t now_us;
};

struct congestion {
	const char *name;
	/* The window after `acked` bytes more were acknowledged in congestion avoidance. */
	uint32_t (*grow)(
		struct congestion_memory *m, const struct congestion_sight *s, uint32_t acked);
	/* The slow start threshold after a congestion with `flight` bytes in flight. */
	uint32_t (*shrink)(
		struct congestion_memory *m, const struct congestion_sight *s, uint32_t flight);
};

extern const struct congestion congestion_of[SPATE_N_CONGESTION];

/* The window in slow start after `acked` bytes more (RFC 5681 3.1, RFC 9406 4.2 with L = 8). */
uint32_t congestion_slow_start(uint32_t cwnd, uint32_t smss, uint32_t acked);

#endif
