/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the application has queued and the peer has not acknowledged: a ring of chunks,
 * the first of which always starts at snd_una. The connection knows the last, which links
 * to the first. Payload is copied once, into the frame, or, where the port can read it where
 * it is, not at all (chain.c).
 */
#include <errno.h>
#include <string.h>

#include "tcp/tcp.h"
#include "wire/checksum.h"

static uint32_t
first(const struct tcp *t, const struct tcp_conn *c)
{
	return t->chunks[c->snd_tail].next;
}

int
tcp_send_append(struct tcp *t, struct tcp_conn *c, const uint8_t *data, uint32_t len,
	struct rte_mbuf *owner)
{
	uint32_t index = t->chunk_free;

	/* Sequence numbers are compared modulo 2^32: far less than half of it may be queued. */
	if (len > TCP_SEND_MAX - (c->snd_end - c->snd_una))
		return -ENOBUFS;
	if (owner && t->owned == t->owned_max)
		return -ENOBUFS;
	if (index != TCP_CHUNK_NONE)
		t->chunk_free = t->chunks[index].next;
	else if (t->chunk_untouched < t->max_chunks)
		index = t->chunk_untouched++;
	else
		return -ENOBUFS;
	t->chunks[index] = (struct tcp_chunk){data, owner, len, index};
	if (c->snd_tail != TCP_CHUNK_NONE) {
		t->chunks[index].next = t->chunks[c->snd_tail].next;
		t->chunks[c->snd_tail].next = index;
	}
	c->snd_tail = index;
	c->snd_end += len;
	t->owned += owner != NULL;
	return 0;
}

uint32_t
tcp_send_extend(struct tcp *t, struct tcp_conn *c, const uint8_t *data, uint32_t len)
{
	struct tcp_chunk *chunk;
	uint32_t room;

	if (c->snd_tail == TCP_CHUNK_NONE || t->chunks[c->snd_tail].owner == NULL)
		return 0;
	chunk = &t->chunks[c->snd_tail];
	room = rte_pktmbuf_tailroom(chunk->owner);
	if (len > room)
		len = room;
	if (len > TCP_SEND_MAX - (c->snd_end - c->snd_una))
		return 0;
	memcpy(rte_pktmbuf_append(chunk->owner, len), data, len);
	chunk->len += len;
	c->snd_end += len;
	return len;
}

/* The sum of a piece that begins with the second byte of a word: its bytes the other way round. */
static uint64_t
turned(uint64_t sum)
{
	uint16_t folded = checksum_fold(sum);

	return (uint16_t)(folded << 8 | folded >> 8);
}

uint64_t
tcp_send_copy(const struct tcp *t, const struct tcp_conn *c, uint32_t at, uint8_t *to, uint32_t len)
{
	uint32_t index = first(t, c), done = 0;
	uint64_t sum = 0;

	while (done < len) {
		const struct tcp_chunk *chunk = &t->chunks[index];

		if (at < chunk->len) {
			uint32_t n = RTE_MIN(chunk->len - at, len - done);
			/* Nobody asks for it where the port computes them. */
			uint64_t piece =
				t->ip->checksum_offload ? 0 : checksum_bytes(chunk->data + at, n);

			memcpy(to + done, chunk->data + at, n);
			sum = checksum_add(sum, done % 2 ? turned(piece) : piece);
			done += n;
			at += n;
		}
		at -= chunk->len;
		index = chunk->next;
	}
	return sum;
}

static void
drop_head(struct tcp *t, struct tcp_conn *c)
{
	uint32_t index = first(t, c);
	struct tcp_chunk *chunk = &t->chunks[index];

	if (index == c->snd_tail)
		c->snd_tail = TCP_CHUNK_NONE;
	else
		t->chunks[c->snd_tail].next = chunk->next;
	if (chunk->owner) {
		rte_pktmbuf_free(chunk->owner);
		t->owned--;
	}
	chunk->next = t->chunk_free;
	t->chunk_free = index;
}

void
tcp_send_drop(struct tcp *t, struct tcp_conn *c, uint32_t len)
{
	while (len > 0) {
		struct tcp_chunk *chunk = &t->chunks[first(t, c)];

		if (chunk->len > len) {
			chunk->data += len;
			chunk->len -= len;
			return;
		}
		len -= chunk->len;
		drop_head(t, c);
	}
}

void
tcp_send_clear(struct tcp *t, struct tcp_conn *c)
{
	while (c->snd_tail != TCP_CHUNK_NONE)
		drop_head(t, c);
	c->snd_end = c->snd_nxt;
}
