import DeterministicCore
import Hashing
import PeerWire
import SwarmLogic
import TorrentModel

extension FuzzTarget {
  /// A swarm that peers, the disk and the clock talk to in whatever order: nothing traps and its
  /// invariants hold after each word.
  static var swarm: FuzzTarget {
    .stateful("swarm") { input in
      var game = SwarmGame(&input)
      for _ in 0..<400 where !input.isEmpty { game.step(&input) }
    }
  }
}

private struct SwarmGame: ~Copyable {
  private var swarm: Swarm
  private var effects: [SwarmEffect] = []
  private var keys: [PeerKey] = []
  private var verifying: [PieceIndex] = []
  private var uploads: [(key: PeerKey, block: Block)] = []
  private var now = Moment.zero
  private var tickets: UInt64 = 0
  private var wholes = 0
  private var isReady = false

  private static let infoHash = InfoHash(bytes: Array(repeating: 7, count: 20))!
  /// Four pieces of two blocks, the last cut short.
  private static let geometry = PieceGeometry(totalLength: 123, pieceLength: 32, blockLength: 16)!
  private static let metadataLength = 99

  init(_ input: inout FuzzInput) {
    var configuration = SwarmConfiguration()
    configuration.mostPeers = 12
    configuration.mostDials = 4
    configuration.mostQueuedRequests = 5
    configuration.mostPeersPerAddress = 3
    configuration.isSuperSeeding = input.isOne(in: 4)
    configuration.isSequential = input.isOne(in: 2)
    configuration.uploadSlots = input.below(3)
    swarm = Swarm(
      infoHash: Self.infoHash, peerID: PeerID(bytes: Array(repeating: 4, count: 20))!,
      listenPort: 6881, configuration: configuration,
      generator: SeededGenerator(seed: UInt64(input.byte())), at: .zero)
  }

  mutating func step(_ input: inout FuzzInput) {
    now = now + .milliseconds(input.isOne(in: 8) ? input.below(256) * 200 : input.below(256))
    effects.removeAll(keepingCapacity: true)
    swarm.handle(event(&input), at: now, into: &effects)
    for effect in effects { note(effect) }
    let broken = swarm.brokenInvariants
    require(broken.isEmpty, broken.joined(separator: "; "))
  }

  private mutating func note(_ effect: SwarmEffect) {
    switch effect {
    case .connect(let key, _, _), .adopt(_, let key): keys.append(key)
    case .fetch(let key, _, let pieces):
      require(!pieces.isEmpty && pieces.upperBound <= Self.geometry.pieceCount, "\(pieces)")
      if !keys.contains(key) { keys.append(key) }
    case .verify(let piece, _): verifying.append(piece)
    case .upload(let key, let block):
      require(Self.geometry.contains(block), "\(block) is not of the torrent")
      require(swarm.have?[block.piece] == true, "\(block) is not here")
      uploads.append((key, block))
    case .metadataComplete(let bytes):
      require(bytes.count <= MetadataMessage.longestMetadata, "metadata longer than allowed")
      wholes += 1
    default: break
    }
    if keys.count > 40 { keys.removeFirst() }
  }

  // MARK: Events

  private mutating func event(_ input: inout FuzzInput) -> SwarmInput {
    let key = keys.isEmpty ? PeerKey(slot: 0, generation: 0) : keys[input.below(keys.count)]
    switch input.below(20) {
    case 0: return .candidates([endpoint(&input)], from: input.isOne(in: 2) ? .user : .tracker)
    case 1:
      tickets += 1
      return .accepted(ticket: tickets, from: endpoint(&input), handshake(&input))
    case 2, 3: return .handshake(key, handshake(&input))
    case 4: return [.wake, .wake, .ended(key), .notDialled(key), .refused(key)][input.below(5)]
    case 5:
      switch input.below(16) {
      case 0: return .faulted(key, "noise")
      case 1: return .webSeeds(input.below(3))
      case 2: return .fetched(key, .done)
      case 3: return .fetched(key, .failed(retryAfter: nil))
      case 4: return .fetched(key, .refused(0..<input.below(Self.geometry.pieceCount + 1)))
      case 5: return .reachable(at: input.isOne(in: 2) ? 7000 : nil)
      case 6, 7:
        let first = input.below(Self.geometry.pieceCount + 2)
        return .reading(input.isOne(in: 4) ? [] : [first..<first + input.below(8), 0..<2])
      default: return .wake
      }
    case 6: return input.isOne(in: 30) ? .madePrivate : .downloadPaused(input.isOne(in: 4))
    case 7: return .discarded(block(&input), from: key)
    case 8, 9, 10: return landing(key, &input)
    case 11 where !uploads.isEmpty:
      let (key, block) = uploads.remove(at: input.below(min(256, uploads.count)))
      return input.isOne(in: 2) ? .unsent([block], to: key) : .uploaded(block, to: key)
    case 12 where !verifying.isEmpty:
      let piece = verifying.remove(at: input.below(verifying.count))
      switch input.below(4) {
      case 1: return .pieceFailed(piece, blockDigests: digests(of: piece, &input))
      case 2: return .pieceLost(piece)
      default: return .pieceVerified(piece, blockDigests: digests(of: piece, &input))
      }
    case 13 where !isReady: return readiness(&input)
    default: return .received(message(&input), from: key)
    }
  }

  private mutating func readiness(_ input: inout FuzzInput) -> SwarmInput {
    if wholes > 0, input.isOne(in: 2) {
      wholes = 0
      return .metadataFailed
    }
    isReady = true
    var have = Bitfield(count: Self.geometry.pieceCount)
    for piece in 0..<have.count where input.isOne(in: 4) { have.insert(PieceIndex(piece)) }
    var wanted: Bitfield?
    if input.isOne(in: 4) {
      wanted = Bitfield(count: have.count)
      for piece in 0..<have.count where input.isOne(in: 2) { wanted?.insert(PieceIndex(piece)) }
    }
    return .ready(
      Self.geometry, have: have, wanted: wanted,
      metadata: Array(repeating: 1, count: Self.metadataLength))
  }

  /// None, or one of three for each block: the same twice, or another the second time.
  private func digests(of piece: PieceIndex, _ input: inout FuzzInput) -> [Bytes20] {
    guard !input.isOne(in: 4) else { return [] }
    return (0..<Self.geometry.blockCount(in: piece)).map { _ in
      InfoHash(bytes: Array(repeating: UInt8(input.below(3)), count: 20))!.digest
    }
  }

  /// A block that was asked for, mostly.
  private func landing(_ key: PeerKey, _ input: inout FuzzInput) -> SwarmInput {
    var expected: [Block] = []
    swarm.expectedBlocks(from: key, after: nil, atMost: 4, into: &expected)
    guard !expected.isEmpty, !input.isOne(in: 8) else {
      return .discarded(block(&input), from: key)
    }
    return .landed(expected[input.below(expected.count)], from: key)
  }

  private func endpoint(_ input: inout FuzzInput) -> Endpoint {
    Endpoint(.v4(0x0a00_0001 + UInt32(input.below(8))), port: UInt16(input.below(4)))
  }

  private func handshake(_ input: inout FuzzInput) -> Handshake {
    let bits: UInt64 = [0x10_0004, 0x10_0000, 4, 0][input.below(4)]
    let infoHash =
      input.isOne(in: 10) ? InfoHash(bytes: Array(repeating: 0, count: 20))! : Self.infoHash
    return Handshake(
      reserved: ReservedBits(word: bits), infoHash: infoHash,
      peerID: PeerID(bytes: input.twenty())!)
  }

  private func block(_ input: inout FuzzInput) -> Block {
    if input.isOne(in: 4) {
      return Block(
        piece: PieceIndex(number: input.number()), offset: input.number(), length: input.number())
    }
    let piece = PieceIndex(input.below(Self.geometry.pieceCount))
    return Self.geometry.block(input.below(Self.geometry.blockCount(in: piece)), in: piece)
  }

  // MARK: Messages

  private func message(_ input: inout FuzzInput) -> PeerMessage {
    switch input.below(23) {
    case 0: .keepAlive
    case 1: .choke
    case 2, 3: .unchoke
    case 4: .interested
    case 5: .notInterested
    case 6: .have(PieceIndex(number: input.number()))
    case 7: .bitfield([UInt8(input.below(16)) << 4])
    case 8: .bitfield(input.bytes(atMost: 4))
    case 9, 10: .request(block(&input))
    case 11: .cancel(block(&input))
    case 12: .port(1)
    case 13: .suggest(PieceIndex(number: input.number()))
    case 14: .haveAll
    case 15: .haveNone
    case 16: .reject(block(&input))
    case 17: .allowedFast(PieceIndex(number: input.number()))
    case 18: .unknown(id: 99)
    case 19: .hashRequest(range(&input))
    case 20: .hashReject(range(&input))
    case 21: .hashes(range(&input), [.zero, .zero])
    default: extended(&input)
    }
  }

  private func range(_ input: inout FuzzInput) -> HashRange {
    HashRange(
      root: .zero, layer: input.number(), first: input.number(), count: 2,
      proofLayers: input.number())
  }

  private func extended(_ input: inout FuzzInput) -> PeerMessage {
    switch input.below(7) {
    case 6:
      return .extended(
        id: 3, payload: DontHaveMessage(PieceIndex(input.below(5))).payload)
    case 0: return .extended(id: UInt8(input.below(4)), payload: input.bytes())
    case 5:
      let added = (0..<input.below(6)).map { _ in
        ExchangeMessage.Peer(endpoint(&input), .init(rawValue: input.byte()))
      }
      return .extended(id: 2, payload: ExchangeMessage(added: added, dropped: []).payload)
    case 1:
      var handshake = ExtensionHandshake()
      handshake.metadataID = input.isOne(in: 3) ? nil : UInt8(input.below(3))
      handshake.isUploadOnly = input.isOne(in: 8)
      handshake.exchangeID = input.isOne(in: 2) ? nil : 1
      handshake.yourAddress = input.isOne(in: 2) ? nil : endpoint(&input).address
      handshake.metadataSize = [99, 16_500, nil, 1 << 22][input.below(4)]
      handshake.requestQueue = [nil, 1, 3, 4000][input.below(4)]
      handshake.listenPort = UInt16(input.below(3))
      return .extended(id: 0, payload: handshake.payload)
    case 2:
      return .extended(id: 1, payload: MetadataMessage.request(part: input.below(3)).payload)
    case 3:
      return .extended(id: 1, payload: MetadataMessage.reject(part: input.below(3)).payload)
    default:
      let size = input.isOne(in: 4) ? 16_500 : Self.metadataLength
      let part = size > MetadataMessage.partLength ? input.below(2) : 0
      let length = min(MetadataMessage.partLength, size - part * MetadataMessage.partLength)
      return .extended(
        id: 1,
        payload: MetadataMessage.data(
          part: part, totalSize: size, bytes: Array(repeating: 0, count: length)
        ).payload)
    }
  }
}
