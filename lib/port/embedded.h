/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * port/embedded: the wire in memory. Two DPDK ports whose queue pairs are joined by
 * rings: what one sends the other receives, frame by frame, with no device, no root and
 * no hugepages. Frames cross by pointer.
 */
#ifndef SPATE_PORT_EMBEDDED_H
#define SPATE_PORT_EMBEDDED_H

#include <stdint.h>

/* Make the two ports with `n_queues` queue pairs each. Returns the first's id, or a negative errno.
 */
int embedded_wire_create(uint16_t n_queues);

#endif
