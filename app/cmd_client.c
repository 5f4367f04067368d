/* SPDX-License-Identifier: BSD-3-Clause */
/* client add NAME port P from IP[-IP] [ports A-B] to IP:PORT [http ... | connect-only] [close ...]
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "app.h"
#include "command.h"
#include "run.h"
#include "workload_port.h"

#define CONCURRENCY_DEFAULT 64

static bool
take_port(void *to, const char *value)
{
	return workload_port(value, &((struct client_config *)to)->port);
}

static bool
take_from(void *to, const char *value)
{
	struct client_config *c = to;

	return take_address_range(value, &c->from_first, &c->from_last);
}

static bool
take_ports(void *to, const char *value)
{
	struct client_config *c = to;

	return take_port_range(value, &c->port_first, &c->port_last);
}

static bool
take_to(void *to, const char *value)
{
	struct client_config *c = to;

	return take_endpoint(value, false, &c->to);
}

static bool
take_http(void *to, const char *value)
{
	(void)value;
	((struct client_config *)to)->kind = CLIENT_HTTP;
	return true;
}

static bool
take_connect_only(void *to, const char *value)
{
	(void)value;
	((struct client_config *)to)->kind = CLIENT_CONNECT_ONLY;
	return true;
}

static bool
take_path(void *to, const char *value)
{
	if (value[0] != '/' || strlen(value) >= PATH_MAX_LEN) {
		wrong("path '%s': expected one that begins with / and has up to %d characters",
			value, PATH_MAX_LEN - 1);
		return false;
	}
	strcpy(((struct client_config *)to)->path, value);
	return true;
}

static bool
take_requests(void *to, const char *value)
{
	uint64_t n;

	if (!take_number(value, 1, UINT32_MAX, "requests", &n))
		return false;
	((struct client_config *)to)->requests = n;
	return true;
}

static bool
take_size(void *to, const char *value)
{
	uint64_t n;

	if (!take_number(value, 0, UINT32_MAX, "size", &n))
		return false;
	((struct client_config *)to)->size = n;
	return true;
}

static bool
take_verify(void *to, const char *value)
{
	(void)value;
	((struct client_config *)to)->verify = true;
	return true;
}

static bool
take_close(void *to, const char *value)
{
	static const char *const mode[] = {"last", "first", "reset"};

	for (int i = 0; i < 3; i++) {
		if (strcmp(value, mode[i]) == 0) {
			((struct client_config *)to)->close = i;
			return true;
		}
	}
	wrong("close '%s': expected first|last|reset", value);
	return false;
}

static bool
take_rate(void *to, const char *value)
{
	uint64_t n = RATE_MAX;

	if (strcmp(value, "max")) {
		/* 0 would open nothing; to pause a client, stop it. */
		if (!take_number(value, 1, 1000000000, "rate", &n))
			return false;
	}
	((struct client_config *)to)->rate = n;
	return true;
}

static bool
take_concurrency(void *to, const char *value)
{
	uint64_t n;

	if (!take_number(value, 1, 500000000, "concurrency", &n))
		return false;
	((struct client_config *)to)->concurrency = n;
	return true;
}

static bool
take_count(void *to, const char *value)
{
	uint64_t n;

	if (!take_number(value, 1, UINT64_MAX - 1, "count", &n))
		return false;
	((struct client_config *)to)->count = n;
	return true;
}

static bool
take_verify_time_wait(void *to, const char *value)
{
	(void)value;
	((struct client_config *)to)->verify_time_wait = true;
	return true;
}

static bool
take_repeat(void *to, const char *value)
{
	uint64_t n;

	if (!take_number(value, 1, VERIFY_REPEAT_MAX, "repeat", &n))
		return false;
	((struct client_config *)to)->repeat = n;
	return true;
}

static bool
take_wait(void *to, const char *value)
{
	uint64_t n;

	if (!take_number(value, 10, 600000, "wait", &n))
		return false;
	((struct client_config *)to)->wait_ms = n;
	return true;
}

static const struct key client_keys[] = {
	{"port", "P", "the DPDK port to open from", take_port, true},
	{"from", "IP[-IP]", "local addresses; the port answers for them", take_from, true},
	{"ports", "A-B", "local TCP ports (default 1024-65535)", take_ports, false},
	{"to", "IP:PORT", "where to", take_to, true},
	{"http", NULL, "make HTTP requests (default)", take_http, false},
	{"path", "/PATH", "with http: what to ask for (default /)", take_path, false},
	{"requests", "N", "with http: on each connection (default 1)", take_requests, false},
	{"size", "N", "with http: the body must have N bytes", take_size, false},
	{"verify", NULL, "with http: the body must be spate's pattern", take_verify, false},
	{"connect-only", NULL, "open and close, no data", take_connect_only, false},
	{"close", "first|last|reset",
		"who closes: the client, the peer, nobody (default last; connect-only: first)",
		take_close, false},
	{"rate", "N|max", "connections a second (default max)", take_rate, false},
	{"concurrency", "N", "connections at once (default 64)", take_concurrency, false},
	{"count", "N", "connections in all (default: no end)", take_count, false},
	{"verify time-wait", NULL,
		"no load: find out which SYNs the peer, in TIME_WAIT, takes for new",
		take_verify_time_wait, false},
	{"repeat", "N", "with verify time-wait: runs of each kind (default 3)", take_repeat, false},
	{"wait", "MS", "with verify time-wait: how long an answer may take (default 3000)",
		take_wait, false},
	{NULL, NULL, NULL, NULL, false},
};

/* What is right word by word can be wrong together. */
static bool
check(struct app *a, const struct client_config *c)
{
	const struct port_config *p = &a->config.port[c->port];
	int other = config_overlap(&a->config, c);

	if (config_find_client(&a->config, c->name) >= 0 ||
		config_find_server(&a->config, c->name) >= 0) {
		wrong("there is a client or server '%s' already", c->name);
		return false;
	}
	if (!p->used) {
		wrong("port %u has no address: expected 'port config %u ip A.B.C.D/LEN' first",
			c->port, c->port);
		return false;
	}
	if (c->from_first.family != c->to.family) {
		wrong("client %s: 'from' and 'to' are not of one family", c->name);
		return false;
	}
	if (c->to.family == AF_INET6 ? !p->ip6.family : !p->ip.family) {
		wrong("client %s: port %u has no %s address", c->name, c->port,
			c->to.family == AF_INET6 ? "IPv6" : "IPv4");
		return false;
	}
	if (other >= 0) {
		wrong("client %s: its addresses and ports overlap those of client %s", c->name,
			a->config.client[other].name);
		return false;
	}
	return true;
}

static const int close_unset = -1;

/* `verify time-wait` has an end of its own and one way to close; the rest goes with load only. */
static bool
check_verify(const struct client_config *c)
{
	const struct {
		const char *word;
		bool given;
	} load[] = {
		{"close", (int)c->close != close_unset && c->close != CLOSE_LAST},
		{"verify", c->verify},
		{"requests", c->requests != 1},
		{"size", c->size >= 0},
		{"rate", c->rate != RATE_MAX},
		{"count", c->count != COUNT_ENDLESS},
	};
	uint32_t ports = (uint32_t)c->port_last - c->port_first + 1;
	uint32_t repeat = c->repeat ? c->repeat : VERIFY_REPEAT_DEFAULT;

	if (!c->verify_time_wait) {
		if (!c->repeat && !c->wait_ms)
			return true;
		wrong("client %s: '%s' goes with 'verify time-wait' only", c->name,
			c->repeat ? "repeat" : "wait");
		return false;
	}
	for (size_t i = 0; i < RTE_DIM(load); i++) {
		if (load[i].given) {
			wrong("client %s: '%s' does not go with 'verify time-wait'%s", c->name,
				load[i].word, i == 0 ? ": the peer has to close first" : "");
			return false;
		}
	}
	if (ports < VERIFY_KINDS * repeat) {
		wrong("client %s: 'verify time-wait' with 'repeat %u' needs %u local ports: "
		      "expected 'ports A-B' with as many",
			c->name, repeat, VERIFY_KINDS * repeat);
		return false;
	}
	return true;
}

static bool
client_add(struct app *a, struct words *args)
{
	struct client_config c = {
		.used = true,
		.port_first = 1024,
		.port_last = 65535,
		.path = "/",
		.requests = 1,
		.size = -1,
		.rate = RATE_MAX,
		.concurrency = CONCURRENCY_DEFAULT,
		.close = (enum close_mode)close_unset,
	};
	int at = 0;

	if (!take_name(words_next(args), c.name) || !keys_parse(args, client_keys, &c))
		return false;
	if (!check_verify(&c))
		return false;
	if (c.verify_time_wait) {
		c.repeat = c.repeat ? c.repeat : VERIFY_REPEAT_DEFAULT;
		c.wait_ms = c.wait_ms ? c.wait_ms : VERIFY_WAIT_DEFAULT;
	}
	if ((int)c.close == close_unset)
		c.close = c.kind == CLIENT_CONNECT_ONLY && !c.verify_time_wait ? CLOSE_FIRST
									       : CLOSE_LAST;
	if (!check(a, &c))
		return false;
	while (at < CLIENTS_MAX && a->config.client[at].used)
		at++;
	if (at == CLIENTS_MAX) {
		wrong("no more than %d clients", CLIENTS_MAX);
		return false;
	}
	a->config.client[at] = c;
	return true;
}

static void
client_help(void)
{
	keys_help(client_keys);
}

/* set client NAME rate N|max, concurrency N: the part of the table that changes live. */
static const struct key pace_keys[] = {
	{"rate", "N|max", "connections a second", take_rate, false},
	{"concurrency", "N", "connections at once", take_concurrency, false},
	{NULL, NULL, NULL, NULL, false},
};

bool
client_set(struct app *a, struct words *args)
{
	const char *name = words_next(args);
	int i = config_find_client(&a->config, name);
	struct client_config c;

	if (i < 0) {
		wrong("there is no client '%s'", name);
		return false;
	}
	c = a->config.client[i];
	if (args->at == args->n) {
		wrong("expected: set client %s rate N|max, or concurrency N", name);
		return false;
	}
	if (!keys_parse(args, pace_keys, &c))
		return false;
	a->config.client[i].rate = c.rate;
	a->config.client[i].concurrency = c.concurrency;
	run_pace(a, i);
	return true;
}

const struct command client_commands[] = {
	{"client add",
		"NAME port P from IP[-IP] [ports A-B] to IP:PORT [http | connect-only] "
		"[close first|last|reset] [verify time-wait] ...",
		false, "define a client; 'start' makes it open connections", client_add,
		client_help},
	{NULL, NULL, false, NULL, NULL, NULL},
};
