/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * port: one DPDK port, opened the way a stack wants it: N queue pairs, checksums
 * offloaded where the device offers it, and a rule that says which queue a reply comes to.
 *
 * A port is opened, started and closed by the main lcore (closed for it, where interrupts must not
 * come between); meanwhile each queue pair belongs to the one worker that polls it. The port knows
 * no protocol.
 */
#ifndef SPATE_PORT_PORT_H
#define SPATE_PORT_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_mempool.h>

#include "port/vanish.h"

#define PORT_QUEUES_MAX      16
#define PORT_TUPLE_WORDS_MAX 9
#define PORT_RSS_KEY_MAX     64
#define PORT_RETA_MAX        512
#define PORT_ERROR_MAX       256

/* Which queue does a received segment come to? */
enum port_steering {
	PORT_STEER_SINGLE, /* nothing is known: one queue only */
	PORT_STEER_PAIRED, /* what leaves queue i comes from and goes to the peer's queue i */
	PORT_STEER_RSS,    /* Toeplitz hash with our key, through the table below */
};

struct port {
	uint16_t id;
	uint16_t n_queues;
	uint16_t queue_step; /* each is the device's queue of its number times this */
	uint16_t mtu;
	char name[RTE_ETH_NAME_MAX_LEN];
	const char *driver;
	struct rte_ether_addr mac;
	bool tx_checksum;    /* IPv4 and TCP checksums are the device's */
	bool no_large;       /* to be set before the start: a frame is a segment, both ways */
	bool rx_large;       /* the device may join what it receives (LRO) */
	uint32_t tx_large;   /* payload bytes in a frame that it cuts up (TSO); 0: it does not */
	uint16_t tx_buffers; /* of one */
	bool shares_mbufs;   /* frames are handed over by pointer: offload flags are the sender's */
	bool vanishes;       /* its memory may, in the middle of a burst: vanish.h */
	enum port_steering steering;
	uint8_t rss_key[PORT_RSS_KEY_MAX];
	bool rss_v6; /* it hashes IPv6 too */
	uint16_t reta_size;
	uint16_t reta[PORT_RETA_MAX];
	char error[PORT_ERROR_MAX]; /* what went wrong, one line, after a negative return */
};

/* Look at port `id`: name, driver, MAC, steering. -ENODEV when there is none. */
int port_probe(struct port *p, uint16_t id);

/* Most queue pairs this port can be used with. */
uint16_t port_queues_max(const struct port *p);

/*
 * Configure and start with `n_queues` queue pairs, the received frames of queue i
 * from pools[i]. `mtu` 0 leaves the device's. Negative errno with p->error set.
 */
int port_start(struct port *p, uint16_t n_queues, uint16_t mtu, struct rte_mempool *const *pools);

void port_stop(struct port *p);

/* Wait up to `seconds` for the link. 0, or -ENETDOWN with p->error set. */
int port_wait_link(struct port *p, unsigned int seconds);

/*
 * The queue a TCP segment will be received on: `words` are its source and destination
 * address and its ports, in host order, 3 of IPv4 and 9 of IPv6.
 */
uint16_t port_queue_of(const struct port *p, const uint32_t *words, uint32_t n_words);

/* One burst from a queue. */
static inline uint16_t
port_receive(const struct port *p, uint16_t queue, struct rte_mbuf **frames, uint16_t max)
{
	uint16_t n;

	port_vanish.inside = p->vanishes;
	n = rte_eth_rx_burst(p->id, queue * p->queue_step, frames, max);
	port_vanish.inside = 0;
	if (p->shares_mbufs)
		for (uint16_t i = 0; i < n; i++)
			frames[i]->ol_flags = 0;
	return n;
}

/*
 * What the driver wants done to a frame it is to cut up, once and before it is sent. False: it
 * does not take it.
 */
static inline bool
port_prepare(const struct port *p, uint16_t queue, struct rte_mbuf *m)
{
	return likely(!(m->ol_flags & RTE_MBUF_F_TX_TCP_SEG)) ||
	       rte_eth_tx_prepare(p->id, queue * p->queue_step, &m, 1) == 1;
}

static inline uint16_t
port_send(const struct port *p, uint16_t queue, struct rte_mbuf **frames, uint16_t n)
{
	port_vanish.inside = p->vanishes;
	n = rte_eth_tx_burst(p->id, queue * p->queue_step, frames, n);
	port_vanish.inside = 0;
	return n;
}

#endif
