/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcp/segment: segments of a connection, built and sent. Everything the connection owes goes
 * with each (ACK, window, options, ECE), and is owed no more. It moves neither snd_nxt nor any
 * timer: output.c, which decides what is sent, does.
 */
#ifndef SPATE_TCP_SEGMENT_H
#define SPATE_TCP_SEGMENT_H

#include "tcp/tcp.h"

/*
 * Segment [seq, seq + len) with `flags`, its packet marked `ecn` (wire/ecn.h). False when there
 * was no buffer for it.
 */
bool tcp_send_marked(
	struct tcp *t, struct tcp_conn *c, uint32_t seq, uint32_t len, uint8_t flags, uint8_t ecn);

/* The same unmarked, as everything but new data is. */
bool tcp_send_segment(struct tcp *t, struct tcp_conn *c, uint32_t seq, uint32_t len, uint8_t flags);

/* Payload bytes the next segment can carry: SACK blocks take of its room (RFC 6691). */
uint32_t tcp_room_beside_sack(const struct tcp *t, const struct tcp_conn *c);

static inline uint32_t
tcp_room_now(const struct tcp *t, const struct tcp_conn *c)
{
	return likely(c->extra == TCP_EXTRA_NONE) ? tcp_segment_room(c)
						  : tcp_room_beside_sack(t, c);
}

#endif
