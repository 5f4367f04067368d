/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Room: local ports and tuples, the connection table, the backlog, listeners that come
 * and go. Whatever has no room is refused and counted; what is there stays untouched.
 */
#include <sys/socket.h>

#include "script.h"

#define FIRST_PORT 10000

/* Connect from `src` as tuple `n`: the local port is learned from the SYN. */
static int
connect_any(struct script *s, struct spate_source *src, int n)
{
	struct spate_addr remote = script_addr(PEER_IP, PEER_PORT);
	spate_conn c;
	int rc;

	USE(s, n);
	s->t->rport = PEER_PORT;
	s->t->lport = 0;
	script_now(s);
	rc = spate_connect(s->stack, src, &remote, &c);
	if (rc == 0) {
		s->conn = c;
		s->conns[s->n_conns++] = c;
		OUT(s, SYN);
	}
	return rc;
}

static void
source(struct script *s, struct spate_source *src, uint16_t ports)
{
	struct spate_addr ip = script_addr(OUR_IP, 0);

	script_must(s,
		spate_source_init(s->stack, src, &ip, &ip, FIRST_PORT, FIRST_PORT + ports - 1),
		"source");
}

/* ---- CM-12 */

static void
CM_12_random_ports(struct script *s)
{
	struct spate_source src;
	uint32_t neighbours = 0;

	START(s);
	source(s, &src, 40000);
	for (int i = 0; i < 16; i++) {
		EQUAL(s, connect_any(s, &src, i), 0);
		CHECK(s, s->t->lport >= FIRST_PORT && s->t->lport < FIRST_PORT + 40000);
		for (int j = 0; j < i; j++) {
			int apart = s->tuple[i].lport - s->tuple[j].lport;

			CHECK(s, apart != 0);
			neighbours += apart > -16 && apart < 16;
		}
	}
	/* 120 pairs; of random ones in 40000 ports less than one in a thousand is that near. */
	CHECK(s, neighbours < 3);
}

static void
CM_12_sequential_is_a_knob(struct script *s)
{
	struct spate_source src;

	s->conf.tcp.sequential_ports = true;
	START(s);
	source(s, &src, 100);
	for (int i = 0; i < 16; i++) {
		EQUAL(s, connect_any(s, &src, i), 0);
		EQUAL(s, s->t->lport, FIRST_PORT + i);
	}
}

/* All of a small range, each once, whatever the order. */
static void
CM_12_never_one_that_is_alive(struct script *s)
{
	struct spate_source src;

	START(s);
	source(s, &src, 8);
	for (int i = 0; i < 8; i++) {
		EQUAL(s, connect_any(s, &src, i), 0);
		for (int j = 0; j < i; j++)
			CHECK(s, s->tuple[i].lport != s->tuple[j].lport);
	}
	/* By name neither. */
	s->t->lport = FIRST_PORT;
	EQUAL(s, -script_connect(s), EADDRINUSE);
}

/* Of the range the share's ports alone, all of them; and what is left when that is nothing. */
static void
CM_12_a_share_of_the_ports(struct script *s)
{
	struct spate_source src;

	START(s);
	source(s, &src, 11);
	EQUAL(s, connect_any(s, &src, 0), 0); /* some tuples are chosen ahead by now */
	source(s, &src, 11);
	spate_source_share(&src, 1, 3);
	for (int i = 1; i < 5; i++) {
		bool taken = s->tuple[0].lport % 3 == 1;

		if (i == 4 && taken)
			break;
		EQUAL(s, connect_any(s, &src, i), 0);
		EQUAL(s, s->t->lport % 3, 1);
	}
	EQUAL(s, -connect_any(s, &src, 5), EADDRNOTAVAIL);
	source(s, &src, 2);
	spate_source_share(&src, 0, 3); /* 10000 and 10001 leave 1 and 2 */
	EQUAL(s, -connect_any(s, &src, 5), EADDRNOTAVAIL);
}

/* What counts is the tuple: the same ports go to another remote. */
static void
CM_12_tuples_not_ports(struct script *s)
{
	struct spate_source src;
	struct spate_addr remote = script_addr(PEER_IP, PEER_PORT + 1);
	spate_conn c;

	START(s);
	source(s, &src, 1);
	EQUAL(s, connect_any(s, &src, 0), 0);
	EQUAL(s, spate_connect(s->stack, &src, &remote, &c), 0);
	s->conns[s->n_conns++] = c;
	USE(s, 1);
	s->t->lport = FIRST_PORT;
	OUT(s, SYN);
}

/* The connection on tuple `n` goes through to TIME_WAIT. */
static void
to_time_wait(struct script *s, int n)
{
	USE(s, n);
	IN(s, SYN_ACK, .ack = 1);
	CLOSE(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1);
	IN(s, FIN_ACK, .seq = 1, .ack = 2);
	OUT(s, ACK, .seq = 2, .ack = 2);
	EVENTS(s, "established closed");
}

static void
CM_12_time_wait_is_not_free(struct script *s)
{
	struct spate_source src;

	START(s);
	source(s, &src, 2);
	EQUAL(s, connect_any(s, &src, 0), 0);
	to_time_wait(s, 0);
	AFTER(s, 1000);
	EQUAL(s, connect_any(s, &src, 1), 0);
	CHECK(s, s->tuple[0].lport != s->tuple[1].lport);
	EQUAL(s, -connect_any(s, &src, 2), EADDRNOTAVAIL);
	/* Free again after 2MSL, while the other is still trying. */
	script_advance(s, s->now + 59001 * MS, false);
	s->head = s->tail;
	EQUAL(s, connect_any(s, &src, 2), 0);
	EQUAL(s, s->t->lport, s->tuple[0].lport);
}

static void
CM_12_time_wait_reused_by_knob(struct script *s)
{
	struct spate_source src;

	s->conf.tcp.reuse = SPATE_REUSE_ANY;
	START(s);
	source(s, &src, 1);
	EQUAL(s, connect_any(s, &src, 0), 0);
	to_time_wait(s, 0);
	EQUAL(s, connect_any(s, &src, 1), 0);
	EQUAL(s, s->t->iss, s->tuple[0].iss + 2 + 65537);
	COUNTED(s, TW_REUSED, 1);
}

/* ---- CM-24 */

static void
CM_24_exhausted(struct script *s)
{
	struct spate_source src;

	START(s);
	source(s, &src, 3);
	for (int i = 0; i < 3; i++)
		EQUAL(s, connect_any(s, &src, i), 0);
	EQUAL(s, -connect_any(s, &src, 3), EADDRNOTAVAIL);
	EQUAL(s, -connect_any(s, &src, 3), EADDRNOTAVAIL);
	SILENT(s);
	COUNTED(s, CONNECT_NO_PORT, 2);
	COUNTED(s, CONNECTS, 3);
	/* One is given up: its tuple, and no other, is there again. */
	USE(s, 1);
	spate_close(s->stack, s->conns[1]);
	EVENTS(s, "closed");
	EQUAL(s, connect_any(s, &src, 4), 0);
	EQUAL(s, s->t->lport, s->tuple[1].lport);
}

/* A long search is done in pieces, and still finds the last free tuple. */
static void
CM_24_search_in_pieces(struct script *s)
{
	struct spate_addr remote = script_addr(PEER_IP, PEER_PORT);
	struct spate_source src;
	uint32_t again = 0, n = 0;
	spate_conn c;
	int rc;

	s->conf.max_conns = 2000;
	s->conf.tcp.sequential_ports = true;
	START(s);
	source(s, &src, 1000);
	while ((rc = spate_connect(s->stack, &src, &remote, &c)) != -EADDRNOTAVAIL) {
		if (rc == -EAGAIN) {
			again++;
			continue;
		}
		EQUAL(s, rc, 0);
		s->conns[s->n_conns ? 1 : 0] = c;
		s->n_conns++;
		s->conn = c;
		if (++n % 100 == 0) {
			script_pump(s);
			EQUAL(s, s->tail - s->head, 100);
			s->head = s->tail;
		}
	}
	EQUAL(s, n, 1000);
	EQUAL(s, again, 3);
	COUNTED(s, CONNECT_NO_PORT, 1);
	CLOSE(s);
	for (again = 0; (rc = spate_connect(s->stack, &src, &remote, &c)) == -EAGAIN; again++)
		;
	EQUAL(s, rc, 0);
	CHECK(s, again <= 3);
	s->n_conns++;
	/* The first one too, behind the end of the range. */
	spate_close(s->stack, s->conns[0]);
	while ((rc = spate_connect(s->stack, &src, &remote, &c)) == -EAGAIN)
		;
	EQUAL(s, rc, 0);
	s->n_conns++;
	script_pump(s);
	EQUAL(s, s->tail - s->head, 2);
	s->head = s->tail;
	EVENTS(s, "closed closed");
}

/* ---- CM-18 */

static void
CM_18_no_room_for_a_syn(struct script *s)
{
	s->conf.tcp.syn_cookies = false;
	s->conf.max_conns = 2;
	START(s);
	LISTEN(s);
	for (int i = 0; i < 2; i++) {
		USE(s, i);
		IN(s, SYN);
		OUT(s, SYN_ACK, .ack = 1);
		IN(s, ACK, .seq = 1, .ack = 1);
	}
	EVENTS(s, "accept accept");
	USE(s, 2);
	IN(s, SYN);
	SILENT(s);
	COUNTED(s, SYN_NO_ROOM, 1);
	USE(s, 0);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x");
	OUT(s, ACK, .seq = 1, .ack = 2);
	EVENTS(s, "data:1");
	RECEIVED(s, "x");
	/* One leaves for TIME_WAIT, which is kept elsewhere: the SYN's retry finds room. */
	spate_close(s->stack, s->conns[0]);
	OUT(s, FIN_ACK, .seq = 1, .ack = 2);
	IN(s, FIN_ACK, .seq = 2, .ack = 2);
	OUT(s, ACK, .seq = 2, .ack = 3);
	EVENTS(s, "closed");
	USE(s, 2);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
}

static void
CM_18_no_room_for_a_connect(struct script *s)
{
	s->conf.max_conns = 1;
	START(s);
	CONNECT(s);
	OUT(s, SYN);
	USE(s, 1);
	EQUAL(s, -script_connect(s), ENOBUFS);
	SILENT(s);
	COUNTED(s, CONNECT_NO_ROOM, 1);
	COUNTED(s, CONNECTS, 1);
	USE(s, 0);
	IN(s, SYN_ACK, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "established");
}

static void
CM_18_backlog(struct script *s)
{
	s->conf.tcp.syn_cookies = false;
	START(s);
	script_listen(s, 2);
	for (int i = 0; i < 2; i++) {
		USE(s, i);
		IN(s, SYN);
		OUT(s, SYN_ACK, .ack = 1);
	}
	USE(s, 2);
	IN(s, SYN);
	SILENT(s);
	COUNTED(s, SYN_BACKLOG_FULL, 1);
	/* One is accepted: there is room for one more, and for one only. */
	USE(s, 0);
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
	USE(s, 2);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	USE(s, 3);
	IN(s, SYN);
	SILENT(s);
	COUNTED(s, SYN_BACKLOG_FULL, 2);
	/* The limit is the listener's own. */
	struct spate_addr other = script_addr(OUR_IP, OUR_PORT + 1);

	script_must(s, spate_listen(s->stack, &other, 1, SPATE_LISTEN_REUSE_ADDRESS, COOKIE), "listen");
	s->t->lport = OUR_PORT + 1;
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
}

/* ---- CM-23 */

static void
CM_23_listener_closed(struct script *s)
{
	START(s);
	LISTEN(s);
	for (int i = 0; i < 4; i++) {
		USE(s, i);
		IN(s, SYN);
		OUT(s, SYN_ACK, .ack = 1);
		if (i < 2)
			IN(s, ACK, .seq = 1, .ack = 1);
	}
	EVENTS(s, "accept accept");
	/* 0 accepted, 1 in TIME_WAIT, 2 and 3 in SYN_RCVD. */
	USE(s, 1);
	spate_close(s->stack, s->conns[1]);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1);
	IN(s, FIN_ACK, .seq = 1, .ack = 2);
	OUT(s, ACK, .seq = 2, .ack = 2);
	EVENTS(s, "closed");
	script_now(s);
	spate_unlisten(s->stack, s->listener);
	USE(s, 2);
	OUT(s, RST_ACK, .seq = 1, .ack = 1);
	USE(s, 3);
	OUT(s, RST_ACK, .seq = 1, .ack = 1);
	SILENT(s);
	EVENTS(s, "");
	COUNTED(s, EMBRYO_STOPPED, 2);
	EQUAL(s, script_in_state(s, SPATE_LISTEN), 0);
	/* Its children go on, what comes to the port is refused. */
	USE(s, 0);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x");
	OUT(s, ACK, .seq = 1, .ack = 2);
	EVENTS(s, "data:1");
	RECEIVED(s, "x");
	USE(s, 1);
	IN(s, FIN_ACK, .seq = 1, .ack = 2);
	OUT(s, ACK, .seq = 2, .ack = 2);
	USE(s, 4);
	s->t->iss = 0;
	IN(s, SYN);
	OUT(s, RST_ACK, .seq = 0, .ack = 1);
	/* The port may be listened on again. */
	s->listener = -1;
	LISTEN(s);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
}

static void
CM_23_other_listeners_children_stay(struct script *s)
{
	struct spate_addr other = script_addr(OUR_IP, OUR_PORT + 1);

	START(s);
	LISTEN(s);
	script_must(s, spate_listen(s->stack, &other, 0, SPATE_LISTEN_REUSE_ADDRESS, COOKIE), "listen");
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	USE(s, 1);
	s->t->lport = OUR_PORT + 1;
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	script_now(s);
	spate_unlisten(s->stack, s->listener);
	USE(s, 0);
	OUT(s, RST_ACK, .seq = 1, .ack = 1);
	USE(s, 1);
	IN(s, ACK, .seq = 1, .ack = 1);
	SILENT(s);
	EVENTS(s, "accept");
}

static void
CM_23_addresses_of_listeners(struct script *s)
{
	struct spate_addr a = script_addr(OUR_IP, OUR_PORT), any = script_addr(0, OUR_PORT);
	struct spate_addr not_ours = script_addr(OUR_IP + 1, OUR_PORT);
	struct spate_addr v6 = {.family = AF_INET6, .ip6 = {0x20, 1}}, other = {.family = AF_UNIX};

	START(s);
	EQUAL(s, -spate_listen(s->stack, &not_ours, 0, SPATE_LISTEN_REUSE_ADDRESS, COOKIE), EADDRNOTAVAIL);
	EQUAL(s, -spate_listen(s->stack, &v6, 0, SPATE_LISTEN_REUSE_ADDRESS, COOKIE),
		script_v6 ? EADDRNOTAVAIL : EAFNOSUPPORT);
	EQUAL(s, -spate_listen(s->stack, &other, 0, SPATE_LISTEN_REUSE_ADDRESS, COOKIE), EAFNOSUPPORT);
	CHECK(s, spate_listen(s->stack, &a, 0, SPATE_LISTEN_REUSE_ADDRESS, COOKIE) >= 0);
	EQUAL(s, -spate_listen(s->stack, &a, 0, SPATE_LISTEN_REUSE_ADDRESS, COOKIE), EADDRINUSE);
	EQUAL(s, -spate_listen(s->stack, &any, 0, SPATE_LISTEN_REUSE_ADDRESS, COOKIE), EADDRINUSE);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
}

static const struct row_test tests[] = {
	ROW_TEST("CM-12", CM_12_random_ports),
	ROW_TEST("CM-12", CM_12_sequential_is_a_knob),
	ROW_TEST("CM-12", CM_12_never_one_that_is_alive),
	ROW_TEST("CM-12", CM_12_a_share_of_the_ports),
	ROW_TEST("CM-12", CM_12_tuples_not_ports),
	ROW_TEST("CM-12", CM_12_time_wait_is_not_free),
	ROW_TEST("CM-12 TW-06", CM_12_time_wait_reused_by_knob),
	ROW_TEST("CM-24", CM_24_exhausted),
	ROW_TEST("CM-24", CM_24_search_in_pieces),
	ROW_TEST("CM-18", CM_18_no_room_for_a_syn),
	ROW_TEST("CM-18", CM_18_no_room_for_a_connect),
	ROW_TEST("CM-18", CM_18_backlog),
	ROW_TEST("CM-23", CM_23_listener_closed),
	ROW_TEST("CM-23", CM_23_other_listeners_children_stay),
	ROW_TEST("CM-23", CM_23_addresses_of_listeners),
};

SCRIPT_MAIN(tests)
