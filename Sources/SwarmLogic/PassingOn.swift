import TorrentModel

/// Which peer passes on what a seed gives it. A seed is given nothing back, and so cannot tell those
/// who share from those who only take by what it gets; but where a piece that it gave to one peer
/// alone comes to another, the first has passed it on.
///
/// The invariant: a holder is the only peer that we served a piece to, as far as it was an offer of
/// ours; a piece that we serve to another is evidence of nothing. A holder is connected.
struct PassingOn: Sendable {
  /// Pieces watched at a time. A swarm that shares shows it by few.
  static let mostWatched = 1024

  private var holders: [PieceIndex: PeerKey] = [:]

  /// A peer has got the piece that it was offered, and nobody else has it.
  mutating func watch(_ piece: PieceIndex, at key: PeerKey) {
    if holders.count < Self.mostWatched { holders[piece] = key }
  }

  /// We serve a piece to a peer.
  mutating func noteServed(_ piece: PieceIndex, to key: PeerKey) {
    guard !holders.isEmpty, let holder = holders[piece], holder != key else { return }
    holders[piece] = nil
  }

  /// A peer is gone, and with it what it may pass on: others are watched in its place.
  /// O(pieces watched).
  mutating func forget(_ key: PeerKey) {
    guard !holders.isEmpty else { return }
    holders = holders.filter { $0.value != key }
  }

  /// A peer has come to have a piece. Returns who must have passed it on.
  mutating func noteArrival(_ piece: PieceIndex, at key: PeerKey) -> PeerKey? {
    guard !holders.isEmpty, let holder = holders[piece], holder != key else { return nil }
    holders[piece] = nil
    return holder
  }
}
