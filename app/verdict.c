/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a check has found out (verify.h), as a rule: for every SYN that was tried each rule
 * says whether it takes it, and the one that is right about all of them is the verdict.
 * Only what was seen from here counts: a NAT or firewall on the way may have answered.
 */
#include <inttypes.h>
#include <string.h>

#include <jansson.h>

#include "app.h"
#include "report.h"
#include "run.h"
#include "verify.h"
#include "words.h"

struct rule {
	const char *id;   /* in the report */
	const char *text; /* for people */
	bool (*takes)(const struct verify_syn *s);
};

static bool
by_sequence(const struct verify_syn *s)
{
	return s->above;
}

/* Where both have timestamps that differ, they decide. */
static bool
by_both_timestamps(const struct verify_syn *s)
{
	if (s->ts == VERIFY_TS_NEWER || s->ts == VERIFY_TS_OLDER)
		return s->ts == VERIFY_TS_NEWER;
	return s->above;
}

/* RFC 6191 2: timestamps only in the new incarnation are proof enough too. */
static bool
by_rfc_6191(const struct verify_syn *s)
{
	return s->ts == VERIFY_TS_ONLY_NEW || by_both_timestamps(s);
}

static bool
by_either(const struct verify_syn *s)
{
	return s->ts == VERIFY_TS_NEWER || s->above;
}

static bool
by_all(const struct verify_syn *s)
{
	return s->ts != VERIFY_TS_OLDER && s->above;
}

static bool
always(const struct verify_syn *s)
{
	(void)s;
	return true;
}

static bool
never(const struct verify_syn *s)
{
	(void)s;
	return false;
}

/* In this order: without timestamps some of them are the same. */
static const struct rule rules[] = {
	{"rfc1122", "RFC 1122 sequence: a SYN above the old incarnation's numbers is accepted",
		by_sequence},
	{"rfc6191", "RFC 6191 timestamps + RFC 1122 sequence where they do not decide",
		by_rfc_6191},
	{"rfc6191-both",
		"RFC 6191 timestamps where both incarnations have them + RFC 1122 sequence",
		by_both_timestamps},
	{"either", "a newer timestamp or a higher sequence number is enough", by_either},
	{"all", "a higher sequence number and no older timestamp are needed", by_all},
	{"none", "none: any SYN is accepted", always},
	{"never", "never: no SYN is accepted as long as TIME_WAIT lasts", never},
};

static const struct rule silent = {
	"silent", "silence: SYNs are dropped without a word as long as TIME_WAIT lasts", never};

static const char *const failure_text[VERIFY_FAILURES] = {
	[VERIFY_NO_ARP] = "nobody answers ARP for the next hop",
	[VERIFY_NO_SYN_ACK] = "a SYN gets no answer",
	[VERIFY_REFUSED] = "the connection is refused",
	[VERIFY_BROKEN] = "the connection ends in another way than by FIN",
	[VERIFY_NOT_CLOSED] = "the peer does not close first, so TIME_WAIT would not be its",
	[VERIFY_NO_LAST_ACK] = "our FIN is not acknowledged",
	[VERIFY_LOSSY] = "our FIN had to be sent again each time",
	[VERIFY_NO_TS] = "timestamps are agreed to one time and not the next",
	[VERIFY_NO_PORT] = "there is no local port left that was not used",
	[VERIFY_NO_PROBE] = "there is no room left here",
};

struct verdict {
	const char *why;         /* it could not be made; NULL: it could */
	const struct rule *rule; /* the best there is */
	uint32_t tried, differs; /* SYNs, and those the rule is wrong about */
	bool wrong[VERIFY_SYNS];
};

/* ---- the verdict */

static uint64_t
answers(const struct verify_result *r, int kind)
{
	uint64_t n = 0;

	for (int i = 0; i < VERIFY_ANSWERS; i++)
		n += r->answer[kind][i];
	return n;
}

/* Is `rule` right about all runs of this SYN? */
static bool
right(const struct rule *rule, const struct verify_result *r, int syn)
{
	uint64_t taken = r->answer[syn][VERIFY_ACCEPTED];

	return rule->takes(&verify_syn[syn]) ? taken == answers(r, syn) : taken == 0;
}

/* All SYNs together. */
static uint64_t
syn_answers(const struct verify_result *r, enum verify_answer answer)
{
	uint64_t n = 0;

	for (int k = 0; k < VERIFY_SYNS; k++)
		n += r->answer[k][answer];
	return n;
}

/* The failure there was most of; NULL: none. */
static const char *
most_failed(const struct verify_result *r)
{
	int most = 0;

	for (int i = 1; i < VERIFY_FAILURES; i++)
		if (r->failed[i] > r->failed[most])
			most = i;
	return r->failed[most] ? failure_text[most] : NULL;
}

/* Why there can be no verdict; NULL: there can. */
static const char *
why_not(const struct verify_result *r)
{
	uint64_t ack =
		r->answer[VERIFY_FIN_TS][VERIFY_OLD_ACK] + r->answer[VERIFY_FIN][VERIFY_OLD_ACK];
	uint64_t rst = r->answer[VERIFY_FIN_TS][VERIFY_RESET] + r->answer[VERIFY_FIN][VERIFY_RESET];

	if (!r->complete)
		return "the run ended before the check";
	if (answers(r, VERIFY_FIN_TS) + answers(r, VERIFY_FIN) == 0)
		return most_failed(r);
	if (rst > 0 && ack == 0)
		return "the peer is not in TIME_WAIT: a FIN sent again draws RST";
	for (int k = 0; k < VERIFY_SYNS; k++)
		if (answers(r, k) == 0 && (r->peer_ts || !verify_syn[k].old_ts))
			return most_failed(r);
	/* As would be without any TIME_WAIT. */
	if (ack == 0 && syn_answers(r, VERIFY_ACCEPTED) > 0 &&
		syn_answers(r, VERIFY_OLD_ACK) + syn_answers(r, VERIFY_OTHER) +
				syn_answers(r, VERIFY_RESET) + syn_answers(r, VERIFY_SILENCE) ==
			0)
		return "the peer is not seen to be in TIME_WAIT: it takes every SYN, and a FIN "
		       "sent again gets no ACK";
	return NULL;
}

static void
judge(const struct verify_result *r, struct verdict *v)
{
	uint32_t least = UINT32_MAX;

	memset(v, 0, sizeof(*v));
	v->why = why_not(r);
	for (size_t i = 0; i < RTE_DIM(rules); i++) {
		uint32_t differs = 0;

		for (int k = 0; k < VERIFY_SYNS; k++)
			differs += !right(&rules[i], r, k);
		if (differs < least) {
			least = differs;
			v->rule = &rules[i];
		}
	}
	for (int k = 0; k < VERIFY_SYNS; k++) {
		v->tried += answers(r, k) > 0;
		v->wrong[k] = !right(v->rule, r, k);
		v->differs += v->wrong[k];
	}
	if (v->differs == 0 && v->rule->takes == never &&
		syn_answers(r, VERIFY_SILENCE) == r->repeat * (uint64_t)v->tried)
		v->rule = &silent;
}

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

		if (answers(r, k) == 0)
			continue;
		printf("  %-16s %-13s %-9s ", s->old_ts ? "timestamps" : "no timestamps", ts[s->ts],
			s->above ? "above" : "below");
		print_answers(r->answer[k]);
		printf("%s\n", v->wrong[k] ? "  (not by this rule)" : "");
	}
}

/* "yes", "no" or what else: does a RST behind the refusal (RS-04) end TIME_WAIT? */
static const char *
rst_ends(const struct verify_result *r, uint64_t *of)
{
	const uint64_t *n = r->answer[VERIFY_RST];

	*of = n[VERIFY_ACCEPTED] + n[VERIFY_OLD_ACK] + n[VERIFY_OTHER] + n[VERIFY_RESET] +
	      n[VERIFY_SILENCE];
	if (*of == 0)
		return "not tried";
	if (n[VERIFY_ACCEPTED] == *of)
		return "yes";
	return n[VERIFY_OLD_ACK] == *of ? "no" : "unclear";
}

static void
print_controls(const struct verify_result *r)
{
	uint64_t fin[VERIFY_ANSWERS], n;

	n = r->established + r->failed[VERIFY_NO_ARP] + r->failed[VERIFY_NO_SYN_ACK] +
	    r->failed[VERIFY_REFUSED];
	printf("fresh tuples      %" PRIu64 " of %" PRIu64 " SYNs accepted\n", r->established, n);
	for (int i = 0; i < VERIFY_ANSWERS; i++)
		fin[i] = r->answer[VERIFY_FIN_TS][i] + r->answer[VERIFY_FIN][i];
	if (answers(r, VERIFY_FIN_TS) + answers(r, VERIFY_FIN)) {
		printf("a FIN sent again  ");
		print_answers(fin);
		printf("\n");
	}
	for (int i = 0; i < VERIFY_FAILURES; i++)
		if (r->failed[i])
			printf("not made          %" PRIu64 " runs: %s\n", r->failed[i],
				failure_text[i]);
}

static void
print_verdict(const struct verify_result *r, const struct verdict *v)
{
	uint64_t of;
	const char *ends = rst_ends(r, &of);

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
verdict_print(struct app *a, int i, const char **why)
{
	const struct client_config *c = &a->config.client[i];
	struct verify_result r;
	struct verdict v;
	char peer[ENDPOINT_TEXT];

	if (!result_of(a, i, &r))
		return true;
	judge(&r, &v);
	printf("\n---- verify %s: TIME_WAIT of %s, as seen from here: %" PRIu64 " runs\n", c->name,
		endpoint_text(&c->to, peer), r.runs);
	print_controls(&r);
	print_verdict(&r, &v);
	if (why)
		*why = v.why;
	return v.why == NULL;
}

bool
verdict_print_all(struct app *a)
{
	bool good = true;

	for (int i = 0; i < CLIENTS_MAX; i++) {
		const struct client_config *c = &a->config.client[i];
		const char *why;
		char peer[ENDPOINT_TEXT];

		if (verdict_print(a, i, &why))
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

	judge(r, &v);
	json_object_set_new(o, "client", json_string(c->name));
	json_object_set_new(o, "peer", json_string(endpoint_text(&c->to, peer)));
	json_object_set_new(o, "made", json_boolean(v.why == NULL));
	json_object_set_new(o, "why_not", v.why ? json_string(v.why) : json_null());
	json_object_set_new(o, "rule", v.why ? json_null() : json_string(v.rule->id));
	json_object_set_new(o, "differs", json_integer(v.why ? 0 : v.differs));
	json_object_set_new(o, "rst_ends_time_wait", json_string(rst_ends(r, &of)));
	json_object_set_new(o, "timestamps", json_boolean(r->peer_ts));
	json_object_set_new(o, "runs", json_integer((json_int_t)r->runs));
	json_array_append_new(fin, answers_json(r->answer[VERIFY_FIN_TS]));
	json_array_append_new(fin, answers_json(r->answer[VERIFY_FIN]));
	json_object_set_new(o, "fin_again", fin);
	for (int k = 0; k < VERIFY_SYNS; k++)
		if (answers(r, k))
			json_array_append_new(syns, syn_json(r, k));
	json_object_set_new(o, "syns", syns);
	return o;
}

json_t *
verdict_json(struct app *a)
{
	json_t *list = json_array();
	struct verify_result r;

	for (int i = 0; i < CLIENTS_MAX; i++)
		if (result_of(a, i, &r))
			json_array_append_new(list, one_json(&a->config.client[i], &r));
	return list;
}
