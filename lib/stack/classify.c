/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From frames to TCP segments: link, IP of either family, checksums. Every frame that
 * ends here is counted with the reason; ARP, Neighbor Discovery, ICMP and UDP are answered
 * on the way.
 */
#include <string.h>

#include "ip/packet.h"
#include "stack/stack.h"
#include "wire/checksum.h"
#include "wire/ecn.h"
#include "wire/nd.h"
#include "wire/words.h"

#define PREFETCH 12 /* frames ahead */

static enum spate_counter
counter_of(enum wire_error err)
{
	return SPATE_DROP_SHORT + (err - WIRE_SHORT);
}

static void
drop(struct spate_stack *s, enum spate_counter why)
{
	spate_count(&s->counters, why);
}

/* ---- the link */

/* Is it for our MAC address, or for a group of IPv6's? */
static bool
addressed_to_us(const struct spate_stack *s, const uint8_t *frame, uint16_t ethertype)
{
	if (likely(eth_is_to(frame, &s->ip.mac)))
		return true;
	return ethertype == RTE_ETHER_TYPE_IPV6 && frame[0] == 0x33 && frame[1] == 0x33;
}

/* The IP packet in a frame for us, or NULL when there was none (ARP is answered). */
static __rte_always_inline const uint8_t *
link_input(struct spate_stack *s, struct rte_mbuf *m, uint32_t *len, uint16_t *ethertype)
{
	uint32_t frame_len = m->data_len;
	const uint8_t *frame;
	struct eth_view eth;
	enum wire_error err;

	if (unlikely(m->nb_segs > 1)) {
		if (!stack_gather(m)) {
			drop(s, SPATE_DROP_MULTISEG);
			return NULL;
		}
		frame_len = m->pkt_len;
	}
	frame = rte_pktmbuf_mtod(m, const uint8_t *);
	err = eth_parse(frame, m->data_len, &eth);
	if (!err && eth.vlan != s->ip.vlan)
		err = WIRE_VLAN;
	if (err) {
		drop(s, counter_of(err));
		return NULL;
	}
	*len = frame_len - eth.len;
	*ethertype = eth.ethertype;
	if (unlikely(eth.ethertype != RTE_ETHER_TYPE_IPV4)) {
		if (eth.ethertype == RTE_ETHER_TYPE_ARP) {
			ip_arp_input(&s->ip, frame + eth.len, *len, true);
			return NULL;
		}
		if (eth.ethertype != RTE_ETHER_TYPE_IPV6 || !ip6_on(&s->ip)) {
			drop(s, SPATE_DROP_ETHERTYPE);
			return NULL;
		}
	}
	if (!addressed_to_us(s, frame, eth.ethertype)) {
		drop(s, SPATE_DROP_MAC);
		return NULL;
	}
	return frame + eth.len;
}

/* ---- checksums */

/* What the port says of the transport checksum. True: it need not be computed here. */
static bool
checksum_known(const struct rte_mbuf *m, bool *good)
{
	uint64_t known = m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;

	/* NONE: never computed, because it never left memory (virtio). */
	*good = known == RTE_MBUF_F_RX_L4_CKSUM_GOOD || known == RTE_MBUF_F_RX_L4_CKSUM_NONE;
	return known != RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN;
}

/* Is the TCP segment in the IPv4 packet intact (DT-09)? */
static __rte_always_inline bool
tcp_v4_good(const struct rte_mbuf *m, const struct ip_packet *v)
{
	uint64_t sum;
	bool good;

	if (checksum_known(m, &good))
		return good;
	/* The pseudo header wants the plain length, which IP options would hide. */
	sum = packet_pseudo_v4(v->laddr, v->raddr, IPPROTO_TCP, v->payload_len);
	sum = checksum_add(sum, likely(m->nb_segs == 1)
					? checksum_bytes(v->payload, v->payload_len)
					: stack_gather_sum(m, v->payload, v->payload_len));
	return checksum_fold(sum) == 0xffff;
}

static uint16_t
v6_sum(const struct rte_mbuf *m, const struct ipv6_view *v, const uint8_t *payload)
{
	if (likely(m->nb_segs == 1))
		return ipv6_sum(v->src, IPPROTO_TCP, payload, v->payload_len);
	/* The pseudo header alone, but for the length; then the rest. */
	return checksum_fold((uint64_t)ipv6_sum(v->src, IPPROTO_TCP, payload, 0) +
			     rte_cpu_to_be_16(v->payload_len) +
			     stack_gather_sum(m, payload, v->payload_len));
}

/* Is what is in the IPv6 packet? Only then are its addresses worth a look. */
static enum wire_error
v6_intact(const struct rte_mbuf *m, const struct ipv6_view *v, const uint8_t *payload)
{
	struct icmp_view icmp;
	bool good;

	if (v->protocol == IPPROTO_ICMPV6)
		return icmp6_parse(v->src, payload, v->payload_len, &icmp);
	if (v->protocol != IPPROTO_TCP)
		return WIRE_OK;
	if (!checksum_known(m, &good))
		good = v6_sum(m, v, payload) == 0xffff;
	return good ? WIRE_OK : WIRE_L4_CHECKSUM;
}

/* ---- IP */

/* False when the packet was dropped, or was none to go on with. */
static __rte_always_inline bool
ipv4_input(struct spate_stack *s, const struct rte_mbuf *m, const uint8_t *p, uint32_t len,
	struct ip_packet *out)
{
	uint64_t known = m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;
	struct ipv4_view v;
	enum wire_error err = ipv4_parse(p, len, known == RTE_MBUF_F_RX_IP_CKSUM_GOOD, &v);

	if (err) {
		drop(s, counter_of(err));
		return false;
	}
	/* RFC 1122 3.2.1.3: broadcast, multicast, loopback and our own are nobody's to talk from.
	 */
	if (!ip4_is_peer(&s->ip, v.src)) {
		drop(s, SPATE_DROP_SOURCE);
		return false;
	}
	if (!ip_is_local(&s->ip, v.dst)) {
		drop(s, ipv4_is_unicast(v.dst) ? SPATE_DROP_ADDRESS : SPATE_DROP_SOURCE);
		return false;
	}
	*out = (struct ip_packet){
		.laddr = v.dst,
		.raddr = v.src,
		.header = p,
		.payload = p + v.header_len,
		.header_len = v.header_len,
		.payload_len = v.payload_len,
		.protocol = v.protocol,
		.ecn = ecn_of_v4(p),
	};
	return true;
}

/* To a group: nothing but Neighbor Discovery is expected there. */
static void
group_input(struct spate_stack *s, const struct ipv6_view *v, const uint8_t *payload)
{
	enum wire_error err;

	if (!ip6_is_our_group(&s->ip, v->dst)) {
		drop(s, SPATE_DROP_ADDRESS);
		return;
	}
	if (!ip_is_nd(v, payload)) {
		drop(s, SPATE_DROP_SOURCE);
		return;
	}
	err = v6_intact(NULL, v, payload);
	if (err)
		drop(s, counter_of(err));
	else
		ip_nd_input(&s->ip, v, payload, true);
}

static __rte_noinline bool
ipv6_input(struct spate_stack *s, const struct rte_mbuf *m, const uint8_t *p, uint32_t len,
	struct ip_packet *out)
{
	struct ipv6_view v;
	enum wire_error err = ipv6_parse(p, len, &v);
	const uint8_t *payload;

	if (err) {
		drop(s, counter_of(err));
		return false;
	}
	payload = p + v.header_len;
	if (v.dst[0] == 0xff) {
		group_input(s, &v, payload);
		return false;
	}
	/* A frame to a group with a packet to one host in it was not sent to us alone. */
	if (unlikely(*rte_pktmbuf_mtod(m, const uint8_t *) & RTE_ETHER_GROUP_ADDR)) {
		drop(s, SPATE_DROP_MAC);
		return false;
	}
	*out = (struct ip_packet){
		.laddr = ip6_local_name(&s->ip, v.dst),
		.header = p,
		.payload = payload,
		.header_len = v.header_len,
		.payload_len = v.payload_len,
		.protocol = v.protocol,
		.ecn = ecn_of_v6(p),
	};
	err = v6_intact(m, &v, payload);
	if (out->laddr == ADDR6_NONE || err) {
		drop(s, err ? counter_of(err) : SPATE_DROP_ADDRESS);
		return false;
	}
	if (ip_is_nd(&v, payload)) {
		ip_nd_input(&s->ip, &v, payload, true);
		return false;
	}
	out->raddr = ip6_peer_name(&s->ip, v.src);
	if (out->raddr == ADDR6_NONE)
		drop(s, SPATE_DROP_SOURCE);
	return out->raddr != ADDR6_NONE;
}

static __rte_always_inline bool
ip_input(struct spate_stack *s, struct rte_mbuf *m, struct ip_packet *v)
{
	uint16_t ethertype;
	uint32_t len;
	const uint8_t *p = link_input(s, m, &len, &ethertype);

	if (p == NULL)
		return false;
	if (likely(ethertype == RTE_ETHER_TYPE_IPV4))
		return ipv4_input(s, m, p, len, v);
	return ipv6_input(s, m, p, len, v);
}

static void
icmp_input(struct spate_stack *s, const struct ip_packet *v)
{
	struct ip_error error;

	if (ip_icmp_input(&s->ip, v, &error))
		tcp_icmp_error(&s->tcp, &error);
}

/* True when `rx` and `key` hold a segment. */
static __rte_always_inline bool
classify(struct spate_stack *s, struct rte_mbuf *m, struct tcp_rx *rx, struct flow_key *key)
{
	struct ip_packet v;
	enum wire_error err;

	if (!ip_input(s, m, &v))
		return false;
	if (unlikely(v.protocol != IPPROTO_TCP)) {
		bool v6 = addr_is_v6(v.raddr);

		if (v.protocol == (v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
			icmp_input(s, &v);
		else if (v.protocol == IPPROTO_UDP)
			ip_udp_input(&s->ip, &v);
		else
			drop(s, SPATE_DROP_IP_PROTOCOL);
		return false;
	}
	err = tcp_seg_parse(v.payload, v.payload_len, &rx->seg);
	if (!err && !addr_is_v6(v.raddr) && !tcp_v4_good(m, &v))
		err = WIRE_L4_CHECKSUM;
	if (err) {
		drop(s, counter_of(err));
		return false;
	}

	if (unlikely(m->nb_segs > 1)) {
		rx->seg.chain = m;
		spate_count(&s->counters, SPATE_RX_LARGE);
	}

	flow_key_make(key, v.raddr, v.laddr, word_get(v.payload, 0));
	rx->key = key;
	rx->ecn = v.ecn;
	return true;
}

/*
 * Headers with timestamps fill the first line; a request or a short response begins the second.
 * Fetched to be written: where frames come from another core's cache, the buffer is the next one
 * this core sends from, and its lines need not be asked for twice. So is the third line of a side
 * that sends more than it receives, 90 cycles a connection of one that answers.
 */
static void
prefetch_frame(const struct rte_mbuf *m, bool wide)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);

	__builtin_prefetch(p, 1);
	__builtin_prefetch(p + RTE_CACHE_LINE_SIZE, 1);
	if (wide)
		__builtin_prefetch(p + 2 * RTE_CACHE_LINE_SIZE, 1);
}

uint32_t
stack_classify(struct spate_stack *s, struct rte_mbuf **frames, uint32_t n, struct tcp_rx *rx,
	struct flow_key *keys)
{
	const bool wide = s->ip.wide_sent;
	uint32_t segments = 0;

	s->ip.wide_sent = false;
	/* A frame from another core's cache costs a miss for its buffer's header, then for its own.
	 */
	for (uint32_t i = 0; i < n; i++)
		__builtin_prefetch(frames[i], 1);
	for (uint32_t i = 0; i < n && i < PREFETCH; i++)
		prefetch_frame(frames[i], wide);
	for (uint32_t i = 0; i < n; i++) {
		if (i + PREFETCH < n)
			prefetch_frame(frames[i + PREFETCH], wide);
		segments += classify(s, frames[i], &rx[segments], &keys[segments]);
	}
	return segments;
}

bool
spate_is_neighbour_frame(const uint8_t *frame, uint32_t len)
{
	struct eth_view eth;
	struct ipv6_view v;

	if (eth_parse(frame, len, &eth))
		return false;
	if (eth.ethertype != RTE_ETHER_TYPE_IPV6)
		return eth.ethertype == RTE_ETHER_TYPE_ARP;
	return ipv6_parse(frame + eth.len, len - eth.len, &v) == WIRE_OK &&
	       ip_is_nd(&v, frame + eth.len + v.header_len);
}

void
spate_neighbour_input(struct spate_stack *s, const uint8_t *frame, uint32_t len)
{
	struct eth_view eth;
	struct ipv6_view v;

	if (eth_parse(frame, len, &eth) || eth.vlan != s->ip.vlan)
		return;
	frame += eth.len;
	len -= eth.len;
	if (eth.ethertype == RTE_ETHER_TYPE_ARP) {
		ip_arp_input(&s->ip, frame, len, false);
		return;
	}
	if (ip6_on(&s->ip) && ipv6_parse(frame, len, &v) == WIRE_OK &&
		ip_is_nd(&v, frame + v.header_len) &&
		v6_intact(NULL, &v, frame + v.header_len) == WIRE_OK)
		ip_nd_input(&s->ip, &v, frame + v.header_len, false);
}
