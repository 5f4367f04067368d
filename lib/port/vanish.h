/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vanish: memory that goes away in the middle of a burst.
 *
 * When its peer ends, net_memif unmaps the rings in the interrupt thread, whoever is inside of
 * its burst calls; a worker that lost its CPU there comes back to a fault. A peer that dies must
 * not take us with it: the worker says where it can begin anew and when it is inside, and a
 * fault there, and only there, brings it back. The frames of that one burst are lost, buffers
 * included: the driver may or may not have freed them.
 *
 * Each worker has its own; without one a fault is what it always was.
 */
#ifndef SPATE_PORT_VANISH_H
#define SPATE_PORT_VANISH_H

#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>

struct port_vanish {
	sigjmp_buf *back; /* NULL: nobody to come back to */
	volatile sig_atomic_t inside;
};

/* Of this thread. */
extern __thread struct port_vanish port_vanish;

/* Does this driver do so? */
bool port_vanishes(const char *driver);

/*
 * Does any port there is? Then EAL's memory is to stay to the end: net_memif leaves its listener's
 * handle behind, in that memory, for the interrupt thread to look at.
 */
bool port_vanishes_any(void);

/* Look at faults from now on; a program's business, once. 0 or negative errno. */
int port_vanish_watch(void);

#endif
