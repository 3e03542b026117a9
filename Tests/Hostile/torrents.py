"""Documents and links that attack whoever reads them."""

import hashlib
import struct

from bencode import Pairs, Raw, encode
from case import Case
from network import METADATA, NEIGHBOUR, PUBLIC

PIECE = 16384


def hashes(length):
    """Of the pieces of so many zeros."""
    whole, rest = divmod(length, PIECE)
    full = hashlib.sha1(bytes(PIECE)).digest() * whole
    return full + (hashlib.sha1(bytes(rest)).digest() if rest else b"")


def single(**changes):
    info = {"length": 100, "name": b"x.bin", "piece length": PIECE, "pieces": hashes(100)}
    info.update({key.replace("_", " "): value for key, value in changes.items()})
    return info


def several(files, **changes):
    listed = [{"length": length, "path": list(path)} for path, length in files]
    total = sum(length for _, length in files)
    info = {
        "files": listed, "name": b"root", "piece length": PIECE,
        "pieces": hashes(total) if 0 <= total < 1 << 24 else bytes(20)}
    info.update({key.replace("_", " "): value for key, value in changes.items()})
    return info


def torrent(group, name, verdict, info, outer=None, **play):
    raw = info if isinstance(info, Raw) else Raw(encode(info))
    data = encode(dict(outer or {}, info=raw))
    return Case(group, name, verdict, "torrent", data, hashlib.sha1(raw).hexdigest(), play=play)


def bencodes():
    """The fault stands behind a key that nobody reads, so that the syntax alone tells."""
    info = encode(single())

    def spoilt(name, value):
        data = b"d4:info" + info + b"1:z" + value + b"e"
        return Case("bencode", name, "refused", "torrent", data)

    yield torrent("bencode", "an ordinary torrent", "accepted", single())
    yield spoilt("a list 300,000 deep", b"l" * 300_000 + b"e" * 300_000)
    yield spoilt("a dictionary 100,000 deep", b"d1:a" * 100_000 + b"i1e" + b"e" * 100_000)
    yield Case("bencode", "an open list 1,000,000 deep", "refused", "torrent", b"l" * 1_000_000)
    for name, value in [
        ("a length of 2^63-1", b"9223372036854775807:a"), ("a length of 4 GiB", b"4294967295:abc"),
        ("a length beyond 64 bits", b"18446744073709551619:abc"),
        ("a length below zero", b"-5:hello"),
        ("a length with zeros before it", b"005:hello"), ("a length with a sign", b"+5:hello"),
        ("an integer with zeros before it", b"i0042e"), ("minus zero", b"i-0e"),
        ("an empty integer", b"ie"), ("an integer with white space", b"i 1e"),
        ("an integer beyond 64 bits", b"i18446744073709551616e"), ("a fraction", b"i1.5e"),
        ("a key that is an integer", b"di7e3:abce"), ("a key without a value", b"d1:ae"),
        ("keys out of order", b"d1:b0:1:a0:e"), ("a key twice", b"d1:a0:1:a0:e"),
        ("an end too many", b"0:e"), ("a byte that begins nothing", b"x")]:
        yield spoilt(name, value)
    yield Case("bencode", "nothing at all", "refused", "torrent", b"")
    yield Case("bencode", "half a document", "refused", "torrent", encode({"info": single()})[:60])
    yield Case("bencode", "bytes after the end", "refused", "torrent",
               encode({"info": single()}) + b"0:")
    shuffled = Raw(encode(Pairs(sorted(single().items(), reverse=True))))
    yield torrent("bencode", "an info dictionary out of order", "raw hash", shuffled)
    flood = b"d4:info" + info + b"1:zl" + b"0:" * 3_000_001 + b"ee"
    yield Case("bencode", "3,000,001 values", "bounded", "torrent", flood)
    nest = (b"d1:a" * 15 + b"0:" + b"e" * 15) * 62_000
    yield Case("bencode", "a forest of dictionaries", "bounded", "torrent",
               b"d4:info" + info + b"1:zl" + nest + b"ee")


def metainfos():
    def refused(name, info):
        return torrent("metainfo", name, "refused", info)

    yield refused("a piece length of zero", single(piece_length=0))
    yield refused("a piece length below zero", single(piece_length=-1))
    yield refused("a piece length of 2^62", single(piece_length=1 << 62))
    yield refused("ragged hashes", single(pieces=bytes(39)))
    yield refused("too few hashes", single(length=100_000))
    yield refused("a length below zero", single(length=-100))
    yield refused("lengths beyond 64 bits",
                  several([([b"a"], (1 << 63) - 1), ([b"b"], (1 << 63) - 1)]))
    yield refused("a file with a length below zero", several([([b"a"], -1), ([b"b"], 200)]))
    yield refused("one file and several", single(files=[{"length": 5, "path": [b"f"]}]))
    yield refused("2^40 pieces", single(length=1 << 60, piece_length=1 << 20, pieces=bytes(20)))
    yield refused("a path that is a string", single(
        length=None, files=[{"length": 1, "path": b"f"}]) | {"length": 5})
    yield torrent("metainfo", "empty files", "accepted",
                  several([([b"e"], 0), ([b"data"], 40_000), ([b"d", b"e"], 0)]))
    yield torrent("metainfo", "50,000 files", "bounded",
                  several([([b"f%05d" % number], 1) for number in range(50_000)]), disk=True)
    yield torrent("metainfo", "5,000 folders, each 100 deep", "bounded",
                  several([([b"%04d" % n] + [b"d"] * 100, 1) for n in range(5_000)]), zeros=False)


def paths():
    def contained(name, *listed, **play):
        files = [(path, 10 + number) for number, path in enumerate(listed)]
        return torrent("path", name, "contained", several(files), **play)

    outside = "/tmp/shoal-hostile-escape"
    yield contained("up and out", [b"..", b"..", b"..", b"tmp", b"shoal-hostile-escape"],
                    absent=[outside])
    yield torrent("path", "an absolute name", "contained", single(name=outside), absent=[outside])
    yield torrent("path", "a name that goes up", "contained",
                  several([([b"f"], 10)], name=b"../../tmp/shoal-hostile-escape"), absent=[outside])
    yield torrent("path", "a name of dots", "contained", several([([b"f"], 10)], name=b".."))
    yield contained("separators within a component", [b"a/../../../tmp/shoal-hostile-escape"],
                    absent=[outside])
    yield contained("NUL within a component", [b"ok.txt\0/../../x"])
    yield contained("empty components", [b"", b"f"], [b"", b""])
    yield contained("names of Windows", [b"..\\..\\evil.exe"], [b"C:\\evil"], [b"CON"], [b"x. "])
    yield contained("two names of 5,000 bytes", [b"n" * 5000 + b".a"], [b"n" * 5000 + b".b"])
    yield contained("a character of 3,000 marks", [b"z" + b"\xcc\x81" * 3000])
    yield contained("2,000 folders deep", [b"d"] * 2000 + [b"f"])
    yield contained("one path twice", [b"a", b"f"], [b"a", b"f"], [b"a", b"f (1)"])
    yield contained("names that are one when cleaned", [b"v\1.txt"], [b"v\2.txt"], [b"v_.txt"])
    yield contained("names that are one when repaired", [b"v\xff"], [b"v\xfe"], [b"v\xef\xbf\xbd"])
    yield contained("a file that is a folder", [b"a"], [b"a", b"b"], [b"a", b"b", b"c"])
    yield contained("names in two cases and forms", [b"A"], [b"a"], [b"\xc3\xa9"], [b"e\xcc\x81"])
    linked = several([([b"d", b"evil"], 10)])
    linked["files"].insert(
        0, {"attr": b"l", "length": 0, "path": [b"d"], "symlink path": [b"..", b".."]})
    yield torrent("path", "a link out, and a file behind it", "contained", linked)


def texts():
    escapes = b"\x1b]0;owned\x07\x1b[2J\x1b[31mroot#\xc2\x9b1m\r\n\x7f"
    turned = "photo\u202egpj.exe\u2066\u200f\u2028".encode()
    outer = {"comment": escapes, "created by": turned, "announce": b"http://\x1b[1m/"}
    yield torrent("text", "escapes in every text", "escaped",
                  single(name=escapes, source=escapes), outer)
    yield torrent("text", "text that turns round", "escaped", several([([turned], 10)]), outer)
    yield torrent("text", "bytes that are no text", "escaped",
                  single(name=b"\xff\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80"), outer)
    yield torrent("text", "markup", "escaped",
                  single(name=b"<img src=x onerror=alert(1)>\"'`${7*7}"), outer)
    yield torrent("text", "an error that quotes", "refused", several([([escapes, b"d" * 4000], 10)]
                  + [([b"d"] * 200, 5)]))


def parent(left, right):
    return hashlib.sha256(left + right).digest()


def tree(length, piece_length):
    """The root and the piece layer of a file of so many zeros (BEP 52)."""
    sizes = [min(PIECE, length - start) for start in range(0, length, PIECE)]
    nodes, missing = [hashlib.sha256(bytes(size)).digest() for size in sizes], bytes(32)
    layer, span = nodes, PIECE
    while len(nodes) > 1 or span < min(piece_length, length):
        nodes += [missing] * (len(nodes) % 2)
        nodes = [parent(*pair) for pair in zip(nodes[::2], nodes[1::2])]
        missing, span = parent(missing, missing), span * 2
        if span == piece_length:
            layer = nodes
    return nodes[0], b"".join(layer)


def version2s():
    """Torrents of BitTorrent v2 and hybrid ones (BEP 52) whose parts do not fit each other."""
    length, piece_length = 100_000, 2 * PIECE
    root, layer = tree(length, piece_length)
    file = {b"": {"length": length, "pieces root": root}}

    def info(**changes):
        made = {"file tree": {"f": file}, "meta version": 2, "name": b"f",
                "piece length": piece_length}
        for key, value in changes.items():
            made[key.replace("_", " ")] = value
        return {key: value for key, value in made.items() if value is not None}

    def case(name, made, verdict="refused", layers=None, **play):
        outer = {"piece layers": {root: layer} if layers is None else layers}
        made = torrent("version 2", name, verdict, made, outer, **play)
        made.infohash = None
        return made

    def both(**changes):
        piece = hashlib.sha1(bytes(piece_length)).digest()
        last = hashlib.sha1(bytes(length - 3 * piece_length)).digest()
        return info(**{"length": length, "pieces": piece * 3 + last, **changes})

    def nested(depth):
        return Raw(b"d1:d" * depth + encode(file) + b"e" * depth)

    yield case("an ordinary torrent", info(), "accepted")
    yield case("an ordinary hybrid torrent", both(), "accepted")
    yield case("a false layer", info(), layers={root: layer[:32] + bytes(32) + layer[64:]})
    yield case("a layer cut short", info(), layers={root: layer[:-32]})
    yield case("a layer with more", info(), layers={root: layer + layer[:32]})
    yield case("the layer of another root", info(), layers={bytes(32): layer})
    yield case("no layers", info(), layers={})
    yield case("layers that are a list", info(), layers=[layer])
    yield case("a later version", info(meta_version=3))
    yield case("no version", info(meta_version=None))
    yield case("no tree", info(file_tree=None))
    yield case("an odd piece length", info(piece_length=piece_length + PIECE))
    yield case("pieces shorter than a block", info(piece_length=PIECE // 2))
    yield case("a tree that is a file", info(file_tree=file))
    yield case("a file with siblings", info(file_tree={"f": dict(file, g=file)}))
    yield case("a file that is a list", info(file_tree={"f": {b"": []}}))
    yield case("a length below zero", info(file_tree={"f": {b"": {"length": -1}}}))
    yield case("a length beyond all pieces", info(
        file_tree={"f": {b"": {"length": 2**63 - 1, "pieces root": root}}}))
    yield case("a length of 2^50", info(
        file_tree={"f": {b"": {"length": 2**50, "pieces root": root}}}))
    yield case("no root", info(file_tree={"f": {b"": {"length": length}}}))
    yield case("a root of zeros", info(
        file_tree={"f": {b"": {"length": length, "pieces root": bytes(32)}}}))
    yield case("padding in a tree", info(
        file_tree={"f": file, "g": {b"": {"attr": b"p", "length": 1, "pieces root": root}}}))
    yield case("a tree 50 deep", info(file_tree=nested(50)), "bounded", zeros=False)
    yield case("a tree 5,000 deep", info(file_tree=nested(5_000)), "bounded", zeros=False)
    yield case("names that lead out", info(
        file_tree={"..": {"..": {"etc": file}}, "/etc": file}), "contained", zeros=False)
    yield case("a link out", info(file_tree={
        "f": file, "g": {b"": {"attr": b"l", "symlink path": [b"..", b".."]}}}))
    yield case("a link to a name with a slash", info(file_tree={
        "f": file, "g": {b"": {"attr": b"l", "symlink path": [b"../../etc"]}}}))
    yield case("100,000 files", info(file_tree={
        b"%06d" % number: {b"": {"length": 0}} for number in range(100_000)}), "bounded",
        zeros=False)
    yield case("another length in version 1", both(length=length + 1))
    yield case("another name in version 1", both(name=b"g"))
    yield case("a file more in version 2", both(file_tree={"f": file, "g": file}))
    yield case("no padding between files", info(
        files=[{"length": length, "path": [b"f"]}, {"length": length, "path": [b"g"]}],
        file_tree={"f": file, "g": file}, pieces=bytes(20 * 7)))
    yield case("padding as long as the world", info(
        files=[{"length": length, "path": [b"f"]},
               {"attr": b"p", "length": 2**62, "path": [b".pad"]},
               {"length": length, "path": [b"g"]}],
        file_tree={"f": file, "g": file}, pieces=bytes(20 * 7)))


def magnets():
    name = "magnet:?xt=urn:btih:" + "ab" * 20

    def link(title, verdict, text):
        return Case("magnet", title, verdict, "magnet", text.encode("latin1"))

    many = "".join(f"&tr=http%3A%2F%2F127.0.0.1%3A1%2F{number}" for number in range(2_500))
    yield link("2,500 trackers", "bounded", name + many)
    yield link("6,000 peers", "bounded", name + "&x.pe=10.0.0.1:65000" * 6_000)
    yield link("escapes in its name", "escaped", name + "&dn=%1b%5b2J%c2%9b1m%e2%80%ae")
    yield link("a broken escape", "refused", name + "&dn=%zz")
    yield link("a short info-hash", "refused", "magnet:?xt=urn:btih:abcd")
    yield link("no info-hash", "refused", "magnet:?dn=x")
    yield link("a short info-hash of version 2", "refused", "magnet:?xt=urn:btmh:1220abcd")
    yield link("another multihash", "refused", "magnet:?xt=urn:btmh:1114" + "ab" * 20)


def forgeries():
    """Documents that name places near whoever reads them."""
    def named(name, verdict, *trackers, seeds=(), **play):
        outer = {"announce-list": [[url] for url in trackers], "url-list": list(seeds)}
        return torrent("forgery", name, verdict, single(), outer, **play)

    query = "/rpc?method=torrent-add"
    yield named("services of this machine", "unfetched", "http://127.0.0.1:9091" + query,
                "http://localhost:9091/announce?x", "http://[::1]:9091" + query,
                "http://[::ffff:127.0.0.1]:9091" + query, "http://127.0.0.1:22/announce",
                "udp://127.0.0.1:9091", "udp://localhost:22/announce")
    yield named("services of a neighbour", "unfetched", f"http://{NEIGHBOUR}:9091{query}",
                f"http://{NEIGHBOUR}:9091/a/b/announce", f"udp://{NEIGHBOUR}:22/announce")
    yield named("the keys of a cloud", "unfetched", f"http://{METADATA}/announce",
                f"http://{METADATA}/latest/meta-data/", f"udp://{METADATA}:80/announce")
    yield named("other spellings of this machine", "unfetched", "http://0.0.0.0:9091/announce",
                "http://127.1:9091" + query, "http://2130706433:9091" + query,
                "http://0x7f000001:9091" + query, "http://0177.0.0.1:9091" + query,
                "http://[::]:9091/announce", "udp://0.0.0.0:9091/announce")
    yield named("files and other protocols", "unfetched", "file:///etc/passwd",
                "gopher://127.0.0.1:6379/_x", "dict://127.0.0.1:6379/x", "ftp://127.0.0.1:6379/")
    yield named("web seeds", "unfetched", seeds=["http://127.0.0.1:6379/?q=1", "file:///etc/passwd",
                f"http://{METADATA}/latest/", "http://127.0.0.1:9091/announce"])
    yield named("a tracker beside us", "accepted", "http://127.0.0.1:9091/announce")
    yield named("a tracker beside us, with a key", "accepted",
                f"http://{NEIGHBOUR}:9091/k/announce")
    yield named("what the user typed", "accepted", words=[
        "--tracker", "http://127.0.0.1:9091" + query])
    link = "magnet:?xt=urn:btih:" + "ab" * 20
    yield Case("forgery", "a link to services", "unfetched", "magnet", (
        link + f"&x.pe=127.0.0.1:22&x.pe={METADATA}:80&x.pe=0.0.0.0:9091&tr=http%3A%2F%2F"
        "127.0.0.1%3A9091%2Frpc%3Fx").encode())
    yield Case("forgery", "a link as a share prints it", "accepted", "magnet", (
        link + "&x.pe=127.0.0.1:9091").encode())


def all_cases():
    for kind in (bencodes, metainfos, version2s, paths, texts, magnets, forgeries):
        yield from kind()
