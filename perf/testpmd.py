# SPDX-License-Identifier: BSD-3-Clause
"""The rival that does nothing but pass packets: what a wire and its two cores allow.

Two dpdk-testpmd, a core each, on the devices and with the ring size spate uses. Both forward
by macswap in bursts of 256 and the first sends a ring full to begin with, so the same frames
go to and fro for ever, and each core receives and sends every one of them, as each core of
a connection's two ends does. What is counted is frames a second one way.
"""
import os
import re
import subprocess
import time

from process import Failed
from wires import CLIENT_CPU, RING, SERVER_CPU, devices, eal

BURST = 256
PROMPT = "testpmd> "


class Testpmd:
    def __init__(self, processes, name, cpu, vdev, mode, auto_start=False):
        self.processes, self.name = processes, name
        # By lines, or its answers come behind the prompt that follows them.
        argv = ["stdbuf", "-oL", "dpdk-testpmd", *eal(name, [cpu], [vdev]), "--", "-i", f"--burst={BURST}",
                f"--rxd={RING}", f"--txd={RING}", f"--forward-mode={mode}",
                "--total-num-mbufs=16384"] + (["-a"] if auto_start else [])
        self.process = processes.start(name, argv, stdin=subprocess.PIPE)

    def ready(self):
        self.processes.wait_for(f"{self.name}: a prompt", lambda: self.tail(0).endswith(PROMPT), 20,
                                self.process)

    def tail(self, at):
        return self.processes.log(self.name)[at:]

    def ask(self, line):
        """What it answers."""
        at = len(self.processes.log(self.name))
        self.tell(line)
        self.processes.wait_for(f"{self.name}: '{line}'",
                                lambda: self.tail(at).endswith(PROMPT), 20, self.process)
        return self.tail(at)

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

    def tell(self, *lines):
        """What is not waited for."""
        try:
            self.process.stdin.write("".join(l + "\n" for l in lines).encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            pass

    def end(self):
        """It may crash when the other end of a memif goes first: its figures are taken."""
        self.tell("quit")
        self.processes.finish(self.process, 20, (0, -11))


def bounce(processes, what, wire, seconds, length=64):
    """Frames of `length` bytes a second, one way, between two testpmd that macswap."""
    socket = processes.path(what + ".sock")
    ends = devices(wire, socket)
    server = Testpmd(processes, what + "-server", SERVER_CPU, ends[0], "macswap", True)
    processes.wait_for(f"{what}: the server's socket", lambda: os.path.exists(socket), 20,
                       server.process)
    client = Testpmd(processes, what + "-client", CLIENT_CPU, ends[1], "macswap")
    for end in (server, client):
        end.ready()
        processes.wait_for(f"{what}: the link", end.linked, 20, server.process, client.process)
    client.ask(f"set txpkts {length}")
    client.ask(f"start tx_first {RING // BURST}")
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
