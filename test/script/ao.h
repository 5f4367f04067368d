/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * script/ao: a peer that speaks TCP-AO (RFC 5925). With it in place every injected segment
 * gets the option and its MAC, and every segment that a script expects must have them: they are
 * looked at and cut off, and what remains is what OUT compares. Keys and MACs are computed here
 * from OpenSSL's functions, with nothing of lib/.
 */
#ifndef TEST_SCRIPT_AO_H
#define TEST_SCRIPT_AO_H

#include "script.h"

struct ao_key {
	enum spate_auth_algorithm algorithm;
	const char *text;
	uint8_t ours;   /* KeyID of what the stack sends with it */
	uint8_t theirs; /* of what the peer sends with it */
	bool exclude_options;
};

/* Which segments carry what; a script changes this as it goes on. */
struct ao {
	const struct ao_key *in;       /* the peer sends with; NULL: without the option */
	const struct ao_key *in_wants; /* the peer's RNextKeyID asks for */
	const struct ao_key *out;      /* the stack is to send with; NULL: without the option */
	const struct ao_key *out_wants;
	uint8_t spoil;      /* flips bits of the MACs of injected segments */
	uint64_t sne_wrong; /* added to the sequence number extension */
	int copies;         /* options in a segment, 0: one */
};

extern struct ao ao;

/* Both sides know `key` and use it. */
void ao_start(struct script *s, const struct ao_key *key);

/* As spate.h wants it, for PEER_IP/32. */
struct spate_auth_key ao_stack_key(const struct ao_key *key);
void ao_add(struct script *s, const struct ao_key *key);

/* Of the TCP segment behind an IP header, its checksum included: 0xffff when that is right. */
uint16_t ao_tcp_sum(const uint8_t *ip, uint32_t tcp_len);

/* The peer's current segments are made with another key, which both ask for. */
void ao_both(const struct ao_key *key);

#endif
