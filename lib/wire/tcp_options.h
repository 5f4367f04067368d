/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire/tcp_options: TCP options, from bytes and to bytes (OP-01 to OP-03, OP-05).
 *
 * Parsing is total: any 40 bytes give an answer. What an option means for a
 * connection (SYN only, both sides or none, clamping) is tcp/negotiate.c's business.
 */
#ifndef SPATE_WIRE_TCP_OPTIONS_H
#define SPATE_WIRE_TCP_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define TCP_OPT_EOL         0
#define TCP_OPT_NOP         1
#define TCP_OPT_MSS         2
#define TCP_OPT_WSCALE      3
#define TCP_OPT_SACK_PERMIT 4
#define TCP_OPT_TIMESTAMP   8
#define TCP_OPT_UTO         28 /* RFC 5482 */

#define TCP_OPTIONS_MAX   40 /* the data offset allows no more */
#define TCP_OPT_UTO_LEN   4
#define TCP_OPT_TS_PADDED 12 /* NOP NOP kind len TSval TSecr, the layout of RFC 7323 app. A */

struct tcp_options {
	uint16_t mss;
	uint8_t wscale; /* as carried, not clamped */
	bool has_mss, has_wscale, has_ts, sack_permitted;
	bool malformed; /* parsing ended early; what came before is kept */
	uint32_t tsval, tsecr;
	bool has_uto;
	uint16_t uto; /* as carried: tcp_option_uto_ms() */
};

/*
 * A user timeout as its option carries it: 15 bits of seconds, or where they are too few of
 * minutes, rounded up; and back to milliseconds.
 */
uint16_t tcp_option_uto(uint32_t ms);
uint32_t tcp_option_uto_ms(uint16_t uto);

/*
 * OP-01: EOL ends parsing, NOP is one byte, an unknown kind is skipped by its
 * length, a length of 0 or 1 or past the end (or wrong for its kind) ends parsing.
 */
void tcp_options_parse(const uint8_t *p, uint32_t len, struct tcp_options *out);

/*
 * The common data segment carries just NOP NOP TIMESTAMP: recognise it with one
 * comparison. Returns false for any other layout, which then takes the long way.
 */
bool tcp_options_parse_ts_only(const uint8_t *p, uint32_t len, uint32_t *tsval, uint32_t *tsecr);

/* Write what `o` has, padded with NOPs to a multiple of four; returns the bytes written (<= 40). */
uint8_t tcp_options_build(uint8_t *p, const struct tcp_options *o);

#endif
