/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One seed: a stack is made with knobs nobody would choose, lives through its steps, and
 * ends; then every connection, record and buffer must be where it was.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <rte_mempool.h>

#include "fuzz.h"

#define STEPS     2000
#define DAY       (24ull * 3600 * 1000 * MS)
#define LIFE_MAX  (20 * DAY) /* the clock's end is near for some */
#define DRAIN_MAX 256

/* ---- knobs */

static void
tcp_knobs(struct fuzz *f)
{
	struct spate_tcp_conf *t = &f->conf.tcp;

	spate_tcp_defaults(t);
	t->msl_ms = PICK(f, 1, 100, 30000, 30000, 120000);
	t->initial_rto_ms = PICK(f, 1, 100, 1000, 1000);
	t->min_rto_ms = PICK(f, 1, 200, 200, 1000);
	t->max_rto_ms = PICK(f, 1000, 60000, 120000);
	t->congestion = PICK(f, SPATE_CUBIC, SPATE_NEWRENO);
	t->delayed_ack_ms = PICK(f, 0, 1, 40, 40, 500);
	t->receive_buffer_max = PICK(f, 0, 1 << 20, 8 << 20);
	t->no_delay = chance(f, 50);
	t->syn_retries = PICK(f, 0, 1, 6, 6, 15);
	t->synack_retries = PICK(f, 0, 1, 5, 5, 15);
	/* More doublings than bits: hours, all the same, where the first is short. */
	if (t->initial_rto_ms == 1 && chance(f, 50))
		t->syn_retries = t->synack_retries = 70;
	t->data_retries = PICK(f, 0, 3, 15, 15);
	t->orphan_retries = PICK(f, 0, 1, 8, 8);
	if (chance(f, 20))
		spate_tcp_preset(t, "bsd");
	t->fin_wait_2_ms = PICK(f, 1, 1000, 60000);
	t->challenge_ack_ms = PICK(f, 0, 1, 500, 500);
	t->receive_buffer = PICK(f, 1, 2, 100, 4096, 65535, 65536, 65537, 262144, 262144, 1u << 30);
	t->mss = PICK(f, 0, 0, 0, 1, 48, 100, 536, 9000);
	t->initial_window = PICK(f, 1, 2, 10, 10, 255);
	t->reuse = below(f, 3);
	t->isn_shift = PICK(f, 6, 6, 12, 0);
	t->timestamps = chance(f, 60);
	t->window_scale = chance(f, 60);
	t->sack = chance(f, 80);
	t->tolerate_missing_ts = chance(f, 50);
	t->honour_rst_in_time_wait = chance(f, 50);
	t->sequential_ports = chance(f, 50);
	t->syn_cookies = chance(f, 50);
	t->time_wait = !chance(f, 10);
	t->quiet_time_ms = chance(f, 5) ? PICK(f, 1, 1000, 30000) : 0;
	t->ecn = chance(f, 40);
	t->black_hole_timeouts = PICK(f, 3, 3, 1, 0);
	t->user_timeout_ms = chance(f, 30) ? PICK(f, 1, 100, 10000, 300000, 86400000) : 0;
	t->user_timeout_option = chance(f, 30);
	t->keepalive = chance(f, 20);
	t->keepalive_idle_ms = PICK(f, 1, 1000, 7200000);
	t->keepalive_interval_ms = PICK(f, 1, 1000, 75000);
	t->keepalive_count = PICK(f, 1, 9, 255);
}

static void
knobs(struct fuzz *f)
{
	static const uint64_t begin[] = {0, 1, 1ull << 32, (1ull << 42) - 1000 * MS,
		(1ull << 48) - 1000 * MS, (1ull << 51) - 1};

	f->conf = (struct spate_stack_conf){
		.name = "fuzz",
		.socket_id = -1,
		.pool = f->tx_pool,
		.max_conns = PICK(f, 1, 8, 16, 32, CONNS_MAX),
		.max_time_wait = PICK(f, 1, 4, 8, 16, TIME_WAIT_MAX),
		.mtu = PICK(f, 1500, 1500, 576),
		.vlan = PICK(f, 0, 0, 0, 1, 100, 4094),
		.ip4 = rte_cpu_to_be_32(OUR_IP),
		.prefix = PICK(f, 16, 24, 24, 0, 31, 32),
		.gateway = chance(f, 50) ? rte_cpu_to_be_32(GATEWAY_IP) : 0,
		.ops = &app_ops,
		.app = f,
	};
	f->six = chance(f, 50) ? PICK(f, 10, 50, 90, 100) : 0;
	if (f->six) {
		six_address(OUR_IP, f->conf.ip6);
		f->conf.mtu = PICK(f, 1500, 1500, 1280);
		f->conf.prefix6 = PICK(f, 112, 120, 64, 0, 127, 128);
		if (f->conf.gateway)
			six_address(GATEWAY_IP, f->conf.gateway6);
	}
	f->conf.tx_checksum_offload = chance(f, 15);
	memcpy(f->conf.mac, our_mac, 6);
	for (size_t i = 0; i < sizeof(f->conf.secret); i++)
		f->conf.secret[i] = fuzz_random(f);
	tcp_knobs(f);
	f->now = begin[below(f, RTE_DIM(begin))] + below(f, 1000) * MS;
	f->hostile = PICK(f, 2, 5, 10, 30, 60);
	f->meddle = PICK(f, 0, 5, 20, 50);
	f->arp = PICK(f, 0, 50, 100, 100, 100);
	f->drain = PICK(f, 5, 50, 90, 100);
	f->flood = chance(f, 3) ? 50 : 0;
	f->scatters = chance(f, 50) ? PICK(f, 5, 20, 80) : 0;
	if (chance(f, 50)) {
		f->conf.tx_large_max = PICK(f, UINT16_MAX, UINT16_MAX, 3000, 1);
		f->conf.tx_large_buffers = PICK(f, 40, 40, 3, 2, 1, 0);
	}
}

/* Which tuples are "ours", where several queues share an address. */
static bool
mine(const void *ctx, const struct spate_tuple *t)
{
	(void)ctx;
	return (t->local.port ^ t->remote.port) & 1;
}

/* An allocator that has `left` tables to give and knows how many are out. */
struct scarce {
	uint32_t left, out;
};

static void *
scarce_alloc(void *ctx, size_t bytes, bool sparse)
{
	struct scarce *s = ctx;
	void *p = s->left ? aligned_alloc(64, (bytes + 63) & ~(size_t)63) : NULL;

	(void)sparse;
	if (p == NULL)
		return NULL;
	s->left--;
	s->out++;
	return memset(p, 0, bytes);
}

static void
scarce_free(void *ctx, void *mem, size_t bytes)
{
	(void)bytes;
	((struct scarce *)ctx)->out--;
	free(mem);
}

/* A stack for which there is no memory, however much of it was there already. */
static void
begin_in_vain(struct fuzz *f)
{
	struct spate_stack_conf conf = f->conf;
	struct scarce s = {.left = below(f, 5)};

	conf.alloc = scarce_alloc;
	conf.free = scarce_free;
	conf.alloc_ctx = &s;
	if (spate_stack_create(&conf, f->now) || s.out)
		fuzz_fail(f, "a stack without memory, %u tables left behind", s.out);
	s.left = 99;
	conf.vlan = 4095;
	if (spate_stack_create(&conf, f->now))
		fuzz_fail(f, "a stack in VLAN 4095");
	conf.vlan = 0;
	conf.mtu = 1279;
	if (f->six && spate_stack_create(&conf, f->now))
		fuzz_fail(f, "a stack with an MTU of 1279");
}

static void
begin(struct fuzz *f)
{
	struct spate_addr first, last, beyond;

	knobs(f);
	begin_in_vain(f);
	f->stack = spate_stack_create(&f->conf, f->now);
	if (f->stack == NULL) {
		fuzz_fail(f, "no stack");
		return;
	}
	for (int i = 0; i < LISTENERS_MAX; i++)
		f->listener[i] = -1;
	for (int v6 = 0; v6 <= (f->six > 0); v6++) {
		first = six_addr(v6, OUR_IP, 0);
		last = six_addr(v6, OUR_IP + OURS - 1, 0);
		if (spate_add_addresses(f->stack, &first, &last) < 0)
			fuzz_fail(f, "no addresses");
	}
	f->source6 = chance(f, f->six);
	first = six_addr(f->source6, OUR_IP, 0);
	last = six_addr(f->source6, OUR_IP + OURS - 1, 0);
	beyond = six_addr(f->source6, OUR_IP + OURS, 0);
	if (spate_source_init(
		    f->stack, &f->source, &first, &last, LOCAL_PORT, LOCAL_PORT + PORTS - 1) < 0)
		fuzz_fail(f, "no source");
	if (spate_source_init(f->stack, &f->source, &first, &beyond, LOCAL_PORT, LOCAL_PORT) !=
		-EINVAL)
		fuzz_fail(f, "a source of addresses that are not ours");
	if (chance(f, 20))
		spate_source_filter(&f->source, mine, NULL);
	if (f->huge && chance(f, 50))
		spate_lend(f->stack, f->huge, FUZZ_HUGE, (uintptr_t)f->huge);
	for (int i = 0; i < 3; i++)
		app_listen(f);
}

/* ---- frames out */

static uint32_t
drain(struct fuzz *f, uint32_t max)
{
	struct rte_mbuf *m[DRAIN_MAX + 1] = {NULL};
	uint16_t n = spate_stack_output(f->stack, m, max, f->now);

	if (n > max)
		fuzz_fail(f, "%u frames out, %u asked for", n, max);
	for (uint32_t i = 0; i < n; i++)
		port_take(f, m[i]);
	return n;
}

static uint32_t
drain_all(struct fuzz *f)
{
	uint32_t total = 0;

	/* What waits for a neighbour does not come out, and more may be behind it. */
	for (uint32_t rounds = 0; !f->failed; rounds++) {
		uint32_t n = drain(f, DRAIN_MAX);

		total += n;
		if (n == 0 && !check_ready(f))
			break;
		if (rounds > 100000)
			fuzz_fail(f, "output without end");
	}
	return total;
}

/* ---- frames in */

static void
input(struct fuzz *f, struct frame *frames, uint32_t n)
{
	struct rte_mbuf *m[BURST_MAX];
	char text[512];

	for (uint32_t i = 0; i < n; i++) {
		if (f->trace) {
			output_describe(&frames[i], text, sizeof(text));
			fuzz_trace(f, "in    %s", text);
		}
		m[i] = port_mbuf(f, &frames[i]);
		f->in[f->n_in++ % HISTORY] = frames[i];
	}
	spate_stack_input(f->stack, m, n, f->now);
}

/* A frame of any kind that is not a segment for `i`. */
static void
other_frame(struct fuzz *f, struct frame *fr)
{
	uint32_t what = below(f, 10);

	if (what < 2)
		frame_arp(f, fr);
	else if (what < 4)
		frame_icmp(f, fr);
	else if (what < 5)
		chance(f, 50) ? frame_junk(f, fr) : frame_udp(f, fr);
	else if (what < 7)
		frame_reflect(f, fr);
	else if (f->n_in)
		*fr = f->in[below(f, RTE_MIN(f->n_in, HISTORY))];
	else
		frame_junk(f, fr);
}

/* For anybody or for one connection, one after the other or the same again and again. */
static void
inject(struct fuzz *f)
{
	static struct frame frames[BURST_MAX];
	uint32_t n = PICK(f, 1, 1, 2, 4, 8, 16, 64, 1 + below(f, BURST_MAX));
	bool one = chance(f, 50);
	uint32_t storm = chance(f, 5) ? PICK(f, RST, SYN, FIN | ACK, RST | ACK, ACK) : 0;
	const struct spate_conn_info *target = chance(f, 75) ? aim_pick(f) : NULL;
	bool flood = f->flood && chance(f, 30);
	struct aim a;

	f->flood -= flood;
	n = flood ? BURST_MAX : n;
	aim_at(f, &a, target);
	for (uint32_t i = 0; i < n; i++) {
		if (flood) {
			frame_arp_flood(f, &frames[i]);
			continue;
		}
		if (chance(f, 12)) {
			other_frame(f, &frames[i]);
			continue;
		}
		if (one && i > 0 && chance(f, 60)) {
			aim_next(f, &a);
		} else if (i > 0) {
			if (!one)
				target = chance(f, 75) ? aim_pick(f) : NULL;
			aim_at(f, &a, target);
		}
		if (storm)
			a.flags = storm;
		while (chance(f, f->hostile))
			aim_bend(f, &a, target);
		frame_tcp(f, &frames[i], &a);
		if (chance(f, f->hostile / 2))
			frame_lie(f, &frames[i]);
	}
	input(f, frames, n);
}

/*
 * Has the connection that `a` turns out to be for something of its own to send? Any that it may
 * be for: a peer's link-local address has the number of its global one.
 */
static bool
has_to_send(const struct fuzz *f, const struct aim *a)
{
	for (uint32_t i = 0; i < f->n_snap; i++) {
		const struct spate_conn_info *c = &f->snap[i];

		if ((c->remote.family == AF_INET6) == a->v6 && six_number(&c->remote) == a->raddr &&
			six_number(&c->local) == a->laddr &&
			c->remote.port == rte_cpu_to_be_16(a->rport) &&
			c->local.port == rte_cpu_to_be_16(a->lport) &&
			c->state >= SPATE_ESTABLISHED && c->unsent + c->unacked)
			return true;
	}
	return false;
}

/* Is `fr` a RST? Only what frame_tcp() makes is asked about. */
static bool
is_rst(const struct fuzz *f, struct frame *fr)
{
	const uint8_t *ip = fr->b + (f->conf.vlan ? 18 : 14);

	if (six_of(fr))
		return six_is_rst(fr);
	return ip[9] == 6 && (ip[(ip[0] & 0xf) * 4 + 13] & RST);
}

/*
 * One segment while nothing else is going on: the answer is one frame at most where the
 * connection has nothing of its own to send, and none to a RST is a RST.
 */
static void
inject_alone(struct fuzz *f)
{
	const struct spate_conn_info *i = NULL;
	struct frame fr;
	struct aim a;
	uint32_t n, before;

	f->calm = true;
	drain_all(f);
	check(f);
	if (chance(f, 80))
		i = aim_pick(f);
	aim_at(f, &a, i);
	while (chance(f, f->hostile))
		aim_bend(f, &a, i);
	frame_tcp(f, &fr, &a);
	before = f->n_out;
	input(f, &fr, 1);
	n = drain_all(f);
	if (n > 1 && !has_to_send(f, &a))
		fuzz_fail(f, "%u frames in answer to one", n);
	for (; is_rst(f, &fr) && before < f->n_out; before++)
		if (is_rst(f, &f->out[before % HISTORY]))
			fuzz_fail(f, "a RST answered by a RST");
	f->calm = false;
}

static void
answer_arp(struct fuzz *f)
{
	static struct frame frames[2 * RTE_DIM(((struct fuzz *)0)->asked)];
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->n_asked; i++)
		if (chance(f, f->arp))
			frame_arp_answer(f, &frames[n++], f->asked[i]);
	for (uint32_t i = 0; i < f->n_asked6; i++)
		if (chance(f, f->arp))
			frame_nd_answer(f, &frames[n++], f->asked6[i]);
	f->n_asked = f->n_asked6 = 0;
	if (n)
		input(f, frames, n);
}

/* ---- time */

/* Run the timers; up to the moment before the deadline this returns, none may run again. */
static void
advance(struct fuzz *f, uint64_t until)
{
	struct spate_counters before;
	uint64_t next = spate_stack_tick(f->stack, f->now);

	if (next <= f->now)
		fuzz_fail(f, "tick at %lu returned %lu", f->now, next);
	if (next > f->now + 1 && f->now < until && chance(f, 30)) {
		before = *spate_stack_counters(f->stack);
		f->now = RTE_MIN(next - 1, until);
		spate_stack_tick(f->stack, f->now);
		for (int i = 0; i < SPATE_N_COUNTERS; i++)
			if (before.v[i] != spate_stack_counters(f->stack)->v[i])
				fuzz_fail(f, "%s before the deadline tick returned",
					spate_counter_info[i].name);
	}
	f->now = until;
	fuzz_trace(f, "now   %lu ns", f->now);
	if (chance(f, 70))
		spate_stack_tick(f->stack, f->now);
}

static void
pass_time(struct fuzz *f, uint64_t end)
{
	uint64_t d = MS * PICK(f, 0, 1, 1, 10, 200, 200, 1000, 3000, 60000);

	if (chance(f, 2))
		d = MS * PICK(f, 3600000, 40000000, 100000000);
	if (chance(f, 50))
		d += below(f, MS);
	if (f->now + d < end)
		advance(f, f->now + d);
}

/* ---- life */

static void
step(struct fuzz *f, uint64_t end)
{
	uint32_t what = below(f, 100);

	fuzz_trace(f, "step  %u", f->step);
	answer_arp(f);
	if (what < 50)
		inject(f);
	else if (what < 60)
		inject_alone(f);
	else if (what < 75)
		pass_time(f, end);
	else if (what < 95)
		app_act(f, SPATE_CONN_NONE);
	else
		drain_all(f);
	check(f); /* what is owed, before it is paid */
	if (chance(f, f->drain))
		drain(f, PICK(f, 0, 1, 2, 8, 64, DRAIN_MAX));
	check(f);
}

/* The application lets go in one of three ways; time does the rest, without a word from outside. */
static void
finish(struct fuzz *f)
{
	uint32_t how = below(f, 3);
	uint64_t end = f->now + 2 * DAY;

	f->calm = true;
	spate_stack_now(f->stack, f->now);
	for (uint32_t c = 0; c < CONNS_MAX; c++)
		f->conn[c].closing |= f->conn[c].open;
	if (how == 0)
		spate_stack_abort_all(f->stack);
	else if (how == 1)
		spate_stack_close_all(f->stack);
	for (uint32_t c = 0; how == 2 && c < CONNS_MAX; c++)
		if (f->conn[c].open)
			spate_close(f->stack, c);
	for (uint32_t i = 0; i < LISTENERS_MAX; i++)
		if (f->listener[i] >= 0)
			spate_unlisten(f->stack, f->listener[i]);
	do {
		uint64_t next = spate_stack_tick(f->stack, f->now);

		drain_all(f);
		f->n_asked = f->n_asked6 = 0;
		check(f);
		if (next <= f->now)
			fuzz_fail(f, "tick at %lu returned %lu", f->now, next);
		f->now = RTE_MIN(next, end);
	} while (!f->failed && f->n_snap > 0 && f->now < end);
	check_end(f);
}

void
fuzz_life(struct fuzz *f)
{
	uint32_t before = rte_mempool_avail_count(f->tx_pool);
	uint32_t rx_before = rte_mempool_avail_count(f->rx_pool);
	uint64_t end;

	begin(f);
	if (f->stack == NULL)
		return;
	end = f->now + LIFE_MAX;
	for (f->step = 0; f->step < STEPS && !f->failed; f->step++)
		step(f, end);
	/* Or in the middle of it all. */
	if (!f->failed && !chance(f, 10))
		finish(f);
	spate_stack_free(f->stack);
	app_forget(f);
	if (!f->failed && (rte_mempool_avail_count(f->tx_pool) != before ||
				  rte_mempool_avail_count(f->rx_pool) != rx_before ||
				  !rte_mempool_full(f->cut_pool) || f->held))
		fuzz_fail(f, "buffers are missing");
}
