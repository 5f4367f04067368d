/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcp/receive_window: how much a connection offers to take, and how that grows.
 *
 * What is received and consumed at once needs no memory, so the window is a promise and no
 * buffer: it starts at `receive_buffer`, and doubles, up to `receive_buffer_max`, when in a
 * round trip half of it or more has come: then it may be what holds the sender back. It never
 * becomes smaller. The scale is that of the largest.
 */
#ifndef SPATE_TCP_RECEIVE_WINDOW_H
#define SPATE_TCP_RECEIVE_WINDOW_H

#include "tcp/tcp.h"

/* The largest that any connection may come to offer. */
static inline uint32_t
tcp_receive_max(const struct tcp *t)
{
	const struct spate_tcp_conf *conf = &t->conf;

	return conf->receive_buffer_max > conf->receive_buffer ? conf->receive_buffer_max
							       : conf->receive_buffer;
}

/* RCV.WND when nothing is unread. */
static inline uint32_t
tcp_receive_buffer(const struct tcp *t, const struct tcp_conn *c)
{
	uint64_t bytes = (uint64_t)t->conf.receive_buffer << tcp_rcv_doublings(c);

	return bytes < tcp_receive_max(t) ? bytes : tcp_receive_max(t);
}

/*
 * RFC 9293 3.8.6.2.2: as little as is worth telling the peer of: half of the buffer, or a segment.
 * Less than that is not offered, but for what is offered already.
 */
static inline uint32_t
tcp_receive_least(const struct tcp *t, const struct tcp_conn *c)
{
	uint32_t half = tcp_receive_buffer(t, c) / 2;

	return half < c->mss ? half : c->mss;
}

/* Data comes in full segments, one behind the other: is the window in its way? */
void tcp_receive_measure(struct tcp *t, struct tcp_conn *c);

#endif
