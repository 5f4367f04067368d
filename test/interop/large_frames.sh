#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Frames of several segments on a real driver: net_virtio_user cuts them up, as far as it says so
# to its net_vhost at the other end, which gets them as they are, and whose stack reads them in as
# many buffers as they take. net_vhost itself offers no TSO in DPDK 22.11, with tso=1 neither: that
# option is about what the other end may send. So a stream that goes up goes in large frames, one
# that comes down in segments, and both are verified byte by byte.
. "$(dirname "$0")/lib.sh"
. "$here/pair.sh"
need python3

BYTES=50000000
CONNS=4

# ends NAME VHOST-OPTIONS CLIENT-PORT-WORDS DIRECTION FAMILY
ends()
{
	local name=$1 sock=$TMP/$1.sock listens=198.18.0.1 connects=198.18.0.2 net=/16 key=ip
	local verify=verify

	[ "$4" != up ] || verify= # nothing comes of it, and the server checks

	if [ "$5" = 6 ]; then
		listens=2001:2::1 connects=2001:2::2 net=/64 key=ip6
	fi
	local to="$listens:5001"
	[ "$5" = 4 ] || to="[$listens]:5001"
	cat >"$TMP/$name-server.spate" <<-END
		port config 0 $key $listens$net
		server add sink port 0 listen $to stream verify
		start all
	END
	cat >"$TMP/$name-client.spate" <<-END
		port config 0 $key $connects$net $3
		client add bulk port 0 from $connects to $to stream direction $4 bytes $BYTES \
			$verify concurrency $CONNS count $CONNS
		start all
		wait clients timeout 90
		show port info 0
		quit
	END
	pair "$name" server "net_vhost0,iface=$sock,queues=1$2" \
		"net_virtio_user0,path=$sock,queues=1" || return
	pair_ended "$name"
}

# dropped JSON: frames either end could not read.
dropped='tcp.drop_multiseg == tcp.drop_l4_checksum == tcp.drop_ip_length ==
	tcp.drop_ip_checksum == tcp.drop_short == 0'

# stream NAME VHOST-OPTIONS CLIENT-PORT-WORDS DIRECTION FAMILY LARGE: LARGE is yes or no.
stream()
{
	local name=$1 c=$TMP/$1-client.json s=$TMP/$1-server.json

	ends "$@" || return
	report "$name: all of it arrived, verified" "$c" "client.attempted == client.closed == $CONNS
		and client.failed == 0"
	report "$name: server: the same" "$s" "server.accepted == server.closed == $CONNS and
		server.failed == 0"
	report "$name: nothing unreadable at the client" "$c" "$dropped"
	report "$name: nothing unreadable at the server" "$s" "$dropped"
	if [ "$6" = yes ]; then
		matches "$name: the port says so" "$(cat "$TMP/$name-client.out")" '  TSO'
		report "$name: large frames were sent, mostly" "$c" "tcp.tx_large_frames > 1000 and
			tcp.tx_large_refused == 0 and tcp.tx_frames * 4 < tcp.tx_segments"
		report "$name: their bytes were not copied" "$c" \
			"tcp.tx_lent_bytes > tcp.tx_bytes * 0.9"
		report "$name: and arrived as large" "$s" "tcp.rx_large_frames > 1000"
		equal "$name: as many as were sent" "$(field "$s" tcp.rx_large_frames)" \
			"$(field "$c" tcp.tx_large_frames)"
	else
		report "$name: no large frame was sent" "$c" "tcp.tx_large_frames == 0"
		report "$name: none arrived" "$s" "tcp.rx_large_frames == 0"
	fi
	report "$name: none was sent by net_vhost" "$s" "tcp.tx_large_frames == 0"
}

# served NAME: responses of a server on net_virtio_user: each is one body, for all connections.
served()
{
	local name=$1 sock=$TMP/$1.sock c=$TMP/$1-client.json s=$TMP/$1-server.json

	cat >"$TMP/$name-server.spate" <<-END
		port config 0 ip 198.18.0.1/16
		server add web port 0 listen 198.18.0.1:80 http size 200000
		start all
	END
	cat >"$TMP/$name-client.spate" <<-END
		port config 0 ip 198.18.0.2/16
		client add load port 0 from 198.18.0.2 ports 20000-21999 to 198.18.0.1:80 http \
			size 200000 requests 3 verify concurrency 8 count 200
		start all
	END
	pair "$name" client "net_vhost0,iface=$sock,queues=1,tso=1" \
		"net_virtio_user0,path=$sock,queues=1" || return
	pair_ended "$name"
	report "$name: all responses, verified" "$c" "client.closed == 200 and
		client.requests == 600 and client.failed == 0 and $dropped"
	report "$name: in large frames, without a copy" "$s" "tcp.tx_large_frames > 600 and
		tcp.tx_lent_bytes > tcp.tx_bytes * 0.9 and tcp.tx_large_refused == 0"
	report "$name: which arrived as such" "$c" "tcp.rx_large_frames > 600"
}

stream up ,tso=1 "" up 4 yes
stream up6 ,tso=1 "" up 6 yes
stream both ,tso=1 "" both 4 yes
stream down ,tso=1 "" down 4 no
stream off ,tso=1 "tso off" up 4 no
stream without "" "" up 4 no
# A bad network is one of segments.
stream impaired ,tso=1 "
		port config 0 impair loss 0.01% seed 3" up 4 no
served served

finish
