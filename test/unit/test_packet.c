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

#define PAYLOAD 2
#define TCP_LEN sizeof(struct rte_tcp_hdr)

static uint8_t bytes[256];
static struct rte_mbuf frame = {.buf_addr = bytes, .buf_len = sizeof(bytes), .nb_segs = 1};
static const struct ip_iface in_software;

static uint16_t
sum(const uint8_t *p, uint32_t len, uint64_t start)
{
	for (uint32_t i = 0; i < len; i += 2)
		start += p[i] << 8 | p[i + 1];
	while (start >> 16)
		start = (start & 0xffff) + (start >> 16);
	return start;
}

/* A segment behind `header_len` bytes of header, its payload `x`; returns where it is. */
static uint8_t *
segment(uint32_t header_len, uint16_t x)
{
	struct rte_tcp_hdr *tcp = (void *)(bytes + header_len);

	memset(tcp, 0, TCP_LEN);
	tcp->src_port = RTE_BE16(80);
	tcp->dst_port = RTE_BE16(1025);
	tcp->data_off = TCP_LEN / 4 << 4;
	tcp->tcp_flags = RTE_TCP_ACK_FLAG;
	bytes[header_len + TCP_LEN] = x >> 8;
	bytes[header_len + TCP_LEN + 1] = x & 0xff;
	frame.pkt_len = frame.data_len = header_len + TCP_LEN + PAYLOAD;
	return (uint8_t *)tcp;
}

/* RFC 1624 3: the sum is right, and a sum of 0 is sent as 0. */
static void
assert_sums(void (*checksums)(const struct ip_iface *, struct rte_mbuf *), uint32_t header_len,
	uint32_t addresses_at, uint32_t addresses_len)
{
	uint64_t pseudo = IPPROTO_TCP + TCP_LEN + PAYLOAD;
	uint32_t zeros = 0;

	pseudo += sum(bytes + addresses_at, addresses_len, 0);
	for (uint32_t x = 0; x <= UINT16_MAX; x++) {
		uint8_t *tcp = segment(header_len, x);
		uint16_t field;

		checksums(&in_software, &frame);
		field = tcp[16] << 8 | tcp[17];
		assert_int_equal(sum(tcp, TCP_LEN + PAYLOAD, pseudo), 0xffff);
		assert_int_not_equal(field, 0xffff);
		zeros += field == 0;
	}
	assert_in_range(zeros, 1, 2);
}

/* As it is built: without a checksum. */
static void
sums_v4(const struct ip_iface *ip, struct rte_mbuf *m)
{
	struct rte_ipv4_hdr *h = rte_pktmbuf_mtod(m, struct rte_ipv4_hdr *);

	h->hdr_checksum = 0;
	packet_checksums_v4(ip, m);
	assert_int_equal(sum((uint8_t *)h, sizeof(*h), 0), 0xffff);
}

static void
test_packet_sums_v4(void **state)
{
	struct rte_ipv4_hdr *ip = (void *)bytes;

	(void)state;
	*ip = (struct rte_ipv4_hdr){
		.version_ihl = 0x45,
		.total_length = rte_cpu_to_be_16(sizeof(*ip) + TCP_LEN + PAYLOAD),
		.next_proto_id = IPPROTO_TCP,
		.src_addr = RTE_BE32(0xc6120002),
		.dst_addr = RTE_BE32(0xc6120001),
	};
	assert_sums(sums_v4, sizeof(*ip), 12, 8);
}

static void
test_packet_sums_v6(void **state)
{
	struct rte_ipv6_hdr *ip = (void *)bytes;

	(void)state;
	memset(ip, 0, sizeof(*ip));
	ip->vtc_flow = RTE_BE32(6u << 28);
	ip->payload_len = rte_cpu_to_be_16(TCP_LEN + PAYLOAD);
	ip->proto = IPPROTO_TCP;
	for (uint32_t i = 0; i < 16; i++) {
		ip->src_addr[i] = 0x20 + i;
		ip->dst_addr[i] = 0xf0 + i;
	}
	assert_sums(packet_checksums_v6, sizeof(*ip), 8, 32);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST("DT-09", test_packet_sums_v4),
		ROW_TEST("DT-09", test_packet_sums_v6),
	};

	return unit_main(argc, argv, tests, N_OF(tests), NULL, NULL);
}
