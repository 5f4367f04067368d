/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * script: one stack, hand-made segments in, expected segments out, virtual time.
 *
 *	static void
 *	CM_02_handshake_passive(struct script *s)
 *	{
 *		START(s);
 *		LISTEN(s);
 *		IN(s, SYN);
 *		OUT(s, SYN_ACK, .ack = 1);
 *		IN(s, ACK, .seq = 1, .ack = 1, .data = "hello");
 *		EVENTS(s, "accept data:5");
 *		...
 *
 * Every number in a script is relative: the peer's to its ISN, ours to the ISS that is
 * learned from the stack's SYN. So one body runs with all the ISNs of the matrix in
 * runner.c: next to the 2^32 wrap, next to 2^31, far from both; with a peer that knows
 * the options of RFC 7323 and SACK and one that does not; where ESTABLISH opens the connection,
 * in both roles; and over IPv4 and IPv6. What a script does not say is not left unchecked: it is
 * expected to be what a plain segment of this connection has (options, TSval, TSecr,
 * window, addresses, checksums, every byte of payload).
 *
 * At its end a script must have looked at every segment, every event and every byte
 * delivered; then the harness ends what is open and checks the sums and the buffers.
 *
 * Nothing here looks inside the stack: include spate.h and the counters, no more.
 */
#ifndef TEST_SCRIPT_H
#define TEST_SCRIPT_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <rte_common.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>

#include "spate.h"
#include "stats/counters.h"

#define FIN     RTE_TCP_FIN_FLAG
#define SYN     RTE_TCP_SYN_FLAG
#define RST     RTE_TCP_RST_FLAG
#define PSH     RTE_TCP_PSH_FLAG
#define ACK     RTE_TCP_ACK_FLAG
#define URG     RTE_TCP_URG_FLAG
#define ECE     RTE_TCP_ECE_FLAG
#define CWR     RTE_TCP_CWR_FLAG
#define ECT0    2 /* RFC 3168 5 */
#define CE      3
#define SYN_ACK (SYN | ACK)
#define FIN_ACK (FIN | ACK)
#define PSH_ACK (PSH | ACK)
#define RST_ACK (RST | ACK)

#define OUR_IP     0xc6120001u /* 198.18.0.1/16 */
#define PEER_IP    0xc6120002u
#define OUR_PORT   5000
#define PEER_PORT  6000 /* of tuple 0; tuple n has PEER_PORT + n */
#define COOKIE     77   /* of the listener */
#define MS         1000000ull
#define MSS_UNSAID (script_v6 ? 1220u : 536u) /* what no MSS option means */
#define WHEEL_TICK (1ull << 20) /* ns: a timer may be this late, never early */

/* An option or field that is what the script says, or is not there at all. */
#define SCRIPT_SET    (1ull << 32)
#define ABSENT        (1ull << 33)
#define SET(x)        ((uint64_t)(uint32_t)(x) | SCRIPT_SET)
#define IS_SET(field) ((field)&SCRIPT_SET)

/* Sequence numbers from `from` up to, not including, `to`. */
struct range {
	uint32_t from, to;
};

/* A segment to inject or to expect. 0 in an option field: as usual for this connection. */
struct seg {
	uint8_t flags;
	uint32_t seq, ack;     /* relative to the sender's and the receiver's ISN */
	const char *data;      /* payload; with `len` alone the stream's pattern */
	uint32_t len;          /* payload bytes; 0 with data: its strlen */
	uint64_t win;          /* as carried; usual: all there is */
	uint64_t mss;          /* usual: 1460 on a SYN */
	uint64_t wscale;       /* usual: on a SYN where it is offered or agreed */
	uint64_t tsval;        /* in: relative to the peer's clock at the start; out: only ABSENT */
	uint64_t tsecr;        /* in: as it is; out: relative to the peer's clock */
	uint64_t uto;          /* user timeout option, as carried; usual: none */
	uint64_t sack_ok;      /* SACK-permitted; usual: on a SYN where it is offered or agreed */
	struct range sack[4];  /* SACK blocks up to an empty one, relative to who gets them; out:
				* where SACK is not agreed there are none */
	const void *raw;       /* in: option bytes instead of all these, */
	uint8_t raw_len;       /* this many */
	uint8_t ecn;           /* of the IP header: ECT0, CE */
	bool bad_checksum;     /* in */
	bool any_seq, any_ack; /* out: not looked at */
};

/* A 4-tuple and what is known of its numbers. The macros work on s->t: USE(). */
struct tuple {
	uint32_t laddr, raddr; /* host order */
	uint16_t lport, rport; /* lport 0: learned from our SYN */
	uint32_t isn;          /* the peer's */
	uint32_t iss;          /* ours, once iss_known */
	bool iss_known;
	uint32_t ts_base;   /* the peer's timestamp clock at the start */
	uint32_t ts_in;     /* TSval of the last segment injected */
	uint32_t ts_out;    /* TSval the stack sent last */
	uint32_t ts_offset; /* of our timestamp clock to virtual milliseconds */
	bool ts_offset_known;
	uint32_t queued; /* bytes of the pattern given to the stack */
};

#define TUPLES      16
#define FRAMES      512
#define FRAME_BYTES 1600
#define BURST_MAX   256

struct frame {
	uint64_t at; /* virtual time it left the stack */
	uint32_t len;
	uint64_t ol_flags;
	uint8_t b[FRAME_BYTES];
};

enum script_arp {
	ARP_ANSWERED,  /* the peer is known from the start, and its requests are answered */
	ARP_ON_DEMAND, /* nothing is known; requests are answered */
	ARP_MANUAL,    /* the script sees requests and answers them itself */
};

struct script {
	/* Set by the matrix; a script may change them before START. */
	struct spate_stack_conf conf;
	bool peer_ts, peer_ws; /* the peer's SYN offers timestamps, window scaling (7) */
	bool peer_sack;        /* and SACK-permitted */
	bool active;           /* ESTABLISH connects (or accepts) */
	uint32_t aim;          /* our ISS on tuple 0 unless time passes before; 0: any */
	enum script_arp arp; /* and Neighbor Discovery */

	/* The application's manners, to be changed at any time. */
	bool hold;                                         /* leave received data unread */
	void (*hook)(struct script *s, const char *event); /* called at each event */

	/* The last word about injected frames and the first about expected ones (ao.h). */
	uint32_t (*seal)(struct script *s, uint8_t *b, uint32_t len); /* returns the length */
	void (*unseal)(struct script *s, struct frame *f);

	uint64_t rx_ol_flags; /* what the port says about injected frames */
	uint16_t out_max;     /* frames the port takes at once */
	struct rte_mempool *wire_pool; /* frames the port has cut up are in its buffers */

	struct spate_stack *stack;
	uint64_t now, began;
	uint64_t next; /* what tick returned */
	struct tuple tuple[TUPLES], *t;
	spate_conn conn; /* the last opened */
	spate_conn conns[64];
	uint32_t n_conns;
	int listener;
	char events[1 << 15];
	uint8_t received[(1 << 18) + 64];
	uint32_t received_len;
	uint32_t n_closed;            /* calls of on_closed */
	struct spate_segment segment; /* the last a probe was shown */

	struct rte_mbuf *burst[BURST_MAX]; /* between BURST and ARRIVES */
	uint16_t n_burst;
	bool bursting;

	struct frame *queue;
	uint32_t head, tail;
	char *trace;
	uint32_t trace_len;
	const char *file; /* where the script is */
	int line;
};

/* ---- the stack's life and time */

#define AT(s)    ((s)->file = __FILE__, (s)->line = __LINE__)
#define START(s) (AT(s), script_start(s))
/* Virtual time goes on; what comes out meanwhile waits for OUT. */
#define AFTER(s, ms) (AT(s), script_advance(s, (s)->now + (uint64_t)((ms)*MS), false))
#define QUIET(s, ms) (AFTER(s, ms), SILENT(s))
/* Continue on another 4-tuple (0 is the first). */
#define USE(s, n) ((s)->t = &(s)->tuple[n])
/* The peer's next connection starts `delta` beyond its last one's ISN; ours is learned anew. */
#define NEXT_INCARNATION(s, delta) ((s)->t->isn += (delta), (s)->t->iss_known = false)

/* ---- the wire */

#define IN(s, fl, ...)  (AT(s), script_in(s, &(struct seg){.flags = (fl), ##__VA_ARGS__}))
#define OUT(s, fl, ...) (AT(s), script_out(s, NULL, &(struct seg){.flags = (fl), ##__VA_ARGS__}))
/* The next segment comes `ms` from now: not earlier, and no more than a wheel tick later. */
#define OUT_AT(s, ms, fl, ...)                                                                     \
	(AT(s), script_out(s, &(uint64_t){(ms)*MS}, &(struct seg){.flags = (fl), ##__VA_ARGS__}))
#define SILENT(s) (AT(s), script_silent(s))
/* What is injected between these two arrives as one burst. */
#define BURST(s)   ((s)->bursting = true)
#define ARRIVES(s) (AT(s), script_arrives(s))

/* ---- the application */

#define LISTEN(s)          (AT(s), script_listen(s, 0))
#define CONNECT(s)         (AT(s), script_must(s, script_connect(s), "connect"))
#define ESTABLISH(s)       (AT(s), script_establish(s))
#define TO_TIME_WAIT(s)    (AT(s), script_to_time_wait(s))
#define SEND(s, text)      (AT(s), script_send(s, text))
#define SEND_PATTERN(s, n) (AT(s), script_send_pattern(s, n))
#define SHUTDOWN(s)                                                                                \
	(AT(s), script_must(s, (script_now(s), spate_shutdown((s)->stack, (s)->conn)), "shutdown"))
#define CLOSE(s)      (script_now(s), spate_close((s)->stack, (s)->conn))
#define ABORT(s)      (script_now(s), spate_abort((s)->stack, (s)->conn))
#define CONSUME(s, n) (script_now(s), spate_consume((s)->stack, (s)->conn, n))

/* What has come out by now has arrived, whatever it was. */
#define FORGET(s) script_forget(s)

/* ---- what is to be true */

/* All events since the last: accept established data:N sendable fin closed[:REASON] segment */
#define EVENTS(s, text) (AT(s), script_events(s, text))
/* All bytes delivered since the last one of these. */
#define RECEIVED(s, text)            (AT(s), script_received(s, (const uint8_t *)(text), strlen(text)))
#define RECEIVED_PATTERN(s, from, n) (AT(s), script_received(s, script_pattern + (from), n))
#define STATE(s, st)                 (AT(s), script_state(s, SPATE_##st))
/* The counter's value since START. */
#define COUNTED(s, name, n) (AT(s), script_counted(s, SPATE_##name, n))
#define CHECK(s, cond)      (AT(s), (cond) ? (void)0 : script_fail(s, "not true: %s", #cond))
#define EQUAL(s, a, b)      (AT(s), script_equal(s, #a, (uint64_t)(a), (uint64_t)(b)))

extern uint8_t script_pattern[1 << 20];
/* Set by the matrix: every address of a script is its IPv6 counterpart, 2001:2::/96 before it. */
extern bool script_v6;
extern const struct spate_ops script_ops;

void script_start(struct script *s);
void script_now(struct script *s);
void script_pump(struct script *s);
void script_forget(struct script *s);
void script_advance(struct script *s, uint64_t until, bool stop_at_output);
void script_must(struct script *s, int rc, const char *what);
int script_connect(struct script *s);
/* A connection the script has opened past CONNECT. */
void script_opened(struct script *s, spate_conn c);
void script_listen(struct script *s, uint32_t backlog);
void script_establish(struct script *s);
void script_to_time_wait(struct script *s);
void script_send(struct script *s, const char *text);
void script_send_pattern(struct script *s, uint32_t n);
void script_events(struct script *s, const char *text);
void script_received(struct script *s, const uint8_t *data, uint32_t len);
void script_state(struct script *s, enum spate_state state);
void script_counted(struct script *s, enum spate_counter id, uint64_t n);
void script_equal(struct script *s, const char *what, uint64_t a, uint64_t b);
uint64_t script_count_of(const struct script *s, enum spate_counter id);
struct spate_conn_info script_info(struct script *s);
uint64_t script_in_state(struct script *s, enum spate_state state);
struct spate_addr script_addr(uint32_t ip, uint16_t port);
int script_add_addresses(struct script *s, uint32_t first, uint32_t last);
void script_fail(struct script *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), noreturn));
void script_note(struct script *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- segment.c: segments as bytes */

/* Build the frame of an injected segment into `b`; returns its length without padding. */
uint32_t script_build(struct script *s, const struct seg *g, uint8_t *b);
/* Hand any frame to the stack, padded as Ethernet does, or cut off right here. */
void script_inject(struct script *s, const uint8_t *b, uint32_t len);
void script_inject_exact(struct script *s, const uint8_t *b, uint32_t len);
void script_arrives(struct script *s);
void script_in(struct script *s, const struct seg *g);
/* The next frame must be `g`; `*after_ns`, unless NULL, is when. */
void script_out(struct script *s, const uint64_t *after_ns, const struct seg *g);
void script_silent(struct script *s);
/* The next frame out, whatever it is; fails when there is none. Valid until the next call. */
const struct frame *script_next_frame(struct script *s);
/* One line about a frame. */
void script_describe(const struct script *s, const uint8_t *b, uint32_t len, char *to, size_t max);
/* Internet checksum of bytes, with a start value; 0xffff over intact data. */
uint16_t script_sum(const uint8_t *p, uint32_t len, uint32_t sum);
void script_put16(uint8_t *p, uint16_t v);
void script_put32(uint8_t *p, uint32_t v);
uint16_t script_get16(const uint8_t *p);
uint32_t script_get32(const uint8_t *p);
/* The IPv6 counterpart of an address. */
void script_ip6(uint32_t ip, uint8_t out[16]);
/* Header of an injected IPv6 packet with `len` bytes of `next` behind it, from `src` to `dst`. */
void script_ip6_head(uint8_t *p, const uint8_t src[16], const uint8_t dst[16], uint8_t next,
	uint16_t len, uint8_t hop_limit);
/* The pseudo header's part of an IPv6 checksum. */
uint32_t script_ip6_sum(const uint8_t *ip6, uint8_t next, uint32_t len);
/* Ethernet in front of an injected frame; returns its length. */
uint32_t script_eth(
	const struct script *s, uint8_t *b, const uint8_t dst[6], const uint8_t src[6], uint16_t type);

/* nd.c: a solicitation (135) or advertisement (136) as the peer with `mac` would send it. */
struct nd {
	uint8_t type;
	const uint8_t *eth_dst, *mac; /* mac NULL: no link-layer address in it */
	uint8_t src[16], dst[16], target[16];
	uint32_t flags;
	uint8_t hop_limit; /* 0: 255 */
	uint8_t code;
	bool bad_checksum;
};
void script_nd_in(struct script *s, const struct nd *n);
/* The frame of a message of `len` bytes as it is, from the peer to us; returns its length. */
uint32_t script_nd_frame(struct script *s, uint8_t *b, const uint8_t *message, uint32_t len);
/* The peer asks for us, and is known from then on. */
void script_nd_introduce(struct script *s);
/* Answer a solicitation the way the peer would. True when `f` was one. */
bool script_nd_answer(struct script *s, const struct frame *f);

/* ip6.c: IPv6 packets made or changed by hand; `b` is an untagged frame. */
/* Put the transport checksum right, wherever extension headers leave it. */
void script_resum6(uint8_t *b);
/* Other addresses; NULL: as it is. */
void script_readdress6(uint8_t *b, const uint8_t *src, const uint8_t *dst);
/* Put `n` bytes in front of what is there, as header `kind`. Returns the frame's new length. */
uint32_t script_extend6(uint8_t *b, uint32_t len, uint8_t kind, const void *header, uint32_t n);
/* A packet of `len` bytes of `next` from `src` to `dst`, its checksum right; returns its length. */
uint32_t script_packet6(struct script *s, uint8_t *b, const uint8_t src[16], const uint8_t dst[16],
	uint8_t next, const void *payload, uint32_t len);

/* An ARP packet from `mac` as the peer would send it. */
void script_arp_in(struct script *s, uint16_t op, const uint8_t eth_dst[6], const uint8_t mac[6],
	uint32_t sender_ip, uint32_t target_ip);

extern const uint8_t script_our_mac[6], script_peer_mac[6], script_broadcast[6];

/* ---- the registry: what is tested, by the identifiers of the behaviour matrix */

struct row_test {
	const char *row; /* "CM-02", or "CM-02 CM-21" */
	const char *name;
	void (*run)(struct script *s);
	bool v4_only; /* it makes IPv4 packets by hand, or is about IPv4 */
	bool v6_only;
};

/* For both families; for IPv4 or IPv6 alone. */
#define ROW_TEST(rows, fn)                                                                         \
	{                                                                                          \
		.row = rows, .name = #fn, .run = fn                                                \
	}
#define ROW_TEST_V4(rows, fn)                                                                      \
	{                                                                                          \
		.row = rows, .name = #fn, .run = fn, .v4_only = true                               \
	}
#define ROW_TEST_V6(rows, fn)                                                                      \
	{                                                                                          \
		.row = rows, .name = #fn, .run = fn, .v6_only = true                               \
	}
#define SCRIPT_MAIN(tests)                                                                         \
	int main(int argc, char **argv)                                                            \
	{                                                                                          \
		return script_main(argc, argv, tests, RTE_DIM(tests));                             \
	}

/* Runs every test in every configuration; with --list prints "ROW name" lines instead. */
int script_main(int argc, char **argv, const struct row_test *tests, size_t n);

#endif
