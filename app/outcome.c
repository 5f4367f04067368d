/* SPDX-License-Identifier: BSD-3-Clause */
/* A run in which a client got nowhere has failed, however well it was counted. */
#include <inttypes.h>
#include <stdio.h>

#include "app.h"
#include "conn_text.h"
#include "report.h"
#include "say.h"

struct tried {
	bool started, unanswered;
};

/* Was client `i` started on any slot, and is the address of its next hop known on one of them? */
static struct tried
look(const struct app *a, int i)
{
	struct tried t = {false, false};
	bool answered = false;

	for (uint16_t s = 0; s < a->engine.n_slots; s++) {
		const struct work_client *c =
			&((const struct work *)a->engine.slot[s].app)->client[i];

		t.started |= c->conf != NULL;
		answered |= c->conf && !c->unanswered;
	}
	t.unanswered = !answered;
	return t;
}

static void
say(const struct client_config *conf, const struct client_totals *c, bool unanswered)
{
	char to[ENDPOINT_TEXT];

	endpoint_text(&conf->to, to);
	if (unanswered)
		wrong("client %s: nobody answers %s for the next hop to %s", conf->name,
			conf->to.family == AF_INET ? "ARP" : "Neighbor Discovery", to);
	else
		wrong("client %s: nothing was established with %s: %" PRIu64 " refused, %" PRIu64
		      " timed out, %" PRIu64 " reset, %" PRIu64 " without an answer so far",
			conf->name, to, c->failed[FAILED_REFUSED], c->failed[FAILED_TIMED_OUT],
			c->failed[FAILED_RESET], c->aborted);
}

bool
outcome_say(const struct app *a, const struct totals *t)
{
	bool good = true;

	for (int i = 0; i < CLIENTS_MAX; i++) {
		const struct client_config *conf = &a->config.client[i];
		const struct client_totals *c = &t->client[i];
		struct tried tried;

		if (!conf->used || conf->verify_time_wait || c->established)
			continue;
		tried = look(a, i);
		if (!tried.started || (c->attempted == 0 && !tried.unanswered))
			continue;
		say(conf, c, tried.unanswered);
		good = false;
	}
	return good;
}
