/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * auth_pair: two stacks that speak TCP-AO to each other (OP-08), over both families and
 * with both algorithms: a transfer in which the keys change, and peers that disagree. And what
 * the sequence number extension is for: a segment, recorded and sent again 2^32 bytes later.
 */
#include "../eal.h"
#include "../side.h"
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_byteorder.h>
#include <rte_eal.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <rte_tcp.h>

#define IP_A    0xc6120001u
#define IP_B    0xc6120002u
#define PORT_A  20000
#define PORT_B  179
#define MTU     9000 /* fewer segments for the same bytes */
#define BUFFERS 2047
#define TURN_NS 20000
#define CHUNK   (16u << 20)

static struct rte_mempool *pool;
static struct side a, b;
static uint64_t to_send, received; /* bytes that A has still to send, and that B has */
static uint64_t fins;              /* received by either */
static int end_reason;             /* of what ended last */
static uint64_t now;
static uint8_t *zeros;
/* Shown every frame from A to B. */
static void (*watch)(const struct rte_mbuf *m);

/* ---- the application */

static void
send_more(void)
{
	while (to_send) {
		uint32_t n = to_send < CHUNK ? to_send : CHUNK;

		if (spate_send_static(a.stack, a.conn, zeros, n) < 0)
			return;
		to_send -= n;
	}
}

static uint32_t
on_data(void *app, spate_conn c, const uint8_t *data, uint32_t len)
{
	(void)app;
	(void)c;
	(void)data;
	received += len;
	return len;
}

static void
on_sendable(void *app, spate_conn c)
{
	(void)c;
	if (app == &a)
		send_more();
}

static void
on_peer_fin(void *app, spate_conn c)
{
	(void)app;
	(void)c;
	fins++;
}

static void
on_closed(void *app, spate_conn c, int reason)
{
	side_on_closed(app, c, reason);
	end_reason = reason;
}

static const struct spate_ops ops = {
	.on_accept = side_on_accept,
	.on_established = side_on_established,
	.on_data = on_data,
	.on_sendable = on_sendable,
	.on_peer_fin = on_peer_fin,
	.on_closed = on_closed,
};

/* ---- the two of them, and the wire between */

static struct spate_addr
address(uint32_t ip, bool v6, uint16_t port)
{
	struct spate_addr addr = side_addr(ip, port);

	if (v6) {
		addr.family = AF_INET6;
		memcpy(addr.ip6, (uint8_t[16]){0x20, 1, 0, 2, [15] = ip & 0xff}, 16);
	}
	return addr;
}

static void
start(struct side *s, uint32_t ip)
{
	struct spate_stack_conf conf =
		side_conf(s, ip == IP_A ? "pair-a" : "pair-b", ip, pool, &ops);

	memset(s, 0, sizeof(*s));
	conf.mtu = MTU;
	memcpy(conf.ip6, address(ip, true, 0).ip6, 16);
	conf.prefix6 = 64;
	conf.tcp.receive_buffer = 1 << 20;
	conf.tcp.timestamps = false; /* PAWS would see what is old as well */
	conf.tcp.syn_retries = 2;
	s->stack = spate_stack_create(&conf, now);
	assert_non_null(s->stack);
}

/* Each says what it has to say. */
static void
turn(void)
{
	uint32_t n = side_carry(&a, &b, now, watch) + side_carry(&b, &a, now, NULL);

	/* Idle: time may pass faster. */
	now += n ? TURN_NS : 1000000;
}

/* Until `*what` is not 0 or `ms` of virtual time are over. */
static void
run(const uint64_t *what, uint64_t ms)
{
	uint64_t end = now + ms * 1000000;

	while (now < end && !(what && *what))
		turn();
}

static void
until_received(uint64_t bytes)
{
	for (uint32_t still = 0; received < bytes; still++) {
		uint64_t before = received;

		turn();
		if (received != before)
			still = 0;
		assert_true(still < 100000);
	}
}

static void
both(void)
{
	watch = NULL;
	to_send = received = fins = 0;
	start(&a, IP_A);
	start(&b, IP_B);
}

static void
open_connection(bool v6)
{
	struct spate_addr la = address(IP_A, v6, PORT_A), lb = address(IP_B, v6, PORT_B);

	assert_true(spate_listen(b.stack, &lb, 0, 0, 0) >= 0);
	spate_stack_now(a.stack, now);
	assert_int_equal(spate_connect_from(a.stack, &la, &lb, &a.conn), 0);
}

static void
stop(void)
{
	spate_stack_free(a.stack);
	spate_stack_free(b.stack);
	assert_int_equal(rte_mempool_avail_count(pool), BUFFERS);
}

/* The key on the side of `s` whose ids there are `send` and `recv`. */
static struct spate_auth_key
key_of(const struct side *s, bool v6, enum spate_auth_algorithm alg, uint8_t send, uint8_t recv,
	const char *text)
{
	struct spate_auth_key k = {
		.peer = address(s == &a ? IP_B : IP_A, v6, 0),
		.prefix = v6 ? 127 : 24,
		.send_id = send,
		.recv_id = recv,
		.algorithm = alg,
		.key_len = strlen(text),
	};

	memcpy(k.key, text, k.key_len);
	return k;
}

static void
nothing_refused(const struct side *s)
{
	assert_int_equal(side_count(s, SPATE_AUTH_BAD), 0);
	assert_int_equal(side_count(s, SPATE_AUTH_MISSING), 0);
	assert_int_equal(side_count(s, SPATE_AUTH_UNKNOWN_KEY), 0);
	assert_int_equal(side_count(s, SPATE_AUTH_NO_MEMORY), 0);
}

static uint64_t
option(const struct side *s, enum spate_option o)
{
	uint64_t v = 999;

	assert_int_equal(spate_getopt(s->stack, s->conn, o, &v), 0);
	return v;
}

/* ---- tests */

/* From one key to one of the other algorithm in mid-transfer, first one way, then the other. */
static void
transfer(bool v6, enum spate_auth_algorithm first, enum spate_auth_algorithm second)
{
	struct spate_auth_key a1, a2, b1, b2;

	both();
	a1 = key_of(&a, v6, first, 1, 2, "the first");
	b1 = key_of(&b, v6, first, 2, 1, "the first");
	a2 = key_of(&a, v6, second, 3, 4, "the second one");
	b2 = key_of(&b, v6, second, 4, 3, "the second one");
	assert_int_equal(spate_auth_key_add(a.stack, &a1), 0);
	assert_int_equal(spate_auth_key_add(b.stack, &b1), 0);
	assert_int_equal(spate_auth_key_add(a.stack, &a2), 0);
	assert_int_equal(spate_auth_key_add(b.stack, &b2), 0);
	open_connection(v6);
	run(&b.opened, 1000);
	assert_true(a.opened && b.opened);
	to_send = 40u << 20;
	send_more();
	until_received(10u << 20);
	assert_int_equal(option(&a, SPATE_OPT_AUTH_SEND), 1);
	assert_int_equal(spate_auth_key_use(b.stack, &b2), 0);
	until_received(20u << 20);
	assert_int_equal(option(&a, SPATE_OPT_AUTH_SEND), 3);
	assert_int_equal(option(&b, SPATE_OPT_AUTH_SEND), 2);
	assert_int_equal(spate_auth_key_use(a.stack, &a2), 0);
	until_received(40u << 20);
	assert_int_equal(option(&b, SPATE_OPT_AUTH_SEND), 4);
	assert_int_equal(side_count(&a, SPATE_AUTH_ROLLOVERS), 1);
	assert_int_equal(side_count(&b, SPATE_AUTH_ROLLOVERS), 1);
	/* Nobody needs the first any more. */
	assert_int_equal(spate_auth_key_remove(a.stack, &a1), 0);
	assert_int_equal(spate_auth_key_remove(b.stack, &b1), 0);
	spate_close(a.stack, a.conn);
	run(&fins, 1000);
	spate_close(b.stack, b.conn);
	run(&b.closed, 1000);
	assert_true(a.closed && b.closed && !a.failed && !b.failed);
	nothing_refused(&a);
	nothing_refused(&b);
	assert_int_equal(spate_auth_in_use(a.stack), 1); /* TIME_WAIT */
	assert_int_equal(spate_auth_in_use(b.stack), 0);
	run(NULL, 121000);
	assert_int_equal(spate_auth_in_use(a.stack), 0);
	stop();
}

static void
test_auth_pair_ipv4(void **state)
{
	(void)state;
	transfer(false, SPATE_AUTH_HMAC_SHA_1_96, SPATE_AUTH_AES_128_CMAC_96);
	transfer(false, SPATE_AUTH_AES_128_CMAC_96, SPATE_AUTH_HMAC_SHA_1_96);
}

static void
test_auth_pair_ipv6(void **state)
{
	(void)state;
	transfer(true, SPATE_AUTH_HMAC_SHA_1_96, SPATE_AUTH_AES_128_CMAC_96);
	transfer(true, SPATE_AUTH_AES_128_CMAC_96, SPATE_AUTH_HMAC_SHA_1_96);
}

/* One side has another key, another algorithm, other coverage, or none: nothing opens. */
static void
test_auth_pair_that_disagrees(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		struct spate_auth_key ka, kb;

		both();
		ka = key_of(&a, false, SPATE_AUTH_HMAC_SHA_1_96, 1, 2, "one key");
		kb = key_of(&b, false, SPATE_AUTH_HMAC_SHA_1_96, 2, 1, "one key");
		kb.key[0] ^= i == 0;
		kb.exclude_options = i == 1;
		kb.algorithm += i == 2;
		if (i != 3)
			assert_int_equal(spate_auth_key_add(b.stack, &kb), 0);
		if (i != 4)
			assert_int_equal(spate_auth_key_add(a.stack, &ka), 0);
		open_connection(false);
		run(&a.closed, 60000);
		assert_true(a.closed && !a.opened && !b.opened && end_reason == -ETIMEDOUT);
		if (i == 3) /* B ignores the option, and answers without */
			assert_true(side_count(&a, SPATE_AUTH_MISSING) > 0 &&
				    side_count(&b, SPATE_AUTH_IGNORED) > 0);
		else
			assert_true(side_count(&b, i == 4 ? SPATE_AUTH_MISSING : SPATE_AUTH_BAD) > 0);
		run(NULL, 100000);
		stop();
	}
}

/* A segment that is recorded and, when its number is the next again, sent again. */
static struct {
	uint8_t bytes[MTU + 100];
	uint32_t len, seq, data_len;
	uint64_t recorded_at; /* bytes received until then */
	bool again;
	uint64_t taken; /* bytes that B took of it the second time */
} record;

static void
keep(const struct rte_mbuf *m)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	const struct rte_ipv4_hdr *ip = (const void *)(p + sizeof(struct rte_ether_hdr));
	const struct rte_tcp_hdr *tcp = (const void *)(ip + 1);

	if (received < 1 << 20 || m->pkt_len < MTU)
		return;
	memcpy(record.bytes, p, m->pkt_len);
	record.len = m->pkt_len;
	record.seq = rte_be_to_cpu_32(tcp->sent_seq);
	record.data_len = rte_be_to_cpu_16(ip->total_length) - 20 - (tcp->data_off >> 4) * 4;
	record.recorded_at = received;
}

static void
send_again(void)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	uint64_t before = received;

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, record.len), record.bytes, record.len);
	spate_stack_input(b.stack, &m, 1, now);
	record.again = true;
	record.taken = received - before;
}

static void
replay(const struct rte_mbuf *m)
{
	struct spate_conn_info info;

	if (record.len == 0) {
		keep(m);
		return;
	}
	/* Its first time lies 2^32 bytes back, or nearly: none of them at once twice. */
	if (record.again || received - record.recorded_at < 1ull << 31)
		return;
	assert_int_equal(spate_conn_info(b.stack, b.conn, &info), 0);
	if (info.rcv_nxt - record.seq < record.data_len)
		send_again();
}

/* Send a little more than 2^32 bytes, and the record where it fits again. */
static void
around(bool with_auth)
{
	struct spate_auth_key k;

	both();
	k = key_of(&a, false, SPATE_AUTH_AES_128_CMAC_96, 1, 1, "sixteen bytes ok");
	if (with_auth)
		assert_int_equal(spate_auth_key_add(a.stack, &k), 0);
	k = key_of(&b, false, SPATE_AUTH_AES_128_CMAC_96, 1, 1, "sixteen bytes ok");
	if (with_auth)
		assert_int_equal(spate_auth_key_add(b.stack, &k), 0);
	open_connection(false);
	run(&b.opened, 1000);
	memset(&record, 0, sizeof(record));
	watch = replay;
	to_send = (1ull << 32) + (4u << 20);
	send_more();
	/* With bytes taken twice the stream is out of step: enough is enough. */
	until_received((1ull << 32) + (3u << 20));
	assert_true(record.again);
	assert_int_equal(side_count(&b, SPATE_AUTH_BAD), with_auth);
	stop();
}

static void
test_auth_pair_replay_after_wrap(void **state)
{
	(void)state;
	/* Without a MAC it is data like any other: this is a test that can fail. */
	around(false);
	assert_true(record.taken > 0);
	around(true);
	assert_int_equal(record.taken, 0);
}

static int
setup(void **state)
{
	static char words[][32] = {"--no-huge", "--no-pci", "-m", "256", "--no-telemetry",
		"--log-level=error", "--lcores", "0", "--no-shconf", "--file-prefix=pair-PID"};
	char *argv[N_OF(words) + 1] = {(char *)(uintptr_t) "test_auth_pair"};

	(void)state;
	snprintf(words[N_OF(words) - 1], sizeof(words[0]), "--file-prefix=pair-%d", getpid());
	for (size_t i = 0; i < N_OF(words); i++)
		argv[i + 1] = words[i];
	zeros = calloc(1, CHUNK);
	if (zeros == NULL || eal_on_any_cpu(N_OF(argv), argv) < 0)
		return -1;
	pool = rte_pktmbuf_pool_create("pair", BUFFERS, 0, 0, MTU + RTE_PKTMBUF_HEADROOM + 64, -1);
	return pool ? 0 : -1;
}

static int
cleanup(void **state)
{
	(void)state;
	free(zeros);
	rte_mempool_free(pool);
	rte_eal_cleanup();
	return 0;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST("OP-08", test_auth_pair_ipv4),
		ROW_TEST("OP-08", test_auth_pair_ipv6),
		ROW_TEST("OP-08", test_auth_pair_that_disagrees),
		ROW_TEST("OP-08", test_auth_pair_replay_after_wrap),
	};

	return unit_main(argc, argv, tests, N_OF(tests), setup, cleanup);
}
