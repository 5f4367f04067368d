/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is held beyond a gap is bounded (DT-03), counts in the window as it should (DT-04), and
 * is let go whatever ends the connection, or the stack: the harness counts the buffers.
 */
#include <rte_mempool.h>

#include "script.h"

static uint32_t
buffers_free(const struct script *s)
{
	return rte_mempool_avail_count(s->conf.pool);
}

/* The next frame is an ACK of `ack`, whatever it says besides. */
static void
acked(struct script *s, uint32_t ack)
{
	const uint8_t *tcp = script_next_frame(s)->b + (script_v6 ? 54 : 34);

	EQUAL(s, tcp[13], ACK);
	EQUAL(s, script_get32(tcp + 8) - s->t->isn, ack);
}

/* One byte at each of `n` places from `from` on, `step` apart. */
static void
islands(struct script *s, uint32_t from, uint32_t step, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		IN(s, ACK, .seq = from + i * step, .ack = 1, .len = 1);
		acked(s, 1);
	}
}

/* ---- bounds */

/* 64 gaps and no more; what lies in one of them, or fills the first, still counts. */
static void
DT_03_so_many_gaps(struct script *s)
{
	START(s);
	ESTABLISH(s);
	islands(s, 3, 2, 64);
	EQUAL(s, script_info(s).held, 64);
	COUNTED(s, OOO_GAPS, 0);
	islands(s, 131, 2, 3);
	EQUAL(s, script_info(s).held, 64);
	COUNTED(s, OOO_GAPS, 3);
	/* Between two of them it makes one of both. */
	islands(s, 4, 2, 1);
	EQUAL(s, script_info(s).held, 65);
	islands(s, 131, 2, 1);
	EQUAL(s, script_info(s).held, 66);
	COUNTED(s, OOO_GAPS, 3);
	/* In part: up to the last, and one gap beyond it. */
	IN(s, ACK, .seq = 1, .ack = 1, .len = 140);
	acked(s, 141);
	EQUAL(s, script_info(s).held, 0);
	RECEIVED_PATTERN(s, 0, 140);
	s->events[0] = 0;
}

/* A small buffer, short segments: they may not pin much more than was offered. */
static void
DT_03_so_many_buffers_of_a_connection(struct script *s)
{
	uint32_t before, most;

	s->conf.tcp.receive_buffer = 4096;
	START(s);
	ESTABLISH(s);
	before = buffers_free(s);
	islands(s, 3, 2, 40);
	most = before - buffers_free(s);
	EQUAL(s, most, 8);
	EQUAL(s, script_info(s).held, 8);
	COUNTED(s, OOO_CONN_FULL, 32);
	/* What is adjacent shares a buffer, and finds room. */
	IN(s, ACK, .seq = 18, .ack = 1, .len = 1000);
	acked(s, 1);
	EQUAL(s, script_info(s).held, 1008);
	EQUAL(s, before - buffers_free(s), most);
	/* What is in order needs none. */
	IN(s, ACK, .seq = 1, .ack = 1, .len = 17);
	acked(s, 1018);
	EQUAL(s, buffers_free(s), before);
	RECEIVED_PATTERN(s, 0, 1017);
	s->events[0] = 0;
}

/* A whole window of full segments finds room, and one of short ones that follow each other. */
static void
window_full(struct script *s, uint32_t len)
{
	uint32_t wnd = 65535, before;

	s->conf.tcp.receive_buffer = wnd;
	START(s);
	ESTABLISH(s);
	before = buffers_free(s);
	for (uint32_t at = 2; at < 1 + wnd; at += len) {
		IN(s, ACK, .seq = at, .ack = 1, .len = RTE_MIN(len, 1 + wnd - at));
		acked(s, 1);
	}
	EQUAL(s, script_info(s).held, wnd - 1);
	CHECK(s, before - buffers_free(s) <= wnd / 2048 + 1);
	IN(s, ACK, .seq = 1, .ack = 1, .len = 1);
	acked(s, 1 + wnd);
	RECEIVED_PATTERN(s, 0, wnd);
	EQUAL(s, buffers_free(s), before);
	s->events[0] = 0;
}

static void
DT_03_a_window_of_full_segments(struct script *s)
{
	window_full(s, 1448);
}

static void
DT_03_a_window_of_short_segments(struct script *s)
{
	window_full(s, 50);
}

/* A pool of 40 buffers: a quarter of it for all connections together. */
static struct rte_mempool *
small_pool(struct script *s)
{
	static struct rte_mempool *pool;

	if (pool == NULL)
		pool = rte_pktmbuf_pool_create("small", 40, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, -1);
	CHECK(s, pool && rte_mempool_full(pool));
	s->conf.pool = pool;
	return pool;
}

static void
DT_03_so_many_buffers_of_a_stack(struct script *s)
{
	struct rte_mempool *pool = small_pool(s);

	s->active = false;
	START(s);
	ESTABLISH(s);
	islands(s, 3, 2, 7);
	USE(s, 1);
	ESTABLISH(s);
	islands(s, 3, 2, 7);
	EQUAL(s, rte_mempool_in_use_count(pool), 10);
	COUNTED(s, OOO_STACK_FULL, 4);
	EQUAL(s, script_info(s).held, 3);
	/* One that lets go makes room for the other. */
	USE(s, 0);
	IN(s, ACK, .seq = 1, .ack = 1, .len = 16);
	acked(s, 17);
	USE(s, 1);
	islands(s, 9, 2, 4);
	EQUAL(s, script_info(s).held, 7);
	COUNTED(s, OOO_STACK_FULL, 4);
	RECEIVED_PATTERN(s, 0, 16);
	s->events[0] = 0;
	spate_stack_abort_all(s->stack);
	FORGET(s);
	EVENTS(s, "closed:ECONNABORTED closed:ECONNABORTED");
	CHECK(s, rte_mempool_full(pool));
}

/* No buffer at all: the segment is lost, and nothing else. */
static void
DT_03_no_buffer(struct script *s)
{
	struct rte_mempool *pool = small_pool(s);
	struct rte_mbuf *all[40];

	START(s);
	ESTABLISH(s);
	/* One is left, for the segment itself. */
	CHECK(s, rte_pktmbuf_alloc_bulk(pool, all, 39) == 0);
	IN(s, ACK, .seq = 6, .ack = 1, .data = "world");
	COUNTED(s, OOO_NO_MBUF, 1);
	EQUAL(s, script_info(s).held, 0);
	rte_pktmbuf_free_bulk(all, 39);
	OUT(s, ACK, .seq = 1, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 1, .data = "helloworld");
	OUT(s, ACK, .seq = 1, .ack = 11);
	EVENTS(s, "data:10");
	RECEIVED(s, "helloworld");
	ABORT(s);
	OUT(s, RST_ACK, .seq = 1, .ack = 11);
	EVENTS(s, "closed:ECONNABORTED");
	CHECK(s, rte_mempool_full(pool));
}

/* All of the stack's output, unseen. */
static void
drain(struct script *s)
{
	struct rte_mbuf *m[32];
	uint16_t n;

	while ((n = spate_stack_output(s->stack, m, 32, s->now)) > 0)
		rte_pktmbuf_free_bulk(m, n);
}

#define PLACES 1024 /* side records there are for so many connections */

/* Every side record is in use: a segment beyond a gap is dropped, a duplicate unreported. */
static void
DT_03_no_side_record(struct script *s)
{
	s->conf.max_conns = PLACES + 1;
	s->peer_sack = true;
	s->active = false;
	START(s);
	if (s->t->isn != 1000)
		return; /* it takes long, and has nothing to do with numbers */
	LISTEN(s);
	for (uint32_t i = 0; i <= PLACES; i++) {
		s->t->rport = PEER_PORT + i;
		NEXT_INCARNATION(s, 0);
		s->t->ts_offset_known = false;
		IN(s, SYN);
		OUT(s, SYN_ACK, .ack = 1);
		IN(s, ACK, .seq = 1, .ack = 1, .data = "x");
		drain(s);
		s->events[0] = 0;
		s->received_len = 0;
	}
	/* The same again, whose report waits for the output. */
	for (uint32_t i = 0; i < PLACES; i++) {
		s->t->rport = PEER_PORT + i;
		IN(s, ACK, .seq = 1, .ack = 1, .data = "x");
	}
	COUNTED(s, EXTRA_NONE_LEFT, 0);
	s->t->rport = PEER_PORT + PLACES;
	IN(s, ACK, .seq = 3, .ack = 1, .data = "z");
	COUNTED(s, OOO_NO_RECORD, 1);
	COUNTED(s, EXTRA_NONE_LEFT, 1);
	EQUAL(s, script_info(s).held, 0);
	drain(s);
	COUNTED(s, DSACK_SENT, PLACES);
	/* They are given back with the report. */
	IN(s, ACK, .seq = 3, .ack = 1, .data = "z");
	EQUAL(s, script_info(s).held, 1);
	drain(s);
	spate_stack_abort_all(s->stack);
	drain(s);
	s->events[0] = 0;
}

/* ---- windows */

/* Unread bytes take of the window, bytes held do not: they lie in it already. */
static void
DT_04_window_while_data_is_held(struct script *s)
{
	s->conf.tcp.receive_buffer = 4000;
	s->hold = true;
	START(s);
	ESTABLISH(s);
	IN(s, ACK, .seq = 1, .ack = 1, .len = 1000);
	OUT(s, ACK, .seq = 1, .ack = 1001, .win = SET(3000));
	IN(s, ACK, .seq = 2001, .ack = 1, .len = 1000);
	OUT(s, ACK, .seq = 1, .ack = 1001, .win = SET(3000), .sack = {{2001, 3001}});
	/* The edge is at 4000: what is beyond is cut off. */
	IN(s, ACK, .seq = 3501, .ack = 1, .len = 1000);
	OUT(s, ACK, .seq = 1, .ack = 1001, .win = SET(3000), .sack = {{3501, 4001}, {2001, 3001}});
	IN(s, ACK, .seq = 1001, .ack = 1, .len = 1000);
	OUT(s, ACK, .seq = 1, .ack = 3001, .win = SET(1000), .sack = {{3501, 4001}});
	EQUAL(s, script_info(s).unread, 3000);
	/* Consumed: the edge moves on, the gap stays. */
	CONSUME(s, 3000);
	OUT(s, ACK, .seq = 1, .ack = 3001, .win = SET(4000), .sack = {{3501, 4001}});
	IN(s, ACK, .seq = 3001, .ack = 1, .len = 500);
	OUT(s, ACK, .seq = 1, .ack = 4001, .win = SET(3000));
	EQUAL(s, script_info(s).unread, 1000);
	RECEIVED_PATTERN(s, 0, 4000);
	s->events[0] = 0;
}

/* What fills the gap closes the window; then nothing out of order is taken either. */
static void
DT_05_gap_filled_up_to_a_closed_window(struct script *s)
{
	s->conf.tcp.receive_buffer = 1000;
	s->hold = true;
	START(s);
	ESTABLISH(s);
	IN(s, ACK, .seq = 501, .ack = 1, .len = 500);
	OUT(s, ACK, .seq = 1, .ack = 1, .win = SET(1000), .sack = {{501, 1001}});
	IN(s, ACK, .seq = 1, .ack = 1, .len = 500);
	OUT(s, ACK, .seq = 1, .ack = 1001, .win = SET(0));
	EQUAL(s, script_info(s).rcv_wnd, 0);
	IN(s, ACK, .seq = 1010, .ack = 1, .len = 10);
	OUT(s, ACK, .seq = 1, .ack = 1001, .win = SET(0));
	EQUAL(s, script_info(s).held, 0);
	CONSUME(s, 1000);
	OUT(s, ACK, .seq = 1, .ack = 1001, .win = SET(1000));
	EVENTS(s, "data:500 data:500");
	RECEIVED_PATTERN(s, 0, 1000);
}

/* ---- ends, with data held */

static void
with_data_held(struct script *s)
{
	START(s);
	ESTABLISH(s);
	IN(s, ACK, .seq = 11, .ack = 1, .len = 10);
	OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{11, 21}});
	IN(s, FIN_ACK, .seq = 31, .ack = 1, .len = 10);
	OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{31, 42}, {11, 21}});
}

static void
RS_05_reset_with_data_held(struct script *s)
{
	with_data_held(s);
	IN(s, RST, .seq = 1);
	EVENTS(s, "closed:ECONNRESET");
}

static void
RS_07_abort_with_data_held(struct script *s)
{
	with_data_held(s);
	ABORT(s);
	OUT(s, RST_ACK, .seq = 1, .ack = 1);
	EVENTS(s, "closed:ECONNABORTED");
}

/* RFC 1122 4.2.2.13: received, and nobody will read it. */
static void
CM_15_close_with_data_held(struct script *s)
{
	with_data_held(s);
	CLOSE(s);
	OUT(s, RST_ACK, .seq = 1, .ack = 1);
	EVENTS(s, "closed:ECONNABORTED");
	COUNTED(s, UNREAD_CLOSE, 1);
}

/* A FIN alone is no data: the close is in order. */
static void
CM_15_close_with_a_fin_held(struct script *s)
{
	START(s);
	ESTABLISH(s);
	IN(s, FIN_ACK, .seq = 11, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{11, 12}});
	CLOSE(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1, .sack = {{11, 12}});
	STATE(s, FIN_WAIT_1);
	/* What is missing is. */
	IN(s, ACK, .seq = 1, .ack = 2, .len = 10);
	OUT(s, RST_ACK, .seq = 2, .ack = 1);
	EVENTS(s, "closed:ECONNABORTED");
}

/* The peer must know, in order or not. */
static void
CM_15_out_of_order_after_close(struct script *s)
{
	START(s);
	ESTABLISH(s);
	CLOSE(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 1);
	IN(s, ACK, .seq = 11, .ack = 2, .len = 10);
	OUT(s, RST_ACK, .seq = 2, .ack = 1);
	EVENTS(s, "closed:ECONNABORTED");
	COUNTED(s, UNREAD_CLOSE, 1);
}

static void
CM_19_given_up_with_data_held(struct script *s)
{
	s->conf.tcp.data_retries = 1;
	with_data_held(s);
	SEND(s, "x");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x", .sack = {{31, 42}, {11, 21}});
	OUT_AT(s, 200, PSH_ACK, .seq = 1, .ack = 1, .data = "x", .sack = {{31, 42}, {11, 21}});
	QUIET(s, 500);
	EVENTS(s, "closed:ETIMEDOUT");
}

/* The harness ends what is open and looks for buffers; here the stack itself goes. */
static void
DT_03_stack_freed_with_data_held(struct script *s)
{
	struct rte_mempool *pool = small_pool(s);

	with_data_held(s);
	spate_stack_free(s->stack);
	CHECK(s, rte_mempool_full(pool));
	s->n_conns = s->n_closed = 0;
	s->now += MS;
	START(s);
}

/* ---- the application acts while held data is being delivered */

static const char *act_at;
static void (*act)(struct spate_stack *stack, spate_conn c);

static void
at_event(struct script *s, const char *event)
{
	if (strcmp(event, act_at) == 0)
		act(s->stack, s->conn);
}

static void
shut(struct spate_stack *stack, spate_conn c)
{
	spate_shutdown(stack, c);
}

/* Pieces of 10, 2, 1, 8 and 12 bytes, the last with the FIN; `how` is called in one of them. */
static void
acts_in(struct script *s, const char *event, void (*how)(struct spate_stack *, spate_conn))
{
	START(s);
	ESTABLISH(s);
	IN(s, FIN_ACK, .seq = 22, .ack = 1, .len = 12);
	IN(s, ACK, .seq = 11, .ack = 1, .len = 2);
	IN(s, ACK, .seq = 14, .ack = 1, .len = 8);
	OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{14, 35}, {11, 13}});
	act_at = event;
	act = how;
	s->hook = at_event;
	IN(s, ACK, .seq = 1, .ack = 1, .len = 13);
}

static void
RS_07_abort_from_the_first_piece(struct script *s)
{
	acts_in(s, "data:10", spate_abort);
	OUT(s, RST_ACK, .seq = 1, .ack = 11);
	EVENTS(s, "data:10 closed:ECONNABORTED");
	RECEIVED_PATTERN(s, 0, 10);
}

static void
RS_07_abort_from_a_held_piece(struct script *s)
{
	acts_in(s, "data:2", spate_abort);
	OUT(s, RST_ACK, .seq = 1, .ack = 13);
	EVENTS(s, "data:10 data:2 closed:ECONNABORTED");
	RECEIVED_PATTERN(s, 0, 12);
}

/* A close() with more to come is one with unread data. */
static void
CM_15_close_from_a_held_piece(struct script *s)
{
	acts_in(s, "data:2", spate_close);
	OUT(s, RST_ACK, .seq = 1, .ack = 13);
	EVENTS(s, "data:10 data:2 closed:ECONNABORTED");
	RECEIVED_PATTERN(s, 0, 12);
	COUNTED(s, UNREAD_CLOSE, 1);
}

/* From the last, whose FIN is known: LAST_ACK. */
static void
CM_04_close_from_the_last_piece(struct script *s)
{
	acts_in(s, "data:12", spate_close);
	OUT(s, FIN_ACK, .seq = 1, .ack = 35, .sack = {{11, 13}});
	STATE(s, LAST_ACK);
	IN(s, ACK, .seq = 35, .ack = 2);
	EVENTS(s, "data:10 data:2 data:1 data:8 data:12 closed");
	RECEIVED_PATTERN(s, 0, 33);
}

static void
CM_06_shutdown_from_a_held_piece(struct script *s)
{
	acts_in(s, "data:2", shut);
	OUT(s, FIN_ACK, .seq = 1, .ack = 35, .sack = {{11, 13}});
	STATE(s, CLOSING);
	IN(s, ACK, .seq = 35, .ack = 2);
	EVENTS(s, "data:10 data:2 data:1 data:8 data:12 fin closed");
	RECEIVED_PATTERN(s, 0, 33);
}

static const struct row_test tests[] = {
	ROW_TEST("DT-03", DT_03_so_many_gaps),
	ROW_TEST("DT-03", DT_03_so_many_buffers_of_a_connection),
	ROW_TEST("DT-03", DT_03_a_window_of_full_segments),
	ROW_TEST("DT-03", DT_03_a_window_of_short_segments),
	ROW_TEST("DT-03", DT_03_so_many_buffers_of_a_stack),
	ROW_TEST("DT-03", DT_03_no_buffer),
	ROW_TEST("DT-03", DT_03_no_side_record),
	ROW_TEST("DT-04 DT-03", DT_04_window_while_data_is_held),
	ROW_TEST("DT-05 DT-03", DT_05_gap_filled_up_to_a_closed_window),
	ROW_TEST("RS-05 DT-03", RS_05_reset_with_data_held),
	ROW_TEST("RS-07 DT-03", RS_07_abort_with_data_held),
	ROW_TEST("CM-15 DT-03", CM_15_close_with_data_held),
	ROW_TEST("CM-15 DT-03", CM_15_close_with_a_fin_held),
	ROW_TEST("CM-15 DT-03", CM_15_out_of_order_after_close),
	ROW_TEST("CM-19 DT-03", CM_19_given_up_with_data_held),
	ROW_TEST("DT-03", DT_03_stack_freed_with_data_held),
	ROW_TEST("RS-07 DT-03", RS_07_abort_from_the_first_piece),
	ROW_TEST("RS-07 DT-03", RS_07_abort_from_a_held_piece),
	ROW_TEST("CM-15 DT-03", CM_15_close_from_a_held_piece),
	ROW_TEST("CM-04 DT-03", CM_04_close_from_the_last_piece),
	ROW_TEST("CM-06 DT-03", CM_06_shutdown_from_a_held_piece),
};

SCRIPT_MAIN(tests)
