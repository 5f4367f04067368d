# SPDX-License-Identifier: BSD-3-Clause
# Helpers of the interop tests; each script begins with:  . "$(dirname "$0")/lib.sh"
# and ends with:  finish
#
# What a script makes is its own and goes with it: a mount namespace with an empty /run, so
# that the names of network namespaces, DPDK's files and spate's locks meet nobody else's; in
# there its files, $TMP; and the processes it starts, which are ended by pid, and end with it
# if it is killed. Waiting is polling with a limit; nothing sleeps a fixed time, and no check
# is about time.
#
#   SPATE=/path/to/spate    the program; default build/app/spate of this tree
#   KEEP=1                  leave $TMP behind, in /tmp, and say where

set -u -o pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
SPATE=${SPATE:-$here/../../build/app/spate}
SPATE=$(realpath -m "$SPATE")
export SPATE

if [ -z "${SPATE_TEST_PRIVATE:-}" ]; then
	SPATE_TEST_PRIVATE=1 exec unshare --mount "$0" "$@"
	exit 1
fi
unset SPATE_TEST_PRIVATE
mount -t tmpfs -o mode=755 tmpfs /run || { echo "FAIL setup: no /run of our own: are you root?"; exit 1; }

TMP=/run
[ -z "${KEEP:-}" ] || TMP=/tmp
TMP=$(mktemp -d $TMP/spate-interop.XXXXXX)
chmod 755 "$TMP"
pids=()       # of what runs in the background
namespaces=()
n_ok=0 n_failed=0 n_skipped=0
finished=

cleanup()
{
	local status=$? pid ns

	trap - EXIT INT TERM HUP
	for pid in "${pids[@]}"; do
		kill -TERM "$pid" 2>/dev/null
	done
	for pid in "${pids[@]}"; do
		wait_for 10 dead "$pid" || kill -KILL "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	for ns in "${namespaces[@]}"; do
		ip netns del "$ns"
	done
	if [ -n "${KEEP:-}" ]; then
		echo "kept: $TMP"
	else
		rm -rf "$TMP"
	fi
	# A script that ended before finish() has not passed.
	[ -n "$finished" ] || [ "$status" -ne 0 ] || status=1
	exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# ---- checks: one line each

# A text on one line, and not too long a one.
short()
{
	local text=${1//$'\n'/; }

	[ ${#text} -le 600 ] || text="${text:0:600}..."
	echo "$text"
}

ok()   { n_ok=$((n_ok + 1)); echo "ok   $1"; }
fail() { n_failed=$((n_failed + 1)); echo "FAIL $1: $(short "${2:-}")"; }
skip() { n_skipped=$((n_skipped + 1)); echo "skip $1: $2"; }

# check NAME COMMAND...: ok when the command succeeds; its last line of output is the why.
check()
{
	local name=$1 out

	shift
	if out=$("$@" 2>&1); then
		ok "$name"
	else
		fail "$name" "$(tail -n 1 <<<"${out:-$* failed}")"
	fi
}

# equal NAME GOT WANTED
equal()
{
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		fail "$1" "got '$2', wanted '$3'"
	fi
}

# matches NAME TEXT REGEX
matches()
{
	if grep -Eq -- "$3" <<<"$2"; then
		ok "$1"
	else
		fail "$1" "no match for '$3' in '$2'"
	fi
}

# report NAME FILE EXPRESSION: a Python expression over a JSON report's fields, as in
# 'client.failed == 0 and connections.leaked == 0'. The why names the fields' values.
report()
{
	check "$1" python3 - "$2" "$3" <<'PY'
import json, re, sys
from types import SimpleNamespace

try:
    with open(sys.argv[1]) as f:
        d = json.load(f, object_hook=lambda o: SimpleNamespace(**o))
except (OSError, ValueError) as e:
    sys.exit(f"no report: {e}")
what = " ".join(sys.argv[2].split())
if not eval(what, {}, vars(d)):
    names = sorted(set(re.findall(r"[a-z_]+(?:\.[a-z_]+)+", what)))
    sys.exit(what + ": " + ", ".join(f"{n} {eval(n, {}, vars(d))}" for n in names))
PY
}

# field FILE NAME: a value of a JSON report, as in: field report.json client.closed
field()
{
	python3 - "$1" "$2" <<'PY'
import functools, json, sys
print(functools.reduce(lambda d, k: d[k], sys.argv[2].split("."), json.load(open(sys.argv[1]))))
PY
}

# What any run must end with: the report's sums agree and nothing is left over.
sums()
{
	report "$1: nothing leaked, the sums agree" "$2" '
		connections.leaked == 0 and connections.open == 0 and
		connections.opened == connections.closed + connections.reset +
			connections.timed_out + connections.refused and
		client.attempted == client.closed + client.failed + client.stopped and
		server.accepted == server.closed + server.failed and
		time_wait.entered == time_wait.reused + time_wait.recycled + time_wait.reset +
			time_wait.expired + time_wait.current'
}

finish()
{
	finished=1
	printf '%s: %d ok, %d failed, %d skipped\n' "$(basename "$0" .sh)" $n_ok $n_failed $n_skipped
	exit $((n_failed > 0))
}

# need PROGRAM...: without them there is nothing to check.
need()
{
	local program

	for program in "$SPATE" "$@"; do
		command -v "$program" >/dev/null && continue
		fail setup "$program is not here"
		finish
	done
}

# ---- processes

# wait_for SECONDS COMMAND...: until the command succeeds.
wait_for()
{
	local end=$((SECONDS + $1 + 1))

	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
}

dead()    { ! kill -0 "$1"; }
written() { grep -Eq -- "$2" "$1"; } # FILE REGEX

# start NAME COMMAND...: in the background; its words in $TMP/NAME.out and .err, its pid in $pid.
start()
{
	local name=$1

	shift
	setpriv --pdeathsig TERM "$@" >"$TMP/$name.out" 2>"$TMP/$name.err" </dev/null &
	pid=$!
	pids+=("$pid")
}

# ended PID SECONDS: wait for the end of what start() started; its status in $status.
ended()
{
	local p

	if ! wait_for "$2" dead "$1"; then
		kill -KILL "$1"
		wait "$1"
		status="none after $2 s"
	else
		wait "$1"
		status=$?
	fi
	for p in "${!pids[@]}"; do
		[ "${pids[p]}" != "$1" ] || unset "pids[p]"
	done
} 2>/dev/null # the shell's own word on who was killed

# killed PID: it has no chance to say goodbye.
killed() { kill -KILL "$1"; ended "$1" 30; } 2>/dev/null

# interrupted NAME PID [REPORT]: by Ctrl-C, and it ends well; REPORT is $TMP/NAME.json unless said.
interrupted()
{
	kill -INT "$2"
	ended "$2" 60
	equal "$1: exit status" "$status" 0
	sums "$1" "${3:-$TMP/$1.json}"
}

# ---- spate

memory=(--no-huge --no-shconf -m 256) # what EAL is told about it

# eal NAME CPU VDEV...: EAL's arguments into ${eal[@]}: the command line on any CPU, one worker
# on CPU, and these virtual devices.
eal()
{
	local vdev

	eal=(--no-pci --no-telemetry --log-level=lib.eal:error "${memory[@]}"
		--file-prefix="spate-$$-$1"
		--lcores "0@(0-$(($(nproc) - 1))),1@$(($2 % $(nproc)))")
	shift 2
	for vdev; do
		eal+=("--vdev=$vdev")
	done
}

# The prompt of a spate behind a pipe, one at a time: prompt_start NAME COMMAND..., then ask NAME
# LINE; its pid in $prompt_pid.
prompt_start()
{
	local name=$1

	shift
	rm -f "$TMP/$name.in"
	mkfifo "$TMP/$name.in"
	# Opened for both, so that neither side waits for the other.
	exec {prompt}<>"$TMP/$name.in"
	setpriv --pdeathsig TERM "$@" <"$TMP/$name.in" >"$TMP/$name.out" 2>"$TMP/$name.err" \
		{prompt}>&- &
	pid=$!
	pids+=("$pid")
	prompt_pid=$pid
	wait_for 30 prompted "$TMP/$name.out"
	! dead "$prompt_pid" || fail "$name: a prompt" "$(tail -n 1 "$TMP/$name.err")"
}

prompted() { dead "$prompt_pid" || written "$1" 'spate> $'; }

# The answer to LINE, without its echo and the next prompt, on standard output. Events may be told
# before and behind: the answer is what is between its last echo and the next prompt.
ask()
{
	local at end=$((SECONDS + 31)) gone=

	at=$(stat -c %s "$TMP/$1.out")
	printf '%s\n' "$2" >&"$prompt"
	until LINE=${2##*$'\n'} answer "$1" "$at"; do
		[ -z "$gone" ] || { echo "spate is gone, asked '$2'"; return 1; }
		[ $SECONDS -lt $end ] || { echo "no answer to '$2'"; return 1; }
		# It may have answered before it went.
		! dead "$prompt_pid" 2>/dev/null || gone=1
		sleep 0.03
	done
}

# What the program has written, as text.
plain() { tr -d '\r' | sed -e 's/\x1b\[[0-9;]*[A-Za-z]//g' -e 's/\x1b[A-Z]//g'; }

# answer NAME OFFSET: to $LINE, if all of it is there.
answer()
{
	tail -c "+$(($2 + 1))" "$TMP/$1.out" | plain | awk '
		BEGIN { line = ENVIRON["LINE"]; n = length(line) }
		length($0) >= n && substr($0, length($0) - n + 1) == line {
			seen = 1; ended = 0; out = ""; next }
		seen && /^spate> / { ended = 1 }
		!ended && $0 != "" { out = out $0 "\n" }
		END { if (!ended) exit 1; printf "%s", out }'
}

# prompt_end SECONDS: quit, and the status in $status.
prompt_end()
{
	printf 'quit\n' >&"$prompt"
	ended "$prompt_pid" "$1"
	exec {prompt}>&-
}

# ---- both ends' views, in this family

family=IPv4

# "local peer" a line, as spate has them: in TIME_WAIT, and all the lines of what is open. And as
# Linux in $host does, turned around.
ours_in_time_wait()
{
	ask prompt 'show conn state TIME_WAIT limit 1000' | awk 'NR > 1 { print $4, $5 }' | sort
}
ours_open()
{
	ask prompt 'show conn limit 1000' | awk 'NR > 1 && $1 != "TIME_WAIT" && $1 != "LISTEN"'
}
theirs_in_time_wait()
{
	on_host ss "-H${family#IPv}tan" state time-wait | awk '{ print $4, $3 }' | sort
}
theirs_open() { on_host ss "-H${family#IPv}tan" state connected exclude time-wait; }

closed()  { [ -z "$(ours_open)" ] && [ -z "$(theirs_open)" ]; }
settled() { wait_for 30 closed || fail "$1: all closed" "$(ours_open | head -1) $(theirs_open | head -1)"; }

# tuples WE THEY: five tuples from these ends, a + at the end of one counting up.
tuples()
{
	local i

	for i in 0 1 2 3 4; do
		echo "${1/%+/$i} ${2/%+/$i}"
	done | sort
}

# open CLIENT: its five connections.
open()
{
	check "$device: start $1" ask prompt "start $1"
	wait_for 30 five "$1" || fail "$device: $1: five closed" "$(ask prompt "show client $1")"
}

five() { ask prompt "show client $1" | grep -q 'closed 5  failed 0  open 0'; }

# curls FIRST-PORT URL ARGUMENT...: five, from five ports.
curls()
{
	local i first=$1 url=$2 got

	shift 2
	for i in 0 1 2 3 4; do
		got=$(on_host curl -gsS -m 30 -o /dev/null -w '%{http_code}' \
			--local-port $((first + i)) "$@" "$url" 2>&1)
		[ "$got" = 200 ] || fail "$device: curl from port $((first + i))" "$got"
	done
}

# ---- Linux by hand

# linux COMMAND...: one of hand.py's; its answer.
linux()
{
	local before

	before=$(wc -l <"$TMP/hand.out")
	printf '%s\n' "$*" >&"$hand"
	wait_for 40 more_lines "$before" || { echo "no answer to '$*'"; return 1; }
	tail -n +$((before + 1)) "$TMP/hand.out"
}

more_lines() { [ "$(wc -l <"$TMP/hand.out")" -gt "$1" ]; }

# hand_start NAMESPACE: hand.py there.
hand_start()
{
	mkfifo "$TMP/hand.in"
	exec {hand}<>"$TMP/hand.in"
	ip netns exec "$1" setpriv --pdeathsig TERM python3 "$here/hand.py" <"$TMP/hand.in" \
		>"$TMP/hand.out" 2>"$TMP/hand.err" {hand}>&- &
	pids+=($!)
}

# ---- the wire, in tshark's words

declare -A captures

# capture_start NAME NAMESPACE DEVICE: into $TMP/NAME.pcapng, what IP there is. A spate that has
# ended has taken its tap down.
capture_start()
{
	ip -n "$2" link set "$3" up
	start "$1-tshark" ip netns exec "$2" tshark -q -B 64 -i "$3" -f 'ip or ip6' \
		-w "$TMP/$1.pcapng"
	captures[$1]=$pid
	wait_for 30 written "$TMP/$1-tshark.err" 'Capturing on' ||
		fail "$1: tshark" "$(tail -n 1 "$TMP/$1-tshark.err")"
}

# capture_end NAME: and nothing in it is malformed. What an ICMP error quotes has been cut off, so
# that tshark finds its checksum wrong.
capture_end()
{
	kill -INT "${captures[$1]}"
	ended "${captures[$1]}" 30
	check "$1: was captured" [ "$(frames "$1" tcp | wc -l)" -gt 20 ]
	equal "$1: no malformed packet" \
		"$(frames "$1" '_ws.malformed || (_ws.expert.severity == error && !((icmp || icmpv6) && tcp)) ||
			icmp.checksum.status == 0')" ''
}

# frames NAME FILTER: a line each.
frames()
{
	tshark -r "$TMP/$1.pcapng" -o tcp.check_checksum:TRUE -Y "$2" 2>>"$TMP/$1-tshark.err"
}

# nothing_again NAME [EXCEPT]: where nothing was lost nothing is sent again, and nobody has reason
# to think that it was; but for the frames of EXCEPT.
nothing_again()
{
	local analysis=tcp.analysis

	equal "$1: nothing is sent again, nothing seems lost" "$(frames "$1" "($analysis.retransmission ||
		$analysis.fast_retransmission || $analysis.spurious_retransmission ||
		$analysis.duplicate_ack || $analysis.out_of_order || $analysis.lost_segment ||
		$analysis.ack_lost_segment) && !(${2:-frame.number == 0})")" ''
}

# spate's pattern, made another way: bytes 8k to 8k+7 are k in seven hex digits and a newline.
pattern()
{
	python3 - "$1" <<'PY'
import sys
n = int(sys.argv[1])
sys.stdout.write("".join("%07x\n" % k for k in range(n // 8 + 1))[:n])
PY
}

# ---- networks

# ns_add LABEL: a network namespace, its name in $ns.
ns_add()
{
	ns=spate-$$-$1
	ip netns add "$ns" || { fail setup "no network namespace: are you root?"; finish; }
	namespaces+=("$ns")
	# What Linux says unasked over IPv6 is no part of the tests.
	ip netns exec "$ns" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 \
		net.ipv6.conf.default.disable_ipv6=1 2>/dev/null
	ip -n "$ns" link set lo up
}

# network DEVICE: Linux with 198.18.0.1/16 in namespace $host, and a place for spate at the
# other end: run it as  ${spate[@]} -- ...  The device is net_tap or net_af_packet.
network()
{
	ns_add "$1-host"
	host=$ns
	case $1 in
	net_tap)
		# Made beforehand, so that it has its address before spate sends a frame.
		ip -n "$host" tuntap add dev tap0 mode tap multi_queue
		ip -n "$host" addr add 198.18.0.1/16 dev tap0
		ip -n "$host" link set tap0 up
		eal "$1" 0 net_tap0,iface=tap0
		spate=(ip netns exec "$host" "$SPATE" "${eal[@]}")
		;;
	net_af_packet)
		ns_add "$1-spate"
		ip link add name wire0 netns "$ns" type veth peer name wire1 netns "$host"
		# Over veth Linux leaves checksums and segmentation to a device that is not there.
		ip netns exec "$host" ethtool -K wire1 tx off tso off gso off gro off >/dev/null
		ip -n "$host" addr add 198.18.0.1/16 dev wire1
		ip -n "$host" link set wire1 up
		ip -n "$ns" link set wire0 up
		eal "$1" 0 net_af_packet0,iface=wire0
		spate=(ip netns exec "$ns" "$SPATE" "${eal[@]}")
		;;
	esac
}

# network6 DEVICE: the same, and 2001:2:0:1::1/64 for Linux; 2001:2:0:2::1 is behind it.
network6()
{
	local dev=tap0

	[ "$1" = net_tap ] || dev=wire1
	network "$1"
	on_host sysctl -qw net.ipv6.conf.lo.disable_ipv6=0 net.ipv6.conf.$dev.accept_ra=0 \
		net.ipv6.conf.$dev.router_solicitations=0 net.ipv6.conf.$dev.accept_dad=0 \
		net.ipv6.conf.$dev.keep_addr_on_down=1 net.ipv6.conf.$dev.addr_gen_mode=3 \
		net.ipv6.conf.$dev.disable_ipv6=0
	ip -n "$host" -6 addr add 2001:2:0:1::1/64 dev $dev nodad
	ip -n "$host" -6 addr add 2001:2:0:2::1/128 dev lo nodad
	device_of_host=$dev
}

# patient NAMESPACE: Linux there does not take a process that has to wait for a CPU for a loss. (The
# second needs Linux 6.11.)
patient()
{
	ip netns exec "$1" sysctl -qw net.ipv4.tcp_early_retrans=0
	ip netns exec "$1" sysctl -qw net.ipv4.tcp_rto_min_us=5000000 2>/dev/null
}

# routed MTU: between spate in $host and Linux in $far, where 198.19.1.2 and 2001:2:0:4::2 are,
# there are two routers, $host and another, and a link of that MTU between them. All else has 1500.
routed()
{
	local second

	network6 net_tap
	ns_add second
	second=$ns
	ns_add far
	far=$ns
	ip link add name wire1 netns "$host" type veth peer name wire2 netns "$second"
	ip link add name wire3 netns "$second" type veth peer name wire4 netns "$far"
	link "$host" wire1 "$1" 198.19.0.1/24 2001:2:0:3::1/64
	link "$second" wire2 "$1" 198.19.0.2/24 2001:2:0:3::2/64
	link "$second" wire3 1500 198.19.1.1/24 2001:2:0:4::1/64
	link "$far" wire4 1500 198.19.1.2/24 2001:2:0:4::2/64
	for ns in "$host" "$second"; do
		# Routers must not be sparing with what they say here.
		ip netns exec "$ns" sysctl -qw net.ipv4.ip_forward=1 \
			net.ipv6.conf.all.forwarding=1 net.ipv4.icmp_ratelimit=0
	done
	ip -n "$host" route add 198.19.1.0/24 via 198.19.0.2
	ip -n "$host" -6 route add 2001:2:0:4::/64 via 2001:2:0:3::2
	ip -n "$second" route add 198.18.0.0/16 via 198.19.0.1
	ip -n "$second" -6 route add 2001:2:0:1::/64 via 2001:2:0:3::1
	ip -n "$far" route add default via 198.19.1.1
	ip -n "$far" -6 route add default via 2001:2:0:4::1
}

# link NAMESPACE DEVICE MTU ADDRESS ADDRESS6: all that arrives there is taken by one CPU, not
# spate's, so that it keeps its order.
link()
{
	printf '%x\n' $((1 << ($(nproc) - 1))) |
		ip netns exec "$1" tee "/sys/class/net/$2/queues/rx-0/rps_cpus" >/dev/null
	ip netns exec "$1" ethtool -K "$2" tx off tso off gso off gro off >/dev/null
	ip netns exec "$1" sysctl -qw net.ipv6.conf."$2".accept_ra=0 \
		net.ipv6.conf."$2".accept_dad=0 net.ipv6.conf."$2".disable_ipv6=0
	ip -n "$1" link set "$2" mtu "$3" up
	ip -n "$1" addr add "$4" dev "$2"
	ip -n "$1" -6 addr add "$5" dev "$2" nodad
}

on_far()    { ip netns exec "$far" "$@"; }
on_host()   { ip netns exec "$host" "$@"; }
listening() { ip netns exec "${2:-$host}" ss -Hltn "sport = :$1" | grep -q .; }

# nginx_start [NAMESPACE]: in $host or there, port 80, serving $TMP/www; its pid in $nginx.
nginx_start()
{
	mkdir -p "$TMP/www"
	cat >"$TMP/nginx.conf" <<-CONF
		daemon off;
		user root;
		worker_processes 1;
		pid $TMP/nginx.pid;
		error_log $TMP/nginx.log;
		events { worker_connections 8192; }
		http {
			access_log off;
			sendfile on;
			keepalive_requests 1000000;
			client_body_temp_path $TMP/nginx-body;
			proxy_temp_path $TMP/nginx-proxy;
			fastcgi_temp_path $TMP/nginx-fastcgi;
			uwsgi_temp_path $TMP/nginx-uwsgi;
			scgi_temp_path $TMP/nginx-scgi;
			server {
				listen 80 backlog=4096;
				listen [::]:80 backlog=4096;
				root $TMP/www;
			}
		}
	CONF
	start nginx ip netns exec "${1:-$host}" nginx -p "$TMP" -e "$TMP/nginx.log" -c "$TMP/nginx.conf"
	nginx=$pid
	wait_for 30 listening 80 "${1:-$host}" || { fail "nginx starts" "$(tail -n 1 "$TMP/nginx.log")"; finish; }
}

nginx_stop() { kill -TERM "$nginx"; ended "$nginx" 30; }
