/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a check of somebody else's TIME_WAIT needs: opens that hold back the RST of RS-04,
 * opens with and without timestamps side by side, and probes, which send what they are told
 * and answer nothing.
 */
#include <sys/socket.h>

#include "script.h"

/* ---- the RST of RS-04 */

/* We open onto a TIME_WAIT of ours; the peer has one too, and refuses. */
static void
refused_by_time_wait(struct script *s, bool hold)
{
	s->conf.tcp.reuse = SPATE_REUSE_ANY;
	s->conf.tcp.hold_rst_in_syn_sent = hold;
	START(s);
	TO_TIME_WAIT(s);
	QUIET(s, 10);
	CONNECT(s);
	NEXT_INCARNATION(s, 0);
	OUT(s, SYN);
	IN(s, ACK, .seq = 2, .ack = -65537);
}

static void
TW_06_rst_is_held_back(struct script *s)
{
	refused_by_time_wait(s, true);
	SILENT(s);
	COUNTED(s, RST_HELD, 1);
	COUNTED(s, RST_SENT, 0);
	STATE(s, SYN_SENT);
	/* The peer's TIME_WAIT runs out meanwhile: the SYN's retry succeeds. */
	OUT_AT(s, 1000, SYN);
	s->t->isn += 1000000;
	IN(s, SYN_ACK, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "established");
}

static void
TW_06_rst_is_sent_by_default(struct script *s)
{
	refused_by_time_wait(s, false);
	OUT(s, RST, .seq = -65537);
	COUNTED(s, RST_HELD, 0);
	COUNTED(s, RST_SENT, 1);
	STATE(s, SYN_SENT);
}

/* A half-open connection that an old SYN has made is no TIME_WAIT: only the RST removes it. */
static void
RS_04_held_back_only_for_an_ack(struct script *s)
{
	s->conf.tcp.hold_rst_in_syn_sent = true;
	START(s);
	CONNECT(s);
	OUT(s, SYN);
	IN(s, SYN_ACK, .ack = -1000);
	OUT(s, RST, .seq = -1000);
	/* And nothing is held back where nothing would have been sent. */
	IN(s, RST_ACK, .ack = -1000);
	SILENT(s);
	COUNTED(s, RST_HELD, 0);
	STATE(s, SYN_SENT);
}

/* ---- timestamps of one connection */

static uint64_t
timestamps(struct script *s)
{
	uint64_t on = 77;

	script_must(s, spate_getopt(s->stack, s->conn, SPATE_OPT_TIMESTAMPS, &on), "getopt");
	EQUAL(s, script_info(s).timestamps, on);
	return on;
}

static int
set_timestamps(struct script *s, uint64_t on)
{
	return spate_setopt(s->stack, s->conn, SPATE_OPT_TIMESTAMPS, on);
}

static void
OP_05_not_offered_by_one_connection(struct script *s)
{
	START(s);
	CONNECT(s);
	EQUAL(s, timestamps(s), 1);
	EQUAL(s, -set_timestamps(s, 2), EINVAL);
	EQUAL(s, set_timestamps(s, 0), 0);
	EQUAL(s, timestamps(s), 0);
	OUT(s, SYN, .tsval = ABSENT);
	EQUAL(s, -set_timestamps(s, 1), EISCONN);
	/* Nor when the second one is just about to leave. */
	s->now += 1000 * MS + WHEEL_TICK;
	spate_stack_tick(s->stack, s->now);
	EQUAL(s, -set_timestamps(s, 1), EISCONN);
	OUT(s, SYN, .tsval = ABSENT);
	IN(s, SYN_ACK, .ack = 1, .tsval = ABSENT);
	OUT(s, ACK, .seq = 1, .ack = 1, .tsval = ABSENT);
	EVENTS(s, "established");
	EQUAL(s, timestamps(s), 0);
	EQUAL(s, -set_timestamps(s, 1), EISCONN);
	SEND(s, "plain");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "plain", .tsval = ABSENT);
	/* The next one has them. */
	USE(s, 1);
	CONNECT(s);
	OUT(s, SYN);
	EQUAL(s, timestamps(s), 1);
}

static void
OP_05_offered_by_one_connection(struct script *s)
{
	s->conf.tcp.timestamps = false;
	s->peer_ts = true;
	START(s);
	CONNECT(s);
	EQUAL(s, set_timestamps(s, 1), 0);
	/* What the script expects of a connection's segments is what the stack offers. */
	s->conf.tcp.timestamps = true;
	OUT(s, SYN);
	IN(s, SYN_ACK, .ack = 1, .tsval = SET(5));
	OUT(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "established");
	EQUAL(s, timestamps(s), 1);
	/* The application can tell what goes out, and what came. */
	AFTER(s, 7);
	SEND(s, "stamped");

	uint32_t tsval = script_info(s).tsval;

	EQUAL(s, script_info(s).ts_recent, s->t->ts_base + 5);
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "stamped");
	EQUAL(s, s->t->ts_out, tsval);
}

/* ---- probes */

static int
probe_on(struct script *s, const struct tuple *t, spate_conn *c)
{
	struct spate_addr local = script_addr(t->laddr, t->lport);
	struct spate_addr remote = script_addr(t->raddr, t->rport);

	script_now(s);
	return spate_probe_open(s->stack, &local, &remote, c);
}

static spate_conn
probe(struct script *s)
{
	spate_conn c;

	script_must(s, probe_on(s, s->t, &c), "probe");
	EQUAL(s, script_in_state(s, SPATE_SYN_SENT), 1);
	EQUAL(s, spate_stack_leaked(s->stack), 0);
	return c;
}

#define PROBE_SEND(s, c, ...)                                                                      \
	(AT(s), script_must(s,                                                                     \
			spate_probe_send((s)->stack, c, &(struct spate_segment){__VA_ARGS__}),     \
			"probe_send"))

#define ISS   0xfffffffe
#define TSVAL 0x80000000

/* The SYN it is told to send, to the bit; and the old incarnation's ACK is not answered. */
static void
TW_06_probe_of_a_time_wait(struct script *s)
{
	START(s);

	spate_conn c = probe(s);

	SILENT(s);
	PROBE_SEND(s, c, .flags = SYN, .seq = ISS, .wnd = 65535, .mss = 1400, .has_ts = true,
		.tsval = TSVAL);
	OUT(s, SYN, .mss = SET(1400), .wscale = ABSENT, .sack_ok = ABSENT);
	EQUAL(s, s->t->iss, ISS);
	EQUAL(s, s->t->ts_out, TSVAL);
	IN(s, ACK, .seq = 2, .ack = -1000, .tsval = SET(44));
	EVENTS(s, "segment");
	EQUAL(s, s->segment.flags, ACK);
	EQUAL(s, s->segment.seq, s->t->isn + 2);
	EQUAL(s, s->segment.ack, ISS - 1000);
	EQUAL(s, s->segment.has_ts, true);
	EQUAL(s, s->segment.tsval, s->t->ts_base + 44);
	EQUAL(s, s->segment.len, 0);
	/* No RST, no SYN again, however long it takes. */
	QUIET(s, 300000);
	COUNTED(s, PROBE_SEGMENTS, 1);
	COUNTED(s, RST_SENT, 0);
	spate_close(s->stack, c);
	QUIET(s, 1000);
	EQUAL(s, script_in_state(s, SPATE_SYN_SENT), 0);
	EVENTS(s, "");
}

/* Whatever comes is shown, and nothing of it makes a connection. */
static void
TW_06_probe_answers_nothing(struct script *s)
{
	START(s);

	spate_conn c = probe(s);

	PROBE_SEND(s, c, .flags = SYN, .seq = ISS, .wnd = 1024);
	OUT(s, SYN, .win = SET(1024), .mss = ABSENT, .wscale = ABSENT, .sack_ok = ABSENT, .tsval = ABSENT);
	IN(s, SYN_ACK, .ack = 1, .mss = SET(1300));
	EVENTS(s, "segment");
	EQUAL(s, s->segment.mss, 1300);
	IN(s, SYN);
	IN(s, RST_ACK, .ack = 1);
	IN(s, RST, .seq = 1);
	IN(s, FIN_ACK, .seq = 1, .ack = 1);
	EVENTS(s, "segment segment segment segment");
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "data");
	EVENTS(s, "segment");
	EQUAL(s, s->segment.flags, PSH_ACK);
	EQUAL(s, s->segment.len, 4);
	EQUAL(s, s->segment.wnd, 65535);
	SILENT(s);
	COUNTED(s, PROBE_SEGMENTS, 6);
	COUNTED(s, CONNECTS, 0);
	COUNTED(s, OPENED, 0);
	/* It says goodbye the way it likes, from where it likes. */
	PROBE_SEND(s, c, .flags = RST, .seq = ISS + 1);
	OUT(s, RST, .seq = 1);
	COUNTED(s, RST_SENT, 1);
	spate_abort(s->stack, c);
	EVENTS(s, "");
	/* Then the tuple is nobody's. */
	IN(s, ACK, .seq = 5, .ack = 1);
	OUT(s, RST, .seq = 1);
}

static void
CM_12_probe_has_its_tuple_alone(struct script *s)
{
	spate_conn c, other;

	START(s);
	c = probe(s);
	EQUAL(s, -script_connect(s), EADDRINUSE);
	EQUAL(s, -probe_on(s, s->t, &other), EADDRINUSE);
	spate_close(s->stack, c);
	ESTABLISH(s);
	EQUAL(s, -probe_on(s, s->t, &other), EADDRINUSE);
	CLOSE(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1);
	IN(s, FIN_ACK, .seq = 1, .ack = 2);
	OUT(s, ACK, .seq = 2, .ack = 2);
	EVENTS(s, "closed");
	/* Not on a TIME_WAIT either, whatever may be reused. */
	EQUAL(s, -probe_on(s, s->t, &other), EADDRINUSE);
}

static void
CM_12_probe_that_cannot_be(struct script *s)
{
	struct spate_addr local = script_addr(OUR_IP, OUR_PORT), odd = local;
	struct spate_addr remote = script_addr(PEER_IP, PEER_PORT);
	struct tuple t;
	spate_conn c;

	START(s);
	t = *s->t;
	t.laddr++;
	EQUAL(s, -probe_on(s, &t, &c), EADDRNOTAVAIL);
	t = *s->t;
	t.raddr = OUR_IP; /* nobody else */
	EQUAL(s, -probe_on(s, &t, &c), EINVAL);
	odd.family = AF_UNIX;
	EQUAL(s, -spate_probe_open(s->stack, &local, &odd, &c), EAFNOSUPPORT);
	EQUAL(s, -spate_probe_open(s->stack, &odd, &remote, &c), EAFNOSUPPORT);
	/* As many as there are connections, and no more. */
	for (uint32_t i = 0; i < s->conf.max_conns; i++) {
		t = *s->t;
		t.rport += i;
		script_must(s, probe_on(s, &t, &c), "probe");
	}
	t.rport++;
	EQUAL(s, -probe_on(s, &t, &c), ENOBUFS);
	COUNTED(s, CONNECT_NO_ROOM, 1);
	EQUAL(s, spate_stack_abort_all(s->stack), false);
	EQUAL(s, script_in_state(s, SPATE_SYN_SENT), 0);
	EVENTS(s, "");
}

/* Without anybody to show them to there are none. */
static void
CM_12_probe_needs_on_segment(struct script *s)
{
	struct spate_ops ops = script_ops;
	spate_conn c;

	ops.on_segment = NULL;
	s->conf.ops = &ops;
	START(s);
	EQUAL(s, -probe_on(s, s->t, &c), EINVAL);
	EQUAL(s, script_in_state(s, SPATE_SYN_SENT), 0);
}

/* TW-11 is about what we send, whoever made it up. */
static void
TW_11_probe_waits_too(struct script *s)
{
	spate_conn c;

	s->conf.tcp.quiet_time_ms = 5000;
	START(s);
	EQUAL(s, -probe_on(s, s->t, &c), EAGAIN);
	COUNTED(s, QUIET, 1);
	QUIET(s, 5000);
	c = probe(s);
	spate_close(s->stack, c);
}

/* What belongs to connections is not for probes, and the other way round. */
static void
CM_12_probe_is_no_connection(struct script *s)
{
	const struct spate_segment syn = {.flags = SYN};
	spate_conn c;

	START(s);
	c = probe(s);
	EQUAL(s, -spate_send(s->stack, c, "x", 1), ENOTCONN);
	EQUAL(s, -spate_shutdown(s->stack, c), ENOTCONN);
	EQUAL(s, -spate_setopt(s->stack, c, SPATE_OPT_KEEPALIVE, 1), ENOTCONN);
	EQUAL(s, -spate_setopt(s->stack, c, SPATE_OPT_TIMESTAMPS, 1), ENOTCONN);
	spate_consume(s->stack, c, 1);
	QUIET(s, 300000);
	spate_close(s->stack, c);
	EQUAL(s, -spate_probe_send(s->stack, c, &syn), ENOTCONN);
	ESTABLISH(s);
	EQUAL(s, -spate_probe_send(s->stack, s->conn, &syn), ENOTCONN);
	SILENT(s);
}

static const struct row_test tests[] = {
	ROW_TEST("TW-06", TW_06_rst_is_held_back),
	ROW_TEST("TW-06", TW_06_rst_is_sent_by_default),
	ROW_TEST("RS-04", RS_04_held_back_only_for_an_ack),
	ROW_TEST("OP-05", OP_05_not_offered_by_one_connection),
	ROW_TEST("OP-05", OP_05_offered_by_one_connection),
	ROW_TEST("TW-06", TW_06_probe_of_a_time_wait),
	ROW_TEST("TW-06", TW_06_probe_answers_nothing),
	ROW_TEST("CM-12", CM_12_probe_has_its_tuple_alone),
	ROW_TEST("CM-12", CM_12_probe_that_cannot_be),
	ROW_TEST("CM-12", CM_12_probe_needs_on_segment),
	ROW_TEST("TW-11", TW_11_probe_waits_too),
	ROW_TEST("CM-12", CM_12_probe_is_no_connection),
};

SCRIPT_MAIN(tests)
