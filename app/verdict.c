/* SPDX-License-Identifier: BSD-3-Clause */
#include "verdict.h"

#include <string.h>

#include <rte_common.h>

const struct verify_syn verify_syn[VERIFY_SYNS] = {
	{true, VERIFY_TS_NEWER, true},
	{true, VERIFY_TS_NEWER, false},
	{true, VERIFY_TS_EQUAL, true},
	{true, VERIFY_TS_EQUAL, false},
	{true, VERIFY_TS_OLDER, true},
	{true, VERIFY_TS_OLDER, false},
	{true, VERIFY_TS_NONE, true},
	{true, VERIFY_TS_NONE, false},
	{false, VERIFY_TS_NONE, true},
	{false, VERIFY_TS_NONE, false},
	{false, VERIFY_TS_ONLY_NEW, true},
	{false, VERIFY_TS_ONLY_NEW, false},
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

const char *const verify_failure_text[VERIFY_FAILURES] = {
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

/* ---- the verdict */

uint64_t
verdict_answers(const struct verify_result *r, int kind)
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

	return rule->takes(&verify_syn[syn]) ? taken == verdict_answers(r, syn) : taken == 0;
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
	return r->failed[most] ? verify_failure_text[most] : NULL;
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
	if (verdict_answers(r, VERIFY_FIN_TS) + verdict_answers(r, VERIFY_FIN) == 0)
		return most_failed(r);
	if (rst > 0 && ack == 0)
		return "the peer is not in TIME_WAIT: a FIN sent again draws RST";
	for (int k = 0; k < VERIFY_SYNS; k++)
		if (verdict_answers(r, k) == 0 && (r->peer_ts || !verify_syn[k].old_ts))
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

void
verdict_make(const struct verify_result *r, struct verdict *v)
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
		v->tried += verdict_answers(r, k) > 0;
		v->wrong[k] = !right(v->rule, r, k);
		v->differs += v->wrong[k];
	}
	if (v->differs == 0 && v->rule->takes == never &&
		syn_answers(r, VERIFY_SILENCE) == r->repeat * (uint64_t)v->tried)
		v->rule = &silent;
}

const char *
verdict_rst_ends(const struct verify_result *r, uint64_t *of)
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
