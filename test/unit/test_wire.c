/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire: what is built parses back, every lie a header can tell has its own answer,
 * every truncation is noticed, and no input makes a parser read a byte that is not
 * there: each input lies in memory of its exact size, under the sanitizer's eyes.
 */
#include "unit.h"

#include <rte_ip.h>

#include "wire/arp.h"
#include "wire/eth.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"

#define RANDOM_INPUTS 200000
#define RANDOM_MAX    96 /* bytes in the longest random input */

#define IP(a, b, c, d) RTE_BE32((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

static const struct rte_ether_addr MAC_A = {{0x02, 0x11, 0x22, 0x33, 0x44, 0x55}};
static const struct rte_ether_addr MAC_B = {{0x02, 0xaa, 0xbb, 0xcc, 0xdd, 0xee}};

/* A random input of random length: noise, or `base` with a few bytes changed. Free it. */
static uint8_t *
random_input(struct rng *r, const uint8_t *base, uint32_t base_len, uint32_t *len)
{
	uint8_t buf[RANDOM_MAX];

	rng_fill(r, buf, sizeof(buf));
	if (rng_below(r, 4) != 0) {
		memcpy(buf, base, base_len);
		for (uint32_t n = rng_below(r, 3); n > 0; n--)
			buf[rng_below(r, base_len)] = rng_next(r);
	}
	*len = rng_below(r, RANDOM_MAX + 1);
	return exact_copy(buf, *len);
}

/* Ethernet */

static void
test_eth_untagged(void **state)
{
	struct eth_template t;
	struct eth_view v;

	(void)state;
	eth_template_build(&t, &MAC_A, &MAC_B, ETH_NO_VLAN, RTE_ETHER_TYPE_IPV4);
	assert_int_equal(t.len, 14);
	assert_memory_equal(t.bytes, MAC_A.addr_bytes, 6);
	assert_memory_equal(t.bytes + 6, MAC_B.addr_bytes, 6);
	assert_memory_equal(t.bytes + 12, "\x08\x00", 2);
	for (uint32_t len = 0; len <= t.len; len++) {
		uint8_t *frame = exact_copy(t.bytes, len);

		assert_int_equal(eth_parse(frame, len, &v), len < t.len ? WIRE_SHORT : WIRE_OK);
		free(frame);
	}
	assert_int_equal(v.ethertype, RTE_ETHER_TYPE_IPV4);
	assert_int_equal(v.vlan, ETH_NO_VLAN);
	assert_int_equal(v.len, 14);
}

static void
test_eth_tagged(void **state)
{
	static const uint16_t vlans[] = {1, 2, 100, 0x0ff, 0x100, 4094};
	struct eth_template t;
	struct eth_view v;

	(void)state;
	for (size_t i = 0; i < N_OF(vlans); i++) {
		eth_template_build(&t, &MAC_A, &MAC_B, vlans[i], RTE_ETHER_TYPE_ARP);
		assert_int_equal(t.len, 18);
		assert_memory_equal(t.bytes, MAC_A.addr_bytes, 6);
		assert_memory_equal(t.bytes + 6, MAC_B.addr_bytes, 6);
		assert_memory_equal(t.bytes + 12, "\x81\x00", 2);
		assert_int_equal(t.bytes[14] << 8 | t.bytes[15], vlans[i]);
		assert_memory_equal(t.bytes + 16, "\x08\x06", 2);
		/* Priority and drop eligibility are not part of the VLAN. */
		t.bytes[14] |= 0xf0;
		for (uint32_t len = 0; len <= t.len; len++) {
			uint8_t *frame = exact_copy(t.bytes, len);

			assert_int_equal(
				eth_parse(frame, len, &v), len < t.len ? WIRE_SHORT : WIRE_OK);
			free(frame);
		}
		assert_int_equal(v.ethertype, RTE_ETHER_TYPE_ARP);
		assert_int_equal(v.vlan, vlans[i]);
		assert_int_equal(v.len, 18);
	}
}

static void
test_eth_priority_tag(void **state)
{
	struct eth_template t;
	struct eth_view v;

	(void)state;
	eth_template_build(&t, &MAC_A, &MAC_B, 7, RTE_ETHER_TYPE_IPV4);
	t.bytes[14] = 0xe0; /* priority 7 */
	t.bytes[15] = 0;    /* VLAN 0 */
	assert_int_equal(eth_parse(t.bytes, t.len, &v), WIRE_OK);
	assert_int_equal(v.vlan, ETH_NO_VLAN);
	assert_int_equal(v.ethertype, RTE_ETHER_TYPE_IPV4);
	assert_int_equal(v.len, 18);
}

static void
test_eth_random(void **state)
{
	struct eth_template t;
	struct rng r = {10};
	uint32_t ok[2] = {0};

	(void)state;
	eth_template_build(&t, &MAC_A, &MAC_B, 7, RTE_ETHER_TYPE_IPV4);
	for (int i = 0; i < RANDOM_INPUTS; i++) {
		uint32_t len;
		uint8_t *frame = random_input(&r, t.bytes, t.len, &len);
		struct eth_view v;

		if (eth_parse(frame, len, &v) == WIRE_OK) {
			assert_true(v.len == 14 || v.len == 18);
			assert_true(v.len <= len && v.vlan <= 0xfff);
			assert_int_equal(frame[v.len - 2] << 8 | frame[v.len - 1], v.ethertype);
			ok[v.len == 18]++;
		}
		free(frame);
	}
	assert_true(ok[0] > RANDOM_INPUTS / 10 && ok[1] > RANDOM_INPUTS / 10);
}

/* ARP */

static void
test_arp_round_trip(void **state)
{
	static const uint8_t want[28] = {0, 1, 8, 0, 6, 4, 0, 2,  /* a reply */
		0x02, 0x11, 0x22, 0x33, 0x44, 0x55, 10, 0, 0, 1,  /* sender */
		0x02, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 10, 0, 0, 2}; /* target */
	uint8_t built[28];
	struct arp_view v;

	(void)state;
	arp_build(built, RTE_ARP_OP_REPLY, &MAC_A, IP(10, 0, 0, 1), &MAC_B, IP(10, 0, 0, 2));
	assert_memory_equal(built, want, sizeof(want));
	for (uint16_t op = RTE_ARP_OP_REQUEST; op <= RTE_ARP_OP_REPLY; op++) {
		arp_build(built, op, &MAC_A, IP(10, 0, 0, 1), &MAC_B, IP(10, 0, 0, 2));
		for (uint32_t len = 0; len <= sizeof(built); len++) {
			uint8_t *p = exact_copy(built, len);

			assert_int_equal(
				arp_parse(p, len, &v), len < sizeof(built) ? WIRE_SHORT : WIRE_OK);
			free(p);
		}
		assert_int_equal(v.op, op);
		assert_memory_equal(&v.sender_mac, &MAC_A, 6);
		assert_int_equal(v.sender_ip, IP(10, 0, 0, 1));
		assert_int_equal(v.target_ip, IP(10, 0, 0, 2));
	}
}

/* Hardware, protocol, both lengths and the operation: any other value is refused. */
static void
test_arp_lies(void **state)
{
	uint8_t good[28], bad[28];
	struct arp_view v;

	(void)state;
	arp_build(good, RTE_ARP_OP_REQUEST, &MAC_A, IP(10, 0, 0, 1), &MAC_B, IP(10, 0, 0, 2));
	for (uint32_t byte = 0; byte < 8; byte++)
		for (uint32_t value = 0; value < 256; value++) {
			bool fine = value == good[byte] || (byte == 7 && value == 2);

			memcpy(bad, good, sizeof(bad));
			bad[byte] = value;
			assert_int_equal(
				arp_parse(bad, sizeof(bad), &v), fine ? WIRE_OK : WIRE_ARP);
		}
	/* Padding behind is the frame's. */
	uint8_t padded[46] = {0};

	memcpy(padded, good, sizeof(good));
	assert_int_equal(arp_parse(padded, sizeof(padded), &v), WIRE_OK);
}

static void
test_arp_random(void **state)
{
	struct rng r = {11};
	uint8_t base[28];
	uint32_t ok = 0;

	(void)state;
	arp_build(base, RTE_ARP_OP_REQUEST, &MAC_A, IP(10, 0, 0, 1), &MAC_B, IP(10, 0, 0, 2));
	for (int i = 0; i < RANDOM_INPUTS; i++) {
		uint32_t len;
		uint8_t *p = random_input(&r, base, sizeof(base), &len);
		struct arp_view v;

		if (arp_parse(p, len, &v) == WIRE_OK) {
			assert_true(v.op == RTE_ARP_OP_REQUEST || v.op == RTE_ARP_OP_REPLY);
			assert_memory_equal(&v.sender_mac, p + 8, 6);
			assert_memory_equal(&v.sender_ip, p + 14, 4);
			assert_memory_equal(&v.target_ip, p + 24, 4);
			ok++;
		}
		free(p);
	}
	assert_true(ok > RANDOM_INPUTS / 10);
}

/* IPv4 */

#define IP_PAYLOAD 24

/* A packet of a header with `options` bytes of options and IP_PAYLOAD bytes; its length. */
static uint32_t
ip_packet(uint8_t *p, uint32_t options)
{
	memset(p, 0, 20 + options + IP_PAYLOAD);
	ipv4_build(p, IP(10, 0, 0, 1), IP(192, 168, 255, 9), IPPROTO_TCP, 0, options + IP_PAYLOAD);
	p[0] = 0x40 | (20 + options) / 4;
	memset(p + 20, 1, options);
	return 20 + options + IP_PAYLOAD;
}

static void
ip_checksum(uint8_t *p, uint32_t header_len)
{
	uint16_t sum;

	p[10] = p[11] = 0;
	sum = ~rte_raw_cksum(p, header_len);
	memcpy(p + 10, &sum, 2);
}

static enum wire_error
ip_parse_exact(const uint8_t *packet, uint32_t len, bool known_good, struct ipv4_view *v)
{
	uint8_t *p = exact_copy(packet, len);
	enum wire_error err = ipv4_parse(p, len, known_good, v);

	free(p);
	return err;
}

static void
test_ipv4_build(void **state)
{
	static const uint8_t want[20] = {0x45, 0, 0x12, 0x48, 0, 0, 0x40, 0, 64, 6, 0x5e, 0xfd, /* DF */
		10, 0, 0, 1, 192, 168, 255, 9};
	uint8_t p[20];

	(void)state;
	memset(p, 0xff, sizeof(p));
	ipv4_build(p, IP(10, 0, 0, 1), IP(192, 168, 255, 9), IPPROTO_TCP, 0, 0x1234);
	assert_memory_equal(p, want, sizeof(want));
	ipv4_build(p, IP(10, 0, 0, 1), IP(192, 168, 255, 9), IPPROTO_TCP, 2, 0x1234);
	assert_int_equal(p[1], 2);
	assert_int_equal(rte_raw_cksum(p, sizeof(p)), 0xffff);
	ipv4_allow_fragments(p, 0xabcd);
	assert_memory_equal(p + 4, ((const uint8_t[]){0xab, 0xcd, 0, 0}), 4);
	assert_int_equal(rte_raw_cksum(p, sizeof(p)), 0xffff);
}

/* All header lengths, each cut at every byte and with padding behind. */
static void
test_ipv4_lengths(void **state)
{
	uint8_t p[60 + IP_PAYLOAD + 8] = {0};
	struct ipv4_view v = {0};

	(void)state;
	for (uint32_t options = 0; options <= 40; options += 4) {
		uint32_t header = 20 + options, total = ip_packet(p, options);

		ip_checksum(p, header);
		memset(p + total, 0x5a, 8);
		for (uint32_t len = 0; len <= total + 8; len++) {
			enum wire_error want = len < 20       ? WIRE_SHORT
					       : len < header ? WIRE_IP_HEADER
					       : len < total  ? WIRE_IP_LENGTH
							      : WIRE_OK;

			assert_int_equal(ip_parse_exact(p, len, false, &v), want);
			assert_int_equal(ip_parse_exact(p, len, true, &v), want);
		}
		assert_int_equal(v.src, IP(10, 0, 0, 1));
		assert_int_equal(v.dst, IP(192, 168, 255, 9));
		assert_int_equal(v.header_len, header);
		assert_int_equal(v.payload_len, IP_PAYLOAD);
		assert_int_equal(v.protocol, IPPROTO_TCP);
	}
}

static void
test_ipv4_version_and_ihl(void **state)
{
	uint8_t p[60 + IP_PAYLOAD];
	struct ipv4_view v = {0};

	(void)state;
	for (uint32_t first = 0; first < 256; first++) {
		uint32_t version = first >> 4, header = (first & 15) * 4;
		uint32_t len = ip_packet(p, 0);
		enum wire_error want = version != 4                  ? WIRE_IP_VERSION
				       : header < 20 || header > len ? WIRE_IP_HEADER
								     : WIRE_OK;

		p[0] = first;
		if (header >= 20 && header <= len)
			ip_checksum(p, header);
		assert_int_equal(ip_parse_exact(p, len, false, &v), want);
		if (want == WIRE_OK)
			assert_int_equal(v.header_len + v.payload_len, len);
	}
}

static void
test_ipv4_total_length(void **state)
{
	uint8_t p[60 + IP_PAYLOAD];
	struct ipv4_view v = {0};

	(void)state;
	for (uint32_t options = 0; options <= 40; options += 20)
		for (uint32_t total = 0; total < 65536; total++) {
			uint32_t len = ip_packet(p, options), header = 20 + options;
			bool fine = total >= header && total <= len;

			p[2] = total >> 8;
			p[3] = total;
			ip_checksum(p, header);
			assert_int_equal(
				ipv4_parse(p, len, false, &v), fine ? WIRE_OK : WIRE_IP_LENGTH);
			if (fine)
				assert_int_equal(v.payload_len, total - header);
		}
}

/* Any single flipped bit of the header is noticed, options included. */
static void
test_ipv4_checksum(void **state)
{
	uint8_t p[60 + IP_PAYLOAD];
	struct ipv4_view v = {0};

	(void)state;
	for (uint32_t options = 0; options <= 40; options += 8) {
		uint32_t len = ip_packet(p, options), header = 20 + options;

		ip_checksum(p, header);
		assert_int_equal(ip_parse_exact(p, len, false, &v), WIRE_OK);
		for (uint32_t bit = 0; bit < header * 8; bit++) {
			uint32_t byte = bit / 8;

			p[byte] ^= 1u << bit % 8;
			assert_int_not_equal(ip_parse_exact(p, len, false, &v), WIRE_OK);
			if (byte > 3) /* not version, IHL or length, which are looked at first */
				assert_int_equal(
					ip_parse_exact(p, len, false, &v), WIRE_IP_CHECKSUM);
			/* The port said it was good: then only what it says counts. */
			if (byte > 7)
				assert_int_equal(ip_parse_exact(p, len, true, &v), WIRE_OK);
			p[byte] ^= 1u << bit % 8;
		}
		p[len - 1] ^= 1; /* the payload is not the header's business */
		assert_int_equal(ip_parse_exact(p, len, false, &v), WIRE_OK);
	}
}

static void
test_ipv4_fragment(void **state)
{
	uint8_t p[20 + IP_PAYLOAD];
	struct ipv4_view v = {0};

	(void)state;
	for (uint32_t field = 0; field < 0x8000; field++) {
		uint32_t len = ip_packet(p, 0);

		p[6] = field >> 8;
		p[7] = field;
		ip_checksum(p, 20);
		/* DF alone, or nothing; MF or any offset is a fragment. */
		assert_int_equal(
			ipv4_parse(p, len, false, &v), field & 0x3fff ? WIRE_IP_FRAGMENT : WIRE_OK);
		assert_int_equal(
			ipv4_parse(p, len, true, &v), field & 0x3fff ? WIRE_IP_FRAGMENT : WIRE_OK);
	}
}

static void
test_ipv4_random(void **state)
{
	struct rng r = {12};
	uint8_t base[20 + IP_PAYLOAD];
	uint32_t base_len = ip_packet(base, 0), ok = 0;

	(void)state;
	ip_checksum(base, 20);
	for (int i = 0; i < RANDOM_INPUTS; i++) {
		uint32_t len;
		uint8_t *p = random_input(&r, base, base_len, &len);
		struct ipv4_view v = {0};

		if (ipv4_parse(p, len, i % 2, &v) == WIRE_OK) {
			assert_int_equal(p[0] >> 4, 4);
			assert_int_equal(v.header_len, (p[0] & 15) * 4);
			assert_true(v.header_len >= 20 && v.header_len + v.payload_len <= len);
			assert_int_equal(v.protocol, p[9]);
			ok++;
		}
		free(p);
	}
	assert_true(ok > RANDOM_INPUTS / 20);
}

static void
test_ipv4_unicast(void **state)
{
	(void)state;
	for (uint32_t first = 0; first < 256; first++) {
		bool want = first != 0 && first != 127 && first < 224;

		assert_int_equal(ipv4_is_unicast(IP(first, 0, 0, 0)), want);
		assert_int_equal(ipv4_is_unicast(IP(first, 255, 255, 255)), want);
	}
}

/* ICMP echo */

static uint32_t
echo_request(struct rng *r, uint8_t *p, uint32_t len)
{
	uint16_t sum;

	rng_fill(r, p, len);
	p[0] = ICMP_ECHO_REQUEST;
	p[1] = p[2] = p[3] = 0;
	sum = ~rte_raw_cksum(p, len);
	memcpy(p + 2, &sum, 2);
	return len;
}

static void
test_icmp_echo(void **state)
{
	struct rng r = {13};
	uint8_t whole[128];
	struct icmp_view v;

	(void)state;
	for (uint32_t len = ICMP_HEADER_LEN; len <= sizeof(whole); len++) {
		echo_request(&r, whole, len);

		uint8_t *p = exact_copy(whole, len);

		assert_int_equal(icmp_parse(p, len, &v), WIRE_OK);
		assert_int_equal(v.type, ICMP_ECHO_REQUEST);
		assert_int_equal(v.code, 0);
		for (uint32_t bit = 0; bit < len * 8; bit++) {
			p[bit / 8] ^= 1u << bit % 8;
			assert_int_equal(icmp_parse(p, len, &v), WIRE_L4_CHECKSUM);
			p[bit / 8] ^= 1u << bit % 8;
		}
		icmp_echo_reply(p, len);
		assert_int_equal(icmp_parse(p, len, &v), WIRE_OK);
		assert_int_equal(v.type, ICMP_ECHO_REPLY);
		assert_int_equal(v.code, 0);
		assert_memory_equal(p + 4, whole + 4, len - 4);
		free(p);
	}
	/* All zero but the type: the sum that has two representations. */
	memset(whole, 0, ICMP_HEADER_LEN);
	whole[0] = ICMP_ECHO_REQUEST;
	icmp_echo_reply(whole, ICMP_HEADER_LEN);
	assert_int_equal(icmp_parse(whole, ICMP_HEADER_LEN, &v), WIRE_OK);
}

static void
test_icmp_short_and_random(void **state)
{
	struct rng r = {14};
	uint8_t base[40];
	struct icmp_view v;
	uint32_t ok = 0;

	(void)state;
	echo_request(&r, base, sizeof(base));
	for (uint32_t len = 0; len < ICMP_HEADER_LEN; len++) {
		uint8_t *p = exact_copy(base, len);

		assert_int_equal(icmp_parse(p, len, &v), WIRE_L4_HEADER);
		free(p);
	}
	for (int i = 0; i < RANDOM_INPUTS; i++) {
		uint32_t len;
		uint8_t *p = random_input(&r, base, sizeof(base), &len);

		if (len >= ICMP_HEADER_LEN && i % 2) {
			uint16_t sum;

			p[2] = p[3] = 0;
			sum = ~rte_raw_cksum(p, len);
			memcpy(p + 2, &sum, 2);
		}
		if (icmp_parse(p, len, &v) == WIRE_OK) {
			assert_int_equal(v.type, p[0]);
			assert_int_equal(v.code, p[1]);
			icmp_echo_reply(p, len);
			assert_int_equal(icmp_parse(p, len, &v), WIRE_OK);
			ok++;
		}
		free(p);
	}
	assert_true(ok > RANDOM_INPUTS / 4);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST("IP-05", test_eth_untagged),
		ROW_TEST("IP-05", test_eth_tagged),
		ROW_TEST("IP-05", test_eth_priority_tag),
		cmocka_unit_test(test_eth_random),
		cmocka_unit_test(test_arp_round_trip),
		ROW_TEST("IP-01", test_arp_lies),
		cmocka_unit_test(test_arp_random),
		cmocka_unit_test(test_ipv4_build),
		ROW_TEST("IP-06", test_ipv4_lengths),
		ROW_TEST("IP-06", test_ipv4_version_and_ihl),
		ROW_TEST("IP-06", test_ipv4_total_length),
		ROW_TEST("IP-06", test_ipv4_checksum),
		ROW_TEST("IP-03", test_ipv4_fragment),
		ROW_TEST("IP-06", test_ipv4_random),
		ROW_TEST("RS-11", test_ipv4_unicast),
		cmocka_unit_test(test_icmp_echo),
		cmocka_unit_test(test_icmp_short_and_random),
	};

	return unit_main(argc, argv, tests, N_OF(tests), NULL, NULL);
}
