#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What a worker costs that has nothing to do, and that it is there all the same when something
# comes: a server on a tap, Linux's clients. CPU time is counted, not waited for.
. "$(dirname "$0")/lib.sh"
need curl ping python3

IP=198.18.0.2

# worker PID: the thread of its one worker.
worker()
{
	grep -lx 'rte-worker-1' "/proc/$1"/task/*/comm | sed 's|.*/task/\([0-9]*\)/comm|\1|'
}

# share PID: of three seconds the parts, in per cent, that the worker ran and that it wanted to:
# where others are at work it has to wait for its CPU.
share()
{
	python3 - "/proc/$1/task/$(worker "$1")" <<'PY'
import os, sys, time
def now():
    with open(sys.argv[1] + "/stat") as f:
        cpu = sum(map(int, f.read().rsplit(")")[1].split()[11:13])) / os.sysconf("SC_CLK_TCK")
    with open(sys.argv[1] + "/schedstat") as f:
        ran, waited = map(int, f.read().split()[:2])
    return time.monotonic(), cpu, (ran + waited) / 1e9
a = now()
time.sleep(3)
b = now()
print(*(round(100 * (y - x) / (b[0] - a[0])) for x, y in zip(a[1:], b[1:])))
PY
}

# How often the worker has given its CPU back.
slept() { awk '/^voluntary_ctxt_switches/ { print $2 }' "/proc/$1/task/$(worker "$1")/status"; }

fetched() { on_host curl -gsS -m 30 -o "$TMP/got" "http://$IP/" && [ "$(stat -c %s "$TMP/got")" = 1000 ]; }

# answers NAME: frames that come out of a silence.
answers()
{
	check "$1: a request is answered" fetched
	check "$1: and another" fetched
	check "$1: ping" on_host ping -q -c 3 -i 0.2 -W 5 $IP
	matches "$1: the prompt answers" "$(ask prompt 'show conn')" '^LISTEN .* \*:\*'
	matches "$1: and counts" "$(ask prompt 'show server web')" 'accepted [1-9]'
}

network net_tap
cat >"$TMP/idle.spate" <<-END
	port config 0 ip $IP/16
	server add web port 0 listen $IP:80 http size 1000
	start all
END
prompt_start prompt "${spate[@]}" -- -i --cmdline-file="$TMP/idle.spate" --json="$TMP/idle.json"
check 'serves' wait_for 30 fetched

# ---- sleep, the default

equal 'sleep is the default' "$(ask prompt 'show config' | grep 'set idle')" ''
before=$(slept "$prompt_pid")
read -r ran wanted <<<"$(share "$prompt_pid")"
check "sleep: costs less than a fifth of a core ($ran %)" [ "$ran" -lt 20 ]
check 'sleep: it gives its CPU back' [ $(($(slept "$prompt_pid") - before)) -gt 300 ]
answers sleep

# ---- busy-poll, from now on

equal 'busy-poll: is taken' "$(ask prompt 'set idle busy-poll')" ''
equal 'busy-poll: show config' "$(ask prompt 'show config' | grep 'set idle')" 'set idle busy-poll'
before=$(slept "$prompt_pid")
read -r ran wanted <<<"$(share "$prompt_pid")"
check "busy-poll: wants a whole core ($wanted %)" [ "$wanted" -gt 80 ]
check 'busy-poll: it never gives its CPU back' [ $(($(slept "$prompt_pid") - before)) -lt 30 ]
answers busy-poll

# ---- pause

equal 'pause: is taken' "$(ask prompt 'set idle pause after 10ms')" ''
equal 'pause: show config' "$(ask prompt 'show config' | grep 'set idle')" 'set idle pause after 10ms'
answers pause

# ---- sleep again, and shorter

equal 'sleep: is taken' "$(ask prompt 'set idle sleep after 0us for 50us')" ''
equal 'sleep: show config' "$(ask prompt 'show config' | grep 'set idle')" \
	'set idle sleep after 0s for 50us'
answers 'short sleeps'

# A bad network in both directions: what it holds up is no reason to rest, and comes through.
check 'an impaired port' ask prompt 'port config 0 impair delay 20ms'
answers 'short sleeps, 20 ms away'
check 'the port as it was' ask prompt 'port config 0 impair off'

prompt_end 30
equal 'ends' "$status" 0
sums 'at the end' "$TMP/idle.json"

# ---- a client that keeps its pace over many silences

cat >"$TMP/pace.spate" <<-END
	port config 0 ip 198.18.0.1/15
	port config 1 ip 198.19.0.1/15
	server add web port 1 listen 198.19.0.1:80 http
	client add slow port 0 from 198.18.0.1 to 198.19.0.1:80 http count 600
	set client slow rate 200
	start all
END
start pace "$SPATE" --file-prefix="spate-$$-pace" -- --cmdline-file="$TMP/pace.spate" \
	--json="$TMP/pace.json"
ended "$pid" 60
equal 'a slow client: exit status' "$status" 0
report 'a slow client: opens all it should, and never falls behind' "$TMP/pace.json" \
	'client.closed == 600 and client.not_attempted == 0 and client.failed == 0'
sums 'a slow client' "$TMP/pace.json"

# ---- an interrupt while all sleep

grep -v client "$TMP/pace.spate" >"$TMP/quiet.spate"
start quiet "$SPATE" --file-prefix="spate-$$-quiet" -- --cmdline-file="$TMP/quiet.spate" \
	--json="$TMP/quiet.json"
check 'silence: runs' wait_for 30 written "$TMP/quiet.out" '2 s'
interrupted 'silence' "$pid" "$TMP/quiet.json"
matches 'silence: the sums agree' "$(cat "$TMP/quiet.out")" '^leaked +0$'

finish
