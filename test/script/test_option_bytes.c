/* SPDX-License-Identifier: BSD-3-Clause */
/* Option bytes as they come: in order, out of order, and wrong (OP-01, OP-09). */
#include "stream.h"

/* A peer that sends just these option bytes on its SYN; our SYN+ACK is taken as `answer`. */
static void
syn_with(struct script *s, const void *raw, uint8_t len, const struct seg *answer)
{
	s->peer_ts = s->peer_ws = s->peer_sack = false;
	START(s);
	LISTEN(s);
	IN(s, SYN, .raw = raw, .raw_len = len);
	script_out(s, NULL, answer);
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
}

#define SYN_WITH(s, bytes, ...)                                                                    \
	(AT(s), syn_with(s, bytes, sizeof(bytes) - 1,                                              \
			&(struct seg){.flags = SYN_ACK, .ack = 1, ##__VA_ARGS__}))

static void
OP_01_eol_ends_parsing(struct script *s)
{
	/* MSS 100, EOL, and a window scale that does not count. */
	SYN_WITH(s, "\2\4\0\144\0\3\3\7", .wscale = ABSENT);
	sends_segments_of(s, 100);
	COUNTED(s, OPTIONS_MALFORMED, 0);
}

static void
OP_01_nops_anywhere(struct script *s)
{
	SYN_WITH(s, "\1\1\1\2\4\0\144\1\1\1\1\0");
	sends_segments_of(s, 100);
	COUNTED(s, OPTIONS_MALFORMED, 0);
}

static void
OP_01_unknown_is_skipped_by_length(struct script *s)
{
	/* Kinds 254, 30 and 5 (SACK, out of place); what lies in them is not looked at. */
	SYN_WITH(s, "\376\6\2\4\0\60\36\2\5\2\2\4\0\144\1\1");
	sends_segments_of(s, 100);
	COUNTED(s, OPTIONS_MALFORMED, 0);
}

static void
OP_01_length_0(struct script *s)
{
	SYN_WITH(s, "\2\4\0\144\376\0\3\3", .wscale = ABSENT);
	sends_segments_of(s, 100);
	COUNTED(s, OPTIONS_MALFORMED, 1);
}

static void
OP_01_length_1(struct script *s)
{
	SYN_WITH(s, "\2\4\0\144\376\1\3\3", .wscale = ABSENT);
	sends_segments_of(s, 100);
	COUNTED(s, OPTIONS_MALFORMED, 1);
}

static void
OP_01_length_past_the_header(struct script *s)
{
	SYN_WITH(s, "\2\4\0\144\1\1\3\4", .wscale = ABSENT);
	sends_segments_of(s, 100);
	COUNTED(s, OPTIONS_MALFORMED, 1);
}

static void
OP_01_kind_without_length(struct script *s)
{
	SYN_WITH(s, "\2\4\0\144\1\1\1\3", .wscale = ABSENT);
	sends_segments_of(s, 100);
	COUNTED(s, OPTIONS_MALFORMED, 1);
}

static void
OP_01_wrong_length_for_its_kind(struct script *s)
{
	SYN_WITH(s, "\2\3\100\3\3\7\0\0", .wscale = ABSENT);
	sends_segments_of(s, MSS_UNSAID);
	COUNTED(s, OPTIONS_MALFORMED, 1);
}

/* Whatever they say, a SYN is a SYN, and no byte behind them is looked at (ASan). */
static void
OP_01_forty_bytes_of_anything(struct script *s)
{
	uint8_t raw[40];

	START(s);
	LISTEN(s);
	for (uint32_t i = 0; i < 500; i++) {
		uint32_t x = (i + 1) * 0x9e3779b1u;

		for (size_t j = 0; j < sizeof(raw); j++) {
			x ^= x << 13;
			x ^= x >> 17;
			x ^= x << 5;
			raw[j] = x >> 8 & (i & 1 ? 0xff : 0x0f);
		}
		IN(s, SYN, .raw = raw, .raw_len = sizeof(raw));
		script_next_frame(s);
		IN(s, RST, .seq = 1);
	}
	COUNTED(s, SYN_RECEIVED, 500);
	COUNTED(s, EMBRYO_RESET, 500);
	CHECK(s, script_count_of(s, SPATE_OPTIONS_MALFORMED) > 100);
}

/* A segment that needs timestamps and has them in no usual place. */
static void
OP_01_timestamps_in_any_layout(struct script *s)
{
	uint8_t raw[16] = {254, 4, 0, 0, 8, 10};

	s->peer_ts = true;
	START(s);
	ESTABLISH(s);
	script_put32(raw + 6, s->t->ts_base + 5);
	script_put32(raw + 10, s->t->ts_out);
	raw[14] = raw[15] = 1;
	s->t->ts_in = s->t->ts_base + 5;
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x", .raw = raw, .raw_len = 16);
	OUT(s, ACK, .seq = 1, .ack = 2);
	EVENTS(s, "data:1");
	RECEIVED(s, "x");
}

/* A SYN that offers ECN is a SYN; what is not on is not accepted. */
static void
OP_09_ecn_setup_syn(struct script *s)
{
	START(s);
	LISTEN(s);
	IN(s, SYN | 0xc0);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
}

static const struct row_test tests[] = {
	ROW_TEST("OP-01", OP_01_eol_ends_parsing),
	ROW_TEST("OP-01", OP_01_nops_anywhere),
	ROW_TEST("OP-01", OP_01_unknown_is_skipped_by_length),
	ROW_TEST("OP-01", OP_01_length_0),
	ROW_TEST("OP-01", OP_01_length_1),
	ROW_TEST("OP-01", OP_01_length_past_the_header),
	ROW_TEST("OP-01", OP_01_kind_without_length),
	ROW_TEST("OP-01", OP_01_wrong_length_for_its_kind),
	ROW_TEST("OP-01", OP_01_forty_bytes_of_anything),
	ROW_TEST("OP-01 OP-05", OP_01_timestamps_in_any_layout),
	ROW_TEST("OP-09", OP_09_ecn_setup_syn),
};

SCRIPT_MAIN(tests)
