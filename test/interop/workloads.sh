#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The workloads rr, stream and hold, and discard and echo: over the embedded wire, between two
# processes, and against Linux both ways; what is sent is checked to the byte, what is wrong is
# seen, and whenever a run is ended everything is closed in order and the sums agree.
# Rows: CM-03 CM-04
. "$(dirname "$0")/lib.sh"
. "$here/pair.sh"
need python3 nc ethtool

WE=198.18.0.2
THEY=198.18.0.1
bulk=$here/bulk.py

commands() { cat >"$1"; } # FILE: a command file from standard input

# run NAME ARGUMENT...: spate with $TMP/NAME.spate; its report in $TMP/NAME.json.
run()
{
	local name=$1

	shift
	start "$name" "$SPATE" --file-prefix="spate-$$-$name" -- --cmdline-file="$TMP/$name.spate" \
		--json="$TMP/$name.json" "$@"
	ended "$pid" 120
	equal "$name: exit status" "$status" 0
	sums "$name" "$TMP/$name.json"
	equal "$name: not a word of error" "$(cat "$TMP/$name.err")" ''
}

wire='port config 0 ip 198.18.0.1/15
port config 1 ip 198.19.0.1/15'
good='client.failed == client.stopped == server.failed == server.wrong == 0'

# ---- one process, the embedded wire

# Of each kind of size: less than a segment, more than the block the pattern is sent from.
name=rr
commands "$TMP/$name.spate" <<-END
	$wire
	server add rr port 1 listen 198.19.0.1:70 rr verify
	server add echo port 1 listen 198.19.0.1:7 echo
	client add tiny port 0 from 198.18.0.1 ports 10000-19999 to 198.19.0.1:70 rr request-size 1 \
		response-size 1 requests 100 verify count 50
	client add down port 0 from 198.18.0.1 ports 20000-29999 to 198.19.0.1:70 rr request-size 7 \
		response-size 3000000 requests 3 verify concurrency 2 count 4
	client add up port 0 from 198.18.0.1 ports 30000-39999 to 198.19.0.1:70 rr request-size 3000000 \
		response-size 7 requests 3 verify concurrency 2 count 4
	client add think port 0 from 198.18.0.1 ports 40000-49999 to 198.19.0.1:70 rr requests 5 \
		think 1500us verify count 50
	client add plain port 0 from 198.18.0.1 ports 50000-59999 to 198.19.0.1:7 rr plain \
		request-size 5000 response-size 5000 requests 10 verify count 50
	start all
END
run $name --duration=100
report "$name: every connection, every response" "$TMP/$name.json" "client.closed == 158 and
	client.requests == 50 * 100 + 12 + 12 + 250 + 500 and server.requests == 5274 and $good"
report "$name: what echo has sent back" "$TMP/$name.json" \
	'server.bytes_up == server.bytes_down == 50 * 10 * 5000'
report "$name: responses have a time" "$TMP/$name.json" \
	'0 < client.response_ns.p50 <= client.response_ns.p99 <= client.response_ns.max'

name=rr-reset
commands "$TMP/$name.spate" <<-END
	$wire
	server add rr port 1 listen 198.19.0.1:70 rr verify
	client add a port 0 from 198.18.0.1 to 198.19.0.1:70 rr requests 3 verify close reset count 200
	start all
END
run $name --duration=100
report "$name: each by RST" "$TMP/$name.json" 'client.closed == 200 and client.failed == 0 and
	client.requests == 600 and connections.reset == 400 and time_wait.entered == 0'

name=stream
commands "$TMP/$name.spate" <<-END
	$wire
	server add s port 1 listen 198.19.0.1:71 stream verify
	server add d port 1 listen 198.19.0.1:9 discard verify
	client add up port 0 from 198.18.0.1 ports 10000-19999 to 198.19.0.1:71 stream direction up \
		bytes 10000001 concurrency 3 count 6
	client add down port 0 from 198.18.0.1 ports 20000-29999 to 198.19.0.1:71 stream \
		direction down bytes 10000001 verify concurrency 3 count 6
	client add both port 0 from 198.18.0.1 ports 30000-39999 to 198.19.0.1:71 stream \
		direction both bytes 10000001 verify concurrency 3 count 6
	client add one port 0 from 198.18.0.1 ports 40000-49999 to 198.19.0.1:71 stream \
		direction both bytes 1 verify count 100
	client add discard port 0 from 198.18.0.1 to 198.19.0.1:9 stream bytes 10000001 count 2
	start all
END
run $name --duration=100
report "$name: every byte, both ways" "$TMP/$name.json" "client.closed == 120 and $good and
	client.bytes_up == server.bytes_up == 14 * 10000001 + 100 and
	client.bytes_down == server.bytes_down == 12 * 10000001 + 100"
report "$name: goodput is bytes by time" "$TMP/$name.json" '
	abs(client.gbit_s_up * duration_s - client.bytes_up * 8e-9) < 1e-6 and
	abs(server.gbit_s_down * duration_s - server.bytes_down * 8e-9) < 1e-6'

# For a time; and a thousand at once, more than have two parts of the block each.
name=stream-for
commands "$TMP/$name.spate" <<-END
	$wire
	server add s port 1 listen 198.19.0.1:71 stream verify
	client add up port 0 from 198.18.0.1 ports 10000-19999 to 198.19.0.1:71 stream for 100ms \
		count 3
	client add down port 0 from 198.18.0.1 ports 20000-29999 to 198.19.0.1:71 stream \
		direction down for 100ms verify count 3
	client add both port 0 from 198.18.0.1 ports 30000-39999 to 198.19.0.1:71 stream \
		direction both for 100ms verify count 3
	client add many port 0 from 198.18.0.1 ports 40000-49999 to 198.19.0.1:71 stream \
		direction both bytes 20000 verify concurrency 1500 count 1500
	start all
END
run $name --duration=100
report "$name: what one end has sent the other has" "$TMP/$name.json" "client.closed == 1509 and
	client.bytes_up == server.bytes_up > 30000000 and
	client.bytes_down == server.bytes_down > 30000000 and $good"

name=hold
commands "$TMP/$name.spate" <<-END
	$wire
	server add rr port 1 listen 198.19.0.1:70 rr verify
	server add d port 1 listen 198.19.0.1:9 discard verify
	client add asks port 0 from 198.18.0.1-198.18.0.4 ports 10000-29999 to 198.19.0.1:70 hold \
		open-at-once 30000 keep 500ms every 100ms request-size 30 response-size 3000 verify
	client add mute port 0 from 198.18.0.1 ports 30000-39999 to 198.19.0.1:9 hold \
		open-at-once 5000 keep 100ms close reset
	start all
END
run $name --duration=100
report "$name: all were open at once, each has answered at the end" "$TMP/$name.json" "
	client.held_max == 35000 and client.answered == 30000 and client.closed == 35000 and
	client.failed == client.stopped == server.wrong == 0"
report "$name: and in between" "$TMP/$name.json" 'client.requests > 60000 and
	server.requests == client.requests'

# Held by too few: those that are refused are missed, and the others do not wait for them.
name=hold-refused
commands "$TMP/$name.spate" <<-END
	$wire
	server add rr port 1 listen 198.19.0.1:70 rr
	client add a port 0 from 198.18.0.1 to 198.19.0.1:70 hold open-at-once 100 keep 100ms verify
	client add b port 0 from 198.18.0.1 to 198.19.0.1:71 hold open-at-once 50 keep 100ms verify
	start all
END
start $name "$SPATE" --file-prefix="spate-$$-$name" -- --cmdline-file="$TMP/$name.spate" \
	--json="$TMP/$name.json" --duration=100
ended "$pid" 120
equal "$name: exit status" "$status" 1
sums $name "$TMP/$name.json"
matches "$name: is said" "$(cat "$TMP/$name.err")" \
	'^client b: nothing was established with 198.19.0.1:71: 50 refused, 0 timed out, .*$'
report "$name: 100 of 150" "$TMP/$name.json" 'client.held_max == client.answered == client.closed ==
	100 and client.failures.refused == client.failed == 50'

# http: a request as long as it is wanted to be.
name=http-request-size
commands "$TMP/$name.spate" <<-END
	$wire
	server add web port 1 listen 198.19.0.1:80 http size 1000
	client add a port 0 from 198.18.0.1 ports 10000-10999 to 198.19.0.1:80 request-size 16384 \
		requests 3 size 1000 verify count 100
	client add b port 0 from 198.18.0.1 ports 11000-11999 to 198.19.0.1:80 request-size 1500 \
		verify count 100
	start all
END
run $name --duration=100
report "$name: every response" "$TMP/$name.json" "client.requests == server.requests == 400 and $good and
	client.bytes_down == 400000"
# Two connections' worth: what the frames carry beyond their headers is the requests.
report "$name: as many bytes of requests" "$TMP/$name.json" \
	'tcp.rx_bytes > 300 * 16384 + 100 * 1500 + 400 * 1000'

# ---- the end of a run: Ctrl-C, --duration, stop and quit

commands "$TMP/endless.spate" <<-END
	$wire
	server add rr port 1 listen 198.19.0.1:70 rr verify
	server add s port 1 listen 198.19.0.1:71 stream verify
	client add rr2 port 0 from 198.18.0.1 ports 10000-10999 to 198.19.0.1:70 rr requests 0 verify
	client add think port 0 from 198.18.0.1 ports 11000-11999 to 198.19.0.1:70 rr requests 0 \
		think 20s verify
	client add up port 0 from 198.18.0.1 ports 12000-12999 to 198.19.0.1:71 stream
	client add down port 0 from 198.18.0.1 ports 13000-13999 to 198.19.0.1:71 stream \
		direction down verify concurrency 3
	client add both port 0 from 198.18.0.1 ports 14000-14999 to 198.19.0.1:71 stream \
		direction both verify
	client add hold port 0 from 198.18.0.1 ports 20000-29999 to 198.19.0.1:70 hold \
		open-at-once 5000 every 100ms verify
	start all
END
end="client.closed == client.attempted == client.established == 64 + 64 + 5 + 5000 and
	client.answered == 5000 and client.bytes_up == server.bytes_up > 0 and
	client.bytes_down == server.bytes_down > 0 and $good"

cp "$TMP/endless.spate" "$TMP/interrupted.spate"
start interrupted "$SPATE" --file-prefix="spate-$$-interrupted" -- --duration=100 \
	--cmdline-file="$TMP/interrupted.spate" --json="$TMP/interrupted.json"
begun() { written "$TMP/interrupted.out" '5,000 held, 0 answered, up [0-9.]+ down [0-9.]+ Gbit/s'; }
check 'Ctrl-C: held, requests and goodput are in the live line' wait_for 60 begun
matches 'Ctrl-C: requests too' "$(cat "$TMP/interrupted.out")" 'failed, [1-9][0-9,]* requests/s'
interrupted 'Ctrl-C' "$pid" "$TMP/interrupted.json"
report 'Ctrl-C: all in order' "$TMP/interrupted.json" "$end"

cp "$TMP/endless.spate" "$TMP/duration.spate"
run duration --duration=2
report 'duration: all in order' "$TMP/duration.json" "$end"

prompt_start prompt "$SPATE" --file-prefix="spate-$$-prompt" -- -i \
	--cmdline-file="$TMP/endless.spate" --json="$TMP/prompt.json"
shows() { ask prompt "$1" | grep -Eq -- "$2"; }
check 'stop: 5000 are held' wait_for 60 shows 'show client hold' '^ +held 5,000, at most 5,000'
for client in hold think down rr2; do
	ask prompt "stop $client" >/dev/null
	check "stop: $client ends" wait_for 60 shows "show client $client" ' failed 0  open 0 '
done
check 'stop: the others go on' shows 'show client up' ' open 1 '
ask prompt 'start hold' >/dev/null
check 'stop: and it can begin again' wait_for 60 shows 'show client hold' '^ +held 5,000, '
prompt_end 60
equal 'stop: exit status' "$status" 0
sums 'stop' "$TMP/prompt.json"
report 'stop: all in order' "$TMP/prompt.json" "client.closed == client.attempted and
	client.answered == 10000 and $good"

# ---- what does not fit together is seen, and is no silence

# mismatch NAME CLIENT SERVER WHAT: a client of another workload than the server's.
mismatch()
{
	commands "$TMP/$1.spate" <<-END
		$wire
		server add s port 1 listen 198.19.0.1:70 $3
		client add c port 0 from 198.18.0.1 to 198.19.0.1:70 $2 count 20
		start all
	END
	run "$1" --duration=100
	report "$1: $4" "$TMP/$1.json" "client.failed == client.attempted == 20 and client.closed == 0
		and $4"
}
mismatch rr-to-stream rr stream 'client.failures.reset == server.wrong == 20'
mismatch down-to-rr 'stream direction down bytes 5' rr 'client.failures.reset == server.wrong == 20'
mismatch up-to-rr 'stream bytes 500' rr 'client.failures.reset == server.wrong == 20'
mismatch down-to-discard 'stream direction down bytes 5' 'discard verify' \
	'client.failures.reset == server.wrong == 20'
mismatch rr-to-echo 'rr verify' echo 'client.failures.wrong_response == 20'

# ---- two processes, joined by net_memif

commands "$TMP/memif-server.spate" <<-END
	port config 0 ip 198.18.0.1/16
	server add rr port 0 listen 198.18.0.1:70 rr verify
	server add s port 0 listen 198.18.0.1:71 stream verify
	start all
END
commands "$TMP/memif-client.spate" <<-END
	port config 0 ip 198.18.0.2/16
	client add a port 0 from 198.18.0.2 ports 10000-10999 to 198.18.0.1:70 rr requests 100 \
		response-size 10000 verify count 100
	client add b port 0 from 198.18.0.2 ports 11000-11999 to 198.18.0.1:71 stream direction both \
		bytes 20000000 verify concurrency 4 count 4
	client add c port 0 from 198.18.0.2 ports 20000-29999 to 198.18.0.1:70 hold \
		open-at-once 10000 keep 100ms verify
	start all
END
pair memif server "net_memif0,role=server,socket-abstract=no,socket=$TMP/memif.sock" \
	"net_memif0,role=client,socket-abstract=no,socket=$TMP/memif.sock" && pair_ended memif
report 'memif: client: all of it' "$TMP/memif-client.json" 'client.closed == 10104 and
	client.failed == 0 and client.answered == client.held_max == 10000 and
	client.requests == 20000 and client.bytes_up == client.bytes_down == 80000000'
report 'memif: server: the same' "$TMP/memif-server.json" 'server.closed == server.accepted ==
	10104 and server.wrong == 0 and server.requests == 20000 and
	server.bytes_up == server.bytes_down == 80000000'

# ---- Linux

# linux_serves KIND PORT [OFFSET]: bulk.py in the background, until it listens; its pid in $peer.
linux_serves()
{
	start "peer-$2" ip netns exec "$host" python3 "$bulk" serve "$@"
	peer=$pid
	wait_for 30 listening "$2" || fail "$1: the peer listens" "$(cat "$TMP/peer-$2.err")"
}

# client NAME LINE...: spate's clients, to the end of their counts.
client()
{
	local name=$1

	shift
	{
		echo "port config 0 ip $WE/16"
		printf '%s\n' "$@" 'start all'
	} >"$TMP/$name.spate"
	start "$name" "${spate[@]}" -- --cmdline-file="$TMP/$name.spate" --duration=100 \
		--json="$TMP/$name.json"
	ended "$pid" 120
	equal "$name: exit status" "$status" 0
	sums "$name" "$TMP/$name.json"
}

for device in net_tap net_af_packet; do
	network $device

	# spate's clients, Linux's servers.
	name=$device-client
	from="port 0 from $WE to $THEY"
	for kind in up:5001 down:5002 both:5003 rr:5004 echo:5005; do
		linux_serves ${kind/:/ }
	done
	client $name "client add a $from:5001 stream direction up bytes 5000001 concurrency 2 count 4" \
		"client add b $from:5002 stream direction down bytes 5000001 verify count 2" \
		"client add c $from:5003 stream direction both bytes 5000001 verify count 2" \
		"client add d ${from/ to/ ports 3000-3999 to}:5004 rr request-size 10 response-size 100000 requests 10 verify count 5" \
		"client add e $from:5005 rr plain request-size 3000 response-size 3000 requests 10 verify count 5" \
		"client add f ${from/ to/ ports 2000-2999 to}:5004 hold open-at-once 100 keep 200ms verify"
	report "$name: all of it, to the byte" "$TMP/$name.json" 'client.closed == 118 and
		client.failed == 0 and client.bytes_up == 6 * 5000001 and
		client.bytes_down == 4 * 5000001 and client.requests == 200 and client.answered == 100'
	equal "$name: Linux has no complaint" "$(cat "$TMP"/peer-500?.err)" ''
	# It sends as much as it likes where no number of bytes is asked for.
	client $name-any "client add b $from:5002 stream direction down verify count 1"
	report "$name-any: as much as comes" "$TMP/$name-any.json" \
		'client.closed == 1 and client.bytes_down == 5000000'

	# netcat, which knows nothing of any of this.
	start nc ip netns exec "$host" nc -l $THEY 5010
	peer=$pid
	check "$name-nc: it listens" wait_for 30 listening 5010
	client $name-nc "client add a $from:5010 stream bytes 1048568 count 1"
	ended "$peer" 30
	pattern 1048568 >"$TMP/wanted"
	check "$name-nc: it has what was sent" cmp "$TMP/nc.out" "$TMP/wanted"

	# Servers that get a byte wrong.
	linux_serves down 5012 1500000
	linux_serves rr 5014 999
	linux_serves echo 5015 3999
	client $name-wrong "client add a $from:5012 stream direction down bytes 2000000 verify count 2" \
		"client add b $from:5014 rr response-size 100 requests 20 verify count 3" \
		"client add c $from:5015 rr plain request-size 1000 response-size 1000 requests 5 verify count 4"
	report "$name-wrong: each is seen" "$TMP/$name-wrong.json" 'client.closed == 0 and
		client.failures.wrong_response == client.failed == 9 and
		client.requests == 3 * 9 + 4 * 3'

	# Linux's clients, spate's servers.
	name=$device-server
	commands "$TMP/$name.spate" <<-END
		port config 0 ip $WE/16
		server add rr port 0 listen $WE:70 rr verify
		server add s port 0 listen $WE:71 stream verify
		server add d port 0 listen $WE:9 discard verify
		start all
	END
	start $name "${spate[@]}" -- --cmdline-file="$TMP/$name.spate" --duration=200 \
		--json="$TMP/$name.json"
	server=$pid
	serves() { on_host python3 "$bulk" rr $WE 70 1 1 1; }
	check "$name: serves" wait_for 30 serves
	check "$name: up" on_host python3 "$bulk" up $WE 71 5000001
	check "$name: up to discard" on_host python3 "$bulk" up $WE 9 5000001
	check "$name: down" on_host python3 "$bulk" down $WE 71 5000001
	check "$name: both" on_host python3 "$bulk" both $WE 71 5000001
	check "$name: rr" on_host python3 "$bulk" rr $WE 70 100 1000 200
	check "$name: rr, long requests" on_host python3 "$bulk" rr $WE 70 2000000 3 5
	check "$name: rr, long responses" on_host python3 "$bulk" rr $WE 70 3 2000000 5
	equal "$name: netcat, which closes before the answer" \
		"$(printf 'down 100000\n' | on_host nc -N -w 30 $WE 71 | cksum)" "$(pattern 100000 | cksum)"
	for text in 'down x\n' 'up 5\n' 'rr 1 1\n' 'down 5\nmore' '0000000\n0000002\n'; do
		check "$name: stream: '$text' is refused" on_host python3 "$bulk" refused $WE 71 "$text"
	done
	for text in 'down 5\n' 'rr 0 1\n' 'rr 1 0\n' 'rr 1 16777217\n' 'rr 4 1\n0001' 'GET / HTTP/1.1\n'; do
		check "$name: rr: '$text' is refused" on_host python3 "$bulk" refused $WE 70 "$text"
	done
	check "$name: a wrong byte to stream" on_host python3 "$bulk" refused $WE 71 '' 2000000
	check "$name: a wrong byte to discard" on_host python3 "$bulk" refused $WE 9 '' 2000000
	check "$name: a wrong byte to rr" on_host python3 "$bulk" refused $WE 70 'rr 1000000 1\n' 1999999
	interrupted "$name" "$server"
	report "$name: 14 were wrong, no other failed" "$TMP/$name.json" \
		'server.wrong == server.failed == 14'
done
finish
