/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv6 addresses (IP-04): who may be listened to and opened to, ranges of our own, both
 * families side by side, flow labels, peers of the link. Many peers: test_names6.c.
 */
#include <stdlib.h>
#include <sys/socket.h>

#include <rte_errno.h>

#include "script.h"

#define BLOCK   (1u << 22) /* addresses whose names follow each other */
#define ETH_LEN 14
#define IP_LEN  40

static const uint8_t our_link_local[16] = {0xfe, 0x80, [11] = 0xff, 0xfe, 0, 0, 1};
static const uint8_t peer_link_local[16] = {0xfe, 0x80, [11] = 0xff, 0xfe, 0, 0, 2};

static struct spate_addr
addr6(uint32_t net, uint64_t low, uint16_t port)
{
	struct spate_addr a = {AF_INET6, rte_cpu_to_be_16(port), {0}};

	script_put32(a.ip6, 0x20010002);
	script_put32(a.ip6 + 4, net);
	script_put32(a.ip6 + 8, low >> 32);
	script_put32(a.ip6 + 12, low);
	return a;
}

static struct spate_addr
addr4(uint32_t ip, uint16_t port)
{
	return (struct spate_addr){AF_INET, rte_cpu_to_be_16(port), {.ip4 = rte_cpu_to_be_32(ip)}};
}

/* ---- who can be named */

/* No stack comes of addresses no host can have. */
static void
IP_04_impossible_configuration(struct script *s)
{
	static const uint8_t group[16] = {0xff, 2, [15] = 1}, loopback[16] = {[15] = 1};
	struct spate_stack_conf good = s->conf, bad[8];

	script_ip6(OUR_IP, good.ip6);
	good.prefix6 = 64;
	good.name = "possible";
	for (size_t i = 0; i < RTE_DIM(bad); i++)
		bad[i] = good;
	bad[0].prefix6 = 129;
	memcpy(bad[1].ip6, group, 16);
	memcpy(bad[2].ip6, loopback, 16);
	memcpy(bad[3].gateway6, group, 16);
	memcpy(bad[4].gateway6, good.ip6, 16);
	bad[5].mtu = 1279; /* RFC 8200 5 */
	bad[6].gateway = rte_cpu_to_be_32(0xf0000001);
	bad[7].gateway = rte_cpu_to_be_32(0xe0000001);
	AT(s);
	for (size_t i = 0; i < RTE_DIM(bad); i++) {
		struct spate_stack *stack = spate_stack_create(&bad[i], 0);

		if (stack) {
			spate_stack_free(stack);
			script_fail(s, "a stack came of configuration %zu", i);
		}
		EQUAL(s, rte_errno, EINVAL);
	}
	good.mtu = 1280;
	START(s);
	spate_stack_free(spate_stack_create(&good, 0));
}

/* Nobody to open to: by connect, by resolve. */
static void
IP_04_impossible_peers(struct script *s)
{
	struct spate_addr local, remote, bad[6] = {0};
	struct spate_source src;
	spate_conn c;

	START(s);
	bad[1].ip6[15] = 1;
	memcpy(bad[2].ip6 + 10, "\xff\xff\xc6\x12\x00\x02", 6);
	bad[3].ip6[0] = 0xff;
	bad[3].ip6[15] = 2;
	bad[4] = script_addr(OUR_IP, PEER_PORT);
	memcpy(bad[5].ip6, "\xfe\x80\0\0\0\0\0\0\0\0\0\xff\xfe\0\0\1", 16);
	local = script_addr(OUR_IP, OUR_PORT);
	script_must(s, spate_source_init(s->stack, &src, &local, &local, 1000, 2000), "source");
	for (size_t i = 0; i < RTE_DIM(bad); i++) {
		bad[i].family = AF_INET6;
		EQUAL(s, -spate_connect_from(s->stack, &local, &bad[i], &c), EINVAL);
		EQUAL(s, -spate_connect(s->stack, &src, &bad[i], &c), EINVAL);
		EQUAL(s, -spate_resolve(s->stack, &bad[i]), EINVAL);
	}
	/* Numbers that inside stand for IPv6 addresses are no IPv4 ones. */
	for (uint32_t i = 0; i < 28; i++) {
		remote = addr4(0xf0000000u | 1u << i, PEER_PORT);
		local = addr4(OUR_IP, OUR_PORT);
		EQUAL(s, -spate_connect_from(s->stack, &local, &remote, &c), EINVAL);
		EQUAL(s, -spate_connect(s->stack, &src, &remote, &c), EINVAL);
		EQUAL(s, -spate_resolve(s->stack, &remote), EINVAL);
		EQUAL(s, -spate_connect_from(s->stack, &remote, &local, &c), EINVAL);
		EQUAL(s, -spate_listen(s->stack, &remote, 0, 0, COOKIE), EADDRNOTAVAIL);
		EQUAL(s, -spate_add_addresses(s->stack, &remote, &remote), EINVAL);
	}
	/* A family here and the other there. */
	local = script_addr(OUR_IP, OUR_PORT);
	remote = addr4(PEER_IP, PEER_PORT);
	EQUAL(s, -spate_connect_from(s->stack, &local, &remote, &c), EAFNOSUPPORT);
	EQUAL(s, -spate_connect(s->stack, &src, &remote, &c), EINVAL);
	remote.family = 99;
	EQUAL(s, -spate_connect_from(s->stack, &local, &remote, &c), EAFNOSUPPORT);
	EQUAL(s, -spate_resolve(s->stack, &remote), EAFNOSUPPORT);
	EQUAL(s, -spate_listen(s->stack, &remote, 0, 0, COOKIE), EAFNOSUPPORT);
	remote = script_addr(PEER_IP, PEER_PORT);
	EQUAL(s, -spate_connect_from(s->stack, &remote, &remote, &c), EADDRNOTAVAIL);
	EQUAL(s, -spate_listen(s->stack, &remote, 0, 0, COOKIE), EADDRNOTAVAIL);
	SILENT(s);
}

/* A stack without IPv6 says so, and does not listen to it. */
static void
IP_04_off(struct script *s)
{
	struct spate_addr v6 = addr6(0, OUR_IP, OUR_PORT), v4 = addr4(OUR_IP, OUR_PORT);
	struct spate_source src;
	uint8_t b[FRAME_BYTES];
	spate_conn c;
	uint32_t len;

	START(s);
	EQUAL(s, -spate_add_addresses(s->stack, &v6, &v6), EAFNOSUPPORT);
	EQUAL(s, -spate_listen(s->stack, &v6, 0, 0, COOKIE), EAFNOSUPPORT);
	EQUAL(s, -spate_resolve(s->stack, &v6), EAFNOSUPPORT);
	EQUAL(s, -spate_connect_from(s->stack, &v4, &v6, &c), EAFNOSUPPORT);
	EQUAL(s, -spate_source_init(s->stack, &src, &v6, &v6, 1, 2), EAFNOSUPPORT);
	script_v6 = true;
	len = script_build(s, &(struct seg){.flags = SYN}, b);
	script_v6 = false;
	script_inject_exact(s, b, len);
	COUNTED(s, DROP_ETHERTYPE, 1);
	SILENT(s);
}

/* ---- both families */

/* A SYN of family `v6` to `port`: answered by a SYN+ACK, or by a reset. */
static void
knock(struct script *s, bool v6, uint16_t port, bool open)
{
	script_v6 = v6;
	USE(s, 15);
	s->t->lport = port;
	s->t->iss_known = s->t->ts_offset_known = false;
	s->t->rport++;
	IN(s, SYN);
	if (open) {
		OUT(s, SYN_ACK, .ack = 1);
		IN(s, RST, .seq = 1);
	} else {
		s->t->iss = 0;
		OUT(s, RST_ACK, .ack = 1);
	}
	SILENT(s);
	script_v6 = true;
	USE(s, 0);
}

static int
listen_on(struct script *s, struct spate_addr a, uint16_t port)
{
	a.port = rte_cpu_to_be_16(port);
	return spate_listen(s->stack, &a, 0, 0, COOKIE);
}

static void
CM_23_wildcards_and_families(struct script *s)
{
	const struct spate_addr any6 = {.family = AF_INET6}, any4 = {.family = AF_INET};
	struct spate_addr one6, one4;
	int id;

	s->arp = ARP_ON_DEMAND;
	START(s);
	one6 = script_addr(OUR_IP, 0);
	one4 = addr4(OUR_IP, 0);
	id = listen_on(s, any6, 80);
	script_must(s, id, "listen to all");
	knock(s, true, 80, true);
	knock(s, false, 80, true);
	/* A wildcard shares its port with nobody. */
	EQUAL(s, -listen_on(s, any4, 80), EADDRINUSE);
	EQUAL(s, -listen_on(s, one4, 80), EADDRINUSE);
	EQUAL(s, -listen_on(s, one6, 80), EADDRINUSE);
	script_must(s, spate_unlisten(s->stack, id), "unlisten");
	id = listen_on(s, any4, 80);
	script_must(s, id, "listen to IPv4");
	knock(s, true, 80, false);
	knock(s, false, 80, true);
	script_must(s, spate_unlisten(s->stack, id), "unlisten");
	script_must(s, listen_on(s, one6, 80), "listen to one address");
	knock(s, true, 80, true);
	knock(s, false, 80, false);
	script_must(s, listen_on(s, one4, 80), "the other family's");
	knock(s, true, 80, true);
	knock(s, false, 80, true);
}

/* The same ports and the same bits of address, over IPv4 and IPv6 at once: two connections. */
static void
IP_04_both_families_at_once(struct script *s)
{
	s->arp = ARP_ON_DEMAND;
	s->active = false;
	START(s);
	ESTABLISH(s);
	script_v6 = false;
	USE(s, 1);
	s->t->rport = PEER_PORT;
	ESTABLISH(s);
	EQUAL(s, script_in_state(s, SPATE_ESTABLISHED), 2);
	for (uint32_t i = 0; i < 6; i++) {
		bool six = i % 2 == 0;

		script_v6 = six;
		USE(s, six ? 0 : 1);
		s->conn = s->conns[six ? 0 : 1];
		EQUAL(s, script_info(s).local.family, six ? AF_INET6 : AF_INET);
		IN(s, PSH_ACK, .seq = 1 + i / 2, .ack = 1 + i / 2, .data = six ? "6" : "4");
		SEND(s, six ? "s" : "f");
		OUT(s, PSH_ACK, .seq = 1 + i / 2, .ack = 2 + i / 2, .data = six ? "s" : "f");
		EVENTS(s, i < 2 ? "data:1" : "sendable data:1");
		RECEIVED(s, six ? "6" : "4");
	}
	/* One is reset, the other does not notice. */
	IN(s, RST, .seq = 4);
	EVENTS(s, "closed:ECONNRESET");
	script_v6 = true;
	USE(s, 0);
	s->conn = s->conns[0];
	IN(s, PSH_ACK, .seq = 4, .ack = 4, .data = "!");
	OUT(s, ACK, .seq = 4, .ack = 5);
	EVENTS(s, "sendable data:1");
	RECEIVED(s, "!");
}

/* ---- our own addresses */

/* `n` opens from `src`: from `first` and the addresses behind it, one after the other. */
static void
opens(struct script *s, struct spate_source *src, const struct spate_addr *first, uint32_t n)
{
	struct spate_addr remote = script_addr(PEER_IP + 100, PEER_PORT);

	for (uint32_t i = 0; i < n; i++) {
		struct spate_addr want = *first;
		struct spate_conn_info info;
		const struct frame *f;
		spate_conn c;

		script_now(s);
		script_must(s, spate_connect(s->stack, src, &remote, &c), "connect");
		script_opened(s, c);
		script_put32(want.ip6 + 12, script_get32(first->ip6 + 12) + i);
		info = script_info(s);
		CHECK(s, memcmp(info.local.ip6, want.ip6, 16) == 0);
		f = script_next_frame(s);
		CHECK(s, memcmp(f->b + 22, want.ip6, 16) == 0);
		/* The answer is for this connection, not for another or nobody. */
		USE(s, 0);
		s->t->raddr = PEER_IP + 100;
		s->t->laddr = script_get32(want.ip6 + 12);
		s->t->lport = rte_be_to_cpu_16(info.local.port);
		s->t->iss = info.snd_una;
		s->t->iss_known = true;
		IN(s, RST_ACK, .ack = 1);
		EVENTS(s, "closed:ECONNREFUSED");
	}
}

/* Addresses in turn, whatever other ranges they are in, and where names change blocks. */
static void
CM_12_sources_over_ranges(struct script *s)
{
	struct spate_addr first, last, own;
	struct spate_source src;

	s->conf.tcp.sequential_ports = true;
	s->arp = ARP_ON_DEMAND;
	START(s);
	own = script_addr(OUR_IP, 0);
	/* Our own address is in the middle of it, and at an end of another. */
	first = script_addr(OUR_IP - 1, 0);
	last = script_addr(OUR_IP + 20, 0);
	last.ip6[15] = 20;
	EQUAL(s, -spate_source_init(s->stack, &src, &first, &last, 1000, 1000), EINVAL);
	script_must(s, spate_add_addresses(s->stack, &first, &last), "add");
	script_must(s, spate_source_init(s->stack, &src, &first, &last, 1000, 1000), "source");
	opens(s, &src, &first, 6);
	script_must(s, spate_source_init(s->stack, &src, &own, &last, 1000, 1000), "from own");
	opens(s, &src, &own, 6);
	script_must(s, spate_source_init(s->stack, &src, &first, &own, 1000, 1000), "to own");
	opens(s, &src, &first, 2);
	/* Across a border of blocks. */
	first = script_addr((OUR_IP & ~(BLOCK - 1)) + 3 * BLOCK - 3, 0);
	last = script_addr((OUR_IP & ~(BLOCK - 1)) + 3 * BLOCK + 3, 0);
	script_must(s, spate_add_addresses(s->stack, &first, &last), "add");
	script_must(s, spate_source_init(s->stack, &src, &first, &last, 1000, 1000), "source");
	opens(s, &src, &first, 7);
}

/* What cannot be counted through is refused: beyond a /64, backwards, two ranges, strangers. */
static void
CM_12_sources_refused(struct script *s)
{
	struct spate_addr a, b, far;
	struct spate_source src;

	START(s);
	a = script_addr(OUR_IP + 10, 0);
	b = script_addr(OUR_IP + 19, 0);
	script_must(s, spate_add_addresses(s->stack, &a, &b), "add");
	EQUAL(s, -spate_source_init(s->stack, &src, &b, &a, 1000, 1000), EINVAL);
	EQUAL(s, -spate_source_init(s->stack, &src, &a, &b, 1000, 999), EINVAL);
	EQUAL(s, -spate_source_init(s->stack, &src, &a, &b, 0, 999), EINVAL);
	far = addr6(1, OUR_IP, 0);
	EQUAL(s, -spate_add_addresses(s->stack, &a, &far), EINVAL);
	EQUAL(s, -spate_add_addresses(s->stack, &b, &a), EINVAL);
	script_must(s, spate_add_addresses(s->stack, &far, &far), "add");
	EQUAL(s, -spate_source_init(s->stack, &src, &a, &far, 1000, 1000), EINVAL);
	b = script_addr(OUR_IP, 0);
	EQUAL(s, -spate_source_init(s->stack, &src, &b, &a, 1000, 1000), EINVAL);
	b = addr4(OUR_IP, 0);
	EQUAL(s, -spate_source_init(s->stack, &src, &a, &b, 1000, 1000), EINVAL);
	EQUAL(s, -spate_add_addresses(s->stack, &a, &b), EINVAL);
	SILENT(s);
}

/* ---- flow labels, link-local peers */

static uint32_t
label_of(const struct frame *f)
{
	return script_get32(f->b + ETH_LEN) & 0xfffff;
}

static int
by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* RFC 6437: one label for all of a connection, another for another, never none. */
static void
IP_04_flow_labels(struct script *s)
{
	uint32_t label[300], twice = 0;
	char data[] = "x";

	START(s);
	LISTEN(s);
	for (uint32_t i = 0; i < RTE_DIM(label); i++) {
		s->t->rport = PEER_PORT + i;
		s->t->iss_known = s->t->ts_offset_known = false;
		IN(s, SYN);
		script_pump(s);
		label[i] = label_of(&s->queue[s->head % FRAMES]);
		CHECK(s, label[i] != 0);
		OUT(s, SYN_ACK, .ack = 1);
		if (i >= 10) {
			IN(s, RST, .seq = 1);
			continue;
		}
		IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = data);
		EQUAL(s, label_of(script_next_frame(s)), label[i]);
		EVENTS(s, "accept data:1");
		RECEIVED(s, "x");
		ABORT(s);
		EQUAL(s, label_of(script_next_frame(s)), label[i]);
		EVENTS(s, "closed:ECONNABORTED");
	}
	qsort(label, RTE_DIM(label), sizeof(label[0]), by_value);
	for (uint32_t i = 1; i < RTE_DIM(label); i++)
		twice += label[i] == label[i - 1];
	/* 45000 pairs in a million values: none is likely, three are not. */
	CHECK(s, twice < 3);
}

/* A segment between link-local addresses. */
static void
link_local_in(struct script *s, const struct seg *g)
{
	uint8_t b[FRAME_BYTES];
	uint32_t len = script_build(s, g, b);

	script_readdress6(b, peer_link_local, our_link_local);
	script_inject(s, b, len);
}

static const struct frame *
link_local_out(struct script *s, uint8_t flags)
{
	const struct frame *f = script_next_frame(s);
	const uint8_t *ip = f->b + ETH_LEN, *tcp = ip + IP_LEN;

	CHECK(s, memcmp(f->b, script_peer_mac, 6) == 0);
	CHECK(s, memcmp(ip + 8, our_link_local, 16) == 0);
	CHECK(s, memcmp(ip + 24, peer_link_local, 16) == 0);
	EQUAL(s, tcp[13], flags);
	EQUAL(s, script_sum(tcp, script_get16(ip + 4), script_ip6_sum(ip, 6, script_get16(ip + 4))),
		0xffff);
	return f;
}

/* On the link although there is a gateway, and asked for from an address of the link. */
static void
IP_04_link_local_peer(struct script *s)
{
	struct spate_addr local = {AF_INET6, rte_cpu_to_be_16(OUR_PORT), {0}};
	struct spate_addr remote = {AF_INET6, rte_cpu_to_be_16(PEER_PORT), {0}};
	struct spate_conn_info info;
	const struct frame *f;
	spate_conn c;

	s->arp = ARP_MANUAL;
	s->conf.gateway = rte_cpu_to_be_32(PEER_IP + 9);
	START(s);
	memcpy(local.ip6, our_link_local, 16);
	memcpy(remote.ip6, peer_link_local, 16);
	script_now(s);
	script_must(s, spate_connect_from(s->stack, &local, &remote, &c), "connect");
	script_opened(s, c);
	f = script_next_frame(s);
	EQUAL(s, f->b[ETH_LEN + IP_LEN], 135);
	CHECK(s, memcmp(f->b + ETH_LEN + 8, our_link_local, 16) == 0);
	CHECK(s, memcmp(f->b + ETH_LEN + IP_LEN + 8, peer_link_local, 16) == 0);
	s->arp = ARP_ON_DEMAND;
	CHECK(s, script_nd_answer(s, f));
	f = link_local_out(s, SYN);
	s->t->iss = script_get32(f->b + ETH_LEN + IP_LEN + 4);
	link_local_in(s, &(struct seg){.flags = SYN_ACK, .ack = 1});
	link_local_out(s, ACK);
	EVENTS(s, "established");
	info = script_info(s);
	EQUAL(s, info.local.family, AF_INET6);
	CHECK(s, memcmp(info.local.ip6, our_link_local, 16) == 0);
	CHECK(s, memcmp(info.remote.ip6, peer_link_local, 16) == 0);
	link_local_in(s, &(struct seg){.flags = RST, .seq = 1});
	EVENTS(s, "closed:ECONNRESET");
}

static const struct row_test tests[] = {
	ROW_TEST_V6("IP-04", IP_04_flow_labels),
	ROW_TEST_V6("IP-04", IP_04_link_local_peer),
	ROW_TEST_V6("IP-04", IP_04_impossible_configuration),
	ROW_TEST_V6("IP-04 RS-11", IP_04_impossible_peers),
	ROW_TEST_V4("IP-04", IP_04_off),
	ROW_TEST_V6("CM-23 IP-04", CM_23_wildcards_and_families),
	ROW_TEST_V6("IP-04 CM-01", IP_04_both_families_at_once),
	ROW_TEST_V6("CM-12 IP-04", CM_12_sources_over_ranges),
	ROW_TEST_V6("CM-12 IP-04", CM_12_sources_refused),
};

SCRIPT_MAIN(tests)
