import DeterministicCore
import TorrentModel

// What readers wait for; the rule in words is `ReadingWindow`.
extension PiecePicker {
  /// Who else there is while a peer is asked.
  mutating func meet(_ company: ReadingCompany) { self.company = company }

  /// Turns to what is read from here on.
  ///
  /// - Returns: whether a reader has jumped. One that goes on leaves its window at one end; one that
  ///   jumps begins elsewhere.
  mutating func look(_ known: [Range<Int>]) -> Bool {
    let before = windows
    windows = known
    return known.contains { window in !before.contains { $0.contains(window.lowerBound) } }
  }

  /// Whether a reader waits for a piece.
  func isBeingRead(_ piece: PieceIndex) -> Bool { windows.contains { $0.contains(piece.index) } }

  /// What the readers come to soon and is missing, in their order.
  var missingOfFronts: [PieceIndex] {
    windows.flatMap { ReadingWindow.front(of: $0, in: geometry) }.map { PieceIndex($0) }
      .filter { missing[$0] }
  }

  /// Some time has passed. The first piece that a front lacks is overdue where it was lacking the last
  /// time already, and the reader waits for it, or what follows it is here: others that come out of
  /// order will be here before the reader is.
  mutating func noteWaiting() {
    let awaitedBefore = awaited
    awaited = []
    overdue = []
    for window in windows {
      let front = ReadingWindow.front(of: window, in: geometry)
      guard let first = front.first(where: { missing[PieceIndex($0)] }) else { continue }
      let piece = PieceIndex(first)
      awaited.append(piece)
      guard awaitedBefore.contains(piece) else { continue }
      let isGap = first + 1 < geometry.pieceCount && have[PieceIndex(first + 1)]
      if first == window.lowerBound || isGap { overdue.append(piece) }
    }
  }

  /// The readers are elsewhere: nothing has been waited for.
  mutating func forgetWaiting() {
    overdue = []
    awaited = []
  }

  /// Asks a peer for blocks of the windows; how many.
  mutating func pickForReaders(
    _ count: Int, for peer: PeerKey, has: Bitfield, suggested: [PieceIndex],
    into blocks: inout [Block]
  ) -> Int {
    guard !windows.isEmpty else { return 0 }
    var room = count
    for piece in overdue where room > 0 && missing[piece] {
      room -= ask(for: piece, room, of: peer, has: has, into: &blocks)
      room -= duplicate(piece, room, for: peer, has: has, into: &blocks)
    }
    if has.isFull && company.isFetching {
      room -= pickOfSeed(room, peer, has: has, suggested: suggested, into: &blocks)
    } else {
      room -= pickOfFronts(room, for: peer, has: has, into: &blocks)
      for window in windows where room > 0 {
        room -= pickBehindFront(of: window, room, for: peer, has: has, into: &blocks)
      }
      for window in windows where room > 0 {
        let front = ReadingWindow.front(of: window, in: geometry)
        guard let first = front.first(where: { missing[PieceIndex($0)] }) else { continue }
        room -= duplicate(PieceIndex(first), room, for: peer, has: has, into: &blocks)
      }
    }
    return count - room
  }

  private mutating func pickOfFronts(
    _ count: Int, for peer: PeerKey, has: Bitfield, into blocks: inout [Block]
  ) -> Int {
    var room = count
    for window in windows {
      for number in ReadingWindow.front(of: window, in: geometry) where room > 0 {
        room -= ask(for: PieceIndex(number), room, of: peer, has: has, into: &blocks)
      }
    }
    return count - room
  }

  /// What lies behind the front of a window: what is begun, then the rarest, or the next with nobody
  /// to trade with.
  private mutating func pickBehindFront(
    of window: Range<Int>, _ count: Int, for peer: PeerKey, has: Bitfield,
    into blocks: inout [Block]
  ) -> Int {
    var room = count
    for number in window where room > 0 {
      let piece = PieceIndex(number)
      guard !company.isFetching || partials.slot(of: piece) != nil else { continue }
      room -= ask(for: piece, room, of: peer, has: has, into: &blocks)
    }
    while room > 0, let piece = rarest(of: window, has: has, atMost: .max) {
      let taken = ask(for: piece, room, of: peer, has: has, into: &blocks)
      guard taken > 0 else { break }
      room -= taken
    }
    return count - room
  }

  /// What others could have of us, a seed that they need as we do should send once: the rest of what
  /// it has begun, what it suggests, and then the front, in turn with pieces that nobody has where it
  /// suggests nothing.
  private mutating func pickOfSeed(
    _ count: Int, _ peer: PeerKey, has: Bitfield, suggested: [PieceIndex],
    into blocks: inout [Block]
  ) -> Int {
    var room = count
    if let current = withRecord(of: peer, { $0.current }), isBeingRead(current) {
      room -= ask(for: current, room, of: peer, has: has, into: &blocks)
    }
    // A seed that suggests knows better than we what others fetch of it.
    let isGuided = suggested.contains { untouched[$0] && has[$0] }
    for piece in suggested where room > 0 && untouched[piece] && isBeingRead(piece) {
      room -= ask(for: piece, room, of: peer, has: has, into: &blocks)
    }
    while room > 0 {
      let urgent = firstOfFrontsToAskASeedFor
      var rare: PieceIndex?
      for window in windows where rare == nil && !isGuided {
        rare = rarest(of: window, has: has, atMost: company.seeds)
      }
      guard let piece = generator.below(2) == 0 ? urgent ?? rare : rare ?? urgent else { break }
      let taken = ask(for: piece, room, of: peer, has: has, into: &blocks)
      guard taken > 0 else { break }
      room -= taken
    }
    return count - room
  }

  /// The first piece of a front that nobody else would send us, and of which something is to be
  /// asked for.
  private var firstOfFrontsToAskASeedFor: PieceIndex? {
    for window in windows {
      for number in ReadingWindow.front(of: window, in: geometry) {
        let piece = PieceIndex(number)
        guard missing[piece], !company.offered.contains(piece) else { continue }
        if untouched[piece] { return piece }
        if let slot = partials.slot(of: piece), partials[slot].unrequested > 0 { return piece }
      }
    }
    return nil
  }

  /// The untouched piece of a window that fewest peers have, and `most` at most: one of those at
  /// random, so that readers at one place choose differently. O(window).
  private mutating func rarest(of window: Range<Int>, has: Bitfield, atMost most: Int)
    -> PieceIndex?
  {
    var best: PieceIndex?
    var least = most
    var ties = 0
    for number in window {
      let piece = PieceIndex(number)
      guard untouched[piece], has[piece] else { continue }
      searchSteps += 1
      let copies = availability[piece]
      guard copies <= least else { continue }
      ties = copies < least || best == nil ? 1 : ties + 1
      least = copies
      if ties == 1 || generator.below(ties) == 0 { best = piece }
    }
    return best
  }

  /// Asks a peer for what of a piece nobody is asked for; how much.
  private mutating func ask(
    for piece: PieceIndex, _ room: Int, of peer: PeerKey, has: Bitfield, into blocks: inout [Block]
  ) -> Int {
    guard room > 0, missing[piece], has[piece] else { return 0 }
    searchSteps += 1
    if let slot = partials.slot(of: piece) {
      guard partials[slot].unrequested > 0, mayJoin(slot, peer) else { return 0 }
      return take(room, of: slot, for: peer, into: &blocks)
    }
    guard partials.count < mostPartialPieces else { return 0 }
    return take(room, of: begin(piece, for: peer), for: peer, into: &blocks)
  }

  /// Asks a second peer for a piece, so that a slow one cannot hold a reader up; for how much.
  private mutating func duplicate(
    _ piece: PieceIndex, _ count: Int, for peer: PeerKey, has: Bitfield, into blocks: inout [Block]
  ) -> Int {
    guard count > 0, has[piece], let slot = partials.slot(of: piece),
      partials[slot].soleSource == nil
    else { return 0 }
    var room = Endgame.room(
      asked: count, outstanding: outstandingCount(at: peer), blockLength: geometry.blockLength)
    let before = room
    for block in 0..<partials[slot].blockCount where room > 0 {
      let state = partials.state(block, in: slot)
      guard !state.isReceived, (1..<ReadingWindow.mostRequests).contains(Int(state.requests)),
        !partials.isOutstanding(block, in: slot, at: peer)
      else { continue }
      partials.duplicate(block, in: slot, from: peer)
      withRecord(of: peer) { $0.outstanding += 1 }
      blocks.append(geometry.block(block, in: piece))
      room -= 1
    }
    return before - room
  }
}
