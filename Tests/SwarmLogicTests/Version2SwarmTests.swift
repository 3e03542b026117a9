import DeterministicCore
import Hashing
import PeerWire
import Testing
import TorrentModel

@testable import SwarmLogic

/// A swarm of a torrent of version 2, and peers that speak to it.
private final class Stage {
  var swarm: Swarm
  let info: TorrentInfo
  private var effects: [SwarmEffect] = []
  private var tickets: UInt64 = 0

  static let blockLength = 16_384
  /// Three pieces of four blocks in a file, and a short file.
  static let content = (0..<12).map { SHA256.hash([UInt8($0)]) }

  init(isReady: Bool = true, isHybrid: Bool = false, have: Bool = false) throws {
    let layout = try FileLayout(
      name: "x", isSingleFile: false,
      listed: [
        ListedFile(path: ["a"], length: 12 * 16_384), ListedFile(path: ["b"], length: 7),
      ], alignment: 65_536)
    var lanes = SHA256Lanes()
    var hashes: [PieceHashes] = []
    for first in stride(from: 0, to: 12, by: 4) {
      let root = MerkleTree.root(of: Array(Self.content[first..<first + 4]), with: &lanes)
      hashes.append(PieceHashes(sha1: .zero, root: root))
    }
    hashes.append(PieceHashes(sha1: .zero, root: SHA256.hash([7])))
    let builder = MetainfoBuilder(
      layout: layout, pieceLength: 65_536, version: isHybrid ? .hybrid : .v2)
    info = try Metainfo(builder.document(hashes: hashes)).info
    swarm = Swarm(
      infoHash: info.infoHash, peerID: SwarmScript.peerID(1), listenPort: nil,
      configuration: SwarmConfiguration(), generator: SeededGenerator(seed: 1), at: .zero)
    swarm.learn(v1: info.infoHashV1, v2: info.infoHashV2?.truncated)
    guard isReady else { return }
    tell(.trees(try #require(info.trees)))
    let count = info.geometry.pieceCount
    tell(
      .ready(
        info.geometry, have: have ? .full(count: count) : Bitfield(count: count), wanted: nil,
        metadata: Array(info.bytes)))
  }

  @discardableResult
  func tell(_ input: SwarmInput, at seconds: Int = 0) -> [SwarmEffect] {
    effects.removeAll()
    swarm.handle(input, at: .zero + .seconds(seconds), into: &effects)
    return effects
  }

  func accept(_ name: InfoHash, bits: ReservedBits = .ours) throws -> PeerKey {
    tickets += 1
    let handshake = Handshake(
      reserved: bits, infoHash: name, peerID: SwarmScript.peerID(UInt8(10 + tickets)))
    let endpoint = Endpoint(.v4(0x0a00_0000 + UInt32(tickets)), port: 1)
    for case .adopt(_, let key) in tell(.accepted(ticket: tickets, from: endpoint, handshake)) {
      return key
    }
    throw Refused()
  }

  struct Refused: Error {}

  @discardableResult
  func hears(_ message: PeerMessage, from key: PeerKey, at seconds: Int = 0)
    -> [SwarmEffect]
  {
    tell(.received(message, from: key), at: seconds)
  }

  static func sent(_ effects: [SwarmEffect]) -> [(PeerKey, PeerMessage)] {
    effects.compactMap { effect in
      if case .send(let key, let message) = effect { (key, message) } else { nil }
    }
  }

  static func asked(_ effects: [SwarmEffect]) -> [(key: PeerKey, range: HashRange)] {
    sent(effects).compactMap { key, message in
      if case .hashRequest(let range) = message { (key, range) } else { nil }
    }
  }
}

@Suite struct Version2SwarmTests {
  private let both = ReservedBits(word: ReservedBits.ours.word | ReservedBits.version2.word)

  @Test func aHybridTorrentIsMetUnderBothNamesAndUpgraded() throws {
    let stage = try Stage(isHybrid: true)
    let (v1, v2) = (stage.info.swarmHashes[0], stage.info.swarmHashes[1])
    #expect(stage.swarm.names.all == [v1, v2])
    #expect(stage.swarm.names.reserved == both)
    for (name, bits, answer, isVersion2) in [
      (v1, ReservedBits.ours, v1, false), (v1, both, v2, true), (v2, .ours, v2, true),
      (v2, both, v2, true),
    ] {
      let key = try stage.accept(name, bits: bits)
      #expect(stage.swarm.peers[key].isVersion2 == isVersion2)
      let handshake = Handshake(reserved: bits, infoHash: name, peerID: SwarmScript.peerID(9))
      #expect(stage.swarm.names.answer(to: handshake) == answer)
    }
    #expect(throws: Stage.Refused.self) { try stage.accept(InfoHash(.zero)) }
    // Who answers our dial under the new name speaks version 2; who keeps to the old one does not.
    for (name, isVersion2) in [(v1, false), (v2, true)] {
      let endpoint = Endpoint(.v4(0x0a01_0000 + (isVersion2 ? 1 : 2)), port: 1)
      for case .connect(let key, _, _) in stage.tell(.candidates([endpoint], from: .tracker)) {
        let id = SwarmScript.peerID(isVersion2 ? 77 : 78)
        stage.tell(.handshake(key, Handshake(reserved: both, infoHash: name, peerID: id)))
        #expect(stage.swarm.peers[key].isVersion2 == isVersion2)
      }
    }
  }

  /// Who knows one name hangs up on the other; who was named under one is called by that.
  @Test func aPeerThatHangsUpIsCalledByTheOtherName() throws {
    let stage = try Stage(isHybrid: true)
    let (v1, v2) = (stage.info.swarmHashes[0], stage.info.swarmHashes[1])
    func call(_ input: SwarmInput) -> PeerKey? {
      for case .connect(let key, _, _) in stage.tell(input) { return key }
      return nil
    }
    for (number, (named, first, second)) in [(nil, v1, v2), (v1, v1, v2), (v2, v2, v1)].enumerated()
    {
      let endpoint = Endpoint(.v4(0x0a02_0000 + UInt32(number)), port: 1)
      let one = try #require(call(.candidates([endpoint], from: .tracker, under: named)))
      #expect(stage.swarm.name(dialling: one) == first)
      let other = try #require(call(.refused(one)))
      #expect(stage.swarm.name(dialling: other) == second)
      // Both were tried: it waits for its next turn.
      #expect(call(.refused(other)) == nil)
    }
  }

  /// Where a short file comes first, the first piece has fewer blocks than those behind it.
  @Test func theFirstPieceMayBeShorterThanOthers() throws {
    let layout = try FileLayout(
      name: "x", isSingleFile: false,
      listed: [ListedFile(path: ["a"], length: 4), ListedFile(path: ["b"], length: 200_000)],
      alignment: 65_536)
    let geometry = try #require(PieceGeometry(layout, pieceLength: 65_536))
    let count = geometry.pieceCount
    var picker = PiecePicker(
      geometry: geometry, have: Bitfield(count: count), generator: SeededGenerator(seed: 1))
    picker.add(.full(count: count))
    var blocks: [Block] = []
    let peer = PeerKey(slot: 0, generation: 1)
    picker.pick(for: peer, has: .full(count: count), atMost: 100, into: &blocks)
    let all = (0..<count).flatMap { piece in
      (0..<geometry.blockCount(in: PieceIndex(piece))).map {
        geometry.block($0, in: PieceIndex(piece))
      }
    }
    #expect(blocks.count == all.count && Set(blocks) == Set(all))
  }

  @Test func aPeerOfOneNameIsCalledByItAgain() throws {
    let stage = try Stage(isHybrid: true)
    let v2 = stage.info.swarmHashes[1]
    let endpoint = Endpoint(.v4(0x0a02_0009), port: 1)
    var keys: [PeerKey] = []
    func follow(_ effects: [SwarmEffect]) {
      for case .connect(let key, _, _) in effects { keys.append(key) }
    }
    follow(stage.tell(.candidates([endpoint], from: .tracker)))
    follow(stage.tell(.refused(keys[0])))
    stage.tell(
      .handshake(keys[1], Handshake(reserved: both, infoHash: v2, peerID: SwarmScript.peerID(99))))
    stage.tell(.ended(keys[1]))
    follow(stage.tell(.wake, at: 120))
    #expect(keys.count == 3 && stage.swarm.name(dialling: keys[2]) == v2)
  }

  @Test func nodesAreGivenAndLeavesAreReadForThem() throws {
    let stage = try Stage(have: true)
    let key = try stage.accept(stage.info.infoHash)
    let trees = try #require(stage.info.trees)
    let nodes = HashRange(root: trees.roots[0], layer: 2, first: 0, count: 4, proofLayers: 1)
    let answer = Stage.sent(stage.hears(.hashRequest(nodes), from: key))
    guard case .hashes(nodes, let given)? = answer.first?.1 else {
      Issue.record("no nodes: \(answer)")
      return
    }
    #expect(given == Array(trees.nodes[0..<3]) + [MerkleTree.padding(height: 2)])

    let leaves = HashRange(root: trees.roots[0], layer: 0, first: 8, count: 4, proofLayers: 1)
    guard case .readLeaves(key, leaves, 2)? = stage.hears(.hashRequest(leaves), from: key).first
    else {
      Issue.record("nothing is read")
      return
    }
    // One at a time.
    #expect(
      Stage.sent(stage.hears(.hashRequest(leaves), from: key)).map(\.1) == [.hashReject(leaves)])
    let read = Array(Stage.content[8..<12])
    #expect(
      Stage.sent(stage.tell(.leavesRead(key, leaves, 2, read))).map(\.1)
        == [.hashes(leaves, read)])
    stage.hears(.hashRequest(leaves), from: key)
    #expect(
      Stage.sent(stage.tell(.leavesRead(key, leaves, 2, []))).map(\.1) == [.hashReject(leaves)])
    for _ in 0..<2000 { stage.hears(.hashRequest(nodes), from: key) }
    #expect(
      Stage.sent(stage.hears(.hashRequest(nodes), from: key)).map(\.1) == [.hashReject(nodes)])
  }

  @Test func aLinkIsFollowedByNodesOfWhichFalseOnesEndTheConnection() throws {
    let stage = try Stage(isReady: false)
    let liar = try stage.accept(stage.info.infoHash)
    let metadata = Array(stage.info.bytes)
    var known = try TorrentInfo(metadata: metadata, expecting: stage.info.infoHash)
    #expect(!known.canVerify)
    let asked = Stage.asked(
      stage.tell(.layersMissing(try #require(known.trees), metadata: metadata)))
    #expect(asked.map(\.key) == [liar])
    let range = try #require(asked.first).range
    let honest = try stage.accept(stage.info.infoHash)
    let ended = stage.hears(
      .hashes(range, Array(repeating: .zero, count: Int(range.count))), from: liar)
    #expect(ended.contains { if case .close(liar, _) = $0 { true } else { false } })
    #expect(Stage.asked(ended).map(\.key) == [honest])

    // A refusal leaves the peer alone for a while, and then it is asked again.
    #expect(Stage.asked(stage.hears(.hashReject(range), from: honest)).isEmpty)
    #expect(Stage.asked(stage.tell(.wake, at: 1)).isEmpty)
    #expect(Stage.asked(stage.tell(.wake, at: 11)).map(\.key) == [honest])
    let trees = try #require(stage.info.trees)
    var server = NodeServer(trees)
    guard case .nodes(let nodes) = server.answer(range) else { return }
    let done = stage.hears(.hashes(range, nodes), from: honest, at: 12)
    guard case .layersComplete(let all)? = done.first else {
      Issue.record("the nodes are all here: \(done)")
      return
    }
    try known.take(nodes: all)
    #expect(known.canVerify)
  }

  /// The piece came from two peers, and a third tells its leaves: the sender of the false block goes
  /// at once, before the piece is fetched again.
  @Test func oneFalseBlockConvictsItsSenderBeforeThePieceIsFetchedAgain() throws {
    let stage = try Stage()
    var keys: [PeerKey] = []
    for _ in 0..<3 {
      let key = try stage.accept(stage.info.infoHash)
      stage.hears(.bitfield([0b1000_0000]), from: key)
      keys.append(key)
    }
    // The first gives half of the piece and refuses the rest, which the second gives.
    func requested(_ effects: [SwarmEffect]) -> [Block] {
      Stage.sent(effects).compactMap { _, message in
        if case .request(let block) = message { block } else { nil }
      }
    }
    let blocks = requested(stage.hears(.unchoke, from: keys[0]))
    try #require(blocks.count == 4)
    for block in blocks.prefix(2) { stage.tell(.landed(block, from: keys[0])) }
    for block in blocks.suffix(2) { stage.hears(.reject(block), from: keys[0]) }
    let spoiler = keys[1]
    try #require(requested(stage.hears(.unchoke, from: spoiler)) == Array(blocks.suffix(2)))
    for block in blocks.suffix(2) { stage.tell(.landed(block, from: spoiler)) }
    var digests = Stage.content[0..<4].map(\.truncated)
    digests[3] = SHA256.hash([99]).truncated
    let asked = Stage.asked(stage.tell(.pieceFailed(0, blockDigests: digests)))
    #expect(asked.count == 1)
    let inquiry = try #require(asked.first)
    let told = stage.hears(
      .hashes(inquiry.range, Array(Stage.content[0..<4])), from: inquiry.key)
    let banned = told.contains {
      if case .close(let key, .corruptPiece) = $0 { key == spoiler } else { false }
    }
    #expect(banned)
    #expect(stage.swarm.peers.contains(keys[0]) && stage.swarm.peers.contains(keys[2]))
  }
}
