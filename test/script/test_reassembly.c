/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What comes out of order is delivered in order, once (DT-03): gaps and overlaps of every
 * shape, FIN among them, the bounds of what is held, and ends while something is.
 */
#include <rte_mempool.h>

#include "script.h"

static uint32_t
buffers_free(const struct script *s)
{
	return rte_mempool_avail_count(s->conf.pool);
}

static void
open_it(struct script *s)
{
	START(s);
	ESTABLISH(s);
}

/* Data beyond a gap, and what we say to it. */
#define BEYOND(s, a, b, ...)                                                                       \
	do {                                                                                       \
		IN(s, ACK, .seq = (a), .ack = 1, .len = (b) - (a));                                \
		OUT(s, ACK, .seq = 1, .ack = 1, .sack = {__VA_ARGS__});                            \
	} while (0)

/* ---- gaps */

static void
DT_03_two_swapped(struct script *s)
{
	uint32_t before;

	open_it(s);
	before = buffers_free(s);
	IN(s, PSH_ACK, .seq = 6, .ack = 1, .data = "world");
	OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{6, 11}});
	EVENTS(s, "");
	EQUAL(s, script_info(s).held, 5);
	EQUAL(s, script_info(s).rcv_nxt - s->t->isn, 1);
	EQUAL(s, buffers_free(s), before - 1);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
	OUT(s, ACK, .seq = 1, .ack = 11);
	EVENTS(s, "data:5 data:5");
	RECEIVED(s, "helloworld");
	EQUAL(s, script_info(s).held, 0);
	EQUAL(s, buffers_free(s), before);
	COUNTED(s, OUT_OF_ORDER, 1);
	COUNTED(s, RX_BYTES, 10);
}

static void
DT_03_backwards(struct script *s)
{
	open_it(s);
	for (uint32_t i = 9; i > 0; i--)
		BEYOND(s, 1 + 100 * i, 101 + 100 * i, {1 + 100 * i, 1001});
	IN(s, ACK, .seq = 1, .ack = 1, .len = 100);
	OUT(s, ACK, .seq = 1, .ack = 1001);
	RECEIVED_PATTERN(s, 0, 1000);
	EVENTS(s, "data:100 data:100 data:100 data:100 data:100 data:100 data:100 data:100 "
		  "data:100 data:100");
}

/* Each order in which five segments can come, the connection going on. */
static void
DT_03_every_order_of_five(struct script *s)
{
	uint32_t base = 1, perms = 0;

	open_it(s);
	for (uint32_t code = 0; code < 3125; code++) {
		uint32_t order[5], mask = 0;

		for (uint32_t i = 0, rest = code; i < 5; i++, rest /= 5) {
			order[i] = rest % 5;
			mask |= 1u << order[i];
		}
		if (mask != 31)
			continue;
		BURST(s);
		for (uint32_t i = 0; i < 5; i++)
			IN(s, ACK, .seq = base + 20 * order[i], .ack = 1, .len = 20);
		ARRIVES(s);
		base += 100;
		perms++;
		OUT(s, ACK, .seq = 1, .ack = base);
		RECEIVED_PATTERN(s, base - 101, 100);
	}
	EQUAL(s, perms, 120);
	EQUAL(s, script_info(s).held, 0);
	s->events[0] = 0;
}

/* Three gaps, filled from the middle, from the end, from the front. */
static void
DT_03_gaps_filled_in_any_order(struct script *s)
{
	open_it(s);
	BEYOND(s, 11, 21, {11, 21});
	BEYOND(s, 31, 41, {31, 41}, {11, 21});
	BEYOND(s, 51, 61, {51, 61}, {31, 41}, {11, 21});
	BEYOND(s, 21, 31, {11, 41}, {51, 61});
	BEYOND(s, 41, 51, {11, 61});
	EVENTS(s, "");
	IN(s, ACK, .seq = 1, .ack = 1, .len = 10);
	OUT(s, ACK, .seq = 1, .ack = 61);
	RECEIVED_PATTERN(s, 0, 60);
	s->events[0] = 0;
}

static void
DT_03_only_up_to_the_next_gap(struct script *s)
{
	open_it(s);
	BEYOND(s, 11, 21, {11, 21});
	BEYOND(s, 31, 41, {31, 41}, {11, 21});
	IN(s, ACK, .seq = 1, .ack = 1, .len = 10);
	OUT(s, ACK, .seq = 1, .ack = 21, .sack = {{31, 41}});
	EVENTS(s, "data:10 data:10");
	RECEIVED_PATTERN(s, 0, 20);
	EQUAL(s, script_info(s).held, 10);
	/* Filled only in part. */
	IN(s, ACK, .seq = 21, .ack = 1, .len = 9);
	OUT(s, ACK, .seq = 1, .ack = 30, .sack = {{31, 41}});
	IN(s, ACK, .seq = 30, .ack = 1, .len = 1);
	OUT(s, ACK, .seq = 1, .ack = 41);
	EVENTS(s, "data:9 data:1 data:10");
	RECEIVED_PATTERN(s, 20, 20);
}

/* ---- overlaps: the byte that came first is the one delivered */

/* 'A' at 11 to 20; then the others in turn; then the gap is filled. */
static void
overlap(struct script *s, uint32_t from, const char *text, uint32_t gap_to, const char *want)
{
	static const char as[] = "AAAAAAAAAA";
	char all[200];

	open_it(s);
	IN(s, ACK, .seq = 11, .ack = 1, .data = as);
	script_next_frame(s);
	IN(s, ACK, .seq = from, .ack = 1, .data = text);
	script_next_frame(s);
	IN(s, ACK, .seq = 1, .ack = 1, .data = "----------", .len = gap_to - 1);
	snprintf(all, sizeof(all), "%.*s%s", (int)gap_to - 1, "----------", want);
	script_next_frame(s);
	RECEIVED(s, all);
	EQUAL(s, script_info(s).held, 0);
	s->events[0] = 0;
}

static void
DT_03_overlap_from_the_left(struct script *s)
{
	overlap(s, 6, "bbbbbbbbbb", 6, "bbbbbAAAAAAAAAA");
}

static void
DT_03_overlap_from_the_right(struct script *s)
{
	overlap(s, 16, "bbbbbbbbbb", 11, "AAAAAAAAAAbbbbb");
}

static void
DT_03_overlap_on_both_sides(struct script *s)
{
	overlap(s, 6, "bbbbbbbbbbbbbbbbbbbb", 6, "bbbbbAAAAAAAAAAbbbbb");
}

static void
DT_03_overlap_contained(struct script *s)
{
	overlap(s, 13, "bbb", 11, "AAAAAAAAAA");
}

static void
DT_03_overlap_the_same(struct script *s)
{
	overlap(s, 11, "bbbbbbbbbb", 11, "AAAAAAAAAA");
}

static void
DT_03_overlap_adjacent(struct script *s)
{
	overlap(s, 21, "bbb", 11, "AAAAAAAAAAbbb");
}

/* One over three stretches and four gaps, the first of which is at RCV.NXT. */
static void
DT_03_overlap_of_several_in_order(struct script *s)
{
	open_it(s);
	IN(s, ACK, .seq = 3, .ack = 1, .data = "AA");
	IN(s, ACK, .seq = 7, .ack = 1, .data = "BB");
	IN(s, ACK, .seq = 11, .ack = 1, .data = "CCCC");
	OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{11, 15}, {7, 9}, {3, 5}});
	IN(s, ACK, .seq = 1, .ack = 1, .data = "abcdefghijklm");
	OUT(s, ACK, .seq = 1, .ack = 15, .sack = {{3, 5}});
	RECEIVED(s, "abAAefBBijCCCC");
	EVENTS(s, "data:2 data:2 data:2 data:2 data:2 data:4");
}

/* The same beyond a gap. */
static void
DT_03_overlap_of_several_beyond_a_gap(struct script *s)
{
	open_it(s);
	IN(s, ACK, .seq = 3, .ack = 1, .data = "AA");
	IN(s, ACK, .seq = 7, .ack = 1, .data = "BB");
	IN(s, ACK, .seq = 11, .ack = 1, .data = "CCCC");
	OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{11, 15}, {7, 9}, {3, 5}});
	IN(s, ACK, .seq = 2, .ack = 1, .data = "bcdefghijklmnop");
	OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{3, 5}, {2, 17}});
	IN(s, ACK, .seq = 1, .ack = 1, .data = "xyz");
	OUT(s, ACK, .seq = 1, .ack = 17, .sack = {{2, 4}});
	RECEIVED(s, "xbAAefBBijCCCCop");
	s->events[0] = 0;
}

static void
DT_03_duplicates_change_nothing(struct script *s)
{
	uint32_t before;

	open_it(s);
	BEYOND(s, 101, 201, {101, 201});
	before = buffers_free(s);
	for (int i = 0; i < 20; i++) {
		IN(s, ACK, .seq = 101, .ack = 1, .len = 100);
		OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{101, 201}, {101, 201}});
	}
	EQUAL(s, buffers_free(s), before);
	EQUAL(s, script_info(s).held, 100);
	IN(s, ACK, .seq = 1, .ack = 1, .len = 100);
	OUT(s, ACK, .seq = 1, .ack = 201);
	EVENTS(s, "data:100 data:100");
	RECEIVED_PATTERN(s, 0, 200);
	COUNTED(s, RX_BYTES, 200);
}

/* Beyond the window nothing is kept, and at its edge what lies inside. */
static void
DT_03_cut_at_the_window(struct script *s)
{
	s->conf.tcp.receive_buffer = 2000;
	open_it(s);
	IN(s, ACK, .seq = 1001, .ack = 1, .len = 1001);
	OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{1001, 2001}});
	IN(s, ACK, .seq = 2001, .ack = 1, .len = 10);
	OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{1001, 2001}});
	COUNTED(s, UNACCEPTABLE_SEQ, 1);
	IN(s, ACK, .seq = 1, .ack = 1, .len = 1000);
	OUT(s, ACK, .seq = 1, .ack = 2001);
	EVENTS(s, "data:1000 data:1000");
	RECEIVED_PATTERN(s, 0, 2000);
}

/* ---- FIN */

static void
closes_after(struct script *s, uint32_t fin)
{
	OUT(s, ACK, .seq = 1, .ack = fin + 1);
	STATE(s, CLOSE_WAIT);
	CLOSE(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = fin + 1);
	IN(s, ACK, .seq = fin + 1, .ack = 2);
	EVENTS(s, "closed");
}

static void
DT_03_fin_with_data(struct script *s)
{
	open_it(s);
	IN(s, FIN_ACK, .seq = 6, .ack = 1, .data = "world");
	OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{6, 12}});
	EQUAL(s, script_info(s).held, 5);
	STATE(s, ESTABLISHED);
	IN(s, ACK, .seq = 1, .ack = 1, .data = "hello");
	EVENTS(s, "data:5 data:5 fin");
	RECEIVED(s, "helloworld");
	closes_after(s, 11);
}

static void
DT_03_fin_alone(struct script *s)
{
	uint32_t before;

	open_it(s);
	before = buffers_free(s);
	IN(s, FIN_ACK, .seq = 6, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{6, 7}});
	EQUAL(s, script_info(s).held, 0);
	IN(s, ACK, .seq = 1, .ack = 1, .data = "hello");
	EVENTS(s, "data:5 fin");
	RECEIVED(s, "hello");
	closes_after(s, 6);
	EQUAL(s, buffers_free(s), before);
}

/* FIN, then the data in front of it, backwards. */
static void
DT_03_fin_first_of_all(struct script *s)
{
	open_it(s);
	IN(s, FIN_ACK, .seq = 31, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{31, 32}});
	BEYOND(s, 21, 31, {21, 32});
	BEYOND(s, 11, 21, {11, 32});
	IN(s, ACK, .seq = 1, .ack = 1, .len = 10);
	EVENTS(s, "data:10 data:10 data:10 fin");
	RECEIVED_PATTERN(s, 0, 30);
	closes_after(s, 31);
}

/* It comes again, alone and with data; the application hears of it once. */
static void
DT_03_fin_again(struct script *s)
{
	open_it(s);
	IN(s, FIN_ACK, .seq = 11, .ack = 1, .len = 10);
	OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{11, 22}});
	IN(s, FIN_ACK, .seq = 21, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{21, 22}, {11, 22}});
	IN(s, FIN_ACK, .seq = 11, .ack = 1, .len = 10);
	OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{11, 22}, {11, 22}});
	IN(s, FIN_ACK, .seq = 1, .ack = 1, .len = 20);
	OUT(s, ACK, .seq = 1, .ack = 22, .sack = {{11, 22}});
	EVENTS(s, "data:10 data:10 fin");
	RECEIVED_PATTERN(s, 0, 20);
	STATE(s, CLOSE_WAIT);
}

static void
DT_03_nothing_behind_a_fin(struct script *s)
{
	open_it(s);
	IN(s, FIN_ACK, .seq = 11, .ack = 1, .len = 10);
	OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{11, 22}});
	/* Beyond it, across it, and another FIN farther on. */
	IN(s, ACK, .seq = 41, .ack = 1, .len = 10);
	OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{11, 22}});
	IN(s, ACK, .seq = 16, .ack = 1, .len = 20);
	OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{16, 21}, {11, 22}});
	IN(s, FIN_ACK, .seq = 31, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{11, 22}});
	IN(s, ACK, .seq = 1, .ack = 1, .len = 50);
	OUT(s, ACK, .seq = 1, .ack = 22, .sack = {{11, 22}});
	EVENTS(s, "data:10 data:10 fin");
	RECEIVED_PATTERN(s, 0, 20);
	STATE(s, CLOSE_WAIT);
}

/* Out of order, a FIN below what is held is not believed; in order it ends the stream. */
static void
DT_03_fin_below_data(struct script *s)
{
	uint32_t before;

	open_it(s);
	before = buffers_free(s);
	BEYOND(s, 41, 51, {41, 51});
	IN(s, FIN_ACK, .seq = 11, .ack = 1, .len = 10);
	OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{11, 21}, {41, 51}});
	IN(s, ACK, .seq = 1, .ack = 1, .len = 10);
	OUT(s, ACK, .seq = 1, .ack = 21, .sack = {{41, 51}});
	STATE(s, ESTABLISHED);
	EVENTS(s, "data:10 data:10");
	IN(s, FIN_ACK, .seq = 21, .ack = 1, .len = 10);
	EVENTS(s, "data:10 fin");
	RECEIVED_PATTERN(s, 0, 30);
	EQUAL(s, buffers_free(s), before);
	closes_after(s, 31);
}

/* In order, a FIN inside what is held. */
static void
DT_03_fin_inside_data(struct script *s)
{
	open_it(s);
	BEYOND(s, 11, 31, {11, 31});
	IN(s, FIN_ACK, .seq = 1, .ack = 1, .len = 20);
	OUT(s, ACK, .seq = 1, .ack = 22, .sack = {{11, 22}});
	EVENTS(s, "data:10 data:10 fin");
	RECEIVED_PATTERN(s, 0, 20);
	EQUAL(s, script_info(s).held, 0);
}

/* In order, a FIN beyond one that is held: the stream has ended before. */
static void
DT_03_fin_beyond_a_fin(struct script *s)
{
	open_it(s);
	IN(s, FIN_ACK, .seq = 11, .ack = 1, .len = 10);
	OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{11, 22}});
	IN(s, FIN_ACK, .seq = 1, .ack = 1, .len = 30);
	OUT(s, ACK, .seq = 1, .ack = 22, .sack = {{11, 22}});
	EVENTS(s, "data:10 data:10 fin");
	RECEIVED_PATTERN(s, 0, 20);
	STATE(s, CLOSE_WAIT);
}

/* The window ends just where the FIN would be: it comes again later. */
static void
DT_03_fin_beyond_the_window(struct script *s)
{
	s->conf.tcp.receive_buffer = 1000;
	open_it(s);
	IN(s, FIN_ACK, .seq = 501, .ack = 1, .len = 500);
	OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{501, 1001}});
	IN(s, ACK, .seq = 1, .ack = 1, .len = 500);
	OUT(s, ACK, .seq = 1, .ack = 1001);
	EVENTS(s, "data:500 data:500");
	RECEIVED_PATTERN(s, 0, 1000);
	IN(s, FIN_ACK, .seq = 1001, .ack = 1);
	EVENTS(s, "fin");
	closes_after(s, 1001);
}

static void
DT_03_fin_into_time_wait(struct script *s)
{
	open_it(s);
	SHUTDOWN(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1);
	IN(s, FIN_ACK, .seq = 11, .ack = 2, .len = 10);
	STATE(s, FIN_WAIT_2);
	OUT(s, ACK, .seq = 2, .ack = 1, .sack = {{11, 22}});
	IN(s, ACK, .seq = 1, .ack = 2, .len = 10);
	OUT(s, ACK, .seq = 2, .ack = 22);
	EVENTS(s, "data:10 data:10 fin closed");
	RECEIVED_PATTERN(s, 0, 20);
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 1);
}

/* The FIN we hold, and the ACK of ours not yet come: CLOSING. */
static void
DT_03_fin_into_closing(struct script *s)
{
	open_it(s);
	IN(s, FIN_ACK, .seq = 11, .ack = 1, .len = 10);
	OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{11, 22}});
	SHUTDOWN(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1, .sack = {{11, 22}});
	IN(s, ACK, .seq = 1, .ack = 1, .len = 10);
	OUT(s, ACK, .seq = 2, .ack = 22);
	STATE(s, CLOSING);
	IN(s, ACK, .seq = 22, .ack = 2);
	EVENTS(s, "data:10 data:10 fin closed");
	RECEIVED_PATTERN(s, 0, 20);
}

static const struct row_test tests[] = {
	ROW_TEST("DT-03", DT_03_two_swapped),
	ROW_TEST("DT-03 OP-04", DT_03_backwards),
	ROW_TEST("DT-03", DT_03_every_order_of_five),
	ROW_TEST("DT-03 OP-04", DT_03_gaps_filled_in_any_order),
	ROW_TEST("DT-03 OP-04", DT_03_only_up_to_the_next_gap),
	ROW_TEST("DT-03", DT_03_overlap_from_the_left),
	ROW_TEST("DT-03", DT_03_overlap_from_the_right),
	ROW_TEST("DT-03", DT_03_overlap_on_both_sides),
	ROW_TEST("DT-03", DT_03_overlap_contained),
	ROW_TEST("DT-03", DT_03_overlap_the_same),
	ROW_TEST("DT-03", DT_03_overlap_adjacent),
	ROW_TEST("DT-03 OP-04", DT_03_overlap_of_several_in_order),
	ROW_TEST("DT-03 OP-04", DT_03_overlap_of_several_beyond_a_gap),
	ROW_TEST("DT-03 OP-04", DT_03_duplicates_change_nothing),
	ROW_TEST("DT-03", DT_03_cut_at_the_window),
	ROW_TEST("DT-03", DT_03_fin_with_data),
	ROW_TEST("DT-03", DT_03_fin_alone),
	ROW_TEST("DT-03", DT_03_fin_first_of_all),
	ROW_TEST("DT-03 OP-04", DT_03_fin_again),
	ROW_TEST("DT-03", DT_03_nothing_behind_a_fin),
	ROW_TEST("DT-03", DT_03_fin_below_data),
	ROW_TEST("DT-03", DT_03_fin_inside_data),
	ROW_TEST("DT-03", DT_03_fin_beyond_a_fin),
	ROW_TEST("DT-03", DT_03_fin_beyond_the_window),
	ROW_TEST("DT-03 CM-01", DT_03_fin_into_time_wait),
	ROW_TEST("DT-03 CM-06", DT_03_fin_into_closing),
};

SCRIPT_MAIN(tests)
