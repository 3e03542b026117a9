"""Whether what came of a torrent, a link or an answer is what was to come of it."""

import json
import os
import stat
import unicodedata

import network
import program
from case import CPU_SECONDS, EXTRA_MIB

DIRECTIONS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
ALONE = ["--listen", "127.0.0.1:0"]


def expect(condition, complaint):
    if not condition:
        raise AssertionError(complaint)


def expect_harmless(text, where):
    for character in text.decode("utf-8"):
        kind = unicodedata.category(character)
        hidden = kind in ("Cc", "Zl", "Zp") and character != "\n" or character in DIRECTIONS
        expect(not hidden, f"{where} shows {character!a} as it is")


def expect_told(run, where):
    """However a run ends, it ends by itself, in words that are safe to read."""
    expect(run.code is not None, f"{where} did not end")
    expect(run.code >= 0, f"{where} died of signal {-(run.code or 0)}")
    expect_harmless(run.output, where)
    expect_harmless(run.errors, where)
    if run.code != 0:
        said = run.errors or run.output.splitlines(True)[-1]
        expect(said.count(b"\n") == 1, f"{where} fails in other than one line: {said[:200]!r}")


class Cost:
    """What the runs for one case took, at most."""

    def __init__(self, ordinary):
        self.ordinary, self.cpu, self.mib = ordinary, 0.0, 0.0

    def add(self, run):
        self.cpu = max(self.cpu, run.cpu)
        self.mib = max(self.mib, run.mib - self.ordinary)
        return run

    def check(self):
        expect(self.cpu <= CPU_SECONDS, f"{self.cpu:.1f} s of CPU")
        expect(self.mib <= EXTRA_MIB, f"{self.mib:.0f} MiB more than usual")


def files_below(root):
    found = []
    for folder, folders, names in os.walk(root):
        for name in folders + names:
            status = os.lstat(os.path.join(folder, name))
            expect(not stat.S_ISLNK(status.st_mode), f"a symbolic link was made: {name!r}")
            if stat.S_ISREG(status.st_mode):
                found.append(status.st_size)
    return sorted(found)


def check_torrent(case, folder, cost, _):
    """Shows it, and fetches it into an empty folder beside which nothing may appear."""
    with open(folder + "/in.torrent", "wb") as file:
        file.write(case.data)
    os.mkdir(folder + "/root")
    table = cost.add(program.run(["show", "in.torrent"], folder))
    shown = cost.add(program.run(["show", "--json", "in.torrent"], folder))
    for run in (table, shown):
        expect_told(run, "show")
    expect(table.code == shown.code, "show has two opinions")
    expect(shown.code in (0, 3), f"show exits {shown.code}")
    if case.verdict == "refused":
        expect(shown.code == 3, f"show exits {shown.code}")
    if case.verdict == "accepted":
        expect(shown.code == 0, f"refused: {shown.output[:200]!r}")
    description = json.loads(shown.output)
    if shown.code == 0 and case.infohash:
        expect(description["infoHash"] == case.infohash, "another info-hash than the bytes have")
    if shown.code == 3:
        fetched = cost.add(program.run(["get", "in.torrent", "-o", "root"] + ALONE, folder))
        expect_told(fetched, "get")
        expect(fetched.code == 3, f"get exits {fetched.code}")
        expect(files_below(folder + "/root") == [], "something was written")
    else:
        check_fetch(case, folder, cost, description)
    beside = sorted(set(os.listdir(folder)) - {"in.torrent", "root"})
    expect(not beside, f"beside the download folder appeared {beside}")
    for path in case.play.get("absent", []):
        expect(not os.path.lexists(path), f"{path} was made")
    cost.check()
    return "refused" if shown.code == 3 else "accepted"


def check_fetch(case, folder, cost, description):
    if not case.play.get("zeros", True):
        return
    with network.ZeroSeeder(description["infoHash"], description["pieces"]) as seeder:
        words = ["get", "in.torrent", "-o", "root", "--peer", f"127.0.0.1:{seeder.port}"]
        fetched = program.run(words + ALONE + ["--stall-timeout", "30s"], folder, patience=60)
    if not case.play.get("disk", False):
        cost.add(fetched)
    expect_told(fetched, "get")
    expect(fetched.code == 0, f"get exits {fetched.code}: {fetched.errors[:200]!r}")
    sizes = sorted(file["size"] for file in description["files"])
    expect(files_below(folder + "/root") == sizes, "files are missing, shared or too many")
    magnet = cost.add(program.run(["magnet", "in.torrent"], folder))
    expect_told(magnet, "magnet")


def check_magnet(case, folder, cost, _):
    text = case.data.decode("latin1")
    # A link too long for an argument cannot be given as one.
    if len(text) >= 128 << 10:
        text = text[: (128 << 10) - 1]
    shown = cost.add(program.run(["show", text], folder))
    expect_told(shown, "show")
    expect(shown.code in (0, 3), f"show exits {shown.code}")
    if case.verdict == "refused":
        expect(shown.code == 3, f"show exits {shown.code}")
    words = ["get", text, "-o", "root", "--stall-timeout", "1s"] + ALONE
    fetched = cost.add(program.run(words, folder))
    expect_told(fetched, "get")
    expect(fetched.code == (3 if shown.code == 3 else 7), f"get exits {fetched.code}")
    cost.check()
    return "refused" if shown.code == 3 else "accepted"


def check_named(case, folder, cost, bench):
    """Gets a torrent or a link that names addresses near us. Where somebody is to be asked, the
    honeypots are fresh ones."""
    source = case.data.decode("latin1")
    if case.kind == "torrent":
        source = "in.torrent"
        with open(folder + "/" + source, "wb") as file:
            file.write(case.data)
    words = ["get", source, "-o", "root", "--json", "--stall-timeout", "2s"]
    run = cost.add(program.run(words + case.play.get("words", []), folder))
    visits = bench.honeypots.check()
    expect_told(run, "get")
    expect(run.code == 7, f"get exits {run.code}")
    if case.verdict == "accepted":
        expect(visits, "nobody was asked")
        return "asked " + visits[0]
    expect(not visits, f"this, or one beside it, went to {visits}")
    cost.check()
    return "nobody asked"


def check_answer(case, folder, cost, bench):
    """Downloads from an honest seed while a tracker answers so, and stays for a while."""
    address = case.play.get("address", network.PUBLIC)
    kind = network.DatagramTracker if case.kind == "datagram answer" else network.HTTPServer
    scheme = "udp" if case.kind == "datagram answer" else "http"
    with kind(case.data, address) as tracker:
        words = ["get", bench.torrent, "-o", "root", "--json", "--seed-time", "2s"]
        words += ["--tracker", f"{scheme}://{address}:{tracker.port}/announce"]
        words += ["--peer", f"127.0.0.1:{bench.seed_port}"]
        run = cost.add(program.run(words, folder))
    visits = bench.honeypots.check()
    expect_told(run, "get")
    expect(run.code == 0, f"get exits {run.code}: {run.errors[-200:]!r}")
    expect(not visits, f"this, or one beside it, went to {visits}")
    asked = [line for _, line in tracker.requests]
    expect(asked, "the tracker was not asked")
    again = [line for line in asked if "event=" not in line and scheme == "http"]
    expect(not again, f"{len(again)} announces without need")
    states = [event["state"] for event in run.events("tracker")]
    if not case.play.get("answers", True):
        expect("answered" not in states, "taken for an answer")
    cost.check()
    return states[0] if states else "no answer"
