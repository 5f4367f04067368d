/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * manual: connections opened, fed and closed by hand (`tcp ...`), beside the workloads.
 *
 * Two halves. On a slot's worker (manual_slot.c) a manual connection is a work_conn of
 * ROLE_MANUAL with a serial number. What happens to it becomes an event in a bounded ring,
 * and what is to be done with it comes by engine_call(). On the main lcore (manual.c) it
 * has the number that people use, and there alone events are told.
 *
 * At the prompt they are told as they happen. While a file of commands runs they are told
 * when something waits for them (`tcp wait`), those of the connection that is waited for
 * and no others: so the same file gives the same words every time, whichever of two workers
 * was faster. What nobody has waited for is told at the file's end.
 */
#ifndef SPATE_APP_MANUAL_H
#define SPATE_APP_MANUAL_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/engine.h"
#include "spate.h"

#define MANUAL_CONNS_MAX     1024
#define MANUAL_LISTENERS_MAX 64
#define MANUAL_TEXT          64      /* bytes of received data an event shows */
#define MANUAL_SEND_MAX      1048576 /* `tcp send N bytes COUNT` */

struct app;
struct work;

/*
 * Options of a connection that are the stack's: word, value for people (NULL: none follows
 * and it is `min`), least, most, spate_setopt's name, help. A new one is a line here. The
 * second list is of those that are too late once the SYN has been answered.
 */
#define MANUAL_ANY_OPTIONS(X)                                                                      \
	X(KEEPALIVE, "keepalive", NULL, 1, 1, SPATE_OPT_KEEPALIVE,                                 \
		"probe the peer when it is silent (RFC 9293 3.8.4)")
#define MANUAL_CONNECT_OPTIONS(X)                                                                  \
	X(NO_TIMESTAMPS, "no-timestamps", NULL, 0, 0, SPATE_OPT_TIMESTAMPS,                        \
		"do not offer timestamps (RFC 7323)")
#define MANUAL_OPTIONS(X) MANUAL_ANY_OPTIONS(X) MANUAL_CONNECT_OPTIONS(X)

enum manual_option {
#define X(id, word, value, min, max, option, help) MANUAL_##id,
	MANUAL_OPTIONS(X)
#undef X
		MANUAL_N_OPTIONS
};

/* work_conn.flags, and struct manual_options.flags */
#define MANUAL_HOLD           0x01 /* received data is shown, and not read until `tcp read` */
#define MANUAL_ABORT_ON_CLOSE 0x02 /* SO_LINGER 0: close sends RST */

struct manual_options {
	uint8_t flags;
	uint32_t given; /* a bit each */
	uint64_t value[MANUAL_N_OPTIONS];
};

enum manual_kind {
	MANUAL_ESTABLISHED,
	MANUAL_ACCEPTED,
	MANUAL_DATA,
	MANUAL_FIN,
	MANUAL_CLOSED,
};

struct manual_event {
	uint64_t at_ns;
	uint32_t kind; /* enum manual_kind */
	uint32_t serial;
	spate_conn conn;
	int32_t reason; /* CLOSED: on_closed's */
	uint32_t len;   /* DATA */
	uint16_t slot;  /* index in the engine; filled in by the main lcore */
	uint8_t flags;  /* ACCEPTED, DATA: the connection's */
	uint8_t text[MANUAL_TEXT];
	/* ESTABLISHED and ACCEPTED: what it began with. */
	uint32_t iss, irs, ts_offset, ts_recent;
	bool timestamps;
	struct spate_tuple tuple;
} __attribute__((aligned(8)));

/* ---- manual_slot.c, on the worker */

struct manual_slot {
	struct rte_ring *events; /* of struct manual_event; the worker's to fill */
	uint32_t serials;        /* given so far */
	uint32_t open;
	uint64_t lost;        /* events there was no room for */
	uint64_t turned_away; /* connections accepted and reset: too many */
	struct manual_options accepted[MANUAL_LISTENERS_MAX];
};

/* The cookie of listener `i`: no server has such a one. */
#define MANUAL_COOKIE 0x80000000u

void manual_accept(struct work *w, spate_conn id, uint32_t cookie);
void manual_established(struct work *w, spate_conn id);
uint32_t manual_data(struct work *w, spate_conn id, const uint8_t *data, uint32_t len);
void manual_peer_fin(struct work *w, spate_conn id);
void manual_closed(struct work *w, spate_conn id, int reason);

/* What the main lcore wants done, and the answer. Each is called by engine_call(). */
struct manual_order {
	spate_conn conn; /* which connection, */
	uint32_t serial; /* unless it is over */
	struct spate_tuple tuple;
	int rc;
	bool ended; /* the connection ended within the call */
	union {
		struct {
			struct manual_slot *slot;
		} attach;
		struct {
			const struct manual_options *options;
			int option_rc; /* of the first that was refused */
			bool fixed_port;
		} connect;
		struct {
			const struct manual_options *options;
			uint32_t index;
			unsigned int flags;
			int listener;
		} listen;
		struct {
			const void *data; /* by reference: it stays; NULL: `copy` */
			const void *copy;
			uint32_t len;
		} send;
		struct {
			struct spate_segment segment;
			const void *data;
			uint32_t ts_offset, ts_age_ms;
		} inject;
		struct {
			struct spate_conn_info info;
			uint64_t now_ns;
			uint32_t held;
		} show;
		uint32_t read; /* bytes */
	};
};

/* rc of those about a connection: -ENOTCONN when it is over. */
void manual_order_attach(struct engine_slot *slot, void *order);
void manual_order_connect(struct engine_slot *slot, void *order);
void manual_order_listen(struct engine_slot *slot, void *order);
void manual_order_unlisten(struct engine_slot *slot, void *order);
void manual_order_send(struct engine_slot *slot, void *order);
void manual_order_read(struct engine_slot *slot, void *order);
void manual_order_shutdown(struct engine_slot *slot, void *order);
void manual_order_close(struct engine_slot *slot, void *order);
void manual_order_abort(struct engine_slot *slot, void *order);
void manual_order_forget(struct engine_slot *slot, void *order);
void manual_order_inject(struct engine_slot *slot, void *order); /* over or not */
void manual_order_show(struct engine_slot *slot, void *order);   /* TIME_WAIT too */

/* ---- manual.c, on the main lcore */

struct manual_conn {
	uint32_t number; /* 0: the place was never used */
	bool over;       /* its end has been told */
	bool forgotten;
	bool passive;
	uint16_t slot; /* index in the engine */
	uint8_t flags;
	spate_conn conn;
	uint32_t serial;
	struct spate_tuple tuple;
	bool begun; /* the numbers are known */
	bool timestamps;
	uint32_t iss, irs, ts_offset, ts_recent;
	int reason; /* how it ended */
};

struct manual_listener {
	bool used;
	uint16_t port;
	struct spate_addr local;
	int id[ENGINE_SLOTS_MAX]; /* the stacks' names for it, -1: none there */
};

/* Be ready for manual connections: the stacks run. False: said. */
bool manual_ready(struct app *a);

/* The connection of that number; NULL: there is none (not said). */
struct manual_conn *manual_conn(struct app *a, uint32_t number);

/* The connection of the next number after `number`; NULL: that was the last. */
struct manual_conn *manual_next(struct app *a, uint32_t number);

/* A number for a connection that was opened; NULL when too many are open. */
struct manual_conn *manual_add(
	struct app *a, uint16_t slot, const struct manual_order *o, uint8_t flags);

struct manual_listener *manual_listener_free(struct app *a, uint32_t *index);
struct manual_listener *manual_listener_find(
	struct app *a, int port, const struct spate_addr *local);

/* Run an order on a connection's slot. */
void manual_do(struct app *a, struct manual_conn *c,
	void (*order)(struct engine_slot *slot, void *order), struct manual_order *o);

/* Its state now; CLOSED when nothing is left of it. */
enum spate_state manual_state(struct app *a, struct manual_conn *c);

/* How it ended, for people. */
const char *manual_reason(int reason);

/*
 * Tell what has happened, to all (0) or with connection `number` in mind: then a file gets
 * to hear of that one alone. With `until` (1 << enum manual_kind) no further than the first
 * such event of `number`. Returns the kinds told of it.
 */
uint32_t manual_tell(struct app *a, uint32_t number, uint32_t until);

/* The same for the next connection accepted, only: true when one was told. */
bool manual_tell_accepted(struct app *a);

/* Has anything happened that was not told? */
bool manual_untold(struct app *a);

/* The workers have stopped: free everything. */
void manual_free(struct app *a);

#endif
