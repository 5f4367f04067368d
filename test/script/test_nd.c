/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who is at an IPv6 address (IP-01): solicitations asked and answered, neighbours learned,
 * aged and given up, and messages that are none (RFC 4861). ARP's part: test_arp.c.
 */
#include "script.h"

#define SOLICIT   135
#define ADVERTISE 136
#define SOLICITED 0x40000000u
#define OVERRIDE  0x20000000u
#define ETH_LEN   14
#define FRAME     (ETH_LEN + 40 + 32)

static const uint8_t other_mac[6] = {2, 0, 0, 0, 0, 99};
static const uint8_t all_nodes[16] = {0xff, 2, [15] = 1};
static const uint8_t all_nodes_mac[6] = {0x33, 0x33, 0, 0, 0, 1};
static const uint8_t link_local[16] = {0xfe, 0x80, [11] = 0xff, 0xfe, 0, 0, 1};
static const uint8_t unspecified[16];

/* The next frame is this message of ours, every byte of it. */
static void
nd_out(struct script *s, uint8_t type, const uint8_t mac[6], const uint8_t src[16],
	const uint8_t dst[16], const uint8_t target[16], uint32_t flags)
{
	const struct frame *f = script_next_frame(s);
	const uint8_t *ip = f->b + ETH_LEN, *p = ip + 40;

	EQUAL(s, f->len, FRAME);
	CHECK(s, memcmp(f->b, mac, 6) == 0);
	CHECK(s, memcmp(f->b + 6, script_our_mac, 6) == 0);
	EQUAL(s, script_get16(f->b + 12), 0x86dd);
	EQUAL(s, script_get32(ip), 6u << 28);
	EQUAL(s, script_get16(ip + 4), 32);
	EQUAL(s, ip[6], 58);
	EQUAL(s, ip[7], 255);
	CHECK(s, memcmp(ip + 8, src, 16) == 0);
	CHECK(s, memcmp(ip + 24, dst, 16) == 0);
	EQUAL(s, script_get16(p), type << 8);
	EQUAL(s, script_sum(p, 32, script_ip6_sum(ip, 58, 32)), 0xffff);
	EQUAL(s, script_get32(p + 4), flags);
	CHECK(s, memcmp(p + 8, target, 16) == 0);
	EQUAL(s, script_get16(p + 24), type == SOLICIT ? 0x0101 : 0x0201);
	CHECK(s, memcmp(p + 26, script_our_mac, 6) == 0);
}

/* Our question for `ip`: to its group, or to `mac` alone. */
static void
asked(struct script *s, uint32_t ip, const uint8_t *mac)
{
	uint8_t us[16], target[16], group[16] = {0xff, 2, [11] = 1, 0xff};
	uint8_t group_mac[6] = {0x33, 0x33, 0xff};

	script_ip6(OUR_IP, us);
	script_ip6(ip, target);
	memcpy(group + 13, target + 13, 3);
	memcpy(group_mac + 3, target + 13, 3);
	nd_out(s, SOLICIT, mac ? mac : group_mac, us, mac ? target : group, target, 0);
}

/* `ms` later the next thing that leaves is the question again. */
static void
asked_after(struct script *s, uint32_t ms, const uint8_t *mac)
{
	uint64_t began = s->now;

	SILENT(s);
	script_advance(s, began + ms * MS + MS, true);
	CHECK(s, s->now >= began + ms * MS);
	asked(s, PEER_IP, mac);
}

/* `ip` says that it is at `mac`. */
static struct nd
advertisement(uint32_t ip, const uint8_t mac[6], uint32_t flags)
{
	struct nd n = {.type = ADVERTISE, .mac = mac, .flags = flags};

	script_ip6(ip, n.src);
	script_ip6(ip, n.target);
	script_ip6(OUR_IP, n.dst);
	if (!(flags & SOLICITED)) {
		memcpy(n.dst, all_nodes, 16);
		n.eth_dst = all_nodes_mac;
	}
	return n;
}

static void
advertise(struct script *s, uint32_t ip, const uint8_t mac[6], uint32_t flags)
{
	struct nd n = advertisement(ip, mac, flags);

	script_nd_in(s, &n);
}

static void
answer(struct script *s, uint32_t ip)
{
	advertise(s, ip, script_peer_mac, SOLICITED | OVERRIDE);
}

/* `from` asks for `target`, by its group. */
static void
solicit(struct script *s, uint32_t from, const uint8_t target[16])
{
	uint8_t group_mac[6] = {0x33, 0x33, 0xff};
	struct nd n = {.type = SOLICIT,
		.mac = script_peer_mac,
		.eth_dst = group_mac,
		.dst = {0xff, 2, [11] = 1, 0xff}};

	memcpy(n.dst + 13, target + 13, 3);
	memcpy(group_mac + 3, target + 13, 3);
	memcpy(n.target, target, 16);
	script_ip6(from, n.src);
	script_nd_in(s, &n);
}

/* What we answer the peer that asked for `target`. */
static void
answered(struct script *s, const uint8_t target[16])
{
	uint8_t peer[16];

	script_ip6(PEER_IP, peer);
	nd_out(s, ADVERTISE, script_peer_mac, target, peer, target, SOLICITED | OVERRIDE);
}

static void
IP_01_solicitation_is_answered(struct script *s)
{
	uint8_t us[16], seven[16];

	s->arp = ARP_MANUAL;
	START(s);
	script_ip6(OUR_IP, us);
	script_ip6(OUR_IP + 7, seven);
	solicit(s, PEER_IP, us);
	answered(s, us);
	/* By unicast too, and for the link-local address. Not for one that is not ours. */
	script_nd_introduce(s);
	answered(s, us);
	solicit(s, PEER_IP, link_local);
	answered(s, link_local);
	solicit(s, PEER_IP, seven);
	SILENT(s);
	COUNTED(s, DROP_ADDRESS, 1); /* its group is not ours */
	script_must(s, script_add_addresses(s, OUR_IP + 6, OUR_IP + 8), "add addresses");
	solicit(s, PEER_IP, seven);
	answered(s, seven);
	/* The same group, another address. */
	seven[5] = 9;
	solicit(s, PEER_IP, seven);
	SILENT(s);
	COUNTED(s, ND_ADVERTISEMENTS_SENT, 4);
}

/* RFC 4862 5.4.3: who has no address yet is told by all nodes' group that it is taken. */
static void
IP_01_duplicate_address_detection_is_answered(struct script *s)
{
	struct nd n = {.type = SOLICIT, .dst = {0xff, 2, [11] = 1, 0xff, 0x12, 0, 1}};
	static const uint8_t group_mac[6] = {0x33, 0x33, 0xff, 0x12, 0, 1};
	uint8_t us[16];

	s->arp = ARP_MANUAL;
	START(s);
	script_ip6(OUR_IP, us);
	script_ip6(OUR_IP, n.target);
	n.eth_dst = group_mac;
	script_nd_in(s, &n);
	nd_out(s, ADVERTISE, all_nodes_mac, us, all_nodes, us, OVERRIDE);
	/* Who says a MAC address, or asks one host alone, is not one that has no address. */
	n.mac = script_peer_mac;
	script_nd_in(s, &n);
	n.mac = NULL;
	n.eth_dst = script_our_mac;
	script_ip6(OUR_IP, n.dst);
	script_nd_in(s, &n);
	SILENT(s);
	COUNTED(s, DROP_ND, 2);
}

/* Who asks for us is known from then on: the connection needs no question. */
static void
IP_01_asker_is_learned(struct script *s)
{
	uint8_t us[16], peer[16];

	s->arp = ARP_MANUAL;
	START(s);
	script_ip6(OUR_IP, us);
	script_ip6(PEER_IP, peer);
	solicit(s, PEER_IP, us);
	answered(s, us);
	CONNECT(s);
	OUT(s, SYN);
	/* Who asks for others is not: the table is for those we talk to. */
	solicit(s, PEER_IP + 1, peer);
	SILENT(s);
	USE(s, 1);
	s->t->raddr = PEER_IP + 1;
	CONNECT(s);
	asked(s, PEER_IP + 1, NULL);
}

/* An asker that does not say its MAC address is asked for it before it is answered. */
static void
IP_01_asker_without_mac(struct script *s)
{
	struct nd n = {.type = SOLICIT};
	uint8_t us[16];

	s->arp = ARP_MANUAL;
	START(s);
	script_ip6(OUR_IP, us);
	script_ip6(OUR_IP, n.dst);
	script_ip6(OUR_IP, n.target);
	script_ip6(PEER_IP, n.src);
	script_nd_in(s, &n);
	asked(s, PEER_IP, NULL);
	SILENT(s);
	answer(s, PEER_IP);
	answered(s, us);
}

/* Nor does he who announces himself have to be asked for. */
static void
IP_01_announcer_is_learned(struct script *s)
{
	s->arp = ARP_MANUAL;
	START(s);
	advertise(s, PEER_IP, script_peer_mac, OVERRIDE);
	SILENT(s);
	CONNECT(s);
	OUT(s, SYN);
	/* An answer nobody has asked for makes no entry. */
	advertise(s, PEER_IP + 1, script_peer_mac, SOLICITED | OVERRIDE);
	USE(s, 1);
	s->t->raddr = PEER_IP + 1;
	CONNECT(s);
	asked(s, PEER_IP + 1, NULL);
}

static void
IP_01_resolution(struct script *s)
{
	s->arp = ARP_MANUAL;
	START(s);
	CONNECT(s);
	asked(s, PEER_IP, NULL);
	SILENT(s);
	answer(s, PEER_IP);
	OUT(s, SYN);
	IN(s, SYN_ACK, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "established");
	COUNTED(s, ND_SOLICITATIONS_SENT, 1);
}

/* An answer that does not say where he is (RFC 4861 7.2.5) is none while we do not know. */
static void
IP_01_answer_without_mac(struct script *s)
{
	s->arp = ARP_MANUAL;
	START(s);
	CONNECT(s);
	asked(s, PEER_IP, NULL);
	advertise(s, PEER_IP, NULL, SOLICITED | OVERRIDE);
	SILENT(s);
	/* Nor one whose MAC address no host can have. */
	advertise(s, PEER_IP, all_nodes_mac, SOLICITED | OVERRIDE);
	advertise(s, PEER_IP, unspecified, SOLICITED | OVERRIDE);
	SILENT(s);
	answer(s, PEER_IP);
	OUT(s, SYN);
}

static void
IP_01_asked_three_times_a_second_apart(struct script *s)
{
	s->arp = ARP_MANUAL;
	START(s);
	CONNECT(s);
	asked(s, PEER_IP, NULL);
	asked_after(s, 1000, NULL);
	asked_after(s, 1000, NULL);
	/* The third answer's second has passed: what waited is dropped, both SYNs. */
	QUIET(s, 999);
	COUNTED(s, DROP_NEIGH_FAILED, 0);
	AFTER(s, 1);
	COUNTED(s, DROP_NEIGH_FAILED, 2);
	/* The next SYN asks again, and an answer is still worth having. */
	script_advance(s, s->now + 100000 * MS, true);
	asked(s, PEER_IP, NULL);
	answer(s, PEER_IP);
	OUT(s, SYN);
}

/* RFC 4861 7.2.6: all nodes hear of each address, a first few of a range. */
static void
IP_01_announcements_out(struct script *s)
{
	uint8_t a[16];

	s->arp = ARP_MANUAL;
	START(s);
	script_must(s, script_add_addresses(s, OUR_IP + 6, OUR_IP + 7), "add addresses");
	script_must(s, script_add_addresses(s, OUR_IP + 100, OUR_IP + 900), "add addresses");
	script_now(s);
	spate_announce(s->stack);
	script_pump(s);
	while (s->head != s->tail && script_get16(s->queue[s->head % FRAMES].b + 12) == 0x0806)
		s->head++;
	nd_out(s, ADVERTISE, all_nodes_mac, link_local, all_nodes, link_local, OVERRIDE);
	for (uint32_t i = 0; i < 3 + 16; i++) {
		script_ip6(OUR_IP + (i == 0 ? 0 : i < 3 ? 5 + i : 97 + i), a);
		nd_out(s, ADVERTISE, all_nodes_mac, a, all_nodes, a, OVERRIDE);
	}
	SILENT(s);
}

/* Where does the next segment go? */
static void
sent_to(struct script *s, const uint8_t mac[6])
{
	const struct frame *f;

	SEND(s, "x");
	f = script_next_frame(s);
	CHECK(s, memcmp(f->b, mac, 6) == 0);
	EQUAL(s, f->b[ETH_LEN + 6], 6);
}

/* The peer is somewhere else now, and says so: with override we follow, without we do not. */
static void
IP_01_peer_moves(struct script *s)
{
	START(s);
	ESTABLISH(s);
	s->arp = ARP_MANUAL;
	advertise(s, PEER_IP, other_mac, 0);
	sent_to(s, script_peer_mac);
	advertise(s, PEER_IP, other_mac, SOLICITED);
	sent_to(s, script_peer_mac);
	advertise(s, PEER_IP, other_mac, OVERRIDE);
	sent_to(s, other_mac);
	advertise(s, PEER_IP, script_peer_mac, SOLICITED | OVERRIDE);
	sent_to(s, script_peer_mac);
	/* One that claims our own address, or a group's MAC, teaches nothing. */
	advertise(s, OUR_IP, other_mac, OVERRIDE);
	advertise(s, PEER_IP, script_broadcast, OVERRIDE);
	advertise(s, PEER_IP, all_nodes_mac, SOLICITED | OVERRIDE);
	sent_to(s, script_peer_mac);
	SILENT(s);
}

/* Everything but options; five are dropped as no messages. */
static void
invalid_fields(struct script *s)
{
	struct nd n;

	for (int i = 0; i < 4; i++) {
		n = advertisement(PEER_IP, other_mac, SOLICITED | OVERRIDE);
		n.hop_limit = i == 0 ? 254 : i == 1 ? 1 : 0;
		n.code = i == 2;
		if (i == 3)
			memcpy(n.target, all_nodes, 16);
		script_nd_in(s, &n);
		COUNTED(s, DROP_ND, i + 1);
	}
	/* Answers to everybody were asked by nobody. */
	n = advertisement(PEER_IP, other_mac, OVERRIDE);
	n.flags |= SOLICITED;
	script_nd_in(s, &n);
	COUNTED(s, DROP_ND, 5);
	/* The checksum, to all and to us alone. */
	for (int i = 0; i < 2; i++) {
		n = advertisement(PEER_IP, other_mac, i ? SOLICITED | OVERRIDE : OVERRIDE);
		n.bad_checksum = true;
		script_nd_in(s, &n);
		COUNTED(s, DROP_L4_CHECKSUM, i + 1);
	}
}

/* A valid one, but for an option of 16 bytes behind that says it has 8 times `units`. */
static void
with_option(struct script *s, uint8_t units, bool fragmented)
{
	uint8_t b[256], p[48] = {ADVERTISE, [4] = 0x60, [24] = 2, 1, [32] = 14, units};
	uint32_t len;

	script_ip6(PEER_IP, p + 8);
	memcpy(p + 26, other_mac, 6);
	len = script_nd_frame(s, b, p, 48);
	if (fragmented)
		len = script_extend6(b, len, 44, (uint8_t[8]){0}, 8);
	script_inject(s, b, len);
}

/* RFC 4861 7.1: what is not valid is dropped, counted, and teaches nothing. */
static void
IP_01_invalid_messages(struct script *s)
{
	START(s);
	ESTABLISH(s);
	s->arp = ARP_MANUAL;
	invalid_fields(s);
	/* Options of length 0 and of more than there is. */
	for (int i = 0; i < 2; i++) {
		with_option(s, i ? 3 : 0, false);
		COUNTED(s, DROP_ND, 6 + i);
	}
	/* RFC 6980: Neighbor Discovery has no fragment header, whatever is in it. */
	with_option(s, 2, true);
	COUNTED(s, DROP_ND, 8);
	sent_to(s, script_peer_mac);
	/* The same without would have been believed. */
	with_option(s, 2, false);
	sent_to(s, other_mac);
	SILENT(s);
}

/* What cannot be answered is not counted as an answer. */
static void
IP_01_asker_no_host_can_be(struct script *s)
{
	static const uint8_t mapped[16] = {[10] = 0xff, 0xff, 198, 18, 0, 2},
			     loopback[16] = {[15] = 1};
	struct nd n = {.type = SOLICIT, .mac = script_peer_mac};
	uint64_t before;

	START(s);
	before = script_count_of(s, SPATE_ND_ADVERTISEMENTS_SENT);
	script_ip6(OUR_IP, n.dst);
	script_ip6(OUR_IP, n.target);
	script_ip6(OUR_IP, n.src);
	script_nd_in(s, &n);
	memcpy(n.src, mapped, 16);
	script_nd_in(s, &n);
	memcpy(n.src, loopback, 16);
	script_nd_in(s, &n);
	memcpy(n.src, all_nodes, 16);
	script_nd_in(s, &n);
	SILENT(s);
	COUNTED(s, ND_ADVERTISEMENTS_SENT, before);
	COUNTED(s, DROP_SOURCE, 4);
}

/* After 60 s, while there is traffic, the peer is asked by unicast; silent, by its group. */
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
	QUIET(s, 30000);
	SEND(s, "z");
	OUT(s, PSH_ACK, .seq = 2, .ack = 1, .data = "z", .tsecr = SET(30000));
	IN(s, ACK, .seq = 1, .ack = 3);
	EVENTS(s, "sendable");
	/* No answer this time. It is still used meanwhile; then it has to be found again. */
	asked_after(s, 30000, script_peer_mac);
	asked_after(s, 1000, script_peer_mac);
	SEND(s, "?");
	OUT(s, PSH_ACK, .seq = 3, .ack = 1, .data = "?", .tsecr = SET(90000));
	IN(s, ACK, .seq = 1, .ack = 4);
	EVENTS(s, "sendable");
	asked_after(s, 1000, script_peer_mac);
	asked_after(s, 1000, NULL);
	SEND(s, "!");
	SILENT(s);
	/* An answer need not override: nothing is known to be overridden. */
	advertise(s, PEER_IP, script_peer_mac, SOLICITED);
	OUT(s, PSH_ACK, .seq = 4, .ack = 1, .data = "!", .tsecr = SET(121000));
	IN(s, ACK, .seq = 1, .ack = 5);
	EVENTS(s, "sendable");
}

/* RST to a stranger, seventy times: the question once, and the latest 64 answers. */
static void
IP_01_waiting_frames_are_bounded(struct script *s)
{
	s->arp = ARP_MANUAL;
	START(s);
	for (uint32_t i = 0; i < 70; i++)
		IN(s, SYN, .seq = i);
	asked(s, PEER_IP, NULL);
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
	asked(s, PEER_IP, NULL);
	answer(s, PEER_IP);
	OUT(s, SYN_ACK, .ack = 1);
	USE(s, 1);
	s->t->raddr = PEER_IP + 1;
	IN(s, ACK, .seq = 1, .ack = 99);
	asked(s, PEER_IP + 1, NULL);
	answer(s, PEER_IP + 1);
	OUT(s, RST, .seq = 99);
}

/* Off the link goes to the gateway, which is followed when it says that it has moved. */
static void
IP_01_gateway(struct script *s)
{
	s->arp = ARP_MANUAL;
	s->conf.gateway = rte_cpu_to_be_32(PEER_IP);
	START(s);
	s->t->raddr = 0x0a000001;
	CONNECT(s);
	asked(s, PEER_IP, NULL);
	answer(s, PEER_IP);
	OUT(s, SYN);
	IN(s, SYN_ACK, .ack = 1);
	OUT(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "established");
	advertise(s, PEER_IP, other_mac, 0);
	sent_to(s, script_peer_mac);
	advertise(s, PEER_IP, other_mac, OVERRIDE);
	sent_to(s, other_mac);
	/* On the link a peer is asked for itself. */
	USE(s, 1);
	s->t->raddr = PEER_IP + 5;
	CONNECT(s);
	asked(s, PEER_IP + 5, NULL);
}

/* What another queue of the port has received: learned from, not answered. */
static void
IP_01_other_queues_learn(struct script *s)
{
	uint8_t b[FRAME_BYTES], p[32] = {SOLICIT, [24] = 1, 1};
	uint32_t len;

	s->arp = ARP_MANUAL;
	START(s);
	script_ip6(OUR_IP, p + 8);
	memcpy(p + 26, script_peer_mac, 6);
	len = script_nd_frame(s, b, p, 32);
	for (uint32_t i = 0; i <= len; i++)
		EQUAL(s, spate_is_neighbour_frame(b, i), i == len);
	b[ETH_LEN + 40 + 26] ^= 1; /* not intact: nothing is learned */
	spate_neighbour_input(s->stack, b, len);
	b[ETH_LEN + 40 + 26] ^= 1;
	CONNECT(s);
	asked(s, PEER_IP, NULL);
	SILENT(s);
	spate_neighbour_input(s->stack, b, len);
	OUT(s, SYN);
	SILENT(s);
	/* A segment is none. */
	len = script_build(s, &(struct seg){.flags = SYN}, b);
	EQUAL(s, spate_is_neighbour_frame(b, len), 0);
}

static const struct row_test tests[] = {
	ROW_TEST_V6("IP-01", IP_01_solicitation_is_answered),
	ROW_TEST_V6("IP-01", IP_01_duplicate_address_detection_is_answered),
	ROW_TEST_V6("IP-01", IP_01_asker_is_learned),
	ROW_TEST_V6("IP-01", IP_01_asker_without_mac),
	ROW_TEST_V6("IP-01", IP_01_asker_no_host_can_be),
	ROW_TEST_V6("IP-01", IP_01_announcer_is_learned),
	ROW_TEST_V6("IP-01", IP_01_resolution),
	ROW_TEST_V6("IP-01", IP_01_answer_without_mac),
	ROW_TEST_V6("IP-01", IP_01_asked_three_times_a_second_apart),
	ROW_TEST_V6("IP-01", IP_01_announcements_out),
	ROW_TEST_V6("IP-01", IP_01_peer_moves),
	ROW_TEST_V6("IP-01", IP_01_invalid_messages),
	ROW_TEST_V6("IP-01", IP_01_ageing),
	ROW_TEST_V6("IP-01", IP_01_waiting_frames_are_bounded),
	ROW_TEST_V6("IP-01", IP_01_gateway),
	ROW_TEST_V6("IP-01", IP_01_other_queues_learn),
	ROW_TEST_V6("RS-09 IP-01", RS_09_reply_waits_for_neighbour),
};

SCRIPT_MAIN(tests)
