/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * two: two stacks in one thread, a client and a server, and the exchange of six packets
 *
 *   SYN; SYN+ACK; ACK+request; response+FIN; FIN+ACK; ACK
 *
 * driven in lock step and in virtual time: BURST connections at a time take each step together,
 * as bursts do under load. No HTTP: the request and the response are bytes of their sizes, so
 * this is the stack's cost alone.
 */
#ifndef SPATE_PERF_TWO_H
#define SPATE_PERF_TWO_H

#include <stdbool.h>
#include <stdint.h>

#include "../../test/side.h"

#define TWO_BURST     32
#define TWO_CLIENT_IP 0xc6120001u /* 198.18.0.1, and the next three; /15 */
#define TWO_SERVER_IP 0xc6130001u

struct two {
	struct side client, server;
	struct rte_mempool *pool;
	struct spate_source source;
	uint64_t now, frames; /* sent by either */
};

/* What is measured of a step: nothing, or what one side does. */
enum two_watch { TWO_NOTHING, TWO_CLIENT, TWO_SERVER };

/* Two stacks that know each other's MAC addresses, the server listening. */
void two_start(struct two *t, uint32_t max_conns, uint32_t max_time_wait);

/* Both are gone; nothing may have leaked. */
void two_end(struct two *t);

/* From how many tuples connections are opened: local ports of one address, or four. */
void two_tuples(struct two *t, uint32_t addresses, uint32_t ports);

/* The client opens TWO_BURST connections; their SYNs leave with the next two_to_server(). */
void two_open(struct two *t, enum two_watch watch);

/*
 * What the client has to say goes to the server, and is answered, once. False when neither
 * had anything.
 */
bool two_to_server(struct two *t, enum two_watch watch);
bool two_to_client(struct two *t, enum two_watch watch);

/* `bursts` times TWO_BURST connections from SYN to the last ACK, which must be six packets. */
void two_churn(struct two *t, uint32_t bursts, enum two_watch watch);

#endif
