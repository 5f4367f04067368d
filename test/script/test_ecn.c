/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Congestion that is marked rather than dropped (OP-09, RFC 3168): who may, what is
 * marked, and what a mark does.
 */
#include "script.h"

#define SETUP (ECE | CWR)

static uint32_t
room(const struct script *s)
{
	return s->peer_ts ? 1448 : 1460;
}

/* ---- the handshake */

/* Both sides can. The peer is the client where ESTABLISH is passive. */
static void
establish(struct script *s)
{
	s->conf.tcp.ecn = true;
	START(s);
	if (s->active) {
		CONNECT(s);
		OUT(s, SYN | SETUP);
		IN(s, SYN_ACK | ECE, .ack = 1);
		OUT(s, ACK, .seq = 1, .ack = 1);
		EVENTS(s, "established");
	} else {
		LISTEN(s);
		IN(s, SYN | SETUP);
		OUT(s, SYN_ACK | ECE, .ack = 1);
		IN(s, ACK, .seq = 1, .ack = 1);
		EVENTS(s, "accept");
	}
	/* The first window that is scaled: later ones are the same. */
	IN(s, ACK, .seq = 1, .ack = 1);
	SILENT(s);
}

/* Is what we send marked, and what the peer has marked echoed? */
static void
speaks_ecn(struct script *s, bool sends, bool echoes)
{
	SEND(s, "hello");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "hello", .ecn = sends ? ECT0 : 0);
	IN(s, PSH_ACK, .seq = 1, .ack = 6, .data = "world", .ecn = CE);
	OUT(s, ACK | (echoes ? ECE : 0), .seq = 6, .ack = 6);
	EVENTS(s, "sendable data:5");
	RECEIVED(s, "world");
	COUNTED(s, ECN_CE, echoes);
}

static void
OP_09_agreed(struct script *s)
{
	establish(s);
	speaks_ecn(s, true, true);
}

/* Off: an ECN-setup SYN is a SYN like any other, and answered without. */
static void
OP_09_setup_syn_is_a_valid_syn(struct script *s)
{
	START(s);
	LISTEN(s);
	IN(s, SYN | SETUP);
	OUT(s, SYN_ACK, .ack = 1);
	/* Again, as it is; and again without, as a careful client does. */
	IN(s, SYN | SETUP);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
	speaks_ecn(s, false, false);
	/* ECE and CWR mean nothing here, and hurt nothing. */
	SEND(s, "x");
	OUT(s, PSH_ACK, .seq = 6, .ack = 6, .data = "x");
	IN(s, ACK | ECE | CWR, .seq = 6, .ack = 7);
	EVENTS(s, "sendable");
	COUNTED(s, ECN_CUTS, 0);
}

/* Over a TIME_WAIT, over a simultaneous open, for nobody: a SYN it is everywhere. */
static void
OP_09_setup_syn_elsewhere(struct script *s)
{
	START(s);
	LISTEN(s);
	TO_TIME_WAIT(s);
	AFTER(s, 10);
	NEXT_INCARNATION(s, 100000);
	IN(s, SYN | SETUP);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
	/* In a synchronised state a challenge, as RFC 5961 has it. */
	IN(s, SYN | SETUP, .seq = 1000);
	OUT(s, ACK, .seq = 1, .ack = 1, .tsecr = s->peer_ts ? SET(10) : 0);
	USE(s, 1);
	s->t->lport = 7;
	IN(s, SYN | SETUP);
	OUT(s, RST_ACK, .seq = 0, .ack = 1);
	USE(s, 2);
	CONNECT(s);
	OUT(s, SYN);
	IN(s, SYN | SETUP);
	OUT(s, SYN_ACK, .ack = 1);
}

/* The cookie of a SYN remembers no ECN. */
static void
OP_09_setup_syn_and_cookies(struct script *s)
{
	s->conf.tcp.ecn = true;
	s->peer_ws = false;
	START(s);
	script_listen(s, 1);
	USE(s, 9);
	IN(s, SYN | SETUP);
	OUT(s, SYN_ACK | ECE, .ack = 1);
	USE(s, 0);
	IN(s, SYN | SETUP);
	OUT(s, SYN_ACK, .ack = 1);
	s->t->ts_offset_known = false;
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
	speaks_ecn(s, false, false);
}

/* Half of it, or all of it sent back, is not how it is answered (RFC 3168 6.1.1). */
static void
not_agreed_active(struct script *s, uint8_t answer)
{
	s->conf.tcp.ecn = true;
	START(s);
	CONNECT(s);
	OUT(s, SYN | SETUP);
	IN(s, SYN_ACK | answer, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "established");
	speaks_ecn(s, false, false);
}

static void
OP_09_server_without(struct script *s)
{
	not_agreed_active(s, 0);
}

static void
OP_09_server_that_reflects(struct script *s)
{
	not_agreed_active(s, SETUP);
}

static void
OP_09_client_without(struct script *s)
{
	static const uint8_t half[] = {0, ECE, CWR};

	s->conf.tcp.ecn = true;
	START(s);
	LISTEN(s);
	for (size_t i = 0; i < RTE_DIM(half); i++) {
		USE(s, i + 1);
		IN(s, SYN | half[i]);
		OUT(s, SYN_ACK, .ack = 1);
	}
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
	speaks_ecn(s, false, false);
}

/* 6.1.1.1: no answer. Perhaps it is the flags. What the peer marks is told all the same. */
static void
OP_09_fallback(struct script *s)
{
	s->conf.tcp.ecn = true;
	START(s);
	CONNECT(s);
	OUT(s, SYN | SETUP);
	OUT_AT(s, 1000, SYN);
	OUT_AT(s, 2000, SYN);
	IN(s, SYN_ACK | ECE, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "established");
	speaks_ecn(s, false, true);
}

static void
OP_09_fallback_and_server_without(struct script *s)
{
	s->conf.tcp.ecn = true;
	START(s);
	CONNECT(s);
	OUT(s, SYN | SETUP);
	OUT_AT(s, 1000, SYN);
	IN(s, SYN_ACK, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "established");
	speaks_ecn(s, false, false);
}

/* Our SYN+ACK again is the same; the client's SYN without is the end of it. */
static void
OP_09_syn_ack_again(struct script *s)
{
	s->conf.tcp.ecn = true;
	START(s);
	LISTEN(s);
	IN(s, SYN | SETUP);
	OUT(s, SYN_ACK | ECE, .ack = 1);
	OUT_AT(s, 1000, SYN_ACK | ECE, .ack = 1);
	IN(s, SYN | SETUP);
	OUT(s, SYN_ACK | ECE, .ack = 1, .tsecr = SET(0));
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1, .tsecr = SET(0));
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
	speaks_ecn(s, false, false);
}

static void
OP_09_simultaneous_open(struct script *s)
{
	s->conf.tcp.ecn = true;
	START(s);
	CONNECT(s);
	OUT(s, SYN | SETUP);
	IN(s, SYN | SETUP);
	OUT(s, SYN_ACK | ECE, .ack = 1);
	IN(s, SYN_ACK | ECE, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "established");
	speaks_ecn(s, true, true);
}

/* ---- what is marked */

static void
OP_09_new_data_only(struct script *s)
{
	uint32_t r = room(s);

	establish(s);
	SEND_PATTERN(s, 2 * r);
	OUT(s, ACK, .seq = 1, .ack = 1, .len = r, .ecn = ECT0);
	OUT(s, PSH_ACK, .seq = 1 + r, .ack = 1, .len = r, .ecn = ECT0);
	/* Sent again it must not be marked: a forged one could not be told from it (6.1.5). */
	if (s->peer_sack)
		OUT_AT(s, 10, PSH_ACK, .seq = 1 + r, .ack = 1, .len = r);
	OUT_AT(s, 200, ACK, .seq = 1, .ack = 1, .len = r);
	IN(s, ACK, .seq = 1, .ack = 1 + r);
	OUT(s, PSH_ACK, .seq = 1 + r, .ack = 1, .len = r);
	IN(s, ACK, .seq = 1, .ack = 1 + 2 * r, .win = SET(0));
	EVENTS(s, "sendable");
	/* A probe of a closed window (6.1.6). */
	SEND_PATTERN(s, 2);
	SILENT(s);
	script_advance(s, s->now + 10000 * MS, true);
	OUT(s, ACK, .seq = 1 + 2 * r, .ack = 1, .len = 1);
	IN(s, ACK, .seq = 1, .ack = 2 + 2 * r);
	/* New again; and the first to say that the timeout has made the window small. */
	OUT(s, PSH_ACK | CWR, .seq = 2 + 2 * r, .ack = 1, .len = 1, .ecn = ECT0);
	IN(s, ACK, .seq = 1, .ack = 3 + 2 * r);
	CLOSE(s);
	OUT(s, FIN_ACK, .seq = 3 + 2 * r, .ack = 1);
	EVENTS(s, "sendable");
}

static void
OP_09_data_with_fin(struct script *s)
{
	establish(s);
	SEND(s, "bye");
	CLOSE(s);
	OUT(s, FIN_ACK | PSH, .seq = 1, .ack = 1, .data = "bye", .ecn = ECT0);
	IN(s, RST, .seq = 1);
	EVENTS(s, "closed:ECONNRESET");
}

static void
OP_09_not_in_a_reset(struct script *s)
{
	establish(s);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x", .ecn = CE);
	OUT(s, ACK | ECE, .seq = 1, .ack = 2);
	ABORT(s);
	OUT(s, RST_ACK, .seq = 1, .ack = 2);
	EVENTS(s, "data:1 closed:ECONNABORTED");
	RECEIVED(s, "x");
}

/* ---- what a mark does at its receiver */

static void
OP_09_echo_until_cwr(struct script *s)
{
	establish(s);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "a", .ecn = ECT0);
	OUT(s, ACK, .seq = 1, .ack = 2);
	IN(s, PSH_ACK, .seq = 2, .ack = 1, .data = "b", .ecn = CE);
	OUT(s, ACK | ECE, .seq = 1, .ack = 3);
	IN(s, PSH_ACK, .seq = 3, .ack = 1, .data = "c", .ecn = ECT0);
	OUT(s, ACK | ECE, .seq = 1, .ack = 4);
	SEND(s, "data");
	OUT(s, PSH_ACK | ECE, .seq = 1, .ack = 4, .data = "data", .ecn = ECT0);
	/* CWR without data is not what is waited for. */
	IN(s, ACK | CWR, .seq = 4, .ack = 5);
	IN(s, PSH_ACK, .seq = 4, .ack = 5, .data = "d", .ecn = ECT0);
	OUT(s, ACK | ECE, .seq = 5, .ack = 5);
	IN(s, PSH_ACK | CWR, .seq = 5, .ack = 5, .data = "e", .ecn = ECT0);
	OUT(s, ACK, .seq = 5, .ack = 6);
	/* Marked itself, it begins anew. */
	IN(s, PSH_ACK | CWR, .seq = 6, .ack = 5, .data = "f", .ecn = CE);
	OUT(s, ACK | ECE, .seq = 5, .ack = 7);
	EVENTS(s, "data:1 data:1 data:1 sendable data:1 data:1 data:1");
	RECEIVED(s, "abcdef");
	COUNTED(s, ECN_CE, 2);
}

/* 6.1.5: what lies outside the window may be anybody's; without data nothing is marked. */
static void
OP_09_marks_that_do_not_count(struct script *s)
{
	establish(s);
	IN(s, PSH_ACK, .seq = -5, .ack = 1, .data = "old", .ecn = CE);
	OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{-5, -2}});
	IN(s, PSH_ACK, .seq = 1, .ack = 100, .data = "blind", .ecn = CE);
	OUT(s, ACK, .seq = 1, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 1, .ecn = CE);
	SILENT(s);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x", .ecn = 1);
	OUT(s, ACK, .seq = 1, .ack = 2);
	EVENTS(s, "data:1");
	RECEIVED(s, "x");
	COUNTED(s, ECN_CE, 0);
}

/* ---- what it does at its sender */

/* Segments `from` to `to` of the stream, `first` the flags the first one has beyond ACK. */
static void
segments(struct script *s, uint32_t from, uint32_t to, uint8_t first)
{
	uint32_t r = room(s);

	for (uint32_t i = from; i <= to; i++)
		OUT(s, ACK | (i == from ? first : 0), .seq = 1 + (i - 1) * r, .ack = 1, .len = r,
			.ecn = ECT0);
	SILENT(s);
}

#define UP_TO(n) (1 + ((n)-1) * room(s))

static void
flight(struct script *s)
{
	establish(s);
	SEND_PATTERN(s, 60 * room(s));
	segments(s, 1, 10, 0);
}

/* Half of the flight, once; nothing is sent again; the next new data says so. */
static void
OP_09_ece_halves_once(struct script *s)
{
	uint32_t full;

	flight(s);
	IN(s, ACK | ECE, .seq = 1, .ack = UP_TO(3));
	EQUAL(s, script_info(s).cwnd, 5 * room(s));
	SILENT(s);
	IN(s, ACK | ECE, .seq = 1, .ack = UP_TO(6));
	EQUAL(s, script_info(s).cwnd, 5 * room(s));
	SILENT(s);
	IN(s, ACK | ECE, .seq = 1, .ack = UP_TO(8));
	segments(s, 11, 12, CWR);
	COUNTED(s, ECN_CUTS, 1);
	COUNTED(s, RETRANSMITS, 0);
	/* What was in flight is acknowledged, but not yet what says CWR. */
	IN(s, ACK | ECE, .seq = 1, .ack = UP_TO(11));
	segments(s, 13, 15, 0);
	EQUAL(s, script_info(s).cwnd, 5 * room(s));
	COUNTED(s, ECN_CUTS, 1);
	/* And that is: a new round, and another ECE is another mark. */
	IN(s, ACK, .seq = 1, .ack = UP_TO(12));
	segments(s, 16, 16, 0);
	full = script_info(s).cwnd;
	CHECK(s, full > 5 * room(s));
	IN(s, ACK | ECE, .seq = 1, .ack = UP_TO(13));
	COUNTED(s, ECN_CUTS, 2);
	EQUAL(s, script_info(s).cwnd, full / 2);
}

/* Two segments are the least (RFC 5681 equation 4); and with nothing in flight nothing is cut. */
static void
OP_09_ece_and_little_in_flight(struct script *s)
{
	uint32_t cwnd;

	establish(s);
	cwnd = script_info(s).cwnd;
	IN(s, ACK | ECE, .seq = 1, .ack = 1);
	EQUAL(s, script_info(s).cwnd, cwnd);
	SEND(s, "x");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x", .ecn = ECT0);
	IN(s, ACK | ECE, .seq = 1, .ack = 2);
	EQUAL(s, script_info(s).cwnd, 2 * room(s));
	EVENTS(s, "sendable");
	COUNTED(s, ECN_CUTS, 1);
	SEND(s, "y");
	OUT(s, PSH_ACK | CWR, .seq = 2, .ack = 1, .data = "y", .ecn = ECT0);
}

/*
 * The mark was on the last of the data: there is none to say CWR on until later, and what the peer
 * sends meanwhile is still about that mark.
 */
static void
OP_09_mark_on_the_last_of_the_data(struct script *s)
{
	establish(s);
	SEND(s, "x");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x", .ecn = ECT0);
	IN(s, ACK | ECE, .seq = 1, .ack = 2);
	EVENTS(s, "sendable");
	COUNTED(s, ECN_CUTS, 1);
	SEND(s, "y");
	OUT(s, PSH_ACK | CWR, .seq = 2, .ack = 1, .data = "y", .ecn = ECT0);
	IN(s, PSH_ACK | ECE, .seq = 1, .ack = 2, .data = "hello", .ecn = ECT0);
	OUT(s, ACK, .seq = 3, .ack = 6);
	EVENTS(s, "data:5");
	RECEIVED(s, "hello");
	COUNTED(s, ECN_CUTS, 1);
	/* No CWR again; and one more mark, once there is an answer to it. */
	IN(s, ACK, .seq = 6, .ack = 3);
	EVENTS(s, "sendable");
	SEND(s, "z");
	OUT(s, PSH_ACK, .seq = 3, .ack = 6, .data = "z", .ecn = ECT0);
	IN(s, ACK | ECE, .seq = 6, .ack = 4);
	EVENTS(s, "sendable");
	COUNTED(s, ECN_CUTS, 2);
}

/* A loss in the window that was halved for ECE is repaired, and halves nothing again. */
static void
OP_09_loss_in_the_same_round(struct script *s)
{
	flight(s);
	IN(s, ACK | ECE, .seq = 1, .ack = UP_TO(2));
	EQUAL(s, script_info(s).cwnd, 5 * room(s));
	for (int i = 0; i < 3; i++)
		IN(s, ACK | ECE, .seq = 1, .ack = UP_TO(2));
	OUT(s, ACK, .seq = UP_TO(2), .ack = 1, .len = room(s));
	SILENT(s);
	COUNTED(s, FAST_RETRANSMITS, 1);
	IN(s, ACK | ECE, .seq = 1, .ack = UP_TO(11));
	segments(s, 11, 15, CWR);
	EQUAL(s, script_info(s).cwnd, 5 * room(s));
	COUNTED(s, ECN_CUTS, 1);
}

/* The same, told by blocks: by 5/9 of what arrives as it is, and no second cut. */
static void
OP_09_hole_in_the_same_round(struct script *s)
{
	s->peer_sack = true;
	flight(s);
	IN(s, ACK | ECE, .seq = 1, .ack = UP_TO(2));
	EQUAL(s, script_info(s).cwnd, 5 * room(s));
	IN(s, ACK | ECE, .seq = 1, .ack = UP_TO(2), .sack = {{UP_TO(3), UP_TO(6)}});
	OUT(s, ACK, .seq = UP_TO(2), .ack = 1, .len = room(s));
	SILENT(s);
	COUNTED(s, FAST_RETRANSMITS, 1);
	IN(s, ACK | ECE, .seq = 1, .ack = UP_TO(11));
	EQUAL(s, script_info(s).cwnd, 5 * room(s));
	segments(s, 11, 15, CWR);
	COUNTED(s, ECN_CUTS, 1);
}

/* 6.1.2: a window that shrank for loss says CWR too, and ECE within that recovery is not news. */
static void
OP_09_cwr_after_loss(struct script *s)
{
	flight(s);
	for (int i = 0; i < 3; i++)
		IN(s, ACK, .seq = 1, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1, .len = room(s));
	SILENT(s);
	IN(s, ACK | ECE, .seq = 1, .ack = UP_TO(11));
	segments(s, 11, 15, CWR);
	COUNTED(s, ECN_CUTS, 0);
}

static const struct row_test tests[] = {
	ROW_TEST("OP-09", OP_09_agreed),
	ROW_TEST("OP-09", OP_09_setup_syn_is_a_valid_syn),
	ROW_TEST("OP-09 TW-05", OP_09_setup_syn_elsewhere),
	ROW_TEST("OP-09 DT-10", OP_09_setup_syn_and_cookies),
	ROW_TEST("OP-09", OP_09_server_without),
	ROW_TEST("OP-09", OP_09_server_that_reflects),
	ROW_TEST("OP-09", OP_09_client_without),
	ROW_TEST("OP-09", OP_09_fallback),
	ROW_TEST("OP-09", OP_09_fallback_and_server_without),
	ROW_TEST("OP-09", OP_09_syn_ack_again),
	ROW_TEST("OP-09 CM-05", OP_09_simultaneous_open),
	ROW_TEST("OP-09", OP_09_new_data_only),
	ROW_TEST("OP-09", OP_09_data_with_fin),
	ROW_TEST("OP-09", OP_09_not_in_a_reset),
	ROW_TEST("OP-09", OP_09_echo_until_cwr),
	ROW_TEST("OP-09", OP_09_marks_that_do_not_count),
	ROW_TEST("OP-09", OP_09_ece_halves_once),
	ROW_TEST("OP-09", OP_09_ece_and_little_in_flight),
	ROW_TEST("OP-09", OP_09_mark_on_the_last_of_the_data),
	ROW_TEST("OP-09", OP_09_loss_in_the_same_round),
	ROW_TEST("OP-09 DT-01", OP_09_hole_in_the_same_round),
	ROW_TEST("OP-09", OP_09_cwr_after_loss),
};

SCRIPT_MAIN(tests)
