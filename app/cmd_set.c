/* SPDX-License-Identifier: BSD-3-Clause */
/* set client NAME ..., set tcp KNOB VALUE, set idle ..., set run drain MS, set run end fin|reset */
#include <string.h>

#include "app.h"
#include "command.h"
#include "knobs.h"
#include "run.h"
#include "words.h"

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

/* ---- set idle */

static bool
take_after(void *to, const char *value)
{
	uint64_t ns;

	if (!take_time(value, 0, IDLE_AFTER_MAX_NS, "after", &ns))
		return false;
	((struct idle_conf *)to)->after_ns = ns;
	return true;
}

static bool
take_for(void *to, const char *value)
{
	uint64_t ns;

	if (!take_time(value, 1000, IDLE_FOR_MAX_NS, "for", &ns))
		return false;
	((struct idle_conf *)to)->for_ns = ns;
	return true;
}

/* After sleep; what goes with pause begins one further down. */
static const struct key idle_keys[] = {
	{"for", "TIME", "with sleep: a frame may wait so long, and its wake-up (default 250us)",
		take_for, false},
	{"after", "TIME", "with pause, sleep: of nothing to do at all (default 1ms)", take_after,
		false},
	{NULL, NULL, NULL, NULL, false},
};

static bool
set_idle(struct app *a, struct words *args)
{
	struct idle_conf c = {IDLE_BUSY_POLL, IDLE_AFTER_NS, IDLE_FOR_NS};
	const char *mode = words_next(args);

	while (c.mode < IDLE_MODES && strcmp(mode, idle_mode_name[c.mode]))
		c.mode++;
	if (c.mode == IDLE_MODES) {
		wrong("idle '%s': expected busy-poll|pause|sleep", mode);
		return false;
	}
	if (c.mode == IDLE_BUSY_POLL && words_next(args)) {
		wrong("idle busy-poll: nothing may follow: it never rests");
		return false;
	}
	if (!keys_parse(args, idle_keys + (c.mode == IDLE_PAUSE), &c))
		return false;
	a->config.idle = c;
	if (a->launched)
		engine_set_idle(&a->engine, &c);
	return true;
}

static void
idle_help(void)
{
	keys_help(idle_keys);
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
	{"set idle", "busy-poll | pause [after TIME] | sleep [after TIME] [for TIME]", false,
		"what workers do that have nothing to do, at any time (default sleep)", set_idle,
		idle_help},
	{"set run", "drain MS | end fin|reset", false,
		"at the end of a run: how long connections may end by themselves (default 3000), "
		"and how "
		"what is left then is closed (default fin)",
		set_run, NULL},
	{NULL, NULL, false, NULL, NULL, NULL},
};
