/* SPDX-License-Identifier: BSD-3-Clause */
/* app/preface, app/pattern: what goes over the wire and how it is checked. */
#include "unit.h"

#include "pattern.h"
#include "preface.h"

/* Parse `text`, `step` bytes at a time; what is left over is not the line's. */
static struct preface
parsed(const char *text, uint32_t step, uint32_t *used)
{
	struct preface p = {0};
	uint32_t len = strlen(text), at = 0;

	while (at < len && !p.done) {
		uint32_t n = len - at < step ? len - at : step;

		at += preface_parse(&p, (const uint8_t *)text + at, n);
	}
	*used = at;
	return p;
}

static void
test_preface_made_is_parsed(void **state)
{
	static const struct {
		enum preface_kind kind;
		uint64_t a, b;
		const char *text;
	} lines[] = {
		{PREFACE_RR, 1, 16777216, "rr 1 16777216\n"},
		{PREFACE_RR, 100, 1000, "rr 100 1000\n"},
		{PREFACE_DOWN, 0, 0, "down 0\n"},
		{PREFACE_DOWN, 999999999999999999, 0, "down 999999999999999999\n"},
		{PREFACE_BOTH, 1073741824, 0, "both 1073741824\n"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(lines); i++) {
		char line[PREFACE_MAX], more[2 * PREFACE_MAX];
		uint32_t len = preface_make(line, lines[i].kind, lines[i].a, lines[i].b);

		assert_int_equal(len, strlen(lines[i].text));
		assert_string_equal(line, lines[i].text);
		snprintf(more, sizeof(more), "%s0000000\n", line);
		for (uint32_t step = 1; step < 30; step++) {
			uint32_t used;
			struct preface p = parsed(more, step, &used);

			assert_true(p.done && !p.bad);
			assert_int_equal(used, len);
			assert_int_equal(p.kind, lines[i].kind);
			assert_int_equal(p.number[0], lines[i].a);
			assert_int_equal(p.number[1], lines[i].b);
		}
	}
}

static void
test_preface_unfinished(void **state)
{
	static const char *const begun[] = {"", "r", "rr", "rr ", "rr 1", "rr 1 ", "rr 1 2", "down 1"};

	(void)state;
	for (size_t i = 0; i < N_OF(begun); i++) {
		uint32_t used;
		struct preface p = parsed(begun[i], 100, &used);

		assert_false(p.done || p.bad);
	}
}

static void
test_preface_bad(void **state)
{
	static const char *const lines[] = {"GET / HTTP/1.1\r\n", "\n", "rr\n", "rr 1\n", "rr  1 2\n",
		"rr 1 2 \n", "rr 1 2 3\n", "rr 1 2\r\n", "rr -1 2\n", "rr 1 x\n", "rr 1 \n", "dawn 1\n",
		"down\n", "down \n", "down 1 2\n", "0000000\n",
		"rr 1 1000000000000000000\n", "rr 0000000000000000001 1\n", "RR 1 2\n"};

	(void)state;
	for (size_t i = 0; i < N_OF(lines); i++) {
		uint32_t used;
		struct preface p = parsed(lines[i], 1 + i % 3, &used);

		assert_true(p.done && p.bad);
	}
}

/* What is checked is what is written, wherever it begins, and one wrong byte is seen. */
static void
test_pattern(void **state)
{
	static const uint64_t at[] = {0, 1, 7, 8, 1000, PATTERN_PERIOD - 5, PATTERN_PERIOD,
		2ull * PATTERN_PERIOD - 9, 1ull << 28, (1ull << 31) - 3, (1ull << 32) - 3};
	uint8_t p[3000];

	(void)state;
	for (size_t i = 0; i < N_OF(at); i++) {
		pattern_fill(p, at[i], sizeof(p));
		assert_true(pattern_check(p, at[i], sizeof(p)));
		assert_false(pattern_check(p, at[i] + 8, sizeof(p)));
		p[i * 250 + 7] ^= 1;
		assert_false(pattern_check(p, at[i], sizeof(p)));
	}
}

/* The one that begins again: from the block, from any position, and as long as one likes. */
static void
test_pattern_again(void **state)
{
	uint32_t len = 3 * PATTERN_PERIOD + 1000;
	uint8_t *all = malloc(len);

	(void)state;
	assert_non_null(all);
	for (uint32_t at = 0; at < len; at += PATTERN_PERIOD)
		pattern_fill(all + at, 0, len - at < PATTERN_PERIOD ? len - at : PATTERN_PERIOD);
	for (uint64_t at = 0; at < 2 * PATTERN_PERIOD; at += 50001) {
		uint32_t n;
		const uint8_t *block = pattern_block(at, &n);

		assert_true(n > PATTERN_PERIOD);
		assert_memory_equal(block, all + at, len - at < n ? len - at : n);
		assert_true(pattern_check_again(all + at, at, len - at));
		assert_true(pattern_check_again(all + at, at + 5ull * PATTERN_PERIOD, len - at));
		/* Displaced by a segment, or by a power of two. */
		assert_false(pattern_check_again(all + at, at + 1448, 1448));
		assert_false(pattern_check_again(all + at, at + (1 << 20), 1448));
		assert_false(pattern_check_again(all + at, at + (1 << 30), 1448));
	}
	all[len - 1] ^= 1;
	assert_false(pattern_check_again(all, 0, len));
	free(all);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_preface_made_is_parsed),
		cmocka_unit_test(test_preface_unfinished),
		cmocka_unit_test(test_preface_bad),
		cmocka_unit_test(test_pattern),
		cmocka_unit_test(test_pattern_again),
	};

	pattern_init();
	return unit_main(argc, argv, tests, N_OF(tests), NULL, NULL);
}
