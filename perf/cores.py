# SPDX-License-Identifier: BSD-3-Clause
"""cores: two pairs of client and server on two cores against one pair on one core.

A pair's client and server share a core and a queue of the embedded wire; pairs share nothing,
so two should do exactly twice as much as one, which is taken on each of the two cores, one after
the other. The rival is two processes of a pair each at the same time: they have nothing in common
but the machine, so what they do less than twice is the machine's.
"""
from churn import START, client_commands, server_commands
from process import Failed
from wires import CLIENT_CPU, SERVER_CPU

MUST, AIM = 1.9, 2.0
AT_ONCE = 256  # a pair
SHORTER = 3  # runs, and so many times as many: what the machine does meanwhile is shared out
CPUS = (CLIENT_CPU, SERVER_CPU)


def commands(pairs):
    return (server_commands(1, pairs) + client_commands((AT_ONCE * pairs, "max"), pairs) + START)


def checked(*reports):
    """Connections a second, of all of them."""
    for report in reports:
        if report.failed:
            raise Failed(f"cores: {report.failed} connections failed")
    return sum(report.cps for report in reports)


def measure(ctx):
    spate, get = ctx.spate, ctx.figures.get
    runs, seconds = SHORTER * ctx.runs, max(1, ctx.seconds // SHORTER)
    for i in range(1, runs + 1):
        alone = [spate.embedded(f"cores-{cpu}", commands(1), seconds, [cpu]) for cpu in CPUS]
        two = spate.embedded("cores-2", commands(2), seconds, CPUS)
        one_cps, two_cps = checked(*alone) / len(alone), checked(two)
        # Longer: they do not begin and end at the same moment.
        apart_cps = checked(*spate.apart("cores-apart", commands(1), ctx.seconds, CPUS))
        get("cores.1.cps", "conn/s", "more").add(one_cps)
        get("cores.1.cycles", "cycles/end", "less").add(
            sum(r.cycles("client+server") for r in alone) / len(alone))
        get("cores.2.cps", "conn/s", "more").add(two_cps)
        get("cores.2.cps", "conn/s", "more").rival("two processes", apart_cps)
        get("cores.2.cycles", "cycles/end", "less").add(two.cycles("client+server"))
        get("cores.ratio", "two / one", "more", MUST, AIM).add(two_cps / one_cps)
        get("cores.ratio", "two / one", "more").rival("two processes", apart_cps / one_cps)
        ctx.say(f"cores run {i} of {runs}: {one_cps:,.0f}/s and {two_cps:,.0f}/s, "
                f"in two processes {apart_cps:,.0f}/s")
