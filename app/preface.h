/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * preface: the line ahead of a connection's first data, by which a client tells spate's server
 * what it wants, so that sizes are given in one place, and a few lines of any language
 * make a peer:
 *
 *     rr REQUEST RESPONSE    each REQUEST bytes from here on get RESPONSE bytes
 *     down BYTES             send me BYTES; 0: until my FIN
 *     both BYTES             the same, while I send too
 *
 * The parser takes bytes as they come and keeps 24 of its own.
 */
#ifndef SPATE_APP_PREFACE_H
#define SPATE_APP_PREFACE_H

#include <stdbool.h>
#include <stdint.h>

#define PREFACE_MAX 64

enum preface_kind { PREFACE_RR, PREFACE_DOWN, PREFACE_BOTH, PREFACE_KINDS };

struct preface {
	uint64_t number[2];
	uint8_t kind;
	uint8_t at;    /* characters of the word, digits of the number */
	uint8_t field; /* 0: the word; then the number it is in */
	bool done;
	bool bad; /* and done */
};

/* Take up to `len` bytes; returns how many belong to the line. p starts as zeros. */
uint32_t preface_parse(struct preface *p, const uint8_t *data, uint32_t len);

/* Has none of it come yet? */
static inline bool
preface_empty(const struct preface *p)
{
	return p->field == 0 && p->at == 0;
}

/* Write the line; returns its length. */
uint32_t preface_make(char out[PREFACE_MAX], enum preface_kind kind, uint64_t a, uint64_t b);

#endif
