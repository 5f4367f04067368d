/* SPDX-License-Identifier: BSD-3-Clause */
/* show stats, client, server, tcp stats, port, memory, config */
#include <stdio.h>
#include <string.h>

#include <rte_ethdev.h>

#include "app.h"
#include "cmd_impair.h"
#include "command.h"
#include "memory_text.h"
#include "port/port.h"
#include "report.h"
#include "run.h"

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
	char n[6][GROUPED_MAX];

	printf("%-16s attempted %s  established %s  closed %s  failed %s  open %s  responses %s\n",
		a->config.client[i].name, grouped(c->attempted, n[0]),
		grouped(c->established, n[1]), grouped(c->closed, n[2]),
		grouped(client_failed(c), n[3]), grouped(c->open, n[4]),
		grouped(c->requests, n[5]));
	if (a->config.client[i].kind == CLIENT_HOLD)
		printf("%-16s held %s, at most %s at once, answered at the end %s\n", "",
			grouped(c->held, n[0]), grouped(c->held_max, n[1]),
			grouped(c->answered, n[2]));
	if (a->config.client[i].kind == CLIENT_STREAM)
		printf("%-16s bytes up %s, down %s\n", "", grouped(c->bytes_up, n[0]),
			grouped(c->bytes_down, n[1]));
}

static void
one_server(const struct app *a, const struct totals *t, int i)
{
	const struct server_totals *s = &t->server[i];
	char n[5][GROUPED_MAX];

	printf("%-16s accepted %s  closed %s  requests %s  open %s  wrong %s\n",
		a->config.server[i].name, grouped(s->accepted, n[0]), grouped(s->closed, n[1]),
		grouped(s->requests, n[2]), grouped(s->open, n[3]), grouped(s->wrong, n[4]));
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
	const char *part = words_next(args);
	struct totals t;
	char n[GROUPED_MAX];

	if (words_next(args)) {
		wrong("expected: show tcp stats [WORD]");
		return false;
	}
	totals_read(a, &t);
	totals_since(&t, &a->base);
	for (int i = 0; i < SPATE_N_COUNTERS; i++)
		if (t.tcp.v[i] && (part == NULL || strstr(spate_counter_info[i].name, part)))
			printf("%20s  %-32s %s\n", grouped(t.tcp.v[i], n),
				spate_counter_info[i].name, spate_counter_info[i].help);
	printf("(counters that are zero are left out)\n");
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

static void
print_started(const struct port *p)
{
	printf("  mtu %u  queues %u  tx checksums %s", p->mtu, p->n_queues,
		p->tx_checksum ? "offloaded" : "in software");
	if (p->tx_large)
		printf("  TSO");
	if (p->rx_large)
		printf("  LRO");
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
				print_started(&a->engine.port[i]);
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
show_memory(struct app *a, struct words *args)
{
	(void)args;
	if (!a->launched) {
		wrong("nothing is there yet: the first 'start' makes the tables");
		return false;
	}
	memory_show(a);
	return true;
}

static bool
show_config(struct app *a, struct words *args)
{
	(void)args;
	config_print(&a->config);
	return true;
}

const struct command show_commands[] = {
	{"show stats", NULL, false, "what has happened so far", show_stats, NULL},
	{"show client", "NAME|all", false, "a client's counters", show_client, NULL},
	{"show server", "NAME|all", false, "a server's counters", show_server, NULL},
	{"show tcp stats", "[WORD]", true,
		"every counter that is not zero, or those with WORD in their names", show_tcp_stats,
		NULL},
	{"show port info", "N|all", false, "a port's name, driver, link and addresses",
		show_port_info, NULL},
	{"show port stats", "N|all", false, "a port's own counters", show_port_stats, NULL},
	{"show memory", NULL, false, "what the tables and packet buffers take, and where they are",
		show_memory, NULL},
	{"show config", NULL, false, "the commands that recreate this configuration", show_config,
		NULL},
	{NULL, NULL, false, NULL, NULL, NULL},
};
