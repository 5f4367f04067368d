/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs every script in every configuration of the matrix, and holds the stack to its
 * sums at the end of each: what was opened has ended once, every TIME_WAIT is
 * accounted for, every buffer is back.
 */
#include <stdlib.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_mempool.h>

#include "../eal.h"
#include "script.h"

#define BUFFERS       4095
#define BUFFERS_LARGE 40 /* of a frame that the port cuts up */

/*
 * Where sequence numbers start. Ours comes from the clock, so the clock is set to make
 * it what it should be (`aim`); 0: wherever it falls.
 */
static const struct numbers {
	uint32_t isn, aim;
} numbers[] = {
	{1000, 0},
	{1000, 0xfffffff0},
	{1000, 0x7ffffff8},
	{0xfffffff0, 0},
	{0xfffffff0, 0xfffffff0},
	{0xfffffff0, 0x7ffffff8},
	{0x7ffffff8, 0},
	{0x7ffffff8, 0xfffffff0},
	{0x7ffffff8, 0x7ffffff8},
	{0xffffffff, 0xffffffff},
};

static struct rte_mempool *pool, *wire_pool;
static struct script script;
static uint32_t buffers_before;

static void
defaults(struct script *s, const struct numbers *n, bool options, bool active, bool large)
{
	struct frame *queue = s->queue ? s->queue : calloc(FRAMES, sizeof(*queue));
	char *trace = s->trace ? s->trace : calloc(64, 256);

	memset(s, 0, sizeof(*s));
	buffers_before = rte_mempool_avail_count(pool);
	s->queue = queue;
	s->trace = trace;
	s->listener = -1;
	s->peer_ts = s->peer_ws = s->peer_sack = options;
	s->active = active;
	s->aim = n->aim;
	s->out_max = active ? 32 : 1;
	s->wire_pool = wire_pool;
	s->conf = (struct spate_stack_conf){
		.name = "script",
		.socket_id = -1,
		.pool = pool,
		.max_conns = 64,
		.max_time_wait = 64,
		.mtu = 1500,
		.ip4 = rte_cpu_to_be_32(OUR_IP),
		.prefix = 16,
		.secret = "a secret of thirty-two bytes...",
		.ops = &script_ops,
		.app = s,
	};
	memcpy(s->conf.mac, script_our_mac, 6);
	s->conf.tx_large_max = large ? UINT16_MAX : 0;
	s->conf.tx_large_buffers = BUFFERS_LARGE;
	spate_tcp_defaults(&s->conf.tcp);
	/* Windows that can be reckoned in the head, and segments when they are written. */
	s->conf.tcp.congestion = SPATE_NEWRENO;
	s->conf.tcp.no_delay = true;
	s->conf.tcp.delayed_ack_ms = 0;
	s->conf.tcp.receive_buffer_max = 0;
	for (int i = 0; i < TUPLES; i++)
		s->tuple[i] = (struct tuple){
			.laddr = OUR_IP,
			.raddr = PEER_IP,
			.lport = OUR_PORT,
			.rport = PEER_PORT + i,
			.isn = n->isn + i * 0x01234567u,
			.ts_base = n->isn, /* the timestamp clock wraps where sequence numbers do */
		};
	s->t = &s->tuple[0];
}

/* The ISS of tuple 0 at time 0, which is the hash in RFC 6528's formula. */
static uint32_t
probe_hash(struct script *s)
{
	struct spate_addr local = script_addr(OUR_IP, OUR_PORT);
	struct spate_addr remote = script_addr(PEER_IP, PEER_PORT);
	struct spate_stack_conf conf = s->conf;
	struct spate_stack *stack;
	struct spate_conn_info info;
	spate_conn c;

	script_ip6(OUR_IP, conf.ip6);
	conf.prefix6 = 64;
	stack = spate_stack_create(&conf, 0);
	if (stack == NULL || spate_connect_from(stack, &local, &remote, &c) < 0 ||
		spate_conn_info(stack, c, &info) < 0)
		script_fail(s, "cannot find out the ISS");
	spate_stack_free(stack);
	return info.snd_una;
}

static void
count_open(void *ctx, const struct spate_conn_info *info)
{
	if (info->state != SPATE_TIME_WAIT && !(info->state == SPATE_SYN_RCVD && info->passive))
		(*(uint64_t *)ctx)++;
}

static void
check_sums(struct script *s)
{
	const uint64_t *v = spate_stack_counters(s->stack)->v;
	uint64_t open = 0;
	uint32_t cursor = 0;

	while (spate_conn_list(s->stack, &cursor, NULL, count_open, &open))
		;
	script_equal(s, "spate_stack_leaked", spate_stack_leaked(s->stack), 0);
	script_equal(s, "closed + reset + timed out + refused + open",
		v[SPATE_CLOSED_IN_ORDER] + v[SPATE_RESET] + v[SPATE_TIMED_OUT] + v[SPATE_REFUSED] +
			open,
		v[SPATE_OPENED]);
	script_equal(s, "calls of on_closed + open", s->n_closed + open, v[SPATE_OPENED]);
	script_equal(s, "connects and accepts", s->n_conns, v[SPATE_OPENED]);
	script_equal(s, "TIME_WAIT reused + recycled + reset + expired + current",
		v[SPATE_TW_REUSED] + v[SPATE_TW_RECYCLED] + v[SPATE_TW_RESET] +
			v[SPATE_TW_EXPIRED] + script_in_state(s, SPATE_TIME_WAIT),
		v[SPATE_TW_ENTERED]);
}

/* The script has said all it has to say: was it all, and does everything end? */
static void
finish(struct script *s)
{
	s->file = __FILE__;
	s->line = __LINE__;
	script_note(s, " end of script");
	script_silent(s);
	script_events(s, "");
	script_received(s, NULL, 0);
	check_sums(s);
	s->hook = NULL;
	script_now(s);
	spate_stack_abort_all(s->stack);
	check_sums(s);
	script_pump(s);
	s->head = s->tail;
	if (s->arp == ARP_MANUAL)
		s->arp = ARP_ON_DEMAND;
	script_advance(s, s->now + (2ull * s->conf.tcp.msl_ms + 1) * MS, false);
	s->head = s->tail;
	check_sums(s);
	for (int st = 0; st < SPATE_N_STATES; st++)
		if (st != SPATE_LISTEN)
			script_equal(s, spate_state_name(st), script_in_state(s, st), 0);
	spate_stack_free(s->stack);
	s->stack = NULL;
	script_equal(s, "buffers free", rte_mempool_avail_count(pool), buffers_before);
	script_equal(s, "the wire's buffers free", rte_mempool_avail_count(wire_pool), BUFFERS);
}

static void
run_family(const struct row_test *test)
{
	struct script *s = &script;
	uint32_t hash;

	defaults(s, &numbers[0], true, true, false);
	s->file = __FILE__;
	hash = probe_hash(s);
	for (uint32_t i = 0; i < RTE_DIM(numbers) * 4; i++) {
		const struct numbers *n = &numbers[i / 4];

		defaults(s, n, i & 1, i & 2, i & 4);
		s->now = 1234567 * MS;
		if (n->aim)
			s->now = (uint64_t)(n->aim - hash) << s->conf.tcp.isn_shift;
		script_note(s,
			" %s: the peer's ISN 0x%x, our ISS %s0x%x, %s options, ESTABLISH is %s, IPv%d%s",
			test->name, n->isn, n->aim ? "" : "not ", n->aim,
			s->peer_ts ? "with" : "without", s->active ? "active" : "passive",
			script_v6 ? 6 : 4, i & 4 ? ", large frames" : "");
		test->run(s);
		if (s->stack == NULL)
			script_fail(s, "a script without START");
		finish(s);
	}
}

static void
run(void **state)
{
	const struct row_test *test = *state;

	script_v6 = false;
	if (!test->v6_only)
		run_family(test);
	script_v6 = true;
	if (!test->v4_only)
		run_family(test);
	script_v6 = false;
}

/* After a failure the stack is still there. */
static int
teardown(void **state)
{
	(void)state;
	spate_stack_free(script.stack);
	script.stack = NULL;
	return 0;
}

static int
start_eal(const char *name)
{
	static char words[][32] = {"--no-huge", "--no-pci", "-m", "256", "--no-telemetry",
		"--log-level=error", "--lcores", "0", "--no-shconf", "--file-prefix=script-PID"};
	char *argv[RTE_DIM(words) + 1] = {(char *)(uintptr_t)name};

	snprintf(words[RTE_DIM(words) - 1], sizeof(words[0]), "--file-prefix=script-%d", getpid());
	for (size_t i = 0; i < RTE_DIM(words); i++)
		argv[i + 1] = words[i];
	if (eal_on_any_cpu(RTE_DIM(argv), argv) < 0)
		return -1;
	/* No per-core cache: what is not in use is in the pool, where it can be counted. */
	pool = rte_pktmbuf_pool_create("script", BUFFERS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, -1);
	wire_pool = rte_pktmbuf_pool_create("wire", BUFFERS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, -1);
	return pool && wire_pool ? 0 : -1;
}

/* "ROW name", a line for each row a test shows. */
static void
list(const struct row_test *tests, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (const char *row = tests[i].row; *row; row += strspn(row, " ")) {
			int len = strcspn(row, " ");

			printf("%.*s %s\n", len, row, tests[i].name);
			row += len;
		}
}

int
script_main(int argc, char **argv, const struct row_test *tests, size_t n)
{
	struct CMUnitTest *cm = calloc(n, sizeof(*cm));
	int failed;

	if (argc > 1 && strcmp(argv[1], "--list") == 0) {
		list(tests, n);
		free(cm);
		return 0;
	}
	if (cm == NULL || start_eal(argv[0]) < 0) {
		fprintf(stderr, "script: no EAL, or no memory\n");
		return 1;
	}
	for (size_t i = 0; i < sizeof(script_pattern); i++)
		script_pattern[i] = i * 7 + i / 251;
	for (size_t i = 0; i < n; i++)
		cm[i] = (struct CMUnitTest){.name = tests[i].name,
			.test_func = run,
			.teardown_func = teardown,
			.initial_state = (void *)(uintptr_t)&tests[i]};
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	failed = _cmocka_run_group_tests("script", cm, n, NULL, NULL);
	free(cm);
	free(script.queue);
	free(script.trace);
	rte_mempool_free(pool);
	rte_mempool_free(wire_pool);
	rte_eal_cleanup();
	return failed ? 1 : 0;
}
