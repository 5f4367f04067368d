/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * port/embedded: the wire in memory. Two DPDK ports whose queue pairs are joined by
 * rings: what one sends the other receives, frame by frame, with no device, no root and
 * no hugepages. Frames cross by pointer.
 */
#ifndef SPATE_PORT_EMBEDDED_H
#define SPATE_PORT_EMBEDDED_H

#include <stdint.h>

/*
 * Make the two ports, for up to `n_queues` queue pairs each; once. Returns the first's id, or a
 * negative errno.
 */
int embedded_wire_create(uint16_t n_queues);

/* For how many queue pairs it was made; 0: the port is not the wire's. */
uint16_t embedded_queues(uint16_t port_id);

/*
 * With `n_queues` in use, queue i of the wire is the device's queue i times this. net_ring counts
 * frames beside a queue's ring, two queues and more in a cache line, which their workers would
 * take from each other at every burst (a seventh of the connections a second of two pairs on two
 * cores). Up to five queues share none.
 */
uint16_t embedded_queue_step(uint16_t n_queues);

#endif
