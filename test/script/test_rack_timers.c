/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Losses that no block tells of: loss probes (RFC 8985 7), and timeouts where a part is known to
 * have arrived (RFC 6675 5.1).
 */
#include "flight.h"

/* ---- loss probes */

/* Two round trips without a word: one new segment, and from then on it is the timeout's turn. */
static void
DT_01_probe_is_new_data(struct script *s)
{
	s->peer_sack = true;
	fly(s, 20);
	OUT_AT(s, 200, PSH_ACK, .seq = UP_TO(11), .ack = 1, .len = room(s));
	COUNTED(s, LOSS_PROBES, 1);
	COUNTED(s, RETRANSMITS, 0);
	OUT_AT(s, 300, ACK, .seq = 1, .ack = 1, .len = room(s));
	SILENT(s);
	COUNTED(s, RTO_FIRED, 1);
	COUNTED(s, LOSS_PROBES, 1);
	EQUAL(s, script_info(s).cwnd, room(s));
}

/* Nothing new: the last again. And when nothing new may be sent. */
static void
DT_01_probe_is_the_last_again(struct script *s)
{
	s->peer_sack = true;
	fly(s, 10);
	OUT_AT(s, 200, PSH_ACK, .seq = UP_TO(10), .ack = 1, .len = room(s));
	COUNTED(s, LOSS_PROBES, 1);
	COUNTED(s, RETRANSMITS, 1);
	OUT_AT(s, 300, ACK, .seq = 1, .ack = 1, .len = room(s));
	SILENT(s);
}

static void
DT_01_probe_within_the_window(struct script *s)
{
	s->peer_sack = true;
	s->peer_ws = false;
	establish_far(s, 100);
	IN(s, ACK, .seq = 1, .ack = 1, .win = SET(4 * room(s) + 100));
	SEND_PATTERN(s, 20 * room(s));
	segments(s, 1, 4, 20);
	OUT_AT(s, 200, ACK, .seq = UP_TO(4), .ack = 1, .len = room(s));
	COUNTED(s, RETRANSMITS, 1);
}

/* With the FIN that it had. */
static void
DT_01_probe_has_the_fin(struct script *s)
{
	s->peer_sack = true;
	establish_far(s, 100);
	SEND_PATTERN(s, 2 * room(s));
	SHUTDOWN(s);
	OUT(s, ACK, .seq = 1, .ack = 1, .len = room(s));
	OUT(s, FIN_ACK | PSH, .seq = UP_TO(2), .ack = 1, .len = room(s));
	OUT_AT(s, 200, FIN_ACK | PSH, .seq = UP_TO(2), .ack = 1, .len = room(s));
	IN(s, ACK, .seq = 1, .ack = UP_TO(3) + 1);
	EVENTS(s, "");
	QUIET(s, 10000);
	STATE(s, FIN_WAIT_2);
}

/* A single segment may wait for the peer's delayed ACK: that is the timeout's. */
static void
DT_01_no_probe_for_one(struct script *s)
{
	s->peer_sack = true;
	establish_far(s, 100);
	SEND_PATTERN(s, room(s));
	segments(s, 1, 1, 1);
	OUT_AT(s, 300, PSH_ACK, .seq = 1, .ack = 1, .len = room(s));
	COUNTED(s, LOSS_PROBES, 0);
}

/* By knob: none at all, or not before so long. */
static void
DT_01_probe_by_knob(struct script *s)
{
	s->conf.tcp.loss_probe_ms = s->active ? 0 : 250;
	s->peer_sack = true;
	establish_far(s, 100);
	SEND_PATTERN(s, 3 * room(s));
	segments(s, 1, 3, 3);
	if (s->active)
		OUT_AT(s, 300, ACK, .seq = 1, .ack = 1, .len = room(s));
	else
		OUT_AT(s, 250, PSH_ACK, .seq = UP_TO(3), .ack = 1, .len = room(s));
	COUNTED(s, LOSS_PROBES, !s->active);
}

/* Nor does the FIN on it make it two. */
static void
DT_01_no_probe_for_one_with_fin(struct script *s)
{
	s->peer_sack = true;
	establish_far(s, 100);
	SEND_PATTERN(s, room(s));
	CLOSE(s);
	OUT(s, FIN_ACK | PSH, .seq = 1, .ack = 1, .len = room(s));
	OUT_AT(s, 300, FIN_ACK | PSH, .seq = 1, .ack = 1, .len = room(s));
	COUNTED(s, LOSS_PROBES, 0);
}

/* Two round trips since the last ACK; and not while a hole is known. */
static void
DT_01_probe_begins_anew(struct script *s)
{
	s->peer_sack = true;
	fly(s, 10);
	AFTER(s, 100);
	ACKED(s, 4);
	EQUAL(s, script_info(s).srtt_us, 100000);
	OUT_AT(s, 200, PSH_ACK, .seq = UP_TO(10), .ack = 1, .len = room(s));
	ACKED(s, 4, SEGS(10, 10));
	OUT_AT(s, 25, ACK, .seq = UP_TO(4), .ack = 1, .len = room(s));
	COUNTED(s, LOSS_PROBES, 1);
	COUNTED(s, FAST_RETRANSMITS, 1);
	FORGET(s);
}

/* And since the last segment, not the first (7.2). */
static void
DT_01_probe_waits_for_the_last(struct script *s)
{
	s->peer_sack = true;
	fly(s, 2);
	AFTER(s, 150);
	SEND_PATTERN(s, room(s));
	segments(s, 3, 3, 3);
	OUT_AT(s, 200, PSH_ACK, .seq = UP_TO(3), .ack = 1, .len = room(s));
}

/* Close by: not before 10 ms, and the timeout not before 200. */
static void
DT_01_probe_and_timeout_at_least(struct script *s)
{
	s->peer_sack = true;
	establish_far(s, 1);
	SEND_PATTERN(s, 2 * room(s));
	segments(s, 1, 2, 2);
	OUT_AT(s, 10, PSH_ACK, .seq = UP_TO(2), .ack = 1, .len = room(s));
	OUT_AT(s, 200, ACK, .seq = 1, .ack = 1, .len = room(s));
	OUT_AT(s, 400, ACK, .seq = 1, .ack = 1, .len = room(s));
	COUNTED(s, LOSS_PROBES, 1);
}

/* A timeout that is due earlier is not put off: the probe takes its place. */
static void
DT_01_probe_instead_of_timeout(struct script *s)
{
	s->peer_sack = true;
	s->conf.tcp.max_rto_ms = 150;
	establish_far(s, 100);
	SEND_PATTERN(s, 2 * room(s));
	segments(s, 1, 2, 2);
	OUT_AT(s, 150, PSH_ACK, .seq = UP_TO(2), .ack = 1, .len = room(s));
	OUT_AT(s, 150, ACK, .seq = 1, .ack = 1, .len = room(s));
	COUNTED(s, LOSS_PROBES, 1);
}

/* The last of ten goes again, and then all ten are acknowledged. */
static void
probed(struct script *s)
{
	s->peer_sack = true;
	fly(s, 10);
	OUT_AT(s, 200, PSH_ACK, .seq = UP_TO(10), .ack = 1, .len = room(s));
	AFTER(s, 50);
	ACKED(s, 11);
	EVENTS(s, "sendable");
	EQUAL(s, script_info(s).cwnd, 10 * room(s));
}

/* One segment more, and its ACK. */
static void
one_more(struct script *s)
{
	SEND_PATTERN(s, room(s));
	segments(s, 11, 11, 11);
	AFTER(s, 50);
	ACKED(s, 12);
	EVENTS(s, "sendable");
}

/* Nothing says that the last came twice: it was lost, and that is congestion (7.4.2). */
static void
DT_01_probe_has_repaired(struct script *s)
{
	probed(s);
	one_more(s);
	EQUAL(s, script_info(s).cwnd, 5 * room(s));
	COUNTED(s, FAST_RETRANSMITS, 0);
	COUNTED(s, RETRANSMITS, 1);
	/* Once. */
	SEND_PATTERN(s, room(s));
	segments(s, 12, 12, 12);
	AFTER(s, 50);
	ACKED(s, 13);
	EVENTS(s, "sendable");
	EQUAL(s, script_info(s).cwnd, 5 * room(s));
}

/* It says so: both have arrived, and nothing was lost. */
static void
DT_01_probe_was_for_nothing(struct script *s)
{
	probed(s);
	ACKED(s, 11, SEGS(10, 10));
	one_more(s);
	EQUAL(s, script_info(s).cwnd, 10 * room(s));
}

/* It says so in the same breath; or with more in flight already. */
static void
DT_01_probe_for_nothing_at_once(struct script *s)
{
	s->peer_sack = true;
	fly(s, 10);
	OUT_AT(s, 200, PSH_ACK, .seq = UP_TO(10), .ack = 1, .len = room(s));
	AFTER(s, 50);
	ACKED(s, 11, SEGS(10, 10));
	EVENTS(s, "sendable");
	one_more(s);
	EQUAL(s, script_info(s).cwnd, 10 * room(s));
}

static void
DT_01_probe_for_nothing_later(struct script *s)
{
	probed(s);
	SEND_PATTERN(s, room(s));
	segments(s, 11, 11, 11);
	ACKED(s, 11, SEGS(10, 10));
	AFTER(s, 50);
	ACKED(s, 12);
	EVENTS(s, "sendable");
	EQUAL(s, script_info(s).cwnd, 10 * room(s));
}

/* The peer has no D-SACK, and answers what comes twice as anybody does. */
static void
DT_01_probe_for_nothing_without_dsack(struct script *s)
{
	probed(s);
	ACKED(s, 11);
	one_more(s);
	EQUAL(s, script_info(s).cwnd, 10 * room(s));
}

/* A segment that has data says nothing of it. */
static void
DT_01_probe_and_the_peers_data(struct script *s)
{
	probed(s);
	IN(s, PSH_ACK, .seq = 1, .ack = UP_TO(11), .len = 1);
	OUT(s, ACK, .seq = UP_TO(11), .ack = 2);
	SEND_PATTERN(s, room(s));
	OUT(s, PSH_ACK, .seq = UP_TO(11), .ack = 2, .len = room(s));
	AFTER(s, 50);
	IN(s, ACK, .seq = 2, .ack = UP_TO(12));
	EVENTS(s, "data:1 sendable");
	RECEIVED_PATTERN(s, 0, 1);
	EQUAL(s, script_info(s).cwnd, 5 * room(s));
}

/* New data as a probe has repaired nothing. */
static void
DT_01_new_data_repairs_nothing(struct script *s)
{
	s->peer_sack = true;
	fly(s, 12);
	OUT_AT(s, 200, PSH_ACK, .seq = UP_TO(11), .ack = 1, .len = room(s));
	ACKED(s, 12);
	segments(s, 12, 12, 12);
	AFTER(s, 50);
	ACKED(s, 13);
	EVENTS(s, "sendable");
	CHECK(s, script_info(s).cwnd >= 10 * room(s));
	COUNTED(s, RETRANSMITS, 0);
	/* And the next silence is asked about again. */
	SEND_PATTERN(s, 2 * room(s));
	segments(s, 13, 14, 14);
	script_advance(s, s->now + 10000 * MS, true);
	OUT(s, PSH_ACK, .seq = UP_TO(14), .ack = 1, .len = room(s));
	COUNTED(s, LOSS_PROBES, 2);
	COUNTED(s, RTO_FIRED, 0);
}

/* A probe that came twice says nothing of the order: three that overtake are enough still. */
static void
DT_01_probe_and_the_order(struct script *s)
{
	s->peer_sack = true;
	s->conf.tcp.congestion = SPATE_CUBIC; /* which keeps a side record from here on: */
	fly(s, 10);
	AFTER(s, 100);
	ACKED(s, 1, SEGS(2, 10));
	segments(s, 1, 1, 10);
	AFTER(s, 100);
	ACKED(s, 11);
	SEND_PATTERN(s, 5 * room(s));
	segments(s, 11, 15, 15);
	script_advance(s, s->now + 10000 * MS, true);
	OUT(s, PSH_ACK, .seq = UP_TO(15), .ack = 1, .len = room(s));
	ACKED(s, 16);
	ACKED(s, 16, SEGS(15, 15));
	SEND_PATTERN(s, 5 * room(s));
	segments(s, 16, 20, 20);
	AFTER(s, 100);
	ACKED(s, 16, SEGS(17, 19));
	segments(s, 16, 16, 20);
	ACKED(s, 21);
	EVENTS(s, "sendable sendable sendable");
}

/* ---- timeouts */

/* What is known to have arrived is not sent again. */
static void
DT_01_timeout_and_scoreboard(struct script *s)
{
	s->peer_sack = true;
	fly(s, 10);
	AFTER(s, 100);
	ACKED(s, 1, SEGS(3, 5));
	segments(s, 1, 1, 10);
	/* Lost as well; the timer began with it. */
	OUT_AT(s, 300, ACK, .seq = 1, .ack = 1, .len = room(s));
	SILENT(s);
	EQUAL(s, script_info(s).cwnd, room(s));
	AFTER(s, 90);
	ACKED(s, 2, SEGS(3, 5));
	EQUAL(s, script_info(s).cwnd, 2 * room(s));
	OUT(s, ACK, .seq = UP_TO(2), .ack = 1, .len = room(s));
	segments(s, 6, 6, 10);
	AFTER(s, 90);
	ACKED(s, 6);
	/* Of which three had arrived before: RFC 3465 2.3. */
	EQUAL(s, script_info(s).cwnd, 3 * room(s));
	segments(s, 7, 8, 10);
	ACKED(s, 7, SEGS(8, 8));
	/* 7 in flight. */
	segments(s, 9, 10, 10);
	ACKED(s, 11);
	EVENTS(s, "sendable");
	COUNTED(s, RTO_FIRED, 1);
	COUNTED(s, RETRANSMITS, 8);
	COUNTED(s, FAST_RETRANSMITS, 1);
}

/* A timeout after a timeout: from the beginning, in full segments, and still not what arrived. */
static void
DT_01_timeout_again(struct script *s)
{
	s->conf.tcp.black_hole_timeouts = 0;
	s->peer_sack = true;
	fly(s, 4);
	OUT_AT(s, 200, PSH_ACK, .seq = UP_TO(4), .ack = 1, .len = room(s));
	OUT_AT(s, 300, ACK, .seq = 1, .ack = 1, .len = room(s));
	ACKED(s, 1, SEGS(3, 3));
	SILENT(s);
	OUT_AT(s, 600, ACK, .seq = 1, .ack = 1, .len = room(s));
	OUT_AT(s, 1200, ACK, .seq = 1, .ack = 1, .len = room(s));
	ACKED(s, 2, SEGS(3, 3));
	OUT(s, ACK, .seq = UP_TO(2), .ack = 1, .len = room(s));
	segments(s, 4, 4, 4);
	ACKED(s, 5);
	EVENTS(s, "sendable");
	COUNTED(s, RTO_FIRED, 3);
	QUIET(s, 100000);
}

/* RFC 6675 5.1 (6): the timeout waits as long for what recovery has sent again. */
static void
DT_01_timeout_of_what_was_sent_again(struct script *s)
{
	s->peer_sack = true;
	fly(s, 10);
	AFTER(s, 100);
	ACKED(s, 1, SEGS(2, 10));
	SEND_PATTERN(s, room(s));
	OUT(s, ACK, .seq = 1, .ack = 1, .len = room(s));
	segments(s, 11, 11, 11);
	AFTER(s, 200);
	ACKED(s, 1, SEGS(2, 11));
	segments(s, 1, 1, 11);
	OUT_AT(s, 300, ACK, .seq = 1, .ack = 1, .len = room(s));
	COUNTED(s, RTO_FIRED, 1);
	ACKED(s, 12);
	EVENTS(s, "sendable");
}

/* Nothing in flight when it ended: the next loss is found as the first was. */
static void
DT_01_recovery_after_timeout(struct script *s)
{
	s->peer_sack = true;
	fly(s, 2);
	OUT_AT(s, 200, PSH_ACK, .seq = UP_TO(2), .ack = 1, .len = room(s));
	OUT_AT(s, 300, ACK, .seq = 1, .ack = 1, .len = room(s));
	AFTER(s, 90);
	ACKED(s, 2);
	segments(s, 2, 2, 2);
	AFTER(s, 90);
	ACKED(s, 3);
	EVENTS(s, "sendable");
	SEND_PATTERN(s, 2 * room(s));
	segments(s, 3, 4, 4);
	AFTER(s, 90);
	ACKED(s, 3, SEGS(4, 4));
	script_advance(s, s->now + 60 * MS, true);
	segments(s, 3, 3, 4);
	COUNTED(s, FAST_RETRANSMITS, 1);
	COUNTED(s, RTO_FIRED, 1);
}

/*
 * What the timeout sent again is lost again: new data behind it tells. It is the timeout's loss
 * still: no other congestion, and the window is the one that grew since.
 */
static void
DT_01_lost_again_after_timeout(struct script *s)
{
	s->peer_sack = true;
	fly(s, 10);
	OUT_AT(s, 200, PSH_ACK, .seq = UP_TO(10), .ack = 1, .len = room(s));
	OUT_AT(s, 300, ACK, .seq = 1, .ack = 1, .len = room(s));
	AFTER(s, 100);
	ACKED(s, 8);
	segments(s, 8, 9, 10);
	AFTER(s, 100);
	ACKED(s, 10);
	segments(s, 10, 10, 10);
	SEND_PATTERN(s, 2 * room(s));
	segments(s, 11, 12, 12);
	EQUAL(s, script_info(s).cwnd, 3 * room(s));
	/* Later than a round trip: at once. */
	AFTER(s, 200);
	ACKED(s, 10, SEGS(11, 12));
	OUT(s, ACK, .seq = UP_TO(10), .ack = 1, .len = room(s));
	SILENT(s);
	EQUAL(s, script_info(s).cwnd, 3 * room(s));
	/* Within one: when it is over. */
	SEND_PATTERN(s, room(s));
	segments(s, 13, 13, 13);
	AFTER(s, 50);
	ACKED(s, 10, SEGS(11, 13));
	SILENT(s);
	script_advance(s, s->now + 200 * MS, true);
	segments(s, 10, 10, 12);
	EQUAL(s, script_info(s).cwnd, 3 * room(s));
	COUNTED(s, FAST_RETRANSMITS, 0);
	COUNTED(s, RTO_FIRED, 1);
	ACKED(s, 14);
	EVENTS(s, "sendable");
}

/* Nothing new follows it, but more is sent again behind it: that tells as well. */
static void
DT_01_lost_again_and_told_by_others(struct script *s)
{
	s->peer_sack = true;
	s->conf.tcp.loss_probe_ms = 0;
	fly(s, 10);
	OUT_AT(s, 300, ACK, .seq = 1, .ack = 1, .len = room(s));
	AFTER(s, 100);
	ACKED(s, 2);
	segments(s, 2, 3, 10);
	AFTER(s, 100);
	/* The second is lost once more; the third has arrived, and a fourth may go. */
	ACKED(s, 2, SEGS(3, 3));
	segments(s, 4, 4, 10);
	script_advance(s, s->now + 200 * MS, true);
	OUT(s, ACK, .seq = UP_TO(2), .ack = 1, .len = room(s));
	COUNTED(s, RTO_FIRED, 1);
	AFTER(s, 100);
	ACKED(s, 5);
	FORGET(s);
	COUNTED(s, FAST_RETRANSMITS, 0);
}

static const struct row_test tests[] = {
	ROW_TEST("DT-01", DT_01_probe_is_new_data),
	ROW_TEST("DT-01", DT_01_probe_is_the_last_again),
	ROW_TEST("DT-01", DT_01_probe_within_the_window),
	ROW_TEST("DT-01", DT_01_probe_has_the_fin),
	ROW_TEST("DT-01", DT_01_no_probe_for_one),
	ROW_TEST("DT-01", DT_01_no_probe_for_one_with_fin),
	ROW_TEST("DT-01", DT_01_probe_by_knob),
	ROW_TEST("DT-01", DT_01_probe_begins_anew),
	ROW_TEST("DT-01", DT_01_probe_waits_for_the_last),
	ROW_TEST("DT-01", DT_01_probe_and_timeout_at_least),
	ROW_TEST("DT-01", DT_01_probe_instead_of_timeout),
	ROW_TEST("DT-01", DT_01_probe_has_repaired),
	ROW_TEST("DT-01 OP-04", DT_01_probe_was_for_nothing),
	ROW_TEST("DT-01 OP-04", DT_01_probe_for_nothing_at_once),
	ROW_TEST("DT-01 OP-04", DT_01_probe_for_nothing_later),
	ROW_TEST("DT-01", DT_01_probe_for_nothing_without_dsack),
	ROW_TEST("DT-01", DT_01_probe_and_the_peers_data),
	ROW_TEST("DT-01", DT_01_new_data_repairs_nothing),
	ROW_TEST("DT-01 OP-04", DT_01_probe_and_the_order),
	ROW_TEST("DT-01 OP-04", DT_01_timeout_and_scoreboard),
	ROW_TEST("DT-01 OP-04", DT_01_timeout_again),
	ROW_TEST("DT-01 OP-04", DT_01_timeout_of_what_was_sent_again),
	ROW_TEST("DT-01 OP-04", DT_01_recovery_after_timeout),
	ROW_TEST("DT-01 OP-04", DT_01_lost_again_after_timeout),
	ROW_TEST("DT-01 OP-04", DT_01_lost_again_and_told_by_others),
};

SCRIPT_MAIN(tests)
