/* SPDX-License-Identifier: BSD-3-Clause */
#include "side.h"

#include <string.h>
#include <sys/socket.h>

#include <rte_byteorder.h>
#include <rte_mbuf.h>

#define FRAMES_MAX 64

struct spate_addr
side_addr(uint32_t ip, uint16_t port)
{
	struct spate_addr a = {.family = AF_INET, .port = rte_cpu_to_be_16(port)};

	a.ip4 = rte_cpu_to_be_32(ip);
	return a;
}

void
side_mac(uint32_t ip, uint8_t mac[6])
{
	memcpy(mac, (uint8_t[6]){2, 0, ip >> 24, ip >> 16, ip >> 8, ip}, 6);
}

struct spate_stack_conf
side_conf(struct side *s, const char *name, uint32_t ip, struct rte_mempool *pool,
	const struct spate_ops *ops)
{
	struct spate_stack_conf conf = {
		.name = name,
		.socket_id = -1,
		.pool = pool,
		.max_conns = 16,
		.max_time_wait = 16,
		.ip4 = rte_cpu_to_be_32(ip),
		.prefix = 15,
		.secret = "one that is known, and the same.",
		.ops = ops,
		.app = s,
	};

	side_mac(ip, conf.mac);
	spate_tcp_defaults(&conf.tcp);
	return conf;
}

void
side_on_accept(void *app, spate_conn c, uint32_t cookie)
{
	(void)cookie;
	side_on_established(app, c);
}

void
side_on_established(void *app, spate_conn c)
{
	struct side *s = app;

	s->conn = c;
	s->opened++;
}

void
side_on_sendable(void *app, spate_conn c)
{
	(void)app;
	(void)c;
}

void
side_on_peer_fin(void *app, spate_conn c)
{
	spate_close(((struct side *)app)->stack, c);
}

void
side_on_closed(void *app, spate_conn c, int reason)
{
	struct side *s = app;

	(void)c;
	s->closed++;
	s->failed += reason != 0;
}

uint16_t
side_carry(
	struct side *from, struct side *to, uint64_t now, void (*watch)(const struct rte_mbuf *m))
{
	struct rte_mbuf *m[FRAMES_MAX];
	uint16_t n;

	spate_stack_tick(from->stack, now);
	n = spate_stack_output(from->stack, m, FRAMES_MAX, now);
	for (uint16_t i = 0; i < n; i++) {
		m[i]->ol_flags = 0;
		if (watch)
			watch(m[i]);
		spate_stack_input(to->stack, &m[i], 1, now);
	}
	return n;
}
