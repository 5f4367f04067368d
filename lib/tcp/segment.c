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
#include "wire/checksum.h"
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
 * A segment being made. Its options and payload are written where they will be sent from, and
 * summed on the way; then its header; IP's, and the checksum, last.
 *
 * It stays in registers, and so does the tuple: what is written through a pointer to bytes may be
 * anything, for all a compiler knows, so neither is read again from memory. Hence no function that
 * is not inlined has a draft's address.
 */
struct draft {
	struct rte_mbuf *m;
	uint8_t *ip;  /* the packet */
	uint8_t *tcp; /* the header; options behind it */
	uint64_t sum; /* of what has been written of it, unless the port makes checksums */
	bool v6;
	uint32_t opts_len, len; /* of options, of payload */
};

/* False: there was no buffer. */
static __rte_always_inline bool
begin(struct tcp *t, bool v6, struct draft *d)
{
	d->m = packet_alloc(t->ip);
	if (unlikely(d->m == NULL))
		return false;
	d->v6 = v6;
	d->ip = rte_pktmbuf_mtod(d->m, uint8_t *);
	d->tcp = d->ip + (v6 ? IPV6_LEN : PACKET_V4_LEN);
	d->sum = 0;
	d->opts_len = d->len = 0;
	return true;
}

static __rte_always_inline uint8_t *
options_at(const struct draft *d)
{
	return d->tcp + TCP_LEN;
}

static __rte_always_inline uint8_t *
payload_at(const struct draft *d)
{
	return options_at(d) + d->opts_len;
}

/* `len` more bytes of options that were written by somebody who has not summed them. */
static __rte_always_inline void
add_options(struct draft *d, uint32_t len)
{
	d->sum += checksum_words(payload_at(d), len / 4);
	d->opts_len += len;
}

/* Has the buffer room for so much payload? False: it was given back. */
static __rte_always_inline bool
fits(struct tcp *t, const struct draft *d, uint32_t len)
{
	if (likely(len <= packet_room(d->m, payload_at(d))))
		return true;
	spate_count(t->counters, SPATE_DROP_NO_MBUF);
	rte_mbuf_raw_free(d->m);
	return false;
}

/* What is not the same for every packet, beside its addresses: rarely anything. */
struct marks {
	uint8_t ecn;
	bool fragment; /* PM-04 */
};

static __rte_noinline uint64_t
put_ip6(struct tcp *t, uint8_t *p, struct flow_key k, uint8_t ecn, uint32_t len)
{
	return packet_put_v6(t->ip, p, k.laddr, k.raddr, IPPROTO_TCP, ecn, flow_label(t, &k), len);
}

/* The IP header; returns the sum of the pseudo header. */
static __rte_always_inline uint64_t
put_ip(struct tcp *t, const struct draft *d, const struct flow_key *k, struct marks marks)
{
	uint32_t len = TCP_LEN + d->opts_len + d->len;
	uint64_t pseudo;

	if (unlikely(d->v6))
		return put_ip6(t, d->ip, *k, marks.ecn, len);
	pseudo = packet_put_v4(d->ip, k->laddr, k->raddr, IPPROTO_TCP, marks.ecn, len);
	if (unlikely(marks.fragment))
		ipv4_allow_fragments(d->ip, t->ip->ident++);
	return pseudo;
}

/* All that TCP says being there: IP, checksum, and on its way. */
static __rte_always_inline void
finish(struct tcp *t, const struct draft *d, const struct flow_key *k, uint16_t hop,
	struct marks marks)
{
	uint64_t pseudo = put_ip(t, d, k, marks);

	packet_set_len(d->m, payload_at(d) + d->len - d->ip);
	packet_put_checksum(t->ip, d->m, d->tcp, d->v6, d->sum, pseudo);
	spate_count(t->counters, SPATE_TX_SEGMENTS);
	spate_count_n(t->counters, SPATE_TX_BYTES, d->len);
	ip_output(t->ip, hop, d->m);
}

/*
 * The MAC of a segment that is complete but for its checksum, and whose option, the last, has not
 * been summed. False: the segment was freed.
 */
static __rte_always_inline bool
sign(struct tcp *t, uint32_t auth, const struct flow_key *k, struct draft *d)
{
	if (!tcp_auth_sign(t, auth, k, d->tcp, TCP_LEN + d->opts_len + d->len)) {
		rte_pktmbuf_free(d->m);
		return false;
	}
	d->sum = checksum_add(
		d->sum, checksum_words(payload_at(d) - TCP_OPT_AUTH_LEN, TCP_OPT_AUTH_LEN / 4));
	return true;
}

/* A segment of no connection's, or not as its connection would send it. False: it was not sent. */
static bool
send_alone(struct tcp *t, const struct flow_key *k, uint16_t hop, struct tcp_seg_head *h,
	const struct tcp_options *o, const uint8_t *data, uint32_t len, uint32_t auth)
{
	struct draft d;

	if (!begin(t, addr_is_v6(k->raddr), &d))
		return false;
	if (o)
		add_options(&d, tcp_options_build(options_at(&d), o));
	if (auth != AUTH_NONE)
		d.opts_len += tcp_auth_option(t, auth, payload_at(&d));
	if (!fits(t, &d, len))
		return false;
	h->opts_len = d.opts_len;
	d.len = len;
	d.sum += tcp_seg_build(d.tcp, h);
	if (len) {
		memcpy(payload_at(&d), data, len);
		d.sum = checksum_add(d.sum, checksum_bytes(data, len));
	}
	if (auth != AUTH_NONE && !sign(t, auth, k, &d))
		return false;
	finish(t, &d, k, hop, (struct marks){0});
	return true;
}

void
tcp_send_bare_auth(struct tcp *t, const struct flow_key *k, uint16_t hop, uint32_t seq,
	uint32_t ack, uint16_t wnd, uint8_t flags, const struct tcp_options *o, uint32_t auth)
{
	struct tcp_seg_head h = {
		.sport = k->lport,
		.dport = k->rport,
		.seq = seq,
		.ack = ack,
		.wnd = wnd,
		.flags = flags,
	};

	send_alone(t, k, hop, &h, o, NULL, 0, auth);
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
	return send_alone(t, k, hop, h, o, data, len, AUTH_NONE);
}

static __rte_always_inline uint16_t
window_field(const struct tcp *t, struct tcp_conn *c, bool syn)
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
	 * wire seems to take back less than a unit (RFC 7323 2.4), which is still accepted. And no
	 * more than that is offered where it would be silly.
	 */
	if (unlikely(!syn && (seq_lt(edge, c->rcv_adv) || wnd < tcp_receive_least(t, c)))) {
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

uint16_t
tcp_window_field(const struct tcp *t, struct tcp_conn *c, bool syn)
{
	return window_field(t, c, syn);
}

/* The connection's header for a segment at `seq`; everything owed goes with it. */
static __rte_always_inline struct tcp_seg_head
head_of(const struct tcp *t, struct tcp_conn *c, uint32_t seq, uint8_t flags, bool usual)
{
	bool syn = !usual && (flags & TCP_SYN);

	if (!usual && (c->options & TCP_O_ECE) && !syn)
		flags |= TCP_ECE;
	c->flags &= ~TCP_F_ACK_NOW;
	c->options &= ~TCP_O_BEHIND;
	return (struct tcp_seg_head){
		.sport = c->key.lport,
		.dport = c->key.rport,
		.seq = seq,
		.ack = flags & TCP_ACK ? c->rcv_nxt : 0,
		.wnd = window_field(t, c, syn),
		.flags = flags,
	};
}

/* More than timestamps, in a function of its own, which leaves the usual segment its registers. */
static __rte_noinline uint8_t
put_more_options(struct tcp *t, struct tcp_conn *c, uint8_t *p, uint32_t before, bool syn)
{
	uint8_t len = 0;

	if (syn)
		return tcp_syn_options(t, c, p);
	if (c->options & TCP_O_UTO_DUE) {
		struct tcp_options o = {.has_uto = true, .uto = tcp_user_timeout_option(t, c)};

		len += tcp_options_build(p, &o);
	}
	if (c->extra != TCP_EXTRA_NONE)
		len += tcp_sack_build(t, c, p + len, option_room(c) - before - len);
	return len;
}

/* Options of a segment, but for TCP-AO. */
static __rte_always_inline void
put_options(struct tcp *t, struct tcp_conn *c, struct draft *d, bool syn, bool usual)
{
	if (likely((c->flags & TCP_F_TS) && !syn)) {
		d->opts_len = TCP_OPT_TS_PADDED;
		d->sum += tcp_options_build_ts_only(
			options_at(d), t->ts_now + c->ts_offset, c->ts_recent);
	}
	if (!usual && (syn || (c->options & TCP_O_UTO_DUE) || c->extra != TCP_EXTRA_NONE))
		add_options(d, put_more_options(t, c, payload_at(d), d->opts_len, syn));
}

/* Is it data, FIN or ACK with nothing but a timestamp, over IPv4? */
static inline bool
is_usual(const struct tcp_conn *c, uint8_t flags, uint8_t ecn)
{
	return !(flags & TCP_SYN) && ecn == ECN_NOT_ECT && c->extra == TCP_EXTRA_NONE &&
	       !(c->options & (TCP_O_UTO_DUE | TCP_O_AUTH | TCP_O_FRAGMENT | TCP_O_ECE)) &&
	       !addr_is_v6(c->key.raddr);
}

/*
 * One segment. What is_usual() has ruled out is not asked for again: a compiler makes two of this,
 * and the one for nearly every segment has a sixth less to do.
 */
static __rte_always_inline bool
send_one(struct tcp *t, struct tcp_conn *c, uint32_t seq, uint32_t len, uint8_t flags, uint8_t ecn,
	const bool usual)
{
	const struct marks marks = {
		usual ? ECN_NOT_ECT : ecn, !usual && (c->options & TCP_O_FRAGMENT)};
	const uint32_t auth = usual ? AUTH_NONE : tcp_auth_of(t, c);
	const bool syn = !usual && (flags & TCP_SYN);
	struct tcp_seg_head h = head_of(t, c, seq, flags, usual);
	const struct flow_key key = c->key;
	uint16_t hop = c->hop;
	struct draft d;

	if (!begin(t, !usual && addr_is_v6(key.raddr), &d))
		return false;
	put_options(t, c, &d, syn, usual);
	if (auth != AUTH_NONE)
		d.opts_len += tcp_auth_option(t, auth, payload_at(&d));
	h.opts_len = d.opts_len;
	d.len = len;
	if (len && !fits(t, &d, len))
		return false;
	d.sum += tcp_seg_build(d.tcp, &h);
	if (!usual && !syn)
		c->options &= ~TCP_O_UTO_DUE;
	if (len) {
		d.sum = checksum_add(
			d.sum, tcp_send_copy(t, c, seq - c->snd_una, payload_at(&d), len));
		if (payload_at(&d) + len - d.ip > IP_NARROW)
			t->ip->wide_sent = true;
	}
	if (auth != AUTH_NONE && !sign(t, auth, &c->key, &d))
		return false;
	finish(t, &d, &key, hop, marks);
	return true;
}

bool
tcp_send_marked(
	struct tcp *t, struct tcp_conn *c, uint32_t seq, uint32_t len, uint8_t flags, uint8_t ecn)
{
	if (likely(is_usual(c, flags, ecn)))
		return send_one(t, c, seq, len, flags, ecn, true);
	return send_one(t, c, seq, len, flags, ecn, false);
}

uint32_t
tcp_send_large(
	struct tcp *t, struct tcp_conn *c, uint32_t len, uint32_t room, uint8_t flags, uint8_t ecn)
{
	struct rte_mbuf *payload;
	uint32_t n = tcp_chain_payload(t, c, c->snd_nxt - c->snd_una, len, room, &payload);
	struct tcp_seg_head h;
	struct draft d; /* its sum is the port's business */

	if (n == 0)
		return 0;
	if (n < len)
		flags &= ~(TCP_PSH | TCP_FIN);
	h = head_of(t, c, c->snd_nxt, flags, false);
	if (!begin(t, addr_is_v6(c->key.raddr), &d)) {
		rte_pktmbuf_free(payload);
		return 0;
	}
	put_options(t, c, &d, false, false);
	h.opts_len = d.opts_len;
	tcp_seg_build(d.tcp, &h);
	packet_set_len(d.m, payload_at(&d) - d.ip);
	d.len = n;
	put_ip(t, &d, &c->key, (struct marks){.ecn = ecn});
	for (const struct rte_mbuf *p = payload; p; p = p->next)
		if (RTE_MBUF_HAS_EXTBUF(p))
			spate_count_n(t->counters, SPATE_TX_LENT_BYTES, p->data_len);
	rte_pktmbuf_chain(d.m, payload);
	packet_to_be_cut(t->ip, d.m, d.v6, room);
	spate_count(t->counters, SPATE_TX_LARGE);
	spate_count_n(t->counters, SPATE_TX_SEGMENTS, (n + room - 1) / room);
	spate_count_n(t->counters, SPATE_TX_BYTES, n);
	ip_output(t->ip, c->hop, d.m);
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
