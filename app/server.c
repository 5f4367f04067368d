/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The server: answers HTTP requests with a body of the size it was given, echoes, discards, or
 * hands on what rr.c and stream.c are for. The responses are made once and sent by reference.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pattern.h"
#include "words.h"
#include "work.h"

/* Requests answered ahead of their acknowledgement; who asks for more and reads nothing is reset.
 */
#define PIPELINE_MAX 1024
#define LENT_LEAST   2048 /* bytes: what is shorter goes in one segment or two, which are copies */

/* Head and body; NULL: no memory. `*lent`: it is the engine's, else the heap's. */
static uint8_t *
make_response(struct engine *e, uint32_t size, bool close, uint32_t *len, bool *lent)
{
	char head[256];
	uint32_t head_len = snprintf(head, sizeof(head),
		"HTTP/1.1 200 OK\r\nContent-Length: %u\r\nConnection: %s\r\n\r\n", size,
		close ? "close" : "keep-alive");
	uint8_t *p;

	*len = head_len + size;
	p = *len < LENT_LEAST ? NULL : engine_lend(e, *len);
	*lent = p != NULL;
	if (p == NULL)
		p = malloc(*len);
	if (p == NULL)
		return NULL;
	memcpy(p, head, head_len);
	pattern_fill(p + head_len, 0, size);
	return p;
}

bool
server_make_responses(
	struct engine *e, const struct server_config *conf, uint8_t *response[2], uint32_t len[2])
{
	bool lent[2];

	response[0] = make_response(e, conf->size, false, &len[0], &lent[0]);
	if (response[0] == NULL)
		return false;
	response[1] = make_response(e, conf->size, true, &len[1], &lent[1]);
	if (response[1])
		return true;
	if (!lent[0])
		free(response[0]);
	response[0] = NULL;
	return false;
}

int
server_start(struct work *w, int index, const struct server_config *conf,
	uint8_t *const response[2], const uint32_t response_len[2])
{
	struct work_server *s = &w->server[index];
	int rc;

	if (s->listener >= 0)
		return -EALREADY;
	if (!addr_unspecified(&conf->listen)) {
		rc = spate_add_addresses(w->slot->stack, &conf->listen, &conf->listen);
		if (rc < 0)
			return rc;
	}
	s->conf = conf;
	for (int i = 0; i < 2; i++) {
		s->response[i] = response[i];
		s->response_len[i] = response_len[i];
	}
	rc = spate_listen(
		w->slot->stack, &conf->listen, conf->backlog, SPATE_LISTEN_REUSE_ADDRESS, index);
	if (rc < 0)
		return rc;
	s->listener = rc;
	return 0;
}

void
server_stop(struct work *w, int index)
{
	struct work_server *s = &w->server[index];

	if (s->listener < 0)
		return;
	spate_unlisten(w->slot->stack, s->listener);
	s->listener = -1;
}

void
server_accept(struct work *w, spate_conn id, uint32_t cookie)
{
	w->conn[id] = (struct work_conn){.role = ROLE_SERVER, .owner = cookie};
	w->server[cookie].accepted++;
	w->server[cookie].open++;
}

/* Answer the request whose head is complete; false when the connection is done for. */
static bool
answer(struct work *w, spate_conn id)
{
	struct work_busy *b = &w->busy[id];
	struct work_server *s = &w->server[w->conn[id].owner];
	bool last = http_ends(&b->head);

	/* A request with a body is nothing a generator sends; its bytes would be misread. */
	if ((b->head.flags & (HTTP_BAD | HTTP_CHUNKED)) || b->head.length ||
		b->body_at == PIPELINE_MAX ||
		spate_send_static(w->slot->stack, id, s->response[last], s->response_len[last]) <
			0) {
		spate_abort(w->slot->stack, id);
		return false;
	}
	s->requests++;
	b->body_at++; /* responses not acknowledged yet */
	http_head_start(&b->head);
	if (last)
		spate_close(w->slot->stack, id);
	return !last;
}

uint32_t
server_data(struct work *w, spate_conn id, const uint8_t *data, uint32_t len)
{
	struct work_conn *k = &w->conn[id];
	struct work_busy *b = &w->busy[id];
	uint32_t at = 0;

	/* Zeros are where a head or a preface begins. */
	if (!(k->flags & CONN_HEARD)) {
		k->flags |= CONN_HEARD;
		*b = (struct work_busy){0};
	}
	switch (w->server[k->owner].conf->kind) {
	case SERVER_DISCARD:
	case SERVER_STREAM:
		return stream_serve(w, id, data, len);
	case SERVER_ECHO:
		/* Data stays in the peer's window until its echo is acknowledged: bounded. */
		if (spate_send(w->slot->stack, id, data, len) != (ssize_t)len) {
			spate_abort(w->slot->stack, id);
			return 0;
		}
		b->body_at += len;
		w->server[k->owner].bytes_up += len;
		return 0;
	case SERVER_RR:
		return rr_serve(w, id, data, len);
	case SERVER_HTTP:
		while (at < len) {
			at += http_head_take(&w->request_seen, &b->head, data + at, len - at);
			if ((b->head.flags & HTTP_DONE) && !answer(w, id))
				break;
		}
		return len;
	}
	return len;
}

void
server_sendable(struct work *w, spate_conn id)
{
	struct work_conn *k = &w->conn[id];
	struct work_busy *b = &w->busy[id];

	switch (w->server[k->owner].conf->kind) {
	case SERVER_ECHO:
		spate_consume(w->slot->stack, id, b->body_at);
		w->server[k->owner].bytes_down += b->body_at;
		b->body_at = 0;
		break;
	case SERVER_HTTP:
		b->body_at = 0;
		break;
	case SERVER_RR:
		if (k->phase == PHASE_SERVING)
			b->rr.queued = 0;
		break;
	case SERVER_STREAM:
		stream_sendable(w, id);
		break;
	case SERVER_DISCARD:
		break;
	}
}

void
server_wrong(struct work *w, spate_conn id)
{
	w->server[w->conn[id].owner].wrong++;
	spate_abort(w->slot->stack, id);
}

void
server_peer_fin(struct work *w, spate_conn id)
{
	struct work_conn *k = &w->conn[id];

	if (w->server[k->owner].conf->kind == SERVER_STREAM) {
		stream_serve_fin(w, id);
		return;
	}
	/* The peer will send no more; what it sent before counts as read. */
	if (w->server[k->owner].conf->kind == SERVER_ECHO && (k->flags & CONN_HEARD))
		spate_consume(w->slot->stack, id, w->busy[id].body_at);
	spate_close(w->slot->stack, id);
}

void
server_closed(struct work *w, spate_conn id, int reason)
{
	struct work_server *s = &w->server[w->conn[id].owner];

	s->open--;
	if (s->conf->kind == SERVER_STREAM)
		stream_closed(w, id, reason);
	if (reason == 0)
		s->closed++;
	else
		s->failed++;
}
