/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Master key tuples (RFC 5925 3.1): few, looked through one by one. Two that could be
 * meant by one connection differ in both ids, so that an id on a segment names one key.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "tcp/auth.h"
#include "wire/addr.h"

_Static_assert(SPATE_AUTH_KEYS_MAX < AUTH_KEY_NONE, "a key's index is a byte");

size_t
tcp_auth_bytes(uint32_t max_conns, uint32_t max_time_wait, uint32_t records)
{
	return sizeof(struct tcp_auth) + records * sizeof(struct auth_conn) +
	       ((size_t)max_conns + max_time_wait) * sizeof(uint32_t);
}

int
tcp_auth_init(struct tcp *t, void *memory, uint32_t max_time_wait, uint32_t records)
{
	struct tcp_auth *a = memory;
	int rc = auth_crypto_new(&a->crypto);

	if (rc < 0)
		return rc;
	a->conns = (struct auth_conn *)(a + 1);
	a->of_conn = (uint32_t *)(a->conns + records);
	a->of_tw = a->of_conn + t->max_conns;
	memset(a->of_conn, 0xff, ((size_t)t->max_conns + max_time_wait) * sizeof(uint32_t));
	a->max = records;
	a->free_head = AUTH_NONE;
	for (int i = 0; i < 2; i++) {
		static const uint8_t none[AUTH_TRAFFIC_KEY_MAX];

		a->scratch[i] = auth_mac_new(a->crypto, SPATE_AUTH_HMAC_SHA_1_96 + i, none);
		if (a->scratch[i] == NULL)
			rc = -ENOTSUP;
	}
	t->auth = a;
	if (rc < 0)
		tcp_auth_free(t);
	return rc;
}

void
tcp_auth_free(struct tcp *t)
{
	struct tcp_auth *a = t->auth;

	if (a == NULL)
		return;
	for (uint32_t i = 0; i < a->untouched; i++) {
		auth_mac_free(a->conns[i].snd);
		auth_mac_free(a->conns[i].rcv[0]);
		auth_mac_free(a->conns[i].rcv[1]);
	}
	for (int i = 0; i < SPATE_AUTH_KEYS_MAX; i++)
		auth_mac_free(a->key[i].master);
	for (int i = 0; i < 2; i++)
		auth_mac_free(a->scratch[i]);
	auth_crypto_free(a->crypto);
	t->auth = NULL;
}

static const uint8_t *
bytes_of(const struct spate_addr *a)
{
	return a->family == AF_INET6 ? a->ip6 : (const uint8_t *)&a->ip4;
}

static bool
same_peer(const struct spate_auth_key *a, const struct spate_auth_key *b, uint8_t prefix)
{
	return a->peer.family == b->peer.family &&
	       addr_same_prefix(bytes_of(&a->peer), bytes_of(&b->peer), prefix);
}

static bool
ports_meet(uint16_t a, uint16_t b)
{
	return a == 0 || b == 0 || a == b;
}

bool
tcp_auth_key_overlap(const struct spate_auth_key *a, const struct spate_auth_key *b)
{
	return same_peer(a, b, a->prefix < b->prefix ? a->prefix : b->prefix) &&
	       ports_meet(a->peer.port, b->peer.port) && ports_meet(a->local_port, b->local_port);
}

static bool
matches(const struct tcp *t, const struct auth_key *key, const struct flow_key *k)
{
	const struct spate_auth_key *c = &key->conf;
	bool v6 = addr_is_v6(k->raddr);
	const uint8_t *raddr = v6 ? addr6_of(&t->ip->peers6, k->raddr) : (const uint8_t *)&k->raddr;

	return key->master && c->peer.family == (v6 ? AF_INET6 : AF_INET) &&
	       addr_same_prefix(raddr, bytes_of(&c->peer), c->prefix) &&
	       ports_meet(c->peer.port, k->rport) && ports_meet(c->local_port, k->lport);
}

bool
tcp_auth_key_conflict(const struct spate_auth_key *a, const struct spate_auth_key *b)
{
	return (a->send_id == b->send_id || a->recv_id == b->recv_id) && tcp_auth_key_overlap(a, b);
}

bool
tcp_auth_key_same(const struct spate_auth_key *a, const struct spate_auth_key *b)
{
	return a->prefix == b->prefix && same_peer(a, b, a->prefix) &&
	       a->peer.port == b->peer.port && a->local_port == b->local_port &&
	       a->send_id == b->send_id && a->recv_id == b->recv_id;
}

int
tcp_auth_key_add(struct tcp *t, const struct spate_auth_key *conf)
{
	struct tcp_auth *a = t->auth;
	int i = 0;

	for (int k = 0; k < SPATE_AUTH_KEYS_MAX; k++)
		if (a->key[k].master && tcp_auth_key_conflict(&a->key[k].conf, conf))
			return -EEXIST;
	while (i < SPATE_AUTH_KEYS_MAX && a->key[i].master)
		i++;
	if (i == SPATE_AUTH_KEYS_MAX)
		return -ENOSPC;
	a->key[i].master = auth_master_new(a->crypto, conf->algorithm, conf->key, conf->key_len);
	if (a->key[i].master == NULL)
		return -ENOMEM;
	a->key[i].conf = *conf;
	a->key[i].preferred = false;
	auth_wipe(a->key[i].conf.key, sizeof(a->key[i].conf.key));
	return 0;
}

/* The key with the peer, the ports and the ids of `which`. */
static uint8_t
find(const struct tcp_auth *a, const struct spate_auth_key *which)
{
	for (uint8_t i = 0; i < SPATE_AUTH_KEYS_MAX; i++)
		if (a->key[i].master && tcp_auth_key_same(&a->key[i].conf, which))
			return i;
	return AUTH_KEY_NONE;
}

/* Let go of what was derived from the key `k`. False: a connection still sends or wants it. */
static bool
forget(struct tcp_auth *a, uint8_t k)
{
	for (uint32_t i = 0; i < a->untouched; i++)
		if (a->conns[i].current == k || a->conns[i].rnext == k)
			return false;
	for (uint32_t i = 0; i < a->untouched; i++) {
		struct auth_conn *c = &a->conns[i];

		if (c->snd_key == k) {
			auth_mac_free(c->snd);
			c->snd = NULL;
			c->snd_key = AUTH_KEY_NONE;
		}
		for (int r = 0; r < 2; r++) {
			if (c->rcv_key[r] == k) {
				auth_mac_free(c->rcv[r]);
				c->rcv[r] = NULL;
				c->rcv_key[r] = AUTH_KEY_NONE;
			}
		}
	}
	return true;
}

int
tcp_auth_key_remove(struct tcp *t, const struct spate_auth_key *which)
{
	struct tcp_auth *a = t->auth;
	uint8_t i = find(a, which);

	if (i == AUTH_KEY_NONE)
		return -ENOENT;
	if (!forget(a, i))
		return -EBUSY;
	auth_mac_free(a->key[i].master);
	memset(&a->key[i], 0, sizeof(a->key[i]));
	return 0;
}

int
tcp_auth_key_use(struct tcp *t, const struct spate_auth_key *which)
{
	struct tcp_auth *a = t->auth;
	uint8_t use = find(a, which);

	if (use == AUTH_KEY_NONE)
		return -ENOENT;
	for (int i = 0; i < SPATE_AUTH_KEYS_MAX; i++)
		if (tcp_auth_key_overlap(&a->key[i].conf, &a->key[use].conf))
			a->key[i].preferred = false;
	a->key[use].preferred = true;
	/* RFC 5925 7.1: connections that are there ask their peers for it. */
	for (uint32_t i = 0; i < t->untouched; i++) {
		struct tcp_conn *c = &t->conns[i];

		if (c->state != SPATE_CLOSED && matches(t, &a->key[use], &c->key) &&
			tcp_auth_of(t, c) != AUTH_NONE)
			tcp_auth_set_receive(t, c, which->recv_id);
	}
	return 0;
}

uint8_t
tcp_auth_key_by_recv_id(const struct tcp *t, const struct flow_key *k, uint8_t id)
{
	for (uint8_t i = 0; i < SPATE_AUTH_KEYS_MAX; i++)
		if (t->auth->key[i].conf.recv_id == id && matches(t, &t->auth->key[i], k))
			return i;
	return AUTH_KEY_NONE;
}

uint8_t
tcp_auth_key_by_send_id(const struct tcp *t, const struct flow_key *k, uint8_t id)
{
	for (uint8_t i = 0; i < SPATE_AUTH_KEYS_MAX; i++)
		if (t->auth->key[i].conf.send_id == id && matches(t, &t->auth->key[i], k))
			return i;
	return AUTH_KEY_NONE;
}

uint8_t
tcp_auth_key_first(const struct tcp *t, const struct flow_key *k)
{
	uint8_t first = AUTH_KEY_NONE;

	for (uint8_t i = 0; i < SPATE_AUTH_KEYS_MAX; i++) {
		if (!matches(t, &t->auth->key[i], k))
			continue;
		if (t->auth->key[i].preferred)
			return i;
		if (first == AUTH_KEY_NONE)
			first = i;
	}
	return first;
}
