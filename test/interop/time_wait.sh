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

# agree NAME OURS THEIRS: what each should hold by now.
agree()
{
	settled "$1"
	equal "$1: spate's TIME_WAIT" "$(ours_in_time_wait)" "$2"
	equal "$1: Linux's TIME_WAIT" "$(theirs_in_time_wait)" "$3"
}

join() { sort <<<"$1"$'\n'"$2"; }

for device in net_tap net_af_packet; do
	network $device
	nginx_start
	pattern 64 >"$TMP/www/body"
	prompt_start prompt "${spate[@]}" -- -i --cmdline-file="$TMP/closes.spate" \
		--json="$TMP/$device.json"
	check "$device: start web" ask prompt 'start web'
	equal "$device: nobody at first" "$(ours_in_time_wait)$(theirs_in_time_wait)" ""

	open first
	we=$(tuples $WE:2000+ $THEY:80)
	they=
	agree "$device: our client closed first" "$we" "$they"

	open last
	they=$(tuples $WE:2001+ $THEY:80)
	agree "$device: nginx closed first" "$we" "$they"

	open reset
	agree "$device: our client reset" "$we" "$they"

	open bare
	we=$(join "$we" "$(tuples $WE:2003+ $THEY:80)")
	agree "$device: our client closed without a word" "$we" "$they"

	curls 30000 http://$WE/ -H 'Connection: close'
	we=$(join "$we" "$(tuples $WE:80 $THEY:3000+)")
	agree "$device: our server closed first" "$we" "$they"

	curls 30010 http://$WE/
	they=$(join "$they" "$(tuples $WE:80 $THEY:3001+)")
	agree "$device: curl closed first" "$we" "$they"

	# From the ports our server has in TIME_WAIT: a new connection takes the old one's place.
	curls 30000 http://$WE/ -H 'Connection: close'
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
