/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Recoveries that were for nothing: what seemed lost was late (RFC 3708, RFC 4015 3.2). The window
 * is NewReno's but where it is said.
 */
#include "flight.h"

#define UNLIMITED UINT32_MAX

/*
 * Of forty the first ten are in flight, three of which overtake the first: it goes again. Returns
 * the timestamp they were sent with.
 */
static uint32_t
overtaken(struct script *s)
{
	uint32_t first;

	s->peer_sack = true;
	fly(s, 40);
	first = s->t->ts_out;
	AFTER(s, 100);
	ACKED(s, 1, SEGS(2, 4));
	OUT(s, ACK, .seq = 1, .ack = 1, .len = room(s));
	SILENT(s);
	COUNTED(s, FAST_RETRANSMITS, 1);
	return first;
}

/* Everything before `n` has arrived, and of it segments `a` to `b` twice. */
#define TWICE(s, n, a, b) ACKED(s, n, SEGS(a, b))

/* The first comes, late; then what was sent again, for the second time: slow start goes on. */
static void
DT_02_late_and_sent_again(struct script *s)
{
	overtaken(s);
	ACKED(s, 11);
	EQUAL(s, script_info(s).cwnd, 5 * room(s));
	EQUAL(s, script_info(s).ssthresh, 5 * room(s));
	COUNTED(s, RECOVERIES_UNDONE, 0);
	segments(s, 11, 15, 40);
	AFTER(s, 90);
	TWICE(s, 11, 1, 1);
	EQUAL(s, script_info(s).ssthresh, UNLIMITED);
	COUNTED(s, RECOVERIES_UNDONE, 1);
	AFTER(s, 10);
	ACKED(s, 12);
	EQUAL(s, script_info(s).cwnd, 6 * room(s));
	segments(s, 16, 17, 40);
	/* Once: the same word again is about nothing. */
	TWICE(s, 12, 1, 1);
	COUNTED(s, RECOVERIES_UNDONE, 1);
	COUNTED(s, RETRANSMITS, 1);
}

/* The same with the D-SACK in recovery, which then ends as if it had not been. */
static void
DT_02_twice_before_the_end(struct script *s)
{
	overtaken(s);
	ACKED(s, 5);
	TWICE(s, 5, 1, 1);
	COUNTED(s, RECOVERIES_UNDONE, 0);
	ACKED(s, 11);
	EQUAL(s, script_info(s).ssthresh, UNLIMITED);
	COUNTED(s, RECOVERIES_UNDONE, 1);
	FORGET(s);
}

/* It comes before there was a chance to send it again: nothing is to be waited for. */
static void
DT_02_late_and_not_sent_again(struct script *s)
{
	s->peer_sack = true;
	fly(s, 40);
	AFTER(s, 100);
	BURST(s);
	ACKED(s, 1, SEGS(2, 4));
	ACKED(s, 11);
	ARRIVES(s);
	EQUAL(s, script_info(s).ssthresh, UNLIMITED);
	COUNTED(s, FAST_RETRANSMITS, 1);
	COUNTED(s, RECOVERIES_UNDONE, 1);
	COUNTED(s, RETRANSMITS, 0);
	FORGET(s);
}

/* What was lost does not come twice. */
static void
DT_02_lost_is_not_undone(struct script *s)
{
	overtaken(s);
	AFTER(s, 90);
	ACKED(s, 11);
	FORGET(s);
	for (uint32_t n = 12; n <= 15; n++)
		ACKED(s, n);
	CHECK(s, script_info(s).ssthresh == 5 * room(s));
	COUNTED(s, RECOVERIES_UNDONE, 0);
	/* And when it is said a round trip later, it is about something else. */
	TWICE(s, 15, 1, 1);
	EQUAL(s, script_info(s).ssthresh, 5 * room(s));
	COUNTED(s, RECOVERIES_UNDONE, 0);
	FORGET(s);
}

/* Two were sent again, and one of them was lost. */
static void
DT_02_one_of_two_was_late(struct script *s)
{
	s->peer_sack = true;
	fly(s, 40);
	AFTER(s, 100);
	ACKED(s, 1, SEGS(3, 10));
	OUT(s, ACK, .seq = 1, .ack = 1, .len = room(s));
	OUT(s, ACK, .seq = UP_TO(2), .ack = 1, .len = room(s));
	FORGET(s);
	COUNTED(s, RETRANSMITS, 2);
	ACKED(s, 2, SEGS(3, 10));
	AFTER(s, 90);
	/* The first has come twice; the second had not. */
	TWICE(s, 2, 1, 1);
	ACKED(s, 11);
	TWICE(s, 11, 1, 1);
	EQUAL(s, script_info(s).ssthresh, 5 * room(s));
	COUNTED(s, RECOVERIES_UNDONE, 0);
	FORGET(s);
}

/* D-SACK of what was never sent again: the network's doing, and no answer. */
static void
DT_02_twice_from_the_network(struct script *s)
{
	overtaken(s);
	ACKED(s, 11);
	FORGET(s);
	TWICE(s, 11, 12, 12);
	IN(s, ACK, .seq = 1, .ack = UP_TO(11), .sack = {{UP_TO(1) - 5, UP_TO(1)}});
	EQUAL(s, script_info(s).ssthresh, 5 * room(s));
	COUNTED(s, RECOVERIES_UNDONE, 0);
	FORGET(s);
}

/* A timeout in between is a sign of its own. */
static void
DT_02_timeout_is_not_undone(struct script *s)
{
	overtaken(s);
	AFTER(s, 400);
	COUNTED(s, RTO_FIRED, 1);
	FORGET(s);
	ACKED(s, 11);
	TWICE(s, 11, 1, 1);
	CHECK(s, script_info(s).ssthresh != UNLIMITED);
	COUNTED(s, RECOVERIES_UNDONE, 0);
	FORGET(s);
}

/* CUBIC: the curve, too, is what it was: the window before the first loss is still the goal. */
static void
DT_02_cubic_forgets(struct script *s)
{
	s->conf.tcp.congestion = SPATE_CUBIC;
	overtaken(s);
	ACKED(s, 11);
	EQUAL(s, script_info(s).ssthresh, 7 * room(s));
	FORGET(s);
	TWICE(s, 11, 1, 1);
	EQUAL(s, script_info(s).ssthresh, UNLIMITED);
	COUNTED(s, RECOVERIES_UNDONE, 1);
	AFTER(s, 90);
	ACKED(s, 12);
	EQUAL(s, script_info(s).cwnd, 8 * room(s));
	FORGET(s);
}

/* ---- told by timestamps (RFC 3522) */

static bool
timestamps(const struct script *s)
{
	return s->peer_ts && s->conf.tcp.timestamps;
}

/* The ACK of a segment that was sent when `ts` was the time, and of all before `n`. */
#define ACKED_OF(s, ts, n, ...)                                                                    \
	IN(s, ACK, .seq = 1, .ack = UP_TO(n), .tsecr = SET(ts), .sack = {__VA_ARGS__})

/* The first ACK says it: what is on its way goes on, and new data, as if nothing had been. */
static void
DT_02_late_by_its_timestamp(struct script *s)
{
	uint32_t first = overtaken(s);

	ACKED_OF(s, first, 5);
	COUNTED(s, RECOVERIES_UNDONE, timestamps(s));
	if (timestamps(s)) {
		EQUAL(s, script_info(s).ssthresh, UNLIMITED);
		EQUAL(s, script_info(s).cwnd, 10 * room(s));
		segments(s, 11, 14, 40);
	}
	FORGET(s);
	/* Its coming twice is no news. */
	TWICE(s, 5, 1, 1);
	SILENT(s);
	COUNTED(s, RECOVERIES_UNDONE, timestamps(s));
	COUNTED(s, RETRANSMITS, 1);
}

/* That the network changes the order is: three that overtake are no sign of loss any more. */
static void
DT_02_late_tells_of_the_order(struct script *s)
{
	uint32_t first;

	s->conf.tcp.congestion = SPATE_CUBIC;
	first = overtaken(s);
	ACKED_OF(s, first, 5);
	FORGET(s);
	ACKED(s, 5, SEGS(6, 10));
	FORGET(s);
	COUNTED(s, FAST_RETRANSMITS, 1);
	COUNTED(s, RETRANSMITS, timestamps(s) ? 1 : 2);
	if (!timestamps(s))
		return;
	/* But a reordering window later, half of the least round trip by now, it is. */
	AFTER(s, 55);
	COUNTED(s, FAST_RETRANSMITS, 2);
	FORGET(s);
}

/* All of it, in the ACK that would have ended recovery. */
static void
DT_02_late_at_the_end(struct script *s)
{
	uint32_t first;

	s->peer_sack = true;
	fly(s, 40);
	first = s->t->ts_out;
	AFTER(s, 100);
	ACKED(s, 1, SEGS(2, 10));
	OUT(s, ACK, .seq = 1, .ack = 1, .len = room(s));
	FORGET(s);
	ACKED_OF(s, first, 11);
	COUNTED(s, RECOVERIES_UNDONE, timestamps(s));
	/* What PRR has let leave meanwhile, and what has arrived, up to an initial window. */
	if (timestamps(s))
		EQUAL(s, script_info(s).cwnd - script_info(s).unacked, 10 * room(s));
	FORGET(s);
}

/* An echo of what was sent again, or of the same millisecond, says nothing. */
static void
DT_02_echo_of_what_was_sent_again(struct script *s)
{
	overtaken(s);
	ACKED_OF(s, s->t->ts_out, 5);
	COUNTED(s, RECOVERIES_UNDONE, 0);
	CHECK(s, script_info(s).ssthresh == 5 * room(s));
	FORGET(s);
}

/* ACKs get lost, too: with a D-SACK the echo may be older than what the ACK is of. */
static void
DT_02_echo_with_what_came_twice(struct script *s)
{
	uint32_t first = overtaken(s);

	ACKED_OF(s, first, 5, SEGS(1, 1));
	COUNTED(s, RECOVERIES_UNDONE, 0);
	FORGET(s);
}

/* Twenty or so to send, of which the first ten were silent for so long that it was a timeout. */
static uint32_t
timed_out(struct script *s, uint32_t n)
{
	uint32_t first;

	s->peer_sack = true;
	s->conf.tcp.loss_probe_ms = 0;
	fly(s, n);
	first = s->t->ts_out;
	OUT_AT(s, 300, ACK, .seq = 1, .ack = 1, .len = room(s));
	SILENT(s);
	COUNTED(s, RTO_FIRED, 1);
	AFTER(s, 10);
	return first;
}

/* The timeout was for nothing: nothing is sent again but its one segment, however late all is. */
static void
DT_02_timeout_and_late(struct script *s)
{
	uint32_t first = timed_out(s, 40);

	ACKED_OF(s, first, 4);
	COUNTED(s, RECOVERIES_UNDONE, timestamps(s));
	if (!timestamps(s)) {
		FORGET(s);
		return;
	}
	/* 4 to 10 are under way, and as much as has arrived may follow. */
	segments(s, 11, 13, 40);
	EQUAL(s, script_info(s).cwnd, 10 * room(s));
	EQUAL(s, script_info(s).ssthresh, UNLIMITED);
	ACKED_OF(s, first, 11);
	segments(s, 14, 27, 40);
	TWICE(s, 11, 1, 1);
	SILENT(s);
	COUNTED(s, RETRANSMITS, 1);
	COUNTED(s, RECOVERIES_UNDONE, 1);
}

/* Timeout upon timeout, before a word comes. */
static void
DT_02_timeouts_and_late(struct script *s)
{
	uint32_t first = timed_out(s, 40);

	OUT_AT(s, 600 - 10, ACK, .seq = 1, .ack = 1, .len = room(s));
	SILENT(s);
	ACKED_OF(s, first, 2);
	COUNTED(s, RTO_FIRED, 2);
	COUNTED(s, RECOVERIES_UNDONE, timestamps(s));
	if (timestamps(s))
		segments(s, 11, 11, 40);
	FORGET(s);
}

/* Some were lost all the same: SACK blocks show them, and they are repaired as ever. */
static void
DT_02_late_and_lost(struct script *s)
{
	uint32_t first = timed_out(s, 40);

	if (!timestamps(s))
		return;
	ACKED_OF(s, first, 3, SEGS(4, 10));
	COUNTED(s, RECOVERIES_UNDONE, 1);
	COUNTED(s, FAST_RETRANSMITS, 1);
	OUT(s, ACK, .seq = UP_TO(3), .ack = 1, .len = room(s));
	FORGET(s);
	COUNTED(s, RETRANSMITS, 2);
	ACKED(s, 11);
	EQUAL(s, script_info(s).ssthresh, 5 * room(s));
	FORGET(s);
}

/* With fewer beyond them there is time for them: a reordering window, from now on. */
static void
DT_02_late_and_maybe_lost(struct script *s)
{
	uint32_t first = timed_out(s, 10);

	if (!timestamps(s))
		return;
	ACKED_OF(s, first, 3, SEGS(5, 6));
	COUNTED(s, RECOVERIES_UNDONE, 1);
	SILENT(s);
	OUT_AT(s, 25, ACK, .seq = UP_TO(3), .ack = 1, .len = room(s));
	FORGET(s);
}

/* The loss probe has sent the last again: older than that is late as well. */
static void
DT_02_probe_timeout_and_late(struct script *s)
{
	uint32_t first, probe;

	s->peer_sack = true;
	fly(s, 10);
	first = s->t->ts_out;
	OUT_AT(s, 200, PSH_ACK, .seq = UP_TO(10), .ack = 1, .len = room(s));
	probe = s->t->ts_out;
	OUT_AT(s, 300, ACK, .seq = 1, .ack = 1, .len = room(s));
	AFTER(s, 10);
	/* All but the last had arrived; that is the probe's. */
	if (s->active) {
		ACKED_OF(s, probe, 11);
		COUNTED(s, RECOVERIES_UNDONE, 0);
	} else {
		ACKED_OF(s, first, 10);
		COUNTED(s, RECOVERIES_UNDONE, timestamps(s));
		FORGET(s);
		COUNTED(s, RETRANSMITS, timestamps(s) ? 2 : 3);
		ACKED(s, 11);
	}
	EVENTS(s, "sendable");
}

/* Without timestamps D-SACK says it later, as after any recovery. */
static void
DT_02_timeout_and_twice(struct script *s)
{
	timed_out(s, 40);
	ACKED(s, 11);
	COUNTED(s, RECOVERIES_UNDONE, 0);
	FORGET(s);
	TWICE(s, 11, 1, 1);
	EQUAL(s, script_info(s).ssthresh, UNLIMITED);
	COUNTED(s, RECOVERIES_UNDONE, 1);
	FORGET(s);
}

/* A timeout in a recovery has been preceded by a loss. */
static void
DT_02_timeout_in_recovery_and_late(struct script *s)
{
	uint32_t first = overtaken(s);

	AFTER(s, 400);
	COUNTED(s, RTO_FIRED, 1);
	FORGET(s);
	ACKED_OF(s, first, 5);
	COUNTED(s, RECOVERIES_UNDONE, 0);
	FORGET(s);
}

static const struct row_test tests[] = {
	ROW_TEST("DT-02 OP-04", DT_02_late_and_sent_again),
	ROW_TEST("DT-02 OP-04", DT_02_twice_before_the_end),
	ROW_TEST("DT-02 OP-04", DT_02_late_and_not_sent_again),
	ROW_TEST("DT-02 OP-04", DT_02_lost_is_not_undone),
	ROW_TEST("DT-02 OP-04", DT_02_one_of_two_was_late),
	ROW_TEST("DT-02 OP-04", DT_02_twice_from_the_network),
	ROW_TEST("DT-02 OP-04", DT_02_timeout_is_not_undone),
	ROW_TEST("DT-02 OP-04", DT_02_cubic_forgets),
	ROW_TEST("DT-02 OP-05", DT_02_late_by_its_timestamp),
	ROW_TEST("DT-02 OP-05", DT_02_late_tells_of_the_order),
	ROW_TEST("DT-02 OP-05", DT_02_late_at_the_end),
	ROW_TEST("DT-02 OP-05", DT_02_echo_of_what_was_sent_again),
	ROW_TEST("DT-02 OP-05", DT_02_echo_with_what_came_twice),
	ROW_TEST("DT-02 OP-05", DT_02_timeout_and_late),
	ROW_TEST("DT-02 OP-05", DT_02_timeouts_and_late),
	ROW_TEST("DT-02 OP-05", DT_02_late_and_lost),
	ROW_TEST("DT-02 OP-05", DT_02_late_and_maybe_lost),
	ROW_TEST("DT-02 DT-01 OP-05", DT_02_probe_timeout_and_late),
	ROW_TEST("DT-02 OP-04", DT_02_timeout_and_twice),
	ROW_TEST("DT-02 OP-05", DT_02_timeout_in_recovery_and_late),
};

SCRIPT_MAIN(tests)
