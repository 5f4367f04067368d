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

/* RFC 5681 3.1, RFC 9406 4.2: by what is acknowledged, eight segments' worth at most. */
static void
DT_02_slow_start_counts_bytes(struct script *s)
{
	flight(s);
	IN(s, ACK, .seq = 1, .ack = 2);
	SILENT(s);
	EQUAL(s, script_info(s).cwnd, 10 * room(s) + 1);
	IN(s, ACK, .seq = 1, .ack = UP_TO(11));
	EQUAL(s, script_info(s).cwnd, 18 * room(s) + 1);
	segments(s, 11, 20, 20);
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

/* RFC 9293 3.8.6.2.1: no small segment into what is left of a window while more is to come. */
static void
DT_04_no_silly_segments(struct script *s)
{
	s->peer_ws = false;
	START(s);
	ESTABLISH(s);
	IN(s, ACK, .seq = 1, .ack = 1, .win = SET(2 * room(s) + 100));
	SEND_PATTERN(s, 3 * room(s));
	segments(s, 1, 2, 3);
	IN(s, ACK, .seq = 1, .ack = UP_TO(3), .win = SET(100));
	/* Nothing in flight any more: after a while a small one is better than none. */
	OUT_AT(s, 200, ACK, .seq = UP_TO(3), .ack = 1, .len = 100);
	SILENT(s);
}

static void
dup_acks(struct script *s, int n)
{
	while (n-- > 0)
		IN(s, ACK, .seq = 1, .ack = 1);
}

/*
 * RFC 3042: the first two duplicates let a new segment leave each. RFC 5681 3.2: the third, half
 * of the flight, not counting those, plus three.
 */
static void
DT_01_fast_retransmit(struct script *s)
{
	flight(s);
	dup_acks(s, 1);
	segments(s, 11, 11, 20);
	dup_acks(s, 1);
	segments(s, 12, 12, 20);
	EQUAL(s, script_info(s).cwnd, 10 * room(s));
	dup_acks(s, 1);
	segments(s, 1, 1, 20);
	COUNTED(s, FAST_RETRANSMITS, 1);
	EQUAL(s, script_info(s).cwnd, 8 * room(s));
	/* Each more has left the network: from the eighth on there is room for something new. */
	dup_acks(s, 4);
	SILENT(s);
	dup_acks(s, 1);
	segments(s, 13, 13, 20);
	dup_acks(s, 3);
	segments(s, 14, 16, 20);
	/* The hole is filled: five segments, half of the flight; four of them are out. */
	IN(s, ACK, .seq = 1, .ack = UP_TO(13));
	segments(s, 17, 17, 20);
	EQUAL(s, script_info(s).cwnd, 5 * room(s));
	COUNTED(s, RETRANSMITS, 1);
	/* Congestion avoidance from here on, equation 3: a segment in a round trip. */
	IN(s, ACK, .seq = 1, .ack = UP_TO(14));
	EQUAL(s, script_info(s).cwnd, 5 * room(s) + room(s) / 5);
	segments(s, 18, 18, 20);
}

/* Only for data there is, within the peer's window; and an ACK of something new ends it. */
static void
DT_01_limited_transmit(struct script *s)
{
	s->peer_ws = false;
	START(s);
	ESTABLISH(s);
	IN(s, ACK, .seq = 1, .ack = 1, .win = SET(11 * room(s)));
	SEND_PATTERN(s, 20 * room(s));
	segments(s, 1, 10, 20);
	IN(s, ACK, .seq = 1, .ack = 1, .win = SET(11 * room(s)));
	segments(s, 11, 11, 20);
	IN(s, ACK, .seq = 1, .ack = 1, .win = SET(11 * room(s)));
	SILENT(s);
	/* It was only late: ten are in the window of ten again. */
	IN(s, ACK, .seq = 1, .ack = UP_TO(2), .win = SET(20 * room(s)));
	SILENT(s);
	EQUAL(s, script_info(s).cwnd, 10 * room(s));
	IN(s, ACK, .seq = 1, .ack = UP_TO(3), .win = SET(20 * room(s)));
	segments(s, 12, 13, 20);
	COUNTED(s, RETRANSMITS, 0);
}

/* Karn: without timestamps what was sent twice is not timed, however it came to that. */
static void
DT_01_fast_retransmit_is_not_timed(struct script *s)
{
	uint32_t srtt;

	s->peer_ts = false;
	s->peer_sack = false; /* no loss probe */
	flight(s);
	srtt = script_info(s).srtt_us;
	dup_acks(s, 3);
	segments(s, 1, 1, 20);
	AFTER(s, 100);
	IN(s, ACK, .seq = 1, .ack = UP_TO(11));
	EQUAL(s, script_info(s).srtt_us, srtt);
	segments(s, 11, 15, 20);
	AFTER(s, 50);
	IN(s, ACK, .seq = 1, .ack = UP_TO(16));
	CHECK(s, script_info(s).srtt_us > srtt);
	segments(s, 16, 20, 20);
}

/* RFC 7323 4: with them the echo says which one has arrived. */
static void
DT_01_fast_retransmit_and_timestamps(struct script *s)
{
	s->peer_ts = true;
	flight(s);
	EQUAL(s, script_info(s).srtt_us, 1);
	dup_acks(s, 3);
	segments(s, 1, 1, 20);
	AFTER(s, 80);
	IN(s, ACK, .seq = 1, .ack = UP_TO(11));
	EQUAL(s, script_info(s).srtt_us, 1 + 79999 / 8);
	FORGET(s);
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
	SILENT(s);
	COUNTED(s, FAST_RETRANSMITS, 0);
	EVENTS(s, "data:1 data:1 data:1 data:1");
	RECEIVED(s, "xxxx");
}

/* The timer, without SACK: the first segment alone, then as many as ACKs make room for. */
static void
DT_01_timeout_of_a_flight(struct script *s)
{
	s->peer_sack = false;
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

/* RFC 9293 3.10.7.4: only a segment that is newer, by number or by ACK, says what the window is. */
static void
DT_04_window_from_newer_segments_only(struct script *s)
{
	s->peer_ws = false;
	START(s);
	ESTABLISH(s);
	SEND(s, "x");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x");
	/* Two that have overtaken each other: the later one's window stays. */
	IN(s, PSH_ACK, .seq = 6, .ack = 2, .win = SET(1000), .data = "world");
	OUT(s, ACK, .seq = 2, .ack = 1, .sack = {{6, 11}});
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .win = SET(5), .data = "hello");
	OUT(s, ACK, .seq = 2, .ack = 11);
	EQUAL(s, script_info(s).snd_wnd, 1000);
	/* The same number, an older ACK. */
	IN(s, PSH_ACK, .seq = 6, .ack = 1, .win = SET(5), .data = "worlds");
	OUT(s, ACK, .seq = 2, .ack = 12, .sack = {{6, 11}});
	EQUAL(s, script_info(s).snd_wnd, 1000);
	EVENTS(s, "sendable data:5 data:5 data:1");
	RECEIVED(s, "helloworlds");
	SEND_PATTERN(s, 2000);
	OUT_AT(s, 200, ACK, .seq = 2, .ack = 12, .data = (const char *)script_pattern, .len = 1000);
	SILENT(s);
	IN(s, ACK, .seq = 12, .ack = 1002, .win = SET(5));
	OUT_AT(s, 200, ACK, .seq = 1002, .ack = 12, .data = (const char *)script_pattern + 1000, .len = 5);
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

/* A segment of `len` bytes at `*at`; the right edge of the window in its answer. */
static uint32_t
edge_after(struct script *s, uint32_t *at, uint32_t len)
{
	const uint8_t *tcp;

	IN(s, ACK, .seq = *at, .ack = 1, .len = len);
	*at += len;
	tcp = script_next_frame(s)->b + (script_v6 ? 54 : 34);
	EQUAL(s, script_get32(tcp + 8) - s->t->isn, *at);
	return *at + (script_get16(tcp + 14) << 3);
}

/*
 * Where the window is scaled and the data comes in odd pieces, the edge cannot stay where
 * it is: it moves by less than a unit (RFC 7323 2.4), never adds up, and what has once
 * been offered is accepted.
 */
static void
DT_04_scaled_window(struct script *s)
{
	uint32_t at = 1, most = 0;

	s->peer_ws = true;
	s->hold = true;
	START(s);
	ESTABLISH(s);
	for (uint32_t i = 0; i < 40; i++) {
		uint32_t edge = edge_after(s, &at, 1 + i * 37 % 1000);

		CHECK(s, edge + 8 > most);
		CHECK(s, edge < 1 + 262144 + 8);
		most = edge > most ? edge : most;
	}
	CHECK(s, most > 1 + 262144 - 8);
	while (at < most)
		edge_after(s, &at, most - at < 1400 ? most - at : 1400);
	EQUAL(s, script_info(s).unread, most - 1);
	EQUAL(s, script_info(s).rcv_wnd, 0);
	RECEIVED_PATTERN(s, 0, most - 1);
	s->events[0] = 0;
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

/* Both windows closed: what the peer says comes one number ahead, behind its own probe. */
static void
DT_05_both_windows_closed(struct script *s)
{
	s->conf.tcp.receive_buffer = 1000;
	s->hold = true;
	START(s);
	ESTABLISH(s);
	IN(s, ACK, .seq = 1, .ack = 1, .len = 1000, .win = SET(0));
	OUT(s, ACK, .seq = 1, .ack = 1001, .win = SET(0));
	SEND(s, "answer");
	SILENT(s);
	OUT_AT(s, script_info(s).rto_us / 1000, ACK, .seq = 1, .ack = 1001, .len = 1, .data = "a",
		.win = SET(0));
	/* Its probe is not taken, its ACK is; then its window opens. */
	IN(s, ACK, .seq = 1001, .ack = 1, .len = 1, .win = SET(0));
	OUT(s, ACK, .seq = 2, .ack = 1001, .win = SET(0), .tsecr = SET(0));
	IN(s, ACK, .seq = 1002, .ack = 2);
	OUT(s, PSH_ACK, .seq = 2, .ack = 1001, .data = "nswer", .win = SET(0), .tsecr = SET(0));
	IN(s, ACK, .seq = 1002, .ack = 7);
	SILENT(s);
	EVENTS(s, "data:1000 sendable");
	RECEIVED_PATTERN(s, 0, 1000);
	IN(s, RST, .seq = 1001);
	EVENTS(s, "closed:ECONNRESET");
}

/* What all the others rely on: sequence numbers start where they are said to, and go past it. */
static void
DT_08_both_directions_wrap(struct script *s)
{
	START(s);
	ESTABLISH(s);
	if (s->aim)
		EQUAL(s, s->t->iss, s->aim);
	for (uint32_t i = 0; i < 4; i++) {
		IN(s, PSH_ACK, .seq = 1 + 9 * i, .ack = 1 + 9 * i, .data = "something");
		SEND_PATTERN(s, 9);
		OUT(s, PSH_ACK, .seq = 1 + 9 * i, .ack = 10 + 9 * i, .len = 9);
	}
	CLOSE(s);
	OUT(s, FIN_ACK, .seq = 37, .ack = 37);
	IN(s, FIN_ACK, .seq = 37, .ack = 38);
	OUT(s, ACK, .seq = 38, .ack = 38);
	EVENTS(s, "data:9 sendable data:9 sendable data:9 sendable data:9 closed");
	RECEIVED(s, "somethingsomethingsomethingsomething");
}

static const struct row_test tests[] = {
	ROW_TEST("DT-05", DT_05_both_windows_closed),
	ROW_TEST("DT-02", DT_02_initial_window_of_ten),
	ROW_TEST("DT-02", DT_02_slow_start_counts_bytes),
	ROW_TEST("DT-02", DT_02_initial_window_is_a_knob),
	ROW_TEST("DT-02", DT_02_peers_window_is_the_limit),
	ROW_TEST("DT-04", DT_04_no_silly_segments),
	ROW_TEST("DT-01 DT-02", DT_01_fast_retransmit),
	ROW_TEST("DT-01", DT_01_limited_transmit),
	ROW_TEST("DT-01", DT_01_fast_retransmit_is_not_timed),
	ROW_TEST("DT-01 OP-05", DT_01_fast_retransmit_and_timestamps),
	ROW_TEST("DT-01", DT_01_partial_ack),
	ROW_TEST("DT-01", DT_01_what_is_no_duplicate),
	ROW_TEST("DT-01", DT_01_timeout_of_a_flight),
	ROW_TEST("DT-05", DT_05_probes_for_ever_while_answered),
	ROW_TEST("DT-05", DT_05_probe_is_taken),
	ROW_TEST("CM-19 DT-05", CM_19_no_answer_to_probes),
	ROW_TEST("DT-05", DT_05_fin_behind_closed_window),
	ROW_TEST("DT-05", DT_05_data_and_fin_behind_closed_window),
	ROW_TEST("DT-04", DT_04_window_from_newer_segments_only),
	ROW_TEST("DT-04", DT_04_our_window),
	ROW_TEST("DT-04", DT_04_scaled_window),
	ROW_TEST("DT-05", DT_05_our_window_closed),
	ROW_TEST("DT-08", DT_08_both_directions_wrap),
};

SCRIPT_MAIN(tests)
