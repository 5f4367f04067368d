/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv6 peers whose names (IP-04) would have been given to others meanwhile: whoever holds
 * one keeps it, and who comes back under another is the same to us. The names themselves:
 * test/unit/test_addr6.c.
 */
#include "script.h"

#define STRANGERS 17000       /* more than there are names */
#define OFF_LINK  0x0a000001u /* 2001:2::a00:1: behind the gateway, so nobody's neighbour */

/* Every name nobody holds is given to somebody else. Resets draw no answer. */
static void
strangers(struct script *s)
{
	static uint32_t next = 0x20000000;
	struct rte_mbuf *burst[BURST_MAX];
	uint8_t b[FRAME_BYTES], from[16];
	uint32_t len = script_build(s, &(struct seg){.flags = RST, .seq = 1}, b);

	for (uint32_t i = 0; i < STRANGERS; i += RTE_DIM(burst)) {
		for (uint32_t j = 0; j < RTE_DIM(burst); j++) {
			script_ip6(next++, from);
			script_readdress6(b, from, NULL);
			burst[j] = rte_pktmbuf_alloc(s->conf.pool);
			CHECK(s, burst[j] != NULL);
			memcpy(rte_pktmbuf_append(burst[j], len), b, len);
		}
		spate_stack_input(s->stack, burst, RTE_DIM(burst), s->now);
	}
	CHECK(s, script_count_of(s, SPATE_RST_IGNORED) >= STRANGERS);
	SILENT(s);
}

/* Peers off the link, behind a gateway whose MAC address is known. */
static void
behind_a_gateway(struct script *s)
{
	s->conf.gateway = rte_cpu_to_be_32(PEER_IP);
	START(s);
	for (int i = 0; i < 8; i++)
		s->tuple[i].raddr = OFF_LINK + i;
}

static void
IP_04_flood_leaves_connections_alone(struct script *s)
{
	behind_a_gateway(s);
	for (int i = 0; i < 4; i++) {
		USE(s, i);
		ESTABLISH(s);
	}
	strangers(s);
	for (int i = 0; i < 4; i++) {
		USE(s, i);
		s->conn = s->conns[i];
		IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "still");
		OUT(s, ACK, .seq = 1, .ack = 6);
		SEND(s, "here");
		OUT(s, PSH_ACK, .seq = 1, .ack = 6, .data = "here");
		EVENTS(s, "data:5");
		RECEIVED(s, "still");
	}
}

/* TIME_WAIT keeps the name: the tuple is protected whoever else comes by. */
static void
TW_05_flood_leaves_time_wait_alone(struct script *s)
{
	behind_a_gateway(s);
	TO_TIME_WAIT(s);
	LISTEN(s);
	strangers(s);
	IN(s, FIN_ACK, .seq = 1, .ack = 2);
	OUT(s, ACK, .seq = 2, .ack = 2);
	COUNTED(s, TW_FIN_AGAIN, 1);
	strangers(s);
	/* A new incarnation takes it over, numbers and all. */
	AFTER(s, 10);
	IN(s, SYN, .seq = 1000000);
	{
		uint32_t old = s->t->iss;

		s->t->iss_known = false;
		OUT(s, SYN_ACK, .ack = 1000001);
		EQUAL(s, s->t->iss, old + 2 + 65537);
	}
	strangers(s);
	IN(s, ACK, .seq = 1000001, .ack = 1);
	EVENTS(s, "accept");
	COUNTED(s, TW_REUSED, 1);
}

/* After 2MSL the name may go to another; who comes back is the same to us all the same. */
static void
TW_01_peer_comes_back_under_another_name(struct script *s)
{
	behind_a_gateway(s);
	TO_TIME_WAIT(s);
	AFTER(s, 60001);
	COUNTED(s, TW_EXPIRED, 1);
	strangers(s);
	NEXT_INCARNATION(s, 12345);
	ESTABLISH(s); /* the timestamps' offset is the one it had */
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "back");
	OUT(s, ACK, .seq = 1, .ack = 5);
	EVENTS(s, "data:4");
	RECEIVED(s, "back");
}

/* The cookie is made of addresses: it is good when the SYN's sender has another name. */
static void
DT_10_cookie_outlives_the_name(struct script *s)
{
	behind_a_gateway(s);
	script_listen(s, 1);
	USE(s, 7);
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	USE(s, 0);
	IN(s, SYN);
	if (s->peer_ts)
		OUT(s, SYN_ACK, .ack = 1);
	else
		OUT(s, SYN_ACK, .ack = 1, .wscale = ABSENT);
	s->t->ts_offset_known = false;
	COUNTED(s, COOKIES_SENT, 1);
	strangers(s);
	/* Of another tuple it is none. */
	s->tuple[1].iss = s->tuple[0].iss;
	s->tuple[1].isn = s->tuple[0].isn;
	USE(s, 1);
	s->t->rport = PEER_PORT;
	IN(s, ACK, .seq = 1, .ack = 1);
	OUT(s, RST, .seq = 1);
	USE(s, 0);
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
	COUNTED(s, COOKIES_ACCEPTED, 1);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "hello");
	OUT(s, ACK, .seq = 1, .ack = 6);
	EVENTS(s, "data:5");
	RECEIVED(s, "hello");
}

/* The path is remembered with the peer, not with whoever has its name. */
static void
PM_02_path_outlives_the_connection(struct script *s)
{
	uint32_t full = s->peer_ts ? 1448 : 1460, less = full - 120;
	uint8_t b[FRAME_BYTES], us[16], peer[16], icmp[8 + 40 + 8] = {2};
	uint32_t len;

	behind_a_gateway(s);
	ESTABLISH(s);
	SEND_PATTERN(s, full);
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .len = full);
	script_ip6(OUR_IP, us);
	script_ip6(OFF_LINK, peer);
	script_put32(icmp + 4, 1400);
	script_ip6_head(icmp + 8, us, peer, 6, 1480, 64);
	script_put16(icmp + 48, s->t->lport);
	script_put16(icmp + 50, s->t->rport);
	script_put32(icmp + 52, s->t->iss + 1);
	len = script_packet6(s, b, peer, us, 58, icmp, sizeof(icmp));
	script_inject_exact(s, b, len);
	OUT(s, ACK, .seq = 1, .ack = 1, .len = less);
	OUT(s, PSH_ACK, .seq = 1 + less, .ack = 1, .len = full - less);
	IN(s, RST, .seq = 1);
	EVENTS(s, "closed:ECONNRESET");
	strangers(s);
	USE(s, 1);
	s->t->raddr = OFF_LINK;
	ESTABLISH(s);
	SEND_PATTERN(s, full);
	OUT(s, ACK, .seq = 1, .ack = 1, .len = less);
	OUT(s, PSH_ACK, .seq = 1 + less, .ack = 1, .len = full - less);
	IN(s, RST, .seq = 1);
	EVENTS(s, "closed:ECONNRESET");
	USE(s, 2);
	ESTABLISH(s);
	SEND_PATTERN(s, full);
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .len = full);
}

/* Every connection there may be, each with a peer of its own, again and again. */
static void
IP_04_many_peers(struct script *s)
{
	uint32_t peer = OFF_LINK;

	behind_a_gateway(s);
	LISTEN(s);
	for (int round = 0; round < 40; round++) {
		for (int i = 0; i < 40; i++) {
			USE(s, 0);
			s->t->raddr = peer++;
			s->t->iss_known = s->t->ts_offset_known = false;
			IN(s, SYN);
			OUT(s, SYN_ACK, .ack = 1);
			IN(s, ACK, .seq = 1, .ack = 1);
			EVENTS(s, "accept");
			CHECK(s, memcmp(script_info(s).remote.ip6, script_addr(s->t->raddr, 0).ip6,
					 16) == 0);
		}
		EQUAL(s, script_in_state(s, SPATE_ESTABLISHED), 40);
		/* Each is reset by its own peer alone. */
		for (uint32_t i = 0; i < 40; i++) {
			s->t->raddr = peer - 40 + i;
			IN(s, RST, .seq = 1);
			EQUAL(s, script_in_state(s, SPATE_ESTABLISHED), 39 - i);
			EVENTS(s, "closed:ECONNRESET");
		}
	}
}

static const struct row_test tests[] = {
	ROW_TEST_V6("IP-04", IP_04_flood_leaves_connections_alone),
	ROW_TEST_V6("TW-05 TW-02 IP-04", TW_05_flood_leaves_time_wait_alone),
	ROW_TEST_V6("TW-01 IP-04", TW_01_peer_comes_back_under_another_name),
	ROW_TEST_V6("DT-10 IP-04", DT_10_cookie_outlives_the_name),
	ROW_TEST_V6("PM-02 IP-04", PM_02_path_outlives_the_connection),
	ROW_TEST_V6("IP-04", IP_04_many_peers),
};

SCRIPT_MAIN(tests)
