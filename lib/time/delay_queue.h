/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * time/delay_queue: things that all wait the same time.
 *
 * When the delay is constant, the order of arrival is the order of expiry, so a FIFO
 * is a timer: O(1) everything, exact, no ticks. The queue links records of the
 * caller's by index through a `struct delay_link` inside each; when a record expires
 * is the caller's to know. TIME_WAIT is its user.
 */
#ifndef SPATE_TIME_DELAY_QUEUE_H
#define SPATE_TIME_DELAY_QUEUE_H

#include <stdint.h>

#define DELAY_NIL UINT32_MAX

struct delay_link {
	uint32_t next, prev;
};

struct delay_queue {
	uint8_t *links;  /* first record's delay_link */
	uint32_t stride; /* bytes from one record to the next */
	uint32_t head, tail;
	uint32_t count;
};

static inline struct delay_link *
delay_queue_link(const struct delay_queue *q, uint32_t id)
{
	return (struct delay_link *)(void *)(q->links + (uint64_t)id * q->stride);
}

static inline void
delay_queue_init(struct delay_queue *q, void *first_link, uint32_t stride)
{
	q->links = first_link;
	q->stride = stride;
	q->head = q->tail = DELAY_NIL;
	q->count = 0;
}

/* Append: it will be the last to expire. */
static inline void
delay_queue_push(struct delay_queue *q, uint32_t id)
{
	struct delay_link *l = delay_queue_link(q, id);

	l->next = DELAY_NIL;
	l->prev = q->tail;
	if (q->tail == DELAY_NIL)
		q->head = id;
	else
		delay_queue_link(q, q->tail)->next = id;
	q->tail = id;
	q->count++;
}

/*
 * `id` will be taken out soon: fetch, to write to them, its two neighbours, which in a long queue
 * are in nobody's cache.
 */
static inline void
delay_queue_fetch(const struct delay_queue *q, uint32_t id)
{
	const struct delay_link *l = delay_queue_link(q, id);

	if (l->prev != DELAY_NIL)
		__builtin_prefetch(delay_queue_link(q, l->prev), 1);
	if (l->next != DELAY_NIL)
		__builtin_prefetch(delay_queue_link(q, l->next), 1);
}

/* Take out from anywhere; `id` must be in the queue. */
static inline void
delay_queue_remove(struct delay_queue *q, uint32_t id)
{
	struct delay_link *l = delay_queue_link(q, id);

	if (l->prev == DELAY_NIL)
		q->head = l->next;
	else
		delay_queue_link(q, l->prev)->next = l->next;
	if (l->next == DELAY_NIL)
		q->tail = l->prev;
	else
		delay_queue_link(q, l->next)->prev = l->prev;
	q->count--;
}

#endif
