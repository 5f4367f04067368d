/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * say: one clear line about what is wrong, with FILE:LINE while a file is being read.
 */
#ifndef SPATE_APP_SAY_H
#define SPATE_APP_SAY_H

#include <stdbool.h>

/* Say what is wrong with the line being run, on standard error. */
void wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* From now on lines come from `file` (NULL: from the prompt) at `line`; nothing is wrong yet. */
void say_where(const char *file, int line);

/* Has anything been wrong since? */
bool say_was_wrong(void);

#endif
