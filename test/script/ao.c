/* SPDX-License-Identifier: BSD-3-Clause */
#include <openssl/evp.h>

#include "ao.h"

#define KIND    29
#define LEN     16
#define MAC_LEN 12
#define TCP_LEN 20
#define ETH_LEN 14

struct ao ao;

static uint32_t
ip_len(void)
{
	return script_v6 ? 40 : 20;
}

/* Both addresses of the packet, sender's first; writes them at `to` and returns what is behind. */
static uint8_t *
put_addresses(const uint8_t *ip, uint8_t *to)
{
	uint32_t len = script_v6 ? 32 : 8;

	memcpy(to, ip + (script_v6 ? 8 : 12), len);
	return to + len;
}

/* The whole MAC of `in`: 20 bytes of HMAC-SHA-1, 16 of AES-128-CMAC. */
static size_t
mac_of(bool hmac, const uint8_t *key, size_t key_len, const uint8_t *in, size_t len, uint8_t *out)
{
	size_t made = 0;

	if (EVP_Q_mac(NULL, hmac ? "HMAC" : "CMAC", NULL, hmac ? "SHA1" : "AES-128-CBC", NULL, key,
		    key_len, in, len, out, EVP_MAX_MD_SIZE, &made) == NULL)
		abort();
	return made;
}

/* RFC 5926 3.1: the traffic key of a segment from `ip` with these ISNs. */
static size_t
traffic_key(const struct ao_key *k, const uint8_t *ip, const uint8_t *ports, uint32_t src_isn,
	uint32_t dst_isn, uint8_t *out)
{
	bool hmac = k->algorithm == SPATE_AUTH_HMAC_SHA_1_96;
	uint8_t in[64] = "\1TCP-AO", master[EVP_MAX_MD_SIZE], *p = put_addresses(ip, in + 7);
	const uint8_t zero[16] = {0};
	size_t len = strlen(k->text);

	memcpy(p, ports, 4);
	script_put32(p + 4, src_isn);
	script_put32(p + 8, dst_isn);
	script_put16(p + 12, hmac ? 160 : 128);
	memcpy(master, k->text, len);
	if (!hmac && len != 16)
		len = mac_of(false, zero, 16, (const uint8_t *)k->text, len, master);
	return mac_of(hmac, master, len, in, p + 14 - in, out);
}

/* RFC 5925 5.1: the MAC of the segment behind `ip`, whose option is at `at`. */
static void
segment_mac(const struct ao_key *k, const uint8_t *ip, uint32_t tcp_len, uint32_t at, uint32_t sne,
	uint32_t src_isn, uint32_t dst_isn, uint8_t *out)
{
	uint8_t key[EVP_MAX_MD_SIZE], whole[EVP_MAX_MD_SIZE], in[FRAME_BYTES] = {0};
	const uint8_t *tcp = ip + ip_len();
	size_t key_len = traffic_key(k, ip, tcp, src_isn, dst_isn, key);
	uint32_t head = (tcp[12] >> 4) * 4u, n;
	uint8_t *p = put_addresses(ip, in + 4);

	script_put32(in, sne);
	if (script_v6) {
		script_put32(p, tcp_len);
		script_put32(p + 4, 6);
		p += 8;
	} else {
		script_put16(p, 6);
		script_put16(p + 2, tcp_len);
		p += 4;
	}
	memcpy(p, tcp, TCP_LEN);
	memset(p + 16, 0, 2);
	n = p + TCP_LEN - in;
	for (uint32_t i = TCP_LEN; i < head; i++) {
		bool mine = i >= at && i < at + LEN;

		if (mine || !k->exclude_options)
			in[n++] = mine && i >= at + 4 ? 0 : tcp[i];
	}
	memcpy(in + n, tcp + head, tcp_len - head);
	n += tcp_len - head;
	mac_of(k->algorithm == SPATE_AUTH_HMAC_SHA_1_96, key, key_len, in, n, whole);
	memcpy(out, whole, MAC_LEN);
}

/* Numbers near `isn` are counted from it: the upper half of what they are then. */
static uint32_t
sne_of(uint32_t isn, uint32_t seq)
{
	return ((int64_t)isn + (int32_t)(seq - isn)) >> 32;
}

uint16_t
ao_tcp_sum(const uint8_t *ip, uint32_t tcp_len)
{
	uint32_t pseudo = script_v6 ? script_ip6_sum(ip, 6, tcp_len)
				    : script_sum(ip + 12, 8, 6 + tcp_len);

	return script_sum(ip + ip_len(), tcp_len, pseudo);
}

/* Lengths and checksums of a packet whose TCP part has `tcp_len` bytes. */
static void
complete(uint8_t *ip, uint32_t tcp_len)
{
	uint8_t *tcp = ip + ip_len();

	if (script_v6) {
		script_put16(ip + 4, tcp_len);
	} else {
		script_put16(ip + 2, ip_len() + tcp_len);
		script_put16(ip + 10, 0);
		script_put16(ip + 10, ~script_sum(ip, ip_len(), 0));
	}
	script_put16(tcp + 16, 0);
	script_put16(tcp + 16, ~ao_tcp_sum(ip, tcp_len));
}

/* The MAC of a segment from the peer, with the keys that go with its flags. */
static void
seal_mac(struct script *s, const uint8_t *ip, uint32_t tcp_len, uint32_t at, uint8_t *out)
{
	const uint8_t *tcp = ip + ip_len();
	uint32_t seq = script_get32(tcp + 4);
	bool syn = tcp[13] & SYN, first = syn && !(tcp[13] & ACK);
	uint32_t src_isn = syn ? seq : s->t->isn;
	uint32_t sne = syn ? 0 : sne_of(s->t->isn, seq);

	segment_mac(ao.in, ip, tcp_len, at, sne + ao.sne_wrong, src_isn, first ? 0 : s->t->iss, out);
	out[MAC_LEN - 1] ^= ao.spoil;
}

/* Put the option behind the others of an injected frame; returns its length now. */
static uint32_t
seal(struct script *s, uint8_t *b, uint32_t len)
{
	uint8_t *ip = b + ETH_LEN, *tcp = ip + ip_len();
	uint32_t tcp_len = len - ETH_LEN - ip_len(), head = (tcp[12] >> 4) * 4u;

	if (ao.in == NULL)
		return len;
	for (int i = 0; i < (ao.copies ? ao.copies : 1); i++) {
		memmove(tcp + head + LEN, tcp + head, tcp_len - head);
		memset(tcp + head, 0, LEN);
		tcp[head] = KIND;
		tcp[head + 1] = LEN;
		tcp[head + 2] = ao.in->theirs;
		tcp[head + 3] = ao.in_wants->ours;
		head += LEN;
		tcp_len += LEN;
		tcp[12] = head / 4 << 4;
	}
	seal_mac(s, ip, tcp_len, head - LEN, tcp + head - MAC_LEN);
	complete(ip, tcp_len);
	return ETH_LEN + ip_len() + tcp_len;
}

static uint32_t
find(const uint8_t *tcp, uint32_t head)
{
	uint32_t at = TCP_LEN;

	while (at < head && tcp[at] != KIND)
		at += tcp[at] == 1 ? 1 : tcp[at + 1] ? tcp[at + 1] : head;
	return at;
}

/* Verify a frame of the stack's and cut the option off. */
static void
unseal(struct script *s, struct frame *f)
{
	uint8_t *ip = f->b + ETH_LEN, *tcp = ip + ip_len(), mac[MAC_LEN];
	uint32_t tcp_len = f->len - ETH_LEN - ip_len(), head = (tcp[12] >> 4) * 4u;
	uint32_t at = find(tcp, head), seq = script_get32(tcp + 4);
	bool syn = tcp[13] & SYN, first = syn && !(tcp[13] & ACK);
	uint32_t iss = syn ? seq : s->t->iss;

	if (ao.out == NULL) {
		if (at < head)
			script_fail(s, "TCP-AO in a segment that was to be without");
		return;
	}
	if (at >= head)
		script_fail(s, "a segment without TCP-AO");
	if (ao_tcp_sum(ip, tcp_len) != 0xffff)
		script_fail(s, "the checksum of a segment with TCP-AO");
	script_equal(s, "length of TCP-AO", tcp[at + 1], LEN);
	script_equal(s, "KeyID", tcp[at + 2], ao.out->ours);
	script_equal(s, "RNextKeyID", tcp[at + 3], ao.out_wants->theirs);
	segment_mac(ao.out, ip, tcp_len, at, syn ? 0 : sne_of(iss, seq), iss,
		first ? 0 : s->t->isn, mac);
	if (memcmp(mac, tcp + at + 4, MAC_LEN))
		script_fail(s, "a segment's MAC is wrong");
	memmove(tcp + at, tcp + at + LEN, tcp_len - at - LEN);
	tcp[12] = (head - LEN) / 4 << 4;
	f->len -= LEN;
	complete(ip, tcp_len - LEN);
}

struct spate_auth_key
ao_stack_key(const struct ao_key *key)
{
	struct spate_auth_key k = {
		.peer = script_addr(PEER_IP, 0),
		.prefix = script_v6 ? 128 : 32,
		.send_id = key->ours,
		.recv_id = key->theirs,
		.exclude_options = key->exclude_options,
		.algorithm = key->algorithm,
		.key_len = strlen(key->text),
	};

	memcpy(k.key, key->text, k.key_len);
	return k;
}

void
ao_add(struct script *s, const struct ao_key *key)
{
	struct spate_auth_key k = ao_stack_key(key);

	script_must(s, spate_auth_key_add(s->stack, &k), "spate_auth_key_add");
}

void
ao_both(const struct ao_key *key)
{
	ao.in = ao.in_wants = ao.out = ao.out_wants = key;
}

void
ao_start(struct script *s, const struct ao_key *key)
{
	memset(&ao, 0, sizeof(ao));
	s->seal = seal;
	s->unseal = unseal;
	script_start(s);
	ao_add(s, key);
	ao_both(key);
}
