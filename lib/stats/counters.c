/* SPDX-License-Identifier: BSD-3-Clause */
#include "stats/counters.h"

const struct spate_counter_info spate_counter_info[SPATE_N_COUNTERS] = {
#define X(id, name, help) {#name, help},
	SPATE_COUNTERS (X)
#undef X
};

void
spate_counters_add(struct spate_counters *to, const struct spate_counters *from)
{
	for (int i = 0; i < SPATE_N_COUNTERS; i++)
		to->v[i] += __atomic_load_n(&from->v[i], __ATOMIC_RELAXED);
}
