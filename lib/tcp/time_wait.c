/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TIME_WAIT (rows TW). A connection that both sides have closed, and that this side
 * closed first, is remembered for 2MSL so that
 *   - the peer's FIN, sent again because our last ACK was lost, is acknowledged;
 *   - a late segment of it is not taken for one of the tuple's next incarnation.
 *
 * It ends by one of: 2MSL (expired), a SYN that proves itself newer (reused), an active
 * open of ours that may take the tuple (reused), a full table (recycled, oldest first),
 * or RST where that is honoured (reset). entered = the sum of these + current.
 *
 * While a new incarnation is in SYN_RCVD it has the table's entry, and the record waits
 * below it with its timer running: if the SYN was an old duplicate after all, TIME_WAIT
 * is there again as if nothing had happened.
 */
#include "tcp/auth.h"
#include "tcp/seq.h"
#include "tcp/tcp.h"

static uint64_t
two_msl_ns(const struct tcp *t)
{
	return 2ull * t->conf.msl_ms * 1000000;
}

/* The record of a TIME_WAIT that is in the table no more; `why` is the counter. */
static void
forget(struct tcp *t, uint32_t tw, enum spate_counter why)
{
	spate_count(t->counters, why);
	if (t->tw.records[tw].flags & TIMEWAIT_AUTH)
		tcp_auth_end_time_wait(t, tw);
	addr6_let_go(&t->ip->peers6, t->tw.records[tw].key.raddr);
	timewait_leave(&t->tw, tw);
	t->state_count[SPATE_TIME_WAIT]--;
}

/* End the TIME_WAIT `tw`; `why` is the counter. */
static void
leave(struct tcp *t, uint32_t tw, enum spate_counter why)
{
	struct timewait *w = &t->tw.records[tw];
	uint64_t hash = conn_table_hash(&t->table, &w->key);

	if (w->flags & TIMEWAIT_CHILD) {
		uint32_t child = conn_table_lookup(&t->table, hash, &w->key);

		t->conns[child].flags &= ~TCP_F_OVER_TW;
	} else {
		conn_table_remove(&t->table, hash, tw | CONN_TABLE_SPACE);
	}
	forget(t, tw, why);
}

/* <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> with the timestamps the connection had (TW-02). */
static void
send_ack(struct tcp *t, uint32_t tw)
{
	const struct timewait *w = &t->tw.records[tw];
	uint16_t hop = ip_hop(t->ip, w->key.raddr);
	struct tcp_options o = {.has_ts = w->flags & TIMEWAIT_TS, .tsecr = w->ts_recent};

	if (hop == NEIGH_NONE)
		return;
	if (o.has_ts) {
		uint32_t iss, ts_offset;

		tcp_isn(t, &w->key, &iss, &ts_offset);
		o.tsval = t->ts_now + ts_offset;
	}
	tcp_send_bare_auth(t, &w->key, hop, w->snd_nxt, w->rcv_nxt, timewait_unpack_wnd(w->wnd),
		TCP_ACK, &o, tcp_auth_of_tw(t, tw));
}

/* By knob, to show what TIME_WAIT is for: the last ACK has left, and nobody is there to repeat it.
 */
static void
skip(struct tcp *t, struct tcp_conn *c)
{
	spate_count(t->counters, SPATE_TW_SKIPPED);
	tcp_conn_end(t, c, 0);
}

/* Not inlined into tcp_advance(): whose other transitions would save and restore for it. */
__rte_noinline void
tcp_time_wait_enter(struct tcp *t, struct tcp_conn *c)
{
	/* By the connection, which has at hand what send_ack() has to look up. */
	if (c->flags & TCP_F_ACK_NOW)
		tcp_send_last_ack(t, c);
	if (!t->conf.time_wait) {
		skip(t, c);
		return;
	}

	uint32_t tw = timewait_enter(&t->tw, t->now_ns + two_msl_ns(t));

	if (tw == TIMEWAIT_NONE) {
		/* TW-12: full. The oldest has served longest; connections are never touched. */
		leave(t, timewait_oldest(&t->tw), SPATE_TW_RECYCLED);
		tw = timewait_enter(&t->tw, t->now_ns + two_msl_ns(t));
	}

	struct timewait *w = &t->tw.records[tw];

	w->key = c->key;
	addr6_hold(&t->ip->peers6, w->key.raddr);
	w->snd_nxt = c->snd_nxt;
	w->rcv_nxt = c->rcv_nxt;
	w->ts_recent = c->ts_recent;
	w->wnd = timewait_pack_wnd(tcp_window_field(t, c, false));
	w->flags = c->flags & TCP_F_TS ? TIMEWAIT_TS : 0;
	if (c->options & TCP_O_AUTH)
		tcp_auth_to_time_wait(t, c, tw);
	conn_table_replace(&t->table, conn_table_hash(&t->table, &c->key), tcp_conn_index(t, c),
		tw | CONN_TABLE_SPACE);
	spate_count(t->counters, SPATE_TW_ENTERED);
	t->state_count[SPATE_TIME_WAIT]++;
	tcp_conn_end_in_time_wait(t, c);
}

void
tcp_time_wait_replaced(struct tcp *t, uint32_t tw)
{
	forget(t, tw, SPATE_TW_REUSED);
}

bool
tcp_time_wait_may_reuse(const struct tcp *t, uint32_t tw)
{
	const struct timewait *w = &t->tw.records[tw];

	if (t->conf.reuse == SPATE_REUSE_ANY)
		return true;
	if (t->conf.reuse != SPATE_REUSE_TS || !(w->flags & TIMEWAIT_TS) || !t->conf.timestamps)
		return false;

	/*
	 * Our TSval must be beyond the last one the old incarnation sent: not later than
	 * its last FIN's ACK, 2MSL before it expires.
	 */
	uint64_t last_ns = timewait_expires_ns(&t->tw, tw, t->now_ns) - two_msl_ns(t);

	return seq_gt(t->ts_now, (uint32_t)(last_ns / 1000000));
}

bool
tcp_time_wait_on_port(const struct tcp *t, rte_be32_t laddr, rte_be16_t lport)
{
	uint32_t tw = timewait_oldest(&t->tw);

	for (; tw != TIMEWAIT_NONE; tw = t->tw.records[tw].link.next) {
		const struct flow_key *k = &t->tw.records[tw].key;

		if (k->lport == lport && listener_matches(laddr, k->laddr))
			return true;
	}
	return false;
}

enum syn_verdict {
	SYN_NEWER,
	SYN_OLD_BY_SEQUENCE,
	SYN_OLD_BY_TIMESTAMP,
};

/*
 * TW-05: does this SYN prove that it is of a new incarnation? RFC 6191 2 in its order:
 * timestamps decide where both have them, and where they are equal, or where the new
 * one has none, the sequence number does (RFC 9293 3.6.1, MAY-2).
 */
static enum syn_verdict
judge_syn(const struct timewait *w, const struct tcp_seg *s, const struct tcp_options *o)
{
	bool old_ts = w->flags & TIMEWAIT_TS;

	if (o->has_ts && !old_ts)
		return SYN_NEWER;
	if (o->has_ts && seq_gt(o->tsval, w->ts_recent))
		return SYN_NEWER;
	if (o->has_ts && o->tsval != w->ts_recent)
		return SYN_OLD_BY_TIMESTAMP;
	return seq_gt(s->seq, w->rcv_nxt) ? SYN_NEWER : SYN_OLD_BY_SEQUENCE;
}

/* A SYN without ACK on the tuple: a new incarnation, or the ACK of the old one (TW-07). */
static void
syn_received(struct tcp *t, const struct tcp_rx *rx, uint32_t tw)
{
	uint16_t listener = listener_lookup(&t->listeners, rx->key->laddr, rx->key->lport);
	struct tcp_options o;
	enum spate_counter why;

	tcp_options_parse(rx->seg.opts, rx->seg.opts_len, &o);
	/* RFC 6191 2: they decide only where the new incarnation would use them. */
	o.has_ts &= t->conf.timestamps;
	switch (judge_syn(&t->tw.records[tw], &rx->seg, &o)) {
	case SYN_OLD_BY_SEQUENCE:
		why = SPATE_TW_REFUSED_SEQ;
		break;
	case SYN_OLD_BY_TIMESTAMP:
		why = SPATE_TW_REFUSED_TS;
		break;
	default:
		if (listener == LISTENER_NONE)
			why = SPATE_TW_REFUSED_NO_LISTENER;
		else if (!tcp_accept_syn(t, rx, listener, tw, &o))
			why = SPATE_TW_REFUSED_NO_ROOM;
		else
			return;
	}
	spate_count(t->counters, why);
	send_ack(t, tw);
}

void
tcp_input_time_wait(struct tcp *t, const struct tcp_rx *rx, uint32_t tw)
{
	const struct tcp_seg *s = &rx->seg;
	struct timewait *w = &t->tw.records[tw];

	/* RFC 1337: a RST, forged or drawn by an old duplicate, must not end it (TW-04, TW-08). */
	if (s->flags & TCP_RST) {
		if (t->conf.honour_rst_in_time_wait && s->seq == w->rcv_nxt)
			leave(t, tw, SPATE_TW_RESET);
		else
			spate_count(t->counters, SPATE_TW_RST_IGNORED);
		return;
	}
	if ((s->flags & (TCP_SYN | TCP_ACK | TCP_FIN)) == TCP_SYN) {
		syn_received(t, rx, tw);
		return;
	}
	/* TW-02: the peer has not seen our ACK of its FIN. Only this starts 2MSL again. */
	if ((s->flags & TCP_FIN) && s->seq + tcp_seg_len(s) == w->rcv_nxt) {
		spate_count(t->counters, SPATE_TW_FIN_AGAIN);
		timewait_restart(&t->tw, tw, t->now_ns + two_msl_ns(t));
		send_ack(t, tw);
		return;
	}
	/* TW-03: no answer where the answer could draw another: an ACK loop. */
	if (!(s->flags & (TCP_ACK | TCP_SYN)) || (tcp_seg_len(s) == 0 && s->seq == w->rcv_nxt)) {
		spate_count(t->counters, SPATE_TW_SILENT);
		return;
	}
	spate_count(t->counters, SPATE_TW_ACKED);
	send_ack(t, tw);
}

uint64_t
tcp_time_wait_tick(struct tcp *t)
{
	uint32_t tw;

	while ((tw = timewait_oldest(&t->tw)) != TIMEWAIT_NONE) {
		uint64_t expires = timewait_expires_ns(&t->tw, tw, t->now_ns);

		if (expires > t->now_ns)
			return expires;
		leave(t, tw, SPATE_TW_EXPIRED);
	}
	return UINT64_MAX;
}
