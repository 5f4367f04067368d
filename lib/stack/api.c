/* SPDX-License-Identifier: BSD-3-Clause */
/* The application's calls: arguments checked, then handed down to tcp/. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "stack/stack.h"

/* struct spate_source from inside. */
struct source {
	struct local_port ports;
	bool (*mine)(const void *ctx, const void *key);
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

int
spate_add_addresses(struct spate_stack *s, uint32_t first, uint32_t last)
{
	return ip_add_range(&s->ip, first, last);
}

void
spate_announce(struct spate_stack *s)
{
	ip_announce(&s->ip);
}

int
spate_resolve(struct spate_stack *s, uint32_t ip4)
{
	uint16_t hop;

	if (!ip_is_peer(&s->ip, ip4))
		return -EINVAL;
	hop = neigh_get(&s->ip, ip_next_hop(&s->ip, ip4));
	if (hop == NEIGH_NONE)
		return -ENOBUFS;
	if (neigh_resolved(&s->ip.neigh.entry[hop]))
		return 0;
	return s->ip.neigh.entry[hop].state == NEIGH_FAILED ? -EHOSTUNREACH : -EAGAIN;
}

void
spate_arp_input(struct spate_stack *s, const uint8_t *p, uint32_t len)
{
	ip_arp_input(&s->ip, p, len, false);
}

int
spate_listen(struct spate_stack *s, const struct spate_addr *local, uint32_t backlog,
	unsigned int flags, uint32_t cookie)
{
	return tcp_listen(&s->tcp, local, backlog, flags, cookie);
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
spate_source_init(struct spate_stack *s, struct spate_source *src, uint32_t first_ip,
	uint32_t last_ip, uint16_t first_port, uint16_t last_port)
{
	struct local_range r = {
		.first_addr = rte_be_to_cpu_32(first_ip),
		.n_addr = rte_be_to_cpu_32(last_ip) - rte_be_to_cpu_32(first_ip) + 1,
		.first_port = first_port,
		.n_port = (uint32_t)last_port - first_port + 1,
	};
	struct flow_key salt = {.raddr = first_ip, .laddr = last_ip, .rport = first_port};
	uint64_t secret[2];

	if (rte_be_to_cpu_32(last_ip) < r.first_addr || last_port < first_port || first_port == 0)
		return -EINVAL;
	/* A SYN from an address that is not ours would be answered to somebody else. */
	if (!ip_is_local_range(&s->ip, first_ip, last_ip))
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
spate_source_filter(
	struct spate_source *src, bool (*mine)(const void *ctx, const void *key), const void *ctx)
{
	inside(src)->mine = mine;
	inside(src)->ctx = ctx;
}

int
spate_connect(struct spate_stack *s, struct spate_source *src, const struct spate_addr *remote,
	spate_conn *c)
{
	struct source *in = inside(src);

	if (remote->family != AF_INET)
		return -EAFNOSUPPORT;
	return tcp_connect_any(
		&s->tcp, &in->ports, in->mine, in->ctx, remote->ip4, remote->port, c);
}

int
spate_connect_from(struct spate_stack *s, const struct spate_addr *local,
	const struct spate_addr *remote, spate_conn *c)
{
	struct flow_key key = {remote->ip4, local->ip4, remote->port, local->port};

	if (local->family != AF_INET || remote->family != AF_INET)
		return -EAFNOSUPPORT;
	return tcp_connect(&s->tcp, &key, c);
}

int
spate_connect_listener(
	struct spate_stack *s, int listener, const struct spate_addr *remote, spate_conn *c)
{
	struct flow_key key = {.raddr = remote->ip4, .rport = remote->port};

	if (remote->family != AF_INET)
		return -EAFNOSUPPORT;
	if (listener < 0 || listener > UINT16_MAX)
		return -ENOENT;
	return tcp_connect_listener(&s->tcp, listener, &key, c);
}

int
spate_setopt(struct spate_stack *s, spate_conn id, enum spate_option option, uint64_t value)
{
	struct tcp_conn *c = conn(s, id);

	if (c->state == SPATE_CLOSED)
		return -ENOTCONN;
	switch (option) {
	case SPATE_OPT_KEEPALIVE:
		if (value > 1)
			return -EINVAL;
		c->options &= ~TCP_O_KEEPALIVE;
		c->options |= value ? TCP_O_KEEPALIVE : 0;
		tcp_timer_update(&s->tcp, c, false);
		return 0;
	}
	return -ENOPROTOOPT;
}

int
spate_getopt(const struct spate_stack *s, spate_conn id, enum spate_option option, uint64_t *value)
{
	const struct tcp_conn *c = &s->tcp.conns[id];

	if (c->state == SPATE_CLOSED)
		return -ENOTCONN;
	switch (option) {
	case SPATE_OPT_KEEPALIVE:
		*value = !!(c->options & TCP_O_KEEPALIVE);
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
	/* RFC 9293 3.8.6.2.2: tell the peer once there is a segment's or half a buffer's room. */
	uint32_t buffer = s->tcp.conf.receive_buffer;
	uint32_t now = c->rcv_unread < buffer ? buffer - c->rcv_unread : 0;
	uint32_t enough = buffer / 2;

	if (enough > c->mss)
		enough = c->mss;
	if (now > room && now - room >= enough) {
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
spate_set_user(struct spate_stack *s, spate_conn c, uint64_t user)
{
	conn(s, c)->user = user;
}

uint64_t
spate_get_user(const struct spate_stack *s, spate_conn c)
{
	return s->tcp.conns[c].user;
}
