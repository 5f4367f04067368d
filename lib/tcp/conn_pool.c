/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records: taken, ended, given back. A connection that was opened passes through
 * finish() exactly once, which is where the sums of the report come from.
 */
#include <errno.h>
#include <string.h>

#include "tcp/auth.h"
#include "tcp/reassembly.h"
#include "tcp/recovery.h"

static struct tcp_conn *
take(struct tcp *t)
{
	uint32_t index = t->free_head;

	if (index != TCP_READY_NONE)
		t->free_head = t->conns[index].ready_next;
	else if (t->untouched < t->max_conns)
		index = t->untouched++;
	else
		return NULL;

	struct tcp_conn *c = &t->conns[index];

	*c = (struct tcp_conn){.snd_tail = TCP_CHUNK_NONE, .extra = TCP_EXTRA_NONE};
	return c;
}

struct tcp_conn *
tcp_conn_new(struct tcp *t, const struct flow_key *key, uint64_t hash, enum spate_state state,
	uint16_t hop, uint32_t instead)
{
	struct tcp_conn *c = take(t);

	if (c == NULL)
		return NULL;

	uint32_t index = tcp_conn_index(t, c);
	int rc = 0;

	c->key = *key;
	if (instead == CONN_TABLE_NONE)
		rc = conn_table_insert(&t->table, hash, index);
	else
		rc = conn_table_replace(&t->table, hash, instead, index);
	if (rc < 0) {
		memset(&c->key, 0, sizeof(c->key));
		c->ready_next = t->free_head;
		t->free_head = index;
		return NULL;
	}
	c->state = state;
	c->options = (t->conf.keepalive ? TCP_O_KEEPALIVE : 0) | (t->conf.sack ? TCP_O_SACK : 0);
	c->congestion = t->conf.congestion;
	c->no_delay = t->conf.no_delay;
	tcp_user_timeout_begin(t, c);
	c->hop = hop;
	t->ip->neigh.entry[hop].refs++;
	addr6_hold(&t->ip->peers6, key->raddr);
	t->state_count[state]++;
	t->in_use++;
	return c;
}

void
tcp_set_state(struct tcp *t, struct tcp_conn *c, enum spate_state state)
{
	t->state_count[c->state]--;
	t->state_count[state]++;
	c->state = state;
}

/* Everything the record holds is let go; the record itself waits for tcp_bury(). */
static void
release(struct tcp *t, struct tcp_conn *c)
{
	wheel_cancel(&t->wheel, tcp_conn_index(t, c));
	tcp_send_clear(t, c);
	if (c->extra != TCP_EXTRA_NONE) {
		tcp_reassembly_clear(t, c);
		tcp_rack_clear(t, c);
		tcp_extra_give_back(t, c);
	}
	if (c->options & TCP_O_AUTH)
		tcp_auth_end(t, c);
	t->ip->neigh.entry[c->hop].refs--;
	addr6_let_go(&t->ip->peers6, c->key.raddr);
	t->state_count[c->state]--;
	t->in_use--;
	c->state = SPATE_CLOSED;
	/* A cleared key is what makes conn_table_confirm() see that the record is gone. */
	memset(&c->key, 0, sizeof(c->key));
	if (c->flags & TCP_F_READY)
		return; /* output.c takes it off its list and buries it */
	c->ready_next = t->grave_head;
	t->grave_head = tcp_conn_index(t, c);
}

static void
leave_table(struct tcp *t, struct tcp_conn *c)
{
	uint64_t hash = conn_table_hash(&t->table, &c->key);
	uint32_t index = tcp_conn_index(t, c);

	if (c->flags & TCP_F_OVER_TW) {
		t->tw.records[c->over_tw].flags &= ~TIMEWAIT_CHILD;
		conn_table_replace(&t->table, hash, index, c->over_tw | CONN_TABLE_SPACE);
	} else {
		conn_table_remove(&t->table, hash, index);
	}
}

static enum spate_counter
counter_of(int reason)
{
	switch (reason) {
	case 0:
		return SPATE_CLOSED_IN_ORDER;
	case -ETIMEDOUT:
	case -ENETUNREACH:
	case -EHOSTUNREACH:
		return SPATE_TIMED_OUT;
	case -ECONNREFUSED:
		return SPATE_REFUSED;
	default:
		return SPATE_RESET;
	}
}

static void
finish(struct tcp *t, struct tcp_conn *c, int reason)
{
	if (c->flags & TCP_F_OPENED) {
		spate_count(t->counters, counter_of(reason));
		if (reason == -ECONNRESET)
			spate_count(t->counters, SPATE_RESET_BY_PEER);
		/* Whatever the application does with it now comes too late, and ends it no more. */
		tcp_set_state(t, c, SPATE_CLOSED);
		t->ops->on_closed(t->app, tcp_conn_index(t, c), reason);
	}
	release(t, c);
}

__rte_noinline void
tcp_conn_end(struct tcp *t, struct tcp_conn *c, int reason)
{
	leave_table(t, c);
	finish(t, c, reason);
}

void
tcp_conn_end_in_time_wait(struct tcp *t, struct tcp_conn *c)
{
	finish(t, c, 0);
}

void
tcp_embryo_end(struct tcp *t, struct tcp_conn *c, enum spate_counter why)
{
	spate_count(t->counters, why);
	t->listeners.entry[c->listener].backlog--;
	tcp_conn_end(t, c, 0);
}

void
tcp_bury(struct tcp *t)
{
	while (t->grave_head != TCP_READY_NONE) {
		uint32_t index = t->grave_head;

		t->grave_head = t->conns[index].ready_next;
		t->conns[index].ready_next = t->free_head;
		t->free_head = index;
	}
}
