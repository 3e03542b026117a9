import DeterministicCore
import TorrentModel

/// How a torrent stands at a moment.
struct TransferSnapshot: Hashable, Sendable {
  enum Phase: String, Sendable {
    case hashing, metadata, checking, downloading, waiting, seeding
  }

  /// As the metainfo or the link has it; the info-hash before either is known.
  var name: String
  /// `nil` while the torrent is being made.
  var infoHash: InfoHash?
  var phase: Phase
  /// Verified bytes; while hashing and checking, bytes read.
  var bytesDone: UInt64
  /// Bytes wanted; 0 while the metadata is not known.
  var bytesTotal: UInt64
  /// Bytes a second; while hashing and checking, bytes read.
  var downRate: UInt64
  /// Bytes a second.
  var upRate: UInt64
  /// Connected peers, seeds among them.
  var peers: Int
  var seeds: Int
  /// Bytes uploaded, also by the earlier runs that this one resumes.
  var uploaded: UInt64
  /// Time to go at the present rate; `nil` when nothing moves.
  var eta: TimeSpan?
  /// Web servers in use.
  var webSeeds = 0
  /// Bytes fetched and verified, by where they came from.
  var fromPeers: UInt64 = 0
  var fromWebSeeds: UInt64 = 0
  /// What it was put under.
  var label: String?

  /// The `progress` event; bytes, bytes a second, and seconds.
  var event: JSONValue {
    .event(
      .progress,
      [
        ("name", .string(name)),
        ("infoHash", .optional(infoHash?.description)),
        ("label", .optional(label)),
        ("phase", .string(phase.rawValue)),
        ("done", .unsigned(bytesDone)),
        ("size", .unsigned(bytesTotal)),
        ("downRate", .unsigned(downRate)),
        ("upRate", .unsigned(upRate)),
        ("peers", .integer(Int64(peers))),
        ("seeds", .integer(Int64(seeds))),
        ("uploaded", .unsigned(uploaded)),
        ("eta", eta.map { .decimal($0.seconds) } ?? .null),
        ("webSeeds", .integer(Int64(webSeeds))),
        ("fromPeers", .unsigned(fromPeers)),
        ("fromWebSeeds", .unsigned(fromWebSeeds)),
      ])
  }

  /// One line for people: percent, rates, peers with seeds, and the time to go.
  ///
  /// - Parameter width: columns that it may take. The name gives way first: figures matter more.
  func line(in width: Int = .max) -> String {
    let figures = figures
    let room = width - TextColumns.count(figures) - 2
    let title = SafeText.visible(name) + (label.map { " [\($0)]" } ?? "")
    let fitted = TextColumns.fit(
      title, in: min(max(room, Self.shortestTitle), Self.longestTitle))
    return TextColumns.fit("\(fitted)  \(figures)", in: width)
  }

  /// Columns that a name takes at most, and that it keeps even where the figures do not fit.
  private static let longestTitle = 32
  private static let shortestTitle = 8

  private var figures: String {
    var peerText = "\(Format.count(peers, "peer")) (\(Format.count(seeds, "seed")))"
    if webSeeds > 0 { peerText += ", \(Format.count(webSeeds, "web seed"))" }
    let percent = Format.percent(bytesDone, of: bytesTotal)
    switch phase {
    case .hashing, .checking:
      var text = "\(phase.rawValue) \(percent) of \(Format.size(bytesTotal))"
      if downRate > 0 { text += "  \(Format.rate(downRate))" }
      if let eta { text += "  ETA \(Format.duration(eta))" }
      return text
    case .metadata:
      return "looking for metadata  \(peerText)"
    case .downloading:
      let time = eta.map { "ETA \(Format.duration($0))" } ?? "ETA unknown"
      return "\(percent) of \(Format.size(bytesTotal))  down \(Format.rate(downRate))  "
        + "up \(Format.rate(upRate))  \(peerText)  \(time)"
    case .waiting:
      return "\(percent) of \(Format.size(bytesTotal))  waiting for the disk  "
        + "up \(Format.rate(upRate))  \(peerText)"
    case .seeding:
      return "seeding \(Format.size(bytesTotal))  up \(Format.rate(upRate))  "
        + "\(peerText)  uploaded \(Format.size(uploaded))"
    }
  }
}

extension TransferSnapshot {
  /// A torrent that is being made: nothing read, nobody there.
  init(hashing layout: FileLayout) {
    self.init(
      name: layout.name, infoHash: nil, phase: .hashing, bytesDone: 0,
      bytesTotal: layout.totalLength, downRate: 0, upRate: 0, peers: 0, seeds: 0, uploaded: 0)
  }

  /// A torrent whose data is being checked.
  init(checking info: TorrentInfo) {
    self.init(hashing: info.layout)
    infoHash = info.infoHash
    phase = .checking
  }
}

/// How a download went, once it is complete and verified.
struct TransferSummary: Hashable, Sendable {
  var name: String
  var infoHash: InfoHash
  /// Bytes.
  var size: UInt64
  /// Bytes that had to be downloaded: what was there already does not count for the rate.
  var downloaded: UInt64
  var time: TimeSpan
  /// Peers that data came from.
  var peers: Int
  /// Bytes fetched and verified, by where they came from.
  var fromPeers: UInt64 = 0
  var fromWebSeeds: UInt64 = 0

  /// Where the data came from, when not all of it came from peers.
  var sources: String? {
    guard fromWebSeeds > 0 else { return nil }
    return "\(Format.size(fromPeers)) from peers, \(Format.size(fromWebSeeds)) from web seeds"
  }

  /// Bytes a second, over the whole time.
  var rate: UInt64 {
    time.nanoseconds > 0 ? UInt64(Double(downloaded) / time.seconds) : 0
  }

  /// The last line of a finished `get`.
  var line: String {
    "complete \(SafeText.visible(name)) \(Format.size(size)) in \(Format.duration(time)) "
      + "(\(Format.rate(rate))), \(peers) peers, verified"
  }

  var event: JSONValue {
    .event(
      .complete,
      [
        ("name", .string(name)),
        ("infoHash", .string(infoHash.description)),
        ("size", .unsigned(size)),
        ("downloaded", .unsigned(downloaded)),
        ("seconds", .decimal(time.seconds)),
        ("rate", .unsigned(rate)),
        ("peers", .integer(Int64(peers))),
        ("fromPeers", .unsigned(fromPeers)),
        ("fromWebSeeds", .unsigned(fromWebSeeds)),
      ])
  }
}
