public import DeterministicCore
public import TorrentModel

/// What a block that arrived means.
public enum Arrival: Hashable, Sendable {
  /// Not outstanding at the peer, or here already: its bytes are to be thrown away.
  case unexpected
  /// The block is new. `completesPiece`: the piece is whole now and can be verified.
  case accepted(completesPiece: Bool)
}

/// A request that a peer has not answered.
public struct OutstandingRequest: Hashable, Sendable {
  public let peer: PeerKey
  public let block: Block

  public init(peer: PeerKey, block: Block) {
    self.peer = peer
    self.block = block
  }
}

/// Decides which blocks to ask of which peer, and remembers what was asked.
///
/// The invariants: a piece is verified, in flight, untouched, or unwanted and not begun;
/// `untouched` and the order of `availability` list the same pieces; `missing` is every wanted
/// piece that is not verified, which `availability` knows of each, too. A block is outstanding at
/// several peers only after an endgame.
///
/// Not copyable, as the swarm that holds it is not: a copy made in passing to read one field would count
/// a reference for each of its arrays, and wait for each of them.
///
/// The order of preference is `PiecePreference`, the last phase `Endgame`. An operation on a block
/// or a HAVE is O(1); a new piece costs at most what `Availability.rarest` says.
public struct PiecePicker: ~Copyable, Sendable {
  /// What is remembered of a peer, at its slot; of another generation, nothing.
  struct PeerRecord {
    var generation: UInt32 = 0
    /// The piece the peer is fetching.
    var current: PieceIndex?
    var outstanding = 0
  }

  /// Until this many pieces are verified a new piece is any piece, not the rarest: the first pieces
  /// are wanted soon, to have something to trade, and rare ones are slow to come (Cohen, 2003).
  public static let randomFirstPieces = 4

  /// The verified pieces.
  public internal(set) var have: Bitfield
  /// Wanted pieces that are not verified.
  var missing: Bitfield
  var availability: Availability
  /// Missing pieces that are not in flight.
  var untouched: Bitfield

  public let geometry: PieceGeometry
  /// Bytes of wanted pieces that are not verified.
  public internal(set) var bytesLeft: UInt64
  /// The most pieces in flight, those being verified included: the bound of their memory. At the
  /// bound no new piece is begun.
  public var mostPartialPieces = Int.max
  /// New pieces are begun in order instead of rarest first, for whoever reads along.
  public let isSequential: Bool

  /// What is read while it loads, as pieces; see `ReadingWindow`.
  var windows: [Range<Int>] = []
  /// The first piece that each front lacked when that was last looked at, and those of them that had
  /// better be here by now.
  var awaited: [PieceIndex] = []
  var overdue: [PieceIndex] = []
  /// Who else there is, as of the pick under way; of no meaning while nobody reads.
  var company = ReadingCompany()

  var partials: PartialPieces
  /// Pieces whose last fetch, from several peers, failed the hash.
  var suspect: Bitfield
  var priorities: [PiecePriority]
  var peers = PlainList<PeerRecord>()
  var generator: SeededGenerator
  /// Partial pieces and blocks looked at in search of one to ask for.
  var searchSteps = 0
  /// Where the next search for duplicates starts.
  var endgameCursor = BlockCursor()
  private let inPlace = InPlace()

  /// A picker for a torrent of which `have` is verified; everything else is wanted.
  public init(
    geometry: PieceGeometry, have: Bitfield, isSequential: Bool = false,
    generator: SeededGenerator
  ) {
    precondition(have.count == geometry.pieceCount, "a bitfield of another torrent")
    self.geometry = geometry
    self.have = have
    self.isSequential = isSequential
    self.generator = generator
    availability = Availability(pieceCount: geometry.pieceCount)
    partials = PartialPieces(geometry: geometry)
    missing = Bitfield(count: geometry.pieceCount)
    untouched = missing
    suspect = missing
    priorities = Array(repeating: .normal, count: geometry.pieceCount)
    bytesLeft = 0
    for number in 0..<geometry.pieceCount {
      let piece = PieceIndex(number)
      guard !have[piece] else { continue }
      missing.insert(piece)
      availability.setMissing(true, piece)
      untouched.insert(piece)
      bytesLeft += UInt64(geometry.length(of: piece))
      availability.list(piece, priority: .normal, using: &self.generator)
    }
  }

  // MARK: Where we stand

  /// Every piece is verified.
  @inline(__always)
  public var isComplete: Bool { have.isFull }

  /// Nothing that is wanted is missing.
  @inline(__always)
  public var isFinished: Bool { missing.isEmpty }

  /// Pieces in flight, those being verified included.
  @inline(__always)
  public var partialPieceCount: Int { partials.count }

  /// Whether a peer with these pieces has any that we want. O(pieces / 64).
  public func wants(anyOf has: Bitfield) -> Bool {
    if has.isFull { return !missing.isEmpty }
    for position in 0..<missing.wordCount
    where missing.word(position) & has.word(position) != 0 {
      return true
    }
    return false
  }

  /// Whether a piece is wanted and not verified.
  @inline(__always)
  public func wants(_ piece: PieceIndex) -> Bool { missing[piece] }

  /// How many of these pieces we want. O(pieces / 64).
  public func countWanted(in has: Bitfield) -> Int {
    if has.isFull { return missing.setCount }
    var total = 0
    for position in 0..<missing.wordCount {
      total += (missing.word(position) & has.word(position)).nonzeroBitCount
    }
    return total
  }

  /// Everything missing that some peer has is asked for, so that blocks may be asked of several.
  public var isInEndgame: Bool {
    guard !missing.isEmpty, partials.count > 0, availability.fetchableCount == 0 else {
      return false
    }
    for place in 0..<partials.openCount {
      let piece = partials[partials.openSlot(place)].piece
      if missing[piece] && availability[piece] > 0 { return false }
    }
    return true
  }

  /// What all operations so far cost, in pieces, blocks, buckets and words looked at, and swaps:
  /// the tests bound the cost of operations by it.
  var steps: Int { availability.steps + searchSteps }

  // MARK: What peers have

  /// A peer came with these pieces. O(pieces of it), O(1) for a seed.
  public mutating func add(_ bitfield: Bitfield) {
    availability.add(bitfield, using: &generator)
  }

  /// A peer left that had these pieces, whichever way it announced them. O(pieces of it), O(1) for
  /// a seed.
  public mutating func remove(_ bitfield: Bitfield) {
    availability.remove(bitfield, using: &generator)
  }

  /// A peer announced one piece more. Returns whether it is missing. O(1).
  ///
  /// - Precondition: the peer had not announced it before.
  @discardableResult
  public mutating func addHave(_ piece: PieceIndex) -> Bool {
    availability.increment(piece, using: &generator)
  }

  /// A peer that had `pieces` has lost one of them. O(1), of a seed O(pieces).
  public mutating func removeHave(_ piece: PieceIndex, of pieces: Bitfield) {
    guard pieces.isFull else { return availability.decrement(piece, using: &generator) }
    var rest = pieces
    rest.remove(piece)
    availability.remove(pieces, using: &generator)
    availability.add(rest, using: &generator)
  }

  /// Connected peers that have the piece.
  public func availability(of piece: PieceIndex) -> Int { availability[piece] }

  /// Whole copies at the connected peers together, as `Availability.distributedCopies`.
  public var distributedCopies: Double { availability.distributedCopies }

  // MARK: What we want

  public func priority(of piece: PieceIndex) -> PiecePriority { priorities[piece.index] }

  /// Changes how much a piece is wanted. Blocks that were asked for are still taken, but no more of
  /// an unwanted piece are asked for.
  public mutating func setPriority(_ priority: PiecePriority, of piece: PieceIndex) {
    guard priorities[piece.index] != priority else { return }
    priorities[piece.index] = priority
    guard !have[piece] else { return }
    if priority == .unwanted {
      forget(piece)
    } else if missing.insert(piece) {
      availability.setMissing(true, piece)
      bytesLeft += UInt64(geometry.length(of: piece))
    }
    if partials.slot(of: piece) == nil {
      touch(piece)
      untouch(piece)
    }
  }

  /// Bounds the pieces in flight.
  mutating func limitPartialPieces(to count: Int) { mostPartialPieces = count }

  // MARK: For the extensions

  /// A piece is wanted no longer, or has been verified.
  mutating func forget(_ piece: PieceIndex) {
    guard missing.remove(piece) else { return }
    availability.setMissing(false, piece)
    bytesLeft -= UInt64(geometry.length(of: piece))
  }

  /// Lists a piece as untouched if it is missing.
  mutating func untouch(_ piece: PieceIndex) {
    guard missing[piece], untouched.insert(piece) else { return }
    availability.list(piece, priority: priorities[piece.index], using: &generator)
  }

  /// Takes a piece off the list of the untouched.
  mutating func touch(_ piece: PieceIndex) {
    guard untouched.remove(piece) else { return }
    availability.unlist(piece, using: &generator)
  }

  mutating func withRecord<Result>(
    of peer: PeerKey, _ body: (inout PeerRecord) -> Result
  ) -> Result {
    let slot = Int(peer.slot)
    while peers.count <= slot { peers.append(PeerRecord()) }
    if peers[slot].generation != peer.generation {
      peers[slot] = PeerRecord(generation: peer.generation)
    }
    return body(&peers[slot])
  }
}
