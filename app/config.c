/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "auth.h"
#include "knobs.h"
#include "words.h"

const char *const client_kind_name[CLIENT_KINDS] = {
	[CLIENT_HTTP] = "http",
	[CLIENT_CONNECT_ONLY] = "connect-only",
	[CLIENT_RR] = "rr",
	[CLIENT_STREAM] = "stream",
	[CLIENT_HOLD] = "hold",
};

const char *const server_kind_name[SERVER_KINDS] = {
	[SERVER_HTTP] = "http",
	[SERVER_DISCARD] = "discard",
	[SERVER_ECHO] = "echo",
	[SERVER_RR] = "rr",
	[SERVER_STREAM] = "stream",
};

const char *const stream_direction_name[STREAM_BOTH + 1] = {
	[STREAM_UP] = "up",
	[STREAM_DOWN] = "down",
	[STREAM_BOTH] = "both",
};

const char *const idle_mode_name[IDLE_MODES] = {
	[IDLE_BUSY_POLL] = "busy-poll",
	[IDLE_PAUSE] = "pause",
	[IDLE_SLEEP] = "sleep",
};

void
config_init(struct config *c)
{
	memset(c, 0, sizeof(*c));
	spate_tcp_defaults(&c->tcp);
	c->drain_ms = 3000;
	c->max_conns = 1000000;
	c->max_time_wait = 1000000;
	c->idle = (struct idle_conf){IDLE_SLEEP, IDLE_AFTER_NS, IDLE_FOR_NS};
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
ports_meet(const struct client_config *a, const struct client_config *b)
{
	return a->port_first <= b->port_last && b->port_first <= a->port_last;
}

static bool
addresses_meet(const struct client_config *a, const struct client_config *b)
{
	return addr_compare(&a->from_first, &b->from_last) <= 0 &&
	       addr_compare(&b->from_first, &a->from_last) <= 0;
}

int
config_overlap(const struct config *c, const struct client_config *a)
{
	for (int i = 0; i < CLIENTS_MAX; i++) {
		const struct client_config *b = &c->client[i];

		if (b->used && b->port == a->port && addr_compare(&b->to, &a->to) == 0 &&
			b->to.port == a->to.port && addresses_meet(a, b) && ports_meet(a, b))
			return i;
	}
	return -1;
}

static void
print_port(const struct port_config *p, int id)
{
	char text[ADDR_TEXT];

	printf("port config %d", id);
	if (p->ip.family)
		printf(" ip %s/%u", addr_text(&p->ip, text), p->prefix);
	if (p->gateway.family)
		printf(" gateway %s", addr_text(&p->gateway, text));
	if (p->ip6.family)
		printf(" ip6 %s/%u", addr_text(&p->ip6, text), p->prefix6);
	if (p->gateway6.family)
		printf(" gateway6 %s", addr_text(&p->gateway6, text));
	if (p->vlan)
		printf(" vlan %u", p->vlan);
	if (p->mtu)
		printf(" mtu %u", p->mtu);
	if (p->n_queues)
		printf(" queues %u", p->n_queues);
	if (p->no_tso)
		printf(" tso off");
	printf("\n");
}

/* Millionths as a percentage, without zeros that say nothing. */
static void
print_share(const char *name, uint32_t share)
{
	char text[32];
	char *end = text + snprintf(text, sizeof(text), "%u.%04u", share / 10000, share % 10000);

	while (end[-1] == '0')
		*--end = '\0';
	if (end[-1] == '.')
		*--end = '\0';
	if (share)
		printf(" %s %s%%", name, text);
}

static void
print_impair(const struct impair_conf *c, int id)
{
	printf("port config %d impair", id);
	print_share("loss", c->loss);
	if (c->delay_ns)
		printf(" delay %" PRIu64 "us", c->delay_ns / 1000);
	print_share("reorder", c->reorder);
	print_share("duplicate", c->duplicate);
	print_share("corrupt", c->corrupt);
	if (!c->in || !c->out)
		printf(" only %s", c->in ? "in" : "out");
	printf(" seed %" PRIu64 "\n", c->seed);
}

static void
print_server(const struct server_config *s)
{
	char at[ENDPOINT_TEXT];

	printf("server add %s port %u listen %s", s->name, s->port, endpoint_text(&s->listen, at));
	printf(" %s", server_kind_name[s->kind]);
	if (s->kind == SERVER_HTTP)
		printf(" size %u", s->size);
	if (s->verify)
		printf(" verify");
	if (s->backlog)
		printf(" backlog %u", s->backlog);
	printf("\n");
}

static void
print_workload(const struct client_config *c)
{
	char text[TIME_TEXT];

	printf(" %s", client_kind_name[c->kind]);
	if (c->kind == CLIENT_HTTP)
		printf(" path %s", c->path);
	if (c->kind == CLIENT_RR || (c->kind == CLIENT_HTTP && !c->verify_time_wait))
		printf(" requests %u", c->requests);
	if (c->size >= 0)
		printf(" size %" PRId64, c->size);
	if (c->request_size)
		printf(" request-size %u", c->request_size);
	if (c->response_size)
		printf(" response-size %u", c->response_size);
	if (c->think_ns)
		printf(" think %s", time_text(c->think_ns, text));
	if (c->kind == CLIENT_STREAM)
		printf(" direction %s", stream_direction_name[c->direction]);
	if (c->bytes)
		printf(" bytes %" PRIu64, c->bytes);
	if (c->for_ns)
		printf(" for %s", time_text(c->for_ns, text));
	if (c->kind == CLIENT_HOLD)
		printf(" open-at-once %u", c->open_at_once);
	if (c->keep_ns)
		printf(" keep %s", time_text(c->keep_ns, text));
	if (c->every_ns)
		printf(" every %s", time_text(c->every_ns, text));
	if (c->plain)
		printf(" plain");
	if (c->verify)
		printf(" verify");
}

static void
print_client(const struct client_config *c)
{
	static const char *const close_name[] = {"last", "first", "reset"};
	char text[ENDPOINT_TEXT];

	printf("client add %s port %u from %s", c->name, c->port, addr_text(&c->from_first, text));
	if (addr_compare(&c->from_last, &c->from_first))
		printf("-%s", addr_text(&c->from_last, text));
	printf(" ports %u-%u to %s", c->port_first, c->port_last, endpoint_text(&c->to, text));
	print_workload(c);
	if (c->verify_time_wait) {
		printf(" verify time-wait repeat %u wait %u\n", c->repeat, c->wait_ms);
		printf("set client %s concurrency %u\n", c->name, c->concurrency);
		return;
	}
	if (c->kind != CLIENT_STREAM)
		printf(" close %s", close_name[c->close]);
	if (c->count != COUNT_ENDLESS && c->kind != CLIENT_HOLD)
		printf(" count %" PRIu64, c->count);
	printf("\n");
	if (c->rate == RATE_MAX)
		printf("set client %s rate max\n", c->name);
	else
		printf("set client %s rate %" PRIu64 "\n", c->name, c->rate);
	if (c->kind != CLIENT_HOLD)
		printf("set client %s concurrency %u\n", c->name, c->concurrency);
}

static void
print_idle(const struct idle_conf *c)
{
	char text[TIME_TEXT];

	if (c->mode == IDLE_SLEEP && c->after_ns == IDLE_AFTER_NS && c->for_ns == IDLE_FOR_NS)
		return;
	printf("set idle %s", idle_mode_name[c->mode]);
	if (c->mode != IDLE_BUSY_POLL)
		printf(" after %s", time_text(c->after_ns, text));
	if (c->mode == IDLE_SLEEP)
		printf(" for %s", time_text(c->for_ns, text));
	printf("\n");
}

void
config_print(const struct config *c)
{
	knobs_print(c);
	print_idle(&c->idle);
	auth_print(c);
	for (int i = 0; i < PORTS_MAX; i++)
		if (c->port[i].used)
			print_port(&c->port[i], i);
	for (int i = 0; i < PORTS_MAX; i++)
		if (c->port[i].impaired)
			print_impair(&c->port[i].impair, i);
	for (int i = 0; i < SERVERS_MAX; i++)
		if (c->server[i].used)
			print_server(&c->server[i]);
	for (int i = 0; i < CLIENTS_MAX; i++)
		if (c->client[i].used)
			print_client(&c->client[i]);
}
