#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A listener under a flood of SYNs from random sources, and clients who mean it: Linux's curl
# and a second spate, all on one bridge. With SYN cookies every one of their connections
# succeeds; without, nobody gets in.
# Rows: DT-10 CM-18
. "$(dirname "$0")/lib.sh"
need curl ethtool ping python3

WE=198.18.0.2    # the server; the flood's sources are behind
THEY=198.18.0.1  # its gateway: Linux, which drops what is not for itself
CLIENT=198.18.0.3
RATE=20000       # SYNs a second
MOST=6000000     # SYNs in all, if nobody ends it before
CURLS=200
COUNT=2000       # connections of the second spate

# The retries keep what is in the backlog there for longer than any of this takes.
cat >"$TMP/server.spate" <<-END
	set tcp synack-retries 15
	port config 0 ip $WE/24 gateway $THEY
	server add web port 0 listen $WE:80 http size 1000 backlog 64
	start all
END
{ echo "set tcp syn-cookies off"; cat "$TMP/server.spate"; } >"$TMP/without.spate"
cat >"$TMP/client.spate" <<-END
	port config 0 ip $CLIENT/24
	client add load port 0 from $CLIENT to $WE:80 http size 1000 verify concurrency 16 count $COUNT
	start all
END
pattern 1000 >"$TMP/body"

# bridge DEVICE: Linux, the server and another spate on one wire; ${spate[@]} is the server and
# ${second[@]} the other.
bridge()
{
	local wire=tap0

	network "$1"
	[ "$1" = net_tap ] || wire=wire1
	ip -n "$host" link add br0 type bridge || { fail setup "no bridge"; finish; }
	ip -n "$host" addr flush dev $wire
	ip -n "$host" link set $wire master br0
	ns_add "$1-second"
	ip link add name wire0 netns "$ns" type veth peer name wire2 netns "$host"
	ip netns exec "$host" ethtool -K wire2 tx off tso off gso off gro off >/dev/null
	ip -n "$host" link set wire2 master br0
	ip -n "$host" link set wire2 up
	ip -n "$ns" link set wire0 up
	ip -n "$host" addr add $THEY/24 dev br0
	ip -n "$host" link set br0 up
	# A bridge has no device to leave checksums to, either.
	ip netns exec "$host" ethtool -K br0 tx off tso off gso off >/dev/null
	eal "$1-second" 1 net_af_packet0,iface=wire0
	second=(ip netns exec "$ns" "$SPATE" "${eal[@]}")
}

# counter NAME: of the server at its prompt.
counter() { ask server 'show tcp stats' | tr -d , | awk -v name="$1" '$2 == name { print $1 }'; }
more()    { local n; n=$(counter "$1") && [ "${n:-0}" -ge "$2" ]; }

# DPDK gives the tap its own address; on a bridge that would be Linux's and not spate's.
own_address()
{
	[ "$device" != net_tap ] || ip -n "$host" link set tap0 address 02:00:00:00:00:01
}

# serve NAME COMMANDS: the server, at a prompt, until it serves.
serve()
{
	name=$1
	prompt_start server "${spate[@]}" -- -i --cmdline-file="$2" --json="$TMP/$1.json"
	own_address
	wait_for 30 fetch || fail "$1: serves" "$(tail -n 1 "$TMP/server.err")"
}

# flood COUNTER: from now on, and until that counter says the backlog is full.
flood()
{
	local mac

	on_host ping -q -c 1 -W 5 $WE >/dev/null
	mac=$(on_host ip neigh show $WE | awk '{ for (i = 1; i < NF; i++) if ($i == "lladdr") print $(i + 1) }')
	start "$name-flood" ip netns exec "$host" python3 "$here/flood.py" br0 "${mac:-none}" $WE 80 \
		$RATE $MOST
	flood=$pid
	wait_for 30 more "$1" 1000 ||
		fail "$name: the backlog is full" "$(tail -n 1 "$TMP/$name-flood.err")"
}

# The flood has lasted, and ends now.
flooded()
{
	check "$name: the flood went on all the time" kill -TERM "$flood"
	ended "$flood" 30
	sent=$(cat "$TMP/$name-flood.out")
}

fetch() { on_host curl -sS -m 60 -o "$TMP/got" "http://$WE/" && cmp "$TMP/got" "$TMP/body"; }

curls()
{
	local i

	for ((i = 1; i <= CURLS; i++)); do
		fetch || { echo "curl $i: exit status $?"; return 1; }
	done
}

for device in net_tap net_af_packet; do
	bridge $device
	serve $device "$TMP/server.spate"
	flood syn_cookies_sent

	start "$name-second" "${second[@]}" -- --cmdline-file="$TMP/client.spate" --duration=100 \
		--json="$TMP/$name-second.json"
	client=$pid
	check "$name: $CURLS curls in the flood" curls
	ended "$client" 100
	equal "$name: the second spate's exit status" "$status" 0
	flooded
	report "$name: the second spate: all $COUNT connections in the flood, none failed" \
		"$TMP/$name-second.json" "client.attempted == client.established == client.closed ==
			client.requests == $COUNT and client.failed == 0"
	sums "$name: the second spate" "$TMP/$name-second.json"

	prompt_end 60
	equal "$name: exit status" "$status" 0
	sums "$name: the server" "$TMP/$name.json"
	report "$name: the server: each of them, none failed" "$TMP/$name.json" \
		"server.accepted == server.closed == server.requests == $CURLS + $COUNT + 1 and
			server.failed == 0 and connections.reset == 0"
	# The backlog stays full, so but for the first one each came by a cookie, or out of TIME_WAIT.
	report "$name: by cookies" "$TMP/$name.json" "tcp.syn_cookies_accepted > 0 and
		tcp.syn_cookies_accepted + time_wait.reused == $CURLS + $COUNT and
		tcp.syn_cookies_sent >= 1000 + tcp.syn_cookies_accepted"
	report "$name: of ${sent:-no} SYNs of the flood 64 were kept" "$TMP/$name.json" \
		"tcp.syn_received == 64 + 1 + time_wait.reused"
done

serve no-cookies "$TMP/without.spate"
flood syn_backlog_full
equal "$name: nobody gets in: curl's connect times out" \
	"$(on_host curl -sS -o /dev/null --connect-timeout 4 "http://$WE/" 2>/dev/null; echo $?)" 28
flooded
prompt_end 60
report "$name: only the one before the flood did" "$TMP/$name.json" "tcp.syn_cookies_sent == 0 and
	server.accepted == 1"
finish
