import DeterministicCore
import Hashing
import PeerWire
import Testing
import TorrentModel

@testable import SwarmLogic

/// Plays a script against a swarm, line by line, and compares the effects.
///
/// A line is `second  event  [-> effects]`, with peers named by letters, blocks as
/// `piece.number`, effects separated by commas; `->` alone says that nothing follows, and a line
/// without it leaves the effects open. The torrent has four pieces of two blocks of 16 bytes.
///
/// - `dial a b`: a tracker names the peers; `names a`: the user does
/// - `hello a [plain] [is b]`: the answer to our handshake, without extensions; with b's peer id
/// - `accept a [plain] [is b] [at b]`: an incoming connection; from b's address
/// - `a says message`, `a lands 0.0`, `a wastes 0.0`, `a took 0.0`, `a returns 0.0`, `a ends`
/// - `webseeds 2`, and of those, named by numbers: `fetched 0`, `failed? 0 [seconds]`, `refused 0 1-2`
/// - `verified 0 [1 2]`, `failed 0 [1 2]`, where the blocks' digests may follow, `lost 0`, `ready 01..`, `wake`
///
/// Effects: `connect a`, `adopt a`, `refuse reason`, `a: message`, `upload a 0.0`, `close a`,
/// `verify 0 [suspect]`, `abandon 0`, `ban a`, `complete`, `metadata 4`.
final class SwarmScript {
  var swarm: Swarm
  private(set) var keys: [String: PeerKey] = [:]
  private(set) var names: [PeerKey: String] = [:]
  private(set) var closeReasons: [String: CloseReason] = [:]
  private var effects: [SwarmEffect] = []
  private var tickets: [String] = []
  /// What the last line sent to peers.
  private(set) var sent: [(name: String, message: PeerMessage)] = []
  private(set) var whole: [UInt8]?
  /// The effects of the last line, in words.
  private(set) var told: [String] = []

  static let infoHash = InfoHash(bytes: Array(repeating: 7, count: 20))!
  static let geometry = PieceGeometry(totalLength: 128, pieceLength: 32, blockLength: 16)!
  static let listenPort: UInt16 = 6881

  /// - Parameters:
  ///   - have: a 1 for each piece we have; nil while the torrent is not ready.
  ///   - knownMetadata: what is known before it is ready.
  init(
    have: String? = "0000", metadata: [UInt8] = [1, 2, 3], knownMetadata: [UInt8] = [],
    wanted: String? = nil, ourID: UInt8 = 1, geometry: PieceGeometry = SwarmScript.geometry,
    configuration: SwarmConfiguration = SwarmConfiguration()
  ) {
    swarm = Swarm(
      infoHash: Self.infoHash, peerID: Self.peerID(ourID), listenPort: Self.listenPort,
      metadata: knownMetadata, configuration: configuration, generator: SeededGenerator(seed: 1),
      at: .zero)
    if let have {
      swarm.handle(
        .ready(
          geometry, have: Self.bitfield(have), wanted: wanted.map(Self.bitfield),
          metadata: metadata),
        at: .zero,
        into: &effects)
    }
  }

  static func peerID(_ number: UInt8) -> PeerID {
    PeerID(bytes: Array(repeating: number, count: 20))!
  }

  /// Peers are at 10.0.0.1 and on, by their letters.
  static func endpoint(_ name: String) -> Endpoint {
    Endpoint(.v4(0x0a00_0000 + UInt32(name.utf8.first! - 96)), port: listenPort)
  }

  static func bitfield(_ text: String) -> Bitfield {
    var field = Bitfield(count: text.count)
    for (piece, mark) in text.enumerated() where mark == "1" { field.insert(PieceIndex(piece)) }
    return field
  }

  /// Compares nothing that is not in the script's words.
  func play(_ script: String, sourceLocation: SourceLocation = #_sourceLocation) {
    for line in script.split(separator: "\n") {
      let halves = line.components(around: "->")
      let words = halves[0].split(separator: " ").map(String.init)
      let seconds = Double(words[0])!
      let now = Moment.zero + .seconds(seconds)
      let told = tell(input(Array(words.dropFirst())), at: now)
      if halves.count == 2 {
        let expected = halves[1].split(separator: ",").map {
          $0.split(separator: " ").joined(separator: " ")
        }
        #expect(told == expected, "\(line)", sourceLocation: sourceLocation)
      }
      checkInvariants(sourceLocation)
    }
  }

  /// Tells one fact; the effects, in words.
  func tell(_ input: SwarmInput, at now: Moment) -> [String] {
    effects.removeAll()
    sent.removeAll()
    told = []
    swarm.handle(input, at: now, into: &effects)
    for effect in effects {
      guard let text = describe(effect) else { continue }
      // Requests to one peer are one effect of several blocks.
      if let last = told.last, let mark = text.range(of: " request "),
        last.hasPrefix(text[..<mark.upperBound])
      {
        told[told.count - 1] += " " + text[mark.upperBound...]
      } else {
        told.append(text)
      }
    }
    return told
  }

  // MARK: Questions

  func expectation(of text: String, from name: String) -> SwarmLogic.Expectation {
    swarm.expectation(of: block(text), from: keys[name]!)
  }

  func isWanted(_ text: String, from name: String) -> Bool {
    swarm.isWanted(block(text), from: keys[name]!)
  }

  func isConnected(_ name: String) -> Bool { swarm.peers.contains(keys[name]!) }

  // MARK: Facts

  private func input(_ words: [String]) -> SwarmInput {
    func pieces() -> PieceIndex { PieceIndex(Int(words[1])!) }
    switch words[0] {
    case "dial": return .candidates(words.dropFirst().map(Self.endpoint), from: .tracker)
    case "names": return .candidates(words.dropFirst().map(Self.endpoint), from: .user)
    case "hello": return .handshake(keys[words[1]]!, handshake(words))
    case "accept":
      tickets.append(words[1])
      var endpoint = Self.endpoint(words.word(after: "at") ?? words[1])
      endpoint.port = 50_000 + UInt16(tickets.count)
      return .accepted(ticket: UInt64(tickets.count - 1), from: endpoint, handshake(words))
    case "verified": return .pieceVerified(pieces(), blockDigests: digests(words))
    case "failed": return .pieceFailed(pieces(), blockDigests: digests(words))
    case "lost": return .pieceLost(pieces())
    case "ready":
      return .ready(Self.geometry, have: Self.bitfield(words[1]), wanted: nil, metadata: [1, 2, 3])
    case "badmetadata": return .metadataFailed
    case "private": return .madePrivate
    case "webseeds": return .webSeeds(Int(words[1])!)
    case "fetched": return .fetched(keys[words[1]]!, .done)
    case "failed?":
      let retry = words.count > 2 ? TimeSpan.seconds(Int(words[2])!) : nil
      return .fetched(keys[words[1]]!, .failed(retryAfter: retry))
    case "refused":
      let ends = words[2].split(separator: "-").map { Int($0)! }
      return .fetched(keys[words[1]]!, .refused(ends[0]..<ends[1] + 1))
    case "wake": return .wake
    case "pause": return .downloadPaused(true)
    case "resume": return .downloadPaused(false)
    default: return event(of: keys[words[0]]!, Array(words.dropFirst()))
    }
  }

  /// The digests of blocks, each written as one number.
  private func digests(_ words: [String]) -> [Bytes20] {
    words.dropFirst(2).map { .block(UInt64($0)!) }
  }

  private func handshake(_ words: [String]) -> Handshake {
    let name = words.word(after: "is") ?? words[1]
    let id = name == "us" ? swarm.ourPeerID : Self.peerID(name.utf8.first!)
    let infoHash =
      words.contains("astray") ? InfoHash(bytes: Array(repeating: 8, count: 20))! : Self.infoHash
    return Handshake(
      reserved: words.contains("plain") ? ReservedBits(word: 0) : .ours, infoHash: infoHash,
      peerID: id)
  }

  private func event(of key: PeerKey, _ words: [String]) -> SwarmInput {
    switch words[0] {
    case "says": return .received(message(Array(words.dropFirst())), from: key)
    case "lands": return .landed(block(words[1]), from: key)
    case "wastes": return .discarded(block(words[1]), from: key)
    case "took": return .uploaded(block(words[1]), to: key)
    case "returns": return .unsent(words.dropFirst().map(block), to: key)
    case "ends": return .ended(key)
    case "refuses": return .refused(key)
    default: preconditionFailure("no such event: \(words)")
    }
  }

  /// `piece.number`, or `piece@offset+length`.
  private func block(_ word: String) -> Block {
    let numbers = word.split { !$0.isNumber }.map { UInt32($0)! }
    if numbers.count == 3 {
      return Block(piece: PieceIndex(number: numbers[0]), offset: numbers[1], length: numbers[2])
    }
    return Block(piece: PieceIndex(number: numbers[0]), offset: numbers[1] * 16, length: 16)
  }

  private func message(_ words: [String]) -> PeerMessage {
    let number = words.count > 1 ? UInt32(words[1]) : nil
    switch words[0] {
    case "keepalive": return .keepAlive
    case "choke": return .choke
    case "unchoke": return .unchoke
    case "interested": return .interested
    case "bored": return .notInterested
    case "have": return .have(PieceIndex(number: number!))
    case "bits": return .bitfield(words.dropFirst().map { UInt8($0, radix: 2)! })
    case "bytes": return .bitfield(Array(repeating: 0, count: Int(number!)))
    case "all": return .haveAll
    case "none": return .haveNone
    case "request": return .request(block(words[1]))
    case "cancel": return .cancel(block(words[1]))
    case "reject": return .reject(block(words[1]))
    case "suggest": return .suggest(PieceIndex(number: number!))
    case "allows": return .allowedFast(PieceIndex(number: number!))
    case "size":
      var handshake = ExtensionHandshake()
      handshake.metadataID = 3
      handshake.metadataSize = Int(words[1])
      return .extended(id: 0, payload: handshake.payload)
    case "exchanges":
      var handshake = ExtensionHandshake()
      handshake.exchangeID = 5
      handshake.listenPort = words.count > 1 ? UInt16(words[1]) : Self.listenPort
      return .extended(id: 0, payload: handshake.payload)
    case "retires":
      var handshake = ExtensionHandshake()
      handshake.isUploadOnly = true
      return .extended(id: 0, payload: handshake.payload)
    case "loses":
      return .extended(
        id: ExtensionHandshake.ourDontHaveID,
        payload: DontHaveMessage(PieceIndex(number: number!)).payload)
    case "sees":
      var handshake = ExtensionHandshake()
      handshake.yourAddress = Self.endpoint(words[1]).address
      return .extended(id: 0, payload: handshake.payload)
    case "knows":
      let peers = words.dropFirst().map { name in
        ExchangeMessage.Peer(
          Self.endpoint(String(name.prefix(1))), name.hasSuffix("*") ? .isSeed : [])
      }
      return .extended(
        id: ExtensionHandshake.ourExchangeID,
        payload: ExchangeMessage(added: peers, dropped: []).payload)
    case "part": return metadata(.request(part: Int(words[1])!))
    case "nopart": return metadata(.reject(part: Int(words[1])!))
    case "gives":
      let (part, size) = (Int(words[1])!, Int(words[2])!)
      let length = min(MetadataMessage.partLength, size - part * MetadataMessage.partLength)
      let fill = words.count > 3 ? UInt8(words[3])! : 0
      return metadata(
        .data(part: part, totalSize: size, bytes: Array(repeating: fill, count: length)))
    default: preconditionFailure("no such message: \(words)")
    }
  }

  private func metadata(_ message: MetadataMessage) -> PeerMessage {
    .extended(id: ExtensionHandshake.ourMetadataID, payload: message.payload)
  }

  // MARK: Effects

  private func describe(_ effect: SwarmEffect) -> String? {
    switch effect {
    case .connect(let key, let endpoint, let isEncrypted):
      guard case .v4(let word) = endpoint.address else { return "connect ?" }
      let name = String(UnicodeScalar(UInt8(word & 0xff) + 96))
      enter(key, name)
      return "connect \(name)" + (isEncrypted ? " encrypted" : "")
    case .adopt(let ticket, let key):
      enter(key, tickets[Int(ticket)])
      return "adopt \(tickets[Int(ticket)])"
    case .refuse(_, let reason): return "refuse \(reason)"
    case .send(let key, let message):
      sent.append((names[key]!, message))
      return "\(names[key]!): \(describe(message))"
    case .upload(let key, let block): return "upload \(names[key]!) \(describe(block))"
    case .unsend(let key, let block): return "unsend \(names[key]!) \(describe(block))"
    case .unsendAll(let key): return "unsendall \(names[key]!)"
    case .close(let key, let reason):
      closeReasons[names[key]!] = reason
      return "close \(names[key]!)"
    case .verify(let piece, let isSuspect): return "verify \(piece)\(isSuspect ? " suspect" : "")"
    case .abandon(let piece): return "abandon \(piece)"
    case .fetch(let key, let number, let pieces):
      enter(key, "\(number)")
      return "fetch \(number) \(pieces.lowerBound)-\(pieces.upperBound - 1)"
    case .endFetch(let key): return "endfetch \(names[key]!)"
    case .report(.webSeedBanned(let number)): return "web seed \(number) banned"
    case .metadataComplete(let bytes):
      whole = bytes
      return "metadata \(bytes.count)"
    case .layersComplete(let nodes): return "nodes \(nodes.count)"
    case .readLeaves(let key, _, let piece): return "leaves \(piece) for \(names[key]!)"
    case .report(.peerBanned(let endpoint, _, _)):
      guard case .v4(let word) = endpoint.address else { return "ban ?" }
      return "ban \(UnicodeScalar(UInt8(word & 0xff) + 96))"
    case .report(.complete): return "complete"
    case .wake, .report: return nil
    }
  }

  private func enter(_ key: PeerKey, _ name: String) {
    keys[name] = key
    names[key] = name
  }

  private func describe(_ block: Block) -> String { "\(block.piece).\(block.offset / 16)" }

  private func describe(_ message: PeerMessage) -> String {
    switch message {
    case .keepAlive: return "keepalive"
    case .choke: return "choke"
    case .unchoke: return "unchoke"
    case .interested: return "interested"
    case .notInterested: return "bored"
    case .have(let piece): return "have \(piece)"
    case .bitfield(let bytes): return "bits \(String(bytes[0], radix: 2))"
    case .request(let block): return "request \(describe(block))"
    case .cancel(let block): return "cancel \(describe(block))"
    case .reject(let block): return "reject \(describe(block))"
    case .haveAll: return "all"
    case .haveNone: return "none"
    case .allowedFast(let piece): return "allows \(piece)"
    case .suggest(let piece): return "suggest \(piece)"
    case .extended(0, _): return "handshake"
    case .extended(5, let payload):
      guard let exchange = try? ExchangeMessage(payload: payload) else { return "extended" }
      let added = exchange.added.map { "+\(Self.name($0.endpoint))" }.sorted()
      let dropped = exchange.dropped.map { "-\(Self.name($0))" }.sorted()
      return (added + dropped).joined(separator: " ")
    case .extended(_, let payload):
      switch try? MetadataMessage(payload: payload) {
      case .request(let part)?: return "part \(part)"
      case .data(let part, _, _)?: return "gives \(part)"
      case .reject(let part)?: return "nopart \(part)"
      default: return "extended"
      }
    case .hashRequest(let range): return "asks \(range.first)+\(range.count) of \(range.layer)"
    case .hashes(let range, let nodes): return "nodes \(range.first)+\(nodes.count)"
    case .hashReject(let range): return "nonodes \(range.first)+\(range.count)"
    case .port, .unknown: return "?"
    }
  }

  private static func name(_ endpoint: Endpoint) -> String {
    guard case .v4(let word) = endpoint.address else { return "?" }
    return String(UnicodeScalar(UInt8(word & 0xff) + 96))
  }

  func checkInvariants(_ sourceLocation: SourceLocation = #_sourceLocation) {
    for broken in swarm.brokenInvariants {
      Issue.record("\(broken)", sourceLocation: sourceLocation)
    }
  }
}

extension Bytes20 {
  /// A digest that differs from those of other numbers.
  static func block(_ number: UInt64) -> Bytes20 {
    Bytes20((0..<20).map { UInt8(truncatingIfNeeded: number >> (8 * min($0, 7))) })!
  }
}

extension Substring {
  fileprivate func components(around separator: String) -> [Substring] {
    guard let range = range(of: separator) else { return [self] }
    return [self[..<range.lowerBound], self[range.upperBound...]]
  }
}

extension StringProtocol {
  /// The first place of a text, without Foundation.
  fileprivate func range(of text: String) -> Range<Index>? {
    indices.lazy.compactMap { start in
      self[start...].hasPrefix(text) ? start..<self.index(start, offsetBy: text.count) : nil
    }.first
  }
}

extension [String] {
  fileprivate func word(after mark: String) -> String? {
    firstIndex(of: mark).map { self[$0 + 1] }
  }
}
