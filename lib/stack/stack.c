/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A burst's way: every frame is parsed (classify.c); then the buckets of all their connections are
 * fetched, and the records they lead to guessed and fetched (conn_table_guess_bulk); then they are
 * handed to TCP one after the other, with everything they touch already on its way into the cache.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_malloc.h>

#include "ip/packet.h"
#include "stack/stack.h"
#include "tcp/extra.h"
#include "tcp/reassembly.h"

#define VLAN_LAST       4094
#define MTU_DEFAULT     1500
#define MTU_LEAST       576 /* what every IPv4 host must take (RFC 791) */
#define HOLES_PER_EXTRA 2
#define HOLES_LEAST     4096
#define SECRET_TABLE    0 /* where in conf.secret the 16-byte keys are */
#define SECRET_ISN      16
#define SECRET_LABEL    32

/* Without an allocator: the C library's heap, 64-byte aligned, which sanitizers watch. */
static void *
heap_alloc(void *ctx, size_t bytes, bool sparse)
{
	void *p = aligned_alloc(64, (bytes + 63) & ~(size_t)63);

	(void)ctx;
	(void)sparse;
	if (p)
		memset(p, 0, bytes);
	return p;
}

static void
heap_free(void *ctx, void *mem, size_t bytes)
{
	(void)ctx;
	(void)bytes;
	free(mem);
}

static bool
has_ip6(const struct spate_stack_conf *c)
{
	static const uint8_t none[16];

	return memcmp(c->ip6, none, sizeof(none)) != 0;
}

static uint32_t
peers6_of(const struct spate_stack_conf *c)
{
	return addr6_places(c->max_conns + c->max_time_wait);
}

/* Holes in what is in flight: a few for each connection that has a side record. */
static uint32_t
holes_of(const struct spate_stack_conf *c)
{
	uint32_t n = HOLES_PER_EXTRA * tcp_extra_places(&c->tcp, c->max_conns);

	return n < HOLES_LEAST ? HOLES_LEAST : n;
}

/* Pools that are used from the front: no more of them than there ever was to keep at once. */
static const bool is_sparse[MEMORY_N] = {
	[MEMORY_CHUNKS] = true,
	[MEMORY_EXTRAS] = true,
	[MEMORY_HOLES] = true,
};

/* What is queued in pieces are mostly two: a head and a body, a preface and a request. */
static size_t
chunks_of(const struct spate_stack_conf *c)
{
	return 2ull * c->max_conns;
}

static void
memory_sizes(const struct spate_stack_conf *c, size_t bytes[MEMORY_N])
{
	const size_t sizes[MEMORY_N] = {
		[MEMORY_CONNS] = (size_t)c->max_conns * sizeof(struct tcp_conn),
		[MEMORY_TIME_WAIT] = timewait_bytes(c->max_time_wait),
		[MEMORY_TABLE] = conn_table_bytes(c->max_conns + c->max_time_wait),
		[MEMORY_WHEEL] = wheel_bytes(c->max_conns),
		[MEMORY_CHUNKS] = chunks_of(c) * sizeof(struct tcp_chunk),
		[MEMORY_EXTRAS] =
			(size_t)tcp_extra_places(&c->tcp, c->max_conns) * sizeof(struct tcp_extra),
		[MEMORY_HOLES] = scoreboard_pool_bytes(holes_of(c)),
		[MEMORY_PEERS6] = has_ip6(c) ? addr6_bytes(peers6_of(c)) : 0,
	};

	memcpy(bytes, sizes, sizeof(sizes));
}

void
spate_stack_memory(const struct spate_stack_conf *c, uint64_t *bytes, uint64_t *sparse)
{
	size_t size[MEMORY_N];

	memory_sizes(c, size);
	*bytes = *sparse = 0;
	for (int i = 0; i < MEMORY_N; i++)
		*(is_sparse[i] ? sparse : bytes) += size[i];
}

static int
allocate(struct spate_stack *s)
{
	const struct spate_stack_conf *c = &s->conf;
	size_t bytes[MEMORY_N];

	memory_sizes(c, bytes);
	for (int i = 0; i < MEMORY_N; i++) {
		if (bytes[i] == 0)
			continue;
		s->memory[i] = c->alloc(c->alloc_ctx, bytes[i], is_sparse[i]);
		if (s->memory[i] == NULL)
			return -ENOMEM;
		s->memory_bytes[i] = bytes[i];
	}
	return 0;
}

/* 0, or -EINVAL for addresses no host can have. */
static int
init_ip(struct spate_stack *s)
{
	const struct spate_stack_conf *c = &s->conf;

	memcpy(&s->ip.mac, c->mac, sizeof(s->ip.mac));
	s->ip.vlan = c->vlan;
	s->ip.data_off = packet_offset(c->vlan);
	s->ip.mtu = c->mtu ? c->mtu : MTU_DEFAULT;
	s->ip.gateway = c->gateway;
	s->ip.checksum_offload = c->tx_checksum_offload;
	s->ip.pool = c->pool;
	s->ip.counters = &s->counters;
	ip_set_network(&s->ip, c->ip4, c->prefix);
	if (c->ip4 && ip_add_range(&s->ip, c->ip4, c->ip4) < 0)
		return -EINVAL;
	if (c->gateway && !ipv4_is_unicast(c->gateway))
		return -EINVAL;
	return !has_ip6(c) ? 0
			   : ip6_start(&s->ip, s->memory[MEMORY_PEERS6], peers6_of(c),
				     c->secret + SECRET_TABLE, c->ip6, c->prefix6, c->gateway6);
}

static void
init_tcp(struct spate_stack *s, uint64_t now_ns)
{
	const struct spate_stack_conf *c = &s->conf;
	struct tcp *t = &s->tcp;
	struct conn_table_space space[2];
	uint64_t secret[2];

	t->ip = &s->ip;
	t->counters = &s->counters;
	t->ops = c->ops;
	t->app = c->app;
	t->conf = c->tcp;
	t->auth_look = c->tcp.auth_drop_unmatched;
	t->ageing_ns = now_ns;
	t->rcv_shift = tcp_our_wscale(t);
	t->quiet_until_ns = now_ns + c->tcp.quiet_time_ms * 1000000ull;
	t->conns = s->memory[MEMORY_CONNS];
	t->max_conns = c->max_conns;
	t->free_head = t->grave_head = TCP_READY_NONE;
	t->ready_head = t->ready_tail = TCP_READY_NONE;
	t->chunks = s->memory[MEMORY_CHUNKS];
	t->max_chunks = chunks_of(c);
	t->chunk_free = TCP_CHUNK_NONE;
	scoreboard_pool_init(&t->holes, s->memory[MEMORY_HOLES], holes_of(c));
	t->extras = s->memory[MEMORY_EXTRAS];
	t->max_extras = tcp_extra_places(&c->tcp, c->max_conns);
	t->extra_free = TCP_EXTRA_NONE;
	/* Data waiting for its ACK must leave buffers for the ACK to be received in. */
	t->owned_max = (c->pool_share ? c->pool_share : c->pool->size) / 4;
	/* And so must what waits for a segment that is lost. */
	t->held_max = t->owned_max;
	timewait_init(&t->tw, s->memory[MEMORY_TIME_WAIT], c->max_time_wait,
		2ull * c->tcp.msl_ms * 1000000);
	space[0] = (struct conn_table_space){&t->conns[0].key, sizeof(struct tcp_conn)};
	space[1] = (struct conn_table_space){&t->tw.records[0].key, sizeof(struct timewait)};
	memcpy(secret, c->secret + SECRET_TABLE, sizeof(secret));
	conn_table_init(
		&t->table, s->memory[MEMORY_TABLE], c->max_conns + c->max_time_wait, space, secret);
	memcpy(t->label_key, c->secret + SECRET_LABEL, sizeof(t->label_key));
	memcpy(t->isn_key, c->secret + SECRET_ISN, sizeof(t->isn_key));
	listener_table_init(&t->listeners);
	wheel_init(&t->wheel, s->memory[MEMORY_WHEEL], c->max_conns, now_ns);
}

/* Every packet goes into one buffer of the pool, the link's header in front of it. */
static bool
mtu_possible(const struct spate_stack_conf *conf)
{
	uint32_t mtu = conf->mtu ? conf->mtu : MTU_DEFAULT;

	return mtu >= (has_ip6(conf) ? IPV6_MTU_LEAST : MTU_LEAST) &&
	       mtu + packet_offset(conf->vlan) <= rte_pktmbuf_data_room_size(conf->pool);
}

struct spate_stack *
spate_stack_create(const struct spate_stack_conf *conf, uint64_t now_ns)
{
	struct spate_stack *s;

	if (conf->pool == NULL || conf->ops == NULL || conf->name == NULL || conf->max_conns == 0 ||
		conf->max_time_wait == 0 || conf->prefix > 32 || conf->max_conns >> 30 ||
		conf->max_time_wait >> 30 || conf->vlan > VLAN_LAST || !mtu_possible(conf)) {
		rte_errno = EINVAL;
		return NULL;
	}
	s = rte_zmalloc_socket("spate_stack", sizeof(*s), RTE_CACHE_LINE_SIZE, conf->socket_id);
	if (s == NULL) {
		rte_errno = ENOMEM;
		return NULL;
	}
	s->conf = *conf;
	if (s->conf.alloc == NULL) {
		s->conf.alloc = heap_alloc;
		s->conf.free = heap_free;
	}
	if (allocate(s) < 0 || neigh_table_init(&s->ip.neigh, conf->name, conf->socket_id) < 0) {
		spate_stack_free(s);
		rte_errno = ENOMEM;
		return NULL;
	}
	init_tcp(s, now_ns);
	spate_set_large_frames(s, true);
	spate_stack_now(s, now_ns);
	if (init_ip(s) < 0) {
		spate_stack_free(s);
		rte_errno = EINVAL;
		return NULL;
	}
	return s;
}

void
spate_stack_free(struct spate_stack *s)
{
	if (s == NULL)
		return;
	for (uint32_t i = 0; i < s->tcp.untouched; i++) {
		struct tcp_conn *c = &s->tcp.conns[i];

		if (c->state == SPATE_CLOSED)
			continue;
		tcp_send_clear(&s->tcp, c);
		tcp_reassembly_clear(&s->tcp, c);
	}
	while (s->ip.tx_head != s->ip.tx_tail)
		rte_pktmbuf_free(s->ip.txq[s->ip.tx_head++ & (IP_TXQ - 1)]);
	stack_auth_free(s);
	neigh_table_free(&s->ip.neigh);
	for (int i = 0; i < MEMORY_N; i++)
		if (s->memory[i])
			s->conf.free(s->conf.alloc_ctx, s->memory[i], s->memory_bytes[i]);
	rte_free(s);
}

void
spate_stack_now(struct spate_stack *s, uint64_t now_ns)
{
	s->ip.now_ns = now_ns;
	s->tcp.now_ns = now_ns;
	s->tcp.now_us = now_ns / 1000;
	s->tcp.ts_now = now_ns / 1000000;
}

void
spate_set_checksum_offload(struct spate_stack *s, bool offload)
{
	s->ip.checksum_offload = offload;
}

void
spate_set_large_frames(struct spate_stack *s, bool on)
{
	/* What an IP packet can say of its length, with the longest headers in front of it. */
	static const uint32_t most =
		UINT16_MAX - IPV6_LEN - sizeof(struct rte_tcp_hdr) - TCP_OPTIONS_MAX;

	s->tcp.large_max =
		on && s->conf.tx_large_buffers > 1 ? RTE_MIN(s->conf.tx_large_max, most) : 0;
	s->tcp.large_buffers = s->conf.tx_large_buffers;
}

void
spate_large_frame_refused(struct spate_stack *s)
{
	spate_count(&s->counters, SPATE_TX_REFUSED);
	s->conf.tx_large_max = 0;
	spate_set_large_frames(s, false);
}

void
spate_dropped(struct spate_stack *s, int why, uint32_t n)
{
	spate_count_n(&s->counters, why, n);
}

int
spate_lend(struct spate_stack *s, const void *mem, size_t len, uint64_t iova)
{
	if (s->tcp.n_lent == TCP_LENT_MAX)
		return -ENOSPC;
	s->tcp.lent[s->tcp.n_lent++] = (struct tcp_lent){mem, len, iova};
	return 0;
}

uint64_t
spate_now(const struct spate_stack *s)
{
	return s->tcp.now_ns;
}

/*
 * Give frames back. Of one that is whole, as it says of itself, and nobody else's the second line
 * of the buffer's header has nothing to say, so it is not read: it would be a cache miss for each
 * frame.
 */
static void
free_frames(struct rte_mbuf **frames, uint32_t n)
{
	void *batch[CONN_TABLE_BULK];
	struct rte_mempool *pool = NULL;
	unsigned int waiting = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct rte_mbuf *m = frames[i];

		if (unlikely(m->nb_segs > 1 || !RTE_MBUF_DIRECT(m) ||
			     rte_mbuf_refcnt_read(m) != 1)) {
			rte_pktmbuf_free(m);
			continue;
		}
		if (unlikely(m->pool != pool)) {
			if (waiting)
				rte_mempool_put_bulk(pool, batch, waiting);
			pool = m->pool;
			waiting = 0;
		}
		batch[waiting++] = m;
	}
	if (waiting)
		rte_mempool_put_bulk(pool, batch, waiting);
}

static void
input_burst(struct spate_stack *s, struct rte_mbuf **frames, uint32_t n)
{
	struct tcp_rx rx[CONN_TABLE_BULK];
	struct flow_key keys[CONN_TABLE_BULK];
	uint64_t hashes[CONN_TABLE_BULK];
	uint32_t handles[CONN_TABLE_BULK];
	uint32_t segments = stack_classify(s, frames, n, rx, keys);

	if (segments > 0)
		conn_table_guess_bulk(&s->tcp.table, keys, segments, hashes, handles);
	for (uint32_t i = 0; i < segments; i++) {
		rx[i].hash = hashes[i];
		rx[i].handle = handles[i];
		tcp_input(&s->tcp, &rx[i]);
	}
	free_frames(frames, n);
}

/* Which lcore drives the stack, and so whose buffers are at hand, is asked once a turn. */
static void
begin_turn(struct spate_stack *s, uint64_t now_ns)
{
	spate_stack_now(s, now_ns);
	s->ip.cache = rte_mempool_default_cache(s->ip.pool, rte_lcore_id());
}

static void
end_turn(struct spate_stack *s)
{
	s->ip.cache = NULL;
}

void
spate_stack_input(struct spate_stack *s, struct rte_mbuf **frames, uint16_t n, uint64_t now_ns)
{
	begin_turn(s, now_ns);
	tcp_bury(&s->tcp);
	spate_count_n(&s->counters, SPATE_RX_FRAMES, n);
	for (uint32_t at = 0; at < n; at += CONN_TABLE_BULK)
		input_burst(s, frames + at, n - at < CONN_TABLE_BULK ? n - at : CONN_TABLE_BULK);
	end_turn(s);
}

uint16_t
spate_stack_output(struct spate_stack *s, struct rte_mbuf **frames, uint16_t max, uint64_t now_ns)
{
	uint16_t n = 0;

	begin_turn(s, now_ns);
	/* Replies first: they are in the queue already and keep their place. */
	if (s->ip.tx_tail - s->ip.tx_head < max)
		tcp_output(&s->tcp, max);
	n = ip_take(&s->ip, frames, max);
	tcp_bury(&s->tcp);
	end_turn(s);
	return n;
}

uint64_t
spate_stack_tick(struct spate_stack *s, uint64_t now_ns)
{
	uint64_t next, t;

	spate_stack_now(s, now_ns);
	tcp_bury(&s->tcp);
	neigh_tick(&s->ip);
	next = tcp_timers_run(&s->tcp);
	t = tcp_time_wait_tick(&s->tcp);
	next = t < next ? t : next;
	t = tcp_ageing_run(&s->tcp);
	next = t < next ? t : next;
	/* Looked at last: a callback that connects may have asked for a neighbour. */
	return s->ip.neigh.next_ns < next ? s->ip.neigh.next_ns : next;
}
