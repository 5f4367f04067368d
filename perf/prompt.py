# SPDX-License-Identifier: BSD-3-Clause
"""A program with a prompt: a line is sent, and its answer is what comes before the next prompt."""
import subprocess


class Prompt:
    SECONDS = 20  # an answer takes at the most

    def __init__(self, processes, name, argv, prompt):
        self.processes, self.name, self.prompt = processes, name, prompt
        self.process = processes.start(name, argv, stdin=subprocess.PIPE)

    def said(self, at=0):
        return self.processes.log(self.name)[at:]

    def ready(self):
        self.wait_for_prompt("a prompt", 0)

    def wait_for_prompt(self, what, at):
        # Not necessarily at the end: some say things unasked.
        self.processes.wait_for(f"{self.name}: {what}", lambda: self.prompt in self.said(at),
                                self.SECONDS, self.process)

    def tell(self, *lines):
        """What is not waited for."""
        try:
            self.process.stdin.write("".join(l + "\n" for l in lines).encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            pass

    def ask(self, line):
        at = len(self.said())
        self.tell(line)
        self.wait_for_prompt(f"'{line}'", at)
        return self.said(at)
