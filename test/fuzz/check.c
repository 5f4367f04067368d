/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What must hold between any two calls: the sums of the report, the application's account
 * against the stack's, and the stack's own structures against each other. This is the one
 * test that looks inside: a list that is wrong shows long before it is read wrong.
 */
#include <string.h>

#include "fuzz.h"
#include "stack/stack.h"
#include "tcp/receive_window.h"
#include "tcp/extra.h"
#include "tcp/seq.h"

#define BIG_TABLES_EVERY 64 /* steps: they are megabytes */

#define MUST(f, what, a, b)                                                                        \
	do {                                                                                       \
		uint64_t a_ = (a), b_ = (b);                                                       \
		if (a_ != b_)                                                                      \
			fuzz_fail(f, "%s: %lu, not %lu", what, a_, b_);                            \
	} while (0)

static void
look_at(void *ctx, const struct spate_conn_info *info)
{
	struct fuzz *f = ctx;

	if (f->n_snap == SNAP_MAX)
		fuzz_fail(f, "more connections than there is room for");
	else
		f->snap[f->n_snap++] = *info;
}

static void
sums(struct fuzz *f)
{
	const uint64_t *v = spate_stack_counters(f->stack)->v;
	uint64_t in_state[SPATE_N_STATES];
	uint64_t open = 0;

	for (uint32_t c = 0; c < CONNS_MAX; c++)
		open += f->conn[c].open;
	spate_state_counts(f->stack, in_state);
	MUST(f, "leaked", spate_stack_leaked(f->stack), 0);
	MUST(f, "opened", v[SPATE_OPENED], f->opened);
	MUST(f, "closed", v[SPATE_CLOSED_IN_ORDER], f->closed);
	MUST(f, "reset", v[SPATE_RESET], f->reset);
	MUST(f, "timed out", v[SPATE_TIMED_OUT], f->timed_out);
	MUST(f, "refused", v[SPATE_REFUSED], f->refused);
	MUST(f, "still open", f->opened - f->closed - f->reset - f->timed_out - f->refused, open);
	MUST(f, "bytes delivered", v[SPATE_RX_BYTES], f->delivered);
	MUST(f, "TIME_WAIT left and current",
		v[SPATE_TW_REUSED] + v[SPATE_TW_RECYCLED] + v[SPATE_TW_RESET] +
			v[SPATE_TW_EXPIRED] + in_state[SPATE_TIME_WAIT],
		v[SPATE_TW_ENTERED]);
	MUST(f, "embryos",
		v[SPATE_SYN_RECEIVED] + v[SPATE_COOKIES_ACCEPTED] - v[SPATE_ESTABLISHED_PASSIVE] -
			v[SPATE_EMBRYO_RESET] - v[SPATE_EMBRYO_TIMED_OUT] -
			v[SPATE_EMBRYO_REPLACED] - v[SPATE_EMBRYO_STOPPED],
		f->stack->tcp.in_use - open);
}

/* Every record is somewhere, and in one place only. */
static void
records(struct fuzz *f)
{
	struct tcp *t = &f->stack->tcp;
	uint32_t n = t->max_conns - t->untouched, listed = 0, ready = 0, used = 0;

	for (uint32_t i = t->free_head; i != TCP_READY_NONE && n <= t->max_conns; n++)
		i = t->conns[i].ready_next;
	for (uint32_t i = t->grave_head; i != TCP_READY_NONE && n <= t->max_conns; n++)
		i = t->conns[i].ready_next;
	for (uint32_t i = t->ready_head; i != TCP_READY_NONE && listed <= t->max_conns; listed++) {
		n += t->conns[i].state == SPATE_CLOSED;
		i = t->conns[i].ready_next;
	}
	for (uint32_t i = 0; i < t->untouched; i++) {
		used += t->conns[i].state != SPATE_CLOSED;
		/* A free record keeps its flags until it is taken again. */
		if (t->conns[i].state != SPATE_CLOSED)
			ready += !!(t->conns[i].flags & TCP_F_READY);
	}
	for (uint32_t i = t->ready_head; i != TCP_READY_NONE; i = t->conns[i].ready_next)
		ready += t->conns[i].state == SPATE_CLOSED;
	MUST(f, "records free, in use and in between", n + used, t->max_conns);
	MUST(f, "records in use", t->in_use, used);
	MUST(f, "the ready list", listed, ready);
}

static uint32_t
chain(const struct tcp *t, const struct tcp_conn *c, uint32_t *chunks)
{
	uint32_t bytes = 0;

	if (c->snd_tail == TCP_CHUNK_NONE)
		return 0;
	/* A ring: the last links to the first. */
	for (uint32_t i = t->chunks[c->snd_tail].next; *chunks <= t->max_chunks;
		i = t->chunks[i].next) {
		bytes += t->chunks[i].len;
		(*chunks)++;
		if (i == c->snd_tail)
			break;
	}
	return bytes;
}

/* Something is to be sent or awaited: then there is a timer, or it is on the ready list. */
static bool
waits(const struct tcp_conn *c)
{
	if (c->state < SPATE_ESTABLISHED || c->snd_nxt != c->snd_una || tcp_unsent(c))
		return true;
	return (c->options & TCP_O_KEEPALIVE) ||
	       (c->state == SPATE_FIN_WAIT_2 && (c->flags & TCP_F_ORPHAN));
}

/* What has been acknowledged, received or offered stays so. */
static void
monotone(struct fuzz *f, const struct tcp_conn *c, struct app_conn *a)
{
	if (c->state < SPATE_ESTABLISHED)
		return;
	if (a->looked && (seq_lt(c->snd_una, a->una) || seq_lt(c->rcv_nxt, a->rcv_nxt) ||
				 seq_lt(c->rcv_adv, a->rcv_adv)))
		fuzz_fail(f, "SND.UNA, RCV.NXT or the window's edge went back");
	if (c->mss < 48)
		fuzz_fail(f, "MSS %u", c->mss);
	a->looked = true;
	a->una = c->snd_una;
	a->rcv_nxt = c->rcv_nxt;
	a->rcv_adv = c->rcv_adv;
}

static void
one_record(struct fuzz *f, uint32_t i)
{
	const struct tcp *t = &f->stack->tcp;
	const struct tcp_conn *c = &t->conns[i];
	uint32_t granule = (1u << tcp_rcv_wscale(t, c)) - 1;
	uint64_t offered = (uint64_t)tcp_rcv_wnd(c) + c->rcv_unread;

	if (!seq_leq(c->snd_una, c->snd_nxt) || c->snd_nxt - c->snd_una > 1u << 30)
		fuzz_fail(f, "SND.UNA %u, SND.NXT %u", c->snd_una, c->snd_nxt);
	if (waits(c) && !(c->flags & TCP_F_READY) && !wheel_armed(&t->wheel, i))
		fuzz_fail(f, "connection %u, %s, waits for ever", i, spate_state_name(c->state));
	/* Before the peer has spoken there is nothing to say but SYN. */
	if (c->state == SPATE_SYN_SENT && (c->flags & (TCP_F_ACK_NOW | TCP_F_RTX_DUE)))
		fuzz_fail(f, "an ACK or data owed in SYN_SENT");
	if (offered > tcp_receive_buffer(t, c) + granule)
		fuzz_fail(f, "window %u and %u unread in a buffer of %u", tcp_rcv_wnd(c),
			c->rcv_unread, tcp_receive_buffer(t, c));
	if (c->flags & TCP_F_OPENED) {
		MUST(f, "a connection the application knows", f->conn[i].open, 1);
		MUST(f, "unread bytes", c->rcv_unread, f->conn[i].unread);
		MUST(f, "the user word", c->user, f->conn[i].user);
		monotone(f, c, &f->conn[i]);
	} else {
		MUST(f, "a connection nobody knows", f->conn[i].open, 0);
	}
}

/* A stretch's buffers are what it says; how many. */
static uint32_t
stretch(struct fuzz *f, const struct tcp_held *first)
{
	const struct tcp_held *h = first;
	uint32_t bytes = h->len, buffers = 1;

	for (; h->next && buffers < FUZZ_HUGE; h = tcp_held_in(h->next), buffers++) {
		bytes += tcp_held_in(h->next)->len;
		if (h->len == 0)
			fuzz_fail(f, "an empty buffer is held");
	}
	MUST(f, "numbers in the buffers of a stretch", bytes, first->to - first->from);
	if (tcp_held_in(first->last) != h || bytes == 0)
		fuzz_fail(f, "a stretch without end, or of nothing");
	return buffers;
}

/* What a connection holds beyond a gap, and that it lies there. Returns the buffers. */
static uint32_t
reassembly(struct fuzz *f, const struct tcp_conn *c)
{
	const struct tcp *t = &f->stack->tcp;
	const struct tcp_extra *x = tcp_extra_of(t, c);
	uint32_t at = c->rcv_nxt, n = 0, buffers = 0, numbers = 0;
	const struct tcp_reassembly *r = x ? &x->held : NULL;

	if (r == NULL)
		return 0;
	for (struct rte_mbuf *m = r->first; m && n <= TCP_STRETCHES_MAX; n++) {
		const struct tcp_held *h = tcp_held_in(m);

		if (!seq_gt(h->from, at) || seq_gt(h->to, c->rcv_adv))
			fuzz_fail(f, "a stretch from %u to %u behind %u in a window up to %u",
				h->from, h->to, at, c->rcv_adv);
		buffers += stretch(f, h);
		numbers += h->to - h->from;
		at = h->to;
		m = h->above;
	}
	MUST(f, "stretches", r->stretches, n);
	MUST(f, "buffers held", r->buffers, buffers);
	MUST(f, "numbers held", r->numbers, numbers);
	if (n > TCP_STRETCHES_MAX || buffers > tcp_reassembly_buffers_max(t, c))
		fuzz_fail(f, "%u stretches, %u buffers held", n, buffers);
	if (r->has_fin)
		MUST(f, "a FIN held is the last", r->fin + 1, at);
	if (n && c->state != SPATE_ESTABLISHED && c->state != SPATE_FIN_WAIT_1 &&
		c->state != SPATE_FIN_WAIT_2)
		fuzz_fail(f, "data held in %s", spate_state_name(c->state));
	if (n == 0 && r->has_fin)
		fuzz_fail(f, "a FIN held behind nothing");
	if (n == 0 && !x->has_duplicate && !x->user_timeout_ms && !x->user_timeout_set &&
		!x->path_mss && !x->rack && !x->probe_out && !x->has_memory && !x->receiving &&
		!x->undo)
		fuzz_fail(f, "a side record without use");
	return buffers;
}

/* All side records, and all that is held. */
static void
extras(struct fuzz *f)
{
	const struct tcp *t = &f->stack->tcp;
	uint32_t n = 0, buffers = 0;

	for (uint32_t i = 0; i < t->untouched; i++) {
		const struct tcp_conn *c = &t->conns[i];

		if (c->state == SPATE_CLOSED)
			continue;
		n += c->extra != TCP_EXTRA_NONE;
		buffers += reassembly(f, c);
	}
	for (uint32_t i = t->extra_free; i != TCP_EXTRA_NONE && n <= t->max_extras; n++)
		i = t->extras[i].next;
	MUST(f, "side records", n, t->extra_untouched);
	MUST(f, "buffers held by all", t->held, buffers);
	if (t->held > t->held_max)
		fuzz_fail(f, "%u buffers held, of %u", t->held, t->held_max);
}

/* Sums over all connections: queues and TIME_WAIT. */
static void
structures(struct fuzz *f)
{
	struct tcp *t = &f->stack->tcp;
	uint32_t chunks = 0, over = 0, time_wait = 0;

	for (uint32_t i = 0; i < t->untouched; i++) {
		const struct tcp_conn *c = &t->conns[i];
		uint32_t bytes;

		if (c->state == SPATE_CLOSED) {
			MUST(f, "timers of a closed connection", wheel_armed(&t->wheel, i), 0);
			continue;
		}
		one_record(f, i);
		bytes = chain(t, c, &chunks);
		if (c->state >= SPATE_ESTABLISHED && seq_lt(c->snd_una, c->snd_end))
			MUST(f, "bytes queued", bytes, c->snd_end - c->snd_una);
		else
			MUST(f, "bytes queued behind nothing", bytes, 0);
		over += c->state == SPATE_SYN_RCVD && (c->flags & TCP_F_OVER_TW);
	}
	for (uint32_t i = t->chunk_free; i != TCP_CHUNK_NONE && chunks <= t->max_chunks; chunks++)
		i = t->chunks[i].next;
	MUST(f, "chunks", chunks, t->chunk_untouched);
	for (uint32_t i = t->tw.queue.head; i != DELAY_NIL && time_wait <= t->tw.capacity;
		time_wait++)
		i = t->tw.records[i].link.next;
	MUST(f, "TIME_WAIT queued", time_wait, t->state_count[SPATE_TIME_WAIT]);
	MUST(f, "entries in the table", t->table.count, t->in_use + time_wait - over);
}

/* The big tables: neighbours' references and listeners' backlogs. */
static void
big_tables(struct fuzz *f)
{
	struct spate_stack *s = f->stack;
	uint32_t refs[NEIGH_MAX] = {0}, backlog[LISTENER_MAX] = {0}, used = 0;

	for (uint32_t i = 0; i < s->tcp.untouched; i++) {
		const struct tcp_conn *c = &s->tcp.conns[i];

		if (c->state == SPATE_CLOSED)
			continue;
		refs[c->hop]++;
		if (tcp_is_embryo(c))
			backlog[c->listener]++;
	}
	for (uint32_t i = 0; i < NEIGH_MAX; i++) {
		const struct neigh *n = &s->ip.neigh.entry[i];

		used += n->state != NEIGH_FREE;
		MUST(f, "references to a neighbour", n->refs, refs[i]);
		if (n->refs && n->state == NEIGH_FREE)
			fuzz_fail(f, "a neighbour in use is gone");
		if (n->n_pending > NEIGH_PENDING)
			fuzz_fail(f, "%u frames wait for one neighbour", n->n_pending);
	}
	MUST(f, "neighbours", s->ip.neigh.count, used);
	for (uint32_t i = 0; i < LISTENER_MAX; i++)
		MUST(f, "a listener's backlog", s->tcp.listeners.entry[i].backlog, backlog[i]);
}

/* ---- names of IPv6 addresses */

static void
hold(struct fuzz *f, uint32_t *holders, rte_be32_t name)
{
	const struct addr6_table *t = &f->stack->ip.peers6;

	if (!addr_is_v6(name))
		return;
	if (addr_v6_number(name) >= t->untouched)
		fuzz_fail(f, "a name that was never given is held");
	else
		holders[addr_v6_number(name)]++;
}

/* Every name is held as often as somebody has it, and the others are all in the queue. */
static void
names(struct fuzz *f)
{
	static uint32_t holders[16384 + CONNS_MAX + TIME_WAIT_MAX];
	const struct spate_stack *s = f->stack;
	const struct addr6_table *t = &s->ip.peers6;
	uint32_t unheld = 0, queued = 0;

	if (t->entry == NULL)
		return;
	if (t->capacity > RTE_DIM(holders)) {
		fuzz_fail(f, "%u names", t->capacity);
		return;
	}
	memset(holders, 0, t->capacity * sizeof(holders[0]));
	for (uint32_t i = 0; i < s->tcp.untouched; i++)
		if (s->tcp.conns[i].state != SPATE_CLOSED)
			hold(f, holders, s->tcp.conns[i].key.raddr);
	for (uint32_t i = s->tcp.tw.queue.head; i != DELAY_NIL; i = s->tcp.tw.records[i].link.next)
		hold(f, holders, s->tcp.tw.records[i].key.raddr);
	for (uint32_t i = 0; i < NEIGH_MAX; i++)
		if (s->ip.neigh.entry[i].state != NEIGH_FREE)
			hold(f, holders, s->ip.neigh.entry[i].addr);
	for (uint32_t i = 0; i < PATH_ENTRIES; i++)
		hold(f, holders, s->ip.paths.entry[i].dst);
	hold(f, holders, s->ip.gateway6);
	for (uint32_t i = 0; i < t->untouched; i++) {
		MUST(f, "holders of a name", t->entry[i].holders, holders[i]);
		unheld += holders[i] == 0;
	}
	for (uint32_t i = t->oldest; i != UINT32_MAX && queued <= t->capacity; queued++)
		i = t->entry[i].newer;
	MUST(f, "names nobody holds", queued, unheld);
}

void
check(struct fuzz *f)
{
	uint32_t cursor = 0;

	f->n_snap = 0;
	while (spate_conn_list(f->stack, &cursor, NULL, look_at, f))
		;
	sums(f);
	records(f);
	structures(f);
	extras(f);
	if (f->step % BIG_TABLES_EVERY == 0) {
		big_tables(f);
		names(f);
	}
}

bool
check_ready(const struct fuzz *f)
{
	return f->stack->tcp.ready_head != TCP_READY_NONE;
}

void
check_end(struct fuzz *f)
{
	uint64_t in_state[SPATE_N_STATES];

	check(f);
	big_tables(f);
	names(f);
	spate_state_counts(f->stack, in_state);
	for (int s = 0; s < SPATE_N_STATES; s++)
		if (s != SPATE_LISTEN)
			MUST(f, spate_state_name(s), in_state[s], 0);
	MUST(f, "hostile buffers not let go", f->held, 0);
}
