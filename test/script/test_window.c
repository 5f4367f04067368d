/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Windows that are small, shrink or are closed: what is worth sending into one (RFC 9293
 * 3.8.6.2.1), what is not given up because one was taken back (3.8.6), and what needs none.
 */
#include "script.h"

static uint32_t
room(const struct script *s)
{
	return s->peer_ts ? 1448 : 1460;
}

/* ESTABLISHED with a peer whose window is not scaled. */
static void
begin(struct script *s)
{
	s->peer_ws = false;
	START(s);
	ESTABLISH(s);
}

/* ---- silly windows */

/* (3): half of the largest window there has been is worth a segment, and no byte less is. */
static void
DT_04_half_of_the_largest_window(struct script *s)
{
	begin(s);
	IN(s, ACK, .seq = 1, .ack = 1, .win = SET(1000));
	SEND_PATTERN(s, 5000);
	/* The handshake offered 65535: a thousand is little. */
	QUIET(s, 199);
	OUT_AT(s, 1, ACK, .seq = 1, .ack = 1, .len = 1000);
	SILENT(s);
	IN(s, ACK, .seq = 1, .ack = 1001);
	OUT(s, ACK, .seq = 1001, .ack = 1, .len = room(s));
	OUT(s, ACK, .seq = 1001 + room(s), .ack = 1, .len = room(s));
	OUT(s, PSH_ACK, .seq = 1001 + 2 * room(s), .ack = 1, .len = 4000 - 2 * room(s));
}

/* Where the peer has never had more, waiting would not bring more. */
static void
DT_04_peer_with_a_small_buffer(struct script *s)
{
	s->peer_ws = false;
	START(s);
	LISTEN(s);
	IN(s, SYN, .win = SET(400));
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 1, .win = SET(400));
	EVENTS(s, "accept");
	SEND_PATTERN(s, 1000);
	OUT(s, ACK, .seq = 1, .ack = 1, .len = 400);
	SILENT(s);
	IN(s, ACK, .seq = 1, .ack = 201, .win = SET(399));
	SILENT(s); /* 199 of 400 */
	IN(s, ACK, .seq = 1, .ack = 202, .win = SET(400));
	OUT(s, ACK, .seq = 401, .ack = 1, .len = 201);
	SILENT(s);
	IN(s, ACK, .seq = 1, .ack = 602, .win = SET(199));
	/* Nothing in flight: the rest waits for a better window, but not for ever. */
	QUIET(s, 150);
	IN(s, ACK, .seq = 1, .ack = 602, .win = SET(400));
	OUT(s, PSH_ACK, .seq = 602, .ack = 1, .len = 399);
	IN(s, ACK, .seq = 1, .ack = 1001, .win = SET(1000));
	EVENTS(s, "sendable");
	QUIET(s, 10000);
	/* It has had more meanwhile: what was enough is too little now. */
	IN(s, ACK, .seq = 1, .ack = 1001, .win = SET(400));
	SEND_PATTERN(s, 1000);
	OUT_AT(s, 200, ACK, .seq = 1001, .ack = 1, .len = 400);
}

/* (2): what ends the queue leaves whatever its size. */
static void
DT_04_all_there_is_leaves_at_once(struct script *s)
{
	begin(s);
	IN(s, ACK, .seq = 1, .ack = 1, .win = SET(100));
	SEND(s, "small");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "small");
}

/* ---- windows taken back */

static void
DT_05_shrunk_to_nothing(struct script *s)
{
	uint32_t r = room(s), wait = 200;

	begin(s);
	SEND_PATTERN(s, 3 * r);
	for (uint32_t i = 0; i < 3; i++)
		OUT(s, i == 2 ? PSH_ACK : ACK, .seq = 1 + i * r, .ack = 1, .len = r);
	IN(s, ACK, .seq = 1, .ack = 1 + r, .win = SET(0));
	/* Two segments are out and not given up, however long it takes. */
	for (int i = 0; i < 40; i++) {
		OUT_AT(s, wait, ACK, .seq = 1 + r, .ack = 1, .len = 1);
		IN(s, ACK, .seq = 1, .ack = 1 + r, .win = SET(0));
		SILENT(s);
		wait = wait * 2 < 120000 ? wait * 2 : 120000;
	}
	STATE(s, ESTABLISHED);
	COUNTED(s, PERSIST_PROBES, 40);
	COUNTED(s, RTO_FIRED, 0);
	IN(s, ACK, .seq = 1, .ack = 1 + r, .win = SET(60000));
	OUT(s, ACK, .seq = 1 + r, .ack = 1, .len = r);
	OUT(s, PSH_ACK, .seq = 1 + 2 * r, .ack = 1, .len = r);
	/* From here on it is loss again. */
	OUT_AT(s, 200, ACK, .seq = 1 + r, .ack = 1, .len = r);
	COUNTED(s, RTO_FIRED, 1);
	IN(s, ACK, .seq = 1, .ack = 1 + 3 * r);
	EVENTS(s, "sendable");
	QUIET(s, 1000000);
}

/* A peer that says nothing more is gone, window or not. */
static void
CM_19_shrunk_and_silent(struct script *s)
{
	uint32_t r = room(s);
	uint64_t wait = 200;

	begin(s);
	SEND_PATTERN(s, 2 * r);
	OUT(s, ACK, .seq = 1, .ack = 1, .len = r);
	OUT(s, PSH_ACK, .seq = 1 + r, .ack = 1, .len = r);
	IN(s, ACK, .seq = 1, .ack = 1, .win = SET(0));
	for (int i = 0; i < 15; i++) {
		OUT_AT(s, wait, ACK, .seq = 1, .ack = 1, .len = 1);
		wait = wait * 2 < 120000 ? wait * 2 : 120000;
	}
	QUIET(s, wait - 1);
	EVENTS(s, "");
	QUIET(s, 3);
	EVENTS(s, "closed:ETIMEDOUT");
}

/* The FIN is in flight when the window closes behind the data. */
static void
DT_05_shrunk_over_a_fin(struct script *s)
{
	begin(s);
	SEND(s, "bye");
	CLOSE(s);
	OUT(s, FIN_ACK | PSH, .seq = 1, .ack = 1, .data = "bye");
	IN(s, ACK, .seq = 1, .ack = 4, .win = SET(0));
	OUT_AT(s, 200, FIN_ACK, .seq = 4, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 4, .win = SET(0));
	OUT_AT(s, 400, FIN_ACK, .seq = 4, .ack = 1);
	IN(s, FIN_ACK, .seq = 1, .ack = 5, .win = SET(0));
	OUT(s, ACK, .seq = 5, .ack = 2);
	EVENTS(s, "closed");
}

/* ---- our window is closed */

/* Fill a receive buffer of a thousand bytes nobody reads. */
static void
fill(struct script *s)
{
	s->conf.tcp.receive_buffer = 1000;
	s->hold = true;
	START(s);
	ESTABLISH(s);
	IN(s, ACK, .seq = 1, .ack = 1, .len = 1000);
	OUT(s, ACK, .seq = 1, .ack = 1001, .win = SET(0));
	EVENTS(s, "data:1000");
	RECEIVED_PATTERN(s, 0, 1000);
}

static void
DT_05_bare_fin_is_taken(struct script *s)
{
	fill(s);
	/* Not at RCV.NXT, or with data, it is not. */
	IN(s, FIN_ACK, .seq = 1002, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1001, .win = SET(0), .tsecr = SET(0));
	IN(s, FIN_ACK, .seq = 1001, .ack = 1, .len = 1);
	OUT(s, ACK, .seq = 1, .ack = 1001, .win = SET(0), .tsecr = SET(0));
	STATE(s, ESTABLISHED);
	IN(s, FIN_ACK, .seq = 1001, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1002, .win = SET(0));
	STATE(s, CLOSE_WAIT);
	EVENTS(s, "fin");
	EQUAL(s, script_info(s).rcv_wnd, 0);
	/* What was received is still the application's to read, and then it closes. */
	CONSUME(s, 1000);
	OUT(s, ACK, .seq = 1, .ack = 1002, .win = SET(1000));
	CLOSE(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1002, .win = SET(1000));
	IN(s, ACK, .seq = 1002, .ack = 2);
	EVENTS(s, "closed");
}

static void
DT_05_bare_fin_again(struct script *s)
{
	fill(s);
	BURST(s);
	IN(s, FIN_ACK, .seq = 1001, .ack = 1);
	IN(s, RST, .seq = 5000);
	ARRIVES(s);
	OUT(s, ACK, .seq = 1, .ack = 1002, .win = SET(0));
	EVENTS(s, "fin");
	/* Nothing fits into what is left of the window: no RST is near enough to be answered. */
	IN(s, RST, .seq = 5000);
	SILENT(s);
	COUNTED(s, CHALLENGE_ACKS, 0);
	/* Our ACK was lost: answered, and not taken twice. */
	IN(s, FIN_ACK, .seq = 1001, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1002, .win = SET(0), .sack = {{1001, 1002}});
	STATE(s, CLOSE_WAIT);
	IN(s, RST, .seq = 1002);
	EVENTS(s, "closed:ECONNRESET");
}

/* ---- the handshake's end again */

/* Our ACK was lost. However often it comes, the answer is due at once. */
static void
CM_21_syn_ack_again(struct script *s)
{
	START(s);
	CONNECT(s);
	OUT(s, SYN);
	IN(s, SYN_ACK, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "established");
	for (int i = 0; i < 5; i++) {
		IN(s, SYN_ACK, .ack = 1);
		OUT(s, ACK, .seq = 1, .ack = 1, .tsecr = SET(0));
	}
	COUNTED(s, CHALLENGE_ACKS, 0);
	/* With data of ours under way just the same. */
	SEND(s, "hello");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
	IN(s, SYN_ACK, .ack = 1);
	OUT(s, ACK, .seq = 6, .ack = 1);
	/* Another number, or another ACK, is a challenge and limited. */
	IN(s, SYN_ACK, .seq = 1, .ack = 1);
	OUT(s, ACK, .seq = 6, .ack = 1);
	IN(s, SYN_ACK, .seq = 0, .ack = 2);
	IN(s, SYN_ACK, .seq = -1, .ack = 1);
	SILENT(s);
	COUNTED(s, CHALLENGE_ACKS, 1);
	COUNTED(s, CHALLENGE_LIMITED, 2);
	STATE(s, ESTABLISHED);
}

static void
DT_05_rst_with_text(struct script *s)
{
	s->conf.tcp.receive_buffer = 1000;
	s->hold = true;
	START(s);
	ESTABLISH(s);
	IN(s, ACK, .seq = 1, .ack = 1, .len = 1000);
	FORGET(s);
	EVENTS(s, "data:1000");
	RECEIVED_PATTERN(s, 0, 1000);
	IN(s, RST, .seq = 1001, .data = "bye");
	EVENTS(s, "closed:ECONNRESET");
}

/* RFC 5961 5.2: MAX.SND.WND is the largest window the peer has offered, not what it could have. */
static void
RS_08_ack_below_the_largest_window(struct script *s)
{
	s->peer_ws = true;
	START(s);
	LISTEN(s);
	IN(s, SYN, .win = SET(100));
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 1, .win = SET(100)); /* 12,800 bytes */
	EVENTS(s, "accept");
	IN(s, PSH_ACK, .seq = 1, .ack = (uint32_t)(1 - 1000000), .data = "evil", .win = SET(100));
	FORGET(s);
	EVENTS(s, "");
}

static const struct row_test tests[] = {
	ROW_TEST("DT-04", DT_04_half_of_the_largest_window),
	ROW_TEST("DT-04", DT_04_peer_with_a_small_buffer),
	ROW_TEST("DT-04", DT_04_all_there_is_leaves_at_once),
	ROW_TEST("DT-05", DT_05_shrunk_to_nothing),
	ROW_TEST("CM-19 DT-05", CM_19_shrunk_and_silent),
	ROW_TEST("DT-05", DT_05_shrunk_over_a_fin),
	ROW_TEST("DT-05", DT_05_bare_fin_is_taken),
	ROW_TEST("DT-05", DT_05_bare_fin_again),
	ROW_TEST("CM-21 RS-08", CM_21_syn_ack_again),
	ROW_TEST("DT-05 RS-06", DT_05_rst_with_text),
	ROW_TEST("RS-08", RS_08_ack_below_the_largest_window),
};

SCRIPT_MAIN(tests)
