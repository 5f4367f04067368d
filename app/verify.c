/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The runs of a check (verify.h). One run goes through
 *
 *   OPENING   a connection from a fresh tuple           spate_connect
 *   WAITING   the request is made; the peer closes      on_peer_fin, spate_close
 *   CLOSING   our FIN waits for its ACK                 on_closed: the peer is in TIME_WAIT
 *   READY     nothing is left here of the tuple         spate_probe_open
 *   PROBING   the SYN, or the FIN again, is out         on_segment
 *   RETRYING  VERIFY_RST: our RST has followed the refusal, the SYN goes again
 *
 * First come the FINs: a peer that has no TIME_WAIT needs no SYN. Each step may take as long
 * as the client's `wait`, and as many runs as its `concurrency` allows go on at once.
 */
#include "verify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "work.h"

#define LIVE_MAX  64
#define TRIES     3          /* of a run whose FIN had to be sent again */
#define DISTANCE  1000000    /* of the ISS from RCV.NXT: beyond any usual window */
#define TS_STEP   1000       /* of the TSval from TS.Recent: a second of most clocks */
#define FIRST_RTO 1000000000 /* ns, as a SYN's (RFC 6298 2.1) */

#define SYN 0x02
#define FIN 0x01
#define RST 0x04
#define ACK 0x10

/* SYNs that every rule but "none" refuses. */
#define OLDEST_TS 5
#define OLDEST    9

enum step {
	FREE = 0,
	AGAIN, /* to be opened, from another tuple */
	OPENING,
	WAITING,
	CLOSING,
	READY,
	PROBING,
	RETRYING,
};

struct run {
	enum step step;
	uint8_t kind, tries;
	bool too_late; /* `failure` is why it was aborted here */
	enum verify_failure failure;
	spate_conn id;
	uint64_t deadline_ns, fin_ns, again_ns, rto_ns;
	struct spate_addr local;
	/* The old incarnation: what the peer expects next, and what it has said last. */
	bool old_ts;
	uint32_t snd_nxt, rcv_nxt, tsval, ts_recent;
	struct spate_segment probe; /* what is sent, and sent again */
};

struct verify {
	struct verify_result result;
	const struct engine_slot *slot;
	bool syns;     /* the SYNs have begun; before, the FINs */
	bool stopped;  /* there is no point in going on */
	uint32_t next; /* the next run to begin, of this part */
	uint32_t live;
	struct run run[LIVE_MAX];
	uint8_t used[65536 / 8]; /* local ports, a bit each */
};

const struct verify_result *
verify_result(const struct verify *v)
{
	return &v->result;
}

/* spate_source_filter: a local port is used once in a check, on whichever address. */
static bool
fresh(const void *ctx, const struct spate_tuple *t)
{
	const struct verify *v = ctx;
	uint16_t port = rte_be_to_cpu_16(t->local.port);

	if (v->used[port / 8] >> port % 8 & 1)
		return false;
	return v->slot->port->n_queues == 1 || client_mine(v->slot, t);
}

int
verify_start(struct work *w, struct work_client *c)
{
	struct verify *v = c->verify;

	/* One slot is enough. */
	c->count = w->slot->index == 0;
	if (w->slot->index != 0)
		return 0;
	if (v == NULL)
		v = c->verify = calloc(1, sizeof(*v));
	if (v == NULL)
		return -ENOMEM;
	spate_source_filter(&c->source, fresh, v);
	if (v->live > 0)
		return 0; /* stopped, and not over: it goes on */
	memset(&v->result, 0, sizeof(v->result));
	v->slot = w->slot;
	v->syns = v->stopped = false;
	v->next = 0;
	v->result.used = true;
	v->result.repeat = c->conf->repeat;
	/* 1 as long as the check lasts: whoever waits for its end looks at nothing else. */
	c->open = 1;
	return 0;
}

/* ---- which run is next */

/* A run of this part: its kind. Returns false when there are no more. */
static bool
next_kind(const struct verify *v, uint8_t *kind)
{
	uint32_t n = v->next / v->result.repeat;

	if (!v->syns) {
		*kind = n == 0 ? VERIFY_FIN_TS : VERIFY_FIN;
		return n < 2;
	}
	for (uint32_t k = 0; k < VERIFY_KINDS; k++) {
		if (k == VERIFY_FIN || k == VERIFY_FIN_TS ||
			(k < VERIFY_SYNS && verify_syn[k].old_ts && !v->result.peer_ts))
			continue;
		if (n-- == 0) {
			*kind = k;
			return true;
		}
	}
	return false;
}

/* The SYN a kind of run sends. */
static const struct verify_syn *
syn_of(const struct verify *v, uint8_t kind)
{
	if (kind == VERIFY_RST)
		kind = v->result.peer_ts ? OLDEST_TS : OLDEST;
	return &verify_syn[kind];
}

static bool
wants_ts(const struct verify *v, uint8_t kind)
{
	if (kind == VERIFY_FIN_TS || kind == VERIFY_FIN)
		return kind == VERIFY_FIN_TS;
	return syn_of(v, kind)->old_ts;
}

/* ---- the end of a run */

static void
end_run(struct verify *v, struct run *r)
{
	r->step = FREE;
	v->live--;
	v->result.runs++;
}

static void
fail(struct verify *v, struct run *r, enum verify_failure why)
{
	v->result.failed[why]++;
	end_run(v, r);
}

static void
answered(struct work *w, struct run *r, enum verify_answer answer)
{
	struct verify *v = w->client[w->conn[r->id].owner].verify;

	v->result.answer[r->kind][answer]++;
	w->conn[r->id].role = ROLE_NONE;
	spate_close(w->slot->stack, r->id);
	end_run(v, r);
}

/* ---- the old incarnation */

static struct run *
run_of(struct work *w, spate_conn id)
{
	return &w->client[w->conn[id].owner].verify->run[w->busy[id].body_at];
}

/* False: try again in another turn. */
static bool
open_run(struct work *w, struct work_client *c, uint8_t owner, struct run *r)
{
	struct verify *v = c->verify;
	struct spate_conn_info info;
	spate_conn id;
	int rc = spate_connect(w->slot->stack, &c->source, &c->conf->to, &id);

	if (rc == -EAGAIN)
		return false;
	if (rc < 0) {
		fail(v, r, rc == -EADDRNOTAVAIL ? VERIFY_NO_PORT : VERIFY_NO_PROBE);
		return true;
	}
	spate_conn_info(w->slot->stack, id, &info);
	r->local = info.local;
	v->used[rte_be_to_cpu_16(r->local.port) / 8] |= 1 << rte_be_to_cpu_16(r->local.port) % 8;
	spate_source_filter(&c->source, fresh, v); /* its answers have changed */
	/* Whatever the stack's own knob says: it is the peer that is looked at. */
	spate_setopt(w->slot->stack, id, SPATE_OPT_TIMESTAMPS, wants_ts(v, r->kind));
	w->conn[id] = (struct work_conn){
		.role = ROLE_VERIFY,
		.owner = owner,
	};
	w->busy[id].started_us = w->now_ns / 1000;
	w->busy[id].body_at = r - v->run;
	r->id = id;
	r->step = OPENING;
	r->too_late = false;
	r->deadline_ns = w->now_ns + c->conf->wait_ms * 1000000ull;
	c->attempted++;
	return true;
}

void
verify_established(struct work *w, spate_conn id)
{
	struct work_client *c = &w->client[w->conn[id].owner];
	struct verify *v = c->verify;
	struct run *r = run_of(w, id);
	uint64_t now_ns = spate_now(w->slot->stack);
	struct spate_conn_info info;

	c->established++;
	v->result.established++;
	histogram_record(&c->handshake_ns,
		(uint64_t)((uint32_t)(now_ns / 1000) - w->busy[id].started_us) * 1000);
	spate_conn_info(w->slot->stack, id, &info);
	if (info.timestamps && !v->syns)
		v->result.peer_ts = true;
	/* Not agreed: the same as an old incarnation without them. */
	if (r->kind == VERIFY_FIN_TS && !info.timestamps)
		r->kind = VERIFY_FIN;
	r->old_ts = info.timestamps;
	r->step = WAITING;
	r->deadline_ns = now_ns + c->conf->wait_ms * 1000000ull;
	if (wants_ts(v, r->kind) != r->old_ts) {
		r->too_late = true;
		r->failure = VERIFY_NO_TS;
	} else if (c->conf->kind == CLIENT_HTTP &&
		   spate_send_static(w->slot->stack, id, c->request[1], c->request_len[1]) < 0) {
		r->too_late = true;
		r->failure = VERIFY_NO_PROBE;
	}
	if (r->too_late)
		spate_abort(w->slot->stack, id);
}

void
verify_peer_fin(struct work *w, spate_conn id)
{
	struct work_client *c = &w->client[w->conn[id].owner];
	struct run *r = run_of(w, id);
	struct spate_conn_info info;

	/*
	 * Our FIN leaves in this turn, with this TSval, behind all there is to send: that will
	 * be the peer's RCV.NXT and TS.Recent.
	 */
	spate_conn_info(w->slot->stack, id, &info);
	r->snd_nxt = info.snd_nxt + info.unsent + 1;
	r->rcv_nxt = info.rcv_nxt;
	r->tsval = info.tsval;
	r->ts_recent = info.ts_recent;
	r->fin_ns = spate_now(w->slot->stack);
	r->rto_ns = info.rto_us * 1000ull;
	r->step = CLOSING;
	r->deadline_ns = r->fin_ns + c->conf->wait_ms * 1000000ull;
	spate_close(w->slot->stack, id);
}

static enum verify_failure
failure_of(const struct run *r, int reason)
{
	if (r->too_late)
		return r->failure;
	if (r->step != OPENING)
		return VERIFY_BROKEN;
	return reason == -ECONNREFUSED ? VERIFY_REFUSED : VERIFY_NO_SYN_ACK;
}

/* What the client's own counters make of a connection's end. */
static void
count_end(struct work *w, struct work_client *c, const struct run *r, int reason)
{
	if (r->step == CLOSING && reason == 0)
		c->closed++;
	else if (w->stopping && (reason == 0 || reason == -ECONNABORTED))
		c->aborted++;
	else if (reason == -ECONNREFUSED)
		c->failed[FAILED_REFUSED]++;
	else if (r->step == OPENING || reason == -ETIMEDOUT)
		c->failed[FAILED_TIMED_OUT]++;
	else if (reason == 0)
		c->failed[FAILED_EARLY]++;
	else
		c->failed[FAILED_RESET]++;
}

void
verify_closed(struct work *w, spate_conn id, int reason)
{
	struct work_client *c = &w->client[w->conn[id].owner];
	struct verify *v = c->verify;
	struct run *r = run_of(w, id);

	count_end(w, c, r, reason);
	if (r->step != CLOSING || reason != 0) {
		fail(v, r, failure_of(r, reason));
		return;
	}
	/* Sent again, the FIN had another TSval, and nobody knows which one was taken. */
	if (spate_now(w->slot->stack) - r->fin_ns < r->rto_ns)
		r->step = READY;
	else if (++r->tries < TRIES)
		r->step = AGAIN;
	else
		fail(v, r, VERIFY_LOSSY);
}

/* ---- the probe */

static void
make_probe(const struct verify *v, struct run *r)
{
	static const int32_t step[] = {
		[VERIFY_TS_NONE] = 0,
		[VERIFY_TS_NEWER] = TS_STEP,
		[VERIFY_TS_EQUAL] = 0,
		[VERIFY_TS_OLDER] = -TS_STEP,
		[VERIFY_TS_ONLY_NEW] = 0,
	};
	const struct verify_syn *syn;

	if (r->kind == VERIFY_FIN || r->kind == VERIFY_FIN_TS) {
		r->probe = (struct spate_segment){
			.flags = FIN | ACK,
			.seq = r->snd_nxt - 1,
			.ack = r->rcv_nxt,
			.wnd = UINT16_MAX,
			.has_ts = r->old_ts,
			.tsval = r->tsval,
			.tsecr = r->ts_recent,
		};
		return;
	}
	syn = syn_of(v, r->kind);
	r->probe = (struct spate_segment){
		.flags = SYN,
		.seq = r->snd_nxt + (syn->above ? DISTANCE : -DISTANCE),
		.wnd = UINT16_MAX,
		.mss = 1460,
		.has_ts = syn->ts != VERIFY_TS_NONE,
		/* Where there was none before, any will do. */
		.tsval = (r->old_ts ? r->tsval : (uint32_t)(r->fin_ns / 1000000)) + step[syn->ts],
	};
}

static void
send_probe(struct work *w, struct run *r)
{
	spate_probe_send(w->slot->stack, r->id, &r->probe);
	r->again_ns = w->now_ns + r->rto_ns;
	r->rto_ns *= 2;
}

static void
begin_probe(struct work *w, struct work_client *c, uint8_t owner, struct run *r)
{
	struct verify *v = c->verify;

	if (spate_probe_open(w->slot->stack, &r->local, &c->conf->to, &r->id) < 0) {
		fail(v, r, VERIFY_NO_PROBE);
		return;
	}
	w->conn[r->id] = (struct work_conn){
		.role = ROLE_VERIFY,
		.owner = owner,
	};
	w->busy[r->id].body_at = r - v->run;
	make_probe(v, r);
	r->step = PROBING;
	r->rto_ns = FIRST_RTO;
	r->deadline_ns = w->now_ns + c->conf->wait_ms * 1000000ull;
	send_probe(w, r);
}

static enum verify_answer
classify(const struct run *r, const struct spate_segment *seg)
{
	if (seg->flags & RST)
		return VERIFY_RESET;
	if ((seg->flags & (SYN | ACK)) == (SYN | ACK) && (r->probe.flags & SYN) &&
		seg->ack == r->probe.seq + 1)
		return VERIFY_ACCEPTED;
	if ((seg->flags & (SYN | FIN | ACK)) == ACK && seg->seq == r->rcv_nxt &&
		seg->ack == r->snd_nxt)
		return VERIFY_OLD_ACK;
	return VERIFY_OTHER;
}

void
verify_segment(struct work *w, spate_conn id, const struct spate_segment *seg)
{
	struct work_client *c = &w->client[w->conn[id].owner];
	struct run *r = run_of(w, id);
	enum verify_answer answer = classify(r, seg);
	struct spate_segment rst = {.flags = RST, .seq = seg->ack};

	if (answer == VERIFY_ACCEPTED)
		/* Nothing was to become of it. */
		spate_probe_send(w->slot->stack, id, &rst);
	if (r->kind == VERIFY_RST && r->step == PROBING) {
		if (answer == VERIFY_OLD_ACK) {
			/* What a TCP in SYN_SENT answers (RFC 9293 3.10.7.3); its SYN goes on. */
			spate_probe_send(w->slot->stack, id, &rst);
			r->step = RETRYING;
			r->deadline_ns = spate_now(w->slot->stack) + c->conf->wait_ms * 1000000ull;
			return;
		}
		answer = VERIFY_UNREFUSED;
	}
	answered(w, r, answer);
}

/* ---- a turn */

/* A step has taken too long. */
static void
too_late(struct work *w, struct run *r)
{
	static const enum verify_failure why[] = {
		[OPENING] = VERIFY_NO_SYN_ACK,
		[WAITING] = VERIFY_NOT_CLOSED,
		[CLOSING] = VERIFY_NO_LAST_ACK,
	};

	if (r->step == PROBING || r->step == RETRYING) {
		answered(w, r,
			r->kind == VERIFY_RST && r->step == PROBING ? VERIFY_UNREFUSED
								    : VERIFY_SILENCE);
		return;
	}
	r->too_late = true;
	r->failure = why[r->step];
	spate_abort(w->slot->stack, r->id);
}

/* Returns whether there was anything to do. */
static bool
advance(struct work *w, struct work_client *c, uint8_t owner, struct run *r)
{
	switch (r->step) {
	case FREE:
		return false;
	case AGAIN:
		return open_run(w, c, owner, r);
	case READY:
		begin_probe(w, c, owner, r);
		return true;
	default:
		break;
	}
	if (w->now_ns >= r->deadline_ns) {
		too_late(w, r);
		return true;
	}
	if (r->step < PROBING || w->now_ns < r->again_ns)
		return false;
	send_probe(w, r);
	return true;
}

/* A FIN again that draws RST: there is no TIME_WAIT to be looked at. */
static bool
shown_absent(const struct verify_result *res)
{
	uint64_t ack = 0, rst = 0;

	for (int k = VERIFY_FIN_TS; k <= VERIFY_FIN; k++) {
		ack += res->answer[k][VERIFY_OLD_ACK];
		rst += res->answer[k][VERIFY_RESET];
	}
	return rst > 0 && ack == 0;
}

/* The run of the program ends: what is no connection is given up, the rest is the drain's. */
static void
give_up(struct work *w, struct verify *v, struct run *r)
{
	if (r->step == PROBING || r->step == RETRYING) {
		w->conn[r->id].role = ROLE_NONE;
		spate_close(w->slot->stack, r->id);
	} else if (r->step != AGAIN && r->step != READY) {
		return;
	}
	end_run(v, r);
}

/* Nothing is under way: what is next? */
static void
next_part(struct verify *v, struct work_client *c)
{
	bool any = false;

	for (int k = VERIFY_FIN_TS; k <= VERIFY_FIN; k++)
		for (int i = 0; i < VERIFY_ANSWERS; i++)
			any |= v->result.answer[k][i] > 0;
	if (!v->syns && !v->stopped && any && !shown_absent(&v->result)) {
		v->syns = true;
		v->next = 0;
		return;
	}
	v->result.complete = true;
	c->count = 0;
	c->open = 0;
}

bool
verify_poll(struct work *w, struct work_client *c, uint8_t index)
{
	struct verify *v = c->verify;
	bool going = c->running && !w->stopping, busy = false;
	uint8_t kind;

	if (v == NULL || c->open == 0)
		return false;
	if (!c->resolved) {
		int rc = spate_resolve(w->slot->stack, &c->conf->to);

		if (rc == -EAGAIN && going)
			return false;
		c->resolved = true;
		if (rc < 0 && rc != -EAGAIN) {
			v->result.failed[VERIFY_NO_ARP]++;
			v->stopped = true;
		}
	}
	for (uint32_t i = 0; i < LIVE_MAX; i++) {
		struct run *r = &v->run[i];

		if (w->stopping)
			give_up(w, v, r);

		if (r->step == FREE && going && !v->stopped && i < c->conf->concurrency &&
			next_kind(v, &kind)) {
			*r = (struct run){.step = AGAIN, .kind = kind};
			v->next++;
			v->live++;
		}
		busy |= advance(w, c, index, r);
	}
	if (v->live > 0)
		return busy;
	if (going)
		next_part(v, c);
	else
		c->open = 0; /* stopped: there will be no verdict */
	return true;
}
