#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What a Linux client may do to a server, one behaviour a word:

    peer.py BEHAVIOUR ADDRESS PORT [N]

Exit status 0 when the server answered as it should; else one line says what it did."""
import os
import socket
import struct
import sys
import threading

LIMIT = 30  # seconds any call may take


def connect(address, receive_buffer=0):
    s = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
    s.settimeout(LIMIT)
    if receive_buffer:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.connect(address)
    return s


def reset(s):
    """close() with SO_LINGER 0 sends RST."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def read_all(s):
    data = bytearray()
    while chunk := s.recv(65536):
        data += chunk
    return bytes(data)


def request(last=True):
    return b"GET / HTTP/1.1\r\nHost: x\r\n" + (b"Connection: close\r\n" if last else b"") + b"\r\n"


def pattern(n):
    return "".join("%07x\n" % k for k in range(n // 8 + 1))[:n].encode()


def expect(what, got, wanted):
    if got != wanted:
        show = lambda x: f"{len(x)} bytes" if isinstance(x, bytes) and len(x) > 40 else repr(x)
        sys.exit(f"{what}: got {show(got)}, wanted {show(wanted)}")


def body(response):
    head, _, rest = response.partition(b"\r\n\r\n")
    expect("status", head.split(b"\r\n")[0], b"HTTP/1.1 200 OK")
    return rest


def half_close(address, n):
    """The FIN comes right behind the request; the response must come all the same."""
    s = connect(address)
    s.sendall(request(last=False))
    s.shutdown(socket.SHUT_WR)
    expect("body", body(read_all(s)), pattern(n))


def byte_by_byte(address, n):
    s = connect(address)
    for b in request():
        s.sendall(bytes([b]))
    expect("body", body(read_all(s)), pattern(n))


def pipeline(address, n):
    """Ten requests in one segment get ten responses."""
    s = connect(address)
    s.sendall(request(last=False) * 9 + request())
    got = read_all(s)
    expect("responses", got.count(b"HTTP/1.1 200 OK"), 10)
    expect("last body", body(got[got.rindex(b"HTTP/1.1"):]), pattern(n))


def slow_reader(address, n):
    """The window closes, stays closed for some of the server's timeouts, and opens again."""
    s = connect(address, receive_buffer=4096)
    s.sendall(request())
    threading.Event().wait(1.5)
    expect("body", body(read_all(s)), pattern(n))


def echo(address, n):
    s = connect(address)
    sent = os.urandom(n)

    def send():
        s.sendall(sent)
        s.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send)
    sender.start()
    got = read_all(s)
    sender.join()
    expect("echo", got, sent)


def discard(address, n):
    s = connect(address)
    s.sendall(bytes(n))
    s.shutdown(socket.SHUT_WR)
    expect("answer", read_all(s), b"")


def say_nothing(address, n):
    """N connections closed without a word, the server's FIN awaited."""
    for _ in range(n):
        s = connect(address)
        s.shutdown(socket.SHUT_WR)
        expect("answer", read_all(s), b"")
        s.close()


def reset_at_once(address, n):
    for _ in range(n):
        reset(connect(address))


def reset_in_the_middle(address, n):
    for _ in range(n):
        s = connect(address)
        s.sendall(request())
        s.recv(1000)
        reset(s)


def refused(address, _):
    try:
        connect(address)
    except ConnectionRefusedError:
        return
    sys.exit("connected, where nobody listens")


behaviours = {f.__name__.replace("_", "-"): f for f in (
    half_close, byte_by_byte, pipeline, slow_reader, echo, discard, say_nothing, reset_at_once,
    reset_in_the_middle, refused)}

if __name__ == "__main__":
    if len(sys.argv) < 4 or sys.argv[1] not in behaviours:
        sys.exit(__doc__ + "\n\nBEHAVIOUR is one of " + ", ".join(behaviours))
    try:
        behaviours[sys.argv[1]]((sys.argv[2], int(sys.argv[3])),
                                int(sys.argv[4]) if len(sys.argv) > 4 else 0)
    except OSError as e:
        sys.exit(f"{type(e).__name__}: {e}")
