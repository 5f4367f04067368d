/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an endpoint's owner can ask for: probes to an idle peer, a listener that opens
 * itself, a port that is still remembered, silence after a start, no TIME_WAIT at all.
 */
#include "script.h"

#define IDLE     7200000
#define INTERVAL 75000

/* The probe: one number behind what the peer expects, empty. */
#define PROBE(s, ms) OUT_AT(s, ms, ACK, .seq = 0, .ack = 1)

static void
keepalive_by_option(struct script *s)
{
	uint64_t on;

	START(s);
	ESTABLISH(s);
	script_must(s, spate_setopt(s->stack, s->conn, SPATE_OPT_KEEPALIVE, 1), "setopt");
	script_must(s, spate_getopt(s->stack, s->conn, SPATE_OPT_KEEPALIVE, &on), "getopt");
	EQUAL(s, on, 1);
}

static void
CM_17_off_by_default(struct script *s)
{
	START(s);
	ESTABLISH(s);
	QUIET(s, 10 * IDLE);
	EQUAL(s, -spate_setopt(s->stack, s->conn, SPATE_OPT_KEEPALIVE, 2), EINVAL);
	EQUAL(s, -spate_setopt(s->stack, s->conn, (enum spate_option)99, 0), ENOPROTOOPT);
}

static void
CM_17_dead_peer(struct script *s)
{
	keepalive_by_option(s);
	PROBE(s, IDLE);
	for (int i = 1; i < 9; i++)
		PROBE(s, INTERVAL);
	EVENTS(s, "");
	OUT_AT(s, INTERVAL, RST_ACK, .seq = 1, .ack = 1, .win = SET(0), .tsval = ABSENT);
	EVENTS(s, "closed:ETIMEDOUT");
	COUNTED(s, KEEPALIVE_PROBES, 9);
	COUNTED(s, KEEPALIVE_TIMED_OUT, 1);
	COUNTED(s, TIMED_OUT, 1);
}

static void
CM_17_live_peer_is_not_disturbed(struct script *s)
{
	keepalive_by_option(s);
	for (int i = 0; i < 20; i++) {
		PROBE(s, IDLE);
		IN(s, ACK, .seq = 1, .ack = 1);
		SILENT(s);
	}
	/* An answer counts although some before it did not come. */
	PROBE(s, IDLE);
	PROBE(s, INTERVAL);
	PROBE(s, INTERVAL);
	IN(s, ACK, .seq = 1, .ack = 1);
	PROBE(s, IDLE);
	EVENTS(s, "");
	STATE(s, ESTABLISHED);
}

static void
CM_17_restarted_peer(struct script *s)
{
	keepalive_by_option(s);
	PROBE(s, IDLE);
	IN(s, RST, .seq = 1);
	EVENTS(s, "closed:ECONNRESET");
	SILENT(s);
}

static void
CM_17_data_is_life(struct script *s)
{
	keepalive_by_option(s);
	QUIET(s, IDLE - 1000);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "still here");
	OUT(s, ACK, .seq = 1, .ack = 11);
	OUT_AT(s, IDLE, ACK, .seq = 0, .ack = 11);
	EVENTS(s, "data:10");
	RECEIVED(s, "still here");
}

static void
CM_17_knobs(struct script *s)
{
	s->conf.tcp.keepalive = true;
	s->conf.tcp.keepalive_idle_ms = 5000;
	s->conf.tcp.keepalive_interval_ms = 1000;
	s->conf.tcp.keepalive_count = 2;
	START(s);
	ESTABLISH(s);
	PROBE(s, 5000);
	PROBE(s, 1000);
	OUT_AT(s, 1000, RST_ACK, .seq = 1, .ack = 1, .win = SET(0), .tsval = ABSENT);
	EVENTS(s, "closed:ETIMEDOUT");
}

static void
CM_17_can_be_turned_off(struct script *s)
{
	keepalive_by_option(s);
	PROBE(s, IDLE);
	script_must(s, spate_setopt(s->stack, s->conn, SPATE_OPT_KEEPALIVE, 0), "setopt");
	QUIET(s, 10 * IDLE);
}

/* ---- CM-08 */

static int
listen_here(struct script *s, uint32_t ip, unsigned int flags)
{
	struct spate_addr local = script_addr(ip, OUR_PORT);

	script_now(s);
	return spate_listen(s->stack, &local, 0, flags, COOKIE);
}

static void
CM_08_listener_connects(struct script *s)
{
	struct spate_addr remote = script_addr(PEER_IP, PEER_PORT);
	int listener;
	spate_conn c;

	START(s);
	listener = listen_here(s, OUR_IP, 0);
	script_must(s, listener, "listen");
	/* A child that has not been accepted goes with the listener. */
	USE(s, 1);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	script_must(s, spate_connect_listener(s->stack, listener, &remote, &c), "connect");
	script_opened(s, c);
	OUT(s, RST_ACK, .seq = 1, .ack = 1, .win = SET(0), .tsval = ABSENT);
	USE(s, 0);
	s->t->lport = OUR_PORT;
	OUT(s, SYN);
	IN(s, SYN_ACK, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "established");
	/* It listens no more. */
	USE(s, 2);
	IN(s, SYN);
	OUT(s, RST_ACK, .seq = 0, .any_seq = true, .ack = 1, .win = SET(0), .mss = ABSENT,
		.wscale = ABSENT, .tsval = ABSENT);
	EQUAL(s, -spate_connect_listener(s->stack, listener, &remote, &c), ENOENT);
}

static void
CM_08_only_with_an_address(struct script *s)
{
	struct spate_addr remote = script_addr(PEER_IP, PEER_PORT);
	spate_conn c;
	int listener;

	START(s);
	listener = listen_here(s, 0, 0);
	EQUAL(s, -spate_connect_listener(s->stack, listener, &remote, &c), EINVAL);
	EQUAL(s, -spate_connect_listener(s->stack, -1, &remote, &c), ENOENT);
	EQUAL(s, -spate_connect_listener(s->stack, 77777, &remote, &c), ENOENT);
	/* It listens as before. */
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
}

/* ---- TW-09, TW-10, TW-11 */

static void
TW_09_port_in_time_wait(struct script *s)
{
	START(s);
	TO_TIME_WAIT(s);
	if (s->listener >= 0)
		script_must(s, spate_unlisten(s->stack, s->listener), "unlisten");
	s->listener = -1;
	EQUAL(s, -listen_here(s, 0, 0), EADDRINUSE);
	EQUAL(s, -listen_here(s, OUR_IP, 0), EADDRINUSE);
	CHECK(s, listen_here(s, OUR_IP, SPATE_LISTEN_REUSE_ADDRESS) >= 0);
	/* The tuple is as protected as before: an old SYN is answered for the old incarnation. */
	IN(s, SYN);
	OUT(s, ACK, .seq = 2, .ack = 2);
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 1);
}

static void
TW_09_free_after_two_msl(struct script *s)
{
	START(s);
	TO_TIME_WAIT(s);
	if (s->listener >= 0)
		script_must(s, spate_unlisten(s->stack, s->listener), "unlisten");
	s->listener = -1;
	QUIET(s, 60001);
	CHECK(s, listen_here(s, OUR_IP, 0) >= 0);
}

/* Why TIME_WAIT is there: without it a lost last ACK makes an orderly close a reset. */
static void
TW_10_without_time_wait(struct script *s)
{
	s->conf.tcp.time_wait = false;
	START(s);
	ESTABLISH(s);
	CLOSE(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1);
	IN(s, FIN_ACK, .seq = 1, .ack = 2);
	OUT(s, ACK, .seq = 2, .ack = 2);
	EVENTS(s, "closed");
	COUNTED(s, TW_SKIPPED, 1);
	COUNTED(s, TW_ENTERED, 0);
	IN(s, FIN_ACK, .seq = 1, .ack = 2);
	OUT(s, RST, .seq = 2);
}

static void
TW_10_with_it(struct script *s)
{
	START(s);
	TO_TIME_WAIT(s);
	for (int i = 0; i < 5; i++) {
		QUIET(s, 59000);
		IN(s, FIN_ACK, .seq = 1, .ack = 2);
		OUT(s, ACK, .seq = 2, .ack = 2, .tsecr = SET(0));
	}
}

static void
TW_11_quiet_time(struct script *s)
{
	s->conf.tcp.quiet_time_ms = 30000;
	START(s);
	LISTEN(s);
	EQUAL(s, -script_connect(s), EAGAIN);
	IN(s, SYN);
	IN(s, ACK, .seq = 1, .ack = 1);
	QUIET(s, 29999);
	IN(s, SYN);
	SILENT(s);
	COUNTED(s, QUIET, 4);
	AFTER(s, 1);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
}

static const struct row_test tests[] = {
	ROW_TEST("CM-08", CM_08_listener_connects),
	ROW_TEST("CM-08", CM_08_only_with_an_address),
	ROW_TEST("CM-17", CM_17_off_by_default),
	ROW_TEST("CM-17", CM_17_dead_peer),
	ROW_TEST("CM-17", CM_17_live_peer_is_not_disturbed),
	ROW_TEST("CM-17 CM-16", CM_17_restarted_peer),
	ROW_TEST("CM-17", CM_17_data_is_life),
	ROW_TEST("CM-17", CM_17_knobs),
	ROW_TEST("CM-17", CM_17_can_be_turned_off),
	ROW_TEST("TW-09", TW_09_port_in_time_wait),
	ROW_TEST("TW-09", TW_09_free_after_two_msl),
	ROW_TEST("TW-10", TW_10_without_time_wait),
	ROW_TEST("TW-10", TW_10_with_it),
	ROW_TEST("TW-11", TW_11_quiet_time),
};

SCRIPT_MAIN(tests)
