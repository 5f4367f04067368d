# SPDX-License-Identifier: BSD-3-Clause
"""Connections held open in one process, client and server ends both in it: for holding and growth."""
import re

from process import Failed
from prompt import Prompt
from spate import CLIENT_IP, SERVER_IP

PORTS = range(1024, 65536)


def addresses(first, connections):
    """A-B: local addresses from 198.18.0.`first` on, with twice as many tuples as connections."""
    n = -(-2 * connections // len(PORTS))
    last = first + n - 1
    if last >= 1 << 16:
        raise Failed(f"{connections} connections take more addresses than there are")
    return "-".join(f"198.18.{i >> 8}.{i & 255}" for i in (first, last))


def ports():
    return (f"port config 0 ip {CLIENT_IP}/15\n"
            f"port config 1 ip {SERVER_IP}/15\n")


def server():
    return f"server add holder port 1 listen {SERVER_IP}:7 rr verify\n"


def client(name, first, connections):
    """A client that opens so many, and has each answer a request when it is stopped."""
    return (f"client add {name} port 0 from {addresses(first, connections)}"
            f" ports {PORTS.start}-{PORTS.stop - 1} to {SERVER_IP}:7"
            f" hold open-at-once {connections} verify\n")


class Holder(Prompt):
    """spate at its prompt."""

    SECONDS = 120  # to make its tables

    def __init__(self, ctx, what, commands, ends, time_waits):
        name = ctx.spate.name(what)
        file = ctx.processes.write(name + ".spate", commands)
        super().__init__(ctx.processes, name,
                         [ctx.spate.binary, f"--file-prefix=perf-{name}", "--", "-i",
                          f"--cmdline-file={file}", f"--max-connections={ends}",
                          f"--max-time-wait={time_waits}"], "spate> ")
        self.ready()

    def client(self, name):
        """A client's counters, by the last of the words that stand before each."""
        said = self.ask(f"show client {name}")
        return {k: int(v.replace(",", "")) for k, v in re.findall(r"([a-z]+) ([\d,]*\d)", said)}

    def wait_until(self, name, what, condition, seconds):
        """Poll the client's counters until `condition(counters)`; none may fail."""
        def reached():
            counters = self.client(name)
            if counters.get("failed"):
                raise Failed(f"{self.name}: {counters['failed']} of {name}'s connections failed")
            return condition(counters)

        self.processes.wait_for(f"{self.name}: {name}: {what}", reached, seconds, self.process)

    def opened(self, name, connections, seconds):
        """All are there."""
        self.wait_until(name, f"{connections} open", lambda c: c["held"] == connections, seconds)

    def memory(self):
        """Bytes of it: resident, and hugepages."""
        with open(f"/proc/{self.process.pid}/smaps_rollup", encoding="ascii") as f:
            kib = dict(re.findall(r"^(\w+):\s+(\d+) kB$", f.read(), re.M))
        return 1024 * sum(int(kib[k]) for k in ("Rss", "Shared_Hugetlb", "Private_Hugetlb"))

    def kill(self):
        """Without a report: closing them all one by one says nothing more."""
        self.process.kill()
        self.processes.finish(self.process, 60, (-9,))


def available():
    """Bytes of memory a process could get, free hugepages included."""
    with open("/proc/meminfo", encoding="ascii") as f:
        kib = dict(re.findall(r"^(\w+):\s+(\d+)(?: kB)?$", f.read(), re.M))
    return 1024 * int(kib["MemAvailable"]) + \
        1024 * int(kib["HugePages_Free"]) * int(kib["Hugepagesize"])
