/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a check says, to people and to programs. Only what was seen from here: a NAT or
 * firewall on the way may have answered in the peer's place.
 */
#include <inttypes.h>

#include <jansson.h>

#include "app.h"
#include "run.h"
#include "verdict.h"
#include "words.h"

/* ---- for people */

static void
print_answers(const uint64_t answer[VERIFY_ANSWERS])
{
	static const char *const text[VERIFY_ANSWERS] = {
		[VERIFY_ACCEPTED] = "SYN+ACK: accepted",
		[VERIFY_OLD_ACK] = "ACK of the old incarnation",
		[VERIFY_OTHER] = "other numbers",
		[VERIFY_RESET] = "RST",
		[VERIFY_SILENCE] = "silence",
		[VERIFY_UNREFUSED] = "not refused",
	};
	const char *comma = "";

	for (int i = 0; i < VERIFY_ANSWERS; i++) {
		if (answer[i] == 0)
			continue;
		printf("%s%" PRIu64 " %s", comma, answer[i], text[i]);
		comma = ", ";
	}
}

static void
print_syns(const struct verify_result *r, const struct verdict *v)
{
	static const char *const ts[] = {
		[VERIFY_TS_NONE] = "no timestamp",
		[VERIFY_TS_NEWER] = "newer TSval",
		[VERIFY_TS_EQUAL] = "equal TSval",
		[VERIFY_TS_OLDER] = "older TSval",
		[VERIFY_TS_ONLY_NEW] = "any TSval",
	};

	printf("  %-16s %-13s %-9s %s\n", "old incarnation", "new SYN", "sequence", "answers");
	for (int k = 0; k < VERIFY_SYNS; k++) {
		const struct verify_syn *s = &verify_syn[k];

		if (verdict_answers(r, k) == 0)
			continue;
		printf("  %-16s %-13s %-9s ", s->old_ts ? "timestamps" : "no timestamps", ts[s->ts],
			s->above ? "above" : "below");
		print_answers(r->answer[k]);
		printf("%s\n", v->wrong[k] ? "  (not by this rule)" : "");
	}
}

static void
print_controls(const struct verify_result *r)
{
	uint64_t fin[VERIFY_ANSWERS], n;

	n = r->established + r->failed[VERIFY_NO_SYN_ACK] + r->failed[VERIFY_REFUSED];
	if (n)
		printf("fresh tuples      %" PRIu64 " of %" PRIu64 " SYNs accepted\n",
			r->established, n);
	for (int i = 0; i < VERIFY_ANSWERS; i++)
		fin[i] = r->answer[VERIFY_FIN_TS][i] + r->answer[VERIFY_FIN][i];
	if (verdict_answers(r, VERIFY_FIN_TS) + verdict_answers(r, VERIFY_FIN)) {
		printf("a FIN sent again  ");
		print_answers(fin);
		printf("\n");
	}
	if (r->established)
		printf("timestamps        %s\n",
			r->peer_ts ? "agreed to" : "not agreed to: fewer SYNs to try");
	for (int i = 0; i < VERIFY_FAILURES; i++)
		if (r->failed[i])
			printf("not made          %" PRIu64 " runs: %s\n", r->failed[i],
				verify_failure_text[i]);
}

static void
print_verdict(const struct verify_result *r, const struct verdict *v)
{
	uint64_t of;
	const char *ends = verdict_rst_ends(r, &of);

	if (v->tried) {
		print_syns(r, v);
		printf("RST ends TIME_WAIT: %s (", ends);
		if (of)
			print_answers(r->answer[VERIFY_RST]);
		else
			printf("no SYN was refused by an ACK");
		printf(")\n");
	}
	if (v->why)
		printf("verdict: not made: %s\n", v->why);
	else if (v->differs)
		printf("verdict: no rule known here; nearest, but for %u of %u SYNs: %s\n",
			v->differs, v->tried, v->rule->text);
	else
		printf("verdict: %s\n", v->rule->text);
}

/* ---- where the results are */

struct wanted {
	int client;
	struct verify_result result;
};

static void
copy_result(struct engine_slot *slot, void *arg)
{
	struct wanted *to = arg;
	const struct work *w = slot->app;

	if (w->client[to->client].verify)
		to->result = *verify_result(w->client[to->client].verify);
}

/* False: client `i` does not verify, or was not started. */
static bool
result_of(struct app *a, int i, struct verify_result *r)
{
	struct wanted wanted = {.client = i};

	if (a->config.client[i].used && a->config.client[i].verify_time_wait)
		run_each_slot(a, a->config.client[i].port, copy_result, &wanted);
	*r = wanted.result;
	return r->used;
}

bool
verify_say(struct app *a, int i, const char **why)
{
	const struct client_config *c = &a->config.client[i];
	struct verify_result r;
	struct verdict v;
	char peer[ENDPOINT_TEXT];

	if (!result_of(a, i, &r))
		return true;
	verdict_make(&r, &v);
	printf("\n---- verify %s: TIME_WAIT of %s, as seen from here: %" PRIu64 " runs\n", c->name,
		endpoint_text(&c->to, peer), r.runs);
	print_controls(&r);
	print_verdict(&r, &v);
	if (why)
		*why = v.why;
	return v.why == NULL;
}

bool
verify_say_all(struct app *a)
{
	bool good = true;

	for (int i = 0; i < CLIENTS_MAX; i++) {
		const struct client_config *c = &a->config.client[i];
		const char *why;
		char peer[ENDPOINT_TEXT];

		if (verify_say(a, i, &why))
			continue;
		good = false;
		fflush(stdout);
		fprintf(stderr, "spate: client %s: no verdict on %s: %s\n", c->name,
			endpoint_text(&c->to, peer), why);
	}
	return good;
}

/* ---- for programs */

static json_t *
answers_json(const uint64_t answer[VERIFY_ANSWERS])
{
	static const char *const name[VERIFY_ANSWERS] = {
		"accepted", "old_ack", "other", "rst", "silent", "not_refused"};
	json_t *o = json_object();

	for (int i = 0; i < VERIFY_ANSWERS; i++)
		json_object_set_new(o, name[i], json_integer((json_int_t)answer[i]));
	return o;
}

static json_t *
syn_json(const struct verify_result *r, int k)
{
	static const char *const ts[] = {"none", "newer", "equal", "older", "any"};
	json_t *o = json_object();

	json_object_set_new(o, "old_timestamps", json_boolean(verify_syn[k].old_ts));
	json_object_set_new(o, "timestamp", json_string(ts[verify_syn[k].ts]));
	json_object_set_new(o, "sequence", json_string(verify_syn[k].above ? "above" : "below"));
	json_object_set_new(o, "answers", answers_json(r->answer[k]));
	return o;
}

static json_t *
one_json(const struct client_config *c, const struct verify_result *r)
{
	json_t *o = json_object(), *syns = json_array(), *fin = json_array();
	struct verdict v;
	uint64_t of;
	char peer[ENDPOINT_TEXT];

	verdict_make(r, &v);
	json_object_set_new(o, "client", json_string(c->name));
	json_object_set_new(o, "peer", json_string(endpoint_text(&c->to, peer)));
	json_object_set_new(o, "made", json_boolean(v.why == NULL));
	json_object_set_new(o, "why_not", v.why ? json_string(v.why) : json_null());
	json_object_set_new(o, "rule", v.why ? json_null() : json_string(v.rule->id));
	json_object_set_new(o, "differs", json_integer(v.why ? 0 : v.differs));
	json_object_set_new(o, "rst_ends_time_wait", json_string(verdict_rst_ends(r, &of)));
	json_object_set_new(o, "timestamps", json_boolean(r->peer_ts));
	json_object_set_new(o, "runs", json_integer((json_int_t)r->runs));
	json_array_append_new(fin, answers_json(r->answer[VERIFY_FIN_TS]));
	json_array_append_new(fin, answers_json(r->answer[VERIFY_FIN]));
	json_object_set_new(o, "fin_again", fin);
	for (int k = 0; k < VERIFY_SYNS; k++)
		if (verdict_answers(r, k))
			json_array_append_new(syns, syn_json(r, k));
	json_object_set_new(o, "syns", syns);
	return o;
}

json_t *
verify_json(struct app *a)
{
	json_t *list = json_array();
	struct verify_result r;

	for (int i = 0; i < CLIENTS_MAX; i++)
		if (result_of(a, i, &r))
			json_array_append_new(list, one_json(&a->config.client[i], &r));
	return list;
}
