/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire/ipv6: the header and the extension headers behind it, sums, kinds of addresses.
 * Every lie has its answer, every truncation is noticed, and each input lies in memory of
 * its exact size, so that the sanitizer sees a read past its end.
 */
#include "packet6.h"

#include <rte_byteorder.h>

#include "wire/ipv6.h"

#define RANDOM_INPUTS 200000

static enum wire_error
parse(const struct packet *p, uint32_t len, struct ipv6_view *v)
{
	uint8_t *exact = exact_copy(p->b, len);
	enum wire_error err = ipv6_parse(exact, len, v);

	if (err == WIRE_OK) {
		assert_ptr_equal(v->src, exact + 8);
		assert_ptr_equal(v->dst, exact + 24);
	}
	free(exact);
	return err;
}

/* The packet as it is parses, its transport header being `protocol` at `header_len`. */
static void
assert_parses(const struct packet *p, uint8_t protocol, uint32_t header_len)
{
	struct ipv6_view v;

	assert_int_equal(parse(p, p->len, &v), WIRE_OK);
	assert_int_equal(v.protocol, protocol);
	assert_int_equal(v.header_len, header_len);
	assert_int_equal(v.payload_len, p->len - header_len);
}

static void
assert_error(const struct packet *p, enum wire_error err)
{
	struct ipv6_view v;

	assert_int_equal(parse(p, p->len, &v), err);
}

/* ---- the fixed header */

static void
test_ipv6_build(void **state)
{
	struct ipv6_head h = {
		.flow_label = 0xabcde, .payload_len = 20, .protocol = TCP, .hop_limit = 64};
	uint8_t *p = exact_alloc(IPV6_LEN), *packet;
	struct ipv6_view v;

	(void)state;
	memcpy(h.src, US, 16);
	memcpy(h.dst, PEER, 16);
	ipv6_build(p, &h);
	assert_memory_equal(p, "\x60\x0a\xbc\xde\x00\x14\x06\x40", 8);
	assert_memory_equal(p + 8, US, 16);
	assert_memory_equal(p + 24, PEER, 16);
	packet = exact_alloc(60);
	memcpy(packet, p, 40);
	assert_int_equal(ipv6_parse(packet, 60, &v), WIRE_OK);
	assert_int_equal(v.protocol, TCP);
	assert_int_equal(v.hop_limit, 64);
	assert_int_equal(v.traffic_class, 0);
	assert_int_equal(v.header_len, 40);
	assert_int_equal(v.payload_len, 20);
	free(packet);
	/* Twenty bits of a flow label; more do not reach the traffic class. */
	h.flow_label = 0xffffffff;
	h.payload_len = 0xfffe;
	ipv6_build(p, &h);
	assert_memory_equal(p, "\x60\x0f\xff\xff\xff\xfe", 6);
	free(p);
}

static void
test_ipv6_fields(void **state)
{
	struct packet p;
	struct ipv6_view v;

	(void)state;
	packet_begin(&p);
	packet_end(&p, TCP, 20);
	p.b[0] = 0x6a;
	p.b[1] = 0x5f;
	assert_int_equal(parse(&p, p.len, &v), WIRE_OK);
	assert_int_equal(v.traffic_class, 0xa5);
	assert_int_equal(v.hop_limit, 61);
	assert_int_equal(v.protocol, TCP);
	/* Whatever is behind the payload length is padding of the frame. */
	assert_int_equal(parse(&p, p.len + 7, &v), WIRE_OK);
	assert_int_equal(v.payload_len, 20);
}

static void
test_ipv6_version(void **state)
{
	struct packet p;

	(void)state;
	packet_begin(&p);
	packet_end(&p, TCP, 20);
	for (uint32_t version = 0; version < 16; version++) {
		p.b[0] = version << 4;
		assert_error(&p, version == 6 ? WIRE_OK : WIRE_IP_VERSION);
	}
}

static void
test_ipv6_lengths(void **state)
{
	struct packet p;
	struct ipv6_view v;

	(void)state;
	packet_begin(&p);
	packet_end(&p, TCP, 20);
	for (uint32_t len = 0; len < p.len; len++)
		assert_int_equal(parse(&p, len, &v), len < 40 ? WIRE_SHORT : WIRE_IP_LENGTH);
	/* The payload length beyond the frame; shorter than it; none. */
	for (uint32_t said = 0; said <= 0xffff; said += said < 64 ? 1 : 97) {
		p.b[4] = said >> 8;
		p.b[5] = said;
		assert_int_equal(parse(&p, p.len, &v), said > 20 ? WIRE_IP_LENGTH : WIRE_OK);
		if (said <= 20)
			assert_int_equal(v.payload_len, said);
	}
}

/* ---- extension headers */

static void
test_ipv6_extensions_are_walked(void **state)
{
	struct packet p;

	(void)state;
	packet_begin(&p);
	packet_extension(&p, HOP_BY_HOP, 8);
	packet_extension(&p, DESTINATION, 24);
	packet_extension(&p, ROUTING, 16);
	packet_extension(&p, FRAGMENT, 8);
	packet_extension(&p, AUTH, 24);
	packet_extension(&p, DESTINATION, 8);
	packet_end(&p, TCP, 20);
	assert_parses(&p, TCP, 40 + 8 + 24 + 16 + 8 + 24 + 8);
	/* The largest there is: 255 times eight bytes more. */
	memset(&p, 0, sizeof(p));
	packet_begin(&p);
	packet_extension(&p, ROUTING, 8);
	packet_end(&p, NO_NEXT, 0);
	assert_parses(&p, NO_NEXT, 48);
}

/* Cut off at every byte, by the frame and by the payload length: never read beyond. */
static void
test_ipv6_extensions_cut_off(void **state)
{
	static const uint8_t kinds[] = {HOP_BY_HOP, DESTINATION, ROUTING, FRAGMENT, AUTH};

	(void)state;
	for (size_t i = 0; i < N_OF(kinds); i++) {
		uint32_t header = kinds[i] == FRAGMENT ? 8 : 24;
		struct packet p;
		struct ipv6_view v;

		packet_begin(&p);
		packet_extension(&p, kinds[i], header);
		packet_end(&p, TCP, 20);
		assert_parses(&p, TCP, 40 + header);
		for (uint32_t payload = 0; payload < header + 20; payload++) {
			p.b[5] = payload;
			assert_int_equal(parse(&p, 40 + payload, &v),
				payload < header ? WIRE_IP_HEADER : WIRE_OK);
			/* The rest of the frame is padding, and no part of it either. */
			assert_int_equal(
				parse(&p, p.len, &v), payload < header ? WIRE_IP_HEADER : WIRE_OK);
			p.b[5] = header + 20;
			assert_int_equal(parse(&p, 40 + payload, &v), WIRE_IP_LENGTH);
		}
		/* The header's own length beyond the packet. */
		if (kinds[i] != FRAGMENT) {
			p.b[41] = 255;
			assert_error(&p, WIRE_IP_HEADER);
		}
	}
}

static void
test_ipv6_hop_by_hop_comes_first(void **state)
{
	struct packet p;

	(void)state;
	packet_begin(&p);
	packet_extension(&p, DESTINATION, 8);
	packet_extension(&p, HOP_BY_HOP, 8);
	packet_end(&p, TCP, 20);
	assert_error(&p, WIRE_IP_HEADER);
	packet_begin(&p);
	packet_extension(&p, HOP_BY_HOP, 8);
	packet_extension(&p, HOP_BY_HOP, 8);
	packet_end(&p, TCP, 20);
	assert_error(&p, WIRE_IP_HEADER);
}

static void
test_ipv6_extensions_are_bounded(void **state)
{
	(void)state;
	for (uint32_t n = 0; n <= 2 * IPV6_HEADERS_MAX; n++) {
		struct packet p;

		packet_begin(&p);
		for (uint32_t i = 0; i < n; i++)
			packet_extension(&p, DESTINATION, 8);
		packet_end(&p, TCP, 20);
		if (n <= IPV6_HEADERS_MAX)
			assert_parses(&p, TCP, 40 + 8 * n);
		else
			assert_error(&p, WIRE_IP_HEADER);
	}
}

/* RFC 8200 4.2: the two upper bits of an option nobody knows say what becomes of the packet. */
static void
test_ipv6_unknown_options(void **state)
{
	static const uint8_t kinds[] = {HOP_BY_HOP, DESTINATION};

	(void)state;
	for (size_t i = 0; i < N_OF(kinds); i++) {
		for (uint32_t type = 0; type < 256; type++) {
			struct packet p;
			uint8_t *h;

			packet_begin(&p);
			h = packet_extension(&p, kinds[i], 16);
			packet_end(&p, TCP, 20);
			memset(h + 2, 0, 14); /* Pad1 */
			h[7] = type;
			h[8] = type ? 4 : 0;
			assert_error(&p, type < 0x40 ? WIRE_OK : WIRE_IP_HEADER);
		}
	}
}

static void
test_ipv6_options_lie(void **state)
{
	struct packet p;
	uint8_t *h;

	(void)state;
	packet_begin(&p);
	h = packet_extension(&p, DESTINATION, 16);
	packet_end(&p, TCP, 20);
	memset(h + 2, 0, 14);
	/* An option at byte 5 has room for 9 bytes of data; one at the last byte has no length. */
	h[5] = 1;
	for (uint32_t len = 0; len < 256; len++) {
		memset(h + 6, 0, 10);
		h[6] = len;
		assert_error(&p, len <= 9 ? WIRE_OK : WIRE_IP_HEADER);
	}
	memset(h + 2, 0, 14);
	h[15] = 1;
	assert_error(&p, WIRE_IP_HEADER);
	/* Nothing at all is there but the kind, and the next header begins. */
	h[15] = 0;
	assert_error(&p, WIRE_OK);
}

static void
test_ipv6_routing(void **state)
{
	(void)state;
	/* A route that has been gone is skipped, whatever its type; one to go is not ours. */
	for (uint32_t type = 0; type < 256; type++) {
		for (uint32_t left = 0; left < 256; left += left < 3 ? 1 : 84) {
			struct packet p;
			uint8_t *h;

			packet_begin(&p);
			h = packet_extension(&p, ROUTING, 24);
			packet_end(&p, TCP, 20);
			h[2] = type;
			h[3] = left;
			assert_error(&p, left ? WIRE_IP_HEADER : WIRE_OK);
		}
	}
}

/* RFC 6946: a fragment that is the whole packet is one; every other is not reassembled. */
static void
test_ipv6_fragments(void **state)
{
	(void)state;
	for (uint32_t field = 0; field <= 0xffff; field++) {
		struct packet p;
		uint8_t *h;
		bool atomic = (field & 0xfff9) == 0;

		packet_begin(&p);
		h = packet_extension(&p, FRAGMENT, 8);
		packet_end(&p, TCP, 20);
		h[1] = 0xff; /* reserved, not a length */
		h[2] = field >> 8;
		h[3] = field;
		memset(h + 4, 0xee, 4);
		assert_error(&p, atomic ? WIRE_OK : WIRE_IP_FRAGMENT);
		if (atomic)
			assert_parses(&p, TCP, 48);
	}
}

/* RFC 4302: its length is in words, less two. */
static void
test_ipv6_auth(void **state)
{
	(void)state;
	for (uint32_t words = 2; words <= 20; words++) {
		struct packet p;

		packet_begin(&p);
		packet_extension(&p, AUTH, 4 * words);
		packet_end(&p, TCP, 20);
		assert_parses(&p, TCP, 40 + 4 * words);
	}
}

static void
test_ipv6_random(void **state)
{
	static const uint8_t kinds[] = {HOP_BY_HOP, DESTINATION, ROUTING, FRAGMENT, AUTH, TCP};
	uint32_t seen[WIRE_ERRORS] = {0};
	struct rng r = {6};

	(void)state;
	for (int i = 0; i < RANDOM_INPUTS; i++) {
		struct packet p;
		struct ipv6_view v;
		enum wire_error err;
		uint32_t len;

		packet_begin(&p);
		for (uint32_t n = rng_below(&r, 4); n > 0; n--)
			packet_extension(&p, kinds[rng_below(&r, 5)], 8 + 8 * rng_below(&r, 3));
		packet_end(&p, kinds[rng_below(&r, N_OF(kinds))], rng_below(&r, 30));
		for (uint32_t n = rng_below(&r, 4); n > 0; n--)
			p.b[rng_below(&r, p.len)] = rng_magnitude(&r, 8);
		len = rng_below(&r, 4) ? p.len : rng_below(&r, p.len + 1);
		err = parse(&p, len, &v);
		seen[err]++;
		if (err == WIRE_OK) {
			assert_true(v.header_len >= 40);
			assert_true((uint32_t)v.header_len + v.payload_len <= len);
			assert_int_equal(v.header_len + v.payload_len, 40 + (p.b[4] << 8 | p.b[5]));
		}
	}
	assert_true(seen[WIRE_OK] > RANDOM_INPUTS / 20);
	assert_true(seen[WIRE_SHORT] && seen[WIRE_IP_VERSION] && seen[WIRE_IP_LENGTH] &&
		    seen[WIRE_IP_HEADER] && seen[WIRE_IP_FRAGMENT]);
}

/* What an error quotes ends somewhere; the transport header is found if it is among it. */
static void
test_ipv6_transport_at(void **state)
{
	struct packet p;

	(void)state;
	packet_begin(&p);
	packet_extension(&p, HOP_BY_HOP, 8);
	packet_extension(&p, DESTINATION, 16);
	packet_end(&p, TCP, 1000);
	for (uint32_t len = 0; len < 200; len++) {
		uint8_t *exact = exact_copy(p.b, len), protocol = 0;
		uint32_t at = ipv6_transport_at(exact, len, &protocol);

		assert_int_equal(at, len < 64 ? 0 : 64);
		if (at)
			assert_int_equal(protocol, TCP);
		free(exact);
	}
	p.b[0] = 0x40;
	assert_int_equal(ipv6_transport_at(p.b, p.len, &(uint8_t){0}), 0);
	/* No more headers than a packet may have. */
	for (uint32_t n = 0; n <= IPV6_HEADERS_MAX + 1; n++) {
		packet_begin(&p);
		for (uint32_t i = 0; i < n; i++)
			packet_extension(&p, DESTINATION, 8);
		packet_end(&p, TCP, 8);
		assert_int_equal(ipv6_transport_at(p.b, p.len, &(uint8_t){0}),
			n <= IPV6_HEADERS_MAX ? 40 + 8 * n : 0);
	}
}

/* ---- checksums, kinds of addresses */

/* Added up by hand: addresses, length, protocol, payload with a zero behind an odd end. */
static uint16_t
sum_by_hand(const uint8_t *addresses, uint8_t protocol, const uint8_t *p, uint32_t len)
{
	uint32_t sum = len + protocol;

	for (int i = 0; i < 32; i += 2)
		sum += addresses[i] << 8 | addresses[i + 1];
	for (uint32_t i = 0; i < len; i++)
		sum += i & 1 ? p[i] : p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void
test_ipv6_sum(void **state)
{
	struct rng r = {7};

	(void)state;
	for (int i = 0; i < 20000; i++) {
		uint32_t len = rng_below(&r, i % 100 ? 100 : 9000);
		uint8_t *p = exact_alloc(len), addresses[32], protocol = rng_next(&r);

		rng_fill(&r, p, len);
		rng_fill(&r, addresses, sizeof(addresses));
		if (i % 3 == 0)
			memset(p, 0xff, len);
		if (i % 5 == 0)
			memset(addresses, 0xff, sizeof(addresses));
		assert_int_equal(rte_be_to_cpu_16(ipv6_sum(addresses, protocol, p, len)),
			sum_by_hand(addresses, protocol, p, len));
		free(p);
	}
}

static void
test_ipv6_addresses(void **state)
{
	static const struct {
		uint8_t addr[16];
		bool unicast, link_local;
	} kinds[] = {
		{{0}, false, false},
		{{[15] = 1}, false, false},
		{{[15] = 2}, true, false},
		{{[14] = 1}, true, false},
		{{[10] = 0xff, 0xff, 198, 18, 0, 1}, false, false},
		{{[10] = 0xff, 0xfe, 198, 18, 0, 1}, true, false},
		{{[9] = 1, 0xff, 0xff, 198, 18, 0, 1}, true, false},
		{{0xff, 0x02, [15] = 1}, false, false},
		{{0xff}, false, false},
		{{0xfe, 0x80, [15] = 1}, true, true},
		{{0xfe, 0xbf, [15] = 1}, true, true},
		{{0xfe, 0xc0, [15] = 1}, true, false},
		{{0xfd, 0x80, [15] = 1}, true, false},
		{{0x20, 0x01, 0, 2, [15] = 1}, true, false},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(kinds); i++) {
		assert_int_equal(ipv6_is_unicast(kinds[i].addr), kinds[i].unicast);
		assert_int_equal(ipv6_is_link_local(kinds[i].addr), kinds[i].link_local);
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST("IP-04", test_ipv6_build),
		ROW_TEST("IP-04", test_ipv6_fields),
		ROW_TEST("IP-06", test_ipv6_version),
		ROW_TEST("IP-06", test_ipv6_lengths),
		ROW_TEST("IP-04", test_ipv6_extensions_are_walked),
		ROW_TEST("IP-06", test_ipv6_extensions_cut_off),
		ROW_TEST("IP-06", test_ipv6_hop_by_hop_comes_first),
		ROW_TEST("IP-06", test_ipv6_extensions_are_bounded),
		ROW_TEST("IP-04", test_ipv6_unknown_options),
		ROW_TEST("IP-06", test_ipv6_options_lie),
		ROW_TEST("IP-04", test_ipv6_routing),
		ROW_TEST("IP-03 IP-04", test_ipv6_fragments),
		ROW_TEST("IP-04", test_ipv6_auth),
		ROW_TEST("IP-06", test_ipv6_random),
		ROW_TEST("PM-02", test_ipv6_transport_at),
		ROW_TEST("DT-09", test_ipv6_sum),
		ROW_TEST("RS-11", test_ipv6_addresses),
	};

	return unit_main(argc, argv, tests, N_OF(tests), NULL, NULL);
}
