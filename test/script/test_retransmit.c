/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Nobody answers: when segments are sent again, how often, and what is remembered of
 * it. RFC 6298 throughout; times are virtual and no timer may be early.
 */
#include "flight.h"

/* ---- CM-09 */

/* SYNs at these times after the first, then the end. */
static void
syn_schedule(struct script *s, const char *preset, const uint32_t *wait_s, uint32_t n)
{
	script_must(s, spate_tcp_preset(&s->conf.tcp, preset), "preset");
	START(s);
	CONNECT(s);
	OUT(s, SYN);
	for (uint32_t i = 0; i + 1 < n; i++)
		OUT_AT(s, wait_s[i] * 1000, SYN);
	QUIET(s, wait_s[n - 1] * 1000 - 1);
	STATE(s, SYN_SENT);
	EVENTS(s, "");
	QUIET(s, 3);
	EVENTS(s, "closed:ETIMEDOUT");
	COUNTED(s, TIMED_OUT, 1);
	COUNTED(s, RETRANSMITS, n - 1);
	QUIET(s, 1000000);
}

static void
CM_09_syn_linux(struct script *s)
{
	static const uint32_t wait[] = {1, 2, 4, 8, 16, 32, 64}; /* 127 s */

	syn_schedule(s, "linux", wait, RTE_DIM(wait));
}

static void
CM_09_syn_rfc(struct script *s)
{
	static const uint32_t wait[] = {1, 2, 4, 8, 16, 32, 64, 128}; /* 255 s: more than 180 */

	syn_schedule(s, "rfc", wait, RTE_DIM(wait));
}

static void
CM_09_syn_bsd(struct script *s)
{
	static const uint32_t wait[] = {6, 24, 45}; /* at 0, 6, 30; 75 s */

	syn_schedule(s, "bsd", wait, RTE_DIM(wait));
}

static void
CM_09_knobs(struct script *s)
{
	s->conf.tcp.initial_rto_ms = 300;
	s->conf.tcp.syn_retries = 2;
	START(s);
	CONNECT(s);
	OUT(s, SYN);
	OUT_AT(s, 300, SYN);
	OUT_AT(s, 600, SYN);
	QUIET(s, 1200 - 1);
	EVENTS(s, "");
	QUIET(s, 3);
	EVENTS(s, "closed:ETIMEDOUT");
}

static void
CM_09_syn_ack(struct script *s)
{
	START(s);
	script_listen(s, 1);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	for (int i = 0; i < 5; i++)
		OUT_AT(s, 1000 << i, SYN_ACK, .ack = 1);
	QUIET(s, 32000 - 1);
	EQUAL(s, script_in_state(s, SPATE_SYN_RCVD), 1);
	QUIET(s, 3);
	EQUAL(s, script_in_state(s, SPATE_SYN_RCVD), 0);
	COUNTED(s, EMBRYO_TIMED_OUT, 1);
	COUNTED(s, OPENED, 0);
	EVENTS(s, "");
	/* Its place in the backlog is free. */
	USE(s, 1);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
}

/* The SYN+ACK of a simultaneous open counts from when it was first sent. */
static void
CM_09_simultaneous_open(struct script *s)
{
	START(s);
	CONNECT(s);
	OUT(s, SYN);
	OUT_AT(s, 1000, SYN);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	for (int i = 0; i < 5; i++)
		OUT_AT(s, 1000 << i, SYN_ACK, .ack = 1);
	QUIET(s, 32000 + 2);
	EVENTS(s, "closed:ETIMEDOUT");
}

/* RFC 6298 5.7 and RFC 5681 3.1: after a lost SYN, RTO 3 s and one segment to begin with. */
static void
after_lost_handshake(struct script *s)
{
	uint32_t r = room(s);

	EQUAL(s, script_info(s).srtt_us, 0);
	SEND_PATTERN(s, 3 * r);
	OUT(s, ACK, .seq = 1, .ack = 1, .len = r);
	OUT_AT(s, 3000, ACK, .seq = 1, .ack = 1, .len = r);
	OUT_AT(s, 6000, ACK, .seq = 1, .ack = 1, .len = r);
}

static void
CM_09_lost_syn(struct script *s)
{
	START(s);
	CONNECT(s);
	OUT(s, SYN);
	OUT_AT(s, 1000, SYN);
	IN(s, SYN_ACK, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "established");
	after_lost_handshake(s);
}

static void
CM_09_lost_syn_ack(struct script *s)
{
	START(s);
	LISTEN(s);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	OUT_AT(s, 1000, SYN_ACK, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
	after_lost_handshake(s);
}

/* It was the peer's timer that ran out: our SYN+ACK has been sent twice all the same. */
static void
CM_09_syn_ack_repeated_for_syn(struct script *s)
{
	START(s);
	LISTEN(s);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	AFTER(s, 900);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1, .tsecr = SET(0));
	AFTER(s, 10);
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
	after_lost_handshake(s);
}

/* ---- DT-01: the timer */

static void
DT_01_rto_before_any_sample(struct script *s)
{
	START(s);
	CONNECT(s);
	EQUAL(s, script_info(s).rto_us, 1000000);
	OUT(s, SYN);
	EQUAL(s, script_info(s).rto_us, 1000000);
}

/* RFC 6298 2.2: SRTT = R, RTTVAR = R/2, RTO = SRTT + 4 RTTVAR. Then 5.5: it doubles. */
static void
DT_01_first_sample(struct script *s)
{
	START(s);
	handshake_far(s, 500);
	EQUAL(s, script_info(s).srtt_us, 500000);
	EQUAL(s, script_info(s).rto_us, 1500000);
	SEND(s, "hello");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
	OUT_AT(s, 1500, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
	OUT_AT(s, 3000, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
	OUT_AT(s, 6000, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
	COUNTED(s, RTO_FIRED, 3);
	COUNTED(s, RETRANSMITS, 3);
}

/* 2.3: RTTVAR = 3/4 RTTVAR + 1/4 |SRTT - R'|, SRTT = 7/8 SRTT + 1/8 R'. */
static void
DT_01_later_samples(struct script *s)
{
	START(s);
	handshake_far(s, 400);
	SEND(s, "a");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "a");
	AFTER(s, 400);
	IN(s, ACK, .seq = 1, .ack = 2);
	/* SRTT 400, RTTVAR 150 */
	EQUAL(s, script_info(s).rto_us, 1000000);
	SEND(s, "b");
	OUT(s, PSH_ACK, .seq = 2, .ack = 1, .data = "b");
	AFTER(s, 800);
	IN(s, ACK, .seq = 1, .ack = 3);
	/* SRTT 450, RTTVAR 150 * 3/4 + 400 / 4 = 212.5 */
	EQUAL(s, script_info(s).srtt_us, 450000);
	EQUAL(s, script_info(s).rto_us, 1300000);
	SEND(s, "c");
	OUT(s, PSH_ACK, .seq = 3, .ack = 1, .data = "c");
	AFTER(s, 50);
	IN(s, ACK, .seq = 1, .ack = 4);
	/* SRTT 400, RTTVAR 212.5 * 3/4 + 400 / 4 = 259.375 */
	EQUAL(s, script_info(s).srtt_us, 400000);
	EQUAL(s, script_info(s).rto_us, 1437500);
	EVENTS(s, "sendable sendable sendable");
	SEND(s, "d");
	OUT(s, PSH_ACK, .seq = 4, .ack = 1, .data = "d");
	OUT_AT(s, 1437.5, PSH_ACK, .seq = 4, .ack = 1, .data = "d");
}

static void
DT_01_min_rto(struct script *s)
{
	START(s);
	handshake_far(s, 1);
	SEND(s, "hello");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
	OUT_AT(s, 200, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
	OUT_AT(s, 400, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
}

static void
DT_01_min_rto_is_a_knob(struct script *s)
{
	s->conf.tcp.min_rto_ms = 1000;
	START(s);
	handshake_far(s, 1);
	SEND(s, "hello");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
	OUT_AT(s, 1000, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
}

static void
DT_01_max_rto(struct script *s)
{
	s->conf.tcp.max_rto_ms = 60000;
	s->conf.tcp.initial_rto_ms = 20000;
	START(s);
	handshake_far(s, 10000);
	SEND(s, "hello");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
	OUT_AT(s, 30000, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
	OUT_AT(s, 60000, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
	OUT_AT(s, 60000, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
}

/* 5.1 to 5.3: started with the first segment, begun anew by ACKs of new data, off at the end. */
static void
DT_01_restarted_by_new_acks_only(struct script *s)
{
	uint32_t r = room(s);

	s->peer_sack = false; /* or a loss probe comes first: test_rack.c */
	START(s);
	handshake_far(s, 100);
	SEND_PATTERN(s, 2 * r);
	OUT(s, ACK, .seq = 1, .ack = 1, .len = r);
	OUT(s, PSH_ACK, .seq = 1 + r, .ack = 1, .len = r);
	AFTER(s, 100);
	/* A duplicate does nothing: 300 ms since the first segment. */
	IN(s, ACK, .seq = 1, .ack = 1);
	OUT_AT(s, 200, ACK, .seq = 1, .ack = 1, .len = r);
	AFTER(s, 100);
	IN(s, ACK, .seq = 1, .ack = 1 + 2 * r);
	EVENTS(s, "sendable");
	QUIET(s, 100000);
}

static void
DT_01_ack_begins_the_wait_anew(struct script *s)
{
	uint32_t r = room(s);

	START(s);
	handshake_far(s, 100);
	SEND_PATTERN(s, 2 * r);
	OUT(s, ACK, .seq = 1, .ack = 1, .len = r);
	OUT(s, PSH_ACK, .seq = 1 + r, .ack = 1, .len = r);
	AFTER(s, 100);
	IN(s, ACK, .seq = 1, .ack = 1 + r);
	/* RTTVAR 50 * 3/4: 250 ms from now, and only what is not acknowledged. */
	OUT_AT(s, 250, PSH_ACK, .seq = 1 + r, .ack = 1, .len = r);
	IN(s, ACK, .seq = 1, .ack = 1 + 2 * r);
	EVENTS(s, "sendable");
	QUIET(s, 100000);
}

/*
 * Karn: without timestamps an ACK of what was sent twice says nothing; and the doubled RTO
 * stays (5.5).
 */
static void
DT_01_karn(struct script *s)
{
	s->peer_ts = false;
	START(s);
	handshake_far(s, 100);
	SEND(s, "a");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "a");
	OUT_AT(s, 300, PSH_ACK, .seq = 1, .ack = 1, .data = "a");
	OUT_AT(s, 600, PSH_ACK, .seq = 1, .ack = 1, .data = "a");
	AFTER(s, 1);
	IN(s, ACK, .seq = 1, .ack = 2);
	EVENTS(s, "sendable");
	EQUAL(s, script_info(s).srtt_us, 100000);
	SEND(s, "b");
	OUT(s, PSH_ACK, .seq = 2, .ack = 1, .data = "b");
	OUT_AT(s, 1200, PSH_ACK, .seq = 2, .ack = 1, .data = "b");
	IN(s, ACK, .seq = 1, .ack = 3);
	EVENTS(s, "sendable");
	/* A valid sample ends it. */
	SEND(s, "c");
	OUT(s, PSH_ACK, .seq = 3, .ack = 1, .data = "c");
	AFTER(s, 100);
	IN(s, ACK, .seq = 1, .ack = 4);
	EVENTS(s, "sendable");
	EQUAL(s, script_info(s).srtt_us, 100000);
	EQUAL(s, script_info(s).rto_us, 250000);
}

/* With them (RFC 7323 4.1) it says how long the one that arrived took, which ends the doubling. */
static void
DT_01_timestamps_tell_which(struct script *s)
{
	s->peer_ts = true;
	START(s);
	handshake_far(s, 100);
	SEND(s, "a");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "a");
	OUT_AT(s, 300, PSH_ACK, .seq = 1, .ack = 1, .data = "a");
	OUT_AT(s, 600, PSH_ACK, .seq = 1, .ack = 1, .data = "a");
	EQUAL(s, script_info(s).rto_us, 1200000);
	AFTER(s, 20);
	IN(s, ACK, .seq = 1, .ack = 2);
	EVENTS(s, "sendable");
	/* SRTT 100 * 7/8 + 20 / 8, RTTVAR 50 * 3/4 + 80 / 4 */
	EQUAL(s, script_info(s).srtt_us, 90000);
	EQUAL(s, script_info(s).rto_us, 90000 + 4 * 57500);
	SEND(s, "b");
	OUT(s, PSH_ACK, .seq = 2, .ack = 1, .data = "b");
	OUT_AT(s, 320, PSH_ACK, .seq = 2, .ack = 1, .data = "b");
	/* An echo of what was never sent is not believed. */
	IN(s, ACK, .seq = 1, .ack = 3, .tsecr = SET(s->t->ts_out + 100000));
	EVENTS(s, "sendable");
	EQUAL(s, script_info(s).srtt_us, 90000);
	EQUAL(s, script_info(s).rto_us, 640000);
}

/* R2 is about one segment's attempts: progress begins the count anew. */
static void
DT_01_progress_resets_retries(struct script *s)
{
	s->conf.tcp.data_retries = 2;
	START(s);
	handshake_far(s, 100);
	for (uint32_t i = 0; i < 4; i++) {
		SEND(s, "x");
		OUT(s, PSH_ACK, .seq = 1 + i, .ack = 1, .data = "x");
		QUIET(s, 200);
		/* However long it takes now: it is sent twice more, then acknowledged. */
		script_advance(s, s->now + 100000 * MS, true);
		OUT(s, PSH_ACK, .seq = 1 + i, .ack = 1, .data = "x");
		script_advance(s, s->now + 100000 * MS, true);
		OUT(s, PSH_ACK, .seq = 1 + i, .ack = 1, .data = "x");
		IN(s, ACK, .seq = 1, .ack = 2 + i);
		EVENTS(s, "sendable");
	}
	STATE(s, ESTABLISHED);
}

/* Data and the FIN behind it: sent again as one segment, as before. */
static void
DT_01_data_and_fin(struct script *s)
{
	START(s);
	ESTABLISH(s);
	SEND(s, "bye");
	CLOSE(s);
	OUT(s, FIN_ACK | PSH, .seq = 1, .ack = 1, .data = "bye");
	OUT_AT(s, 200, FIN_ACK | PSH, .seq = 1, .ack = 1, .data = "bye");
	IN(s, ACK, .seq = 1, .ack = 4);
	/* The FIN alone is left; with timestamps the round trip is known now. */
	OUT_AT(s, s->peer_ts ? 200 : 400, FIN_ACK, .seq = 4, .ack = 1);
	IN(s, FIN_ACK, .seq = 1, .ack = 5);
	OUT(s, ACK, .seq = 5, .ack = 2);
	EVENTS(s, "closed");
}

/* What is sent again carries what is owed by then: the newest ACK. */
static void
DT_01_carries_the_newest_ack(struct script *s)
{
	START(s);
	ESTABLISH(s);
	SEND(s, "hello");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
	AFTER(s, 100);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "there");
	OUT(s, ACK, .seq = 6, .ack = 6);
	OUT_AT(s, 100, PSH_ACK, .seq = 1, .ack = 6, .data = "hello");
	EVENTS(s, "data:5");
	RECEIVED(s, "there");
}

static void
CM_09_after_52_days(struct script *s)
{
	s->now = (1ull << 52) - 500 * MS;
	START(s);
	CONNECT(s);
	OUT(s, SYN);
	OUT_AT(s, 1000, SYN);
}

/* The wheel's clock is 32 bits of ticks: what is armed behind 2^52 ns never fires. */
static void
CM_09_behind_52_days(struct script *s)
{
	s->now = (1ull << 52) - 500 * MS;
	START(s);
	AFTER(s, 2000);
	CONNECT(s);
	OUT(s, SYN);
	OUT_AT(s, 1000, SYN);
}

static const struct row_test tests[] = {
	ROW_TEST("CM-09", CM_09_syn_linux),
	ROW_TEST("CM-09", CM_09_syn_rfc),
	ROW_TEST("CM-09", CM_09_syn_bsd),
	ROW_TEST("CM-09", CM_09_knobs),
	ROW_TEST("CM-09", CM_09_syn_ack),
	ROW_TEST("CM-09 CM-05", CM_09_simultaneous_open),
	ROW_TEST("CM-09", CM_09_lost_syn),
	ROW_TEST("CM-09", CM_09_lost_syn_ack),
	ROW_TEST("CM-09 CM-20", CM_09_syn_ack_repeated_for_syn),
	ROW_TEST("DT-01", DT_01_rto_before_any_sample),
	ROW_TEST("DT-01", DT_01_first_sample),
	ROW_TEST("DT-01", DT_01_later_samples),
	ROW_TEST("DT-01", DT_01_min_rto),
	ROW_TEST("DT-01", DT_01_min_rto_is_a_knob),
	ROW_TEST("DT-01", DT_01_max_rto),
	ROW_TEST("DT-01", DT_01_restarted_by_new_acks_only),
	ROW_TEST("DT-01", DT_01_ack_begins_the_wait_anew),
	ROW_TEST("DT-01", DT_01_karn),
	ROW_TEST("DT-01 OP-05", DT_01_timestamps_tell_which),
	ROW_TEST("DT-01", DT_01_progress_resets_retries),
	ROW_TEST("DT-01", DT_01_data_and_fin),
	ROW_TEST("DT-01", DT_01_carries_the_newest_ack),
	ROW_TEST("CM-09", CM_09_after_52_days),
	ROW_TEST("CM-09", CM_09_behind_52_days),
};

SCRIPT_MAIN(tests)
