/* SPDX-License-Identifier: BSD-3-Clause */
/* micro [EAL options] -- [NAME ...]: measures all, or what is named. */
#include "micro.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_malloc.h>

#ifdef HAVE_CALLGRIND
#include <valgrind/callgrind.h>
#else /* the tool is not installed: nothing counts */
#define RUNNING_ON_VALGRIND              0
#define CALLGRIND_TOGGLE_COLLECT         (void)0
#define CALLGRIND_DUMP_STATS_AT(comment) (void)(comment)
#endif

bool micro_counting;

static uint64_t cycles, began;

static const struct {
	const char *name;
	void (*run)(void);
} all[] = {
	{"machine", micro_machine},
	{"table", micro_table},
	{"timers", micro_timers},
	{"wire", micro_wire},
	{"pair", micro_pair},
	{"time-wait", micro_time_wait},
};

void
micro_on(void)
{
	CALLGRIND_TOGGLE_COLLECT;
	began = rte_rdtsc_precise();
}

void
micro_off(void)
{
	cycles += rte_rdtsc_precise() - began;
	CALLGRIND_TOGGLE_COLLECT;
}

void
micro_say(uint64_t n, const char *name, ...)
{
	char figure[64], comment[96];
	va_list ap;

	va_start(ap, name);
	vsnprintf(figure, sizeof(figure), name, ap);
	va_end(ap);
	if (micro_counting) {
		snprintf(comment, sizeof(comment), "%s %" PRIu64, figure, n);
		CALLGRIND_DUMP_STATS_AT(comment);
	} else {
		printf("%s %.2f ns\n", figure, cycles * 1e9 / rte_get_tsc_hz() / n);
	}
	cycles = 0;
}

void
micro_fail(const char *format, ...)
{
	va_list ap;

	fprintf(stderr, "micro: ");
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	exit(1);
}

void *
micro_alloc(size_t bytes)
{
	void *mem = rte_zmalloc("micro", bytes, RTE_CACHE_LINE_SIZE);

	if (mem == NULL)
		micro_fail("no memory for %zu bytes", bytes);
	return mem;
}

void
micro_free(void *mem)
{
	rte_free(mem);
}

static void
run(const char *name)
{
	for (size_t i = 0; i < N_OF(all); i++) {
		if (strcmp(all[i].name, name) == 0) {
			all[i].run();
			fflush(stdout);
			return;
		}
	}
	fprintf(stderr, "micro: '%s': expected one of:", name);
	for (size_t i = 0; i < N_OF(all); i++)
		fprintf(stderr, " %s", all[i].name);
	fprintf(stderr, "\n");
	exit(2);
}

int
main(int argc, char **argv)
{
	int eal_words = rte_eal_init(argc, argv);

	if (eal_words < 0)
		micro_fail("EAL did not start: %s", rte_strerror(rte_errno));
	micro_counting = RUNNING_ON_VALGRIND;
	for (int i = eal_words + 1; i < argc; i++)
		run(argv[i]);
	for (size_t i = 0; eal_words + 1 >= argc && i < N_OF(all); i++)
		run(all[i].name);
	rte_eal_cleanup();
	return 0;
}
