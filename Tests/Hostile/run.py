#!/usr/bin/env python3
"""Runs the program against hostile input of every kind, and checks what comes of it.

usage: Scripts/with-namespace Tests/Hostile/run.py [--long] [--only TEXT] [--json FILE]

Prints a line for each input: its class, what was to come of it, what came, and what that took.
Exits 1 when anything else came than was to. --long adds the inputs that take their time; --only
runs those whose class or name holds TEXT. SHOAL_BINARY names the binary; the default is the release
build.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import answers
import bencode
import connections
import network
import program
import requests
import streams
import torrents
import verdicts


class Bench:
    """What the checks share: a seed, a tracker and a share that outlive every attack."""

    def __init__(self, folder, content=None, document=None):
        self.folder = folder
        self.content = content or b"".join(b"%07d\n" % n for n in range(17_000))
        with open(folder + "/target.bin", "wb") as file:
            file.write(self.content)
        self.torrent = folder + "/target.torrent"
        if document:
            with open(self.torrent, "wb") as file:
                file.write(document)
        else:
            words = ["create", "--v1", "target.bin", "-o", self.torrent, "--public"]
            program.run(words + ["--piece-length", "32KiB"], folder)
        shown = program.run(["show", "--json", self.torrent], folder)
        described = json.loads(shown.output)
        self.infohash, self.pieces = described["infoHash"], described["pieces"]
        self.ordinary = shown.mib

    def __enter__(self):
        os.mkdir(self.folder + "/state")
        os.mkdir(self.folder + "/<img src=x onerror=alert(1)>")
        with open(self.folder + "/<img src=x onerror=alert(1)>/\x1b[2J<b>", "w") as file:
            file.write("x")
        at = ["--listen", "127.0.0.1:7001"]
        self.seed_port, self.tracker_port, self.share_port = 7001, 7002, 7003
        self.seed = program.Running(
            ["seed", self.torrent, "--data", self.folder] + at, self.folder)
        self.tracker = program.Running(
            ["tracker", "--open", "--data", "state", "--listen", "127.0.0.1:7002"], self.folder)
        self.share = program.Running(
            ["share", "<img src=x onerror=alert(1)>", "--listen", "127.0.0.1:7003"], self.folder)
        self.seed.wait_for(rb"seeding ")
        self.tracker.wait_for(rb"announce to")
        self.share.wait_for(rb"page ")
        for _ in range(3):
            connections.check_honest(self)
            self.swarm()
        return self

    def __exit__(self, *_):
        for running in (self.seed, self.tracker, self.share):
            running.__exit__()

    def swarm(self):
        """What the tracker knows of the torrent of all these announces."""
        port, wanted = self.tracker_port, requests.HASH
        return connections.body_of(connections.fetch(port, f"/scrape?info_hash={wanted}"))


def check(case, bench, way):
    """What came of a case, whether it was to, and what it took."""
    cost, start = verdicts.Cost(bench.ordinary), time.monotonic()
    try:
        with tempfile.TemporaryDirectory(dir=bench.folder) as folder:
            got = way(case, folder, cost, bench)
        met = True
    except (AssertionError, OSError, ValueError) as fault:
        met, got = False, f"{type(fault).__name__}: {fault}"
    return {"class": case.group, "input": case.name, "verdict": case.verdict, "met": met,
            "got": got, "seconds": round(time.monotonic() - start, 1),
            "cpu": round(cost.cpu, 2), "mib": round(cost.mib, 1)}


def check_page(bench):
    """The page of a share whose folder is named by somebody who knows HTML."""
    page = connections.fetch(bench.share_port, "/")
    verdicts.expect(b"<img" not in page and b"alert(1)" in page, "markup is live on the page")
    verdicts.expect(b"\x1b" not in page, "an escape is on the page")


def plan(case):
    """The ways a case is checked: by itself, because it shares a server whose costs are measured or
    costs much, or beside others, because it mostly waits."""
    if case.group == "forgery":
        # Who is to be asked must not be taken for one who is not.
        return [(verdicts.check_named, case.verdict == "accepted")]
    if case.kind == "torrent":
        return [(verdicts.check_torrent, case.verdict == "bounded")]
    if case.kind == "magnet":
        return [(verdicts.check_magnet, False)]
    if case.kind in ("answer", "datagram answer"):
        return [(verdicts.check_answer, False)]
    if case.kind == "stream":
        alone = (connections.check_stream, True)
        return [alone] if case.slow else [alone, (connections.check_download, False)]
    return [(connections.check_request, True)]


def run_all(cases, bench):
    planned = [(case, way, alone) for case in cases for way, alone in plan(case)]
    with network.Honeypots(network.PRIVATE_PLACES) as bench.honeypots:
        with ThreadPoolExecutor(8) as pool:
            yield from pool.map(lambda each: check(each[0], bench, each[1]),
                                [each for each in planned if not each[2]])
    for case, way, alone in planned:
        if alone:
            fresh = network.PRIVATE_PLACES if way is verdicts.check_named else []
            with network.Honeypots(fresh) as bench.honeypots:
                yield check(case, bench, way)


def line(result):
    mark = "ok  " if result["met"] else "FAIL"
    return (f"{mark} {result['class']:9} {result['input'][:44]:44} {result['verdict']:17} "
            f"{result['got'][:200]:24} {result['cpu']:5.2f} s CPU {result['mib']:6.1f} MiB "
            f"{result['seconds']:5.1f} s")


def report(results, path):
    failed = 0
    collected = []
    for result in results:
        collected.append(result)
        failed += not result["met"]
        print(line(result), flush=True)
    print(f"{len(collected)} hostile inputs, {failed} met other than they were to be")
    if path:
        with open(path, "w") as file:
            json.dump(collected, file, indent=1)
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, add_help=True)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--json")
    options = parser.parse_args()
    if not os.environ.get("SHOAL_TEST_NETWORK"):
        sys.exit("run.py: no network of its own; run it by Scripts/with-namespace")
    network.prepare()
    with tempfile.TemporaryDirectory(prefix="shoal-hostile-") as folder:
        with Bench(folder) as bench:
            cases = [*torrents.all_cases(), *answers.answers(),
                     *streams.streams(bench.infohash, bench.pieces),
                     *requests.at_tracker(), *requests.at_page()]
            chosen = [case for case in cases if (options.long or not case.slow)
                      and options.only in f"{case.group} {case.name}"]
            check_page(bench)
            return report(run_all(chosen, bench), options.json)


if __name__ == "__main__":
    sys.exit(main())
