import Foundation
import Testing

extension Interoperation {
  /// Peers of a private torrent come from its own trackers only (BEP 27).
  @Suite struct PrivateTorrents {
    /// The public one shows that what a private one must not send would be seen.
    @Test(arguments: [true, false])
    func `of a private torrent nobody hears but its tracker and its peers`(
      isPrivate: Bool
    ) async throws {
      try await Arena.run { arena in
        let payload = Payload.folder
        let original = try arena.makeFolder("original")
        let copy = try arena.makeFolder("copy")
        let tracker = try RunningTracker.prepare(.opentracker)
        let torrent = try await Torrent.makeWithLibtorrent(
          of: try payload.write(below: original), announce: tracker.announce, isPrivate: isPrivate,
          in: arena)
        try await tracker.start(tracking: torrent, in: arena)
        let seed = try Arena.allocateAddress()
        _ = try await ClientKind.shoal.start(
          ClientOptions(
            folder: original, source: torrent.metainfo.path, address: seed, seeds: true,
            stays: true), in: arena)
        try await wait(until: "the seeder has announced", within: .seconds(20)) {
          try await tracker.seeders(of: torrent) == 1
        }
        let enclosure = try await Enclosure(hosts: [tracker.address.host, seed.host], in: arena)
        // Neighbours are looked for by default; a ring is another place to ask.
        let nobody = try Arena.allocateAddress()
        let shoal = try enclosure.start(
          "shoal-get", try Arena.shoal(),
          [
            "get", torrent.metainfo.path, "-o", copy.path, "--seed-time", "3s", "--ring",
            "open:harbour", "--bootstrap", "\(nobody)", "--stall-timeout", "20s",
          ])
        try await wait(until: "shoal ended", within: .seconds(60)) { shoal.exitCode() != nil }
        guard shoal.exitCode() == 0 else { throw Failure("shoal failed") }
        try payload.expectEqual(original, copy, madeBy: .shoal)
        let sent = try await enclosure.sent()
        #expect(sent.through > 10)
        #expect(isPrivate ? sent.around == 0 : sent.around > 0, "\(sent)")
      }
    }
  }
}
