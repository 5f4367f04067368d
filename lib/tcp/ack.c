/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an acknowledgement does: round-trip time (RFC 6298), congestion window (RFC 5681),
 * recovery from loss (RFC 6582), and the peer's window.
 *
 * After a loss, sequence numbers from snd_rtx up to `recover` are sent again as ACKs
 * make room; snd_nxt never goes back.
 */
#include "tcp/seq.h"
#include "tcp/tcp.h"

#define RTT_GRANULARITY_US 1000       /* RFC 6298 G: the wheel's tick */
#define RTT_MAX_US         (1u << 28) /* beyond any RTO, and sums of a few of them fit */
#define DUPACK_THRESHOLD   3
#define RTO_AFTER_SYN_LOSS 3000000ull /* RFC 6298 5.7 */
#define SSTHRESH_UNLIMITED UINT32_MAX
#define CWND_MAX           (1u << 30) /* no window is larger (RFC 7323 2.3) */

static void
congestion_init(const struct tcp *t, struct tcp_conn *c)
{
	/* RFC 5681 3.1: a lost SYN or SYN+ACK means one segment to begin with. */
	uint32_t segments = c->flags & TCP_F_SYN_LOST ? 1 : t->conf.initial_window;

	c->cwnd = segments * tcp_segment_room(c);
	c->ssthresh = SSTHRESH_UNLIMITED;
}

/* RFC 6298 2.2, 2.3 with alpha 1/8 and beta 1/4. */
static void
rtt_sample(struct tcp_conn *c, uint32_t r)
{
	if (r == 0)
		r = 1;
	if (r > RTT_MAX_US)
		r = RTT_MAX_US;
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

/* Half of what is in flight, two segments at least (RFC 5681 equation 4). */
static uint32_t
half_flight(const struct tcp_conn *c)
{
	uint32_t half = (c->snd_nxt - c->snd_una) / 2;
	uint32_t floor = 2 * tcp_segment_room(c);

	return half > floor ? half : floor;
}

static void
grow(struct tcp_conn *c, uint32_t acked)
{
	uint32_t smss = tcp_segment_room(c);

	if (c->cwnd < c->ssthresh) {
		/* RFC 5681 equation 2: slow start, counted in bytes. */
		c->cwnd += acked < smss ? acked : smss;
	} else {
		uint32_t step = (uint64_t)smss * smss / c->cwnd; /* equation 3 */

		c->cwnd += step ? step : 1;
	}
	if (c->cwnd > CWND_MAX)
		c->cwnd = CWND_MAX;
}

/* An ACK that moves snd_una while something lost is being repaired. */
static void
recovering(struct tcp *t, struct tcp_conn *c, uint32_t acked)
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
		grow(c, acked);
	}
	c->flags |= TCP_F_RTX_DUE;
	tcp_ready(t, c);
}

void
tcp_ack_new(struct tcp *t, struct tcp_conn *c, uint32_t ack)
{
	uint32_t acked = ack - c->snd_una;
	uint32_t bytes = acked;

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
		rtt_sample(c, tcp_now_us(t) - c->rtt_start);
	}
	if (unlikely(c->options & TCP_O_NARROW))
		tcp_path_acked(t, c);
	/* Beyond what was in flight is the CWR: until it has arrived ECE is still the old mark's.
	 */
	if ((c->options & TCP_O_ECN_CUT) && seq_gt(ack, c->recover))
		c->options &= ~TCP_O_ECN_CUT;
	if (c->flags & (TCP_F_RECOVERY | TCP_F_LOSS))
		recovering(t, c, acked);
	else if (!(c->options & TCP_O_ECN_CUT))
		grow(c, acked);
	tcp_timer_due(c);
	if (tcp_unsent(c))
		tcp_ready(t, c);
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
tcp_congestion_notified(struct tcp *t, struct tcp_conn *c)
{
	/* Once for what is in flight: the other ACKs of it say the same. */
	if ((c->flags & (TCP_F_RECOVERY | TCP_F_LOSS)) || (c->options & TCP_O_ECN_CUT))
		return;
	spate_count(t->counters, SPATE_ECN_CUTS);
	c->ssthresh = c->cwnd = half_flight(c);
	c->recover = c->snd_nxt;
	reduced(c);
	c->options |= TCP_O_ECN_CUT;
}

void
tcp_ack_duplicate(struct tcp *t, struct tcp_conn *c)
{
	if (c->flags & (TCP_F_RECOVERY | TCP_F_LOSS)) {
		/* RFC 5681 3.2 step 4: a segment has left the network. */
		if (c->flags & TCP_F_RECOVERY) {
			c->cwnd += tcp_segment_room(c);
			tcp_ready(t, c);
		}
		return;
	}
	if (++c->dupacks != DUPACK_THRESHOLD || tcp_path_probe_lost(t, c, true))
		return;
	spate_count(t->counters, SPATE_FAST_RETRANSMITS);
	/* RFC 3168 6.1.2: what is lost from a window that was halved for ECE is the same
	 * congestion.
	 */
	if (!(c->options & TCP_O_ECN_CUT))
		c->ssthresh = half_flight(c);
	reduced(c);
	c->cwnd = c->ssthresh + DUPACK_THRESHOLD * tcp_segment_room(c);
	c->recover = c->snd_nxt;
	c->snd_rtx = c->snd_una;
	c->flags |= TCP_F_RECOVERY | TCP_F_RTX_DUE;
	tcp_ready(t, c);
}

void
tcp_congestion_timeout(struct tcp *t, struct tcp_conn *c)
{
	/* RFC 5681 3.1: only the first timeout of a segment halves; then one segment. */
	if (c->retries == 0)
		c->ssthresh = half_flight(c);
	reduced(c);
	c->cwnd = tcp_segment_room(c);
	c->recover = c->snd_nxt;
	c->snd_rtx = c->snd_una;
	c->dupacks = 0;
	c->flags &= ~(TCP_F_RECOVERY | TCP_F_RTT);
	c->flags |= TCP_F_LOSS | TCP_F_RTX_DUE;
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
		c->recover = c->snd_nxt;
		c->snd_rtx = c->snd_una;
		c->flags |= TCP_F_LOSS | TCP_F_RTX_DUE;
		tcp_ready(t, c);
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
		rtt_sample(c, tcp_now_us(t) - c->rtt_start);
	c->flags &= ~TCP_F_RTT;
	/* RFC 7323 2.2: the window of a segment with SYN is not scaled. */
	c->snd_wnd = (uint32_t)s->wnd << (s->flags & TCP_SYN ? 0 : tcp_snd_wscale(c));
	c->snd_wl1 = s->seq;
	c->snd_wl2 = s->ack;
	congestion_init(t, c);
}
