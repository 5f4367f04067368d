/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * time/wheel: timers for a million things that mostly do not fire.
 *
 * A hierarchical timing wheel whose timers are indexes: the timer of thing `id` is
 * nodes[id], 16 bytes, no pointer and no callback. One timer per id. The wheel is
 * driven by the caller's clock (nanoseconds, never backwards) and owned by one core.
 * Nodes have the lower half of their ticks, which are told apart up to 26 days ahead.
 *
 * It is lazy, because a connection re-arms its timer far more often than it lets it
 * fire: arming later and cancelling only write the node, one cache line; the node is
 * put where it belongs when its slot comes up. Only arming earlier touches the list.
 *
 * A timer never fires before its deadline and fires at most one tick (2^20 ns, about
 * a millisecond) after it.
 */
#ifndef SPATE_TIME_WHEEL_H
#define SPATE_TIME_WHEEL_H

#include <stddef.h>
#include <stdint.h>

#define WHEEL_TICK_SHIFT 20
#define WHEEL_TICK_NS    (1ull << WHEEL_TICK_SHIFT)
#define WHEEL_LEVELS     4
#define WHEEL_SLOTS      256
#define WHEEL_NEVER      UINT64_MAX

struct wheel_node {
	uint32_t next;     /* id, or WHEEL_NIL */
	uint32_t prev;     /* id, or WHEEL_HEAD | slot number */
	uint32_t deadline; /* tick at which to fire, its lower half; the truth */
	uint32_t linked;   /* tick its place in the list stands for, never after the deadline */
};

struct wheel {
	uint64_t now; /* last tick processed */
	struct wheel_node *nodes;
	uint64_t occupied[WHEEL_LEVELS][WHEEL_SLOTS / 64];
	uint32_t head[WHEEL_LEVELS * WHEEL_SLOTS + 1]; /* the last one heads `pending` */
};

/* Bytes of node memory for `capacity` ids. */
size_t wheel_bytes(uint32_t capacity);

/* Start empty at `now_ns`; `nodes` is wheel_bytes(capacity) of the caller's, 16-byte aligned. */
void wheel_init(struct wheel *w, void *nodes, uint32_t capacity, uint64_t now_ns);

/*
 * (Re-)arm the timer of `id` for `deadline_ns`, 2^51 ns (26 days) ahead at most; a deadline in the
 * past fires at the next tick.
 */
void wheel_arm(struct wheel *w, uint32_t id, uint64_t deadline_ns);

/* Disarm; nothing happens when it is not armed. */
void wheel_cancel(struct wheel *w, uint32_t id);

/* Is the timer of `id` armed? */
int wheel_armed(const struct wheel *w, uint32_t id);

/* When it fires, at the earliest, or WHEEL_NEVER. */
uint64_t wheel_deadline(const struct wheel *w, uint32_t id);

/*
 * Advance to `now_ns` and write up to `max` ids that are due, each disarmed. Call
 * again until it returns less than `max`. An id may be armed or cancelled in between.
 */
uint32_t wheel_expire(struct wheel *w, uint64_t now_ns, uint32_t *ids, uint32_t max);

/*
 * A time before which wheel_expire() has nothing to do, or WHEEL_NEVER. It may be
 * early (a cancelled timer's place, or a move to a finer level), never late.
 */
uint64_t wheel_next(const struct wheel *w);

#endif
