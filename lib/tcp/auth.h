/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcp/auth: TCP-AO (RFC 5925). Which connections are protected, by which keys, and the two
 * things done to each of their segments: the MAC is checked before anything else of it is
 * believed, and made when it has been built.
 *
 *   auth_keys.c    the table of master key tuples (MKTs): added, removed, found
 *   auth.c         segments and connections
 *   auth_crypto.c  keys derived, MACs made
 *
 * A connection is protected when, at its SYN, a key's peer and ports match it; it stays
 * so until its TIME_WAIT has ended, and keys that come later do not concern it. What only
 * protected connections need is in records of their own here, found through an array
 * beside the connections and one beside the TIME_WAITs. All of this memory is taken when the
 * first key is added: until then t->auth is NULL and this is one branch a segment.
 */
#ifndef SPATE_TCP_AUTH_H
#define SPATE_TCP_AUTH_H

#include "tcp/auth_crypto.h"
#include "tcp/tcp.h"

#define AUTH_NONE     UINT32_MAX
#define AUTH_KEY_NONE UINT8_MAX

/* A master key tuple. The master key itself is in `master` only. */
struct auth_key {
	struct spate_auth_key conf;
	struct auth_mac *master; /* NULL: not in use */
	bool preferred;          /* new connections begin with it (spate_auth_key_use) */
};

/* A connection, or what TIME_WAIT has left of one. */
struct auth_conn {
	uint64_t snd_newest, rcv_newest; /* auth_extend() */
	uint32_t iss, irs;
	/* Keyed for what is sent and what was received last: they follow the keys in use. */
	struct auth_mac *snd, *rcv[2];
	uint8_t snd_key, rcv_key[2]; /* indexes into tcp_auth.key: whose they are */
	uint8_t current, rnext;      /* RFC 5925 3.2: we send with; we want to receive with */
	bool irs_known;
	bool believe_icmp; /* RFC 5925 7.8 */
	uint32_t next;     /* the free list */
};

struct tcp_auth {
	struct auth_crypto *crypto;
	struct auth_mac *scratch[2]; /* an algorithm each, for keys that are used once */
	struct auth_key key[SPATE_AUTH_KEYS_MAX];
	struct auth_conn *conns;
	uint32_t max, untouched, free_head, in_use;
	uint32_t *of_conn, *of_tw; /* by index: the record, where the flag says there is one */
};

/* ---- auth_keys.c; life is the stack's: see spate_auth_key_add() */

/* Bytes for a stack with that many records; then `memory`, zeroed, becomes t->auth. 0, -ENOTSUP,
 * -ENOMEM.
 */
size_t tcp_auth_bytes(uint32_t max_conns, uint32_t max_time_wait, uint32_t records);
int tcp_auth_init(struct tcp *t, void *memory, uint32_t max_time_wait, uint32_t records);
void tcp_auth_free(struct tcp *t);

/* See spate_auth_key_same() and its neighbours. */
bool tcp_auth_key_same(const struct spate_auth_key *a, const struct spate_auth_key *b);
bool tcp_auth_key_overlap(const struct spate_auth_key *a, const struct spate_auth_key *b);
/* RFC 5925 3.1: neither id may be ambiguous on any connection. */
bool tcp_auth_key_conflict(const struct spate_auth_key *a, const struct spate_auth_key *b);

int tcp_auth_key_add(struct tcp *t, const struct spate_auth_key *conf);
int tcp_auth_key_remove(struct tcp *t, const struct spate_auth_key *which);
int tcp_auth_key_use(struct tcp *t, const struct spate_auth_key *which);

/* The key of a connection by what the peer writes into KeyID, or RNextKeyID; AUTH_KEY_NONE. */
uint8_t tcp_auth_key_by_recv_id(const struct tcp *t, const struct flow_key *k, uint8_t id);
uint8_t tcp_auth_key_by_send_id(const struct tcp *t, const struct flow_key *k, uint8_t id);

/* The key a connection to be opened begins with; AUTH_KEY_NONE: it is not to be protected. */
uint8_t tcp_auth_key_first(const struct tcp *t, const struct flow_key *k);

/* ---- auth.c: connections */

/* May `k` be opened: not protected, or there is room for it? False is counted. */
bool tcp_auth_room(struct tcp *t, const struct flow_key *k);

/* A new connection, its ISS set: protect it if it is to be. There is room. */
void tcp_auth_open(struct tcp *t, struct tcp_conn *c);

/* The same for the SYN `rx`, which was verified. */
void tcp_auth_accept(struct tcp *t, struct tcp_conn *c, const struct tcp_rx *rx);

/* The peer's ISN is `irs`. */
void tcp_auth_peer_isn(struct tcp *t, const struct tcp_conn *c, uint32_t irs);

/* The protected connection is over, or goes over into the TIME_WAIT `tw`, or that is over. */
void tcp_auth_end(struct tcp *t, struct tcp_conn *c);
void tcp_auth_to_time_wait(struct tcp *t, struct tcp_conn *c, uint32_t tw);
void tcp_auth_end_time_wait(struct tcp *t, uint32_t tw);

/* The record of a connection, or of a TIME_WAIT; AUTH_NONE where it is not protected. */
static inline uint32_t
tcp_auth_of(const struct tcp *t, const struct tcp_conn *c)
{
	return c->options & TCP_O_AUTH ? t->auth->of_conn[tcp_conn_index(t, c)] : AUTH_NONE;
}

static inline uint32_t
tcp_auth_of_tw(const struct tcp *t, uint32_t tw)
{
	return t->tw.records[tw].flags & TIMEWAIT_AUTH ? t->auth->of_tw[tw] : AUTH_NONE;
}

/* ---- auth.c: segments */

/*
 * May this segment, which is for `handle` (a connection, a TIME_WAIT, or nobody), be looked
 * at? False: dropped and counted.
 */
bool tcp_auth_input(struct tcp *t, const struct tcp_rx *rx, uint32_t handle);

/* Write the option of record `a`, its MAC still empty; returns TCP_OPT_AUTH_LEN. */
uint8_t tcp_auth_option(const struct tcp *t, uint32_t a, uint8_t *p);

/*
 * Fill in the MAC of a segment whose last option is ours: `len` bytes at `tcp`, to be sent on
 * the connection `k` of record `a`. False: there was no memory (counted), and it must not leave.
 */
bool tcp_auth_sign(struct tcp *t, uint32_t a, const struct flow_key *k, uint8_t *tcp, uint32_t len);

/* ---- spate_setopt(): which keys a connection uses now, by their ids */

int tcp_auth_set_send(struct tcp *t, struct tcp_conn *c, uint64_t send_id);
int tcp_auth_set_receive(struct tcp *t, struct tcp_conn *c, uint64_t recv_id);
int tcp_auth_set_icmp(struct tcp *t, struct tcp_conn *c, uint64_t believe);
int tcp_auth_get(
	const struct tcp *t, const struct tcp_conn *c, enum spate_option option, uint64_t *value);

#endif
