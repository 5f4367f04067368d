/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * app: the program's state, one of it, on the main lcore.
 */
#ifndef SPATE_APP_APP_H
#define SPATE_APP_APP_H

#include <signal.h>
#include <stdbool.h>

#include "config.h"
#include "engine/engine.h"
#include "options.h"
#include "totals.h"
#include "work.h"

struct app {
	struct options options;
	struct config config;
	struct engine engine;
	bool launched; /* the ports are open: they and the protocol's knobs are fixed */
	bool running;  /* the workers poll */
	bool failed;   /* the run failed: exit status 1 */
	bool quit;     /* `quit` was said */
	uint8_t *response[SERVERS_MAX][2];
	uint32_t response_len[SERVERS_MAX][2];
	struct totals base;                /* at the last `clear stats` */
	uint64_t run_start_ns, run_end_ns; /* of the measured time; end 0 while it runs */
	struct cmdline *prompt;            /* while there is one */
	struct manual *manual;             /* NULL as long as nothing is done by hand */
	bool in_file;                      /* commands come from a file */
	volatile sig_atomic_t *interrupted;
};

#endif
