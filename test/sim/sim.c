/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sim: seeds, one after the other, and what must be true at the end of each.
 *
 *	sim --seeds 1-2000         run them; a line for each that fails
 *	sim --seed 17 --trace      run one, and print every segment and event
 *	sim --seed 17 --pcapng F   and write every frame to F; a seed that fails has that done
 *	sim --seeds 1-9 --counters what happened in them, by the stacks' counters
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_byteorder.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "../eal.h"
#include "pcapng.h"
#include "sim.h"

#define MS          1000000ull
#define BUFFERS     16383
#define FEW_BUFFERS 63
#define PRELUDE     (10000 * MS) /* for ARP, before the connections begin */
#define START_MAX   (1ull << 50)
#define MAX_CONNS   2048

uint8_t sim_pattern[1 << 21];

static struct rte_mempool *pools[2]; /* many buffers, few */
static struct rte_mempool *cut_pool;
static struct sim sim;
static struct spate_counters totals; /* of all seeds and both sides */

/* Of slot 0, by secret and side: the hash in RFC 6528's formula, the offset of timestamps. */
static struct numbers {
	uint32_t iss, ts;
} numbers[2][SECRETS][2]; /* IPv4, IPv6 */

void
sim_trace(struct sim *s, const char *fmt, ...)
{
	va_list ap;

	if (!s->trace)
		return;
	printf("%12.4f ms  ", ((double)s->now - (double)s->began) / 1e6);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

void
sim_fail(struct sim *s, const char *fmt, ...)
{
	int n;
	va_list ap;

	if (s->failed)
		return;
	s->failed = true;
	n = snprintf(s->failure, sizeof(s->failure),
		"at %.4f ms: ", ((double)s->now - (double)s->began) / 1e6);
	va_start(ap, fmt);
	vsnprintf(s->failure + n, sizeof(s->failure) - n, fmt, ap);
	va_end(ap);
	sim_trace(s, "FAILED: %s", s->failure);
}

struct spate_addr
sim_addr(const struct sim *s, int side, uint16_t port)
{
	struct spate_addr a = {.family = AF_INET, .port = rte_cpu_to_be_16(port)};
	rte_be32_t net = rte_cpu_to_be_32(NET6), ip = rte_cpu_to_be_32(side ? B_IP : A_IP);

	if (!s->plan.v6) {
		a.ip4 = ip;
		return a;
	}
	a.family = AF_INET6;
	memcpy(a.ip6, &net, sizeof(net));
	memcpy(a.ip6 + 12, &ip, sizeof(ip));
	return a;
}

/* ---- where the clock starts */

static struct spate_stack *
create_stack(struct sim *s, int side, uint64_t now)
{
	struct spate_stack_conf conf = {
		.name = side ? "B" : "A",
		.socket_id = -1,
		.pool = s->wire.pool,
		.max_conns = MAX_CONNS,
		.max_time_wait = 64,
		.mac = {2, 0, 0, 0, 0, 1 + side},
		.mtu = 1500,
		.prefix = 16,
		.prefix6 = 96,
		.secret = "secrets of thirty-two bytes, ...",
		.tcp = s->plan.tcp[side],
		.ops = &app_ops,
		.app = &s->side[side],
		.tx_large_max = s->plan.large_max[side],
		.tx_large_buffers = s->plan.large_buffers[side],
	};
	uint32_t lent = RTE_MIN((size_t)s->plan.lent[side], sizeof(sim_pattern));
	struct spate_stack *stack;

	if (s->plan.v6)
		memcpy(conf.ip6, sim_addr(s, side, 0).ip6, sizeof(conf.ip6));
	else
		conf.ip4 = sim_addr(s, side, 0).ip4;
	conf.secret[31] = s->plan.secret * 2 + side;
	stack = spate_stack_create(&conf, now);
	if (stack == NULL) {
		fprintf(stderr, "sim: spate_stack_create: %s\n", rte_strerror(rte_errno));
		exit(1);
	}
	spate_lend(stack, sim_pattern, lent, (uintptr_t)sim_pattern);
	return stack;
}

/* What the hashes of slot 0 are: its ISS and TSval at time 0. */
static void
learn_numbers(bool v6, int secret, int side)
{
	struct spate_addr a, b;
	struct spate_stack *stack;
	struct spate_conn_info info;
	spate_conn c;

	memset(&sim, 0, sizeof(sim));
	sim.wire.pool = pools[0];
	sim.plan.secret = secret;
	sim.plan.v6 = v6;
	a = sim_addr(&sim, 0, A_PORT);
	b = sim_addr(&sim, 1, B_PORT);
	spate_tcp_defaults(&sim.plan.tcp[side]);
	stack = create_stack(&sim, side, 0);
	if (spate_connect_from(stack, side ? &b : &a, side ? &a : &b, &c) < 0 ||
		spate_conn_info(stack, c, &info) < 0)
		exit(1);
	numbers[v6][secret][side] = (struct numbers){info.snd_una, 0};
	spate_stack_free(stack);
}

/* The time at which slot 0 connects, for its numbers to be where the plan wants them. */
static uint64_t
start_time(const struct plan *p)
{
	struct rng r = rng_stream(p->seed, 4);
	const struct numbers *n = &numbers[p->v6][p->secret][p->start_side];
	uint32_t near = rng_log(&r, 1, 20000), shift = p->tcp[p->start_side].isn_shift;
	uint64_t t = rng_log(&r, PRELUDE, START_MAX);

	if (p->start == START_ISS_WRAP)
		t = (uint64_t)(-near - n->iss) << shift;
	else if (p->start == START_ISS_SIGN)
		t = (uint64_t)(0x80000000u - near - n->iss) << shift;
	else if (p->start == START_US_WRAP)
		t = (rng_range(&r, 1, 1000) << 32) * 1000 - near * MS;
	else if (p->start == START_UNIT_WRAP)
		t = (rng_range(&r, 1, 3) << 48) - near * MS;
	/* What the other side sends first it sends when our SYN has come. */
	if (p->start_side == 1 && t > p->link[0].delay_ns)
		t -= p->link[0].delay_ns;
	while (t < 2 * PRELUDE + p->slot[0].start_ns)
		t += 1ull << (32 + shift);
	return t - p->slot[0].start_ns;
}

/* ---- one seed */

static void
begin(struct sim *s, uint64_t seed, bool trace, struct pcapng *capture)
{
	struct spate_addr any = {.port = rte_cpu_to_be_16(B_PORT)};
	struct flow keep[SLOTS][2], spare[SLOTS];
	uint64_t start;

	/* The logs' memory goes on from seed to seed. */
	memcpy(keep, s->flow, sizeof(keep));
	memcpy(spare, s->spare, sizeof(spare));
	memset(s, 0, sizeof(*s));
	for (int i = 0; i < SLOTS; i++) {
		s->spare[i].log = spare[i].log;
		s->spare[i].max_log = spare[i].max_log;
	}
	for (int i = 0; i < SLOTS * 2; i++) {
		s->flow[i / 2][i % 2].log = keep[i / 2][i % 2].log;
		s->flow[i / 2][i % 2].max_log = keep[i / 2][i % 2].max_log;
	}
	plan_make(&s->plan, seed);
	s->trace = trace;
	s->capture = capture;
	if (trace)
		plan_print(&s->plan);
	s->rng = rng_stream(seed, 2);
	start = start_time(&s->plan);
	s->began = start;
	s->now = s->plan.announce ? start - PRELUDE : start;
	s->cut_pool = cut_pool;
	wire_init(&s->wire, s->plan.link, rng_stream(seed, 3), pools[s->plan.few_buffers]);
	s->nobody.sim = s;
	for (int side = 0; side < 2; side++) {
		s->side[side].sim = s;
		s->side[side].stack = create_stack(s, side, s->now);
	}
	for (int side = 0; side < 2 && s->plan.announce; side++) {
		struct spate_addr other = sim_addr(s, !side, 0);

		spate_announce(s->side[side].stack);
		spate_resolve(s->side[side].stack, &other);
		loop_pump(s, side, CAUSE_APP);
	}
	any.family = s->plan.v6 ? AF_INET6 : AF_INET;
	if (spate_listen(s->side[1].stack, &any, s->plan.backlog, SPATE_LISTEN_REUSE_ADDRESS, 0) <
		0)
		sim_fail(s, "listen");
	s->app_next = NEVER;
	loop_until(s, start);
	app_begin(s);
}

static void
check_sums(struct sim *s, int side)
{
	const struct side *d = &s->side[side];
	const uint64_t *v = spate_stack_counters(d->stack)->v;
	static const enum spate_counter ends[4] = {
		SPATE_CLOSED_IN_ORDER, SPATE_RESET, SPATE_TIMED_OUT, SPATE_REFUSED};
	uint64_t sum = 0;

	if (spate_stack_leaked(d->stack))
		sim_fail(s, "%c: %ld leaked", 'A' + side, spate_stack_leaked(d->stack));
	for (int i = 0; i < 4; i++) {
		sum += v[ends[i]];
		if (v[ends[i]] != d->closed[i])
			sim_fail(s, "%c: %s is %lu, on_closed said so %u times", 'A' + side,
				spate_counter_info[ends[i]].name, v[ends[i]], d->closed[i]);
	}
	if (v[SPATE_OPENED] != sum || v[SPATE_OPENED] != d->opened)
		sim_fail(s, "%c: %lu opened, %lu ended; connects and accepts %u", 'A' + side,
			v[SPATE_OPENED], sum, d->opened);
	sum = v[SPATE_TW_REUSED] + v[SPATE_TW_RECYCLED] + v[SPATE_TW_RESET] + v[SPATE_TW_EXPIRED];
	if (v[SPATE_TW_ENTERED] != sum)
		sim_fail(s, "%c: TIME_WAIT entered %lu times, left %lu times", 'A' + side,
			v[SPATE_TW_ENTERED], sum);
	for (int i = 0; i < SLOTS; i++)
		if (d->tw[i])
			sim_fail(s, "%c: a TIME_WAIT of slot %d has gone unnoticed", 'A' + side, i);
	if (v[SPATE_DROP_TX_FULL] || (v[SPATE_DROP_NO_MBUF] && !s->plan.few_buffers))
		sim_fail(s, "%c: frames dropped for lack of room", 'A' + side);
}

static void
check_bytes(struct sim *s)
{
	uint64_t got[2] = {0};

	for (int slot = 0; slot < SLOTS; slot++)
		for (int i = 0; i < INCARNATIONS * 2; i++)
			got[i % 2] += s->end[slot][i / 2][i % 2].got;
	for (int side = 0; side < 2; side++)
		if (counted(s, side, SPATE_RX_BYTES) != got[side])
			sim_fail(s, "%c: rx_bytes is %lu, the application got %lu", 'A' + side,
				counted(s, side, SPATE_RX_BYTES), got[side]);
}

#define NEIGHBOUR_WAIT 10000000000ull /* ns: longer than anybody is asked for */

/* True when the seed passed. `file`: where to write its frames, or NULL. */
static bool
run_seed(uint64_t seed, bool trace, const char *file)
{
	struct sim *s = &sim;
	struct pcapng *capture = file ? pcapng_open(file) : NULL;

	begin(s, seed, trace, capture);
	loop_until(s, NEVER);
	if (!s->failed && !s->plan.quit) {
		verdict_check(s);
		check_sums(s, 0);
		check_sums(s, 1);
		check_bytes(s);
	}
	/* A SYN may still wait for a neighbour's answer, in vain, when its connection is closed. */
	if (!s->failed && !s->plan.quit &&
		!(rte_mempool_full(pools[0]) && rte_mempool_full(pools[1])))
		loop_until(s, s->now + NEIGHBOUR_WAIT);
	/* Where all is over, nothing is held for anybody. */
	for (int i = 0; i < 2 && !s->plan.quit; i++)
		if (!rte_mempool_full(pools[i]))
			sim_fail(s, "all is over, and %u buffers are in use",
				rte_mempool_in_use_count(pools[i]));
	sim_trace(s, "%lu events, %lu frames lost, %lu damaged", s->events, s->wire.lost,
		s->wire.corrupted);
	for (int side = 0; side < 2; side++)
		spate_counters_add(&totals, spate_stack_counters(s->side[side].stack));
	spate_stack_free(s->side[0].stack);
	spate_stack_free(s->side[1].stack);
	wire_free(&s->wire);
	for (int i = 0; i < 2; i++)
		if (!rte_mempool_full(pools[i]))
			sim_fail(s, "%u buffers have not come back",
				rte_mempool_in_use_count(pools[i]));
	if (!rte_mempool_full(cut_pool))
		sim_fail(s, "%u of the cards' buffers have not come back",
			rte_mempool_in_use_count(cut_pool));
	pcapng_close(capture);
	if (s->failed && file == NULL)
		printf("seed %lu failed %s (again: sim --seed %lu --trace)\n", seed, s->failure,
			seed);
	return !s->failed;
}

/* ---- main */

/* A seed that has failed is run once more, alone, and its frames are kept. */
static bool
run_and_keep(uint64_t seed, bool trace, const char *file)
{
	char name[64];

	if (file || run_seed(seed, trace, NULL))
		return file ? run_seed(seed, trace, file) : true;
	snprintf(name, sizeof(name), "sim-%lu.pcapng", seed);
	run_seed(seed, false, name);
	printf("seed %lu: its frames are in %s\n", seed, name);
	return false;
}

static int
start_eal(const char *name)
{
	static char words[][32] = {"--no-huge", "--no-pci", "-m", "256", "--no-telemetry",
		"--log-level=error", "--lcores", "0", "--no-shconf", "--file-prefix=sim-PID"};
	char *argv[RTE_DIM(words) + 1] = {(char *)(uintptr_t)name};

	snprintf(words[RTE_DIM(words) - 1], sizeof(words[0]), "--file-prefix=sim-%d", getpid());
	for (size_t i = 0; i < RTE_DIM(words); i++)
		argv[i + 1] = words[i];
	if (eal_on_any_cpu(RTE_DIM(argv), argv) < 0)
		return -1;
	/* No per-core cache: what is not in use is in the pool, where it can be counted. */
	pools[0] = rte_pktmbuf_pool_create("many", BUFFERS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, -1);
	pools[1] = rte_pktmbuf_pool_create("few", FEW_BUFFERS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, -1);
	cut_pool = rte_pktmbuf_pool_create("cut", BUFFERS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, -1);
	return pools[0] && pools[1] && cut_pool ? 0 : -1;
}

static int
usage(void)
{
	fprintf(stderr, "usage: sim --seeds FIRST-LAST | --seed N [--trace] [--counters] [--pcapng "
			"FILE]\n");
	return 2;
}

int
main(int argc, char **argv)
{
	uint64_t first = 0, last = 0, passed = 0, failed = 0;
	struct rng r = rng_stream(0, 0);
	bool trace = false, counters = false;
	const char *file = NULL;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--trace") == 0)
			trace = true;
		else if (strcmp(argv[i], "--counters") == 0)
			counters = true;
		else if (strcmp(argv[i], "--pcapng") == 0 && i + 1 < argc)
			file = argv[++i];
		else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
			first = last = strtoull(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--seeds") == 0 && i + 1 < argc &&
			 sscanf(argv[i + 1], "%lu-%lu", &first, &last) == 2)
			i++;
		else
			return usage();
	}
	if (first == 0 || last < first || (file && first != last))
		return usage();
	setvbuf(stdout, NULL, _IOLBF, 0); /* what has failed is known although it is stopped */
	if (start_eal(argv[0]) < 0) {
		fprintf(stderr, "sim: no EAL, or no memory\n");
		return 1;
	}
	for (size_t i = 0; i < sizeof(sim_pattern); i++)
		sim_pattern[i] = rng_next(&r);
	for (int i = 0; i < SECRETS * 4; i++)
		learn_numbers(i & 1, i / 4, i / 2 % 2);
	for (uint64_t seed = first; seed <= last; seed++)
		run_and_keep(seed, trace, file) ? passed++ : failed++;
	for (int i = 0; i < SPATE_N_COUNTERS && counters; i++)
		printf("%12lu %s\n", totals.v[i], spate_counter_info[i].name);
	printf("%lu passed, %lu failed\n", passed, failed);
	for (int i = 0; i < SLOTS * 2; i++)
		free(sim.flow[i / 2][i % 2].log);
	for (int i = 0; i < SLOTS; i++)
		free(sim.spare[i].log);
	rte_mempool_free(pools[0]);
	rte_mempool_free(pools[1]);
	rte_mempool_free(cut_pool);
	rte_eal_cleanup();
	return failed ? 1 : 0;
}
