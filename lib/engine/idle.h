/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * engine/idle: what a worker does that finds nothing to do.
 *
 * It polls on for a while, since what comes next mostly comes soon; then it rests between two
 * turns, either a moment that leaves the core's other thread its share (pause), or until a timer
 * of the kernel's (sleep), which leaves the core to others and to itself. A rest ends before
 * the timers are to be looked at, so they are as precise as ever; a frame that arrives meanwhile
 * waits, `for_ns` at the most and what the kernel takes to wake a thread.
 *
 * The decision is here and knows no clock; resting is idle.c's.
 */
#ifndef SPATE_ENGINE_IDLE_H
#define SPATE_ENGINE_IDLE_H

#include <stdint.h>

#define IDLE_AFTER_NS     1000000 /* the default: what is under load is never silent so long */
#define IDLE_FOR_MAX_NS   250000  /* there is a tick as often as this */
#define IDLE_FOR_NS       IDLE_FOR_MAX_NS
#define IDLE_AFTER_MAX_NS 1000000000
#define IDLE_PAUSE_NS     1000   /* a pause */
#define IDLE_ASKED_NS     200000 /* who asks the worker something often asks again */

enum idle_mode {
	IDLE_BUSY_POLL,
	IDLE_PAUSE,
	IDLE_SLEEP,
};
#define IDLE_MODES (IDLE_SLEEP + 1)

struct idle_conf {
	uint32_t mode;     /* enum idle_mode */
	uint32_t after_ns; /* of nothing at all */
	uint32_t for_ns;   /* sleep: at the most */
};

/* A worker's. */
struct idle {
	uint64_t busy_ns;  /* when there was something to do */
	uint64_t asked_ns; /* when the main lcore wanted something */
};

/*
 * How long to rest now, in ns; 0: poll on. `due_ns` is when there is something to do whether
 * anything arrives or not.
 */
static inline uint32_t
idle_rest(const struct idle *i, const struct idle_conf *c, uint64_t now_ns, uint64_t due_ns)
{
	uint32_t most = c->mode == IDLE_PAUSE ? IDLE_PAUSE_NS : c->for_ns;

	if (c->mode == IDLE_BUSY_POLL || now_ns < i->busy_ns + c->after_ns ||
		now_ns < i->asked_ns + IDLE_ASKED_NS || due_ns <= now_ns)
		return 0;
	return due_ns - now_ns < most ? due_ns - now_ns : most;
}

/* Let the thread that calls sleep no longer than it asks for. */
void idle_prepare(void);

/* Rest so long, or less. */
void idle_take(enum idle_mode mode, uint32_t ns);

#endif
