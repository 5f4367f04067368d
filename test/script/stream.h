/* SPDX-License-Identifier: BSD-3-Clause */
/* stream: bytes of a stream as the segments they must come out in. */
#ifndef TEST_STREAM_H
#define TEST_STREAM_H

#include "script.h"

/* Bytes [from, to) in segments of `size`; `end` is the last the application has given. */
static inline void
stream(struct script *s, uint32_t from, uint32_t to, uint32_t size, uint32_t end)
{
	while (from < to) {
		uint32_t n = to - from < size ? to - from : size;

		OUT(s, from + n == end ? PSH_ACK : ACK, .seq = 1 + from, .ack = 1, .len = n);
		from += n;
	}
}

/* Our segments carry `smss` bytes. */
static inline void
sends_segments_of(struct script *s, uint32_t smss)
{
	SEND_PATTERN(s, 2 * smss);
	stream(s, 0, 2 * smss, smss, 2 * smss);
	IN(s, ACK, .seq = 1, .ack = 1 + 2 * smss);
	EVENTS(s, "sendable");
}

#endif
