/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/congestion.h"

#include <string.h>

#include <rte_common.h>

#define CWND_MAX     (1u << 30) /* no window is larger (RFC 7323 2.3) */
#define SLOW_START_L 8u

/* RFC 9438 4.6: beta is 0.7, C is 0.4 segments per cubic second. */
#define BETA_NUM 7
#define BETA_DEN 10
#define C_NUM    4
#define C_DEN    10
/* alpha = 3 (1 - beta) / (1 + beta) = 9 / 17 (RFC 9438 4.3) */
#define ALPHA_NUM 9
#define ALPHA_DEN 17

/* From here on the cube would not fit; by then the window is as large as can be. */
#define T_MAX_US 200000000ll

static uint32_t
at_least_two(uint64_t bytes, uint32_t smss)
{
	return bytes > 2ull * smss ? bytes : 2 * smss;
}

static uint32_t
bounded(uint64_t cwnd)
{
	return cwnd < CWND_MAX ? cwnd : CWND_MAX;
}

uint32_t
congestion_slow_start(uint32_t cwnd, uint32_t smss, uint32_t acked)
{
	/*
	 * RFC 9406 4.2: no more than eight segments for one ACK. RFC 3465's two are from when an
	 * ACK was for two; one for a burst is usual today.
	 */
	return bounded((uint64_t)cwnd + RTE_MIN(acked, SLOW_START_L * smss));
}

/* ---- NewReno */

static uint32_t
newreno_grow(struct congestion_memory *m, const struct congestion_sight *s, uint32_t acked)
{
	/* RFC 5681 equation 3, in proportion to the bytes acknowledged. */
	uint64_t step = (uint64_t)s->smss * acked / s->cwnd;

	(void)m;
	return bounded((uint64_t)s->cwnd + (step ? step : 1));
}

static uint32_t
newreno_shrink(struct congestion_memory *m, const struct congestion_sight *s, uint32_t flight)
{
	(void)m;
	return at_least_two(flight / 2, s->smss); /* RFC 5681 equation 4 */
}

/* ---- CUBIC */

/* The largest x with x^3 <= v. */
static uint32_t
cube_root(uint64_t v)
{
	uint64_t x = 0;

	for (int bit = 20; bit >= 0; bit--) {
		uint64_t with = x | 1ull << bit;

		if (with * with * with <= v)
			x = with;
	}
	return x;
}

/* RFC 9438 4.2 equation 2: K = cubic root of (W_max - cwnd_epoch) / C, in seconds. */
static uint32_t
time_to_w_max(uint32_t w_max, uint32_t cwnd, uint32_t smss)
{
	uint64_t bytes = w_max > cwnd ? w_max - cwnd : 0;

	/* In milliseconds the radicand is 10^9 times as large. */
	return cube_root(bytes * C_DEN * 1000000000ull / ((uint64_t)C_NUM * smss)) * 1000;
}

/* RFC 9438 4.2 equation 1: C (t - K)^3 + W_max. */
static uint64_t
w_cubic(const struct congestion_memory *m, uint32_t smss, uint64_t t_us)
{
	int64_t dt_us = (int64_t)t_us - m->k_us;
	int64_t dt_ms, offset;

	if (dt_us > T_MAX_US)
		dt_us = T_MAX_US;
	dt_ms = dt_us / 1000;
	/* In units of a segment times 10^-9, then bytes: 200,000^3 times C_NUM fits. */
	offset = dt_ms * dt_ms * dt_ms / 1000000 * C_NUM * smss / (C_DEN * 1000);
	if (offset < 0 && -offset >= (int64_t)m->w_max)
		return 0;
	return m->w_max + offset;
}

static void
begin_epoch(struct congestion_memory *m, const struct congestion_sight *s)
{
	m->epoch_us = s->now_us ? s->now_us : 1;
	m->w_est = s->cwnd;
	m->est_acked = 0;
	if (m->w_max < s->cwnd)
		m->w_max = s->cwnd;
	m->k_us = time_to_w_max(m->w_max, s->cwnd, s->smss);
}

/* RFC 9438 4.3 equation 4: the window Reno would have, with CUBIC's decrease. */
static void
grow_estimate(struct congestion_memory *m, const struct congestion_sight *s, uint32_t acked)
{
	/* From the window before the congestion on it grows as fast as Reno does. */
	bool back = m->w_est >= m->cwnd_prior;
	uint64_t per = back ? 1 : ALPHA_DEN, times = back ? 1 : ALPHA_NUM;
	uint64_t step;

	m->est_acked += acked;
	step = times * s->smss * m->est_acked / (per * s->cwnd);
	if (step == 0)
		return;
	m->w_est = bounded(m->w_est + step);
	m->est_acked = 0;
}

static uint32_t
cubic_grow(struct congestion_memory *m, const struct congestion_sight *s, uint32_t acked)
{
	uint64_t target, step;

	if (m == NULL)
		return newreno_grow(m, s, acked);
	if (m->epoch_us == 0)
		begin_epoch(m, s);
	grow_estimate(m, s, acked);
	/* RFC 9438 4.3: where Reno would be faster, be Reno. */
	if (w_cubic(m, s->smss, s->now_us - m->epoch_us) < m->w_est)
		return m->w_est > s->cwnd ? m->w_est : s->cwnd;
	/* RFC 9438 4.4, 4.5: towards where the curve is a round trip from now, by half at most. */
	target = w_cubic(m, s->smss, s->now_us - m->epoch_us + s->srtt_us);
	if (target < s->cwnd)
		target = s->cwnd;
	if (target > s->cwnd + s->cwnd / 2)
		target = s->cwnd + s->cwnd / 2;
	step = (target - s->cwnd) * acked / s->cwnd;
	return bounded(s->cwnd + step);
}

static uint32_t
cubic_shrink(struct congestion_memory *m, const struct congestion_sight *s, uint32_t flight)
{
	if (m == NULL)
		return newreno_shrink(m, s, flight);
	/* RFC 9438 4.7: it was less this time, so make room for whoever else is there. */
	m->w_max = s->cwnd < m->w_max ? (uint64_t)s->cwnd * (BETA_DEN + BETA_NUM) / (2 * BETA_DEN)
				      : s->cwnd;
	m->cwnd_prior = s->cwnd;
	m->epoch_us = m->still_us = 0;
	return at_least_two((uint64_t)flight * BETA_NUM / BETA_DEN, s->smss);
}

const struct congestion congestion_of[SPATE_N_CONGESTION] = {
	[SPATE_CUBIC] = {"cubic", cubic_grow, cubic_shrink},
	[SPATE_NEWRENO] = {"newreno", newreno_grow, newreno_shrink},
};

const char *
spate_congestion_name(enum spate_congestion c)
{
	return c < SPATE_N_CONGESTION ? congestion_of[c].name : "?";
}

int
spate_congestion_by_name(const char *name)
{
	for (int i = 0; i < SPATE_N_CONGESTION; i++)
		if (strcmp(congestion_of[i].name, name) == 0)
			return i;
	return -1;
}
