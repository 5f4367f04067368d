/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire, TCP: the header. Every data offset, every truncation; as in test_wire.c, inputs lie in
 * memory of their exact size.
 */
#include "unit.h"

#include "wire/tcp_options.h"
#include "wire/tcp_seg.h"

#define RANDOM_INPUTS 200000

static void
test_seg_build(void **state)
{
	static const uint8_t want[20] = {0x12, 0x34, 0xab, 0xcd, 0xfe, 0xdc, 0xba, 0x98, 0x01, 0x23,
		0x45, 0x67, 0xb0, 0x12, 0xf0, 0x0d, 0, 0, 0, 0};
	struct tcp_seg_head h = {
		.sport = RTE_BE16(0x1234),
		.dport = RTE_BE16(0xabcd),
		.seq = 0xfedcba98,
		.ack = 0x01234567,
		.wnd = 0xf00d,
		.flags = TCP_SYN | TCP_ACK,
		.opts_len = 24,
	};
	uint8_t p[20];

	(void)state;
	memset(p, 0xff, sizeof(p));
	tcp_seg_build(p, &h);
	assert_memory_equal(p, want, sizeof(want));
}

static void
test_seg_round_trip(void **state)
{
	struct rng r = {20};

	(void)state;
	for (int i = 0; i < 20000; i++) {
		uint32_t data_len = rng_below(&r, 100);
		struct tcp_seg_head h = {
			.sport = rng_next(&r),
			.dport = rng_next(&r),
			.seq = rng_next(&r),
			.ack = rng_next(&r),
			.wnd = rng_next(&r),
			.flags = rng_below(&r, 64),
			.opts_len = rng_below(&r, 11) * 4,
		};
		uint32_t len = 20 + h.opts_len + data_len;
		uint8_t *p = exact_alloc(len);
		struct tcp_seg s = {0};

		tcp_seg_build(p, &h);
		rng_fill(&r, p + 20, len - 20);
		assert_int_equal(tcp_seg_parse(p, len, &s), WIRE_OK);
		assert_memory_equal(p, &h.sport, 2);
		assert_memory_equal(p + 2, &h.dport, 2);
		assert_int_equal(s.seq, h.seq);
		assert_int_equal(s.ack, h.ack);
		assert_int_equal(s.wnd, h.wnd);
		assert_int_equal(s.flags, h.flags);
		assert_int_equal(s.opts_len, h.opts_len);
		assert_ptr_equal(s.opts, p + 20);
		assert_ptr_equal(s.data, p + 20 + h.opts_len);
		assert_int_equal(s.data_len, data_len);
		assert_int_equal(tcp_seg_len(&s),
			data_len + (h.flags & TCP_SYN ? 1 : 0) + (h.flags & TCP_FIN ? 1 : 0));
		free(p);
	}
}

/* Each data offset against each length: the header must be whole and at least 20 bytes. */
static void
test_seg_lengths(void **state)
{
	uint8_t whole[70];
	struct rng r = {21};

	(void)state;
	rng_fill(&r, whole, sizeof(whole));
	for (uint32_t offset = 0; offset < 16; offset++)
		for (uint32_t len = 0; len <= sizeof(whole); len++) {
			bool fine = len >= 20 && offset >= 5 && offset * 4 <= len;
			struct tcp_seg s = {0};
			uint8_t *p;

			whole[12] = offset << 4 | (len & 15); /* reserved bits do not matter */
			whole[13] = 0xff;
			p = exact_copy(whole, len);
			assert_int_equal(
				tcp_seg_parse(p, len, &s), fine ? WIRE_OK : WIRE_L4_HEADER);
			if (fine) {
				assert_int_equal(s.opts_len, offset * 4 - 20);
				assert_int_equal(s.data_len, len - offset * 4);
				assert_int_equal(s.flags, 0xff); /* the ECN bits too */
			}
			free(p);
		}
}

static void
test_seg_random(void **state)
{
	struct rng r = {22};
	uint32_t ok = 0;

	(void)state;
	for (int i = 0; i < RANDOM_INPUTS; i++) {
		uint32_t len = rng_below(&r, 80);
		uint8_t *p = exact_alloc(len);
		struct tcp_seg s = {0};

		rng_fill(&r, p, len);
		if (tcp_seg_parse(p, len, &s) == WIRE_OK) {
			struct tcp_options o;

			assert_int_equal(s.opts_len % 4, 0);
			assert_true(s.opts_len <= TCP_OPTIONS_MAX);
			assert_ptr_equal(s.opts + s.opts_len, s.data);
			assert_ptr_equal(s.data + s.data_len, p + len);
			tcp_options_parse(s.opts, s.opts_len, &o);
			ok++;
		}
		free(p);
	}
	assert_true(ok > RANDOM_INPUTS / 10);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seg_build),
		cmocka_unit_test(test_seg_round_trip),
		ROW_TEST("IP-06", test_seg_lengths),
		cmocka_unit_test(test_seg_random),
	};

	return unit_main(argc, argv, tests, N_OF(tests), NULL, NULL);
}
