/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The applications. Each end follows its plan: what it writes and when, how fast it
 * reads, and what makes it leave. Every callback ends in react(), which decides; so
 * calls into the stack are made from callbacks as well as from timers.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <rte_byteorder.h>

#include "sim.h"

#define MS       1000000ull
#define RETRY_NS (20 * MS)     /* no buffer, the tuple is taken, not the time to read */
#define WATCHDOG (600000 * MS) /* after a reset that may be lost, the other end gives up */

static struct spate_stack *
stack_of(const struct end *e)
{
	return e->sim->side[e->side].stack;
}

static bool
all_read(const struct end *e)
{
	return e->got == peer_of(e)->plan->size && e->unread == 0;
}

static void
changed(struct end *e)
{
	e->sim->app_next = 0;
}

/* ---- writing */

/* What may be written by now: in END_HALF the other end keeps half back. */
static uint32_t
write_limit(const struct end *e)
{
	if (e->conn->ending == END_HALF && e->conn->by != e->side && !e->fin_seen)
		return e->plan->size / 2;
	return e->plan->size;
}

/* One call. False when the stack had no room: later. */
static bool
write_chunk(struct end *e, uint32_t n)
{
	ssize_t rc;

	if (e->plan->by_copy) {
		rc = spate_send(stack_of(e), e->c, e->out + e->queued, n);
	} else {
		rc = spate_send_static(stack_of(e), e->c, e->out + e->queued, n);
		rc = rc == 0 ? (ssize_t)n : rc;
	}
	if (rc >= 0 && rc <= (ssize_t)n)
		e->queued += rc;
	else if (rc != -ENOBUFS)
		sim_fail(
			e->sim, "conn %d.%d %c: send says %zd", e->slot, e->inc, 'A' + e->side, rc);
	return rc == (ssize_t)n;
}

static void
write_some(struct end *e)
{
	uint32_t limit = write_limit(e);

	if (e->state != END_OPEN || e->shut || e->closed || e->queued >= limit)
		return;
	do {
		uint32_t n = rng_range(&e->sim->rng, 1, e->plan->chunk);

		if (n > limit - e->queued)
			n = limit - e->queued;
		if (!write_chunk(e, n)) {
			e->write_at = e->sim->now + RETRY_NS;
			changed(e);
			return;
		}
	} while (e->queued < limit && e->plan->writer == WRITE_AT_ONCE && !e->sim->failed);
	if (e->queued < limit && e->plan->writer == WRITE_NOW_AND_THEN) {
		e->write_at = e->sim->now + e->plan->pause_ns;
		changed(e);
	}
}

/* ---- leaving */

static void
shut(struct end *e)
{
	int rc;

	if (e->shut || e->closed)
		return;
	e->shut = true;
	sim_trace(e->sim, "conn %d.%d %c: shutdown", e->slot, e->inc, 'A' + e->side);
	rc = spate_shutdown(stack_of(e), e->c);
	if (rc < 0)
		sim_fail(e->sim, "shutdown says %d", rc);
}

static void
close_it(struct end *e)
{
	if (e->closed)
		return;
	e->closed = true;
	sim_trace(e->sim, "conn %d.%d %c: close", e->slot, e->inc, 'A' + e->side);
	spate_close(stack_of(e), e->c);
}

static void
abort_it(struct end *e)
{
	sim_trace(e->sim, "conn %d.%d %c: abort", e->slot, e->inc, 'A' + e->side);
	spate_abort(stack_of(e), e->c);
	if (e->state != END_ENDED)
		sim_fail(e->sim, "abort returned before on_closed was called");
}

/* END_EARLY and END_ABORT: the moment has come. */
static void
leave(struct end *e)
{
	e->left = true;
	e->leave_at = NEVER;
	changed(e);
	if (e->state != END_OPEN && e->state != END_OPENING)
		return;
	if (e->conn->ending == END_ABORT)
		abort_it(e);
	else
		close_it(e);
}

/* What is to be done now that something has happened? */
static void
react(struct end *e)
{
	bool sent, mine = e->conn->by == e->side;

	if (e->state != END_OPEN || e->sim->failed)
		return;
	if (leaves(e) && !e->left && e->got >= e->conn->leave_bytes)
		leave(e);
	if (e->state != END_OPEN)
		return;
	if (e->plan->writer != WRITE_NOW_AND_THEN || e->write_at == NEVER)
		if (e->plan->writer != WRITE_ON_SENT || e->queued == 0 || e->fin_seen)
			write_some(e);
	sent = e->queued == e->plan->size;
	switch (e->conn->ending) {
	case END_CLOSE:
		if (sent && all_read(e) && (mine || e->fin_seen))
			close_it(e);
		break;
	case END_BOTH:
		if (sent && all_read(e))
			close_it(e);
		break;
	case END_HALF:
	case END_HALVES:
		if (sent && (mine || e->conn->ending == END_HALVES))
			shut(e);
		if (sent && e->fin_seen && all_read(e))
			close_it(e);
		break;
	default:
		/* The other end only ever shuts down: a reset must find it. */
		if (!mine && sent && e->conn->ending == END_ABORT)
			shut(e);
		if (!mine && sent && e->conn->ending == END_EARLY && e->fin_seen && e->unread == 0)
			close_it(e);
		break;
	}
}

/* ---- callbacks */

static struct end *
end_of(void *app, spate_conn c)
{
	struct side *side = app;

	return (struct end *)(uintptr_t)spate_get_user(side->stack, c);
}

static void
connected(struct end *e)
{
	if (e->state == END_OPEN || e->state == END_ENDED)
		sim_fail(
			e->sim, "conn %d.%d %c: established twice", e->slot, e->inc, 'A' + e->side);
	e->state = END_OPEN;
	sim_trace(e->sim, "conn %d.%d %c: established", e->slot, e->inc, 'A' + e->side);
	if (leaves(e) && e->leave_at == NEVER && !e->left) {
		e->leave_at = e->sim->now + e->conn->leave_ns;
		changed(e);
	}
	react(e);
}

/*
 * A cookie proves itself for as long as it is young, not just once (RFC 4987 3.6): the ACK of one
 * that comes again, when all is over and the RST was lost, makes another connection of it.
 */
static void
come_back(struct side *side, spate_conn c)
{
	spate_set_user(side->stack, c, (uintptr_t)&side->sim->nobody);
	sim_trace(side->sim, "a cookie's connection comes back, and is aborted");
	spate_abort(side->stack, c);
}

static void
on_accept(void *app, spate_conn c, uint32_t cookie)
{
	struct side *side = app;
	struct spate_conn_info info;
	struct end *e;
	uint64_t cookies = spate_stack_counters(side->stack)->v[SPATE_COOKIES_ACCEPTED];
	bool from_cookie = cookies != side->cookies;
	uint32_t slot;

	(void)cookie;
	side->cookies = cookies;
	/* Which of the plan's connections is it? The client's ISS tells. */
	spate_conn_info(side->stack, c, &info);
	slot = rte_be_to_cpu_16(info.remote.port) - A_PORT;
	for (int i = slot < SLOTS ? side->sim->plan.slot[slot].n - 1 : -1; i >= 0; i--) {
		e = &side->sim->end[slot][i][1];
		if (peer_of(e)->state == END_IDLE || peer_of(e)->iss != info.rcv_nxt - 1)
			continue;
		side->opened++;
		if (e->state == END_ENDED && from_cookie) {
			come_back(side, c);
			return;
		}
		spate_set_user(side->stack, c, (uintptr_t)e);
		e->c = c;
		connected(e);
		return;
	}
	sim_fail(side->sim, "a connection was accepted that nobody has opened");
	spate_set_user(side->stack, c, (uintptr_t)&side->sim->nobody);
}

static void
on_established(void *app, spate_conn c)
{
	connected(end_of(app, c));
}

static uint32_t
on_data(void *app, spate_conn c, const uint8_t *data, uint32_t len)
{
	struct end *e = end_of(app, c);
	uint32_t used = len;

	if (e->got + len > peer_of(e)->queued || memcmp(data, e->in + e->got, len)) {
		sim_fail(e->sim, "conn %d.%d %c: the bytes from %u to %u are not those sent",
			e->slot, e->inc, 'A' + e->side, e->got, e->got + len);
		return len;
	}
	if (e->fin_seen)
		sim_fail(e->sim, "data after FIN");
	if (e->plan->reader == READ_SOME)
		used = rng_range(&e->sim->rng, 0, len);
	else if (e->plan->reader >= READ_LATER)
		used = 0;
	e->got += len;
	e->unread += len - used;
	if (e->unread && e->read_at == NEVER) {
		e->read_at = e->sim->now + e->plan->read_ns;
		changed(e);
	}
	react(e);
	return used;
}

static void
on_sendable(void *app, spate_conn c)
{
	struct end *e = end_of(app, c);

	if (e->plan->writer == WRITE_ON_SENT)
		write_some(e);
	react(e);
}

static void
on_peer_fin(void *app, spate_conn c)
{
	struct end *e = end_of(app, c);

	sim_trace(e->sim, "conn %d.%d %c: the peer has shut down", e->slot, e->inc, 'A' + e->side);
	if (e->fin_seen || (e->conn->ending < END_EARLY && e->got != peer_of(e)->plan->size))
		sim_fail(e->sim, "conn %d.%d %c: FIN twice, or after %u of %u bytes", e->slot,
			e->inc, 'A' + e->side, e->got, peer_of(e)->plan->size);
	e->fin_seen = true;
	react(e);
}

static void
on_closed(void *app, spate_conn c, int reason)
{
	struct side *side = app;
	struct end *e = end_of(app, c);
	struct sim *s = e->sim;

	if (e == &s->nobody) {
		side->closed[1]++; /* come_back() */
		return;
	}
	sim_trace(s, "conn %d.%d %c: closed %d", e->slot, e->inc, 'A' + e->side, reason);
	if (e->state == END_ENDED || e->state == END_IDLE)
		sim_fail(s, "conn %d.%d %c: closed twice", e->slot, e->inc, 'A' + e->side);
	e->state = END_ENDED;
	e->reason = reason;
	e->write_at = e->read_at = e->leave_at = e->watchdog_at = NEVER;
	if (reason == -ECONNABORTED)
		peer_of(e)->watchdog_at = s->now + WATCHDOG;
	changed(e);
	side->closed[reason == 0               ? 0
		     : reason == -ETIMEDOUT    ? 2
		     : reason == -ECONNREFUSED ? 3
					       : 1]++;
	if (counted(s, e->side, SPATE_TW_ENTERED) != side->tw_entered) {
		side->tw_entered = counted(s, e->side, SPATE_TW_ENTERED);
		side->tw[e->slot] = true;
		side->tw_since[e->slot] = s->now;
	}
	if (e->side == 0 && e->inc + 1 < s->plan.slot[e->slot].n) {
		struct end *next = &s->end[e->slot][e->inc + 1][0];

		next->connect_at = s->now + next->conn->gap_ns;
		/* With no pause the next incarnation begins inside the callback. */
		if (next->conn->gap_ns == 0)
			app_connect(next);
	}
}

const struct spate_ops app_ops = {
	on_accept, on_established, on_data, on_sendable, on_peer_fin, on_closed, NULL};

/* ---- timers */

void
app_connect(struct end *e)
{
	struct side *side = &e->sim->side[e->side];
	bool both = e->sim->plan.slot[e->slot].both_connect;
	uint16_t port = both ? BOTH_PORT + e->slot : B_PORT;
	struct spate_addr a = sim_addr(e->sim, 0, A_PORT + e->slot);
	struct spate_addr b = sim_addr(e->sim, 1, port);
	uint64_t reused = counted(e->sim, e->side, SPATE_TW_REUSED);
	struct spate_conn_info info;
	int rc = spate_connect_from(side->stack, e->side ? &b : &a, e->side ? &a : &b, &e->c);

	changed(e);
	e->connect_at = NEVER;
	if (rc == -EADDRINUSE && side->tw[e->slot]) {
		e->connect_at = e->sim->now + RETRY_NS;
		return;
	}
	if (rc < 0) {
		sim_fail(e->sim, "conn %d.%d %c: connect says %d", e->slot, e->inc, 'A' + e->side,
			rc);
		return;
	}
	spate_conn_info(side->stack, e->c, &info);
	e->iss = info.snd_una;
	monitor_opened(e->sim, e);
	if (counted(e->sim, e->side, SPATE_TW_REUSED) != reused) {
		/* RFC 6191 2: beyond all the old incarnation has sent. */
		side->tw[e->slot] = false;
		if ((int32_t)(e->iss - e->sim->flow[e->slot][e->side].max) <= 0)
			sim_fail(e->sim, "a tuple in TIME_WAIT was taken with an old ISS");
	} else if (side->tw[e->slot])
		sim_fail(e->sim, "a tuple in TIME_WAIT was taken as if it were free");
	side->opened++;
	spate_set_user(side->stack, e->c, (uintptr_t)e);
	e->state = END_OPENING;
	sim_trace(e->sim, "conn %d.%d %c: connect", e->slot, e->inc, 'A' + e->side);
	if (leaves(e))
		e->leave_at = e->sim->now + e->conn->leave_ns;
}

/* READ_LAST waits for this. */
static bool
all_taken(const struct end *e)
{
	struct spate_conn_info info;

	spate_conn_info(stack_of(e), e->c, &info);
	return e->queued >= write_limit(e) && info.unsent + info.unacked == 0;
}

static void
read_more(struct end *e)
{
	uint32_t n = e->plan->read_bytes < e->unread ? e->plan->read_bytes : e->unread;

	if (e->plan->reader == READ_LAST && !all_taken(e)) {
		e->read_at = e->sim->now + RETRY_NS + e->plan->read_ns;
		return;
	}
	e->unread -= n;
	spate_consume(stack_of(e), e->c, n);
	e->read_at = e->unread ? e->sim->now + e->plan->read_ns : NEVER;
	react(e);
}

static uint64_t
next_of(const struct end *e)
{
	uint64_t t = e->connect_at;

	t = e->write_at < t ? e->write_at : t;
	t = e->read_at < t ? e->read_at : t;
	t = e->leave_at < t ? e->leave_at : t;
	return e->watchdog_at < t ? e->watchdog_at : t;
}

static void
run_end(struct end *e)
{
	uint64_t now = e->sim->now;

	if (e->connect_at <= now)
		app_connect(e);
	if (e->read_at <= now && e->state == END_OPEN)
		read_more(e);
	if (e->write_at <= now) {
		e->write_at = NEVER;
		write_some(e);
		react(e);
	}
	if (e->leave_at <= now)
		leave(e);
	if (e->watchdog_at <= now) {
		e->watchdog_at = NEVER;
		if (e->state == END_OPEN || e->state == END_OPENING) {
			e->gave_up = true;
			abort_it(e);
		}
	}
}

void
app_run(struct sim *s)
{
	struct end *e;

	FOREACH_END(s, e)
	{
		if (next_of(e) <= s->now && !s->failed)
			run_end(e);
	}
	s->app_next = 0;
}

uint64_t
app_next(struct sim *s)
{
	struct end *e;

	if (s->app_next)
		return s->app_next;
	s->app_next = NEVER;
	FOREACH_END(s, e)
	{
		uint64_t t = next_of(e);

		if (t < s->app_next)
			s->app_next = t;
	}
	return s->app_next;
}

void
app_begin(struct sim *s)
{
	struct end *e;

	FOREACH_END(s, e)
	{
		const struct slot_plan *slot = &s->plan.slot[slot_];
		struct rng r = rng_stream(s->plan.seed, 1000 + slot_ * 100 + i_);

		*e = (struct end){
			.sim = s,
			.slot = slot_,
			.inc = i_ / 2,
			.side = i_ % 2,
			.conn = &slot->conn[i_ / 2],
			.plan = &slot->conn[i_ / 2].side[i_ % 2],
			.write_at = NEVER,
			.read_at = NEVER,
			.leave_at = NEVER,
			.watchdog_at = NEVER,
			.connect_at = NEVER,
		};
		e->out = sim_pattern + rng_range(&r, 0, sizeof(sim_pattern) - BYTES_MAX - 1);
		if (e->inc == 0 && (e->side == 0 || slot->both_connect))
			e->connect_at = s->now + slot->start_ns;
	}
	FOREACH_END(s, e)
	{
		e->in = peer_of(e)->out;
	}
	s->app_next = 0;
}
