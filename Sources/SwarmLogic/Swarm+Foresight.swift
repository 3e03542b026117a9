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
  /// Lines at the start of a swarm that any input looks at.
  public static let firstLines = 5

  /// Fetches what a message of a peer looks at first. - Precondition: the swarm's first lines are at
  /// hand.
  @inline(__always)
  public func prefetch(_ key: PeerKey) { peers.prefetch(key, lines: 3) }

  /// Fetches what a HAVE looks at of a piece.
  @inline(__always)
  public func prefetch(_ piece: PieceIndex) {
    guard let places = picker?.places(of: piece) else { return }
    places.have.prefetch()
    places.count.prefetch()
    places.announced.prefetch()
  }

  /// Fetches what a HAVE looks at of what is known of its sender. - Precondition: the peer is at hand.
  @inline(__always)
  public func prefetch(_ piece: PieceIndex, of key: PeerKey) {
    guard peers.contains(key) else { return }
    let place = peers[key].pieces?.place(of: piece)
    let request = peers[key].isWorthAsking ? peers[key].requests.firstPlace : nil
    let announcement = picker?.availability.nextPlace
    place?.prefetch()
    request?.prefetch()
    announcement?.prefetch()
  }

  /// Lines of a peer that its downloads and its uploads look at: what `PeerState` has first, and one run
  /// each.
  static let downloadLines = 0..<8
  static let uploadLines = 7..<13

  /// Fetches what is known of a peer that sends us blocks.
  @inline(__always)
  public func prefetchDownload(from key: PeerKey) {
    peers.prefetch(key, lines: Self.downloadLines.count)
    if picker != nil { picker!.prefetch() }
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
  public func prefetchTransfers(with key: PeerKey) {
    guard picker != nil, peers.contains(key) else { return }
    let request = peers[key].requests.firstPlace
    let pieces = peers[key].pieces?.place(of: PieceIndex(number: 0))
    request.prefetch()
    pieces?.prefetch()
    picker!.availability.prefetchSearch()
  }

  /// Fetches what is looked at of each peer: when we have got a piece, and now and then.
  public func prefetchEveryPeer() {
    for slot in peers.slots { peers.prefetchSlot(slot, lines: 2) }
  }

  /// Fetches what is looked at of each peer when we have got a piece. - Precondition: the peers are at
  /// hand.
  public func prefetchEveryPeer(for piece: PieceIndex) {
    for slot in peers.slots {
      guard let key = peers.id(at: slot) else { continue }
      let place = peers[key].pieces?.place(of: piece)
      place?.prefetch()
    }
    prefetch(piece)
    guard picker != nil else { return }
    picker!.availability.prefetchSearch()
  }
}

extension PiecePicker {
  /// Where what a HAVE looks at lies.
  @inline(__always)
  func places(
    of piece: PieceIndex
  ) -> (have: ElementPlace, count: ElementPlace, announced: ElementPlace) {
    let places = availability.places(of: piece)
    return (have.place(of: piece), places.count, places.announced)
  }

  /// Fetches where what is known of pieces begins.
  @inline(__always)
  func prefetch() {
    let first = PieceIndex(number: 0)
    let sets = (missing.place(of: first), untouched.place(of: first), have.place(of: first))
    let announced = availability.places(of: first).announced
    let orders = availability.orders.place(of: 0)
    sets.0.prefetch()
    sets.1.prefetch()
    sets.2.prefetch()
    announced.prefetch()
    orders.prefetch()
  }
}
