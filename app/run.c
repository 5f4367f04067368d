/* SPDX-License-Identifier: BSD-3-Clause */
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "auth.h"
#include "cmd_impair.h"
#include "manual.h"
#include "memory_text.h"
#include "pattern.h"
#include "report.h"
#include "words.h"

/* Receive ring, transmit ring, output queue, caches, and data waiting to be acknowledged. */
#define MBUFS_PER_SLOT 16383
#define CLOSE_WAIT_MS  1000 /* after what remains was closed, until it is reset */

static void
announce(struct engine_slot *slot, void *arg)
{
	(void)arg;
	spate_announce(slot->stack);
}

static void
fill_port(const struct config *c, int id, struct engine_port_conf *pc)
{
	const struct port_config *p = &c->port[id];

	pc->id = id;
	pc->n_queues = p->n_queues;
	pc->mtu = p->mtu;
	pc->no_large = p->no_tso;
	pc->stack.ip4 = p->ip.ip4;
	pc->stack.prefix = p->prefix;
	pc->stack.gateway = p->gateway.ip4;
	memcpy(pc->stack.ip6, p->ip6.ip6, sizeof(pc->stack.ip6));
	pc->stack.prefix6 = p->prefix6;
	memcpy(pc->stack.gateway6, p->gateway6.ip6, sizeof(pc->stack.gateway6));
	pc->stack.vlan = p->vlan;
	pc->stack.tcp = c->tcp;
}

/* Open the configured ports. False: said. */
static bool
launch(struct app *a)
{
	struct engine_conf conf = {
		.ops = &work_ops,
		.slot_create = work_create,
		.slot_free = work_free,
		.slot_memory = work_memory,
		.poll = work_poll,
		.max_conns = a->config.max_conns,
		.max_time_wait = a->config.max_time_wait,
		.mbufs = MBUFS_PER_SLOT,
		.idle = a->config.idle,
	};
	void *lent;
	int rc;

	for (int i = 0; i < PORTS_MAX; i++)
		if (a->config.port[i].used)
			fill_port(&a->config, i, &conf.port[conf.n_ports++]);
	if (conf.n_ports == 0) {
		wrong("no port has an address: expected 'port config 0 ip A.B.C.D/LEN' first");
		return false;
	}
	if (a->config.tcp.min_rto_ms > a->config.tcp.max_rto_ms) {
		wrong("min-rto %u ms is more than max-rto %u ms", a->config.tcp.min_rto_ms,
			a->config.tcp.max_rto_ms);
		return false;
	}
	if (engine_start(&a->engine, &conf) < 0) {
		wrong("%s", a->engine.error);
		engine_stop(&a->engine);
		a->failed = true;
		return false;
	}
	a->launched = true;
	rc = auth_apply(a);
	if (rc < 0) {
		wrong("the keys of 'set auth add': %s", strerror(-rc));
		engine_stop(&a->engine);
		a->launched = false;
		a->failed = true;
		return false;
	}
	lent = engine_lend(&a->engine, PATTERN_BLOCK);
	if (lent)
		pattern_move(lent);
	memory_say(a);
	impair_apply_all(a);
	totals_read(a, &a->base);
	return true;
}

/* Start the workers and wait for the links. False: said. */
static bool
go(struct app *a)
{
	a->running = true;
	if (engine_run(&a->engine) < 0) {
		wrong("%s", a->engine.error);
		a->failed = true;
		return false;
	}
	for (uint16_t i = 0; i < a->engine.n_ports; i++) {
		uint32_t waited = 0;
		int rc;

		/* In pieces: an interrupt ends the wait, and the run. */
		do
			rc = port_wait_link(
				&a->engine.port[i], RTE_MIN(1u, a->options.link_wait_s));
		while (rc < 0 && ++waited < a->options.link_wait_s && !*a->interrupted);
		if (rc < 0 && !*a->interrupted) {
			wrong("%s after %u s: is the peer there?", a->engine.port[i].error,
				a->options.link_wait_s);
			a->failed = true;
			return false;
		}
	}
	run_each_slot(a, -1, announce, NULL);
	a->run_start_ns = engine_now(&a->engine);
	return true;
}

void
run_each_slot(struct app *a, int port, void (*fn)(struct engine_slot *slot, void *arg), void *arg)
{
	if (!a->launched)
		return;
	for (uint16_t i = 0; i < a->engine.n_slots; i++)
		if (port < 0 || a->engine.slot[i].port->id == port)
			engine_call(&a->engine.slot[i], fn, arg);
}

/* What a start or stop on the workers needs to know, and its answer. */
struct order {
	struct app *app;
	int index;
	int rc;
};

static void
start_client(struct engine_slot *slot, void *arg)
{
	struct order *o = arg;
	int rc = client_start(slot->app, o->index, &o->app->config.client[o->index]);

	o->rc = rc < 0 ? rc : o->rc;
}

static void
stop_client(struct engine_slot *slot, void *arg)
{
	struct order *o = arg;
	struct work *w = slot->app;

	w->client[o->index].running = false;
}

static void
pace_client(struct engine_slot *slot, void *arg)
{
	struct order *o = arg;
	struct work *w = slot->app;
	struct work_client *c = &w->client[o->index];

	/* One that was never started takes its pace when it is. */
	if (c->conf)
		client_set_pace(w, c);
}

static void
start_server(struct engine_slot *slot, void *arg)
{
	struct order *o = arg;
	int rc = server_start(slot->app, o->index, &o->app->config.server[o->index],
		o->app->response[o->index], o->app->response_len[o->index]);

	o->rc = rc < 0 ? rc : o->rc;
}

static void
stop_server(struct engine_slot *slot, void *arg)
{
	struct order *o = arg;

	server_stop(slot->app, o->index);
}

/* What an errno of client_start() or server_start() means. */
static const char *
why_not(int rc)
{
	if (rc == -EADDRINUSE)
		return "another server listens on this address and port";
	if (rc == -ENOSPC)
		return "the port has no room for its addresses: 64 ranges of them, of IPv6 2^28 "
		       "addresses in all, and 1024 listeners";
	if (rc == -ENOBUFS)
		return "'open-at-once' is beyond the port's share of --max-connections, which "
		       "counts "
		       "both ends of all ports";
	return strerror(-rc);
}

/* Give an order to every slot of a port and say what came back. */
static bool
order_all(struct app *a, int port, int index, void (*fn)(struct engine_slot *slot, void *arg),
	const char *what, const char *name)
{
	struct order o = {a, index, 0};

	run_each_slot(a, port, fn, &o);
	if (o.rc == 0 || o.rc == -EALREADY)
		return true;
	wrong("%s %s: %s", what, name, why_not(o.rc));
	return false;
}

static bool
start_one_server(struct app *a, int i)
{
	struct server_config *s = &a->config.server[i];

	if (a->response[i][0] == NULL &&
		!server_make_responses(&a->engine, s, a->response[i], a->response_len[i])) {
		wrong("server %s: no memory for a body of %u bytes", s->name, s->size);
		return false;
	}
	return order_all(a, s->port, i, start_server, "server", s->name);
}

static bool
name_known(const struct app *a, const char *name)
{
	if (name == NULL || strcmp(name, "all") == 0 || config_find_client(&a->config, name) >= 0 ||
		config_find_server(&a->config, name) >= 0)
		return true;
	wrong("there is no client or server '%s'", name);
	return false;
}

/* Run `client` and `server`, where given, on what `name` means. */
static bool
by_name(struct app *a, const char *name, bool (*client)(struct app *a, int i),
	bool (*server)(struct app *a, int i))
{
	bool all = name == NULL || strcmp(name, "all") == 0;
	int c = all ? -1 : config_find_client(&a->config, name);
	int s = all ? -1 : config_find_server(&a->config, name);
	bool good = true;

	for (int i = 0; i < SERVERS_MAX && server && good; i++)
		if (a->config.server[i].used && (all || i == s))
			good = server(a, i);
	for (int i = 0; i < CLIENTS_MAX && client && good; i++)
		if (a->config.client[i].used && (all || i == c))
			good = client(a, i);
	return good;
}

static bool
start_one_client(struct app *a, int i)
{
	struct client_config *c = &a->config.client[i];

	return order_all(a, c->port, i, start_client, "client", c->name);
}

static bool
stop_one_client(struct app *a, int i)
{
	return order_all(
		a, a->config.client[i].port, i, stop_client, "client", a->config.client[i].name);
}

static bool
stop_one_server(struct app *a, int i)
{
	return order_all(
		a, a->config.server[i].port, i, stop_server, "server", a->config.server[i].name);
}

bool
run_ready(struct app *a)
{
	return (a->launched || launch(a)) && (a->running || go(a));
}

bool
run_start(struct app *a, const char *name)
{
	bool good;

	if (!name_known(a, name) || (!a->launched && !launch(a)))
		return false;
	/* Servers first, and before a frame is received: nobody is refused for lack of a listener.
	 */
	good = by_name(a, name, NULL, start_one_server);
	if (!a->running && !go(a))
		return false;
	return good && by_name(a, name, start_one_client, NULL);
}

bool
run_stop(struct app *a, const char *name)
{
	/* Clients first, for the same reason. */
	return name_known(a, name) && by_name(a, name, stop_one_client, NULL) &&
	       by_name(a, name, NULL, stop_one_server);
}

void
run_pace(struct app *a, int client)
{
	struct order o = {a, client, 0};

	run_each_slot(a, a->config.client[client].port, pace_client, &o);
}

bool
run_counts(const struct app *a)
{
	for (int i = 0; i < CLIENTS_MAX; i++)
		for (uint16_t s = 0; a->launched && s < a->engine.n_slots; s++) {
			const struct work *w = a->engine.slot[s].app;

			if (w->client[i].running && w->client[i].conf->count != COUNT_ENDLESS)
				return true;
		}
	return false;
}

bool
run_counted_out(const struct app *a)
{
	bool any = false;

	for (int i = 0; i < CLIENTS_MAX; i++) {
		for (uint16_t s = 0; s < a->engine.n_slots; s++) {
			const struct work *w = a->engine.slot[s].app;
			const struct work_client *c = &w->client[i];

			if (!c->running)
				continue;
			any = true;
			if (__atomic_load_n(&c->count, __ATOMIC_RELAXED) ||
				__atomic_load_n(&c->open, __ATOMIC_RELAXED))
				return false;
		}
	}
	return any;
}

void
run_wait(struct app *a)
{
	uint64_t start = engine_now(&a->engine), second = 1;
	struct totals before;

	totals_read(a, &before);
	/* Nobody reads our lines any more: that is an interrupt too. */
	while (!*a->interrupted && !ferror(stdout) && !run_counted_out(a)) {
		uint64_t elapsed = engine_now(&a->engine) - start;

		if (a->options.duration_s && elapsed >= a->options.duration_s * 1000000000ull)
			break;
		if (elapsed >= second * 1000000000ull) {
			struct totals now;

			totals_read(a, &now);
			live_line(a, second, &before, &now);
			before = now;
			second++;
		}
		manual_tell(a, 0, 0);
		usleep(2000);
	}
}

static void
begin_stop(struct engine_slot *slot, void *arg)
{
	struct work *w = slot->app;

	(void)arg;
	w->stopping = true;
	for (int i = 0; i < CLIENTS_MAX; i++)
		w->client[i].running = false;
}

static void
close_all(struct engine_slot *slot, void *arg)
{
	struct work *w = slot->app;

	for (int i = 0; i < SERVERS_MAX; i++)
		server_stop(w, i);
	*(bool *)arg |= spate_stack_close_all(slot->stack);
}

static void
abort_all(struct engine_slot *slot, void *arg)
{
	*(bool *)arg |= spate_stack_abort_all(slot->stack);
}

static void
check_sums(struct engine_slot *slot, void *arg)
{
	*(int64_t *)arg += spate_stack_leaked(slot->stack);
}

/* Connections that are neither closed nor in TIME_WAIT; of clients, or all. */
static uint64_t
still_open(const struct app *a, bool clients)
{
	struct totals t;
	struct client_totals sum;
	uint64_t n = 0;

	totals_read(a, &t);
	totals_clients(&t, &sum);
	for (int s = SPATE_SYN_SENT; s < SPATE_N_STATES; s++)
		n += s == SPATE_TIME_WAIT ? 0 : t.state[s];
	return clients ? sum.open : n;
}

static void
wait_until_closed(const struct app *a, bool clients, uint32_t ms)
{
	uint64_t end = engine_now(&a->engine) + ms * 1000000ull;

	while (still_open(a, clients) > 0 && engine_now(&a->engine) < end)
		usleep(1000);
}

/* Between two calls the workers send what the first has queued. */
static void
until_done(struct app *a, void (*fn)(struct engine_slot *slot, void *more))
{
	bool more;

	do {
		more = false;
		run_each_slot(a, -1, fn, &more);
	} while (more);
}

void
run_finish(struct app *a)
{
	int64_t leaked = 0;
	struct totals t;

	if (!a->launched)
		return;
	/* What the end of the run does to them is no news. */
	manual_tell(a, 0, 0);
	a->run_end_ns = engine_now(&a->engine);
	run_each_slot(a, -1, begin_stop, NULL);
	wait_until_closed(a, true, a->config.drain_ms);
	/* The last segments of the clients' connections are still on their way to the servers. */
	if (still_open(a, false) > 0)
		wait_until_closed(a, false, 50);
	if (!a->config.end_by_reset) {
		until_done(a, close_all);
		wait_until_closed(a, false, CLOSE_WAIT_MS);
	}
	until_done(a, abort_all);
	usleep(20000); /* let the resets leave */
	/* Nothing moves any more: TIME_WAITs that expire between two readings would not add up. */
	engine_halt(&a->engine);
	run_each_slot(a, -1, check_sums, &leaked);
	totals_read(a, &t);
	a->failed |= !verify_say_all(a);
	a->failed |= !outcome_say(a, &t);
	totals_since(&t, &a->base);
	summary_print(a, &t);
	printf("leaked   %lld\n", (long long)leaked);
	fflush(stdout);
	if (a->options.json_file && !report_write(a, &t, leaked))
		a->failed = true;
	if (leaked) {
		fprintf(stderr,
			"spate: the sums do not agree: %lld connections leaked: this is a bug\n",
			(long long)leaked);
		a->failed = true;
	}
	manual_free(a);
	engine_stop(&a->engine);
	a->launched = a->running = false;
}
