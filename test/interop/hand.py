#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Linux's sockets by hand, as spate's at its prompt: a command a line, an answer a line.

    NAME listen ADDRESS PORT
    NAME accept LISTENER
    NAME connect ADDRESS PORT [ADDRESS PORT]    begin to; the second pair is its own
    NAME connected                              ... and wait for the end of it
    NAME keepalive IDLE INTERVAL COUNT          seconds, seconds, probes
    NAME send TEXT
    NAME bytes COUNT                            of the pattern
    NAME receive BYTES                          so many, and what they are; or how many, if many
    NAME end                                    the peer's FIN must be next
    NAME error                                  wait for one
    NAME states                                 those it passes through, to CLOSE or ESTABLISHED
    NAME shutdown
    NAME close

The answer is 'ok', or what was asked for, or the name of the error."""
import errno
import select
import socket
import sys
import time

LIMIT = 30  # seconds any command may take
STATES = ("", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE",
          "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING")
sockets = {}


def new(name, address):
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    s.settimeout(LIMIT)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sockets[name] = s
    return s


def state(s):
    return STATES[s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]]


def pending(s):
    code = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, "")


def poll(s, events):
    p = select.poll()
    p.register(s, events)
    if not p.poll(LIMIT * 1000):
        raise TimeoutError
    pending(s)


def listen(name, address, port):
    s = new(name, address)
    s.bind((address, int(port)))
    s.listen()


def accept(name, listener):
    s, _ = sockets[listener].accept()
    s.settimeout(LIMIT)
    sockets[name] = s


def connect(name, address, port, own=None, own_port=None):
    s = new(name, address)
    if own:
        s.bind((own, int(own_port)))
    s.setblocking(False)
    code = s.connect_ex((address, int(port)))
    s.settimeout(LIMIT)
    if code not in (0, errno.EINPROGRESS):
        raise OSError(code, "")


def connected(name):
    poll(sockets[name], select.POLLOUT)


def keepalive(name, idle, interval, count):
    s = sockets[name]
    s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, int(idle))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, int(interval))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, int(count))


def send(name, text):
    sockets[name].sendall(text.encode())


def pattern(n):
    return "".join("%07x\n" % k for k in range(n // 8 + 1))[:n].encode()


def bytes_(name, count):
    sockets[name].sendall(pattern(int(count)))


def receive(name, count):
    data = b""
    while len(data) < int(count):
        chunk = sockets[name].recv(int(count) - len(data))
        if not chunk:
            return f"FIN after {len(data)} bytes"
        data += chunk
    if len(data) <= 40:
        return data.decode(errors="replace")
    return f"{len(data)} bytes of the pattern" if data == pattern(len(data)) else "other bytes"


def end(name):
    data = sockets[name].recv(1)
    return "more data" if data else "FIN"


def error(name):
    poll(sockets[name], 0)


def states(name):
    s, seen, end = sockets[name], [], time.monotonic() + LIMIT
    while time.monotonic() < end:
        now = state(s)
        if now not in seen:
            seen.append(now)
        if now in ("CLOSE", "ESTABLISHED"):
            return " ".join(seen)
        time.sleep(0.002)
    return " ".join(seen) + " and stays"


def shutdown(name):
    sockets[name].shutdown(socket.SHUT_WR)


def close(name):
    sockets.pop(name).close()


commands = {f.__name__.strip("_"): f for f in (listen, accept, connect, connected, keepalive, send, bytes_,
                                               receive, end, error, states, shutdown, close)}

for line in sys.stdin:
    name, command, *words = line.split()
    try:
        print(commands[command](name, *words) or "ok", flush=True)
    except TimeoutError as e:
        # Linux's own word on a connection, or ours on a command that took too long.
        print("ETIMEDOUT" if e.errno == errno.ETIMEDOUT else "no answer", flush=True)
    except OSError as e:
        print(errno.errorcode.get(e.errno, str(e)), flush=True)
