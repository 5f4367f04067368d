/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * spate: a TCP endpoint as a library.
 *
 * A stack is one interface's worth of TCP/IP: addresses, neighbours, listeners, connections,
 * TIME_WAIT. It has no thread, no clock, no port and no randomness of its own: the caller hands it
 * frames, the time and a secret, and takes frames out. Any number of stacks may exist; each belongs
 * to one thread at a time and shares nothing.
 *
 *     spate_stack_input(s, frames, n, now);      what arrived
 *     spate_stack_tick(s, now);                  what is due
 *     n = spate_stack_output(s, out, max, now);  what is to be sent
 *
 * Callbacks (struct spate_ops) are called from input and tick; on_closed() also from inside
 * the call that ends a connection at once: spate_abort, spate_forget, spate_close of one that was
 * not established or has unread data, spate_stack_close_all and spate_stack_abort_all. Segments are
 * built in spate_stack_output(), so whatever a callback sends or closes shares a segment with the
 * ACK that is owed.
 *
 * Addresses and ports are in network order. Times are nanoseconds of the caller's clock, which
 * starts anywhere below 2^51 and never goes back. Errors are negative errno values.
 */
#ifndef SPATE_H
#define SPATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rte_mbuf;
struct rte_mempool;
struct spate_stack;
struct spate_counters;
struct spate_segment;

/* A connection: valid from connect or accept until on_closed() returns. */
typedef uint32_t spate_conn;
#define SPATE_CONN_NONE UINT32_MAX

/* An address and port. `family` is AF_INET or AF_INET6; anything else is -EAFNOSUPPORT. */
struct spate_addr {
	uint16_t family;
	uint16_t port; /* network order */
	union {
		uint32_t ip4; /* network order */
		uint8_t ip6[16];
	};
};

/* What names a connection. */
struct spate_tuple {
	struct spate_addr local, remote;
};

/* netstat's names: spate_state_name(). */
enum spate_state {
	SPATE_CLOSED = 0,
	SPATE_LISTEN,
	SPATE_SYN_SENT,
	SPATE_SYN_RCVD,
	SPATE_ESTABLISHED,
	SPATE_FIN_WAIT_1,
	SPATE_FIN_WAIT_2,
	SPATE_CLOSING,
	SPATE_TIME_WAIT,
	SPATE_CLOSE_WAIT,
	SPATE_LAST_ACK,
	SPATE_N_STATES
};

const char *spate_state_name(enum spate_state s);

/* What the application is told. Every pointer but the last must be set. `app` is the conf's. */
struct spate_ops {
	/* A listener's connection is established; `cookie` is the listener's. */
	void (*on_accept)(void *app, spate_conn c, uint32_t cookie);
	/* Our connect succeeded. */
	void (*on_established)(void *app, spate_conn c);
	/*
	 * In-order data, lent for the call: a segment, or what a buffer has of one. Returns how
	 * much of it is consumed; the rest stays in the receive window's account until
	 * spate_consume().
	 */
	uint32_t (*on_data)(void *app, spate_conn c, const uint8_t *data, uint32_t len);
	/* Everything sent has been acknowledged: room for more. */
	void (*on_sendable)(void *app, spate_conn c);
	/* The peer has sent its FIN: no more data will come. */
	void (*on_peer_fin)(void *app, spate_conn c);
	/*
	 * The connection is over: 0 closed in order (TIME_WAIT may follow and is the stack's
	 * affair), -ECONNRESET, -ECONNREFUSED, -ETIMEDOUT, -EHOSTUNREACH and -ENETUNREACH (an open
	 * that timed out, ICMP having said why), -ECONNABORTED (spate_abort). Called once for each
	 * connection that was opened, last of all: of the handle only its user word is left.
	 */
	void (*on_closed)(void *app, spate_conn c, int reason);
	/* A segment has come for a probe. The one pointer that may be NULL: then there are none. */
	void (*on_segment)(void *app, spate_conn c, const struct spate_segment *seg);
};

/* TIME_WAIT reuse by an active open (TW-06). */
enum spate_reuse {
	SPATE_REUSE_NO = 0, /* EADDRINUSE */
	SPATE_REUSE_TS,     /* when both incarnations use timestamps and ours has advanced */
	SPATE_REUSE_ANY,    /* without timestamps too */
};

/* How the congestion window grows and shrinks. */
enum spate_congestion {
	SPATE_CUBIC = 0, /* RFC 9438 */
	SPATE_NEWRENO,   /* RFC 5681, with RFC 3465's counting of bytes */
	SPATE_N_CONGESTION
};

/* "cubic", "newreno"; and back: -1 for another name. */
const char *spate_congestion_name(enum spate_congestion c);
int spate_congestion_by_name(const char *name);

/* TCP-AO's algorithms (RFC 5926): how traffic keys are derived and MACs made. */
enum spate_auth_algorithm {
	SPATE_AUTH_HMAC_SHA_1_96 = 1, /* KDF_HMAC_SHA1 */
	SPATE_AUTH_AES_128_CMAC_96,   /* KDF_AES_128_CMAC */
};

#define SPATE_SYN_TRIES_MAX 16

/* The protocol's knobs. spate_tcp_defaults() fills them; units in the names. */
struct spate_tcp_conf {
	uint32_t msl_ms;         /* RFC 9293 3.4.2; TIME_WAIT lasts twice this */
	uint32_t initial_rto_ms; /* RFC 6298 2.1 */
	uint32_t min_rto_ms;     /* RFC 6298 2.4, Linux's value rather than 1 s */
	uint32_t max_rto_ms;     /* RFC 6298 2.5 */
	uint32_t syn_retries;    /* after the first SYN */
	uint32_t synack_retries; /* after the first SYN+ACK */
	uint32_t data_retries;   /* RFC 9293 3.8.3 R2 */
	uint32_t orphan_retries; /* FIN of a connection nobody holds any more */
	uint32_t syn_schedule_ms[SPATE_SYN_TRIES_MAX]; /* wait after each SYN; 0: doubling */
	uint32_t fin_wait_2_ms;                        /* idle limit after a full close */
	uint32_t keepalive_idle_ms;     /* silence before the first probe (RFC 9293 3.8.4) */
	uint32_t keepalive_interval_ms; /* between unanswered probes */
	uint32_t keepalive_count;       /* unanswered probes before giving up */
	uint32_t user_timeout_ms;       /* RFC 9293 3.10.8, each connection's; 0: retry counts */
	uint32_t user_timeout_limit_ms; /* U_LIMIT of RFC 5482 3.1 */
	uint32_t quiet_time_ms;         /* after the start: no opens, no answers (RFC 9293 3.4.3) */
	uint32_t challenge_ack_ms;      /* least time between challenge ACKs of one connection */
	uint32_t loss_probe_ms;         /* least wait for a loss probe (RFC 8985 7.2); 0: none */
	uint32_t delayed_ack_ms;        /* how long an ACK may wait for data; 0: never */
	uint32_t receive_buffer;        /* bytes: the window offered at first */
	uint32_t receive_buffer_max;    /* bytes: what it may grow to; 0: it does not grow */
	uint16_t mss;                   /* upper limit of the MSS sent and used; 0: from the MTU */
	uint8_t initial_window;         /* segments, RFC 6928 */
	uint8_t black_hole_timeouts;    /* of a full segment, then a smaller one; 0: never */
	uint8_t reuse;                  /* enum spate_reuse */
	uint8_t congestion;             /* enum spate_congestion */
	uint8_t isn_shift;              /* ISN tick is 2^isn_shift ns (RFC 6528) */
	bool syn_cookies;               /* answer SYNs there is no room for (RFC 4987) */
	bool keepalive;                 /* on every connection from its start */
	bool time_wait;                 /* off: closes forget at once, and late FINs draw RST */
	bool timestamps;                /* RFC 7323 offered and accepted */
	bool window_scale;              /* RFC 7323 offered and accepted */
	bool user_timeout_option;       /* RFC 5482 sent, and the peer's adopted */
	bool ecn;                       /* RFC 3168 offered and accepted */
	bool no_delay;                  /* Nagle's algorithm off (RFC 1122 4.2.3.4) */
	bool sack;                      /* RFC 2018 and 2883 offered and accepted */
	bool tolerate_missing_ts;       /* accept segments without the agreed timestamp */
	bool honour_rst_in_time_wait;   /* against RFC 1337 */
	bool hold_rst_in_syn_sent;      /* an ACK of something else draws none (TW-06) */
	bool sequential_ports;          /* against RFC 6056 */
	bool auth_drop_unmatched;       /* TCP-AO without a key here: not ignored (RFC 5925 7.3) */
};

void spate_tcp_defaults(struct spate_tcp_conf *conf);

/* "linux" (the defaults), "rfc" or "bsd": timers and retries. -EINVAL for another name. */
int spate_tcp_preset(struct spate_tcp_conf *conf, const char *name);

struct spate_stack_conf {
	const char *name;         /* unique in the process, up to 24 characters */
	int socket_id;            /* NUMA node, -1 any */
	struct rte_mempool *pool; /* buffers for frames sent: one segment each, 2 KiB data room */
	uint32_t pool_share;      /* how many of them are this stack's; 0: all */
	uint32_t max_conns;       /* connections at once, both roles */
	uint32_t max_time_wait;   /* TIME_WAIT records */
	uint32_t max_auth;        /* protected by TCP-AO at once, TIME_WAIT included; 0: 16384 */
	uint8_t mac[6];
	uint16_t mtu;              /* IP packet bytes; 0: 1500; with IPv6 1280 at least */
	uint16_t vlan;             /* 1-4094; 0: untagged */
	uint32_t ip4;              /* our address, network order */
	uint8_t prefix;            /* of the on-link network */
	uint32_t gateway;          /* network order, 0: none */
	uint8_t ip6[16];           /* our IPv6 address; all zero: no IPv6 */
	uint8_t prefix6;           /* of the on-link network */
	uint8_t gateway6[16];      /* all zero: none */
	bool tx_checksum_offload;  /* the port fills in IPv4 and TCP checksums */
	uint32_t tx_large_max;     /* payload bytes in a frame the port cuts up (TSO); 0: none */
	uint16_t tx_large_buffers; /* and the buffers it takes it in */
	uint8_t secret[48];        /* from a good random source, fresh for each stack */
	struct spate_tcp_conf tcp;
	const struct spate_ops *ops;
	void *app;
	/* Big tables: zeroed, 64-byte aligned. NULL: the C library's heap. */
	void *(*alloc)(void *ctx, size_t bytes, bool sparse); /* sparse: costs when touched only */
	void (*free)(void *ctx, void *mem, size_t bytes);
	void *alloc_ctx;
};

/* Bytes to be asked of `alloc`, in whole and `sparse`; keys of TCP-AO come on top. */
void spate_stack_memory(const struct spate_stack_conf *conf, uint64_t *bytes, uint64_t *sparse);

/* NULL with rte_errno set: EINVAL, ENOMEM. `now_ns` starts the stack's clock. */
struct spate_stack *spate_stack_create(const struct spate_stack_conf *conf, uint64_t now_ns);

/* Everything is freed; connections end without a word to peer or application. */
void spate_stack_free(struct spate_stack *s);

/* Takes ownership of `n` Ethernet frames. */
void spate_stack_input(
	struct spate_stack *s, struct rte_mbuf **frames, uint16_t n, uint64_t now_ns);

/* Up to `max` frames, the caller's from now on. */
uint16_t spate_stack_output(
	struct spate_stack *s, struct rte_mbuf **frames, uint16_t max, uint64_t now_ns);

/* Runs timers. Returns a time before which there is nothing to do (UINT64_MAX: never). */
uint64_t spate_stack_tick(struct spate_stack *s, uint64_t now_ns);

/* Set the time for calls of the application that come outside input, output and tick. */
void spate_stack_now(struct spate_stack *s, uint64_t now_ns);

/* From now on the port fills in checksums, or does not (spate_stack_conf.tx_checksum_offload). */
void spate_set_checksum_offload(struct spate_stack *s, bool offload);
/* The same of frames for the port to cut up. One was refused: it is counted, and the last. */
void spate_set_large_frames(struct spate_stack *s, bool on);
void spate_large_frame_refused(struct spate_stack *s);
/* Between port and stack `n` frames were dropped: `why` is a counter of stats/counters.h. */
void spate_dropped(struct spate_stack *s, int why, uint32_t n);

/* The port can read `mem` by itself, at `iova`. What spate_send_static() gets of it is not copied,
 * and stays until the stack is freed and the port has let go of its frames. 0, -ENOSPC. */
int spate_lend(struct spate_stack *s, const void *mem, size_t len, uint64_t iova);

/* The time the stack was last given. */
uint64_t spate_now(const struct spate_stack *s);

/* Also answer for the addresses `first` to `last`. 0, -EAFNOSUPPORT, -EINVAL, -ENOSPC. */
int spate_add_addresses(
	struct spate_stack *s, const struct spate_addr *first, const struct spate_addr *last);

/* Tell the network where our addresses are: gratuitous ARP, unsolicited advertisements. */
void spate_announce(struct spate_stack *s);

/*
 * Is the next hop towards `remote` known? 0; -EAGAIN while it is asked for; -EHOSTUNREACH; -ENOBUFS
 * when there is no room to ask; -EINVAL for an address no other host can have; -EAFNOSUPPORT.
 */
int spate_resolve(struct spate_stack *s, const struct spate_addr *remote);

/*
 * A frame with ARP or Neighbor Discovery in it that another queue of the same interface
 * received and its stack answered: every stack behind the others must learn.
 */
bool spate_is_neighbour_frame(const uint8_t *frame, uint32_t len);
void spate_neighbour_input(struct spate_stack *s, const uint8_t *frame, uint32_t len);

/* spate_listen flags */
#define SPATE_LISTEN_REUSE_ADDRESS 0x1 /* although the port has connections in TIME_WAIT */

/*
 * Listen on `local`. Address 0: all of ours, of both families where the family is AF_INET6
 * (as :: does elsewhere), of IPv4 alone with AF_INET. A port with connections in TIME_WAIT is
 * -EADDRINUSE without the flag; they stay protected either way (TW-09). At most `backlog`
 * connections in SYN_RCVD (0: as many as there is room for). Returns a listener id >= 0,
 * -EADDRINUSE, -ENOSPC, -EAFNOSUPPORT, -EADDRNOTAVAIL (not an address of this stack).
 */
int spate_listen(struct spate_stack *s, const struct spate_addr *local, uint32_t backlog,
	unsigned int flags, uint32_t cookie);

/* Stop listening; connections not yet accepted are reset (CM-23). 0 or -ENOENT. */
int spate_unlisten(struct spate_stack *s, int listener);

/*
 * `full`: the application has no room for more connections of this listener, as when a
 * queue that accept() empties is full. Until it says otherwise on_accept() is not called
 * for it: handshakes go as far as SYN_RCVD, the ACK that would complete one is dropped,
 * counted, with its data, and the SYN+ACK sent again on its timer, so a client gets in
 * when there is room within that time (CM-18). May be called from on_accept(). 0 or -ENOENT.
 */
int spate_listener_full(struct spate_stack *s, int listener, bool full);

/* Where local tuples come from: see spate_source_init(). Opaque, no resources held. */
struct spate_source {
	uint64_t opaque[32];
};

/*
 * Addresses first..last times ports first_port..last_port (host order). 0; -EAFNOSUPPORT; -EINVAL:
 * a range is empty, or the addresses are not all of one range that this stack answers for.
 */
int spate_source_init(struct spate_stack *s, struct spate_source *src,
	const struct spate_addr *first, const struct spate_addr *last, uint16_t first_port,
	uint16_t last_port);

/*
 * Only tuples for which `mine(ctx, tuple)` is true are used: with several receive queues
 * the reply must come to this stack's. Tuples are asked about a few opens ahead: where the
 * answers have changed, say so by another call.
 */
void spate_source_filter(struct spate_source *src,
	bool (*mine)(const void *ctx, const struct spate_tuple *tuple), const void *ctx);

/* Only ports whose remainder by `of` is `share`, below it: other stacks take the others. */
void spate_source_share(struct spate_source *src, uint16_t share, uint16_t of);

/*
 * Open to `remote` from a free tuple of `src` (CM-12). The SYN leaves with the next
 * output. Returns 0 and the connection; -EADDRNOTAVAIL when every tuple is taken, -EAGAIN when
 * none was found in a bounded search or in quiet time (call again), -ENOBUFS when the table or the
 * room for protected ones is full, -EAFNOSUPPORT, -EHOSTUNREACH when there is no room for the
 * next hop, -EINVAL when `remote` is an address no other host can have, or not of src's family.
 */
int spate_connect(struct spate_stack *s, struct spate_source *src, const struct spate_addr *remote,
	spate_conn *c);

/* The same from one local address and port; -EADDRINUSE when taken. -EAGAIN: quiet time alone. */
int spate_connect_from(struct spate_stack *s, const struct spate_addr *local,
	const struct spate_addr *remote, spate_conn *c);

/*
 * An endpoint that listens opens actively instead (CM-08): `listener` ends, what it has not
 * accepted is reset, and its address and port open to `remote`. Errors as above, and
 * -EINVAL for a listener on all addresses, -ENOENT for none.
 */
int spate_connect_listener(
	struct spate_stack *s, int listener, const struct spate_addr *remote, spate_conn *c);

/*
 * Queue `len` bytes by reference: they must stay as they are until on_sendable() or
 * on_closed(), and no longer: frames have a copy, but for what spate_lend() says. Returns 0; -EPIPE
 * after shutdown or close; -ENOTCONN before the connection is established; -ENOBUFS when the stack
 * has no descriptor left.
 */
int spate_send_static(struct spate_stack *s, spate_conn c, const void *data, uint32_t len);

/* The same by copy. Returns the bytes taken, which may be fewer, or the errors above. */
ssize_t spate_send(struct spate_stack *s, spate_conn c, const void *data, uint32_t len);

/* `len` bytes that on_data() did not consume have been consumed: the window opens. */
void spate_consume(struct spate_stack *s, spate_conn c, uint32_t len);

/* No more to send: FIN after what is queued (CM-03). Receiving goes on. 0, -ENOTCONN. */
int spate_shutdown(struct spate_stack *s, spate_conn c);

/*
 * Done with it: FIN after what is queued; data that still comes is refused by RST
 * (CM-15). on_closed() follows when the close is complete. Unread data: RST at once.
 */
void spate_close(struct spate_stack *s, spate_conn c);

/* RST, now (RS-07). on_closed(-ECONNABORTED) is called before this returns. */
void spate_abort(struct spate_stack *s, spate_conn c);

/*
 * Forget the connection, as a host does that crashes: nothing is sent, now or later, and
 * the peer finds out by itself (RFC 9293 3.5.1). on_closed(-ECONNABORTED) as above.
 */
void spate_forget(struct spate_stack *s, spate_conn c);

/* Options of one connection. */
enum spate_option {
	SPATE_OPT_KEEPALIVE,  /* 0 or 1: probe an idle peer */
	SPATE_OPT_TIMESTAMPS, /* 0 or 1: offered; to be set before the SYN has left. Read: agreed */
	/*
	 * Of connections that TCP-AO protects, -EOPNOTSUPP for others. The first two name a
	 * key the connection's peer and ports match: -EINVAL if there is none.
	 */
	SPATE_OPT_AUTH_SEND,    /* send_id of the key we send with (current_key) */
	SPATE_OPT_AUTH_RECEIVE, /* recv_id of the key the peer is asked to send with (rnext_key) */
	SPATE_OPT_AUTH_ICMP,    /* 0 or 1: let ICMP's hard errors count (RFC 5925 7.8) */
	/*
	 * Milliseconds what was sent may go unacknowledged, or wait to be sent, before the
	 * connection ends with -ETIMEDOUT (RFC 9293 3.10.8); from the first unanswered probe
	 * on with keepalive. Takes the place of the retry counts, those of a SYN excepted; 0:
	 * they decide. Read, it is what holds now, which may be what the peer's option made of
	 * it (RFC 5482); what is set here the peer does not change.
	 */
	SPATE_OPT_USER_TIMEOUT,
	/* 0 or 1: Nagle's algorithm is off (RFC 1122 4.2.3.4). At first what the knob says. */
	SPATE_OPT_NO_DELAY,
	/* 0 or 1: full segments leave; the rest after 200 ms, when it is 0 again, with the FIN. */
	SPATE_OPT_CORK,
	SPATE_OPT_CONGESTION, /* enum spate_congestion; at any time */
};

/*
 * 0; -ENOTCONN (a probe is none); -ENOPROTOOPT for an unknown option; -EOPNOTSUPP without TCP-AO;
 * and of spate_setopt() -EINVAL for a value, -EISCONN when too late, -ENOBUFS for want of room.
 */
int spate_setopt(struct spate_stack *s, spate_conn c, enum spate_option option, uint64_t value);
int spate_getopt(
	const struct spate_stack *s, spate_conn c, enum spate_option option, uint64_t *value);

#define SPATE_AUTH_KEYS_MAX    64
#define SPATE_AUTH_KEY_LEN_MAX 80

/*
 * A key of TCP-AO (RFC 5925 3.1: a master key tuple), of one stack. Connections whose peer and
 * ports match one are protected from their SYN on: every segment carries a MAC, and one that comes
 * without, or with a wrong one, is dropped without an answer. Segments say by an id which key
 * made their MAC, so that there can be several of them for one peer, and one can take over from
 * another while a connection lives.
 */
struct spate_auth_key {
	struct spate_addr peer; /* its network; port 0: any */
	uint8_t prefix;         /* bits of it that must match */
	uint16_t local_port;    /* network order, 0: any */
	uint8_t send_id;        /* on segments we send: the peer's recv_id */
	uint8_t recv_id;        /* on segments we receive: the peer's send_id */
	bool exclude_options;   /* MACs do not cover the other TCP options */
	enum spate_auth_algorithm algorithm;
	uint8_t key_len; /* 1 to SPATE_AUTH_KEY_LEN_MAX */
	uint8_t key[SPATE_AUTH_KEY_LEN_MAX];
};

/* Is there TCP-AO here at all? It takes OpenSSL. */
bool spate_auth_supported(void);

/* Are both for this peer and prefix, these ports and ids? */
bool spate_auth_key_same(const struct spate_auth_key *a, const struct spate_auth_key *b);
/* Are there connections that both would be for? And have they an id in common then? */
bool spate_auth_key_overlap(const struct spate_auth_key *a, const struct spate_auth_key *b);
bool spate_auth_key_conflict(const struct spate_auth_key *a, const struct spate_auth_key *b);

/*
 * 0; -EEXIST when a key for some of the same connections has the send_id or the recv_id;
 * -ENOSPC; -EINVAL; -ENOMEM; -ENOTSUP where spate was built without OpenSSL. Connections that
 * are open already stay as they are.
 */
int spate_auth_key_add(struct spate_stack *s, const struct spate_auth_key *key);

/*
 * The key with this peer, prefix, ports and ids is no more. 0, -EINVAL, -ENOENT, -EBUSY while a
 * connection sends with it or asks for it.
 */
int spate_auth_key_remove(struct spate_stack *s, const struct spate_auth_key *key);

/*
 * That key is the one to be used from now on: new connections begin with it, and those there are
 * ask their peers to (RFC 5925 7.5: RNextKeyID), and are asked in turn. 0, -EINVAL, -ENOENT.
 */
int spate_auth_key_use(struct spate_stack *s, const struct spate_auth_key *key);

/* Protected connections, TIME_WAIT included. */
uint32_t spate_auth_in_use(const struct spate_stack *s);

/* The application's word with a connection, 0 at first. */
void spate_set_user(struct spate_stack *s, spate_conn c, uint64_t user);
uint64_t spate_get_user(const struct spate_stack *s, spate_conn c);

/* What a connection waits for. */
enum spate_timer {
	SPATE_TIMER_NONE = 0,
	SPATE_TIMER_RETRANSMIT,
	SPATE_TIMER_LOSS_PROBE, /* the last in flight may be lost (RFC 8985 7) */
	SPATE_TIMER_REORDER,    /* something was overtaken: late, or lost (RFC 8985 6) */
	SPATE_TIMER_PERSIST,    /* the peer's window is closed */
	SPATE_TIMER_OVERRIDE,   /* it is open too little to be worth a segment */
	SPATE_TIMER_DELAYED_ACK,
	SPATE_TIMER_FIN_WAIT_2,
	SPATE_TIMER_KEEPALIVE,
	SPATE_TIMER_TIME_WAIT,
	SPATE_N_TIMERS
};

/* Everything known of a connection. Of one in TIME_WAIT most is 0: it is not kept. */
struct spate_conn_info {
	struct spate_addr local, remote;
	enum spate_state state;
	bool passive;
	bool timestamps, window_scale; /* agreed; in SYN_SENT: offered */
	bool keepalive;
	bool fin_queued, fin_sent;    /* ours */
	bool closed;                  /* by the application: nobody reads any more */
	bool recovery, loss;          /* fast recovery, recovery from a timeout */
	uint8_t snd_scale, rcv_scale; /* shifts of the windows */
	uint8_t retries, backoff, probes, dupacks;
	uint16_t mss; /* most payload bytes in a segment, options not deducted */
	uint32_t snd_una, snd_nxt, snd_wnd;
	uint32_t rcv_nxt, rcv_wnd;
	uint32_t unsent, unacked, unread; /* bytes */
	uint32_t held;                    /* bytes received beyond a gap */
	uint32_t rto_us, srtt_us, rttvar_us;
	uint32_t cwnd, ssthresh; /* bytes */
	uint32_t tsval;          /* with timestamps: what a segment sent now carries */
	uint32_t ts_recent;      /* RFC 7323 4.3 */
	enum spate_timer timer;
	uint64_t expires_ns; /* when the timer fires; 0: none */
};

/* 0, or -ENOTCONN. */
int spate_conn_info(const struct spate_stack *s, spate_conn c, struct spate_conn_info *info);

/*
 * Probes. A probe has a 4-tuple, and nothing of a protocol: no segment leaves but those that
 * the application sends on it, none that comes is answered, and each is shown to it. This is
 * for finding out what a peer, or something on the way to it, makes of a segment that no
 * TCP would send at that moment.
 */

/* A segment, of a probe or made by hand. */
struct spate_segment {
	uint8_t flags; /* as in the header: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32 */
	bool has_ts;
	uint16_t wnd; /* as carried */
	uint16_t mss; /* of a SYN; 0: none */
	uint32_t seq, ack;
	uint32_t tsval, tsecr; /* with has_ts */
	uint32_t len;          /* payload bytes; a probe sends none */
};

/*
 * A probe on a tuple this stack has nothing on, not even a TIME_WAIT: else -EADDRINUSE.
 * spate_close() ends it, and so does the end of the run, without on_closed(). Errors as of
 * spate_connect_from(), and -EINVAL when there is no on_segment().
 */
int spate_probe_open(struct spate_stack *s, const struct spate_addr *local,
	const struct spate_addr *remote, spate_conn *c);

/* Send `seg`, now. 0; -ENOTCONN for what is no probe (any more). */
int spate_probe_send(struct spate_stack *s, spate_conn c, const struct spate_segment *seg);

/*
 * Send a segment of `tuple` with seg->len bytes of `data`, whatever connections there are,
 * none of which notices: an old duplicate, or something no TCP would say. Checksums and
 * lengths are right. 0; -EAFNOSUPPORT, -EADDRNOTAVAIL, -EINVAL as for spate_connect_from();
 * -EMSGSIZE beyond the MTU; -EHOSTUNREACH when there is no room for the next hop; -ENOBUFS.
 */
int spate_inject(struct spate_stack *s, const struct spate_tuple *tuple,
	const struct spate_segment *seg, const void *data);

/*
 * The same by its addresses and ports, TIME_WAIT included. 0; -ENOTCONN when there is
 * nothing; -EAFNOSUPPORT, -EADDRNOTAVAIL, -EINVAL for a tuple no connection can have.
 */
int spate_tuple_info(
	struct spate_stack *s, const struct spate_tuple *tuple, struct spate_conn_info *info);

/* Which connections: all that is not 0 must fit. */
struct spate_filter {
	uint32_t states;                 /* 1 << enum spate_state, or'ed */
	struct spate_addr local, remote; /* family 0: any address; port 0: any port */
};

/*
 * List connections, TIME_WAIT included, in pieces: `visit` is called for those in the
 * next part of the table that fit `filter` (NULL: all). Start with *cursor = 0; returns false
 * when the end was reached. One call looks at a burst's worth of the table, 512 buckets at
 * most, so it can be used between bursts.
 */
bool spate_conn_list(const struct spate_stack *s, uint32_t *cursor,
	const struct spate_filter *filter,
	void (*visit)(void *ctx, const struct spate_conn_info *info), void *ctx);

struct spate_listener_info {
	struct spate_addr local; /* unspecified: every address */
	uint32_t backlog;        /* connections in SYN_RCVD */
	uint32_t backlog_max;    /* 0: no limit of its own */
	uint32_t cookie;
};

/* List the listeners, all of them (1024 at most). */
void spate_listener_list(const struct spate_stack *s,
	void (*visit)(void *ctx, const struct spate_listener_info *info), void *ctx);

/* Connections in each state now. */
void spate_state_counts(const struct spate_stack *s, uint64_t counts[SPATE_N_STATES]);

/* What it counts; readable from any thread (stats/counters.h). */
const struct spate_counters *spate_stack_counters(const struct spate_stack *s);

/* Connections opened less ended less found, and TIME_WAITs so: 0, or a defect. Slow. */
int64_t spate_stack_leaked(const struct spate_stack *s);

/*
 * Close every connection that is not closed yet (spate_close), or reset every one (TIME_WAIT
 * stays) and tell the application; embryos are reset either way. True when the output queue
 * is full of RSTs: take output and call again, until it is false.
 */
bool spate_stack_close_all(struct spate_stack *s);
bool spate_stack_abort_all(struct spate_stack *s);

#ifdef __cplusplus
}
#endif

#endif
