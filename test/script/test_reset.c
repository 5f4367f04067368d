/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Resets: for segments of nobody's, for ACKs of nothing, received in every state,
 * sent by an abort in every state; and the challenge ACKs of RFC 5961.
 */
#include "script.h"

/* ---- no connection: our ISS is 0 here, so .seq and .ack of ours are the plain numbers */

static void
RS_01_no_ack_bit(struct script *s)
{
	START(s);
	IN(s, SYN, .seq = 0);
	OUT(s, RST_ACK, .seq = 0, .ack = 1);
	IN(s, SYN | FIN, .seq = 0);
	OUT(s, RST_ACK, .seq = 0, .ack = 2);
	IN(s, FIN, .seq = 10);
	OUT(s, RST_ACK, .seq = 0, .ack = 11);
	IN(s, PSH, .seq = 10, .data = "hello");
	OUT(s, RST_ACK, .seq = 0, .ack = 15);
	IN(s, SYN, .seq = 10, .data = "hello");
	OUT(s, RST_ACK, .seq = 0, .ack = 16);
	IN(s, 0, .seq = 10);
	OUT(s, RST_ACK, .seq = 0, .ack = 10);
	COUNTED(s, NO_CONNECTION, 6);
	COUNTED(s, RST_SENT, 6);
}

static void
RS_02_ack_bit(struct script *s)
{
	START(s);
	IN(s, ACK, .seq = 5, .ack = 0x12345678);
	OUT(s, RST, .seq = 0x12345678);
	IN(s, SYN_ACK, .seq = 5, .ack = 0xffffffff);
	OUT(s, RST, .seq = 0xffffffff);
	IN(s, FIN_ACK, .seq = 5, .ack = 0);
	OUT(s, RST, .seq = 0);
	IN(s, PSH_ACK, .seq = 5, .ack = 0x80000000, .data = "hello");
	OUT(s, RST, .seq = 0x80000000);
	COUNTED(s, NO_CONNECTION, 4);
}

static void
RS_03_rst_for_nobody(struct script *s)
{
	START(s);
	IN(s, RST, .seq = 5);
	IN(s, RST_ACK, .seq = 5, .ack = 7);
	IN(s, RST | SYN, .seq = 5);
	SILENT(s);
	COUNTED(s, RST_IGNORED, 3);
}

/* ---- ACKs that acknowledge nothing of ours */

static void
RS_04_in_listen(struct script *s)
{
	START(s);
	LISTEN(s);
	IN(s, ACK, .seq = 5, .ack = 77);
	OUT(s, RST, .seq = 77);
	IN(s, SYN_ACK, .seq = 5, .ack = 78);
	OUT(s, RST, .seq = 78);
	IN(s, RST_ACK, .seq = 5, .ack = 79);
	SILENT(s);
	EVENTS(s, "");
	/* The listener is undisturbed. */
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
}

static void
RS_04_in_syn_sent(struct script *s)
{
	static const uint32_t bad[] = {0, 2, 0x80000001, -1};

	START(s);
	CONNECT(s);
	OUT(s, SYN);
	for (size_t i = 0; i < RTE_DIM(bad); i++) {
		IN(s, SYN_ACK, .ack = bad[i]);
		OUT(s, RST, .seq = bad[i]);
		IN(s, ACK, .ack = bad[i]);
		OUT(s, RST, .seq = bad[i]);
		IN(s, RST_ACK, .ack = bad[i]);
		SILENT(s);
	}
	STATE(s, SYN_SENT);
	/* An ACK of our SYN without a SYN: nothing to answer, nothing to synchronise with. */
	IN(s, ACK, .seq = 1, .ack = 1);
	SILENT(s);
	STATE(s, SYN_SENT);
	IN(s, SYN_ACK, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "established");
}

static void
RS_04_in_syn_rcvd(struct script *s)
{
	START(s);
	LISTEN(s);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 0);
	OUT(s, RST, .seq = 0);
	IN(s, PSH_ACK, .seq = 1, .ack = 2, .data = "x");
	OUT(s, RST, .seq = 2);
	/* The sequence check comes first: outside the window it draws an ACK. */
	IN(s, PSH_ACK, .seq = 100000, .ack = 2, .data = "x");
	OUT(s, ACK, .seq = 1, .ack = 1);
	EQUAL(s, script_in_state(s, SPATE_SYN_RCVD), 1);
	IN(s, ACK, .seq = 1, .ack = 1);
	SILENT(s);
	EVENTS(s, "accept");
}

/* ---- RST received */

static void
RS_05_in_established(struct script *s)
{
	START(s);
	ESTABLISH(s);
	/* Outside the window: nothing. */
	IN(s, RST, .seq = 0);
	IN(s, RST, .seq = 1 + 300000);
	IN(s, RST_ACK, .seq = 0x80000000, .ack = 1);
	SILENT(s);
	/* In the window, but not the one number: a challenge. */
	IN(s, RST, .seq = 2);
	OUT(s, ACK, .seq = 1, .ack = 1);
	COUNTED(s, RST_IGNORED, 4);
	COUNTED(s, CHALLENGE_ACKS, 1);
	STATE(s, ESTABLISHED);
	/* A peer that meant it answers the challenge with the right number. */
	IN(s, RST, .seq = 1);
	SILENT(s);
	EVENTS(s, "closed:ECONNRESET");
	COUNTED(s, RESET_BY_PEER, 1);
}

static void
RS_05_window_edges(struct script *s)
{
	uint32_t wnd = s->peer_ws ? 262144 : 65535;

	START(s);
	ESTABLISH(s);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x");
	OUT(s, ACK, .seq = 1, .ack = 2);
	IN(s, RST, .seq = 2 + wnd);
	SILENT(s);
	IN(s, RST, .seq = 2 + wnd - 1);
	OUT(s, ACK, .seq = 1, .ack = 2);
	STATE(s, ESTABLISHED);
	EVENTS(s, "data:1");
	RECEIVED(s, "x");
}

static void
RS_05_in_syn_sent(struct script *s)
{
	START(s);
	CONNECT(s);
	OUT(s, SYN);
	IN(s, RST, .seq = 0);
	IN(s, RST_ACK, .seq = 0, .ack = 0);
	IN(s, RST_ACK, .seq = 0, .ack = 2);
	SILENT(s);
	STATE(s, SYN_SENT);
	EVENTS(s, "");
	IN(s, RST_ACK, .seq = 0, .ack = 1);
	SILENT(s);
	EVENTS(s, "closed:ECONNREFUSED");
	COUNTED(s, REFUSED, 1);
}

/* RST carries no timestamp, or any: PAWS does not shield from it (RFC 7323 5.2). */
static void
RS_05_with_old_timestamp(struct script *s)
{
	START(s);
	ESTABLISH(s);
	IN(s, RST, .seq = 1, .tsval = SET(-1000));
	SILENT(s);
	EVENTS(s, "closed:ECONNRESET");
}

static void
RS_06_in_syn_rcvd(struct script *s)
{
	START(s);
	LISTEN(s);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, RST, .seq = 2);
	OUT(s, ACK, .seq = 1, .ack = 1);
	IN(s, RST, .seq = 70000);
	SILENT(s);
	EQUAL(s, script_in_state(s, SPATE_SYN_RCVD), 1);
	IN(s, RST, .seq = 1);
	SILENT(s);
	EQUAL(s, script_in_state(s, SPATE_SYN_RCVD), 0);
	EVENTS(s, "");
}

static void
RS_06_in_fin_wait_1(struct script *s)
{
	START(s);
	ESTABLISH(s);
	CLOSE(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1);
	STATE(s, FIN_WAIT_1);
	IN(s, RST, .seq = 1);
	SILENT(s);
	EVENTS(s, "closed:ECONNRESET");
}

static void
RS_06_in_fin_wait_2(struct script *s)
{
	START(s);
	ESTABLISH(s);
	CLOSE(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 2);
	STATE(s, FIN_WAIT_2);
	IN(s, RST, .seq = 1);
	SILENT(s);
	EVENTS(s, "closed:ECONNRESET");
}

static void
RS_06_in_close_wait(struct script *s)
{
	START(s);
	ESTABLISH(s);
	IN(s, FIN_ACK, .seq = 1, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 2);
	IN(s, RST, .seq = 2);
	SILENT(s);
	EVENTS(s, "fin closed:ECONNRESET");
}

static void
RS_06_in_closing(struct script *s)
{
	START(s);
	ESTABLISH(s);
	CLOSE(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1);
	IN(s, FIN_ACK, .seq = 1, .ack = 1);
	OUT(s, ACK, .seq = 2, .ack = 2);
	STATE(s, CLOSING);
	IN(s, RST, .seq = 2);
	SILENT(s);
	EVENTS(s, "closed");
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 0);
}

static void
RS_06_in_last_ack(struct script *s)
{
	START(s);
	ESTABLISH(s);
	IN(s, FIN_ACK, .seq = 1, .ack = 1);
	CLOSE(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 2);
	IN(s, RST, .seq = 2);
	SILENT(s);
	EVENTS(s, "fin closed");
}

/* ---- aborts */

static void
RS_07_established(struct script *s)
{
	START(s);
	ESTABLISH(s);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
	ABORT(s);
	OUT(s, RST_ACK, .seq = 1, .ack = 6);
	EVENTS(s, "data:5 closed:ECONNABORTED");
	RECEIVED(s, "hello");
	COUNTED(s, RESET, 1);
	COUNTED(s, RESET_BY_PEER, 0);
	/* CLOSED. */
	IN(s, PSH_ACK, .seq = 6, .ack = 1, .data = "hello");
	OUT(s, RST, .seq = 1);
}

/* What was queued is dropped; what was sent counts, acknowledged or not. */
static void
RS_07_snd_nxt_is_never_rolled_back(struct script *s)
{
	s->peer_ws = false;
	START(s);
	ESTABLISH(s);
	IN(s, ACK, .seq = 1, .ack = 1, .win = SET(100));
	SEND_PATTERN(s, 1000);
	OUT_AT(s, 200, ACK, .seq = 1, .ack = 1, .len = 100);
	OUT_AT(s, 200, ACK, .seq = 1, .ack = 1, .len = 100);
	ABORT(s);
	OUT(s, RST_ACK, .seq = 101, .ack = 1);
	QUIET(s, 10000);
	EVENTS(s, "closed:ECONNABORTED");
}

static void
RS_07_fin_wait_1(struct script *s)
{
	START(s);
	ESTABLISH(s);
	SHUTDOWN(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1);
	ABORT(s);
	OUT(s, RST_ACK, .seq = 2, .ack = 1);
	EVENTS(s, "closed:ECONNABORTED");
}

static void
RS_07_fin_wait_2(struct script *s)
{
	START(s);
	ESTABLISH(s);
	SHUTDOWN(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 2);
	ABORT(s);
	OUT(s, RST_ACK, .seq = 2, .ack = 1);
	EVENTS(s, "closed:ECONNABORTED");
}

static void
RS_07_close_wait(struct script *s)
{
	START(s);
	ESTABLISH(s);
	IN(s, FIN_ACK, .seq = 1, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 2);
	ABORT(s);
	OUT(s, RST_ACK, .seq = 1, .ack = 2);
	EVENTS(s, "fin closed:ECONNABORTED");
}

static void
RS_07_syn_rcvd(struct script *s)
{
	START(s);
	CONNECT(s);
	OUT(s, SYN);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	ABORT(s);
	OUT(s, RST_ACK, .seq = 1, .ack = 1);
	EVENTS(s, "closed:ECONNABORTED");
}

static void
RS_07_silent_in_syn_sent(struct script *s)
{
	START(s);
	CONNECT(s);
	OUT(s, SYN);
	ABORT(s);
	QUIET(s, 5000);
	EVENTS(s, "closed:ECONNABORTED");
}

static void
RS_07_silent_in_closing(struct script *s)
{
	START(s);
	ESTABLISH(s);
	SHUTDOWN(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1);
	IN(s, FIN_ACK, .seq = 1, .ack = 1);
	OUT(s, ACK, .seq = 2, .ack = 2);
	ABORT(s);
	QUIET(s, 5000);
	EVENTS(s, "fin closed:ECONNABORTED");
}

static void
RS_07_silent_in_last_ack(struct script *s)
{
	START(s);
	ESTABLISH(s);
	IN(s, FIN_ACK, .seq = 1, .ack = 1);
	SHUTDOWN(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 2);
	ABORT(s);
	QUIET(s, 5000);
	EVENTS(s, "fin closed:ECONNABORTED");
}

/* ---- challenge ACKs */

static void
RS_08_syn_in_synchronised_state(struct script *s)
{
	START(s);
	ESTABLISH(s);
	IN(s, SYN, .seq = 1);
	OUT(s, ACK, .seq = 1, .ack = 1);
	AFTER(s, 501);
	IN(s, SYN, .seq = 1 + 0x40000000);
	OUT(s, ACK, .seq = 1, .ack = 1, .tsecr = SET(0));
	STATE(s, ESTABLISHED);
	COUNTED(s, CHALLENGE_ACKS, 2);
}

/* A peer that restarted without timestamps: PAWS must not swallow its SYN. */
static void
RS_08_syn_without_timestamps(struct script *s)
{
	START(s);
	ESTABLISH(s);
	IN(s, SYN, .seq = 1 + 0x40000000, .tsval = ABSENT);
	OUT(s, ACK, .seq = 1, .ack = 1);
	STATE(s, ESTABLISHED);
	COUNTED(s, CHALLENGE_ACKS, 1);
	COUNTED(s, MISSING_TIMESTAMP, 0);
	IN(s, RST, .seq = 1);
	EVENTS(s, "closed:ECONNRESET");
}

static void
RS_08_limited(struct script *s)
{
	START(s);
	ESTABLISH(s);
	IN(s, SYN, .seq = 1000000);
	OUT(s, ACK, .seq = 1, .ack = 1);
	QUIET(s, 499);
	IN(s, SYN, .seq = 1000000);
	SILENT(s);
	COUNTED(s, CHALLENGE_LIMITED, 1);
	QUIET(s, 1);
	IN(s, SYN, .seq = 1000000);
	OUT(s, ACK, .seq = 1, .ack = 1, .tsecr = SET(0));
}

/* One connection's limit says nothing about another's: no side channel. */
static void
RS_08_limit_is_per_connection(struct script *s)
{
	START(s);
	s->active = false;
	ESTABLISH(s);
	USE(s, 1);
	ESTABLISH(s);
	IN(s, SYN, .seq = 1000000);
	OUT(s, ACK, .seq = 1, .ack = 1);
	USE(s, 0);
	IN(s, SYN, .seq = 1000000);
	OUT(s, ACK, .seq = 1, .ack = 1);
}

static void
RS_08_ack_outside(struct script *s)
{
	uint32_t max_wnd = s->peer_ws ? 65535 << 7 : 65535;

	START(s);
	ESTABLISH(s);
	IN(s, ACK, .seq = 1, .ack = 1); /* not of a SYN: the window is as large as it says */
	/* Of what was never sent; its data is not taken either. */
	IN(s, PSH_ACK, .seq = 1, .ack = 2, .data = "blind");
	OUT(s, ACK, .seq = 1, .ack = 1);
	/* With data the answer has no limit; without, it has. */
	IN(s, PSH_ACK, .seq = 1, .ack = -max_wnd, .data = "blind");
	OUT(s, ACK, .seq = 1, .ack = 1);
	COUNTED(s, CHALLENGE_ACKS, 0);
	IN(s, ACK, .seq = 1, .ack = -max_wnd);
	OUT(s, ACK, .seq = 1, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 2);
	SILENT(s);
	COUNTED(s, CHALLENGE_LIMITED, 1);
	EVENTS(s, "");
	COUNTED(s, UNACCEPTABLE_ACK, 4);
	/* Old, but within MAX.SND.WND: an honest latecomer. */
	IN(s, PSH_ACK, .seq = 1, .ack = 1 - max_wnd, .data = "late");
	OUT(s, ACK, .seq = 1, .ack = 5);
	EVENTS(s, "data:4");
	RECEIVED(s, "late");
}

static void
RS_10_impossible_flags(struct script *s)
{
	START(s);
	LISTEN(s);
	IN(s, SYN | FIN);
	IN(s, SYN | RST);
	IN(s, FIN);
	IN(s, PSH, .seq = 1, .data = "x");
	SILENT(s);
	COUNTED(s, SYN_MALFORMED, 1);
	COUNTED(s, RST_IGNORED, 1);
	COUNTED(s, NO_ACK_BIT, 2);
	EQUAL(s, script_in_state(s, SPATE_SYN_RCVD), 0);
	ESTABLISH(s);
	IN(s, PSH, .seq = 1, .data = "no ACK bit");
	SILENT(s);
	COUNTED(s, NO_ACK_BIT, 3);
	EVENTS(s, "");
}

/* CM-16: the peer restarted. RFC 9293 figure 10, then figure 9 with RFC 5961. */
static void
CM_16_our_data_draws_rst(struct script *s)
{
	START(s);
	ESTABLISH(s);
	SEND(s, "are you there");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "are you there");
	IN(s, RST, .seq = 1);
	SILENT(s);
	EVENTS(s, "closed:ECONNRESET");
}

static void
CM_16_its_new_syn(struct script *s)
{
	uint32_t isn;

	s->active = false;
	START(s);
	ESTABLISH(s);
	isn = s->t->isn;
	AFTER(s, 10000);
	IN(s, SYN, .seq = 5000000);
	OUT(s, ACK, .seq = 1, .ack = 1, .tsecr = SET(0));
	STATE(s, ESTABLISHED);
	/* The challenge acknowledges nothing of its SYN: it resets, at SEQ = our ACK. */
	IN(s, RST, .seq = 1);
	SILENT(s);
	EVENTS(s, "closed:ECONNRESET");
	NEXT_INCARNATION(s, 5000000);
	AFTER(s, 1000);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
	CHECK(s, s->t->isn != isn);
}

static const struct row_test tests[] = {
	ROW_TEST("RS-01", RS_01_no_ack_bit),
	ROW_TEST("RS-02", RS_02_ack_bit),
	ROW_TEST("RS-03", RS_03_rst_for_nobody),
	ROW_TEST("RS-04", RS_04_in_listen),
	ROW_TEST("RS-04", RS_04_in_syn_sent),
	ROW_TEST("RS-04", RS_04_in_syn_rcvd),
	ROW_TEST("RS-05", RS_05_in_established),
	ROW_TEST("RS-05", RS_05_window_edges),
	ROW_TEST("RS-05", RS_05_in_syn_sent),
	ROW_TEST("RS-05 OP-06", RS_05_with_old_timestamp),
	ROW_TEST("RS-06 CM-07", RS_06_in_syn_rcvd),
	ROW_TEST("RS-06", RS_06_in_fin_wait_1),
	ROW_TEST("RS-06", RS_06_in_fin_wait_2),
	ROW_TEST("RS-06", RS_06_in_close_wait),
	ROW_TEST("RS-06", RS_06_in_closing),
	ROW_TEST("RS-06", RS_06_in_last_ack),
	ROW_TEST("RS-07", RS_07_established),
	ROW_TEST("RS-07", RS_07_snd_nxt_is_never_rolled_back),
	ROW_TEST("RS-07", RS_07_fin_wait_1),
	ROW_TEST("RS-07", RS_07_fin_wait_2),
	ROW_TEST("RS-07", RS_07_close_wait),
	ROW_TEST("RS-07", RS_07_syn_rcvd),
	ROW_TEST("RS-07", RS_07_silent_in_syn_sent),
	ROW_TEST("RS-07", RS_07_silent_in_closing),
	ROW_TEST("RS-07", RS_07_silent_in_last_ack),
	ROW_TEST("RS-08", RS_08_syn_in_synchronised_state),
	ROW_TEST("RS-08 OP-05", RS_08_syn_without_timestamps),
	ROW_TEST("RS-08", RS_08_limited),
	ROW_TEST("RS-08", RS_08_limit_is_per_connection),
	ROW_TEST("RS-08", RS_08_ack_outside),
	ROW_TEST("RS-10", RS_10_impossible_flags),
	ROW_TEST("CM-16", CM_16_our_data_draws_rst),
	ROW_TEST("CM-16", CM_16_its_new_syn),
};

SCRIPT_MAIN(tests)
