import DeterministicCore
import Hashing
import PeerWire
import Testing
import TorrentModel

@testable import SwarmLogic

/// Whatever peers say in whatever order, nothing traps and the invariants hold.
@Suite struct SwarmFuzzTests {
  struct Fuzz: ~Copyable {
    var random: SeededGenerator
    var swarm: Swarm
    var effects: [SwarmEffect] = []
    var keys: [PeerKey] = []
    var verifying: [PieceIndex] = []
    /// Blocks the swarm wants sent, and has not heard of.
    var uploads: [(key: PeerKey, block: Block)] = []
    var wholes = 0
    var isReady = false
    var now = Moment.zero
    var nextTicket: UInt64 = 0

    init(seed: UInt64) {
      random = SeededGenerator(seed: seed)
      var configuration = SwarmConfiguration()
      configuration.mostPeers = 12
      configuration.mostDials = 4
      configuration.mostQueuedRequests = 5
      configuration.mostPeersPerAddress = 3
      swarm = Swarm(
        infoHash: SwarmScript.infoHash, peerID: SwarmScript.peerID(4), listenPort: 6881,
        configuration: configuration, generator: SeededGenerator(seed: random.next()), at: .zero)
    }

    mutating func step() {
      now = now + .milliseconds(random.below(random.below(10) == 0 ? 30_000 : 300))
      effects.removeAll()
      swarm.handle(input(), at: now, into: &effects)
      for effect in effects { note(effect) }
    }

    private mutating func note(_ effect: SwarmEffect) {
      switch effect {
      case .connect(let key, _, _), .adopt(_, let key): keys.append(key)
      case .verify(let piece, _): verifying.append(piece)
      case .upload(let key, let block): uploads.append((key, block))
      case .metadataComplete: wholes += 1
      default: break
      }
      if keys.count > 40 { keys.removeFirst() }
    }

    private mutating func input() -> SwarmInput {
      let key = keys.isEmpty ? PeerKey(slot: 0, generation: 0) : keys[random.below(keys.count)]
      switch random.below(24) {
      case 0: return .candidates([endpoint()], from: random.below(2) == 0 ? .user : .tracker)
      case 1, 2:
        nextTicket += 1
        return .accepted(ticket: nextTicket, from: endpoint(), handshake())
      case 3, 4: return .handshake(key, handshake())
      case 5:
        return random.below(3) == 0
          ? random.below(2) == 0 ? .ended(key) : .notDialled(key)
          : random.below(8) == 0 ? .faulted(key, "noise") : .wake
      case 6, 7: return .wake
      case 8: return .downloadPaused(random.below(4) == 0)
      case 9: return .discarded(block(), from: key)
      case 10, 11, 12: return landing(key)
      case 13 where !uploads.isEmpty:
        let (key, block) = uploads.remove(at: random.below(uploads.count))
        return random.below(2) == 0 ? .uploaded(block, to: key) : .unsent([block], to: key)
      case 14 where !verifying.isEmpty:
        let piece = verifying.remove(at: random.below(verifying.count))
        switch random.below(4) {
        case 0: return .pieceFailed(piece, blockDigests: digests())
        case 1: return .pieceLost(piece)
        default: return .pieceVerified(piece, blockDigests: digests())
        }
      case 15 where !isReady:
        if wholes > 0, random.below(2) == 0 {
          wholes = 0
          return .metadataFailed
        }
        guard random.below(20) == 0 else { return .wake }
        isReady = true
        let have = Bitfield(count: SwarmScript.geometry.pieceCount)
        return .ready(
          SwarmScript.geometry, have: have, wanted: nil, metadata: Array(repeating: 1, count: 99))
      default: return .received(message(), from: key)
      }
    }

    /// A block that was asked for, mostly.
    private mutating func landing(_ key: PeerKey) -> SwarmInput {
      var expected: [Block] = []
      swarm.expectedBlocks(from: key, after: nil, atMost: 4, into: &expected)
      guard !expected.isEmpty, random.below(8) > 0 else { return .discarded(block(), from: key) }
      return .landed(expected[random.below(expected.count)], from: key)
    }

    /// Of two blocks, or none, as of a driver that knows no better.
    private mutating func digests() -> [Bytes20] {
      guard random.below(3) > 0 else { return [] }
      return (0..<2).map { _ in .block(UInt64(random.below(2))) }
    }

    private mutating func endpoint() -> Endpoint {
      Endpoint(.v4(0x0a00_0001 + UInt32(random.below(8))), port: UInt16(random.below(4)))
    }

    private mutating func handshake() -> Handshake {
      let bits: UInt64 = [0, 4, 0x10_0000, 0x10_0004][random.below(4)]
      let infoHash =
        random.below(10) == 0
        ? InfoHash(bytes: Array(repeating: 0, count: 20))! : SwarmScript.infoHash
      return Handshake(
        reserved: ReservedBits(word: bits), infoHash: infoHash,
        peerID: SwarmScript.peerID(UInt8(random.below(9))))
    }

    private mutating func number() -> UInt32 {
      switch random.below(8) {
      case 0: UInt32.max - UInt32(random.below(2))
      case 1: UInt32(truncatingIfNeeded: random.next())
      default: UInt32(random.below(5))
      }
    }

    private mutating func block() -> Block {
      if random.below(4) == 0 {
        return Block(piece: PieceIndex(number: number()), offset: number(), length: number())
      }
      return SwarmScript.geometry.block(random.below(2), in: PieceIndex(random.below(4)))
    }

    private mutating func message() -> PeerMessage {
      switch random.below(22) {
      case 0: .keepAlive
      case 1: .choke
      case 2, 3: .unchoke
      case 4: .interested
      case 5: .notInterested
      case 6, 7: .have(PieceIndex(number: number()))
      case 8: .bitfield([UInt8(random.below(16)) << 4])
      case 9: .bitfield((0..<random.below(4)).map { _ in UInt8(random.below(256)) })
      case 10: .request(block())
      case 11: .request(block())
      case 12: .cancel(block())
      case 13: .port(1)
      case 14: .suggest(PieceIndex(number: number()))
      case 15: random.below(4) == 0 ? .haveAll : .haveNone
      case 16: .reject(block())
      case 17: .allowedFast(PieceIndex(number: number()))
      case 18: .unknown(id: 99)
      default: extended()
      }
    }

    private mutating func extended() -> PeerMessage {
      switch random.below(6) {
      case 0:
        return .extended(
          id: UInt8(random.below(3)),
          payload: (0..<random.below(40)).map { _ in UInt8(random.below(256)) })
      case 1, 2:
        var handshake = ExtensionHandshake()
        handshake.metadataID = random.below(3) == 0 ? nil : UInt8(random.below(3))
        handshake.metadataSize = [nil, 99, 99, 16_500, 1 << 22][random.below(5)]
        handshake.requestQueue = [nil, 1, 3, 4000][random.below(4)]
        handshake.listenPort = UInt16(random.below(3))
        return .extended(id: 0, payload: handshake.payload)
      case 3:
        return .extended(
          id: 1, payload: MetadataMessage.request(part: random.below(3)).payload)
      case 4:
        return .extended(id: 1, payload: MetadataMessage.reject(part: random.below(3)).payload)
      default:
        let size = [99, 99, 99, 16_500][random.below(4)]
        let part = size > 16_384 ? random.below(2) : 0
        let length = min(16_384, size - part * 16_384)
        return .extended(
          id: 1,
          payload: MetadataMessage.data(
            part: part, totalSize: size, bytes: Array(repeating: 0, count: length)
          ).payload)
      }
    }
  }

  @Test(arguments: UInt64(1)...60)
  func nothingTrapsAndTheInvariantsHold(seed: UInt64) {
    var fuzz = Fuzz(seed: seed)
    for step in 0..<3000 {
      fuzz.step()
      let broken = fuzz.swarm.brokenInvariants
      #expect(broken.isEmpty, "seed \(seed), step \(step)")
      guard broken.isEmpty else { return }
    }
  }
}
