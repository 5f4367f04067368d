/* SPDX-License-Identifier: BSD-3-Clause */
/* The application's calls: arguments checked, then handed down to tcp/. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "stack/stack.h"
#include "tcp/receive_window.h"
#include "tcp/recovery.h"
#include "tcp/auth.h"

/* struct spate_source from inside. */
struct source {
	struct local_port ports;
	bool (*mine)(const void *ctx, const struct spate_tuple *tuple);
	const void *ctx;
};

_Static_assert(sizeof(struct source) <= sizeof(struct spate_source), "spate_source is too small");

static struct source *
inside(struct spate_source *src)
{
	return (struct source *)(void *)src;
}

static struct tcp_conn *
conn(struct spate_stack *s, spate_conn c)
{
	return tcp_conn_at(&s->tcp, c);
}

static bool
is_unspecified(const struct spate_addr *a)
{
	static const uint8_t none[16];

	return a->family == AF_INET6 ? memcmp(a->ip6, none, sizeof(none)) == 0 : a->ip4 == 0;
}

static bool
family_known(const struct spate_stack *s, const struct spate_addr *a)
{
	return a->family == AF_INET || (a->family == AF_INET6 && ip6_on(&s->ip));
}

/* A peer's address as the tables have it. 0, -EAFNOSUPPORT, or -EINVAL: no other host has it. */
static int
peer(struct spate_stack *s, const struct spate_addr *a, rte_be32_t *out)
{
	if (!family_known(s, a))
		return -EAFNOSUPPORT;
	if (a->family == AF_INET) {
		*out = a->ip4;
		return ip4_is_peer(&s->ip, a->ip4) ? 0 : -EINVAL;
	}
	*out = ip6_peer_name(&s->ip, a->ip6);
	return *out != ADDR6_NONE ? 0 : -EINVAL;
}

/* One of ours. 0, -EAFNOSUPPORT, or -EADDRNOTAVAIL. */
static int
ours(const struct spate_stack *s, const struct spate_addr *a, rte_be32_t *out)
{
	if (!family_known(s, a))
		return -EAFNOSUPPORT;
	*out = a->family == AF_INET ? a->ip4 : ip6_local_name(&s->ip, a->ip6);
	if (*out == ADDR6_NONE || (a->family == AF_INET && !ip_is_local(&s->ip, *out)))
		return -EADDRNOTAVAIL;
	return 0;
}

int
spate_add_addresses(
	struct spate_stack *s, const struct spate_addr *first, const struct spate_addr *last)
{
	if (!family_known(s, first))
		return -EAFNOSUPPORT;
	if (first->family != last->family)
		return -EINVAL;
	if (first->family == AF_INET6)
		return ip6_add_range(&s->ip, first->ip6, last->ip6);
	return ip_add_range(&s->ip, first->ip4, last->ip4);
}

void
spate_announce(struct spate_stack *s)
{
	ip_announce(&s->ip);
}

int
spate_resolve(struct spate_stack *s, const struct spate_addr *remote)
{
	rte_be32_t raddr;
	uint16_t hop;
	int rc = peer(s, remote, &raddr);

	if (rc < 0)
		return rc;
	hop = ip_hop(&s->ip, raddr);
	if (hop == NEIGH_NONE)
		return -ENOBUFS;
	if (neigh_resolved(&s->ip.neigh.entry[hop]))
		return 0;
	return s->ip.neigh.entry[hop].state == NEIGH_FAILED ? -EHOSTUNREACH : -EAGAIN;
}

int
spate_listen(struct spate_stack *s, const struct spate_addr *local, uint32_t backlog,
	unsigned int flags, uint32_t cookie)
{
	rte_be32_t laddr = local->family == AF_INET6 ? LISTENER_ANY : LISTENER_ANY_V4;
	int rc = 0;

	if (local->family != AF_INET && local->family != AF_INET6)
		return -EAFNOSUPPORT;
	if (!is_unspecified(local))
		rc = ours(s, local, &laddr);
	return rc < 0 ? rc : tcp_listen(&s->tcp, laddr, local->port, backlog, flags, cookie);
}

int
spate_unlisten(struct spate_stack *s, int listener)
{
	if (listener < 0 || listener > UINT16_MAX)
		return -ENOENT;
	return tcp_unlisten(&s->tcp, listener);
}

int
spate_listener_full(struct spate_stack *s, int listener, bool full)
{
	if (listener < 0 || listener >= LISTENER_MAX || !s->tcp.listeners.entry[listener].used)
		return -ENOENT;
	s->tcp.listeners.entry[listener].full = full;
	return 0;
}

int
spate_source_init(struct spate_stack *s, struct spate_source *src, const struct spate_addr *first,
	const struct spate_addr *last, uint16_t first_port, uint16_t last_port)
{
	struct flow_key salt = {.rport = first_port};
	struct local_range r = {
		.first_port = first_port,
		.n_port = (uint32_t)last_port - first_port + 1,
	};
	uint64_t secret[2];

	/* A SYN from an address that is not ours would be answered to somebody else. */
	if (!family_known(s, first))
		return -EAFNOSUPPORT;
	if (first->family != last->family || ours(s, first, &salt.raddr) < 0 ||
		ours(s, last, &salt.laddr) < 0)
		return -EINVAL;
	if (first->family == AF_INET && !ip_is_local_range(&s->ip, first->ip4, last->ip4))
		return -EINVAL;
	r.first_addr = rte_be_to_cpu_32(salt.raddr);
	r.n_addr = rte_be_to_cpu_32(salt.laddr) - r.first_addr + 1;
	if (rte_be_to_cpu_32(salt.laddr) < r.first_addr || last_port < first_port ||
		first_port == 0)
		return -EINVAL;
	/* Names of one /64's addresses follow each other in one range alone. */
	if (first->family == AF_INET6 && !ip6_is_local_range(&s->ip, first->ip6, last->ip6))
		return -EINVAL;
	memset(src, 0, sizeof(*src));
	/* The steps must not be the table's hash: derive a key of their own. */
	secret[0] = flow_key_hash(&salt, s->tcp.table.secret);
	salt.lport = 1;
	secret[1] = flow_key_hash(&salt, s->tcp.table.secret);
	local_port_init(&inside(src)->ports, &r, s->tcp.conf.sequential_ports, secret);
	return 0;
}

void
spate_source_filter(struct spate_source *src,
	bool (*mine)(const void *ctx, const struct spate_tuple *tuple), const void *ctx)
{
	inside(src)->mine = mine;
	inside(src)->ctx = ctx;
	inside(src)->ports.n_next = 0; /* what was chosen ahead was chosen without it */
}

void
spate_source_share(struct spate_source *src, uint16_t share, uint16_t of)
{
	local_port_share(&inside(src)->ports, share, of);
}

struct chosen {
	const struct spate_stack *s;
	const struct source *in;
};

/* The caller's filter sees addresses, not names. */
static bool
is_mine(const void *ctx, const struct flow_key *key)
{
	const struct chosen *c = ctx;
	struct spate_tuple tuple;

	stack_tuple(c->s, key, &tuple);
	return c->in->mine(c->in->ctx, &tuple);
}

int
spate_connect(struct spate_stack *s, struct spate_source *src, const struct spate_addr *remote,
	spate_conn *c)
{
	struct source *in = inside(src);
	struct chosen chosen = {s, in};
	rte_be32_t raddr;
	int rc = peer(s, remote, &raddr);

	if (rc < 0)
		return rc;
	/* A name and an address do not make a tuple. */
	if (addr_is_v6(raddr) != addr_is_v6(rte_cpu_to_be_32(in->ports.range.first_addr)))
		return -EINVAL;
	return tcp_connect_any(
		&s->tcp, &in->ports, in->mine ? is_mine : NULL, &chosen, raddr, remote->port, c);
}

int
stack_key(struct spate_stack *s, const struct spate_tuple *tuple, struct flow_key *out)
{
	int rc = peer(s, &tuple->remote, &out->raddr);

	out->rport = tuple->remote.port;
	out->lport = tuple->local.port;
	if (rc < 0)
		return rc;
	return tuple->local.family == tuple->remote.family ? ours(s, &tuple->local, &out->laddr)
							   : -EAFNOSUPPORT;
}

int
spate_connect_from(struct spate_stack *s, const struct spate_addr *local,
	const struct spate_addr *remote, spate_conn *c)
{
	struct spate_tuple tuple = {*local, *remote};
	struct flow_key key;
	int rc = stack_key(s, &tuple, &key);

	return rc < 0 ? rc : tcp_connect(&s->tcp, &key, c);
}

int
spate_connect_listener(
	struct spate_stack *s, int listener, const struct spate_addr *remote, spate_conn *c)
{
	struct flow_key key = {.rport = remote->port};
	int rc = peer(s, remote, &key.raddr);

	if (rc < 0)
		return rc;
	if (listener < 0 || listener > UINT16_MAX)
		return -ENOENT;
	return tcp_connect_listener(&s->tcp, listener, &key, c);
}

int
spate_probe_open(struct spate_stack *s, const struct spate_addr *local,
	const struct spate_addr *remote, spate_conn *c)
{
	struct flow_key key = {.rport = remote->port, .lport = local->port};
	int rc = peer(s, remote, &key.raddr);

	if (rc == 0)
		rc = local->family == remote->family ? ours(s, local, &key.laddr) : -EAFNOSUPPORT;
	return rc < 0 ? rc : tcp_probe_open(&s->tcp, &key, c);
}

int
spate_probe_send(struct spate_stack *s, spate_conn c, const struct spate_segment *seg)
{
	return tcp_probe_send(&s->tcp, conn(s, c), seg);
}

int
spate_setopt(struct spate_stack *s, spate_conn id, enum spate_option option, uint64_t value)
{
	struct tcp_conn *c = conn(s, id);

	if (c->state == SPATE_CLOSED || (c->options & TCP_O_PROBE))
		return -ENOTCONN;
	switch (option) {
	case SPATE_OPT_KEEPALIVE:
		if (value > 1)
			return -EINVAL;
		c->options &= ~TCP_O_KEEPALIVE;
		c->options |= value ? TCP_O_KEEPALIVE : 0;
		tcp_timer_update(&s->tcp, c, false);
		return 0;
	case SPATE_OPT_TIMESTAMPS:
		return tcp_offer_timestamps(c, value);
	case SPATE_OPT_AUTH_SEND:
		return tcp_auth_set_send(&s->tcp, c, value);
	case SPATE_OPT_AUTH_RECEIVE:
		return tcp_auth_set_receive(&s->tcp, c, value);
	case SPATE_OPT_AUTH_ICMP:
		return tcp_auth_set_icmp(&s->tcp, c, value);
	case SPATE_OPT_USER_TIMEOUT:
		return tcp_user_timeout_set(&s->tcp, c, value);
	case SPATE_OPT_NO_DELAY:
	case SPATE_OPT_CORK:
		return tcp_set_small(&s->tcp, c, option, value);
	case SPATE_OPT_CONGESTION:
		return tcp_cwnd_choose(&s->tcp, c, value);
	}
	return -ENOPROTOOPT;
}

int
spate_getopt(const struct spate_stack *s, spate_conn id, enum spate_option option, uint64_t *value)
{
	const struct tcp_conn *c = &s->tcp.conns[id];

	if (c->state == SPATE_CLOSED || (c->options & TCP_O_PROBE))
		return -ENOTCONN;
	switch (option) {
	case SPATE_OPT_KEEPALIVE:
		*value = !!(c->options & TCP_O_KEEPALIVE);
		return 0;
	case SPATE_OPT_TIMESTAMPS:
		*value = !!(c->flags & TCP_F_TS);
		return 0;
	case SPATE_OPT_AUTH_SEND:
	case SPATE_OPT_AUTH_RECEIVE:
	case SPATE_OPT_AUTH_ICMP:
		return tcp_auth_get(&s->tcp, c, option, value);
	case SPATE_OPT_USER_TIMEOUT:
		*value = tcp_user_timeout_ms(&s->tcp, c);
		return 0;
	case SPATE_OPT_NO_DELAY:
		*value = c->no_delay;
		return 0;
	case SPATE_OPT_CORK:
		*value = c->corked;
		return 0;
	case SPATE_OPT_CONGESTION:
		*value = c->congestion;
		return 0;
	}
	return -ENOPROTOOPT;
}

/* Can data be queued on it? 0 or the errno. */
static int
may_send(const struct tcp_conn *c)
{
	if (c->state == SPATE_CLOSED || c->state < SPATE_ESTABLISHED)
		return -ENOTCONN;
	return c->flags & (TCP_F_FIN_QUEUED | TCP_F_ORPHAN) ? -EPIPE : 0;
}

int
spate_send_static(struct spate_stack *s, spate_conn id, const void *data, uint32_t len)
{
	struct tcp_conn *c = conn(s, id);
	int rc = may_send(c);

	if (rc == 0 && len > 0)
		rc = tcp_send_append(&s->tcp, c, data, len, NULL);
	if (rc == 0)
		tcp_ready(&s->tcp, c);
	return rc;
}

ssize_t
spate_send(struct spate_stack *s, spate_conn id, const void *data, uint32_t len)
{
	struct tcp_conn *c = conn(s, id);
	uint32_t taken = 0;
	int rc = may_send(c);

	/* Small pieces share a buffer. */
	if (rc == 0)
		taken = tcp_send_extend(&s->tcp, c, data, len);
	while (rc == 0 && taken < len) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(s->ip.pool);
		uint32_t n = len - taken;

		if (m == NULL) {
			rc = -ENOBUFS;
			break;
		}
		if (n > rte_pktmbuf_tailroom(m))
			n = rte_pktmbuf_tailroom(m);

		char *to = rte_pktmbuf_append(m, n);

		memcpy(to, (const uint8_t *)data + taken, n);
		rc = tcp_send_append(&s->tcp, c, (const uint8_t *)to, n, m);
		if (rc == 0)
			taken += n;
		else
			rte_pktmbuf_free(m);
	}
	if (taken == 0)
		return rc;
	tcp_ready(&s->tcp, c);
	return taken;
}

void
spate_consume(struct spate_stack *s, spate_conn id, uint32_t len)
{
	struct tcp_conn *c = conn(s, id);
	uint32_t room = tcp_rcv_wnd(c);

	/* Nothing unread, nothing to tell; and before the handshake there is no window yet. */
	if (c->state == SPATE_CLOSED || c->rcv_unread == 0)
		return;
	c->rcv_unread -= len < c->rcv_unread ? len : c->rcv_unread;

	uint32_t buffer = tcp_receive_buffer(&s->tcp, c);
	uint32_t now = c->rcv_unread < buffer ? buffer - c->rcv_unread : 0;

	if (now > room && now - room >= tcp_receive_least(&s->tcp, c)) {
		c->flags |= TCP_F_ACK_NOW;
		tcp_ready(&s->tcp, c);
	}
}

int
spate_shutdown(struct spate_stack *s, spate_conn c)
{
	return tcp_shutdown(&s->tcp, conn(s, c));
}

void
spate_close(struct spate_stack *s, spate_conn c)
{
	tcp_close(&s->tcp, conn(s, c));
}

void
spate_abort(struct spate_stack *s, spate_conn c)
{
	tcp_abort(&s->tcp, conn(s, c), -ECONNABORTED);
}

void
spate_forget(struct spate_stack *s, spate_conn c)
{
	tcp_forget(&s->tcp, conn(s, c));
}

int
spate_inject(struct spate_stack *s, const struct spate_tuple *tuple,
	const struct spate_segment *seg, const void *data)
{
	struct tcp_seg_head h = {
		.sport = tuple->local.port,
		.dport = tuple->remote.port,
		.seq = seg->seq,
		.ack = seg->ack,
		.wnd = seg->wnd,
		.flags = seg->flags,
	};
	struct tcp_options o = {
		.has_mss = seg->mss != 0,
		.mss = seg->mss,
		.has_ts = seg->has_ts,
		.tsval = seg->tsval,
		.tsecr = seg->tsecr,
	};
	struct flow_key key;
	uint16_t hop;
	int rc = stack_key(s, tuple, &key);

	if (rc < 0)
		return rc;
	if (seg->len > s->ip.mtu - tcp_headers(key.raddr) - (uint32_t)TCP_OPTIONS_MAX)
		return -EMSGSIZE;
	hop = ip_hop(&s->ip, key.raddr);
	if (hop == NEIGH_NONE)
		return -EHOSTUNREACH;
	if (!tcp_send_made(&s->tcp, &key, hop, &h, &o, data, seg->len))
		return -ENOBUFS;
	spate_count(&s->counters, SPATE_INJECTED);
	return 0;
}

void
spate_set_user(struct spate_stack *s, spate_conn c, uint64_t user)
{
	conn(s, c)->user = user;
}

uint64_t
spate_get_user(const struct spate_stack *s, spate_conn c)
{
	return s->tcp.conns[c].user;
}
