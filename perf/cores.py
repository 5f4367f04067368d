# SPDX-License-Identifier: BSD-3-Clause
"""cores: two pairs of client and server on two cores against one pair on one core.

A pair's client and server share a core and a queue of the embedded wire; pairs share nothing,
so two should do exactly twice as much.
"""
from churn import START, client_commands, server_commands
from process import Failed

MUST, AIM = 1.9, 2.0
AT_ONCE = 256  # a pair


def run(spate, pairs, seconds):
    report = spate.embedded(f"cores-{pairs}", server_commands(1, pairs)
                            + client_commands((AT_ONCE * pairs, "max"), pairs) + START, seconds,
                            cpus=range(pairs))
    if report.failed:
        raise Failed(f"cores: {report.failed} connections failed")
    return report


def measure(ctx):
    for i in range(1, ctx.runs + 1):
        one, two = run(ctx.spate, 1, ctx.seconds), run(ctx.spate, 2, ctx.seconds)
        for pairs, report in ((1, one), (2, two)):
            ctx.figures.get(f"cores.{pairs}.cps", "conn/s", "more").add(report.cps)
            ctx.figures.get(f"cores.{pairs}.cycles", "cycles/end", "less").add(
                report.cycles("client+server"))
        ctx.figures.get("cores.ratio", "two / one", "more", MUST, AIM).add(two.cps / one.cps)
        ctx.say(f"cores run {i} of {ctx.runs}: {one.cps:,.0f}/s and {two.cps:,.0f}/s")
