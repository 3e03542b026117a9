public import DeterministicCore
public import TorrentModel

// For a driver that knows what comes next, as one of many swarms in virtual time does. An input finds
// nothing of a swarm in the processor's caches that was last told something a thousand swarms ago, and
// would wait for a dozen lines one after the other. What is read for several inputs in a row, with
// nothing between that depends on it, is waited for side by side (Chen, Ailamaki, Gibbons and Mowry,
// "Improving hash join performance through prefetching", 2004).
//
// The results mean nothing; that they are returned keeps the reads from being left out.
extension Swarm {
  /// Reads what any input looks at first.
  public func glance() -> Int {
    guard picker != nil else { return peers.count }
    return Int(truncatingIfNeeded: wakeSetFor.nanoseconds) &+ picker!.missing.setCount
  }

  /// Reads what a message of a peer looks at.
  public func glance(at key: PeerKey) -> Int {
    peers.contains(key) ? peers[key].interestingCount : 0
  }

  /// Reads what a HAVE looks at of a piece.
  public func glance(at piece: PieceIndex) -> Int {
    picker != nil ? picker!.glance(at: piece) : 0
  }

  /// Reads what a HAVE looks at of what is known of its sender.
  public func glance(at piece: PieceIndex, of key: PeerKey) -> Int {
    picker != nil && peers.contains(key) ? peers[key].glance(at: piece) : 0
  }

  /// Reads what a request or a block looks at, after which the next may be picked.
  public func glance(atTransfersWith key: PeerKey) -> Int {
    guard picker != nil, peers.contains(key) else { return 0 }
    return peers[key].glanceAtTransfers() &+ picker!.availability.glanceAtMoves()
  }

  /// Reads what is looked at of each peer when we have got a piece.
  public func glance(atEveryPeerFor piece: PieceIndex) -> Int {
    var seen = 0
    for slot in peers.slots {
      guard let key = peers.id(at: slot) else { continue }
      seen &+= peers[key].glance(at: piece)
    }
    return seen
  }

  /// Reads what is looked at of each peer now and then.
  public func glanceAtEveryPeer() -> Int {
    var seen = 0
    for slot in peers.slots {
      guard let key = peers.id(at: slot) else { continue }
      seen &+= peers[key].glanceAtRequests()
    }
    return seen
  }
}

extension PeerState {
  @inline(__always)
  func glance(at piece: PieceIndex) -> Int {
    (has(piece) ? 1 : 0) &+ (isWorthAsking ? glanceAtRequests() : 0)
  }

  @inline(__always)
  func glanceAtRequests() -> Int { requests.count &+ pipeline.depth }

  @inline(__always)
  func glanceAtTransfers() -> Int {
    glanceAtRequests() &+ queuedUploads &+ Int(truncatingIfNeeded: down.total &+ up.total)
  }
}

extension PiecePicker {
  @inline(__always)
  func glance(at piece: PieceIndex) -> Int {
    guard piece.index < have.count else { return 0 }
    return availability[piece] &+ availability.announced.count &+ (have[piece] ? 1 : 0)
  }
}

extension Availability {
  /// Reads where the moves left to make begin.
  @inline(__always)
  func glanceAtMoves() -> Int {
    var seen = 0
    for move in announced {
      seen &+= orders[Int(PiecePriority.normal.rawValue)]?.rank(of: move.piece) ?? 0
    }
    return seen
  }
}
