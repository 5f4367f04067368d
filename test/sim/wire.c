/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

#include "wire.h"

#define SECOND 1000000000ull

void
wire_init(struct wire *w, const struct wire_link link[2], struct rng rng, struct rte_mempool *pool)
{
	memset(w, 0, sizeof(*w));
	memcpy(w->link, link, sizeof(w->link));
	w->rng = rng;
	w->pool = pool;
}

/* ---- the heap of frames in flight */

static bool
before(const struct wire_frame *a, const struct wire_frame *b)
{
	return a->at != b->at ? a->at < b->at : a->serial < b->serial;
}

static void
push(struct wire *w, struct wire_frame f)
{
	uint32_t i = w->n++;

	if (w->n > w->capacity) {
		w->capacity = w->capacity ? 2 * w->capacity : 1024;
		w->flight = realloc(w->flight, w->capacity * sizeof(*w->flight));
		if (w->flight == NULL)
			abort();
	}
	f.serial = w->serial++;
	while (i > 0 && before(&f, &w->flight[(i - 1) / 2])) {
		w->flight[i] = w->flight[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	w->flight[i] = f;
}

struct wire_frame
wire_take(struct wire *w)
{
	struct wire_frame first = w->flight[0], last = w->flight[--w->n];
	uint32_t i = 0, child;

	while ((child = 2 * i + 1) < w->n) {
		if (child + 1 < w->n && before(&w->flight[child + 1], &w->flight[child]))
			child++;
		if (!before(&w->flight[child], &last))
			break;
		w->flight[i] = w->flight[child];
		i = child;
	}
	w->flight[i] = last;
	return first;
}

const struct wire_frame *
wire_peek(const struct wire *w)
{
	return w->n ? &w->flight[0] : NULL;
}

uint64_t
wire_next(const struct wire *w)
{
	return w->n ? w->flight[0].at : UINT64_MAX;
}

/* ---- what can happen */

static bool
is_v6(const struct rte_mbuf *m)
{
	const struct rte_ether_hdr *h = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);

	return h->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV6);
}

/* ARP, or Neighbor Discovery. */
static bool
is_neighbour(const struct rte_mbuf *m)
{
	const struct rte_ether_hdr *h = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);

	return h->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_ARP) ||
	       (is_v6(m) && ((const uint8_t *)(h + 1))[6] == IPPROTO_ICMPV6);
}

/*
 * Is this bit anybody's to check? Not the source MAC address, without the FCS. Of IPv6's
 * header, which has no checksum, not class, label and hop limit; and a length that becomes
 * less is found by the checksum behind it, nearly always.
 */
static bool
is_covered(const struct rte_mbuf *m, uint32_t at, uint8_t bit)
{
	uint32_t in = at - RTE_ETHER_HDR_LEN;

	if (at < RTE_ETHER_HDR_LEN)
		return at < RTE_ETHER_ADDR_LEN || at >= 2 * RTE_ETHER_ADDR_LEN;
	if (!is_v6(m) || in > 7)
		return true;
	if (in == 4 || in == 5)
		return !(rte_pktmbuf_mtod(m, const uint8_t *)[at] & bit);
	return in == 6 || (in == 0 && bit >= 0x10);
}

/* One bit of what a checksum or a comparison covers: a single flip is always found. */
static const char *
damage(struct wire *w, struct rte_mbuf *m)
{
	uint32_t ip_len = is_v6(m) ? 40 : 20, at;
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *), bit;

	if (rng_percent(&w->rng, 10)) {
		rte_pktmbuf_trim(m, rng_range(&w->rng, 1, m->data_len - 1));
		return "cut";
	}
	do {
		at = rng_range(&w->rng, 0, m->data_len - 1);
		bit = 1 << rng_range(&w->rng, 0, 7);
	} while (!is_covered(m, at, bit));
	p[at] ^= bit;
	if (at < RTE_ETHER_HDR_LEN)
		return "bit flipped in Ethernet";
	return at < RTE_ETHER_HDR_LEN + ip_len ? "bit flipped in IP" : "bit flipped in TCP";
}

/* Arrival of a frame that leaves the queue at `t`. */
static uint64_t
arrival(struct wire *w, const struct wire_link *l, uint64_t t, bool late)
{
	t += l->delay_ns;
	if (l->jitter_ns && (late || rng_chance(&w->rng, l->jitter_ppm)))
		t += rng_range(&w->rng, 0, l->jitter_ns);
	if (l->grid_ns)
		t = (t + l->grid_ns - 1) / l->grid_ns * l->grid_ns;
	return t;
}

/* The queue in front of a line of limited rate: when the frame has left; 0: no room. */
static uint64_t
queued(struct wire *w, int from, uint32_t len, uint64_t now)
{
	const struct wire_link *l = &w->link[from];
	uint64_t start = w->free_at[from] > now ? w->free_at[from] : now;

	if (l->rate == 0)
		return now;
	if ((start - now) * l->rate / SECOND + len > l->queue)
		return 0;
	w->free_at[from] = start + len * SECOND / l->rate;
	return w->free_at[from];
}

static const char *
loss(struct wire *w, int from)
{
	const struct wire_link *l = &w->link[from];

	if (w->burst_left[from] > 0) {
		w->burst_left[from]--;
		return "lost in a burst";
	}
	if (rng_chance(&w->rng, l->burst_ppm)) {
		w->burst_left[from] = rng_range(&w->rng, 0, l->burst_len - 1);
		return "lost, and a burst begins";
	}
	return rng_chance(&w->rng, l->loss_ppm) ? "lost" : NULL;
}

/* A router that would rather not drop it says so. */
static void
mark(struct rte_mbuf *m)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, 14);

	if (is_neighbour(m))
		return;
	if (ip->version_ihl >> 4 == 6) {
		/* The traffic class's last bits; there is no checksum. */
		if (ip->type_of_service & 0x30)
			ip->type_of_service |= 0x30;
		return;
	}
	if ((ip->type_of_service & 3) == 0)
		return;
	ip->type_of_service |= 3;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

struct wire_fate
wire_send(struct wire *w, int from, struct rte_mbuf *m, uint64_t tag, uint64_t now)
{
	const struct wire_link *l = &w->link[from];
	struct wire_fate fate = {.lost = loss(w, from)};
	uint64_t left = queued(w, from, m->pkt_len, now);
	struct rte_mbuf *frame[2] = {m};

	if (fate.lost == NULL && l->hole && m->pkt_len > l->hole)
		fate.lost = "lost in a black hole";
	if (fate.lost == NULL && left == 0)
		fate.lost = "lost, queue full";
	if (fate.lost) {
		w->lost++;
		rte_pktmbuf_free(m);
		return fate;
	}
	if (l->mark_ppm && rng_chance(&w->rng, l->mark_ppm))
		mark(m);
	if (rng_chance(&w->rng, l->dup_ppm))
		frame[1] = rte_pktmbuf_copy(m, w->pool, 0, UINT32_MAX);
	for (int i = 0; i < 2 && frame[i]; i++) {
		fate.arrives[i] = arrival(w, l, left, i > 0);
		if (rng_chance(&w->rng, l->corrupt_ppm) && !is_neighbour(frame[i]))
			fate.corrupt[i] = damage(w, frame[i]);
		w->corrupted += fate.corrupt[i] != NULL;
		push(w, (struct wire_frame){
				.m = frame[i],
				.at = fate.arrives[i],
				.tag = tag,
				.to = !from,
				.corrupt = fate.corrupt[i] != NULL,
			});
	}
	return fate;
}

uint64_t
wire_lifetime(const struct wire_link *l)
{
	uint64_t waiting = l->rate ? l->queue * SECOND / l->rate : 0;

	return l->delay_ns + l->jitter_ns + l->grid_ns + waiting;
}

bool
wire_reorders(const struct wire_link *l)
{
	return l->jitter_ns && (l->jitter_ppm || l->dup_ppm);
}

void
wire_free(struct wire *w)
{
	for (uint32_t i = 0; i < w->n; i++)
		rte_pktmbuf_free(w->flight[i].m);
	free(w->flight);
	w->flight = NULL;
	w->n = w->capacity = 0;
}
