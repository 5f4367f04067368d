# SPDX-License-Identifier: BSD-3-Clause
"""micro: what one operation costs alone, in time and in instructions.

The benchmarks are C, in perf/micro. Time is measured with the build under test, beside
rte_hash and rte_timer. Instructions are counted by callgrind in a build for x86-64-v3 with AES,
whatever the machine is; they are the same from run to run, so perf/baseline.json keeps them, and
`perf/run.sh --check` says which have become more.
"""
import json
import os
import re

from process import Failed
from wires import CLIENT_CPU, SERVER_CPU, free_hugepages

NAMES = ("table", "timers", "wire", "pair", "time-wait")  # of perf/micro/*.c: what is counted too
RUNS_MAX = 3  # filling tables of 16 million takes its time
BASELINE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "baseline.json")
COUNT_BUILD = "build-v3"
TOLERANCE = 0.03
HUGEPAGES = 1600  # 2 MiB each, for the table of 16 million and its rival


def words(build, memory, names, lcores="0@0"):
    return [os.path.join(build, "perf", "micro", "micro"), *memory, "--no-pci", "--no-telemetry",
            "--log-level=error", "--file-prefix=perf-micro", "--lcores", lcores, "--", *names]


def figures_of(said):
    """(rival or None, figure, nanoseconds) of each line."""
    for line in said.splitlines():
        found = re.fullmatch(r"(?:(\w+):)?(\S+) ([\d.]+) ns", line)
        if not found:
            raise Failed(f"micro: {line}")
        yield found[1], found[2], float(found[3])


def measure_machine(ctx):
    """What the cores are like just now: a look before a run."""
    said = ctx.processes.run("machine", words(ctx.build, ["--no-huge", "--no-shconf", "-m", "64"],
                                              ["machine"],
                                              f"0@{CLIENT_CPU},1@{SERVER_CPU}"), 30)
    for _, name, ns in figures_of(said):
        ctx.figures.get(name, "ns", "less").add(ns)


def measure_time(ctx):
    memory = ["--in-memory"]
    if free_hugepages() < HUGEPAGES:
        raise Failed(f"{free_hugepages()} hugepages of {HUGEPAGES} are free")
    runs = min(ctx.runs, RUNS_MAX)
    for i in range(1, runs + 1):
        said = ctx.processes.run(f"micro-{i}", words(ctx.build, memory, NAMES), 300)
        for rival, name, ns in figures_of(said):
            figure = ctx.figures.get(f"micro.{name}", "ns", "less")
            if rival:
                figure.rival(rival, ns)
            else:
                figure.add(ns)
        ctx.say(f"micro run {i} of {runs}")


def count(ctx):
    """Instructions an operation: {figure: number}."""
    counts = {}
    for name in NAMES:
        out = ctx.processes.path(f"callgrind-{name}")
        ctx.processes.run(f"count-{name}",
                          ["valgrind", "--tool=callgrind", "--collect-atstart=no",
                           f"--callgrind-out-file={out}",
                           *words(COUNT_BUILD, ["--no-huge", "--no-shconf", "-m", "512"],
                                  [name])], 300)
        part = 1
        while os.path.exists(f"{out}.{part}"):
            with open(f"{out}.{part}", encoding="ascii", errors="replace") as f:
                text = f.read()
            what = re.search(r"^desc: Trigger: Client Request: (\S+) (\d+)$", text, re.M)
            total = re.search(r"^(?:totals|summary): (\d+)$", text, re.M)
            if what and total:
                counts[what[1]] = int(total[1]) / int(what[2])
            part += 1
        if part == 1:
            raise Failed("micro was built without valgrind/callgrind.h: it counts nothing")
        ctx.say(f"instructions of {name} counted")
    return counts


def read_baseline():
    try:
        with open(BASELINE, encoding="utf-8") as f:
            return json.load(f)
    except (OSError, ValueError) as e:
        raise Failed(f"no baseline: {e}") from None


def write_baseline(ctx):
    counts = {name: round(n, 1) for name, n in count(ctx).items()}
    with open(BASELINE, "w", encoding="utf-8") as f:
        json.dump(counts, f, indent=1)
        f.write("\n")
    ctx.say(f"{len(counts)} counts written to perf/baseline.json")


def check(ctx):
    """Count and compare; what is worse than the baseline, a line each."""
    baseline, counts = read_baseline(), count(ctx)
    worse = [f"{n}: in the baseline, but not counted" for n in baseline if n not in counts]
    for name, n in counts.items():
        before = baseline.get(name)
        figure = ctx.figures.get(f"instructions.{name}", "instructions", "less")
        figure.add(n)
        if before is None:
            worse.append(f"{name}: not in the baseline (perf/run.sh --baseline writes it anew)")
            continue
        figure.rival("baseline", before)
        # What is counted once a figure, not once an operation, is no instruction of it.
        if n > before * (1 + TOLERANCE) + 0.5:
            worse.append(f"{name}: {n:,.1f} instructions, {before:,.1f} in the baseline"
                         f" ({100 * (n / before - 1):+.1f} %)")
    return worse


def measure(ctx):
    measure_time(ctx)
    for line in check(ctx):
        ctx.say(line)
