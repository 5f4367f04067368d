/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When data is acknowledged (DT-04, RFC 1122 4.2.3.2, RFC 5681 4.2): with what leaves anyway,
 * with the second segment, at once where the peer must know, after 40 ms at the latest.
 */
#include <string.h>

#include "script.h"

static void
begin(struct script *s)
{
	s->conf.tcp.delayed_ack_ms = 40;
	START(s);
	ESTABLISH(s);
}

/* A segment of 10 bytes, the nth. */
static void
ten(struct script *s, uint32_t n)
{
	IN(s, PSH_ACK, .seq = 1 + 10 * n, .ack = 1, .len = 10);
}

static void
DT_04_one_segment_waits(struct script *s)
{
	begin(s);
	ten(s, 0);
	EVENTS(s, "data:10");
	OUT_AT(s, 40, ACK, .seq = 1, .ack = 11);
	COUNTED(s, ACKS_DELAYED, 1);
	QUIET(s, 100000);
	/* The next waits as long. */
	ten(s, 1);
	OUT_AT(s, 40, ACK, .seq = 1, .ack = 21);
	QUIET(s, 1000);
	EVENTS(s, "data:10");
	RECEIVED_PATTERN(s, 0, 20);
}

static void
DT_04_second_segment_does_not(struct script *s)
{
	begin(s);
	ten(s, 0);
	SILENT(s);
	AFTER(s, 20);
	ten(s, 1);
	OUT(s, ACK, .seq = 1, .ack = 21, .tsecr = SET(0)); /* the first's */
	SILENT(s);
	/* The wait of the first is not that of the third. */
	AFTER(s, 10);
	ten(s, 2);
	OUT_AT(s, 40, ACK, .seq = 1, .ack = 31);
	QUIET(s, 1000);
	COUNTED(s, ACKS_DELAYED, 1);
	EVENTS(s, "data:10 data:10 data:10");
	RECEIVED_PATTERN(s, 0, 30);
}

/* However many come at once: one ACK for all but the last, or for all. */
static void
DT_04_a_burst(struct script *s)
{
	begin(s);
	BURST(s);
	for (uint32_t i = 0; i < 5; i++)
		ten(s, i);
	ARRIVES(s);
	OUT(s, ACK, .seq = 1, .ack = 51);
	QUIET(s, 1000);
	EVENTS(s, "data:10 data:10 data:10 data:10 data:10");
	RECEIVED_PATTERN(s, 0, 50);
}

static void
answer(struct script *s, const char *event)
{
	if (strncmp(event, "data", 4) == 0)
		SEND(s, "yes");
}

/* What the application says to it takes it along. */
static void
DT_04_rides_on_data(struct script *s)
{
	begin(s);
	s->hook = answer;
	ten(s, 0);
	OUT(s, PSH_ACK, .seq = 1, .ack = 11, .data = "yes");
	SILENT(s);
	s->hook = NULL;
	IN(s, ACK, .seq = 11, .ack = 4);
	QUIET(s, 1000);
	COUNTED(s, ACKS_DELAYED, 0);
	/* A little later does as well. */
	IN(s, PSH_ACK, .seq = 11, .ack = 4, .len = 10);
	AFTER(s, 30);
	SEND(s, "no");
	OUT(s, PSH_ACK, .seq = 4, .ack = 21, .data = "no");
	IN(s, ACK, .seq = 21, .ack = 6);
	QUIET(s, 1000);
	EVENTS(s, "data:10 sendable data:10 sendable");
	RECEIVED_PATTERN(s, 0, 20);
}

/* One timer a connection: while something of ours is in flight it is taken. */
static void
DT_04_no_wait_with_data_in_flight(struct script *s)
{
	begin(s);
	SEND(s, "question");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "question");
	ten(s, 0);
	OUT(s, ACK, .seq = 9, .ack = 11);
	EVENTS(s, "data:10");
	RECEIVED_PATTERN(s, 0, 10);
}

/* It waits, and then there is something to send that may not leave. */
static void
DT_04_window_closed_meanwhile(struct script *s)
{
	begin(s);
	ten(s, 0);
	SILENT(s);
	IN(s, ACK, .seq = 11, .ack = 1, .win = SET(0));
	SILENT(s);
	SEND(s, "later");
	/* The persist timer has taken over; the ACK does not wait for it. */
	OUT(s, ACK, .seq = 1, .ack = 11);
	EVENTS(s, "data:10");
	RECEIVED_PATTERN(s, 0, 10);
}

static void
DT_04_gap_and_fill_at_once(struct script *s)
{
	begin(s);
	ten(s, 1);
	OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{11, 21}});
	ten(s, 0);
	OUT(s, ACK, .seq = 1, .ack = 21);
	QUIET(s, 1000);
	/* The same once more is nothing to wait with either (RFC 9293 3.10.7.4). */
	ten(s, 1);
	OUT(s, ACK, .seq = 1, .ack = 21, .tsecr = SET(0), .sack = {{11, 21}});
	/* Nor is what is new only in part. */
	IN(s, PSH_ACK, .seq = 11, .ack = 1, .len = 20);
	OUT(s, ACK, .seq = 1, .ack = 31, .sack = {{11, 21}});
	QUIET(s, 1000);
	EVENTS(s, "data:10 data:10 data:10");
	RECEIVED_PATTERN(s, 0, 30);
}

static void
DT_04_fin_at_once(struct script *s)
{
	begin(s);
	ten(s, 0);
	SILENT(s);
	IN(s, FIN_ACK, .seq = 11, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 12);
	EVENTS(s, "data:10 fin");
	QUIET(s, 1000);
	RECEIVED_PATTERN(s, 0, 10);
}

/* The timer does not stay behind: what comes next is timed as ever. */
static void
DT_04_close_with_an_ack_owed(struct script *s)
{
	begin(s);
	ten(s, 0);
	SILENT(s);
	CLOSE(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 11);
	IN(s, FIN_ACK, .seq = 11, .ack = 2);
	OUT(s, ACK, .seq = 2, .ack = 12);
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 1);
	EVENTS(s, "data:10 closed");
	RECEIVED_PATTERN(s, 0, 10);
}

/* RFC 7323 4.3: the timestamp that is echoed is that of the segment the ACK was first owed for. */
static void
DT_04_echo_of_the_first(struct script *s)
{
	begin(s);
	if (!s->peer_ts)
		return;
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .len = 10, .tsval = SET(5000));
	SILENT(s);
	IN(s, PSH_ACK, .seq = 11, .ack = 1, .len = 10, .tsval = SET(6000));
	OUT(s, ACK, .seq = 1, .ack = 21, .tsecr = SET(5000));
	EVENTS(s, "data:10 data:10");
	RECEIVED_PATTERN(s, 0, 20);
}

/* By knob: not at all, or as long as is said. */
static void
DT_04_knob(struct script *s)
{
	s->conf.tcp.delayed_ack_ms = s->active ? 0 : 500;
	START(s);
	ESTABLISH(s);
	ten(s, 0);
	if (s->active)
		OUT(s, ACK, .seq = 1, .ack = 11);
	else
		OUT_AT(s, 500, ACK, .seq = 1, .ack = 11);
	QUIET(s, 1000);
	EVENTS(s, "data:10");
	RECEIVED_PATTERN(s, 0, 10);
}

static const struct row_test tests[] = {
	ROW_TEST("DT-04", DT_04_one_segment_waits),
	ROW_TEST("DT-04", DT_04_second_segment_does_not),
	ROW_TEST("DT-04", DT_04_a_burst),
	ROW_TEST("DT-04", DT_04_rides_on_data),
	ROW_TEST("DT-04", DT_04_no_wait_with_data_in_flight),
	ROW_TEST("DT-04", DT_04_window_closed_meanwhile),
	ROW_TEST("DT-04", DT_04_gap_and_fill_at_once),
	ROW_TEST("DT-04", DT_04_fin_at_once),
	ROW_TEST("DT-04", DT_04_close_with_an_ack_owed),
	ROW_TEST("DT-04", DT_04_echo_of_the_first),
	ROW_TEST("DT-04", DT_04_knob),
};

SCRIPT_MAIN(tests)
