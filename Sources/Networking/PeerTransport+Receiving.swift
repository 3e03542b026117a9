import Glibc
import PeerWire
public import TorrentModel

/// A block of which the header has arrived.
struct ArrivingBlock {
  enum Mode {
    case direct
    case aside
    case discard
  }

  let block: Block
  var mode: Mode
  /// Payload bytes that have arrived.
  var received = 0
}

// Reading goes through one `readv` whose vectors guess what comes: the rest of the block that is
// arriving, then for each block requested next its header and its place in the piece's buffer, then
// the scratch tail. Where the guess holds, payload reaches its buffer with no copy of ours, a
// mebibyte a call. Headers are checked afterwards; at the first that is not the expected one, the
// bytes from there on are decoded from where they fell like any others. A wrong guess may leave
// them in a piece's buffer: harmless, since only blocks that nobody else delivers are guessed, and
// none counts as received.
extension PeerTransport {
  /// Reads in one turn, so that one fast peer does not starve the others.
  private static let readsPerTurn = 4

  func receive() {
    for _ in 0..<Self.readsPerTurn {
      guard state == .open, !isReadingPaused, readOnce() else { return }
    }
  }

  /// Returns whether more may be waiting.
  private func readOnce() -> Bool {
    let allowance = delegate?.allowance(for: self) ?? 0
    guard allowance > 0 else {
      pauseReading(true)
      return false
    }
    var vectorCount = 0
    var capacity = 0
    func add(_ base: UnsafeMutableRawPointer, _ whole: Int) {
      // Cut short it is as if no more had arrived.
      let length = min(whole, allowance - capacity)
      guard length > 0 else { return }
      scratch.vectors[vectorCount] = iovec(iov_base: base, iov_len: length)
      vectorCount += 1
      capacity += length
    }
    let landingRest = decoder.payloadRemaining
    if landingRest > 0 { add(currentPlace(), landingRest) }
    predict()
    for index in scratch.places.indices {
      add(scratch.header(index), BlockHeader.length)
      add(scratch.places[index], Int(scratch.predicted[index].length))
    }
    add(scratch.tail, ReceiveScratch.tailLength)
    // The delegate was asked for places, and may have closed the connection instead.
    guard state == .open else { return false }

    let count = readv(descriptor, scratch.vectors, Int32(vectorCount))
    guard count > 0 else {
      endedReading(count)
      return false
    }
    if ciphers != nil { decrypt(count, in: vectorCount) }
    delegate?.transport(self, read: count)
    var rest = count
    if landingRest > 0 {
      let taken = min(rest, landingRest)
      decoder.skipPayload(taken)
      advanceLanding(taken)
      rest -= taken
    }
    takePredicted(&rest)
    if rest > 0, state == .open {
      decode(UnsafeRawBufferPointer(start: scratch.tail, count: rest))
    }
    return count == capacity && state == .open
  }

  // MARK: Guessing

  /// Leaves the blocks expected next and their places in the scratch.
  private func predict() {
    scratch.predicted.removeAll(keepingCapacity: true)
    scratch.places.removeAll(keepingCapacity: true)
    guard let delegate, decoder.isAtBoundary || landing != nil else { return }
    delegate.transport(
      self, expectedAfter: landing?.block, atMost: predictionDepth, into: &scratch.predicted)
    for block in scratch.predicted.prefix(ReceiveScratch.mostPredictions) where state == .open {
      precondition(
        block.length > 0 && block.length <= decoder.limits.block,
        "a guess of a block that would not be taken")
      guard case .direct(let place) = delegate.transport(self, landingFor: block) else { break }
      scratch.places.append(place)
    }
  }

  /// Takes what fell into the guessed places as far as the guesses hold, and leaves in `rest` what
  /// lies in the tail.
  private func takePredicted(_ rest: inout Int) {
    var hits = 0
    for index in scratch.places.indices {
      guard rest > 0, state == .open else {
        rest = state == .open ? rest : 0
        return
      }
      let block = scratch.predicted[index]
      guard rest >= BlockHeader.length, holds(scratch.header(index), block) else {
        predictionDepth = max(1, hits)
        return decodeMissed(from: index, &rest)
      }
      hits += 1
      decoder.skipHeader(of: block)
      landing = ArrivingBlock(block: block, mode: .direct)
      rest -= BlockHeader.length
      let taken = min(rest, Int(block.length))
      decoder.skipPayload(taken)
      advanceLanding(taken)
      rest -= taken
    }
    predictionDepth = min(ReceiveScratch.mostPredictions, max(predictionDepth, 2 * hits + 1))
  }

  private func holds(_ header: UnsafeMutableRawPointer, _ block: Block) -> Bool {
    func word(_ offset: Int) -> UInt32 {
      UInt32(bigEndian: header.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
    return word(0) == block.length + 9 && header.load(fromByteOffset: 4, as: UInt8.self) == 7
      && word(5) == block.piece.number && word(9) == block.offset
  }

  /// Decodes everything from guess `index` on from a copy: the pieces' buffers it fell into are
  /// about to receive real payload.
  private func decodeMissed(from index: Int, _ rest: inout Int) {
    let copy = UnsafeMutableRawPointer.allocate(byteCount: rest, alignment: 16)
    defer { copy.deallocate() }
    var filled = 0
    func take(_ source: UnsafeMutableRawPointer, _ length: Int) {
      let count = min(length, rest - filled)
      (copy + filled).copyMemory(from: source, byteCount: count)
      filled += count
    }
    for missed in index..<scratch.places.count where filled < rest {
      take(scratch.header(missed), BlockHeader.length)
      take(scratch.places[missed], Int(scratch.predicted[missed].length))
    }
    if filled < rest { take(scratch.tail, rest - filled) }
    decode(UnsafeRawBufferPointer(start: copy, count: rest))
    rest = 0
  }

  // MARK: Decoding

  /// What came with the peer's handshake.
  func take(unread bytes: [UInt8]) {
    delegate?.transport(self, read: bytes.count)
    bytes.withUnsafeBytes { decode($0) }
  }

  private func decode(_ input: UnsafeRawBufferPointer) {
    var offset = 0
    do {
      while state == .open, let item = try decoder.next(in: input.bytes, at: &offset) {
        switch item {
        case .message(let message):
          delegate?.transport(self, received: message)
        case .block(let block):
          let mode = mode(for: block)
          guard state == .open else { return }
          landing = ArrivingBlock(block: block, mode: mode)
        case .payload(let range):
          let place = currentPlace()
          guard state == .open else { return }
          place.copyMemory(from: input.baseAddress! + range.lowerBound, byteCount: range.count)
          advanceLanding(range.count)
        }
      }
    } catch {
      end(.protocolFault(error))
    }
  }

  private func mode(for block: Block) -> ArrivingBlock.Mode {
    switch delegate?.transport(self, landingFor: block) {
    case .direct: .direct
    case .aside: .aside
    case .discard, nil: .discard
    }
  }

  // MARK: Landing

  /// Where the next payload byte of the arriving block goes.
  private func currentPlace() -> UnsafeMutableRawPointer {
    guard let arriving = landing else { preconditionFailure("payload without a block") }
    switch arriving.mode {
    case .direct:
      if let place = delegate?.transport(self, placeOf: arriving.block) {
        return place + arriving.received
      }
      landing?.mode = .discard
      return scratch.sink
    case .aside:
      if asideBuffer == nil {
        asideBuffer = .allocate(byteCount: Int(PieceGeometry.standardBlockLength), alignment: 64)
      }
      return asideBuffer! + arriving.received
    case .discard:
      return scratch.sink
    }
  }

  /// Has the block that is arriving thrown away, if it goes straight to its place and is one of
  /// these: its request was taken back, so that another peer may be writing there, or the memory
  /// is another's by now, and half a block of each would pass for one peer's whole.
  public func discardLanding(_ isMeant: (Block) -> Bool) {
    guard let arriving = landing, case .direct = arriving.mode, isMeant(arriving.block) else {
      return
    }
    landing?.mode = .discard
  }

  private func advanceLanding(_ count: Int) {
    guard var arriving = landing else { preconditionFailure("payload without a block") }
    arriving.received += count
    guard arriving.received == Int(arriving.block.length) else {
      landing = arriving
      return
    }
    landing = nil
    let landed: LandedBlock
    switch arriving.mode {
    case .direct: landed = .inPlace
    case .aside:
      landed = .aside(UnsafeRawBufferPointer(start: asideBuffer, count: arriving.received))
    case .discard: landed = .discarded
    }
    delegate?.transport(self, completed: arriving.block, landed: landed)
  }
}
