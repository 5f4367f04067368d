/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One timer a connection, in the stack's wheel; what it is for follows from the state:
 *
 *   RETRANSMIT  something is in flight: SYN, SYN+ACK, data, FIN (RFC 6298)
 *   LOSS_PROBE  the same, and it is worth asking for an ACK before that (RFC 8985 7)
 *   REORDER     something in flight was overtaken, and may be lost in a moment (RFC 8985 6)
 *   PERSIST     the peer's window is closed and there is more to send, or it was closed over
 *               what is in flight (RFC 9293 3.8.6, 3.8.6.1)
 *   OVERRIDE    nothing is in flight, and what may leave is too little to be worth a segment
 *               (RFC 9293 3.8.6.2.1), or there was no buffer for it
 *   DELAYED_ACK nothing of the above, so that an ACK may wait for data to ride on (DT-04)
 *   FIN_WAIT_2  closed by the application, acknowledged, and no FIN comes (CM-13)
 *   KEEPALIVE   nothing of the above, and the application wants to know (CM-17)
 *
 * None of the first five, nor KEEPALIVE's probes, goes on beyond the connection's user
 * timeout, where it has one (OP-07). TIME_WAIT has its own queue (time_wait.c).
 */
#include <errno.h>

#include "tcp/recovery.h"

#define EXPIRE_BATCH 64
#define WAIT_MAX_MS  (1ull << 30) /* 12 days */
#define OVERRIDE_NS  200000000ull /* RFC 9293 3.8.6.2.1: 0.1 to 1 second */

/* Something is in flight: the timeout, unless less than that tells of a loss (rack.c). */
static enum tcp_timer
in_flight_timer(const struct tcp *t, const struct tcp_conn *c)
{
	/* Less than a segment, and nothing unusual: what there nearly always is. */
	if (!(c->options & TCP_O_SACK) ||
		(likely(c->extra == TCP_EXTRA_NONE) && c->snd_nxt - c->snd_una < c->mss))
		return TCP_TIMER_RETRANSMIT;
	if (unlikely(c->extra != TCP_EXTRA_NONE) && tcp_rack_wait_us(t, c))
		return TCP_TIMER_REORDER;
	return tcp_rack_may_probe(t, c) ? TCP_TIMER_LOSS_PROBE : TCP_TIMER_RETRANSMIT;
}

static enum tcp_timer
wanted(const struct tcp *t, const struct tcp_conn *c)
{
	uint32_t in_flight = c->snd_nxt - c->snd_una;

	if (c->state < SPATE_ESTABLISHED)
		return TCP_TIMER_RETRANSMIT;
	/* A window that shrinks to nothing is probed too: what it covered is not given up. */
	if (c->snd_wnd == 0 && (in_flight || tcp_unsent(c)))
		return TCP_TIMER_PERSIST;
	if (in_flight)
		return in_flight_timer(t, c);
	if (tcp_unsent(c))
		return TCP_TIMER_OVERRIDE;
	if ((c->options & TCP_O_BEHIND) && !(c->flags & TCP_F_ACK_NOW))
		return TCP_TIMER_DELAYED_ACK;
	if (c->state == SPATE_FIN_WAIT_2 && (c->flags & TCP_F_ORPHAN))
		return TCP_TIMER_FIN_WAIT_2;
	return c->options & TCP_O_KEEPALIVE ? TCP_TIMER_KEEPALIVE : TCP_TIMER_NONE;
}

/* The wait after `retries` repetitions: doubled by each, up to what a timer can hold. */
static uint64_t
doubled_ms(const struct spate_tcp_conf *conf, uint8_t retries)
{
	uint64_t wait = (uint64_t)conf->initial_rto_ms << (retries < 20 ? retries : 20);

	return wait < WAIT_MAX_MS ? wait : WAIT_MAX_MS;
}

/* CM-09: the wait after the SYN that has been sent `retries` times before. */
static uint64_t
syn_wait_ms(const struct spate_tcp_conf *conf, uint8_t retries)
{
	if (retries < SPATE_SYN_TRIES_MAX && conf->syn_schedule_ms[retries])
		return conf->syn_schedule_ms[retries];
	return doubled_ms(conf, retries);
}

/*
 * RFC 5482 4.2: the silence before the first probe is longer than the user timeout both
 * sides have agreed to.
 */
static uint64_t
keepalive_idle_ms(const struct tcp *t, const struct tcp_conn *c)
{
	uint32_t least = t->conf.user_timeout_option ? tcp_user_timeout_ms(t, c) : 0;

	return least < t->conf.keepalive_idle_ms ? t->conf.keepalive_idle_ms : least + 1ull;
}

static uint64_t
interval_ns(const struct tcp *t, const struct tcp_conn *c, enum tcp_timer timer)
{
	/* By far the most frequent first. */
	if (likely(timer == TCP_TIMER_RETRANSMIT && c->state >= SPATE_ESTABLISHED))
		return tcp_rto_us(t, c) * 1000;
	if (timer == TCP_TIMER_LOSS_PROBE)
		return tcp_rack_probe_us(t, c) * 1000;
	if (timer == TCP_TIMER_REORDER)
		return tcp_rack_wait_us(t, c) * 1000ull;
	if (timer == TCP_TIMER_DELAYED_ACK)
		return t->conf.delayed_ack_ms * 1000000ull;
	if (timer == TCP_TIMER_OVERRIDE)
		return OVERRIDE_NS;
	if (timer == TCP_TIMER_FIN_WAIT_2)
		return t->conf.fin_wait_2_ms * 1000000ull;
	if (timer == TCP_TIMER_KEEPALIVE)
		return 1000000ull *
		       (c->probes ? t->conf.keepalive_interval_ms : keepalive_idle_ms(t, c));
	if (c->state == SPATE_SYN_SENT)
		return syn_wait_ms(&t->conf, c->retries) * 1000000;
	if (c->state == SPATE_SYN_RCVD)
		return doubled_ms(&t->conf, c->retries) * 1000000;
	return tcp_rto_us(t, c) * 1000;
}

/* Does the user timeout run: is there something the peer has yet to acknowledge or allow? */
static bool
waiting(const struct tcp_conn *c, enum tcp_timer timer)
{
	return timer == TCP_TIMER_RETRANSMIT || timer == TCP_TIMER_LOSS_PROBE ||
	       timer == TCP_TIMER_REORDER || timer == TCP_TIMER_PERSIST ||
	       timer == TCP_TIMER_OVERRIDE || (timer == TCP_TIMER_KEEPALIVE && c->probes > 0);
}

static uint64_t
deadline_ns(struct tcp *t, struct tcp_conn *c, enum tcp_timer timer)
{
	uint64_t at = t->now_ns + interval_ns(t, c, timer);

	if (c->extra == TCP_EXTRA_NONE || !waiting(c, timer))
		return at;
	if (!waiting(c, c->timer))
		tcp_user_timeout_wait(t, c);

	uint64_t end = tcp_user_timeout_ends(t, c);

	return at < end ? at : end;
}

void
tcp_timer_update(struct tcp *t, struct tcp_conn *c, bool restart)
{
	enum tcp_timer timer = wanted(t, c);
	uint32_t index = tcp_conn_index(t, c);

	restart |= !!(c->options & TCP_O_TIMER_DUE);
	c->options &= ~TCP_O_TIMER_DUE;
	if (timer == c->timer && !restart)
		return;
	if (timer == TCP_TIMER_NONE) {
		wheel_cancel(&t->wheel, index);
	} else {
		if (c->timer == TCP_TIMER_NONE)
			c->probes = 0; /* half days (ageing.c) are not probes */
		wheel_arm(&t->wheel, index, deadline_ns(t, c, timer));
	}
	c->timer = timer;
}

/* Why an active open failed: what ICMP said meanwhile, or just silence (RFC 5461 4). */
static int
open_error(const struct tcp_conn *c)
{
	if (c->state != SPATE_SYN_SENT)
		return -ETIMEDOUT;
	switch ((enum tcp_soft)c->soft) {
	case TCP_SOFT_NET:
		return -ENETUNREACH;
	case TCP_SOFT_HOST:
		return -EHOSTUNREACH;
	default:
		return -ETIMEDOUT;
	}
}

/* No answer to SYN or SYN+ACK. */
static void
handshake_timeout(struct tcp *t, struct tcp_conn *c)
{
	uint32_t limit = c->state == SPATE_SYN_SENT ? t->conf.syn_retries : t->conf.synack_retries;

	if (c->retries >= limit) {
		if (tcp_is_embryo(c))
			tcp_embryo_end(t, c, SPATE_EMBRYO_TIMED_OUT);
		else
			tcp_conn_end(t, c, open_error(c));
		return;
	}
	c->retries++;
	/* RFC 3168 6.1.1.1: something on the path may drop what it does not know. */
	if (c->state == SPATE_SYN_SENT)
		c->options &= ~TCP_O_ECN;
	spate_count(t->counters, SPATE_RTO_FIRED);
	spate_count(t->counters, SPATE_RETRANSMITS);
	c->flags |= TCP_F_SYN_LOST | TCP_F_SYN_DUE;
	tcp_ready(t, c);
	tcp_timer_update(t, c, true);
}

/* CM-19: how often without an answer. */
static uint32_t
retry_limit(const struct tcp *t, const struct tcp_conn *c)
{
	return c->flags & TCP_F_ORPHAN ? t->conf.orphan_retries : t->conf.data_retries;
}

/* So often without an answer; but a user timeout takes the place of counting. */
static bool
enough(const struct tcp *t, const struct tcp_conn *c, uint32_t n, uint32_t limit)
{
	return n >= limit && tcp_user_timeout_ms(t, c) == 0;
}

/* RFC 6298 5.5 */
static void
back_off(struct tcp_conn *c)
{
	if (c->backoff < TCP_BACKOFF_MAX)
		c->backoff++;
}

static void
retransmit_timeout(struct tcp *t, struct tcp_conn *c)
{
	if (enough(t, c, c->retries, retry_limit(t, c))) {
		tcp_conn_end(t, c, -ETIMEDOUT);
		return;
	}
	spate_count(t->counters, SPATE_RTO_FIRED);
	if (!tcp_path_probe_lost(t, c, false)) {
		uint32_t n = t->conf.black_hole_timeouts;

		if (n && (c->retries + 1u) % n == 0)
			tcp_path_black_hole(t, c);
		tcp_congestion_timeout(t, c);
	}
	c->retries += c->retries < UINT8_MAX;
	back_off(c);
	tcp_timer_update(t, c, true);
}

/* RFC 9293 3.8.6.2.1 (4): a small segment now, or the same wait again for a buffer. */
static void
override_timeout(struct tcp *t, struct tcp_conn *c)
{
	c->options |= TCP_O_OVERRIDE;
	tcp_ready(t, c);
	tcp_timer_update(t, c, true);
}

/* It may have left with something else meanwhile: the timer is not put off for each ACK. */
static void
delayed_ack_timeout(struct tcp *t, struct tcp_conn *c)
{
	if (c->options & TCP_O_BEHIND) {
		spate_count(t->counters, SPATE_ACKS_DELAYED);
		c->flags |= TCP_F_ACK_NOW;
		tcp_ready(t, c);
	}
	tcp_timer_update(t, c, true);
}

static void
persist_timeout(struct tcp *t, struct tcp_conn *c)
{
	if (enough(t, c, c->probes, retry_limit(t, c))) {
		tcp_conn_end(t, c, -ETIMEDOUT);
		return;
	}
	tcp_send_probe(t, c);
	c->probes += c->probes < UINT8_MAX;
	back_off(c);
	tcp_timer_update(t, c, true);
}

static void
keepalive_over(struct tcp *t, struct tcp_conn *c)
{
	spate_count(t->counters, SPATE_KEEPALIVE_TIMED_OUT);
	tcp_abort(t, c, -ETIMEDOUT);
}

/* RFC 9293 3.8.4: silent for long, and after so many probes nobody can be there. */
static void
keepalive_timeout(struct tcp *t, struct tcp_conn *c)
{
	if (enough(t, c, c->probes, t->conf.keepalive_count)) {
		keepalive_over(t, c);
		return;
	}
	tcp_send_keepalive(t, c);
	if (c->probes == 0)
		tcp_user_timeout_wait(t, c);
	c->probes += c->probes < UINT8_MAX;
	tcp_timer_update(t, c, true);
}

/*
 * RFC 9293 3.10.8, USER TIMEOUT: in whatever state, without a word to the peer; but where it
 * was keepalive that got no answer, with the word keepalive has.
 */
static void
user_timeout(struct tcp *t, struct tcp_conn *c)
{
	spate_count(t->counters, SPATE_USER_TIMED_OUT);
	if (tcp_is_embryo(c))
		tcp_embryo_end(t, c, SPATE_EMBRYO_TIMED_OUT);
	else if (c->timer == TCP_TIMER_KEEPALIVE)
		keepalive_over(t, c);
	else
		tcp_conn_end(t, c, open_error(c));
}

static void
fire(struct tcp *t, struct tcp_conn *c)
{
	/* What it was armed for is over, and output has had no room yet to say so. */
	if (c->options & TCP_O_TIMER_DUE) {
		tcp_timer_update(t, c, false);
		return;
	}
	if (c->extra != TCP_EXTRA_NONE && waiting(c, c->timer) &&
		t->now_ns >= tcp_user_timeout_ends(t, c)) {
		user_timeout(t, c);
		return;
	}
	if (c->state == SPATE_SYN_SENT || c->state == SPATE_SYN_RCVD) {
		handshake_timeout(t, c);
		return;
	}
	switch ((enum tcp_timer)c->timer) {
	case TCP_TIMER_RETRANSMIT:
		retransmit_timeout(t, c);
		break;
	case TCP_TIMER_LOSS_PROBE:
		tcp_send_loss_probe(t, c);
		c->probing = true; /* there may have been no buffer for it: once is enough */
		tcp_timer_update(t, c, true);
		break;
	case TCP_TIMER_REORDER:
		tcp_rack_timeout(t, c);
		tcp_timer_update(t, c, true);
		break;
	case TCP_TIMER_PERSIST:
		persist_timeout(t, c);
		break;
	case TCP_TIMER_OVERRIDE:
		override_timeout(t, c);
		break;
	case TCP_TIMER_DELAYED_ACK:
		delayed_ack_timeout(t, c);
		break;
	case TCP_TIMER_FIN_WAIT_2:
		spate_count(t->counters, SPATE_FIN_WAIT_2_TIMED_OUT);
		tcp_conn_end(t, c, -ETIMEDOUT);
		break;
	case TCP_TIMER_KEEPALIVE:
		keepalive_timeout(t, c);
		break;
	case TCP_TIMER_NONE:
		break;
	}
}

uint64_t
tcp_timers_run(struct tcp *t)
{
	uint32_t due[EXPIRE_BATCH], n;

	do {
		n = wheel_expire(&t->wheel, t->now_ns, due, EXPIRE_BATCH);
		/* One that fires may end another of the batch. */
		for (uint32_t i = 0; i < n; i++)
			if (t->conns[due[i]].state != SPATE_CLOSED)
				fire(t, &t->conns[due[i]]);
	} while (n == EXPIRE_BATCH);
	return wheel_next(&t->wheel);
}
