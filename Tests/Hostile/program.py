"""The program under test: runs of it that end, and runs beside a check."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

HERE = os.path.dirname(os.path.abspath(__file__))
BINARY = os.path.abspath(os.environ.get("SHOAL_BINARY", HERE + "/../../.build/release/shoal"))
ENVIRONMENT = {"PATH": os.environ["PATH"], "TERM": "xterm", "LANG": "C.UTF-8"}


@dataclass
class Run:
    # None when it had to be killed; below zero for a signal.
    code: object
    output: bytes
    errors: bytes
    cpu: float
    mib: float

    def events(self, name):
        lines = [json.loads(line) for line in self.output.splitlines() if line.startswith(b"{")]
        return [line for line in lines if line.get("event") == name]


def run(words, folder, patience=30):
    """Runs the program to its end."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        reading, writing = os.pipe()
        measured = [sys.executable, "-S", "-E", HERE + "/measured.py", str(writing), str(patience)]
        process = subprocess.Popen(
            measured + [BINARY] + words, cwd=folder, env=ENVIRONMENT, stdin=subprocess.DEVNULL,
            stdout=output, stderr=errors, pass_fds=[writing])
        os.close(writing)
        with os.fdopen(reading) as report:
            cost = json.load(report)
        process.wait()
        output.seek(0)
        errors.seek(0)
        return Run(cost["code"], output.read(), errors.read(), cost["cpu"], cost["mib"])


class Running:
    """A run beside a check; it has ended when the `with` is over."""

    def __init__(self, words, folder):
        self.output = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [BINARY] + words, cwd=folder, env=ENVIRONMENT, stdin=subprocess.DEVNULL,
            stdout=self.output, stderr=subprocess.STDOUT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        self.output.close()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode

    def text(self):
        return os.pread(self.output.fileno(), 1 << 24, 0)

    def wait_for(self, pattern, patience=15):
        """The first group of what the program says sooner or later."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            found = re.search(pattern, self.text())
            if found:
                return found.group(1) if found.groups() else found.group(0)
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"{pattern} was never said: {self.text()[-300:]!r}")

    def is_alive(self):
        return self.process.poll() is None

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat", "rb") as file:
            fields = file.read().rsplit(b")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def mib(self):
        """The most that was ever resident."""
        with open(f"/proc/{self.process.pid}/status") as file:
            return int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1)) / 1024
