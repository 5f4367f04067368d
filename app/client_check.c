/* SPDX-License-Identifier: BSD-3-Clause */
/* What of `client add` is right word by word and can be wrong together. */
#include <arpa/inet.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_common.h>

#include "client_words.h"
#include "verify.h"
#include "work.h"

#define WITH(kind) (1u << CLIENT_##kind)
#define ALL        ((1u << CLIENT_KINDS) - 1)

static const struct {
	const char *word;
	uint32_t kinds;
} goes_with[] = {
	{"path", WITH(HTTP)},
	{"size", WITH(HTTP)},
	{"requests", WITH(HTTP) | WITH(RR)},
	{"request-size", WITH(HTTP) | WITH(RR) | WITH(HOLD)},
	{"response-size", WITH(RR) | WITH(HOLD)},
	{"think", WITH(RR)},
	{"plain", WITH(RR) | WITH(HOLD)},
	{"verify", WITH(HTTP) | WITH(RR) | WITH(STREAM) | WITH(HOLD)},
	{"open-at-once", WITH(HOLD)},
	{"keep", WITH(HOLD)},
	{"every", WITH(HOLD)},
	{"concurrency", ALL & ~WITH(HOLD)},
	{"count", ALL & ~WITH(HOLD)},
	{"direction", WITH(STREAM)},
	{"bytes", WITH(STREAM)},
	{"for", WITH(STREAM)},
	{"close", ALL & ~WITH(STREAM)},
};

bool
client_word_given(uint64_t seen, const char *word)
{
	size_t i = 0;

	while (strcmp(client_keys[i].name, word))
		i++;
	return seen >> i & 1;
}

/* "rr", "http or rr", "http, rr or hold", as many as there are bits. */
static const char *
kinds_text(uint32_t kinds, char out[128])
{
	size_t at = 0;

	for (size_t i = 0; i < CLIENT_KINDS; i++)
		if (kinds >> i & 1)
			at += snprintf(out + at, 128 - at, "%s%s",
				at == 0                 ? ""
				: kinds >> (i + 1) == 0 ? " or "
							: ", ",
				client_kind_name[i]);
	return out;
}

/* Local addresses times ports. */
static double
tuples(const struct client_config *c)
{
	uint64_t first = ntohl(c->from_first.ip4), last = ntohl(c->from_last.ip4);

	if (c->from_first.family == AF_INET6) {
		memcpy(&first, c->from_first.ip6 + 8, sizeof(first));
		memcpy(&last, c->from_last.ip6 + 8, sizeof(last));
		first = rte_be_to_cpu_64(first);
		last = rte_be_to_cpu_64(last);
	}
	return (last - first + 1.0) * (c->port_last - c->port_first + 1.0);
}

static bool
check_hold(const struct client_config *c)
{
	if (c->open_at_once == 0) {
		wrong("client %s: 'open-at-once N' is missing: how many are to be held?", c->name);
		return false;
	}
	if (c->open_at_once > tuples(c)) {
		wrong("client %s: 'open-at-once %u' with %.0f local addresses and ports: expected "
		      "more of 'from' or 'ports'",
			c->name, c->open_at_once, tuples(c));
		return false;
	}
	return true;
}

/* One workload, and no word that it does not know. */
static bool
check_workload(const struct client_config *c, uint64_t seen)
{
	char text[128];

	for (size_t i = 0; i < CLIENT_KINDS; i++) {
		if (i != c->kind && client_word_given(seen, client_kind_name[i])) {
			wrong("client %s: '%s' and '%s': expected one of them", c->name,
				client_kind_name[i], client_kind_name[c->kind]);
			return false;
		}
	}
	for (size_t i = 0; i < RTE_DIM(goes_with); i++) {
		if (client_word_given(seen, goes_with[i].word) &&
			!(goes_with[i].kinds >> c->kind & 1)) {
			wrong("client %s: '%s' goes with %s only", c->name, goes_with[i].word,
				kinds_text(goes_with[i].kinds, text));
			return false;
		}
	}
	if (c->requests == 0 && c->kind != CLIENT_RR) {
		wrong("client %s: 'requests 0' goes with rr only", c->name);
		return false;
	}
	if (c->close == CLOSE_LAST && (c->kind == CLIENT_RR || c->kind == CLIENT_HOLD)) {
		wrong("client %s: 'close last' does not go with %s: the server does not know "
		      "which request is the last",
			c->name, client_kind_name[c->kind]);
		return false;
	}
	if (c->kind == CLIENT_STREAM && c->verify && c->direction == STREAM_UP) {
		wrong("client %s: 'verify' goes with direction down or both: nothing comes of up, "
		      "the server may verify",
			c->name);
		return false;
	}
	if (c->kind == CLIENT_HOLD && !check_hold(c))
		return false;
	if (c->bytes && c->for_ns) {
		wrong("client %s: 'bytes' and 'for': expected one of them", c->name);
		return false;
	}
	return true;
}

/* The head of an http request is as long as it is, or as much longer as a line is at least. */
bool
client_check_sizes(const struct client_config *c)
{
	struct client_config bare = *c;
	char out[HTTP_HEAD_MAX];
	uint32_t len;

	if (c->kind != CLIENT_HTTP || c->request_size == 0)
		return true;
	bare.request_size = 0;
	len = client_make_request(&bare, true, out) + HTTP_FILL_MIN;
	if (c->request_size >= len && c->request_size <= HTTP_HEAD_MAX)
		return true;
	wrong("client %s: request-size '%u': expected a number from %u to %u", c->name,
		c->request_size, len, HTTP_HEAD_MAX);
	return false;
}

/* `verify time-wait` has an end of its own and one way to close; the rest goes with load only. */
static bool
check_verify(const struct client_config *c)
{
	const struct {
		const char *word;
		bool given;
	} load[] = {
		{"close", c->close != CLOSE_UNSET && c->close != CLOSE_LAST},
		{"verify", c->verify},
		{"requests", c->requests != 1},
		{"size", c->size >= 0},
		{"rate", c->rate != RATE_MAX},
		{"count", c->count != COUNT_ENDLESS},
	};
	uint32_t ports = (uint32_t)c->port_last - c->port_first + 1;
	uint32_t repeat = c->repeat ? c->repeat : VERIFY_REPEAT_DEFAULT;

	if (!c->verify_time_wait) {
		if (!c->repeat && !c->wait_ms)
			return true;
		wrong("client %s: '%s' goes with 'verify time-wait' only", c->name,
			c->repeat ? "repeat" : "wait");
		return false;
	}
	for (size_t i = 0; i < RTE_DIM(load); i++) {
		if (load[i].given) {
			wrong("client %s: '%s' does not go with 'verify time-wait'%s", c->name,
				load[i].word, i == 0 ? ": the peer has to close first" : "");
			return false;
		}
	}
	if (c->kind != CLIENT_HTTP && c->kind != CLIENT_CONNECT_ONLY) {
		wrong("client %s: '%s' does not go with 'verify time-wait'", c->name,
			client_kind_name[c->kind]);
		return false;
	}
	if (ports < VERIFY_KINDS * repeat) {
		wrong("client %s: 'verify time-wait' with 'repeat %u' needs %u local ports: "
		      "expected 'ports A-B' with as many",
			c->name, repeat, VERIFY_KINDS * repeat);
		return false;
	}
	return true;
}

bool
client_check_words(const struct client_config *c, uint64_t seen)
{
	return check_workload(c, seen) && check_verify(c);
}
