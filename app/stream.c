/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stream: bulk data, up (to the server), down (from it) or both ways, of a number of bytes,
 * for a time, or until the client stops. It is sent by reference, from one block that all share.
 *
 *   up     the pattern and nothing else, then FIN: any peer will do that reads
 *   down   a line "down BYTES" (preface.h); the server sends as much, and FIN; 0: until our FIN
 *   both   a line "both BYTES", and both at once
 *
 * Who sends is on the slot's list, and is looked at every few microseconds, each in its turn:
 * what has been acknowledged is counted, and the queue filled up, long before it is empty.
 */
#include <errno.h>

#include "pattern.h"
#include "work.h"

/* A look at the queues: so often, so many. */
#define LOOK_NS   20000
#define LOOK_MANY 8
/* Bytes queued on a connection: filled up when there are less. With many, a part each does. */
#define QUEUE_LOW  (2u << 20)
#define MANY_PARTS 1024
#define ENDLESS    UINT64_MAX

static uint64_t *
sent_counter(struct work *w, const struct work_conn *k)
{
	return k->role == ROLE_CLIENT ? &w->client[k->owner].bytes_up
				      : &w->server[k->owner].bytes_down;
}

/* What is to be sent on it in all. */
static uint64_t
total(const struct work *w, spate_conn id)
{
	const struct work_conn *k = &w->conn[id];
	const struct client_config *conf;

	if (k->role == ROLE_SERVER)
		return w->busy[id].stream.total;
	conf = w->client[k->owner].conf;
	if (conf->direction == STREAM_DOWN)
		return 0;
	return conf->bytes ? conf->bytes : ENDLESS;
}

static void
list(struct work *w, spate_conn id)
{
	w->conn[id].flags |= CONN_LISTED;
	w->n_streams++;
	conn_list_append(&w->streams, w->slot->stack, id);
}

static void
unlist(struct work *w, spate_conn id)
{
	if (!(w->conn[id].flags & CONN_LISTED))
		return;
	w->conn[id].flags &= ~CONN_LISTED;
	w->n_streams--;
	conn_list_remove(&w->streams, w->slot->stack, id);
}

/* Of what was queued `waiting` bytes are not acknowledged yet, a FIN or a preface included. */
static void
count_acknowledged(struct work *w, spate_conn id, uint64_t waiting)
{
	struct stream_conn *s = &w->busy[id].stream;

	if (waiting >= s->pending)
		return;
	*sent_counter(w, &w->conn[id]) += s->pending - waiting;
	s->pending = waiting;
}

/* Nothing more is queued: FIN, and where nothing more comes either, the end of it. */
static void
all_sent(struct work *w, spate_conn id)
{
	struct work_conn *k = &w->conn[id];

	if (k->flags & CONN_SHUT)
		return;
	k->flags |= CONN_SHUT;
	if (!(k->flags & CONN_HEARD_ALL)) {
		spate_shutdown(w->slot->stack, id);
		return;
	}
	if (k->role == ROLE_CLIENT)
		k->phase = PHASE_DONE;
	spate_close(w->slot->stack, id);
}

static void
fill_up(struct work *w, spate_conn id)
{
	struct stream_conn *s = &w->busy[id].stream;
	uint64_t all = total(w, id);

	while (s->sent < all && s->pending < (w->n_streams > MANY_PARTS ? 1 : QUEUE_LOW)) {
		uint32_t n;
		const uint8_t *part = pattern_block(s->sent, &n);

		n = RTE_MIN((uint64_t)n, all - s->sent);
		/* No descriptor left: later. Closed at the end of the run: no more. */
		if (spate_send_static(w->slot->stack, id, part, n) < 0)
			return;
		s->sent += n;
		s->pending += n;
	}
	if (s->sent == all)
		all_sent(w, id);
}

/* What has no number of bytes ends with its time, or when the client stops. */
static bool
time_is_up(const struct work *w, spate_conn id)
{
	const struct work_conn *k = &w->conn[id];
	const struct work_client *c = &w->client[k->owner];

	if (k->role != ROLE_CLIENT || c->conf->bytes)
		return false;
	return !c->running || (c->conf->for_ns && work_now_us(w) - w->busy[id].started_us >=
							  c->conf->for_ns / 1000);
}

static void
look_at(struct work *w, spate_conn id)
{
	struct work_conn *k = &w->conn[id];
	struct spate_conn_info info;

	if (spate_conn_info(w->slot->stack, id, &info) < 0)
		return;
	count_acknowledged(w, id, (uint64_t)info.unsent + info.unacked);
	if (k->flags & CONN_SHUT)
		return;
	if (time_is_up(w, id))
		all_sent(w, id);
	else if (total(w, id) > 0)
		fill_up(w, id);
}

bool
stream_poll(struct work *w)
{
	uint32_t n = RTE_MIN(w->n_streams, (uint32_t)LOOK_MANY);

	if (w->now_ns < w->look_ns)
		return false;
	w->look_ns = w->now_ns + LOOK_NS;
	while (n-- > 0 && !conn_list_empty(&w->streams)) {
		spate_conn id = w->streams.first;

		/* To the end of the row. A look may end the connection, and its place with it. */
		conn_list_remove(&w->streams, w->slot->stack, id);
		conn_list_append(&w->streams, w->slot->stack, id);
		look_at(w, id);
	}
	return true;
}

void
stream_sendable(struct work *w, spate_conn id)
{
	struct work_conn *k = &w->conn[id];

	if (!(k->flags & CONN_LISTED))
		return;
	count_acknowledged(w, id, 0);
	if (!(k->flags & CONN_SHUT) && total(w, id) > 0 && !time_is_up(w, id))
		fill_up(w, id);
}

void
stream_closed(struct work *w, spate_conn id, int reason)
{
	/* In order means that all of it was acknowledged. */
	if (reason == 0 && (w->conn[id].flags & CONN_LISTED))
		count_acknowledged(w, id, 0);
	unlist(w, id);
}

/* ---- the client's side */

void
stream_established(struct work *w, spate_conn id)
{
	struct work_conn *k = &w->conn[id];
	struct work_client *c = &w->client[k->owner];

	k->phase = PHASE_BODY;
	w->busy[id].started_us = work_now_us(w);
	w->busy[id].stream = (struct stream_conn){0};
	if (c->conf->direction != STREAM_UP &&
		spate_send_static(w->slot->stack, id, c->request[0], c->request_len[0]) < 0) {
		client_starved(w, id);
		return;
	}
	list(w, id);
	if (c->conf->direction != STREAM_DOWN)
		fill_up(w, id);
}

uint32_t
stream_data(struct work *w, spate_conn id, const uint8_t *data, uint32_t len)
{
	struct work_conn *k = &w->conn[id];
	struct work_client *c = &w->client[k->owner];
	struct stream_conn *s = &w->busy[id].stream;
	const struct client_config *conf = c->conf;
	uint64_t at = s->received;

	if (k->phase != PHASE_BODY || conf->direction == STREAM_UP ||
		(conf->bytes && len > conf->bytes - at) ||
		(conf->verify && !pattern_check_again(data, at, len))) {
		client_bad(w, id);
		return len;
	}
	s->received += len;
	c->bytes_down += len;
	if (conf->bytes == 0 || s->received < conf->bytes)
		return len;
	k->flags |= CONN_HEARD_ALL;
	if (conf->direction == STREAM_DOWN || (k->flags & CONN_SHUT)) {
		k->phase = PHASE_DONE;
		spate_close(w->slot->stack, id);
	}
	return len;
}

void
stream_peer_fin(struct work *w, spate_conn id)
{
	struct work_conn *k = &w->conn[id];
	const struct client_config *conf = w->client[k->owner].conf;
	bool shut = k->flags & CONN_SHUT;

	/* It has sent all it had to, and we have not: on with it. */
	if ((k->flags & CONN_HEARD_ALL) && !shut)
		return;
	/* Without a number of bytes a server may end `down` when it likes. */
	if (conf->direction == STREAM_UP
			? shut
			: conf->bytes == 0 && (shut || conf->direction == STREAM_DOWN))
		k->phase = PHASE_DONE;
	spate_close(w->slot->stack, id);
}

/* ---- the server's side */

/* The client has said what it wants; false: not in these words. */
static bool
begin(struct work *w, spate_conn id, const struct preface *p)
{
	struct work_conn *k = &w->conn[id];

	if (p->bad || (p->kind != PREFACE_DOWN && p->kind != PREFACE_BOTH))
		return false;
	k->phase = PHASE_SERVING;
	k->flags |= p->kind == PREFACE_DOWN ? CONN_DOWN : 0;
	w->busy[id].stream = (struct stream_conn){.total = p->number[0] ? p->number[0] : ENDLESS};
	list(w, id);
	fill_up(w, id);
	return true;
}

uint32_t
stream_serve(struct work *w, spate_conn id, const uint8_t *data, uint32_t len)
{
	struct work_conn *k = &w->conn[id];
	struct work_busy *b = &w->busy[id];
	struct work_server *s = &w->server[k->owner];
	uint32_t at = 0;

	/* The pattern begins with a digit, a preface does not: this is `up`. */
	if (k->phase == PHASE_PREFACE && (s->conf->kind == SERVER_DISCARD ||
						 (preface_empty(&b->preface) && data[0] == '0'))) {
		k->phase = PHASE_SERVING;
		b->stream = (struct stream_conn){0};
	}
	if (k->phase == PHASE_PREFACE) {
		struct preface p;

		at = preface_parse(&b->preface, data, len);
		p = b->preface;
		if (!p.done)
			return len;
		if (!begin(w, id, &p)) {
			server_wrong(w, id);
			return len;
		}
	}
	if (at == len)
		return len;
	if ((k->flags & CONN_DOWN) ||
		(s->conf->verify &&
			!pattern_check_again(data + at, b->stream.received_at, len - at))) {
		server_wrong(w, id);
		return len;
	}
	b->stream.received_at = (b->stream.received_at + len - at) % PATTERN_PERIOD;
	s->bytes_up += len - at;
	return len;
}

void
stream_serve_fin(struct work *w, spate_conn id)
{
	struct work_conn *k = &w->conn[id];

	k->flags |= CONN_HEARD_ALL;
	/* A number of bytes was asked for: a client that has no more to say still gets them. */
	if ((k->flags & CONN_LISTED) && !(k->flags & CONN_SHUT) &&
		w->busy[id].stream.total != ENDLESS)
		return;
	k->flags |= CONN_SHUT;
	spate_close(w->slot->stack, id);
}
