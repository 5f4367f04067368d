/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the network between says: ICMP errors and what they may do to a connection (rows
 * PM), and what we say of UDP (IP-07).
 */
#include "icmp.h"
#include "stream.h"

#define ROUTER_IP 0xc61200feu /* 198.18.0.254 */

#define UNREACHABLE   3
#define TIME_EXCEEDED 11
#define NET           0
#define HOST          1
#define PROTOCOL      2
#define PORT          3
#define FRAGMENT      4

/* An IPv4 header at `ip` of 20 bytes, `len` bytes behind it. */
static void
ip_header(uint8_t *ip, uint32_t src, uint32_t dst, uint8_t protocol, uint16_t len)
{
	memset(ip, 0, 20);
	ip[0] = 0x45;
	script_put16(ip + 2, 20 + len);
	ip[8] = 64;
	ip[9] = protocol;
	script_put32(ip + 12, src);
	script_put32(ip + 16, dst);
	script_put16(ip + 10, ~script_sum(ip, 20, 0));
}

static void
ethernet(uint8_t *b)
{
	memcpy(b, script_our_mac, 6);
	memcpy(b + 6, script_peer_mac, 6);
	script_put16(b + 12, 0x0800);
}

/* An ICMP error about our segment at `seq` (relative), from a router. */
static void
error_about(struct script *s, uint8_t type, uint8_t code, uint32_t mtu, uint32_t seq)
{
	uint8_t b[FRAME_BYTES] = {0}, *icmp = b + 34, *quote = icmp + 8;

	ethernet(b);
	ip_header(b + 14, ROUTER_IP, s->t->laddr, 1, 36);
	icmp[0] = type;
	icmp[1] = code;
	script_put16(icmp + 6, mtu);
	ip_header(quote, s->t->laddr, s->t->raddr, 6, 1480);
	script_put16(quote + 20, s->t->lport);
	script_put16(quote + 22, s->t->rport);
	script_put32(quote + 24, s->t->iss + seq);
	script_put16(icmp + 2, ~script_sum(icmp, 36, 0));
	script_inject(s, b, 14 + 20 + 36);
}

#define ERROR(s, ...) (AT(s), error_about(s, __VA_ARGS__))

/* Payload of a full segment when packets have `mtu` bytes. */
static uint32_t
room(const struct script *s, uint32_t mtu)
{
	return mtu - 40 - (s->peer_ts ? 12 : 0);
}

/* Three full segments in flight; returns their bytes. */
static uint32_t
in_flight(struct script *s)
{
	uint32_t n = 3 * room(s, 1500);

	START(s);
	ESTABLISH(s);
	SEND_PATTERN(s, n);
	stream(s, 0, n, room(s, 1500), n);
	SILENT(s);
	return n;
}

static void
PM_01_df_and_size(struct script *s)
{
	const struct frame *f;

	START(s);
	ESTABLISH(s);
	SEND_PATTERN(s, room(s, 1500));
	f = script_next_frame(s);
	EQUAL(s, f->len, 14 + 1500);
	EQUAL(s, script_get16(f->b + 20), 0x4000);
	IN(s, ACK, .seq = 1, .ack = 1 + room(s, 1500));
	EVENTS(s, "sendable");
}

static void
PM_02_lowered_and_sent_again(struct script *s)
{
	uint32_t n = in_flight(s);
	uint32_t cwnd = script_info(s).cwnd;

	ERROR(s, UNREACHABLE, FRAGMENT, 1000, 1);
	stream(s, 0, n, room(s, 1000), n);
	SILENT(s);
	/* No congestion: the window is what it was. */
	EQUAL(s, script_info(s).cwnd, cwnd);
	IN(s, ACK, .seq = 1, .ack = 1 + n);
	SEND_PATTERN(s, room(s, 1000) + 1);
	stream(s, n, n + room(s, 1000) + 1, room(s, 1000), n + room(s, 1000) + 1);
	EVENTS(s, "sendable");
	COUNTED(s, ICMP_PATH_MTU, 1);
	COUNTED(s, RTO_FIRED, 0);
}

static void
PM_02_next_connection_knows(struct script *s)
{
	uint32_t n = in_flight(s);

	ERROR(s, UNREACHABLE, FRAGMENT, 1000, 1);
	stream(s, 0, n, room(s, 1000), n);
	IN(s, ACK, .seq = 1, .ack = 1 + n);
	EVENTS(s, "sendable");
	USE(s, 1);
	s->active = false;
	ESTABLISH(s); /* our MSS option still says 1460 */
	SEND_PATTERN(s, room(s, 1500));
	stream(s, 0, room(s, 1500), room(s, 1000), room(s, 1500));
	IN(s, ACK, .seq = 1, .ack = 1 + room(s, 1500));
	EVENTS(s, "sendable");
	/* Ten minutes later it is tried again. */
	QUIET(s, 600001);
	USE(s, 2);
	ESTABLISH(s);
	SEND_PATTERN(s, room(s, 1500));
	stream(s, 0, room(s, 1500), room(s, 1500), room(s, 1500));
}

/* Lowered to 1000, and ten minutes later: a larger one is tried. Returns where it begins. */
static uint32_t
ten_minutes_later(struct script *s)
{
	uint32_t n = in_flight(s), end = n + 4 * room(s, 1000);

	ERROR(s, UNREACHABLE, FRAGMENT, 1000, 1);
	stream(s, 0, n, room(s, 1000), n);
	IN(s, ACK, .seq = 1, .ack = 1 + n);
	EVENTS(s, "sendable");
	QUIET(s, 599990);
	SEND_PATTERN(s, end - n);
	stream(s, n, end, room(s, 1000), end);
	IN(s, ACK, .seq = 1, .ack = 1 + end);
	EVENTS(s, "sendable");
	COUNTED(s, PATH_PROBES, 0);
	QUIET(s, 11);
	n = room(s, 1500) + 3 * room(s, 1000);
	SEND_PATTERN(s, n);
	stream(s, end, end + room(s, 1500), room(s, 1500), end + n);
	stream(s, end + room(s, 1500), end + n, room(s, 1000), end + n);
	SILENT(s);
	COUNTED(s, PATH_PROBES, 1);
	return end;
}

static void
PM_02_a_connection_in_progress_tries_again(struct script *s)
{
	uint32_t from = ten_minutes_later(s), n = room(s, 1500) + 3 * room(s, 1000);

	IN(s, ACK, .seq = 1, .ack = 1 + from + n);
	EVENTS(s, "sendable");
	COUNTED(s, PATH_RAISED, 1);
	from += n;
	SEND_PATTERN(s, 2 * room(s, 1500));
	stream(s, from, from + 2 * room(s, 1500), room(s, 1500), from + 2 * room(s, 1500));
}

/* A router says what would fit: more than until now, and that is the size then. */
static void
PM_02_what_is_tried_is_refused(struct script *s)
{
	uint32_t from = ten_minutes_later(s), n = room(s, 1500) + 3 * room(s, 1000);

	/* About another segment it says nothing new. */
	ERROR(s, UNREACHABLE, FRAGMENT, 1200, 1 + from + room(s, 1500));
	SILENT(s);
	COUNTED(s, ICMP_IGNORED, 1);
	ERROR(s, UNREACHABLE, FRAGMENT, 1200, 1 + from);
	stream(s, from, from + n, room(s, 1200), from + n);
	IN(s, ACK, .seq = 1, .ack = 1 + from + n);
	EVENTS(s, "sendable");
	COUNTED(s, PATH_RAISED, 0);
	from += n;
	n = room(s, 1500) + 4 * room(s, 1200);
	QUIET(s, 599000);
	SEND_PATTERN(s, n);
	stream(s, from, from + n, room(s, 1200), from + n);
	COUNTED(s, PATH_PROBES, 1);
}

static void
PM_02_only_about_what_is_in_flight(struct script *s)
{
	uint32_t n = in_flight(s);

	ERROR(s, UNREACHABLE, FRAGMENT, 1000, 0);
	ERROR(s, UNREACHABLE, FRAGMENT, 1000, 1 + n);
	ERROR(s, UNREACHABLE, FRAGMENT, 1000, 0x40000000);
	SILENT(s);
	IN(s, ACK, .seq = 1, .ack = 1 + n);
	ERROR(s, UNREACHABLE, FRAGMENT, 1000, 1);
	SILENT(s);
	COUNTED(s, ICMP_IGNORED, 4);
	COUNTED(s, ICMP_PATH_MTU, 0);
	EVENTS(s, "sendable");
}

static void
PM_03_without_mtu(struct script *s)
{
	uint32_t n = in_flight(s);

	ERROR(s, UNREACHABLE, FRAGMENT, 0, 1);
	stream(s, 0, n, room(s, 1492), n);
	ERROR(s, UNREACHABLE, FRAGMENT, 0, 1);
	stream(s, 0, n, room(s, 1006), n);
	COUNTED(s, ICMP_PATH_MTU, 2);
}

static void
PM_04_not_lower_is_ignored(struct script *s)
{
	in_flight(s);
	ERROR(s, UNREACHABLE, FRAGMENT, 1500, 1);
	ERROR(s, UNREACHABLE, FRAGMENT, 9000, 1);
	SILENT(s);
	COUNTED(s, ICMP_IGNORED, 2);
}

static void
PM_04_below_576(struct script *s)
{
	uint32_t n = in_flight(s), first = room(s, 576);
	const struct frame *f;
	uint16_t id;

	ERROR(s, UNREACHABLE, FRAGMENT, 68, 1);
	f = script_next_frame(s);
	EQUAL(s, f->len, 14 + 576);
	EQUAL(s, script_get16(f->b + 20), 0);
	id = script_get16(f->b + 18);
	f = script_next_frame(s);
	EQUAL(s, script_get16(f->b + 20), 0);
	CHECK(s, script_get16(f->b + 18) != id);
	while (s->head != s->tail)
		script_next_frame(s);
	/* Narrower it does not get. */
	ERROR(s, UNREACHABLE, FRAGMENT, 68, 1);
	SILENT(s);
	IN(s, ACK, .seq = 1, .ack = 1 + n);
	SEND_PATTERN(s, first);
	f = script_next_frame(s);
	EQUAL(s, f->len, 14 + 576);
	EQUAL(s, script_get16(f->b + 20), 0);
	EVENTS(s, "sendable");
}

/* Of a connection whose peer takes less: the next one's path has 576 bytes all the same. */
static void
PM_04_below_a_small_mss(struct script *s)
{
	START(s);
	LISTEN(s);
	IN(s, SYN, .mss = SET(300));
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 1);
	SEND_PATTERN(s, 100);
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .len = 100);
	ERROR(s, UNREACHABLE, FRAGMENT, 100, 1);
	FORGET(s);
	COUNTED(s, ICMP_PATH_MTU, 1);
	USE(s, 1);
	IN(s, SYN);
	s->t->iss = script_get32(script_next_frame(s)->b + 34 + 4);
	s->t->iss_known = true;
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept accept");
	SEND_PATTERN(s, 2 * room(s, 576));
	EQUAL(s, script_next_frame(s)->len, 14 + 576);
	FORGET(s);
}

static void
PM_06_directions_are_independent(struct script *s)
{
	uint32_t n = in_flight(s);

	ERROR(s, UNREACHABLE, FRAGMENT, 1000, 1);
	stream(s, 0, n, room(s, 1000), n);
	/* The other way full packets still come. */
	IN(s, PSH_ACK, .seq = 1, .ack = 1 + n, .len = room(s, 1500));
	OUT(s, ACK, .seq = 1 + n, .ack = 1 + room(s, 1500));
	s->received_len = 0;
	CHECK(s, strstr(s->events, "data:") != NULL);
	s->events[0] = '\0';
}

static void
PM_07_soft_when_synchronised(struct script *s)
{
	static const uint8_t code[] = {NET, HOST, PROTOCOL, PORT, 9, 10, 13};
	uint32_t n = in_flight(s);

	for (size_t i = 0; i < RTE_DIM(code); i++)
		ERROR(s, UNREACHABLE, code[i], 0, 1);
	ERROR(s, TIME_EXCEEDED, 0, 0, 1);
	SILENT(s);
	STATE(s, ESTABLISHED);
	COUNTED(s, ICMP_SOFT, RTE_DIM(code) + 1);
	IN(s, ACK, .seq = 1, .ack = 1 + n);
	EVENTS(s, "sendable");
}

static void
PM_07_port_unreachable_refuses(struct script *s)
{
	refused_by(s, error_about, UNREACHABLE, PORT, 0);
}

static void
PM_07_protocol_unreachable_refuses(struct script *s)
{
	refused_by(s, error_about, UNREACHABLE, PROTOCOL, 0);
}

static void
PM_07_host_unreachable_at_timeout(struct script *s)
{
	told_at_timeout(s, error_about, UNREACHABLE, HOST, "closed:EHOSTUNREACH");
}

static void
PM_07_net_unreachable_at_timeout(struct script *s)
{
	told_at_timeout(s, error_about, UNREACHABLE, NET, "closed:ENETUNREACH");
}

static void
PM_07_time_exceeded_at_timeout(struct script *s)
{
	told_at_timeout(s, error_about, TIME_EXCEEDED, 0, "closed:EHOSTUNREACH");
}

static void
PM_07_unreachable_and_then_reached(struct script *s)
{
	START(s);
	CONNECT(s);
	OUT(s, SYN);
	ERROR(s, UNREACHABLE, HOST, 0, 0);
	IN(s, SYN_ACK, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "established");
}

static void
PM_07_source_quench_is_ignored(struct script *s)
{
	uint32_t n = in_flight(s), cwnd = script_info(s).cwnd;

	ERROR(s, 4, 0, 0, 1);
	SILENT(s);
	EQUAL(s, script_info(s).cwnd, cwnd);
	COUNTED(s, DROP_ICMP, 1);
	IN(s, ACK, .seq = 1, .ack = 1 + n);
	EVENTS(s, "sendable");
}

/* A UDP datagram of `len` bytes to `port`. */
static void
udp(struct script *s, uint16_t port, uint16_t len)
{
	uint8_t b[FRAME_BYTES] = {0};

	ethernet(b);
	ip_header(b + 14, PEER_IP, OUR_IP, 17, 8 + len);
	script_put16(b + 34, 7777);
	script_put16(b + 36, port);
	script_put16(b + 38, 8 + len);
	script_inject(s, b, 14 + 28 + len);
}

static void
IP_07_port_unreachable(struct script *s)
{
	const struct frame *f;

	START(s);
	udp(s, 53, 100);
	f = script_next_frame(s);
	EQUAL(s, f->len, 14 + 20 + 8 + 28);
	EQUAL(s, f->b[23], 1);
	EQUAL(s, script_get32(f->b + 26), OUR_IP);
	EQUAL(s, script_get32(f->b + 30), PEER_IP);
	EQUAL(s, script_get16(f->b + 34), 0x0303);
	EQUAL(s, script_sum(f->b + 34, 36, 0), 0xffff);
	/* It quotes the datagram: whose it was, and its ports. */
	EQUAL(s, script_get32(f->b + 42 + 12), PEER_IP);
	EQUAL(s, script_get16(f->b + 62), 7777);
	EQUAL(s, script_get16(f->b + 64), 53);
	COUNTED(s, UDP_UNREACHABLE, 1);
}

static void
IP_07_rate_limited(struct script *s)
{
	uint32_t n = 0;

	START(s);
	AFTER(s, 1000);
	for (int i = 0; i < 100; i++)
		udp(s, 53, 0);
	script_pump(s);
	for (; s->head != s->tail; n++)
		script_next_frame(s);
	EQUAL(s, n, 10);
	COUNTED(s, UDP_DROPPED, 90);
	AFTER(s, 10);
	udp(s, 53, 0);
	script_next_frame(s);
	udp(s, 53, 0);
	SILENT(s);
}

/* While a hole is repaired: what is missing goes in the new size, and what has arrived does not. */
static void
PM_02_in_recovery(struct script *s)
{
	uint32_t r = room(s, 1500), small = room(s, 1000), n;

	s->peer_sack = true;
	n = in_flight(s);
	IN(s, ACK, .seq = 1, .ack = 1, .sack = {{1 + 2 * r, 1 + n}});
	OUT(s, ACK, .seq = 1, .ack = 1, .len = r);
	SILENT(s);
	ERROR(s, UNREACHABLE, FRAGMENT, 1000, 1);
	COUNTED(s, ICMP_PATH_MTU, 1);
	OUT(s, ACK, .seq = 1, .ack = 1, .len = small);
	SILENT(s);
	IN(s, ACK, .seq = 1, .ack = 1 + small, .sack = {{1 + 2 * r, 1 + n}});
	OUT(s, ACK, .seq = 1 + small, .ack = 1, .len = small);
	OUT(s, ACK, .seq = 1 + 2 * small, .ack = 1, .len = small);
	OUT(s, ACK, .seq = 1 + 3 * small, .ack = 1, .len = 2 * r - 3 * small);
	SILENT(s);
	IN(s, ACK, .seq = 1, .ack = 1 + n);
	EVENTS(s, "sendable");
	QUIET(s, 100000);
}

static const struct row_test tests[] = {
	ROW_TEST_V4("PM-01", PM_01_df_and_size),
	ROW_TEST_V4("PM-02 DT-01", PM_02_in_recovery),
	ROW_TEST_V4("PM-02", PM_02_lowered_and_sent_again),
	ROW_TEST_V4("PM-02 PM-01", PM_02_next_connection_knows),
	ROW_TEST_V4("PM-02", PM_02_a_connection_in_progress_tries_again),
	ROW_TEST_V4("PM-02", PM_02_what_is_tried_is_refused),
	ROW_TEST_V4("PM-02", PM_02_only_about_what_is_in_flight),
	ROW_TEST_V4("PM-03", PM_03_without_mtu),
	ROW_TEST_V4("PM-04", PM_04_not_lower_is_ignored),
	ROW_TEST_V4("PM-04", PM_04_below_576),
	ROW_TEST_V4("PM-04", PM_04_below_a_small_mss),
	ROW_TEST_V4("PM-06", PM_06_directions_are_independent),
	ROW_TEST_V4("PM-07", PM_07_soft_when_synchronised),
	ROW_TEST_V4("PM-07", PM_07_port_unreachable_refuses),
	ROW_TEST_V4("PM-07", PM_07_protocol_unreachable_refuses),
	ROW_TEST_V4("PM-07", PM_07_host_unreachable_at_timeout),
	ROW_TEST_V4("PM-07", PM_07_net_unreachable_at_timeout),
	ROW_TEST_V4("PM-07", PM_07_time_exceeded_at_timeout),
	ROW_TEST_V4("PM-07", PM_07_unreachable_and_then_reached),
	ROW_TEST_V4("PM-07", PM_07_source_quench_is_ignored),
	ROW_TEST_V4("IP-07", IP_07_port_unreachable),
	ROW_TEST_V4("IP-07", IP_07_rate_limited),
};

SCRIPT_MAIN(tests)
