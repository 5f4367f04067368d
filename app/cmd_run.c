/* SPDX-License-Identifier: BSD-3-Clause */
/* start, stop, clear stats, help, quit */
#include <stdio.h>
#include <string.h>

#include <cmdline.h>

#include "app.h"
#include "command.h"
#include "run.h"

static bool
start(struct app *a, struct words *args)
{
	const char *name = words_next(args);

	if (words_next(args)) {
		wrong("expected: start [NAME|all]");
		return false;
	}
	return run_start(a, name);
}

static bool
stop(struct app *a, struct words *args)
{
	const char *name = words_next(args);

	if (words_next(args)) {
		wrong("expected: stop [NAME|all]");
		return false;
	}
	return run_stop(a, name);
}

static bool
clear_stats(struct app *a, struct words *args)
{
	uint64_t *v = a->base.tcp.v;

	(void)args;
	totals_read(a, &a->base);
	/*
	 * What is there now counts as opened and entered since: what began is what has ended,
	 * and the sums still agree, though the workers counted on while this was read.
	 */
	v[SPATE_OPENED] = spate_ends_ended(&a->base.tcp);
	v[SPATE_TW_ENTERED] = spate_time_waits_ended(&a->base.tcp);
	for (int i = 0; i < CLIENTS_MAX; i++) {
		struct client_totals *c = &a->base.client[i];

		c->attempted = c->closed + c->aborted + client_failed(c);
	}
	for (int i = 0; i < SERVERS_MAX; i++)
		a->base.server[i].accepted = a->base.server[i].closed + a->base.server[i].failed;
	return true;
}

static bool
help(struct app *a, struct words *args)
{
	char topic[256] = "";
	const char *word;

	(void)a;
	while ((word = words_next(args)) != NULL) {
		size_t at = strlen(topic);

		snprintf(topic + at, sizeof(topic) - at, "%s%s", at ? " " : "", word);
	}
	if (command_help(topic[0] ? topic : NULL))
		return true;
	wrong("no help on '%s': 'help' lists the commands", topic);
	return false;
}

static bool
quit(struct app *a, struct words *args)
{
	(void)args;
	a->quit = true;
	if (a->prompt)
		cmdline_quit(a->prompt);
	return true;
}

const struct command run_commands[] = {
	{"start", "[NAME|all]", true, "start a client or server, or all of them", start, NULL},
	{"stop", "[NAME|all]", true, "stop opening, or listening; what is open goes on", stop,
		NULL},
	{"clear stats", NULL, false,
		"count from now on: what is open, or in TIME_WAIT, has begun since", clear_stats,
		NULL},
	{"help", "[COMMAND]", true, "list the commands, or explain one", help, NULL},
	{"quit", NULL, false, "end the run: drain, summary, report", quit, NULL},
	{NULL, NULL, false, NULL, NULL, NULL},
};
