import DeterministicCore
import TorrentModel

/// The blocks of all pieces in flight, without an allocation for each piece or block.
///
/// The invariants: piece `partials[slot]` owns `blocks[slot * stride ..< slot * stride + stride]`;
/// a block has arrived, or is outstanding at `requests` different peers, or is unrequested with
/// `requests` zero; `open` holds exactly the slots with unrequested blocks. Slots are reused, so
/// memory stays that of the most pieces ever in flight at once.
struct PartialPieces: ~Copyable {
  struct Duplicate {
    var peer: PeerKey
    var next: Int32
  }

  let geometry: PieceGeometry
  private let stride: Int
  private var partials = PlainList<PartialPiece?>()
  private var blocks = PlainList<BlockProgress>()
  private var freeSlots = PlainList<Int32>()
  /// Of each piece its slot and one, or zero.
  private var slots: NumberTable
  /// The slots with unrequested blocks, in no order.
  private var open = PlainList<Int32>()
  private var duplicates = PlainList<Duplicate>()
  private var freeDuplicate: Int32 = -1
  private var opened: UInt32 = 0

  init(geometry: PieceGeometry) {
    self.geometry = geometry
    // Of a whole piece: the first may be a short one, where files begin pieces (BEP 52).
    stride = Int((geometry.pieceLength - 1) / geometry.blockLength + 1)
    slots = NumberTable(count: geometry.pieceCount)
  }

  /// Pieces in flight, those that are being verified included.
  var count: Int { partials.count - freeSlots.count }

  /// Where a piece in flight is kept.
  func slot(of piece: PieceIndex) -> Int? {
    let slot = Int(slots[piece.index]) - 1
    return slot < 0 ? nil : slot
  }

  /// Fetches where it is noted where a piece is kept, and which pieces have unrequested blocks.
  @inline(__always)
  func prefetch(_ piece: PieceIndex) {
    slots.prefetch(piece.index)
    open.prefetch(0)
  }

  /// Fetches a piece in flight, and its first blocks. - Precondition: where it is noted where the piece
  /// is kept is at hand.
  @inline(__always)
  func prefetchProgress(of piece: PieceIndex) {
    guard let slot = slot(of: piece) else { return }
    partials.prefetch(slot, lines: 2)
    blocks.prefetch(slot * stride)
  }

  /// How many pieces have unrequested blocks.
  var openCount: Int { open.count }

  /// The slot of one of those.
  func openSlot(_ place: Int) -> Int { Int(open[place]) }

  /// Slots in use or free.
  var slotCount: Int { partials.count }

  func isOccupied(_ slot: Int) -> Bool { partials[slot] != nil }

  subscript(slot: Int) -> PartialPiece {
    get { partials[slot]! }
    _modify { yield &partials[slot]! }
  }

  func state(_ number: Int, in slot: Int) -> BlockProgress { blocks[slot * stride + number] }

  // MARK: Pieces

  mutating func open(_ piece: PieceIndex) -> Int {
    precondition(slots[piece.index] == 0, "a piece is opened once")
    let slot: Int
    if let free = freeSlots.popLast() {
      slot = Int(free)
      for number in slot * stride..<(slot + 1) * stride { blocks[number] = BlockProgress() }
    } else {
      slot = partials.count
      partials.append(nil)
      for _ in 0..<stride { blocks.append(BlockProgress()) }
    }
    let blockCount = geometry.blockCount(in: piece)
    partials[slot] = PartialPiece(
      piece: piece, age: opened, blockCount: blockCount, unrequested: blockCount)
    opened &+= 1
    slots[piece.index] = UInt32(slot + 1)
    enlist(slot)
    return slot
  }

  /// Forgets a piece in flight. - Precondition: none of its blocks is outstanding.
  mutating func close(_ slot: Int) {
    precondition(partials[slot]!.outstanding == 0, "a piece is closed with requests outstanding")
    delist(slot)
    slots[partials[slot]!.piece.index] = 0
    partials[slot] = nil
    freeSlots.append(Int32(slot))
  }

  /// The peers that sent a piece's blocks, each once, by their first block to arrive.
  func contributors(_ slot: Int) -> [PeerKey] {
    let states = received(slot).sorted { $0.arrival < $1.arrival }
    var peers: [PeerKey] = []
    for state in states where !peers.contains(state.peer) { peers.append(state.peer) }
    return peers
  }

  /// The peers that sent the blocks that are here, by the blocks' numbers.
  func senders(_ slot: Int) -> [PeerKey] { received(slot).map(\.peer) }

  private func received(_ slot: Int) -> [BlockProgress] {
    (0..<partials[slot]!.blockCount).map { state($0, in: slot) }.filter { $0.isReceived }
  }

  // MARK: Blocks

  /// Asks a peer for up to `room` unrequested blocks, in order; how many.
  mutating func request(
    upTo room: Int, in slot: Int, from peer: PeerKey, into requests: inout [Block]
  ) -> Int {
    let base = slot * stride
    let piece = partials[slot]!.piece
    let wanted = min(room, partials[slot]!.unrequested)
    var number = partials[slot]!.firstUnrequested
    var taken = 0
    while taken < wanted {
      if blocks[base + number].isUnrequested {
        blocks[base + number].peer = peer
        blocks[base + number].requests = 1
        requests.append(geometry.block(number, in: piece))
        taken += 1
      }
      number += 1
    }
    partials[slot]!.firstUnrequested = number
    partials[slot]!.outstanding += taken
    partials[slot]!.unrequested -= taken
    if partials[slot]!.unrequested == 0 { delist(slot) }
    return taken
  }

  /// Asks one peer more for a block that is outstanding at others.
  mutating func duplicate(_ number: Int, in slot: Int, from peer: PeerKey) {
    let block = slot * stride + number
    blocks[block].others = newDuplicate(peer, next: blocks[block].others)
    blocks[block].requests += 1
    partials[slot]!.outstanding += 1
  }

  /// Whether a block is outstanding at a peer.
  func isOutstanding(_ number: Int, in slot: Int, at peer: PeerKey) -> Bool {
    let state = blocks[slot * stride + number]
    guard !state.isReceived, state.requests > 0 else { return false }
    if state.peer == peer { return true }
    var link = state.others
    while link >= 0 {
      if duplicates[Int(link)].peer == peer { return true }
      link = duplicates[Int(link)].next
    }
    return false
  }

  /// Takes back the request of one peer; false when there was none.
  mutating func release(_ number: Int, in slot: Int, by peer: PeerKey) -> Bool {
    let block = slot * stride + number
    guard !blocks[block].isReceived, blocks[block].requests > 0 else { return false }
    if blocks[block].peer == peer {
      let next = blocks[block].others
      if next >= 0 {
        blocks[block].peer = duplicates[Int(next)].peer
        blocks[block].others = duplicates[Int(next)].next
        freeDuplicate(next)
      }
    } else {
      var previous: Int32 = -1
      var link = blocks[block].others
      while link >= 0 && duplicates[Int(link)].peer != peer {
        previous = link
        link = duplicates[Int(link)].next
      }
      guard link >= 0 else { return false }
      if previous < 0 {
        blocks[block].others = duplicates[Int(link)].next
      } else {
        duplicates[Int(previous)].next = duplicates[Int(link)].next
      }
      freeDuplicate(link)
    }
    blocks[block].requests -= 1
    partials[slot]!.outstanding -= 1
    if blocks[block].requests == 0 {
      partials[slot]!.unrequested += 1
      partials[slot]!.firstUnrequested = min(partials[slot]!.firstUnrequested, number)
      enlist(slot)
    }
    return true
  }

  /// Marks a block as here and takes back all requests for it, appending the peers asked other
  /// than the sender.
  mutating func receive(
    _ number: Int, in slot: Int, from peer: PeerKey, others: inout [PeerKey]
  ) {
    let block = slot * stride + number
    if blocks[block].requests == 0 {
      partials[slot]!.unrequested -= 1
      if partials[slot]!.unrequested == 0 { delist(slot) }
    } else {
      if blocks[block].peer != peer { others.append(blocks[block].peer) }
      var link = blocks[block].others
      while link >= 0 {
        let next = duplicates[Int(link)].next
        if duplicates[Int(link)].peer != peer { others.append(duplicates[Int(link)].peer) }
        freeDuplicate(link)
        link = next
      }
      partials[slot]!.outstanding -= Int(blocks[block].requests)
    }
    blocks[block].peer = peer
    blocks[block].others = -1
    blocks[block].requests = 0
    blocks[block].isReceived = true
    blocks[block].arrival = UInt32(partials[slot]!.received)
    partials[slot]!.received += 1
  }

  /// Forgets that a block is here. - Precondition: it is, and others of the piece are not.
  mutating func unreceive(_ number: Int, in slot: Int) {
    blocks[slot * stride + number] = BlockProgress()
    partials[slot]!.received -= 1
    partials[slot]!.unrequested += 1
    partials[slot]!.firstUnrequested = min(partials[slot]!.firstUnrequested, number)
    enlist(slot)
  }

  /// Calls `body` with each outstanding request of a piece.
  func forEachRequest(in slot: Int, _ body: (Int, PeerKey) -> Void) {
    guard partials[slot]!.outstanding > 0 else { return }
    for number in 0..<partials[slot]!.blockCount {
      let state = blocks[slot * stride + number]
      guard !state.isReceived, state.requests > 0 else { continue }
      body(number, state.peer)
      var link = state.others
      while link >= 0 {
        body(number, duplicates[Int(link)].peer)
        link = duplicates[Int(link)].next
      }
    }
  }

  // MARK: Lists

  private mutating func enlist(_ slot: Int) {
    guard partials[slot]!.openPlace < 0 else { return }
    partials[slot]!.openPlace = open.count
    open.append(Int32(slot))
  }

  private mutating func delist(_ slot: Int) {
    let place = partials[slot]!.openPlace
    guard place >= 0 else { return }
    if let last = open.popLast(), Int(last) != slot {
      open[place] = last
      partials[Int(last)]!.openPlace = place
    }
    partials[slot]!.openPlace = -1
  }

  private mutating func newDuplicate(_ peer: PeerKey, next: Int32) -> Int32 {
    if freeDuplicate >= 0 {
      let place = freeDuplicate
      freeDuplicate = duplicates[Int(place)].next
      duplicates[Int(place)] = Duplicate(peer: peer, next: next)
      return place
    }
    duplicates.append(Duplicate(peer: peer, next: next))
    return Int32(duplicates.count - 1)
  }

  private mutating func freeDuplicate(_ place: Int32) {
    duplicates[Int(place)].next = freeDuplicate
    freeDuplicate = place
  }
}
