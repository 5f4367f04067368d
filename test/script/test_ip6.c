/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Below TCP, over IPv6: ping (IP-02), fragments (IP-03), extension headers (IP-04), headers that
 * lie (IP-06), UDP (IP-07), checksums (DT-09), addresses no peer can have (RS-11). Who is at an
 * address: test_nd.c.
 */
#include "script.h"

#define ETH_LEN 14
#define IP_LEN  40

#define HOP_BY_HOP  0
#define ROUTING     43
#define FRAGMENT    44
#define AUTH        51
#define NO_NEXT     59
#define DESTINATION 60

static const uint8_t all_nodes[16] = {0xff, 2, [15] = 1};
static const uint8_t our_link_local[16] = {0xfe, 0x80, [11] = 0xff, 0xfe, 0, 0, 1};
static const uint8_t peer_link_local[16] = {0xfe, 0x80, [11] = 0xff, 0xfe, 0, 0, 2};

/* Addresses that are no other host's, but for the last: a group we know. */
static const uint8_t impossible[][16] = {
	{0},                                   /* :: */
	{[15] = 1},                            /* ::1 */
	{[10] = 0xff, 0xff, 198, 18, 0, 2},    /* ::ffff:198.18.0.2 */
	{0xff, 2, [15] = 1},                   /* ff02::1 */
	{0xff, 2, [11] = 1, 0xff, 0x12, 0, 1}, /* our solicited-node group */
	{0xff, 0x0e, [15] = 1},                /* ff0e::1 */
};

/* ---- IP-02 */

/* An echo request of `len` payload bytes to `dst`; the frame's length. */
static uint32_t
ping(struct script *s, uint8_t *b, const uint8_t src[16], const uint8_t dst[16], uint32_t len)
{
	uint8_t icmp[1500] = {128, 0, 0, 0, 0x12, 0x34, 0x56, 0x78};

	for (uint32_t i = 0; i < len; i++)
		icmp[8 + i] = i * 3;
	return script_packet6(s, b, src, dst, 58, icmp, 8 + len);
}

/* The frame `b` is answered: the same back, but for what an echo changes. */
static void
echoed(struct script *s, const uint8_t *b, uint32_t len)
{
	const struct frame *f = script_next_frame(s);
	const uint8_t *ip = f->b + ETH_LEN, *icmp = ip + IP_LEN;
	uint32_t n = len - ETH_LEN - IP_LEN;

	EQUAL(s, f->len, len);
	CHECK(s, memcmp(f->b, script_peer_mac, 6) == 0);
	EQUAL(s, script_get16(f->b + 12), 0x86dd);
	EQUAL(s, ip[0] >> 4, 6);
	EQUAL(s, script_get16(ip + 4), n);
	EQUAL(s, ip[6], 58);
	EQUAL(s, ip[7], 64);
	CHECK(s, memcmp(ip + 8, b + ETH_LEN + 24, 16) == 0);
	CHECK(s, memcmp(ip + 24, b + ETH_LEN + 8, 16) == 0);
	EQUAL(s, script_get16(icmp), 0x8100);
	EQUAL(s, script_sum(icmp, n, script_ip6_sum(ip, 58, n)), 0xffff);
	CHECK(s, memcmp(icmp + 4, b + ETH_LEN + IP_LEN + 4, n - 4) == 0);
}

static void
IP_02_echo(struct script *s)
{
	static const uint32_t sizes[] = {0, 1, 56, 57, 1000, 1452};
	uint8_t b[FRAME_BYTES], us[16], peer[16];
	uint32_t len;

	START(s);
	script_ip6(OUR_IP, us);
	script_ip6(PEER_IP, peer);
	for (size_t i = 0; i < RTE_DIM(sizes); i++) {
		len = ping(s, b, peer, us, sizes[i]);
		script_inject(s, b, len);
		echoed(s, b, len);
	}
	COUNTED(s, ICMP_ECHO_REPLIES, RTE_DIM(sizes));
	/* Behind an extension header as well. */
	len = ping(s, b, peer, us, 10);
	len = script_extend6(b, len, DESTINATION, (uint8_t[8]){[2] = 1, 4}, 8);
	script_inject(s, b, len);
	len = ping(s, b, peer, us, 10);
	echoed(s, b, len);
	/* The link-local addresses, ours and his, who is asked for first (and answers). */
	s->arp = ARP_ON_DEMAND;
	len = ping(s, b, peer_link_local, our_link_local, 10);
	script_inject(s, b, len);
	echoed(s, b, len);
}

static void
IP_02_not_answered(struct script *s)
{
	uint8_t b[FRAME_BYTES], us[16], peer[16];
	uint32_t len;

	START(s);
	script_ip6(OUR_IP, us);
	script_ip6(PEER_IP, peer);
	len = ping(s, b, peer, us, 10);
	b[len - 1] ^= 1;
	script_inject(s, b, len);
	COUNTED(s, DROP_L4_CHECKSUM, 1);
	/* A reply nobody asked for; router and multicast listener messages. */
	static const uint8_t types[] = {129, 130, 131, 132, 133, 134, 137, 143, 200, 255};
	for (size_t i = 0; i < RTE_DIM(types); i++) {
		len = ping(s, b, peer, us, 40);
		b[ETH_LEN + IP_LEN] = types[i];
		script_resum6(b);
		script_inject(s, b, len);
		COUNTED(s, DROP_ICMP, i + 1);
	}
	/* To a group: nobody's business here. */
	len = ping(s, b, peer, all_nodes, 10);
	memcpy(b, "\x33\x33\0\0\0\1", 6);
	script_inject(s, b, len);
	COUNTED(s, DROP_SOURCE, 1);
	SILENT(s);
}

/* ---- IP-03, IP-04, IP-06: extension headers */

/* A SYN behind this header gets its SYN+ACK (`why` 0), or is dropped for that reason. */
static void
syn_behind(struct script *s, uint8_t kind, const uint8_t *header, uint32_t n, int why)
{
	uint64_t before = why ? script_count_of(s, why) : 0;
	uint8_t b[FRAME_BYTES];
	uint32_t len = script_build(s, &(struct seg){.flags = SYN}, b);

	len = script_extend6(b, len, kind, header, n);
	script_inject_exact(s, b, len);
	if (why) {
		script_silent(s);
		script_equal(s, spate_counter_info[why].name, script_count_of(s, why), before + 1);
		return;
	}
	script_out(s, NULL, &(struct seg){.flags = SYN_ACK, .ack = 1});
	script_in(s, &(struct seg){.flags = RST, .seq = 1});
}

#define SYN_BEHIND(s, kind, why, ...)                                                              \
	(AT(s), syn_behind(s, kind, (uint8_t[]){0, __VA_ARGS__},                                   \
			sizeof((uint8_t[]){0, __VA_ARGS__}), why))

static void
IP_03_fragments(struct script *s)
{
	START(s);
	LISTEN(s);
	SYN_BEHIND(s, FRAGMENT, SPATE_DROP_IP_FRAGMENT, 0, 0, 1, 1, 2, 3, 4);
	SYN_BEHIND(s, FRAGMENT, SPATE_DROP_IP_FRAGMENT, 0, 0, 8, 1, 2, 3, 4);
	SYN_BEHIND(s, FRAGMENT, SPATE_DROP_IP_FRAGMENT, 0, 0xff, 0xf8, 1, 2, 3, 4);
	EQUAL(s, script_in_state(s, SPATE_SYN_RCVD), 0);
	/* RFC 6946: one that is all of the packet. */
	SYN_BEHIND(s, FRAGMENT, 0, 0, 0, 0, 1, 2, 3, 4);
	SYN_BEHIND(s, FRAGMENT, 0, 0xff, 0, 6, 1, 2, 3, 4);
}

static void
IP_04_extension_headers_are_skipped(struct script *s)
{
	uint8_t b[FRAME_BYTES];
	uint32_t len;

	START(s);
	LISTEN(s);
	SYN_BEHIND(s, HOP_BY_HOP, 0, 0, 5, 2, 0, 0, 1, 0); /* router alert */
	SYN_BEHIND(s, DESTINATION, 0, 0, 1, 4, 0, 0, 0, 0);
	SYN_BEHIND(s, DESTINATION, 0, 1, 0, 0, 0, 0, 0, 0, 0x3e, 6, 1, 2, 3, 4, 5, 6);
	SYN_BEHIND(s, ROUTING, 0, 0, 4, 0, 0, 0, 0, 0);
	SYN_BEHIND(s, AUTH, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2);
	/* Several of them; and a whole conversation behind one. */
	len = script_build(s, &(struct seg){.flags = SYN}, b);
	len = script_extend6(b, len, DESTINATION, (uint8_t[8]){[2] = 1, 4}, 8);
	len = script_extend6(b, len, ROUTING, (uint8_t[8]){0}, 8);
	len = script_extend6(b, len, HOP_BY_HOP, (uint8_t[8]){[2] = 1, 4}, 8);
	script_inject_exact(s, b, len);
	OUT(s, SYN_ACK, .ack = 1);
	len = script_build(
		s, &(struct seg){.flags = PSH_ACK, .seq = 1, .ack = 1, .data = "hello"}, b);
	len = script_extend6(b, len, DESTINATION, (uint8_t[8]){[2] = 1, 4}, 8);
	script_inject_exact(s, b, len);
	OUT(s, ACK, .seq = 1, .ack = 6);
	EVENTS(s, "accept data:5");
	RECEIVED(s, "hello");
}

static void
IP_06_extension_headers_lie(struct script *s)
{
	uint8_t b[FRAME_BYTES];
	uint32_t len;

	START(s);
	LISTEN(s);
	/* Longer than the packet. */
	SYN_BEHIND(s, DESTINATION, SPATE_DROP_IP_HEADER, 255, 1, 4, 0, 0, 0, 0);
	SYN_BEHIND(s, ROUTING, SPATE_DROP_IP_HEADER, 30, 0, 0, 0, 0, 0, 0);
	SYN_BEHIND(s, AUTH, SPATE_DROP_IP_HEADER, 255, 0, 0, 0, 0, 0, 0);
	/* Options beyond their header; unknown ones that may not be skipped. */
	SYN_BEHIND(s, DESTINATION, SPATE_DROP_IP_HEADER, 0, 1, 5, 0, 0, 0, 0);
	SYN_BEHIND(s, HOP_BY_HOP, SPATE_DROP_IP_HEADER, 0, 0x40, 4, 0, 0, 0, 0);
	SYN_BEHIND(s, DESTINATION, SPATE_DROP_IP_HEADER, 0, 0x80, 4, 0, 0, 0, 0);
	SYN_BEHIND(s, DESTINATION, SPATE_DROP_IP_HEADER, 0, 0xc9, 4, 0, 0, 0, 0);
	/* A route that goes on from here. */
	SYN_BEHIND(s, ROUTING, SPATE_DROP_IP_HEADER, 0, 0, 1, 0, 0, 0, 0);
	SYN_BEHIND(s, ROUTING, SPATE_DROP_IP_HEADER, 0, 4, 1, 0, 0, 0, 0);
	/* Hop-by-hop options anywhere but first. */
	len = script_build(s, &(struct seg){.flags = SYN}, b);
	len = script_extend6(b, len, HOP_BY_HOP, (uint8_t[8]){[2] = 1, 4}, 8);
	len = script_extend6(b, len, DESTINATION, (uint8_t[8]){[2] = 1, 4}, 8);
	script_inject_exact(s, b, len);
	COUNTED(s, DROP_IP_HEADER, 10);
	/* More of them than anybody needs. */
	len = script_build(s, &(struct seg){.flags = SYN}, b);
	for (int i = 0; i < 9; i++)
		len = script_extend6(b, len, DESTINATION, (uint8_t[8]){[2] = 1, 4}, 8);
	script_inject_exact(s, b, len);
	COUNTED(s, DROP_IP_HEADER, 11);
	/* Nothing behind it, or what is not spoken here. */
	len = script_build(s, &(struct seg){.flags = SYN}, b);
	b[ETH_LEN + 6] = NO_NEXT;
	script_inject_exact(s, b, len);
	b[ETH_LEN + 6] = 132;
	script_inject_exact(s, b, len);
	b[ETH_LEN + 6] = 1; /* ICMP of the other family */
	script_inject_exact(s, b, len);
	COUNTED(s, DROP_IP_PROTOCOL, 3);
	SILENT(s);
	EQUAL(s, script_in_state(s, SPATE_SYN_RCVD), 0);
}

/* ---- IP-06: the header */

/* Spoil a good SYN: 16 bits at `at` behind the Ethernet header. */
static void
spoiled(struct script *s, uint32_t at, uint16_t value, enum spate_counter why)
{
	uint64_t before = script_count_of(s, why);
	uint8_t b[FRAME_BYTES];
	uint32_t len = script_build(s, &(struct seg){.flags = SYN}, b);

	script_put16(b + ETH_LEN + at, value);
	script_inject_exact(s, b, len);
	script_silent(s);
	script_equal(s, spate_counter_info[why].name, script_count_of(s, why), before + 1);
}

static void
IP_06_lies(struct script *s)
{
	uint8_t b[FRAME_BYTES];
	uint32_t payload;

	START(s);
	LISTEN(s);
	payload = script_build(s, &(struct seg){.flags = SYN}, b) - ETH_LEN - IP_LEN;
	AT(s);
	for (uint32_t version = 0; version < 16; version++)
		if (version != 6)
			spoiled(s, 0, version << 12, SPATE_DROP_IP_VERSION);
	spoiled(s, 4, payload + 1, SPATE_DROP_IP_LENGTH);
	spoiled(s, 4, 0xffff, SPATE_DROP_IP_LENGTH);
	/* Shorter than the segment: what is left has another checksum, or is none. */
	for (uint32_t n = 0; n < payload; n++)
		spoiled(s, 4, n, SPATE_DROP_L4_CHECKSUM);
	EQUAL(s, script_in_state(s, SPATE_SYN_RCVD), 0);
}

/* The checksum is right, and the segment is none: data offset and length. */
static void
IP_06_segment_lies(struct script *s)
{
	uint8_t b[FRAME_BYTES], us[16], peer[16], tcp[20] = {0};

	START(s);
	LISTEN(s);
	script_ip6(OUR_IP, us);
	script_ip6(PEER_IP, peer);
	script_put16(tcp, PEER_PORT);
	script_put16(tcp + 2, OUR_PORT);
	tcp[13] = SYN;
	for (uint32_t words = 0; words < 16; words++) {
		uint64_t before = script_count_of(s, SPATE_DROP_L4_HEADER);
		uint32_t len;

		if (words == 5)
			continue;
		tcp[12] = words << 4;
		len = script_packet6(s, b, peer, us, 6, tcp, sizeof(tcp));
		script_inject_exact(s, b, len);
		EQUAL(s, script_count_of(s, SPATE_DROP_L4_HEADER), before + 1);
	}
	SILENT(s);
}

/* Cut off anywhere, the frame is dropped and counted; ASan sees what is read behind it. */
static void
IP_06_truncated(struct script *s)
{
	uint8_t b[FRAME_BYTES], us[16], peer[16];
	uint32_t len, n = 0;

	START(s);
	LISTEN(s);
	script_ip6(OUR_IP, us);
	script_ip6(PEER_IP, peer);
	len = script_build(s, &(struct seg){.flags = SYN, .data = "data"}, b);
	len = script_extend6(b, len, DESTINATION, (uint8_t[8]){[2] = 1, 4}, 8);
	len = script_extend6(b, len, FRAGMENT, (uint8_t[8]){0}, 8);
	for (uint32_t i = 0; i < len; i++, n++)
		script_inject_exact(s, b, i);
	len = ping(s, b, peer, us, 10);
	for (uint32_t i = 0; i < len; i++, n++)
		script_inject_exact(s, b, i);
	SILENT(s);
	EQUAL(s, script_count_of(s, SPATE_DROP_SHORT) + script_count_of(s, SPATE_DROP_IP_LENGTH),
		n);
}

/* The same cut, but the payload length says so: nothing behind the end is looked at. */
static void
IP_06_cut_short(struct script *s)
{
	static const uint8_t protocols[] = {6, 17, 58};
	uint8_t b[FRAME_BYTES], us[16], peer[16], p[64] = {0};
	uint64_t replies = 0;

	START(s);
	LISTEN(s);
	script_ip6(OUR_IP, us);
	script_ip6(PEER_IP, peer);
	p[0] = 128;
	p[12] = 5 << 4;
	for (size_t i = 0; i < RTE_DIM(protocols); i++) {
		for (uint32_t n = 0; n < sizeof(p); n++) {
			uint32_t len = ETH_LEN + IP_LEN + n;

			/* A checksum cannot be right where there is no room for one. */
			script_ip6_head(
				b + script_eth(s, b, script_our_mac, script_peer_mac, 0x86dd), peer,
				us, protocols[i], n, 64);
			memcpy(b + ETH_LEN + IP_LEN, p, n);
			if (n >= 20)
				script_resum6(b);
			script_inject_exact(s, b, len);
		}
	}
	script_pump(s);
	for (; s->head != s->tail; replies++)
		script_next_frame(s);
	EQUAL(s, replies,
		script_count_of(s, SPATE_RST_SENT) + script_count_of(s, SPATE_ICMP_ECHO_REPLIES) +
			script_count_of(s, SPATE_UDP_UNREACHABLE));
	COUNTED(s, ICMP_ECHO_REPLIES, 44);
}

/* ---- DT-09 */

/* Every bit of the addresses counts, and of what is behind them. */
static void
DT_09_any_bit(struct script *s)
{
	uint8_t b[FRAME_BYTES];
	uint32_t len, n = 0;

	START(s);
	ESTABLISH(s);
	len = script_build(
		s, &(struct seg){.flags = PSH_ACK, .seq = 1, .ack = 1, .data = "any bit"}, b);
	for (uint32_t bit = (ETH_LEN + 8) * 8; bit < len * 8; bit++, n++) {
		b[bit / 8] ^= 1 << bit % 8;
		script_inject_exact(s, b, len);
		b[bit / 8] ^= 1 << bit % 8;
	}
	SILENT(s);
	EVENTS(s, "");
	/* A destination that is a group goes another way, and is dropped there. */
	EQUAL(s,
		script_count_of(s, SPATE_DROP_L4_CHECKSUM) +
			script_count_of(s, SPATE_DROP_L4_HEADER) +
			script_count_of(s, SPATE_DROP_ADDRESS),
		n);
	/* The label, the class and the hop limit are the network's: no checksum has them. */
	b[ETH_LEN] ^= 0x0f;
	b[ETH_LEN + 1] ^= 0xff;
	b[ETH_LEN + 3] ^= 0xff;
	b[ETH_LEN + 7] = 1;
	script_inject_exact(s, b, len);
	OUT(s, ACK, .seq = 1, .ack = 8);
	EVENTS(s, "data:7");
	RECEIVED(s, "any bit");
}

/* Odd lengths are padded with a zero that is not there. */
static void
DT_09_checksums(struct script *s)
{
	START(s);
	LISTEN(s);
	IN(s, SYN, .bad_checksum = true);
	SILENT(s);
	COUNTED(s, DROP_L4_CHECKSUM, 1);
	ESTABLISH(s);
	IN(s, RST, .seq = 1, .bad_checksum = true);
	SILENT(s);
	COUNTED(s, DROP_L4_CHECKSUM, 2);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "odd");
	OUT(s, ACK, .seq = 1, .ack = 4);
	EVENTS(s, "data:3");
	RECEIVED(s, "odd");
}

/* What the port is asked to do with ours: the pseudo header's sum, and where things are. */
static void
DT_09_offload_out(struct script *s)
{
	const struct frame *f;
	const uint8_t *ip, *tcp;
	uint32_t n;

	s->conf.tx_checksum_offload = true;
	START(s);
	CONNECT(s);
	f = script_next_frame(s);
	ip = f->b + ETH_LEN;
	tcp = ip + IP_LEN;
	n = f->len - ETH_LEN - IP_LEN;
	CHECK(s, f->ol_flags & RTE_MBUF_F_TX_IPV6);
	EQUAL(s, f->ol_flags & RTE_MBUF_F_TX_L4_MASK, RTE_MBUF_F_TX_TCP_CKSUM);
	CHECK(s, !(f->ol_flags & (RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM)));
	EQUAL(s, script_get16(tcp + 16), script_ip6_sum(ip, 6, n));
}

/* ---- RS-11 */

static void
RS_11_impossible_addresses(struct script *s)
{
	uint8_t b[FRAME_BYTES], elsewhere[16], us[16];
	uint32_t len = 0;

	START(s);
	LISTEN(s);
	for (size_t i = 0; i < RTE_DIM(impossible); i++) {
		len = script_build(s, &(struct seg){.flags = SYN}, b);
		script_readdress6(b, impossible[i], NULL);
		script_inject(s, b, len);
		COUNTED(s, DROP_SOURCE, i + 1);
	}
	/* Ourselves. */
	script_ip6(OUR_IP, us);
	script_readdress6(b, us, NULL);
	script_inject(s, b, len);
	script_readdress6(b, our_link_local, NULL);
	script_inject(s, b, len);
	COUNTED(s, DROP_SOURCE, RTE_DIM(impossible) + 2);
	/* Not ours; groups, those we know and others. */
	for (size_t i = 0; i < RTE_DIM(impossible); i++) {
		len = script_build(s, &(struct seg){.flags = SYN}, b);
		script_readdress6(b, NULL, impossible[i]);
		script_inject(s, b, len);
	}
	script_ip6(OUR_IP + 1000, elsewhere);
	script_readdress6(b, NULL, elsewhere);
	script_inject(s, b, len);
	SILENT(s);
	COUNTED(s, DROP_ADDRESS, RTE_DIM(impossible) - 2 + 1);
	COUNTED(s, DROP_SOURCE, RTE_DIM(impossible) + 2 + 2);
	EQUAL(s, script_in_state(s, SPATE_SYN_RCVD), 0);
}

/* A frame for a group carries no segment of ours, whatever the packet in it says. */
static void
RS_11_frame_to_a_group(struct script *s)
{
	uint8_t b[FRAME_BYTES], us[16], peer[16];
	uint32_t len;

	START(s);
	LISTEN(s);
	script_ip6(OUR_IP, us);
	script_ip6(PEER_IP, peer);
	len = script_build(s, &(struct seg){.flags = SYN}, b);
	memcpy(b, "\x33\x33\0\0\0\1", 6);
	script_inject(s, b, len);
	memcpy(b, "\x33\x33\xff\x12\0\1", 6);
	script_inject(s, b, len);
	len = ping(s, b, peer, us, 10);
	memcpy(b, "\x33\x33\xff\x12\0\1", 6);
	script_inject(s, b, len);
	SILENT(s);
	COUNTED(s, DROP_MAC, 3);
}

static const struct row_test tests[] = {
	ROW_TEST_V6("IP-02", IP_02_echo),
	ROW_TEST_V6("IP-02", IP_02_not_answered),
	ROW_TEST_V6("IP-03", IP_03_fragments),
	ROW_TEST_V6("IP-04", IP_04_extension_headers_are_skipped),
	ROW_TEST_V6("IP-06 IP-04", IP_06_extension_headers_lie),
	ROW_TEST_V6("IP-06", IP_06_lies),
	ROW_TEST_V6("IP-06", IP_06_segment_lies),
	ROW_TEST_V6("IP-06", IP_06_truncated),
	ROW_TEST_V6("IP-06", IP_06_cut_short),
	ROW_TEST_V6("DT-09", DT_09_any_bit),
	ROW_TEST_V6("DT-09", DT_09_checksums),
	ROW_TEST_V6("DT-09", DT_09_offload_out),
	ROW_TEST_V6("RS-11", RS_11_impossible_addresses),
	ROW_TEST_V6("RS-11", RS_11_frame_to_a_group),
};

SCRIPT_MAIN(tests)
