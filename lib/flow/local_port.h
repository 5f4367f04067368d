/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flow/local_port: which local address and port the next connection leaves from
 * (CM-12, RFC 6056).
 *
 * A range is a rectangle of local addresses times local ports, numbered 0 to
 * size - 1. The chooser proposes numbers one after the other; whether the 4-tuple is
 * alive is the connection table's to say. RFC 6056 wants the next one hard to guess:
 * by default each proposal is a keyed pseudo-random step from the last (its algorithm
 * 5); sequentially it is the next port. A search from any start visits every number
 * once, so "exhausted" is exact. Several choosers may share a range, by its ports.
 */
#ifndef SPATE_FLOW_LOCAL_PORT_H
#define SPATE_FLOW_LOCAL_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include "flow/flow_key.h"

#define LOCAL_PORT_AHEAD 8 /* a power of two */

struct local_range {
	uint32_t first_addr; /* host order */
	uint32_t n_addr;
	uint16_t first_port; /* host order */
	uint32_t n_port;
};

struct local_port {
	struct local_range range; /* ports first_port, first_port + step ... */
	uint16_t step;
	uint64_t size;     /* tuples in the range */
	uint64_t current;  /* number last proposed */
	uint64_t searched; /* numbers refused since local_port_start(), the caller's account */
	uint64_t counter;  /* input of the keyed generator */
	uint64_t secret[2];
	bool sequential;
	/*
	 * Where the next searches begin, if it is towards `next_raddr`: tuples that have passed
	 * the caller's filter, and their hashes.
	 */
	uint32_t n_next, first_next;
	rte_be32_t next_raddr;
	rte_be16_t next_rport;
	struct {
		uint64_t number, hash;
	} next[LOCAL_PORT_AHEAD];
};

/* `secret` keys the random steps; an empty range is the caller's error. */
void local_port_init(struct local_port *p, const struct local_range *range, bool sequential,
	const uint64_t secret[2]);

/* Only ports whose remainder by `of` is `share`. There may be none: size is 0, nothing to start. */
void local_port_share(struct local_port *p, uint16_t share, uint16_t of);

/* A fresh starting point for one connection. */
void local_port_start(struct local_port *p);

/* The number after the current one, when the current one's tuple is taken. */
void local_port_advance(struct local_port *p);

/* What the current number stands for, in network order. */
void local_port_current(const struct local_port *p, rte_be32_t *addr, rte_be16_t *port);

#endif
