/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * verify: what does a peer that is in TIME_WAIT make of a SYN for the same tuple?
 *
 * Each run opens a connection from a tuple not used before, lets the peer close first, so
 * that TIME_WAIT is the peer's and nothing is left here, and then sends one SYN of its own
 * making from that tuple (spate_probe_open): its sequence number above or below the old
 * incarnation's, its timestamp newer, equal, older or left out. What comes back is counted,
 * and verdict.c says which rule explains it.
 *
 * verify.c runs on the worker, as the workload of one client on the first slot of its port.
 */
#ifndef SPATE_APP_VERIFY_H
#define SPATE_APP_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "spate.h"

#define VERIFY_REPEAT_DEFAULT 3
#define VERIFY_REPEAT_MAX     100
#define VERIFY_WAIT_DEFAULT   3000

/* The SYN's TSval, seen from the peer's TS.Recent. */
enum verify_ts {
	VERIFY_TS_NONE,
	VERIFY_TS_NEWER,
	VERIFY_TS_EQUAL,
	VERIFY_TS_OLDER,
	VERIFY_TS_ONLY_NEW, /* the old incarnation had none */
};

/* A SYN that is tried. */
struct verify_syn {
	bool old_ts; /* the old incarnation had timestamps */
	enum verify_ts ts;
	bool above; /* ISS beyond the peer's RCV.NXT */
};

/* What a run does: 0 to VERIFY_SYNS - 1 send the SYN of that index in verify_syn[]. */
#define VERIFY_SYNS 12
enum verify_kind {
	VERIFY_FIN_TS = VERIFY_SYNS, /* the FIN again: is the peer in TIME_WAIT at all? */
	VERIFY_FIN,                  /* the same, the old incarnation without timestamps */
	VERIFY_RST,                  /* a SYN that is refused, RST, the SYN again */
	VERIFY_KINDS
};

enum verify_answer {
	VERIFY_ACCEPTED,  /* SYN+ACK of ISS + 1 */
	VERIFY_OLD_ACK,   /* ACK with the numbers of the old incarnation */
	VERIFY_OTHER,     /* a segment with numbers of neither */
	VERIFY_RESET,     /* RST */
	VERIFY_SILENCE,   /* nothing */
	VERIFY_UNREFUSED, /* VERIFY_RST: the SYN was not refused, so there was no RST */
	VERIFY_ANSWERS
};

/* Why a run did not come to its SYN. */
enum verify_failure {
	VERIFY_NO_ARP,
	VERIFY_NO_SYN_ACK,
	VERIFY_REFUSED,
	VERIFY_BROKEN,     /* reset, or ended by something else, before it was closed */
	VERIFY_NOT_CLOSED, /* the peer does not close first */
	VERIFY_NO_LAST_ACK,
	VERIFY_LOSSY, /* the FIN had to be sent again, every time */
	VERIFY_NO_TS, /* timestamps were agreed before, and not this time */
	VERIFY_NO_PORT,
	VERIFY_NO_PROBE, /* no room for it here */
	VERIFY_FAILURES
};

struct verify_result {
	bool used, complete;
	bool peer_ts;         /* the peer agrees to timestamps */
	uint32_t repeat;      /* of each run */
	uint64_t runs;        /* that have ended */
	uint64_t established; /* fresh tuples whose SYN was accepted */
	uint64_t answer[VERIFY_KINDS][VERIFY_ANSWERS];
	uint64_t failed[VERIFY_FAILURES];
};

extern const struct verify_syn verify_syn[VERIFY_SYNS];

/* ---- verify.c: on the worker */

struct work;
struct work_client;
struct verify;

/* Begin, or begin again after a check that is over. 0 or -ENOMEM. */
int verify_start(struct work *w, struct work_client *c);
bool verify_poll(struct work *w, struct work_client *c, uint8_t index);
void verify_established(struct work *w, spate_conn id);
void verify_peer_fin(struct work *w, spate_conn id);
void verify_closed(struct work *w, spate_conn id, int reason);
void verify_segment(struct work *w, spate_conn id, const struct spate_segment *seg);
const struct verify_result *verify_result(const struct verify *v);

/* ---- verify_say.c: on the main lcore */

struct app;
struct json_t;

/*
 * What client `i` has found out, for people: a line for each kind of run, and the verdict.
 * False when it could not be made; *why, unless NULL, is then the reason.
 */
bool verify_say(struct app *a, int i, const char **why);

/*
 * The same for all clients that verify and were started. False, and said on standard error,
 * when one of the verdicts could not be made.
 */
bool verify_say_all(struct app *a);

/* The same for the report: an array with an object for each. */
struct json_t *verify_json(struct app *a);

#endif
