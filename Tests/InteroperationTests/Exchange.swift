import Foundation
import Testing

/// A seeder and a leecher that know of a third peer only, the hub: by its word alone (BEP 11) can the
/// leecher find the seeder. The hub itself takes a block a second, so that what it passes on would
/// take minutes.
struct Exchange: CustomTestStringConvertible, Sendable {
  var seeder: ClientKind
  var hub: ClientKind
  var leecher: ClientKind
  var isPrivate = false

  var testDescription: String {
    "\(hub) tells \(leecher) of \(seeder)\(isPrivate ? ", which it must not" : "")"
  }

  private static let hubRate = 16 * 1024

  func run() async throws {
    try await Arena.run { arena in
      let payload = Payload.folder
      let folders = (original: try arena.makeFolder("original"), copy: try arena.makeFolder("copy"))
      let torrent = try await Torrent.makeWithLibtorrent(
        of: try payload.write(below: folders.original), announce: nil, isPrivate: isPrivate,
        in: arena)
      var addresses: [SocketAddress] = []
      func start(
        _ kind: ClientKind, in folder: URL, seeds: Bool = false, stays: Bool = false,
        limit: Int = 0, knowing peers: [SocketAddress] = []
      ) async throws -> any Client {
        let address = try Arena.allocateAddress()
        addresses.append(address)
        return try await kind.start(
          ClientOptions(
            folder: folder, source: torrent.metainfo.path, address: address, seeds: seeds,
            stays: stays, downloadLimit: limit, peers: peers, isVerbose: true), in: arena)
      }
      _ = try await start(
        hub, in: try arena.makeFolder("hub"), stays: true, limit: Exchange.hubRate)
      let hubAddress = addresses[0]
      try await wait(until: "the hub listens", within: .seconds(20)) { hubAddress.accepts() }
      _ = try await start(seeder, in: folders.original, seeds: true, knowing: [hubAddress])
      let client = try await start(leecher, in: folders.copy, knowing: [hubAddress])
      if isPrivate {
        try await Task.sleep(for: .seconds(8))
        let output = client.process.output()
        #expect(output.contains("connected to \(hubAddress)"))
        #expect(!output.contains("connected to \(addresses[1])"))
        return
      }
      try await client.waitUntilComplete(within: .seconds(45))
      try payload.expectEqual(folders.original, folders.copy, madeBy: leecher)
    }
  }
}
