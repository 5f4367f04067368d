#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Who is in TIME_WAIT: spate's `show conn` and Linux's ss must say the same. It is the side
# that closed first, on exactly its tuples, and nobody after a reset.
# Rows: TW-01 TW-05
. "$(dirname "$0")/lib.sh"
need nginx curl ethtool

WE=198.18.0.2 # spate
THEY=198.18.0.1

cat >"$TMP/closes.spate" <<-END
	port config 0 ip $WE/16
	server add web port 0 listen $WE:80 http size 64
	client add first port 0 from $WE ports 20000-20004 to $THEY:80 path /body close first count 5
	client add last port 0 from $WE ports 20010-20014 to $THEY:80 path /body close last count 5
	client add reset port 0 from $WE ports 20020-20024 to $THEY:80 path /body close reset count 5
	client add bare port 0 from $WE ports 20030-20034 to $THEY:80 connect-only count 5
END

# Tuples as spate sees them, "local peer" a line, in TIME_WAIT and in any other state.
ours()        { ask prompt 'show conn state TIME_WAIT limit 1000' | awk 'NR > 1 { print $4, $5 }' | sort; }
ours_open()   { ask prompt 'show conn limit 1000' | awk 'NR > 1 && $1 != "TIME_WAIT" && $1 != "LISTEN"'; }
# And as Linux does, turned around.
theirs()      { on_host ss -Htan state time-wait | awk '{ print $4, $3 }' | sort; }
theirs_open() { on_host ss -Htan state connected exclude time-wait; }

# tuples WE-FIRST THEY-FIRST: five tuples from these ends, a + counting up.
tuples()
{
	local i

	for i in 0 1 2 3 4; do
		echo "$WE:${1/+/$i} $THEY:${2/+/$i}"
	done | sort
}

closed()  { [ -z "$(ours_open)" ] && [ -z "$(theirs_open)" ]; }
client()  { ask prompt "show client $1" | grep -q 'closed 5  failed 0  open 0'; }
settled() { wait_for 30 closed || fail "$1: all closed" "$(ours_open | head -1) $(theirs_open | head -1)"; }

# agree NAME OURS THEIRS: what each should hold by now.
agree()
{
	settled "$1"
	equal "$1: spate's TIME_WAIT" "$(ours)" "$2"
	equal "$1: Linux's TIME_WAIT" "$(theirs)" "$3"
}

# open CLIENT: its five connections.
open()
{
	check "$device: start $1" ask prompt "start $1"
	wait_for 30 client "$1" || fail "$device: $1: five closed" "$(ask prompt "show client $1")"
}

# curls FIRST-PORT ARGUMENT...: five, from five ports.
curls()
{
	local i first=$1

	shift
	for i in 0 1 2 3 4; do
		fetched=$(on_host curl -sS -m 30 -o /dev/null -w '%{http_code}' \
			--local-port $((first + i)) "$@" "http://$WE/" 2>&1)
		[ "$fetched" = 200 ] || fail "$device: curl from port $((first + i))" "$fetched"
	done
}

join() { sort <<<"$1"$'\n'"$2"; }

for device in net_tap net_af_packet; do
	network $device
	nginx_start
	pattern 64 >"$TMP/www/body"
	prompt_start prompt "${spate[@]}" -- -i --cmdline-file="$TMP/closes.spate" \
		--json="$TMP/$device.json"
	check "$device: start web" ask prompt 'start web'
	equal "$device: nobody at first" "$(ours)$(theirs)" ""

	open first
	we=$(tuples 2000+ 80)
	they=
	agree "$device: our client closed first" "$we" "$they"

	open last
	they=$(tuples 2001+ 80)
	agree "$device: nginx closed first" "$we" "$they"

	open reset
	agree "$device: our client reset" "$we" "$they"

	open bare
	we=$(join "$we" "$(tuples 2003+ 80)")
	agree "$device: our client closed without a word" "$we" "$they"

	curls 30000 -H 'Connection: close'
	we=$(join "$we" "$(tuples 80 3000+)")
	agree "$device: our server closed first" "$we" "$they"

	curls 30010
	they=$(join "$they" "$(tuples 80 3001+)")
	agree "$device: curl closed first" "$we" "$they"

	# From the ports our server has in TIME_WAIT: a new connection takes the old one's place.
	curls 30000 -H 'Connection: close'
	agree "$device: our server closed first, again" "$we" "$they"

	equal "$device: the summary counts them" \
		"$(ask prompt 'show conn summary' | awk '$1 == "TIME_WAIT" { print $2 }')" 15
	prompt_end 30
	equal "$device: exit status" "$status" 0
	sums "$device" "$TMP/$device.json"
	report "$device: 20 entered, 5 were reused" "$TMP/$device.json" 'time_wait.entered == 20 and
		time_wait.reused == 5 and time_wait.current == 15 and time_wait.expired == 0'

	# It passes: 2MSL after.
	{ echo "set tcp msl 200"; sed 's/ports 200/ports 201/; s/-200/-201/' "$TMP/closes.spate"; } \
		>"$TMP/expires.spate"
	prompt_start prompt "${spate[@]}" -- -i --cmdline-file="$TMP/expires.spate" \
		--json="$TMP/$device.json"
	open first
	nobody() { ask prompt 'show conn summary' | grep -Eq '^TIME_WAIT +0$'; }
	check "$device: TIME_WAIT ends" wait_for 30 nobody
	prompt_end 30
	report "$device: it expired" "$TMP/$device.json" 'time_wait.entered == 5 and
		time_wait.expired == 5'
	nginx_stop
done
finish
