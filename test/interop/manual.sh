#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Connections by hand: what a user can get wrong gets one clear line; events at the prompt come
# by themselves; lists are filtered, bounded and complete; what there is too much of is said.
# All over the embedded wire. The experiments themselves are scenarios.sh's.
# Rows: CM-01 CM-18
. "$(dirname "$0")/lib.sh"
need python3 setpriv

# ---- bad input

number='expected a number from'
ports=('port config 0 ip 198.18.0.1/15' 'port config 1 ip 198.19.0.1/15')
open=("${ports[@]}" 'tcp listen 198.19.0.1:6666' 'tcp connect 198.19.0.1:6666 from 198.18.0.1:4000'
	'tcp wait 1 established')

# in_file STATUS NAME REGEX LINE...: the last of these lines of a file is wrong.
in_file()
{
	local wanted=$1 name=$2 regex=$3

	shift 3
	printf '%s\n' "$@" >"$TMP/bad.spate"
	start run "$SPATE" -- --cmdline-file="$TMP/bad.spate"
	ended "$pid" 60
	if [ "$status" != "$wanted" ] || [ "$(wc -l <"$TMP/run.err")" != 1 ]; then
		fail "$name" "status $status, wanted $wanted: $(cat "$TMP/run.err")"
	else
		matches "$name" "$(cat "$TMP/run.err")" "^$TMP/bad.spate:$#: $regex\$"
	fi
}

in_file 2 'half a command' 'no such command: .tcp.: expected one of tcp listen, tcp unlisten, .*' 'tcp'
in_file 2 'a command that is none' 'no such command: .tcp bind.: expected one of tcp listen, .*' \
	'tcp bind 1'
in_file 2 'listen: no port configured' "no port has an address: expected 'port config 0 .*" \
	'tcp listen 80'
in_file 2 'listen: that port has no address' 'port 1 has no address: .*' "${ports[0]}" \
	'tcp listen 80 port 1'
in_file 2 'wait: nobody listens' 'tcp wait: nothing listens by hand: .*' 'tcp wait accepted'
in_file 2 'close: nobody' "there is no connection 1: 'tcp show' lists them" 'tcp close 1'
in_file 1 'wait: in vain, for a state' 'tcp wait: connection 1 is ESTABLISHED after 1 s' "${open[@]}" \
	'tcp wait 1 closed timeout 1'
in_file 1 'wait: in vain, for an event' 'tcp wait: connection 1 is ESTABLISHED after 1 s' "${open[@]}" \
	'tcp wait 1 data timeout 1'
in_file 1 'wait: in vain, for somebody' 'tcp wait: nothing was accepted in 1 s' "${open[@]}" \
	'tcp wait accepted' 'tcp wait accepted timeout 1'

# The same ways lead to a wrong line at the prompt, which costs less to ask.
prompt_start bad "$SPATE" -- -i
for line in "${open[@]}" 'port config 0 impair loss 100%'; do
	ask bad "$line" >/dev/null
done
# One that will not get an answer; who was accepted has its number between.
opening=$(ask bad 'tcp connect 198.19.0.1:80' | sed -n 's/^tcp \([0-9]*\): connecting .*/\1/p')

# wrong NAME REGEX LINE
wrong()
{
	local before words

	before=$(wc -l <"$TMP/bad.err")
	ask bad "$3" >/dev/null
	words=$(tail -n "+$((before + 1))" "$TMP/bad.err")
	if [ "$(wc -l <"$TMP/bad.err")" != $((before + 1)) ]; then
		fail "$1" "not one line of error: $words"
	else
		matches "$1" "$words" "^$2\$"
	fi
}

wrong 'listen: nothing' 'expected: tcp listen PORT.*' 'tcp listen'
wrong 'listen: port 0' "port '0': $number 1 to 65535" 'tcp listen 0'
wrong 'listen: port 65536' "port '65536': $number 1 to 65535" 'tcp listen 65536'
wrong 'listen: no such address' "address '198.18.0.256': expected one as .*" 'tcp listen 198.18.0.256:80'
wrong 'listen: a word that is none' \
	"'backlog' is not known here: expected one of reuse-address, port, .*" 'tcp listen 80 backlog'
wrong 'listen: no such DPDK port' 'port 9: there is no such port: .*' 'tcp listen 80 port 9'
wrong 'unlisten: nobody' 'nothing listens on 80 by hand: .*' 'tcp unlisten 80'
wrong 'connect: nothing' 'expected: tcp connect A:P .*' 'tcp connect'
wrong 'connect: no port' "'198.19.0.1': expected ADDRESS:PORT, .*" 'tcp connect 198.19.0.1'
wrong 'connect: to everybody' "address '\*': expected one as .*" 'tcp connect *:80'
wrong 'connect: from nowhere' "'198.18.0.1': expected ADDRESS:PORT, .*" \
	'tcp connect 198.19.0.1:80 from 198.18.0.1'
wrong 'connect: a word that is none' "'linger' is not known here: expected one of from, port, hold, .*" \
	'tcp connect 198.19.0.1:80 linger 0'
wrong 'connect: a word twice' "'hold' is given twice" 'tcp connect 198.19.0.1:80 hold hold'
wrong 'connect: no such family here' "no port has an IPv6 address: expected 'port config 0 ip6 .*" \
	'tcp connect [2001:2::2]:80'
for command in 'send 77 x' 'read 77' 'shutdown 77' 'close 77' 'abort 77' 'forget 77' 'show 77' \
	'wait 77 closed' 'inject 77 seq 1'; do
	wrong "${command%% *}: nobody" "there is no connection 77: 'tcp show' lists them" "tcp $command"
done
for command in send read shutdown close abort forget wait inject; do
	wrong "$command: nothing" "expected: tcp $command N.*" "tcp $command"
done
wrong 'close: no number' "connection 'all': $number 1 to .*" 'tcp close all'
wrong 'close: number 0' "connection '0': $number 1 to .*" 'tcp close 0'
wrong 'close: a word too many' "'now': expected nothing behind .*" 'tcp close 1 now'
wrong 'show: a word too many' 'expected: tcp show \[N\]' 'tcp show 1 2'
wrong 'send: nothing to send' 'expected: tcp send N TEXT.*' 'tcp send 1'
wrong 'send: no bytes' "bytes '0': $number 1 to 1048576" 'tcp send 1 bytes 0'
wrong 'send: too many bytes' "bytes '1048577': $number 1 to 1048576" 'tcp send 1 bytes 1048577'
wrong 'send: no such escape' "'.q': expected .*" 'tcp send 1 \q'
wrong 'send: half an escape' "'.x4': expected .*" 'tcp send 1 a\x4'
wrong 'send: an escape at the end' "'.': expected .*" 'tcp send 1 a\'
wrong 'wait: for nothing' "'': expected data, fin, or a state.*" 'tcp wait 1'
wrong 'wait: for what is none' "'opened': expected data, fin, or a state.*" 'tcp wait 1 opened'
wrong 'wait: a connection that listens' "'listen': expected data, fin, or a state.*" 'tcp wait 1 listen'
wrong 'wait: no time' "timeout '0': $number 1 to 3600" 'tcp wait 1 fin timeout 0'
wrong 'inject: no number' "'seq S' is missing" 'tcp inject 1 ack 1'
wrong 'inject: a number that is none' "seq '1x': $number .*" 'tcp inject 1 seq 1x'
wrong 'inject: a sign alone' "seq '-': expected a number, as in 1 or -10" 'tcp inject 1 seq -'
wrong 'inject: no such flag' "flags 'AX': expected letters of FSRPAU .*" 'tcp inject 1 seq 1 flags AX'
wrong 'inject: window' "window '65536': $number 0 to 65535" 'tcp inject 1 seq 1 window 65536'
wrong 'inject: before the handshake' 'connection [0-9]+ was never established, .*' \
	"tcp inject $opening seq 1"
wrong 'wait: nothing' 'expected: wait MS \| clients \[timeout SECONDS\]' 'wait'
wrong 'wait: 0' "wait '0': $number 1 to 3600000" 'wait 0'
wrong 'wait: two times' 'expected: wait MS, or wait clients \[timeout SECONDS\]' 'wait 1 2'
wrong 'conn: a state that is none' "state 'OPEN': expected SYN_SENT, .*" 'show conn state OPEN'
wrong 'conn: CLOSED is none to be in' "state 'closed': expected SYN_SENT, .*" 'show conn state closed'
wrong 'conn: a peer that is none' "address 'me': expected one as .*" 'show conn peer me'
wrong 'conn: a limit of nothing' "limit '0': $number 1 to .*" 'show conn limit 0'
wrong 'conn: summary of some' "'summary' stands alone" 'show conn summary state ESTAB'
wrong 'stats: two words' 'expected: show tcp stats \[WORD\]' 'show tcp stats a b'
prompt_end 60
equal 'wrong lines: exit status all the same' "$status" 0

# ---- what the stack answers is no error: the file goes on

# says NAME LINE...: run them as a file; what they print into $said, without the summary.
says()
{
	local name=$1

	shift
	printf '%s\n' "$@" quit >"$TMP/says.spate"
	start run "$SPATE" -- --cmdline-file="$TMP/says.spate" --json="$TMP/says.json"
	ended "$pid" 120
	equal "$name: status, not a word of error" "$status$(cat "$TMP/run.err")" 0
	sums "$name" "$TMP/says.json"
	said=$(sed -e 1d -e '/^memory: /d' -e '/^---- /,$d' "$TMP/run.out")
}

says 'answers' "${open[@]}" 'tcp wait accepted' \
	'tcp connect 198.19.0.1:6666 from 198.18.0.1:4000' 'tcp listen 6666 port 1' \
	'tcp connect 198.19.0.1:80 port 1' \
	'tcp connect 198.18.0.1:80 from 198.19.0.1:6666' 'tcp wait 3 closed' \
	'tcp shutdown 1' 'tcp send 1 x' 'tcp abort 2' 'tcp abort 2' 'tcp wait 1 closed' 'tcp close 1' \
	'tcp read 1' 'tcp show'
equal 'answers: each in its words' "$said" "\
tcp: listening on 198.19.0.1:6666, port 1
tcp 1: connecting 198.18.0.1:4000 -> 198.19.0.1:6666
tcp 1: established
tcp 2: accepted from 198.18.0.1:4000 on 198.19.0.1:6666
tcp connect: address in use
tcp listen: address in use
tcp connect: no other host can have this address
tcp 3: connecting 198.19.0.1:6666 -> 198.18.0.1:80
tcp 3: refused
tcp 1: no more can be sent: shut down or closed
tcp 2: FIN from the peer
tcp 2: aborted
tcp 2: not connected
tcp 1: reset by the peer
tcp 1: not connected
tcp 1: not connected
tcp 1: CLOSED       198.18.0.1:4000 -> 198.19.0.1:6666, reset by the peer
tcp 2: CLOSED       198.19.0.1:6666 -> 198.18.0.1:4000, aborted
tcp 3: CLOSED       198.19.0.1:6666 -> 198.18.0.1:80, refused"

says 'bytes and escapes' "${open[@]}" 'tcp wait accepted' 'tcp send 1 a\x00\xffb\r\n\t\\ "c"' \
	'tcp wait 2 data' 'tcp send 2 bytes 100' 'tcp wait 1 data'
matches 'bytes and escapes: shown as they were written' "$said" \
	'^tcp 2: data, 12 bytes: "a\\x00\\xffb\\r\\n\\t\\\\ \\"c\\""$'
matches 'bytes and escapes: cut at a bound' "$said" \
	'^tcp 1: data, 100 bytes: "0000000\\n.*0000007\\n"\.\.\.$'

# ---- hold: the window closes, and opens again

says 'hold' 'set tcp receive-buffer 4096' 'set tcp receive-buffer-max 0' "${ports[@]}" 'tcp listen 6666 port 1 hold' \
	'tcp connect 198.19.0.1:6666' 'tcp wait 1 established' 'tcp wait accepted' \
	'tcp send 1 bytes 6000' 'wait 300' 'show conn local 198.19.0.1:6666 state estab' \
	'tcp wait 2 data' 'tcp show 2' 'tcp read 2' 'wait 1000' 'tcp read 2' 'tcp close 2'
matches 'hold: what is unread is in Recv-Q' "$said" '^ESTABLISHED +4096 +0  198.19.0.1:6666 '
matches 'hold: the window is closed' "$said" '^    receive .* wnd 0 .* unread 4096$'
matches 'hold: is said' "$said" '^    by hand   hold$'
matches 'hold: read' "$said" '^tcp 2: read, 4096 bytes$'
matches 'hold: the rest comes when the window opens' "$said" '^tcp 2: read, 1904 bytes$'

# ---- both families, an address that is not the port's own, one port of two queues

says 'IPv6' 'port config 0 ip6 2001:2::1/48' 'port config 1 ip6 2001:2::2/48' \
	'tcp listen [2001:2::2]:6666' 'tcp connect [2001:2::2]:6666 from [2001:2::99]:4000' \
	'tcp wait 1 established' 'tcp wait accepted' 'show conn peer 2001:2::2' \
	'tcp inject 1 seq 1 ack 1 data once' 'tcp wait 2 data'
matches 'IPv6: accepted' "$said" \
	'^tcp 2: accepted from \[2001:2::99\]:4000 on \[2001:2::2\]:6666$'
matches 'IPv6: listed by its peer' "$said" \
	'^ESTABLISHED +0 +0  \[2001:2::99\]:4000 +\[2001:2::2\]:6666$'
matches 'IPv6: a segment made by hand is a segment' "$said" '^tcp 2: data, 4 bytes: "once"$'
equal 'IPv6: none else is listed' "$(grep -c '^ESTABLISHED' <<<"$said")" 1

cpus=$(($(nproc) - 1))
printf '%s\n' "${ports[@]}" 'tcp listen 6666 port 1' \
	'tcp connect 198.19.0.1:6666 from 198.18.0.1:4000' 'tcp wait 1 established' 'tcp wait accepted' \
	'tcp connect 198.19.0.1:6666 from 198.18.0.1:4001' 'tcp wait 3 established' 'tcp wait accepted' \
	'tcp connect 198.19.0.1:6666' 'tcp wait 5 established' 'tcp wait accepted' \
	'tcp send 1 even' 'tcp wait 2 data' 'tcp send 3 odd' 'tcp wait 4 data' \
	'tcp send 5 any' 'tcp wait 6 data' 'show conn state listen' 'show conn state estab' quit \
	>"$TMP/queues.spate"
start run "$SPATE" --no-pci --no-telemetry --log-level=lib.eal:error "${memory[@]/256/512}" \
	--file-prefix="spate-$$-queues" --lcores "0@(0-$cpus),1@(0-$cpus),2@(0-$cpus),3@(0-$cpus),4@(0-$cpus)" \
	-- --cmdline-file="$TMP/queues.spate"
ended "$pid" 120
equal 'two queues: status, not a word of error' "$status$(cat "$TMP/run.err")" 0
for text in even odd any; do
	matches "two queues: '$text' arrives" "$(cat "$TMP/run.out")" "bytes: \"$text\"\$"
done
equal 'two queues: one line for a listener' "$(grep -c '^LISTEN' "$TMP/run.out")" 1
equal 'two queues: all connections' "$(grep -c '^ESTABLISHED' "$TMP/run.out")" 6

# ---- the prompt: what happens is told by itself, and the line being typed stays

prompt_start prompt "$SPATE" -- -i
told() { tail -c "+$((at + 1))" "$TMP/prompt.out" | tr -d '\r' | grep -Eq -- "$1"; }
# soon NAME REGEX: without being asked
soon() { check "$1" wait_for 30 told "$2"; }

for line in "${ports[@]}"; do
	ask prompt "$line" >/dev/null
done
at=$(stat -c %s "$TMP/prompt.out")
ask prompt 'tcp listen 198.19.0.1:6666' >/dev/null
ask prompt 'tcp connect 198.19.0.1:6666 from 198.18.0.1:4000' >/dev/null
soon 'prompt: established' 'tcp 1: established$'
soon 'prompt: accepted' 'tcp 2: accepted from 198.18.0.1:4000 on 198.19.0.1:6666$'
at=$(stat -c %s "$TMP/prompt.out")
printf 'tcp send 1 half a li' >&"$prompt"
soon 'prompt: a line is being typed' '^tcp send 1 half a li$'
at=$(stat -c %s "$TMP/prompt.out")
printf 'ne\n' >&"$prompt"
soon 'prompt: data' 'tcp 2: data, 11 bytes: "half a line"$'
soon 'prompt: is there again' 'spate> .\[0K$'
ask prompt 'port config 1 impair delay 1s only in' >/dev/null
ask prompt 'tcp shutdown 1' >/dev/null
at=$(stat -c %s "$TMP/prompt.out")
printf 'tcp sh' >&"$prompt"
soon 'prompt: FIN, while a line is being typed' 'tcp 2: FIN from the peer$'
soon 'prompt: and the line is there again' 'spate> tcp sh.\[0K$'
at=$(stat -c %s "$TMP/prompt.out")
printf 'ow 2\n' >&"$prompt"
soon 'prompt: and goes on' '^tcp 2: CLOSE_WAIT   198.19.0.1:6666 -> 198.18.0.1:4000$'
matches 'prompt: wait' "$(ask prompt 'tcp wait 1 fin-wait-2')" '^$'
ask prompt 'port config 0 impair delay 1s only in' >/dev/null
ask prompt 'tcp send 2 x' >/dev/null
matches 'prompt: wait tells others too' "$(ask prompt 'tcp wait 1 data')" '^tcp 1: data, 1 byte: "x"$'
before=$(wc -l <"$TMP/prompt.err")
ask prompt 'tcp close 77' >/dev/null
equal 'prompt: a wrong line is one line of error' "$(($(wc -l <"$TMP/prompt.err") - before))" 1
for command in 'tcp listen' 'tcp unlisten' 'tcp connect' 'tcp send' 'tcp read' 'tcp shutdown' \
	'tcp close' 'tcp abort' 'tcp forget' 'tcp show' 'tcp wait' 'tcp inject' wait; do
	matches "prompt: help on $command" "$(ask prompt "help $command")" "^$command "
done
prompt_end 30
equal 'prompt: exit status' "$status" 0
matches 'prompt: nothing leaked' "$(cat "$TMP/prompt.out")" '^leaked   0'

# ---- lists: 3000 connections that stay, both ends of each in the list

prompt_start list "$SPATE" -- -i
for line in "${ports[@]}" 'server add sink port 1 listen 198.19.0.1:80 discard' \
	'client add load port 0 from 198.18.0.1-198.18.0.3 ports 10000-10999 to 198.19.0.1:80' \
	'set client load concurrency 3000' 'start all' 'tcp listen 198.19.0.1:6666'; do
	ask list "$line" >/dev/null
done
full() { ask list 'show conn summary' | grep -q '^ESTABLISHED *6,000$'; }
check 'list: 3000 connections' wait_for 60 full
rows() { ask list "$1" | sed 1d | grep -vc '^and \|^   '; }

equal 'list: the columns of ss' "$(ask list 'show conn' | sed 's/  */ /g; 1q')" \
	'State Recv-Q Send-Q Local Address:Port Peer Address:Port'
equal 'list: listeners first' "$(ask list 'show conn' | sed -n '2,3s/ .*//p' | xargs)" 'LISTEN LISTEN'
equal 'list: 1000 unless more is asked for' "$(rows 'show conn')" 1000
equal 'list: and how many more there are' "$(ask list 'show conn' | tail -n 1)" \
	"and 5,002 more ('limit N' lists more of them)"
equal 'list: all' "$(rows 'show conn limit 10000')" 6002
equal 'list: all, and no more said of' "$(ask list 'show conn limit 6002' | grep -c '^and ')" 0
equal 'list: each once' "$(ask list 'show conn state ESTAB limit 10000' | sed 1d | sort -u | wc -l)" 6000
for state in ESTAB established Established ESTABLISHED; do
	equal "list: state $state" "$(rows "show conn state $state limit 10000")" 6000
done
for state in TIME-WAIT time_wait SYN-RECV SYN_RCVD FIN-WAIT-1 CLOSE-WAIT LAST-ACK CLOSING SYN-SENT; do
	equal "list: state $state, none" "$(rows "show conn state $state")" 0
done
equal 'list: state LISTEN' "$(rows 'show conn state LISTEN')" 2
equal 'list: local port' "$(rows 'show conn local *:80 limit 10000')" 3001
equal 'list: local address' "$(rows 'show conn local 198.18.0.2 limit 10000')" 1000
equal 'list: local address and port' "$(rows 'show conn local 198.18.0.2:10005')" 1
equal 'list: peer address' "$(rows 'show conn peer 198.18.0.3 limit 10000')" 1000
equal 'list: peer port' "$(rows 'show conn peer *:10005')" 3
equal 'list: peer and local' "$(rows 'show conn peer 198.18.0.3:10005 local 198.19.0.1:80')" 1
equal 'list: nobody has it' "$(rows 'show conn peer 198.18.0.9')" 0
equal 'list: another family' "$(rows 'show conn peer 2001:2::1')" 0
equal 'list: what does not fit is not counted either' \
	"$(ask list 'show conn peer 198.18.0.3 limit 10' | tail -n 1)" \
	"and 990 more ('limit N' lists more of them)"
equal 'list: details, a line each' \
	"$(ask list 'show conn local 198.18.0.2 details limit 50' | grep -c '^ .* rto:[0-9]* .* snd_una:')" 50
matches 'list: details of one' "$(ask list 'show conn local 198.18.0.2:10005 details')" \
	'^     ts wscale:[0-9]+,[0-9]+ rto:[0-9]+ rtt:[0-9.]+/[0-9.]+ mss:1460 cwnd:[0-9]+ .*rcv_wnd:[0-9]+$'
equal 'list: not a word of error' "$(cat "$TMP/list.err")" ''
prompt_end 60
equal 'list: exit status' "$status" 0

# ---- too many at once

cat >"$TMP/many.spate" <<-END
	${ports[0]}
	${ports[1]}
	tcp listen 198.19.0.1:80
	client add load port 0 from 198.18.0.1 ports 10000-19999 to 198.19.0.1:80 count 1500
	set client load concurrency 1500
	start all
	tcp wait accepted
	wait 2000
END
start run "$SPATE" -- --cmdline-file="$TMP/many.spate" --duration=3 --json="$TMP/many.json"
ended "$pid" 120
equal 'too many connections: status, not a word of error' "$status$(cat "$TMP/run.err")" 0
sums 'too many connections' "$TMP/many.json"
reset=$(field "$TMP/many.json" client.failures.reset)
check 'too many connections: some were reset' test "$reset" -gt 0
equal 'too many connections: each is accounted for' \
	"$(awk '/connections accepted and reset/ { n += $2 } / and reset: 1024 connections/ { n++ }
		END { print n }' "$TMP/run.out")" "$reset"
check 'too many connections: no more than there may be' test \
	"$(grep -c ': accepted from .* on ' "$TMP/run.out")" -le 1024
says 'too many events' "${open[@]}" 'tcp wait accepted' 'tcp send 1 bytes 1048576' \
	'tcp send 1 bytes 1048576' 'tcp send 1 bytes 1048576' 'wait 3000' 'tcp close 1' \
	'tcp wait 2 close-wait' 'tcp close 2' 'tcp wait 2 closed'
matches 'too many events: is said' "$said" '^tcp: [1-9][0-9]* events lost: too many at once$'
finish
