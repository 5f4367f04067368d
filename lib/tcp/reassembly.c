/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/reassembly.h"

#include <string.h>

#include "tcp/extra.h"
#include "tcp/receive_window.h"
#include "tcp/sack.h"
#include "tcp/seq.h"

#define BUFFERS_LEAST 4

static struct tcp_held *
inside(const struct rte_mbuf *m)
{
	return tcp_held_in(m);
}

static uint8_t *
bytes_of(const struct rte_mbuf *m)
{
	return (uint8_t *)(inside(m) + 1);
}

static uint32_t
capacity(const struct rte_mbuf *m)
{
	return m->buf_len - sizeof(struct tcp_held);
}

static struct tcp_reassembly *
of(const struct tcp *t, const struct tcp_conn *c)
{
	struct tcp_extra *x = tcp_extra_of(t, c);

	return x ? &x->held : NULL;
}

bool
tcp_reassembly_any(const struct tcp *t, const struct tcp_conn *c)
{
	const struct tcp_reassembly *r = of(t, c);

	return r && r->first;
}

uint32_t
tcp_reassembly_bytes(const struct tcp *t, const struct tcp_conn *c)
{
	const struct tcp_reassembly *r = of(t, c);

	return r ? r->numbers - r->has_fin : 0;
}

/* ---- keep */

uint32_t
tcp_reassembly_buffers_max(const struct tcp *t, const struct tcp_conn *c)
{
	return BUFFERS_LEAST + tcp_receive_buffer(t, c) / (RTE_MBUF_DEFAULT_DATAROOM / 2);
}

/* An empty buffer; NULL, counted, where a bound is reached. */
static struct rte_mbuf *
new_buffer(struct tcp *t, struct tcp_reassembly *r)
{
	struct rte_mbuf *m;

	if (r->buffers >= r->buffers_max) {
		spate_count(t->counters, SPATE_OOO_CONN_FULL);
		return NULL;
	}
	if (t->held >= t->held_max) {
		spate_count(t->counters, SPATE_OOO_STACK_FULL);
		return NULL;
	}
	m = rte_pktmbuf_alloc(t->ip->pool);
	if (m == NULL) {
		spate_count(t->counters, SPATE_OOO_NO_MBUF);
		return NULL;
	}
	memset(inside(m), 0, sizeof(struct tcp_held));
	r->buffers++;
	t->held++;
	return m;
}

/* An empty stretch at `from`, linked in at `*link`. */
static struct rte_mbuf *
new_stretch(struct tcp *t, struct tcp_reassembly *r, struct rte_mbuf **link, uint32_t from)
{
	struct rte_mbuf *m = new_buffer(t, r);

	if (m == NULL)
		return NULL;
	inside(m)->from = inside(m)->to = from;
	inside(m)->last = m;
	inside(m)->above = *link;
	*link = m;
	r->stretches++;
	return m;
}

/* `n` numbers of the segment from its `at`th: bytes, and behind them the FIN, for which any will
 * do.
 */
static void
copy(uint8_t *to, const struct tcp_seg *s, uint32_t at, uint32_t n)
{
	uint32_t data = at < s->data_len ? s->data_len - at : 0;

	if (data > n)
		data = n;
	if (data)
		memcpy(to, s->data + at, data);
	if (data < n)
		to[data] = 0;
}

/* Add the numbers from the stretch's end up to `to`; false when they did not all find room. */
static bool
extend(struct tcp *t, struct tcp_reassembly *r, struct tcp_held *h, const struct tcp_seg *s,
	uint32_t to)
{
	while (h->to != to) {
		struct tcp_held *last = inside(h->last);
		uint32_t n = capacity(h->last) - last->len;

		if (n == 0) {
			struct rte_mbuf *m = new_buffer(t, r);

			if (m == NULL)
				return false;
			last->next = m;
			h->last = m;
			continue;
		}
		if (n > to - h->to)
			n = to - h->to;
		copy(bytes_of(h->last) + last->len, s, h->to - s->seq, n);
		last->len += n;
		h->to += n;
		r->numbers += n;
	}
	return true;
}

/* The stretch above begins where `h` ends now: one stretch. */
static void
join(struct tcp_reassembly *r, struct tcp_held *h)
{
	struct tcp_held *above = inside(h->above);

	inside(h->last)->next = h->above;
	h->last = above->last;
	h->to = above->to;
	h->above = above->above;
	r->stretches--;
}

/*
 * The numbers [from, to) of `s`: what is there already stays, the gaps between are filled.
 * True when all of them are there now.
 */
static bool
insert(struct tcp *t, struct tcp_conn *c, struct tcp_reassembly *r, const struct tcp_seg *s,
	uint32_t from, uint32_t to)
{
	struct rte_mbuf **link = &r->first;
	struct tcp_held *below = NULL;
	bool reported = false;

	while (*link && seq_leq(inside(*link)->from, from)) {
		below = inside(*link);
		link = &below->above;
	}
	while (seq_lt(from, to)) {
		struct tcp_held *above = *link ? inside(*link) : NULL;
		bool fills = above && seq_leq(above->from, to);
		uint32_t end = fills ? above->from : to;

		if (below && seq_lt(from, below->to)) {
			end = seq_lt(below->to, to) ? below->to : to;
			/* RFC 2883 4: of several pieces that came twice, the first. */
			if (!reported)
				tcp_sack_duplicate(t, c, from, end);
			reported = true;
		} else {
			if (below == NULL || below->to != from) {
				struct rte_mbuf *m = NULL;

				if (r->stretches < TCP_STRETCHES_MAX || fills)
					m = new_stretch(t, r, link, from);
				else
					spate_count(t->counters, SPATE_OOO_GAPS);
				if (m == NULL)
					return false;
				below = inside(m);
				link = &below->above;
			}
			if (!extend(t, r, below, s, end)) {
				below->stamp = ++r->stamp;
				return false;
			}
			if (fills)
				join(r, below);
		}
		below->stamp = ++r->stamp;
		from = end;
	}
	return true;
}

/*
 * Behind a FIN there is nothing, and there is only one. What is beyond one that is held goes;
 * a FIN that would lie below bytes that are held is not believed, unless it comes in order.
 */
static void
heed_fin(const struct tcp_reassembly *r, struct tcp_seg *s)
{
	uint32_t end = s->seq + s->data_len;

	if (r->has_fin && end != r->fin) {
		s->flags &= ~TCP_FIN;
		if (seq_gt(end, r->fin))
			s->data_len = seq_lt(s->seq, r->fin) ? r->fin - s->seq : 0;
	} else if (s->flags & TCP_FIN) {
		for (struct rte_mbuf *m = r->first; m && !r->has_fin; m = inside(m)->above)
			if (seq_gt(inside(m)->to, end))
				s->flags &= ~TCP_FIN;
	}
}

void
tcp_reassembly_keep(struct tcp *t, struct tcp_conn *c, struct tcp_seg *s)
{
	struct tcp_extra *x = tcp_extra_take(t, c);

	if (x == NULL) {
		spate_count(t->counters, SPATE_OOO_NO_RECORD);
		return;
	}
	x->held.buffers_max = tcp_reassembly_buffers_max(t, c);
	heed_fin(&x->held, s);
	if (insert(t, c, &x->held, s, s->seq, s->seq + tcp_seg_len(s)) && (s->flags & TCP_FIN)) {
		x->held.has_fin = true;
		x->held.fin = s->seq + s->data_len;
	}
	tcp_extra_let_go(t, c);
}

/* ---- give */

uint32_t
tcp_reassembly_gap(const struct tcp *t, const struct tcp_conn *c)
{
	const struct tcp_reassembly *r = of(t, c);

	return r && r->first ? inside(r->first)->from - c->rcv_nxt : UINT32_MAX;
}

bool
tcp_reassembly_lowest(const struct tcp *t, const struct tcp_conn *c, struct tcp_stretch *out)
{
	const struct tcp_reassembly *r = of(t, c);

	if (r == NULL || r->first == NULL)
		return false;
	*out = (struct tcp_stretch){inside(r->first)->from, inside(r->first)->to};
	return true;
}

bool
tcp_reassembly_fin(const struct tcp *t, const struct tcp_conn *c, uint32_t *seq)
{
	const struct tcp_reassembly *r = of(t, c);

	if (r == NULL || !r->has_fin)
		return false;
	*seq = r->fin;
	return true;
}

struct rte_mbuf *
tcp_reassembly_take(struct tcp *t, struct tcp_conn *c, const uint8_t **data, uint32_t *len)
{
	struct tcp_reassembly *r = of(t, c);
	struct rte_mbuf *m = r->first;
	struct tcp_held *h = inside(m);

	r->first = h->next ? h->next : h->above;
	if (h->next) {
		/* The stretch begins with its next buffer now. */
		struct tcp_held *next = inside(h->next);

		next->from = h->from + h->len;
		next->to = h->to;
		next->stamp = h->stamp;
		next->last = h->last;
		next->above = h->above;
	} else {
		r->stretches--;
	}
	r->numbers -= h->len;
	r->buffers--;
	t->held--;
	*data = bytes_of(m);
	*len = h->len;
	return m;
}

void
tcp_reassembly_clear(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_reassembly *r = of(t, c);
	const uint8_t *data;
	uint32_t len;

	if (r == NULL)
		return;
	while (r->first)
		rte_pktmbuf_free(tcp_reassembly_take(t, c, &data, &len));
	r->has_fin = false;
}

bool
tcp_reassembly_find(
	const struct tcp *t, const struct tcp_conn *c, uint32_t seq, struct tcp_stretch *out)
{
	const struct tcp_reassembly *r = of(t, c);

	for (struct rte_mbuf *m = r ? r->first : NULL; m; m = inside(m)->above)
		if (seq_leq(inside(m)->from, seq) && seq_lt(seq, inside(m)->to)) {
			*out = (struct tcp_stretch){inside(m)->from, inside(m)->to};
			return true;
		}
	return false;
}

uint32_t
tcp_reassembly_newest(
	const struct tcp *t, const struct tcp_conn *c, struct tcp_stretch *out, uint32_t max)
{
	const struct tcp_reassembly *r = of(t, c);
	uint32_t stamp[TCP_SACK_BLOCKS_MAX], n = 0;

	if (r == NULL || max == 0)
		return 0;
	for (struct rte_mbuf *m = r->first; m; m = inside(m)->above) {
		const struct tcp_held *h = inside(m);
		uint32_t i = n;

		if (n < max)
			n++;
		else if (seq_lt(h->stamp, stamp[--i]))
			continue;
		for (; i > 0 && seq_gt(h->stamp, stamp[i - 1]); i--) {
			stamp[i] = stamp[i - 1];
			out[i] = out[i - 1];
		}
		stamp[i] = h->stamp;
		out[i] = (struct tcp_stretch){h->from, h->to};
	}
	return n;
}
