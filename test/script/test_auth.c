/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP-AO (OP-08, RFC 5925): what a protected connection sends, and what it does not believe.
 * Keys: how they are told apart, and how one takes over from another, is test_auth_keys.c.
 */
#include "ao.h"

static const struct ao_key sha = {SPATE_AUTH_HMAC_SHA_1_96, "any length does here", 1, 2, false};
static const struct ao_key sha_bare = {SPATE_AUTH_HMAC_SHA_1_96, "k", 255, 0, true};
static const struct ao_key aes = {SPATE_AUTH_AES_128_CMAC_96, "sixteen bytes ok", 7, 7, false};
static const struct ao_key aes_long = {
	SPATE_AUTH_AES_128_CMAC_96, "not sixteen bytes, but a few more", 3, 4, true};

/* A test runs with either algorithm, its options covered or not. */
#define BOTH(fn)                                                                                   \
	static void fn##_sha(struct script *s)                                                     \
	{                                                                                          \
		fn(s, &sha);                                                                       \
	}                                                                                          \
	static void fn##_aes(struct script *s)                                                     \
	{                                                                                          \
		fn(s, &aes_long);                                                                  \
	}

#define AO_START(s, key) (AT(s), ao_start(s, key))

/* Handshake, data both ways, close, TIME_WAIT: each segment has its MAC, or OUT fails. */
static void
whole_life(struct script *s, const struct ao_key *key)
{
	AO_START(s, key);
	ESTABLISH(s);
	EQUAL(s, spate_auth_in_use(s->stack), 1);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "a request");
	OUT(s, ACK, .seq = 1, .ack = 10);
	SEND(s, "and its response");
	OUT(s, PSH_ACK, .seq = 1, .ack = 10, .data = "and its response");
	IN(s, ACK, .seq = 10, .ack = 17);
	CLOSE(s);
	OUT(s, FIN_ACK, .seq = 17, .ack = 10);
	IN(s, FIN_ACK, .seq = 10, .ack = 18);
	OUT(s, ACK, .seq = 18, .ack = 11);
	EVENTS(s, "data:9 sendable closed");
	RECEIVED(s, "a request");
	/* TIME_WAIT keeps the keys (TW-02): its ACK has a MAC too. */
	EQUAL(s, spate_auth_in_use(s->stack), 1);
	IN(s, FIN_ACK, .seq = 10, .ack = 18);
	OUT(s, ACK, .seq = 18, .ack = 11);
	COUNTED(s, TW_FIN_AGAIN, 1);
	/* And believes nothing without. */
	ao.in = NULL;
	IN(s, FIN_ACK, .seq = 10, .ack = 18);
	ao.in = key;
	ao.spoil = 1;
	IN(s, FIN_ACK, .seq = 10, .ack = 18);
	SILENT(s);
	COUNTED(s, TW_FIN_AGAIN, 1);
	COUNTED(s, AUTH_MISSING, 1);
	COUNTED(s, AUTH_BAD, 1);
	AFTER(s, 2 * s->conf.tcp.msl_ms + 1);
	COUNTED(s, TW_EXPIRED, 1);
	EQUAL(s, spate_auth_in_use(s->stack), 0);
}

BOTH(whole_life)

static void
OP_08_any_key(struct script *s)
{
	whole_life(s, s->active ? &sha_bare : &aes);
}

/* A SYN without the option, or with a wrong MAC, is nobody's: no answer, no record. */
static void
listener_is_silent(struct script *s, const struct ao_key *key)
{
	AO_START(s, key);
	LISTEN(s);
	ao.in = NULL;
	IN(s, SYN);
	SILENT(s);
	COUNTED(s, AUTH_MISSING, 1);
	ao.in = key;
	ao.spoil = 0x80;
	IN(s, SYN);
	SILENT(s);
	COUNTED(s, AUTH_BAD, 1);
	ao.spoil = 0;
	ao.sne_wrong = 1;
	IN(s, SYN);
	SILENT(s);
	COUNTED(s, AUTH_BAD, 2);
	ao.sne_wrong = 0;
	EQUAL(s, script_in_state(s, SPATE_SYN_RCVD), 0);
	COUNTED(s, SYN_RECEIVED, 0);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	COUNTED(s, AUTH_VERIFIED, 1);
	/* The ACK that completes it is held to the same. */
	ao.spoil = 1;
	IN(s, ACK, .seq = 1, .ack = 1);
	ao.in = NULL;
	IN(s, ACK, .seq = 1, .ack = 1);
	IN(s, RST, .seq = 1);
	SILENT(s);
	EVENTS(s, "");
	ao.in = key;
	ao.spoil = 0;
	OUT_AT(s, 1000, SYN_ACK, .ack = 1);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1, .tsecr = SET(0));
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
	COUNTED(s, AUTH_MISSING, 3);
	COUNTED(s, AUTH_BAD, 3);
}

BOTH(listener_is_silent)

/* In SYN_SENT: a SYN+ACK with its MAC, and nothing else, not even a RST. */
static void
open_believes_no_one_else(struct script *s, const struct ao_key *key)
{
	uint32_t isn;

	AO_START(s, key);
	CONNECT(s);
	OUT(s, SYN);
	ao.in = NULL;
	IN(s, SYN_ACK, .ack = 1);
	IN(s, RST_ACK, .ack = 1);
	COUNTED(s, AUTH_MISSING, 2);
	ao.in = key;
	IN(s, RST_ACK, .ack = 1);
	ao.spoil = 1;
	IN(s, SYN_ACK, .ack = 1);
	COUNTED(s, AUTH_BAD, 2);
	ao.spoil = 0;
	/* An ISN of zero is a number like any other, and no way to say "unknown". */
	isn = s->t->isn;
	s->t->isn = 0;
	IN(s, RST_ACK, .ack = 1);
	s->t->isn = isn;
	COUNTED(s, AUTH_BAD, 3);
	/* Who has the key acknowledges our SYN; there is no RST that would be believed. */
	IN(s, SYN_ACK, .ack = 9);
	COUNTED(s, UNACCEPTABLE_ACK, 1);
	COUNTED(s, RST_SENT, 0);
	SILENT(s);
	STATE(s, SYN_SENT);
	OUT_AT(s, 1000, SYN);
	IN(s, SYN_ACK, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "established");
	/* Our ACK was lost: it comes again, and is verified as the first was. */
	IN(s, SYN_ACK, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1);
	COUNTED(s, AUTH_BAD, 3);
}

BOTH(open_believes_no_one_else)

static void
OP_08_simultaneous_open(struct script *s)
{
	AO_START(s, &sha);
	CONNECT(s);
	OUT(s, SYN);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, SYN_ACK, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "established");
	STATE(s, ESTABLISHED);
}

/* Data, FIN, RST and ACKs from somebody without the key change nothing and get no answer. */
static void
nothing_without_mac(struct script *s, const struct ao_key *key)
{
	uint64_t verified;

	AO_START(s, key);
	ESTABLISH(s);
	verified = script_count_of(s, SPATE_AUTH_VERIFIED);
	for (int i = 0; i < 2; i++) {
		ao.in = i ? key : NULL;
		ao.spoil = 4;
		IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x");
		IN(s, FIN_ACK, .seq = 1, .ack = 1);
		IN(s, RST, .seq = 1);
		IN(s, RST_ACK, .seq = 1, .ack = 1);
		IN(s, RST, .seq = 2); /* a challenge ACK's due, if it were believed */
		IN(s, SYN, .seq = 5);
		IN(s, ACK, .seq = 1, .ack = 77);
		IN(s, ACK, .seq = -9u, .ack = 1);
		SILENT(s);
		EVENTS(s, "");
	}
	STATE(s, ESTABLISHED);
	COUNTED(s, AUTH_MISSING, 8);
	COUNTED(s, AUTH_BAD, 8);
	COUNTED(s, AUTH_VERIFIED, verified);
	COUNTED(s, CHALLENGE_ACKS, 0);
	ao.spoil = 0;
	IN(s, RST, .seq = 1);
	EVENTS(s, "closed:ECONNRESET");
	EQUAL(s, spate_auth_in_use(s->stack), 0);
}

BOTH(nothing_without_mac)

static void
OP_08_abort(struct script *s)
{
	AO_START(s, &aes);
	ESTABLISH(s);
	SEND(s, "lost");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "lost");
	ABORT(s);
	OUT(s, RST_ACK, .seq = 5, .ack = 1);
	EVENTS(s, "closed:ECONNABORTED");
}

/* RFC 5925 2.2: two options in a segment, one of another length, TCP MD5 beside it. */
static void
OP_08_malformed(struct script *s)
{
	static const uint8_t md5[20] = {1, 1, 19, 18}, shorter[16] = {29, 12, 2, 1},
			     cut[4] = {1, 1, 29, 16};
	uint8_t longer[20] = {29, 20, 2, 1};

	AO_START(s, &sha);
	ESTABLISH(s);
	ao.copies = 2;
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x", .tsval = ABSENT);
	COUNTED(s, AUTH_BAD, 1);
	ao.copies = 0;
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x", .raw = md5, .raw_len = sizeof(md5));
	COUNTED(s, AUTH_BAD, 2);
	ao.in = NULL;
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x", .raw = shorter, .raw_len = sizeof(shorter));
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x", .raw = longer, .raw_len = sizeof(longer));
	COUNTED(s, AUTH_BAD, 4);
	/* Options that end in nonsense: what is behind was never there. */
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x", .raw = cut, .raw_len = sizeof(cut));
	COUNTED(s, AUTH_MISSING, 1);
	SILENT(s);
	EVENTS(s, "");
}

/* RFC 5925 5.1: options that are not covered may be changed on the way, covered ones not. */
static void
OP_08_option_coverage(struct script *s)
{
	for (int i = 0; i < 2; i++) {
		const struct ao_key *key = i ? &sha_bare : &sha;
		uint8_t b[FRAME_BYTES], *tcp = b + 14 + (script_v6 ? 40 : 20);
		uint32_t len;

		if (i == 0)
			AO_START(s, &sha);
		else {
			struct spate_auth_key out = ao_stack_key(&sha);

			EQUAL(s, spate_auth_key_remove(s->stack, &out), 0);
			ao_add(s, &sha_bare);
			ao_both(&sha_bare);
			NEXT_INCARNATION(s, 100000);
		}
		LISTEN(s);
		len = script_build(s, &(struct seg){.flags = SYN}, b);
		/* A middlebox lowers the MSS, and makes the checksum right. */
		script_put16(tcp + 22, 1200);
		script_put16(tcp + 16, 0);
		script_put16(tcp + 16, ~ao_tcp_sum(b + 14, b + len - tcp));
		script_inject(s, b, len);
		if (key->exclude_options) {
			OUT(s, SYN_ACK, .ack = 1);
			COUNTED(s, AUTH_VERIFIED, 1);
		} else {
			SILENT(s);
			COUNTED(s, AUTH_BAD, 1);
		}
	}
}

/* The option takes its place in every segment (PM-01). */
static void
OP_08_segment_room(struct script *s)
{
	uint32_t room = 1460 - 16 - (s->peer_ts ? 12 : 0);

	AO_START(s, &sha);
	ESTABLISH(s);
	SEND_PATTERN(s, room + 100);
	OUT(s, ACK, .seq = 1, .ack = 1, .len = room);
	/* The second waits for nothing: it is the last of what there is. */
	OUT(s, PSH_ACK, .seq = 1 + room, .ack = 1, .len = 100);
	if (s->peer_sack) /* RFC 8985 7.3: as much as fits of the end */
		OUT_AT(s, 10, PSH_ACK, .seq = 101, .ack = 1, .len = room);
	OUT_AT(s, 200, ACK, .seq = 1, .ack = 1, .len = room);
	IN(s, ACK, .seq = 1, .ack = 101 + room);
	EVENTS(s, "sendable");
}

/*
 * SACK's blocks take what is left (RFC 9293 3.1 has 40 bytes for all): of three stretches
 * beyond gaps the two newest, or with timestamps one, are told.
 */
static void
OP_08_sack_beside_it(struct script *s)
{
	s->peer_sack = true;
	AO_START(s, &sha);
	ESTABLISH(s);
	IN(s, PSH_ACK, .seq = 11, .ack = 1, .len = 5);
	OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{11, 16}});
	for (uint32_t at = 21; at <= 31; at += 10) {
		IN(s, PSH_ACK, .seq = at, .ack = 1, .len = 5);
		if (s->peer_ts)
			OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{at, at + 5}});
		else
			OUT(s, ACK, .seq = 1, .ack = 1, .sack = {{at, at + 5}, {at - 10, at - 5}});
	}
	/* And of a full segment's (PM-01). */
	SEND_PATTERN(s, 2000);
	OUT(s, ACK, .seq = 1, .ack = 1, .len = 1460 - 16 - (s->peer_ts ? 12 + 12 : 20),
		.sack = {{31, 36}, {s->peer_ts ? 0 : 21, s->peer_ts ? 0 : 26}});
	FORGET(s);
}

/* 6.2: segments on both sides of the wrap, and what was made with another extension. */
static void
sequence_wrap(struct script *s, const struct ao_key *key)
{
	AO_START(s, key);
	ESTABLISH(s);
	/* The second is beyond the wrap when the first, before it, is sent again. */
	SEND_PATTERN(s, 20);
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .len = 20);
	SEND_PATTERN(s, 4);
	OUT(s, PSH_ACK, .seq = 21, .ack = 1, .len = 4);
	OUT_AT(s, 200, PSH_ACK, .seq = 1, .ack = 1, .len = 24);
	IN(s, ACK, .seq = 1, .ack = 25);
	EVENTS(s, "sendable");
	for (uint32_t at = 0; at < 40; at += 4) {
		ao.sne_wrong = 1;
		IN(s, PSH_ACK, .seq = 1 + at, .ack = 25, .len = 4);
		ao.sne_wrong = -1;
		IN(s, PSH_ACK, .seq = 1 + at, .ack = 25, .len = 4);
		ao.sne_wrong = 0;
		SILENT(s);
		IN(s, PSH_ACK, .seq = 1 + at, .ack = 25, .len = 4);
		OUT(s, ACK, .seq = 25, .ack = 5 + at);
		/* The first again, from the other side of the wrap at times: verified, and answered.
		 */
		IN(s, PSH_ACK, .seq = 1, .ack = 25, .len = 4);
		OUT(s, ACK, .seq = 25, .ack = 5 + at, .sack = {{1, 5}});
		EVENTS(s, "data:4");
	}
	RECEIVED_PATTERN(s, 0, 40);
	COUNTED(s, AUTH_BAD, 20);
	COUNTED(s, AUTH_MISSING, 0);
}

BOTH(sequence_wrap)

/* A SYN over TIME_WAIT (TW-05) is held to its MAC, and so is the old incarnation. */
static void
OP_08_time_wait_reuse(struct script *s)
{
	AO_START(s, &sha);
	TO_TIME_WAIT(s);
	LISTEN(s);
	s->t->isn += 100000;
	ao.in = NULL;
	IN(s, SYN);
	SILENT(s);
	COUNTED(s, AUTH_MISSING, 1);
	ao.in = &sha;
	s->t->iss_known = false;
	AFTER(s, 1000);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	EQUAL(s, spate_auth_in_use(s->stack), 2);
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
	COUNTED(s, TW_REUSED, 1);
	EQUAL(s, spate_auth_in_use(s->stack), 1);
}

/* The new incarnation needs a place of its own while the old one has its. */
static void
OP_08_time_wait_reuse_without_room(struct script *s)
{
	s->conf.max_auth = 1;
	AO_START(s, &sha);
	TO_TIME_WAIT(s);
	LISTEN(s);
	AFTER(s, 1000);
	s->t->isn += 100000;
	IN(s, SYN);
	SILENT(s);
	COUNTED(s, AUTH_NO_ROOM, 1);
	EQUAL(s, script_in_state(s, SPATE_TIME_WAIT), 1);
}

/* RS-04 in SYN_RCVD: the RST has a MAC, and the peer can believe it. */
static void
OP_08_reset_in_syn_rcvd(struct script *s)
{
	AO_START(s, &sha);
	LISTEN(s);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 9);
	OUT(s, RST, .seq = 9);
	EQUAL(s, script_in_state(s, SPATE_SYN_RCVD), 1);
}

/* It was an old SYN after all: the RST brings TIME_WAIT back, keys and all. */
static void
OP_08_time_wait_comes_back(struct script *s)
{
	uint32_t iss;

	AO_START(s, &sha);
	TO_TIME_WAIT(s);
	LISTEN(s);
	AFTER(s, 1000);
	iss = s->t->iss;
	s->t->isn += 100000;
	s->t->iss_known = false;
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, RST, .seq = 1);
	s->t->isn -= 100000;
	s->t->iss = iss;
	IN(s, FIN_ACK, .seq = 1, .ack = 2);
	OUT(s, ACK, .seq = 2, .ack = 2, .tsecr = SET(0));
	EQUAL(s, spate_auth_in_use(s->stack), 1);
}

/* Segments of connections we know nothing of cannot be verified, and our RST would not be. */
static void
OP_08_no_connection(struct script *s)
{
	AO_START(s, &sha);
	IN(s, ACK, .seq = 1, .ack = 1);
	COUNTED(s, NO_CONNECTION, 1);
	LISTEN(s);
	IN(s, ACK, .seq = 1, .ack = 1);
	COUNTED(s, NO_CONNECTION, 2);
	ao.in = NULL;
	IN(s, ACK, .seq = 1, .ack = 1);
	IN(s, RST, .seq = 1);
	COUNTED(s, AUTH_MISSING, 2);
	SILENT(s);
	COUNTED(s, RST_SENT, 0);
	/* Another peer is answered as ever. */
	ao.out = NULL;
	s->t->raddr = PEER_IP + 1;
	IN(s, ACK, .seq = 1, .ack = 1);
	COUNTED(s, RST_SENT, 1);
	FORGET(s);
}

/* RFC 5925 7.3: without a key for it the option is ignored, or, by knob, not. */
static void
OP_08_unmatched(struct script *s)
{
	static const struct ao_key foreign = {SPATE_AUTH_HMAC_SHA_1_96, "not known", 9, 9, false};

	memset(&ao, 0, sizeof(ao));
	s->conf.tcp.auth_drop_unmatched = s->active;
	AO_START(s, &sha);
	USE(s, 1);
	s->t->raddr = PEER_IP + 1;
	ao.in = ao.in_wants = &foreign;
	ao.out = NULL;
	LISTEN(s);
	IN(s, SYN);
	if (s->conf.tcp.auth_drop_unmatched) {
		SILENT(s);
		COUNTED(s, AUTH_UNEXPECTED, 1);
		COUNTED(s, AUTH_IGNORED, 0);
		return;
	}
	script_pump(s);
	EQUAL(s, script_in_state(s, SPATE_SYN_RCVD), 1);
	COUNTED(s, AUTH_UNEXPECTED, 0);
	COUNTED(s, AUTH_IGNORED, 1);
	s->head = s->tail;
}

/* The same in a stack without any key. */
static void
OP_08_unmatched_and_no_key(struct script *s)
{
	struct spate_auth_key key = ao_stack_key(&sha);

	s->conf.tcp.auth_drop_unmatched = s->active;
	AO_START(s, &sha);
	EQUAL(s, spate_auth_key_remove(s->stack, &key), 0);
	ao.out = NULL;
	LISTEN(s);
	IN(s, SYN);
	if (s->active) {
		SILENT(s);
		COUNTED(s, AUTH_UNEXPECTED, 1);
		return;
	}
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
	COUNTED(s, AUTH_IGNORED, 1);
	EQUAL(s, spate_auth_in_use(s->stack), 0);
}

/* No room to remember the keys of one more: refused, not opened unprotected. */
static void
OP_08_no_room(struct script *s)
{
	s->conf.max_auth = 1;
	AO_START(s, &sha);
	ESTABLISH(s);
	LISTEN(s);
	USE(s, 1);
	IN(s, SYN);
	SILENT(s);
	COUNTED(s, AUTH_NO_ROOM, 1);
	EQUAL(s, script_connect(s), -ENOBUFS);
	COUNTED(s, AUTH_NO_ROOM, 2);
	/* Who is not to be protected is not concerned. */
	s->t->raddr = PEER_IP + 1;
	script_must(s, script_connect(s), "connect");
	ABORT(s);
	EVENTS(s, "closed:ECONNABORTED");
	FORGET(s);
	USE(s, 0);
	s->conn = s->conns[0];
	ABORT(s);
	OUT(s, RST_ACK, .seq = 1, .ack = 1);
	EVENTS(s, "closed:ECONNABORTED");
	USE(s, 2);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
}

/* A cookie could not keep what the SYN's keys are: a full backlog is silence (DT-10). */
static void
OP_08_no_cookies(struct script *s)
{
	AO_START(s, &sha);
	script_listen(s, 1);
	USE(s, 9);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	USE(s, 0);
	IN(s, SYN);
	SILENT(s);
	COUNTED(s, COOKIES_SENT, 0);
	COUNTED(s, SYN_BACKLOG_FULL, 1);
}

static const struct row_test tests[] = {
	ROW_TEST("OP-08 TW-02", whole_life_sha),
	ROW_TEST("OP-08 TW-02", whole_life_aes),
	ROW_TEST("OP-08", OP_08_any_key),
	ROW_TEST("OP-08", listener_is_silent_sha),
	ROW_TEST("OP-08", listener_is_silent_aes),
	ROW_TEST("OP-08", open_believes_no_one_else_sha),
	ROW_TEST("OP-08", open_believes_no_one_else_aes),
	ROW_TEST("OP-08 CM-05", OP_08_simultaneous_open),
	ROW_TEST("OP-08", nothing_without_mac_sha),
	ROW_TEST("OP-08", nothing_without_mac_aes),
	ROW_TEST("OP-08 RS-07", OP_08_abort),
	ROW_TEST("OP-08", OP_08_malformed),
	ROW_TEST("OP-08", OP_08_option_coverage),
	ROW_TEST("OP-08 PM-01", OP_08_segment_room),
	ROW_TEST("OP-08 OP-04", OP_08_sack_beside_it),
	ROW_TEST("OP-08", sequence_wrap_sha),
	ROW_TEST("OP-08", sequence_wrap_aes),
	ROW_TEST("OP-08 TW-05", OP_08_time_wait_reuse),
	ROW_TEST("OP-08", OP_08_time_wait_reuse_without_room),
	ROW_TEST("OP-08 RS-04", OP_08_reset_in_syn_rcvd),
	ROW_TEST("OP-08", OP_08_time_wait_comes_back),
	ROW_TEST("OP-08", OP_08_no_connection),
	ROW_TEST("OP-08", OP_08_unmatched),
	ROW_TEST("OP-08", OP_08_unmatched_and_no_key),
	ROW_TEST("OP-08", OP_08_no_room),
	ROW_TEST("OP-08 DT-10", OP_08_no_cookies),
};

SCRIPT_MAIN(tests)
