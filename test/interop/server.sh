#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Linux's clients against spate's servers: wrk, curl, ping, and what peer.py does.
# Rows: CM-03 CM-04 TW-05 RS-01 RS-06 DT-05 IP-02
. "$(dirname "$0")/lib.sh"
need wrk curl ping ethtool python3

IP=198.18.0.2
peer="python3 $here/peer.py"

cat >"$TMP/server.spate" <<-END
	port config 0 ip $IP/16
	server add echo port 0 listen $IP:7 echo
	server add discard port 0 listen $IP:9 discard
	server add web port 0 listen $IP:80 http size 64
	server add size0 port 0 listen $IP:8000 http size 0
	server add size1 port 0 listen $IP:8001 http size 1
	server add size1460 port 0 listen $IP:8002 http size 1460
	server add size100000 port 0 listen $IP:8003 http size 100000
	server add size5000000 port 0 listen *:8004 http size 5000000
	start all
END

# serve NAME: the server, in the background, its pid in $server.
serve()
{
	start "$1" "${spate[@]}" -- --cmdline-file="$TMP/server.spate" --duration=200 \
		--json="$TMP/$1.json"
	server=$pid
	wait_for 30 on_host curl -s -o /dev/null -m 1 "http://$IP/" ||
		fail "$1: serves" "$(tail -n 1 "$TMP/$1.err")"
}

fetch() { on_host curl -sS -m 30 "$@"; }

# The body byte by byte, and nothing behind it.
fetch_same()
{
	fetch -o "$TMP/got" "${@:2}" && cmp "$TMP/got" "$1"
}

# many N WANTED URL: so many curls, each a connection of its own.
many()
{
	local i

	for ((i = 0; i < $1; i++)); do
		fetch_same "$2" "$3" || return 1
	done
}

load()
{
	local name=$1 out

	shift
	out=$(on_host wrk -t1 -c64 -d5 "$@" "http://$IP/" 2>&1)
	matches "$name: wrk has responses" "$out" '[1-9][0-9]* requests in'
	if grep -Eq 'Socket errors|Non-2xx|unable to connect' <<<"$out"; then
		fail "$name: wrk has no errors" "$(grep -E 'errors|Non-2xx|unable' <<<"$out")"
	else
		ok "$name: wrk has no errors"
	fi
}

for device in net_tap net_af_packet; do
	network $device
	# Few local ports: wrk's connections come back while spate is in TIME_WAIT.
	on_host sysctl -qw net.ipv4.ip_local_port_range='20000 20999'

	name=$device-wrk-close
	serve $name
	load $name -H 'Connection: close'
	interrupted $name "$server"
	report "$name: tuples were reused out of TIME_WAIT" "$TMP/$name.json" \
		'time_wait.reused > 0 and time_wait.current <= 1000'
	report "$name: no SYN was refused" "$TMP/$name.json" 'time_wait.refused_by_sequence == 0 and
		time_wait.refused_by_timestamp == 0 and time_wait.refused_no_listener == 0 and
		time_wait.refused_no_room == 0'

	name=$device-wrk-keep-alive
	serve $name
	load $name
	interrupted $name "$server"
	# Ours, wrk's first try, and its 64.
	report "$name: connections are kept" "$TMP/$name.json" \
		'server.accepted <= 66 and server.requests > server.accepted'

	name=$device-curl
	serve $name
	i=0
	for size in 0 1 1460 100000 5000000; do
		pattern $size >"$TMP/body$size"
		check "$name: the exact body of $size bytes" \
			fetch_same "$TMP/body$size" "http://$IP:800$i/"
		i=$((i + 1))
	done
	check "$name: HTTP/1.0" fetch_same "$TMP/body1460" -0 "http://$IP:8002/"
	check "$name: Connection: close" \
		fetch_same "$TMP/body100000" -H 'Connection: close' "http://$IP:8003/"
	check "$name: 200 curls one after the other" many 200 "$TMP/body1460" "http://$IP:8002/"
	equal "$name: one connection for three requests" \
		"$(fetch -w '%{num_connects}' -o /dev/null -o /dev/null -o /dev/null \
			"http://$IP:8002/"{,b,c})" 100
	out=$(fetch "http://$IP:81/" 2>&1)
	equal "$name: nobody listens: curl says refused" "$?" 7
	matches "$name: nobody listens: in these words" "$out" \
		"[Rr]efused|Failed to connect to $IP port 81 after .*: Couldn't connect"
	check "$name: nobody listens: ECONNREFUSED" on_host $peer refused $IP 81
	check "$name: ping" on_host ping -q -c 3 -i 0.2 -W 5 $IP
	check "$name: ping that fills the frame" on_host ping -q -c 3 -i 0.2 -W 5 -s 1472 -M do $IP
	interrupted $name "$server"
	report "$name: every connection ended in order" "$TMP/$name.json" \
		'server.failed == 0 and connections.reset == 0 and tcp.icmp_echo_replies == 6'

	name=$device-peer
	serve $name
	check "$name: half-close before the response" on_host $peer half-close $IP 8003 100000
	check "$name: half-close, 5 MB" on_host $peer half-close $IP 8004 5000000
	check "$name: a request byte by byte" on_host $peer byte-by-byte $IP 8002 1460
	check "$name: ten requests in a segment" on_host $peer pipeline $IP 8003 100000
	check "$name: a reader who lets the window close" on_host $peer slow-reader $IP 8003 100000
	check "$name: echo of 1 byte" on_host $peer echo $IP 7 1
	check "$name: echo of 1 MB" on_host $peer echo $IP 7 1000000
	check "$name: discard of 1 MB" on_host $peer discard $IP 9 1000000
	check "$name: 50 connections without a word" on_host $peer say-nothing $IP 80 50
	interrupted $name "$server"
	report "$name: every connection ended in order" "$TMP/$name.json" \
		'server.failed == 0 and connections.reset == 0'

	name=$device-reset
	serve $name
	check "$name: 50 RSTs after the handshake" on_host $peer reset-at-once $IP 80 50
	check "$name: 50 RSTs in the middle of 5 MB" on_host $peer reset-in-the-middle $IP 8004 50
	check "$name: serves on" fetch_same "$TMP/body100000" "http://$IP:8003/"
	interrupted $name "$server"
	report "$name: 100 connections were reset, no other" "$TMP/$name.json" \
		'server.failed == connections.reset == 100'
done
finish
