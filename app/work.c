/* SPDX-License-Identifier: BSD-3-Clause */
#include "work.h"

#include "manual.h"
#include "pattern.h"

static size_t
work_bytes(uint32_t max_conns)
{
	return sizeof(struct work) + (size_t)max_conns * sizeof(struct work_conn);
}

static size_t
busy_bytes(uint32_t max_conns)
{
	return (size_t)max_conns * sizeof(struct work_busy);
}

void
work_memory(uint32_t max_conns, uint64_t *bytes, uint64_t *sparse)
{
	*bytes = work_bytes(max_conns);
	*sparse = busy_bytes(max_conns);
}

void
work_free(void *app)
{
	struct work *w = app;
	struct engine_memory *m;

	if (w == NULL)
		return;
	m = &w->slot->memory;
	for (int i = 0; i < CLIENTS_MAX; i++)
		free(w->client[i].verify);
	if (w->busy)
		engine_memory_free(m, w->busy, busy_bytes(w->max_conns));
	engine_memory_free(m, w, work_bytes(w->max_conns));
}

void *
work_create(struct engine_slot *slot, uint32_t max_conns)
{
	struct work *w = engine_memory_alloc(&slot->memory, work_bytes(max_conns), false);

	if (w == NULL)
		return NULL;
	w->slot = slot;
	w->max_conns = max_conns;
	w->busy = engine_memory_alloc(&slot->memory, busy_bytes(max_conns), true);
	if (w->busy == NULL) {
		work_free(w);
		return NULL;
	}
	w->n_slots = slot->port->n_queues;
	for (int i = 0; i < SERVERS_MAX; i++)
		w->server[i].listener = -1;
	conn_list_init(&w->streams);
	for (int i = 0; i < CLIENTS_MAX; i++)
		conn_list_init(&w->client[i].waiting);
	return w;
}

bool
work_poll(void *app, uint64_t now_ns)
{
	struct work *w = app;
	bool busy = false;

	w->now_ns = now_ns;
	for (uint8_t i = 0; i < w->clients_end; i++) {
		struct work_client *c = &w->client[i];

		if (c->running || c->verify)
			busy |= client_poll(w, c, i);
		if (!conn_list_empty(&c->waiting))
			busy |= rr_poll(w, c);
		if (c->open && c->conf->kind == CLIENT_HOLD)
			busy |= hold_poll(w, c, i);
	}
	if (!conn_list_empty(&w->streams))
		busy |= stream_poll(w);
	return busy;
}

int
work_send_pattern(struct work *w, spate_conn id, uint64_t at, uint32_t len)
{
	int rc = 0;

	while (len > 0 && rc == 0) {
		uint32_t n;
		const uint8_t *part = pattern_block(at, &n);

		n = RTE_MIN(n, len);
		rc = spate_send_static(w->slot->stack, id, part, n);
		at += n;
		len -= n;
	}
	return rc;
}

static void
on_accept(void *app, spate_conn c, uint32_t cookie)
{
	if (cookie & MANUAL_COOKIE)
		manual_accept(app, c, cookie);
	else
		server_accept(app, c, cookie);
}

static void
on_established(void *app, spate_conn c)
{
	struct work *w = app;

	if (w->conn[c].role == ROLE_CLIENT)
		client_established(w, c);
	else if (w->conn[c].role == ROLE_VERIFY)
		verify_established(w, c);
	else
		manual_established(w, c);
}

static uint32_t
on_data(void *app, spate_conn c, const uint8_t *data, uint32_t len)
{
	struct work *w = app;

	if (w->conn[c].role == ROLE_CLIENT)
		return client_data(w, c, data, len);
	if (w->conn[c].role == ROLE_SERVER)
		return server_data(w, c, data, len);
	if (w->conn[c].role == ROLE_MANUAL)
		return manual_data(w, c, data, len);
	return len; /* ROLE_VERIFY: that it closes is all that is wanted of the peer */
}

static void
on_sendable(void *app, spate_conn c)
{
	struct work *w = app;

	if (w->conn[c].role == ROLE_SERVER)
		server_sendable(w, c);
	else if (w->conn[c].role == ROLE_CLIENT)
		client_sendable(w, c);
}

static void
on_peer_fin(void *app, spate_conn c)
{
	struct work *w = app;

	if (w->conn[c].role == ROLE_CLIENT)
		client_peer_fin(w, c);
	else if (w->conn[c].role == ROLE_SERVER)
		server_peer_fin(w, c);
	else if (w->conn[c].role == ROLE_VERIFY)
		verify_peer_fin(w, c);
	else
		manual_peer_fin(w, c);
}

static void
on_closed(void *app, spate_conn c, int reason)
{
	struct work *w = app;

	if (w->conn[c].role == ROLE_CLIENT)
		client_closed(w, c, reason);
	else if (w->conn[c].role == ROLE_SERVER)
		server_closed(w, c, reason);
	else if (w->conn[c].role == ROLE_VERIFY)
		verify_closed(w, c, reason);
	else
		manual_closed(w, c, reason);
	w->conn[c].role = ROLE_NONE;
}

static void
on_segment(void *app, spate_conn c, const struct spate_segment *seg)
{
	verify_segment(app, c, seg);
}

const struct spate_ops work_ops = {
	.on_accept = on_accept,
	.on_established = on_established,
	.on_data = on_data,
	.on_sendable = on_sendable,
	.on_peer_fin = on_peer_fin,
	.on_closed = on_closed,
	.on_segment = on_segment,
};
