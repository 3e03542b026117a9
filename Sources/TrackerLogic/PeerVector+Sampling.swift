import DeterministicCore

extension PeerVector {
  /// Hands up to `most` peers to `take`, each equally likely: two runs of neighbours that begin at
  /// random, one in either half, so that a reply costs two cache-friendly copies and peers that came
  /// together are not always named together.
  ///
  /// - Parameters:
  ///   - onlyDownloaders: leaves out whoever wants nothing, for askers that want nothing either.
  ///   - asker: the position of who asks and is not to be named.
  func sample(
    _ most: Int, onlyDownloaders: Bool, excluding asker: Int?,
    using generator: inout SeededGenerator, _ take: (PeerRecord<Host>) -> Void
  ) {
    let end = onlyDownloaders ? downloaderCount : count
    // The asker's place is cut out: positions behind it count one less.
    let gap = asker.map { min($0, end) } ?? end
    let eligible = gap < end ? end - 1 : end
    guard eligible > most else {
      for position in 0..<eligible { take(records[position < gap ? position : position + 1]) }
      return
    }
    let half = eligible / 2
    for (range, wanted) in [(0..<half, most / 2), (half..<eligible, most - most / 2)]
    where wanted > 0 {
      var position = range.lowerBound + generator.below(range.count)
      for _ in 0..<wanted {
        take(records[position < gap ? position : position + 1])
        position += 1
        if position == range.upperBound { position = range.lowerBound }
      }
    }
  }
}
