/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The congestion window: how it begins, grows and shrinks, by which algorithm, and when it is not
 * what limits (RFC 5681, RFC 6928, RFC 9438). What is lost and found is test_rack.c's.
 */
#include "flight.h"

static uint32_t
cwnd(struct script *s)
{
	return script_info(s).cwnd;
}

/* What has been sent, whatever it is. */
/* In hundredths of a segment, give or take a few. */
#define ABOUT(s, hundredths)                                                                       \
	CHECK(s, cwnd(s) * 100 / room(s) + 3 >= (hundredths) &&                                    \
			 cwnd(s) * 100 / room(s) <= (hundredths) + 3)

/* ---- NewReno */

/* The first of ten is lost and repaired; five are in flight then, 11 to 15. */
static void
halved(struct script *s)
{
	s->peer_sack = true;
	fly(s, 100);
	AFTER(s, 100);
	ACKED(s, 1, SEGS(2, 10));
	FORGET(s);
	AFTER(s, 100);
	ACKED(s, 11);
	FORGET(s);
	EQUAL(s, cwnd(s), 5 * room(s));
}

/*
 * What is lost is told in one burst with ACKs of what came before it: they have taken from what is
 * in flight, and nothing has been sent for them yet. The window was full all the same, and half of
 * it is half of what it had grown to, as when each of them comes by itself.
 */
static void
loss_behind_acks(struct script *s, bool burst)
{
	s->peer_sack = true;
	fly(s, 100);
	AFTER(s, 100);
	if (burst)
		BURST(s);
	ACKED(s, 3);
	if (!burst)
		FORGET(s);
	ACKED(s, 5);
	if (!burst)
		FORGET(s);
	ACKED(s, 5, SEGS(6, 10));
	if (burst)
		ARRIVES(s);
	COUNTED(s, FAST_RETRANSMITS, 1);
	EQUAL(s, script_info(s).ssthresh, 7 * room(s));
	FORGET(s);
}

static void
DT_02_loss_behind_acks(struct script *s)
{
	loss_behind_acks(s, false);
}

static void
DT_02_loss_behind_acks_of_its_burst(struct script *s)
{
	loss_behind_acks(s, true);
}

/* RFC 5681 equation 3: a segment in a round trip, however many ACKs it has. */
static void
DT_02_congestion_avoidance(struct script *s)
{
	halved(s);
	for (uint32_t i = 12; i <= 16; i++) {
		uint32_t before = cwnd(s);

		ACKED(s, i);
		EQUAL(s, cwnd(s), before + room(s) * room(s) / before);
		FORGET(s);
	}
	ABOUT(s, 592);
	/* Two at once: as much as two. */
	ACKED(s, 18);
	ABOUT(s, 592 + 2 * 100 * 100 / 592);
	FORGET(s);
}

/* Up to the threshold a segment for each, from it on little. */
static void
DT_02_slow_start_up_to_the_threshold(struct script *s)
{
	s->peer_sack = true;
	fly(s, 100);
	OUT_AT(s, 200, PSH_ACK, .seq = UP_TO(11), .ack = 1, .len = room(s));
	OUT_AT(s, 300, ACK, .seq = 1, .ack = 1, .len = room(s));
	EQUAL(s, cwnd(s), room(s));
	/* Half of the eleven that were in flight. */
	for (uint32_t i = 2; i <= 6; i++) {
		ACKED(s, i);
		EQUAL(s, cwnd(s), i * room(s));
		FORGET(s);
	}
	ACKED(s, 7);
	EQUAL(s, cwnd(s), 6 * room(s) + room(s) / 6);
	FORGET(s);
}

/* A second loss halves what the first has left, but never to less than two. */
static void
DT_02_two_segments_at_least(struct script *s)
{
	s->peer_sack = true;
	fly(s, 3);
	AFTER(s, 100);
	ACKED(s, 1, SEGS(2, 3));
	OUT_AT(s, 25, ACK, .seq = 1, .ack = 1, .len = room(s));
	AFTER(s, 100);
	ACKED(s, 4);
	EVENTS(s, "sendable");
	EQUAL(s, cwnd(s), 2 * room(s));
	SEND_PATTERN(s, 4 * room(s));
	segments(s, 4, 5, 7);
}

/* RFC 5681 3.1: after a lost SYN or SYN+ACK, one segment to begin with. */
static void
DT_02_one_segment_after_a_lost_syn(struct script *s)
{
	START(s);
	if (s->active) {
		CONNECT(s);
		OUT(s, SYN);
		OUT_AT(s, 1000, SYN);
		IN(s, SYN_ACK, .ack = 1);
		OUT(s, ACK, .seq = 1, .ack = 1);
		EVENTS(s, "established");
	} else {
		LISTEN(s);
		IN(s, SYN);
		OUT(s, SYN_ACK, .ack = 1);
		OUT_AT(s, 1000, SYN_ACK, .ack = 1);
		IN(s, ACK, .seq = 1, .ack = 1);
		EVENTS(s, "accept");
	}
	EQUAL(s, cwnd(s), room(s));
	SEND_PATTERN(s, 4 * room(s));
	segments(s, 1, 1, 4);
	ACKED(s, 2);
	segments(s, 2, 3, 4);
}

/* ---- what is not used does not grow, and does not last */

static void
DT_02_unused_it_does_not_grow(struct script *s)
{
	establish_far(s, 100);
	SEND_PATTERN(s, 9 * room(s));
	segments(s, 1, 9, 9);
	AFTER(s, 50);
	for (uint32_t i = 2; i <= 10; i++)
		ACKED(s, i);
	EVENTS(s, "sendable");
	EQUAL(s, cwnd(s), 10 * room(s));
	/* One more than there is room for. */
	SEND_PATTERN(s, 11 * room(s));
	segments(s, 10, 19, 20);
	AFTER(s, 50);
	ACKED(s, 11);
	EQUAL(s, cwnd(s), 11 * room(s));
	segments(s, 20, 20, 20);
	/* That was all there is. */
	ACKED(s, 12);
	EQUAL(s, cwnd(s), 11 * room(s));
}

/* It is the peer's window that limits. */
static void
DT_02_the_peers_window_limits(struct script *s)
{
	s->peer_ws = false;
	establish_far(s, 100);
	IN(s, ACK, .seq = 1, .ack = 1, .win = SET(5 * room(s)));
	SEND_PATTERN(s, 20 * room(s));
	segments(s, 1, 5, 20);
	IN(s, ACK, .seq = 1, .ack = UP_TO(2), .win = SET(5 * room(s)));
	segments(s, 6, 6, 20);
	EQUAL(s, cwnd(s), 10 * room(s));
}

/* A window of twelve, and nothing in flight. */
static void
twelve(struct script *s)
{
	fly(s, 12);
	AFTER(s, 50);
	ACKED(s, 3);
	segments(s, 11, 12, 12);
	AFTER(s, 50);
	ACKED(s, 13);
	EVENTS(s, "sendable");
	EQUAL(s, cwnd(s), 12 * room(s));
}

/* RFC 5681 4.1: idle for more than a timeout, it begins again with what it began with. */
static void
DT_02_slow_start_after_idle(struct script *s)
{
	twelve(s);
	AFTER(s, 1000);
	SEND_PATTERN(s, 20 * room(s));
	segments(s, 13, 22, 32);
	EQUAL(s, cwnd(s), 10 * room(s));
}

static void
DT_02_not_idle_for_long(struct script *s)
{
	twelve(s);
	AFTER(s, 100);
	SEND_PATTERN(s, 20 * room(s));
	segments(s, 13, 24, 32);
	EQUAL(s, cwnd(s), 12 * room(s));
}

/* A small one is not made larger by it. */
static void
DT_02_idle_and_small(struct script *s)
{
	s->peer_sack = true;
	fly(s, 10);
	AFTER(s, 100);
	ACKED(s, 1, SEGS(2, 10));
	segments(s, 1, 1, 10);
	AFTER(s, 100);
	ACKED(s, 11);
	EVENTS(s, "sendable");
	AFTER(s, 10000);
	SEND_PATTERN(s, 20 * room(s));
	segments(s, 11, 15, 30);
	EQUAL(s, cwnd(s), 5 * room(s));
}

/* ---- CUBIC */

/*
 * A round trip of a second, twenty in flight, and one of them lost: fourteen are left
 * (RFC 9438 4.6). Then a window of fourteen is acknowledged at once, and congestion
 * avoidance begins: 34 to 47 have been, and what the next window lets out is in flight.
 */
static void
cubic(struct script *s, uint32_t n)
{
	s->peer_sack = s->peer_ws = true;
	s->conf.tcp.initial_rto_ms = 3000;
	s->conf.tcp.initial_window = 20;
	establish_far(s, 1000);
	SEND_PATTERN(s, n * room(s));
	segments(s, 1, 20, n);
	AFTER(s, 1000);
	ACKED(s, 1, SEGS(2, 20));
	OUT(s, ACK, .seq = 1, .ack = 1, .len = room(s));
	segments(s, 21, 33, n);
	AFTER(s, 1000);
	ACKED(s, 34);
	EQUAL(s, cwnd(s), 14 * room(s));
	segments(s, 34, 47, n);
	AFTER(s, 1000);
	ACKED(s, 48);
}

/*
 * W(t) = 0.4 (t - K)^3 + 20, K the cubic root of 6 / 0.4: 2.466 s. At first Reno is faster, by
 * 9/17 of a segment in a round trip; a second later W(1) = 18.74, and the target is W(2) = 19.96,
 * which 14 of 14.53 segments acknowledged come near to; then W(3) = 20.06, W(4) = 21.44.
 */
static void
grows_by_the_curve(struct script *s)
{
	static const uint32_t hundredths[] = {1453, 1976, 2005, 2143};
	uint32_t sent = 47;

	cubic(s, 200);
	for (size_t i = 0; i < RTE_DIM(hundredths); i++) {
		ABOUT(s, hundredths[i]);
		segments(s, sent + 1, sent + hundredths[i] / 100, 200);
		sent += hundredths[i] / 100;
		AFTER(s, 1000);
		ACKED(s, sent + 1);
	}
	FORGET(s);
}

static void
DT_02_cubic(struct script *s)
{
	s->conf.tcp.congestion = SPATE_CUBIC;
	grows_by_the_curve(s);
}

/* The time in which the window could not grow is none (RFC 9438 4.2). */
static void
DT_02_cubic_waits(struct script *s)
{
	uint32_t sent = 48;

	s->conf.tcp.congestion = SPATE_CUBIC;
	cubic(s, 48);
	segments(s, 48, 48, 48);
	ABOUT(s, 1453);
	for (int i = 0; i < 10; i++) {
		AFTER(s, 1000);
		ACKED(s, sent + 1);
		SEND_PATTERN(s, room(s));
		sent++;
		segments(s, sent, sent, sent);
	}
	ABOUT(s, 1453);
	AFTER(s, 1000);
	ACKED(s, sent + 1);
	SEND_PATTERN(s, 100 * room(s));
	segments(s, sent + 1, sent + 14, sent + 100);
	AFTER(s, 1000);
	ACKED(s, sent + 15);
	ABOUT(s, 1976);
	FORGET(s);
	s->events[0] = 0;
}

/* An ACK for each segment from `n` to `last`, sent or still to be sent. */
static void
one_by_one(struct script *s, uint32_t n, uint32_t last)
{
	for (; n <= last; n++) {
		ACKED(s, n + 1);
		FORGET(s);
	}
}

/*
 * Idle, and in slow start again: the curve begins with the congestion avoidance behind it, at
 * no time, and not where it was.
 */
static void
DT_02_cubic_begins_anew(struct script *s)
{
	s->conf.tcp.congestion = SPATE_CUBIC;
	s->peer_sack = s->peer_ws = true;
	s->conf.tcp.initial_rto_ms = 3000;
	s->conf.tcp.initial_window = 4;
	establish_far(s, 1000);
	/* 4, 8, 16, and four of the next for 20. */
	SEND_PATTERN(s, 62 * room(s));
	FORGET(s);
	AFTER(s, 1000);
	one_by_one(s, 1, 4);
	AFTER(s, 1000);
	one_by_one(s, 5, 12);
	one_by_one(s, 13, 16);
	EQUAL(s, cwnd(s), 20 * room(s));
	/* 17 to 36 are in flight, and the first of them is lost. */
	ACKED(s, 17, SEGS(18, 36));
	FORGET(s);
	AFTER(s, 1000);
	ACKED(s, 37);
	EQUAL(s, cwnd(s), 14 * room(s));
	FORGET(s);
	AFTER(s, 1000);
	/* A round trip of congestion avoidance, and the end of what there is. */
	one_by_one(s, 37, 48);
	CHECK(s, cwnd(s) > 14 * room(s));
	ACKED(s, 63);
	EVENTS(s, "sendable");
	AFTER(s, 10000);
	SEND_PATTERN(s, 100 * room(s));
	segments(s, 63, 66, 162);
	for (uint32_t n = 63; cwnd(s) < 14 * room(s); n += 4) {
		AFTER(s, 1000);
		one_by_one(s, n, n + 3);
	}
	/* Two of twelve ACKs were beyond the threshold; ten more come a round trip later. */
	ABOUT(s, 1407);
	AFTER(s, 1000);
	one_by_one(s, 75, 84);
	CHECK(s, cwnd(s) < 18 * room(s));
}

/* One connection's choice, before or after it is open. */
static void
DT_02_chosen_by_option(struct script *s)
{
	uint64_t v = 99;
	uint32_t before;

	s->peer_sack = true;
	fly(s, 30);
	EQUAL(s, spate_getopt(s->stack, s->conn, SPATE_OPT_CONGESTION, &v), 0);
	EQUAL(s, v, SPATE_NEWRENO);
	EQUAL(s, spate_setopt(s->stack, s->conn, SPATE_OPT_CONGESTION, SPATE_CUBIC), 0);
	EQUAL(s, -spate_setopt(s->stack, s->conn, SPATE_OPT_CONGESTION, SPATE_N_CONGESTION), EINVAL);
	EQUAL(s, spate_getopt(s->stack, s->conn, SPATE_OPT_CONGESTION, &v), 0);
	EQUAL(s, v, SPATE_CUBIC);
	AFTER(s, 100);
	ACKED(s, 1, SEGS(2, 10));
	FORGET(s);
	AFTER(s, 90);
	ACKED(s, 11);
	EQUAL(s, cwnd(s), 7 * room(s));
	FORGET(s);
	/* What CUBIC has learned is nothing to NewReno: 1/7 for the first. */
	EQUAL(s, spate_setopt(s->stack, s->conn, SPATE_OPT_CONGESTION, SPATE_NEWRENO), 0);
	ACKED(s, 12);
	EQUAL(s, cwnd(s), 7 * room(s) + room(s) / 7);
	FORGET(s);
	/* And to CUBIC nothing is left of it, until it has a loss of its own. */
	EQUAL(s, spate_setopt(s->stack, s->conn, SPATE_OPT_CONGESTION, SPATE_CUBIC), 0);
	before = cwnd(s);
	ACKED(s, 13);
	EQUAL(s, cwnd(s), before + room(s) * room(s) / before);
	FORGET(s);
	/* The next connection has the stack's. */
	USE(s, 1);
	ESTABLISH(s);
	EQUAL(s, spate_getopt(s->stack, s->conn, SPATE_OPT_CONGESTION, &v), 0);
	EQUAL(s, v, SPATE_NEWRENO);
}

/* After a timeout too: seven of ten are the threshold, where NewReno has five. */
static void
DT_02_cubic_and_timeout(struct script *s)
{
	s->conf.tcp.congestion = SPATE_CUBIC;
	s->peer_sack = false;
	fly(s, 30);
	OUT_AT(s, 300, ACK, .seq = 1, .ack = 1, .len = room(s));
	EQUAL(s, cwnd(s), room(s));
	for (uint32_t i = 2; i <= 7; i++) {
		ACKED(s, i);
		EQUAL(s, cwnd(s), i * room(s));
		FORGET(s);
	}
	ACKED(s, 8);
	CHECK(s, cwnd(s) < 7 * room(s) + room(s) / 4);
	FORGET(s);
}

/* RFC 9438 4.8: after a timeout K is 0 and W_max the window congestion avoidance begins with. */
static void
DT_02_cubic_after_timeout(struct script *s)
{
	uint32_t acked = 0, began = 0, cwnd = 0;

	s->conf.tcp.congestion = SPATE_CUBIC;
	s->conf.tcp.initial_window = 60;
	s->peer_ws = true;
	s->peer_sack = false;
	establish_far(s, 100);
	SEND_PATTERN(s, 720 * room(s));
	AFTER(s, 310); /* the timeout */
	EQUAL(s, script_info(s).cwnd, room(s));
	for (uint32_t n = 0; began == 0 || n < began + 10; n++) {
		uint32_t end = script_info(s).snd_nxt - s->t->iss;

		AFTER(s, 100);
		while (acked < end - 1) {
			acked = acked + 4 * room(s) < end - 1 ? acked + 4 * room(s) : end - 1;
			IN(s, ACK, .seq = 1, .ack = 1 + acked);
		}
		AFTER(s, 0.001);
		FORGET(s);
		cwnd = script_info(s).cwnd;
		if (began == 0 && cwnd >= 42 * room(s))
			began = n;
	}
	/* 42 + 0.4 (1 s)^3, or Reno's 42 + 9/17 a round trip. */
	CHECK(s, cwnd < 50 * room(s));
	FORGET(s);
	s->events[0] = 0;
}

static const struct row_test tests[] = {
	ROW_TEST("DT-02", DT_02_loss_behind_acks),
		ROW_TEST("DT-02", DT_02_loss_behind_acks_of_its_burst),
		ROW_TEST("DT-02", DT_02_congestion_avoidance),
	ROW_TEST("DT-02", DT_02_slow_start_up_to_the_threshold),
	ROW_TEST("DT-02", DT_02_two_segments_at_least),
	ROW_TEST("DT-02 CM-09", DT_02_one_segment_after_a_lost_syn),
	ROW_TEST("DT-02", DT_02_unused_it_does_not_grow),
	ROW_TEST("DT-02", DT_02_the_peers_window_limits),
	ROW_TEST("DT-02", DT_02_slow_start_after_idle),
	ROW_TEST("DT-02", DT_02_not_idle_for_long),
	ROW_TEST("DT-02", DT_02_idle_and_small),
	ROW_TEST("DT-02", DT_02_cubic),
	ROW_TEST("DT-02", DT_02_cubic_waits),
	ROW_TEST("DT-02", DT_02_cubic_begins_anew),
	ROW_TEST("DT-02", DT_02_chosen_by_option),
	ROW_TEST("DT-02", DT_02_cubic_and_timeout),
	ROW_TEST("DT-02", DT_02_cubic_after_timeout),
};

SCRIPT_MAIN(tests)
