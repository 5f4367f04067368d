/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * table: insert, lookup and delete of the connection table, against rte_hash. Both are asked
 * to hold the same number of connections, are filled to the same part of it with the same
 * keys, and end a lookup by reading the connection's record, which is what a lookup is for.
 */
#include "../../test/rng.h"
#include "micro.h"

#include <string.h>

#include <rte_common.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>
#include <rte_prefetch.h>

#include "flow/conn_table.h"
#include "tcp/conn.h"

#define BULK        32
#define SAMPLES_MAX 100000 /* operations of each kind that are measured, a fortieth at most */

static const uint32_t fills[] = {50, 75, 95}; /* per cent */

struct bench {
	uint32_t size, samples;
	uint32_t in; /* connections in the table: records 0 to in - 1 */
	struct tcp_conn *conns;
	struct flow_key *want; /* of a random choice of them, in the order of lookups */
	struct conn_table ours;
	void *buckets;
	struct rte_hash *rival;
};

/* ---- ours */

static void
ours_insert(struct bench *b, uint32_t first, uint32_t n)
{
	struct conn_table *t = &b->ours;

	for (uint32_t i = first; i < first + n; i++)
		if (conn_table_insert(t, conn_table_hash(t, &b->conns[i].key), i) < 0)
			micro_fail("table: full at %u of %u", i, b->size);
}

static void
ours_remove(struct bench *b, uint32_t first, uint32_t n)
{
	struct conn_table *t = &b->ours;

	for (uint32_t i = first; i < first + n; i++)
		if (conn_table_remove(t, conn_table_hash(t, &b->conns[i].key), i) < 0)
			micro_fail("table: %u is lost", i);
}

static uint32_t
ours_lookup(struct bench *b)
{
	struct conn_table *t = &b->ours;
	uint32_t found = 0;

	for (uint32_t i = 0; i < b->samples; i++)
		found += conn_table_lookup(t, conn_table_hash(t, &b->want[i]), &b->want[i]) !=
			 CONN_TABLE_NONE;
	return found;
}

static uint32_t
ours_bulk(struct bench *b)
{
	uint64_t hashes[BULK];
	uint32_t handles[BULK], found = 0;

	for (uint32_t i = 0; i < b->samples; i += BULK) {
		conn_table_guess_bulk(&b->ours, &b->want[i], BULK, hashes, handles);
		for (uint32_t k = 0; k < BULK; k++)
			found += conn_table_confirm(&b->ours, hashes[k], &b->want[i + k],
					 handles[k]) != CONN_TABLE_NONE;
	}
	return found;
}

/* ---- rte_hash */

static void
rival_insert(struct bench *b, uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++)
		if (rte_hash_add_key_data(b->rival, &b->conns[i].key, &b->conns[i]) < 0)
			micro_fail("rte_hash: full at %u of %u", i, b->size);
}

static void
rival_remove(struct bench *b, uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++)
		if (rte_hash_del_key(b->rival, &b->conns[i].key) < 0)
			micro_fail("rte_hash: %u is lost", i);
}

static uint32_t
rival_lookup(struct bench *b)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < b->samples; i++) {
		void *conn;

		found += rte_hash_lookup_data(b->rival, &b->want[i], &conn) >= 0 &&
			 flow_key_equal(&((struct tcp_conn *)conn)->key, &b->want[i]);
	}
	return found;
}

static uint32_t
rival_bulk(struct bench *b)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < b->samples; i += BULK) {
		const void *keys[BULK];
		void *conns[BULK];
		uint64_t hits;

		for (uint32_t k = 0; k < BULK; k++)
			keys[k] = &b->want[i + k];
		rte_hash_lookup_bulk_data(b->rival, keys, BULK, &hits, conns);
		for (uint32_t k = 0; k < BULK; k++)
			if (hits >> k & 1)
				rte_prefetch0(conns[k]);
		for (uint32_t k = 0; k < BULK; k++)
			found += (hits >> k & 1) &&
				 flow_key_equal(&((struct tcp_conn *)conns[k])->key, keys[k]);
	}
	return found;
}

/* ---- the two of them */

struct kind {
	const char *prefix; /* of the figures' names */
	void (*insert)(struct bench *b, uint32_t first, uint32_t n);
	void (*remove)(struct bench *b, uint32_t first, uint32_t n);
	uint32_t (*lookup)(struct bench *b);
	uint32_t (*bulk)(struct bench *b);
};

static const struct kind ours = {"", ours_insert, ours_remove, ours_lookup, ours_bulk},
			 rival = {
				 "rte_hash:", rival_insert, rival_remove, rival_lookup, rival_bulk};

/* From `b->in` connections to `target`, the last of them measured; then everything else. */
static void
measure(struct bench *b, const struct kind *k, uint32_t target, const char *where)
{
	uint32_t last = target - b->samples, found;

	k->insert(b, b->in, last - b->in);
	micro_on();
	k->insert(b, last, b->samples);
	micro_off();
	micro_say(b->samples, "%stable.insert.%s", k->prefix, where);
	micro_on();
	found = k->lookup(b);
	micro_off();
	micro_say(b->samples, "%stable.lookup.%s", k->prefix, where);
	micro_on();
	found += k->bulk(b);
	micro_off();
	micro_say(b->samples, "%stable.lookup-bulk.%s", k->prefix, where);
	if (found != 2 * b->samples)
		micro_fail("%stable.%s: %u of %u found", k->prefix, where, found, 2 * b->samples);
	micro_on();
	k->remove(b, last, b->samples);
	micro_off();
	micro_say(b->samples, "%stable.delete.%s", k->prefix, where);
	k->insert(b, last, b->samples);
}

static void
choose(struct bench *b, uint32_t among, struct rng *random)
{
	for (uint32_t i = 0; i < b->samples; i++)
		b->want[i] = b->conns[rng_next(random) % among].key;
}

static void
start(struct bench *b, uint32_t size, struct rng *random)
{
	const struct rte_hash_parameters params = {
		.name = "rival",
		.entries = size,
		.key_len = sizeof(struct flow_key),
		.hash_func = rte_hash_crc,
		.socket_id = SOCKET_ID_ANY,
	};
	const uint64_t secret[2] = {1, 2};
	struct conn_table_space space[2];

	memset(b, 0, sizeof(*b));
	b->size = size;
	b->samples = RTE_MIN(size / 40, (uint32_t)SAMPLES_MAX) / BULK * BULK;
	b->conns = micro_alloc((size_t)size * sizeof(*b->conns));
	b->want = micro_alloc(b->samples * sizeof(*b->want));
	for (uint32_t i = 0; i < size; i++) {
		uint64_t r = rng_next(random);

		/* The number makes it unique, the rest random. */
		b->conns[i].key = (struct flow_key){r, i, r >> 32, r >> 48};
	}
	space[0] = space[1] = (struct conn_table_space){&b->conns[0].key, sizeof(*b->conns)};
	b->buckets = micro_alloc(conn_table_bytes(size));
	conn_table_init(&b->ours, b->buckets, size, space, secret);
	if (!micro_counting && (b->rival = rte_hash_create(&params)) == NULL)
		micro_fail("rte_hash: no memory for %u entries", size);
}

static void
end(struct bench *b)
{
	rte_hash_free(b->rival);
	micro_free(b->buckets);
	micro_free(b->conns);
	micro_free(b->want);
}

void
micro_table(void)
{
	static const struct {
		uint32_t size;
		const char *name;
	} sizes[] = {{1 << 17, "128k"}, {1 << 20, "1M"}, {1 << 24, "16M"}};

	for (size_t s = 0; s < (micro_counting ? 1 : N_OF(sizes)); s++) {
		struct rng random = {1};
		struct bench b;

		start(&b, sizes[s].size, &random);
		for (size_t f = 0; f < N_OF(fills); f++) {
			uint32_t target = (uint64_t)sizes[s].size * fills[f] / 100;
			char where[32];

			snprintf(where, sizeof(where), "%s.%u%%", sizes[s].name, fills[f]);
			choose(&b, target - b.samples, &random);
			measure(&b, &ours, target, where);
			if (!micro_counting)
				measure(&b, &rival, target, where);
			b.in = target;
		}
		end(&b);
	}
}
