/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flow/timewait: what is left of a connection in TIME_WAIT, 40 bytes of it.
 *
 * A store of records with one expiry queue: all wait 2MSL, so the queue's head is
 * always the next to expire. It does not know the protocol: which segment restarts,
 * reuses or ends a TIME_WAIT is tcp/time_wait.c's; finding one by tuple is
 * flow/conn_table's. One owner, memory from the caller.
 *
 * Times are kept in units of 2^16 ns (65.5 us), which 32 bits carry for 78 hours.
 */
#ifndef SPATE_FLOW_TIMEWAIT_H
#define SPATE_FLOW_TIMEWAIT_H

#include <stddef.h>
#include <stdint.h>

#include "flow/flow_key.h"
#include "time/delay_queue.h"

#define TIMEWAIT_NONE       UINT32_MAX
#define TIMEWAIT_TIME_SHIFT 16

#define TIMEWAIT_TS    0x01 /* the incarnation used timestamps: ts_recent is valid */
#define TIMEWAIT_AUTH  0x80 /* protected by TCP-AO: tcp/auth.h has its record */
#define TIMEWAIT_CHILD 0x02 /* a new incarnation is in SYN_RCVD and has the table's entry */

struct timewait {
	struct flow_key key;
	uint32_t snd_nxt, rcv_nxt;
	uint32_t ts_recent;
	uint32_t expires; /* in TIMEWAIT_TIME_SHIFT units */
	struct delay_link link;
	uint16_t wnd; /* as last advertised on the wire */
	uint8_t flags;
	uint8_t spare;
};

struct timewait_store {
	struct timewait *records;
	uint32_t capacity;
	uint32_t free_head;
	uint32_t untouched; /* records from here on were never used: not yet in the free list */
	struct delay_queue queue;
};

/* Bytes of record memory for `capacity` records. */
size_t timewait_bytes(uint32_t capacity);

/* Start empty; `records` is timewait_bytes(capacity) of the caller's. */
void timewait_init(struct timewait_store *s, void *records, uint32_t capacity);

/*
 * Take a record that expires at `expires_ns` and queue it. The caller fills key and
 * protocol fields. Returns its index, or TIMEWAIT_NONE when full: the caller then
 * gives up timewait_oldest() first (TW-12).
 */
uint32_t timewait_enter(struct timewait_store *s, uint64_t expires_ns);

/* Start the wait again (TW-02). `expires_ns` must not be before any other's. */
void timewait_restart(struct timewait_store *s, uint32_t index, uint64_t expires_ns);

/* Give the record back. Its key is cleared so that no lookup can confirm it. */
void timewait_leave(struct timewait_store *s, uint32_t index);

/* The record that expires first, or TIMEWAIT_NONE. */
static inline uint32_t
timewait_oldest(const struct timewait_store *s)
{
	return s->queue.head;
}

/* When the record expires, in ns, seen from `now_ns`. */
uint64_t timewait_expires_ns(const struct timewait_store *s, uint32_t index, uint64_t now_ns);

#endif
