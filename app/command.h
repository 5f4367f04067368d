/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * command: the command line. One table of commands, each a few words and a tail, feeds
 * DPDK's cmdline library (editing, history, completion) at the prompt and the files under
 * config/; both take the same way, so both know the same grammar and say the same things.
 *
 * The commands themselves are in cmd_*.c, one file a noun.
 */
#ifndef SPATE_APP_COMMAND_H
#define SPATE_APP_COMMAND_H

#include <stdbool.h>

#include "words.h"

struct app;

struct command {
	const char *words;  /* "client add"; NULL ends a table */
	const char *args;   /* what follows, for people; NULL: nothing may follow */
	bool args_optional; /* may be left out */
	const char *help;   /* one line */
	/* Do it. False when something was wrong and has been said. */
	bool (*run)(struct app *app, struct words *args);
	void (*more)(void); /* print what `args` may be; NULL when `args` says it all */
};

extern const struct command port_commands[], server_commands[], client_commands[], set_commands[],
	auth_commands[], run_commands[], show_commands[], conn_commands[], tcp_commands[],
	tcp_watch_commands[];

/* `set client`: cmd_client.c has the keys. */
bool client_set(struct app *app, struct words *args);

/* Make the grammar known to cmdline. False when there is no memory. */
bool command_init(struct app *app);

/* Run one line. False when it was wrong. */
bool command_line(const char *line);

/* Run a file; stops at the first wrong line, which is said with FILE:LINE. */
bool command_file(const char *path);

/* Prompt until `quit` or the end of input. */
void command_prompt(void);

/* Print every command, or those that begin with `topic`. False when there is none. */
bool command_help(const char *topic);

#endif
