/* SPDX-License-Identifier: BSD-3-Clause */
/* Timestamps that are not the peer's: old ones draw no quarrel, forged ones change nothing. */
#include "script.h"

static char blind[1448] = "x";

static void
OP_06_ack_loop(struct script *s)
{
	s->peer_ts = true;
	START(s);
	ESTABLISH(s);
	IN(s, ACK, .seq = 1, .ack = 1, .tsval = SET(-1));
	OUT(s, ACK, .seq = 1, .ack = 1, .tsecr = SET(0));
	IN(s, ACK, .seq = 1, .ack = 1, .tsval = SET(-1));
	SILENT(s);
}

/* A SYN draws one challenge ACK in 500 ms, whatever its timestamp says. */
static void
RS_08_syn_with_old_timestamp(struct script *s)
{
	s->peer_ts = true;
	START(s);
	ESTABLISH(s);
	IN(s, SYN, .seq = 5, .tsval = SET(-1));
	OUT(s, ACK, .seq = 1, .ack = 1, .tsecr = SET(0));
	IN(s, SYN, .seq = 5, .tsval = SET(-1));
	SILENT(s);
}

/* What is dropped for its ACK, its SYN or its missing ACK changes nothing. */
static void
forged(struct script *s, struct seg g)
{
	s->peer_ts = true;
	START(s);
	ESTABLISH(s);
	AFTER(s, 10);
	g.tsval = SET(0x10000000);
	AT(s);
	script_in(s, &g);
	FORGET(s);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "hello", .tsval = SET(20));
	EVENTS(s, "data:5");
	RECEIVED(s, "hello");
	FORGET(s);
}

static void
OP_05_bad_ack(struct script *s)
{
	forged(s, (struct seg){.flags = ACK, .seq = 1, .ack = 0x10000000});
}

/* Nor need its number be right: 1448 of them will do. */
static void
OP_05_blind(struct script *s)
{
	forged(s, (struct seg){.flags = ACK,
			  .seq = (uint32_t)(1 - 1000),
			  .ack = 0x10000000,
			  .data = blind,
			  .len = sizeof(blind)});
}

static void
OP_05_syn(struct script *s)
{
	forged(s, (struct seg){.flags = SYN, .seq = 1});
}

static void
OP_05_no_ack_bit(struct script *s)
{
	forged(s, (struct seg){.flags = PSH, .seq = 1});
}

static const struct row_test tests[] = {
	ROW_TEST("OP-06 RS-08", OP_06_ack_loop),
	ROW_TEST("OP-06 RS-08", RS_08_syn_with_old_timestamp),
	ROW_TEST("OP-05 RS-08", OP_05_bad_ack),
	ROW_TEST("OP-05 RS-08", OP_05_blind),
	ROW_TEST("OP-05 RS-08", OP_05_syn),
	ROW_TEST("OP-05 RS-08", OP_05_no_ack_bit),
};

SCRIPT_MAIN(tests)
