import CLinux
import DeterministicCore
import Glibc
import Networking
import PeerWire
import TorrentModel

extension FuzzTarget {
  /// A peer's connection: whatever comes over a real socket in whatever portions, a block
  /// lands once, whole, if it was asked for, and nobody is called after the end.
  static var transport: FuzzTarget {
    .stateful("transport") { input in
      guard let game = TransportGame() else { fatalError("no sockets to be had") }
      for _ in 0..<200 where !input.isEmpty && game.end == nil { game.step(&input) }
      game.finish()
    }
  }
}

/// Plays the other side of one transport and is its delegate, too.
private final class TransportGame: PeerTransportDelegate {
  private static let key = SlabID(slot: 1, generation: 1)
  private static let pieceLength: UInt32 = 64 << 10
  private static let handshake = Handshake(
    infoHash: InfoHash(bytes: Array(repeating: 1, count: 20))!,
    peerID: PeerID(bytes: Array(repeating: 2, count: 20))!)

  private let reactor: Reactor
  private let scratch = ReceiveScratch()
  private var transport: PeerTransport?
  private let far: Int32
  private let arena = UnsafeMutableRawPointer.allocate(
    byteCount: Int(pieceLength) * 2, alignment: 64)
  private var requested: [Block] = []
  private var shared: Set<Block> = []
  private var dropped: Set<Block> = []
  private var unsent: ArraySlice<UInt8> = []
  private(set) var end: TransportEnd?

  init?() {
    guard let reactor = try? Reactor() else { return nil }
    self.reactor = reactor
    var pair: [Int32] = [0, 0]
    guard
      socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0, &pair)
        == 0
    else { return nil }
    far = pair[1]
    transport = try? PeerTransport(
      accepted: FileDescriptor(owning: pair[0]), from: Endpoint(.v4(0x7f00_0001), port: 1),
      handshake: Self.handshake, key: Self.key, reactor: reactor, scratch: scratch, delegate: self)
    guard transport != nil else { return nil }
  }

  deinit {
    arena.deallocate()
    close(far)
  }

  func step(_ input: inout FuzzInput) {
    switch input.below(10) {
    case 0: ask(for: block(&input), &input)
    case 1: if let block = requested.first { deliver(block, &input) }
    case 2: deliver(block(&input), &input)
    case 3: say(message(&input).bytes, &input)
    case 4: say(input.bytes(), &input)
    case 5: transport?.pauseReading(input.isOne(in: 2))
    case 6: if !requested.isEmpty { dropped.insert(requested[input.below(requested.count)]) }
    case 7: transport?.send(.request(block(&input)))
    case 8: transport?.send(block(&input))
    default: push(1 + input.below(256) * 97)
    }
    drain()
  }

  /// The rest arrives, the peer goes, and the transport notices.
  func finish() {
    transport?.pauseReading(false)
    while end == nil, !unsent.isEmpty { push(unsent.count) }
    shutdown(far, Int32(SHUT_RDWR))
    for _ in 0..<64 where end == nil { transport?.becameReady([.readable, .hangup]) }
    require(end != nil, "a connection that does not end")
    require(transport?.isClosed == true, "a connection that ended and is open")
    transport = nil
    // A turn of the loop, which lets go of whoever asked for its end.
    reactor.schedule(after: .zero) { [reactor] in reactor.stop() }
    _ = try? reactor.run()
  }

  // MARK: The other side

  private func ask(for block: Block, _ input: inout FuzzInput) {
    guard requested.count < 40, !requested.contains(block) else { return }
    requested.append(block)
    if input.isOne(in: 4) { shared.insert(block) }
  }

  private func deliver(_ block: Block, _ input: inout FuzzInput) {
    var bytes: [UInt8] = []
    BlockHeader.encode(block, into: &bytes)
    bytes += [UInt8](repeating: 5, count: Int(block.length))
    say(bytes, &input)
  }

  private func say(_ bytes: [UInt8], _ input: inout FuzzInput) {
    guard unsent.count < 1 << 20 else { return }
    unsent += bytes
    if !input.isOne(in: 4) { push(unsent.count) }
  }

  private func push(_ most: Int) {
    let count = unsent.prefix(most).withUnsafeBytes {
      Glibc.send(far, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
    }
    if count > 0 { unsent = unsent.dropFirst(count) }
    if count < 0, errno != EAGAIN { unsent = [] }
    if end == nil { transport?.becameReady(.readable) }
    if end == nil { transport?.turnEnded() }
  }

  /// Takes what the transport has sent, so that it may go on.
  private func drain() {
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while recv(far, &buffer, buffer.count, 0) > 0 {}
    if end == nil { transport?.becameReady(.writable) }
  }

  private func block(_ input: inout FuzzInput) -> Block {
    let length = PieceGeometry.standardBlockLength
    let number = UInt32(input.below(8))
    return Block(
      piece: PieceIndex(number: number / 4), offset: number % 4 * length,
      length: input.isOne(in: 8) ? UInt32(1 + input.below(200)) : length)
  }

  private func message(_ input: inout FuzzInput) -> PeerMessage {
    switch input.below(6) {
    case 0: .have(PieceIndex(number: input.number()))
    case 1: .bitfield(input.bytes())
    case 2: .extended(id: input.byte(), payload: input.bytes())
    case 3: .request(block(&input))
    case 4: .keepAlive
    default: .unchoke
    }
  }

  private func place(of block: Block) -> UnsafeMutableRawPointer {
    arena + Int(block.piece.number) * Int(Self.pieceLength) + Int(block.offset)
  }

  // MARK: PeerTransportDelegate

  private func noteCall() { require(end == nil, "called after the end") }

  func transport(_ transport: PeerTransport, received handshake: Handshake) { noteCall() }

  func transport(_ transport: PeerTransport, received message: PeerMessage) { noteCall() }

  func transport(
    _ transport: PeerTransport, expectedAfter landing: Block?, atMost count: Int,
    into blocks: inout [Block]
  ) {
    noteCall()
    blocks += requested.filter { $0 != landing }.prefix(count)
  }

  func transport(_ transport: PeerTransport, landingFor block: Block) -> Landing {
    noteCall()
    guard requested.contains(block) else { return .discard }
    return shared.contains(block) ? .aside : .direct(place(of: block))
  }

  func transport(_ transport: PeerTransport, placeOf block: Block) -> UnsafeMutableRawPointer? {
    noteCall()
    return dropped.contains(block) ? nil : place(of: block)
  }

  func transport(_ transport: PeerTransport, completed block: Block, landed: LandedBlock) {
    noteCall()
    let bytes: UnsafeRawBufferPointer
    switch landed {
    case .discarded:
      requested.removeAll { $0 == block }
      dropped.remove(block)
      return
    case .inPlace: bytes = UnsafeRawBufferPointer(start: place(of: block), count: Int(block.length))
    case .aside(let collected): bytes = collected
    }
    require(requested.contains(block), "\(block) lands and was not asked for")
    require(bytes.count == Int(block.length), "\(block) has landed in part")
    requested.removeAll { $0 == block }
    shared.remove(block)
    dropped.remove(block)
  }

  func transport(
    _ transport: PeerTransport, sendPayloadOf block: Block, from offset: Int, to socket: Int32
  ) throws(TransportEnd) -> Int {
    noteCall()
    let rest = Int(block.length) - offset
    require(rest > 0, "asked for the payload of a block that is sent")
    let count = Glibc.send(socket, place(of: block) + offset, rest, Int32(MSG_NOSIGNAL))
    if count < 0, errno != EAGAIN { throw .network(NetworkError("send to", code: errno)) }
    return max(0, count)
  }

  func transport(
    _ transport: PeerTransport, readPayloadOf block: Block, from offset: Int,
    into space: UnsafeMutableRawBufferPointer
  ) throws(TransportEnd) -> Int {
    noteCall()
    let count = min(Int(block.length) - offset, space.count)
    require(count > 0, "asked for the payload of a block that is sent")
    space.copyMemory(from: UnsafeRawBufferPointer(start: place(of: block) + offset, count: count))
    return count
  }

  func allowance(for transport: PeerTransport) -> Int { .max }

  func transport(_ transport: PeerTransport, read count: Int) { noteCall() }

  func transport(_ transport: PeerTransport, sent block: Block) { noteCall() }

  func transport(_ transport: PeerTransport, ended reason: TransportEnd) {
    noteCall()
    end = reason
  }
}
