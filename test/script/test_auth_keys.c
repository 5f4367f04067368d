/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keys of TCP-AO (OP-08): which one a segment is made with, how another takes over while
 * data flows (RFC 5925 7.5), and what may be done to the table of them.
 */
#include "ao.h"

#define ROUTER_IP 0xc61200feu /* 198.18.0.254 */

static const struct ao_key first = {SPATE_AUTH_HMAC_SHA_1_96, "the first key", 1, 2, false};
static const struct ao_key second = {SPATE_AUTH_AES_128_CMAC_96, "the second key", 3, 4, false};
static const struct ao_key third = {SPATE_AUTH_HMAC_SHA_1_96, "the third key", 2, 1, true};
static const struct ao_key successor = {SPATE_AUTH_HMAC_SHA_1_96, "not the first", 1, 2, false};
static const struct ao_key unknown = {SPATE_AUTH_HMAC_SHA_1_96, "the first key", 8, 9, false};
static const struct ao_key forged = {SPATE_AUTH_AES_128_CMAC_96, "not the second", 3, 4, false};

#define AO_START(s, key) (AT(s), ao_start(s, key))

static uint64_t
option(struct script *s, enum spate_option o)
{
	uint64_t value = 999;

	script_must(s, spate_getopt(s->stack, s->conn, o, &value), "getopt");
	return value;
}

/* The peer asks for the second key in the middle of our data, and later uses it itself. */
static void
OP_08_peer_rolls_over(struct script *s)
{
	AO_START(s, &first);
	ao_add(s, &second);
	ESTABLISH(s);
	SEND(s, "one");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "one");
	ao.in_wants = &second;
	IN(s, PSH_ACK, .seq = 1, .ack = 4, .data = "please");
	/* From the next segment on: we send with it, and receive as before. */
	ao.out = &second;
	OUT(s, ACK, .seq = 4, .ack = 7);
	COUNTED(s, AUTH_ROLLOVERS, 1);
	SEND(s, "two");
	OUT(s, PSH_ACK, .seq = 4, .ack = 7, .data = "two");
	/* What it sends with is its own affair: either is understood at any time. */
	ao.in = &second;
	IN(s, PSH_ACK, .seq = 7, .ack = 7, .data = "now");
	OUT(s, ACK, .seq = 7, .ack = 10);
	ao.in = &first;
	IN(s, PSH_ACK, .seq = 10, .ack = 7, .data = "and");
	OUT(s, ACK, .seq = 7, .ack = 13);
	EVENTS(s, "sendable data:6 sendable data:3 data:3");
	RECEIVED(s, "pleasenowand");
	EQUAL(s, option(s, SPATE_OPT_AUTH_SEND), second.ours);
	EQUAL(s, option(s, SPATE_OPT_AUTH_RECEIVE), first.theirs);
	/* A segment from before the change, late: verified, but it takes nothing back. */
	ao.in_wants = &first;
	IN(s, PSH_ACK, .seq = 1, .ack = 4, .data = "please");
	OUT(s, ACK, .seq = 7, .ack = 13, .sack = {{1, 7}});
	COUNTED(s, AUTH_ROLLOVERS, 1);
	COUNTED(s, AUTH_BAD, 0);
}

/* We ask for it, and use it ourselves when the peer asks in turn. */
static void
OP_08_we_roll_over(struct script *s)
{
	struct spate_auth_key k = ao_stack_key(&third);

	AO_START(s, &first);
	ao_add(s, &third);
	ESTABLISH(s);
	SEND(s, "one");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "one");
	script_now(s);
	EQUAL(s, spate_auth_key_use(s->stack, &k), 0);
	/* Said at once, though there is nothing else to say. */
	ao.out_wants = &third;
	OUT(s, ACK, .seq = 4, .ack = 1);
	EQUAL(s, option(s, SPATE_OPT_AUTH_RECEIVE), third.theirs);
	EQUAL(s, option(s, SPATE_OPT_AUTH_SEND), first.ours);
	ao.in = &third;
	IN(s, PSH_ACK, .seq = 1, .ack = 4, .data = "yes");
	OUT(s, ACK, .seq = 4, .ack = 4);
	ao_both(&third);
	IN(s, PSH_ACK, .seq = 4, .ack = 4, .data = "and you?");
	OUT(s, ACK, .seq = 4, .ack = 12);
	COUNTED(s, AUTH_ROLLOVERS, 1);
	EVENTS(s, "sendable data:3 data:8");
	RECEIVED(s, "yesand you?");
	/* A retransmission is made with the key that is current now. */
	SEND(s, "two");
	OUT(s, PSH_ACK, .seq = 4, .ack = 12, .data = "two");
	/* New connections begin with it. */
	USE(s, 1);
	s->active = true;
	ESTABLISH(s);
	COUNTED(s, AUTH_BAD, 0);
}

/* Sent with one key, sent again with another. */
static void
OP_08_retransmitted_with_another(struct script *s)
{
	AO_START(s, &first);
	ao_add(s, &second);
	ESTABLISH(s);
	SEND(s, "one");
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .data = "one");
	script_must(s, spate_setopt(s->stack, s->conn, SPATE_OPT_AUTH_SEND, second.ours), "setopt");
	ao.out = &second;
	OUT_AT(s, 200, PSH_ACK, .seq = 1, .ack = 1, .data = "one");
}

/* RNextKeyID may name a key we do not have: then nothing changes. */
static void
OP_08_asked_for_unknown(struct script *s)
{
	AO_START(s, &first);
	ESTABLISH(s);
	ao.in_wants = &unknown;
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x");
	OUT(s, ACK, .seq = 1, .ack = 2);
	EVENTS(s, "data:1");
	RECEIVED(s, "x");
	COUNTED(s, AUTH_ROLLOVERS, 0);
}

/* A KeyID we do not know; one we do, with another key behind it. */
static void
OP_08_key_ids(struct script *s)
{
	AO_START(s, &first);
	ao_add(s, &second);
	ESTABLISH(s);
	ao.in = &unknown;
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x");
	COUNTED(s, AUTH_UNKNOWN_KEY, 1);
	ao.in = &forged;
	ao.in_wants = &second;
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x");
	COUNTED(s, AUTH_BAD, 1);
	COUNTED(s, AUTH_ROLLOVERS, 0);
	SILENT(s);
	EVENTS(s, "");
}

/* A SYN says which key its peer sends with, and which it wants; we have both. */
static void
OP_08_syn_chooses(struct script *s)
{
	AO_START(s, &first);
	ao_add(s, &second);
	ao_add(s, &third);
	LISTEN(s);
	ao.in = &second;
	ao.in_wants = &third;
	ao.out = &third;
	ao.out_wants = &second;
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
	IN(s, ACK, .seq = 1, .ack = 1);
	EVENTS(s, "accept");
	/* It wants one we do not have: we send with the one it sends with. */
	USE(s, 1);
	ao.in_wants = &unknown;
	ao.out = &second;
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
}

/* The user's choice stands against the SYN's: the peer is asked for it. */
static void
OP_08_syn_and_choice(struct script *s)
{
	struct spate_auth_key k = ao_stack_key(&second);

	AO_START(s, &first);
	ao_add(s, &second);
	EQUAL(s, spate_auth_key_use(s->stack, &k), 0);
	LISTEN(s);
	ao.out_wants = &second;
	IN(s, SYN);
	OUT(s, SYN_ACK, .ack = 1);
}

static int
add(struct script *s, struct spate_auth_key k)
{
	return spate_auth_key_add(s->stack, &k);
}

/* RFC 5925 3.1: two keys for one connection differ in both ids; others may be alike. */
static void
OP_08_table(struct script *s)
{
	struct spate_auth_key k = ao_stack_key(&first), other;
	int n = 1;

	AO_START(s, &first);
	EQUAL(s, add(s, k), -EEXIST);
	other = k;
	other.send_id++;
	EQUAL(s, add(s, other), -EEXIST);
	other = k;
	other.recv_id++;
	EQUAL(s, add(s, other), -EEXIST);
	other = k;
	other.prefix -= 3; /* a network it is in: PEER_IP ends in 010 */
	EQUAL(s, add(s, other), -EEXIST);
	other.peer = script_addr(PEER_IP ^ 8, 0);
	EQUAL(s, add(s, other), 0);
	n++;
	other = k;
	other.peer.port = rte_cpu_to_be_16(179);
	EQUAL(s, add(s, other), -EEXIST);
	other = k;
	other.prefix++;
	EQUAL(s, add(s, other), -EINVAL);
	other = k;
	other.peer.family = 77;
	EQUAL(s, add(s, other), -EINVAL);
	other = k;
	other.key_len = 0;
	EQUAL(s, add(s, other), -EINVAL);
	other.key_len = SPATE_AUTH_KEY_LEN_MAX + 1;
	EQUAL(s, add(s, other), -EINVAL);
	other = k;
	other.algorithm = 0;
	EQUAL(s, add(s, other), -EINVAL);
	for (other = k; n < SPATE_AUTH_KEYS_MAX; n++) {
		other.send_id = other.recv_id = 100 + n;
		EQUAL(s, add(s, other), 0);
	}
	other.send_id = other.recv_id = 99;
	EQUAL(s, add(s, other), -ENOSPC);
	EQUAL(s, spate_auth_key_remove(s->stack, &other), -ENOENT);
	EQUAL(s, spate_auth_key_use(s->stack, &other), -ENOENT);
	EQUAL(s, spate_auth_key_remove(s->stack, &k), 0);
	EQUAL(s, spate_auth_key_remove(s->stack, &k), -ENOENT);
	EQUAL(s, add(s, other), 0);
}

/* A key goes when no connection sends with it or asks for it, and what was derived with it. */
static void
OP_08_remove(struct script *s)
{
	struct spate_auth_key k = ao_stack_key(&first);

	AO_START(s, &first);
	ao_add(s, &second);
	ESTABLISH(s);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x");
	OUT(s, ACK, .seq = 1, .ack = 2);
	EQUAL(s, spate_auth_key_remove(s->stack, &k), -EBUSY);
	script_must(s, spate_setopt(s->stack, s->conn, SPATE_OPT_AUTH_SEND, second.ours), "setopt");
	EQUAL(s, spate_auth_key_remove(s->stack, &k), -EBUSY);
	script_must(s, spate_setopt(s->stack, s->conn, SPATE_OPT_AUTH_RECEIVE, second.theirs),
		"setopt");
	ao.out = ao.out_wants = &second;
	OUT(s, ACK, .seq = 1, .ack = 2);
	EQUAL(s, spate_auth_key_remove(s->stack, &k), 0);
	IN(s, PSH_ACK, .seq = 2, .ack = 1, .data = "y");
	COUNTED(s, AUTH_UNKNOWN_KEY, 1);
	/* Another key in its place, with its ids, is another key. */
	ao_add(s, &successor);
	IN(s, PSH_ACK, .seq = 2, .ack = 1, .data = "y");
	COUNTED(s, AUTH_BAD, 1);
	ao_both(&second);
	IN(s, PSH_ACK, .seq = 2, .ack = 1, .data = "y");
	OUT(s, ACK, .seq = 1, .ack = 3);
	EVENTS(s, "data:1 data:1");
	RECEIVED(s, "xy");
}

static void
OP_08_setopt(struct script *s)
{
	uint64_t value;

	AO_START(s, &first);
	ESTABLISH(s);
	EQUAL(s, spate_setopt(s->stack, s->conn, SPATE_OPT_AUTH_SEND, 77), -EINVAL);
	EQUAL(s, spate_setopt(s->stack, s->conn, SPATE_OPT_AUTH_SEND, 256 + first.ours), -EINVAL);
	EQUAL(s, spate_setopt(s->stack, s->conn, SPATE_OPT_AUTH_RECEIVE, 77), -EINVAL);
	EQUAL(s, spate_setopt(s->stack, s->conn, SPATE_OPT_AUTH_RECEIVE, 256 + first.theirs),
		-EINVAL);
	EQUAL(s, spate_setopt(s->stack, s->conn, SPATE_OPT_AUTH_ICMP, 2), -EINVAL);
	EQUAL(s, option(s, SPATE_OPT_AUTH_ICMP), 0);
	USE(s, 1);
	s->t->raddr = PEER_IP + 1;
	CONNECT(s);
	EQUAL(s, spate_setopt(s->stack, s->conn, SPATE_OPT_AUTH_SEND, 1), -EOPNOTSUPP);
	EQUAL(s, spate_setopt(s->stack, s->conn, SPATE_OPT_AUTH_RECEIVE, 2), -EOPNOTSUPP);
	EQUAL(s, spate_setopt(s->stack, s->conn, SPATE_OPT_AUTH_ICMP, 1), -EOPNOTSUPP);
	EQUAL(s, spate_getopt(s->stack, s->conn, SPATE_OPT_AUTH_SEND, &value), -EOPNOTSUPP);
	FORGET(s);
}

/* Ports of a key: it is for connections with these, and no others. */
static void
OP_08_ports(struct script *s)
{
	struct spate_auth_key k = ao_stack_key(&second);

	AO_START(s, &first);
	k.send_id = k.recv_id = 50;
	k.local_port = rte_cpu_to_be_16(OUR_PORT + 1);
	EQUAL(s, spate_auth_key_add(s->stack, &k), 0);
	k.peer.port = rte_cpu_to_be_16(PEER_PORT + 1);
	k.local_port = 0;
	k.send_id = k.recv_id = 51;
	EQUAL(s, spate_auth_key_add(s->stack, &k), 0);
	EQUAL(s, spate_auth_key_use(s->stack, &k), 0);
	CONNECT(s);
	OUT(s, SYN); /* with the first: the second key's ports are others */
	EQUAL(s, spate_setopt(s->stack, s->conn, SPATE_OPT_AUTH_SEND, 51), -EINVAL);
	USE(s, 1);
	CONNECT(s);
	EQUAL(s, option(s, SPATE_OPT_AUTH_SEND), 51);
	EQUAL(s, spate_setopt(s->stack, s->conn, SPATE_OPT_AUTH_SEND, 50), -EINVAL);
	FORGET(s);
}

/* A connection that was there before the key stays what it is, its TIME_WAIT too. */
static void
OP_08_key_comes_late(struct script *s)
{
	START(s);
	ESTABLISH(s);
	memset(&ao, 0, sizeof(ao));
	ao_add(s, &first);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .data = "x");
	OUT(s, ACK, .seq = 1, .ack = 2);
	CLOSE(s);
	OUT(s, FIN_ACK, .seq = 1, .ack = 2);
	IN(s, FIN_ACK, .seq = 2, .ack = 2);
	OUT(s, ACK, .seq = 2, .ack = 3);
	IN(s, FIN_ACK, .seq = 2, .ack = 2);
	OUT(s, ACK, .seq = 2, .ack = 3);
	EVENTS(s, "data:1 closed");
	RECEIVED(s, "x");
	/* The next on this tuple is not opened without. */
	LISTEN(s);
	s->t->isn += 100000;
	AFTER(s, 1000);
	IN(s, SYN);
	SILENT(s);
	COUNTED(s, AUTH_MISSING, 1);
}

/* An ICMP error, of either protocol, about our segment at `seq`. */
static void
icmp_error(struct script *s, uint8_t type, uint8_t code, uint16_t mtu, uint32_t seq)
{
	uint32_t head = script_v6 ? 40 : 20, len = 8 + head + 8;
	uint8_t b[FRAME_BYTES] = {0}, src[16], dst[16];
	uint8_t *ip = b + script_eth(s, b, script_our_mac, script_peer_mac,
				 script_v6 ? 0x86dd : 0x0800),
		*icmp = ip + head, *quote = icmp + 8;

	icmp[0] = type;
	icmp[1] = code;
	script_put16(icmp + 6, mtu);
	script_put16(quote + head, s->t->lport);
	script_put16(quote + head + 2, s->t->rport);
	script_put32(quote + head + 4, s->t->iss + seq);
	for (int i = 0; i < 2; i++) {
		uint8_t *h = i ? quote : ip;
		uint32_t from = i ? s->t->laddr : ROUTER_IP, to = i ? s->t->raddr : s->t->laddr;

		if (script_v6) {
			script_ip6(from, src);
			script_ip6(to, dst);
			script_ip6_head(h, src, dst, i ? 6 : 58, i ? 1440 : len, 64);
			continue;
		}
		h[0] = 0x45;
		script_put16(h + 2, i ? 1500 : 20 + len);
		h[8] = 64;
		h[9] = i ? 6 : 1;
		script_put32(h + 12, from);
		script_put32(h + 16, to);
		script_put16(h + 10, ~script_sum(h, 20, 0));
	}
	script_put16(icmp + 2,
		~script_sum(icmp, len, script_v6 ? script_ip6_sum(ip, 58, len) : 0));
	script_inject(s, b, icmp + len - b);
}

/* One full segment is in flight; what is due when the path takes 1300 bytes. */
static void
made_smaller(struct script *s, uint32_t room)
{
	COUNTED(s, ICMP_PATH_MTU, 1);
	OUT(s, ACK, .seq = 1, .ack = 1, .len = room - 200);
	OUT(s, PSH_ACK, .seq = 1 + room - 200, .ack = 1, .len = 200);
}

/* RFC 5925 7.8: ICMP carries no MAC, and may not make a protected connection do anything. */
static void
OP_08_icmp(struct script *s)
{
	uint32_t room = (script_v6 ? 1440 : 1460) - 16 - (s->peer_ts ? 12 : 0);

	AO_START(s, &first);
	ESTABLISH(s);
	SEND_PATTERN(s, room);
	OUT(s, PSH_ACK, .seq = 1, .ack = 1, .len = room);
	if (script_v6) {
		icmp_error(s, 1, 4, 0, 1); /* port unreachable */
		SILENT(s);
		COUNTED(s, ICMP_IGNORED, 1);
		/* Packet too big is not among what is to be ignored. */
		icmp_error(s, 2, 0, 1300, 1);
		made_smaller(s, room);
		return;
	}
	icmp_error(s, 3, 4, 1300, 1);
	icmp_error(s, 3, 3, 0, 1);
	icmp_error(s, 3, 2, 0, 1);
	SILENT(s);
	COUNTED(s, ICMP_IGNORED, 3);
	COUNTED(s, ICMP_PATH_MTU, 0);
	script_must(s, spate_setopt(s->stack, s->conn, SPATE_OPT_AUTH_ICMP, 1), "setopt");
	EQUAL(s, option(s, SPATE_OPT_AUTH_ICMP), 1);
	icmp_error(s, 3, 4, 1300, 1);
	made_smaller(s, room);
}

static void
keep(void *addr, void *opaque)
{
	(void)addr;
	(void)opaque;
}

/*
 * A segment whose buffers cannot be made one: whoever joins segments, or fails to cut them apart,
 * has spoilt their MACs, and none is looked for.
 */
static void
OP_08_no_chains(struct script *s)
{
	static const struct seg seg = {.flags = PSH_ACK, .seq = 1, .ack = 1, .len = 1000};
	struct rte_mbuf_ext_shared_info info = {0};
	struct rte_mbuf *m[2];
	uint8_t b[FRAME_BYTES];
	uint32_t len;

	AO_START(s, &first);
	ESTABLISH(s);
	len = script_build(s, &seg, b);
	EQUAL(s, rte_pktmbuf_alloc_bulk(s->conf.pool, m, 2), 0);
	/* Behind the first buffer's end is what would make the MAC right. */
	info.free_cb = keep;
	rte_mbuf_ext_refcnt_set(&info, 1);
	rte_pktmbuf_attach_extbuf(m[0], b, RTE_BAD_IOVA, 180, &info);
	m[0]->data_len = m[0]->pkt_len = 180;
	memcpy(rte_pktmbuf_append(m[1], len - 180), b + 180, len - 180);
	EQUAL(s, rte_pktmbuf_chain(m[0], m[1]), 0);
	s->burst[s->n_burst++] = m[0];
	script_arrives(s);
	SILENT(s);
	COUNTED(s, RX_LARGE, 1);
	COUNTED(s, AUTH_BAD, 1);
	IN(s, PSH_ACK, .seq = 1, .ack = 1, .len = 1000);
	OUT(s, ACK, .seq = 1, .ack = 1001);
	EVENTS(s, "data:1000");
	RECEIVED_PATTERN(s, 0, 1000);
}

static const struct row_test tests[] = {
	ROW_TEST("OP-08", OP_08_no_chains),
	ROW_TEST("OP-08", OP_08_peer_rolls_over),
	ROW_TEST("OP-08", OP_08_we_roll_over),
	ROW_TEST("OP-08", OP_08_retransmitted_with_another),
	ROW_TEST("OP-08", OP_08_asked_for_unknown),
	ROW_TEST("OP-08", OP_08_key_ids),
	ROW_TEST("OP-08", OP_08_syn_chooses),
	ROW_TEST("OP-08", OP_08_syn_and_choice),
	ROW_TEST("OP-08", OP_08_table),
	ROW_TEST("OP-08", OP_08_remove),
	ROW_TEST("OP-08", OP_08_setopt),
	ROW_TEST("OP-08", OP_08_ports),
	ROW_TEST("OP-08", OP_08_key_comes_late),
	ROW_TEST("OP-08", OP_08_icmp),
};

SCRIPT_MAIN(tests)
