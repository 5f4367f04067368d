/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Explicit congestion notification (OP-09, RFC 3168), off unless the knob says otherwise.
 *
 *   SYN      ECE and CWR: "I can"; SYN+ACK: ECE alone: "so can I" (6.1.1). A SYN without
 *            an answer goes again without them (6.1.1.1): from then on nothing of ours is
 *            marked ECT, but what the peer's marks say is still told
 *   data     ECT(0) when it is sent for the first time; not a retransmission, a probe, or
 *            a segment without data (6.1.4 to 6.1.6)
 *   CE       ECE in all we send until the peer says CWR (6.1.3)
 *   ECE      the window is halved once in a round trip, nothing is sent again, and the next
 *            new data says CWR (6.1.2), as it does after a loss
 *
 * What a cookie stood for has no ECN: there is no place in it to remember.
 */
#include "tcp/tcp.h"
#include "wire/ecn.h"

#define SETUP (TCP_ECE | TCP_CWR)

void
tcp_ecn_offer(const struct tcp *t, struct tcp_conn *c)
{
	if (t->conf.ecn)
		c->options |= TCP_O_ECN | TCP_O_ECN_ECHO;
}

uint8_t
tcp_ecn_syn_flags(const struct tcp_conn *c)
{
	if (!(c->options & TCP_O_ECN))
		return 0;
	return c->state == SPATE_SYN_SENT ? SETUP : TCP_ECE;
}

void
tcp_ecn_take_syn(struct tcp_conn *c, uint8_t flags)
{
	uint8_t setup = flags & TCP_ACK ? TCP_ECE : SETUP;

	if ((flags & SETUP) != setup)
		c->options &= ~(TCP_O_ECN | TCP_O_ECN_ECHO);
}

void
tcp_ecn_data(struct tcp *t, struct tcp_conn *c, const struct tcp_rx *rx)
{
	if (!(c->options & TCP_O_ECN_ECHO) || rx->seg.data_len == 0)
		return;
	/* One that says CWR may itself have been marked: in this order. */
	if (rx->seg.flags & TCP_CWR)
		c->options &= ~TCP_O_ECE;
	if (rx->ecn == ECN_CE) {
		spate_count(t->counters, SPATE_ECN_CE);
		c->options |= TCP_O_ECE;
	}
}
