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

static const struct row_test tests[] = {
	ROW_TEST("DT-04 OP-03", DT_04_grows),
	ROW_TEST("DT-04", DT_04_does_not_grow),
	ROW_TEST("DT-04", DT_04_growth_off),
	ROW_TEST("DT-04", DT_04_end_while_growing),
};

SCRIPT_MAIN(tests)
