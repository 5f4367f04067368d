/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/extra.h"

#include <string.h>

#define PLACES_LEAST 1024
#define PLACES_SHARE 8 /* one for so many connections */

uint32_t
tcp_extra_places(const struct spate_tcp_conf *conf, uint32_t max_conns)
{
	uint32_t n = max_conns / PLACES_SHARE;

	if (conf->user_timeout_ms || conf->user_timeout_option)
		return max_conns;
	if (n < PLACES_LEAST)
		n = PLACES_LEAST;
	return n < max_conns ? n : max_conns;
}

struct tcp_extra *
tcp_extra_take(struct tcp *t, struct tcp_conn *c)
{
	uint32_t index = t->extra_free;

	if (c->extra != TCP_EXTRA_NONE)
		return &t->extras[c->extra];
	if (index != TCP_EXTRA_NONE)
		t->extra_free = t->extras[index].next;
	else if (t->extra_untouched < t->max_extras)
		index = t->extra_untouched++;
	else {
		spate_count(t->counters, SPATE_EXTRA_NONE_LEFT);
		return NULL;
	}
	c->extra = index;
	memset(&t->extras[index], 0, sizeof(t->extras[index]));
	return &t->extras[index];
}

void
tcp_extra_give_back(struct tcp *t, struct tcp_conn *c)
{
	if (c->extra == TCP_EXTRA_NONE)
		return;
	t->extras[c->extra].next = t->extra_free;
	t->extra_free = c->extra;
	c->extra = TCP_EXTRA_NONE;
}

/* Whoever has put something there has a line here. */
static bool
needed(const struct tcp_extra *x)
{
	return x->held.first || x->has_duplicate || x->user_timeout_ms || x->user_timeout_set ||
	       x->path_mss || x->rack || x->probe_out || x->has_memory || x->receiving;
}

void
tcp_extra_let_go(struct tcp *t, struct tcp_conn *c)
{
	if (c->extra != TCP_EXTRA_NONE && !needed(&t->extras[c->extra]))
		tcp_extra_give_back(t, c);
}
