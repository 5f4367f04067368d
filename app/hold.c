/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hold: many connections, open at once, that say little: `open-at-once` of them are opened,
 * kept for a time or until the client stops, and closed; with `every`, each exchanges a request
 * and a response (rr.c) from time to time, with `verify` each has to answer one at the end.
 *
 * There may be tens of millions. A connection has its work_conn and, as long as it was never asked
 * anything, nothing else; those that wait for `every` are a queue (conn_list.h), all others are on
 * no list. The end goes over the table from one side to the other, a part each turn. So many are
 * opened, or ended, at once as a peer's queues can take: who is faster than the answers loses
 * segments.
 */
#include "work.h"

/* Handshakes under way at the most, and connections that end. */
#define OPENING_MAX 1024
#define ENDING_MAX  1024
/* In one turn: records looked at, connections ended. */
#define LOOK_MANY 512
#define END_MANY  32

uint64_t
hold_room(const struct work_client *c)
{
	return c->connecting < OPENING_MAX ? OPENING_MAX - c->connecting : 0;
}

static void
end_one(struct work *w, spate_conn id)
{
	struct work_conn *k = &w->conn[id];
	struct work_client *c = &w->client[k->owner];

	k->flags |= CONN_LAST;
	c->ending++;
	client_no_turn(w, id);
	/* Asked already: the answer to that is the last one then. */
	if (k->phase == PHASE_ASKED)
		return;
	if (c->conf->verify)
		rr_ask(w, id);
	else
		client_close_own_way(w, id);
}

/* Back to silence. */
static void
rest(struct work *w, spate_conn id)
{
	uint64_t every_ns = w->client[w->conn[id].owner].conf->every_ns;

	w->conn[id].phase = PHASE_WAITING;
	if (every_ns)
		rr_wait(w, id, every_ns);
}

void
hold_established(struct work *w, spate_conn id)
{
	struct work_conn *k = &w->conn[id];
	struct work_client *c = &w->client[k->owner];

	c->connecting--;
	c->held++;
	if (c->held > c->held_max)
		c->held_max = c->held;
	rest(w, id);
	/* The end has gone by. */
	if (c->sweeping)
		end_one(w, id);
}

void
hold_answered(struct work *w, spate_conn id)
{
	struct work_conn *k = &w->conn[id];

	if (!(k->flags & CONN_LAST)) {
		rest(w, id);
		return;
	}
	w->client[k->owner].answered++;
	client_close_own_way(w, id);
}

void
hold_closed(struct work *w, spate_conn id)
{
	struct work_conn *k = &w->conn[id];
	struct work_client *c = &w->client[k->owner];

	if (k->phase == PHASE_CONNECTING)
		c->connecting--;
	else
		c->held--;
	if (k->flags & CONN_LAST)
		c->ending--;
}

/* Is it time to end them? The time counts from when all are open, or have failed to. */
static bool
over(struct work *w, struct work_client *c)
{
	if (!c->running)
		return true;
	if (c->conf->keep_ns == 0 || c->count > 0 || c->connecting > 0)
		return false;
	if (c->keep_until_ns == 0)
		c->keep_until_ns = w->now_ns + c->conf->keep_ns;
	return w->now_ns >= c->keep_until_ns;
}

bool
hold_poll(struct work *w, struct work_client *c, uint8_t index)
{
	uint32_t ended = 0;

	if (!c->sweeping && !over(w, c))
		return false;
	c->sweeping = true;
	for (int i = 0; i < LOOK_MANY && c->sweep_at < w->max_conns; i++) {
		const struct work_conn *k = &w->conn[c->sweep_at];

		if (ended == END_MANY || c->ending >= ENDING_MAX)
			return ended > 0;
		if (k->role == ROLE_CLIENT && k->owner == index && !(k->flags & CONN_LAST) &&
			(k->phase == PHASE_WAITING || k->phase == PHASE_ASKED)) {
			end_one(w, c->sweep_at);
			ended++;
		}
		c->sweep_at++;
	}
	return c->sweep_at < w->max_conns || ended > 0;
}
