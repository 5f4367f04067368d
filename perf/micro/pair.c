/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pair: a whole connection, six packets, by side. Each tuple comes back out of its TIME_WAIT
 * ("reused"), as in the churn; or it is new to the server ("fresh").
 */
#include "micro.h"
#include "two.h"

#define CONNECTIONS 262144
#define TUPLES      200000 /* four addresses of 50000 ports, as config/churn.spate */

/* Counts vary little with the number of connections: few will do. */
#define COUNTED        4096
#define COUNTED_TUPLES 4096

static void
side(struct two *t, uint32_t connections, enum two_watch watch, const char *what)
{
	two_churn(t, connections / TWO_BURST, watch);
	micro_say(connections, "pair.%s.%s", what, watch == TWO_CLIENT ? "client" : "server");
}

/* Two runs of the same, each watching one side: under callgrind there is one account. */
static void
fresh(uint32_t connections)
{
	for (enum two_watch watch = TWO_CLIENT; watch <= TWO_SERVER; watch++) {
		struct two t;

		two_start(&t, 1024, TUPLES);
		two_tuples(&t, 4, TUPLES / 4);
		side(&t, connections, watch, "fresh");
		two_end(&t);
	}
}

static void
reused(uint32_t connections, uint32_t addresses, uint32_t ports)
{
	struct two t;

	two_start(&t, 1024, TUPLES);
	two_tuples(&t, addresses, ports);
	/* Ports are chosen at random: until hardly any is left that was never used. */
	two_churn(&t, 4 * addresses * ports / TWO_BURST, TWO_NOTHING);
	side(&t, connections, TWO_CLIENT, "reused");
	side(&t, connections, TWO_SERVER, "reused");
	two_end(&t);
}

void
micro_pair(void)
{
	if (micro_counting) {
		fresh(COUNTED);
		reused(COUNTED, 1, COUNTED_TUPLES);
	} else {
		reused(CONNECTIONS, 4, TUPLES / 4);
	}
}
