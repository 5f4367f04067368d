/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire/tcp_seg: one TCP segment (RFC 9293 3.1) as the protocol wants to see it.
 *
 * A tcp_seg is a view: it points into the frame, owns nothing and is valid only
 * while the frame is. Numbers are in host order. The options are left unparsed
 * (wire/tcp_options.h) because most segments of a churn carry none worth reading.
 */
#ifndef SPATE_WIRE_TCP_SEG_H
#define SPATE_WIRE_TCP_SEG_H

#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_tcp.h>

#include "wire/wire.h"
#include "wire/words.h"

#define TCP_FIN RTE_TCP_FIN_FLAG
#define TCP_SYN RTE_TCP_SYN_FLAG
#define TCP_RST RTE_TCP_RST_FLAG
#define TCP_PSH RTE_TCP_PSH_FLAG
#define TCP_ACK RTE_TCP_ACK_FLAG
#define TCP_URG RTE_TCP_URG_FLAG
#define TCP_ECE RTE_TCP_ECE_FLAG
#define TCP_CWR RTE_TCP_CWR_FLAG

struct rte_mbuf;

struct tcp_seg {
	uint32_t seq;      /* SEG.SEQ */
	uint32_t ack;      /* SEG.ACK, meaningful with TCP_ACK */
	uint32_t data_len; /* payload bytes */
	uint16_t wnd;      /* SEG.WND as carried, unscaled */
	uint8_t flags;     /* TCP_FIN ... TCP_CWR */
	uint8_t opts_len;  /* bytes at opts: 0-40, a multiple of 4 */
	const uint8_t *opts;
	const uint8_t *data;
	/*
	 * The frame, where the data goes on in its further buffers; `data` is then where it would
	 * be if the first were long enough. NULL, nearly always: all of it is at `data`.
	 */
	const struct rte_mbuf *chain;
};

/* SEG.LEN: SYN and FIN occupy one sequence number each. */
static inline uint32_t
tcp_seg_len(const struct tcp_seg *s)
{
	return s->data_len + !!(s->flags & TCP_SYN) + !!(s->flags & TCP_FIN);
}

/* Parse `len` bytes of TCP (header, options, data). The checksum is not looked at. */
static inline enum wire_error
tcp_seg_parse(const uint8_t *p, uint32_t len, struct tcp_seg *out)
{
	const struct rte_tcp_hdr *h = (const void *)p;

	if (len < sizeof(*h))
		return WIRE_L4_HEADER;

	uint32_t header_len = (h->data_off >> 4) * 4u;

	if (header_len < sizeof(*h) || header_len > len)
		return WIRE_L4_HEADER;
	out->seq = word_be32(h->sent_seq);
	out->ack = word_be32(h->recv_ack);
	out->wnd = word_be16(h->rx_win);
	out->flags = h->tcp_flags;
	out->opts_len = header_len - sizeof(*h);
	out->opts = p + sizeof(*h);
	out->data = p + header_len;
	out->data_len = len - header_len;
	out->chain = NULL;
	return WIRE_OK;
}

/* What a header to be sent says; ports come from the caller in network order. */
struct tcp_seg_head {
	rte_be16_t sport, dport;
	uint32_t seq, ack;
	uint16_t wnd; /* as carried: scaled by the caller */
	uint8_t flags;
	uint8_t opts_len; /* bytes of options the caller writes behind the header */
};

/* Write the 20-byte header at `p`; checksum and urgent pointer are zero. Returns its sum. */
static inline uint64_t
tcp_seg_build(uint8_t *p, const struct tcp_seg_head *s)
{
	const uint32_t words = (sizeof(struct rte_tcp_hdr) + s->opts_len) / 4;
	const uint32_t ports = word_be32((uint32_t)word_be16(s->sport) << 16 | word_be16(s->dport));
	const uint32_t seq = word_be32(s->seq), ack = word_be32(s->ack);
	const uint32_t last = word_be32(words << 28 | (uint32_t)s->flags << 16 | s->wnd);

	word_put(p, 0, ports);
	word_put(p, 1, seq);
	word_put(p, 2, ack);
	word_put(p, 3, last);
	word_put(p, 4, 0);
	return (uint64_t)ports + seq + ack + last;
}

#endif
