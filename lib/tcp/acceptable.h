/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcp/acceptable: may this segment touch the connection?
 *
 * The acceptability rules of RFC 9293 3.10.7.4, RFC 5961 and RFC 7323, each written
 * once, as pure functions of numbers. input.c calls them in the order of the RFC.
 */
#ifndef SPATE_TCP_ACCEPTABLE_H
#define SPATE_TCP_ACCEPTABLE_H

#include "tcp/seq.h"

/*
 * RFC 9293 3.10.7.4, first check: some part of [seq, seq + len) lies in the window.
 *
 *   len  wnd
 *    0    0   seq == rcv_nxt
 *    0   >0   rcv_nxt <= seq < rcv_nxt + wnd
 *   >0    0   no
 *   >0   >0   the first or the last number is in the window
 */
static inline bool
acceptable_seq(uint32_t rcv_nxt, uint32_t wnd, uint32_t seq, uint32_t len)
{
	if (len == 0)
		return wnd == 0 ? seq == rcv_nxt : seq - rcv_nxt < wnd;
	return wnd != 0 && (seq - rcv_nxt < wnd || seq + len - 1 - rcv_nxt < wnd);
}

/*
 * A FIN without data takes no room: at RCV.NXT it is acceptable though RCV.WND is zero, or
 * the peer's close would wait for a window nothing is left to fill.
 */
static inline bool
acceptable_bare_fin(uint32_t rcv_nxt, uint32_t seq, uint32_t data_len, bool fin)
{
	return fin && data_len == 0 && seq == rcv_nxt;
}

enum rst_verdict {
	RST_DROP,      /* outside the window */
	RST_CHALLENGE, /* in the window, but not the one number a peer would use */
	RST_RESET,
};

/* RFC 5961 3.2, RFC 9293 3.10.7.4 second check (RS-05). */
static inline enum rst_verdict
acceptable_rst(uint32_t rcv_nxt, uint32_t wnd, uint32_t seq)
{
	if (seq == rcv_nxt)
		return RST_RESET;
	return seq - rcv_nxt < wnd ? RST_CHALLENGE : RST_DROP;
}

/*
 * RFC 5961 5.2: SND.UNA - MAX.SND.WND <= SEG.ACK <= SND.NXT. An older or a future ACK
 * is not acceptable, and data with it is not either (blind injection).
 */
static inline bool
acceptable_ack(uint32_t snd_una, uint32_t snd_nxt, uint32_t max_snd_wnd, uint32_t ack)
{
	return seq_leq(ack, snd_nxt) && seq_geq(ack, snd_una - max_snd_wnd);
}

/* RFC 7323 5.3 R1: a timestamp older than TS.Recent marks an old duplicate (PAWS). */
static inline bool
acceptable_ts(uint32_t ts_recent, uint32_t tsval)
{
	return seq_geq(tsval, ts_recent);
}

#endif
