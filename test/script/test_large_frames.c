/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Several segments in one frame, for a port that cuts frames up (TSO). What such a port makes of
 * them (nic.h) is what OUT sees here and everywhere else: every script runs with such a port too.
 * This is about which segments go together, and where their bytes come from.
 */
#include "flight.h"

#define SHARED ((uintptr_t)script_pattern)

static void
with_port(struct script *s, uint32_t max, uint16_t buffers)
{
	s->conf.tx_large_max = max;
	s->conf.tx_large_buffers = buffers;
}

/* Ten segments, which is the initial window, of twelve. */
static void
DT_02_a_window_in_one_frame(struct script *s)
{
	with_port(s, UINT16_MAX, 40);
	START(s);
	EQUAL(s, spate_lend(s->stack, script_pattern, sizeof(script_pattern), SHARED), 0);
	ESTABLISH(s);
	IN(s, ACK, .seq = 1, .ack = 1);
	SEND_PATTERN(s, 12 * room(s));
	segments(s, 1, 10, 12);
	COUNTED(s, TX_LARGE, 1);
	COUNTED(s, TX_BYTES, 10 * room(s));
	COUNTED(s, TX_LENT_BYTES, 10 * room(s));
	/* One segment of room is one segment, and no large frame. */
	ACKED(s, 2);
	segments(s, 11, 12, 12);
	COUNTED(s, TX_LARGE, 2);
	COUNTED(s, TX_LENT_BYTES, 12 * room(s));
	EQUAL(s, script_count_of(s, SPATE_TX_SEGMENTS), 12 + (s->active ? 2 : 1));
	ACKED(s, 13);
	EVENTS(s, "sendable");
}

/* No more than the port takes: whole segments. */
static void
DT_02_as_large_as_the_port_takes(struct script *s)
{
	with_port(s, 3 * 1460 + 1000, 40);
	START(s);
	ESTABLISH(s);
	IN(s, ACK, .seq = 1, .ack = 1);
	SEND_PATTERN(s, 10 * room(s));
	segments(s, 1, 10, 10);
	COUNTED(s, TX_LARGE, 3);
	COUNTED(s, TX_LENT_BYTES, 0);
	ACKED(s, 11);
	EVENTS(s, "sendable");
}

/* Two buffers of 2176 bytes besides that of the headers hold two segments, or just three. */
static void
DT_02_as_many_buffers_as_the_port_takes(struct script *s)
{
	with_port(s, UINT16_MAX, s->active ? 3 : 2);
	START(s);
	ESTABLISH(s);
	IN(s, ACK, .seq = 1, .ack = 1);
	SEND_PATTERN(s, 10 * room(s));
	segments(s, 1, 10, 10);
	COUNTED(s, TX_LARGE, !s->active ? 0 : room(s) == 1460 ? 5 : 3);
	ACKED(s, 11);
	EVENTS(s, "sendable");
}

/* Copies stop at eight buffers of 2176 bytes, room for eleven segments or twelve. */
static void
DT_02_copies_are_bounded(struct script *s)
{
	with_port(s, UINT16_MAX, 40);
	s->conf.tcp.initial_window = 16;
	START(s);
	ESTABLISH(s);
	IN(s, ACK, .seq = 1, .ack = 1);
	SEND_PATTERN(s, 16 * room(s));
	segments(s, 1, 16, 16);
	COUNTED(s, TX_LARGE, 2);
	ACKED(s, 17);
	EVENTS(s, "sendable");
}

/* Of what was written at once that goes without a copy which begins in memory that is lent. */
static void
DT_02_lent_in_part(struct script *s)
{
	with_port(s, UINT16_MAX, 40);
	START(s);
	EQUAL(s, spate_lend(s->stack, script_pattern + 100, 4000, SHARED + 100), 0);
	EQUAL(s, spate_lend(s->stack, script_pattern + 5001, 3001, SHARED + 5001), 0);
	for (int i = 2; i < 40; i++)
		EQUAL(s, spate_lend(s->stack, script_pattern + 60000 + i, 1, SHARED), 0);
	EQUAL(s, -spate_lend(s->stack, script_pattern, 1, SHARED), ENOSPC);
	ESTABLISH(s);
	IN(s, ACK, .seq = 1, .ack = 1);
	SEND_PATTERN(s, 99);
	SEND_PATTERN(s, 2901);
	SEND_PATTERN(s, 3000);
	SEND_PATTERN(s, 10 * room(s) - 6000);
	segments(s, 1, 10, 10);
	COUNTED(s, TX_LARGE, 1);
	COUNTED(s, TX_LENT_BYTES, 1100 + 2002);
	ACKED(s, 11);
	EVENTS(s, "sendable");
}

/* The end of what is written, with the FIN and PSH of the last segment alone. */
static void
DT_06_the_rest_and_the_fin_go_along(struct script *s)
{
	with_port(s, UINT16_MAX, 40);
	s->conf.tcp.no_delay = s->active;
	START(s);
	ESTABLISH(s);
	IN(s, ACK, .seq = 1, .ack = 1);
	SEND_PATTERN(s, 3 * room(s) + 100);
	SHUTDOWN(s);
	for (uint32_t i = 1; i <= 3; i++)
		OUT(s, ACK, .seq = UP_TO(i), .ack = 1, .len = room(s));
	OUT(s, PSH | FIN_ACK, .seq = UP_TO(4), .ack = 1, .len = 100);
	SILENT(s);
	COUNTED(s, TX_LARGE, 1);
	COUNTED(s, TX_SEGMENTS, s->active ? 6 : 5);
	IN(s, FIN_ACK, .seq = 1, .ack = UP_TO(4) + 101);
	OUT(s, ACK, .seq = UP_TO(4) + 101, .ack = 2);
	EVENTS(s, "fin closed");
}

/* Nagle holds the rest back, a cork too; an end of the window cuts it off as it does always. */
static void
DT_06_the_rest_waits(struct script *s)
{
	with_port(s, UINT16_MAX, 40);
	s->conf.tcp.no_delay = s->active;
	START(s);
	ESTABLISH(s);
	IN(s, ACK, .seq = 1, .ack = 1);
	script_must(s, spate_setopt(s->stack, s->conn, SPATE_OPT_CORK, s->active), "cork");
	SEND_PATTERN(s, 3 * room(s) + 100);
	for (uint32_t i = 1; i <= 3; i++)
		OUT(s, ACK, .seq = UP_TO(i), .ack = 1, .len = room(s));
	SILENT(s);
	COUNTED(s, TX_LARGE, 1);
	script_must(s, spate_setopt(s->stack, s->conn, SPATE_OPT_CORK, 0), "uncork");
	ACKED(s, 4);
	OUT(s, PSH_ACK, .seq = UP_TO(4), .ack = 1, .len = 100);
	IN(s, ACK, .seq = 1, .ack = UP_TO(4) + 100);
	EVENTS(s, "sendable");
}

/* The peer's window ends in the middle of a segment; the FIN needs a place in it too. */
static void
DT_05_the_window_of_the_peer(struct script *s)
{
	with_port(s, UINT16_MAX, 40);
	s->peer_ws = false;
	START(s);
	ESTABLISH(s);
	IN(s, ACK, .seq = 1, .ack = 1, .win = SET(4 * room(s) + 10));
	SEND_PATTERN(s, 8 * room(s));
	SHUTDOWN(s);
	segments(s, 1, 4, 8);
	COUNTED(s, TX_LARGE, 1);
	IN(s, ACK, .seq = 1, .ack = UP_TO(5), .win = SET(4 * room(s)));
	segments(s, 5, 8, 8);
	COUNTED(s, TX_LARGE, 2);
	IN(s, ACK, .seq = 1, .ack = UP_TO(9), .win = SET(4 * room(s)));
	OUT(s, FIN_ACK, .seq = UP_TO(9), .ack = 1);
}

/* What goes again goes segment by segment. */
static void
DT_01_nothing_large_while_something_is_lost(struct script *s)
{
	with_port(s, UINT16_MAX, 40);
	fly(s, 30);
	COUNTED(s, TX_LARGE, 1);
	AFTER(s, 100);
	for (int i = 0; i < 2; i++) {
		ACKED(s, 1, SEGS(2, 2 + i));
		OUT(s, ACK, .seq = UP_TO(11 + i), .ack = 1, .len = room(s));
	}
	COUNTED(s, TX_LARGE, 1);
	ACKED(s, 1, SEGS(2, 10));
	COUNTED(s, TX_LARGE, 1);
	OUT(s, ACK, .seq = 1, .ack = 1, .len = room(s));
	while (s->head != s->tail)
		script_next_frame(s);
	COUNTED(s, TX_LARGE, 1);
}

/* What is said once, and what takes room of the segment that says it, is said in one. */
static void
OP_04_blocks_are_no_large_frames(struct script *s)
{
	with_port(s, UINT16_MAX, 40);
	START(s);
	ESTABLISH(s);
	IN(s, ACK, .seq = 101, .ack = 1, .len = 100);
	SEND_PATTERN(s, 5000);
	while (s->head == s->tail)
		script_pump(s);
	COUNTED(s, TX_LARGE, s->peer_sack ? 0 : 1);
	s->head = s->tail;
}

/* The first segment is timed: no other's way is in its round trip. */
static void
DT_01_the_first_is_timed(struct script *s)
{
	with_port(s, UINT16_MAX, 40);
	fly(s, 10);
	COUNTED(s, TX_LARGE, 1);
	EQUAL(s, script_info(s).srtt_us, 100000);
	AFTER(s, 20);
	ACKED(s, 2);
	EQUAL(s, script_info(s).srtt_us, 90000);
	ACKED(s, 11);
	EVENTS(s, "sendable");
}

/* It is turned off, and on again; and once the port has refused one, never on. */
static void
DT_02_turned_off(struct script *s)
{
	with_port(s, UINT16_MAX, 40);
	START(s);
	spate_set_large_frames(s->stack, false);
	ESTABLISH(s);
	IN(s, ACK, .seq = 1, .ack = 1);
	SEND_PATTERN(s, 4 * room(s));
	segments(s, 1, 4, 4);
	COUNTED(s, TX_LARGE, 0);
	spate_set_large_frames(s->stack, true);
	SEND_PATTERN(s, 4 * room(s));
	segments(s, 5, 8, 8);
	COUNTED(s, TX_LARGE, 1);
	spate_large_frame_refused(s->stack);
	spate_set_large_frames(s->stack, true);
	SEND_PATTERN(s, 2 * room(s));
	segments(s, 9, 10, 10);
	COUNTED(s, TX_LARGE, 1);
	COUNTED(s, TX_REFUSED, 1);
	ACKED(s, 11);
	EVENTS(s, "sendable");
}

/* Without buffers for a large one, a frame of one segment, or what there is room for. */
static void
DT_02_short_of_buffers(struct script *s)
{
	struct rte_mbuf *taken[4095];
	unsigned int n, leave = s->active ? 4 : 2;

	with_port(s, UINT16_MAX, 40);
	START(s);
	ESTABLISH(s);
	IN(s, ACK, .seq = 1, .ack = 1);
	n = rte_mempool_avail_count(s->conf.pool) - leave;
	EQUAL(s, rte_pktmbuf_alloc_bulk(s->conf.pool, taken, n), 0);
	s->out_max = 1; /* each frame is gone before the next is made */
	SEND_PATTERN(s, 4 * room(s));
	segments(s, 1, 4, 4);
	COUNTED(s, TX_LARGE, s->active ? 1 : 0);
	rte_pktmbuf_free_bulk(taken, n);
	ACKED(s, 5);
	EVENTS(s, "sendable");
}

static const struct row_test tests[] = {
	ROW_TEST("DT-02", DT_02_a_window_in_one_frame),
	ROW_TEST("DT-02", DT_02_as_large_as_the_port_takes),
	ROW_TEST("DT-02", DT_02_as_many_buffers_as_the_port_takes),
	ROW_TEST("DT-02", DT_02_copies_are_bounded),
	ROW_TEST("DT-02", DT_02_lent_in_part),
	ROW_TEST("DT-06", DT_06_the_rest_and_the_fin_go_along),
	ROW_TEST("DT-06", DT_06_the_rest_waits),
	ROW_TEST("DT-05", DT_05_the_window_of_the_peer),
	ROW_TEST("DT-01", DT_01_nothing_large_while_something_is_lost),
	ROW_TEST("DT-01", DT_01_the_first_is_timed),
	ROW_TEST("OP-04", OP_04_blocks_are_no_large_frames),
	ROW_TEST("DT-02", DT_02_turned_off),
	ROW_TEST("DT-02", DT_02_short_of_buffers),
};

SCRIPT_MAIN(tests)
