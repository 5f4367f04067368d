/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <rte_byteorder.h>

#include "knobs.h"
#include "words.h"

void
config_init(struct config *c)
{
	memset(c, 0, sizeof(*c));
	spate_tcp_defaults(&c->tcp);
	c->drain_ms = 3000;
	c->max_conns = 1000000;
	c->max_time_wait = 1000000;
}

int
config_find_client(const struct config *c, const char *name)
{
	for (int i = 0; i < CLIENTS_MAX; i++)
		if (c->client[i].used && strcmp(c->client[i].name, name) == 0)
			return i;
	return -1;
}

int
config_find_server(const struct config *c, const char *name)
{
	for (int i = 0; i < SERVERS_MAX; i++)
		if (c->server[i].used && strcmp(c->server[i].name, name) == 0)
			return i;
	return -1;
}

static bool
ranges_meet(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	return a <= d && c <= b;
}

int
config_overlap(const struct config *c, const struct client_config *a)
{
	for (int i = 0; i < CLIENTS_MAX; i++) {
		const struct client_config *b = &c->client[i];

		if (!b->used || b->port != a->port || b->to.ip4 != a->to.ip4 ||
			b->to.port != a->to.port)
			continue;
		if (ranges_meet(rte_be_to_cpu_32(a->from_first), rte_be_to_cpu_32(a->from_last),
			    rte_be_to_cpu_32(b->from_first), rte_be_to_cpu_32(b->from_last)) &&
			ranges_meet(a->port_first, a->port_last, b->port_first, b->port_last))
			return i;
	}
	return -1;
}

static void
print_port(const struct port_config *p, int id)
{
	char ip[ADDR_TEXT], gw[ADDR_TEXT];

	printf("port config %d ip %s/%u", id, addr_text(p->ip, ip), p->prefix);
	if (p->gateway)
		printf(" gateway %s", addr_text(p->gateway, gw));
	if (p->vlan)
		printf(" vlan %u", p->vlan);
	if (p->mtu)
		printf(" mtu %u", p->mtu);
	if (p->n_queues)
		printf(" queues %u", p->n_queues);
	printf("\n");
}

static void
print_server(const struct server_config *s)
{
	char ip[ADDR_TEXT];

	printf("server add %s port %u listen %s:%u", s->name, s->port,
		s->listen.ip4 ? addr_text(s->listen.ip4, ip) : "*",
		rte_be_to_cpu_16(s->listen.port));
	if (s->kind == SERVER_HTTP)
		printf(" http size %u", s->size);
	else
		printf(" %s", s->kind == SERVER_ECHO ? "echo" : "discard");
	if (s->backlog)
		printf(" backlog %u", s->backlog);
	printf("\n");
}

static void
print_client(const struct client_config *c)
{
	static const char *const close_name[] = {"last", "first", "reset"};
	char a[ADDR_TEXT], b[ADDR_TEXT], to[ADDR_TEXT];

	printf("client add %s port %u from %s", c->name, c->port, addr_text(c->from_first, a));
	if (c->from_last != c->from_first)
		printf("-%s", addr_text(c->from_last, b));
	printf(" ports %u-%u to %s:%u", c->port_first, c->port_last, addr_text(c->to.ip4, to),
		rte_be_to_cpu_16(c->to.port));
	if (c->kind == CLIENT_HTTP) {
		printf(" http path %s requests %u", c->path, c->requests);
		if (c->size >= 0)
			printf(" size %" PRId64, c->size);
		if (c->verify)
			printf(" verify");
	} else {
		printf(" connect-only");
	}
	printf(" close %s", close_name[c->close]);
	if (c->count != COUNT_ENDLESS)
		printf(" count %" PRIu64, c->count);
	printf("\n");
	if (c->rate == RATE_MAX)
		printf("set client %s rate max\n", c->name);
	else
		printf("set client %s rate %" PRIu64 "\n", c->name, c->rate);
	printf("set client %s concurrency %u\n", c->name, c->concurrency);
}

void
config_print(const struct config *c)
{
	knobs_print(c);
	for (int i = 0; i < PORTS_MAX; i++)
		if (c->port[i].used)
			print_port(&c->port[i], i);
	for (int i = 0; i < SERVERS_MAX; i++)
		if (c->server[i].used)
			print_server(&c->server[i]);
	for (int i = 0; i < CLIENTS_MAX; i++)
		if (c->client[i].used)
			print_client(&c->client[i]);
}
