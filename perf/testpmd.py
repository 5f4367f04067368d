# SPDX-License-Identifier: BSD-3-Clause
"""The rival that does nothing but pass packets: what a wire and its two cores allow.

Two dpdk-testpmd, a core each, on the devices and with the ring size spate uses. Both forward
by macswap in bursts of 256 and the first sends a ring full to begin with, so the same frames
go to and fro for ever, and each core receives and sends every one of them, as each core of
a connection's two ends does. What is counted is frames a second one way.
"""
import os
import re
import time

from process import Failed
from prompt import Prompt
from wires import CLIENT_CPU, RING, SERVER_CPU, devices, eal

BURST = 256


class Testpmd(Prompt):
    def __init__(self, processes, name, cpu, vdev, auto_start=False):
        # By lines, or its answers come behind the prompt that follows them.
        super().__init__(processes, name,
                         ["stdbuf", "-oL", "dpdk-testpmd", *eal(name, [cpu], [vdev]), "--", "-i",
                          f"--burst={BURST}", f"--rxd={RING}", f"--txd={RING}",
                          "--forward-mode=macswap", "--total-num-mbufs=16384"]
                         + (["-a"] if auto_start else []), "testpmd> ")

    def counters(self):
        """Frames and bytes received so far, and when."""
        answer = self.ask("show port stats all")
        now = time.monotonic()
        packets = re.search(r"RX-packets:\s*(\d+)", answer)
        size = re.search(r"RX-bytes:\s*(\d+)", answer)
        if not packets or not size:
            raise Failed(f"{self.name}: no statistics")
        return int(packets[1]), int(size[1]), now

    def linked(self):
        return "Link status: up" in self.ask("show port info 0")

    def end(self):
        """It may crash when the other end of a memif goes first: its figures are taken."""
        self.tell("quit")
        self.processes.finish(self.process, 20, (0, -11))


def bounce(processes, what, wire, seconds, length=64, mode="macswap"):
    """
    Frames of `length` bytes a second, one way, between two testpmd that macswap; or, with
    `mode` flowgen, from one that makes each frame anew, to one that sends it back.
    """
    socket = processes.path(what + ".sock")
    ends = devices(wire, socket)
    server = Testpmd(processes, what + "-server", SERVER_CPU, ends[0], True)
    processes.wait_for(f"{what}: the server's socket", lambda: os.path.exists(socket), 20,
                       server.process)
    client = Testpmd(processes, what + "-client", CLIENT_CPU, ends[1])
    for end in (server, client):
        end.ready()
        processes.wait_for(f"{what}: the link", end.linked, 20, server.process, client.process)
    client.ask(f"set txpkts {length}")
    client.ask(f"set fwd {mode}")
    client.ask(f"start tx_first {RING // BURST}" if mode == "macswap" else "start")
    time.sleep(0.5)
    n0, _, t0 = client.counters()
    time.sleep(seconds)
    n1, _, t1 = client.counters()
    client.tell("stop")
    server.tell("stop")
    client.end()
    server.end()
    if n1 == n0:
        raise Failed(f"{what}: testpmd forwarded nothing")
    return (n1 - n0) / (t1 - t0)
