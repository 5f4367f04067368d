/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A SYN arrives on a TIME_WAIT: every branch of RFC 6191's rule, and what happens when
 * the new incarnation comes to nothing.
 */
#include "script.h"

#define TWO_MSL 60000

/* The old incarnation, with timestamps or without, 10 s old; a listener is there. */
static void
old_incarnation(struct script *s, bool timestamps)
{
	s->peer_ts = timestamps;
	START(s);
	LISTEN(s);
	TO_TIME_WAIT(s);
	QUIET(s, 10000);
}

/* `syn` makes a new incarnation, beyond everything the old one has sent. */
static void
accepted(struct script *s, const struct seg *syn)
{
	uint32_t old_snd_nxt = s->t->iss + 2;

	s->t->iss_known = false;
	script_in(s, syn);
	s->t->isn += syn->seq;
	OUT(s, SYN_ACK, .ack = 1);
	CHECK(s, s->t->iss - old_snd_nxt >= 65537 && s->t->iss - old_snd_nxt < 1u << 31);
	EQUAL(s, script_in_state(s, SPATE_SYN_RCVD), 1);
	EVENTS(s, "");
}

static void
complete(struct script *s)
{
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "new");
	OUT(s, ACK, .seq = 1, .ack = 4);
	EVENTS(s, "accept data:3");
	RECEIVED(s, "new");
	COUNTED(s, TW_REUSED, 1);
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 0);
	QUIET(s, TWO_MSL + 1000);
	STATE(s, ESTABLISHED);
}

#define ACCEPTED(s, ...) (AT(s), accepted(s, &(struct seg){.flags = SYN, ##__VA_ARGS__}))

/* `syn` is answered with the ACK of the old incarnation, whose time goes on. */
static void
refused(struct script *s, enum spate_counter why, const struct seg *syn)
{
	script_in(s, syn);
	OUT(s, ACK, .seq = 2, .ack = 2, .tsecr = SET(0));
	script_counted(s, why, 1);
	EVENTS(s, "");
	QUIET(s, TWO_MSL - 10000 - 1);
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 1);
	QUIET(s, 2);
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 0);
	COUNTED(s, TW_REUSED, 0);
	COUNTED(s, TW_EXPIRED, 1);
}

#define REFUSED(s, why, ...)                                                                       \
	(AT(s), refused(s, SPATE_##why, &(struct seg){.flags = SYN, ##__VA_ARGS__}))

/* ---- old and new with timestamps. RCV.NXT is 2, TS.Recent is 0. */

static void
TW_05_ts_newer_seq_newer(struct script *s)
{
	old_incarnation(s, true);
	ACCEPTED(s, .seq = 100000);
	complete(s);
}

static void
TW_05_ts_newer_seq_older(struct script *s)
{
	old_incarnation(s, true);
	ACCEPTED(s, .seq = -100000, .tsval = SET(1));
	complete(s);
}

static void
TW_05_ts_equal_seq_newer(struct script *s)
{
	old_incarnation(s, true);
	ACCEPTED(s, .seq = 3, .tsval = SET(0));
	complete(s);
}

static void
TW_07_ts_equal_seq_not_newer(struct script *s)
{
	old_incarnation(s, true);
	REFUSED(s, TW_REFUSED_SEQ, .seq = 2, .tsval = SET(0));
}

static void
TW_07_ts_older(struct script *s)
{
	old_incarnation(s, true);
	REFUSED(s, TW_REFUSED_TS, .seq = 100000, .tsval = SET(-1));
}

/* ---- only one of them with timestamps */

static void
TW_05_ts_only_new(struct script *s)
{
	old_incarnation(s, false);
	s->peer_ts = true;
	ACCEPTED(s, .seq = -100000);
	complete(s);
}

static void
TW_05_ts_only_old_seq_newer(struct script *s)
{
	old_incarnation(s, true);
	s->peer_ts = false;
	ACCEPTED(s, .seq = 3);
	complete(s);
}

static void
TW_07_ts_only_old_seq_not_newer(struct script *s)
{
	old_incarnation(s, true);
	REFUSED(s, TW_REFUSED_SEQ, .seq = 2, .tsval = ABSENT);
}

/* ---- neither with timestamps */

static void
TW_05_no_ts_seq_newer(struct script *s)
{
	old_incarnation(s, false);
	ACCEPTED(s, .seq = 3);
	complete(s);
}

static void
TW_07_no_ts_seq_not_newer(struct script *s)
{
	old_incarnation(s, false);
	REFUSED(s, TW_REFUSED_SEQ, .seq = 2);
}

static void
TW_07_no_ts_seq_older(struct script *s)
{
	old_incarnation(s, false);
	REFUSED(s, TW_REFUSED_SEQ, .seq = -100000);
}

/* ---- listener and room */

static void
TW_05_backlog_limit_does_not_apply(struct script *s)
{
	s->conf.tcp.syn_cookies = false;
	START(s);
	script_listen(s, 1);
	TO_TIME_WAIT(s);
	QUIET(s, 10000);
	USE(s, 1);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	USE(s, 2);
	IN(s, SYN);
	SILENT(s);
	COUNTED(s, SYN_BACKLOG_FULL, 1);
	USE(s, 0);
	s->t->iss_known = false;
	s->t->isn += 100000;
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 1);
	SILENT(s);
	EVENTS(s, "accept");
}

static void
TW_07_no_listener(struct script *s)
{
	s->active = true;
	START(s);
	TO_TIME_WAIT(s);
	QUIET(s, 10000);
	REFUSED(s, TW_REFUSED_NO_LISTENER, .seq = 100000);
}

static void
TW_07_no_room(struct script *s)
{
	s->conf.max_conns = 1;
	old_incarnation(s, s->peer_ts);
	USE(s, 1);
	s->t->lport = OUR_PORT + 1;
	CONNECT(s);
	OUT(s, SYN);
	IN(s, SYN_ACK, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "established");
	USE(s, 0);
	REFUSED(s, TW_REFUSED_NO_ROOM, .seq = 100000);
	USE(s, 1);
	STATE(s, ESTABLISHED);
}

/* ---- the new incarnation comes to nothing */

static void
TW_05_rst_brings_time_wait_back(struct script *s)
{
	uint32_t isn, iss;

	old_incarnation(s, s->peer_ts);
	isn = s->t->isn;
	iss = s->t->iss;
	ACCEPTED(s, .seq = 100000);
	QUIET(s, 500);
	IN(s, RST, .seq = 1);
	SILENT(s);
	EVENTS(s, "");
	COUNTED(s, EMBRYO_RESET, 1);
	COUNTED(s, TW_REUSED, 0);
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 1);
	/* With the old numbers, and the time that was left. */
	s->t->isn = isn;
	s->t->iss = iss;
	IN(s, PSH_ACK, .seq = 1, .ack = 2, .data = "x");
	OUT(s, ACK, .seq = 2, .ack = 2, .tsecr = SET(0));
	QUIET(s, TWO_MSL - 10500 - 1);
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 1);
	QUIET(s, 2);
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 0);
	COUNTED(s, TW_EXPIRED, 1);
}

static void
TW_05_give_up_brings_time_wait_back(struct script *s)
{
	s->conf.tcp.msl_ms = 60000;
	old_incarnation(s, s->peer_ts);
	ACCEPTED(s, .seq = 100000);
	for (int i = 0; i < 5; i++)
		OUT_AT(s, 1000 << i, SYN_ACK, .ack = 1);
	QUIET(s, 32000 + 2);
	COUNTED(s, EMBRYO_TIMED_OUT, 1);
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 1);
	/* 10 s old when the SYN came, 63 s of attempts: 47 s are left. */
	QUIET(s, 47000 - 20);
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 1);
	QUIET(s, 20);
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 0);
	EVENTS(s, "");
}

static void
TW_05_different_syn_brings_time_wait_back(struct script *s)
{
	old_incarnation(s, s->peer_ts);
	ACCEPTED(s, .seq = 100000);
	IN(s, SYN, .seq = 100);
	SILENT(s);
	COUNTED(s, EMBRYO_REPLACED, 1);
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 1);
	/* Its retry finds TIME_WAIT and is judged like the first. */
	s->t->isn += 100;
	s->t->iss_known = false;
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	complete(s);
}

static void
TW_05_listener_closed_brings_time_wait_back(struct script *s)
{
	old_incarnation(s, s->peer_ts);
	ACCEPTED(s, .seq = 100000);
	script_now(s);
	spate_unlisten(s->stack, s->listener);
	OUT(s, RST_ACK, .seq = 1, .ack = 1);
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 1);
}

/* 2MSL ends while the new incarnation is in SYN_RCVD: there is nothing to go back to. */
static void
TW_05_expires_below_the_new_one(struct script *s)
{
	s->conf.tcp.msl_ms = 10000;
	old_incarnation(s, s->peer_ts);
	ACCEPTED(s, .seq = 100000);
	for (int i = 0; i < 4; i++)
		OUT_AT(s, 1000 << i, SYN_ACK, .ack = 1);
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 0);
	COUNTED(s, TW_EXPIRED, 1);
	IN(s, RST, .seq = 1);
	SILENT(s);
	IN(s, ACK, .seq = 1, .ack = 1);
	OUT(s, RST, .seq = 1);
}

/* No gap: a late segment of the old incarnation never draws RST. */
static void
TW_05_late_segments_never_draw_rst(struct script *s)
{
	uint32_t isn, iss;

	old_incarnation(s, s->peer_ts);
	isn = s->t->isn;
	iss = s->t->iss;
	s->t->isn += 100000;
	s->t->iss_known = false;
	/* In one burst with the SYN, before the SYN+ACK has left, */
	BURST(s);
	IN(s, SYN);
	s->t->isn = isn;
	s->t->iss = iss;
	IN(s, FIN_ACK, .seq = 1, .ack = 2, .tsval = s->peer_ts ? SET(0) : 0);
	ARRIVES(s);
	s->t->isn += 100000;
	OUT(s, SYN_ACK, .ack = 1, .tsecr = SET(10000));
	/* behind it, */
	s->t->isn = isn;
	IN(s, FIN_ACK, .seq = 1, .ack = 2, .tsval = s->peer_ts ? SET(0) : 0);
	OUT(s, ACK, .seq = 1, .ack = 100001, .tsecr = SET(10000));
	/* and after the handshake. */
	s->t->isn += 100000;
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
	s->t->isn = isn;
	IN(s, FIN_ACK, .seq = 1, .ack = 2, .tsval = s->peer_ts ? SET(0) : 0);
	OUT(s, ACK, .seq = 1, .ack = 100001, .tsecr = SET(10000));
	COUNTED(s, RST_SENT, 0);
	EQUAL(s, script_in_state(s, SPATE_ESTABLISHED), 1);
}

/* Two SYNs in one burst, the second a copy: one incarnation. */
static void
TW_05_same_syn_twice_in_a_burst(struct script *s)
{
	old_incarnation(s, s->peer_ts);
	s->t->isn += 100000;
	s->t->iss_known = false;
	BURST(s);
	IN(s, SYN);
	IN(s, SYN);
	ARRIVES(s);
	OUT(s, SYN_ACK, .ack = 1);
	SILENT(s);
	EQUAL(s, script_in_state(s, SPATE_SYN_RCVD), 1);
	complete(s);
}

/* The end of one incarnation and the SYN of the next, all at once. */
static void
TW_05_close_and_open_in_a_burst(struct script *s)
{
	START(s);
	LISTEN(s);
	ESTABLISH(s);
	CLOSE(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1);
	AFTER(s, 10);
	BURST(s);
	IN(s, ACK, .seq = 1, .ack = 2);
	IN(s, FIN_ACK, .seq = 1, .ack = 2);
	s->t->isn += 100000;
	IN(s, SYN, .tsval = s->peer_ts ? SET(11) : 0);
	ARRIVES(s);
	s->t->isn -= 100000;
	OUT(s, ACK, .seq = 2, .ack = 2, .tsecr = SET(10));
	EVENTS(s, "closed");
	NEXT_INCARNATION(s, 100000);
	OUT(s, SYN_ACK, .ack = 1);
	AFTER(s, 5);
	complete(s);
}

/* RFC 6191 2: timestamps decide only where the new incarnation would use them. */
static void
TW_07_timestamps_off_here(struct script *s)
{
	s->conf.tcp.timestamps = false;
	START(s);
	LISTEN(s);
	TO_TIME_WAIT(s);
	IN(s, SYN, .seq = 1, .tsval = SET(5000));
	OUT(s, ACK, .seq = 2, .ack = 2);
	COUNTED(s, TW_REFUSED_SEQ, 1);
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 1);
}

static const struct row_test tests[] = {
	ROW_TEST("TW-07", TW_07_timestamps_off_here),
	ROW_TEST("TW-05", TW_05_ts_newer_seq_newer),
	ROW_TEST("TW-05", TW_05_ts_newer_seq_older),
	ROW_TEST("TW-05", TW_05_ts_equal_seq_newer),
	ROW_TEST("TW-07", TW_07_ts_equal_seq_not_newer),
	ROW_TEST("TW-07", TW_07_ts_older),
	ROW_TEST("TW-05", TW_05_ts_only_new),
	ROW_TEST("TW-05", TW_05_ts_only_old_seq_newer),
	ROW_TEST("TW-07", TW_07_ts_only_old_seq_not_newer),
	ROW_TEST("TW-05", TW_05_no_ts_seq_newer),
	ROW_TEST("TW-07", TW_07_no_ts_seq_not_newer),
	ROW_TEST("TW-07", TW_07_no_ts_seq_older),
	ROW_TEST("TW-05", TW_05_backlog_limit_does_not_apply),
	ROW_TEST("TW-07", TW_07_no_listener),
	ROW_TEST("TW-07", TW_07_no_room),
	ROW_TEST("TW-05", TW_05_rst_brings_time_wait_back),
	ROW_TEST("TW-05", TW_05_give_up_brings_time_wait_back),
	ROW_TEST("TW-05", TW_05_different_syn_brings_time_wait_back),
	ROW_TEST("TW-05 CM-23", TW_05_listener_closed_brings_time_wait_back),
	ROW_TEST("TW-05", TW_05_expires_below_the_new_one),
	ROW_TEST("TW-05", TW_05_late_segments_never_draw_rst),
	ROW_TEST("TW-05", TW_05_same_syn_twice_in_a_burst),
	ROW_TEST("TW-05", TW_05_close_and_open_in_a_burst),
};

SCRIPT_MAIN(tests)
