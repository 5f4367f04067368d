/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "spate.h"

void
spate_tcp_defaults(struct spate_tcp_conf *c)
{
	*c = (struct spate_tcp_conf){
		.msl_ms = 30000,
		.initial_rto_ms = 1000,
		.min_rto_ms = 200,
		.max_rto_ms = 120000,
		.syn_retries = 6,
		.synack_retries = 5,
		.data_retries = 15,
		.orphan_retries = 8,
		.fin_wait_2_ms = 60000,
		.keepalive_idle_ms = 7200000,
		.keepalive_interval_ms = 75000,
		.keepalive_count = 9,
		.user_timeout_limit_ms = 3600000,
		.challenge_ack_ms = 500,
		.loss_probe_ms = 10, /* a few ticks of the wheel: what is late is not lost */
		.delayed_ack_ms = 40,
		.receive_buffer = 256 * 1024,
		.receive_buffer_max = 8 * 1024 * 1024,
		.initial_window = 10,
		.black_hole_timeouts = 3,
		.reuse = SPATE_REUSE_NO,
		.isn_shift = 6,
		.syn_cookies = true,
		.time_wait = true,
		.timestamps = true,
		.window_scale = true,
		.sack = true,
	};
}

int
spate_tcp_preset(struct spate_tcp_conf *c, const char *name)
{
	struct spate_tcp_conf defaults;

	spate_tcp_defaults(&defaults);
	if (strcmp(name, "linux") && strcmp(name, "rfc") && strcmp(name, "bsd"))
		return -EINVAL;
	c->initial_rto_ms = defaults.initial_rto_ms;
	c->syn_retries = defaults.syn_retries;
	c->synack_retries = defaults.synack_retries;
	c->fin_wait_2_ms = defaults.fin_wait_2_ms;
	c->msl_ms = defaults.msl_ms;
	memset(c->syn_schedule_ms, 0, sizeof(c->syn_schedule_ms));
	if (strcmp(name, "rfc") == 0) {
		/* RFC 9293 MUST-23: R2 for a SYN is 3 minutes at least; MSL is 2 minutes. */
		c->syn_retries = 7;
		c->msl_ms = 120000;
	} else if (strcmp(name, "bsd") == 0) {
		/* SYNs at 0, 6 and 30 s, given up at 75 s. */
		static const uint32_t schedule[] = {6000, 24000, 45000};

		memcpy(c->syn_schedule_ms, schedule, sizeof(schedule));
		c->syn_retries = 2;
		c->fin_wait_2_ms = 675000;
	}
	return 0;
}

const char *
spate_state_name(enum spate_state s)
{
	static const char *const name[SPATE_N_STATES] = {
		[SPATE_CLOSED] = "CLOSED",
		[SPATE_LISTEN] = "LISTEN",
		[SPATE_SYN_SENT] = "SYN_SENT",
		[SPATE_SYN_RCVD] = "SYN_RCVD",
		[SPATE_ESTABLISHED] = "ESTABLISHED",
		[SPATE_FIN_WAIT_1] = "FIN_WAIT_1",
		[SPATE_FIN_WAIT_2] = "FIN_WAIT_2",
		[SPATE_CLOSING] = "CLOSING",
		[SPATE_TIME_WAIT] = "TIME_WAIT",
		[SPATE_CLOSE_WAIT] = "CLOSE_WAIT",
		[SPATE_LAST_ACK] = "LAST_ACK",
	};

	return s < SPATE_N_STATES ? name[s] : "?";
}
