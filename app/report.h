/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * report: what a run says: a line a second, a summary for people, JSON for programs.
 * All are made from the same totals.
 */
#ifndef SPATE_APP_REPORT_H
#define SPATE_APP_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "totals.h"

struct app;

/* 1234567 as "1,234,567". */
#define GROUPED_MAX 32
const char *grouped(uint64_t n, char out[GROUPED_MAX]);

/* One line: what happened between two readings a second apart. */
void live_line(const struct app *a, uint64_t second, const struct totals *before,
	const struct totals *now);

/* What has happened so far, or in all. `t` counts since the start or `clear stats`. */
void summary_print(const struct app *a, const struct totals *t);

/* Seconds of measured time. */
double report_duration(const struct app *a, const struct totals *t);

/* `bytes` in so many seconds, in Gbit/s. */
double report_gbit_s(uint64_t bytes, double seconds);

/* Busy cycles per connection end on worker `i`; 0 when none ended there. */
uint64_t report_cycles(const struct totals *t, uint16_t i);

/* "client", "server", "client+server", "by hand" or "none": what worker `i` does. */
const char *report_role(const struct app *a, uint16_t i);

/* Will it be possible to write `path`? Said, when not. */
bool report_can_write(const char *path);

/*
 * A client that was started and whose connections, any or none, came to nothing: a line says why.
 * False when there was one.
 */
bool outcome_say(const struct app *a, const struct totals *t);

/* Write --json=FILE. False, said, when it cannot be written. */
bool report_write(struct app *a, const struct totals *t, int64_t leaked);

#endif
