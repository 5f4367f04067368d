/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ip/packet: the checksum of a segment, whatever it adds up to. Two bytes of payload take every
 * value, so each sum occurs, 0 among them.
 */
#include "unit.h"

#include <string.h>

#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>

#include "ip/ip.h"
#include "ip/packet.h"
#include "wire/tcp_seg.h"

#define PAYLOAD 2
#define TCP_LEN sizeof(struct rte_tcp_hdr)

static uint8_t bytes[256];
static struct rte_mbuf frame = {.buf_addr = bytes, .buf_len = sizeof(bytes), .nb_segs = 1};
static struct ip_iface iface;

static uint16_t
sum(const uint8_t *p, uint32_t len, uint64_t start)
{
	for (uint32_t i = 0; i < len; i += 2)
		start += p[i] << 8 | p[i + 1];
	while (start >> 16)
		start = (start & 0xffff) + (start >> 16);
	return start;
}

/* A segment with payload `x` at `tcp`; returns its sum. */
static uint64_t
segment(uint8_t *tcp, uint16_t x)
{
	const struct tcp_seg_head head = {
		.sport = RTE_BE16(80),
		.dport = RTE_BE16(1025),
		.flags = TCP_ACK,
	};
	uint64_t header = tcp_seg_build(tcp, &head);

	tcp[TCP_LEN] = x >> 8;
	tcp[TCP_LEN + 1] = x & 0xff;
	return checksum_add(header, checksum_bytes(tcp + TCP_LEN, PAYLOAD));
}

/* RFC 1624 3: the sum is right, and a sum of 0 is sent as 0. */
static void
assert_sums(uint8_t *tcp, bool v6, uint64_t pseudo, uint64_t expected)
{
	uint32_t zeros = 0;

	expected += IPPROTO_TCP + TCP_LEN + PAYLOAD;
	for (uint32_t x = 0; x <= UINT16_MAX; x++) {
		uint64_t of_segment = segment(tcp, x);
		uint16_t field;

		packet_put_checksum(&iface, &frame, tcp, v6, of_segment, pseudo);
		field = tcp[16] << 8 | tcp[17];
		assert_int_equal(sum(tcp, TCP_LEN + PAYLOAD, expected), 0xffff);
		assert_int_not_equal(field, 0xffff);
		zeros += field == 0;
	}
	assert_in_range(zeros, 1, 2);
}

static void
test_packet_sums_v4(void **state)
{
	(void)state;
	for (uint32_t host = 0; host <= UINT16_MAX; host++) {
		packet_put_v4(bytes, RTE_BE32(0xc6120002),
			rte_cpu_to_be_32(0xc6130000 | host), IPPROTO_TCP, 0, TCP_LEN + PAYLOAD);
		assert_int_equal(sum(bytes, PACKET_V4_LEN, 0), 0xffff);
		assert_false(bytes[10] == 0xff && bytes[11] == 0xff);
	}
	assert_sums(bytes + PACKET_V4_LEN, false,
		packet_put_v4(bytes, RTE_BE32(0xc6120002), RTE_BE32(0xc6120001), IPPROTO_TCP, 0,
			TCP_LEN + PAYLOAD),
		sum(bytes + 12, 8, 0));
}

static void
test_packet_sums_v6(void **state)
{
	static const uint8_t peer[16] = {0x20, 1, 0, 2, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0xff, 0xfe, 0xfd};
	static const uint8_t ours[16] = {0x20, 1, 0, 2, [15] = 1}, none[16];
	uint8_t key[16] = {0};
	void *memory = test_malloc(addr6_bytes(addr6_places(16)));
	rte_be32_t laddr, raddr;
	uint64_t pseudo;

	(void)state;
	memset(memory, 0, addr6_bytes(addr6_places(16)));
	assert_int_equal(ip6_start(&iface, memory, addr6_places(16), key, ours, 48, none), 0);
	laddr = ip6_local_name(&iface, ours);
	raddr = ip6_peer_name(&iface, peer);
	pseudo = packet_put_v6(
		&iface, bytes, laddr, raddr, IPPROTO_TCP, 0, 0x12345, TCP_LEN + PAYLOAD);
	assert_memory_equal(bytes + 8, ours, 16);
	assert_memory_equal(bytes + 24, peer, 16);
	assert_sums(bytes + IPV6_LEN, true, pseudo, sum(bytes + 8, 32, 0));
	test_free(memory);
}

/* The port makes the checksum: the pseudo header's sum is in its place. */
static void
test_packet_offload(void **state)
{
	static const struct ip_iface by_port = {.checksum_offload = true};
	uint64_t pseudo = packet_put_v4(bytes, RTE_BE32(0xc6120002), RTE_BE32(0xc6120001),
		IPPROTO_TCP, 0, TCP_LEN + PAYLOAD);
	uint64_t expected = sum(bytes + 12, 8, IPPROTO_TCP + TCP_LEN + PAYLOAD);
	uint8_t *tcp = bytes + PACKET_V4_LEN;

	(void)state;
	frame.ol_flags = 0;
	packet_put_checksum(&by_port, &frame, tcp, false, segment(tcp, 1), pseudo);
	assert_int_equal(tcp[16] << 8 | tcp[17], expected);
	assert_int_equal(bytes[10] | bytes[11], 0);
	assert_int_equal(frame.ol_flags, RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM |
						 RTE_MBUF_F_TX_TCP_CKSUM);
	assert_int_equal(frame.l3_len, PACKET_V4_LEN);
	assert_int_equal(frame.l4_len, TCP_LEN);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST("DT-09", test_packet_sums_v4),
		ROW_TEST("DT-09", test_packet_sums_v6),
		ROW_TEST("DT-09", test_packet_offload),
	};

	return unit_main(argc, argv, tests, N_OF(tests), NULL, NULL);
}
