/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/idle.h"

#include <sys/prctl.h>
#include <time.h>

#include <rte_cpuflags.h>
#include <rte_cycles.h>
#include <rte_pause.h>
#include <rte_power_intrinsics.h>

void
idle_prepare(void)
{
	/* The kernel is late by 50 us otherwise, to wake several threads at once. */
	prctl(PR_SET_TIMERSLACK, 1ul, 0ul, 0ul, 0ul);
}

/* Where the processor can wait for a point in time it does so, in a light sleep of its own. */
static void
pause_for(uint32_t ns)
{
	uint64_t until = rte_rdtsc() + (uint64_t)ns * rte_get_tsc_hz() / 1000000000;
	struct rte_cpu_intrinsics has;

	rte_cpu_get_intrinsics_support(&has);
	if (has.power_pause && rte_power_pause(until) == 0)
		return;
	while (rte_rdtsc() < until)
		rte_pause();
}

void
idle_take(enum idle_mode mode, uint32_t ns)
{
	struct timespec t = {.tv_nsec = ns};

	if (mode == IDLE_PAUSE)
		pause_for(ns);
	else if (mode == IDLE_SLEEP)
		clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
}
