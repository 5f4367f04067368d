/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/state.h"

#include "tcp/tcp.h"

/*
 * Figure 5, read row by row. Nothing (0, CLOSED's own number) means: stays.
 * LAST_ACK's end is CLOSED, which is why ENDS stands for it.
 */
#define ENDS SPATE_N_STATES

static const uint8_t next_state[SPATE_N_STATES][TCP_EVENTS] = {
	[SPATE_SYN_SENT] = {[TCP_EV_SYN] = SPATE_SYN_RCVD, [TCP_EV_SYN_ACKED] = SPATE_ESTABLISHED},
	/* close() waits for the peer's answer: FIN_WAIT_1 as soon as ESTABLISHED (CM-22). */
	[SPATE_SYN_RCVD] = {[TCP_EV_SYN_ACKED] = SPATE_ESTABLISHED},
	[SPATE_ESTABLISHED] = {[TCP_EV_CLOSE] = SPATE_FIN_WAIT_1, [TCP_EV_FIN] = SPATE_CLOSE_WAIT},
	[SPATE_FIN_WAIT_1] = {[TCP_EV_FIN] = SPATE_CLOSING, [TCP_EV_FIN_ACKED] = SPATE_FIN_WAIT_2},
	[SPATE_FIN_WAIT_2] = {[TCP_EV_FIN] = SPATE_TIME_WAIT},
	[SPATE_CLOSING] = {[TCP_EV_FIN_ACKED] = SPATE_TIME_WAIT},
	[SPATE_CLOSE_WAIT] = {[TCP_EV_CLOSE] = SPATE_LAST_ACK},
	[SPATE_LAST_ACK] = {[TCP_EV_FIN_ACKED] = ENDS},
};

bool
tcp_advance(struct tcp *t, struct tcp_conn *c, enum tcp_event event)
{
	uint8_t next = next_state[c->state][event];

	switch (next) {
	case 0:
		return true;
	case ENDS:
		tcp_conn_end(t, c, 0);
		return false;
	case SPATE_TIME_WAIT:
		tcp_time_wait_enter(t, c);
		return false;
	default:
		tcp_set_state(t, c, next);
		return true;
	}
}
