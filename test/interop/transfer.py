#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Linux's end of one long transfer to or from a spate with the workload stream:

    transfer.py connect up|down ADDRESS PORT BYTES [OPTION=VALUE]...
    transfer.py listen up|down ADDRESS PORT BYTES [OPTION=VALUE]...

`up` is from the client to the server, `down` the other way. What is sent is the pattern, what comes
must be, all BYTES of it and no more. Options:

    congestion=cubic|reno   Linux's congestion control, of this socket
    receive-buffer=BYTES    SO_RCVBUF
    stop=SECONDS            stop reading for so long, when a tenth has come
    connections=N           listen: one after the other or at once, each of BYTES; then the end

Exit status 0 and a line for each connection:  BYTES SECONDS RETRANSMITTED  the last being what Linux
sent again; else a line that says what was wrong."""
import os
import socket
import struct
import sys
import threading
import time

import bulk

LIMIT = 150          # seconds any call may take
TOTAL_RETRANS = 100  # offset of tcpi_total_retrans in struct tcp_info


def prepare(s, options):
    if "congestion" in options:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, options["congestion"].encode())
    if "receive-buffer" in options:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, int(options["receive-buffer"]))


def receive(p, n, options):
    if "stop" in options:
        bulk.expect("bytes", p.receive(n // 10), n // 10)
        threading.Event().wait(float(options["stop"]))
        bulk.expect("bytes", p.receive(), n - n // 10)
    else:
        bulk.expect("bytes", p.receive(), n)


def send(p, n):
    p.send(n)
    p.finished()
    bulk.expect("bytes back", p.receive(), 0)


def report(p, n, begin):
    took = time.monotonic() - begin
    info = p.s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TOTAL_RETRANS + 4)
    line = "%d %.6f %d\n" % (n, took, struct.unpack_from("I", info, TOTAL_RETRANS)[0])
    os.write(sys.stdout.fileno(), line.encode())  # of one piece, whatever other threads say
    p.s.close()


def connect(way, address, n, options):
    s = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
    s.settimeout(LIMIT)
    prepare(s, options)
    s.connect(address)
    p = bulk.Peer(s)
    s.settimeout(LIMIT)
    begin = time.monotonic()
    if way == "up":
        send(p, n)
    else:
        s.sendall(b"down %d\n" % n)
        receive(p, n, options)
    report(p, n, begin)


def listen(way, address, n, options):
    s = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    prepare(s, options)
    s.bind(address)
    s.listen(1024)

    def serve(one):
        try:
            p = bulk.Peer(one)
            one.settimeout(LIMIT)
            begin = time.monotonic()
            if way == "up":
                receive(p, n, options)
                p.finished()
            else:
                bulk.expect("request", p.line(), ["down", str(n)])
                send(p, n)
            report(p, n, begin)
        except (OSError, SystemExit) as e:
            print(e, file=sys.stderr, flush=True)
            os._exit(1)

    threads = []
    for _ in range(int(options.get("connections", 1))):
        threads.append(threading.Thread(target=serve, args=(s.accept()[0],)))
        threads[-1].start()
    for t in threads:
        t.join()


def main(role, way, address, port, n, *options):
    {"connect": connect, "listen": listen}[role](
        way, (address, int(port)), int(n), dict(o.split("=", 1) for o in options))


if __name__ == "__main__":
    if len(sys.argv) < 6:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except OSError as e:
        sys.exit("%s: %s" % (type(e).__name__, e))
