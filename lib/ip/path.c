/* SPDX-License-Identifier: BSD-3-Clause */
#include "ip/path.h"

#include <stddef.h>

static uint32_t
slot_of(rte_be32_t dst)
{
	return (rte_be_to_cpu_32(dst) * 0x9e3779b1u) >> 22 & (PATH_ENTRIES - 1);
}

const struct path *
path_find(const struct path_table *t, rte_be32_t dst, uint64_t now_ns)
{
	const struct path *p = &t->entry[slot_of(dst)];

	return p->dst == dst && now_ns < p->until_ns ? p : NULL;
}

void
path_learn(struct path_table *t, struct addr6_table *names, rte_be32_t dst, uint16_t mtu,
	bool fragment, uint64_t now_ns)
{
	struct path *p = &t->entry[slot_of(dst)];

	addr6_hold(names, dst);
	addr6_let_go(names, p->dst);
	*p = (struct path){dst, mtu, fragment, now_ns + PATH_LIFETIME_NS};
}

uint16_t
path_plateau_below(uint16_t mtu)
{
	static const uint16_t plateau[] = {
		32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68};

	for (size_t i = 0; i < sizeof(plateau) / sizeof(plateau[0]); i++)
		if (plateau[i] < mtu)
			return plateau[i];
	return plateau[sizeof(plateau) / sizeof(plateau[0]) - 1];
}
