/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz: frames from nowhere into a stack in every state, with an application that does
 * everything it may at the worst moment. One seed is one stack's life; the same seed is
 * the same life, frame by frame.
 *
 *   fuzz.c    seeds, each watched from outside
 *   life.c    one seed: a stack's knobs, its steps and its end
 *   aim.c     which segment for which connection: nearly right, from the stack's own numbers
 *   frame.c   the segment's bytes, what lies about them, ARP and ICMP
 *   port.c    the mbufs, in and out
 *   six.c     the same over IPv6, in and out
 *   app.c     the application: random calls, also from inside callbacks; its account of them
 *   check.c   what must hold between any two calls, inside the stack and out
 *   output.c  what must hold of each frame that comes out; the trace
 *
 * A hostile frame lies in a buffer of malloc's that ends where the frame does, so that
 * AddressSanitizer sees a read beyond it.
 */
#ifndef TEST_FUZZ_H
#define TEST_FUZZ_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_tcp.h>

#include "../rng.h"
#include "spate.h"
#include "stats/counters.h"

#define FIN RTE_TCP_FIN_FLAG
#define SYN RTE_TCP_SYN_FLAG
#define RST RTE_TCP_RST_FLAG
#define PSH RTE_TCP_PSH_FLAG
#define ACK RTE_TCP_ACK_FLAG
#define ECE RTE_TCP_ECE_FLAG
#define CWR RTE_TCP_CWR_FLAG

#define OUR_IP     0xc6120001u /* 198.18.0.1 and the next OURS - 1 */
#define OURS       3
#define PEER_IP    0xc6120010u /* on the link */
#define FAR_IP     0xcb007110u /* behind the gateway, where there is one */
#define GATEWAY_IP 0xc61200feu
#define PEERS      4
#define OUR_PORT   5000 /* listeners: this one and the next PORTS - 1 */
#define PEER_PORT  6000
#define LOCAL_PORT 40000 /* where active opens come from */
#define PORTS      4
#define MS         1000000ull

#define CONNS_MAX     64
#define TIME_WAIT_MAX 32
#define LISTENERS_MAX 8
#define FRAME_MAX     1600
#define BURST_MAX     130
#define HISTORY       64
#define FUZZ_HUGE     (1u << 30)
#define SNAP_MAX      (CONNS_MAX + TIME_WAIT_MAX)

/* A buffer queued by reference, which must stay until it is acknowledged or all is over. */
struct lent {
	struct lent *next;
	uint8_t data[];
};

/* What the application knows of a connection. */
struct app_conn {
	bool open, passive, established, closing, peer_fin;
	uint32_t una, rcv_nxt, rcv_adv; /* at the last look, once established: never go back */
	bool looked;
	uint32_t unread;   /* lent by on_data and not consumed */
	uint32_t expected; /* RCV.NXT, as the calls of on_data and on_peer_fin add up */
	uint64_t user;
	struct lent *lent;
};

struct frame {
	uint32_t len;
	uint8_t b[FRAME_MAX];
};

struct fuzz {
	struct spate_stack *stack;
	struct spate_stack_conf conf;
	struct rte_mempool *rx_pool, *tx_pool, *cut_pool;
	struct rng rng;
	uint64_t seed, now;
	uint32_t step;
	bool trace, failed;

	/* How this seed behaves, percent. */
	uint32_t hostile; /* a field that is bent */
	uint32_t meddle;  /* a callback that does more than it was asked to */
	uint32_t arp;     /* an ARP request that is answered */
	uint32_t drain;   /* a step after which the output is taken */
	uint32_t flood;   /* bursts of ARP from everywhere that are left */
	uint32_t scatters; /* a frame that comes in many buffers */
	uint32_t six;     /* what is over IPv6 where there is a choice; 0: the stack has none */
	bool calm;        /* callbacks only keep the account */
	uint32_t depth;   /* of callbacks inside callbacks */
	uint64_t acts;    /* calls of the application that may make the stack speak */

	struct app_conn conn[CONNS_MAX];
	int listener[LISTENERS_MAX];
	bool full[LISTENERS_MAX]; /* the application has no room for what they accept */
	struct spate_source source;
	bool source6; /* its family */
	uint64_t opened, closed, reset, timed_out, refused; /* as the callbacks tell it */
	uint64_t delivered;

	struct spate_conn_info snap[SNAP_MAX]; /* the stack's connections at the last look */
	uint32_t n_snap;
	struct frame in[HISTORY], out[HISTORY]; /* rings */
	uint32_t n_in, n_out;
	const uint8_t *huge;        /* FUZZ_HUGE bytes to queue by reference, in some seeds */
	bool unpatterned;           /* some of them have been: payload is no longer looked at */
	uint32_t held;              /* hostile buffers the stack has not let go */
	uint32_t asked[8], n_asked; /* ARP requests that wait for an answer */
	uint8_t asked6[8][16];      /* and solicitations */
	uint32_t n_asked6;
};

/* A segment on its way to be bent; addresses and ports in host order, the peer's is r. */
struct aim {
	bool v6;
	uint32_t laddr, raddr;
	uint16_t lport, rport;
	uint32_t seq, ack;
	uint16_t wnd, urg;
	uint8_t flags;
	uint8_t opts[64]; /* 40 at most unless the offset lies */
	uint32_t opts_len;
	uint32_t len; /* payload */
};

/* ---- fuzz.c */

/* The seed has failed; the first reason is the one that is told. */
void fuzz_fail(struct fuzz *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void fuzz_trace(struct fuzz *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

uint64_t fuzz_random(struct fuzz *f);

static inline uint32_t
below(struct fuzz *f, uint32_t n)
{
	return (fuzz_random(f) >> 32) * n >> 32;
}

static inline bool
chance(struct fuzz *f, uint32_t percent)
{
	return below(f, 100) < percent;
}

/*
 * One of the values. They are evaluated first, and the index is drawn after them: with no
 * more than one draw among them, a seed is the same life under every compiler.
 */
static inline uint32_t
pick(struct fuzz *f, const uint32_t *values, size_t n)
{
	return values[below(f, n)];
}

#define PICK(f, ...)                                                                               \
	pick(f, (const uint32_t[]){__VA_ARGS__},                                                   \
		sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

/* ---- life.c */

void fuzz_life(struct fuzz *f);

/* ---- aim.c */

/* A segment for `i`, nearly right; NULL: for a tuple that may be anybody's. */
void aim_at(struct fuzz *f, struct aim *a, const struct spate_conn_info *i);
/* What might follow `a` in the same burst. */
void aim_next(struct fuzz *f, struct aim *a);
/* Move some of its fields to where they hurt. */
void aim_bend(struct fuzz *f, struct aim *a, const struct spate_conn_info *i);
/* A random connection of the last look, or NULL. */
const struct spate_conn_info *aim_pick(struct fuzz *f);

/* ---- frame.c */

void frame_tcp(struct fuzz *f, struct frame *out, const struct aim *a);
void frame_lie(struct fuzz *f, struct frame *out);
void frame_arp(struct fuzz *f, struct frame *out);
void frame_arp_answer(struct fuzz *f, struct frame *out, uint32_t addr);
void frame_arp_flood(struct fuzz *f, struct frame *out);
void frame_icmp(struct fuzz *f, struct frame *out);
void frame_udp(struct fuzz *f, struct frame *out);
void frame_junk(struct fuzz *f, struct frame *out);
void frame_reflect(struct fuzz *f, struct frame *out);
/* Addresses nobody can talk from or to, among others. */
uint32_t odd_address(struct fuzz *f);

/* Ethernet in front, as the stack expects it. */
void frame_ethernet(struct fuzz *f, struct frame *out, uint16_t type);

extern const uint8_t our_mac[6], peer_mac[6];

void put16(uint8_t *p, uint16_t v);
void put32(uint8_t *p, uint32_t v);
uint16_t get16(const uint8_t *p);
uint32_t get32(const uint8_t *p);
uint16_t sum16(const uint8_t *p, uint32_t len, uint32_t sum);

/* ---- port.c */

/* `in` as it is received. */
struct rte_mbuf *port_mbuf(struct fuzz *f, const struct frame *in);
/* One that the stack sends: made complete, looked at, freed. */
void port_take(struct fuzz *f, struct rte_mbuf *m);

/* ---- six.c */

void six_address(uint32_t ip, uint8_t out[16]);
struct spate_addr six_addr(bool v6, uint32_t ip, uint16_t port);
/* And back: what it is the counterpart of. */
uint32_t six_number(const struct spate_addr *a);
uint8_t *six_of(struct frame *fr);
bool six_is_rst(struct frame *fr);
void six_checksums(struct frame *fr);
uint8_t *six_header(struct fuzz *f, struct frame *out, uint32_t src, uint32_t dst, uint8_t protocol,
	uint32_t len);
void six_lie(struct fuzz *f, struct frame *fr);
void six_reflect(struct frame *fr);
void frame_nd(struct fuzz *f, struct frame *out, uint32_t sender, uint32_t target);
void frame_nd_answer(struct fuzz *f, struct frame *out, const uint8_t target[16]);
void frame_nd_flood(struct fuzz *f, struct frame *out);
void frame_icmp6(struct fuzz *f, struct frame *out);
void six_check(struct fuzz *f, const struct frame *fr, const uint8_t *p, uint32_t len);

/* ---- app.c */

extern const struct spate_ops app_ops;

/* Something an application may do. `c`: rather with this one; SPATE_CONN_NONE: any. */
void app_act(struct fuzz *f, spate_conn c);
void app_listen(struct fuzz *f);
/* The byte the application sends under sequence number `seq`. */
uint8_t app_byte(uint32_t seq);
void app_forget(struct fuzz *f);

/* ---- check.c */

/* Look at the stack: fills the snapshot and holds it to what must be true. */
void check(struct fuzz *f);
void check_end(struct fuzz *f);
/* Has a connection something to be built by the next output? */
bool check_ready(const struct fuzz *f);

/* ---- output.c */

void output_check(struct fuzz *f, const struct frame *out);
/* A segment of `len` bytes at `p`; `pseudo` is its pseudo header's sum. */
void output_tcp(struct fuzz *f, const uint8_t *p, uint32_t len, uint16_t pseudo);
void output_describe(const struct frame *fr, char *text, size_t size);

#endif
