/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An application that has no room for another connection (CM-18): the handshake stops one
 * step before its end, and goes on when there is room.
 */
#include "script.h"

#define FULL(s, yes)                                                                               \
	(AT(s), script_must(s, spate_listener_full((s)->stack, (s)->listener, yes), "listener full"))

/* A listener that has no room, and a client that has been answered. */
static void
half_open(struct script *s)
{
	START(s);
	LISTEN(s);
	FULL(s, true);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
}

static void
CM_18_final_ack_is_dropped(struct script *s)
{
	half_open(s);
	IN(s, ACK, .seq = 1, .ack = 1);
	SILENT(s);
	EVENTS(s, "");
	EQUAL(s, script_in_state(s, SPATE_SYN_RCVD), 1);
	COUNTED(s, ACCEPT_QUEUE_FULL, 1);
	COUNTED(s, OPENED, 0);
	/* As if that ACK had been lost: our SYN+ACK again, its ACK again. */
	OUT_AT(s, 1000, SYN_ACK, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 1);
	SILENT(s);
	COUNTED(s, ACCEPT_QUEUE_FULL, 2);
	OUT_AT(s, 2000, SYN_ACK, .ack = 1);
	FULL(s, false);
	IN(s, ACK, .seq = 1, .ack = 1);
	SILENT(s);
	EVENTS(s, "accept");
	STATE(s, ESTABLISHED);
	COUNTED(s, ACCEPT_QUEUE_FULL, 2);
}

/* Data and FIN with that ACK or behind it are neither taken nor acknowledged. */
static void
CM_18_with_data(struct script *s)
{
	half_open(s);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
	IN(s, PSH_ACK | FIN, .seq = 6, .ack = 1, .data = "world");
	SILENT(s);
	EVENTS(s, "");
	OUT_AT(s, 1000, SYN_ACK, .ack = 1);
	FULL(s, false);
	IN(s, PSH_ACK | FIN, .seq = 1, .ack = 1, .data = "helloworld");
	OUT(s, ACK, .seq = 1, .ack = 12);
	EVENTS(s, "accept data:10 fin");
	RECEIVED(s, "helloworld");
}

/* Not for ever: the SYN+ACK's retries are the limit, and nobody hears of it. */
static void
CM_18_given_up(struct script *s)
{
	half_open(s);
	for (int i = 0; i < 5; i++) {
		IN(s, ACK, .seq = 1, .ack = 1);
		OUT_AT(s, 1000 << i, SYN_ACK, .ack = 1);
	}
	QUIET(s, 32003);
	EQUAL(s, script_in_state(s, SPATE_SYN_RCVD), 0);
	COUNTED(s, EMBRYO_TIMED_OUT, 1);
	COUNTED(s, ACCEPT_QUEUE_FULL, 5);
	EVENTS(s, "");
	FULL(s, false);
	IN(s, ACK, .seq = 1, .ack = 1);
	OUT(s, RST, .seq = 1);
}

/* It is about completing, not about ending: RST and impossible ACKs as ever. */
static void
CM_18_rst_and_bad_ack(struct script *s)
{
	half_open(s);
	IN(s, ACK, .seq = 1, .ack = 2);
	OUT(s, RST, .seq = 2);
	COUNTED(s, ACCEPT_QUEUE_FULL, 0);
	IN(s, RST, .seq = 1);
	SILENT(s);
	EQUAL(s, script_in_state(s, SPATE_SYN_RCVD), 0);
	COUNTED(s, EMBRYO_RESET, 1);
}

/* Room for two: the application says so from on_accept(), in the middle of a burst. */
static void
until_two(struct script *s, const char *event)
{
	if (strcmp(event, "accept") == 0 && s->n_conns == 2)
		spate_listener_full(s->stack, s->listener, true);
}

static void
CM_18_said_from_on_accept(struct script *s)
{
	s->hook = until_two;
	START(s);
	LISTEN(s);
	for (int i = 0; i < 4; i++) {
		USE(s, i);
		IN(s, SYN);
		OUT(s, SYN_ACK, .ack = 1);
	}
	BURST(s);
	for (int i = 0; i < 4; i++) {
		USE(s, i);
		IN(s, ACK, .seq = 1, .ack = 1);
	}
	ARRIVES(s);
	SILENT(s);
	EVENTS(s, "accept accept");
	COUNTED(s, ACCEPT_QUEUE_FULL, 2);
	EQUAL(s, script_in_state(s, SPATE_ESTABLISHED), 2);
	EQUAL(s, script_in_state(s, SPATE_SYN_RCVD), 2);
	/* Those that are in are not touched. */
	USE(s, 0);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x");
	OUT(s, ACK, .seq = 1, .ack = 2);
	EVENTS(s, "data:1");
	RECEIVED(s, "x");
}

/* One listener's lack of room is not another's; an active open needs none. */
static void
CM_18_of_one_listener(struct script *s)
{
	struct spate_addr other = script_addr(0, OUR_PORT + 1);

	half_open(s);
	script_must(s, spate_listen(s->stack, &other, 0, 0, COOKIE), "listen");
	USE(s, 1);
	s->t->lport = OUR_PORT + 1;
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
	USE(s, 2);
	s->active = true;
	ESTABLISH(s);
	EQUAL(s, spate_listener_full(s->stack, 77, true), -ENOENT);
	EQUAL(s, spate_listener_full(s->stack, -1, true), -ENOENT);
	EQUAL(s, spate_listener_full(s->stack, 1 << 20, true), -ENOENT);
}

/* A cookie is kept by the client: it comes back with what the client sends again. */
static void
CM_18_cookie(struct script *s)
{
	s->peer_ws = false;
	START(s);
	script_listen(s, 1);
	USE(s, 9);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	USE(s, 0);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	s->t->ts_offset_known = false;
	FULL(s, true);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
	SILENT(s);
	EVENTS(s, "");
	COUNTED(s, ACCEPT_QUEUE_FULL, 1);
	COUNTED(s, COOKIES_ACCEPTED, 0);
	EQUAL(s, script_in_state(s, SPATE_SYN_RCVD), 1);
	FULL(s, false);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
	OUT(s, ACK, .seq = 1, .ack = 6);
	EVENTS(s, "accept data:5");
	RECEIVED(s, "hello");
}

/* The SYN_RCVD a cookie would take the place of stays; the cookie's ACK draws no RST. */
static void
CM_18_cookie_over_syn_rcvd(struct script *s)
{
	uint32_t cookie;

	s->peer_ws = false;
	START(s);
	script_listen(s, 1);
	USE(s, 9);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	USE(s, 0);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	cookie = s->t->iss;
	USE(s, 9);
	IN(s, RST, .seq = 1);
	USE(s, 0);
	s->t->ts_offset_known = false;
	s->t->iss_known = false;
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	FULL(s, true);
	IN(s, ACK, .seq = 1, .ack = 1 + cookie - s->t->iss);
	SILENT(s);
	COUNTED(s, ACCEPT_QUEUE_FULL, 1);
	EQUAL(s, script_in_state(s, SPATE_SYN_RCVD), 1);
	FULL(s, false);
	IN(s, ACK, .seq = 1, .ack = 1 + cookie - s->t->iss);
	EVENTS(s, "accept");
	COUNTED(s, COOKIES_ACCEPTED, 1);
}

static const struct row_test tests[] = {
	ROW_TEST("CM-18", CM_18_final_ack_is_dropped),
	ROW_TEST("CM-18", CM_18_with_data),
	ROW_TEST("CM-18", CM_18_given_up),
	ROW_TEST("CM-18", CM_18_rst_and_bad_ack),
	ROW_TEST("CM-18", CM_18_said_from_on_accept),
	ROW_TEST("CM-18", CM_18_of_one_listener),
	ROW_TEST("CM-18 DT-10", CM_18_cookie),
	ROW_TEST("CM-18 DT-10", CM_18_cookie_over_syn_rcvd),
};

SCRIPT_MAIN(tests)
