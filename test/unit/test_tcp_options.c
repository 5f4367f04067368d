/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire/tcp_options: what is built parses back, any bytes give an answer, and none that is not there
 * is read. What is recognised at once reads as it does the long way.
 */
#include "unit.h"

#include "wire/tcp_options.h"

#define RANDOM_INPUTS 200000

static struct tcp_options
parse(const void *bytes, uint32_t len)
{
	uint8_t *p = exact_copy(bytes, len);
	struct tcp_options o;

	memset(&o, 0xa5, sizeof(o)); /* nothing of what was there may stay */
	tcp_options_parse(p, len, &o);
	free(p);
	return o;
}

static void
assert_options(const struct tcp_options *got, const struct tcp_options *want)
{
	assert_int_equal(got->has_mss, want->has_mss);
	assert_int_equal(got->mss, want->mss);
	assert_int_equal(got->has_wscale, want->has_wscale);
	assert_int_equal(got->wscale, want->wscale);
	assert_int_equal(got->has_ts, want->has_ts);
	assert_int_equal(got->tsval, want->tsval);
	assert_int_equal(got->tsecr, want->tsecr);
	assert_int_equal(got->sack_permitted, want->sack_permitted);
	assert_int_equal(got->has_uto, want->has_uto);
	assert_int_equal(got->uto, want->uto);
	assert_int_equal(got->malformed, want->malformed);
	assert_int_equal(got->n_sack, want->n_sack);
	assert_memory_equal(got->sack, want->sack, sizeof(got->sack));
}

#define PARSED(bytes, ...)                                                                         \
	do {                                                                                       \
		struct tcp_options got_ = parse(bytes, sizeof(bytes) - 1);                         \
		struct tcp_options want_ = {__VA_ARGS__};                                          \
		assert_options(&got_, &want_);                                                     \
	} while (0)

static void
test_options_each(void **state)
{
	(void)state;
	PARSED("", .mss = 0);
	PARSED("\2\4\x05\xb4", .has_mss = true, .mss = 1460);
	PARSED("\2\4\xff\x01", .has_mss = true, .mss = 0xff01);
	PARSED("\3\3\xff", .has_wscale = true, .wscale = 255); /* as carried */
	PARSED("\4\2", .sack_permitted = true);
	PARSED("\x08\x0a\xf1\2\3\4\xe5\6\7\x08", .has_ts = true, .tsval = 0xf1020304,
		.tsecr = 0xe5060708);
	PARSED("\1\1\1\1", .mss = 0);
	PARSED("\1\2\4\1\2\1", .has_mss = true, .mss = 258);
	/* What Linux sends on a SYN. */
	PARSED("\2\4\x05\xb4\4\2\x08\x0a\0\0\0\1\0\0\0\0\1\3\3\7", .has_mss = true, .mss = 1460,
		.sack_permitted = true, .has_ts = true, .tsval = 1, .has_wscale = true,
		.wscale = 7);
}

static void
test_options_end_and_unknown(void **state)
{
	(void)state;
	/* EOL ends parsing: what is behind is not looked at, however wrong. */
	PARSED("\0\2\4\x05\xb4", .mss = 0);
	PARSED("\4\2\0\3\3\7", .sack_permitted = true);
	PARSED("\4\2\0\3\0\xff", .sack_permitted = true);
	/* Unknown kinds are skipped by their length, 2 being the shortest. */
	PARSED("\xfe\2\4\2", .sack_permitted = true);
	PARSED("\xfd\6\3\3\3\3\4\2", .sack_permitted = true);
	PARSED("\x1e\4\0\0\3\3\1", .has_wscale = true, .wscale = 1);
	PARSED("\xff\5\0\0\0", .mss = 0); /* up to the very end */
}

static void
test_options_lies(void **state)
{
	(void)state;
	/* A kind without its length, a length of 0 or 1, a length past the end. */
	PARSED("\2", .malformed = true);
	PARSED("\x63", .malformed = true);
	PARSED("\1\1\1\x08", .malformed = true);
	PARSED("\x63\0\4\2", .malformed = true);
	PARSED("\x63\1\4\2", .malformed = true);
	PARSED("\2\0\x05\xb4", .malformed = true);
	PARSED("\4\1", .malformed = true);
	PARSED("\x63\3", .malformed = true);
	PARSED("\x63\xff\0\0\0", .malformed = true);
	PARSED("\2\4\5", .malformed = true);
	PARSED("\x08\x0a\1\2\3\4\5\6\7", .malformed = true);
	/* What came before is kept, what comes behind is not looked at. */
	PARSED("\4\2\x63\0\3\3\7", .malformed = true, .sack_permitted = true);
	PARSED("\3\3\7\2\5\5\5\5\4\2", .malformed = true, .has_wscale = true, .wscale = 7);
}

/* SACK: 8n + 2 bytes of n blocks, whatever their numbers say. */
static void
test_options_sack(void **state)
{
	uint8_t bytes[TCP_OPTIONS_MAX];

	(void)state;
	PARSED("\5\2\4\2", .sack_permitted = true);
	PARSED("\5\x0a\1\1\1\1\2\2\2\2\4\2", .sack_permitted = true, .n_sack = 1,
		.sack = {{0x01010101, 0x02020202}});
	PARSED("\1\1\5\x12\xff\xff\xff\xff\0\0\0\1\0\0\0\2\0\0\0\1", .n_sack = 2,
		.sack = {{0xffffffff, 1}, {2, 1}});
	PARSED("\5\x0a\1\1\1\1\2\2\2", .malformed = true);
	PARSED("\5\x0b\1\1\1\1\2\2\2\2\1\4\2", .malformed = true);
	for (uint32_t len = 0; len < 256; len++) {
		uint32_t n = len == 2 ? 0 : len == 10 ? 1 : len == 18 ? 2 : len == 26 ? 3 : 4;
		struct tcp_options o;

		for (uint32_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = i < len ? i : TCP_OPT_NOP;
		bytes[0] = TCP_OPT_SACK;
		bytes[1] = len;
		o = parse(bytes, sizeof(bytes));
		assert_int_equal(o.malformed, len != 2 + 8 * n || len > 34);
		assert_int_equal(o.n_sack, o.malformed ? 0 : n);
		for (uint32_t i = 0; i < o.n_sack; i++) {
			uint32_t at = 2 + 8 * i;

			assert_int_equal(o.sack[i].left, 0x00010203u + 0x01010101u * at);
			assert_int_equal(o.sack[i].right, 0x00010203u + 0x01010101u * (at + 4));
		}
	}
}

/* And back, for as many as there may be. */
static void
test_options_sack_build(void **state)
{
	static const uint8_t want[] = {1, 1, 5, 18, 0xff, 0xff, 0xff, 0xf0, 0, 0, 0, 16, 0x12, 0x34,
		0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0};
	struct tcp_sack_block block[4] = {
		{0xfffffff0, 16}, {0x12345678, 0x9abcdef0}, {3, 4}, {5, 6}};
	uint8_t bytes[TCP_OPTIONS_MAX];

	(void)state;
	assert_int_equal(tcp_options_build_sack(bytes, block, 2), sizeof(want));
	assert_memory_equal(bytes, want, sizeof(want));
	for (uint32_t n = 1; n <= 4; n++) {
		struct tcp_options o;

		memset(bytes, 0x63, sizeof(bytes));
		assert_int_equal(tcp_options_build_sack(bytes, block, n), 4 + 8 * n);
		assert_int_equal(TCP_OPT_SACK_LEN(n), 4 + 8 * n);
		for (uint32_t i = 4 + 8 * n; i < sizeof(bytes); i++)
			assert_int_equal(bytes[i], 0x63);
		o = parse(bytes, 4 + 8 * n);
		assert_int_equal(o.n_sack, n);
		assert_memory_equal(o.sack, block, n * sizeof(block[0]));
	}
}

/* Each known kind with each length that fits into the bytes: only its own is right. */
static void
test_options_wrong_length_for_kind(void **state)
{
	static const struct {
		uint8_t kind, len;
	} known[] = {{TCP_OPT_MSS, 4}, {TCP_OPT_WSCALE, 3}, {TCP_OPT_SACK_PERMIT, 2},
		{TCP_OPT_TIMESTAMP, 10}, {TCP_OPT_UTO, 4}};
	uint8_t bytes[TCP_OPTIONS_MAX];

	(void)state;
	for (size_t i = 0; i < N_OF(known); i++)
		for (uint32_t len = 0; len < 256; len++) {
			struct tcp_options o;

			memset(bytes, TCP_OPT_NOP, sizeof(bytes));
			bytes[0] = known[i].kind;
			bytes[1] = len;
			o = parse(bytes, sizeof(bytes));
			assert_int_equal(o.malformed, len != known[i].len);
			assert_int_equal(o.has_mss + o.has_wscale + o.has_ts + o.sack_permitted +
						 o.has_uto,
				len == known[i].len);
		}
}

/* Cut anywhere, an option list says what its whole options say. */
static void
test_options_truncated(void **state)
{
	static const char list[] = "\2\4\x05\xb4\4\2\x08\x0a\0\0\0\1\0\0\0\2\1\3\3\7";

	(void)state;
	for (uint32_t len = 0; len < sizeof(list); len++) {
		struct tcp_options got = parse(list, len);
		struct tcp_options want = {
			.has_mss = len >= 4,
			.mss = len >= 4 ? 1460 : 0,
			.sack_permitted = len >= 6,
			.has_ts = len >= 16,
			.tsval = len >= 16 ? 1 : 0,
			.tsecr = len >= 16 ? 2 : 0,
			.has_wscale = len >= 20,
			.wscale = len >= 20 ? 7 : 0,
			.malformed = len != 0 && len != 4 && len != 6 && len != 16 && len != 17 &&
				     len != 20,
		};

		assert_options(&got, &want);
	}
}

static void
test_options_round_trip(void **state)
{
	struct rng r = {23};

	(void)state;
	for (uint32_t i = 0; i < 16 * 1000; i++) {
		struct tcp_options o = {
			.has_mss = i & 1,
			.has_wscale = i & 2,
			.has_ts = i & 4,
			.sack_permitted = i & 8,
			.has_uto = i & 16,
		};
		uint8_t bytes[TCP_OPTIONS_MAX + 1], len;
		uint32_t least =
			4 * o.has_mss + 3 * o.has_wscale + 10 * o.has_ts + 2 * o.sack_permitted +
			4 * o.has_uto;

		o.mss = o.has_mss ? rng_next(&r) : 0;
		o.wscale = o.has_wscale ? rng_next(&r) : 0;
		o.uto = o.has_uto ? rng_next(&r) : 0;
		o.tsval = o.has_ts ? rng_next(&r) : 0;
		o.tsecr = o.has_ts ? rng_next(&r) : 0;
		memset(bytes, 0x63, sizeof(bytes));
		len = tcp_options_build(bytes, &o);
		assert_int_equal(len % 4, 0);
		assert_true(len >= least && len <= TCP_OPTIONS_MAX);
		assert_true(len < least + 8);
		assert_int_equal(bytes[len], 0x63); /* nothing written behind */

		struct tcp_options back = parse(bytes, len);

		assert_options(&back, &o);
		/* Timestamps alone: the layout of RFC 7323, which the fast path knows. */
		if ((i & 31) == 4) {
			assert_int_equal(len, TCP_OPT_TS_PADDED);
			assert_memory_equal(bytes, "\1\1\x08\x0a", 4);
			assert_true(tcp_options_parse_ts_only(bytes, len, &o.tsval, &o.tsecr));
			assert_int_equal(o.tsval, back.tsval);
			assert_int_equal(o.tsecr, back.tsecr);
		}
	}
}

/* A SYN's usual options are read at once; with any byte changed, or NOPs behind, as ever. */
static void
test_options_usual_syn(void **state)
{
	const struct tcp_options o = {
		.has_mss = true,
		.mss = 1460,
		.has_wscale = true,
		.wscale = 7,
		.has_ts = true,
		.tsval = 0x01020304,
		.tsecr = 0xfffefdfc,
		.sack_permitted = true,
	};
	uint8_t usual[TCP_OPTIONS_MAX], len = tcp_options_build(usual, &o);
	struct tcp_options back = parse(usual, len);
	uint32_t sound = 0;

	(void)state;
	assert_int_equal(len, 20);
	assert_options(&back, &o);
	for (uint32_t at = 0; at < len; at++)
		for (uint32_t value = 0; value <= UINT8_MAX; value++) {
			uint8_t changed[24];

			memcpy(changed, usual, len);
			memset(changed + len, TCP_OPT_NOP, sizeof(changed) - len);
			changed[at] = value;

			struct tcp_options at_once = parse(changed, len);
			struct tcp_options one_by_one = parse(changed, sizeof(changed));

			/* An option that is longer now takes of the NOPs, or is cut off. */
			if (at_once.malformed)
				continue;
			assert_options(&at_once, &one_by_one);
			assert_false(one_by_one.malformed);
			sound++;
		}
	/* At least where the byte is of a number. */
	assert_true(sound >= 11 * 256);
}

/* Whatever the bytes: the fast path takes just its layout and reads it as the slow one does. */
static void
test_options_fast_path(void **state)
{
	static const uint8_t layout[] = {1, 1, 8, 10};
	struct rng r = {24};
	uint32_t taken = 0, passed = 0;

	(void)state;
	for (int i = 0; i < RANDOM_INPUTS; i++) {
		uint32_t len = i % 3 ? TCP_OPT_TS_PADDED : rng_below(&r, TCP_OPTIONS_MAX + 1);
		uint32_t tsval, tsecr;
		uint8_t *p = exact_alloc(len);

		rng_fill(&r, p, len);
		if (len >= 4 && i % 2)
			memcpy(p, layout, 4);
		if (len >= 4 && i % 8 == 1)
			p[rng_below(&r, 4)] ^= 1u << rng_below(&r, 8);

		bool fast = tcp_options_parse_ts_only(p, len, &tsval, &tsecr);

		assert_int_equal(fast, len == TCP_OPT_TS_PADDED && memcmp(p, layout, 4) == 0);
		if (fast) {
			struct tcp_options slow = parse(p, len);
			struct tcp_options want = {.has_ts = true, .tsval = tsval, .tsecr = tsecr};

			assert_options(&slow, &want);
			taken++;
		} else {
			passed++;
		}
		free(p);
	}
	assert_true(taken > RANDOM_INPUTS / 4 && passed > RANDOM_INPUTS / 4);
}

/* A second reading of RFC 9293 3.1, an option per call, written without looking at the first. */
static bool
oracle_step(const uint8_t **p, uint32_t *left, struct tcp_options *o)
{
	const uint8_t *q = *p;
	uint32_t size = 1;

	if (*left == 0 || q[0] == 0)
		return false;
	if (q[0] != 1) {
		static const uint8_t exact[256] = {
			[2] = 4, [3] = 3, [4] = 2, [8] = 10, [28] = 4};

		size = *left < 2 ? 0 : q[1];
		if (size < 2 || size > *left || (exact[q[0]] && exact[q[0]] != size)) {
			o->malformed = true;
			return false;
		}
		if (q[0] == 5) {
			if (size != 2 && size != 10 && size != 18 && size != 26 && size != 34) {
				o->malformed = true;
				return false;
			}
			o->n_sack = 0;
			for (const uint8_t *b = q + 2; b < q + size; b += 8)
				o->sack[o->n_sack++] = (struct tcp_sack_block){
					b[0] * 16777216u + b[1] * 65536u + b[2] * 256u + b[3],
					b[4] * 16777216u + b[5] * 65536u + b[6] * 256u + b[7]};
		}
		if (q[0] == 2)
			o->has_mss = true, o->mss = q[2] * 256 + q[3];
		if (q[0] == 3)
			o->has_wscale = true, o->wscale = q[2];
		if (q[0] == 4)
			o->sack_permitted = true;
		if (q[0] == 28)
			o->has_uto = true, o->uto = q[2] * 256 + q[3];
		if (q[0] == 8) {
			o->has_ts = true;
			o->tsval = q[2] * 16777216u + q[3] * 65536u + q[4] * 256u + q[5];
			o->tsecr = q[6] * 16777216u + q[7] * 65536u + q[8] * 256u + q[9];
		}
	}
	*p += size;
	*left -= size;
	return true;
}

/* A list of options as they should be, with up to two bytes of it changed. */
static void
random_list(struct rng *r, uint8_t bytes[TCP_OPTIONS_MAX])
{
	static const uint8_t kinds[][2] = {
		{1, 1}, {1, 1}, {2, 4}, {3, 3}, {4, 2}, {8, 10}, {28, 4}, {5, 10}, {30, 6}, {254, 2}};

	rng_fill(r, bytes, TCP_OPTIONS_MAX);
	for (uint32_t at = 0; at < TCP_OPTIONS_MAX - 10;) {
		const uint8_t *k = kinds[rng_below(r, N_OF(kinds))];

		bytes[at] = k[0];
		if (k[1] > 1)
			bytes[at + 1] = k[1];
		at += k[1];
	}
	for (uint32_t n = rng_below(r, 3); n > 0; n--)
		bytes[rng_below(r, TCP_OPTIONS_MAX)] = rng_next(r);
}

static void
test_options_random(void **state)
{
	struct rng r = {25};
	uint32_t fine = 0, malformed = 0;

	(void)state;
	for (int i = 0; i < RANDOM_INPUTS; i++) {
		uint8_t bytes[TCP_OPTIONS_MAX];
		uint32_t len = rng_below(&r, sizeof(bytes) + 1), left = len;
		const uint8_t *p = bytes;
		struct tcp_options got, want = {0};

		if (i % 4)
			random_list(&r, bytes);
		else
			rng_fill(&r, bytes, sizeof(bytes));
		while (oracle_step(&p, &left, &want))
			;
		got = parse(bytes, len);
		assert_options(&got, &want);
		if (want.malformed)
			malformed++;
		else if (want.has_mss + want.has_wscale + want.has_ts + want.sack_permitted > 1)
			fine++;
	}
	assert_true(fine > RANDOM_INPUTS / 20 && malformed > RANDOM_INPUTS / 10);
}

/* RFC 5482 3: seconds while they fit into 15 bits, then minutes; never less than was meant. */
static void
test_options_user_timeout(void **state)
{
	static const struct {
		uint32_t ms;
		uint16_t raw;
		uint32_t back;
	} t[] = {
		{0, 0, 0},
		{1, 1, 1000},
		{1000, 1, 1000},
		{1001, 2, 2000},
		{32767000, 0x7fff, 32767000},
		{32767001, 0x8000 | 547, 32820000},
		{3600000000u, 0xffff, 1966020000},
		{UINT32_MAX, 0xffff, 1966020000},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(t); i++) {
		assert_int_equal(tcp_option_uto(t[i].ms), t[i].raw);
		assert_int_equal(tcp_option_uto_ms(t[i].raw), t[i].back);
	}
	for (uint32_t raw = 1; raw < 0x8000; raw++)
		assert_int_equal(tcp_option_uto(tcp_option_uto_ms(raw)), raw);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options_each),
		ROW_TEST("OP-01", test_options_end_and_unknown),
		ROW_TEST("OP-01", test_options_lies),
		ROW_TEST("OP-04", test_options_sack),
		ROW_TEST("OP-04", test_options_sack_build),
		ROW_TEST("OP-01", test_options_wrong_length_for_kind),
		ROW_TEST("OP-01", test_options_truncated),
		cmocka_unit_test(test_options_round_trip),
		cmocka_unit_test(test_options_fast_path),
		cmocka_unit_test(test_options_usual_syn),
		ROW_TEST("OP-07", test_options_user_timeout),
		ROW_TEST("OP-01", test_options_random),
	};

	return unit_main(argc, argv, tests, N_OF(tests), NULL, NULL);
}
