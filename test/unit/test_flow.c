/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flow, all but the connection table: the key's hash against SipHash's definition,
 * the FIFO of constant delays and the TIME_WAIT store against a plain array, who may
 * listen where and who answers, and local ports: each visited once, none favoured.
 */
#include "unit.h"

#include <errno.h>

#include "flow/flow_key.h"
#include "flow/listener.h"
#include "flow/local_port.h"
#include "flow/timewait.h"
#include "time/delay_queue.h"

static const uint64_t SECRET[2] = {0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull};

/* flow_key */

static struct flow_key
random_key(struct rng *r)
{
	struct flow_key k;

	rng_fill(r, (uint8_t *)&k, sizeof(k));
	return k;
}

/* SipHash-1-3 of 00 01 ... 0b under the key 00 01 ... 0f, as OpenSSL has it. */
static void
test_key_hash_is_siphash(void **state)
{
	struct flow_key k;

	(void)state;
	assert_int_equal(sizeof(k), 12);
	for (int i = 0; i < 12; i++)
		((uint8_t *)&k)[i] = i;
	assert_true(flow_key_hash(&k, SECRET) == 0x78a384b157b4d9a2ull);
}

static void
test_key_hash_and_equality(void **state)
{
	struct rng r = {40};
	uint64_t flips = 0;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		struct flow_key a = random_key(&r), b = a;
		uint64_t other[2] = {SECRET[0], SECRET[1]};
		uint64_t h = flow_key_hash(&a, SECRET);

		assert_true(flow_key_equal(&a, &b));
		assert_true(flow_key_hash(&b, SECRET) == h);
		/* Every bit of the key counts, for the hash and for equality. */
		for (uint32_t bit = 0; bit < 96; bit++) {
			((uint8_t *)&b)[bit / 8] ^= 1u << bit % 8;
			assert_false(flow_key_equal(&a, &b));
			assert_false(flow_key_equal(&b, &a));
			assert_true(flow_key_hash(&b, SECRET) != h);
			flips += __builtin_popcountll(flow_key_hash(&b, SECRET) ^ h);
			b = a;
		}
		/* And so does every bit of the secret. */
		other[i / 64 % 2] ^= 1ull << i % 64;
		assert_true(flow_key_hash(&a, other) != h);
	}
	/* Half of the bits change on average. */
	assert_true(flips > 31ull * 2000 * 96 && flips < 33ull * 2000 * 96);
}

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
		s->records[id].key = m->key[id] = random_key(r);
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

/* listener */

static void
test_listener_exact_and_any(void **state)
{
	struct listener_table *t = exact_alloc(sizeof(*t));
	rte_be16_t http = RTE_BE16(80), other = RTE_BE16(81);
	rte_be32_t a = RTE_BE32(0x0a000001), b = RTE_BE32(0x0a000002), c = RTE_BE32(0x0a000003);
	int any, at_a, at_b;

	(void)state;
	listener_table_init(t);
	assert_int_equal(listener_lookup(t, a, http), LISTENER_NONE);
	any = listener_add(t, LISTENER_ANY, http, 7, 100);
	assert_true(any >= 0);
	assert_int_equal(listener_lookup(t, a, http), any);
	assert_int_equal(listener_lookup(t, b, http), any);
	assert_int_equal(listener_lookup(t, a, other), LISTENER_NONE);
	assert_int_equal(t->entry[any].cookie, 7);
	assert_int_equal(t->entry[any].backlog_max, 100);
	assert_int_equal(t->entry[any].backlog, 0);
	assert_int_equal(t->entry[any].lport, http);
	/* The wildcard takes every address of its port, and only of its port. */
	assert_int_equal(listener_add(t, a, http, 8, 0), -EADDRINUSE);
	assert_int_equal(listener_add(t, LISTENER_ANY, http, 8, 0), -EADDRINUSE);
	assert_int_equal(t->count, 1);
	at_a = listener_add(t, a, other, 8, 0);
	at_b = listener_add(t, b, other, 9, 0);
	assert_true(at_a >= 0 && at_b >= 0 && at_a != at_b && at_a != any);
	assert_int_equal(listener_lookup(t, a, other), at_a);
	assert_int_equal(listener_lookup(t, b, other), at_b);
	assert_int_equal(listener_lookup(t, c, other), LISTENER_NONE);
	/* An address taken, and a wildcard that would take the others'. */
	assert_int_equal(listener_add(t, b, other, 8, 0), -EADDRINUSE);
	assert_int_equal(listener_add(t, LISTENER_ANY, other, 8, 0), -EADDRINUSE);
	assert_int_equal(t->count, 3);
	listener_remove(t, any);
	assert_int_equal(listener_lookup(t, a, http), LISTENER_NONE);
	assert_true(listener_add(t, a, http, 8, 0) >= 0);
	free(t);
}

static void
test_listener_remove_anywhere(void **state)
{
	struct listener_table *t = exact_alloc(sizeof(*t));
	rte_be16_t port = RTE_BE16(65535);

	(void)state;
	for (int victim = 0; victim < 5; victim++) {
		int id[5];

		listener_table_init(t);
		for (int i = 0; i < 5; i++)
			id[i] = listener_add(t, RTE_BE32(100 + i), port, i, 0);
		listener_remove(t, id[victim]);
		assert_int_equal(t->count, 4);
		for (int i = 0; i < 5; i++)
			assert_int_equal(listener_lookup(t, RTE_BE32(100 + i), port),
				i == victim ? LISTENER_NONE : id[i]);
		/* Its address is free again, and a new one does not disturb the others. */
		id[victim] = listener_add(t, RTE_BE32(100 + victim), port, 50, 0);
		for (int i = 0; i < 5; i++) {
			assert_int_equal(listener_lookup(t, RTE_BE32(100 + i), port), id[i]);
			assert_int_equal(t->entry[id[i]].cookie, i == victim ? 50 : i);
		}
		for (int i = 0; i < 5; i++)
			listener_remove(t, id[(i * 3 + victim) % 5]);
		assert_int_equal(t->count, 0);
		assert_int_equal(t->by_port[port], LISTENER_NONE);
	}
	free(t);
}

static void
test_listener_full(void **state)
{
	struct listener_table *t = exact_alloc(sizeof(*t));
	struct rng r = {44};

	(void)state;
	listener_table_init(t);
	/* Ports 0 and up, four addresses each; then a few out and in again, many times. */
	for (int i = 0; i < LISTENER_MAX; i++)
		assert_true(listener_add(t, RTE_BE32(0xc6120001 + i % 4), RTE_BE16(i / 4), i, 0) >= 0);
	assert_int_equal(t->count, LISTENER_MAX);
	assert_int_equal(listener_add(t, RTE_BE32(9), RTE_BE16(0), 0, 0), -ENOSPC);
	assert_int_equal(listener_add(t, RTE_BE32(1), RTE_BE16(0), 0, 0), -EADDRINUSE);
	for (int round = 0; round < 5000; round++) {
		uint32_t first = rng_below(&r, LISTENER_MAX), n = 1 + rng_below(&r, 9);

		for (uint32_t k = 0; k < n; k++) {
			uint32_t i = (first + k * 3) % LISTENER_MAX;
			uint16_t id = listener_lookup(t, RTE_BE32(0xc6120001 + i % 4), RTE_BE16(i / 4));

			assert_true(id < LISTENER_MAX && t->entry[id].cookie == i);
			listener_remove(t, id);
			assert_int_equal(listener_lookup(t, RTE_BE32(0xc6120001 + i % 4), RTE_BE16(i / 4)),
				LISTENER_NONE);
		}
		assert_int_equal(t->count, LISTENER_MAX - n);
		for (uint32_t k = 0; k < n; k++) {
			uint32_t i = (first + k * 3) % LISTENER_MAX;

			assert_true(
				listener_add(t, RTE_BE32(0xc6120001 + i % 4), RTE_BE16(i / 4), i, 0) >= 0);
		}
	}
	assert_int_equal(listener_add(t, RTE_BE32(9), RTE_BE16(0), 0, 0), -ENOSPC);
	for (int i = 0; i < LISTENER_MAX; i++)
		assert_int_equal(
			t->entry[listener_lookup(t, RTE_BE32(0xc6120001 + i % 4), RTE_BE16(i / 4))].cookie,
			i);
	free(t);
}

/* local_port */

/* The number of the tuple proposed now; outside the range it fails. */
static uint64_t
proposed(const struct local_port *p, const struct local_range *range)
{
	rte_be32_t addr;
	rte_be16_t port;
	uint32_t a, b;

	local_port_current(p, &addr, &port);
	a = rte_be_to_cpu_32(addr) - range->first_addr;
	b = rte_be_to_cpu_16(port) - (uint32_t)range->first_port;
	if (a >= range->n_addr || b >= range->n_port)
		fail_msg("address %u port %u of a range of %u x %u", a, b, range->n_addr,
			range->n_port);
	return (uint64_t)a * range->n_port + b;
}

static void
visits_each_once(const struct local_range *range, bool sequential)
{
	struct local_port p;
	uint64_t size = (uint64_t)range->n_addr * range->n_port, first;
	uint8_t *seen = exact_alloc(size);

	local_port_init(&p, range, sequential, SECRET);
	assert_true(p.size == size);
	for (int start = 0; start < 4; start++) {
		memset(seen, 0, size);
		local_port_start(&p);
		first = proposed(&p, range);
		for (uint64_t i = 0; i < size; i++) {
			seen[proposed(&p, range)]++;
			local_port_advance(&p);
		}
		for (uint64_t i = 0; i < size; i++)
			assert_int_equal(seen[i], 1);
		assert_true(proposed(&p, range) == first); /* once around */
	}
	free(seen);
}

static void
test_local_port_visits_each_once(void **state)
{
	static const struct local_range ranges[] = {
		{0x0a000001, 1, 1024, 1},     /* a single tuple */
		{0x0a000001, 1, 65535, 1},    /* the last port */
		{0x0a000001, 1, 0, 65536},    /* every port there is */
		{0x0a000001, 1, 1024, 64512}, /* up to 65535 */
		{0x0a0000fe, 5, 65530, 6},    /* addresses across a byte */
		{0xffffff00, 256, 7, 1},      /* addresses only */
		{0x0a000001, 17, 32768, 499},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(ranges); i++) {
		visits_each_once(&ranges[i], false);
		visits_each_once(&ranges[i], true);
	}
}

static void
test_local_port_sequential(void **state)
{
	struct local_range range = {0xc0a80001, 3, 65000, 536};
	struct local_port p;

	(void)state;
	local_port_init(&p, &range, true, SECRET);
	for (uint64_t i = 0; i < 3 * 536 * 2; i++) {
		local_port_start(&p);
		assert_int_equal(proposed(&p, &range), i % (3 * 536));
	}
	/* A search that went on is where the next one begins. */
	local_port_advance(&p);
	local_port_advance(&p);
	local_port_start(&p);
	assert_int_equal(proposed(&p, &range), 2);
}

/* Every number is a start about as often as any other, and so is every step between two. */
static void
test_local_port_random(void **state)
{
	enum { SIZE = 1000, STARTS = 1000 * 200 };
	struct local_range range = {0x0a000001, 10, 40000, 100};
	uint32_t *at = calloc(SIZE * 2, sizeof(*at)), *by = at + SIZE;
	double chi_at = 0, chi_by = 0;
	struct local_port p;
	uint64_t last = 0;

	(void)state;
	local_port_init(&p, &range, false, SECRET);
	for (int i = 0; i < STARTS; i++) {
		uint64_t now;

		local_port_start(&p);
		now = proposed(&p, &range);
		at[now]++;
		by[(now + SIZE - last) % SIZE]++;
		last = now;
	}
	for (int i = 0; i < SIZE; i++) {
		chi_at += (at[i] - 200.0) * (at[i] - 200.0) / 200.0;
		chi_by += (by[i] - 200.0) * (by[i] - 200.0) / 200.0;
	}
	/* Chi-square with 999 degrees of freedom: 999 on average, deviation 45. */
	assert_true(chi_at > 750 && chi_at < 1250);
	assert_true(chi_by > 750 && chi_by < 1250);
	free(at);
}

/* The secret decides the sequence; ranges beyond 32 bits are used to their ends. */
static void
test_local_port_secret_and_size(void **state)
{
	static const uint64_t other[2] = {1, 2};
	struct local_range huge = {0x0a000000, 1 << 20, 0, 65536};
	struct local_port a, b, c;
	uint32_t same = 0, eighth[8] = {0};

	(void)state;
	local_port_init(&a, &huge, false, SECRET);
	local_port_init(&b, &huge, false, SECRET);
	local_port_init(&c, &huge, false, other);
	for (int i = 0; i < 8000; i++) {
		local_port_start(&a);
		local_port_start(&b);
		local_port_start(&c);
		assert_true(proposed(&a, &huge) == proposed(&b, &huge));
		same += proposed(&a, &huge) == proposed(&c, &huge);
		eighth[proposed(&a, &huge) >> 33]++;
	}
	assert_true(same < 2);
	for (int i = 0; i < 8; i++)
		assert_true(eighth[i] > 850 && eighth[i] < 1150);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key_hash_is_siphash),
		cmocka_unit_test(test_key_hash_and_equality),
		cmocka_unit_test(test_delay_queue),
		cmocka_unit_test(test_timewait_expiry_never_early),
		cmocka_unit_test(test_timewait_left_alone),
		cmocka_unit_test(test_timewait_window),
		cmocka_unit_test(test_timewait_store),
		cmocka_unit_test(test_listener_exact_and_any),
		cmocka_unit_test(test_listener_remove_anywhere),
		cmocka_unit_test(test_listener_full),
		ROW_TEST("CM-12", test_local_port_visits_each_once),
		ROW_TEST("CM-12", test_local_port_sequential),
		ROW_TEST("CM-12", test_local_port_random),
		ROW_TEST("CM-12", test_local_port_secret_and_size),
	};

	return unit_main(argc, argv, tests, N_OF(tests), NULL, NULL);
}
