import DeterministicCore
import Glibc
import PeerWire
import TorrentModel

// Message stream encryption. Until keys are agreed on, nothing leaves but what that takes; our
// handshake is part of it. Where the peer chose RC4, every byte goes through a cipher from then on,
// each exactly once and in order: incoming bytes where they have fallen, be it a piece's buffer;
// outgoing ones in memory of the loop's, into which payload is read, since what `sendfile` hands over
// nobody can change. Where it chose plain text, the connection is like any other.
extension PeerTransport {
  // MARK: Agreeing

  func beginEncryption(_ encryption: EncryptionInitiator) {
    state = .encrypting
    updateInterest()
    sendAtOnce(encryption.opening)
  }

  func readEncryption() {
    while state == .encrypting, var machine = encryption {
      var buffer = [UInt8](repeating: 0, count: machine.wanted)
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { return endedReading(count) }
      let step: EncryptionInitiator.Step
      do {
        step = try machine.take(buffer.prefix(count))
      } catch {
        return end(.encryptionRefused(error))
      }
      encryption = machine
      switch step {
      case .readOn: continue
      case .send(let bytes): sendAtOnce(bytes)
      case .done(let ciphers):
        self.ciphers = ciphers
        encryption = nil
        awaitHandshake()
      }
    }
  }

  // MARK: Receiving

  /// Decrypts what the read under way has brought.
  func decrypt(_ count: Int, in vectorCount: Int) {
    var rest = count
    for index in 0..<vectorCount where rest > 0 {
      let vector = scratch.vectors[index]
      let length = min(rest, vector.iov_len)
      ciphers?.incoming.apply(
        to: UnsafeMutableRawBufferPointer(start: vector.iov_base, count: length))
      rest -= length
    }
  }

  // MARK: Sending

  /// What `flush` does, through the cipher.
  func flushEncrypted() {
    var share = Self.bytesPerTurn
    do {
      while state != .closed {
        guard try sendCiphertext() else {
          outgoing.isBlocked = true
          break
        }
        guard share > 0 else {
          outgoing.isBlocked = !outgoing.isEmpty
          break
        }
        let count = try takeOff(scratch.cipherSpace)
        guard state != .closed, count > 0 else {
          // A pause is ended by whoever asked for it, not by the socket.
          outgoing.isBlocked = !isSendingPaused && !outgoing.isEmpty
          break
        }
        share -= count
        encrypt(UnsafeMutableRawBufferPointer(rebasing: scratch.cipherSpace[..<count]))
      }
    } catch {
      return end(error)
    }
    if state != .closed { updateInterest() }
  }

  /// Encrypts and sends; what the kernel does not take waits.
  private func encrypt(_ bytes: UnsafeMutableRawBufferPointer) {
    ciphers?.outgoing.apply(to: bytes)
    let sent = Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
    // An error comes again when the rest is sent.
    ciphertext = Array(bytes[max(0, sent)...])
  }

  /// Sends what waits; whether all of it is gone.
  private func sendCiphertext() throws(TransportEnd) -> Bool {
    guard !ciphertext.isEmpty else { return true }
    let sent = ciphertext.withUnsafeBytes {
      Glibc.send(descriptor, $0.baseAddress!, $0.count, Int32(MSG_NOSIGNAL))
    }
    guard try took(sent) else { return false }
    if sent == ciphertext.count { ciphertext = [] } else { ciphertext.removeFirst(sent) }
    return ciphertext.isEmpty
  }

  /// Takes as much off the queue as there is room for, as it would be sent. Returns how many bytes.
  private func takeOff(_ space: UnsafeMutableRawBufferPointer) throws(TransportEnd) -> Int {
    var filled = 0
    while filled < space.count, let segment = outgoing.segments.first {
      let room = UnsafeMutableRawBufferPointer(rebasing: space[filled...])
      let count =
        switch segment {
        case .bytes(let count): takeBytes(min(count, room.count), into: room)
        case .block(let block): try take(block, into: room)
        }
      guard state != .closed else { return 0 }
      guard count > 0 else { break }
      filled += count
    }
    return filled
  }

  private func takeBytes(_ count: Int, into room: UnsafeMutableRawBufferPointer) -> Int {
    let head = outgoing.head
    outgoing.bytes.withUnsafeBytes {
      room.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[head..<head + count]))
    }
    outgoing.sentBytes(count)
    return count
  }

  private func take(
    _ block: Block, into room: UnsafeMutableRawBufferPointer
  ) throws(TransportEnd) -> Int {
    let progress = outgoing.blockProgress
    if progress < BlockHeader.length {
      blockHeader.removeAll(keepingCapacity: true)
      BlockHeader.encode(block, into: &blockHeader)
      let part = blockHeader[progress...].prefix(room.count)
      room.copyBytes(from: part)
      outgoing.blockProgress += part.count
      return part.count
    }
    guard let delegate else { return 0 }
    let offset = progress - BlockHeader.length
    let wanted = min(room.count, Int(block.length) - offset)
    let count = try delegate.transport(
      self, readPayloadOf: block, from: offset,
      into: UnsafeMutableRawBufferPointer(rebasing: room[..<wanted]))
    // The delegate may have closed the connection, and with it the queue.
    guard state != .closed, count > 0 else { return 0 }
    precondition(count <= wanted, "more payload than the block has")
    outgoing.blockProgress += count
    if outgoing.blockProgress == BlockHeader.length + Int(block.length) {
      outgoing.sentBlock()
      delegate.transport(self, sent: block)
    }
    return count
  }

  /// What `sendLastWords` does, through the cipher. The loop's memory may be in use: a connection may
  /// be closed because of what another one sends.
  func sendLastEncryptedWords() {
    guard ciphertext.isEmpty, case .bytes(let count) = outgoing.segments.first else { return }
    var words = [UInt8](repeating: 0, count: count)
    words.withUnsafeMutableBytes {
      _ = takeBytes(count, into: $0)
      encrypt($0)
    }
  }
}
