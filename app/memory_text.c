/* SPDX-License-Identifier: BSD-3-Clause */
#include "memory_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_eal.h>

#include "app.h"
#include "engine/room.h"
#include "report.h"

#define PAGE (UINT64_C(2) << 20)

/* " of node 0", " of nodes 0 and 1" */
static const char *
nodes_text(const struct app *a, char *out, size_t size)
{
	uint64_t seen = 0;
	int n = 0;

	for (uint16_t i = 0; i < a->engine.n_slots; i++)
		if (a->engine.slot[i].memory.socket_id >= 0)
			seen |= 1ull << a->engine.slot[i].memory.socket_id % 64;
	out[0] = '\0';
	for (int node = 0, left = __builtin_popcountll(seen); node < 64; node++) {
		size_t at = strlen(out);

		if (!(seen >> node & 1))
			continue;
		left--;
		snprintf(out + at, size - at, "%s%d",
			n == 0      ? (left ? " of nodes " : " of node ")
			: left == 0 ? " and "
				    : ", ",
			node);
		n++;
	}
	return out;
}

/* Where they are, and if not in hugepages why. */
static void
say_where_it_is(const struct app *a, const struct room_used *u)
{
	char nodes[256], text[ROOM_TEXT];

	nodes_text(a, nodes, sizeof(nodes));
	if (!rte_eal_has_hugepages())
		printf("in ordinary memory%s: hugepages are not used", nodes);
	else if (u->hugepages == u->tables)
		printf("in hugepages%s", nodes);
	else
		printf("%s of it in hugepages%s: %" PRIu64 " more of 2 MiB would hold the rest",
			room_text(u->hugepages + u->buffers, text), nodes,
			(u->tables - u->hugepages + PAGE - 1) / PAGE);
}

void
memory_say(const struct app *a)
{
	const struct engine_share *share = &a->engine.share;
	char n[2][GROUPED_MAX], text[2][ROOM_TEXT];
	struct room_used u;

	room_used(&a->engine, NULL, &u);
	printf("memory: %s for %s connections and %s in TIME_WAIT, %s of packet buffers, ",
		room_text(u.tables, text[0]),
		grouped((uint64_t)share->slots * share->max_conns, n[0]),
		grouped((uint64_t)share->slots * share->max_time_wait, n[1]),
		room_text(u.buffers, text[1]));
	say_where_it_is(a, &u);
	printf("; up to %s more when used\n", room_text(u.sparse, text[0]));
	fflush(stdout);
}

void
memory_show(const struct app *a)
{
	char text[4][ROOM_TEXT];
	struct room_used u;

	for (uint16_t i = 0; i < a->engine.n_slots; i++) {
		const struct engine_slot *s = &a->engine.slot[i];

		room_used(&a->engine, s, &u);
		printf("lcore %u  port %u queue %u  node %d  tables %s, in hugepages %s  packet "
		       "buffers %s  when used %s\n",
			s->worker->lcore, s->port->id, s->queue, s->memory.socket_id,
			room_text(u.tables, text[0]), room_text(u.hugepages, text[1]),
			room_text(u.buffers, text[2]), room_text(u.sparse, text[3]));
	}
	memory_say(a);
}

static void
put(json_t *o, const char *name, uint64_t n)
{
	json_object_set_new(o, name, json_integer((json_int_t)n));
}

static json_t *
used_json(const struct app *a, const struct engine_slot *slot)
{
	json_t *o = json_object();
	struct room_used u;

	room_used(&a->engine, slot, &u);
	put(o, "tables", u.tables);
	put(o, "tables_in_hugepages", u.hugepages);
	put(o, "packet_buffers", u.buffers);
	put(o, "when_used", u.sparse);
	return o;
}

json_t *
memory_json(const struct app *a)
{
	json_t *o = used_json(a, NULL), *list = json_array();

	put(o, "connections", (uint64_t)a->engine.share.slots * a->engine.share.max_conns);
	put(o, "time_waits", (uint64_t)a->engine.share.slots * a->engine.share.max_time_wait);
	for (uint16_t i = 0; i < a->engine.n_slots; i++) {
		const struct engine_slot *s = &a->engine.slot[i];
		json_t *one = used_json(a, s);

		put(one, "lcore", s->worker->lcore);
		put(one, "port", s->port->id);
		put(one, "queue", s->queue);
		json_object_set_new(one, "node", json_integer(s->memory.socket_id));
		json_array_append_new(list, one);
	}
	json_object_set_new(o, "slots", list);
	return o;
}
