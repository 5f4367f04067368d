/* SPDX-License-Identifier: BSD-3-Clause */
/* The worker's half of manual connections: nothing here prints or waits. */
#include <errno.h>
#include <string.h>

#include <rte_ring_elem.h>

#include "manual.h"
#include "work.h"

/* A connection's serial number; 0: nobody is told of it. */
static uint32_t
serial_of(const struct work *w, spate_conn id)
{
	return w->busy[id].requests;
}

/* False when there was no room. */
static bool
push(struct work *w, spate_conn id, struct manual_event *e)
{
	struct manual_slot *m = w->manual;

	e->at_ns = spate_now(w->slot->stack);
	e->serial = serial_of(w, id);
	e->conn = id;
	e->flags = w->conn[id].flags;
	if (rte_ring_sp_enqueue_elem(m->events, e, sizeof(*e)) == 0)
		return true;
	m->lost++;
	return false;
}

/* 0, or what the first option that was refused has said. */
static int
begin(struct work *w, spate_conn id, const struct manual_options *o)
{
	static const enum spate_option option[] = {
#define X(name, word, value, min, max, option, help) option,
		MANUAL_OPTIONS(X)
#undef X
	};
	struct manual_slot *m = w->manual;
	int rc = 0;

	w->conn[id] = (struct work_conn){
		.role = ROLE_MANUAL,
		.flags = o->flags,
	};
	w->busy[id] = (struct work_busy){.requests = ++m->serials};
	m->open++;
	for (int i = 0; i < MANUAL_N_OPTIONS; i++) {
		int one = o->given >> i & 1
				  ? spate_setopt(w->slot->stack, id, option[i], o->value[i])
				  : 0;

		rc = rc < 0 ? rc : one;
	}
	return rc;
}

/* What the handshake has agreed; nothing has been sent or received since. */
static void
numbers(struct work *w, spate_conn id, struct manual_event *e)
{
	struct spate_conn_info info;

	if (spate_conn_info(w->slot->stack, id, &info) < 0)
		return;
	e->tuple = (struct spate_tuple){info.local, info.remote};
	e->iss = info.snd_una - 1;
	e->irs = info.rcv_nxt - 1;
	e->timestamps = info.timestamps;
	e->ts_offset = info.tsval - (uint32_t)(spate_now(w->slot->stack) / 1000000);
	e->ts_recent = info.ts_recent;
}

void
manual_accept(struct work *w, spate_conn id, uint32_t cookie)
{
	struct manual_slot *m = w->manual;
	struct manual_event e = {.kind = MANUAL_ACCEPTED};

	begin(w, id, &m->accepted[cookie & ~MANUAL_COOKIE]);
	numbers(w, id, &e);
	if (m->open <= MANUAL_CONNS_MAX && push(w, id, &e))
		return;
	/* Nobody would ever hear of it. */
	m->turned_away++;
	w->busy[id].requests = 0;
	spate_abort(w->slot->stack, id);
}

void
manual_established(struct work *w, spate_conn id)
{
	struct manual_event e = {.kind = MANUAL_ESTABLISHED};

	numbers(w, id, &e);
	push(w, id, &e);
}

uint32_t
manual_data(struct work *w, spate_conn id, const uint8_t *data, uint32_t len)
{
	struct manual_event e = {.kind = MANUAL_DATA, .len = len};

	memcpy(e.text, data, len < sizeof(e.text) ? len : sizeof(e.text));
	push(w, id, &e);
	if (!(w->conn[id].flags & MANUAL_HOLD))
		return len;
	w->busy[id].body_at += len;
	return 0;
}

void
manual_peer_fin(struct work *w, spate_conn id)
{
	push(w, id, &(struct manual_event){.kind = MANUAL_FIN});
}

void
manual_closed(struct work *w, spate_conn id, int reason)
{
	w->manual->open--;
	if (serial_of(w, id))
		push(w, id, &(struct manual_event){.kind = MANUAL_CLOSED, .reason = reason});
}

/* ---- orders */

/* Is the order's connection still there? Otherwise the answer is -ENOTCONN. */
static bool
there(struct work *w, struct manual_order *o)
{
	const struct work_conn *k = &w->conn[o->conn];
	bool is = k->role == ROLE_MANUAL && serial_of(w, o->conn) == o->serial;

	o->rc = is ? 0 : -ENOTCONN;
	return is;
}

/* An end within the call is no question of who is faster: it is told with the command. */
static void
see_whether_ended(struct work *w, struct manual_order *o)
{
	o->ended = w->conn[o->conn].role == ROLE_NONE;
}

void
manual_order_attach(struct engine_slot *slot, void *order)
{
	struct manual_order *o = order;

	((struct work *)slot->app)->manual = o->attach.slot;
}

void
manual_order_connect(struct engine_slot *slot, void *order)
{
	struct manual_order *o = order;
	struct work *w = slot->app;
	struct spate_source source;
	struct spate_conn_info info;

	if (o->connect.fixed_port) {
		o->rc = spate_connect_from(
			slot->stack, &o->tuple.local, &o->tuple.remote, &o->conn);
	} else {
		/* RFC 6335 6: the ports nobody has a claim to. */
		o->rc = spate_source_init(
			slot->stack, &source, &o->tuple.local, &o->tuple.local, 49152, 65535);
		if (o->rc == 0) {
			client_divide(slot, &source);
			o->rc = spate_connect(slot->stack, &source, &o->tuple.remote, &o->conn);
		}
	}
	if (o->rc < 0)
		return;
	o->connect.option_rc = begin(w, o->conn, o->connect.options);
	o->serial = serial_of(w, o->conn);
	spate_conn_info(slot->stack, o->conn, &info);
	o->tuple = (struct spate_tuple){info.local, info.remote};
}

void
manual_order_listen(struct engine_slot *slot, void *order)
{
	struct manual_order *o = order;
	struct work *w = slot->app;

	w->manual->accepted[o->listen.index] = *o->listen.options;
	o->rc = spate_listen(
		slot->stack, &o->tuple.local, 0, o->listen.flags, MANUAL_COOKIE | o->listen.index);
	o->listen.listener = o->rc;
}

void
manual_order_unlisten(struct engine_slot *slot, void *order)
{
	struct manual_order *o = order;

	o->rc = spate_unlisten(slot->stack, o->listen.listener);
}

void
manual_order_send(struct engine_slot *slot, void *order)
{
	struct manual_order *o = order;

	if (!there(slot->app, o))
		return;
	if (o->send.copy) {
		o->rc = spate_send(slot->stack, o->conn, o->send.copy, o->send.len);
		return;
	}
	o->rc = spate_send_static(slot->stack, o->conn, o->send.data, o->send.len);
	if (o->rc == 0)
		o->rc = o->send.len;
}

void
manual_order_read(struct engine_slot *slot, void *order)
{
	struct manual_order *o = order;
	struct work *w = slot->app;

	if (!there(w, o))
		return;
	o->read = w->busy[o->conn].body_at;
	w->busy[o->conn].body_at = 0;
	spate_consume(slot->stack, o->conn, o->read);
}

void
manual_order_shutdown(struct engine_slot *slot, void *order)
{
	struct manual_order *o = order;

	if (there(slot->app, o))
		o->rc = spate_shutdown(slot->stack, o->conn);
}

void
manual_order_close(struct engine_slot *slot, void *order)
{
	struct manual_order *o = order;
	struct work *w = slot->app;

	if (!there(w, o))
		return;
	if (w->conn[o->conn].flags & MANUAL_ABORT_ON_CLOSE)
		spate_abort(slot->stack, o->conn);
	else
		spate_close(slot->stack, o->conn);
	see_whether_ended(w, o);
}

void
manual_order_abort(struct engine_slot *slot, void *order)
{
	struct manual_order *o = order;

	if (!there(slot->app, o))
		return;
	spate_abort(slot->stack, o->conn);
	see_whether_ended(slot->app, o);
}

void
manual_order_forget(struct engine_slot *slot, void *order)
{
	struct manual_order *o = order;

	if (!there(slot->app, o))
		return;
	spate_forget(slot->stack, o->conn);
	see_whether_ended(slot->app, o);
}

void
manual_order_inject(struct engine_slot *slot, void *order)
{
	struct manual_order *o = order;
	struct spate_segment *g = &o->inject.segment;

	g->tsval = (uint32_t)(spate_now(slot->stack) / 1000000) + o->inject.ts_offset -
		   o->inject.ts_age_ms;
	o->rc = spate_inject(slot->stack, &o->tuple, g, o->inject.data);
}

void
manual_order_show(struct engine_slot *slot, void *order)
{
	struct manual_order *o = order;
	struct work *w = slot->app;

	o->show.now_ns = spate_now(slot->stack);
	o->show.held = 0;
	if (there(w, o)) {
		o->show.held = w->busy[o->conn].body_at;
		o->rc = spate_conn_info(slot->stack, o->conn, &o->show.info);
		return;
	}
	o->rc = spate_tuple_info(slot->stack, &o->tuple, &o->show.info);
	/* Another connection's: of this one nothing is left. */
	if (o->rc == 0 && o->show.info.state != SPATE_TIME_WAIT)
		o->rc = -ENOTCONN;
}
