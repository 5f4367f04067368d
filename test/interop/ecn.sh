#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Explicit congestion notification with Linux, over IPv4 and IPv6: agreed on whoever opens; a router
# in between marks data, the other end says so until it hears CWR, and whoever sent the data halves
# its window once; seen on the wire behind the router, and counted.
# Rows: OP-09
. "$(dirname "$0")/lib.sh"
need ethtool tshark python3 nft

ECN=${ECN:-on} # off makes the checks fail
BYTES=300000
SIZE=1000000

addresses()
{
	family=$1
	if [ "$1" = IPv4 ]; then
		we=198.18.0.2 they=198.19.1.2 we_=$we they_=$they from=ip.src
	else
		we=2001:2:0:1::2 they=2001:2:0:4::2 we_="[$we]" they_="[$they]" from=ipv6.src
	fi
}

# marking WHICH: of each direction's data, on its own; these packets.
marking()
{
	on_host nft "
		table inet marks
		delete table inet marks
		table inet marks { chain forward {
			type filter hook forward priority 0
			ip saddr 198.18.0.2 ip ecn ect0 numgen inc $1 ip ecn set ce
			ip daddr 198.18.0.2 ip ecn ect0 numgen inc $1 ip ecn set ce
			ip6 saddr 2001:2:0:1::2 ip6 ecn ect0 numgen inc $1 ip6 ecn set ce
			ip6 daddr 2001:2:0:1::2 ip6 ecn ect0 numgen inc $1 ip6 ecn set ce
		}; }"
}

number()  { sed -n 's/^tcp \([0-9]*\): .*/\1/p' | head -n 1; }
counter() { ask prompt 'show tcp stats' | tr -d , | awk -v name="$1" '$2 == name { n = $1 } END { print n + 0 }'; }
# What Linux says of a connection, by spate's port.
theirs()  { on_far ss "-H${family#IPv}tino" "dport = :$1 or sport = :$1"; }
by_hand() { ask prompt 'tcp show' | grep -F " $we_:$1 -> $they_:$2" | number; }
here_too() { [ -n "$(by_hand "$@")" ]; }
# What spate shows of one: the name in front of the value.
shown()   { ask prompt "tcp show $n" | grep -o "$1 [0-9a-z]*" | head -n 1; }
received() { [ "$(counter rx_bytes)" -ge "$1" ]; }

# exchange NAME PORT: on connection $n, which Linux calls $l: each sends, and has one segment marked.
exchange()
{
	local cuts marks before name="$family: $1"

	matches "$name: Linux says it is agreed" "$(theirs "$2")" ' ecn '
	cuts=$(counter ecn_cuts) marks=$(counter ecn_ce) before=$(counter rx_bytes)
	equal "$name: no limit to the window at first" "$(shown ssthresh)" 'ssthresh none'
	ask prompt "tcp send $n bytes $BYTES" >/dev/null
	equal "$name: Linux has what spate sent" "$(linux "$l" receive $BYTES)" \
		"$BYTES bytes of the pattern"
	equal "$name: spate halved its window, once" "$(counter ecn_cuts)" $((cuts + 1))
	matches "$name: which is its limit now" "$(shown ssthresh)" '^ssthresh [1-9][0-9]*$'
	equal "$name: Linux sends" "$(linux "$l" bytes $BYTES)" ok
	check "$name: spate has what Linux sent" wait_for 30 received $((before + BYTES))
	equal "$name: spate saw the mark" "$(counter ecn_ce)" $((marks + 1))
	matches "$name: Linux saw marks too" "$(theirs "$2")" ' ecnseen '
	equal "$name: Linux sent nothing again" "$(theirs "$2" | grep -o ' retrans:[^ ]*')" ''
	linux "$l" close >/dev/null
	ask prompt "tcp close $n" >/dev/null
}

both_open()
{
	local f

	for f in IPv4 IPv6; do
		addresses $f
		marking 'mod 1000000 == 20'
		equal "$family: Linux listens" "$(linux "listen-$f" listen "$they" 25001)" ok
		n=$(ask prompt "tcp connect $they_:25001 from $we_:24001" | number)
		l=$f-spate
		equal "$family: spate opens: Linux accepts" "$(linux "$l" accept "listen-$f")" ok
		exchange 'spate opens' 24001
		marking 'mod 1000000 == 20'
		ask prompt "tcp listen $we_:24002" >/dev/null
		l=$f-linux
		linux "$l" connect "$we" 24002 "$they" 25002 >/dev/null
		equal "$family: Linux opens: it is connected" "$(linux "$l" connected)" ok
		wait_for 30 here_too 24002 25002
		n=$(by_hand 24002 25002)
		exchange 'Linux opens' 24002
	done
}

# Many marks, both ways at once.
echoes()
{
	local f

	marking 'mod 40 == 20'
	for f in IPv4 IPv6; do
		addresses $f
		check "$family: echo of $SIZE bytes, one segment in 40 marked" on_far \
			python3 "$here/peer.py" echo "$we" 7 $SIZE
	done
}

# flags NAME FILTER WANTED: of the handshakes in these words, ECE and CWR, each on its own.
flags()
{
	equal "$family: $1" "$(tshark -r "$TMP/near.pcapng" -Y "$2" -T fields -e tcp.flags.ece \
		-e tcp.flags.cwr 2>/dev/null | tr -d '\t' | sort | uniq -c | xargs)" "$3"
}

seen_on_the_wire()
{
	local f syn='tcp.flags.syn == 1 && tcp.flags.ack == 0' syn_ack='tcp.flags.syn == 1 && tcp.flags.ack == 1'

	for f in IPv4 IPv6; do
		addresses $f
		flags "spate's SYN offers" "$syn && $from == $we" '1 11'
		flags "Linux's SYN+ACK agrees" "$syn_ack && $from == $they" '1 10'
		flags "Linux's SYNs offer" "$syn && $from == $they" '2 11'
		flags "spate's SYN+ACKs agree" "$syn_ack && $from == $we" '2 10'
		# Behind the router is, of what spate sends, where Linux is.
		for port in 25001 25002; do
			check "$family: marked on the way to Linux, port $port" marks far "$we" $port 1
			check "$family: marked on the way to spate, port $port" marks near "$they" $port 1
		done
		check "$family: many marked on the way to Linux" marks far "$we" 7
		check "$family: many marked on the way to spate" marks near "$they" 7
	done
}

# marks CAPTURE SENDER PORT [MOST]
marks()
{
	local capture=$1

	shift
	tshark -r "$TMP/$capture.pcapng" -Y "$from == $we || $from == $they" -w "$TMP/one.pcapng" 2>/dev/null
	python3 "$here/marks.py" "$TMP/one.pcapng" "$@"
}

cat >"$TMP/ecn.spate" <<-END
	set tcp ecn $ECN
	set tcp loss-probe 0
	port config 0 ip 198.18.0.2/16 gateway 198.18.0.1 ip6 2001:2:0:1::2/64 gateway6 2001:2:0:1::1
	server add echo port 0 listen *:7 echo
	start echo
END
routed 1500
patient "$far"
on_far sysctl -qw net.ipv4.tcp_ecn=1
hand_start "$far"
capture_start near "$host" tap0
capture_start far "$far" wire4
prompt_start prompt "${spate[@]}" -- -i --max-connections=1000 --max-time-wait=1000 \
	--cmdline-file="$TMP/ecn.spate" --json="$TMP/ecn.json"
both_open
echoes
prompt_end 30
equal 'exit status' "$status" 0
sums ecn "$TMP/ecn.json"
report 'ecn: marks are no losses' "$TMP/ecn.json" 'tcp.retransmits == 0 and tcp.rto_fired == 0 and
	tcp.ecn_cuts > 4 and tcp.ecn_ce > 4'
capture_end near
capture_end far
nothing_again near
nothing_again far
seen_on_the_wire
finish
