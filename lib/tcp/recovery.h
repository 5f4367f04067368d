/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcp/recovery: how much may be in flight, and what is done about what was lost.
 *
 *   cwnd.c      the congestion window: begins, grows, shrinks; which algorithm (congestion.h)
 *   recovery.c  loss as anybody can see it: three duplicate ACKs (RFC 5681, RFC 6582), a timeout
 *   rack.c      loss as SACK blocks show it: RACK-TLP (RFC 8985) over a scoreboard, and how much
 *               leaves meanwhile (RFC 6937)
 *   undo.c      that it was no loss, and what is done about that
 *
 * A connection that has agreed on SACK is rack.c's as long as it has, or gets, a side record
 * (tcp/extra.h) and holes from the stack's pool; where there is none left it is recovery.c's,
 * which needs nothing but the connection's own fields. TCP_F_RECOVERY and TCP_F_LOSS are set by
 * both; TCP_F_RTX_DUE, with snd_rtx, by recovery.c alone.
 */
#ifndef SPATE_TCP_RECOVERY_H
#define SPATE_TCP_RECOVERY_H

#include "tcp/extra.h"
#include "tcp/seq.h"
#include "tcp/tcp.h"

#define RECOVERY_DUPACKS 3 /* RFC 5681 3.2 */

/* ---- cwnd.c */

/* A connection is established; its SYN may have been lost. */
void tcp_cwnd_begin(const struct tcp *t, struct tcp_conn *c);

/* `acked` bytes more, and nothing is lost. */
void tcp_cwnd_grow(struct tcp *t, struct tcp_conn *c, uint32_t acked);

/*
 * Congestion, with `flight` bytes in flight: ssthresh is what the window should come down to.
 * Tells the peer, with ECN. What could be undone was before it: the caller keeps it or forgets it.
 */
void tcp_cwnd_shrink(struct tcp *t, struct tcp_conn *c, uint32_t flight);

/* A timeout, or (not `first`) the next of the same segment: RFC 5681 3.1, one segment. */
void tcp_cwnd_collapse(struct tcp *t, struct tcp_conn *c, bool first);

/* SPATE_OPT_CONGESTION. 0 or -EINVAL. */
int tcp_cwnd_choose(struct tcp *t, struct tcp_conn *c, uint64_t which);

/* New data after a silence: RFC 5681 4.1. */
void tcp_cwnd_wake(const struct tcp *t, struct tcp_conn *c);

/* ---- undo.c, for whoever calls tcp_cwnd_shrink() */

/* There is nothing to go back to any more; a side record that was for that alone is gone. */
void tcp_undo_forget(struct tcp *t, struct tcp_conn *c);

/* Recovery begins: the window and CUBIC's memory are still what they were. */
void tcp_undo_keep(struct tcp_extra *x, const struct tcp_conn *c);

/* The same for a timeout, the first of its segment; without room or SACK there is no way back. */
void tcp_undo_keep_timeout(struct tcp *t, struct tcp_conn *c);

/* `len` bytes were sent again. */
void tcp_undo_sent(const struct tcp *t, struct tcp_extra *x, uint32_t len);

/* The peer has had this twice. */
void tcp_undo_twice(
	struct tcp *t, struct tcp_conn *c, struct tcp_extra *x, const struct tcp_sack_block *b);

/*
 * An ACK with the options `o`, not of what came twice, has moved SND.UNA during recovery. True when
 * it is of what was sent before anything was sent again: then the window may go back to what it
 * was, and recovery is to end.
 */
bool tcp_undo_late(
	struct tcp *t, struct tcp_conn *c, struct tcp_extra *x, const struct tcp_options *o);

/* Recovery is over. */
void tcp_undo_at_end(struct tcp *t, struct tcp_conn *c, struct tcp_extra *x);

/* An ACK: when nothing is left to be said of it, the side record may go. */
void tcp_undo_expire(struct tcp *t, struct tcp_conn *c, struct tcp_extra *x);

/* ---- recovery.c */

/* An ACK that moved snd_una by `acked` while something lost is being repaired. */
void tcp_recovery_ack(struct tcp *t, struct tcp_conn *c, uint32_t acked);

/* All in flight is taken for lost and goes again, as the window allows. */
void tcp_recovery_all(struct tcp *t, struct tcp_conn *c);

/* ---- rack.c */

/* Is there a scoreboard now? Then it says what is in flight, and what to send again. */
static inline bool
tcp_rack_active(const struct tcp *t, const struct tcp_conn *c)
{
	return c->extra != TCP_EXTRA_NONE && t->extras[c->extra].rack;
}

/* Bytes in flight: neither acknowledged, nor known to have arrived, nor lost (RFC 6675's pipe). */
uint32_t tcp_rack_pipe(const struct tcp *t, const struct tcp_conn *c);

static inline uint32_t
tcp_flight(const struct tcp *t, const struct tcp_conn *c)
{
	return tcp_rack_active(t, c) ? tcp_rack_pipe(t, c) : c->snd_nxt - c->snd_una;
}

/*
 * An acceptable ACK with the options `o`, which has moved snd_una by `acked` (0: it has not).
 * False: there is no scoreboard and no reason or room for one, so it is recovery.c's to see.
 */
bool tcp_rack_ack(struct tcp *t, struct tcp_conn *c, uint32_t acked, const struct tcp_options *o);

/* tcp_recovery_all()'s part. False: as above. */
bool tcp_rack_all_lost(struct tcp *t, struct tcp_conn *c);

/* The next stretch to be sent again: at *seq so many numbers, FIN included; 0: none. */
uint32_t tcp_rack_next(const struct tcp *t, const struct tcp_conn *c, uint32_t *seq);

/*
 * `len` numbers were sent: of the stretch tcp_rack_next() has named, or (`again` false) new data in
 * recovery.
 */
void tcp_rack_sent(struct tcp *t, struct tcp_conn *c, uint32_t len, bool again);

/* RFC 8985 7.2: may the timer be a loss probe's, and how long it waits, in microseconds. */
bool tcp_rack_may_probe(const struct tcp *t, const struct tcp_conn *c);
uint64_t tcp_rack_probe_us(const struct tcp *t, const struct tcp_conn *c);

/* It has fired: `fresh` new data was sent for it, or else the last segment again. */
void tcp_rack_probed(struct tcp *t, struct tcp_conn *c, bool fresh);

/* Microseconds until more may be taken for lost, 0: nothing to wait for. It has fired. */
uint32_t tcp_rack_wait_us(const struct tcp *t, const struct tcp_conn *c);
void tcp_rack_timeout(struct tcp *t, struct tcp_conn *c);

/* The connection is at its end, or all is acknowledged. */
void tcp_rack_clear(struct tcp *t, struct tcp_conn *c);

#endif
