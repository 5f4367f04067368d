/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The client: opens connections at its pace, makes its requests, checks what comes back,
 * and closes the way it was told to.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "flow/flow_key.h"
#include "pattern.h"
#include "words.h"
#include "work.h"

/* Connections opened in one turn at the most: a burst's worth. */
#define OPEN_BURST 32
/* Behind the pace by more than this, connections are given up as not attempted. */
#define BEHIND_NS 10000000
/* How long to wait after a connect that failed for lack of a port or room. */
#define PAUSE_NS 1000000

/* Header fields of `len` bytes that say nothing, in lines that any server takes. */
static void
fill_head(char *to, uint32_t len)
{
	static const char name[] = "X-Fill: ";
	const uint32_t full = 1024;

	while (len > 0) {
		uint32_t line = len > full + HTTP_FILL_MIN ? full : len;

		memset(to, '.', line);
		memcpy(to, name, sizeof(name) - 1);
		memcpy(to + line - 2, "\r\n", 2);
		to += line;
		len -= line;
	}
}

uint32_t
client_make_request(const struct client_config *conf, bool last, char out[HTTP_HEAD_MAX])
{
	char to[ENDPOINT_TEXT];
	uint32_t len;

	/* RFC 9110 7.2: the port too, unless it is the default. */
	endpoint_text(&conf->to, to);
	if (ntohs(conf->to.port) == 80)
		*strrchr(to, ':') = '\0';
	len = snprintf(out, HTTP_HEAD_MAX, "GET %s HTTP/1.1\r\nHost: %s\r\n%s", conf->path, to,
		last && conf->close == CLOSE_LAST ? "Connection: close\r\n" : "");
	if (conf->request_size >= len + 2 + HTTP_FILL_MIN) {
		fill_head(out + len, conf->request_size - len - 2);
		len = conf->request_size - 2;
	}
	memcpy(out + len, "\r\n", 2);
	return len + 2;
}

/* What is sent, and where the connections begin that say first what they want. */
static void
make_requests(struct work_client *c)
{
	switch (c->conf->kind) {
	case CLIENT_HTTP:
		for (int last = 0; last < 2; last++)
			c->request_len[last] = client_make_request(c->conf, last, c->request[last]);
		break;
	case CLIENT_RR:
	case CLIENT_HOLD:
		c->request_len[0] = preface_make(
			c->request[0], PREFACE_RR, c->conf->request_size, c->conf->response_size);
		break;
	case CLIENT_STREAM:
		c->request_len[0] = preface_make(c->request[0],
			c->conf->direction == STREAM_BOTH ? PREFACE_BOTH : PREFACE_DOWN,
			c->conf->bytes, 0);
		break;
	case CLIENT_CONNECT_ONLY:
		break;
	}
}

/*
 * Slots that take part: no more than there are connections at once, or connections a
 * second, to share. Of the rest each gets nothing.
 */
static uint64_t
taking_part(const struct work *w, const struct client_config *conf)
{
	uint64_t n = RTE_MIN((uint64_t)w->n_slots, (uint64_t)conf->concurrency);

	return conf->rate == RATE_MAX ? n : RTE_MIN(n, conf->rate);
}

/* This slot's part of `whole`: the first slots take what does not divide. */
static uint64_t
share(const struct work *w, const struct client_config *conf, uint64_t whole)
{
	uint64_t n = taking_part(w, conf), index = w->slot->index;

	return index < n ? whole / n + (index < whole % n) : 0;
}

void
client_set_pace(struct work *w, struct work_client *c)
{
	uint64_t now_ns = spate_now(w->slot->stack);

	/* Who has connections left to open must be able to, or the run would never end. */
	uint64_t least = c->count > 0 && c->count != UINT64_MAX;

	c->concurrency = RTE_MAX(share(w, c->conf, c->conf->concurrency), least);
	c->rate = c->conf->rate;
	if (c->rate != RATE_MAX)
		c->rate = RTE_MAX(share(w, c->conf, c->rate), least);
	/* A share of nothing is no endless pace. */
	c->pause_ns = c->conf->rate != RATE_MAX && c->rate == 0 ? UINT64_MAX : 0;
	c->pace_ns = now_ns;
	c->paced = 0;
}

/*
 * Is a reply to this tuple received by this slot? By hash where the port has one; on a
 * wire of queue pairs it is anyway, and the ports are dealt out so that no two slots open
 * the same tuple: what client_divide() does without asking.
 */
bool
client_mine(const void *ctx, const struct spate_tuple *t)
{
	const struct engine_slot *slot = ctx;

	if (slot->port->steering == PORT_STEER_RSS)
		return engine_queue_of(slot->port, t) == slot->queue;
	return rte_be_to_cpu_16(t->local.port) % slot->port->n_queues == slot->queue;
}

void
client_divide(struct engine_slot *slot, struct spate_source *source)
{
	uint16_t n = slot->port->n_queues;

	if (n == 1)
		return;
	if (slot->port->steering == PORT_STEER_RSS)
		spate_source_filter(source, client_mine, slot);
	else
		spate_source_share(source, slot->queue, n);
}

int
client_start(struct work *w, int index, const struct client_config *conf)
{
	struct work_client *c = &w->client[index];
	int rc;

	if (c->running)
		return -EALREADY;
	c->conf = conf;
	rc = spate_add_addresses(w->slot->stack, &conf->from_first, &conf->from_last);
	if (rc < 0)
		return rc;
	spate_announce(w->slot->stack);
	rc = spate_source_init(w->slot->stack, &c->source, &conf->from_first, &conf->from_last,
		conf->port_first, conf->port_last);
	if (rc < 0)
		return rc;
	client_divide(w->slot, &c->source);
	make_requests(c);
	c->count = conf->count == COUNT_ENDLESS ? UINT64_MAX : share(w, conf, conf->count);
	/* Not to wait for ever for the last of them. */
	if (conf->kind == CLIENT_HOLD && c->count > w->max_conns)
		return -ENOBUFS;
	client_set_pace(w, c);
	c->resolved = c->sweeping = false;
	c->unanswered = true;
	c->sweep_at = 0;
	c->keep_until_ns = 0;
	if (conf->verify_time_wait) {
		rc = verify_start(w, c);
		if (rc < 0)
			return rc;
	}
	c->running = true;
	if (index >= w->clients_end)
		w->clients_end = index + 1;
	return 0;
}

/* How many connections the pace asks for now. */
static uint64_t
due(struct work *w, struct work_client *c)
{
	uint64_t by_now;

	if (c->rate == RATE_MAX)
		return UINT64_MAX;
	by_now = (unsigned __int128)(w->now_ns - c->pace_ns) * c->rate / 1000000000;
	if (by_now <= c->paced)
		return 0;

	/* What could not be opened in time is not made up for: it would no longer be this rate. */
	uint64_t behind = (unsigned __int128)BEHIND_NS * c->rate / 1000000000 + OPEN_BURST;

	if (by_now - c->paced > behind) {
		uint64_t missed = by_now - c->paced - behind;

		c->not_attempted += missed;
		c->paced += missed;
	}
	return by_now - c->paced;
}

static bool
open_one(struct work *w, struct work_client *c, uint8_t index)
{
	spate_conn id;
	int rc = spate_connect(w->slot->stack, &c->source, &c->conf->to, &id);

	if (rc < 0) {
		/* A search cut short goes on at once; for the rest something must end first. */
		if (rc != -EAGAIN)
			c->pause_ns = w->now_ns + PAUSE_NS;
		return false;
	}
	w->conn[id] = (struct work_conn){
		.role = ROLE_CLIENT,
		.owner = index,
	};
	/* It is on no list as long as it is not established: its links are free for the time. */
	spate_set_user(w->slot->stack, id, w->now_ns / 1000);
	c->attempted++;
	c->connecting += c->conf->kind == CLIENT_HOLD;
	c->open++;
	c->paced++;
	if (c->count != UINT64_MAX)
		c->count--;
	return true;
}

bool
client_poll(struct work *w, struct work_client *c, uint8_t index)
{
	uint64_t n;

	if (c->conf->verify_time_wait)
		return verify_poll(w, c, index);
	if (w->now_ns < c->pause_ns || c->count == 0)
		return false;
	if (!c->resolved) {
		int rc = spate_resolve(w->slot->stack, &c->conf->to);

		if (rc == -EAGAIN)
			return false;
		/* No answer: go on, so that the connections' ends say so. */
		c->resolved = true;
		c->unanswered = rc < 0;
		client_set_pace(w, c);
	}
	n = due(w, c);
	n = RTE_MIN(n, OPEN_BURST);
	n = RTE_MIN(n, c->count);
	n = RTE_MIN(n, c->concurrency > c->open ? c->concurrency - c->open : 0);
	if (c->conf->kind == CLIENT_HOLD)
		n = RTE_MIN(n, hold_room(c));
	for (uint64_t i = 0; i < n; i++)
		if (!open_one(w, c, index))
			return i > 0;
	return n > 0;
}

void
client_starved(struct work *w, spate_conn id)
{
	w->conn[id].phase = PHASE_STARVED;
	spate_abort(w->slot->stack, id);
}

static void
send_request(struct work *w, spate_conn id)
{
	struct work_conn *k = &w->conn[id];
	struct work_busy *b = &w->busy[id];
	struct work_client *c = &w->client[k->owner];
	int last = --b->requests == 0;

	k->phase = PHASE_HEAD;
	b->body_at = 0;
	b->started_us = work_now_us(w);
	http_head_start(&b->head);
	if (spate_send_static(w->slot->stack, id, c->request[last], c->request_len[last]) < 0)
		client_starved(w, id);
}

void
client_close_own_way(struct work *w, spate_conn id)
{
	w->conn[id].phase = PHASE_DONE;
	switch (w->client[w->conn[id].owner].conf->close) {
	case CLOSE_FIRST:
		spate_close(w->slot->stack, id);
		break;
	case CLOSE_RESET:
		spate_abort(w->slot->stack, id);
		break;
	case CLOSE_LAST:
		break; /* the peer's FIN will come */
	}
}

void
client_established(struct work *w, spate_conn id)
{
	struct work_client *c = &w->client[w->conn[id].owner];
	uint32_t began_us = spate_get_user(w->slot->stack, id);

	c->established++;
	histogram_record(&c->handshake_ns, (uint64_t)(work_now_us(w) - began_us) * 1000);
	switch (c->conf->kind) {
	case CLIENT_HTTP:
		w->busy[id].requests = c->conf->requests;
		send_request(w, id);
		break;
	case CLIENT_CONNECT_ONLY:
		client_close_own_way(w, id);
		break;
	case CLIENT_RR:
		rr_established(w, id);
		break;
	case CLIENT_STREAM:
		stream_established(w, id);
		break;
	case CLIENT_HOLD:
		hold_established(w, id);
		break;
	}
}

void
client_count_response(struct work *w, spate_conn id)
{
	struct work_client *c = &w->client[w->conn[id].owner];

	c->requests++;
	histogram_record(
		&c->response_ns, (uint64_t)(work_now_us(w) - w->busy[id].started_us) * 1000);
}

void
client_bad(struct work *w, spate_conn id)
{
	w->conn[id].phase = PHASE_BAD;
	spate_abort(w->slot->stack, id);
}

static void
response_complete(struct work *w, spate_conn id)
{
	struct work_conn *k = &w->conn[id];
	const struct work_busy *b = &w->busy[id];
	struct work_client *c = &w->client[k->owner];

	if (c->conf->size >= 0 && b->body_at != (uint64_t)c->conf->size) {
		client_bad(w, id);
		return;
	}
	client_count_response(w, id);
	if (b->requests > 0)
		send_request(w, id);
	else
		client_close_own_way(w, id);
}

/* The head is there: is it a response we can use? */
static bool
head_good(const struct http_head *h)
{
	return !(h->flags & (HTTP_BAD | HTTP_CHUNKED)) && h->status == 200 &&
	       ((h->flags & HTTP_HAS_LENGTH) || http_ends(h));
}

static uint32_t
http_data(struct work *w, spate_conn id, const uint8_t *data, uint32_t len)
{
	struct work_conn *k = &w->conn[id];
	struct work_busy *b = &w->busy[id];
	uint32_t at = 0;

	if (k->phase == PHASE_HEAD) {
		at = http_head_take(&w->response_seen, &b->head, data, len);
		if (!(b->head.flags & HTTP_DONE))
			return len;
		if (!head_good(&b->head)) {
			client_bad(w, id);
			return len;
		}
		k->phase = PHASE_BODY;
	}
	if (k->phase != PHASE_BODY) {
		/* Bytes after the response, or none asked for: not the server we were told of. */
		client_bad(w, id);
		return len;
	}

	uint32_t n = len - at;

	if ((b->head.flags & HTTP_HAS_LENGTH) && n > b->head.length - b->body_at) {
		client_bad(w, id);
		return len;
	}
	if (w->client[k->owner].conf->verify && !pattern_check(data + at, b->body_at, n)) {
		client_bad(w, id);
		return len;
	}
	b->body_at += n;
	w->client[k->owner].bytes_down += n;
	if ((b->head.flags & HTTP_HAS_LENGTH) && b->body_at == b->head.length)
		response_complete(w, id);
	return len;
}

uint32_t
client_data(struct work *w, spate_conn id, const uint8_t *data, uint32_t len)
{
	switch (w->client[w->conn[id].owner].conf->kind) {
	case CLIENT_HTTP:
		return http_data(w, id, data, len);
	case CLIENT_RR:
	case CLIENT_HOLD:
		return rr_data(w, id, data, len);
	case CLIENT_STREAM:
		return stream_data(w, id, data, len);
	case CLIENT_CONNECT_ONLY:
		break;
	}
	client_bad(w, id);
	return len;
}

void
client_sendable(struct work *w, spate_conn id)
{
	if (w->client[w->conn[id].owner].conf->kind == CLIENT_STREAM)
		stream_sendable(w, id);
}

void
client_no_turn(struct work *w, spate_conn id)
{
	struct work_conn *k = &w->conn[id];

	if (k->flags & CONN_LISTED)
		conn_list_remove(&w->client[k->owner].waiting, w->slot->stack, id);
	k->flags &= ~CONN_LISTED;
}

void
client_peer_fin(struct work *w, spate_conn id)
{
	struct work_conn *k = &w->conn[id];
	const struct work_busy *b = &w->busy[id];
	const struct client_config *conf = w->client[k->owner].conf;

	if (conf->kind == CLIENT_STREAM) {
		stream_peer_fin(w, id);
		return;
	}
	/* A body without a length ends with the connection. */
	if (k->phase == PHASE_BODY && !(b->head.flags & HTTP_HAS_LENGTH) && b->requests == 0 &&
		(conf->size < 0 || b->body_at == (uint64_t)conf->size)) {
		client_count_response(w, id);
		k->phase = PHASE_DONE;
	}
	client_no_turn(w, id);
	spate_close(w->slot->stack, id);
}

void
client_closed(struct work *w, spate_conn id, int reason)
{
	struct work_conn *k = &w->conn[id];
	struct work_client *c = &w->client[k->owner];
	bool own_reset = c->conf->close == CLOSE_RESET && reason == -ECONNABORTED;

	c->open--;
	if (c->conf->kind == CLIENT_STREAM)
		stream_closed(w, id, reason);
	else
		client_no_turn(w, id);
	if (c->conf->kind == CLIENT_HOLD)
		hold_closed(w, id);
	if (k->phase == PHASE_DONE && (reason == 0 || own_reset))
		c->closed++;
	else if (w->stopping && k->phase < PHASE_BAD && (reason == 0 || reason == -ECONNABORTED))
		c->aborted++;
	else if (reason == -ECONNREFUSED)
		c->failed[FAILED_REFUSED]++;
	else if (reason == -ETIMEDOUT || reason == -EHOSTUNREACH || reason == -ENETUNREACH)
		c->failed[FAILED_TIMED_OUT]++;
	else if (k->phase == PHASE_BAD)
		c->failed[FAILED_RESPONSE]++;
	else if (k->phase == PHASE_STARVED)
		c->failed[FAILED_NO_ROOM]++;
	else if (reason == 0)
		c->failed[FAILED_EARLY]++;
	else
		c->failed[FAILED_RESET]++;
}
