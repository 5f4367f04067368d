/* SPDX-License-Identifier: BSD-3-Clause */
#include "words.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

bool
words_cut(struct words *w, const char *tail)
{
	char *save, *word;

	w->n = w->at = 0;
	if (strlen(tail) >= sizeof(w->text)) {
		wrong("line too long: at most %zu characters", sizeof(w->text) - 1);
		return false;
	}
	strcpy(w->text, tail);
	for (word = strtok_r(w->text, " \t\r\n", &save); word;
		word = strtok_r(NULL, " \t\r\n", &save)) {
		if (w->n == WORDS_MAX) {
			wrong("too many words: at most %d", WORDS_MAX);
			return false;
		}
		w->word[w->n++] = word;
	}
	return true;
}

const char *
words_next(struct words *w)
{
	return w->at < w->n ? w->word[w->at++] : NULL;
}

static void
unknown_key(const char *word, const struct key *keys)
{
	char list[512] = "";

	for (; keys->name; keys++) {
		size_t at = strlen(list);

		snprintf(list + at, sizeof(list) - at, "%s%s", at ? ", " : "", keys->name);
	}
	wrong("'%s' is not known here: expected one of %s", word, list);
}

bool
keys_parse(struct words *w, const struct key *keys, void *to)
{
	uint64_t seen = 0;
	const char *word;

	while ((word = words_next(w)) != NULL) {
		const struct key *k = keys;
		const char *value = NULL;

		while (k->name && strcmp(k->name, word))
			k++;
		if (k->name == NULL) {
			unknown_key(word, keys);
			return false;
		}
		if (seen >> (k - keys) & 1) {
			wrong("'%s' is given twice", word);
			return false;
		}
		seen |= 1ull << (k - keys);
		if (k->value && (value = words_next(w)) == NULL) {
			wrong("'%s' wants %s behind it", word, k->value);
			return false;
		}
		if (!k->take(to, value))
			return false;
	}
	for (const struct key *k = keys; k->name; k++) {
		if (k->required && !(seen >> (k - keys) & 1)) {
			wrong("'%s %s' is missing", k->name, k->value ? k->value : "");
			return false;
		}
	}
	return true;
}

void
keys_help(const struct key *keys)
{
	for (; keys->name; keys++) {
		char left[64];

		snprintf(left, sizeof(left), "%s %s", keys->name, keys->value ? keys->value : "");
		printf("    %-28s %s%s\n", left, keys->help, keys->required ? " (required)" : "");
	}
}

bool
take_number(const char *text, uint64_t min, uint64_t max, const char *what, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || *end || errno || *out < min || *out > max) {
		wrong("%s '%s': expected a number from %" PRIu64 " to %" PRIu64, what, text, min,
			max);
		return false;
	}
	return true;
}

bool
take_address(const char *text, uint32_t *out)
{
	if (inet_pton(AF_INET, text, out) == 1)
		return true;
	wrong("address '%s': expected four numbers from 0 to 255, as in 198.18.0.1", text);
	return false;
}

bool
take_prefix(const char *text, uint32_t *out, uint8_t *prefix)
{
	char address[32];
	const char *slash = strchr(text, '/');
	uint64_t n;

	if (slash == NULL || (size_t)(slash - text) >= sizeof(address)) {
		wrong("'%s': expected an address with its prefix length, as in 198.18.0.1/16",
			text);
		return false;
	}
	memcpy(address, text, slash - text);
	address[slash - text] = '\0';
	if (!take_address(address, out) || !take_number(slash + 1, 0, 32, "prefix length", &n))
		return false;
	*prefix = n;
	return true;
}

/* Cut "A-B" at the dash; without one both are the whole. False when it is too long. */
static bool
cut_range(const char *text, char *first, char *last, size_t size)
{
	const char *dash = strchr(text, '-');
	size_t len = dash ? (size_t)(dash - text) : strlen(text);

	if (len >= size || strlen(text) >= 2 * size)
		return false;
	memcpy(first, text, len);
	first[len] = '\0';
	snprintf(last, size, "%s", dash ? dash + 1 : first);
	return true;
}

bool
take_address_range(const char *text, uint32_t *first, uint32_t *last)
{
	char a[32], b[32];

	if (!cut_range(text, a, b, sizeof(a))) {
		wrong("'%s': expected an address or a range, as in 198.18.0.1-198.18.0.9", text);
		return false;
	}
	if (!take_address(a, first) || !take_address(b, last))
		return false;
	if (ntohl(*last) < ntohl(*first)) {
		wrong("address range '%s': the second address is before the first", text);
		return false;
	}
	return true;
}

bool
take_port_range(const char *text, uint16_t *first, uint16_t *last)
{
	char a[32], b[32];
	uint64_t x, y;

	if (!cut_range(text, a, b, sizeof(a))) {
		wrong("'%s': expected a port range, as in 10000-59999", text);
		return false;
	}
	if (!take_number(a, 1, 65535, "port", &x) || !take_number(b, 1, 65535, "port", &y))
		return false;
	if (y < x) {
		wrong("port range '%s': the second port is before the first", text);
		return false;
	}
	*first = x;
	*last = y;
	return true;
}

bool
take_endpoint(const char *text, bool any_address, uint32_t *ip, uint16_t *port)
{
	char address[32];
	const char *colon = strrchr(text, ':');
	uint64_t n;

	if (colon == NULL || (size_t)(colon - text) >= sizeof(address)) {
		wrong("'%s': expected ADDRESS:PORT, as in 198.18.1.1:80", text);
		return false;
	}
	memcpy(address, text, colon - text);
	address[colon - text] = '\0';
	if (any_address && strcmp(address, "*") == 0)
		*ip = 0;
	else if (!take_address(address, ip))
		return false;
	if (!take_number(colon + 1, 1, 65535, "port", &n))
		return false;
	*port = htons(n);
	return true;
}

bool
take_name(const char *text, char *out)
{
	if (strlen(text) >= NAME_MAX_LEN || strcmp(text, "all") == 0) {
		wrong("name '%s': expected up to %d characters, and not 'all'", text,
			NAME_MAX_LEN - 1);
		return false;
	}
	strcpy(out, text);
	return true;
}

const char *
addr_text(uint32_t ip, char out[ADDR_TEXT])
{
	inet_ntop(AF_INET, &ip, out, ADDR_TEXT);
	return out;
}
