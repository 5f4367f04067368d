/* SPDX-License-Identifier: BSD-3-Clause */
/* tcp/auth_crypto: RFC 9235's vectors, what a MAC covers, and the sequence number extension. */
#include "unit.h"

#include "auth_vectors.h"

#include <rte_ip.h>
#include <rte_tcp.h>

#define KIND_AUTH 29

/* Hexadecimal digits, spaces between them allowed, to bytes. */
static uint32_t
from_hex(const char *text, uint8_t *to, uint32_t max)
{
	uint32_t n = 0;

	for (; *text; text++) {
		const char digits[] = "0123456789abcdef";
		const char *at = strchr(digits, *text);

		if (*text == ' ')
			continue;
		assert_non_null(at);
		assert_true(n / 2 < max);
		if (n % 2 == 0)
			to[n / 2] = (at - digits) << 4;
		else
			to[n / 2] |= at - digits;
		n++;
	}
	assert_int_equal(n % 2, 0);
	return n / 2;
}

/* An IP packet taken apart. */
struct packet {
	uint8_t bytes[256];
	uint32_t ip_len, len;
	struct auth_ends ends;
	struct auth_segment segment;
	const uint8_t *mac;
};

static uint8_t
find_option(const uint8_t *tcp, uint8_t header_len)
{
	uint8_t at = sizeof(struct rte_tcp_hdr);

	while (at < header_len && tcp[at] != KIND_AUTH)
		at += tcp[at] == 1 ? 1 : tcp[at + 1];
	assert_true(at + TCP_OPT_AUTH_LEN <= header_len);
	assert_int_equal(tcp[at + 1], TCP_OPT_AUTH_LEN);
	return at;
}

static void
parse(const struct auth_vector *v, struct packet *p)
{
	bool ip4;

	memset(p, 0, sizeof(*p));
	p->len = from_hex(v->packet, p->bytes, sizeof(p->bytes));
	ip4 = p->bytes[0] >> 4 == 4;
	p->ip_len = ip4 ? 20 : 40;
	p->ends.addr_len = ip4 ? 4 : 16;
	memcpy(p->ends.src, p->bytes + (ip4 ? 12 : 8), p->ends.addr_len);
	memcpy(p->ends.dst, p->bytes + (ip4 ? 16 : 24), p->ends.addr_len);

	const uint8_t *tcp = p->bytes + p->ip_len;
	const struct rte_tcp_hdr *h = (const void *)tcp;
	bool from_a = v->kind == SEND_SYN || v->kind == SEND_OTHER;

	p->ends.sport = h->src_port;
	p->ends.dport = h->dst_port;
	p->ends.src_isn = from_a ? v->isn_a : v->isn_b;
	p->ends.dst_isn = from_a ? v->isn_b : v->isn_a;
	if (v->kind == SEND_SYN)
		p->ends.dst_isn = 0;
	p->segment.tcp = tcp;
	p->segment.len = p->len - p->ip_len;
	p->segment.header_len = (h->data_off >> 4) * 4;
	p->segment.option_at = find_option(tcp, p->segment.header_len);
	p->segment.cover_options = v->cover_options;
	p->mac = tcp + p->segment.option_at + AUTH_MAC_AT;
}

/*
 * The packets are typed in: what the MAC does not cover, the TCP checksum does. RFC 9235's
 * IPv4 packets have had their addresses changed after their checksums were made.
 */
static void
check_typing(const struct packet *p)
{
	if (p->ip_len == 40)
		assert_int_equal(
			rte_ipv6_udptcp_cksum_verify((const void *)p->bytes, p->bytes + p->ip_len),
			0);
}

static struct auth_crypto *
crypto(void)
{
	struct auth_crypto *c;

	assert_int_equal(auth_crypto_new(&c), 0);
	return c;
}

static struct auth_mac *
vector_mac(const struct auth_crypto *c, const struct auth_vector *v, const struct auth_ends *ends)
{
	struct auth_mac *master = auth_master_new(
		c, v->alg, (const uint8_t *)AUTH_VECTOR_KEY, strlen(AUTH_VECTOR_KEY));
	uint8_t key[AUTH_TRAFFIC_KEY_MAX];
	struct auth_mac *m;

	assert_non_null(master);
	assert_true(auth_traffic_key(master, v->alg, ends, key));
	m = auth_mac_new(c, v->alg, key);
	assert_non_null(m);
	auth_mac_free(master);
	return m;
}

static void
rfc_9235_traffic_keys(void **state)
{
	struct auth_crypto *c = crypto();

	(void)state;
	for (size_t i = 0; i < N_OF(auth_vectors); i++) {
		const struct auth_vector *v = &auth_vectors[i];
		uint8_t key[AUTH_TRAFFIC_KEY_MAX], expected[AUTH_TRAFFIC_KEY_MAX];
		struct auth_mac *master = auth_master_new(
			c, v->alg, (const uint8_t *)AUTH_VECTOR_KEY, strlen(AUTH_VECTOR_KEY));
		uint32_t len = from_hex(v->traffic_key, expected, sizeof(expected));
		struct packet p;

		parse(v, &p);
		assert_int_equal(len, auth_traffic_key_len(v->alg));
		for (int again = 0; again < 2; again++) {
			memset(key, 0, sizeof(key));
			assert_true(auth_traffic_key(master, v->alg, &p.ends, key));
			assert_memory_equal(key, expected, len);
		}
		auth_mac_free(master);
	}
	auth_crypto_free(c);
}

static void
rfc_9235_macs(void **state)
{
	struct auth_crypto *c = crypto();

	(void)state;
	for (size_t i = 0; i < N_OF(auth_vectors); i++) {
		uint8_t mac[AUTH_MAC_LEN];
		struct auth_mac *m;
		struct packet p;

		parse(&auth_vectors[i], &p);
		check_typing(&p);
		m = vector_mac(c, &auth_vectors[i], &p.ends);
		for (int again = 0; again < 2; again++) {
			assert_true(auth_mac_make(m, &p.ends, &p.segment, mac));
			assert_memory_equal(mac, p.mac, AUTH_MAC_LEN);
			assert_true(auth_mac_equal(mac, p.mac));
		}
		auth_mac_free(m);
	}
	auth_crypto_free(c);
}

/* Does the byte at `at` of the TCP segment have a say in the MAC (RFC 5925 5.1)? */
static bool
covered(const struct auth_segment *s, uint32_t at)
{
	uint32_t mine = at - s->option_at; /* wraps before it */

	if (at == 16 || at == 17)
		return false; /* checksum */
	if (mine < TCP_OPT_AUTH_LEN)
		return mine < AUTH_MAC_AT;
	if (at >= sizeof(struct rte_tcp_hdr) && at < s->header_len)
		return s->cover_options;
	return true;
}

static void
every_byte_that_is_covered(void **state)
{
	struct auth_crypto *c = crypto();

	(void)state;
	for (size_t i = 0; i < N_OF(auth_vectors); i++) {
		uint8_t mac[AUTH_MAC_LEN];
		struct auth_mac *m;
		struct packet p;

		parse(&auth_vectors[i], &p);
		m = vector_mac(c, &auth_vectors[i], &p.ends);
		for (uint32_t at = 0; at < p.segment.len; at++) {
			uint8_t original[AUTH_MAC_LEN];

			memcpy(original, p.mac, sizeof(original));
			p.bytes[p.ip_len + at] ^= 0x10;
			assert_true(auth_mac_make(m, &p.ends, &p.segment, mac));
			assert_int_equal(auth_mac_equal(mac, original), !covered(&p.segment, at));
			p.bytes[p.ip_len + at] ^= 0x10;
		}
		for (uint32_t at = 0; at < p.ends.addr_len; at++) {
			p.ends.src[at] ^= 1;
			assert_true(auth_mac_make(m, &p.ends, &p.segment, mac));
			assert_false(auth_mac_equal(mac, p.mac));
			p.ends.src[at] ^= 1;
			p.ends.dst[at] ^= 1;
			assert_true(auth_mac_make(m, &p.ends, &p.segment, mac));
			assert_false(auth_mac_equal(mac, p.mac));
			p.ends.dst[at] ^= 1;
		}
		p.segment.sne = 1;
		assert_true(auth_mac_make(m, &p.ends, &p.segment, mac));
		assert_false(auth_mac_equal(mac, p.mac));
		auth_mac_free(m);
	}
	auth_crypto_free(c);
}

/* RFC 4615 4: the pre-step for keys of any length is AES-CMAC-PRF-128's; its three vectors. */
static void
aes_master_keys_of_other_lengths(void **state)
{
	static const struct {
		uint8_t len;
		const char *out;
	} prf[] = {
		{18, "84a348a4 a45d235b abfffc0d 2b4da09a"},
		{16, "980ae87b 5f4c9c52 14f5b6a8 455e4c2d"},
		{10, "290d9e11 2edb09ee 141fcf64 c0b72f3d"},
	};
	static const uint8_t key[18] = {
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0xed, 0xcb};
	struct auth_crypto *c = crypto();

	(void)state;
	for (size_t i = 0; i < N_OF(prf); i++) {
		/* The vectors' message is 20 bytes 0 to 19: here, a segment without anything
		 * before. */
		struct auth_mac *m =
			auth_master_new(c, SPATE_AUTH_AES_128_CMAC_96, key, prf[i].len);
		uint8_t expected[16], out[AUTH_TRAFFIC_KEY_MAX];
		uint8_t message[20];

		for (size_t b = 0; b < sizeof(message); b++)
			message[b] = b;
		assert_non_null(m);
		assert_int_equal(from_hex(prf[i].out, expected, sizeof(expected)), 16);
		assert_true(auth_prf(m, message, sizeof(message), out, 16));
		assert_memory_equal(out, expected, 16);
		auth_mac_free(m);
	}
	auth_crypto_free(c);
}

static void
rekeyed(void **state)
{
	struct auth_crypto *c = crypto();
	struct auth_mac *scratch[3] = {NULL};

	(void)state;
	for (size_t i = 0; i < N_OF(auth_vectors); i++) {
		const struct auth_vector *v = &auth_vectors[i];
		uint8_t key[AUTH_TRAFFIC_KEY_MAX], mac[AUTH_MAC_LEN];
		struct packet p;

		parse(v, &p);
		from_hex(v->traffic_key, key, sizeof(key));
		if (scratch[v->alg] == NULL)
			scratch[v->alg] = auth_mac_new(c, v->alg, key);
		assert_true(auth_mac_rekey(scratch[v->alg], v->alg, key));
		assert_true(auth_mac_make(scratch[v->alg], &p.ends, &p.segment, mac));
		assert_memory_equal(mac, p.mac, AUTH_MAC_LEN);
	}
	for (size_t i = 0; i < N_OF(scratch); i++)
		auth_mac_free(scratch[i]);
	auth_crypto_free(c);
}

static void
no_such_algorithm(void **state)
{
	(void)state;
	assert_int_equal(auth_traffic_key_len(0), 0);
	assert_int_equal(auth_traffic_key_len(3), 0);
}

/* Numbers anywhere within 2^31 of the newest mean what they were before they were cut off. */
static void
sne_of_what_is_near(void **state)
{
	struct rng r = {9235};

	(void)state;
	for (int i = 0; i < 100000; i++) {
		uint64_t newest = (1ull << 32) + (rng_next(&r) >> 28);
		int64_t apart = (int64_t)rng_below(&r, 1ull << 32) - (1ll << 31);
		uint64_t meant = newest + apart;

		assert_int_equal(auth_sne(newest, meant), meant >> 32);
		assert_int_equal(auth_extend(newest, meant), meant);
	}
}

/* A walk through five wraps, out of order, with the newest that was seen as its only state. */
static void
sne_over_the_wrap(void **state)
{
	struct rng r = {5925};
	uint64_t sent = 0xfffff000, newest = sent;

	(void)state;
	while (sent < 5ull << 32) {
		uint64_t old = sent - rng_below(&r, sent < 1ull << 30 ? 100 : 1ull << 30);

		sent += rng_below(&r, 1ull << 28);
		assert_int_equal(auth_sne(newest, sent), sent >> 32);
		auth_sne_advance(&newest, sent);
		assert_true(newest == sent);
		assert_int_equal(auth_sne(newest, old), old >> 32);
		auth_sne_advance(&newest, old);
		assert_true(newest == sent);
	}
	assert_int_equal(newest >> 32, 5);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST("OP-08", rfc_9235_traffic_keys),
		ROW_TEST("OP-08", rfc_9235_macs),
		ROW_TEST("OP-08", every_byte_that_is_covered),
		ROW_TEST("OP-08", aes_master_keys_of_other_lengths),
		ROW_TEST("OP-08", rekeyed),
		ROW_TEST("OP-08", no_such_algorithm),
		ROW_TEST("OP-08", sne_of_what_is_near),
		ROW_TEST("OP-08", sne_over_the_wrap),
	};

	return unit_main(argc, argv, tests, N_OF(tests), NULL, NULL);
}
