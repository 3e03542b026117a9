import TorrentModel

/// What somebody reads while it loads, as far as it decides what is fetched next.
///
/// A window is the pieces from a reader's place on; the most urgent window is the first. Within one
/// the order is the deadline: the sooner a piece is read, the sooner it is asked for, of whichever
/// peer has room. When all of the windows is asked for, the first missing piece of each is asked of a
/// second peer, so that a slow one cannot hold a reader up. What room is left goes to the rarest
/// pieces, as ever: peers that read along would otherwise all have the same.
extension PiecePicker {
  /// The most peers that a block is asked of for a reader's sake.
  static let mostRequestsForReaders = 2

  /// Asks a peer for blocks of the windows; how many.
  mutating func pickForReaders(
    _ count: Int, for peer: PeerKey, has: Bitfield, into blocks: inout [Block]
  ) -> Int {
    var room = count
    for window in windows {
      for number in window where room > 0 {
        let piece = PieceIndex(number)
        guard missing[piece], has[piece] else { continue }
        searchSteps += 1
        if let slot = partials.slot(of: piece) {
          if partials[slot].unrequested > 0, mayJoin(slot, peer) {
            room -= take(room, of: slot, for: peer, into: &blocks)
          }
        } else if partials.count < mostPartialPieces {
          room -= take(room, of: begin(piece, for: peer), for: peer, into: &blocks)
        }
      }
    }
    for window in windows where room > 0 {
      room -= duplicateFirst(of: window, room, for: peer, has: has, into: &blocks)
    }
    return count - room
  }

  private mutating func duplicateFirst(
    of window: Range<Int>, _ count: Int, for peer: PeerKey, has: Bitfield,
    into blocks: inout [Block]
  ) -> Int {
    guard let number = window.first(where: { missing[PieceIndex($0)] }),
      has[PieceIndex(number)], let slot = partials.slot(of: PieceIndex(number)),
      partials[slot].soleSource == nil
    else { return 0 }
    var room = Endgame.room(
      asked: count, outstanding: outstandingCount(at: peer), blockLength: geometry.blockLength)
    let before = room
    for block in 0..<partials[slot].blockCount where room > 0 {
      let state = partials.state(block, in: slot)
      guard !state.isReceived, (1..<Self.mostRequestsForReaders).contains(Int(state.requests)),
        !partials.isOutstanding(block, in: slot, at: peer)
      else { continue }
      partials.duplicate(block, in: slot, from: peer)
      withRecord(of: peer) { $0.outstanding += 1 }
      blocks.append(geometry.block(block, in: PieceIndex(number)))
      room -= 1
    }
    return before - room
  }

  /// Whether a reader waits for a piece.
  func isBeingRead(_ piece: PieceIndex) -> Bool { windows.contains { $0.contains(piece.index) } }
}
