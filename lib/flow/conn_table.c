/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow/conn_table.h"

#include <errno.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_prefetch.h>
#include <rte_vect.h>

/* Slots per entry in percent: beyond this load, making room gets slow before it fails. */
#define LOAD_PERCENT 93
/* Buckets looked at for a free slot before an insertion gives up. */
#define MAKE_ROOM_MAX 256

static uint32_t
reduce(uint32_t x, uint32_t n)
{
	return (uint64_t)x * n >> 32;
}

static uint16_t
tag_of(uint64_t hash)
{
	uint16_t tag = hash >> 48;

	return tag ? tag : 1;
}

static uint32_t
home_of(const struct conn_table *t, uint64_t hash)
{
	return reduce((uint32_t)hash, t->n_buckets);
}

/*
 * The other bucket of an entry with `tag` in bucket `b`: offset(tag) - b modulo the
 * number of buckets, which is its own inverse and needs no power of two.
 */
static uint32_t
other_of(const struct conn_table *t, uint32_t b, uint16_t tag)
{
	uint32_t offset = reduce(tag * 0x9e3779b1u, t->n_buckets);

	return offset >= b ? offset - b : offset + t->n_buckets - b;
}

/* A bit for each of the tags that equals `tag`. */
static uint32_t
match(const struct conn_bucket *b, uint16_t tag)
{
#ifdef __SSE2__
	/* Eight, and two more with six zeros behind them. */
	__m128i first = _mm_load_si128((const __m128i *)(const void *)b->tag);
	__m128i last = _mm_cvtsi32_si128((int)(b->tag[8] | (uint32_t)b->tag[9] << 16));
	__m128i want = _mm_set1_epi16((short)tag);
	__m128i eq = _mm_packs_epi16(_mm_cmpeq_epi16(first, want), _mm_cmpeq_epi16(last, want));

	return _mm_movemask_epi8(eq) & ((1u << CONN_TABLE_SLOTS) - 1);
#else
	uint32_t bits = 0;

	for (uint32_t i = 0; i < CONN_TABLE_SLOTS; i++)
		bits |= (uint32_t)(b->tag[i] == tag) << i;
	return bits;
#endif
}

static uint32_t
buckets_for(uint32_t capacity)
{
	uint64_t slots = (uint64_t)capacity * 100 / LOAD_PERCENT;

	/* A handful more: with few buckets an entry's two are the same one too often. */
	return slots / CONN_TABLE_SLOTS + 4;
}

size_t
conn_table_bytes(uint32_t capacity)
{
	return (size_t)buckets_for(capacity) * sizeof(struct conn_bucket);
}

void
conn_table_init(struct conn_table *t, void *buckets, uint32_t capacity,
	const struct conn_table_space space[2], const uint64_t secret[2])
{
	memset(t, 0, sizeof(*t));
	t->buckets = buckets;
	t->n_buckets = buckets_for(capacity);
	t->capacity = capacity;
	memcpy(t->space, space, sizeof(t->space));
	memcpy(t->secret, secret, sizeof(t->secret));
	memset(buckets, 0, conn_table_bytes(capacity));
}

/* Put an entry into a free slot of bucket `b`. False when there is none. */
static int
put(struct conn_table *t, uint32_t b, uint16_t tag, uint32_t handle)
{
	struct conn_bucket *bucket = &t->buckets[b];
	uint32_t free_slots = match(bucket, 0);

	if (free_slots == 0)
		return 0;

	uint32_t slot = __builtin_ctz(free_slots);

	bucket->tag[slot] = tag;
	bucket->handle[slot] = handle;
	return 1;
}

/* A bucket on the way to a free slot: reached by moving `slot` of the bucket at `from`. */
struct hop {
	uint32_t bucket;
	uint16_t from;
	uint8_t slot;
};

/* Move entries one hop each, from the end of the path back to its root. */
static void
shift_along(struct conn_table *t, const struct hop *hops, uint32_t last)
{
	while (hops[last].from != UINT16_MAX) {
		const struct hop *h = &hops[last];
		struct conn_bucket *from = &t->buckets[hops[h->from].bucket];

		put(t, h->bucket, from->tag[h->slot], from->handle[h->slot]);
		from->tag[h->slot] = 0;
		last = h->from;
	}
}

/*
 * Both buckets of a new entry are full: search breadth-first for the nearest bucket
 * with a free slot and move one entry a hop along the path. Returns the bucket that
 * has room now, or CONN_TABLE_NONE with nothing moved.
 */
static uint32_t
make_room(struct conn_table *t, uint32_t b1, uint32_t b2)
{
	struct hop hops[MAKE_ROOM_MAX] = {{b1, UINT16_MAX, 0}, {b2, UINT16_MAX, 0}};
	uint32_t n = 2;

	for (uint32_t i = 0; i < n; i++) {
		const struct conn_bucket *bucket = &t->buckets[hops[i].bucket];

		for (uint32_t s = 0; s < CONN_TABLE_SLOTS && n < MAKE_ROOM_MAX; s++) {
			uint32_t to = other_of(t, hops[i].bucket, bucket->tag[s]);

			/* A bucket that is already on the way would be moved into itself. */
			uint32_t seen = 0;

			while (seen < n && hops[seen].bucket != to)
				seen++;
			if (seen < n)
				continue;
			hops[n] = (struct hop){to, i, s};
			if (match(&t->buckets[to], 0)) {
				uint32_t root = n;

				while (hops[root].from != UINT16_MAX)
					root = hops[root].from;
				shift_along(t, hops, n);
				return hops[root].bucket;
			}
			n++;
		}
	}
	return CONN_TABLE_NONE;
}

int
conn_table_insert(struct conn_table *t, uint64_t hash, uint32_t handle)
{
	uint16_t tag = tag_of(hash);
	uint32_t b1 = home_of(t, hash);
	uint32_t b2 = other_of(t, b1, tag);

	if (unlikely(t->count >= t->capacity))
		return -ENOSPC;
	if (!put(t, b1, tag, handle) && !put(t, b2, tag, handle)) {
		uint32_t b = make_room(t, b1, b2);

		if (b == CONN_TABLE_NONE)
			return -ENOSPC;
		put(t, b, tag, handle);
	}
	t->count++;
	return 0;
}

/* The slot that holds `handle`: its handle field, or NULL. Sets *tag to the slot's tag. */
static uint32_t *
find_handle(struct conn_table *t, uint64_t hash, uint32_t handle, uint16_t **tag_slot)
{
	uint16_t tag = tag_of(hash);
	uint32_t b = home_of(t, hash);

	for (int i = 0; i < 2; i++) {
		struct conn_bucket *bucket = &t->buckets[b];

		for (uint32_t m = match(bucket, tag); m; m &= m - 1) {
			uint32_t slot = __builtin_ctz(m);

			if (bucket->handle[slot] == handle) {
				*tag_slot = &bucket->tag[slot];
				return &bucket->handle[slot];
			}
		}
		b = other_of(t, b, tag);
	}
	return NULL;
}

int
conn_table_remove(struct conn_table *t, uint64_t hash, uint32_t handle)
{
	uint16_t *tag;

	if (find_handle(t, hash, handle, &tag) == NULL)
		return -ENOENT;
	*tag = 0;
	t->count--;
	return 0;
}

int
conn_table_replace(struct conn_table *t, uint64_t hash, uint32_t old_handle, uint32_t new_handle)
{
	uint16_t *tag;
	uint32_t *slot = find_handle(t, hash, old_handle, &tag);

	if (slot == NULL)
		return -ENOENT;
	*slot = new_handle;
	return 0;
}

void
conn_table_prefetch(const struct conn_table *t, uint64_t hash)
{
	uint32_t b = home_of(t, hash);

	rte_prefetch0(&t->buckets[b]);
	rte_prefetch0(&t->buckets[other_of(t, b, tag_of(hash))]);
}

uint32_t
conn_table_lookup(const struct conn_table *t, uint64_t hash, const struct flow_key *key)
{
	uint16_t tag = tag_of(hash);
	uint32_t b = home_of(t, hash);

	for (int i = 0; i < 2; i++) {
		const struct conn_bucket *bucket = &t->buckets[b];

		for (uint32_t m = match(bucket, tag); m; m &= m - 1) {
			uint32_t handle = bucket->handle[__builtin_ctz(m)];

			if (flow_key_equal(conn_table_key(t, handle), key))
				return handle;
		}
		b = other_of(t, b, tag);
	}
	return CONN_TABLE_NONE;
}

void
conn_table_lookup_bulk(const struct conn_table *t, const struct flow_key *keys, uint32_t n,
	uint64_t *hashes, uint32_t *handles)
{
	for (uint32_t i = 0; i < n; i++) {
		hashes[i] = conn_table_hash(t, &keys[i]);
		rte_prefetch0(&t->buckets[home_of(t, hashes[i])]);
	}
	for (uint32_t i = 0; i < n; i++) {
		uint16_t tag = tag_of(hashes[i]);
		uint32_t b = home_of(t, hashes[i]);
		uint32_t m = match(&t->buckets[b], tag);

		/* Most entries sit in their home bucket; otherwise fetch the other one now. */
		if (m)
			rte_prefetch0(conn_table_key(t, t->buckets[b].handle[__builtin_ctz(m)]));
		else
			rte_prefetch0(&t->buckets[other_of(t, b, tag)]);
	}
	for (uint32_t i = 0; i < n; i++)
		handles[i] = conn_table_lookup(t, hashes[i], &keys[i]);
}

uint32_t
conn_table_walk(const struct conn_table *t, uint32_t bucket, uint32_t n,
	void (*visit)(void *ctx, uint32_t handle), void *ctx)
{
	uint32_t end = n < t->n_buckets - bucket ? bucket + n : t->n_buckets;

	for (; bucket < end; bucket++)
		for (uint32_t s = 0; s < CONN_TABLE_SLOTS; s++)
			if (t->buckets[bucket].tag[s])
				visit(ctx, t->buckets[bucket].handle[s]);
	return end == t->n_buckets ? 0 : end;
}
