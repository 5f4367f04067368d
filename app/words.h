/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * words: the tail of a command, word by word, against a table of keys.
 *
 * Every command that takes `key value` pairs describes them in a table; the same table
 * parses the words, says what was expected when one is wrong, and writes the help.
 */
#ifndef SPATE_APP_WORDS_H
#define SPATE_APP_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "say.h"
#include "spate.h"

#define WORDS_MAX     64
#define ADDR_TEXT     46
#define ENDPOINT_TEXT (ADDR_TEXT + 8)

struct words {
	char text[1024]; /* the tail, cut into words */
	char *word[WORDS_MAX];
	int n, at;
};

/* Cut `tail`. False when there is too much of it (the error is said). */
bool words_cut(struct words *w, const char *tail);

/* The next word, or NULL at the end. */
const char *words_next(struct words *w);

struct key {
	const char *name;  /* one word, or two; NULL ends the table */
	const char *value; /* what follows, for the help: NULL for a key that stands alone */
	const char *help;
	/* Take the value (NULL where none follows). False when it is wrong, with the error said. */
	bool (*take)(void *to, const char *value);
	bool required;
};

/* Parse the rest of `w` into `to`. False with the error said. */
bool keys_parse(struct words *w, const struct key *keys, void *to);

/* The same; `seen` has a bit for each key that was there, by its place in the table. */
bool keys_parse_seen(struct words *w, const struct key *keys, void *to, uint64_t *seen);

/* Print a table, a line a key. */
void keys_help(const struct key *keys);

/* The values. Each says what was wrong and what would be right, and returns false. */
bool take_number(const char *text, uint64_t min, uint64_t max, const char *what, uint64_t *out);
/* With its unit, as in 10ms, 500us or 2s; whole microseconds. */
bool take_time(const char *text, uint64_t min_ns, uint64_t max_ns, const char *what, uint64_t *out);
bool take_address(const char *text, struct spate_addr *out); /* A; the port becomes 0 */
bool take_host(const char *text, struct spate_addr *out);    /* one that a host can have */
bool take_prefix(
	const char *text, uint16_t family, struct spate_addr *out, uint8_t *prefix); /* A/LEN */
bool take_address_range(
	const char *text, struct spate_addr *first, struct spate_addr *last);   /* A[-B] */
bool take_port_range(const char *text, uint16_t *first, uint16_t *last);        /* A-B or A */
bool take_endpoint(const char *text, bool any_address, struct spate_addr *out); /* A:P, [A]:P */
bool take_name(const char *text, char *out);                                    /* NAME_MAX_LEN */

/* Every address of a port: `*`, `::` and 0.0.0.0. */
bool addr_unspecified(const struct spate_addr *a);

/* By family, then by address; ports are not looked at. */
int addr_compare(const struct spate_addr *a, const struct spate_addr *b);

/* A time as take_time() has it. */
#define TIME_TEXT 32
const char *time_text(uint64_t ns, char out[TIME_TEXT]);

/* To text, as the functions above take it. */
const char *addr_text(const struct spate_addr *a, char out[ADDR_TEXT]);
const char *endpoint_text(const struct spate_addr *a, char out[ENDPOINT_TEXT]);

#endif
