/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow/listener.h"

#include <errno.h>
#include <string.h>

void
listener_table_init(struct listener_table *t)
{
	memset(t, 0, sizeof(*t));
	memset(t->by_port, 0xff, sizeof(t->by_port));
	for (uint16_t i = 0; i < LISTENER_MAX; i++)
		t->entry[i].next = i + 1 < LISTENER_MAX ? i + 1 : LISTENER_NONE;
}

int
listener_add(struct listener_table *t, rte_be32_t laddr, rte_be16_t lport, uint32_t cookie,
	uint32_t backlog_max)
{
	for (uint16_t id = t->by_port[lport]; id != LISTENER_NONE; id = t->entry[id].next)
		if (t->entry[id].laddr == laddr || listener_is_wildcard(t->entry[id].laddr) ||
			listener_is_wildcard(laddr))
			return -EADDRINUSE;
	if (t->free_head == LISTENER_NONE)
		return -ENOSPC;

	uint16_t id = t->free_head;
	struct listener *l = &t->entry[id];

	t->free_head = l->next;
	*l = (struct listener){
		.laddr = laddr,
		.lport = lport,
		.next = t->by_port[lport],
		.used = 1,
		.cookie = cookie,
		.backlog_max = backlog_max,
	};
	t->by_port[lport] = id;
	t->count++;
	return id;
}

int
listener_remove(struct listener_table *t, uint16_t id)
{
	struct listener *l = &t->entry[id];
	uint16_t *at;

	if (id >= LISTENER_MAX || !l->used)
		return -ENOENT;
	at = &t->by_port[l->lport];
	while (*at != id)
		at = &t->entry[*at].next;
	*at = l->next;
	memset(l, 0, sizeof(*l));
	l->next = t->free_head;
	t->free_head = id;
	t->count--;
	return 0;
}
