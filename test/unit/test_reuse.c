/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reuse: one tuple, a connection of it every microsecond, a million in a second of virtual
 * time. Two stacks; one connects, the other answers and closes first, so that each SYN but
 * the first meets TIME_WAIT. All are to be let in (TW-05), which they are when initial
 * sequence numbers follow a clock that is fast enough (CM-11), across their wrap too.
 */
#include "../eal.h"
#include "../side.h"
#include "unit.h"

#include <stdio.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#define CLIENT_IP 0xc6120002u /* 198.18.0.2 */
#define SERVER_IP 0xc6120001u
#define PERIOD_NS 1000u /* from one connection to the next, */
#define HOP_NS    100u  /* and from one side to the other */
#define REQUEST   "request"

static struct rte_mempool *pool;
static uint64_t requests; /* that the server has */

static void
on_established(void *app, spate_conn c)
{
	struct side *s = app;

	side_on_established(s, c);
	assert_int_equal(spate_send_static(s->stack, c, REQUEST, strlen(REQUEST)), 0);
}

/* The server has its request: it closes, first. */
static uint32_t
on_data(void *app, spate_conn c, const uint8_t *data, uint32_t len)
{
	assert_int_equal(len, strlen(REQUEST));
	assert_memory_equal(data, REQUEST, len);
	requests++;
	spate_close(((struct side *)app)->stack, c);
	return len;
}

static const struct spate_ops ops = {
	.on_accept = side_on_accept,
	.on_established = on_established,
	.on_data = on_data,
	.on_sendable = side_on_sendable,
	.on_peer_fin = side_on_peer_fin,
	.on_closed = side_on_closed,
};

static void
connect_client(struct side *client, uint64_t now)
{
	struct spate_addr local = side_addr(CLIENT_IP, 5000), remote = side_addr(SERVER_IP, 80);
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

/* The wire until it is silent; a hop at a time. */
static void
talk(struct side *client, struct side *server, uint64_t now)
{
	bool busy = true;

	for (int hop = 0; busy; hop++, now += HOP_NS) {
		busy = side_carry(client, server, now, NULL);
		busy |= side_carry(server, client, now, NULL);
	}
}

static void
start(struct side *client, struct side *server, struct spate_stack_conf *conf, uint64_t now)
{
	struct spate_stack_conf other = side_conf(server, "server", SERVER_IP, pool, &ops);
	struct spate_addr any = side_addr(0, 80);

	conf->app = client;
	requests = 0;
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
	struct spate_stack_conf conf = side_conf(&client, "client", CLIENT_IP, pool, &ops);
	uint64_t now;

	conf.tcp.timestamps = timestamps;
	now = time_of_iss(&conf, -(uint32_t)((uint64_t)n * PERIOD_NS >> 7));
	start(&client, &server, &conf, now);
	for (uint32_t i = 1; i <= n; i++, now += PERIOD_NS) {
		connect_client(&client, now);
		talk(&client, &server, now);
		if (server.closed != i || client.closed != i || requests != i)
			fail_msg("connection %u of the tuple: %lu accepted, %lu closed by the "
				 "server, %lu by the client",
				i, server.opened, server.closed, client.closed);
	}
	assert_int_equal(client.opened, n);
	assert_int_equal(server.opened, n);
	assert_int_equal(client.failed + server.failed, 0);
	assert_int_equal(side_count(&server, SPATE_TW_ENTERED), n);
	assert_int_equal(side_count(&server, SPATE_TW_REUSED), n - 1);
	assert_int_equal(side_count(&server, SPATE_TW_REFUSED_SEQ), 0);
	assert_int_equal(side_count(&server, SPATE_TW_REFUSED_TS), 0);
	assert_int_equal(side_count(&server, SPATE_COOKIES_SENT), 0);
	assert_int_equal(side_count(&client, SPATE_TW_ENTERED), 0);
	assert_int_equal(side_count(&client, SPATE_RETRANSMITS), 0);
	assert_int_equal(side_count(&server, SPATE_RETRANSMITS), 0);
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
	struct spate_stack_conf conf = side_conf(&client, "client", CLIENT_IP, pool, &ops);
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
	assert_int_equal(side_count(&server, SPATE_TW_REFUSED_SEQ), 1);
	assert_int_equal(side_count(&server, SPATE_TW_REUSED), 0);
	/* Its SYN again, a second later, is a TSval later. */
	now += 1100000000;
	talk(&client, &server, now);
	assert_int_equal(server.closed, 2);
	assert_int_equal(client.closed, 2);
	assert_int_equal(client.failed + server.failed, 0);
	assert_int_equal(side_count(&server, SPATE_TW_REUSED), 1);
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
