/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A segment arrives (RFC 9293 3.10.7.4). One pass for every synchronised state, in the
 * RFC's order: PAWS, sequence, RST, SYN, ACK, text, FIN. A step that says "drop"
 * returns; a callback may end the connection, so its state is looked at after each.
 */
#include <errno.h>

#include "tcp/acceptable.h"
#include "tcp/auth.h"
#include "tcp/reassembly.h"
#include "tcp/receive_window.h"
#include "tcp/recovery.h"
#include "tcp/sack.h"
#include "tcp/state.h"
#include "tcp/tcp.h"

/*
 * What of a segment's options is for a connection that has begun: timestamps, SACK blocks,
 * the user timeout. Nothing else of `o` is written unless there is more than a timestamp,
 * which saves clearing it for nearly every segment.
 */
static void
read_options(struct tcp *t, const struct tcp_seg *s, struct tcp_options *o)
{
	o->has_ts = tcp_options_parse_ts_only(s->opts, s->opts_len, &o->tsval, &o->tsecr);
	o->has_uto = false;
	o->n_sack = 0;
	if (likely(o->has_ts || s->opts_len == 0))
		return;
	tcp_options_parse(s->opts, s->opts_len, o);
	if (o->malformed)
		spate_count(t->counters, SPATE_OPTIONS_MALFORMED);
}

/*
 * What is dropped may be a retransmission, which is owed an ACK. Where there is nothing in it, or a
 * SYN, the answer is a challenge, and limited (RFC 5961 7): it could start a quarrel.
 */
static void
owed_or_challenge(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	if (tcp_seg_len(s) > 0 && !(s->flags & TCP_SYN))
		tcp_ack_now(t, c);
	else
		tcp_challenge_ack(t, c);
}

/*
 * RFC 7323 5.3: the timestamp, before anything else is believed; RST is exempt. False:
 * dropped.
 */
static bool
check_timestamp(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s, struct tcp_options *o)
{
	if (!o->has_ts)
		o->tsval = c->ts_recent;
	if (s->flags & TCP_RST)
		return true;
	if (!o->has_ts) {
		/* RFC 7323 3.2: once agreed, a segment without it is not from this connection. */
		if (t->conf.tolerate_missing_ts || (s->flags & TCP_SYN))
			return true; /* a restarted peer's SYN must draw its challenge (RFC 5961 4)
				      */
		spate_count(t->counters, SPATE_MISSING_TIMESTAMP);
		return false;
	}
	if (acceptable_ts(c->ts_recent, o->tsval) || (c->options & TCP_O_TS_OLD))
		return true;
	spate_count(t->counters, SPATE_PAWS_DROPPED);
	owed_or_challenge(t, c, s);
	return false;
}

/*
 * CM-21: the SYN+ACK that made this connection comes again, so our ACK of it was lost. It
 * names both ISNs, which nobody guesses: no challenge, and no limit.
 */
static bool
syn_ack_again(const struct tcp_conn *c, const struct tcp_seg *s)
{
	return c->state >= SPATE_ESTABLISHED && (s->flags & TCP_SYN) && (s->flags & TCP_ACK) &&
	       s->seq == c->rcv_nxt - 1 && s->ack == c->snd_una;
}

/* First check failed: answer, unless the answer could start a quarrel. */
static void
unacceptable(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	spate_count(t->counters, SPATE_UNACCEPTABLE_SEQ);
	if (syn_ack_again(c, s)) {
		tcp_ack_now(t, c);
		return;
	}
	if (tcp_seg_len(s) > 0 && !(s->flags & TCP_SYN))
		tcp_note_duplicate(t, c, s);
	owed_or_challenge(t, c, s);
}

/* Second check (RS-05, RS-06, CM-07, CM-14). */
static void
reset_received(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	switch (acceptable_rst(c->rcv_nxt, tcp_rcv_wnd(c), s->seq)) {
	case RST_DROP:
		spate_count(t->counters, SPATE_RST_IGNORED);
		return;
	case RST_CHALLENGE:
		spate_count(t->counters, SPATE_RST_IGNORED);
		tcp_challenge_ack(t, c);
		return;
	case RST_RESET:
		break;
	}
	if (tcp_is_embryo(c))
		tcp_embryo_end(t, c, SPATE_EMBRYO_RESET);
	else if (c->state == SPATE_SYN_RCVD)
		tcp_conn_end(t, c, -ECONNREFUSED);
	else if (c->state == SPATE_CLOSING || c->state == SPATE_LAST_ACK)
		tcp_conn_end(t, c, 0);
	else
		tcp_conn_end(t, c, -ECONNRESET);
}

/*
 * A SYN in SYN_RCVD, ahead of the sequence check. The same SYN again: our answer was
 * lost, or is late (CM-20). The SYN+ACK of a simultaneous open: half of it is the ACK we
 * wait for (CM-05). Returns true when the segment needs no more.
 */
static bool
syn_in_syn_rcvd(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	if (s->seq == c->rcv_nxt - 1 && !(s->flags & TCP_ACK)) {
		/* Sent twice it is not timed (Karn), and one of the two may be lost (RFC 5681 3.1).
		 */
		c->flags |= c->flags & TCP_F_SYN_DUE ? 0 : TCP_F_SYN_LOST;
		c->flags |= TCP_F_SYN_DUE;
		tcp_ecn_take_syn(c, s->flags);
		tcp_ready(t, c);
		return true;
	}
	if (tcp_is_embryo(c) || s->seq != c->rcv_nxt - 1 || s->ack != c->snd_nxt)
		return false;
	tcp_ack_syn(t, c, s);
	tcp_established(t, c);
	if (c->state != SPATE_CLOSED) {
		tcp_ack_now(t, c);
		tcp_timer_due(c);
	}
	return true;
}

/* Fifth check: is the ACK acceptable? */
static __rte_always_inline bool
ack_fits(const struct tcp_conn *c, const struct tcp_seg *s)
{
	/* MAX.SND.WND, and what a SYN may have offered, whose window is not scaled. */
	uint32_t max_wnd = RTE_MAX((uint32_t)c->wnd_max << tcp_snd_wscale(c), UINT16_MAX);

	if (unlikely(c->state == SPATE_SYN_RCVD))
		return seq_gt(s->ack, c->snd_una) && seq_leq(s->ack, c->snd_nxt);
	return acceptable_ack(c->snd_una, c->snd_nxt, max_wnd, s->ack);
}

/* It is not: answered, and to be dropped. */
static __rte_noinline void
refuse_ack(struct tcp *t, struct tcp_conn *c, const struct tcp_rx *rx)
{
	spate_count(t->counters, SPATE_UNACCEPTABLE_ACK);
	/* In SYN_RCVD an RST goes, and the state stays (RS-04). */
	if (c->state == SPATE_SYN_RCVD)
		tcp_reset_reply(t, rx);
	/* RFC 5961 7 limits what an attacker without data could draw. */
	else if (rx->seg.data_len)
		tcp_ack_now(t, c);
	else
		tcp_challenge_ack(t, c);
}

/* It is, in SYN_RCVD. False: drop. */
static bool
ack_in_syn_rcvd(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	/* CM-18: as if it had been lost; our SYN+ACK goes again until there is room. */
	if (tcp_is_embryo(c) && tcp_no_room(t, c->listener))
		return false;
	c->flags &= ~TCP_F_SYN_DUE;
	tcp_ack_syn(t, c, s);
	tcp_established(t, c);
	if (c->state == SPATE_CLOSED)
		return false;
	tcp_timer_due(c);
	return true;
}

/* SEG.ACK == SND.UNA, and it may tell of a loss, or of something sent for nothing. */
static void
ack_again(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s, const struct tcp_options *o)
{
	uint32_t wnd = (uint32_t)s->wnd << tcp_snd_wscale(c);
	/* RFC 5681 2: what counts as a duplicate ACK. Answers to window probes are none. */
	bool plain = s->data_len == 0 && wnd == c->snd_wnd && wnd != 0 && !(s->flags & TCP_FIN);

	if ((c->options & TCP_O_SACK) &&
		(o->n_sack || tcp_rack_active(t, c) || (c->probing && plain)) &&
		tcp_rack_ack(t, c, 0, o))
		return;
	if (plain && c->snd_nxt != c->snd_una)
		tcp_ack_duplicate(t, c);
}

/* It is, in the states from ESTABLISHED on. False: drop. */
static bool
ack_received(
	struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s, const struct tcp_options *o)
{
	uint32_t in_flight = c->snd_nxt - c->snd_una;

	c->probes = 0;
	if (c->timer == TCP_TIMER_KEEPALIVE)
		tcp_timer_due(c);
	if ((s->flags & TCP_ECE) && in_flight && (c->options & TCP_O_ECN))
		tcp_congestion_notified(t, c);
	if (seq_gt(s->ack, c->snd_una)) {
		bool data = seq_lt(c->snd_una, c->snd_end);

		tcp_ack_new(t, c, s->ack, o);
		tcp_update_window(t, c, s);
		if ((c->flags & TCP_F_FIN_SENT) && c->snd_una == c->snd_nxt) {
			if (!tcp_advance(t, c, TCP_EV_FIN_ACKED))
				return false;
			tcp_timer_due(c); /* FIN_WAIT_2 has one of its own */
		}
		if (data && c->snd_una == c->snd_end && !(c->flags & TCP_F_FIN_QUEUED)) {
			t->ops->on_sendable(t->app, tcp_conn_index(t, c));
			return c->state != SPATE_CLOSED;
		}
		return true;
	}
	if (s->ack == c->snd_una && (in_flight || c->probing || o->n_sack))
		ack_again(t, c, s, o);
	tcp_update_window(t, c, s);
	return true;
}

/* Is it a FIN with nothing in front of it, which takes no room (DT-05)? */
static bool
bare_fin(const struct tcp_conn *c, const struct tcp_seg *s)
{
	return c->state >= SPATE_ESTABLISHED && !(s->flags & (TCP_SYN | TCP_RST)) &&
	       acceptable_bare_fin(c->rcv_nxt, s->seq, s->data_len, s->flags & TCP_FIN);
}

/*
 * RFC 9293 3.10.7.4: while RCV.WND is zero nothing is acceptable but valid ACKs are. With
 * both windows closed they come one number ahead, behind the byte of the peer's probe. And
 * a peer that has filled the window, but not what was lost of it, says so from its end: an
 * empty ACK there is as valid, and may be the only sign of life.
 */
static bool
behind_window(const struct tcp_conn *c, const struct tcp_seg *s)
{
	uint32_t wnd = tcp_rcv_wnd(c), ahead = s->seq - c->rcv_nxt;

	if (c->state < SPATE_ESTABLISHED || (s->flags & (TCP_ACK | TCP_SYN | TCP_RST)) != TCP_ACK)
		return false;
	return wnd == 0 ? ahead <= 1 : ahead == wnd && tcp_seg_len(s) == 0;
}

static void
input_conn(struct tcp *t, struct tcp_conn *c, struct tcp_rx *rx)
{
	struct tcp_seg *s = &rx->seg;
	struct tcp_options o;

	if (c->state == SPATE_SYN_RCVD && (s->flags & (TCP_SYN | TCP_RST)) == TCP_SYN &&
		syn_in_syn_rcvd(t, c, s))
		return;
	/* RFC 7323 5.3 R1, ahead of the first check. */
	read_options(t, s, &o);
	if ((c->flags & TCP_F_TS) && !check_timestamp(t, c, s, &o))
		return;
	/* Second, RST: its number alone counts, also with text in it while the window is closed. */
	if (unlikely(s->flags & TCP_RST)) {
		reset_received(t, c, s);
		return;
	}
	/* First, the sequence number. */
	if (!acceptable_seq(c->rcv_nxt, tcp_rcv_wnd(c), s->seq, tcp_seg_len(s)) &&
		!bare_fin(c, s)) {
		if (!behind_window(c, s))
			unacceptable(t, c, s);
		else if (!ack_fits(c, s))
			refuse_ack(t, c, rx);
		else if (ack_received(t, c, s, &o) && tcp_seg_len(s) > 0)
			unacceptable(t, c, s);
		return;
	}
	/* Fourth, SYN: RFC 9293 3.10.7.4, a passive SYN_RCVD returns to LISTEN; else RFC 5961 4. */
	if (s->flags & TCP_SYN) {
		if (tcp_is_embryo(c))
			tcp_embryo_end(t, c, SPATE_EMBRYO_REPLACED);
		else
			tcp_challenge_ack(t, c);
		return;
	}
	/* Fifth, ACK. */
	if (!(s->flags & TCP_ACK)) {
		spate_count(t->counters, SPATE_NO_ACK_BIT);
		return;
	}
	if (unlikely(!ack_fits(c, s))) {
		refuse_ack(t, c, rx);
		return;
	}
	/*
	 * RFC 7323 4.3: TS.Recent moves with segments at or before the last ACK sent; but not with
	 * what is dropped for its SYN or its ACK, or one blind guess would close PAWS for good.
	 */
	if ((c->flags & TCP_F_TS) && seq_leq(s->seq, c->rcv_nxt) && !(c->options & TCP_O_BEHIND) &&
		o.tsval != c->ts_recent) {
		c->ts_recent = o.tsval;
		c->options &= ~TCP_O_TS_OLD;
	}
	if (c->state == SPATE_SYN_RCVD ? !ack_in_syn_rcvd(t, c, s) : !ack_received(t, c, s, &o))
		return;
	tcp_ecn_data(t, c, rx);
	if (unlikely(t->conf.user_timeout_option))
		tcp_user_timeout_input(t, c, &o);
	/* Sixth, urgent data is delivered in line (RFC 6093). Seventh and eighth: */
	tcp_input_text(t, c, s);
}

/*
 * A SYN that was answered by a cookie and, sent again, found room has had two SYN+ACKs. Its
 * sender takes the one that comes first; an ACK of the cookie would draw the RST of RS-04
 * and end a connection nothing is wrong with (RFC 4987 3.6). The SYN_RCVD gives way to the
 * one the cookie stands for.
 */
static struct tcp_conn *
cookie_instead(struct tcp *t, struct tcp_conn *c, struct tcp_rx *rx)
{
	const struct tcp_seg *s = &rx->seg;
	uint16_t listener = c->listener;
	struct tcp_options o;

	if ((c->flags & TCP_F_OVER_TW) || s->ack == c->snd_nxt ||
		(s->flags & (TCP_ACK | TCP_SYN | TCP_RST)) != TCP_ACK ||
		!tcp_cookie_valid(t, rx, &o))
		return c;
	if (tcp_no_room(t, listener))
		return NULL;
	tcp_embryo_end(t, c, SPATE_EMBRYO_REPLACED);
	return tcp_input_listen(t, rx, listener);
}

void
tcp_input(struct tcp *t, struct tcp_rx *rx)
{
	uint32_t handle = conn_table_confirm(&t->table, rx->hash, rx->key, rx->handle);

	spate_count(t->counters, SPATE_RX_SEGMENTS);
	if (tcp_quiet(t))
		return;
	if (rx->seg.flags & TCP_RST)
		spate_count(t->counters, SPATE_RST_RECEIVED);
	/* A TIME_WAIT that a SYN of this very burst is about to replace still has its key. */
	if (handle != CONN_TABLE_NONE && (handle & CONN_TABLE_SPACE) &&
		(t->tw.records[handle & ~CONN_TABLE_SPACE].flags & TIMEWAIT_CHILD))
		handle = conn_table_lookup(&t->table, rx->hash, rx->key);
	/* RFC 5925 7.5: before anything else of it is believed. */
	if (unlikely(t->auth_look) && !tcp_auth_input(t, rx, handle))
		return;
	if (handle != CONN_TABLE_NONE && !(handle & CONN_TABLE_SPACE)) {
		struct tcp_conn *c = tcp_conn_at(t, handle);

		if (c->state == SPATE_SYN_SENT)
			tcp_input_syn_sent(t, c, rx);
		else if (!tcp_is_embryo(c) || (c = cookie_instead(t, c, rx)) != NULL)
			input_conn(t, c, rx);
		if (c)
			tcp_timer_settle(t, c);
		return;
	}
	if (handle != CONN_TABLE_NONE) {
		tcp_input_time_wait(t, rx, handle & ~CONN_TABLE_SPACE);
		return;
	}

	uint16_t listener = listener_lookup(&t->listeners, rx->key->laddr, rx->key->lport);

	if (listener != LISTENER_NONE) {
		struct tcp_conn *c = tcp_input_listen(t, rx, listener);

		if (c) {
			input_conn(t, c, rx);
			tcp_timer_settle(t, c);
		}
		return;
	}
	spate_count(t->counters, SPATE_NO_CONNECTION);
	if (rx->seg.flags & TCP_RST)
		spate_count(t->counters, SPATE_RST_IGNORED);
	tcp_reset_reply(t, rx);
}
