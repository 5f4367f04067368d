/* SPDX-License-Identifier: BSD-3-Clause */
/* cmd_tcp: what the `tcp` commands have in common. */
#ifndef SPATE_APP_CMD_TCP_H
#define SPATE_APP_CMD_TCP_H

#include "manual.h"

struct app;

/* What `tcp listen` and `tcp connect` ask for. */
struct tcp_request {
	struct spate_tuple tuple;
	int port;   /* -1: not said */
	bool fixed; /* `from` was said */
	unsigned int flags;
	struct manual_options options;
};

/* The connection whose number `text` is. False: said. */
bool tcp_number(struct app *a, const char *text, struct manual_conn **c);

/* Print what the stack answered about `c`. */
void tcp_answer(const struct manual_conn *c, int rc);

#endif
