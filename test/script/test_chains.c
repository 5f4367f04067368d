/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments that come in several buffers: because the port has joined them (LRO), because the peer
 * has not cut them up, or because a driver has split one. What is in them is TCP as it is
 * elsewhere; the cuts may be anywhere.
 */
#include <stdlib.h>

#include "script.h"

#define ROOM       2048 /* of a buffer of the pool, behind its headroom */
#define PIECES_MAX 16 /* sizes that are said one by one; the last is that of all the rest */

struct pieces {
	uint32_t n;
	uint32_t size[PIECES_MAX];
	uint32_t lie_len, lie_segs; /* added to what the first buffer says of the chain */
	bool exact;                 /* the first buffer is full */
	void (*spoil)(uint8_t *b);  /* the frame, before it is cut */
};

static uint8_t frame[70000];

static void
free_copy(void *addr, void *opaque)
{
	free(addr);
	free(opaque);
}

/* `len` bytes in a buffer of their own, so that a sanitizer sees a read beyond them. */
static struct rte_mbuf *
full_buffer(struct script *s, const uint8_t *from, uint32_t len)
{
	struct rte_mbuf_ext_shared_info *info = calloc(1, sizeof(*info));
	struct rte_mbuf *m = rte_pktmbuf_alloc(s->conf.pool);
	uint8_t *p = malloc(len ? len : 1);

	if (m == NULL || p == NULL || info == NULL)
		script_fail(s, "no memory for a segment to inject");
	memcpy(p, from, len);
	info->free_cb = free_copy;
	info->fcb_opaque = info;
	rte_mbuf_ext_refcnt_set(info, 1);
	rte_pktmbuf_attach_extbuf(m, p, RTE_BAD_IOVA, len, info);
	m->data_len = len;
	return m;
}

static struct rte_mbuf *
first_buffer(struct script *s, const uint8_t *from, uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(s->conf.pool);

	if (m == NULL)
		script_fail(s, "no memory for a segment to inject");
	memcpy(rte_pktmbuf_append(m, len), from, len);
	return m;
}

static void
frame_in(struct script *s, uint32_t len, const struct pieces *p)
{
	struct rte_mbuf *first = NULL, *last = NULL;
	char line[200];

	script_describe(s, frame, len, line, sizeof(line));
	script_note(s, "  in  in pieces: %s", line);
	for (uint32_t at = 0, i = 0; at < len || i < p->n; i++) {
		uint32_t n = p->size[i < p->n ? i : p->n - 1];
		struct rte_mbuf *m;

		n = n < len - at ? n : len - at;
		m = i == 0 && !p->exact ? first_buffer(s, frame, n)
					: full_buffer(s, frame + at, n);
		at += n;
		if (last)
			last->next = m;
		else
			first = m;
		last = m;
		first->nb_segs = i + 1;
	}
	first->pkt_len = len + p->lie_len;
	first->nb_segs += p->lie_segs;
	first->ol_flags |= s->rx_ol_flags;
	s->burst[s->n_burst++] = first;
	if (!s->bursting)
		script_arrives(s);
}

static void
seg_in(struct script *s, const struct seg *g, const struct pieces *p)
{
	uint32_t len = script_build(s, g, frame);

	if (p->spoil)
		p->spoil(frame);
	frame_in(s, len, p);
}

#define IN_PIECES(s, p, fl, ...) (AT(s), seg_in(s, &(struct seg){.flags = (fl), ##__VA_ARGS__}, p))

static const struct pieces usual = {.n = 1, .size = {ROOM}};

static void
begin(struct script *s)
{
	START(s);
	ESTABLISH(s);
	if (!s->active)
		IN(s, ACK, .seq = 1, .ack = 1);
}

/* The events are as many as the buffers are: what they say is compared by bytes. */
static void
all_of_it(struct script *s, uint32_t n, const char *then)
{
	char *e = s->events;

	while (strncmp(e, "data:", 5) == 0) {
		e = strchr(e, ' ');
		if (e == NULL)
			break;
		e++;
	}
	if (strcmp(e ? e : "", then))
		script_fail(s, "events are \"%s\", expected data and \"%s\"", s->events, then);
	s->events[0] = 0;
	RECEIVED_PATTERN(s, 0, n);
}

/* A frame as LRO makes them. It is more than a segment, so its ACK does not wait (RFC 5681 4.2). */
static void
DT_04_joined_segments(struct script *s)
{
	s->conf.tcp.delayed_ack_ms = 40;
	begin(s);
	IN_PIECES(s, &usual, PSH_ACK, .seq = 1, .ack = 1, .len = 43440);
	OUT(s, ACK, .seq = 1, .ack = 43441);
	SILENT(s);
	all_of_it(s, 43440, "");
	COUNTED(s, RX_LARGE, 1);
	COUNTED(s, RX_BYTES, 43440);
	COUNTED(s, DROP_MULTISEG, 0);
}

/* As long as an IP packet can be. */
static void
DT_04_the_longest_packet(struct script *s)
{
	begin(s);
	uint32_t heads = script_build(s, &(struct seg){.flags = ACK, .seq = 1, .ack = 1}, frame) -
			 14 - (script_v6 ? 40 : 0);
	uint32_t most = 65535 - heads;

	IN_PIECES(s, &usual, PSH_ACK, .seq = 1, .ack = 1, .len = most);
	OUT(s, ACK, .seq = 1, .ack = 1 + most);
	all_of_it(s, most, "");
}

/* Headers in buffers of one byte and of none. */
static void
DT_09_headers_in_pieces(struct script *s)
{
	static const struct pieces bytes = {.n = 3, .size = {1, 0, 1}};
	static const struct pieces some = {
		.n = 12, .size = {5, 0, 20, 0, 0, 3, 30, 1, 0, 40, 0, ROOM}};

	begin(s);
	/* Short enough for one buffer: whatever it is, and however it is cut. */
	IN_PIECES(s, &bytes, PSH_ACK, .seq = 1, .ack = 1, .len = 500);
	OUT(s, ACK, .seq = 1, .ack = 501);
	COUNTED(s, RX_LARGE, 0);
	IN_PIECES(s, &bytes, ACK, .seq = 501, .ack = 1, .len = 3000);
	OUT(s, ACK, .seq = 1, .ack = 3501);
	COUNTED(s, RX_LARGE, 1);
	IN_PIECES(s, &some, ACK, .seq = 3501, .ack = 1, .len = 20000);
	OUT(s, ACK, .seq = 1, .ack = 23501);
	COUNTED(s, RX_LARGE, 2);
	all_of_it(s, 23500, "");
}

/* Nothing but an empty buffer behind the data; nothing at all in the first. */
static void
DT_09_empty_buffers(struct script *s)
{
	static const struct pieces none_first = {.n = 2, .size = {0, ROOM}};
	static const struct pieces none_last = {.n = 5, .size = {ROOM, ROOM, ROOM, 0, 0}};

	begin(s);
	IN_PIECES(s, &none_first, ACK, .seq = 1, .ack = 1, .len = 5000);
	OUT(s, ACK, .seq = 1, .ack = 5001);
	IN_PIECES(s, &none_last, ACK, .seq = 5001, .ack = 1, .len = 5000);
	OUT(s, ACK, .seq = 1, .ack = 10001);
	all_of_it(s, 10000, "");
}

/* A driver whose numbers do not add up; a first buffer that leaves no room for the headers. */
static void
DT_09_chains_that_lie(struct script *s)
{
	static const struct pieces lies[] = {
		{.n = 1, .size = {ROOM}, .lie_len = 1},
		{.n = 1, .size = {ROOM}, .lie_len = -1},
		{.n = 1, .size = {ROOM}, .lie_len = -4000},
		{.n = 1, .size = {ROOM}, .lie_len = 100000},
		{.n = 1, .size = {ROOM}, .lie_segs = 1},
		{.n = 1, .size = {ROOM}, .lie_segs = -1},
		{.n = 2, .size = {40, ROOM}, .exact = true},
	};

	static const struct pieces short_lie = {.n = 2, .size = {80, ROOM}, .lie_len = 100000};

	begin(s);
	for (uint32_t i = 0; i < RTE_DIM(lies); i++) {
		IN_PIECES(s, &lies[i], ACK, .seq = 1, .ack = 1, .len = 5000);
		SILENT(s);
		COUNTED(s, DROP_MULTISEG, i + 1);
	}
	COUNTED(s, RX_LARGE, 0);
	/* A short one that says it is longer. */
	IN_PIECES(s, &short_lie, ACK, .seq = 1, .ack = 1, .len = 100);
	COUNTED(s, DROP_MULTISEG, RTE_DIM(lies) + 1);
	SILENT(s);
}

static void
to_udp(uint8_t *b)
{
	b[script_v6 ? 20 : 23] = 17;
}

static void
to_hop_by_hop(uint8_t *b)
{
	b[script_v6 ? 20 : 23] = 0;
}

static void
to_arp(uint8_t *b)
{
	b[12] = 8;
	b[13] = 6;
}

/* Only TCP is that long, and right behind IP. */
static void
DT_09_chains_of_something_else(struct script *s)
{
	static void (*const spoil[])(uint8_t *b) = {to_udp, to_hop_by_hop, to_arp};

	begin(s);
	for (uint32_t i = 0; i < RTE_DIM(spoil); i++) {
		struct pieces p = usual;

		p.spoil = spoil[i];
		IN_PIECES(s, &p, ACK, .seq = 1, .ack = 1, .len = 5000);
		COUNTED(s, DROP_MULTISEG, i + 1);
	}
	SILENT(s);
}

static void
longer_ip(uint8_t *b)
{
	if (script_v6)
		script_put16(b + 18, 65535);
	else
		script_put16(b + 16, 65535);
	script_put16(b + 24, 0);
	if (!script_v6)
		script_put16(b + 24, ~script_sum(b + 14, 20, 0));
}

static void
longer_tcp(uint8_t *b)
{
	b[script_v6 ? 66 : 46] = 0x40; /* a header of 16 bytes */
}

/* The packet's own lengths are looked at as in one piece. */
static void
DT_09_lengths_in_chains(struct script *s)
{
	struct pieces p = usual;

	begin(s);
	p.spoil = longer_ip;
	IN_PIECES(s, &p, ACK, .seq = 1, .ack = 1, .len = 5000);
	COUNTED(s, DROP_IP_LENGTH, 1);
	p.spoil = longer_tcp;
	s->rx_ol_flags = RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	IN_PIECES(s, &p, ACK, .seq = 1, .ack = 1, .len = 5000);
	COUNTED(s, DROP_L4_HEADER, 1);
	SILENT(s);
}

/* Over buffers of odd lengths; and believed where the port has summed. */
static void
DT_09_checksums_of_chains(struct script *s)
{
	static const struct pieces odd = {.n = 5, .size = {201, 333, 1, 0, 777}};

	begin(s);
	IN_PIECES(s, &odd, ACK, .seq = 1, .ack = 1, .len = 9999);
	OUT(s, ACK, .seq = 1, .ack = 10000);
	IN_PIECES(s, &odd, ACK, .seq = 10000, .ack = 1, .len = 9000, .bad_checksum = true);
	COUNTED(s, DROP_L4_CHECKSUM, 1);
	SILENT(s);
	s->rx_ol_flags = RTE_MBUF_F_RX_L4_CKSUM_BAD;
	IN_PIECES(s, &odd, ACK, .seq = 10000, .ack = 1, .len = 9000);
	COUNTED(s, DROP_L4_CHECKSUM, 2);
	SILENT(s);
	COUNTED(s, RX_LARGE, 1);
	s->rx_ol_flags = RTE_MBUF_F_RX_L4_CKSUM_GOOD | RTE_MBUF_F_RX_LRO;
	IN_PIECES(s, &odd, ACK, .seq = 10000, .ack = 1, .len = 9000, .bad_checksum = true);
	OUT(s, ACK, .seq = 1, .ack = 19000);
	all_of_it(s, 18999, "");
}

/* What is old of it is left out, wherever in its buffers that ends, and reported (RFC 2883). */
static void
DT_03_partly_old(struct script *s)
{
	begin(s);
	for (uint32_t old = 100; old < 6000; old += 700) {
		IN(s, ACK, .seq = 1 + s->received_len, .ack = 1, .len = 1000);
		OUT(s, ACK, .seq = 1, .ack = 1 + s->received_len);
		if (s->received_len < old)
			continue;

		uint32_t from = 1 + s->received_len - old;

		IN_PIECES(s, &usual, ACK, .seq = from, .ack = 1, .len = old + 3000);
		OUT(s, ACK, .seq = 1, .ack = from + old + 3000, .sack = {{from, from + old}});
	}
	/* All of it. */
	IN_PIECES(s, &usual, ACK, .seq = 1, .ack = 1, .len = 5000);
	OUT(s, ACK, .seq = 1, .ack = 1 + s->received_len, .sack = {{1, 5001}});
	all_of_it(s, s->received_len, "");
}

/* Beyond a gap, and what fills it. */
static void
DT_03_beyond_a_gap(struct script *s)
{
	begin(s);
	IN_PIECES(s, &usual, ACK, .seq = 3001, .ack = 1, .len = 5000);
	OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{3001, 8001}});
	IN_PIECES(s, &usual, ACK, .seq = 12001, .ack = 1, .len = 3000);
	OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{12001, 15001}, {3001, 8001}});
	SILENT(s);
	/* It overlaps the first, and goes beyond it. */
	IN_PIECES(s, &usual, PSH_ACK, .seq = 1, .ack = 1, .len = 10000);
	OUT(s, ACK, .seq = 1, .ack = 10001, .sack = {{3001, 8001}, {12001, 15001}});
	IN_PIECES(s, &usual, FIN_ACK, .seq = 10001, .ack = 1, .len = 2000);
	OUT(s, ACK, .seq = 1, .ack = 12002, .sack = {{12001, 12002}}); /* not a FIN, held */
	all_of_it(s, 12000, "fin");
}

/* What does not fit into the window, FIN included, has not come. */
static void
DT_05_beyond_the_window(struct script *s)
{
	s->conf.tcp.receive_buffer = 4000;
	begin(s);
	IN_PIECES(s, &usual, FIN_ACK, .seq = 1, .ack = 1, .len = 5000);
	OUT(s, ACK, .seq = 1, .ack = 4001);
	all_of_it(s, 4000, "");
	s->hold = true;
	IN_PIECES(s, &usual, FIN_ACK, .seq = 4001, .ack = 1, .len = 3900);
	/* A hundred bytes are left, of which the FIN has taken one; one more would be silly. */
	OUT(s, ACK, .seq = 1, .ack = 7902, .win = SET(99));
	CHECK(s, strstr(s->events, "fin"));
	s->events[0] = 0;
	script_received(s, script_pattern + 4000, 3900);
}

/* The end of a stream: data first, then the FIN. */
static void
DT_04_fin_behind_joined_segments(struct script *s)
{
	begin(s);
	IN_PIECES(s, &usual, PSH | FIN_ACK, .seq = 1, .ack = 1, .len = 20000);
	OUT(s, ACK, .seq = 1, .ack = 20002);
	all_of_it(s, 20000, "fin");
	STATE(s, CLOSE_WAIT);
}

static void
close_at_data(struct script *s, const char *event)
{
	if (strncmp(event, "data:", 5) == 0)
		CLOSE(s);
}

static void
abort_at_data(struct script *s, const char *event)
{
	if (strncmp(event, "data:", 5) == 0)
		ABORT(s);
}

/* The application has had enough before it has had all: the rest is refused (CM-15). */
static void
CM_15_closed_in_the_middle(struct script *s)
{
	begin(s);
	s->hook = close_at_data;
	IN_PIECES(s, &usual, FIN_ACK, .seq = 1, .ack = 1, .len = 20000);
	s->hook = NULL;
	COUNTED(s, UNREAD_CLOSE, 1);
	OUT(s, RST_ACK, .seq = 1, .any_ack = true, .win = SET(0));
	s->received_len = 0;
	CHECK(s, strstr(s->events, "data:") == s->events && strstr(s->events, "closed:"));
	CHECK(s, strstr(s->events + 5, "data:") == NULL);
	s->events[0] = 0;
}

static void
CM_15_aborted_in_the_middle(struct script *s)
{
	begin(s);
	s->hook = abort_at_data;
	IN_PIECES(s, &usual, FIN_ACK, .seq = 1, .ack = 1, .len = 20000);
	s->hook = NULL;
	OUT(s, RST_ACK, .seq = 1, .any_ack = true, .win = SET(0));
	s->received_len = 0;
	CHECK(s, strstr(s->events, "data:") == s->events && strstr(s->events, "closed:"));
	CHECK(s, strstr(s->events + 5, "data:") == NULL);
	s->events[0] = 0;
}

static const struct row_test tests[] = {
	ROW_TEST("DT-04", DT_04_joined_segments),
	ROW_TEST("DT-04", DT_04_the_longest_packet),
	ROW_TEST("DT-04", DT_04_fin_behind_joined_segments),
	ROW_TEST("DT-09", DT_09_headers_in_pieces),
	ROW_TEST("DT-09", DT_09_empty_buffers),
	ROW_TEST("DT-09", DT_09_chains_that_lie),
	ROW_TEST("DT-09", DT_09_chains_of_something_else),
	ROW_TEST("DT-09", DT_09_lengths_in_chains),
	ROW_TEST("DT-09", DT_09_checksums_of_chains),
	ROW_TEST("DT-03", DT_03_partly_old),
	ROW_TEST("DT-03", DT_03_beyond_a_gap),
	ROW_TEST("DT-05", DT_05_beyond_the_window),
	ROW_TEST("CM-15", CM_15_closed_in_the_middle),
	ROW_TEST("CM-15", CM_15_aborted_in_the_middle),
};

SCRIPT_MAIN(tests)
