/* SPDX-License-Identifier: BSD-3-Clause */
#include "client_words.h"

#include <string.h>

#include <rte_common.h>

#include "verify.h"
#include "work.h"
#include "workload_port.h"

#define CONCURRENCY_DEFAULT 64
#define RR_SIZE_DEFAULT     64
#define STREAM_BYTES_MAX    999999999999999999 /* what a preface can say */
/* What is compared as 32 bits of microseconds must be less than half of them. */
#define WAIT_MAX_NS (1800 * 1000000000ull)

static const int close_unset = -1;

static bool
take_port(void *to, const char *value)
{
	return workload_port(value, &((struct client_config *)to)->port);
}

static bool
take_from(void *to, const char *value)
{
	struct client_config *c = to;

	return take_address_range(value, &c->from_first, &c->from_last);
}

static bool
take_ports(void *to, const char *value)
{
	struct client_config *c = to;

	return take_port_range(value, &c->port_first, &c->port_last);
}

static bool
take_to(void *to, const char *value)
{
	struct client_config *c = to;

	return take_endpoint(value, false, &c->to);
}

static bool
take_http(void *to, const char *value)
{
	(void)value;
	((struct client_config *)to)->kind = CLIENT_HTTP;
	return true;
}

static bool
take_connect_only(void *to, const char *value)
{
	(void)value;
	((struct client_config *)to)->kind = CLIENT_CONNECT_ONLY;
	return true;
}

static bool
take_rr(void *to, const char *value)
{
	(void)value;
	((struct client_config *)to)->kind = CLIENT_RR;
	return true;
}

static bool
take_path(void *to, const char *value)
{
	if (value[0] != '/' || strlen(value) >= PATH_MAX_LEN) {
		wrong("path '%s': expected one that begins with / and has up to %d characters",
			value, PATH_MAX_LEN - 1);
		return false;
	}
	strcpy(((struct client_config *)to)->path, value);
	return true;
}

static bool
take_requests(void *to, const char *value)
{
	uint64_t n;

	if (!take_number(value, 0, UINT32_MAX - 1, "requests", &n))
		return false;
	((struct client_config *)to)->requests = n;
	return true;
}

static bool
take_size(void *to, const char *value)
{
	uint64_t n;

	if (!take_number(value, 0, UINT32_MAX, "size", &n))
		return false;
	((struct client_config *)to)->size = n;
	return true;
}

static bool
take_request_size(void *to, const char *value)
{
	uint64_t n;

	if (!take_number(value, 1, RR_SIZE_MAX, "request-size", &n))
		return false;
	((struct client_config *)to)->request_size = n;
	return true;
}

static bool
take_response_size(void *to, const char *value)
{
	uint64_t n;

	if (!take_number(value, 1, RR_SIZE_MAX, "response-size", &n))
		return false;
	((struct client_config *)to)->response_size = n;
	return true;
}

static bool
take_think(void *to, const char *value)
{
	return take_time(value, 0, WAIT_MAX_NS, "think", &((struct client_config *)to)->think_ns);
}

static bool
take_stream(void *to, const char *value)
{
	(void)value;
	((struct client_config *)to)->kind = CLIENT_STREAM;
	return true;
}

static bool
take_direction(void *to, const char *value)
{
	for (int i = STREAM_UP; i <= STREAM_BOTH; i++) {
		if (strcmp(value, stream_direction_name[i]) == 0) {
			((struct client_config *)to)->direction = i;
			return true;
		}
	}
	wrong("direction '%s': expected up|down|both", value);
	return false;
}

static bool
take_bytes(void *to, const char *value)
{
	return take_number(
		value, 1, STREAM_BYTES_MAX, "bytes", &((struct client_config *)to)->bytes);
}

static bool
take_for(void *to, const char *value)
{
	return take_time(value, 1000000, WAIT_MAX_NS, "for", &((struct client_config *)to)->for_ns);
}

static bool
take_plain(void *to, const char *value)
{
	(void)value;
	((struct client_config *)to)->plain = true;
	return true;
}

static bool
take_verify(void *to, const char *value)
{
	(void)value;
	((struct client_config *)to)->verify = true;
	return true;
}

static bool
take_close(void *to, const char *value)
{
	static const char *const mode[] = {"last", "first", "reset"};

	for (int i = 0; i < 3; i++) {
		if (strcmp(value, mode[i]) == 0) {
			((struct client_config *)to)->close = i;
			return true;
		}
	}
	wrong("close '%s': expected first|last|reset", value);
	return false;
}

static bool
take_rate(void *to, const char *value)
{
	uint64_t n = RATE_MAX;

	if (strcmp(value, "max")) {
		/* 0 would open nothing; to pause a client, stop it. */
		if (!take_number(value, 1, 1000000000, "rate", &n))
			return false;
	}
	((struct client_config *)to)->rate = n;
	return true;
}

static bool
take_concurrency(void *to, const char *value)
{
	uint64_t n;

	if (!take_number(value, 1, 500000000, "concurrency", &n))
		return false;
	((struct client_config *)to)->concurrency = n;
	return true;
}

static bool
take_count(void *to, const char *value)
{
	uint64_t n;

	if (!take_number(value, 1, UINT64_MAX - 1, "count", &n))
		return false;
	((struct client_config *)to)->count = n;
	return true;
}

static bool
take_verify_time_wait(void *to, const char *value)
{
	(void)value;
	((struct client_config *)to)->verify_time_wait = true;
	return true;
}

static bool
take_repeat(void *to, const char *value)
{
	uint64_t n;

	if (!take_number(value, 1, VERIFY_REPEAT_MAX, "repeat", &n))
		return false;
	((struct client_config *)to)->repeat = n;
	return true;
}

static bool
take_wait(void *to, const char *value)
{
	uint64_t n;

	if (!take_number(value, 10, 600000, "wait", &n))
		return false;
	((struct client_config *)to)->wait_ms = n;
	return true;
}

static const struct key client_keys[] = {
	{"port", "P", "the DPDK port to open from", take_port, true},
	{"from", "IP[-IP]", "local addresses; the port answers for them", take_from, true},
	{"ports", "A-B", "local TCP ports (default 1024-65535)", take_ports, false},
	{"to", "IP:PORT", "where to", take_to, true},
	{"http", NULL, "make HTTP requests (default)", take_http, false},
	{"path", "/PATH", "with http: what to ask for (default /)", take_path, false},
	{"size", "N", "with http: the body must have N bytes", take_size, false},
	{"connect-only", NULL, "open and close, no data", take_connect_only, false},
	{"rr", NULL, "requests and responses of any size, by turns", take_rr, false},
	{"requests", "N",
		"with http, rr: on each connection (default 1); rr: 0, until the client stops",
		take_requests, false},
	{"request-size", "N",
		"with http: fill the head up to N bytes; with rr: 1 to 16777216 (default 64)",
		take_request_size, false},
	{"response-size", "N", "with rr: 1 to 16777216 (default 64)", take_response_size, false},
	{"think", "TIME", "with rr: between a response and the next request, as 10ms", take_think,
		false},
	{"plain", NULL, "with rr: do not tell the peer the sizes: it knows, or echoes", take_plain,
		false},
	{"stream", NULL, "bulk data; 'concurrency' is 1 without a word", take_stream, false},
	{"direction", "up|down|both", "with stream: to the server, from it (default up)",
		take_direction, false},
	{"bytes", "N", "with stream: so many on each connection, each way", take_bytes, false},
	{"for", "TIME", "with stream: instead, as 10s (default: until the client stops)", take_for,
		false},
	{"verify", NULL, "what comes must be spate's pattern", take_verify, false},
	{"close", "first|last|reset",
		"who closes: the client, the peer, nobody (default last; connect-only, rr: first)",
		take_close, false},
	{"rate", "N|max", "connections a second (default max)", take_rate, false},
	{"concurrency", "N", "connections at once (default 64)", take_concurrency, false},
	{"count", "N", "connections in all (default: no end)", take_count, false},
	{"verify time-wait", NULL,
		"no load: find out which SYNs the peer, in TIME_WAIT, takes for new",
		take_verify_time_wait, false},
	{"repeat", "N", "with verify time-wait: runs of each kind (default 3)", take_repeat, false},
	{"wait", "MS", "with verify time-wait: how long an answer may take (default 3000)",
		take_wait, false},
	{NULL, NULL, NULL, NULL, false},
};

/* ---- what is right word by word can be wrong together */

#define WITH(kind) (1u << CLIENT_##kind)

static const struct {
	const char *word;
	uint32_t kinds;
} goes_with[] = {
	{"path", WITH(HTTP)},
	{"size", WITH(HTTP)},
	{"requests", WITH(HTTP) | WITH(RR)},
	{"request-size", WITH(HTTP) | WITH(RR)},
	{"response-size", WITH(RR)},
	{"think", WITH(RR)},
	{"plain", WITH(RR)},
	{"verify", WITH(HTTP) | WITH(RR) | WITH(STREAM)},
	{"direction", WITH(STREAM)},
	{"bytes", WITH(STREAM)},
	{"for", WITH(STREAM)},
	{"close", WITH(HTTP) | WITH(CONNECT_ONLY) | WITH(RR)},
};

static bool
given(uint64_t seen, const char *word)
{
	size_t i = 0;

	while (strcmp(client_keys[i].name, word))
		i++;
	return seen >> i & 1;
}

/* "rr", "http or rr", as many as there are bits. */
static const char *
kinds_text(uint32_t kinds, char out[128])
{
	size_t at = 0;

	for (size_t i = 0; i < CLIENT_KINDS; i++)
		if (kinds >> i & 1)
			at += snprintf(
				out + at, 128 - at, "%s%s", at ? " or " : "", client_kind_name[i]);
	return out;
}

/* One workload, and no word that it does not know. */
static bool
check_workload(const struct client_config *c, uint64_t seen)
{
	char text[128];

	for (size_t i = 0; i < CLIENT_KINDS; i++) {
		if (i != c->kind && given(seen, client_kind_name[i])) {
			wrong("client %s: '%s' and '%s': expected one of them", c->name,
				client_kind_name[i], client_kind_name[c->kind]);
			return false;
		}
	}
	for (size_t i = 0; i < RTE_DIM(goes_with); i++) {
		if (given(seen, goes_with[i].word) && !(goes_with[i].kinds >> c->kind & 1)) {
			wrong("client %s: '%s' goes with %s only", c->name, goes_with[i].word,
				kinds_text(goes_with[i].kinds, text));
			return false;
		}
	}
	if (c->requests == 0 && c->kind != CLIENT_RR) {
		wrong("client %s: 'requests 0' goes with rr only", c->name);
		return false;
	}
	if (c->close == CLOSE_LAST && c->kind == CLIENT_RR) {
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
	if (c->bytes && c->for_ns) {
		wrong("client %s: 'bytes' and 'for': expected one of them", c->name);
		return false;
	}
	return true;
}

/* The head of an http request is as long as it is, or as much longer as a line is at least. */
static bool
check_request_size(const struct client_config *c)
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
		{"close", (int)c->close != close_unset && c->close != CLOSE_LAST},
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

static void
fill_in(struct client_config *c)
{
	if (c->verify_time_wait) {
		c->repeat = c->repeat ? c->repeat : VERIFY_REPEAT_DEFAULT;
		c->wait_ms = c->wait_ms ? c->wait_ms : VERIFY_WAIT_DEFAULT;
	}
	if ((int)c->close == close_unset)
		c->close = c->kind == CLIENT_HTTP || c->verify_time_wait ? CLOSE_LAST : CLOSE_FIRST;
	if (c->kind == CLIENT_RR) {
		c->request_size = c->request_size ? c->request_size : RR_SIZE_DEFAULT;
		c->response_size = c->response_size ? c->response_size : RR_SIZE_DEFAULT;
	}
}

bool
client_words(struct words *args, struct client_config *c)
{
	uint64_t seen;

	c->port_first = 1024;
	c->port_last = 65535;
	strcpy(c->path, "/");
	c->requests = 1;
	c->size = -1;
	c->rate = RATE_MAX;
	c->concurrency = CONCURRENCY_DEFAULT;
	c->close = (enum close_mode)close_unset;
	if (!keys_parse_seen(args, client_keys, c, &seen) || !check_workload(c, seen) ||
		!check_verify(c))
		return false;
	if (c->kind == CLIENT_STREAM && !given(seen, "concurrency"))
		c->concurrency = 1;
	fill_in(c);
	return check_request_size(c);
}

void
client_words_help(void)
{
	keys_help(client_keys);
}

/* set client NAME rate N|max, concurrency N: the part of the table that changes live. */
static const struct key pace_keys[] = {
	{"rate", "N|max", "connections a second", take_rate, false},
	{"concurrency", "N", "connections at once", take_concurrency, false},
	{NULL, NULL, NULL, NULL, false},
};

bool
client_pace_words(struct words *args, struct client_config *c)
{
	return keys_parse(args, pace_keys, c);
}
