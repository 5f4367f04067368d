/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stats: a histogram's quantile is never below the sample it stands for and at most
 * 1/16 above it, for any size of sample; buckets cover all 64 bits in order; each
 * counter has a name of its own, and each wire_error the drop counter that says it.
 */
#include "unit.h"

#include "stats/counters.h"
#include "stats/histogram.h"
#include "wire/wire.h"

static void
test_bucket_edges(void **state)
{
	(void)state;
	for (uint64_t v = 0; v < 32; v++)
		assert_int_equal(histogram_bucket(v), v);
	/* Above 32 each power of two has 16 buckets, and its first value starts one. */
	for (uint32_t bit = 5; bit < 64; bit++) {
		uint64_t low = 1ull << bit;

		assert_int_equal(histogram_bucket(low), (bit - 3) * 16);
		assert_int_equal(histogram_bucket(low - 1), (bit - 3) * 16 - 1);
		assert_int_equal(histogram_bucket(low + (low >> 4)), (bit - 3) * 16 + 1);
		assert_int_equal(histogram_bucket(low + (low >> 4) - 1), (bit - 3) * 16);
	}
	assert_int_equal(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
}

static void
test_bucket_monotonic(void **state)
{
	struct rng r = {1};

	(void)state;
	for (int i = 0; i < 200000; i++) {
		uint64_t a = rng_magnitude(&r, 64), b = rng_magnitude(&r, 64);
		uint32_t ba = histogram_bucket(a), bb = histogram_bucket(b);

		if (ba >= HISTOGRAM_BUCKETS || (a < b && ba > bb) || (a > b && ba < bb))
			fail_msg("%lu in bucket %u, %lu in bucket %u", a, ba, b, bb);
	}
}

/* One sample between a low and a high crowd: the median is that sample's bucket top. */
static void
test_quantile_one_sample(void **state)
{
	struct histogram *h = calloc(1, sizeof(*h));
	struct rng r = {2};

	(void)state;
	for (int i = 0; i < 3000; i++) {
		uint64_t v = rng_magnitude(&r, 64);
		uint64_t got;

		memset(h, 0, sizeof(*h));
		histogram_record(h, 0);
		histogram_record(h, v);
		histogram_record(h, UINT64_MAX);
		got = histogram_quantile(h, 0.5);
		if (got < v || got - v > v / 16)
			fail_msg("%lu reported as %lu", v, got);
		assert_int_equal(histogram_quantile(h, 0), 0);
		assert_int_equal(histogram_quantile(h, 1), UINT64_MAX);
	}
	free(h);
}

static int
by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void
test_quantile_many_samples(void **state)
{
	enum { N = 20000 };
	static const double at[] = {0, 0.001, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1};
	struct histogram *h = calloc(1, sizeof(*h));
	uint64_t *sample = exact_alloc(N * sizeof(*sample));
	struct rng r = {3};

	(void)state;
	for (uint32_t bits = 3; bits <= 60; bits += 3) {
		memset(h, 0, sizeof(*h));
		for (int i = 0; i < N; i++) {
			sample[i] =
				bits % 2 ? rng_magnitude(&r, bits) : rng_below(&r, 1ull << bits);
			histogram_record(h, sample[i]);
		}
		qsort(sample, N, sizeof(*sample), by_value);
		assert_int_equal(h->count, N);
		assert_int_equal(h->max, sample[N - 1]);
		for (size_t k = 0; k < N_OF(at); k++) {
			uint32_t rank = 1;

			while (rank < N && (double)rank < at[k] * N)
				rank++;

			uint64_t want = sample[rank - 1], got = histogram_quantile(h, at[k]);

			if (got < want || got - want > want / 16)
				fail_msg("q %f of %u bits: %lu, reported %lu", at[k], bits, want,
					got);
		}
		assert_int_equal(histogram_quantile(h, 1), sample[N - 1]);
	}
	free(sample);
	free(h);
}

static void
test_histogram_empty_and_add(void **state)
{
	struct histogram *all = calloc(1, sizeof(*all));
	struct histogram *part = calloc(3, sizeof(*part)); /* the third is the sum */
	struct rng r = {4};

	(void)state;
	assert_int_equal(histogram_quantile(all, 0), 0);
	assert_int_equal(histogram_quantile(all, 0.5), 0);
	assert_int_equal(histogram_quantile(all, 1), 0);
	for (int i = 0; i < 10000; i++) {
		uint64_t v = rng_magnitude(&r, 50);

		histogram_record(all, v);
		histogram_record(&part[i % 3 == 0], v);
	}
	histogram_add(&part[2], &part[0]);
	histogram_add(&part[2], &part[1]);
	assert_memory_equal(all, &part[2], sizeof(*all));
	/* A smaller maximum does not lower the larger one. */
	memset(&part[0], 0, sizeof(part[0]));
	histogram_record(&part[0], 1);
	histogram_add(&part[2], &part[0]);
	assert_int_equal(part[2].max, all->max);
	assert_int_equal(part[2].count, 10001);
	free(part);
	free(all);
}

static void
test_counter_names(void **state)
{
	(void)state;
	for (int i = 0; i < SPATE_N_COUNTERS; i++) {
		const struct spate_counter_info *info = &spate_counter_info[i];

		assert_non_null(info->name);
		assert_non_null(info->help);
		assert_true(strlen(info->name) > 0 && strlen(info->help) > 0);
		assert_null(strchr(info->help, '\n'));
		/* Names are JSON keys and words of a report: a-z, 0-9 and _ only. */
		assert_int_equal(strspn(info->name, "abcdefghijklmnopqrstuvwxyz0123456789_"),
			strlen(info->name));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(info->name, spate_counter_info[j].name);
	}
	assert_string_equal(spate_counter_info[SPATE_RX_FRAMES].name, "rx_frames");
	assert_string_equal(spate_counter_info[SPATE_TW_RST_IGNORED].name, "time_wait_rst_ignored");
}

static void
test_drop_counters_follow_wire_errors(void **state)
{
	static const struct {
		enum wire_error err;
		enum spate_counter counter;
		const char *name;
	} pair[] = {
		{WIRE_SHORT, SPATE_DROP_SHORT, "drop_short"},
		{WIRE_ETHERTYPE, SPATE_DROP_ETHERTYPE, "drop_ethertype"},
		{WIRE_VLAN, SPATE_DROP_VLAN, "drop_vlan"},
		{WIRE_IP_VERSION, SPATE_DROP_IP_VERSION, "drop_ip_version"},
		{WIRE_IP_HEADER, SPATE_DROP_IP_HEADER, "drop_ip_header"},
		{WIRE_IP_LENGTH, SPATE_DROP_IP_LENGTH, "drop_ip_length"},
		{WIRE_IP_CHECKSUM, SPATE_DROP_IP_CHECKSUM, "drop_ip_checksum"},
		{WIRE_IP_FRAGMENT, SPATE_DROP_IP_FRAGMENT, "drop_ip_fragment"},
		{WIRE_IP_PROTOCOL, SPATE_DROP_IP_PROTOCOL, "drop_ip_protocol"},
		{WIRE_L4_HEADER, SPATE_DROP_L4_HEADER, "drop_l4_header"},
		{WIRE_L4_CHECKSUM, SPATE_DROP_L4_CHECKSUM, "drop_l4_checksum"},
		{WIRE_ARP, SPATE_DROP_ARP, "drop_arp"},
	};

	(void)state;
	assert_int_equal(WIRE_OK, 0);
	assert_int_equal(N_OF(pair), WIRE_ERRORS - 1);
	for (size_t i = 0; i < N_OF(pair); i++) {
		int counter = SPATE_DROP_SHORT + (int)(pair[i].err - WIRE_SHORT);

		assert_int_equal(pair[i].err, i + 1);
		assert_int_equal(counter, pair[i].counter);
		assert_string_equal(spate_counter_info[counter].name, pair[i].name);
	}
}

static void
test_counters_add(void **state)
{
	struct spate_counters a = {{0}}, b = {{0}};

	(void)state;
	for (int i = 0; i < SPATE_N_COUNTERS; i++) {
		spate_count_n(&a, i, (uint64_t)i << 33);
		spate_count_n(&b, i, i * 3);
		spate_count(&b, i);
	}
	spate_counters_add(&a, &b);
	for (int i = 0; i < SPATE_N_COUNTERS; i++) {
		assert_true(a.v[i] == ((uint64_t)i << 33) + i * 3 + 1);
		assert_true(b.v[i] == (uint64_t)i * 3 + 1);
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bucket_edges),
		cmocka_unit_test(test_bucket_monotonic),
		cmocka_unit_test(test_quantile_one_sample),
		cmocka_unit_test(test_quantile_many_samples),
		cmocka_unit_test(test_histogram_empty_and_add),
		cmocka_unit_test(test_counter_names),
		cmocka_unit_test(test_drop_counters_follow_wire_errors),
		cmocka_unit_test(test_counters_add),
	};

	return unit_main(argc, argv, tests, N_OF(tests), NULL, NULL);
}
