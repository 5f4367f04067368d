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

/* ---- between client_words.c and client_check.c */

/* `close` was not given: what holds then depends on the workload. */
#define CLOSE_UNSET ((enum close_mode) - 1)

extern const struct key client_keys[];

/* Was this word there? */
bool client_word_given(uint64_t seen, const char *word);

/* Do the words go together? And, when the others are filled in, the sizes? False: said. */
bool client_check_words(const struct client_config *c, uint64_t seen);
bool client_check_sizes(const struct client_config *c);

#endif
