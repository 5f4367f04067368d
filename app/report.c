/* SPDX-License-Identifier: BSD-3-Clause */
/* What programs read: the JSON report. */
#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "app.h"
#include "memory_text.h"

static void
put(json_t *o, const char *name, uint64_t n)
{
	json_object_set_new(o, name, json_integer((json_int_t)n));
}

static json_t *
quantiles_json(const struct histogram *h)
{
	json_t *o = json_object();

	put(o, "p50", histogram_quantile(h, 0.50));
	put(o, "p99", histogram_quantile(h, 0.99));
	put(o, "max", h->max);
	return o;
}

/* Payload of streams, and how fast it went. */
static void
put_bytes(json_t *o, uint64_t up, uint64_t down, double seconds)
{
	put(o, "bytes_up", up);
	put(o, "bytes_down", down);
	json_object_set_new(o, "gbit_s_up", json_real(report_gbit_s(up, seconds)));
	json_object_set_new(o, "gbit_s_down", json_real(report_gbit_s(down, seconds)));
}

static json_t *
client_json(const struct client_totals *c, double seconds)
{
	static const char *const why[FAILURES] = {
		"refused", "reset", "timed_out", "wrong_response", "closed_early", "no_room"};
	json_t *o = json_object(), *f = json_object();

	put(o, "attempted", c->attempted);
	put(o, "established", c->established);
	put(o, "closed", c->closed);
	put(o, "failed", client_failed(c));
	put(o, "stopped", c->aborted);
	put(o, "not_attempted", c->not_attempted);
	put(o, "requests", c->requests);
	json_object_set_new(o, "cps", json_real(seconds > 0 ? c->closed / seconds : 0));
	json_object_set_new(o, "rps", json_real(seconds > 0 ? c->requests / seconds : 0));
	for (int i = 0; i < FAILURES; i++)
		put(f, why[i], c->failed[i]);
	json_object_set_new(o, "failures", f);
	put(o, "held_max", c->held_max);
	put(o, "answered", c->answered);
	put_bytes(o, c->bytes_up, c->bytes_down, seconds);
	json_object_set_new(o, "handshake_ns", quantiles_json(&c->handshake_ns));
	json_object_set_new(o, "response_ns", quantiles_json(&c->response_ns));
	return o;
}

static json_t *
server_json(const struct server_totals *s, double seconds)
{
	json_t *o = json_object();

	put(o, "accepted", s->accepted);
	put(o, "closed", s->closed);
	put(o, "failed", s->failed);
	put(o, "requests", s->requests);
	put(o, "wrong", s->wrong);
	put_bytes(o, s->bytes_up, s->bytes_down, seconds);
	return o;
}

static json_t *
tcp_json(const struct spate_counters *c)
{
	json_t *o = json_object();

	for (int i = 0; i < SPATE_N_COUNTERS; i++)
		put(o, spate_counter_info[i].name, c->v[i]);
	return o;
}

static json_t *
time_wait_json(const struct totals *t)
{
	static const struct {
		const char *name;
		enum spate_counter id;
	} field[] = {
		{"entered", SPATE_TW_ENTERED},
		{"reused", SPATE_TW_REUSED},
		{"recycled", SPATE_TW_RECYCLED},
		{"reset", SPATE_TW_RESET},
		{"expired", SPATE_TW_EXPIRED},
		{"refused_by_sequence", SPATE_TW_REFUSED_SEQ},
		{"refused_by_timestamp", SPATE_TW_REFUSED_TS},
		{"refused_no_listener", SPATE_TW_REFUSED_NO_LISTENER},
		{"refused_no_room", SPATE_TW_REFUSED_NO_ROOM},
	};
	json_t *o = json_object();

	for (size_t i = 0; i < RTE_DIM(field); i++)
		put(o, field[i].name, t->tcp.v[field[i].id]);
	put(o, "current", t->state[SPATE_TIME_WAIT]);
	return o;
}

static json_t *
connections_json(const struct totals *t, int64_t leaked)
{
	const uint64_t *v = t->tcp.v;
	json_t *o = json_object();

	put(o, "opened", v[SPATE_OPENED]);
	put(o, "closed", v[SPATE_CLOSED_IN_ORDER]);
	put(o, "reset", v[SPATE_RESET]);
	put(o, "timed_out", v[SPATE_TIMED_OUT]);
	put(o, "refused", v[SPATE_REFUSED]);
	put(o, "open", v[SPATE_OPENED] - spate_ends_ended(&t->tcp));
	json_object_set_new(o, "leaked", json_integer(leaked));
	return o;
}

static json_t *
lcores_json(const struct app *a, const struct totals *t)
{
	json_t *list = json_array();

	for (uint16_t i = 0; i < a->engine.n_workers; i++) {
		json_t *o = json_object();

		put(o, "id", a->engine.worker[i].lcore);
		json_object_set_new(o, "role", json_string(report_role(a, i)));
		put(o, "busy_cycles", t->busy_cycles[i]);
		put(o, "idle_cycles", t->idle_cycles[i]);
		put(o, "cycles_per_connection", report_cycles(t, i));
		json_array_append_new(list, o);
	}
	return list;
}

bool
report_can_write(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? strndup(path, slash == path ? 1 : slash - path) : strdup(".");
	bool there = access(path, F_OK) == 0;
	bool good = path[0] && folder && access(there ? path : folder, W_OK) == 0;

	if (!good)
		fprintf(stderr, "spate: --json=%s: cannot be written: %s\n", path,
			path[0] ? strerror(errno) : "it has no name");
	free(folder);
	return good;
}

bool
report_write(struct app *a, const struct totals *t, int64_t leaked)
{
	double seconds = report_duration(a, t);
	struct client_totals c;
	struct server_totals s;
	json_t *root = json_object();
	bool good;

	totals_clients(t, &c);
	totals_servers(t, &s);
	json_object_set_new(root, "duration_s", json_real(seconds));
	json_object_set_new(root, "client", client_json(&c, seconds));
	json_object_set_new(root, "server", server_json(&s, seconds));
	json_object_set_new(root, "connections", connections_json(t, leaked));
	json_object_set_new(root, "time_wait", time_wait_json(t));
	json_object_set_new(root, "tcp", tcp_json(&t->tcp));
	json_object_set_new(root, "verify", verify_json(a));
	json_object_set_new(root, "memory", memory_json(a));
	json_object_set_new(root, "lcores", lcores_json(a, t));
	good = json_dump_file(root, a->options.json_file, JSON_INDENT(2)) == 0;
	if (!good)
		fprintf(stderr, "spate: %s: %s\n", a->options.json_file, strerror(errno));
	json_decref(root);
	return good;
}
