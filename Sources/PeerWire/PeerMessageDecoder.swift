import Hashing
public import TorrentModel

/// Cuts a peer's byte stream into messages (BEP 3) without ever holding a block's payload.
///
/// The owner feeds it whatever arrived and takes items one by one; a `piece` message comes out as
/// its header, then as ranges of the input that the owner moves to the piece's buffer itself, or
/// that it has already read there (`skipPayload`).
///
/// The invariant: `partial` holds the beginning of one frame other than a payload, and never more
/// bytes than the longest frame allowed, so a connection's memory is bounded by `Limits`.
public struct PeerMessageDecoder: Sendable {
  /// The longest frames taken, in bytes without the length prefix.
  public struct Limits: Sendable {
    /// A bitfield of the most pieces a torrent may have.
    public var bitfield: UInt32 = UInt32(PieceGeometry.mostPieces / 8) + 1
    /// A block we could have asked for.
    public var block: UInt32 = PieceGeometry.standardBlockLength
    /// An extension message: 16 KiB of metadata and its dictionary (BEP 9) is the longest useful.
    public var extended: UInt32 = 64 << 10
    /// Nodes of a hash tree: as many as are asked for at once, and one for each layer above them.
    public var nodes: UInt32 = HashRange.mostNodes + 64

    public init() {}
  }

  public enum Item: Hashable, Sendable {
    case message(PeerMessage)
    /// The header of a `piece` message; `block.length` bytes of payload follow.
    case block(Block)
    /// Part of that payload, as offsets into the input.
    case payload(Range<Int>)
  }

  public var limits: Limits
  /// Bytes of the current block's payload that have not arrived.
  public private(set) var payloadRemaining = 0
  private var partial: [UInt8] = []

  public init(limits: Limits = Limits()) { self.limits = limits }

  /// Bytes of a frame that has not arrived whole.
  public var bytesHeld: Int { partial.count }

  /// Whether the next byte begins a frame.
  public var isAtBoundary: Bool { payloadRemaining == 0 && partial.isEmpty }

  /// Notes that `count` bytes of the current payload were read past the decoder.
  public mutating func skipPayload(_ count: Int) {
    precondition(count <= payloadRemaining, "more payload than the block holds")
    payloadRemaining -= count
  }

  /// Notes that a block's header was read past the decoder.
  public mutating func skipHeader(of block: Block) {
    precondition(isAtBoundary, "a header in the middle of a frame")
    payloadRemaining = Int(block.length)
  }

  /// The next item of `input` from `offset` on, which moves past it; `nil` when all input is used.
  ///
  /// - Throws: at the first frame that no peer in its right mind sends; the stream is lost then.
  public mutating func next(
    in input: RawSpan, at offset: inout Int
  ) throws(PeerWireError) -> Item? {
    let available = input.byteCount - offset
    guard available > 0 else { return nil }
    if payloadRemaining > 0 {
      let count = min(payloadRemaining, available)
      payloadRemaining -= count
      offset += count
      return .payload(offset - count..<offset)
    }
    if partial.isEmpty {
      let frame = input.extracting(offset..<input.byteCount)
      let needed = try bytesNeeded(frame)
      if available >= needed {
        offset += needed
        return take(Self.parse(frame))
      }
    }
    return try gather(input, at: &offset)
  }

  /// Completes a frame that arrived in several parts.
  private mutating func gather(
    _ input: RawSpan, at offset: inout Int
  ) throws(PeerWireError) -> Item? {
    while true {
      let needed = try bytesNeeded(partial.span.bytes)
      if partial.count >= needed {
        let item = Self.parse(partial.span.bytes)
        partial.removeAll(keepingCapacity: partial.capacity <= 1024)
        return take(item)
      }
      let count = min(needed - partial.count, input.byteCount - offset)
      guard count > 0 else { return nil }
      input.extracting(offset..<offset + count).withUnsafeBytes {
        partial.append(contentsOf: $0)
      }
      offset += count
    }
  }

  /// How many bytes of a frame have to be there before it can be taken: grows as they arrive, from
  /// the length prefix to the whole frame, or to the header where a payload follows.
  private func bytesNeeded(_ frame: RawSpan) throws(PeerWireError) -> Int {
    guard frame.byteCount >= 4 else { return 4 }
    let length = frame.bigEndian(at: 0)
    if length == 0 { return 4 }
    guard length <= longestFrame else { throw .frameTooLong(id: nil, length: length) }
    guard frame.byteCount >= 5 else { return 5 }
    let id = frame.byte(at: 4)
    switch id {
    case MessageID.piece:
      guard length > 9 else { throw .badFrameLength(id: id, length: length) }
      guard length - 9 <= limits.block else { throw .frameTooLong(id: id, length: length) }
      return BlockHeader.length
    case MessageID.bitfield:
      guard length - 1 <= limits.bitfield else { throw .frameTooLong(id: id, length: length) }
    case MessageID.extended:
      guard length >= 2 else { throw .badFrameLength(id: id, length: length) }
      guard length - 2 <= limits.extended else { throw .frameTooLong(id: id, length: length) }
    case MessageID.hashes:
      let least = UInt32(1 + HashRange.length)
      guard length >= least, (length - least).isMultiple(of: 32) else {
        throw .badFrameLength(id: id, length: length)
      }
      guard (length - least) / 32 <= limits.nodes else {
        throw .frameTooLong(id: id, length: length)
      }
    default:
      if let exact = Self.exactLength(of: id) {
        guard length == exact else { throw .badFrameLength(id: id, length: length) }
      } else {
        guard length <= limits.extended else { throw .frameTooLong(id: id, length: length) }
      }
    }
    return 4 + Int(length)
  }

  private var longestFrame: UInt32 {
    max(
      limits.bitfield + 1, limits.block + 9, limits.extended + 2,
      limits.nodes * 32 + UInt32(1 + HashRange.length))
  }

  private static func exactLength(of id: UInt8) -> UInt32? {
    switch id {
    case MessageID.choke, MessageID.unchoke, MessageID.interested, MessageID.notInterested,
      MessageID.haveAll, MessageID.haveNone:
      1
    case MessageID.have, MessageID.suggest, MessageID.allowedFast: 5
    case MessageID.request, MessageID.cancel, MessageID.reject: 13
    case MessageID.port: 3
    case MessageID.hashRequest, MessageID.hashReject: UInt32(1 + HashRange.length)
    default: nil
    }
  }

  private mutating func take(_ item: Item) -> Item {
    if case .block(let block) = item { payloadRemaining = Int(block.length) }
    return item
  }

  /// The item a frame starts with. `bytesNeeded` has checked its length.
  private static func parse(_ frame: RawSpan) -> Item {
    let length = Int(frame.bigEndian(at: 0))
    guard length > 0 else { return .message(.keepAlive) }
    let id = frame.byte(at: 4)
    switch id {
    case MessageID.choke: return .message(.choke)
    case MessageID.unchoke: return .message(.unchoke)
    case MessageID.interested: return .message(.interested)
    case MessageID.notInterested: return .message(.notInterested)
    case MessageID.have: return .message(.have(frame.piece(at: 5)))
    case MessageID.bitfield: return .message(.bitfield(frame.array(5..<4 + length)))
    case MessageID.request: return .message(.request(frame.block()))
    case MessageID.piece:
      return .block(
        Block(
          piece: frame.piece(at: 5), offset: frame.bigEndian(at: 9), length: UInt32(length - 9)))
    case MessageID.cancel: return .message(.cancel(frame.block()))
    case MessageID.port:
      return .message(.port(UInt16(frame.byte(at: 5)) << 8 | UInt16(frame.byte(at: 6))))
    case MessageID.suggest: return .message(.suggest(frame.piece(at: 5)))
    case MessageID.haveAll: return .message(.haveAll)
    case MessageID.haveNone: return .message(.haveNone)
    case MessageID.reject: return .message(.reject(frame.block()))
    case MessageID.allowedFast: return .message(.allowedFast(frame.piece(at: 5)))
    case MessageID.extended:
      return .message(.extended(id: frame.byte(at: 5), payload: frame.array(6..<4 + length)))
    case MessageID.hashRequest: return .message(.hashRequest(frame.hashRange()))
    case MessageID.hashReject: return .message(.hashReject(frame.hashRange()))
    case MessageID.hashes:
      let nodes = stride(from: 5 + HashRange.length, to: 4 + length, by: 32).map {
        Bytes32(frame, at: $0)
      }
      return .message(.hashes(frame.hashRange(), nodes))
    default: return .message(.unknown(id: id))
    }
  }
}

extension RawSpan {
  @inline(__always)
  fileprivate func byte(at offset: Int) -> UInt8 {
    unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }

  @inline(__always)
  fileprivate func bigEndian(at offset: Int) -> UInt32 {
    UInt32(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  fileprivate func piece(at offset: Int) -> PieceIndex { PieceIndex(number: bigEndian(at: offset)) }

  /// The three words of a request, cancel or reject.
  fileprivate func block() -> Block {
    Block(piece: piece(at: 5), offset: bigEndian(at: 9), length: bigEndian(at: 13))
  }

  /// What each message about nodes of a hash tree begins with.
  fileprivate func hashRange() -> HashRange {
    HashRange(
      root: Bytes32(self, at: 5), layer: bigEndian(at: 37), first: bigEndian(at: 41),
      count: bigEndian(at: 45), proofLayers: bigEndian(at: 49))
  }

  fileprivate func array(_ range: Range<Int>) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
      for position in range {
        buffer[count] = byte(at: position)
        count += 1
      }
    }
  }
}
