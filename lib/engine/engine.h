/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * engine: workers, each running its stacks to completion.
 *
 * A slot is one queue pair of one port with the stack that owns it; a worker is an
 * lcore with its slots. A turn of a worker's loop gives each slot: receive a burst, input,
 * the application's poll, timers, output, send. The main lcore never touches a stack: it
 * asks the worker to call a function between two turns (engine_call).
 *
 * Slots are dealt to workers in turn, port by port; nothing is shared between two slots but the ARP
 * and Neighbor Discovery that siblings on one port pass each other, and the pool of buffers of the
 * embedded wire's two ends.
 */
#ifndef SPATE_ENGINE_ENGINE_H
#define SPATE_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "engine/clock.h"
#include "engine/idle.h"
#include "engine/memory.h"
#include "port/impair.h"
#include "port/port.h"
#include "spate.h"

#define ENGINE_PORTS_MAX 16
#define ENGINE_SLOTS_MAX 64
#define ENGINE_BURST     64
#define ENGINE_ERROR_MAX 320
#define ENGINE_LENT_MAX  40

struct rte_memzone;

struct engine_worker;

/* A bad network between a slot and its port. */
struct engine_impair {
	/* Where conf.in, or conf.out, is not set frames pass, after those that are on their way. */
	struct impair_pipe in, out;
	uint16_t n_leaving; /* frames of `out` the port did not take yet */
	struct rte_mbuf *leaving[ENGINE_BURST];
};

struct engine_slot {
	struct port *port;
	uint16_t queue;
	uint16_t index; /* among the port's slots */
	uint16_t vlan;
	struct spate_stack *stack;
	struct engine_worker *worker;
	struct rte_mempool *pool;
	void *app; /* the application's, per slot */
	void (*app_free)(void *app);
	bool (*poll)(void *app, uint64_t now_ns); /* each turn; true if it did something */
	uint64_t next_tick_ns;
	uint16_t n_pending; /* frames the port did not take yet */
	struct rte_mbuf *pending[ENGINE_BURST];
	struct rte_ring *neighbour_in; /* ARP and ND siblings received, NULL on a single queue */
	struct engine_memory memory;
	struct engine_impair *impair; /* NULL: none */
};

struct engine_worker {
	unsigned int lcore;
	uint16_t n_slots;
	struct engine_slot *slots[ENGINE_SLOTS_MAX];
	struct rte_ring *calls;
	const struct engine_clock *clock;
	const struct idle_conf *idle_conf; /* the main lcore's to write, a field at a time */
	struct idle idle;
	bool running; /* polls; the main lcore's to set */
	bool stop;
	/* One writer, this worker; anyone may read. */
	uint64_t busy_cycles; /* turns that received, sent or did application work */
	uint64_t idle_cycles;
} __rte_cache_aligned;

/* One port as the user wants it. */
struct engine_port_conf {
	uint16_t id;
	uint16_t n_queues; /* 0: as many as there are workers for, within what it can */
	uint16_t mtu;      /* 0: the device's */
	bool no_large;     /* a frame is a segment: neither TSO nor LRO */
	/* Addresses, VLAN and knobs; all else is filled in here. */
	struct spate_stack_conf stack;
};

struct engine_conf {
	uint16_t n_ports;
	struct engine_port_conf port[ENGINE_PORTS_MAX];
	const struct spate_ops *ops;
	/* The application's part of a slot; its return becomes slot->app and the ops' `app`. */
	void *(*slot_create)(struct engine_slot *slot, uint32_t max_conns);
	void (*slot_free)(void *app);
	bool (*poll)(void *app, uint64_t now_ns);
	/* What slot_create will take: in whole, and as it is used. */
	void (*slot_memory)(uint32_t max_conns, uint64_t *bytes, uint64_t *sparse);
	uint32_t max_conns, max_time_wait; /* in all: each slot gets its share */
	uint32_t mbufs;                    /* per slot */
	struct idle_conf idle;
};

/* So many slots, and what each may hold at most. */
struct engine_share {
	uint16_t slots;
	uint32_t max_conns, max_time_wait;
};

struct engine {
	struct engine_clock clock;
	struct idle_conf idle;
	uint16_t n_workers, n_slots, n_ports;
	struct engine_share share; /* known before the first slot is made */
	struct engine_worker worker[RTE_MAX_LCORE];
	struct engine_slot slot[ENGINE_SLOTS_MAX];
	struct port port[ENGINE_PORTS_MAX];
	uint16_t n_lent;
	const struct rte_memzone *lent[ENGINE_LENT_MAX];
	char error[ENGINE_ERROR_MAX]; /* one line after a negative return */
};

/* Worker lcores EAL was given. */
uint16_t engine_count_workers(void);

/*
 * Open ports and make stacks. Nobody polls yet, so that listeners can be there before the
 * first frame is received. 0, or a negative errno with e->error set.
 */
int engine_start(struct engine *e, const struct engine_conf *conf);

/* Start the workers. 0, or a negative errno with e->error set. */
int engine_run(struct engine *e);

/*
 * `len` bytes that every stack may send without copying them (spate_lend()), until engine_stop():
 * to be filled before anything is sent from there. NULL: no port would, or there is no memory for
 * it; any other memory does then.
 */
void *engine_lend(struct engine *e, size_t len);
void engine_lend_end(struct engine *e);

/* What workers do that find nothing to do; from now on. */
void engine_set_idle(struct engine *e, const struct idle_conf *conf);

/* Stop the workers; the stacks are the caller's to look at from now on (engine_call). */
void engine_halt(struct engine *e);

/* The same, and free everything. */
void engine_stop(struct engine *e);

/*
 * Call `fn(slot, arg)` on the slot's worker between two turns and wait for its return;
 * before engine_run(), on the caller.
 */
void engine_call(
	struct engine_slot *slot, void (*fn)(struct engine_slot *slot, void *arg), void *arg);

/*
 * Put a bad network on every slot of port `port_id`, change it, or take it away (`conf` NULL). What
 * is on its way then arrives all the same (impair_change()). 0, -ENODEV or -ENOMEM.
 */
int engine_impair(struct engine *e, uint16_t port_id, const struct impair_conf *conf);

/* Is anything on its way? */
bool engine_impair_holds(const struct engine_impair *i);

/* Take it away from one slot, with what is on its way, by whoever may touch it. */
void engine_impair_remove(struct engine_slot *slot);

/* What has happened to the port's frames: the sums of its slots, in and out. */
void engine_impair_counters(const struct engine *e, uint16_t port_id, struct impair_counters *in,
	struct impair_counters *out);

/* The queue of `p` that segments of the connection `t` are received on. */
uint16_t engine_queue_of(const struct port *p, const struct spate_tuple *t);

/* Now, for the main lcore. */
static inline uint64_t
engine_now(const struct engine *e)
{
	return engine_clock_ns(&e->clock, rte_rdtsc());
}

/* worker.c: the loop, an lcore function. */
int engine_worker_main(void *worker);

#endif
