import Foundation
import Testing

/// One payload from one client to another.
struct Transfer: CustomTestStringConvertible, Sendable {
  var seeder: ClientKind
  var leecher: ClientKind
  var source: Source
  var payload: Payload
  var tracker: TrackerKind
  var encryption = false

  var testDescription: String {
    "\(seeder) to \(leecher), \(source), \(payload), \(tracker) tracks"
      + (encryption ? ", encryption tried" : "")
  }

  static let limit = Duration.seconds(40)

  /// Seeds with the one, downloads with the other, and compares what arrived.
  func run() async throws {
    try await Arena.run { arena in
      let original = try arena.makeFolder("original")
      let tracker = try RunningTracker.prepare(tracker)
      let path = try payload.write(below: original)
      // The torrent is the seeder's work when shoal seeds, and a stranger's otherwise.
      let torrent =
        seeder == .shoal
        ? try await Torrent.makeWithShoal(of: path, announce: tracker.announce, in: arena)
        : try await Torrent.makeWithLibtorrent(of: path, announce: tracker.announce, in: arena)
      try await tracker.start(tracking: torrent, in: arena)

      // Held until the end: a client ends its program when nobody holds it.
      let uploading = try await seeder.start(
        ClientOptions(
          folder: original, source: torrent.metainfo.path, address: try Arena.allocateAddress(),
          seeds: true, encryption: encryption),
        in: arena)
      // A leecher that asks first would be told of nobody, and ask again a minute later.
      try await wait(until: "\(seeder) has announced itself as a seeder", within: .seconds(20)) {
        if let code = uploading.process.exitCode() { throw Failure("\(seeder) exited: \(code)") }
        return try await tracker.seeders(of: torrent) >= 1
      }

      let copy = try arena.makeFolder("copy")
      let downloading = try await leecher.start(
        ClientOptions(
          folder: copy, source: source.argument(torrent), address: try Arena.allocateAddress(),
          seeds: false, encryption: encryption),
        in: arena)
      try await downloading.waitUntilComplete(within: Transfer.limit)
      try payload.expectEqual(original, copy, madeBy: leecher)
    }
  }
}
