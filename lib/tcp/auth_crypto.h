/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcp/auth_crypto: what TCP-AO computes (RFC 5925 5, RFC 5926): traffic keys from a master
 * key, the MAC of a segment, and which sequence number extension it was made with. Pure
 * functions over bytes: which key a connection uses is tcp/auth.h's.
 *
 * The algorithms are OpenSSL's. A key that will be used more than once is made into a
 * struct auth_mac first, since that is what costs. Where spate was built without OpenSSL,
 * auth_none.c stands in: auth_crypto_new() says -ENOTSUP, and nothing else is ever called.
 */
#ifndef SPATE_TCP_AUTH_CRYPTO_H
#define SPATE_TCP_AUTH_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include "spate.h"
#include "wire/tcp_options.h"

#define AUTH_MAC_LEN         12 /* both algorithms: cut to 96 bits */
#define AUTH_TRAFFIC_KEY_MAX 20
#define AUTH_MAC_AT          4  /* of the MAC in the option */
#define AUTH_HEADER_MAX      60 /* TCP header with all the options there may be */

/* The algorithms, found once. */
struct auth_crypto;

/* One algorithm with one key, ready for any number of messages. */
struct auth_mac;

/* Both ends of a connection as a segment from one of them has them: RFC 5926 3.1's Context. */
struct auth_ends {
	uint8_t addr_len; /* 4 or 16 */
	uint8_t src[16];  /* the sender's address */
	uint8_t dst[16];  /* the receiver's */
	rte_be16_t sport, dport;
	uint32_t src_isn, dst_isn; /* host order; dst_isn is 0 for a SYN (RFC 5925 5.2) */
};

/* A TCP segment, header and all, as it is on the wire. */
struct auth_segment {
	const uint8_t *tcp; /* the header's first byte */
	uint32_t len;       /* of header and data */
	uint8_t header_len; /* options included: 20 + TCP_OPT_AUTH_LEN to AUTH_HEADER_MAX */
	uint8_t option_at;  /* where the option begins, counted from the header's first byte */
	bool cover_options; /* of the other options (RFC 5925 5.1); ours is always covered */
	uint32_t sne;
};

/* 0, -ENOTSUP (built without OpenSSL, or it has no such algorithms), -ENOMEM. */
int auth_crypto_new(struct auth_crypto **out);
void auth_crypto_free(struct auth_crypto *);

/* Bytes of a traffic key; 0 for no algorithm of ours. */
uint8_t auth_traffic_key_len(enum spate_auth_algorithm alg);

/*
 * A master key, to derive traffic keys from (RFC 5926 3.1.1: one that is not 16 bytes long
 * becomes an AES key through AES-CMAC). NULL: no memory.
 */
struct auth_mac *auth_master_new(const struct auth_crypto *, enum spate_auth_algorithm alg,
	const uint8_t *key, uint32_t len);

/* The `len` bytes (16 or 20) that the algorithm makes of one message under `m`. */
bool auth_prf(
	struct auth_mac *m, const uint8_t *message, size_t message_len, uint8_t *out, size_t len);

/* The traffic key of segments between `ends`: auth_traffic_key_len() bytes. */
bool auth_traffic_key(struct auth_mac *master, enum spate_auth_algorithm alg,
	const struct auth_ends *ends, uint8_t key[AUTH_TRAFFIC_KEY_MAX]);

/* A traffic key, to make MACs with. NULL: no memory. */
struct auth_mac *auth_mac_new(const struct auth_crypto *, enum spate_auth_algorithm alg,
	const uint8_t key[AUTH_TRAFFIC_KEY_MAX]);
/* Another key of the same algorithm. False: no memory, and it must not be used. */
bool auth_mac_rekey(
	struct auth_mac *, enum spate_auth_algorithm alg, const uint8_t key[AUTH_TRAFFIC_KEY_MAX]);
/* The key is wiped. NULL is allowed. */
void auth_mac_free(struct auth_mac *);

/* The MAC of a segment between `ends`, of which only addresses are read. */
bool auth_mac_make(struct auth_mac *, const struct auth_ends *ends, const struct auth_segment *s,
	uint8_t mac[AUTH_MAC_LEN]);

/* In constant time. */
bool auth_mac_equal(const uint8_t *a, const uint8_t *b);

/* Bytes that were a key. */
void auth_wipe(void *p, size_t len);

/*
 * RFC 5925 6.2: the sequence number extension. `newest` is the highest sequence number
 * there was in this direction, counted over 64 bits and beginning with the ISN: what is at
 * most 2^31 away from it has one meaning only. (RFC 5925's own flags go wrong where segments
 * arrive out of order beside the wrap and beside its middle: RFC 9187 2.)
 */
static inline uint64_t
auth_extend(uint64_t newest, uint32_t seq)
{
	return newest + (int64_t)(int32_t)(seq - (uint32_t)newest);
}

static inline uint32_t
auth_sne(uint64_t newest, uint32_t seq)
{
	return auth_extend(newest, seq) >> 32;
}

/* A segment with `seq` was sent, or was received and its MAC is good. */
static inline void
auth_sne_advance(uint64_t *newest, uint32_t seq)
{
	if ((int32_t)(seq - (uint32_t)*newest) > 0)
		*newest = auth_extend(*newest, seq);
}

#endif
