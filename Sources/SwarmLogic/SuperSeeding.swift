import DeterministicCore
import PeerWire
import TorrentModel

/// What a super-seed has let one peer know of.
struct Revelation: Sendable {
  var shown: Bitfield
  /// Of those, the pieces that no other peer was seen to have since.
  var kept: [Kept] = []
  /// When it was last shown one.
  var shownAt: Moment

  struct Kept: Sendable {
    let piece: PieceIndex
    /// Bytes of it that we have sent. A peer need not tell us that it has what we have (aria2 does
    /// not), so one that was sent all of a piece is taken to have it.
    var sent: UInt32 = 0
  }

  /// Pieces that a peer is to pass on before it is shown others. Of one alone it would have nothing to
  /// ask for while the news of the next is under way.
  static let ahead = 2
  /// A peer that has all it was shown, and that nobody fetches from, is shown one more after this: who
  /// meets no other peer could else never be complete.
  static let patience = TimeSpan.seconds(30)
}

// Super-seeding (BEP 16): a seed that says it has nothing, and shows each peer two pieces that nobody
// has. When another peer has one, the peer it was shown to has passed it on, and is shown the next. So
// the seed sends little more than one copy, at the price of a slower start: for a first seed behind a
// slow link whose peers heed no suggestions (`PieceSpreading`, which is the usual way).
extension Swarm {
  /// Only who has all can choose what to show.
  var isSuperSeeding: Bool { configuration.isSuperSeeding && isComplete }

  /// Says nothing of our pieces to a peer, but shows it the first.
  mutating func hidePieces(
    from key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard let geometry else { return }
    peers[key].revealed = Revelation(
      shown: Bitfield(count: geometry.pieceCount), shownAt: now)
    show(to: key, at: now, into: &effects)
  }

  /// Shows a peer as many pieces as it should have ahead.
  private mutating func show(to key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]) {
    while var revelation = peers[key].revealed, revelation.kept.count < Revelation.ahead,
      let piece = nextPieceToShow(key, revelation.shown)
    {
      revealCounts[piece.index] += 1
      revelation.shown.insert(piece)
      revelation.kept.append(Revelation.Kept(piece: piece))
      revelation.shownAt = now
      peers[key].revealed = revelation
      send(.have(piece), to: key, at: now, into: &effects)
    }
  }

  /// The piece that a peer lacks and that fewest were shown or have.
  private mutating func nextPieceToShow(_ key: PeerKey, _ shown: Bitfield) -> PieceIndex? {
    guard let geometry, picker != nil else { return nil }
    if revealCounts.isEmpty { revealCounts = Array(repeating: 0, count: geometry.pieceCount) }
    var best: (piece: PieceIndex, count: Int)?
    // From another place each time: of pieces alike, no two peers should be shown the same.
    let start = generator.below(geometry.pieceCount)
    for step in 0..<geometry.pieceCount {
      let piece = PieceIndex((start + step) % geometry.pieceCount)
      guard peers[key].pieces?[piece] != true, !shown[piece] else { continue }
      let count = picker.wrapped.availability(of: piece) + Int(revealCounts[piece.index])
      if best.map({ count < $0.count }) ?? true { best = (piece, count) }
      if count == 0 { break }
    }
    return best?.piece
  }

  /// A peer has a piece: whoever was shown it has passed it on, unless it is that peer itself.
  mutating func noteSpread(
    of piece: PieceIndex, to key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard configuration.isSuperSeeding else { return }
    for other in peers.ids where other != key {
      showNext(after: piece, to: other, at: now, into: &effects)
    }
    // Alone with us, a peer can pass nothing on.
    let others = peers.ids.contains { $0 != key && peers[$0].revealed != nil && !peers[$0].isSeed }
    if !others { showNext(after: piece, to: key, at: now, into: &effects) }
  }

  private mutating func showNext(
    after piece: PieceIndex, to key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard var revelation = peers[key].revealed,
      let place = revelation.kept.firstIndex(where: { $0.piece == piece })
    else { return }
    revelation.kept.remove(at: place)
    peers[key].revealed = revelation
    show(to: key, at: now, into: &effects)
  }

  /// Shows a peer one more that has passed nothing on for long.
  mutating func showToStuck(
    _ key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard let revelation = peers[key].revealed, let oldest = revelation.kept.first,
      now - revelation.shownAt >= Revelation.patience,
      revelation.kept.allSatisfy({ peers[key].has($0.piece) || isSent($0) })
    else { return }
    showNext(after: oldest.piece, to: key, at: now, into: &effects)
  }

  private func isSent(_ kept: Revelation.Kept) -> Bool {
    geometry.map { kept.sent >= $0.length(of: kept.piece) } ?? false
  }

  /// A block has been sent to a peer that was shown its piece.
  mutating func noteShownSent(
    _ block: Block, to key: PeerKey, at now: Moment, into effects: inout [SwarmEffect]
  ) {
    guard var revelation = peers[key].revealed,
      let place = revelation.kept.firstIndex(where: { $0.piece == block.piece }),
      !isSent(revelation.kept[place])
    else { return }
    revelation.kept[place].sent += block.length
    peers[key].revealed = revelation
    if isSent(revelation.kept[place]) {
      noteSpread(of: block.piece, to: key, at: now, into: &effects)
    }
  }

  /// What only a peer that left was shown may be shown to others.
  mutating func forgetRevelations(to key: PeerKey) {
    for piece in peers[key].revealed?.shown.pieces ?? [] where revealCounts[piece.index] > 0 {
      revealCounts[piece.index] -= 1
    }
  }
}
