/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TS.Recent grows old (OP-06, RFC 7323 5.5): after 24 days of silence the peer's clock may be
 * on the other side of it, and what the peer says must not be refused for that.
 *
 * A connection that is idle has no timer, or each of millions would need one for something
 * that nearly never happens. Twice a day all records are looked at instead, some at each
 * tick: what has no timer is idle, and its `probes` count the times it was found so. Any
 * acceptable segment of the peer's sets them to 0.
 */
#include "tcp/tcp.h"

#define ROUND_NS  43200000000000ull /* half a day */
#define OLD       49 /* rounds: 24 days at least, and less than half of the clock's period */
#define AT_A_TIME 256

static void
look(struct tcp_conn *c)
{
	if (c->state < SPATE_ESTABLISHED || !(c->flags & TCP_F_TS) || c->timer != TCP_TIMER_NONE)
		return;
	if (++c->probes >= OLD) {
		c->probes = OLD;
		c->options |= TCP_O_TS_OLD;
	}
}

uint64_t
tcp_ageing_run(struct tcp *t)
{
	if (t->now_ns < t->ageing_ns)
		return t->ageing_ns;
	for (uint32_t i = 0; i < AT_A_TIME && t->ageing_at < t->untouched; i++)
		look(&t->conns[t->ageing_at++]);
	if (t->ageing_at < t->untouched)
		return t->now_ns + 1;
	t->ageing_at = 0;
	t->ageing_ns += ROUND_NS;
	/* After a long sleep each round it has missed follows. */
	return t->ageing_ns > t->now_ns ? t->ageing_ns : t->now_ns + 1;
}
