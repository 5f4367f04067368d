/* SPDX-License-Identifier: BSD-3-Clause */
/* The bad network: shares, order, times, bounds, and that no frame is lost uncounted. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "port/impair.h"
#include "../eal.h"
#include "unit.h"

#include <rte_eal.h>
#include <rte_mempool.h>

#define FRAMES 20000
#define LEN    100

static struct rte_mempool *pool;
static struct impair_pipe pipe_;

static int
start(void **state)
{
	static char words[][32] = {"impair", "--no-huge", "--no-pci", "-m", "128", "--no-telemetry",
		"--log-level=error", "--lcores", "0", "--no-shconf", "--file-prefix=impair-PID"};
	char *argv[N_OF(words)];

	(void)state;
	snprintf(words[N_OF(words) - 1], sizeof(words[0]), "--file-prefix=impair-%d", getpid());
	for (size_t i = 0; i < N_OF(words); i++)
		argv[i] = words[i];
	if (eal_on_any_cpu(N_OF(argv), argv) < 0)
		return -1;
	pool = rte_pktmbuf_pool_create("impair", 16383, 0, 0, 512, -1);
	return pool ? 0 : -1;
}

static int
stop(void **state)
{
	(void)state;
	rte_mempool_free(pool);
	return rte_eal_cleanup();
}

/* Frame number `n`: the number, then bytes that follow from it. */
static struct rte_mbuf *
frame(uint32_t n)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	uint8_t *p;

	assert_non_null(m);
	p = (uint8_t *)rte_pktmbuf_append(m, LEN);
	if (p == NULL)
		abort();
	memset(p, n & 0xff, LEN);
	memcpy(p, &n, sizeof(n));
	return m;
}

struct seen {
	uint32_t n, damaged, backwards, twice;
	uint32_t times[FRAMES];
};

static void
look(struct seen *s, struct rte_mbuf *m, uint32_t *last)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t n, wrong = 0;

	assert_int_equal(m->pkt_len, LEN);
	memcpy(&n, p, sizeof(n));
	s->n++;
	if (n < FRAMES)
		for (uint32_t i = sizeof(n); i < LEN; i++)
			wrong += __builtin_popcount(p[i] ^ (n & 0xff));
	/* One bit, and the number itself may be what was hit. */
	if (n >= FRAMES || wrong) {
		s->damaged++;
		rte_pktmbuf_free(m);
		return;
	}
	s->twice += s->times[n]++ > 0;
	s->backwards += n < *last;
	*last = n > *last ? n : *last;
	rte_pktmbuf_free(m);
}

/* Send all frames through, one every `every_ns`, pulling as time goes on. */
static void
run(const struct impair_conf *conf, uint64_t stream, uint64_t every_ns, struct seen *s)
{
	uint32_t last = 0;

	memset(s, 0, sizeof(*s));
	impair_init(&pipe_, conf, stream, pool);
	for (uint32_t i = 0; i < FRAMES + 100000; i++) {
		struct rte_mbuf *m, *out[8];
		uint64_t now = i * every_ns;
		uint16_t n;

		if (i < FRAMES) {
			m = frame(i);
			impair_push(&pipe_, &m, 1, now);
		}
		n = impair_pull(&pipe_, out, 8, now);
		for (uint16_t k = 0; k < n; k++)
			look(s, out[k], &last);
	}
	assert_int_equal(pipe_.line.head, pipe_.line.tail);
	assert_int_equal(pipe_.late.head, pipe_.late.tail);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
	assert_int_equal(s->n, pipe_.count.passed);
	assert_int_equal(FRAMES + pipe_.count.duplicated,
		pipe_.count.passed + pipe_.count.lost + pipe_.count.overflowed);
}

/* Is `n` of FRAMES what `share` millionths are, within five standard deviations? */
static void
assert_share(uint64_t n, uint32_t share)
{
	double mean = (double)FRAMES * share / IMPAIR_WHOLE;

	assert_true((n - mean) * (n - mean) <= 25 * mean + 25);
}

static void
test_impair_nothing(void **state)
{
	struct impair_conf conf = {.seed = 1};
	struct seen s;

	(void)state;
	run(&conf, 0, 1000, &s);
	assert_int_equal(s.n, FRAMES);
	assert_int_equal(s.damaged + s.backwards + s.twice, 0);
}

static void
test_impair_shares(void **state)
{
	static const uint32_t shares[] = {100, 10000, 50000, 500000};
	struct seen s;

	(void)state;
	for (size_t i = 0; i < N_OF(shares); i++) {
		struct impair_conf conf = {.loss = shares[i], .seed = 7};

		run(&conf, i, 1000, &s);
		assert_share(pipe_.count.lost, shares[i]);
		assert_int_equal(s.n, FRAMES - pipe_.count.lost);
		assert_int_equal(s.backwards + s.twice + s.damaged, 0);

		conf = (struct impair_conf){.duplicate = shares[i], .seed = 7};
		run(&conf, i, 1000, &s);
		assert_share(pipe_.count.duplicated, shares[i]);
		assert_int_equal(s.twice, pipe_.count.duplicated);
		assert_int_equal(s.backwards + s.damaged, 0);

		conf = (struct impair_conf){.corrupt = shares[i], .seed = 7};
		run(&conf, i, 1000, &s);
		assert_share(pipe_.count.corrupted, shares[i]);
		/* A bit of the number may make it another frame's, which then is one too many. */
		assert_in_range(s.damaged + s.twice, pipe_.count.corrupted * 9 / 10,
			pipe_.count.corrupted);

		conf = (struct impair_conf){.reorder = shares[i], .seed = 7};
		run(&conf, i, 1000, &s);
		assert_share(pipe_.count.reordered, shares[i]);
		assert_int_equal(s.n, FRAMES);
		assert_int_equal(s.twice + s.damaged, 0);
		/* The last ones have nobody to overtake them. */
		assert_true(s.backwards <= pipe_.count.reordered &&
			    s.backwards + 1000 * shares[i] / IMPAIR_WHOLE + 1 >=
				    pipe_.count.reordered);
	}
}

/* A frame in several buffers is damaged in any of them, in one bit. */
static void
test_impair_damages_chains(void **state)
{
	struct impair_conf conf = {.corrupt = IMPAIR_WHOLE, .seed = 5};
	struct rte_mbuf *out[1];
	uint32_t third[3] = {0};

	(void)state;
	impair_init(&pipe_, &conf, 0, pool);
	for (int i = 0; i < 300; i++) {
		struct rte_mbuf *m[3];
		uint8_t b[900];
		const uint8_t *p;
		uint32_t flipped = 0;

		for (int k = 0; k < 3; k++) {
			m[k] = rte_pktmbuf_alloc(pool);
			assert_non_null(m[k]);
			memset(rte_pktmbuf_append(m[k], 300), 0, 300);
			if (k > 0)
				assert_int_equal(rte_pktmbuf_chain(m[0], m[k]), 0);
		}
		impair_push(&pipe_, m, 1, 0);
		assert_int_equal(impair_pull(&pipe_, out, 1, 0), 1);
		assert_int_equal(out[0]->pkt_len, 900);
		p = rte_pktmbuf_read(out[0], 0, 900, b);
		for (uint32_t at = 0; at < 900; at++) {
			flipped += __builtin_popcount(p[at]);
			third[at / 300] += p[at] != 0;
		}
		assert_int_equal(flipped, 1);
		rte_pktmbuf_free(out[0]);
	}
	for (int k = 0; k < 3; k++)
		assert_in_range(third[k], 60, 140);
}

static void
test_impair_delay(void **state)
{
	struct impair_conf conf = {.delay_ns = 1000000, .seed = 3};
	struct rte_mbuf *m = frame(0), *out[4];

	(void)state;
	impair_init(&pipe_, &conf, 0, pool);
	impair_push(&pipe_, &m, 1, 5000);
	assert_int_equal(impair_pull(&pipe_, out, 4, 5000), 0);
	assert_int_equal(impair_pull(&pipe_, out, 4, 1004999), 0);
	assert_int_equal(impair_pull(&pipe_, out, 4, 1005000), 1);
	rte_pktmbuf_free(out[0]);
}

/* Overtaken by what follows within a millisecond, and by no more. */
static void
test_impair_overtaken(void **state)
{
	struct impair_conf conf = {.reorder = IMPAIR_WHOLE, .delay_ns = 500, .seed = 3};
	struct rte_mbuf *m = frame(0), *out[4];

	(void)state;
	impair_init(&pipe_, &conf, 0, pool);
	impair_push(&pipe_, &m, 1, 0);
	assert_int_equal(impair_pull(&pipe_, out, 4, 500 + IMPAIR_OVERTAKEN_NS - 1), 0);
	assert_int_equal(impair_pull(&pipe_, out, 4, 500 + IMPAIR_OVERTAKEN_NS), 1);
	rte_pktmbuf_free(out[0]);
}

static void
push(uint32_t n, uint64_t now)
{
	struct rte_mbuf *m = frame(n);

	impair_push(&pipe_, &m, 1, now);
}

/* Changed while it holds frames: none is lost, none overtakes, and a shorter delay is at once. */
static void
test_impair_changes(void **state)
{
	struct impair_conf far = {.delay_ns = 9000, .seed = 3}, near = {.delay_ns = 1000}, good = {0};
	struct rte_mbuf *out[4];
	uint32_t last = 0;
	struct seen s = {0};

	(void)state;
	impair_init(&pipe_, &near, 0, pool);
	push(0, 0);
	impair_change(&pipe_, &far, 0, 500);
	push(1, 500);
	assert_int_equal(impair_pull(&pipe_, out, 4, 999), 0);
	assert_int_equal(impair_pull(&pipe_, out, 4, 1000), 1);
	look(&s, out[0], &last);
	impair_change(&pipe_, &near, 0, 2000);
	assert_int_equal(impair_pull(&pipe_, out, 4, 2999), 0);
	assert_int_equal(impair_pull(&pipe_, out, 4, 3000), 1);
	look(&s, out[0], &last);
	impair_change(&pipe_, &far, 0, 3000);
	push(2, 3000);
	impair_change(&pipe_, &good, 0, 3001);
	push(3, 3001);
	assert_int_equal(impair_pull(&pipe_, out, 4, 3001), 2);
	look(&s, out[0], &last);
	look(&s, out[1], &last);
	assert_int_equal(s.n, 4);
	assert_int_equal(s.backwards + s.twice + s.damaged, 0);
	assert_int_equal(pipe_.count.passed, 4);
	assert_false(impair_holds(&pipe_));
}

static void
test_impair_is_bounded(void **state)
{
	struct impair_conf conf = {.delay_ns = 1000000, .seed = 3};

	(void)state;
	impair_init(&pipe_, &conf, 0, pool);
	for (uint32_t i = 0; i < IMPAIR_FRAMES + 10; i++) {
		struct rte_mbuf *m = frame(i);

		impair_push(&pipe_, &m, 1, 0);
	}
	assert_int_equal(pipe_.count.overflowed, 10);
	impair_drain(&pipe_);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
}

/* The same seed does the same; another one, or another pipe, something else. */
static void
test_impair_repeats(void **state)
{
	struct impair_conf conf = {.loss = 300000, .seed = 11};
	static struct seen a, b;

	(void)state;
	run(&conf, 1, 1000, &a);
	run(&conf, 1, 1000, &b);
	assert_memory_equal(&a, &b, sizeof(a));
	run(&conf, 2, 1000, &b);
	assert_memory_not_equal(a.times, b.times, sizeof(a.times));
	conf.seed = 12;
	run(&conf, 1, 1000, &b);
	assert_memory_not_equal(a.times, b.times, sizeof(a.times));
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_impair_nothing),
		cmocka_unit_test(test_impair_shares),
		cmocka_unit_test(test_impair_damages_chains),
		cmocka_unit_test(test_impair_delay),
		cmocka_unit_test(test_impair_overtaken),
		cmocka_unit_test(test_impair_changes),
		cmocka_unit_test(test_impair_is_bounded),
		cmocka_unit_test(test_impair_repeats),
	};

	return unit_main(argc, argv, tests, N_OF(tests), start, stop);
}
