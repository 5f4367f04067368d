/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/sack.h"

#include "tcp/extra.h"

void
tcp_sack_duplicate(struct tcp *t, struct tcp_conn *c, uint32_t from, uint32_t to)
{
	struct tcp_extra *x;

	/* Before it is established nothing can have come twice, but for what is an old duplicate.
	 */
	if (!(c->options & TCP_O_SACK) || c->state < SPATE_ESTABLISHED)
		return;
	x = tcp_extra_take(t, c);
	if (x == NULL)
		return;
	x->duplicate = (struct tcp_stretch){from, to};
	x->has_duplicate = true;
}

bool
tcp_sack_take_duplicate(struct tcp *t, struct tcp_conn *c, struct tcp_stretch *out)
{
	struct tcp_extra *x = tcp_extra_of(t, c);

	if (x == NULL || !x->has_duplicate)
		return false;
	*out = x->duplicate;
	x->has_duplicate = false;
	return true;
}

/* Blocks for which there is something to say and room. */
static uint32_t
blocks(const struct tcp *t, const struct tcp_conn *c, uint32_t room)
{
	const struct tcp_extra *x = tcp_extra_of(t, c);
	uint32_t n, most = room < TCP_OPT_SACK_LEN(1) ? 0 : (room - TCP_OPT_SACK_LEN(0)) / 8;

	if (x == NULL || !(c->options & TCP_O_SACK))
		return 0;
	n = x->held.stretches + x->has_duplicate;
	if (most > TCP_SACK_BLOCKS_MAX)
		most = TCP_SACK_BLOCKS_MAX;
	return n < most ? n : most;
}

uint32_t
tcp_sack_length(const struct tcp *t, const struct tcp_conn *c, uint32_t room)
{
	uint32_t n = blocks(t, c, room);

	return n ? TCP_OPT_SACK_LEN(n) : 0;
}

static void
put(struct tcp_sack_block *block, uint32_t *at, uint32_t n, struct tcp_stretch s)
{
	if (*at < n)
		block[(*at)++] = (struct tcp_sack_block){s.from, s.to};
}

uint32_t
tcp_sack_build(struct tcp *t, struct tcp_conn *c, uint8_t *p, uint32_t room)
{
	struct tcp_stretch newest[TCP_SACK_BLOCKS_MAX], around = {0};
	struct tcp_sack_block block[TCP_SACK_BLOCKS_MAX];
	uint32_t n = blocks(t, c, room), at = 0, n_newest;
	struct tcp_extra *x = tcp_extra_of(t, c);

	if (n == 0)
		return 0;
	if (x->has_duplicate) {
		put(block, &at, n, x->duplicate);
		/* RFC 2883 4: the stretch it is a part of comes next. */
		if (tcp_reassembly_find(t, c, x->duplicate.from, &around))
			put(block, &at, n, around);
		x->has_duplicate = false;
		spate_count(t->counters, SPATE_DSACK_SENT);
	}
	n_newest = tcp_reassembly_newest(t, c, newest, TCP_SACK_BLOCKS_MAX);
	for (uint32_t i = 0; i < n_newest; i++)
		if (newest[i].to != around.to || newest[i].from != around.from)
			put(block, &at, n, newest[i]);
	spate_count(t->counters, SPATE_SACK_SENT);
	tcp_extra_let_go(t, c);
	return tcp_options_build_sack(p, block, at);
}
