/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire/checksum: sums of any bytes, however they are added up, against RFC 1071 a byte at a time.
 * Each input lies in memory of its exact size.
 */
#include "unit.h"

#include "wire/checksum.h"

/* RFC 1071, a byte at a time: what checksum.h must come to. */
static uint16_t
sum_by_bytes(const uint8_t *p, uint32_t len)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < len; i++) {
		sum += i & 1 ? p[i] : p[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

static void
test_checksum_of_any_bytes(void **state)
{
	struct rng r = {.state = 7};

	(void)state;
	for (uint32_t len = 0; len < 3000; len++) {
		uint8_t *exact = exact_alloc(len), fill = rng_next(&r) % 3 ? rng_next(&r) : 0xff;
		bool constant = len % 5 == 0; /* all ones carry the most */
		uint16_t got, want;

		for (uint32_t i = 0; i < len; i++)
			exact[i] = constant ? fill : rng_next(&r);
		got = rte_be_to_cpu_16(checksum_fold(checksum_bytes(exact, len)));
		want = sum_by_bytes(exact, len);
		assert_int_equal(got, want);
		if (len % 4 == 0 && len <= 60)
			assert_int_equal(
				rte_be_to_cpu_16(checksum_fold(checksum_words(exact, len / 4))), want);
		free(exact);
	}
}

static void
test_checksum_carries(void **state)
{
	(void)state;
	assert_int_equal(checksum_add(UINT64_MAX, 1), 1);
	assert_int_equal(checksum_add(UINT64_MAX, UINT64_MAX), UINT64_MAX);
	assert_int_equal(checksum_fold(UINT64_MAX), 0xffff);
	assert_int_equal(checksum_fold(UINT64_MAX - 1), 0xfffe);
	assert_int_equal(checksum_fold(0xffff0001), 1);
	assert_int_equal(checksum_fold(0x10000), 1);
	assert_int_equal(checksum_fold(0), 0);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST("DT-09", test_checksum_of_any_bytes),
		ROW_TEST("DT-09", test_checksum_carries),
	};

	return unit_main(argc, argv, tests, N_OF(tests), NULL, NULL);
}
