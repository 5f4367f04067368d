/* SPDX-License-Identifier: BSD-3-Clause */
/* ICMP and ICMPv6: echo answered, errors told apart, errors sent at a bounded rate. */
#include <string.h>

#include "ip/packet.h"

/* Errors sent: so many at once, then one in so long. */
#define ICMP_BURST    10
#define ICMP_EVERY_NS 10000000ull
/* No error is larger than what every link carries (RFC 4443 2.4 c). */
#define QUOTE_MAX (IPV6_MTU_LEAST - IPV6_LEN - ICMP_HEADER_LEN)

static uint8_t
protocol_of(const struct ip_packet *v)
{
	return addr_is_v6(v->raddr) ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
}

/* The addresses in the IPv6 header that is in front of `payload`. */
static const uint8_t *
addresses(const uint8_t *payload)
{
	return payload - IPV6_LEN + 8;
}

static void
answer_echo(struct ip_iface *ip, const struct ip_packet *v)
{
	uint16_t hop = ip_hop(ip, v->raddr);
	struct rte_mbuf *m;
	uint8_t *out;

	if (hop == NEIGH_NONE)
		return;
	m = packet_begin(ip, v->laddr, v->raddr, protocol_of(v), v->payload_len, &out);
	if (m == NULL)
		return;
	memcpy(out, v->payload, v->payload_len);
	if (addr_is_v6(v->raddr))
		icmp6_echo_reply(out, v->payload_len, addresses(out));
	else
		icmp_echo_reply(out, v->payload_len);
	spate_count(ip->counters, SPATE_ICMP_ECHO_REPLIES);
	ip_output(ip, hop, m);
}

/* Whose segment is it about? Ours, to a peer that has a name: or there is no connection. */
static bool
quoted_tuple(struct ip_iface *ip, const struct icmp_error *e, bool v6, struct ip_error *out)
{
	*out = (struct ip_error){.meaning = e->meaning,
		.mtu = e->mtu,
		.lport = e->sport,
		.rport = e->dport,
		.seq = e->seq};
	if (v6) {
		out->laddr = ip6_local_name(ip, e->src);
		out->raddr = addr6_find(&ip->peers6, e->dst);
		return out->laddr != ADDR6_NONE && out->raddr != ADDR6_NONE;
	}
	memcpy(&out->laddr, e->src, sizeof(out->laddr));
	memcpy(&out->raddr, e->dst, sizeof(out->raddr));
	return ip_is_local(ip, out->laddr);
}

bool
ip_icmp_input(struct ip_iface *ip, const struct ip_packet *v, struct ip_error *error)
{
	bool v6 = addr_is_v6(v->raddr);
	struct icmp_view icmp;
	struct icmp_error quoted;
	enum wire_error err = WIRE_OK;

	if (!v6)
		err = icmp_parse(v->payload, v->payload_len, &icmp);
	else
		icmp = (struct icmp_view){v->payload[0], v->payload[1]}; /* seen by the stack */
	if (err) {
		spate_count(ip->counters,
			err == WIRE_L4_CHECKSUM ? SPATE_DROP_L4_CHECKSUM : SPATE_DROP_L4_HEADER);
		return false;
	}
	if (icmp.type == (v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO_REQUEST) && icmp.code == 0) {
		answer_echo(ip, v);
		return false;
	}
	err = v6 ? icmp6_error_parse(v->payload, v->payload_len, &quoted)
		 : icmp_error_parse(v->payload, v->payload_len, &quoted);
	if (err == WIRE_OK && quoted_tuple(ip, &quoted, v6, error))
		return true;
	spate_count(ip->counters, SPATE_DROP_ICMP);
	return false;
}

void
ip_udp_input(struct ip_iface *ip, const struct ip_packet *v)
{
	bool v6 = addr_is_v6(v->raddr);
	/* RFC 792: the header and 64 bits. RFC 4443 2.4 c: as much as has room. */
	uint32_t quote = RTE_MIN(
		(uint32_t)v->header_len + (v6 ? v->payload_len : ICMP_QUOTE_LEN), QUOTE_MAX);
	uint16_t hop;
	struct rte_mbuf *m;
	uint8_t *out;

	/* RFC 1812 4.3.2.8: a bucket of ICMP_BURST errors, refilled one every ICMP_EVERY_NS. */
	if (ip->icmp_ns + ICMP_BURST * ICMP_EVERY_NS < ip->now_ns)
		ip->icmp_ns = ip->now_ns - ICMP_BURST * ICMP_EVERY_NS;
	if (v->payload_len < ICMP_QUOTE_LEN || ip->icmp_ns + ICMP_EVERY_NS > ip->now_ns) {
		spate_count(ip->counters, SPATE_UDP_DROPPED);
		return;
	}
	hop = ip_hop(ip, v->raddr);
	m = hop == NEIGH_NONE ? NULL
			      : packet_begin(ip, v->laddr, v->raddr, protocol_of(v),
					ICMP_HEADER_LEN + quote, &out);
	if (m == NULL)
		return;
	ip->icmp_ns += ICMP_EVERY_NS;
	if (v6)
		icmp6_port_unreachable(out, v->header, quote, addresses(out));
	else
		icmp_port_unreachable(out, v->header, quote);
	spate_count(ip->counters, SPATE_UDP_UNREACHABLE);
	ip_output(ip, hop, m);
}
