/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcp/sack: what we tell the peer of what it sent (RFC 2018) and sent twice (RFC 2883).
 *
 * Every segment sent while there is a gap carries a SACK option: as many stretches of what is
 * held as there is room for (four, or three beside timestamps), that with the latest segment
 * first, then those reported before it. A duplicate is reported once, by a block in front of
 * these, below RCV.NXT or inside the second one. Data segments make room for it (RFC 6691).
 *
 * What the blocks that a peer sends mean is scoreboard.h's and rack.c's.
 */
#ifndef SPATE_TCP_SACK_H
#define SPATE_TCP_SACK_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/tcp.h"

struct tcp_stretch;

/*
 * [from, to) had been received before: report it with the next segment. A later one takes the
 * place of one not yet reported. Without a side record left it goes unreported.
 */
void tcp_sack_duplicate(struct tcp *t, struct tcp_conn *c, uint32_t from, uint32_t to);

/* What is to be reported, if anything is, is not any more: it is in *out. */
bool tcp_sack_take_duplicate(struct tcp *t, struct tcp_conn *c, struct tcp_stretch *out);

/* Bytes the option takes in the next segment when there are `room` for it. */
uint32_t tcp_sack_length(const struct tcp *t, const struct tcp_conn *c, uint32_t room);

/* Write it at `p`; returns its length, the same. A duplicate is reported by this. */
uint32_t tcp_sack_build(struct tcp *t, struct tcp_conn *c, uint8_t *p, uint32_t room);

#endif
