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
	uint16_t n_queues;
} wire = {-1, -1, 0};

int
embedded_wire_create(uint16_t n_queues)
{
	struct rte_ring *ring[2][RINGS_MAX];
	char name[RTE_RING_NAMESIZE];

	if (n_queues == 0 || n_queues > RINGS_MAX)
		return -EINVAL;
	wire.n_queues = n_queues;
	for (unsigned int way = 0; way < 2; way++) {
		for (uint16_t q = 0; q < RINGS_MAX; q++) {
			snprintf(name, sizeof(name), "wire%u_%u", way, q);
			/* One worker at each end. */
			ring[way][q] = rte_ring_create(
				name, RING_SIZE, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
			if (ring[way][q] == NULL)
				return -rte_errno;
		}
	}

	wire.a =
		rte_eth_from_rings("wire_a", ring[0], RINGS_MAX, ring[1], RINGS_MAX, SOCKET_ID_ANY);
	wire.b =
		rte_eth_from_rings("wire_b", ring[1], RINGS_MAX, ring[0], RINGS_MAX, SOCKET_ID_ANY);
	return wire.a < 0 || wire.b < 0 ? -EIO : wire.a;
}

uint16_t
embedded_queues(uint16_t port_id)
{
	return port_id == wire.a || port_id == wire.b ? wire.n_queues : 0;
}

uint16_t
embedded_queue_step(uint16_t n_queues)
{
	return RTE_MIN(APART, RINGS_MAX / n_queues);
}
