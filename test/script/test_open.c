/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections open: handshakes in both roles, crossed, repeated, refused; the states
 * and sequence numbers they go through.
 */
#include "script.h"

/* One connection end, and it is in this state. */
static void
only(struct script *s, enum spate_state st)
{
	for (int i = SPATE_SYN_SENT; i < SPATE_N_STATES; i++)
		script_equal(s, spate_state_name(i), script_in_state(s, i), i == (int)st);
}

#define ONLY(s, st) (AT(s), only(s, SPATE_##st))

static void
CM_01_states_of_passive_end(struct script *s)
{
	START(s);
	ONLY(s, CLOSED);
	LISTEN(s);
	EQUAL(s, script_in_state(s, SPATE_LISTEN), 1);
	IN(s, SYN);
	ONLY(s, SYN_RCVD);
	OUT(s, SYN_ACK, .ack = 1);
	ONLY(s, SYN_RCVD);
	IN(s, ACK, .seq = 1, .ack = 1);
	ONLY(s, ESTABLISHED);
	IN(s, FIN_ACK, .seq = 1, .ack = 1);
	ONLY(s, CLOSE_WAIT);
	OUT(s, ACK, .seq = 1, .ack = 2);
	CLOSE(s);
	ONLY(s, LAST_ACK);
	OUT(s, FIN_ACK, .seq = 1, .ack = 2);
	IN(s, ACK, .seq = 2, .ack = 2);
	ONLY(s, CLOSED);
	EQUAL(s, script_in_state(s, SPATE_LISTEN), 1);
	EVENTS(s, "accept fin closed");
}

static void
CM_01_states_of_active_end(struct script *s)
{
	START(s);
	CONNECT(s);
	ONLY(s, SYN_SENT);
	OUT(s, SYN);
	IN(s, SYN_ACK, .ack = 1);
	ONLY(s, ESTABLISHED);
	OUT(s, ACK, .seq = 1, .ack = 1);
	CLOSE(s);
	ONLY(s, FIN_WAIT_1);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 2);
	ONLY(s, FIN_WAIT_2);
	IN(s, FIN_ACK, .seq = 1, .ack = 2);
	ONLY(s, TIME_WAIT);
	OUT(s, ACK, .seq = 2, .ack = 2);
	AFTER(s, 2 * s->conf.tcp.msl_ms + 1);
	ONLY(s, CLOSED);
	EVENTS(s, "established closed");
}

static void
CM_01_state_names(struct script *s)
{
	static const char *const names[] = {"CLOSED", "LISTEN", "SYN_SENT", "SYN_RCVD",
		"ESTABLISHED", "FIN_WAIT_1", "FIN_WAIT_2", "CLOSING", "TIME_WAIT", "CLOSE_WAIT",
		"LAST_ACK"};

	START(s);
	EQUAL(s, RTE_DIM(names), SPATE_N_STATES);
	for (int i = 0; i < SPATE_N_STATES; i++)
		CHECK(s, strcmp(spate_state_name(i), names[i]) == 0);
}

/* The tuple names one connection: segments of its neighbours do not touch it. */
static void
CM_01_tuple_names_one_connection(struct script *s)
{
	START(s);
	ESTABLISH(s);
	USE(s, 1);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "other port");
	OUT(s, RST, .seq = 1);
	USE(s, 2);
	s->t->rport = PEER_PORT;
	s->t->raddr = PEER_IP + 1;
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "other address");
	OUT(s, RST, .seq = 1);
	EVENTS(s, "");
	USE(s, 0);
	STATE(s, ESTABLISHED);
}

static void
CM_02_handshake_passive(struct script *s)
{
	START(s);
	LISTEN(s);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	EVENTS(s, "");
	IN(s, ACK, .seq = 1, .ack = 1);
	SILENT(s);
	EVENTS(s, "accept");
	STATE(s, ESTABLISHED);
	COUNTED(s, SYN_RECEIVED, 1);
	COUNTED(s, ESTABLISHED_PASSIVE, 1);
}

static void
CM_02_handshake_active(struct script *s)
{
	START(s);
	CONNECT(s);
	STATE(s, SYN_SENT);
	OUT(s, SYN);
	EVENTS(s, "");
	IN(s, SYN_ACK, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "established");
	STATE(s, ESTABLISHED);
	COUNTED(s, CONNECTS, 1);
	COUNTED(s, ESTABLISHED_ACTIVE, 1);
}

static void
CM_02_data_on_handshake_ack(struct script *s)
{
	START(s);
	LISTEN(s);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "request");
	OUT(s, ACK, .seq = 1, .ack = 8);
	EVENTS(s, "accept data:7");
	RECEIVED(s, "request");
}

static void
send_when_established(struct script *s, const char *event)
{
	if (strcmp(event, "established") == 0)
		SEND(s, "request");
	if (strcmp(event, "data:8") == 0)
		CLOSE(s);
}

/* Six segments and no more: nothing is acknowledged by itself that could ride. */
static void
CM_02_request_rides_on_ack(struct script *s)
{
	s->hook = send_when_established;
	START(s);
	CONNECT(s);
	OUT(s, SYN);
	IN(s, SYN_ACK, .ack = 1);
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "request");
	IN(s, FIN_ACK | PSH, .seq = 1, .ack = 8, .data = "response");
	OUT(s, FIN_ACK, .seq = 8, .ack = 10);
	IN(s, ACK, .seq = 10, .ack = 9);
	SILENT(s);
	EVENTS(s, "established sendable data:8 closed");
	RECEIVED(s, "response");
}

/* Nothing asked for data on a SYN (RS-10): it is not acknowledged and comes again. */
static void
CM_02_data_on_syn_is_not_taken(struct script *s)
{
	START(s);
	LISTEN(s);
	IN(s, SYN, .data = "early");
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "early");
	OUT(s, ACK, .seq = 1, .ack = 6);
	EVENTS(s, "accept data:5");
	RECEIVED(s, "early");
}

static void
CM_05_simultaneous_open(struct script *s)
{
	START(s);
	CONNECT(s);
	OUT(s, SYN);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	STATE(s, SYN_RCVD);
	EVENTS(s, "");
	/* Its SYN+ACK crosses ours: SEQ=IRS, below the window, and still the ACK we wait for. */
	IN(s, SYN_ACK, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1);
	COUNTED(s, CHALLENGE_ACKS, 0);
	STATE(s, ESTABLISHED);
	EVENTS(s, "established");
	SEND(s, "hello");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
	IN(s, PSH_ACK, .seq = 1, .ack = 6, .data = "hi");
	OUT(s, ACK, .seq = 6, .ack = 3);
	EVENTS(s, "sendable data:2");
	RECEIVED(s, "hi");
}

static void
CM_05_completed_by_plain_ack(struct script *s)
{
	START(s);
	CONNECT(s);
	OUT(s, SYN);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 1);
	SILENT(s);
	STATE(s, ESTABLISHED);
	EVENTS(s, "established");
}

/* Our SYN+ACK is lost: it is sent again; so is the peer's SYN. */
static void
CM_05_retransmitted(struct script *s)
{
	START(s);
	CONNECT(s);
	OUT(s, SYN);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	OUT_AT(s, 1000, SYN_ACK, .ack = 1);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1, .tsecr = SET(0));
	IN(s, SYN_ACK, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1, .tsecr = SET(0));
	EVENTS(s, "established");
}

static void
CM_05_crossing_with_different_ports_makes_two(struct script *s)
{
	START(s);
	LISTEN(s);
	s->t->lport = OUR_PORT + 1;
	CONNECT(s);
	OUT(s, SYN);
	USE(s, 1);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	USE(s, 0);
	IN(s, SYN_ACK, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1);
	USE(s, 1);
	IN(s, ACK, .seq = 1, .ack = 1);
	SILENT(s);
	EVENTS(s, "established accept");
	EQUAL(s, script_in_state(s, SPATE_ESTABLISHED), 2);
}

static void
CM_07_rst_in_syn_rcvd_from_listen(struct script *s)
{
	START(s);
	script_listen(s, 1);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, RST, .seq = 1);
	SILENT(s);
	EVENTS(s, "");
	ONLY(s, CLOSED);
	COUNTED(s, EMBRYO_RESET, 1);
	COUNTED(s, OPENED, 0);
	/* The listener, with its backlog of one, has room again. */
	USE(s, 1);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
}

static void
CM_07_rst_in_syn_rcvd_from_syn_sent(struct script *s)
{
	START(s);
	CONNECT(s);
	OUT(s, SYN);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, RST_ACK, .seq = 1, .ack = 1);
	SILENT(s);
	EVENTS(s, "closed:ECONNREFUSED");
	COUNTED(s, REFUSED, 1);
}

/* RFC 9293 figure 9: why two segments are not enough. */
static void
CM_10_old_duplicate_syn(struct script *s)
{
	START(s);
	LISTEN(s);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	/* The owner of the tuple, opening with another ISN, rejects that ACK. */
	IN(s, RST, .seq = 1);
	ONLY(s, CLOSED);
	EVENTS(s, "");
	NEXT_INCARNATION(s, 100000);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 1);
	SILENT(s);
	EVENTS(s, "accept");
	COUNTED(s, OPENED, 1);
}

/* ISS of a connect on this tuple now; the attempt is given up at once. */
static uint32_t
iss_now(struct script *s)
{
	NEXT_INCARNATION(s, 0);
	CONNECT(s);
	OUT(s, SYN);
	CLOSE(s);
	EVENTS(s, "closed");
	return s->t->iss;
}

static void
CM_11_iss_follows_the_clock(struct script *s)
{
	uint32_t first, second;

	START(s);
	first = iss_now(s);
	AFTER(s, 8);
	second = iss_now(s);
	EQUAL(s, second - first, 8 * MS >> 6);
	AFTER(s, 8);
	EQUAL(s, iss_now(s) - second, 8 * MS >> 6);
}

static void
CM_11_iss_tick_is_a_knob(struct script *s)
{
	uint32_t first;

	s->conf.tcp.isn_shift = 12;
	START(s);
	first = iss_now(s);
	AFTER(s, 4096);
	EQUAL(s, iss_now(s) - first, 1000000);
}

/* Passive opens count with the same clock and key: one tuple, one formula. */
static void
CM_11_iss_of_both_roles(struct script *s)
{
	uint32_t first;

	START(s);
	LISTEN(s);
	first = iss_now(s);
	AFTER(s, 8);
	NEXT_INCARNATION(s, 0);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	EQUAL(s, s->t->iss - first, 8 * MS >> 6);
}

static void
CM_11_tuples_are_unrelated(struct script *s)
{
	uint32_t iss[8];

	START(s);
	for (int i = 0; i < 8; i++) {
		USE(s, i);
		iss[i] = iss_now(s);
		for (int j = 0; j < i; j++)
			CHECK(s, iss[i] - iss[j] > 1u << 20 && iss[j] - iss[i] > 1u << 20);
		if (i > 1)
			CHECK(s, iss[i] - iss[i - 1] != iss[i - 1] - iss[i - 2]);
	}
}

static void
CM_20_same_syn_again(struct script *s)
{
	START(s);
	LISTEN(s);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	SILENT(s);
	COUNTED(s, SYN_RECEIVED, 1);
	ONLY(s, SYN_RCVD);
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
}

static void
CM_20_different_syn_in_window(struct script *s)
{
	START(s);
	LISTEN(s);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, SYN, .seq = 100);
	SILENT(s);
	ONLY(s, CLOSED);
	COUNTED(s, EMBRYO_REPLACED, 1);
	NEXT_INCARNATION(s, 100);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
}

static void
CM_20_different_syn_outside_window(struct script *s)
{
	START(s);
	LISTEN(s);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, SYN, .seq = 70000);
	OUT(s, ACK, .seq = 1, .ack = 1);
	ONLY(s, SYN_RCVD);
	AFTER(s, 501);
	IN(s, SYN, .seq = -1000);
	OUT(s, ACK, .seq = 1, .ack = 1, .tsecr = SET(0));
	ONLY(s, SYN_RCVD);
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
}

static void
CM_21_syn_ack_again(struct script *s)
{
	START(s);
	CONNECT(s);
	OUT(s, SYN);
	IN(s, SYN_ACK, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1);
	AFTER(s, 1000);
	IN(s, SYN_ACK, .ack = 1, .tsval = SET(0));
	OUT(s, ACK, .seq = 1, .ack = 1);
	STATE(s, ESTABLISHED);
	EVENTS(s, "established");
}

/* The ACK of the handshake is lost: what comes next completes it as well. */
static void
CM_21_completed_by_data(struct script *s)
{
	START(s);
	LISTEN(s);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, PSH_ACK, .seq = 6, .ack = 1, .data = "world");
	OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{6, 11}});
	EVENTS(s, "accept");
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
	OUT(s, ACK, .seq = 1, .ack = 11);
	EVENTS(s, "data:5 data:5");
	RECEIVED(s, "helloworld");
}

static void
CM_22_data_and_fin_on_handshake_ack(struct script *s)
{
	START(s);
	LISTEN(s);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, FIN_ACK | PSH, .seq = 1, .ack = 1, .data = "hello");
	OUT(s, ACK, .seq = 1, .ack = 7);
	EVENTS(s, "accept data:5 fin");
	RECEIVED(s, "hello");
	STATE(s, CLOSE_WAIT);
}

static void
CM_22_fin_right_after_handshake(struct script *s)
{
	START(s);
	LISTEN(s);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 1);
	IN(s, FIN_ACK, .seq = 1, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 2);
	EVENTS(s, "accept fin");
	STATE(s, CLOSE_WAIT);
}

static void
CM_22_close_in_syn_sent(struct script *s)
{
	START(s);
	CONNECT(s);
	OUT(s, SYN);
	CLOSE(s);
	SILENT(s);
	EVENTS(s, "closed");
	/* The answer to the SYN finds nobody. */
	IN(s, SYN_ACK, .ack = 1);
	OUT(s, RST, .seq = 1);
}

static void
CM_22_close_before_the_syn_left(struct script *s)
{
	START(s);
	CONNECT(s);
	CLOSE(s);
	QUIET(s, 5000);
	EVENTS(s, "closed");
}

static void
CM_22_close_in_syn_rcvd(struct script *s)
{
	START(s);
	CONNECT(s);
	OUT(s, SYN);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	CLOSE(s);
	IN(s, ACK, .seq = 1, .ack = 1);
	STATE(s, FIN_WAIT_1);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1);
	IN(s, FIN_ACK, .seq = 1, .ack = 2);
	OUT(s, ACK, .seq = 2, .ack = 2);
	ONLY(s, TIME_WAIT);
	EVENTS(s, "closed");
}

static const struct row_test tests[] = {
	ROW_TEST("CM-01", CM_01_states_of_passive_end),
	ROW_TEST("CM-01", CM_01_states_of_active_end),
	ROW_TEST("CM-01", CM_01_state_names),
	ROW_TEST("CM-01", CM_01_tuple_names_one_connection),
	ROW_TEST("CM-02", CM_02_handshake_passive),
	ROW_TEST("CM-02", CM_02_handshake_active),
	ROW_TEST("CM-02", CM_02_data_on_handshake_ack),
	ROW_TEST("CM-02", CM_02_request_rides_on_ack),
	ROW_TEST("CM-02 RS-10", CM_02_data_on_syn_is_not_taken),
	ROW_TEST("CM-05", CM_05_simultaneous_open),
	ROW_TEST("CM-05", CM_05_completed_by_plain_ack),
	ROW_TEST("CM-05", CM_05_retransmitted),
	ROW_TEST("CM-05", CM_05_crossing_with_different_ports_makes_two),
	ROW_TEST("CM-07", CM_07_rst_in_syn_rcvd_from_listen),
	ROW_TEST("CM-07", CM_07_rst_in_syn_rcvd_from_syn_sent),
	ROW_TEST("CM-10", CM_10_old_duplicate_syn),
	ROW_TEST("CM-11", CM_11_iss_follows_the_clock),
	ROW_TEST("CM-11", CM_11_iss_tick_is_a_knob),
	ROW_TEST("CM-11", CM_11_iss_of_both_roles),
	ROW_TEST("CM-11", CM_11_tuples_are_unrelated),
	ROW_TEST("CM-20", CM_20_same_syn_again),
	ROW_TEST("CM-20", CM_20_different_syn_in_window),
	ROW_TEST("CM-20", CM_20_different_syn_outside_window),
	ROW_TEST("CM-21", CM_21_syn_ack_again),
	ROW_TEST("CM-21", CM_21_completed_by_data),
	ROW_TEST("CM-22", CM_22_data_and_fin_on_handshake_ack),
	ROW_TEST("CM-22", CM_22_fin_right_after_handshake),
	ROW_TEST("CM-22", CM_22_close_in_syn_sent),
	ROW_TEST("CM-22", CM_22_close_before_the_syn_left),
	ROW_TEST("CM-22", CM_22_close_in_syn_rcvd),
};

SCRIPT_MAIN(tests)
