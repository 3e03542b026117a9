import DeterministicCore
import PeerWire
import TorrentModel

// Super-seeding (BEP 16): a seed that says it has nothing, and shows each peer one piece that nobody
// has. When another peer has it, the one it was shown to has passed it on, and is shown the next. So
// the seed sends little more than one copy, at the price of a slower start: for a first seed behind a
// slow link whose peers heed no suggestions (`PieceSpreading`, which is the usual way).
extension Swarm {
  /// Only who has all can choose what to show.
  var isSuperSeeding: Bool { configuration.isSuperSeeding && isComplete }

  /// Says nothing of our pieces to a peer, but shows it the first.
  mutating func hidePieces(
    from key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    peers[key].revealed = []
    if peers[key].supportsFast { send(.haveNone, to: key, at: now, into: &effects) }
    reveal(to: key, at: now, into: &effects)
  }

  /// Shows a peer the piece that it lacks and that fewest were shown or have.
  private mutating func reveal(
    to key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard let geometry, let picker, let shown = peers[key].revealed else { return }
    if revealCounts.isEmpty { revealCounts = Array(repeating: 0, count: geometry.pieceCount) }
    var best: (piece: PieceIndex, count: Int)?
    // From another place each time: of pieces alike, no two peers should be shown the same.
    let start = generator.below(geometry.pieceCount)
    for step in 0..<geometry.pieceCount {
      let piece = PieceIndex((start + step) % geometry.pieceCount)
      guard peers[key].pieces?[piece] != true, !shown.contains(piece) else { continue }
      let count = picker.availability(of: piece) + Int(revealCounts[piece.index])
      if best.map({ count < $0.count }) ?? true { best = (piece, count) }
      if count == 0 { break }
    }
    guard let best else { return }
    revealCounts[best.piece.index] += 1
    peers[key].revealed!.append(best.piece)
    send(.have(best.piece), to: key, at: now, into: &effects)
  }

  /// A peer has a piece: whoever was shown it has passed it on, unless it is that peer itself.
  mutating func noteSpread(
    of piece: PieceIndex, to key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard configuration.isSuperSeeding else { return }
    for other in peers.ids where other != key && peers[other].revealed?.last == piece {
      reveal(to: other, at: now, into: &effects)
    }
    // Alone with us, a peer can pass nothing on.
    let others = peers.ids.contains { $0 != key && peers[$0].revealed != nil && !peers[$0].isSeed }
    if !others, peers[key].revealed?.last == piece {
      reveal(to: key, at: now, into: &effects)
    }
  }

  /// What only a peer that left was shown may be shown to others.
  mutating func forgetRevelations(to key: PeerKey) {
    for piece in peers[key].revealed ?? [] where revealCounts[piece.index] > 0 {
      revealCounts[piece.index] -= 1
    }
  }

  /// Tells everybody that we want nothing more though we have not got everything (BEP 21).
  mutating func tellUploadOnly(at now: Moment, into effects: inout [SwarmEffect]) {
    for key in peers.ids where peers[key].isConnected {
      sendExtensionHandshake(to: key, isRepeated: true, at: now, into: &effects)
    }
  }
}
