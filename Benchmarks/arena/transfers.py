"""One seeder and N leechers over loopback: who moves the same bytes sooner, and for how much.

The clock runs from the start of the leechers until the last is complete; the copies are compared
outside it. A seeder's processor time is what it used meanwhile, a leecher's its whole life until
then: starting up is part of what a download costs.
"""
import hashlib
import os
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path

from .clients import CLIENTS, NETWORK, SHOAL
from .processes import Failure, Process, run, touch_free_memory, until

PATIENCE = 600  # seconds after which a race has failed


class Stage:
    """A folder with the payload, its torrent, and a tracker while a race is on."""

    def __init__(self, folder, size, leechers=1):
        self.folder, self.size, self.leechers = Path(folder), size, leechers
        self.original = self.folder / 'original'
        self.original.mkdir(parents=True)
        os.chmod(self.folder, 0o755)
        payload = self.original / 'payload.bin'
        with open(payload, 'wb') as file:
            for _ in range(size):
                file.write(os.urandom(1 << 20))
        self.torrent = self.folder / 'payload.torrent'
        run(SHOAL, 'create', payload, '--v1', '--output', self.torrent, '--piece-length', '1MiB',
            '--quiet', '--tracker', f'http://{NETWORK}.1:6969/announce')
        document = self.torrent.read_bytes()
        info = document[document.index(b'4:info') + 6:-1]
        self.info_hash = hashlib.sha1(info).digest()
        self.digest = digest(payload)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def tracker(self):
        data = self.folder / 'tracker'
        shutil.rmtree(data, ignore_errors=True)
        process = Process(
            [SHOAL, 'tracker', '--open', '--listen', f'{NETWORK}.1:6969', '--data', data],
            self.folder / 'tracker.log')
        until(10, lambda: self.seeds() >= 0, 'the tracker does not answer', process)
        return process

    def seeds(self):
        """Seeds the tracker knows; -1 when it does not answer."""
        query = urllib.parse.urlencode({'info_hash': self.info_hash})
        try:
            with urllib.request.urlopen(f'http://{NETWORK}.1:6969/scrape?{query}', timeout=1) as answer:
                body = answer.read()
        except OSError:
            return -1
        start = body.find(b'8:completei')
        return int(body[start + 11:body.index(b'e', start + 11)]) if start >= 0 else 0


def digest(path):
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'sha1').digest()


def race(stage, seeder, leecher):
    """One run: {mibs, wall, seeder (CPU-s/GiB), leecher (CPU-s/GiB, mean), peaks in MiB}."""
    with stage.tracker():
        source = CLIENTS[seeder](stage, 0)
        sinks = [CLIENTS[leecher](stage, 1 + n) for n in range(stage.leechers)]
        try:
            source.seed()
            touch_free_memory((stage.leechers + 2) * stage.size)
            before = source.process.cpu
            began = time.monotonic()
            for sink in sinks:
                sink.get()
            times, costs = {}, {}
            while len(times) < len(sinks):
                for sink in sinks:
                    if sink.number not in times and sink.is_complete():
                        times[sink.number] = time.monotonic() - began
                        sink.check()
                        sink.process.look()
                        costs[sink.number] = sink.process.cpu
                if time.monotonic() - began > PATIENCE:
                    raise Failure(f'{seeder} → {leecher}: {len(times)} of {len(sinks)} complete')
                time.sleep(0.005)
            source.process.look()
            spent = source.process.cpu - before
        finally:
            for client in [source] + sinks:
                if client.process:
                    client.process.stop()
        for sink in sinks:
            if digest(sink.folder / 'payload.bin') != stage.digest:
                raise Failure(f'{seeder} → {leecher}: the copy differs')
            shutil.rmtree(sink.folder)
        gib, wall = stage.size / 1024, max(times.values())
        return {
            'mibs': stage.size * len(sinks) / wall, 'wall': wall, 'seeder_cpu': spent / gib,
            'leecher_cpu': sum(costs.values()) / len(costs) / gib,
            'seeder_peak': source.process.peak,
            'leecher_peak': max(sink.process.peak for sink in sinks)}


def limit(stage, program):
    """The least that the job needs on this machine: Benchmarks/limit.c on the same payload."""
    copy = stage.folder / 'limit.bin'
    touch_free_memory(3 * stage.size)
    output = subprocess.run(
        [program, stage.original / 'payload.bin', copy], check=True, capture_output=True, text=True)
    if digest(copy) != stage.digest:
        raise Failure('the limit program copied something else')
    copy.unlink()
    wall, sender, receiver = (float(word) for word in output.stdout.split())
    gib = stage.size / 1024
    return {'mibs': stage.size / wall, 'wall': wall, 'seeder_cpu': sender / gib,
            'leecher_cpu': receiver / gib, 'seeder_peak': 0, 'leecher_peak': 0}


def compile_c(source, folder, *libraries):
    """A program of this folder, compiled."""
    program = Path(folder) / Path(source).stem
    subprocess.run(['gcc', '-O2', '-Wall', '-Werror', '-o', program,
                    Path(__file__).resolve().parent.parent / source, *libraries], check=True)
    return program
