/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Large segments vanish and nobody says why (PM-05, RFC 4821); and when a larger one is
 * tried again, whoever made it small (PM-02).
 */
#include "stream.h"

/* ---- sizes */

static uint32_t
options(const struct script *s)
{
	return s->peer_ts ? 12 : 0;
}

/* Payload of a full segment as agreed, of the first step down, and of the least. */
static uint32_t
full(const struct script *s)
{
	return 1460 - options(s);
}

static uint32_t
small(const struct script *s)
{
	return (script_v6 ? 1220 : 1024) - options(s);
}

static uint32_t
least(const struct script *s)
{
	return (script_v6 ? 1220 : 536) - options(s);
}

/* Everything up to `n` has arrived. */
#define ACKED(s, n) IN(s, ACK, .seq = 1, .ack = 1 + (n))

/* The `n`th timeout comes; the size of what is sent again. */
static void
timeout(struct script *s, int n, uint32_t len, bool last)
{
	OUT_AT(s, 200 << n, last ? PSH_ACK : ACK, .seq = 1, .ack = 1, .len = len);
}

/*
 * Ten full segments are lost, again and again, until the third time a small one is sent. With
 * SACK the last of them goes again ahead of that (RFC 8985 7), and is lost as well.
 */
static uint32_t
into_the_hole(struct script *s)
{
	uint32_t n = 10 * full(s);

	START(s);
	ESTABLISH(s);
	IN(s, ACK, .seq = 1, .ack = 1); /* the first window that is scaled */
	SEND_PATTERN(s, n);
	stream(s, 0, n, full(s), n);
	if (s->peer_sack)
		OUT_AT(s, 10, PSH_ACK, .seq = 1 + n - full(s), .ack = 1, .len = full(s));
	timeout(s, 0, full(s), false);
	timeout(s, 1, full(s), false);
	COUNTED(s, BLACK_HOLES, 0);
	timeout(s, 2, small(s), false);
	COUNTED(s, BLACK_HOLES, 1);
	return n;
}

/* The rest of the flight goes again in the small size, as ACKs make room. */
static uint32_t
out_of_the_hole(struct script *s)
{
	uint32_t n = into_the_hole(s), at = small(s), sent = at;

	while (at < n) {
		ACKED(s, at);
		while (sent < n && s->head != s->tail + (script_pump(s), 0)) {
			uint32_t len = n - sent < small(s) ? n - sent : small(s);

			OUT(s, sent + len == n ? PSH_ACK : ACK, .seq = 1 + sent, .ack = 1,
				.len = len);
			sent += len;
		}
		at = at + small(s) < n ? at + small(s) : n;
	}
	ACKED(s, n);
	SILENT(s);
	EVENTS(s, "sendable");
	return n;
}

/* Data enough for a trial: one full segment, and small ones behind it. Returns its end. */
static uint32_t
trial(struct script *s, uint32_t from)
{
	uint32_t n = full(s) + 4 * small(s);

	SEND_PATTERN(s, n);
	OUT(s, ACK, .seq = 1 + from, .ack = 1, .len = full(s));
	stream(s, from + full(s), from + n, small(s), from + n);
	SILENT(s);
	return from + n;
}

/* The same, where none is due. */
static uint32_t
no_trial(struct script *s, uint32_t from)
{
	uint32_t n = full(s) + 4 * small(s), to = from + n;

	SEND_PATTERN(s, n);
	stream(s, from, to, small(s), to);
	SILENT(s);
	ACKED(s, to);
	EVENTS(s, "sendable");
	return to;
}

/* Three segments behind a trial at `from` have arrived, and say that it has not. */
static void
trial_is_overtaken(struct script *s, uint32_t from)
{
	uint32_t behind = 1 + from + full(s);

	for (uint32_t i = 1; i <= 3; i++)
		IN(s, ACK, .seq = 1, .ack = 1 + from,
			.sack = {{behind, behind + s->peer_sack * i * small(s)}});
}

/* ---- the hole */

static void
PM_05_transfer_completes(struct script *s)
{
	out_of_the_hole(s);
	COUNTED(s, PATH_PROBES, 0);
	COUNTED(s, TIMED_OUT, 0);
}

/* It is one: the trial is lost, alone; its bytes go again in small, and the window stays. */
static void
PM_05_trial_is_lost(struct script *s)
{
	uint32_t from = out_of_the_hole(s), cwnd, ssthresh_kept, to;

	to = trial(s, from);
	COUNTED(s, PATH_PROBES, 1);
	cwnd = script_info(s).cwnd;
	trial_is_overtaken(s, from);
	OUT(s, ACK, .seq = 1 + from, .ack = 1, .len = small(s));
	/* With SACK no more than that, without it a segment of what follows. */
	OUT(s, ACK, .seq = 1 + from + small(s), .ack = 1,
		.len = s->peer_sack ? full(s) - small(s) : small(s));
	SILENT(s);
	if (!s->peer_sack)
		EQUAL(s, script_info(s).cwnd, cwnd);
	COUNTED(s, FAST_RETRANSMITS, 0);
	ACKED(s, to);
	EVENTS(s, "sendable");
	ssthresh_kept = script_info(s).cwnd;
	CHECK(s, ssthresh_kept >= cwnd);
	/* Ten minutes without another; what is sent meanwhile is small. */
	to = no_trial(s, to);
	AFTER(s, 599000);
	to = no_trial(s, to);
	COUNTED(s, PATH_PROBES, 1);
	AFTER(s, 1001);
	/* The path has become wide again. */
	from = to;
	to = trial(s, from);
	ACKED(s, from + full(s));
	COUNTED(s, PATH_RAISED, 1);
	ACKED(s, to);
	EVENTS(s, "sendable");
	SEND_PATTERN(s, 2 * full(s));
	stream(s, to, to + 2 * full(s), full(s), to + 2 * full(s));
}

/* It was the network: the trial arrives, and all is as before. */
static void
PM_05_plain_loss_is_not_for_good(struct script *s)
{
	uint32_t from = out_of_the_hole(s), to = trial(s, from);

	ACKED(s, from + full(s));
	COUNTED(s, PATH_RAISED, 1);
	ACKED(s, to);
	EVENTS(s, "sendable");
	SEND_PATTERN(s, 4 * full(s));
	stream(s, to, to + 4 * full(s), full(s), to + 4 * full(s));
	ACKED(s, to + 4 * full(s));
	EVENTS(s, "sendable");
	/* The next connection begins as this one did. */
	USE(s, 1);
	ESTABLISH(s);
	SEND_PATTERN(s, full(s));
	stream(s, 0, full(s), full(s), full(s));
}

/* Who has nothing more to send has no trial; others to the same host know for ten minutes. */
static void
PM_05_next_connection_knows(struct script *s)
{
	out_of_the_hole(s);
	USE(s, 1);
	s->active = false;
	ESTABLISH(s);
	SEND_PATTERN(s, full(s));
	stream(s, 0, full(s), small(s), full(s));
	ACKED(s, full(s));
	EVENTS(s, "sendable");
	no_trial(s, full(s));
	AFTER(s, 600001);
	trial(s, 2 * full(s) + 4 * small(s));
	USE(s, 2);
	ESTABLISH(s);
	SEND_PATTERN(s, full(s));
	stream(s, 0, full(s), full(s), full(s));
}

/* Nobody there: smaller and smaller, and after as many retries as ever the end. */
static void
CM_19_dead_peer_all_the_same(struct script *s)
{
	uint32_t wait = 200 << 3;

	into_the_hole(s);
	for (int n = 3; n < 15; n++) {
		OUT_AT(s, wait, ACK, .seq = 1, .ack = 1, .len = n < 5 ? small(s) : least(s));
		wait = wait * 2 < 120000 ? wait * 2 : 120000;
	}
	QUIET(s, wait - 1);
	EVENTS(s, "");
	QUIET(s, 3);
	EVENTS(s, "closed:ETIMEDOUT");
	COUNTED(s, BLACK_HOLES, script_v6 ? 1 : 2);
	COUNTED(s, RTO_FIRED, 15);
}

/* What is small is not lost for its size. */
static void
PM_05_small_segments_stay(struct script *s)
{
	START(s);
	ESTABLISH(s);
	SEND_PATTERN(s, small(s));
	stream(s, 0, small(s), full(s), small(s));
	for (int n = 0; n < 5; n++)
		timeout(s, n, small(s), true);
	COUNTED(s, BLACK_HOLES, 0);
	ACKED(s, small(s));
	EVENTS(s, "sendable");
	SEND_PATTERN(s, full(s));
	stream(s, small(s), small(s) + full(s), full(s), small(s) + full(s));
}

static void
PM_05_knob(struct script *s)
{
	s->conf.tcp.black_hole_timeouts = 1;
	START(s);
	ESTABLISH(s);
	SEND_PATTERN(s, 2 * full(s));
	stream(s, 0, 2 * full(s), full(s), 2 * full(s));
	if (s->peer_sack)
		OUT_AT(s, 10, PSH_ACK, .seq = 1 + full(s), .ack = 1, .len = full(s));
	timeout(s, 0, small(s), false);
}

static void
PM_05_off_by_knob(struct script *s)
{
	s->conf.tcp.black_hole_timeouts = 0;
	START(s);
	ESTABLISH(s);
	SEND_PATTERN(s, full(s));
	stream(s, 0, full(s), full(s), full(s));
	for (int n = 0; n < 6; n++)
		timeout(s, n, full(s), true);
}

/* ---- trials */

/* Nothing behind it arrives either: the timer tells, and it is no congestion either. */
static void
PM_05_trial_is_lost_with_what_follows(struct script *s)
{
	uint32_t from = out_of_the_hole(s), cwnd;

	trial(s, from);
	cwnd = script_info(s).cwnd;
	script_advance(s, s->now + 10000 * MS, true);
	if (s->peer_sack) {
		OUT(s, PSH_ACK, .seq = 1 + from + full(s) + 3 * small(s), .ack = 1,
			.len = small(s));
		script_advance(s, s->now + 10000 * MS, true);
	}
	OUT(s, ACK, .seq = 1 + from, .ack = 1, .len = small(s));
	while (s->head != s->tail)
		script_next_frame(s);
	EQUAL(s, script_info(s).cwnd, cwnd);
	COUNTED(s, PATH_PROBES, 1);
	COUNTED(s, PATH_RAISED, 0);
}

/* Something before it is lost: sent again with it, it shows nothing, and is tried again. */
static void
PM_05_trial_in_a_lossy_round(struct script *s)
{
	uint32_t from = out_of_the_hole(s), to;

	/* One small segment in front: what follows leaves when there is too little for a trial. */
	SEND_PATTERN(s, 10);
	OUT(s, PSH_ACK, .seq = 1 + from, .ack = 1, .len = 10);
	to = trial(s, from + 10);
	for (int i = 0; i < 3; i++)
		ACKED(s, from);
	/* What is sent again is as large as small ones are. */
	OUT(s, ACK, .seq = 1 + from, .ack = 1, .len = small(s));
	SILENT(s);
	COUNTED(s, FAST_RETRANSMITS, 1);
	ACKED(s, to);
	EVENTS(s, "sendable");
	COUNTED(s, PATH_RAISED, 0);
	AFTER(s, 9999);
	SEND_PATTERN(s, 6 * full(s));
	OUT(s, ACK, .seq = 1 + to, .ack = 1, .len = small(s));
	COUNTED(s, PATH_PROBES, 1);
	while (s->head != s->tail)
		script_next_frame(s);
	AFTER(s, 2);
	ACKED(s, to + small(s));
	EQUAL(s, script_next_frame(s)->len, 14 + (script_v6 ? 60 : 40) + options(s) + full(s));
	COUNTED(s, PATH_PROBES, 2);
	while (s->head != s->tail)
		script_next_frame(s);
}

/* The window is full of small segments: what an ACK makes free is kept together for a trial. */
static void
PM_05_room_is_made_for_it(struct script *s)
{
	uint32_t from, at;

	s->peer_ws = false;
	from = out_of_the_hole(s);
	IN(s, ACK, .seq = 1, .ack = 1 + from, .win = SET(full(s) + 2 * small(s) - 1));
	SEND_PATTERN(s, 2 * small(s));
	at = from + 2 * small(s);
	stream(s, from, at, small(s), at);
	SEND_PATTERN(s, full(s) + 3 * small(s));
	SILENT(s);
	IN(s, ACK, .seq = 1, .ack = 1 + from + small(s), .win = SET(full(s) + 2 * small(s) - 1));
	OUT(s, ACK, .seq = 1 + at, .ack = 1, .len = full(s));
	SILENT(s);
	IN(s, ACK, .seq = 1, .ack = 1 + at);
	stream(s, at + full(s), at + full(s) + 3 * small(s), small(s), at + full(s) + 3 * small(s));
}

/* Too little to send behind it, or a window too small for it: no trial. */
static void
PM_05_no_trial_without_followers(struct script *s)
{
	uint32_t from = out_of_the_hole(s), n = full(s) + 3 * small(s) - 1;

	SEND_PATTERN(s, n);
	stream(s, from, from + n, small(s), from + n);
	IN(s, ACK, .seq = 1, .ack = 1 + from + n, .win = SET(s->peer_ws ? 8 : 1024));
	EVENTS(s, "sendable");
	from += n;
	SEND_PATTERN(s, full(s) + 4 * small(s));
	COUNTED(s, PATH_PROBES, 0);
	script_pump(s);
	while (s->head != s->tail)
		CHECK(s, script_next_frame(s)->len < full(s));
	COUNTED(s, PATH_PROBES, 0);
	IN(s, RST, .seq = 1);
	EVENTS(s, "closed:ECONNRESET");
}

static const struct row_test tests[] = {
	ROW_TEST("PM-05", PM_05_transfer_completes),
	ROW_TEST("PM-05", PM_05_trial_is_lost),
	ROW_TEST("PM-05", PM_05_plain_loss_is_not_for_good),
	ROW_TEST("PM-05", PM_05_next_connection_knows),
	ROW_TEST("CM-19 PM-05", CM_19_dead_peer_all_the_same),
	ROW_TEST("PM-05", PM_05_small_segments_stay),
	ROW_TEST("PM-05", PM_05_knob),
	ROW_TEST("PM-05", PM_05_off_by_knob),
	ROW_TEST("PM-05", PM_05_trial_is_lost_with_what_follows),
	ROW_TEST("PM-05", PM_05_trial_in_a_lossy_round),
	ROW_TEST("PM-05", PM_05_room_is_made_for_it),
	ROW_TEST("PM-05", PM_05_no_trial_without_followers),
};

SCRIPT_MAIN(tests)
