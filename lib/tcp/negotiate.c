/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the two SYNs agree on (OP-02 to OP-05). An option counts when both sides
 * send it; in SYN_SENT our flags say what we offered, afterwards what was agreed.
 */
#include <errno.h>

#include "ip/packet.h"

#include "tcp/auth.h"
#include "tcp/receive_window.h"

#define MSS_DEFAULT    536 /* RFC 9293 3.7.1: no MSS option from the peer */
#define MSS_DEFAULT_V6 1220
#define MSS_LEAST      48 /* below this a segment's options might leave no room */

uint16_t
tcp_headers(rte_be32_t raddr)
{
	return packet_header_len(raddr) + sizeof(struct rte_tcp_hdr);
}

/* RFC 9293 3.7.1: what the interface can take, whatever the path or our options are. */
uint16_t
tcp_our_mss(const struct tcp *t, rte_be32_t raddr)
{
	uint16_t mss = t->ip->mtu - tcp_headers(raddr);

	if (t->conf.mss && t->conf.mss < mss)
		mss = t->conf.mss;
	return mss > MSS_LEAST ? mss : MSS_LEAST;
}

uint16_t
tcp_peer_mss(const struct tcp_options *o, rte_be32_t raddr)
{
	uint16_t mss = addr_is_v6(raddr) ? MSS_DEFAULT_V6 : MSS_DEFAULT;

	if (o->has_mss && o->mss)
		mss = o->mss;

	return mss < MSS_LEAST ? MSS_LEAST : mss;
}

uint16_t
tcp_offer(const struct tcp *t)
{
	return (t->conf.timestamps ? TCP_F_TS : 0) | (t->conf.window_scale ? TCP_F_WSCALE : 0);
}

int
tcp_offer_timestamps(struct tcp_conn *c, uint64_t on)
{
	if (on > 1)
		return -EINVAL;
	if (c->state != SPATE_SYN_SENT || !(c->flags & TCP_F_SYN_DUE) ||
		(c->flags & TCP_F_SYN_LOST))
		return -EISCONN;
	c->flags &= ~TCP_F_TS;
	c->flags |= on ? TCP_F_TS : 0;
	return 0;
}

uint8_t
tcp_our_wscale(const struct tcp *t)
{
	uint8_t shift = 0;

	/* No unit larger than what is offered first, or nothing would be. */
	while (shift < TCP_WSCALE_MAX && tcp_receive_max(t) >> shift > UINT16_MAX &&
		t->conf.receive_buffer >> shift > 1)
		shift++;
	return shift;
}

uint8_t
tcp_syn_options(const struct tcp *t, const struct tcp_conn *c, uint8_t *p)
{
	struct tcp_options o = {
		.has_mss = true,
		.mss = tcp_our_mss(t, c->key.raddr),
		.has_wscale = c->flags & TCP_F_WSCALE,
		.wscale = t->rcv_shift,
		.sack_permitted = c->options & TCP_O_SACK,
		.has_ts = c->flags & TCP_F_TS,
		.tsval = t->ts_now + c->ts_offset,
		/* RFC 7323 3.2: TSecr is zero where there is no ACK. */
		.tsecr = c->state == SPATE_SYN_SENT ? 0 : c->ts_recent,
	};

	if (unlikely(t->conf.user_timeout_option)) {
		o.has_uto = true;
		o.uto = tcp_user_timeout_option(t, c);
	}
	return tcp_options_build(p, &o);
}

/* PM-01: no larger than what the path is known to take; what we announce stays the same. */
static void
use_path(struct tcp *t, struct tcp_conn *c)
{
	const struct path *path = path_find(&t->ip->paths, c->key.raddr, t->now_ns);
	uint16_t agreed = c->mss;

	if (path == NULL)
		return;
	if (path->fragment)
		c->options |= TCP_O_FRAGMENT;
	if (path->mtu - tcp_headers(c->key.raddr) < c->mss) {
		c->mss = path->mtu - tcp_headers(c->key.raddr);
		tcp_path_lowered(t, c, agreed, path->until_ns);
	}
}

void
tcp_take_syn_options(struct tcp *t, struct tcp_conn *c, const struct tcp_options *o)
{
	uint16_t mss = tcp_peer_mss(o, c->key.raddr);

	c->mss = RTE_MIN(mss, tcp_our_mss(t, c->key.raddr));
	use_path(t, c);
	tcp_user_timeout_adopt(t, c, o);
	if (o->malformed)
		spate_count(t->counters, SPATE_OPTIONS_MALFORMED);
	if (o->has_auth && (t->auth == NULL || tcp_auth_key_first(t, &c->key) == AUTH_KEY_NONE))
		spate_count(t->counters, SPATE_AUTH_IGNORED);
	if ((c->flags & TCP_F_WSCALE) && o->has_wscale) {
		uint8_t shift = o->wscale > TCP_WSCALE_MAX ? TCP_WSCALE_MAX : o->wscale;

		c->wscale = shift << 4;
	} else {
		c->flags &= ~TCP_F_WSCALE;
		c->wscale = 0;
	}
	if ((c->flags & TCP_F_TS) && o->has_ts)
		c->ts_recent = o->tsval;
	else
		c->flags &= ~TCP_F_TS;
	if (!o->sack_permitted)
		c->options &= ~TCP_O_SACK;
}
