/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flow, all but the tables: the key's hash against SipHash's definition, who may
 * listen where and who answers, and local ports: each visited once, none favoured.
 */
#include "unit.h"

#include <errno.h>

#include "flow/flow_key.h"
#include "flow/listener.h"
#include "flow/local_port.h"

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
	assert_true(flow_key_siphash(&k, SECRET) == 0x78a384b157b4d9a2ull);
}

#ifdef __AES__
/* FIPS 197, one step after the other: SubBytes by what it is in the field, ShiftRows, MixColumns. */
static uint8_t
times(uint8_t a, uint8_t b)
{
	uint8_t product = 0;

	for (; b; b >>= 1, a = a << 1 ^ (a & 0x80 ? 0x1b : 0))
		product ^= b & 1 ? a : 0;
	return product;
}

static uint8_t
substitute(uint8_t x)
{
	uint8_t inverse = 0, out = 0x63;

	for (int y = 1; y < 256 && inverse == 0; y++)
		inverse = times(x, y) == 1 ? y : 0;
	for (int i = 0; i < 5; i++)
		out ^= (uint8_t)(inverse << i | inverse >> (8 - i));
	return out;
}

static void
aes_round(uint8_t x[16], const uint8_t key[16])
{
	uint8_t s[16];

	for (int i = 0; i < 16; i++)
		s[i] = substitute(x[(i + i % 4 * 4) % 16]);
	for (int i = 0; i < 16; i++) {
		const uint8_t *column = s + i / 4 * 4;

		x[i] = times(column[i % 4], 2) ^ times(column[(i + 1) % 4], 3) ^
		       column[(i + 2) % 4] ^ column[(i + 3) % 4] ^ key[i];
	}
}

static void
test_key_hash_is_aes(void **state)
{
	struct rng r = {43};

	(void)state;
	for (int i = 0; i < 200; i++) {
		struct flow_key k = random_key(&r);
		uint64_t secret[2] = {rng_next(&r), rng_next(&r)}, want;
		uint8_t x[16] = {0}, even[16], odd[16];
		static const uint8_t differ[] = {0x71, 0x3e, 0x9c, 0x5a};

		memcpy(even, secret, 16);
		for (int b = 0; b < 16; b++)
			odd[b] = even[(b + 8) % 16] ^ differ[b % 4];
		memcpy(x, &k, sizeof(k));
		for (int b = 0; b < 16; b++)
			x[b] ^= even[b];
		for (int round = 0; round < 4; round++)
			aes_round(x, round % 2 ? even : odd);
		memcpy(&want, x, sizeof(want));
		assert_true(flow_key_hash(&k, secret) == want);
	}
}
#endif

/* Tuples of a few peers in order, as there are: buckets are filled as evenly as by chance. */
static void
test_key_hash_spreads_neighbours(void **state)
{
	static uint32_t low[1024], high[1024];
	double chi_low = 0, chi_high = 0;
	const uint32_t n = 1024 * 200;

	(void)state;
	for (uint32_t i = 0; i < n; i++) {
		struct flow_key k = {rte_cpu_to_be_32(0xc6120001 + i / 50000),
			RTE_BE32(0xc6130001), rte_cpu_to_be_16(1024 + i % 50000), RTE_BE16(80)};
		uint64_t h = flow_key_hash(&k, SECRET);

		low[(uint32_t)h % 1024]++;
		high[h >> 54]++;
	}
	for (uint32_t i = 0; i < 1024; i++) {
		chi_low += (low[i] - 200.0) * (low[i] - 200.0) / 200;
		chi_high += (high[i] - 200.0) * (high[i] - 200.0) / 200;
	}
	/* 1023 degrees of freedom: five deviations of 45 either way. */
	assert_true(chi_low > 800 && chi_low < 1250);
	assert_true(chi_high > 800 && chi_high < 1250);
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

/* Every port is some share's, and no other's, and has that remainder; some have none. */
static void
shared(const struct local_range *range, bool sequential, uint16_t of)
{
	uint64_t size = (uint64_t)range->n_addr * range->n_port, all = 0;
	uint8_t *seen = exact_alloc(size);

	memset(seen, 0, size);
	for (uint16_t share = 0; share < of; share++) {
		struct local_port p;
		rte_be32_t addr;
		rte_be16_t port;

		local_port_init(&p, range, sequential, SECRET);
		local_port_share(&p, share, of);
		all += p.size;
		if (p.size == 0)
			continue;
		local_port_start(&p);
		for (uint64_t i = 0; i < p.size; i++) {
			local_port_current(&p, &addr, &port);
			assert_int_equal(rte_be_to_cpu_16(port) % of, share);
			assert_int_equal(seen[proposed(&p, range)]++, 0);
			local_port_advance(&p);
		}
	}
	assert_true(all == size);
	free(seen);
}

static void
test_local_port_shares(void **state)
{
	static const struct local_range ranges[] = {
		{0x0a000001, 1, 1024, 1}, /* fewer ports than shares */
		{0x0a000001, 3, 65533, 3},
		{0x0a000001, 1, 0, 65536},
		{0x0a000001, 2, 1023, 1001},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(ranges); i++) {
		for (uint16_t of = 1; of < 20; of++) {
			shared(&ranges[i], false, of);
			shared(&ranges[i], true, of);
		}
		shared(&ranges[i], false, UINT16_MAX);
	}
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
#ifdef __AES__
		cmocka_unit_test(test_key_hash_is_aes),
#endif
		cmocka_unit_test(test_key_hash_spreads_neighbours),
		cmocka_unit_test(test_key_hash_and_equality),
		cmocka_unit_test(test_listener_exact_and_any),
		cmocka_unit_test(test_listener_remove_anywhere),
		cmocka_unit_test(test_listener_full),
		ROW_TEST("CM-12", test_local_port_visits_each_once),
		ROW_TEST("CM-12", test_local_port_sequential),
		ROW_TEST("CM-12", test_local_port_shares),
		ROW_TEST("CM-12", test_local_port_random),
		ROW_TEST("CM-12", test_local_port_secret_and_size),
	};

	return unit_main(argc, argv, tests, N_OF(tests), NULL, NULL);
}
