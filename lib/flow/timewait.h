/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flow/timewait: what is left of a connection in TIME_WAIT, 36 bytes of it.
 *
 * A store of records with one expiry queue: all wait 2MSL, so the queue's head is
 * always the next to expire. It does not know the protocol: which segment restarts,
 * reuses or ends a TIME_WAIT is tcp/time_wait.c's; finding one by tuple is
 * flow/conn_table's. One owner, memory from the caller.
 *
 * A time is kept in 21 bits, in units of a power of two of nanoseconds, chosen so that the
 * longest wait is less than 2^20 of them: 2^16 ns (65.5 us) for up to a minute, 2^21 (2 ms)
 * for twenty. A TIME_WAIT lasts up to a unit longer than was asked for, never shorter. A store
 * that nobody looked at for a minute after an end, so that the numbers came round, may take
 * that for an end to come: also longer, never shorter.
 */
#ifndef SPATE_FLOW_TIMEWAIT_H
#define SPATE_FLOW_TIMEWAIT_H

#include <stddef.h>
#include <stdint.h>

#include "flow/flow_key.h"
#include "time/delay_queue.h"

#define TIMEWAIT_NONE        UINT32_MAX
#define TIMEWAIT_TIME_BITS   21
#define TIMEWAIT_SHIFT_LEAST 16 /* a finer unit is of no use, and comes round sooner */

/* timewait.flags */
#define TIMEWAIT_TS    0x1 /* the incarnation used timestamps: ts_recent is valid */
#define TIMEWAIT_CHILD 0x2 /* a new incarnation is in SYN_RCVD and has the table's entry */
#define TIMEWAIT_AUTH  0x4 /* protected by TCP-AO: tcp/auth.h has its record */

struct timewait {
	struct flow_key key;
	uint32_t snd_nxt, rcv_nxt;
	uint32_t ts_recent;
	struct delay_link link;
	uint32_t expires : TIMEWAIT_TIME_BITS; /* in the store's units */
	uint32_t wnd : 8;                      /* timewait_pack_wnd() of what was advertised last */
	uint32_t flags : 3;
};

_Static_assert(sizeof(struct timewait) == 36, "nothing between the fields, nothing behind");

struct timewait_store {
	struct timewait *records;
	uint32_t capacity;
	uint32_t free_head;
	uint32_t untouched; /* records from here on were never used: not yet in the free list */
	uint32_t shift;     /* the unit of time is 2^shift ns */
	uint32_t ahead_max; /* units: what seems to be farther ahead is past */
	struct delay_queue queue;
};

/* Bytes of record memory for `capacity` records. */
size_t timewait_bytes(uint32_t capacity);

/*
 * Start empty; `records` is timewait_bytes(capacity) of the caller's. No wait will be longer
 * than `longest_ns`.
 */
void timewait_init(struct timewait_store *s, void *records, uint32_t capacity, uint64_t longest_ns);

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

/*
 * A window as the wire carries it in eight bits: a leading one, four bits behind it and where
 * they are. Rounded up, by less than a sixteenth, since an edge that was offered must not seem
 * to move left; exact are those below 32, the powers of two and 65535.
 */
uint8_t timewait_pack_wnd(uint16_t wnd);
uint16_t timewait_unpack_wnd(uint8_t packed);

#endif
