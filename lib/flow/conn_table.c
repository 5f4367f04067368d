/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow/conn_table.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_prefetch.h>
#include <rte_vect.h>

/* Slots per entry in percent: beyond this load, making room gets slow before it fails. */
#define LOAD_PERCENT 93
/* Buckets looked at for a free slot before an insertion gives up. */
#define MAKE_ROOM_MAX 256
/* conn_bucket.away that was reached once stays: that many are counted no more. */
#define AWAY_MANY UINT16_MAX

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

/* One more, or one less, of `home`'s entries is elsewhere. */
static void
count_away(struct conn_bucket *home, int change)
{
	if (home->away != AWAY_MANY)
		home->away += change;
}

/* Put an entry into a free slot of bucket `b`, a guest or at home. False when there is none. */
static int
put(struct conn_table *t, uint32_t b, uint16_t tag, uint32_t handle, bool guest)
{
	struct conn_bucket *bucket = &t->buckets[b];
	uint32_t free_slots = match(bucket, 0);

	if (free_slots == 0)
		return 0;

	uint32_t slot = __builtin_ctz(free_slots);

	bucket->tag[slot] = tag;
	bucket->handle[slot] = handle;
	bucket->guests |= guest << slot;
	if (guest)
		count_away(&t->buckets[other_of(t, b, tag)], 1);
	return 1;
}

/* Empty slot `slot` of bucket `b`; returns whether a guest was there. */
static bool
take(struct conn_table *t, uint32_t b, uint32_t slot)
{
	struct conn_bucket *bucket = &t->buckets[b];
	bool guest = bucket->guests >> slot & 1;

	if (guest)
		count_away(&t->buckets[other_of(t, b, bucket->tag[slot])], -1);
	bucket->tag[slot] = 0;
	bucket->guests &= ~(1u << slot);
	return guest;
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
		uint32_t b = hops[h->from].bucket;
		uint16_t tag = t->buckets[b].tag[h->slot];
		uint32_t handle = t->buckets[b].handle[h->slot];

		/* A guest that moves comes home; who was at home becomes one. */
		put(t, h->bucket, tag, handle, !take(t, b, h->slot));
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
	if (!put(t, b1, tag, handle, false) && !put(t, b2, tag, handle, b2 != b1)) {
		uint32_t b = make_room(t, b1, b2);

		if (b == CONN_TABLE_NONE)
			return -ENOSPC;
		put(t, b, tag, handle, b != b1);
	}
	t->count++;
	return 0;
}

/* The slot that holds `handle`, and in *b its bucket; CONN_TABLE_SLOTS when there is none. */
static uint32_t
find_handle(struct conn_table *t, uint64_t hash, uint32_t handle, uint32_t *b)
{
	uint16_t tag = tag_of(hash);

	*b = home_of(t, hash);
	for (int i = 0; i < 2; i++) {
		struct conn_bucket *bucket = &t->buckets[*b];

		for (uint32_t m = match(bucket, tag); m; m &= m - 1) {
			uint32_t slot = __builtin_ctz(m);

			if (bucket->handle[slot] == handle)
				return slot;
		}
		if (bucket->away == 0)
			break;
		*b = other_of(t, *b, tag);
	}
	return CONN_TABLE_SLOTS;
}

int
conn_table_remove(struct conn_table *t, uint64_t hash, uint32_t handle)
{
	uint32_t b, slot = find_handle(t, hash, handle, &b);

	if (slot == CONN_TABLE_SLOTS)
		return -ENOENT;
	take(t, b, slot);
	t->count--;
	return 0;
}

int
conn_table_replace(struct conn_table *t, uint64_t hash, uint32_t old_handle, uint32_t new_handle)
{
	uint32_t b, slot = find_handle(t, hash, old_handle, &b);

	if (slot == CONN_TABLE_SLOTS)
		return -ENOENT;
	t->buckets[b].handle[slot] = new_handle;
	return 0;
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
		if (bucket->away == 0)
			break;
		b = other_of(t, b, tag);
	}
	return CONN_TABLE_NONE;
}

/* From its key, which is in front, to its end: two cache lines. */
static void
prefetch_record(const struct conn_table *t, uint32_t handle)
{
	const uint8_t *key = (const uint8_t *)conn_table_key(t, handle);

	rte_prefetch0(key);
	rte_prefetch0(key + t->space[handle >> 31].stride - sizeof(uint32_t));
}

void
conn_table_guess_bulk(const struct conn_table *t, const struct flow_key *keys, uint32_t n,
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
		handles[i] = CONN_TABLE_NONE;
		if (likely(m)) {
			handles[i] = t->buckets[b].handle[__builtin_ctz(m)];
			prefetch_record(t, handles[i]);
		} else if (t->buckets[b].away) {
			rte_prefetch0(&t->buckets[other_of(t, b, tag)]);
		}
	}
}

void
conn_table_prefetch(const struct conn_table *t, uint64_t hash)
{
	rte_prefetch0(&t->buckets[home_of(t, hash)]);
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
