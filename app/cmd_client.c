/* SPDX-License-Identifier: BSD-3-Clause */
/* client add NAME port P from IP[-IP] [ports A-B] to IP:PORT [WORKLOAD ...] [close ...] */
#include <string.h>
#include <sys/socket.h>

#include "app.h"
#include "client_words.h"
#include "command.h"
#include "run.h"

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

static bool
client_add(struct app *a, struct words *args)
{
	struct client_config c = {.used = true};
	int at = 0;

	if (!take_name(words_next(args), c.name) || !client_words(args, &c))
		return false;
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
	if (!client_pace_words(args, &c))
		return false;
	if (c.kind == CLIENT_HOLD && c.concurrency != a->config.client[i].concurrency) {
		wrong("client %s holds as many as 'open-at-once' says: expected rate N|max", name);
		return false;
	}
	a->config.client[i].rate = c.rate;
	a->config.client[i].concurrency = c.concurrency;
	run_pace(a, i);
	return true;
}

const struct command client_commands[] = {
	{"client add",
		"NAME port P from IP[-IP] [ports A-B] to IP:PORT [http | connect-only | rr | "
		"stream | hold] "
		"[close first|last|reset] [verify time-wait] ...",
		false, "define a client; 'start' makes it open connections", client_add,
		client_words_help},
	{NULL, NULL, false, NULL, NULL, NULL},
};
