/* SPDX-License-Identifier: BSD-3-Clause */
#include "client_words.h"

#include <string.h>

#include "verify.h"
#include "workload_port.h"

#define CONCURRENCY_DEFAULT 64
#define RR_SIZE_DEFAULT     64
#define KEEP_MAX_NS         (30 * 86400 * 1000000000ull)
#define STREAM_BYTES_MAX    999999999999999999 /* what a preface can say */
/* What is compared as 32 bits of microseconds must be less than half of them. */
#define WAIT_MAX_NS (1800 * 1000000000ull)

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
take_hold(void *to, const char *value)
{
	(void)value;
	((struct client_config *)to)->kind = CLIENT_HOLD;
	return true;
}

static bool
take_open_at_once(void *to, const char *value)
{
	uint64_t n;

	if (!take_number(value, 1, 500000000, "open-at-once", &n))
		return false;
	((struct client_config *)to)->open_at_once = n;
	return true;
}

static bool
take_keep(void *to, const char *value)
{
	return take_time(value, 1000, KEEP_MAX_NS, "keep", &((struct client_config *)to)->keep_ns);
}

static bool
take_every(void *to, const char *value)
{
	return take_time(
		value, 1000, WAIT_MAX_NS, "every", &((struct client_config *)to)->every_ns);
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

const struct key client_keys[] = {
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
		"with http: fill the head up to N bytes; with rr, hold: to 16777216 (default 64)",
		take_request_size, false},
	{"response-size", "N", "with rr, hold: 1 to 16777216 (default 64)", take_response_size,
		false},
	{"think", "TIME", "with rr: between a response and the next request, as 10ms", take_think,
		false},
	{"plain", NULL, "with rr, hold: do not tell the peer the sizes: it knows, or echoes",
		take_plain, false},
	{"stream", NULL, "bulk data; 'concurrency' is 1 without a word", take_stream, false},
	{"direction", "up|down|both", "with stream: to the server, from it (default up)",
		take_direction, false},
	{"bytes", "N", "with stream: so many on each connection, each way", take_bytes, false},
	{"for", "TIME", "with stream: instead, as 10s (default: until the client stops)", take_for,
		false},
	{"hold", NULL, "open many, keep them, close them", take_hold, false},
	{"open-at-once", "N", "with hold: so many, and no other after them", take_open_at_once,
		false},
	{"keep", "TIME", "with hold: from when all are open (default: until the client stops)",
		take_keep, false},
	{"every", "TIME", "with hold: each asks and is answered so often (default: never)",
		take_every, false},
	{"verify", NULL, "what comes must be spate's pattern; with hold: each answers at the end",
		take_verify, false},
	{"close", "first|last|reset",
		"who closes: the client, the peer, nobody (default last with http, else first)",
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

static void
fill_in(struct client_config *c)
{
	if (c->verify_time_wait) {
		c->repeat = c->repeat ? c->repeat : VERIFY_REPEAT_DEFAULT;
		c->wait_ms = c->wait_ms ? c->wait_ms : VERIFY_WAIT_DEFAULT;
	}
	if (c->close == CLOSE_UNSET)
		c->close = c->kind == CLIENT_HTTP || c->verify_time_wait ? CLOSE_LAST : CLOSE_FIRST;
	if (c->kind == CLIENT_HOLD) {
		c->concurrency = c->open_at_once;
		c->count = c->open_at_once;
	}
	if (c->kind == CLIENT_RR || c->kind == CLIENT_HOLD) {
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
	c->close = CLOSE_UNSET;
	if (!keys_parse_seen(args, client_keys, c, &seen) || !client_check_words(c, seen))
		return false;
	if (c->kind == CLIENT_STREAM && !client_word_given(seen, "concurrency"))
		c->concurrency = 1;
	fill_in(c);
	return client_check_sizes(c);
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
