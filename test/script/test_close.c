/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections close: in order from either side and from both, by halves, with nobody
 * answering, with data nobody reads; and the program's own end.
 */
#include "script.h"

static uint32_t
room(const struct script *s)
{
	return s->peer_ts ? 1448 : 1460;
}

static void
CM_03_four_segments(struct script *s)
{
	START(s);
	ESTABLISH(s);
	IN(s, FIN_ACK, .seq = 1, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 2);
	EVENTS(s, "fin");
	STATE(s, CLOSE_WAIT);
	CLOSE(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 2);
	STATE(s, LAST_ACK);
	IN(s, ACK, .seq = 2, .ack = 2);
	SILENT(s);
	EVENTS(s, "closed");
}

static void
close_on_fin(struct script *s, const char *event)
{
	if (strcmp(event, "fin") == 0)
		CLOSE(s);
}

static void
CM_03_three_segments(struct script *s)
{
	s->hook = close_on_fin;
	START(s);
	ESTABLISH(s);
	IN(s, FIN_ACK, .seq = 1, .ack = 1);
	OUT(s, FIN_ACK, .seq = 1, .ack = 2);
	IN(s, ACK, .seq = 2, .ack = 2);
	SILENT(s);
	EVENTS(s, "fin closed");
}

static void
CM_03_fin_follows_queued_data(struct script *s)
{
	uint32_t r = room(s);

	START(s);
	ESTABLISH(s);
	SEND_PATTERN(s, 2 * r + 10);
	CLOSE(s);
	OUT(s, ACK, .seq = 1, .ack = 1, .len = r);
	OUT(s, ACK, .seq = 1 + r, .ack = 1, .len = r);
	OUT(s, FIN_ACK | PSH, .seq = 1 + 2 * r, .ack = 1, .len = 10);
	IN(s, ACK, .seq = 1, .ack = 1 + 2 * r + 10);
	STATE(s, FIN_WAIT_1);
	IN(s, ACK, .seq = 1, .ack = 1 + 2 * r + 11);
	STATE(s, FIN_WAIT_2);
	IN(s, FIN_ACK, .seq = 1, .ack = 1 + 2 * r + 11);
	OUT(s, ACK, .seq = 1 + 2 * r + 11, .ack = 2);
	EVENTS(s, "closed");
}

/* The peer's window holds the data back: the FIN waits behind it. */
static void
CM_03_fin_waits_for_window(struct script *s)
{
	s->peer_ws = false;
	START(s);
	ESTABLISH(s);
	IN(s, ACK, .seq = 1, .ack = 1, .win = SET(100));
	SEND_PATTERN(s, 150);
	CLOSE(s);
	OUT_AT(s, 200, ACK, .seq = 1, .ack = 1, .len = 100);
	SILENT(s);
	IN(s, ACK, .seq = 1, .ack = 101, .win = SET(51));
	OUT(s, FIN_ACK | PSH, .seq = 101, .ack = 1, .len = 50);
	IN(s, FIN_ACK, .seq = 1, .ack = 152);
	OUT(s, ACK, .seq = 152, .ack = 2);
	EVENTS(s, "closed");
}

static void
CM_03_data_after_shutdown_is_delivered(struct script *s)
{
	START(s);
	ESTABLISH(s);
	SHUTDOWN(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1);
	/* In FIN_WAIT_1, */
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "one");
	OUT(s, ACK, .seq = 2, .ack = 4);
	STATE(s, FIN_WAIT_1);
	/* with the ACK of the FIN, in FIN_WAIT_2, and with the peer's FIN. */
	IN(s, PSH_ACK, .seq = 4, .ack = 2, .data = "two");
	OUT(s, ACK, .seq = 2, .ack = 7);
	STATE(s, FIN_WAIT_2);
	IN(s, PSH_ACK, .seq = 7, .ack = 2, .data = "three");
	OUT(s, ACK, .seq = 2, .ack = 12);
	IN(s, PSH_ACK | FIN, .seq = 12, .ack = 2, .data = "four");
	OUT(s, ACK, .seq = 2, .ack = 17);
	EVENTS(s, "data:3 data:3 data:5 data:4 fin closed");
	RECEIVED(s, "onetwothreefour");
}

static void
CM_03_no_sending_after_shutdown(struct script *s)
{
	START(s);
	ESTABLISH(s);
	SHUTDOWN(s);
	EQUAL(s, -spate_send(s->stack, s->conn, "x", 1), EPIPE);
	EQUAL(s, -spate_send_static(s->stack, s->conn, "x", 1), EPIPE);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1);
}

/* FIN_WAIT_2 of a half-close is as patient as its owner. */
static void
CM_04_half_close_receives_for_ever(struct script *s)
{
	START(s);
	ESTABLISH(s);
	SHUTDOWN(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 2);
	for (uint32_t hour = 0; hour < 3; hour++) {
		QUIET(s, 3600000);
		STATE(s, FIN_WAIT_2);
		IN(s, PSH_ACK, .seq = 1 + 4 * hour, .ack = 2, .data = "data");
		OUT(s, ACK, .seq = 2, .ack = 5 + 4 * hour);
	}
	RECEIVED(s, "datadatadata");
	IN(s, FIN_ACK, .seq = 13, .ack = 2);
	OUT(s, ACK, .seq = 2, .ack = 14);
	EVENTS(s, "data:4 data:4 data:4 fin closed");
}

static void
CM_04_half_close_sends_for_ever(struct script *s)
{
	START(s);
	ESTABLISH(s);
	IN(s, FIN_ACK, .seq = 1, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 2);
	for (uint32_t hour = 0; hour < 3; hour++) {
		QUIET(s, 3600000);
		STATE(s, CLOSE_WAIT);
		SEND(s, "data");
		OUT(s, PSH_ACK, .seq = 1 + 4 * hour, .ack = 2, .data = "data",
			.tsecr = hour ? 0 : SET(0));
		IN(s, ACK, .seq = 2, .ack = 5 + 4 * hour);
	}
	CLOSE(s);
	OUT(s, FIN_ACK, .seq = 13, .ack = 2);
	IN(s, ACK, .seq = 2, .ack = 14);
	EVENTS(s, "fin sendable sendable sendable closed");
}

static void
CM_06_simultaneous_close(struct script *s)
{
	START(s);
	ESTABLISH(s);
	CLOSE(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1);
	IN(s, FIN_ACK, .seq = 1, .ack = 1);
	OUT(s, ACK, .seq = 2, .ack = 2);
	STATE(s, CLOSING);
	IN(s, ACK, .seq = 2, .ack = 2);
	SILENT(s);
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 1);
	EVENTS(s, "closed");
}

/* In CLOSING our FIN is still ours to send again, and the peer's is acknowledged again. */
static void
CM_06_closing_with_losses(struct script *s)
{
	START(s);
	ESTABLISH(s);
	SHUTDOWN(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1);
	IN(s, FIN_ACK, .seq = 1, .ack = 1);
	OUT(s, ACK, .seq = 2, .ack = 2);
	OUT_AT(s, 200, FIN_ACK, .seq = 1, .ack = 2);
	IN(s, FIN_ACK, .seq = 1, .ack = 1);
	/* An old segment does not move TS.Recent (RFC 7323 5.3 R2 stands before R3). */
	OUT(s, ACK, .seq = 2, .ack = 2, .tsecr = SET(0), .sack = {{1, 2}});
	STATE(s, CLOSING);
	IN(s, ACK, .seq = 2, .ack = 2);
	SILENT(s);
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 1);
	EVENTS(s, "fin closed");
}

static void
CM_06_fin_and_ack_of_fin_together(struct script *s)
{
	START(s);
	ESTABLISH(s);
	CLOSE(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1);
	IN(s, FIN_ACK, .seq = 1, .ack = 2);
	OUT(s, ACK, .seq = 2, .ack = 2);
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 1);
	EVENTS(s, "closed");
}

/* FIN_WAIT_2 after `close` at `ms`: gone at the limit and not before; then nobody's. */
static void
fin_wait_2_ends(struct script *s, uint32_t limit_ms)
{
	QUIET(s, limit_ms - 1);
	STATE(s, FIN_WAIT_2);
	EVENTS(s, "");
	QUIET(s, 3);
	EVENTS(s, "closed:ETIMEDOUT");
	COUNTED(s, FIN_WAIT_2_TIMED_OUT, 1);
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 0);
	IN(s, FIN_ACK, .seq = 1, .ack = 2);
	OUT(s, RST, .seq = 2);
}

static void
CM_13_fin_wait_2_idle(struct script *s)
{
	START(s);
	ESTABLISH(s);
	CLOSE(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 2);
	fin_wait_2_ends(s, 60000);
}

static void
CM_13_close_after_shutdown(struct script *s)
{
	START(s);
	ESTABLISH(s);
	SHUTDOWN(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 2);
	QUIET(s, 1000000);
	CLOSE(s);
	fin_wait_2_ends(s, 60000);
}

static void
CM_13_bsd(struct script *s)
{
	script_must(s, spate_tcp_preset(&s->conf.tcp, "bsd"), "preset");
	START(s);
	ESTABLISH(s);
	CLOSE(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 2);
	fin_wait_2_ends(s, 675000);
}

/* To LAST_ACK, our FIN on the wire. */
static void
last_ack(struct script *s)
{
	ESTABLISH(s);
	IN(s, FIN_ACK, .seq = 1, .ack = 1);
	CLOSE(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 2);
	EVENTS(s, "fin");
	STATE(s, LAST_ACK);
}

static void
CM_14_fin_retransmitted_until_acked(struct script *s)
{
	START(s);
	last_ack(s);
	OUT_AT(s, 200, FIN_ACK, .seq = 1, .ack = 2);
	OUT_AT(s, 400, FIN_ACK, .seq = 1, .ack = 2);
	OUT_AT(s, 800, FIN_ACK, .seq = 1, .ack = 2);
	STATE(s, LAST_ACK);
	IN(s, ACK, .seq = 2, .ack = 2);
	QUIET(s, 10000);
	EVENTS(s, "closed");
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 0);
}

static void
CM_14_rst_in_last_ack(struct script *s)
{
	START(s);
	last_ack(s);
	IN(s, RST, .seq = 2);
	SILENT(s);
	EVENTS(s, "closed");
	COUNTED(s, CLOSED_IN_ORDER, 1);
}

static void
CM_15_unread_data_at_close(struct script *s)
{
	s->hold = true;
	START(s);
	ESTABLISH(s);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "unread");
	CLOSE(s);
	OUT(s, RST_ACK, .seq = 1, .ack = 7);
	EVENTS(s, "data:6 closed:ECONNABORTED");
	RECEIVED(s, "unread");
	COUNTED(s, UNREAD_CLOSE, 1);
}

static void
close_on_data(struct script *s, const char *event)
{
	if (strncmp(event, "data", 4) == 0)
		CLOSE(s);
}

/* Closed while it is lent: what counts is what on_data() says was read. */
static void
CM_15_close_from_on_data(struct script *s)
{
	s->hook = close_on_data;
	START(s);
	ESTABLISH(s);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "read");
	OUT(s, FIN_ACK, .seq = 1, .ack = 5);
	EVENTS(s, "data:4");
	RECEIVED(s, "read");
	COUNTED(s, UNREAD_CLOSE, 0);
}

static void
CM_15_close_from_on_data_unread(struct script *s)
{
	s->hook = close_on_data;
	s->hold = true;
	START(s);
	ESTABLISH(s);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "unread");
	OUT(s, RST_ACK, .seq = 1, .ack = 7);
	EVENTS(s, "data:6 closed:ECONNABORTED");
	RECEIVED(s, "unread");
	COUNTED(s, UNREAD_CLOSE, 1);
}

static void
CM_15_data_after_full_close(struct script *s)
{
	START(s);
	ESTABLISH(s);
	CLOSE(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1);
	IN(s, PSH_ACK, .seq = 1, .ack = 2, .data = "too late");
	OUT(s, RST_ACK, .seq = 2, .ack = 1);
	EVENTS(s, "closed:ECONNABORTED");
	COUNTED(s, UNREAD_CLOSE, 1);
}

static void
CM_19_no_answer_to_data(struct script *s)
{
	uint64_t rto = 200;

	START(s);
	ESTABLISH(s);
	SEND(s, "hello");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
	for (int i = 0; i < 15; i++) {
		OUT_AT(s, rto, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
		rto = rto * 2 < 120000 ? rto * 2 : 120000;
	}
	QUIET(s, rto - 1);
	STATE(s, ESTABLISHED);
	QUIET(s, 3);
	EVENTS(s, "closed:ETIMEDOUT");
	COUNTED(s, TIMED_OUT, 1);
	COUNTED(s, RETRANSMITS, 15);
}

/* The FIN of a connection nobody holds any more: FIN_WAIT_1, CLOSING, LAST_ACK. */
static void
orphan_gives_up(struct script *s, uint32_t ack, enum spate_state state)
{
	uint64_t rto = 200;

	for (int i = 0; i < 8; i++, rto *= 2)
		OUT_AT(s, rto, FIN_ACK, .seq = 1, .ack = ack);
	QUIET(s, rto - 1);
	script_state(s, state);
	QUIET(s, 3);
	EVENTS(s, "closed:ETIMEDOUT");
	COUNTED(s, RETRANSMITS, 8);
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 0);
}

static void
CM_19_orphan_in_fin_wait_1(struct script *s)
{
	START(s);
	ESTABLISH(s);
	CLOSE(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1);
	orphan_gives_up(s, 1, SPATE_FIN_WAIT_1);
}

static void
CM_19_orphan_in_closing(struct script *s)
{
	START(s);
	ESTABLISH(s);
	CLOSE(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1);
	IN(s, FIN_ACK, .seq = 1, .ack = 1);
	OUT(s, ACK, .seq = 2, .ack = 2);
	orphan_gives_up(s, 2, SPATE_CLOSING);
}

static void
CM_19_orphan_in_last_ack(struct script *s)
{
	START(s);
	last_ack(s);
	orphan_gives_up(s, 2, SPATE_LAST_ACK);
}

/* A FIN that somebody still holds is data like any other: 15 retries. */
static void
CM_19_half_closed_is_no_orphan(struct script *s)
{
	uint64_t rto = 200;

	START(s);
	ESTABLISH(s);
	SHUTDOWN(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1);
	for (int i = 0; i < 15; i++) {
		OUT_AT(s, rto, FIN_ACK, .seq = 1, .ack = 1);
		rto = rto * 2 < 120000 ? rto * 2 : 120000;
	}
	QUIET(s, rto + 2);
	EVENTS(s, "closed:ETIMEDOUT");
}

/* Connections in every kind of state: closed in order, each as far as its peer lets it. */
static void
open_three(struct script *s)
{
	LISTEN(s);
	for (int i = 0; i < 3; i++) {
		USE(s, i);
		IN(s, SYN);
		OUT(s, SYN_ACK, .ack = 1);
		IN(s, ACK, .seq = 1, .ack = 1);
	}
	EVENTS(s, "accept accept accept");
	USE(s, 3);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	USE(s, 4);
	s->t->lport = OUR_PORT + 1;
	CONNECT(s);
	OUT(s, SYN);
	USE(s, 1);
	spate_close(s->stack, s->conns[1]);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1);
	IN(s, FIN_ACK, .seq = 1, .ack = 2);
	OUT(s, ACK, .seq = 2, .ack = 2);
	EVENTS(s, "closed");
}

static void
CM_25_close_everything(struct script *s)
{
	START(s);
	open_three(s);
	for (uint32_t i = 0; i < s->n_conns; i++)
		if (i != 1)
			spate_close(s->stack, s->conns[i]);
	/* The connect is over without a word; FIN to each of the others. */
	EVENTS(s, "closed");
	for (int i = 0; i < 3; i += 2) {
		USE(s, i);
		OUT(s, FIN_ACK, .seq = 1, .ack = 1);
	}
	for (int i = 0; i < 3; i += 2) {
		USE(s, i);
		IN(s, FIN_ACK, .seq = 1, .ack = 2);
		OUT(s, ACK, .seq = 2, .ack = 2);
	}
	EVENTS(s, "closed closed");
	COUNTED(s, CLOSED_IN_ORDER, 4);
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 3);
}

static void
CM_25_abort_all(struct script *s)
{
	START(s);
	open_three(s);
	script_now(s);
	spate_stack_abort_all(s->stack);
	EVENTS(s, "closed:ECONNABORTED closed:ECONNABORTED closed:ECONNABORTED");
	/* RST to who knows of us: the two established and the one in SYN_RCVD. */
	USE(s, 0);
	OUT(s, RST_ACK, .seq = 1, .ack = 1);
	USE(s, 2);
	OUT(s, RST_ACK, .seq = 1, .ack = 1);
	USE(s, 3);
	OUT(s, RST_ACK, .seq = 1, .ack = 1);
	SILENT(s);
	COUNTED(s, RESET, 3);
	COUNTED(s, EMBRYO_STOPPED, 1);
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 1);
	/* The listener goes on. */
	USE(s, 5);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
}

static const struct row_test tests[] = {
	ROW_TEST("CM-03", CM_03_four_segments),
	ROW_TEST("CM-03", CM_03_three_segments),
	ROW_TEST("CM-03", CM_03_fin_follows_queued_data),
	ROW_TEST("CM-03", CM_03_fin_waits_for_window),
	ROW_TEST("CM-03", CM_03_data_after_shutdown_is_delivered),
	ROW_TEST("CM-03", CM_03_no_sending_after_shutdown),
	ROW_TEST("CM-04", CM_04_half_close_receives_for_ever),
	ROW_TEST("CM-04", CM_04_half_close_sends_for_ever),
	ROW_TEST("CM-06", CM_06_simultaneous_close),
	ROW_TEST("CM-06", CM_06_closing_with_losses),
	ROW_TEST("CM-06", CM_06_fin_and_ack_of_fin_together),
	ROW_TEST("CM-13", CM_13_fin_wait_2_idle),
	ROW_TEST("CM-13", CM_13_close_after_shutdown),
	ROW_TEST("CM-13", CM_13_bsd),
	ROW_TEST("CM-14", CM_14_fin_retransmitted_until_acked),
	ROW_TEST("CM-14", CM_14_rst_in_last_ack),
	ROW_TEST("CM-15", CM_15_unread_data_at_close),
	ROW_TEST("CM-15", CM_15_close_from_on_data),
	ROW_TEST("CM-15", CM_15_close_from_on_data_unread),
	ROW_TEST("CM-15", CM_15_data_after_full_close),
	ROW_TEST("CM-19", CM_19_no_answer_to_data),
	ROW_TEST("CM-19", CM_19_orphan_in_fin_wait_1),
	ROW_TEST("CM-19", CM_19_orphan_in_closing),
	ROW_TEST("CM-19", CM_19_orphan_in_last_ack),
	ROW_TEST("CM-19", CM_19_half_closed_is_no_orphan),
	ROW_TEST("CM-25", CM_25_close_everything),
	ROW_TEST("CM-25", CM_25_abort_all),
};

SCRIPT_MAIN(tests)
