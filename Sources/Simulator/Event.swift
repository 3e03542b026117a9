import TorrentModel

/// Something that happens to one host at one moment. Plain numbers only: a large swarm has hundreds
/// of millions of these, and none may cost an allocation or a reference count.
struct Event {
  enum Kind: UInt8 {
    /// A host comes up for the first time.
    case arrival
    case departure
    /// A happening of the plan; `subject` is its place there.
    case happening
    /// The swarm asked to be woken.
    case wake
    case announceDue
    /// A tracker's answer, or its silence; `subject` is its place in the pool.
    case trackerAnswer
    /// A dialled host learns of the connection and its handshake.
    case knock
    /// The dialling host gets the answer to its handshake.
    case greeting
    /// The other end of a connection is gone.
    case ended
    /// A message out of the pool; `piece` is its place there.
    case message
    case have
    case request
    /// Blocks were taken back unsent; `piece` is their place in the pool.
    case unsent
    /// The uplink has sent a block.
    case sent
    /// A block has come to the receiver's downlink.
    case reached
    /// A block has passed the receiver's downlink.
    case delivered
    /// A piece has been hashed.
    case verified
    /// A player has come to the end of a piece.
    case played
    /// The measures are taken.
    case sample
  }

  /// Nanoseconds since the start.
  var at: UInt64
  /// Events of one moment happen in the order in which they were scheduled.
  var order: UInt32 = 0
  var host: UInt32 = 0
  /// What else it is about: a flow in most cases.
  var subject: UInt32 = 0
  /// The generation of the connection or the life of the host that was meant.
  var generation: UInt32 = 0
  var piece: UInt32 = 0
  /// The number of a block inside its piece.
  var number: UInt16 = 0
  var kind: Kind
  /// The block is not what the torrent's hash names.
  var isPoisoned = false

  func precedes(_ other: Event) -> Bool {
    // Wrap-around subtraction: orders that are compared were given out close to each other.
    at != other.at ? at < other.at : Int32(bitPattern: order &- other.order) < 0
  }
}
