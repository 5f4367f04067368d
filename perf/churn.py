# SPDX-License-Identifier: BSD-3-Clause
"""churn: connections a second, six packets each, one core a side.

SYN; SYN+ACK; ACK+request; response+FIN; FIN+ACK; ACK. The server closes first, so that each
tuple comes back out of its TIME_WAIT. Over memif, one end of it copying or not, and vhost two
processes, over the embedded wire one. The rivals: testpmd on the same wire (what the packets
alone cost), and nginx with wrk over loopback (what people use otherwise).
"""
import loopback
import micro
import testpmd
from process import Failed
from spate import CLIENT_IP, SERVER_IP, WARM_UP_MS
from wires import WIRES, possible_wires

BODY = 64
AT_ONCE = (64, 128, 256, 512, 1024)  # loads that are tried
PROBE_S = 1
PER_CONNECTION = 3  # packets each way
# must and aim
RATIO = {"memif": (0.40, 0.55), "memif-zero-copy": (0.40, 0.55), "vhost": (None, None)}
CYCLES = (1000, 500)
OVER_NGINX = (40, 100)


def server_commands(port=0, queues=1):
    return (f"port config {port} ip {SERVER_IP}/15 queues {queues}\n"
            f"server add web port {port} listen {SERVER_IP}:80 http size {BODY}\n")


def client_commands(load, queues=1):
    at_once, rate = load
    return (f"port config 0 ip {CLIENT_IP}/15 queues {queues}\n"
            f"client add load port 0 from {CLIENT_IP}-198.18.0.4 ports 10000-59999"
            f" to {SERVER_IP}:80 http size {BODY} verify close last\n"
            f"set client load rate {rate}\n"
            f"set client load concurrency {at_once}\n")


START = f"start all\nwait {WARM_UP_MS}\nclear stats\n"


def run(spate, wire, load, seconds):
    """(the client's report, the server's); over the embedded wire they are one."""
    if wire == "embedded":
        report = spate.embedded("churn-embedded",
                                server_commands(1) + client_commands(load) + START, seconds)
        return report, report
    return spate.pair(f"churn-{wire}", wire, server_commands() + "start all\n",
                      client_commands(load) + START, seconds)


def search(spate, wire):
    """
    The load, as (connections at once, connections a second), with the most connections a
    second and none failed. At each number at once the client opens as fast as connections
    end; where that makes some fail, the rate is halved until it does not, then raised by
    halves of what is left.
    """
    def probe(load):
        client, server = run(spate, wire, load, PROBE_S)
        return client.cps, client.failed + server.failed == 0

    found, at_most = [], (0, None)
    for at_once in AT_ONCE:
        cps, clean = probe((at_once, "max"))
        at_most = max(at_most, (cps, at_once))
        if clean:
            found.append((cps, (at_once, "max")))
    if found:
        return max(found)[1]
    high, at_once = at_most
    low = 0
    for _ in range(7):
        rate = int((low + high) / 2)
        cps, clean = probe((at_once, rate))
        if clean and cps > 0.98 * rate:
            low = rate
        else:
            high = rate
    if low == 0:
        raise Failed(f"churn over {wire}: connections fail at any rate")
    return at_once, low


def record(figures, wire, client, server):
    name = f"churn.{wire}"
    must, aim = CYCLES if wire == "embedded" else (None, None)
    figures.get(f"{name}.cps", "conn/s", "more").add(client.cps)
    figures.get(f"{name}.cycles.client", "cycles/conn", "less", must, aim).add(
        client.cycles("client"))
    figures.get(f"{name}.cycles.server", "cycles/conn", "less", must, aim).add(
        server.cycles("server"))
    figures.get(f"{name}.busy.client", "%", "less").add(client.busy("client"))
    figures.get(f"{name}.busy.server", "%", "less").add(server.busy("server"))
    figures.get(f"{name}.packets", "packets/conn", "less").add(client.packets)


def measure(ctx):
    figures, loads = ctx.figures, {}
    wires = possible_wires()
    for wire in WIRES:
        if wire not in wires:
            ctx.say(f"churn over {wire}: not without hugepages")
    for wire in (*wires, "embedded"):
        loads[wire] = search(ctx.spate, wire)
        ctx.say(f"churn over {wire}: {loads[wire][0]} connections at once, rate {loads[wire][1]}")
    for i in range(1, ctx.runs + 1):
        cps = {}
        for wire in (*wires, "embedded"):
            micro.measure_machine(ctx)
            client, server = run(ctx.spate, wire, loads[wire], ctx.seconds)
            if client.failed or server.failed:
                raise Failed(f"churn over {wire}: connections failed at a load at which none did")
            record(figures, wire, client, server)
            cps[wire] = client.cps
            if wire not in WIRES:
                continue
            pps = testpmd.bounce(ctx.processes, f"testpmd-{wire}-{i}", wire, ctx.seconds)
            figures.get(f"churn.{wire}.cps", "conn/s", "more").rival(
                "testpmd frames/s one way", pps)
            figures.get(f"churn.{wire}.ratio", "3 conn / frame", "more", *RATIO[wire]).add(
                PER_CONNECTION * client.cps / pps)
        made = testpmd.bounce(ctx.processes, f"testpmd-flowgen-{i}", "memif", ctx.seconds,
                              mode="flowgen")
        figures.get("churn.memif.cps", "conn/s", "more").rival("with flowgen", made)
        rival = loopback.connections_per_second(ctx.processes, ctx.seconds, BODY)
        figures.get("churn.memif.cps", "conn/s", "more").rival("nginx+wrk", rival)
        figures.get("churn.memif.over-nginx", "x nginx+wrk", "more", *OVER_NGINX).add(
            cps["memif"] / rival)
        ctx.say(f"churn run {i} of {ctx.runs}: " + ", ".join(f"{w} {c:,.0f}/s"
                                                            for w, c in cps.items())
                + f", nginx+wrk {rival:,.0f}/s")
