/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/impair.h"

#include <string.h>

/* splitmix64: one word of state, good enough to choose frames. */
static uint64_t
draw(struct impair_pipe *p)
{
	uint64_t x = p->random += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

/* True for `share` millionths of all calls. */
static bool
chance(struct impair_pipe *p, uint32_t share)
{
	return share && draw(p) % IMPAIR_WHOLE < share;
}

void
impair_change(
	struct impair_pipe *p, const struct impair_conf *conf, uint64_t stream, uint64_t now_ns)
{
	struct impair_line *lines[] = {&p->line, &p->late};
	uint64_t due_ns = now_ns + conf->delay_ns;

	p->conf = *conf;
	p->random = conf->seed * 0xd1342543de82ef95ull + stream;
	for (int i = 0; i < 2; i++) {
		for (uint32_t at = lines[i]->head; at != lines[i]->tail; at++) {
			struct impair_slot *s = &lines[i]->slot[at & (IMPAIR_FRAMES - 1)];

			s->due_ns = s->due_ns < due_ns ? s->due_ns : due_ns;
		}
	}
}

void
impair_init(struct impair_pipe *p, const struct impair_conf *conf, uint64_t stream,
	struct rte_mempool *pool)
{
	memset(p, 0, sizeof(*p));
	p->pool = pool;
	impair_change(p, conf, stream, 0);
}

static void
enter(struct impair_pipe *p, struct impair_line *l, struct rte_mbuf *m, uint64_t due_ns)
{
	if (l->tail - l->head == IMPAIR_FRAMES) {
		p->count.overflowed++;
		rte_pktmbuf_free(m);
		return;
	}
	l->slot[l->tail++ & (IMPAIR_FRAMES - 1)] = (struct impair_slot){m, due_ns};
}

/* Flip one bit of a copy: the frame itself may be somebody else's too. */
static struct rte_mbuf *
damage(struct impair_pipe *p, struct rte_mbuf *m)
{
	struct rte_mbuf *copy = rte_pktmbuf_copy(m, p->pool, 0, UINT32_MAX);
	struct rte_mbuf *piece = copy;
	uint64_t bit;
	uint32_t at;

	if (copy == NULL || copy->pkt_len == 0) {
		rte_pktmbuf_free(copy);
		return m;
	}
	rte_pktmbuf_free(m);
	/* The port would say that checksums are good, or make them so. */
	copy->ol_flags = 0;
	bit = draw(p) % (copy->pkt_len * 8ull);
	for (at = bit / 8; at >= piece->data_len; piece = piece->next)
		at -= piece->data_len;
	*rte_pktmbuf_mtod_offset(piece, uint8_t *, at) ^= 1u << bit % 8;
	p->count.corrupted++;
	return copy;
}

static void
push_one(struct impair_pipe *p, struct rte_mbuf *m, uint64_t now_ns)
{
	const struct impair_conf *c = &p->conf;
	uint64_t due_ns = now_ns + c->delay_ns;

	if (chance(p, c->loss)) {
		p->count.lost++;
		rte_pktmbuf_free(m);
		return;
	}
	if (chance(p, c->duplicate)) {
		struct rte_mbuf *copy = rte_pktmbuf_copy(m, p->pool, 0, UINT32_MAX);

		if (copy) {
			p->count.duplicated++;
			enter(p, &p->line, copy, due_ns);
		}
	}
	if (chance(p, c->corrupt))
		m = damage(p, m);
	if (chance(p, c->reorder)) {
		p->count.reordered++;
		enter(p, &p->late, m, due_ns + IMPAIR_OVERTAKEN_NS);
	} else {
		enter(p, &p->line, m, due_ns);
	}
}

void
impair_push(struct impair_pipe *p, struct rte_mbuf **frames, uint16_t n, uint64_t now_ns)
{
	for (uint16_t i = 0; i < n; i++)
		push_one(p, frames[i], now_ns);
}

/* The line whose first frame is due first, NULL when none is. */
static struct impair_line *
next_line(struct impair_pipe *p, uint64_t now_ns)
{
	struct impair_line *lines[] = {&p->line, &p->late}, *best = NULL;
	uint64_t best_ns = now_ns + 1;

	for (int i = 0; i < 2; i++) {
		struct impair_line *l = lines[i];

		if (l->head != l->tail && l->slot[l->head & (IMPAIR_FRAMES - 1)].due_ns < best_ns) {
			best = l;
			best_ns = l->slot[l->head & (IMPAIR_FRAMES - 1)].due_ns;
		}
	}
	return best;
}

uint16_t
impair_pull(struct impair_pipe *p, struct rte_mbuf **frames, uint16_t max, uint64_t now_ns)
{
	struct impair_line *l;
	uint16_t n = 0;

	while (n < max && (l = next_line(p, now_ns)) != NULL)
		frames[n++] = l->slot[l->head++ & (IMPAIR_FRAMES - 1)].frame;
	p->count.passed += n;
	return n;
}

void
impair_drain(struct impair_pipe *p)
{
	struct impair_line *lines[] = {&p->line, &p->late};

	for (int i = 0; i < 2; i++)
		for (; lines[i]->head != lines[i]->tail; lines[i]->head++)
			rte_pktmbuf_free(
				lines[i]->slot[lines[i]->head & (IMPAIR_FRAMES - 1)].frame);
}
