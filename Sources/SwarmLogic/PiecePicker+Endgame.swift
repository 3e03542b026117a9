import TorrentModel

extension PiecePicker {
  /// A place among the blocks of all pieces in flight.
  struct BlockCursor {
    var slot = 0
    var number = 0
  }

  /// Asks a peer for blocks that are outstanding at others, at the fewest first, within the bounds
  /// of `Endgame`.
  mutating func duplicate(
    _ count: Int, for peer: PeerKey, has: Bitfield, into blocks: inout [Block]
  ) {
    var room = Endgame.room(
      asked: count, outstanding: outstandingCount(at: peer), blockLength: geometry.blockLength)
    guard room > 0 else { return }
    // Every sweep covers the same blocks; only the first moves the start of the next search.
    let start = endgameCursor
    for requests in 1..<Endgame.mostRequests where room > 0 {
      let end = sweep(
        from: start, outstandingAt: requests, for: peer, has: has, room: &room, into: &blocks)
      if requests == 1 { endgameCursor = end }
    }
  }

  /// Duplicates the blocks that are outstanding at exactly `requests` peers; where it ended.
  private mutating func sweep(
    from start: BlockCursor, outstandingAt requests: Int, for peer: PeerKey, has: Bitfield,
    room: inout Int, into blocks: inout [Block]
  ) -> BlockCursor {
    let slots = partials.slotCount
    var cursor = start
    if cursor.slot >= slots { cursor = BlockCursor() }
    var budget = Endgame.longestSearch
    // One slot more than there are, to come to the blocks before the cursor in its own piece.
    for _ in 0...slots {
      if partials.isOccupied(cursor.slot) {
        let piece = partials[cursor.slot].piece
        let blockCount = missing[piece] && has[piece] ? partials[cursor.slot].blockCount : 0
        while cursor.number < blockCount {
          guard room > 0, budget > 0 else { return cursor }
          budget -= 1
          searchSteps += 1
          if Int(partials.state(cursor.number, in: cursor.slot).requests) == requests,
            !partials.isOutstanding(cursor.number, in: cursor.slot, at: peer)
          {
            partials.duplicate(cursor.number, in: cursor.slot, from: peer)
            withRecord(of: peer) { $0.outstanding += 1 }
            blocks.append(geometry.block(cursor.number, in: piece))
            room -= 1
          }
          cursor.number += 1
        }
      }
      guard budget > 0 else { return cursor }
      budget -= 1
      searchSteps += 1
      cursor = BlockCursor(slot: cursor.slot + 1 == slots ? 0 : cursor.slot + 1)
    }
    return cursor
  }
}
