/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which segment for which connection. Most are what a peer would say next, so that
 * connections get somewhere; the rest are the same with a field moved to an edge.
 */
#include <string.h>
#include <sys/socket.h>

#include <rte_byteorder.h>

#include "fuzz.h"

/* A tuple of the small world in which everything collides. */
static void
any_tuple(struct fuzz *f, struct aim *a)
{
	bool active = chance(f, 20);
	bool far = f->conf.gateway && chance(f, 40);

	a->v6 = chance(f, f->six);
	a->raddr = (far ? FAR_IP : PEER_IP) + below(f, PEERS);
	a->laddr = OUR_IP + below(f, OURS);
	a->rport = PEER_PORT + below(f, 2 * PORTS);
	a->lport = (active ? LOCAL_PORT : OUR_PORT) + below(f, PORTS);
}

const struct spate_conn_info *
aim_pick(struct fuzz *f)
{
	return f->n_snap ? &f->snap[below(f, f->n_snap)] : NULL;
}

/* Does the peer at the other end of this tuple use timestamps? It never changes its mind. */
static bool
uses_ts(const struct fuzz *f, const struct aim *a)
{
	return f->conf.tcp.timestamps && (a->raddr + a->rport + a->lport) % 4;
}

static void
add_ts(struct fuzz *f, struct aim *a)
{
	uint8_t *p = a->opts + a->opts_len;

	if (f->conf.tcp.user_timeout_option && chance(f, 20)) {
		put32(p, 28 << 24 | 4 << 16 | PICK(f, 0, 1, 101, 0x7fff, 0x8000, 0x8001, 0xffff));
		a->opts_len += 4;
		p += 4;
	}

	put32(p, 0x0101080a);
	put32(p + 4, (uint32_t)(f->now / MS) + a->raddr);
	put32(p + 8, fuzz_random(f));
	a->opts_len += 12;
}

/* SACK blocks about what is in flight, or about nothing. */
static void
add_sack(struct fuzz *f, struct aim *a)
{
	uint32_t room = (40 - a->opts_len - 4) / 8;
	uint32_t n = 1 + below(f, RTE_MIN(room, 4u));
	uint8_t *p = a->opts + a->opts_len;

	put32(p, 0x01010500 | (8 * n + 2));
	for (uint32_t i = 0; i < n; i++) {
		uint32_t left = a->ack + below(f, 5000);

		if (chance(f, 10))
			left = fuzz_random(f);
		put32(p + 4 + 8 * i, left);
		put32(p + 8 + 8 * i, left + PICK(f, 1, 1448, 3000, 0, 0xffffffff, 0x80000000));
	}
	a->opts_len += 4 + 8 * n;
}

static void
add_syn_options(struct fuzz *f, struct aim *a)
{
	uint8_t *p = a->opts;

	if (chance(f, 80)) {
		put32(p, 0x02040000 | PICK(f, 1460, 1460, 536, 100, 48, 47, 1, 0, 65535));
		a->opts_len = 4;
	}
	if (chance(f, 60)) {
		put32(p + a->opts_len, 0x01030300 | PICK(f, 0, 0, 1, 7, 14, 15, 255));
		a->opts_len += 4;
	}
	if (chance(f, 60)) {
		put32(p + a->opts_len, 0x01010402);
		a->opts_len += 4;
	}
}

static uint32_t
any_length(struct fuzz *f)
{
	switch (below(f, 4)) {
	case 0:
		return 1;
	case 1:
		return below(f, 100);
	case 2:
		return below(f, 1461);
	default:
		return PICK(f, 0, 1, 536, 1448, 1460);
	}
}

static void
for_syn_sent(struct fuzz *f, struct aim *a, const struct spate_conn_info *i)
{
	a->seq = PICK(f, fuzz_random(f), 0xffffffff, 0x7fffffff, 0);
	a->ack = i->snd_nxt;
	a->flags = PICK(f, SYN | ACK, SYN | ACK, SYN | ACK, SYN | ACK, SYN | ACK, SYN, SYN,
		RST | ACK, ACK, SYN | FIN | ACK);
}

static void
for_time_wait(struct fuzz *f, struct aim *a, const struct spate_conn_info *i)
{
	a->seq = i->rcv_nxt;
	a->ack = i->snd_nxt;
	switch (below(f, 5)) {
	case 0:
		a->flags = FIN | ACK;
		a->seq--;
		return;
	case 1:
	case 2:
		a->flags = SYN;
		a->seq += PICK(f, 1, 1000, 65536, 0, 0xffffffff);
		return;
	case 3:
		a->flags = RST;
		return;
	default:
		a->flags = ACK;
		a->len = chance(f, 50) ? any_length(f) : 0;
	}
}

/* Beyond a gap: near, so that it soon meets others, or far; sometimes with the FIN. */
static void
beyond(struct fuzz *f, struct aim *a)
{
	a->seq += 1 + below(f, PICK(f, 4, 50, 3000, 3000));
	a->len = chance(f, 50) ? below(f, 40) : any_length(f);
	a->flags |= chance(f, 8) ? FIN : 0;
}

/* SYN_RCVD to LAST_ACK. */
static void
for_synchronised(struct fuzz *f, struct aim *a, const struct spate_conn_info *i)
{
	uint32_t what = below(f, 100);

	a->seq = i->rcv_nxt;
	a->ack = i->snd_nxt;
	a->flags = ACK;
	if (what < 22) {
		/* an ACK of all */
	} else if (what < 30) {
		beyond(f, a);
	} else if (what < 60) {
		a->len = any_length(f);
		a->flags |= chance(f, 50) ? PSH : 0;
	} else if (what < 72) {
		a->flags |= FIN;
		a->len = chance(f, 50) ? any_length(f) : 0;
	} else if (what < 80) {
		a->ack = i->snd_una; /* a duplicate, if the window is the same too */
		a->wnd = RTE_MIN(i->snd_wnd, UINT16_MAX);
	} else if (what < 88) {
		a->ack = i->snd_una + below(f, i->snd_nxt - i->snd_una + 1);
	} else if (what < 92) {
		a->len = any_length(f);
		a->seq -= below(f, a->len + 2); /* partly or wholly old */
	} else if (what < 96) {
		beyond(f, a);
	} else if (what < 97) {
		a->flags = SYN;
		a->seq--;
	} else if (what < 98) {
		a->flags = SYN | ACK;
		a->seq--;
	} else {
		a->flags = RST | (chance(f, 50) ? ACK : 0);
	}
}

void
aim_at(struct fuzz *f, struct aim *a, const struct spate_conn_info *i)
{
	memset(a, 0, sizeof(*a));
	a->wnd = PICK(f, 0, 1, 100, 4096, 65535, 65535, 65535, 65535, 65535, 65535);
	if (i == NULL) {
		any_tuple(f, a);
		a->seq = fuzz_random(f);
		a->ack = fuzz_random(f);
		a->flags = PICK(f, SYN, SYN, SYN, SYN, SYN, SYN, ACK, FIN | ACK, RST, SYN | ACK, 0);
	} else {
		a->v6 = i->remote.family == AF_INET6;
		a->raddr = six_number(&i->remote);
		a->laddr = six_number(&i->local);
		a->rport = rte_be_to_cpu_16(i->remote.port);
		a->lport = rte_be_to_cpu_16(i->local.port);
		if (i->state == SPATE_SYN_SENT)
			for_syn_sent(f, a, i);
		else if (i->state == SPATE_TIME_WAIT)
			for_time_wait(f, a, i);
		else
			for_synchronised(f, a, i);
	}
	if (a->flags & SYN)
		add_syn_options(f, a);
	if (uses_ts(f, a))
		add_ts(f, a);
	if (!(a->flags & (SYN | RST)) && chance(f, 5))
		add_sack(f, a);
}

void
aim_next(struct fuzz *f, struct aim *a)
{
	/* Three of a kind begin a fast retransmission; a little more ends or continues it. */
	if (a->flags == ACK && a->len == 0 && chance(f, 70)) {
		a->ack += chance(f, 20) ? below(f, 3000) : 0;
		return;
	}
	/* The next one is where it should be, or what is between is lost or comes again. */
	a->seq += a->len + !!(a->flags & SYN) + !!(a->flags & FIN);
	if (chance(f, 20))
		a->seq += PICK(f, 1, 10, 1448, 0xffffffff, 0xfffffff0, (uint32_t)-1448);
	if (a->flags & (SYN | FIN | RST))
		a->flags = ACK;
	a->len = chance(f, 60) ? any_length(f) : 0;
	if (chance(f, 15))
		a->flags |= FIN;
	else if (chance(f, 5))
		a->flags = PICK(f, RST, SYN, RST | ACK, SYN | ACK);
}

/* Every edge of a window there is. */
static uint32_t
edge(struct fuzz *f, uint32_t from, uint32_t to)
{
	uint32_t at = PICK(f, from, to, from - 65535, from + 0x80000000u, to + 0x80000000u,
		from + 0x7fffffff, 0, 0xffffffff);

	return at + PICK(f, 0, 0, 1, 0xffffffff, 2, 0xfffffffe);
}

static void
bend_options(struct fuzz *f, struct aim *a)
{
	uint32_t n = below(f, 41);

	switch (below(f, 6)) {
	case 0: /* anything */
		for (a->opts_len = 0; a->opts_len < n; a->opts_len++)
			a->opts[a->opts_len] = below(f, chance(f, 70) ? 11 : 256);
		return;
	case 1: /* cut */
		a->opts_len = below(f, a->opts_len + 1);
		return;
	case 2: /* twice */
		if (a->opts_len <= 20) {
			memcpy(a->opts + a->opts_len, a->opts, a->opts_len);
			a->opts_len *= 2;
		}
		return;
	case 3: /* a length that lies */
		if (a->opts_len == 0)
			return;
		n = below(f, a->opts_len);
		a->opts[n] = PICK(f, 0, 1, 2, 3, 4, 8, 10, 40, 255);
		return;
	case 4: /* an old or a future timestamp */
		if (a->opts_len >= 12)
			put32(a->opts + a->opts_len - 8,
				PICK(f, 0, 0xffffffff, 0x80000000, fuzz_random(f)));
		return;
	default: /* more than fit: the offset will be a lie */
		a->opts_len = 40;
		memset(a->opts, 1, 40);
		a->opts[39] = PICK(f, 0, 1, 2, 8, 30);
	}
}

void
aim_bend(struct fuzz *f, struct aim *a, const struct spate_conn_info *i)
{
	uint32_t una = i ? i->snd_una : a->ack;
	uint32_t nxt = i ? i->snd_nxt : a->ack;
	uint32_t rcv = i ? i->rcv_nxt : a->seq;
	uint32_t wnd = i ? i->rcv_wnd : 0;

	switch (below(f, 7)) {
	case 0:
		a->seq = edge(f, rcv, rcv + wnd);
		return;
	case 1:
		a->ack = edge(f, una, nxt);
		return;
	case 2:
		a->flags = below(f, 256);
		return;
	case 3:
		a->wnd = PICK(f, 0, 1, 2, 65534, 65535, 32768, fuzz_random(f));
		return;
	case 4:
		bend_options(f, a);
		return;
	case 5:
		/* the last byte just in, or just out of the window */
		a->len = any_length(f);
		a->seq = rcv + wnd - a->len + PICK(f, 0, 1, 0xffffffff);
		return;
	default:
		a->flags |= RTE_TCP_URG_FLAG;
		a->urg = fuzz_random(f);
	}
}
