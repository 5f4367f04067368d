#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Over IPv6 what server.sh, nginx.sh and time_wait.sh show over IPv4: Linux's clients against
# spate's server, spate's client against nginx, who is in TIME_WAIT, seen from both ends; and
# every packet of it decoded by tshark.
# Rows: CM-03 CM-04 TW-01 TW-05 RS-01 RS-06 IP-01 IP-02 IP-04
. "$(dirname "$0")/lib.sh"
need nginx curl wrk ping ethtool tshark python3

WE=2001:2:0:1::2 # spate
THEY=2001:2:0:1::1
FAR=2001:2:0:2::1 # Linux too, but only by way of THEY
COUNT=${COUNT:-10000}
peer="python3 $here/peer.py"

port="port config 0 ip 198.18.0.2/16 ip6 $WE/64 gateway6 $THEY"
cat >"$TMP/closes.spate" <<-END
	$port
	set tcp msl 300000
	set tcp loss-probe 0
	server add web port 0 listen [$WE]:80 http size 64
	server add big port 0 listen [$WE]:8003 http size 100000
	server add both port 0 listen *:8004 http size 1460
	server add echo port 0 listen [$WE]:7 echo
	client add first port 0 from $WE ports 20000-20004 to [$THEY]:80 path /body close first count 5
	client add last port 0 from $WE ports 20010-20014 to [$THEY]:80 path /body close last count 5
	client add reset port 0 from $WE ports 20020-20024 to [$THEY]:80 path /body close reset count 5
	client add far port 0 from $WE ports 20030-20034 to [$FAR]:80 path /body close first count 5
END

family=IPv6

# agree NAME SIDE TUPLES: who is in TIME_WAIT on these by now, ours, theirs or nobody.
agree()
{
	local us=$3 they=$3

	[ "$2" = ours ] || us=
	[ "$2" = theirs ] || they=
	settled "$1"
	equal "$1: spate's TIME_WAIT" "$(ours_in_time_wait | grep -Fx "$3")" "$us"
	equal "$1: Linux's TIME_WAIT" "$(theirs_in_time_wait | grep -Fx "$3")" "$they"
}

fetch()      { on_host curl -gsS -m 30 "$@"; }
fetch_same() { fetch -o "$TMP/got" "${@:2}" && cmp "$TMP/got" "$1"; }

# The link-local address that goes with the MAC address Linux has found at WE (RFC 4291).
link_local_of_spate()
{
	ip -n "$host" -6 neigh show "$WE" | python3 -c '
import ipaddress, re, sys
m = [int(x, 16) for x in re.search(r"lladdr (\S+)", sys.stdin.read())[1].split(":")]
eui = bytes([m[0] ^ 2, m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]])
print(ipaddress.IPv6Address(b"\xfe\x80" + bytes(6) + eui))'
}

# packets CONDITION: how many of the captured ones, in awk's words.
packets()
{
	awk -F '\t' -v we=$WE "{ ours = \$1 == we; tcp = \$3 != \"\" }
		$1 { n++ } END { print n + 0 }" "$TMP/$device.tsv"
}

# What was sent: nothing malformed, every checksum of spate's right, a label on its segments.
captured()
{
	capture_end "$device"
	tshark -r "$TMP/$device.pcapng" -o tcp.check_checksum:TRUE -T fields -e ipv6.src \
		-e ipv6.flow -e tcp.checksum.status -e icmpv6.checksum.status -e icmpv6.type \
		>"$TMP/$device.tsv" 2>"$TMP/tshark.err" ||
		fail "$device: tshark" "$(tail -n 1 "$TMP/tshark.err")"
	check "$device: spate's segments are captured" [ "$(packets 'ours && tcp')" -gt 100 ]
	check "$device: spate has asked for its neighbour" [ "$(packets 'ours && $5 == 135')" -gt 0 ]
	check "$device: and answered for itself" [ "$(packets 'ours && $5 == 136')" -gt 0 ]
	nothing_again "$device"
	equal "$device: every checksum of spate's is right" \
		"$(packets 'ours && (tcp && $3 != 1 || $5 != "" && $4 != 1)')" 0
	equal "$device: every segment of spate's has a flow label" \
		"$(packets 'ours && tcp && $2 ~ /^0x0*$/')" 0
}

by_hand()
{
	local ll name

	capture_start "$device" "$host" "$device_of_host"
	prompt_start prompt "${spate[@]}" -- -i --cmdline-file="$TMP/closes.spate" \
		--json="$TMP/$device.json"
	for name in web big both echo; do
		check "$device: start $name" ask prompt "start $name"
	done
	# What net_tap would write for a sum of 0 no TCP does.
	matches "$device: no device sums for us" "$(ask prompt 'show port info all')" \
		'tx checksums in software'
	equal "$device: nobody at first" "$(ours_in_time_wait)$(theirs_in_time_wait)" ""

	open first
	agree "$device: our client closed first" ours "$(tuples "[$WE]:2000+" "[$THEY]:80")"
	check "$device: ping" on_host ping -q -c 3 -i 0.2 -W 5 $WE
	check "$device: ping that fills the frame" on_host ping -q -c 3 -i 0.2 -W 5 -s 1452 -M do $WE
	ll=$(link_local_of_spate)
	check "$device: ping of the link-local address $ll" \
		on_host ping -q -c 3 -i 0.2 -W 5 "$ll%$device_of_host"
	open last
	agree "$device: nginx closed first" theirs "$(tuples "[$WE]:2001+" "[$THEY]:80")"
	open reset
	agree "$device: our client reset" nobody "$(tuples "[$WE]:2002+" "[$THEY]:80")"
	open far
	agree "$device: our client behind the gateway" ours "$(tuples "[$WE]:2003+" "[$FAR]:80")"
	curls 30000 "http://[$WE]/" -H 'Connection: close'
	agree "$device: our server closed first" ours "$(tuples "[$WE]:80" "[$THEY]:3000+")"
	curls 30010 "http://[$WE]/"
	agree "$device: curl closed first" theirs "$(tuples "[$WE]:80" "[$THEY]:3001+")"
	# From the ports our server has in TIME_WAIT: a new connection takes the old one's place.
	curls 30000 "http://[$WE]/" -H 'Connection: close'
	agree "$device: our server closed first, again" ours "$(tuples "[$WE]:80" "[$THEY]:3000+")"

	check "$device: the exact body of 100000 bytes" fetch_same "$TMP/body100000" "http://[$WE]:8003/"
	check "$device: a listener on * over IPv6" fetch_same "$TMP/body1460" "http://[$WE]:8004/"
	check "$device: and over IPv4" fetch_same "$TMP/body1460" "http://198.18.0.2:8004/"
	check "$device: half-close before the response" on_host $peer half-close $WE 8003 100000
	check "$device: a request byte by byte" on_host $peer byte-by-byte $WE 8004 1460
	check "$device: echo of 1 MB" on_host $peer echo $WE 7 1000000
	check "$device: 50 connections without a word" on_host $peer say-nothing $WE 80 50
	check "$device: nobody listens: ECONNREFUSED" on_host $peer refused $WE 81
	captured
	check "$device: 50 RSTs after the handshake" on_host $peer reset-at-once $WE 80 50
	prompt_end 30
	equal "$device: exit status" "$status" 0
	sums "$device" "$TMP/$device.json"
	report "$device: TIME_WAITs were reused, no SYN was refused" "$TMP/$device.json" '
		time_wait.reused >= 5 and time_wait.refused_by_sequence == 0 and
		time_wait.refused_by_timestamp == 0 and tcp.icmp_echo_replies == 9'
}

# wrk over 1000 ports, so that they come back while spate is in TIME_WAIT.
load()
{
	local name=$device-wrk out

	printf '%s\n' "$port" "server add web port 0 listen [$WE]:80 http size 64" 'start all' \
		>"$TMP/$name.spate"
	on_host sysctl -qw net.ipv4.ip_local_port_range='40000 40999'
	start "$name" "${spate[@]}" -- --cmdline-file="$TMP/$name.spate" --duration=200 \
		--json="$TMP/$name.json"
	server=$pid
	wait_for 30 fetch -o /dev/null -m 1 "http://[$WE]/" ||
		fail "$name: serves" "$(tail -n 1 "$TMP/$name.err")"
	out=$(on_host wrk -t1 -c64 -d2 -H 'Connection: close' "http://[$WE]/" 2>&1)
	matches "$name: wrk has responses" "$out" '[1-9][0-9]* requests in'
	equal "$name: wrk has no errors" "$(grep -E 'Socket errors|Non-2xx|unable' <<<"$out")" ""
	interrupted "$name" "$server"
	report "$name: tuples were reused out of TIME_WAIT, none refused" "$TMP/$name.json" '
		time_wait.reused > 0 and time_wait.refused_by_sequence == 0 and
		time_wait.refused_by_timestamp == 0 and time_wait.refused_no_room == 0'
}

# Over 200 ports: each SYN but the first 200 has to prove to Linux that it is new.
to_nginx()
{
	local name=$device-nginx

	printf '%s\n' "$port" "client add load port 0 from $WE ports 21000-21199 to [$THEY]:80 http \
		path /body size 64 verify close last count $COUNT" 'start all' >"$TMP/$name.spate"
	start "$name" "${spate[@]}" -- --cmdline-file="$TMP/$name.spate" --duration=200 \
		--json="$TMP/$name.json"
	ended "$pid" 220
	equal "$name: exit status" "$status" 0
	sums "$name" "$TMP/$name.json"
	report "$name: all $COUNT connections, each with a verified response" "$TMP/$name.json" "
		client.attempted == client.closed == client.requests == $COUNT and client.failed == 0"
	equal "$name: Linux has every tuple in TIME_WAIT" \
		"$(on_host ss -H6tan state time-wait 'dport >= :21000 and dport <= :21199' | wc -l)" 200
}

pattern 1460 >"$TMP/body1460"
pattern 100000 >"$TMP/body100000"
for device in net_tap net_af_packet; do
	network6 $device
	patient "$host"
	nginx_start
	pattern 64 >"$TMP/www/body"
	by_hand
	load
	to_nginx
	nginx_stop
done
finish
