#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The matrix of behaviour: rows.tsv names the rows, the tests say which of them they show
# (ROW_TEST in unit/ and script/, a line "# Rows:" in interop/), and here they are joined.
#
#   test/matrix.sh            run the tests: identifier, result, tests, one row a line
#   test/matrix.sh --check    does README.md say what the tests say? a line a check
#   test/matrix.sh --write    make README.md say so
#
#   BUILD=DIR                 the build whose tests are asked; default build
set -u -o pipefail
export LC_ALL=C
cd "$(dirname "$0")/.." || exit 1

BUILD=${BUILD:-build}
ROWS=test/rows.tsv
README=test/README.md
BEGIN='<!-- matrix: written by test/matrix.sh --write -->'
END='<!-- end of the matrix -->'

# What DPDK says about memory is no part of the answer.
export ASAN_OPTIONS=${ASAN_OPTIONS:-handle_segv=2:allow_user_segv_handler=0:detect_leaks=0}

programs() {
	local exe
	for exe in "$BUILD"/test/{unit,script}/test_*; do
		[ -f "$exe" ] && [ -x "$exe" ] && echo "$exe"
	done
}

# "ROW PROGRAM TEST" of every test that says what it shows.
claims() {
	local exe
	programs | while read -r exe; do
		"$exe" --list | awk -v exe="$(basename "$exe")" '{ print $1, exe, $2 }'
	done
}

# "PROGRAM TEST" of every test that passes. One that says nothing, or not all, has not.
passes() {
	local exe
	programs | while read -r exe; do
		"$exe" 2>/dev/null | awk -v exe="$(basename "$exe")" \
			'/^\[ +OK \] / { print exe, $NF }'
	done
}

# "ROW SCRIPT" of the interop scripts.
peers() {
	awk '/^# Rows: / { for (i = 3; i <= NF; i++) print $i, FILENAME }' test/interop/*.sh |
		sed 's| test/| |'
}

rows() { grep -v '^#' "$ROWS"; }

# A name for each test program that reads well: test_open is open.
matrix() {
	awk -F '[ \t]' '
		FILENAME == ARGV[1] { passed[$1, $2] = 1; next }
		FILENAME == ARGV[2] {
			if (!(($2, $3) in passed)) failed[$1] = 1
			sub(/^test_/, "", $2)
			tests[$1] = tests[$1] " " $2 ":" $3
			next
		}
		{ printf "%-6s %-8s%s\n", $1, \
			!($1 in tests) ? "missing" : $1 in failed ? "FAIL" : "pass", tests[$1]
		  bad += $1 in failed }
		END { exit bad > 0 }' <(passes) <(claims) <(rows)
}

# The same for a reader of README.md, without results.
table() {
	echo '| row | what | RFC | tests | knobs |'
	echo '|---|---|---|---|---|'
	awk -F '\t' '
		FILENAME == ARGV[1] {
			split($0, f, " ")
			sub(/^test_/, "", f[2])
			if (last[f[1]] != f[2])
				tests[f[1]] = tests[f[1]] (last[f[1]] ? "; " : "") f[2] ":"
			last[f[1]] = f[2]
			tests[f[1]] = tests[f[1]] " " f[3]
			next
		}
		FILENAME == ARGV[2] {
			split($0, f, " ")
			peers[f[1]] = peers[f[1]] "; " f[2]
			next
		}
		{ printf "| %s | %s | %s | %s | %s |\n", $1, $2, $3, \
			($1 in tests ? tests[$1] : "**missing**") peers[$1], $4 == "-" ? "" : $4 }' \
		<(claims) <(peers) <(rows)
}

# README.md's part of it; fails when the two marks are not there, in this order.
written() {
	awk -v begin="$BEGIN" -v end="$END" '
		$0 == end && on { on = 0; ended = 1 }
		on
		$0 == begin { on = 1 }
		END { exit !ended }' "$README"
}

write() {
	local text
	written >/dev/null || {
		echo "$0: $README has no lines '$BEGIN' and '$END'" >&2
		return 1
	}
	text=$(table) && text=$(awk -v begin="$BEGIN" -v end="$END" '
		$0 == end { off = 0 }
		!off
		$0 == begin { while ((getline line < "/dev/fd/3") > 0) print line; off = 1 }
		' "$README" 3<<<"$text") && printf '%s\n' "$text" >"$README"
}

# "COMMAND" and what its help says, from the program itself: lines "COMMAND<tab>TEXT".
helps() {
	{
		printf 'help %s\n' "$@"
		echo quit
	} | "$BUILD/app/spate" --no-huge -m 64 --no-pci --no-shconf --no-telemetry --log-level=error \
		--file-prefix="spate-matrix-$$" --lcores 0@0,1@0 -- -i 2>/dev/null | tr -d '\r' |
		awk '/^spate> / { command = substr($0, 13); next } { print command "\t" $0 }'
	"$BUILD/app/spate" --help | sed 's/^/options\t/'
}

# Knobs that rows.tsv names and the program does not have.
unknown_knobs() {
	local knobs text command word
	knobs=$(rows | cut -f 4 | tr ',' '\n' | sed 's/^ *//; /^-$/d' | sort -u)
	text=$(helps 'set tcp' 'set run' 'server add' 'client add' 'port config' 'set auth add')
	while IFS= read -r knob; do
		command=${knob%/*} word=${knob##*/}
		case $knob in
		--*) command=options ;;
		*/*) ;;
		*) command='set tcp' ;;
		esac
		# The first word of a line of help; of `set run`, which has no table, any.
		awk -F '\t' -v command="$command" -v word="$word" '
			$1 == command {
				n = split($2, f, /[ =]+/)
				for (i = 1; i <= (command == "set run" ? n : 2); i++)
					found += f[i] == word
			}
			END { exit !found }' <<<"$text" || echo "$knob"
	done <<<"$knobs"
}

# report NAME TEXT: ok when TEXT is empty, otherwise what was found.
status=0
report() {
	if [ -z "$2" ]; then
		echo "ok $1"
	else
		echo "FAIL $1: $(head -3 <<<"$2" | tr '\n' ';')"
		status=1
	fi
}

check() {
	report "matrix: each row has an identifier of its own, a title, an RFC and a knob" "$(rows |
		awk -F '\t' 'NF != 4 || !/^[A-Z][A-Z]-[0-9][0-9]\t/ || $2 $3 $4 == "" || seen[$1]++')"
	report "matrix: a test shows rows that there are" "$({ claims; peers; } |
		awk 'NR == FNR { known[$1] = 1; next } !($1 in known)' <(rows) -)"
	report "matrix: the knobs are the program's" "$(unknown_knobs)"
	report "matrix: README.md says what the tests say (test/matrix.sh --write)" \
		"$(diff <(written) <(table))"
}

if [ -z "$(programs)" ] || [ ! -x "$BUILD/app/spate" ]; then
	echo "FAIL matrix: no tests or no program in $BUILD: build first"
	exit 1
fi
case ${1:-} in
'') matrix ;;
--check) check && exit $status ;;
--write) write ;;
*)
	echo "$0: what is $1? Nothing, --check or --write" >&2
	exit 2
	;;
esac
