/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * app/http: heads as peers send them and as they should not, in one piece and in every other
 * number of pieces; and that a head which was seen before means what it means by itself.
 */
#include "unit.h"

#include "http.h"

#define RANDOM_HEADS 200000

struct known {
	const char *text;
	uint32_t size; /* of the head; 0: it is not complete */
	uint32_t length;
	uint16_t status;
	uint8_t flags;
};

static const struct known heads[] = {
	{"HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\nbody", 39, 64, 200,
		HTTP_DONE | HTTP_HAS_LENGTH},
	{"HTTP/1.1 200 OK\nCONTENT-LENGTH:7\n\n", 34, 7, 200, HTTP_DONE | HTTP_HAS_LENGTH},
	{"HTTP/1.0 404 No\r\n\r\n", 19, 0, 404, HTTP_DONE | HTTP_VERSION_10},
	{"HTTP/1.1 200 OK\r\nConnection: Close\r\nServer: x\r\n\r\n", 49, 0, 200,
		HTTP_DONE | HTTP_CLOSE},
	{"HTTP/1.1 200 OK\r\nConnection: upgrade, keep-alive\r\n\r\n", 52, 0, 200,
		HTTP_DONE | HTTP_KEEP_ALIVE},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 47, 0, 200,
		HTTP_DONE | HTTP_CHUNKED},
	{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27, 0, 0, HTTP_DONE},
	{"\r\nGET / HTTP/1.0\r\n\r\nGET", 20, 0, 0, HTTP_DONE | HTTP_VERSION_10},
	{"HTTP/1.1 200 OK\r\nContent-Length: 64\r\n", 0, 64, 200, HTTP_HAS_LENGTH},
	/* RFC 9112 6.3: two lengths, none, and one beyond bounds */
	{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 57, 1, 200,
		HTTP_DONE | HTTP_BAD | HTTP_HAS_LENGTH},
	{"HTTP/1.1 200 OK\r\nContent-Length: 4294967296\r\n\r\n", 47, 0, 200,
		HTTP_DONE | HTTP_BAD | HTTP_HAS_LENGTH},
	{"HTTP/1.1 2x0 OK\r\n\r\n", 19, 0, 0, HTTP_DONE | HTTP_BAD},
	/* a name that only begins like one, or goes on behind it */
	{"HTTP/1.1 200 OK\r\nContent-Lengt: 64\r\n\r\n", 38, 0, 200, HTTP_DONE},
	{"HTTP/1.1 200 OK\r\nContent-Lengths: 64\r\n\r\n", 40, 0, 200, HTTP_DONE},
	{"HTTP/1.1 200 OK\r\nContent\vLength: 5\r\n\r\n", 38, 0, 200, HTTP_DONE},
};

static void
assert_same(const struct http_head *a, const struct http_head *b)
{
	assert_int_equal(a->length, b->length);
	assert_int_equal(a->size, b->size);
	assert_int_equal(a->status, b->status);
	assert_int_equal(a->flags, b->flags);
}

static void
assert_known(const struct http_head *h, const struct known *k)
{
	assert_int_equal(h->flags & HTTP_BAD, k->flags & HTTP_BAD);
	if (h->flags & HTTP_BAD)
		return; /* nobody looks at the rest */
	assert_int_equal(h->flags, k->flags);
	assert_int_equal(h->status, k->status);
	assert_int_equal(h->length, k->length);
	assert_int_equal(h->size, k->size ? k->size : strlen(k->text));
}

static void
test_http_known_heads(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_OF(heads); i++) {
		struct http_head h;
		uint32_t n;

		http_head_start(&h);
		n = http_head_parse(&h, (const uint8_t *)heads[i].text, strlen(heads[i].text));
		assert_int_equal(n, h.size);
		assert_known(&h, &heads[i]);
	}
}

static void
test_http_in_two_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_OF(heads); i++) {
		uint32_t len = strlen(heads[i].text);

		for (uint32_t cut = 0; cut <= len; cut++) {
			const uint8_t *p = (const uint8_t *)heads[i].text;
			struct http_seen seen = {0};
			struct http_head h;
			uint32_t n;

			http_head_start(&h);
			n = http_head_take(&seen, &h, p, cut);
			if (!(h.flags & HTTP_DONE))
				http_head_take(&seen, &h, p + n, len - n);
			assert_known(&h, &heads[i]);
		}
	}
}

static void
test_http_without_end(void **state)
{
	struct http_head h;
	uint32_t sent = 0;

	(void)state;
	http_head_start(&h);
	while (!(h.flags & HTTP_DONE)) {
		sent += http_head_parse(&h, (const uint8_t *)"GET / HTTP/1.1\r\nX: y\r\n", 22);
		assert_in_range(sent, 1, HTTP_HEAD_MAX + 22);
	}
	assert_true(h.flags & HTTP_BAD);
}

/* A known head with a byte or none changed, and perhaps cut. */
static uint32_t
random_head(struct rng *r, uint8_t *out)
{
	const char *text = heads[rng_next(r) % N_OF(heads)].text;
	uint32_t len = strlen(text);

	memcpy(out, text, len);
	if (rng_next(r) % 4 == 0)
		out[rng_next(r) % len] = rng_next(r);
	return rng_next(r) % 8 ? len : rng_next(r) % (len + 1);
}

/* Whatever was seen before: what is taken is what is parsed. */
static void
test_http_seen_before(void **state)
{
	struct http_seen seen = {0};
	struct rng r = {.state = 1};
	uint32_t from_memory = 0;

	(void)state;
	for (uint32_t i = 0; i < RANDOM_HEADS; i++) {
		uint8_t text[HTTP_SEEN_MAX];
		uint32_t len = random_head(&r, text);
		uint8_t *exact = malloc(len ? len : 1);
		struct http_head a, b;

		memcpy(exact, text, len);
		http_head_start(&a);
		http_head_start(&b);
		from_memory += seen.len && len >= seen.len && !memcmp(exact, seen.bytes, seen.len);
		assert_int_equal(
			http_head_take(&seen, &a, exact, len), http_head_parse(&b, exact, len));
		assert_same(&a, &b);
		free(exact);
	}
	assert_in_range(from_memory, RANDOM_HEADS / 50, RANDOM_HEADS);
}

/* One that is longer than there is room for is parsed each time. */
static void
test_http_too_long_to_keep(void **state)
{
	static const char line[] = "X-Fill: 0123456789abcdef0123456789abcdef\r\n";
	struct http_seen seen = {0};
	uint8_t text[1024];
	uint32_t len = 0;

	(void)state;
	len += sprintf((char *)text, "HTTP/1.1 200 OK\r\n");
	while (len < 2 * HTTP_SEEN_MAX)
		len += sprintf((char *)text + len, "%s", line);
	len += sprintf((char *)text + len, "\r\n");
	for (int i = 0; i < 2; i++) {
		struct http_head h;

		http_head_start(&h);
		assert_int_equal(http_head_take(&seen, &h, text, len), len);
		assert_int_equal(h.flags, HTTP_DONE);
		assert_int_equal(seen.len, 0);
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_http_known_heads),
		cmocka_unit_test(test_http_in_two_pieces),
		cmocka_unit_test(test_http_without_end),
		cmocka_unit_test(test_http_seen_before),
		cmocka_unit_test(test_http_too_long_to_keep),
	};

	return unit_main(argc, argv, tests, N_OF(tests), NULL, NULL);
}
