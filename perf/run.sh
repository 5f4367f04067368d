#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Measures speed and memory, rivals in the same run, and prints a table.
# perf/README.md says what each figure means and which file measures it.
set -u
here=$PWD # what file names the caller gives are relative to
cd "$(dirname "$0")/.." || exit 1
. app/install.sh

PERF_PACKAGES="python3 dpdk-dev nginx-light wrk curl valgrind iproute2 ethtool"
PARTS="churn growth holding cores bulk lossy micro"

usage() {
	cat <<-END
		usage: perf/run.sh [--only PART[,PART]] [--runs N] [--seconds S] [--json FILE]
		                   [--build DIR] [--hold N]
		       perf/run.sh --check | --baseline

		  --only PART     $PARTS (default: all of them)
		  --runs N        of each contestant, in turn; medians are shown (default 5)
		  --seconds S     a run measures for so long (default 3)
		  --json FILE     write an array of figures, one a line
		  --build DIR     build directory (default build-perf: -Db_lto=true -Dc_args=-march=native)
		  --hold N        connections for 'holding' to open (default 20000000)
		  --check         count instructions only, and compare with perf/baseline.json
		  --baseline      count them and write perf/baseline.json

		Exit status: 0 measured; 1 something could not be measured, or --check found more
		instructions than the baseline has; 2 wrong usage.
	END
}

wrong() {
	echo "perf/run.sh: $*: 'perf/run.sh --help' lists the options" >&2
	exit 2
}

# number OPTION VALUE MAX
number() {
	case $2 in
	'' | *[!0-9]* | 0* | ?????????*) wrong "$1 '$2': expected a number from 1 to $3" ;;
	esac
	[ "$2" -le "$3" ] || wrong "$1 '$2': expected a number from 1 to $3"
}

parts='' runs=5 seconds=3 json='' dir=build-perf counts='' hold=20000000
while [ $# -gt 0 ]; do
	option=$1
	case $option in
	--only | --runs | --seconds | --json | --build | --hold)
		[ $# -ge 2 ] || wrong "$option wants a value"
		value=$2
		shift
		;;
	--*=*) value=${option#*=} option=${option%%=*} ;;
	esac
	shift
	case $option in
	--only)
		for part in ${value//,/ }; do
			case " $PARTS " in
			*" $part "*) parts="$parts $part" ;;
			*) wrong "--only '$part': expected one of: $PARTS" ;;
			esac
		done
		[ -n "$parts" ] || wrong "--only '$value': expected one of: $PARTS"
		;;
	--runs) number --runs "$value" 99 && runs=$value ;;
	--seconds) number --seconds "$value" 60 && seconds=$value ;;
	--json)
		case $value in
		'') wrong "--json wants a file name" ;;
		/*) json=$value ;;
		*) json=$here/$value ;;
		esac
		{ : >>"$json"; } 2>/dev/null || wrong "--json '$value': cannot be written"
		;;
	--build)
		[ -n "$value" ] || wrong "--build wants a directory"
		dir=$value
		;;
	--hold) number --hold "$value" 50000000 && hold=$value ;;
	--check) counts='check' ;;
	--baseline) counts='write' ;;
	--help)
		usage
		exit
		;;
	*) wrong "'$option' is no option" ;;
	esac
done
[ -n "$parts" ] || parts=$PARTS
[ -z "$counts" ] || parts=''

# Pages of 2 MiB that the parts want.
pages=0
for part in $parts; do
	case $part in
	churn | cores | bulk | lossy) want=1024 ;;
	growth) want=3200 ;;
	holding) want=$((700 + hold / 6000)) ;; # 350 bytes a connection: both ends, and room
	micro) want=1700 ;;
	esac
	[ "$want" -le "$pages" ] || pages=$want
done

need_root
# shellcheck disable=SC2086
install $BUILD_PACKAGES $PERF_PACKAGES
# What is reserved beyond what was there is given back.
reserved=$(cat /proc/sys/vm/nr_hugepages 2>/dev/null || echo 0)
[ "$pages" = 0 ] || hugepages "$pages"
if [ "$(cat /proc/sys/vm/nr_hugepages 2>/dev/null || echo 0)" -gt "$reserved" ]; then
	trap 'echo "$reserved" >/proc/sys/vm/nr_hugepages' EXIT
fi

options=
[ "$dir" != build-perf ] || options="-Db_lto=true -Dc_args=-march=native"
# shellcheck disable=SC2086
[ -z "$parts" ] || BUILD_TARGETS="app/spate perf/micro/micro" build "$dir" $options
# Instructions are counted of one processor model, whatever this one is: x86-64-v3, and AES.
case "$counts $parts" in
*check* | *write* | *micro*)
	BUILD_TARGETS=perf/micro/micro build build-v3 -Db_lto=true "-Dc_args=-march=x86-64-v3 -maes"
	;;
esac

# All that is started has processes, mounts and networks of its own, and ends with it.
# shellcheck disable=SC2086
unshare --mount --net --pid --fork --kill-child --mount-proc \
	python3 -B perf/run.py --runs "$runs" --seconds "$seconds" --json "$json" --build "$dir" \
	--hold "$hold" \
	${counts:+--counts "$counts"} $parts
