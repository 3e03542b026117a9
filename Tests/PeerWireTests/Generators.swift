import DeterministicCore
import Hashing
import PeerWire
import TorrentModel

extension SeededGenerator {
  mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: next()) }

  mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in byte() } }

  /// Any 32 bits, its edges far more often than chance has them.
  mutating func word() -> UInt32 {
    switch below(4) {
    case 0: 0
    case 1: .max
    case 2: UInt32(below(100))
    default: UInt32(truncatingIfNeeded: next())
    }
  }

  mutating func piece() -> PieceIndex { PieceIndex(number: word()) }

  mutating func block() -> Block { Block(piece: piece(), offset: word(), length: word()) }

  /// One message of each kind that is sent, with random contents.
  mutating func messagesOfEveryKind() -> [PeerMessage] {
    [
      .keepAlive, .choke, .unchoke, .interested, .notInterested, .have(piece()),
      .bitfield(bytes(below(300))), .request(block()), .cancel(block()),
      .port(UInt16(truncatingIfNeeded: next())), .suggest(piece()), .haveAll, .haveNone,
      .reject(block()), .allowedFast(piece()), .extended(id: byte(), payload: bytes(below(300))),
      .hashRequest(hashRange()), .hashReject(hashRange()),
      .hashes(hashRange(), (0..<below(3)).map { _ in node() }),
    ]
  }

  /// Made once: the fuzzing of streams makes many messages.
  private static let nodes = (0..<8).compactMap { number in
    Bytes32((0..<32).map { UInt8(truncatingIfNeeded: $0 &* number &+ 3) })
  }

  mutating func node() -> Bytes32 {
    guard let node = Self.nodes.randomElement(using: &self) else {
      preconditionFailure("there are some nodes")
    }
    return node
  }

  mutating func hashRange() -> HashRange {
    HashRange(
      root: node(), layer: word(), first: word(), count: word(), proofLayers: word())
  }

  mutating func handshake() -> Handshake {
    guard let infoHash = InfoHash(bytes: bytes(20)), let peerID = PeerID(bytes: bytes(20)) else {
      preconditionFailure("twenty bytes make a digest")
    }
    return Handshake(
      reserved: ReservedBits(word: next()), infoHash: infoHash, peerID: peerID)
  }

  mutating func extensionHandshake() -> ExtensionHandshake {
    func sometimes<Value>(_ make: @autoclosure () -> Value) -> Value? {
      below(3) > 0 ? make() : nil
    }
    var handshake = ExtensionHandshake()
    handshake.metadataID = sometimes(UInt8(1 + below(255)))
    handshake.exchangeID = sometimes(UInt8(1 + below(255)))
    handshake.dontHaveID = sometimes(UInt8(1 + below(255)))
    handshake.isUploadOnly = below(2) == 0
    handshake.metadataSize = sometimes(1 + below(MetadataMessage.longestMetadata))
    handshake.requestQueue = sometimes(1 + below(5000))
    handshake.clientVersion = sometimes(
      String(String.UnicodeScalarView((0..<below(16)).map { _ in scalar() })))
    handshake.listenPort = sometimes(UInt16(1 + below(65535)))
    handshake.yourAddress = sometimes(
      below(2) == 0
        ? .v4(word()) : .v6(high: 0x2001_0db8_0000_0000 | UInt64(word()), low: next()))
    return handshake
  }

  private mutating func scalar() -> Unicode.Scalar {
    let alphabet: [Unicode.Scalar] = ["a", "Z", "0", " ", "/", "µ", "é", "→", "🐟"]
    return alphabet[below(alphabet.count)]
  }

  /// A stream of frames as a lively peer sends them, blocks among them, with what it says.
  mutating func stream(frames count: Int, longestBlock: Int) -> (bytes: [UInt8], events: [Event]) {
    var stream: [UInt8] = []
    var events: [Event] = []
    for _ in 0..<count {
      if below(3) == 0 {
        let payload = bytes(1 + below(longestBlock))
        let block = Block(piece: piece(), offset: word(), length: UInt32(payload.count))
        BlockHeader.encode(block, into: &stream)
        stream += payload
        events.append(.block(block, payload))
      } else {
        let messages = messagesOfEveryKind()
        let message = messages[below(messages.count)]
        message.encode(into: &stream)
        events.append(.message(message))
      }
    }
    return (stream, events)
  }
}
