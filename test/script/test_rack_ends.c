/* SPDX-License-Identifier: BSD-3-Clause */
/* While a loss is repaired: windows that close or shrink, FINs, and the connection's end. */
#include "flight.h"

/* Closed in the middle of it: probes, and when it opens again all that is missing. */
static void
DT_05_closed_during_recovery(struct script *s)
{
	s->peer_sack = true;
	fly(s, 10);
	AFTER(s, 100);
	ACKED(s, 1, SEGS(2, 4));
	segments(s, 1, 1, 10);
	IN(s, ACK, .seq = 1, .ack = 1, .win = SET(0), .sack = {SEGS(2, 5)});
	SILENT(s);
	OUT_AT(s, 300, ACK, .seq = 1, .ack = 1, .len = 1);
	IN(s, ACK, .seq = 1, .ack = 1, .win = SET(0), .sack = {SEGS(2, 5)});
	OUT_AT(s, 600, ACK, .seq = 1, .ack = 1, .len = 1);
	COUNTED(s, PERSIST_PROBES, 2);
	COUNTED(s, RTO_FIRED, 0);
	IN(s, ACK, .seq = 1, .ack = 1, .sack = {SEGS(2, 5)});
	OUT(s, ACK, .seq = 1, .ack = 1, .len = room(s));
	segments(s, 6, 10, 10);
	ACKED(s, 11);
	EVENTS(s, "sendable");
	QUIET(s, 100000);
}

/* By the very ACK that tells of the loss: nothing is sent into it but probes. */
static void
DT_05_closed_and_lost(struct script *s)
{
	s->peer_sack = true;
	fly(s, 4);
	AFTER(s, 100);
	IN(s, ACK, .seq = 1, .ack = 1, .win = SET(0), .sack = {SEGS(2, 4)});
	SILENT(s);
	OUT_AT(s, 300, ACK, .seq = 1, .ack = 1, .len = 1);
	IN(s, ACK, .seq = 1, .ack = 1, .sack = {SEGS(2, 4)});
	segments(s, 1, 1, 4);
	ACKED(s, 5);
	EVENTS(s, "sendable");
	QUIET(s, 100000);
}

/* Not closed, but smaller: what lies beyond it waits (RFC 9293 3.8.6), but for the first. */
static void
DT_05_shrunk_during_recovery(struct script *s)
{
	s->peer_sack = true;
	s->peer_ws = false;
	fly(s, 10);
	AFTER(s, 100);
	IN(s, ACK, .seq = 1, .ack = 1, .win = SET(2 * room(s)),
		.sack = {SEGS(8, 10), SEGS(5, 6), SEGS(2, 3)});
	segments(s, 1, 1, 10);
	IN(s, ACK, .seq = 1, .ack = UP_TO(4), .win = SET(room(s) / 2),
		.sack = {SEGS(8, 10), SEGS(5, 6)});
	segments(s, 4, 4, 10);
	IN(s, ACK, .seq = 1, .ack = UP_TO(7), .sack = {SEGS(8, 10)});
	segments(s, 7, 7, 10);
	ACKED(s, 11);
	EVENTS(s, "sendable");
	COUNTED(s, RETRANSMITS, 3);
}

/* The FIN is the last number of a hole; alone when all data has arrived. */
static void
DT_01_fin_in_a_hole(struct script *s)
{
	s->peer_sack = true;
	fly(s, 4);
	SHUTDOWN(s);
	OUT(s, FIN_ACK, .seq = UP_TO(5), .ack = 1);
	AFTER(s, 100);
	ACKED(s, 1, SEGS(2, 4));
	segments(s, 1, 1, 4);
	OUT_AT(s, 300, ACK, .seq = 1, .ack = 1, .len = room(s));
	/* There is no place for it in a window of one segment. */
	SILENT(s);
	ACKED(s, 5);
	OUT(s, FIN_ACK, .seq = UP_TO(5), .ack = 1);
	SILENT(s);
	IN(s, ACK, .seq = 1, .ack = UP_TO(5) + 1);
	STATE(s, FIN_WAIT_2);
	QUIET(s, 10000);
	COUNTED(s, RETRANSMITS, 3);
}

/* In the same segment as data; and a block may tell that it has arrived. */
static void
DT_01_fin_with_data_in_a_hole(struct script *s)
{
	s->peer_sack = true;
	establish_far(s, 100);
	SEND_PATTERN(s, 3 * room(s));
	CLOSE(s);
	OUT(s, ACK, .seq = 1, .ack = 1, .len = room(s));
	OUT(s, ACK, .seq = UP_TO(2), .ack = 1, .len = room(s));
	OUT(s, FIN_ACK | PSH, .seq = UP_TO(3), .ack = 1, .len = room(s));
	AFTER(s, 100);
	ACKED(s, 1, SEGS(2, 2));
	OUT_AT(s, 25, ACK, .seq = 1, .ack = 1, .len = room(s));
	OUT_AT(s, 300, ACK, .seq = 1, .ack = 1, .len = room(s));
	SILENT(s);
	AFTER(s, 90);
	ACKED(s, 3);
	OUT(s, FIN_ACK | PSH, .seq = UP_TO(3), .ack = 1, .len = room(s));
	SILENT(s);
	IN(s, FIN_ACK, .seq = 1, .ack = UP_TO(4) + 1);
	OUT(s, ACK, .seq = UP_TO(4) + 1, .ack = 2);
	EVENTS(s, "closed");
}

static void
DT_01_fin_in_a_block(struct script *s)
{
	s->peer_sack = true;
	fly(s, 4);
	SHUTDOWN(s);
	OUT(s, FIN_ACK, .seq = UP_TO(5), .ack = 1);
	AFTER(s, 100);
	ACKED(s, 1, {UP_TO(2), UP_TO(5) + 1});
	segments(s, 1, 1, 4);
	OUT_AT(s, 300, ACK, .seq = 1, .ack = 1, .len = room(s));
	IN(s, ACK, .seq = 1, .ack = UP_TO(5) + 1);
	STATE(s, FIN_WAIT_2);
	QUIET(s, 10000);
}

/* Ended in the middle of it, by either side, it leaves nothing behind. */
static void
RS_07_abort_in_recovery(struct script *s)
{
	s->peer_sack = true;
	fly(s, 10);
	ACKED(s, 1, SEGS(2, 4), SEGS(6, 6));
	segments(s, 1, 1, 10);
	ABORT(s);
	OUT(s, RST_ACK, .seq = UP_TO(11), .ack = 1);
	EVENTS(s, "closed:ECONNABORTED");
}

static void
RS_06_reset_in_recovery(struct script *s)
{
	s->peer_sack = true;
	fly(s, 10);
	ACKED(s, 1, SEGS(2, 2));
	IN(s, RST, .seq = 1);
	EVENTS(s, "closed:ECONNRESET");
	QUIET(s, 1000);
}

static const struct row_test tests[] = {
	ROW_TEST("DT-05 DT-01", DT_05_closed_during_recovery),
	ROW_TEST("DT-05 DT-01", DT_05_closed_and_lost),
	ROW_TEST("DT-05 DT-01", DT_05_shrunk_during_recovery),
	ROW_TEST("DT-01 CM-06", DT_01_fin_in_a_hole),
	ROW_TEST("DT-01 CM-06", DT_01_fin_with_data_in_a_hole),
	ROW_TEST("DT-01 OP-04", DT_01_fin_in_a_block),
	ROW_TEST("RS-07 DT-01", RS_07_abort_in_recovery),
	ROW_TEST("RS-06 DT-01", RS_06_reset_in_recovery),
};

SCRIPT_MAIN(tests)
