/* SPDX-License-Identifier: BSD-3-Clause */
/* tcp_text: words of the `tcp` commands that stand for bytes and flags. */
#ifndef SPATE_APP_TCP_TEXT_H
#define SPATE_APP_TCP_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "words.h"

#define TCP_TEXT_MAX 1024

/*
 * The bytes `text` stands for: \n \r \t \\ and \xHH are one each, all else is itself. Writes
 * them to `out` (strlen(text) at most) and their number to *len. False: said.
 */
bool tcp_unescape(const char *text, uint8_t *out, uint32_t *len);

/* The rest of the words with one blank between two, unescaped. False: said. */
bool tcp_rest(struct words *args, uint8_t out[TCP_TEXT_MAX], uint32_t *len);

/* Letters of F S R P A U to the header's flags. False: said. */
bool tcp_take_flags(const char *text, uint8_t *flags);

/* A number with or without a sign. False: said. */
bool tcp_take_offset(const char *text, const char *what, int64_t *out);

#endif
