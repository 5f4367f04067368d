/* SPDX-License-Identifier: BSD-3-Clause */
/* Looking at a stack from outside: lists, sums, and whether the sums agree. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "stack/stack.h"
#include "tcp/reassembly.h"

/*
 * What one call looks at, and how many it hands over: a burst's worth of work. Buckets are read
 * in order, 64 bytes each; the records of those handed over are what costs.
 */
#define LIST_BUCKETS 512
#define LIST_VISITS  64

void
stack_tuple(const struct spate_stack *s, const struct flow_key *k, struct spate_tuple *out)
{
	memset(out, 0, sizeof(*out));
	out->local.port = k->lport;
	out->remote.port = k->rport;
	if (addr_is_v6(k->raddr)) {
		out->local.family = out->remote.family = AF_INET6;
		ip6_local_address(&s->ip, k->laddr, out->local.ip6);
		memcpy(out->remote.ip6, addr6_of(&s->ip.peers6, k->raddr), 16);
		return;
	}
	out->local.family = out->remote.family = AF_INET;
	out->local.ip4 = k->laddr;
	out->remote.ip4 = k->raddr;
}

static void
addresses(const struct spate_stack *s, const struct flow_key *k, struct spate_conn_info *info)
{
	struct spate_tuple tuple;

	stack_tuple(s, k, &tuple);
	info->local = tuple.local;
	info->remote = tuple.remote;
}

static void
timer_of(const struct tcp *t, const struct tcp_conn *c, struct spate_conn_info *info)
{
	static const uint8_t timer[] = {
		[TCP_TIMER_NONE] = SPATE_TIMER_NONE,
		[TCP_TIMER_RETRANSMIT] = SPATE_TIMER_RETRANSMIT,
		[TCP_TIMER_LOSS_PROBE] = SPATE_TIMER_LOSS_PROBE,
		[TCP_TIMER_REORDER] = SPATE_TIMER_REORDER,
		[TCP_TIMER_PERSIST] = SPATE_TIMER_PERSIST,
		[TCP_TIMER_DELAYED_ACK] = SPATE_TIMER_DELAYED_ACK,
		[TCP_TIMER_FIN_WAIT_2] = SPATE_TIMER_FIN_WAIT_2,
		[TCP_TIMER_OVERRIDE] = SPATE_TIMER_OVERRIDE,
		[TCP_TIMER_KEEPALIVE] = SPATE_TIMER_KEEPALIVE,
	};
	uint64_t at = wheel_deadline(&t->wheel, tcp_conn_index(t, c));

	if (at == WHEEL_NEVER || timer[c->timer] == SPATE_TIMER_NONE)
		return;
	info->timer = timer[c->timer];
	info->expires_ns = at;
}

static void
info_of_conn(const struct spate_stack *s, const struct tcp_conn *c, struct spate_conn_info *info)
{
	const struct tcp *t = &s->tcp;

	memset(info, 0, sizeof(*info));
	addresses(s, &c->key, info);
	info->state = c->state;
	info->passive = c->flags & TCP_F_PASSIVE;
	info->snd_una = c->snd_una;
	info->snd_nxt = c->snd_nxt;
	info->snd_wnd = c->snd_wnd;
	info->rcv_nxt = c->rcv_nxt;
	info->rcv_wnd = tcp_rcv_wnd(c);
	info->unsent = c->flags & TCP_F_FIN_SENT ? 0 : c->snd_end - c->snd_nxt;
	info->unacked = c->snd_nxt - c->snd_una;
	info->unread = c->rcv_unread;
	info->held = tcp_reassembly_bytes(t, c);
	info->rto_us = tcp_rto_us(t, c);
	info->srtt_us = c->srtt_us;
	info->rttvar_us = c->rttvar_us;
	info->cwnd = c->cwnd;
	info->ssthresh = c->ssthresh;
	info->mss = c->mss;
	info->timestamps = c->flags & TCP_F_TS;
	info->window_scale = c->flags & TCP_F_WSCALE;
	info->snd_scale = tcp_snd_wscale(c);
	info->rcv_scale = tcp_rcv_wscale(t, c);
	info->tsval = info->timestamps ? t->ts_now + c->ts_offset : 0;
	info->ts_recent = info->timestamps ? c->ts_recent : 0;
	info->keepalive = c->options & TCP_O_KEEPALIVE;
	info->fin_queued = c->flags & TCP_F_FIN_QUEUED;
	info->fin_sent = c->flags & TCP_F_FIN_SENT;
	info->closed = c->flags & TCP_F_ORPHAN;
	info->recovery = c->flags & TCP_F_RECOVERY;
	info->loss = c->flags & TCP_F_LOSS;
	info->retries = c->retries;
	info->backoff = c->backoff;
	info->dupacks = c->dupacks;
	/* In SYN_SENT the place holds what ICMP has said. */
	info->probes = c->state == SPATE_SYN_SENT ? 0 : c->probes;
	timer_of(t, c, info);
}

static void
info_of_time_wait(const struct spate_stack *s, uint32_t tw, struct spate_conn_info *info)
{
	const struct tcp *t = &s->tcp;
	const struct timewait *w = &t->tw.records[tw];

	memset(info, 0, sizeof(*info));
	addresses(s, &w->key, info);
	info->state = SPATE_TIME_WAIT;
	info->snd_una = info->snd_nxt = w->snd_nxt;
	info->rcv_nxt = w->rcv_nxt;
	info->timestamps = w->flags & TIMEWAIT_TS;
	info->ts_recent = w->ts_recent;
	info->timer = SPATE_TIMER_TIME_WAIT;
	info->expires_ns = timewait_expires_ns(&t->tw, tw, t->now_ns);
}

static void
info_of_handle(const struct spate_stack *s, uint32_t handle, struct spate_conn_info *info)
{
	if (handle & CONN_TABLE_SPACE)
		info_of_time_wait(s, handle & ~CONN_TABLE_SPACE, info);
	else
		info_of_conn(s, &s->tcp.conns[handle], info);
}

int
spate_conn_info(const struct spate_stack *s, spate_conn c, struct spate_conn_info *info)
{
	if (c >= s->tcp.untouched || s->tcp.conns[c].state == SPATE_CLOSED)
		return -ENOTCONN;
	info_of_conn(s, &s->tcp.conns[c], info);
	return 0;
}

int
spate_tuple_info(
	struct spate_stack *s, const struct spate_tuple *tuple, struct spate_conn_info *info)
{
	struct flow_key key;
	uint32_t handle;
	int rc = stack_key(s, tuple, &key);

	if (rc < 0)
		return rc;
	handle = conn_table_lookup(&s->tcp.table, conn_table_hash(&s->tcp.table, &key), &key);
	if (handle == CONN_TABLE_NONE)
		return -ENOTCONN;
	info_of_handle(s, handle, info);
	return 0;
}

struct listing {
	const struct spate_stack *s;
	const struct spate_filter *filter;
	void (*visit)(void *ctx, const struct spate_conn_info *info);
	void *ctx;
	uint32_t visits;
};

static bool
address_fits(const struct spate_addr *wanted, const struct spate_addr *a)
{
	if (wanted->port && wanted->port != a->port)
		return false;
	if (wanted->family == AF_INET6)
		return a->family == AF_INET6 && memcmp(wanted->ip6, a->ip6, sizeof(a->ip6)) == 0;
	return wanted->family == 0 || (a->family == AF_INET && wanted->ip4 == a->ip4);
}

/* The key alone says: nothing else of a record is read before it fits. */
static bool
fits(const struct spate_stack *s, const struct spate_filter *f, uint32_t handle)
{
	enum spate_state state =
		handle & CONN_TABLE_SPACE ? SPATE_TIME_WAIT : s->tcp.conns[handle].state;
	struct spate_tuple tuple;

	if (f->states && !(f->states >> state & 1))
		return false;
	if (f->local.family == 0 && f->local.port == 0 && f->remote.family == 0 &&
		f->remote.port == 0)
		return true;
	stack_tuple(s, conn_table_key(&s->tcp.table, handle), &tuple);
	return address_fits(&f->local, &tuple.local) && address_fits(&f->remote, &tuple.remote);
}

static void
list_one(void *arg, uint32_t handle)
{
	struct listing *l = arg;
	struct spate_conn_info info;

	if (l->filter && !fits(l->s, l->filter, handle))
		return;
	info_of_handle(l->s, handle, &info);
	l->visits++;
	l->visit(l->ctx, &info);
}

bool
spate_conn_list(const struct spate_stack *s, uint32_t *cursor, const struct spate_filter *filter,
	void (*visit)(void *ctx, const struct spate_conn_info *info), void *ctx)
{
	struct listing l = {s, filter, visit, ctx, 0};

	for (int i = 0; i < LIST_BUCKETS && l.visits < LIST_VISITS; i++) {
		*cursor = conn_table_walk(&s->tcp.table, *cursor, 1, list_one, &l);
		if (*cursor == 0)
			return false;
	}
	return true;
}

static void
listener_address(const struct spate_stack *s, const struct listener *l, struct spate_addr *out)
{
	memset(out, 0, sizeof(*out));
	out->port = l->lport;
	out->family = l->laddr == LISTENER_ANY || addr_is_v6(l->laddr) ? AF_INET6 : AF_INET;
	if (addr_is_v6(l->laddr))
		ip6_local_address(&s->ip, l->laddr, out->ip6);
	else if (!listener_is_wildcard(l->laddr))
		out->ip4 = l->laddr;
}

void
spate_listener_list(const struct spate_stack *s,
	void (*visit)(void *ctx, const struct spate_listener_info *info), void *ctx)
{
	for (uint32_t i = 0; i < LISTENER_MAX; i++) {
		const struct listener *l = &s->tcp.listeners.entry[i];
		struct spate_listener_info info = {
			.backlog = l->backlog,
			.backlog_max = l->backlog_max,
			.cookie = l->cookie,
		};

		if (!l->used)
			continue;
		listener_address(s, l, &info.local);
		visit(ctx, &info);
	}
}

void
spate_state_counts(const struct spate_stack *s, uint64_t counts[SPATE_N_STATES])
{
	memcpy(counts, s->tcp.state_count, sizeof(s->tcp.state_count));
	counts[SPATE_LISTEN] = s->tcp.listeners.count;
}

const struct spate_counters *
spate_stack_counters(const struct spate_stack *s)
{
	return &s->counters;
}

struct census {
	const struct tcp *t;
	int64_t opened, time_wait;
};

static void
count_one(void *arg, uint32_t handle)
{
	struct census *n = arg;

	if (handle & CONN_TABLE_SPACE)
		n->time_wait++;
	else
		n->opened += !!(n->t->conns[handle].flags & TCP_F_OPENED);
}

int64_t
spate_stack_leaked(const struct spate_stack *s)
{
	const uint64_t *v = s->counters.v;
	struct census n = {.t = &s->tcp};
	int64_t open, time_wait;

	conn_table_walk(&s->tcp.table, 0, UINT32_MAX, count_one, &n);
	open = v[SPATE_OPENED] - spate_ends_ended(&s->counters);
	time_wait = v[SPATE_TW_ENTERED] - spate_time_waits_ended(&s->counters);
	/* A TIME_WAIT below a SYN_RCVD has no entry of its own. */
	for (uint32_t i = 0; i < s->tcp.untouched; i++)
		n.time_wait += s->tcp.conns[i].state == SPATE_SYN_RCVD &&
			       (s->tcp.conns[i].flags & TCP_F_OVER_TW);

	int64_t conns = open - n.opened, waits = time_wait - n.time_wait;

	return (conns < 0 ? -conns : conns) + (waits < 0 ? -waits : waits);
}

/* RSTs that must find room in the output queue before one more connection is looked at. */
#define END_ROOM 64

/*
 * Every connection in turn: embryos are reset, `end` does the rest. True when the output
 * queue is nearly full and the caller has to come again.
 */
static bool
end_all(struct spate_stack *s, void (*end)(struct tcp *t, struct tcp_conn *c))
{
	for (; s->end_at < s->tcp.untouched; s->end_at++) {
		struct tcp_conn *c = &s->tcp.conns[s->end_at];

		if (ip_tx_room(&s->ip) < END_ROOM)
			return true;
		if (c->state == SPATE_CLOSED)
			continue;
		if (tcp_is_embryo(c)) {
			tcp_send_rst(&s->tcp, c);
			tcp_embryo_end(&s->tcp, c, SPATE_EMBRYO_STOPPED);
		} else {
			end(&s->tcp, c);
		}
	}
	s->end_at = 0;
	return false;
}

static void
abort_one(struct tcp *t, struct tcp_conn *c)
{
	tcp_abort(t, c, -ECONNABORTED);
}

bool
spate_stack_close_all(struct spate_stack *s)
{
	return end_all(s, tcp_close);
}

bool
spate_stack_abort_all(struct spate_stack *s)
{
	return end_all(s, abort_one);
}
