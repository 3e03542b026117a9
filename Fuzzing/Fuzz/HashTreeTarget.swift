import DeterministicCore
import Hashing
import PeerWire
import SwarmLogic
import TorrentModel

extension FuzzTarget {
  /// A seed of version 2 that is asked for nodes of hash trees (BEP 52).
  static var hashRequests: FuzzTarget {
    .stateful("hash-requests") { input in
      var seed = HashSeed()
      while !input.isEmpty { seed.ask(&input) }
    }
  }
}

/// Whatever is asked, there is one answer, and nodes that are given lead to the root.
private struct HashSeed: ~Copyable {
  private var swarm: Swarm
  private var key: PeerKey?
  private var effects: [SwarmEffect] = []

  /// Trees of several heights, leaves of which nobody knows.
  private static let info: TorrentInfo = {
    let blocks: [UInt64] = [1, 3, 4, 9, 40, 700]
    do {
      let layout = try FileLayout(
        name: "fuzz", isSingleFile: false,
        listed: blocks.map { ListedFile(path: ["\($0)"], length: $0 << 14) },
        alignment: 64 << 10)
      guard let geometry = PieceGeometry(layout, pieceLength: 64 << 10) else {
        fatalError("no geometry")
      }
      let builder = MetainfoBuilder(layout: layout, pieceLength: 64 << 10, version: .v2)
      let nodes = (0..<geometry.pieceCount).map { SHA256.hash([UInt8(truncatingIfNeeded: $0)]) }
      return try Metainfo(builder.document(hashes: nodes.map { PieceHashes(root: $0) })).info
    } catch {
      fatalError("the seed is no torrent: \(error)")
    }
  }()

  init() {
    let info = Self.info
    swarm = Swarm(
      infoHash: info.infoHash, peerID: PeerID(bytes: Array(repeating: 1, count: 20))!,
      listenPort: nil, configuration: SwarmConfiguration(), generator: SeededGenerator(seed: 1),
      at: .zero)
    swarm.learn(v1: nil, v2: info.infoHash)
    swarm.handle(.trees(info.trees!), at: .zero, into: &effects)
    swarm.handle(
      .ready(
        info.geometry, have: .full(count: info.geometry.pieceCount), wanted: nil,
        metadata: Array(info.bytes)), at: .zero, into: &effects)
    let handshake = Handshake(
      infoHash: info.infoHash, peerID: PeerID(bytes: Array(repeating: 2, count: 20))!)
    swarm.handle(
      .accepted(ticket: 0, from: Endpoint(.v4(0x0a00_0001), port: 1), handshake), at: .zero,
      into: &effects)
    for case .adopt(_, let key) in effects { self.key = key }
  }

  mutating func ask(_ input: inout FuzzInput) {
    guard let key else { fatalError("no peer") }
    let roots = Self.info.trees!.roots
    let range = HashRange(
      root: input.isOne(in: 20) ? .zero : roots[input.below(roots.count)], layer: number(&input),
      first: number(&input) &* (input.isOne(in: 4) ? 1 : 512), count: 1 << UInt32(input.below(14)),
      proofLayers: number(&input))
    effects.removeAll()
    swarm.handle(.received(.hashRequest(range), from: key), at: .zero, into: &effects)
    var answers = 0
    for effect in effects {
      switch effect {
      case .send(_, .hashReject(let refused)):
        require(refused == range, "another range is refused")
        answers += 1
      case .send(_, .hashes(let told, let nodes)):
        require(told == range, "another range is answered")
        let count = Int(range.count)
        guard nodes.count >= count, let tree = roots.firstIndex(of: range.root) else {
          fatalError("\(nodes.count) nodes for \(range)")
        }
        let found = MerkleTree.root(
          of: Array(nodes.prefix(count)), first: Int(range.first), uncles: nodes.dropFirst(count))
        let top = Self.info.trees!.geometry.trees[tree].layerCount - 1
        let isProven = Int(range.proofLayers) + 1 == top - Int(range.layer)
        require(found == range.root || !isProven, "nodes of another tree")
        answers += 1
      case .readLeaves(_, let wanted, let piece):
        require(wanted == range && Self.info.geometry.contains(piece), "\(piece) is no piece")
        answers += 1
        swarm.handle(
          .leavesRead(key, range, piece, [.zero, .zero]), at: .zero, into: &effects)
      default: break
      }
    }
    require(answers == 1, "\(answers) answers to \(range)")
  }

  private func number(_ input: inout FuzzInput) -> UInt32 {
    input.isOne(in: 16) ? input.number() : UInt32(input.below(12))
  }
}
