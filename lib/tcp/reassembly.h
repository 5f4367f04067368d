/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcp/reassembly: what came beyond a gap, kept until the gap is filled (DT-03).
 *
 * What a connection holds is a list of stretches, each a run of sequence numbers without a
 * gap, in order, no two of them touching. A segment adds to them only numbers that are not
 * there yet: where two segments disagree, the bytes that came first are the ones delivered,
 * because they may have been reported by SACK (RFC 2018 8), and because nobody can then
 * change afterwards what is held. For the same reason nothing that is held is ever thrown
 * away to make room, and a segment there is no room for is dropped as if it had been lost. A
 * FIN is kept as the last number of its stretch.
 *
 * The bytes are copied into buffers of the stack's own, and the received frame is free
 * again with its burst. Keeping the frames instead would save the copy of a segment that is an
 * exception anyway, and cost more: a frame may be the peer's (the embedded wire), or belong
 * to a driver that wants it back, it pins 2 KiB however short it is, and how many of them there
 * are is then up to whoever sends. Copies of what is adjacent share a buffer. The list's own
 * data lies in front of the bytes in the same buffer, and nothing is allocated besides.
 *
 * Bounds: the window in bytes; by connection, buffers for twice the receive buffer, so that
 * short segments cannot pin much more than was offered, and TCP_STRETCHES_MAX gaps, which is
 * also what a search costs at most; by stack, a quarter of its share of the pool (tcp.held_max).
 * Where one of them is reached the segment is dropped and counted, by reason. What fills the gap in
 * front needs no buffer and gets through always.
 */
#ifndef SPATE_TCP_REASSEMBLY_H
#define SPATE_TCP_REASSEMBLY_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/tcp.h"

#define TCP_STRETCHES_MAX 64

/* Sequence numbers from `from` up to, not including, `to`. */
struct tcp_stretch {
	uint32_t from, to;
};

/* In front of the bytes in a buffer. */
struct tcp_held {
	struct rte_mbuf *next; /* of the same stretch */
	uint32_t len;          /* bytes behind this */
	/* Of a stretch's first buffer alone: */
	uint32_t from, to;
	uint32_t stamp; /* when it was touched last */
	struct rte_mbuf *last;
	struct rte_mbuf *above; /* the next stretch */
};

static inline struct tcp_held *
tcp_held_in(const struct rte_mbuf *m)
{
	return m->buf_addr;
}

/* In the side record of a connection (tcp/extra.h) as long as there is a gap. */
struct tcp_reassembly {
	struct rte_mbuf *first; /* of the lowest stretch; NULL: nothing is held */
	uint32_t numbers;       /* held: bytes, and the FIN */
	uint32_t buffers, buffers_max;
	uint32_t stretches;
	uint32_t stamp; /* of the stretch touched last: each touch has a higher one */
	uint32_t fin;   /* the FIN's number, where has_fin */
	bool has_fin;
};

/* Buffers one connection may hold: twice what its window takes when they are full. */
uint32_t tcp_reassembly_buffers_max(const struct tcp *t, const struct tcp_conn *c);

/* Is anything held? */
bool tcp_reassembly_any(const struct tcp *t, const struct tcp_conn *c);

/* Bytes held, the FIN not counted. */
uint32_t tcp_reassembly_bytes(const struct tcp *t, const struct tcp_conn *c);

/*
 * Keep what is new in `s`, which lies in the window, beyond RCV.NXT; `s` may be cut down.
 * What is dropped is counted; what was there already is left for tcp_sack_duplicate().
 */
void tcp_reassembly_keep(struct tcp *t, struct tcp_conn *c, struct tcp_seg *s);

/* Numbers missing between RCV.NXT and what is held; UINT32_MAX when nothing is. */
uint32_t tcp_reassembly_gap(const struct tcp *t, const struct tcp_conn *c);

/* The first stretch held; false when there is none. */
bool tcp_reassembly_lowest(const struct tcp *t, const struct tcp_conn *c, struct tcp_stretch *out);

/* Is the peer's FIN held? Then *seq is its number. */
bool tcp_reassembly_fin(const struct tcp *t, const struct tcp_conn *c, uint32_t *seq);

/*
 * Take the first buffer held; its bytes are *data and *len, a held FIN being one of them. The
 * buffer is the caller's to free. There must be one.
 */
struct rte_mbuf *tcp_reassembly_take(
	struct tcp *t, struct tcp_conn *c, const uint8_t **data, uint32_t *len);

/* Let go of all that is held. */
void tcp_reassembly_clear(struct tcp *t, struct tcp_conn *c);

/* The stretch that has the number `seq`; false when none has. */
bool tcp_reassembly_find(
	const struct tcp *t, const struct tcp_conn *c, uint32_t seq, struct tcp_stretch *out);

/* Up to `max` stretches (TCP_SACK_BLOCKS_MAX at most), that touched last first; returns how many.
 */
uint32_t tcp_reassembly_newest(
	const struct tcp *t, const struct tcp_conn *c, struct tcp_stretch *out, uint32_t max);

#endif
