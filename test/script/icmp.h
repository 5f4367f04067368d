/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * icmp: what ICMP errors do to an open, of whatever family they are; the frame of one is the
 * test's to make.
 */
#ifndef TEST_ICMP_H
#define TEST_ICMP_H

#include "script.h"

/* An error about our segment at `seq` (relative), with `word` behind its type and code. */
typedef void error_fn(struct script *s, uint8_t type, uint8_t code, uint32_t word, uint32_t seq);

/* The open ends at once, when the error is about its SYN. */
static inline void
refused_by(struct script *s, error_fn *error, uint8_t type, uint8_t code, uint32_t word)
{
	START(s);
	CONNECT(s);
	OUT(s, SYN);
	/* Not about this SYN. */
	error(s, type, code, word, 1);
	error(s, type, code, word, -1);
	EVENTS(s, "");
	error(s, type, code, word, 0);
	EVENTS(s, "closed:ECONNREFUSED");
	COUNTED(s, ICMP_REFUSED, 1);
	SILENT(s);
}

/* The rest is told when the open has failed by itself. */
static inline void
told_at_timeout(struct script *s, error_fn *error, uint8_t type, uint8_t code, const char *event)
{
	s->conf.tcp.syn_retries = 1;
	START(s);
	CONNECT(s);
	OUT(s, SYN);
	error(s, type, code, 0, 0);
	EVENTS(s, "");
	OUT_AT(s, 1000, SYN);
	QUIET(s, 1999);
	EVENTS(s, "");
	QUIET(s, 3);
	EVENTS(s, event);
	COUNTED(s, TIMED_OUT, 1);
}

#endif
