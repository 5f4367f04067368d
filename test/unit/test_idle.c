/* SPDX-License-Identifier: BSD-3-Clause */
/* engine/idle: when a worker rests and for how long, in virtual time. */
#include "unit.h"

#include "engine/idle.h"

#define MS 1000000ull

static const struct idle_conf sleeps = {IDLE_SLEEP, 1 * MS, 100000};
static const struct idle_conf pauses = {IDLE_PAUSE, 2 * MS, 100000};
static const struct idle_conf polls = {IDLE_BUSY_POLL, 0, 100000};

static void
test_not_before_its_time(void **state)
{
	struct idle i = {.busy_ns = 5 * MS};

	(void)state;
	for (uint64_t now = 5 * MS; now < 6 * MS; now += 10000)
		assert_int_equal(idle_rest(&i, &sleeps, now, UINT64_MAX), 0);
	assert_int_equal(idle_rest(&i, &sleeps, 6 * MS - 1, UINT64_MAX), 0);
	assert_int_equal(idle_rest(&i, &sleeps, 6 * MS, UINT64_MAX), 100000);
	assert_int_equal(idle_rest(&i, &pauses, 7 * MS - 1, UINT64_MAX), 0);
	assert_int_equal(idle_rest(&i, &pauses, 7 * MS, UINT64_MAX), IDLE_PAUSE_NS);
}

/* Something to do begins the wait anew. */
static void
test_busy_again(void **state)
{
	struct idle i = {0};
	uint64_t now = 1000 * MS;

	(void)state;
	assert_int_equal(idle_rest(&i, &sleeps, now, UINT64_MAX), 100000);
	i.busy_ns = now;
	assert_int_equal(idle_rest(&i, &sleeps, now + 999999, UINT64_MAX), 0);
	assert_int_equal(idle_rest(&i, &sleeps, now + 1 * MS, UINT64_MAX), 100000);
}

static void
test_busy_poll_never_rests(void **state)
{
	struct idle i = {0};

	(void)state;
	for (uint64_t now = 0; now < 10000 * MS; now += 7 * MS)
		assert_int_equal(idle_rest(&i, &polls, now, UINT64_MAX), 0);
}

/* What is due is not late for a rest, whether that is a sleep or a pause. */
static void
test_no_longer_than_what_is_due(void **state)
{
	struct idle i = {0};
	uint64_t now = 77 * MS;

	(void)state;
	assert_int_equal(idle_rest(&i, &sleeps, now, now + 100001), 100000);
	assert_int_equal(idle_rest(&i, &sleeps, now, now + 100000), 100000);
	assert_int_equal(idle_rest(&i, &sleeps, now, now + 99999), 99999);
	assert_int_equal(idle_rest(&i, &sleeps, now, now + 1), 1);
	assert_int_equal(idle_rest(&i, &sleeps, now, now), 0);
	assert_int_equal(idle_rest(&i, &sleeps, now, now - 1), 0);
	assert_int_equal(idle_rest(&i, &sleeps, now, 0), 0);
	assert_int_equal(idle_rest(&i, &pauses, now, now + 3), 3);
	/* As far away as it gets: no wrap. */
	assert_int_equal(idle_rest(&i, &sleeps, now, now + (1ull << 32) + 5), 100000);
}

/* Who asks once may ask again at once, but does not keep the worker awake as frames do. */
static void
test_asked(void **state)
{
	struct idle i = {.asked_ns = 500 * MS};

	(void)state;
	assert_int_equal(idle_rest(&i, &sleeps, 500 * MS, UINT64_MAX), 0);
	assert_int_equal(idle_rest(&i, &sleeps, 500 * MS + IDLE_ASKED_NS - 1, UINT64_MAX), 0);
	assert_int_equal(idle_rest(&i, &sleeps, 500 * MS + IDLE_ASKED_NS, UINT64_MAX), 100000);
}

/*
 * A worker's loop in virtual time: frames come in bursts, ticks every 250 us. No tick is late by
 * more than a turn takes, no frame waits longer than a sleep, none at all within the burst.
 */
static void
test_loop(void **state)
{
	const uint64_t turn = 1000, tick = 250000, end = 3000 * MS;
	const struct idle_conf c = {IDLE_SLEEP, 1 * MS, IDLE_FOR_NS};
	struct idle i = {0};
	uint64_t next_tick = 0, slept = 0, frame = 10 * MS, worst = 0;
	uint32_t frames = 0;

	(void)state;
	for (uint64_t now = 0; now < end;) {
		bool busy = false;
		uint32_t ns;

		if (now >= next_tick) {
			assert_true(next_tick == 0 || now - next_tick <= turn);
			next_tick = now + tick;
		}
		if (now >= frame) {
			uint64_t waited = now - frame;

			worst = waited > worst ? waited : worst;
			/* Bursts of 50, half a millisecond apart, then silence. */
			assert_true(frames % 50 == 0 || waited <= turn);
			busy = true;
			frames++;
			frame += frames % 50 ? MS / 2 : 80 * MS + frames;
		}
		if (busy)
			i.busy_ns = now;
		now += turn;
		ns = busy ? 0 : idle_rest(&i, &c, now, next_tick);
		now += ns;
		slept += ns;
	}
	assert_true(frames > 1000);
	assert_true(worst > 10000 && worst <= IDLE_FOR_NS + turn);
	/* Three quarters of the time are silence, and most of that is slept through. */
	assert_true(slept > end / 2);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_before_its_time),
		cmocka_unit_test(test_busy_again),
		cmocka_unit_test(test_busy_poll_never_rests),
		cmocka_unit_test(test_no_longer_than_what_is_due),
		cmocka_unit_test(test_asked),
		cmocka_unit_test(test_loop),
	};

	return unit_main(argc, argv, tests, N_OF(tests), NULL, NULL);
}
