/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the experiments done by hand need: a connection forgotten as by a crash, segments
 * made by hand, and to look at one connection or at those of a kind.
 */
#include <sys/socket.h>

#include "script.h"

/* ---- spate_forget */

static void
CM_16_forgotten(struct script *s)
{
	START(s);
	ESTABLISH(s);
	SEND(s, "never sent");
	script_now(s);
	spate_forget(s->stack, s->conn);
	EVENTS(s, "closed:ECONNABORTED");
	SILENT(s);
	COUNTED(s, FORGOTTEN, 1);
	COUNTED(s, RESET, 1);
	COUNTED(s, RST_SENT, 0);
	/* The peer finds out when it speaks: RS-02. */
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "hello?");
	OUT(s, RST, .seq = 1, .win = SET(0), .tsval = ABSENT);
	SILENT(s);
}

static void
CM_16_forgotten_twice(struct script *s)
{
	START(s);
	ESTABLISH(s);
	script_now(s);
	spate_forget(s->stack, s->conn);
	spate_forget(s->stack, s->conn);
	spate_abort(s->stack, s->conn);
	EVENTS(s, "closed:ECONNABORTED");
	SILENT(s);
	COUNTED(s, FORGOTTEN, 1);
}

static void
CM_16_forgotten_while_it_opens(struct script *s)
{
	START(s);
	CONNECT(s);
	OUT(s, SYN);
	script_now(s);
	spate_forget(s->stack, s->conn);
	EVENTS(s, "closed:ECONNABORTED");
	QUIET(s, 200000);
	EQUAL(s, script_in_state(s, SPATE_SYN_SENT), 0);
}

/* ---- spate_inject */

static struct spate_tuple
tuple_of(struct script *s)
{
	return (struct spate_tuple){
		script_addr(s->t->laddr, s->t->lport), script_addr(s->t->raddr, s->t->rport)};
}

static void
TW_08_old_segment_made_by_hand(struct script *s)
{
	struct spate_segment g = {.flags = PSH_ACK, .wnd = 77, .len = 3};
	struct spate_tuple tuple;

	START(s);
	ESTABLISH(s);
	tuple = tuple_of(s);
	g.seq = s->t->iss - 9;
	g.ack = s->t->isn + 1;
	script_now(s);
	EQUAL(s, spate_inject(s->stack, &tuple, &g, "old"), 0);
	OUT(s, PSH_ACK, .seq = -9, .ack = 1, .data = "old", .win = SET(77), .tsval = ABSENT);
	SILENT(s);
	/* The connection has not noticed. */
	COUNTED(s, INJECTED, 1);
	EVENTS(s, "");
	EQUAL(s, script_info(s).snd_nxt, s->t->iss + 1);
	EQUAL(s, script_info(s).unacked, 0);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x");
	OUT(s, ACK, .seq = 1, .ack = 2);
	EVENTS(s, "data:1");
	RECEIVED(s, "x");
}

/* Every flag, no connection at all, and a timestamp. */
static void
TW_08_any_segment_made_by_hand(struct script *s)
{
	struct spate_segment g = {
		.ack = 0x01020304, .has_ts = true, .tsval = 0x05060708, .tsecr = 0x090a0b0c};
	struct spate_tuple tuple;

	START(s);
	tuple = tuple_of(s);
	g.seq = s->t->isn;
	for (int flags = 0; flags < 64; flags++) {
		const struct frame *f;
		const uint8_t *tcp;

		g.flags = flags;
		script_now(s);
		EQUAL(s, spate_inject(s->stack, &tuple, &g, NULL), 0);
		f = script_next_frame(s);
		tcp = f->b + f->len - 32;
		EQUAL(s, script_get16(tcp), s->t->lport);
		EQUAL(s, script_get16(tcp + 2), s->t->rport);
		EQUAL(s, script_get32(tcp + 4), s->t->isn);
		EQUAL(s, script_get32(tcp + 8), 0x01020304);
		EQUAL(s, tcp[12], 0x80);
		EQUAL(s, tcp[13], flags);
		EQUAL(s, script_get32(tcp + 20), 0x0101080a);
		EQUAL(s, script_get32(tcp + 24), 0x05060708);
		EQUAL(s, script_get32(tcp + 28), 0x090a0b0c);
	}
	SILENT(s);
}

static void
TW_08_impossible_by_hand(struct script *s)
{
	struct spate_segment g = {.flags = ACK};
	struct spate_tuple good, bad;
	uint32_t most;

	START(s);
	good = bad = tuple_of(s);
	bad.local = good.remote;
	EQUAL(s, -spate_inject(s->stack, &bad, &g, NULL), EADDRNOTAVAIL);
	bad = good;
	bad.remote = good.local;
	EQUAL(s, -spate_inject(s->stack, &bad, &g, NULL), EINVAL);
	bad.remote.family = AF_UNIX;
	EQUAL(s, -spate_inject(s->stack, &bad, &g, NULL), EAFNOSUPPORT);
	/* Room for any options is kept free. */
	most = s->conf.mtu - (script_v6 ? 60 : 40) - 40;
	g.len = most;
	EQUAL(s, spate_inject(s->stack, &good, &g, script_pattern), 0);
	(void)script_next_frame(s);
	g.len = most + 1;
	EQUAL(s, -spate_inject(s->stack, &good, &g, script_pattern), EMSGSIZE);
	g.len = UINT32_MAX;
	EQUAL(s, -spate_inject(s->stack, &good, &g, script_pattern), EMSGSIZE);
	SILENT(s);
	COUNTED(s, INJECTED, 1);
}

/* ---- spate_tuple_info, spate_conn_info */

static void
CM_01_one_connection_by_its_tuple(struct script *s)
{
	struct spate_conn_info info;
	struct spate_tuple tuple;

	START(s);
	tuple = tuple_of(s);
	EQUAL(s, -spate_tuple_info(s->stack, &tuple, &info), ENOTCONN);
	TO_TIME_WAIT(s);
	EQUAL(s, spate_tuple_info(s->stack, &tuple, &info), 0);
	EQUAL(s, info.state, SPATE_TIME_WAIT);
	EQUAL(s, info.timer, SPATE_TIMER_TIME_WAIT);
	EQUAL(s, info.timestamps, s->peer_ts);
	EQUAL(s, info.rcv_nxt, s->t->isn + 2);
	/* The store's unit is 65.5 us. */
	CHECK(s, info.expires_ns - s->now <= 60000 * MS + 65536);
	CHECK(s, info.expires_ns - s->now > 59000 * MS);
	AFTER(s, 60001);
	EQUAL(s, -spate_tuple_info(s->stack, &tuple, &info), ENOTCONN);
	tuple.local = script_addr(PEER_IP, 1);
	EQUAL(s, -spate_tuple_info(s->stack, &tuple, &info), EADDRNOTAVAIL);
}

static void
CM_01_everything_of_a_connection(struct script *s)
{
	struct spate_conn_info info;

	START(s);
	ESTABLISH(s);
	info = script_info(s);
	EQUAL(s, info.timer, SPATE_TIMER_NONE);
	EQUAL(s, info.expires_ns, 0);
	EQUAL(s, info.timestamps, s->peer_ts);
	EQUAL(s, info.window_scale, s->peer_ws);
	EQUAL(s, info.passive, !s->active);
	EQUAL(s, info.mss, 1460);
	CHECK(s, !info.fin_queued && !info.fin_sent && !info.closed && !info.keepalive);
	script_must(s, spate_setopt(s->stack, s->conn, SPATE_OPT_KEEPALIVE, 1), "setopt");
	info = script_info(s);
	CHECK(s, info.keepalive);
	EQUAL(s, info.timer, SPATE_TIMER_KEEPALIVE);
	SEND(s, "hello");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
	info = script_info(s);
	EQUAL(s, info.timer, SPATE_TIMER_RETRANSMIT);
	EQUAL(s, info.unacked, 5);
	CHECK(s, info.expires_ns > s->now && info.expires_ns <= s->now + 1001 * MS + WHEEL_TICK);
	OUT_AT(s, (double)info.rto_us / 1000, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
	info = script_info(s);
	EQUAL(s, info.retries, 1);
	EQUAL(s, info.backoff, 1);
	CHECK(s, info.loss);
	CLOSE(s);
	IN(s, ACK, .seq = 1, .ack = 6);
	OUT(s, FIN_ACK, .seq = 6, .ack = 1);
	info = script_info(s);
	CHECK(s, info.fin_queued && info.fin_sent && info.closed);
	IN(s, ACK, .seq = 1, .ack = 7);
	EQUAL(s, script_info(s).timer, SPATE_TIMER_FIN_WAIT_2);
}

/* ---- spate_conn_list with a filter, spate_listener_list */

struct count {
	uint32_t n;
	enum spate_state state;
};

static void
count_one(void *ctx, const struct spate_conn_info *info)
{
	struct count *c = ctx;

	c->n++;
	c->state = info->state;
}

static uint32_t
count(struct script *s, const struct spate_filter *f, enum spate_state *last)
{
	struct count c = {0};
	uint32_t cursor = 0;

	while (spate_conn_list(s->stack, &cursor, f, count_one, &c))
		;
	if (last)
		*last = c.state;
	return c.n;
}

static void
CM_01_connections_of_a_kind(struct script *s)
{
	struct spate_filter f = {0};
	enum spate_state last;

	START(s);
	TO_TIME_WAIT(s);
	for (int i = 1; i < 5; i++) {
		USE(s, i);
		CONNECT(s);
		OUT(s, SYN);
	}
	EQUAL(s, count(s, NULL, NULL), 5);
	EQUAL(s, count(s, &f, NULL), 5);
	f.states = 1 << SPATE_SYN_SENT;
	EQUAL(s, count(s, &f, &last), 4);
	EQUAL(s, last, SPATE_SYN_SENT);
	f.states |= 1 << SPATE_TIME_WAIT;
	EQUAL(s, count(s, &f, NULL), 5);
	f.states = 1 << SPATE_TIME_WAIT;
	EQUAL(s, count(s, &f, &last), 1);
	EQUAL(s, last, SPATE_TIME_WAIT);
	f.states = 1 << SPATE_ESTABLISHED;
	EQUAL(s, count(s, &f, NULL), 0);
	f.states = 0;
	f.remote = script_addr(PEER_IP, PEER_PORT + 2);
	EQUAL(s, count(s, &f, NULL), 1);
	f.remote.family = 0;
	EQUAL(s, count(s, &f, NULL), 1);
	f.remote = script_addr(PEER_IP, 0);
	EQUAL(s, count(s, &f, NULL), 5);
	f.remote = script_addr(PEER_IP + 1, 0);
	EQUAL(s, count(s, &f, NULL), 0);
	f.remote = (struct spate_addr){.family = script_v6 ? AF_INET : AF_INET6};
	EQUAL(s, count(s, &f, NULL), 0);
	f.remote = (struct spate_addr){0};
	f.local = script_addr(OUR_IP, OUR_PORT);
	EQUAL(s, count(s, &f, NULL), 5);
	f.local.port++;
	EQUAL(s, count(s, &f, NULL), 0);
}

static void
take_listener(void *ctx, const struct spate_listener_info *info)
{
	struct spate_listener_info *to = ctx;

	to[info->cookie - COOKIE] = *info;
}

static void
CM_01_listeners(struct script *s)
{
	struct spate_listener_info l[4] = {0};
	struct spate_addr a = script_addr(OUR_IP, 1);
	struct spate_addr any4 = {.family = AF_INET, .port = rte_cpu_to_be_16(2)};
	struct spate_addr any = {.family = AF_INET6, .port = rte_cpu_to_be_16(3)};

	START(s);
	spate_listener_list(s->stack, take_listener, l);
	EQUAL(s, l[0].local.port, 0);
	LISTEN(s);
	CHECK(s, spate_listen(s->stack, &a, 7, 0, COOKIE + 1) >= 0);
	CHECK(s, spate_listen(s->stack, &any4, 0, 0, COOKIE + 2) >= 0);
	CHECK(s, spate_listen(s->stack, &any, 0, 0, COOKIE + 3) >= 0);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	spate_listener_list(s->stack, take_listener, l);
	EQUAL(s, l[0].local.port, rte_cpu_to_be_16(OUR_PORT));
	EQUAL(s, l[0].backlog, 1);
	EQUAL(s, l[0].backlog_max, 0);
	CHECK(s, memcmp(&l[1].local, &a, sizeof(a)) == 0);
	EQUAL(s, l[1].backlog, 0);
	EQUAL(s, l[1].backlog_max, 7);
	EQUAL(s, l[2].local.family, AF_INET);
	EQUAL(s, l[2].local.ip4, 0);
	EQUAL(s, l[3].local.family, AF_INET6);
}

static const struct row_test tests[] = {
	ROW_TEST("CM-16 RS-02", CM_16_forgotten),
	ROW_TEST("CM-16", CM_16_forgotten_twice),
	ROW_TEST("CM-16", CM_16_forgotten_while_it_opens),
	ROW_TEST("TW-08", TW_08_old_segment_made_by_hand),
	ROW_TEST("TW-08", TW_08_any_segment_made_by_hand),
	ROW_TEST("TW-08", TW_08_impossible_by_hand),
	ROW_TEST("CM-01", CM_01_one_connection_by_its_tuple),
	ROW_TEST("CM-01", CM_01_everything_of_a_connection),
	ROW_TEST("CM-01", CM_01_connections_of_a_kind),
	ROW_TEST("CM-01", CM_01_listeners),
};

SCRIPT_MAIN(tests)
