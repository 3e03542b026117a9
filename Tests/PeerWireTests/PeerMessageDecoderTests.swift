import DeterministicCore
import PeerWire
import Testing
import TorrentModel

@Suite("The framing decoder")
struct PeerMessageDecoderTests {
  @Test("says the same of a stream cut in two at any byte", arguments: 0..<4 as Range<UInt64>)
  func everySplitPoint(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let (stream, events) = generator.stream(frames: 24, longestBlock: 60)
    for cut in 0...stream.count {
      #expect(
        decode([stream[..<cut], stream[cut...]]) == .success(events), "seed \(seed), cut at \(cut)")
    }
  }

  @Test("says the same of a stream fed byte by byte", arguments: 0..<20 as Range<UInt64>)
  func byteByByte(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let (stream, events) = generator.stream(frames: 20, longestBlock: 200)
    #expect(
      decode(stream.indices.map { stream[$0...$0] }) == .success(events), "seed \(seed)")
  }

  @Test("says the same of a stream cut at random", arguments: 0..<60 as Range<UInt64>)
  func randomSplits(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let (stream, events) = generator.stream(frames: 60, longestBlock: 3000)
    var chunks: [ArraySlice<UInt8>] = []
    var rest = stream[...]
    let longest = 1 + generator.below(2000)
    while !rest.isEmpty {
      let count = min(rest.count, generator.below(longest + 1))
      chunks.append(rest.prefix(count))
      rest = rest.dropFirst(count)
    }
    #expect(decode(chunks) == .success(events), "seed \(seed)")
  }

  @Test("takes a block as long as a request may be, and an empty input")
  func longestBlock() {
    let block = Block(piece: 3, offset: 0, length: PieceGeometry.standardBlockLength)
    let payload = [UInt8](repeating: 0xab, count: Int(block.length))
    var stream: [UInt8] = []
    BlockHeader.encode(block, into: &stream)
    #expect(decode([stream[...], [], payload[...]]) == .success([.block(block, payload)]))
  }

  @Test("goes on behind a payload and a header that were read past it")
  func skipping() throws {
    var decoder = PeerMessageDecoder()
    let block = Block(piece: 1, offset: 0, length: 100)
    #expect(decoder.isAtBoundary)
    decoder.skipHeader(of: block)
    #expect(!decoder.isAtBoundary)
    decoder.skipPayload(90)
    #expect(decoder.payloadRemaining == 10)

    let input = [UInt8](repeating: 0, count: 10) + PeerMessage.unchoke.bytes
    var offset = 0
    #expect(try decoder.next(in: input.span.bytes, at: &offset) == .payload(0..<10))
    #expect(decoder.isAtBoundary)
    #expect(try decoder.next(in: input.span.bytes, at: &offset) == .message(.unchoke))
    #expect(try decoder.next(in: input.span.bytes, at: &offset) == nil)
    #expect(offset == input.count)
  }

  // MARK: Frames that no peer in its right mind sends

  static let limits = PeerMessageDecoder.Limits()

  /// What each hostile frame starts with, and the fault found in it.
  static let hostile: [(bytes: [UInt8], error: PeerWireError)] = [
    ([0xff, 0xff, 0xff, 0xff], .frameTooLong(id: nil, length: .max)),
    ([0x7f, 0xff, 0xff, 0xff], .frameTooLong(id: nil, length: 0x7fff_ffff)),
    (
      frame(length: limits.bitfield + 2, id: MessageID.bitfield),
      .frameTooLong(id: nil, length: limits.bitfield + 2)
    ),
    (
      frame(length: limits.block + 10, id: MessageID.piece),
      .frameTooLong(id: MessageID.piece, length: limits.block + 10)
    ),
    (
      frame(length: limits.extended + 3, id: MessageID.extended),
      .frameTooLong(id: MessageID.extended, length: limits.extended + 3)
    ),
    (
      frame(length: limits.extended + 1, id: 99),
      .frameTooLong(id: 99, length: limits.extended + 1)
    ),
    (frame(length: 4, id: MessageID.piece), .badFrameLength(id: MessageID.piece, length: 4)),
    // A block of no bytes.
    (frame(length: 9, id: MessageID.piece), .badFrameLength(id: MessageID.piece, length: 9)),
    (frame(length: 1, id: MessageID.extended), .badFrameLength(id: MessageID.extended, length: 1)),
  ]

  @Test("refuses a hostile frame as soon as it shows", arguments: hostile)
  func hostileFrame(bytes: [UInt8], error: PeerWireError) {
    #expect(decode([bytes[...]]) == .failure(error))
    #expect(decode(bytes.indices.map { bytes[$0...$0] }) == .failure(error))
    #expect(decode([(PeerMessage.haveNone.bytes + bytes)[...]]) == .failure(error))
    for count in 0..<(bytes.count == 4 ? 4 : 5) where bytes.count == 4 || !Self.isLong(error) {
      #expect(decode([bytes[..<count]]) == .success([]), "too early, at \(count) bytes")
    }
  }

  private static func isLong(_ error: PeerWireError) -> Bool {
    if case .frameTooLong(id: nil, _) = error { true } else { false }
  }

  /// Kinds whose length is given, and that length.
  static let exact: [(id: UInt8, length: UInt32)] = [
    (MessageID.choke, 1), (MessageID.unchoke, 1), (MessageID.interested, 1),
    (MessageID.notInterested, 1), (MessageID.have, 5), (MessageID.request, 13),
    (MessageID.cancel, 13), (MessageID.port, 3), (MessageID.suggest, 5), (MessageID.haveAll, 1),
    (MessageID.haveNone, 1), (MessageID.reject, 13), (MessageID.allowedFast, 5),
  ]

  @Test("takes a kind of a given length at that length only", arguments: exact)
  func exactLengths(id: UInt8, length: UInt32) {
    for wrong in 1...40 as ClosedRange<UInt32> where wrong != length {
      let bytes = frame(length: wrong, id: id, [UInt8](repeating: 0, count: 40))
      #expect(decode([bytes[...]]) == .failure(.badFrameLength(id: id, length: wrong)))
    }
    let bytes = frame(length: length, id: id, [UInt8](repeating: 0, count: Int(length) - 1))
    #expect((try? decode([bytes[...]]).get().count) == 1)
  }

  @Test("takes the longest frame of each kind that has a limit")
  func longestFrames() {
    for message in [
      PeerMessage.bitfield([UInt8](repeating: 1, count: Int(Self.limits.bitfield))),
      .extended(id: 1, payload: [UInt8](repeating: 2, count: Int(Self.limits.extended))),
    ] {
      #expect(decode([message.bytes[...]]) == .success([.message(message)]))
    }
  }

  @Test("obeys limits narrowed to a torrent's size, also where they cut off a limit of all kinds")
  func narrowedLimits() {
    var reassembly = Reassembly()
    reassembly.decoder.limits.bitfield = 2
    #expect(throws: Never.self) { try reassembly.feed(PeerMessage.bitfield([1, 2]).bytes) }
    #expect(throws: PeerWireError.frameTooLong(id: MessageID.bitfield, length: 4)) {
      try reassembly.feed(PeerMessage.bitfield([1, 2, 3]).bytes)
    }
  }
}
