"""Rate limits: whether ten seconds carry what they should, and what watching over it costs.

What is counted of an upload is what the connection has carried (`ss -i`, bytes_received at the
leecher), of a download what the leecher has read (/proc/PID/io, rchar): before that the kernel takes
what fits its buffers. Headers of TCP are not in it, the 13 bytes before each block are. The content
is a sparse file, so that the seeder reads no disk; the copy lies in memory.
"""
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median

from .clients import NETWORK, SHOAL
from .processes import Failure, Process, run, until

RATES = {'50 KiB/s': 50 << 10, '1 MiB/s': 1 << 20, '50 MiB/s': 50 << 20, '500 MiB/s': 500 << 20}
WINDOW = 10


class Pair:
    """A seeder and a leecher of a sparse file, each with an address."""

    def __init__(self, folder, mebibytes):
        self.folder = Path(folder)
        self.content = self.folder / 'payload.bin'
        with open(self.content, 'wb') as file:
            file.truncate(mebibytes << 20)
        self.torrent = self.folder / 'payload.torrent'
        run(SHOAL, 'create', '--v1', self.content, '-o', self.torrent, '--piece-length', '256KiB', '--quiet')
        self.seeder_at, self.leecher_at = f'{NETWORK}.10', f'{NETWORK}.11'

    def seed(self, *flags):
        process = Process(
            [SHOAL, 'seed', self.torrent, '--data', self.folder, '--no-verify', '--listen',
             f'{self.seeder_at}:6881', '--no-local-discovery', *flags], self.folder / 'seed.log')
        until(20, lambda: 'LISTEN' in sockets('-ltn', f'src {self.seeder_at}:6881'),
              'the seeder does not listen', process)
        return process

    def get(self, *flags):
        shutil.rmtree(self.folder / 'copy', ignore_errors=True)
        return Process(
            [SHOAL, 'get', self.torrent, '-o', self.folder / 'copy', '--listen',
             f'{self.leecher_at}:6881', '--peer', f'{self.seeder_at}:6881', '--no-local-discovery',
             '--quiet', *flags], self.folder / 'get.log',
            env={**os.environ, 'XDG_STATE_HOME': str(self.folder / 'state')})


def sockets(*filters):
    return subprocess.check_output(['ss', '-H', *filters], text=True)


def read(process):
    """Bytes that a process has read, and when they were counted."""
    lines = Path(f'/proc/{process.popen.pid}/io').read_text().splitlines()
    return int(lines[0].split()[1]), time.monotonic()


def received(pair):
    """Bytes so far, and when they were counted."""
    before = time.monotonic()
    text = sockets('-tin', f'src {pair.leecher_at}')
    after = time.monotonic()
    counts = [int(number) for number in re.findall(r'bytes_received:(\d+)', text)]
    return max(counts, default=0), (before + after) / 2


def hold(side, rate, windows):
    """The deviation of each window from the rate, in hundredths, and CPU shares of both ends."""
    seconds = 3 + WINDOW * windows + 2
    with tempfile.TemporaryDirectory(prefix='shoal-rates-', dir='/dev/shm') as folder:
        pair = Pair(folder, rate * seconds * 5 // 4 // (1 << 20) + 4)
        flag = ['--up' if side == 'up' else '--down', f'{rate}']
        with pair.seed(*(flag if side == 'up' else [])) as seeder:
            with pair.get(*(flag if side == 'down' else [])) as leecher:
                until(20, lambda: received(pair)[0] > 1 << 14, 'nothing comes', leecher)
                time.sleep(3)
                look = (lambda: read(leecher)) if side == 'down' else (lambda: received(pair))
                cpu, (count, moment) = (seeder.cpu, leecher.cpu), look()
                began = moment
                deviations = []
                for _ in range(windows):
                    time.sleep(max(0, moment + WINDOW - time.monotonic()))
                    more, now = look()
                    deviations.append(100 * ((more - count) / (now - moment) / rate - 1))
                    count, moment = more, now
                if leecher.has_ended():
                    raise Failure('the leecher ended: ' + leecher.text[-300:])
                spent = moment - began
                return deviations, [100 * (process.cpu - was) / spent
                                    for process, was in zip((seeder, leecher), cpu)]


def measure_hold():
    print('| limit | at | deviation over 10 s, each window | CPU of the seeder | of the leecher |')
    print('|---|---|---|---:|---:|')
    for name, rate in RATES.items():
        for side in ('up', 'down'):
            deviations, shares = hold(side, rate, 1 if rate > 100 << 20 else 3)
            print(f'| {name} | {side} | ' + ', '.join(f'{part:+.2f} %' for part in deviations)
                  + f' | {shares[0]:.1f} % | {shares[1]:.1f} % |', flush=True)


def measure_cost(mebibytes=1024, pairs=7):
    """The processor time of a transfer whose limit is never reached, beside one without limits."""
    with tempfile.TemporaryDirectory(prefix='shoal-rates-', dir='/dev/shm') as folder:
        pair = Pair(folder, mebibytes)
        rows = {'none': [], 'limited': []}
        for number in range(pairs + 1):
            for name in ('none', 'limited') if number % 2 else ('limited', 'none'):
                flags = ['--up', '100GiB', '--down', '100GiB'] if name == 'limited' else []
                with pair.seed(*flags) as seeder:
                    began = seeder.cpu
                    with pair.get(*flags) as leecher:
                        leecher.wait(120)
                        spent = seeder.cpu - began + leecher.cpu
                if number:
                    rows[name].append(spent)
        ratios = [mine / theirs for mine, theirs in zip(rows['limited'], rows['none'])]
        print(f'{mebibytes} MiB, CPU-s of both ends: ' + ', '.join(
            f'{name} {median(row):.2f}' for name, row in rows.items())
            + f'; ratio {median(ratios):.3f}, from {min(ratios):.3f} to {max(ratios):.3f}')


def main(words):
    if not words or 'hold' in words:
        measure_hold()
    if not words or 'cost' in words:
        measure_cost()
