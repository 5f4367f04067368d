/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ip/path: what has been learned of the MTU towards a destination (RFC 1191, RFC 8201).
 *
 * A hint with a lifetime of ten minutes: a small table in which a new destination may
 * take the place of another, since what is forgotten is learned again from the next
 * ICMP message, or the next black hole. It knows the numbers; who may lower them is tcp/icmp.c's
 * to check.
 */
#ifndef SPATE_IP_PATH_H
#define SPATE_IP_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include "ip/addr6.h"

#define PATH_ENTRIES     1024            /* power of two */
#define PATH_LIFETIME_NS 600000000000ull /* RFC 1191 6.3: try a larger one after 10 minutes */
#define PATH_MTU_LEAST   576             /* below this only with DF off */

struct path {
	rte_be32_t dst; /* 0: unused; the name of an IPv6 address is held */
	uint16_t mtu;
	bool fragment; /* DF must be off: the path is narrower than PATH_MTU_LEAST */
	uint64_t until_ns;
};

struct path_table {
	struct path entry[PATH_ENTRIES];
};

/* What is known of `dst` at `now_ns`, or NULL. */
const struct path *path_find(const struct path_table *t, rte_be32_t dst, uint64_t now_ns);

/* Remember that `dst`, an address or a name in `names`, takes packets of `mtu` bytes. */
void path_learn(struct path_table *t, struct addr6_table *names, rte_be32_t dst, uint16_t mtu,
	bool fragment, uint64_t now_ns);

/* The next lower common MTU (RFC 1191 7.1), for routers that do not say theirs. */
uint16_t path_plateau_below(uint16_t mtu);

#endif
