public import PeerWire

/// Whether connections are encrypted (message stream encryption). It hides BitTorrent from who looks
/// in passing and shapes it; it keeps nobody out and proves nothing about anybody.
public enum EncryptionPolicy: String, CaseIterable, Hashable, Sendable {
  /// Connections are made in the open; who encrypts is let in, and who refuses is tried encrypted when
  /// its turn comes again, and then at once in the open if it refuses that, too.
  case plain
  /// Connections are made encrypted, and in the open with those that refuse that.
  case preferred
  /// All is RC4, and nobody else is spoken to.
  case required

  /// What an encrypted handshake of ours offers.
  public var offered: EncryptionMethods { self == .required ? .rc4 : [.plaintext, .rc4] }

  /// What we choose of what a peer offers, the best first. Plain text costs nothing once the handshake
  /// is done, RC4 a copy of every byte.
  public var accepted: [EncryptionMethods] {
    switch self {
    case .plain: [.plaintext, .rc4]
    case .preferred: [.rc4, .plaintext]
    case .required: [.rc4]
    }
  }

  /// Whether a peer may shake hands in the open.
  public var takesPlainHandshakes: Bool { self != .required }
}

/// Which connections are made encrypted.
///
/// Where encryption is preferred and refused, the peer is called again at once, in the open: a
/// connection more. A swarm in which that happens again and again is called in the open from then on,
/// with one call in so many encrypted, until such a one is answered.
struct EncryptionChoice: Sendable {
  let policy: EncryptionPolicy
  /// Peers in succession that refused encryption and then answered in the open.
  private var refusals = 0
  private var openCalls = 0

  static let patience = 3
  static let trialInterval = 8

  init(_ policy: EncryptionPolicy) { self.policy = policy }

  /// - Parameter known: whether the peer is known to answer when it is called encrypted.
  mutating func isNextEncrypted(known: Bool?) -> Bool {
    switch policy {
    case .plain: return known ?? false
    case .required: return true
    case .preferred:
      if let known { return known }
      guard refusals >= Self.patience else { return true }
      openCalls += 1
      return openCalls % Self.trialInterval == 0
    }
  }

  /// A peer that was called has answered.
  mutating func noteAnswer(encrypted: Bool, isSecondCall: Bool) {
    if encrypted { refusals = 0 } else if isSecondCall { refusals += 1 }
  }

  /// Whether a peer that refused is called again at once the other way. A peer that had merely no room
  /// must not wait longer for a call in the open than it did for the encrypted one.
  func callsAgain(afterRefused encrypted: Bool, isSecondCall: Bool) -> Bool {
    guard !isSecondCall else { return false }
    return policy == .preferred || policy == .plain && encrypted
  }

  /// How a peer that has refused is to be called when its turn comes again.
  func next(afterRefused encrypted: Bool) -> Bool? { policy == .plain ? !encrypted : nil }
}
