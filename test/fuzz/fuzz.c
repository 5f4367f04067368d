/* SPDX-License-Identifier: BSD-3-Clause */
/*
 *   fuzz --seeds FIRST-LAST      each seed in turn; a line for each that fails
 *   fuzz --seed N [--trace]      one seed; with every frame, call and callback
 *
 * The seeds run in a child process. One that kills it, or does not end, is a failure like
 * any other, and the next child goes on behind it.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_mempool.h>

#include "../eal.h"
#include "fuzz.h"

#define SEED_SECONDS 60 /* many times what one needs, also under a sanitizer */
#define RX_BUFFERS   1023
#define TX_BUFFERS   8191
#define FEW_BUFFERS  40

/* What the sanitizers' environment says in CI, for who runs this by hand. */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *
__asan_default_options(void)
{
	return "handle_segv=2:allow_user_segv_handler=0:detect_leaks=0";
}

const char *
__ubsan_default_options(void)
{
	return "halt_on_error=1:print_stacktrace=1";
}

/* What the parent sees of the child. */
struct progress {
	uint64_t seed, passed, failed;
};

static struct fuzz fuzz;
static struct rte_mempool *rx_pool, *tx_pool, *few, *cut_pool;
static void *huge;

uint64_t
fuzz_random(struct fuzz *f)
{
	return rng_next(&f->rng);
}

void
fuzz_trace(struct fuzz *f, const char *fmt, ...)
{
	va_list ap;

	if (!f->trace)
		return;
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

void
fuzz_fail(struct fuzz *f, const char *fmt, ...)
{
	va_list ap;

	if (f->failed)
		return;
	f->failed = true;
	printf("seed %lu, step %u: ", f->seed, f->step);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("; see: fuzz --seed %lu --trace\n", f->seed);
}

static int
start_eal(void)
{
	static char words[][32] = {"fuzz", "--no-huge", "--no-pci", "-m", "256", "--no-telemetry",
		"--log-level=error", "--lcores", "0", "--no-shconf", "--file-prefix=fuzz-PID"};
	char *argv[RTE_DIM(words)];

	snprintf(words[RTE_DIM(words) - 1], sizeof(words[0]), "--file-prefix=fuzz-%d", getpid());
	for (size_t i = 0; i < RTE_DIM(words); i++)
		argv[i] = words[i];
	if (eal_on_any_cpu(RTE_DIM(argv), argv) < 0)
		return -1;
	/* No per-core cache: what is not in use is in the pool, where it can be counted. */
	rx_pool = rte_pktmbuf_pool_create("in", RX_BUFFERS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, -1);
	tx_pool = rte_pktmbuf_pool_create("out", TX_BUFFERS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, -1);
	cut_pool = rte_pktmbuf_pool_create(
		"cut", RX_BUFFERS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, -1);
	few = rte_pktmbuf_pool_create("few", FEW_BUFFERS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, -1);
	/* Never written to, so it costs an address range and no memory. */
	huge = mmap(NULL, FUZZ_HUGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return rx_pool && tx_pool && few && cut_pool && huge != MAP_FAILED ? 0 : -1;
}

static bool
run(uint64_t seed, bool trace)
{
	memset(&fuzz, 0, sizeof(fuzz));
	fuzz.seed = seed;
	fuzz.rng.state = seed * 0xd1342543de82ef95ull;
	fuzz.trace = trace;
	fuzz.rx_pool = rx_pool;
	fuzz.cut_pool = cut_pool;
	fuzz.huge = chance(&fuzz, 5) ? huge : NULL;
	/* Some have to live with too few buffers. */
	fuzz.tx_pool = chance(&fuzz, 10) ? few : tx_pool;
	alarm(SEED_SECONDS);
	fuzz_life(&fuzz);
	alarm(0);
	return !fuzz.failed;
}

static int
child(struct progress *p, uint64_t first, uint64_t last)
{
	if (start_eal() < 0) {
		fprintf(stderr, "fuzz: no EAL, or no memory\n");
		return 1;
	}
	for (p->seed = first; p->seed <= last; p->seed++) {
		if (run(p->seed, false))
			p->passed++;
		else
			p->failed++;
	}
	fflush(stdout);
	return 0;
}

/* Seeds `first` to `last`, however many children it takes. */
static int
parent(uint64_t first, uint64_t last)
{
	struct progress *p =
		mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;

	if (p == MAP_FAILED) {
		perror("fuzz: mmap");
		return 1;
	}
	while (first <= last) {
		pid_t pid = fork();

		if (pid < 0) {
			perror("fuzz: fork");
			return 1;
		}
		p->seed = 0;
		if (pid == 0)
			_exit(child(p, first, last));
		if (waitpid(pid, &status, 0) < 0) {
			perror("fuzz: waitpid");
			return 1;
		}
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
			break;
		if (p->seed == 0) {
			fprintf(stderr, "fuzz: ended before its first seed, status %x\n", status);
			return 1;
		}
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
			printf("seed %lu does not end", p->seed);
		else
			printf("seed %lu ended the process, status %x", p->seed, status);
		printf("; see: fuzz --seed %lu --trace\n", p->seed);
		p->failed++;
		first = p->seed + 1;
	}
	printf("%lu passed, %lu failed\n", p->passed, p->failed);
	return p->failed ? 1 : 0;
}

static int
usage(void)
{
	fprintf(stderr, "usage: fuzz --seeds FIRST-LAST | fuzz --seed N [--trace]\n");
	return 2;
}

int
main(int argc, char **argv)
{
	unsigned long first, last;
	char rest;
	bool trace = argc == 4 && strcmp(argv[3], "--trace") == 0;

	/* A line at a time: a child that dies has said what it had to say. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 3 || (argc > 3 && !trace))
		return usage();
	if (strcmp(argv[1], "--seeds") == 0 && !trace &&
		sscanf(argv[2], "%lu-%lu%c", &first, &last, &rest) == 2 && first > 0 &&
		first <= last)
		return parent(first, last);
	if (strcmp(argv[1], "--seed") || sscanf(argv[2], "%lu%c", &first, &rest) != 1)
		return usage();
	if (start_eal() < 0) {
		fprintf(stderr, "fuzz: no EAL, or no memory\n");
		return 1;
	}
	printf("%s\n", run(first, trace) ? "1 passed, 0 failed" : "0 passed, 1 failed");
	rte_eal_cleanup();
	return fuzz.failed ? 1 : 0;
}
