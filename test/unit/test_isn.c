/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * isn: initial sequence numbers as an outsider would weigh them (CM-11, RFC 6528). Those of
 * neighbouring tuples tell nothing of each other: every bit is even, every bit of the tuple
 * and of the secret changes every bit of the number half of the time, differences are
 * spread evenly and follow no order. Those of one tuple follow the clock, and nothing else.
 *
 * Secrets are fixed, so the outcome is too; the bounds are five standard deviations of what
 * true randomness would give for the sample's size, and a little more where many are drawn.
 */
#include "unit.h"

#include <math.h>

#include "tcp/tcp.h"

#define SAMPLES (1u << 20)

static struct tcp *
make_tcp(uint8_t secret)
{
	struct tcp *t = exact_alloc(sizeof(*t));

	for (size_t i = 0; i < sizeof(t->isn_key); i++)
		t->isn_key[i] = secret + 7 * i;
	t->conf.isn_shift = 6;
	t->now_ns = 123456789000;
	return t;
}

static uint32_t
isn_of(const struct tcp *t, const struct flow_key *k)
{
	uint32_t iss, ts_offset;

	tcp_isn(t, k, &iss, &ts_offset);
	return iss;
}

/* The n-th of tuples as a scanner would try them: ports in order, then addresses. */
static struct flow_key
nth_key(uint32_t n)
{
	return (struct flow_key){
		.raddr = rte_cpu_to_be_32(0xc6120002 + (n >> 15)),
		.laddr = rte_cpu_to_be_32(0xc6120001),
		.rport = rte_cpu_to_be_16(20000 + (n & 0x7fff)),
		.lport = rte_cpu_to_be_16(80),
	};
}

/* Any tuple of IPv4: a name of an IPv6 address means nothing here (wire/addr.h). */
static void
random_key(struct rng *r, struct flow_key *k)
{
	do
		rng_fill(r, (uint8_t *)k, sizeof(*k));
	while (rte_be_to_cpu_32(k->raddr) >> 29 == 7);
}

/* Their ISNs, the caller's to free. */
static uint32_t *
neighbours(const struct tcp *t)
{
	uint32_t *isn = exact_alloc(SAMPLES * sizeof(*isn));

	for (uint32_t i = 0; i < SAMPLES; i++) {
		struct flow_key k = nth_key(i);

		isn[i] = isn_of(t, &k);
	}
	return isn;
}

/* `ones` of `n` fair coins: how many standard deviations from half? */
static double
coins(uint32_t ones, uint32_t n)
{
	return fabs(ones - n / 2.0) / (sqrt(n) / 2);
}

static void
assert_even_bits(const uint32_t *x, uint32_t n, const char *what)
{
	uint32_t ones[32] = {0};

	for (uint32_t i = 0; i < n; i++)
		for (uint32_t bit = 0; bit < 32; bit++)
			ones[bit] += x[i] >> bit & 1;
	for (uint32_t bit = 0; bit < 32; bit++)
		if (coins(ones[bit], n) > 5)
			fail_msg("%s: bit %u is 1 in %u of %u", what, bit, ones[bit], n);
}

/* Pearson's test of 8 bits of each number against an even spread: 255 degrees of freedom. */
static void
assert_even_spread(const uint32_t *x, uint32_t n, uint32_t shift, const char *what)
{
	double expected = n / 256.0, chi = 0;
	uint32_t count[256] = {0};

	for (uint32_t i = 0; i < n; i++)
		count[x[i] >> shift & 255]++;
	for (uint32_t i = 0; i < 256; i++)
		chi += (count[i] - expected) * (count[i] - expected) / expected;
	if (fabs(chi - 255) > 5 * sqrt(2 * 255))
		fail_msg("%s: chi square of bits %u and up is %.1f", what, shift, chi);
}

/* Does a number tell of the one `lag` behind it? The coefficient of n even ones: 0 +- 1/sqrt(n). */
static void
assert_no_correlation(
	const uint32_t *x, const uint32_t *y, uint32_t n, uint32_t lag, const char *what)
{
	const double mean = 2147483647.5, variance = 18446744073709551615.0 / 12;
	double sum = 0;

	for (uint32_t i = 0; i + lag < n; i++)
		sum += (x[i] - mean) * (y[i + lag] - mean);
	sum /= (double)(n - lag) * variance;
	if (fabs(sum) > 5 / sqrt(n - lag))
		fail_msg("%s: correlation %.5f at a distance of %u", what, sum, lag);
}

static void
test_isn_bits_are_even(void **state)
{
	struct tcp *t = make_tcp(1);
	uint32_t *isn = neighbours(t);

	(void)state;
	assert_even_bits(isn, SAMPLES, "ISN");
	for (uint32_t shift = 0; shift < 32; shift += 8)
		assert_even_spread(isn, SAMPLES, shift, "ISN");
	free(isn);
	free(t);
}

static void
test_isn_neighbours_are_unrelated(void **state)
{
	struct tcp *t = make_tcp(2);
	uint32_t *isn = neighbours(t), n = SAMPLES - 1;

	(void)state;
	for (uint32_t lag = 1; lag <= 64; lag++)
		assert_no_correlation(isn, isn, SAMPLES, lag, "ISN");
	for (uint32_t i = 0; i < n; i++)
		isn[i] = isn[i + 1] - isn[i];
	assert_even_bits(isn, n, "difference");
	for (uint32_t shift = 0; shift < 32; shift += 8)
		assert_even_spread(isn, n, shift, "difference");
	for (uint32_t lag = 1; lag <= 64; lag++)
		assert_no_correlation(isn, isn, n, lag, "difference");
	free(isn);
	free(t);
}

/* Change bit `bit` of `p` 4096 times: which bits of the number follow? Half, all of them. */
static void
assert_avalanche(struct tcp *t, struct flow_key *k, uint8_t *p, uint32_t bit, struct rng *r)
{
	enum { TRIES = 4096 };
	uint32_t flips[32] = {0};

	for (int i = 0; i < TRIES; i++) {
		uint32_t before, after;

		random_key(r, k);
		p[bit / 8] ^= 1u << bit % 8;
		if (addr_is_v6(k->raddr)) {
			i--;
			continue;
		}
		p[bit / 8] ^= 1u << bit % 8;
		before = isn_of(t, k);
		p[bit / 8] ^= 1u << bit % 8;
		after = isn_of(t, k);
		/* The clock is added behind the hash: without it, bits are compared, not sums. */
		before -= t->now_ns >> t->conf.isn_shift;
		after -= t->now_ns >> t->conf.isn_shift;
		for (uint32_t out = 0; out < 32; out++)
			flips[out] += (before ^ after) >> out & 1;
	}
	for (uint32_t out = 0; out < 32; out++)
		if (coins(flips[out], TRIES) > 5.5)
			fail_msg("bit %u of the input flips bit %u of the ISN %u times of %u", bit,
				out, flips[out], TRIES);
}

static void
test_isn_every_bit_of_tuple_and_secret_counts(void **state)
{
	struct tcp *t = make_tcp(3);
	struct rng r = {3};
	struct flow_key k;

	(void)state;
	for (uint32_t bit = 0; bit < 8 * sizeof(k); bit++)
		assert_avalanche(t, &k, (uint8_t *)&k, bit, &r);
	for (uint32_t bit = 0; bit < 8 * sizeof(t->isn_key); bit++)
		assert_avalanche(t, &k, t->isn_key, bit, &r);
	free(t);
}

/* A stack's addresses, as far as tcp_isn() looks at them: one of ours, names for a few peers. */
static struct tcp *
make_tcp6(uint8_t secret)
{
	enum { PLACES = 64 };
	static const uint8_t none[16], key[16], us[16] = {0x20, 1, 0, 2, [15] = 1};
	struct ip_iface *ip = exact_alloc(sizeof(*ip));
	struct tcp *t = make_tcp(secret);

	t->ip = ip;
	assert_int_equal(
		ip6_start(ip, aligned_exact(64, addr6_bytes(PLACES)), PLACES, key, us, 64, none),
		0);
	return t;
}

static void
free_tcp6(struct tcp *t)
{
	free(t->ip->peers6.entry);
	free(t->ip);
	free(t);
}

/* The ISN towards `peer`, without the clock. */
static uint32_t
isn_to(struct tcp *t, const uint8_t peer[16])
{
	struct flow_key k = {
		.raddr = ip6_peer_name(t->ip, peer),
		.laddr = addr_v6_name(t->ip->range6[1].base),
		.rport = 1,
		.lport = 2,
	};

	return isn_of(t, &k) - (uint32_t)(t->now_ns >> t->conf.isn_shift);
}

static void
test_isn_every_bit_of_ipv6_addresses_counts(void **state)
{
	enum { TRIES = 2048 };
	struct tcp *t = make_tcp6(6);
	struct rng r = {6};

	(void)state;
	for (uint32_t bit = 8; bit < 128; bit++) {
		uint32_t flips[32] = {0};

		for (int i = 0; i < TRIES; i++) {
			uint32_t before;
			uint8_t peer[16];

			rng_fill(&r, peer, sizeof(peer));
			peer[0] = 0x20;
			before = isn_to(t, peer);
			peer[bit / 8] ^= 1u << bit % 8;
			before ^= isn_to(t, peer);
			for (uint32_t out = 0; out < 32; out++)
				flips[out] += before >> out & 1;
		}
		for (uint32_t out = 0; out < 32; out++)
			if (coins(flips[out], TRIES) > 5.5)
				fail_msg("bit %u of the address flips bit %u of the ISN %u times "
					 "of %u",
					bit, out, flips[out], TRIES);
	}
	free_tcp6(t);
}

/* It is the address that counts, not the name it has just now: that is another next time. */
static void
test_isn_outlives_the_name(void **state)
{
	uint8_t peer[16] = {0x20, 1, 0, 2, [15] = 2}, other[16] = {0x20, 1, 0, 3};
	struct tcp *t = make_tcp6(7);
	rte_be32_t name = ip6_peer_name(t->ip, peer);
	uint32_t isn = isn_to(t, peer);

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		other[15] = i;
		ip6_peer_name(t->ip, other);
	}
	assert_int_not_equal(ip6_peer_name(t->ip, peer), name);
	assert_int_equal(isn_to(t, peer), isn);
	free_tcp6(t);
}

/* The timestamp that a SYN carries beside the ISN tells nothing of it, nor of the neighbour's. */
static void
test_isn_timestamp_offset_is_unrelated(void **state)
{
	struct tcp *t = make_tcp(4);
	uint32_t *isn = neighbours(t), *offset = exact_alloc(SAMPLES * sizeof(*offset));

	(void)state;
	for (uint32_t i = 0; i < SAMPLES; i++) {
		struct flow_key k = nth_key(i);
		uint32_t iss;

		tcp_isn(t, &k, &iss, &offset[i]);
	}
	assert_even_bits(offset, SAMPLES, "timestamp offset");
	for (uint32_t lag = 0; lag <= 8; lag++)
		assert_no_correlation(isn, offset, SAMPLES, lag, "ISN and timestamp offset");
	for (uint32_t lag = 1; lag <= 8; lag++)
		assert_no_correlation(offset, offset, SAMPLES, lag, "timestamp offset");
	for (uint32_t i = 0; i < SAMPLES; i++)
		offset[i] ^= isn[i] - (uint32_t)(t->now_ns >> t->conf.isn_shift);
	assert_even_bits(offset, SAMPLES, "ISN against timestamp offset");
	free(offset);
	free(isn);
	free(t);
}

/* One tuple: a number later than the last by the time between them, whatever the time. */
static void
test_isn_follows_the_clock(void **state)
{
	struct tcp *t = make_tcp(5);
	struct rng r = {5};

	(void)state;
	for (uint32_t i = 0; i < 20000; i++) {
		uint64_t step = rng_magnitude(&r, 37); /* to 137 s: 2^31 ticks of 64 ns */
		struct flow_key k;
		uint32_t before, offset[2];

		random_key(&r, &k);
		t->now_ns = rng_magnitude(&r, 51) & ~63ull;
		tcp_isn(t, &k, &before, &offset[0]);
		t->now_ns += step;
		assert_int_equal(isn_of(t, &k) - before, (uint32_t)(step / 64));
		if (step >= 64 && step < 1ull << 37)
			assert_true((int32_t)(isn_of(t, &k) - before) > 0);
		tcp_isn(t, &k, &before, &offset[1]);
		assert_int_equal(offset[0], offset[1]);
	}
	free(t);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST("CM-11", test_isn_bits_are_even),
		ROW_TEST("CM-11", test_isn_neighbours_are_unrelated),
		ROW_TEST("CM-11", test_isn_every_bit_of_tuple_and_secret_counts),
		ROW_TEST("CM-11 IP-04", test_isn_every_bit_of_ipv6_addresses_counts),
		ROW_TEST("CM-11 IP-04", test_isn_outlives_the_name),
		ROW_TEST("CM-11 OP-05", test_isn_timestamp_offset_is_unrelated),
		ROW_TEST("CM-11 OP-05", test_isn_follows_the_clock),
	};

	return unit_main(argc, argv, tests, N_OF(tests), NULL, NULL);
}
