/* SPDX-License-Identifier: BSD-3-Clause */
/* CUBIC and NewReno as functions: against the formulas of RFC 9438 and RFC 5681 in doubles. */
#include <math.h>

#include "tcp/congestion.h"
#include "unit.h"

#define SMSS 1460

static const struct congestion *const cubic = &congestion_of[SPATE_CUBIC];
static const struct congestion *const newreno = &congestion_of[SPATE_NEWRENO];

/* A window's worth of ACKs, two segments each. */
static void
round_trip(const struct congestion *a, struct congestion_memory *m, struct congestion_sight *s)
{
	uint32_t window = s->cwnd;

	for (uint32_t done = 0; done < window; done += 2 * s->smss)
		s->cwnd = a->grow(m, s, 2 * s->smss);
	s->now_us += s->srtt_us;
}

static void
test_names(void **state)
{
	(void)state;
	assert_int_equal(spate_congestion_by_name("cubic"), SPATE_CUBIC);
	assert_int_equal(spate_congestion_by_name("newreno"), SPATE_NEWRENO);
	assert_int_equal(spate_congestion_by_name("vegas"), -1);
}

/* RFC 9406 4.2: the bytes acknowledged, eight segments at most. */
static void
test_slow_start(void **state)
{
	(void)state;
	assert_int_equal(congestion_slow_start(10 * SMSS, SMSS, SMSS), 11 * SMSS);
	assert_int_equal(congestion_slow_start(10 * SMSS, SMSS, 10), 10 * SMSS + 10);
	assert_int_equal(congestion_slow_start(10 * SMSS, SMSS, 8 * SMSS), 18 * SMSS);
	assert_int_equal(congestion_slow_start(10 * SMSS, SMSS, 9 * SMSS), 18 * SMSS);
	assert_int_equal(congestion_slow_start((1u << 30) - 5, SMSS, SMSS), 1u << 30);
}

/* One segment a round trip; half after a loss, two segments at least. */
static void
test_newreno(void **state)
{
	struct congestion_sight s = {100 * SMSS, SMSS, 20000, 1000000};

	(void)state;
	for (int i = 0; i < 50; i++)
		round_trip(newreno, NULL, &s);
	assert_in_range(s.cwnd, 148 * SMSS, 151 * SMSS);
	assert_int_equal(newreno->shrink(NULL, &s, 60 * SMSS), 30 * SMSS);
	assert_int_equal(newreno->shrink(NULL, &s, 3 * SMSS), 2 * SMSS);
}

/* On a long path the window follows C (t - K)^3 + W_max within a few segments. */
static void
test_cubic_curve(void **state)
{
	struct congestion_memory m = {0};
	struct congestion_sight s = {10000 * SMSS, SMSS, 100000, 5000000};
	double k = cbrt(3000 / 0.4), start;

	(void)state;
	s.cwnd = cubic->shrink(&m, &s, s.cwnd);
	assert_int_equal(s.cwnd, 7000 * SMSS);
	start = s.now_us;
	for (int i = 0; i < 300; i++) {
		double t, w;

		round_trip(cubic, &m, &s);
		t = (s.now_us - start) / 1e6;
		w = 0.4 * pow(t - k, 3) + 10000;
		assert_true(s.cwnd / (double)SMSS > w * 0.985 && s.cwnd / (double)SMSS < w * 1.015);
	}
}

/* On a short path Reno would be faster, and CUBIC is as fast (RFC 9438 4.3). */
static void
test_cubic_is_no_slower_than_reno(void **state)
{
	struct congestion_memory m = {0};
	struct congestion_sight s = {20 * SMSS, SMSS, 1000, 5000000};
	uint32_t after;

	(void)state;
	after = s.cwnd = cubic->shrink(&m, &s, s.cwnd);
	assert_int_equal(after, 14 * SMSS);
	for (int i = 0; i < 10; i++)
		round_trip(cubic, &m, &s);
	/* alpha is 9/17 of a segment a round trip, until the old window is reached. */
	assert_in_range(s.cwnd, after + 4 * SMSS, after + 6 * SMSS);
	for (int i = 0; i < 100; i++)
		round_trip(cubic, &m, &s);
	assert_in_range(s.cwnd, 20 * SMSS + 85 * SMSS, 20 * SMSS + 102 * SMSS);
}

/* RFC 9438 4.7: less than last time, so less is aimed at. */
static void
test_cubic_fast_convergence(void **state)
{
	struct congestion_memory m = {0};
	struct congestion_sight s = {100 * SMSS, SMSS, 20000, 5000000};

	(void)state;
	s.cwnd = cubic->shrink(&m, &s, s.cwnd);
	assert_int_equal(m.w_max, 100 * SMSS);
	s.cwnd = cubic->shrink(&m, &s, s.cwnd);
	assert_int_equal(m.w_max, (uint32_t)(70 * SMSS * 0.85));
	s.cwnd = 200 * SMSS;
	cubic->shrink(&m, &s, s.cwnd);
	assert_int_equal(m.w_max, 200 * SMSS);
}

/* No window of the peer's is larger than a GiB, whatever the time; none is ever smaller than asked. */
static void
test_bounds(void **state)
{
	struct rng r = {9};

	(void)state;
	for (int i = 0; i < 200000; i++) {
		struct congestion_memory m = {0};
		struct congestion_sight s = {.cwnd = 1 + rng_magnitude(&r, 30),
			.smss = 36 + rng_below(&r, 9000),
			.srtt_us = rng_magnitude(&r, 28),
			.now_us = rng_magnitude(&r, 50)};
		uint32_t acked = 1 + rng_magnitude(&r, 29), grown;

		s.cwnd = s.cwnd > 1u << 30 ? 1u << 30 : s.cwnd;
		for (int a = 0; a < SPATE_N_CONGESTION; a++) {
			uint32_t small = congestion_of[a].shrink(&m, &s, s.cwnd);

			assert_true(small >= 2 * s.smss && (small < s.cwnd || small == 2 * s.smss));
			s.now_us += rng_magnitude(&r, 40);
			grown = congestion_of[a].grow(&m, &s, acked);
			assert_in_range(grown, s.cwnd, 1u << 30);
			s.now_us += rng_magnitude(&r, 40);
			grown = congestion_of[a].grow(&m, &s, acked);
			assert_in_range(grown, s.cwnd, 1u << 30);
		}
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST("DT-02", test_names),
		ROW_TEST("DT-02", test_slow_start),
		ROW_TEST("DT-02", test_newreno),
		ROW_TEST("DT-02", test_cubic_curve),
		ROW_TEST("DT-02", test_cubic_is_no_slower_than_reno),
		ROW_TEST("DT-02", test_cubic_fast_convergence),
		ROW_TEST("DT-02", test_bounds),
	};

	return unit_main(argc, argv, tests, N_OF(tests), NULL, NULL);
}
