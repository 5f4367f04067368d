/* SPDX-License-Identifier: BSD-3-Clause */
/* show stats, client, server, conn, tcp stats, port, config */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>

#include "app.h"
#include "cmd_impair.h"
#include "command.h"
#include "port/port.h"
#include "report.h"
#include "run.h"

#define CONN_LIMIT_DEFAULT 100
#define CONN_BATCH         1024 /* most connections one visit to a worker copies */

static bool
show_stats(struct app *a, struct words *args)
{
	struct totals t;

	(void)args;
	totals_read(a, &t);
	totals_since(&t, &a->base);
	summary_print(a, &t);
	return true;
}

static void
one_client(const struct app *a, const struct totals *t, int i)
{
	const struct client_totals *c = &t->client[i];
	char n[5][GROUPED_MAX];

	printf("%-16s attempted %s  established %s  closed %s  failed %s  open %s\n",
		a->config.client[i].name, grouped(c->attempted, n[0]),
		grouped(c->established, n[1]), grouped(c->closed, n[2]),
		grouped(client_failed(c), n[3]), grouped(c->open, n[4]));
}

static void
one_server(const struct app *a, const struct totals *t, int i)
{
	const struct server_totals *s = &t->server[i];
	char n[4][GROUPED_MAX];

	printf("%-16s accepted %s  closed %s  requests %s  open %s\n", a->config.server[i].name,
		grouped(s->accepted, n[0]), grouped(s->closed, n[1]), grouped(s->requests, n[2]),
		grouped(s->open, n[3]));
}

static bool
show_client(struct app *a, struct words *args)
{
	const char *name = words_next(args);
	struct totals t;
	int i = strcmp(name, "all") ? config_find_client(&a->config, name) : CLIENTS_MAX;

	if (i < 0) {
		wrong("there is no client '%s'", name);
		return false;
	}
	totals_read(a, &t);
	totals_since(&t, &a->base);
	for (int k = 0; k < CLIENTS_MAX; k++)
		if (a->config.client[k].used && (i == k || i == CLIENTS_MAX))
			one_client(a, &t, k);
	for (int k = 0; k < CLIENTS_MAX; k++)
		if (a->config.client[k].verify_time_wait && (i == k || i == CLIENTS_MAX))
			verify_say(a, k, NULL);
	return true;
}

static bool
show_server(struct app *a, struct words *args)
{
	const char *name = words_next(args);
	struct totals t;
	int i = strcmp(name, "all") ? config_find_server(&a->config, name) : SERVERS_MAX;

	if (i < 0) {
		wrong("there is no server '%s'", name);
		return false;
	}
	totals_read(a, &t);
	totals_since(&t, &a->base);
	for (int k = 0; k < SERVERS_MAX; k++)
		if (a->config.server[k].used && (i == k || i == SERVERS_MAX))
			one_server(a, &t, k);
	return true;
}

static bool
show_tcp_stats(struct app *a, struct words *args)
{
	struct totals t;
	char n[GROUPED_MAX];

	(void)args;
	totals_read(a, &t);
	totals_since(&t, &a->base);
	for (int i = 0; i < SPATE_N_COUNTERS; i++)
		if (t.tcp.v[i])
			printf("%20s  %-32s %s\n", grouped(t.tcp.v[i], n),
				spate_counter_info[i].name, spate_counter_info[i].help);
	printf("(counters that are zero are left out)\n");
	return true;
}

/* ---- show conn */

/* What is wanted, and one visit's catch. */
struct conn_query {
	int state; /* -1: any */
	uint64_t limit;
	uint32_t cursor;
	bool more;
	uint32_t n;
	struct spate_conn_info found[CONN_BATCH];
};

static void
visit(void *ctx, const struct spate_conn_info *info)
{
	struct conn_query *q = ctx;

	if ((q->state < 0 || info->state == (enum spate_state)q->state) && q->n < CONN_BATCH)
		q->found[q->n++] = *info;
}

static void
list_part(struct engine_slot *slot, void *arg)
{
	struct conn_query *q = arg;

	q->n = 0;
	q->more = spate_conn_list(slot->stack, &q->cursor, visit, q);
}

static void
print_conn(const struct spate_conn_info *c)
{
	char local[ENDPOINT_TEXT], remote[ENDPOINT_TEXT];

	endpoint_text(&c->local, local);
	endpoint_text(&c->remote, remote);
	printf("%-12s %-10" PRIu32 " %-10" PRIu32 " %-22s %-22s\n", spate_state_name(c->state),
		c->unread, c->unacked + c->unsent, local, remote);
}

static bool
take_state(void *to, const char *value)
{
	struct conn_query *q = to;

	for (q->state = SPATE_SYN_SENT; q->state < SPATE_N_STATES; q->state++)
		if (strcasecmp(spate_state_name(q->state), value) == 0)
			return true;
	wrong("state '%s': expected SYN_SENT, SYN_RCVD, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, "
	      "CLOSING, TIME_WAIT, CLOSE_WAIT or LAST_ACK",
		value);
	return false;
}

static bool
take_limit(void *to, const char *value)
{
	return take_number(value, 1, UINT64_MAX, "limit", &((struct conn_query *)to)->limit);
}

static const struct key conn_keys[] = {
	{"state", "S", "only those in this state", take_state, false},
	{"limit", "N", "no more than N (default 100)", take_limit, false},
	{NULL, NULL, NULL, NULL, false},
};

static void
print_state_counts(const struct app *a)
{
	struct totals t;
	char n[GROUPED_MAX];

	totals_read(a, &t);
	for (int s = SPATE_LISTEN; s < SPATE_N_STATES; s++)
		printf("%-12s %s\n", spate_state_name(s), grouped(t.state[s], n));
}

static bool
show_conn(struct app *a, struct words *args)
{
	struct conn_query *q;
	uint64_t left;

	if (args->n == 1 && strcmp(args->word[0], "summary") == 0) {
		print_state_counts(a);
		return true;
	}
	q = calloc(1, sizeof(*q));
	if (q == NULL)
		return false;
	q->state = -1;
	q->limit = CONN_LIMIT_DEFAULT;
	if (!keys_parse(args, conn_keys, q)) {
		free(q);
		return false;
	}
	left = q->limit;
	printf("%-12s %-10s %-10s %-22s %-22s\n", "State", "Recv-Q", "Send-Q", "Local", "Peer");
	for (uint16_t i = 0; a->launched && i < a->engine.n_slots && left > 0; i++) {
		q->cursor = 0;
		do {
			engine_call(&a->engine.slot[i], list_part, q);
			for (uint32_t k = 0; k < q->n && left > 0; k++, left--)
				print_conn(&q->found[k]);
		} while (q->more && left > 0);
	}
	free(q);
	return true;
}

/* ---- show port */

static bool
which_ports(struct words *args, uint64_t *only)
{
	const char *which = words_next(args);

	*only = UINT64_MAX;
	if (which == NULL || words_next(args)) {
		wrong("expected: a port number, or all");
		return false;
	}
	if (strcmp(which, "all") == 0)
		return true;
	if (!take_number(which, 0, PORTS_MAX - 1, "port", only))
		return false;
	if (rte_eth_dev_is_valid_port(*only))
		return true;
	wrong("port %s: there is no such port: %u found, numbered from 0", which,
		rte_eth_dev_count_avail());
	return false;
}

static void
print_addresses(const struct port_config *c)
{
	char text[ADDR_TEXT];

	if (c->ip.family)
		printf("  ip %s/%u", addr_text(&c->ip, text), c->prefix);
	if (c->ip6.family)
		printf("  ip6 %s/%u", addr_text(&c->ip6, text), c->prefix6);
}

static bool
show_port_info(struct app *a, struct words *args)
{
	uint64_t only;
	uint16_t id;

	if (!which_ports(args, &only))
		return false;
	RTE_ETH_FOREACH_DEV(id)
	{
		struct rte_eth_link link = {0};
		char mac[RTE_ETHER_ADDR_FMT_SIZE];
		struct port p;
		const struct port_config *c = &a->config.port[id];

		if ((only != UINT64_MAX && only != id) || port_probe(&p, id) < 0)
			continue;
		rte_ether_format_addr(mac, sizeof(mac), &p.mac);
		rte_eth_link_get_nowait(id, &link);
		printf("port %u  %s  driver %s  mac %s  link %s  queues up to %u", id, p.name,
			p.driver, mac, link.link_status ? "up" : "down", port_queues_max(&p));
		if (c->used)
			print_addresses(c);
		for (uint16_t i = 0; i < a->engine.n_ports; i++)
			if (a->engine.port[i].id == id)
				printf("  mtu %u  queues %u  tx checksums %s",
					a->engine.port[i].mtu, a->engine.port[i].n_queues,
					a->engine.port[i].tx_checksum ? "offloaded"
								      : "in software");
		printf("\n");
	}
	return true;
}

static bool
show_port_stats(struct app *a, struct words *args)
{
	uint64_t only;
	uint16_t id;

	if (!which_ports(args, &only))
		return false;
	RTE_ETH_FOREACH_DEV(id)
	{
		struct rte_eth_stats s;
		char n[5][GROUPED_MAX];

		if ((only != UINT64_MAX && only != id) || rte_eth_stats_get(id, &s) < 0)
			continue;
		printf("port %u  received %s frames, %s missed, %s errors  sent %s frames, %s "
		       "errors\n",
			id, grouped(s.ipackets, n[0]), grouped(s.imissed + s.rx_nombuf, n[1]),
			grouped(s.ierrors, n[2]), grouped(s.opackets, n[3]),
			grouped(s.oerrors, n[4]));
		impair_show(a, id);
	}
	return true;
}

static bool
show_config(struct app *a, struct words *args)
{
	(void)args;
	config_print(&a->config);
	return true;
}

static void
conn_help(void)
{
	keys_help(conn_keys);
}

const struct command show_commands[] = {
	{"show stats", NULL, false, "what has happened so far", show_stats, NULL},
	{"show client", "NAME|all", false, "a client's counters", show_client, NULL},
	{"show server", "NAME|all", false, "a server's counters", show_server, NULL},
	{"show conn", "[state S] [limit N] | summary", true,
		"connections, as ss lists them; or how many are in each state", show_conn,
		conn_help},
	{"show tcp stats", NULL, false, "every counter that is not zero", show_tcp_stats, NULL},
	{"show port info", "N|all", false, "a port's name, driver, link and addresses",
		show_port_info, NULL},
	{"show port stats", "N|all", false, "a port's own counters", show_port_stats, NULL},
	{"show config", NULL, false, "the commands that recreate this configuration", show_config,
		NULL},
	{NULL, NULL, false, NULL, NULL, NULL},
};
