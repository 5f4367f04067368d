/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SACK (OP-04): permitted on SYNs, blocks that say what is held beyond a gap (RFC 2018) and
 * what has come twice (RFC 2883), and a peer's blocks, whatever they say.
 */
#include <stdlib.h>

#include "script.h"

/* A SACK-permitting peer, with timestamps in the configurations that have them. */
static void
open_it(struct script *s)
{
	s->peer_sack = true;
	START(s);
	ESTABLISH(s);
}

/* Data, and the ACK it draws with these blocks. */
#define DATA(s, a, b, ACKED, ...)                                                                  \
	do {                                                                                       \
		IN(s, ACK, .seq = (a), .ack = 1, .len = (b) - (a));                                \
		OUT(s, ACK, .seq = 1, .ack = (ACKED), .sack = {__VA_ARGS__});                      \
	} while (0)

/* What has been received counts, and the events of it do not matter. */
static void
received(struct script *s, uint32_t n)
{
	RECEIVED_PATTERN(s, 0, n);
	s->events[0] = 0;
}

/* ---- permitted */

/* Data beyond a gap, filled, and twice: it is kept all the same, and there is no block. */
static void
not_agreed(struct script *s)
{
	IN(s, ACK, .seq = 11, .ack = 1, .len = 10);
	OUT(s, ACK, .seq = 1, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 1, .len = 10);
	OUT(s, ACK, .seq = 1, .ack = 21);
	IN(s, ACK, .seq = 1, .ack = 1, .len = 10);
	OUT(s, ACK, .seq = 1, .ack = 21);
	COUNTED(s, SACK_SENT, 0);
	EQUAL(s, script_info(s).held, 0);
	received(s, 20);
}

static void
OP_04_not_by_the_peer(struct script *s)
{
	s->peer_sack = false;
	START(s);
	ESTABLISH(s);
	not_agreed(s);
}

static void
OP_04_off_by_knob(struct script *s)
{
	s->peer_sack = true;
	s->conf.tcp.sack = false;
	START(s);
	ESTABLISH(s);
	not_agreed(s);
}

/* Only a SYN can permit it. */
static void
OP_04_not_later(struct script *s)
{
	s->peer_sack = false;
	START(s);
	ESTABLISH(s);
	IN(s, ACK, .seq = 1, .ack = 1, .sack_ok = SET(1));
	SILENT(s);
	not_agreed(s);
}

static void
OP_04_both_open(struct script *s)
{
	s->peer_sack = true;
	START(s);
	CONNECT(s);
	OUT(s, SYN);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, SYN_ACK, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "established");
	DATA(s, 11, 21, 1, {11, 21});
}

/* The first SYN permitted it, the second, of which the connection is, does not. */
static void
OP_04_of_this_syn(struct script *s)
{
	s->peer_sack = true;
	START(s);
	LISTEN(s);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, RST, .seq = 1);
	s->peer_sack = false;
	NEXT_INCARNATION(s, 1000);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
	not_agreed(s);
}

/* ---- every byte */

static void
bytes(struct script *s, const uint8_t *want, uint32_t n)
{
	const struct frame *f = script_next_frame(s);
	const uint8_t *tcp = f->b + (script_v6 ? 54 : 34);

	EQUAL(s, (tcp[12] >> 4) * 4u, 20 + n);
	for (uint32_t i = 0; i < n; i++)
		EQUAL(s, tcp[20 + i], want[i]);
}

static void
OP_04_bytes_of_the_option(struct script *s)
{
	uint8_t want[40] = {1, 1, 8, 10};
	uint32_t n = s->peer_ts ? 12 : 0;

	open_it(s);
	script_put32(want + 4, s->t->ts_out);
	script_put32(want + 8, s->t->ts_in);
	memcpy(want + n, "\1\1\5\22", 4);
	script_put32(want + n + 4, s->t->isn + 31);
	script_put32(want + n + 8, s->t->isn + 41);
	script_put32(want + n + 12, s->t->isn + 11);
	script_put32(want + n + 16, s->t->isn + 21);
	BURST(s);
	IN(s, ACK, .seq = 11, .ack = 1, .len = 10);
	IN(s, ACK, .seq = 31, .ack = 1, .len = 10);
	ARRIVES(s);
	bytes(s, want, n + 20);
}

static void
OP_04_bytes_on_a_syn(struct script *s)
{
	static const uint8_t plain[] = {2, 4, 0x05, 0xb4, 1, 1, 4, 2};
	static const uint8_t stamped[] = {2, 4, 0x05, 0xb4, 4, 2, 8, 10};
	const uint8_t *tcp;

	s->conf.tcp.window_scale = false;
	s->conf.tcp.timestamps = s->peer_ts;
	START(s);
	CONNECT(s);
	tcp = script_next_frame(s)->b + (script_v6 ? 54 : 34);
	EQUAL(s, tcp[12] >> 4, s->peer_ts ? 9 : 7);
	CHECK(s, memcmp(tcp + 20, s->peer_ts ? stamped : plain, 8) == 0);
}

/* ---- which blocks, in which order */

/* RFC 2018 4: one gap, and what is beyond it grows. */
static void
OP_04_one_gap(struct script *s)
{
	open_it(s);
	for (uint32_t i = 1; i < 8; i++)
		DATA(s, 1 + 500 * i, 501 + 500 * i, 1, {501, 501 + 500 * i});
	DATA(s, 1, 501, 4001);
	received(s, 4000);
	COUNTED(s, SACK_SENT, 7);
	COUNTED(s, DSACK_SENT, 0);
}

/* Every other segment is lost: the latest first, then those reported last. */
static void
OP_04_many_gaps(struct script *s)
{
	uint32_t n = s->peer_ts ? 3 : 4;

	open_it(s);
	for (uint32_t i = 0; i < 8; i++) {
		struct seg want = {.flags = ACK, .seq = 1, .ack = 1};

		for (uint32_t k = 0; k < n && k <= i; k++)
			want.sack[k] = (struct range){
				101 + 200 * (i - k), 201 + 200 * (i - k)};
		IN(s, ACK, .seq = 101 + 200 * i, .ack = 1, .len = 100);
		script_out(s, NULL, &want);
	}
	/* One of the oldest grows: it is the newest now. */
	IN(s, ACK, .seq = 401, .ack = 1, .len = 50);
	if (s->peer_ts)
		OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{301, 451}, {1501, 1601}, {1301, 1401}});
	else
		OUT(s, ACK, .seq = 1, .ack = 1,
			.sack = {{301, 451}, {1501, 1601}, {1301, 1401}, {1101, 1201}});
	/* Two become one, which takes the place of both. */
	IN(s, ACK, .seq = 451, .ack = 1, .len = 50);
	if (s->peer_ts)
		OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{301, 601}, {1501, 1601}, {1301, 1401}});
	else
		OUT(s, ACK, .seq = 1, .ack = 1,
			.sack = {{301, 601}, {1501, 1601}, {1301, 1401}, {1101, 1201}});
	/* The front is filled, which makes no block of it; the order stays. */
	IN(s, ACK, .seq = 1, .ack = 1, .len = 100);
	if (s->peer_ts)
		OUT(s, ACK, .seq = 1, .ack = 201, .sack = {{301, 601}, {1501, 1601}, {1301, 1401}});
	else
		OUT(s, ACK, .seq = 1, .ack = 201,
			.sack = {{301, 601}, {1501, 1601}, {1301, 1401}, {1101, 1201}});
	received(s, 200);
}

/* Not only on bare ACKs, and as long as there is a gap: the payload makes room (RFC 6691). */
static void
OP_04_on_data(struct script *s)
{
	uint32_t room = 1460 - (s->peer_ts ? 12 : 0);

	open_it(s);
	DATA(s, 11, 21, 1, {11, 21});
	SEND_PATTERN(s, 2 * room);
	OUT(s, ACK, .seq = 1, .ack = 1, .len = room - 12, .sack = {{11, 21}});
	OUT(s, ACK, .seq = 1 + room - 12, .ack = 1, .len = room - 12, .sack = {{11, 21}});
	OUT(s, PSH_ACK, .seq = 1 + 2 * (room - 12), .ack = 1, .len = 24, .sack = {{11, 21}});
	/* And what is sent again. */
	IN(s, ACK, .seq = 31, .ack = 1, .len = 10);
	OUT(s, ACK, .seq = 1 + 2 * room, .ack = 1, .sack = {{31, 41}, {11, 21}});
	OUT_AT(s, 10, PSH_ACK, .seq = 1 + room + 20, .ack = 1, .len = room - 20,
		.sack = {{31, 41}, {11, 21}});
	OUT_AT(s, 200, ACK, .seq = 1, .ack = 1, .len = room - 20, .sack = {{31, 41}, {11, 21}});
	IN(s, ACK, .seq = 1, .ack = 1 + 2 * room, .len = 30);
	OUT(s, ACK, .seq = 1 + 2 * room, .ack = 41, .sack = {{11, 21}});
	EVENTS(s, "sendable data:10 data:10 data:10 data:10");
	RECEIVED_PATTERN(s, 0, 40);
	SEND_PATTERN(s, room);
	OUT(s, PSH_ACK, .seq = 1 + 2 * room, .ack = 41, .len = room);
}

static void
OP_04_on_fin_and_keepalive(struct script *s)
{
	s->conf.tcp.keepalive = true;
	s->conf.tcp.keepalive_idle_ms = 1000;
	open_it(s);
	DATA(s, 11, 21, 1, {11, 21});
	OUT_AT(s, 1000, ACK, .seq = 0, .ack = 1, .sack = {{11, 21}});
	SHUTDOWN(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1, .sack = {{11, 21}});
}

static void
OP_04_not_on_rst(struct script *s)
{
	open_it(s);
	DATA(s, 11, 21, 1, {11, 21});
	ABORT(s);
	OUT(s, RST_ACK, .seq = 1, .ack = 1);
	EVENTS(s, "closed:ECONNABORTED");
}

/* ---- D-SACK, RFC 2883 */

/* 4.1: all of it is acknowledged already; reported once. */
static void
OP_04_duplicate_below_the_ack(struct script *s)
{
	open_it(s);
	DATA(s, 1, 101, 101);
	DATA(s, 1, 101, 101, {1, 101});
	DATA(s, 51, 101, 101, {51, 101});
	DATA(s, 101, 151, 151);
	COUNTED(s, DSACK_SENT, 2);
	received(s, 150);
}

/* The duplicate's block is in front of those of the gap, and one of them has no room. */
static void
OP_04_duplicate_below_the_ack_and_gaps(struct script *s)
{
	open_it(s);
	DATA(s, 1, 11, 11);
	DATA(s, 21, 31, 11, {21, 31});
	DATA(s, 41, 51, 11, {41, 51}, {21, 31});
	DATA(s, 61, 71, 11, {61, 71}, {41, 51}, {21, 31});
	IN(s, ACK, .seq = 1, .ack = 1, .len = 10);
	if (s->peer_ts)
		OUT(s, ACK, .seq = 1, .ack = 11, .sack = {{1, 11}, {61, 71}, {41, 51}});
	else
		OUT(s, ACK, .seq = 1, .ack = 11, .sack = {{1, 11}, {61, 71}, {41, 51}, {21, 31}});
	received(s, 10);
}

/* 4.1, example 4: inside what is held; the second block is the stretch it is a part of. */
static void
OP_04_duplicate_of_what_is_held(struct script *s)
{
	open_it(s);
	DATA(s, 11, 41, 1, {11, 41});
	DATA(s, 61, 71, 1, {61, 71}, {11, 41});
	DATA(s, 21, 31, 1, {21, 31}, {11, 41}, {61, 71});
	DATA(s, 71, 72, 1, {61, 72}, {11, 41});
}

/* A burst's one ACK: the stretch with the duplicate comes before a newer one. */
static void
OP_04_duplicate_and_more_in_a_burst(struct script *s)
{
	open_it(s);
	DATA(s, 11, 21, 1, {11, 21});
	BURST(s);
	IN(s, ACK, .seq = 11, .ack = 1, .len = 5);
	IN(s, ACK, .seq = 31, .ack = 1, .len = 10);
	ARRIVES(s);
	OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{11, 16}, {11, 21}, {31, 41}});
	DATA(s, 51, 61, 1, {51, 61}, {31, 41}, {11, 21});
}

/* 4.2: only a part of it has come before, on either side. */
static void
OP_04_partial_duplicates(struct script *s)
{
	open_it(s);
	DATA(s, 11, 21, 1, {11, 21});
	DATA(s, 16, 26, 1, {16, 21}, {11, 26});
	DATA(s, 6, 13, 1, {11, 13}, {6, 26});
	DATA(s, 4, 31, 1, {6, 26}, {4, 31});
	DATA(s, 1, 11, 31, {4, 11});
	DATA(s, 21, 41, 41, {21, 31});
	received(s, 40);
}

/* 4.2.3: of two parts that came before, the first. */
static void
OP_04_two_duplicate_parts(struct script *s)
{
	open_it(s);
	DATA(s, 11, 21, 1, {11, 21});
	DATA(s, 31, 41, 1, {31, 41}, {11, 21});
	DATA(s, 6, 51, 1, {11, 21}, {6, 51});
}

/* Below the ACK and beyond it, both before: the one below. */
static void
OP_04_duplicate_on_both_sides_of_the_ack(struct script *s)
{
	open_it(s);
	DATA(s, 1, 11, 11);
	DATA(s, 21, 31, 11, {21, 31});
	DATA(s, 5, 41, 41, {5, 11});
	received(s, 40);
}

static void
OP_04_duplicate_fin(struct script *s)
{
	open_it(s);
	IN(s, FIN_ACK, .seq = 1, .ack = 1, .len = 10);
	OUT(s, ACK, .seq = 1, .ack = 12);
	IN(s, FIN_ACK, .seq = 1, .ack = 1, .len = 10);
	OUT(s, ACK, .seq = 1, .ack = 12, .sack = {{1, 12}});
	EVENTS(s, "data:10 fin");
	RECEIVED_PATTERN(s, 0, 10);
}

/* Nothing has come twice: empty, of the future, or from so far back that it is another's. */
static void
OP_04_no_duplicates(struct script *s)
{
	s->conf.tcp.receive_buffer = 2000;
	s->peer_ts = false; /* or PAWS has its word first */
	open_it(s);
	DATA(s, 1, 11, 11);
	IN(s, ACK, .seq = 10, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 11);
	DATA(s, 2011, 2021, 11);
	IN(s, ACK, .seq = -(uint32_t)1995, .ack = 1, .data = "x");
	OUT(s, ACK, .seq = 1, .ack = 11);
	IN(s, ACK, .seq = -(uint32_t)1989, .ack = 1, .data = "x");
	OUT(s, ACK, .seq = 1, .ack = 11, .sack = {{-1989, -1988}});
	received(s, 10);
}

/* ---- what the peer says; what is made of it is in test_rack.c */

/* Lengths that no SACK option has: the rest is not looked at, and nothing else happens. */
static void
OP_04_malformed_blocks(struct script *s)
{
	uint8_t raw[40] = {1, 1, 8, 10};
	uint32_t n = 0;

	s->peer_ts = true;
	open_it(s);
	script_put32(raw + 4, s->t->ts_in);
	for (uint32_t len = 0; len < 256; len++) {
		raw[12] = 5;
		raw[13] = len;
		IN(s, ACK, .seq = 1, .ack = 1, .raw = raw, .raw_len = sizeof(raw));
		n += len != 2 && len != 10 && len != 18 && len != 26;
	}
	SILENT(s);
	COUNTED(s, OPTIONS_MALFORMED, n);
	STATE(s, ESTABLISHED);
}

/* ---- anything, against a model of RFC 2018 and 2883 */

#define SPAN 400

struct model {
	uint32_t nxt; /* everything below has come */
	uint32_t clock;
	uint32_t at[SPAN + 2]; /* when it came or its stretch was touched; 0: not yet */
};

/* Mark the stretch around `i` as touched now. */
static void
touch(struct model *m, uint32_t i)
{
	struct range r = {i, i};

	while (m->at[r.from - 1] && r.from - 1 >= m->nxt)
		r.from--;
	while (m->at[r.to])
		r.to++;
	for (uint32_t k = r.from; k < r.to; k++)
		m->at[k] = m->clock;
}

/* Numbers [from, to) come: what is to be said. */
static void
model_step(struct model *m, uint32_t from, uint32_t to, uint32_t most, struct seg *want)
{
	struct range dup = {0, 0};
	uint32_t n = 0, below = UINT32_MAX;

	m->clock++;
	for (uint32_t i = from; i < to && !dup.to; i++)
		if (i < m->nxt || m->at[i]) {
			dup = (struct range){i, i};
			while (dup.to < to && (dup.to < m->nxt || m->at[dup.to]))
				dup.to++;
		}
	for (uint32_t i = from; i < to; i++)
		m->at[i] = m->at[i] ? m->at[i] : m->clock;
	if (from > m->nxt)
		touch(m, from);
	while (m->at[m->nxt])
		m->nxt++;
	want->ack = m->nxt;
	if (dup.to)
		want->sack[n++] = dup;
	/* By the time they were touched, the latest first. */
	while (n < most) {
		uint32_t best = 0;

		for (uint32_t i = m->nxt; i <= SPAN; i++)
			if (m->at[i] < below && m->at[i] > best)
				best = m->at[i];
		if (best == 0)
			return;
		for (uint32_t i = m->nxt; i <= SPAN; i++)
			if (m->at[i] == best) {
				want->sack[n] = (struct range){i, i};
				while (m->at[want->sack[n].to])
					want->sack[n].to++;
				n++;
				break;
			}
		below = best;
	}
}

static void
OP_04_random_segments(struct script *s)
{
	static struct model m;
	uint32_t x = s->t->isn * 2654435761u + s->active + 2 * s->peer_ts + 1;

	memset(&m, 0, sizeof(m));
	m.nxt = 1;
	open_it(s);
	for (uint32_t i = 0; i < 150 && m.nxt <= SPAN; i++) {
		struct seg want = {.flags = ACK, .seq = 1};
		uint32_t from, len;

		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		from = 1 + x % SPAN;
		len = 1 + (x >> 16) % 24;
		if (x >> 28 < 3)
			from = m.nxt;
		if (from + len > SPAN + 1)
			len = SPAN + 1 - from;
		IN(s, ACK, .seq = from, .ack = 1, .len = len);
		model_step(&m, from, from + len, s->peer_ts ? 3 : 4, &want);
		script_out(s, NULL, &want);
		EQUAL(s, s->received_len, m.nxt - 1);
	}
	received(s, m.nxt - 1);
}

static const struct row_test tests[] = {
	ROW_TEST("OP-04", OP_04_not_by_the_peer),
	ROW_TEST("OP-04", OP_04_off_by_knob),
	ROW_TEST("OP-04", OP_04_not_later),
	ROW_TEST("OP-04 CM-05", OP_04_both_open),
	ROW_TEST("OP-04", OP_04_of_this_syn),
	ROW_TEST("OP-04", OP_04_bytes_of_the_option),
	ROW_TEST("OP-04", OP_04_bytes_on_a_syn),
	ROW_TEST("OP-04", OP_04_one_gap),
	ROW_TEST("OP-04", OP_04_many_gaps),
	ROW_TEST("OP-04", OP_04_on_data),
	ROW_TEST("OP-04", OP_04_on_fin_and_keepalive),
	ROW_TEST("OP-04", OP_04_not_on_rst),
	ROW_TEST("OP-04", OP_04_duplicate_below_the_ack),
	ROW_TEST("OP-04", OP_04_duplicate_below_the_ack_and_gaps),
	ROW_TEST("OP-04", OP_04_duplicate_of_what_is_held),
	ROW_TEST("OP-04", OP_04_duplicate_and_more_in_a_burst),
	ROW_TEST("OP-04", OP_04_partial_duplicates),
	ROW_TEST("OP-04", OP_04_two_duplicate_parts),
	ROW_TEST("OP-04", OP_04_duplicate_on_both_sides_of_the_ack),
	ROW_TEST("OP-04", OP_04_duplicate_fin),
	ROW_TEST("OP-04", OP_04_no_duplicates),
	ROW_TEST("OP-04 OP-01", OP_04_malformed_blocks),
	ROW_TEST("OP-04 DT-03", OP_04_random_segments),
};

SCRIPT_MAIN(tests)
