/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/checksum.h"

#include <rte_common.h>
#include <rte_ip.h>

__rte_noinline uint64_t
checksum_long(const void *p, uint32_t len)
{
	return rte_raw_cksum(p, len);
}
