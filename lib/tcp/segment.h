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

/*
 * Several segments of `room` bytes, the last perhaps of less, from snd_nxt on as one frame, for
 * the port to cut up: `len` bytes, or less if buffers are short. `flags` have PSH and FIN if `len`
 * ends with them: the port leaves them to the last segment alone. CWR, which would have to be the
 * first one's, not every port knows about: it must not be among them. Nor must there be options
 * that are to be sent once. Returns the bytes sent; 0: the segments are to be sent one by one.
 */
uint32_t tcp_send_large(
	struct tcp *t, struct tcp_conn *c, uint32_t len, uint32_t room, uint8_t flags, uint8_t ecn);

/* One segment unmarked, as everything but new data is. */
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
