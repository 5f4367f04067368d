/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * show conn: connections as `ss -tan` lists them.
 *
 * There may be ten million. The worker is asked for a few dozen at a time and looks at a
 * burst's worth of its table for each question; what is not wanted is passed over there,
 * before anything but its key is read. So it is a picture made of pieces: what opens,
 * closes or moves meanwhile may be missed, or be there twice.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "command.h"
#include "conn_text.h"
#include "report.h"
#include "run.h"

#define LIMIT_DEFAULT 1000
#define BATCH         1024 /* most connections one visit to a worker copies */
#define LISTENERS_MAX 2048 /* of one port, all its queues */

/* What is wanted, and one visit's catch. */
struct conn_query {
	struct spate_filter filter;
	bool details, summary;
	uint64_t limit;
	uint32_t cursor;
	bool more;
	uint64_t now_ns;
	uint32_t n;
	struct spate_conn_info found[BATCH];
	uint32_t n_listeners;
	struct spate_listener_info listener[LISTENERS_MAX];
};

static bool
take_state(void *to, const char *value)
{
	struct conn_query *q = to;
	int state = conn_state(value);

	if (state <= SPATE_CLOSED) {
		wrong("state '%s': expected SYN_SENT, SYN_RCVD, ESTABLISHED, FIN_WAIT_1, "
		      "FIN_WAIT_2, CLOSING, TIME_WAIT, CLOSE_WAIT, LAST_ACK or LISTEN",
			value);
		return false;
	}
	q->filter.states = 1u << state;
	return true;
}

/* A, A:P, [A]:P or *:P */
static bool
take_either(const char *value, struct spate_addr *out)
{
	const char *colon = strchr(value, ':');
	bool with_port = value[0] == '[' || (colon && strchr(colon + 1, ':') == NULL);

	if (!with_port)
		return take_address(value, out);
	if (!take_endpoint(value, true, out))
		return false;
	if (addr_unspecified(out))
		out->family = 0;
	return true;
}

static bool
take_peer(void *to, const char *value)
{
	return take_either(value, &((struct conn_query *)to)->filter.remote);
}

static bool
take_local(void *to, const char *value)
{
	return take_either(value, &((struct conn_query *)to)->filter.local);
}

static bool
take_limit(void *to, const char *value)
{
	return take_number(value, 1, UINT64_MAX, "limit", &((struct conn_query *)to)->limit);
}

static bool
take_details(void *to, const char *value)
{
	(void)value;
	((struct conn_query *)to)->details = true;
	return true;
}

static bool
take_summary(void *to, const char *value)
{
	(void)value;
	((struct conn_query *)to)->summary = true;
	return true;
}

static const struct key conn_keys[] = {
	{"state", "S", "only those in this state, by this name or ss's", take_state, false},
	{"peer", "A[:P]", "only those with this address, port, or both (*:P)", take_peer, false},
	{"local", "A[:P]", "the same of our end", take_local, false},
	{"limit", "N", "list no more than N, count the rest (default 1000)", take_limit, false},
	{"details", NULL, "a second line, as ss -i has it", take_details, false},
	{"summary", NULL, "only how many are in each state", take_summary, false},
	{NULL, NULL, NULL, NULL, false},
};

static void
print_state_counts(const struct app *a)
{
	struct totals t;
	char n[GROUPED_MAX];

	totals_read(a, &t);
	for (int s = SPATE_LISTEN; s < SPATE_N_STATES; s++)
		printf("%-12s %s\n", spate_state_name(s), grouped(t.state[s], n));
}

/* ---- listeners */

static void
visit_listener(void *ctx, const struct spate_listener_info *info)
{
	struct conn_query *q = ctx;

	/* A port's queues have the same ones: one line. */
	for (uint32_t i = 0; i < q->n_listeners; i++) {
		struct spate_listener_info *l = &q->listener[i];

		if (l->local.port == info->local.port &&
			addr_compare(&l->local, &info->local) == 0) {
			l->backlog += info->backlog;
			return;
		}
	}
	if (q->n_listeners < LISTENERS_MAX)
		q->listener[q->n_listeners++] = *info;
}

static void
list_listeners(struct engine_slot *slot, void *arg)
{
	spate_listener_list(slot->stack, visit_listener, arg);
}

static bool
listener_wanted(const struct spate_filter *f, const struct spate_listener_info *l)
{
	if ((f->states && !(f->states >> SPATE_LISTEN & 1)) || f->remote.family || f->remote.port)
		return false;
	if (f->local.port && f->local.port != l->local.port)
		return false;
	return f->local.family == 0 || addr_compare(&f->local, &l->local) == 0;
}

/* How many of them were beyond the limit. */
static uint64_t
print_listeners(struct app *a, struct conn_query *q, uint64_t *left)
{
	uint64_t beyond = 0;

	for (uint16_t p = 0; a->launched && p < a->engine.n_ports; p++) {
		q->n_listeners = 0;
		run_each_slot(a, a->engine.port[p].id, list_listeners, q);
		for (uint32_t i = 0; i < q->n_listeners; i++) {
			const struct spate_listener_info *l = &q->listener[i];

			if (!listener_wanted(&q->filter, l))
				continue;
			if (*left == 0) {
				beyond++;
				continue;
			}
			(*left)--;
			conn_print_line("LISTEN", l->backlog, l->backlog_max, &l->local, NULL);
		}
	}
	return beyond;
}

/* ---- connections */

static void
visit(void *ctx, const struct spate_conn_info *info)
{
	struct conn_query *q = ctx;

	if (q->n < BATCH)
		q->found[q->n++] = *info;
}

static void
list_part(struct engine_slot *slot, void *arg)
{
	struct conn_query *q = arg;

	q->n = 0;
	q->now_ns = spate_now(slot->stack);
	q->more = spate_conn_list(slot->stack, &q->cursor, &q->filter, visit, q);
}

static uint64_t
print_slot(struct app *a, struct engine_slot *slot, struct conn_query *q, uint64_t *left)
{
	uint64_t beyond = 0;

	q->cursor = 0;
	do {
		engine_call(slot, list_part, q);
		for (uint32_t k = 0; k < q->n; k++) {
			const struct spate_conn_info *c = &q->found[k];

			if (*left == 0) {
				beyond++;
				continue;
			}
			(*left)--;
			conn_print_line(spate_state_name(c->state), c->unread,
				c->unacked + c->unsent, &c->local, &c->remote);
			if (q->details)
				conn_print_details(c, q->now_ns);
		}
	} while (q->more && !*a->interrupted && !ferror(stdout));
	return beyond;
}

static void
list(struct app *a, struct conn_query *q)
{
	uint64_t left = q->limit, beyond;
	char n[GROUPED_MAX];

	conn_print_head();
	beyond = print_listeners(a, q, &left);
	for (uint16_t i = 0; a->launched && i < a->engine.n_slots; i++)
		beyond += print_slot(a, &a->engine.slot[i], q, &left);
	if (beyond)
		printf("and %s more ('limit N' lists more of them)\n", grouped(beyond, n));
}

static bool
show_conn(struct app *a, struct words *args)
{
	struct conn_query *q = calloc(1, sizeof(*q));
	bool good;

	if (q == NULL) {
		wrong("no memory for a list");
		return false;
	}
	q->limit = LIMIT_DEFAULT;
	good = keys_parse(args, conn_keys, q);
	if (good && q->summary && args->n > 1) {
		wrong("'summary' stands alone");
		good = false;
	}
	if (good && q->summary)
		print_state_counts(a);
	else if (good)
		list(a, q);
	free(q);
	return good;
}

static void
conn_help(void)
{
	keys_help(conn_keys);
}

const struct command conn_commands[] = {
	{"show conn", "[state S] [peer A[:P]] [local A[:P]] [limit N] [details] | summary", true,
		"connections, as ss -tan lists them; or how many are in each state", show_conn,
		conn_help},
	{NULL, NULL, false, NULL, NULL, NULL},
};
