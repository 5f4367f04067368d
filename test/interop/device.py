#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A device whose TIME_WAIT follows a rule of the test's choice, on a raw socket.

    device.py INTERFACE ADDRESS RULE

It answers ARP for ADDRESS, takes connections to any port, answers what comes first with a
line and FIN, and has the connection in TIME_WAIT for ever. Then, on the same tuple:

    any     a SYN is accepted                    never   drawn the ACK of the old incarnation
    drop    nothing is answered                  reset   a SYN draws RST
    strange a SYN draws an ACK of other numbers  turns   accepted and dropped in turn
    hidden  accepted, and no FIN is answered

A RST changes nothing.
"""
import errno
import socket
import struct
import sys

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
ISS = 0xFFFFFFF0  # next to the wrap
TEXT = b"HTTP/1.0 200 OK\r\n\r\n"


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2 + len(data) % 2), data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def timestamp(options):
    at = 0
    while at < len(options):
        kind = options[at]
        if kind == 0:
            break
        if kind == 1:
            at += 1
            continue
        if kind == 8:
            return struct.unpack("!I", options[at + 2 : at + 6])[0]
        at += options[at + 1]
    return None


class Device:
    def __init__(self, interface, address, rule):
        self.address, self.rule = socket.inet_aton(address), rule
        self.wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.wire.bind((interface, 0))
        self.mac = self.wire.getsockname()[4]
        self.waits = {}  # in TIME_WAIT: tuple -> (SND.NXT, RCV.NXT, timestamps)
        self.syns = 0

    def arp(self, f):
        if f[38:42] == self.address and f[20:22] == b"\0\1":
            self.wire.send(f[6:12] + self.mac + f[12:20] + b"\0\2" + self.mac + self.address + f[22:32])

    def send(self, f, seq, ack, flags, ts=None, data=b""):
        """An answer to frame `f`."""
        options = b"" if ts is None else struct.pack("!BBBBII", 1, 1, 8, 10, 1000, ts)
        tcp = f[36:38] + f[34:36] + struct.pack("!IIBBHHH", seq & 0xFFFFFFFF, ack & 0xFFFFFFFF,
            (20 + len(options)) << 2, flags, 65535, 0, 0) + options + data
        pseudo = f[30:34] + f[26:30] + struct.pack("!HH", 6, len(tcp))
        tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, 6, 0) + f[30:34] + f[26:30]
        ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
        self.wire.send(f[6:12] + self.mac + b"\x08\0" + ip + tcp)

    def syn_in_time_wait(self, f, seq, ts, wait):
        rule = self.rule
        self.syns += 1
        if rule == "turns":
            rule = "any" if self.syns % 2 else "drop"
        if rule in ("any", "hidden"):
            self.send(f, ISS + 1000000, seq + 1, SYN | ACK, ts)
        elif rule == "never":
            self.send(f, wait[0], wait[1], ACK, 0 if wait[2] else None)
        elif rule == "reset":
            self.send(f, 0, seq + 1, RST | ACK)
        elif rule == "strange":
            self.send(f, wait[0] + 7, wait[1] - 7, ACK)

    def tcp(self, f):
        head = 34 + (f[46] >> 4) * 4
        length = struct.unpack("!H", f[16:18])[0] + 14 - head
        seq, ack = struct.unpack("!II", f[38:46])
        flags, ts, key = f[47], timestamp(f[54:head]), f[26:30] + f[34:38]
        wait = self.waits.get(key)
        if flags & RST:
            return
        if wait and flags & SYN:
            self.syn_in_time_wait(f, seq, ts, wait)
        elif wait and flags & FIN:
            if self.rule not in ("drop", "hidden"):
                self.send(f, wait[0], wait[1], ACK, ts)
        elif flags & SYN:
            self.send(f, ISS, seq + 1, SYN | ACK, ts)
        elif length > 0:
            self.send(f, ISS + 1, seq + length, FIN | PSH | ACK, ts, TEXT)
        elif flags & FIN:
            self.waits[key] = ((ISS + 2 + len(TEXT)) & 0xFFFFFFFF, (seq + 1) & 0xFFFFFFFF, ts is not None)
            self.send(f, *self.waits[key][:2], ACK, ts)

    def run(self):
        print("ready", flush=True)
        while True:
            try:
                f = self.wire.recv(65536)
            except OSError as e:
                # The tap is down between one spate and the next.
                if e.errno != errno.ENETDOWN:
                    raise
                continue
            if f[6:12] == self.mac:
                continue  # our own
            if f[12:14] == b"\x08\x06":
                self.arp(f)
            elif f[12:15] == b"\x08\0\x45" and f[23] == 6 and f[30:34] == self.address:
                self.tcp(f)


Device(*sys.argv[1:4]).run()
