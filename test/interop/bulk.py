#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Linux's side of the workloads rr, stream and hold, each in a few lines:

    bulk.py up|down|both ADDRESS PORT BYTES        a client of `server add ... stream`
    bulk.py rr ADDRESS PORT REQUEST RESPONSE N     of `server add ... rr`, N requests
    bulk.py refused ADDRESS PORT TEXT [OFFSET]     TEXT, and the pattern with a wrong byte at OFFSET:
                                                   the server must reset the connection
    bulk.py serve up|down|both|rr|echo PORT [OFFSET]   a server for any number of clients, until
                                                   killed; with OFFSET that byte is wrong

What is sent and checked is the pattern. Exit status 0 when all was as it should be; else one line
says what was not."""
import os
import socket
import sys
import threading

LIMIT = 60  # seconds any call may take
PERIOD = 8 * 131071
BLOCK = b"".join(b"%07x\n" % k for k in range(PERIOD // 8)) * 2
PIECE = 65536


def pattern(at, n):
    at %= PERIOD
    assert n <= PERIOD
    return BLOCK[at:at + n]


class Peer:
    """A connection, and where in the pattern either way of it is."""

    def __init__(self, s, wrong=None):
        s.settimeout(LIMIT)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.s, self.sent, self.received, self.wrong = s, 0, 0, wrong

    def send(self, n):
        while n > 0:
            data = bytearray(pattern(self.sent, min(n, PIECE)))
            if self.wrong is not None and 0 <= self.wrong - self.sent < len(data):
                data[self.wrong - self.sent] ^= 1
            self.s.sendall(data)
            self.sent += len(data)
            n -= len(data)

    def receive(self, n=None):
        """n bytes, or all there are; how many."""
        begin = self.received
        while n is None or self.received - begin < n:
            data = self.s.recv(PIECE if n is None else min(PIECE, n - (self.received - begin)))
            if not data:
                break
            if data != pattern(self.received, len(data)):
                sys.exit("wrong bytes between %d and %d" % (self.received, self.received + len(data)))
            self.received += len(data)
        return self.received - begin

    def finished(self):
        self.s.shutdown(socket.SHUT_WR)

    def line(self):
        text = b""
        while not text.endswith(b"\n"):
            byte = self.s.recv(1)
            if not byte:
                break
            text += byte
        return text.decode().split()


def expect(what, got, wanted):
    if got != wanted:
        sys.exit("%s: got %r, wanted %r" % (what, got, wanted))


def connect(address, port):
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    s.settimeout(LIMIT)
    s.connect((address, int(port)))
    return Peer(s)


def up(p, n):
    p.send(n)
    p.finished()
    expect("bytes back", p.receive(), 0)


def down(p, n):
    p.s.sendall(b"down %d\n" % n)
    expect("bytes", p.receive(), n)


def both(p, n):
    p.s.sendall(b"both %d\n" % n)
    sender = threading.Thread(target=lambda: (p.send(n), p.finished()))
    sender.start()
    expect("bytes", p.receive(), n)
    sender.join()


def rr(p, request, response, n):
    p.s.sendall(b"rr %d %d\n" % (request, response))
    for _ in range(n):
        p.send(request)
        expect("response", p.receive(response), response)
    p.finished()
    expect("bytes behind the last response", p.receive(), 0)


def refused(p, text, offset=None):
    """The server resets the connection, and does not wait for more."""
    p.s.sendall(text.encode().decode("unicode_escape").encode())
    if offset is not None:
        p.wrong = int(offset)
    try:
        if offset is not None:
            p.send(int(offset) + 1)
        got = p.s.recv(PIECE)
        while got:
            got = p.s.recv(PIECE)
    except (ConnectionResetError, BrokenPipeError):
        return
    sys.exit("closed in order")


def serve_up(p):
    p.receive()


def serve_down(p):
    n = int(p.line()[1])
    p.send(n or 5000000)


def serve_both(p):
    n = int(p.line()[1])
    sender = threading.Thread(target=lambda: (p.send(n), p.finished()))
    sender.start()
    p.receive()
    sender.join()


def serve_rr(p):
    _, request, response = p.line()
    while p.receive(int(request)):
        p.send(int(response))


def serve_echo(p):
    n = 0
    while data := p.s.recv(PIECE):
        if p.wrong is not None and 0 <= p.wrong - n < len(data):
            data = bytearray(data)
            data[p.wrong - n] ^= 1
        n += len(data)
        p.s.sendall(data)


def serve(kind, port, offset=None):
    handler = globals()["serve_" + kind]

    def one(s):
        try:
            handler(Peer(s, None if offset is None else int(offset)))
        except OSError as e:
            print("%s: %s" % (kind, e), file=sys.stderr, flush=True)
        except SystemExit as e:
            print("%s: %s" % (kind, e), file=sys.stderr, flush=True)
            os._exit(1)
        s.close()

    listener = socket.create_server(("0.0.0.0", int(port)), backlog=1024)
    while True:
        threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()


def main(what, *args):
    if what == "serve":
        serve(*args)
    elif what == "refused":
        refused(connect(*args[:2]), *args[2:])
    else:
        {"up": up, "down": down, "both": both, "rr": rr}[what](
            connect(*args[:2]), *map(int, args[2:]))


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except OSError as e:
        sys.exit("%s: %s" % (type(e).__name__, e))
