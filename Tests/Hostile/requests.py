"""What comes in at a tracker and at the page of a share."""

import random
import struct

from case import Case

HASH = "%aa" * 20
PEER = "A" * 20


def get(path, *headers, method="GET", body=b"", host="127.0.0.1"):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close", *headers]
    if body and not any(line.startswith("Content-Length") for line in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin1") + b"\r\n\r\n" + body


def announce(infohash=HASH, **changes):
    values = {"peer_id": PEER, "port": 6881, "uploaded": 0, "downloaded": 0, "left": 0}
    values.update(changes, compact=1)
    return f"/announce?info_hash={infohash}" + "".join(
        f"&{key}={value}" for key, value in values.items())


def at_tracker():
    def case(name, verdict, data, **play):
        return Case("tracker", name, verdict, "request", data, play=play)

    yield case("an ordinary announce", "accepted", get(announce()))
    yield case("another's address as one's own", "accepted",
               get(announce(port=80, ip="198.51.100.77", ipv6="2001:db8::1")),
               absent=[bytes([198, 51, 100, 77]), b"198.51.100.77", bytes.fromhex("20010db8")])
    # Ordinary clients send such.
    yield case("numwant beyond 64 bits", "accepted", get(announce(numwant="9" * 40)))
    yield case("numwant below zero", "accepted", get(announce(numwant=-5)))
    yield case("left below zero", "accepted", get(announce(left=-1)))
    for name, data in [
        ("19 bytes of info-hash", get(announce("%aa" * 19))),
        ("21 bytes of info-hash", get(announce("%aa" * 21))),
        ("no info-hash", get("/announce?port=1")),
        ("a broken escape", get(announce("%zz" * 20))),
        ("port zero", get(announce(port=0))), ("port 65536", get(announce(port=65536))),
        ("port below zero", get(announce(port=-1))),
        ("left beyond 64 bits", get(announce(left="9" * 40))),
        ("a target of 64 KiB", get("/announce?" + "a" * 65_536)),
        ("10,000 headers", get(announce(), *["X: y"] * 10_000)),
        ("a header of 1 MiB", get(announce(), "X: " + "y" * (1 << 20))),
        ("a header with NUL", get(announce(), "X: a\0b")),
        ("a folded header", get(announce(), "X: a", " b")),
        ("two lengths", get(announce(), "Content-Length: 0", "Content-Length: 5")),
        ("a length below zero", get(announce(), "Content-Length: -1")),
        ("a length and chunks", get(
            announce(), "Content-Length: 5", "Transfer-Encoding: chunked")),
        ("another method", get(announce(), method="POST", body=b"x" * 100)),
        ("another path", get("/../../etc/passwd")),
        ("no HTTP", b"\x16\x03\1\2\0\1\0\1\xfc\3\3" * 20),
        ("bare line feeds within a line", b"GET / HTTP/1.1\nHost: x\n\rX\r\r\n\r\n")]:
        yield case(name, "error", data)
    forged = struct.pack(">QII", 0x4141414141414141, 1, 7) + b"\xaa" * 20 + b"B" * 20
    forged += struct.pack(">QQQIIIiH", 0, 0, 0, 0, 0, 0, -1, 6881)
    noise = random.Random(3)
    for name, data in [
        ("a forged connection id", forged), ("a scrape without a connection", forged[:8]
         + struct.pack(">II", 2, 7) + b"\xaa" * 1400), ("an empty datagram", b""),
        ("half a connect", struct.pack(">QI", 0x41727101980, 0)),
        ("an unknown action", struct.pack(">QII", 0x41727101980, 9, 1)),
        ("noise", noise.randbytes(500)), ("the longest datagram", noise.randbytes(65_000))]:
        yield Case("tracker", name + " by UDP", "silence", "datagram", data)


def at_page():
    def case(name, data):
        return Case("page", name, "denied", "request", data, play={"server": "share"})

    yield case("a path out", get("/torrents/../../../../etc/passwd"))
    yield case("a path out, escaped", get("/torrents/..%2f..%2f..%2fetc%2fpasswd"))
    yield case("a path out, escaped twice", get("/torrents/..%252f..%252fetc%252fpasswd"))
    yield case("a path out of Windows", get("/torrents/..%5c..%5cetc%5cpasswd"))
    yield case("a path with NUL", get("/torrents/x.torrent%00.html"))
    yield case("a proxy's target", get("http://169.254.169.254/latest/", host="169.254.169.254"))
    yield case("a method that changes things", get(
        "/", "Content-Type: text/plain", "Origin: http://evil.example", method="POST",
        body=b'{"method":"torrent-add"}'))
    yield case("JSON 200,000 deep", get("/", method="POST", body=b"[" * 200_000))
