/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * options: what is said before the first command: our own options, and the EAL arguments
 * spate gives itself when the user gives none.
 */
#ifndef SPATE_APP_OPTIONS_H
#define SPATE_APP_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define EAL_ARGS_MAX 64

struct options {
	bool interactive;
	const char *command_file;
	const char *json_file;
	uint32_t duration_s; /* 0: no limit */
	uint32_t link_wait_s;
	uint32_t max_connections; /* in all */
	uint32_t max_time_wait;
	/* For EAL. */
	int eal_argc;
	char *eal_argv[EAL_ARGS_MAX];
	bool embedded;                /* no port asked for: make the wire in memory */
	const char *why_no_hugepages; /* where the choice was ours; NULL: they are there */
	char lock_path[512];
	char file_prefix[64];
};

enum options_verdict {
	OPTIONS_RUN,
	OPTIONS_DONE,  /* --help, --version: said, exit 0 */
	OPTIONS_WRONG, /* said, exit 2 */
};

enum options_verdict options_parse(struct options *o, int argc, char **argv);

/*
 * One spate a file prefix: EAL would not notice a second one. Returns false when another
 * runs (said). Held until the process ends.
 */
bool options_lock(struct options *o);

/* At the end: nothing is left of it. */
void options_unlock(const struct options *o);

#endif
