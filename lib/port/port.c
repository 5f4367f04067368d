/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/port.h"

#include <stdio.h>
#include <string.h>

#include <rte_alarm.h>
#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_thash.h>

#include "port/embedded.h"

#define DESCRIPTORS    1024
#define BUFFERS_UNSAID 8 /* of one frame, where the driver does not say how many it takes */
#define RSS_TYPES                                                                                  \
	(RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_IPV6 |                      \
		RTE_ETH_RSS_NONFRAG_IPV6_TCP)
#define TX_CHECKSUMS (RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM)
#define RX_CHECKSUMS (RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM)

#define TX_LARGE                                                                                   \
	(RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_MULTI_SEGS | RTE_ETH_TX_OFFLOAD_TCP_CKSUM)
#define RX_LARGE (RTE_ETH_RX_OFFLOAD_TCP_LRO | RTE_ETH_RX_OFFLOAD_SCATTER)

/* Wires of software: queue i at one end is queue i at the other. */
static const char *const paired_drivers[] = {
	"net_ring", "net_memif", "net_vhost", "net_virtio_user"};

static int
fail(struct port *p, int rc, const char *what)
{
	snprintf(p->error, sizeof(p->error), "port %u (%s): %s: %s", p->id, p->name, what,
		strerror(-rc));
	return rc;
}

int
port_probe(struct port *p, uint16_t id)
{
	struct rte_eth_dev_info info;

	memset(p, 0, sizeof(*p));
	p->id = id;
	if (!rte_eth_dev_is_valid_port(id) || rte_eth_dev_info_get(id, &info) < 0) {
		snprintf(p->error, sizeof(p->error), "port %u: there is no such port (%u found)",
			id, rte_eth_dev_count_avail());
		return -ENODEV;
	}
	rte_eth_dev_get_name_by_port(id, p->name);
	rte_eth_macaddr_get(id, &p->mac);
	/* net_ring has none: the address is ours to choose, locally administered. */
	if (rte_is_zero_ether_addr(&p->mac))
		p->mac = (struct rte_ether_addr){{0x02, 0, 0, 0, id >> 8, id & 0xff}};
	p->driver = info.driver_name;
	p->shares_mbufs = strcmp(info.driver_name, "net_ring") == 0;
	p->vanishes = port_vanishes(info.driver_name);
	for (unsigned int i = 0; i < RTE_DIM(paired_drivers); i++)
		if (strcmp(info.driver_name, paired_drivers[i]) == 0)
			p->steering = PORT_STEER_PAIRED;
	if (p->steering == PORT_STEER_SINGLE &&
		(info.flow_type_rss_offloads & RTE_ETH_RSS_NONFRAG_IPV4_TCP) &&
		info.reta_size > 0 && info.reta_size <= PORT_RETA_MAX)
		p->steering = PORT_STEER_RSS;
	return 0;
}

uint16_t
port_queues_max(const struct port *p)
{
	struct rte_eth_dev_info info;
	uint16_t n;

	if (p->steering == PORT_STEER_SINGLE || rte_eth_dev_info_get(p->id, &info) < 0)
		return 1;
	n = embedded_queues(p->id);
	if (n == 0)
		n = RTE_MIN(info.max_rx_queues, info.max_tx_queues);
	return RTE_MAX(1, RTE_MIN(n, PORT_QUEUES_MAX));
}

/*
 * Frames of several segments, in several buffers, some of which stand for memory elsewhere: they
 * are not freed as if they were all alike. Summing TCP goes with cutting it; an IPv4 header that
 * is not summed by the device is by the stack.
 */
static void
choose_large(struct port *p, const struct rte_eth_dev_info *info, struct rte_eth_conf *conf)
{
	uint16_t buffers = info->tx_desc_lim.nb_seg_max;

	if ((info->tx_offload_capa & TX_LARGE) == TX_LARGE) {
		p->tx_buffers = buffers ? buffers : BUFFERS_UNSAID;
		p->tx_large = UINT16_MAX;
		conf->txmode.offloads |= TX_LARGE;
		conf->txmode.offloads &= ~RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
	}
	if ((info->rx_offload_capa & RX_LARGE) == RX_LARGE) {
		p->rx_large = true;
		conf->rxmode.offloads |= RX_LARGE;
		conf->rxmode.max_lro_pkt_size = info->max_lro_pkt_size;
	}
}

/* What to ask of the device; sets the port's offloads to what it gives. */
static void
choose_offloads(struct port *p, const struct rte_eth_dev_info *info, struct rte_eth_conf *conf)
{
	/*
	 * net_tap sums in software as well, and writes 0xffff where RFC 1624 3 has 0: correct to
	 * those who add it up, but no TCP sends it.
	 */
	bool exact = !p->shares_mbufs && strcmp(info->driver_name, "net_tap") != 0;

	p->tx_checksum = exact && (info->tx_offload_capa & TX_CHECKSUMS) == TX_CHECKSUMS;
	if (p->tx_checksum)
		conf->txmode.offloads |= TX_CHECKSUMS;
	if (!p->shares_mbufs)
		conf->rxmode.offloads |= info->rx_offload_capa & RX_CHECKSUMS;
	/* All frames come from one pool and have one reference. */
	conf->txmode.offloads |= info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
	if (exact && !p->no_large)
		choose_large(p, info, conf);
}

static void
give_up_large(struct port *p, const struct rte_eth_dev_info *info, struct rte_eth_conf *conf)
{
	conf->txmode.offloads = conf->rxmode.offloads = 0;
	conf->rxmode.max_lro_pkt_size = 0;
	p->tx_large = 0;
	p->rx_large = false;
	p->no_large = true;
	choose_offloads(p, info, conf);
}

static void
choose_rss(struct port *p, const struct rte_eth_dev_info *info, struct rte_eth_conf *conf)
{
	uint8_t len = info->hash_key_size ? info->hash_key_size : 40;

	/* The repeated pair makes the hash the same in both directions. */
	for (unsigned int i = 0; i < sizeof(p->rss_key); i++)
		p->rss_key[i] = i & 1 ? 0x5a : 0x6d;
	p->rss_v6 = info->flow_type_rss_offloads & RTE_ETH_RSS_NONFRAG_IPV6_TCP;
	conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	conf->rx_adv_conf.rss_conf.rss_key = p->rss_key;
	conf->rx_adv_conf.rss_conf.rss_key_len = RTE_MIN(len, PORT_RSS_KEY_MAX);
	conf->rx_adv_conf.rss_conf.rss_hf = info->flow_type_rss_offloads & RSS_TYPES;
}

static int
setup_queues(struct port *p, const struct rte_eth_dev_info *info, const struct rte_eth_conf *conf,
	struct rte_mempool *const *pools)
{
	uint16_t n_rx = DESCRIPTORS, n_tx = DESCRIPTORS;
	int socket = rte_eth_dev_socket_id(p->id);
	struct rte_eth_rxconf rx = info->default_rxconf;
	struct rte_eth_txconf tx = info->default_txconf;
	int rc = rte_eth_dev_adjust_nb_rx_tx_desc(p->id, &n_rx, &n_tx);

	if (rc < 0)
		return fail(p, rc, "cannot choose ring sizes");
	rx.offloads = conf->rxmode.offloads;
	tx.offloads = conf->txmode.offloads;
	for (uint16_t i = 0; i < p->n_queues; i++) {
		uint16_t q = i * p->queue_step;

		rc = rte_eth_rx_queue_setup(p->id, q, n_rx, socket, &rx, pools[i]);
		if (rc < 0)
			return fail(p, rc, "cannot set up a receive queue");
		rc = rte_eth_tx_queue_setup(p->id, q, n_tx, socket, &tx);
		if (rc < 0)
			return fail(p, rc, "cannot set up a transmit queue");
	}
	return 0;
}

/* Read back which queue each hash goes to. */
static int
read_reta(struct port *p, const struct rte_eth_dev_info *info)
{
	struct rte_eth_rss_reta_entry64 reta[PORT_RETA_MAX / RTE_ETH_RETA_GROUP_SIZE];
	int rc;

	p->reta_size = info->reta_size;
	for (unsigned int i = 0; i < RTE_DIM(reta); i++)
		reta[i].mask = UINT64_MAX;
	rc = rte_eth_dev_rss_reta_query(p->id, reta, p->reta_size);
	if (rc < 0)
		return fail(p, rc, "cannot read the RSS table");
	for (uint16_t i = 0; i < p->reta_size; i++)
		p->reta[i] = reta[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE];
	return 0;
}

int
port_start(struct port *p, uint16_t n_queues, uint16_t mtu, struct rte_mempool *const *pools)
{
	struct rte_eth_conf conf = {0};
	struct rte_eth_dev_info info;
	uint16_t n;
	int rc = rte_eth_dev_info_get(p->id, &info);

	if (rc < 0)
		return fail(p, rc, "cannot be looked at");
	if (n_queues > port_queues_max(p)) {
		snprintf(p->error, sizeof(p->error),
			"port %u (%s): %u queues asked for, it can be used with %u", p->id, p->name,
			n_queues, port_queues_max(p));
		return -EINVAL;
	}
	p->n_queues = n_queues;
	p->queue_step = embedded_queues(p->id) ? embedded_queue_step(n_queues) : 1;
	n = n_queues * p->queue_step;
	choose_offloads(p, &info, &conf);
	if (p->steering == PORT_STEER_RSS && n_queues > 1)
		choose_rss(p, &info, &conf);
	rc = rte_eth_dev_configure(p->id, n, n, &conf);
	if (rc < 0 && (p->tx_large || p->rx_large)) {
		/* What it offers it may not offer together with all the rest. */
		give_up_large(p, &info, &conf);
		rc = rte_eth_dev_configure(p->id, n, n, &conf);
	}
	if (rc < 0)
		return fail(p, rc, "cannot be configured");
	if (mtu && (rc = rte_eth_dev_set_mtu(p->id, mtu)) < 0 && rc != -ENOTSUP)
		return fail(p, rc, "does not take this MTU");
	rc = setup_queues(p, &info, &conf, pools);
	if (rc < 0)
		return rc;
	rc = rte_eth_dev_start(p->id);
	if (rc < 0)
		return fail(p, rc, "does not start");
	/* Neighbor Discovery asks groups. A port that cannot be told passes all, or none of it. */
	rte_eth_allmulticast_enable(p->id);
	if (rte_eth_dev_get_mtu(p->id, &p->mtu) < 0 || p->mtu == 0)
		p->mtu = mtu ? mtu : RTE_ETHER_MTU;
	if (mtu && mtu < p->mtu)
		p->mtu = mtu;
	return conf.rxmode.mq_mode == RTE_ETH_MQ_RX_RSS ? read_reta(p, &info) : 0;
}

struct closing {
	uint16_t id;
	bool done;
};

static void
close_port(void *arg)
{
	struct closing *c = arg;

	rte_eth_dev_stop(c->id);
	rte_eth_dev_close(c->id);
	__atomic_store_n(&c->done, true, __ATOMIC_RELEASE);
}

/*
 * net_memif's interrupt handlers take a port down when its peer ends, and lock nothing. So we do it
 * in their thread, where alarms are served too, and not beside them.
 */
void
port_stop(struct port *p)
{
	struct closing c = {.id = p->id};

	if (!p->vanishes || rte_eal_alarm_set(1, close_port, &c) < 0) {
		close_port(&c);
		return;
	}
	while (!__atomic_load_n(&c.done, __ATOMIC_ACQUIRE))
		rte_delay_us_sleep(100);
}

int
port_wait_link(struct port *p, unsigned int seconds)
{
	struct rte_eth_link link;

	for (unsigned int i = 0; i <= seconds * 10; i++) {
		memset(&link, 0, sizeof(link));
		if (rte_eth_link_get_nowait(p->id, &link) == 0 &&
			link.link_status == RTE_ETH_LINK_UP)
			return 0;
		rte_delay_us_sleep(100000);
	}
	snprintf(p->error, sizeof(p->error), "port %u (%s): link is down", p->id, p->name);
	return -ENETDOWN;
}

uint16_t
port_queue_of(const struct port *p, const uint32_t *words, uint32_t n_words)
{
	uint32_t copy[PORT_TUPLE_WORDS_MAX];

	if (p->n_queues == 1 || p->steering != PORT_STEER_RSS)
		return 0;
	/* What a port does not hash it puts into its first queue. */
	if (n_words == PORT_TUPLE_WORDS_MAX && !p->rss_v6)
		return 0;
	memcpy(copy, words, n_words * sizeof(*words)); /* rte_softrss() does not promise const */
	return p->reta[rte_softrss(copy, n_words, p->rss_key) % p->reta_size];
}
