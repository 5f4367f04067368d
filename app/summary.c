/* SPDX-License-Identifier: BSD-3-Clause */
/* What people read: the live line and the summary. */
#include <inttypes.h>
#include <string.h>

#include "app.h"
#include "report.h"

const char *
grouped(uint64_t n, char out[GROUPED_MAX])
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, n), at = 0;

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			out[at++] = ',';
		out[at++] = digits[i];
	}
	out[at] = '\0';
	return out;
}

static bool
any_client(const struct app *a)
{
	for (int i = 0; i < CLIENTS_MAX; i++)
		if (a->config.client[i].used)
			return true;
	return false;
}

static bool
any_server(const struct app *a)
{
	for (int i = 0; i < SERVERS_MAX; i++)
		if (a->config.server[i].used)
			return true;
	return false;
}

double
report_gbit_s(uint64_t bytes, double seconds)
{
	return seconds > 0 ? bytes * 8 / 1e9 / seconds : 0;
}

static bool
any_client_of(const struct app *a, enum client_kind kind)
{
	for (int i = 0; i < CLIENTS_MAX; i++)
		if (a->config.client[i].used && a->config.client[i].kind == kind)
			return true;
	return false;
}

static bool
any_stream_server(const struct app *a)
{
	for (int i = 0; i < SERVERS_MAX; i++)
		if (a->config.server[i].used && (a->config.server[i].kind == SERVER_STREAM ||
							a->config.server[i].kind == SERVER_DISCARD))
			return true;
	return false;
}

/* Is there more than one request on a connection? */
static bool
many_requests(const struct app *a)
{
	for (int i = 0; i < CLIENTS_MAX; i++)
		if (a->config.client[i].used && a->config.client[i].requests != 1)
			return true;
	return false;
}

static uint64_t
rate(uint64_t now, uint64_t before, double seconds)
{
	return seconds > 0 ? (uint64_t)((now - before) / seconds + 0.5) : 0;
}

void
live_line(
	const struct app *a, uint64_t second, const struct totals *before, const struct totals *now)
{
	double s = (now->now_ns - before->now_ns) / 1e9;
	struct client_totals c, cb;
	struct server_totals v, vb;
	char n1[GROUPED_MAX], n2[GROUPED_MAX], n3[GROUPED_MAX];

	totals_clients(now, &c);
	totals_clients(before, &cb);
	totals_servers(now, &v);
	totals_servers(before, &vb);
	printf("%4" PRIu64 " s", second);
	if (any_client(a))
		printf("  client %s conn/s, %s open, %s failed",
			grouped(rate(c.closed, cb.closed, s), n1), grouped(c.open, n2),
			grouped(client_failed(&c), n3));
	if (many_requests(a))
		printf(", %s requests/s", grouped(rate(c.requests, cb.requests, s), n1));
	if (any_client_of(a, CLIENT_HOLD))
		printf(", %s held, %s answered", grouped(c.held, n1), grouped(c.answered, n2));
	if (any_client_of(a, CLIENT_STREAM))
		printf(", up %.3f down %.3f Gbit/s", report_gbit_s(c.bytes_up - cb.bytes_up, s),
			report_gbit_s(c.bytes_down - cb.bytes_down, s));
	if (any_server(a))
		printf("  server %s conn/s, %s open", grouped(rate(v.accepted, vb.accepted, s), n1),
			grouped(v.open, n2));
	if (any_stream_server(a))
		printf(", up %.3f down %.3f Gbit/s", report_gbit_s(v.bytes_up - vb.bytes_up, s),
			report_gbit_s(v.bytes_down - vb.bytes_down, s));
	printf("  time-wait %s  busy", grouped(now->state[SPATE_TIME_WAIT], n1));
	for (uint16_t i = 0; i < a->engine.n_workers; i++) {
		uint64_t busy = now->busy_cycles[i] - before->busy_cycles[i];
		uint64_t idle = now->idle_cycles[i] - before->idle_cycles[i];

		printf(" %.0f%%", busy + idle ? 100.0 * busy / (busy + idle) : 0.0);
	}
	printf("\n");
	fflush(stdout);
}

double
report_duration(const struct app *a, const struct totals *t)
{
	uint64_t start = a->base.now_ns > a->run_start_ns ? a->base.now_ns : a->run_start_ns;
	uint64_t end = a->run_end_ns ? a->run_end_ns : t->now_ns;

	return (end - start) / 1e9;
}

uint64_t
report_cycles(const struct totals *t, uint16_t i)
{
	return t->cycles_ended[i] ? t->busy_cycles[i] / t->cycles_ended[i] : 0;
}

const char *
report_role(const struct app *a, uint16_t i)
{
	bool client = false, server = false;

	for (uint16_t s = 0; s < a->engine.worker[i].n_slots; s++) {
		uint16_t port = a->engine.worker[i].slots[s]->port->id;

		for (int k = 0; k < CLIENTS_MAX; k++)
			client |= a->config.client[k].used && a->config.client[k].port == port;
		for (int k = 0; k < SERVERS_MAX; k++)
			server |= a->config.server[k].used && a->config.server[k].port == port;
	}
	return client && server ? "client+server"
	       : client         ? "client"
	       : server         ? "server"
	       : a->manual      ? "by hand"
				: "none";
}

static void
print_quantiles(const char *what, const struct histogram *h)
{
	if (h->count)
		printf("%s p50 %.1f us  p99 %.1f us  max %.1f us", what,
			histogram_quantile(h, 0.50) / 1e3, histogram_quantile(h, 0.99) / 1e3,
			h->max / 1e3);
}

static void
print_bytes(uint64_t up, uint64_t down, double seconds)
{
	char n[2][GROUPED_MAX];

	printf("         up %.3f Gbit/s, %s bytes  down %.3f Gbit/s, %s bytes\n",
		report_gbit_s(up, seconds), grouped(up, n[0]), report_gbit_s(down, seconds),
		grouped(down, n[1]));
}

static void
print_server(const struct server_totals *s)
{
	char n[GROUPED_MAX];

	printf("server   accepted %s", grouped(s->accepted, n));
	printf("  closed %s", grouped(s->closed, n));
	printf("  requests %s", grouped(s->requests, n));
	if (s->wrong)
		printf("  reset for what came %s", grouped(s->wrong, n));
	printf("\n");
}

static void
print_client(const struct client_totals *c, double seconds)
{
	static const char *const why[FAILURES] = {
		"refused", "reset", "timed out", "wrong response", "closed early", "no room here"};
	char n[GROUPED_MAX];

	printf("client   attempted %s", grouped(c->attempted, n));
	printf("  established %s", grouped(c->established, n));
	printf("  closed %s", grouped(c->closed, n));
	printf("  failed %s", grouped(client_failed(c), n));
	for (int i = 0; i < FAILURES; i++)
		if (c->failed[i])
			printf(" (%s %s)", why[i], grouped(c->failed[i], n));
	if (c->aborted)
		printf("  stopped %s", grouped(c->aborted, n));
	if (c->not_attempted)
		printf("  not attempted %s", grouped(c->not_attempted, n));
	printf("\n         %s connections/s", grouped(rate(c->closed, 0, seconds), n));
	printf("  requests %s", grouped(c->requests, n));
	print_quantiles("  handshake", &c->handshake_ns);
	printf("\n");
	if (c->response_ns.count) {
		printf("         %s requests/s", grouped(rate(c->requests, 0, seconds), n));
		print_quantiles("  response", &c->response_ns);
		printf("\n");
	}
}

static void
print_tcp(const struct totals *t)
{
	const uint64_t *v = t->tcp.v;
	char n[8][GROUPED_MAX];

	printf("ends     opened %s  closed %s  reset %s  timed out %s  refused %s\n",
		grouped(v[SPATE_OPENED], n[0]), grouped(v[SPATE_CLOSED_IN_ORDER], n[1]),
		grouped(v[SPATE_RESET], n[2]), grouped(v[SPATE_TIMED_OUT], n[3]),
		grouped(v[SPATE_REFUSED], n[4]));
	printf("time-wait  entered %s  reused %s  recycled %s  expired %s  now %s\n",
		grouped(v[SPATE_TW_ENTERED], n[0]), grouped(v[SPATE_TW_REUSED], n[1]),
		grouped(v[SPATE_TW_RECYCLED], n[2]), grouped(v[SPATE_TW_EXPIRED], n[3]),
		grouped(t->state[SPATE_TIME_WAIT], n[4]));
	if (v[SPATE_CONNECT_NO_PORT] || v[SPATE_CONNECT_SEARCH] || v[SPATE_CONNECT_NO_ROOM])
		printf("held up  no local port free %s times, long looked for %s times  connection "
		       "table full %s times\n",
			grouped(v[SPATE_CONNECT_NO_PORT], n[0]),
			grouped(v[SPATE_CONNECT_SEARCH], n[1]),
			grouped(v[SPATE_CONNECT_NO_ROOM], n[2]));
	printf("wire     sent %s frames  received %s  retransmitted %s segments\n",
		grouped(v[SPATE_TX_FRAMES], n[0]), grouped(v[SPATE_RX_FRAMES], n[1]),
		grouped(v[SPATE_RETRANSMITS], n[2]));
}

void
summary_print(const struct app *a, const struct totals *t)
{
	double seconds = report_duration(a, t);
	struct client_totals c;
	struct server_totals s;
	char n[GROUPED_MAX], n2[GROUPED_MAX];

	totals_clients(t, &c);
	totals_servers(t, &s);
	printf("\n---- %.1f s\n", seconds);
	if (any_client(a))
		print_client(&c, seconds);
	if (any_client_of(a, CLIENT_HOLD))
		printf("         held at once %s  answered at the end %s\n", grouped(c.held_max, n),
			grouped(c.answered, n2));
	if (any_client_of(a, CLIENT_STREAM))
		print_bytes(c.bytes_up, c.bytes_down, seconds);
	if (any_server(a))
		print_server(&s);
	if (any_stream_server(a))
		print_bytes(s.bytes_up, s.bytes_down, seconds);
	print_tcp(t);
	for (uint16_t i = 0; i < a->engine.n_workers; i++) {
		uint64_t all = t->busy_cycles[i] + t->idle_cycles[i];

		printf("lcore %u  %s  busy %.0f%%  %s cycles a connection\n",
			a->engine.worker[i].lcore, report_role(a, i),
			all ? 100.0 * t->busy_cycles[i] / all : 0.0,
			grouped(report_cycles(t, i), n));
	}
	fflush(stdout);
}
