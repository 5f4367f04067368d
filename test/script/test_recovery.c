/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How much may be in flight, and how a hole in it is repaired: initial window, fast
 * retransmit, timeouts of a whole flight, closed windows on either side.
 */
#include "script.h"

static uint32_t
room(const struct script *s)
{
	return s->peer_ts ? 1448 : 1460;
}

/* Expect the stream's segments `from` to `to` (counted from 1), `last` being its end. */
static void
segments(struct script *s, uint32_t from, uint32_t to, uint32_t last)
{
	uint32_t r = room(s);

	for (uint32_t i = from; i <= to; i++)
		OUT(s, i == last ? PSH_ACK : ACK, .seq = 1 + (i - 1) * r, .ack = 1, .len = r);
	SILENT(s);
}

/* Everything before segment `n` has arrived. */
#define UP_TO(n) (1 + ((n)-1) * room(s))

/* Ten of twenty segments in flight. */
static void
flight(struct script *s)
{
	START(s);
	ESTABLISH(s);
	/* The first window of the peer's that is scaled: later ones are the same. */
	IN(s, ACK, .seq = 1, .ack = 1);
	SEND_PATTERN(s, 20 * room(s));
	segments(s, 1, 10, 20);
}

static void
DT_02_initial_window_of_ten(struct script *s)
{
	flight(s);
	/* Slow start: each ACK of a segment makes room for two. */
	IN(s, ACK, .seq = 1, .ack = UP_TO(2));
	segments(s, 11, 12, 20);
	IN(s, ACK, .seq = 1, .ack = UP_TO(3));
	segments(s, 13, 14, 20);
}

static void
DT_02_initial_window_is_a_knob(struct script *s)
{
	s->conf.tcp.initial_window = 3;
	START(s);
	ESTABLISH(s);
	SEND_PATTERN(s, 20 * room(s));
	segments(s, 1, 3, 20);
}

static void
DT_02_peers_window_is_the_limit(struct script *s)
{
	s->peer_ws = false;
	START(s);
	ESTABLISH(s);
	IN(s, ACK, .seq = 1, .ack = 1, .win = SET(2 * room(s)));
	SEND_PATTERN(s, 20 * room(s));
	segments(s, 1, 2, 20);
}

static void
dup_acks(struct script *s, int n)
{
	while (n-- > 0)
		IN(s, ACK, .seq = 1, .ack = 1);
}

/* RFC 5681 3.2: on the third duplicate, half of the flight plus three. */
static void
DT_01_fast_retransmit(struct script *s)
{
	flight(s);
	dup_acks(s, 2);
	SILENT(s);
	dup_acks(s, 1);
	segments(s, 1, 1, 20);
	COUNTED(s, FAST_RETRANSMITS, 1);
	EQUAL(s, script_info(s).cwnd, 8 * room(s));
	/* Each more has left the network: from the sixth on there is room for something new. */
	dup_acks(s, 2);
	SILENT(s);
	dup_acks(s, 1);
	segments(s, 11, 11, 20);
	dup_acks(s, 3);
	segments(s, 12, 14, 20);
	/* The hole is filled: five segments, half of the flight; four of them are out. */
	IN(s, ACK, .seq = 1, .ack = UP_TO(11));
	segments(s, 15, 15, 20);
	EQUAL(s, script_info(s).cwnd, 5 * room(s));
	COUNTED(s, RETRANSMITS, 1);
}

/* RFC 6582: a partial ACK says where the next hole is; and the window deflates by it. */
static void
DT_01_partial_ack(struct script *s)
{
	flight(s);
	dup_acks(s, 3);
	segments(s, 1, 1, 20);
	dup_acks(s, 5);
	segments(s, 11, 13, 20);
	EQUAL(s, script_info(s).cwnd, 13 * room(s));
	/* Segment 4 is missing as well: 13 - 3 + 1, and ten are in flight; one may leave. */
	IN(s, ACK, .seq = 1, .ack = UP_TO(4));
	OUT(s, ACK, .seq = UP_TO(4), .ack = 1, .len = room(s));
	segments(s, 14, 14, 20);
	EQUAL(s, script_info(s).cwnd, 11 * room(s));
	COUNTED(s, FAST_RETRANSMITS, 1);
	IN(s, ACK, .seq = 1, .ack = UP_TO(14));
	segments(s, 15, 18, 20);
}

static void
DT_01_what_is_no_duplicate(struct script *s)
{
	START(s);
	ESTABLISH(s);
	/* Nothing in flight. */
	dup_acks(s, 5);
	SILENT(s);
	SEND_PATTERN(s, 3 * room(s));
	segments(s, 1, 3, 3);
	/* With data, or with another window. */
	for (uint32_t i = 0; i < 4; i++) {
		IN(s, PSH_ACK, .seq = 1 + i, .ack = 1, .data = "x");
		OUT(s, ACK, .seq = UP_TO(4), .ack = 2 + i);
	}
	for (uint32_t i = 0; i < 4; i++)
		IN(s, ACK, .seq = 5, .ack = 1, .win = SET(60000 + i));
	SILENT(s);
	COUNTED(s, FAST_RETRANSMITS, 0);
	EVENTS(s, "data:1 data:1 data:1 data:1");
	RECEIVED(s, "xxxx");
}

/* The timer: the first segment alone, then as many as ACKs make room for. */
static void
DT_01_timeout_of_a_flight(struct script *s)
{
	flight(s);
	OUT_AT(s, 200, ACK, .seq = 1, .ack = 1, .len = room(s));
	SILENT(s);
	EQUAL(s, script_info(s).cwnd, room(s));
	IN(s, ACK, .seq = 1, .ack = UP_TO(2));
	segments(s, 2, 3, 20);
	IN(s, ACK, .seq = 1, .ack = UP_TO(3));
	segments(s, 4, 5, 20);
	/* The rest had arrived: nothing of it is sent again. */
	IN(s, ACK, .seq = 1, .ack = UP_TO(11));
	COUNTED(s, RETRANSMITS, 5);
	OUT(s, ACK, .seq = UP_TO(11), .ack = 1, .len = room(s));
	OUT(s, ACK, .seq = UP_TO(12), .ack = 1, .len = room(s));
	OUT(s, ACK, .seq = UP_TO(13), .ack = 1, .len = room(s));
	SILENT(s);
}

/* ---- the peer's window is closed */

static void
closed_window(struct script *s)
{
	START(s);
	ESTABLISH(s);
	IN(s, ACK, .seq = 1, .ack = 1, .win = SET(0));
}

static void
DT_05_probes_for_ever_while_answered(struct script *s)
{
	uint64_t wait = 200;

	closed_window(s);
	SEND(s, "hello");
	for (int i = 0; i < 40; i++) {
		OUT_AT(s, wait, ACK, .seq = 1, .ack = 1, .data = "h");
		IN(s, ACK, .seq = 1, .ack = 1, .win = SET(0));
		SILENT(s);
		wait = wait * 2 < 120000 ? wait * 2 : 120000;
	}
	STATE(s, ESTABLISHED);
	COUNTED(s, PERSIST_PROBES, 40);
	COUNTED(s, FAST_RETRANSMITS, 0);
	/* It opens: the byte that was refused, and what is behind it. */
	IN(s, ACK, .seq = 1, .ack = 1, .win = SET(1000));
	OUT(s, ACK, .seq = 1, .ack = 1, .data = "h");
	OUT(s, PSH_ACK, .seq = 2, .ack = 1, .data = "ello");
	/* The probes' long wait is over too. */
	OUT_AT(s, 200, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
	IN(s, ACK, .seq = 1, .ack = 6);
	EVENTS(s, "sendable");
	QUIET(s, 1000000);
}

static void
DT_05_probe_is_taken(struct script *s)
{
	closed_window(s);
	SEND(s, "hello");
	OUT_AT(s, 200, ACK, .seq = 1, .ack = 1, .data = "h");
	IN(s, ACK, .seq = 1, .ack = 2, .win = SET(0));
	SILENT(s);
	QUIET(s, 199);
	script_advance(s, s->now + 10000 * MS, true);
	OUT(s, ACK, .seq = 2, .ack = 1, .data = "e");
	IN(s, ACK, .seq = 1, .ack = 3, .win = SET(1000));
	OUT(s, PSH_ACK, .seq = 3, .ack = 1, .data = "llo");
	IN(s, ACK, .seq = 1, .ack = 6);
	EVENTS(s, "sendable");
	QUIET(s, 1000000);
}

static void
CM_19_no_answer_to_probes(struct script *s)
{
	uint64_t wait = 200;

	closed_window(s);
	SEND(s, "hello");
	for (int i = 0; i < 15; i++) {
		OUT_AT(s, wait, ACK, .seq = 1, .ack = 1, .data = "h");
		wait = wait * 2 < 120000 ? wait * 2 : 120000;
	}
	QUIET(s, wait - 1);
	EVENTS(s, "");
	QUIET(s, 3);
	EVENTS(s, "closed:ETIMEDOUT");
}

static void
DT_05_fin_behind_closed_window(struct script *s)
{
	closed_window(s);
	CLOSE(s);
	SILENT(s);
	OUT_AT(s, 200, FIN_ACK, .seq = 1, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 1, .win = SET(0));
	OUT_AT(s, 400, FIN_ACK, .seq = 1, .ack = 1);
	/* Window or no window: it is taken. */
	IN(s, FIN_ACK, .seq = 1, .ack = 2, .win = SET(0));
	OUT(s, ACK, .seq = 2, .ack = 2);
	EVENTS(s, "closed");
}

static void
DT_05_data_and_fin_behind_closed_window(struct script *s)
{
	closed_window(s);
	SEND(s, "hi");
	CLOSE(s);
	OUT_AT(s, 200, ACK, .seq = 1, .ack = 1, .data = "h");
	IN(s, ACK, .seq = 1, .ack = 2, .win = SET(0));
	SILENT(s);
	IN(s, ACK, .seq = 1, .ack = 2, .win = SET(2));
	OUT(s, FIN_ACK | PSH, .seq = 2, .ack = 1, .data = "i");
	IN(s, FIN_ACK, .seq = 1, .ack = 4);
	OUT(s, ACK, .seq = 4, .ack = 2);
	EVENTS(s, "closed");
}

/* ---- ours is */

/* What has been offered is never taken back, and is offered again only when it is worth it. */
static void
DT_04_our_window(struct script *s)
{
	s->conf.tcp.receive_buffer = 4000;
	s->hold = true;
	START(s);
	ESTABLISH(s);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .len = 1000);
	OUT(s, ACK, .seq = 1, .ack = 1001, .win = SET(3000));
	IN(s, PSH_ACK, .seq = 1001, .ack = 1, .len = 1400);
	OUT(s, ACK, .seq = 1, .ack = 2401, .win = SET(1600));
	/* More than fits: the part that does is taken. */
	IN(s, PSH_ACK, .seq = 2401, .ack = 1, .len = 1400);
	IN(s, PSH_ACK, .seq = 3801, .ack = 1, .len = 1000);
	OUT(s, ACK, .seq = 1, .ack = 4001, .win = SET(0));
	EVENTS(s, "data:1000 data:1400 data:1400 data:200");
	RECEIVED_PATTERN(s, 0, 4000);
	/* A probe of the closed window is answered and not taken. */
	IN(s, ACK, .seq = 4001, .ack = 1, .len = 1);
	OUT(s, ACK, .seq = 1, .ack = 4001, .win = SET(0));
	CONSUME(s, 1000);
	SILENT(s);
	CONSUME(s, 1000);
	OUT(s, ACK, .seq = 1, .ack = 4001, .win = SET(2000));
	IN(s, PSH_ACK, .seq = 4001, .ack = 1, .len = 1000);
	OUT(s, ACK, .seq = 1, .ack = 5001, .win = SET(1000));
	EVENTS(s, "data:1000");
	RECEIVED_PATTERN(s, 4000, 1000);
}

/* While our window is closed the peer's ACKs and RST still count (RFC 9293 3.10.7.4). */
static void
DT_05_our_window_closed(struct script *s)
{
	s->conf.tcp.receive_buffer = 1000;
	s->hold = true;
	START(s);
	ESTABLISH(s);
	SEND(s, "question");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "question");
	IN(s, ACK, .seq = 1, .ack = 1, .len = 1000);
	OUT(s, ACK, .seq = 9, .ack = 1001, .win = SET(0));
	IN(s, ACK, .seq = 1001, .ack = 9);
	EVENTS(s, "data:1000 sendable");
	RECEIVED_PATTERN(s, 0, 1000);
	IN(s, RST, .seq = 1001);
	EVENTS(s, "closed:ECONNRESET");
}

static const struct row_test tests[] = {
	ROW_TEST("DT-02", DT_02_initial_window_of_ten),
	ROW_TEST("DT-02", DT_02_initial_window_is_a_knob),
	ROW_TEST("DT-02", DT_02_peers_window_is_the_limit),
	ROW_TEST("DT-01", DT_01_fast_retransmit),
	ROW_TEST("DT-01", DT_01_partial_ack),
	ROW_TEST("DT-01", DT_01_what_is_no_duplicate),
	ROW_TEST("DT-01", DT_01_timeout_of_a_flight),
	ROW_TEST("DT-05", DT_05_probes_for_ever_while_answered),
	ROW_TEST("DT-05", DT_05_probe_is_taken),
	ROW_TEST("CM-19 DT-05", CM_19_no_answer_to_probes),
	ROW_TEST("DT-05", DT_05_fin_behind_closed_window),
	ROW_TEST("DT-05", DT_05_data_and_fin_behind_closed_window),
	ROW_TEST("DT-04", DT_04_our_window),
	ROW_TEST("DT-05", DT_05_our_window_closed),
};

SCRIPT_MAIN(tests)
