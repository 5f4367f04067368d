/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire/checksum: the Internet checksum (RFC 1071). A sum is 64 bits wide, of words of any width in
 * the order they have in memory, and is folded to 16 bits once, at the end: a small segment costs
 * 30 instructions, where rte_raw_cksum(), which adds 16 bits at a time, takes 150.
 */
#ifndef SPATE_WIRE_CHECKSUM_H
#define SPATE_WIRE_CHECKSUM_H

#include <stdint.h>
#include <string.h>

#include <rte_ip.h>

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

/* From here on vectors win, which is what compilers make of rte_raw_cksum(). */
#define CHECKSUM_LONG 512

/* The sum of `len` bytes; an odd one at the end has a zero behind it. */
static inline uint64_t
checksum_bytes(const void *p, uint32_t len)
{
	const uint8_t *b = p;
	uint64_t sum = 0, other = 0, word;
	uint16_t last = 0;

	if (len >= CHECKSUM_LONG)
		return rte_raw_cksum(p, len);
	for (; len >= 2 * sizeof(word); len -= 2 * sizeof(word), b += 2 * sizeof(word)) {
		memcpy(&word, b, sizeof(word));
		sum = checksum_add(sum, word);
		memcpy(&word, b + sizeof(word), sizeof(word));
		other = checksum_add(other, word);
	}
	sum = checksum_add(sum, other);
	if (len & 8) {
		memcpy(&word, b, sizeof(word));
		sum = checksum_add(sum, word);
		b += 8;
	}
	if (len & 4) {
		sum = checksum_add(sum, checksum_words(b, 1));
		b += 4;
	}
	if (len & 2) {
		memcpy(&last, b, sizeof(last));
		sum = checksum_add(sum, last);
		b += 2;
	}
	if (len & 1) {
		last = 0;
		memcpy(&last, b, 1);
		sum = checksum_add(sum, last);
	}
	return sum;
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
