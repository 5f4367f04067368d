/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * client_words: what `client add` and `set client` can be told, which of it goes with which
 * workload, and what holds where nothing is said.
 */
#ifndef SPATE_APP_CLIENT_WORDS_H
#define SPATE_APP_CLIENT_WORDS_H

#include <stdbool.h>

#include "config.h"
#include "words.h"

/* Parse the words of `client add` behind the name, c->name is there. False: said. */
bool client_words(struct words *args, struct client_config *c);

/* The part that changes live: rate and concurrency. */
bool client_pace_words(struct words *args, struct client_config *c);

void client_words_help(void);

#endif
