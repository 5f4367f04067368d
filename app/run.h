/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * run: from configuration to traffic and back: launch the engine, start and stop
 * workloads, wait for the end, drain, and see that the sums agree.
 */
#ifndef SPATE_APP_RUN_H
#define SPATE_APP_RUN_H

#include <stdbool.h>

struct app;

/* Open the ports and start the workers, unless that has been done. False: said. */
bool run_ready(struct app *a);

/* Start or stop a client or server by name, or all of them. False: said. */
bool run_start(struct app *a, const char *name);
bool run_stop(struct app *a, const char *name);

/* Tell the slots that a client's rate or concurrency changed. */
void run_pace(struct app *a, int client);

/*
 * Wait for the end of a run without a prompt: its duration, the last connection of
 * clients with a count, or an interrupt; a line a second.
 */
void run_wait(struct app *a);

/* Is any client started that opens a number of connections? */
bool run_counts(const struct app *a);

/* Have all started clients done their count (the endless never have)? */
bool run_counted_out(const struct app *a);

/*
 * Stop clients, let connections end (drain), close the rest, reset what remains, print
 * the summary, write the report, check the sums. Sets a->failed.
 */
void run_finish(struct app *a);

struct engine_slot;

/* Call fn on every slot of port `port`, or of all ports (-1). */
void run_each_slot(
	struct app *a, int port, void (*fn)(struct engine_slot *slot, void *arg), void *arg);

#endif
