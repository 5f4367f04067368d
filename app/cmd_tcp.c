/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcp listen, unlisten, connect, send, read, shutdown, close, abort, forget: connections by
 * hand (manual.h). What the stack answers, "address in use" and the like, is what such a
 * command is for: it is said on standard output, and a file of commands goes on.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "app.h"
#include "cmd_tcp.h"
#include "command.h"
#include "manual.h"
#include "pattern.h"
#include "run.h"
#include "tcp_text.h"
#include "workload_port.h"

#define TRIES 100 /* of a connect whose search for a port was cut short */

/* ---- what is common */

bool
tcp_number(struct app *a, const char *text, struct manual_conn **c)
{
	uint64_t n;

	if (!take_number(text, 1, UINT32_MAX, "connection", &n))
		return false;
	*c = manual_conn(a, n);
	if (*c)
		return true;
	wrong("there is no connection %s: 'tcp show' lists them", text);
	return false;
}

/* Said on standard output: it is an answer. */
static void
answer(const char *what, int rc)
{
	const char *why;

	switch (-rc) {
	case EADDRINUSE:
		why = "address in use";
		break;
	case EADDRNOTAVAIL:
		why = "not an address of this port, or no local port is free";
		break;
	case EINVAL:
		why = "no other host can have this address";
		break;
	case EAFNOSUPPORT:
		why = "the port has no address of this family";
		break;
	case ENOBUFS:
		why = "no room";
		break;
	case EAGAIN:
		why = "not now: quiet time after the start";
		break;
	case ENOTCONN:
		why = "not connected";
		break;
	case EPIPE:
		why = "no more can be sent: shut down or closed";
		break;
	default:
		why = strerror(-rc);
	}
	printf("%s: %s\n", what, why);
}

/* The same for connection `c`. */
void
tcp_answer(const struct manual_conn *c, int rc)
{
	char what[32];

	snprintf(what, sizeof(what), "tcp %u", c->number);
	answer(what, rc);
}

/* ---- options of a connection */

static bool
take_hold(void *to, const char *value)
{
	(void)value;
	((struct tcp_request *)to)->options.flags |= MANUAL_HOLD;
	return true;
}

static bool
take_abort_on_close(void *to, const char *value)
{
	(void)value;
	((struct tcp_request *)to)->options.flags |= MANUAL_ABORT_ON_CLOSE;
	return true;
}

/* One function an option: that is how keys_parse() tells them apart. */
#define X(id, word, value_text, min, max, option, help)                                            \
	static bool take_##id(void *to, const char *value)                                         \
	{                                                                                          \
		struct tcp_request *r = to;                                                        \
                                                                                                   \
		r->options.given |= 1u << MANUAL_##id;                                             \
		r->options.value[MANUAL_##id] = min;                                               \
		return value == NULL ||                                                            \
		       take_number(value, min, max, word, &r->options.value[MANUAL_##id]);         \
	}
MANUAL_OPTIONS(X)
#undef X

static bool
take_port(void *to, const char *value)
{
	uint16_t port;

	if (!workload_port(value, &port))
		return false;
	((struct tcp_request *)to)->port = port;
	return true;
}

static bool
take_from(void *to, const char *value)
{
	struct tcp_request *r = to;

	r->fixed = true;
	return take_endpoint(value, false, &r->tuple.local);
}

static bool
take_reuse_address(void *to, const char *value)
{
	(void)value;
	((struct tcp_request *)to)->flags |= SPATE_LISTEN_REUSE_ADDRESS;
	return true;
}

#define PORT_KEY                                                                                   \
	{                                                                                          \
		"port", "P", "the DPDK port (default: whose address it is, or the first)",         \
			take_port, false                                                           \
	}
#define HOLD_KEY                                                                                   \
	{                                                                                          \
		"hold", NULL, "do not read what arrives, until 'tcp read N'", take_hold, false     \
	}
#define ABORT_KEY                                                                                  \
	{                                                                                          \
		"abort-on-close", NULL, "close by RST, as SO_LINGER with 0 does",                  \
			take_abort_on_close, false                                                 \
	}
#define OPTION_KEY(id, word, value, min, max, option, help) {word, value, help, take_##id, false},

static const struct key connect_keys[] = {
	{"from", "A:P", "from this address and port (default: the port's, and any)", take_from,
		false},
	PORT_KEY,
	HOLD_KEY,
	ABORT_KEY,
	MANUAL_OPTIONS(OPTION_KEY) /* each ends in a comma */
	{NULL, NULL, NULL, NULL, false},
};

static const struct key listen_keys[] = {
	{"reuse-address", NULL, "although the port has connections in TIME_WAIT",
		take_reuse_address, false},
	PORT_KEY,
	HOLD_KEY,
	ABORT_KEY,
	MANUAL_ANY_OPTIONS(OPTION_KEY) /* each ends in a comma */
	{NULL, NULL, NULL, NULL, false},
};

static const struct key unlisten_keys[] = {PORT_KEY, {NULL, NULL, NULL, NULL, false}};

/* ---- where */

static const struct spate_addr *
port_address(const struct port_config *p, uint16_t family)
{
	return family == AF_INET6 ? &p->ip6 : &p->ip;
}

/* The port whose address this is, or -1. */
static int
port_of(const struct app *a, const struct spate_addr *addr)
{
	for (int i = 0; i < PORTS_MAX; i++) {
		const struct spate_addr *own = port_address(&a->config.port[i], addr->family);

		if (a->config.port[i].used && own->family == addr->family &&
			addr_compare(own, addr) == 0)
			return i;
	}
	return -1;
}

/* The first port with an address of this family that is not `other` itself, or -1. */
static int
first_port(const struct app *a, uint16_t family, const struct spate_addr *other)
{
	for (int i = 0; i < PORTS_MAX; i++) {
		const struct spate_addr *own = port_address(&a->config.port[i], family);

		if (a->config.port[i].used && own->family == family &&
			!(other && addr_compare(own, other) == 0))
			return i;
	}
	return -1;
}

/* Which port: the one asked for, the one whose address `local` is, or the first. False: said. */
static bool
choose_port(const struct app *a, struct tcp_request *r, const struct spate_addr *remote)
{
	const struct spate_addr *local = &r->tuple.local;
	bool any = addr_unspecified(local);
	uint16_t family = remote ? remote->family : local->family;

	if (r->port < 0 && !any)
		r->port = port_of(a, local);
	if (r->port < 0)
		r->port = first_port(a, family, remote);
	/* Every address of both families: a port with one of them will do. */
	if (r->port < 0 && remote == NULL && any)
		r->port = first_port(a, AF_INET, NULL);
	if (r->port < 0 && remote == NULL && any) {
		wrong("no port has an address: expected 'port config 0 ip A.B.C.D/LEN' first");
		return false;
	}
	if (r->port < 0) {
		wrong("no port has an %s address: expected 'port config 0 %s' first",
			family == AF_INET6 ? "IPv6" : "IPv4",
			family == AF_INET6 ? "ip6 A:B::C/LEN" : "ip A.B.C.D/LEN");
		return false;
	}
	if (a->config.port[r->port].used)
		return true;
	wrong("port %d has no address: expected 'port config %d ip A.B.C.D/LEN' first", r->port,
		r->port);
	return false;
}

static uint16_t
first_slot(const struct app *a, int port)
{
	uint16_t i = 0;

	while (a->engine.slot[i].port->id != port)
		i++;
	return i;
}

static void
add_address(struct engine_slot *slot, void *arg)
{
	const struct spate_addr *addr = arg;

	if (spate_add_addresses(slot->stack, addr, addr) == 0)
		spate_announce(slot->stack);
}

/* An address that is not the port's own becomes one of it, as a client's does. */
static void
answer_for(struct app *a, int port, struct spate_addr *addr)
{
	if (!addr_unspecified(addr) && port_of(a, addr) != port)
		run_each_slot(a, port, add_address, addr);
}

/* ---- listen */

/* PORT or ADDRESS:PORT */
static bool
take_listen(const char *text, struct spate_addr *out)
{
	uint64_t port;

	if (strchr(text, ':'))
		return take_endpoint(text, true, out);
	if (!take_number(text, 1, 65535, "port", &port))
		return false;
	*out = (struct spate_addr){.family = AF_INET6, .port = rte_cpu_to_be_16(port)};
	return true;
}

static void
end_listener(struct app *a, struct manual_listener *l)
{
	for (uint16_t i = 0; i < a->engine.n_slots; i++) {
		struct manual_order o = {.listen.listener = l->id[i]};

		if (l->id[i] >= 0)
			engine_call(&a->engine.slot[i], manual_order_unlisten, &o);
	}
	l->used = false;
}

static bool
tcp_listen(struct app *a, struct words *args)
{
	struct tcp_request r = {.port = -1};
	struct manual_listener *l;
	char text[ENDPOINT_TEXT];
	uint32_t index;
	int rc = 0;

	if (!take_listen(words_next(args), &r.tuple.local) || !keys_parse(args, listen_keys, &r) ||
		!choose_port(a, &r, NULL) || !manual_ready(a))
		return false;
	l = manual_listener_free(a, &index);
	if (l == NULL) {
		wrong("no more than %d listeners", MANUAL_LISTENERS_MAX);
		return false;
	}
	answer_for(a, r.port, &r.tuple.local);
	*l = (struct manual_listener){true, r.port, r.tuple.local, {0}};
	endpoint_text(&l->local, text);
	for (uint16_t i = 0; i < a->engine.n_slots; i++) {
		struct manual_order o = {
			.tuple = r.tuple,
			.listen = {&r.options, index, r.flags, -1},
		};

		l->id[i] = -1;
		if (a->engine.slot[i].port->id != r.port || rc < 0)
			continue;
		engine_call(&a->engine.slot[i], manual_order_listen, &o);
		rc = o.rc;
		l->id[i] = o.rc;
	}
	if (rc < 0) {
		end_listener(a, l);
		answer("tcp listen", rc);
	} else {
		printf("tcp: listening on %s, port %u\n", text, l->port);
	}
	return true;
}

static bool
tcp_unlisten(struct app *a, struct words *args)
{
	struct tcp_request r = {.port = -1};
	const char *text = words_next(args);
	struct manual_listener *l;

	if (!take_listen(text, &r.tuple.local) || !keys_parse(args, unlisten_keys, &r))
		return false;
	l = manual_listener_find(a, r.port, &r.tuple.local);
	if (l == NULL) {
		wrong("nothing listens on %s by hand: 'show conn state LISTEN' lists what does",
			text);
		return false;
	}
	end_listener(a, l);
	return true;
}

/* ---- connect */

/* The slot of the port on which the answers to `tuple` arrive. */
static uint16_t
slot_of(const struct app *a, int port, const struct spate_tuple *tuple)
{
	uint16_t first = first_slot(a, port);

	for (uint16_t i = first; i < a->engine.n_slots; i++)
		if (a->engine.slot[i].port->id == port &&
			(a->engine.slot[i].port->n_queues == 1 ||
				client_mine(&a->engine.slot[i], tuple)))
			return i;
	return first;
}

static bool
tcp_connect(struct app *a, struct words *args)
{
	struct tcp_request r = {.port = -1};
	struct manual_order o = {.connect = {.options = &r.options}};
	struct manual_conn *c;
	char local[ENDPOINT_TEXT], remote[ENDPOINT_TEXT];
	uint16_t slot;

	if (!take_endpoint(words_next(args), false, &r.tuple.remote) ||
		!keys_parse(args, connect_keys, &r) || !choose_port(a, &r, &r.tuple.remote) ||
		!manual_ready(a))
		return false;
	if (!r.fixed)
		r.tuple.local = *port_address(&a->config.port[r.port], r.tuple.remote.family);
	answer_for(a, r.port, &r.tuple.local);
	o.connect.fixed_port = r.fixed;
	slot = r.fixed ? slot_of(a, r.port, &r.tuple) : first_slot(a, r.port);
	for (int i = 0; i < TRIES && (i == 0 || o.rc == -EAGAIN); i++) {
		o.tuple = r.tuple;
		engine_call(&a->engine.slot[slot], manual_order_connect, &o);
	}
	if (o.rc < 0) {
		answer("tcp connect", o.rc);
		return true;
	}
	c = manual_add(a, slot, &o, r.options.flags);
	if (c == NULL) {
		engine_call(&a->engine.slot[slot], manual_order_forget, &o);
		wrong("%d connections are open: close some first", MANUAL_CONNS_MAX);
		return false;
	}
	printf("tcp %u: connecting %s -> %s\n", c->number, endpoint_text(&o.tuple.local, local),
		endpoint_text(&o.tuple.remote, remote));
	if (o.connect.option_rc < 0)
		printf("tcp %u: an option was refused: %s\n", c->number,
			strerror(-o.connect.option_rc));
	return true;
}

/* ---- on one connection */

/* `tcp WORD N` with nothing behind it. False: said. */
static bool
only_number(struct app *a, struct words *args, struct manual_conn **c)
{
	if (!tcp_number(a, words_next(args), c))
		return false;
	if (args->at == args->n)
		return true;
	wrong("'%s': expected nothing behind the connection's number", args->word[args->at]);
	return false;
}

/* Run it; an end that it has brought is told at once. */
static bool
simple(struct app *a, struct words *args, void (*order)(struct engine_slot *slot, void *order))
{
	struct manual_order o;
	struct manual_conn *c;

	if (!only_number(a, args, &c))
		return false;
	c->forgotten = order == manual_order_forget && !c->over;
	manual_do(a, c, order, &o);
	if (o.rc < 0) {
		tcp_answer(c, o.rc);
		return true;
	}
	if (c->forgotten)
		printf("tcp %u: forgotten\n", c->number);
	if (o.ended)
		manual_tell(a, c->number, 1u << MANUAL_CLOSED);
	return true;
}

static bool
tcp_shutdown(struct app *a, struct words *args)
{
	return simple(a, args, manual_order_shutdown);
}

static bool
tcp_close(struct app *a, struct words *args)
{
	return simple(a, args, manual_order_close);
}

static bool
tcp_abort(struct app *a, struct words *args)
{
	return simple(a, args, manual_order_abort);
}

static bool
tcp_forget(struct app *a, struct words *args)
{
	return simple(a, args, manual_order_forget);
}

static bool
tcp_read(struct app *a, struct words *args)
{
	struct manual_order o;
	struct manual_conn *c;

	if (!only_number(a, args, &c))
		return false;
	manual_do(a, c, manual_order_read, &o);
	if (o.rc < 0)
		tcp_answer(c, o.rc);
	else
		printf("tcp %u: read, %u byte%s\n", c->number, o.read, o.read == 1 ? "" : "s");
	return true;
}

/* What `tcp send N bytes COUNT` sends: by reference, so it stays until the program ends. */
static const uint8_t *
send_pattern(void)
{
	static uint8_t *pattern;

	if (pattern == NULL) {
		pattern = malloc(MANUAL_SEND_MAX);
		if (pattern)
			pattern_fill(pattern, 0, MANUAL_SEND_MAX);
	}
	return pattern;
}

/* bytes COUNT, or TEXT. False: said. */
static bool
take_what(struct words *args, struct manual_order *o, uint8_t text[TCP_TEXT_MAX])
{
	uint64_t n;

	o->send.data = o->send.copy = NULL;
	if (args->n - args->at == 2 && strcmp(args->word[args->at], "bytes") == 0) {
		words_next(args);
		if (!take_number(words_next(args), 1, MANUAL_SEND_MAX, "bytes", &n))
			return false;
		o->send.len = n;
		o->send.data = send_pattern();
		if (o->send.data)
			return true;
		wrong("no memory for %u bytes", o->send.len);
		return false;
	}
	if (args->at == args->n) {
		wrong("expected: tcp send N TEXT, or tcp send N bytes COUNT");
		return false;
	}
	o->send.copy = text;
	return tcp_rest(args, text, &o->send.len);
}

static bool
tcp_send(struct app *a, struct words *args)
{
	uint8_t text[TCP_TEXT_MAX];
	struct manual_order o;
	struct manual_conn *c;

	if (!tcp_number(a, words_next(args), &c) || !take_what(args, &o, text))
		return false;
	manual_do(a, c, manual_order_send, &o);
	if (o.rc < 0)
		tcp_answer(c, o.rc);
	else if ((uint32_t)o.rc < o.send.len)
		printf("tcp %u: %d of %u bytes taken: no room\n", c->number, o.rc, o.send.len);
	return true;
}

/* ---- the table */

static void
listen_help(void)
{
	keys_help(listen_keys);
}

static void
connect_help(void)
{
	keys_help(connect_keys);
}

static void
send_help(void)
{
	printf("    In TEXT \\n, \\r, \\t, \\\\ and \\xHH stand for one byte each; several blanks\n"
	       "    are one. COUNT bytes of spate's pattern: 1 to %d.\n",
		MANUAL_SEND_MAX);
}

const struct command tcp_commands[] = {
	{"tcp listen", "PORT|A:P [reuse-address] [port P] [OPTION ...]", false,
		"listen by hand; starts the stacks if nothing else has", tcp_listen, listen_help},
	{"tcp unlisten", "PORT|A:P [port P]", false, "listen no longer; accepted connections stay",
		tcp_unlisten, NULL},
	{"tcp connect", "A:P [from A:P] [port P] [OPTION ...]", false,
		"open a connection by hand, and print its number N; starts the stacks too",
		tcp_connect, connect_help},
	{"tcp send", "N TEXT | N bytes COUNT", false, "send on connection N", tcp_send, send_help},
	{"tcp read", "N", false, "read what a connection with 'hold' has received", tcp_read, NULL},
	{"tcp shutdown", "N", false, "no more to send: FIN; receiving goes on", tcp_shutdown, NULL},
	{"tcp close", "N", false, "done with it: FIN (RST with unread data or 'abort-on-close')",
		tcp_close, NULL},
	{"tcp abort", "N", false, "RST", tcp_abort, NULL},
	{"tcp forget", "N", false, "as a host does that crashes: not a word to the peer",
		tcp_forget, NULL},
	{NULL, NULL, false, NULL, NULL, NULL},
};
