/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flight: a stream in full segments, named by their numbers from 1 on, and a peer that is 100 ms
 * away.
 */
#ifndef TEST_FLIGHT_H
#define TEST_FLIGHT_H

#include "script.h"

/* Payload of a full segment. */
static inline uint32_t
room(const struct script *s)
{
	return s->peer_ts && s->conf.tcp.timestamps ? 1448 : 1460;
}

/* The sequence number of segment `n`: everything before it has arrived. */
#define UP_TO(n)   (1 + ((n)-1) * room(s))
/* Segments `a` to `b` in a SACK block. */
#define SEGS(a, b)                                                                                 \
	{                                                                                          \
		UP_TO(a), UP_TO((b) + 1)                                                           \
	}
/* An ACK of everything before segment `n`, with blocks. */
#define ACKED(s, n, ...) IN(s, ACK, .seq = 1, .ack = UP_TO(n), .sack = {__VA_ARGS__})

/* Expect segments `from` to `to`, `last` being the end of what was written, and no more. */
static inline void
segments(struct script *s, uint32_t from, uint32_t to, uint32_t last)
{
	for (uint32_t i = from; i <= to; i++)
		OUT(s, i == last ? PSH_ACK : ACK, .seq = UP_TO(i), .ack = 1, .len = room(s));
	SILENT(s);
}

/* A handshake whose round trip takes `ms`, in either role. */
static inline void
handshake_far(struct script *s, uint32_t ms)
{
	if (s->active) {
		CONNECT(s);
		OUT(s, SYN);
		AFTER(s, ms);
		IN(s, SYN_ACK, .ack = 1);
		OUT(s, ACK, .seq = 1, .ack = 1);
		EVENTS(s, "established");
	} else {
		LISTEN(s);
		IN(s, SYN);
		OUT(s, SYN_ACK, .ack = 1);
		AFTER(s, ms);
		IN(s, ACK, .seq = 1, .ack = 1);
		SILENT(s);
		EVENTS(s, "accept");
	}
}

/* The same from the start; and a window that is scaled. */
static inline void
establish_far(struct script *s, uint32_t ms)
{
	START(s);
	handshake_far(s, ms);
	IN(s, ACK, .seq = 1, .ack = 1);
}

/* A round trip of 100 ms is known, RTO 300 ms; the first ten of `n` segments have been sent. */
static inline void
fly(struct script *s, uint32_t n)
{
	establish_far(s, 100);
	EQUAL(s, script_info(s).rto_us, 300000);
	SEND_PATTERN(s, n * room(s));
	segments(s, 1, n < 10 ? n : 10, n);
}

#endif
