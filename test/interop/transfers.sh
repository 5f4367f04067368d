#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Long transfers between spate and Linux: both ways, spate as client and as server, IPv4 and IPv6,
# CUBIC and Reno at Linux's end; over a clean path and over each kind of bad network; small windows,
# receivers that stop reading, many streams at once, HTTP. Every byte is checked, and from spate's
# counters whether what it did was reasonable. How fast it was is said ('info'), never checked.
#
#   LONG=1                   full sizes, every combination, each alone (test/run.sh --long)
#   ONLY=WORD                of the parts below only those with WORD in their names
#   DEVICE=net_af_packet     over that; default net_tap
# Rows: DT-01 DT-02 DT-03 DT-04 DT-05 OP-04
. "$(dirname "$0")/lib.sh"
need python3 nginx curl ethtool

LONG=${LONG:-}
ONLY=${ONLY:-}
DEVICE=${DEVICE:-net_tap}
WE=198.18.0.2 THEY=198.18.0.1
WE6=2001:2:0:1::2 THEY6=2001:2:0:1::1
MB=1000000
memory=(--no-huge --no-shconf -m 512)

info() { echo "info $1"; }

# sized GATE LONG: the one of them that holds.
sized() { if [ -n "$LONG" ]; then echo "$2"; else echo "$1"; fi; }

wanted() { [[ $1 == *$ONLY* ]]; }

# ---- spate, and transfers with it

# done_with CLIENT N: so many of its connections are closed.
done_with() { ask "$part" "show client $1" | grep -Eq "closed $2  "; }

# spate_start NAME LINE...: a prompt, servers for stream at 71 and 100 MB by HTTP at 80. The
# names of what it moves begin with NAME.
spate_start()
{
	part=$1
	shift
	{
		echo "port config 0 ip $WE/16 ip6 $WE6/64"
		printf '%s\n' "$@"
		echo 'server add s port 0 listen *:71 stream verify'
		echo "server add web port 0 listen *:80 http size $((100 * MB))"
		echo 'start all'
	} >"$TMP/$part.spate"
	# Linux has as much patience.
	if [[ "$*" == *"${patience[0]}"* ]]; then
		patient "$host"
	else
		on_host sysctl -qw net.ipv4.tcp_early_retrans=3
		on_host sysctl -qw net.ipv4.tcp_rto_min_us=200000 2>/dev/null
	fi
	prompt_start "$part" "${spate[@]}" -- -i --cmdline-file="$TMP/$part.spate" \
		--json="$TMP/$part.json"
	moving=() n_clients=0
}

spate_end()
{
	prompt_end 60
	equal "$part: exit status" "$status" 0
	sums "$part" "$TMP/$part.json"
	report "$part: no transfer failed" "$TMP/$part.json" 'client.failed == client.stopped ==
		server.failed == server.wrong == 0'
}

# told LINE: at the prompt, and it has no complaint; else a check has failed.
told()
{
	local out

	out=$(ask "$part" "$1")
	[ -z "$out" ] || fail "$part: $1" "$out"
}

# move OUT|IN CLIENT|SERVER 4|6 CONGESTION BYTES [OPTION=VALUE...]: begin a transfer out of spate
# or into it, spate being the client or the server. The option `connections` is for both ends.
next_port=20000
move()
{
	local way=$1 role=$2 version=$3 congestion=$4 bytes=$5 label we=$WE they=$THEY to n=1 option
	local direction

	shift 5
	[ "$version" = 4 ] || we=$WE6 they=$THEY6
	to=$they:$next_port
	[ "$version" = 4 ] || to="[$they]:$next_port"
	for option; do
		[[ $option != connections=* ]] || n=${option#*=}
	done
	label=$way-$role-$version-$congestion-$next_port
	direction=up
	if [ "$role" = client ]; then
		[ "$way" = out ] || direction="down verify"
		start "$label" ip netns exec "$host" python3 "$here/transfer.py" listen \
			"${direction% *}" $they $next_port "$bytes" congestion=$congestion "$@"
		moving+=("$label $pid")
		wait_for 30 listening $next_port || fail "$part: $label listens" "$(cat "$TMP/$label.err")"
		told "client add c$next_port port 0 from $we to $to stream direction $direction bytes $bytes \
concurrency $n count $n"
		told "start c$next_port"
	else
		[ "$way" = in ] || direction=down
		start "$label" ip netns exec "$host" python3 "$here/transfer.py" connect \
			$direction $we 71 "$bytes" congestion=$congestion "$@"
		moving+=("$label $pid")
	fi
	next_port=$((next_port + 1))
}

# moved LIMIT WHAT: until all that was begun has ended, and its bytes were the right ones. Linux's
# goodput in ${goodput}, a number each in Mbit/s, what it has sent again in $again.
moved()
{
	local label p

	goodput='' again=0
	for p in "${moving[@]}"; do
		label=${p% *}
		ended "${p#* }" "$1"
		if [ "$status" = 0 ]; then
			ok "$part: $2: ${label%-*}"
		else
			fail "$part: $2: ${label%-*}" "status $status, $(cat "$TMP/$label.err")
				$(ask "$part" 'show conn details' | head -8)"
		fi
		goodput+=" $(awk '{ b += $1; if ($2 > s) s = $2 }
			END { if (s > 0) printf "%.0f", b * 8 / s / 1e6; else print "none" }' "$TMP/$label.out")"
		again=$((again + $(awk '{ n += $3 } END { print n + 0 }' "$TMP/$label.out")))
	done
	moving=()
	ask "$part" 'show tcp stats' >"$TMP/$part.stats"
	on_host nstat -z >"$TMP/$part.nstat"
}

# Since the last 'clear stats', as moved() saw it: one of spate's counters.
counter()
{
	awk -v name="$1" '$2 == name { gsub(",", "", $1); n = $1 } END { print n + 0 }' "$TMP/$part.stats"
}

# numbers NAME...: the counters in an arithmetic expression's variables.
numbers()
{
	local c

	for c; do
		printf -v "$c" %s "$(counter "$c")"
	done
}

# plausible WHAT EXPRESSION: of these counters, and of `again`, which is Linux's.
plausible()
{
	numbers retransmits rto_fired fast_retransmits loss_probes tx_segments out_of_order \
		sack_sent dsack_sent unacceptable_seq drop_l4_checksum persist_probes recoveries_undone
	# shellcheck disable=SC2034
	local recoveries=$((fast_retransmits + loss_probes))

	if (($2)); then
		ok "$part: $1"
	else
		fail "$part: $1" "$2 is not so: $(tr -s ' ' <"$TMP/$part.stats" | cut -d' ' -f2,3 |
			tr '\n' ',')"
	fi
}

network6 "$DEVICE"
# A queue for a whole window: what a port does not take is lost, and no fault of TCP's.
ip -n "$host" link set "$device_of_host" txqueuelen 10000
# Two windows fit into what an impairment holds.
window=4194304
on_host sysctl -qw net.ipv4.tcp_rmem="4096 131072 $window"
# Where nothing is lost: who has to wait for a CPU has not lost anything either, and there is no
# timeout for that, at Linux's end neither. A loss probe of ours may still be due.
patience=('set tcp min-rto 10000' 'set tcp initial-rto 10000')
nothing_lost='retransmits <= loss_probes && fast_retransmits == 0 && rto_fired == 0'

# ---- the parts

# Two at once in the gate, spate being the client of one and the server of the other; which families
# and which congestion control, that goes round. With LONG all of them, one after the other.
turn=0
gate_pairs=('client 4 cubic,server 6 reno' 'client 6 reno,server 4 cubic'
	'client 4 reno,server 6 cubic' 'client 6 cubic,server 4 reno')
pairs()
{
	local role version congestion

	if [ -z "$LONG" ]; then
		echo "${gate_pairs[$1 % 4]}"
		return
	fi
	for role in client server; do
		for version in 4 6; do
			for congestion in cubic reno; do
				echo "$role $version $congestion"
			done
		done
	done
}

# transfers WHAT WAY BYTES PLAUSIBLE-WHAT PLAUSIBLE: the pairs, of BYTES each; then the counters.
transfers()
{
	local pair one

	while read -r pair; do
		told 'clear stats'
		while read -r one; do
			# shellcheck disable=SC2086
			move "$2" $one "$3"
		done <<<"${pair//,/$'\n'}"
		moved 150 "$1 $2"
		info "$part $2: ${pair//,/ and }:$goodput Mbit/s; sent again: spate $(counter \
			retransmits) in $(counter fast_retransmits) recoveries, $(counter \
			loss_probes) probes, $(counter rto_fired) timeouts; Linux $again"
		plausible "$1 $2: $4" "$5"
	done < <(pairs $turn)
}

# impaired KIND IMPAIRMENT BYTES LONG-BYTES OUT IN: the same over a bad network, and what spate's
# counters must say after transfers out and in; settings.
impaired()
{
	wanted "impaired-$1" || return
	spate_start "impaired-$1" "set tcp receive-buffer $window" "${@:7}"
	told "port config 0 impair $2 seed $((turn + 7))"
	transfers "$1" out "$(sized "$3" "$4")" 'what was sent again' "$5"
	transfers "$1" in "$(sized "$3" "$4")" 'what came' "$6"
	told 'port config 0 impair off'
	spate_end
	turn=$((turn + 1))
}

if wanted clean; then
	spate_start clean "set tcp receive-buffer $window" "${patience[@]}"
	transfers clean out "$(sized $((100 * MB)) $((1 << 30)))" 'nothing was sent again' \
		"$nothing_lost && out_of_order == 0"
	turn=1
	transfers clean in "$(sized $((100 * MB)) $((1 << 30)))" 'nothing came twice or out of order' \
		'out_of_order == 0 && dsack_sent == 0 && sack_sent == 0 && retransmits == 0'
	spate_end
fi

lost='retransmits > 0 && recoveries > 0 && rto_fired * 5 <= retransmits + 25'
holes='out_of_order > 0 && sack_sent > 0 && retransmits <= 5'
impaired loss-0.1 'loss 0.1%' $((100 * MB)) $((1 << 30)) "$lost" "$holes"
impaired loss-1 'loss 1%' $((40 * MB)) $((200 * MB)) "$lost && retransmits * 20 < tx_segments" "$holes"
impaired loss-5 'loss 5%' $((6 * MB)) $((20 * MB)) "$lost && retransmits * 5 < tx_segments" "$holes"
# What overtakes is no loss; who takes it for one learns (RFC 8985 6.2), and so stops doing it.
impaired reorder 'reorder 1%' $((40 * MB)) $((200 * MB)) \
	'rto_fired <= 5 && retransmits * 50 < tx_segments' 'out_of_order > 0 && dsack_sent >= 0'
# The second of two draws an ACK of what is there already: no reason to send anything again.
impaired duplicate 'duplicate 1%' $((40 * MB)) $((200 * MB)) \
	"$nothing_lost" 'unacceptable_seq + dsack_sent > 0' "${patience[@]}"
impaired corrupt 'corrupt 1%' $((40 * MB)) $((200 * MB)) "$lost && retransmits * 20 < tx_segments" \
	"$holes && drop_l4_checksum > 0"
impaired delay 'delay 50ms' $((40 * MB)) $((200 * MB)) "$nothing_lost" "$nothing_lost" "${patience[@]}"
if [ -n "$LONG" ]; then
	impaired loss-and-delay 'loss 1% delay 10ms' 0 $((20 * MB)) "$lost" "$holes"
	impaired reorder-and-delay 'reorder 1% delay 10ms' 0 $((20 * MB)) 1 'out_of_order > 0'
	impaired everything 'loss 1% delay 1ms reorder 0.5% duplicate 0.5% corrupt 0.1%' 0 \
		$((20 * MB)) "$lost" "$holes"
fi

# A path that becomes longer than any timeout: what is on its way is not lost, and does not go again.
under_way() # so many segments have been sent
{
	ask "$part" 'show tcp stats' >"$TMP/$part.stats"
	[ "$(counter tx_segments)" -ge 1500 ]
}

if wanted longer; then
	spate_start longer "set tcp receive-buffer $window"
	told 'port config 0 impair delay 10ms'
	move out client 4 cubic "$(sized $((20 * MB)) $((200 * MB)))"
	check 'longer: it is under way' wait_for 30 under_way
	told 'port config 0 impair delay 400ms'
	moved 150 'a path that becomes longer'
	info "$part:$goodput Mbit/s"
	plausible 'the timeout is taken back, and little sent again' \
		'rto_fired >= 1 && recoveries_undone >= 1 && retransmits <= rto_fired + loss_probes + 20'
	told 'port config 0 impair off'
	spate_end
fi

# Windows of a few segments: each way as fast as the other end takes it, and no faster.
if wanted small; then
	spate_start small-window 'set tcp receive-buffer 4096' "${patience[@]}"
	while read -r one; do
		# shellcheck disable=SC2086
		move in $one "$(sized $((2 * MB)) $((20 * MB)))"
		# shellcheck disable=SC2086
		move out $one "$(sized $((2 * MB)) $((20 * MB)))" receive-buffer=4096
	done < <(turn=0 LONG='' pairs 0 | tr ',' '\n')
	moved 150 'few segments at a time'
	info "$part:$goodput Mbit/s"
	plausible 'nothing is taken for lost' "$nothing_lost"
	spate_end
fi

# A receiver that does not read for ten seconds: the window closes, probes find it closed, and
# when it opens the rest comes. Linux's, and at the same time ours ('hold').
all_read() # N BYTES: of connection N by hand they have been read by now, in $n_read with the others.
{
	local n

	n=$(ask "$part" "tcp read $1" | sed -n 's/^tcp [0-9]*: read, \([0-9]*\) bytes*$/\1/p')
	n_read=$((n_read + ${n:-0}))
	[ $n_read -ge "$2" ]
}
# Bytes that wait to be read, where the window has no room for a segment.
unread() { ask "$part" "tcp show $1" | sed -En 's/^    receive .* wnd [0-9]{1,3} .* unread ([0-9]+)$/\1/p'; }
full()   { [ "$(unread "$1")" -gt 0 ]; }

if wanted stop; then
	bytes=$(sized $((2 * MB)) $((20 * MB)))
	spate_start stop 'set tcp receive-buffer 65536' 'set tcp min-rto 1000'
	ask stop 'tcp listen 5555 hold' >/dev/null
	move out client 4 cubic $((20 * MB)) stop=10
	move out server 6 reno $((20 * MB)) stop=10
	start in-server-6-0 ip netns exec "$host" python3 "$here/transfer.py" connect up $WE6 5555 "$bytes"
	moving+=("in-server-6-0 $pid")
	matches 'stop: Linux connects' "$(ask stop 'tcp wait accepted timeout 30')" '^tcp 1: accepted '
	start in-client-4-0 ip netns exec "$host" python3 "$here/transfer.py" listen down $THEY 5556 "$bytes"
	moving+=("in-client-4-0 $pid")
	wait_for 30 listening 5556 || fail 'stop: Linux listens' "$(cat "$TMP/in-client-4-0.err")"
	ask stop "tcp connect $THEY:5556 hold" >/dev/null
	ask stop 'tcp wait 2 ESTABLISHED timeout 30' >/dev/null
	told "tcp send 2 down $bytes\\n"
	for n in 1 2; do
		check "stop: connection $n has a closed window" wait_for 30 full $n
		fits[n]=$(unread $n)
	done
	ask stop 'wait 10000' >/dev/null
	for n in 1 2; do
		check "stop: connection $n: it stays closed" [ "$(unread $n)" -lt $((fits[n] + 1000)) ]
		n_read=0
		wait_for 60 all_read $n "$bytes"
		equal "stop: connection $n: all of it in the end" "$n_read" "$bytes"
		told "tcp close $n"
	done
	moved 150 'who does not read for 10 s'
	info "$part:$goodput Mbit/s"
	# The byte of a probe that was refused is sent again when the window opens.
	plausible 'closed windows were probed, nothing was taken for lost' \
		'retransmits <= loss_probes + persist_probes && fast_retransmits == 0 && rto_fired == 0 &&
			persist_probes >= 2 && persist_probes < 100'
	spate_end
fi

# Many at once, both ways and in both roles.
if wanted parallel; then
	spate_start parallel "${patience[@]}"
	bytes=$(sized $((5 * MB)) $((100 * MB)))
	move out client 4 cubic "$bytes" connections=16
	move in client 6 reno "$bytes" connections=16
	for i in 0 1 2 3; do
		move out server 6 cubic "$bytes"
		move in server 4 reno "$bytes"
	done
	moved 300 '40 streams at once'
	info "$part: $goodput Mbit/s"
	plausible 'nothing is taken for lost' "$nothing_lost"
	spate_end
fi

# ---- HTTP

if wanted http; then
	nginx_start
	bytes=$(sized $((10 * MB)) $((100 * MB)))
	pattern "$bytes" >"$TMP/www/big"
	spate_start http
	told "client add big port 0 from $WE to $THEY:80 http path /big size $bytes verify concurrency 64 count 64"
	told 'start big'
	wait_for "$(sized 60 600)" done_with big 64
	matches "http: nginx, $bytes bytes to 64 at once" "$(ask http 'show client big')" \
		'closed 64  failed 0 .* responses 64'
	pattern $((100 * MB)) | sha256sum >"$TMP/wanted"
	for address in $WE "[$WE6]"; do
		equal "http: curl has 100 MB of $address's" "$(on_host curl -gsS -m 120 "http://$address/" |
			sha256sum)" "$(cat "$TMP/wanted")"
	done
	spate_end
	nginx_stop
fi
finish
