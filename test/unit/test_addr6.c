/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ip/addr6 and the names of our own addresses (ip/ip6): a name stands for one address as
 * long as somebody holds it, the one not asked for longest is recycled first, and an
 * address of ours has one name whatever ranges it is in.
 */
#include "unit.h"

#include <errno.h>

#include "ip/ip.h"

/* ---- names of others */

struct names {
	struct addr6_table t;
	void *memory;
};

static void
names_init(struct names *n, uint32_t capacity)
{
	static const uint8_t key[16] = "sixteen of bytes";

	n->memory = aligned_exact(64, addr6_bytes(capacity));
	memset(n->memory, 0xee, addr6_bytes(capacity));
	addr6_init(&n->t, n->memory, capacity, key);
}

static void
nth(uint32_t n, uint8_t out[16])
{
	memset(out, 0, 16);
	out[0] = 0x20;
	out[1] = 1;
	out[12] = n >> 24;
	out[13] = n >> 16;
	out[14] = n >> 8;
	out[15] = n;
}

static rte_be32_t
name(struct names *n, uint32_t i)
{
	uint8_t addr[16];

	nth(i, addr);
	return addr6_name(&n->t, addr);
}

static rte_be32_t
find(struct names *n, uint32_t i)
{
	uint8_t addr[16];

	nth(i, addr);
	return addr6_find(&n->t, addr);
}

static void
assert_is(const struct names *n, rte_be32_t name, uint32_t i)
{
	uint8_t addr[16];

	nth(i, addr);
	assert_true(addr_is_v6(name));
	assert_memory_equal(addr6_of(&n->t, name), addr, 16);
}

static void
test_addr6_name_and_find(void **state)
{
	struct names n;
	rte_be32_t given[100];

	(void)state;
	names_init(&n, 100);
	for (uint32_t i = 0; i < 100; i++) {
		assert_int_equal(find(&n, i), ADDR6_NONE);
		given[i] = name(&n, i);
		assert_is(&n, given[i], i);
		for (uint32_t j = 0; j < i; j++)
			assert_int_not_equal(given[i], given[j]);
	}
	for (uint32_t i = 0; i < 100; i++) {
		assert_int_equal(find(&n, i), given[i]);
		assert_int_equal(name(&n, i), given[i]);
	}
	free(n.memory);
}

/* The one not asked for longest goes first; asking keeps a name, by either call. */
static void
test_addr6_recycling_order(void **state)
{
	struct names n;
	rte_be32_t zero, one, two;

	(void)state;
	names_init(&n, 3);
	zero = name(&n, 0);
	one = name(&n, 1);
	two = name(&n, 2);
	assert_int_equal(find(&n, 0), zero);
	assert_int_equal(name(&n, 3), one);
	assert_int_equal(find(&n, 1), ADDR6_NONE);
	assert_int_equal(name(&n, 0), zero);
	assert_int_equal(name(&n, 4), two);
	assert_int_equal(name(&n, 5), one); /* 3 had it */
	assert_int_equal(find(&n, 0), zero);
	assert_is(&n, zero, 0);
	assert_is(&n, one, 5);
	assert_is(&n, two, 4);
	free(n.memory);
}

/* Whoever is held stays; when all are, there is no name to give, but those there are. */
static void
test_addr6_all_held(void **state)
{
	struct names n;
	rte_be32_t given[8];

	(void)state;
	names_init(&n, 8);
	for (uint32_t i = 0; i < 8; i++) {
		given[i] = name(&n, i);
		addr6_hold(&n.t, given[i]);
		addr6_hold(&n.t, given[i]);
	}
	for (uint32_t i = 8; i < 100; i++)
		assert_int_equal(name(&n, i), ADDR6_NONE);
	for (uint32_t i = 0; i < 8; i++) {
		assert_int_equal(name(&n, i), given[i]);
		addr6_let_go(&n.t, given[i]); /* once: the other still holds it */
		assert_int_equal(name(&n, 200), ADDR6_NONE);
	}
	/* Let go of in this order, they go in this order. */
	addr6_let_go(&n.t, given[5]);
	addr6_let_go(&n.t, given[2]);
	assert_int_equal(name(&n, 200), given[5]);
	assert_int_equal(name(&n, 201), given[2]);
	assert_int_equal(find(&n, 5), ADDR6_NONE);
	assert_int_equal(find(&n, 6), given[6]);
	/* Held again before its turn, it stays. */
	assert_int_equal(name(&n, 202), given[5]);
	addr6_hold(&n.t, given[2]);
	assert_int_equal(name(&n, 203), given[5]);
	assert_int_equal(name(&n, 204), given[5]);
	assert_is(&n, given[2], 201);
	free(n.memory);
}

/* An IPv4 address is no name: nothing is held. */
static void
test_addr6_ipv4_is_no_name(void **state)
{
	struct names n;

	(void)state;
	names_init(&n, 1);
	name(&n, 1);
	addr6_hold(&n.t, RTE_BE32(0xc6120001));
	addr6_let_go(&n.t, RTE_BE32(0xc6120001));
	addr6_hold(&n.t, ADDR6_NONE);
	addr6_let_go(&n.t, ADDR6_NONE);
	assert_int_equal(name(&n, 2), addr_v6_name(0));
	free(n.memory);
}

/*
 * A burst's names: whatever was given or found for one of its packets is still its own
 * when the last has been named, though nobody holds it yet.
 */
static void
test_addr6_a_burst_keeps_its_names(void **state)
{
	enum { BURST = 64 };
	struct names n;
	struct rng r = {1};

	(void)state;
	names_init(&n, BURST + 10);
	for (uint32_t i = 0; i < 10; i++)
		addr6_hold(&n.t, name(&n, 1000000 + i));
	for (int burst = 0; burst < 2000; burst++) {
		rte_be32_t given[BURST];
		uint32_t who[BURST];

		for (uint32_t i = 0; i < BURST; i++) {
			who[i] = rng_below(&r, 2) ? rng_below(&r, 80) : rng_next(&r) % 100000;
			given[i] = name(&n, who[i]);
			assert_int_not_equal(given[i], ADDR6_NONE);
		}
		for (uint32_t i = 0; i < BURST; i++)
			assert_is(&n, given[i], who[i]);
	}
	free(n.memory);
}

/* Against a model: addresses and holders by number, and who was asked for when. */
struct model {
	uint32_t holders[512];
	uint64_t asked[512]; /* 0: has no name */
	rte_be32_t name[512];
};

static uint32_t
model_oldest(const struct model *m)
{
	uint32_t oldest = UINT32_MAX;

	for (uint32_t i = 0; i < N_OF(m->holders); i++)
		if (m->asked[i] && !m->holders[i] &&
			(oldest == UINT32_MAX || m->asked[i] < m->asked[oldest]))
			oldest = i;
	return oldest;
}

static void
model_name(struct model *m, struct names *n, uint32_t i, uint64_t now, uint32_t *used)
{
	rte_be32_t got = name(n, i), want = m->name[i];

	if (!m->asked[i]) {
		uint32_t oldest = model_oldest(m);

		if (*used < n->t.capacity) {
			want = addr_v6_name((*used)++);
		} else if (oldest == UINT32_MAX) {
			assert_int_equal(got, ADDR6_NONE);
			return;
		} else {
			want = m->name[oldest];
			m->asked[oldest] = 0;
		}
	}
	assert_int_equal(got, want);
	assert_is(n, got, i);
	m->name[i] = got;
	m->asked[i] = now;
}

static void
test_addr6_model(void **state)
{
	static const uint32_t capacities[] = {1, 2, 7, 64, 200, 600};
	struct rng r = {2};

	(void)state;
	for (size_t c = 0; c < N_OF(capacities); c++) {
		struct model m = {.asked = {0}};
		struct names n;
		uint32_t used = 0;

		names_init(&n, capacities[c]);
		for (uint64_t now = 1; now < 60000; now++) {
			uint32_t i = rng_below(&r, N_OF(m.holders));

			switch (rng_below(&r, 4)) {
			case 0:
				if (m.asked[i]) {
					addr6_hold(&n.t, m.name[i]);
					m.holders[i]++;
				}
				break;
			case 1:
				if (m.holders[i]) {
					addr6_let_go(&n.t, m.name[i]);
					m.asked[i] = --m.holders[i] ? m.asked[i] : now;
				}
				break;
			case 2:
				assert_int_equal(find(&n, i), m.asked[i] ? m.name[i] : ADDR6_NONE);
				m.asked[i] = m.asked[i] ? now : 0;
				break;
			default:
				model_name(&m, &n, i, now, &used);
			}
		}
		free(n.memory);
	}
}

/* One chain that has all: found, and unlinked at its head, its middle and its end. */
static void
test_addr6_one_chain(void **state)
{
	struct rng r = {3};
	uint32_t who[50];
	struct names n;

	(void)state;
	names_init(&n, N_OF(who));
	n.t.n_chains = 1;
	for (uint32_t i = 0; i < N_OF(who); i++)
		addr6_hold(&n.t, name(&n, who[i] = i));
	for (uint32_t round = 0; round < 20000; round++) {
		uint32_t i = rng_below(&r, N_OF(who));
		rte_be32_t was = find(&n, who[i]);

		assert_is(&n, was, who[i]);
		addr6_let_go(&n.t, was);
		assert_int_equal(name(&n, 1000 + round), was);
		assert_int_equal(find(&n, who[i]), ADDR6_NONE);
		addr6_hold(&n.t, was);
		who[i] = 1000 + round;
	}
	for (uint32_t i = 0; i < N_OF(who); i++)
		assert_is(&n, find(&n, who[i]), who[i]);
	free(n.memory);
}

/* ---- our own */

struct iface {
	struct ip_iface *ip;
	void *memory;
};

/* 2001:2:0:`net`::`low` */
static void
address(uint16_t net, uint64_t low, uint8_t out[16])
{
	rte_be64_t be = rte_cpu_to_be_64(low);

	memcpy(out, "\x20\x01\x00\x02\x00\x00", 6);
	out[6] = net >> 8;
	out[7] = net;
	memcpy(out + 8, &be, 8);
}

static void
iface_init(struct iface *f, uint64_t low)
{
	static const uint8_t none[16], key[16];
	uint8_t addr[16];

	f->ip = exact_alloc(sizeof(*f->ip));
	memcpy(f->ip->mac.addr_bytes, "\x02\x11\x22\x33\x44\x55", 6);
	f->memory = aligned_exact(64, addr6_bytes(100));
	address(0, low, addr);
	assert_int_equal(ip6_start(f->ip, f->memory, 100, key, addr, 64, none), 0);
}

static void
iface_free(struct iface *f)
{
	free(f->memory);
	free(f->ip);
}

static int
add(struct iface *f, uint16_t net, uint64_t first, uint64_t last)
{
	uint8_t a[16], b[16];

	address(net, first, a);
	address(net, last, b);
	return ip6_add_range(f->ip, a, b);
}

static rte_be32_t
local(const struct iface *f, uint16_t net, uint64_t low)
{
	uint8_t a[16];

	address(net, low, a);
	return ip6_local_name(f->ip, a);
}

static bool
is_range(const struct iface *f, uint16_t net, uint64_t first, uint64_t last)
{
	uint8_t a[16], b[16];

	address(net, first, a);
	address(net, last, b);
	return ip6_is_local_range(f->ip, a, b);
}

/* The address has a name, and the name stands for it. */
static rte_be32_t
assert_ours(const struct iface *f, uint16_t net, uint64_t low)
{
	rte_be32_t n = local(f, net, low);
	uint8_t a[16], b[16];

	address(net, low, a);
	assert_true(addr_is_v6(n));
	ip6_local_address(f->ip, n, b);
	assert_memory_equal(a, b, 16);
	return n;
}

static void
test_ip6_link_local(void **state)
{
	static const uint8_t want[16] = {
		0xfe, 0x80, [8] = 0x00, 0x11, 0x22, 0xff, 0xfe, 0x33, 0x44, 0x55};
	struct iface f;
	uint8_t got[16];

	(void)state;
	iface_init(&f, 1);
	ip6_local_address(f.ip, ip6_local_name(f.ip, want), got);
	assert_memory_equal(got, want, 16);
	assert_ours(&f, 0, 1);
	assert_int_equal(local(&f, 0, 2), ADDR6_NONE);
	assert_int_equal(local(&f, 1, 1), ADDR6_NONE);
	assert_int_equal(ip6_peer_name(f.ip, want), ADDR6_NONE);
	iface_free(&f);
}

static void
test_ip6_ranges_refused(void **state)
{
	static const uint8_t first[16] = {0x20, 1, 0, 2, [7] = 1, [15] = 1},
			     last[16] = {0x20, 1, 0, 2, [7] = 2, [15] = 1},
			     group[16] = {0xff, 2, [15] = 1},
			     mapped[16] = {[10] = 0xff, 0xff, 1, 1};
	struct iface f;

	(void)state;
	iface_init(&f, 1);
	assert_int_equal(ip6_add_range(f.ip, first, last), -EINVAL); /* beyond a /64 */
	assert_int_equal(add(&f, 1, 5, 4), -EINVAL);
	assert_int_equal(ip6_add_range(f.ip, group, group), -EINVAL);
	assert_int_equal(ip6_add_range(f.ip, mapped, mapped), -EINVAL);
	/* Two blocks are taken; the rest of the names is what one range may have. */
	assert_int_equal(add(&f, 1, 0, (62ull << 22)), -ENOSPC);
	assert_int_equal(add(&f, 1, 0, UINT64_MAX), -ENOSPC);
	assert_int_equal(add(&f, 1, 0, (62ull << 22) - 1), 0);
	assert_int_equal(add(&f, 2, 0, 0), -ENOSPC);
	assert_ours(&f, 1, 0);
	assert_ours(&f, 1, (62ull << 22) - 1);
	assert_int_equal(local(&f, 1, 62ull << 22), ADDR6_NONE);
	/* What is in it needs no more. */
	assert_int_equal(add(&f, 1, 77, 7777777), 0);
	iface_free(&f);
}

/* A range may contain an address we had, or another range; each address keeps its name. */
static void
test_ip6_ranges_overlap(void **state)
{
	rte_be32_t own, other;
	struct iface f;

	(void)state;
	iface_init(&f, 5);
	own = assert_ours(&f, 0, 5);
	assert_int_equal(add(&f, 0, 1, 100), 0);
	assert_int_equal(assert_ours(&f, 0, 5), own);
	other = assert_ours(&f, 0, 1);
	assert_int_equal(rte_be_to_cpu_32(own) - rte_be_to_cpu_32(other), 4);
	/* Any part of a range is one, whatever else its ends are in. */
	assert_true(is_range(&f, 0, 1, 100));
	assert_true(is_range(&f, 0, 1, 5));
	assert_true(is_range(&f, 0, 5, 100));
	assert_true(is_range(&f, 0, 5, 5));
	assert_false(is_range(&f, 0, 0, 5));
	assert_false(is_range(&f, 0, 5, 101));
	assert_false(is_range(&f, 0, 7, 6));
	assert_int_equal(add(&f, 0, 50, 200), 0);
	assert_int_equal(assert_ours(&f, 0, 5), own);
	assert_true(is_range(&f, 0, 60, 200));
	assert_false(is_range(&f, 0, 5, 200));
	iface_free(&f);
}

/* Is it among `n` pairs of a first and a last? */
static bool
among(const uint64_t (*ranges)[2], uint32_t n, uint64_t low)
{
	for (uint32_t i = 0; i < n; i++)
		if (ranges[i][0] <= low && low <= ranges[i][1])
			return true;
	return false;
}

/*
 * Ranges at random about where blocks meet. An address is ours exactly if a range has it; it
 * keeps the name it got, no other has it, and those of a range follow each other.
 */
static void
test_ip6_names_are_canonical(void **state)
{
	struct rng r = {4};
	uint32_t refused = 0, taken = 0;

	(void)state;
	for (int round = 0; round < 300; round++) {
		uint64_t ranges[12][2] = {{(5ull << 22) - 8 + rng_below(&r, 16)}}, probe[64];
		rte_be32_t was[64] = {0};
		struct iface f;
		uint32_t n = 1;

		ranges[0][1] = ranges[0][0];
		iface_init(&f, ranges[0][0]);
		for (uint32_t i = 0; i < N_OF(probe); i++)
			probe[i] = ((4 + rng_below(&r, 4)) << 22) - 16 + rng_below(&r, 32);
		for (int i = 1; i < 12; i++) {
			uint64_t first = ((4 + rng_below(&r, 3)) << 22) - 8 + rng_below(&r, 16);
			uint64_t last = first + (rng_below(&r, 3) << 22) + rng_below(&r, 16);
			int rc = add(&f, 0, first, last);

			if (rc == 0) {
				memcpy(ranges[n++], (uint64_t[2]){first, last}, 16);
				assert_true(is_range(&f, 0, first, last));
				assert_int_equal(rte_be_to_cpu_32(local(&f, 0, last)) -
							 rte_be_to_cpu_32(local(&f, 0, first)),
					last - first);
			} else {
				assert_int_equal(rc, -ENOSPC);
			}
			refused += rc < 0;
			taken += rc == 0;
			for (uint32_t j = 0; j < N_OF(probe); j++) {
				bool ours = among(ranges, n, probe[j]);
				rte_be32_t now = local(&f, 0, probe[j]);

				assert_int_equal(now != ADDR6_NONE, ours);
				if (ours)
					assert_ours(&f, 0, probe[j]);
				if (was[j])
					assert_int_equal(now, was[j]);
				was[j] = now;
			}
		}
		/* By the range's arithmetic, as a source counts, and by the address alone. */
		for (uint32_t i = 0; i < n; i++) {
			uint32_t base = rte_be_to_cpu_32(local(&f, 0, ranges[i][0]));

			for (uint32_t j = 0; j < N_OF(probe); j++)
				if (ranges[i][0] <= probe[j] && probe[j] <= ranges[i][1])
					assert_int_equal(rte_be_to_cpu_32(was[j]),
						base + (probe[j] - ranges[i][0]));
		}
		iface_free(&f);
	}
	assert_true(taken > 300 && refused > 30);
}

static void
test_ip6_groups(void **state)
{
	uint8_t group[16] = {0xff, 2, [11] = 1, 0xff, 0, 0, 5};
	const uint8_t all[16] = {0xff, 2, [15] = 1}, routers[16] = {0xff, 2, [15] = 2};
	struct iface f;

	(void)state;
	iface_init(&f, 5);
	assert_true(ip6_is_our_group(f.ip, all));
	assert_false(ip6_is_our_group(f.ip, routers));
	assert_true(ip6_is_our_group(f.ip, group));
	group[1] = 1;
	assert_false(ip6_is_our_group(f.ip, group));
	group[1] = 2;
	group[15] = 6;
	assert_false(ip6_is_our_group(f.ip, group));
	/* A range about the wrap of the last 24 bits. */
	assert_int_equal(add(&f, 1, 0xfffffe, 0x1000001), 0);
	memcpy(group + 13, "\xff\xff\xfe", 3);
	assert_true(ip6_is_our_group(f.ip, group));
	memcpy(group + 13, "\x00\x00\x01", 3);
	assert_true(ip6_is_our_group(f.ip, group));
	memcpy(group + 13, "\x00\x00\x02", 3);
	assert_false(ip6_is_our_group(f.ip, group));
	memcpy(group + 13, "\xff\xff\xfd", 3);
	assert_false(ip6_is_our_group(f.ip, group));
	iface_free(&f);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addr6_name_and_find),
		ROW_TEST("IP-04", test_addr6_recycling_order),
		ROW_TEST("IP-04", test_addr6_all_held),
		cmocka_unit_test(test_addr6_ipv4_is_no_name),
		ROW_TEST("IP-04", test_addr6_a_burst_keeps_its_names),
		cmocka_unit_test(test_addr6_model),
		cmocka_unit_test(test_addr6_one_chain),
		cmocka_unit_test(test_ip6_link_local),
		cmocka_unit_test(test_ip6_ranges_refused),
		ROW_TEST("IP-04", test_ip6_ranges_overlap),
		ROW_TEST("IP-04", test_ip6_names_are_canonical),
		ROW_TEST("IP-01", test_ip6_groups),
	};

	return unit_main(argc, argv, tests, N_OF(tests), NULL, NULL);
}
