"""What one hostile input is, and what is to come of it."""

from dataclasses import dataclass, field

# What each verdict asks for; `verdicts.py` checks it.
VERDICTS = {
    "refused": "exit 3 with one line that says why; nothing is written",
    "accepted": "taken, and works: a program that refuses everything is no safe one",
    "raw hash": "refused, or the info-hash is that of the bytes as they stand",
    "contained": "refused, or each listed file stands alone and beneath the download folder",
    "escaped": "no control character, no bidirectional override and no live markup is shown",
    "bounded": "at most 2 s of CPU and 64 MiB more than an ordinary input takes",
    "unfetched": "no connection is made to the address that strangers named",
    "ignored": "dropped; the session goes on, and dials nobody for it",
    "clamped": "the tracker is not asked again within the minute",
    "closed": "the connection ends, nothing is written, and honest peers are served",
    "closed or ignored": "the connection ends or idles, and nothing else comes of it",
    "timed out": "the connection ends within 30 s, and honest peers are served meanwhile",
    "error": "a failure reason or a status of 4xx, and nothing has changed",
    "silence": "no datagram, or none longer than the request; nothing has changed",
    "denied": "a status of 4xx",
}

CPU_SECONDS = 2.0
EXTRA_MIB = 64.0
CONNECTION_MIB = 1.0


@dataclass
class Case:
    group: str
    name: str
    verdict: str
    # torrent, magnet, answer, datagram answer, stream, request or datagram
    kind: str
    data: bytes
    infohash: str = ""
    # Takes longer than everyday runs should.
    slow: bool = False
    play: dict = field(default_factory=dict)
