/* SPDX-License-Identifier: BSD-3-Clause */
#include "knobs.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "words.h"

enum knob_type {
	KNOB_U32,
	KNOB_U16,
	KNOB_U8,
	KNOB_ON_OFF,
	KNOB_CHOICE, /* uint8_t, index into `choices` */
};

struct knob {
	const char *name;
	enum knob_type type;
	size_t offset; /* in struct spate_tcp_conf */
	uint64_t min, max;
	const char *unit;
	const char *const *choices; /* NULL-ended */
	const char *help;
};

static const char *const reuse_choices[] = {"no", "ts", "any", NULL};

static const char *const congestion_choices[] = {
	[SPATE_CUBIC] = "cubic", [SPATE_NEWRENO] = "newreno", [SPATE_N_CONGESTION] = NULL};

#define AT(field) offsetof(struct spate_tcp_conf, field)

static const struct knob table[] = {
	{"msl", KNOB_U32, AT(msl_ms), 1, 600000, "ms", NULL,
		"TIME_WAIT lasts twice this (RFC 9293 3.4.2)"},
	{"reuse", KNOB_CHOICE, AT(reuse), 0, 2, "", reuse_choices,
		"open onto our own TIME_WAIT (RFC 6191)"},
	{"initial-rto", KNOB_U32, AT(initial_rto_ms), 1, 60000, "ms", NULL,
		"before there is a round-trip time (RFC 6298 2.1)"},
	{"min-rto", KNOB_U32, AT(min_rto_ms), 1, 60000, "ms", NULL,
		"least retransmission timeout (RFC 6298 2.4)"},
	{"max-rto", KNOB_U32, AT(max_rto_ms), 1000, 600000, "ms", NULL,
		"largest retransmission timeout (RFC 6298 2.5)"},
	{"syn-retries", KNOB_U32, AT(syn_retries), 0, 15, "", NULL,
		"SYNs after the first (RFC 9293 3.8.3)"},
	{"synack-retries", KNOB_U32, AT(synack_retries), 0, 15, "", NULL,
		"SYN+ACKs after the first"},
	{"data-retries", KNOB_U32, AT(data_retries), 1, 100, "", NULL,
		"retransmissions of data before giving up (RFC 9293 3.8.3)"},
	{"orphan-retries", KNOB_U32, AT(orphan_retries), 1, 100, "", NULL, "the same after close"},
	{"fin-wait-2", KNOB_U32, AT(fin_wait_2_ms), 1, 3600000, "ms", NULL,
		"idle limit of FIN_WAIT_2 after close"},
	{"syn-cookies", KNOB_ON_OFF, AT(syn_cookies), 0, 1, "", NULL,
		"answer SYNs there is no room for (RFC 4987)"},
	{"keepalive", KNOB_ON_OFF, AT(keepalive), 0, 1, "", NULL,
		"probe idle peers on every connection (RFC 9293 3.8.4)"},
	{"keepalive-idle", KNOB_U32, AT(keepalive_idle_ms), 1, 86400000, "ms", NULL,
		"silence before the first probe"},
	{"keepalive-interval", KNOB_U32, AT(keepalive_interval_ms), 1, 86400000, "ms", NULL,
		"between unanswered probes"},
	{"keepalive-count", KNOB_U32, AT(keepalive_count), 1, 255, "", NULL,
		"unanswered probes before giving up"},
	{"user-timeout", KNOB_U32, AT(user_timeout_ms), 0, 2147483647, "ms", NULL,
		"without an acknowledgement, then the end; 0: retries decide (RFC 9293 3.10.8)"},
	{"user-timeout-option", KNOB_ON_OFF, AT(user_timeout_option), 0, 1, "", NULL,
		"tell the peer, and heed what it tells (RFC 5482)"},
	{"user-timeout-limit", KNOB_U32, AT(user_timeout_limit_ms), 100000, 2147483647, "ms", NULL,
		"most a peer's option may ask for (RFC 5482 3.1)"},
	{"challenge-ack", KNOB_U32, AT(challenge_ack_ms), 0, 60000, "ms", NULL,
		"least time between challenge ACKs of a connection (RFC 5961 7)"},
	{"receive-buffer-max", KNOB_U32, AT(receive_buffer_max), 0, 1u << 30, "bytes", NULL,
		"what it may grow to, 0: it does not (RFC 7323 2)"},
	{"receive-buffer", KNOB_U32, AT(receive_buffer), 1024, 1u << 30, "bytes", NULL,
		"receive window offered (RFC 9293 3.8.6)"},
	{"mss", KNOB_U16, AT(mss), 0, 9000, "bytes", NULL,
		"upper limit of the MSS, 0: from the MTU (RFC 9293 3.7.1)"},
	{"black-hole-timeouts", KNOB_U8, AT(black_hole_timeouts), 0, 100, "", NULL,
		"of a full segment in a row, then smaller ones, 0: never (RFC 4821)"},
	{"initial-window", KNOB_U8, AT(initial_window), 1, 64, "segments", NULL,
		"initial congestion window (RFC 6928)"},
	{"isn-tick", KNOB_U8, AT(isn_shift), 0, 12, "log2 ns", NULL,
		"ISN clock: 6 is 64 ns, 12 is 4.1 us (RFC 6528)"},
	{"timestamps", KNOB_ON_OFF, AT(timestamps), 0, 1, "", NULL,
		"offered and accepted (RFC 7323)"},
	{"window-scale", KNOB_ON_OFF, AT(window_scale), 0, 1, "", NULL,
		"offered and accepted (RFC 7323)"},
	{"loss-probe", KNOB_U32, AT(loss_probe_ms), 0, 60000, "ms", NULL,
		"least wait for a loss probe, 0: none (RFC 8985 7.2)"},
	{"delayed-ack", KNOB_U32, AT(delayed_ack_ms), 0, 500, "ms", NULL,
		"an ACK waits for data so long, 0: never (RFC 1122 4.2.3.2)"},
	{"congestion", KNOB_CHOICE, AT(congestion), 0, SPATE_N_CONGESTION - 1, "",
		congestion_choices, "how the window grows (RFC 9438, RFC 5681)"},
	{"no-delay", KNOB_ON_OFF, AT(no_delay), 0, 1, "", NULL,
		"short segments leave at once: Nagle off (RFC 1122 4.2.3.4)"},
	{"sack", KNOB_ON_OFF, AT(sack), 0, 1, "", NULL, "offered and accepted (RFC 2018, 2883)"},
	{"ecn", KNOB_ON_OFF, AT(ecn), 0, 1, "", NULL, "offered and accepted (RFC 3168)"},
	{"tolerate-missing-ts", KNOB_ON_OFF, AT(tolerate_missing_ts), 0, 1, "", NULL,
		"accept segments without the agreed timestamp (RFC 7323 3.2)"},
	{"time-wait", KNOB_ON_OFF, AT(time_wait), 0, 1, "", NULL,
		"off: no TIME_WAIT, late FINs draw RST (against RFC 9293 3.6)"},
	{"quiet-time", KNOB_U32, AT(quiet_time_ms), 0, 600000, "ms", NULL,
		"after the start: no opens, no answers (RFC 9293 3.4.3)"},
	{"honour-rst-in-time-wait", KNOB_ON_OFF, AT(honour_rst_in_time_wait), 0, 1, "", NULL,
		"let RST end TIME_WAIT (against RFC 1337)"},
	{"hold-rst-in-syn-sent", KNOB_ON_OFF, AT(hold_rst_in_syn_sent), 0, 1, "", NULL,
		"no RST for the ACK of a TIME_WAIT that it would end (against RFC 9293 3.10.7.3)"},
	{"auth-drop-unmatched", KNOB_ON_OFF, AT(auth_drop_unmatched), 0, 1, "", NULL,
		"drop, not ignore, TCP-AO there is no key for (RFC 5925 7.3)"},
	{"sequential-ports", KNOB_ON_OFF, AT(sequential_ports), 0, 1, "", NULL,
		"local ports in order (against RFC 6056)"},
};

#define N_KNOBS (sizeof(table) / sizeof(table[0]))

static uint64_t
get(const struct spate_tcp_conf *conf, const struct knob *k)
{
	const uint8_t *at = (const uint8_t *)conf + k->offset;
	uint32_t u32;
	uint16_t u16;

	switch (k->type) {
	case KNOB_U32:
		memcpy(&u32, at, sizeof(u32));
		return u32;
	case KNOB_U16:
		memcpy(&u16, at, sizeof(u16));
		return u16;
	default:
		return *at;
	}
}

static void
put(struct spate_tcp_conf *conf, const struct knob *k, uint64_t value)
{
	uint8_t *at = (uint8_t *)conf + k->offset;
	uint32_t u32 = value;
	uint16_t u16 = value;

	switch (k->type) {
	case KNOB_U32:
		memcpy(at, &u32, sizeof(u32));
		break;
	case KNOB_U16:
		memcpy(at, &u16, sizeof(u16));
		break;
	default:
		*at = value;
	}
}

/* What a knob may be, for people. */
static void
range_text(const struct knob *k, char *out, size_t size)
{
	if (k->type == KNOB_ON_OFF) {
		snprintf(out, size, "on|off");
	} else if (k->type == KNOB_CHOICE) {
		out[0] = '\0';
		for (int i = 0; k->choices[i]; i++) {
			size_t at = strlen(out);

			snprintf(out + at, size - at, "%s%s", at ? "|" : "", k->choices[i]);
		}
	} else {
		snprintf(out, size, "%" PRIu64 "-%" PRIu64 "%s%s", k->min, k->max,
			k->unit[0] ? " " : "", k->unit);
	}
}

static const char *
value_text(const struct knob *k, uint64_t value, char *out, size_t size)
{
	if (k->type == KNOB_ON_OFF)
		snprintf(out, size, "%s", value ? "on" : "off");
	else if (k->type == KNOB_CHOICE)
		snprintf(out, size, "%s", k->choices[value]);
	else
		snprintf(out, size, "%" PRIu64, value);
	return out;
}

static bool
parse(const struct knob *k, const char *text, uint64_t *value)
{
	char range[64];

	if (k->type == KNOB_ON_OFF) {
		*value = strcmp(text, "on") == 0;
		if (*value || strcmp(text, "off") == 0)
			return true;
	} else if (k->type == KNOB_CHOICE) {
		for (*value = 0; k->choices[*value]; (*value)++)
			if (strcmp(k->choices[*value], text) == 0)
				return true;
	} else {
		return take_number(text, k->min, k->max, k->name, value);
	}
	range_text(k, range, sizeof(range));
	wrong("%s '%s': expected %s", k->name, text, range);
	return false;
}

bool
knobs_set(struct config *c, const char *name, const char *text)
{
	uint64_t value;

	if (strcmp(name, "preset") == 0) {
		if (spate_tcp_preset(&c->tcp, text) == 0)
			return true;
		wrong("preset '%s': expected linux|rfc|bsd", text);
		return false;
	}
	for (size_t i = 0; i < N_KNOBS; i++) {
		if (strcmp(table[i].name, name))
			continue;
		if (!parse(&table[i], text, &value))
			return false;
		put(&c->tcp, &table[i], value);
		/* An own number of SYNs replaces a preset's fixed times. */
		if (table[i].offset == AT(syn_retries) || table[i].offset == AT(initial_rto_ms))
			memset(c->tcp.syn_schedule_ms, 0, sizeof(c->tcp.syn_schedule_ms));
		return true;
	}
	wrong("'%s' is no setting: 'help set tcp' lists them", name);
	return false;
}

void
knobs_print(const struct config *c)
{
	struct spate_tcp_conf defaults;
	char text[32];

	spate_tcp_defaults(&defaults);
	if (c->tcp.syn_schedule_ms[0]) {
		/* Fixed times come with a preset only, and before what differs from it. */
		printf("set tcp preset bsd\n");
		spate_tcp_preset(&defaults, "bsd");
	}
	for (size_t i = 0; i < N_KNOBS; i++) {
		uint64_t value = get(&c->tcp, &table[i]);

		if (value != get(&defaults, &table[i]))
			printf("set tcp %s %s\n", table[i].name,
				value_text(&table[i], value, text, sizeof(text)));
	}
	if (c->drain_ms != 3000)
		printf("set run drain %u\n", c->drain_ms);
	if (c->end_by_reset)
		printf("set run end reset\n");
}

void
knobs_help(void)
{
	struct spate_tcp_conf defaults;
	char range[64], text[32];

	spate_tcp_defaults(&defaults);
	for (size_t i = 0; i < N_KNOBS; i++) {
		range_text(&table[i], range, sizeof(range));
		printf("    %-24s %-24s %-8s %s\n", table[i].name, range,
			value_text(&table[i], get(&defaults, &table[i]), text, sizeof(text)),
			table[i].help);
	}
	printf("    %-24s %-24s %-8s %s\n", "preset", "linux|rfc|bsd", "linux",
		"MSL, SYN and FIN_WAIT_2 times together (RFC 9293 MUST-23)");
}
