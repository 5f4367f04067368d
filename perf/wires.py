# SPDX-License-Identifier: BSD-3-Clause
"""Wires between two processes, the same for spate and for testpmd: devices and EAL's words."""
import os

CLIENT_CPU, SERVER_CPU = 0, 1
MEGABYTES = 512  # of a process
RING = 1024  # descriptors a queue: what spate asks for
WIRES = ("memif", "memif-zero-copy", "vhost")


def devices(wire, socket):
    """The --vdev of the server's end, which makes the socket, and of the client's."""
    if wire.startswith("memif"):
        size = RING.bit_length() - 1
        # Of a memif's two ends one has the memory, and need not copy: the one called client.
        own = ",zero-copy=yes" if wire == "memif-zero-copy" else ""
        return [f"net_memif0,role={role},socket-abstract=no,socket={socket},rsize={size}{more}"
                for role, more in (("server", ""), ("client", own))]
    return [f"net_vhost0,iface={socket},queues=1",
            f"net_virtio_user0,path={socket},queues=1,queue_size={RING}"]


def free_hugepages():
    try:
        with open("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages",
                  encoding="ascii") as f:
            return int(f.read())
    except OSError:
        return 0


def possible_wires():
    """A memif is used in place in hugepages only: of 2 MiB, for two processes."""
    return [w for w in WIRES if w != "memif-zero-copy" or free_hugepages() >= MEGABYTES]


def eal(name, cpus, vdevs, megabytes=MEGABYTES):
    """EAL's words: the main lcore on any CPU, a worker on each of `cpus`."""
    memory = (["--in-memory", "--single-file-segments"]
              if free_hugepages() >= megabytes // 2 else ["--no-huge", "--no-shconf"])
    workers = "".join(f",{i}@{cpu}" for i, cpu in enumerate(cpus, 1))
    return (["--no-pci", "--no-telemetry", "--log-level=lib.eal:error", "--log-level=error",
             f"--file-prefix=perf-{name}", "-m", str(megabytes), *memory,
             "--lcores", f"0@(0-{os.cpu_count() - 1}){workers}"]
            + [f"--vdev={v}" for v in vdevs])
