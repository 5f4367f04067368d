/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pattern: the body spate serves and checks. Bytes 8k to 8k+7 are k in seven hexadecimal
 * digits and a newline, so every byte is known from its position and a lost, repeated or
 * moved one is seen. `seq 0 N | xargs printf '%07x\n'` writes the same.
 */
#ifndef SPATE_APP_PATTERN_H
#define SPATE_APP_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

/* Once, before pattern_check(). */
void pattern_init(void);

/* Write bytes [at, at + len). */
void pattern_fill(uint8_t *p, uint64_t at, uint32_t len);

/* Are these bytes [at, at + len) of it? */
bool pattern_check(const uint8_t *p, uint64_t at, uint32_t len);

#endif
