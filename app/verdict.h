/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * verdict: what a check has found out (verify.h), as a rule. For every SYN that was tried each
 * rule says whether it takes it, and the one that is right about all of them is the verdict.
 * Pure functions of the result. (Said in verify_say.c.)
 */
#ifndef SPATE_APP_VERDICT_H
#define SPATE_APP_VERDICT_H

#include "verify.h"

/* Which SYNs a peer in TIME_WAIT takes for a new incarnation's. */
struct rule {
	const char *id;   /* in the report */
	const char *text; /* for people */
	bool (*takes)(const struct verify_syn *s);
};

struct verdict {
	const char *why;         /* it could not be made; NULL: it could */
	const struct rule *rule; /* the best there is */
	uint32_t tried, differs; /* SYNs, and those the rule is wrong about */
	bool wrong[VERIFY_SYNS];
};

extern const char *const verify_failure_text[VERIFY_FAILURES];

void verdict_make(const struct verify_result *r, struct verdict *v);

/* Runs of this kind that have come to an answer. */
uint64_t verdict_answers(const struct verify_result *r, int kind);

/*
 * Does a RST behind the refusal (RS-04) end TIME_WAIT? "yes", "no", "unclear", "not tried"; *of
 * is the number of runs that tell.
 */
const char *verdict_rst_ends(const struct verify_result *r, uint64_t *of);

#endif
