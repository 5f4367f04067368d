#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Marks of congestion and what became of them (RFC 3168 6.1), in a capture of one connection taken
behind the router that sets them:

    marks.py CAPTURE SENDER PORT [MOST]

SENDER's new data is ECT(0) or, marked, CE, and nothing else is. The receiver's segments have ECE if
and only if what they acknowledge has a mark and no CWR behind it. SENDER says CWR once for each time
it hears of marks. Prints how many of each; else one line says what is wrong. At least one mark must
be there, and no more than MOST."""
import subprocess
import sys

SYN, RST, ECE, CWR = 2, 4, 64, 128
ECT0, CE = 2, 3


def segments(capture, port):
    """(its address, seq, ack, payload bytes, flags, codepoint) of each."""
    fields = "ip.src ipv6.src tcp.seq tcp.ack tcp.len tcp.flags ip.dsfield.ecn ipv6.tclass.ecn"
    out = subprocess.run(["tshark", "-r", capture, "-Y", f"tcp.port == {port} && !icmp && !icmpv6",
                          "-T", "fields"] + [w for f in fields.split() for w in ("-e", f)],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
    for line in out.decode().splitlines():
        v4, v6, seq, ack, length, flags, ecn4, ecn6 = line.split("\t")
        yield v4 or v6, int(seq), int(ack or 0), int(length), int(flags, 16), int(ecn4 or ecn6, 0)


def look(capture, sender, port, most):
    owed = []  # (first byte behind it, what it changes) in order
    top = marks = echoes = said = 0
    for number, (src, seq, ack, length, flags, ecn) in enumerate(segments(capture, port), 1):
        at = f"segment {number}, from {src}"
        if src != sender:
            echo = False
            for end, changes_to in owed:
                if end <= ack:
                    echo = changes_to
            if not flags & (SYN | RST):
                echoes += bool(flags & ECE)
                if bool(flags & ECE) != echo:
                    sys.exit(f"{at}: ECE is {bool(flags & ECE)}, acknowledging up to {ack}")
            continue
        if flags & SYN or length == 0:
            if ecn:
                sys.exit(f"{at}: codepoint {ecn} without data")
            continue
        if seq < top:
            sys.exit(f"{at}: sent again, where nothing was lost")
        top = seq + length
        if ecn not in (ECT0, CE):
            sys.exit(f"{at}: new data with codepoint {ecn}")
        if flags & CWR:
            said += 1
            owed.append((top, False))
        if ecn == CE:
            marks += 1
            owed.append((top, True))
    print(f"{marks} marks, {echoes} echoes, CWR {said}")
    if not 0 < marks <= most:
        sys.exit(f"{marks} marks")
    # One mark there is data behind; of many the last may be where there is none.
    if not echoes or said > marks or said == 0 or (most == 1 and said != 1):
        sys.exit(f"{marks} marks, {echoes} echoes, CWR {said} times")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    look(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]) if len(sys.argv) > 4 else 10**9)
