/* SPDX-License-Identifier: BSD-3-Clause */
#include "totals.h"

#include <string.h>

#include "app.h"

static void
add_client(struct client_totals *to, const struct client_totals *from)
{
	to->attempted += from->attempted;
	to->established += from->established;
	to->closed += from->closed;
	to->requests += from->requests;
	to->not_attempted += from->not_attempted;
	to->aborted += from->aborted;
	to->bytes_up += from->bytes_up;
	to->bytes_down += from->bytes_down;
	to->held += from->held;
	to->held_max += from->held_max;
	to->answered += from->answered;
	to->open += from->open;
	for (int i = 0; i < FAILURES; i++)
		to->failed[i] += from->failed[i];
	histogram_add(&to->handshake_ns, &from->handshake_ns);
	histogram_add(&to->response_ns, &from->response_ns);
}

static void
read_client(struct client_totals *to, const struct work_client *c)
{
	struct client_totals one = {
		.attempted = c->attempted,
		.established = c->established,
		.closed = c->closed,
		.requests = c->requests,
		.not_attempted = c->not_attempted,
		.aborted = c->aborted,
		.bytes_up = c->bytes_up,
		.bytes_down = c->bytes_down,
		.held = c->held,
		.held_max = c->held_max,
		.answered = c->answered,
		.open = c->open,
		.handshake_ns = c->handshake_ns,
		.response_ns = c->response_ns,
	};

	memcpy(one.failed, c->failed, sizeof(one.failed));
	add_client(to, &one);
}

void
totals_read(const struct app *a, struct totals *t)
{
	const struct engine *e = &a->engine;

	memset(t, 0, sizeof(*t));
	if (!a->launched)
		return;
	t->now_ns = engine_now(e);
	for (uint16_t i = 0; i < e->n_slots; i++) {
		const struct engine_slot *slot = &e->slot[i];
		const struct work *w = slot->app;
		uint64_t state[SPATE_N_STATES];

		spate_counters_add(&t->tcp, spate_stack_counters(slot->stack));
		spate_state_counts(slot->stack, state);
		for (int s = 0; s < SPATE_N_STATES; s++)
			t->state[s] += state[s];
		for (int c = 0; c < CLIENTS_MAX; c++)
			read_client(&t->client[c], &w->client[c]);
		for (int s = 0; s < SERVERS_MAX; s++) {
			t->server[s].accepted += w->server[s].accepted;
			t->server[s].closed += w->server[s].closed;
			t->server[s].failed += w->server[s].failed;
			t->server[s].requests += w->server[s].requests;
			t->server[s].wrong += w->server[s].wrong;
			t->server[s].bytes_up += w->server[s].bytes_up;
			t->server[s].bytes_down += w->server[s].bytes_down;
			t->server[s].open += w->server[s].open;
		}
		t->cycles_ended[slot->worker - e->worker] +=
			spate_ends_ended(spate_stack_counters(slot->stack));
	}
	for (uint16_t i = 0; i < e->n_workers; i++) {
		t->busy_cycles[i] = e->worker[i].busy_cycles;
		t->idle_cycles[i] = e->worker[i].idle_cycles;
	}
}

void
totals_since(struct totals *t, const struct totals *base)
{
	for (int i = 0; i < SPATE_N_COUNTERS; i++)
		t->tcp.v[i] -= base->tcp.v[i];
	for (int i = 0; i < CLIENTS_MAX; i++) {
		struct client_totals *c = &t->client[i];
		const struct client_totals *b = &base->client[i];

		c->attempted -= b->attempted;
		c->established -= b->established;
		c->closed -= b->closed;
		c->requests -= b->requests;
		c->not_attempted -= b->not_attempted;
		c->aborted -= b->aborted;
		c->answered -= b->answered;
		c->bytes_up -= b->bytes_up;
		c->bytes_down -= b->bytes_down;
		for (int f = 0; f < FAILURES; f++)
			c->failed[f] -= b->failed[f];
		histogram_subtract(&c->handshake_ns, &b->handshake_ns);
		histogram_subtract(&c->response_ns, &b->response_ns);
	}
	for (int i = 0; i < SERVERS_MAX; i++) {
		t->server[i].accepted -= base->server[i].accepted;
		t->server[i].closed -= base->server[i].closed;
		t->server[i].failed -= base->server[i].failed;
		t->server[i].requests -= base->server[i].requests;
		t->server[i].wrong -= base->server[i].wrong;
		t->server[i].bytes_up -= base->server[i].bytes_up;
		t->server[i].bytes_down -= base->server[i].bytes_down;
	}
	for (int i = 0; i < RTE_MAX_LCORE; i++) {
		t->busy_cycles[i] -= base->busy_cycles[i];
		t->idle_cycles[i] -= base->idle_cycles[i];
		t->cycles_ended[i] -= base->cycles_ended[i];
	}
}

void
totals_clients(const struct totals *t, struct client_totals *sum)
{
	memset(sum, 0, sizeof(*sum));
	for (int i = 0; i < CLIENTS_MAX; i++)
		add_client(sum, &t->client[i]);
}

void
totals_servers(const struct totals *t, struct server_totals *sum)
{
	memset(sum, 0, sizeof(*sum));
	for (int i = 0; i < SERVERS_MAX; i++) {
		sum->accepted += t->server[i].accepted;
		sum->closed += t->server[i].closed;
		sum->failed += t->server[i].failed;
		sum->requests += t->server[i].requests;
		sum->wrong += t->server[i].wrong;
		sum->bytes_up += t->server[i].bytes_up;
		sum->bytes_down += t->server[i].bytes_down;
		sum->open += t->server[i].open;
	}
}

uint64_t
client_failed(const struct client_totals *c)
{
	uint64_t n = 0;

	for (int i = 0; i < FAILURES; i++)
		n += c->failed[i];
	return n;
}
