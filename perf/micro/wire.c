/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire: checksums as they are computed on the way out, frames up to their TCP segment on the
 * way in (with the checksum, and where the port has done it), options. A few thousand
 * different frames in turn, so that they come from the second-level cache, as after a burst.
 */
#include "micro.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>

#include "stack/stack.h"
#include "two.h"
#include "wire/checksum.h"
#include "wire/ecn.h"
#include "wire/eth.h"
#include "wire/ipv4.h"
#include "wire/tcp_options.h"
#include "wire/tcp_seg.h"

#define FRAMES 1024
#define BURST  32

static struct rte_mbuf *frames[FRAMES];

static void
some_options(uint8_t *p, uint32_t i)
{
	struct tcp_options o = {.has_ts = true, .tsval = i, .tsecr = 3 * i};

	tcp_options_build(p, &o);
}

/* A frame from the client to the server of two.h with `payload` bytes and timestamps. */
static void
fill_frame(struct rte_mbuf *m, uint32_t i, uint16_t payload)
{
	struct rte_ether_addr server, client;
	uint16_t tcp_len = 20 + TCP_OPT_TS_PADDED + payload;
	struct eth_template eth;
	struct tcp_seg_head head = {
		.sport = rte_cpu_to_be_16(10000 + i),
		.dport = rte_cpu_to_be_16(80),
		.seq = i * 7919,
		.ack = i * 104729,
		.wnd = 1000,
		.flags = TCP_ACK,
		.opts_len = TCP_OPT_TS_PADDED,
	};
	uint8_t *p;

	rte_pktmbuf_reset(m);
	p = (uint8_t *)rte_pktmbuf_append(m, 14 + 20 + tcp_len);
	side_mac(TWO_SERVER_IP, server.addr_bytes);
	side_mac(TWO_CLIENT_IP, client.addr_bytes);
	eth_template_build(&eth, &server, &client, ETH_NO_VLAN, RTE_ETHER_TYPE_IPV4);
	memcpy(p, eth.bytes, eth.len);
	ipv4_build(p + 14, rte_cpu_to_be_32(TWO_CLIENT_IP), rte_cpu_to_be_32(TWO_SERVER_IP),
		IPPROTO_TCP, ECN_NOT_ECT, tcp_len);
	tcp_seg_build(p + 34, &head);
	some_options(p + 54, i);
	memset(p + 54 + TCP_OPT_TS_PADDED, 'x', payload);

	struct rte_tcp_hdr *tcp = (void *)(p + 34);

	tcp->cksum = rte_ipv4_udptcp_cksum((void *)(p + 14), tcp);
}

static void
checksum(uint32_t rounds, uint16_t payload)
{
	uint16_t len = 20 + TCP_OPT_TS_PADDED + payload;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < FRAMES; i++)
		fill_frame(frames[i], i, payload);
	micro_on();
	for (uint32_t r = 0; r < rounds; r++)
		for (uint32_t i = 0; i < FRAMES; i++)
			sum += checksum_fold(checksum_bytes(
				rte_pktmbuf_mtod_offset(frames[i], const uint8_t *, 34), len));
	micro_off();
	micro_use(sum);
	micro_say((uint64_t)rounds * FRAMES, "wire.checksum.%u", frames[0]->pkt_len);
}

/* The rival, where there is one to be timed. */
static void
checksum_of_rte(uint32_t rounds)
{
	uint64_t sum = 0;

	micro_on();
	for (uint32_t r = 0; r < rounds; r++)
		for (uint32_t i = 0; i < FRAMES; i++)
			sum += rte_raw_cksum(
				rte_pktmbuf_mtod_offset(frames[i], const uint8_t *, 34),
				frames[i]->pkt_len - 34);
	micro_off();
	micro_use(sum);
	micro_say((uint64_t)rounds * FRAMES, "rte_raw_cksum:wire.checksum.%u", frames[0]->pkt_len);
}

static void
parse(struct spate_stack *s, uint32_t rounds, uint16_t payload, bool known_good)
{
	uint64_t taken = 0;

	for (uint32_t i = 0; i < FRAMES; i++) {
		fill_frame(frames[i], i, payload);
		if (known_good)
			frames[i]->ol_flags =
				RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	}
	micro_on();
	for (uint32_t r = 0; r < rounds; r++) {
		for (uint32_t i = 0; i < FRAMES; i += BURST) {
			struct flow_key keys[BURST];
			struct tcp_rx rx[BURST];

			taken += stack_classify(s, frames + i, BURST, rx, keys);
		}
	}
	micro_off();
	if (taken != (uint64_t)rounds * FRAMES)
		micro_fail("wire: %lu of %u frames were segments", taken, rounds * FRAMES);
	micro_say(taken, "wire.parse%s.%u", known_good ? "-offload" : "", frames[0]->pkt_len);
}

static void
options(uint32_t rounds)
{
	static uint8_t syn[FRAMES][TCP_OPTIONS_MAX], ts[FRAMES][TCP_OPT_TS_PADDED];
	static uint8_t len[FRAMES];
	uint64_t seen = 0;

	for (uint32_t i = 0; i < FRAMES; i++) {
		struct tcp_options o = {.has_mss = true,
			.mss = 1460,
			.has_wscale = true,
			.wscale = 7,
			.sack_permitted = true,
			.has_ts = true,
			.tsval = i};

		len[i] = tcp_options_build(syn[i], &o);
		some_options(ts[i], i);
	}
	micro_on();
	for (uint32_t r = 0; r < rounds; r++) {
		for (uint32_t i = 0; i < FRAMES; i++) {
			struct tcp_options o;

			tcp_options_parse(syn[i], len[i], &o);
			seen += o.mss;
		}
	}
	micro_off();
	micro_say((uint64_t)rounds * FRAMES, "wire.options.syn");
	micro_on();
	for (uint32_t r = 0; r < rounds; r++) {
		for (uint32_t i = 0; i < FRAMES; i++) {
			uint32_t tsval, tsecr;

			seen += tcp_options_parse_ts_only(ts[i], sizeof(ts[i]), &tsval, &tsecr);
		}
	}
	micro_off();
	micro_say((uint64_t)rounds * FRAMES, "wire.options.timestamps");
	if (seen != (uint64_t)rounds * FRAMES * 1461)
		micro_fail("wire: options were not understood");
}

void
micro_wire(void)
{
	static const uint16_t payloads[] = {0, 64, 1448};
	uint32_t rounds = micro_counting ? 2 : 500;
	struct two two;

	two_start(&two, 16, 16);
	if (rte_pktmbuf_alloc_bulk(two.pool, frames, FRAMES) < 0)
		micro_fail("wire: no buffers");
	for (size_t i = 0; i < N_OF(payloads); i++) {
		checksum(rounds, payloads[i]);
		if (!micro_counting)
			checksum_of_rte(rounds);
		parse(two.server.stack, rounds, payloads[i], false);
	}
	parse(two.server.stack, rounds, 64, true);
	options(rounds);
	rte_pktmbuf_free_bulk(frames, FRAMES);
	two_end(&two);
}
