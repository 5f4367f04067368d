/* SPDX-License-Identifier: BSD-3-Clause */
/* port config N impair off | [loss P%] [delay T] [reorder P%] [duplicate P%] [corrupt P%] ... */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "cmd_impair.h"
#include "words.h"

#define DELAY_MAX_NS 10000000000ull

/* "1%", "0.05%": in millionths. */
static bool
take_share(const char *what, const char *value, uint32_t *out)
{
	char *end;
	double share = strtod(value, &end);

	if (end == value || strcmp(end, "%") || !(share >= 0 && share <= 100)) {
		wrong("%s '%s': expected a percentage from 0%% to 100%%, as in 0.1%%", what, value);
		return false;
	}
	*out = share * (IMPAIR_WHOLE / 100) + 0.5;
	return true;
}

static bool
take_loss(void *to, const char *value)
{
	return take_share("loss", value, &((struct impair_conf *)to)->loss);
}

static bool
take_reorder(void *to, const char *value)
{
	return take_share("reorder", value, &((struct impair_conf *)to)->reorder);
}

static bool
take_duplicate(void *to, const char *value)
{
	return take_share("duplicate", value, &((struct impair_conf *)to)->duplicate);
}

static bool
take_corrupt(void *to, const char *value)
{
	return take_share("corrupt", value, &((struct impair_conf *)to)->corrupt);
}

static bool
take_delay(void *to, const char *value)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = {{"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
	char *end;
	double n = strtod(value, &end);

	for (size_t i = 0; end != value && i < RTE_DIM(units); i++) {
		if (strcmp(end, units[i].unit) || !(n >= 0 && n * units[i].ns <= DELAY_MAX_NS))
			continue;
		((struct impair_conf *)to)->delay_ns = n * units[i].ns + 0.5;
		return true;
	}
	wrong("delay '%s': expected a time up to 10 s with its unit, as in 10ms or 500us", value);
	return false;
}

static bool
take_seed(void *to, const char *value)
{
	return take_number(value, 0, UINT64_MAX, "seed", &((struct impair_conf *)to)->seed);
}

static bool
take_only(void *to, const char *value)
{
	struct impair_conf *c = to;

	if (strcmp(value, "in") && strcmp(value, "out")) {
		wrong("only '%s': expected in|out", value);
		return false;
	}
	c->in = strcmp(value, "in") == 0;
	c->out = !c->in;
	return true;
}

static const struct key impair_keys[] = {
	{"loss", "P%", "frames that never arrive", take_loss, false},
	{"delay", "T", "all frames arrive later by so much: 10ms, 500us", take_delay, false},
	{"reorder", "P%", "frames that those of the next millisecond overtake", take_reorder,
		false},
	{"duplicate", "P%", "frames that arrive twice", take_duplicate, false},
	{"corrupt", "P%", "frames with one bit wrong", take_corrupt, false},
	{"only", "in|out", "one direction (default both)", take_only, false},
	{"seed", "N", "of the generator that chooses (default 1)", take_seed, false},
	{NULL, NULL, NULL, NULL, false},
};

static bool
apply(struct app *a, uint16_t id)
{
	const struct port_config *p = &a->config.port[id];

	if (!a->launched)
		return true;
	if (engine_impair(&a->engine, id, p->impaired ? &p->impair : NULL) == -ENOMEM) {
		wrong("port %u: no memory for its impairment", id);
		return false;
	}
	return true;
}

bool
impair_config(struct app *a, uint16_t id, struct words *args)
{
	struct impair_conf c = {.seed = 1, .in = true, .out = true};
	struct port_config *p = &a->config.port[id];

	if (args->at == args->n) {
		wrong("port %u impair: expected off, or what is to go wrong: loss 1%%", id);
		return false;
	}
	if (args->n - args->at == 1 && strcmp(args->word[args->at], "off") == 0) {
		p->impaired = false;
		return apply(a, id);
	}
	if (!keys_parse(args, impair_keys, &c))
		return false;
	p->impair = c;
	p->impaired = true;
	return apply(a, id);
}

void
impair_apply_all(struct app *a)
{
	for (uint16_t i = 0; i < PORTS_MAX; i++)
		if (a->config.port[i].impaired)
			apply(a, i);
}

static void
print_counters(const char *way, const struct impair_counters *c)
{
	printf("  impaired %s: passed %" PRIu64 "  lost %" PRIu64 "  reordered %" PRIu64
	       "  duplicated %" PRIu64 "  corrupted %" PRIu64 "  overflowed %" PRIu64 "\n",
		way, c->passed, c->lost, c->reordered, c->duplicated, c->corrupted, c->overflowed);
}

void
impair_show(const struct app *a, uint16_t id)
{
	struct impair_counters in, out;

	if (!a->launched || id >= PORTS_MAX || !a->config.port[id].impaired)
		return;
	engine_impair_counters(&a->engine, id, &in, &out);
	print_counters("in ", &in);
	print_counters("out", &out);
}

void
impair_help(void)
{
	printf("    impair off | ...             a bad network, at any time:\n");
	keys_help(impair_keys);
}
