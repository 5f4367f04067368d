/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many segments arrive at once, are looked up together, and change what the later of
 * them are about; and an application that acts from within its callbacks.
 */
#include "script.h"

/* A whole short life in one burst, up to what the peer can know. */
static void
CM_01_data_fin_and_more_in_a_burst(struct script *s)
{
	START(s);
	ESTABLISH(s);
	BURST(s);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "one");
	IN(s, PSH_ACK, .seq = 4, .ack = 1, .data = "two");
	IN(s, FIN_ACK, .seq = 7, .ack = 1);
	ARRIVES(s);
	OUT(s, ACK, .seq = 1, .ack = 8);
	SILENT(s);
	EVENTS(s, "data:3 data:3 fin");
	RECEIVED(s, "onetwo");
}

/* RST and a new SYN behind it: the second is looked up before the first has been obeyed. */
static void
CM_01_reset_and_new_syn_in_a_burst(struct script *s)
{
	s->active = false;
	START(s);
	ESTABLISH(s);
	AFTER(s, 1);
	BURST(s);
	IN(s, RST, .seq = 1);
	s->t->isn += 100000;
	IN(s, SYN);
	ARRIVES(s);
	s->t->iss_known = false;
	OUT(s, SYN_ACK, .ack = 1);
	EVENTS(s, "closed:ECONNRESET");
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
}

/* What is behind the RST finds nobody. */
static void
RS_02_behind_a_reset_in_a_burst(struct script *s)
{
	START(s);
	ESTABLISH(s);
	BURST(s);
	IN(s, RST, .seq = 1);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x");
	ARRIVES(s);
	OUT(s, RST, .seq = 1);
	EVENTS(s, "closed:ECONNRESET");
}

/* Longer than one bulk lookup; some tuples twice. */
static void
CM_02_many_syns_in_a_burst(struct script *s)
{
	s->conf.max_conns = 256;
	START(s);
	LISTEN(s);
	BURST(s);
	for (int i = 0; i < 200; i++) {
		s->t->rport = PEER_PORT + i % 150;
		IN(s, SYN);
	}
	ARRIVES(s);
	COUNTED(s, SYN_RECEIVED, 150);
	EQUAL(s, script_in_state(s, SPATE_SYN_RCVD), 150);
	for (int i = 0; i < 150; i++) {
		s->t->rport = PEER_PORT + i;
		NEXT_INCARNATION(s, 0);
		s->t->ts_offset_known = false;
		OUT(s, SYN_ACK, .ack = 1);
	}
	SILENT(s);
}

/* A record that ends in a burst is not another connection's before the burst is over. */
static void
CM_01_record_is_not_reused_within_a_burst(struct script *s)
{
	s->conf.max_conns = 1;
	s->conf.tcp.syn_cookies = false;
	s->active = false;
	START(s);
	ESTABLISH(s);
	BURST(s);
	IN(s, RST, .seq = 1);
	USE(s, 1);
	IN(s, SYN);
	USE(s, 0);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x");
	ARRIVES(s);
	EVENTS(s, "closed:ECONNRESET");
	OUT(s, RST, .seq = 1);
	COUNTED(s, SYN_NO_ROOM, 1);
	USE(s, 1);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
}

/* ---- from within callbacks */

static const char *abort_at;

static void
abort_when(struct script *s, const char *event)
{
	if (strcmp(event, abort_at) == 0)
		spate_abort(s->stack, s->conn);
}

static void
RS_07_abort_from_on_accept(struct script *s)
{
	abort_at = "accept";
	s->hook = abort_when;
	START(s);
	LISTEN(s);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, FIN_ACK | PSH, .seq = 1, .ack = 1, .data = "x");
	OUT(s, RST_ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept closed:ECONNABORTED");
}

static void
RS_07_abort_from_on_established(struct script *s)
{
	abort_at = "established";
	s->hook = abort_when;
	START(s);
	CONNECT(s);
	OUT(s, SYN);
	IN(s, SYN_ACK, .ack = 1);
	OUT(s, RST_ACK, .seq = 1, .ack = 1);
	EVENTS(s, "established closed:ECONNABORTED");
}

static void
RS_07_abort_from_on_data(struct script *s)
{
	abort_at = "data:1";
	s->hook = abort_when;
	START(s);
	ESTABLISH(s);
	IN(s, FIN_ACK | PSH, .seq = 1, .ack = 1, .data = "x");
	OUT(s, RST_ACK, .seq = 1, .ack = 3);
	EVENTS(s, "data:1 closed:ECONNABORTED");
	RECEIVED(s, "x");
}

static void
RS_07_abort_from_on_sendable(struct script *s)
{
	abort_at = "sendable";
	s->hook = abort_when;
	START(s);
	ESTABLISH(s);
	SEND(s, "x");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x");
	IN(s, FIN_ACK | PSH, .seq = 1, .ack = 2, .data = "y");
	OUT(s, RST_ACK, .seq = 2, .ack = 1);
	EVENTS(s, "sendable closed:ECONNABORTED");
}

static void
RS_07_abort_from_on_peer_fin(struct script *s)
{
	abort_at = "fin";
	s->hook = abort_when;
	START(s);
	ESTABLISH(s);
	IN(s, FIN_ACK, .seq = 1, .ack = 1);
	OUT(s, RST_ACK, .seq = 1, .ack = 2);
	EVENTS(s, "fin closed:ECONNABORTED");
}

static void
connect_again(struct script *s, const char *event)
{
	if (strncmp(event, "closed", 6) == 0 && s->n_conns < 3)
		script_must(s, script_connect(s), "connect");
}

/* Whoever makes load opens the next connection where the last one ends. */
static void
CM_01_connect_from_on_closed(struct script *s)
{
	s->hook = connect_again;
	START(s);
	CONNECT(s);
	for (int i = 0; i < 3; i++) {
		NEXT_INCARNATION(s, 0);
		OUT(s, SYN);
		IN(s, RST_ACK, .ack = 1);
	}
	SILENT(s);
	EVENTS(s, "closed:ECONNREFUSED closed:ECONNREFUSED closed:ECONNREFUSED");
}

static void
CM_01_connect_from_on_closed_in_time_wait(struct script *s)
{
	s->conf.tcp.reuse = SPATE_REUSE_ANY;
	s->hook = connect_again;
	START(s);
	CONNECT(s);
	OUT(s, SYN);
	IN(s, SYN_ACK, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1);
	CLOSE(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1);
	IN(s, FIN_ACK, .seq = 1, .ack = 2);
	/* The old one's last ACK leaves before the new one's SYN. */
	OUT(s, ACK, .seq = 2, .ack = 2);
	NEXT_INCARNATION(s, 0);
	OUT(s, SYN);
	EVENTS(s, "established closed");
	COUNTED(s, TW_ENTERED, 1);
	COUNTED(s, TW_REUSED, 1);
}

static const struct row_test tests[] = {
	ROW_TEST("CM-01", CM_01_data_fin_and_more_in_a_burst),
	ROW_TEST("CM-01", CM_01_reset_and_new_syn_in_a_burst),
	ROW_TEST("RS-02", RS_02_behind_a_reset_in_a_burst),
	ROW_TEST("CM-02", CM_02_many_syns_in_a_burst),
	ROW_TEST("CM-01", CM_01_record_is_not_reused_within_a_burst),
	ROW_TEST("RS-07", RS_07_abort_from_on_accept),
	ROW_TEST("RS-07", RS_07_abort_from_on_established),
	ROW_TEST("RS-07", RS_07_abort_from_on_data),
	ROW_TEST("RS-07", RS_07_abort_from_on_sendable),
	ROW_TEST("RS-07", RS_07_abort_from_on_peer_fin),
	ROW_TEST("CM-01", CM_01_connect_from_on_closed),
	ROW_TEST("CM-01", CM_01_connect_from_on_closed_in_time_wait),
};

SCRIPT_MAIN(tests)
