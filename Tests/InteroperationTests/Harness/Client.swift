import Foundation

/// A BitTorrent program that a test runs as one peer, at one address, for one torrent.
protocol Client: AnyObject {
  var process: ChildProcess { get }

  /// Whether all data has arrived, as the program itself says.
  func isComplete() async throws -> Bool

  /// Leaves the swarm in the way in which the program says farewell to its tracker.
  func leave() async throws
}

extension Client {
  func leave() async throws { process.end() }

  /// Returns when the program says that it has everything.
  func waitUntilComplete(within limit: Duration) async throws {
    try await wait(until: "\(process.name) is complete", within: limit) {
      if try await isComplete() { return true }
      if let code = process.exitCode() {
        throw Failure("\(process.name) exited with \(code) before it was complete")
      }
      return false
    }
  }
}

/// How a client is run.
struct ClientOptions {
  /// The folder the payload is in, or goes to.
  var folder: URL
  /// A path of a `.torrent` file, or a magnet link.
  var source: String
  var address: SocketAddress
  /// Whether the folder has the payload already.
  var seeds: Bool
  /// Whether a program that could leave when it has everything is to stay for the others.
  var stays = false
  /// Bytes a second; 0 is without limit.
  var downloadLimit = 0
  /// Bytes a second; 0 is without limit. Of libtorrent only.
  var uploadLimit = 0
  /// Peers that shoal and libtorrent are told of by their command lines.
  var peers: [SocketAddress] = []
  /// Whether shoal and libtorrent look for peers on the local network.
  var discoversLocally = false
  /// Whether shoal and libtorrent show each peer a piece at a time.
  var superSeeds = false
  /// Whether shoal tells of its connections.
  var isVerbose = false
  var encryption = Encryption.off
}

/// What a program is told of message stream encryption.
enum Encryption: String, CaseIterable, Sendable {
  /// Nothing, or to leave it alone.
  case off
  /// To try it first.
  case preferred
  /// To speak to nobody without it, and then to leave what follows the handshake in plain text. Only
  /// libtorrent can be told so; shoal is told that it is preferred.
  case handshake
  /// To speak to nobody without it, and to encrypt everything.
  case everything
}

enum ClientKind: String, CaseIterable, Sendable {
  case aria2, libtorrent, shoal, transmission

  /// Everybody else's.
  static let others: [ClientKind] = [.aria2, .libtorrent, .transmission]

  /// Transmission 3.00 makes no file until a block of it arrives.
  var leavesOutEmptyFiles: Bool { self == .transmission }

  func start(_ options: ClientOptions, in arena: Arena) async throws -> any Client {
    switch self {
    case .aria2: try Aria2(options, in: arena)
    case .libtorrent: try Libtorrent(options, in: arena)
    case .shoal: try Shoal(options, in: arena)
    case .transmission: try await Transmission(options, in: arena)
    }
  }

  /// Seeds a payload, and returns when the tracker knows: a leecher that asked before would be told
  /// of nobody, and ask again only minutes later.
  func seed(
    _ torrent: Torrent, from folder: URL, with tracker: RunningTracker,
    encryption: Encryption = .off,
    in arena: Arena
  ) async throws -> any Client {
    let options = ClientOptions(
      folder: folder, source: torrent.metainfo.path, address: try Arena.allocateAddress(),
      seeds: true, encryption: encryption)
    let client = try await start(options, in: arena)
    try await wait(until: "\(self) has announced itself as a seeder", within: .seconds(20)) {
      if let code = client.process.exitCode() { throw Failure("\(self) exited with \(code)") }
      return try await tracker.seeders(of: torrent) >= 1
    }
    return client
  }
}
