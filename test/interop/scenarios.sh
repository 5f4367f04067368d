#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The classic experiments, config/*.spate with lines of expected output in them (#>): each is
# run over the embedded wire and must print what it says it prints. Numbers that are not
# the same twice (sequence numbers, times) are made alike first; ports, lengths, relative
# numbers and counters are not.
# Rows: CM-04 CM-05 CM-06 CM-16 CM-17 RS-07 TW-05 TW-06 TW-08 TW-09
. "$(dirname "$0")/lib.sh"
need setpriv

config=$here/../../config

alike()
{
	sed -E -e 's/[0-9]+(\.[0-9]+)? ms/N ms/g' -e 's/[0-9]{7,}/N/g'
}

# run FILE: its output up to the summary into $TMP/run.got, the exit status in $status.
run()
{
	start run "$SPATE" -- --cmdline-file="$1"
	ended "$pid" 120
	# The first line is about the wire, one about this machine's memory, an empty one is before
	# the summary.
	sed -e 1d -e '/^memory: /d' -e '/^---- /,$d' "$TMP/run.out" | sed '$d' | alike >"$TMP/run.got"
}

# scenario NAME FILE
scenario()
{
	run "$2"
	sed -n 's/^#> //p' "$2" | alike >"$TMP/run.wanted"
	if [ "$status" != 0 ]; then
		fail "$1" "status $status: $(cat "$TMP/run.err" "$TMP/run.got")"
	elif diff "$TMP/run.wanted" "$TMP/run.got" >"$TMP/run.diff"; then
		ok "$1"
	else
		fail "$1" "wanted <, got >: $(cat "$TMP/run.diff")"
	fi
	equal "$1: nothing leaked" "$(grep '^leaked ' "$TMP/run.out")" 'leaked   0'
	equal "$1: not a word of error" "$(cat "$TMP/run.err")" ''
}

names='refused-port abort-linger-0 half-open half-close simultaneous-open two-msl-reuse
	time-wait-assassination time-wait-assassinated rr stream hold'
for name in $names; do
	scenario "$name" "$config/$name.spate"
done

# None is forgotten here.
equal 'every scenario with expected output is run' \
	"$(cd "$config" && grep -l '^#> ' -- *.spate | sed 's/\.spate$//' | sort | xargs)" \
	"$(xargs -n 1 <<<"$names" | sort | xargs)"

# The comparison can fail: the defence that one scenario shows, taken away.
echo 'set tcp honour-rst-in-time-wait on' |
	cat - "$config/time-wait-assassination.spate" >"$TMP/other.spate"
run "$TMP/other.spate"
sed -n 's/^#> //p' "$TMP/other.spate" | alike >"$TMP/run.wanted"
if diff -q "$TMP/run.wanted" "$TMP/run.got" >/dev/null; then
	fail 'another behaviour is seen' 'the output is the same'
else
	ok 'another behaviour is seen'
fi
finish
