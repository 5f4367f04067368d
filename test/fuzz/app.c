/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An application that does whatever the interface allows, outside callbacks and inside
 * them, and keeps its own account of every connection to hold against the stack's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <rte_byteorder.h>

#include "fuzz.h"

#define SEND_MAX  30000
#define DEPTH_MAX 3

uint8_t
app_byte(uint32_t seq)
{
	return (seq * 0x9e3779b1u) >> 24;
}

static void
forget_lent(struct app_conn *a)
{
	while (a->lent) {
		struct lent *next = a->lent->next;

		free(a->lent);
		a->lent = next;
	}
}

void
app_forget(struct fuzz *f)
{
	for (uint32_t c = 0; c < CONNS_MAX; c++)
		forget_lent(&f->conn[c]);
}

/* A connection there is: `c` or another one. */
static spate_conn
any_conn(struct fuzz *f, spate_conn c)
{
	if (c != SPATE_CONN_NONE && f->conn[c].open && chance(f, 70))
		return c;
	for (uint32_t i = 0, at = below(f, CONNS_MAX); i < CONNS_MAX; i++)
		if (f->conn[(at + i) % CONNS_MAX].open)
			return (at + i) % CONNS_MAX;
	return SPATE_CONN_NONE;
}

/* ---- calls */

static void
opened(struct fuzz *f, spate_conn c, bool passive)
{
	struct app_conn *a;

	if (c >= f->conf.max_conns) {
		fuzz_fail(f, "connection %u of %u", c, f->conf.max_conns);
		return;
	}
	a = &f->conn[c];
	if (a->open)
		fuzz_fail(f, "connection %u opened twice", c);
	forget_lent(a);
	*a = (struct app_conn){.open = true, .passive = passive, .user = fuzz_random(f)};
	if (spate_get_user(f->stack, c) != 0)
		fuzz_fail(f, "a new connection has a user word");
	spate_set_user(f->stack, c, a->user);
	f->opened++;
}

/* More than sequence numbers can tell apart, if the stack let it. */
static void
act_send_huge(struct fuzz *f, spate_conn c)
{
	for (int i = 0; i < 3; i++) {
		int rc = spate_send_static(f->stack, c, f->huge, FUZZ_HUGE);

		fuzz_trace(f, "  app  send %u of %u: %d", c, FUZZ_HUGE, rc);
		if (rc != 0 && rc != -EPIPE && rc != -ENOTCONN && rc != -ENOBUFS)
			fuzz_fail(f, "send of %u returned %d", FUZZ_HUGE, rc);
		f->unpatterned |= rc == 0;
	}
}

static void
act_send(struct fuzz *f, spate_conn c)
{
	static uint8_t data[SEND_MAX];
	uint32_t len = PICK(f, 0, 1, 100, 1460, 5000, SEND_MAX);
	bool by_copy = chance(f, 50);
	struct spate_conn_info info;
	struct lent *l = NULL;
	uint8_t *p = data;
	ssize_t n;

	if (spate_conn_info(f->stack, c, &info) < 0) {
		fuzz_fail(f, "no info of open connection %u", c);
		return;
	}
	if (!by_copy) {
		l = malloc(sizeof(*l) + len);
		if (l == NULL)
			abort();
		p = l->data;
	}
	for (uint32_t i = 0; i < len; i++)
		p[i] = app_byte(info.snd_nxt + info.unsent + i);
	n = by_copy ? spate_send(f->stack, c, p, len) : spate_send_static(f->stack, c, p, len);
	fuzz_trace(f, "  app  send %u of %u: %zd", c, len, n);
	if (n > (by_copy ? (ssize_t)len : 0) ||
		(n < 0 && n != -EPIPE && n != -ENOTCONN && n != -ENOBUFS))
		fuzz_fail(f, "send of %u returned %zd", len, n);
	if (n >= 0 && f->conn[c].closing)
		fuzz_fail(f, "send after close returned %zd", n);
	if (n < 0 || by_copy) {
		free(l);
		return;
	}
	l->next = f->conn[c].lent;
	f->conn[c].lent = l;
}

static void
act_consume(struct fuzz *f, spate_conn c)
{
	struct app_conn *a = &f->conn[c];
	uint32_t len = PICK(f, a->unread, a->unread / 2, 1, 0, a->unread + 1, 0xffffffff);

	fuzz_trace(f, "  app  consume %u of %u", len, c);
	a->unread -= RTE_MIN(len, a->unread);
	spate_consume(f->stack, c, len);
}

static void
act_end(struct fuzz *f, spate_conn c)
{
	struct app_conn *a = &f->conn[c];
	uint32_t what = below(f, 10);
	int rc;

	if (what < 5) {
		rc = spate_shutdown(f->stack, c);
		fuzz_trace(f, "  app  shutdown %u: %d", c, rc);
		if (rc != 0 && rc != -ENOTCONN)
			fuzz_fail(f, "shutdown returned %d", rc);
	} else if (what < 9) {
		fuzz_trace(f, "  app  close %u", c);
		a->closing = true;
		spate_close(f->stack, c);
	} else {
		fuzz_trace(f, "  app  abort %u", c);
		a->closing = true;
		spate_abort(f->stack, c);
		if (a->open)
			fuzz_fail(f, "on_closed was not called by spate_abort");
	}
}

static void
act_connect(struct fuzz *f)
{
	uint16_t port = PEER_PORT + below(f, PORTS);
	uint32_t to = PEER_IP + below(f, PEERS);
	struct spate_addr remote;
	spate_conn c = SPATE_CONN_NONE;
	bool by_source = chance(f, 60);
	bool v6 = chance(f, by_source && !chance(f, 3) ? 100 * f->source6 : f->six);
	int rc;

	if (f->conf.gateway && chance(f, 40))
		to = FAR_IP + below(f, PEERS);
	if (chance(f, 5))
		to = odd_address(f);
	remote = six_addr(v6, to, port);
	if (by_source) {
		rc = spate_connect(f->stack, &f->source, &remote, &c);
	} else {
		/* From where the source takes its ports, or from a listener's. */
		uint32_t ip = chance(f, 95) ? OUR_IP + below(f, OURS) : odd_address(f);
		uint16_t base = chance(f, 70) ? LOCAL_PORT : OUR_PORT;
		struct spate_addr local = six_addr(v6 ^ chance(f, 2), ip, base + below(f, PORTS));

		rc = spate_connect_from(f->stack, &local, &remote, &c);
	}
	fuzz_trace(f, "  app  connect: %d, %d", rc, (int)c);
	if (rc == 0)
		opened(f, c, false);
	else if (rc != -EADDRNOTAVAIL && rc != -EADDRINUSE && rc != -EAGAIN && rc != -ENOBUFS &&
		 rc != -EHOSTUNREACH && rc != -EINVAL && rc != -EAFNOSUPPORT)
		fuzz_fail(f, "connect returned %d", rc);
}

void
app_listen(struct fuzz *f)
{
	uint32_t j = below(f, LISTENERS_MAX);
	uint16_t port = OUR_PORT + below(f, PORTS);
	bool v6 = chance(f, f->six);
	struct spate_addr local = six_addr(v6, chance(f, 50) ? 0 : OUR_IP + below(f, OURS), port);
	uint32_t backlog = PICK(f, 0, 0, 1, 2, 16);
	uint32_t flags = PICK(f, 0, SPATE_LISTEN_REUSE_ADDRESS);

	if (f->listener[j] >= 0) {
		int rc = spate_unlisten(f->stack, f->listener[j]);

		fuzz_trace(f, "  app  unlisten %d: %d", f->listener[j], rc);
		if (rc != 0)
			fuzz_fail(f, "unlisten returned %d", rc);
		f->listener[j] = -1;
		return;
	}
	f->listener[j] = spate_listen(f->stack, &local, backlog, flags, j);
	f->full[j] = false;
	fuzz_trace(f, "  app  listen %u: %d", port, f->listener[j]);
	if (f->listener[j] < 0 && f->listener[j] != -EADDRINUSE)
		fuzz_fail(f, "listen returned %d", f->listener[j]);
}

/* A listener becomes an active open. */
static void
act_turn(struct fuzz *f)
{
	uint32_t j = below(f, LISTENERS_MAX);
	uint16_t port = PEER_PORT + below(f, PORTS);
	bool v6 = chance(f, f->six);
	struct spate_addr remote = six_addr(v6, PEER_IP + below(f, PEERS), port);
	spate_conn c = SPATE_CONN_NONE;
	int rc = spate_connect_listener(f->stack, f->listener[j], &remote, &c);

	fuzz_trace(f, "  app  connect listener %d: %d, %d", f->listener[j], rc, (int)c);
	if (rc == 0) {
		opened(f, c, false);
		f->listener[j] = -1;
	} else if (f->listener[j] < 0 && rc != -ENOENT) {
		fuzz_fail(f, "connect from no listener returned %d", rc);
	}
}

static void
act_user_timeout(struct fuzz *f, spate_conn c)
{
	uint64_t value = PICK(f, 0, 1, 500, 100000, 86400000, 1u << 31), is = 77;
	int rc = spate_setopt(f->stack, c, SPATE_OPT_USER_TIMEOUT, value);

	fuzz_trace(f, "  app  user timeout %u, %lu: %d", c, value, rc);
	if ((rc != -ENOBUFS && rc != (value > INT32_MAX ? -EINVAL : 0)) ||
		spate_getopt(f->stack, c, SPATE_OPT_USER_TIMEOUT, &is) != 0 ||
		(rc == 0 && is != value))
		fuzz_fail(f, "user timeout of %lu returned %d, getopt says %lu", value, rc, is);
}

/* Room for more, or not. */
static void
act_full(struct fuzz *f)
{
	uint32_t j = below(f, LISTENERS_MAX);
	bool full = chance(f, 50);
	int rc = spate_listener_full(f->stack, f->listener[j], full);

	fuzz_trace(f, "  app  listener %d full %d: %d", f->listener[j], full, rc);
	if (rc != (f->listener[j] < 0 ? -ENOENT : 0))
		fuzz_fail(f, "listener_full returned %d", rc);
	f->full[j] = rc == 0 && full;
}

static void
act_option(struct fuzz *f, spate_conn c)
{
	uint64_t value = PICK(f, 0, 1, 1, 2), is = 77;
	int rc = spate_setopt(f->stack, c, SPATE_OPT_KEEPALIVE, value);

	fuzz_trace(f, "  app  keepalive %u, %lu: %d", c, value, rc);
	if (rc != (value > 1 ? -EINVAL : 0) ||
		spate_getopt(f->stack, c, SPATE_OPT_KEEPALIVE, &is) != 0 ||
		(rc == 0 && is != value))
		fuzz_fail(f, "setopt of %lu returned %d, getopt says %lu", value, rc, is);
}

/* What an application does seldom. */
static void
act_rarely(struct fuzz *f)
{
	struct frame fr;
	uint8_t *p;
	struct spate_addr remote;
	int rc;

	switch (below(f, 10)) {
	case 9:
		act_full(f);
		return;
	case 8:
		act_turn(f);
		return;
	case 0:
		spate_announce(f->stack);
		return;
	case 1:
		remote = six_addr(chance(f, RTE_MAX(f->six, 2u)), odd_address(f), 0);
		rc = spate_resolve(f->stack, &remote);
		if (rc > 0)
			fuzz_fail(f, "resolve returned %d", rc);
		return;
	case 2: /* what another queue heard */
		frame_arp(f, &fr);
		p = malloc(fr.len ? fr.len : 1);
		if (p == NULL)
			abort();
		memcpy(p, fr.b, fr.len);
		if (spate_is_neighbour_frame(p, fr.len) || chance(f, 50))
			spate_neighbour_input(f->stack, p, fr.len);
		free(p);
		return;
	case 3:
		if (!chance(f, 10))
			return;
		fuzz_trace(f, "  app  close all");
		spate_stack_close_all(f->stack);
		/* All but those that callbacks have opened meanwhile. */
		for (uint32_t c = 0; c < CONNS_MAX; c++)
			if (f->conn[c].open) {
				f->conn[c].closing = true;
				spate_close(f->stack, c);
			}
		return;
	case 4:
		if (!chance(f, 10))
			return;
		fuzz_trace(f, "  app  abort all");
		spate_stack_abort_all(f->stack);
		return;
	default:
		app_listen(f);
	}
}

void
app_act(struct fuzz *f, spate_conn near)
{
	spate_conn c = any_conn(f, near);
	uint32_t what = below(f, 100);

	f->acts++;
	if (what < 4)
		act_rarely(f);
	else if (what < 30 || c == SPATE_CONN_NONE)
		act_connect(f);
	else if (what < 33 && f->huge)
		act_send_huge(f, c);
	else if (what < 60)
		act_send(f, c);
	else if (what < 78)
		act_consume(f, c);
	else if (what < 80)
		chance(f, 50) ? act_option(f, c) : act_user_timeout(f, c);
	else
		act_end(f, c);
}

/* ---- callbacks */

/* The account is kept; now perhaps something else, while the stack is in the middle of it. */
static void
meddle(struct fuzz *f, spate_conn c)
{
	if (f->calm || f->depth >= DEPTH_MAX || !chance(f, f->meddle))
		return;
	f->depth++;
	for (uint32_t n = 1 + below(f, 3); n > 0; n--)
		app_act(f, c);
	f->depth--;
}

/* The connection a callback is about: open, and what the stack says of it. */
static struct app_conn *
known(struct fuzz *f, spate_conn c, const char *what, struct spate_conn_info *info)
{
	fuzz_trace(f, "  call %s %u", what, c);
	if (c >= f->conf.max_conns || !f->conn[c].open) {
		fuzz_fail(f, "%s for connection %u, which is not open", what, c);
		return NULL;
	}
	if (spate_get_user(f->stack, c) != f->conn[c].user)
		fuzz_fail(f, "%s: another's user word", what);
	if (info && (f->conn[c].closing || spate_conn_info(f->stack, c, info) < 0)) {
		fuzz_fail(f, "%s for connection %u after its close", what, c);
		return NULL;
	}
	return &f->conn[c];
}

static void
on_accept(void *app, spate_conn c, uint32_t cookie)
{
	struct fuzz *f = app;
	struct spate_conn_info info;
	struct app_conn *a;

	if (cookie >= LISTENERS_MAX || f->listener[cookie] < 0)
		fuzz_fail(f, "on_accept from listener %u, which does not listen", cookie);
	else if (f->full[cookie])
		fuzz_fail(f, "on_accept from listener %u, which has no room", cookie);
	opened(f, c, true);
	a = known(f, c, "on_accept", &info);
	if (a == NULL)
		return;
	if (info.state != SPATE_ESTABLISHED)
		fuzz_fail(f, "on_accept in state %s", spate_state_name(info.state));
	a->established = true;
	a->expected = info.rcv_nxt;
	meddle(f, c);
}

static void
on_established(void *app, spate_conn c)
{
	struct fuzz *f = app;
	struct spate_conn_info info;
	struct app_conn *a = known(f, c, "on_established", &info);

	if (a == NULL)
		return;
	if (a->passive || a->established)
		fuzz_fail(f, "on_established of %u, passive %d, again %d", c, a->passive,
			a->established);
	a->established = true;
	a->expected = info.rcv_nxt;
	meddle(f, c);
}

static uint32_t
on_data(void *app, spate_conn c, const uint8_t *data, uint32_t len)
{
	struct fuzz *f = app;
	struct spate_conn_info info;
	struct app_conn *a = known(f, c, "on_data", &info);
	uint32_t used = len, sum = 0;

	if (a == NULL)
		return len;
	/* A FIN behind the data is in RCV.NXT already. */
	if (!a->established || a->peer_fin || len == 0 ||
		(info.rcv_nxt - len != a->expected && info.rcv_nxt - len - 1 != a->expected))
		fuzz_fail(f, "on_data of %u bytes, RCV.NXT %u, where %u was next", len,
			info.rcv_nxt, a->expected);
	for (uint32_t i = 0; i < len; i++)
		sum += data[i]; /* all of it is there to be read */
	a->user += sum;
	spate_set_user(f->stack, c, a->user);
	a->expected += len;
	f->delivered += len;
	if (!f->calm)
		used = PICK(f, len, len, len, 0, below(f, len + 1), len + 1);
	meddle(f, c);
	if (a->open && used < len)
		a->unread += len - used;
	return used;
}

static void
on_sendable(void *app, spate_conn c)
{
	struct fuzz *f = app;
	struct spate_conn_info info;
	struct app_conn *a = known(f, c, "on_sendable", &info);

	if (a == NULL)
		return;
	if (info.unsent || info.unacked)
		fuzz_fail(f, "on_sendable with %u unsent, %u unacknowledged", info.unsent,
			info.unacked);
	forget_lent(a);
	meddle(f, c);
}

static void
on_peer_fin(void *app, spate_conn c)
{
	struct fuzz *f = app;
	struct spate_conn_info info;
	struct app_conn *a = known(f, c, "on_peer_fin", &info);

	if (a == NULL)
		return;
	if (!a->established || a->peer_fin || info.rcv_nxt != a->expected + 1)
		fuzz_fail(f, "on_peer_fin, RCV.NXT %u, where %u was next, again %d", info.rcv_nxt,
			a->expected, a->peer_fin);
	a->peer_fin = true;
	a->expected++;
	meddle(f, c);
}

/* The handle is valid until on_closed() returns: an application may still use it. */
static void
last_words(struct fuzz *f, spate_conn c)
{
	if (f->calm || !chance(f, 10))
		return;
	fuzz_trace(f, "  app  last words to %u", c);
	switch (below(f, 5)) {
	case 0:
		spate_abort(f->stack, c);
		return;
	case 1:
		spate_close(f->stack, c);
		return;
	case 2:
		spate_shutdown(f->stack, c);
		return;
	case 3:
		spate_consume(f->stack, c, 1);
		return;
	default:
		if (spate_send(f->stack, c, "bye", 3) > 0)
			fuzz_fail(f, "a closed connection took data");
	}
}

static void
on_closed(void *app, spate_conn c, int reason)
{
	struct fuzz *f = app;
	struct app_conn *a = known(f, c, "on_closed", NULL);

	if (a == NULL)
		return;
	if (reason == 0)
		f->closed++;
	else if (reason == -ECONNRESET || reason == -ECONNABORTED)
		f->reset++;
	else if (reason == -ETIMEDOUT)
		f->timed_out++;
	else if ((reason == -EHOSTUNREACH || reason == -ENETUNREACH) && !a->established)
		f->timed_out++;
	else if ((reason == -EHOSTUNREACH || reason == -ENETUNREACH) && !a->established &&
		 !a->passive)
		f->timed_out++; /* an open that ICMP spoke of */
	else if (reason == -ECONNREFUSED && !a->established && !a->passive)
		f->refused++;
	else
		fuzz_fail(f, "on_closed for reason %d", reason);
	a->open = false;
	forget_lent(a);
	last_words(f, c);
	meddle(f, SPATE_CONN_NONE);
}

const struct spate_ops app_ops = {
	on_accept, on_established, on_data, on_sendable, on_peer_fin, on_closed, NULL};
