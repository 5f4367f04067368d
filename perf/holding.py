# SPDX-License-Identifier: BSD-3-Clause
"""holding: connections open at once in one process, both ends of each, and what they cost.

All are opened and left alone; then each makes a request and closes: none may fail. Memory is all
of the process's, DPDK's buffers and tables included, divided by the connection ends. And
TIME_WAIT: the memory of a process with room for so many, all of it filled, less that of one
without.
"""
import re
import time

import hold
from process import Failed

MUST_OPEN, AIM_OPEN = 20_000_000, 50_000_000
BYTES = (160, 112)  # an end: must, aim
TIME_WAIT_BYTES = (48, 32)
TIME_WAITS = 4_000_000
SPARE = 65536  # connections beyond those that are held
LIMIT_S = 600  # to open them all; to verify them all; to fill TIME_WAIT: on a busy machine too
NEEDED = 165   # bytes an end about takes, to know beforehand whether there is enough memory


def measure_open(ctx):
    n, figures = ctx.hold, ctx.figures
    if 2 * n * NEEDED > hold.available():
        raise Failed(f"{n} connections take {2 * n * NEEDED / 2**30:.0f} GiB, there are"
                     f" {hold.available() / 2**30:.0f}: --hold N takes less")
    process = hold.Holder(ctx, "holding", hold.ports() + hold.server() + hold.client("held", 1, n),
                          2 * (n + SPARE), 2)
    began = time.monotonic()
    process.ask("start all")
    process.opened("held", n, LIMIT_S)
    took = time.monotonic() - began
    memory = process.memory()
    ctx.say(f"holding: {n:,} connections open after {took:.0f} s, {memory / 2**30:.1f} GiB")
    began = time.monotonic()
    process.ask("stop held")
    process.wait_until("held", "all verified",
                       lambda c: c["end"] == n and c["closed"] == n, LIMIT_S)
    ctx.say(f"holding: all of them verified and closed after {time.monotonic() - began:.0f} s more")
    process.kill()
    figures.get("holding.open", "connections, both ends", "more", MUST_OPEN, AIM_OPEN).add(n)
    figures.get("holding.bytes", "bytes/end", "less", *BYTES).add(memory / (2 * n))
    figures.get("holding.time", "s", "less").add(took)
    figures.get("holding.pace", "conn/s", "more").add(n / took)


def time_wait_memory(ctx, n):
    """
    (memory of a process with room for n TIME_WAITs, and how many it has), half at either end.
    Tuples are chosen at random, so there are twice as many connections, to fill all the room.
    """
    half = max(1, n // 2)
    commands, ends = hold.ports(), ((80, "last"), (81, "first"))
    for i, (port, close) in enumerate(ends):
        commands += (f"server add s{i} port 1 listen {hold.SERVER_IP}:{port} http size 64\n"
                     f"client add c{i} port 0 from {hold.addresses(1 + 1000 * i, 2 * half)}"
                     f" ports {hold.PORTS.start}-{hold.PORTS.stop - 1} to"
                     f" {hold.SERVER_IP}:{port} http close {close} count {2 * half}"
                     f" concurrency 256\n")
    process = hold.Holder(ctx, "time-wait", commands, SPARE, max(2, n))
    process.ask("start all")
    for i in range(len(ends)):
        process.wait_until(f"c{i}", "done", lambda c: c["closed"] == 2 * half, LIMIT_S)
    memory = process.memory()
    found = re.search(r"^time-wait .* now ([\d,]+)", process.ask("show stats"), re.M)
    process.kill()
    if not found:
        raise Failed("time-wait: 'show stats' does not say how many there are")
    return memory, int(found[1].replace(",", ""))


def measure_time_wait(ctx):
    before, few = time_wait_memory(ctx, 0)
    after, many = time_wait_memory(ctx, TIME_WAITS)
    if many < 0.99 * TIME_WAITS:
        raise Failed(f"{many} of {TIME_WAITS} connections are in TIME_WAIT")
    ctx.figures.get("holding.time-wait.bytes", "bytes", "less", *TIME_WAIT_BYTES).add(
        (after - before) / (many - few))


def measure(ctx):
    measure_open(ctx)
    measure_time_wait(ctx)
