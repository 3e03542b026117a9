public import TorrentModel

/// Which pieces are asked of a web seed in one request.
///
/// A server sends a long range as easily as a short one, and peers fetch piece by piece from
/// everywhere; so the server fills the longest gap (BEP 19), from its beginning on: there fewer
/// pieces of peers stand in its way. Only the user's priorities go before that.
public enum WebSeedRange {
  /// Asked for at once, at most, in bytes: what a range that breaks off may keep from others.
  public static let longest: UInt64 = 16 << 20
  /// Asked for at least, in bytes, as far as there are so many: a request costs a round trip.
  public static let shortest: UInt64 = 1 << 20
  /// A request should last so many seconds at the rate seen.
  public static let seconds = 4.0

  /// Bytes to ask for of a server that was seen to send `rate` bytes a second.
  public static func length(atRate rate: Double) -> UInt64 {
    UInt64(min(max(rate * seconds, Double(shortest)), Double(longest)))
  }

  /// The pieces to ask for; empty when there is none.
  ///
  /// - Parameters:
  ///   - candidates: pieces that nobody is asked for and that the server has.
  ///   - isFirst: in order from the first on, for whoever reads along.
  ///   - most: pieces at most, at least one.
  public static func choose(
    from candidates: Bitfield, isFirst: Bool, most: Int, priority: (PieceIndex) -> PiecePriority
  ) -> Range<Int> {
    var best = 0..<0
    var bestPriority = PiecePriority.unwanted
    var start = 0
    var end = 0
    var current = PiecePriority.unwanted
    func close() {
      guard start < end else { return }
      if current > bestPriority || (current == bestPriority && !isFirst && end - start > best.count)
      {
        best = start..<end
        bestPriority = current
      }
    }
    for piece in candidates.pieces {
      let level = priority(piece)
      if piece.index != end || level != current {
        close()
        start = piece.index
        current = level
      }
      end = piece.index + 1
    }
    close()
    return best.prefix(most)
  }
}

extension Range<Int> {
  fileprivate func prefix(_ most: Int) -> Range<Int> {
    lowerBound..<Swift.min(upperBound, lowerBound + Swift.max(1, most))
  }
}
