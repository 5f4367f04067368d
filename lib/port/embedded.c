/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/embedded.h"

#include <errno.h>
#include <stdio.h>

#include <rte_eth_ring.h>
#include <rte_ring.h>

#include "port/port.h"

#define RING_SIZE 2048

int
embedded_wire_create(uint16_t n_queues)
{
	struct rte_ring *ring[2][PORT_QUEUES_MAX];
	char name[RTE_RING_NAMESIZE];

	if (n_queues == 0 || n_queues > PORT_QUEUES_MAX)
		return -EINVAL;
	for (unsigned int way = 0; way < 2; way++) {
		for (uint16_t q = 0; q < n_queues; q++) {
			snprintf(name, sizeof(name), "wire%u_%u", way, q);
			/* One worker at each end. */
			ring[way][q] = rte_ring_create(
				name, RING_SIZE, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
			if (ring[way][q] == NULL)
				return -rte_errno;
		}
	}

	int a = rte_eth_from_rings("wire_a", ring[0], n_queues, ring[1], n_queues, SOCKET_ID_ANY);
	int b = rte_eth_from_rings("wire_b", ring[1], n_queues, ring[0], n_queues, SOCKET_ID_ANY);

	return a < 0 || b < 0 ? -EIO : a;
}
