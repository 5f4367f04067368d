/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What options agree on: MSS (OP-02), window scale (OP-03), timestamps and what they
 * protect from (OP-05, OP-06). Their bytes: test_option_bytes.c.
 */
#include "stream.h"

/* ---- OP-02 */

static void
OP_02_ours_is_mtu_less_40(struct script *s)
{
	s->conf.mtu = 1280;
	START(s);
	LISTEN(s);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1, .mss = SET(1240));
	USE(s, 1);
	s->t->lport++;
	CONNECT(s);
	OUT(s, SYN, .mss = SET(1240));
	IN(s, SYN_ACK, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "established");
	/* The lesser of the two is used, options deducted. */
	sends_segments_of(s, s->peer_ts ? 1228 : 1240);
}

static void
OP_02_ours_is_a_knob(struct script *s)
{
	s->conf.tcp.mss = 500;
	START(s);
	LISTEN(s);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1, .mss = SET(500));
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
	sends_segments_of(s, s->peer_ts ? 488 : 500);
}

static void
OP_02_absent(struct script *s)
{
	START(s);
	LISTEN(s);
	IN(s, SYN, .mss = ABSENT);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
	sends_segments_of(s, MSS_UNSAID - (s->peer_ts ? 12 : 0));
}

static void
OP_02_absent_from_syn_ack(struct script *s)
{
	START(s);
	CONNECT(s);
	OUT(s, SYN);
	IN(s, SYN_ACK, .ack = 1, .mss = ABSENT);
	OUT(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "established");
	sends_segments_of(s, MSS_UNSAID - (s->peer_ts ? 12 : 0));
}

static void
OP_02_values(struct script *s)
{
	const struct {
		uint32_t theirs, used;
	} mss[] = {{0, MSS_UNSAID}, {1, 48}, {47, 48}, {48, 48}, {49, 49}, {536, 536}, {1459, 1459},
		{1460, 1460}, {1461, 1460}, {9000, 1460}, {65535, 1460}};

	START(s);
	LISTEN(s);
	for (size_t i = 0; i < RTE_DIM(mss); i++) {
		USE(s, i);
		IN(s, SYN, .mss = SET(mss[i].theirs));
		OUT(s, SYN_ACK, .ack = 1);
		IN(s, ACK, .seq = 1, .ack = 1);
		EVENTS(s, "accept");
		sends_segments_of(s, mss[i].used - (s->peer_ts ? 12 : 0));
	}
}

static void
OP_02_only_on_syn(struct script *s)
{
	START(s);
	s->peer_ts = false;
	ESTABLISH(s);
	IN(s, ACK, .seq = 1, .ack = 1, .mss = SET(100));
	sends_segments_of(s, 1460);
}

/* ---- OP-03 */

static void
OP_03_both_scale(struct script *s)
{
	s->peer_ws = true;
	START(s);
	ESTABLISH(s);
	/* 10 means 1280: that much is sent, and no more. */
	IN(s, ACK, .seq = 1, .ack = 1, .win = SET(10));
	SEND_PATTERN(s, 2000);
	OUT_AT(s, 200, ACK, .seq = 1, .ack = 1, .len = 1280);
	SILENT(s);
	IN(s, ACK, .seq = 1, .ack = 1281, .win = SET(10));
	OUT(s, PSH_ACK, .seq = 1281, .ack = 1, .len = 720);
}

static void
OP_03_not_both(struct script *s)
{
	s->peer_ws = false;
	START(s);
	ESTABLISH(s);
	IN(s, ACK, .seq = 1, .ack = 1, .win = SET(10));
	SEND_PATTERN(s, 20);
	OUT_AT(s, 200, ACK, .seq = 1, .ack = 1, .len = 10);
	SILENT(s);
	IN(s, ACK, .seq = 1, .ack = 11);
	OUT(s, PSH_ACK, .seq = 11, .ack = 1, .len = 10);
}

static void
OP_03_off_by_knob(struct script *s)
{
	s->peer_ws = true;
	s->conf.tcp.window_scale = false;
	START(s);
	ESTABLISH(s);
	IN(s, ACK, .seq = 1, .ack = 1, .win = SET(10));
	SEND_PATTERN(s, 20);
	OUT_AT(s, 200, ACK, .seq = 1, .ack = 1, .len = 10);
	SILENT(s);
}

static void
OP_03_never_scaled_in_syn(struct script *s)
{
	s->peer_ws = true;
	START(s);
	CONNECT(s);
	OUT(s, SYN);
	IN(s, SYN_ACK, .ack = 1, .win = SET(100));
	OUT(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "established");
	SEND_PATTERN(s, 200);
	OUT(s, ACK, .seq = 1, .ack = 1, .len = 100);
	SILENT(s);
}

static void
OP_03_more_than_14_is_14(struct script *s)
{
	START(s);
	LISTEN(s);
	s->peer_ws = true;
	IN(s, SYN, .wscale = SET(15));
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 1, .win = SET(1));
	EVENTS(s, "accept");
	EQUAL(s, script_info(s).snd_wnd, 1u << 14);
	USE(s, 1);
	IN(s, SYN, .wscale = SET(255));
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 1, .win = SET(65535));
	EVENTS(s, "accept");
	EQUAL(s, script_info(s).snd_wnd, 65535u << 14);
}

/* Zero is a scale too: it allows the other direction to have one. */
static void
OP_03_zero(struct script *s)
{
	s->peer_ws = true;
	START(s);
	LISTEN(s);
	IN(s, SYN, .wscale = SET(0));
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .win = SET(10), .data = "x");
	OUT(s, ACK, .seq = 1, .ack = 2);
	EQUAL(s, script_info(s).snd_wnd, 10);
	EVENTS(s, "accept data:1");
	RECEIVED(s, "x");
}

/* With this receive buffer we ask for `shift`, and then offer `window`. */
static void
buffer_of(struct script *s, uint32_t buffer, uint32_t shift, uint32_t window)
{
	s->peer_ws = true;
	s->conf.tcp.receive_buffer = buffer;
	START(s);
	LISTEN(s);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1, .wscale = SET(shift));
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x");
	OUT(s, ACK, .seq = 1, .ack = 2, .win = SET(window));
	EVENTS(s, "accept data:1");
	RECEIVED(s, "x");
}

static void
OP_03_buffer_of_1000(struct script *s)
{
	buffer_of(s, 1000, 0, 1000);
}

static void
OP_03_largest_without_scale(struct script *s)
{
	buffer_of(s, 65535, 0, 65535);
}

static void
OP_03_least_with_scale(struct script *s)
{
	buffer_of(s, 65536, 1, 32768);
}

static void
OP_03_buffer_of_1_gib(struct script *s)
{
	buffer_of(s, 1u << 30, 14, 65535);
}

/* ---- OP-05. That TSval and TSecr are right wherever they are usual, OUT sees to. */

static void
OP_05_not_without_both(struct script *s)
{
	s->peer_ts = s->active;
	s->conf.tcp.timestamps = !s->active;
	START(s);
	ESTABLISH(s);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x", .tsval = ABSENT);
	OUT(s, ACK, .seq = 1, .ack = 2, .tsval = ABSENT);
	EVENTS(s, "data:1");
	RECEIVED(s, "x");
}

static void
OP_05_echo_and_clock(struct script *s)
{
	s->peer_ts = true;
	START(s);
	ESTABLISH(s);
	for (uint32_t i = 0; i < 5; i++) {
		AFTER(s, 7);
		IN(s, PSH_ACK, .seq = 1 + i, .ack = 1, .data = "x", .tsval = SET(100 * i));
		OUT(s, ACK, .seq = 1, .ack = 2 + i, .tsecr = SET(100 * i));
	}
	EVENTS(s, "data:1 data:1 data:1 data:1 data:1");
	RECEIVED(s, "xxxxx");
}

static void
OP_05_retransmitted_syn_has_current_value(struct script *s)
{
	uint32_t first;

	START(s);
	CONNECT(s);
	OUT(s, SYN);
	first = s->t->ts_out;
	OUT_AT(s, 1000, SYN);
	CHECK(s, s->t->ts_out - first >= 1000 && s->t->ts_out - first <= 1002);
}

static void
OP_05_offset_is_the_tuples(struct script *s)
{
	uint32_t offset[8];

	START(s);
	for (int i = 0; i < 8; i++) {
		USE(s, i);
		CONNECT(s);
		OUT(s, SYN);
		offset[i] = s->t->ts_offset;
		for (int j = 0; j < i; j++)
			CHECK(s, offset[i] - offset[j] > 1u << 16 &&
					 offset[j] - offset[i] > 1u << 16);
	}
	/* The next incarnation goes on where this one was: OUT knows the offset. */
	CLOSE(s);
	EVENTS(s, "closed");
	AFTER(s, 500);
	CONNECT(s);
	NEXT_INCARNATION(s, 0);
	OUT(s, SYN);
}

static void
OP_05_ts_recent_rule(struct script *s)
{
	s->peer_ts = true;
	START(s);
	ESTABLISH(s);
	/* Beyond a gap: SEG.SEQ > Last.ACK.sent, TS.Recent stays. */
	IN(s, PSH_ACK, .seq = 6, .ack = 1, .data = "world", .tsval = SET(20));
	OUT(s, ACK, .seq = 1, .ack = 1, .tsecr = SET(0), .sack = {{6, 11}});
	/* What fills it says how long the path takes now (RFC 7323 4.3 (C)). */
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "hello", .tsval = SET(10));
	OUT(s, ACK, .seq = 1, .ack = 11, .tsecr = SET(10));
	/* Not acceptable: outside the window, or old. */
	IN(s, PSH_ACK, .seq = 1000000, .ack = 1, .data = "x", .tsval = SET(50));
	OUT(s, ACK, .seq = 1, .ack = 11, .tsecr = SET(10));
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "hello", .tsval = SET(60));
	OUT(s, ACK, .seq = 1, .ack = 11, .tsecr = SET(10), .sack = {{1, 6}});
	/* Covering Last.ACK.sent, old data in front: acceptable. */
	IN(s, PSH_ACK, .seq = 6, .ack = 1, .data = "worldwide", .tsval = SET(70));
	OUT(s, ACK, .seq = 1, .ack = 15, .tsecr = SET(70), .sack = {{6, 11}});
	EVENTS(s, "data:5 data:5 data:4");
	RECEIVED(s, "helloworldwide");
}

/* Beyond a gap and filling it in one burst: the one at Last.ACK.sent is the filler. */
static void
OP_05_gap_filled_within_a_burst(struct script *s)
{
	s->peer_ts = true;
	START(s);
	ESTABLISH(s);
	BURST(s);
	IN(s, PSH_ACK, .seq = 6, .ack = 1, .data = "world", .tsval = SET(10));
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "hello", .tsval = SET(20));
	IN(s, PSH_ACK, .seq = 11, .ack = 1, .data = "!", .tsval = SET(30));
	ARRIVES(s);
	OUT(s, ACK, .seq = 1, .ack = 12, .tsecr = SET(20));
	EVENTS(s, "data:5 data:5 data:1");
	RECEIVED(s, "helloworld!");
}

/* Of two segments that one ACK answers, the earlier one's value is echoed (RFC 7323 4.3). */
static void
OP_05_one_ack_for_two(struct script *s)
{
	s->peer_ts = true;
	START(s);
	ESTABLISH(s);
	IN(s, ACK, .seq = 1, .ack = 1, .data = "a", .tsval = SET(10));
	IN(s, ACK, .seq = 2, .ack = 1, .data = "b", .tsval = SET(20));
	OUT(s, ACK, .seq = 1, .ack = 3, .tsecr = SET(10));
	EVENTS(s, "data:1 data:1");
	RECEIVED(s, "ab");
}

static void
OP_05_missing(struct script *s)
{
	s->peer_ts = true;
	START(s);
	ESTABLISH(s);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x", .tsval = ABSENT);
	IN(s, FIN_ACK, .seq = 1, .ack = 1, .tsval = ABSENT);
	SILENT(s);
	COUNTED(s, MISSING_TIMESTAMP, 2);
	EVENTS(s, "");
	/* RST excepted. */
	IN(s, RST, .seq = 1);
	EVENTS(s, "closed:ECONNRESET");
}

static void
OP_05_missing_in_syn_rcvd(struct script *s)
{
	s->peer_ts = true;
	START(s);
	LISTEN(s);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 1, .tsval = ABSENT);
	SILENT(s);
	COUNTED(s, MISSING_TIMESTAMP, 1);
	EVENTS(s, "");
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
}

static void
OP_05_missing_tolerated_by_knob(struct script *s)
{
	s->peer_ts = true;
	s->conf.tcp.tolerate_missing_ts = true;
	START(s);
	ESTABLISH(s);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x", .tsval = ABSENT);
	OUT(s, ACK, .seq = 1, .ack = 2);
	EVENTS(s, "data:1");
	RECEIVED(s, "x");
	COUNTED(s, MISSING_TIMESTAMP, 0);
}

/* ---- OP-06 */

static void
OP_06_old_duplicate_is_dropped(struct script *s)
{
	s->peer_ts = true;
	START(s);
	ESTABLISH(s);
	AFTER(s, 1000);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "new", .tsval = SET(1000));
	OUT(s, ACK, .seq = 1, .ack = 4);
	/* In the window by its number, of another turn of it by its time. */
	IN(s, PSH_ACK, .seq = 4, .ack = 1, .data = "old", .tsval = SET(999));
	OUT(s, ACK, .seq = 1, .ack = 4, .tsecr = SET(1000));
	IN(s, FIN_ACK, .seq = 4, .ack = 1, .tsval = SET(1001 - 0x80000000));
	OUT(s, ACK, .seq = 1, .ack = 4, .tsecr = SET(1000));
	COUNTED(s, PAWS_DROPPED, 2);
	EVENTS(s, "data:3");
	IN(s, PSH_ACK, .seq = 4, .ack = 1, .data = "now", .tsval = SET(1000));
	OUT(s, ACK, .seq = 1, .ack = 7);
	EVENTS(s, "data:3");
	RECEIVED(s, "newnow");
}

static void
OP_06_in_syn_rcvd(struct script *s)
{
	s->peer_ts = true;
	START(s);
	LISTEN(s);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 1, .tsval = SET(-1));
	OUT(s, ACK, .seq = 1, .ack = 1, .tsecr = SET(0));
	EVENTS(s, "");
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
}

#define DAY_MS 86400000ull

/*
 * Weeks take their time in virtual time too: where the peer's timestamps begin at the wrap,
 * once in each role. False elsewhere, and then a plain connection is all there is.
 */
static bool
establish_for_weeks(struct script *s)
{
	bool run = s->peer_ts && s->t->ts_base == (s->active ? 0xfffffff0 : 0x7ffffff8);

	START(s);
	ESTABLISH(s);
	return run;
}

/* A byte from the peer whose TSval lies before everything it has said so far. */
static void
old_timestamp(struct script *s, uint32_t at, bool taken)
{
	IN(s, PSH_ACK, .seq = at, .ack = 1, .data = "x", .tsval = SET(-1000));
	if (taken) {
		OUT(s, ACK, .seq = 1, .ack = at + 1);
		EVENTS(s, "data:1");
	} else {
		script_next_frame(s);
		EVENTS(s, "");
	}
}

/* RFC 7323 5.5: after 24 days TS.Recent says nothing any more; until then it does. */
static void
OP_06_ages_out_when_idle(struct script *s)
{
	if (!establish_for_weeks(s))
		return;
	AFTER(s, 23.9 * DAY_MS);
	SILENT(s);
	old_timestamp(s, 1, false);
	COUNTED(s, PAWS_DROPPED, 1);
	AFTER(s, 0.61 * DAY_MS);
	old_timestamp(s, 1, true);
	RECEIVED(s, "x");
	COUNTED(s, PAWS_DROPPED, 1);
	/* What has come now is what the next one is held against. */
	IN(s, PSH_ACK, .seq = 2, .ack = 1, .data = "y", .tsval = SET(-1001));
	script_next_frame(s);
	EVENTS(s, "");
	COUNTED(s, PAWS_DROPPED, 2);
}

/* Not when it has opened or been connected is what counts, but when the peer spoke last. */
static void
OP_06_idle_since_the_last_segment(struct script *s)
{
	if (!establish_for_weeks(s))
		return;
	AFTER(s, 10.3 * DAY_MS);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "a");
	OUT(s, ACK, .seq = 1, .ack = 2);
	EVENTS(s, "data:1");
	AFTER(s, 23.9 * DAY_MS);
	old_timestamp(s, 2, false);
	AFTER(s, 0.61 * DAY_MS);
	old_timestamp(s, 2, true);
	RECEIVED(s, "ax");
}

/* We are the first to speak again: the peer's ACK, its clock gone half way round, is one. */
static void
OP_06_we_speak_first(struct script *s)
{
	if (!establish_for_weeks(s))
		return;
	AFTER(s, 25 * DAY_MS);
	SEND(s, "hello");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
	IN(s, ACK, .seq = 1, .ack = 6);
	EVENTS(s, "sendable");
	COUNTED(s, PAWS_DROPPED, 0);
	QUIET(s, 1000);
	/* Days of silence are no unanswered probes. */
	AFTER(s, 10 * DAY_MS);
	IN(s, ACK, .seq = 1, .ack = 6, .win = SET(0));
	AFTER(s, 10 * DAY_MS);
	SEND(s, "x");
	SILENT(s);
	script_advance(s, s->now + 1000 * MS, true);
	OUT(s, ACK, .seq = 6, .ack = 1, .data = "x");
	script_advance(s, s->now + 1000 * MS, true);
	OUT(s, ACK, .seq = 6, .ack = 1, .data = "x");
	STATE(s, ESTABLISHED);
}

static const struct row_test tests[] = {
	ROW_TEST("OP-02", OP_02_ours_is_mtu_less_40),
	ROW_TEST("OP-02", OP_02_ours_is_a_knob),
	ROW_TEST("OP-02", OP_02_absent),
	ROW_TEST("OP-02", OP_02_absent_from_syn_ack),
	ROW_TEST("OP-02", OP_02_values),
	ROW_TEST("OP-02", OP_02_only_on_syn),
	ROW_TEST("OP-03", OP_03_both_scale),
	ROW_TEST("OP-03", OP_03_not_both),
	ROW_TEST("OP-03", OP_03_off_by_knob),
	ROW_TEST("OP-03", OP_03_never_scaled_in_syn),
	ROW_TEST("OP-03", OP_03_more_than_14_is_14),
	ROW_TEST("OP-03", OP_03_zero),
	ROW_TEST("OP-03", OP_03_buffer_of_1000),
	ROW_TEST("OP-03", OP_03_largest_without_scale),
	ROW_TEST("OP-03", OP_03_least_with_scale),
	ROW_TEST("OP-03", OP_03_buffer_of_1_gib),
	ROW_TEST("OP-05", OP_05_not_without_both),
	ROW_TEST("OP-05", OP_05_echo_and_clock),
	ROW_TEST("OP-05", OP_05_retransmitted_syn_has_current_value),
	ROW_TEST("OP-05", OP_05_offset_is_the_tuples),
	ROW_TEST("OP-05", OP_05_ts_recent_rule),
	ROW_TEST("OP-05", OP_05_gap_filled_within_a_burst),
	ROW_TEST("OP-05", OP_05_one_ack_for_two),
	ROW_TEST("OP-05", OP_05_missing),
	ROW_TEST("OP-05", OP_05_missing_in_syn_rcvd),
	ROW_TEST("OP-05", OP_05_missing_tolerated_by_knob),
	ROW_TEST("OP-06", OP_06_old_duplicate_is_dropped),
	ROW_TEST("OP-06", OP_06_in_syn_rcvd),
	ROW_TEST("OP-06", OP_06_ages_out_when_idle),
	ROW_TEST("OP-06", OP_06_idle_since_the_last_segment),
	ROW_TEST("OP-06", OP_06_we_speak_first),
};

SCRIPT_MAIN(tests)
