/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/receive_window.h"

#include "tcp/extra.h"

#define ROUND_LEAST_US 100 /* a round trip on a wire without any length is no measure */

static bool
is_largest(const struct tcp *t, const struct tcp_conn *c)
{
	return tcp_rcv_doublings(c) == TCP_DOUBLINGS_MAX ||
	       tcp_receive_buffer(t, c) == tcp_receive_max(t);
}

void
tcp_receive_measure(struct tcp *t, struct tcp_conn *c)
{
	uint32_t buffer = tcp_receive_buffer(t, c), now = tcp_now_us(t);
	uint32_t round = c->srtt_us > ROUND_LEAST_US ? c->srtt_us : ROUND_LEAST_US;
	struct tcp_extra *x;

	/* Without scaling there is nothing more to offer. */
	if (is_largest(t, c) || !(c->flags & TCP_F_WSCALE))
		return;
	x = tcp_extra_take(t, c);
	if (x == NULL)
		return;
	if (x->receiving) {
		if (now - x->round_us < round)
			return;
		if (c->rcv_nxt - x->round_seq >= buffer / 2)
			c->wscale++; /* the doublings are its lower half */
	}
	x->receiving = true;
	x->round_us = now;
	x->round_seq = c->rcv_nxt;
	if (is_largest(t, c)) {
		x->receiving = false;
		tcp_extra_let_go(t, c);
	}
}
