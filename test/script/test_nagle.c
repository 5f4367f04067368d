/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Small segments: Nagle's algorithm (RFC 1122 4.2.3.4), no_delay, cork, PSH (DT-06); and urgent
 * data (DT-07).
 */
#include "flight.h"

static void
open_it(struct script *s)
{
	s->conf.tcp.no_delay = false;
	START(s);
	ESTABLISH(s);
	IN(s, ACK, .seq = 1, .ack = 1);
}

static void
set(struct script *s, enum spate_option option, uint64_t value)
{
	uint64_t v = 99;

	script_now(s);
	EQUAL(s, spate_setopt(s->stack, s->conn, option, value), 0);
	EQUAL(s, spate_getopt(s->stack, s->conn, option, &v), 0);
	EQUAL(s, v, value);
	EQUAL(s, -spate_setopt(s->stack, s->conn, option, 2), EINVAL);
	EQUAL(s, spate_getopt(s->stack, s->conn, option, &v), 0);
	EQUAL(s, v, value);
}

/* The first leaves at once; what is written until its ACK comes leaves then, in one segment. */
static void
DT_06_nagle(struct script *s)
{
	open_it(s);
	SEND(s, "a");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "a");
	SEND(s, "b");
	SILENT(s);
	SEND(s, "cd");
	QUIET(s, 100);
	IN(s, ACK, .seq = 1, .ack = 2);
	OUT(s, PSH_ACK, .seq = 2, .ack = 1, .data = "bcd");
	SEND(s, "e");
	SILENT(s);
	IN(s, ACK, .seq = 1, .ack = 5);
	OUT(s, PSH_ACK, .seq = 5, .ack = 1, .data = "e");
	IN(s, ACK, .seq = 1, .ack = 6);
	EVENTS(s, "sendable");
}

/* Something is in flight as long as any of it is not acknowledged. */
static void
DT_06_nagle_and_a_part(struct script *s)
{
	open_it(s);
	SEND(s, "ab");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "ab");
	SEND(s, "c");
	IN(s, ACK, .seq = 1, .ack = 2);
	SILENT(s);
	IN(s, ACK, .seq = 1, .ack = 3);
	OUT(s, PSH_ACK, .seq = 3, .ack = 1, .data = "c");
}

/* Full segments wait for nothing, what is left over does; PSH at the end of the write alone. */
static void
DT_06_full_segments(struct script *s)
{
	uint32_t r;

	open_it(s);
	r = room(s);
	SEND_PATTERN(s, 2 * r + 10);
	OUT(s, ACK, .seq = 1, .ack = 1, .len = r);
	OUT(s, ACK, .seq = UP_TO(2), .ack = 1, .len = r);
	SILENT(s);
	/* It has grown to a full one meanwhile. */
	SEND_PATTERN(s, r - 10);
	OUT(s, PSH_ACK, .seq = UP_TO(3), .ack = 1, .len = r);
	SEND_PATTERN(s, r);
	OUT(s, PSH_ACK, .seq = UP_TO(4), .ack = 1, .len = r);
	SEND_PATTERN(s, 10);
	IN(s, ACK, .seq = 1, .ack = UP_TO(4));
	SILENT(s);
	IN(s, ACK, .seq = 1, .ack = UP_TO(5));
	OUT(s, PSH_ACK, .seq = UP_TO(5), .ack = 1, .len = 10);
}

/* What waits is not sent by the timeout of what is in flight: never new with old. */
static void
DT_06_nagle_and_timeout(struct script *s)
{
	open_it(s);
	SEND(s, "a");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "a");
	SEND(s, "b");
	OUT_AT(s, 200, ACK, .seq = 1, .ack = 1, .data = "a");
	IN(s, ACK, .seq = 1, .ack = 2);
	OUT(s, PSH_ACK, .seq = 2, .ack = 1, .data = "b");
}

/* There is nothing more to come behind it. */
static void
DT_06_the_last_waits_for_nothing(struct script *s)
{
	open_it(s);
	SEND(s, "a");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "a");
	SEND(s, "b");
	SILENT(s);
	SHUTDOWN(s);
	OUT(s, FIN_ACK | PSH, .seq = 2, .ack = 1, .data = "b");
	IN(s, ACK, .seq = 1, .ack = 4);
	STATE(s, FIN_WAIT_2);
}

/* By knob: every write leaves as it is. */
static void
DT_06_no_delay_by_knob(struct script *s)
{
	s->conf.tcp.no_delay = true;
	START(s);
	ESTABLISH(s);
	SEND(s, "a");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "a");
	SEND(s, "b");
	OUT(s, PSH_ACK, .seq = 2, .ack = 1, .data = "b");
	set(s, SPATE_OPT_NO_DELAY, 0);
	SEND(s, "c");
	SILENT(s);
	IN(s, ACK, .seq = 1, .ack = 3);
	OUT(s, PSH_ACK, .seq = 3, .ack = 1, .data = "c");
}

/* By option: what has waited leaves at once. */
static void
DT_06_no_delay_by_option(struct script *s)
{
	open_it(s);
	SEND(s, "a");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "a");
	SEND(s, "b");
	SILENT(s);
	set(s, SPATE_OPT_NO_DELAY, 1);
	OUT(s, PSH_ACK, .seq = 2, .ack = 1, .data = "b");
	SEND(s, "c");
	OUT(s, PSH_ACK, .seq = 3, .ack = 1, .data = "c");
}

/* While it is being opened, too. */
static void
DT_06_no_delay_before_it_is_open(struct script *s)
{
	s->conf.tcp.no_delay = false;
	START(s);
	CONNECT(s);
	set(s, SPATE_OPT_NO_DELAY, 1);
	OUT(s, SYN);
	IN(s, SYN_ACK, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "established");
	SEND(s, "a");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "a");
	SEND(s, "b");
	OUT(s, PSH_ACK, .seq = 2, .ack = 1, .data = "b");
}

/* Corked, nothing leaves but full segments; 200 ms later at the latest. */
static void
cork(struct script *s)
{
	uint32_t r;

	START(s);
	ESTABLISH(s);
	IN(s, ACK, .seq = 1, .ack = 1);
	r = room(s);
	set(s, SPATE_OPT_CORK, 1);
	SEND_PATTERN(s, 10);
	QUIET(s, 100);
	SEND_PATTERN(s, 10);
	OUT_AT(s, 100, PSH_ACK, .seq = 1, .ack = 1, .len = 20);
	IN(s, ACK, .seq = 1, .ack = 21);
	EVENTS(s, "sendable");
	SEND_PATTERN(s, r + 5);
	OUT(s, ACK, .seq = 21, .ack = 1, .len = r);
	SILENT(s);
	IN(s, ACK, .seq = 1, .ack = 21 + r);
	SILENT(s);
	OUT_AT(s, 200, PSH_ACK, .seq = 21 + r, .ack = 1, .len = 5);
	SEND_PATTERN(s, 5);
	SILENT(s);
	/* Uncorked, what there is; but Nagle's algorithm goes on. */
	set(s, SPATE_OPT_CORK, 0);
	if (!s->conf.tcp.no_delay) {
		SILENT(s);
		IN(s, ACK, .seq = 1, .ack = 26 + r);
	}
	OUT(s, PSH_ACK, .seq = 26 + r, .ack = 1, .len = 5);
}

static void
DT_06_cork(struct script *s)
{
	s->conf.tcp.no_delay = false;
	cork(s);
}

static void
DT_06_cork_and_no_delay(struct script *s)
{
	s->conf.tcp.no_delay = true;
	cork(s);
}

/* Uncorking lets go at once what has waited, with nothing in flight. */
static void
DT_06_uncork(struct script *s)
{
	open_it(s);
	set(s, SPATE_OPT_CORK, 1);
	SEND(s, "head");
	SILENT(s);
	SEND(s, "body");
	SILENT(s);
	set(s, SPATE_OPT_CORK, 0);
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "headbody");
	IN(s, ACK, .seq = 1, .ack = 9);
	EVENTS(s, "sendable");
	QUIET(s, 1000);
	/* Nothing there: nothing leaves. */
	set(s, SPATE_OPT_CORK, 1);
	set(s, SPATE_OPT_CORK, 0);
	QUIET(s, 1000);
}

/* And so does the end. */
static void
DT_06_cork_and_fin(struct script *s)
{
	open_it(s);
	set(s, SPATE_OPT_CORK, 1);
	SEND(s, "all");
	SILENT(s);
	SHUTDOWN(s);
	OUT(s, FIN_ACK | PSH, .seq = 1, .ack = 1, .data = "all");
	IN(s, ACK, .seq = 1, .ack = 5);
	STATE(s, FIN_WAIT_2);
}

/* ---- DT-07: urgent data */

static uint16_t urgent;

/* The urgent pointer of what is injected, and the checksum with it. */
static uint32_t
with_pointer(struct script *s, uint8_t *b, uint32_t len)
{
	uint8_t *tcp = b + (script_v6 ? 54 : 34);
	uint32_t sum = (uint16_t)~script_get16(tcp + 16);

	(void)s;
	script_put16(tcp + 18, urgent);
	script_put16(tcp + 16, ~script_sum(NULL, 0, sum + urgent));
	return len;
}

static const uint16_t pointers[] = {0, 1, 3, 5, 6, 1000, 0x7fff, 0x8000, 0xffff};

/* Inside, at the end, beyond, in the past: it is data like any, in line, once (RFC 6093). */
static void
DT_07_in_line(struct script *s)
{
	uint32_t at = 1;

	s->seal = with_pointer;
	START(s);
	ESTABLISH(s);
	for (size_t i = 0; i < RTE_DIM(pointers); i++) {
		urgent = pointers[i];
		IN(s, PSH_ACK | URG, .seq = at, .ack = 1, .data = "hello");
		at += 5;
		OUT(s, ACK, .seq = 1, .ack = at);
		EVENTS(s, "data:5");
		RECEIVED(s, "hello");
		/* The pointer without the flag. */
		IN(s, PSH_ACK, .seq = at, .ack = 1, .data = "again");
		at += 5;
		OUT(s, ACK, .seq = 1, .ack = at);
		EVENTS(s, "data:5");
		RECEIVED(s, "again");
	}
	STATE(s, ESTABLISHED);
	COUNTED(s, OPTIONS_MALFORMED, 0);
	COUNTED(s, UNACCEPTABLE_SEQ, 0);
	urgent = 0;
}

/* Without data it says that there will be some: nothing to say to that. */
static void
DT_07_without_data(struct script *s)
{
	s->seal = with_pointer;
	START(s);
	ESTABLISH(s);
	SEND(s, "x");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x");
	for (size_t i = 0; i < RTE_DIM(pointers); i++) {
		urgent = pointers[i];
		IN(s, ACK | URG, .seq = 1, .ack = 2);
	}
	EVENTS(s, "sendable");
	QUIET(s, 1000);
	STATE(s, ESTABLISHED);
	urgent = 0;
}

/* Out of order, in pieces that overlap, and with the FIN. */
static void
DT_07_out_of_order(struct script *s)
{
	s->seal = with_pointer;
	START(s);
	ESTABLISH(s);
	urgent = 2;
	IN(s, PSH_ACK | URG, .seq = 6, .ack = 1, .data = "world");
	OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{6, 11}});
	urgent = 9;
	IN(s, PSH_ACK | URG, .seq = 1, .ack = 1, .data = "hellowor");
	OUT(s, ACK, .seq = 1, .ack = 11, .sack = {{6, 9}});
	urgent = 0xffff;
	IN(s, FIN_ACK | URG, .seq = 11, .ack = 1, .data = "!");
	OUT(s, ACK, .seq = 1, .ack = 13);
	EVENTS(s, "data:5 data:5 data:1 fin");
	RECEIVED(s, "helloworld!");
	urgent = 0;
}

static const struct row_test tests[] = {
	ROW_TEST("DT-06", DT_06_nagle),
	ROW_TEST("DT-06", DT_06_nagle_and_a_part),
	ROW_TEST("DT-06", DT_06_full_segments),
	ROW_TEST("DT-06", DT_06_nagle_and_timeout),
	ROW_TEST("DT-06", DT_06_the_last_waits_for_nothing),
	ROW_TEST("DT-06", DT_06_no_delay_by_knob),
	ROW_TEST("DT-06", DT_06_no_delay_by_option),
	ROW_TEST("DT-06", DT_06_no_delay_before_it_is_open),
	ROW_TEST("DT-06", DT_06_cork),
	ROW_TEST("DT-06", DT_06_cork_and_no_delay),
	ROW_TEST("DT-06", DT_06_uncork),
	ROW_TEST("DT-06", DT_06_cork_and_fin),
	ROW_TEST("DT-07", DT_07_in_line),
	ROW_TEST("DT-07", DT_07_without_data),
	ROW_TEST("DT-07", DT_07_out_of_order),
};

SCRIPT_MAIN(tests)
