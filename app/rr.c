/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rr: requests and responses of given sizes by turns, with a pause between them. The client
 * says in its first line what it wants (preface.h); from there on both ways carry the pattern,
 * position by position, so whichever message a byte is in, it is known.
 *
 * Client: established -> ask -> response complete -> ask, or wait `think` first. All of a
 * client's connections wait for as long, so those that wait are a queue in the order in
 * which their times come.
 */
#include <errno.h>

#include "pattern.h"
#include "work.h"

/* Connections that ask in one turn at the most. */
#define ASK_BURST 32
/* Responses not acknowledged; who asks for more and reads nothing is reset. */
#define QUEUED_MAX (64u << 20)
#define ENDLESS    UINT32_MAX

static uint32_t
forward(uint32_t at, uint32_t len)
{
	return (at + len) % PATTERN_PERIOD;
}

/* Requests that a client's connection has to make. */
static uint32_t
first_left(const struct client_config *conf)
{
	return conf->kind == CLIENT_RR && conf->requests ? conf->requests : ENDLESS;
}

void
rr_ask(struct work *w, spate_conn id)
{
	struct work_conn *k = &w->conn[id];
	struct rr_conn *r = &w->busy[id].rr;
	struct work_client *c = &w->client[k->owner];
	int rc = 0;

	if (!(k->flags & CONN_BEGUN)) {
		*r = (struct rr_conn){.left = first_left(c->conf)};
		if (!c->conf->plain)
			rc = spate_send_static(
				w->slot->stack, id, c->request[0], c->request_len[0]);
	}
	if (rc == 0)
		rc = work_send_pattern(w, id, r->sent_at, c->conf->request_size);
	/* The end of the run has closed it while it waited. */
	if (rc == -EPIPE)
		return;
	if (rc < 0) {
		client_starved(w, id);
		return;
	}
	k->flags |= CONN_BEGUN;
	k->phase = PHASE_ASKED;
	w->busy[id].started_us = work_now_us(w);
	r->sent_at = forward(r->sent_at, c->conf->request_size);
	r->to_receive = c->conf->response_size;
}

void
rr_wait(struct work *w, spate_conn id, uint64_t ns)
{
	struct work_conn *k = &w->conn[id];

	k->phase = PHASE_WAITING;
	w->busy[id].started_us = work_now_us(w) + ns / 1000;
	k->flags |= CONN_LISTED;
	conn_list_append(&w->client[k->owner].waiting, w->slot->stack, id);
}

void
rr_established(struct work *w, spate_conn id)
{
	rr_ask(w, id);
}

static void
response_complete(struct work *w, spate_conn id)
{
	struct work_conn *k = &w->conn[id];
	struct rr_conn *r = &w->busy[id].rr;
	struct work_client *c = &w->client[k->owner];

	client_count_response(w, id);
	if (c->conf->kind == CLIENT_HOLD) {
		hold_answered(w, id);
		return;
	}
	if (r->left != ENDLESS)
		r->left--;
	/* What has no end of its own ends when its client stops. */
	if (r->left == 0 || (r->left == ENDLESS && !c->running))
		client_close_own_way(w, id);
	else if (c->conf->think_ns)
		rr_wait(w, id, c->conf->think_ns);
	else
		rr_ask(w, id);
}

uint32_t
rr_data(struct work *w, spate_conn id, const uint8_t *data, uint32_t len)
{
	struct work_conn *k = &w->conn[id];
	struct rr_conn *r = &w->busy[id].rr;
	const struct client_config *conf = w->client[k->owner].conf;

	/* Who only holds does not listen. */
	if (conf->kind == CLIENT_HOLD && !conf->verify && !conf->every_ns)
		return len;
	/* No more than was asked for, and nothing unasked. */
	if (k->phase != PHASE_ASKED || len > r->to_receive ||
		(conf->verify && !pattern_check_again(data, r->received_at, len))) {
		client_bad(w, id);
		return len;
	}
	r->received_at = forward(r->received_at, len);
	r->to_receive -= len;
	if (r->to_receive == 0)
		response_complete(w, id);
	return len;
}

bool
rr_poll(struct work *w, struct work_client *c)
{
	int n = 0;

	/* hold: each is asked at the end that has begun. */
	if (c->sweeping)
		return false;
	for (; n < ASK_BURST && !conn_list_empty(&c->waiting); n++) {
		spate_conn id = c->waiting.first;
		const struct work_busy *b = &w->busy[id];
		bool ends = !c->running && c->conf->kind == CLIENT_RR && b->rr.left == ENDLESS;

		if (!ends && (int32_t)((uint32_t)(w->now_ns / 1000) - b->started_us) < 0)
			break;
		conn_list_remove(&c->waiting, w->slot->stack, id);
		w->conn[id].flags &= ~CONN_LISTED;
		if (ends)
			client_close_own_way(w, id);
		else
			rr_ask(w, id);
	}
	return n > 0;
}

/* ---- the server's side */

/* The client has said what it wants; false: not in these words, or not these sizes. */
static bool
begin(struct work_busy *b)
{
	struct preface p = b->preface;

	if (p.bad || p.kind != PREFACE_RR)
		return false;
	for (int i = 0; i < 2; i++)
		if (p.number[i] == 0 || p.number[i] > RR_SIZE_MAX)
			return false;
	b->rr = (struct rr_conn){
		.request_size = p.number[0],
		.to_receive = p.number[0],
		.response_size = p.number[1],
	};
	return true;
}

/*
 * Take the requests in `len` bytes. Returns the bytes of responses that are due, or -1: they are
 * not the pattern, or there is too much to answer.
 */
static int64_t
take_requests(struct work_server *s, struct rr_conn *r, const uint8_t *data, uint32_t len)
{
	int64_t due = 0;

	if (s->conf->verify && !pattern_check_again(data, r->received_at, len))
		return -1;
	r->received_at = forward(r->received_at, len);
	while (len >= r->to_receive) {
		len -= r->to_receive;
		r->to_receive = r->request_size;
		due += r->response_size;
		s->requests++;
		if (r->queued + due > QUEUED_MAX)
			return -1;
	}
	r->to_receive -= len;
	return due;
}

uint32_t
rr_serve(struct work *w, spate_conn id, const uint8_t *data, uint32_t len)
{
	struct work_conn *k = &w->conn[id];
	struct work_busy *b = &w->busy[id];
	uint32_t at = 0;
	int64_t due;

	if (k->phase == PHASE_PREFACE) {
		at = preface_parse(&b->preface, data, len);
		if (!b->preface.done)
			return len;
		if (!begin(b)) {
			server_wrong(w, id);
			return len;
		}
		k->phase = PHASE_SERVING;
	}
	due = take_requests(&w->server[k->owner], &b->rr, data + at, len - at);
	if (due < 0) {
		server_wrong(w, id);
	} else if (work_send_pattern(w, id, b->rr.sent_at, due) < 0) {
		spate_abort(w->slot->stack, id);
	} else {
		b->rr.sent_at = forward(b->rr.sent_at, due);
		b->rr.queued += due;
	}
	return len;
}
