/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pattern: the bytes spate sends and checks. Bytes 8k to 8k+7 are k in seven hexadecimal
 * digits and a newline, so every byte is known from its position and a lost, repeated or
 * moved one is seen. `seq 0 N | xargs printf '%07x\n'` writes the same.
 *
 * What has no length of its own (streams, requests and responses one behind the other)
 * begins again after PATTERN_PERIOD bytes, so that all of it is sent from one block. The
 * period is eight times a prime: what is displaced by segments or by a power of two shows.
 */
#ifndef SPATE_APP_PATTERN_H
#define SPATE_APP_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

#define PATTERN_PERIOD (8u * 131071)

#define PATTERN_BLOCK (2 * PATTERN_PERIOD)

/* Once, before the others below. */
void pattern_init(void);

/* From now on the block is in these PATTERN_BLOCK bytes; nothing must have been sent of it yet. */
void pattern_move(uint8_t *to);

/* Write bytes [at, at + len). */
void pattern_fill(uint8_t *p, uint64_t at, uint32_t len);

/* Are these bytes [at, at + len) of it? */
bool pattern_check(const uint8_t *p, uint64_t at, uint32_t len);

/*
 * Bytes from `at` on of the pattern that begins again, in memory that stays: `len` of them, more
 * than PATTERN_PERIOD.
 */
const uint8_t *pattern_block(uint64_t at, uint32_t *len);

/* Are these bytes [at, at + len) of that? */
bool pattern_check_again(const uint8_t *p, uint64_t at, uint32_t len);

#endif
