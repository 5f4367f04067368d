/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What ICMP errors do to connections (rows PM). Anybody can send one, so it is believed
 * only when it quotes a segment that is in flight (RFC 5927 4.1), and it never ends a
 * synchronised connection (RFC 1122 4.2.3.9, RFC 5461).
 */
#include <errno.h>

#include "tcp/auth.h"
#include "tcp/recovery.h"

/* PM-02, PM-03, PM-04: a router could not forward it with DF set. */
static void
fragmentation_needed(struct tcp *t, struct tcp_conn *c, const struct ip_error *e)
{
	bool v6 = addr_is_v6(c->key.raddr);
	bool probe = tcp_path_probe_at(t, c, e->seq);
	uint16_t sent = probe ? tcp_extra_of(t, c)->path_mss : c->mss;
	uint16_t current = sent + tcp_headers(c->key.raddr);
	/* Routers of IPv6 always say it: 0 is narrower than any link. */
	uint16_t mtu = e->mtu || v6 ? e->mtu : path_plateau_below(current);
	bool narrow = mtu < PATH_MTU_LEAST;

	/* Not lower than what we send: it says nothing about this segment. */
	if (c->state < SPATE_ESTABLISHED || (c->options & TCP_O_FRAGMENT) || mtu >= current ||
		(v6 && mtu < IPV6_MTU_LEAST)) { /* RFC 8201 4: no link is narrower */
		spate_count(t->counters, SPATE_ICMP_IGNORED);
		return;
	}
	if (narrow) {
		/* Every host takes 576 bytes; a narrower link may cut them up (RFC 1191 3). */
		mtu = current < PATH_MTU_LEAST ? current : PATH_MTU_LEAST;
		c->options |= TCP_O_FRAGMENT;
	}
	spate_count(t->counters, SPATE_ICMP_PATH_MTU);
	/* What of it is the peer's small MSS is no news of the path. */
	path_learn(&t->ip->paths, &t->ip->peers6, e->raddr, RTE_MAX(mtu, PATH_MTU_LEAST), narrow,
		t->now_ns);
	c->mss = mtu - tcp_headers(c->key.raddr);
	tcp_path_lowered(t, c, sent, t->now_ns + PATH_LIFETIME_NS);
	tcp_recovery_all(t, c); /* in the new size; nothing was lost to congestion */
}

/* RFC 5461 in SYN_SENT: nobody there to answer is an answer; the rest may pass. */
static void
unreachable_in_syn_sent(struct tcp *t, struct tcp_conn *c, const struct ip_error *e)
{
	if (e->meaning == ICMP_MEANS_REFUSED) {
		spate_count(t->counters, SPATE_ICMP_REFUSED);
		tcp_conn_end(t, c, -ECONNREFUSED);
		return;
	}
	spate_count(t->counters, SPATE_ICMP_SOFT);
	c->soft = e->meaning == ICMP_MEANS_NET ? TCP_SOFT_NET : TCP_SOFT_HOST;
}

/*
 * RFC 5925 7.8: a synchronised connection that TCP-AO protects is not to be disturbed by
 * messages anybody can send: port or protocol unreachable, fragmentation needed. ICMPv6's
 * packet too big is not among them: nothing else would make the segments smaller.
 */
static bool
ignored_by_auth(const struct tcp *t, const struct tcp_conn *c, const struct ip_error *e)
{
	uint32_t a = tcp_auth_of(t, c);

	if (a == AUTH_NONE || c->state < SPATE_ESTABLISHED || t->auth->conns[a].believe_icmp)
		return false;
	return e->meaning == ICMP_MEANS_REFUSED ||
	       (e->meaning == ICMP_MEANS_TOO_BIG && !addr_is_v6(c->key.raddr));
}

void
tcp_icmp_error(struct tcp *t, const struct ip_error *e)
{
	struct flow_key key = {e->raddr, e->laddr, e->rport, e->lport};
	uint64_t hash = conn_table_hash(&t->table, &key);
	uint32_t handle = conn_table_lookup(&t->table, hash, &key);
	struct tcp_conn *c;

	if (handle == CONN_TABLE_NONE || (handle & CONN_TABLE_SPACE)) {
		spate_count(t->counters, SPATE_ICMP_IGNORED);
		return;
	}
	c = tcp_conn_at(t, handle);
	/* RFC 5927 4.1: SND.UNA <= quoted sequence < SND.NXT, or it is forged or stale. */
	if (seq_lt(e->seq, c->snd_una) || seq_geq(e->seq, c->snd_nxt)) {
		spate_count(t->counters, SPATE_ICMP_IGNORED);
		return;
	}
	if (ignored_by_auth(t, c, e)) {
		spate_count(t->counters, SPATE_ICMP_IGNORED);
		return;
	}
	if (e->meaning == ICMP_MEANS_TOO_BIG)
		fragmentation_needed(t, c, e);
	else if (c->state == SPATE_SYN_SENT)
		unreachable_in_syn_sent(t, c, e);
	else
		spate_count(t->counters, SPATE_ICMP_SOFT);
}
