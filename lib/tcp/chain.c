/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The payload of a frame of several segments. What the application has lent (spate_lend()) the
 * port reads where it is: a buffer of our pool stands for it, and has no data but the count of
 * references to that memory, which nobody else touches. Everything else is copied, as it is into
 * the frame of a single segment, so that it may change or go as soon as it is acknowledged,
 * though a port may keep a frame that was sent again much longer than that.
 */
#include "tcp/chain.h"

#include <string.h>

#define BUFFERS_MAX 48 /* of one frame, whatever the port takes */
/*
 * Of these, filled by copying: the buffers of a burst of such frames must not be all that the pool
 * has for receiving.
 */
#define COPIES_MAX 8

struct build {
	struct rte_mbuf *m[BUFFERS_MAX];
	uint32_t n, n_max;
	uint32_t copies;
	bool copying; /* the last buffer is one that is being filled */
};

static struct rte_mbuf *
add(struct tcp *t, struct build *b, bool copying)
{
	struct rte_mbuf *m;

	if (b->n == b->n_max || (copying && b->copies == COPIES_MAX))
		return NULL;
	m = rte_pktmbuf_alloc(t->ip->pool);
	if (m == NULL)
		return NULL;
	m->data_off = 0; /* no header will be put in front of it */
	b->copying = copying;
	b->copies += copying;
	b->m[b->n++] = m;
	return m;
}

/* Lent memory stays; there is nothing to be done when the port has sent it. */
static void
let_go(void *mem, void *opaque)
{
	(void)mem;
	(void)opaque;
}

/* Bytes at `data` that are lent, at *iova; 0: none. */
static uint32_t
lent_at(const struct tcp *t, const uint8_t *data, uint32_t len, uint64_t *iova)
{
	for (uint32_t i = 0; i < t->n_lent; i++) {
		const struct tcp_lent *l = &t->lent[i];
		size_t at = (uintptr_t)data - (uintptr_t)l->mem;

		if (at >= l->len)
			continue;
		*iova = l->iova + at;
		return l->len - at < len ? l->len - at : len;
	}
	return 0;
}

/* `len` bytes that need no copy; returns how many found a buffer: all or none. */
static uint32_t
refer(struct tcp *t, struct build *b, const uint8_t *data, uint32_t len, uint64_t iova)
{
	struct rte_mbuf *m = add(t, b, false);
	struct rte_mbuf_ext_shared_info *info;

	if (m == NULL)
		return 0;
	/* In the buffer's own room, which is of no other use meanwhile: one owner, no atomics. */
	info = m->buf_addr;
	info->free_cb = let_go;
	info->fcb_opaque = NULL;
	rte_mbuf_ext_refcnt_set(info, 1);
	rte_pktmbuf_attach_extbuf(m, (void *)(uintptr_t)data, iova, len, info);
	m->data_len = len;
	return len;
}

/* The same with one; as many as find room. */
static uint32_t
copy(struct tcp *t, struct build *b, const uint8_t *data, uint32_t len)
{
	uint32_t done = 0;

	while (done < len) {
		struct rte_mbuf *m = b->copying ? b->m[b->n - 1] : NULL;
		uint32_t n = len - done;

		if (m == NULL || m->data_len == m->buf_len)
			m = add(t, b, true);
		if (m == NULL)
			break;
		if (n > (uint32_t)m->buf_len - m->data_len)
			n = m->buf_len - m->data_len;
		memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, m->data_len), data + done, n);
		m->data_len += n;
		done += n;
	}
	return done;
}

/* Up to `len` bytes from `at` behind snd_una; returns how many. */
static uint32_t
gather(struct tcp *t, const struct tcp_conn *c, struct build *b, uint32_t at, uint32_t len)
{
	const struct tcp_chunk *chunk = &t->chunks[t->chunks[c->snd_tail].next];
	uint32_t done = 0;

	for (; done < len; chunk = &t->chunks[chunk->next]) {
		uint32_t end;

		if (at >= chunk->len) {
			at -= chunk->len;
			continue;
		}
		end = chunk->len - at < len - done ? chunk->len : at + len - done;
		while (at < end) {
			uint32_t n = end - at < UINT16_MAX ? end - at : UINT16_MAX, did;
			uint64_t iova;

			did = chunk->owner ? 0 : lent_at(t, chunk->data + at, n, &iova);
			if (did)
				n = did = refer(t, b, chunk->data + at, did, iova);
			else
				did = copy(t, b, chunk->data + at, n);
			done += did;
			at += did;
			if (did < n || did == 0)
				return done;
		}
		at -= chunk->len;
	}
	return done;
}

/* Take `n` bytes off the end. */
static void
cut(struct build *b, uint32_t n)
{
	while (n > 0) {
		struct rte_mbuf *last = b->m[b->n - 1];

		if (last->data_len > n) {
			last->data_len -= n;
			return;
		}
		n -= last->data_len;
		rte_pktmbuf_free_seg(last);
		b->n--;
	}
}

uint32_t
tcp_chain_payload(struct tcp *t, const struct tcp_conn *c, uint32_t at, uint32_t len, uint32_t room,
	struct rte_mbuf **first)
{
	struct build b = {.n_max = RTE_MIN(t->large_buffers - 1u, (uint32_t)BUFFERS_MAX)};
	uint32_t got = gather(t, c, &b, at, len), whole = got < len ? got / room * room : got;

	if (whole <= room)
		whole = 0;
	cut(&b, got - whole);
	*first = NULL;
	if (whole == 0)
		return 0;
	for (uint32_t i = 0; i < b.n; i++)
		b.m[i]->next = i + 1 < b.n ? b.m[i + 1] : NULL;
	b.m[0]->nb_segs = b.n;
	b.m[0]->pkt_len = whole;
	*first = b.m[0];
	return whole;
}
