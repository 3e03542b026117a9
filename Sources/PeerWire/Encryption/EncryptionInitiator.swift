import Hashing
public import TorrentModel

/// The encrypted handshake of the end that connected (message stream encryption): bytes in, bytes
/// out.
///
/// The invariant: no byte is asked for that is not the handshake's, so that what follows it is left
/// where it is; and no more than 1134 bytes are ever taken.
public struct EncryptionInitiator: Sendable {
  public enum Step: Sendable {
    case readOn
    /// Say this, then read on.
    case send([UInt8])
    /// What follows is the peer's answer to what was said first, encrypted if there are ciphers.
    case done(StreamCiphers?)
  }

  private enum Part {
    case publicKey, check, selection, padding
  }

  private let torrent: InfoHash
  private let chance: EncryptionChance
  private let offered: EncryptionMethods
  private let firstWords: [UInt8]
  private var part = Part.publicKey
  private var input = EncryptionInput()
  private var marker: [UInt8] = []
  private var ciphers: StreamCiphers?
  private var staysEncrypted = false
  private var paddingLength = 0
  /// Bytes that may be read, at most.
  public private(set) var wanted = DiffieHellman.keyLength

  /// What answers `offered` at the least: the method, and the length of a padding.
  private static let selectionLength = 4 + 2

  /// - Parameter firstWords: what is said first, in the same breath: the handshake.
  public init(
    to torrent: InfoHash, offering offered: EncryptionMethods, saying firstWords: [UInt8],
    _ chance: EncryptionChance
  ) {
    precondition(firstWords.count <= EncryptionResponder.mostFirstWords, "more than is taken")
    self.torrent = torrent
    self.offered = offered
    self.firstWords = firstWords
    self.chance = chance
  }

  /// What is sent first of all.
  public var opening: [UInt8] { chance.keys.publicKey + chance.padding }

  /// Takes what was read.
  ///
  /// - Throws: `.badEncryption` where the other end does not speak it, or not as it should.
  public mutating func take(_ bytes: some Collection<UInt8>) throws(PeerWireError) -> Step {
    precondition(bytes.count <= wanted, "bytes that may be the peer's")
    wanted -= bytes.count
    input.append(bytes)
    switch part {
    case .publicKey:
      guard DiffieHellman.mayBeginKey(input.bytes) else { throw .badEncryption("no key") }
      guard let key = input.take(DiffieHellman.keyLength) else { return .readOn }
      return .send(try agree(with: key))
    case .check:
      guard try input.skip(through: marker) else {
        wanted = input.missing(marker: marker, rest: Self.selectionLength)
        return .readOn
      }
      part = .selection
      wanted = Self.selectionLength - input.bytes.count
      return wanted == 0 ? try select() : .readOn
    case .selection:
      return wanted == 0 ? try select() : .readOn
    case .padding:
      return wanted == 0 ? finish() : .readOn
    }
  }

  /// Says which torrent is meant, what may follow, and the first words.
  private mutating func agree(with key: [UInt8]) throws(PeerWireError) -> [UInt8] {
    let keys = try EncryptionKeys(chance, theirs: key)
    var ciphers = keys.ciphers(for: torrent)
    var request = EncryptionKeys.check
    request.append(bigEndian: offered.rawValue)
    request += [0, 0, UInt8(firstWords.count >> 8), UInt8(firstWords.count & 0xff)]
    request += firstWords
    ciphers.outgoing.apply(to: &request)
    // Nobody knows how long their padding is: it ends where what zeros are encrypted to begins.
    marker = ciphers.incoming.applied(to: EncryptionKeys.check)
    self.ciphers = ciphers
    part = .check
    wanted = input.missing(marker: marker, rest: Self.selectionLength)
    return keys.marker + keys.mask(EncryptionKeys.name(of: torrent)) + request
  }

  private mutating func select() throws(PeerWireError) -> Step {
    guard let answer = input.take(Self.selectionLength),
      let plain = ciphers?.incoming.applied(to: answer)
    else { return .readOn }
    let selected = EncryptionMethods(rawValue: plain.word(at: 0))
    guard selected == .rc4 || selected == .plaintext, offered.contains(selected) else {
      throw .badEncryption("a method that was not offered")
    }
    staysEncrypted = selected == .rc4
    paddingLength = Int(plain[4]) << 8 | Int(plain[5])
    guard paddingLength <= EncryptionKeys.mostInnerPadding else {
      throw .badEncryption("a padding of \(paddingLength) bytes")
    }
    part = .padding
    wanted = paddingLength
    return wanted == 0 ? finish() : .readOn
  }

  private mutating func finish() -> Step {
    if let padding = input.take(paddingLength) { _ = ciphers?.incoming.applied(to: padding) }
    return .done(staysEncrypted ? ciphers : nil)
  }
}
