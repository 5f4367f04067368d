/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ip/path: what is learned of a path is known for ten minutes, by its destination alone; and
 * of an IPv6 destination the name is held for as long as it is written down, once.
 */
#include "unit.h"

#include "ip/path.h"

#define V4(n) rte_cpu_to_be_32(0xc6120000u + (n))

static void
test_path_is_known_for_ten_minutes(void **state)
{
	struct path_table *t = exact_alloc(sizeof(*t));
	struct addr6_table names = {0};

	(void)state;
	assert_null(path_find(t, V4(1), 0));
	path_learn(t, &names, V4(1), 1400, false, 5);
	assert_int_equal(path_find(t, V4(1), 5)->mtu, 1400);
	assert_false(path_find(t, V4(1), 5)->fragment);
	assert_null(path_find(t, V4(2), 5));
	path_learn(t, &names, V4(1), 576, true, 6);
	assert_int_equal(path_find(t, V4(1), 5 + PATH_LIFETIME_NS)->mtu, 576);
	assert_true(path_find(t, V4(1), 6)->fragment);
	assert_null(path_find(t, V4(1), 6 + PATH_LIFETIME_NS));
	free(t);
}

/* Many more destinations than places: a name is held exactly while its path is there. */
static void
test_path_holds_names(void **state)
{
	enum { PEERS = 5000 };
	static const uint8_t key[16];
	struct path_table *t = exact_alloc(sizeof(*t));
	void *memory = aligned_exact(64, addr6_bytes(PEERS));
	uint8_t addr[16] = {0x20, 1, 0, 2};
	struct addr6_table names;
	struct rng r = {1};
	uint32_t known = 0, held = 0;

	(void)state;
	addr6_init(&names, memory, PEERS, key);
	for (uint32_t i = 0; i < 4 * PEERS; i++) {
		uint32_t peer = rng_below(&r, PEERS);
		rte_be32_t name;

		addr[14] = peer >> 8;
		addr[15] = peer;
		name = addr6_name(&names, addr);
		path_learn(t, &names, name, 1400, false, 0);
		assert_int_equal(path_find(t, name, 1)->mtu, 1400);
		/* Again, and an IPv4 destination, which has no name. */
		path_learn(t, &names, name, 1300, false, 0);
		if (i % 3 == 0)
			path_learn(t, &names, V4(peer), 1300, false, 0);
	}
	for (uint32_t i = 0; i < names.untouched; i++) {
		bool there = path_find(t, addr_v6_name(i), 1) != NULL;

		assert_int_equal(names.entry[i].holders, there);
		known += there;
	}
	for (uint32_t i = 0; i < PATH_ENTRIES; i++)
		held += addr_is_v6(t->entry[i].dst);
	assert_int_equal(known, held);
	assert_true(held > 100);
	free(memory);
	free(t);
}

static void
test_path_plateaus(void **state)
{
	static const uint16_t steps[][2] = {{65535, 32000}, {1500, 1492}, {1492, 1006}, {1006, 508},
		{577, 508}, {296, 68}, {68, 68}, {0, 68}};

	(void)state;
	for (size_t i = 0; i < N_OF(steps); i++)
		assert_int_equal(path_plateau_below(steps[i][0]), steps[i][1]);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST("PM-02", test_path_is_known_for_ten_minutes),
		ROW_TEST("IP-04 PM-02", test_path_holds_names),
		ROW_TEST("PM-03", test_path_plateaus),
	};

	return unit_main(argc, argv, tests, N_OF(tests), NULL, NULL);
}
