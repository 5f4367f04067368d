/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The congestion window (RFC 5681, RFC 9438, RFC 3168). What an algorithm has to remember is
 * in the connection's side record from its first congestion on, and where there is no room
 * for one the window follows NewReno, which needs nothing.
 */
#include <errno.h>
#include <string.h>

#include "tcp/congestion.h"
#include "tcp/recovery.h"

#define SSTHRESH_UNLIMITED UINT32_MAX

void
tcp_cwnd_begin(const struct tcp *t, struct tcp_conn *c)
{
	/* RFC 5681 3.1: a lost SYN or SYN+ACK means one segment to begin with. */
	uint32_t segments = c->flags & TCP_F_SYN_LOST ? 1 : t->conf.initial_window;

	c->cwnd = segments * tcp_segment_room(c);
	c->ssthresh = SSTHRESH_UNLIMITED;
}

static struct congestion_sight
sight(const struct tcp *t, const struct tcp_conn *c)
{
	return (struct congestion_sight){
		.cwnd = c->cwnd,
		.smss = tcp_segment_room(c),
		.srtt_us = c->srtt_us,
		.now_us = t->now_ns / 1000,
	};
}

/*
 * RFC 9438 4.2: the time in which the window could not grow is none, and after slow start
 * congestion avoidance begins anew.
 */
static void
go_on(struct congestion_memory *m, const struct congestion_sight *s, bool slow_start)
{
	if (slow_start)
		m->epoch_us = 0;
	else if (m->still_us && m->epoch_us)
		m->epoch_us += s->now_us - m->still_us;
	m->still_us = 0;
}

void
tcp_cwnd_grow(struct tcp *t, struct tcp_conn *c, uint32_t acked)
{
	struct tcp_extra *x = tcp_extra_of(t, c);
	struct congestion_memory *m = x && x->has_memory ? &x->memory : NULL;
	struct congestion_sight s;

	/* RFC 5681 4.1, RFC 9438 5.8: a window that was not used says nothing of the network. */
	if (!c->cwnd_limited) {
		if (m && m->still_us == 0)
			m->still_us = t->now_ns / 1000;
		return;
	}
	s = sight(t, c);
	if (m)
		go_on(m, &s, c->cwnd < c->ssthresh);
	if (c->cwnd < c->ssthresh)
		/* RFC 3465 2.3: after a timeout an ACK may be of much that arrived long before. */
		c->cwnd = congestion_slow_start(
			c->cwnd, s.smss, c->flags & TCP_F_LOSS ? RTE_MIN(acked, s.smss) : acked);
	else
		c->cwnd = congestion_of[c->congestion].grow(m, &s, acked);
}

/* RFC 3168 6.1.2: reduced for whatever reason, the peer may stop saying ECE. */
static void
reduced(struct tcp_conn *c)
{
	c->options &= ~TCP_O_ECN_CUT;
	if (c->options & TCP_O_ECN)
		c->options |= TCP_O_CWR;
}

void
tcp_cwnd_shrink(struct tcp *t, struct tcp_conn *c, uint32_t flight)
{
	struct congestion_sight s = sight(t, c);
	struct tcp_extra *x = NULL;

	/*
	 * Nothing is sent before all of a burst is heard, so the ACKs ahead of the one that tells
	 * of the loss have only taken from what is in flight. If the window was full it was the
	 * window.
	 */
	if (c->cwnd_limited && flight < c->cwnd)
		flight = c->cwnd;
	/* RFC 3168 6.1.2: lost from a window that was reduced for ECE: the same congestion. */
	if (c->options & TCP_O_ECN_CUT) {
		reduced(c);
		return;
	}
	if (c->congestion != SPATE_NEWRENO && (x = tcp_extra_take(t, c)) != NULL &&
		!x->has_memory) {
		memset(&x->memory, 0, sizeof(x->memory));
		x->has_memory = true;
	}
	c->ssthresh = congestion_of[c->congestion].shrink(x ? &x->memory : NULL, &s, flight);
	reduced(c);
}

void
tcp_cwnd_collapse(struct tcp *t, struct tcp_conn *c, bool first)
{
	if (first) {
		struct tcp_extra *x;

		tcp_cwnd_shrink(t, c, c->snd_nxt - c->snd_una);
		x = tcp_extra_of(t, c);
		/* RFC 9438 4.8: congestion avoidance begins on a plateau, whatever was before. */
		if (x && x->has_memory)
			x->memory.w_max = 0;
	}
	c->cwnd = tcp_segment_room(c);
}

int
tcp_cwnd_choose(struct tcp *t, struct tcp_conn *c, uint64_t which)
{
	struct tcp_extra *x = tcp_extra_of(t, c);

	if (which >= SPATE_N_CONGESTION)
		return -EINVAL;
	if (which != c->congestion && x && x->has_memory) {
		x->has_memory = false; /* one algorithm's memory is nothing to another */
		tcp_extra_let_go(t, c);
	}
	c->congestion = which;
	return 0;
}

void
tcp_cwnd_wake(const struct tcp *t, struct tcp_conn *c)
{
	uint32_t begin = t->conf.initial_window * tcp_segment_room(c);

	/* What was timed last left last, or nearly: nothing is in flight. */
	if (c->cwnd > begin && tcp_now_us(t) - c->rtt_start > tcp_rto_us(t, c))
		c->cwnd = begin;
}

void
tcp_congestion_notified(struct tcp *t, struct tcp_conn *c)
{
	tcp_undo_forget(t, c); /* late or not, it was congestion */
	/* Once for what is in flight: the other ACKs of it say the same. */
	if ((c->flags & (TCP_F_RECOVERY | TCP_F_LOSS)) || (c->options & TCP_O_ECN_CUT))
		return;
	spate_count(t->counters, SPATE_ECN_CUTS);
	tcp_cwnd_shrink(t, c, c->snd_nxt - c->snd_una);
	c->cwnd = c->ssthresh;
	c->recover = c->snd_nxt;
	c->options |= TCP_O_ECN_CUT;
}
