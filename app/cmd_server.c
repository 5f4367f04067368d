/* SPDX-License-Identifier: BSD-3-Clause */
/* server add NAME port P listen IP:PORT [http size N | rr | stream | discard | echo] [backlog N] */
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
take_rr(void *to, const char *value)
{
	(void)value;
	((struct server_config *)to)->kind = SERVER_RR;
	return true;
}

static bool
take_stream(void *to, const char *value)
{
	(void)value;
	((struct server_config *)to)->kind = SERVER_STREAM;
	return true;
}

static bool
take_verify(void *to, const char *value)
{
	(void)value;
	((struct server_config *)to)->verify = true;
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
	{"rr", NULL, "answer what 'client add ... rr' asks for, with as much as it asks for",
		take_rr, false},
	{"stream", NULL, "take and send what 'client add ... stream' asks for", take_stream, false},
	{"discard", NULL, "take everything, say nothing", take_discard, false},
	{"echo", NULL, "send back what comes", take_echo, false},
	{"verify", NULL, "with rr, stream, discard: reset who sends anything but spate's pattern",
		take_verify, false},
	{"backlog", "N", "most half-open connections, 0: no limit of its own", take_backlog, false},
	{NULL, NULL, NULL, NULL, false},
};

static bool
given(uint64_t seen, const char *word)
{
	size_t i = 0;

	while (strcmp(server_keys[i].name, word))
		i++;
	return seen >> i & 1;
}

/* What is right word by word can be wrong together. */
static bool
check_words(const struct server_config *s, uint64_t seen)
{
	for (size_t i = 0; i < SERVER_KINDS; i++) {
		if (i != s->kind && given(seen, server_kind_name[i])) {
			wrong("server %s: '%s' and '%s': expected one of them", s->name,
				server_kind_name[i], server_kind_name[s->kind]);
			return false;
		}
	}
	if (s->kind != SERVER_HTTP && given(seen, "size")) {
		wrong("server %s: 'size' goes with http only", s->name);
		return false;
	}
	if (s->verify && (s->kind == SERVER_HTTP || s->kind == SERVER_ECHO)) {
		wrong("server %s: 'verify' goes with rr, stream or discard only", s->name);
		return false;
	}
	return true;
}

static bool
server_add(struct app *a, struct words *args)
{
	struct server_config s = {.used = true, .kind = SERVER_HTTP, .size = 64};
	uint64_t seen;
	int at = 0;

	if (!take_name(words_next(args), s.name) ||
		!keys_parse_seen(args, server_keys, &s, &seen) || !check_words(&s, seen))
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
	{"server add",
		"NAME port P listen IP:PORT [http size N | rr | stream | discard | echo] [backlog "
		"N]",
		false, "define a server; 'start' makes it listen", server_add, server_help},
	{NULL, NULL, false, NULL, NULL, NULL},
};
