/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow/timewait.h"

#include <string.h>

#define TIME_MASK ((1u << TIMEWAIT_TIME_BITS) - 1)
#define WND_BITS  4 /* behind the leading one */

size_t
timewait_bytes(uint32_t capacity)
{
	return (size_t)capacity * sizeof(struct timewait);
}

void
timewait_init(struct timewait_store *s, void *records, uint32_t capacity, uint64_t longest_ns)
{
	memset(s, 0, sizeof(*s));
	s->shift = TIMEWAIT_SHIFT_LEAST;
	/* Two more: `now` is rounded down and the end up. */
	while ((longest_ns >> s->shift) + 2 >= 1u << (TIMEWAIT_TIME_BITS - 1))
		s->shift++;
	s->ahead_max = (longest_ns >> s->shift) + 2;
	s->records = records;
	s->capacity = capacity;
	s->free_head = TIMEWAIT_NONE;
	delay_queue_init(&s->queue, &s->records[0].link, sizeof(struct timewait));
}

/* Round up: a TIME_WAIT may last a unit longer than 2MSL, never shorter. */
static uint32_t
units(const struct timewait_store *s, uint64_t ns)
{
	return ((ns + (1ull << s->shift) - 1) >> s->shift) & TIME_MASK;
}

uint32_t
timewait_enter(struct timewait_store *s, uint64_t expires_ns)
{
	uint32_t index = s->free_head;

	if (index != TIMEWAIT_NONE)
		s->free_head = s->records[index].link.next;
	else if (s->untouched < s->capacity)
		index = s->untouched++;
	else
		return TIMEWAIT_NONE;
	s->records[index].expires = units(s, expires_ns);
	delay_queue_push(&s->queue, index);
	return index;
}

void
timewait_restart(struct timewait_store *s, uint32_t index, uint64_t expires_ns)
{
	delay_queue_remove(&s->queue, index);
	s->records[index].expires = units(s, expires_ns);
	delay_queue_push(&s->queue, index);
}

void
timewait_leave(struct timewait_store *s, uint32_t index)
{
	struct timewait *tw = &s->records[index];

	delay_queue_remove(&s->queue, index);
	memset(&tw->key, 0, sizeof(tw->key));
	tw->link.next = s->free_head;
	s->free_head = index;
}

uint64_t
timewait_expires_ns(const struct timewait_store *s, uint32_t index, uint64_t now_ns)
{
	uint64_t now = now_ns >> s->shift;
	uint32_t ahead = (s->records[index].expires - (uint32_t)now) & TIME_MASK;

	if (ahead <= s->ahead_max)
		return (now + ahead) << s->shift;
	return (now - (TIME_MASK + 1 - ahead)) << s->shift;
}

uint8_t
timewait_pack_wnd(uint16_t wnd)
{
	uint32_t shift, top;

	if (wnd >> (WND_BITS + 1) == 0)
		return wnd;
	shift = 31 - __builtin_clz(wnd) - WND_BITS;
	top = ((uint32_t)wnd + (1u << shift) - 1) >> shift;
	/* `top` has the leading one, which counts the exponent up once more; so does its overflow.
	 */
	return (shift << WND_BITS) + top;
}

uint16_t
timewait_unpack_wnd(uint8_t packed)
{
	uint32_t shift, wnd;

	if (packed >> (WND_BITS + 1) == 0)
		return packed;
	shift = (packed >> WND_BITS) - 1;
	wnd = ((packed & ((1u << WND_BITS) - 1)) | 1u << WND_BITS) << shift;
	return wnd < UINT16_MAX ? wnd : UINT16_MAX;
}
