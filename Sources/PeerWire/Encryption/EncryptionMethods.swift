/// How a connection goes on after an encrypted handshake, as the bits on the wire
/// (`crypto_provide`, `crypto_select`).
public struct EncryptionMethods: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let plaintext = EncryptionMethods(rawValue: 1)
  public static let rc4 = EncryptionMethods(rawValue: 2)
}

/// The two directions of a connection that stays encrypted.
public struct StreamCiphers: Sendable {
  public var incoming: RC4
  public var outgoing: RC4
}

/// A connection that a peer made and whose handshake was encrypted, as it goes on.
public struct EncryptedStream: Sendable {
  /// Nil where the rest is not encrypted.
  public var ciphers: StreamCiphers?
  /// What the peer said with its handshake, decrypted.
  public var unread: [UInt8]

  public init(ciphers: StreamCiphers?, unread: [UInt8]) {
    self.ciphers = ciphers
    self.unread = unread
  }
}
