/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reuse: one tuple, a connection of it every microsecond, a million in a second of virtual
 * time. Two stacks; one connects, the other answers and closes first, so that each SYN but
 * the first meets TIME_WAIT. All are to be let in (TW-05), which they are when initial
 * sequence numbers follow a clock that is fast enough (CM-11), across their wrap too.
 */
#include "../eal.h"
#include "unit.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "spate.h"
#include "stats/counters.h"

#define CLIENT_IP 0xc6120002u /* 198.18.0.2/16 */
#define SERVER_IP 0xc6120001u
#define PERIOD_NS 1000u /* from one connection to the next, */
#define HOP_NS    100u  /* and from one side to the other */
#define REQUEST   "request"

/* A side and what its application has seen. */
struct side {
	struct spate_stack *stack;
	uint32_t opened, data, closed, failed;
};

static struct rte_mempool *pool;

static void
on_open(void *app, spate_conn c, uint32_t cookie)
{
	struct side *s = app;

	(void)c;
	(void)cookie;
	s->opened++;
}

static void
on_established(void *app, spate_conn c)
{
	struct side *s = app;

	s->opened++;
	assert_int_equal(spate_send_static(s->stack, c, REQUEST, strlen(REQUEST)), 0);
}

/* The server has its request: it closes, first. */
static uint32_t
on_data(void *app, spate_conn c, const uint8_t *data, uint32_t len)
{
	struct side *s = app;

	assert_int_equal(len, strlen(REQUEST));
	assert_memory_equal(data, REQUEST, len);
	s->data++;
	spate_close(s->stack, c);
	return len;
}

static void
on_sendable(void *app, spate_conn c)
{
	(void)app;
	(void)c;
}

static void
on_peer_fin(void *app, spate_conn c)
{
	spate_close(((struct side *)app)->stack, c);
}

static void
on_closed(void *app, spate_conn c, int reason)
{
	struct side *s = app;

	(void)c;
	s->closed++;
	s->failed += reason != 0;
}

static const struct spate_ops ops = {
	on_open, on_established, on_data, on_sendable, on_peer_fin, on_closed, NULL};

static struct spate_stack_conf
conf_of(struct side *side, const char *name, uint32_t ip)
{
	struct spate_stack_conf conf = {
		.name = name,
		.socket_id = -1,
		.pool = pool,
		.max_conns = 16,
		.max_time_wait = 16,
		.mac = {2, 0, 0, 0, 0, ip & 0xff},
		.ip4 = rte_cpu_to_be_32(ip),
		.prefix = 16,
		.secret = "one that is known, and the same.",
		.ops = &ops,
		.app = side,
	};

	spate_tcp_defaults(&conf.tcp);
	return conf;
}

static struct spate_addr
addr(uint32_t ip, uint16_t port)
{
	struct spate_addr a = {.family = AF_INET, .port = rte_cpu_to_be_16(port)};

	a.ip4 = rte_cpu_to_be_32(ip);
	return a;
}

static void
connect_client(struct side *client, uint64_t now)
{
	struct spate_addr local = addr(CLIENT_IP, 5000), remote = addr(SERVER_IP, 80);
	spate_conn c;

	spate_stack_now(client->stack, now);
	assert_int_equal(spate_connect_from(client->stack, &local, &remote, &c), 0);
}

/* A time at which the ISS of the client's tuple is `iss`. */
static uint64_t
time_of_iss(struct spate_stack_conf *conf, uint32_t iss)
{
	struct side probe = {.stack = spate_stack_create(conf, 0)};
	struct spate_conn_info info;
	uint32_t at_zero;

	assert_non_null(probe.stack);
	connect_client(&probe, 0);
	assert_int_equal(spate_conn_info(probe.stack, 0, &info), 0);
	at_zero = info.snd_una;
	spate_stack_free(probe.stack);
	return (uint64_t)(uint32_t)(iss - at_zero) << conf->tcp.isn_shift;
}

/* Everything `from` has to say goes to `to`. Was there anything? */
static bool
carry(struct side *from, struct side *to, uint64_t now)
{
	struct rte_mbuf *m[32];
	uint16_t n = spate_stack_output(from->stack, m, 32, now);

	for (uint16_t i = 0; i < n; i++)
		m[i]->ol_flags = 0;
	if (n > 0)
		spate_stack_input(to->stack, m, n, now);
	return n > 0;
}

/* The wire until it is silent; a hop at a time. */
static void
talk(struct side *client, struct side *server, uint64_t now)
{
	bool busy = true;

	for (int hop = 0; busy; hop++, now += HOP_NS) {
		spate_stack_tick(client->stack, now);
		spate_stack_tick(server->stack, now);
		busy = carry(client, server, now);
		busy |= carry(server, client, now);
	}
}

static uint64_t
count(const struct side *s, enum spate_counter id)
{
	return spate_stack_counters(s->stack)->v[id];
}

static void
start(struct side *client, struct side *server, struct spate_stack_conf *conf, uint64_t now)
{
	struct spate_stack_conf other = conf_of(server, "server", SERVER_IP);
	struct spate_addr any = addr(0, 80);

	conf->app = client;
	client->stack = spate_stack_create(conf, now);
	server->stack = spate_stack_create(&other, now);
	assert_non_null(client->stack);
	assert_non_null(server->stack);
	assert_true(spate_listen(server->stack, &any, 0, 0, 0) >= 0);
}

static void
end(struct side *client, struct side *server)
{
	assert_int_equal(spate_stack_leaked(client->stack), 0);
	assert_int_equal(spate_stack_leaked(server->stack), 0);
	spate_stack_free(client->stack);
	spate_stack_free(server->stack);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
}

/* `n` connections of one tuple, a microsecond apart. Sequence numbers wrap in the middle. */
static void
churn(bool timestamps, uint32_t n)
{
	struct side client = {0}, server = {0};
	struct spate_stack_conf conf = conf_of(&client, "client", CLIENT_IP);
	uint64_t now;

	conf.tcp.timestamps = timestamps;
	now = time_of_iss(&conf, -(uint32_t)((uint64_t)n * PERIOD_NS >> 7));
	start(&client, &server, &conf, now);
	for (uint32_t i = 1; i <= n; i++, now += PERIOD_NS) {
		connect_client(&client, now);
		talk(&client, &server, now);
		if (server.closed != i || client.closed != i || server.data != i)
			fail_msg("connection %u of the tuple: %u accepted, %u closed by the server,"
				 " %u by the client",
				i, server.opened, server.closed, client.closed);
	}
	assert_int_equal(client.opened, n);
	assert_int_equal(server.opened, n);
	assert_int_equal(client.failed + server.failed, 0);
	assert_int_equal(count(&server, SPATE_TW_ENTERED), n);
	assert_int_equal(count(&server, SPATE_TW_REUSED), n - 1);
	assert_int_equal(count(&server, SPATE_TW_REFUSED_SEQ), 0);
	assert_int_equal(count(&server, SPATE_TW_REFUSED_TS), 0);
	assert_int_equal(count(&server, SPATE_COOKIES_SENT), 0);
	assert_int_equal(count(&client, SPATE_TW_ENTERED), 0);
	assert_int_equal(count(&client, SPATE_RETRANSMITS) + count(&server, SPATE_RETRANSMITS), 0);
	end(&client, &server);
}

static void
test_reuse_with_timestamps(void **state)
{
	(void)state;
	churn(true, REUSES);
}

static void
test_reuse_without_timestamps(void **state)
{
	(void)state;
	churn(false, REUSES);
}

/* Why the tick is 64 ns: of 4 us, the second SYN is no newer than what it comes after. */
static void
test_reuse_with_a_slow_clock_is_refused(void **state)
{
	struct side client = {0}, server = {0};
	struct spate_stack_conf conf = conf_of(&client, "client", CLIENT_IP);
	uint64_t now = 1000000000;

	(void)state;
	conf.tcp.isn_shift = 12;
	start(&client, &server, &conf, now);
	connect_client(&client, now);
	talk(&client, &server, now);
	assert_int_equal(server.closed, 1);
	connect_client(&client, now + PERIOD_NS);
	talk(&client, &server, now + PERIOD_NS);
	assert_int_equal(server.opened, 1);
	assert_int_equal(count(&server, SPATE_TW_REFUSED_SEQ), 1);
	assert_int_equal(count(&server, SPATE_TW_REUSED), 0);
	/* Its SYN again, a second later, is a TSval later. */
	now += 1100000000;
	talk(&client, &server, now);
	assert_int_equal(server.closed, 2);
	assert_int_equal(client.closed, 2);
	assert_int_equal(client.failed + server.failed, 0);
	assert_int_equal(count(&server, SPATE_TW_REUSED), 1);
	end(&client, &server);
}

static int
start_eal(void **state)
{
	static char words[][40] = {"test", "--no-huge", "--no-pci", "-m", "64", "--no-telemetry",
		"--no-shconf", "--log-level=error", "--lcores", "0",
		"--file-prefix=spate-unit-PID"};
	char *argv[N_OF(words)];

	(void)state;
	snprintf(words[N_OF(words) - 1], sizeof(words[0]), "--file-prefix=spate-unit-%d",
		(int)getpid());
	for (size_t i = 0; i < N_OF(words); i++)
		argv[i] = words[i];
	if (eal_on_any_cpu(N_OF(words), argv) < 0)
		return -1;
	pool = rte_pktmbuf_pool_create("reuse", 1023, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, -1);
	return pool ? 0 : -1;
}

static int
stop_eal(void **state)
{
	(void)state;
	rte_mempool_free(pool);
	return rte_eal_cleanup() == 0 ? rmdir(rte_eal_get_runtime_dir()) : -1;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST("CM-11 TW-05", test_reuse_with_timestamps),
		ROW_TEST("CM-11 TW-05", test_reuse_without_timestamps),
		ROW_TEST("CM-11 TW-07", test_reuse_with_a_slow_clock_is_refused),
	};

	return unit_main(argc, argv, tests, N_OF(tests), start_eal, stop_eal);
}
