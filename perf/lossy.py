# SPDX-License-Identifier: BSD-3-Clause
"""lossy: how fast data goes where 1 % of it is lost, 20 ms away.

The bad network is on spate's port both times (`port config 0 impair`), a tap with Linux behind
it; spate sends to Linux (curl), and Linux (nginx) sends to spate. CUBIC both, 16 downloads at once.
"""
import random
import signal
import time

import loopback
from linux import CLIENT, SERVER, Network, serves
from process import Failed
from wires import CLIENT_CPU, SERVER_CPU, eal

SIZE = 2 << 20
AT_ONCE = 16
IMPAIR = "loss 1% delay 20ms"
LIMIT = 120
MBIT = 1e6 / 8
# Linux's least, first and largest receive buffer: how far a slow start gets before its first loss
# hangs on what it is offered, so Linux must not offer less than spate does.
RMEM = "4096 1048576 8388608"
MUST = 1.0  # spate's share of what Linux reaches


def impaired(seed):
    return f"port config 0 impair {IMPAIR} seed {seed}\n"


def from_spate(ctx, network, seed):
    """Mbit/s of all downloads together."""
    name = ctx.spate.name("lossy-server")
    commands = (f"port config 0 ip {SERVER}/16\n"
                f"server add web port 0 listen {SERVER}:80 http size {SIZE}\n"
                "start all\n" + impaired(seed))
    argv = ctx.spate.argv(name, commands, 600, eal(name, [SERVER_CPU], [network.vdev]))
    p = ctx.processes.start(name, argv)
    ctx.processes.wait_for(f"{name}: a connection", serves, 30, p)
    began = time.monotonic()
    said = ctx.processes.run(f"{name}-curl", [
        "taskset", "-c", CLIENT_CPU, "curl", "-sS", "--parallel", "--parallel-immediate",
        "--parallel-max", AT_ONCE, "-o", "/dev/null", "-m", LIMIT,
        "-w", "%{http_code} %{size_download}\n", f"http://{SERVER}/[1-{AT_ONCE}]"], LIMIT + 10)
    took = time.monotonic() - began
    p.send_signal(signal.SIGINT)
    ctx.processes.finish(p, 30)
    if said.count(f"200 {SIZE}\n") != AT_ONCE:
        raise Failed(f"curl: {said.strip()}")
    return AT_ONCE * SIZE / took / MBIT


def from_linux(ctx, network, seed):
    name = ctx.spate.name("lossy-client")
    commands = (f"port config 0 ip {SERVER}/16\n"
                f"client add load port 0 from {SERVER} to {CLIENT}:80 http path /download"
                f" size {SIZE} concurrency {AT_ONCE} count {AT_ONCE}\n"
                "start all\n" + impaired(seed) + f"wait clients timeout {LIMIT}\nquit\n")
    server = loopback.nginx(ctx.processes, {"download": b"x" * SIZE})
    ctx.processes.run(name, ctx.spate.argv(name, commands, LIMIT + 10,
                                           eal(name, [SERVER_CPU], [network.vdev])), LIMIT + 60)
    loopback.stop(ctx.processes, server)
    report = ctx.spate.report(name)
    if report.all["client"]["requests"] != AT_ONCE or report.failed:
        raise Failed(f"{report.all['client']['requests']} of {AT_ONCE} downloads from nginx")
    return AT_ONCE * SIZE / report.all["duration_s"] / MBIT


def measure(ctx):
    with open("/proc/sys/net/ipv4/tcp_rmem", "w", encoding="ascii") as f:
        f.write(RMEM)  # of the namespace that is ours
    for i in range(1, ctx.runs + 1):
        # Another network each time, and the same one for both.
        seed = random.randrange(1, 1 << 31)
        rates = []
        for way in (from_spate, from_linux):
            with Network("tap", "cubic") as network:
                rates.append(way(ctx, network, seed))
        spate, linux = rates
        figure = ctx.figures.get("lossy.mbit", "Mbit/s", "more")
        figure.add(spate)
        figure.rival("Linux", linux)
        ctx.figures.get("lossy.ratio", "of Linux's", "more", MUST).add(spate / linux)
        ctx.say(f"lossy run {i} of {ctx.runs}: {spate:.1f} Mbit/s, Linux {linux:.1f}")
