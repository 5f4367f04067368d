# SPDX-License-Identifier: BSD-3-Clause
"""Linux at the other end: networks between it and spate, or between it and itself.

perf/run.sh has given us a network namespace, so names are ours to choose and nothing has to be
taken away again but between two uses.
"""
import socket
import subprocess

CLIENT, SERVER = "198.18.0.1", "198.18.0.2"  # Linux's end, and who serves
NETWORK = "198.18.0.0/16"


def ip(*words):
    try:
        subprocess.run(["ip", *words], check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as e:
        raise OSError(f"ip {' '.join(words)}: {e.stderr.strip()}") from None


class Network:
    """`kind`: tap, af_packet (spate's devices), or veth (the other end is in namespace
    "server"). `congestion` is Linux's control; None: what the system has."""

    def __init__(self, kind, congestion=None):
        self.kind, self.congestion = kind, congestion

    def __enter__(self):
        if self.kind == "tap":
            # Made beforehand, so that it has its address before a frame is sent.
            self.device = "tap0"
            ip("tuntap", "add", "dev", "tap0", "mode", "tap", "multi_queue")
            self.vdev = "net_tap0,iface=tap0"
        else:
            self.device = "wire0"
            ip("netns", "add", "server")
            ip("link", "add", "wire0", "type", "veth", "peer", "name", "wire1", "netns", "server")
            ip("-n", "server", "link", "set", "wire1", "up")
            self.vdev = "net_af_packet0,iface=wire1"
        if self.kind == "af_packet":
            # Over veth Linux leaves checksums and segmentation to a device that is not there.
            subprocess.run(["ethtool", "-K", "wire0", "tx", "off", "tso", "off", "gso", "off",
                            "gro", "off"], check=True, capture_output=True)
        if self.kind == "veth":
            ip("-n", "server", "addr", "add", f"{SERVER}/16", "dev", "wire1")
        ip("addr", "add", f"{CLIENT}/16", "dev", self.device)
        ip("link", "set", self.device, "up")
        if self.congestion:
            ip("route", "replace", NETWORK, "dev", self.device, "src", CLIENT, "congctl",
               self.congestion)
        return self

    def __exit__(self, *_):
        ip("link", "del", self.device)
        if self.kind != "tap":
            ip("netns", "del", "server")

    @property
    def inside(self):
        """Words before a command, for it to run at the server's end."""
        return [] if self.kind == "tap" else ["ip", "netns", "exec", "server"]


def serves(port=80):
    """Does anybody answer there?"""
    try:
        socket.create_connection((SERVER, port), 1).close()
        return True
    except OSError:
        return False
