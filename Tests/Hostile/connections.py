"""Whether what came of a connection or a datagram is what was to come of it."""

import os
import re
import select
import socket
import struct
import time

import bencode
import program
import requests
from case import CONNECTION_MIB, CPU_SECONDS
from network import HostilePeer, receive
from streams import handshake, message, words
from verdicts import expect, expect_told, files_below

# What the program gives a peer to say who it is, and a request to be whole, with room to spare.
DEADLINE = 30.0
# How long a connection is watched that may stay open.
WATCH = 0.4


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def send_and_watch(port, data, patience):
    """What comes back, and whether the connection has ended."""
    answer, sent = b"", 0
    with connect(port) as connection:
        connection.setblocking(False)
        end = time.monotonic() + patience
        while time.monotonic() < end:
            writing = [connection] if sent < len(data) else []
            readable, writable, _ = select.select([connection], writing, [], 0.1)
            try:
                if writable:
                    sent += connection.send(data[sent : sent + 65536])
                if readable:
                    part = connection.recv(65536)
                    if not part:
                        return answer, True
                    answer += part
            except OSError:
                return answer, True
    return answer, False


def check_honest(bench):
    """A peer that behaves gets a block, and gets the right one."""
    with connect(bench.seed_port) as peer:
        peer.sendall(handshake(bench.infohash) + message(2))
        receive(peer, 68)
        while True:
            kind, payload = receive_message(peer)
            if kind == 1:
                peer.sendall(message(6, words(0, 0, 16384)))
            if kind == 7:
                expect(payload == words(0, 0) + bench.content[:16384], "a wrong block is served")
                return


def receive_message(peer):
    length, = struct.unpack(">I", receive(peer, 4))
    payload = receive(peer, length)
    return (payload[0] if payload else None), payload[1:]


def check_stream(case, _, cost, bench):
    """Sends it to a seed, between two requests of an honest peer."""
    if case.verdict == "timed out":
        return check_loris(case, bench)
    check_honest(bench)
    cpu, mib = bench.seed.cpu(), bench.seed.mib()
    patience = DEADLINE if case.verdict == "closed" else WATCH
    answer, ended = send_and_watch(bench.seed_port, case.data, patience)
    expect(bench.seed.is_alive(), "the seed died")
    cost.cpu, cost.mib = bench.seed.cpu() - cpu, bench.seed.mib() - mib
    expect(cost.cpu <= CPU_SECONDS, f"{cost.cpu:.1f} s of CPU")
    expect(cost.mib <= CONNECTION_MIB, f"{cost.mib:.1f} MiB more resident")
    if case.verdict == "closed":
        expect(ended, "the connection stays open")
    if case.play.get("keyed"):
        # A key for a key; that a peer listens is all that this tells.
        expect(96 <= len(answer) <= 96 + 512, f"{len(answer)} bytes for a key")
        expect(b"BitTorrent" not in answer, "a handshake for a key")
    elif bench.infohash not in case.data.hex():
        expect(answer == b"", "an answer to somebody who knows no torrent of ours")
    check_honest(bench)
    return "closed" if ended else "open"


def check_download(case, folder, cost, bench):
    """The same peer as the only one of a download, by the file or, for what is about metadata, by
    the link."""
    source = bench.torrent
    if case.play.get("metadata"):
        source = "magnet:?xt=urn:btih:" + bench.infohash
    with HostilePeer(case.data) as peer:
        words = ["get", source, "-o", "root", "--stall-timeout", "1s", "--listen", "127.0.0.1:0"]
        run = program.run(words + ["--peer", f"127.0.0.1:{peer.port}"], folder)
        cost.add(run)
        expect_told(run, "get")
        expect(run.code == 7, f"get exits {run.code}")
        expect(peer.met, "get never met the peer")
    cost.check()
    target = folder + "/root/target.bin"
    expect(not os.path.exists(target) or os.stat(target).st_blocks == 0, "data was written")
    return "nothing written"


def check_loris(case, bench):
    """Many peers that say who they are a byte at a time."""
    peers = [connect(bench.seed_port) for _ in range(case.play["copies"])]
    start, open_peers, sent = time.monotonic(), set(peers), 0
    while open_peers and time.monotonic() < start + DEADLINE:
        for peer in list(open_peers):
            try:
                peer.send(case.data[sent % len(case.data) :][:1])
            except OSError:
                open_peers.discard(peer)
        check_honest(bench)
        sent += 1
        until = time.monotonic() + case.play["each"]
        while open_peers and time.monotonic() < until:
            # A poll, since descriptors may be more than select takes.
            poll = select.poll()
            by_number = {peer.fileno(): peer for peer in open_peers}
            for number in by_number:
                poll.register(number, select.POLLIN)
            for number, _ in poll.poll(100):
                open_peers.discard(by_number[number])
    for peer in peers:
        peer.close()
    expect(not open_peers, f"{len(open_peers)} are still open after {DEADLINE:.0f} s")
    check_honest(bench)
    return f"closed within {time.monotonic() - start:.0f} s"


def fetch(port, path):
    answer, _ = send_and_watch(port, requests.get(path), 10)
    return answer


def status_of(answer):
    found = re.match(rb"HTTP/1\.[01] (\d{3}) ", answer)
    return int(found.group(1)) if found else None


def body_of(answer):
    return answer.partition(b"\r\n\r\n")[2]


def is_failure(answer):
    status = status_of(answer)
    if status == 200:
        return b"failure reason" in bencode.decode(body_of(answer))[0]
    return status is not None and 400 <= status < 500


def check_request(case, _, cost, bench):
    if case.play.get("server") == "share":
        answer, _ = send_and_watch(bench.share_port, case.data, DEADLINE)
        status = status_of(answer)
        expect(status is not None and 400 <= status < 500, f"the status is {status}")
        expect(b"root:" not in answer, "a file of the system is shown")
        expect(status_of(fetch(bench.share_port, "/")) == 200, "the page is gone")
        return str(status)
    before = bench.swarm()
    cpu, mib = bench.tracker.cpu(), bench.tracker.mib()
    if case.kind == "datagram":
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(case.data, ("127.0.0.1", bench.tracker_port))
            heard = select.select([sender], [], [], 0.3)[0]
            reply = sender.recv(65536) if heard else b""
        expect(len(reply) <= len(case.data), f"{len(reply)} bytes for {len(case.data)}")
        got = f"{len(reply)} bytes" if heard else "silence"
    else:
        answer, ended = send_and_watch(bench.tracker_port, case.data, DEADLINE)
        expect(ended, "the connection stays open")
        got = "failure" if is_failure(answer) else str(status_of(answer) or "closed")
        if case.verdict == "error":
            # A request that is none may go without an answer; it must not be taken for one.
            expect(is_failure(answer) or answer == b"", f"answered {answer[:80]!r}")
        else:
            expect(status_of(answer) == 200 and not is_failure(answer), f"{answer[:200]!r}")
    expect(bench.tracker.is_alive(), "the tracker died")
    cost.cpu, cost.mib = bench.tracker.cpu() - cpu, bench.tracker.mib() - mib
    expect(cost.cpu <= CPU_SECONDS, f"{cost.cpu:.1f} s of CPU")
    expect(cost.mib <= 2 * CONNECTION_MIB, f"{cost.mib:.1f} MiB more resident")
    if case.verdict == "accepted":
        peers = body_of(fetch(bench.tracker_port, requests.announce(port=7777, left=1)))
        expect(not any(mark in peers for mark in case.play.get("absent", [])), "a victim is named")
    else:
        expect(bench.swarm() == before, "the swarm has changed")
    return got
