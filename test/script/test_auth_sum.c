/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP-AO (OP-08) and the checksum (DT-09): it is of the MAC too, which is made when all else of the
 * segment has been summed.
 */
#include "ao.h"

static const struct ao_key sha = {SPATE_AUTH_HMAC_SHA_1_96, "any length does here", 1, 2, false};
static const struct ao_key aes = {SPATE_AUTH_AES_128_CMAC_96, "sixteen bytes ok", 7, 7, false};

#define AO_START(s, key) (AT(s), ao_start(s, key))

/* Eight bytes may bring a segment's sum next to 2^64, whose carry the MAC's must not lose. */
static void
OP_08_sum_carries(struct script *s)
{
	uint8_t data[8] = {0, 0, 0, 0, 0, 0xff, 0xff, 0xff};

	AO_START(s, &sha);
	ESTABLISH(s);
	for (uint32_t i = 0; i < 32; i++) {
		data[4] = 0xe0 + i;
		EQUAL(s, spate_send(s->stack, s->conn, data, sizeof(data)), sizeof(data));
		OUT(s, PSH_ACK, .seq = 1 + 8 * i, .ack = 1, .data = (const char *)data,
			.len = sizeof(data));
		IN(s, ACK, .seq = 1, .ack = 9 + 8 * i);
		EVENTS(s, "sendable");
	}
}

/* The data of any length: an odd byte, and the MAC behind. */
static void
OP_08_sum_of_any_length(struct script *s)
{
	uint32_t seq = 1;

	AO_START(s, &aes);
	ESTABLISH(s);
	for (uint32_t n = 1; n < 80; n++) {
		SEND_PATTERN(s, n);
		OUT(s, PSH_ACK, .seq = seq, .ack = 1, .len = n);
		seq += n;
		IN(s, ACK, .seq = 1, .ack = seq);
		EVENTS(s, "sendable");
	}
}

static const struct row_test tests[] = {
	ROW_TEST("OP-08 DT-09", OP_08_sum_carries),
	ROW_TEST("OP-08 DT-09", OP_08_sum_of_any_length),
};

SCRIPT_MAIN(tests)
