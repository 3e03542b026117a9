import DeterministicCore
import Glibc
import Networking
import PeerWire
import Testing
import TorrentModel

/// The other end of a transport, written by hand: sends given bytes in chunks of given lengths, one
/// a turn, and keeps what it receives.
final class RawPeer: ReadinessHandler {
  private let reactor: Reactor
  private var socket: FileDescriptor?
  private var registration: SlabID?
  private var outbox: ArraySlice<UInt8> = []
  /// Lengths of the chunks to come; the last one holds for all others.
  private let chunk: () -> Int

  private(set) var inbox: [UInt8] = []
  private(set) var hasEnded = false
  /// Whether it reads at all.
  var isReading = true { didSet { update() } }

  init(
    _ socket: consuming FileDescriptor, on reactor: Reactor,
    chunk: @escaping () -> Int = { 1 << 20 }
  ) throws {
    self.reactor = reactor
    self.chunk = chunk
    let number = socket.number
    self.socket = consume socket
    registration = try reactor.register(number, for: .readable, handler: self)
  }

  var hasSentAll: Bool { outbox.isEmpty }

  func send(_ bytes: [UInt8]) {
    outbox += bytes
    update()
  }

  /// Closes orderly, or with a reset.
  func close(reset: Bool = false) {
    if reset, let number = socket?.number {
      var linger = linger(l_onoff: 1, l_linger: 0)
      setsockopt(
        number, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
    }
    if let registration { reactor.deregister(registration) }
    registration = nil
    socket = nil
  }

  /// Says that nothing more will come, and goes on reading.
  func finishSending() {
    if let number = socket?.number { shutdown(number, Int32(SHUT_WR)) }
  }

  private func update() {
    guard let registration else { return }
    var interest: Readiness = isReading && !hasEnded ? .readable : []
    if !outbox.isEmpty { interest.insert(.writable) }
    reactor.change(registration, to: interest)
  }

  func becameReady(_ readiness: Readiness) {
    if readiness.contains(.writable), !outbox.isEmpty { sendChunk() }
    if isReading, readiness.contains(.readable) || readiness.contains(.hangup) { receive() }
  }

  private func sendChunk() {
    guard let number = socket?.number else { return }
    let part = outbox.prefix(max(1, chunk()))
    let count = part.withUnsafeBytes { Glibc.send(number, $0.baseAddress, $0.count, 0x4000) }
    if count > 0 { outbox = outbox.dropFirst(count) }
    if outbox.isEmpty { update() }
  }

  private func receive() {
    guard let number = socket?.number else { return }
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    let count = recv(number, &buffer, buffer.count, 0)
    if count > 0 {
      inbox += buffer.prefix(count)
    } else if count == 0 || errno != EAGAIN {
      hasEnded = true
      update()
      if readiness(of: number) { close() }
    }
  }

  /// Whether the socket reports a hang-up, which it does in every turn, asked or not.
  private func readiness(of number: Int32) -> Bool {
    var poll = pollfd(fd: number, events: 0, revents: 0)
    return Glibc.poll(&poll, 1, 0) == 1
  }
}

/// What a peer's bytes say, blocks with their payload.
enum Said: Equatable {
  case message(PeerMessage)
  case block(Block, [UInt8])

  /// Bytes of it on the wire.
  var length: Int {
    switch self {
    case .message(let message): message.bytes.count
    case .block(let block, _): BlockHeader.length + Int(block.length)
    }
  }

  static func all(in bytes: [UInt8]) throws -> [Said] {
    var decoder = PeerMessageDecoder()
    var said: [Said] = []
    var header: Block?
    var payload: [UInt8] = []
    var offset = 0
    while let item = try decoder.next(in: bytes.span.bytes, at: &offset) {
      switch item {
      case .message(let message): said.append(.message(message))
      case .block(let block):
        header = block
        payload = []
      case .payload(let range): payload += bytes[range]
      }
      if let block = header, payload.count == Int(block.length) {
        said.append(.block(block, payload))
        header = nil
      }
    }
    return said
  }
}
