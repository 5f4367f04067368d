/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/scoreboard.h"

#include <string.h>

#include "tcp/seq.h"

size_t
scoreboard_pool_bytes(uint32_t max)
{
	return (size_t)max * sizeof(struct tcp_hole);
}

void
scoreboard_pool_init(struct scoreboard_pool *p, void *memory, uint32_t max)
{
	*p = (struct scoreboard_pool){memory, max, 0, SCOREBOARD_NONE};
}

void
scoreboard_init(struct tcp_scoreboard *b)
{
	*b = (struct tcp_scoreboard){.first = SCOREBOARD_NONE};
}

static uint32_t
take(struct scoreboard_pool *p, struct tcp_scoreboard *b)
{
	uint32_t i = p->free_head;

	if (b->n_holes == SCOREBOARD_HOLES_MAX)
		return SCOREBOARD_NONE;
	if (i != SCOREBOARD_NONE)
		p->free_head = p->hole[i].next;
	else if (p->untouched < p->max)
		i = p->untouched++;
	else
		return SCOREBOARD_NONE;
	b->n_holes++;
	return i;
}

/* Take the hole *link leads to out of the list. */
static void
drop(struct scoreboard_pool *p, struct tcp_scoreboard *b, uint32_t *link)
{
	uint32_t i = *link;

	*link = p->hole[i].next;
	p->hole[i].next = p->free_head;
	p->free_head = i;
	b->n_holes--;
}

void
scoreboard_clear(struct scoreboard_pool *p, struct tcp_scoreboard *b)
{
	while (b->first != SCOREBOARD_NONE)
		drop(p, b, &b->first);
	b->any = false;
}

/* The hole begins at `start` now. */
static void
cut_left(struct tcp_hole *h, uint32_t start)
{
	h->start = start;
	if (seq_lt(h->rtx, start))
		h->rtx = start;
}

/* Has something of `h` that lies at `from` arrived, which was sent only once? */
static bool
came_late(const struct tcp_hole *h, uint32_t from)
{
	return seq_geq(from, h->rtx) && !h->again;
}

void
scoreboard_ack(struct scoreboard_pool *p, struct tcp_scoreboard *b, uint32_t una, bool *filled)
{
	while (b->first != SCOREBOARD_NONE && seq_lt(p->hole[b->first].start, una)) {
		struct tcp_hole *h = &p->hole[b->first];

		*filled |= came_late(h, h->start);
		if (seq_gt(h->end, una)) {
			cut_left(h, una);
			break;
		}
		drop(p, b, &b->first);
	}
	if (b->any && seq_leq(b->fack, una))
		scoreboard_clear(p, b);
}

/*
 * What was sent again at `rtx_us` has arrived at `from`. What lies before it and was sent again no
 * later went first, so that this tells of it as new data would (RFC 8985 6.2 step 2).
 */
static void
pass(struct scoreboard_pool *p, struct tcp_scoreboard *b, uint32_t from, uint32_t rtx_us)
{
	for (uint32_t i = b->first; i != SCOREBOARD_NONE; i = p->hole[i].next) {
		struct tcp_hole *h = &p->hole[i];

		if (seq_gt(h->end, from))
			return;
		h->passed |= h->again && h->rtx == h->end && (int32_t)(rtx_us - h->rtx_us) >= 0;
	}
}

/* Reported beyond all before: what lies between is a new hole. False: no room for it. */
static bool
extend(struct scoreboard_pool *p, struct tcp_scoreboard *b, uint32_t una, uint32_t left,
	uint32_t right, uint32_t now_us)
{
	uint32_t from = b->any ? b->fack : una;
	uint32_t *link = &b->first;
	uint32_t i;

	if (left != from) {
		i = take(p, b);
		if (i == SCOREBOARD_NONE)
			return false;
		while (*link != SCOREBOARD_NONE)
			link = &p->hole[*link].next;
		*link = i;
		p->hole[i] = (struct tcp_hole){.start = from,
			.end = left,
			.rtx = from,
			.seen_us = now_us,
			.next = SCOREBOARD_NONE};
	}
	b->fack = right;
	b->any = true;
	return true;
}

/* The hole *link loses [left, right), which lies in it. False: no room to split it. */
static bool
fill(struct scoreboard_pool *p, struct tcp_scoreboard *b, uint32_t *link, uint32_t left,
	uint32_t right)
{
	struct tcp_hole *h = &p->hole[*link];
	uint32_t i;

	if (left == h->start && right == h->end) {
		drop(p, b, link);
	} else if (left == h->start) {
		cut_left(h, right);
	} else if (right == h->end) {
		h->end = left;
		if (seq_gt(h->rtx, left))
			h->rtx = left;
	} else {
		i = take(p, b);
		if (i == SCOREBOARD_NONE)
			return false;
		p->hole[i] = *h;
		cut_left(&p->hole[i], right);
		h->end = left;
		if (seq_gt(h->rtx, left))
			h->rtx = left;
		h->next = i;
	}
	return true;
}

uint32_t
scoreboard_block(struct scoreboard_pool *p, struct tcp_scoreboard *b, uint32_t una, uint32_t left,
	uint32_t right, uint32_t now_us, bool *filled)
{
	uint32_t news = 0, beyond = b->any ? b->fack : una;
	uint32_t *link = &b->first;

	while (*link != SCOREBOARD_NONE && seq_lt(p->hole[*link].start, right)) {
		struct tcp_hole *h = &p->hole[*link];
		uint32_t i = *link;
		uint32_t from = seq_gt(left, h->start) ? left : h->start;
		uint32_t to = seq_lt(right, h->end) ? right : h->end;

		if (seq_lt(from, to)) {
			bool late = came_late(h, from), again = seq_lt(from, h->rtx);
			uint32_t rtx_us = h->rtx_us;

			if (!fill(p, b, link, from, to))
				break;
			news += to - from;
			*filled |= late;
			if (again)
				pass(p, b, from, rtx_us);
		}
		/* What was cut off the left, or stays, is passed; a dropped one has gone by itself.
		 */
		if (*link == i)
			link = &p->hole[i].next;
	}
	if (seq_gt(right, beyond)) {
		if (seq_lt(left, beyond))
			left = beyond;
		if (extend(p, b, una, left, right, now_us))
			news += right - left;
	}
	return news;
}

uint32_t
scoreboard_sacked(const struct scoreboard_pool *p, const struct tcp_scoreboard *b, uint32_t una)
{
	uint32_t sacked;

	if (!b->any)
		return 0;
	sacked = b->fack - una;
	for (uint32_t i = b->first; i != SCOREBOARD_NONE; i = p->hole[i].next)
		sacked -= p->hole[i].end - p->hole[i].start;
	return sacked;
}

/* When is `h`, passed by `beyond` numbers, lost? 0: it is; UINT32_MAX: nothing says so. */
static uint32_t
lost_in(const struct tcp_hole *h, const struct tcp_scoreboard *b,
	const struct scoreboard_rule *rule, uint32_t beyond, uint32_t now_us)
{
	uint32_t wait, passed;

	if (!h->again && rule->dup_bytes && beyond >= rule->dup_bytes)
		return 0;
	/* Sent again: only what was sent after that, and has arrived, says anything. */
	if (h->again && !h->passed && seq_leq(b->fack, h->rtx_nxt))
		return UINT32_MAX;
	wait = h->again ? rule->rtt_us + rule->wait_us : rule->wait_us;
	passed = now_us - (h->again ? h->rtx_us : h->seen_us);
	return passed >= wait ? 0 : wait - passed;
}

bool
scoreboard_mark(const struct scoreboard_pool *p, struct tcp_scoreboard *b,
	const struct scoreboard_rule *rule, uint32_t now_us, uint32_t *next_us)
{
	uint32_t holes = 0, at = 0;
	bool news = false;

	*next_us = UINT32_MAX;
	for (uint32_t i = b->first; i != SCOREBOARD_NONE; i = p->hole[i].next)
		holes += p->hole[i].end - p->hole[i].start;
	for (uint32_t i = b->first; i != SCOREBOARD_NONE; i = p->hole[i].next) {
		struct tcp_hole *h = &p->hole[i];
		uint32_t in;

		at += h->end - h->start;
		/* A part that is lost and waits to be sent again is not news. */
		if (h->lost && h->rtx != h->end)
			continue;
		in = lost_in(h, b, rule, b->fack - h->end - (holes - at), now_us);
		if (in == 0) {
			h->lost = true;
			h->rtx = h->start;
			news = true;
		} else if (in < *next_us) {
			*next_us = in;
		}
	}
	return news;
}

bool
scoreboard_reneged(const struct scoreboard_pool *p, const struct tcp_scoreboard *b, uint32_t una)
{
	return b->any && (b->first == SCOREBOARD_NONE || p->hole[b->first].start != una);
}

void
scoreboard_timeout(struct scoreboard_pool *p, struct tcp_scoreboard *b)
{
	for (uint32_t i = b->first; i != SCOREBOARD_NONE; i = p->hole[i].next) {
		struct tcp_hole *h = &p->hole[i];

		h->lost = true;
		h->rtx = h->start;
		while (h->next != SCOREBOARD_NONE && p->hole[h->next].start == h->end) {
			h->end = p->hole[h->next].end;
			h->again |= p->hole[h->next].again;
			drop(p, b, &h->next);
		}
	}
}

bool
scoreboard_all_lost(struct scoreboard_pool *p, struct tcp_scoreboard *b, uint32_t una, uint32_t nxt,
	uint32_t now_us)
{
	uint32_t known = b->any ? b->fack : una;

	/* As if a number behind the last had been reported: all before it is a hole or arrived. */
	if (seq_lt(known, nxt) && !extend(p, b, una, nxt, nxt, now_us))
		return false;
	scoreboard_timeout(p, b);
	return true;
}

void
scoreboard_none_lost(
	struct scoreboard_pool *p, struct tcp_scoreboard *b, uint32_t una, uint32_t now_us)
{
	uint32_t *link = &b->first;

	while (*link != SCOREBOARD_NONE) {
		struct tcp_hole *h = &p->hole[*link];

		if (h->end == b->fack) {
			b->fack = h->start;
			drop(p, b, link);
			break;
		}
		h->lost = false;
		h->again = h->rtx != h->start;
		h->seen_us = now_us;
		link = &h->next;
	}
	b->any = seq_gt(b->fack, una);
}

struct tcp_hole *
scoreboard_next(const struct scoreboard_pool *p, const struct tcp_scoreboard *b)
{
	for (uint32_t i = b->first; i != SCOREBOARD_NONE; i = p->hole[i].next)
		if (p->hole[i].lost && p->hole[i].rtx != p->hole[i].end)
			return &p->hole[i];
	return NULL;
}

uint32_t
scoreboard_pipe(
	const struct scoreboard_pool *p, const struct tcp_scoreboard *b, uint32_t una, uint32_t nxt)
{
	uint32_t pipe = nxt - una - scoreboard_sacked(p, b, una);

	for (uint32_t i = b->first; i != SCOREBOARD_NONE; i = p->hole[i].next)
		if (p->hole[i].lost)
			pipe -= p->hole[i].end - p->hole[i].rtx;
	return pipe;
}
