import Foundation
import FoundationNetworking

/// The trackers the tests use, each over HTTP.
enum TrackerKind: String, CaseIterable, Sendable {
  case shoal, opentracker
}

/// A running tracker.
struct RunningTracker {
  var kind: TrackerKind
  var address: SocketAddress

  var announce: String { "http://\(address)/announce" }

  static func prepare(_ kind: TrackerKind) throws -> RunningTracker {
    RunningTracker(kind: kind, address: try Arena.allocateAddress())
  }

  /// Starts it and returns when it accepts connections.
  func start(tracking torrent: Torrent, in arena: Arena) async throws {
    let state = try arena.makeFolder("tracker")
    let process: ChildProcess
    switch kind {
    case .shoal:
      process = try arena.start(
        "shoal-tracker", try Arena.shoal(),
        ["tracker", "--listen", "\(address)", "--open", "--data", state.path])
    case .opentracker:
      // Debian's build tracks the torrents of a list only, named relative to its folder.
      let list = state.appending(path: "torrents")
      try Data("\(torrent.infoHash)\n".utf8).write(to: list)
      let port = String(address.port)
      process = try arena.start(
        "opentracker", "opentracker",
        ["-i", address.host, "-p", port, "-P", port, "-d", state.path, "-w", "torrents"])
    }
    try await wait(until: "the tracker listens", within: .seconds(10)) {
      if let code = process.exitCode() { throw Failure("the tracker exited with \(code)") }
      return address.accepts()
    }
  }

  /// How many seeders have announced themselves, by scrape (BEP 48).
  func seeders(of torrent: Torrent) async throws -> Int {
    guard let url = URL(string: "http://\(address)/scrape?info_hash=\(torrent.escapedInfoHash)")
    else { throw Failure("no scrape URL for \(torrent.infoHash)") }
    let (body, _) = try await URLSession.shared.data(from: url)
    let key = Data("8:completei".utf8)
    guard let range = body.range(of: key) else { return 0 }
    let digits = body[range.upperBound...].prefix { $0 != UInt8(ascii: "e") }
    return Int(String(decoding: digits, as: UTF8.self)) ?? 0
  }
}
