/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flow/flow_key: the 4-tuple that names a connection, and its hash.
 *
 * The key is laid out as a received packet has it on the wire (source address,
 * destination address, source port, destination port), so reading it is one copy.
 * "Remote" is the peer: the source of what we receive. An IPv6 address is here by its name
 * (wire/addr.h).
 *
 * The hash is under a secret, because remote parties choose tuples and could otherwise fill one
 * bucket: four rounds of AES where the build is for processors that have them (-march=native), and
 * SipHash-1-3 where not, whose five rounds take six times as long.
 */
#ifndef SPATE_FLOW_KEY_H
#define SPATE_FLOW_KEY_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>
#ifdef __AES__
#include <rte_vect.h>
#endif

struct flow_key {
	rte_be32_t raddr, laddr;
	rte_be16_t rport, lport;
};

/*
 * Make a key in the pieces it is read in (words.h): `ports` are the segment's first word, the
 * peer's in front.
 */
static inline void
flow_key_make(struct flow_key *k, rte_be32_t raddr, rte_be32_t laddr, uint32_t ports)
{
#if RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN
	uint64_t addrs = raddr | (uint64_t)laddr << 32;
#else
	uint64_t addrs = (uint64_t)raddr << 32 | laddr;
#endif

	memcpy(k, &addrs, sizeof(addrs));
	memcpy(&k->rport, &ports, sizeof(ports));
}

static inline bool
flow_key_equal(const struct flow_key *a, const struct flow_key *b)
{
	uint64_t a0, b0;
	uint32_t a1, b1;

	memcpy(&a0, a, 8);
	memcpy(&b0, b, 8);
	memcpy(&a1, &a->rport, 4);
	memcpy(&b1, &b->rport, 4);
	return ((a0 ^ b0) | (a1 ^ b1)) == 0;
}

static inline uint64_t
flow_rotl(uint64_t x, int b)
{
	return x << b | x >> (64 - b);
}

/* One SipHash round over v[4]. */
static inline void
flow_sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = flow_rotl(v[1], 13) ^ v[0];
	v[0] = flow_rotl(v[0], 32);
	v[2] += v[3];
	v[3] = flow_rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = flow_rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = flow_rotl(v[1], 17) ^ v[2];
	v[2] = flow_rotl(v[2], 32);
}

/* SipHash-1-3 of the key's 12 bytes under `secret`. */
static inline uint64_t
flow_key_siphash(const struct flow_key *k, const uint64_t secret[2])
{
	uint64_t m0, m1 = 12ull << 56;
	uint64_t v[4] = {
		secret[0] ^ 0x736f6d6570736575ull,
		secret[1] ^ 0x646f72616e646f6dull,
		secret[0] ^ 0x6c7967656e657261ull,
		secret[1] ^ 0x7465646279746573ull,
	};
	uint32_t ports;

	memcpy(&m0, k, 8);
	memcpy(&ports, &k->rport, 4);
	m1 |= ports;
	v[3] ^= m0;
	flow_sip_round(v);
	v[0] ^= m0;
	v[3] ^= m1;
	flow_sip_round(v);
	v[0] ^= m1;
	v[2] ^= 0xff;
	flow_sip_round(v);
	flow_sip_round(v);
	flow_sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

#ifdef __AES__
/*
 * Half of what four rounds of AES make of the key's 12 bytes. Two spread a bit over the whole
 * block; four leave no difference that is likely, whoever chooses it without the secret.
 */
static inline uint64_t
flow_key_aes(const struct flow_key *k, const uint64_t secret[2])
{
	__m128i even = _mm_loadu_si128((const __m128i *)(const void *)secret);
	__m128i odd = _mm_xor_si128(_mm_shuffle_epi32(even, 0x4e), _mm_set1_epi32(0x5a9c3e71));
	uint32_t ports;
	uint64_t addrs;
	__m128i x;

	memcpy(&addrs, k, 8);
	memcpy(&ports, &k->rport, 4);
	x = _mm_xor_si128(_mm_set_epi64x(ports, (long long)addrs), even);
	x = _mm_aesenc_si128(x, odd);
	x = _mm_aesenc_si128(x, even);
	x = _mm_aesenc_si128(x, odd);
	x = _mm_aesenc_si128(x, even);
	return _mm_cvtsi128_si64(x);
}
#endif

static inline uint64_t
flow_key_hash(const struct flow_key *k, const uint64_t secret[2])
{
#ifdef __AES__
	return flow_key_aes(k, secret);
#else
	return flow_key_siphash(k, secret);
#endif
}

#endif
