/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The window offered grows while it may be what holds a sender back, up to a limit, and is
 * scaled for that limit from the start (DT-04, OP-03).
 */
#include "script.h"

#define BUFFER 20000u
#define MAX    80000u /* shift 1 */
#define RTT    100

/* A round trip of 100 ms, by the handshake, and a small buffer. */
static void
begin(struct script *s)
{
	s->conf.tcp.receive_buffer = BUFFER;
	s->conf.tcp.receive_buffer_max = MAX;
	START(s);
	if (s->active) {
		CONNECT(s);
		OUT(s, SYN, .win = SET(BUFFER));
		AFTER(s, RTT);
		IN(s, SYN_ACK, .ack = 1);
		EVENTS(s, "established");
		OUT(s, ACK, .seq = 1, .ack = 1, .win = SET(s->peer_ws ? BUFFER / 2 : BUFFER));
		return;
	}
	LISTEN(s);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1, .win = SET(BUFFER));
	AFTER(s, RTT);
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
}

/* Two segments of 1000 bytes, the nth pair; their ACK offers `wnd`. */
static void
pair(struct script *s, uint32_t n, uint32_t wnd)
{
	BURST(s);
	IN(s, ACK, .seq = 1 + 2000 * n, .ack = 1, .len = 1000);
	IN(s, ACK, .seq = 1001 + 2000 * n, .ack = 1, .len = 1000);
	ARRIVES(s);
	EVENTS(s, "data:1000 data:1000");
	RECEIVED_PATTERN(s, 2000 * n, 2000);
	OUT(s, ACK, .seq = 1, .ack = 2001 + 2000 * n, .win = SET(s->peer_ws ? wnd / 2 : wnd));
}

/* Half of it and more in a round trip: twice as much is offered, and so on up to the limit. */
static void
DT_04_grows(struct script *s)
{
	uint32_t n = 0, want = BUFFER;

	begin(s);
	for (int round = 0; round < 4; round++) {
		uint32_t pairs = want / 2 / 2000;

		for (uint32_t i = 0; i < pairs; i++)
			pair(s, n++, want);
		AFTER(s, RTT);
		/* This one tells that the round is over; it counts for the one before. */
		if (s->peer_ws)
			want = 2 * want < MAX ? 2 * want : MAX;
		pair(s, n++, want);
	}
	EQUAL(s, script_info(s).rcv_wnd, s->peer_ws ? MAX : BUFFER);
}

/* Less than half of it: it is not the window that holds the sender back. */
static void
DT_04_does_not_grow(struct script *s)
{
	begin(s);
	for (uint32_t n = 0; n < 40; n++) {
		pair(s, n, BUFFER);
		if (n % 4 == 3)
			AFTER(s, RTT);
	}
}

/* By knob. */
static void
DT_04_growth_off(struct script *s)
{
	s->conf.tcp.receive_buffer = BUFFER;
	START(s);
	ESTABLISH(s);
	for (uint32_t n = 0; n < 40; n++) {
		BURST(s);
		IN(s, ACK, .seq = 1 + 2000 * n, .ack = 1, .len = 1000);
		IN(s, ACK, .seq = 1001 + 2000 * n, .ack = 1, .len = 1000);
		ARRIVES(s);
		EVENTS(s, "data:1000 data:1000");
		RECEIVED_PATTERN(s, 2000 * n, 2000);
		OUT(s, ACK, .seq = 1, .ack = 2001 + 2000 * n, .win = SET(BUFFER));
		AFTER(s, 1);
	}
}

/* It ends while it is measured. */
static void
DT_04_end_while_growing(struct script *s)
{
	begin(s);
	AFTER(s, 1);
	for (uint32_t n = 0; n < 10; n++)
		pair(s, n, BUFFER);
	ABORT(s);
	OUT(s, RST_ACK, .seq = 1, .ack = 20001);
	EVENTS(s, "closed:ECONNABORTED");
}

static const char thousand[1000] = "x";

/*
 * As often as there is room for: from a small window to a large one. And the scale, whose unit is
 * the whole of the small one, leaves the peer's alone.
 */
static void
DT_04_fifteen_doublings(struct script *s)
{
	uint32_t seq = 1, want = 1500, last = 0;

	s->conf.tcp.receive_buffer = want;
	s->conf.tcp.receive_buffer_max = (want << 15) + 100000;
	s->peer_ws = true;
	START(s);
	/* Fifty megabytes: in few of the configurations. */
	if (script_v6 || s->active || s->peer_ts || s->aim)
		return;
	CONNECT(s);
	OUT(s, SYN, .win = SET(1500));
	AFTER(s, 100);
	IN(s, SYN_ACK, .ack = 1);
	EVENTS(s, "established");
	FORGET(s);
	for (int round = 0; round < 18; round++, want *= 2) {
		for (uint32_t n = 0; n <= want / 2; n += 1000, seq += 1000) {
			IN(s, ACK, .seq = seq, .ack = 1, .data = thousand, .len = 1000);
			s->received_len = 0;
			s->events[0] = 0;
			FORGET(s);
		}
		AFTER(s, 200);
		IN(s, ACK, .seq = seq, .ack = 1, .win = SET(1000));
		FORGET(s);
		EQUAL(s, script_info(s).snd_wnd, 1000 << 7);
		CHECK(s, script_info(s).rcv_wnd + 2000 >= last);
		last = script_info(s).rcv_wnd;
	}
	CHECK(s, last >= 1500u << 15);
}

/* RFC 9293 3.8.6.2.2: no silly window in an answer either. */
static void
DT_04_receiver_sws(struct script *s)
{
	s->conf.tcp.receive_buffer = 4000;
	s->hold = true;
	START(s);
	ESTABLISH(s);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .len = 1400);
	IN(s, PSH_ACK, .seq = 1401, .ack = 1, .len = 1400);
	IN(s, PSH_ACK, .seq = 2801, .ack = 1, .len = 1200);
	FORGET(s);
	EVENTS(s, "data:1400 data:1400 data:1200");
	RECEIVED_PATTERN(s, 0, 4000);
	CONSUME(s, 10);
	SILENT(s);
	IN(s, ACK, .seq = 4001, .ack = 1, .len = 1);
	OUT(s, ACK, .seq = 1, .ack = 4001, .win = SET(0));
}

/* A buffer of less than one unit of the scale: nothing is ever offered. */
static void
OP_03_unit(struct script *s)
{
	s->conf.tcp.receive_buffer = 8192;
	s->conf.tcp.receive_buffer_max = 1u << 30;
	s->peer_ws = true;
	START(s);
	CONNECT(s);
	OUT(s, SYN, .win = SET(8192), .wscale = SET(13));
	IN(s, SYN_ACK, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1, .win = SET(1));
	EVENTS(s, "established");
}

static const struct row_test tests[] = {
	ROW_TEST("DT-04 OP-03", DT_04_grows),
	ROW_TEST("DT-04", DT_04_does_not_grow),
	ROW_TEST("DT-04", DT_04_growth_off),
	ROW_TEST("DT-04", DT_04_end_while_growing),
	ROW_TEST("DT-04", DT_04_fifteen_doublings),
	ROW_TEST("DT-04", DT_04_receiver_sws),
	ROW_TEST("OP-03", OP_03_unit),
};

SCRIPT_MAIN(tests)
