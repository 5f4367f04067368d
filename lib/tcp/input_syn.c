/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments before there is a synchronised connection: LISTEN (RFC 9293 3.10.7.2) and
 * SYN_SENT (3.10.7.3). The checks stand in the order of the RFC.
 */
#include <errno.h>

#include "tcp/auth.h"
#include "tcp/seq.h"
#include "tcp/state.h"
#include "tcp/tcp.h"

/*
 * A record in SYN_RCVD as the peer's SYN with sequence number `irs` makes it, in place of
 * `instead` (a TIME_WAIT's handle). Sequence numbers of ours are the caller's to set.
 */
static struct tcp_conn *
make_embryo(struct tcp *t, const struct tcp_rx *rx, uint16_t listener, uint32_t instead,
	uint32_t irs, const struct tcp_options *o)
{
	uint16_t hop = ip_hop(t->ip, rx->key->raddr);
	struct tcp_conn *c = NULL;

	if (hop != NEIGH_NONE)
		c = tcp_conn_new(t, rx->key, rx->hash, SPATE_SYN_RCVD, hop, instead);
	if (c == NULL)
		return NULL;
	c->flags = TCP_F_PASSIVE | tcp_offer(t);
	c->rcv_nxt = c->rcv_adv = irs + 1;
	c->snd_wl1 = irs;
	c->listener = listener;
	tcp_take_syn_options(t, c, o);
	if (rx->seg.flags & TCP_SYN) {
		tcp_ecn_offer(t, c);
		tcp_ecn_take_syn(c, rx->seg.flags);
	}
	t->listeners.entry[listener].backlog++;
	return c;
}

bool
tcp_accept_syn(struct tcp *t, const struct tcp_rx *rx, uint16_t listener, uint32_t tw,
	const struct tcp_options *o)
{
	uint32_t instead = tw == TIMEWAIT_NONE ? CONN_TABLE_NONE : tw | CONN_TABLE_SPACE;
	struct tcp_conn *c = make_embryo(t, rx, listener, instead, rx->seg.seq, o);
	uint32_t iss;

	if (c == NULL)
		return false;
	tcp_isn(t, rx->key, &iss, &c->ts_offset);
	if (tw != TIMEWAIT_NONE) {
		iss = tcp_time_wait_iss(t, tw);
		t->tw.records[tw].flags |= TIMEWAIT_CHILD;
		c->flags |= TCP_F_OVER_TW;
		c->over_tw = tw;
		/* It leaves the queue when the handshake is complete, if not before. */
		delay_queue_fetch(&t->tw.queue, tw);
	}
	c->snd_una = iss;
	c->snd_nxt = c->snd_end = iss + 1;
	c->snd_wnd = rx->seg.wnd;
	c->flags |= TCP_F_SYN_DUE;
	if (t->auth)
		tcp_auth_accept(t, c, rx);
	spate_count(t->counters, SPATE_SYN_RECEIVED);
	tcp_ready(t, c);
	return true;
}

struct tcp_conn *
tcp_accept_cookie(struct tcp *t, const struct tcp_rx *rx, uint16_t listener, uint32_t iss,
	const struct tcp_options *o)
{
	struct tcp_conn *c = make_embryo(t, rx, listener, CONN_TABLE_NONE, rx->seg.seq - 1, o);
	uint32_t no_iss;

	if (c == NULL)
		return NULL;
	tcp_isn(t, rx->key, &no_iss, &c->ts_offset);
	c->snd_una = iss;
	c->snd_nxt = c->snd_end = iss + 1;
	tcp_window_field(t, c, true); /* what the SYN+ACK has offered */
	return c;
}

/*
 * Half-open connections a listener may have: what it was given, or three quarters of all
 * there may be, so that a flood leaves room for those who answer.
 */
static uint32_t
backlog_limit(const struct tcp *t, const struct listener *l)
{
	return l->backlog_max ? l->backlog_max : t->max_conns - t->max_conns / 4;
}

bool
tcp_no_room(struct tcp *t, uint16_t listener)
{
	if (!t->listeners.entry[listener].full)
		return false;
	spate_count(t->counters, SPATE_ACCEPT_QUEUE_FULL);
	return true;
}

/*
 * A SYN there is no room for: a cookie, or silence (CM-18). A cookie does not hold what
 * TCP-AO must remember of the SYN.
 */
static void
turn_away(
	struct tcp *t, const struct tcp_rx *rx, const struct tcp_options *o, enum spate_counter why)
{
	if (t->conf.syn_cookies &&
		(t->auth == NULL || tcp_auth_key_first(t, rx->key) == AUTH_KEY_NONE))
		tcp_cookie_answer(t, rx, o);
	else
		spate_count(t->counters, why);
}

struct tcp_conn *
tcp_input_listen(struct tcp *t, const struct tcp_rx *rx, uint16_t listener)
{
	const struct tcp_seg *s = &rx->seg;
	const struct listener *l = &t->listeners.entry[listener];
	struct tcp_options o;

	/* First, a RST: nothing here it could be about. */
	if (s->flags & TCP_RST) {
		spate_count(t->counters, SPATE_RST_IGNORED);
		return NULL;
	}
	/* Second, an ACK: of a cookie, or of something nobody here sent (RS-04). */
	if (s->flags & TCP_ACK) {
		struct tcp_conn *c = NULL;

		if (!(s->flags & TCP_SYN) && tcp_cookie_valid(t, rx, &o)) {
			/* CM-18: nothing is kept; what the client sends again is a cookie too. */
			if (tcp_no_room(t, listener))
				return NULL;
			c = tcp_accept_cookie(t, rx, listener, s->ack - 1, &o);
			spate_count(t->counters, c ? SPATE_COOKIES_ACCEPTED : SPATE_SYN_NO_ROOM);
			return c;
		}
		spate_count(t->counters, SPATE_NO_CONNECTION);
		tcp_reset_reply(t, rx);
		return NULL;
	}
	/* Third, a SYN. With FIN it is no request any TCP makes (RS-10). */
	if (!(s->flags & TCP_SYN)) {
		spate_count(t->counters, SPATE_NO_ACK_BIT);
		return NULL;
	}
	if (s->flags & TCP_FIN) {
		spate_count(t->counters, SPATE_SYN_MALFORMED);
		return NULL;
	}
	tcp_options_parse(s->opts, s->opts_len, &o);
	if (l->backlog >= backlog_limit(t, l))
		turn_away(t, rx, &o, SPATE_SYN_BACKLOG_FULL);
	else if (!tcp_accept_syn(t, rx, listener, TIMEWAIT_NONE, &o))
		turn_away(t, rx, &o, SPATE_SYN_NO_ROOM);
	return NULL;
}

void
tcp_established(struct tcp *t, struct tcp_conn *c)
{
	uint32_t index = tcp_conn_index(t, c);
	struct listener *l = &t->listeners.entry[c->listener];

	c->wnd_max = c->snd_wnd >> tcp_snd_wscale(c);
	/* RFC 5482 3: on the first segment without SYN too, in case the SYN's was lost on the way.
	 */
	c->options |= t->conf.user_timeout_option ? TCP_O_UTO_DUE : 0;
	tcp_advance(t, c, TCP_EV_SYN_ACKED);
	if (c->flags & TCP_F_FIN_QUEUED)
		tcp_advance(t, c, TCP_EV_CLOSE);
	if (!(c->flags & TCP_F_PASSIVE)) {
		spate_count(t->counters, SPATE_ESTABLISHED_ACTIVE);
		if (!(c->flags & TCP_F_ORPHAN))
			t->ops->on_established(t->app, index);
		return;
	}
	if (c->flags & TCP_F_OVER_TW) {
		c->flags &= ~TCP_F_OVER_TW;
		tcp_time_wait_replaced(t, c->over_tw);
	}
	l->backlog--;
	spate_count(t->counters, SPATE_ESTABLISHED_PASSIVE);
	spate_count(t->counters, SPATE_OPENED);
	c->flags |= TCP_F_OPENED;
	t->ops->on_accept(t->app, index, l->cookie);
}

/*
 * RS-04, RFC 9293 3.10.7.3: the sender must learn that there is no such connection here. It may
 * be a TIME_WAIT that refused our SYN, and by the RST it would end (RFC 1337): where that is
 * not wanted, the knob holds it back (TW-06). A SYN+ACK is another matter: it comes from a
 * half-open connection that an old SYN has made, and nothing but the RST removes it.
 */
static void
answer_wrong_ack(struct tcp *t, const struct tcp_rx *rx)
{
	if (t->conf.hold_rst_in_syn_sent && !(rx->seg.flags & (TCP_SYN | TCP_RST)))
		spate_count(t->counters, SPATE_RST_HELD);
	else
		tcp_reset_reply(t, rx);
}

void
tcp_input_syn_sent(struct tcp *t, struct tcp_conn *c, const struct tcp_rx *rx)
{
	const struct tcp_seg *s = &rx->seg;
	struct tcp_options o;

	if (unlikely(c->options & TCP_O_PROBE)) {
		tcp_input_probe(t, c, rx);
		return;
	}
	/* First, the ACK: ISS < SEG.ACK <= SND.NXT, or it is not ours (RS-04). */
	if ((s->flags & TCP_ACK) && (seq_leq(s->ack, c->snd_una) || seq_gt(s->ack, c->snd_nxt))) {
		spate_count(t->counters, SPATE_UNACCEPTABLE_ACK);
		answer_wrong_ack(t, rx);
		return;
	}
	/* Second, RST: believed only when it acknowledges our SYN (RS-05). */
	if (s->flags & TCP_RST) {
		if (s->flags & TCP_ACK)
			tcp_conn_end(t, c, -ECONNREFUSED);
		else
			spate_count(t->counters, SPATE_RST_IGNORED);
		return;
	}
	/* Fourth, SYN. Without it there is nothing to synchronise with. */
	if (!(s->flags & TCP_SYN)) {
		spate_count(t->counters, SPATE_NO_ACK_BIT);
		return;
	}
	if (s->flags & TCP_FIN) {
		spate_count(t->counters, SPATE_SYN_MALFORMED);
		return;
	}
	c->soft = TCP_SOFT_NONE; /* it is reachable after all */
	tcp_options_parse(s->opts, s->opts_len, &o);
	tcp_take_syn_options(t, c, &o);
	tcp_ecn_take_syn(c, s->flags);
	c->rcv_nxt = s->seq + 1;
	c->rcv_adv = c->rcv_nxt;
	c->options |= TCP_O_BEHIND;
	if (c->options & TCP_O_AUTH)
		tcp_auth_peer_isn(t, c, s->seq);
	if (!(s->flags & TCP_ACK)) {
		/* Both sides open at once (CM-05): our SYN goes again, with an ACK. */
		c->snd_wnd = s->wnd;
		c->snd_wl1 = s->seq;
		tcp_advance(t, c, TCP_EV_SYN);
		c->retries = 0;
		c->flags |= TCP_F_SYN_DUE;
		tcp_timer_due(c);
		tcp_ready(t, c);
		return;
	}
	tcp_ack_syn(t, c, s);
	c->flags |= TCP_F_ACK_NOW;
	tcp_ready(t, c);
	tcp_established(t, c);
	if (c->state != SPATE_CLOSED)
		tcp_timer_due(c);
}
