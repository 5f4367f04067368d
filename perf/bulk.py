# SPDX-License-Identifier: BSD-3-Clause
"""bulk: how fast data goes.

spate to spate over memif, one core each, one stream and 64 of them down to the client, beside
testpmd with frames as large. And spate's server to a Linux client, curl, over tap
and af_packet, beside nginx (sendfile) to the same client over veth.
"""
import re
import signal

import loopback
import testpmd
from linux import SERVER, Network, serves
from process import Failed
from spate import CLIENT_IP, SERVER_IP, WARM_UP_MS
from wires import CLIENT_CPU, SERVER_CPU, eal

FRAME = 1514
STREAMS = (1, 64)
DOWNLOAD = 256 << 20
RATIO = (0.60, 0.85)  # of testpmd's bit rate: must, aim
GBIT = 1e9 / 8


def between_two(spate, streams, seconds):
    """(the client's report, the server's)"""
    server = (f"port config 0 ip {SERVER_IP}/15\n"
              f"server add source port 0 listen {SERVER_IP}:9 stream\nstart all\n")
    client = (f"port config 0 ip {CLIENT_IP}/15\n"
              f"client add sink port 0 from {CLIENT_IP} to {SERVER_IP}:9 stream direction down"
              f" concurrency {streams}\n"
              "set run drain 500\nset run end reset\n"
              f"start all\nwait {WARM_UP_MS}\nclear stats\n")
    return spate.pair(f"bulk-{streams}", "memif", server, client, seconds)


def measure_memif(ctx):
    for i in range(1, ctx.runs + 1):
        frames = testpmd.bounce(ctx.processes, f"testpmd-bulk-{i}", "memif", ctx.seconds, FRAME)
        rival = frames * FRAME / GBIT
        for streams in STREAMS:
            client, server = between_two(ctx.spate, streams, ctx.seconds)
            if client.failed:
                raise Failed(f"{client.failed} of {streams} connections failed")
            name = f"bulk.memif.{streams}"
            received, sent = client.all["tcp"]["rx_bytes"], server.all["tcp"]["tx_bytes"]
            gbit = received / client.all["duration_s"] / GBIT
            figure = ctx.figures.get(f"{name}.gbit", "Gbit/s", "more")
            figure.add(gbit)
            figure.rival("testpmd each way", rival)
            ctx.figures.get(f"{name}.ratio", "of testpmd", "more", *RATIO).add(gbit / rival)
            for side, report, n in (("receiver", client, received), ("sender", server, sent)):
                ctx.figures.get(f"{name}.cycles.{side}", "cycles/byte", "less").add(
                    sum(l["busy_cycles"] for l in report.all["lcores"]) / n)
        ctx.say(f"bulk run {i} of {ctx.runs} over memif")


def download(processes, name):
    """Gbit/s of one download by curl."""
    said = processes.run(name, ["taskset", "-c", CLIENT_CPU, "curl", "-sS", "-o", "/dev/null",
                                "--connect-timeout", 10, "-m", 60, "-w",
                                "%{http_code} %{size_download} %{speed_download}\n",
                                f"http://{SERVER}/download"], 70)
    found = re.fullmatch(r"200 (\d+) (\d+)\n", said)
    if not found or int(found[1]) != DOWNLOAD:
        raise Failed(f"curl: {said.strip()}")
    return int(found[2]) / GBIT


def from_spate(ctx, device, count):
    """Gbit/s of `count` downloads from spate's server, one after the other."""
    name = ctx.spate.name(f"bulk-{device}")
    commands = (f"port config 0 ip {SERVER}/16\n"
                f"server add web port 0 listen {SERVER}:80 http size {DOWNLOAD}\nstart all\n")
    with Network(device) as network:
        argv = ctx.spate.argv(name, commands, 600, eal(name, [SERVER_CPU], [network.vdev]))
        p = ctx.processes.start(name, network.inside + argv)
        ctx.processes.wait_for(f"{name}: a connection", serves, 30, p)
        rates = [download(ctx.processes, f"{name}-curl-{i}") for i in range(count)]
        p.send_signal(signal.SIGINT)
        ctx.processes.finish(p, 30)
    return rates


def from_nginx(ctx, count):
    with Network("veth") as network:
        server = loopback.nginx(ctx.processes, {"download": b"x" * DOWNLOAD}, network.inside)
        ctx.processes.wait_for("nginx: a connection", serves, 30, server)
        rates = [download(ctx.processes, f"nginx-curl-{i}") for i in range(count)]
        loopback.stop(ctx.processes, server)
    return rates


def measure_linux(ctx):
    for i in range(1, ctx.runs + 1):
        rival = max(from_nginx(ctx, 2))
        for device in ("tap", "af_packet"):
            figure = ctx.figures.get(f"bulk.linux.{device}.gbit", "Gbit/s", "more")
            figure.add(max(from_spate(ctx, device, 2)))
            figure.rival("nginx over veth", rival)
        ctx.say(f"bulk run {i} of {ctx.runs} to curl")


def measure(ctx):
    measure_memif(ctx)
    measure_linux(ctx)
