import DeterministicCore
import Hashing
import PeerWire
import Testing
import TorrentModel

@testable import SwarmLogic

/// A torrent of version 2 whose leaves are any, as if they were the digests of blocks.
private struct Grove {
  /// Of each file.
  let leaves: [[Bytes32]]
  let info: TorrentInfo
  let trees: FileTrees

  static let pieceLength: UInt64 = 64 << 10
  static let blocksInPiece = 4

  /// - Parameter blocks: of each file.
  init(_ blocks: [Int]) throws {
    var random = SeededGenerator(seed: UInt64(blocks.count))
    leaves = blocks.map { count in
      (0..<count).map { _ in
        Bytes32((0..<32).map { _ in UInt8(truncatingIfNeeded: random.next()) })!
      }
    }
    let layout = try FileLayout(
      name: "grove", isSingleFile: false,
      listed: blocks.enumerated().map { number, count in
        ListedFile(path: ["f\(1000 + number)"], length: UInt64(count) * 16_384)
      }, alignment: Self.pieceLength)
    let nodes = leaves.flatMap { leaves in
      stride(from: 0, to: leaves.count, by: Self.blocksInPiece).map { first in
        let ofPiece = Array(leaves[first..<min(first + Self.blocksInPiece, leaves.count)])
        let isWhole = leaves.count <= Self.blocksInPiece
        return Self.root(ofPiece, width: isWhole ? Self.width(leaves.count) : Self.blocksInPiece)
      }
    }
    let builder = MetainfoBuilder(layout: layout, pieceLength: Self.pieceLength, version: .v2)
    info = try Metainfo(builder.document(hashes: nodes.map { PieceHashes(root: $0) })).info
    trees = try #require(info.trees)
  }

  static func width(_ count: Int) -> Int {
    var width = 1
    while width < count { width *= 2 }
    return width
  }

  /// A node at a time, as BEP 52 tells it.
  static func root(_ leaves: [Bytes32], width: Int) -> Bytes32 {
    guard width > 1 else { return leaves.first ?? .zero }
    return SHA256.hash(
      root(Array(leaves.prefix(width / 2)), width: width / 2).bytes
        + root(Array(leaves.dropFirst(width / 2)), width: width / 2).bytes)
  }

  /// A node of a file's tree.
  func node(_ index: Int, at layer: Int, of file: Int) -> Bytes32 {
    let width = 1 << layer
    return Self.root(Array(leaves[file].dropFirst(index * width).prefix(width)), width: width)
  }

  /// What a range is to be answered with.
  func answer(_ range: HashRange, of file: Int) -> [Bytes32] {
    var nodes = (0..<Int(range.count)).map {
      node(Int(range.first) + $0, at: Int(range.layer), of: file)
    }
    var (layer, place, width) = (Int(range.layer), Int(range.first), Int(range.count))
    for proof in 0..<Int(range.proofLayers) {
      layer += 1
      place /= 2
      width /= 2
      // Inside the tree over the nodes a proof layer has no node of its own.
      if width <= 1, proof >= Int(range.count).trailingZeroBitCount - 1 {
        nodes.append(node(place ^ 1, at: layer, of: file))
      }
    }
    return nodes
  }

  func layerCount(of file: Int) -> Int { Self.width(leaves[file].count).trailingZeroBitCount + 1 }
}

@Suite struct NodeServerTests {
  @Test func everyRangeThatATreeHasIsAnsweredAndNoOther() throws {
    let blocks = [1, 2, 3, 4, 5, 7, 8, 9, 16, 33]
    let grove = try Grove(blocks)
    var server = NodeServer(grove.trees)
    for (file, count) in blocks.enumerated() {
      let top = grove.layerCount(of: file) - 1
      for layer in 0...top + 1 {
        for height in 0...6 {
          for first in stride(from: 0, through: 40, by: max(1, 1 << height)) {
            for proofs in 0...6 {
              let range = HashRange(
                root: grove.trees.roots[file], layer: UInt32(layer), first: UInt32(first),
                count: UInt32(1 << height), proofLayers: UInt32(proofs))
              let answer = whole(range, file, grove, &server)
              let isThere =
                height >= 1 && layer < top && first + 1 << height <= 1 << (top - layer)
                && proofs < top - layer
              let isKnown =
                count > Grove.blocksInPiece
                ? layer >= 2 || layer == 0 && 1 << height <= Grove.blocksInPiece
                : layer == 0
              #expect(
                answer == (isThere && isKnown ? grove.answer(range, of: file) : nil),
                "file of \(count) blocks, \(range)")
            }
          }
        }
      }
    }
  }

  private func whole(
    _ range: HashRange, _ file: Int, _ grove: Grove, _ server: inout NodeServer
  ) -> [Bytes32]? {
    switch server.answer(range) {
    case .nodes(let nodes): return nodes
    case .none: return nil
    case .needsLeaves(let piece):
      let tree = grove.trees.geometry.trees[file]
      let start = (piece.index - tree.firstPiece) * Grove.blocksInPiece
      let leaves = grove.leaves[file].dropFirst(start).prefix(Grove.blocksInPiece)
      return server.answer(range, leaves: Array(leaves), of: piece)
    }
  }

  @Test func whatNoPeerInItsRightMindAsksForIsRefused() throws {
    let grove = try Grove([40])
    var server = NodeServer(grove.trees)
    let root = grove.trees.roots[0]
    let good = HashRange(root: root, layer: 2, first: 0, count: 2, proofLayers: 1)
    let answer = server.answer(good)
    #expect(answer != .none)
    for range in [
      HashRange(root: .zero, layer: 2, first: 0, count: 2, proofLayers: 1),
      HashRange(root: root, layer: .max, first: 0, count: 2, proofLayers: 1),
      HashRange(root: root, layer: 2, first: .max - 1, count: 2, proofLayers: 1),
      HashRange(root: root, layer: 2, first: 1, count: 2, proofLayers: 1),
      HashRange(root: root, layer: 2, first: 0, count: 3, proofLayers: 1),
      HashRange(root: root, layer: 2, first: 0, count: 0, proofLayers: 1),
      HashRange(root: root, layer: 2, first: 0, count: 1 << 31, proofLayers: 1),
      HashRange(root: root, layer: 2, first: 0, count: 2, proofLayers: .max),
    ] {
      let answer = server.answer(range)
      #expect(answer == .none, "\(range)")
    }
  }
}

@Suite struct LayerExchangeTests {
  private let peer = PeerKey(slot: 1, generation: 1)
  private let other = PeerKey(slot: 2, generation: 1)

  @Test func allNodesAreGatheredFromWhoeverHasThem() throws {
    // Several ranges of a long file, the last of one piece; two files alike but for their leaves.
    let grove = try Grove([4 * 1025, 3, 9, 2 * 512 * 4])
    var server = NodeServer(grove.trees)
    var exchange = LayerExchange(grove.trees)
    var complete: [Bytes32]?
    var asked = 0
    while complete == nil {
      let ranges = exchange.request(of: peer, at: .zero)
      #expect(!ranges.isEmpty && ranges.count <= LayerExchange.mostRequestsPerPeer)
      guard !ranges.isEmpty else { return }
      for range in ranges {
        asked += 1
        #expect(range.count >= 2 && range.count <= HashRange.mostNodes)
        #expect(range.first.isMultiple(of: range.count))
        guard case .nodes(let nodes) = server.answer(range) else {
          Issue.record("\(range) is none of the tree's")
          return
        }
        switch exchange.take(range, nodes, from: peer) {
        case .complete(let nodes): complete = nodes
        case .taken: break
        default: Issue.record("a right answer is refused: \(range)")
        }
      }
    }
    #expect(complete == grove.trees.nodes)
    #expect(asked == 3 + 1 + 2)
  }

  @Test func falseNodesAreTheirSendersFault() throws {
    let grove = try Grove([9 * 4])
    var server = NodeServer(grove.trees)
    var exchange = LayerExchange(grove.trees)
    let range = exchange.request(of: peer, at: .zero)[0]
    guard case .nodes(let nodes) = server.answer(range) else { return }
    #expect(exchange.take(range, nodes, from: other) == .unwanted)
    for place in nodes.indices {
      var spoiled = nodes
      spoiled[place] = Bytes32(Array(repeating: 1, count: 32))!
      #expect(exchange.take(range, spoiled, from: peer) == .wrong)
    }
    #expect(exchange.take(range, nodes.dropLast(), from: peer) == .wrong)
    #expect(exchange.take(range, nodes + [.zero], from: peer) == .wrong)
    #expect(exchange.take(range, nodes, from: peer) == .complete(grove.trees.nodes))
    #expect(exchange.take(range, nodes, from: peer) == .unwanted)
  }

  @Test func whatIsNotAnsweredIsAskedOfOthers() throws {
    let grove = try Grove([9 * 4, 5 * 4])
    var exchange = LayerExchange(grove.trees)
    let ranges = exchange.request(of: peer, at: .zero)
    #expect(ranges.count == 2)
    #expect(exchange.request(of: other, at: .zero).isEmpty)
    let released = [exchange.release(ranges[0], of: peer), exchange.release(ranges[0], of: peer)]
    #expect(released == [true, false])
    #expect(exchange.request(of: other, at: .zero) == [ranges[0]])
    #expect(exchange.expire(at: .zero + .seconds(9), patience: .seconds(8)) == [other, peer])
    #expect(exchange.request(of: other, at: .zero) == ranges)
    exchange.release(of: other)
    #expect(exchange.request(of: peer, at: .zero) == ranges)
  }
}

@Suite struct LeafInquiryTests {
  private let peer = PeerKey(slot: 1, generation: 1)

  @Test func leavesOfAPieceAreBelievedWhenTheyLeadToItsNode() throws {
    let grove = try Grove([4 * 3 + 2, 3, 1])
    let pieces = [(piece: 1, file: 0, first: 4, count: 4), (3, 0, 12, 2), (4, 1, 0, 3)]
    for (piece, file, first, count) in pieces {
      var inquiry = LeafInquiry()
      var server = NodeServer(grove.trees)
      let ranges = inquiry.begin(
        PieceIndex(piece), of: grove.trees, blockCount: count, from: peer, at: .zero)
      #expect(ranges.count == 1)
      #expect(!inquiry.hasRoom(for: PieceIndex(piece)))
      guard case .needsLeaves(PieceIndex(piece)) = server.answer(ranges[0]) else {
        Issue.record("another piece than \(piece)")
        continue
      }
      let leaves = Array(grove.leaves[file][first..<first + count])
      let answer = server.answer(ranges[0], leaves: leaves, of: PieceIndex(piece))
      #expect(
        inquiry.take(ranges[0], answer, from: PeerKey(slot: 9, generation: 1)) == .unwanted)
      var spoiled = inquiry
      #expect(spoiled.take(ranges[0], answer.reversed(), from: peer) == .wrong)
      #expect(inquiry.take(ranges[0], answer, from: peer) == .complete(PieceIndex(piece), leaves))
    }
    var inquiry = LeafInquiry()
    #expect(inquiry.begin(5, of: grove.trees, blockCount: 1, from: peer, at: .zero).isEmpty)
  }

  @Test func nobodyIsAskedForEver() throws {
    let grove = try Grove([8])
    var inquiry = LeafInquiry()
    let ranges = inquiry.begin(0, of: grove.trees, blockCount: 4, from: peer, at: .zero)
    #expect(inquiry.pieces(askedWith: ranges[0], of: peer) == [0])
    #expect(inquiry.pieces(askedBefore: .zero) == [0])
    for _ in 1..<LeafInquiry.mostAttempts {
      #expect(inquiry.ask(0, of: peer, at: .zero) == ranges)
    }
    #expect(inquiry.ask(0, of: peer, at: .zero).isEmpty)
    #expect(inquiry.hasRoom(for: 0))
  }
}
