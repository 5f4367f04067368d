/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv6 addresses of ours, their names, and the way to those of others. */
#include <errno.h>
#include <string.h>

#include "ip/ip.h"
#include "wire/addr.h"

#define BLOCK_SHIFT 22
#define BLOCK_SIZE  (1u << BLOCK_SHIFT) /* times IP_BLOCKS6_MAX: all names there are */

_Static_assert((uint64_t)BLOCK_SIZE *IP_BLOCKS6_MAX == ADDR_V6_MAX + 1ull, "names");

static uint64_t
low_half(const uint8_t addr[16])
{
	rte_be64_t low;

	memcpy(&low, addr + 8, sizeof(low));
	return rte_be_to_cpu_64(low);
}

static bool
is_block(const struct ip_block6 *b, const uint8_t high[8], uint64_t number)
{
	return b->number == number && memcmp(b->high, high, sizeof(b->high)) == 0;
}

static bool
in_range(const struct ip_range6 *r, const uint8_t addr[16])
{
	uint64_t low = low_half(addr);

	return r->first <= low && low <= r->last && memcmp(r->high, addr, 8) == 0;
}

/* A range that has `addr`, or NULL. */
static const struct ip_range6 *
range_of(const struct ip_iface *ip, const uint8_t addr[16])
{
	for (uint32_t i = 0; i < ip->n_ranges6; i++)
		if (in_range(&ip->range6[i], addr))
			return &ip->range6[i];
	return NULL;
}

bool
ip6_is_local_range(const struct ip_iface *ip, const uint8_t first[16], const uint8_t last[16])
{
	for (uint32_t i = 0; i < ip->n_ranges6; i++)
		if (in_range(&ip->range6[i], first) && in_range(&ip->range6[i], last))
			return low_half(first) <= low_half(last);
	return false;
}

/*
 * An address has one name, whatever ranges it is in: names come in blocks, one for each
 * aligned stretch of BLOCK_SIZE addresses, and a range's blocks follow each other. Sets the
 * range's base; false when there is no room for that, or another range's block is in the way.
 */
static bool
find_blocks(struct ip_iface *ip, struct ip_range6 *r)
{
	uint64_t first = r->first >> BLOCK_SHIFT, n = (r->last >> BLOCK_SHIFT) - first + 1;
	uint32_t at = 0;

	while (at < ip->n_blocks6 && !is_block(&ip->block6[at], r->high, first))
		at++;
	if (n > IP_BLOCKS6_MAX - at)
		return false;
	/* Those there are must be the range's first ones, in order. */
	for (uint32_t i = 0; i < ip->n_blocks6; i++) {
		const struct ip_block6 *b = &ip->block6[i];
		bool inside = memcmp(b->high, r->high, 8) == 0 && b->number - first < n;

		if (inside ? i != at + (b->number - first) : at <= i && i < at + n)
			return false;
	}
	for (uint32_t i = ip->n_blocks6 - at; i < n; i++) {
		struct ip_block6 *b = &ip->block6[at + i];

		memcpy(b->high, r->high, sizeof(b->high));
		b->number = first + i;
		ip->n_blocks6++;
	}
	r->base = at << BLOCK_SHIFT | (r->first & (BLOCK_SIZE - 1));
	return true;
}

int
ip6_add_range(struct ip_iface *ip, const uint8_t first[16], const uint8_t last[16])
{
	struct ip_range6 *r = &ip->range6[ip->n_ranges6];

	if (!ip6_on(ip) || memcmp(first, last, 8) || low_half(last) < low_half(first) ||
		!ipv6_is_unicast(first) || !ipv6_is_unicast(last))
		return -EINVAL;
	if (ip6_is_local_range(ip, first, last))
		return 0;
	if (ip->n_ranges6 == IP_RANGES_MAX)
		return -ENOSPC;
	memcpy(r->high, first, sizeof(r->high));
	r->first = low_half(first);
	r->last = low_half(last);
	if (!find_blocks(ip, r))
		return -ENOSPC;
	ip->n_ranges6++;
	return 0;
}

int
ip6_start(struct ip_iface *ip, void *peers, uint32_t places, const uint8_t key[16],
	const uint8_t addr[16], uint8_t prefix, const uint8_t gateway[16])
{
	static const uint8_t none[16];
	const uint8_t *mac = ip->mac.addr_bytes;
	uint8_t local[16] = {
		0xfe, 0x80, [8] = mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]};
	int rc;

	if (prefix > 128)
		return -EINVAL;
	addr6_init(&ip->peers6, peers, places, key);
	memcpy(ip->network6, addr, sizeof(ip->network6));
	ip->prefix6 = prefix;
	rc = ip6_add_range(ip, local, local);
	if (rc == 0)
		rc = ip6_add_range(ip, addr, addr);
	if (rc < 0 || memcmp(gateway, none, sizeof(none)) == 0)
		return rc;
	ip->gateway6 = ip6_peer_name(ip, gateway);
	addr6_hold(&ip->peers6, ip->gateway6);
	return ip->gateway6 == ADDR6_NONE ? -EINVAL : 0;
}

rte_be32_t
ip6_local_name(const struct ip_iface *ip, const uint8_t addr[16])
{
	const struct ip_range6 *r = range_of(ip, addr);

	return r ? addr_v6_name(r->base + (low_half(addr) - r->first)) : ADDR6_NONE;
}

void
ip6_local_address(const struct ip_iface *ip, rte_be32_t name, uint8_t out[16])
{
	uint32_t number = addr_v6_number(name);
	const struct ip_block6 *b = &ip->block6[number >> BLOCK_SHIFT];
	rte_be64_t low = rte_cpu_to_be_64(b->number << BLOCK_SHIFT | (number & (BLOCK_SIZE - 1)));

	memcpy(out, b->high, sizeof(b->high));
	memcpy(out + 8, &low, sizeof(low));
}

rte_be32_t
ip6_peer_name(struct ip_iface *ip, const uint8_t addr[16])
{
	if (!ip6_on(ip) || !ipv6_is_unicast(addr) || ip6_local_name(ip, addr) != ADDR6_NONE)
		return ADDR6_NONE;
	return addr6_name(&ip->peers6, addr);
}

rte_be32_t
ip6_next_hop(const struct ip_iface *ip, rte_be32_t dst)
{
	const uint8_t *addr = addr6_of(&ip->peers6, dst);

	if (ip->gateway6 == ADDR6_NONE || ipv6_is_link_local(addr) ||
		addr_same_prefix(addr, ip->network6, ip->prefix6))
		return dst;
	return ip->gateway6;
}
