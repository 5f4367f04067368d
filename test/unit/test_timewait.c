/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The FIFO of constant delays and the TIME_WAIT store against a plain array; when a record
 * expires, and its window, in the few bits they have.
 */
#include "unit.h"

#include "flow/timewait.h"
#include "time/delay_queue.h"

/* delay_queue */

struct item {
	uint8_t before[5];
	struct delay_link link;
	uint8_t behind[3];
};

static void
assert_queue(const struct delay_queue *q, const uint32_t *want, uint32_t n)
{
	uint32_t prev = DELAY_NIL, id = q->head;

	assert_int_equal(q->count, n);
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(id, want[i]);
		assert_int_equal(delay_queue_link(q, id)->prev, prev);
		prev = id;
		id = delay_queue_link(q, id)->next;
	}
	assert_int_equal(id, DELAY_NIL);
	assert_int_equal(q->tail, prev);
}

/* Pushes and removals anywhere, against an array that is shifted. */
static void
test_delay_queue(void **state)
{
	enum { N = 24 };
	struct item *items = exact_alloc(N * sizeof(*items));
	uint32_t want[N], n = 0;
	bool in[N] = {false};
	struct delay_queue q;
	struct rng r = {41};

	(void)state;
	memset(items, 0x77, N * sizeof(*items));
	delay_queue_init(&q, &items[0].link, sizeof(*items));
	assert_queue(&q, want, 0);
	for (int i = 0; i < 100000; i++) {
		uint32_t id = rng_below(&r, N), at = 0;

		if (in[id]) {
			while (want[at] != id)
				at++;
			memmove(want + at, want + at + 1, (--n - at) * sizeof(*want));
			delay_queue_remove(&q, id);
		} else {
			want[n++] = id;
			delay_queue_push(&q, id);
		}
		in[id] = !in[id];
		assert_queue(&q, want, n);
	}
	for (int i = 0; i < N; i++) {
		assert_memory_equal(items[i].before, "\x77\x77\x77\x77\x77", 5);
		assert_memory_equal(items[i].behind, "\x77\x77\x77", 3);
	}
	free(items);
}

/* timewait */

#define MSL2 (60ull * 1000000000ull)
#define HOUR (3600ull * 1000000000ull)

static uint64_t
unit_of(const struct timewait_store *s)
{
	return 1ull << s->shift;
}

/*
 * Seen from any moment of its wait, and from half the numbers' round behind it, a record
 * expires at its time or less than a unit later.
 */
static void
assert_expiry(const struct timewait_store *s, uint32_t id, uint64_t expires, uint64_t longest)
{
	uint64_t unit = unit_of(s), round = unit << (TIMEWAIT_TIME_BITS - 1);
	const uint64_t away[] = {0, 1, unit - 1, unit, longest / 3, longest, round - 2 * unit};

	for (size_t i = 0; i < N_OF(away); i++)
		for (int after = 0; after < 2; after++) {
			uint64_t now = after ? expires + away[i] : expires - away[i];
			uint64_t got;

			if (!after && (away[i] > expires || away[i] > longest))
				continue;
			got = timewait_expires_ns(s, id, now);
			if (got < expires || got >= expires + unit)
				fail_msg("%lu became %lu, seen from %lu", expires, got, now);
		}
}

/* For a wait of `longest`, which is to be kept in units of 2^shift ns. */
static void
expiry_never_early(struct rng *r, uint64_t longest, uint32_t shift)
{
	struct timewait *records = exact_alloc(timewait_bytes(1));
	struct timewait_store s;

	timewait_init(&s, records, 1, longest);
	assert_int_equal(s.shift, shift);
	for (int i = 0; i < 20000; i++) {
		/* Up to 52 days: the bits of a time come round many times. */
		uint64_t unit = unit_of(&s), expires = rng_magnitude(r, 52);
		uint32_t id;

		if (i % 4 == 0)
			expires = expires / unit * unit + rng_below(r, 3) - (expires >= unit);
		id = timewait_enter(&s, expires);
		assert_int_equal(id, 0);
		/* What shares the word with the time. */
		s.records[id].wnd = i;
		s.records[id].flags = i;
		assert_expiry(&s, id, expires, longest);
		timewait_restart(&s, id, expires + longest);
		assert_expiry(&s, id, expires + longest, longest);
		assert_int_equal(s.records[id].wnd, i & 0xff);
		assert_int_equal(s.records[id].flags, i & 7);
		timewait_leave(&s, id);
	}
	free(records);
}

static void
test_timewait_expiry_never_early(void **state)
{
	struct rng r = {42};

	(void)state;
	assert_int_equal(timewait_bytes(1), 36);
	expiry_never_early(&r, 2000000, 16);
	expiry_never_early(&r, MSL2, 16);
	expiry_never_early(&r, 2 * MSL2, 17);
	expiry_never_early(&r, 4 * MSL2, 18);
	expiry_never_early(&r, 20 * MSL2, 21);
	/* On either side of where the unit must double. */
	expiry_never_early(&r, (((1ull << 20) - 2) << 16) - 1, 16);
	expiry_never_early(&r, ((1ull << 20) - 2) << 16, 17);
}

/* After a time the numbers cannot tell, an end is never earlier than it was. */
static void
test_timewait_left_alone(void **state)
{
	struct timewait *records = exact_alloc(timewait_bytes(1));
	struct timewait_store s;
	struct rng r = {44};
	uint32_t again = 0;

	(void)state;
	timewait_init(&s, records, 1, MSL2);
	for (int i = 0; i < 50000; i++) {
		uint64_t from = rng_magnitude(&r, 50), now = from + MSL2 + rng_magnitude(&r, 45);
		uint32_t id = timewait_enter(&s, from + MSL2);
		uint64_t got = timewait_expires_ns(&s, id, now);

		if (got > now) {
			assert_true(got - now <= MSL2 + 2 * unit_of(&s));
			again++;
		}
		assert_true(got >= from + MSL2);
		timewait_leave(&s, id);
	}
	assert_true(again > 100);
	free(records);
}

static void
test_timewait_window(void **state)
{
	uint32_t before = 0;

	(void)state;
	for (uint32_t wnd = 0; wnd <= UINT16_MAX; wnd++) {
		uint32_t got = timewait_unpack_wnd(timewait_pack_wnd(wnd));

		if (got < wnd || got - wnd > wnd / 16 || got < before || got > UINT16_MAX)
			fail_msg("%u became %u", wnd, got);
		if ((wnd & (wnd - 1)) == 0 || wnd == UINT16_MAX || wnd < 32)
			assert_int_equal(got, wnd);
		/* What was rounded once is not rounded again. */
		assert_int_equal(timewait_unpack_wnd(timewait_pack_wnd(got)), got);
		before = got;
	}
}

#define TW_N 40

struct tw_model {
	uint32_t order[TW_N]; /* oldest first */
	uint64_t expires[TW_N];
	struct flow_key key[TW_N];
	uint32_t n;
};

static uint32_t
tw_model_take(struct tw_model *m, uint32_t at)
{
	uint32_t id = m->order[at];

	memmove(m->order + at, m->order + at + 1, (--m->n - at) * sizeof(*m->order));
	return id;
}

static void
tw_step(struct timewait_store *s, struct tw_model *m, struct rng *r, uint64_t now)
{
	static const struct flow_key no_key;
	uint32_t what = rng_below(r, 4), id;

	if (what < 2) {
		id = timewait_enter(s, now + MSL2);
		if (m->n == TW_N) {
			assert_int_equal(id, TIMEWAIT_NONE);
			return;
		}
		assert_true(id < TW_N);
		for (uint32_t i = 0; i < m->n; i++)
			assert_int_not_equal(m->order[i], id);
		rng_fill(r, (uint8_t *)&m->key[id], sizeof(m->key[id]));
		s->records[id].key = m->key[id];
	} else {
		if (m->n == 0)
			return;
		id = tw_model_take(m, rng_below(r, m->n));
		if (what == 2) {
			timewait_leave(s, id);
			assert_memory_equal(&s->records[id].key, &no_key, sizeof(no_key));
			return;
		}
		timewait_restart(s, id, now + MSL2);
	}
	m->expires[id] = now + MSL2;
	m->order[m->n++] = id;
}

static void
test_timewait_store(void **state)
{
	struct timewait *records = exact_alloc(timewait_bytes(TW_N));
	struct timewait_store s;
	struct tw_model m = {.n = 0};
	struct rng r = {43};
	uint64_t now = 77 * HOUR;
	uint32_t full = 0, empty = 0;

	(void)state;
	memset(records, 0x99, timewait_bytes(TW_N));
	timewait_init(&s, records, TW_N, MSL2);
	for (int i = 0; i < 200000; i++) {
		tw_step(&s, &m, &r, now);
		now += rng_magnitude(&r, 32);
		/* Nearly empty at times: give up the oldest ones, as a full store does. */
		for (int give = i % 1000 == 0 ? TW_N : 0; give > 0 && m.n != 0; give--)
			timewait_leave(&s, tw_model_take(&m, 0));
		full += m.n == TW_N;
		empty += m.n == 0;
		assert_int_equal(s.queue.count, m.n);
		assert_int_equal(timewait_oldest(&s), m.n != 0 ? m.order[0] : TIMEWAIT_NONE);
		assert_queue(&s.queue, m.order, m.n);
		for (uint32_t k = 0; k < m.n; k++) {
			uint32_t id = m.order[k];
			uint64_t got = timewait_expires_ns(&s, id, m.expires[id] - MSL2);

			assert_true(got >= m.expires[id] && got < m.expires[id] + unit_of(&s));
			assert_memory_equal(&s.records[id].key, &m.key[id], sizeof(m.key[id]));
		}
	}
	assert_true(full > 1000 && empty > 100);
	free(records);
}
int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delay_queue),
		cmocka_unit_test(test_timewait_expiry_never_early),
		cmocka_unit_test(test_timewait_left_alone),
		cmocka_unit_test(test_timewait_window),
		cmocka_unit_test(test_timewait_store),
	};

	return unit_main(argc, argv, tests, N_OF(tests), NULL, NULL);
}
