/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn_text.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const timer_name[SPATE_N_TIMERS] = {
	[SPATE_TIMER_NONE] = "none",
	[SPATE_TIMER_RETRANSMIT] = "retransmit",
	[SPATE_TIMER_LOSS_PROBE] = "loss-probe",
	[SPATE_TIMER_REORDER] = "reorder",
	[SPATE_TIMER_PERSIST] = "persist",
	[SPATE_TIMER_OVERRIDE] = "override",
	[SPATE_TIMER_DELAYED_ACK] = "delayed-ack",
	[SPATE_TIMER_FIN_WAIT_2] = "fin-wait-2",
	[SPATE_TIMER_KEEPALIVE] = "keepalive",
	[SPATE_TIMER_TIME_WAIT] = "time-wait",
};

void
conn_print_head(void)
{
	printf("%-12s %8s %8s  %-24s %s\n", "State", "Recv-Q", "Send-Q", "Local Address:Port",
		"Peer Address:Port");
}

void
conn_print_line(const char *state, uint32_t recv_q, uint32_t send_q, const struct spate_addr *local,
	const struct spate_addr *remote)
{
	char l[ENDPOINT_TEXT], r[ENDPOINT_TEXT] = "*:*";

	endpoint_text(local, l);
	if (remote)
		endpoint_text(remote, r);
	printf("%-12s %8" PRIu32 " %8" PRIu32 "  %-24s %s\n", state, recv_q, send_q, l, r);
}

/* Milliseconds left until the timer fires. */
static uint64_t
left_ms(const struct spate_conn_info *c, uint64_t now_ns)
{
	return c->expires_ns > now_ns ? (c->expires_ns - now_ns) / 1000000 : 0;
}

void
conn_print_details(const struct spate_conn_info *c, uint64_t now_ns)
{
	printf("    ");
	if (c->timestamps)
		printf(" ts");
	if (c->window_scale)
		printf(" wscale:%u,%u", c->snd_scale, c->rcv_scale);
	if (c->state != SPATE_TIME_WAIT)
		printf(" rto:%" PRIu32, c->rto_us / 1000);
	if (c->srtt_us)
		printf(" rtt:%.3f/%.3f", c->srtt_us / 1e3, c->rttvar_us / 1e3);
	if (c->mss)
		printf(" mss:%u", c->mss);
	if (c->cwnd)
		printf(" cwnd:%" PRIu32, c->cwnd);
	if (c->ssthresh && c->ssthresh != UINT32_MAX)
		printf(" ssthresh:%" PRIu32, c->ssthresh);
	if (c->unacked)
		printf(" unacked:%" PRIu32, c->unacked);
	if (c->retries || c->backoff)
		printf(" retries:%u backoff:%u", c->retries, c->backoff);
	if (c->timer)
		printf(" timer:(%s,%" PRIu64 "ms)", timer_name[c->timer], left_ms(c, now_ns));
	printf(" snd_una:%" PRIu32 " snd_nxt:%" PRIu32 " rcv_nxt:%" PRIu32, c->snd_una, c->snd_nxt,
		c->rcv_nxt);
	if (c->state != SPATE_TIME_WAIT)
		printf(" snd_wnd:%" PRIu32 " rcv_wnd:%" PRIu32, c->snd_wnd, c->rcv_wnd);
	printf("\n");
}

static void
print_number(const char *name, uint32_t number, const uint32_t *base)
{
	printf("  %s %" PRIu32, name, number);
	if (base)
		printf(" (%" PRId32 ")", (int32_t)(number - *base));
}

static void
print_path(const struct spate_conn_info *c)
{
	printf("    path      mss %u  cwnd %" PRIu32 "  ssthresh ", c->mss, c->cwnd);
	if (c->ssthresh == 0 || c->ssthresh == UINT32_MAX)
		printf("none");
	else
		printf("%" PRIu32, c->ssthresh);
	printf("  rto %" PRIu32 " ms", c->rto_us / 1000);
	if (c->srtt_us)
		printf("  rtt %.3f ms, varies %.3f ms", c->srtt_us / 1e3, c->rttvar_us / 1e3);
	printf("\n    loss      %s  retries %u  backoff %u  probes %u  duplicate ACKs %u\n",
		c->recovery ? "fast recovery"
		: c->loss   ? "after a timeout"
			    : "none",
		c->retries, c->backoff, c->probes, c->dupacks);
}

static void
print_agreed(const struct spate_conn_info *c)
{
	printf("    options  %s%s%s", c->timestamps ? " timestamps" : "",
		c->window_scale ? " window-scale" : "", c->keepalive ? " keepalive" : "");
	if (c->timestamps)
		printf("  tsval %" PRIu32 "  ts.recent %" PRIu32, c->tsval, c->ts_recent);
	printf("\n    opened    %sly", c->passive ? "passive" : "active");
	if (c->closed)
		printf("  closed here");
	if (c->fin_queued)
		printf("  FIN %s", c->fin_sent ? "sent" : "queued");
	printf("\n");
}

void
conn_print_all(
	const struct spate_conn_info *c, uint64_t now_ns, const uint32_t *iss, const uint32_t *irs)
{
	bool waits = c->state == SPATE_TIME_WAIT;

	printf("    send    ");
	print_number("una", c->snd_una, iss);
	print_number("nxt", c->snd_nxt, iss);
	if (!waits)
		printf("  wnd %" PRIu32 "  scale %u  unacked %" PRIu32 "  unsent %" PRIu32,
			c->snd_wnd, c->snd_scale, c->unacked, c->unsent);
	printf("\n    receive ");
	print_number("nxt", c->rcv_nxt, irs);
	if (!waits) {
		printf("  wnd %" PRIu32 "  scale %u  unread %" PRIu32 "\n", c->rcv_wnd,
			c->rcv_scale, c->unread);
		print_path(c);
		print_agreed(c);
	} else {
		printf("\n");
	}
	printf("    timer     %s", timer_name[c->timer]);
	if (c->timer)
		printf(" in %" PRIu64 " ms", left_ms(c, now_ns));
	printf("\n");
}

/* The same but for case and what stands between words. */
static bool
same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++) {
		char x = *a == '-' ? '_' : toupper((unsigned char)*a);
		char y = *b == '-' ? '_' : toupper((unsigned char)*b);

		if (x != y)
			return false;
	}
	return *a == *b;
}

int
conn_state(const char *text)
{
	for (int s = 0; s < SPATE_N_STATES; s++)
		if (same_name(text, spate_state_name(s)))
			return s;
	if (same_name(text, "ESTAB"))
		return SPATE_ESTABLISHED;
	if (same_name(text, "SYN_RECV"))
		return SPATE_SYN_RCVD;
	return -1;
}
