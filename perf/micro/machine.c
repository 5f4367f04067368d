/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * machine: not what is measured but what it is measured on, since a virtual machine's cores are
 * moved about by its host. How far two cores are from each other: a cache line goes to the other
 * and comes back. How fast they are: instructions that need nothing but a core, on both at once,
 * until the slower has done them; a core whose other half somebody else uses takes longer.
 */
#include "micro.h"

#include <stdalign.h>

#include <rte_launch.h>
#include <rte_lcore.h>

#define CROSSINGS 100000
#define ROUNDS    50000000
#define IN_ROUND  12 /* instructions, with the loop's */

static alignas(128) uint64_t ball;

/* Waits for the line with an even (`odd` 0) or odd number, and sends it back with the next. */
static int
play(void *odd)
{
	for (uint64_t n = *(uint64_t *)odd; n < 2 * CROSSINGS; n += 2) {
		while (__atomic_load_n(&ball, __ATOMIC_ACQUIRE) != n)
			;
		__atomic_store_n(&ball, n + 1, __ATOMIC_RELEASE);
	}
	return 0;
}

/* As many at a time as a core can, more or less: five sums that do not wait for each other. */
static int
compute(void *unused)
{
	uint64_t a = 0, b = 0, c = 0, d = 0, e = 0;

	(void)unused;
	for (uint32_t i = 0; i < ROUNDS; i++)
		__asm__ volatile("add $1, %0; add $2, %1; add $3, %2; add $4, %3; add $5, %4;"
				 "xor $1, %0; xor $2, %1; xor $3, %2; xor $4, %3; xor $5, %4"
				 : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e));
	return 0;
}

static void
together(lcore_function_t *f, void *here, void *there, unsigned int lcore)
{
	micro_on();
	rte_eal_remote_launch(f, there, lcore);
	f(here);
	rte_eal_wait_lcore(lcore);
	micro_off();
}

void
micro_machine(void)
{
	unsigned int lcore = rte_get_next_lcore(-1, 1, 0);
	uint64_t even = 0, odd = 1;

	if (lcore == RTE_MAX_LCORE)
		return;
	together(play, &even, &odd, lcore);
	micro_say(CROSSINGS, "machine.crossing");
	together(compute, NULL, NULL, lcore);
	micro_say((uint64_t)ROUNDS * IN_ROUND / 1000, "machine.1000-instructions");
}
