/* SPDX-License-Identifier: BSD-3-Clause */
#include "ranges.h"

#include <string.h>

static bool
lt(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

void
ranges_add(struct ranges *s, uint32_t from, uint32_t to)
{
	uint32_t i = 0, last;

	if (!lt(from, to))
		return;
	while (i < s->n && lt(s->r[i].to, from))
		i++;
	/* What touches it, from i on, becomes one with it. */
	for (last = i; last < s->n && !lt(to, s->r[last].from); last++) {
		if (lt(s->r[last].from, from))
			from = s->r[last].from;
		if (lt(to, s->r[last].to))
			to = s->r[last].to;
	}
	if (last == i && s->n == RANGES_MAX) {
		s->unknown = true;
		return;
	}
	memmove(&s->r[i + 1], &s->r[last], (s->n - last) * sizeof(s->r[0]));
	s->n += i + 1 - last;
	s->r[i] = (struct range){from, to};
}

bool
ranges_have(const struct ranges *s, uint32_t from, uint32_t to)
{
	return s->unknown || !lt(ranges_end(s, from), to);
}

void
ranges_add_common(struct ranges *s, const struct ranges *of, uint32_t from, uint32_t to)
{
	s->unknown |= of->unknown;
	for (uint32_t i = 0; i < of->n; i++)
		ranges_add(s, lt(of->r[i].from, from) ? from : of->r[i].from,
			lt(to, of->r[i].to) ? to : of->r[i].to);
}

uint32_t
ranges_end(const struct ranges *s, uint32_t from)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (!lt(from, s->r[i].from) && lt(from, s->r[i].to))
			return s->r[i].to;
	return from;
}
