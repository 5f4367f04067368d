/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every segment must obey, whatever the wire does:
 *
 *   - numbers follow one another without a gap; the bytes are those of the position
 *   - nothing lies beyond the window the peer has offered and we have seen; a probe, one
 *     number at its edge, excepted
 *   - the window offered never moves left; an ACK never goes back, and never covers what
 *     has not come
 *   - no segment is larger than the peer's MSS; options are those agreed; TSval never
 *     goes back; SACK blocks say what is true (sack.c)
 *   - what the peer has acknowledged is not sent again
 *   - what is sent again has a reason: a timeout, at least the minimal RTO after it was
 *     last sent; three duplicate ACKs; a recovery that is under way; or a window that
 *     opens
 *
 * Where the observer cannot know whether the stack believed a segment, it assumes what
 * forbids less.
 */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define MS 1000000ull

static bool
lt(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static bool
leq(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) <= 0;
}

int
monitor_slot(const struct seen *g, int from)
{
	uint32_t slot = (from == 0 ? g->sport : g->dport) - A_PORT;

	return slot < SLOTS ? (int)slot : -1;
}

/* Frames may be lost before the wire: no buffer, or no answer to ARP. */
static bool
frames_missing(const struct sim *s, int side)
{
	return counted(s, side, SPATE_DROP_NO_MBUF) || counted(s, side, SPATE_DROP_NEIGH_QUEUE) ||
	       counted(s, side, SPATE_DROP_NEIGH_FAILED);
}

/* ---- when it was sent before */

static void
remember(struct sim *s, struct flow *f, uint32_t seq, uint32_t end, bool again, enum cause cause)
{
	if (f->n_log == f->max_log) {
		f->max_log = f->max_log ? 2 * f->max_log : 64;
		f->log = realloc(f->log, f->max_log * sizeof(*f->log));
		if (f->log == NULL)
			abort();
	}
	f->log[f->n_log++] = (struct sending){seq, end, s->now, again, cause};
}

static const struct sending *
last_sending(const struct flow *f, uint32_t seq)
{
	for (uint32_t i = f->n_log; i > 0; i--)
		if (leq(f->log[i - 1].seq, seq) && lt(seq, f->log[i - 1].end))
			return &f->log[i - 1];
	return NULL;
}

/* Was `seq` last sent so long ago, or never in what is remembered? */
static bool
long_ago(const struct sim *s, const struct flow *f, uint32_t seq, uint32_t ms)
{
	const struct sending *last = last_sending(f, seq);

	return last == NULL || s->now - last->at >= ms * MS;
}

/* A timer sends `seq` again: not before `least_ms` have passed. */
static void
check_timeout(struct sim *s, const struct flow *f, uint32_t seq, uint32_t least_ms)
{
	const struct sending *last = last_sending(f, seq);

	if (last == NULL || last->cause == CAUSE_ARP || s->now - last->at >= least_ms * MS)
		return;
	/* RFC 6298 5 does not say that a fast retransmission begins the wait anew. */
	if (last->again && last->cause != CAUSE_TIMER)
		return;
	sim_fail(s, "+%u was sent again by timer %.3f ms after it was sent, the minimum is %u ms",
		seq - f->iss, (s->now - last->at) / 1e6, least_ms);
}

/* ---- a SYN */

/* One that was given up in this instant had the same ISS, and its SYN may have left. */
void
monitor_opened(struct sim *s, const struct end *e)
{
	struct flow *f = &s->flow[e->slot][e->side];

	if (f->open && f->iss == e->iss)
		f->inc = e->inc;
}

/* Which incarnation does this SYN belong to? -1: nobody's. */
static int
incarnation(const struct sim *s, int slot, int side, const struct seen *g)
{
	/* The newest: one that was given up before its SYN left had the same ISS. */
	for (int i = INCARNATIONS - 1; i >= 0; i--) {
		const struct end *own = &s->end[slot][i][side], *peer = &s->end[slot][i][!side];

		if (side == 0 || s->plan.slot[slot].both_connect) {
			if (own->state != END_IDLE && own->iss == g->seq)
				return i;
		} else if ((g->flags & ACK) && peer->state != END_IDLE && peer->iss == g->ack - 1) {
			return i;
		}
	}
	return -1;
}

static void
new_flow(struct sim *s, struct flow *f, const struct seen *g, int inc)
{
	struct flow fresh = {
		.open = true,
		.inc = inc,
		.generation = ++s->generations,
		.iss = g->seq,
		.max = g->seq,
		.acked = g->seq,
		.last_ack = g->seq,
		.edge = g->seq + 1,
		.recover = g->seq,
		.log = f->log,
		.max_log = f->max_log,
	};

	*f = fresh;
}

static void
swap(struct flow *a, struct flow *b)
{
	struct flow f = *a;

	*a = *b;
	*b = f;
}

/* Both SYNs are known; the peer's has come in its `generation`. */
static void
agree(struct flow *f, uint32_t generation, bool peer_ts, bool peer_sack, int peer_wscale,
	uint16_t peer_mss)
{
	bool scaled = f->wscale >= 0 && peer_wscale >= 0;

	f->agreed = true;
	f->peer_generation = generation;
	f->ts = f->offers_ts && peer_ts;
	f->sack = f->offers_sack && peer_sack;
	f->shift = scaled ? f->wscale : 0;
	f->peer_shift = scaled ? peer_wscale : 0;
	f->least_mss = f->mss < peer_mss ? f->mss : peer_mss;
}

static void
sent_syn(struct sim *s, int slot, int side, const struct seen *g, enum cause cause)
{
	struct flow *f = &s->flow[slot][side], *p = &s->flow[slot][!side];
	int inc = incarnation(s, slot, side, g);

	if (inc < 0 || g->len || g->mss == 0) {
		sim_fail(s, "a SYN nobody asked for, with data, or without MSS");
		return;
	}
	/* Two children of one TIME_WAIT have the same ISS. */
	if (!f->open || f->iss != g->seq || f->inc != inc) {
		/* RFC 6191 2: above a TIME_WAIT only beyond all it has sent. */
		if (s->side[side].tw[slot] && g->seq != f->iss && leq(g->seq, f->max))
			sim_fail(s, "a SYN+ACK over a TIME_WAIT with an old ISS");
		/* A cookie's SYN+ACK may yet be the one that counts. */
		if (f->open && f->inc == inc)
			swap(f, &s->spare[slot]);
		new_flow(s, f, g, inc);
	}
	f->offers_ts = g->has_ts;
	f->offers_sack = g->sack_ok;
	f->wscale = g->wscale;
	f->mss = g->mss;
	f->syn_wnd = g->wnd;
	if ((g->flags & ACK) && f->inc == p->inc) {
		if ((f->offers_ts && !p->offers_ts) || (f->wscale >= 0 && p->wscale < 0) ||
			(f->offers_sack && !p->offers_sack))
			sim_fail(s, "a SYN+ACK with an option the SYN did not have");
		if (!f->in_known) {
			/* It answers the peer's SYN, which came when there was no flow yet. */
			f->edge = g->seq + 1 + p->syn_wnd;
			f->in_known = true;
			f->in_first = p->iss;
			f->in_max = f->in_order = p->iss + 1;
			ranges_add(&f->in, p->iss, p->iss + 1);
			f->ts_in = p->ts_sent;
		}
		agree(f, p->generation, p->offers_ts, p->offers_sack, p->wscale, p->mss);
	}
	if (f->max != f->iss && cause == CAUSE_TIMER && !frames_missing(s, side))
		check_timeout(s, f, f->iss, s->plan.tcp[side].initial_rto_ms);
	remember(s, f, g->seq, g->seq + 1, f->max != f->iss, cause);
	if (f->max == f->iss)
		f->max = f->iss + 1;
}

/* ---- any other segment */

static void
check_ack(struct sim *s, int side, struct flow *f, const struct seen *g)
{
	uint32_t edge = g->ack + ((uint32_t)g->wnd << (g->flags & SYN ? 0 : f->shift));

	if (!f->agreed)
		return;
	if ((!f->in_known || lt(f->in_max, g->ack)) && !frames_missing(s, side))
		sim_fail(s, "an ACK of what has not come");
	if (f->ack_known && lt(g->ack, f->ack_sent))
		sim_fail(s, "an ACK that goes back");
	/* RFC 7323 2.4: less than a unit may seem to be taken back; a SYN cannot say more. */
	if (f->ack_known && !(g->flags & SYN) && lt(edge + (1u << f->shift) - 1, f->adv))
		sim_fail(s, "the window offered moves left by %u", f->adv - edge);
	if (!f->ack_known || lt(f->adv, edge))
		f->adv = edge;
	f->ack_sent = g->ack;
	f->ack_known = true;
	if (lt(f->in_order, g->ack))
		f->in_order = g->ack;
}

static void
check_options(struct sim *s, int side, struct flow *f, const struct seen *g)
{
	bool syn = g->flags & SYN;

	if (!f->agreed && !syn)
		return; /* a SYN+ACK for a connection the other side has left behind */
	if (!syn && g->has_ts != f->ts)
		sim_fail(s, "a timestamp that was not agreed, or none that was");
	if (!syn && (g->wscale >= 0 || g->mss || g->sack_ok))
		sim_fail(s, "an option that belongs on a SYN");
	if (!syn && g->len + (f->ts ? 12 : 0) + (g->n_sack ? 4 + 8 * g->n_sack : 0) > f->least_mss)
		sim_fail(s, "%u bytes in a segment, the MSS is %u", g->len, f->least_mss);
	if (!g->has_ts)
		return;
	if (f->ts_known && lt(g->tsval, f->ts_sent))
		sim_fail(s, "TSval goes back");
	/* Of a SYN whose SYN+ACK found no buffer nothing is known here. */
	if ((g->flags & ACK) && f->agreed && lt(f->ts_in, g->tsecr) && !frames_missing(s, side))
		sim_fail(s, "TSecr is no timestamp that has come");
	f->ts_sent = g->tsval;
	f->ts_known = true;
}

static void
check_bytes(struct sim *s, int slot, int side, struct flow *f, const struct seen *g)
{
	const struct end *e = &s->end[slot][f->inc][side];
	uint32_t at = g->seq - f->iss - 1;

	if (at + g->len > e->queued)
		sim_fail(s, "bytes to +%u, of which only %u were written", at + g->len, e->queued);
	else if (memcmp(g->data, e->out + at, g->len))
		sim_fail(s, "the bytes at +%u are not those that were written", at);
	if (!(g->flags & FIN))
		return;
	if (!e->shut && !e->closed)
		sim_fail(s, "a FIN, and nobody has closed");
	if (at + g->len != e->queued || (f->fin && f->fin_seq != g->seq + g->len))
		sim_fail(s, "a FIN at +%u, %u bytes were written", at + g->len, e->queued);
	f->fin = true;
	f->fin_seq = g->seq + g->len;
}

/* RFC 8985 7.3: the timer sends the last of several again to draw an ACK; then waits for it. */
#define PROBE_LEAST_MS 10

static bool
is_loss_probe(const struct flow *f, const struct seen *g)
{
	return f->sack && g->seq + seen_len(g) == f->max && lt(f->acked, g->seq);
}

/* RFC 8985 6.2: has anything come that was sent after `seq` was? */
static bool
overtaken(const struct flow *f, uint32_t seq)
{
	const struct sending *last = last_sending(f, seq);

	if (!f->sack || last == NULL)
		return false;
	for (uint32_t i = 0; i < f->n_log; i++)
		if (f->log[i].at > last->at && leq(f->log[i].end, f->last_ack))
			return true;
	return false;
}

/* Sent before: why again? */
static void
check_again(struct sim *s, int side, struct flow *f, const struct seen *g, enum cause cause)
{
	const struct sending *last = f->n_log ? &f->log[f->n_log - 1] : NULL;
	bool follows = last && last->at == s->now && last->again; /* one sent again just now */
	bool entered = f->window_opened;

	if (lt(g->seq, f->acked))
		sim_fail(s, "+%u is sent again, the peer has acknowledged up to +%u",
			g->seq - f->iss, f->acked - f->iss);
	/* A hole: counts or time decide that it is lost, or no more than late. */
	if (f->sacked && lt(g->seq, f->sack_high)) {
		if (cause == CAUSE_TIMER && (g->seq == f->acked || g->seq == f->last_ack) &&
			long_ago(s, f, g->seq, s->plan.tcp[side].min_rto_ms))
			f->recover = f->max; /* the timeout: all of it is lost */
		return;
	}
	if (cause == CAUSE_TIMER && is_loss_probe(f, g) && !follows) {
		check_timeout(s, f, g->seq, PROBE_LEAST_MS);
		return;
	}
	if (cause == CAUSE_ARP)
		entered = true;
	if (cause == CAUSE_TIMER) {
		if (!follows)
			check_timeout(s, f, g->seq, s->plan.tcp[side].min_rto_ms);
		entered = true;
	}
	if (!entered && !lt(g->seq, f->recover) && !overtaken(f, g->seq) &&
		!frames_missing(s, side))
		sim_fail(s, "+%u is sent again for no reason", g->seq - f->iss);
	if (entered) {
		f->recover = f->max;
		f->window_opened = false;
	}
}

static void
sent_data(struct sim *s, int slot, int side, struct flow *f, const struct seen *g, enum cause cause)
{
	uint32_t end = g->seq + seen_len(g);
	bool again = lt(g->seq, f->max);
	bool probe = g->seq == f->edge && seen_len(g) == 1;

	if (lt(f->edge, end) && !probe)
		sim_fail(s, "up to +%u, the window offered ends at +%u", end - f->iss,
			f->edge - f->iss);
	check_bytes(s, slot, side, f, g);
	/* RFC 3168 6.1.4 to 6.1.6 */
	if (g->ecn && (again || g->len == 0 || g->ecn != 2 || !s->plan.tcp[side].ecn))
		sim_fail(s, "+%u is marked ECT and is no new data", g->seq - f->iss);
	if (again)
		check_again(s, side, f, g, cause);
	remember(s, f, g->seq, end, again, cause);
	if (lt(f->max, end))
		f->max = end;
}

/* The SYN+ACK that B goes on from is the one before the last: a cookie's. */
static void
take_spare(struct sim *s, int slot, const struct seen *g)
{
	struct flow *f = &s->flow[slot][1], *spare = &s->spare[slot];

	if (!spare->open || spare->inc != f->inc || g->seq != spare->iss + 1)
		return;
	swap(f, spare);
	f->in_max = spare->in_max;
	f->in_order = spare->in_order;
	f->ts_in = spare->ts_in;
	f->in_first = spare->in_first;
	f->in = spare->in;
	f->twice = spare->twice;
	f->late_known = false;
	spare->open = false;
}

uint64_t
monitor_sent(struct sim *s, int side, const struct seen *g, enum cause cause)
{
	int slot = monitor_slot(g, side);
	struct flow *f;

	if (slot < 0) {
		sim_fail(s, "a segment of no connection");
		return 0;
	}
	f = &s->flow[slot][side];
	if (g->flags & RST) {
		if (g->len)
			sim_fail(s, "a RST with data");
		return 0;
	}
	if (side == 1 && !(g->flags & SYN))
		take_spare(s, slot, g);
	if (g->flags & SYN) {
		sent_syn(s, slot, side, g, cause);
		if (s->failed)
			return 0;
	} else if (!f->open || lt(g->seq, f->iss + 1)) {
		/* A TIME_WAIT that is back after a SYN that was none, or a SYN_RCVD whose SYN+ACK
		 * found no buffer. */
		if (seen_len(g) || (!f->open && !frames_missing(s, side)))
			sim_fail(s, "a segment from before the connection");
		return 0;
	}
	if (!(g->flags & (ACK | SYN)))
		sim_fail(s, "a segment without ACK");
	if (lt(f->max, g->seq) && frames_missing(s, side))
		f->max = g->seq;
	if (lt(f->max, g->seq))
		sim_fail(s, "+%u, and the last number sent was +%u", g->seq - f->iss,
			f->max - f->iss);
	check_options(s, side, f, g);
	if (g->flags & ACK)
		check_ack(s, side, f, g);
	if (f->agreed)
		sack_check(s, side, f, g);
	if (!(g->flags & SYN) && seen_len(g))
		sent_data(s, slot, side, f, g, cause);
	return slot + 1 + ((uint64_t)f->generation << 8);
}

/* ---- arrivals */

/* Must the receiver believe the segment's ACK? RFC 9293 3.10.7.4, first check, and PAWS. */
static bool
must_believe(const struct flow *f, const struct seen *g)
{
	uint32_t wnd = f->adv - f->ack_sent, len = seen_len(g);

	if (g->flags & SYN)
		return g->ack == f->iss + 1;
	if (!f->ack_known || lt(g->seq, f->in_order))
		return false;
	if (f->ts && (!g->has_ts || lt(g->tsval, f->ts_in)))
		return false;
	if (wnd == 0)
		return len == 0 && g->seq == f->ack_sent;
	/* Empty at the very end of it: from a peer that has filled the window but for a hole. */
	return lt(g->seq, f->adv) || (len == 0 && g->seq == f->adv);
}

/* Of whichever ACK: it may be older than one that came and was not believed. */
static bool
is_third_duplicate(struct flow *f, const struct seen *g)
{
	if (lt(g->ack, f->acked))
		return false; /* it had to believe a newer one */
	for (uint32_t i = 0; i < HEARD; i++)
		if (f->heard[i].ack == g->ack && f->heard[i].is_there)
			return seen_len(g) == 0 && ++f->heard[i].again >= 3;
	f->heard[f->n_heard++ % HEARD] = (struct heard){.ack = g->ack, .is_there = true};
	return false;
}

static void
given_ack(struct flow *f, const struct seen *g)
{
	uint32_t edge = g->ack + ((uint32_t)g->wnd << (g->flags & SYN ? 0 : f->peer_shift));

	if (leq(g->ack, f->iss) || lt(f->max, g->ack))
		return;
	if (lt(f->edge, edge))
		f->edge = edge;
	if (g->wnd == 0)
		f->window_closed = true;
	else if (f->window_closed)
		f->window_opened = true;
	if (g->wnd)
		f->window_closed = false;
	if (is_third_duplicate(f, g))
		f->recover = f->max;
	if (lt(f->last_ack, g->ack))
		f->last_ack = g->ack;
	for (uint32_t i = 0; i < g->n_sack; i++) {
		if (lt(g->ack, g->sack[i].right) && leq(g->sack[i].right, f->max) &&
			(!f->sacked || lt(f->sack_high, g->sack[i].right))) {
			f->sacked = true;
			f->sack_high = g->sack[i].right;
		}
	}
	if (lt(f->acked, g->ack) && must_believe(f, g))
		f->acked = g->ack;
}

/* Fifth check, as RFC 5961 5.2 has it: one that was half open may have refused it (RS-04). */
static bool
is_ack_in_range(const struct flow *f, const struct seen *g)
{
	return lt(f->iss, g->ack) && leq(g->ack, f->max) && !lt(g->ack, f->acked - UINT16_MAX);
}

void
monitor_given(struct sim *s, int side, const struct seen *g, uint64_t tag)
{
	int slot = (int)(tag & 0xff) - 1;
	uint32_t end = g->seq + seen_len(g), generation = tag >> 8;
	struct flow *f;

	if (slot < 0)
		return;
	f = &s->flow[slot][side];
	if (!f->open)
		return;
	if (!f->agreed) {
		/* The SYN that our SYN is answered by, or crosses. */
		bool ours = g->flags & ACK ? g->ack == f->iss + 1 : s->plan.slot[slot].both_connect;

		if (!(g->flags & SYN) || !ours)
			return;
		agree(f, generation, g->has_ts, g->sack_ok, g->wscale, g->mss);
		f->in_known = true;
		f->in_first = g->seq;
		f->in_max = f->in_order = end;
		f->ts_in = g->tsval;
	}
	if (generation != f->peer_generation)
		return;
	if (g->flags & ACK)
		given_ack(f, g);
	if (lt(f->in_max, end))
		f->in_max = end;
	sack_given(f, g, must_believe(f, g) && leq(end, f->adv) && is_ack_in_range(f, g));
	f->in_order = f->in.unknown ? f->in_max : ranges_end(&f->in, f->in_order);
	if (g->has_ts && lt(f->ts_in, g->tsval))
		f->ts_in = g->tsval;
}
