/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The port between the frames and the stack: buffers that end where a frame does, or lie about
 * it; and what it has to do itself to what comes out, sums and cutting up.
 */
#include <stdlib.h>
#include <string.h>

#include "../nic.h"
#include "fuzz.h"

/* ---- in */

/* A hostile frame's memory: exactly as long as the frame. */
struct held {
	struct rte_mbuf_ext_shared_info shinfo;
	uint32_t *count;
	uint8_t *data;
};

static void
let_go(void *addr, void *opaque)
{
	struct held *h = opaque;

	(void)addr;
	(*h->count)--;
	free(h->data);
	free(h);
}

/* An mbuf around a copy of `len` bytes that ends where malloc's buffer ends. */
static struct rte_mbuf *
exact(struct fuzz *f, const uint8_t *b, uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(f->rx_pool);
	struct held *h = malloc(sizeof(*h));

	if (m == NULL || h == NULL || (h->data = malloc(len ? len : 1)) == NULL)
		abort();
	memcpy(h->data, b, len);
	h->count = &f->held;
	h->shinfo.free_cb = let_go;
	h->shinfo.fcb_opaque = h;
	rte_mbuf_ext_refcnt_set(&h->shinfo, 1);
	rte_pktmbuf_attach_extbuf(m, h->data, RTE_BAD_IOVA, len, &h->shinfo);
	m->data_len = m->pkt_len = len;
	f->held++;
	return m;
}

/* In two pieces, as a driver that splits does it; only sometimes with room to join them. */
static struct rte_mbuf *
split(struct fuzz *f, const struct frame *in)
{
	uint32_t at = below(f, in->len + 1);
	struct rte_mbuf *tail = exact(f, in->b + at, in->len - at);
	struct rte_mbuf *m;

	if (chance(f, 30)) {
		m = exact(f, in->b, at);
	} else {
		m = rte_pktmbuf_alloc(f->rx_pool);
		if (m == NULL)
			abort();
		memcpy(rte_pktmbuf_append(m, at), in->b, at);
	}
	m->next = tail;
	m->nb_segs = 2;
	m->pkt_len = in->len;
	return m;
}

/*
 * In many, some of them empty, the first with little room behind it: what is longer stays a chain.
 * Now and then the first says of it what is not so.
 */
static struct rte_mbuf *
scatter(struct fuzz *f, const struct frame *in)
{
	struct rte_mbuf *first = rte_pktmbuf_alloc(f->rx_pool), *last = first;
	uint32_t at = below(f, RTE_MIN(in->len, 160u) + 1);

	if (first == NULL)
		abort();
	first->data_off = first->buf_len - PICK(f, 160, 160, 160, 200, 1000);
	memcpy(rte_pktmbuf_append(first, at), in->b, at);
	while (at < in->len) {
		uint32_t n = PICK(f, 0, 1, 2, below(f, 200), in->len);

		n = RTE_MIN(n, in->len - at);
		last->next = exact(f, in->b + at, n);
		last = last->next;
		first->nb_segs++;
		at += n;
	}
	first->pkt_len = in->len;
	if (chance(f, 5))
		first->pkt_len += PICK(f, 1, -1, -100, 100000);
	/* But not that it is alone: what goes back into a pool is by DPDK's rules what it says. */
	if (chance(f, 2))
		first->nb_segs += first->nb_segs > 2 ? PICK(f, 1, -1) : 1;
	return first;
}

struct rte_mbuf *
port_mbuf(struct fuzz *f, const struct frame *in)
{
	struct rte_mbuf *m = f->scatters && chance(f, f->scatters) ? scatter(f, in)
			     : chance(f, 4) ? split(f, in) : exact(f, in->b, in->len);

	/* What a port may claim to know of the checksums. */
	if (chance(f, 4)) {
		m->ol_flags |= PICK(f, 0, RTE_MBUF_F_RX_IP_CKSUM_GOOD, RTE_MBUF_F_RX_IP_CKSUM_BAD,
			RTE_MBUF_F_RX_IP_CKSUM_NONE);
		m->ol_flags |= PICK(f, 0, RTE_MBUF_F_RX_L4_CKSUM_GOOD, RTE_MBUF_F_RX_L4_CKSUM_BAD,
			RTE_MBUF_F_RX_L4_CKSUM_NONE);
	}
	return m;
}

/* ---- out */

/* Where the port computes checksums: is it told what it must know? Then do its work. */
static void
finish_offload(struct fuzz *f, const struct rte_mbuf *m, struct frame *fr)
{
	uint8_t *ip = fr->b + m->l2_len, *tcp = ip + m->l3_len;
	bool v6 = six_of(fr) != NULL;
	uint64_t want = RTE_MBUF_F_TX_TCP_CKSUM |
			(v6 ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM);
	uint64_t all = want | RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM;
	uint32_t len = fr->len - m->l2_len - m->l3_len;
	uint16_t pseudo;

	if (!(m->ol_flags & RTE_MBUF_F_TX_TCP_CKSUM))
		return;
	pseudo = v6 ? sum16(ip + 8, 32, 6 + len) : sum16(ip + 12, 8, 6 + len);
	if ((m->ol_flags & all) != want || m->l2_len != (f->conf.vlan ? 18 : 14) ||
		m->l3_len != (v6 ? 40 : 20) || m->l4_len != (tcp[12] >> 4) * 4 ||
		get16(tcp + 16) != pseudo) {
		fuzz_fail(f, "the port is told nonsense about checksums");
		return;
	}
	if (!v6) {
		put16(ip + 10, 0);
		put16(ip + 10, ~sum16(ip, 20, 0));
	}
	put16(tcp + 16, 0);
	put16(tcp + 16, ~sum16(tcp, len, pseudo));
}

/* The port cuts it up; the pieces are looked at like any frame. */
static void
take_large(struct fuzz *f, struct rte_mbuf *m)
{
	struct rte_mbuf *pieces[NIC_PIECES_MAX];
	const char *why;
	uint32_t n;

	if (f->conf.tx_large_max == 0 || m->nb_segs > f->conf.tx_large_buffers ||
		!(m->ol_flags & RTE_MBUF_F_TX_TCP_SEG)) {
		fuzz_fail(f, "a frame of %u bytes in %u pieces", m->pkt_len, m->nb_segs);
		rte_pktmbuf_free(m);
		return;
	}
	n = nic_cut(m, f->cut_pool, pieces, &why);
	if (n == 0)
		fuzz_fail(f, "%s", why);
	for (uint32_t i = 0; i < n; i++)
		port_take(f, pieces[i]);
}

void
port_take(struct fuzz *f, struct rte_mbuf *m)
{
	struct frame *fr;
	char text[512];

	if (nic_is_large(m)) {
		take_large(f, m);
		return;
	}
	fr = &f->out[f->n_out++ % HISTORY];
	if (m->nb_segs != 1 || m->pkt_len != m->data_len || m->pkt_len > FRAME_MAX) {
		fuzz_fail(f, "a frame of %u bytes in %u pieces", m->pkt_len, m->nb_segs);
		fr->len = 0;
	} else {
		fr->len = m->pkt_len;
		memcpy(fr->b, rte_pktmbuf_mtod(m, void *), fr->len);
		finish_offload(f, m, fr);
		if (f->trace) {
			output_describe(fr, text, sizeof(text));
			fuzz_trace(f, " out  %s", text);
		}
		output_check(f, fr);
	}
	rte_pktmbuf_free(m);
}
