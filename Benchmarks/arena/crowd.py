"""Many peers of one seed: what 480 that are only connected cost beside 20 that fetch, and what 2000
that are only connected cost by themselves. The peers are Benchmarks/crowd-load.c."""
import subprocess
import time

from .clients import SHOAL
from .processes import Failure, Process, until

PORT = 7171


def seed(stage):
    process = Process(
        [SHOAL, 'seed', stage.torrent, '--data', stage.original, '--no-verify', '--max-peers', '2500',
         '--upload-slots', '20', '--listen', f'127.0.0.1:{PORT}'], stage.folder / 'seed.log')
    time.sleep(1)
    return process


def load(stage, program, process, active, idle, seconds):
    """Seconds of processor time and bytes sent while the peers are there, and the memory before and
    with them, in MiB."""
    before = resident(process)
    with subprocess.Popen(
            [program, '127.0.0.1', str(PORT), stage.info_hash.hex(), str(stage.size), str(active),
             str(idle), str(seconds)], stdout=subprocess.PIPE, text=True) as peers:
        if peers.stdout.readline() != 'ready\n':
            raise Failure('the crowd is not let in')
        time.sleep(1)
        began, spent = time.monotonic(), process.cpu
        time.sleep(seconds - 2)
        spent = (process.cpu - spent) / (time.monotonic() - began)
        after = resident(process)
        count, lost = (int(word) for word in peers.stdout.readline().split())
    if lost:
        raise Failure(f'{lost} connections were lost')
    return {'share': spent, 'bytes': count / seconds, 'before': before, 'after': after}


def resident(process):
    with open(f'/proc/{process.popen.pid}/status') as status:
        for line in status:
            if line.startswith('VmRSS'):
                return int(line.split()[1]) / 1024
    raise Failure('the seed has ended')


def measure(stage, program, runs, seconds=8):
    """{name: [row]}: 20 active, 20 among 500, 2000 idle; the first round dropped."""
    kinds = {'20 active': (20, 0), '20 active of 500': (20, 480), '2000 idle': (0, 2000)}
    rows = {name: [] for name in kinds}
    for number in range(runs + 1):
        for name, (active, idle) in kinds.items():
            with seed(stage) as process:
                until(5, lambda: resident(process) > 0, 'the seed does not start', process)
                row = load(stage, program, process, active, idle, seconds)
            if number:
                rows[name].append(row)
    return rows
