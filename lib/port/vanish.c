/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/vanish.h"

#include <errno.h>
#include <string.h>

#include <rte_ethdev.h>

__thread struct port_vanish port_vanish;

bool
port_vanishes(const char *driver)
{
	return strcmp(driver, "net_memif") == 0;
}

bool
port_vanishes_any(void)
{
	struct rte_eth_dev_info info;
	uint16_t id;

	RTE_ETH_FOREACH_DEV(id)
	{
		if (rte_eth_dev_info_get(id, &info) == 0 && port_vanishes(info.driver_name))
			return true;
	}
	return false;
}

static void
on_fault(int signal_number)
{
	if (port_vanish.inside && port_vanish.back) {
		port_vanish.inside = 0;
		siglongjmp(*port_vanish.back, 1);
	}
	/* Not this: back to the instruction, which faults again and ends us as usual. */
	signal(signal_number, SIG_DFL);
}

int
port_vanish_watch(void)
{
	struct sigaction sa = {.sa_handler = on_fault};

	return sigaction(SIGSEGV, &sa, NULL) < 0 ? -errno : 0;
}
