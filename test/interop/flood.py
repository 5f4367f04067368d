#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""SYNs from nowhere: random sources of 198.18.0.0/15 (without 198.18.0.0/24, where the real
ones live), random ports and sequence numbers, as raw frames.

    flood.py INTERFACE MAC ADDRESS PORT RATE COUNT

RATE a second, COUNT in all or until SIGTERM; then one line says how many were sent."""
import random
import signal
import socket
import struct
import sys
import time

KINDS = 16384  # frames made beforehand, sent over and over
MSS_SACK_TS_WSCALE = bytes.fromhex("020405b4 0402 080a") + b"TSval\0\0\0" + bytes.fromhex("01 030307")


def checksum(data):
    s = sum(struct.unpack(f"!{len(data) // 2}H", data))
    s = (s & 0xFFFF) + (s >> 16)
    return 0xFFFF - ((s & 0xFFFF) + (s >> 16))


def syn(chance, ethernet, target, port):
    source = struct.pack("!I", 0xC6120000 | chance.randrange(0x100, 0x20000))
    options = MSS_SACK_TS_WSCALE if chance.random() < 0.5 else b""
    tcp_len = 20 + len(options)
    tcp = struct.pack("!HHIIBBHHH", chance.randrange(1024, 65536), port, chance.getrandbits(32), 0,
                      tcp_len // 4 << 4, 2, 65535, 0, 0) + options
    pseudo = source + target + struct.pack("!HH", 6, tcp_len)
    tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + tcp_len, chance.getrandbits(16), 0x4000, 64, 6, 0)
    ip = ip + source + target
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return (ethernet + ip + tcp).ljust(60, b"\0")


def main():
    interface, mac, address, port = sys.argv[1:5]
    rate, count = int(sys.argv[5]), int(sys.argv[6])
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    wire.bind((interface, 0))
    ethernet = bytes.fromhex(mac.replace(":", "")) + wire.getsockname()[4] + b"\x08\x00"
    chance = random.Random(1)
    frames = [syn(chance, ethernet, socket.inet_aton(address), int(port)) for _ in range(KINDS)]
    going = True

    def stop(_signal, _frame):
        nonlocal going
        going = False

    signal.signal(signal.SIGTERM, stop)
    sent, began = 0, time.monotonic()
    while going and sent < count:
        due = min(int((time.monotonic() - began) * rate), count)
        for _ in range(min(due - sent, 512)):
            try:
                wire.send(frames[sent % KINDS])
            except OSError:  # the interface's queue is full: that one is lost
                pass
            sent += 1
        if sent >= due:
            time.sleep(0.002)
    print(sent)


main()
