/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who is at an address (IP-01): ARP asked and answered, learned, aged and given up, and
 * what happens to frames meanwhile.
 */
#include "script.h"

#define ARP_REQUEST 1
#define ARP_REPLY   2
#define ETH_LEN     14

static const uint8_t zero_mac[6];
static const uint8_t other_mac[6] = {2, 0, 0, 0, 0, 99};

/* The next frame is this ARP packet of ours. */
static void
arp_out(struct script *s, uint16_t op, const uint8_t eth_dst[6], uint32_t sender_ip,
	const uint8_t target_mac[6], uint32_t target_ip)
{
	const struct frame *f = script_next_frame(s);
	const uint8_t *p = f->b + ETH_LEN + (s->conf.vlan ? 4 : 0);

	EQUAL(s, f->b + f->len - p, 28);
	CHECK(s, memcmp(f->b, eth_dst, 6) == 0);
	CHECK(s, memcmp(f->b + 6, script_our_mac, 6) == 0);
	EQUAL(s, script_get16(p - 2), 0x0806);
	EQUAL(s, script_get32(p), 0x00010800);
	EQUAL(s, script_get16(p + 4), 0x0604);
	EQUAL(s, script_get16(p + 6), op);
	CHECK(s, memcmp(p + 8, script_our_mac, 6) == 0);
	EQUAL(s, script_get32(p + 14), sender_ip);
	CHECK(s, memcmp(p + 18, target_mac, 6) == 0);
	EQUAL(s, script_get32(p + 24), target_ip);
}

/* Our broadcast question for `ip`. */
static void
asked(struct script *s, uint32_t ip)
{
	arp_out(s, ARP_REQUEST, script_broadcast, OUR_IP, zero_mac, ip);
}

static void
answer(struct script *s, uint32_t ip)
{
	script_arp_in(s, ARP_REPLY, script_our_mac, script_peer_mac, ip, OUR_IP);
}

/* `ms` later the next thing that leaves is the question again. */
static void
asked_after(struct script *s, uint32_t ms, const uint8_t mac[6])
{
	uint64_t began = s->now;

	SILENT(s);
	script_advance(s, began + ms * MS + MS, true);
	CHECK(s, s->now >= began + ms * MS);
	arp_out(s, ARP_REQUEST, mac, OUR_IP, zero_mac, PEER_IP);
}

static void
IP_01_request_is_answered(struct script *s)
{
	s->arp = ARP_MANUAL;
	START(s);
	script_arp_in(s, ARP_REQUEST, script_broadcast, script_peer_mac, PEER_IP, OUR_IP);
	arp_out(s, ARP_REPLY, script_peer_mac, OUR_IP, script_peer_mac, PEER_IP);
	/* By unicast too. Not for an address that is not ours. */
	script_arp_in(s, ARP_REQUEST, script_our_mac, script_peer_mac, PEER_IP, OUR_IP);
	arp_out(s, ARP_REPLY, script_peer_mac, OUR_IP, script_peer_mac, PEER_IP);
	script_arp_in(s, ARP_REQUEST, script_broadcast, script_peer_mac, PEER_IP, OUR_IP + 7);
	SILENT(s);
	script_must(s,
		script_add_addresses(s, OUR_IP + 6, OUR_IP + 8),
		"add addresses");
	script_arp_in(s, ARP_REQUEST, script_broadcast, script_peer_mac, PEER_IP, OUR_IP + 7);
	arp_out(s, ARP_REPLY, script_peer_mac, OUR_IP + 7, script_peer_mac, PEER_IP);
	/* An address probe (RFC 5227) has no sender address, and is answered all the same. */
	script_arp_in(s, ARP_REQUEST, script_broadcast, script_peer_mac, 0, OUR_IP);
	arp_out(s, ARP_REPLY, script_peer_mac, OUR_IP, script_peer_mac, 0);
	COUNTED(s, ARP_REPLIES_SENT, 4);
}

/* Who asks for us is known from then on: the connection needs no question. */
static void
IP_01_asker_is_learned(struct script *s)
{
	s->arp = ARP_MANUAL;
	START(s);
	script_arp_in(s, ARP_REQUEST, script_broadcast, script_peer_mac, PEER_IP, OUR_IP);
	arp_out(s, ARP_REPLY, script_peer_mac, OUR_IP, script_peer_mac, PEER_IP);
	CONNECT(s);
	OUT(s, SYN);
	/* Who asks for others is not: the table is for those we talk to. */
	script_arp_in(s, ARP_REQUEST, script_broadcast, script_peer_mac, PEER_IP + 1, PEER_IP);
	SILENT(s);
	USE(s, 1);
	s->t->raddr = PEER_IP + 1;
	CONNECT(s);
	asked(s, PEER_IP + 1);
}

/* Nor does he who announces himself have to be asked for. */
static void
IP_01_announcer_is_learned(struct script *s)
{
	s->arp = ARP_MANUAL;
	START(s);
	script_arp_in(s, ARP_REQUEST, script_broadcast, script_peer_mac, PEER_IP, PEER_IP);
	SILENT(s);
	CONNECT(s);
	OUT(s, SYN);
}

static void
IP_01_resolution(struct script *s)
{
	s->arp = ARP_MANUAL;
	START(s);
	CONNECT(s);
	asked(s, PEER_IP);
	SILENT(s);
	answer(s, PEER_IP);
	OUT(s, SYN);
	IN(s, SYN_ACK, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "established");
	COUNTED(s, ARP_REQUESTS_SENT, 1);
}

static void
IP_01_asked_three_times_a_second_apart(struct script *s)
{
	s->arp = ARP_MANUAL;
	START(s);
	CONNECT(s);
	asked(s, PEER_IP);
	asked_after(s, 1000, script_broadcast);
	asked_after(s, 1000, script_broadcast);
	/* The third answer's second has passed: what waited is dropped, both SYNs. */
	QUIET(s, 999);
	COUNTED(s, DROP_NEIGH_FAILED, 0);
	AFTER(s, 1);
	COUNTED(s, DROP_NEIGH_FAILED, 2);
	/* The next SYN asks again, and an answer is still worth having. */
	script_advance(s, s->now + 100000 * MS, true);
	asked(s, PEER_IP);
	answer(s, PEER_IP);
	OUT(s, SYN);
}

static void
IP_01_gratuitous_out(struct script *s)
{
	s->arp = ARP_MANUAL;
	START(s);
	script_must(s,
		script_add_addresses(s, OUR_IP + 6, OUR_IP + 7),
		"add addresses");
	script_now(s);
	spate_announce(s->stack);
	arp_out(s, ARP_REQUEST, script_broadcast, OUR_IP, zero_mac, OUR_IP);
	arp_out(s, ARP_REQUEST, script_broadcast, OUR_IP + 6, zero_mac, OUR_IP + 6);
	arp_out(s, ARP_REQUEST, script_broadcast, OUR_IP + 7, zero_mac, OUR_IP + 7);
}

/* The peer (or the gateway) is somewhere else now, and says so: we follow at once. */
static void
IP_01_gratuitous_in(struct script *s)
{
	const struct frame *f;

	START(s);
	ESTABLISH(s);
	s->arp = ARP_MANUAL;
	script_arp_in(s, ARP_REQUEST, script_broadcast, other_mac, PEER_IP, PEER_IP);
	SILENT(s);
	SEND(s, "x");
	f = script_next_frame(s);
	CHECK(s, memcmp(f->b, other_mac, 6) == 0);
	/* One that claims our own address, or a group's MAC, teaches nothing. */
	script_arp_in(s, ARP_REPLY, script_our_mac, other_mac, OUR_IP, OUR_IP);
	script_arp_in(s, ARP_REQUEST, script_broadcast, other_mac, OUR_IP, OUR_IP);
	SILENT(s);
	script_arp_in(s, ARP_REPLY, script_our_mac, script_broadcast, PEER_IP, OUR_IP);
	SEND(s, "y");
	f = script_next_frame(s);
	CHECK(s, memcmp(f->b, other_mac, 6) == 0);
}

/*
 * An address of 240.0.0.0/4 is no host's; inside, such numbers stand for IPv6 addresses. What
 * ARP says of them must not be heard as said of those.
 */
static void
IP_01_addresses_no_host_has(struct script *s)
{
	START(s);
	ESTABLISH(s);
	s->arp = ARP_MANUAL;
	for (uint32_t i = 0; i < 28; i++) {
		uint32_t ip = 0xf0000000u | (i < 8 ? i : 1u << i);

		script_arp_in(s, ARP_REQUEST, script_broadcast, other_mac, ip, ip);
		script_arp_in(s, ARP_REPLY, script_our_mac, other_mac, ip, OUR_IP);
	}
	SILENT(s);
	SEND(s, "x");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x");
}

/* After 60 s, while there is traffic, the peer is asked by unicast; silent, by broadcast. */
static void
IP_01_ageing(struct script *s)
{
	START(s);
	ESTABLISH(s);
	s->arp = ARP_MANUAL;
	QUIET(s, 30000);
	SEND(s, "x");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x", .tsecr = SET(0));
	IN(s, ACK, .seq = 1, .ack = 2);
	EVENTS(s, "sendable");
	asked_after(s, 30000, script_peer_mac);
	answer(s, PEER_IP);
	SILENT(s);
	SEND(s, "y");
	OUT(s, PSH_ACK, .seq = 2, .ack = 1, .data = "y");
	IN(s, ACK, .seq = 1, .ack = 3);
	EVENTS(s, "sendable");
	QUIET(s, 30000);
	SEND(s, "z");
	OUT(s, PSH_ACK, .seq = 3, .ack = 1, .data = "z", .tsecr = SET(60000));
	IN(s, ACK, .seq = 1, .ack = 4);
	EVENTS(s, "sendable");
	/* No answer this time. It is still used meanwhile; then it has to be found again. */
	asked_after(s, 30000, script_peer_mac);
	asked_after(s, 1000, script_peer_mac);
	SEND(s, "?");
	OUT(s, PSH_ACK, .seq = 4, .ack = 1, .data = "?", .tsecr = SET(90000));
	IN(s, ACK, .seq = 1, .ack = 5);
	EVENTS(s, "sendable");
	asked_after(s, 1000, script_peer_mac);
	asked_after(s, 1000, script_broadcast);
	SEND(s, "!");
	SILENT(s);
	answer(s, PEER_IP);
	OUT(s, PSH_ACK, .seq = 5, .ack = 1, .data = "!", .tsecr = SET(121000));
	IN(s, ACK, .seq = 1, .ack = 6);
	EVENTS(s, "sendable");
}

/* Nobody sends: nobody asks. */
static void
IP_01_idle_link_is_quiet(struct script *s)
{
	START(s);
	ESTABLISH(s);
	AFTER(s, 61000);
	s->arp = ARP_MANUAL;
	QUIET(s, 3600000);
}

/* RST to a stranger, seventy times: the question once, and the latest 64 answers. */
static void
IP_01_waiting_frames_are_bounded(struct script *s)
{
	s->arp = ARP_MANUAL;
	START(s);
	for (uint32_t i = 0; i < 70; i++)
		IN(s, SYN, .seq = i);
	asked(s, PEER_IP);
	SILENT(s);
	COUNTED(s, DROP_NEIGH_QUEUE, 6);
	answer(s, PEER_IP);
	for (uint32_t i = 6; i < 70; i++)
		OUT(s, RST_ACK, .seq = 0, .ack = i + 1);
	SILENT(s);
}

/* RS-09: the reply waits for its neighbour, it is not lost. */
static void
RS_09_reply_waits_for_neighbour(struct script *s)
{
	s->arp = ARP_MANUAL;
	START(s);
	LISTEN(s);
	IN(s, SYN);
	asked(s, PEER_IP);
	answer(s, PEER_IP);
	OUT(s, SYN_ACK, .ack = 1);
	USE(s, 1);
	s->t->raddr = PEER_IP + 1;
	IN(s, ACK, .seq = 1, .ack = 99);
	asked(s, PEER_IP + 1);
	answer(s, PEER_IP + 1);
	OUT(s, RST, .seq = 99);
}

static void
IP_01_gateway(struct script *s)
{
	s->arp = ARP_MANUAL;
	s->conf.gateway = rte_cpu_to_be_32(PEER_IP);
	START(s);
	s->t->raddr = 0x0a000001;
	CONNECT(s);
	asked(s, PEER_IP);
	answer(s, PEER_IP);
	OUT(s, SYN);
	IN(s, SYN_ACK, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "established");
	/* On the link it is asked for itself. */
	USE(s, 1);
	s->t->raddr = PEER_IP + 5;
	CONNECT(s);
	asked(s, PEER_IP + 5);
}

static const struct row_test tests[] = {
	ROW_TEST_V4("IP-01", IP_01_request_is_answered),
	ROW_TEST_V4("IP-01", IP_01_asker_is_learned),
	ROW_TEST_V4("IP-01", IP_01_announcer_is_learned),
	ROW_TEST_V4("IP-01", IP_01_resolution),
	ROW_TEST_V4("IP-01", IP_01_asked_three_times_a_second_apart),
	ROW_TEST_V4("IP-01", IP_01_gratuitous_out),
	ROW_TEST_V4("IP-01", IP_01_gratuitous_in),
	ROW_TEST("IP-01 RS-11", IP_01_addresses_no_host_has),
	ROW_TEST_V4("IP-01", IP_01_ageing),
	ROW_TEST("IP-01", IP_01_idle_link_is_quiet),
	ROW_TEST_V4("IP-01", IP_01_waiting_frames_are_bounded),
	ROW_TEST_V4("IP-01", IP_01_gateway),
	ROW_TEST_V4("RS-09 IP-01", RS_09_reply_waits_for_neighbour),
};

SCRIPT_MAIN(tests)
