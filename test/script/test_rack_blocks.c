/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SACK blocks that mean nothing, or that there is no room to remember: they do no harm, and what
 * is lost is repaired all the same.
 */
#include "flight.h"

/* ---- blocks that say nothing */

/* On a segment with data, so that it is no duplicate ACK whatever its blocks are. */
static void
nonsense(struct script *s, uint32_t *at, struct range a, struct range b)
{
	IN(s, PSH_ACK, .seq = *at, .ack = UP_TO(3), .len = 1, .sack = {a, b});
	(*at)++;
	OUT(s, ACK, .seq = UP_TO(13), .ack = *at);
	SILENT(s);
}

static void
OP_04_nonsense_in_blocks(struct script *s)
{
	uint32_t at = 1;

	s->peer_sack = true;
	fly(s, 12);
	AFTER(s, 100);
	ACKED(s, 3);
	segments(s, 11, 12, 12);

	struct range edges[] = {
		{UP_TO(12), UP_TO(13) + 1},                       /* beyond SND.NXT */
		{UP_TO(13), UP_TO(14)},                           /* all of it */
		{UP_TO(5), UP_TO(5) + 0x80000000},                /* far beyond */
		{UP_TO(6), UP_TO(5)},                             /* reversed */
		{UP_TO(2), UP_TO(4)},                             /* over SND.UNA */
		{UP_TO(3), UP_TO(4)},                             /* at it: that is an ACK's */
		{UP_TO(3) - 0x40000000, UP_TO(3) - 0x40000000 + 9}, /* of long ago */
	};

	for (size_t i = 0; i < RTE_DIM(edges); i++)
		for (size_t k = 0; k < RTE_DIM(edges); k++)
			nonsense(s, &at, edges[i], edges[k]);
	QUIET(s, 90);
	COUNTED(s, RETRANSMITS, 0);
	EQUAL(s, script_info(s).cwnd, 12 * room(s));
	/* Beside it a true one counts. */
	IN(s, ACK, .seq = at, .ack = UP_TO(3), .sack = {{UP_TO(6), UP_TO(5)}, SEGS(4, 6)});
	OUT(s, ACK, .seq = UP_TO(3), .ack = at, .len = room(s));
	SILENT(s);
	EQUAL(s, strlen(s->events), RTE_DIM(edges) * RTE_DIM(edges) * 7 - 1);
	s->events[0] = 0;
	RECEIVED_PATTERN(s, 0, at - 1);
}

/* With nothing in flight nothing is lost. */
static void
OP_04_nonsense_about_nothing(struct script *s)
{
	s->peer_sack = true;
	fly(s, 4);
	AFTER(s, 100);
	ACKED(s, 5);
	EVENTS(s, "sendable");
	for (int i = 0; i < 4; i++)
		ACKED(s, 5, SEGS(6, 8));
	QUIET(s, 100000);
	EQUAL(s, script_info(s).cwnd, 10 * room(s));
	COUNTED(s, FAST_RETRANSMITS, 0);
}

/* Where it was not agreed they are no blocks: what is said to have arrived is sent again. */
static void
blocks_unasked(struct script *s)
{
	fly(s, 10);
	AFTER(s, 100);
	for (int i = 0; i < 2; i++)
		ACKED(s, 1, SEGS(2, 2), SEGS(4, 6));
	QUIET(s, 50);
	ACKED(s, 1, SEGS(2, 2), SEGS(4, 6));
	segments(s, 1, 1, 10);
	AFTER(s, 100);
	ACKED(s, 2, SEGS(3, 6));
	segments(s, 2, 2, 10);
	COUNTED(s, FAST_RETRANSMITS, 1);
	ACKED(s, 11);
	EVENTS(s, "sendable");
}

static void
OP_04_blocks_without_agreement(struct script *s)
{
	s->peer_sack = false;
	blocks_unasked(s);
}

static void
OP_04_blocks_against_the_knob(struct script *s)
{
	s->peer_sack = true;
	s->conf.tcp.sack = false;
	blocks_unasked(s);
}

/* ---- no room for it */

static void
drain(struct script *s)
{
	FORGET(s);
	s->events[0] = 0;
	s->received_len = 0;
}

/* Another connection, on the next tuple. */
static void
one_more(struct script *s, uint32_t i)
{
	s->t->rport = PEER_PORT + i;
	NEXT_INCARNATION(s, 0);
	s->t->ts_offset_known = false;
	s->t->queued = 0;
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 1);
	drain(s);
}

/* As without SACK: three duplicates, and what follows a partial ACK. */
static void
newreno_recovers(struct script *s)
{
	SEND_PATTERN(s, 10 * room(s));
	segments(s, 1, 10, 10);
	ACKED(s, 1, SEGS(2, 2));
	ACKED(s, 1, SEGS(2, 3));
	SILENT(s);
	ACKED(s, 1, SEGS(2, 4));
	segments(s, 1, 1, 10);
	COUNTED(s, FAST_RETRANSMITS, 1);
	EQUAL(s, script_info(s).cwnd, 8 * room(s));
	/* No loss probe meanwhile. */
	QUIET(s, 100);
	ACKED(s, 5, SEGS(6, 10));
	segments(s, 5, 5, 10);
	ACKED(s, 11);
	EQUAL(s, script_info(s).cwnd, 5 * room(s));
	EVENTS(s, "sendable");
	COUNTED(s, RETRANSMITS, 2);
}

#define PLACES 1024 /* side records of a stack as small as these */

/* They are all taken, by connections with a user timeout of their own. */
static void
DT_01_no_side_record(struct script *s)
{
	s->conf.max_conns = PLACES + 1;
	s->peer_sack = true;
	s->active = false;
	START(s);
	if (s->t->isn != 1000)
		return; /* it takes long, and has nothing to do with numbers */
	LISTEN(s);
	for (uint32_t i = 0; i < PLACES; i++) {
		one_more(s, i);
		EQUAL(s, spate_setopt(s->stack, s->conn, SPATE_OPT_USER_TIMEOUT, 100000), 0);
	}
	one_more(s, PLACES);
	COUNTED(s, EXTRA_NONE_LEFT, 0);
	newreno_recovers(s);
	CHECK(s, script_count_of(s, SPATE_EXTRA_NONE_LEFT) > 0);
	for (uint32_t i = 0; i <= PLACES; i++) {
		s->t->rport = PEER_PORT + i;
		IN(s, RST, .seq = 1);
		s->events[0] = 0;
	}
}

#define HOLES     4096
#define HOLES_MAX 64 /* of a connection */

/* There are records, but no holes left. */
static void
DT_01_no_hole(struct script *s)
{
	s->conf.max_conns = HOLES / HOLES_MAX + 1;
	s->peer_sack = true;
	s->active = false;
	START(s);
	if (s->t->isn != 1000)
		return;
	LISTEN(s);
	for (uint32_t i = 0; i < HOLES / HOLES_MAX; i++) {
		one_more(s, i);
		SEND_PATTERN(s, room(s));
		drain(s);
		for (uint32_t k = 0; k < HOLES_MAX; k++)
			ACKED(s, 1, {11 + 20 * k, 21 + 20 * k});
		drain(s);
	}
	COUNTED(s, FAST_RETRANSMITS, HOLES / HOLES_MAX);
	one_more(s, HOLES / HOLES_MAX);

	uint64_t again = script_count_of(s, SPATE_RETRANSMITS);

	SEND_PATTERN(s, 10 * room(s));
	segments(s, 1, 10, 10);
	for (uint32_t i = 2; i <= 4; i++)
		ACKED(s, 1, SEGS(2, i));
	segments(s, 1, 1, 10);
	EQUAL(s, script_info(s).cwnd, 8 * room(s));
	ACKED(s, 11);
	EVENTS(s, "sendable");
	EQUAL(s, script_info(s).cwnd, 5 * room(s));
	COUNTED(s, RETRANSMITS, again + 1);
	COUNTED(s, EXTRA_NONE_LEFT, 0);
	spate_stack_abort_all(s->stack);
	drain(s);
}

/* Has it come out by now? */
static bool
sent_at(struct script *s, uint32_t seq)
{
	bool found = false;

	while (s->head != s->tail) {
		const uint8_t *tcp = script_next_frame(s)->b + (script_v6 ? 54 : 34);

		found |= script_get32(tcp + 4) - s->t->iss == seq;
	}
	return found;
}


/* RFC 2018 8, RFC 6675 5.1: the left edge goes again after a timeout, SACKed or not. */
static void
DT_01_reneged(struct script *s)
{
	s->peer_sack = true;
	fly(s, 3);
	ACKED(s, 1, SEGS(2, 2));
	ACKED(s, 2); /* the first was late, and the second is not reported any more */
	AFTER(s, 10000);
	CHECK(s, sent_at(s, UP_TO(2)));
}

/* The same where all behind it is there: nothing at all would go, until it is given up. */
static void
DT_01_reneged_below_the_rest(struct script *s)
{
	s->peer_sack = true;
	fly(s, 3);
	ACKED(s, 1, SEGS(2, 2));
	ACKED(s, 2, SEGS(3, 3));
	AFTER(s, 300000);
	CHECK(s, sent_at(s, UP_TO(2)));
}

static const struct row_test tests[] = {
	ROW_TEST("OP-04", OP_04_nonsense_in_blocks),
	ROW_TEST("OP-04", OP_04_nonsense_about_nothing),
	ROW_TEST("OP-04", OP_04_blocks_without_agreement),
	ROW_TEST("OP-04", OP_04_blocks_against_the_knob),
	ROW_TEST("DT-01 OP-04", DT_01_no_side_record),
	ROW_TEST("DT-01 OP-04", DT_01_no_hole),
	ROW_TEST("DT-01 OP-04", DT_01_reneged),
	ROW_TEST("DT-01 OP-04", DT_01_reneged_below_the_rest),
};

SCRIPT_MAIN(tests)
