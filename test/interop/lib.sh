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
killed()
{
	kill -KILL "$1"
	ended "$1" 30
} 2>/dev/null

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

# The prompt of a spate behind a pipe: prompt_start NAME COMMAND..., then ask NAME LINE.
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
	wait_for 30 prompted "$TMP/$name.out"
	! dead "$pid" || fail "$name: a prompt" "$(tail -n 1 "$TMP/$name.err")"
}

prompted() { dead "$pid" || written "$1" 'spate> $'; }

answered()
{
	dead "$pid" || tail -c "+$(($2 + 1))" "$1" | tail -n 1 | grep -q 'spate> $'
}

# The answer to LINE, without its echo and the next prompt, on standard output.
ask()
{
	local out=$TMP/$1.out at

	at=$(stat -c %s "$out")
	printf '%s\n' "$2" >&"$prompt"
	if ! wait_for 30 answered "$out" "$at"; then
		echo "no answer to '$2'"
		return 1
	fi
	tail -c "+$((at + 1))" "$out" | tr -d '\r' | sed '1d; $s/spate> $//' | sed '/^$/d'
}

# prompt_end SECONDS: quit, and the status in $status.
prompt_end()
{
	printf 'quit\n' >&"$prompt"
	ended "$pid" "$1"
	exec {prompt}>&-
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

on_host()   { ip netns exec "$host" "$@"; }
listening() { on_host ss -Hltn "sport = :$1" | grep -q .; }

# nginx_start: in $host, port 80, serving $TMP/www; its pid in $nginx.
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
	start nginx ip netns exec "$host" nginx -p "$TMP" -e "$TMP/nginx.log" -c "$TMP/nginx.conf"
	nginx=$pid
	wait_for 30 listening 80 || { fail "nginx starts" "$(tail -n 1 "$TMP/nginx.log")"; finish; }
}

nginx_stop()
{
	kill -TERM "$nginx"
	ended "$nginx" 30
}
