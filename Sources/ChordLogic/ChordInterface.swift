public import ChordWire
public import DeterministicCore
public import TorrentModel

/// The facts a node of a ring is told.
public enum ChordInput: Sendable {
  /// Become a member, by way of one of these nodes; with none, the first of a ring.
  case start(via: [Endpoint])
  /// Become a leaf (BEP 43): a client that these nodes are to help, and in nobody's tables.
  case attach(via: [Endpoint])
  case received(ChordMessage, from: Endpoint)
  /// Find the owner of a key. The number comes back with the answer.
  case lookup(UInt64, Identifier)
  /// Ask a node something on behalf of whoever uses the ring. The number comes back.
  case ask(UInt64, ChordQuery, Contact)
  /// Hand over what is kept, say goodbye and be no member any more.
  case leave
  case wake
}

/// What a node of a ring wants done, in order.
public enum ChordEffect: Sendable {
  case send(ChordMessage, to: Endpoint)
  /// Call with `.wake` at this moment and not at the one named before.
  case wake(at: Moment)
  case found(UInt64, LookupOutcome)
  case answered(UInt64, Result<ChordReply, ChordFailure>)
  case report(ChordEvent)
}

/// How a lookup ended.
public struct LookupOutcome: Hashable, Sendable {
  /// The owner, by its own word; nil when none was found in time.
  public var owner: Contact?
  /// The nodes behind the owner, or without one those that follow the key: whoever keeps copies.
  public var successors: [Contact]
  /// Nodes asked one after the other on the way to the answer.
  public var hops: Int
  /// Nodes on the way that did not answer.
  public var timeouts: Int
}

/// What a node has to tell those who watch it.
public enum ChordEvent: Hashable, Sendable {
  case joined(behind: Contact)
  case joinFailed
  /// All successors failed; the node joins again.
  case orphaned
  case left
  case successorChanged(Contact?)
  case predecessorChanged(Contact?)
  case failed(Contact)
  /// Others have reached this leaf here unasked for `ChordConfiguration.provingReachability`.
  case reachable(Endpoint)
}
