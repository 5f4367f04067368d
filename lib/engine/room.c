/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/room.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_malloc.h>
#include <rte_memory.h>

#include "engine/engine.h"

#define KIB  UINT64_C(1024)
#define MIB  (KIB * KIB)
#define POOL "/sys/kernel/mm/hugepages/hugepages-"

/* The number behind `key` at the beginning of a line of a file of the kernel's, or `otherwise`. */
static uint64_t
kernel_says(const char *file, const char *key, uint64_t otherwise)
{
	FILE *f = fopen(file, "r");
	char line[256];
	uint64_t n;

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, key, strlen(key)) == 0 &&
			sscanf(line + strlen(key), "%" SCNu64, &n) == 1) {
			otherwise = n;
			break;
		}
	if (f)
		fclose(f);
	return otherwise;
}

static uint64_t
address_space(void)
{
	struct rlimit limit;
	uint64_t used;

	if (getrlimit(RLIMIT_AS, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	used = kernel_says("/proc/self/statm", "", 0) * sysconf(_SC_PAGESIZE);
	return limit.rlim_cur > used ? limit.rlim_cur - used : 0;
}

/* Of a container's share, or of the machine's. */
static uint64_t
ordinary(void)
{
	uint64_t machine = KIB * kernel_says("/proc/meminfo", "MemAvailable:", 0);
	uint64_t most = kernel_says("/sys/fs/cgroup/memory.max", "", UINT64_MAX);
	uint64_t used = kernel_says("/sys/fs/cgroup/memory.current", "", 0);
	uint64_t share = most > used ? most - used : 0;

	return share < machine ? share : machine;
}

uint64_t
room_heap(void)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < rte_socket_count(); i++) {
		struct rte_malloc_socket_stats s;

		if (rte_malloc_get_socket_stats(rte_socket_id_by_idx(i), &s) == 0)
			bytes += s.heap_freesz_bytes;
	}
	/* Where it grows, which it does but for --legacy-mem, it does so from here. */
	if (rte_eal_has_hugepages())
		bytes += 2 * MIB * kernel_says(POOL "2048kB/free_hugepages", "", 0) +
			 1024 * MIB * kernel_says(POOL "1048576kB/free_hugepages", "", 0);
	return bytes;
}

void
room_look(struct room_there *r)
{
	r->hugepages = rte_eal_has_hugepages() ? room_heap() : 0;
	r->ordinary = ordinary();
	r->address_space = address_space();
}

/* Of all slots: what is there in whole, and what as it is used. */
static void
wanted(const struct engine_conf *conf, const struct engine_share *share, uint64_t *tables,
	uint64_t *sparse)
{
	struct spate_stack_conf sc = conf->port[0].stack;
	uint64_t a, b;

	sc.max_conns = share->max_conns;
	sc.max_time_wait = share->max_time_wait;
	spate_stack_memory(&sc, tables, sparse);
	conf->slot_memory(share->max_conns, &a, &b);
	*tables = (*tables + a) * share->slots;
	*sparse = (*sparse + b) * share->slots;
}

int
room_check(const struct engine_conf *conf, const struct engine_share *share)
{
	struct room_there there;
	uint64_t tables, sparse;

	wanted(conf, share, &tables, &sparse);
	room_look(&there);
	if (tables > there.hugepages + there.ordinary || tables + sparse > there.address_space)
		return -ENOMEM;
	return 0;
}

void
room_wrong(const struct engine_conf *conf, const struct engine_share *share, char *out, size_t size)
{
	char text[5][ROOM_TEXT], limit[80] = "";
	struct room_there there;
	uint64_t tables, sparse;

	wanted(conf, share, &tables, &sparse);
	room_look(&there);
	if (there.address_space != UINT64_MAX)
		snprintf(limit, sizeof(limit), ", and 'ulimit -v' leaves %s for all",
			room_text(there.address_space, text[4]));
	snprintf(out, size,
		"no memory for %" PRIu64 " connections and %" PRIu64 " in TIME_WAIT: they want "
		"%s, and up to %s when used; there are %s in hugepages and %s of other memory%s "
		"(--max-connections, --max-time-wait)",
		(uint64_t)share->max_conns * share->slots,
		(uint64_t)share->max_time_wait * share->slots, room_text(tables, text[0]),
		room_text(sparse, text[1]), room_text(there.hugepages, text[2]),
		room_text(there.ordinary, text[3]), limit);
}

static void
add_buffers(struct rte_mempool *mp, void *sum, struct rte_mempool_memhdr *mem, unsigned int index)
{
	(void)mp;
	(void)index;
	*(uint64_t *)sum += mem->len;
}

/* The slot's part of its pool, which the two ends of a wire in memory share. */
static uint64_t
buffers_of(const struct engine *e, const struct engine_slot *slot)
{
	uint64_t bytes = 0;
	uint16_t users = 0;

	rte_mempool_mem_iter(slot->pool, add_buffers, &bytes);
	for (uint16_t i = 0; i < e->n_slots; i++)
		users += e->slot[i].pool == slot->pool;
	return bytes / users;
}

void
room_used(const struct engine *e, const struct engine_slot *slot, struct room_used *u)
{
	memset(u, 0, sizeof(*u));
	for (uint16_t i = 0; i < e->n_slots; i++) {
		const struct engine_slot *s = &e->slot[i];

		if (slot && s != slot)
			continue;
		u->tables += s->memory.hugepage_bytes + s->memory.anonymous_bytes -
			     s->memory.sparse_bytes;
		u->hugepages += s->memory.hugepage_bytes;
		u->sparse += s->memory.sparse_bytes;
		u->buffers += buffers_of(e, s);
	}
}

const char *
room_text(uint64_t bytes, char out[ROOM_TEXT])
{
	if (bytes < MIB)
		snprintf(out, ROOM_TEXT, "%" PRIu64 " KiB", (bytes + KIB - 1) / KIB);
	else if (bytes < 10 * KIB * MIB)
		snprintf(out, ROOM_TEXT, "%" PRIu64 " MiB", (bytes + MIB / 2) / MIB);
	else
		snprintf(out, ROOM_TEXT, "%.1f GiB", (double)bytes / (KIB * MIB));
	return out;
}
