"""Bencoding, also such that no decoder may take."""


class Raw(bytes):
    """Bytes that stand in the document as they are."""


class Pairs(list):
    """A dictionary whose keys keep their order, and may repeat."""


def encode(value):
    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, (bytes, bytearray)):
        return b"%d:" % len(value) + bytes(value)
    if isinstance(value, dict):
        named = {k.encode() if isinstance(k, str) else k: v for k, v in value.items()}
        value = Pairs(sorted(named.items()))
    if isinstance(value, Pairs):
        return b"d" + b"".join(encode(k) + encode(v) for k, v in value) + b"e"
    return b"l" + b"".join(map(encode, value)) + b"e"


def decode(data, at=0):
    """A value of well-formed bencoding and where it ends. For answers of the program under test."""
    kind = data[at : at + 1]
    if kind == b"i":
        end = data.index(b"e", at)
        return int(data[at + 1 : end]), end + 1
    if kind in (b"l", b"d"):
        items, at = [], at + 1
        while data[at : at + 1] != b"e":
            item, at = decode(data, at)
            items.append(item)
        if kind == b"l":
            return items, at + 1
        return dict(zip(items[::2], items[1::2])), at + 1
    colon = data.index(b":", at)
    end = colon + 1 + int(data[at:colon])
    return data[colon + 1 : end], end
