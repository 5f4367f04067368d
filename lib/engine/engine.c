/* SPDX-License-Identifier: BSD-3-Clause */
/* Setting up and taking down: ports opened, slots dealt to workers, lcores launched. */
#include "engine/engine.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_mbuf_pool_ops.h>

#include "engine/room.h"
#include "port/embedded.h"

#define CALLS          64
#define NEIGHBOUR_RING 256
#define MBUF_CACHE     256
#define MBUF_BYTES     (sizeof(struct rte_mbuf) + RTE_MBUF_DEFAULT_BUF_SIZE)

static int __attribute__((format(printf, 3, 4)))
fail(struct engine *e, int rc, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(e->error, sizeof(e->error), format, ap);
	va_end(ap);
	return rc;
}

uint16_t
engine_count_workers(void)
{
	return rte_lcore_count() - 1;
}

static int
make_workers(struct engine *e)
{
	char name[RTE_RING_NAMESIZE];
	unsigned int lcore;

	RTE_LCORE_FOREACH_WORKER(lcore)
	{
		struct engine_worker *w = &e->worker[e->n_workers++];

		memset(w, 0, sizeof(*w));
		w->lcore = lcore;
		w->clock = &e->clock;
		w->idle_conf = &e->idle;
		snprintf(name, sizeof(name), "calls_%u", lcore);
		w->calls =
			rte_ring_create(name, CALLS, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
		if (w->calls == NULL)
			return fail(e, -rte_errno, "no memory for worker %u", lcore);
	}
	if (e->n_workers == 0)
		return fail(e, -EINVAL,
			"no worker lcore: give EAL at least two, the first is for the command line "
			"(for example --lcores 0@0,1@0)");
	return 0;
}

/* The slot at the other end of the embedded wire, when it was made before `slot`, or NULL. */
static const struct engine_slot *
other_end(const struct engine *e, const struct engine_slot *slot)
{
	for (const struct engine_slot *s = e->slot; s < slot; s++)
		if (embedded_queues(slot->port->id) && embedded_queues(s->port->id) &&
			s->queue == slot->queue)
			return s;
	return NULL;
}

/*
 * Receive buffers, and everything the slot's stack may hold.
 *
 * Both ends of the embedded wire, where frames cross by pointer, have one pool. What was received
 * is then sent next, by whom it was received, and its cache lines cross between two cores once for
 * each frame. A buffer of a pool of the sender's goes back there as well, and they cross twice.
 */
static int
make_pool(struct engine *e, struct engine_slot *slot, uint32_t mbufs)
{
	char name[RTE_MEMPOOL_NAMESIZE], want[ROOM_TEXT], have[ROOM_TEXT];
	int socket = rte_lcore_to_socket_id(slot->worker->lcore);
	const struct engine_slot *other = other_end(e, slot);

	if (other) {
		slot->pool = other->pool;
		return 0;
	}
	if (embedded_queues(slot->port->id))
		mbufs = 2 * mbufs + 1; /* one less than a power of two takes least */
	snprintf(name, sizeof(name), "mbufs_%u_%u", slot->port->id, slot->queue);
	slot->pool = rte_pktmbuf_pool_create(
		name, mbufs, MBUF_CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, socket);
	if (slot->pool == NULL)
		return fail(e, -rte_errno,
			"port %u queue %u: no memory for %u packet buffers: they want %s, DPDK's "
			"heap has %s (give EAL more with -m, or reserve hugepages)",
			slot->port->id, slot->queue, mbufs,
			room_text((uint64_t)mbufs * rte_mempool_calc_obj_size(MBUF_BYTES, 0, NULL),
				want),
			room_text(room_heap(), have));
	return 0;
}

static int
no_room(struct engine *e, const struct engine_conf *conf)
{
	room_wrong(conf, &e->share, e->error, sizeof(e->error));
	return -ENOMEM;
}

static int
make_stack(struct engine *e, struct engine_slot *slot, const struct engine_conf *conf,
	const struct engine_port_conf *pc)
{
	struct spate_stack_conf sc = pc->stack;
	char name[32];

	snprintf(name, sizeof(name), "stack_%u_%u", slot->port->id, slot->queue);
	slot->memory.socket_id = rte_lcore_to_socket_id(slot->worker->lcore);
	slot->app_free = conf->slot_free;
	slot->app = conf->slot_create(slot, e->share.max_conns);
	slot->poll = conf->poll;
	if (slot->app == NULL)
		return no_room(e, conf);
	sc.name = name;
	sc.socket_id = slot->memory.socket_id;
	sc.pool = slot->pool;
	sc.pool_share = conf->mbufs;
	sc.max_conns = e->share.max_conns;
	sc.max_time_wait = e->share.max_time_wait;
	memcpy(sc.mac, &slot->port->mac, sizeof(sc.mac));
	sc.mtu = slot->port->mtu;
	sc.tx_checksum_offload = slot->port->tx_checksum;
	sc.tx_large_max = slot->port->tx_large;
	sc.tx_large_buffers = slot->port->tx_buffers;
	sc.ops = conf->ops;
	sc.app = slot->app;
	sc.alloc = engine_memory_alloc;
	sc.free = engine_memory_free;
	sc.alloc_ctx = &slot->memory;
	if (getentropy(sc.secret, sizeof(sc.secret)) < 0)
		return fail(e, -errno, "no random numbers: %s", strerror(errno));
	slot->stack = spate_stack_create(&sc, engine_now(e));
	if (slot->stack == NULL && rte_errno == ENOMEM)
		return no_room(e, conf);
	if (slot->stack == NULL)
		return fail(e, -rte_errno, "port %u: no stack: %s", slot->port->id,
			rte_strerror(rte_errno));
	return 0;
}

uint16_t
engine_queue_of(const struct port *p, const struct spate_tuple *t)
{
	uint32_t words[PORT_TUPLE_WORDS_MAX];
	bool v6 = t->remote.family == AF_INET6;
	uint32_t n = v6 ? 4 : 1; /* words of an address */

	memcpy(words, v6 ? (const void *)t->remote.ip6 : &t->remote.ip4, n * 4);
	memcpy(words + n, v6 ? (const void *)t->local.ip6 : &t->local.ip4, n * 4);
	for (uint32_t i = 0; i < 2 * n; i++)
		words[i] = rte_be_to_cpu_32(words[i]);
	words[2 * n] =
		(uint32_t)rte_be_to_cpu_16(t->remote.port) << 16 | rte_be_to_cpu_16(t->local.port);
	return port_queue_of(p, words, 2 * n + 1);
}

/* How many queues port `p` gets, each of which is a slot. */
static int
choose_queues(struct engine *e, struct port *p, const struct engine_conf *conf,
	const struct engine_port_conf *pc)
{
	uint16_t most = port_queues_max(p);
	uint16_t part = e->n_workers / conf->n_ports;
	uint16_t n = pc->n_queues;

	/* What is at the other end of a wire of queue pairs, and how many it has, is not known. */
	if (n == 0 && p->steering == PORT_STEER_PAIRED && !p->shares_mbufs)
		n = 1;
	if (n == 0)
		n = RTE_MAX(1, RTE_MIN(part, most));
	if (n > most)
		return fail(e, -EINVAL, "port %u (%s): %u queues asked for, it can be used with %u",
			p->id, p->name, n, most);
	if (e->share.slots + n > ENGINE_SLOTS_MAX)
		return fail(e, -ENOSPC, "more than %u queues in all", ENGINE_SLOTS_MAX);
	p->n_queues = n;
	e->share.slots += n;
	return 0;
}

/* What there will be of ports and queues, before anything is made for them. */
static int
choose(struct engine *e, const struct engine_conf *conf)
{
	for (uint16_t i = 0; i < conf->n_ports; i++) {
		struct port *p = &e->port[i];
		int rc = port_probe(p, conf->port[i].id);

		if (rc < 0)
			return fail(e, rc, "%s", p->error);
		rc = choose_queues(e, p, conf, &conf->port[i]);
		if (rc < 0)
			return rc;
	}
	e->share.max_conns = RTE_MAX(1u, conf->max_conns / e->share.slots);
	e->share.max_time_wait = RTE_MAX(1u, conf->max_time_wait / e->share.slots);
	return room_check(conf, &e->share) < 0 ? no_room(e, conf) : 0;
}

static int
open_port(struct engine *e, const struct engine_conf *conf, const struct engine_port_conf *pc)
{
	struct port *p = &e->port[e->n_ports];
	struct rte_mempool *pools[PORT_QUEUES_MAX];
	struct engine_slot *first = &e->slot[e->n_slots];
	uint16_t n_queues = p->n_queues;
	int rc;

	p->no_large = pc->no_large;
	for (uint16_t q = 0; q < n_queues; q++) {
		struct engine_slot *slot = &e->slot[e->n_slots];
		struct engine_worker *w = &e->worker[e->n_slots % e->n_workers];

		memset(slot, 0, sizeof(*slot));
		slot->port = p;
		slot->queue = slot->index = q;
		slot->worker = w;
		slot->vlan = pc->stack.vlan;
		rc = make_pool(e, slot, conf->mbufs);
		if (rc < 0)
			return rc;
		pools[q] = slot->pool;
		w->slots[w->n_slots++] = slot;
		e->n_slots++;
	}
	rc = port_start(p, n_queues, pc->mtu, pools);
	if (rc < 0) {
		port_stop(p);
		return fail(e, rc, "%s", p->error);
	}
	e->n_ports++;
	for (uint16_t q = 0; q < n_queues; q++) {
		char name[RTE_RING_NAMESIZE];

		rc = make_stack(e, first + q, conf, pc);
		if (rc < 0)
			return rc;
		/* On a paired wire the answer comes to the queue that asked. */
		if (n_queues == 1 || p->steering == PORT_STEER_PAIRED)
			continue;
		snprintf(name, sizeof(name), "neigh_%u_%u", p->id, q);
		first[q].neighbour_in =
			rte_ring_create(name, NEIGHBOUR_RING, SOCKET_ID_ANY, RING_F_SC_DEQ);
		if (first[q].neighbour_in == NULL)
			return fail(e, -rte_errno, "no memory for port %u", p->id);
	}
	return 0;
}

/* The two ports of the embedded wire must poll as many queues as the other fills. */
static int
check_wire(struct engine *e)
{
	const struct port *a = NULL;

	for (uint16_t i = 0; i < e->n_ports; i++) {
		const struct port *p = &e->port[i];

		if (!p->shares_mbufs)
			continue;
		if (a && a->n_queues != p->n_queues)
			return fail(e, -EINVAL,
				"port %u has %u queues and port %u has %u: the two ends of a wire "
				"in "
				"memory need the same number",
				a->id, a->n_queues, p->id, p->n_queues);
		a = p;
	}
	return 0;
}

int
engine_start(struct engine *e, const struct engine_conf *conf)
{
	int rc;

	engine_clock_start(&e->clock);
	e->idle = conf->idle;
	rc = make_workers(e);
	if (rc == 0)
		rc = choose(e, conf);
	for (uint16_t i = 0; rc == 0 && i < conf->n_ports; i++)
		rc = open_port(e, conf, &conf->port[i]);
	return rc < 0 ? rc : check_wire(e);
}

int
engine_run(struct engine *e)
{
	for (uint16_t i = 0; i < e->n_workers; i++) {
		struct engine_worker *w = &e->worker[i];

		if (rte_eal_remote_launch(engine_worker_main, w, w->lcore) < 0)
			return fail(e, -EBUSY, "worker lcore %u is busy", w->lcore);
		w->running = true;
	}
	return 0;
}

void
engine_set_idle(struct engine *e, const struct idle_conf *conf)
{
	/* A worker that sees one field new and one old rests once as nobody has said. */
	__atomic_store_n(&e->idle.mode, conf->mode, __ATOMIC_RELAXED);
	__atomic_store_n(&e->idle.after_ns, conf->after_ns, __ATOMIC_RELAXED);
	__atomic_store_n(&e->idle.for_ns, conf->for_ns, __ATOMIC_RELAXED);
}

void
engine_halt(struct engine *e)
{
	for (uint16_t i = 0; i < e->n_workers; i++)
		__atomic_store_n(&e->worker[i].stop, true, __ATOMIC_RELAXED);
	rte_eal_mp_wait_lcore();
	for (uint16_t i = 0; i < e->n_workers; i++)
		e->worker[i].running = false;
}

void
engine_stop(struct engine *e)
{
	engine_halt(e);
	for (uint16_t i = 0; i < e->n_slots; i++) {
		engine_impair_remove(&e->slot[i]);
		spate_stack_free(e->slot[i].stack);
		rte_pktmbuf_free_bulk(e->slot[i].pending, e->slot[i].n_pending);
		rte_ring_free(e->slot[i].neighbour_in);
		if (e->slot[i].app)
			e->slot[i].app_free(e->slot[i].app);
	}
	for (uint16_t i = 0; i < e->n_ports; i++)
		port_stop(&e->port[i]);
	engine_lend_end(e);
	for (uint16_t i = 0; i < e->n_slots; i++)
		if (other_end(e, &e->slot[i]) == NULL) /* the other's pool has gone with it */
			rte_mempool_free(e->slot[i].pool);
	for (uint16_t i = 0; i < e->n_workers; i++)
		rte_ring_free(e->worker[i].calls);
	memset(e, 0, sizeof(*e));
}
