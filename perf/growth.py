# SPDX-License-Identifier: BSD-3-Clause
"""growth: what a connection of the churn costs while others are held open.

One process, the embedded wire, tables made for 10^7 from the start; 10^3 connections are
opened, and the churn is measured beside them; then more, up to 10^7.
"""
import re
import time

import hold
from churn import client_commands, server_commands
from process import Failed

HELD = (10**3, 10**4, 10**5, 10**6, 10**7)
RATIO = (1.6, 1.25)  # of cycles with the last to those with 10^4: must, aim
CHURNING = 256
RUNS_MAX = 2  # opening ten million takes its time
OPEN_S = 300  # at the most, to open them
FIRST_ADDRESS = 256  # 198.18.1.0: below are the churn's


def cycles(said):
    """Of the two lcores, from 'show stats'."""
    found = dict(re.findall(r"^lcore \d+\s+(client|server)\s+busy \d+%\s+([\d,]+) cycles a conn",
                            said, re.M))
    if set(found) != {"client", "server"}:
        raise Failed(f"no cycles in '{said.strip().splitlines()[-1]}'")
    if "0" in found.values():
        raise Failed("not one connection was closed while it was measured: is the machine busy?")
    return {side: int(n.replace(",", "")) for side, n in found.items()}


def run(ctx):
    """{held: cycles by side}"""
    commands = server_commands(1) + client_commands((CHURNING, "max")) + hold.server()
    first, before, parts = FIRST_ADDRESS, 0, []
    for held in HELD:
        more = held - before
        commands += hold.client(f"held{len(parts)}", first, more)
        parts.append(more)
        first += -(-2 * more // len(hold.PORTS)) + 1
        before = held
    process = hold.Holder(ctx, "growth", commands, 2 * (HELD[-1] + 65536), 1_000_000)
    for name in ("web", "holder"):
        process.ask(f"start {name}")
    found = {}
    for i, (held, more) in enumerate(zip(HELD, parts)):
        process.ask(f"start held{i}")
        process.opened(f"held{i}", more, OPEN_S)
        process.ask("start load")
        time.sleep(0.5)
        process.ask("clear stats")
        time.sleep(ctx.seconds)
        found[held] = cycles(process.ask("show stats"))
        process.ask("stop load")
        process.wait_until("load", "none left", lambda c: c["open"] == 0, 20)
    process.kill()
    return found


def measure(ctx):
    runs = min(ctx.runs, RUNS_MAX)
    for i in range(1, runs + 1):
        found = run(ctx)
        for held, sides in found.items():
            for side, n in sides.items():
                ctx.figures.get(f"growth.{held:.0e}.{side}".replace("e+0", "e"), "cycles/conn",
                                "less").add(n)
        most, least = found[HELD[-1]], found[10**4]
        ctx.figures.get("growth.ratio", "10^7 held / 10^4", "less", *RATIO).add(
            sum(most.values()) / sum(least.values()))
        ctx.say(f"growth run {i} of {runs}: " + ", ".join(
            f"{held:,}: {s['client']:,} and {s['server']:,}" for held, s in found.items()))
