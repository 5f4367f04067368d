/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * eal: DPDK's environment for a test that is one of several at once. EAL ties its lcore to a CPU,
 * and all would have the first one's; they stay free to run on any.
 */
#ifndef TEST_EAL_H
#define TEST_EAL_H

#include <sched.h>

#include <rte_eal.h>

/* As rte_eal_init(). */
static inline int
eal_on_any_cpu(int argc, char **argv)
{
	cpu_set_t any;
	int known = sched_getaffinity(0, sizeof(any), &any), rc = rte_eal_init(argc, argv);

	if (rc >= 0 && known == 0)
		sched_setaffinity(0, sizeof(any), &any);
	return rc;
}

#endif
