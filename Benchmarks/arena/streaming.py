"""A player that reads a file while it loads, and the swarm around it.

The player reads as video players do: the head, the tail (where indexes lie), then from a place in the
middle on at the rate of the film. The swarm is one seed and leechers whose uplinks are limited.
"""
import http.client
import json
import os
import tempfile
import threading
import time
from pathlib import Path
from statistics import median

from .clients import NETWORK, SHOAL
from .processes import Failure, Process, run, until

PIECE = 256 << 10
UPLINK = 2 << 20


class Swarm:
    def __init__(self, folder, mebibytes, leechers, uplink):
        self.folder = Path(folder)
        self.uplink = uplink
        content = self.folder / 'film.mkv'
        content.write_bytes(os.urandom(mebibytes << 20))
        self.length = mebibytes << 20
        self.torrent = self.folder / 'film.torrent'
        run(SHOAL, 'create', '--v1', content, '-o', self.torrent, '--piece-length', str(PIECE), '--quiet')
        self.leechers = leechers

    def address(self, number):
        return f'{NETWORK}.{10 + number}:6881'

    def start(self, number, *words):
        others = [flag for other in range(self.leechers + 1) if other != number
                  for flag in ('--peer', self.address(other))]
        state = {**os.environ, 'XDG_STATE_HOME': str(self.folder / f'state{number}')}
        return Process(
            [SHOAL, *words, '--listen', self.address(number), '--no-local-discovery',
             '--up', str(self.uplink), *(others if words[0] == 'get' else [])],
            self.folder / f'{number}.log', env=state)

    def seed(self):
        return self.start(0, 'seed', self.torrent, '--data', self.folder, '--no-verify')

    def get(self, number, *flags):
        return self.start(number, 'get', self.torrent, '-o', self.folder / f'copy{number}',
                          '--seed-time', '1h', '--json', *flags)


def events(process, name):
    lines = process.text.splitlines(keepends=True)
    return [event for event in map(json.loads, (line for line in lines if line.endswith('\n')))
            if event.get('event') == name]


class Player:
    def __init__(self, process):
        until(20, lambda: events(process, 'stream'), 'nothing is streamed', process)
        self.host, _, path = events(process, 'stream')[0]['url'][len('http://'):].partition('/')
        self.path = '/' + path

    def read(self, first, last):
        """Seconds to the first byte and to the last, and the bytes."""
        connection = http.client.HTTPConnection(self.host, timeout=120)
        began = time.monotonic()
        connection.request('GET', self.path, headers={'Range': f'bytes={first}-{last}'})
        answer = connection.getresponse()
        byte = answer.read(1)
        to_first = time.monotonic() - began
        body = byte + answer.read()
        connection.close()
        if answer.status != 206 or len(body) != last - first + 1:
            raise Failure(f'{answer.status} and {len(body)} bytes')
        return to_first, time.monotonic() - began, body

    def play(self, first, rate, seconds):
        """Reads on at a rate; the longest that a byte came too late, and how often any did."""
        connection = http.client.HTTPConnection(self.host, timeout=120)
        connection.request('GET', self.path, headers={'Range': f'bytes={first}-'})
        answer = connection.getresponse()
        answer.read(1)
        began, done, late, stalls = time.monotonic(), 1, 0.0, 0
        while done < rate * seconds:
            part = answer.read(16 << 10)
            done += len(part)
            # A film is at `done / rate` when these bytes are wanted.
            delay = time.monotonic() - began - done / rate
            if delay > 0.1:
                stalls += 1
                late = max(late, delay)
                began += delay
            time.sleep(max(0, -delay - 1))
        connection.close()
        return late, stalls


def player():
    """Against a seed whose uplink bounds everything: bytes cannot come sooner than it lets them."""
    uplink = UPLINK
    with tempfile.TemporaryDirectory(prefix='shoal-stream-', dir='/dev/shm') as folder:
        swarm = Swarm(folder, 96, 1, uplink)
        original = (Path(folder) / 'film.mkv').read_bytes()
        with swarm.seed(), swarm.get(1, '--stream', '127.0.0.1:0') as leecher:
            watcher = Player(leecher)
            print(f'{swarm.length >> 20} MiB in pieces of {PIECE >> 10} KiB, uplink {uplink >> 20} MiB/s')
            print('| read | bytes | to the first byte | a piece takes | beyond that |')
            print('|---|---:|---:|---:|---:|')
            least = PIECE / uplink
            places = {'head': 0, 'tail': swarm.length - 65536, 'seek to 3/4': swarm.length * 3 // 4,
                      'seek to 1/4': swarm.length // 4, 'seek to 1/2': swarm.length // 2}
            for name, place in places.items():
                to_first, _, body = watcher.read(place, place + 65535)
                if body != original[place:place + 65536]:
                    raise Failure('other bytes')
                print(f'| {name} | 65536 | {to_first:.2f} s | {least:.2f} s | {to_first - least:.2f} s |')
            for share in (0.5, 0.8, 0.9):
                late, stalls = watcher.play(int(swarm.length * (share - 0.35)), share * uplink, 6)
                print(f'playing at {share:.0%} of the uplink: {stalls} stalls, {late:.2f} s the longest')


def drain(answer, rate):
    """Reads to the end at a rate in bytes a second, or as fast as it comes."""
    began, done = time.monotonic(), 0
    while part := answer.read(16 << 10):
        done += len(part)
        if rate:
            time.sleep(max(0, began + done / rate - time.monotonic()))


def makespan(reader):
    """Seconds until every leecher is complete; `reader` is none, a player or greedy."""
    with tempfile.TemporaryDirectory(prefix='shoal-stream-', dir='/dev/shm') as folder:
        swarm = Swarm(folder, 16, 5, UPLINK)
        flags = [] if reader == 'none' else ['--stream', '127.0.0.1:0']
        began = time.monotonic()
        processes = [swarm.seed()]
        try:
            processes += [swarm.get(number, *flags) for number in range(1, 6)]
            for process in processes[1:] if flags else []:
                watcher = Player(process)
                connection = http.client.HTTPConnection(watcher.host, timeout=300)
                connection.request('GET', watcher.path, headers={'Range': 'bytes=0-'})
                threading.Thread(
                    target=lambda connection: drain(
                        connection.getresponse(), UPLINK // 2 if reader == 'player' else None),
                    args=(connection,), daemon=True).start()
            until(200, lambda: all(events(process, 'complete') for process in processes[1:]),
                  'they do not complete')
            return time.monotonic() - began
        finally:
            for process in processes:
                process.stop()


def swarm(rounds=3):
    rows = {'none': [], 'player': [], 'greedy': []}
    for number in range(rounds):
        for reader in list(rows) if number % 2 == 0 else list(rows)[::-1]:
            rows[reader].append(makespan(reader))
    print('16 MiB, a seed and five leechers with uplinks of 2 MiB/s, until the last is complete:')
    for reader, times in rows.items():
        ratios = [mine / theirs for mine, theirs in zip(times, rows['none'])]
        print(f'{reader:7} {median(times):5.1f} s; beside none '
              + ' '.join(f'{ratio:.2f}' for ratio in ratios))


def main(words):
    if not words or 'player' in words:
        player()
    if not words or 'swarm' in words:
        swarm()
