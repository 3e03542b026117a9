"""Processes that are measured: their processor time and the most memory they held.

Only processes started here are ever signalled, by their handle. Processor time is that of the
process and of the children it has waited for; memory is the peak of what was resident, mapped files
included (VmHWM), read every 50 ms and when the process is about to end.
"""
import mmap
import os
import signal
import subprocess
import time
from pathlib import Path

TICK = 1 / os.sysconf('SC_CLK_TCK')


class Failure(Exception):
    """A program that did not do what it was started for."""


class Process:
    """A program under measurement; a context manager that ends it."""

    def __init__(self, command, log, **options):
        self.log = Path(log)
        self.output = open(self.log, 'wb')
        self.peak = 0.0
        self.usage = None
        self.status = None
        self.looked = 0.0
        self.popen = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=self.output,
            stderr=subprocess.STDOUT, **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def text(self):
        return self.log.read_text(errors='replace')

    def look(self):
        """Notes the peak of memory so far."""
        try:
            for line in Path(f'/proc/{self.popen.pid}/status').read_text().splitlines():
                if line.startswith('VmHWM'):
                    self.peak = max(self.peak, int(line.split()[1]) / 1024)
        except OSError:
            pass

    @property
    def cpu(self):
        """Seconds of processor time so far."""
        if self.usage:
            return self.usage.ru_utime + self.usage.ru_stime
        fields = Path(f'/proc/{self.popen.pid}/stat').read_text().rsplit(')', 1)[1].split()
        return sum(int(field) for field in fields[11:15]) * TICK

    def has_ended(self):
        if self.usage is None:
            if time.monotonic() - self.looked > 0.05:
                self.looked = time.monotonic()
                self.look()
            pid, status, usage = os.wait4(self.popen.pid, os.WNOHANG)
            if pid:
                self.usage, self.status = usage, os.waitstatus_to_exitcode(status)
                self.popen.returncode = self.status
        return self.usage is not None

    def wait(self, seconds):
        """Until it ends by itself, with success."""
        until(seconds, self.has_ended, f'{self.popen.args[0]} did not end', self)
        if self.status:
            raise Failure(f'{self.popen.args[0]} ended with {self.status}: {self.text[-300:]}')

    def stop(self):
        if not self.has_ended():
            self.look()
            self.popen.send_signal(signal.SIGTERM)
            try:
                until(15, self.has_ended, 'does not end')
            except Failure:
                self.popen.kill()
                until(15, self.has_ended, 'cannot be killed')
        self.output.close()


def touch_free_memory(mebibytes):
    """Takes free memory and gives it back, so that whoever is measured next finds pages that are
    there. A virtual machine hands blocks of 2 MiB that have been free for two seconds back to its
    host, and taking 1 GiB of them again costs the kernel two seconds: without this, who had to pay
    that was a matter of what the program before had left behind."""
    free = next(int(line.split()[1]) >> 10 for line in open('/proc/meminfo') if line.startswith('MemFree'))
    size = min(mebibytes, free * 4 // 5) << 20
    with mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory.madvise(mmap.MADV_HUGEPAGE)
        for page in range(0, size, mmap.PAGESIZE):
            memory[page] = 1


def until(seconds, condition, what, process=None):
    """Waits for a condition, in steps of 5 ms."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Failure(what + (f': {process.text[-300:]}' if process else ''))
        time.sleep(0.005)


def run(*command, **options):
    """Runs a program to its end and returns (seconds, processor seconds, peak MiB)."""
    began = time.monotonic()
    process = subprocess.Popen(
        [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, **options)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode:
        raise Failure(f'{command[0]} ended with {process.returncode}: {output[-300:]!r}')
    return time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
