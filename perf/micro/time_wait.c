/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * time-wait: what the server pays when the last FIN makes a connection a TIME_WAIT ("enter", a
 * segment), when a SYN takes the tuple of one ("reuse", a segment; "syn" is the same without),
 * and when 2MSL are over ("expire").
 */
#include "micro.h"
#include "two.h"

#define MINUTE 60000000000ull

/* Bursts of connections up to the last ACK; the steps `syn` and `fin` are the server's. */
static void
bursts(struct two *t, uint32_t n, enum two_watch syn, enum two_watch fin)
{
	for (uint32_t i = 0; i < n; i++) {
		two_open(t, TWO_NOTHING);
		two_to_server(t, syn);
		two_to_client(t, TWO_NOTHING);
		two_to_server(t, TWO_NOTHING);
		two_to_client(t, TWO_NOTHING);
		two_to_server(t, fin);
		two_to_client(t, TWO_NOTHING);
		if (two_to_server(t, TWO_NOTHING))
			micro_fail("time-wait: more than six packets");
	}
}

void
micro_time_wait(void)
{
	uint32_t ports = micro_counting ? 4096 : 50000, n = ports / TWO_BURST;
	struct two t;
	uint64_t waiting;

	two_start(&t, 1024, 4 * 50000);
	/* Many more tuples than connections: hardly any is used twice. */
	two_tuples(&t, 4, 50000);
	bursts(&t, n / 4, TWO_SERVER, TWO_NOTHING);
	micro_say(n / 4 * TWO_BURST, "time-wait.syn");
	bursts(&t, n / 4, TWO_NOTHING, TWO_SERVER);
	micro_say(n / 4 * TWO_BURST, "time-wait.enter");
	/* Again and again from one address, until nearly all that come were there before. */
	two_tuples(&t, 1, ports);
	bursts(&t, 4 * n, TWO_NOTHING, TWO_NOTHING);
	bursts(&t, n, TWO_SERVER, TWO_NOTHING);
	micro_say(n * TWO_BURST, "time-wait.reuse");
	if (side_count(&t.server, SPATE_TW_REUSED) < 2 * n * TWO_BURST)
		micro_fail("time-wait: only %lu reused", side_count(&t.server, SPATE_TW_REUSED));
	waiting = side_count(&t.server, SPATE_TW_ENTERED) - side_count(&t.server, SPATE_TW_REUSED);
	t.now += MINUTE + 1000000;
	micro_on();
	while (side_count(&t.server, SPATE_TW_EXPIRED) < waiting)
		spate_stack_tick(t.server.stack, t.now);
	micro_off();
	micro_say(waiting, "time-wait.expire");
	two_end(&t);
}
