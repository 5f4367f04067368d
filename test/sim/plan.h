/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plan: what a seed means. Everything a simulation is made of follows from the seed's
 * number: the wire, both stacks' knobs, the connections and how each is used.
 */
#ifndef TEST_SIM_PLAN_H
#define TEST_SIM_PLAN_H

#include "spate.h"
#include "wire.h"

#define SLOTS        20
#define INCARNATIONS 4
#define SECRETS      4
#define BYTES_MAX    200000

/* How a connection ends; `by` says who. */
enum ending {
	END_CLOSE, /* `by` closes when all is sent and received, the other answers */
	END_BOTH,  /* both do */
	END_HALF,  /* `by` shuts down when all is sent; the other keeps half of it back till then */
	END_HALVES, /* both shut down when all is sent */
	END_EARLY,  /* `by` closes although data may come, at some time: a reset, or in order */
	END_ABORT,  /* `by` aborts, at some time or after some bytes */
	ENDINGS
};

enum writer {
	WRITE_AT_ONCE,      /* all of it */
	WRITE_ON_SENT,      /* more when everything before is acknowledged */
	WRITE_NOW_AND_THEN, /* by timer */
	WRITERS
};

enum reader {
	READ_ALL,   /* as it comes */
	READ_SOME,  /* part at once, the rest by timer */
	READ_LATER, /* everything by timer */
	READ_LAST,  /* by timer too, once all it wrote is acknowledged; one side alone */
	READERS
};

/* One side of one connection. */
struct side_plan {
	uint32_t size; /* bytes to send */
	enum writer writer;
	enum reader reader;
	bool by_copy;        /* spate_send */
	uint32_t chunk;      /* at most, in one call */
	uint64_t pause_ns;   /* of the writer's timer */
	uint32_t read_bytes; /* of the reader's timer */
	uint64_t read_ns;
};

struct conn_plan {
	struct side_plan side[2];
	enum ending ending;
	int by;
	uint64_t leave_ns;    /* END_EARLY, END_ABORT: this long after the connect, */
	uint32_t leave_bytes; /* or when this much has come; UINT32_MAX: never by bytes */
	uint64_t gap_ns;      /* from the end of the last incarnation to this one's connect */
};

/* A 4-tuple and its connections, one after the other. */
struct slot_plan {
	bool both_connect; /* simultaneous open */
	uint64_t start_ns;
	int n;
	struct conn_plan conn[INCARNATIONS];
};

/* Where the clock starts: next to which wrap. */
enum start {
	START_ANYWHERE,
	START_ISS_WRAP,  /* an initial sequence number near 2^32 */
	START_ISS_SIGN,  /* or 2^31 */
	START_TS_WRAP,   /* the timestamp clock near 2^32 */
	START_US_WRAP,   /* microseconds near 2^32 */
	START_UNIT_WRAP, /* TIME_WAIT's units near 2^32 */
	STARTS
};

struct plan {
	uint64_t seed;
	struct wire_link link[2];
	struct spate_tcp_conf tcp[2];
	bool clean;    /* nothing is lost or damaged */
	bool fifo;     /* nothing is overtaken */
	bool v6;       /* over IPv6 */
	bool announce; /* both know the other's MAC before it begins */
	bool few_buffers;
	uint32_t backlog; /* of B's listener */
	bool quit;        /* both stacks are freed in the middle */
	uint32_t quit_events;
	uint16_t output_max; /* frames asked for in one call */
	/* The cards: cut up what is sent, 0: not; join what is received. */
	uint32_t large_max[2];
	uint16_t large_buffers[2];
	uint32_t lent[2]; /* bytes of the pattern that are not copied for it */
	bool joins[2];
	int secret;
	enum start start;
	int start_side; /* whose numbers `start` is about */
	int n_slots;
	struct slot_plan slot[SLOTS];
};

void plan_make(struct plan *p, uint64_t seed);

/* A few lines about it. */
void plan_print(const struct plan *p);

#endif
