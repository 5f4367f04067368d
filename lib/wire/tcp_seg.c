/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/tcp_seg.h"

#include <string.h>

enum wire_error
tcp_seg_parse(const uint8_t *p, uint32_t len, struct tcp_seg *out)
{
	const struct rte_tcp_hdr *h = (const void *)p;

	if (len < sizeof(*h))
		return WIRE_L4_HEADER;

	uint32_t header_len = (h->data_off >> 4) * 4u;

	if (header_len < sizeof(*h) || header_len > len)
		return WIRE_L4_HEADER;
	out->seq = rte_be_to_cpu_32(h->sent_seq);
	out->ack = rte_be_to_cpu_32(h->recv_ack);
	out->wnd = rte_be_to_cpu_16(h->rx_win);
	out->flags = h->tcp_flags;
	out->opts_len = header_len - sizeof(*h);
	out->opts = p + sizeof(*h);
	out->data = p + header_len;
	out->data_len = len - header_len;
	return WIRE_OK;
}

void
tcp_seg_build(uint8_t *p, const struct tcp_seg_head *s)
{
	struct rte_tcp_hdr h = {
		.src_port = s->sport,
		.dst_port = s->dport,
		.sent_seq = rte_cpu_to_be_32(s->seq),
		.recv_ack = rte_cpu_to_be_32(s->ack),
		.data_off = (sizeof(h) + s->opts_len) / 4 << 4,
		.tcp_flags = s->flags,
		.rx_win = rte_cpu_to_be_16(s->wnd),
	};

	memcpy(p, &h, sizeof(h));
}
