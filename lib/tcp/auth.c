/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP-AO on segments (RFC 5925 7.4, 7.5) and what connections have to remember for it. What
 * fails here is dropped without an answer, whatever it says: RST, SYN, or data.
 */
#include <errno.h>
#include <string.h>

#include "tcp/auth.h"
#include "tcp/seq.h"

#define TCP_HEADER_LEN sizeof(struct rte_tcp_hdr)

/* What a segment says about itself. */
struct claim {
	uint8_t key_id, rnext_id;
	uint8_t at; /* of the option, counted from the first option byte */
};

enum claim_kind {
	CLAIM_NONE,
	CLAIM_ONE,
	CLAIM_BAD, /* two of them, one of another length, or TCP MD5 beside it (RFC 5925 2.2) */
};

static enum claim_kind
find_claim(const struct tcp_seg *s, struct claim *out)
{
	enum claim_kind kind = CLAIM_NONE;
	bool md5 = false;

	for (uint32_t at = 0; at < s->opts_len;) {
		const uint8_t *p = s->opts + at;

		if (*p == TCP_OPT_EOL)
			break;
		if (*p == TCP_OPT_NOP) {
			at++;
			continue;
		}
		if (at + 1u >= s->opts_len || p[1] < 2 || at + p[1] > s->opts_len)
			break;
		md5 |= *p == TCP_OPT_MD5;
		if (*p == TCP_OPT_AUTH) {
			if (kind != CLAIM_NONE || p[1] != TCP_OPT_AUTH_LEN)
				return CLAIM_BAD;
			kind = CLAIM_ONE;
			*out = (struct claim){p[2], p[3], at};
		}
		at += p[1];
	}
	return kind == CLAIM_ONE && md5 ? CLAIM_BAD : kind;
}

static bool
drop(struct tcp *t, enum spate_counter why)
{
	spate_count(t->counters, why);
	return false;
}

static bool
is_first_syn(uint8_t flags)
{
	return (flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

/* The ends of `k` as a segment of ours has them, or one of the peer's; ISNs are the caller's. */
static void
ends_of(const struct tcp *t, struct auth_ends *e, const struct flow_key *k, bool ours)
{
	uint8_t *local = ours ? e->src : e->dst, *remote = ours ? e->dst : e->src;

	memset(e, 0, sizeof(*e));
	if (addr_is_v6(k->raddr)) {
		e->addr_len = 16;
		ip6_local_address(t->ip, k->laddr, local);
		memcpy(remote, addr6_of(&t->ip->peers6, k->raddr), 16);
	} else {
		e->addr_len = 4;
		memcpy(local, &k->laddr, 4);
		memcpy(remote, &k->raddr, 4);
	}
	e->sport = ours ? k->lport : k->rport;
	e->dport = ours ? k->rport : k->lport;
}

/* The traffic key of `ends` in the scratch of its algorithm; NULL without memory (counted). */
static struct auth_mac *
derive_once(struct tcp *t, uint8_t key, const struct auth_ends *ends)
{
	const struct auth_key *k = &t->auth->key[key];
	enum spate_auth_algorithm alg = k->conf.algorithm;
	struct auth_mac *m = t->auth->scratch[alg - SPATE_AUTH_HMAC_SHA_1_96];
	uint8_t traffic[AUTH_TRAFFIC_KEY_MAX];
	bool good =
		auth_traffic_key(k->master, alg, ends, traffic) && auth_mac_rekey(m, alg, traffic);

	auth_wipe(traffic, sizeof(traffic));
	if (!good)
		spate_count(t->counters, SPATE_AUTH_NO_MEMORY);
	return good ? m : NULL;
}

/* The same to be kept. */
static struct auth_mac *
derive(struct tcp *t, uint8_t key, const struct auth_ends *ends)
{
	const struct auth_key *k = &t->auth->key[key];
	uint8_t traffic[AUTH_TRAFFIC_KEY_MAX];
	struct auth_mac *m = NULL;

	if (auth_traffic_key(k->master, k->conf.algorithm, ends, traffic))
		m = auth_mac_new(t->auth->crypto, k->conf.algorithm, traffic);
	auth_wipe(traffic, sizeof(traffic));
	if (m == NULL)
		spate_count(t->counters, SPATE_AUTH_NO_MEMORY);
	return m;
}

/* ---- connections */

bool
tcp_auth_room(struct tcp *t, const struct flow_key *k)
{
	const struct tcp_auth *a = t->auth;

	if (tcp_auth_key_first(t, k) == AUTH_KEY_NONE || a->free_head != AUTH_NONE ||
		a->untouched < a->max)
		return true;
	return drop(t, SPATE_AUTH_NO_ROOM);
}

static struct auth_conn *
protect(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_auth *a = t->auth;
	uint32_t index = a->free_head;
	struct auth_conn *ac;

	if (index != AUTH_NONE)
		a->free_head = a->conns[index].next;
	else
		index = a->untouched++;
	ac = &a->conns[index];
	memset(ac, 0, sizeof(*ac));
	ac->iss = c->snd_una;
	ac->snd_newest = ac->iss;
	ac->snd_key = ac->rcv_key[0] = ac->rcv_key[1] = AUTH_KEY_NONE;
	a->of_conn[tcp_conn_index(t, c)] = index;
	a->in_use++;
	c->options |= TCP_O_AUTH;
	return ac;
}

void
tcp_auth_open(struct tcp *t, struct tcp_conn *c)
{
	uint8_t key = tcp_auth_key_first(t, &c->key);

	if (key != AUTH_KEY_NONE) {
		struct auth_conn *ac = protect(t, c);

		ac->current = ac->rnext = key;
	}
}

/*
 * RFC 5925 7.5.1: we send with what the SYN asks for, if we have it; and ask for what
 * the SYN came with, unless the user has chosen another.
 */
void
tcp_auth_accept(struct tcp *t, struct tcp_conn *c, const struct tcp_rx *rx)
{
	uint8_t key = tcp_auth_key_first(t, &c->key), came_with, wanted;
	struct auth_conn *ac;
	struct claim claim;

	if (key == AUTH_KEY_NONE || find_claim(&rx->seg, &claim) != CLAIM_ONE)
		return;
	came_with = tcp_auth_key_by_recv_id(t, &c->key, claim.key_id);
	wanted = tcp_auth_key_by_send_id(t, &c->key, claim.rnext_id);
	ac = protect(t, c);
	ac->current = wanted != AUTH_KEY_NONE ? wanted : came_with;
	ac->rnext = t->auth->key[key].preferred ? key : came_with;
	tcp_auth_peer_isn(t, c, rx->seg.seq);
}

void
tcp_auth_peer_isn(struct tcp *t, const struct tcp_conn *c, uint32_t irs)
{
	struct auth_conn *ac = &t->auth->conns[tcp_auth_of(t, c)];

	ac->irs = irs;
	ac->rcv_newest = irs;
	ac->irs_known = true;
}

static void
release(struct tcp_auth *a, uint32_t index)
{
	struct auth_conn *ac = &a->conns[index];

	auth_mac_free(ac->snd);
	auth_mac_free(ac->rcv[0]);
	auth_mac_free(ac->rcv[1]);
	memset(ac, 0, sizeof(*ac));
	ac->current = ac->rnext = ac->snd_key = ac->rcv_key[0] = ac->rcv_key[1] = AUTH_KEY_NONE;
	ac->next = a->free_head;
	a->free_head = index;
	a->in_use--;
}

void
tcp_auth_end(struct tcp *t, struct tcp_conn *c)
{
	release(t->auth, tcp_auth_of(t, c));
	c->options &= ~TCP_O_AUTH;
}

void
tcp_auth_to_time_wait(struct tcp *t, struct tcp_conn *c, uint32_t tw)
{
	t->auth->of_tw[tw] = tcp_auth_of(t, c);
	t->tw.records[tw].flags |= TIMEWAIT_AUTH;
	c->options &= ~TCP_O_AUTH;
}

void
tcp_auth_end_time_wait(struct tcp *t, uint32_t tw)
{
	release(t->auth, tcp_auth_of_tw(t, tw));
	t->tw.records[tw].flags &= ~TIMEWAIT_AUTH;
}

/* ---- segments that arrive */

static bool
mac_good(struct tcp *t, struct auth_mac *m, uint8_t key, const struct auth_ends *ends,
	const struct tcp_seg *s, const struct claim *claim, uint32_t sne)
{
	struct auth_segment as = {
		.tcp = s->opts - TCP_HEADER_LEN,
		.len = TCP_HEADER_LEN + s->opts_len + s->data_len,
		.header_len = TCP_HEADER_LEN + s->opts_len,
		.option_at = TCP_HEADER_LEN + claim->at,
		.cover_options = !t->auth->key[key].conf.exclude_options,
		.sne = sne,
	};
	uint8_t mac[AUTH_MAC_LEN];

	/* Of several segments joined on the way none has the MAC. */
	return s->chain == NULL && auth_mac_make(m, ends, &as, mac) &&
	       auth_mac_equal(mac, s->opts + claim->at + AUTH_MAC_AT);
}

/* A SYN that is to open a connection: its keys know our end only by address (RFC 5925 5.2). */
static bool
verify_syn(struct tcp *t, const struct tcp_rx *rx, uint8_t key, const struct claim *claim)
{
	struct auth_ends ends;
	struct auth_mac *m;

	ends_of(t, &ends, rx->key, false);
	ends.src_isn = rx->seg.seq;
	m = derive_once(t, key, &ends);
	return m && mac_good(t, m, key, &ends, &rx->seg, claim, 0);
}

/* Make the traffic key that was just good the one to be tried first. */
static void
keep_receive_key(struct tcp *t, struct auth_conn *ac, uint8_t key, const struct auth_ends *ends)
{
	struct auth_mac *m = derive(t, key, ends);

	if (m == NULL)
		return;
	auth_mac_free(ac->rcv[1]);
	ac->rcv[1] = ac->rcv[0];
	ac->rcv_key[1] = ac->rcv_key[0];
	ac->rcv[0] = m;
	ac->rcv_key[0] = key;
}

/* A segment of a connection, which is known from both its ISNs. */
static bool
verify_other(struct tcp *t, struct auth_conn *ac, const struct tcp_rx *rx, uint8_t key,
	const struct claim *claim)
{
	const struct tcp_seg *s = &rx->seg;
	bool syn = s->flags & TCP_SYN;
	uint32_t sne = syn ? 0 : auth_sne(ac->rcv_newest, s->seq);
	struct auth_ends ends;
	struct auth_mac *m;

	/* In SYN_SENT only a SYN can say what the peer's ISN is: what else there is cannot be
	 * verified, not even a RST (RFC 5925 7.7). */
	if (!syn && !ac->irs_known)
		return false;
	ends_of(t, &ends, rx->key, false);
	ends.src_isn = syn ? s->seq : ac->irs;
	ends.dst_isn = ac->iss;
	if (ac->irs_known && ends.src_isn == ac->irs) {
		for (int i = 0; i < 2; i++)
			if (ac->rcv_key[i] == key)
				return mac_good(t, ac->rcv[i], key, &ends, s, claim, sne);
	}
	m = derive_once(t, key, &ends);
	if (m == NULL || !mac_good(t, m, key, &ends, s, claim, sne))
		return false;
	if (ac->irs_known && ends.src_isn == ac->irs)
		keep_receive_key(t, ac, key, &ends);
	return true;
}

/*
 * RFC 5925 7.5.2: the peer says what it wants to receive with. Not where the segment is an
 * older one, which would take back what newer ones have said.
 */
static void
follow(struct tcp *t, struct auth_conn *ac, const struct tcp_rx *rx, const struct claim *claim)
{
	const struct tcp_seg *s = &rx->seg;
	uint8_t wanted;

	if (s->flags & TCP_SYN ? ac->irs_known : seq_lt(s->seq, (uint32_t)ac->rcv_newest))
		return;
	if (!(s->flags & TCP_SYN))
		auth_sne_advance(&ac->rcv_newest, s->seq);
	if (t->auth->key[ac->current].conf.send_id == claim->rnext_id)
		return;
	wanted = tcp_auth_key_by_send_id(t, rx->key, claim->rnext_id);
	if (wanted == AUTH_KEY_NONE)
		return;
	ac->current = wanted;
	spate_count(t->counters, SPATE_AUTH_ROLLOVERS);
}

/* For a protected connection or TIME_WAIT; `ac` NULL: a SYN that is to open one. */
static bool
protected_input(struct tcp *t, const struct tcp_rx *rx, struct auth_conn *ac)
{
	struct claim claim;
	uint8_t key;
	bool good;

	switch (find_claim(&rx->seg, &claim)) {
	case CLAIM_NONE:
		return drop(t, SPATE_AUTH_MISSING);
	case CLAIM_BAD:
		return drop(t, SPATE_AUTH_BAD);
	case CLAIM_ONE:
		break;
	}
	key = tcp_auth_key_by_recv_id(t, rx->key, claim.key_id);
	if (key == AUTH_KEY_NONE)
		return drop(t, SPATE_AUTH_UNKNOWN_KEY);
	if (ac == NULL || is_first_syn(rx->seg.flags))
		good = verify_syn(t, rx, key, &claim);
	else
		good = verify_other(t, ac, rx, key, &claim);
	if (!good)
		return drop(t, SPATE_AUTH_BAD);
	spate_count(t->counters, SPATE_AUTH_VERIFIED);
	if (ac)
		follow(t, ac, rx, &claim);
	return ac ? true : tcp_auth_room(t, rx->key);
}

/*
 * RFC 5925 7.3: TCP-AO where we have no key for it is ignored, unless the user wants
 * such segments dropped.
 */
static bool
unprotected_input(struct tcp *t, const struct tcp_rx *rx)
{
	struct claim claim;

	if (!t->conf.auth_drop_unmatched || find_claim(&rx->seg, &claim) == CLAIM_NONE)
		return true;
	return drop(t, SPATE_AUTH_UNEXPECTED);
}

bool
tcp_auth_input(struct tcp *t, const struct tcp_rx *rx, uint32_t handle)
{
	bool conn = handle != CONN_TABLE_NONE && !(handle & CONN_TABLE_SPACE);
	bool opens = !conn && is_first_syn(rx->seg.flags);
	uint32_t a = AUTH_NONE;
	struct claim claim;

	if (t->auth == NULL)
		return unprotected_input(t, rx);
	if (conn)
		a = tcp_auth_of(t, tcp_conn_at(t, handle));
	else if (handle != CONN_TABLE_NONE)
		a = tcp_auth_of_tw(t, handle & ~CONN_TABLE_SPACE);
	if (a != AUTH_NONE)
		return protected_input(t, rx, opens ? NULL : &t->auth->conns[a]);
	if (conn || tcp_auth_key_first(t, rx->key) == AUTH_KEY_NONE)
		return unprotected_input(t, rx);
	if (opens)
		return protected_input(t, rx, NULL);
	/* A TIME_WAIT from before there was a key goes on as it began. */
	if (handle != CONN_TABLE_NONE)
		return unprotected_input(t, rx);
	/*
	 * Of a connection we know nothing of: no ISNs, no traffic key, nothing to verify it
	 * with; and our RST could not carry a MAC, so that the peer would drop it.
	 */
	return drop(t, find_claim(&rx->seg, &claim) == CLAIM_NONE ? SPATE_AUTH_MISSING
								  : SPATE_NO_CONNECTION);
}

/* ---- segments that leave */

uint8_t
tcp_auth_option(const struct tcp *t, uint32_t a, uint8_t *p)
{
	const struct auth_conn *ac = &t->auth->conns[a];

	p[0] = TCP_OPT_AUTH;
	p[1] = TCP_OPT_AUTH_LEN;
	p[2] = t->auth->key[ac->current].conf.send_id;
	p[3] = t->auth->key[ac->rnext].conf.recv_id;
	memset(p + AUTH_MAC_AT, 0, AUTH_MAC_LEN);
	return TCP_OPT_AUTH_LEN;
}

/* What makes the MAC of a segment with `flags`; NULL: no memory. */
static struct auth_mac *
send_mac(struct tcp *t, struct auth_conn *ac, uint8_t flags, struct auth_ends *ends)
{
	ends->src_isn = ac->iss;
	if (is_first_syn(flags))
		return derive_once(t, ac->current, ends);
	ends->dst_isn = ac->irs;
	if (ac->snd == NULL || ac->snd_key != ac->current) {
		auth_mac_free(ac->snd);
		ac->snd = derive(t, ac->current, ends);
		ac->snd_key = ac->snd ? ac->current : AUTH_KEY_NONE;
	}
	return ac->snd;
}

bool
tcp_auth_sign(struct tcp *t, uint32_t a, const struct flow_key *k, uint8_t *tcp, uint32_t len)
{
	const struct rte_tcp_hdr *h = (const void *)tcp;
	struct auth_conn *ac = &t->auth->conns[a];
	uint32_t seq = rte_be_to_cpu_32(h->sent_seq);
	uint8_t header_len = (h->data_off >> 4) * 4;
	uint8_t at = header_len - TCP_OPT_AUTH_LEN;
	struct auth_segment as = {
		.tcp = tcp,
		.len = len,
		.header_len = header_len,
		.option_at = at,
		.cover_options = !t->auth->key[ac->current].conf.exclude_options,
		.sne = h->tcp_flags & TCP_SYN ? 0 : auth_sne(ac->snd_newest, seq),
	};
	struct auth_ends ends;
	struct auth_mac *m;

	ends_of(t, &ends, k, true);
	m = send_mac(t, ac, h->tcp_flags, &ends);
	if (m == NULL)
		return false;
	if (!auth_mac_make(m, &ends, &as, tcp + at + AUTH_MAC_AT)) {
		spate_count(t->counters, SPATE_AUTH_NO_MEMORY);
		return false;
	}
	auth_sne_advance(&ac->snd_newest, seq);
	return true;
}

/* ---- by the application */

int
tcp_auth_set_send(struct tcp *t, struct tcp_conn *c, uint64_t send_id)
{
	uint8_t key;

	if (tcp_auth_of(t, c) == AUTH_NONE)
		return -EOPNOTSUPP;
	key = send_id > UINT8_MAX ? AUTH_KEY_NONE : tcp_auth_key_by_send_id(t, &c->key, send_id);
	if (key == AUTH_KEY_NONE)
		return -EINVAL;
	t->auth->conns[tcp_auth_of(t, c)].current = key;
	return 0;
}

int
tcp_auth_set_receive(struct tcp *t, struct tcp_conn *c, uint64_t recv_id)
{
	uint8_t key;

	if (tcp_auth_of(t, c) == AUTH_NONE)
		return -EOPNOTSUPP;
	key = recv_id > UINT8_MAX ? AUTH_KEY_NONE : tcp_auth_key_by_recv_id(t, &c->key, recv_id);
	if (key == AUTH_KEY_NONE)
		return -EINVAL;
	t->auth->conns[tcp_auth_of(t, c)].rnext = key;
	/* Said with the next segment: let that be now. */
	if (c->state >= SPATE_ESTABLISHED) {
		c->flags |= TCP_F_ACK_NOW;
		tcp_ready(t, c);
	}
	return 0;
}

int
tcp_auth_set_icmp(struct tcp *t, struct tcp_conn *c, uint64_t believe)
{
	if (tcp_auth_of(t, c) == AUTH_NONE)
		return -EOPNOTSUPP;
	if (believe > 1)
		return -EINVAL;
	t->auth->conns[tcp_auth_of(t, c)].believe_icmp = believe;
	return 0;
}

int
tcp_auth_get(
	const struct tcp *t, const struct tcp_conn *c, enum spate_option option, uint64_t *value)
{
	const struct auth_conn *ac;

	if (tcp_auth_of(t, c) == AUTH_NONE)
		return -EOPNOTSUPP;
	ac = &t->auth->conns[tcp_auth_of(t, c)];
	if (option == SPATE_OPT_AUTH_SEND)
		*value = t->auth->key[ac->current].conf.send_id;
	else if (option == SPATE_OPT_AUTH_RECEIVE)
		*value = t->auth->key[ac->rnext].conf.recv_id;
	else
		*value = ac->believe_icmp;
	return 0;
}
