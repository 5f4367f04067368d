/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments built. A connection with something to say waits on the ready list until the
 * stack is asked for output; by then everything one burst of input caused is known, so
 * an ACK rides on data, a FIN rides on both, and a bare ACK leaves only when nothing
 * else does.
 */
#include <string.h>

#include "ip/packet.h"
#include "tcp/auth.h"
#include "tcp/sack.h"
#include "tcp/seq.h"
#include "tcp/tcp.h"
#include "wire/ecn.h"

#define TCP_LEN sizeof(struct rte_tcp_hdr)

/* Bytes for options: TCP-AO comes last, and has its place always. */
static uint32_t
option_room(const struct tcp_conn *c)
{
	return TCP_OPTIONS_MAX - (c->options & TCP_O_AUTH ? TCP_OPT_AUTH_LEN : 0);
}

void
tcp_ready(struct tcp *t, struct tcp_conn *c)
{
	uint32_t index = tcp_conn_index(t, c);

	if (c->flags & TCP_F_READY)
		return;
	c->flags |= TCP_F_READY;
	c->ready_next = TCP_READY_NONE;
	if (t->ready_tail == TCP_READY_NONE)
		t->ready_head = index;
	else
		t->conns[t->ready_tail].ready_next = index;
	t->ready_tail = index;
}

/* RFC 6437 3: under a key of its own, as the table's hash stays secret; 0 would mean none. */
static uint32_t
flow_label(const struct tcp *t, const struct flow_key *k)
{
	uint32_t label = flow_key_hash(k, t->label_key) & IPV6_LABEL_MAX;

	return label ? label : 1;
}

/* A frame with IP and TCP headers and room for `len` payload bytes, at *payload. */
static struct rte_mbuf *
begin(struct tcp *t, const struct flow_key *k, const struct tcp_seg_head *h, const uint8_t *opts,
	uint32_t len, uint8_t **payload)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(t->ip->pool);
	uint32_t ip_len = packet_header_len(k->raddr);
	uint32_t tcp_len = TCP_LEN + h->opts_len + len;
	uint8_t *p;

	if (m == NULL || (p = (uint8_t *)rte_pktmbuf_append(m, ip_len + tcp_len)) == NULL) {
		rte_pktmbuf_free(m);
		spate_count(t->counters, SPATE_DROP_NO_MBUF);
		return NULL;
	}
	if (likely(!addr_is_v6(k->raddr)))
		ipv4_build(p, k->laddr, k->raddr, IPPROTO_TCP, tcp_len);
	else
		packet_build_v6(
			t->ip, p, k->laddr, k->raddr, IPPROTO_TCP, flow_label(t, k), tcp_len);
	p += ip_len;
	tcp_seg_build(p, h);
	/* Timestamps alone are what there nearly always is: no call. */
	if (likely(h->opts_len == TCP_OPT_TS_PADDED))
		memcpy(p + TCP_LEN, opts, TCP_OPT_TS_PADDED);
	else
		memcpy(p + TCP_LEN, opts, h->opts_len);
	*payload = p + TCP_LEN + h->opts_len;
	return m;
}

/* Checksums, or what the port needs to compute them; then on its way. */
static void
finish(struct tcp *t, struct rte_mbuf *m, const struct flow_key *k, uint16_t hop,
	uint32_t payload_len)
{
	if (likely(!addr_is_v6(k->raddr)))
		packet_checksums_v4(t->ip, m);
	else
		packet_checksums_v6(t->ip, m);
	spate_count(t->counters, SPATE_TX_SEGMENTS);
	spate_count_n(t->counters, SPATE_TX_BYTES, payload_len);
	neigh_output(t->ip, hop, m);
}

/*
 * The MAC of a segment that is complete but for its checksum, `len` payload bytes at
 * `payload`. False: it was freed.
 */
static bool
sign(struct tcp *t, uint32_t auth, const struct flow_key *k, const struct tcp_seg_head *h,
	struct rte_mbuf *m, uint8_t *payload, uint32_t len)
{
	uint32_t header_len = TCP_LEN + h->opts_len;

	if (tcp_auth_sign(t, auth, k, payload - header_len, header_len + len))
		return true;
	rte_pktmbuf_free(m);
	return false;
}

void
tcp_send_bare_auth(struct tcp *t, const struct flow_key *k, uint16_t hop, uint32_t seq,
	uint32_t ack, uint16_t wnd, uint8_t flags, const struct tcp_options *o, uint32_t auth)
{
	uint8_t opts[TCP_OPTIONS_MAX], *payload;
	struct tcp_seg_head h = {
		.sport = k->lport,
		.dport = k->rport,
		.seq = seq,
		.ack = ack,
		.wnd = wnd,
		.flags = flags,
		.opts_len = o ? tcp_options_build(opts, o) : 0,
	};
	struct rte_mbuf *m;

	if (auth != AUTH_NONE)
		h.opts_len += tcp_auth_option(t, auth, opts + h.opts_len);
	m = begin(t, k, &h, opts, 0, &payload);
	if (m && (auth == AUTH_NONE || sign(t, auth, k, &h, m, payload, 0)))
		finish(t, m, k, hop, 0);
}

void
tcp_send_bare(struct tcp *t, const struct flow_key *k, uint16_t hop, uint32_t seq, uint32_t ack,
	uint16_t wnd, uint8_t flags, const struct tcp_options *o)
{
	tcp_send_bare_auth(t, k, hop, seq, ack, wnd, flags, o, AUTH_NONE);
}

bool
tcp_send_made(struct tcp *t, const struct flow_key *k, uint16_t hop, struct tcp_seg_head *h,
	const struct tcp_options *o, const uint8_t *data, uint32_t len)
{
	uint8_t opts[TCP_OPTIONS_MAX], *payload;
	struct rte_mbuf *m;

	h->opts_len = tcp_options_build(opts, o);
	m = begin(t, k, h, opts, len, &payload);
	if (m == NULL)
		return false;
	if (len)
		memcpy(payload, data, len);
	finish(t, m, k, hop, len);
	return true;
}

uint16_t
tcp_window_field(const struct tcp *t, struct tcp_conn *c, bool syn)
{
	uint8_t shift = syn ? 0 : tcp_rcv_wscale(c); /* RFC 7323 2.2: never scaled in a SYN */
	uint32_t used = c->rcv_unread;
	uint32_t wnd = used < t->conf.receive_buffer ? t->conf.receive_buffer - used : 0;
	uint32_t field = wnd >> shift < UINT16_MAX ? wnd >> shift : UINT16_MAX;
	uint32_t edge = c->rcv_nxt + (field << shift);

	/*
	 * RFC 9293 3.8.6: what was offered stays offered, rounded up; but not up again on top of
	 * that, or bytes that trickle in unread would move the edge for ever. Rounded down, the
	 * wire seems to take back less than a unit (RFC 7323 2.4), which is still accepted.
	 */
	if (!syn && seq_lt(edge, c->rcv_adv)) {
		uint32_t unit = (1u << shift) - 1;

		field = (tcp_rcv_wnd(c) + unit) >> shift;
		if (((uint64_t)field << shift) + used > (uint64_t)t->conf.receive_buffer + unit)
			field = tcp_rcv_wnd(c) >> shift;
		if (field > UINT16_MAX)
			field = UINT16_MAX;
		edge = c->rcv_nxt + (field << shift);
	}
	if (seq_gt(edge, c->rcv_adv))
		c->rcv_adv = edge;
	return field;
}

/* The connection's header for a segment at `seq`; everything owed goes with it. */
static struct tcp_seg_head
head_of(const struct tcp *t, struct tcp_conn *c, uint32_t seq, uint8_t flags)
{
	bool syn = flags & TCP_SYN;

	if ((c->options & TCP_O_ECE) && !syn)
		flags |= TCP_ECE;
	c->flags &= ~TCP_F_ACK_NOW;
	c->options &= ~TCP_O_BEHIND;
	return (struct tcp_seg_head){
		.sport = c->key.lport,
		.dport = c->key.rport,
		.seq = seq,
		.ack = flags & TCP_ACK ? c->rcv_nxt : 0,
		.wnd = tcp_window_field(t, c, syn),
		.flags = flags,
	};
}

/* PM-04: the packet may be cut up, so it needs a number of its own (RFC 6864). */
static void
allow_fragments(struct tcp *t, struct rte_mbuf *m)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, struct rte_ipv4_hdr *);

	ip->fragment_offset = 0;
	ip->packet_id = rte_cpu_to_be_16(t->ip->ident++);
}

/* Options of a segment without SYN, but for TCP-AO; returns their length. */
static uint8_t
put_options(struct tcp *t, struct tcp_conn *c, uint8_t *p)
{
	uint8_t len = 0;

	if (c->flags & TCP_F_TS)
		len = tcp_options_build_ts_only(p, t->ts_now + c->ts_offset, c->ts_recent);
	if (unlikely(c->options & TCP_O_UTO_DUE)) {
		struct tcp_options o = {.has_uto = true, .uto = tcp_user_timeout_option(t, c)};

		len += tcp_options_build(p + len, &o);
	}
	if (unlikely(c->extra != TCP_EXTRA_NONE))
		len += tcp_sack_build(t, c, p + len, option_room(c) - len);
	return len;
}

/*
 * Segment [seq, seq + len) with `flags`, its packet marked `ecn`. False when there was no
 * buffer for it.
 */
static bool
send_marked(
	struct tcp *t, struct tcp_conn *c, uint32_t seq, uint32_t len, uint8_t flags, uint8_t ecn)
{
	struct tcp_seg_head h = head_of(t, c, seq, flags);
	uint8_t opts[TCP_OPTIONS_MAX], *payload;
	uint32_t auth = tcp_auth_of(t, c);
	struct rte_mbuf *m;

	h.opts_len = flags & TCP_SYN ? tcp_syn_options(t, c, opts) : put_options(t, c, opts);
	if (auth != AUTH_NONE)
		h.opts_len += tcp_auth_option(t, auth, opts + h.opts_len);
	m = begin(t, &c->key, &h, opts, len, &payload);
	if (m == NULL)
		return false;
	if (!(flags & TCP_SYN))
		c->options &= ~TCP_O_UTO_DUE;
	if (c->options & TCP_O_FRAGMENT)
		allow_fragments(t, m);
	if (ecn)
		ecn_mark(rte_pktmbuf_mtod(m, uint8_t *), ecn);
	if (len)
		tcp_send_copy(t, c, seq - c->snd_una, payload, len);
	if (auth != AUTH_NONE && !sign(t, auth, &c->key, &h, m, payload, len))
		return false;
	finish(t, m, &c->key, c->hop, len);
	return true;
}

static bool
send_segment(struct tcp *t, struct tcp_conn *c, uint32_t seq, uint32_t len, uint8_t flags)
{
	return send_marked(t, c, seq, len, flags, ECN_NOT_ECT);
}

/* The same from snd_nxt: data that is sent for the first time (RFC 3168 6.1.2). */
static bool
send_first(struct tcp *t, struct tcp_conn *c, uint32_t len, uint8_t flags)
{
	bool data = len && (c->options & TCP_O_ECN);

	if (data && (c->options & TCP_O_CWR))
		flags |= TCP_CWR;
	if (!send_marked(t, c, c->snd_nxt, len, flags, data ? ECN_ECT0 : ECN_NOT_ECT))
		return false;
	if (flags & TCP_CWR)
		c->options &= ~TCP_O_CWR;
	return true;
}

/* Time this segment, if nothing is being timed (Karn: never one that is sent again). */
static void
time_segment(const struct tcp *t, struct tcp_conn *c, uint32_t end)
{
	if (c->flags & TCP_F_RTT)
		return;
	c->flags |= TCP_F_RTT;
	c->rtt_seq = end;
	c->rtt_start = tcp_now_us(t);
}

static void
send_syn(struct tcp *t, struct tcp_conn *c)
{
	c->flags &= ~TCP_F_SYN_DUE;
	send_segment(t, c, c->snd_una, 0,
		(c->state == SPATE_SYN_SENT ? TCP_SYN : TCP_SYN | TCP_ACK) | tcp_ecn_syn_flags(c));
	if (c->flags & TCP_F_SYN_LOST)
		c->flags &= ~TCP_F_RTT;
	else
		time_segment(t, c, c->snd_nxt);
	tcp_timer_update(t, c, false);
}

/* Payload bytes the next segment can carry: SACK blocks take of its room (RFC 6691). */
static uint32_t
room_now(const struct tcp *t, const struct tcp_conn *c)
{
	uint32_t others = (c->flags & TCP_F_TS ? TCP_OPT_TS_PADDED : 0) +
			  (c->options & TCP_O_UTO_DUE ? TCP_OPT_UTO_LEN : 0);

	if (c->extra == TCP_EXTRA_NONE)
		return tcp_segment_room(c);
	return tcp_segment_room(c) - tcp_sack_length(t, c, option_room(c) - others);
}

/* Bytes of the queue at `seq` that a segment may carry now: window, SMSS, what there is. */
static uint32_t
sendable(const struct tcp *t, const struct tcp_conn *c, uint32_t seq)
{
	uint32_t wnd = c->snd_wnd < c->cwnd ? c->snd_wnd : c->cwnd;
	uint32_t used = seq - c->snd_una;
	uint32_t avail = c->snd_end - seq;
	uint32_t room = room_now(t, c);

	if (used >= wnd)
		return 0;
	if (avail > room)
		avail = room;
	return avail < wnd - used ? avail : wnd - used;
}

/* Send again from snd_rtx: one segment, and in loss recovery as many as cwnd allows. */
static void
retransmit(struct tcp *t, struct tcp_conn *c, uint32_t *room)
{
	c->flags &= ~TCP_F_RTX_DUE;
	c->flags &= ~TCP_F_RTT;
	if (unlikely(c->options & TCP_O_NARROW))
		tcp_path_probe_void(t, c);
	for (bool first = true; seq_lt(c->snd_rtx, c->recover); first = false) {
		/* Bytes sent before, the FIN excluded: nothing new travels here. */
		uint32_t len = c->snd_nxt - !!(c->flags & TCP_F_FIN_SENT) - c->snd_rtx;
		uint8_t flags = TCP_ACK;

		if (len > room_now(t, c))
			len = room_now(t, c);
		if (!first && sendable(t, c, c->snd_rtx) < len)
			return;
		if (*room == 0) {
			c->flags |= TCP_F_RTX_DUE;
			return;
		}
		if (c->snd_rtx + len == c->snd_end) {
			flags |= len ? TCP_PSH : 0;
			flags |= c->flags & TCP_F_FIN_SENT ? TCP_FIN : 0;
		}
		if (!send_segment(t, c, c->snd_rtx, len, flags))
			return;
		(*room)--;
		spate_count(t->counters, SPATE_RETRANSMITS);
		c->snd_rtx += len + !!(flags & TCP_FIN);
		if (c->flags & TCP_F_RECOVERY)
			return;
	}
}

/*
 * RFC 9293 3.8.6.2.1: is this too little to send? Not when it is a full segment, all there
 * is, or half of the largest window the peer has had; nor when it has waited long enough.
 */
static bool
silly(const struct tcp *t, const struct tcp_conn *c, uint32_t len)
{
	uint32_t largest = (uint32_t)c->wnd_max << tcp_snd_wscale(c);

	return c->snd_nxt + len != c->snd_end && len < room_now(t, c) && len < largest / 2 &&
	       !(c->options & TCP_O_OVERRIDE);
}

/* tcp_path_probe(), but never with SACK blocks: they would have no room in it. */
static uint32_t
trial(const struct tcp *t, const struct tcp_conn *c)
{
	return room_now(t, c) == tcp_segment_room(c) ? tcp_path_probe(t, c) : 0;
}

/* New data and the FIN, as far as windows and `room` frames allow. True if anything went. */
static bool
send_new(struct tcp *t, struct tcp_conn *c, uint32_t *room)
{
	bool sent = false;

	while (*room > 0 && tcp_unsent(c)) {
		uint32_t probe = unlikely(c->options & TCP_O_NARROW) ? trial(t, c) : 0;
		uint32_t len = probe ? probe : sendable(t, c, c->snd_nxt);
		bool last = c->snd_nxt + len == c->snd_end;
		/* The FIN needs a place in the peer's window, but none in cwnd. */
		bool fin = last && (c->flags & TCP_F_FIN_QUEUED) &&
			   c->snd_nxt + len - c->snd_una < c->snd_wnd;

		if (len == 0 && !fin)
			break;
		if (probe == TCP_PATH_HOLD || (len && silly(t, c, len)))
			break;
		if (!send_first(
			    t, c, len, TCP_ACK | (last && len ? TCP_PSH : 0) | (fin ? TCP_FIN : 0)))
			break;
		c->snd_nxt += len + fin;
		c->options &= ~TCP_O_OVERRIDE;
		if (probe)
			tcp_path_probe_sent(t, c, len);
		if (fin)
			c->flags |= TCP_F_FIN_SENT;
		time_segment(t, c, c->snd_nxt);
		(*room)--;
		sent = true;
	}
	return sent;
}

/* One connection's turn. False when it has more to send than there is room for. */
static bool
output_conn(struct tcp *t, struct tcp_conn *c, uint32_t *room)
{
	bool idle = c->snd_nxt == c->snd_una;

	if (c->state == SPATE_SYN_SENT || c->state == SPATE_SYN_RCVD) {
		if (c->flags & TCP_F_SYN_DUE)
			send_syn(t, c);
		else if (c->flags & TCP_F_ACK_NOW)
			send_segment(t, c, c->snd_nxt, 0, TCP_ACK);
		(*room)--;
		return true;
	}
	if (c->flags & TCP_F_RTX_DUE)
		retransmit(t, c, room);
	/* RFC 6298 5.1: it begins with the first in flight, not when there was no buffer for it. */
	if (send_new(t, c, room) || tcp_unsent(c) || (c->options & TCP_O_TIMER_DUE))
		tcp_timer_update(t, c, idle && c->snd_nxt != c->snd_una);
	if (*room == 0)
		return !(c->flags & (TCP_F_ACK_NOW | TCP_F_RTX_DUE)) && !tcp_unsent(c);
	if (c->flags & TCP_F_ACK_NOW) {
		send_segment(t, c, c->snd_nxt, 0, TCP_ACK);
		(*room)--;
	}
	return true;
}

void
tcp_output(struct tcp *t, uint32_t max)
{
	uint32_t room = ip_tx_room(t->ip) < max ? ip_tx_room(t->ip) : max;

	while (t->ready_head != TCP_READY_NONE && room > 0) {
		uint32_t index = t->ready_head;
		struct tcp_conn *c = &t->conns[index];

		if (c->state != SPATE_CLOSED && !output_conn(t, c, &room))
			return;
		t->ready_head = c->ready_next;
		if (t->ready_head == TCP_READY_NONE)
			t->ready_tail = TCP_READY_NONE;
		c->flags &= ~TCP_F_READY;
		if (c->state == SPATE_CLOSED) {
			/* It ended while it waited here. */
			c->ready_next = t->grave_head;
			t->grave_head = index;
		}
	}
}

void
tcp_send_last_ack(struct tcp *t, struct tcp_conn *c)
{
	send_segment(t, c, c->snd_nxt, 0, TCP_ACK);
}

void
tcp_send_keepalive(struct tcp *t, struct tcp_conn *c)
{
	/* One number behind what the peer expects, and empty: any TCP answers with an ACK. */
	if (send_segment(t, c, c->snd_nxt - 1, 0, TCP_ACK))
		spate_count(t->counters, SPATE_KEEPALIVE_PROBES);
}

void
tcp_send_probe(struct tcp *t, struct tcp_conn *c)
{
	bool again = c->snd_nxt != c->snd_una;
	bool data = seq_lt(c->snd_una, c->snd_end);

	if (!send_segment(t, c, c->snd_una, data, TCP_ACK | (data ? 0 : TCP_FIN)))
		return;
	spate_count(t->counters, SPATE_PERSIST_PROBES);
	c->flags &= ~TCP_F_RTT;
	if (again)
		return;
	c->snd_nxt++;
	if (!data)
		c->flags |= TCP_F_FIN_SENT;
}
