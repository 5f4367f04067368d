#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Every test: installs the tools, builds (gcc, clang, sanitizers), runs the layers, and
# ends in one line: N passed, N failed.
#
#   test/run.sh            everything
#   test/run.sh --long     everything, and transfers in full size and every combination
#   test/run.sh --quick    unit and script tests of the plain build only
#   test/run.sh --matrix   one line a row of behaviour: identifier, result, tests
#   test/run.sh --seeds FIRST-LAST    the simulator alone, on all cores
set -u
cd "$(dirname "$0")/.." || exit 1
. app/install.sh

TEST_PACKAGES="clang libclang-rt-14-dev libcmocka-dev nginx-light wrk curl tshark iproute2 ethtool procps python3 netcat-openbsd iputils-ping nftables"
# DPDK handles SIGSEGV while it probes memory; leaks are looked for by the tests themselves.
export ASAN_OPTIONS=handle_segv=2:allow_user_segv_handler=0:detect_leaks=0
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1

passed=0
failed=0

# meson_tests DIR SUITE...: run suites of a build and count them.
meson_tests() {
	local dir=$1 log suites=() s
	shift
	for s in "$@"; do suites+=(--suite "$s"); done
	log=$(mktemp)
	step "test: $dir $*"
	meson test -C "$dir" --no-rebuild --print-errorlogs "${suites[@]}" >"$log" 2>&1
	grep -E '^ *[0-9]+/[0-9]+ ' "$log" | sed 's/^ */  /'
	sed -n '/Summary of Failures/,$p' "$log"
	passed=$((passed + $(sed -n 's/^Ok: *\([0-9]*\).*/\1/p' "$log")))
	failed=$((failed + $(sed -n 's/^\(Fail\|Unexpected Pass\|Timeout\): *\([0-9]*\).*/\2/p' "$log" |
		awk '{n += $1} END {print n + 0}')))
	grep -q '^Ok:' "$log" || {
		cat "$log"
		failed=$((failed + 1))
	}
	rm -f "$log"
}

# checks SCRIPT...: scripts that print "ok NAME" or "FAIL NAME: why", a line a check.
checks() {
	local script log status
	for script in "$@"; do
		log=$(mktemp)
		step "test: $script"
		SPATE=$PWD/build/app/spate "$script" 2>&1 | tee "$log" | sed 's/^/  /'
		status=${PIPESTATUS[0]}
		passed=$((passed + $(grep -c '^ok ' "$log")))
		failed=$((failed + $(grep -c '^FAIL ' "$log")))
		# A script that ends badly without naming a check has failed as a whole.
		if [ "$status" != 0 ] && ! grep -q '^FAIL ' "$log"; then
			echo "  FAIL $script: exit status $status"
			failed=$((failed + 1))
		fi
		rm -f "$log"
	done
}

# seeds FIRST-LAST: the simulator over them, shared out over the cores.
seeds() {
	local first=${1%-*} last=${1#*-} n from to log pids=()
	case $1 in
	*[!0-9-]* | -* | *- | *-*-*) first=1 last=0 ;;
	esac
	if [ "$first" -gt "$last" ]; then
		echo "$0: --seeds '$1': expected FIRST-LAST" >&2
		exit 2
	fi
	n=$(nproc)
	log=$(mktemp -d)
	for ((i = 0; i < n; i++)); do
		from=$((first + (last - first + 1) * i / n))
		to=$((first + (last - first + 1) * (i + 1) / n - 1))
		[ "$from" -le "$to" ] || continue
		build/test/sim/sim --seeds "$from-$to" >"$log/$i" 2>&1 &
		pids+=($!)
	done
	for ((i = 0; i < ${#pids[@]}; i++)); do
		# One that ends badly has failed, whatever it says.
		wait "${pids[i]}" || grep -q ' failed$' "$log/$i" || echo "0 passed, 1 failed" >>"$log/$i"
	done
	grep -hv '^[0-9]* passed, ' "$log"/*
	cat "$log"/* | awk '/^[0-9]+ passed, [0-9]+ failed$/ { p += $1; f += $3 }
		END { print p + 0 " passed, " f + 0 " failed"; exit f > 0 }'
	status=$?
	rm -rf "$log"
	return $status
}

need_root
if [ "${1:-}" = --long ]; then
	export LONG=1 # interop/transfers.sh knows it
	shift
fi
if [ "${1:-}" = --seeds ]; then
	# shellcheck disable=SC2086
	{ install $BUILD_PACKAGES $TEST_PACKAGES && build build --werror; } >&2 || exit 1
	seeds "${2:-}"
	exit
fi
if [ "${1:-}" = --matrix ]; then
	# shellcheck disable=SC2086
	{ install $BUILD_PACKAGES $TEST_PACKAGES && build build --werror; } >&2
	exec test/matrix.sh
fi
# shellcheck disable=SC2086
install $BUILD_PACKAGES $TEST_PACKAGES
build build --werror
if [ "${1:-}" != --quick ]; then
	build build-asan --werror -Db_sanitize=address,undefined -Db_lundef=false -Doptimization=1
	CC=clang build build-clang --werror
	hugepages 1024
	checks test/lint.sh
	meson_tests build-asan unit script sim fuzz
	meson_tests build-clang unit script
fi
meson_tests build unit script
if [ "${1:-}" != --quick ]; then
	meson_tests build sim fuzz
	for script in test/interop/*; do
		[ -f "$script" ] && [ -x "$script" ] && checks "$script"
	done
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
