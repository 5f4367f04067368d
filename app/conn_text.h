/* SPDX-License-Identifier: BSD-3-Clause */
/* conn_text: what is known of a connection, for people: as `ss` has it, or all of it. */
#ifndef SPATE_APP_CONN_TEXT_H
#define SPATE_APP_CONN_TEXT_H

#include <stdint.h>

#include "words.h"

/* The columns of `ss -tan`. */
void conn_print_head(void);
void conn_print_line(const char *state, uint32_t recv_q, uint32_t send_q,
	const struct spate_addr *local, const struct spate_addr *remote);

/* Below a line, as `ss -i` does; `now_ns` is when the info was taken. */
void conn_print_details(const struct spate_conn_info *info, uint64_t now_ns);

/*
 * Everything. `iss` and `irs` make numbers relative; NULL: they are not known.
 */
void conn_print_all(const struct spate_conn_info *info, uint64_t now_ns, const uint32_t *iss,
	const uint32_t *irs);

/* A state by its own name (SYN_RCVD) or by ss's (SYN-RECV), in any case. -1: there is none. */
int conn_state(const char *text);

#endif
