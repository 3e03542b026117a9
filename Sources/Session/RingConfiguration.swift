public import ChordLogic
public import ChordWire
import Hashing
public import TorrentModel

/// How a session takes part in a ring.
public struct RingConfiguration: Sendable {
  public enum Role: Hashable, Sendable {
    /// Others rely on this node: it is reached at its address, by the word of who runs it.
    case member
    /// A client of the ring, in nobody's tables.
    case leaf
  }

  public var ring: RingReference
  public var role = Role.leaf
  /// Nodes of the ring at this one endpoint, 1...8: more even out how many keys a host keeps.
  public var virtualNodes = 1
  public var chord = ChordConfiguration()

  public init(_ ring: RingReference, role: Role = .leaf) {
    self.ring = ring
    self.role = role
  }
}

/// What a ring's host has to tell those who watch it.
public enum RingEvent: Hashable, Sendable {
  /// The first node answered.
  case connected
  case joined(Contact)
  /// The place in the ring is lost; the node joins again.
  case orphaned(Contact)
  case joinFailed
  case successorChanged(Contact?)
  case nodeFailed(Contact)
  case left
  /// Others could reach this client at its endpoint for long enough: it becomes a member.
  case reachable(Endpoint)
  /// The known nodes could not be kept for the next run.
  case unkept(String)
}

/// What went through a ring's host since it began.
public struct RingCounts: Hashable, Sendable {
  public var received: UInt64 = 0
  public var receivedBytes: UInt64 = 0
  public var sent: UInt64 = 0
  public var sentBytes: UInt64 = 0
  /// Datagrams that were no messages.
  public var malformed: UInt64 = 0
  /// Not sent, since a stranger named an address nearer than his own.
  public var unsent: UInt64 = 0
  public var lookups: UInt64 = 0
  public var failedLookups: UInt64 = 0
  /// What the gate turned away.
  public var refused = ChordGate.Counts()
  /// What was turned away of greetings and sealed datagrams.
  public var sealed = SealedLinks.Counts()

  public init() {}
}

/// Checks signatures by OpenSSL.
public struct OpenSSLVerifier: SignatureVerifier {
  public init() {}

  public func isValid(_ signature: Signature, of bytes: [UInt8], by key: PublicKey) -> Bool {
    Ed25519.isValid(signature.bytes, of: bytes, by: key.bytes)
  }
}
