/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an acknowledgement does: round-trip time (RFC 6298), and the peer's window. What it does
 * to the congestion window, and to what was lost, is behind recovery.h.
 */
#include "tcp/recovery.h"

#define RTT_GRANULARITY_US 1000       /* RFC 6298 G: the wheel's tick */
#define RTT_MAX_US         (1u << 28) /* beyond any RTO, and sums of a few of them fit */
#define RTO_AFTER_SYN_LOSS 3000000ull /* RFC 6298 5.7 */

/* RFC 6298 2.2, 2.3 with alpha 1/8 and beta 1/4. */
static void
rtt_sample(const struct tcp *t, struct tcp_conn *c, uint32_t r)
{
	struct tcp_extra *x = tcp_extra_of(t, c);

	if (r == 0)
		r = 1;
	if (r > RTT_MAX_US)
		r = RTT_MAX_US;
	if (x && r < x->min_rtt_us)
		x->min_rtt_us = r;
	c->backoff = 0; /* RFC 6298 5: only a new measurement ends it */
	if (c->srtt_us == 0) {
		c->srtt_us = r;
		c->rttvar_us = r / 2;
		return;
	}

	uint32_t delta = c->srtt_us > r ? c->srtt_us - r : r - c->srtt_us;

	c->rttvar_us += ((int32_t)delta - (int32_t)c->rttvar_us) / 4;
	c->srtt_us += ((int32_t)r - (int32_t)c->srtt_us) / 8;
}

uint64_t
tcp_rto_us(const struct tcp *t, const struct tcp_conn *c)
{
	uint64_t rto = t->conf.initial_rto_ms * 1000ull;
	uint64_t max = t->conf.max_rto_ms * 1000ull;

	if (c->srtt_us) {
		uint32_t var = 4 * c->rttvar_us;

		rto = c->srtt_us + (var > RTT_GRANULARITY_US ? var : RTT_GRANULARITY_US);
		if (rto < t->conf.min_rto_ms * 1000ull)
			rto = t->conf.min_rto_ms * 1000ull;
	} else if ((c->flags & TCP_F_SYN_LOST) && c->state >= SPATE_ESTABLISHED &&
		   rto < RTO_AFTER_SYN_LOSS) {
		rto = RTO_AFTER_SYN_LOSS;
	}
	rto <<= c->backoff;
	return rto < max ? rto : max;
}

/*
 * RFC 7323 4.1: a round trip by the timestamp that came back, in whole milliseconds. It is for
 * where no segment is being timed, because it was sent again (Karn): the echo says which of
 * the two has arrived.
 */
static void
rtt_by_timestamp(const struct tcp *t, struct tcp_conn *c, uint32_t tsecr)
{
	uint32_t ms = t->ts_now - (tsecr - c->ts_offset);

	if (ms < RTT_MAX_US / 1000)
		rtt_sample(t, c, ms ? ms * 1000 : RTT_GRANULARITY_US);
}

void
tcp_ack_new(struct tcp *t, struct tcp_conn *c, uint32_t ack, const struct tcp_options *o)
{
	uint32_t acked = ack - c->snd_una;
	uint32_t bytes = acked;
	bool repairing = c->flags & (TCP_F_RECOVERY | TCP_F_LOSS);

	/* The FIN is the last number and no byte of the queue. */
	if ((c->flags & TCP_F_FIN_SENT) && ack == c->snd_nxt)
		bytes--;
	tcp_send_drop(t, c, bytes);
	c->snd_una = ack;
	tcp_user_timeout_wait(t, c);
	c->retries = 0;
	c->dupacks = 0;
	if ((c->flags & TCP_F_RTT) && seq_geq(ack, c->rtt_seq)) {
		c->flags &= ~TCP_F_RTT;
		rtt_sample(t, c, tcp_now_us(t) - c->rtt_start);
	} else if (repairing && (c->flags & TCP_F_TS) && o->has_ts) {
		rtt_by_timestamp(t, c, o->tsecr);
	}
	if (unlikely(c->options & TCP_O_NARROW))
		tcp_path_acked(t, c);
	/* Beyond what was in flight is the CWR: until it has arrived ECE is still the old mark's.
	 */
	if ((c->options & TCP_O_ECN_CUT) && seq_gt(ack, c->recover))
		c->options &= ~TCP_O_ECN_CUT;
	if ((c->extra != TCP_EXTRA_NONE || o->n_sack || c->probing) && (c->options & TCP_O_SACK) &&
		tcp_rack_ack(t, c, acked, o))
		; /* that was all */
	else if (repairing)
		tcp_recovery_ack(t, c, acked);
	else if (!(c->options & TCP_O_ECN_CUT))
		tcp_cwnd_grow(t, c, acked);
	tcp_timer_due(c);
	if (tcp_unsent(c))
		tcp_ready(t, c);
}

void
tcp_update_window(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	/*
	 * Only the newest segment speaks for the window. RFC 9293 tells by SEG.SEQ first; but
	 * a peer that sends again does so with an old SEG.SEQ and a new window, and then
	 * SND.UNA moves while SND.WND, counted from it, does not: a step beyond the edge.
	 * SEG.ACK never goes back at the peer, so it comes first, and SEG.SEQ where it is equal.
	 */
	if (seq_lt(s->ack, c->snd_wl2) || (s->ack == c->snd_wl2 && seq_lt(s->seq, c->snd_wl1)))
		return;

	uint32_t wnd = (uint32_t)s->wnd << tcp_snd_wscale(c);

	if (c->snd_wnd == 0 && wnd > 0)
		c->backoff = 0; /* of the probes, which was no sign of loss */
	if (c->snd_wnd == 0 && wnd > 0 && c->snd_nxt != c->snd_una) {
		/* The probe's byte was refused while the window was closed: it goes first. */
		tcp_recovery_all(t, c);
	}
	if (wnd > c->snd_wnd) {
		c->wnd_max = s->wnd > c->wnd_max ? s->wnd : c->wnd_max;
		if (tcp_unsent(c))
			tcp_ready(t, c);
	}

	bool turned = (wnd == 0) != (c->snd_wnd == 0);

	c->snd_wnd = wnd;
	c->snd_wl1 = s->seq;
	c->snd_wl2 = s->ack;
	/* Probes instead of retransmissions, or the other way round. */
	if (turned)
		tcp_timer_due(c);
}

void
tcp_ack_syn(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	c->snd_una = s->ack;
	tcp_user_timeout_wait(t, c);
	c->retries = 0;
	if (c->flags & TCP_F_RTT)
		rtt_sample(t, c, tcp_now_us(t) - c->rtt_start);
	c->flags &= ~TCP_F_RTT;
	/* RFC 7323 2.2: the window of a segment with SYN is not scaled. */
	c->snd_wnd = (uint32_t)s->wnd << (s->flags & TCP_SYN ? 0 : tcp_snd_wscale(c));
	c->snd_wl1 = s->seq;
	c->snd_wl2 = s->ack;
	tcp_cwnd_begin(t, c);
}
