#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# `verify time-wait`: the rule that spate's own server, Linux and a device of the test's making
# follow, and what is said when there is none to be found. The verdicts are printed.
# Rows: TW-04 TW-05 TW-07
. "$(dirname "$0")/lib.sh"
need nginx python3

WE=198.18.0.2
THEY=198.18.0.1
THEM=198.18.0.7 # the device

# verify NAME STATUS: run $TMP/NAME.spate; its report in $TMP/NAME.json.
verify()
{
	start "$1" "${spate[@]}" -- --cmdline-file="$TMP/$1.spate" --json="$TMP/$1.json"
	ended "$pid" 120
	sed -n '/^---- verify/,/^verdict/s/^/    /p' "$TMP/$1.out"
	equal "$1: exit status" "$status" "$2"
	report "$1: nothing leaked" "$TMP/$1.json" 'connections.leaked == 0 and
		connections.open == 0 and
		client.attempted == client.closed + client.failed + client.stopped'
}

# rule NAME RULE RST SYNS: the verdict was made.
rule()
{
	report "$1: $2; RST ends TIME_WAIT: $3" "$TMP/$1.json" "verify[0].made and
		verify[0].rule == '$2' and verify[0].differs == 0 and
		verify[0].rst_ends_time_wait == '$3' and len(verify[0].syns) == $4 and
		client.failed == 0"
	equal "$1: no complaint" "$(grep '^spate:' "$TMP/$1.err")" ""
}

# none NAME WHY: it was not, and one line says why.
none()
{
	report "$1: no verdict" "$TMP/$1.json" 'not verify[0].made and verify[0].rule is None'
	equal "$1: one line" "$(grep -c '^spate:' "$TMP/$1.err")" 1
	matches "$1: says why" "$(grep '^spate:' "$TMP/$1.err")" \
		"^spate: client check: no verdict on [0-9.:]+: $2\$"
	matches "$1: and so does the verdict" "$(cat "$TMP/$1.out")" "^verdict: not made: $2\$"
}

# ---- spate's own server, over the embedded wire

spate=("$SPATE" --file-prefix="spate-$$-verify")

# embedded NAME [LINE...]: a server and the check of it, behind these lines.
embedded()
{
	local name=$1

	shift
	{
		printf '%s\n' "$@" 'port config 0 ip 198.18.0.1/15' 'port config 1 ip 198.19.0.1/15'
		echo "server add web port 1 listen 198.19.0.1:80 ${server:-http size 64}"
		echo 'client add check port 0 from 198.18.0.1 to 198.19.0.1:80' \
			"${client:-verify time-wait}"
		echo 'start all'
	} >"$TMP/$name.spate"
}

cp "$here/../../config/verify-time-wait.spate" "$TMP/spate.spate"
verify spate 0
rule spate rfc6191 no 12
report 'spate: three runs each' "$TMP/spate.json" 'verify[0].runs == 45 and
	sum(vars(verify[0].syns[0].answers).values()) == 3'
report 'spate: the server has counted the same' "$TMP/spate.json" '
	time_wait.refused_by_timestamp == 12 and time_wait.refused_by_sequence == 9 and
	tcp.time_wait_fin_again == 6 and tcp.time_wait_rst_ignored == 3'

embedded honour-rst 'set tcp honour-rst-in-time-wait on'
verify honour-rst 0
rule honour-rst rfc6191 yes 12

# The knob is the server's here: the client offers timestamps all the same.
embedded no-timestamps 'set tcp timestamps off'
verify no-timestamps 0
rule no-timestamps rfc1122 no 4

# Over IPv6 the same.
sed -e 's/ ip 198.18.0.1\/15/ ip6 2001:2::1\/64/; s/ ip 198.19.0.1\/15/ ip6 2001:2::2\/64/' \
	-e 's/from 198.18.0.1/from 2001:2::1/; s/198.19.0.1:80/[2001:2::2]:80/' \
	"$TMP/honour-rst.spate" >"$TMP/six.spate"
verify six 0
rule six rfc6191 yes 12

client='verify time-wait repeat 1 concurrency 1' embedded one-by-one
verify one-by-one 0
rule one-by-one rfc6191 no 12
report 'one-by-one: one run each' "$TMP/one-by-one.json" 'verify[0].runs == 15'

embedded no-time-wait 'set tcp time-wait off'
verify no-time-wait 1
none no-time-wait 'the peer is not in TIME_WAIT: a FIN sent again draws RST'

server=discard client='connect-only verify time-wait wait 300' embedded stays-open
verify stays-open 1
none stays-open 'the peer does not close first, so TIME_WAIT would not be its'

# An interrupt ends it without a verdict, and with its sums right.
server=discard client='verify time-wait wait 600000' embedded interrupted
start interrupted "${spate[@]}" -- --cmdline-file="$TMP/interrupted.spate" --duration=1 \
	--json="$TMP/interrupted.json"
ended "$pid" 60
equal 'interrupted: exit status' "$status" 1
none interrupted 'the run ended before the check'
report 'interrupted: nothing leaked' "$TMP/interrupted.json" 'connections.leaked == 0 and
	client.attempted == client.closed + client.failed + client.stopped and client.stopped == 6'

# At the prompt: as often as one likes.
sed '/^start/d' "$TMP/spate.spate" >"$TMP/prompt.spate"
prompt_start prompt "${spate[@]}" -- -i --cmdline-file="$TMP/prompt.spate"
made() { ask prompt 'show client check' | grep -q '^verdict: RFC 6191'; }
begun() { ask prompt 'show client check' | grep -q '^verdict: not made: the run ended'; }
check 'prompt: start' ask prompt 'start all'
check 'prompt: a verdict' wait_for 30 made
check 'prompt: start again' ask prompt $'stop check\nstart check'
check 'prompt: a verdict again' wait_for 30 made
prompt_end 30
equal 'prompt: exit status' "$status" 0

# ---- Linux

network net_tap
nginx_start
pattern 64 >"$TMP/www/body"

# linux NAME [PEER [WORDS]]
linux()
{
	{
		echo "port config 0 ip $WE/16"
		echo "client add check port 0 from $WE to ${2:-$THEY:80} http path /body" \
			"verify time-wait ${3:-}"
		echo 'start all'
	} >"$TMP/$1.spate"
}

on_host sysctl -qw net.ipv4.tcp_timestamps=1
linux linux
verify linux 0
rule linux rfc6191-both yes 12

# Over IPv6, and a server that closes first because it speaks HTTP/1.0.
on_host sysctl -qw net.ipv6.conf.tap0.disable_ipv6=0 2>/dev/null
if on_host ip addr add 2001:2::1/64 dev tap0 nodad 2>/dev/null; then
	start http ip netns exec "$host" python3 -m http.server --bind :: --directory "$TMP/www" 8000
	server=$pid
	wait_for 30 listening 8000 || fail 'http.server starts' "$(tail -n 1 "$TMP/http.err")"
	{
		echo 'port config 0 ip6 2001:2::2/64'
		echo 'client add check port 0 from 2001:2::2 to [2001:2::1]:8000 http path /body' \
			'verify time-wait concurrency 4'
		echo 'start all'
	} >"$TMP/linux-six.spate"
	verify linux-six 0
	rule linux-six rfc6191-both yes 12
	kill -TERM "$server"
	ended "$server" 30
	server=
else
	skip linux-six 'the kernel has no IPv6'
fi

on_host sysctl -qw net.ipv4.tcp_timestamps=0
linux linux-no-timestamps
verify linux-no-timestamps 0
rule linux-no-timestamps rfc1122 yes 4

on_host sysctl -qw net.ipv4.tcp_timestamps=1 net.ipv4.tcp_rfc1337=1
linux linux-rfc1337
verify linux-rfc1337 0
rule linux-rfc1337 rfc6191-both no 12

on_host sysctl -qw net.ipv4.tcp_max_tw_buckets=0
linux linux-no-time-wait
verify linux-no-time-wait 1
none linux-no-time-wait 'the peer is not in TIME_WAIT: a FIN sent again draws RST'

linux refused "$THEY:81"
verify refused 1
none refused 'the connection is refused'

linux silent-address 198.18.9.9:80
verify silent-address 1
none silent-address 'nobody answers ARP for the next hop'
nginx_stop

# ---- the device: rules that Linux and spate do not follow

# device RULE
device()
{
	local device

	start "device-$1" ip netns exec "$host" python3 "$here/device.py" tap0 $THEM "$1"
	device=$pid
	wait_for 30 written "$TMP/device-$1.out" ready ||
		fail "device $1: starts" "$(tail -n 1 "$TMP/device-$1.err")"
	linux "device-$1-check" $THEM:80 'wait 1500'
	verify "device-$1-check" "$2"
	killed "$device"
}

while read -r what id rst; do
	device "$what" 0
	rule "device-$what-check" "$id" "$rst" 12
done <<'DEVICES'
any none not tried
never never no
drop silent not tried
reset never not tried
strange never not tried
DEVICES

device hidden 1
none device-hidden-check 'the peer is not seen to be in TIME_WAIT: .*'

# What differs from run to run follows no rule.
device turns 0
report 'device-turns: no rule' "$TMP/device-turns-check.json" 'verify[0].made and
	verify[0].differs > 0'
matches 'device-turns: the nearest is named' "$(cat "$TMP/device-turns-check.out")" \
	'^verdict: no rule known here; nearest, but for [0-9]+ of 12 SYNs: '
finish
