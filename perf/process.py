# SPDX-License-Identifier: BSD-3-Clause
"""Processes: started, waited for with a limit, and ended by what was started."""
import os
import shutil
import signal
import subprocess
import tempfile
import time


class Failed(Exception):
    """A part could not be measured: one line that says why."""


class Processes:
    """Everything that was started, and the directory for its files. Both go with it."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="spate-perf.")
        self.running = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()
        shutil.rmtree(self.dir)

    def end(self):
        """Of everything that still runs: a part that failed leaves nothing to the next."""
        for p in self.running:
            if p.poll() is None:
                p.terminate()
        for p in self.running:
            try:
                p.wait(5)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
        self.running = []

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        return self.path(name)

    def start(self, name, argv, stdin=subprocess.DEVNULL):
        """In the background, its words in NAME.log."""
        with open(self.path(name + ".log"), "w", encoding="utf-8") as log:
            p = subprocess.Popen([str(a) for a in argv], stdin=stdin, stdout=log, stderr=log)
        p.name = name
        self.running.append(p)
        return p

    def log(self, name):
        with open(self.path(name + ".log"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def last_line(self, name):
        lines = [l for l in self.log(name).splitlines() if l.strip()]
        return lines[-1].strip() if lines else "not a word"

    def finish(self, p, seconds, statuses=(0,)):
        """Wait for its end, which must come within so many seconds and with such a status."""
        try:
            status = p.wait(seconds)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
            raise Failed(f"{p.name} did not end within {seconds} s: {self.last_line(p.name)}") \
                from None
        finally:
            self.running.remove(p)
        if status not in statuses:
            raise Failed(f"{p.name}: exit status {status}: {self.last_line(p.name)}")

    def interrupt(self, p, seconds, statuses=(0,)):
        p.send_signal(signal.SIGINT)
        self.finish(p, seconds, statuses)

    def run(self, name, argv, seconds):
        """In the foreground; what it said."""
        self.finish(self.start(name, argv), seconds)
        return self.log(name)

    def wait_for(self, what, condition, seconds, *needed):
        """Poll; the processes `needed` must stay alive."""
        end = time.monotonic() + seconds
        while not condition():
            for p in needed:
                if p.poll() is not None:
                    raise Failed(f"{p.name}: exit status {p.returncode}: "
                                 f"{self.last_line(p.name)}")
            if time.monotonic() > end:
                raise Failed(f"{what}: not within {seconds} s")
            time.sleep(0.02)
