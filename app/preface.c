/* SPDX-License-Identifier: BSD-3-Clause */
#include "preface.h"

#include <inttypes.h>
#include <stdio.h>

/* Digits of a number: none that fits in 64 bits is lost. */
#define DIGITS_MAX 18

static const struct {
	const char *word;
	uint8_t numbers;
} kinds[PREFACE_KINDS] = {
	[PREFACE_RR] = {"rr ", 2},
	[PREFACE_DOWN] = {"down ", 1},
	[PREFACE_BOTH] = {"both ", 1},
};

/* The next character of the word: its first one says which it is. */
static bool
word(struct preface *p, char ch)
{
	if (p->at == 0)
		while (p->kind < PREFACE_KINDS && kinds[p->kind].word[0] != ch)
			p->kind++;
	if (p->kind == PREFACE_KINDS || kinds[p->kind].word[p->at] != ch)
		return false;
	p->at++;
	if (kinds[p->kind].word[p->at] == '\0') {
		p->field = 1;
		p->at = 0;
	}
	return true;
}

static bool
number(struct preface *p, char ch)
{
	bool last = p->field == kinds[p->kind].numbers;

	if (ch >= '0' && ch <= '9') {
		p->number[p->field - 1] = p->number[p->field - 1] * 10 + (ch - '0');
		return p->at++ < DIGITS_MAX;
	}
	if (p->at == 0 || ch != (last ? '\n' : ' '))
		return false;
	p->field++;
	p->at = 0;
	p->done = last;
	return true;
}

uint32_t
preface_parse(struct preface *p, const uint8_t *data, uint32_t len)
{
	uint32_t i = 0;

	while (i < len && !p->done) {
		char ch = data[i++];

		if (!(p->field == 0 ? word(p, ch) : number(p, ch)))
			p->done = p->bad = true;
	}
	return i;
}

uint32_t
preface_make(char out[PREFACE_MAX], enum preface_kind kind, uint64_t a, uint64_t b)
{
	if (kinds[kind].numbers == 1)
		return snprintf(out, PREFACE_MAX, "%s%" PRIu64 "\n", kinds[kind].word, a);
	return snprintf(out, PREFACE_MAX, "%s%" PRIu64 " %" PRIu64 "\n", kinds[kind].word, a, b);
}
