/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SACK blocks as an observer can judge them (RFC 2018, RFC 2883):
 *
 *   - there are some only where both SYNs permitted it, and no more than fit
 *   - each lies in what has come, beyond the ACK, and no two have a number in common
 *   - the first has in it the latest segment beyond the gap, when there is no doubt that it
 *     was taken; and then there is a first
 *   - a block in front of them that reports a duplicate lies in what has come twice
 */
#include "sim.h"

static bool
lt(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

/* A duplicate's block is below the ACK or inside the next one. */
static bool
is_duplicate(const struct seen *g)
{
	const struct seen_block *b = g->sack;

	if (!lt(g->ack, b[0].right) || !lt(g->ack, b[0].left))
		return true;
	return g->n_sack > 1 && !lt(b[0].left, b[1].left) && !lt(b[1].right, b[0].right);
}

static void
check_blocks(struct sim *s, const struct flow *f, const struct seen *g, uint32_t first)
{
	for (uint32_t i = first; i < g->n_sack; i++) {
		const struct seen_block *b = &g->sack[i];

		if (!lt(g->ack, b->left) || !ranges_have(&f->in, b->left, b->right))
			sim_fail(s, "a SACK block of what has not come, or has been acknowledged");
		for (uint32_t k = first; k < i; k++)
			if (lt(b->left, g->sack[k].right) && lt(g->sack[k].left, b->right))
				sim_fail(s, "two SACK blocks of the same numbers");
	}
}

/* Has all been kept that could be? */
static bool
room_left(const struct sim *s, int side)
{
	for (int id = SPATE_OOO_NO_RECORD; id <= SPATE_OOO_GAPS; id++)
		if (counted(s, side, id))
			return false;
	return true;
}

static bool
has_late(const struct flow *f, const struct seen_block *b)
{
	return !lt(f->late.from, b->left) && !lt(b->right, f->late.to);
}

void
sack_check(struct sim *s, int side, const struct flow *f, const struct seen *g)
{
	uint32_t first = 0;

	if (g->n_sack && !f->sack) {
		sim_fail(s, "a SACK block, and SACK was not agreed");
		return;
	}
	if (g->n_sack > (f->ts ? 3 : 4))
		sim_fail(s, "%u SACK blocks", g->n_sack);
	for (uint32_t i = 0; i < g->n_sack; i++)
		if (!lt(g->sack[i].left, g->sack[i].right))
			sim_fail(s, "a SACK block of nothing");
	if (g->n_sack && is_duplicate(g)) {
		/* From before the connection: of the tuple's last, which nobody could tell. */
		if (!lt(g->sack[0].left, f->in_first) &&
			!ranges_have(&f->twice, g->sack[0].left, g->sack[0].right))
			sim_fail(s, "a duplicate is reported that has not come twice");
		first = 1;
	}
	check_blocks(s, f, g, first);
	if (!f->sack || !f->late_known || !lt(g->ack, f->late.from) || !room_left(s, side))
		return;
	/* The stretch with a duplicate in it comes before that of a segment of the same burst. */
	if (first && lt(g->ack, g->sack[0].right) && g->n_sack > 2 && !has_late(f, &g->sack[1]))
		first = 2;
	if (g->n_sack == first || !has_late(f, &g->sack[first]))
		sim_fail(s, "the first SACK block has not the latest segment in it");
}

void
sack_given(struct flow *f, const struct seen *g, bool taken)
{
	uint32_t end = g->seq + seen_len(g);

	ranges_add_common(&f->twice, &f->in, g->seq, end);
	ranges_add(&f->in, g->seq, end);
	if (seen_len(g) == 0 || !lt(f->ack_sent, g->seq))
		return;
	/* Where what is in front of it may have been refused, it may lie beyond a gap, or not. */
	f->late_known = taken && lt(f->in_order, g->seq);
	f->late = (struct range){g->seq, end};
}
