/* SPDX-License-Identifier: BSD-3-Clause */
/* spate: the program. Options, EAL, the embedded wire, commands, the run, the end. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>

#include <sodium.h>

#include "app.h"
#include "command.h"
#include "manual.h"
#include "pattern.h"
#include "port/embedded.h"
#include "port/vanish.h"
#include "report.h"
#include "run.h"

#define EXIT_FAILED 1
#define EXIT_USAGE  2

#define SECOND_CTRL_C_MS 300

static volatile sig_atomic_t interrupted;

static void
on_signal(int signal_number)
{
	(void)signal_number;
	static struct timespec first;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!interrupted) {
		interrupted = 1;
		first = now;
		return;
	}
	/* Wrappers pass one Ctrl-C on twice; a person's second one means it. */
	if ((now.tv_sec - first.tv_sec) * 1000 + (now.tv_nsec - first.tv_nsec) / 1000000 >=
		SECOND_CTRL_C_MS)
		_exit(128 + SIGINT);
}

static void
catch_signals(void)
{
	struct sigaction sa = {.sa_handler = on_signal}, hang_up;

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	/* A terminal that is gone ends the run as well, unless nohup has said that it does not. */
	sigaction(SIGHUP, NULL, &hang_up);
	if (hang_up.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &sa, NULL);
	/* A vhost or memif peer that is gone must not take us along. */
	signal(SIGPIPE, SIG_IGN);
	port_vanish_watch();
}

/* A file that is opened later must not become standard input or output. */
static void
open_standard(void)
{
	int fd = open("/dev/null", O_RDWR);

	while (fd >= 0 && fd <= STDERR_FILENO)
		fd = dup(fd);
	if (fd > STDERR_FILENO)
		close(fd);
}

static const char *
eal_hint(int error)
{
	switch (error) {
	case ENOMEM:
		return ": 'ulimit -v', or too few hugepages for -m (--no-huge needs neither)";
	case EACCES:
		return ": hugepages want root, and a mounted hugetlbfs or --in-memory (--no-huge "
		       "-m 512 wants neither)";
	default:
		return "";
	}
}

/* EAL, and the wire in memory when no port was asked for. */
static int
start_dpdk(struct options *o)
{
	if (rte_eal_init(o->eal_argc, o->eal_argv) < 0) {
		fprintf(stderr, "spate: EAL did not start: %s%s\n", rte_strerror(rte_errno),
			eal_hint(rte_errno));
		return rte_errno == EINVAL ? EXIT_USAGE : EXIT_FAILED;
	}
	if (engine_count_workers() == 0) {
		fprintf(stderr, "spate: no worker lcore: give EAL at least two lcores, the first "
				"is for the "
				"command line (for example --lcores 0@0,1@0)\n");
		return EXIT_USAGE;
	}
	if (o->embedded) {
		/* As many as could be asked for: each worker may have both ends of one. */
		if (embedded_wire_create(RTE_MIN(engine_count_workers(), PORT_QUEUES_MAX)) < 0) {
			fprintf(stderr, "spate: no memory for the embedded wire\n");
			return EXIT_FAILED;
		}
		printf("embedded wire: ports 0 and 1, %u worker lcore%s, ", engine_count_workers(),
			engine_count_workers() > 1 ? "s" : "");
		if (rte_eal_has_hugepages())
			printf("hugepages\n");
		else
			printf("no hugepages (%s)\n",
				o->why_no_hugepages ? o->why_no_hugepages : "--no-huge");
		fflush(stdout);
	}
	if (rte_eth_dev_count_avail() == 0) {
		fprintf(stderr, "spate: no port: give EAL one with -a PCI or --vdev=...\n");
		return EXIT_FAILED;
	}
	return 0;
}

/* Exit status of a command file that did not go through. */
static int
file_failed(struct app *a)
{
	/* A command that failed in doing, not in saying: the run has failed, not the usage. */
	int status = a->failed ? EXIT_FAILED : EXIT_USAGE;

	if (a->launched && a->failed) {
		run_finish(a); /* what there was of it is worth a report */
	} else if (a->launched) {
		engine_halt(&a->engine);
		manual_free(a);
		engine_stop(&a->engine);
	}
	return status;
}

/* A run that has an end or a report means to be run. */
static bool
wants_run(const struct app *a)
{
	return a->options.duration_s || a->options.json_file;
}

static int
run(struct app *a)
{
	if (!command_init(a)) {
		fprintf(stderr, "spate: no memory for the command line\n");
		return EXIT_FAILED;
	}
	if (a->options.command_file && !command_file(a->options.command_file))
		return file_failed(a);
	if (a->options.interactive && !a->quit)
		command_prompt();
	else if (a->launched && !a->quit)
		run_wait(a);
	else if (!a->launched && !a->options.interactive && !a->quit && wants_run(a)) {
		fprintf(stderr, "spate: %s: nothing was started: expected a line 'start all'\n",
			a->options.command_file);
		return EXIT_USAGE;
	}
	run_finish(a);
	return a->failed ? EXIT_FAILED : 0;
}

int
main(int argc, char **argv)
{
	/* Not calloc(): the workers in it are to begin at cache lines. */
	struct app *a = aligned_alloc(alignof(struct app), sizeof(*a));
	bool memory_stays;
	int status;

	open_standard();
	if (a == NULL || sodium_init() < 0) {
		fprintf(stderr, "spate: no memory\n");
		return EXIT_FAILED;
	}
	memset(a, 0, sizeof(*a));
	switch (options_parse(&a->options, argc, argv)) {
	case OPTIONS_DONE:
		return 0;
	case OPTIONS_WRONG:
		return EXIT_USAGE;
	case OPTIONS_RUN:
		break;
	}
	if (a->options.command_file && access(a->options.command_file, R_OK) < 0) {
		fprintf(stderr, "spate: %s: ", a->options.command_file);
		perror("cannot be read");
		return EXIT_USAGE;
	}
	/* Now, not when an hour's run is over. */
	if (a->options.json_file && !report_can_write(a->options.json_file))
		return EXIT_USAGE;
	if (!options_lock(&a->options))
		return EXIT_FAILED;
	pattern_init();
	config_init(&a->config);
	if (a->options.max_connections)
		a->config.max_conns = a->options.max_connections;
	if (a->options.max_time_wait)
		a->config.max_time_wait = a->options.max_time_wait;
	catch_signals();
	a->interrupted = &interrupted;
	status = start_dpdk(&a->options);
	memory_stays = status == 0 && port_vanishes_any();
	if (status == 0)
		status = run(a);
	if (!memory_stays)
		rte_eal_cleanup();
	options_unlock(&a->options);
	free(a);
	return status;
}
