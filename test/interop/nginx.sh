#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# spate's client against nginx on Linux's TCP, over 200 local ports only: once with Linux in
# TIME_WAIT on every tuple that comes back, once with spate there.
. "$(dirname "$0")/lib.sh"
need nginx ethtool python3

COUNT=${COUNT:-100000}
SIZE=1000

# run NAME COUNT LINE...: spate with these commands, the report in $TMP/NAME.json.
run()
{
	local name=$1 count=$2

	shift 2
	printf '%s\n' 'port config 0 ip 198.18.0.2/16' "$@" 'start all' >"$TMP/$name.spate"
	start "$name" "${spate[@]}" -- --cmdline-file="$TMP/$name.spate" --duration=400 \
		--json="$TMP/$name.json"
	ended "$pid" 420
	equal "$name: exit status" "$status" 0
	sums "$name" "$TMP/$name.json"
	report "$name: all $count connections, none failed" "$TMP/$name.json" "
		client.attempted == client.established == client.closed == $count and
		client.failed == 0 and connections.closed == $count"
}

# Ports of ours that Linux holds in a state: held STATE FIRST LAST
held()
{
	on_host ss -Htan state "$1" "dport >= :$2 and dport <= :$3" | wc -l
}

client="client add load port 0 from 198.18.0.2 to 198.18.0.1:80 http path /body size $SIZE verify"

for device in net_tap net_af_packet; do
	# All of them over one device; the other is to show that it carries them too.
	all=$([ $device = net_tap ] && echo "$COUNT" || echo $((COUNT / 4)))
	network $device
	nginx_start
	pattern $SIZE >"$TMP/www/body"

	# nginx closes: the TIME_WAITs are Linux's, and each of our SYNs but the first 200 has
	# to prove to it that it is new.
	name=$device-close-last
	run $name $all "$client ports 20000-20199 close last count $all"
	report "$name: a verified response each" "$TMP/$name.json" "client.requests == $all"
	report "$name: no TIME_WAIT of ours" "$TMP/$name.json" "time_wait.entered == 0"
	equal "$name: Linux has every tuple in TIME_WAIT" "$(held time-wait 20000 20199)" 200

	# We close: the TIME_WAITs are ours, and each open but the first 200 is onto one (TW-06).
	# At will, and fewer of them where the timestamp has moved on since (RFC 6191).
	for reuse in any ts; do
		name=$device-keep-alive-reuse-$reuse
		case $reuse in
		any) count=$all first=30000 ;;
		ts) count=$((all / 5)) first=40000 ;;
		esac
		run $name $count "set tcp reuse $reuse" "$client ports $first-$((first + 199)) \
			requests 2 close first count $count"
		report "$name: two verified responses each" "$TMP/$name.json" \
			"client.requests == 2 * $count"
		report "$name: our TIME_WAITs were reused" "$TMP/$name.json" \
			"time_wait.entered == $count and time_wait.reused >= $count - 200"
		equal "$name: Linux has none in TIME_WAIT" \
			"$(held time-wait $first $((first + 199)))" 0
	done
	nginx_stop
done
finish
