import DeterministicCore
import TorrentModel

extension Availability {
  /// The most untouched pieces of one peer that are compared for one pick. A peer in a flash crowd
  /// may have ten thousand pieces, none of them rare; the rarest of a thousand is rare enough.
  static let mostCompared = 1024

  /// The rarest untouched piece of the highest priority among those of a peer.
  ///
  /// Looks along the order first, behind what no peer has: that ends at once when the peer has much. A
  /// peer that has none of the rarest pieces is searched by what it has, `mostCompared` of it at most,
  /// from a random place on; all of it when the pieces differ in priority. `untouched` are the listed
  /// pieces. So a pick costs O(pieces / 64 + mostCompared).
  mutating func rarest(
    of has: Bitfield, untouched: Bitfield, using generator: inout SeededGenerator
  ) -> PieceIndex? {
    catchUp(using: &generator)
    var budget = has.wordCount + min(Self.mostCompared, has.setCount)
    for level in orders.indices.reversed() where !orders[level].isUnused {
      if let piece = orders[level].first(in: has, but: -everywhere, budget: &budget) {
        return piece
      }
    }
    guard budget == 0 else { return nil }
    let only = onlyLevel
    var left = only == nil ? Int.max : Self.mostCompared
    var best: (piece: PieceIndex, level: Int, rank: Int)?
    let start = generator.below(has.wordCount)
    for step in 0..<has.wordCount where left > 0 {
      let position = (start + step) % has.wordCount
      var word = has.word(position) & untouched.word(position)
      searchSteps += 1 + word.nonzeroBitCount
      left -= word.nonzeroBitCount
      while word != 0 {
        let piece = Self.firstPiece(of: &word, at: position)
        // Of one priority, no piece's own is looked at.
        let level = only ?? Int(listing(of: piece).rawValue)
        let rank = orders[level].rank(of: piece)
        if best == nil || level > best!.level || (level == best!.level && rank < best!.rank) {
          best = (piece, level, rank)
        }
      }
    }
    return best?.piece
  }

  /// A random untouched piece of the highest priority among those of a peer, each as likely as any
  /// other. O(pieces / 64) as long as one priority is in use.
  mutating func anyPiece(
    of has: Bitfield, untouched: Bitfield, using generator: inout SeededGenerator
  ) -> PieceIndex? {
    catchUp(using: &generator)
    if onlyLevel != nil {
      return choose(of: has, untouched: untouched, priority: nil, using: &generator)
    }
    guard let rarest = rarest(of: has, untouched: untouched, using: &generator) else { return nil }
    return choose(
      of: has, untouched: untouched, priority: listing(of: rarest), using: &generator)
  }

  /// Counts the candidates, draws a number and goes to the piece of that number.
  private mutating func choose(
    of has: Bitfield, untouched: Bitfield, priority: PiecePriority?,
    using generator: inout SeededGenerator
  ) -> PieceIndex? {
    searchSteps += 2 * has.wordCount
    var total = 0
    for position in 0..<has.wordCount {
      total +=
        candidates(has.word(position) & untouched.word(position), at: position, priority)
        .nonzeroBitCount
    }
    guard total > 0 else { return nil }
    var number = generator.below(total)
    for position in 0..<has.wordCount {
      var word = candidates(has.word(position) & untouched.word(position), at: position, priority)
      guard number < word.nonzeroBitCount else {
        number -= word.nonzeroBitCount
        continue
      }
      for _ in 0..<number { _ = Self.firstPiece(of: &word, at: position) }
      return Self.firstPiece(of: &word, at: position)
    }
    return nil
  }

  /// Those of 64 pieces that are listed under a priority.
  private func candidates(_ word: UInt64, at position: Int, _ priority: PiecePriority?) -> UInt64 {
    guard let priority else { return word }
    var (rest, kept) = (word, word)
    while rest != 0 {
      let before = rest
      let piece = Self.firstPiece(of: &rest, at: position)
      if listing(of: piece) != priority { kept &= ~(before ^ rest) }
    }
    return kept
  }

  /// Takes the first piece out of a word of pieces. - Precondition: the word is not empty.
  private static func firstPiece(of word: inout UInt64, at position: Int) -> PieceIndex {
    let bit = word.leadingZeroBitCount
    word &= ~(UInt64(1) << UInt64(63 - bit))
    return PieceIndex(position * 64 + bit)
  }
}
