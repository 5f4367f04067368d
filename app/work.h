/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * work: the workloads of one slot: its share of every client and server on the port.
 *
 * It is the stack's application: the callbacks land in work.c, which hands them to
 * client.c, server.c, verify.c or manual_slot.c by the connection's role. Everything here belongs
 * to the slot's worker; the main lcore changes it through engine_call() and reads the counters,
 * each of which has this one writer.
 */
#ifndef SPATE_APP_WORK_H
#define SPATE_APP_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "conn_list.h"
#include "engine/engine.h"
#include "http.h"
#include "preface.h"
#include "stats/histogram.h"
#include "verify.h"

enum work_role {
	ROLE_NONE = 0,
	ROLE_CLIENT,
	ROLE_SERVER,
	ROLE_VERIFY, /* of a client that checks a peer: verify.h */
	ROLE_MANUAL, /* opened by hand: manual.h */
};

/* Why a client's connection does not count as closed in order. */
enum client_failure {
	FAILED_REFUSED,
	FAILED_RESET,
	FAILED_TIMED_OUT,
	FAILED_RESPONSE, /* not the response that was asked for */
	FAILED_EARLY,    /* the peer closed before the response was complete */
	FAILED_NO_ROOM,  /* nothing to queue its request with was left here */
	FAILURES
};

enum client_phase {
	PHASE_CONNECTING = 0,
	PHASE_HEAD,    /* http: of the response */
	PHASE_BODY,    /* http: of the response */
	PHASE_ASKED,   /* rr: a response is awaited */
	PHASE_WAITING, /* rr, hold: between two requests */
	PHASE_DONE,    /* all that was wanted has come; closing */
	PHASE_BAD,     /* reset for what came */
	PHASE_STARVED, /* reset for want of room here */
};

enum server_phase {
	PHASE_PREFACE = 0, /* rr: what is wanted has not been said yet */
	PHASE_SERVING,
};

/* work_conn.flags of clients and servers */
#define CONN_BEGUN     0x1  /* rr: the preface has been sent */
#define CONN_LISTED    0x2  /* on a conn_list */
#define CONN_SHUT      0x4  /* stream: all has been queued, FIN behind it */
#define CONN_HEARD_ALL 0x8  /* stream: all has come that had to */
#define CONN_DOWN      0x10 /* stream, server: the client has nothing to send */
#define CONN_LAST      0x20 /* hold: it ends, after the response that is due */
#define CONN_HEARD     0x40 /* server: something has come, and work.busy[] is what it says */

/* Where a connection is that exchanges requests and responses: rr.c. */
struct rr_conn {
	uint32_t sent_at, received_at; /* in the pattern, modulo its period */
	uint32_t to_receive;           /* of this request or response */
	union {
		uint32_t left;   /* client: requests still to be made; UINT32_MAX: endless */
		uint32_t queued; /* server: bytes of responses not acknowledged */
	};
	uint32_t request_size, response_size; /* server: as the client wants it */
};

/* Where a stream is: stream.c. */
struct stream_conn {
	uint64_t sent; /* bytes queued so far */
	union {
		uint64_t received; /* client */
		uint64_t total;    /* server: to be sent, UINT64_MAX: until told to stop */
	};
	uint32_t pending;     /* queued and not yet counted as acknowledged */
	uint32_t received_at; /* server: in the pattern, modulo its period */
};

/*
 * Per connection, in two arrays beside the stack's, at the same index: what there always is, and
 * what only those have that say something. Of the second there is as much memory as was ever
 * written to, so it is not looked at before it is filled in: when the client asks for the first
 * time, when the server hears something (CONN_HEARD). Who only holds a connection pays four bytes.
 */
struct work_conn {
	uint8_t role;
	uint8_t owner; /* index into clients or servers */
	uint8_t phase; /* enum client_phase, server_phase */
	uint8_t flags;
};

struct work_busy {
	uint32_t started_us; /* the request under way; the end of a wait */
	union {
		struct {
			uint32_t body_at;  /* bytes of the body seen; of data held; responses not
					      acknowledged; the run of a check */
			uint32_t requests; /* still to be made; manual: the serial number */
			struct http_head head;
		};
		struct preface preface; /* of a server's, until it is complete */
		struct rr_conn rr;
		struct stream_conn stream;
	};
};

struct work_client {
	const struct client_config *conf; /* of the main lcore; changed only while it waits */
	bool running;
	bool resolved;
	bool unanswered;      /* its next hop's address has not been told, not yet or not at all */
	uint64_t rate;        /* this slot's share */
	uint32_t concurrency; /* this slot's share */
	uint64_t count;       /* still to be opened; UINT64_MAX: endless */
	uint64_t pace_ns;     /* the pace counts from here */
	uint64_t paced;       /* connections due since, that were opened or given up */
	uint64_t pause_ns;    /* nothing before this time */
	struct spate_source source;
	struct conn_list waiting; /* for their next request, all for as long */
	uint32_t request_len[2];
	struct verify *verify; /* of a client that does */
	uint64_t open;
	/* hold: handshakes under way, connections that end, how far the end has come */
	uint32_t connecting, ending, sweep_at;
	bool sweeping;
	uint64_t keep_until_ns; /* hold: 0: not all are open */
	/* Counters. */
	uint64_t held, held_max, answered; /* hold: now, at once, with a response at the end */
	uint64_t attempted, established, closed, requests, not_attempted, aborted;
	uint64_t bytes_up, bytes_down; /* of streams: acknowledged, received; of http bodies */
	uint64_t failed[FAILURES];
	struct histogram handshake_ns, response_ns;
	/* For all but the last request, and for the last; [0] is the preface of those that have
	 * one. */
	char request[2][HTTP_HEAD_MAX];
};

struct work_server {
	const struct server_config *conf;
	int listener;               /* -1: not listening */
	const uint8_t *response[2]; /* keep-alive, close: shared by all slots */
	uint32_t response_len[2];
	uint64_t open;
	/* Counters. */
	uint64_t accepted, closed, failed, requests;
	uint64_t bytes_up, bytes_down; /* of streams, discard, echo: received, acknowledged */
	uint64_t wrong; /* connections reset for what came: it was not what had to come */
};

struct work {
	struct engine_slot *slot;
	uint64_t now_ns;
	uint32_t max_conns;
	uint16_t n_slots;    /* of the port: this slot's share is one in so many */
	uint8_t clients_end; /* clients from here on were never started: no turn looks at them */
	bool stopping;       /* the run ends: aborts are not failures */
	struct work_client client[CLIENTS_MAX];
	struct work_server server[SERVERS_MAX];
	struct conn_list streams; /* those that send or have a time to end at */
	uint32_t n_streams;
	uint64_t look_ns;           /* at the next of them, not before */
	struct manual_slot *manual; /* NULL as long as nothing is done by hand */
	struct http_seen request_seen, response_seen;
	struct work_busy *busy;
	struct work_conn conn[];
};

_Static_assert(sizeof(struct work_conn) == 4 && sizeof(struct work_busy) == 32, "four bytes held");

struct manual_slot;

extern const struct spate_ops work_ops;

/* engine_conf.slot_create, .slot_free, .slot_memory and .poll. */
void *work_create(struct engine_slot *slot, uint32_t max_conns);
void work_free(void *app);
void work_memory(uint32_t max_conns, uint64_t *bytes, uint64_t *sparse);
bool work_poll(void *app, uint64_t now_ns);

/* client.c */
/* A request of an http client, its length; filled up where `request-size` leaves room. */
uint32_t client_make_request(const struct client_config *conf, bool last, char out[HTTP_HEAD_MAX]);
int client_start(struct work *w, int index, const struct client_config *conf);
void client_set_pace(struct work *w, struct work_client *c);
/* spate_source_filter: does a reply to `t` come to this slot? */
bool client_mine(const void *slot, const struct spate_tuple *t);
/* Leave in `source` what client_mine() says of its tuples. */
void client_divide(struct engine_slot *slot, struct spate_source *source);
bool client_poll(struct work *w, struct work_client *c, uint8_t index);
void client_established(struct work *w, spate_conn id);
uint32_t client_data(struct work *w, spate_conn id, const uint8_t *data, uint32_t len);
void client_sendable(struct work *w, spate_conn id);
void client_peer_fin(struct work *w, spate_conn id);
void client_closed(struct work *w, spate_conn id, int reason);
/* Everything has come: close the way this client does. */
void client_close_own_way(struct work *w, spate_conn id);
/* It waits no longer for its next request. */
void client_no_turn(struct work *w, spate_conn id);
/* It is not what was asked for. */
void client_bad(struct work *w, spate_conn id);
/* What it has to send cannot be queued. */
void client_starved(struct work *w, spate_conn id);
/* A response is complete: its time, from the request on, and its number. */
void client_count_response(struct work *w, spate_conn id);

/* server.c */
int server_start(struct work *w, int index, const struct server_config *conf,
	uint8_t *const response[2], const uint32_t response_len[2]);
void server_stop(struct work *w, int index);
void server_accept(struct work *w, spate_conn id, uint32_t cookie);
uint32_t server_data(struct work *w, spate_conn id, const uint8_t *data, uint32_t len);
void server_sendable(struct work *w, spate_conn id);
void server_peer_fin(struct work *w, spate_conn id);
void server_closed(struct work *w, spate_conn id, int reason);

/* What came is not what had to come. */
void server_wrong(struct work *w, spate_conn id);

/* rr.c: requests and responses of given sizes, by turns */
void rr_established(struct work *w, spate_conn id);
uint32_t rr_data(struct work *w, spate_conn id, const uint8_t *data, uint32_t len);
/* The next request leaves; or it will after so long. */
void rr_ask(struct work *w, spate_conn id);
void rr_wait(struct work *w, spate_conn id, uint64_t ns);
/* Those that have waited long enough ask again. */
bool rr_poll(struct work *w, struct work_client *c);
uint32_t rr_serve(struct work *w, spate_conn id, const uint8_t *data, uint32_t len);

/* hold.c: many connections open at once */
uint64_t hold_room(const struct work_client *c); /* to open now */
void hold_established(struct work *w, spate_conn id);
void hold_answered(struct work *w, spate_conn id);
void hold_closed(struct work *w, spate_conn id);
bool hold_poll(struct work *w, struct work_client *c, uint8_t index);

/* stream.c: bulk data, for clients and servers */
bool stream_poll(struct work *w);
void stream_established(struct work *w, spate_conn id);
uint32_t stream_data(struct work *w, spate_conn id, const uint8_t *data, uint32_t len);
void stream_peer_fin(struct work *w, spate_conn id);
uint32_t stream_serve(struct work *w, spate_conn id, const uint8_t *data, uint32_t len);
void stream_serve_fin(struct work *w, spate_conn id);
void stream_sendable(struct work *w, spate_conn id);
void stream_closed(struct work *w, spate_conn id, int reason);

/* Queue bytes [at, at + len) of the pattern that begins again. 0, or as spate_send_static(). */
int work_send_pattern(struct work *w, spate_conn id, uint64_t at, uint32_t len);

static inline uint32_t
work_now_us(const struct work *w)
{
	return spate_now(w->slot->stack) / 1000;
}

/*
 * The two responses of a server, lent by the engine or from the heap: [0] the connection goes on,
 * [1] it ends. False: neither is there.
 */
bool server_make_responses(
	struct engine *e, const struct server_config *conf, uint8_t *response[2], uint32_t len[2]);

#endif
