public import DeterministicCore

/// A set of pieces, as a peer announces it (BEP 3).
///
/// The invariant: bits beyond `count` are zero. Bit 0 of the torrent is the highest bit of the
/// first word, so that words are the wire's bytes read big-endian.
public struct Bitfield: Hashable, Sendable {
  @usableFromInline var words: [UInt64]
  // As wide as a piece's number: a swarm keeps the sets of hundreds of peers, and looks at one of
  // them with every HAVE.
  @usableFromInline let total: UInt32
  @usableFromInline var held: UInt32

  @inlinable
  public init(count: Int) {
    self.init(count: count, words: Array(repeating: 0, count: (count + 63) / 64), setCount: 0)
  }

  @usableFromInline
  init(count: Int, words: [UInt64], setCount: Int) {
    self.words = words
    total = UInt32(count)
    held = UInt32(setCount)
  }

  /// Pieces in the torrent.
  @inlinable
  public var count: Int { Int(total) }

  /// Pieces in the set.
  @inlinable
  public var setCount: Int { Int(held) }

  /// All pieces.
  public static func full(count: Int) -> Bitfield {
    var words = Array(repeating: UInt64.max, count: (count + 63) / 64)
    if count % 64 != 0 { words[words.count - 1] = UInt64.max << UInt64(64 - count % 64) }
    return Bitfield(count: count, words: words, setCount: count)
  }

  /// The wire's bytes; `nil` when their number is wrong or a spare bit is set (BEP 3 has such
  /// connections dropped).
  public init?(wire bytes: some Collection<UInt8>, count: Int) {
    guard bytes.count == (count + 7) / 8 else { return nil }
    var words = Array(repeating: UInt64(0), count: (count + 63) / 64)
    for (position, byte) in bytes.enumerated() {
      words[position / 8] |= UInt64(byte) << UInt64(56 - 8 * (position % 8))
    }
    if count % 64 != 0, let last = words.last, last << UInt64(count % 64) != 0 { return nil }
    self.init(
      count: count, words: words, setCount: words.reduce(0) { $0 + $1.nonzeroBitCount })
  }

  public var wire: [UInt8] {
    (0..<(count + 7) / 8).map {
      UInt8(truncatingIfNeeded: words[$0 / 8] >> UInt64(56 - 8 * ($0 % 8)))
    }
  }

  @inlinable
  public var isFull: Bool { held == total }

  @inlinable
  public var isEmpty: Bool { held == 0 }

  @inlinable @inline(__always)
  public subscript(piece: PieceIndex) -> Bool {
    (words[piece.index / 64] << UInt64(piece.index % 64)) >> 63 != 0
  }

  /// How many words `word(_:)` has.
  @inlinable
  public var wordCount: Int { words.count }

  /// Pieces `64 * position` to `64 * position + 63` at once, the lowest in the highest bit, for
  /// searches that combine several sets.
  @inlinable
  public func word(_ position: Int) -> UInt64 { words[position] }

  /// Where it is noted whether a piece is in the set.
  @inlinable @inline(__always)
  public func place(of piece: PieceIndex) -> ElementPlace { words.place(of: piece.index / 64) }

  /// Adds a piece; false when it was there.
  @discardableResult
  public mutating func insert(_ piece: PieceIndex) -> Bool {
    precondition(piece.index < count, "a piece beyond the bitfield")
    let bit = UInt64(1) << UInt64(63 - piece.index % 64)
    guard words[piece.index / 64] & bit == 0 else { return false }
    words[piece.index / 64] |= bit
    held += 1
    return true
  }

  /// Takes a piece out; false when it was not there.
  @discardableResult
  public mutating func remove(_ piece: PieceIndex) -> Bool {
    precondition(piece.index < count, "a piece beyond the bitfield")
    let bit = UInt64(1) << UInt64(63 - piece.index % 64)
    guard words[piece.index / 64] & bit != 0 else { return false }
    words[piece.index / 64] &= ~bit
    held -= 1
    return true
  }

  /// Adds the pieces of another set. - Precondition: both describe the same torrent.
  public mutating func formUnion(_ other: Bitfield) {
    precondition(count == other.count, "bitfields of different torrents")
    for position in words.indices { words[position] |= other.words[position] }
    held = UInt32(words.reduce(0) { $0 + $1.nonzeroBitCount })
  }

  /// Takes the pieces of another set out. - Precondition: both describe the same torrent.
  public mutating func subtract(_ other: Bitfield) {
    precondition(count == other.count, "bitfields of different torrents")
    for position in words.indices { words[position] &= ~other.words[position] }
    held = UInt32(words.reduce(0) { $0 + $1.nonzeroBitCount })
  }

  /// The pieces that are not in the set.
  public var complement: Bitfield {
    var rest = Bitfield.full(count: count)
    rest.subtract(self)
    return rest
  }

  /// Calls `body` with each piece of the set, in order, 64 pieces a step where there are none.
  @inlinable
  public func forEach(_ body: (PieceIndex) -> Void) {
    for (position, word) in words.enumerated() {
      var rest = word
      while rest != 0 {
        let bit = rest.leadingZeroBitCount
        body(PieceIndex(position * 64 + bit))
        rest &= ~(UInt64(1) << UInt64(63 - bit))
      }
    }
  }

  /// The pieces of the set, in order.
  public var pieces: [PieceIndex] {
    var pieces: [PieceIndex] = []
    pieces.reserveCapacity(setCount)
    forEach { pieces.append($0) }
    return pieces
  }

  /// Calls `body` with each piece that is in this set and in `other`, in order, until it returns
  /// false. - Precondition: both describe the same torrent.
  @inlinable
  public func forEachShared(with other: Bitfield, _ body: (PieceIndex) -> Bool) {
    precondition(count == other.count, "bitfields of different torrents")
    for position in words.indices {
      var rest = words[position] & other.words[position]
      while rest != 0 {
        let bit = rest.leadingZeroBitCount
        guard body(PieceIndex(position * 64 + bit)) else { return }
        rest &= ~(UInt64(1) << UInt64(63 - bit))
      }
    }
  }

  /// The first piece that is in this set and in `other`.
  public func first(sharedWith other: Bitfield) -> PieceIndex? {
    var first: PieceIndex?
    forEachShared(with: other) { piece in
      first = piece
      return false
    }
    return first
  }

  /// The first piece of the set at or behind a place, or else the first of all. O(pieces / 64).
  public func first(from place: Int) -> PieceIndex? {
    guard setCount > 0 else { return nil }
    let start = place >= 0 && place < count ? place : 0
    var word = words[start / 64] & (UInt64.max >> UInt64(start % 64))
    for step in 0...words.count {
      let position = (start / 64 + step) % words.count
      if step > 0 { word = words[position] }
      if word != 0 { return PieceIndex(position * 64 + word.leadingZeroBitCount) }
    }
    return nil
  }

  /// How many pieces are in this set and not in `other`.
  public func countMissing(from other: Bitfield) -> Int {
    precondition(count == other.count, "bitfields of different torrents")
    var total = 0
    for position in words.indices {
      total += (words[position] & ~other.words[position]).nonzeroBitCount
    }
    return total
  }
}
