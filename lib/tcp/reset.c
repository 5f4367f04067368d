/* SPDX-License-Identifier: BSD-3-Clause */
/* Resets and challenge ACKs (rows RS). */
#include "tcp/tcp.h"

void
tcp_reset_reply(struct tcp *t, const struct tcp_rx *rx)
{
	const struct tcp_seg *s = &rx->seg;

	if (s->flags & TCP_RST)
		return; /* RFC 9293 3.5.2: a RST is never answered by a RST */

	uint16_t hop = ip_hop(t->ip, rx->key->raddr);

	if (hop == NEIGH_NONE)
		return;
	spate_count(t->counters, SPATE_RST_SENT);
	/*
	 * RFC 9293 3.5.2 group 1: the reset must look acceptable to whoever sent this. With an
	 * ACK it takes its sequence number from there; without, it acknowledges the segment.
	 */
	if (s->flags & TCP_ACK)
		tcp_send_bare(t, rx->key, hop, s->ack, 0, 0, TCP_RST, NULL);
	else
		tcp_send_bare(
			t, rx->key, hop, 0, s->seq + tcp_seg_len(s), 0, TCP_RST | TCP_ACK, NULL);
}

void
tcp_send_rst(struct tcp *t, const struct tcp_conn *c)
{
	spate_count(t->counters, SPATE_RST_SENT);
	tcp_send_bare(t, &c->key, c->hop, c->snd_nxt, c->rcv_nxt, 0, TCP_RST | TCP_ACK, NULL);
}

void
tcp_challenge_ack(struct tcp *t, struct tcp_conn *c)
{
	uint32_t now_ms = t->now_ns / 1000000;

	if (c->challenge_at && now_ms - (c->challenge_at - 1) < t->conf.challenge_ack_ms) {
		spate_count(t->counters, SPATE_CHALLENGE_LIMITED);
		return;
	}
	c->challenge_at = now_ms + 1;
	spate_count(t->counters, SPATE_CHALLENGE_ACKS);
	c->flags |= TCP_F_ACK_NOW;
	tcp_ready(t, c);
}
