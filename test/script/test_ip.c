/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Below TCP: ping (IP-02), fragments (IP-03), VLAN (IP-05), headers that lie (IP-06),
 * checksums (DT-09), addresses no peer can have (RS-11). Who is at an address: test_arp.c.
 */
#include "script.h"

#define ETH_LEN 14

static const uint8_t other_mac[6] = {2, 0, 0, 0, 0, 99};

/* ---- IP-02 */

/* An echo request of `len` payload bytes; its frame, and the length of that. */
static uint32_t
ping(struct script *s, uint8_t *b, uint32_t len)
{
	uint8_t *ip, *icmp;
	uint32_t at;

	at = script_build(s, &(struct seg){.flags = 0}, b) - 40;
	if (s->peer_ts)
		at -= 12;
	ip = b + at;
	icmp = ip + 20;
	script_put16(ip + 2, 20 + 8 + len);
	ip[9] = 1;
	script_put16(ip + 10, 0);
	script_put16(ip + 10, ~script_sum(ip, 20, 0));
	memset(icmp, 0, 8);
	icmp[0] = 8;
	script_put32(icmp + 4, 0x12345678);
	for (uint32_t i = 0; i < len; i++)
		icmp[8 + i] = i * 3;
	script_put16(icmp + 2, ~script_sum(icmp, 8 + len, 0));
	return at + 28 + len;
}

static void
IP_02_echo(struct script *s)
{
	static const uint32_t sizes[] = {0, 1, 56, 1000, 1472};
	uint8_t b[FRAME_BYTES];

	START(s);
	for (size_t i = 0; i < RTE_DIM(sizes); i++) {
		uint32_t len = ping(s, b, sizes[i]);
		const struct frame *f;

		script_inject(s, b, len);
		f = script_next_frame(s);
		EQUAL(s, f->len, len);
		CHECK(s, memcmp(f->b, script_peer_mac, 6) == 0);
		EQUAL(s, script_get32(f->b + 26), OUR_IP);
		EQUAL(s, script_get32(f->b + 30), PEER_IP);
		EQUAL(s, script_sum(f->b + 14, 20, 0), 0xffff);
		EQUAL(s, script_sum(f->b + 34, len - 34, 0), 0xffff);
		EQUAL(s, script_get16(f->b + 34), 0);
		CHECK(s, memcmp(f->b + 38, b + 38, len - 38) == 0);
	}
	COUNTED(s, ICMP_ECHO_REPLIES, RTE_DIM(sizes));
}

static void
IP_02_not_answered(struct script *s)
{
	uint8_t b[FRAME_BYTES];
	uint32_t len;

	START(s);
	len = ping(s, b, 10);
	b[len - 1] ^= 1;
	script_inject(s, b, len);
	SILENT(s);
	COUNTED(s, DROP_L4_CHECKSUM, 1);
	len = ping(s, b, 10);
	b[34] = 0; /* a reply nobody asked for */
	script_put16(b + 36, 0);
	script_put16(b + 36, ~script_sum(b + 34, len - 34, 0));
	script_inject(s, b, len);
	SILENT(s);
	COUNTED(s, DROP_ICMP, 1);
}

/* ---- IP-05 */

static void
IP_05_tagged(struct script *s)
{
	s->conf.vlan = 100;
	START(s);
	ESTABLISH(s);
	SEND(s, "hello");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
	IN(s, PSH_ACK, .seq = 1, .ack = 6, .data = "there");
	OUT(s, ACK, .seq = 6, .ack = 6);
	EVENTS(s, "sendable data:5");
	RECEIVED(s, "there");
}

/* Tagged for another, untagged, or priority-tagged: not of our VLAN. */
static void
IP_05_tagged_stack_refuses_others(struct script *s)
{
	s->conf.vlan = 100;
	START(s);
	LISTEN(s);
	s->conf.vlan = 101;
	IN(s, SYN);
	s->conf.vlan = 0;
	IN(s, SYN);
	s->conf.vlan = 100;
	SILENT(s);
	COUNTED(s, DROP_VLAN, 2);
}

static void
IP_05_untagged_stack(struct script *s)
{
	uint8_t b[FRAME_BYTES];
	uint32_t len;

	START(s);
	LISTEN(s);
	s->conf.vlan = 100;
	len = script_build(s, &(struct seg){.flags = SYN}, b);
	s->conf.vlan = 0;
	script_inject(s, b, len);
	SILENT(s);
	COUNTED(s, DROP_VLAN, 1);
	/* VLAN 0 is a priority and no VLAN; the upper bits are priority as well. */
	script_put16(b + 14, 0xe000);
	script_inject(s, b, len);
	OUT(s, SYN_ACK, .ack = 1);
}

/* ---- IP-03, IP-06, DT-09, RS-11: one frame is spoiled in one place */

/* Spoil a good SYN: 16 bits at `at` behind the Ethernet header, the IP checksum put right. */
static void
spoiled(struct script *s, uint32_t at, uint16_t value, bool fix, enum spate_counter why)
{
	uint64_t before = script_count_of(s, why);
	uint8_t b[FRAME_BYTES], *ip = b + ETH_LEN;
	uint32_t len = script_build(s, &(struct seg){.flags = SYN}, b);

	script_put16(ip + at, value);
	if (fix) {
		script_put16(ip + 10, 0);
		script_put16(ip + 10, ~script_sum(ip, 20, 0));
	}
	script_inject_exact(s, b, len);
	script_silent(s);
	script_equal(s, spate_counter_info[why].name, script_count_of(s, why), before + 1);
}

static void
IP_06_lies(struct script *s)
{
	uint32_t ip_len;
	uint8_t b[FRAME_BYTES];

	START(s);
	LISTEN(s);
	ip_len = script_build(s, &(struct seg){.flags = SYN}, b) - ETH_LEN;
	AT(s);
	spoiled(s, 0, 0x5500, true, SPATE_DROP_IP_VERSION);
	spoiled(s, 0, 0x6500, true, SPATE_DROP_IP_VERSION);
	spoiled(s, 0, 0x4400, true, SPATE_DROP_IP_HEADER);
	spoiled(s, 0, 0x4000, true, SPATE_DROP_IP_HEADER);
	spoiled(s, 0, 0x4f00, false, ip_len < 60 ? SPATE_DROP_IP_HEADER : SPATE_DROP_IP_CHECKSUM);
	spoiled(s, 2, ip_len + 1, true, SPATE_DROP_IP_LENGTH);
	spoiled(s, 2, 0xffff, true, SPATE_DROP_IP_LENGTH);
	spoiled(s, 2, 19, true, SPATE_DROP_IP_LENGTH);
	spoiled(s, 2, 0, true, SPATE_DROP_IP_LENGTH);
	spoiled(s, 2, 20, true, SPATE_DROP_L4_HEADER);
	spoiled(s, 2, 39, true, SPATE_DROP_L4_HEADER);
	/* TCP's data offset: below five words, beyond the packet. */
	spoiled(s, 32, 0x4002, false, SPATE_DROP_L4_HEADER);
	spoiled(s, 32, 0x0002, false, SPATE_DROP_L4_HEADER);
	spoiled(s, 32, 0xf002, false, SPATE_DROP_L4_HEADER);
	spoiled(s, 8, 0x4084, true, SPATE_DROP_IP_PROTOCOL);
	EQUAL(s, script_in_state(s, SPATE_SYN_RCVD), 0);
}

/* Cut off anywhere, the frame is dropped and counted; ASan sees what is read behind it. */
static void
IP_06_truncated(struct script *s)
{
	uint8_t b[FRAME_BYTES],
		arp[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 2, 8, 6, 0, 1, 8, 0, 6,
			4, 0, 1, 2, 0, 0, 0, 0, 2, 198, 18, 0, 2, 0, 0, 0, 0, 0, 0, 198, 18, 0, 1};
	uint32_t len, n = 0;

	START(s);
	LISTEN(s);
	len = script_build(s, &(struct seg){.flags = SYN, .data = "data"}, b);
	for (uint32_t i = 0; i < len; i++, n++)
		script_inject_exact(s, b, i);
	for (uint32_t i = 0; i < sizeof(arp); i++, n++)
		script_inject_exact(s, arp, i);
	len = ping(s, b, 10);
	for (uint32_t i = 0; i < len; i++, n++)
		script_inject_exact(s, b, i);
	b[12] = 0x81;
	b[13] = 0;
	for (uint32_t i = 14; i < 18; i++, n++)
		script_inject_exact(s, b, i);
	SILENT(s);
	EQUAL(s, script_count_of(s, SPATE_DROP_SHORT) + script_count_of(s, SPATE_DROP_IP_LENGTH),
		n);
}

/* IP options are legal: they are skipped, and the rest is as ever. */
static void
IP_06_ip_options_are_skipped(struct script *s)
{
	uint8_t b[FRAME_BYTES], *ip = b + ETH_LEN;
	uint32_t len;

	START(s);
	LISTEN(s);
	len = script_build(s, &(struct seg){.flags = SYN}, b);
	memmove(ip + 24, ip + 20, len - ETH_LEN - 20);
	memset(ip + 20, 1, 4);
	ip[0] = 0x46;
	script_put16(ip + 2, len - ETH_LEN + 4);
	script_put16(ip + 10, 0);
	script_put16(ip + 10, ~script_sum(ip, 24, 0));
	script_inject_exact(s, b, len + 4);
	OUT(s, SYN_ACK, .ack = 1);
}

static void
IP_03_fragments(struct script *s)
{
	START(s);
	LISTEN(s);
	AT(s);
	spoiled(s, 6, 0x2000, true, SPATE_DROP_IP_FRAGMENT);
	spoiled(s, 6, 0x0001, true, SPATE_DROP_IP_FRAGMENT);
	spoiled(s, 6, 0x1fff, true, SPATE_DROP_IP_FRAGMENT);
}

static void
DT_09_checksums(struct script *s)
{
	START(s);
	LISTEN(s);
	AT(s);
	spoiled(s, 10, 0x1234, false, SPATE_DROP_IP_CHECKSUM);
	IN(s, SYN, .bad_checksum = true);
	SILENT(s);
	COUNTED(s, DROP_L4_CHECKSUM, 1);
	ESTABLISH(s);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x", .bad_checksum = true);
	IN(s, RST, .seq = 1, .bad_checksum = true);
	SILENT(s);
	COUNTED(s, DROP_L4_CHECKSUM, 3);
	EVENTS(s, "");
	/* Odd lengths are padded with a zero that is not there. */
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "odd");
	OUT(s, ACK, .seq = 1, .ack = 4);
	EVENTS(s, "data:3");
	RECEIVED(s, "odd");
}

/* Every single bit of header and payload counts. */
static void
DT_09_any_bit(struct script *s)
{
	const struct seg g = {.flags = PSH_ACK, .seq = 1, .ack = 1, .data = "any bit"};
	uint8_t b[FRAME_BYTES];
	uint32_t len, n = 0;

	START(s);
	ESTABLISH(s);
	len = script_build(s, &g, b);
	for (uint32_t bit = (ETH_LEN + 20) * 8; bit < len * 8; bit++, n++) {
		b[bit / 8] ^= 1 << bit % 8;
		script_inject_exact(s, b, len);
		b[bit / 8] ^= 1 << bit % 8;
	}
	SILENT(s);
	EVENTS(s, "");
	EQUAL(s,
		script_count_of(s, SPATE_DROP_L4_CHECKSUM) +
			script_count_of(s, SPATE_DROP_L4_HEADER),
		n);
}

/* The port has looked already: its word is taken. */
static void
DT_09_offload(struct script *s)
{
	START(s);
	ESTABLISH(s);
	s->rx_ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_BAD;
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "bad");
	SILENT(s);
	COUNTED(s, DROP_L4_CHECKSUM, 1);
	s->rx_ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "good", .bad_checksum = true);
	OUT(s, ACK, .seq = 1, .ack = 5);
	EVENTS(s, "data:4");
	RECEIVED(s, "good");
}

static void
RS_11_impossible_addresses(struct script *s)
{
	static const uint32_t bad[] = {
		0, 0x00000001, 0x7f000001, 0xe0000001, 0xf0000001, 0xffffffff};

	START(s);
	LISTEN(s);
	for (size_t i = 0; i < RTE_DIM(bad); i++) {
		s->t->raddr = bad[i];
		IN(s, SYN);
		s->t->raddr = PEER_IP;
		s->t->laddr = bad[i];
		IN(s, SYN);
		s->t->laddr = OUR_IP;
	}
	SILENT(s);
	COUNTED(s, DROP_SOURCE, 2 * RTE_DIM(bad));
	s->t->laddr = OUR_IP + 1000;
	IN(s, SYN);
	SILENT(s);
	COUNTED(s, DROP_ADDRESS, 1);
}

/* A frame for everybody, or for somebody else, is no segment of ours whatever it carries. */
static void
RS_11_frame_not_to_our_mac(struct script *s)
{
	uint8_t b[FRAME_BYTES];
	uint32_t len;

	START(s);
	LISTEN(s);
	len = script_build(s, &(struct seg){.flags = SYN}, b);
	memcpy(b, script_broadcast, 6);
	script_inject(s, b, len);
	memcpy(b, other_mac, 6);
	script_inject(s, b, len);
	SILENT(s);
	COUNTED(s, DROP_MAC, 2);
}

static const struct row_test tests[] = {
	ROW_TEST_V4("IP-02", IP_02_echo),
	ROW_TEST_V4("IP-02", IP_02_not_answered),
	ROW_TEST_V4("IP-03", IP_03_fragments),
	ROW_TEST("IP-05", IP_05_tagged),
	ROW_TEST("IP-05", IP_05_tagged_stack_refuses_others),
	ROW_TEST("IP-05", IP_05_untagged_stack),
	ROW_TEST_V4("IP-06", IP_06_lies),
	ROW_TEST("IP-06", IP_06_truncated),
	ROW_TEST_V4("IP-06", IP_06_ip_options_are_skipped),
	ROW_TEST_V4("DT-09", DT_09_checksums),
	ROW_TEST("DT-09", DT_09_any_bit),
	ROW_TEST("DT-09", DT_09_offload),
	ROW_TEST_V4("RS-11", RS_11_impossible_addresses),
	ROW_TEST("RS-11", RS_11_frame_not_to_our_mac),
};

SCRIPT_MAIN(tests)
