/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wheel: against a model that is one deadline per timer and nothing else, under
 * hundreds of thousands of random operations. Never early, at most a tick late, never
 * forgotten, wheel_next() never later than what it announces; then, one by one, the
 * cases on which a wheel breaks: each level and its wrap, past deadlines, re-arming
 * while in the list or while expiring, and jumps of days.
 */
#include "unit.h"

#include "time/wheel.h"

#define TICK WHEEL_TICK_NS
#define DAY  (86400ull * 1000000000ull)
#define FAR  (INT32_MAX * TICK) /* the farthest deadline, and the longest jump */
#define WRAP (1ull << 52)       /* the lower half of the ticks begins anew */
#define END  (3ull << 51)       /* far enough behind that */

/* What the wheel should know. */
struct model {
	struct wheel wheel;
	void *nodes;
	uint64_t *deadline; /* WHEEL_NEVER: not armed */
	uint64_t *armed_at; /* the clock then */
	uint32_t n, armed;
	uint64_t now;
	uint64_t fired;
};

static void
model_start(struct model *m, uint32_t n, uint64_t now)
{
	memset(m, 0, sizeof(*m));
	m->n = n;
	m->now = now;
	m->nodes = aligned_exact(16, wheel_bytes(n));
	memset(m->nodes, 0x5a, wheel_bytes(n));
	m->deadline = exact_alloc(n * sizeof(*m->deadline));
	m->armed_at = exact_alloc(n * sizeof(*m->armed_at));
	for (uint32_t i = 0; i < n; i++)
		m->deadline[i] = WHEEL_NEVER;
	wheel_init(&m->wheel, m->nodes, n, now);
}

static void
model_end(struct model *m)
{
	free(m->nodes);
	free(m->deadline);
	free(m->armed_at);
}

static void
model_arm(struct model *m, uint32_t id, uint64_t deadline)
{
	m->armed += m->deadline[id] == WHEEL_NEVER;
	m->deadline[id] = deadline;
	m->armed_at[id] = m->now;
	wheel_arm(&m->wheel, id, deadline);
}

static void
model_cancel(struct model *m, uint32_t id)
{
	m->armed -= m->deadline[id] != WHEEL_NEVER;
	m->deadline[id] = WHEEL_NEVER;
	wheel_cancel(&m->wheel, id);
}

static void
model_fired(struct model *m, uint32_t id)
{
	if (id >= m->n || m->deadline[id] == WHEEL_NEVER)
		fail_msg("timer %u fired at %lu, not armed", id, m->now);
	if (m->now < m->deadline[id])
		fail_msg("timer %u fired at %lu, before %lu", id, m->now, m->deadline[id]);
	m->deadline[id] = WHEEL_NEVER;
	m->armed--;
	m->fired++;
}

/* The tick's first nanosecond at which the timer has to fire at the latest. */
static uint64_t
model_latest(const struct model *m, uint32_t id)
{
	uint64_t due = (m->deadline[id] + TICK - 1) / TICK * TICK;
	uint64_t next = m->armed_at[id] / TICK * TICK + TICK;

	return due > next ? due : next;
}

/* Drained at `now`: nothing is overdue, and the wheel agrees on who is armed and what is next. */
static void
model_check(const struct model *m)
{
	uint64_t next = wheel_next(&m->wheel);
	uint32_t armed = 0;

	if (next <= m->now) /* whoever sleeps until then would spin */
		fail_msg("next said %lu, now is %lu", next, m->now);
	for (uint32_t id = 0; id < m->n; id++) {
		bool is_armed = m->deadline[id] != WHEEL_NEVER;

		if ((wheel_armed(&m->wheel, id) != 0) != is_armed)
			fail_msg("timer %u: armed should be %d", id, is_armed);
		if (!is_armed)
			continue;
		armed++;
		if (m->now >= model_latest(m, id))
			fail_msg("timer %u overdue: %lu at %lu", id, m->deadline[id], m->now);
		if (next > model_latest(m, id))
			fail_msg("next said %lu, timer %u due %lu", next, id, m->deadline[id]);
	}
	assert_int_equal(m->armed, armed);
}

/* Advance and take everything that is due. */
static void
model_advance(struct model *m, uint64_t now)
{
	uint32_t ids[64], n;

	m->now = now;
	do {
		n = wheel_expire(&m->wheel, now, ids, N_OF(ids));
		for (uint32_t i = 0; i < n; i++)
			model_fired(m, ids[i]);
	} while (n == N_OF(ids));
	model_check(m);
}

static uint64_t
some_past(const struct model *m, struct rng *r)
{
	return m->now - rng_below(r, m->now < FAR ? m->now + 1 : FAR);
}

/* A deadline of any distance, now and then in the past, often just at a level's edge. */
static uint64_t
some_deadline(const struct model *m, struct rng *r)
{
	uint64_t d;

	switch (rng_below(r, 8)) {
	case 0:
		return some_past(m, r);
	case 1:
		d = (m->now / TICK + (1ull << rng_below(r, 31)) + rng_below(r, 4)) * TICK;
		d -= 2 * TICK - rng_below(r, 3) + 1;
		break;
	default:
		d = m->now + rng_magnitude(r, 51);
	}
	if (d > m->now + FAR - TICK)
		d = m->now + FAR - TICK;
	return d < END - TICK ? d : END - TICK;
}

/* Expire a few at a time, arming and cancelling anything in between. */
static void
advance_in_small_steps(struct model *m, struct rng *r, uint64_t now)
{
	uint32_t max = 1 + rng_below(r, 3), n;

	m->now = now;
	do {
		uint32_t ids[3];

		n = wheel_expire(&m->wheel, now, ids, max);
		for (uint32_t i = 0; i < n; i++)
			model_fired(m, ids[i]);
		for (uint32_t i = rng_below(r, 3); n != 0 && i > 0; i--) {
			uint32_t id = rng_below(r, 2) ? ids[0] : rng_below(r, m->n);

			if (rng_below(r, 3) == 0)
				model_cancel(m, id);
			else if (rng_below(r, 4) == 0)
				model_arm(m, id, some_past(m, r));
			else
				model_arm(m, id, now + rng_magnitude(r, 40));
		}
		if (wheel_next(&m->wheel) > now) /* drained, or so it says */
			model_check(m);
	} while (n == max);
	model_check(m);
}

static void
random_operation(struct model *m, struct rng *r, uint32_t max_jump_bits)
{
	uint32_t id = rng_below(r, m->n);
	uint64_t next, to;

	switch (rng_below(r, 10)) {
	default:
		model_arm(m, id, some_deadline(m, r));
		return;
	case 6:
	case 7:
		model_cancel(m, id);
		return;
	case 8:
		to = m->now + rng_magnitude(r, max_jump_bits);
		if (rng_below(r, 2))
			model_advance(m, to);
		else
			advance_in_small_steps(m, r, to);
		return;
	case 9: /* up to just before what is announced: nothing; then that */
		next = wheel_next(&m->wheel);
		if (next >= m->now + (1ull << max_jump_bits))
			return;
		if (next > m->now) {
			uint32_t none;

			assert_int_equal(wheel_expire(&m->wheel, next - 1, &none, 1), 0);
			m->now = next - 1;
			model_check(m);
		}
		model_advance(m, next > m->now ? next : m->now);
	}
}

static void
random_rounds(uint64_t seed, uint32_t n, uint32_t rounds, uint32_t operations, uint32_t jump_bits)
{
	struct rng r = {seed};
	uint64_t fired = 0;

	for (uint32_t round = 0; round < rounds; round++) {
		struct model m;

		model_start(&m, n, rng_magnitude(&r, 51));
		for (uint32_t i = 0; i < operations && m.now < END - (4ull << jump_bits); i++)
			random_operation(&m, &r, jump_bits);
		/* To the end of time: every timer that is left fires. */
		while (m.now < END - 1)
			model_advance(&m, m.now < END - 1 - FAR ? m.now + FAR : END - 1);
		assert_int_equal(m.armed, 0);
		fired += m.fired;
		model_end(&m);
	}
	assert_true(fired > rounds * 10ull);
}

static void
test_random_short(void **state)
{
	(void)state;
	random_rounds(30, 100, 12, 20000, 30);
}

static void
test_random_long(void **state)
{
	(void)state;
	random_rounds(31, 100, 12, 20000, 42);
}

static void
test_random_few_timers(void **state)
{
	(void)state;
	random_rounds(32, 1, 12, 3000, 36);
	random_rounds(33, 3, 12, 3000, 40);
}

static void
test_random_many_timers(void **state)
{
	(void)state;
	random_rounds(34, 2000, 3, 20000, 34);
}

/* One timer, some distance ahead: silent up to its tick, there at its tick. */
static void
fires_exactly(uint64_t start, uint64_t ahead)
{
	struct model m;
	uint64_t due;

	model_start(&m, 1, start);
	model_arm(&m, 0, start + ahead);
	due = model_latest(&m, 0);
	model_advance(&m, due - 1);
	assert_int_equal(m.armed, 1);
	model_advance(&m, due);
	assert_int_equal(m.armed, 0);
	model_end(&m);
}

static void
test_every_level(void **state)
{
	static const uint64_t starts[] = {0, 1, TICK - 1, TICK, 255 * TICK, 256 * TICK - 1,
		256 * TICK, 65535 * TICK + 5, 65536 * TICK, 16777215 * TICK, 16777216 * TICK,
		77777777 * TICK + 77, END - FAR - 2 * TICK, END - (1ull << 47), WRAP - 1,
		WRAP - 1000 * TICK, WRAP - (1ull << 47)};

	(void)state;
	for (size_t s = 0; s < N_OF(starts); s++) {
		for (uint32_t bits = 0; bits < 31; bits++)
			for (int off = -1; off <= 1; off++) {
				uint64_t ticks = (1ull << bits) + off;

				/* Days are long to walk: the far ones from one start only. */
				if (bits > 26 && (s != 11 || off != 0))
					continue;
				fires_exactly(starts[s], ticks * TICK);
				fires_exactly(starts[s], ticks * TICK + 1);
				fires_exactly(starts[s], ticks * TICK + TICK - 1);
			}
	}
	fires_exactly(3 * DAY / TICK * TICK, FAR);
}

static void
test_past_deadlines(void **state)
{
	static const uint64_t back[] = {0, 1, TICK, 300 * TICK, 70000 * TICK, 10 * DAY};
	struct model m;

	(void)state;
	model_start(&m, N_OF(back), 10 * DAY);
	for (uint32_t i = 0; i < N_OF(back); i++)
		model_arm(&m, i, 10 * DAY - back[i]);
	model_advance(&m, 10 * DAY); /* the next tick, not this one */
	assert_int_equal(m.armed, N_OF(back));
	model_advance(&m, 10 * DAY + TICK);
	assert_int_equal(m.armed, 0);
	model_end(&m);
}

/* Arm for `first`, re-arm for `then`, from each level to each: only the last word counts. */
static void
test_rearm(void **state)
{
	static const uint64_t at[] = {
		1, 2, 200, 255, 256, 300, 65535, 65536, 70000, 16777216, 16777300};
	struct model m;

	(void)state;
	for (size_t i = 0; i < N_OF(at); i++)
		for (size_t j = 0; j < N_OF(at); j++)
			for (int between = 0; between < 2; between++) {
				uint64_t base = 999 * TICK, due = base + at[j] * TICK;

				model_start(&m, 2, base);
				model_arm(&m, 0, base + at[i] * TICK);
				if (between) /* cancel, and arm again in the same place */
					model_cancel(&m, 0);
				model_arm(&m, 0, due);
				model_check(&m);
				model_advance(&m, due - 1);
				assert_int_equal(m.armed, 1);
				model_advance(&m, due);
				assert_int_equal(m.armed, 0);
				model_advance(&m, due + 20000000 * TICK); /* once, not twice */
				assert_int_equal(m.fired, 1);
				model_end(&m);
			}
}

/* Pushed back again and again, as a retransmission timer is: it fires when that ends. */
static void
test_pushed_back(void **state)
{
	struct model m;

	(void)state;
	model_start(&m, 4, 5 * DAY);
	for (int i = 0; i < 20000; i++) {
		model_arm(&m, i % 3, m.now + 200 * TICK);
		model_advance(&m, m.now + TICK * 3 / 2);
	}
	assert_int_equal(m.fired, 0);
	model_advance(&m, m.now + 201 * TICK);
	assert_int_equal(m.fired, 3);
	model_end(&m);
}

static void
test_cancel(void **state)
{
	struct model m;

	(void)state;
	model_start(&m, 8, 100);
	model_cancel(&m, 3); /* never armed: nothing */
	for (uint32_t i = 0; i < 8; i++)
		model_arm(&m, i, 1000 * TICK);
	for (uint32_t i = 0; i < 8; i += 2) {
		model_cancel(&m, i);
		model_cancel(&m, i);
		model_check(&m);
	}
	model_arm(&m, 2, 900 * TICK);
	model_arm(&m, 4, 1100 * TICK);
	model_advance(&m, 999 * TICK);
	assert_int_equal(m.fired, 1);
	model_advance(&m, 1000 * TICK);
	assert_int_equal(m.fired, 5);
	model_cancel(&m, 1); /* fired: nothing */
	model_advance(&m, 1100 * TICK);
	assert_int_equal(m.fired, 6);
	assert_true(wheel_next(&m.wheel) == WHEEL_NEVER);
	model_end(&m);
}

/* A whole slot due, taken one by one; those not yet taken are cancelled and re-armed. */
static void
test_while_expiring(void **state)
{
	struct model m;
	uint32_t id, first;

	(void)state;
	model_start(&m, 6, 0);
	for (uint32_t i = 0; i < 6; i++)
		model_arm(&m, i, 10 * TICK);
	m.now = 10 * TICK;
	assert_int_equal(wheel_expire(&m.wheel, m.now, &first, 1), 1);
	model_fired(&m, first);
	/* The announced time of what is due and not taken is no later than now. */
	assert_true(wheel_next(&m.wheel) <= m.now);
	model_cancel(&m, (first + 1) % 6);
	model_arm(&m, (first + 2) % 6, 400 * TICK);
	model_cancel(&m, (first + 3) % 6);
	model_arm(&m, (first + 3) % 6, 12 * TICK);
	model_arm(&m, (first + 4) % 6, 10 * TICK); /* this very tick has passed: the next */
	model_arm(&m, first, 11 * TICK);
	while (wheel_expire(&m.wheel, m.now, &id, 1) == 1)
		model_fired(&m, id);
	model_check(&m);
	assert_int_equal(m.fired, 2);
	assert_true(m.deadline[(first + 5) % 6] == WHEEL_NEVER);
	model_advance(&m, 11 * TICK);
	assert_int_equal(m.fired, 4);
	model_advance(&m, 12 * TICK);
	assert_int_equal(m.fired, 5);
	model_advance(&m, 400 * TICK);
	assert_int_equal(m.fired, 6);
	model_end(&m);
}

/* Sleep from one announced time to the next: few wake-ups, and then the timer. */
static void
test_next_leads_to_the_timer(void **state)
{
	struct rng r = {35};

	(void)state;
	for (int i = 0; i < 1000; i++) {
		struct model m;
		int wakeups = 0;

		model_start(&m, 1, rng_magnitude(&r, 50));
		assert_true(wheel_next(&m.wheel) == WHEEL_NEVER);
		model_arm(&m, 0, m.now + rng_magnitude(&r, 48));
		while (m.armed != 0) {
			uint64_t next = wheel_next(&m.wheel);

			assert_true(next > m.now && next <= model_latest(&m, 0));
			model_advance(&m, next);
			assert_true(++wakeups <= WHEEL_LEVELS + 1);
		}
		assert_true(wheel_next(&m.wheel) == WHEEL_NEVER);
		model_end(&m);
	}
}

static void
test_long_jumps(void **state)
{
	struct model m;

	(void)state;
	model_start(&m, 500, 12345);
	for (uint32_t i = 0; i < 500; i++)
		model_arm(&m, i, (i + 1) * (DAY / 10) / 10);
	for (uint64_t hours = 7; m.armed != 0; hours += 31)
		model_advance(&m, hours * DAY / 24);
	assert_int_equal(m.fired, 500);
	for (uint32_t i = 0; i < 500; i++)
		model_arm(&m, i, m.now + i * TICK);
	model_advance(&m, m.now + 10 * DAY); /* all at once */
	assert_int_equal(m.fired, 1000);
	model_end(&m);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_short),
		cmocka_unit_test(test_random_long),
		cmocka_unit_test(test_random_few_timers),
		cmocka_unit_test(test_random_many_timers),
		cmocka_unit_test(test_every_level),
		cmocka_unit_test(test_past_deadlines),
		cmocka_unit_test(test_rearm),
		cmocka_unit_test(test_pushed_back),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_while_expiring),
		cmocka_unit_test(test_next_leads_to_the_timer),
		cmocka_unit_test(test_long_jumps),
	};

	return unit_main(argc, argv, tests, N_OF(tests), NULL, NULL);
}
