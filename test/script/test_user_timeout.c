/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long an acknowledgement may be waited for (OP-07): RFC 9293's user timeout, and the
 * option of RFC 5482 that tells the peer of it.
 */
#include "script.h"

#define MINUTES 0x8000 /* the granularity bit */

#define SET_UTO(s, ms) (AT(s), script_must(s, set_uto(s, ms), "user timeout"))

static int
set_uto(struct script *s, uint64_t ms)
{
	script_now(s);
	return spate_setopt(s->stack, s->conn, SPATE_OPT_USER_TIMEOUT, ms);
}

static uint64_t
get_uto(struct script *s)
{
	uint64_t ms = 77;

	script_must(s, spate_getopt(s->stack, s->conn, SPATE_OPT_USER_TIMEOUT, &ms), "getopt");
	return ms;
}

/* Nothing more comes out, and the connection ends in `ms`: not earlier, not a tick later. */
static void
ends_in(struct script *s, double ms, const char *event)
{
	script_advance(s, s->now + (uint64_t)(ms * MS) - 1, false);
	SILENT(s);
	EVENTS(s, "");
	script_advance(s, s->now + 1 + WHEEL_TICK, false);
	SILENT(s);
	EVENTS(s, event);
}

#define ENDS_IN(s, ms, event) (AT(s), ends_in(s, ms, event))

/* ---- alone: exact */

/* Retransmitted at 200, 600, 1400 and 3000 ms; over at 5000, between two of them. */
static void
OP_07_exact(struct script *s)
{
	START(s);
	ESTABLISH(s);
	SET_UTO(s, 5000);
	EQUAL(s, get_uto(s), 5000);
	AFTER(s, 1000);
	SEND(s, "hello");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
	for (int i = 0; i < 4; i++)
		OUT_AT(s, 200 << i, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
	ENDS_IN(s, 5000 - 3000 - (s->now - s->began - 4000 * MS) / 1e6, "closed:ETIMEDOUT");
	COUNTED(s, USER_TIMED_OUT, 1);
	COUNTED(s, TIMED_OUT, 1);
	/* Without a word: the peer's next segment finds nobody. */
	IN(s, ACK, .seq = 1, .ack = 6);
	OUT(s, RST, .seq = 6);
}

/* Shorter than a retransmission timeout. */
static void
OP_07_shorter_than_rto(struct script *s)
{
	START(s);
	ESTABLISH(s);
	SET_UTO(s, 100);
	SEND(s, "hello");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
	ENDS_IN(s, 100, "closed:ETIMEDOUT");
	COUNTED(s, RTO_FIRED, 0);
}

/* Longer than all retries: they go on. */
static void
OP_07_longer_than_the_retries(struct script *s)
{
	uint32_t n = 0;

	s->conf.tcp.data_retries = 2;
	s->conf.tcp.max_rto_ms = 1000;
	START(s);
	ESTABLISH(s);
	SET_UTO(s, 600000);
	SEND(s, "x");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x");
	while (s->events[0] == '\0' && n < 1000) {
		script_advance(s, s->now + 2000 * MS, true);
		if (s->head != s->tail)
			n++, OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x");
	}
	CHECK(s, n > 595 && n < 603);
	CHECK(s, s->now - s->began >= 600000 * MS);
	EVENTS(s, "closed:ETIMEDOUT");
}

/* What is acknowledged begins the wait anew; a duplicate does not. */
static void
OP_07_progress(struct script *s)
{
	START(s);
	ESTABLISH(s);
	SET_UTO(s, 150);
	SEND(s, "ab");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "ab");
	AFTER(s, 140);
	IN(s, ACK, .seq = 1, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 2);
	AFTER(s, 140);
	IN(s, ACK, .seq = 1, .ack = 2);
	ENDS_IN(s, 10, "closed:ETIMEDOUT");
}

/* Idle is not waiting. */
static void
OP_07_idle_does_not_count(struct script *s)
{
	START(s);
	ESTABLISH(s);
	SET_UTO(s, 150);
	QUIET(s, 100000);
	SEND(s, "a");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "a");
	AFTER(s, 100);
	IN(s, ACK, .seq = 1, .ack = 2);
	QUIET(s, 100000);
	EVENTS(s, "sendable");
	SEND(s, "b");
	OUT(s, PSH_ACK, .seq = 2, .ack = 1, .data = "b");
	ENDS_IN(s, 150, "closed:ETIMEDOUT");
}

static void
OP_07_fin(struct script *s)
{
	START(s);
	ESTABLISH(s);
	SET_UTO(s, 1000);
	CLOSE(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1);
	OUT_AT(s, 200, FIN_ACK, .seq = 1, .ack = 1);
	OUT_AT(s, 400, FIN_ACK, .seq = 1, .ack = 1);
	ENDS_IN(s, 1000 - (s->now - s->began) / 1e6, "closed:ETIMEDOUT");
}

/* In any state (RFC 9293 3.10.8), a SYN's as well; but its retries end it too. */
static void
OP_07_syn(struct script *s)
{
	s->conf.tcp.user_timeout_ms = 2500;
	START(s);
	CONNECT(s);
	OUT(s, SYN);
	OUT_AT(s, 1000, SYN);
	ENDS_IN(s, 2500 - (s->now - s->began) / 1e6, "closed:ETIMEDOUT");
	USE(s, 1);
	LISTEN(s);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	OUT_AT(s, 1000, SYN_ACK, .ack = 1);
	QUIET(s, 1490);
	EQUAL(s, script_in_state(s, SPATE_SYN_RCVD), 1);
	QUIET(s, 11);
	EQUAL(s, script_in_state(s, SPATE_SYN_RCVD), 0);
	COUNTED(s, EMBRYO_TIMED_OUT, 1);
	COUNTED(s, USER_TIMED_OUT, 2);
}

static void
OP_07_syn_retries_still_count(struct script *s)
{
	s->conf.tcp.user_timeout_ms = 1000000;
	s->conf.tcp.syn_retries = 1;
	START(s);
	CONNECT(s);
	OUT(s, SYN);
	OUT_AT(s, 1000, SYN);
	QUIET(s, 2003);
	EVENTS(s, "closed:ETIMEDOUT");
	COUNTED(s, USER_TIMED_OUT, 0);
}

/* Zero-window probes are answered for ever; the user does not wait for ever. */
static void
OP_07_persist(struct script *s)
{
	START(s);
	ESTABLISH(s);
	SET_UTO(s, 10000);
	IN(s, ACK, .seq = 1, .ack = 1, .win = SET(0));
	SEND(s, "hello");
	SILENT(s);
	for (int i = 0; i < 5; i++) {
		OUT_AT(s, 200 << i, ACK, .seq = 1, .ack = 1, .data = "h");
		IN(s, ACK, .seq = 1, .ack = 1, .win = SET(0));
		SILENT(s);
	}
	ENDS_IN(s, 10000 - (s->now - s->began) / 1e6, "closed:ETIMEDOUT");
}

/* From the first probe without an answer on. */
static void
OP_07_keepalive(struct script *s)
{
	s->conf.tcp.keepalive = true;
	START(s);
	ESTABLISH(s);
	SET_UTO(s, 200000);
	OUT_AT(s, 7200000, ACK, .seq = 0, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 1);
	OUT_AT(s, 7200000, ACK, .seq = 0, .ack = 1, .tsecr = s->peer_ts ? SET(7200000) : 0);
	s->began = s->now; /* the clock the peer's timestamps are of stands still from here */
	OUT_AT(s, 75000, ACK, .seq = 0, .ack = 1);
	OUT_AT(s, 75000, ACK, .seq = 0, .ack = 1);
	QUIET(s, 200000 - 150000 - 3);
	EVENTS(s, "");
	AFTER(s, 4);
	OUT(s, RST_ACK, .seq = 1, .ack = 1);
	EVENTS(s, "closed:ETIMEDOUT");
	COUNTED(s, USER_TIMED_OUT, 1);
}

/* Set, changed and taken back while something waits. */
static void
OP_07_changed_on_the_way(struct script *s)
{
	uint64_t sent;

	START(s);
	ESTABLISH(s);
	SET_UTO(s, 50);
	SEND(s, "x");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x");
	sent = s->now;
	AFTER(s, 40);
	SET_UTO(s, 1000); /* the timer begins again */
	OUT_AT(s, 200, PSH_ACK, .seq = 1, .ack = 1, .data = "x");
	SET_UTO(s, 300);
	ENDS_IN(s, 300 - (s->now - sent) / 1e6, "closed:ETIMEDOUT");
	USE(s, 1);
	ESTABLISH(s);
	SET_UTO(s, 50);
	SET_UTO(s, 0);
	EQUAL(s, get_uto(s), 0);
	SEND(s, "x");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x");
	OUT_AT(s, 200, PSH_ACK, .seq = 1, .ack = 1, .data = "x");
	EQUAL(s, set_uto(s, 1ull << 31), -EINVAL);
	EQUAL(s, set_uto(s, 1ull << 32), -EINVAL);
	EQUAL(s, get_uto(s), 0);
}

/* Set only now that it is late: the wait is counted from here. */
static void
OP_07_set_late(struct script *s)
{
	START(s);
	ESTABLISH(s);
	SEND(s, "x");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x");
	OUT_AT(s, 200, PSH_ACK, .seq = 1, .ack = 1, .data = "x");
	SET_UTO(s, 100);
	ENDS_IN(s, 100, "closed:ETIMEDOUT");
}

/* Every connection has room for it where the knob gives it to every one. */
static void
OP_07_knob(struct script *s)
{
	s->conf.tcp.user_timeout_ms = 300;
	s->active = false;
	START(s);
	for (int i = 0; i < 3; i++) {
		USE(s, i);
		ESTABLISH(s);
		EQUAL(s, get_uto(s), 300);
		SEND(s, "x");
		OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x");
	}
	AFTER(s, 302);
	EVENTS(s, "closed:ETIMEDOUT closed:ETIMEDOUT closed:ETIMEDOUT");
	for (int i = 0; i < 3; i++)
		script_next_frame(s); /* each sent again once */
	COUNTED(s, RTO_FIRED, 3);
	COUNTED(s, EXTRA_NONE_LEFT, 0);
}

/* However many there are. */
static void
OP_07_knob_and_a_full_table(struct script *s)
{
	struct spate_addr local = script_addr(OUR_IP, OUR_PORT);

	s->conf.tcp.user_timeout_ms = 300;
	s->conf.max_conns = 1100;
	START(s);
	for (uint16_t i = 0; i < s->conf.max_conns; i++) {
		struct spate_addr remote = script_addr(PEER_IP, 100 + i);
		spate_conn c;

		script_must(s, spate_connect_from(s->stack, &local, &remote, &c), "connect");
		script_opened(s, c);
		EQUAL(s, get_uto(s), 300);
	}
	COUNTED(s, EXTRA_NONE_LEFT, 0);
	spate_stack_abort_all(s->stack);
	s->events[0] = '\0';
}

/* ---- the option */

/* The handshake with the option on our side; `peer` is what the peer's SYN has, or 0. */
static void
handshake(struct script *s, uint16_t ours, uint64_t peer)
{
	s->conf.tcp.user_timeout_option = true;
	START(s);
	if (s->active) {
		CONNECT(s);
		OUT(s, SYN, .uto = SET(ours));
		IN(s, SYN_ACK, .ack = 1, .uto = peer);
		OUT(s, ACK, .seq = 1, .ack = 1, .uto = SET(ours));
		EVENTS(s, "established");
		return;
	}
	LISTEN(s);
	IN(s, SYN, .uto = peer);
	OUT(s, SYN_ACK, .ack = 1, .uto = SET(ours));
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
}

/* On the SYN and the first segment after it, and then no more. */
static void
OP_07_option_is_sent(struct script *s)
{
	s->conf.tcp.user_timeout_ms = 120500;
	handshake(s, 121, 0);
	EQUAL(s, get_uto(s), 120500);
	SEND(s, "a");
	if (s->active)
		OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "a");
	else
		OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "a", .uto = SET(121));
	SEND(s, "b");
	OUT(s, PSH_ACK, .seq = 2, .ack = 1, .data = "b");
	IN(s, ACK, .seq = 1, .ack = 3);
	EVENTS(s, "sendable");
}

/* The segment that carries it has so much less room for data (PM-01). */
static void
OP_07_option_and_full_segment(struct script *s)
{
	uint32_t r = s->peer_ts ? 1448 : 1460;

	s->active = false;
	handshake(s, 300, 0);
	SEND_PATTERN(s, 2 * r - 4);
	OUT(s, ACK, .seq = 1, .ack = 1, .len = r - 4, .uto = SET(300));
	OUT(s, PSH_ACK, .seq = 1 + r - 4, .ack = 1, .len = r);
}

static void
OP_07_option_without_the_knob(struct script *s)
{
	START(s);
	LISTEN(s);
	IN(s, SYN, .uto = SET(200));
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 1, .uto = SET(200));
	EVENTS(s, "accept");
	EQUAL(s, get_uto(s), 0);
	SILENT(s);
}

/* min(U_LIMIT, max(ADV_UTO, REMOTE_UTO, L_LIMIT)) */
static void
adopts(struct script *s, uint32_t own_ms, uint64_t remote, uint64_t result)
{
	s->conf.tcp.user_timeout_ms = own_ms;
	s->conf.tcp.user_timeout_limit_ms = 7200000;
	handshake(s, own_ms ? own_ms / 1000 : 300, remote);
	EQUAL(s, get_uto(s), result);
}

static void
OP_07_adopt_the_peers(struct script *s)
{
	adopts(s, 120000, SET(500), 500000);
}

static void
OP_07_adopt_our_own(struct script *s)
{
	adopts(s, 400000, SET(200), 400000);
}

static void
OP_07_adopt_the_default(struct script *s)
{
	adopts(s, 0, SET(200), 300000);
}

static void
OP_07_adopt_the_lower_limit(struct script *s)
{
	adopts(s, 5000, SET(7), 100000);
}

static void
OP_07_adopt_the_upper_limit(struct script *s)
{
	adopts(s, 5000, SET(7201), 7200000);
}

static void
OP_07_adopt_minutes(struct script *s)
{
	adopts(s, 5000, SET(MINUTES | 90), 5400000);
}

/* Zero is reserved (RFC 5482 3). */
static void
OP_07_adopt_nothing(struct script *s)
{
	adopts(s, 5000, SET(0), 5000);
	IN(s, ACK, .seq = 1, .ack = 1, .uto = SET(MINUTES));
	EQUAL(s, get_uto(s), 5000);
}

/* Later too, on any segment that is acceptable; and what is adopted holds. */
static void
OP_07_adopt_later(struct script *s)
{
	uint64_t sent;

	s->conf.tcp.user_timeout_ms = 5000;
	handshake(s, 5, 0);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .uto = SET(150), .data = "x");
	OUT(s, ACK, .seq = 1, .ack = 2, .uto = s->active ? ABSENT : SET(5));
	EQUAL(s, get_uto(s), 150000);
	IN(s, PSH_ACK, .seq = -400, .ack = 1, .uto = SET(999), .data = "old");
	OUT(s, ACK, .seq = 1, .ack = 2, .sack = {{-400, -397}});
	IN(s, ACK, .seq = 2, .ack = 77, .uto = SET(999));
	OUT(s, ACK, .seq = 1, .ack = 2);
	EQUAL(s, get_uto(s), 150000);
	EVENTS(s, "data:1");
	RECEIVED(s, "x");
	SEND(s, "y");
	OUT(s, PSH_ACK, .seq = 1, .ack = 2, .data = "y");
	sent = s->now;
	AFTER(s, 149000 - (s->now - sent) / 1e6);
	s->head = s->tail; /* retransmissions */
	ENDS_IN(s, 1000, "closed:ETIMEDOUT");
}

/* What the application has set the peer does not change; but it is told of it. */
static void
OP_07_set_is_not_changeable(struct script *s)
{
	s->active = true;
	handshake(s, 300, 0);
	SET_UTO(s, 40000000);
	OUT(s, ACK, .seq = 1, .ack = 1, .uto = SET(MINUTES | 667));
	IN(s, ACK, .seq = 1, .ack = 1, .uto = SET(500));
	EQUAL(s, get_uto(s), 40000000);
	SET_UTO(s, 2000);
	SEND(s, "x");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x", .uto = SET(2));
	OUT_AT(s, 200, PSH_ACK, .seq = 1, .ack = 1, .data = "x");
}

/* RFC 5482 4.2: keepalive must not end what the agreed timeout would have kept. */
static void
OP_07_keepalive_is_longer(struct script *s)
{
	s->conf.tcp.keepalive = true;
	s->conf.tcp.keepalive_idle_ms = 1000;
	handshake(s, 300, SET(200));
	EQUAL(s, get_uto(s), 300000);
	QUIET(s, 300000);
	OUT_AT(s, 1, ACK, .seq = 0, .ack = 1, .uto = s->active ? ABSENT : SET(300));
}

static const struct row_test tests[] = {
	ROW_TEST("OP-07", OP_07_exact),
	ROW_TEST("OP-07", OP_07_shorter_than_rto),
	ROW_TEST("OP-07", OP_07_longer_than_the_retries),
	ROW_TEST("OP-07", OP_07_progress),
	ROW_TEST("OP-07", OP_07_idle_does_not_count),
	ROW_TEST("OP-07", OP_07_fin),
	ROW_TEST("OP-07", OP_07_syn),
	ROW_TEST("OP-07 CM-09", OP_07_syn_retries_still_count),
	ROW_TEST("OP-07 DT-05", OP_07_persist),
	ROW_TEST("OP-07 CM-17", OP_07_keepalive),
	ROW_TEST("OP-07", OP_07_changed_on_the_way),
	ROW_TEST("OP-07", OP_07_set_late),
	ROW_TEST("OP-07", OP_07_knob),
	ROW_TEST("OP-07", OP_07_knob_and_a_full_table),
	ROW_TEST("OP-07", OP_07_option_is_sent),
	ROW_TEST("OP-07 PM-01", OP_07_option_and_full_segment),
	ROW_TEST("OP-07", OP_07_option_without_the_knob),
	ROW_TEST("OP-07", OP_07_adopt_the_peers),
	ROW_TEST("OP-07", OP_07_adopt_our_own),
	ROW_TEST("OP-07", OP_07_adopt_the_default),
	ROW_TEST("OP-07", OP_07_adopt_the_lower_limit),
	ROW_TEST("OP-07", OP_07_adopt_the_upper_limit),
	ROW_TEST("OP-07", OP_07_adopt_minutes),
	ROW_TEST("OP-07", OP_07_adopt_nothing),
	ROW_TEST("OP-07", OP_07_adopt_later),
	ROW_TEST("OP-07", OP_07_set_is_not_changeable),
	ROW_TEST("OP-07 CM-17", OP_07_keepalive_is_longer),
};

SCRIPT_MAIN(tests)
