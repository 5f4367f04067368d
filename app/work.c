/* SPDX-License-Identifier: BSD-3-Clause */
#include "work.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "manual.h"

void *
work_create(struct engine_slot *slot, uint32_t max_conns)
{
	struct work *w = calloc(1, sizeof(*w) + (size_t)max_conns * sizeof(struct work_conn));

	if (w == NULL)
		return NULL;
	madvise(w, sizeof(*w) + (size_t)max_conns * sizeof(struct work_conn), MADV_HUGEPAGE);
	w->slot = slot;
	w->n_slots = slot->port->n_queues;
	for (int i = 0; i < SERVERS_MAX; i++)
		w->server[i].listener = -1;
	return w;
}

bool
work_poll(void *app, uint64_t now_ns)
{
	struct work *w = app;
	bool busy = false;

	w->now_ns = now_ns;
	for (uint8_t i = 0; i < w->clients_end; i++)
		if (w->client[i].running || w->client[i].verify)
			busy |= client_poll(w, &w->client[i], i);
	return busy;
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
