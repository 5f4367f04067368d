/* SPDX-License-Identifier: BSD-3-Clause */
/* server add NAME port P listen IP:PORT [http size N | discard | echo] [backlog N] */
#include <stdio.h>
#include <string.h>

#include "app.h"
#include "command.h"
#include "workload_port.h"

#define BODY_MAX (256u << 20)

static bool
take_port(void *to, const char *value)
{
	return workload_port(value, &((struct server_config *)to)->port);
}

static bool
take_listen(void *to, const char *value)
{
	struct server_config *s = to;

	return take_endpoint(value, true, &s->listen);
}

static bool
take_http(void *to, const char *value)
{
	(void)value;
	((struct server_config *)to)->kind = SERVER_HTTP;
	return true;
}

static bool
take_discard(void *to, const char *value)
{
	(void)value;
	((struct server_config *)to)->kind = SERVER_DISCARD;
	return true;
}

static bool
take_echo(void *to, const char *value)
{
	(void)value;
	((struct server_config *)to)->kind = SERVER_ECHO;
	return true;
}

static bool
take_size(void *to, const char *value)
{
	uint64_t n;

	if (!take_number(value, 0, BODY_MAX, "size", &n))
		return false;
	((struct server_config *)to)->size = n;
	return true;
}

static bool
take_backlog(void *to, const char *value)
{
	uint64_t n;

	if (!take_number(value, 0, 1000000000, "backlog", &n))
		return false;
	((struct server_config *)to)->backlog = n;
	return true;
}

static const struct key server_keys[] = {
	{"port", "P", "the DPDK port to serve on", take_port, true},
	{"listen", "IP:PORT", "address ('*': all of the port's) and TCP port", take_listen, true},
	{"http", NULL, "answer HTTP requests (default)", take_http, false},
	{"size", "N", "with http: bytes of body, 0 to 268435456 (default 64)", take_size, false},
	{"discard", NULL, "take everything, say nothing", take_discard, false},
	{"echo", NULL, "send back what comes", take_echo, false},
	{"backlog", "N", "most half-open connections, 0: no limit of its own", take_backlog, false},
	{NULL, NULL, NULL, NULL, false},
};

static bool
server_add(struct app *a, struct words *args)
{
	struct server_config s = {.used = true, .kind = SERVER_HTTP, .size = 64};
	int at = 0;

	if (!take_name(words_next(args), s.name) || !keys_parse(args, server_keys, &s))
		return false;
	if (config_find_server(&a->config, s.name) >= 0 ||
		config_find_client(&a->config, s.name) >= 0) {
		wrong("there is a client or server '%s' already", s.name);
		return false;
	}
	if (!a->config.port[s.port].used) {
		wrong("port %u has no address: expected 'port config %u ip A.B.C.D/LEN' first",
			s.port, s.port);
		return false;
	}
	while (at < SERVERS_MAX && a->config.server[at].used)
		at++;
	if (at == SERVERS_MAX) {
		wrong("no more than %d servers", SERVERS_MAX);
		return false;
	}
	a->config.server[at] = s;
	return true;
}

static void
server_help(void)
{
	keys_help(server_keys);
}

const struct command server_commands[] = {
	{"server add", "NAME port P listen IP:PORT [http size N | discard | echo] [backlog N]",
		false, "define a server; 'start' makes it listen", server_add, server_help},
	{NULL, NULL, false, NULL, NULL, NULL},
};
