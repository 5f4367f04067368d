/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv6 addresses and their names (IP-04): who may be listened to and opened to, ranges of
 * our own, both families side by side, and peers whose names have been given to others
 * meanwhile. The names themselves: test/unit/test_addr6.c.
 */
#include <sys/socket.h>

#include <rte_errno.h>

#include "script.h"

#define STRANGERS 17000       /* more than there are names */
#define OFF_LINK  0x0a000001u /* 2001:2::a00:1: behind the gateway, so nobody's neighbour */
#define BLOCK     (1u << 22)  /* addresses whose names follow each other */

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
	EQUAL(s, -spate_add_addresses(s->stack, &v6, &v6), EINVAL);
	EQUAL(s, -spate_listen(s->stack, &v6, 0, 0, COOKIE), EAFNOSUPPORT);
	EQUAL(s, -spate_resolve(s->stack, &v6), EAFNOSUPPORT);
	EQUAL(s, -spate_connect_from(s->stack, &v4, &v6, &c), EAFNOSUPPORT);
	EQUAL(s, -spate_source_init(s->stack, &src, &v6, &v6, 1, 2), EINVAL);
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

/* ---- names given to others meanwhile */

/* Every name nobody holds is given to somebody else. Resets draw no answer. */
static void
strangers(struct script *s)
{
	static uint32_t next = 0x20000000;
	struct rte_mbuf *burst[BURST_MAX];
	uint8_t b[FRAME_BYTES], from[16];
	uint32_t len = script_build(s, &(struct seg){.flags = RST, .seq = 1}, b);

	for (uint32_t i = 0; i < STRANGERS; i += RTE_DIM(burst)) {
		for (uint32_t j = 0; j < RTE_DIM(burst); j++) {
			script_ip6(next++, from);
			script_readdress6(b, from, NULL);
			burst[j] = rte_pktmbuf_alloc(s->conf.pool);
			CHECK(s, burst[j] != NULL);
			memcpy(rte_pktmbuf_append(burst[j], len), b, len);
		}
		spate_stack_input(s->stack, burst, RTE_DIM(burst), s->now);
	}
	CHECK(s, script_count_of(s, SPATE_RST_IGNORED) >= STRANGERS);
	SILENT(s);
}

/* Peers off the link, behind a gateway whose MAC address is known. */
static void
behind_a_gateway(struct script *s)
{
	s->conf.gateway = rte_cpu_to_be_32(PEER_IP);
	START(s);
	for (int i = 0; i < 8; i++)
		s->tuple[i].raddr = OFF_LINK + i;
}

static void
IP_04_flood_leaves_connections_alone(struct script *s)
{
	behind_a_gateway(s);
	for (int i = 0; i < 4; i++) {
		USE(s, i);
		ESTABLISH(s);
	}
	strangers(s);
	for (int i = 0; i < 4; i++) {
		USE(s, i);
		s->conn = s->conns[i];
		IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "still");
		OUT(s, ACK, .seq = 1, .ack = 6);
		SEND(s, "here");
		OUT(s, PSH_ACK, .seq = 1, .ack = 6, .data = "here");
		EVENTS(s, "data:5");
		RECEIVED(s, "still");
	}
}

/* TIME_WAIT keeps the name: the tuple is protected whoever else comes by. */
static void
TW_05_flood_leaves_time_wait_alone(struct script *s)
{
	behind_a_gateway(s);
	TO_TIME_WAIT(s);
	LISTEN(s);
	strangers(s);
	IN(s, FIN_ACK, .seq = 1, .ack = 2);
	OUT(s, ACK, .seq = 2, .ack = 2);
	COUNTED(s, TW_FIN_AGAIN, 1);
	strangers(s);
	/* A new incarnation takes it over, numbers and all. */
	AFTER(s, 10);
	IN(s, SYN, .seq = 1000000);
	{
		uint32_t old = s->t->iss;

		s->t->iss_known = false;
		OUT(s, SYN_ACK, .ack = 1000001);
		EQUAL(s, s->t->iss, old + 2 + 65537);
	}
	strangers(s);
	IN(s, ACK, .seq = 1000001, .ack = 1);
	EVENTS(s, "accept");
	COUNTED(s, TW_REUSED, 1);
}

/* After 2MSL the name may go to another; who comes back is the same to us all the same. */
static void
TW_01_peer_comes_back_under_another_name(struct script *s)
{
	behind_a_gateway(s);
	TO_TIME_WAIT(s);
	AFTER(s, 60001);
	COUNTED(s, TW_EXPIRED, 1);
	strangers(s);
	NEXT_INCARNATION(s, 12345);
	ESTABLISH(s); /* the timestamps' offset is the one it had */
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "back");
	OUT(s, ACK, .seq = 1, .ack = 5);
	EVENTS(s, "data:4");
	RECEIVED(s, "back");
}

/* The cookie is made of addresses: it is good when the SYN's sender has another name. */
static void
DT_10_cookie_outlives_the_name(struct script *s)
{
	behind_a_gateway(s);
	script_listen(s, 1);
	USE(s, 7);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	USE(s, 0);
	IN(s, SYN);
	if (s->peer_ts)
		OUT(s, SYN_ACK, .ack = 1);
	else
		OUT(s, SYN_ACK, .ack = 1, .wscale = ABSENT);
	s->t->ts_offset_known = false;
	COUNTED(s, COOKIES_SENT, 1);
	strangers(s);
	/* Of another tuple it is none. */
	s->tuple[1].iss = s->tuple[0].iss;
	s->tuple[1].isn = s->tuple[0].isn;
	USE(s, 1);
	s->t->rport = PEER_PORT;
	IN(s, ACK, .seq = 1, .ack = 1);
	OUT(s, RST, .seq = 1);
	USE(s, 0);
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
	COUNTED(s, COOKIES_ACCEPTED, 1);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
	OUT(s, ACK, .seq = 1, .ack = 6);
	EVENTS(s, "data:5");
	RECEIVED(s, "hello");
}

/* The path is remembered with the peer, not with whoever has its name. */
static void
PM_02_path_outlives_the_connection(struct script *s)
{
	uint32_t full = s->peer_ts ? 1448 : 1460, less = full - 120;
	uint8_t b[FRAME_BYTES], us[16], peer[16], icmp[8 + 40 + 8] = {2};
	uint32_t len;

	behind_a_gateway(s);
	ESTABLISH(s);
	SEND_PATTERN(s, full);
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .len = full);
	script_ip6(OUR_IP, us);
	script_ip6(OFF_LINK, peer);
	script_put32(icmp + 4, 1400);
	script_ip6_head(icmp + 8, us, peer, 6, 1480, 64);
	script_put16(icmp + 48, s->t->lport);
	script_put16(icmp + 50, s->t->rport);
	script_put32(icmp + 52, s->t->iss + 1);
	len = script_packet6(s, b, peer, us, 58, icmp, sizeof(icmp));
	script_inject_exact(s, b, len);
	OUT(s, ACK, .seq = 1, .ack = 1, .len = less);
	OUT(s, PSH_ACK, .seq = 1 + less, .ack = 1, .len = full - less);
	IN(s, RST, .seq = 1);
	EVENTS(s, "closed:ECONNRESET");
	strangers(s);
	USE(s, 1);
	s->t->raddr = OFF_LINK;
	ESTABLISH(s);
	SEND_PATTERN(s, full);
	OUT(s, ACK, .seq = 1, .ack = 1, .len = less);
	OUT(s, PSH_ACK, .seq = 1 + less, .ack = 1, .len = full - less);
	IN(s, RST, .seq = 1);
	EVENTS(s, "closed:ECONNRESET");
	USE(s, 2);
	ESTABLISH(s);
	SEND_PATTERN(s, full);
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .len = full);
}

/* Every connection there may be, each with a peer of its own, again and again. */
static void
IP_04_many_peers(struct script *s)
{
	uint32_t peer = OFF_LINK;

	behind_a_gateway(s);
	LISTEN(s);
	for (int round = 0; round < 40; round++) {
		for (int i = 0; i < 40; i++) {
			USE(s, 0);
			s->t->raddr = peer++;
			s->t->iss_known = s->t->ts_offset_known = false;
			IN(s, SYN);
			OUT(s, SYN_ACK, .ack = 1);
			IN(s, ACK, .seq = 1, .ack = 1);
			EVENTS(s, "accept");
			CHECK(s, memcmp(script_info(s).remote.ip6, script_addr(s->t->raddr, 0).ip6,
					 16) == 0);
		}
		EQUAL(s, script_in_state(s, SPATE_ESTABLISHED), 40);
		/* Each is reset by its own peer alone. */
		for (uint32_t i = 0; i < 40; i++) {
			s->t->raddr = peer - 40 + i;
			IN(s, RST, .seq = 1);
			EQUAL(s, script_in_state(s, SPATE_ESTABLISHED), 39 - i);
			EVENTS(s, "closed:ECONNRESET");
		}
	}
}

static const struct row_test tests[] = {
	ROW_TEST_V6("IP-04", IP_04_impossible_configuration),
	ROW_TEST_V6("IP-04 RS-11", IP_04_impossible_peers),
	ROW_TEST_V4("IP-04", IP_04_off),
	ROW_TEST_V6("CM-23 IP-04", CM_23_wildcards_and_families),
	ROW_TEST_V6("IP-04 CM-01", IP_04_both_families_at_once),
	ROW_TEST_V6("CM-12 IP-04", CM_12_sources_over_ranges),
	ROW_TEST_V6("CM-12 IP-04", CM_12_sources_refused),
	ROW_TEST_V6("IP-04", IP_04_flood_leaves_connections_alone),
	ROW_TEST_V6("TW-05 TW-02 IP-04", TW_05_flood_leaves_time_wait_alone),
	ROW_TEST_V6("TW-01 IP-04", TW_01_peer_comes_back_under_another_name),
	ROW_TEST_V6("DT-10 IP-04", DT_10_cookie_outlives_the_name),
	ROW_TEST_V6("PM-02 IP-04", PM_02_path_outlives_the_connection),
	ROW_TEST_V6("IP-04", IP_04_many_peers),
};

SCRIPT_MAIN(tests)
