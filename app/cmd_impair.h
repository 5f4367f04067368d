/* SPDX-License-Identifier: BSD-3-Clause */
/* cmd_impair: the part of `port config` that makes a port's network bad. */
#ifndef SPATE_APP_CMD_IMPAIR_H
#define SPATE_APP_CMD_IMPAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "words.h"

struct app;

/* The words behind `port config N impair`. At any time: before the start, and while it runs. */
bool impair_config(struct app *a, uint16_t id, struct words *args);

/* The ports have just been opened: what was configured before takes effect. */
void impair_apply_all(struct app *a);

/* What has happened to the port's frames, two lines; nothing when nothing is impaired. */
void impair_show(const struct app *a, uint16_t id);

void impair_help(void);

#endif
