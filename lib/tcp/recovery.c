/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Loss, as it shows without SACK: three duplicate ACKs (RFC 5681 3.2, RFC 6582), and timeouts
 * (RFC 6298 5) with or without it.
 *
 * After a loss, sequence numbers from snd_rtx up to `recover` are sent again as ACKs
 * make room; snd_nxt never goes back.
 */
#include "tcp/recovery.h"

void
tcp_recovery_ack(struct tcp *t, struct tcp_conn *c, uint32_t acked)
{
	if (seq_geq(c->snd_una, c->recover)) {
		if (c->flags & TCP_F_RECOVERY)
			c->cwnd = c->ssthresh;
		c->flags &= ~(TCP_F_RECOVERY | TCP_F_LOSS | TCP_F_RTX_DUE);
		return;
	}
	/* A partial ACK (RFC 6582 3.2 step 3): what follows it is lost too. */
	if (seq_lt(c->snd_rtx, c->snd_una))
		c->snd_rtx = c->snd_una;
	if (c->flags & TCP_F_RECOVERY) {
		uint32_t smss = tcp_segment_room(c);

		/* The window deflates by what has arrived; the segment sent again has its place. */
		c->snd_rtx = c->snd_una;
		c->cwnd -= acked < c->cwnd ? acked : c->cwnd;
		c->cwnd += acked >= smss ? smss : 0;
	} else {
		c->cwnd_limited = true; /* by what is to be sent again */
		tcp_cwnd_grow(t, c, acked);
	}
	c->flags |= TCP_F_RTX_DUE;
	tcp_ready(t, c);
}

void
tcp_ack_duplicate(struct tcp *t, struct tcp_conn *c)
{
	uint32_t flight = c->snd_nxt - c->snd_una;

	if (c->flags & (TCP_F_RECOVERY | TCP_F_LOSS)) {
		/* RFC 5681 3.2 step 4: a segment has left the network. */
		if (c->flags & TCP_F_RECOVERY) {
			c->cwnd += tcp_segment_room(c);
			tcp_ready(t, c);
		}
		return;
	}
	if (c->dupacks == RECOVERY_DUPACKS)
		return;
	if (++c->dupacks < RECOVERY_DUPACKS) {
		/* RFC 3042: each of the first two lets a new segment leave. */
		if (tcp_unsent(c))
			tcp_ready(t, c);
		return;
	}
	if (tcp_path_probe_lost(t, c, true))
		return;
	spate_count(t->counters, SPATE_FAST_RETRANSMITS);
	tcp_undo_forget(t, c);
	/* RFC 5681 3.2 step 2: what the two before have let leave does not count. */
	tcp_cwnd_shrink(t, c, flight < c->cwnd ? flight : c->cwnd);
	c->cwnd = c->ssthresh + RECOVERY_DUPACKS * tcp_segment_room(c);
	c->recover = c->snd_nxt;
	c->snd_rtx = c->snd_una;
	c->flags |= TCP_F_RECOVERY | TCP_F_RTX_DUE;
	tcp_timer_update(t, c, false); /* no loss probe now */
	tcp_ready(t, c);
}

static void
all_lost(struct tcp *t, struct tcp_conn *c)
{
	c->recover = c->snd_nxt;
	c->dupacks = 0;
	c->flags &= ~(TCP_F_RECOVERY | TCP_F_RTT | TCP_F_RTX_DUE);
	c->flags |= TCP_F_LOSS;
	if (!tcp_rack_all_lost(t, c)) {
		c->snd_rtx = c->snd_una;
		c->flags |= TCP_F_RTX_DUE;
	}
	tcp_ready(t, c);
}

void
tcp_recovery_all(struct tcp *t, struct tcp_conn *c)
{
	tcp_undo_forget(t, c);
	all_lost(t, c);
}

void
tcp_congestion_timeout(struct tcp *t, struct tcp_conn *c)
{
	/* RFC 5681 3.1: only the first timeout of a segment reduces. */
	bool first = c->retries == 0;

	if (first)
		tcp_undo_keep_timeout(t, c);
	tcp_cwnd_collapse(t, c, first);
	all_lost(t, c);
}
