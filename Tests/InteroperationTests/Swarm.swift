import Foundation
import Testing

/// A swarm whose seeder leaves after one copy is out. The only complete copy left is then the
/// quickest leecher's, and every other has to get the rest from it or from one another.
struct Swarm: CustomTestStringConvertible, Sendable {
  var seeder: ClientKind
  var quickest: ClientKind
  var slow: [ClientKind]
  var tracker: TrackerKind

  var testDescription: String { "\(quickest) is quickest, \(seeder) seeds, \(tracker) tracks" }

  /// Bytes a second: the slow take 27 s, and nobody takes longer than 20 s without a limit.
  static let slowRate = 200 * 1024

  func run() async throws {
    try await Arena.run { arena in
      let payload = Payload.folder
      let original = try arena.makeFolder("original")
      let tracker = try RunningTracker.prepare(tracker)
      let path = try payload.write(below: original, times: 5)
      let torrent = try await Torrent.make(
        by: seeder, of: path, announce: tracker.announce, in: arena)
      try await tracker.start(tracking: torrent, in: arena)
      let uploading = try await seeder.seed(torrent, from: original, with: tracker, in: arena)

      var leechers: [(kind: ClientKind, copy: URL, client: any Client)] = []
      for kind in [quickest] + slow {
        let copy = try arena.makeFolder("copy-of-\(kind)")
        let options = ClientOptions(
          folder: copy, source: torrent.magnet, address: try Arena.allocateAddress(),
          seeds: false, stays: true, downloadLimit: kind == quickest ? 0 : Swarm.slowRate)
        leechers.append((kind, copy, try await kind.start(options, in: arena)))
      }
      try await leechers[0].client.waitUntilComplete(within: .seconds(60))
      uploading.process.end()

      var stillNeeding: [ClientKind] = []
      for leecher in leechers.dropFirst() where try await !leecher.client.isComplete() {
        stillNeeding.append(leecher.kind)
      }
      #expect(!stillNeeding.isEmpty, "the seeder stayed until everybody had everything")

      for leecher in leechers {
        try await leecher.client.waitUntilComplete(within: .seconds(120))
        try payload.expectEqual(original, leecher.copy, madeBy: leecher.kind)
      }
    }
  }
}
