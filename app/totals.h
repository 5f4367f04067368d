/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * totals: the slots' counters added up, at one moment. Reading them takes nothing from the
 * workers; two readings subtracted are what happened in between.
 */
#ifndef SPATE_APP_TOTALS_H
#define SPATE_APP_TOTALS_H

#include <stdint.h>

#include "config.h"
#include "spate.h"
#include "stats/counters.h"
#include "stats/histogram.h"
#include "work.h"

struct app;

struct client_totals {
	uint64_t attempted, established, closed, requests, not_attempted, aborted, open;
	uint64_t bytes_up, bytes_down;
	uint64_t held, held_max, answered;
	uint64_t failed[FAILURES];
	struct histogram handshake_ns, response_ns;
};

struct server_totals {
	uint64_t accepted, closed, failed, requests, wrong, bytes_up, bytes_down, open;
};

struct totals {
	uint64_t now_ns;
	struct spate_counters tcp;
	struct client_totals client[CLIENTS_MAX];
	struct server_totals server[SERVERS_MAX];
	uint64_t state[SPATE_N_STATES];
	uint64_t busy_cycles[RTE_MAX_LCORE], idle_cycles[RTE_MAX_LCORE]; /* by worker */
	uint64_t cycles_ended[RTE_MAX_LCORE]; /* connection ends that ended, by worker */
};

/* Read them all; zero while nothing is launched. */
void totals_read(const struct app *a, struct totals *t);

/* t - base, for what counts up; what is a level (open, state) stays. */
void totals_since(struct totals *t, const struct totals *base);

/* All clients, all servers. */
void totals_clients(const struct totals *t, struct client_totals *sum);
void totals_servers(const struct totals *t, struct server_totals *sum);

uint64_t client_failed(const struct client_totals *c);

#endif
