/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcp/chain: segments in more than one buffer. Sent, they are several in one frame, which the
 * port cuts apart (TSO); received, several that the port has joined (LRO), or one that it has
 * split up.
 */
#ifndef SPATE_TCP_CHAIN_H
#define SPATE_TCP_CHAIN_H

#include <rte_mbuf.h>

#include "tcp/tcp.h"

/*
 * The payload of one frame: up to `len` bytes from `at` behind snd_una, in buffers chained to
 * *first. Returns how many there are: all, or as many whole segments of `room` bytes as found
 * buffers, two at least; otherwise 0, and *first is nothing.
 */
uint32_t tcp_chain_payload(struct tcp *t, const struct tcp_conn *c, uint32_t at, uint32_t len,
	uint32_t room, struct rte_mbuf **first);

/* The data of a received segment, a stretch in one buffer at a time. */
struct tcp_pieces {
	const struct rte_mbuf *m;
	uint32_t at;   /* where it goes on in `m` */
	uint32_t left; /* bytes behind the piece */
	/* The piece: */
	const uint8_t *data;
	uint32_t len;
};

static inline struct tcp_pieces
tcp_pieces(const struct tcp_seg *s)
{
	return (struct tcp_pieces){
		.m = s->chain,
		.at = s->data - rte_pktmbuf_mtod(s->chain, const uint8_t *),
		.left = s->data_len,
	};
}

/* The next piece; false when there is none. stack/gather.c has seen to it that all is there. */
static inline bool
tcp_next_piece(struct tcp_pieces *p)
{
	if (p->left == 0)
		return false;
	for (; p->at >= p->m->data_len; p->m = p->m->next)
		p->at -= p->m->data_len;
	p->data = rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->at);
	p->len = p->m->data_len - p->at < p->left ? p->m->data_len - p->at : p->left;
	p->left -= p->len;
	p->at += p->len;
	return true;
}

#endif
