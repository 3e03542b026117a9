import Hashing
public import TorrentModel

/// The encrypted handshake of the end that was connected to (message stream encryption): bytes in,
/// bytes out.
///
/// The invariant: no byte is asked for that is not the handshake's, so that what follows it is left
/// where it is; and no more than 5.8 KB are ever taken.
public struct EncryptionResponder: Sendable {
  /// The end of the handshake.
  public struct Outcome: Sendable {
    /// What is said last.
    public let answer: [UInt8]
    /// What the peer said in the same breath: its handshake, as a rule.
    public let firstWords: [UInt8]
    /// What encrypts the rest; nil where it is not.
    public let ciphers: StreamCiphers?
  }

  public enum Step: Sendable {
    case readOn
    /// Say this, then read on.
    case send([UInt8])
    case done(Outcome)
  }

  private enum Part {
    case publicKey, marker, request, padding, firstWords
  }

  /// Bytes of a peer's first words, at most: a handshake, and more than anybody says with it.
  static let mostFirstWords = 4096
  /// The masked torrent; the check, what is offered and the length of the padding.
  private static let requestLength = 20 + 8 + 4 + 2
  /// What a request is followed by at the least: the length of the first words.
  private static let lengthLength = 2

  private let chance: EncryptionChance
  private let accepted: [EncryptionMethods]
  private var part = Part.publicKey
  private var input = EncryptionInput()
  private var keys: EncryptionKeys?
  /// As this end sees them.
  private var ciphers: StreamCiphers?
  private var selected = EncryptionMethods()
  private var paddingLength = 0
  private var firstWordsLength = 0
  /// Bytes that may be read, at most.
  public private(set) var wanted = DiffieHellman.keyLength

  /// - Parameter accepted: what may follow, the best first.
  public init(accepting accepted: [EncryptionMethods], _ chance: EncryptionChance) {
    self.accepted = accepted
    self.chance = chance
  }

  /// Whether an encrypted handshake can begin with these bytes.
  public static func isPlausible(_ prefix: some Collection<UInt8>) -> Bool {
    DiffieHellman.mayBeginKey(prefix.prefix(DiffieHellman.keyLength))
  }

  /// Takes what was read.
  ///
  /// - Parameter torrents: those that the peer may mean.
  /// - Throws: `.badEncryption` where the other end does not speak it, or not as it should, or means
  ///   no torrent of ours.
  public mutating func take(
    _ bytes: some Collection<UInt8>, for torrents: () -> [InfoHash]
  ) throws(PeerWireError) -> Step {
    precondition(bytes.count <= wanted, "bytes that may be the peer's")
    wanted -= bytes.count
    input.append(bytes)
    if part == .publicKey { return try readKey() }
    if part == .marker, try !findMarker() { return .readOn }
    guard wanted == 0 else { return .readOn }
    if part == .request { try readRequest(torrents()) }
    if part == .padding, wanted == 0 { try readLength() }
    return part == .firstWords && wanted == 0 ? finish() : .readOn
  }

  private mutating func readKey() throws(PeerWireError) -> Step {
    guard Self.isPlausible(input.bytes) else { throw .badEncryption("no key") }
    guard let key = input.take(DiffieHellman.keyLength) else { return .readOn }
    let keys = try EncryptionKeys(chance, theirs: key)
    self.keys = keys
    part = .marker
    wanted = input.missing(marker: keys.marker, rest: Self.requestLength + Self.lengthLength)
    return .send(chance.keys.publicKey + chance.padding)
  }

  private mutating func findMarker() throws(PeerWireError) -> Bool {
    guard let marker = keys?.marker, try input.skip(through: marker) else {
      wanted = input.missing(
        marker: keys?.marker ?? [], rest: Self.requestLength + Self.lengthLength)
      return false
    }
    part = .request
    wanted = max(0, Self.requestLength - input.bytes.count)
    return true
  }

  private mutating func readRequest(_ torrents: [InfoHash]) throws(PeerWireError) {
    guard let keys, let request = input.take(Self.requestLength) else { return }
    let masked = request.prefix(20)
    let meant = torrents.first {
      keys.mask(EncryptionKeys.name(of: $0)).elementsEqual(masked)
    }
    guard let meant else { throw .badEncryption("a torrent that is not here") }
    let theirs = keys.ciphers(for: meant)
    var ciphers = StreamCiphers(incoming: theirs.outgoing, outgoing: theirs.incoming)
    let plain = ciphers.incoming.applied(to: request.dropFirst(20))
    self.ciphers = ciphers
    guard plain.starts(with: EncryptionKeys.check) else { throw .badEncryption("a wrong check") }
    let offered = EncryptionMethods(rawValue: plain.word(at: 8))
    guard let selected = accepted.first(where: { offered.contains($0) }) else {
      throw .badEncryption("no method that we accept")
    }
    self.selected = selected
    paddingLength = Int(plain[12]) << 8 | Int(plain[13])
    guard paddingLength <= EncryptionKeys.mostInnerPadding else {
      throw .badEncryption("a padding of \(paddingLength) bytes")
    }
    part = .padding
    wanted = paddingLength + Self.lengthLength - input.bytes.count
  }

  private mutating func readLength() throws(PeerWireError) {
    guard let bytes = input.take(paddingLength + Self.lengthLength),
      let plain = ciphers?.incoming.applied(to: bytes)
    else { return }
    firstWordsLength = Int(plain[plain.count - 2]) << 8 | Int(plain[plain.count - 1])
    guard firstWordsLength <= Self.mostFirstWords else {
      throw .badEncryption("\(firstWordsLength) bytes said at once")
    }
    part = .firstWords
    wanted = firstWordsLength
  }

  private mutating func finish() -> Step {
    guard let words = input.take(firstWordsLength), var ciphers else { return .readOn }
    let firstWords = ciphers.incoming.applied(to: words)
    var answer = EncryptionKeys.check
    answer.append(bigEndian: selected.rawValue)
    answer += [0, 0]
    ciphers.outgoing.apply(to: &answer)
    return .done(
      Outcome(
        answer: answer, firstWords: firstWords, ciphers: selected == .rc4 ? ciphers : nil))
  }
}
