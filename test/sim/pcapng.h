/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pcapng: what a seed's two stacks sent and received, for wireshark and tshark: interface 0 is
 * A's, 1 is B's; a frame that is lost is outbound at one and never inbound at the other.
 */
#ifndef TEST_SIM_PCAPNG_H
#define TEST_SIM_PCAPNG_H

#include <stdbool.h>
#include <stdint.h>

struct pcapng;

/* NULL when the file cannot be written. */
struct pcapng *pcapng_open(const char *path);

/* A frame at `side`'s interface at `ns`, leaving it or arriving. Nothing without a file. */
void pcapng_frame(
	struct pcapng *p, int side, bool out, uint64_t ns, const uint8_t *bytes, uint32_t len);

void pcapng_close(struct pcapng *p);

#endif
