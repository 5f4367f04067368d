/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The application closes: half (shutdown), whole (close), at once (abort), without a word
 * (forget). RFC 9293 3.10.4, 3.10.5.
 */
#include <errno.h>

#include "tcp/reassembly.h"
#include "tcp/state.h"
#include "tcp/tcp.h"

int
tcp_shutdown(struct tcp *t, struct tcp_conn *c)
{
	switch (c->state) {
	case SPATE_SYN_RCVD:
		break; /* FIN_WAIT_1 as soon as our SYN is acknowledged (tcp_established) */
	case SPATE_ESTABLISHED:
	case SPATE_CLOSE_WAIT:
		tcp_advance(t, c, TCP_EV_CLOSE);
		break;
	case SPATE_CLOSED:
	case SPATE_SYN_SENT:
		return -ENOTCONN;
	default:
		return 0; /* our FIN is queued or sent already */
	}
	c->flags |= TCP_F_FIN_QUEUED;
	tcp_ready(t, c);
	return 0;
}

void
tcp_close(struct tcp *t, struct tcp_conn *c)
{
	if (c->state == SPATE_CLOSED || (c->flags & TCP_F_ORPHAN))
		return;
	if (c->state == SPATE_SYN_SENT) {
		tcp_conn_end(t, c, 0);
		return;
	}
	if (c->rcv_unread || tcp_reassembly_bytes(t, c)) {
		/* RFC 1122 4.2.2.13: the peer must learn that its data was not read. */
		spate_count(t->counters, SPATE_UNREAD_CLOSE);
		tcp_abort(t, c, -ECONNABORTED);
		return;
	}
	c->flags |= TCP_F_ORPHAN;
	tcp_shutdown(t, c);
	/* After a shutdown that is already acknowledged only now the idle limit applies (CM-13). */
	if (c->state == SPATE_FIN_WAIT_2)
		tcp_timer_update(t, c, true);
}

void
tcp_abort(struct tcp *t, struct tcp_conn *c, int reason)
{
	switch (c->state) {
	case SPATE_CLOSED:
		return;
	case SPATE_SYN_RCVD:
	case SPATE_ESTABLISHED:
	case SPATE_FIN_WAIT_1:
	case SPATE_FIN_WAIT_2:
	case SPATE_CLOSE_WAIT:
		tcp_send_rst(t, c);
		break;
	default:
		break; /* RFC 9293 3.10.5: SYN_SENT, CLOSING, LAST_ACK need none */
	}
	tcp_conn_end(t, c, reason);
}

void
tcp_forget(struct tcp *t, struct tcp_conn *c)
{
	if (c->state == SPATE_CLOSED)
		return;
	spate_count(t->counters, SPATE_FORGOTTEN);
	tcp_conn_end(t, c, -ECONNABORTED);
}
