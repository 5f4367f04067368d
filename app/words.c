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
#include "wire/ipv4.h"
#include "wire/ipv6.h"

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

/* The key that begins with `word`: of two words (the next one is taken then), or of one. */
static const struct key *
find_key(struct words *w, const struct key *keys, const char *word)
{
	size_t len = strlen(word);

	for (const struct key *k = keys; k->name && w->at < w->n; k++) {
		if (strncmp(k->name, word, len) || k->name[len] != ' ' ||
			strcmp(k->name + len + 1, w->word[w->at]))
			continue;
		w->at++;
		return k;
	}
	while (keys->name && strcmp(keys->name, word))
		keys++;
	return keys;
}

bool
keys_parse(struct words *w, const struct key *keys, void *to)
{
	uint64_t seen;

	return keys_parse_seen(w, keys, to, &seen);
}

bool
keys_parse_seen(struct words *w, const struct key *keys, void *to, uint64_t *seen)
{
	const char *word;

	*seen = 0;
	while ((word = words_next(w)) != NULL) {
		const struct key *k = find_key(w, keys, word);
		const char *value = NULL;

		if (k->name == NULL) {
			unknown_key(word, keys);
			return false;
		}
		if (*seen >> (k - keys) & 1) {
			wrong("'%s' is given twice", k->name);
			return false;
		}
		*seen |= 1ull << (k - keys);
		if (k->value && (value = words_next(w)) == NULL) {
			wrong("'%s' wants %s behind it", k->name, k->value);
			return false;
		}
		if (!k->take(to, value))
			return false;
	}
	for (const struct key *k = keys; k->name; k++) {
		if (k->required && !(*seen >> (k - keys) & 1)) {
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

static const struct {
	const char *unit;
	uint64_t ns;
} units[] = {{"s", 1000000000}, {"ms", 1000000}, {"us", 1000}};

const char *
time_text(uint64_t ns, char out[TIME_TEXT])
{
	size_t i = 0;

	while (i + 1 < RTE_DIM(units) && ns % units[i].ns)
		i++;
	snprintf(out, TIME_TEXT, "%" PRIu64 "%s", ns / units[i].ns, units[i].unit);
	return out;
}

bool
take_time(const char *text, uint64_t min_ns, uint64_t max_ns, const char *what, uint64_t *out)
{
	char least[TIME_TEXT], most[TIME_TEXT];
	char *end;
	double n = strtod(text, &end);

	for (size_t i = 0; isdigit((unsigned char)text[0]) && i < RTE_DIM(units); i++) {
		double ns = n * units[i].ns;

		if (strcmp(end, units[i].unit) || !(ns >= min_ns && ns <= max_ns))
			continue;
		*out = (uint64_t)(ns / 1000 + 0.5) * 1000;
		return true;
	}
	wrong("%s '%s': expected a time from %s to %s with its unit, as in 2s, 10ms or 500us", what,
		text, time_text(min_ns, least), time_text(max_ns, most));
	return false;
}

bool
take_address(const char *text, struct spate_addr *out)
{
	memset(out, 0, sizeof(*out));
	out->family = strchr(text, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(out->family, text, out->family == AF_INET ? (void *)&out->ip4 : out->ip6) ==
		1)
		return true;
	wrong("address '%s': expected one as 198.18.0.1 or 2001:2::1", text);
	return false;
}

bool
take_host(const char *text, struct spate_addr *out)
{
	if (!take_address(text, out))
		return false;
	if (out->family == AF_INET ? ipv4_is_unicast(out->ip4) : ipv6_is_unicast(out->ip6))
		return true;
	wrong("'%s' is no address a host can have", text);
	return false;
}

bool
take_prefix(const char *text, uint16_t family, struct spate_addr *out, uint8_t *prefix)
{
	const char *like = family == AF_INET ? "198.18.0.1/16" : "2001:2::1/64";
	char address[ADDR_TEXT];
	const char *slash = strchr(text, '/');
	uint64_t n;

	if (slash == NULL || (size_t)(slash - text) >= sizeof(address)) {
		wrong("'%s': expected an address with its prefix length, as in %s", text, like);
		return false;
	}
	memcpy(address, text, slash - text);
	address[slash - text] = '\0';
	if (!take_host(address, out))
		return false;
	if (out->family != family) {
		wrong("'%s': expected an %s address, as in %s", text,
			family == AF_INET ? "IPv4" : "IPv6", like);
		return false;
	}
	if (!take_number(slash + 1, 0, family == AF_INET ? 32 : 128, "prefix length", &n))
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
take_address_range(const char *text, struct spate_addr *first, struct spate_addr *last)
{
	char a[ADDR_TEXT], b[ADDR_TEXT];

	if (!cut_range(text, a, b, sizeof(a))) {
		wrong("'%s': expected an address or a range, as in 198.18.0.1-198.18.0.9", text);
		return false;
	}
	if (!take_host(a, first) || !take_host(b, last))
		return false;
	if (first->family != last->family) {
		wrong("address range '%s': one end is IPv4, the other IPv6", text);
		return false;
	}
	if (addr_compare(last, first) < 0) {
		wrong("address range '%s': the second address is before the first", text);
		return false;
	}
	if (first->family == AF_INET6 && memcmp(first->ip6, last->ip6, 8)) {
		wrong("address range '%s': expected both ends in one /64", text);
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

/* Cut "A:P", "[A]:P" or "*:P" at the colon before the port. False: it is none of these. */
static bool
cut_endpoint(const char *text, char address[ADDR_TEXT], const char **port)
{
	const char *colon = strrchr(text, ':');
	size_t len;

	if (colon == NULL)
		return false;
	*port = colon + 1;
	len = colon - text;
	if (text[0] == '[') {
		if (len < 2 || text[len - 1] != ']' || !memchr(text, ':', len))
			return false;
		text++;
		len -= 2;
	} else if (memchr(text, ':', len)) {
		return false; /* IPv6 without brackets: where does the port begin? */
	}
	if (len >= ADDR_TEXT)
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	return true;
}

bool
take_endpoint(const char *text, bool any_address, struct spate_addr *out)
{
	char address[ADDR_TEXT];
	const char *port;
	uint64_t n;

	if (!cut_endpoint(text, address, &port)) {
		wrong("'%s': expected ADDRESS:PORT, as in 198.18.1.1:80 or [2001:2::1]:80", text);
		return false;
	}
	if (any_address && strcmp(address, "*") == 0)
		*out = (struct spate_addr){.family = AF_INET6};
	else if (!take_address(address, out))
		return false;
	else if (!(any_address && addr_unspecified(out)) && !take_host(address, out))
		return false;
	if (!take_number(port, 1, 65535, "port", &n))
		return false;
	out->port = htons(n);
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

bool
addr_unspecified(const struct spate_addr *a)
{
	static const uint8_t none[16];

	return a->family == AF_INET6 ? memcmp(a->ip6, none, sizeof(none)) == 0 : a->ip4 == 0;
}

int
addr_compare(const struct spate_addr *a, const struct spate_addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return a->family == AF_INET6 ? memcmp(a->ip6, b->ip6, sizeof(a->ip6))
				     : memcmp(&a->ip4, &b->ip4, sizeof(a->ip4));
}

const char *
addr_text(const struct spate_addr *a, char out[ADDR_TEXT])
{
	inet_ntop(
		a->family, a->family == AF_INET6 ? (const void *)a->ip6 : &a->ip4, out, ADDR_TEXT);
	return out;
}

const char *
endpoint_text(const struct spate_addr *a, char out[ENDPOINT_TEXT])
{
	char address[ADDR_TEXT];
	unsigned int port = ntohs(a->port);

	if (a->family == AF_INET6 && addr_unspecified(a))
		snprintf(out, ENDPOINT_TEXT, "*:%u", port);
	else
		snprintf(out, ENDPOINT_TEXT, a->family == AF_INET6 ? "[%s]:%u" : "%s:%u",
			addr_text(a, address), port);
	return out;
}
