/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conn_list: connections of one slot in a row, in the order in which they came. The links are
 * the connection's user word, so a list costs nothing but its ends; a connection is on one
 * at the most.
 */
#ifndef SPATE_APP_CONN_LIST_H
#define SPATE_APP_CONN_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "spate.h"

struct conn_list {
	spate_conn first, last; /* SPATE_CONN_NONE: empty */
};

static inline uint64_t
conn_links(spate_conn before, spate_conn behind)
{
	return (uint64_t)before << 32 | behind;
}

static inline void
conn_list_init(struct conn_list *l)
{
	l->first = l->last = SPATE_CONN_NONE;
}

static inline bool
conn_list_empty(const struct conn_list *l)
{
	return l->first == SPATE_CONN_NONE;
}

/* `c` is on no list. */
static inline void
conn_list_append(struct conn_list *l, struct spate_stack *s, spate_conn c)
{
	if (conn_list_empty(l))
		l->first = c;
	else
		spate_set_user(s, l->last, conn_links(spate_get_user(s, l->last) >> 32, c));
	spate_set_user(s, c, conn_links(l->last, SPATE_CONN_NONE));
	l->last = c;
}

/* `c` is on this list. */
static inline void
conn_list_remove(struct conn_list *l, struct spate_stack *s, spate_conn c)
{
	uint64_t links = spate_get_user(s, c);
	spate_conn before = links >> 32, behind = (uint32_t)links;

	if (before == SPATE_CONN_NONE)
		l->first = behind;
	else
		spate_set_user(s, before, conn_links(spate_get_user(s, before) >> 32, behind));
	if (behind == SPATE_CONN_NONE)
		l->last = before;
	else
		spate_set_user(s, behind, conn_links(before, (uint32_t)spate_get_user(s, behind)));
}

#endif
