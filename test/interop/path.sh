#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Two routers with a narrow link in between, over IPv4 and IPv6: what does not fit draws an ICMP
# error, each way its own, and both ends find the size that fits; and where the errors are
# dropped, spate finds a smaller one by itself. Linux forwards, and is the other end. In the first
# run one end has data to send at a time, so that it learns alone; in the second both send on one
# connection; in the third nobody is told.
# Rows: PM-01 PM-02 PM-05 PM-06
. "$(dirname "$0")/lib.sh"
need nginx curl ethtool tshark python3 nft

MTU=${MTU:-1300} # another one makes the checks fail
LINK=1300
SIZE=1000000
peer="python3 $here/peer.py"

addresses()
{
	family=$1
	if [ "$1" = IPv4 ]; then
		we=198.18.0.2 far_=198.19.1.2 url=$we from=ip.src
		# RFC 792, RFC 4443; the headers without options, and a step of RFC 4821's search
		too_big='icmp.type == 3 && icmp.code == 4' headers=40 step=1024
	else
		we=2001:2:0:1::2 far_=2001:2:0:4::2 url="[$we]" from=ipv6.src
		too_big='icmpv6.type == 2' headers=60 step=1220
	fi
}

each_family()
{
	local f

	for f in IPv4 IPv6; do
		addresses $f
		"$@"
	done
}

cat >"$TMP/path.spate" <<-END
	port config 0 ip 198.18.0.2/16 gateway 198.18.0.1 ip6 2001:2:0:1::2/64 gateway6 2001:2:0:1::1
	server add web port 0 listen *:80 http size $SIZE
	server add echo port 0 listen *:7 echo
	client add IPv4 port 0 from 198.18.0.2 to 198.19.1.2:80 path /body size $SIZE verify count 1
	client add IPv6 port 0 from 2001:2:0:1::2 to [2001:2:0:4::2]:80 path /body size $SIZE verify count 1
	start web
	start echo
END

# run NAME: a fresh spate, that knows nothing of any path. Nor does Linux.
run()
{
	run=$1
	on_far ip route flush cache
	on_far ip -6 route flush cache
	capture_start "$run-near" "$host" tap0
	capture_start "$run-far" "$far" wire4
	prompt_start prompt "${spate[@]}" -- -i --max-connections=1000 --max-time-wait=1000 \
		--cmdline-file="$TMP/path.spate" --json="$TMP/$run.json"
	each_family reached
}

reached() { check "$run: $family: the other end is there" wait_for 30 on_far ping -q -c 1 -W 1 "$we"; }

run_end()
{
	prompt_end 30
	equal "$run: exit status" "$status" 0
	sums "$run" "$TMP/$run.json"
	capture_end "$run-near"
	capture_end "$run-far"
}

fetched() { on_far curl -gsS -m 60 -o "$TMP/got-$family" "http://$url/" && cmp "$TMP/got-$family" "$TMP/body"; }
counter() { ask prompt 'show tcp stats' | tr -d , | awk -v name="$1" '$2 == name { n = $1 } END { print n + 0 }'; }
cached()  { on_far ip route get "$we" | grep -o 'mtu [0-9]*'; }
seen()    { frames "$@" | wc -l; }
# Segments that the link does not take, and that just fit; by their frames.
long="tcp && frame.len > $((LINK + 14))"
full="tcp && frame.len == $((LINK + 14))"

# ---- each way on its own

# spate sends first, and learns. fetches TIMES: so many are known by then.
fetches()
{
	check "$run: $family: Linux's client has the exact body" fetched
	equal "$run: $family: spate was told once" "$(counter icmp_path_mtu)" "$1"
	equal "$run: $family: and Linux learns nothing by that" "$(cached)" ''
}

# Known to the next connection: nothing long is sent, so nobody has to say anything.
fetches_again()
{
	local ignored

	ignored=$(counter icmp_ignored)
	check "$run: $family: Linux's client has it again" fetched
	equal "$run: $family: this time nobody says anything" \
		"$(counter icmp_path_mtu) $(counter icmp_ignored)" "2 $ignored"
}

# Linux sends, and learns.
fetches_back()
{
	ask prompt "start $family" >/dev/null
	check "$run: $family: spate's client has the exact body" wait_for 60 done_with "$family"
	equal "$run: $family: Linux was told" "$(cached)" "mtu $LINK"
	equal "$run: $family: and spate heard nothing of it" "$(counter icmp_path_mtu)" 2
}

done_with() { ask prompt "show client $1" | grep -q 'closed 1  failed 0  open 0'; }

# What the wires have seen of it: spate's two bodies, and Linux's one.
sizes()
{
	local sent

	sent=$(seen "$run-near" "$from == $we && $long")
	check "$run: $family: spate sent segments that were too long" [ "$sent" -gt 0 ]
	check "$run: $family: but none beyond the first window" [ "$sent" -le 10 ]
	equal "$run: $family: and none of them a second time" "$sent" \
		"$(tshark -r "$TMP/$run-near.pcapng" -Y "$from == $we && $long" -T fields -e tcp.seq \
			-e tcp.stream 2>/dev/null | sort -u | wc -l)"
	check "$run: $family: a router said so to spate" \
		[ "$(seen "$run-near" "$too_big && tcp.srcport == 80")" -gt 0 ]
	check "$run: $family: then its segments just fit" \
		[ "$(seen "$run-far" "$from == $we && $full")" -ge $((2 * SIZE / (LINK - headers))) ]
	check "$run: $family: Linux sent segments that were too long" \
		[ "$(seen "$run-far" "$from == $far_ && $long")" -gt 0 ]
	check "$run: $family: a router said so to Linux" \
		[ "$(seen "$run-far" "$too_big && tcp.srcport == 80")" -gt 0 ]
	check "$run: $family: then its segments just fit" \
		[ "$(seen "$run-near" "$from == $far_ && $full")" -gt $((SIZE / LINK / 2)) ]
}

each_way()
{
	run each-way
	addresses IPv4
	fetches 1
	addresses IPv6
	fetches 2
	each_family fetches_again
	each_family fetches_back
	run_end
	# What was too long goes again at once, and nothing was lost to congestion.
	report "$run: no timeout, no loss" "$TMP/$run.json" 'tcp.rto_fired == 0 and
		tcp.fast_retransmits == 0 and tcp.black_holes == 0 and tcp.retransmits > 0'
	each_family sizes
}

# ---- both ways on one connection, each end with its own error

echoes()
{
	equal "$run: $family: Linux knows nothing at first" "$(cached)" ''
	check "$run: $family: echo of $SIZE bytes" on_far $peer echo "$we" 7 $SIZE
	equal "$run: $family: Linux was told" "$(cached)" "mtu $LINK"
}

both_ways()
{
	run both-ways
	each_family echoes
	run_end
	report "$run: spate was told, once over each family" "$TMP/$run.json" \
		'tcp.icmp_path_mtu == 2 and tcp.rto_fired == 0 and tcp.black_holes == 0'
}

# ---- a black hole

begun()
{
	start "hole-$family" ip netns exec "$far" curl -gsS -m 60 -o "$TMP/got-$family" "http://$url/"
	curl_of[$family]=$pid
}

came()
{
	ended "${curl_of[$family]}" 60
	equal "$run: $family: curl's exit status" "$status" 0
	check "$run: $family: it has the exact body" cmp "$TMP/got-$family" "$TMP/body"
}

comes_again() { check "$run: $family: Linux's client has it again" fetched; }

holes()
{
	equal "$run: $family: nobody said why" "$(seen "$run-near" "$too_big")" 0
	check "$run: $family: spate sent segments that were too long" \
		[ "$(seen "$run-near" "$from == $we && $long")" -gt 0 ]
	equal "$run: $family: and none of them arrived" "$(seen "$run-far" "$from == $we && $long")" 0
	check "$run: $family: those of the next size did" [ "$(seen "$run-far" \
		"$from == $we && frame.len == $((step + headers + 14))")" -ge $((2 * SIZE / step)) ]
}

# dropped: how many errors the router had to keep to itself.
dropped() { on_host nft list counter inet hole errors | sed -n 's/.*packets \([0-9]*\).*/\1/p'; }

black_hole()
{
	declare -gA curl_of

	on_host nft 'table inet hole {
		counter errors { }
		chain out {
			type filter hook output priority 0
			icmp type destination-unreachable counter name errors drop
			icmpv6 type packet-too-big counter name errors drop
		}
	}'
	run black-hole
	each_family begun
	each_family came
	equal "$run: spate has found one over each family" "$(counter black_holes)" 2
	each_family comes_again
	equal "$run: which the next connections know of" "$(counter black_holes)" 2
	check "$run: the router did keep it to itself" [ "$(dropped)" -gt 0 ]
	on_host nft delete table inet hole
	run_end
	report "$run: it took timeouts" "$TMP/$run.json" 'tcp.icmp_path_mtu == 0 and
		tcp.rto_fired >= 6 and tcp.path_raised == 0 and server.failed == 0'
	each_family holes
}

pattern $SIZE >"$TMP/body"
routed "$MTU"
nginx_start "$far"
cp "$TMP/body" "$TMP/www/body"
each_way
both_ways
black_hole
finish
