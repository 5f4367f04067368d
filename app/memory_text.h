/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * memory_text: what the tables and packet buffers take, and where they are: a line when they
 * have been made, one a slot in `show memory`, an object in the report.
 */
#ifndef SPATE_APP_MEMORY_TEXT_H
#define SPATE_APP_MEMORY_TEXT_H

#include <jansson.h>

struct app;

void memory_say(const struct app *a);
void memory_show(const struct app *a);
json_t *memory_json(const struct app *a);

#endif
