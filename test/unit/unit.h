/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * unit: what the unit tests share. Randomness with a fixed seed, so that a failure
 * repeats, and memory of the exact size, so that AddressSanitizer sees a parser read
 * one byte too many.
 */
#ifndef SPATE_TEST_UNIT_H
#define SPATE_TEST_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../rng.h"

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

/* A number in [0, n). */
static inline uint64_t
rng_below(struct rng *r, uint64_t n)
{
	return (uint64_t)((unsigned __int128)rng_next(r) * n >> 64);
}

/* A number whose length in bits is even in [0, max_bits]: small and huge ones alike. */
static inline uint64_t
rng_magnitude(struct rng *r, uint32_t max_bits)
{
	uint32_t bits = rng_below(r, max_bits + 1);

	return bits == 0 ? 0 : 1ull << (bits - 1) | (rng_next(r) & ((1ull << (bits - 1)) - 1));
}

static inline void
rng_fill(struct rng *r, uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] = rng_next(r);
}

/* Zeroed memory that ends where it says: the next byte is the sanitizer's. */
static inline void *
exact_alloc(size_t len)
{
	void *p = calloc(1, len);

	if (p == NULL && len != 0)
		fail_msg("no memory for %zu bytes", len);
	return p;
}

static inline uint8_t *
exact_copy(const void *bytes, size_t len)
{
	uint8_t *p = exact_alloc(len);

	if (len != 0)
		memcpy(p, bytes, len);
	return p;
}

/* Aligned memory of the exact size, for tables that ask for alignment. */
static inline void *
aligned_exact(size_t alignment, size_t len)
{
	void *p = NULL;

	if (posix_memalign(&p, alignment, len) != 0)
		fail_msg("no memory for %zu bytes", len);
	return p;
}

/* A test of a row of behaviour: its name begins with the rows it shows. */
#define ROW_TEST(row, fn)                                                                          \
	{                                                                                          \
		row " " #fn, fn, NULL, NULL, NULL                                                  \
	}

/* "ROW name", a line for each row a test shows, as the script tests print it. */
static inline void
unit_list(const struct CMUnitTest *tests, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *name = strrchr(tests[i].name, ' ');

		for (const char *row = tests[i].name; name && row < name;) {
			size_t len = strcspn(row, " ");

			fwrite(row, 1, len, stdout);
			puts(name);
			row += len + 1;
		}
	}
}

/* Runs the tests, or those argv[1] names; with --list prints which rows they show instead. */
static inline int
unit_main(int argc, char **argv, const struct CMUnitTest *tests, size_t n, CMFixtureFunction setup,
	CMFixtureFunction teardown)
{
	if (argc > 1 && strcmp(argv[1], "--list") == 0) {
		unit_list(tests, n);
		return 0;
	}
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return _cmocka_run_group_tests("unit", tests, n, setup, teardown) ? 1 : 0;
}

#endif
