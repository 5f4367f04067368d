/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * option: TCP options of a script's segments, for segment.c. What a segment that says nothing
 * of them has, and is expected to have, is written here.
 */
#ifndef TEST_SCRIPT_OPTION_H
#define TEST_SCRIPT_OPTION_H

#include "script.h"

/* As found in a segment. */
struct option_view {
	uint64_t mss, wscale, tsval, tsecr; /* SET, or ABSENT */
	uint64_t sack_ok, uto;
	struct range sack[4]; /* as carried */
	uint32_t n_sack;
};

/* The options of an injected segment, as usual or as told; returns their bytes. */
uint32_t option_build(struct script *s, const struct seg *g, uint8_t *p);

/* What is wrong with them, or NULL. */
const char *option_parse(const uint8_t *p, uint32_t len, struct option_view *v);

/* A few words; returns how long they are. */
int option_describe(
	const struct option_view *v, const struct tuple *t, bool ours, char *to, size_t max);

/* They must be those of `g`, in a segment that left at `at`. */
void option_match(struct script *s, const struct seg *g, const struct option_view *v, uint64_t at,
	const char *line);

/* segment.c: fails unless they are equal. */
void script_want(
	struct script *s, const char *what, uint64_t got, uint64_t expected, const char *line);

#endif
