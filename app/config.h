/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * config: what the user has asked for, as data. Commands write it, `show config` prints
 * it back as commands, run.c makes it happen. It knows no DPDK port and no stack.
 */
#ifndef SPATE_APP_CONFIG_H
#define SPATE_APP_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/idle.h"
#include "port/impair.h"
#include "spate.h"

#define NAME_MAX_LEN  32
#define PATH_MAX_LEN  256
#define CLIENTS_MAX   16
#define SERVERS_MAX   16
#define PORTS_MAX     16
#define RR_SIZE_MAX   (16u << 20) /* of a request, of a response */
#define RATE_MAX      0           /* rate: as fast as it goes */
#define COUNT_ENDLESS 0

enum client_kind {
	CLIENT_HTTP,
	CLIENT_CONNECT_ONLY,
	CLIENT_RR,
	CLIENT_STREAM,
	CLIENT_HOLD,
};
#define CLIENT_KINDS (CLIENT_HOLD + 1)

enum server_kind {
	SERVER_HTTP,
	SERVER_DISCARD,
	SERVER_ECHO,
	SERVER_RR,
	SERVER_STREAM,
};
#define SERVER_KINDS (SERVER_STREAM + 1)

enum stream_direction {
	STREAM_UP,   /* to the server */
	STREAM_DOWN, /* from it */
	STREAM_BOTH,
};

enum close_mode {
	CLOSE_LAST,  /* the peer closes first */
	CLOSE_FIRST, /* the client closes first: TIME_WAIT is its */
	CLOSE_RESET, /* the client resets */
};

struct port_config {
	bool used;
	uint16_t n_queues, mtu, vlan;
	bool no_tso;
	struct spate_addr ip, gateway, ip6, gateway6; /* family 0: none */
	uint8_t prefix, prefix6;
	bool impaired;
	struct impair_conf impair;
};

struct client_config {
	char name[NAME_MAX_LEN];
	bool used;
	uint16_t port;
	struct spate_addr from_first, from_last;
	uint16_t port_first, port_last; /* host order */
	struct spate_addr to;
	enum client_kind kind;
	enum close_mode close;
	char path[PATH_MAX_LEN];
	uint32_t requests;      /* per connection; rr: 0, until the client stops */
	int64_t size;           /* http: expected body bytes, -1: any */
	uint32_t request_size;  /* http: bytes of a request, 0: no more than it needs; rr */
	uint32_t response_size; /* rr */
	uint64_t think_ns;      /* rr: between a response and the next request */
	enum stream_direction direction;
	uint64_t bytes;        /* stream: each way; 0: as many as there is time for */
	uint64_t for_ns;       /* stream: 0: until the client stops */
	uint32_t open_at_once; /* hold; and so are concurrency and count */
	uint64_t keep_ns;      /* hold: after all are open; 0: until the client stops */
	uint64_t every_ns;     /* hold: a request on each connection; 0: none */
	bool plain;            /* rr: no preface: the peer knows */
	bool verify;           /* what comes must be the pattern */
	bool verify_time_wait; /* no load, but a check of the peer: verify.h */
	uint32_t repeat;       /* of each run of it */
	uint32_t wait_ms;      /* how long each step of it may take */
	uint64_t rate;         /* connections a second, or RATE_MAX */
	uint32_t concurrency;
	uint64_t count; /* connections in all, or COUNT_ENDLESS */
};

struct server_config {
	char name[NAME_MAX_LEN];
	bool used;
	uint16_t port;
	struct spate_addr listen; /* unspecified: every address of the port */
	enum server_kind kind;
	uint32_t size; /* HTTP body bytes */
	bool verify;   /* what comes must be the pattern */
	uint32_t backlog;
};

/* A key of TCP-AO. */
struct auth_config {
	bool used;
	bool preferred; /* `set auth use` */
	struct spate_auth_key key;
};

struct config {
	struct port_config port[PORTS_MAX];
	struct client_config client[CLIENTS_MAX];
	struct server_config server[SERVERS_MAX];
	struct auth_config auth[SPATE_AUTH_KEYS_MAX];
	struct spate_tcp_conf tcp;
	uint32_t drain_ms; /* how long running connections may end by themselves */
	bool end_by_reset; /* what is left then is reset, not closed */
	struct idle_conf idle;
	uint32_t max_conns, max_time_wait; /* in all, shared out over the slots */
};

/* The words for them. */
extern const char *const client_kind_name[CLIENT_KINDS];
extern const char *const server_kind_name[SERVER_KINDS];
extern const char *const stream_direction_name[STREAM_BOTH + 1];
extern const char *const idle_mode_name[IDLE_MODES];

void config_init(struct config *c);

/* Index of the client or server of that name, or -1. */
int config_find_client(const struct config *c, const char *name);
int config_find_server(const struct config *c, const char *name);

/*
 * Does `a` share a local tuple with a client that is there already? Returns that
 * client's index, or -1. Two clients on one port must not open the same tuple.
 */
int config_overlap(const struct config *c, const struct client_config *a);

/* Print the commands that recreate it. */
void config_print(const struct config *c);

#endif
