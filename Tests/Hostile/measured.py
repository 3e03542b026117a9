"""Runs one command and tells what it cost: JSON on a descriptor.

usage: measured.py DESCRIPTOR SECONDS COMMAND [ARGUMENT…]

A process of its own, and a small one: what a child is said to have had resident counts the memory
of whoever started it, up to the moment it became another program.
"""

import json
import os
import signal
import sys

report_to, patience, words = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
child = os.fork()
if child == 0:
    os.close(report_to)
    os.execv(words[0], words)
killed = []
signal.signal(signal.SIGALRM, lambda *_: (killed.append(True), os.kill(child, signal.SIGKILL)))
signal.setitimer(signal.ITIMER_REAL, patience)
_, status, usage = os.wait4(child, 0)
report = {
    "code": None if killed else os.waitstatus_to_exitcode(status),
    "cpu": usage.ru_utime + usage.ru_stime,
    "mib": usage.ru_maxrss / 1024,
}
os.write(report_to, json.dumps(report).encode())
