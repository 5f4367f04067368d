# SPDX-License-Identifier: BSD-3-Clause
"""The parts, one after the other, and what they have measured. perf/run.sh starts this."""
import argparse
import os
import subprocess
import sys
import time
import traceback

import bulk
import churn
import cores
import growth
import holding
import lossy
import micro
from figures import Figures
from process import Failed, Processes
from spate import Runner
from wires import free_hugepages

PARTS = {"churn": churn, "growth": growth, "holding": holding, "cores": cores, "bulk": bulk,
         "lossy": lossy, "micro": micro}


class Context:
    """What a part is given."""

    def __init__(self, words, processes):
        self.processes, self.figures = processes, Figures()
        self.spate = Runner(processes, words.build)
        self.runs, self.seconds, self.build = words.runs, words.seconds, words.build
        self.hold = words.hold

    def say(self, text):
        print(f"   {text}", flush=True)


def output_of(*argv):
    try:
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        model = next((l.split(":", 1)[1].strip() for l in f if l.startswith("model name")),
                     os.uname().machine)
    with open("/proc/meminfo", encoding="ascii") as f:
        gib = round(int(f.readline().split()[1]) / 2**20)
    return (f"{model}, {os.cpu_count()} CPUs, {gib} GiB, Linux {os.uname().release}, "
            f"{free_hugepages()} hugepages, load before {os.getloadavg()[0]:.1f}")


def commit():
    name = output_of("git", "rev-parse", "--short", "HEAD") or "unknown"
    return name + (" with changes" if output_of("git", "status", "--porcelain", "-uno") else "")


def measure(ctx, parts):
    """The parts in turn. A line for each that could not be measured."""
    complaints = []
    for part in parts:
        began = time.monotonic()
        print(f"== {part}", flush=True)
        try:
            PARTS[part].measure(ctx)
            ctx.say(f"{part}: {time.monotonic() - began:.0f} s")
        except Failed as e:
            complaints.append(f"{part} was not measured: {e}")
        except (OSError, ValueError, KeyError, ArithmeticError) as e:
            traceback.print_exc()
            complaints.append(f"{part} was not measured: {type(e).__name__}: {e}")
        finally:
            ctx.processes.end()
    return complaints


def counts(ctx, what):
    """--check and --baseline. The lines to be told."""
    try:
        return micro.check(ctx) if what == "check" else micro.write_baseline(ctx) or []
    except Failed as e:
        return [str(e)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--json", default="")
    parser.add_argument("--build", default="build-perf")
    parser.add_argument("--hold", type=int, default=0)
    parser.add_argument("--counts", choices=("check", "write"))
    parser.add_argument("parts", nargs="*")
    words = parser.parse_args()

    # The namespaces are ours: names of networks and DPDK's files meet nobody else's.
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    on = {"machine": machine(), "commit": commit()}
    with Processes() as processes:
        ctx = Context(words, processes)
        try:
            complaints = counts(ctx, words.counts) if words.counts else measure(ctx, words.parts)
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            return 1
    print(f"\nmachine: {on['machine']}\ncommit:  {on['commit']}")
    if not words.counts:
        print(f"runs:    {words.runs} of {words.seconds} s")
    if ctx.figures.measured():
        print("\n" + ctx.figures.table())
    if words.json:
        ctx.figures.write(words.json, **on)
    for line in complaints:
        print(f"perf/run.sh: {line}", file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
