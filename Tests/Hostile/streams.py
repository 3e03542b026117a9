"""What peers send to attack whoever listens."""

import random
import struct

from bencode import encode
from case import Case


def message(number, payload=b""):
    return struct.pack(">IB", 1 + len(payload), number) + payload


def words(*values):
    return struct.pack(f">{len(values)}I", *values)


def handshake(infohash):
    return (b"\x13BitTorrent protocol" + b"\0\0\0\0\0\x10\0\x05" + bytes.fromhex(infohash)
            + b"-XX0001-hostilepeer0")


PRIME = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A63A36210000000000090563",
    16)


def encrypted(infohash, start):
    """Encrypted handshakes, as far as they can be written before the other end's key is known."""

    def closed(name, data, **play):
        return Case("mse", name, "closed", "stream", data, play=play)

    def number(value):
        return value.to_bytes(96, "big")

    noise = random.Random(8)
    key = number(pow(2, noise.getrandbits(160), PRIME))
    yield closed("the key 0, the most padding and no end of it",
                 number(0) + bytes(512) + b"\xff" * 2000)
    yield closed("the key 1", number(1) + noise.randbytes(700))
    yield closed("the prime less 1 as the key", number(PRIME - 1) + noise.randbytes(700))
    yield closed("a key past the prime", number(PRIME) + noise.randbytes(700))
    yield closed("a key of 0xff", b"\xff" * 96)
    yield closed("a right key and no end of the padding", key + noise.randbytes(2000),
                 keyed=True)
    yield closed("a right key and a handshake in the open", key + start + noise.randbytes(700),
                 keyed=True)
    yield Case("mse", "a right key and nothing behind it", "closed", "stream", key, slow=True,
               play={"keyed": True})
    yield Case("mse", "keys a byte at a time, 300 times", "timed out", "stream", key, slow=True,
               play={"copies": 300, "each": 5.0})


def streams(infohash, pieces):
    start = handshake(infohash)
    all_of_it = message(5, bytes([0xff & -(1 << 8 - pieces)]))
    none_of_it = message(5, b"\0")

    def case(name, verdict, *parts, after=start, **play):
        return Case("peer", name, verdict, "stream", after + b"".join(parts), play=play)

    def closed(name, *parts, **play):
        return case(name, "closed", *parts, **play)

    def survived(name, *parts, **play):
        return case(name, "closed or ignored", *parts, **play)

    def extended(number, payload):
        return message(20, bytes([number]) + payload)

    def about_metadata(name, *parts):
        return survived(name, *parts, metadata=True)

    yield closed("a torrent that is not here", after=handshake("55" * 20))
    yield closed("another protocol", after=b"\x13BitTorrent protokol" + bytes(48))
    yield closed("a handshake of another length", after=b"\xff" * 68)
    yield closed("noise", after=b"\1" + random.Random(7).randbytes(4096), keyed=True)
    yield closed("a frame of 4 GiB", words(0xFFFFFFFF), b"\7")
    yield closed("a frame of 2 GiB", words(0x7FFFFFFF), b"\7", bytes(4096))
    yield closed("a frame of 16 MiB", words(1 << 24), b"\x14", bytes(4096))
    yield closed("spare bits in the bitfield", message(5, b"\xff"))
    yield closed("a bitfield too long", message(5, b"\xf8" + bytes(9)))
    yield closed("a bitfield too short", message(5))
    yield closed("two bitfields with a choke between", all_of_it, message(0),
                 message(5, b"\xff\xff"))
    for index in (pieces, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF):
        yield closed(f"a have of piece {index}", none_of_it, message(4, words(index)))
    yield closed("a have of three bytes", none_of_it, message(4, b"\0\0\0"))
    yield survived("requests that wrap around", message(2),
                   message(6, words(0, 0xFFFFC000, 0x4000)),
                   message(6, words(0, 0xFFFFFFFF, 2)), message(6, words(0xFFFFFFFF, 0, 0x4000)))
    yield survived("requests of 2 GiB and of nothing", message(2),
                   message(6, words(0, 0, 0x7FFFFFFF)), message(6, words(0, 0, 0)))
    yield survived("a request past the end", message(2),
                   message(6, words(pieces - 1, 32_000, 16384)))
    yield survived("20,000 requests at once", message(2), message(6, words(0, 0, 16384)) * 20_000)
    yield survived("a block that nobody asked for", all_of_it, message(1),
                   message(7, words(1, 0) + b"\xcc" * 16384))
    yield closed("a block of four bytes of header", all_of_it, message(7, b"\0\0\0\1"))
    yield survived("a block past the end", all_of_it,
                   message(7, words(pieces - 1, 1 << 31) + b"\xcc" * 16384))
    yield about_metadata("metadata of 2 GiB", extended(0, encode(
        {"m": {"ut_metadata": 2}, "metadata_size": 0x7FFFFFFF})))
    yield about_metadata("metadata of less than nothing", extended(0, encode(
        {"m": {"ut_metadata": 2}, "metadata_size": -1})))
    yield about_metadata("metadata nobody asked for", extended(0, encode(
        {"m": {"ut_metadata": 2}, "metadata_size": 100})), extended(1, encode(
            {"msg_type": 1, "piece": 0, "total_size": 100}) + bytes(100)))
    yield about_metadata("metadata requests out of range", extended(0, encode(
        {"m": {"ut_metadata": 2}})), *(extended(1, encode(
            {"msg_type": 0, "piece": piece})) for piece in (-1, 1 << 31, (1 << 63) - 1, 9999)))
    yield about_metadata("a dictionary 60,000 deep",
                   extended(0, b"d1:md" + b"1:ad" * 60_000 + b"e" * 60_000 + b"ee"))
    yield about_metadata("an extension handshake of 10,000 names", extended(0, encode(
        {"m": {b"x%05d" % number: number % 250 for number in range(10_000)}})))
    yield case("20,000 peers on loopback", "ignored", extended(0, encode({"m": {"ut_pex": 1}})),
               extended(1, encode(
                   {"added": b"\x7f\0\0\1\0\x16" * 20_000 + b"\1", "added.f": b"\0"})))
    yield survived("unknown messages", *(message(number, b"x" * 9) for number in range(30, 250)))
    yield survived("50,000 times interested and not", (message(2) + message(3)) * 50_000)
    yield survived("half a handshake and the end", after=start[:40])
    yield Case("peer", "a slow loris, 500 times", "timed out", "stream", start[:40], slow=True,
               play={"copies": 500, "each": 5.0})
    yield from encrypted(infohash, start)
    for seed in range(20):
        noise = random.Random(seed)
        parts = [message(noise.randrange(24), noise.randbytes(noise.choice([0, 4, 9, 12, 13, 99])))
                 for _ in range(40)]
        yield survived(f"messages at random, seed {seed}", *parts)
