/* SPDX-License-Identifier: BSD-3-Clause */
/* set client NAME ..., set tcp KNOB VALUE, set run drain MS, set run end fin|reset */
#include <stdio.h>
#include <string.h>

#include "app.h"
#include "command.h"
#include "knobs.h"
#include "run.h"

static bool
set_tcp(struct app *a, struct words *args)
{
	const char *name = words_next(args), *value = words_next(args);

	if (value == NULL || words_next(args)) {
		wrong("expected: set tcp KNOB VALUE ('help set tcp' lists the knobs)");
		return false;
	}
	if (a->launched) {
		wrong("set tcp %s: the stacks are running: set it before the first 'start'", name);
		return false;
	}
	return knobs_set(&a->config, name, value);
}

static bool
set_run(struct app *a, struct words *args)
{
	const char *name = words_next(args), *value = words_next(args);
	uint64_t n;

	if (value == NULL || words_next(args) || (strcmp(name, "drain") && strcmp(name, "end"))) {
		wrong("expected: set run drain MS, or set run end fin|reset");
		return false;
	}
	if (strcmp(name, "end") == 0) {
		if (strcmp(value, "fin") && strcmp(value, "reset")) {
			wrong("end '%s': expected fin|reset", value);
			return false;
		}
		a->config.end_by_reset = strcmp(value, "reset") == 0;
		return true;
	}
	if (!take_number(value, 0, 3600000, "drain", &n))
		return false;
	a->config.drain_ms = n;
	return true;
}

const struct command set_commands[] = {
	{"set client", "NAME [rate N|max] [concurrency N]", false,
		"change a client, running or not", client_set, NULL},
	{"set tcp", "KNOB VALUE", false, "change the protocol's settings, before the first 'start'",
		set_tcp, knobs_help},
	{"set run", "drain MS | end fin|reset", false,
		"at the end of a run: how long connections may end by themselves (default 3000), "
		"and how "
		"what is left then is closed (default fin)",
		set_run, NULL},
	{NULL, NULL, false, NULL, NULL, NULL},
};
