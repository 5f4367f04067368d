/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Loss, as SACK blocks show it (RFC 8985, RFC 6675), and how fast it is repaired (RFC 6937).
 *
 *   ACK        its blocks go to the scoreboard; holes that three segments have overtaken are
 *              lost, or, where the network is known to change the order, those overtaken for
 *              longer than the reordering window
 *   recovery   begins with the first loss; the window comes down in proportion to what arrives
 *   REORDER    the timer for the reordering window of what was overtaken, and not for long yet
 *   LOSS_PROBE the timer for the tail, which nothing overtakes: two round trips without a word
 *              and one segment, new or the last again, draws an ACK that tells (section 7)
 *
 * A segment's time of sending is not kept: a hole remembers when it was first overtaken, which
 * is a round trip after that, and when it was sent again.
 */
#include "tcp/recovery.h"

#define REO_STEPS_MAX  16
#define REO_PERSIST    16 /* recoveries: RFC 8985 6.2 step 4 */
#define RTT_UNKNOWN_US 1000000u

static uint32_t
round_trip(const struct tcp_conn *c)
{
	return c->srtt_us ? c->srtt_us : RTT_UNKNOWN_US;
}

uint32_t
tcp_rack_pipe(const struct tcp *t, const struct tcp_conn *c)
{
	return scoreboard_pipe(&t->holes, &tcp_extra_of(t, c)->board, c->snd_una, c->snd_nxt);
}

/* A scoreboard, empty; NULL: there is no room. */
static struct tcp_extra *
begin(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_extra *x = tcp_extra_take(t, c);

	if (x == NULL || x->rack)
		return x;
	scoreboard_init(&x->board);
	x->rack = true;
	if (x->min_rtt_us == 0)
		x->min_rtt_us = round_trip(c);
	return x;
}

void
tcp_rack_clear(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_extra *x = tcp_extra_of(t, c);

	if (x == NULL || !x->rack)
		return;
	scoreboard_clear(&t->holes, &x->board);
	x->rack = false;
	x->wait_end_us = 0;
	tcp_extra_let_go(t, c);
}

/* RFC 2883 4: the first block may be of what came twice: acknowledged, or a part of the second. */
static bool
is_duplicate(const struct tcp_conn *c, const struct tcp_options *o)
{
	const struct tcp_sack_block *b = o->sack;

	if (o->n_sack == 0 || !seq_lt(b[0].left, b[0].right))
		return false;
	if (seq_leq(b[0].right, c->snd_una))
		return true;
	return o->n_sack > 1 && seq_geq(b[0].left, b[1].left) && seq_leq(b[0].right, b[1].right);
}

/* Is it in what is in flight, and not at its beginning, which would have been acknowledged? */
static bool
is_news(const struct tcp_conn *c, const struct tcp_sack_block *b)
{
	return seq_lt(b->left, b->right) && seq_gt(b->left, c->snd_una) &&
	       seq_leq(b->right, c->snd_nxt);
}

static bool
any_news(const struct tcp_conn *c, const struct tcp_options *o)
{
	for (uint32_t i = is_duplicate(c, o); i < o->n_sack; i++)
		if (is_news(c, &o->sack[i]))
			return true;
	return false;
}

/*
 * What the blocks add to the scoreboard. The newest comes first, so that one behind it could seem
 * to fill the hole it has made: they are taken in the order of their numbers.
 */
static void
take_blocks(struct tcp *t, struct tcp_conn *c, struct tcp_extra *x, const struct tcp_options *o,
	bool *filled)
{
	struct tcp_sack_block block[TCP_SACK_BLOCKS_MAX];
	uint32_t n = 0;

	for (uint32_t i = is_duplicate(c, o); i < o->n_sack; i++) {
		uint32_t k = n;

		if (!is_news(c, &o->sack[i]))
			continue;
		for (; k > 0 && seq_lt(o->sack[i].left, block[k - 1].left); k--)
			block[k] = block[k - 1];
		block[k] = o->sack[i];
		n++;
	}
	for (uint32_t i = 0; i < n; i++)
		scoreboard_block(&t->holes, &x->board, c->snd_una, block[i].left, block[i].right,
			tcp_now_us(t), filled);
}

/*
 * RFC 8985 6.2 step 4: each round trip in which something was sent again for nothing makes
 * the reordering window larger, by a quarter of the least round trip.
 */
static void
sent_for_nothing(struct tcp_conn *c, struct tcp_extra *x)
{
	if (x->reo_persist && seq_lt(c->snd_una, x->reo_until))
		return;
	x->reo_until = c->snd_nxt;
	x->reo_steps += x->reo_steps < REO_STEPS_MAX;
	x->reo_persist = REO_PERSIST;
	x->reordered = true;
}

static uint32_t
reordering_window(const struct tcp_conn *c, const struct tcp_extra *x)
{
	uint32_t wnd = (x->reo_steps + 1) * (x->min_rtt_us / 4);

	/* RFC 8985 6.2: none where order has been kept so far and something is lost already. */
	if (!x->reordered && (c->flags & (TCP_F_RECOVERY | TCP_F_LOSS)))
		return 0;
	return wnd < round_trip(c) ? wnd : round_trip(c);
}

/* What is lost by now; true when some of it is news. */
static bool
mark(struct tcp *t, struct tcp_conn *c, struct tcp_extra *x)
{
	struct scoreboard_rule rule = {
		/* RFC 6675 4, IsLost(): more than so many segments, of which the last may be short.
		 */
		.dup_bytes = x->reordered ? 0 : (RECOVERY_DUPACKS - 1) * tcp_segment_room(c) + 1,
		.wait_us = reordering_window(c, x),
		.rtt_us = round_trip(c) + c->rttvar_us,
	};
	uint32_t now = tcp_now_us(t), next;
	bool news = scoreboard_mark(&t->holes, &x->board, &rule, now, &next);

	x->wait_end_us = next == UINT32_MAX ? 0 : (now + next) | 1;
	return news;
}

/* RFC 8985 6.2 step 5, RFC 6937: recovery begins, with `flight` bytes that were under way. */
static void
enter(struct tcp *t, struct tcp_conn *c, uint32_t flight)
{
	struct tcp_extra *x = tcp_extra_of(t, c);

	if ((c->options & TCP_O_NARROW) && tcp_path_probe_failed(t, c)) {
		c->ssthresh = c->cwnd; /* lost for its size: no congestion */
	} else {
		spate_count(t->counters, SPATE_FAST_RETRANSMITS);
		/* RFC 6675 5 (4.2): what left for the first of its signs does not count. */
		tcp_undo_keep(x, c);
		tcp_cwnd_shrink(t, c, flight < c->cwnd ? flight : c->cwnd);
	}
	if (x->reo_persist && --x->reo_persist == 0)
		x->reo_steps = 0;
	c->recover = c->snd_nxt;
	c->flags |= TCP_F_RECOVERY;
	c->flags &= ~TCP_F_RTT;
	x->prr_delivered = x->prr_out = 0;
	x->prr_flight = flight ? flight : 1;
}

/* RFC 6937 3.1: how much may leave for this ACK; `safe` when it shows no further loss. */
static void
reduce(struct tcp *t, struct tcp_conn *c, uint32_t delivered, bool safe, bool first)
{
	struct tcp_extra *x = tcp_extra_of(t, c);
	uint32_t pipe = tcp_rack_pipe(t, c), smss = tcp_segment_room(c), send, want;

	x->prr_delivered += delivered;
	if (pipe > c->ssthresh) {
		want = ((uint64_t)x->prr_delivered * c->ssthresh + x->prr_flight - 1) /
		       x->prr_flight;
		send = want > x->prr_out ? want - x->prr_out : 0;
	} else {
		send = x->prr_delivered > x->prr_out ? x->prr_delivered - x->prr_out : 0;
		if (safe)
			send = (send > delivered ? send : delivered) + smss;
		if (send > c->ssthresh - pipe)
			send = c->ssthresh - pipe;
	}
	if (first && send < smss)
		send = smss; /* the fast retransmission itself */
	c->cwnd = pipe + send;
}

/* All of it is repaired. True when it was fast recovery, so that the window is what it is to be. */
static bool
leave(struct tcp *t, struct tcp_conn *c)
{
	bool fast = c->flags & TCP_F_RECOVERY;

	c->flags &= ~(TCP_F_RECOVERY | TCP_F_LOSS);
	if (fast)
		c->cwnd = c->ssthresh;
	tcp_undo_at_end(t, c, tcp_extra_of(t, c));
	return fast;
}

/*
 * It was for nothing, as the ACK of `acked` numbers says (undo.c): nothing is lost any more, and
 * new data goes on instead of old (RFC 4015 3.2 steps 5 and 6).
 */
static void
go_back(struct tcp *t, struct tcp_conn *c, uint32_t acked)
{
	struct tcp_extra *x = tcp_extra_of(t, c);

	/* A timeout says nothing of the order; everything may have been late. */
	if (c->flags & TCP_F_RECOVERY)
		sent_for_nothing(c, x);
	c->flags &= ~(TCP_F_RECOVERY | TCP_F_LOSS);
	scoreboard_none_lost(&t->holes, &x->board, c->snd_una, tcp_now_us(t));
	c->cwnd = c->snd_nxt - c->snd_una +
		  RTE_MIN(acked, t->conf.initial_window * tcp_segment_room(c));
}

/* Does the ACK say that the loss probe has come twice? */
static bool
of_probe(const struct tcp_conn *c, const struct tcp_extra *x, const struct tcp_options *o)
{
	return x->probe_out && x->probe_again && is_duplicate(c, o) &&
	       o->sack[0].right == x->probe_end;
}

/*
 * RFC 8985 7.4.2: the loss probe is acknowledged. Where it was the last segment again, an ACK
 * of more than it, with no word of its having come twice, means that it has repaired a loss.
 * That word is a D-SACK of its end, or from who has none a plain duplicate ACK.
 */
static void
probe_acked(struct tcp *t, struct tcp_conn *c, uint32_t acked, const struct tcp_options *o)
{
	struct tcp_extra *x = tcp_extra_of(t, c);
	bool repaired = false;

	if (x == NULL || !x->probe_out) {
		c->probing &= !acked; /* there was no room to remember more */
		return;
	}
	if (seq_lt(c->snd_una, x->probe_end))
		return;
	if (x->probe_again && !of_probe(c, x, o)) {
		repaired = seq_gt(c->snd_una, x->probe_end);
		if (!repaired && (acked || o->n_sack))
			return; /* the next ACK tells */
	}
	c->probing = x->probe_out = false;
	if (repaired && !(c->flags & (TCP_F_RECOVERY | TCP_F_LOSS))) {
		tcp_undo_forget(t, c);
		tcp_cwnd_shrink(t, c, x->probe_flight);
		c->cwnd = c->ssthresh;
	}
	tcp_extra_let_go(t, c);
}

/* Whether there is a scoreboard, or reason and room for one. */
static struct tcp_extra *
board_of(struct tcp *t, struct tcp_conn *c, const struct tcp_options *o)
{
	struct tcp_extra *x = tcp_extra_of(t, c);

	if (x && x->rack)
		return x;
	/* What recovery.c has begun it ends. */
	if ((c->flags & (TCP_F_RECOVERY | TCP_F_LOSS)) || !any_news(c, o))
		return NULL;
	return begin(t, c);
}

/*
 * Another timer may be due, or the same at another time; but the timeout's, and that of a closed
 * window, waits for no more than ACKs of new data (RFC 6298 5.3), which ack.c sees to. At once:
 * there may be no output, and whoever waits for the next deadline is told of it before.
 */
static void
timer_after(struct tcp *t, struct tcp_conn *c)
{
	if (c->snd_wnd && (tcp_rack_wait_us(t, c) || c->timer == TCP_TIMER_LOSS_PROBE ||
				  c->timer == TCP_TIMER_REORDER))
		tcp_timer_update(t, c, true);
}

bool
tcp_rack_ack(struct tcp *t, struct tcp_conn *c, uint32_t acked, const struct tcp_options *o)
{
	struct tcp_extra *x = tcp_extra_of(t, c);
	bool twice = is_duplicate(c, o), lost, over, first = false, filled = false, left = false;
	uint32_t before, delivered;

	/* A loss probe's coming twice says nothing of the order (RFC 8985 7.4.2). */
	if (x && twice && !of_probe(c, x, o)) {
		sent_for_nothing(c, x);
		tcp_undo_twice(t, c, x, &o->sack[0]);
	}
	if (x)
		tcp_undo_expire(t, c, x);
	if (c->probing)
		probe_acked(t, c, acked, o);
	x = board_of(t, c, o);
	if (x == NULL) /* RFC 6675 2: without news, no duplicate ACK */
		return acked == 0 && twice && !any_news(c, o);
	before = scoreboard_sacked(&t->holes, &x->board, c->snd_una - acked);
	scoreboard_ack(&t->holes, &x->board, c->snd_una, &filled);
	take_blocks(t, c, x, o, &filled);
	x->reordered |= filled && !(c->flags & TCP_F_LOSS);
	delivered = acked + scoreboard_sacked(&t->holes, &x->board, c->snd_una) - before;
	if (acked && (c->flags & (TCP_F_RECOVERY | TCP_F_LOSS)) && !twice &&
		tcp_undo_late(t, c, x, o)) {
		go_back(t, c, acked);
		left = true;
	} else if ((c->flags & (TCP_F_RECOVERY | TCP_F_LOSS)) && seq_geq(c->snd_una, c->recover)) {
		left = leave(t, c);
	}
	lost = mark(t, c, x);
	if (lost && !(c->flags & (TCP_F_RECOVERY | TCP_F_LOSS))) {
		enter(t, c, c->snd_nxt - c->snd_una + acked);
		first = true;
	}
	if (c->flags & TCP_F_RECOVERY) {
		reduce(t, c, delivered, acked && !lost, first);
	} else if (!(c->options & TCP_O_ECN_CUT) && acked && !left) {
		c->cwnd_limited |= !!(c->flags & TCP_F_LOSS);
		tcp_cwnd_grow(t, c, acked);
	}
	tcp_ready(t, c);
	over = !x->board.any && !(c->flags & (TCP_F_RECOVERY | TCP_F_LOSS));
	if (over)
		tcp_rack_clear(t, c);
	timer_after(t, c);
	/* Over before it began there was no room for a hole. */
	return !over || acked || !any_news(c, o);
}

bool
tcp_rack_all_lost(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_extra *x = tcp_extra_of(t, c);

	if (c->probing && x)
		x->probe_out = false;
	c->probing = false;
	if (!(c->options & TCP_O_SACK) || c->state < SPATE_ESTABLISHED)
		return false;
	x = begin(t, c);
	if (x == NULL)
		return false;
	x->wait_end_us = 0;
	/* RFC 2018 8: what lies at SND.UNA was reported, and not kept: of the rest no word holds.
	 */
	if (scoreboard_reneged(&t->holes, &x->board, c->snd_una))
		scoreboard_clear(&t->holes, &x->board);
	if (scoreboard_all_lost(&t->holes, &x->board, c->snd_una, c->snd_nxt, tcp_now_us(t)))
		return true;
	tcp_rack_clear(t, c);
	return false;
}

uint32_t
tcp_rack_next(const struct tcp *t, const struct tcp_conn *c, uint32_t *seq)
{
	const struct tcp_hole *h = scoreboard_next(&t->holes, &tcp_extra_of(t, c)->board);

	if (h == NULL)
		return 0;
	*seq = h->rtx;
	return h->end - h->rtx;
}

void
tcp_rack_sent(struct tcp *t, struct tcp_conn *c, uint32_t len, bool again)
{
	struct tcp_extra *x = tcp_extra_of(t, c);

	x->prr_out += len;
	if (!again)
		return;
	tcp_undo_sent(t, x, len);

	struct tcp_hole *h = scoreboard_next(&t->holes, &x->board);

	h->rtx += len;
	h->rtx_nxt = c->snd_nxt;
	h->rtx_us = tcp_now_us(t);
	h->again = true;
	h->passed = false;
}

bool
tcp_rack_may_probe(const struct tcp *t, const struct tcp_conn *c)
{
	/*
	 * RFC 8985 7.2. A single segment may wait for the peer's delayed ACK, which makes the
	 * probe no earlier than the timeout.
	 */
	return t->conf.loss_probe_ms && (c->options & TCP_O_SACK) && c->srtt_us && !c->probing &&
	       c->backoff == 0 && !(c->flags & (TCP_F_RECOVERY | TCP_F_LOSS)) &&
	       !tcp_rack_active(t, c) &&
	       c->snd_nxt - c->snd_una - !!(c->flags & TCP_F_FIN_SENT) > tcp_segment_room(c);
}

uint64_t
tcp_rack_probe_us(const struct tcp *t, const struct tcp_conn *c)
{
	uint64_t wait = 2ull * c->srtt_us, rto = tcp_rto_us(t, c);

	if (wait < t->conf.loss_probe_ms * 1000ull)
		wait = t->conf.loss_probe_ms * 1000ull;
	return wait < rto ? wait : rto;
}

void
tcp_rack_probed(struct tcp *t, struct tcp_conn *c, bool fresh)
{
	struct tcp_extra *x = tcp_extra_take(t, c);

	c->probing = true; /* from now on it is the timeout's turn */
	if (x == NULL)
		return;
	x->probe_out = true;
	x->probe_again = !fresh;
	x->probe_end = c->snd_nxt;
	x->probe_ts = t->ts_now;
	x->probe_flight = c->snd_nxt - c->snd_una;
}

uint32_t
tcp_rack_wait_us(const struct tcp *t, const struct tcp_conn *c)
{
	const struct tcp_extra *x = tcp_extra_of(t, c);
	uint32_t left;

	if (x == NULL || !x->rack || x->wait_end_us == 0)
		return 0;
	left = x->wait_end_us - tcp_now_us(t);
	return (int32_t)left > 0 ? left : 1;
}

void
tcp_rack_timeout(struct tcp *t, struct tcp_conn *c)
{
	if (!tcp_rack_active(t, c) || !mark(t, c, tcp_extra_of(t, c)))
		return;
	if (!(c->flags & (TCP_F_RECOVERY | TCP_F_LOSS)))
		enter(t, c, c->snd_nxt - c->snd_una);
	if (c->flags & TCP_F_RECOVERY)
		reduce(t, c, 0, false, true);
	tcp_ready(t, c);
}
