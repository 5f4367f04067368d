/* SPDX-License-Identifier: BSD-3-Clause */
/* tcp show, wait, inject, and wait: looking at connections made by hand, and at their times. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "app.h"
#include "cmd_tcp.h"
#include "command.h"
#include "conn_text.h"
#include "manual.h"
#include "run.h"
#include "tcp_text.h"

#define POLL_US         1000
#define TIMEOUT_DEFAULT 10 /* s */
#define TIMEOUT_MAX     3600
#define WAIT_MAX        3600000 /* ms */

/* ---- tcp show */

static void
show_one_line(struct app *a, struct manual_conn *c)
{
	char local[ENDPOINT_TEXT], remote[ENDPOINT_TEXT];

	printf("tcp %u: %-12s %s -> %s", c->number, spate_state_name(manual_state(a, c)),
		endpoint_text(&c->tuple.local, local), endpoint_text(&c->tuple.remote, remote));
	if (c->over)
		printf(", %s", c->forgotten ? "forgotten" : manual_reason(c->reason));
	printf("\n");
}

static void
show_all(struct app *a)
{
	uint32_t last = 0;

	/* By number: places are used again. */
	for (;;) {
		struct manual_conn *next = manual_next(a, last);

		if (next == NULL)
			return;
		show_one_line(a, next);
		last = next->number;
	}
}

static bool
tcp_show(struct app *a, struct words *args)
{
	const char *text = words_next(args);
	struct manual_order o;
	struct manual_conn *c;

	if (text == NULL) {
		show_all(a);
		return true;
	}
	if (!tcp_number(a, text, &c))
		return false;
	if (words_next(args)) {
		wrong("expected: tcp show [N]");
		return false;
	}
	show_one_line(a, c);
	manual_do(a, c, manual_order_show, &o);
	if (o.rc < 0)
		return true;
	conn_print_all(
		&o.show.info, o.show.now_ns, c->begun ? &c->iss : NULL, c->begun ? &c->irs : NULL);
	if (c->flags)
		printf("    by hand  %s%s%s\n", c->flags & MANUAL_HOLD ? " hold" : "",
			c->flags & MANUAL_ABORT_ON_CLOSE ? " abort-on-close" : "",
			c->forgotten ? " forgotten" : "");
	return true;
}

/* ---- tcp wait */

struct wanted {
	struct manual_conn *c; /* NULL: that one is accepted */
	int state;             /* enum spate_state, or -1 */
	enum manual_kind kind; /* without a state */
};

static bool
take_timeout(void *to, const char *value)
{
	return take_number(value, 1, TIMEOUT_MAX, "timeout", to);
}

static const struct key wait_keys[] = {
	{"timeout", "SECONDS", "then the command, and a file with it, has failed (default 10)",
		take_timeout, false},
	{NULL, NULL, NULL, NULL, false},
};

/* STATE, data or fin. False: said. */
static bool
take_wanted(const char *text, struct wanted *w)
{
	if (text) {
		w->state = conn_state(text);
		if (w->state >= 0 && w->state != SPATE_LISTEN)
			return true;
		w->state = -1;
		w->kind = MANUAL_DATA;
		if (strcasecmp(text, "data") == 0)
			return true;
		w->kind = MANUAL_FIN;
		if (strcasecmp(text, "fin") == 0)
			return true;
	}
	wrong("'%s': expected data, fin, or a state: established, time-wait, closed ...",
		text ? text : "");
	return false;
}

/* Is it so? Tells what there is to tell. */
static bool
come_true(struct app *a, const struct wanted *w)
{
	uint32_t until, told;
	bool is;

	if (w->c == NULL) {
		if (a->in_file)
			return manual_tell_accepted(a);
		return manual_tell(a, 0, 1u << MANUAL_ACCEPTED) >> MANUAL_ACCEPTED & 1;
	}
	/* What has led to the state is in the ring by the time it is seen. */
	is = w->state >= 0 && manual_state(a, w->c) == (enum spate_state)w->state;
	until = w->state >= 0 ? 0 : 1u << w->kind;
	told = manual_tell(a, w->c->number, until);
	return w->state >= 0 ? is : told & until;
}

static bool
interrupted(struct app *a, const char *what)
{
	if (!*a->interrupted)
		return false;
	wrong("%s: interrupted", what);
	a->failed |= a->in_file;
	return true;
}

static bool
wait_until(struct app *a, const struct wanted *w, uint64_t seconds)
{
	uint64_t end = engine_now(&a->engine) + seconds * 1000000000ull;

	while (!come_true(a, w)) {
		if (interrupted(a, "tcp wait"))
			return false;
		if (engine_now(&a->engine) < end) {
			usleep(POLL_US);
			continue;
		}
		a->failed |= a->in_file;
		if (w->c == NULL)
			wrong("tcp wait: nothing was accepted in %u s", (unsigned int)seconds);
		else
			wrong("tcp wait: connection %u is %s after %u s", w->c->number,
				spate_state_name(manual_state(a, w->c)), (unsigned int)seconds);
		return false;
	}
	return true;
}

static bool
tcp_wait(struct app *a, struct words *args)
{
	const char *text = words_next(args);
	struct wanted w = {NULL, -1, MANUAL_ACCEPTED};
	uint64_t seconds = TIMEOUT_DEFAULT;

	if (strcmp(text, "accepted") != 0 &&
		(!tcp_number(a, text, &w.c) || !take_wanted(words_next(args), &w)))
		return false;
	if (!keys_parse(args, wait_keys, &seconds))
		return false;
	if (a->manual == NULL) {
		wrong("tcp wait: nothing listens by hand: expected 'tcp listen' before it");
		return false;
	}
	return wait_until(a, &w, seconds);
}

/* wait clients: until those with a `count` are done with it */
static bool
wait_clients(struct app *a, struct words *args)
{
	uint64_t seconds = TIMEOUT_DEFAULT, end;

	if (!keys_parse(args, wait_keys, &seconds))
		return false;
	if (!run_counts(a)) {
		wrong("wait clients: none has been started with a count");
		return false;
	}
	end = engine_now(&a->engine) + seconds * 1000000000ull;
	while (!run_counted_out(a)) {
		if (interrupted(a, "wait clients"))
			return false;
		if (engine_now(&a->engine) < end) {
			usleep(POLL_US);
			continue;
		}
		a->failed |= a->in_file;
		wrong("wait clients: not all are done after %u s", (unsigned int)seconds);
		return false;
	}
	return true;
}

static uint64_t
monotonic_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ull + now.tv_nsec / 1000;
}

/* wait MS|clients */
static bool
let_pass(struct app *a, struct words *args)
{
	const char *text = words_next(args);
	uint64_t ms, end;

	if (strcmp(text, "clients") == 0)
		return wait_clients(a, args);
	if (words_next(args)) {
		wrong("expected: wait MS, or wait clients [timeout SECONDS]");
		return false;
	}
	if (!take_number(text, 1, WAIT_MAX, "wait", &ms))
		return false;
	/* Not the engine's clock, which runs from the first start on. */
	for (end = monotonic_us() + ms * 1000; monotonic_us() < end; usleep(POLL_US)) {
		if (interrupted(a, "wait"))
			return false;
		if (!a->in_file)
			manual_tell(a, 0, 0);
	}
	return true;
}

/* ---- tcp inject */

struct made {
	int64_t seq, ack;
	bool has_ack, has_flags, no_ts;
	uint8_t flags;
	uint64_t window, ts_age_ms;
	uint8_t data[TCP_TEXT_MAX];
	uint32_t len;
};

static bool
take_seq(void *to, const char *value)
{
	return tcp_take_offset(value, "seq", &((struct made *)to)->seq);
}

static bool
take_ack(void *to, const char *value)
{
	((struct made *)to)->has_ack = true;
	return tcp_take_offset(value, "ack", &((struct made *)to)->ack);
}

static bool
take_flags(void *to, const char *value)
{
	((struct made *)to)->has_flags = true;
	return tcp_take_flags(value, &((struct made *)to)->flags);
}

static bool
take_window(void *to, const char *value)
{
	return take_number(value, 0, UINT16_MAX, "window", &((struct made *)to)->window);
}

static bool
take_data(void *to, const char *value)
{
	return tcp_unescape(value, ((struct made *)to)->data, &((struct made *)to)->len);
}

static bool
take_ts_age(void *to, const char *value)
{
	return take_number(value, 0, UINT32_MAX, "ts-age", &((struct made *)to)->ts_age_ms);
}

static bool
take_no_ts(void *to, const char *value)
{
	(void)value;
	((struct made *)to)->no_ts = true;
	return true;
}

static const struct key inject_keys[] = {
	{"seq", "S", "SEQ, counted from the connection's ISS: its first byte is 1", take_seq, true},
	{"ack", "S", "ACK, counted from the peer's ISS; without it no ACK flag", take_ack, false},
	{"flags", "LETTERS", "of F S R P A U (default: A with ack, P with data)", take_flags,
		false},
	{"window", "N", "as on the wire, 0 to 65535 (default 65535)", take_window, false},
	{"data", "TEXT", "one word; escapes as in 'tcp send'", take_data, false},
	{"ts-age", "MS", "with a timestamp so old (default 0)", take_ts_age, false},
	{"no-ts", NULL, "without a timestamp where the connection has them", take_no_ts, false},
	{NULL, NULL, NULL, NULL, false},
};

static bool
tcp_inject(struct app *a, struct words *args)
{
	struct made m = {.window = UINT16_MAX};
	struct manual_order o;
	struct manual_conn *c;

	if (!tcp_number(a, words_next(args), &c) || !keys_parse(args, inject_keys, &m))
		return false;
	if (!c->begun) {
		wrong("connection %u was never established, or that has not been told yet",
			c->number);
		return false;
	}
	if (!m.has_flags)
		m.flags = (m.has_ack ? 0x10 : 0) | (m.len ? 0x08 : 0);
	o.inject.segment = (struct spate_segment){
		.seq = c->iss + (uint32_t)m.seq,
		.ack = m.has_ack ? c->irs + (uint32_t)m.ack : 0,
		.wnd = m.window,
		.flags = m.flags,
		.has_ts = c->timestamps && !m.no_ts,
		.tsecr = m.has_ack ? c->ts_recent : 0,
		.len = m.len,
	};
	o.inject.data = m.data;
	o.inject.ts_offset = c->ts_offset;
	o.inject.ts_age_ms = m.ts_age_ms;
	manual_do(a, c, manual_order_inject, &o);
	if (o.rc < 0)
		tcp_answer(c, o.rc);
	return true;
}

/* ---- the table */

static void
wait_help(void)
{
	printf("    data: the next that arrives; fin: the peer's; or a state by netstat's name or "
	       "ss's,\n"
	       "    where closed means that nothing is left of it, TIME_WAIT included.\n"
	       "    accepted: the next connection to a listener, which gets its number then.\n"
	       "    In a file what happens to N is told by this command, and not before.\n");
	keys_help(wait_keys);
}

static void
wait_help_timeout(void)
{
	keys_help(wait_keys);
}

static void
inject_help(void)
{
	keys_help(inject_keys);
}

const struct command tcp_watch_commands[] = {
	{"tcp show", "[N]", true, "connections made by hand, or everything known of one", tcp_show,
		NULL},
	{"tcp wait", "N STATE|data|fin | accepted [timeout SECONDS]", false,
		"wait until it is so, and tell what happened on the way", tcp_wait, wait_help},
	{"tcp inject", "N seq S [ack S] [flags LETTERS] [data TEXT] ...", false,
		"a segment made by hand, from N's end to its peer; N takes no notice", tcp_inject,
		inject_help},
	{"wait", "MS | clients [timeout SECONDS]", false,
		"let so many milliseconds pass, or the clients with a count be done with it",
		let_pass, wait_help_timeout},
	{NULL, NULL, false, NULL, NULL, NULL},
};
