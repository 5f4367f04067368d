/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A segment's text and FIN (RFC 9293 3.10.7.4, seventh and eighth): cut down to what is new,
 * delivered in order, each number once; what lies beyond a gap is reassembly.c's. And when it is
 * acknowledged (RFC 1122 4.2.3.2, RFC 5681 4.2).
 */
#include <errno.h>

#include "tcp/acceptable.h"
#include "tcp/chain.h"
#include "tcp/reassembly.h"
#include "tcp/receive_window.h"
#include "tcp/recovery.h"
#include "tcp/sack.h"
#include "tcp/state.h"

/* A segment of so many bytes may be one of very many. */
#define BULK_LEAST 512

/* What of the segment lies below RCV.NXT has come before: RFC 2883. */
void
tcp_note_duplicate(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	uint32_t end = s->seq + tcp_seg_len(s);

	/* Farther back than a window it is of an earlier connection rather than of this one. */
	if (c->rcv_nxt - s->seq > tcp_receive_buffer(t, c))
		return;
	if (seq_lt(s->seq, c->rcv_nxt) && end != s->seq)
		tcp_sack_duplicate(t, c, s->seq, seq_lt(end, c->rcv_nxt) ? end : c->rcv_nxt);
}

/* Cut a segment that passed the sequence check down to what is new and in the window. */
static void
trim(struct tcp_seg *s, uint32_t rcv_nxt, uint32_t wnd)
{
	if (seq_lt(s->seq, rcv_nxt)) {
		uint32_t old = rcv_nxt - s->seq;

		if (old > s->data_len) {
			old = s->data_len;
			s->flags &= ~TCP_FIN;
		}
		s->data += old;
		s->data_len -= old;
		s->seq = rcv_nxt;
	}

	uint32_t offset = s->seq - rcv_nxt;

	if (offset + tcp_seg_len(s) > wnd) {
		s->flags &= ~TCP_FIN;
		if (offset + s->data_len > wnd)
			s->data_len = wnd - offset;
	}
}

/* The peer's FIN has been taken and, where there is one, the application told. */
static void
fin_received(struct tcp *t, struct tcp_conn *c)
{
	if (!(c->flags & TCP_F_ORPHAN)) {
		t->ops->on_peer_fin(t->app, tcp_conn_index(t, c));
		if (c->state == SPATE_CLOSED)
			return;
	}
	if (c->state == SPATE_FIN_WAIT_1 || c->state == SPATE_FIN_WAIT_2)
		tcp_advance(t, c, TCP_EV_FIN);
}

/* Nobody is left to read, and the peer must know: RFC 1122 4.2.2.13 (CM-15). */
static void
refuse_data(struct tcp *t, struct tcp_conn *c)
{
	spate_count(t->counters, SPATE_UNREAD_CLOSE);
	tcp_abort(t, c, -ECONNABORTED);
}

/*
 * `len` bytes at RCV.NXT, and behind them the FIN if `fin`: RCV.NXT moves, and the application
 * is told. False when no more can follow: the FIN was there, or the connection is gone.
 */
static bool
deliver(struct tcp *t, struct tcp_conn *c, const uint8_t *data, uint32_t len, bool fin)
{
	if (len && (c->flags & TCP_F_ORPHAN)) {
		refuse_data(t, c);
		return false;
	}
	c->rcv_nxt += len + fin;
	if (seq_gt(c->rcv_nxt, c->rcv_adv))
		c->rcv_adv = c->rcv_nxt; /* a bare FIN behind a closed window */
	c->options |= TCP_O_BEHIND;
	/*
	 * The state moves before the application hears of the data, so that a close() from
	 * there answers the FIN (LAST_ACK) instead of crossing it (CLOSING).
	 */
	if (fin && c->state == SPATE_ESTABLISHED)
		tcp_advance(t, c, TCP_EV_FIN);
	if (len) {
		spate_count_n(t->counters, SPATE_RX_BYTES, len);

		uint32_t used = t->ops->on_data(t->app, tcp_conn_index(t, c), data, len);

		if (c->state == SPATE_CLOSED)
			return false;
		/* What is lent is not yet unread: a close() from there closes in order. */
		c->rcv_unread += used < len ? len - used : 0;
		if (c->rcv_unread && (c->flags & TCP_F_ORPHAN)) {
			refuse_data(t, c);
			return false;
		}
	}
	if (fin)
		fin_received(t, c);
	return !fin;
}

/* The segment begins at RCV.NXT, and something is held: both, each number once, in order. */
static void
fill_gap(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	uint32_t end = s->seq + s->data_len, fin = end, held_fin, n;
	bool has_fin = s->flags & TCP_FIN, more = true;

	/* In order decides: a FIN there ends it, whatever is held beyond. */
	if (tcp_reassembly_fin(t, c, &held_fin) && (!has_fin || seq_lt(held_fin, fin))) {
		has_fin = true;
		fin = held_fin;
	}
	while (more) {
		uint32_t gap = tcp_reassembly_gap(t, c);
		const uint8_t *data = s->data;
		struct rte_mbuf *m = NULL;

		n = 0;
		if (gap == 0) {
			m = tcp_reassembly_take(t, c, &data, &n);
		} else if (seq_lt(c->rcv_nxt, end)) {
			data += c->rcv_nxt - s->seq;
			n = end - c->rcv_nxt < gap ? end - c->rcv_nxt : gap;
		}
		if (has_fin && n > fin - c->rcv_nxt)
			n = fin - c->rcv_nxt;

		bool last = has_fin && c->rcv_nxt + n == fin;

		if (last)
			tcp_reassembly_clear(t, c);
		more = (n || last) && deliver(t, c, data, n, last);
		rte_pktmbuf_free(m);
	}
	tcp_extra_let_go(t, c);
}

/* What of a segment at RCV.NXT is held already; what lies below it has been noted. */
static void
note_held(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	struct tcp_stretch held = {0};
	uint32_t end = s->seq + tcp_seg_len(s);

	if (tcp_reassembly_lowest(t, c, &held) && seq_lt(held.from, end))
		tcp_sack_duplicate(t, c, held.from, seq_lt(held.to, end) ? held.to : end);
}

/*
 * RFC 1122 4.2.3.2, RFC 5681 4.2: the ACK of data in order may wait for something to ride on,
 * but not that of a second segment, nor of more than one in a piece. While something of ours
 * is in flight the connection's one timer is taken: no wait then.
 */
static bool
ack_may_wait(const struct tcp *t, const struct tcp_conn *c, const struct tcp_seg *s)
{
	return t->conf.delayed_ack_ms && !(c->options & TCP_O_BEHIND) &&
	       !(c->flags & TCP_F_ACK_NOW) && s->data_len <= c->mss && !(s->flags & TCP_FIN) &&
	       c->snd_una == c->snd_nxt && !tcp_unsent(c);
}

/* The same of a segment whose data goes on in further buffers: one after the other. */
static void
deliver_chain(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	bool fin = s->flags & TCP_FIN;
	struct tcp_pieces p = tcp_pieces(s);
	bool more = true;

	if (s->data_len == 0)
		deliver(t, c, s->data, 0, fin);
	while (more && tcp_next_piece(&p))
		more = deliver(t, c, p.data, p.len, fin && p.left == 0);
}

/*
 * Beyond a gap, or filling one: each buffer's part as a segment of its own, the FIN being the
 * last one's. What one of them does, the next may find done. What of it had come before is the
 * first stretch of that in the whole (RFC 2883 4).
 */
static void
text_in_pieces(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s, bool old)
{
	struct tcp_pieces p = tcp_pieces(s);
	struct tcp_seg piece = *s;
	struct tcp_stretch twice, more;
	bool earlier = tcp_sack_take_duplicate(t, c, &twice), found = earlier && old;

	piece.chain = NULL;
	while (c->state != SPATE_CLOSED && tcp_next_piece(&p)) {
		piece.seq = s->seq + s->data_len - p.left - p.len;
		piece.data = p.data;
		piece.data_len = p.len;
		piece.flags = p.left ? s->flags & ~TCP_FIN : s->flags;
		tcp_input_text(t, c, &piece);
		if (c->state == SPATE_CLOSED)
			return;
		if (!tcp_sack_take_duplicate(t, c, &more))
			continue;
		if (!found)
			twice = more;
		else if (more.from == twice.to)
			twice.to = more.to;
		found = true;
	}
	if (found || earlier)
		tcp_sack_duplicate(t, c, twice.from, twice.to);
}

/* In order, and nothing is held beyond it. */
static void
text_in_order(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	if (ack_may_wait(t, c, s)) {
		tcp_timer_due(c);
	} else {
		tcp_ack_now(t, c);
		if (s->data_len >= BULK_LEAST)
			tcp_receive_measure(t, c);
	}
	if (unlikely(s->chain != NULL))
		deliver_chain(t, c, s);
	else
		deliver(t, c, s->data, s->data_len, s->flags & TCP_FIN);
}

/* Seventh and eighth: text and FIN. */
void
tcp_input_text(struct tcp *t, struct tcp_conn *c, struct tcp_seg *s)
{
	bool old = seq_lt(s->seq, c->rcv_nxt);

	if (old) {
		tcp_note_duplicate(t, c, s);
		tcp_ack_now(t, c);
	}
	/* DT-05: a FIN with nothing in front of it takes no room. */
	trim(s, c->rcv_nxt,
		acceptable_bare_fin(c->rcv_nxt, s->seq, s->data_len, s->flags & TCP_FIN)
			? 1
			: tcp_rcv_wnd(c));

	if (s->data_len == 0 && !(s->flags & TCP_FIN))
		return;
	/* After the peer's FIN there is no more to come (RFC 9293: "should not occur"). */
	if (c->state != SPATE_ESTABLISHED && c->state != SPATE_FIN_WAIT_1 &&
		c->state != SPATE_FIN_WAIT_2) {
		spate_count(t->counters, SPATE_AFTER_FIN);
		return;
	}
	if (s->data_len && (c->flags & TCP_F_ORPHAN)) {
		refuse_data(t, c);
		return;
	}
	if (s->seq == c->rcv_nxt && (c->extra == TCP_EXTRA_NONE || !tcp_reassembly_any(t, c))) {
		text_in_order(t, c, s);
		return;
	}
	if (s->chain && s->data_len) {
		text_in_pieces(t, c, s, old);
		return;
	}
	tcp_ack_now(t, c); /* of a gap, or of what fills it: RFC 5681 4.2 */
	if (s->seq != c->rcv_nxt) {
		spate_count(t->counters, SPATE_OUT_OF_ORDER);
		tcp_reassembly_keep(t, c, s);
		return;
	}
	if (!old)
		note_held(t, c, s);
	fill_gap(t, c, s);
}
