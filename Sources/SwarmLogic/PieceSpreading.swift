import DeterministicCore
import PeerWire
import TorrentModel

/// A piece that we suggested to a peer.
struct PieceOffer: Sendable {
  let piece: PieceIndex
  /// The peer has begun to ask for it.
  var isRequested = false
}

/// What a seed suggests (BEP 6): to each peer it serves other pieces, those that nobody has yet.
///
/// Left to themselves, peers that do not hear of each other's pieces fetch the same ones from the
/// seed, and while it is the only source of the rest, everybody waits for what it sends twice. With
/// each piece offered to one peer, one copy is out after little more than its length. Unlike
/// super-seeding (BEP 16) nothing is hidden, so that a peer which follows no suggestions, or is
/// fast, loses nothing by it.
///
/// Any order gives each peer other pieces; they are handed out from the place on at which a peer
/// asks, because peers that play the same film want what is next, and have it from each other then.
///
/// The invariant: a piece is handed out once, unless it was taken back; when no piece is left,
/// rarest first alone decides, which by then sees every piece at some peer.
struct PieceSpreading: Sendable {
  /// Bytes offered ahead of what a peer has begun to ask for: what is on its way while a
  /// suggestion travels.
  static let bytesAhead = 256 << 10
  static let leastAhead = 2

  /// Pieces that were not handed out; made when the first is.
  private var left: Bitfield?
  /// Behind the piece that was handed out last.
  private var cursor = 0

  static func piecesAhead(_ geometry: PieceGeometry) -> Int {
    max(leastAhead, bytesAhead / Int(geometry.pieceLength))
  }

  /// The next piece to offer, if nobody has it: the first that is left from `place` on, or from
  /// where the last came from. One that somebody has got meanwhile is passed over for good, so all
  /// calls together cost O(pieces² / 64) at most.
  mutating func next(of pieceCount: Int, from place: PieceIndex?) -> PieceIndex? {
    if left == nil { left = .full(count: pieceCount) }
    guard let piece = left!.first(from: place?.index ?? cursor) else { return nil }
    left!.remove(piece)
    cursor = piece.index + 1
    return piece
  }

  /// A piece was offered in vain and may be offered to another.
  mutating func takeBack(_ piece: PieceIndex) { left?.insert(piece) }
}

extension Swarm {
  /// Suggests pieces that nobody has to a peer we serve, as long as there are any.
  mutating func offerPieces(
    to key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard isComplete, let geometry, peers.contains(key), peers[key].supportsFast,
      !peers[key].isChoked, peers[key].revealed == nil
    else { return }
    var ahead = peers[key].offered.count { !$0.isRequested }
    while ahead < PieceSpreading.piecesAhead(geometry) {
      guard let next = nextPieceToOffer(to: key, geometry) else { return }
      peers[key].offered.append(PieceOffer(piece: next))
      send(.suggest(next), to: key, at: now, into: &effects)
      ahead += 1
    }
  }

  private mutating func nextPieceToOffer(
    to key: PeerKey, _ geometry: PieceGeometry
  ) -> PieceIndex? {
    while let piece = spreading.next(of: geometry.pieceCount, from: peers[key].lastServed) {
      if isSpreading(piece) { return piece }
    }
    return nil
  }

  /// Whether we are a seed and no peer has a piece: it is given to those we serve, not away.
  func isSpreading(_ piece: PieceIndex) -> Bool {
    isComplete && picker.wrapped.availability(of: piece) == 0
  }

  /// A peer asks for a block: an offer of that piece is taken up, and another may follow.
  mutating func noteRequested(
    _ piece: PieceIndex, by key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    peers[key].lastServed = piece
    guard let place = peers[key].offered.firstIndex(where: { $0.piece == piece }),
      !peers[key].offered[place].isRequested
    else { return }
    peers[key].offered[place].isRequested = true
    offerPieces(to: key, at: now, into: &effects)
  }

  /// A peer is choked or gone: others may be offered what it has not got.
  mutating func takeOffersBack(from key: PeerKey) {
    for offer in peers[key].offered { spreading.takeBack(offer.piece) }
    peers[key].offered = []
  }
}
