public import TorrentModel

/// What somebody reads while it loads, as far as it decides what is fetched next: a window of pieces
/// from the reader's place on, and in it a front, which is what it will come to soon.
///
/// The rule, which is `PiecePicker.pickForReaders`: what a reader has waited for is asked for at
/// once, of two peers. Then the front is fetched in order, since its deadlines are near. What lies
/// behind it in the window comes rarest first, so that peers who read the same film fetch different
/// pieces and have something to give each other; only with nobody to give it to, in order, too. A
/// seed is asked for what it suggests and then for what of the front nobody else would give us, in turn
/// with pieces that nobody has if it suggests none: all that it sends twice, everybody waits for. What
/// room is left goes to the rest of the torrent, rarest first, as ever.
public enum ReadingWindow {
  /// Bytes ahead of a reader that are fetched before everything else, and pieces at least.
  static let bytesAhead: UInt64 = 8 << 20
  static let leastPiecesAhead = 4

  /// Bytes at a reader's place that are fetched in order, and pieces at least and at most: seconds of
  /// a film, in which a piece that a peer does not send can be had from another.
  static let frontBytes = 2 << 20
  static let leastFront = 2
  static let mostFront = 16

  /// The most peers that a block is asked of for a reader's sake.
  static let mostRequests = 2

  /// The pieces to fetch first for who reads on from a place; empty at the end.
  ///
  /// - Parameters:
  ///   - place: the next byte of the torrent that is read.
  ///   - end: behind the last byte that will be.
  public static func pieces(
    from place: UInt64, to end: UInt64, in geometry: PieceGeometry
  ) -> Range<Int> {
    let ahead = max(bytesAhead, UInt64(geometry.pieceLength) * UInt64(leastPiecesAhead))
    return geometry.pieces(offset: place, length: min(ahead, end - min(place, end)))
  }

  /// What of a window is its front.
  static func front(of window: Range<Int>, in geometry: PieceGeometry) -> Range<Int> {
    let count = min(max(frontBytes / Int(geometry.pieceLength), leastFront), mostFront)
    return window.lowerBound..<min(window.upperBound, window.lowerBound + count)
  }
}

/// Who else is in the swarm of a reader.
struct ReadingCompany: Sendable {
  /// Connected peers that have everything.
  var seeds = 0
  /// Others are fetching, too: what one of us gets the others can have from it.
  var isFetching = false
  /// Pieces of fronts that a peer which is no seed has and would send.
  var offered: [PieceIndex] = []
}
