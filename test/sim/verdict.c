/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How the connections ended, and whether their plan allows it.
 */
#include <errno.h>
#include <string.h>

#include "sim.h"

/* The client's part is always played; the server's, where it must come. */
static bool
is_over(const struct end *e)
{
	if (e->state == END_IDLE)
		return e->connect_at == NEVER && e->side == 1 && e->conn->ending >= END_EARLY;
	return e->state == END_ENDED;
}

bool
verdict_over(const struct sim *s)
{
	const struct end *e;

	FOREACH_END(s, e)
	{
		if (!is_over(e))
			return false;
	}
	return true;
}

const char *
verdict_unfinished(const struct sim *s)
{
	static char text[200];
	struct spate_conn_info info;
	const struct end *e;

	FOREACH_END(s, e)
	{
		if (is_over(e))
			continue;
		memset(&info, 0, sizeof(info));
		if (e->state != END_IDLE)
			spate_conn_info(e->sim->side[e->side].stack, e->c, &info);
		snprintf(text, sizeof(text),
			"conn %d.%d %c is %s, %u of %u queued, %u of %u received, %u unread, "
			"SND.WND %u, RCV.WND %u",
			e->slot, e->inc, 'A' + e->side,
			e->state == END_IDLE ? "not opened" : spate_state_name(info.state),
			e->queued, e->plan->size, e->got, peer_of(e)->plan->size, e->unread,
			info.snd_wnd, info.rcv_wnd);
		return text;
	}
	return "a TIME_WAIT or half-open connection remains";
}

/* Where both connect, the SYN of one may find that the other has given up (CM-07). */
static bool
refused_is_fair(const struct end *e)
{
	return e->sim->plan.slot[e->slot].both_connect && !leaves(e) && e->reason == -ECONNREFUSED;
}

/* A reset may be lost, and then the end that is left has no way to know, but by keepalive. */
static bool
gave_up_fairly(const struct end *e)
{
	const struct plan *p = &e->sim->plan;

	return e->gave_up && e->reason == -ECONNABORTED && (!p->clean || p->few_buffers) &&
	       !p->tcp[e->side].keepalive;
}

/* Which reasons does the plan allow? */
static bool
reason_fits(const struct end *e)
{
	const struct end *peer = peer_of(e);

	if (e->state == END_IDLE)
		return e->side == 1 && leaves(peer);
	switch (e->conn->ending) {
	case END_EARLY:
		if (refused_is_fair(e) || gave_up_fairly(e))
			return true;
		if (leaves(e))
			return e->reason == 0 || e->reason == -ECONNABORTED;
		return e->reason == 0 || e->reason == -ECONNRESET;
	case END_ABORT:
		if (leaves(e))
			return e->reason == -ECONNABORTED;
		if (refused_is_fair(e) || gave_up_fairly(e))
			return true;
		return e->reason == -ECONNRESET;
	default:
		return e->reason == 0;
	}
}

void
verdict_check(struct sim *s)
{
	struct end *e;

	FOREACH_END(s, e)
	{
		if (!reason_fits(e))
			sim_fail(s, "conn %d.%d %c: %s, reason %d", slot_, e->inc, 'A' + e->side,
				e->state == END_IDLE ? "never opened" : "ended", e->reason);
		if (e->conn->ending < END_EARLY &&
			(e->queued != e->plan->size || e->got != peer_of(e)->plan->size))
			sim_fail(s, "conn %d.%d %c: %u of %u bytes received", slot_, e->inc,
				'A' + e->side, e->got, peer_of(e)->plan->size);
	}
}
