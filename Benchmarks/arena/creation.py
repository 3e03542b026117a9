"""Making a torrent of what is on the disk, beside the programs that people make them with.

Everything lies in the page cache, on tmpfs where it fits: what is measured is the hashing and what
stands in its way. All programs use both processors where they can.
"""
import os
from pathlib import Path

from .clients import SHOAL
from .processes import run

LIBTORRENT = '''
import sys, libtorrent
files = libtorrent.file_storage()
libtorrent.add_files(files, sys.argv[1])
torrent = libtorrent.create_torrent(files, 1 << 20, libtorrent.create_torrent.v1_only)
libtorrent.set_piece_hashes(torrent, sys.argv[1].rsplit("/", 1)[0])
open(sys.argv[2], "wb").write(libtorrent.bencode(torrent.generate()))
'''


def makers(content, folder):
    """The commands by name, each with pieces of 1 MiB."""
    threads = str(os.cpu_count())
    return {
        'shoal create': [SHOAL, 'create', content, '-o', folder / 'shoal.torrent',
                         '--v1', '--piece-length', '1MiB', '--quiet'],
        f'mktorrent, {threads} threads': ['mktorrent', '-l', '20', '-t', threads, '-o',
                                          folder / 'mktorrent.torrent', content],
        'transmission-create': ['transmission-create', '-s', '1024', '-o',
                                folder / 'transmission.torrent', content],
        'libtorrent': ['/usr/bin/python3', '-c', LIBTORRENT, content, folder / 'libtorrent.torrent'],
    }


def one_file(folder, mebibytes):
    content = folder / 'large.bin'
    with open(content, 'wb') as file:
        for _ in range(mebibytes):
            file.write(os.urandom(1 << 20))
    return content


def many_files(folder, count, length):
    """`count` files in folders of 500."""
    content = folder / 'many'
    for number in range(count):
        if number % 500 == 0:
            parent = content / f'{number // 500:03}'
            parent.mkdir(parents=True)
        (parent / f'{number:05}').write_bytes(os.urandom(length))
    return content


def measure(content, folder, runs):
    """Runs the makers in turn: {name: [{wall, cpu, peak}]}, the first round dropped."""
    folder = Path(folder)
    commands = makers(content, folder)
    rows = {name: [] for name in commands}
    for number in range(runs + 1):
        for name, command in commands.items():
            for old in folder.glob('*.torrent'):
                old.unlink()
            wall, cpu, peak = run(*command)
            if number:
                rows[name].append({'wall': wall, 'cpu': cpu, 'peak': peak})
    return rows


def start_up(torrent, runs):
    """Milliseconds until `shoal --version` and `shoal show` have ended, /bin/true beside them."""
    commands = {
        '/bin/true': ['/bin/true'],
        'shoal --version': [SHOAL, '--version'],
        'shoal show': [SHOAL, 'show', torrent],
    }
    rows = {name: [] for name in commands}
    for number in range(4 * runs + 1):
        for name, command in commands.items():
            wall, cpu, peak = run(*command)
            if number:
                rows[name].append({'wall': wall, 'cpu': cpu, 'peak': peak})
    return rows
