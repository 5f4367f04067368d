/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments of a script as bytes and back. Nothing of lib/wire is used: what is tested
 * must not be its own judge.
 */
#include <stdlib.h>

#include <rte_ether.h>

#include "option.h"
#include "script.h"

#define ETH_LEN   14
#define TAG_LEN   4
#define IP4_LEN   20
#define IP6_LEN   40
#define TCP_LEN   20
#define MIN_FRAME 60 /* Ethernet pads to this */

const uint8_t script_our_mac[6] = {2, 0, 0, 0, 0, 1};
const uint8_t script_peer_mac[6] = {2, 0, 0, 0, 0, 2};
const uint8_t script_broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/* A TCP segment found in a frame. */
struct view {
	uint32_t laddr, raddr;
	uint16_t lport, rport;
	uint8_t flags, ecn;
	uint32_t seq, ack;
	uint16_t win;
	const uint8_t *data;
	uint32_t len;
	struct option_view options;
	const char *error; /* what is wrong with the frame */
};

void
script_put16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v & 0xff;
}

void
script_put32(uint8_t *p, uint32_t v)
{
	script_put16(p, v >> 16);
	script_put16(p + 2, v & 0xffff);
}

uint16_t
script_get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

uint32_t
script_get32(const uint8_t *p)
{
	return (uint32_t)script_get16(p) << 16 | script_get16(p + 2);
}

uint16_t
script_sum(const uint8_t *p, uint32_t len, uint32_t sum)
{
	for (uint32_t i = 0; i + 1 < len; i += 2)
		sum += script_get16(p + i);
	if (len & 1)
		sum += p[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static uint32_t
ip_len(void)
{
	return script_v6 ? IP6_LEN : IP4_LEN;
}

void
script_ip6(uint32_t ip, uint8_t out[16])
{
	memset(out, 0, 16);
	script_put32(out, 0x20010002);
	script_put32(out + 12, ip);
}

uint32_t
script_ip6_sum(const uint8_t *ip6, uint8_t next, uint32_t len)
{
	return script_sum(ip6 + 8, 32, next + len);
}

/* The pseudo header's part of a TCP checksum. */
static uint32_t
pseudo_sum(const uint8_t *ip, uint32_t tcp_len)
{
	return script_v6 ? script_ip6_sum(ip, 6, tcp_len) : script_sum(ip + 12, 8, 6 + tcp_len);
}

/* ---- in */

void
script_ip6_head(uint8_t *p, const uint8_t src[16], const uint8_t dst[16], uint8_t next,
	uint16_t len, uint8_t hop_limit)
{
	script_put32(p, 6u << 28);
	script_put16(p + 4, len);
	p[6] = next;
	p[7] = hop_limit;
	memcpy(p + 8, src, 16);
	memcpy(p + 24, dst, 16);
}

static void
build_ip(const struct tuple *t, uint8_t *ip, uint8_t ecn, uint32_t tcp_len)
{
	uint8_t src[16], dst[16];

	if (script_v6) {
		script_ip6(t->raddr, src);
		script_ip6(t->laddr, dst);
		script_ip6_head(ip, src, dst, 6, tcp_len, 64);
		ip[1] |= ecn << 4;
		return;
	}
	ip[0] = 0x45;
	ip[1] = ecn;
	script_put16(ip + 2, IP4_LEN + tcp_len);
	script_put16(ip + 6, 0x4000);
	ip[8] = 64;
	ip[9] = 6;
	script_put32(ip + 12, t->raddr);
	script_put32(ip + 16, t->laddr);
	script_put16(ip + 10, ~script_sum(ip, IP4_LEN, 0));
}

uint32_t
script_eth(
	const struct script *s, uint8_t *b, const uint8_t dst[6], const uint8_t src[6], uint16_t type)
{
	memcpy(b, dst, 6);
	memcpy(b + 6, src, 6);
	script_put16(b + 12, type);
	if (!s->conf.vlan)
		return ETH_LEN;
	script_put16(b + 12, 0x8100);
	script_put16(b + 14, s->conf.vlan);
	script_put16(b + 16, type);
	return ETH_LEN + TAG_LEN;
}

uint32_t
script_build(struct script *s, const struct seg *g, uint8_t *b)
{
	struct tuple *t = s->t;
	uint32_t len = g->data && !g->len ? strlen(g->data) : g->len;
	uint32_t at =
		script_eth(s, b, script_our_mac, script_peer_mac, script_v6 ? 0x86dd : 0x0800);
	uint8_t *ip = b + at, *tcp = ip + ip_len();
	uint32_t opts = option_build(s, g, tcp + TCP_LEN);
	uint32_t tcp_len = TCP_LEN + opts + len;

	if (g->data)
		memcpy(tcp + TCP_LEN + opts, g->data, len);
	else if (len)
		memcpy(tcp + TCP_LEN + opts, script_pattern + g->seq - 1, len);
	memset(ip, 0, ip_len() + TCP_LEN);
	build_ip(t, ip, g->ecn, tcp_len);
	script_put16(tcp, t->rport);
	script_put16(tcp + 2, t->lport);
	script_put32(tcp + 4, t->isn + g->seq);
	script_put32(tcp + 8, g->flags & ACK ? t->iss + g->ack : 0);
	tcp[12] = (TCP_LEN + opts) / 4 << 4;
	tcp[13] = g->flags;
	script_put16(tcp + 14, IS_SET(g->win) ? (uint16_t)g->win : 65535);
	script_put16(tcp + 16, ~script_sum(tcp, tcp_len, pseudo_sum(ip, tcp_len)));
	if (g->bad_checksum)
		tcp[17] ^= 1;
	at += ip_len() + tcp_len;
	return s->seal ? s->seal(s, b, at) : at;
}

static void
free_exact(void *addr, void *opaque)
{
	free(addr);
	free(opaque);
}

/* The bytes are in a block of their own, so that a sanitizer sees a read past their end. */
void
script_inject_exact(struct script *s, const uint8_t *b, uint32_t len)
{
	struct rte_mbuf_ext_shared_info *info = calloc(1, sizeof(*info));
	struct rte_mbuf *m = rte_pktmbuf_alloc(s->conf.pool);
	uint8_t *p = malloc(len ? len : 1);
	char line[200] = "";

	if (m == NULL || p == NULL || info == NULL)
		script_fail(s, "no memory for a segment to inject");
	if (len >= MIN_FRAME)
		script_describe(s, b, len, line, sizeof(line));
	script_note(s, "  in  %s", line);
	memcpy(p, b, len);
	info->free_cb = free_exact;
	info->fcb_opaque = info;
	rte_mbuf_ext_refcnt_set(info, 1);
	rte_pktmbuf_attach_extbuf(m, p, RTE_BAD_IOVA, len, info);
	m->data_len = m->pkt_len = len;
	m->ol_flags |= s->rx_ol_flags;
	if (s->n_burst == BURST_MAX)
		script_fail(s, "too long a burst");
	s->burst[s->n_burst++] = m;
	if (!s->bursting)
		script_arrives(s);
}

void
script_arrives(struct script *s)
{
	uint16_t n = s->n_burst;

	s->bursting = false;
	s->n_burst = 0;
	spate_stack_input(s->stack, s->burst, n, s->now);
}

void
script_inject(struct script *s, const uint8_t *b, uint32_t len)
{
	uint8_t padded[FRAME_BYTES];

	memcpy(padded, b, len);
	if (len < MIN_FRAME)
		memset(padded + len, 0xaa, MIN_FRAME - len);
	script_inject_exact(s, padded, len < MIN_FRAME ? MIN_FRAME : len);
}

void
script_in(struct script *s, const struct seg *g)
{
	uint8_t b[FRAME_BYTES];
	uint32_t len = script_build(s, g, b);

	script_inject(s, b, len);
}

/* ---- out */

/* Where it comes from and goes to, and where the TCP segment is; NULL: none. */
static const uint8_t *
parse_ip(const uint8_t *ip, uint32_t len, bool ours, struct view *v, uint32_t *tcp_len)
{
	uint8_t a[16], b[16];

	if (len < ip_len() + TCP_LEN || ip[script_v6 ? 6 : 9] != 6)
		return NULL;
	*tcp_len = ours ? len - ip_len() : script_get16(ip + (script_v6 ? 4 : 2));
	if (!script_v6) {
		*tcp_len -= ours ? 0 : IP4_LEN;
		v->laddr = script_get32(ip + (ours ? 12 : 16));
		v->raddr = script_get32(ip + (ours ? 16 : 12));
		return ip + IP4_LEN;
	}
	v->laddr = script_get32(ip + (ours ? 20 : 36));
	v->raddr = script_get32(ip + (ours ? 36 : 20));
	script_ip6(v->laddr, a);
	script_ip6(v->raddr, b);
	return memcmp(ip + (ours ? 8 : 24), a, 16) || memcmp(ip + (ours ? 24 : 8), b, 16)
		       ? NULL
		       : ip + IP6_LEN;
}

/* What must hold of the IP header of any segment we send. */
static const char *
check_ip(const uint8_t *ip, uint32_t tcp_len)
{
	if (script_v6) {
		if (ip[0] != 0x60 || ip[1] >> 6 || script_get16(ip + 4) != tcp_len)
			return "IPv6 version, traffic class or payload length";
		return ip[7] == 64 ? NULL : "hop limit";
	}
	if (ip[0] != 0x45 || ip[1] > 3 || script_get16(ip + 2) != IP4_LEN + tcp_len)
		return "IP version, header length, DSCP or total length";
	if (script_get16(ip + 6) != 0x4000 || ip[8] != 64)
		return "DF not set, or a fragment, or TTL";
	return script_sum(ip, IP4_LEN, 0) == 0xffff ? NULL : "IP checksum";
}

/* Everything that must hold of any segment we send. */
static const char *
parse(const struct script *s, const uint8_t *b, uint32_t len, bool ours, struct view *v)
{
	uint32_t eth_len = ETH_LEN, tcp_len;
	const uint8_t *ip, *tcp;

	memset(v, 0, sizeof(*v));
	if (s->conf.vlan) {
		if (len < ETH_LEN + TAG_LEN || script_get16(b + 12) != 0x8100 ||
			script_get16(b + 14) != s->conf.vlan)
			return "not tagged for our VLAN";
		eth_len += TAG_LEN;
	}
	ip = b + eth_len;
	if (script_get16(ip - 2) != (script_v6 ? 0x86dd : 0x0800) || len < eth_len)
		return "not TCP";
	tcp = parse_ip(ip, len - eth_len, ours, v, &tcp_len);
	if (tcp == NULL)
		return "not TCP";
	v->lport = script_get16(tcp + (ours ? 0 : 2));
	v->rport = script_get16(tcp + (ours ? 2 : 0));
	v->seq = script_get32(tcp + 4);
	v->ack = script_get32(tcp + 8);
	v->flags = tcp[13];
	v->ecn = (script_v6 ? ip[1] >> 4 : ip[1]) & 3;
	v->win = script_get16(tcp + 14);

	uint32_t head = (tcp[12] >> 4) * 4u;

	if (head < TCP_LEN || head > tcp_len)
		return "data offset";
	v->data = tcp + head;
	v->len = tcp_len - head;

	const char *error = option_parse(tcp + TCP_LEN, head - TCP_LEN, &v->options);

	if (!ours)
		return error;
	if (memcmp(b, script_peer_mac, 6) || memcmp(b + 6, script_our_mac, 6))
		return "MAC addresses";
	if (check_ip(ip, tcp_len))
		return check_ip(ip, tcp_len);
	if (script_sum(tcp, tcp_len, pseudo_sum(ip, tcp_len)) != 0xffff)
		return "TCP checksum";
	if (script_get16(tcp + 16) == 0xffff)
		return "TCP checksum of 0xffff, which is 0 (RFC 1624 3)";
	if (tcp[12] & 0xf || tcp[18] || tcp[19])
		return "reserved bits or urgent pointer";
	return error;
}

void
script_describe(const struct script *s, const uint8_t *b, uint32_t len, char *to, size_t max)
{
	bool ours = memcmp(b + 6, script_our_mac, 6) == 0;
	const struct tuple *t = s->t;
	struct view v;
	const char *error = parse(s, b, len, ours, &v);
	int n;

	if (v.data == NULL) {
		snprintf(to, max, "%u bytes, ethertype %04x", len, script_get16(b + 12));
		return;
	}

	uint32_t seq = v.seq - (ours ? t->iss : t->isn), ack = v.ack - (ours ? t->isn : t->iss);

	n = snprintf(to, max, "%s%s%s%s%s%s%s%s%s seq %u ack %u win %u len %u port %u peer %u",
		v.flags & SYN ? "S" : "", v.flags & FIN ? "F" : "", v.flags & RST ? "R" : "",
		v.flags & PSH ? "P" : "", v.flags & ACK ? "A" : "", v.flags & URG ? "U" : "",
		v.flags & ECE ? "E" : "", v.flags & CWR ? "W" : "",
		v.ecn == CE ? " CE" : v.ecn ? " ECT" : "", seq,
		v.flags & ACK ? ack : v.ack, v.win, v.len, v.lport, v.rport);
	n += option_describe(&v.options, t, ours, to + n, max - n);
	if (error && n < (int)max)
		snprintf(to + n, max - n, " (%s)", error);
}

void
script_want(struct script *s, const char *what, uint64_t got, uint64_t expected, const char *line)
{
	const char *a = got == ABSENT ? " (absent)" : "",
		   *b = expected == ABSENT ? " (absent)" : "";

	if (got != expected)
		script_fail(s, "%s is %u%s, expected %u%s, in: %s", what, (uint32_t)got, a,
			(uint32_t)expected, b, line);
}

/* The window field a segment has while the application reads everything at once. */
static uint16_t
usual_window(const struct script *s, uint8_t flags)
{
	uint32_t wnd = s->conf.tcp.receive_buffer;
	uint32_t shift = 0;

	if (flags & RST)
		return 0;
	while (wnd >> shift > 65535)
		shift++;
	if ((flags & SYN) || !s->peer_ws || !s->conf.tcp.window_scale)
		shift = 0;
	return wnd >> shift < 65535 ? wnd >> shift : 65535;
}

static void
match_data(struct script *s, const struct seg *g, const struct view *v, const char *line)
{
	uint32_t len = g->data && !g->len ? strlen(g->data) : g->len;
	const uint8_t *data = (const uint8_t *)g->data;

	script_want(s, "payload length", v->len, len, line);
	if (data == NULL && len)
		data = script_pattern + g->seq - 1;
	for (uint32_t i = 0; i < len; i++)
		if (v->data[i] != data[i])
			script_fail(s, "payload differs at byte %u in: %s", i, line);
}

static void
match(struct script *s, struct frame *f, const struct seg *g)
{
	if (s->unseal)
		s->unseal(s, f);

	struct tuple *t = s->t;
	struct view v;
	const char *error = parse(s, f->b, f->len, true, &v);
	char line[200];

	if ((v.flags & SYN) && !t->iss_known && !error) {
		t->iss = v.seq - g->seq;
		t->iss_known = true;
	}
	if (t->lport == 0)
		t->lport = v.lport;
	script_describe(s, f->b, f->len, line, sizeof(line));
	if (error)
		script_fail(s, "bad segment (%s): %s", error, line);
	script_want(s, "remote address", v.raddr, t->raddr, line);
	script_want(s, "remote port", v.rport, t->rport, line);
	script_want(s, "local address", v.laddr, t->laddr, line);
	script_want(s, "local port", v.lport, t->lport, line);
	script_want(s, "flags", v.flags, g->flags, line);
	script_want(s, "ECN", v.ecn, g->ecn, line);
	if (!g->any_seq)
		script_want(s, "SEQ", v.seq - t->iss, g->seq, line);
	if (!(g->flags & ACK))
		script_want(s, "ACK field without ACK bit", v.ack, 0, line);
	else if (!g->any_ack)
		script_want(s, "ACK", v.ack - t->isn, g->ack, line);
	script_want(s, "window", v.win, IS_SET(g->win) ? (uint16_t)g->win : usual_window(s, g->flags),
		line);
	option_match(s, g, &v.options, f->at, line);
	match_data(s, g, &v, line);
}

void
script_out(struct script *s, const uint64_t *after_ns, const struct seg *g)
{
	uint64_t began = s->now;

	script_pump(s);
	if (after_ns) {
		if (s->head != s->tail)
			script_silent(s);
		script_advance(s, began + *after_ns + WHEEL_TICK, true);
	}

	const struct frame *f = script_next_frame(s);

	if (after_ns && f->at < began + *after_ns)
		script_fail(s, "a segment after %.3f ms, expected at %.3f ms",
			(double)(f->at - began) / 1e6, (double)*after_ns / 1e6);
	struct frame opened = *f;

	match(s, &opened, g);
}

void
script_silent(struct script *s)
{
	char line[200];

	script_pump(s);
	if (s->head == s->tail)
		return;

	const struct frame *f = &s->queue[s->head % FRAMES];

	script_describe(s, f->b, f->len, line, sizeof(line));
	script_fail(s, "not silent: %s", line);
}

const struct frame *
script_next_frame(struct script *s)
{
	script_pump(s);
	if (s->head == s->tail)
		script_fail(s, "silence, where a segment was expected");
	return &s->queue[s->head++ % FRAMES];
}
