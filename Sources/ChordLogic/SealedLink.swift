import ChordWire
import DeterministicCore
import Hashing
import TorrentModel

/// What two nodes that greeted each other share: a key for each way, and which datagrams have come.
///
/// The invariant: no number is used twice for sending, and none is taken twice.
struct SealedLink: Sendable {
  enum Opening: Hashable, Sendable {
    case plain([UInt8])
    /// Not made by the other end, or changed on its way.
    case forged
    /// Came before, or so long ago that it may have.
    case replayed
  }

  struct Life: Hashable, Sendable {
    var begin: Moment
    /// Nothing is sent afterwards.
    var lastUse: Moment
    /// Nothing is taken afterwards.
    var end: Moment
  }

  /// The same at both ends.
  let name: UInt64
  let endpoint: Endpoint
  /// The other end's.
  let certificate: NodeCertificate
  let life: Life
  /// The other end does not know the link any more, as somebody says.
  var isDoubted = false
  private let ring: RingTag
  private let sendKey: [UInt8]
  private let receiveKey: [UInt8]
  private var sent: UInt64 = 0
  private var window = ReplayWindow()

  /// - Parameters:
  ///   - secret: agreed on by X25519.
  ///   - first, second: the public keys of who greeted and of who answered.
  ///   - isFirst: whether we greeted.
  init(
    secret: [UInt8], first: [UInt8], second: [UInt8], isFirst: Bool, ring: RingName,
    endpoint: Endpoint, certificate: NodeCertificate, life: Life
  ) {
    let root = SHA256.hash(
      Array("shoal ring link".utf8) + ring.key + secret + first + second
    ).bytes
    let keys = (0..<2).map { SHA256.hash(root + [UInt8($0)]).bytes }
    name = SHA256.hash(root + [2]).bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    sendKey = isFirst ? keys[0] : keys[1]
    receiveKey = isFirst ? keys[1] : keys[0]
    self.ring = RingTag(ring)
    self.endpoint = endpoint
    self.certificate = certificate
    self.life = life
  }

  /// A datagram ready to be sent.
  mutating func seal(_ message: [UInt8]) -> [UInt8] {
    var datagram = SealedDatagram(ring: ring, link: name, number: sent)
    sent += 1
    datagram.content = ChaCha20Poly1305.seal(
      message, key: sendKey, nonce: Self.nonce(datagram.number), header: datagram.header)
    return datagram.datagram
  }

  mutating func open(_ datagram: SealedDatagram) -> Opening {
    guard window.mayTake(datagram.number) else { return .replayed }
    let plain = ChaCha20Poly1305.open(
      datagram.content, key: receiveKey, nonce: Self.nonce(datagram.number),
      header: datagram.header)
    guard let plain else { return .forged }
    window.take(datagram.number)
    return .plain(plain)
  }

  private static func nonce(_ number: UInt64) -> [UInt8] {
    (0..<12).map { $0 < 4 ? 0 : UInt8(truncatingIfNeeded: number >> UInt64(8 * (11 - $0))) }
  }
}

/// Which of the latest numbers have come (RFC 4303, section 3.4.3): datagrams overtake each other,
/// but not by many.
struct ReplayWindow: Sendable {
  /// One more than the highest that came.
  private var end: UInt64 = 0
  /// Bit i stands for the number `end - 1 - i`.
  private var seen: UInt64 = 0

  static let width: UInt64 = 64

  func mayTake(_ number: UInt64) -> Bool {
    guard number < end else { return number < .max }
    let age = end - 1 - number
    return age < Self.width && seen & 1 << age == 0
  }

  /// - Precondition: `mayTake(number)`.
  mutating func take(_ number: UInt64) {
    if number < end {
      seen |= 1 << (end - 1 - number)
    } else {
      let step = number + 1 - end
      seen = step < Self.width ? seen << step | 1 : 1
      end = number + 1
    }
  }
}
