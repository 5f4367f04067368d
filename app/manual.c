/* SPDX-License-Identifier: BSD-3-Clause */
/* The main lcore's half of manual connections: numbers, and telling what happens. */
#include "manual.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ring_elem.h>

#include "app.h"
#include "run.h"
#include "words.h"

#define RING_EVENTS 1024 /* of a slot */
#define PENDING_MAX 4096 /* taken from the rings, not told yet */

struct manual {
	uint32_t last; /* number given */
	struct manual_conn conn[MANUAL_CONNS_MAX];
	struct manual_listener listener[MANUAL_LISTENERS_MAX];
	struct manual_slot slot[ENGINE_SLOTS_MAX];
	uint64_t lost_told[ENGINE_SLOTS_MAX], turned_away_told[ENGINE_SLOTS_MAX];
	uint32_t n_pending;
	struct manual_event pending[PENDING_MAX]; /* in the order of time */
};

/* ---- life */

static bool
attach(struct app *a)
{
	struct manual *m = a->manual;

	for (uint16_t i = 0; i < a->engine.n_slots; i++) {
		char name[RTE_RING_NAMESIZE];
		struct manual_order o = {.attach.slot = &m->slot[i]};

		snprintf(name, sizeof(name), "manual_%u", i);
		m->slot[i].events = rte_ring_create_elem(name, sizeof(struct manual_event),
			RING_EVENTS, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
		if (m->slot[i].events == NULL)
			return false;
		engine_call(&a->engine.slot[i], manual_order_attach, &o);
	}
	return true;
}

bool
manual_ready(struct app *a)
{
	if (!run_ready(a))
		return false;
	if (a->manual)
		return true;
	a->manual = calloc(1, sizeof(*a->manual));
	if (a->manual && attach(a))
		return true;
	wrong("no memory for connections made by hand");
	a->failed = true;
	return false;
}

void
manual_free(struct app *a)
{
	if (a->manual == NULL)
		return;
	for (uint16_t i = 0; i < ENGINE_SLOTS_MAX; i++)
		rte_ring_free(a->manual->slot[i].events);
	free(a->manual);
	a->manual = NULL;
}

/* ---- connections and listeners */

struct manual_conn *
manual_conn(struct app *a, uint32_t number)
{
	struct manual_conn *c;

	if (a->manual == NULL)
		return NULL;
	c = &a->manual->conn[number % MANUAL_CONNS_MAX];
	return number && c->number == number ? c : NULL;
}

struct manual_conn *
manual_next(struct app *a, uint32_t number)
{
	struct manual_conn *next = NULL;

	for (uint32_t i = 0; a->manual && i < MANUAL_CONNS_MAX; i++) {
		struct manual_conn *c = &a->manual->conn[i];

		if (c->number > number && (next == NULL || c->number < next->number))
			next = c;
	}
	return next;
}

struct manual_conn *
manual_add(struct app *a, uint16_t slot, const struct manual_order *o, uint8_t flags)
{
	struct manual *m = a->manual;

	/* The next number whose place is free, or of one whose end has been told. */
	for (uint32_t i = 1; i <= MANUAL_CONNS_MAX; i++) {
		struct manual_conn *c = &m->conn[(m->last + i) % MANUAL_CONNS_MAX];

		if (c->number && !c->over)
			continue;
		m->last += i;
		*c = (struct manual_conn){
			.number = m->last,
			.slot = slot,
			.flags = flags,
			.conn = o->conn,
			.serial = o->serial,
			.tuple = o->tuple,
		};
		return c;
	}
	return NULL;
}

static struct manual_conn *
find(struct manual *m, const struct manual_event *e)
{
	for (uint32_t i = 0; i < MANUAL_CONNS_MAX; i++) {
		struct manual_conn *c = &m->conn[i];

		if (c->number && !c->over && c->slot == e->slot && c->serial == e->serial)
			return c;
	}
	return NULL;
}

struct manual_listener *
manual_listener_free(struct app *a, uint32_t *index)
{
	for (*index = 0; *index < MANUAL_LISTENERS_MAX; (*index)++)
		if (!a->manual->listener[*index].used)
			return &a->manual->listener[*index];
	return NULL;
}

struct manual_listener *
manual_listener_find(struct app *a, int port, const struct spate_addr *local)
{
	for (uint32_t i = 0; a->manual && i < MANUAL_LISTENERS_MAX; i++) {
		struct manual_listener *l = &a->manual->listener[i];

		if (l->used && (port < 0 || l->port == port) && l->local.port == local->port &&
			addr_compare(&l->local, local) == 0)
			return l;
	}
	return NULL;
}

void
manual_do(struct app *a, struct manual_conn *c,
	void (*order)(struct engine_slot *slot, void *order), struct manual_order *o)
{
	o->conn = c->conn;
	o->serial = c->serial;
	o->tuple = c->tuple;
	o->ended = false;
	engine_call(&a->engine.slot[c->slot], order, o);
}

enum spate_state
manual_state(struct app *a, struct manual_conn *c)
{
	struct manual_order o;

	manual_do(a, c, manual_order_show, &o);
	return o.rc == 0 ? o.show.info.state : SPATE_CLOSED;
}

const char *
manual_reason(int reason)
{
	switch (reason) {
	case 0:
		return "closed";
	case -ECONNRESET:
		return "reset by the peer";
	case -ECONNREFUSED:
		return "refused";
	case -ETIMEDOUT:
		return "timed out";
	case -EHOSTUNREACH:
		return "timed out: host unreachable";
	case -ENETUNREACH:
		return "timed out: network unreachable";
	case -ECONNABORTED:
		return "aborted";
	default:
		return strerror(-reason);
	}
}

/* ---- telling */

/* Data as it can be printed: one line, printable, and cut. */
static void
print_text(const uint8_t *text, uint32_t len)
{
	uint32_t n = len < MANUAL_TEXT ? len : MANUAL_TEXT;

	putchar('"');
	for (uint32_t i = 0; i < n; i++) {
		if (text[i] == '\n')
			printf("\\n");
		else if (text[i] == '\r')
			printf("\\r");
		else if (text[i] == '\t')
			printf("\\t");
		else if (text[i] == '"' || text[i] == '\\')
			printf("\\%c", text[i]);
		else if (text[i] < ' ' || text[i] > '~')
			printf("\\x%02x", text[i]);
		else
			putchar(text[i]);
	}
	printf("\"%s", n < len ? "..." : "");
}

static void
take_numbers(struct manual_conn *c, const struct manual_event *e)
{
	c->begun = true;
	c->timestamps = e->timestamps;
	c->iss = e->iss;
	c->irs = e->irs;
	c->ts_offset = e->ts_offset;
	c->ts_recent = e->ts_recent;
}

/* A number for who was accepted; too many, and it is reset. */
static struct manual_conn *
accepted(struct app *a, const struct manual_event *e)
{
	struct manual_order o = {.conn = e->conn, .serial = e->serial, .tuple = e->tuple};
	struct manual_conn *c = manual_add(a, e->slot, &o, e->flags);
	char remote[ENDPOINT_TEXT], local[ENDPOINT_TEXT];

	endpoint_text(&e->tuple.remote, remote);
	endpoint_text(&e->tuple.local, local);
	if (c == NULL) {
		engine_call(&a->engine.slot[e->slot], manual_order_abort, &o);
		printf("tcp: accepted from %s and reset: %d connections are open\n", remote,
			MANUAL_CONNS_MAX);
		return NULL;
	}
	c->passive = true;
	take_numbers(c, e);
	printf("tcp %u: accepted from %s on %s\n", c->number, remote, local);
	return c;
}

static void
tell_closed(struct app *a, struct manual_conn *c, const struct manual_event *e)
{
	c->over = true;
	c->reason = e->reason;
	if (c->forgotten)
		return;
	printf("tcp %u: %s%s\n", c->number, manual_reason(e->reason),
		manual_state(a, c) == SPATE_TIME_WAIT ? ", in TIME_WAIT" : "");
}

static void
tell_one(struct app *a, struct manual_conn *c, const struct manual_event *e)
{
	if (e->kind == MANUAL_ACCEPTED) {
		accepted(a, e);
		return;
	}
	if (c == NULL)
		return; /* accepted and reset for lack of a number */
	switch ((enum manual_kind)e->kind) {
	case MANUAL_ESTABLISHED:
		take_numbers(c, e);
		printf("tcp %u: established\n", c->number);
		break;
	case MANUAL_DATA:
		printf("tcp %u: data, %u byte%s%s: ", c->number, e->len, e->len == 1 ? "" : "s",
			e->flags & MANUAL_HOLD ? ", not read" : "");
		print_text(e->text, e->len);
		printf("\n");
		break;
	case MANUAL_FIN:
		printf("tcp %u: FIN from the peer\n", c->number);
		break;
	case MANUAL_CLOSED:
		tell_closed(a, c, e);
		break;
	case MANUAL_ACCEPTED:
		break;
	}
}

/* An end that was lost with other events must not hold its number for ever. */
static void
look_for_the_lost(struct app *a, uint16_t slot)
{
	for (uint32_t i = 0; i < MANUAL_CONNS_MAX; i++) {
		struct manual_conn *c = &a->manual->conn[i];
		struct manual_order o;

		if (c->number == 0 || c->over || c->slot != slot)
			continue;
		manual_do(a, c, manual_order_show, &o);
		c->over = o.rc < 0 || o.show.info.state == SPATE_TIME_WAIT;
	}
}

/* Whether there was anything to say. */
static bool
tell_lost(struct app *a)
{
	struct manual *m = a->manual;
	bool any = false;

	for (uint16_t i = 0; i < a->engine.n_slots; i++) {
		uint64_t lost = m->slot[i].lost - m->lost_told[i];
		uint64_t away = m->slot[i].turned_away - m->turned_away_told[i];

		m->lost_told[i] += lost;
		m->turned_away_told[i] += away;
		any |= lost || away;
		if (away)
			printf("tcp: %llu connections accepted and reset: too many at once\n",
				(unsigned long long)away);
		if (lost) {
			printf("tcp: %llu events lost: too many at once\n",
				(unsigned long long)lost);
			look_for_the_lost(a, i);
		}
	}
	return any;
}

/* Take what the slots have to say, up to what can be kept, in the order of time. */
static void
collect(struct app *a)
{
	struct manual *m = a->manual;

	for (uint16_t i = 0; i < a->engine.n_slots; i++) {
		struct manual_event e;

		while (m->n_pending < PENDING_MAX &&
			rte_ring_sc_dequeue_elem(m->slot[i].events, &e, sizeof(e)) == 0) {
			uint32_t at = m->n_pending++;

			e.slot = i;
			for (; at > 0 && m->pending[at - 1].at_ns > e.at_ns; at--)
				m->pending[at] = m->pending[at - 1];
			m->pending[at] = e;
		}
	}
}

static void
tell_pending(struct app *a, uint32_t i, struct manual_conn *c)
{
	struct manual *m = a->manual;
	struct manual_event e = m->pending[i];

	m->n_pending--;
	memmove(&m->pending[i], &m->pending[i + 1], (m->n_pending - i) * sizeof(e));
	tell_one(a, c, &e);
}

uint32_t
manual_tell(struct app *a, uint32_t number, uint32_t until)
{
	struct manual *m = a->manual;
	bool only = number && a->in_file;
	uint32_t told = 0;

	if (m == NULL)
		return 0;
	collect(a);
	for (uint32_t i = 0; i < m->n_pending && !(told & until);) {
		struct manual_conn *c = find(m, &m->pending[i]);
		bool meant = number == 0 || (c && c->number == number);
		uint32_t kind = m->pending[i].kind;

		if (only && !meant) {
			i++;
			continue;
		}
		tell_pending(a, i, c);
		told |= meant ? 1u << kind : 0;
	}
	tell_lost(a);
	fflush(stdout);
	return told;
}

bool
manual_tell_accepted(struct app *a)
{
	struct manual *m = a->manual;

	if (m == NULL)
		return false;
	collect(a);
	for (uint32_t i = 0; i < m->n_pending; i++) {
		if (m->pending[i].kind != MANUAL_ACCEPTED)
			continue;
		tell_pending(a, i, NULL);
		fflush(stdout);
		return true;
	}
	return false;
}

bool
manual_untold(struct app *a)
{
	struct manual *m = a->manual;

	if (m == NULL)
		return false;
	collect(a);
	if (m->n_pending)
		return true;
	for (uint16_t i = 0; i < a->engine.n_slots; i++)
		if (m->slot[i].lost != m->lost_told[i] ||
			m->slot[i].turned_away != m->turned_away_told[i])
			return true;
	return false;
}
