/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TIME_WAIT: how long it lasts, what it answers, what cannot end it, and who may take
 * its tuple. (SYNs that arrive on it: test_time_wait_syn.c.)
 */
#include "script.h"

#define TWO_MSL 60000

/* TIME_WAIT is there for another `ms`, and then it is not. */
static void
expires_in(struct script *s, uint32_t ms)
{
	QUIET(s, ms - 1);
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 1);
	QUIET(s, 2);
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 0);
	COUNTED(s, TW_EXPIRED, 1);
}

static void
TW_01_lasts_two_msl(struct script *s)
{
	START(s);
	TO_TIME_WAIT(s);
	expires_in(s, TWO_MSL);
	/* CLOSED: a late segment is nobody's. */
	IN(s, FIN_ACK, .seq = 1, .ack = 2);
	OUT(s, RST, .seq = 2);
}

static void
TW_01_msl_is_a_knob(struct script *s)
{
	s->conf.tcp.msl_ms = 5000;
	START(s);
	TO_TIME_WAIT(s);
	expires_in(s, 10000);
}

static void
TW_01_msl_of_rfc_preset(struct script *s)
{
	script_must(s, spate_tcp_preset(&s->conf.tcp, "rfc"), "preset");
	START(s);
	TO_TIME_WAIT(s);
	expires_in(s, 240000);
}

/* A TIME_WAIT on tuple `i`, the peer having opened. */
static void
time_wait_on(struct script *s, int i)
{
	USE(s, i);
	s->active = false;
	script_establish(s);
	CLOSE(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1);
	IN(s, FIN_ACK, .seq = 1, .ack = 2);
	OUT(s, ACK, .seq = 2, .ack = 2);
	EVENTS(s, "closed");
}

/* Each on its own time, whatever comes after it. */
static void
TW_01_no_drift_among_many(struct script *s)
{
	START(s);
	for (int i = 0; i < 10; i++) {
		time_wait_on(s, i);
		QUIET(s, 1000);
	}
	QUIET(s, TWO_MSL - 10000 - 1);
	for (int left = 10; left > 0; left--) {
		EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), left);
		QUIET(s, 2);
		EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), left - 1);
		QUIET(s, 998);
	}
}

static void
TW_02_fin_again_restarts(struct script *s)
{
	START(s);
	TO_TIME_WAIT(s);
	QUIET(s, 30000);
	IN(s, FIN_ACK, .seq = 1, .ack = 2);
	OUT(s, ACK, .seq = 2, .ack = 2, .tsecr = SET(0));
	COUNTED(s, TW_FIN_AGAIN, 1);
	expires_in(s, TWO_MSL);
}

/* The whole last segment again, data and FIN: SEQ+LEN is what tells. */
static void
TW_02_data_and_fin_again(struct script *s)
{
	START(s);
	ESTABLISH(s);
	SHUTDOWN(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1);
	IN(s, PSH_ACK | FIN, .seq = 1, .ack = 2, .data = "bye");
	OUT(s, ACK, .seq = 2, .ack = 5);
	EVENTS(s, "data:3 fin closed");
	RECEIVED(s, "bye");
	QUIET(s, 30000);
	IN(s, PSH_ACK | FIN, .seq = 1, .ack = 2, .data = "bye");
	OUT(s, ACK, .seq = 2, .ack = 5, .tsecr = SET(0));
	IN(s, FIN_ACK, .seq = 4, .ack = 2);
	OUT(s, ACK, .seq = 2, .ack = 5, .tsecr = SET(0));
	EVENTS(s, "");
	expires_in(s, TWO_MSL);
}

static void
TW_02_nothing_else_restarts(struct script *s)
{
	START(s);
	LISTEN(s);
	TO_TIME_WAIT(s);
	QUIET(s, 30000);
	/* Old and new data, a FIN that is not the last one, an old SYN, ACKs, RST. */
	IN(s, PSH_ACK, .seq = 1, .ack = 2, .data = "x");
	OUT(s, ACK, .seq = 2, .ack = 2, .tsecr = SET(0));
	IN(s, FIN_ACK, .seq = 2, .ack = 2);
	OUT(s, ACK, .seq = 2, .ack = 2, .tsecr = SET(0));
	IN(s, FIN_ACK, .seq = -5, .ack = 2);
	OUT(s, ACK, .seq = 2, .ack = 2, .tsecr = SET(0));
	IN(s, SYN, .seq = 0, .tsval = s->peer_ts ? SET(-1) : ABSENT);
	OUT(s, ACK, .seq = 2, .ack = 2, .tsecr = SET(0));
	IN(s, ACK, .seq = 2, .ack = 2);
	IN(s, RST, .seq = 2);
	SILENT(s);
	COUNTED(s, TW_FIN_AGAIN, 0);
	expires_in(s, TWO_MSL - 30000);
}

static void
TW_03_other_segments(struct script *s)
{
	START(s);
	TO_TIME_WAIT(s);
	/* With data: new, old, and far away. */
	IN(s, PSH_ACK, .seq = 2, .ack = 2, .data = "new");
	OUT(s, ACK, .seq = 2, .ack = 2);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "o");
	OUT(s, ACK, .seq = 2, .ack = 2);
	IN(s, PSH_ACK, .seq = 0x40000000, .ack = 2, .data = "far");
	OUT(s, ACK, .seq = 2, .ack = 2);
	/* Unacceptable without data; and a SYN+ACK, which no new incarnation begins with. */
	IN(s, ACK, .seq = 1, .ack = 2);
	OUT(s, ACK, .seq = 2, .ack = 2);
	IN(s, ACK, .seq = -1, .ack = 2);
	OUT(s, ACK, .seq = 2, .ack = 2);
	IN(s, SYN_ACK, .seq = 100, .ack = 2);
	OUT(s, ACK, .seq = 2, .ack = 2);
	COUNTED(s, TW_ACKED, 6);
	EVENTS(s, "");
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 1);
}

/* An answer to an answer is how ACK loops begin. */
static void
TW_03_silence(struct script *s)
{
	START(s);
	TO_TIME_WAIT(s);
	IN(s, ACK, .seq = 2, .ack = 2);
	IN(s, ACK, .seq = 2, .ack = 1);
	IN(s, PSH, .seq = 2, .data = "no ACK bit");
	IN(s, 0, .seq = 7);
	SILENT(s);
	COUNTED(s, TW_SILENT, 4);
	EVENTS(s, "");
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 1);
}

static void
TW_04_rst_is_ignored(struct script *s)
{
	START(s);
	TO_TIME_WAIT(s);
	QUIET(s, 1000);
	IN(s, RST, .seq = 2);
	IN(s, RST_ACK, .seq = 2, .ack = 2);
	IN(s, RST, .seq = 3);
	SILENT(s);
	COUNTED(s, TW_RST_IGNORED, 3);
	expires_in(s, TWO_MSL - 1000);
}

static void
TW_04_honoured_by_knob(struct script *s)
{
	s->conf.tcp.honour_rst_in_time_wait = true;
	START(s);
	TO_TIME_WAIT(s);
	/* By RFC 5961's rule: the exact number, not one in the window. */
	IN(s, RST, .seq = 3);
	IN(s, RST, .seq = 1);
	SILENT(s);
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 1);
	IN(s, RST, .seq = 2);
	SILENT(s);
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 0);
	COUNTED(s, TW_RESET, 1);
	IN(s, FIN_ACK, .seq = 1, .ack = 2);
	OUT(s, RST, .seq = 2);
}

static void
TW_06_refused_by_default(struct script *s)
{
	START(s);
	TO_TIME_WAIT(s);
	QUIET(s, 1000);
	EQUAL(s, -script_connect(s), EADDRINUSE);
	SILENT(s);
	expires_in(s, TWO_MSL - 1000);
	CONNECT(s);
	NEXT_INCARNATION(s, 1000);
	OUT(s, SYN);
}

/* The tuple is opened again from here: beyond everything the old incarnation has sent. */
static void
opens_again(struct script *s)
{
	uint32_t old_snd_nxt = s->t->iss + 2;

	CONNECT(s);
	NEXT_INCARNATION(s, 1000000);
	OUT(s, SYN);
	CHECK(s, s->t->iss - old_snd_nxt >= 65537 && s->t->iss - old_snd_nxt < 1u << 31);
	COUNTED(s, TW_REUSED, 1);
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 0);
	IN(s, SYN_ACK, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "established");
	/* Nothing is left of the old one that could end the new one. */
	QUIET(s, TWO_MSL + 1000);
	STATE(s, ESTABLISHED);
}

static void
TW_06_reuse_with_timestamps(struct script *s)
{
	s->conf.tcp.reuse = SPATE_REUSE_TS;
	s->peer_ts = true;
	START(s);
	TO_TIME_WAIT(s);
	/* Our TSval must be greater than the last one sent: not in the same millisecond. */
	EQUAL(s, -script_connect(s), EADDRINUSE);
	QUIET(s, 2);
	opens_again(s);
}

static void
TW_06_reuse_ts_wants_timestamps(struct script *s)
{
	s->conf.tcp.reuse = SPATE_REUSE_TS;
	s->peer_ts = false;
	START(s);
	TO_TIME_WAIT(s);
	QUIET(s, 1000);
	EQUAL(s, -script_connect(s), EADDRINUSE);
	expires_in(s, TWO_MSL - 1000);
}

static void
TW_06_reuse_any(struct script *s)
{
	s->conf.tcp.reuse = SPATE_REUSE_ANY;
	START(s);
	TO_TIME_WAIT(s);
	opens_again(s);
}

/* The peer missed our last ACK and is in LAST_ACK: RST it out of there, and again. */
static void
TW_06_peer_still_in_last_ack(struct script *s)
{
	s->conf.tcp.reuse = SPATE_REUSE_ANY;
	START(s);
	TO_TIME_WAIT(s);
	QUIET(s, 10);
	CONNECT(s);
	NEXT_INCARNATION(s, 0);
	OUT(s, SYN);
	IN(s, ACK, .seq = 2, .ack = -65537);
	OUT(s, RST, .seq = -65537);
	STATE(s, SYN_SENT);
	OUT_AT(s, 1000, SYN);
	s->t->isn += 1000000;
	IN(s, SYN_ACK, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "established");
}

/* A failed attempt does not bring the old incarnation back, and costs nothing more. */
static void
TW_06_reused_and_refused(struct script *s)
{
	s->conf.tcp.reuse = SPATE_REUSE_ANY;
	START(s);
	TO_TIME_WAIT(s);
	QUIET(s, 10);
	CONNECT(s);
	NEXT_INCARNATION(s, 0);
	OUT(s, SYN);
	IN(s, RST_ACK, .seq = 0, .ack = 1);
	SILENT(s);
	EVENTS(s, "closed:ECONNREFUSED");
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 0);
}

/* RFC 1337: an old duplicate, our ACK, the peer's RST. */
static void
TW_08_assassination(struct script *s)
{
	START(s);
	TO_TIME_WAIT(s);
	QUIET(s, 5000);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "old", .tsval = s->peer_ts ? SET(0) : 0);
	OUT(s, ACK, .seq = 2, .ack = 2);
	IN(s, RST, .seq = 2);
	SILENT(s);
	COUNTED(s, TW_RST_IGNORED, 1);
	expires_in(s, TWO_MSL - 5000);
}

static void
TW_12_oldest_is_recycled(struct script *s)
{
	s->conf.max_time_wait = 2;
	START(s);
	s->active = false;
	USE(s, 3);
	ESTABLISH(s);
	time_wait_on(s, 0);
	time_wait_on(s, 1);
	COUNTED(s, TW_RECYCLED, 0);
	/* The oldest is the one that was not restarted. */
	USE(s, 0);
	IN(s, FIN_ACK, .seq = 1, .ack = 2);
	OUT(s, ACK, .seq = 2, .ack = 2);
	time_wait_on(s, 2);
	COUNTED(s, TW_RECYCLED, 1);
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 2);
	USE(s, 1);
	IN(s, FIN_ACK, .seq = 1, .ack = 2);
	OUT(s, RST, .seq = 2);
	USE(s, 0);
	IN(s, FIN_ACK, .seq = 1, .ack = 2);
	OUT(s, ACK, .seq = 2, .ack = 2);
	USE(s, 3);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "alive");
	OUT(s, ACK, .seq = 1, .ack = 6);
	EVENTS(s, "data:5");
	RECEIVED(s, "alive");
}

/* Recycled from below a new incarnation in SYN_RCVD: that one goes on. */
static void
TW_12_recycled_below_a_syn_rcvd(struct script *s)
{
	s->conf.max_time_wait = 1;
	s->active = false;
	START(s);
	time_wait_on(s, 0);
	NEXT_INCARNATION(s, 100000);
	QUIET(s, 10);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	time_wait_on(s, 1);
	COUNTED(s, TW_RECYCLED, 1);
	USE(s, 0);
	IN(s, ACK, .seq = 1, .ack = 1);
	SILENT(s);
	EVENTS(s, "accept");
	COUNTED(s, TW_REUSED, 0);
}

static const struct row_test tests[] = {
	ROW_TEST("TW-01", TW_01_lasts_two_msl),
	ROW_TEST("TW-01", TW_01_msl_is_a_knob),
	ROW_TEST("TW-01", TW_01_msl_of_rfc_preset),
	ROW_TEST("TW-01", TW_01_no_drift_among_many),
	ROW_TEST("TW-02", TW_02_fin_again_restarts),
	ROW_TEST("TW-02", TW_02_data_and_fin_again),
	ROW_TEST("TW-02", TW_02_nothing_else_restarts),
	ROW_TEST("TW-03", TW_03_other_segments),
	ROW_TEST("TW-03", TW_03_silence),
	ROW_TEST("TW-04", TW_04_rst_is_ignored),
	ROW_TEST("TW-04", TW_04_honoured_by_knob),
	ROW_TEST("TW-06", TW_06_refused_by_default),
	ROW_TEST("TW-06", TW_06_reuse_with_timestamps),
	ROW_TEST("TW-06", TW_06_reuse_ts_wants_timestamps),
	ROW_TEST("TW-06", TW_06_reuse_any),
	ROW_TEST("TW-06", TW_06_peer_still_in_last_ack),
	ROW_TEST("TW-06", TW_06_reused_and_refused),
	ROW_TEST("TW-08", TW_08_assassination),
	ROW_TEST("TW-12", TW_12_oldest_is_recycled),
	ROW_TEST("TW-12", TW_12_recycled_below_a_syn_rcvd),
};

SCRIPT_MAIN(tests)
