# SPDX-License-Identifier: BSD-3-Clause
"""A program with a prompt: a line is sent, and its answer is what comes before the next prompt."""
import subprocess


class Prompt:
    def __init__(self, processes, name, argv, prompt):
        self.processes, self.name, self.prompt = processes, name, prompt
        self.process = processes.start(name, argv, stdin=subprocess.PIPE)

    def said(self, at=0):
        return self.processes.log(self.name)[at:]

    def ready(self, seconds=20):
        self.processes.wait_for(f"{self.name}: a prompt", lambda: self.said().endswith(self.prompt),
                                seconds, self.process)

    def tell(self, *lines):
        """What is not waited for."""
        try:
            self.process.stdin.write("".join(l + "\n" for l in lines).encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            pass

    def ask(self, line, seconds=20):
        at = len(self.said())
        self.tell(line)
        self.processes.wait_for(f"{self.name}: '{line}'",
                                lambda: self.said(at).endswith(self.prompt), seconds, self.process)
        return self.said(at)
