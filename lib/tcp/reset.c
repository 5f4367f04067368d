/* SPDX-License-Identifier: BSD-3-Clause */
/* Resets and challenge ACKs (rows RS). */
#include "tcp/auth.h"

/*
 * The record of the protected connection this segment is for, or AUTH_NONE. False: a RST
 * could not carry a MAC, since in SYN_SENT the peer's ISN is not known yet; nor would anybody
 * who has the key and our SYN send what draws it.
 */
static bool
may_reply(const struct tcp *t, const struct tcp_rx *rx, uint32_t *auth)
{
	uint32_t handle;

	*auth = AUTH_NONE;
	if (t->auth == NULL)
		return true;
	handle = conn_table_lookup(&t->table, rx->hash, rx->key);
	if (handle != CONN_TABLE_NONE && !(handle & CONN_TABLE_SPACE))
		*auth = tcp_auth_of(t, &t->conns[handle]);
	return *auth == AUTH_NONE || t->auth->conns[*auth].irs_known;
}

void
tcp_reset_reply(struct tcp *t, const struct tcp_rx *rx)
{
	const struct tcp_seg *s = &rx->seg;
	uint32_t auth;

	if (s->flags & TCP_RST)
		return; /* RFC 9293 3.5.2: a RST is never answered by a RST */

	uint16_t hop = ip_hop(t->ip, rx->key->raddr);

	if (hop == NEIGH_NONE || !may_reply(t, rx, &auth))
		return;
	spate_count(t->counters, SPATE_RST_SENT);
	/*
	 * RFC 9293 3.5.2 group 1: the reset must look acceptable to whoever sent this. With an
	 * ACK it takes its sequence number from there; without, it acknowledges the segment.
	 */
	if (s->flags & TCP_ACK)
		tcp_send_bare_auth(t, rx->key, hop, s->ack, 0, 0, TCP_RST, NULL, auth);
	else
		tcp_send_bare(
			t, rx->key, hop, 0, s->seq + tcp_seg_len(s), 0, TCP_RST | TCP_ACK, NULL);
}

void
tcp_send_rst(struct tcp *t, const struct tcp_conn *c)
{
	spate_count(t->counters, SPATE_RST_SENT);
	tcp_send_bare_auth(t, &c->key, c->hop, c->snd_nxt, c->rcv_nxt, 0, TCP_RST | TCP_ACK, NULL,
		tcp_auth_of(t, c));
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
