#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What a user can get wrong gets one clear line and the right exit status: 2 for wrong usage,
# 1 for a run that failed, 0 for success. And what must not fail: Ctrl-C, tables that are full,
# ports that are exhausted, changes at the prompt. All over the embedded wire.
. "$(dirname "$0")/lib.sh"
need python3 setpriv

# one_line NAME STATUS REGEX ARGUMENT...: spate ends with STATUS and says one line, matching
# REGEX, on standard error.
one_line()
{
	local name=$1 wanted=$2 regex=$3 lines

	shift 3
	start run "$SPATE" "$@"
	ended "$pid" 60
	lines=$(wc -l <"$TMP/run.err")
	if [ "$status" != "$wanted" ]; then
		fail "$name" "status $status, wanted $wanted: $(cat "$TMP/run.err")"
	elif [ "$lines" -ne 1 ]; then
		fail "$name" "$lines lines of error: $(cat "$TMP/run.err")"
	else
		matches "$name" "$(cat "$TMP/run.err")" "^$regex\$"
	fi
}

# bad_line NAME REGEX LINE...: the last of these lines of a file is wrong.
bad_line()
{
	local name=$1 regex=$2

	shift 2
	printf '%s\n' "$@" >"$TMP/bad.spate"
	one_line "$name" 2 "$TMP/bad.spate:$#: $regex" -- --cmdline-file="$TMP/bad.spate"
}

number='expected a number from'
port='port config 0 ip 198.18.0.1/15'
add='client add a port 0 from 198.18.0.1-198.18.0.4 ports 1000-1999 to 198.19.0.1:80'

# ---- options

one_line 'nothing to do' 2 'spate: nothing to do: give -i .* or --cmdline-file=FILE'
one_line 'wrong option' 2 "spate: '--frobnicate' is no option: .*--help.*" -- --frobnicate
one_line 'wrong short option' 2 "spate: '-x' is no option: .*--help.*" -- -x
one_line 'option without its value' 2 "spate: '--json' wants a value: .*--help.*" -- -i --json
one_line 'a word too many' 2 "spate: 'churn' is no option: .*--help.*" -- -i churn
one_line "no '--'" 2 "spate: .* behind '--': spate \[EAL options\] -- \[options\]" -i
one_line 'duration of nothing' 2 "spate: --duration '0': $number 1 to .*" -- --duration=0
one_line 'duration in words' 2 "spate: --duration 'ten': $number 1 to .*" -- --duration=ten
one_line 'too many connections' 2 "spate: --max-connections '99999999999': $number 1 to .*" \
	-- --max-connections=99999999999
one_line 'config file missing' 2 "spate: $TMP/none.spate: .*No such file or directory" \
	-- --cmdline-file="$TMP/none.spate"
one_line 'config file is a directory' 2 "spate: $TMP: .*Is a directory" -- --cmdline-file="$TMP"
one_line 'no worker lcore' 2 'spate: no worker lcore: give EAL at least two .*--lcores.*' \
	--no-pci --no-huge -m 64 --no-shconf --no-telemetry --log-level=lib.eal:error \
	--lcores 0@0 -- -i
one_line 'no port' 1 'spate: no port: give EAL one with -a PCI or --vdev=.*' \
	-a 0000:ff:1f.7 --no-huge -m 64 --no-shconf --no-telemetry --log-level=lib.eal:error \
	--lcores 0@0,1@0 -- -i
start run "$SPATE" --frobnicate -- -i
ended "$pid" 60
equal 'wrong EAL option: exit status' "$status" 2
matches 'wrong EAL option: is named' "$(cat "$TMP/run.err")" "unrecognized option '--frobnicate'"

# Root may read everything: somebody else tries, with a copy he can get at.
cp "$SPATE" "$TMP/spate"
printf '%s\n' "$port" 'show config' >"$TMP/secret.spate"
chmod 600 "$TMP/secret.spate"
mine=$SPATE
SPATE=setpriv
nobody=(--reuid=65534 --regid=65534 --clear-groups "$TMP/spate")
one_line 'config file unreadable' 2 "spate: $TMP/secret.spate: .*Permission denied" \
	"${nobody[@]}" -- --cmdline-file="$TMP/secret.spate"
chmod 644 "$TMP/secret.spate"
start run setpriv "${nobody[@]}" -- --cmdline-file="$TMP/secret.spate"
ended "$pid" 60
equal 'without root: exit status' "$status" 0
matches 'without root: runs' "$(cat "$TMP/run.out")" "^$port\$"
SPATE=$mine

# ---- --help and --version: before EAL, wherever they stand

for word in --help --version; do
	for line in "$word" "-- $word" "--lcores=nonsense $word -- -i" "-- -i $word"; do
		start run "$SPATE" $line
		ended "$pid" 30
		equal "'$line': status, lines of error" "$status $(wc -l <"$TMP/run.err")" '0 0'
	done
done
matches '--version: both versions' "$("$SPATE" --version)" '^spate [0-9.]+, DPDK [0-9.]+'
for option in -i --cmdline-file --duration --json --link-wait --max-connections --max-time-wait \
	--help --version; do
	matches "--help: $option" "$("$SPATE" --help)" "^  ${option}[ =]"
done
before=$(find /run | sort)
"$SPATE" --file-prefix=help --help >/dev/null
"$SPATE" --file-prefix=help --version >/dev/null
equal '--help and --version leave nothing behind' "$(find /run | sort)" "$before"

# ---- commands in a file

bad_line 'unknown command' "no such command: 'frobnicate it': expected one of .*client.*show.*" \
	'# a comment' '' 'frobnicate it'
bad_line 'half a command' "no such command: 'port confg': expected one of port config" 'port confg'
bad_line 'a command without its arguments' 'expected: port config N \[ip .*' 'port config'
bad_line 'a command with a word too many' 'expected: quit .*' 'quit now'
bad_line 'wrong address' "address '198.18.0.256': expected one as 198.18.0.1 or 2001:2::1" \
	'port config 0 ip 198.18.0.256/16'
bad_line 'no prefix' "'198.18.0.1': expected an address with its prefix length.*" \
	'port config 0 ip 198.18.0.1'
bad_line 'wrong prefix' "prefix length '33': $number 0 to 32" 'port config 0 ip 198.18.0.1/33'
bad_line 'no host' "'255.255.255.255' is no address a host can have" \
	'port config 0 ip 255.255.255.255/8'
bad_line 'port that is not there' 'port 7: there is no such port: 2 found, numbered from 0' \
	'port config 7 ip 198.18.0.1/16'
bad_line 'port that cannot be' "port '-1': $number 0 to .*" 'port config -1 ip 198.18.0.1/16'
bad_line 'wrong TSO' "tso maybe: expected on or off" "$port tso maybe"
bad_line 'wrong VLAN' "vlan '4095': $number 0 to 4094" "$port vlan 4095"
bad_line 'port without an address' "port 1 has no address: expected 'port config 1 .*" "$port" \
	'server add web port 1 listen 198.19.0.1:80'
bad_line 'nothing configured' "no port has an address: expected 'port config 0 .*" 'start all'
bad_line 'overlapping ports' 'client b: .* overlap those of client a' "$port" "$add" \
	'client add b port 0 from 198.18.0.4 ports 1999-2999 to 198.19.0.1:80'
bad_line 'a range backwards' "port range '1999-1000': .*" "$port" \
	'client add a port 0 from 198.18.0.1 ports 1999-1000 to 198.19.0.1:80'
bad_line 'no destination port' "'198.19.0.1': expected ADDRESS:PORT.*" "$port" \
	'client add a port 0 from 198.18.0.1 to 198.19.0.1'
bad_line 'destination port 0' "port '0': $number 1 to 65535" "$port" \
	'client add a port 0 from 198.18.0.1 to 198.19.0.1:0'
bad_line 'destination nobody has' "'224.0.0.1' is no address a host can have" "$port" \
	'client add a port 0 from 198.18.0.1 to 224.0.0.1:80'
bad_line 'families that differ' "client a: 'from' and 'to' are not of one family" "$port" \
	'client add a port 0 from 198.18.0.1 to [2001:2::1]:80'
bad_line 'no IPv6 here' 'client a: port 0 has no IPv6 address' "$port" \
	'client add a port 0 from 2001:2::1 to [2001:2::2]:80'
bad_line 'IPv6 without brackets' "'2001:2::2:80': expected ADDRESS:PORT.*" "$port" \
	'client add a port 0 from 2001:2::1 to 2001:2::2:80'
bad_line 'a range of two /64s' "address range '2001:2::1-2001:2:0:1::1': expected .*" "$port" \
	'client add a port 0 from 2001:2::1-2001:2:0:1::1 to [2001:2::2]:80'
bad_line 'an IPv6 range too large' 'client a: the port has no room for its addresses: .*' \
	'port config 0 ip6 2001:2::1/64' \
	'client add a port 0 from 2001:2::1-2001:2::ffff:ffff to [2001:2:0:1::2]:80' 'start a'
bad_line 'IPv4 in brackets' "'\[198.18.0.1\]:80': expected ADDRESS:PORT.*" "$port" \
	'server add a port 0 listen [198.18.0.1]:80'
bad_line 'listening to a group' "'ff02::1' is no address a host can have" "$port" \
	'server add a port 0 listen [ff02::1]:80'
bad_line 'an IPv6 port without brackets' "'2001:2::1:80': expected ADDRESS:PORT.*" "$port" \
	'server add a port 0 listen 2001:2::1:80'
bad_line 'no prefix length' "'2001:2::1': expected an address with its prefix length, .*" \
	'port config 0 ip6 2001:2::1'
bad_line 'a prefix length of IPv6' "prefix length '129': $number 0 to 128" \
	'port config 0 ip6 2001:2::1/129'
bad_line 'colons too many' "address '2001:2:::1': expected one as 198.18.0.1 or 2001:2::1" \
	'port config 0 ip6 2001:2:::1/64'
bad_line 'the other family' "'198.18.0.1/16': expected an IPv6 address, as in .*" \
	'port config 0 ip6 198.18.0.1/16'
bad_line 'an IPv6 address nobody has' "'::ffff:198.18.0.1' is no address a host can have" \
	'port config 0 ip6 ::ffff:198.18.0.1/96'
bad_line 'a zone' "address 'fe80::1%x': expected one as 198.18.0.1 or 2001:2::1" \
	'port config 0 ip6 fe80::1%x/64'
bad_line 'an MTU too small for IPv6' 'port 0: mtu 1279: IPv6 needs at least 1280' \
	'port config 0 ip6 2001:2::1/64 mtu 1279'
bad_line 'its own gateway' 'port 0: the gateway is the port itself' \
	'port config 0 ip6 2001:2::1/64 gateway6 2001:2::1'
bad_line 'its own IPv4 gateway' 'port 0: the gateway is the port itself' \
	'port config 0 ip 198.18.0.1/16 gateway 198.18.0.1'
bad_line 'a range backwards' "address range '2001:2::5-2001:2::1': the second address is .*" \
	"$port" 'client add a port 0 from 2001:2::5-2001:2::1 to [2001:2::9]:80'
bad_line 'a range of two families' "address range '2001:2::1-198.18.0.1': one end is IPv4, .*" \
	"$port" 'client add a port 0 from 2001:2::1-198.18.0.1 to [2001:2::9]:80'
bad_line 'gateway of no family here' 'port 0: a gateway6 wants an address too.*' \
	'port config 0 ip 198.18.0.1/16 gateway6 2001:2::1'
bad_line 'impairment of nothing' 'port 0 impair: expected off, or .*' 'port config 0 impair'
bad_line 'impairment that is no share' "loss '1': expected a percentage .*" \
	'port config 0 impair loss 1'
bad_line 'impairment beyond all' "loss '101%': expected a percentage .*" \
	'port config 0 impair loss 101%'
bad_line 'delay without unit' "delay '10': expected a time .*" 'port config 0 impair delay 10'
bad_line 'a key is missing' "'to IP:PORT' is missing" "$port" 'client add a port 0 from 198.18.0.1'
bad_line 'a key without its value' "'count' wants N behind it" "$port" "$add count"
bad_line 'a key that is none' "'speed' is not known here: expected one of port, .*rate.*" \
	"$port" "$add speed 3"
bad_line 'a key twice' "'count' is given twice" "$port" "$add count 3 count 4"
bad_line 'rate 0' "rate '0': $number 1 to .*" "$port" "$add rate 0"
bad_line 'rate 0, set' "rate '0': $number 1 to .*" "$port" "$add" 'set client a rate 0'
bad_line 'concurrency 0' "concurrency '0': $number 1 to .*" "$port" "$add" \
	'set client a concurrency 0'
bad_line 'wrong close' "close 'never': expected first\|last\|reset" "$port" "$add close never"
bad_line 'verify what' "'time' is not known here: .*verify time-wait.*" "$port" "$add verify time"
bad_line 'verify time-wait twice' "'verify time-wait' is given twice" "$port" \
	"$add verify time-wait verify time-wait"
bad_line 'verify time-wait, and close first' \
	"client a: 'close' does not go with 'verify time-wait': the peer has to close first" \
	"$port" "$add verify time-wait close first"
bad_line 'verify time-wait under load' "client a: 'count' does not go with 'verify time-wait'" \
	"$port" "$add verify time-wait count 5"
bad_line 'repeat without verify' "client a: 'repeat' goes with 'verify time-wait' only" "$port" \
	"$add repeat 5"
bad_line 'repeat too often' "repeat '0': $number 1 to 100" "$port" "$add verify time-wait repeat 0"
bad_line 'verify time-wait without ports' "client a: .* needs 1500 local ports: expected 'ports .*" \
	"$port" "$add verify time-wait repeat 100"
bad_line 'two workloads' "client a: 'rr' and 'http': expected one of them" "$port" "$add rr http"
bad_line 'a word of another workload' "client a: 'think' goes with rr only" "$port" \
	"$add http think 1ms"
bad_line 'a word of two other workloads' "client a: 'requests' goes with http or rr only" "$port" \
	"$add connect-only requests 5"
bad_line 'requests without end' "client a: 'requests 0' goes with rr only" "$port" "$add requests 0"
bad_line 'rr, and close last' "client a: 'close last' does not go with rr: .*" "$port" \
	"$add rr close last"
bad_line 'a request of nothing' "request-size '0': $number 1 to 16777216" "$port" \
	"$add rr request-size 0"
bad_line 'a response of too much' "response-size '16777217': $number 1 to 16777216" "$port" \
	"$add rr response-size 16777217"
bad_line 'a head too short' "client a: request-size '20': $number 65 to 16384" "$port" \
	"$add http request-size 20"
bad_line 'a head too long' "client a: request-size '16385': $number 65 to 16384" "$port" \
	"$add http request-size 16385"
bad_line 'a time without its unit' "think '5': expected a time from 0s to 1800s with its unit, .*" \
	"$port" "$add rr think 5"
bad_line 'a time too long' "think '1801s': expected a time from .*" "$port" "$add rr think 1801s"
bad_line 'a time below zero' "think '-1s': expected a time from .*" "$port" "$add rr think -1s"
bad_line 'verify time-wait of rr' "client a: 'rr' does not go with 'verify time-wait'" "$port" \
	"$add rr verify time-wait"
bad_line 'two servers in one' "server s: 'discard' and 'rr': expected one of them" "$port" \
	'server add s port 0 listen *:80 discard rr'
bad_line 'a size of another server' "server s: 'size' goes with http only" "$port" \
	'server add s port 0 listen *:80 rr size 5'
bad_line 'a server with nothing to verify' "server s: 'verify' goes with rr, stream or discard only" "$port" \
	'server add s port 0 listen *:80 http verify'
bad_line 'a direction that is none' "direction 'left': expected up\|down\|both" "$port" \
	"$add stream direction left"
bad_line 'a direction of no stream' "client a: 'direction' goes with stream only" "$port" \
	"$add rr direction up"
bad_line 'a stream with two ends' "client a: 'bytes' and 'for': expected one of them" "$port" \
	"$add stream bytes 5 for 5s"
bad_line 'a stream of nothing' "bytes '0': $number 1 to .*" "$port" "$add stream bytes 0"
bad_line 'a stream for no time' "for '0s': expected a time from 1ms to 1800s .*" "$port" \
	"$add stream for 0s"
bad_line 'a stream, closed' "client a: 'close' goes with http, connect-only, rr or hold only" "$port" \
	"$add stream close first"
bad_line 'nothing to verify' "client a: 'verify' goes with direction down or both: .*" "$port" \
	"$add stream direction up verify"
bad_line 'to hold how many' "client a: 'open-at-once N' is missing: .*" "$port" "$add hold"
bad_line 'to hold none' "open-at-once '0': $number 1 to .*" "$port" "$add hold open-at-once 0"
bad_line 'to hold more than there are ports' \
	"client a: 'open-at-once 4001' with 4000 local addresses and ports: .*" "$port" \
	"$add hold open-at-once 4001"
bad_line 'to hold, and a count' "client a: 'count' goes with http, connect-only, rr or stream only" \
	"$port" "$add hold open-at-once 5 count 5"
bad_line 'to hold, and close last' "client a: 'close last' does not go with hold: .*" "$port" \
	"$add hold open-at-once 5 close last"
bad_line 'to hold more, later' "client a holds as many as 'open-at-once' says: .*" "$port" \
	"$add hold open-at-once 5" 'set client a concurrency 6'
bad_line 'to keep without holding' "client a: 'keep' goes with hold only" "$port" "$add keep 5s"
bad_line 'to hold more than fit' "client a: 'open-at-once' is beyond .* --max-connections, .*" "$port" \
	'client add a port 0 from 198.18.0.1-198.18.1.0 to 198.19.0.1:80 hold open-at-once 2000000' \
	'start a'
bad_line 'waiting for nobody' 'wait clients: none has been started with a count' "$port" \
	'wait clients'
bad_line 'wrong path' "path 'x': expected one that begins with / .*" "$port" "$add path x"
bad_line 'a name twice' "there is a client or server 'a' already" "$port" "$add" \
	'server add a port 0 listen *:80'
bad_line 'a name that is a word' "name 'all': expected .*" "$port" 'server add all port 0 listen *:80'
bad_line 'a name nobody has' "there is no client or server 'b'" "$port" "$add" 'start b'
bad_line 'a client nobody has' "there is no client 'b'" "$port" "$add" 'set client b rate 1'
bad_line 'a setting that is none' "'mls' is no setting: 'help set tcp' lists them" 'set tcp mls 1'
bad_line 'a setting out of range' "msl '0': $number 1 to 600000" 'set tcp msl 0'
bad_line 'a choice that is none' "reuse 'maybe': expected no\|ts\|any" 'set tcp reuse maybe'
bad_line 'a setting too late' 'set tcp msl: .* before the first .start.' "$port" 'start' \
	'set tcp msl 1'
bad_line 'a rest that is none' "idle 'nap': expected busy-poll\|pause\|sleep" 'set idle nap'
bad_line 'a rest of busy-poll' 'idle busy-poll: nothing may follow: it never rests' \
	'set idle busy-poll for 50us'
bad_line 'a rest too long' "for '1ms': expected a time from 1us to 250us with its unit, .*" \
	'set idle sleep for 1ms'
bad_line 'a pause with a length' "'for' is not known here: expected one of after" \
	'set idle pause for 50us'
bad_line 'a port too late' 'port 0 is running: .* before the first .start.' "$port" 'start' "$port"
bad_line 'a state that is none' "state 'OPEN': expected SYN_SENT, .*" 'show conn state OPEN'
bad_line 'help on nothing' "no help on 'frobnicate': 'help' lists .*" 'help frobnicate'
bad_line 'a long line' 'line too long: .*' "$(printf '%02000d' 0)"
printf '%s\n' "$port queues 16" 'start' >"$TMP/queues.spate"
one_line 'too many queues' 1 "$TMP/queues.spate:2: port 0 .*: 16 queues asked for, it can .* [0-9]+" \
	-- --cmdline-file="$TMP/queues.spate"
printf '%s\n' "$port" "$add" 'start' >"$TMP/json.spate"
one_line 'report that cannot be written' 2 "spate: --json=$TMP/none/out.json: .*No such file.*" \
	-- --cmdline-file="$TMP/json.spate" --duration=1 --json="$TMP/none/out.json"
equal 'report that cannot be written: nothing was started for it' "$(cat "$TMP/run.out")" ''
one_line 'report without a name' 2 'spate: --json=: cannot be written: it has no name' \
	-- --cmdline-file="$TMP/json.spate" --json=
one_line 'two files' 2 'spate: --cmdline-file is given twice: .*' \
	-- --cmdline-file="$TMP/json.spate" --cmdline-file="$TMP/queues.spate"
bad_line 'a comment in a word' "'#' inside of a word, .*: a comment begins behind a space" \
	"$port" "$add http path /a#b"
bad_line 'timeouts the wrong way round' 'min-rto 5000 ms is more than max-rto 1000 ms' \
	"$port" 'set tcp min-rto 5000' 'set tcp max-rto 1000' 'start'

# ---- a client that gets nowhere: the run has failed, and why

port1='port config 1 ip 198.19.0.1/15'
nowhere='client add a port 0 from 198.18.0.1 to'
printf '%s\n' "$port" "$port1" "$nowhere 198.19.0.77:80 count 5" 'start' >"$TMP/nowhere.spate"
one_line 'a next hop that is not there' 1 \
	'client a: nobody answers ARP for the next hop to 198.19.0.77:80' \
	-- --cmdline-file="$TMP/nowhere.spate" --duration=1
printf '%s\n' "$port" "$port1" "$nowhere 198.19.0.1:81 count 5" 'start' >"$TMP/nowhere.spate"
one_line 'nobody listens' 1 \
	'client a: nothing was established with 198.19.0.1:81: 5 refused, 0 timed out, .*' \
	-- --cmdline-file="$TMP/nowhere.spate" --duration=5

# ---- standard files that are closed, which the first file opened would take the place of

printf '%s\n' 'wait 1' >"$TMP/wait.spate"
start closed sh -c '"$0" -- --cmdline-file="$1" <&- >&- 2>&-; echo "status $?"' "$SPATE" "$TMP/wait.spate"
ended "$pid" 30
matches 'closed standard files' "$(cat "$TMP/closed.out")" '^status 0$'
start closed sh -c '"$0" --file-prefix="$1" -- -i <&-' "$SPATE" "closed-$$"
ended "$pid" 30
equal 'closed standard input: exit status' "$status" 0
equal 'closed standard input: nothing is run' "$(cat "$TMP/closed.err")" ''
equal 'the lock: nothing is left of it' "$(ls /run/spate-0-closed-$$.lock 2>/dev/null)" ''

# ---- memory: what is asked for, what there is, and where it came from

small=(--no-pci --no-telemetry --log-level=error --lcores 0@0,1@0)
ordinary=("${small[@]}" --no-huge --no-shconf -m 160)
size='[0-9.]+ [KMG]iB'
wants="they want $size, and up to $size when used; there are $size in hugepages and $size of other memory"
printf '%s\n' "$port" "port config 1 ip 198.19.0.1/15" 'start' 'show memory' 'quit' >"$TMP/memory.spate"
file=(-- --cmdline-file="$TMP/memory.spate")
line="$TMP/memory.spate:3:"

one_line 'memory: absurdly many connections' 1 \
	"$line no memory for 500000000 connections and 1000000 in TIME_WAIT: $wants .*" \
	"${file[@]}" --max-connections=500000000
one_line 'memory: absurdly many of both' 1 \
	"$line no memory for 400000000 connections and 500000000 in TIME_WAIT: $wants .*" \
	"${file[@]}" --max-time-wait=500000000 --max-connections=400000000
one_line 'memory: too little for packet buffers' 1 \
	"$line port 0 queue 0: no memory for [0-9]+ packet buffers: they want $size, DPDK's heap has $size .*" \
	"${small[@]}" --no-huge --no-shconf -m 16 "${file[@]}"

# limited KIB ARGUMENT...: a spate with so much address space.
cat >"$TMP/limited" <<-'END'
	#!/bin/bash
	ulimit -v "$1" && shift && exec "$@"
END
chmod 755 "$TMP/limited"
mine=$SPATE
SPATE=$TMP/limited
one_line 'memory: ulimit -v' 1 "$line no memory for 8000000 .*: $wants, and 'ulimit -v' leaves $size for all .*" \
	1500000 "$mine" "${file[@]}" --max-connections=8000000
start run "$SPATE" 1500000 "$mine" "${file[@]}" --max-connections=100000
ended "$pid" 60
equal 'memory: within ulimit -v: status' "$status $(cat "$TMP/run.err")" '0 '
SPATE=$mine
start run "$SPATE" "${small[@]}" --in-memory -m 100000000 "${file[@]}"
ended "$pid" 60
equal 'memory: more than there are hugepages: status' "$status" 1
matches 'memory: more than there are hugepages: is said' "$(tail -n 1 "$TMP/run.err")" \
	'^spate: EAL did not start: Cannot allocate memory: .* too few hugepages for -m .*'

# said NAME WHERE ARGUMENT...: the line says that all of it is there, and WHERE; and so does
# `show memory`, with a line for each of two queues.
said()
{
	local name=$1 where=$2

	shift 2
	start run "$SPATE" "$@" --json="$TMP/memory.json"
	ended "$pid" 60
	equal "memory: $name: status" "$status $(cat "$TMP/run.err")" '0 '
	matches "memory: $name: is said" "$(grep '^memory: ' "$TMP/run.out" | uniq)" \
		"^memory: $size for 200,000 connections and 100,000 in TIME_WAIT, $size of packet buffers, $where; up to $size more when used\$"
	equal "memory: $name: a line a queue" \
		"$(grep -Ec "^lcore 1  port [01] queue 0  node -?[0-9]+  tables $size, in hugepages $size  packet buffers $size  when used $size\$" "$TMP/run.out")" 2
	report "memory: $name: report" "$TMP/memory.json" "
		memory.connections == 200000 and memory.time_waits == 100000 and
		memory.tables == sum(s.tables for s in memory.slots) > 200000 * 128 and
		memory.tables_in_hugepages == sum(s.tables_in_hugepages for s in memory.slots) and
		memory.packet_buffers == sum(s.packet_buffers for s in memory.slots) > 2 * 16383 * 2048 and
		memory.when_used == sum(s.when_used for s in memory.slots) > 0 and len(memory.slots) == 2 and $where_json"
}

sizes=("${file[@]}" --max-connections=200000 --max-time-wait=100000)
where_json='memory.tables_in_hugepages == 0'
said 'no hugepages' 'in ordinary memory( of node 0)?: hugepages are not used' "${ordinary[@]}" "${sizes[@]}"
if [ "$(cat /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages 2>/dev/null || echo 0)" -ge 160 ]; then
	small+=(--in-memory --single-file-segments --file-prefix="spate-$$")
	where_json='memory.tables_in_hugepages == memory.tables'
	said 'hugepages' 'in hugepages of node [0-9]+' "${small[@]}" "${sizes[@]}"
	# Room for the buffers and for some of the tables.
	where_json='0 < memory.tables_in_hugepages < memory.tables'
	said 'too few hugepages' "$size of it in hugepages of node [0-9]+: [0-9]+ more of 2 MiB would hold the rest" \
		"${small[@]}" --socket-limit=100 "${sizes[@]}"
else
	skip 'memory: in hugepages' 'fewer than 160 are free'
fi

# ---- show config is a command file that gives itself

everything=(
	'set tcp preset %s' 'set tcp msl 1234' 'set tcp reuse ts' 'set tcp timestamps off'
	'set tcp initial-window 4' 'set tcp sequential-ports on' 'set run drain 777'
	'set idle sleep after 5ms for 50us'
	'port config 0 ip 198.18.0.1/16 gateway 198.18.0.254 vlan 7 mtu 1400 queues 1 tso off'
	'port config 1 ip 198.19.0.1/15'
	'server add web port 1 listen 198.19.0.1:80 http size 1460 backlog 99'
	'server add any port 1 listen *:81' 'server add e port 1 listen *:7 echo'
	'server add d port 1 listen *:9 discard' 'server add r port 1 listen *:70 rr verify'
	'server add st port 1 listen *:71 stream verify'
	'client add a port 0 from 198.18.0.1-198.18.0.4 ports 1000-1999 to 198.19.0.1:80 http path
		/x requests 3 size 1460 verify close first rate 50 concurrency 5 count 1000000'
	'client add b port 0 from 198.18.0.9 to 198.19.0.1:81 connect-only'
	'client add c port 0 from 198.18.0.1 ports 2000-2000 to 198.19.0.1:80 close reset'
	'client add h port 0 from 198.18.0.1 ports 2001-2001 to 198.19.0.1:80 request-size 4000'
	'client add q port 0 from 198.18.0.2 to 198.19.0.1:70 rr request-size 1 response-size 2
		requests 0 think 1500us verify'
	'client add p port 0 from 198.18.0.3 to 198.19.0.1:7 rr plain think 2s close reset count 9'
	'client add s port 0 from 198.18.0.4 to 198.19.0.1:71 stream direction both bytes 5000000000
		verify'
	'client add t port 0 from 198.18.0.5 to 198.19.0.1:9 stream for 90s concurrency 3'
	'client add k port 0 from 198.18.0.6 to 198.19.0.1:70 hold open-at-once 64512 keep 2s every 70s
		request-size 3 response-size 4 verify close reset rate 1000'
	'client add l port 0 from 198.18.0.7 to 198.19.0.1:70 hold open-at-once 1 plain'
	'client add v port 0 from 198.18.0.1 to 198.19.0.1:82 connect-only verify time-wait repeat 2'
	'set client c rate 7' 'set client b concurrency 99')
config_of() { "$SPATE" -- --cmdline-file="$1" 2>&1 | grep -v '^embedded wire'; }
for preset in linux rfc bsd; do
	printf "$(printf '%s\n' "${everything[@]}" | tr -d '\t' | sed -z 's/path\n/path /; s/response-size 2\n/response-size 2 /; s/5000000000\n/5000000000 /; s/70s\n/70s /')\nshow config\n" \
		$preset >"$TMP/config.spate"
	config_of "$TMP/config.spate" >"$TMP/first.spate"
	echo 'show config' | cat "$TMP/first.spate" - >"$TMP/again.spate"
	config_of "$TMP/again.spate" >"$TMP/second.spate"
	check "show config: $preset: gives itself" diff "$TMP/first.spate" "$TMP/second.spate"
	equal "show config: $preset: all that was added" \
		"$(grep -c ' add \|^port config' "$TMP/first.spate")" 19
done
matches 'show config: a client' "$(cat "$TMP/first.spate")" \
	'^client add a .* path /x requests 3 size 1460 verify close first count 1000000$'

# ---- a second instance

cat >"$TMP/churn.spate" <<-END
	port config 0 ip 198.18.0.1/15
	port config 1 ip 198.19.0.1/15
	server add web port 1 listen 198.19.0.1:80 http size 64
	client add load port 0 from 198.18.0.1-198.18.0.4 ports 10000-59999 to 198.19.0.1:80 http \\
		size 64 verify close last
	set client load concurrency 100
END
sed -i -z 's/ \\\n\t*/ /' "$TMP/churn.spate"
echo 'start all' | cat "$TMP/churn.spate" - >"$TMP/run.spate"
start first "$SPATE" -- --cmdline-file="$TMP/run.spate" --duration=100 --json="$TMP/first.json"
first=$pid
running() { written "$TMP/first.out" 'client [1-9][0-9,]* conn/s'; }
check 'second instance: the first runs' wait_for 30 running
one_line 'second instance' 1 "spate: another spate runs with file prefix 'spate': .*--file-prefix.*" \
	-- --cmdline-file="$TMP/run.spate"

# ---- Ctrl-C in the middle of a run

interrupted 'Ctrl-C' "$first" "$TMP/first.json"
matches 'Ctrl-C: the summary' "$(cat "$TMP/first.out")" '^leaked   0$'
report 'Ctrl-C: drained: none failed, none cut off' "$TMP/first.json" 'client.closed > 0 and
	client.closed == client.attempted == server.closed and client.failed == client.stopped == 0'
equal 'Ctrl-C: not a word of error' "$(cat "$TMP/first.err")" ''

# ---- the same while a file waits

cat "$TMP/run.spate" >"$TMP/waits.spate"
echo 'wait 600000' >>"$TMP/waits.spate"
start waits "$SPATE" -- --cmdline-file="$TMP/waits.spate" --json="$TMP/waits.json"
established() { written "$TMP/waits.out" 'packet buffers' && sleep 1; }
check 'Ctrl-C in a wait: it runs' wait_for 30 established
kill -INT "$pid"
ended "$pid" 30
equal 'Ctrl-C in a wait: exit status' "$status" 1
matches 'Ctrl-C in a wait: is said' "$(cat "$TMP/waits.err")" \
	"^$TMP/waits.spate:[0-9]*: wait: interrupted$"
matches 'Ctrl-C in a wait: the summary' "$(cat "$TMP/waits.out")" '^leaked   0$'
sums 'Ctrl-C in a wait' "$TMP/waits.json"

# ---- nobody reads the lines any more

start first sh -c '"$0" -- --cmdline-file="$1" --duration=100 --json="$2" | head -n 2' \
	"$SPATE" "$TMP/run.spate" "$TMP/pipe.json"
ended "$pid" 60
equal 'the reader is gone: the run ends' "$status" 0
sums 'the reader is gone' "$TMP/pipe.json"

# ---- too little of something is reported, and fails no connection

# short_of NAME COUNTER COMMANDS ARGUMENT...
short_of()
{
	local name=$1 counter=$2 commands=$3

	shift 3
	sed "$commands" "$TMP/run.spate" >"$TMP/short.spate"
	start short "$SPATE" -- --cmdline-file="$TMP/short.spate" --duration=100 \
		--json="$TMP/short.json" "$@"
	ended "$pid" 120
	equal "$name: exit status" "$status" 0
	sums "$name" "$TMP/short.json"
	report "$name: all connections, none failed" "$TMP/short.json" \
		'client.closed == client.attempted == 5000 and client.failed == 0'
	report "$name: is counted" "$TMP/short.json" "$counter > 0"
}

count='s/close last/close last count 5000/'
short_of 'full connection table' tcp.connect_no_room "$count" --max-connections=10
matches 'full connection table: is in the summary' "$(cat "$TMP/short.out")" \
	'no local port free 0 times, long looked for 0 times  connection table full [1-9]'
short_of 'local ports exhausted' tcp.connect_no_port \
	"$count; s/198.18.0.1-198.18.0.4 ports 10000-59999/198.18.0.1 ports 10000-10009/"
matches 'local ports exhausted: is in the summary' "$(cat "$TMP/short.out")" \
	'no local port free [1-9][0-9,]* times, .*  connection table full 0'
short_of 'full TIME_WAIT table' time_wait.recycled "$count" --max-time-wait=10
matches 'full TIME_WAIT table: is in the summary' "$(cat "$TMP/short.out")" 'recycled [1-9]'

# ---- the prompt

sed 's/close last/close last rate 1/' "$TMP/churn.spate" >"$TMP/prompt.spate"
prompt_start prompt "$SPATE" -- -i --cmdline-file="$TMP/prompt.spate" --json="$TMP/prompt.json"
closed()  { ask prompt 'show client load' | sed -n 's/.*closed \([0-9,]*\).*/\1/p' | tr -d ,; }
exceeds() { [ "$(closed)" -gt "$1" ]; }
errors()  { wc -l <"$TMP/prompt.err"; }

matches 'prompt: start' "$(ask prompt 'start all')" "^memory: $size for .* when used\$"
check 'prompt: one connection a second' wait_for 30 exceeds 0
ask prompt 'set client load rate max' >/dev/null
check 'prompt: rate max' wait_for 30 exceeds 20000
ask prompt 'set client load rate 2' >/dev/null
matches 'prompt: show config has the new rate' "$(ask prompt 'show config')" \
	'^set client load rate 2$'
ask prompt 'set client load rate 5000 concurrency 7' >/dev/null
matches 'prompt: both at once' "$(ask prompt 'show config')" '^set client load concurrency 7$'
more() { exceeds $((before + 1000)); }
before=$(closed)
check 'prompt: it goes on at the new rate' wait_for 30 more
equal 'prompt: not a word of error so far' "$(errors)" 0

# A wrong line costs nothing but its line.
for line in 'frobnicate' 'set client load rate 0' 'set tcp msl 1' 'port config 0 ip 198.18.0.1/15'; do
	before=$(errors)
	ask prompt "$line" >/dev/null
	equal "prompt: '$line': one line of error" "$(($(errors) - before))" 1
done
before=$(closed)
check 'prompt: and the run goes on' wait_for 30 more

help=$(ask prompt 'help')
while read -r command; do
	matches "help: $command" "$help" "^$command( |\$)"
	matches "help: on $command" "$(ask prompt "help $command")" "^$command( |\$)"
done <<-END
	port config
	server add
	client add
	set client
	set tcp
	set run
	set idle
	start
	stop
	show stats
	show client
	show server
	show conn
	show tcp stats
	show port info
	show port stats
	show config
	show memory
	clear stats
	help
	quit
END
before=$(errors)
for line in 'show stats' 'show client all' 'show server web' 'show conn limit 5' \
	'show conn state TIME_WAIT limit 5' 'show conn summary' 'show tcp stats' \
	'show port info all' 'show port info 0' 'show port stats all'; do
	check "prompt: $line: answers" test -n "$(ask prompt "$line")"
done
for line in 'stop load' 'stop web' 'start web' 'start load' 'stop all' 'start' 'clear stats'; do
	equal "prompt: $line" "$(ask prompt "$line")" ''
done
equal 'prompt: not a word of error' "$(errors)" "$before"
prompt_end 30
equal 'prompt: exit status' "$status" 0
sums 'prompt, cleared in the middle' "$TMP/prompt.json"
finish
