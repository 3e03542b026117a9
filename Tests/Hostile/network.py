"""The addresses and strangers of the arena. All of it lives in a network namespace on loopback
(Scripts/with-namespace): no packet leaves it, and fixed ports are free."""

import contextlib
import selectors
import socket
import struct
import subprocess
import threading
import time

# Documentation addresses (RFC 5737) are as public as any to the program.
PUBLIC = "198.51.100.7"
METADATA = "169.254.169.254"
NEIGHBOUR = "10.99.0.9"
# Where nobody whom strangers name has any business.
PRIVATE_PLACES = [("127.0.0.1", 9091), ("127.0.0.1", 6379), ("::1", 9091), (NEIGHBOUR, 9091),
                  (METADATA, 80), ("127.0.0.1", 22), (NEIGHBOUR, 22)]


def prepare():
    for address in (PUBLIC, METADATA):
        subprocess.run(
            ["ip", "address", "replace", address + "/32", "dev", "lo"], check=True,
            stdout=subprocess.DEVNULL)


def receive(connection, count):
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise ConnectionError("the end came early")
        data += part
    return data


class Stranger:
    """A server on one thread for each connection, gone when its `with` is over."""

    def __init__(self, address="127.0.0.1", port=0):
        self.listener = socket.create_server((address, port), backlog=512)
        self.address, self.port = self.listener.getsockname()[:2]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Closing alone leaves the thread, and with it the port, in accept.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection):
        with connection:
            connection.settimeout(20)
            try:
                self.serve(connection)
            except OSError:
                pass


class HTTPServer(Stranger):
    """Answers every request with the same bytes; `requests` has when each came, and its line."""

    def __init__(self, answer, address="127.0.0.1", port=0):
        self.answer, self.requests = answer, []
        super().__init__(address, port)

    def serve(self, connection):
        request = b""
        while b"\r\n\r\n" not in request:
            part = connection.recv(4096)
            if not part:
                return
            request += part
        self.requests.append((time.monotonic(), request.split(b"\r\n")[0].decode("latin1")))
        connection.sendall(self.answer)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):
            pass


class DatagramTracker:
    """Answers every datagram with the same bytes, behind the transaction id it asks for or not."""

    def __init__(self, answers, address):
        self.answers, self.requests = answers, []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Wakes the thread, though the kernel says that nothing was connected.
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def _serve(self):
        while True:
            try:
                request, sender = self.socket.recvfrom(65536)
            except OSError:
                return
            if len(request) < 16:
                return
            self.requests.append((time.monotonic(), f"action {request[11]}"))
            for answer in self.answers:
                # Where an answer says so it is about this very request.
                self.socket.sendto(answer.replace(b"<transaction>", request[12:16]), sender)


class ZeroSeeder(Stranger):
    """A peer that has every piece of a torrent of zeros."""

    def __init__(self, infohash, pieces, address="127.0.0.1"):
        self.infohash, self.pieces = bytes.fromhex(infohash), pieces
        super().__init__(address)

    def serve(self, connection):
        receive(connection, 68)
        connection.sendall(
            b"\x13BitTorrent protocol" + bytes(8) + self.infohash + b"-ZZ0001-zerozerozero")
        field = bytearray((self.pieces + 7) // 8)
        for piece in range(self.pieces):
            field[piece // 8] |= 128 >> piece % 8
        connection.sendall(struct.pack(">IB", len(field) + 1, 5) + field + b"\0\0\0\1\1")
        while True:
            length, = struct.unpack(">I", receive(connection, 4))
            message = receive(connection, length)
            if message[:1] == b"\6":
                piece, begin, count = struct.unpack(">III", message[1:13])
                head = struct.pack(">IBII", 9 + count, 7, piece, begin)
                connection.sendall(head + bytes(count))


class HostilePeer(Stranger):
    """Takes a handshake, and sends a stream."""

    def __init__(self, stream, address="127.0.0.1"):
        self.stream, self.met = stream, 0
        super().__init__(address)

    def serve(self, connection):
        receive(connection, 68)
        self.met += 1
        connection.sendall(self.stream)
        while connection.recv(65536):
            pass


class Honeypots:
    """Listens where nobody has any business, and notes who comes."""

    def __init__(self, endpoints):
        self.visits, self.lock = [], threading.Lock()
        self.selector = selectors.DefaultSelector()
        for address, port in endpoints:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            listener = socket.create_server((address, port), family=family, backlog=64)
            self.selector.register(listener, selectors.EVENT_READ, f"{address}:{port}")
            datagrams = socket.socket(family, socket.SOCK_DGRAM)
            datagrams.bind((address, port))
            self.selector.register(datagrams, selectors.EVENT_READ, f"{address}:{port}/udp")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()

    def check(self):
        """The places that anybody came to, ever."""
        with self.lock:
            while ready := self.selector.select(0):
                for key, _ in ready:
                    if key.data.endswith("/udp"):
                        key.fileobj.recv(65536)
                    else:
                        key.fileobj.accept()[0].close()
                    self.visits.append(key.data)
            return sorted(set(self.visits))
