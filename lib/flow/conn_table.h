/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flow/conn_table: from 4-tuple to record, for one core.
 *
 * The table holds handles, not keys: 64-byte buckets of ten 16-bit tags and ten
 * 32-bit handles, two buckets an entry. The key stays in the record, which the caller
 * reads next anyway, so a hit costs one bucket line and one record line. A handle
 * names a record in one of two arrays (connections and TIME_WAIT, told apart by its
 * top bit), which lets a connection become its TIME_WAIT by changing four bytes.
 *
 * One writer, which is also the only reader: no lock and no atomic. The memory is
 * the caller's. The table knows where keys lie in records and nothing else of them.
 *
 * A bucket knows how many of its own are in their other bucket. Nearly always there are none, and
 * a tuple that is not in the table, as each new one's is not, costs one cache miss instead of two.
 *
 * An entry's other bucket follows from its tag and the bucket it is in, so entries
 * can be moved to make room without reading their keys; that is how 93 % of the
 * slots are used before an insertion fails.
 */
#ifndef SPATE_FLOW_CONN_TABLE_H
#define SPATE_FLOW_CONN_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "flow/flow_key.h"

#define CONN_TABLE_SLOTS 10
#define CONN_TABLE_NONE  UINT32_MAX
#define CONN_TABLE_SPACE 0x80000000u /* handle bit: set, the second record array */
#define CONN_TABLE_BULK  64          /* most keys in one bulk lookup */

struct conn_bucket {
	uint16_t tag[CONN_TABLE_SLOTS]; /* 0: empty */
	uint32_t handle[CONN_TABLE_SLOTS];
	uint16_t guests; /* a bit for each slot whose entry has its home elsewhere */
	uint16_t away;   /* entries that have their home here and are elsewhere; see AWAY_MANY */
};

_Static_assert(sizeof(struct conn_bucket) == 64, "a cache line");

/* Where the keys of an array of records are: key i at first_key + i * stride. */
struct conn_table_space {
	const void *first_key;
	size_t stride;
};

struct conn_table {
	struct conn_bucket *buckets;
	uint32_t n_buckets;
	uint32_t count;
	uint32_t capacity;
	uint64_t secret[2];
	struct conn_table_space space[2];
};

/* Bytes of bucket memory for `capacity` entries. */
size_t conn_table_bytes(uint32_t capacity);

/*
 * Start empty. `buckets` is conn_table_bytes(capacity), 64-byte aligned; `space` says
 * where records keep their keys, `secret` keys the hash.
 */
void conn_table_init(struct conn_table *t, void *buckets, uint32_t capacity,
	const struct conn_table_space space[2], const uint64_t secret[2]);

static inline uint64_t
conn_table_hash(const struct conn_table *t, const struct flow_key *k)
{
	return flow_key_hash(k, t->secret);
}

/* The key that `handle`'s record holds. */
static inline const struct flow_key *
conn_table_key(const struct conn_table *t, uint32_t handle)
{
	const struct conn_table_space *s = &t->space[handle >> 31];
	uint64_t index = handle & ~CONN_TABLE_SPACE;

	return (const struct flow_key *)((const uint8_t *)s->first_key + index * s->stride);
}

/*
 * Add `handle`, whose record already holds the key `hash` was made of and whose key is
 * not in the table. Returns 0, or -ENOSPC at capacity or when no place could be made;
 * the table is then as before.
 */
int conn_table_insert(struct conn_table *t, uint64_t hash, uint32_t handle);

/* Remove `handle`. Returns 0, or -ENOENT. */
int conn_table_remove(struct conn_table *t, uint64_t hash, uint32_t handle);

/* Let `new_handle`, a record with the same key, take the place of `old_handle`. 0 or -ENOENT. */
int conn_table_replace(
	struct conn_table *t, uint64_t hash, uint32_t old_handle, uint32_t new_handle);

/* The handle whose record holds `key`, or CONN_TABLE_NONE. */
uint32_t conn_table_lookup(const struct conn_table *t, uint64_t hash, const struct flow_key *key);

/*
 * For `n` keys (<= CONN_TABLE_BULK) in two passes, so that the cache misses of one overlap those of
 * the others: hash and fetch buckets; match tags and fetch records. Writes the hashes, and for each
 * key the handle that most likely is its own: keys are compared by conn_table_confirm(), when each
 * has its turn, and records may have come and gone.
 */
void conn_table_guess_bulk(const struct conn_table *t, const struct flow_key *keys, uint32_t n,
	uint64_t *hashes, uint32_t *handles);

/* What `handle`, guessed for `key`, is by now: as conn_table_lookup(). */
static inline uint32_t
conn_table_confirm(
	const struct conn_table *t, uint64_t hash, const struct flow_key *key, uint32_t handle)
{
	if (handle != CONN_TABLE_NONE && flow_key_equal(conn_table_key(t, handle), key))
		return handle;
	return conn_table_lookup(t, hash, key);
}

/* The home of `hash` will be looked at soon. */
void conn_table_prefetch(const struct conn_table *t, uint64_t hash);

/* Call `visit` for the handles in `n` buckets from `bucket` on; returns the next bucket, 0 at the
 * end. */
uint32_t conn_table_walk(const struct conn_table *t, uint32_t bucket, uint32_t n,
	void (*visit)(void *ctx, uint32_t handle), void *ctx);

#endif
