public import TorrentModel

extension PiecePicker {
  /// Appends up to `count` blocks to ask of a peer that has the pieces `has`, and counts them as
  /// outstanding at it.
  ///
  /// In this order: what is being read (`ReadingWindow`); the rest of the piece the peer is fetching; a new piece that it suggests
  /// (BEP 6), since others could give us the rest of those begun; partial pieces; a new piece, any
  /// while fewer than `randomFirstPieces` are verified, then the rarest; in the endgame blocks that
  /// are outstanding at others, at the fewest first.
  ///
  /// - Parameter allowedFast: the only pieces that may be picked, when the peer chokes us and these
  ///   are allowed nevertheless (BEP 6); `nil` when it does not choke us.
  public mutating func pick(
    for peer: PeerKey, has: Bitfield, atMost count: Int, suggested: [PieceIndex] = [],
    allowedFast: [PieceIndex]? = nil, into blocks: inout [Block]
  ) {
    guard count > 0, !missing.isEmpty else { return }
    if let allowedFast {
      pick(amongst: allowedFast, for: peer, has: has, atMost: count, into: &blocks)
      return
    }
    var room =
      count - pickForReaders(count, for: peer, has: has, suggested: suggested, into: &blocks)
    guard room > 0 else { return }
    if let current = withRecord(of: peer, { $0.current }), missing[current], has[current],
      let slot = partials.slot(of: current), mayJoin(slot, peer)
    {
      room -= take(room, of: slot, for: peer, into: &blocks)
    }
    if !isSequential {
      for piece in suggested where room > 0 && has[piece] && untouched[piece] {
        guard partials.count < mostPartialPieces,
          !availability.hasPriority(above: priorities[piece.index])
        else { break }
        room -= take(room, of: begin(piece, for: peer), for: peer, into: &blocks)
      }
    }
    while room > 0 {
      let partial = bestPartial(for: peer, has: has, evenOthersSole: false)
      if let fresh = freshPiece(for: has, insteadOf: partial) {
        room -= take(room, of: begin(fresh, for: peer), for: peer, into: &blocks)
      } else if let partial {
        room -= take(room, of: partial, for: peer, into: &blocks)
      } else {
        break
      }
    }
    // What is kept for one sole source is better fetched by another than not at all.
    while room > 0, availability.fetchableCount == 0,
      let partial = bestPartial(for: peer, has: has, evenOthersSole: true)
    {
      room -= take(room, of: partial, for: peer, into: &blocks)
    }
    if room > 0, isInEndgame { duplicate(room, for: peer, has: has, into: &blocks) }
  }

  /// Asks a web seed, which has the pieces `has`, for the blocks of adjacent pieces that nobody is
  /// asked for, `most` pieces at most; which those are. Pieces begun are taken when there are no
  /// others, and then only if they stand still. O(pieces).
  mutating func reserveRun(
    for peer: PeerKey, has: Bitfield, most: Int, into blocks: inout [Block]
  ) -> Range<Int> {
    var candidates = Bitfield(count: untouched.count)
    untouched.forEachShared(with: has) { piece in
      candidates.insert(piece)
      return true
    }
    if candidates.isEmpty {
      for place in 0..<partials.openCount {
        let slot = partials.openSlot(place)
        guard partials[slot].outstanding == 0 else { continue }
        let piece = partials[slot].piece
        if missing[piece], has[piece] { candidates.insert(piece) }
      }
    }
    let isRead = keepWhatIsRead(of: &candidates)
    let pieces = WebSeedRange.choose(
      from: candidates, isFirst: isSequential || isRead, most: most
    ) { priorities[$0.index] }
    for piece in pieces {
      let slot = partials.slot(of: PieceIndex(piece)) ?? begin(PieceIndex(piece), for: peer)
      _ = take(.max, of: slot, for: peer, into: &blocks)
    }
    return pieces
  }

  /// Takes what is in no window out of a set, unless nothing would be left; whether it was taken out.
  private func keepWhatIsRead(of candidates: inout Bitfield) -> Bool {
    for window in windows {
      var read = Bitfield(count: candidates.count)
      for number in window where candidates[PieceIndex(number)] { read.insert(PieceIndex(number)) }
      guard read.isEmpty else {
        candidates = read
        return true
      }
    }
    return false
  }

  /// Picks from a short list of pieces only, those in flight first.
  private mutating func pick(
    amongst pieces: [PieceIndex], for peer: PeerKey, has: Bitfield, atMost count: Int,
    into blocks: inout [Block]
  ) {
    var room = count
    for piece in pieces where room > 0 && missing[piece] && has[piece] {
      if let slot = partials.slot(of: piece), mayJoin(slot, peer) {
        room -= take(room, of: slot, for: peer, into: &blocks)
      }
    }
    for piece in pieces where room > 0 && has[piece] && untouched[piece] {
      guard partials.count < mostPartialPieces else { return }
      room -= take(room, of: begin(piece, for: peer), for: peer, into: &blocks)
    }
  }

  /// The best piece in flight with unrequested blocks. O(such pieces).
  private mutating func bestPartial(
    for peer: PeerKey, has: Bitfield, evenOthersSole: Bool
  ) -> Int? {
    searchSteps += partials.openCount
    var best: (slot: Int, preference: PiecePreference)?
    for place in 0..<partials.openCount {
      let slot = partials.openSlot(place)
      let piece = partials[slot].piece
      guard has[piece], missing[piece], evenOthersSole || mayJoin(slot, peer) else { continue }
      let preference = preference(ofPartial: slot)
      if best.map({ preference < $0.preference }) ?? true { best = (slot, preference) }
    }
    return best?.slot
  }

  private func preference(ofPartial slot: Int) -> PiecePreference {
    let piece = partials[slot].piece
    return PiecePreference(
      priority: priorities[piece.index], isPartial: true, availability: availability[piece],
      missingBlocks: partials[slot].blockCount - partials[slot].received,
      tieBreak: partials[slot].age)
  }

  /// Whether a peer may send blocks of a piece in flight: not if another alone should and does.
  func mayJoin(_ slot: Int, _ peer: PeerKey) -> Bool {
    guard let sole = partials[slot].soleSource else { return true }
    return sole == peer || partials[slot].outstanding == 0
  }

  /// The untouched piece to begin, unless a piece in flight is to be preferred.
  private mutating func freshPiece(
    for has: Bitfield, insteadOf partial: Int?
  ) -> PieceIndex? {
    guard partials.count < mostPartialPieces else { return nil }
    if let partial {
      // Only a higher priority goes before a partial piece.
      guard availability.hasPriority(above: priorities[partials[partial].piece.index]) else {
        return nil
      }
      guard let piece = availability.rarest(of: has, untouched: untouched, using: &generator) else {
        return nil
      }
      let preference = PiecePreference(
        priority: priorities[piece.index], isPartial: false, availability: availability[piece],
        missingBlocks: geometry.blockCount(in: piece), tieBreak: 0)
      return preference < self.preference(ofPartial: partial) ? piece : nil
    }
    if isSequential { return untouched.first(sharedWith: has) }
    return have.setCount < Self.randomFirstPieces
      ? availability.anyPiece(of: has, untouched: untouched, using: &generator)
      : availability.rarest(of: has, untouched: untouched, using: &generator)
  }

  /// Opens an untouched piece for a peer.
  mutating func begin(_ piece: PieceIndex, for peer: PeerKey) -> Int {
    touch(piece)
    let slot = partials.open(piece)
    if suspect[piece] { partials[slot].soleSource = peer }
    return slot
  }

  /// Asks a peer for unrequested blocks of a piece in flight; how many.
  mutating func take(
    _ room: Int, of slot: Int, for peer: PeerKey, into blocks: inout [Block]
  ) -> Int {
    let taken = partials.request(upTo: room, in: slot, from: peer, into: &blocks)
    guard taken > 0 else { return 0 }
    if partials[slot].soleSource != nil { partials[slot].soleSource = peer }
    let piece = partials[slot].piece
    withRecord(of: peer) {
      $0.current = piece
      $0.outstanding += taken
    }
    return taken
  }
}
