/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire/nd and the IPv6 part of wire/icmp: what is built parses back, what is not valid is
 * refused, and no input makes a parser read a byte that is not there.
 */
#include "packet6.h"

#include <rte_byteorder.h>

#include "wire/icmp.h"
#include "wire/ipv6.h"
#include "wire/nd.h"

#define RANDOM_INPUTS 200000

static const uint8_t NOBODY[16];

/* ---- Neighbor Discovery */

static const struct rte_ether_addr MAC = {{2, 0x11, 0x22, 0x33, 0x44, 0x55}};
static const uint8_t GROUP[16] = {0xff, 0x02, [11] = 1, 0xff, 0, 0, 1};
static const uint8_t ALL_NODES[16] = {0xff, 0x02, [15] = 1};

static enum wire_error
nd(const uint8_t *p, uint32_t len, uint8_t hop_limit, const uint8_t src[16], const uint8_t dst[16],
	struct nd_view *v)
{
	uint8_t *exact = exact_copy(p, len);
	enum wire_error err = nd_parse(exact, len, hop_limit, src, dst, v);

	if (err == WIRE_OK) {
		assert_ptr_equal(v->target, exact + 8);
		assert_true(v->mac == NULL || (v->mac >= exact + 26 && v->mac + 6 <= exact + len));
		/* What they point to goes with the copy; it is the same here. */
		v->target = p + 8;
		v->mac = v->mac ? p + (v->mac - exact) : NULL;
	}
	free(exact);
	return err;
}

static void
test_nd_round_trip(void **state)
{
	uint8_t *p = exact_alloc(ND_LEN);
	struct nd_view v;

	(void)state;
	memset(p, 0xee, ND_LEN);
	nd_build(p, ND_SOLICIT, 0, US, &MAC);
	assert_memory_equal(p, "\x87\0\0\0\0\0\0\0", 8);
	assert_memory_equal(p + 8, US, 16);
	assert_memory_equal(p + 24, "\x01\x01", 2);
	assert_memory_equal(p + 26, MAC.addr_bytes, 6);
	assert_int_equal(nd(p, ND_LEN, 255, PEER, GROUP, &v), WIRE_OK);
	assert_int_equal(v.type, ND_SOLICIT);
	assert_memory_equal(v.target, US, 16);
	assert_ptr_equal(v.mac, p + 26);

	nd_build(p, ND_ADVERTISE, ND_SOLICITED | ND_OVERRIDE, US, &MAC);
	assert_memory_equal(p, "\x88\0\0\0\x60\0\0\0", 8);
	assert_memory_equal(p + 24, "\x02\x01", 2);
	assert_int_equal(nd(p, ND_LEN, 255, PEER, US, &v), WIRE_OK);
	assert_int_equal(v.type, ND_ADVERTISE);
	assert_int_equal(v.flags, ND_SOLICITED | ND_OVERRIDE);
	assert_ptr_equal(v.mac, p + 26);
	free(p);
}

/* RFC 4861 7.1: everything that makes a message none. */
static void
test_nd_lies(void **state)
{
	static const uint8_t types[] = {ND_SOLICIT, ND_ADVERTISE};
	uint8_t p[ND_LEN];
	struct nd_view v;

	(void)state;
	for (size_t i = 0; i < N_OF(types); i++) {
		nd_build(p, types[i], 0, US, &MAC);
		for (uint32_t hops = 0; hops < 256; hops++)
			assert_int_equal(nd(p, ND_LEN, hops, PEER, US, &v),
				hops == 255 ? WIRE_OK : WIRE_ARP);
		for (uint32_t len = 0; len < ND_LEN; len++)
			assert_int_equal(
				nd(p, len, 255, PEER, US, &v), len == 24 ? WIRE_OK : WIRE_ARP);
		assert_int_equal(nd(p, 24, 255, PEER, US, &v), WIRE_OK);
		assert_null(v.mac);
		p[1] = 1;
		assert_int_equal(nd(p, ND_LEN, 255, PEER, US, &v), WIRE_ARP);
		p[1] = 0;
		p[8] = 0xff;
		assert_int_equal(nd(p, ND_LEN, 255, PEER, US, &v), WIRE_ARP);
	}
	/* Who has no address yet asks the group, and has no MAC address to tell. */
	nd_build(p, ND_SOLICIT, 0, US, &MAC);
	assert_int_equal(nd(p, ND_LEN, 255, NOBODY, GROUP, &v), WIRE_ARP);
	assert_int_equal(nd(p, 24, 255, NOBODY, GROUP, &v), WIRE_OK);
	assert_int_equal(nd(p, 24, 255, NOBODY, US, &v), WIRE_ARP);
	/* Who answers everybody was asked by nobody. */
	nd_build(p, ND_ADVERTISE, ND_SOLICITED, PEER, &MAC);
	assert_int_equal(nd(p, ND_LEN, 255, PEER, ALL_NODES, &v), WIRE_ARP);
	nd_build(p, ND_ADVERTISE, ND_OVERRIDE, PEER, &MAC);
	assert_int_equal(nd(p, ND_LEN, 255, PEER, ALL_NODES, &v), WIRE_OK);
}

static void
test_nd_options(void **state)
{
	uint8_t p[24 + 8 * 8] = {0};
	struct nd_view v;

	(void)state;
	nd_build(p, ND_SOLICIT, 0, US, &MAC);
	/* A target's address is none of a solicitation's; one that is no MAC address is skipped. */
	p[24] = 2;
	assert_int_equal(nd(p, ND_LEN, 255, PEER, US, &v), WIRE_OK);
	assert_null(v.mac);
	p[24] = 1;
	p[25] = 2;
	assert_int_equal(nd(p, 40, 255, PEER, US, &v), WIRE_OK);
	assert_null(v.mac);
	/* Length 0; a length beyond the message, for each. */
	for (uint32_t units = 0; units < 256; units++) {
		p[25] = units;
		for (uint32_t n = 1; n <= 8; n++) {
			memset(p + 32, 0, 56);
			for (uint32_t i = 1; i < n; i++)
				p[24 + 8 * i + 1] = 1; /* whatever begins there is one unit long */
			assert_int_equal(nd(p, 24 + 8 * n, 255, PEER, US, &v),
				units >= 1 && units <= n ? WIRE_OK : WIRE_ARP);
		}
	}
	/* Behind others it is found too. */
	p[24] = 14;
	p[25] = 2;
	p[40] = 1;
	p[41] = 1;
	assert_int_equal(nd(p, 48, 255, PEER, US, &v), WIRE_OK);
	assert_ptr_equal(v.mac, p + 42);
}

static void
test_nd_groups(void **state)
{
	static const uint8_t addr[16] = {
		0x20, 1, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xaa, 0xbb, 0xcc};
	static const uint8_t want[16] = {0xff, 2, [11] = 1, 0xff, 0xaa, 0xbb, 0xcc};
	struct rte_ether_addr mac;
	uint8_t group[16];

	(void)state;
	nd_solicited_node(addr, group);
	assert_memory_equal(group, want, 16);
	nd_multicast_mac(group, &mac);
	assert_memory_equal(mac.addr_bytes, "\x33\x33\xff\xaa\xbb\xcc", 6);
	nd_multicast_mac(ALL_NODES, &mac);
	assert_memory_equal(mac.addr_bytes, "\x33\x33\x00\x00\x00\x01", 6);
}

static void
test_nd_random(void **state)
{
	struct rng r = {8};
	uint32_t ok = 0;

	(void)state;
	for (int i = 0; i < RANDOM_INPUTS; i++) {
		uint8_t p[80];
		struct nd_view v;
		uint32_t len =
			rng_below(&r, 2) ? 24 + 8 * rng_below(&r, 8) : rng_below(&r, sizeof(p) + 1);

		rng_fill(&r, p, sizeof(p));
		p[0] = ND_SOLICIT + rng_below(&r, 2);
		p[1] = 0;
		for (uint32_t at = 25; at < sizeof(p); at += 8)
			p[at] = rng_magnitude(&r, 3);
		ok += nd(p, len, 255, PEER, US, &v) == WIRE_OK;
	}
	assert_true(ok > RANDOM_INPUTS / 20);
}

/* ---- ICMPv6 */

static const uint8_t *
addresses(uint8_t out[32])
{
	memcpy(out, PEER, 16);
	memcpy(out + 16, US, 16);
	return out;
}

static void
test_icmp6_echo(void **state)
{
	uint8_t both[32];
	struct icmp_view v;

	(void)state;
	addresses(both);
	for (uint32_t len = 0; len < 200; len++) {
		uint8_t *p = exact_alloc(len);

		for (uint32_t i = 0; i < len; i++)
			p[i] = i * 7;
		if (len < ICMP_HEADER_LEN) {
			assert_int_equal(icmp6_parse(both, p, len, &v), WIRE_L4_HEADER);
			free(p);
			continue;
		}
		p[0] = ICMP6_ECHO_REQUEST;
		p[1] = 0;
		icmp6_checksum(p, len, both);
		assert_int_equal(icmp6_parse(both, p, len, &v), WIRE_OK);
		assert_int_equal(v.type, ICMP6_ECHO_REQUEST);
		for (uint32_t bit = 0; bit < 8 * len; bit++) {
			p[bit / 8] ^= 1 << bit % 8;
			assert_int_equal(icmp6_parse(both, p, len, &v), WIRE_L4_CHECKSUM);
			p[bit / 8] ^= 1 << bit % 8;
		}
		/* The addresses count too (RFC 4443 2.3). */
		for (uint32_t bit = 0; bit < 256; bit++) {
			both[bit / 8] ^= 1 << bit % 8;
			assert_int_equal(icmp6_parse(both, p, len, &v), WIRE_L4_CHECKSUM);
			both[bit / 8] ^= 1 << bit % 8;
		}
		icmp6_echo_reply(p, len, both);
		assert_int_equal(icmp6_parse(both, p, len, &v), WIRE_OK);
		assert_int_equal(v.type, ICMP6_ECHO_REPLY);
		for (uint32_t i = 4; i < len; i++)
			assert_int_equal(p[i], (uint8_t)(i * 7));
		free(p);
	}
}

/* An error of `type` and `code` about a segment of ours, `options` headers in front of it. */
static uint32_t
error_about(uint8_t *b, uint8_t type, uint8_t code, uint32_t word, uint32_t options)
{
	struct packet q;

	packet_begin(&q);
	memcpy(q.b + 8, US, 16);
	memcpy(q.b + 24, PEER, 16);
	for (uint32_t i = 0; i < options; i++)
		packet_extension(&q, DESTINATION, 16);
	packet_end(&q, TCP, 1200);
	memcpy(q.b + 40 + 16 * options, "\x13\x88\x17\x70\x12\x34\x56\x78", 8);
	b[0] = type;
	b[1] = code;
	b[2] = b[3] = 0;
	word = rte_cpu_to_be_32(word);
	memcpy(b + 4, &word, 4);
	memcpy(b + 8, q.b, q.len);
	return 8 + q.len;
}

static enum wire_error
error_parse(const uint8_t *b, uint32_t len, struct icmp_error *e)
{
	uint8_t *exact = exact_copy(b, len);
	enum wire_error err = icmp6_error_parse(exact, len, e);

	if (err == WIRE_OK) {
		e->src = b + (e->src - exact);
		e->dst = b + (e->dst - exact);
	}
	free(exact);
	return err;
}

static void
test_icmp6_errors(void **state)
{
	static const struct {
		uint8_t type, code;
		enum icmp_meaning meaning;
	} kinds[] = {
		{1, 0, ICMP_MEANS_NET},
		{1, 1, ICMP_MEANS_HOST},
		{1, 2, ICMP_MEANS_HOST},
		{1, 3, ICMP_MEANS_HOST},
		{1, 4, ICMP_MEANS_REFUSED},
		{1, 5, ICMP_MEANS_HOST},
		{1, 6, ICMP_MEANS_HOST},
		{2, 0, ICMP_MEANS_TOO_BIG},
		{3, 0, ICMP_MEANS_HOST},
		{3, 1, ICMP_MEANS_HOST},
		{4, 0, ICMP_MEANS_NOTHING},
		{4, 1, ICMP_MEANS_REFUSED},
		{4, 2, ICMP_MEANS_NOTHING},
		{0, 0, ICMP_MEANS_NOTHING},
		{5, 0, ICMP_MEANS_NOTHING},
		{100, 0, ICMP_MEANS_NOTHING},
		{127, 0, ICMP_MEANS_NOTHING},
		{129, 0, ICMP_MEANS_NOTHING},
		{134, 0, ICMP_MEANS_NOTHING},
	};
	uint8_t b[2048];
	struct icmp_error e;

	(void)state;
	for (size_t i = 0; i < N_OF(kinds); i++) {
		uint32_t len = error_about(b, kinds[i].type, kinds[i].code, 1400, 0);

		if (kinds[i].meaning == ICMP_MEANS_NOTHING) {
			assert_int_equal(error_parse(b, len, &e), WIRE_IP_PROTOCOL);
			continue;
		}
		assert_int_equal(error_parse(b, len, &e), WIRE_OK);
		assert_int_equal(e.meaning, kinds[i].meaning);
		assert_memory_equal(e.src, US, 16);
		assert_memory_equal(e.dst, PEER, 16);
		assert_int_equal(e.sport, rte_cpu_to_be_16(5000));
		assert_int_equal(e.dport, rte_cpu_to_be_16(6000));
		assert_int_equal(e.seq, 0x12345678);
	}
	/* About something else than TCP. */
	uint32_t len = error_about(b, 1, 4, 0, 0);

	b[8 + 6] = 17;
	assert_int_equal(error_parse(b, len, &e), WIRE_IP_PROTOCOL);
}

/* The MTU has 32 bits; one beyond ours is not taken for a small one. */
static void
test_icmp6_mtu(void **state)
{
	static const struct {
		uint32_t said;
		uint16_t mtu;
	} values[] = {{0, 0}, {1279, 1279}, {1280, 1280}, {65534, 65534}, {65535, 65535},
		{65536, 65535}, {0x10500, 65535}, {0xffffffff, 65535}};
	uint8_t b[2048];
	struct icmp_error e;

	(void)state;
	for (size_t i = 0; i < N_OF(values); i++) {
		uint32_t len = error_about(b, 2, 0, values[i].said, 0);

		assert_int_equal(error_parse(b, len, &e), WIRE_OK);
		assert_int_equal(e.mtu, values[i].mtu);
	}
}

/* Quoted extension headers are passed, and a quote that ends too early is none. */
static void
test_icmp6_quotes(void **state)
{
	(void)state;
	for (uint32_t options = 0; options < 4; options++) {
		uint8_t b[2048];
		uint32_t len = error_about(b, 2, 0, 1400, options);
		uint32_t need = 8 + 40 + 16 * options + 8;
		struct icmp_error e;

		for (uint32_t n = ICMP_HEADER_LEN; n <= len; n += n < need + 16 ? 1 : 50) {
			enum wire_error err = error_parse(b, n, &e);

			if (n < need)
				assert_true(err != WIRE_OK);
			else
				assert_int_equal(err, WIRE_OK);
			if (err == WIRE_OK)
				assert_int_equal(e.seq, 0x12345678);
		}
		/* A quoted packet of another version is not one. */
		b[8] = 0x45;
		assert_true(error_parse(b, len, &e) != WIRE_OK);
	}
}

static void
test_icmp6_port_unreachable(void **state)
{
	uint8_t both[32], about[60], *p = exact_alloc(8 + sizeof(about));
	struct icmp_view v;

	(void)state;
	addresses(both);
	for (size_t i = 0; i < sizeof(about); i++)
		about[i] = i + 1;
	icmp6_port_unreachable(p, about, sizeof(about), both);
	assert_int_equal(icmp6_parse(both, p, 8 + sizeof(about), &v), WIRE_OK);
	assert_int_equal(v.type, 1);
	assert_int_equal(v.code, 4);
	assert_memory_equal(p + 4, "\0\0\0\0", 4);
	assert_memory_equal(p + 8, about, sizeof(about));
	free(p);
}

static void
test_icmp6_random(void **state)
{
	uint32_t ok = 0;
	struct rng r = {9};

	(void)state;
	for (int i = 0; i < RANDOM_INPUTS; i++) {
		uint8_t b[2048];
		struct icmp_error e;
		uint32_t len = error_about(
			b, 1 + rng_below(&r, 4), rng_below(&r, 6), rng_next(&r), rng_below(&r, 3));

		for (uint32_t n = rng_below(&r, 4); n > 0; n--)
			b[rng_below(&r, 100)] = rng_magnitude(&r, 8);
		if (rng_below(&r, 2))
			len = ICMP_HEADER_LEN + rng_below(&r, 120);
		ok += error_parse(b, len, &e) == WIRE_OK;
	}
	assert_true(ok > RANDOM_INPUTS / 10);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST("IP-01", test_nd_round_trip),
		ROW_TEST("IP-01", test_nd_lies),
		ROW_TEST("IP-01", test_nd_options),
		ROW_TEST("IP-01", test_nd_groups),
		ROW_TEST("IP-01", test_nd_random),
		ROW_TEST("IP-02", test_icmp6_echo),
		ROW_TEST("PM-07", test_icmp6_errors),
		ROW_TEST("PM-02", test_icmp6_mtu),
		ROW_TEST("PM-02", test_icmp6_quotes),
		ROW_TEST("IP-07", test_icmp6_port_unreachable),
		ROW_TEST("PM-07", test_icmp6_random),
	};

	return unit_main(argc, argv, tests, N_OF(tests), NULL, NULL);
}
