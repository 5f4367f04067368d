/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A recovery that was for nothing, a timeout's or another: what seemed lost was late. It has come
 * by itself before it was sent again; or the timestamp that comes back is older than all that was
 * sent again (RFC 3522), which the first ACK tells, so that no more is; or all that was sent again
 * has come twice, as D-SACK says (RFC 3708). The network had room for the window there was, so it
 * may grow back to it as in slow start (RFC 4015 3.2), and CUBIC forgets that it ever shrank (RFC
 * 9438 4.9).
 *
 * What was before is kept from the beginning of a recovery until a round trip after its end, in
 * the side record, and given up at the next sign of congestion, a timeout in recovery included.
 */
#include "tcp/recovery.h"

void
tcp_undo_forget(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_extra *x = tcp_extra_of(t, c);

	if (x == NULL || !x->undo)
		return;
	x->undo = false;
	tcp_extra_let_go(t, c);
}

void
tcp_undo_keep(struct tcp_extra *x, const struct tcp_conn *c)
{
	x->undo_ssthresh = c->ssthresh > c->cwnd ? c->ssthresh : c->cwnd;
	x->undo_memory = x->memory;
	if (!x->has_memory)
		x->undo_memory = (struct congestion_memory){0};
	x->undo_from = c->snd_una;
	x->undo_end = c->snd_nxt;
	x->undo_bytes = 0;
	x->undo = !(c->options & (TCP_O_ECN_CUT | TCP_O_NARROW));
	/* What the loss probe has sent again may have filled the hole. */
	x->undo_uncounted = x->undo_again = x->probe_out && x->probe_again;
	x->undo_ts = x->probe_ts;
}

void
tcp_undo_keep_timeout(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_extra *x;

	tcp_undo_forget(t, c);
	if ((c->flags & (TCP_F_RECOVERY | TCP_F_LOSS)) || !(c->options & TCP_O_SACK))
		return;
	x = tcp_extra_take(t, c);
	if (x == NULL)
		return;
	tcp_undo_keep(x, c);
	tcp_extra_let_go(t, c);
}

void
tcp_undo_sent(const struct tcp *t, struct tcp_extra *x, uint32_t len)
{
	x->undo_bytes += len;
	if (x->undo_again)
		return;
	x->undo_again = true;
	x->undo_ts = t->ts_now;
}

static void
undo(struct tcp *t, struct tcp_conn *c, struct tcp_extra *x)
{
	x->undo = false;
	if (c->ssthresh < x->undo_ssthresh)
		c->ssthresh = x->undo_ssthresh;
	if (x->has_memory)
		x->memory = x->undo_memory;
	spate_count(t->counters, SPATE_RECOVERIES_UNDONE);
}

bool
tcp_undo_late(struct tcp *t, struct tcp_conn *c, struct tcp_extra *x, const struct tcp_options *o)
{
	/*
	 * RFC 3522 3.2 step 4. The peer echoes the segment that filled the gap at SND.UNA, not the
	 * last (RFC 7323 4.3). The same millisecond tells nothing.
	 */
	if (!x->undo || !x->undo_again || !(c->flags & TCP_F_TS) || !o->has_ts ||
		!seq_lt(o->tsecr - c->ts_offset, x->undo_ts))
		return false;
	undo(t, c, x);
	return true;
}

void
tcp_undo_twice(
	struct tcp *t, struct tcp_conn *c, struct tcp_extra *x, const struct tcp_sack_block *b)
{
	uint32_t len = b->right - b->left;

	/*
	 * Of this recovery, and not of what the network itself has doubled? What is sent again is
	 * so in order, so that nothing needs to be counted twice.
	 */
	if (!x->undo || x->undo_uncounted || x->undo_bytes == 0 || seq_lt(b->left, x->undo_from) ||
		seq_gt(b->right, c->recover))
		return;
	x->undo_from = b->right;
	x->undo_bytes -= len < x->undo_bytes ? len : x->undo_bytes;
	if (x->undo_bytes == 0 && !(c->flags & (TCP_F_RECOVERY | TCP_F_LOSS)))
		undo(t, c, x);
}

void
tcp_undo_at_end(struct tcp *t, struct tcp_conn *c, struct tcp_extra *x)
{
	x->undo_end = c->snd_nxt;
	if (x->undo && x->undo_bytes == 0 && !x->undo_uncounted)
		undo(t, c, x);
}

void
tcp_undo_expire(struct tcp *t, struct tcp_conn *c, struct tcp_extra *x)
{
	/* An ACK of what left after recovery: of what was sent again in it all is said. */
	if (x->undo && !(c->flags & (TCP_F_RECOVERY | TCP_F_LOSS)) &&
		seq_gt(c->snd_una, x->undo_end))
		x->undo = false;
	if (!x->undo)
		tcp_extra_let_go(t, c);
}
