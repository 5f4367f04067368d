/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * engine/room: how much memory the engine's tables and packet buffers want, how much there is,
 * and what became of it.
 */
#ifndef SPATE_ENGINE_ROOM_H
#define SPATE_ENGINE_ROOM_H

#include <stddef.h>
#include <stdint.h>

struct engine;
struct engine_conf;
struct engine_share;
struct engine_slot;

/* Bytes. */
struct room_there {
	uint64_t hugepages;     /* DPDK's heap, where it is of those */
	uint64_t ordinary;      /* the kernel's estimate of what may be had without swapping */
	uint64_t address_space; /* left of `ulimit -v`; UINT64_MAX: no limit */
};

/* Of a slot, or of all. */
struct room_used {
	uint64_t tables;    /* in whole from the beginning */
	uint64_t hugepages; /* ... of which are in hugepages */
	uint64_t sparse;    /* beyond those, as they come to be used */
	uint64_t buffers;   /* packet buffers; in hugepages where there are any */
};

/* Bytes that DPDK's heap has or can get. */
uint64_t room_heap(void);

/* What there is now. */
void room_look(struct room_there *r);

/*
 * Is there enough for the tables of all slots, as the first port's are? What is used only now and
 * then has to fit into the address space. 0, or -ENOMEM.
 */
int room_check(const struct engine_conf *conf, const struct engine_share *share);

/* In words, after a failure: what was asked for, and what there is. */
void room_wrong(
	const struct engine_conf *conf, const struct engine_share *share, char *out, size_t size);

/* Of one slot, or with NULL the sum of all. */
void room_used(const struct engine *e, const struct engine_slot *slot, struct room_used *u);

/* "425 MiB" */
#define ROOM_TEXT 24
const char *room_text(uint64_t bytes, char out[ROOM_TEXT]);

#endif
