/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Time. Whatever is due next happens next: a frame arrives, a stack's timer runs, an
 * application acts. After each the stack is asked for what it has to send.
 */
#include <string.h>

#include <rte_mbuf.h>

#include "../nic.h"
#include "pcapng.h"
#include "sim.h"

#define MS         1000000ull
#define BURST      64
#define EVENTS_MAX 3000000ull
#define TIME_MAX   (48ull * 3600 * 1000 * MS)
#define TW_UNIT    (1ull << 16) /* ns: TIME_WAIT may last this much longer than 2MSL */
#define STILL_MAX  64

/* ---- from the stacks to the wire */

static void
trace_sent(struct sim *s, int side, const struct seen *g, const struct wire_fate *fate)
{
	int slot = monitor_slot(g, side);
	const struct flow *f = slot < 0 ? NULL : &s->flow[slot][side];
	const struct flow *p = slot < 0 ? NULL : &s->flow[slot][!side];
	char text[240] = "";

	if (f == NULL)
		return;
	for (uint32_t i = 0; i < g->n_sack; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "[+%u, +%u) ",
			g->sack[i].left - p->iss, g->sack[i].right - p->iss);
	for (int i = 0; i < 2 && fate->arrives[i]; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%.3f%s%s",
			i ? ", and a copy " : "arrives ", (fate->arrives[i] - s->began) / 1e6,
			fate->corrupt[i] ? " " : "", fate->corrupt[i] ? fate->corrupt[i] : "");
	sim_trace(s, "%c>%c %d %-7s seq +%d ack +%d len %u win %u%s%s", 'A' + side, 'B' - side,
		slot, seen_flags(g->flags), g->seq - f->iss, g->flags & ACK ? g->ack - p->iss : 0,
		g->len, g->wnd, fate->lost ? "  " : "  ", fate->lost ? fate->lost : text);
}

/* A large frame goes through the card. */
static void sent(struct sim *s, int side, struct rte_mbuf *m, enum cause cause);

static void
sent_large(struct sim *s, int side, struct rte_mbuf *m, enum cause cause)
{
	struct rte_mbuf *pieces[NIC_PIECES_MAX];
	const char *why = "in pieces, and the card was not to know";
	uint32_t n = 0;

	if (s->plan.large_max[side] == 0 || m->nb_segs > s->plan.large_buffers[side])
		rte_pktmbuf_free(m);
	else
		n = nic_cut(m, s->cut_pool, pieces, &why);
	if (n == 0)
		sim_fail(s, "%c sends %s", 'A' + side, why);
	for (uint32_t i = 0; i < n; i++)
		sent(s, side, pieces[i], cause);
}

static void
sent(struct sim *s, int side, struct rte_mbuf *m, enum cause cause)
{
	struct wire_fate fate;
	struct seen g;
	const char *why;
	uint64_t tag = 0;
	enum seen_kind kind;

	if (nic_is_large(m)) {
		sent_large(s, side, m, cause);
		return;
	}
	kind = seen_parse(rte_pktmbuf_mtod(m, uint8_t *), m->data_len, &g, &why);
	pcapng_frame(s->capture, side, true, s->now, rte_pktmbuf_mtod(m, uint8_t *), m->data_len);
	if (kind == SEEN_BAD)
		sim_fail(s, "%c sends %s", 'A' + side, why);
	if (kind == SEEN_TCP)
		tag = monitor_sent(s, side, &g, cause);
	if (!s->trace || kind != SEEN_TCP) {
		wire_send(&s->wire, side, m, tag, s->now);
		return;
	}
	/* The frame is the wire's, and perhaps gone, when its fate is known. */
	g.data = NULL;
	fate = wire_send(&s->wire, side, m, tag, s->now);
	trace_sent(s, side, &g, &fate);
}

static uint16_t
output(struct sim *s, int side, enum cause cause)
{
	struct rte_mbuf *m[BURST];
	uint16_t max = rng_range(&s->rng, 1, s->plan.output_max);
	uint16_t n = spate_stack_output(s->side[side].stack, m, max, s->now);

	for (uint16_t i = 0; i < n; i++)
		sent(s, side, m[i], cause);
	return n;
}

/* What ends in TIME_WAIT must be what has been there for 2MSL. */
static void
tick(struct sim *s, int side)
{
	struct side *d = &s->side[side];
	uint64_t wait = 2ull * s->plan.tcp[side].msl_ms * MS;
	uint64_t before = counted(s, side, SPATE_TW_EXPIRED), due = 0;

	d->next = spate_stack_tick(d->stack, s->now);
	for (int i = 0; i < s->plan.n_slots; i++)
		if (d->tw[i] &&
			s->now >= (d->tw_since[i] + wait + TW_UNIT - 1) / TW_UNIT * TW_UNIT) {
			d->tw[i] = false;
			due++;
		}
	if (counted(s, side, SPATE_TW_EXPIRED) - before != due)
		sim_fail(s, "%c: %lu TIME_WAITs have expired, 2MSL was over for %lu", 'A' + side,
			counted(s, side, SPATE_TW_EXPIRED) - before, due);
}

void
loop_pump(struct sim *s, int side, enum cause cause)
{
	uint32_t rounds = 0;

	if (cause != CAUSE_TIMER)
		while (output(s, side, cause) > 0)
			;
	do {
		tick(s, side);
		if (++rounds > 10000)
			sim_fail(s, "%c: always something to send, and no time passes", 'A' + side);
	} while (output(s, side, CAUSE_TIMER) > 0 && !s->failed);
}

/* ---- from the wire to the stacks */

uint64_t
sim_drops(const struct sim *s, int side)
{
	uint64_t n = 0;

	for (int id = SPATE_DROP_SHORT; id <= SPATE_DROP_MULTISEG; id++)
		n += counted(s, side, id);
	return n;
}

/* A damaged frame is counted as dropped, once, and that is all. */
static void
give_damaged(struct sim *s, int side, struct rte_mbuf *m)
{
	uint64_t drops = sim_drops(s, side), segments = counted(s, side, SPATE_RX_SEGMENTS);

	spate_stack_input(s->side[side].stack, &m, 1, s->now);
	if (sim_drops(s, side) != drops + 1 || counted(s, side, SPATE_RX_SEGMENTS) != segments)
		sim_fail(s, "%c: a damaged frame was not dropped, or not counted", 'A' + side);
}

static uint64_t
time_waits_ended(const struct sim *s, int side)
{
	return counted(s, side, SPATE_TW_REUSED) + counted(s, side, SPATE_TW_RESET);
}

/* TIME_WAIT as seen from outside: restarted, or ended by a new incarnation. */
static void
follow_time_wait(struct sim *s, int side, int slot, uint64_t again, uint64_t ended)
{
	struct side *d = &s->side[side];

	if (slot < 0)
		return;
	if (counted(s, side, SPATE_TW_FIN_AGAIN) != again)
		d->tw_since[slot] = s->now;
	if (time_waits_ended(s, side) != ended)
		d->tw[slot] = false;
}

/* One frame off the wire, as the monitor sees it. Its slot, or -1. */
static int
arrived(struct sim *s, const struct wire_frame *f, enum cause *cause)
{
	const char *why;
	struct seen g;

	if (seen_parse(rte_pktmbuf_mtod(f->m, uint8_t *), f->m->data_len, &g, &why) != SEEN_TCP) {
		*cause = CAUSE_ARP;
		return -1;
	}
	monitor_given(s, f->to, &g, f->tag);
	return monitor_slot(&g, !f->to);
}

/*
 * May the frame join a burst? One that meets a TIME_WAIT is given alone, to see what it does, and
 * so is a RST, which may meet one that begins in its burst.
 */
static bool
joins(const struct sim *s, const struct wire_frame *f)
{
	const char *why;
	struct seen g;
	int slot;

	if (f->corrupt ||
		seen_parse(rte_pktmbuf_mtod(f->m, uint8_t *), f->m->data_len, &g, &why) != SEEN_TCP)
		return false;
	slot = monitor_slot(&g, !f->to);
	return slot >= 0 && !(g.flags & RST) && !s->side[f->to].tw[slot];
}

static struct wire_frame
take(struct sim *s)
{
	struct wire_frame f = wire_take(&s->wire);

	pcapng_frame(
		s->capture, f.to, false, s->now, rte_pktmbuf_mtod(f.m, uint8_t *), f.m->data_len);
	return f;
}

/* All that arrives at one side now, up to a burst. */
static void
give(struct sim *s)
{
	struct wire_frame f = take(s);
	struct side *d = &s->side[f.to];
	bool alone = !joins(s, &f);
	const struct wire_frame *next;
	struct rte_mbuf *m[BURST];
	enum cause cause = CAUSE_INPUT;
	uint64_t again = counted(s, f.to, SPATE_TW_FIN_AGAIN), ended = time_waits_ended(s, f.to);
	uint16_t n = 1;
	int slot, side = f.to;

	if (f.corrupt) {
		give_damaged(s, side, f.m);
		loop_pump(s, side, CAUSE_INPUT);
		return;
	}
	slot = arrived(s, &f, &cause);
	m[0] = f.m;
	while (!alone && n < BURST && (next = wire_peek(&s->wire)) && next->at <= s->now &&
		next->to == side && joins(s, next)) {
		f = take(s);
		arrived(s, &f, &cause);
		if (!s->plan.joins[side] || !nic_join(m[n - 1], f.m))
			m[n++] = f.m;
	}
	spate_stack_input(d->stack, m, n, s->now);
	if (alone)
		follow_time_wait(s, side, slot, again, ended);
	loop_pump(s, side, cause);
}

/* ---- time */

static uint64_t
next_event(struct sim *s)
{
	uint64_t t = wire_next(&s->wire), a = app_next(s);

	t = a < t ? a : t;
	for (int side = 0; side < 2; side++)
		t = s->side[side].next < t ? s->side[side].next : t;
	return t;
}

static void
happen(struct sim *s)
{
	while (wire_next(&s->wire) <= s->now && !s->failed)
		give(s);
	for (int side = 0; side < 2 && !s->failed; side++)
		if (s->side[side].next <= s->now)
			loop_pump(s, side, CAUSE_TIMER);
	if (app_next(s) > s->now || s->failed)
		return;
	for (int side = 0; side < 2; side++)
		spate_stack_now(s->side[side].stack, s->now);
	app_run(s);
	for (int side = 0; side < 2; side++)
		loop_pump(s, side, CAUSE_APP);
}

static bool
over(const struct sim *s)
{
	uint64_t counts[SPATE_N_STATES];

	if (!verdict_over(s) || s->wire.n > 0)
		return false;
	for (int side = 0; side < 2; side++) {
		spate_state_counts(s->side[side].stack, counts);
		for (int st = 0; st < SPATE_N_STATES; st++)
			if (st != SPATE_LISTEN && counts[st])
				return false;
	}
	return true;
}

void
loop_until(struct sim *s, uint64_t until)
{
	uint32_t still = 0;

	while (!s->failed && (s->now < until) && !(until == NEVER && over(s))) {
		uint64_t t = next_event(s);

		if (s->plan.quit && s->events >= s->plan.quit_events)
			return;
		if (t == NEVER && until == NEVER) {
			sim_fail(s, "nothing is left that could happen, and it is not over: %s",
				verdict_unfinished(s));
			return;
		}
		still = t > s->now ? 0 : still + 1;
		if (still > STILL_MAX)
			sim_fail(s, "a deadline has passed and stays due");
		if (t > until) {
			s->now = until;
			return;
		}
		s->now = t > s->now ? t : s->now + (still > 0);
		happen(s);
		if (++s->events > EVENTS_MAX || s->now > s->began + TIME_MAX)
			sim_fail(s, "after %lu events and %.0f s it is not over: %s", s->events,
				(s->now - s->began) / 1e9, verdict_unfinished(s));
	}
}
