import Hashing
import TorrentModel

/// The chance in one end's handshake: nothing in it is drawn elsewhere.
public struct EncryptionChance: Sendable {
  let keys: DiffieHellman
  /// Follows the public key, so that the length of the first message tells nothing.
  let padding: [UInt8]

  /// Bytes, at most.
  public static let mostPadding = 512

  public init(using generator: inout some RandomNumberGenerator) {
    func bytes(_ count: Int) -> [UInt8] {
      (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next() >> 32) }
    }
    keys = DiffieHellman(privateKey: bytes(DiffieHellman.privateKeyLength))
    padding = bytes(Int((generator.next() >> 32) % UInt64(Self.mostPadding + 1)))
  }
}

/// What both ends make of the secret that they have agreed on.
struct EncryptionKeys: Sendable {
  private let secret: [UInt8]

  /// - Throws: where the other end's key is one that no honest end has.
  init(_ chance: EncryptionChance, theirs: [UInt8]) throws(PeerWireError) {
    guard let secret = chance.keys.secret(with: theirs) else {
      throw .badEncryption("a degenerate key")
    }
    self.secret = secret
  }

  /// Where the padding of the first message ends: HASH('req1', S).
  var marker: [UInt8] { Self.hash("req1", secret).bytes }

  /// Which torrent (SKEY) is meant, for those who know the torrent and the secret.
  func mask(_ torrent: Bytes20) -> [UInt8] {
    zip(torrent.bytes, Self.hash("req3", secret).bytes).map { $0 ^ $1 }
  }

  /// How a torrent is called in `mask`.
  static func name(of torrent: InfoHash) -> Bytes20 { hash("req2", torrent.bytes) }

  /// The ciphers as the end that connected sees them.
  func ciphers(for torrent: InfoHash) -> StreamCiphers {
    StreamCiphers(
      incoming: RC4(key: Self.hash("keyB", secret + torrent.bytes).bytes),
      outgoing: RC4(key: Self.hash("keyA", secret + torrent.bytes).bytes))
  }

  private static func hash(_ word: StaticString, _ bytes: [UInt8]) -> Bytes20 {
    SHA1.hash(word.withUTF8Buffer(Array.init) + bytes)
  }

  /// Eight zeros (VC), by which the other end knows that it has decrypted rightly.
  static let check = [UInt8](repeating: 0, count: 8)
  /// Bytes of the second, encrypted padding, at most. Ours has none: it is there for later use.
  static let mostInnerPadding = 512
}
