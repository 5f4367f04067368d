/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Recoveries that were for nothing: what seemed lost was late (RFC 3708, RFC 4015 3.2). The window
 * is NewReno's but where it is said.
 */
#include "flight.h"

#define UNLIMITED UINT32_MAX

/* Of twenty the first ten are in flight, three of which overtake the first: it goes again. */
static void
overtaken(struct script *s)
{
	s->peer_sack = true;
	fly(s, 40);
	AFTER(s, 100);
	ACKED(s, 1, SEGS(2, 4));
	OUT(s, ACK, .seq = 1, .ack = 1, .len = room(s));
	SILENT(s);
	COUNTED(s, FAST_RETRANSMITS, 1);
}

static void
forget_output(struct script *s)
{
	script_pump(s);
	s->head = s->tail;
}

/* Everything before `n` has arrived, and of it segments `a` to `b` twice. */
#define TWICE(s, n, a, b) ACKED(s, n, SEGS(a, b))

/* The first comes, late; then what was sent again, for the second time: slow start goes on. */
static void
DT_02_late_and_sent_again(struct script *s)
{
	overtaken(s);
	ACKED(s, 11);
	EQUAL(s, script_info(s).cwnd, 5 * room(s));
	EQUAL(s, script_info(s).ssthresh, 5 * room(s));
	COUNTED(s, RECOVERIES_UNDONE, 0);
	segments(s, 11, 15, 40);
	AFTER(s, 90);
	TWICE(s, 11, 1, 1);
	EQUAL(s, script_info(s).ssthresh, UNLIMITED);
	COUNTED(s, RECOVERIES_UNDONE, 1);
	AFTER(s, 10);
	ACKED(s, 12);
	EQUAL(s, script_info(s).cwnd, 6 * room(s));
	segments(s, 16, 17, 40);
	/* Once: the same word again is about nothing. */
	TWICE(s, 12, 1, 1);
	COUNTED(s, RECOVERIES_UNDONE, 1);
	COUNTED(s, RETRANSMITS, 1);
}

/* The same with the D-SACK in recovery, which then ends as if it had not been. */
static void
DT_02_twice_before_the_end(struct script *s)
{
	overtaken(s);
	ACKED(s, 5);
	TWICE(s, 5, 1, 1);
	COUNTED(s, RECOVERIES_UNDONE, 0);
	ACKED(s, 11);
	EQUAL(s, script_info(s).ssthresh, UNLIMITED);
	COUNTED(s, RECOVERIES_UNDONE, 1);
	forget_output(s);
}

/* It comes before there was a chance to send it again: nothing is to be waited for. */
static void
DT_02_late_and_not_sent_again(struct script *s)
{
	s->peer_sack = true;
	fly(s, 40);
	AFTER(s, 100);
	BURST(s);
	ACKED(s, 1, SEGS(2, 4));
	ACKED(s, 11);
	ARRIVES(s);
	EQUAL(s, script_info(s).ssthresh, UNLIMITED);
	COUNTED(s, FAST_RETRANSMITS, 1);
	COUNTED(s, RECOVERIES_UNDONE, 1);
	COUNTED(s, RETRANSMITS, 0);
	forget_output(s);
}

/* What was lost does not come twice. */
static void
DT_02_lost_is_not_undone(struct script *s)
{
	overtaken(s);
	AFTER(s, 90);
	ACKED(s, 11);
	forget_output(s);
	for (uint32_t n = 12; n <= 15; n++)
		ACKED(s, n);
	CHECK(s, script_info(s).ssthresh == 5 * room(s));
	COUNTED(s, RECOVERIES_UNDONE, 0);
	/* And when it is said a round trip later, it is about something else. */
	TWICE(s, 15, 1, 1);
	EQUAL(s, script_info(s).ssthresh, 5 * room(s));
	COUNTED(s, RECOVERIES_UNDONE, 0);
	forget_output(s);
}

/* Two were sent again, and one of them was lost. */
static void
DT_02_one_of_two_was_late(struct script *s)
{
	s->peer_sack = true;
	fly(s, 40);
	AFTER(s, 100);
	ACKED(s, 1, SEGS(3, 10));
	OUT(s, ACK, .seq = 1, .ack = 1, .len = room(s));
	OUT(s, ACK, .seq = UP_TO(2), .ack = 1, .len = room(s));
	forget_output(s);
	COUNTED(s, RETRANSMITS, 2);
	ACKED(s, 2, SEGS(3, 10));
	AFTER(s, 90);
	/* The first has come twice; the second had not. */
	TWICE(s, 2, 1, 1);
	ACKED(s, 11);
	TWICE(s, 11, 1, 1);
	EQUAL(s, script_info(s).ssthresh, 5 * room(s));
	COUNTED(s, RECOVERIES_UNDONE, 0);
	forget_output(s);
}

/* D-SACK of what was never sent again: the network's doing, and no answer. */
static void
DT_02_twice_from_the_network(struct script *s)
{
	overtaken(s);
	ACKED(s, 11);
	forget_output(s);
	TWICE(s, 11, 12, 12);
	IN(s, ACK, .seq = 1, .ack = UP_TO(11), .sack = {{UP_TO(1) - 5, UP_TO(1)}});
	EQUAL(s, script_info(s).ssthresh, 5 * room(s));
	COUNTED(s, RECOVERIES_UNDONE, 0);
	forget_output(s);
}

/* A timeout in between is a sign of its own. */
static void
DT_02_timeout_is_not_undone(struct script *s)
{
	overtaken(s);
	AFTER(s, 400);
	COUNTED(s, RTO_FIRED, 1);
	forget_output(s);
	ACKED(s, 11);
	TWICE(s, 11, 1, 1);
	CHECK(s, script_info(s).ssthresh != UNLIMITED);
	COUNTED(s, RECOVERIES_UNDONE, 0);
	forget_output(s);
}

/* CUBIC: the curve, too, is what it was: the window before the first loss is still the goal. */
static void
DT_02_cubic_forgets(struct script *s)
{
	s->conf.tcp.congestion = SPATE_CUBIC;
	overtaken(s);
	ACKED(s, 11);
	EQUAL(s, script_info(s).ssthresh, 7 * room(s));
	forget_output(s);
	TWICE(s, 11, 1, 1);
	EQUAL(s, script_info(s).ssthresh, UNLIMITED);
	COUNTED(s, RECOVERIES_UNDONE, 1);
	AFTER(s, 90);
	ACKED(s, 12);
	EQUAL(s, script_info(s).cwnd, 8 * room(s));
	forget_output(s);
}

static const struct row_test tests[] = {
	ROW_TEST("DT-02 OP-04", DT_02_late_and_sent_again),
	ROW_TEST("DT-02 OP-04", DT_02_twice_before_the_end),
	ROW_TEST("DT-02 OP-04", DT_02_late_and_not_sent_again),
	ROW_TEST("DT-02 OP-04", DT_02_lost_is_not_undone),
	ROW_TEST("DT-02 OP-04", DT_02_one_of_two_was_late),
	ROW_TEST("DT-02 OP-04", DT_02_twice_from_the_network),
	ROW_TEST("DT-02 OP-04", DT_02_timeout_is_not_undone),
	ROW_TEST("DT-02 OP-04", DT_02_cubic_forgets),
};

SCRIPT_MAIN(tests)
