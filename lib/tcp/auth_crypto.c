/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 5926's two sets of algorithms, by OpenSSL's EVP_MAC. struct auth_mac is an
 * EVP_MAC_CTX: initialised with NULL for the key it begins another message under the key
 * it has. For CMAC that allocates nothing; OpenSSL 3's HMAC copies its digest's state,
 * two small allocations a message, inside.
 */
#include "tcp/auth_crypto.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#define TCP_HEADER_LEN 20
#define CHECKSUM_AT    16 /* in the TCP header */
#define AES_KEY_LEN    16
#define PROTOCOL_TCP   6

struct auth_crypto {
	EVP_MAC *hmac, *cmac;
};

static EVP_MAC_CTX *
ctx_of(struct auth_mac *m)
{
	return (EVP_MAC_CTX *)(void *)m;
}

int
auth_crypto_new(struct auth_crypto **out)
{
	struct auth_crypto *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return -ENOMEM;
	c->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	c->cmac = EVP_MAC_fetch(NULL, "CMAC", NULL);
	if (c->hmac == NULL || c->cmac == NULL) {
		auth_crypto_free(c);
		return -ENOTSUP;
	}
	*out = c;
	return 0;
}

void
auth_crypto_free(struct auth_crypto *c)
{
	if (c == NULL)
		return;
	EVP_MAC_free(c->hmac);
	EVP_MAC_free(c->cmac);
	free(c);
}

uint8_t
auth_traffic_key_len(enum spate_auth_algorithm alg)
{
	switch (alg) {
	case SPATE_AUTH_HMAC_SHA_1_96:
		return 20;
	case SPATE_AUTH_AES_128_CMAC_96:
		return AES_KEY_LEN;
	}
	return 0;
}

static struct auth_mac *
keyed(const struct auth_crypto *c, enum spate_auth_algorithm alg, const uint8_t *key, uint32_t len)
{
	bool hmac = alg == SPATE_AUTH_HMAC_SHA_1_96;
	char name[] = "AES-128-CBC", digest[] = "SHA1";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(
			hmac ? OSSL_MAC_PARAM_DIGEST : OSSL_MAC_PARAM_CIPHER, hmac ? digest : name,
			0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(hmac ? c->hmac : c->cmac);

	if (ctx && !EVP_MAC_init(ctx, key, len, params)) {
		EVP_MAC_CTX_free(ctx);
		ctx = NULL;
	}
	return (struct auth_mac *)(void *)ctx;
}

bool
auth_prf(struct auth_mac *m, const uint8_t *message, size_t message_len, uint8_t *out, size_t len)
{
	size_t made = 0;

	return EVP_MAC_init(ctx_of(m), NULL, 0, NULL) &&
	       EVP_MAC_update(ctx_of(m), message, message_len) &&
	       EVP_MAC_final(ctx_of(m), out, &made, len) && made == len;
}

struct auth_mac *
auth_master_new(const struct auth_crypto *c, enum spate_auth_algorithm alg, const uint8_t *key,
	uint32_t len)
{
	static const uint8_t zero[AES_KEY_LEN];
	uint8_t derived[AES_KEY_LEN];
	struct auth_mac *first, *m = NULL;

	if (alg == SPATE_AUTH_HMAC_SHA_1_96 || len == AES_KEY_LEN)
		return keyed(c, alg, key, len);
	/* RFC 5926 3.1.1.2: K = AES-CMAC(0^128, Master_Key) unless that has 16 bytes. */
	first = keyed(c, alg, zero, sizeof(zero));
	if (first && auth_prf(first, key, len, derived, sizeof(derived)))
		m = keyed(c, alg, derived, sizeof(derived));
	auth_mac_free(first);
	auth_wipe(derived, sizeof(derived));
	return m;
}

static uint8_t *
put(uint8_t *p, const void *bytes, size_t len)
{
	memcpy(p, bytes, len);
	return p + len;
}

static uint8_t *
put32(uint8_t *p, uint32_t v)
{
	rte_be32_t be = rte_cpu_to_be_32(v);

	return put(p, &be, sizeof(be));
}

static uint8_t *
put16(uint8_t *p, uint16_t v)
{
	rte_be16_t be = rte_cpu_to_be_16(v);

	return put(p, &be, sizeof(be));
}

/*
 * RFC 5926 3.1: Traffic_Key = PRF(Master_Key, i || Label || Context || Output_Length), with
 * i = 1, for one block of either function is all the key there is.
 */
bool
auth_traffic_key(struct auth_mac *master, enum spate_auth_algorithm alg, const struct auth_ends *e,
	uint8_t key[AUTH_TRAFFIC_KEY_MAX])
{
	uint8_t input[1 + 6 + 2 * 16 + 2 * 2 + 2 * 4 + 2], *p = input;
	uint8_t len = auth_traffic_key_len(alg);

	*p++ = 1;
	p = put(p, "TCP-AO", 6);
	p = put(p, e->src, e->addr_len);
	p = put(p, e->dst, e->addr_len);
	p = put(p, &e->sport, sizeof(e->sport));
	p = put(p, &e->dport, sizeof(e->dport));
	p = put32(p, e->src_isn);
	p = put32(p, e->dst_isn);
	p = put16(p, len * 8);
	return auth_prf(master, input, p - input, key, len);
}

struct auth_mac *
auth_mac_new(const struct auth_crypto *c, enum spate_auth_algorithm alg,
	const uint8_t key[AUTH_TRAFFIC_KEY_MAX])
{
	return keyed(c, alg, key, auth_traffic_key_len(alg));
}

bool
auth_mac_rekey(
	struct auth_mac *m, enum spate_auth_algorithm alg, const uint8_t key[AUTH_TRAFFIC_KEY_MAX])
{
	return EVP_MAC_init(ctx_of(m), key, auth_traffic_key_len(alg), NULL);
}

void
auth_mac_free(struct auth_mac *m)
{
	EVP_MAC_CTX_free(ctx_of(m));
}

/* SNE and pseudo header (RFC 5925 5.1 items 1 and 2). Returns how long they are. */
static size_t
begin_message(uint8_t *to, const struct auth_ends *e, const struct auth_segment *s)
{
	uint8_t *p = put32(to, s->sne);

	p = put(p, e->src, e->addr_len);
	p = put(p, e->dst, e->addr_len);
	if (e->addr_len == 4) { /* RFC 9293 3.1 */
		p = put16(p, PROTOCOL_TCP);
		p = put16(p, s->len);
	} else { /* RFC 8200 8.1 */
		p = put32(p, s->len);
		p = put32(p, PROTOCOL_TCP);
	}
	return p - to;
}

/*
 * RFC 5925 5.1 item 3: the TCP header, checksum and MAC zero. Where options are not
 * covered, ours follows the fixed header at once.
 */
static size_t
add_header(uint8_t *to, const struct auth_segment *s)
{
	size_t len, option_at = s->cover_options ? s->option_at : TCP_HEADER_LEN;

	if (s->cover_options) {
		len = s->header_len;
		memcpy(to, s->tcp, len);
	} else {
		len = TCP_HEADER_LEN + TCP_OPT_AUTH_LEN;
		memcpy(to, s->tcp, TCP_HEADER_LEN);
		memcpy(to + option_at, s->tcp + s->option_at, AUTH_MAC_AT);
	}
	memset(to + CHECKSUM_AT, 0, 2);
	memset(to + option_at + AUTH_MAC_AT, 0, AUTH_MAC_LEN);
	return len;
}

bool
auth_mac_make(struct auth_mac *m, const struct auth_ends *e, const struct auth_segment *s,
	uint8_t mac[AUTH_MAC_LEN])
{
	uint8_t message[4 + 40 + AUTH_HEADER_MAX], whole[AUTH_TRAFFIC_KEY_MAX];
	size_t len = begin_message(message, e, s), made;

	len += add_header(message + len, s);
	if (!EVP_MAC_init(ctx_of(m), NULL, 0, NULL) || !EVP_MAC_update(ctx_of(m), message, len) ||
		!EVP_MAC_update(ctx_of(m), s->tcp + s->header_len, s->len - s->header_len) ||
		!EVP_MAC_final(ctx_of(m), whole, &made, sizeof(whole)) || made < AUTH_MAC_LEN)
		return false;
	memcpy(mac, whole, AUTH_MAC_LEN); /* RFC 5926 3.2: the first 96 bits */
	return true;
}

bool
auth_mac_equal(const uint8_t *a, const uint8_t *b)
{
	return CRYPTO_memcmp(a, b, AUTH_MAC_LEN) == 0;
}

void
auth_wipe(void *p, size_t len)
{
	OPENSSL_cleanse(p, len);
}
