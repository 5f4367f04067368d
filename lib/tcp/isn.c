/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 6528: ISN = M + F(tuple, secret). M ticks every 2^isn_shift ns (64 ns by default: a
 * tuple comes back within microseconds at the rates this is made for, and each
 * incarnation must start beyond what the last one used). F is SipHash-2-4. Its other
 * half offsets the tuple's timestamps (RFC 7323 5.4): random from tuple to tuple, the
 * same in every incarnation of one.
 */
#include <string.h>

#include <sodium/crypto_shorthash.h>

#include "tcp/tcp.h"

void
tcp_isn(const struct tcp *t, const struct flow_key *k, uint32_t *iss, uint32_t *ts_offset)
{
	uint8_t out[crypto_shorthash_BYTES];
	uint32_t half[2];

	crypto_shorthash(out, (const uint8_t *)k, sizeof(*k), t->isn_key);
	memcpy(half, out, sizeof(half));
	*iss = half[0] + (uint32_t)(t->now_ns >> t->conf.isn_shift);
	*ts_offset = half[1];
}
