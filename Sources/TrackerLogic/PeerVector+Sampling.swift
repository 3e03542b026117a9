import DeterministicCore

extension PeerVector {
  /// Chooses up to `most` peers, each equally likely.
  ///
  /// - Parameters:
  ///   - onlyDownloaders: leaves out whoever wants nothing, for askers that want nothing either.
  ///   - asker: the position of who asks and is not to be named.
  func sample(
    _ most: Int, onlyDownloaders: Bool, excluding asker: Int?,
    using generator: inout SeededGenerator
  ) -> PeerSample {
    PeerSample(
      most, of: onlyDownloaders ? downloaderCount : count, excluding: asker, using: &generator)
  }
}

/// The positions of the peers for one reply: two runs of neighbours on the ring that the eligible
/// ones form, so that a reply costs two walks through memory and peers that came together are not
/// always named together.
///
/// The first run begins anywhere, and the second anywhere in the rest where it does not reach into
/// the first: so every position is as likely as every other.
struct PeerSample: IteratorProtocol {
  /// Positions from here on stand for the one behind: the asker's is cut out of the ring.
  private let gap: Int
  private let eligible: Int
  private var position: Int
  /// Positions until the run ends.
  private var left: Int
  private var secondStart: Int
  private var secondLength: Int

  init(
    _ most: Int, of count: Int, excluding asker: Int?, using generator: inout SeededGenerator
  ) {
    gap = asker.map { min($0, count) } ?? count
    eligible = gap < count ? count - 1 : count
    guard eligible > most else {
      (position, left) = (0, eligible)
      (secondStart, secondLength) = (0, 0)
      return
    }
    left = most - most / 2
    secondLength = most / 2
    position = generator.below(eligible)
    secondStart = position + left + generator.below(eligible - most + 1)
    if secondStart >= eligible { secondStart -= eligible }
  }

  @inline(__always)
  mutating func next() -> Int? {
    if left == 0 {
      guard secondLength > 0 else { return nil }
      position = secondStart
      left = secondLength
      secondLength = 0
    }
    let chosen = position
    left -= 1
    position += 1
    if position == eligible { position = 0 }
    return chosen < gap ? chosen : chosen + 1
  }
}
