/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nic: what a network card does between a stack and a wire. It cuts frames of several segments
 * apart (TSO), believing only what the frame's buffer says of it, and it joins segments that
 * follow one another (LRO).
 */
#ifndef TEST_NIC_H
#define TEST_NIC_H

#include <stdbool.h>
#include <stdint.h>

struct rte_mbuf;
struct rte_mempool;

#define NIC_PIECES_MAX  128 /* of a frame of 64 KiB */
#define NIC_SEGMENT_MIN 256 /* smaller ones no frame is cut into */

/* Is it to be cut? */
bool nic_is_large(const struct rte_mbuf *m);

/*
 * Cut `m`, which is freed, into frames of one segment and one buffer of `pool` each, complete
 * with checksums. Returns how many; 0, with *why, when it is not as it must be.
 */
uint32_t nic_cut(struct rte_mbuf *m, struct rte_mempool *pool, struct rte_mbuf *out[NIC_PIECES_MAX],
	const char **why);

/*
 * Join `next` to `m`, both intact and each one segment or already joined, if what a receiver makes
 * of them is the same: `next` follows, and differs in nothing but the numbers and the flags that
 * belong to an end. True: `next` is a part of `m` now, and the checksum is known to be good.
 */
bool nic_join(struct rte_mbuf *m, struct rte_mbuf *next);

#endif
