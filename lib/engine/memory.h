/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * engine/memory: the big tables. From DPDK's hugepages where there are enough, otherwise
 * anonymous memory that the kernel is asked to back with huge pages: never the --no-huge
 * heap, which is slow to make and slow to use. Zeroed, cache-line aligned, on one node.
 */
#ifndef SPATE_ENGINE_MEMORY_H
#define SPATE_ENGINE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

struct engine_memory {
	int socket_id;
	uint64_t hugepage_bytes;  /* handed out from hugepages */
	uint64_t anonymous_bytes; /* handed out otherwise */
};

/* `ctx` is a struct engine_memory: the shape spate_stack_conf wants. */
void *engine_memory_alloc(void *ctx, size_t bytes);
void engine_memory_free(void *ctx, void *mem, size_t bytes);

#endif
