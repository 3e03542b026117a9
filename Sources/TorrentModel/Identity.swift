public import Hashing

/// The name of a torrent: SHA-1 of the raw bytes of its info dictionary (BEP 3).
public struct InfoHash: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let digest: Bytes20

  @inlinable
  public init(_ digest: Bytes20) { self.digest = digest }

  /// Takes exactly twenty bytes; `nil` for any other count.
  public init?(bytes: some Collection<UInt8>) {
    guard let digest = Bytes20(bytes) else { return nil }
    self.digest = digest
  }

  /// 40 hexadecimal digits or 32 of base32, the two spellings of a magnet link (BEP 9).
  public init?(text: some StringProtocol) {
    // By length: most base32 of A to F and 2 to 7 alone is hexadecimal, too.
    let bytes = text.utf8.count == 40 ? Hexadecimal.decode(text) : Base32.decode(text)
    guard let bytes else { return nil }
    self.init(bytes: bytes)
  }

  public var bytes: [UInt8] { digest.bytes }

  /// 40 lower-case hexadecimal digits.
  public var description: String { Hexadecimal.encode(digest.bytes) }

  public static func < (left: InfoHash, right: InfoHash) -> Bool { left.digest < right.digest }
}

/// The name a peer gives itself for a session (BEP 3), in the client-and-version style of BEP 20.
public struct PeerID: Hashable, Sendable, CustomStringConvertible {
  public let digest: Bytes20

  /// Our client's code and version: `SH`, 0.1.0.0.
  public static let prefix = "-SH0100-"

  public init(_ digest: Bytes20) { self.digest = digest }

  public init?(bytes: some Collection<UInt8>) {
    guard let digest = Bytes20(bytes) else { return nil }
    self.digest = digest
  }

  /// An id of our own: the prefix and twelve random characters that need no escape in a URL.
  public static func random(using generator: inout some RandomNumberGenerator) -> PeerID {
    let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
    var bytes = Array(prefix.utf8)
    while bytes.count < 20 {
      bytes.append(alphabet[Int(generator.next() % UInt64(alphabet.count))])
    }
    guard let id = PeerID(bytes: bytes) else { preconditionFailure("twenty bytes make a peer id") }
    return id
  }

  public var bytes: [UInt8] { digest.bytes }

  /// The id with everything but printable ASCII escaped: a peer chose these bytes.
  public var description: String {
    var text = ""
    for byte in digest.bytes {
      if byte > 0x20, byte < 0x7f {
        text.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        text += "\\x" + Hexadecimal.encode([byte])
      }
    }
    return text
  }
}
