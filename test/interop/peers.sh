#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What ends and what begins in an unusual way, with Linux as the other end, over IPv4 and IPv6:
# nobody listens, half of a connection is closed, both ends do the same at once, one of them is
# gone. Each is driven by hand on both sides (tcp ... at spate's prompt, hand.py), and each side
# is asked what it has seen: spate's prompt, Linux's errors and ss, tshark for the wire.
# Rows: CM-02 CM-03 CM-04 CM-05 CM-06 CM-16 CM-17 OP-07
. "$(dirname "$0")/lib.sh"
need python3 ethtool tshark nft

DELAY=250ms # each way, where both ends act at once; two of them are less than Linux's first RTO

addresses()
{
	we=198.18.0.2 they=198.18.0.1 we_=$we they_=$they ip=ip
	[ "$1" = IPv4 ] || we=2001:2:0:1::2 they=2001:2:0:1::1
	[ "$1" = IPv4 ] || we_="[$we]" they_="[$they]" ip=ipv6
}

# ---- both ends

# One end's view of a connection, by the ports: spate's and Linux's.
ours()   { ask prompt "show conn local $we_:$1 peer $they_:$2" | awk 'NR > 1 && !/^ / { print $1 }'; }
theirs() { on_host ss "-H${family#IPv}tan" "sport = :$2 and dport = :$1" | awk '{ print $1 }'; }
is()     { [ "$("$1" "$2" "$3")" = "$4" ]; }

# both NAME OUR-PORT THEIR-PORT OUR-STATE THEIR-STATE
both()
{
	wait_for 30 is ours "$2" "$3" "$4"
	wait_for 30 is theirs "$2" "$3" "$5"
	equal "$family: $1: spate and Linux say" "$(ours "$2" "$3") $(theirs "$2" "$3")" "$4 $5"
}

number() { sed -n 's/^tcp \([0-9]*\): .*/\1/p' | head -n 1; }

# Over $they:$2 from $we:$1, opened by spate or by Linux: its number in $n, on Linux $l.
connection()
{
	local who=$1

	shift
	l=$family-$1-$2
	if [ "$who" = spate ]; then
		equal "$family: $l: Linux listens" "$(linux "$l-listener" listen $they "$2")" ok
		n=$(ask prompt "tcp connect $they_:$2 from $we_:$1 ${3:-}" | number)
		matches "$family: $l: spate connects" "$(ask prompt "tcp wait $n established")" '^(tcp .*established)?$'
		equal "$family: $l: Linux accepts" "$(linux "$l" accept "$l-listener")" ok
		linux "$l-listener" close >/dev/null
	else
		ask prompt "tcp listen $we_:$1" >/dev/null
		linux "$l" connect $we "$1" $they "$2" >/dev/null
		equal "$family: $l: Linux connects" "$(linux "$l" connected)" ok
		wait_for 30 accepted "$1" "$2"
		n=$(ask prompt 'tcp show' | grep -F " $we_:$1 -> $they_:$2" | number)
		ask prompt "tcp unlisten $we_:$1" >/dev/null
	fi
	both "$l open" "$1" "$2" ESTABLISHED ESTAB
}

accepted() { ask prompt 'tcp show' | grep -Fq " $we_:$1 -> $they_:$2"; }
# told NAME N REGEX: spate has said so of connection N, by itself.
told()     { wait_for 30 said "$2" "$3"; matches "$family: $1" "$(said_of "$2")" "$3"; }
said_of()  { plain <"$TMP/prompt.out" | grep -o "tcp $1: .*"; }
said()     { said_of "$1" | grep -Eq -- "$2"; }
showed()   { ask prompt "tcp show $1" | head -n 1; }

# ---- what is looked at

refused()
{
	n=$(ask prompt "tcp connect $they_:5001 from $we_:4001" | number)
	told 'refused: spate is told' "$n" 'refused$'
	matches "$family: refused: spate shows why" "$(showed "$n")" 'CLOSED .*, refused$'
	equal "$family: refused: nothing is left at either end" "$(ours 4001 5001)$(theirs 4001 5001)" ''
	linux refused connect $we 4002 $they 5002 >/dev/null
	equal "$family: refused: Linux is told" "$(linux refused connected)" ECONNREFUSED
	linux refused close >/dev/null
	equal "$family: refused: nothing is left of Linux's" "$(ours 4002 5002)$(theirs 4002 5002)" ''
}

# half_close OPENER SHUTTER OUR-PORT THEIR-PORT
half_close()
{
	local name="half-close, opened by $1, by $2"

	connection "$1" "$3" "$4"
	if [ "$2" = spate ]; then
		ask prompt "tcp shutdown $n" >/dev/null
		equal "$family: $name: Linux reads the FIN" "$(linux "$l" end)" FIN
		both "$name" "$3" "$4" FIN_WAIT_2 CLOSE-WAIT
		linux "$l" send behind-the-FIN >/dev/null
		told "$name: data still flows" "$n" 'data, 14 bytes: "behind-the-FIN"$'
		linux "$l" close >/dev/null
		both "$name, then by both" "$3" "$4" TIME_WAIT ''
	else
		linux "$l" shutdown >/dev/null
		told "$name: spate reads the FIN" "$n" 'FIN from the peer$'
		both "$name" "$3" "$4" CLOSE_WAIT FIN-WAIT-2
		ask prompt "tcp send $n bytes 100000" >/dev/null
		equal "$family: $name: data still flows" "$(linux "$l" receive 100000)" \
			'100000 bytes of the pattern'
		ask prompt "tcp close $n" >/dev/null
		equal "$family: $name: Linux reads the FIN" "$(linux "$l" end)" FIN
		linux "$l" close >/dev/null
		both "$name, then by both" "$3" "$4" '' TIME-WAIT
	fi
}

# Both connect, and later both close, while the other's segment is on its way.
at_once()
{
	local before states

	ask prompt "port config 0 impair delay $DELAY" >/dev/null
	before=$(wc -l <"$TMP/hand.out")
	printf '%s\n' "tcp connect $they_:5030 from $we_:4030" >&"$prompt"
	printf '%s\n' "crossed-$family connect $we 4030 $they 5030" \
		"crossed-$family states" >&"$hand"
	wait_for 40 more_lines $((before + 1))
	states=$(tail -n 1 "$TMP/hand.out")
	equal "$family: both open: Linux passes through" "$states" 'SYN_SENT SYN_RECV ESTABLISHED'
	n=$(ask prompt 'tcp show' | grep -F " $we_:4030 -> $they_:5030" | number)
	told 'both open: spate is told' "$n" 'established$'
	both 'both open' 4030 5030 ESTABLISHED ESTAB
	linux "crossed-$family" send over-there >/dev/null
	told 'both open: data to spate' "$n" 'data, 10 bytes: "over-there"$'
	ask prompt "tcp send $n over-here" >/dev/null
	equal "$family: both open: data to Linux" "$(linux "crossed-$family" receive 9)" over-here
	wait_for 30 acknowledged 4030 5030
	before=$(wc -l <"$TMP/hand.out")
	printf '%s\n' "tcp close $n" "tcp wait $n closing" >&"$prompt"
	printf '%s\n' "crossed-$family shutdown" "crossed-$family states" >&"$hand"
	wait_for 40 more_lines $((before + 1))
	states=$(tail -n 1 "$TMP/hand.out")
	equal "$family: both close: Linux passes through" "$states" 'FIN_WAIT1 CLOSING CLOSE'
	both 'both close' 4030 5030 TIME_WAIT TIME-WAIT
	equal "$family: both close: spate was CLOSING" "$(grep -c 'tcp wait' "$TMP/prompt.err")" 0
	linux "crossed-$family" close >/dev/null
	ask prompt 'port config 0 impair off' >/dev/null
}

acknowledged() { [ "$(ask prompt "show conn local $we_:$1 peer $they_:$2" | awk 'NR == 2 { print $3 }')" = 0 ]; }

# The process that had the connection is gone, and nothing was said: what comes next draws RST.
restarted()
{
	connection Linux 4040 5040
	ask prompt "tcp forget $n" >/dev/null
	both 'spate has forgotten' 4040 5040 '' ESTAB
	linux "$l" send anybody >/dev/null
	equal "$family: spate has forgotten: Linux is told" "$(linux "$l" error)" ECONNRESET
	both 'spate has forgotten: and so has Linux' 4040 5040 '' ''

	connection spate 4041 5041
	on_host nft 'table inet block { chain out {
		type filter hook output priority 0; tcp sport 5041 drop; }; }'
	on_host ss -K "sport = :5041" >/dev/null 2>&1
	both 'Linux has forgotten' 4041 5041 ESTABLISHED ''
	on_host nft delete table inet block
	ask prompt "tcp send $n anybody" >/dev/null
	told 'Linux has forgotten: spate is told' "$n" 'reset by the peer$'
	matches "$family: Linux has forgotten: spate shows why" "$(showed "$n")" 'CLOSED .*, reset by the peer$'
	both 'Linux has forgotten: and so has spate' 4041 5041 '' ''
}

each_family()
{
	for family in IPv4 IPv6; do
		addresses $family
		"$@"
	done
}

# told_all CASE REGEX: the same, in each family; the numbers are in n_of.
told_all()
{
	for family in IPv4 IPv6; do
		told "$1" "${n_of[$family-$2]}" "$3"
	done
}

remember() { connection "$@"; n_of[$family-$2]=$n; }

# keepalive: who asks whether the other is there, and it is not.
silent()
{
	declare -gA n_of

	each_family remember spate 4050 5050 keepalive
	ip -n "$host" link set tap0 down
	told_all 'Linux has its interface down: spate is told' 4050 'timed out$'
	each_family both 'Linux has its interface down, and knows nothing' 4050 5050 '' ESTAB
	ip -n "$host" link set tap0 up

	capture_start silent "$host" tap0
	each_family remember Linux 4051 5051
	each_family remember Linux 4052 5052
	for family in IPv4 IPv6; do
		linux "$family-4051-5051" keepalive 1 1 5 >/dev/null
		linux "$family-4052-5052" keepalive 1 1 5 >/dev/null
		ask prompt "tcp forget ${n_of[$family-4051]}" >/dev/null
	done
	for family in IPv4 IPv6; do
		equal "$family: spate restarted: Linux's keepalive is told" \
			"$(linux "$family-4051-5051" error)" ECONNRESET
	done
	ask prompt 'port config 0 impair loss 100%' >/dev/null
	for family in IPv4 IPv6; do
		equal "$family: spate is silent: Linux's keepalive is told" \
			"$(linux "$family-4052-5052" error)" ETIMEDOUT
	done
	each_family both 'spate is silent, and knows nothing' 4052 5052 ESTABLISHED ''
	ask prompt 'port config 0 impair off' >/dev/null
	for family in IPv4 IPv6; do
		ask prompt "tcp send ${n_of[$family-4052]} anybody" >/dev/null
	done
	told_all 'spate is heard again, and told' 4052 'reset by the peer$'
	as_it_should silent
}

# SPATE_OPT_USER_TIMEOUT of all connections: data that nobody acknowledges ends it, on time.
user_timeout()
{
	each_family remember spate 4060 5060
	ask prompt 'port config 0 impair loss 100%' >/dev/null
	for family in IPv4 IPv6; do
		ask prompt "tcp send ${n_of[$family-4060]} anybody" >/dev/null
	done
	told_all 'nobody acknowledges: spate gives up by the user timeout' 4060 'timed out$'
	each_family both 'nobody acknowledges' 4060 5060 '' ESTAB
	ask prompt 'port config 0 impair off' >/dev/null
}

# ---- the wire

# as_it_should NAME: what was captured.
as_it_should()
{
	capture_end "$1"
	equal "$1: every checksum of spate's is right" "$(frames "$1" \
		'(ip.src == 198.18.0.2 || ipv6.src == 2001:2:0:1::2) && tcp.checksum.status != 1')" ''
}

# ---- run

network6 net_tap
patient "$host"
hand_start "$host"
cat >"$TMP/peers.spate" <<-END
	port config 0 ip 198.18.0.2/16 ip6 2001:2:0:1::2/64
	set tcp initial-rto 5000
	set tcp loss-probe 0
	set tcp keepalive-idle 500
	set tcp keepalive-interval 300
	set tcp keepalive-count 3
	set tcp user-timeout 4000
END
capture_start peers "$host" tap0
prompt_start prompt "${spate[@]}" -- -i --max-connections=1000 --max-time-wait=1000 --cmdline-file="$TMP/peers.spate" --json="$TMP/peers.json"
for family in IPv4 IPv6; do
	addresses $family
	refused
	half_close spate spate 4010 5010
	half_close spate Linux 4011 5011
	half_close Linux spate 4012 5012
	half_close Linux Linux 4013 5013
	at_once
	restarted
done
as_it_should peers
# Where both open, the SYN+ACK is the SYN again (RFC 9293 figure 7).
nothing_again peers 'tcp.port == 4030 && tcp.flags.syn == 1 && tcp.flags.ack == 1'
silent
user_timeout
prompt_end 30
equal 'exit status' "$status" 0
equal 'not a word of error' "$(cat "$TMP/prompt.err" "$TMP/hand.err" | grep -vE '^(tap_|qdisc_|eth_dev_tap_)')" ''
sums peers "$TMP/peers.json"
report 'peers: counted' "$TMP/peers.json" 'connections.refused == 2 and connections.timed_out == 4'
finish
