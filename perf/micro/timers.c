/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * timers: arm, arm again for later, cancel and expire on the timing wheel, with 10^5 and 10^6
 * timers armed at random between 0.2 and 60 seconds ahead, against rte_timer.
 */
#include "../../test/rng.h"
#include "micro.h"

#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_timer.h>

#include "time/wheel.h"

#define MS      1000000ull
#define SAMPLES 20000 /* operations on random timers */

static uint64_t
some_delay(struct rng *random)
{
	return 200 * MS + rng_next(random) % (59800 * MS);
}

struct bench {
	const char *size;
	uint32_t n;
	uint64_t *delay; /* ns from now, of each */
	uint32_t *some;  /* which are armed again and cancelled */
};

/* Everything that expires until `now_ns`. */
static uint32_t
drain(struct wheel *w, uint64_t now_ns)
{
	uint32_t ids[64], n, all = 0;

	do {
		n = wheel_expire(w, now_ns, ids, N_OF(ids));
		all += n;
	} while (n == N_OF(ids));
	return all;
}

static void
ours(const struct bench *b)
{
	static struct wheel w;
	void *nodes = micro_alloc(wheel_bytes(b->n));
	uint64_t now = 1000 * MS;
	uint32_t left = 0, fired = 0;

	wheel_init(&w, nodes, b->n, now);
	micro_on();
	for (uint32_t i = 0; i < b->n; i++)
		wheel_arm(&w, i, now + b->delay[i]);
	micro_off();
	micro_say(b->n, "timers.arm.%s", b->size);
	micro_on();
	for (uint32_t i = 0; i < SAMPLES; i++)
		wheel_arm(&w, b->some[i], now + b->delay[b->some[i]] + MS);
	micro_off();
	micro_say(SAMPLES, "timers.arm-later.%s", b->size);
	micro_on();
	for (uint32_t i = 0; i < SAMPLES; i++)
		wheel_cancel(&w, b->some[i]);
	micro_off();
	micro_say(SAMPLES, "timers.cancel.%s", b->size);
	for (uint32_t i = 0; i < b->n; i++)
		left += wheel_armed(&w, i);
	/* A tick at a time, as a loop does; the time of ticks without a timer is in it. */
	micro_on();
	for (uint64_t end = now + 60100 * MS; now < end; now += MS)
		fired += drain(&w, now);
	micro_off();
	micro_say(left, "timers.expire.%s", b->size);
	if (fired != left)
		micro_fail("timers: %u of %u fired", fired, left);
	micro_free(nodes);
}

static void
nothing(struct rte_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
}

static void
rival_set(struct rte_timer *timer, uint64_t delay_ns)
{
	if (rte_timer_reset(timer, delay_ns * (rte_get_tsc_hz() / 1000000) / 1000, SINGLE, 0,
		    nothing, NULL) < 0)
		micro_fail("rte_timer: not armed");
}

static void
rival(const struct bench *b)
{
	struct rte_timer *timers = micro_alloc(b->n * sizeof(*timers));

	for (uint32_t i = 0; i < b->n; i++)
		rte_timer_init(&timers[i]);
	micro_on();
	for (uint32_t i = 0; i < b->n; i++)
		rival_set(&timers[i], b->delay[i]);
	micro_off();
	micro_say(b->n, "rte_timer:timers.arm.%s", b->size);
	micro_on();
	for (uint32_t i = 0; i < SAMPLES; i++)
		rival_set(&timers[b->some[i]], b->delay[b->some[i]] + MS);
	micro_off();
	micro_say(SAMPLES, "rte_timer:timers.arm-later.%s", b->size);
	micro_on();
	for (uint32_t i = 0; i < SAMPLES; i++)
		rte_timer_stop(&timers[b->some[i]]);
	micro_off();
	micro_say(SAMPLES, "rte_timer:timers.cancel.%s", b->size);
	/* The rest would take a minute to expire: its clock is the real one. */
	for (uint32_t i = 0; i < b->n; i++)
		rte_timer_stop(&timers[i]);
	micro_free(timers);
}

void
micro_timers(void)
{
	static const struct {
		uint32_t n;
		const char *name;
	} sizes[] = {{100000, "100k"}, {1000000, "1M"}};

	if (!micro_counting && rte_timer_subsystem_init() < 0)
		micro_fail("rte_timer does not start");
	for (size_t s = 0; s < (micro_counting ? 1 : N_OF(sizes)); s++) {
		struct rng random = {1};
		struct bench b = {.size = sizes[s].name, .n = sizes[s].n};

		b.delay = calloc(b.n, sizeof(*b.delay));
		b.some = calloc(SAMPLES, sizeof(*b.some));
		if (b.delay == NULL || b.some == NULL)
			micro_fail("no memory");
		for (uint32_t i = 0; i < b.n; i++)
			b.delay[i] = some_delay(&random);
		for (uint32_t i = 0; i < SAMPLES; i++)
			b.some[i] = rng_next(&random) % b.n;
		ours(&b);
		if (!micro_counting)
			rival(&b);
		free(b.delay);
		free(b.some);
	}
	if (!micro_counting)
		rte_timer_subsystem_finalize();
}
