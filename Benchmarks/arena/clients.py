"""The programs that are raced, each started as somebody who wants it fast would start it.

A client seeds what lies in the stage's `original` or fetches it into a folder of its own. Every peer
has an address of its own: some refuse 127.0.0.0/8, and some keep one peer for each address.
"""
import base64
import json
import os
import shutil
import time
import urllib.error
import urllib.request
from pathlib import Path

from .processes import Failure, Process, until

BENCHMARKS = Path(__file__).resolve().parent.parent
SHOAL = Path(os.environ.get('SHOAL_BINARY', BENCHMARKS.parent / '.build/release/shoal')).resolve()
NETWORK = os.environ.get('SHOAL_TEST_NETWORK', '10.99.0')
PORT = 6881


class Client:
    """One peer. `number` tells its address; the seeder is 0."""
    settings = ''

    def __init__(self, stage, number):
        self.stage, self.number = stage, number
        self.address = f'{NETWORK}.{10 + number}'
        self.folder = stage.folder / f'peer{number}'
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self.log = stage.folder / f'peer{number}.log'
        self.process = None

    def start(self, *command, **options):
        self.process = Process(command, self.log, **options)
        return self.process

    def has_announced(self):
        """The seeder is ready once the tracker knows a seed."""
        until(120, lambda: self.stage.seeds() > 0, 'the seeder does not announce', self.process)

    def is_complete(self):
        return self.process.has_ended()

    def check(self):
        """A process that ended by itself ended well."""
        if self.process.status:
            raise Failure(f'{type(self).__name__} ended with {self.process.status}: {self.process.text[-300:]}')


class Shoal(Client):
    name, settings = 'shoal', 'defaults'

    def seed(self):
        self.start(SHOAL, 'seed', self.stage.torrent, '--data', self.stage.original, '--no-verify',
                   '--listen', f'{self.address}:{PORT}')
        self.has_announced()

    def get(self):
        stays = '1h' if self.stage.leechers > 1 else '0'
        self.start(SHOAL, 'get', self.stage.torrent, '--output', self.folder, '--json',
                   '--listen', f'{self.address}:{PORT}', '--seed-time', stays)

    def is_complete(self):
        if self.stage.leechers == 1:
            return self.process.has_ended()
        return '"event":"complete"' in self.process.text or self.process.has_ended()


class Libtorrent(Client):
    name, settings, tuned = 'libtorrent', 'tuned: high_performance_seed and wider queues', True

    def peer(self, folder, *more):
        self.start('/usr/bin/python3', BENCHMARKS / 'libtorrent-peer', self.address,
                   self.stage.torrent, folder, *(['--tuned'] if self.tuned else []), *more)

    def seed(self):
        self.peer(self.stage.original, '--seed')
        self.has_announced()

    def get(self):
        self.peer(self.folder)

    def is_complete(self):
        return 'complete' in self.process.text or self.process.has_ended()


class DefaultLibtorrent(Libtorrent):
    name, settings, tuned = 'libtorrent, defaults', 'defaults', False


class Aria2(Client):
    name = 'aria2'
    settings = 'tuned: no rate floor, no peer cap, 64 MiB of disk cache, no allocation on tmpfs'

    def peer(self, folder, *more):
        on_tmpfs = str(self.stage.folder).startswith('/dev/shm')
        hook = self.stage.folder / 'aria2-complete'
        hook.write_text('#!/bin/sh\n: >"$3.complete"\n')
        hook.chmod(0o755)
        self.start(
            'aria2c', '--no-conf', '--quiet', '--dir', folder, '--listen-port', PORT,
            '--interface', self.address, '--enable-dht=false', '--bt-enable-lpd=false',
            '--bt-max-peers=0', '--bt-request-peer-speed-limit=0', '--disk-cache=64M',
            '--file-allocation=' + ('none' if on_tmpfs else 'falloc'), '--bt-tracker-interval=1',
            '--seed-ratio=0', '--on-bt-download-complete', hook, *more, self.stage.torrent)

    def seed(self):
        self.peer(self.stage.original, '--check-integrity=true', '--bt-seed-unverified=true',
                  '--allow-overwrite=true')
        self.has_announced()

    def get(self):
        self.peer(self.folder, *(['--seed-time=0'] if self.stage.leechers == 1 else []))

    def is_complete(self):
        if self.stage.leechers == 1:
            return self.process.has_ended()
        return (self.folder / 'payload.bin.complete').exists() or self.process.has_ended()


class Transmission(Client):
    name, settings = 'transmission', 'tuned: 64 MiB of cache, no encryption, no uTP'

    def daemon(self, folder):
        home = self.stage.folder / f'transmission{self.number}'
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        self.rpc = f'http://127.0.0.1:{21000 + self.number}/transmission/rpc'
        self.token = ''
        (home / 'settings.json').write_text(json.dumps({
            'rpc-port': 21000 + self.number, 'rpc-bind-address': '127.0.0.1', 'peer-port': PORT,
            'bind-address-ipv4': self.address, 'bind-address-ipv6': '::1', 'utp-enabled': False,
            'dht-enabled': False, 'lpd-enabled': False, 'port-forwarding-enabled': False,
            'encryption': 0, 'cache-size-mb': 64, 'upload-slots-per-torrent': 14}))
        self.start('transmission-daemon', '-f', '-g', home)
        until(20, lambda: self.ask('session-get', {}) is not None, 'no RPC', self.process)
        metainfo = base64.b64encode(self.stage.torrent.read_bytes()).decode()
        self.ask('torrent-add', {'metainfo': metainfo, 'download-dir': str(folder)})

    def ask(self, method, arguments):
        body = json.dumps({'method': method, 'arguments': arguments}).encode()
        for _ in range(2):
            try:
                request = urllib.request.Request(
                    self.rpc, body, {'X-Transmission-Session-Id': self.token})
                return json.load(urllib.request.urlopen(request, timeout=5))['arguments']
            except urllib.error.HTTPError as error:
                self.token = error.headers.get('X-Transmission-Session-Id', '')
            except OSError:
                return None
        return None

    def seed(self):
        self.daemon(self.stage.original)
        self.has_announced()

    def get(self):
        self.daemon(self.folder)

    def is_complete(self):
        # Asked every 50 ms at most, so that asking is no part of the race.
        if time.monotonic() < getattr(self, 'next', 0):
            return False
        self.next = time.monotonic() + 0.05
        answer = self.ask('torrent-get', {'fields': ['leftUntilDone', 'percentDone']})
        torrents = answer['torrents'] if answer else []
        return bool(torrents) and torrents[0]['leftUntilDone'] == 0 and torrents[0]['percentDone'] == 1


class Web(Client):
    """What people use where there is no swarm: a file server, a fetch, and a look at the hash."""
    name, settings = 'nginx → curl, sha1', 'sendfile, one worker; curl, then openssl sha1'

    def seed(self):
        configuration = self.folder / 'nginx.conf'
        configuration.write_text(
            'daemon off; master_process off; error_log stderr; '
            f'pid {self.folder}/pid; events {{}} http {{ access_log off; sendfile on; tcp_nopush on; '
            f'client_body_temp_path {self.folder}/body; proxy_temp_path {self.folder}/proxy; '
            f'fastcgi_temp_path {self.folder}/fastcgi; uwsgi_temp_path {self.folder}/uwsgi; '
            f'scgi_temp_path {self.folder}/scgi; '
            f'server {{ listen {self.address}:8080; root {self.stage.original}; }} }}')
        self.start('/usr/sbin/nginx', '-e', 'stderr', '-c', configuration, '-p', self.folder)
        probe = f'http://{self.address}:8080/payload.bin'
        until(10, lambda: answers(probe), 'nginx does not answer', self.process)

    def get(self):
        self.start('sh', '-c', f'curl -s -o payload.bin http://{NETWORK}.10:8080/payload.bin '
                   '&& openssl sha1 payload.bin', cwd=self.folder)


def answers(url):
    try:
        request = urllib.request.Request(url, method='HEAD')
        return urllib.request.urlopen(request, timeout=1).status == 200
    except OSError:
        return False


CLIENTS = {
    'shoal': Shoal, 'libtorrent': Libtorrent, 'libtorrent-default': DefaultLibtorrent, 'aria2': Aria2,
    'transmission': Transmission, 'web': Web,
}
