/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow/local_port.h"

#include <string.h>

/* The range's tuples have new numbers: what was known of the old ones is not of these. */
static void
number(struct local_port *p)
{
	p->size = (uint64_t)p->range.n_addr * p->range.n_port;
	p->current = p->size - 1; /* the first sequential proposal is number 0 */
	p->searched = 0;
	p->n_next = 0;
}

void
local_port_init(struct local_port *p, const struct local_range *range, bool sequential,
	const uint64_t secret[2])
{
	memset(p, 0, sizeof(*p));
	p->range = *range;
	p->step = 1;
	p->sequential = sequential;
	memcpy(p->secret, secret, sizeof(p->secret));
	number(p);
}

void
local_port_share(struct local_port *p, uint16_t share, uint16_t of)
{
	struct local_range *r = &p->range;
	uint32_t skip = (share + of - r->first_port % of) % of;

	r->n_port = skip < r->n_port ? (r->n_port - skip - 1) / of + 1 : 0;
	r->first_port += skip;
	p->step = of;
	number(p);
}

/* The next 64 pseudo-random bits: SipHash of a counter. */
static uint64_t
next_random(struct local_port *p)
{
	struct flow_key input = {0};

	p->counter++;
	memcpy(&input, &p->counter, sizeof(p->counter));
	return flow_key_hash(&input, p->secret);
}

void
local_port_start(struct local_port *p)
{
	uint64_t step = 1;

	if (!p->sequential)
		step = (uint64_t)((unsigned __int128)next_random(p) * p->size >> 64);
	p->current += step;
	if (p->current >= p->size)
		p->current -= p->size;
}

void
local_port_advance(struct local_port *p)
{
	p->current = p->current + 1 == p->size ? 0 : p->current + 1;
}

void
local_port_current(const struct local_port *p, rte_be32_t *addr, rte_be16_t *port)
{
	const struct local_range *r = &p->range;

	*addr = rte_cpu_to_be_32(r->first_addr + (uint32_t)(p->current / r->n_port));
	*port = rte_cpu_to_be_16(r->first_port + (uint16_t)(p->current % r->n_port) * p->step);
}
