/* SPDX-License-Identifier: BSD-3-Clause */
/* Records of two kinds with a connection table over them, for what tests it. */
#ifndef SPATE_TEST_CONN_RECORDS_H
#define SPATE_TEST_CONN_RECORDS_H

#include "unit.h"

#include "flow/conn_table.h"

/* Two kinds of record that keep the key in different places. */
struct conn_record {
	uint8_t before[20];
	struct flow_key key;
	uint8_t behind[32];
};

struct wait_record {
	struct flow_key key;
	uint8_t behind[28];
};

struct records {
	struct conn_record *conn;
	struct wait_record *wait;
	uint32_t n; /* of each */
	struct conn_table table;
	void *buckets;
};

static inline void
records_start(struct records *w, uint32_t n, uint32_t capacity, uint64_t seed)
{
	struct conn_table_space space[2];
	struct rng r = {seed};
	uint64_t secret[2] = {rng_next(&r), rng_next(&r)};

	w->n = n;
	w->conn = exact_alloc(n * sizeof(*w->conn));
	w->wait = exact_alloc(n * sizeof(*w->wait));
	memset(w->conn, 0, n * sizeof(*w->conn));
	memset(w->wait, 0, n * sizeof(*w->wait));
	space[0] = (struct conn_table_space){&w->conn[0].key, sizeof(*w->conn)};
	space[1] = (struct conn_table_space){&w->wait[0].key, sizeof(*w->wait)};
	w->buckets = aligned_exact(64, conn_table_bytes(capacity));
	memset(w->buckets, 0x5a, conn_table_bytes(capacity));
	conn_table_init(&w->table, w->buckets, capacity, space, secret);
}

/* Who is elsewhere is known to its home: one guest somewhere for each that is away. */
static inline void
assert_guests_counted(const struct records *w)
{
	uint64_t guests = 0, away = 0;

	for (uint32_t b = 0; b < w->table.n_buckets; b++) {
		guests += __builtin_popcount(w->table.buckets[b].guests);
		away += w->table.buckets[b].away;
		for (uint32_t s = 0; s < CONN_TABLE_SLOTS; s++)
			assert_true(w->table.buckets[b].tag[s] ||
				    !(w->table.buckets[b].guests >> s & 1));
	}
	assert_int_equal(guests, away);
	if (w->table.count == 0)
		assert_int_equal(guests, 0);
}

static inline void
records_end(struct records *w)
{
	assert_guests_counted(w);
	free(w->buckets);
	free(w->wait);
	free(w->conn);
}

static inline struct flow_key *
record_key(struct records *w, uint32_t handle)
{
	uint32_t index = handle & ~CONN_TABLE_SPACE;

	assert_true(index < w->n);
	return handle & CONN_TABLE_SPACE ? &w->wait[index].key : &w->conn[index].key;
}

#endif
