/* SPDX-License-Identifier: BSD-3-Clause */
/* workload_port: the `port P` that clients and servers have in common. */
#ifndef SPATE_APP_WORKLOAD_PORT_H
#define SPATE_APP_WORKLOAD_PORT_H

#include <rte_ethdev.h>

#include "config.h"
#include "words.h"

/* Take the number of a DPDK port that is there. */
static inline bool
workload_port(const char *value, uint16_t *port)
{
	uint64_t n;

	if (!take_number(value, 0, PORTS_MAX - 1, "port", &n))
		return false;
	if (!rte_eth_dev_is_valid_port(n)) {
		wrong("port %s: there is no such port: %u found, numbered from 0", value,
			rte_eth_dev_count_avail());
		return false;
	}
	*port = n;
	return true;
}

#endif
