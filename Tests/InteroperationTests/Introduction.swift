import Foundation
import Testing

/// Who tells the two of each other, where there is no tracker.
enum Herald: String, CaseIterable, Sendable {
  /// Shoal's command line.
  case user
  /// The local network (BEP 14).
  case localNetwork
}

/// One payload between shoal and another client with no tracker: shoal alone knows where the other
/// is, and connects to it, as leecher or as seeder.
struct Introduction: CustomTestStringConvertible, Sendable {
  var other: ClientKind
  var shoalSeeds: Bool
  var source: Source
  var herald = Herald.user
  var superSeeds = false
  var version = Torrent.Version.v1

  var testDescription: String {
    "shoal \(shoalSeeds ? "serves" : "fetches from") \(other), \(source), \(herald)\(superSeeds ? ", super-seeding" : "")\(version == .v1 ? "" : ", \(version)")"
  }

  func run() async throws {
    try await Arena.run { arena in
      let payload = Payload.folder
      let folders = (original: try arena.makeFolder("original"), copy: try arena.makeFolder("copy"))
      let torrent = try await Torrent.makeWithLibtorrent(
        of: try payload.write(below: folders.original), version: version, announce: nil, in: arena)

      func start(
        _ kind: ClientKind, seeding: Bool, knowing peers: [SocketAddress] = []
      ) async throws -> (address: SocketAddress, client: any Client) {
        let address = try Arena.allocateAddress()
        let options = ClientOptions(
          folder: seeding ? folders.original : folders.copy,
          source: seeding ? torrent.metainfo.path : source.argument(torrent), address: address,
          seeds: seeding, peers: herald == .user ? peers : [],
          discoversLocally: herald == .localNetwork, superSeeds: superSeeds && seeding)
        return (address, try await kind.start(options, in: arena))
      }

      let stranger = try await start(other, seeding: !shoalSeeds)
      try await wait(until: "\(other) listens", within: .seconds(20)) {
        stranger.address.accepts()
      }
      if !shoalSeeds && other != .shoal {
        try await stranger.client.waitUntilComplete(within: .seconds(20))
      }
      let shoal = try await start(.shoal, seeding: shoalSeeds, knowing: [stranger.address])

      let leecher = shoalSeeds ? stranger.client : shoal.client
      try await leecher.waitUntilComplete(within: Transfer.limit)
      try payload.expectEqual(
        folders.original, folders.copy, madeBy: shoalSeeds ? other : .shoal)
    }
  }
}
