/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP-AO where spate was built without OpenSSL: there is none. Without an auth_crypto
 * there are no keys, so that what follows it here is never reached.
 */
#include "tcp/auth_crypto.h"

#include <errno.h>
#include <stddef.h>

#include <rte_common.h>

int
auth_crypto_new(struct auth_crypto **out)
{
	*out = NULL;
	return -ENOTSUP;
}

void
auth_crypto_free(struct auth_crypto *c)
{
	RTE_SET_USED(c);
}

uint8_t
auth_traffic_key_len(enum spate_auth_algorithm alg)
{
	RTE_SET_USED(alg);
	return 0;
}

struct auth_mac *
auth_master_new(const struct auth_crypto *c, enum spate_auth_algorithm alg, const uint8_t *key,
	uint32_t len)
{
	RTE_SET_USED(c);
	RTE_SET_USED(alg);
	RTE_SET_USED(key);
	RTE_SET_USED(len);
	return NULL;
}

bool
auth_prf(struct auth_mac *m, const uint8_t *message, size_t message_len, uint8_t *out, size_t len)
{
	RTE_SET_USED(m);
	RTE_SET_USED(message);
	RTE_SET_USED(message_len);
	RTE_SET_USED(out);
	RTE_SET_USED(len);
	return false;
}

bool
auth_traffic_key(struct auth_mac *master, enum spate_auth_algorithm alg,
	const struct auth_ends *ends, uint8_t key[AUTH_TRAFFIC_KEY_MAX])
{
	RTE_SET_USED(master);
	RTE_SET_USED(alg);
	RTE_SET_USED(ends);
	RTE_SET_USED(key);
	return false;
}

struct auth_mac *
auth_mac_new(const struct auth_crypto *c, enum spate_auth_algorithm alg,
	const uint8_t key[AUTH_TRAFFIC_KEY_MAX])
{
	return auth_master_new(c, alg, key, 0);
}

bool
auth_mac_rekey(
	struct auth_mac *m, enum spate_auth_algorithm alg, const uint8_t key[AUTH_TRAFFIC_KEY_MAX])
{
	RTE_SET_USED(m);
	RTE_SET_USED(alg);
	RTE_SET_USED(key);
	return false;
}

void
auth_mac_free(struct auth_mac *m)
{
	RTE_SET_USED(m);
}

bool
auth_mac_make(struct auth_mac *m, const struct auth_ends *ends, const struct auth_segment *s,
	uint8_t mac[AUTH_MAC_LEN])
{
	RTE_SET_USED(m);
	RTE_SET_USED(ends);
	RTE_SET_USED(s);
	RTE_SET_USED(mac);
	return false;
}

bool
auth_mac_equal(const uint8_t *a, const uint8_t *b)
{
	RTE_SET_USED(a);
	RTE_SET_USED(b);
	return false;
}

void
auth_wipe(void *p, size_t len)
{
	RTE_SET_USED(p);
	RTE_SET_USED(len);
}
