/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire/checksum: the Internet checksum (RFC 1071). A sum is 64 bits wide, of words of any width in
 * the order they have in memory, and is folded to 16 bits once, at the end.
 */
#ifndef SPATE_WIRE_CHECKSUM_H
#define SPATE_WIRE_CHECKSUM_H

#include <stdint.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>

#include "wire/words.h"

/* The sum of `n` words of 32 bits at `p`, which may have been written just now (words.h). */
static inline uint64_t
checksum_words(const void *p, uint32_t n)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += word_get(p, i);
	return sum;
}

/* a + b in one's complement. */
static inline uint64_t
checksum_add(uint64_t a, uint64_t b)
{
	a += b;
	return a + (a < b);
}

/*
 * From here on vectors win, which is what compilers make of rte_raw_cksum(). They do so in a
 * function of their own, where their registers are in nobody's way.
 */
#define CHECKSUM_LONG 512
uint64_t checksum_long(const void *p, uint32_t len);

#define CHECKSUM_BLOCK 32

/*
 * sum + the words of CHECKSUM_BLOCK bytes. A compiler does not keep the carry from one addition to
 * the next: 20 instructions instead of 5. What watches memory does not see into assembler.
 */
static inline uint64_t
checksum_block(uint64_t sum, const uint8_t *p)
{
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
	__asm__("addq 0(%1), %0\n\t"
		"adcq 8(%1), %0\n\t"
		"adcq 16(%1), %0\n\t"
		"adcq 24(%1), %0\n\t"
		"adcq $0, %0"
		: "+&r"(sum)
		: "r"(p), "m"(*(const uint8_t(*)[CHECKSUM_BLOCK])p)
		: "cc");
#else
	uint64_t word[CHECKSUM_BLOCK / sizeof(uint64_t)];

	memcpy(word, p, sizeof(word));
	for (uint32_t i = 0; i < CHECKSUM_BLOCK / sizeof(uint64_t); i++)
		sum = checksum_add(sum, word[i]);
#endif
	return sum;
}

/* A word of which only the last `n` bytes, 1 to 7, are meant, as if it began with them. */
static inline uint64_t
checksum_last(uint64_t word, uint32_t n)
{
	return RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN ? word >> 8 * (sizeof(word) - n)
						   : word << 8 * (sizeof(word) - n);
}

/* The sum of `len` bytes, less than 8. */
static inline uint64_t
checksum_few(const uint8_t *p, uint32_t len)
{
	uint64_t word = 0;

	for (uint32_t i = 0; i < len; i++)
		((uint8_t *)&word)[i] = p[i];
	return word;
}

/* The sum of `len` bytes; an odd one at the end has a zero behind it. */
static inline uint64_t
checksum_bytes(const void *p, uint32_t len)
{
	const uint8_t *b = p;
	uint64_t sum = 0, word;

	if (unlikely(len >= CHECKSUM_LONG))
		return checksum_long(p, len);
	if (unlikely(len < sizeof(word)))
		return checksum_few(p, len);
	for (const uint8_t *end = b + (len & -CHECKSUM_BLOCK); b != end; b += CHECKSUM_BLOCK)
		sum = checksum_block(sum, b);
	for (const uint8_t *end = b + (len & (CHECKSUM_BLOCK - sizeof(word))); b != end;
		b += sizeof(word)) {
		memcpy(&word, b, sizeof(word));
		sum = checksum_add(sum, word);
	}
	len %= sizeof(word);
	if (len == 0)
		return sum;
	/* The last bytes as the end of a word that reaches back; an even number of them, or odd. */
	memcpy(&word, b + len - sizeof(word), sizeof(word));
	return checksum_add(sum, checksum_last(word, len));
}

/* To 16 bits, in the order of memory. 0 only of nothing but zeros. */
static inline uint16_t
checksum_fold(uint64_t sum)
{
	uint32_t low = sum, high = sum >> 32;

	low += high;
	low += low < high;
	/* Both halves at once: the carry of the one that is lost arrives in the one that stays. */
	return (low + (low << 16 | low >> 16)) >> 16;
}

#endif
