/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stats/counters: everything a stack counts, in one list.
 *
 * A counter is a 64-bit word with one writer, the core that owns the stack. Another
 * core may read it at any time and sees some recent value; nobody resets it, readers
 * subtract. The list below is the only place where a counter is named: the enum, the
 * names in `show tcp stats` and in the JSON report, and the explanations come from it.
 */
#ifndef SPATE_STATS_COUNTERS_H
#define SPATE_STATS_COUNTERS_H

#include <stdint.h>

/* From SPATE_DROP_SHORT on the first ones follow enum wire_error (wire/wire.h) one to one. */
#define SPATE_COUNTERS(X)                                                                          \
	X(RX_FRAMES, rx_frames, "frames received")                                                 \
	X(TX_FRAMES, tx_frames, "frames handed to the port")                                       \
	X(RX_SEGMENTS, rx_segments, "TCP segments received, checksum good; joined by LRO: one")    \
	X(TX_SEGMENTS, tx_segments, "TCP segments sent, counted as they are on the wire")          \
	X(RX_BYTES, rx_bytes, "payload bytes delivered in order")                                  \
	X(TX_BYTES, tx_bytes, "payload bytes sent, retransmissions included")                      \
	X(TX_LARGE, tx_large_frames, "frames of several segments, cut up by the port (TSO)")       \
	X(TX_LENT_BYTES, tx_lent_bytes, "payload bytes in them that were not copied")              \
	X(TX_REFUSED, tx_large_refused, "of these, not taken by the port: none were sent since")   \
	X(RX_LARGE, rx_large_frames, "TCP segments received in more than one buffer (LRO)")        \
	X(DROP_SHORT, drop_short, "frame ends inside a header")                                    \
	X(DROP_ETHERTYPE, drop_ethertype, "ethertype not spoken here")                             \
	X(DROP_VLAN, drop_vlan, "not of this port's VLAN")                                         \
	X(DROP_IP_VERSION, drop_ip_version, "IP version is not what the ethertype says")           \
	X(DROP_IP_HEADER, drop_ip_header, "IP header length impossible")                           \
	X(DROP_IP_LENGTH, drop_ip_length, "IP total length impossible")                            \
	X(DROP_IP_CHECKSUM, drop_ip_checksum, "IP header checksum wrong")                          \
	X(DROP_IP_FRAGMENT, drop_ip_fragment, "IP fragment")                                       \
	X(DROP_IP_PROTOCOL, drop_ip_protocol, "neither TCP, UDP nor ICMP")                         \
	X(DROP_L4_HEADER, drop_l4_header, "TCP or ICMP header length impossible")                  \
	X(DROP_L4_CHECKSUM, drop_l4_checksum, "TCP or ICMP checksum wrong")                        \
	X(DROP_ARP, drop_arp, "ARP malformed or not for IPv4 over Ethernet")                       \
	X(DROP_ND, drop_nd, "Neighbor Discovery not valid by RFC 4861 7.1")                        \
	X(DROP_MAC, drop_mac, "frame for another MAC address")                                     \
	X(DROP_ADDRESS, drop_address, "packet for an address that is not ours")                    \
	X(DROP_SOURCE, drop_source, "source or destination no unicast peer can have")              \
	X(DROP_ICMP, drop_icmp, "ICMP type not handled")                                           \
	X(DROP_MULTISEG, drop_multiseg, "frame in several buffers that cannot be read")            \
	X(DROP_NO_MBUF, drop_no_mbuf, "no buffer for a frame to be sent")                          \
	X(DROP_TX_FULL, drop_tx_full, "reply not sent: output queue full")                         \
	X(DROP_NEIGH_FULL, drop_neigh_full, "no room in the neighbour table")                      \
	X(DROP_NEIGH_QUEUE, drop_neigh_queue, "too many frames waiting for one neighbour")         \
	X(DROP_NEIGH_FAILED, drop_neigh_failed, "neighbour does not answer")                       \
	X(DROP_SHARE, drop_share,                                                                  \
		"ARP or ND not told to another queue: no buffer, or it is behind")                 \
	X(DROP_VANISHED, drop_vanished, "frames on their way out when the port's memory vanished") \
	X(ARP_REQUESTS_SENT, arp_requests_sent, "ARP requests sent")                               \
	X(ARP_REPLIES_SENT, arp_replies_sent, "ARP replies sent")                                  \
	X(ARP_RECEIVED, arp_received, "ARP packets received, well formed")                         \
	X(ND_SOLICITATIONS_SENT, nd_solicitations_sent, "neighbour solicitations sent")            \
	X(ND_ADVERTISEMENTS_SENT, nd_advertisements_sent, "neighbour advertisements sent")         \
	X(ND_RECEIVED, nd_received, "Neighbor Discovery messages received, valid")                 \
	X(ICMP_ECHO_REPLIES, icmp_echo_replies, "ICMP echo requests answered")                     \
	X(UDP_UNREACHABLE, udp_unreachable, "UDP datagrams answered by port unreachable")          \
	X(UDP_DROPPED, udp_dropped, "UDP datagrams dropped: too short, or answered enough")        \
	X(ICMP_PATH_MTU, icmp_path_mtu, "path MTUs lowered by ICMP")                               \
	X(ICMP_REFUSED, icmp_refused, "active opens refused by ICMP")                              \
	X(ICMP_SOFT, icmp_soft, "ICMP errors noted, the connection goes on")                       \
	X(ICMP_IGNORED, icmp_ignored,                                                              \
		"ICMP errors about nothing in flight, or saying nothing new")                      \
	X(CONNECTS, connects, "active opens")                                                      \
	X(CONNECT_NO_PORT, connect_no_port, "active opens refused here: no local port free")       \
	X(CONNECT_SEARCH, connect_search,                                                          \
		"active opens put off: none of many local ports is free")                          \
	X(CONNECT_NO_ROOM, connect_no_room, "active opens refused here: connection table full")    \
	X(ESTABLISHED_ACTIVE, established_active, "active opens that were established")            \
	X(SYN_RECEIVED, syn_received, "SYNs accepted by a listener")                               \
	X(SYN_BACKLOG_FULL, syn_backlog_full, "SYNs dropped: listener's backlog full")             \
	X(COOKIES_SENT, syn_cookies_sent, "SYNs answered by a cookie: no room to keep them")       \
	X(COOKIES_ACCEPTED, syn_cookies_accepted, "connections made from a cookie that came back") \
	X(SYN_NO_ROOM, syn_no_room, "SYNs, cookies' ACKs dropped: no room for connection, peer")   \
	X(SYN_MALFORMED, syn_malformed, "SYNs dropped: with FIN or RST")                           \
	X(QUIET, quiet, "segments dropped, opens put off: quiet time after the start")             \
	X(ACCEPT_QUEUE_FULL, accept_queue_full,                                                    \
		"ACKs of a SYN+ACK dropped: the application has no room")                          \
	X(EMBRYO_RESET, embryo_reset, "SYN_RCVD ended by the peer's RST")                          \
	X(EMBRYO_TIMED_OUT, embryo_timed_out, "SYN_RCVD given up: no ACK of the SYN+ACK")          \
	X(EMBRYO_REPLACED, embryo_replaced, "SYN_RCVD ended by a different SYN")                   \
	X(EMBRYO_STOPPED, embryo_stopped, "SYN_RCVD ended with its listener or by the program")    \
	X(ESTABLISHED_PASSIVE, established_passive, "connections accepted")                        \
	X(OPENED, opened, "connection ends opened: connects and accepts")                          \
	X(CLOSED_IN_ORDER, closed, "connection ends closed in order")                              \
	X(RESET, reset, "connection ends reset, by the peer or from here")                         \
	X(RESET_BY_PEER, reset_by_peer, "of these, by the peer")                                   \
	X(TIMED_OUT, timed_out, "connection ends given up for lack of an answer")                  \
	X(REFUSED, refused, "active opens refused by the peer")                                    \
	X(FORGOTTEN, forgotten, "connection ends forgotten without a word, counted as reset")      \
	X(INJECTED, injected, "segments made by hand")                                             \
	X(UNREAD_CLOSE, unread_close, "closes that became resets: data unread or after close")     \
	X(FIN_WAIT_2_TIMED_OUT, fin_wait_2_timed_out, "FIN_WAIT_2 ended by its idle timer")        \
	X(RETRANSMITS, retransmits, "segments sent again")                                         \
	X(EXTRA_NONE_LEFT, extra_none_left,                                                        \
		"connections that did without a side record: pool empty")                          \
	X(RTO_FIRED, rto_fired, "retransmission timer expiries")                                   \
	X(FAST_RETRANSMITS, fast_retransmits,                                                      \
		"recoveries begun by duplicate ACKs or SACK, before any timeout")                  \
	X(RECOVERIES_UNDONE, recoveries_undone,                                                    \
		"of these, begun for what was late: the window grows back")                        \
	X(LOSS_PROBES, loss_probes, "segments sent to find out about the last in flight")          \
	X(BLACK_HOLES, black_holes, "times full segments vanished and smaller ones were tried")    \
	X(PATH_PROBES, path_probes, "segments sent to try a larger size")                          \
	X(PATH_RAISED, path_raised, "of these, acknowledged: the larger size is used again")       \
	X(USER_TIMED_OUT, user_timed_out, "connections and handshakes given up: user timeout")     \
	X(ECN_CE, ecn_ce, "data segments a router has marked instead of dropping")                 \
	X(ECN_CUTS, ecn_cuts, "congestion windows halved because the peer has seen marks")         \
	X(ACKS_DELAYED, acks_delayed, "ACKs that waited for data to ride on, in vain")             \
	X(PERSIST_PROBES, persist_probes, "zero-window probes sent")                               \
	X(KEEPALIVE_PROBES, keepalive_probes, "keepalive probes sent")                             \
	X(KEEPALIVE_TIMED_OUT, keepalive_timed_out,                                                \
		"connections given up: no answer to keepalive")                                    \
	X(OUT_OF_ORDER, out_of_order, "segments beyond a gap")                                     \
	X(OOO_NO_RECORD, out_of_order_no_record, "of these, not kept: no side record left")        \
	X(OOO_NO_MBUF, out_of_order_no_mbuf, "of these, not kept, or in part: no buffer left")     \
	X(OOO_CONN_FULL, out_of_order_connection_full,                                             \
		"of these, not kept, or in part: the connection's share of buffers is used")       \
	X(OOO_STACK_FULL, out_of_order_stack_full,                                                 \
		"of these, not kept, or in part: the share of all connections is used")            \
	X(OOO_GAPS, out_of_order_gaps, "of these, not kept, or in part: too many gaps")            \
	X(SACK_SENT, sack_sent, "segments sent with SACK blocks")                                  \
	X(DSACK_SENT, dsack_sent, "of these, reporting what came twice")                           \
	X(UNACCEPTABLE_SEQ, unacceptable_seq, "segments outside the window, answered by ACK")      \
	X(UNACCEPTABLE_ACK, unacceptable_ack, "segments whose ACK is not acceptable")              \
	X(PAWS_DROPPED, paws_dropped, "segments with an old timestamp")                            \
	X(MISSING_TIMESTAMP, missing_timestamp, "segments without the agreed timestamp")           \
	X(NO_ACK_BIT, no_ack_bit, "segments without ACK, or SYN, where there must be one")         \
	X(AFTER_FIN, after_fin, "segments with text or FIN behind the peer's FIN")                 \
	X(OPTIONS_MALFORMED, options_malformed, "segments whose options end in nonsense")          \
	X(AUTH_VERIFIED, auth_verified, "segments whose TCP-AO MAC is good")                       \
	X(AUTH_MISSING, auth_missing, "segments dropped: TCP-AO expected, and not there")          \
	X(AUTH_BAD, auth_bad, "segments dropped: TCP-AO malformed, or its MAC is wrong")           \
	X(AUTH_UNKNOWN_KEY, auth_unknown_key, "segments dropped: TCP-AO with a KeyID not known")   \
	X(AUTH_UNEXPECTED, auth_unexpected,                                                        \
		"segments dropped, by knob: TCP-AO, and no key for it")                            \
	X(AUTH_IGNORED, auth_ignored, "SYNs whose TCP-AO is ignored: no key for it")               \
	X(AUTH_ROLLOVERS, auth_rollovers,                                                          \
		"changes of the key we send with, asked for by the peer")                          \
	X(AUTH_NO_ROOM, auth_no_room,                                                              \
		"opens and SYNs refused: no room for another protected connection")                \
	X(AUTH_NO_MEMORY, auth_no_memory, "TCP-AO keys or MACs not made: no memory in OpenSSL")    \
	X(RST_SENT, rst_sent, "resets sent")                                                       \
	X(RST_HELD, rst_held, "resets of an open's unacceptable ACK held back, by knob")           \
	X(RST_RECEIVED, rst_received, "resets received")                                           \
	X(RST_IGNORED, rst_ignored, "resets not acceptable, or for nobody")                        \
	X(CHALLENGE_ACKS, challenge_acks, "challenge ACKs sent")                                   \
	X(CHALLENGE_LIMITED, challenge_limited, "challenge ACKs held back by the limit")           \
	X(NO_CONNECTION, no_connection, "segments for no connection")                              \
	X(PROBE_SEGMENTS, probe_segments, "segments for a probe")                                  \
	X(TW_ENTERED, time_wait_entered, "TIME_WAIT entered")                                      \
	X(TW_REUSED, time_wait_reused, "TIME_WAIT ended by a new incarnation")                     \
	X(TW_RECYCLED, time_wait_recycled, "TIME_WAIT ended early: table full")                    \
	X(TW_RESET, time_wait_reset, "TIME_WAIT ended by RST, where that is honoured")             \
	X(TW_SKIPPED, time_wait_skipped, "closes without TIME_WAIT, by knob")                      \
	X(TW_EXPIRED, time_wait_expired, "TIME_WAIT ended after 2MSL")                             \
	X(TW_REFUSED_SEQ, time_wait_refused_by_sequence, "SYNs refused by sequence")               \
	X(TW_REFUSED_TS, time_wait_refused_by_timestamp, "SYNs refused by timestamp")              \
	X(TW_REFUSED_NO_LISTENER, time_wait_refused_no_listener, "SYNs refused: no listener")      \
	X(TW_REFUSED_NO_ROOM, time_wait_refused_no_room, "SYNs refused: table full")               \
	X(TW_FIN_AGAIN, time_wait_fin_again, "FINs again, 2MSL restarted")                         \
	X(TW_ACKED, time_wait_acked, "other segments answered by ACK")                             \
	X(TW_SILENT, time_wait_silent, "other segments left unanswered")                           \
	X(TW_RST_IGNORED, time_wait_rst_ignored, "RSTs ignored (RFC 1337)")

enum spate_counter {
#define X(id, name, help) SPATE_##id,
	SPATE_COUNTERS (X)
#undef X
		SPATE_N_COUNTERS
};

struct spate_counters {
	uint64_t v[SPATE_N_COUNTERS];
};

struct spate_counter_info {
	const char *name; /* as in reports */
	const char *help; /* one line */
};

extern const struct spate_counter_info spate_counter_info[SPATE_N_COUNTERS];

/* Add one, or `n`. Only the owner calls these. */
static inline void
spate_count(struct spate_counters *c, enum spate_counter id)
{
	c->v[id]++;
}

static inline void
spate_count_n(struct spate_counters *c, enum spate_counter id, uint64_t n)
{
	c->v[id] += n;
}

/* Connection ends that have ended, and TIME_WAITs: opened or entered less these is there. */
static inline uint64_t
spate_ends_ended(const struct spate_counters *c)
{
	const uint64_t *v = c->v;

	return v[SPATE_CLOSED_IN_ORDER] + v[SPATE_RESET] + v[SPATE_TIMED_OUT] + v[SPATE_REFUSED];
}

static inline uint64_t
spate_time_waits_ended(const struct spate_counters *c)
{
	const uint64_t *v = c->v;

	return v[SPATE_TW_REUSED] + v[SPATE_TW_RECYCLED] + v[SPATE_TW_RESET] + v[SPATE_TW_EXPIRED];
}

/* Add every counter of `from` to `to`: reading another core's is allowed. */
void spate_counters_add(struct spate_counters *to, const struct spate_counters *from);

#endif
