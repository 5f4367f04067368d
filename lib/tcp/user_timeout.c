/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long what was sent may go unacknowledged (OP-07): USER_TIMEOUT of RFC 9293 3.10.8,
 * and the option that tells the peer (RFC 5482).
 *
 * Where it is set it takes the place of the retry counts, exactly: the connection ends when
 * SND.UNA has not moved for so long though something waits to be acknowledged, or to be
 * sent; and so long after the first keepalive probe without an answer. SYNs have their
 * count besides. The wait has no timer of its own: the connection's fires at its end at
 * the latest (timers.c).
 *
 * RFC 5482's variables: ENABLED is the knob user_timeout_option; ADV_UTO what was set, or
 * RFC 9293's five minutes; CHANGEABLE ends where the application has set the connection's.
 */
#include <errno.h>

#include "tcp/extra.h"
#include "tcp/tcp.h"

#define L_LIMIT_MS 100000 /* RFC 5482 3.1, RFC 1122 4.2.3.5: R2 is 100 s at least */
#define ADV_UTO_MS 300000 /* RFC 9293 3.9.1.1: the default user timeout */

void
tcp_user_timeout_begin(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_extra *x = t->conf.user_timeout_ms ? tcp_extra_take(t, c) : NULL;

	if (x)
		x->user_timeout_ms = t->conf.user_timeout_ms;
}

uint32_t
tcp_user_timeout_ms(const struct tcp *t, const struct tcp_conn *c)
{
	return c->extra == TCP_EXTRA_NONE ? 0 : t->extras[c->extra].user_timeout_ms;
}

void
tcp_user_timeout_wait(struct tcp *t, struct tcp_conn *c)
{
	if (c->extra != TCP_EXTRA_NONE)
		t->extras[c->extra].waiting_since_ns = t->now_ns;
}

uint64_t
tcp_user_timeout_ends(const struct tcp *t, const struct tcp_conn *c)
{
	uint32_t ms = tcp_user_timeout_ms(t, c);

	return ms ? t->extras[c->extra].waiting_since_ns + ms * 1000000ull : UINT64_MAX;
}

uint16_t
tcp_user_timeout_option(const struct tcp *t, const struct tcp_conn *c)
{
	uint32_t ms = t->conf.user_timeout_ms;

	/* What was adopted is no news to tell. */
	if (c->extra != TCP_EXTRA_NONE && t->extras[c->extra].user_timeout_set)
		ms = t->extras[c->extra].user_timeout_ms;
	return tcp_option_uto(ms ? ms : ADV_UTO_MS);
}

/* The connection's timer was cut to what held until now. */
static void
change(struct tcp *t, struct tcp_conn *c, struct tcp_extra *x, uint32_t ms)
{
	if (x->user_timeout_ms == ms)
		return;
	/* Nobody has looked at the clock until now: the wait begins here. */
	if (x->user_timeout_ms == 0)
		x->waiting_since_ns = t->now_ns;
	x->user_timeout_ms = ms;
	if (c->timer != TCP_TIMER_NONE)
		tcp_timer_update(t, c, true);
}

int
tcp_user_timeout_set(struct tcp *t, struct tcp_conn *c, uint64_t ms)
{
	struct tcp_extra *x;

	if (ms > INT32_MAX)
		return -EINVAL;
	x = tcp_extra_take(t, c);
	if (x == NULL)
		return -ENOBUFS;
	x->user_timeout_set = true;
	change(t, c, x, ms);
	if (t->conf.user_timeout_option && c->state >= SPATE_ESTABLISHED) {
		c->options |= TCP_O_UTO_DUE;
		c->flags |= TCP_F_ACK_NOW;
		tcp_ready(t, c);
	}
	return 0;
}

/* RFC 5482 3.1: min(U_LIMIT, max(ADV_UTO, REMOTE_UTO, L_LIMIT)). */
void
tcp_user_timeout_adopt(struct tcp *t, struct tcp_conn *c, const struct tcp_options *o)
{
	uint32_t ms = o->has_uto ? tcp_option_uto_ms(o->uto) : 0;
	uint32_t own = t->conf.user_timeout_ms ? t->conf.user_timeout_ms : ADV_UTO_MS;
	struct tcp_extra *x;

	/* RFC 5482 3: zero is reserved. */
	if (!t->conf.user_timeout_option || ms == 0)
		return;
	x = tcp_extra_take(t, c);
	if (x == NULL || x->user_timeout_set)
		return;
	ms = RTE_MAX(RTE_MAX(own, ms), (uint32_t)L_LIMIT_MS);
	change(t, c, x, RTE_MIN(ms, t->conf.user_timeout_limit_ms));
}

void
tcp_user_timeout_input(struct tcp *t, struct tcp_conn *c, const struct tcp_options *o)
{
	if (o->has_uto)
		tcp_user_timeout_adopt(t, c, o);
}
