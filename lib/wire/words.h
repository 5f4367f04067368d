/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire/words: headers as words of 32 bits, each written by one store and read by one load.
 *
 * What was written a moment ago is read back out of the store buffer, but only by a load that
 * lies within one store. A wider one waits until all of them have reached the cache, behind
 * whatever was written before; where a line of that is another core's, hundreds of cycles. A
 * compiler does not know, and makes of four stores and a copy just such a load, which is what
 * the barriers here keep it from.
 */
#ifndef SPATE_WIRE_WORDS_H
#define SPATE_WIRE_WORDS_H

#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

/*
 * To and from network order, as rte_cpu_to_be_32() and its kind do; but those are assembler, which
 * a compiler can neither compute at build time nor join with a load.
 */
static inline uint32_t
word_be32(uint32_t x)
{
	return RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN ? __builtin_bswap32(x) : x;
}

static inline uint16_t
word_be16(uint16_t x)
{
	return RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN ? __builtin_bswap16(x) : x;
}

/* Write word `i` of the header at `p`. */
static inline void
word_put(uint8_t *p, uint32_t i, uint32_t word)
{
	__asm__("" : "+r"(word));
	memcpy(p + 4 * i, &word, sizeof(word));
}

static inline uint32_t
word_get(const uint8_t *p, uint32_t i)
{
	uint32_t word;

	memcpy(&word, p + 4 * i, sizeof(word));
	__asm__("" : "+r"(word));
	return word;
}

#endif
