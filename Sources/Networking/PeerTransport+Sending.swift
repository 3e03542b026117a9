import DeterministicCore
import Glibc
public import PeerWire
public import TorrentModel

// Sending gathers during a turn and leaves at its end: runs of messages in one `send`, blocks as a
// 13-byte header that waits in the kernel (MSG_MORE) for the payload, which goes from the page
// cache to the socket without passing through this process.
extension PeerTransport {
  public func send(_ message: PeerMessage) {
    guard state != .closed else { return }
    outgoing.append { message.encode(into: &$0) }
    flushAtTurnEnd()
  }

  func send(bytes: [UInt8]) {
    outgoing.append { $0.append(contentsOf: bytes) }
    flushAtTurnEnd()
  }

  /// Queues a block that the peer asked for.
  public func send(_ block: Block) {
    guard state != .closed else { return }
    outgoing.append(block)
    flushAtTurnEnd()
  }

  /// Takes a queued block back; false when it is on its way or gone.
  public func unsend(_ block: Block) -> Bool { outgoing.remove(block) }

  /// Takes all queued blocks back, but one that is on its way.
  public func unsendAllBlocks() -> [Block] { outgoing.removeAllBlocks() }

  /// Bytes of messages not yet sent. A peer that asks and never reads makes it grow without bound,
  /// so whoever answers looks at it first.
  public var queuedBytes: Int { outgoing.byteCount + ciphertext.count }

  /// Stops or resumes sending, so that an upload limit can hold the queue back.
  public func pauseSending(_ pause: Bool) {
    guard isSendingPaused != pause, state != .closed else { return }
    isSendingPaused = pause
    if !pause { flushAtTurnEnd() }
  }

  /// Blocks queued and not yet sent whole.
  public var queuedBlocks: Int { outgoing.blockCount }

  /// Bytes sent in one turn, give or take a block, so that a peer that drains its socket as fast as
  /// we fill it does not starve the others.
  static let bytesPerTurn = 1 << 20

  /// Sends until the queue is empty, the kernel takes no more or the turn's share is used up. In the
  /// last two cases the socket's being writable is what goes on with it.
  func flush() {
    outgoing.isBlocked = false
    guard !isSendingPaused else { return updateInterest() }
    guard ciphers == nil else { return flushEncrypted() }
    var share = Self.bytesPerTurn
    do {
      while state != .closed, let segment = outgoing.segments.first {
        let sent =
          switch segment {
          case _ where share <= 0: 0
          case .bytes(let count): try sendBytes(count)
          case .block(let block): try sendBlock(block)
          }
        guard sent > 0 else {
          // A pause is ended by whoever asked for it, not by the socket.
          outgoing.isBlocked = !isSendingPaused
          break
        }
        share -= sent
      }
    } catch {
      return end(error)
    }
    if state != .closed { updateInterest() }
  }

  /// Sends the messages before the first block, as far as that can be done at once.
  func sendLastWords() {
    guard !isSendingPaused, !outgoing.isBlocked, case .bytes(let count) = outgoing.segments.first
    else { return }
    guard ciphers == nil else { return sendLastEncryptedWords() }
    let head = outgoing.head
    _ = outgoing.bytes.withUnsafeBytes {
      Glibc.send(
        descriptor, $0.baseAddress! + head, count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
    }
  }

  /// Returns how much the kernel took. Flags say whether more follows at once.
  private func sendBytes(_ count: Int) throws(TransportEnd) -> Int {
    let more = outgoing.segments.count > 1 ? Int32(MSG_MORE) : 0
    let head = outgoing.head
    let sent = outgoing.bytes.withUnsafeBytes {
      Glibc.send(descriptor, $0.baseAddress! + head, count, Int32(MSG_NOSIGNAL) | more)
    }
    guard try took(sent) else { return 0 }
    outgoing.sentBytes(sent)
    return sent
  }

  private func sendBlock(_ block: Block) throws(TransportEnd) -> Int {
    let progress = outgoing.blockProgress
    if progress < BlockHeader.length {
      blockHeader.removeAll(keepingCapacity: true)
      BlockHeader.encode(block, into: &blockHeader)
      let sent = blockHeader.withUnsafeBytes {
        Glibc.send(
          descriptor, $0.baseAddress! + progress, BlockHeader.length - progress,
          Int32(MSG_NOSIGNAL) | Int32(MSG_MORE))
      }
      guard try took(sent) else { return 0 }
      outgoing.blockProgress += sent
      return sent
    }
    guard let delegate else { return 0 }
    let sent = try delegate.transport(
      self, sendPayloadOf: block, from: progress - BlockHeader.length, to: descriptor)
    // The delegate may have closed the connection, and with it the queue.
    guard state != .closed, sent > 0 else { return 0 }
    precondition(
      progress + sent <= BlockHeader.length + Int(block.length), "more payload than the block has")
    outgoing.blockProgress += sent
    if outgoing.blockProgress == BlockHeader.length + Int(block.length) {
      outgoing.sentBlock()
      delegate.transport(self, sent: block)
    }
    return sent
  }

  /// Whether the kernel took something; a socket that is merely full is no error.
  func took(_ sent: Int) throws(TransportEnd) -> Bool {
    if sent > 0 { return true }
    if errno == EAGAIN || errno == EINTR { return false }
    throw .network(NetworkError("send to", on: "\(endpoint)", code: errno))
  }
}
