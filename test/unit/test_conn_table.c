/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conn_table: millions of random operations, each compared with what rte_hash says
 * about the same keys; tables filled to their very capacity; a refused insertion that
 * changes no byte; entries moved to make room and found afterwards. Records are in
 * both spaces and lie in memory of their exact size.
 */
#include "../eal.h"
#include "conn_records.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_hash.h>
#include <rte_jhash.h>

/* Key number `i`: peers of a few addresses and sequential ports, or anything. */
static struct flow_key
nth_key(uint64_t i, bool clustered, uint64_t seed)
{
	struct rng r = {seed ^ i << 20};
	struct flow_key k;

	if (clustered)
		return (struct flow_key){
			.raddr = rte_cpu_to_be_32(0x0a000001 + (uint32_t)(i / 50000)),
			.laddr = RTE_BE32(0x0a800001),
			.rport = rte_cpu_to_be_16(1024 + i % 50000),
			.lport = RTE_BE16(80),
		};
	rng_fill(&r, (uint8_t *)&k, sizeof(k));
	return k;
}

/* Against rte_hash */

struct trial {
	struct records w;
	struct rte_hash *oracle;
	struct flow_key *key; /* all that may be in the table */
	uint32_t n_keys;
	uint32_t *free_record[2], n_free[2]; /* stacks of record indexes */
	uint32_t eagerness;                  /* 0: mostly remove, 100: mostly insert */
	uint64_t inserts, removes, replaces, refused;
	uint64_t guesses, right; /* of a burst: what saves a lookup */
	struct rng r;
};

static struct rte_hash *
oracle_create(uint32_t entries)
{
	struct rte_hash_parameters p = {
		.name = "oracle",
		.entries = entries,
		.key_len = sizeof(struct flow_key),
		.hash_func = rte_jhash,
		.socket_id = 0,
		.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};
	struct rte_hash *h = rte_hash_create(&p);

	assert_non_null(h);
	return h;
}

static uint32_t
oracle_lookup(const struct trial *t, const struct flow_key *k)
{
	void *data;

	return rte_hash_lookup_data(t->oracle, k, &data) < 0 ? CONN_TABLE_NONE
							     : (uint32_t)(uintptr_t)data;
}

static void
oracle_set(struct trial *t, const struct flow_key *k, uint32_t handle)
{
	assert_int_equal(rte_hash_add_key_data(t->oracle, k, (void *)(uintptr_t)handle), 0);
}

static void
trial_start(struct trial *t, uint32_t capacity, uint64_t seed)
{
	memset(t, 0, sizeof(*t));
	t->r.state = seed;
	t->n_keys = capacity * 2;
	t->oracle = oracle_create(t->n_keys < 64 ? 64 : t->n_keys);
	t->key = exact_alloc(t->n_keys * sizeof(*t->key));
	for (uint32_t i = 0; i < t->n_keys; i++)
		t->key[i] = nth_key(i, i % 2, seed);
	records_start(&t->w, capacity + 1, capacity, seed);
	for (int s = 0; s < 2; s++) {
		t->free_record[s] = exact_alloc((capacity + 1) * sizeof(uint32_t));
		while (t->n_free[s] <= capacity) {
			t->free_record[s][t->n_free[s]] = t->n_free[s];
			t->n_free[s]++;
		}
	}
}

static void
trial_end(struct trial *t)
{
	free(t->free_record[0]);
	free(t->free_record[1]);
	records_end(&t->w);
	free(t->key);
	rte_hash_free(t->oracle);
}

/* A free record, its key written as whoever inserts it does. */
static uint32_t
record_take(struct trial *t, uint32_t space, const struct flow_key *k)
{
	uint32_t handle;

	assert_true(t->n_free[space] > 0);
	handle = t->free_record[space][--t->n_free[space]] | (space ? CONN_TABLE_SPACE : 0);
	*record_key(&t->w, handle) = *k;
	return handle;
}

static void
record_give(struct trial *t, uint32_t handle)
{
	uint32_t space = handle >> 31;

	memset(record_key(&t->w, handle), 0, sizeof(struct flow_key));
	t->free_record[space][t->n_free[space]++] = handle & ~CONN_TABLE_SPACE;
}

static void
trial_insert(struct trial *t, const struct flow_key *k, uint64_t hash)
{
	struct conn_table *table = &t->w.table;
	bool full = table->count == table->capacity;
	uint32_t handle = record_take(t, rng_below(&t->r, 2), k);

	assert_int_equal(conn_table_insert(table, hash, handle), full ? -ENOSPC : 0);
	if (full) {
		record_give(t, handle);
		t->refused++;
		return;
	}
	oracle_set(t, k, handle);
	t->inserts++;
}

static void
trial_remove(struct trial *t, const struct flow_key *k, uint64_t hash, uint32_t handle)
{
	assert_int_equal(conn_table_remove(&t->w.table, hash, handle), 0);
	assert_int_equal(conn_table_remove(&t->w.table, hash, handle), -ENOENT);
	assert_true(rte_hash_del_key(t->oracle, k) >= 0);
	record_give(t, handle);
	t->removes++;
}

/* As a connection becomes its TIME_WAIT, or the reverse. */
static void
trial_replace(struct trial *t, const struct flow_key *k, uint64_t hash, uint32_t handle)
{
	uint32_t other = record_take(t, !(handle >> 31), k);

	assert_int_equal(conn_table_replace(&t->w.table, hash, other, handle), -ENOENT);
	assert_int_equal(conn_table_replace(&t->w.table, hash, handle, other), 0);
	assert_int_equal(conn_table_replace(&t->w.table, hash, handle, other), -ENOENT);
	oracle_set(t, k, other);
	record_give(t, handle);
	t->replaces++;
}

static void
trial_operation(struct trial *t, const struct flow_key *k)
{
	uint64_t hash = conn_table_hash(&t->w.table, k);
	uint32_t handle = conn_table_lookup(&t->w.table, hash, k);

	if (handle != oracle_lookup(t, k))
		fail_msg("lookup says %x, rte_hash %x", handle, oracle_lookup(t, k));
	if (handle == CONN_TABLE_NONE) {
		if (rng_below(&t->r, 100) < t->eagerness)
			trial_insert(t, k, hash);
		else
			assert_int_equal(conn_table_remove(&t->w.table, hash, 0), -ENOENT);
	} else if (rng_below(&t->r, 100) >= t->eagerness) {
		trial_remove(t, k, hash, handle);
	} else if (rng_below(&t->r, 3) == 0) {
		trial_replace(t, k, hash, handle);
	}
}

/* A burst: guessed at once, then handled one by one while the table changes. */
static void
trial_burst(struct trial *t)
{
	struct flow_key keys[CONN_TABLE_BULK] = {{0}};
	uint64_t hashes[CONN_TABLE_BULK];
	uint32_t handles[CONN_TABLE_BULK], n = rng_below(&t->r, CONN_TABLE_BULK + 1);

	for (uint32_t i = 0; i < n; i++) /* now and then one key twice in a burst */
		keys[i] = i > 0 && rng_below(&t->r, 4) == 0 ? keys[i - 1]
							    : t->key[rng_below(&t->r, t->n_keys)];
	conn_table_guess_bulk(&t->w.table, keys, n, hashes, handles);
	for (uint32_t i = 0; i < n; i++) {
		assert_true(hashes[i] == conn_table_hash(&t->w.table, &keys[i]));
		t->guesses++;
		t->right += handles[i] == oracle_lookup(t, &keys[i]);
	}
	for (uint32_t i = 0; i < n; i++) {
		uint32_t now = conn_table_confirm(&t->w.table, hashes[i], &keys[i], handles[i]);

		if (now != oracle_lookup(t, &keys[i]))
			fail_msg("confirmed %x, rte_hash says %x", now, oracle_lookup(t, &keys[i]));
		trial_operation(t, &keys[rng_below(&t->r, n)]);
	}
}

static void
trial_run(uint32_t capacity, uint32_t operations, uint64_t seed)
{
	static const uint32_t phase[] = {95, 60, 99, 3, 50, 97, 40, 10};
	uint32_t at_capacity = 0, low = UINT32_MAX;
	struct trial t;

	trial_start(&t, capacity, seed);
	for (uint32_t i = 0; i < operations; i++) {
		t.eagerness = phase[(uint64_t)i * 24 / operations % N_OF(phase)];
		if (i % 128 == 0)
			trial_burst(&t);
		trial_operation(&t, &t.key[rng_below(&t.r, t.n_keys)]);
		assert_int_equal(t.w.table.count, rte_hash_count(t.oracle));
		at_capacity += t.w.table.count == capacity;
		if (i > operations / 2 && t.w.table.count < low)
			low = t.w.table.count;
	}
	for (uint32_t i = 0; i < t.n_keys; i++) {
		uint64_t hash = conn_table_hash(&t.w.table, &t.key[i]);

		assert_int_equal(conn_table_lookup(&t.w.table, hash, &t.key[i]),
			oracle_lookup(&t, &t.key[i]));
	}
	/* It was full, it was nearly empty, and everything happened often. */
	assert_true(at_capacity > operations / 1000 && low <= capacity / 4);
	assert_true(t.inserts > operations / 20 && t.removes > operations / 20);
	assert_true(t.replaces > operations / 20 && t.refused > operations / 1000);
	assert_true(t.right > t.guesses * 3 / 4);
	trial_end(&t);
}

static void
test_random_against_rte_hash(void **state)
{
	(void)state;
	trial_run(20000, 2200000, 50);
	trial_run(1000, 500000, 51);
	trial_run(50, 400000, 52);
	trial_run(3, 100000, 53);
}

/* Capacity */

/* The i-th record: spaces in turn. */
static uint32_t
nth_handle(uint32_t i)
{
	return i / 2 | (i % 2 ? CONN_TABLE_SPACE : 0);
}

static int
insert_nth(struct records *w, uint32_t i, bool clustered, uint64_t seed)
{
	struct flow_key *k = record_key(w, nth_handle(i));

	*k = nth_key(i, clustered, seed);
	return conn_table_insert(&w->table, conn_table_hash(&w->table, k), nth_handle(i));
}

static void
find_all(struct records *w, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct flow_key k = *record_key(w, nth_handle(i));
		uint32_t got = conn_table_lookup(&w->table, conn_table_hash(&w->table, &k), &k);

		if (got != nth_handle(i))
			fail_msg("entry %u of %u: found %x", i, n, got);
	}
}

/* An insertion that is refused leaves every byte as it was. */
static void
refused_and_intact(struct records *w, uint64_t hash, uint32_t handle)
{
	size_t bytes = conn_table_bytes(w->table.capacity);
	struct conn_table before = w->table;
	uint8_t *copy = exact_copy(w->buckets, bytes);

	assert_int_equal(conn_table_insert(&w->table, hash, handle), -ENOSPC);
	assert_memory_equal(&w->table, &before, sizeof(before));
	assert_int_equal(memcmp(w->buckets, copy, bytes), 0);
	free(copy);
}

static void
fill_to_capacity(uint32_t capacity, bool clustered, uint64_t seed)
{
	struct records w;
	struct flow_key k;
	uint64_t hash;
	uint32_t freed = capacity / 2;

	records_start(&w, capacity / 2 + 1, capacity, seed);
	for (uint32_t i = 0; i < capacity; i++)
		if (insert_nth(&w, i, clustered, seed) != 0)
			fail_msg("capacity %u, seed %lu: refused at %u", capacity, seed, i);
	assert_int_equal(w.table.count, capacity);
	find_all(&w, capacity);
	k = nth_key(capacity, clustered, seed);
	hash = conn_table_hash(&w.table, &k);
	*record_key(&w, nth_handle(capacity)) = k;
	refused_and_intact(&w, hash, nth_handle(capacity));
	assert_int_equal(conn_table_lookup(&w.table, hash, &k), CONN_TABLE_NONE);
	/* One out, one in. */
	assert_int_equal(conn_table_remove(&w.table,
				 conn_table_hash(&w.table, record_key(&w, nth_handle(freed))),
				 nth_handle(freed)),
		0);
	assert_int_equal(conn_table_insert(&w.table, hash, nth_handle(capacity)), 0);
	assert_int_equal(conn_table_lookup(&w.table, hash, &k), nth_handle(capacity));
	records_end(&w);
}

static void
test_capacity_is_reached(void **state)
{
	static const struct {
		uint32_t capacity, seeds;
	} size[] = {{1, 200}, {2, 200}, {7, 500}, {8, 500}, {9, 500}, {15, 500}, {100, 200},
		{1000, 50}, {4096, 4}, {65537, 2}, {1000000, 1}};

	(void)state;
	for (size_t i = 0; i < N_OF(size); i++)
		for (uint32_t seed = 0; seed < size[i].seeds; seed++) {
			fill_to_capacity(size[i].capacity, false, seed + 1);
			fill_to_capacity(size[i].capacity, true, seed + 1);
		}
	for (uint32_t capacity = 1; capacity < 400; capacity++)
		fill_to_capacity(capacity, capacity % 2, capacity);
}

/* Slots that are not what they were. */
static uint32_t
slots_changed(const struct records *w, const struct conn_bucket *before)
{
	uint32_t n = 0;

	for (uint32_t b = 0; b < w->table.n_buckets; b++)
		for (uint32_t s = 0; s < CONN_TABLE_SLOTS; s++) {
			const struct conn_bucket *now = &w->table.buckets[b];

			n += now->tag[s] != before[b].tag[s] ||
			     (now->tag[s] != 0 && now->handle[s] != before[b].handle[s]);
		}
	return n;
}

/* Insertions that move others: there are such, and nobody is lost by them. */
static void
test_making_room(void **state)
{
	uint32_t moved = 0, farthest = 0;

	(void)state;
	for (uint64_t seed = 60; seed < 64; seed++) {
		enum { CAPACITY = 1500 };
		size_t bytes = conn_table_bytes(CAPACITY);
		void *before = aligned_exact(64, bytes);
		struct records w;

		records_start(&w, CAPACITY / 2 + 1, CAPACITY, seed);
		for (uint32_t i = 0; i < CAPACITY; i++) {
			uint32_t changed;

			memcpy(before, w.buckets, bytes);
			assert_int_equal(insert_nth(&w, i, seed % 2, seed), 0);
			changed = slots_changed(&w, before);
			assert_true(changed >= 1);
			if (changed > 1) {
				find_all(&w, i + 1);
				moved++;
			}
			if (changed > farthest)
				farthest = changed;
		}
		find_all(&w, CAPACITY);
		records_end(&w);
		free(before);
	}
	assert_true(moved > 100 && farthest > 2); /* chains of moves among them */
}

/* One hash for all: two buckets and no more, told apart by key and by handle. */
static void
one_hash_for_all(uint64_t hash)
{
	enum { CAPACITY = 500 };
	struct records w;
	uint32_t n = 0;

	records_start(&w, CAPACITY / 2 + 1, CAPACITY, 70);
	for (uint32_t i = 0; i < CAPACITY; i++)
		*record_key(&w, nth_handle(i)) = nth_key(i, true, 70);
	while (n < CAPACITY && conn_table_insert(&w.table, hash, nth_handle(n)) == 0)
		n++;
	assert_true(n == CONN_TABLE_SLOTS || n == 2 * CONN_TABLE_SLOTS);
	assert_int_equal(w.table.count, n);
	refused_and_intact(&w, hash, nth_handle(n));
	for (uint32_t i = 0; i <= n; i++) {
		struct flow_key k = nth_key(i, true, 70);

		assert_int_equal(conn_table_lookup(&w.table, hash, &k),
			i < n ? nth_handle(i) : CONN_TABLE_NONE);
	}
	/* Each can be taken out, and its place goes to the one that found none. */
	for (uint32_t i = 0; i < n; i++) {
		struct flow_key k = nth_key(i, true, 70), last = nth_key(n, true, 70);

		assert_int_equal(conn_table_remove(&w.table, hash, nth_handle(n)), -ENOENT);
		assert_int_equal(conn_table_remove(&w.table, hash, nth_handle(i)), 0);
		assert_int_equal(conn_table_lookup(&w.table, hash, &k), CONN_TABLE_NONE);
		assert_int_equal(conn_table_insert(&w.table, hash, nth_handle(n)), 0);
		assert_int_equal(conn_table_lookup(&w.table, hash, &last), nth_handle(n));
		assert_int_equal(conn_table_remove(&w.table, hash, nth_handle(n)), 0);
		assert_int_equal(conn_table_insert(&w.table, hash, nth_handle(i)), 0);
	}
	records_end(&w);
}

static void
test_equal_hashes(void **state)
{
	struct rng r = {71};

	(void)state;
	one_hash_for_all(0);
	one_hash_for_all(UINT64_MAX);
	one_hash_for_all(1ull << 48);
	one_hash_for_all(0xffffffffull); /* the last bucket, and a tag of zero */
	for (int i = 0; i < 500; i++)
		one_hash_for_all(rng_next(&r));
}

/* Walking */

struct visits {
	uint8_t *seen[2];
	uint32_t n, records;
};

static void
visit(void *ctx, uint32_t handle)
{
	struct visits *v = ctx;
	uint32_t index = handle & ~CONN_TABLE_SPACE;

	assert_true(index < v->records);
	v->seen[handle >> 31][index]++;
	v->n++;
}

static void
test_walk(void **state)
{
	static const uint32_t steps[] = {1, 2, 3, 7, 64, 1000, UINT32_MAX};
	static const uint32_t fill[] = {0, 1, 100, 777, 1000};
	struct records w;
	struct visits v;

	(void)state;
	for (size_t f = 0; f < N_OF(fill); f++) {
		records_start(&w, 501, 1000, 80);
		for (uint32_t i = 0; i < fill[f]; i++)
			assert_int_equal(insert_nth(&w, i, true, 80), 0);
		for (size_t s = 0; s < N_OF(steps); s++) {
			uint32_t at = 0, turns = 0;

			v = (struct visits){{calloc(501, 1), calloc(501, 1)}, 0, 501};
			do {
				at = conn_table_walk(&w.table, at, steps[s], visit, &v);
				assert_true(at < w.table.n_buckets && ++turns <= w.table.n_buckets);
			} while (at != 0);
			assert_int_equal(v.n, fill[f]);
			for (uint32_t i = 0; i < fill[f]; i++)
				assert_int_equal(v.seen[i % 2][i / 2], 1);
			free(v.seen[0]);
			free(v.seen[1]);
		}
		records_end(&w);
	}
}

/* rte_hash lives in EAL's heap; a name of our own keeps runs apart. */
static int
start_eal(void **state)
{
	static char line[256];
	char *argv[16], *rest = line;
	int argc = 0;

	(void)state;
	snprintf(line, sizeof(line),
		"test --no-huge --no-pci -m 256 --no-telemetry --no-shconf --log-level=error "
		"--lcores 0 --file-prefix=spate-unit-%d",
		(int)getpid());
	while ((argv[argc] = strsep(&rest, " ")) != NULL)
		argc++;
	return eal_on_any_cpu(argc, argv) < 0 ? -1 : 0;
}

static int
stop_eal(void **state)
{
	(void)state;
	return rte_eal_cleanup() == 0 ? rmdir(rte_eal_get_runtime_dir()) : -1;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_against_rte_hash),
		cmocka_unit_test(test_capacity_is_reached),
		cmocka_unit_test(test_making_room),
		cmocka_unit_test(test_equal_hashes),
		cmocka_unit_test(test_walk),
	};

	return unit_main(argc, argv, tests, N_OF(tests), start_eal, stop_eal);
}
