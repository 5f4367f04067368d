/* SPDX-License-Identifier: BSD-3-Clause */
/* The scoreboard against a map with a byte for each number in flight, next to the wrap. */
#include <stdlib.h>
#include <string.h>

#include "tcp/scoreboard.h"
#include "tcp/seq.h"
#include "unit.h"

#define SPAN  4096
#define HOLES 4096

static struct tcp_hole memory[HOLES];
static struct scoreboard_pool pool;
static struct tcp_scoreboard board;
static uint8_t has[SPAN]; /* by offset from `base` */
static uint32_t base, una, nxt;

static void
begin(uint32_t at, uint32_t holes)
{
	scoreboard_pool_init(&pool, memory, holes);
	scoreboard_init(&board);
	memset(has, 0, sizeof(has));
	base = una = at;
	nxt = at + SPAN;
}

static uint32_t
sacked_by_map(void)
{
	uint32_t n = 0;

	for (uint32_t i = una - base; i < SPAN; i++)
		n += has[i];
	return n;
}

/* The list says what the map says: holes in order, apart, whole, and nothing but holes missing. */
static void
assert_same(void)
{
	uint32_t at = una - base, holes = 0;

	assert_int_equal(scoreboard_sacked(&pool, &board, una), sacked_by_map());
	for (uint32_t i = board.first; i != SCOREBOARD_NONE; i = pool.hole[i].next) {
		const struct tcp_hole *h = &pool.hole[i];

		holes++;
		assert_true(seq_lt(h->start, h->end) && seq_leq(h->start, h->rtx) &&
			    seq_leq(h->rtx, h->end));
		for (; at < h->start - base; at++)
			assert_int_equal(has[at], 1);
		for (; at < h->end - base; at++)
			assert_int_equal(has[at], 0);
	}
	assert_int_equal(holes, board.n_holes);
	if (board.any)
		for (; at < board.fack - base; at++)
			assert_int_equal(has[at], 1);
	for (; at < SPAN; at++)
		assert_int_equal(has[at], 0);
}

static uint32_t
report(uint32_t from, uint32_t to)
{
	uint32_t news = 0, got;
	bool filled = false;

	for (uint32_t i = from; i < to; i++) {
		news += !has[i];
		has[i] = 1;
	}
	got = scoreboard_block(&pool, &board, una, base + from, base + to, 1000, &filled);
	assert_int_equal(got, news);
	return news;
}

static void
test_scoreboard_random(void **state)
{
	struct rng r = {1};
	bool filled = false;

	(void)state;
	for (int round = 0; round < 600; round++) {
		begin((uint32_t)rng_next(&r), HOLES);
		if (round % 3 == 0)
			begin(0u - SPAN / 2, HOLES);
		for (int step = 0; step < 60 && una - base < SPAN - 64; step++) {
			uint32_t low = una - base + 1;
			uint32_t from = low + rng_below(&r, SPAN - low - 40);
			uint32_t to = from + 1 + rng_below(&r, 32);

			/* As many holes as there may be is another test's. */
			if (board.n_holes < SCOREBOARD_HOLES_MAX - 1)
				report(from, to);
			assert_same();
			if (rng_below(&r, 8) == 0) {
				una += 1 + rng_below(&r, 200);
				if (una - base > SPAN - 64)
					break;
				scoreboard_ack(&pool, &board, una, &filled);
				/* What the map has right at UNA would have been acknowledged with it. */
				while (has[una - base] && una - base < SPAN - 64)
					una++;
				scoreboard_ack(&pool, &board, una, &filled);
				assert_same();
			}
		}
		scoreboard_clear(&pool, &board);
		assert_int_equal(board.n_holes, 0);
	}
}

static void
test_scoreboard_bounded(void **state)
{
	bool filled = false;

	(void)state;
	begin(100, HOLES);
	for (uint32_t i = 0; i < 100; i++)
		scoreboard_block(
			&pool, &board, una, base + 10 + 20 * i, base + 20 + 20 * i, 0, &filled);
	assert_int_equal(board.n_holes, SCOREBOARD_HOLES_MAX);
	assert_int_equal(
		scoreboard_sacked(&pool, &board, una), 10 * SCOREBOARD_HOLES_MAX);
	/* Room again: what is reported then is believed. */
	scoreboard_ack(&pool, &board, base + 20, &filled);
	assert_int_equal(board.n_holes, SCOREBOARD_HOLES_MAX - 1);
	/* An empty pool. */
	begin(100, 1);
	assert_int_equal(
		scoreboard_block(&pool, &board, una, base + 10, base + 20, 0, &filled), 10);
	assert_int_equal(
		scoreboard_block(&pool, &board, una, base + 30, base + 40, 0, &filled), 0);
	assert_int_equal(scoreboard_block(&pool, &board, una, base + 3, base + 5, 0, &filled), 0);
	assert_int_equal(board.n_holes, 1);
	scoreboard_ack(&pool, &board, base + 20, &filled);
	assert_int_equal(board.n_holes, 0);
	assert_int_equal(board.any, 0);
}

/* RFC 6675: lost when enough was reported beyond; RFC 8985: or when enough time has passed. */
static void
test_scoreboard_lost(void **state)
{
	struct scoreboard_rule rule = {.dup_bytes = 30, .wait_us = 5000, .rtt_us = 20000};
	struct tcp_hole *h;
	bool filled = false;
	uint32_t next;

	(void)state;
	begin(0u - 50, HOLES);
	scoreboard_block(&pool, &board, una, base + 10, base + 20, 1000, &filled);
	scoreboard_block(&pool, &board, una, base + 30, base + 40, 2000, &filled);
	assert_false(scoreboard_mark(&pool, &board, &rule, 2000, &next));
	assert_int_equal(next, 4000);
	assert_null(scoreboard_next(&pool, &board));
	assert_int_equal(scoreboard_pipe(&pool, &board, una, base + 100), 80);
	/* 30 numbers beyond the first, 20 beyond the second. */
	scoreboard_block(&pool, &board, una, base + 40, base + 50, 3000, &filled);
	assert_true(scoreboard_mark(&pool, &board, &rule, 3000, &next));
	assert_int_equal(next, 4000);
	h = scoreboard_next(&pool, &board);
	assert_non_null(h);
	assert_int_equal(h->start, base);
	assert_int_equal(scoreboard_pipe(&pool, &board, una, base + 100), 60);
	/* Sent again. */
	h->rtx = h->end;
	h->again = true;
	h->rtx_us = 3000;
	h->rtx_nxt = base + 100;
	assert_null(scoreboard_next(&pool, &board));
	assert_int_equal(scoreboard_pipe(&pool, &board, una, base + 100), 70);
	assert_true(scoreboard_mark(&pool, &board, &rule, 7000, &next));
	assert_int_equal(scoreboard_next(&pool, &board)->start, base + 20);
	assert_int_equal(next, UINT32_MAX);
	/* The first is lost again when data sent after it has arrived, and a round trip is over. */
	scoreboard_block(&pool, &board, una, base + 110, base + 120, 20000, &filled);
	assert_false(scoreboard_mark(&pool, &board, &rule, 20000, &next));
	assert_int_equal(next, 5000);
	assert_true(scoreboard_mark(&pool, &board, &rule, 28000, &next));
	assert_int_equal(scoreboard_next(&pool, &board)->start, base);
	/* After a timeout all of it. */
	scoreboard_timeout(&pool, &board);
	assert_int_equal(scoreboard_pipe(&pool, &board, una, base + 120), 0);
	assert_false(filled);
}

/* After a timeout what lies side by side is one hole, to be sent again from its beginning. */
static void
test_scoreboard_timeout(void **state)
{
	bool filled = false;
	struct tcp_hole *h;

	(void)state;
	begin(0u - 20, HOLES);
	scoreboard_block(&pool, &board, una, base + 10, base + 20, 0, &filled);
	assert_true(scoreboard_all_lost(&pool, &board, una, base + 30, 0));
	assert_int_equal(board.n_holes, 2);
	h = scoreboard_next(&pool, &board);
	h->rtx = h->end;
	h->again = true;
	h = scoreboard_next(&pool, &board);
	assert_int_equal(h->start, base + 20);
	h->rtx = base + 25;
	h->again = true;
	/* More was sent, and nothing of it arrives either. */
	assert_true(scoreboard_all_lost(&pool, &board, una, base + 50, 0));
	assert_int_equal(board.n_holes, 2);
	assert_int_equal(scoreboard_sacked(&pool, &board, una), 10);
	assert_int_equal(scoreboard_pipe(&pool, &board, una, base + 50), 0);
	h = scoreboard_next(&pool, &board);
	assert_int_equal(h->end, base + 10);
	h->rtx = h->end;
	h = scoreboard_next(&pool, &board);
	assert_int_equal(h->start, base + 20);
	assert_int_equal(h->rtx, base + 20);
	assert_int_equal(h->end, base + 50);
	assert_true(h->again);
}

/* Of two parts sent again the second arrives: it went later, and tells of the first. */
static void
test_scoreboard_passed(void **state)
{
	struct scoreboard_rule rule = {.wait_us = 5000, .rtt_us = 20000};
	bool filled = false;
	struct tcp_hole *h;
	uint32_t next;

	(void)state;
	begin(0u - 20, HOLES);
	assert_true(scoreboard_all_lost(&pool, &board, una, base + 60, 0));
	h = scoreboard_next(&pool, &board);
	h->rtx = base + 40;
	h->rtx_us = 1000;
	h->rtx_nxt = base + 60;
	h->again = true;
	/* What has yet to be sent again, and comes late, tells nothing. */
	scoreboard_block(&pool, &board, una, base + 50, base + 60, 2000, &filled);
	assert_false(pool.hole[board.first].passed);
	scoreboard_block(&pool, &board, una, base + 20, base + 30, 21000, &filled);
	h = &pool.hole[board.first];
	assert_int_equal(h->end, base + 20);
	assert_true(h->passed);
	assert_false(pool.hole[h->next].passed);
	/* Not before a round trip and the wait are over, and then the first alone. */
	assert_false(scoreboard_mark(&pool, &board, &rule, 25999, &next));
	assert_int_equal(next, 1);
	assert_true(scoreboard_mark(&pool, &board, &rule, 26000, &next));
	assert_ptr_equal(scoreboard_next(&pool, &board), h);
	assert_int_equal(h->rtx, base);
	/* Sent again after what arrives next, which then is no word of it. */
	h->rtx = h->end;
	h->rtx_us = 30000;
	h->passed = false;
	h = &pool.hole[h->next];
	assert_int_equal(h->start, base + 30);
	scoreboard_block(&pool, &board, una, base + 35, base + 40, 31000, &filled);
	assert_false(pool.hole[board.first].passed);
	assert_false(filled);
}

/* After all nothing is: what nothing is reported beyond of is in flight, and the rest only late. */
static void
test_scoreboard_none_lost(void **state)
{
	struct scoreboard_rule rule = {.dup_bytes = 100, .wait_us = 5000, .rtt_us = 20000};
	bool filled = false;
	struct tcp_hole *h;
	uint32_t next;

	(void)state;
	begin(0u - 20, HOLES);
	assert_true(scoreboard_all_lost(&pool, &board, una, base + 60, 0));
	h = scoreboard_next(&pool, &board);
	h->rtx = base + 10;
	h->again = true;
	una = base + 10;
	scoreboard_ack(&pool, &board, una, &filled);
	scoreboard_block(&pool, &board, una, base + 20, base + 30, 1000, &filled);
	scoreboard_block(&pool, &board, una, base + 40, base + 50, 1000, &filled);
	scoreboard_none_lost(&pool, &board, una, 2000);
	assert_int_equal(board.n_holes, 2);
	assert_int_equal(board.fack, base + 50);
	assert_int_equal(scoreboard_sacked(&pool, &board, una), 20);
	assert_int_equal(scoreboard_pipe(&pool, &board, una, base + 60), 30);
	assert_null(scoreboard_next(&pool, &board));
	/* From now on they may be lost as any hole. */
	assert_false(scoreboard_mark(&pool, &board, &rule, 2000, &next));
	assert_int_equal(next, 5000);
	assert_true(scoreboard_mark(&pool, &board, &rule, 7000, &next));
	assert_int_equal(scoreboard_next(&pool, &board)->start, base + 10);
	/* Nothing was reported: nothing is left. */
	begin(0u - 20, HOLES);
	assert_true(scoreboard_all_lost(&pool, &board, una, base + 60, 0));
	una = base + 10;
	scoreboard_ack(&pool, &board, una, &filled);
	scoreboard_none_lost(&pool, &board, una, 2000);
	assert_int_equal(board.n_holes, 0);
	assert_false(board.any);
	assert_int_equal(scoreboard_pipe(&pool, &board, una, base + 60), 50);
}

/* A hole filled that was not sent again: the network reorders. */
static void
test_scoreboard_reordering(void **state)
{
	bool filled = false;

	(void)state;
	begin(0u - 20, HOLES);
	scoreboard_block(&pool, &board, una, base + 10, base + 20, 0, &filled);
	assert_false(filled);
	scoreboard_block(&pool, &board, una, base + 2, base + 4, 0, &filled);
	assert_true(filled);
	filled = false;
	pool.hole[board.first].again = true;
	pool.hole[board.first].rtx = pool.hole[board.first].end;
	scoreboard_block(&pool, &board, una, base + 1, base + 2, 0, &filled);
	assert_false(filled);
	/* An ACK tells the same: of the first, which was sent again, and of a part of the next. */
	begin(0u - 20, HOLES);
	scoreboard_block(&pool, &board, una, base + 10, base + 20, 0, &filled);
	scoreboard_block(&pool, &board, una, base + 30, base + 40, 0, &filled);
	pool.hole[board.first].again = true;
	pool.hole[board.first].rtx = base + 10;
	una = base + 20;
	scoreboard_ack(&pool, &board, una, &filled);
	assert_false(filled);
	una = base + 25;
	scoreboard_ack(&pool, &board, una, &filled);
	assert_true(filled);
	assert_int_equal(board.n_holes, 1);
	filled = false;
	una = base + 30;
	scoreboard_ack(&pool, &board, una, &filled);
	assert_true(filled);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scoreboard_random),
		cmocka_unit_test(test_scoreboard_bounded),
		cmocka_unit_test(test_scoreboard_lost),
		cmocka_unit_test(test_scoreboard_timeout),
		cmocka_unit_test(test_scoreboard_passed),
		cmocka_unit_test(test_scoreboard_none_lost),
		cmocka_unit_test(test_scoreboard_reordering),
	};

	return unit_main(argc, argv, tests, N_OF(tests), NULL, NULL);
}
