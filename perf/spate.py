# SPDX-License-Identifier: BSD-3-Clause
"""Runs of spate, in one process or two, and what their reports come to."""
import json
import os
import signal

from process import Failed
from wires import CLIENT_CPU, SERVER_CPU, devices, eal

CLIENT_IP, SERVER_IP = "198.18.0.1", "198.19.0.1"
WARM_UP_MS = 500  # what comes before is not counted


class Report:
    """A report of --json. `role` is an lcore's, "client+server" where one core has both."""

    def __init__(self, file):
        try:
            with open(file, encoding="utf-8") as f:
                self.all = json.load(f)
        except (OSError, ValueError) as e:
            raise Failed(f"no report: {e}") from None
        if self.all["connections"]["leaked"]:
            raise Failed(f"{self.all['connections']['leaked']} connections leaked")

    @property
    def cps(self):
        return self.all["client"]["cps"]

    @property
    def failed(self):
        return self.all["client"]["failed"] + self.all["server"]["failed"]

    @property
    def packets(self):
        """TCP segments a connection, both ways."""
        tcp = self.all["tcp"]
        both_ends = self.all["server"]["accepted"] > 0  # then what one sent the other received
        seen = tcp["tx_segments"] + (0 if both_ends else tcp["rx_segments"])
        return seen / max(1, self.all["client"]["closed"])

    def cycles(self, role):
        """Busy cycles for one end of a connection on lcores of this role."""
        lcores = [l for l in self.all["lcores"] if l["role"] == role]
        if not lcores:
            raise Failed(f"no lcore is {role}")
        return sum(l["cycles_per_connection"] for l in lcores) / len(lcores)

    def busy(self, role):
        """Busy share of the lcores of this role, in per cent."""
        lcores = [l for l in self.all["lcores"] if l["role"] == role]
        busy = sum(l["busy_cycles"] for l in lcores)
        return 100 * busy / max(1, busy + sum(l["idle_cycles"] for l in lcores))


class Runner:
    """Runs build/app/spate. Each run has a name of its own, so that what it said can be found."""

    def __init__(self, processes, build):
        self.processes, self.count = processes, 0
        self.binary = os.path.join(build, "app", "spate")

    def name(self, what):
        self.count += 1
        return f"{what}-{self.count}"

    def argv(self, name, commands, seconds, eal_words=(), options=()):
        file = self.processes.write(name + ".spate", commands)
        return [self.binary, *(eal_words or [f"--file-prefix=perf-{name}"]), "--",
                f"--cmdline-file={file}", f"--duration={seconds}",
                f"--json={self.processes.path(name + '.json')}", *options]

    def report(self, name):
        return Report(self.processes.path(name + ".json"))

    def start_embedded(self, what, commands, seconds, cpus=None, options=()):
        """Begin what embedded() waits for; the run's name and its process."""
        name = self.name(what)
        pin = ["taskset", "-c", ",".join(map(str, cpus))] if cpus else []
        argv = self.argv(name, commands, seconds, options=options)
        return name, self.processes.start(name, pin + argv)

    def embedded(self, what, commands, seconds, cpus=None, options=(), limit=60):
        """One process, both ends in it, a worker on each of `cpus` (default: all)."""
        name, process = self.start_embedded(what, commands, seconds, cpus, options)
        self.processes.finish(process, seconds + limit)
        return self.report(name)

    def apart(self, what, commands, seconds, cpus, limit=60):
        """At once a process on each of `cpus`, both ends in it: their reports."""
        started = [self.start_embedded(f"{what}-{cpu}", commands, seconds, [cpu]) for cpu in cpus]
        for _, process in started:
            self.processes.finish(process, seconds + limit)
        return [self.report(name) for name, _ in started]

    def pair(self, what, wire, server, client, seconds, options=()):
        """Two processes, a core each: the client's report and the server's."""
        processes, name = self.processes, self.name(what)
        socket = processes.path(name + ".sock")
        ends = devices(wire, socket)
        words = [eal(f"{name}-{end}", [cpu], [vdev]) for end, cpu, vdev in
                 (("server", SERVER_CPU, ends[0]), ("client", CLIENT_CPU, ends[1]))]
        s = processes.start(f"{name}-server", self.argv(f"{name}-server", server, 600, words[0],
                                                        options))
        processes.wait_for(f"{name}: the server's socket", lambda: os.path.exists(socket), 20, s)
        c = processes.start(f"{name}-client", self.argv(f"{name}-client", client, seconds,
                                                        words[1], options))
        processes.finish(c, seconds + 60)
        s.send_signal(signal.SIGINT)
        processes.finish(s, 30)
        return self.report(f"{name}-client"), self.report(f"{name}-server")
