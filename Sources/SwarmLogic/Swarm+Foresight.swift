public import DeterministicCore
public import TorrentModel

// For a driver that knows what comes next, as one of many swarms in virtual time does. An input finds
// nothing of a swarm in the processor's caches that was last told something a thousand swarms ago, and
// would wait for a dozen lines one after the other. What is fetched some inputs ahead is there by then
// (Chen, Ailamaki, Gibbons and Mowry, "Improving hash join performance through prefetching", 2004).
//
// Each of these follows one pointer further than the one before it, through lines that were fetched
// for the one before, so that none waits. Nothing is changed or decided by them.
extension Swarm {
  /// What a driver sees coming.
  public enum Foreseen { case have, request, uploaded, block, verified, other }

  /// Lines of a swarm, where it begins one, that inputs look at: the first of any, those of the
  /// picker's first part, of all of the picker, what a request looks at, and the meters.
  static let announcementLines = 0..<2
  static let messageLines = 0..<5
  static let pickerLines = 0..<13
  static let requestLines = 12..<16
  static let downLines = 15..<17
  static let upLines = 16..<19

  /// Fetches those lines of a swarm that an input looks at.
  @inline(__always)
  public static func prefetch(_ swarm: UnsafePointer<Swarm>, for input: Foreseen) {
    func fetch(_ lines: Range<Int>) {
      Prefetch.lines(
        lines.count, at: UnsafeRawPointer(swarm) + lines.lowerBound * Prefetch.lineLength)
    }
    switch input {
    case .have: fetch(announcementLines)
    case .request:
      fetch(announcementLines)
      fetch(requestLines)
    case .uploaded:
      fetch(announcementLines)
      fetch(upLines)
    case .block:
      fetch(pickerLines)
      fetch(downLines)
    case .verified: fetch(pickerLines)
    case .other: fetch(messageLines)
    }
  }

  /// Fetches what a message of a peer looks at first. - Precondition: the swarm's first lines are at
  /// hand.
  @inline(__always)
  public func prefetch(_ key: PeerKey) { peers.prefetch(key, lines: 3) }

  /// Fetches whether we have a piece.
  @inline(__always)
  public func prefetchHave(of piece: PieceIndex) {
    if picker != nil { picker.wrapped.have.place(of: piece).prefetch() }
  }

  /// Fetches how a piece is counted.
  @inline(__always)
  public func prefetchCount(of piece: PieceIndex) {
    if picker != nil { picker.wrapped.availability.prefetch(piece) }
  }

  /// Fetches what a HAVE looks at first of its sender and of its piece.
  @inline(__always)
  public func prefetchAnnouncement(of piece: PieceIndex, by key: PeerKey) {
    peers.prefetch(key, lines: 1)
    prefetchCount(of: piece)
  }

  /// Fetches the rest of what a HAVE looks at. Returns whether something may follow of it. - Precondition:
  /// what `prefetchAnnouncement` fetches is at hand.
  @inline(__always)
  public func prefetchStanding(of piece: PieceIndex, at key: PeerKey) -> Bool {
    guard peers.contains(key), picker != nil, piece.index < picker.wrapped.have.count else {
      return false
    }
    let place = peers[key].pieces?.place(of: piece)
    let isListed = picker.wrapped.availability.listing(of: piece) != .unwanted
    if isListed { picker.wrapped.availability.prefetchNext() }
    let isWorthAsking = peers[key].isWorthAsking
    if isWorthAsking { peers.prefetch(key, lines: 2, from: 1) }
    place?.prefetch()
    return isWorthAsking || !peers[key].weAreInterested
  }

  /// Lines of a peer that its downloads and its uploads look at: what `PeerState` has first, and one run
  /// each.
  static let downloadLines = 0..<7
  static let uploadLines = 6..<9

  /// Fetches what is known of a peer that sends us blocks.
  @inline(__always)
  public func prefetchDownload(from key: PeerKey) {
    peers.prefetch(key, lines: Self.downloadLines.count)
    if picker != nil { picker.wrapped.prefetch() }
  }

  /// Fetches what is known of a peer that asks us for a block.
  @inline(__always)
  public func prefetchRequest(by key: PeerKey) {
    peers.prefetch(key, lines: 1)
    peers.prefetch(key, lines: 2, from: Self.uploadLines.lowerBound)
  }

  /// Fetches what is known of a peer that we send blocks.
  @inline(__always)
  public func prefetchUpload(to key: PeerKey) {
    peers.prefetch(key, lines: 1)
    peers.prefetch(key, lines: Self.uploadLines.count, from: Self.uploadLines.lowerBound)
  }

  /// Fetches what a block looks at, after which the next may be picked. - Precondition: the peer is at
  /// hand.
  @inline(__always)
  public func prefetchTransfer(of piece: PieceIndex, with key: PeerKey) {
    guard picker != nil, peers.contains(key) else { return }
    let request = peers[key].requests.firstPlace
    let pieces = peers[key].pieces?.place(of: PieceIndex(number: 0))
    request.prefetch()
    pieces?.prefetch(lines: 3)
    picker.wrapped.partials.prefetch(piece)
  }

  /// Fetches how far a piece is of which a block comes. - Precondition: what `prefetchTransfer` fetches
  /// is at hand.
  @inline(__always)
  public func prefetchProgress(of piece: PieceIndex) {
    if picker != nil { picker.wrapped.partials.prefetchProgress(of: piece) }
  }

  /// Fetches what is looked at of each peer when we have got a piece, and now and then. A processor
  /// may drop hints when some dozen lines are on their way, so that this is done in parts.
  public func prefetchEveryPeer(part: Int, of parts: Int) {
    peers.prefetchSlots(part: part, of: parts, lines: 1)
  }

  /// Fetches what is looked at of each peer when we have got a piece, in parts. - Precondition: the
  /// peers of this part are at hand.
  public func prefetchEveryPeer(for piece: PieceIndex, part: Int, of parts: Int) {
    for slot in stride(from: part, to: peers.slots.upperBound, by: parts) {
      guard let key = peers.id(at: slot) else { continue }
      let place = peers[key].pieces?.place(of: piece)
      let isWorthAsking = peers[key].isWorthAsking
      place?.prefetch()
      if isWorthAsking { peers.prefetch(key, lines: 2, from: 1) }
    }
  }

  /// Fetches where a search for a piece begins. - Precondition: what `prefetchPicker` fetches is at
  /// hand.
  @inline(__always)
  public func prefetchSearch() { if picker != nil { picker.wrapped.availability.prefetchSearch() } }

  /// Fetches where what is known of pieces begins. - Precondition: the swarm's first lines are at hand.
  @inline(__always)
  public func prefetchPicker() { if picker != nil { picker.wrapped.prefetch() } }
}

extension PiecePicker {
  /// Fetches where what is known of pieces begins.
  @inline(__always)
  func prefetch() {
    let first = PieceIndex(number: 0)
    let sets = (missing.place(of: first), untouched.place(of: first), have.place(of: first))
    sets.0.prefetch()
    sets.1.prefetch()
    sets.2.prefetch()
    availability.announced.prefetch(0)
  }
}
