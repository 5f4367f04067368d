/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * auth: keys of TCP-AO, as the user has given them. They are every stack's: which
 * connections one is for, its peers and ports say. cmd_auth.c has the commands.
 */
#ifndef SPATE_APP_AUTH_H
#define SPATE_APP_AUTH_H

#include "config.h"

struct app;

/* Give the stacks, just made, all keys. 0 or a negative errno. */
int auth_apply(struct app *a);

/* Print the commands that recreate them, keys and all. */
void auth_print(const struct config *c);

#endif
