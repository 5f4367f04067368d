/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "plan.h"

#define US 1000ull
#define MS 1000000ull
#define S  1000000000ull

/* ---- the wire */

static void
link_plan(struct rng *r, struct wire_link *l, bool clean, bool fifo)
{
	l->delay_ns = rng_log(r, 100 * US, 200 * MS);
	if (rng_percent(r, 30))
		l->grid_ns = rng_log(r, 20 * US, 20 * MS);
	if (rng_percent(r, 20)) {
		l->rate = rng_log(r, 50000, 1000000000);
		l->queue = rng_log(r, 8000, 250000);
	}
	if (!fifo) {
		l->jitter_ns = rng_log(r, 10 * US, 300 * MS);
		l->jitter_ppm = rng_percent(r, 70) ? rng_log(r, 1000, 1000000) : 0;
	}
	if (rng_percent(r, 40))
		l->mark_ppm = rng_log(r, 1000, 300000);
	if (clean)
		return;
	if (rng_percent(r, 10))
		l->hole = rng_range(r, 1300, 1500); /* IPv6 needs 1280 and a header */
	if (rng_percent(r, 70))
		l->loss_ppm =
			rng_percent(r, 70) ? rng_log(r, 100, 100000) : rng_range(r, 0, 100000);
	if (rng_percent(r, 30)) {
		l->burst_ppm = rng_log(r, 100, 5000);
		l->burst_len = rng_range(r, 2, 12);
	}
	if (rng_percent(r, 50))
		l->dup_ppm = rng_log(r, 100, 40000);
	if (rng_percent(r, 50))
		l->corrupt_ppm = rng_log(r, 100, 15000);
}

static void
wire_plan(struct plan *p, struct rng *r)
{
	p->clean = rng_percent(r, 20);
	p->fifo = rng_percent(r, 40);
	for (int side = 0; side < 2; side++)
		link_plan(r, &p->link[side], p->clean, p->fifo);
	if (rng_percent(r, 40))
		p->link[1] = p->link[0];
	for (int side = 0; side < 2; side++)
		p->clean = p->clean && p->link[side].rate == 0;
	p->fifo = !wire_reorders(&p->link[0]) && !wire_reorders(&p->link[1]);
}

/* ---- the stacks */

static void
tcp_plan(struct plan *p, struct rng *r, struct spate_tcp_conf *c)
{
	uint64_t life = wire_lifetime(&p->link[0]) + wire_lifetime(&p->link[1]);

	spate_tcp_defaults(c);
	/* MSL is what it says: no frame lives longer (RFC 9293 3.4.2). */
	c->msl_ms = life / MS + 1 + rng_log(r, 100, 30000);
	c->initial_rto_ms = rng_percent(r, 70) ? 1000 : rng_log(r, 200, 3000);
	c->min_rto_ms = rng_percent(r, 60) ? 200 : rng_log(r, 10, 1000);
	if (c->min_rto_ms > c->initial_rto_ms)
		c->min_rto_ms = c->initial_rto_ms;
	c->max_rto_ms = rng_range(r, 8000, 60000);
	/* Nothing is given up: at these losses so many in a row do not happen. */
	c->syn_retries = c->synack_retries = 14;
	c->data_retries = c->orphan_retries = 60;
	c->fin_wait_2_ms = 3600000;
	c->congestion = rng_percent(r, 70) ? SPATE_CUBIC : SPATE_NEWRENO;
	c->delayed_ack_ms = rng_percent(r, 70) ? 40 : rng_range(r, 0, 200);
	c->no_delay = rng_percent(r, 50);
	c->receive_buffer_max = rng_percent(r, 50) ? 0 : rng_log(r, 1000, 4 << 20);
	c->receive_buffer = rng_percent(r, 40) ? 256 * 1024 : rng_log(r, 100, 1 << 20);
	c->initial_window = rng_range(r, 1, 10);
	c->timestamps = rng_percent(r, 70);
	c->window_scale = rng_percent(r, 70);
	c->mss = rng_percent(r, 50) ? 0 : rng_log(r, 48, 1460);
	c->isn_shift = rng_percent(r, 80) ? 6 : rng_range(r, 2, 12);
	c->reuse = rng_range(r, SPATE_REUSE_NO, SPATE_REUSE_ANY);
	c->keepalive = rng_percent(r, 20);
	c->keepalive_idle_ms = rng_log(r, 100, 60000);
	c->keepalive_interval_ms = rng_log(r, 1000, 10000);
	c->keepalive_count = 20;
	c->syn_cookies = rng_percent(r, 50);
	c->time_wait = !rng_percent(r, 5);
	c->ecn = rng_percent(r, 50);
	c->black_hole_timeouts = rng_percent(r, 40) ? 1 : 3;
	c->honour_rst_in_time_wait = rng_percent(r, 5);
	c->sack = rng_percent(r, 80);
}

/*
 * TIME_WAIT's promise is given up by these knobs: only on a wire that has nothing old in
 * it by then.
 */
static void
time_wait_plan(struct plan *p)
{
	for (int side = 0; side < 2 && !p->fifo; side++) {
		struct spate_tcp_conf *c = &p->tcp[side];

		c->reuse = c->reuse == SPATE_REUSE_ANY ? SPATE_REUSE_TS : c->reuse;
		c->time_wait = true;
		c->honour_rst_in_time_wait = false;
	}
}

/* ---- the connections */

/* So many bytes that a transfer is some hundreds of segments, or some hundreds of windows. */
static uint32_t
size_limit(const struct plan *p, int from)
{
	const struct spate_tcp_conf *c = p->tcp;
	uint32_t unit = 1460;

	for (int side = 0; side < 2; side++)
		if (c[side].mss && c[side].mss < unit)
			unit = c[side].mss;
	if (c[!from].receive_buffer < unit)
		unit = c[!from].receive_buffer;
	return unit * 400 < BYTES_MAX ? unit * 400 : BYTES_MAX;
}

static void
side_plan(const struct plan *p, struct rng *r, int side, struct side_plan *s)
{
	uint32_t from_peer = size_limit(p, !side);

	s->size = rng_percent(r, 20) ? 0 : rng_log(r, 1, size_limit(p, side));
	if (rng_percent(r, 30))
		s->size = rng_range(r, 0, size_limit(p, side));
	s->writer = rng_range(r, 0, WRITERS - 1);
	s->reader = rng_percent(r, 60) ? READ_ALL : rng_range(r, 0, READERS - 1);
	s->by_copy = rng_percent(r, 50) && !p->few_buffers;
	s->chunk = rng_percent(r, 40) ? BYTES_MAX : rng_log(r, 1 + s->size / 100, 1 + s->size);
	s->pause_ns = rng_log(r, 10 * US, 500 * MS);
	s->read_bytes = rng_log(r, 1 + from_peer / 100, 1 + from_peer);
	s->read_ns = rng_log(r, 50 * US, 2 * S);
}

static void
conn_plan(const struct plan *p, struct rng *r, struct conn_plan *c)
{
	for (int side = 0; side < 2; side++)
		side_plan(p, r, side, &c->side[side]);
	/* Two that will not read before they have been read never get anywhere. */
	if (c->side[0].reader == READ_LAST && c->side[1].reader == READ_LAST)
		c->side[1].reader = READ_LATER;
	c->ending = rng_range(r, 0, ENDINGS - 1);
	c->by = rng_range(r, 0, 1);
	c->leave_ns = rng_percent(r, 20) ? 0 : rng_log(r, 1 * US, 10 * S);
	c->leave_bytes = UINT32_MAX;
	if (rng_percent(r, 50))
		c->leave_bytes = rng_range(r, 0, c->side[!c->by].size);
	c->gap_ns = rng_percent(r, 50) ? 0 : rng_log(r, 1 * US, 2ull * p->tcp[0].msl_ms * MS);
}

static void
slot_plan(const struct plan *p, struct rng *r, struct slot_plan *s)
{
	s->both_connect = rng_percent(r, 10);
	s->start_ns = rng_percent(r, 50) ? 0 : rng_log(r, 1 * US, 2 * S);
	s->n = !s->both_connect && rng_percent(r, 40) ? rng_range(r, 2, INCARNATIONS) : 1;
	for (int i = 0; i < s->n; i++) {
		struct conn_plan *c = &s->conn[i];
		uint64_t life = wire_lifetime(&p->link[0]) + wire_lifetime(&p->link[1]);

		conn_plan(p, r, c);
		/* A reset leaves no TIME_WAIT: let the wire forget the old incarnation. */
		if (i > 0 && s->conn[i - 1].ending >= END_EARLY && !p->fifo)
			c->gap_ns += life;
	}
}

/* The cards between the stacks and the wire. */
static void
card_plan(struct plan *p, struct rng *r)
{
	for (int side = 0; side < 2; side++) {
		if (rng_percent(r, 40)) {
			p->large_max[side] =
				rng_percent(r, 50) ? UINT16_MAX : rng_log(r, 100, UINT16_MAX);
			p->large_buffers[side] = rng_percent(r, 50) ? 40 : rng_range(r, 2, 12);
			p->lent[side] = rng_percent(r, 40) ? UINT32_MAX : rng_log(r, 1, 1 << 21);
		}
		p->joins[side] = rng_percent(r, 40);
	}
}

void
plan_make(struct plan *p, uint64_t seed)
{
	struct rng r = rng_stream(seed, 1), family = rng_stream(seed, 5);
	struct rng cards = rng_stream(seed, 6);
	uint32_t dice;

	memset(p, 0, sizeof(*p));
	p->seed = seed;
	p->v6 = rng_percent(&family, 33);
	card_plan(p, &cards);
	wire_plan(p, &r);
	/* Every link of IPv6 takes 1280 bytes (RFC 8200 5). */
	for (int i = 0; i < 2 && p->v6; i++)
		if (p->link[i].hole && p->link[i].hole < 1280 + 14)
			p->link[i].hole = 1280 + 14;
	tcp_plan(p, &r, &p->tcp[0]);
	tcp_plan(p, &r, &p->tcp[1]);
	p->tcp[1].msl_ms = p->tcp[0].msl_ms;
	time_wait_plan(p);
	p->announce = rng_percent(&r, 80);
	p->few_buffers = rng_percent(&r, 5);
	p->quit = rng_percent(&r, 3);
	p->quit_events = rng_log(&r, 1, 5000);
	p->output_max = rng_percent(&r, 70) ? 64 : rng_range(&r, 1, 8);
	p->secret = rng_range(&r, 0, SECRETS - 1);
	p->start = rng_range(&r, 0, STARTS - 1);
	p->start_side = rng_range(&r, 0, 1);
	dice = rng_range(&r, 0, 99);
	p->n_slots = dice < 40 ? 1 : dice < 80 ? rng_range(&r, 2, 6) : rng_range(&r, 7, SLOTS);
	/* Their SYNs are sent again together: room for enough of them that each gets its turn. */
	p->backlog = rng_percent(&r, p->clean ? 60 : 20) ? rng_range(&r, 1, 4) + p->n_slots / 3 : 0;
	/*
	 * A cookie is worth the one ACK that answers it: when that is lost or overtaken the
	 * client's next segment draws a RST, and when it comes again, an end.
	 */
	if (p->backlog)
		p->tcp[1].syn_cookies = p->clean && p->fifo;
	for (int i = 0; i < p->n_slots; i++)
		slot_plan(p, &r, &p->slot[i]);
}

/* ---- in words */

static void
print_link(const struct wire_link *l)
{
	printf("delay %.3f ms", l->delay_ns / 1e6);
	if (l->jitter_ns)
		printf(", up to %.3f ms more for %.2f %%", l->jitter_ns / 1e6, l->jitter_ppm / 1e4);
	if (l->grid_ns)
		printf(", every %.3f ms", l->grid_ns / 1e6);
	if (l->rate)
		printf(", %lu bytes/s, queue %u", l->rate, l->queue);
	if (l->hole)
		printf(", lost beyond %u bytes", l->hole);
	if (l->mark_ppm)
		printf(", marked %.2f %%", l->mark_ppm / 1e4);
	printf(", loss %.2f %%, bursts %.2f %% of %u, twice %.2f %%, damaged %.2f %%\n",
		l->loss_ppm / 1e4, l->burst_ppm / 1e4, l->burst_len, l->dup_ppm / 1e4,
		l->corrupt_ppm / 1e4);
}

static void
print_conn(int slot, int i, const struct slot_plan *s)
{
	static const char *const ending[] = {"close", "close by both", "half-close",
		"half-close by both", "early close", "abort"};
	static const char *const writer[] = {"at once", "on sent", "by timer"};
	static const char *const reader[] = {"all", "some", "later", "last"};
	const struct conn_plan *c = &s->conn[i];

	printf("conn %d.%d%s at +%.3f ms: %s by %c (after %.3f ms or %d bytes)\n", slot, i,
		s->both_connect ? " (both connect)" : "", (i ? c->gap_ns : s->start_ns) / 1e6,
		ending[c->ending], 'A' + c->by, c->leave_ns / 1e6, (int)c->leave_bytes);
	for (int side = 0; side < 2; side++) {
		const struct side_plan *e = &c->side[side];

		printf("    %c sends %u %s by %s, chunks to %u, each %.3f ms; reads %s, %u each "
		       "%.3f ms\n",
			'A' + side, e->size, writer[e->writer], e->by_copy ? "copy" : "reference",
			e->chunk, e->pause_ns / 1e6, reader[e->reader], e->read_bytes,
			e->read_ns / 1e6);
	}
}

void
plan_print(const struct plan *p)
{
	static const char *const start[] = {"", "ISS near 2^32", "ISS near 2^31",
		"timestamps near 2^32", "microseconds near 2^32", "TIME_WAIT units near 2^32"};

	for (int side = 0; side < 2; side++) {
		const struct spate_tcp_conf *c = &p->tcp[side];

		printf("%c to %c: ", 'A' + side, 'B' - side);
		print_link(&p->link[side]);
		printf("%c: MSS %u, receive buffer %u, timestamps %d, window scale %d, RTO %u min "
		       "%u max %u, "
		       "IW %u, 2MSL %u ms, reuse %u, ISN tick 2^%u ns%s%s%s%s%s%s\n",
			'A' + side, c->mss, c->receive_buffer, c->timestamps, c->window_scale,
			c->initial_rto_ms, c->min_rto_ms, c->max_rto_ms, c->initial_window,
			2 * c->msl_ms, c->reuse, c->isn_shift, c->sack ? ", SACK" : "",
			c->keepalive ? ", keepalive" : "", c->ecn ? ", ECN" : "",
			c->syn_cookies ? ", cookies" : "", c->time_wait ? "" : ", no TIME_WAIT",
			c->honour_rst_in_time_wait ? ", RST ends TIME_WAIT" : "");
	}
	printf("IPv%d; %s%s%s%sup to %u frames at a time; backlog %u; %s\n", p->v6 ? 6 : 4,
		p->clean ? "clean; " : "", p->announce ? "" : "ARP when needed; ",
		p->few_buffers ? "few buffers; " : "", p->quit ? "freed in the middle; " : "",
		p->output_max, p->backlog, start[p->start]);
	for (int side = 0; side < 2; side++) {
		if (p->large_max[side])
			printf("%c's card cuts frames of up to %u bytes in %u buffers, %u of the "
			       "pattern lent\n",
				'A' + side, p->large_max[side], p->large_buffers[side],
				p->lent[side]);
		if (p->joins[side])
			printf("%c's card joins segments\n", 'A' + side);
	}
	for (int i = 0; i < p->n_slots; i++)
		for (int k = 0; k < p->slot[i].n; k++)
			print_conn(i, k, &p->slot[i]);
}
