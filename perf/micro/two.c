/* SPDX-License-Identifier: BSD-3-Clause */
#include "two.h"

#include <string.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "micro.h"

#define REQUEST     40  /* bytes: about what HTTP takes */
#define RESPONSE    160 /* headers, and a body of 64 */
#define HOP_NS      2000
#define BURST_NS    32000 /* from one burst to the next: a million connections a second */
#define PACKETS     6
#define TICK_NS     250000 /* as the engine does */
#define FRAMES_MAX  64
#define MBUFS       8191
#define MBUFS_CACHE 256

static const char bytes[RESPONSE];

/* ---- the application */

static void
on_accept(void *app, spate_conn c, uint32_t cookie)
{
	(void)app;
	(void)c;
	(void)cookie;
}

static void
on_established(void *app, spate_conn c)
{
	struct side *s = app;

	if (spate_send_static(s->stack, c, bytes, REQUEST) < 0)
		micro_fail("two: a request was not taken");
}

static uint32_t
on_data(void *app, spate_conn c, const uint8_t *data, uint32_t len)
{
	struct side *s = app;

	(void)data;
	if (s == &((struct two *)s->of)->server) {
		if (len != REQUEST || spate_send_static(s->stack, c, bytes, RESPONSE) < 0)
			micro_fail("two: a request of %u bytes", len);
		spate_close(s->stack, c);
	} else if (len != RESPONSE) {
		micro_fail("two: a response of %u bytes", len);
	}
	return len;
}

static const struct spate_ops ops = {
	.on_accept = on_accept,
	.on_established = on_established,
	.on_data = on_data,
	.on_sendable = side_on_sendable,
	.on_peer_fin = side_on_peer_fin,
	.on_closed = side_on_closed,
};

/* ---- the stacks */

static void *
take(void *ctx, size_t bytes_wanted, bool sparse)
{
	(void)ctx;
	(void)sparse;
	return micro_alloc(bytes_wanted);
}

static void
give_back(void *ctx, void *mem, size_t bytes_had)
{
	(void)ctx;
	(void)bytes_had;
	micro_free(mem);
}

static void
start_side(struct two *t, struct side *side, const char *name, uint32_t ip, uint32_t max_conns,
	uint32_t max_time_wait)
{
	struct spate_stack_conf conf = side_conf(side, name, ip, t->pool, &ops);

	conf.max_conns = max_conns;
	conf.max_time_wait = max_time_wait;
	conf.alloc = take;
	conf.free = give_back;
	side->of = t;
	side->stack = spate_stack_create(&conf, t->now);
	if (side->stack == NULL)
		micro_fail("two: no memory for %u connections", max_conns);
}

void
two_start(struct two *t, uint32_t max_conns, uint32_t max_time_wait)
{
	struct spate_addr any = side_addr(0, 80), first = side_addr(TWO_CLIENT_IP, 0);
	struct spate_addr last = side_addr(TWO_CLIENT_IP + 3, 0);
	struct spate_addr server = side_addr(TWO_SERVER_IP, 80);

	memset(t, 0, sizeof(*t));
	t->now = 1000000000;
	t->pool = rte_pktmbuf_pool_create(
		"two", MBUFS, MBUFS_CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (t->pool == NULL)
		micro_fail("two: no memory for %u packet buffers", MBUFS);
	start_side(t, &t->client, "client", TWO_CLIENT_IP, max_conns, max_time_wait);
	start_side(t, &t->server, "server", TWO_SERVER_IP, max_conns, max_time_wait);
	if (spate_add_addresses(t->client.stack, &first, &last) < 0 ||
		spate_listen(t->server.stack, &any, 0, 0, 0) < 0)
		micro_fail("two: the stacks do not start");
	/* Who is who is known before anything is measured. */
	spate_announce(t->client.stack);
	spate_resolve(t->client.stack, &server);
	while (two_to_server(t, TWO_NOTHING) || two_to_client(t, TWO_NOTHING))
		;
	if (spate_resolve(t->client.stack, &server) != 0)
		micro_fail("two: the client does not find the server");
	t->frames = 0;
}

void
two_end(struct two *t)
{
	if (spate_stack_leaked(t->client.stack) || spate_stack_leaked(t->server.stack) ||
		t->client.failed || t->server.failed)
		micro_fail("two: connections leaked or failed");
	spate_stack_free(t->client.stack);
	spate_stack_free(t->server.stack);
	if (rte_mempool_in_use_count(t->pool))
		micro_fail("two: packet buffers leaked");
	rte_mempool_free(t->pool);
}

void
two_tuples(struct two *t, uint32_t addresses, uint32_t ports)
{
	struct spate_addr first = side_addr(TWO_CLIENT_IP, 0);
	struct spate_addr last = side_addr(TWO_CLIENT_IP + addresses - 1, 0);

	if (spate_source_init(
		    t->client.stack, &t->source, &first, &last, 10000, 10000 + ports - 1) < 0)
		micro_fail("two: no such tuples");
}

/* ---- the exchange */

static void
watch_begins(enum two_watch watch, enum two_watch whose)
{
	if (watch == whose)
		micro_on();
}

static void
watch_ends(enum two_watch watch, enum two_watch whose)
{
	if (watch == whose)
		micro_off();
}

void
two_open(struct two *t, enum two_watch watch)
{
	struct spate_addr server = side_addr(TWO_SERVER_IP, 80);
	spate_conn c;

	watch_begins(watch, TWO_CLIENT);
	spate_stack_now(t->client.stack, t->now);
	for (int i = 0; i < TWO_BURST; i++)
		if (spate_connect(t->client.stack, &t->source, &server, &c) < 0)
			micro_fail("two: a connection was not opened");
	watch_ends(watch, TWO_CLIENT);
}

/* What `from` has to say goes to `to`; `watch` has to be one's name for it to be measured. */
static bool
carry(struct two *t, struct side *from, struct side *to, enum two_watch watch)
{
	enum two_watch sender = from == &t->client ? TWO_CLIENT : TWO_SERVER;
	enum two_watch receiver = from == &t->client ? TWO_SERVER : TWO_CLIENT;
	struct rte_mbuf *m[FRAMES_MAX];
	uint16_t n;

	watch_begins(watch, sender);
	n = spate_stack_output(from->stack, m, FRAMES_MAX, t->now);
	watch_ends(watch, sender);
	t->now += HOP_NS;
	if (n == 0)
		return false;
	t->frames += n;
	for (uint16_t i = 0; i < n; i++)
		m[i]->ol_flags = 0;
	watch_begins(watch, receiver);
	spate_stack_input(to->stack, m, n, t->now);
	watch_ends(watch, receiver);
	return true;
}

bool
two_to_server(struct two *t, enum two_watch watch)
{
	return carry(t, &t->client, &t->server, watch);
}

bool
two_to_client(struct two *t, enum two_watch watch)
{
	return carry(t, &t->server, &t->client, watch);
}

/* Timers, as often as the engine looks at them. */
static void
tick(struct two *t, enum two_watch watch)
{
	watch_begins(watch, TWO_CLIENT);
	spate_stack_tick(t->client.stack, t->now);
	watch_ends(watch, TWO_CLIENT);
	watch_begins(watch, TWO_SERVER);
	spate_stack_tick(t->server.stack, t->now);
	watch_ends(watch, TWO_SERVER);
}

void
two_churn(struct two *t, uint32_t bursts, enum two_watch watch)
{
	uint64_t frames = t->frames;
	uint64_t closed = t->client.closed, wanted = (uint64_t)bursts * TWO_BURST;
	uint64_t next_tick = t->now;

	for (uint32_t i = 0; i < bursts; i++, t->now += BURST_NS) {
		two_open(t, watch);
		for (bool said = true; said;) {
			said = two_to_server(t, watch);
			said |= two_to_client(t, watch);
		}
		if (t->now >= next_tick) {
			tick(t, watch);
			next_tick = t->now + TICK_NS;
		}
	}
	frames = t->frames - frames;
	if (t->client.closed - closed != wanted || frames != wanted * PACKETS)
		micro_fail("two: %lu connections, %lu closed in %lu packets", wanted,
			t->client.closed - closed, frames);
}
