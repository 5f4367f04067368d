/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments, from the link's header room to the MAC in their options: allocated, filled, summed,
 * sent on their way. What is sent, and when, is output.c's.
 */
#include "tcp/segment.h"

#include <string.h>

#include "ip/packet.h"
#include "tcp/auth.h"
#include "tcp/chain.h"
#include "tcp/receive_window.h"
#include "tcp/sack.h"
#include "tcp/seq.h"
#include "wire/ecn.h"

#define TCP_LEN sizeof(struct rte_tcp_hdr)

/* Bytes for options: TCP-AO comes last, and has its place always. */
static uint32_t
option_room(const struct tcp_conn *c)
{
	return TCP_OPTIONS_MAX - (c->options & TCP_O_AUTH ? TCP_OPT_AUTH_LEN : 0);
}

/* RFC 6437 3: under a key of its own, as the table's hash stays secret; 0 would mean none. */
static uint32_t
flow_label(const struct tcp *t, const struct flow_key *k)
{
	uint32_t label = flow_key_hash(k, t->label_key) & IPV6_LABEL_MAX;

	return label ? label : 1;
}

/*
 * A frame with IP and TCP headers for `len` payload bytes, and room for them at *payload but for
 * the `beyond` that are in buffers of their own. Inlined, as finish() is: what both would save and
 * restore is a tenth of building a segment.
 */
static __rte_always_inline struct rte_mbuf *
begin(struct tcp *t, const struct flow_key *k, const struct tcp_seg_head *h, const uint8_t *opts,
	uint32_t len, uint32_t beyond, uint8_t **payload, struct packet_sums *sums)
{
	uint32_t ip_len = packet_header_len(k->raddr);
	uint32_t tcp_len = TCP_LEN + h->opts_len + len;
	struct rte_mbuf *m = packet_alloc(t->ip, ip_len + tcp_len - beyond);
	uint8_t *p;

	if (unlikely(m == NULL)) {
		spate_count(t->counters, SPATE_DROP_NO_MBUF);
		return NULL;
	}
	p = rte_pktmbuf_mtod(m, uint8_t *);
	sums->ip = 0;
	if (likely(!addr_is_v6(k->raddr)))
		sums->ip = ipv4_build(p, k->laddr, k->raddr, IPPROTO_TCP, tcp_len);
	else
		packet_build_v6(
			t->ip, p, k->laddr, k->raddr, IPPROTO_TCP, flow_label(t, k), tcp_len);
	p += ip_len;
	sums->segment = tcp_seg_build(p, h);
	for (uint32_t i = 0; i < h->opts_len / 4u; i++) {
		uint32_t word = word_get(opts, i);

		word_put(p + TCP_LEN, i, word);
		sums->segment += word;
	}
	*payload = p + TCP_LEN + h->opts_len;
	return m;
}

/*
 * Checksums, or what the port needs to compute them; then on its way. `sums` NULL: not all that
 * was written is in them.
 */
static __rte_always_inline void
finish(struct tcp *t, struct rte_mbuf *m, const struct flow_key *k, uint16_t hop,
	uint32_t payload_len, const struct packet_sums *sums)
{
	if (unlikely(addr_is_v6(k->raddr)))
		packet_checksums_v6(t->ip, m);
	else if (likely(sums && !t->ip->checksum_offload))
		packet_put_sums_v4(m, k->laddr, k->raddr, m->data_len - PACKET_V4_LEN, sums);
	else
		packet_checksums_v4(t->ip, m);
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
	struct packet_sums sums;
	struct rte_mbuf *m;

	if (auth != AUTH_NONE)
		h.opts_len += tcp_auth_option(t, auth, opts + h.opts_len);
	m = begin(t, k, &h, opts, 0, 0, &payload, &sums);
	if (m && (auth == AUTH_NONE || sign(t, auth, k, &h, m, payload, 0)))
		finish(t, m, k, hop, 0, auth == AUTH_NONE ? &sums : NULL);
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
	struct packet_sums sums;
	struct rte_mbuf *m;

	h->opts_len = tcp_options_build(opts, o);
	m = begin(t, k, h, opts, len, 0, &payload, &sums);
	if (m == NULL)
		return false;
	if (len)
		memcpy(payload, data, len);
	finish(t, m, k, hop, len, NULL);
	return true;
}

uint16_t
tcp_window_field(const struct tcp *t, struct tcp_conn *c, bool syn)
{
	uint8_t shift = syn ? 0 : tcp_rcv_wscale(t, c); /* RFC 7323 2.2: never scaled in a SYN */
	uint32_t used = c->rcv_unread;
	uint32_t buffer = tcp_receive_buffer(t, c);
	uint32_t wnd = used < buffer ? buffer - used : 0;
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
		if (((uint64_t)field << shift) + used > (uint64_t)buffer + unit)
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

bool
tcp_send_marked(
	struct tcp *t, struct tcp_conn *c, uint32_t seq, uint32_t len, uint8_t flags, uint8_t ecn)
{
	struct tcp_seg_head h = head_of(t, c, seq, flags);
	uint8_t opts[TCP_OPTIONS_MAX], *payload;
	uint32_t auth = tcp_auth_of(t, c);
	struct packet_sums sums;
	struct rte_mbuf *m;
	bool more = false;

	h.opts_len = flags & TCP_SYN ? tcp_syn_options(t, c, opts) : put_options(t, c, opts);
	if (auth != AUTH_NONE)
		h.opts_len += tcp_auth_option(t, auth, opts + h.opts_len);
	m = begin(t, &c->key, &h, opts, len, 0, &payload, &sums);
	if (m == NULL)
		return false;
	if (!(flags & TCP_SYN))
		c->options &= ~TCP_O_UTO_DUE;
	if (unlikely(c->options & TCP_O_FRAGMENT)) {
		allow_fragments(t, m);
		more = true;
	}
	if (unlikely(ecn)) {
		ecn_mark(rte_pktmbuf_mtod(m, uint8_t *), ecn);
		more = true;
	}
	if (len)
		sums.segment = checksum_add(
			sums.segment, tcp_send_copy(t, c, seq - c->snd_una, payload, len));
	if (auth != AUTH_NONE) {
		if (!sign(t, auth, &c->key, &h, m, payload, len))
			return false;
		more = true;
	}
	finish(t, m, &c->key, c->hop, len, more ? NULL : &sums);
	return true;
}

uint32_t
tcp_send_large(
	struct tcp *t, struct tcp_conn *c, uint32_t len, uint32_t room, uint8_t flags, uint8_t ecn)
{
	uint8_t opts[TCP_OPTIONS_MAX], *end;
	struct rte_mbuf *m, *payload;
	uint32_t n = tcp_chain_payload(t, c, c->snd_nxt - c->snd_una, len, room, &payload);
	struct packet_sums sums; /* the port's business */
	struct tcp_seg_head h;

	if (n == 0)
		return 0;
	if (n < len)
		flags &= ~(TCP_PSH | TCP_FIN);
	h = head_of(t, c, c->snd_nxt, flags);
	h.opts_len = put_options(t, c, opts);
	m = begin(t, &c->key, &h, opts, n, n, &end, &sums);
	if (m == NULL) {
		rte_pktmbuf_free(payload);
		return 0;
	}
	if (ecn)
		ecn_mark(rte_pktmbuf_mtod(m, uint8_t *), ecn);
	for (const struct rte_mbuf *p = payload; p; p = p->next)
		if (RTE_MBUF_HAS_EXTBUF(p))
			spate_count_n(t->counters, SPATE_TX_LENT_BYTES, p->data_len);
	rte_pktmbuf_chain(m, payload);
	packet_to_be_cut(t->ip, m, addr_is_v6(c->key.raddr), room);
	spate_count(t->counters, SPATE_TX_LARGE);
	spate_count_n(t->counters, SPATE_TX_SEGMENTS, (n + room - 1) / room);
	spate_count_n(t->counters, SPATE_TX_BYTES, n);
	neigh_output(t->ip, c->hop, m);
	return n;
}

bool
tcp_send_segment(struct tcp *t, struct tcp_conn *c, uint32_t seq, uint32_t len, uint8_t flags)
{
	return tcp_send_marked(t, c, seq, len, flags, ECN_NOT_ECT);
}

uint32_t
tcp_room_beside_sack(const struct tcp *t, const struct tcp_conn *c)
{
	uint32_t others = (c->flags & TCP_F_TS ? TCP_OPT_TS_PADDED : 0) +
			  (c->options & TCP_O_UTO_DUE ? TCP_OPT_UTO_LEN : 0);

	return tcp_segment_room(c) - tcp_sack_length(t, c, option_room(c) - others);
}

void
tcp_send_last_ack(struct tcp *t, struct tcp_conn *c)
{
	tcp_send_segment(t, c, c->snd_nxt, 0, TCP_ACK);
}
