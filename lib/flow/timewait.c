/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow/timewait.h"

#include <string.h>

size_t
timewait_bytes(uint32_t capacity)
{
	return (size_t)capacity * sizeof(struct timewait);
}

void
timewait_init(struct timewait_store *s, void *records, uint32_t capacity)
{
	memset(s, 0, sizeof(*s));
	s->records = records;
	s->capacity = capacity;
	s->free_head = TIMEWAIT_NONE;
	delay_queue_init(&s->queue, &s->records[0].link, sizeof(struct timewait));
}

/* Round up: a TIME_WAIT may last a unit longer than 2MSL, never shorter. */
static uint32_t
units(uint64_t ns)
{
	return (ns + (1u << TIMEWAIT_TIME_SHIFT) - 1) >> TIMEWAIT_TIME_SHIFT;
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
	s->records[index].expires = units(expires_ns);
	delay_queue_push(&s->queue, index);
	return index;
}

void
timewait_restart(struct timewait_store *s, uint32_t index, uint64_t expires_ns)
{
	delay_queue_remove(&s->queue, index);
	s->records[index].expires = units(expires_ns);
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
	uint64_t now = now_ns >> TIMEWAIT_TIME_SHIFT;
	int32_t ahead = (int32_t)(s->records[index].expires - (uint32_t)now);

	return (now + (int64_t)ahead) << TIMEWAIT_TIME_SHIFT;
}
