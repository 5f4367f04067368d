/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * micro: what one operation costs, alone. Each file of this folder measures one thing and is
 * listed in micro.c. Between micro_on() and micro_off() runs what is measured; micro_say()
 * prints a line "NAME VALUE ns" of it.
 *
 * Under callgrind the same regions count instructions instead: the program says nothing, and
 * micro_say() makes callgrind write a file that names the figure and the operations in it.
 */
#ifndef SPATE_PERF_MICRO_H
#define SPATE_PERF_MICRO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

/* Under callgrind: sizes are small and repetitions few, since counts do not vary. */
extern bool micro_counting;

/* Measure from here to micro_off(); any number of such stretches make up a figure. */
void micro_on(void);
void micro_off(void);

/* The stretches since the last call were `n` operations. */
void micro_say(uint64_t n, const char *name, ...) __attribute__((format(printf, 2, 3)));

/* Something is wrong that is no matter of speed: a line, and exit status 1. */
void micro_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Zeroed memory on hugepages where there are some. There must be enough. */
void *micro_alloc(size_t bytes);
void micro_free(void *mem);

/* What is computed here must not be thought useless. */
static inline void
micro_use(uint64_t value)
{
	__asm__ volatile("" : : "r"(value));
}

/* The things that are measured. */
void micro_machine(void); /* says nothing without a second lcore */
void micro_table(void);
void micro_timers(void);
void micro_wire(void);
void micro_pair(void);
void micro_time_wait(void);

#endif
