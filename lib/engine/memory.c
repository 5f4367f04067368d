/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/memory.h"

#include <numa.h>
#include <sys/mman.h>

#include <rte_eal.h>
#include <rte_malloc.h>

#define HUGE_2M (2u << 20)

static size_t
rounded(size_t bytes)
{
	return (bytes + HUGE_2M - 1) & ~(size_t)(HUGE_2M - 1);
}

/* Is `mem` from DPDK's heap? It knows the size of what it gave out. */
static bool
from_heap(const void *mem)
{
	return rte_eal_has_hugepages() && rte_mem_virt2memseg_list(mem) != NULL;
}

void *
engine_memory_alloc(void *ctx, size_t bytes, bool sparse)
{
	struct engine_memory *m = ctx;
	void *p = NULL;

	if (!sparse && rte_eal_has_hugepages()) {
		p = rte_zmalloc_socket("spate_table", bytes, RTE_CACHE_LINE_SIZE, m->socket_id);
		if (p) {
			m->hugepage_bytes += bytes;
			return p;
		}
	}
	p = mmap(NULL, rounded(bytes), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	madvise(p, rounded(bytes), MADV_HUGEPAGE);
	if (m->socket_id >= 0 && numa_available() >= 0 && numa_max_node() > 0)
		numa_tonode_memory(p, rounded(bytes), m->socket_id);
	m->anonymous_bytes += bytes;
	m->sparse_bytes += sparse ? bytes : 0;
	return p;
}

void
engine_memory_free(void *ctx, void *mem, size_t bytes)
{
	(void)ctx;
	if (from_heap(mem))
		rte_free(mem);
	else
		munmap(mem, rounded(bytes));
}
