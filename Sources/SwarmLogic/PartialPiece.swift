import DeterministicCore
import TorrentModel

/// A piece some of whose blocks were asked for or have arrived.
struct PartialPiece {
  let piece: PieceIndex
  /// When it was opened, in pieces opened before it.
  let age: UInt32
  @Short var blockCount: Int
  /// Blocks that are neither here nor asked for.
  @Short var unrequested: Int
  /// Blocks that are here.
  @Short var received = 0
  /// Requests that are outstanding, two for a block asked of two peers.
  @Short var outstanding = 0
  /// No block before this one is unrequested.
  @Short var firstUnrequested = 0
  /// Its place among the open pieces, -1 while it has no unrequested block.
  @Short var openPlace = -1
  /// The one peer that should send all of it, after its last fetch from several failed the hash.
  var soleSource: PeerKey?

  var isComplete: Bool { received == blockCount }
}

/// An integer that is kept in half a word.
@propertyWrapper
struct Short: BitwiseCopyable {
  private var kept: Int32

  init(wrappedValue: Int) { kept = Int32(wrappedValue) }

  var wrappedValue: Int {
    get { Int(kept) }
    set { kept = Int32(newValue) }
  }
}

/// How far one block of a piece in flight is.
struct BlockProgress {
  /// The first peer asked, or the sender once the block is here.
  var peer = PeerKey(slot: .max, generation: .max)
  /// The other peers asked, as a list in `duplicates`; -1 ends it.
  var others: Int32 = -1
  /// Blocks of the piece that arrived before this one.
  var arrival: UInt32 = 0
  var requests: UInt8 = 0
  var isReceived = false

  var isUnrequested: Bool { requests == 0 && !isReceived }
}
