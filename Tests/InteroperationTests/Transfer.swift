import Foundation
import Testing

/// One payload from one client to another.
struct Transfer: CustomTestStringConvertible, Sendable {
  var seeder: ClientKind
  var leecher: ClientKind
  var source: Source
  var payload: Payload
  var tracker: TrackerKind
  /// What each is told.
  var seederEncryption = Encryption.off
  var leecherEncryption = Encryption.off
  var version = Torrent.Version.v1

  var testDescription: String {
    var text = "\(seeder) to \(leecher), \(source), \(payload), \(tracker) tracks"
    if version != .v1 { text += ", \(version)" }
    if (seederEncryption, leecherEncryption) != (.off, .off) {
      text += ", encryption \(seederEncryption) and \(leecherEncryption)"
    }
    return text
  }

  /// Transmission alone takes up to 25 s: it decides about interest and choking every ten.
  static let limit = Duration.seconds(90)

  /// Seeds with the one, downloads with the other, and compares what arrived.
  func run() async throws {
    try await Arena.run { arena in
      let original = try arena.makeFolder("original")
      let tracker = try RunningTracker.prepare(tracker)
      let path = try payload.write(below: original)
      let torrent = try await Torrent.make(
        by: seeder, of: path, version: version, announce: tracker.announce, in: arena)
      try await tracker.start(tracking: torrent, in: arena)
      _ = try await seeder.seed(
        torrent, from: original, with: tracker, encryption: seederEncryption, in: arena)

      let copy = try arena.makeFolder("copy")
      let downloading = try await leecher.start(
        ClientOptions(
          folder: copy, source: source.argument(torrent), address: try Arena.allocateAddress(),
          seeds: false, encryption: leecherEncryption),
        in: arena)
      try await downloading.waitUntilComplete(within: Transfer.limit)
      try payload.expectEqual(original, copy, madeBy: leecher)
    }
  }
}
