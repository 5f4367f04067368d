/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * knobs: the protocol's settings as one table: name, unit, range, default, RFC. `set tcp`,
 * `show config`, the help and the documentation all read it.
 */
#ifndef SPATE_APP_KNOBS_H
#define SPATE_APP_KNOBS_H

#include <stdbool.h>

#include "config.h"

/* Set knob `name` to `text`. False with the error said. */
bool knobs_set(struct config *c, const char *name, const char *text);

/* Print `set` commands for what differs from the defaults. */
void knobs_print(const struct config *c);

/* Print the table: knob, range, default, what it is. */
void knobs_help(void);

#endif
