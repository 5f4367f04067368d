/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * engine/memory: the big tables. From DPDK's hugepages where there are enough, otherwise
 * anonymous memory that the kernel is asked to back with huge pages: never the --no-huge
 * heap, which is slow to make and slow to use. Zeroed, cache-line aligned, on one node.
 *
 * What DPDK hands out is there as a whole from the beginning. Of anonymous memory there is what
 * was touched, in huge pages at the most; so what is sparse is always of that kind.
 */
#ifndef SPATE_ENGINE_MEMORY_H
#define SPATE_ENGINE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct engine_memory {
	int socket_id;
	uint64_t hugepage_bytes;  /* handed out from hugepages */
	uint64_t anonymous_bytes; /* handed out otherwise */
	uint64_t sparse_bytes;    /* ... of which are there when they are used */
};

/* `ctx` is a struct engine_memory: the shape spate_stack_conf wants. */
void *engine_memory_alloc(void *ctx, size_t bytes, bool sparse);
void engine_memory_free(void *ctx, void *mem, size_t bytes);

#endif
