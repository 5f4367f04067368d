/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments smaller than the two ends agreed on, and the way back (PM-02, PM-05; RFC 4821).
 *
 *   lowered by ICMP (icmp.c) or by what is known of the path when a connection begins
 *   (negotiate.c): after ten minutes a larger segment is tried
 *   lowered here, when full segments have been lost several times in a row and nobody says
 *   why: a black hole, or a peer that is gone, or a network that was down. The smaller
 *   segment's ACK tells which it was not, and a larger one, tried at once, the rest
 *
 * A trial is one segment of new data as large as was agreed. Acknowledged, it is the size
 * again. Lost alone, its bytes go again in the smaller size and nothing else happens: that
 * was no congestion (RFC 4821 7.6.2), and the next trial is ten minutes away. Retransmitted
 * for another reason it has shown nothing.
 *
 * Whoever has no side record stays with the smaller size to its end.
 */
#include "ip/packet.h"
#include "tcp/recovery.h"

#define AGAIN_NS  10000000000ull /* a trial that has shown nothing */
#define FOLLOWING 3              /* segments behind a trial: their ACKs tell at once of its loss */

/*
 * The next size to try, smaller by an eighth at least: what Ethernet takes, nearly any
 * tunnel, any host, which is tried even if it is not that much smaller. 0: none is left.
 */
static uint16_t
smaller(const struct tcp_conn *c)
{
	static const uint16_t v4[] = {1460, 1024, 536, 0}, v6[] = {1440, 1220, 0};
	const uint16_t *step = addr_is_v6(c->key.raddr) ? v6 : v4;

	while (step[1] && *step > c->mss - c->mss / 8)
		step++;
	return *step < c->mss ? *step : 0;
}

static void
learn(struct tcp *t, const struct tcp_conn *c)
{
	path_learn(&t->ip->paths, &t->ip->peers6, c->key.raddr, c->mss + tcp_headers(c->key.raddr),
		false, t->now_ns);
}

void
tcp_path_lowered(struct tcp *t, struct tcp_conn *c, uint16_t from, uint64_t raise_at_ns)
{
	/* PM-04: with DF off no size is too large, and none is tried. */
	struct tcp_extra *x = c->options & TCP_O_FRAGMENT ? NULL : tcp_extra_take(t, c);

	if (x == NULL)
		return;
	if (from > x->path_mss)
		x->path_mss = from;
	x->path_raise_at_ns = raise_at_ns;
	x->path_probing = false;
	c->options |= TCP_O_NARROW;
}

void
tcp_path_black_hole(struct tcp *t, struct tcp_conn *c)
{
	uint32_t in_flight = c->snd_nxt - !!(c->flags & TCP_F_FIN_SENT) - c->snd_una;
	uint32_t options = c->mss - tcp_segment_room(c);
	uint16_t from = c->mss, to = smaller(c);

	/* A segment that is small already is not lost for its size. */
	if (to == 0 || (c->options & TCP_O_FRAGMENT) || in_flight + options <= to)
		return;
	spate_count(t->counters, SPATE_BLACK_HOLES);
	c->mss = to;
	tcp_path_lowered(t, c, from, t->now_ns);
	if (c->extra != TCP_EXTRA_NONE)
		t->extras[c->extra].path_suspect = true;
}

/* The trial has arrived: that is the size now. */
static void
raise_mss(struct tcp *t, struct tcp_conn *c, struct tcp_extra *x)
{
	spate_count(t->counters, SPATE_PATH_RAISED);
	c->mss = x->path_mss;
	c->options &= ~TCP_O_NARROW;
	if (c->cwnd < tcp_segment_room(c))
		c->cwnd = tcp_segment_room(c);
	if (path_find(&t->ip->paths, c->key.raddr, t->now_ns))
		learn(t, c);
	x->path_mss = 0;
	x->path_probing = false;
	tcp_extra_let_go(t, c);
}

void
tcp_path_acked(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_extra *x = tcp_extra_of(t, c);

	if (x->path_suspect) {
		/* Small ones arrive where large ones did not: others may know already. */
		x->path_suspect = false;
		learn(t, c);
	}
	if (x->path_probing && seq_geq(c->snd_una, x->path_probe_end))
		raise_mss(t, c, x);
}

uint32_t
tcp_path_probe(const struct tcp *t, const struct tcp_conn *c)
{
	const struct tcp_extra *x = tcp_extra_of(t, c);
	uint32_t wnd = c->snd_wnd < c->cwnd ? c->snd_wnd : c->cwnd;
	uint32_t used = c->snd_nxt - c->snd_una;
	uint32_t room = tcp_segment_room(c);
	uint32_t len = x->path_mss - (c->mss - room);

	if (x->path_probing || x->path_suspect || t->now_ns < x->path_raise_at_ns ||
		(c->flags & (TCP_F_RECOVERY | TCP_F_LOSS)) || (c->options & TCP_O_FRAGMENT) ||
		len > wnd || c->snd_end - c->snd_nxt < len + FOLLOWING * room)
		return 0;
	/* Room comes with ACKs; small segments would take it as it comes. */
	return used + len <= wnd ? len : TCP_PATH_HOLD;
}

void
tcp_path_probe_sent(struct tcp *t, struct tcp_conn *c, uint32_t len)
{
	struct tcp_extra *x = tcp_extra_of(t, c);

	spate_count(t->counters, SPATE_PATH_PROBES);
	x->path_probing = true;
	x->path_probe_seq = c->snd_nxt - len;
	x->path_probe_end = c->snd_nxt;
}

bool
tcp_path_probe_at(const struct tcp *t, const struct tcp_conn *c, uint32_t seq)
{
	const struct tcp_extra *x = tcp_extra_of(t, c);

	return (c->options & TCP_O_NARROW) && x->path_probing && x->path_probe_seq == seq;
}

bool
tcp_path_probe_failed(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_extra *x = tcp_extra_of(t, c);

	if (!tcp_path_probe_at(t, c, c->snd_una))
		return false;
	x->path_probing = false;
	x->path_raise_at_ns = t->now_ns + PATH_LIFETIME_NS;
	learn(t, c);
	return true;
}

bool
tcp_path_probe_lost(struct tcp *t, struct tcp_conn *c, bool alone)
{
	if (!tcp_path_probe_failed(t, c))
		return false;
	tcp_recovery_all(t, c);
	if (alone && !tcp_rack_active(t, c))
		c->recover = tcp_extra_of(t, c)->path_probe_end;
	return true;
}

void
tcp_path_probe_void(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_extra *x = tcp_extra_of(t, c);

	if (!x->path_probing)
		return;
	x->path_probing = false;
	x->path_raise_at_ns = t->now_ns + AGAIN_NS;
}
