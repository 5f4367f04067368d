/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Probes: a tuple in the table that is no connection. It stands in SYN_SENT, where no segment
 * is taken for granted; it never has a timer or anything to send of its own, and it is not
 * counted as opened. What comes goes to the application, which answers or does not.
 */
#include <errno.h>

#include "tcp/tcp.h"

#define FLAGS (TCP_FIN | TCP_SYN | TCP_RST | TCP_PSH | TCP_ACK | TCP_URG)

int
tcp_probe_open(struct tcp *t, const struct flow_key *key, spate_conn *out)
{
	uint64_t hash = conn_table_hash(&t->table, key);
	struct tcp_conn *c;
	uint16_t hop;

	if (t->ops->on_segment == NULL || !ip_is_peer(t->ip, key->raddr))
		return -EINVAL;
	/* What a probe sends could be taken for something of before the crash. */
	if (tcp_quiet(t))
		return -EAGAIN;
	if (conn_table_lookup(&t->table, hash, key) != CONN_TABLE_NONE)
		return -EADDRINUSE;
	hop = ip_hop(t->ip, key->raddr);
	if (hop == NEIGH_NONE)
		return -EHOSTUNREACH;
	c = tcp_conn_new(t, key, hash, SPATE_SYN_SENT, hop, CONN_TABLE_NONE);
	if (c == NULL) {
		spate_count(t->counters, SPATE_CONNECT_NO_ROOM);
		return -ENOBUFS;
	}
	c->options = TCP_O_PROBE;
	*out = tcp_conn_index(t, c);
	return 0;
}

int
tcp_probe_send(struct tcp *t, const struct tcp_conn *c, const struct spate_segment *seg)
{
	struct tcp_options o = {
		.has_mss = seg->mss != 0,
		.mss = seg->mss,
		.has_ts = seg->has_ts,
		.tsval = seg->tsval,
		.tsecr = seg->tsecr,
	};

	if (c->state == SPATE_CLOSED || !(c->options & TCP_O_PROBE))
		return -ENOTCONN;
	if (seg->flags & TCP_RST)
		spate_count(t->counters, SPATE_RST_SENT);
	tcp_send_bare(t, &c->key, c->hop, seg->seq, seg->ack, seg->wnd, seg->flags & FLAGS, &o);
	return 0;
}

void
tcp_input_probe(struct tcp *t, const struct tcp_conn *c, const struct tcp_rx *rx)
{
	const struct tcp_seg *s = &rx->seg;
	struct tcp_options o;

	tcp_options_parse(s->opts, s->opts_len, &o);
	spate_count(t->counters, SPATE_PROBE_SEGMENTS);
	t->ops->on_segment(t->app, tcp_conn_index(t, c),
		&(struct spate_segment){
			.flags = s->flags,
			.has_ts = o.has_ts,
			.wnd = s->wnd,
			.mss = o.has_mss ? o.mss : 0,
			.seq = s->seq,
			.ack = s->ack,
			.tsval = o.tsval,
			.tsecr = o.tsecr,
			.len = s->data_len,
		});
}
