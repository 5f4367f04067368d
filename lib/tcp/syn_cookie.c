/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SYN cookies (DT-10, RFC 4987 3.6): when a listener may hold no more half-open
 * connections, a SYN is still answered, and what would be kept is in the answer. The ISS:
 *
 *   31    27 26  24 23                     0
 *   |  age  | MSS  |          MAC          |    age: 64 s periods modulo 32
 *
 * where the MAC covers the 4-tuple, the peer's ISN, the age and the MSS's place in the
 * table. What the option space of 32 bits cannot hold goes into the low bits of our
 * timestamp, which the peer echoes: its window shift, and whether it takes SACK. A peer
 * without timestamps gets neither window scaling nor SACK. The ACK that brings a cookie back is
 * made a SYN_RCVD on the spot and processed like any other; nothing is retransmitted, the peer's
 * own SYN is.
 */
#include <string.h>

#include <sodium/crypto_shorthash.h>

#include "tcp/seq.h"
#include "tcp/tcp.h"

#define PERIOD_NS      64000000000ull
#define PERIODS_VALID  2 /* this one and the last: 64 to 128 s to complete a handshake */
#define MAC_BITS       24
#define MAC_MASK       ((1u << MAC_BITS) - 1)
#define AGE_SHIFT      27
#define WSCALE_NONE    15
#define TS_SACK        0x10 /* above the window shift */
#define TS_OPTION_BITS 5
#define TS_OPTION_MASK ((1u << TS_OPTION_BITS) - 1)

/* The first is the least tcp_peer_mss() says: rounded down, it is never more than the peer takes.
 */
static const uint16_t mss_table[8] = {48, 216, 536, 996, 1220, 1300, 1440, 1460};

/* What the MAC covers. */
struct cookie_input {
	struct tcp_identity id;
	uint32_t irs;
	uint32_t period;
	uint32_t mss_index;
	uint32_t purpose; /* this key also makes ISNs: other inputs, other outputs */
};

static uint32_t
period_now(const struct tcp *t)
{
	return t->now_ns / PERIOD_NS;
}

static uint32_t
make(const struct tcp *t, const struct flow_key *key, uint32_t irs, uint32_t period,
	uint32_t mss_index)
{
	struct cookie_input in;
	uint8_t out[crypto_shorthash_BYTES];
	uint32_t mac;

	memset(&in, 0, sizeof(in));
	tcp_identify(t, key, &in.id);
	in.irs = irs;
	in.period = period;
	in.mss_index = mss_index;
	in.purpose = 0x636f6f6b;
	crypto_shorthash(out, (const uint8_t *)&in, sizeof(in), t->isn_key);
	memcpy(&mac, out, sizeof(mac));
	return period << AGE_SHIFT | mss_index << MAC_BITS | (mac & MAC_MASK);
}

/* Our timestamp with `options` in its low bits: not later than now, so it never goes back. */
static uint32_t
ts_with_options(uint32_t ts, uint32_t options)
{
	uint32_t with = (ts & ~TS_OPTION_MASK) | options;

	return seq_gt(with, ts) ? with - (TS_OPTION_MASK + 1) : with;
}

void
tcp_cookie_answer(struct tcp *t, const struct tcp_rx *rx, const struct tcp_options *o)
{
	uint16_t hop = ip_hop(t->ip, rx->key->raddr);
	uint16_t mss = tcp_peer_mss(o, rx->key->raddr);
	bool ts = o->has_ts && t->conf.timestamps;
	bool scale = ts && o->has_wscale && t->conf.window_scale;
	bool sack = ts && o->sack_permitted && t->conf.sack;
	uint32_t buffer = t->conf.receive_buffer;
	uint32_t iss, ts_offset, index = 7;

	if (hop == NEIGH_NONE)
		return;
	while (index > 0 && mss_table[index] > mss)
		index--;
	tcp_isn(t, rx->key, &iss, &ts_offset);

	struct tcp_options mine = {
		.has_mss = true,
		.mss = tcp_our_mss(t, rx->key->raddr),
		.has_ts = ts,
		.tsval = ts_with_options(t->ts_now + ts_offset,
			(scale ? RTE_MIN(o->wscale, TCP_WSCALE_MAX) : WSCALE_NONE) |
				(sack ? TS_SACK : 0)),
		.tsecr = o->tsval,
		.has_wscale = scale,
		.wscale = tcp_our_wscale(t),
		.sack_permitted = sack,
	};

	t->cookies_until_ns = t->now_ns + PERIODS_VALID * PERIOD_NS;
	spate_count(t->counters, SPATE_COOKIES_SENT);
	tcp_send_bare(t, rx->key, hop, make(t, rx->key, rx->seg.seq, period_now(t), index),
		rx->seg.seq + 1, RTE_MIN(buffer, UINT16_MAX), TCP_SYN | TCP_ACK, &mine);
}

/* Is `cookie` one of ours, and not too old? Sets *mss. */
static bool
check(const struct tcp *t, const struct tcp_rx *rx, uint32_t cookie, uint16_t *mss)
{
	uint32_t index = cookie >> MAC_BITS & 7;

	for (uint32_t age = 0; age < PERIODS_VALID && age <= period_now(t); age++) {
		if (make(t, rx->key, rx->seg.seq - 1, period_now(t) - age, index) == cookie) {
			*mss = mss_table[index];
			return true;
		}
	}
	return false;
}

bool
tcp_cookie_valid(const struct tcp *t, const struct tcp_rx *rx, struct tcp_options *syn)
{
	const struct tcp_seg *s = &rx->seg;
	struct tcp_options o;

	memset(syn, 0, sizeof(*syn));
	syn->has_mss = true;
	/* Only while cookies are out is an ACK worth a look. */
	if (t->now_ns >= t->cookies_until_ns || !check(t, rx, s->ack - 1, &syn->mss))
		return false;
	tcp_options_parse(s->opts, s->opts_len, &o);
	if (o.has_ts && t->conf.timestamps) {
		uint32_t shift = o.tsecr & WSCALE_NONE;

		syn->has_ts = true;
		syn->tsval = o.tsval;
		syn->has_wscale = shift != WSCALE_NONE;
		syn->wscale = shift;
		syn->sack_permitted = o.tsecr & TS_SACK;
	}
	return true;
}
