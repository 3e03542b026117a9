"""What trackers answer to attack whoever asks."""

import gzip
import struct

from bencode import encode
from case import Case
from network import PUBLIC


def http(body, status="200 OK", *headers):
    lines = [f"HTTP/1.1 {status}", "Connection: close", *headers]
    if not any(line.startswith(("Transfer-Encoding", "Content-Length")) for line in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def reply(**changes):
    entries = {"interval": 1800, "peers": b""}
    entries.update({key.replace("_", " "): value for key, value in changes.items()})
    return http(encode(entries))


def gzip_bomb():
    body = b"d8:intervali1800e5:peers209715200:" + bytes(200 << 20) + b"e"
    return http(gzip.compress(body, 9, mtime=0), "200 OK", "Content-Encoding: gzip")


def answers():
    def case(name, verdict, data, **play):
        return Case("answer", name, verdict, "answer", data, play=play)

    yield case("an ordinary answer", "accepted", reply())
    for name, data in [
        ("a page of HTML", http(b"<html>captive portal</html>")),
        ("no HTTP", b"\x13BitTorrent protocol" + bytes(48)),
        ("nothing", b""),
        ("an endless line", b"HTTP/1.1 200 OK\r\nX: " + b"x" * (1 << 20)),
        ("a chunk of 2^64-1 bytes", http(
            b"FFFFFFFFFFFFFFFF\r\nd8:intervali60ee\r\n0\r\n\r\n", "200 OK",
            "Transfer-Encoding: chunked")),
        ("less than was announced", http(b"d8:interv", "200 OK", "Content-Length: 1000")),
        ("lists 200,000 deep", http(b"l" * 200_000)),
        ("ragged peers", reply(peers=b"\1\2\3\4\5")),
        ("peers of the wrong kind", reply(peers=7))]:
        yield case(name, "ignored", data, answers=False)
    nobody = [b"\0\0\0\0\0\0", b"\x7f\0\0\1\0\x16", b"\xe0\0\0\1\x1a\xe1",
              b"\xff\xff\xff\xff\x1a\xe1", b"\xa9\xfe\xa9\xfe\0\x50", b"\x7f\0\0\1\x23\x83"]
    yield case("peers that nobody is", "ignored", reply(peers=b"".join(nobody)))
    yield case("peers near us, from a tracker beside us", "ignored",
               reply(peers=b"".join(nobody[:-1])), address="127.0.0.1")
    yield case("peers in words that nobody is", "ignored", reply(peers=[
        {"ip": "127.0.0.1", "port": 9091}, {"ip": "localhost", "port": 9091},
        {"ip": "::ffff:127.0.0.1", "port": 9091}, {"ip": "::1", "port": 9091},
        {"ip": "64:ff9b::7f00:1", "port": 9091}, {"ip": "169.254.169.254", "port": 80}]))
    yield case("a million peers", "bounded", reply(peers=b"\x0b\1\2\3\1\1" * 170_000))
    yield case("a bomb of 200 MiB", "bounded", gzip_bomb())
    yield case("an interval of zero", "clamped", reply(interval=0, min_interval=0))
    yield case("an interval below zero", "clamped", reply(interval=-(1 << 63)))
    yield case("an interval of 292 billion years", "clamped", reply(interval=(1 << 63) - 1))
    yield case("a failure to be asked again at once", "clamped",
               http(encode({"failure reason": "no", "retry in": 0})))
    yield case("a failure in escapes", "escaped",
               http(encode({"failure reason": "\x1b[2J\x1b]0;x\x07\u202e\n\r"})))
    yield case("a warning in escapes", "escaped", reply(warning_message="\x1b[2J\u202e\n"))

    def leads(name, place):
        data = http(b"", "302 Found", "Location: " + place, "Content-Length: 0")
        return case("a redirect to " + name, "unfetched", data, answers=False)

    yield leads("a service of this machine", "http://127.0.0.1:9091/rpc?x=1")
    yield leads("an announce of this machine", "http://127.0.0.1:9091/announce")
    yield leads("this machine by name", "http://localhost:9091/announce")
    yield leads("this machine, mapped", "http://[::ffff:7f00:1]:9091/announce")
    yield leads("nowhere", "http://0.0.0.0:9091/")
    yield leads("the keys of a cloud", "http://169.254.169.254/latest/meta-data/")
    yield leads("a file", "file:///etc/passwd")
    yield leads("another protocol", "gopher://127.0.0.1:9091/_x")
    yield leads("itself, for ever", f"http://{PUBLIC}:1/announce")
    data = http(b"", "302 Found", "Location: http://127.0.0.1:9091/rpc", "Content-Length: 0")
    yield case("a redirect beside, by a tracker beside us", "unfetched", data, answers=False,
               address="127.0.0.1")

    def datagrams(name, verdict, *data, **play):
        return Case("answer", name + " by UDP", verdict, "datagram answer", data, play=play)

    connected = struct.pack(">I", 0) + b"<transaction>" + bytes(8)
    yield datagrams("an ordinary answer", "accepted", connected,
                    struct.pack(">I", 1) + b"<transaction>" + struct.pack(">III", 1800, 0, 1)
                    + b"\x0b\1\2\3\1\1")
    for name, data in [
        ("another's transaction", [struct.pack(">IIIII", 1, 0xDEADBEEF, 1800, 0, 1)]),
        ("half an answer", [connected, (struct.pack(">I", 1) + b"<transaction>" + bytes(12))[:17]]),
        ("nothing", [b""]), ("noise", [bytes(range(256)) * 100]),
        ("an unknown action", [struct.pack(">I", 77) + b"<transaction>" + bytes(100)])]:
        yield datagrams(name, "ignored", *data, answers=False)
    yield datagrams("peers that nobody is", "ignored", connected, struct.pack(">I", 1)
                    + b"<transaction>" + struct.pack(">III", 0, 0, 1) + b"".join(nobody))
    yield datagrams("a failure in escapes", "escaped", connected,
                    struct.pack(">I", 3) + b"<transaction>\x1b[2J\x9b\xe2\x80\xae\n")
