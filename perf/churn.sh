#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Connection churn over the embedded wire: connections a second and busy cycles a
# connection and side, median and spread of several runs.
#
#   perf/churn.sh [RUNS [SECONDS]]     default: 5 runs of 5 seconds
set -u
cd "$(dirname "$0")/.." || exit 1
. app/install.sh

runs=${1:-5}
seconds=${2:-5}
need_root
# shellcheck disable=SC2086
install $BUILD_PACKAGES python3
hugepages 640
build build

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
for i in $(seq "$runs"); do
	step "run $i of $runs: $seconds s of config/churn.spate"
	build/app/spate -- --cmdline-file=config/churn.spate --duration="$seconds" \
		--json="$out/$i.json" >"$out/$i.log" 2>&1 || {
		cat "$out/$i.log" >&2
		exit 1
	}
done

echo
echo "machine: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) CPUs," \
	"$(grep -q 'no hugepages' "$out/1.log" && echo no hugepages || echo hugepages)"
echo "commit:  $(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
python3 - "$out" <<'PY'
import glob, json, statistics, sys

reports = [json.load(open(f)) for f in sorted(glob.glob(sys.argv[1] + "/*.json"))]

def row(name, values, unit):
    print(f"{name:<34} {statistics.median(values):>12,.0f} {min(values):>12,.0f} {max(values):>12,.0f}  {unit}")

print(f"{'figure':<34} {'median':>12} {'min':>12} {'max':>12}")
row("connections a second", [r["client"]["cps"] for r in reports], "1/s")
for side in ("client", "server"):
    lcore = [l for r in reports for l in r["lcores"] if l["role"] == side]
    row(f"busy cycles a connection, {side}", [l["cycles_per_connection"] for l in lcore], "TSC cycles")
    row(f"busy share of the lcore, {side}",
        [100 * l["busy_cycles"] / (l["busy_cycles"] + l["idle_cycles"]) for l in lcore], "%")
row("frames a connection", [r["tcp"]["tx_frames"] / max(1, r["client"]["closed"]) for r in reports], "")
row("failed", [r["client"]["failed"] for r in reports], "")
row("leaked", [r["connections"]["leaked"] for r in reports], "")
PY
