/* SPDX-License-Identifier: BSD-3-Clause */
#include "http.h"

#include <ctype.h>
#include <string.h>

enum state {
	START_LINE,
	LINE_BEGIN, /* a field name, or the empty line */
	NAME,
	VALUE,
	OTHER, /* a line nobody reads */
};

enum field {
	FIELD_LENGTH,
	FIELD_CONNECTION,
	FIELD_ENCODING,
	FIELDS,
};

static const char *const field_name[FIELDS] = {
	"content-length",
	"connection",
	"transfer-encoding",
};

/* Of ASCII, whatever the locale. */
static uint8_t
lower(uint8_t ch)
{
	return ch >= 'A' && ch <= 'Z' ? ch | 0x20 : ch;
}

static void
bad(struct http_head *h)
{
	h->flags |= HTTP_BAD | HTTP_DONE;
}

/*
 * The first line. A response begins "HTTP/1.x SSS"; a request ends " HTTP/1.x", of which
 * only the last digit before the line's end matters.
 */
static void
start_line(struct http_head *h, uint8_t ch)
{
	uint8_t at = h->at;

	if (h->at < UINT8_MAX)
		h->at++;
	if (at < 5)
		h->field += ch == (uint8_t) "HTTP/"[at]; /* 5: this is a response */
	if (h->field == 5 && at == 7 && ch == '0')
		h->flags |= HTTP_VERSION_10;
	if (h->field == 5 && at >= 9 && at <= 11) {
		if (!isdigit(ch))
			bad(h);
		h->status = h->status * 10 + (ch - '0');
	}
	if (h->field < 5 && at >= 5 && ch != '\r') {
		/* The last character of a request line decides the version. */
		h->flags &= ~HTTP_VERSION_10;
		if (ch == '0')
			h->flags |= HTTP_VERSION_10;
	}
}

/* The next character of a field name: which of the fields we know can it still be? */
static void
name(struct http_head *h, uint8_t ch)
{
	uint8_t still = 0;

	/* A NUL would pass for the end of a name. */
	if (ch == '\0') {
		h->state = OTHER;
		return;
	}
	ch = lower(ch);
	for (int f = 0; f < FIELDS; f++)
		if ((h->field >> f & 1) && (uint8_t)field_name[f][h->at] == (ch == ':' ? '\0' : ch))
			still |= 1 << f;
	h->field = still;
	h->at++;
	if (still == 0) {
		h->state = OTHER;
	} else if (ch == ':') {
		h->state = VALUE;
		h->at = 0;
		/* Two lengths are one too many (RFC 9112 6.3). */
		if (still == 1 << FIELD_LENGTH && (h->flags & HTTP_HAS_LENGTH))
			bad(h);
	}
}

static void
value(struct http_head *h, uint8_t ch)
{
	if (ch == ' ' || ch == '\t')
		return;
	if (h->field == 1 << FIELD_LENGTH) {
		if (!isdigit(ch) || h->length > (UINT32_MAX - 9) / 10) {
			bad(h);
			return;
		}
		h->length = h->length * 10 + (ch - '0');
		h->flags |= HTTP_HAS_LENGTH;
		return;
	}
	/* The first letter of each element of the list tells close, keep-alive and chunked apart.
	 */
	if (ch == ',') {
		h->at = 0;
		return;
	}
	if (h->at > 0)
		return;
	h->at = 1;
	ch = lower(ch);
	if (h->field == 1 << FIELD_ENCODING)
		h->flags |= ch == 'c' ? HTTP_CHUNKED : 0;
	else
		h->flags |= ch == 'c' ? HTTP_CLOSE : ch == 'k' ? HTTP_KEEP_ALIVE : 0;
}

/* Bytes up to the line's end, which nobody reads: most of a head is skipped, not parsed. */
static uint32_t
rest_of_line(const uint8_t *p, uint32_t len)
{
	const uint8_t *end = memchr(p, '\n', len);

	return end ? (uint32_t)(end - p) : len;
}

uint32_t
http_head_parse(struct http_head *h, const uint8_t *p, uint32_t len)
{
	uint32_t i = 0;

	while (i < len && !(h->flags & HTTP_DONE)) {
		uint8_t ch = p[i++];

		if (ch == '\n') {
			if (h->state == LINE_BEGIN)
				h->flags |= HTTP_DONE;
			/* RFC 9112 2.2: an empty line ahead of the message is passed over. */
			if (h->state == START_LINE && h->at == 0)
				continue;
			if (h->state == START_LINE && h->at < 12)
				bad(h);
			h->state = LINE_BEGIN;
			continue;
		}
		if (ch == '\r')
			continue;
		switch ((enum state)h->state) {
		case START_LINE:
			start_line(h, ch);
			break;
		case LINE_BEGIN:
			h->state = NAME;
			h->field = (1 << FIELDS) - 1;
			h->at = 0;
			/* fall through */
		case NAME:
			name(h, ch);
			break;
		case VALUE:
			value(h, ch);
			break;
		case OTHER:
			i += rest_of_line(p + i, len - i);
			break;
		}
	}
	if (!(h->flags & HTTP_DONE) && h->size + i > HTTP_HEAD_MAX)
		bad(h);
	h->size += i;
	return i;
}

uint32_t
http_head_take(struct http_seen *seen, struct http_head *h, const uint8_t *p, uint32_t len)
{
	bool whole = h->size == 0; /* nothing of it came before */
	uint32_t n;

	if (whole && seen->len && len >= seen->len && memcmp(p, seen->bytes, seen->len) == 0) {
		*h = seen->head;
		return seen->len;
	}
	n = http_head_parse(h, p, len);
	if (whole && (h->flags & (HTTP_DONE | HTTP_BAD)) == HTTP_DONE && n <= HTTP_SEEN_MAX) {
		memcpy(seen->bytes, p, n);
		seen->len = n;
		seen->head = *h;
	}
	return n;
}
