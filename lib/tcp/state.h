/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcp/state: the transitions of a connection, in one table (RFC 9293 3.3.2 figure 5).
 *
 * What happens to a connection is an event; where it leads is state.c's to say, and
 * nowhere else. Not in the table, because they lead from anywhere to CLOSED and differ in
 * what the application is told: RST, give-up, abort, and close() of a SYN_SENT. A passive
 * open begins in SYN_RCVD, since a listener is no connection here, and a RST leads it back
 * to nothing but the listener (CM-07).
 */
#ifndef SPATE_TCP_STATE_H
#define SPATE_TCP_STATE_H

#include <stdbool.h>

struct tcp;
struct tcp_conn;

enum tcp_event {
	TCP_EV_SYN,       /* the peer's SYN, which does not acknowledge ours */
	TCP_EV_SYN_ACKED, /* our SYN is acknowledged, and the peer's is here */
	TCP_EV_CLOSE,     /* nothing more to send: our FIN is queued */
	TCP_EV_FIN,       /* the peer's FIN, all before it received */
	TCP_EV_FIN_ACKED, /* our FIN is acknowledged */
	TCP_EVENTS
};

/*
 * The connection after `event`. False when it is no connection any more: CLOSED in order, or a
 * TIME_WAIT. An event that means nothing in its state leaves it as it is.
 */
bool tcp_advance(struct tcp *t, struct tcp_conn *c, enum tcp_event event);

#endif
