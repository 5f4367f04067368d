/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys of TCP-AO: arguments checked, memory taken with the first of them. */
#include <errno.h>
#include <sys/socket.h>

#include "stack/stack.h"
#include "tcp/auth.h"

#define RECORDS_DEFAULT 16384

static uint32_t
records(const struct spate_stack_conf *c)
{
	uint32_t most = c->max_conns + c->max_time_wait;
	uint32_t n = c->max_auth ? c->max_auth : RECORDS_DEFAULT;

	return n < most ? n : most;
}

static int
begin(struct spate_stack *s)
{
	const struct spate_stack_conf *c = &s->conf;
	size_t bytes = tcp_auth_bytes(c->max_conns, c->max_time_wait, records(c));
	void *memory = c->alloc(c->alloc_ctx, bytes, false);
	int rc;

	if (memory == NULL)
		return -ENOMEM;
	rc = tcp_auth_init(&s->tcp, memory, c->max_time_wait, records(c));
	if (rc < 0) {
		c->free(c->alloc_ctx, memory, bytes);
		return rc;
	}
	s->tcp.auth_look = true;
	return 0;
}

void
stack_auth_free(struct spate_stack *s)
{
	const struct spate_stack_conf *c = &s->conf;
	struct tcp_auth *memory = s->tcp.auth;

	if (memory == NULL)
		return;
	tcp_auth_free(&s->tcp);
	c->free(c->alloc_ctx, memory, tcp_auth_bytes(c->max_conns, c->max_time_wait, records(c)));
}

static bool
peer_valid(const struct spate_auth_key *key)
{
	return (key->peer.family == AF_INET && key->prefix <= 32) ||
	       (key->peer.family == AF_INET6 && key->prefix <= 128);
}

int
spate_auth_key_add(struct spate_stack *s, const struct spate_auth_key *key)
{
	int rc;

	if (!peer_valid(key) || key->key_len == 0 || key->key_len > sizeof(key->key) ||
		(key->algorithm != SPATE_AUTH_HMAC_SHA_1_96 &&
			key->algorithm != SPATE_AUTH_AES_128_CMAC_96))
		return -EINVAL;
	if (s->tcp.auth == NULL && (rc = begin(s)) < 0)
		return rc;
	return tcp_auth_key_add(&s->tcp, key);
}

int
spate_auth_key_remove(struct spate_stack *s, const struct spate_auth_key *key)
{
	if (!peer_valid(key))
		return -EINVAL;
	return s->tcp.auth ? tcp_auth_key_remove(&s->tcp, key) : -ENOENT;
}

int
spate_auth_key_use(struct spate_stack *s, const struct spate_auth_key *key)
{
	if (!peer_valid(key))
		return -EINVAL;
	return s->tcp.auth ? tcp_auth_key_use(&s->tcp, key) : -ENOENT;
}

uint32_t
spate_auth_in_use(const struct spate_stack *s)
{
	return s->tcp.auth ? s->tcp.auth->in_use : 0;
}

bool
spate_auth_supported(void)
{
	struct auth_crypto *c;

	if (auth_crypto_new(&c) < 0)
		return false;
	auth_crypto_free(c);
	return true;
}

bool
spate_auth_key_same(const struct spate_auth_key *a, const struct spate_auth_key *b)
{
	return tcp_auth_key_same(a, b);
}

bool
spate_auth_key_overlap(const struct spate_auth_key *a, const struct spate_auth_key *b)
{
	return tcp_auth_key_overlap(a, b);
}

bool
spate_auth_key_conflict(const struct spate_auth_key *a, const struct spate_auth_key *b)
{
	return tcp_auth_key_conflict(a, b);
}
