/* SPDX-License-Identifier: BSD-3-Clause */
/* The application opens: LISTEN and CONNECT (RFC 9293 3.10.1). */
#include <errno.h>

#include "tcp/auth.h"

/* Tuples tried in one call before it says -EAGAIN: bounds the work between two bursts. */
#define CONNECT_TRIES 256
/* Among so many numbers, one behind the other, one is nearly always of a worker's own. */
#define NEAR 64

int
tcp_listen(struct tcp *t, rte_be32_t laddr, rte_be16_t lport, uint32_t backlog, unsigned int flags,
	uint32_t cookie)
{
	/* RFC 9293 3.6.1: the port's last incarnations may still be answering. */
	if (!(flags & SPATE_LISTEN_REUSE_ADDRESS) && tcp_time_wait_on_port(t, laddr, lport))
		return -EADDRINUSE;
	return listener_add(&t->listeners, laddr, lport, cookie, backlog);
}

int
tcp_unlisten(struct tcp *t, uint16_t listener)
{
	if (listener >= LISTENER_MAX || !t->listeners.entry[listener].used)
		return -ENOENT;
	/* CM-23: who has not been accepted yet never will be. */
	for (uint32_t i = 0; i < t->untouched; i++) {
		struct tcp_conn *c = &t->conns[i];

		if (tcp_is_embryo(c) && c->listener == listener) {
			tcp_send_rst(t, c);
			tcp_embryo_end(t, c, SPATE_EMBRYO_STOPPED);
		}
	}
	return listener_remove(&t->listeners, listener);
}

/* Open from a tuple the table has as `handle`: free, or a TIME_WAIT that may be reused. */
static int
open_tuple(
	struct tcp *t, const struct flow_key *key, uint64_t hash, uint32_t handle, spate_conn *out)
{
	uint16_t hop = ip_hop(t->ip, key->raddr);
	struct tcp_conn *c;
	uint32_t iss, ts_offset;

	if (hop == NEIGH_NONE)
		return -EHOSTUNREACH;
	if (t->auth && !tcp_auth_room(t, key))
		return -ENOBUFS;
	c = tcp_conn_new(t, key, hash, SPATE_SYN_SENT, hop, handle);
	if (c == NULL) {
		spate_count(t->counters, SPATE_CONNECT_NO_ROOM);
		return -ENOBUFS;
	}
	tcp_isn(t, key, &iss, &ts_offset);
	if (handle != CONN_TABLE_NONE) {
		uint32_t tw = handle & ~CONN_TABLE_SPACE;

		/* TW-06: beyond the old incarnation's numbers, and with its TS.Recent. */
		iss = tcp_time_wait_iss(t, tw);
		c->ts_recent = t->tw.records[tw].ts_recent;
		tcp_time_wait_replaced(t, tw);
	}
	c->snd_una = iss;
	c->snd_nxt = c->snd_end = iss + 1;
	c->ts_offset = ts_offset;
	c->flags = TCP_F_OPENED | TCP_F_SYN_DUE | tcp_offer(t);
	tcp_ecn_offer(t, c);
	if (t->auth)
		tcp_auth_open(t, c);
	spate_count(t->counters, SPATE_CONNECTS);
	spate_count(t->counters, SPATE_OPENED);
	tcp_ready(t, c);
	*out = tcp_conn_index(t, c);
	return 0;
}

/* CM-12: a tuple that is alive is never taken; one in TIME_WAIT only by TW-06. */
static bool
tuple_usable(const struct tcp *t, uint32_t handle)
{
	if (handle == CONN_TABLE_NONE)
		return true;
	return (handle & CONN_TABLE_SPACE) &&
	       tcp_time_wait_may_reuse(t, handle & ~CONN_TABLE_SPACE);
}

int
tcp_connect(struct tcp *t, const struct flow_key *key, spate_conn *out)
{
	uint64_t hash = conn_table_hash(&t->table, key);
	uint32_t handle = conn_table_lookup(&t->table, hash, key);

	if (!ip_is_peer(t->ip, key->raddr))
		return -EINVAL;
	if (tcp_quiet(t))
		return -EAGAIN;
	if (!tuple_usable(t, handle))
		return -EADDRINUSE;
	return open_tuple(t, key, hash, handle, out);
}

int
tcp_connect_listener(
	struct tcp *t, uint16_t listener, const struct flow_key *remote, spate_conn *out)
{
	const struct listener *l = &t->listeners.entry[listener];
	struct flow_key key = *remote;
	int rc;

	if (listener >= LISTENER_MAX || !l->used)
		return -ENOENT;
	if (listener_is_wildcard(l->laddr) || addr_is_v6(l->laddr) != addr_is_v6(remote->raddr))
		return -EINVAL;
	key.laddr = l->laddr;
	key.lport = l->lport;
	/* Only what can be opened stops listening. */
	rc = tcp_connect(t, &key, out);
	if (rc == 0)
		tcp_unlisten(t, listener);
	return rc;
}

/* Whose tuples a search is for, and towards whom. */
struct search {
	const struct tcp *t;
	struct local_port *source;
	bool (*mine)(const void *ctx, const struct flow_key *key);
	const void *ctx;
	struct flow_key key; /* of the source's current number */
};

static void
look_at_current(struct search *s)
{
	local_port_current(s->source, &s->key.laddr, &s->key.lport);
}

static bool
is_mine(struct search *s)
{
	look_at_current(s);
	return s->mine == NULL || s->mine(s->ctx, &s->key);
}

/* From the source's current number on, one of one's own. */
static bool
find_near(struct search *s)
{
	for (int i = 0; i < NEAR; i++) {
		if (is_mine(s))
			return true;
		local_port_advance(s->source);
	}
	return false;
}

/*
 * Not where ports follow each other. And with a filter not over IPv6: by the time of the open its
 * peer's name may be another's.
 */
static bool
looks_ahead(const struct search *s)
{
	return !s->source->sequential && !(s->mine && addr_is_v6(s->key.raddr));
}

/*
 * Ports are taken at random, so the table's bucket of each open is a cache miss (20 % of a
 * client's cycles). Where the next opens begin to search is therefore chosen a few ahead, and the
 * buckets are on their way by then. They are tuples of one's own.
 */
static void
choose_ahead(struct search *s)
{
	struct local_port *source = s->source;

	source->next_raddr = s->key.raddr;
	source->next_rport = s->key.rport;
	while (looks_ahead(s) && source->n_next < LOCAL_PORT_AHEAD) {
		uint32_t at = (source->first_next + source->n_next) % LOCAL_PORT_AHEAD;

		local_port_start(source);
		if (!find_near(s))
			return;
		source->n_next++;
		source->next[at].number = source->current;
		source->next[at].hash = conn_table_hash(&s->t->table, &s->key);
		conn_table_prefetch(&s->t->table, source->next[at].hash);
	}
}

/* A search begins: where. True: with a tuple of one's own, and *hash is its hash. */
static bool
begin_search(struct search *s, uint64_t *hash)
{
	struct local_port *source = s->source;
	uint32_t at = source->first_next;

	if (source->next_raddr != s->key.raddr || source->next_rport != s->key.rport)
		source->n_next = 0;
	if (source->n_next == 0) {
		local_port_start(source);
		return false;
	}
	source->n_next--;
	source->first_next = (at + 1) % LOCAL_PORT_AHEAD;
	source->current = source->next[at].number;
	*hash = source->next[at].hash;
	look_at_current(s);
	return true;
}

int
tcp_connect_any(struct tcp *t, struct local_port *source,
	bool (*mine)(const void *ctx, const struct flow_key *key), const void *ctx,
	rte_be32_t raddr, rte_be16_t rport, spate_conn *out)
{
	struct search s = {t, source, mine, ctx, {.raddr = raddr, .rport = rport}};
	uint64_t hash;
	bool chosen;

	if (!ip_is_peer(t->ip, raddr))
		return -EINVAL;
	if (tcp_quiet(t))
		return -EAGAIN;
	/* A search that was cut short goes on where it stopped. */
	chosen = source->searched == 0 && begin_search(&s, &hash);
	for (int i = 0; i < CONNECT_TRIES; i++) {
		if (source->searched == source->size) {
			source->searched = 0;
			spate_count(t->counters, SPATE_CONNECT_NO_PORT);
			return -EADDRNOTAVAIL;
		}
		/* Somebody else's is not looked up: it would be a cache miss. */
		if (chosen || is_mine(&s)) {
			if (!chosen)
				hash = conn_table_hash(&t->table, &s.key);

			uint32_t handle = conn_table_lookup(&t->table, hash, &s.key);

			if (tuple_usable(t, handle)) {
				struct flow_key key = s.key;

				source->searched = 0;
				choose_ahead(&s);
				return open_tuple(t, &key, hash, handle, out);
			}
		}
		source->searched++;
		local_port_advance(source);
		chosen = false;
	}
	spate_count(t->counters, SPATE_CONNECT_SEARCH);
	return -EAGAIN;
}
