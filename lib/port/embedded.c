/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/embedded.h"

#include <errno.h>
#include <stdio.h>

#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_ring.h>

#define RING_SIZE 2048
#define RINGS_MAX RTE_PMD_RING_MAX_RX_RINGS
#define APART     4 /* a ring's place is 24 bytes: so many are more than a cache line */

static struct {
	int a, b; /* ids of its ports */
	uint16_t step;
} wire = {-1, -1, 1};

int
embedded_wire_create(uint16_t n_queues)
{
	struct rte_ring *ring[2][RINGS_MAX];
	uint16_t n_rings;
	char name[RTE_RING_NAMESIZE];

	if (n_queues == 0 || n_queues > RINGS_MAX)
		return -EINVAL;
	wire.step = RTE_MIN(APART, RINGS_MAX / n_queues);
	n_rings = n_queues * wire.step;
	for (unsigned int way = 0; way < 2; way++) {
		for (uint16_t q = 0; q < n_rings; q++) {
			snprintf(name, sizeof(name), "wire%u_%u", way, q);
			/* One worker at each end. */
			ring[way][q] = rte_ring_create(
				name, RING_SIZE, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
			if (ring[way][q] == NULL)
				return -rte_errno;
		}
	}

	wire.a = rte_eth_from_rings("wire_a", ring[0], n_rings, ring[1], n_rings, SOCKET_ID_ANY);
	wire.b = rte_eth_from_rings("wire_b", ring[1], n_rings, ring[0], n_rings, SOCKET_ID_ANY);
	return wire.a < 0 || wire.b < 0 ? -EIO : wire.a;
}

uint16_t
embedded_queue_step(uint16_t port_id)
{
	return port_id == wire.a || port_id == wire.b ? wire.step : 1;
}
