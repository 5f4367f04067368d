/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SYN cookies (DT-10): SYNs beyond a listener's backlog are answered and not kept, and the
 * ACK that brings the cookie back makes the connection its SYN asked for.
 */
#include "script.h"

/* A listener with room for one half-open connection, which tuple 9 has. */
static void
full(struct script *s)
{
	START(s);
	script_listen(s, 1);
	USE(s, 9);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	USE(s, 0);
}

/* Our SYN+ACK: no window scaling and no SACK where the peer has no timestamps to keep them. */
static void
cookie_out(struct script *s)
{
	if (s->peer_ts)
		OUT(s, SYN_ACK, .ack = 1);
	else
		OUT(s, SYN_ACK, .ack = 1, .wscale = ABSENT, .sack_ok = ABSENT);
	/* Its TSval carries an option in its low bits: the clock is learned from what follows. */
	s->t->ts_offset_known = false;
}

static void
nothing_kept(struct script *s)
{
	EQUAL(s, script_in_state(s, SPATE_SYN_RCVD), 1);
	COUNTED(s, SYN_RECEIVED, 1);
}

static void
DT_10_handshake(struct script *s)
{
	full(s);
	IN(s, SYN);
	cookie_out(s);
	nothing_kept(s);
	COUNTED(s, COOKIES_SENT, 1);
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
	SILENT(s);
	COUNTED(s, COOKIES_ACCEPTED, 1);
	STATE(s, ESTABLISHED);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
	OUT(s, ACK, .seq = 1, .ack = 6);
	SEND(s, "world");
	OUT(s, PSH_ACK, .seq = 1, .ack = 6, .data = "world");
	IN(s, FIN_ACK, .seq = 6, .ack = 6);
	OUT(s, ACK, .seq = 6, .ack = 7);
	EVENTS(s, "data:5 sendable fin");
	RECEIVED(s, "hello");
}

static void
DT_10_data_with_the_ack(struct script *s)
{
	full(s);
	IN(s, SYN);
	cookie_out(s);
	IN(s, PSH_ACK | FIN, .seq = 1, .ack = 1, .data = "GET /");
	OUT(s, ACK, .seq = 1, .ack = 7);
	EVENTS(s, "accept data:5 fin");
	RECEIVED(s, "GET /");
}

/* The ACK was lost, the data behind it is not: any acceptable segment brings the cookie. */
static void
DT_10_first_ack_lost(struct script *s)
{
	full(s);
	IN(s, SYN);
	cookie_out(s);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x");
	OUT(s, ACK, .seq = 1, .ack = 2);
	EVENTS(s, "accept data:1");
	RECEIVED(s, "x");
}

static void
DT_10_never_sent_again(struct script *s)
{
	full(s);
	IN(s, SYN);
	cookie_out(s);
	/* The one that is kept is retransmitted, ours is not. */
	USE(s, 9);
	OUT_AT(s, 1000, SYN_ACK, .ack = 1);
	QUIET(s, 1900);
}

static void
DT_10_same_syn_same_cookie(struct script *s)
{
	full(s);
	for (int i = 0; i < 3; i++) {
		IN(s, SYN);
		cookie_out(s); /* the same ISS, or this fails */
	}
	nothing_kept(s);
}

static void
mss_kept(struct script *s, uint16_t offered, uint16_t used)
{
	uint32_t room = used - (s->peer_ts ? 12 : 0);

	full(s);
	IN(s, SYN, .mss = offered ? SET(offered) : ABSENT);
	cookie_out(s);
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
	SEND_PATTERN(s, room + 1);
	OUT(s, ACK, .seq = 1, .ack = 1, .len = room);
	OUT(s, PSH_ACK, .seq = 1 + room, .ack = 1, .len = 1);
	IN(s, ACK, .seq = 1, .ack = 2 + room);
	EVENTS(s, "sendable");
}

static void
DT_10_mss_1460(struct script *s)
{
	mss_kept(s, 1460, 1460);
}

static void
DT_10_mss_1459_is_1440(struct script *s)
{
	mss_kept(s, 1459, 1440);
}

static void
DT_10_mss_absent(struct script *s)
{
	mss_kept(s, 0, MSS_UNSAID);
}

static void
DT_10_small_mss(struct script *s)
{
	mss_kept(s, 300, 216);
}

/* The peer's window shift comes back with our timestamp. */
static void
DT_10_window_scale_kept(struct script *s)
{
	full(s);
	IN(s, SYN);
	cookie_out(s);
	IN(s, ACK, .seq = 1, .ack = 1, .win = SET(512));
	EVENTS(s, "accept");
	EQUAL(s, script_info(s).snd_wnd, s->peer_ts && s->peer_ws ? 512 << 7 : 512);
}

/* SACK, too, with every window shift beside it; `s->peer_sack` says whether it is agreed. */
static void
sack_kept(struct script *s)
{
	full(s);
	for (uint32_t shift = 0; shift < 16; shift++) {
		s->t->isn += 1000;
		s->t->iss_known = false;
		s->t->ts_offset_known = false;
		AFTER(s, 1 + shift % 5);
		IN(s, SYN, .wscale = shift < 15 ? SET(shift) : ABSENT);
		if (s->peer_ts && shift == 15)
			OUT(s, SYN_ACK, .ack = 1, .wscale = ABSENT);
		else
			cookie_out(s);
		s->t->ts_offset_known = false;
		s->peer_sack &= s->peer_ts;
		IN(s, ACK, .seq = 1, .ack = 1, .win = SET(512));
		EVENTS(s, "accept");
		EQUAL(s, script_info(s).snd_wnd, s->peer_ts && shift < 15 ? 512u << shift : 512);
		IN(s, ACK, .seq = 11, .ack = 1, .data = "x");
		if (s->peer_ts && shift == 15)
			OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{11, 12}}, .win = SET(65535));
		else
			OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{11, 12}});
		IN(s, RST, .seq = 1);
		EVENTS(s, "closed:ECONNRESET");
	}
}

static void
DT_10_sack_kept(struct script *s)
{
	s->peer_sack = true;
	s->peer_ws = s->peer_ts;
	sack_kept(s);
}

static void
DT_10_no_sack_to_keep(struct script *s)
{
	s->peer_sack = false;
	s->peer_ws = s->peer_ts;
	sack_kept(s);
}

static void
DT_10_sack_off_here(struct script *s)
{
	s->conf.tcp.sack = false;
	s->peer_sack = true;
	s->peer_ws = s->peer_ts;
	sack_kept(s);
}

static void
DT_10_wrong_cookie(struct script *s)
{
	full(s);
	IN(s, SYN);
	cookie_out(s);
	IN(s, ACK, .seq = 1, .ack = 2);
	OUT(s, RST, .seq = 2);
	IN(s, ACK, .seq = 2, .ack = 1); /* another ISN of the peer's */
	OUT(s, RST, .seq = 1);
	EVENTS(s, "");
	COUNTED(s, COOKIES_ACCEPTED, 0);
}

static void
DT_10_of_another_tuple(struct script *s)
{
	uint32_t iss;

	full(s);
	IN(s, SYN);
	cookie_out(s);
	iss = s->t->iss;
	USE(s, 1);
	s->t->iss = iss;
	s->t->iss_known = true;
	s->t->lport = OUR_PORT;
	IN(s, ACK, .seq = 1, .ack = 1);
	OUT(s, RST, .seq = 1);
}

static void
DT_10_too_old(struct script *s)
{
	s->conf.tcp.synack_retries = 0;
	full(s);
	IN(s, SYN);
	cookie_out(s);
	QUIET(s, 129000);
	IN(s, ACK, .seq = 1, .ack = 1);
	OUT(s, RST, .seq = 1);
}

static void
DT_10_a_minute_old(struct script *s)
{
	s->conf.tcp.synack_retries = 0;
	full(s);
	IN(s, SYN);
	cookie_out(s);
	QUIET(s, 63000);
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
}

static void
DT_10_no_room_for_the_connection(struct script *s)
{
	s->conf.max_conns = 1;
	full(s);
	IN(s, SYN);
	cookie_out(s);
	IN(s, ACK, .seq = 1, .ack = 1);
	SILENT(s);
	EVENTS(s, "");
	COUNTED(s, SYN_NO_ROOM, 1);
	/* Room is found: the peer's data, sent again, brings the cookie again. */
	USE(s, 9);
	IN(s, RST, .seq = 1);
	USE(s, 0);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x");
	OUT(s, ACK, .seq = 1, .ack = 2);
	EVENTS(s, "accept data:1");
	RECEIVED(s, "x");
}

/* Without a limit of its own a listener leaves a quarter of all connections to others. */
static void
DT_10_flood_leaves_room(struct script *s)
{
	s->conf.max_conns = 8;
	START(s);
	LISTEN(s);
	for (int i = 0; i < 6; i++) {
		USE(s, i);
		IN(s, SYN);
		OUT(s, SYN_ACK, .ack = 1);
	}
	for (int i = 6; i < 8; i++) {
		USE(s, i);
		IN(s, SYN);
		cookie_out(s);
	}
	for (int i = 6; i < 8; i++) {
		USE(s, i);
		IN(s, ACK, .seq = 1, .ack = 1);
	}
	EVENTS(s, "accept accept");
}

static void
DT_10_off_by_knob(struct script *s)
{
	s->conf.tcp.syn_cookies = false;
	full(s);
	IN(s, SYN);
	SILENT(s);
	COUNTED(s, SYN_BACKLOG_FULL, 1);
}

static void
DT_10_none_out_none_taken(struct script *s)
{
	START(s);
	LISTEN(s);
	s->t->lport = OUR_PORT;
	s->t->iss_known = true;
	IN(s, ACK, .seq = 1, .ack = 1);
	OUT(s, RST, .seq = 1);
}

static const struct row_test tests[] = {
	ROW_TEST("DT-10", DT_10_handshake),
	ROW_TEST("DT-10", DT_10_data_with_the_ack),
	ROW_TEST("DT-10", DT_10_first_ack_lost),
	ROW_TEST("DT-10", DT_10_never_sent_again),
	ROW_TEST("DT-10", DT_10_same_syn_same_cookie),
	ROW_TEST("DT-10 OP-02", DT_10_mss_1460),
	ROW_TEST("DT-10 OP-02", DT_10_mss_1459_is_1440),
	ROW_TEST("DT-10 OP-02", DT_10_mss_absent),
	ROW_TEST("DT-10 OP-02", DT_10_small_mss),
	ROW_TEST("DT-10 OP-03", DT_10_window_scale_kept),
	ROW_TEST("DT-10 OP-04", DT_10_sack_kept),
	ROW_TEST("DT-10 OP-04", DT_10_no_sack_to_keep),
	ROW_TEST("DT-10 OP-04", DT_10_sack_off_here),
	ROW_TEST("DT-10 RS-04", DT_10_wrong_cookie),
	ROW_TEST("DT-10 RS-04", DT_10_of_another_tuple),
	ROW_TEST("DT-10", DT_10_too_old),
	ROW_TEST("DT-10", DT_10_a_minute_old),
	ROW_TEST("DT-10 CM-18", DT_10_no_room_for_the_connection),
	ROW_TEST("DT-10", DT_10_flood_leaves_room),
	ROW_TEST("DT-10 CM-18", DT_10_off_by_knob),
	ROW_TEST("DT-10 RS-04", DT_10_none_out_none_taken),
};

SCRIPT_MAIN(tests)
