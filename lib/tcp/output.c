/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is sent, and when. A connection with something to say waits on the ready list until the
 * stack is asked for output; by then everything one burst of input caused is known, so
 * an ACK rides on data, a FIN rides on both, and a bare ACK leaves only when nothing
 * else does.
 */
#include <errno.h>

#include "tcp/recovery.h"
#include "tcp/segment.h"
#include "wire/ecn.h"

void
tcp_ready(struct tcp *t, struct tcp_conn *c)
{
	uint32_t index = tcp_conn_index(t, c);

	if (c->flags & TCP_F_READY)
		return;
	c->flags |= TCP_F_READY;
	c->ready_next = TCP_READY_NONE;
	if (t->ready_tail == TCP_READY_NONE)
		t->ready_head = index;
	else
		t->conns[t->ready_tail].ready_next = index;
	t->ready_tail = index;
}

/* A segment from snd_nxt on: data that is sent for the first time (RFC 3168 6.1.2). */
static bool
send_first(struct tcp *t, struct tcp_conn *c, uint32_t len, uint8_t flags)
{
	bool data = len && (c->options & TCP_O_ECN);

	if (data && (c->options & TCP_O_CWR))
		flags |= TCP_CWR;
	if (!tcp_send_marked(t, c, c->snd_nxt, len, flags, data ? ECN_ECT0 : ECN_NOT_ECT))
		return false;
	if (flags & TCP_CWR)
		c->options &= ~TCP_O_CWR;
	return true;
}

/* Time this segment, if nothing is being timed (Karn: never one that is sent again). */
static void
time_segment(const struct tcp *t, struct tcp_conn *c, uint32_t end)
{
	if (c->flags & TCP_F_RTT)
		return;
	c->flags |= TCP_F_RTT;
	c->rtt_seq = end;
	c->rtt_start = tcp_now_us(t);
}

static void
send_syn(struct tcp *t, struct tcp_conn *c)
{
	c->flags &= ~TCP_F_SYN_DUE;
	tcp_send_segment(t, c, c->snd_una, 0,
		(c->state == SPATE_SYN_SENT ? TCP_SYN : TCP_SYN | TCP_ACK) | tcp_ecn_syn_flags(c));
	if (c->flags & TCP_F_SYN_LOST)
		c->flags &= ~TCP_F_RTT;
	else
		time_segment(t, c, c->snd_nxt);
	tcp_timer_update(t, c, false);
}

/* Numbers from `seq` on that a segment sent again may carry, with what flags: never new ones. */
static uint32_t
old_segment(
	const struct tcp *t, const struct tcp_conn *c, uint32_t seq, uint32_t len, uint8_t *flags)
{
	/* The FIN is the last number and no byte. */
	uint32_t data_end = c->snd_nxt - !!(c->flags & TCP_F_FIN_SENT);
	uint32_t room = tcp_room_now(t, c);
	uint32_t bytes = data_end - seq < len ? data_end - seq : len;
	bool fin;

	if (bytes > room)
		bytes = room;
	fin = seq + bytes == data_end && bytes < len && (c->flags & TCP_F_FIN_SENT);
	*flags = TCP_ACK | (fin ? TCP_FIN : 0) | (bytes && seq + bytes == c->snd_end ? TCP_PSH : 0);
	return bytes;
}

static bool
send_again(struct tcp *t, struct tcp_conn *c, uint32_t seq, uint32_t bytes, uint8_t flags)
{
	if (!tcp_send_segment(t, c, seq, bytes, flags))
		return false;
	spate_count(t->counters, SPATE_RETRANSMITS);
	return true;
}

/* Send again from snd_rtx: one segment, and in loss recovery as many as cwnd allows. */
static void
retransmit(struct tcp *t, struct tcp_conn *c, uint32_t *frames)
{
	uint32_t wnd = c->snd_wnd < c->cwnd ? c->snd_wnd : c->cwnd;

	c->flags &= ~(TCP_F_RTX_DUE | TCP_F_RTT);
	if (unlikely(c->options & TCP_O_NARROW))
		tcp_path_probe_void(t, c);
	for (bool first = true; seq_lt(c->snd_rtx, c->recover); first = false) {
		uint8_t flags;
		uint32_t bytes = old_segment(t, c, c->snd_rtx, c->snd_nxt - c->snd_rtx, &flags);

		if (!first && c->snd_rtx + bytes - c->snd_una > wnd)
			return;
		if (*frames == 0) {
			c->flags |= TCP_F_RTX_DUE;
			return;
		}
		if (!send_again(t, c, c->snd_rtx, bytes, flags))
			return;
		(*frames)--;
		c->snd_rtx += bytes + !!(flags & TCP_FIN);
		if (c->flags & TCP_F_RECOVERY)
			return;
	}
}

/* The same by the scoreboard: what is lost, as far as there is room for more in flight. */
static void
retransmit_lost(struct tcp *t, struct tcp_conn *c, uint32_t *frames)
{
	uint32_t pipe = tcp_rack_pipe(t, c), seq, len;

	while (*frames > 0 && (len = tcp_rack_next(t, c, &seq)) > 0) {
		uint8_t flags;
		uint32_t bytes = old_segment(t, c, seq, len, &flags);

		len = bytes + !!(flags & TCP_FIN);
		if (pipe > 0 && pipe + len > c->cwnd)
			return;
		/* RFC 9293 3.8.6: a window that shrank is respected, but for its first segment. */
		if (seq != c->snd_una && seq + len - c->snd_una > c->snd_wnd)
			return;
		if (unlikely(c->options & TCP_O_NARROW))
			tcp_path_probe_void(t, c);
		if (!send_again(t, c, seq, bytes, flags))
			return;
		c->flags &= ~TCP_F_RTT;
		/* RFC 6675 5.1 (6): the timeout is that of the segment that was just sent. */
		if (seq == c->snd_una)
			tcp_timer_due(c);
		tcp_rack_sent(t, c, len, true);
		pipe += len;
		(*frames)--;
	}
}

/*
 * May a segment of less than there is room for leave now (DT-06)? The last with the FIN behind it
 * always. Corked: nothing else. Otherwise RFC 1122 4.2.3.4: when nothing is in flight, or Nagle's
 * algorithm is off.
 */
static bool
small_may_leave(const struct tcp_conn *c, bool last)
{
	if (last && (c->flags & TCP_F_FIN_QUEUED))
		return true;
	if (c->corked)
		return false;
	return c->no_delay || c->snd_nxt == c->snd_una;
}

int
tcp_set_small(struct tcp *t, struct tcp_conn *c, enum spate_option option, uint64_t on)
{
	if (on > 1)
		return -EINVAL;
	if (option == SPATE_OPT_CORK)
		c->corked = on;
	else
		c->no_delay = on;
	/* What waited for it leaves now. */
	if (c->state >= SPATE_ESTABLISHED && tcp_unsent(c))
		tcp_ready(t, c);
	return 0;
}

/*
 * RFC 9293 3.8.6.2.1: is this too little to send? Not when it is a full segment, all there
 * is, or half of the largest window the peer has had; nor when it has waited long enough.
 */
static bool
silly(const struct tcp_conn *c, uint32_t len, uint32_t room)
{
	uint32_t largest = (uint32_t)c->wnd_max << tcp_snd_wscale(c);
	bool last = c->snd_nxt + len == c->snd_end;

	if (len >= room || (c->options & TCP_O_OVERRIDE))
		return false;
	return last ? !small_may_leave(c, last) : len < largest / 2;
}

/* tcp_path_probe(), but never with SACK blocks: they would have no room in it. */
static uint32_t
trial(const struct tcp *t, const struct tcp_conn *c)
{
	return tcp_room_now(t, c) == tcp_segment_room(c) ? tcp_path_probe(t, c) : 0;
}

/* RFC 3042: the first two duplicate ACKs let a segment more leave each. */
static uint32_t
window_now(const struct tcp_conn *c, uint32_t room)
{
	if (likely(c->dupacks == 0) || (c->flags & (TCP_F_RECOVERY | TCP_F_LOSS)))
		return c->cwnd;
	return c->cwnd + (c->dupacks < RECOVERY_DUPACKS ? c->dupacks * room : 0);
}

/* Bytes of new data for the next segment: what there is, room, the peer's window, ours. */
static uint32_t
new_bytes(struct tcp_conn *c, uint32_t room, uint32_t flight)
{
	uint32_t used = c->snd_nxt - c->snd_una;
	uint32_t cwnd = window_now(c, room);
	uint32_t len = c->snd_end - c->snd_nxt;
	uint32_t wnd = c->snd_wnd > used ? c->snd_wnd - used : 0;

	len = len < room ? len : room;
	len = len < wnd ? len : wnd;
	if (likely(flight + len <= cwnd))
		return len;
	c->cwnd_limited = true;
	return cwnd > flight ? cwnd - flight : 0;
}

/* Devices refuse to cut frames up too small, the pickiest below 256 bytes; peers choose. */
#define LARGE_ROOM_LEAST 512

/*
 * What only one segment may carry, or what could go wrong in the middle, is sent one by one: the
 * answer to ECE, options said once, a MAC, fragments, and everything while there are signs of
 * loss.
 */
static bool
one_by_one(const struct tcp_conn *c, uint32_t room)
{
	return (c->flags & (TCP_F_RECOVERY | TCP_F_LOSS)) || c->dupacks ||
	       (c->options & (TCP_O_CWR | TCP_O_UTO_DUE | TCP_O_AUTH | TCP_O_FRAGMENT)) ||
	       room != tcp_segment_room(c) || room < LARGE_ROOM_LEAST;
}

/*
 * There is more than the full segment of `room` bytes that may leave: all that may as one frame,
 * if the port takes it. Returns the numbers sent, 0: one by one. What is left over of a segment
 * goes with it where nothing would hold it back (small_may_leave(): something is in flight).
 */
static uint32_t
send_many(struct tcp *t, struct tcp_conn *c, uint32_t room, uint32_t flight)
{
	uint32_t used = c->snd_nxt - c->snd_una, unsent = c->snd_end - c->snd_nxt, first, sent;
	uint32_t len = RTE_MIN(RTE_MIN(unsent, t->large_max), c->snd_wnd - used);
	bool fin_queued = c->flags & TCP_F_FIN_QUEUED, fin;

	if (one_by_one(c, room))
		return 0;
	len = RTE_MIN(len, c->cwnd - flight);
	if (len < unsent || !(fin_queued || (c->no_delay && !c->corked)))
		len -= len % room;
	if (len <= room)
		return 0;
	fin = len == unsent && fin_queued && used + len < c->snd_wnd;
	sent = tcp_send_large(t, c, len, room,
		TCP_ACK | (len == unsent ? TCP_PSH : 0) | (fin ? TCP_FIN : 0),
		c->options & TCP_O_ECN ? ECN_ECT0 : ECN_NOT_ECT);
	if (sent == 0)
		return 0;
	if (sent == len && fin) {
		c->flags |= TCP_F_FIN_SENT;
		sent++;
	}
	c->options &= ~TCP_O_OVERRIDE;
	/* The first of them, as without the port's help: its ACK waits for no other. */
	first = c->snd_nxt + room;
	c->snd_nxt += sent;
	time_segment(t, c, first);
	return sent;
}

/* New data and the FIN, as far as windows and `frames` allow. True if anything went. */
static bool
send_new(struct tcp *t, struct tcp_conn *c, uint32_t *frames)
{
	uint32_t flight = tcp_flight(t, c);
	bool sent = false;

	/* Only what has been silent for the least timeout can have been for its own. */
	if (c->snd_nxt == c->snd_una && c->srtt_us &&
		tcp_now_us(t) - c->rtt_start > t->conf.min_rto_ms * 1000)
		tcp_cwnd_wake(t, c);
	c->cwnd_limited = false;
	while (*frames > 0 && tcp_unsent(c)) {
		uint32_t room = tcp_room_now(t, c);
		uint32_t probe = unlikely(c->options & TCP_O_NARROW) ? trial(t, c) : 0;
		uint32_t len = probe ? probe : new_bytes(c, room, flight);
		bool last = c->snd_nxt + len == c->snd_end;
		/* The FIN needs a place in the peer's window, but none in cwnd. */
		bool fin = last && (c->flags & TCP_F_FIN_QUEUED) &&
			   c->snd_nxt + len - c->snd_una < c->snd_wnd;

		if (len == room && t->large_max) {
			uint32_t many = send_many(t, c, room, flight);

			if (many) {
				flight += many;
				(*frames)--;
				sent = true;
				continue;
			}
		}
		if (len == 0 && !fin)
			break;
		if (probe == TCP_PATH_HOLD || (len && silly(c, len, room)))
			break;
		if (!send_first(
			    t, c, len, TCP_ACK | (last && len ? TCP_PSH : 0) | (fin ? TCP_FIN : 0)))
			break;
		c->snd_nxt += len + fin;
		flight += len + fin;
		c->options &= ~TCP_O_OVERRIDE;
		if (probe)
			tcp_path_probe_sent(t, c, len);
		if (fin)
			c->flags |= TCP_F_FIN_SENT;
		if (unlikely(c->flags & TCP_F_RECOVERY) && tcp_rack_active(t, c))
			tcp_rack_sent(t, c, len, false);
		time_segment(t, c, c->snd_nxt);
		(*frames)--;
		sent = true;
	}
	return sent;
}

/* Is something waiting that only a lack of frames holds back? */
static bool
more_to_send(const struct tcp *t, const struct tcp_conn *c)
{
	uint32_t seq;

	return (c->flags & (TCP_F_ACK_NOW | TCP_F_RTX_DUE)) || tcp_unsent(c) ||
	       (tcp_rack_active(t, c) && tcp_rack_next(t, c, &seq));
}

/* One connection's turn. False when it has more to send than there is room for. */
static bool
output_conn(struct tcp *t, struct tcp_conn *c, uint32_t *room)
{
	bool idle = c->snd_nxt == c->snd_una, sent;

	if (c->state == SPATE_SYN_SENT || c->state == SPATE_SYN_RCVD) {
		if (c->flags & TCP_F_SYN_DUE)
			send_syn(t, c);
		else if (c->flags & TCP_F_ACK_NOW)
			tcp_send_segment(t, c, c->snd_nxt, 0, TCP_ACK);
		(*room)--;
		return true;
	}
	if (c->flags & TCP_F_RTX_DUE)
		retransmit(t, c, room);
	else if (unlikely(c->extra != TCP_EXTRA_NONE) && tcp_rack_active(t, c) && c->snd_wnd)
		retransmit_lost(t, c, room);
	/* RFC 6298 5.1: it begins with the first in flight, not when there was no buffer for it. */
	sent = send_new(t, c, room);
	/* ... but a loss probe's wait with the last of it (RFC 8985 7.2). */
	if (sent || tcp_unsent(c) || (c->options & TCP_O_TIMER_DUE))
		tcp_timer_update(t, c,
			(idle && c->snd_nxt != c->snd_una) ||
				(sent && c->timer == TCP_TIMER_LOSS_PROBE));
	if (*room == 0)
		return !more_to_send(t, c);
	/* Or it could have waited, but the timer is taken by now. */
	if ((c->flags & TCP_F_ACK_NOW) ||
		((c->options & TCP_O_BEHIND) && c->timer != TCP_TIMER_DELAYED_ACK)) {
		tcp_send_segment(t, c, c->snd_nxt, 0, TCP_ACK);
		(*room)--;
	}
	return true;
}

void
tcp_output(struct tcp *t, uint32_t max)
{
	uint32_t room = ip_tx_room(t->ip) < max ? ip_tx_room(t->ip) : max;

	while (t->ready_head != TCP_READY_NONE && room > 0) {
		uint32_t index = t->ready_head;
		struct tcp_conn *c = &t->conns[index];

		if (c->state != SPATE_CLOSED && !output_conn(t, c, &room))
			return;
		t->ready_head = c->ready_next;
		if (t->ready_head == TCP_READY_NONE)
			t->ready_tail = TCP_READY_NONE;
		c->flags &= ~TCP_F_READY;
		if (c->state == SPATE_CLOSED) {
			/* It ended while it waited here. */
			c->ready_next = t->grave_head;
			t->grave_head = index;
		}
	}
}

void
tcp_send_keepalive(struct tcp *t, struct tcp_conn *c)
{
	/* One number behind what the peer expects, and empty: any TCP answers with an ACK. */
	if (tcp_send_segment(t, c, c->snd_nxt - 1, 0, TCP_ACK))
		spate_count(t->counters, SPATE_KEEPALIVE_PROBES);
}

void
tcp_send_probe(struct tcp *t, struct tcp_conn *c)
{
	bool again = c->snd_nxt != c->snd_una;
	bool data = seq_lt(c->snd_una, c->snd_end);

	if (!tcp_send_segment(t, c, c->snd_una, data, TCP_ACK | (data ? 0 : TCP_FIN)))
		return;
	spate_count(t->counters, SPATE_PERSIST_PROBES);
	c->flags &= ~TCP_F_RTT;
	if (again)
		return;
	c->snd_nxt++;
	if (!data)
		c->flags |= TCP_F_FIN_SENT;
}

void
tcp_send_loss_probe(struct tcp *t, struct tcp_conn *c)
{
	uint32_t used = c->snd_nxt - c->snd_una, room = tcp_room_now(t, c);
	uint32_t most = room + !!(c->flags & TCP_F_FIN_SENT);
	uint32_t len = c->snd_end - c->snd_nxt, back = used < most ? used : most;
	uint8_t flags;

	/* RFC 8985 7.3: new data if the peer has room for a segment of it, cwnd or not. */
	len = len < room ? len : room;
	if (len && used + len <= c->snd_wnd && !(c->flags & TCP_F_FIN_SENT)) {
		if (!send_first(t, c, len, TCP_ACK | TCP_PSH))
			return;
		c->snd_nxt += len;
		time_segment(t, c, c->snd_nxt);
		tcp_rack_probed(t, c, true);
	} else {
		uint32_t bytes = old_segment(t, c, c->snd_nxt - back, back, &flags);

		if (!send_again(t, c, c->snd_nxt - back, bytes, flags))
			return;
		c->flags &= ~TCP_F_RTT;
		tcp_rack_probed(t, c, false);
	}
	spate_count(t->counters, SPATE_LOSS_PROBES);
}
