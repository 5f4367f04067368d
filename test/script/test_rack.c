/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Losses that SACK blocks tell of (RFC 8985, RFC 6675), and what leaves while they are repaired
 * (RFC 6937). The window is NewReno's. What no block tells of is
 * test_rack_timers.c's, blocks that tell nothing, or too much, test_rack_blocks.c's.
 */
#include "flight.h"

/* ---- what is lost, and how much leaves */

/*
 * Three segments have overtaken the first: it goes again, once. The window of ten comes down to
 * five; the first two ACKs let two more out, so twelve were in flight, and of what arrives from
 * then on 5/12 may leave, until five are in flight.
 */
static void
DT_01_three_overtake(struct script *s)
{
	s->peer_sack = true;
	fly(s, 40);
	AFTER(s, 100);
	ACKED(s, 1, SEGS(2, 2));
	segments(s, 11, 11, 40);
	ACKED(s, 1, SEGS(2, 3));
	segments(s, 12, 12, 40);
	EQUAL(s, script_info(s).cwnd, 10 * room(s));
	COUNTED(s, FAST_RETRANSMITS, 0);
	ACKED(s, 1, SEGS(2, 4));
	segments(s, 1, 1, 40);
	COUNTED(s, FAST_RETRANSMITS, 1);
	/* Eight others in flight, and room for this one. */
	EQUAL(s, script_info(s).cwnd, 9 * room(s));
	/* Two have arrived: 10/12, and one is out. */
	ACKED(s, 1, SEGS(2, 5));
	EQUAL(s, script_info(s).cwnd, 8 * room(s));
	/* 15/12 and 20/12: no full segment more. */
	ACKED(s, 1, SEGS(2, 6));
	EQUAL(s, script_info(s).cwnd, 7 * room(s) + room(s) / 4);
	ACKED(s, 1, SEGS(2, 7));
	EQUAL(s, script_info(s).cwnd, 6 * room(s) + (8 * room(s) + 11) / 12);
	SILENT(s);
	/* Five in flight: from here on one for one. */
	ACKED(s, 1, SEGS(2, 8));
	EQUAL(s, script_info(s).cwnd, 5 * room(s));
	SILENT(s);
	for (uint32_t i = 9; i <= 12; i++) {
		ACKED(s, 1, SEGS(2, i));
		segments(s, i + 4, i + 4, 40);
	}
	COUNTED(s, RETRANSMITS, 1);
	/* All that was in flight then has arrived: recovery is over, and five may be in flight. */
	AFTER(s, 90);
	ACKED(s, 13);
	EQUAL(s, script_info(s).cwnd, 5 * room(s));
	segments(s, 17, 17, 40);
	ACKED(s, 14);
	EQUAL(s, script_info(s).cwnd, 5 * room(s) + room(s) / 5);
	segments(s, 18, 18, 40);
	COUNTED(s, RETRANSMITS, 1);
}

/* Of ten in flight five are to be left: for two that arrive one leaves (RFC 6937 3.1). */
static void
DT_01_one_for_two(struct script *s)
{
	s->peer_sack = true;
	fly(s, 10);
	AFTER(s, 100);
	ACKED(s, 1, SEGS(2, 4));
	segments(s, 1, 1, 10);
	SEND_PATTERN(s, 10 * room(s));
	SILENT(s);
	/* Six in flight, and half of the three that have arrived. */
	EQUAL(s, script_info(s).cwnd, 7 * room(s) + room(s) / 2);
	ACKED(s, 1, SEGS(2, 5));
	segments(s, 11, 11, 20);
	ACKED(s, 1, SEGS(2, 6));
	SILENT(s);
	/* Five are left: no more than that, then one for one. */
	ACKED(s, 1, SEGS(2, 7));
	EQUAL(s, script_info(s).cwnd, 5 * room(s));
	SILENT(s);
	ACKED(s, 1, SEGS(2, 8));
	segments(s, 12, 12, 20);
	/* Two at once: two. */
	ACKED(s, 1, SEGS(2, 10));
	segments(s, 13, 14, 20);
}

/*
 * Six of ten are gone, so fewer are in flight than may be: without a partial ACK one for one,
 * with it one more (RFC 6937 3.1, PRR-SSRB): as slow start, up to half of what was in flight.
 */
static void
DT_01_most_is_lost(struct script *s)
{
	s->peer_sack = true;
	fly(s, 10);
	AFTER(s, 100);
	ACKED(s, 1, SEGS(7, 7));
	ACKED(s, 1, SEGS(7, 8));
	SILENT(s);
	ACKED(s, 1, SEGS(7, 9));
	segments(s, 1, 1, 10);
	ACKED(s, 1, SEGS(7, 10));
	segments(s, 2, 2, 10);
	AFTER(s, 100);
	ACKED(s, 2, SEGS(7, 10));
	segments(s, 3, 4, 10);
	ACKED(s, 3, SEGS(7, 10));
	segments(s, 5, 6, 10);
	/* What was sent again is not lost because nothing is said of it. */
	ACKED(s, 4, SEGS(7, 10));
	SILENT(s);
	AFTER(s, 90);
	ACKED(s, 11);
	EVENTS(s, "sendable");
	EQUAL(s, script_info(s).cwnd, 5 * room(s));
	COUNTED(s, FAST_RETRANSMITS, 1);
	COUNTED(s, RETRANSMITS, 6);
	QUIET(s, 100000);
}

/* Several holes, in order; in recovery one is enough to overtake; a partial ACK sends nothing twice. */
static void
DT_01_several_holes(struct script *s)
{
	s->peer_sack = true;
	fly(s, 10);
	AFTER(s, 100);
	ACKED(s, 1, SEGS(8, 8), SEGS(5, 6), SEGS(2, 3));
	OUT(s, ACK, .seq = 1, .ack = 1, .len = room(s));
	segments(s, 4, 4, 10);
	ACKED(s, 1, SEGS(8, 9), SEGS(5, 6), SEGS(2, 3));
	segments(s, 7, 7, 10);
	ACKED(s, 1, SEGS(8, 10), SEGS(5, 6), SEGS(2, 3));
	SILENT(s);
	AFTER(s, 100);
	ACKED(s, 4, SEGS(8, 10), SEGS(5, 6));
	ACKED(s, 7, SEGS(8, 10));
	SILENT(s);
	ACKED(s, 11);
	EVENTS(s, "sendable");
	EQUAL(s, script_info(s).cwnd, 5 * room(s));
	COUNTED(s, RETRANSMITS, 3);
	COUNTED(s, FAST_RETRANSMITS, 1);
}

/* What overtook it is the end of what there was, and short: RFC 6675 4 has bytes. */
static void
DT_01_short_ones_overtake(struct script *s)
{
	uint32_t r = room(s);

	s->peer_sack = true;
	establish_far(s, 100);
	SEND_PATTERN(s, 3 * r + 1);
	for (uint32_t i = 1; i <= 3; i++)
		OUT(s, ACK, .seq = UP_TO(i), .ack = 1, .len = r);
	OUT(s, PSH_ACK, .seq = UP_TO(4), .ack = 1, .len = 1);
	AFTER(s, 100);
	ACKED(s, 1, SEGS(2, 3));
	SILENT(s);
	ACKED(s, 1, {UP_TO(2), UP_TO(4) + 1});
	OUT(s, ACK, .seq = 1, .ack = 1, .len = r);
	SILENT(s);
}

/* A recovery after the last one, from what is in flight by then. */
static void
DT_01_again_later(struct script *s)
{
	s->peer_sack = true;
	fly(s, 40);
	AFTER(s, 100);
	/* All others have arrived: five may be in flight at once. */
	ACKED(s, 1, SEGS(2, 10));
	OUT(s, ACK, .seq = 1, .ack = 1, .len = room(s));
	segments(s, 11, 14, 40);
	AFTER(s, 90);
	ACKED(s, 11);
	segments(s, 15, 15, 40);
	AFTER(s, 90);
	ACKED(s, 13, SEGS(14, 15));
	EQUAL(s, script_info(s).cwnd, 5 * room(s) + 2 * room(s) / 5);
	segments(s, 16, 19, 40);
	ACKED(s, 13, SEGS(14, 16));
	segments(s, 13, 13, 40);
	COUNTED(s, FAST_RETRANSMITS, 2);
	ACKED(s, 13, SEGS(14, 19));
	FORGET(s);
	AFTER(s, 90);
	ACKED(s, 20);
	EQUAL(s, script_info(s).cwnd, (5 * room(s) + 2 * room(s) / 5) / 2);
	FORGET(s);
}

/* ---- late, or lost? */

/* Overtaken by too few to tell: a quarter of the round trip later it is lost (RFC 8985 6.2). */
static void
DT_01_reordering_window(struct script *s)
{
	s->peer_sack = true;
	fly(s, 10);
	AFTER(s, 100);
	ACKED(s, 1, SEGS(2, 2));
	AFTER(s, 20);
	ACKED(s, 1, SEGS(2, 3));
	/* Since it was first overtaken. */
	OUT_AT(s, 5, ACK, .seq = 1, .ack = 1, .len = room(s));
	SILENT(s);
	COUNTED(s, FAST_RETRANSMITS, 1);
	COUNTED(s, RTO_FIRED, 0);
	AFTER(s, 90);
	ACKED(s, 11);
	EVENTS(s, "sendable");
	EQUAL(s, script_info(s).cwnd, 5 * room(s));
}

/* It was late: nothing is sent again, and the window stays. */
static void
DT_01_late_is_not_lost(struct script *s)
{
	s->peer_sack = true;
	fly(s, 10);
	AFTER(s, 100);
	ACKED(s, 1, SEGS(2, 3));
	QUIET(s, 24);
	ACKED(s, 4);
	QUIET(s, 100);
	EQUAL(s, script_info(s).cwnd, 10 * room(s));
	ACKED(s, 11);
	EVENTS(s, "sendable");
	COUNTED(s, RETRANSMITS, 0);
	QUIET(s, 100000);
}

/* Where one has come late, by a block or by an ACK, three say nothing; only time does. */
static void
order_is_not_kept(struct script *s, bool by_block)
{
	uint32_t first = by_block ? 1 : 2;

	s->peer_sack = true;
	fly(s, 10);
	AFTER(s, 100);
	if (by_block) {
		ACKED(s, 1, SEGS(3, 3));
		ACKED(s, 1, SEGS(2, 3));
	} else {
		ACKED(s, 1, SEGS(3, 4));
		ACKED(s, 2, SEGS(3, 4));
	}
	ACKED(s, first, SEGS(first + 1, 9));
	OUT_AT(s, 25, ACK, .seq = UP_TO(first), .ack = 1, .len = room(s));
	SILENT(s);
	COUNTED(s, FAST_RETRANSMITS, 1);
	AFTER(s, 90);
	ACKED(s, 11);
	EVENTS(s, "sendable");
	COUNTED(s, RETRANSMITS, 1);
}

static void
DT_01_reordering_by_a_block(struct script *s)
{
	order_is_not_kept(s, true);
}

static void
DT_01_reordering_by_an_ack(struct script *s)
{
	order_is_not_kept(s, false);
}

/*
 * Two segments, of which the second comes first: `wait_ms` later the first is sent again. Returns
 * the next one's number.
 */
static uint32_t
waits_for(struct script *s, uint32_t n, uint32_t wait_ms)
{
	SEND_PATTERN(s, 2 * room(s));
	segments(s, n, n + 1, n + 1);
	AFTER(s, 100);
	ACKED(s, n, SEGS(n + 1, n + 1));
	OUT_AT(s, wait_ms, ACK, .seq = UP_TO(n), .ack = 1, .len = room(s));
	SILENT(s);
	AFTER(s, 100);
	ACKED(s, n + 2);
	EVENTS(s, "sendable");
	return n + 2;
}

/* Everything before `n` has arrived, and of it segment `k` twice. */
#define TWICE(s, k, n) ACKED(s, n, SEGS(k, k))

/*
 * Each round trip with a D-SACK makes the window larger by a quarter (RFC 8985 6.2 step 4), up
 * to the round trip; also when it comes after recovery, and with nothing in flight. CUBIC
 * keeps its side record, so it is remembered.
 */
static void
OP_04_duplicates_widen_the_window(struct script *s)
{
	static const uint32_t wait[] = {25, 50, 75, 100, 100};
	uint32_t n = 1;

	s->peer_sack = true;
	s->conf.tcp.congestion = SPATE_CUBIC;
	establish_far(s, 100);
	for (size_t i = 0; i < RTE_DIM(wait); i++) {
		n = waits_for(s, n, wait[i]);
		if (i == 0) {
			TWICE(s, n - 2, n);
			continue;
		}
		/* Once a round trip. */
		SEND_PATTERN(s, room(s));
		segments(s, n, n, n);
		for (int k = 0; k < 3; k++)
			TWICE(s, n - 2, n);
		n++;
		AFTER(s, 100);
		ACKED(s, n);
		EVENTS(s, "sendable");
	}
	COUNTED(s, RETRANSMITS, RTE_DIM(wait));
	COUNTED(s, FAST_RETRANSMITS, RTE_DIM(wait));
}

/* And three that overtake say nothing any more: once is enough to know that order is not kept. */
static void
OP_04_duplicates_tell_of_reordering(struct script *s)
{
	s->peer_sack = true;
	s->conf.tcp.congestion = SPATE_CUBIC;
	fly(s, 10);
	AFTER(s, 100);
	ACKED(s, 1, SEGS(2, 10));
	segments(s, 1, 1, 10);
	AFTER(s, 100);
	ACKED(s, 11);
	TWICE(s, 1, 11);
	SEND_PATTERN(s, 5 * room(s));
	segments(s, 11, 15, 15);
	AFTER(s, 100);
	ACKED(s, 11, SEGS(12, 15));
	OUT_AT(s, 50, ACK, .seq = UP_TO(11), .ack = 1, .len = room(s));
	ACKED(s, 16);
	EVENTS(s, "sendable sendable");
}

/* Sixteen recoveries without one, and it is a quarter again. */
static void
OP_04_a_wide_window_is_forgotten(struct script *s)
{
	uint32_t n;

	s->peer_sack = true;
	s->conf.tcp.congestion = SPATE_CUBIC;
	establish_far(s, 100);
	n = waits_for(s, 1, 25);
	TWICE(s, 1, n);
	for (int i = 0; i < 18; i++)
		n = waits_for(s, n, i < 16 ? 50 : 25);
}

/* A D-SACK alone is no duplicate ACK: nothing new has arrived (RFC 6675 2). */
static void
OP_04_duplicates_are_no_sign_of_loss(struct script *s)
{
	s->peer_sack = true;
	fly(s, 20);
	AFTER(s, 100);
	ACKED(s, 4);
	segments(s, 11, 16, 20);
	for (int i = 0; i < 6; i++)
		TWICE(s, 1 + i % 3, 4);
	SILENT(s);
	COUNTED(s, FAST_RETRANSMITS, 0);
	/* Inside what is held beyond the gap (RFC 2883 4.1, example 4): only the other is news. */
	ACKED(s, 4, SEGS(6, 6), SEGS(5, 6));
	segments(s, 17, 18, 20);
	ACKED(s, 4, SEGS(6, 6), SEGS(5, 6));
	ACKED(s, 4, SEGS(5, 5), SEGS(5, 6));
	SILENT(s);
	COUNTED(s, FAST_RETRANSMITS, 0);
}

/* ---- what was sent again is lost again */

/*
 * Nothing that was sent after it has arrived, so nothing tells (RFC 8985 6.2 step 2): it is the
 * timeout's, which all that the peer has to say meanwhile does not put off (RFC 6298 5.3).
 */
static void
DT_01_lost_again_untold(struct script *s)
{
	s->peer_sack = true;
	fly(s, 10);
	AFTER(s, 100);
	ACKED(s, 1, SEGS(2, 10));
	segments(s, 1, 1, 10);
	for (uint32_t i = 1; i <= 5; i++) {
		AFTER(s, 50);
		IN(s, PSH_ACK, .seq = i, .ack = 1, .len = 1, .sack = {SEGS(2, 10)});
		OUT(s, ACK, .seq = UP_TO(11), .ack = i + 1);
		SILENT(s);
	}
	OUT_AT(s, 50, ACK, .seq = 1, .ack = 6, .len = room(s));
	COUNTED(s, RTO_FIRED, 1);
	IN(s, ACK, .seq = 6, .ack = UP_TO(11));
	EVENTS(s, "data:1 data:1 data:1 data:1 data:1 sendable");
	RECEIVED_PATTERN(s, 0, 5);
	COUNTED(s, RETRANSMITS, 2);
}

/* More is in flight behind what was sent again: a word of it, and time, say that it is lost. */
static void
DT_01_lost_again_and_told(struct script *s)
{
	s->peer_sack = true;
	fly(s, 40);
	AFTER(s, 100);
	ACKED(s, 1, SEGS(2, 4));
	/* Three new ones, beside the one sent again. */
	OUT(s, ACK, .seq = 1, .ack = 1, .len = room(s));
	SILENT(s);
	for (uint32_t i = 5; i <= 10; i++)
		ACKED(s, 1, SEGS(2, i));
	script_pump(s);
	CHECK(s, s->tail - s->head >= 3);
	s->head = s->tail;
	COUNTED(s, RETRANSMITS, 1);
	AFTER(s, 100);
	ACKED(s, 1, SEGS(2, 11));
	/* 100 and 50 ms since then. */
	AFTER(s, 40);
	COUNTED(s, RETRANSMITS, 1);
	s->head = s->tail;
	OUT_AT(s, 10, ACK, .seq = 1, .ack = 1, .len = room(s));
	COUNTED(s, RETRANSMITS, 2);
	COUNTED(s, FAST_RETRANSMITS, 1);
	COUNTED(s, RTO_FIRED, 0);
	/* And not a third time for the same word. */
	ACKED(s, 1, SEGS(2, 12));
	AFTER(s, 140);
	COUNTED(s, RETRANSMITS, 2);
	FORGET(s);
}

static const struct row_test tests[] = {
	ROW_TEST("DT-01 OP-04", DT_01_three_overtake),
	ROW_TEST("DT-01 OP-04", DT_01_one_for_two),
	ROW_TEST("DT-01 OP-04", DT_01_most_is_lost),
	ROW_TEST("DT-01 OP-04", DT_01_several_holes),
	ROW_TEST("DT-01 OP-04", DT_01_short_ones_overtake),
	ROW_TEST("DT-01 OP-04", DT_01_again_later),
	ROW_TEST("DT-01 OP-04", DT_01_reordering_window),
	ROW_TEST("DT-01 OP-04", DT_01_late_is_not_lost),
	ROW_TEST("DT-01 OP-04", DT_01_reordering_by_a_block),
	ROW_TEST("DT-01 OP-04", DT_01_reordering_by_an_ack),
	ROW_TEST("OP-04 DT-01", OP_04_duplicates_widen_the_window),
	ROW_TEST("OP-04 DT-01", OP_04_duplicates_tell_of_reordering),
	ROW_TEST("OP-04 DT-01", OP_04_a_wide_window_is_forgotten),
	ROW_TEST("OP-04 DT-01", OP_04_duplicates_are_no_sign_of_loss),
	ROW_TEST("DT-01 OP-04", DT_01_lost_again_untold),
	ROW_TEST("DT-01 OP-04", DT_01_lost_again_and_told),
};

SCRIPT_MAIN(tests)
