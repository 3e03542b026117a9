/// Every event that `--json` prints. Scripts rely on the names and the keys: add, but do not change.
extension EventOutline {
  // MARK: Torrents

  static let started = EventOutline(
    "started", "work on a torrent begins",
    [.name, .infoHash, Key("listen", "addresses and ports that peers reach it at")])

  static let shared = EventOutline(
    "shared", "a torrent was made and is served",
    [
      .name, .infoHash, .size, .file, .magnet,
      Key("page", "URL of the page that shows it; null without one"),
    ])

  static let metadata = EventOutline(
    "metadata", "the metainfo is known", [.name, .infoHash, .size, .pieces])

  static let progress = EventOutline(
    "progress", "how a torrent stands, at most once a second",
    [
      .name, .infoHash, Key("label", "what it was put under; null for none"),
      Key("phase", "hashing, metadata, checking, downloading, waiting (for the disk) or seeding"),
      Key("done", "verified bytes; while hashing and checking, bytes read"),
      Key("size", "bytes wanted; 0 while the metadata is not known"),
      Key("downRate", "bytes a second"),
      Key("upRate", "bytes a second"),
      Key("peers", "connected peers, seeds among them"),
      Key("seeds", "connected peers that have it all"),
      Key("uploaded", "bytes, also of the earlier runs that this one resumes"),
      Key("eta", "seconds to go at this rate; null when nothing moves"),
      Key("webSeeds", "web servers that it is fetched from"), .fromPeers, .fromWebSeeds,
    ])

  static let pieceFailed = EventOutline(
    "piece-failed", "a piece came with the wrong hash and is fetched anew",
    [.infoHash, Key("piece", "number of the piece, from 0")])

  static let peerBanned = EventOutline(
    "peer-banned", "a peer sent what no honest one sends",
    [
      .infoHash, Key("peer", "its address; on a loopback address with the port"),
      Key("reason", "what it did"), Key("seconds", "how long it is refused"),
    ])

  static let tracker = EventOutline(
    "tracker", "a tracker answered, refused or could not be asked",
    [
      .infoHash, Key("url", "announce URL"), Key("state", "answered, refused or failed"),
      Key("message", "what it said, or why not"),
    ])

  static let webSeed = EventOutline(
    "web-seed", "a web server could not be used; others may be",
    [.infoHash, Key("url", "its scheme and host"), Key("message", "why not")])

  static let portMapping = EventOutline(
    "port-mapping", "the router was asked to let peers in",
    [
      Key("state", "mapped or failed"), Key("port", "mapped: ours; else null"),
      Key("outside", "mapped: the port outside; else null"),
      Key("message", "by PCP, NAT-PMP or UPnP, or why not"),
    ])

  static let ring = EventOutline(
    "ring", "a ring was asked for a torrent's peers",
    [
      .infoHash, Key("ring", "name of the ring"),
      Key("state", "found, announced, failed or barred (a private torrent, an open ring)"),
      Key("peers", "found: peers named; else null"), Key("message", "failed: why; else null"),
    ])

  static let ringNode = EventOutline(
    "ring-node", "this host's place in a ring",
    [
      Key("ring", "name of the ring"),
      Key(
        "state",
        "connected, reachable (this client becomes a node), joined, orphaned (joins again), "
          + "join-failed, successor, node-failed, left or unkept (the known nodes could not be "
          + "written)"),
      Key("node", "identifier of the node concerned, hexadecimal; null when none is"),
      Key("endpoint", "its address and port; null when none is"),
      Key("message", "what is wrong; null when nothing is"),
    ])

  static let state = EventOutline(
    "state", "what is kept of an unfinished download between two runs",
    [
      .infoHash,
      Key("state", "trusted, damaged (an older one or a check takes its place) or unkept"),
      Key("bytes", "trusted: verified by an earlier run and not read again; else null"),
      Key("message", "what is wrong; null when nothing is"),
    ])

  static let reused = EventOutline(
    "reused", "pieces were copied from files that are on the disk already",
    [
      .infoHash, Key("folder", "where they are"), Key("bytes", "copied, and not fetched"),
      Key("message", "why not all files there could be read; null when they could"),
    ])

  static let disk = EventOutline(
    "disk", "the disk refuses a torrent's data, or takes it again",
    [
      .infoHash, Key("state", "waiting (and tried again), resumed or failed"),
      Key("message", "what failed, on which path; null when resumed"),
    ])

  static let stream = EventOutline(
    "stream", "a file can be read over HTTP while it loads", [Key("url", "where")])

  static let complete = EventOutline(
    "complete", "a download is complete and verified",
    [
      .name, .infoHash, .size,
      Key("downloaded", "bytes that were not there before"),
      Key("seconds", "time it took"),
      Key("rate", "bytes a second over that time"),
      Key("peers", "peers that data came from"), .fromPeers, .fromWebSeeds,
    ])

  static let stopped = EventOutline("stopped", "work on a torrent has ended", [.infoHash])

  // MARK: Metainfo

  static let created = EventOutline(
    "created", "a .torrent file was written",
    [
      .name, .infoHash,
      Key("infoHashV2", "\(EventOutline.Key.infoHashV2.meaning); null without one"),
      .size, .pieceLength, .pieces, .file, .magnet,
      Key("skipped", "paths that were left out: links, devices, empty folders, what was excluded"),
    ])

  static let edited = EventOutline(
    "edited", "a .torrent file was changed",
    [
      .name, .infoHash, Key("previousInfoHash", "as it was before the change"), .file,
      Key("changed", "keys of the file that have another value"), .magnet,
    ])

  static let file = EventOutline(
    "file", "a file is not as the torrent says",
    [
      .infoHash, Key("path", "path below the download folder"),
      Key("state", "missing, short, long, damaged or uncertain"),
      Key("size", "bytes it should have"), Key("sizeOnDisk", "bytes it has; null when missing"),
      .badPieces,
    ])

  static let checked = EventOutline(
    "checked", "data was compared with its metainfo",
    [
      .name, .infoHash, .size, Key("matches", "whether every file is right"),
      Key("files", "number of files"), Key("badFiles", "number of files that are not right"),
      .pieces, Key("goodPieces", "number of pieces that are right"), .badPieces,
      Key("seconds", "time it took"),
    ])

  // MARK: Services

  static let serviceStarted = EventOutline(
    "started", "the tracker answers", [Key("listen", "addresses and ports it listens on")])

  static let serviceStopped = EventOutline("stopped", "the tracker has ended and kept its swarms")

  // MARK: Accounts

  static let member = EventOutline(
    "member", "a member of a private tracker, as the account stands",
    [
      Key("name", "what the member is called"), Key("number", "of the member, in its key"),
      Key("revoked", "whether the member is refused"),
      Key("torrents", "that may be active at once; null without limit"),
      Key("addresses", "that may announce at once; null without limit"),
      Key("uploaded", "bytes that count"), Key("downloaded", "bytes that count"),
      Key("ratio", "uploaded over downloaded; null while nothing was downloaded"),
      Key("movedUp", "bytes uploaded, before multipliers"),
      Key("movedDown", "bytes downloaded, before multipliers"),
      Key("seedTime", "seconds, of all torrents together"),
      Key("active", "sessions under way"),
      Key("lastSeen", "of the last announce, seconds since 1970; null for never"),
      Key("announce", "the member's own announce URLs; empty where nobody asked for them"),
    ])

  static let listed = EventOutline(
    "listed", "a torrent of a private tracker",
    [
      Key("state", "tracked or removed"), Key("name", "its title"), .infoHash, .size,
      Key("files", "number of files"), Key("tags", "words to find it by"),
      Key("uploadPercent", "how much of what is uploaded counts"),
      Key("downloadPercent", "how much of what is downloaded counts"),
      Key("movedUp", "bytes that members say they uploaded"),
      Key("movedDown", "bytes that members say they downloaded"),
      Key("completed", "downloads that became complete"),
    ])

  static let found = EventOutline(
    "found", "a torrent of a tracker's catalogue",
    [
      Key("name", "its title"), .infoHash, .size, Key("tags", "words to find it by"),
      Key("seeders", "peers that have it all"), Key("leechers", "peers that take it"),
      Key("free", "whether downloads cost nothing"),
      Key("document", "URL of the .torrent file, with your key in it"),
    ])

  static let exported = EventOutline(
    "exported", "a .torrent file was written for a member",
    [.infoHash, Key("name", "the member"), .file])

  // MARK: Nodes of a ring

  static let ringStarted = EventOutline(
    "started", "the node answers",
    [
      Key("listen", "addresses and ports it listens on"), Key("ring", "name of the ring"),
    ])

  static let ringProbe = EventOutline(
    "probe", "a key drawn by chance was looked up",
    [
      Key("ring", "name of the ring"), Key("key", "the key, hexadecimal"),
      Key("owner", "identifier of its owner; null when none was found"),
      Key("hops", "nodes asked one after the other"), Key("timeouts", "nodes that were gone"),
      Key("milliseconds", "time it took"),
      Key(
        "roundTrip",
        "milliseconds that the owner found the time before took to answer a ping; null without an "
          + "answer"),
    ])

  static let ringStopped = EventOutline(
    "stopped", "the node has left the ring",
    [
      Key("received", "datagrams that were read"), Key("receivedBytes", "bytes in them"),
      Key("sent", "datagrams"), Key("sentBytes", "bytes in them"),
      Key("flooded", "datagrams unread or unanswered, since their address sent too many"),
      Key("malformed", "datagrams that were no messages"),
      Key("wrongRing", "messages of another ring"),
      Key("unproven", "queries asked back for a token"),
      Key("unbound", "messages of nodes that do not belong to their address"),
      Key("uncertified", "messages in a closed ring that were not sealed"),
      Key("badCertificates", "greetings whose certificate or signature is not good"),
      Key("expired", "greetings with a certificate that is not valid now, or of an epoch gone by"),
      Key("forged", "sealed datagrams that were changed or not made by who they name"),
      Key("replayed", "sealed datagrams and greetings that came before"),
      Key("unknownLinks", "sealed datagrams under keys that are not known here"),
      Key("unsent", "datagrams to places nearer than a stranger may name"),
      Key("lookups", "keys looked up"), Key("failedLookups", "of them without an owner"),
      Key("records", "kept at the end"),
    ])

  // MARK: Simulations

  static let simulated = EventOutline(
    "simulated", "a run of a simulation held",
    [
      Key("scenario", "its name"), Key("seed", "what repeats it"),
      Key("peers", "hosts besides the seeds"), .pieces,
      Key("digest", "of all events; equal for equal runs"), Key("events", "number of them"),
      Key("bound", "seconds no policy can be faster than"),
      Key("lastSeconds", "until the last host was complete"),
      Key("meanSeconds", "from a host's arrival to its completion"),
      Key("makespanEfficiency", "bound over lastSeconds"),
      Key("meanEfficiency", "bound over meanSeconds"),
      Key("uplinkUse", "bytes sent over what the uplinks could send"),
      Key("firstCopyCost", "bytes the seed sent until there was a copy, over the length"),
      Key("waste", "bytes that were of no use, over those that were"),
      Key("leastDiversity", "evenness of the copies of pieces, 1 at best"),
      Key("longestStart", "seconds to a player's first picture, where there are players"),
      Key("stalls", "times that any player stood still"),
      Key("longestStalled", "seconds that a player stood still in all, at most"),
      Key(
        "groups",
        "objects with name, hosts, complete, meanSeconds, sent and received (bytes), "
          + "receivedOverGiven"),
    ])

  static let figure = EventOutline(
    "figure", "a figure of a ring's simulation",
    [
      Key("scenario", "its name"), Key("seed", "what repeats it"),
      Key("peers", "hosts of the ring"),
      Key("name", "what was measured"), Key("published", "what it is held against, in words"),
      Key("measured", "a number"), Key("holds", "whether it is within its bounds, if it has any"),
    ])

  // MARK: Failure

  static let error = EventOutline(
    "error", "the command failed; the last event",
    [
      Key("code", "exit code"), Key("kind", "word for the exit code"),
      Key("message", "what failed"), Key("subject", "what it failed on; null when that is plain"),
      Key("remedy", "what to do; null when there is nothing"),
    ])
}

extension [EventOutline] {
  /// What verbs that exchange data with peers tell.
  static let transfer: [EventOutline] = [
    .started, .metadata, .progress, .pieceFailed, .peerBanned, .tracker, .webSeed, .portMapping,
    .ring,
    .ringNode, .disk,
    .stopped,
  ]
}

extension EventOutline.Key {
  static let name = Self("name", "name of the torrent; the info-hash before it is known")
  static let infoHash = Self(
    "infoHash",
    "SHA-1 of the info dictionary, hexadecimal; of a torrent of version 2 alone the first half of its "
      + "SHA-256")
  static let infoHashV2 = Self(
    "infoHashV2", "SHA-256 of the info dictionary, hexadecimal, of a torrent of version 2")
  static let size = Self("size", "bytes of all files together")
  static let pieceLength = Self("pieceLength", "bytes in a piece")
  static let pieces = Self("pieces", "number of pieces")
  static let badPieces = Self("badPieces", "first and last piece of each run that is wrong")
  static let file = Self("file", "path of the .torrent file")
  static let fromPeers = Self("fromPeers", "verified bytes that this run fetched from peers")
  static let fromWebSeeds = Self(
    "fromWebSeeds", "verified bytes that this run fetched from web servers")
  static let magnet = Self("magnet", "magnet link")
}
