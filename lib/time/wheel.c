/* SPDX-License-Identifier: BSD-3-Clause */
#include "time/wheel.h"

#include <stdbool.h>
#include <string.h>

#define WHEEL_NIL    UINT32_MAX
#define WHEEL_HEAD   0x80000000u
#define SLOT_BITS    8
#define SLOT_MASK    (WHEEL_SLOTS - 1)
#define PENDING_SLOT (WHEEL_LEVELS * WHEEL_SLOTS)

/*
 * A node says its state with the fields it has: prev == WHEEL_NIL, in no list;
 * deadline == linked - 1, in a list but disarmed (arming never writes that, because a
 * place in the list is never later than the deadline).
 */
static bool
is_linked(const struct wheel_node *n)
{
	return n->prev != WHEEL_NIL;
}

static bool
is_armed(const struct wheel_node *n)
{
	return is_linked(n) && n->deadline != n->linked - 1;
}

/* Ticks from `b` to `a`, of which the lower halves are known. */
static int32_t
ticks_between(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

static void
disarm(struct wheel_node *n)
{
	n->deadline = n->linked - 1;
}

size_t
wheel_bytes(uint32_t capacity)
{
	return (size_t)capacity * sizeof(struct wheel_node);
}

void
wheel_init(struct wheel *w, void *nodes, uint32_t capacity, uint64_t now_ns)
{
	memset(w, 0, sizeof(*w));
	w->now = now_ns >> WHEEL_TICK_SHIFT;
	w->nodes = nodes;
	memset(w->head, 0xff, sizeof(w->head));
	for (uint32_t i = 0; i < capacity; i++)
		w->nodes[i].prev = WHEEL_NIL;
}

static void
link_in(struct wheel *w, uint32_t slot, uint32_t id)
{
	struct wheel_node *n = &w->nodes[id];

	n->prev = WHEEL_HEAD | slot;
	n->next = w->head[slot];
	if (n->next != WHEEL_NIL)
		w->nodes[n->next].prev = id;
	w->head[slot] = id;
	if (slot < PENDING_SLOT)
		w->occupied[slot / WHEEL_SLOTS][slot % WHEEL_SLOTS / 64] |= 1ull << (slot & 63);
}

static void
unlink_from(struct wheel *w, uint32_t id)
{
	struct wheel_node *n = &w->nodes[id];

	if (n->next != WHEEL_NIL)
		w->nodes[n->next].prev = n->prev;
	if (n->prev & WHEEL_HEAD) {
		uint32_t slot = n->prev & ~WHEEL_HEAD;

		w->head[slot] = n->next;
		if (n->next == WHEEL_NIL && slot < PENDING_SLOT)
			w->occupied[slot / WHEEL_SLOTS][slot % WHEEL_SLOTS / 64] &=
				~(1ull << (slot & 63));
	} else {
		w->nodes[n->prev].next = n->next;
	}
	n->prev = WHEEL_NIL;
}

/* Put the node where its deadline, which is ahead, says. */
static void
place(struct wheel *w, uint32_t id)
{
	struct wheel_node *n = &w->nodes[id];
	uint32_t delta = ticks_between(n->deadline, w->now);
	uint32_t level = 0;

	while (level < WHEEL_LEVELS - 1 && delta >> (SLOT_BITS * (level + 1)) != 0)
		level++;
	n->linked = n->deadline;
	link_in(w, level * WHEEL_SLOTS + (n->deadline >> (SLOT_BITS * level) & SLOT_MASK), id);
}

void
wheel_arm(struct wheel *w, uint32_t id, uint64_t deadline_ns)
{
	struct wheel_node *n = &w->nodes[id];
	uint64_t tick = (deadline_ns + WHEEL_TICK_NS - 1) >> WHEEL_TICK_SHIFT;
	uint32_t deadline = tick > w->now ? tick : w->now + 1;

	if (is_linked(n)) {
		if (ticks_between(deadline, n->linked) >= 0) {
			n->deadline = deadline;
			return;
		}
		unlink_from(w, id);
	}
	n->deadline = deadline;
	place(w, id);
}

void
wheel_cancel(struct wheel *w, uint32_t id)
{
	disarm(&w->nodes[id]);
}

int
wheel_armed(const struct wheel *w, uint32_t id)
{
	return is_armed(&w->nodes[id]);
}

uint64_t
wheel_deadline(const struct wheel *w, uint32_t id)
{
	const struct wheel_node *n = &w->nodes[id];

	return is_armed(n) ? (w->now + ticks_between(n->deadline, w->now)) << WHEEL_TICK_SHIFT
			   : WHEEL_NEVER;
}

/* Move every node of a coarse slot to where it belongs now. */
static void
cascade(struct wheel *w, uint32_t level, uint32_t slot)
{
	uint32_t id = w->head[level * WHEEL_SLOTS + slot];

	w->head[level * WHEEL_SLOTS + slot] = WHEEL_NIL;
	w->occupied[level][slot / 64] &= ~(1ull << (slot & 63));
	while (id != WHEEL_NIL) {
		struct wheel_node *n = &w->nodes[id];
		uint32_t next = n->next;
		bool armed = is_armed(n);

		n->prev = WHEEL_NIL;
		if (armed) {
			/* Due in this very tick: straight to the slot about to expire. */
			if (ticks_between(n->deadline, w->now) == 0) {
				n->linked = n->deadline;
				link_in(w, w->now & SLOT_MASK, id);
			} else {
				place(w, id);
			}
		}
		id = next;
	}
}

/* First occupied slot at or after `from` in a level, or WHEEL_SLOTS. */
static uint32_t
next_occupied(const uint64_t *bits, uint32_t from)
{
	for (uint32_t word = from / 64; word < WHEEL_SLOTS / 64; word++) {
		uint64_t b = bits[word];

		if (word == from / 64)
			b &= ~0ull << (from & 63);
		if (b)
			return word * 64 + __builtin_ctzll(b);
	}
	return WHEEL_SLOTS;
}

/* Step to the next tick at which something may happen, `target` at the latest. */
static void
step(struct wheel *w, uint64_t target)
{
	uint32_t slot = w->now & SLOT_MASK;
	uint32_t skip = next_occupied(w->occupied[0], slot + 1 < WHEEL_SLOTS ? slot + 1 : slot);
	uint32_t ticks = slot + 1 < WHEEL_SLOTS ? skip - slot : 1; /* no farther than the wrap */

	if (ticks > target - w->now)
		ticks = target - w->now;
	w->now += ticks;
	for (uint32_t level = 1; level < WHEEL_LEVELS; level++) {
		if (w->now & ((1u << (SLOT_BITS * level)) - 1))
			break;
		cascade(w, level, w->now >> (SLOT_BITS * level) & SLOT_MASK);
	}
	slot = w->now & SLOT_MASK;
	if (w->head[slot] == WHEEL_NIL)
		return;
	/* Detach the due slot so that timers armed meanwhile do not join it. */
	w->head[PENDING_SLOT] = w->head[slot];
	w->nodes[w->head[slot]].prev = WHEEL_HEAD | PENDING_SLOT;
	w->head[slot] = WHEEL_NIL;
	w->occupied[0][slot / 64] &= ~(1ull << (slot & 63));
}

uint32_t
wheel_expire(struct wheel *w, uint64_t now_ns, uint32_t *ids, uint32_t max)
{
	uint64_t target = now_ns >> WHEEL_TICK_SHIFT;
	uint32_t n = 0;

	for (;;) {
		while (w->head[PENDING_SLOT] != WHEEL_NIL) {
			uint32_t id = w->head[PENDING_SLOT];
			struct wheel_node *node = &w->nodes[id];
			bool armed = is_armed(node);

			if (n == max)
				return n;
			unlink_from(w, id);
			if (!armed)
				continue;
			if (ticks_between(node->deadline, w->now) > 0) {
				place(w, id);
				continue;
			}
			ids[n++] = id;
		}
		if (target <= w->now)
			return n;
		step(w, target);
	}
}

/* Tick at which the next occupied slot of a level comes up; UINT64_MAX when it is empty. */
static uint64_t
level_next(const struct wheel *w, uint32_t level)
{
	uint32_t shift = SLOT_BITS * level;
	uint64_t turn = w->now >> shift; /* slots passed, counted in this level's unit */
	uint32_t at = turn & SLOT_MASK;
	uint32_t slot =
		at + 1 < WHEEL_SLOTS ? next_occupied(w->occupied[level], at + 1) : WHEEL_SLOTS;

	if (slot == WHEEL_SLOTS) {
		/* Slots up to `at` belong to the level's next turn. */
		slot = next_occupied(w->occupied[level], 0);
		if (slot == WHEEL_SLOTS)
			return UINT64_MAX;
		slot += WHEEL_SLOTS;
	}
	return (turn - at + slot) << shift;
}

uint64_t
wheel_next(const struct wheel *w)
{
	uint64_t tick = UINT64_MAX;

	if (w->head[PENDING_SLOT] != WHEEL_NIL)
		return w->now << WHEEL_TICK_SHIFT;
	for (uint32_t level = 0; level < WHEEL_LEVELS; level++) {
		uint64_t t = level_next(w, level);

		if (t < tick)
			tick = t;
	}
	return tick == UINT64_MAX ? WHEEL_NEVER : tick << WHEEL_TICK_SHIFT;
}
