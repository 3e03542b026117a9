import DeterministicCore
import Glibc
import Networking
import PeerWire
import Testing
import TorrentModel

/// A transport's owner that writes everything down and answers by a script.
final class RecordingDelegate: PeerTransportDelegate {
  enum Landed: Equatable {
    case inPlace
    case aside
    case discarded
  }

  enum Event: Equatable {
    case handshake(Handshake)
    case message(PeerMessage)
    case completed(Block, Landed)
    case sent(Block)
    case ended(TransportEnd)
  }

  /// Every question and every news, by name.
  enum Call: CaseIterable {
    case handshake
    case message
    case expected
    case landing
    case place
    case completed
    case payload
    case sent
    case ended
  }

  private(set) var events: [Event] = []
  private(set) var calls: [Call: Int] = [:]
  /// Called first in every call.
  var onCall: (Call, PeerTransport) -> Void = { _, _ in }

  /// What has been asked for, in order.
  var requested: [Block] = []
  /// Of those, what another connection may deliver, too.
  var shared: Set<Block> = []
  /// What is wanted no more, once it has begun to arrive.
  var dropped: Set<Block> = []
  /// What a block's payload is, at either end.
  let content: TestContent
  /// Payload handed to a socket in one call, in bytes.
  var mostPayload = Int.max
  /// What answers a request; nothing, unless the test says otherwise.
  var answersRequests = false

  init(_ content: TestContent) { self.content = content }

  var messages: [PeerMessage] {
    events.compactMap { if case .message(let message) = $0 { message } else { nil } }
  }

  var end: TransportEnd? {
    for case .ended(let reason) in events { return reason }
    return nil
  }

  func count(_ call: Call) -> Int { calls[call, default: 0] }

  private func note(_ call: Call, _ transport: PeerTransport, _ event: Event? = nil) {
    if call == .ended {
      #expect(transport.isClosed)
    } else {
      #expect(!transport.isClosed, "\(call) after the end")
    }
    calls[call, default: 0] += 1
    if let event { events.append(event) }
    onCall(call, transport)
  }

  // MARK: PeerTransportDelegate

  func transport(_ transport: PeerTransport, received handshake: Handshake) {
    note(.handshake, transport, .handshake(handshake))
  }

  func transport(_ transport: PeerTransport, received message: PeerMessage) {
    // A peer without the fast extension forgets all requests when it chokes (BEP 3).
    if message == .choke { requested = [] }
    if answersRequests, case .request(let block) = message { transport.send(block) }
    note(.message, transport, .message(message))
  }

  func transport(
    _ transport: PeerTransport, expectedAfter landing: Block?, atMost count: Int,
    into blocks: inout [Block]
  ) {
    blocks += requested.filter { $0 != landing }.prefix(count)
    note(.expected, transport)
  }

  func transport(_ transport: PeerTransport, landingFor block: Block) -> Landing {
    note(.landing, transport)
    guard requested.contains(block) else { return .discard }
    return shared.contains(block) ? .aside : .direct(content.place(of: block))
  }

  func transport(
    _ transport: PeerTransport, placeOf block: Block
  ) -> UnsafeMutableRawPointer? {
    note(.place, transport)
    return dropped.contains(block) ? nil : content.place(of: block)
  }

  func transport(_ transport: PeerTransport, completed block: Block, landed: LandedBlock) {
    requested.removeAll { $0 == block }
    let kind: Landed
    switch landed {
    case .inPlace:
      #expect(content.isInPlace(block))
      kind = .inPlace
    case .aside(let bytes):
      #expect(Array(bytes) == content.payload(of: block))
      kind = .aside
    case .discarded: kind = .discarded
    }
    note(.completed, transport, .completed(block, kind))
  }

  func transport(
    _ transport: PeerTransport, sendPayloadOf block: Block, from offset: Int, to socket: Int32
  ) throws(TransportEnd) -> Int {
    let rest = content.payload(of: block).dropFirst(offset).prefix(mostPayload)
    let count = rest.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, 0x4000) }
    let code = errno
    note(.payload, transport)
    if count < 0, code != EAGAIN { throw .network(NetworkError("send to", code: code)) }
    return max(0, count)
  }

  func transport(
    _ transport: PeerTransport, readPayloadOf block: Block, from offset: Int,
    into space: UnsafeMutableRawBufferPointer
  ) throws(TransportEnd) -> Int {
    let part = content.payload(of: block).dropFirst(offset).prefix(min(mostPayload, space.count))
    space.copyBytes(from: part)
    note(.payload, transport)
    return part.count
  }

  func allowance(for transport: PeerTransport) -> Int { .max }

  func transport(_ transport: PeerTransport, read count: Int) {}

  func transport(_ transport: PeerTransport, sent block: Block) {
    note(.sent, transport, .sent(block))
  }

  func transport(_ transport: PeerTransport, ended reason: TransportEnd) {
    note(.ended, transport, .ended(reason))
  }
}

/// A torrent's bytes, and the memory that blocks of it land in.
final class TestContent {
  static let pieceLength = 64 << 10
  let pieces: Int
  private let bytes: [UInt8]
  private let arena: UnsafeMutableRawBufferPointer

  init(pieces: Int, seed: UInt64 = 1) {
    self.pieces = pieces
    var generator = SeededGenerator(seed: seed)
    bytes = generator.bytes(pieces * Self.pieceLength)
    arena = .allocate(byteCount: bytes.count, alignment: 16)
    arena.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit { arena.deallocate() }

  var blocks: [Block] {
    let length = PieceGeometry.standardBlockLength
    return (0..<pieces).flatMap { piece in
      stride(from: 0, to: UInt32(Self.pieceLength), by: Int(length)).map {
        Block(piece: PieceIndex(piece), offset: $0, length: length)
      }
    }
  }

  private func range(of block: Block) -> Range<Int> {
    let start = block.piece.index * Self.pieceLength + Int(block.offset)
    return start..<start + Int(block.length)
  }

  func place(of block: Block) -> UnsafeMutableRawPointer {
    arena.baseAddress! + range(of: block).lowerBound
  }

  func payload(of block: Block) -> [UInt8] { Array(bytes[range(of: block)]) }

  func isInPlace(_ block: Block) -> Bool {
    bytes.withUnsafeBytes {
      memcmp(
        $0.baseAddress! + range(of: block).lowerBound, place(of: block), Int(block.length)) == 0
    }
  }

  /// The `piece` message that delivers a block.
  func message(_ block: Block) -> [UInt8] {
    var message: [UInt8] = []
    BlockHeader.encode(block, into: &message)
    return message + payload(of: block)
  }
}
