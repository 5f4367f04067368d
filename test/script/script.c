/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What runs a script: the stack's life, virtual time, the application, and the checks
 * at the end. runner.c runs it in every configuration.
 */
#include <stdlib.h>
#include <sys/socket.h>

#include <rte_errno.h>
#include <rte_mempool.h>

#include "../nic.h"
#include "script.h"

uint8_t script_pattern[1 << 20];
bool script_v6;

#define TRACE_LINES 48
#define TRACE_WIDTH 240

/* ---- saying what went wrong */

void
script_note(struct script *s, const char *fmt, ...)
{
	char *line = s->trace + (s->trace_len++ % TRACE_LINES) * TRACE_WIDTH;
	int n = snprintf(line, TRACE_WIDTH, "%10.3f ms", (double)(s->now - s->began) / 1e6);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line + n, TRACE_WIDTH - n, fmt, ap);
	va_end(ap);
}

void
script_fail(struct script *s, const char *fmt, ...)
{
	uint32_t i = s->trace_len > TRACE_LINES ? s->trace_len - TRACE_LINES : 0;
	char text[512];
	va_list ap;

	for (; i < s->trace_len; i++)
		print_error("%s\n", s->trace + (i % TRACE_LINES) * TRACE_WIDTH);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	print_error("%s:%d: %s\n", s->file, s->line, text);
	_fail(s->file, s->line);
	abort();
}

/* ---- the application */

static void
event(struct script *s, const char *fmt, ...)
{
	size_t at = strlen(s->events);
	va_list ap;

	if (at + 64 > sizeof(s->events))
		script_fail(s, "too many events");
	if (at)
		s->events[at++] = ' ';
	va_start(ap, fmt);
	vsnprintf(s->events + at, sizeof(s->events) - at, fmt, ap);
	va_end(ap);
	script_note(s, "      [%s]", s->events + at);
	if (s->hook) {
		char name[64];

		snprintf(name, sizeof(name), "%s", s->events + at);
		s->hook(s, name);
	}
}

void
script_opened(struct script *s, spate_conn c)
{
	s->conn = c;
	if (s->n_conns < RTE_DIM(s->conns))
		s->conns[s->n_conns] = c;
	s->n_conns++;
}

static void
on_accept(void *app, spate_conn c, uint32_t cookie)
{
	struct script *s = app;

	script_opened(s, c);
	if (cookie != COOKIE)
		script_fail(s, "a listener's cookie came back as %u", cookie);
	event(s, "accept");
}

static void
on_established(void *app, spate_conn c)
{
	((struct script *)app)->conn = c;
	event(app, "established");
}

static uint32_t
on_data(void *app, spate_conn c, const uint8_t *data, uint32_t len)
{
	struct script *s = app;

	(void)c;
	if (s->received_len + len > sizeof(s->received))
		script_fail(s, "too much data");
	memcpy(s->received + s->received_len, data, len);
	s->received_len += len;
	event(s, "data:%u", len);
	return s->hold ? 0 : len;
}

static void
on_sendable(void *app, spate_conn c)
{
	(void)c;
	event(app, "sendable");
}

static void
on_peer_fin(void *app, spate_conn c)
{
	(void)c;
	event(app, "fin");
}

static void
on_closed(void *app, spate_conn c, int reason)
{
	static const struct {
		int code;
		const char *name;
	} names[] = {{0, ""}, {-ECONNRESET, ":ECONNRESET"}, {-ECONNREFUSED, ":ECONNREFUSED"},
		  {-EHOSTUNREACH, ":EHOSTUNREACH"}, {-ENETUNREACH, ":ENETUNREACH"},
		{-ETIMEDOUT, ":ETIMEDOUT"}, {-ECONNABORTED, ":ECONNABORTED"}};
	struct script *s = app;
	const char *name = ":?";

	(void)c;
	for (size_t i = 0; i < RTE_DIM(names); i++)
		if (names[i].code == reason)
			name = names[i].name;
	s->n_closed++;
	event(s, "closed%s", name);
}

static void
on_segment(void *app, spate_conn c, const struct spate_segment *seg)
{
	struct script *s = app;

	(void)c;
	s->segment = *seg;
	event(s, "segment");
}

const struct spate_ops script_ops = {
	on_accept, on_established, on_data, on_sendable, on_peer_fin, on_closed, on_segment};

/* ---- life and time */

void
script_start(struct script *s)
{
	if (script_v6) {
		/* The MSS stays what it is over IPv4. */
		s->conf.mtu += 20;
		script_ip6(rte_be_to_cpu_32(s->conf.ip4), s->conf.ip6);
		s->conf.prefix6 = 96 + s->conf.prefix;
		if (s->conf.gateway)
			script_ip6(rte_be_to_cpu_32(s->conf.gateway), s->conf.gateway6);
	}
	s->stack = spate_stack_create(&s->conf, s->now);
	if (s->stack == NULL)
		script_fail(s, "spate_stack_create: %s", rte_strerror(rte_errno));
	s->began = s->now;
	s->next = s->now;
	if (s->arp == ARP_ANSWERED) {
		/* A request for us is how we get to know the asker; the answer is test_ip.c's. */
		if (script_v6)
			script_nd_introduce(s);
		else
			script_arp_in(s, 1, script_broadcast, script_peer_mac, PEER_IP, OUR_IP);
		script_pump(s);
		s->head = s->tail;
	}
}

void
script_now(struct script *s)
{
	spate_stack_now(s->stack, s->now);
}

/* Answer ARP requests the way the peer would. True when `f` was one. */
static bool
answer_arp(struct script *s, const struct frame *f)
{
	const uint8_t *p = f->b + (s->conf.vlan ? 18 : 14);

	if (s->arp == ARP_MANUAL || script_get16(p - 2) != 0x0806 || script_get16(p + 6) != 1 ||
		script_get32(p + 14) == script_get32(p + 24))
		return false;
	script_arp_in(s, 2, f->b + 6, script_peer_mac, script_get32(p + 24), script_get32(p + 14));
	return true;
}

static void
take(struct script *s, struct rte_mbuf *m)
{
	struct rte_mbuf *pieces[NIC_PIECES_MAX];
	struct frame *f = &s->queue[s->tail % FRAMES];
	const char *why;
	char line[200];

	if (nic_is_large(m)) {
		uint32_t n = nic_cut(m, s->wire_pool, pieces, &why);

		if (n == 0)
			script_fail(s, "%s", why);
		for (uint32_t i = 0; i < n; i++)
			take(s, pieces[i]);
		return;
	}

	if (s->tail - s->head == FRAMES)
		script_fail(s, "too many frames nobody looked at");
	if (m->nb_segs != 1 || m->pkt_len > FRAME_BYTES)
		script_fail(s, "a frame of %u bytes in %u pieces", m->pkt_len, m->nb_segs);
	f->at = s->now;
	f->len = m->pkt_len;
	f->ol_flags = m->ol_flags;
	memcpy(f->b, rte_pktmbuf_mtod(m, void *), f->len);
	rte_pktmbuf_free(m);
	script_describe(s, f->b, f->len, line, sizeof(line));
	script_note(s, " out  %s", line);
	if (!answer_arp(s, f) && !script_nd_answer(s, f))
		s->tail++;
}

void
script_pump(struct script *s)
{
	struct rte_mbuf *m[32];
	uint16_t n;

	do {
		s->next = spate_stack_tick(s->stack, s->now);
		n = spate_stack_output(s->stack, m, s->out_max, s->now);
		for (uint16_t i = 0; i < n; i++)
			take(s, m[i]);
	} while (n > 0);
}

void
script_forget(struct script *s)
{
	script_pump(s);
	/* The peer echoes the last of its timestamps, as when OUT has seen it. */
	if (s->head != s->tail && s->t->ts_offset_known)
		s->t->ts_out =
			s->t->ts_offset + (uint32_t)(s->queue[(s->tail - 1) % FRAMES].at / MS);
	s->head = s->tail;
}

/* Everything a stack does is counted: a number that changes when it has done something. */
static uint64_t
work_done(const struct script *s)
{
	const struct spate_counters *c = spate_stack_counters(s->stack);
	uint64_t sum = s->tail;

	for (int i = 0; i < SPATE_N_COUNTERS; i++)
		sum += c->v[i];
	return sum;
}

/* Before the deadline that tick returned there is nothing to do: see whether that is so. */
static void
before_deadline(struct script *s, uint64_t at)
{
	uint64_t done = work_done(s);

	s->now = at;
	script_pump(s);
	if (work_done(s) != done)
		script_fail(s, "work before the deadline that tick returned");
}

void
script_advance(struct script *s, uint64_t until, bool stop_at_output)
{
	uint32_t still = 0;

	script_pump(s);
	while (s->now < until && !(stop_at_output && s->head != s->tail)) {
		uint64_t next = s->next;

		still = next > s->now ? 0 : still + 1;
		if (still > 16)
			script_fail(s, "tick returns deadlines that have passed");
		if (next > until) {
			before_deadline(s, until);
			return;
		}
		if (next > s->now + 1)
			before_deadline(s, next - 1);
		s->now = next > s->now ? next : s->now + 1;
		script_pump(s);
	}
}

/* ---- what scripts do to the stack */

struct spate_addr
script_addr(uint32_t ip, uint16_t port)
{
	struct spate_addr a;

	/* Every byte of it: addresses are compared whole. */
	memset(&a, 0, sizeof(a));
	a.family = script_v6 ? AF_INET6 : AF_INET;
	a.port = rte_cpu_to_be_16(port);
	if (!script_v6)
		a.ip4 = rte_cpu_to_be_32(ip);
	else if (ip)
		script_ip6(ip, a.ip6);
	return a;
}

int
script_add_addresses(struct script *s, uint32_t first, uint32_t last)
{
	struct spate_addr a = script_addr(first, 0), b = script_addr(last, 0);

	return spate_add_addresses(s->stack, &a, &b);
}

void
script_must(struct script *s, int rc, const char *what)
{
	if (rc < 0)
		script_fail(s, "%s: %s", what, strerror(-rc));
}

int
script_connect(struct script *s)
{
	struct spate_addr local = script_addr(s->t->laddr, s->t->lport);
	struct spate_addr remote = script_addr(s->t->raddr, s->t->rport);
	spate_conn c;
	int rc;

	script_now(s);
	rc = spate_connect_from(s->stack, &local, &remote, &c);
	if (rc == 0)
		script_opened(s, c);
	return rc;
}

void
script_listen(struct script *s, uint32_t backlog)
{
	struct spate_addr any = script_addr(0, OUR_PORT);

	if (s->listener >= 0)
		return;
	s->listener = spate_listen(s->stack, &any, backlog, SPATE_LISTEN_REUSE_ADDRESS, COOKIE);
	script_must(s, s->listener, "listen");
}

void
script_establish(struct script *s)
{
	if (s->active) {
		script_must(s, script_connect(s), "connect");
		script_out(s, NULL, &(struct seg){.flags = SYN});
		script_in(s, &(struct seg){.flags = SYN_ACK, .ack = 1});
		script_out(s, NULL, &(struct seg){.flags = ACK, .seq = 1, .ack = 1});
		script_events(s, "established");
	} else {
		script_listen(s, 0);
		script_in(s, &(struct seg){.flags = SYN});
		script_out(s, NULL, &(struct seg){.flags = SYN_ACK, .ack = 1});
		script_in(s, &(struct seg){.flags = ACK, .seq = 1, .ack = 1});
		script_silent(s);
		script_events(s, "accept");
	}
	script_state(s, SPATE_ESTABLISHED);
}

void
script_to_time_wait(struct script *s)
{
	script_establish(s);
	CLOSE(s);
	script_out(s, NULL, &(struct seg){.flags = FIN_ACK, .seq = 1, .ack = 1});
	script_in(s, &(struct seg){.flags = ACK, .seq = 1, .ack = 2});
	script_silent(s);
	script_in(s, &(struct seg){.flags = FIN_ACK, .seq = 1, .ack = 2});
	script_out(s, NULL, &(struct seg){.flags = ACK, .seq = 2, .ack = 2});
	script_events(s, "closed");
	script_equal(s, "TIME_WAIT", script_in_state(s, SPATE_TIME_WAIT), 1);
}

void
script_send(struct script *s, const char *text)
{
	ssize_t n;

	script_now(s);
	n = spate_send(s->stack, s->conn, text, strlen(text));
	if (n != (ssize_t)strlen(text))
		script_fail(s, "spate_send returned %zd", n);
}

void
script_send_pattern(struct script *s, uint32_t n)
{
	script_now(s);
	script_must(
		s, spate_send_static(s->stack, s->conn, script_pattern + s->t->queued, n), "send");
	s->t->queued += n;
}

/* ---- what scripts want to be true */

void
script_events(struct script *s, const char *text)
{
	script_pump(s);
	if (strcmp(s->events, text))
		script_fail(s, "events are \"%s\", expected \"%s\"", s->events, text);
	s->events[0] = 0;
}

void
script_received(struct script *s, const uint8_t *data, uint32_t len)
{
	if (s->received_len != len)
		script_fail(s, "%u bytes received, expected %u", s->received_len, len);
	if (len && memcmp(s->received, data, len))
		script_fail(s, "the bytes received are not those sent");
	s->received_len = 0;
}

struct spate_conn_info
script_info(struct script *s)
{
	struct spate_conn_info info;

	script_must(s, spate_conn_info(s->stack, s->conn, &info), "conn_info");
	return info;
}

void
script_state(struct script *s, enum spate_state state)
{
	enum spate_state is = script_info(s).state;

	if (is != state)
		script_fail(s, "state is %s, expected %s", spate_state_name(is),
			spate_state_name(state));
}

uint64_t
script_in_state(struct script *s, enum spate_state state)
{
	uint64_t counts[SPATE_N_STATES];

	spate_state_counts(s->stack, counts);
	return counts[state];
}

uint64_t
script_count_of(const struct script *s, enum spate_counter id)
{
	return spate_stack_counters(s->stack)->v[id];
}

void
script_counted(struct script *s, enum spate_counter id, uint64_t n)
{
	script_equal(s, spate_counter_info[id].name, script_count_of(s, id), n);
}

void
script_equal(struct script *s, const char *what, uint64_t a, uint64_t b)
{
	if (a != b)
		script_fail(s, "%s is %lu (0x%lx), expected %lu (0x%lx)", what, a, a, b, b);
}
