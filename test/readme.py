#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Keeps what README.md shows of the program's own words the program's own words.

A line `<!-- output of: COMMAND -->` is followed by a block of indented lines: what COMMAND
prints at the prompt, or, where it begins with --, what the program prints with that option.

    test/readme.py --check   say which blocks differ; exit status 1 if any
    test/readme.py --write   put in what is printed now
"""
import os
import re
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
README = os.path.join(ROOT, "README.md")
PROGRAM = os.path.join(ROOT, os.environ.get("BUILD", "build"), "app", "spate")
MARK = re.compile(r"^<!-- output of: (.+) -->\n\n((?: {4}.*\n|\n(?= {4}))*)", re.M)


def output(command):
    if command.startswith("--"):
        text = subprocess.run([PROGRAM, command], capture_output=True, text=True).stdout
        return text.splitlines()
    eal = ["--no-huge", "-m", "64", "--no-pci", "--no-shconf", "--no-telemetry",
           "--log-level=error", "--file-prefix=spate-readme-%d" % os.getpid(),
           "--lcores", "0@0,1@0", "--", "-i"]
    run = subprocess.run([PROGRAM] + eal, input=command + "\nquit\n", capture_output=True,
                         text=True, check=True)
    lines = run.stdout.replace("\r", "").splitlines()
    begin = next(i for i, l in enumerate(lines) if l.startswith("spate> " + command))
    end = next(i for i, l in enumerate(lines) if i > begin and l.startswith("spate> quit"))
    lines = [l for l in lines[begin + 1:end] if l]
    # The first lines of `help COMMAND` repeat what the list of commands says.
    return [l for l in lines if l.startswith("    ")][1:] if command.startswith("help ") else lines


def block(command):
    indent = "" if command.startswith("help ") else "    "
    return "".join((indent + l).rstrip() + "\n" for l in output(command))


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in ("--check", "--write"):
        print(__doc__, file=sys.stderr)
        return 2
    with open(README) as f:
        text = f.read()
    stale = []

    def renew(match):
        now = block(match.group(1))
        if match.group(2).rstrip("\n") != now.rstrip("\n"):
            stale.append(match.group(1))
        return "<!-- output of: %s -->\n\n%s" % (match.group(1), now)

    new = MARK.sub(renew, text)
    if sys.argv[1] == "--write":
        with open(README, "w") as f:
            f.write(new)
        return 0
    for command in stale:
        print("'%s' prints something else now: test/readme.py --write" % command)
    return 1 if stale else 0


sys.exit(main())
