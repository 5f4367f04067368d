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
tcp_identify(const struct tcp *t, const struct flow_key *k, struct tcp_identity *out)
{
	if (likely(!addr_is_v6(k->raddr))) {
		memcpy(out->bytes, k, sizeof(*k));
		out->len = sizeof(*k);
		return;
	}
	memcpy(out->bytes, addr6_of(&t->ip->peers6, k->raddr), 16);
	ip6_local_address(t->ip, k->laddr, out->bytes + 16);
	memcpy(out->bytes + 32, &k->rport, 4);
	out->len = 36;
}

void
tcp_isn(const struct tcp *t, const struct flow_key *k, uint32_t *iss, uint32_t *ts_offset)
{
	uint8_t out[crypto_shorthash_BYTES];
	struct tcp_identity id;
	uint32_t half[2];

	tcp_identify(t, k, &id);
	crypto_shorthash(out, id.bytes, id.len, t->isn_key);
	memcpy(half, out, sizeof(half));
	*iss = half[0] + (uint32_t)(t->now_ns >> t->conf.isn_shift);
	*ts_offset = half[1];
}
