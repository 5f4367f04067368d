/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the network between says over IPv6: ICMPv6 errors and what they may do to a
 * connection (rows PM), and what we say of UDP (IP-07). IPv4's part: test_path.c.
 */
#include "icmp.h"
#include "stream.h"

#define ROUTER_IP 0xc61200feu
#define ETH_LEN   14
#define IP_LEN    40
#define MTU       1520 /* so that the MSS is the same in both families */

#define UNREACHABLE   1
#define TOO_BIG       2
#define TIME_EXCEEDED 3
#define PARAMETER     4

#define NO_ROUTE    0
#define PROHIBITED  1
#define ADDRESS     3
#define PORT        4
#define NEXT_HEADER 1

/* What a router sends: an error about our segment at `seq` (relative), which it quotes. */
static uint32_t
build_error(struct script *s, uint8_t *b, uint8_t type, uint8_t code, uint32_t word, uint32_t seq)
{
	uint8_t router[16], us[16], icmp[8 + IP_LEN + 20] = {type, code}, *quote = icmp + 8;
	uint8_t peer[16];

	script_ip6(ROUTER_IP, router);
	script_ip6(s->t->laddr, us);
	script_ip6(s->t->raddr, peer);
	script_put32(icmp + 4, word);
	script_ip6_head(quote, us, peer, 6, MTU - IP_LEN, 63);
	script_put16(quote + IP_LEN, s->t->lport);
	script_put16(quote + IP_LEN + 2, s->t->rport);
	script_put32(quote + IP_LEN + 4, s->t->iss + seq);
	return script_packet6(s, b, router, us, 58, icmp, sizeof(icmp));
}

static void
error_about(struct script *s, uint8_t type, uint8_t code, uint32_t word, uint32_t seq)
{
	uint8_t b[FRAME_BYTES];
	uint32_t len = build_error(s, b, type, code, word, seq);

	script_inject_exact(s, b, len);
}

#define ERROR(s, ...) (AT(s), error_about(s, __VA_ARGS__))

/* Payload of a full segment when packets have `mtu` bytes. */
static uint32_t
room(const struct script *s, uint32_t mtu)
{
	return mtu - 60 - (s->peer_ts ? 12 : 0);
}

/* Three full segments in flight; returns their bytes. */
static uint32_t
in_flight(struct script *s)
{
	uint32_t n = 3 * room(s, MTU);

	START(s);
	ESTABLISH(s);
	SEND_PATTERN(s, n);
	stream(s, 0, n, room(s, MTU), n);
	SILENT(s);
	return n;
}

static void
PM_01_size(struct script *s)
{
	const struct frame *f;

	START(s);
	ESTABLISH(s);
	SEND_PATTERN(s, room(s, MTU));
	f = script_next_frame(s);
	EQUAL(s, f->len, ETH_LEN + MTU);
	EQUAL(s, f->b[ETH_LEN + 6], 6); /* no fragment header, here or anywhere */
	IN(s, ACK, .seq = 1, .ack = 1 + room(s, MTU));
	EVENTS(s, "sendable");
}

static void
PM_02_lowered_and_sent_again(struct script *s)
{
	uint32_t n = in_flight(s), cwnd = script_info(s).cwnd;

	ERROR(s, TOO_BIG, 0, 1400, 1);
	stream(s, 0, n, room(s, 1400), n);
	SILENT(s);
	/* No congestion: the window is what it was. */
	EQUAL(s, script_info(s).cwnd, cwnd);
	IN(s, ACK, .seq = 1, .ack = 1 + n);
	SEND_PATTERN(s, room(s, 1400) + 1);
	stream(s, n, n + room(s, 1400) + 1, room(s, 1400), n + room(s, 1400) + 1);
	EVENTS(s, "sendable");
	COUNTED(s, ICMP_PATH_MTU, 1);
	COUNTED(s, RTO_FIRED, 0);
}

/* Any router may say so, from an address of its own kind; the code means nothing. */
static void
PM_02_from_a_link_local_router(struct script *s)
{
	static const uint8_t router[16] = {0xfe, 0x80, [15] = 9};
	uint32_t n = in_flight(s), len;
	uint8_t b[FRAME_BYTES];

	len = build_error(s, b, TOO_BIG, 7, 1400, 1);
	script_readdress6(b, router, NULL);
	script_inject(s, b, len);
	stream(s, 0, n, room(s, 1400), n);
}

static void
PM_02_next_connection_knows(struct script *s)
{
	uint32_t n = in_flight(s);

	ERROR(s, TOO_BIG, 0, 1400, 1);
	stream(s, 0, n, room(s, 1400), n);
	IN(s, ACK, .seq = 1, .ack = 1 + n);
	EVENTS(s, "sendable");
	USE(s, 1);
	s->active = false;
	ESTABLISH(s); /* our MSS option still says 1460 */
	SEND_PATTERN(s, room(s, MTU));
	stream(s, 0, room(s, MTU), room(s, 1400), room(s, MTU));
	IN(s, ACK, .seq = 1, .ack = 1 + room(s, MTU));
	EVENTS(s, "sendable");
	/* Another peer is another path. */
	USE(s, 3);
	s->t->raddr = PEER_IP + 1;
	s->arp = ARP_ON_DEMAND;
	ESTABLISH(s);
	SEND_PATTERN(s, room(s, MTU));
	stream(s, 0, room(s, MTU), room(s, MTU), room(s, MTU));
	IN(s, ACK, .seq = 1, .ack = 1 + room(s, MTU));
	EVENTS(s, "sendable");
	/* Ten minutes later it is tried again. */
	QUIET(s, 600001);
	USE(s, 2);
	ESTABLISH(s);
	SEND_PATTERN(s, room(s, MTU));
	stream(s, 0, room(s, MTU), room(s, MTU), room(s, MTU));
}

static void
PM_02_only_about_what_is_in_flight(struct script *s)
{
	uint32_t n = in_flight(s);

	ERROR(s, TOO_BIG, 0, 1400, 0);
	ERROR(s, TOO_BIG, 0, 1400, 1 + n);
	ERROR(s, TOO_BIG, 0, 1400, 0x40000000);
	SILENT(s);
	IN(s, ACK, .seq = 1, .ack = 1 + n);
	ERROR(s, TOO_BIG, 0, 1400, 1);
	SILENT(s);
	COUNTED(s, ICMP_IGNORED, 4);
	COUNTED(s, ICMP_PATH_MTU, 0);
	EVENTS(s, "sendable");
}

/* The quote is what makes it believable: whole enough, of ours, to a peer we know. */
static void
PM_02_the_quote_must_be_ours(struct script *s)
{
	static const uint8_t stranger[16] = {0x20, 1, 0, 2, 9, [15] = 9};
	uint32_t n = in_flight(s), len, dropped = 0;
	uint8_t b[FRAME_BYTES], *ip = b + ETH_LEN, *quote = ip + IP_LEN + 8;

	for (uint32_t cut = 8; cut < 8 + IP_LEN + 8; cut++) {
		build_error(s, b, TOO_BIG, 0, 1400, 1);
		script_put16(ip + 4, cut);
		script_resum6(b);
		script_inject_exact(s, b, ETH_LEN + IP_LEN + cut);
		COUNTED(s, DROP_ICMP, ++dropped);
	}
	len = build_error(s, b, TOO_BIG, 0, 1400, 1);
	memcpy(quote + 8, stranger, 16); /* not from us */
	script_resum6(b);
	script_inject_exact(s, b, len);
	len = build_error(s, b, TOO_BIG, 0, 1400, 1);
	memcpy(quote + 24, stranger, 16); /* to nobody we know */
	script_resum6(b);
	script_inject_exact(s, b, len);
	len = build_error(s, b, TOO_BIG, 0, 1400, 1);
	quote[6] = 17; /* UDP */
	script_resum6(b);
	script_inject_exact(s, b, len);
	len = build_error(s, b, TOO_BIG, 0, 1400, 1);
	quote[0] = 0x45;
	script_resum6(b);
	script_inject_exact(s, b, len);
	COUNTED(s, DROP_ICMP, dropped + 4);
	len = build_error(s, b, TOO_BIG, 0, 1400, 1);
	b[len - 1] ^= 1;
	script_inject_exact(s, b, len);
	COUNTED(s, DROP_L4_CHECKSUM, 1);
	SILENT(s);
	COUNTED(s, ICMP_PATH_MTU, 0);
	/* The least there can be of it is enough. */
	build_error(s, b, TOO_BIG, 0, 1400, 1);
	script_put16(ip + 4, 8 + IP_LEN + 8);
	script_resum6(b);
	script_inject_exact(s, b, ETH_LEN + IP_LEN + 8 + IP_LEN + 8);
	stream(s, 0, n, room(s, 1400), n);
}

/* PM-04, RFC 8201 4: no link is narrower than 1280, so nobody can mean it. */
static void
PM_04_below_1280_is_ignored(struct script *s)
{
	static const uint32_t values[] = {0, 1, 68, 576, 1006, 1279};
	uint32_t n = in_flight(s);

	for (size_t i = 0; i < RTE_DIM(values); i++)
		ERROR(s, TOO_BIG, 0, values[i], 1);
	SILENT(s);
	COUNTED(s, ICMP_IGNORED, RTE_DIM(values));
	COUNTED(s, ICMP_PATH_MTU, 0);
	ERROR(s, TOO_BIG, 0, 1280, 1);
	stream(s, 0, n, room(s, 1280), n);
	COUNTED(s, ICMP_PATH_MTU, 1);
}

static void
PM_04_not_lower_is_ignored(struct script *s)
{
	static const uint32_t values[] = {MTU, MTU + 1, 9000, 65535, 65536 + 1400, 0xffffffff};
	uint32_t n = in_flight(s);

	for (size_t i = 0; i < RTE_DIM(values); i++)
		ERROR(s, TOO_BIG, 0, values[i], 1);
	SILENT(s);
	COUNTED(s, ICMP_IGNORED, RTE_DIM(values));
	ERROR(s, TOO_BIG, 0, 1400, 1);
	stream(s, 0, n, room(s, 1400), n);
	/* Never up again by a message. */
	ERROR(s, TOO_BIG, 0, 1400, 1);
	ERROR(s, TOO_BIG, 0, 1450, 1);
	SILENT(s);
	COUNTED(s, ICMP_IGNORED, RTE_DIM(values) + 2);
}

static void
PM_06_directions_are_independent(struct script *s)
{
	uint32_t n = in_flight(s);

	ERROR(s, TOO_BIG, 0, 1400, 1);
	stream(s, 0, n, room(s, 1400), n);
	/* The other way full packets still come. */
	IN(s, PSH_ACK, .seq = 1, .ack = 1 + n, .len = room(s, MTU));
	OUT(s, ACK, .seq = 1 + n, .ack = 1 + room(s, MTU));
	s->received_len = 0;
	CHECK(s, strstr(s->events, "data:") != NULL);
	s->events[0] = '\0';
}

static void
PM_07_soft_when_synchronised(struct script *s)
{
	uint32_t n = in_flight(s), soft = 0;

	for (uint8_t code = 0; code <= 6; code++, soft++)
		ERROR(s, UNREACHABLE, code, 0, 1);
	ERROR(s, TIME_EXCEEDED, 0, 0, 1);
	ERROR(s, PARAMETER, NEXT_HEADER, 40, 1);
	SILENT(s);
	STATE(s, ESTABLISHED);
	COUNTED(s, ICMP_SOFT, soft + 2);
	IN(s, ACK, .seq = 1, .ack = 1 + n);
	EVENTS(s, "sendable");
}

static void
PM_07_port_unreachable_refuses(struct script *s)
{
	refused_by(s, error_about, UNREACHABLE, PORT, 40);
}

static void
PM_07_unknown_next_header_refuses(struct script *s)
{
	refused_by(s, error_about, PARAMETER, NEXT_HEADER, 40);
}

static void
PM_07_no_route_at_timeout(struct script *s)
{
	told_at_timeout(s, error_about, UNREACHABLE, NO_ROUTE, "closed:ENETUNREACH");
}

static void
PM_07_address_unreachable_at_timeout(struct script *s)
{
	told_at_timeout(s, error_about, UNREACHABLE, ADDRESS, "closed:EHOSTUNREACH");
}

static void
PM_07_prohibited_at_timeout(struct script *s)
{
	told_at_timeout(s, error_about, UNREACHABLE, PROHIBITED, "closed:EHOSTUNREACH");
}

static void
PM_07_time_exceeded_at_timeout(struct script *s)
{
	told_at_timeout(s, error_about, TIME_EXCEEDED, 0, "closed:EHOSTUNREACH");
}

/* Errors that say nothing of the peer, or are none. */
static void
PM_07_others_are_ignored(struct script *s)
{
	static const uint8_t others[][2] = {
		{PARAMETER, 0}, {PARAMETER, 2}, {0, 0}, {5, 0}, {100, 0}, {127, 0}};

	s->conf.tcp.syn_retries = 0;
	START(s);
	CONNECT(s);
	OUT(s, SYN);
	for (size_t i = 0; i < RTE_DIM(others); i++)
		ERROR(s, others[i][0], others[i][1], 0, 0);
	COUNTED(s, DROP_ICMP, RTE_DIM(others));
	EVENTS(s, "");
	QUIET(s, 1002);
	EVENTS(s, "closed:ETIMEDOUT");
}

/* A UDP datagram of `len` bytes to `port`. */
static uint32_t
udp(struct script *s, uint8_t *b, uint16_t port, uint16_t len)
{
	uint8_t us[16], peer[16], p[1500] = {0};

	script_ip6(OUR_IP, us);
	script_ip6(PEER_IP, peer);
	script_put16(p, 7777);
	script_put16(p + 2, port);
	script_put16(p + 4, 8 + len);
	for (uint32_t i = 0; i < len; i++)
		p[8 + i] = i;
	return script_packet6(s, b, peer, us, 17, p, 8 + len);
}

/* It quotes the datagram, as much as 1280 bytes have room for (RFC 4443 2.4 c). */
static void
IP_07_port_unreachable(struct script *s)
{
	static const uint32_t sizes[] = {0, 100, 1184, 1185, 1400};
	uint8_t b[FRAME_BYTES], us[16], peer[16];

	START(s);
	script_ip6(OUR_IP, us);
	script_ip6(PEER_IP, peer);
	for (size_t i = 0; i < RTE_DIM(sizes); i++) {
		uint32_t len = udp(s, b, 53, sizes[i]) - ETH_LEN;
		uint32_t quoted = len < 1280 - 48 ? len : 1280 - 48;
		const struct frame *f;
		const uint8_t *ip, *icmp;

		script_inject(s, b, ETH_LEN + len);
		f = script_next_frame(s);
		ip = f->b + ETH_LEN;
		icmp = ip + IP_LEN;
		EQUAL(s, f->len, ETH_LEN + IP_LEN + 8 + quoted);
		EQUAL(s, script_get16(ip + 4), 8 + quoted);
		EQUAL(s, ip[6], 58);
		CHECK(s, memcmp(ip + 8, us, 16) == 0);
		CHECK(s, memcmp(ip + 24, peer, 16) == 0);
		EQUAL(s, script_get32(icmp) >> 16, 0x0104);
		EQUAL(s, script_get32(icmp + 4), 0);
		EQUAL(s, script_sum(icmp, 8 + quoted, script_ip6_sum(ip, 58, 8 + quoted)), 0xffff);
		CHECK(s, memcmp(icmp + 8, b + ETH_LEN, quoted) == 0);
	}
	COUNTED(s, UDP_UNREACHABLE, RTE_DIM(sizes));
	/* Headers between are quoted with it. */
	uint32_t len = udp(s, b, 53, 20);

	len = script_extend6(b, len, 60, (uint8_t[8]){[2] = 1, 4}, 8);
	script_inject_exact(s, b, len);
	EQUAL(s, script_next_frame(s)->len, len + IP_LEN + 8);
	/* Less than a datagram is none. */
	len = udp(s, b, 53, 0);
	script_put16(b + ETH_LEN + 4, 7);
	script_inject_exact(s, b, len);
	SILENT(s);
	COUNTED(s, UDP_DROPPED, 1);
}

static void
IP_07_rate_limited(struct script *s)
{
	uint8_t b[FRAME_BYTES];
	uint32_t n = 0, len;

	START(s);
	AFTER(s, 1000);
	len = udp(s, b, 53, 0);
	for (int i = 0; i < 100; i++)
		script_inject(s, b, len);
	script_pump(s);
	for (; s->head != s->tail; n++)
		script_next_frame(s);
	EQUAL(s, n, 10);
	COUNTED(s, UDP_DROPPED, 90);
	AFTER(s, 10);
	script_inject(s, b, len);
	script_next_frame(s);
	script_inject(s, b, len);
	SILENT(s);
}

static const struct row_test tests[] = {
	ROW_TEST_V6("PM-01", PM_01_size),
	ROW_TEST_V6("PM-02", PM_02_lowered_and_sent_again),
	ROW_TEST_V6("PM-02", PM_02_from_a_link_local_router),
	ROW_TEST_V6("PM-02 PM-01", PM_02_next_connection_knows),
	ROW_TEST_V6("PM-02", PM_02_only_about_what_is_in_flight),
	ROW_TEST_V6("PM-02", PM_02_the_quote_must_be_ours),
	ROW_TEST_V6("PM-04", PM_04_below_1280_is_ignored),
	ROW_TEST_V6("PM-04", PM_04_not_lower_is_ignored),
	ROW_TEST_V6("PM-06", PM_06_directions_are_independent),
	ROW_TEST_V6("PM-07", PM_07_soft_when_synchronised),
	ROW_TEST_V6("PM-07", PM_07_port_unreachable_refuses),
	ROW_TEST_V6("PM-07", PM_07_unknown_next_header_refuses),
	ROW_TEST_V6("PM-07", PM_07_no_route_at_timeout),
	ROW_TEST_V6("PM-07", PM_07_address_unreachable_at_timeout),
	ROW_TEST_V6("PM-07", PM_07_prohibited_at_timeout),
	ROW_TEST_V6("PM-07", PM_07_time_exceeded_at_timeout),
	ROW_TEST_V6("PM-07", PM_07_others_are_ignored),
	ROW_TEST_V6("IP-07", IP_07_port_unreachable),
	ROW_TEST_V6("IP-07", IP_07_rate_limited),
};

SCRIPT_MAIN(tests)
