import ChordLogic
import ChordWire
import DeterministicCore
import Hashing
import TorrentModel

extension FuzzTarget {
  /// What nodes of a closed ring show each other and seal: what is taken is what would be written.
  static var sealing: FuzzTarget {
    let certificate = FuzzedRing.certificate(of: 1)
    let greeting = Greeting(
      certificate: certificate, ephemeralKey: [UInt8](repeating: 7, count: 32), count: 5,
      signature: certificate.signature)
    let sealed = SealedDatagram(
      ring: FuzzedRing.tag, link: 1, number: 2, content: [UInt8](repeating: 3, count: 40))
    let seeds = [certificate.bytes, greeting?.bytes ?? [], sealed.datagram]
    return .decoder("sealing", seeds: seeds) { bytes in
      if let certificate = NodeCertificate(bytes: bytes) {
        require(certificate.bytes == bytes, "a certificate of two spellings")
      }
      if let greeting = Greeting(bytes: bytes) {
        require(greeting.bytes == bytes, "a greeting of two spellings")
      }
      if let sealed = SealedDatagram(datagram: bytes) {
        require(sealed.datagram == bytes, "a sealed datagram of two spellings")
        require((try? ChordMessage(datagram: bytes)) == nil, "a message that may be either")
      }
    }
  }

  /// Two nodes of a closed ring and somebody between them who holds back, repeats, changes and invents
  /// datagrams: each hears what the other said, once at most, and nothing else; and when nobody
  /// interferes any longer they speak again.
  static var closedRing: FuzzTarget {
    .stateful("closed-ring") { input in
      var game = ClosedRingGame()
      let isSeenThrough = input.isOne(in: 4)
      for _ in 0..<60 where !input.isEmpty { game.step(&input) }
      if isSeenThrough { game.end() }
    }
  }
}

/// A ring whose operator the fuzzer is, and another's.
private enum FuzzedRing {
  static let time: UInt64 = 1_800_000_000
  private static let seed = [UInt8](repeating: 1, count: 32)

  static let name: RingName = {
    guard let key = Ed25519.publicKey(of: seed), let name = RingName(operatorKey: key) else {
      fatalError("the operator has no key")
    }
    return name
  }()
  static let tag = RingTag(name)

  static func certificate(of node: UInt8, by seed: [UInt8] = seed) -> NodeCertificate {
    guard let key = Ed25519.publicKey(of: nodeSeed(node)).flatMap({ PublicKey($0) }),
      let blank = Signature([UInt8](repeating: 0, count: Signature.length)),
      let certificate = NodeCertificate(
        id: NodeCertificate.place(of: key, seed: seed), key: key, epoch: 1,
        notBefore: time - 1000, notAfter: time + 1_000_000, roles: .member, signature: blank
      ).signed(with: seed)
    else { fatalError("a certificate that cannot be signed") }
    return certificate
  }

  static func nodeSeed(_ number: UInt8) -> [UInt8] { [UInt8](repeating: number, count: 32) }

  /// Of the two nodes; made once.
  static let credentials: [RingCredentials] = ([2, 3] as [UInt8]).map { number in
    let certificate = certificate(of: number)
    guard let made = try? RingCredentials(certificate, of: name, seed: nodeSeed(number)) else {
      fatalError("credentials that do not fit")
    }
    return made
  }

  static let stranger = certificate(of: 4, by: [UInt8](repeating: 9, count: 32))
}

private struct ClosedRingGame {
  private var doors: [ChordDoor]
  private var now = Moment.zero + .seconds(100)
  /// All that was sent, up to a number: who may hear it and the bytes.
  private var underWay: [(receiver: Int, bytes: [UInt8])] = []
  /// What each node said, by transaction, and whether it was heard.
  private var said: [[UInt32: Bool]] = [[:], [:]]
  private var transactions: UInt32 = 0

  private static let mostUnderWay = 64
  private static let endpoints = (0..<3).map { Endpoint(.v4(0xc000_0201 + $0), port: 6881) }

  init() {
    doors = FuzzedRing.credentials.enumerated().map { number, credentials in
      ChordDoor(
        to: FuzzedRing.name, showing: credentials,
        secret: SipHash.Key(low: UInt64(number), high: 7),
        entropy: [UInt8](repeating: UInt8(number), count: 32))
    }
  }

  private var time: UInt64 { FuzzedRing.time + now.nanoseconds / 1_000_000_000 }

  mutating func step(_ input: inout FuzzInput) {
    switch input.below(8) {
    case 0: say(by: input.below(2))
    case 1: wait(for: .milliseconds(input.below(256) * 16))
    case 2: invent(&input)
    case let choice where !underWay.isEmpty:
      let place = input.below(underWay.count)
      var (receiver, bytes) = underWay[place]
      if choice == 3, !bytes.isEmpty {
        bytes[min(bytes.count - 1, input.below(256))] ^= UInt8(1 << input.below(8))
      }
      if choice == 4 { receiver = 1 - receiver }
      // Some are kept, to be heard again.
      if choice > 5 { underWay.remove(at: place) }
      let sender = choice == 5 ? 2 : 1 - receiver
      hear(bytes, from: Self.endpoints[sender], by: receiver)
    default: break
    }
  }

  /// A greeting by somebody of another ring, or anything at all.
  private mutating func invent(_ input: inout FuzzInput) {
    let receiver = input.below(2)
    var message = ChordMessage(
      transaction: input.word(),
      body: .query(
        .certificate(input.isOne(in: 2) ? FuzzedRing.stranger.bytes : input.bytes()),
        QueryHead(from: FuzzedRing.stranger.id, token: WriteToken(UInt64(input.word())))))
    message.ring = FuzzedRing.tag
    let bytes = input.isOne(in: 2) ? message.datagram ?? [] : input.bytes()
    hear(bytes, from: Self.endpoints[input.below(3)], by: receiver)
  }

  private mutating func say(by sender: Int) {
    transactions += 1
    said[sender][transactions] = false
    var message = ChordMessage(
      transaction: transactions,
      body: .query(
        .ping, QueryHead(from: FuzzedRing.credentials[sender].certificate.id, token: nil)))
    message.ring = FuzzedRing.tag
    var effects: [ChordDoor.Effect] = []
    _ = doors[sender].send(message, to: Self.endpoints[1 - sender], at: now, into: &effects)
    carryOut(effects, of: sender)
  }

  private mutating func wait(for span: TimeSpan) {
    now = now + span
    for number in doors.indices {
      var effects: [ChordDoor.Effect] = []
      doors[number].wake(at: now, into: &effects)
      carryOut(effects, of: number)
    }
  }

  private mutating func hear(_ bytes: [UInt8], from endpoint: Endpoint, by receiver: Int) {
    var effects: [ChordDoor.Effect] = []
    if let sealed = SealedDatagram(datagram: bytes) {
      doors[receiver].receive(sealed, from: endpoint, at: now, into: &effects)
    } else if let message = try? ChordMessage(datagram: bytes) {
      doors[receiver].receive(message, from: endpoint, at: now, time: time, into: &effects)
    }
    carryOut(effects, of: receiver)
  }

  private mutating func carryOut(_ effects: [ChordDoor.Effect], of number: Int) {
    for effect in effects {
      switch effect {
      case .send(let bytes, let endpoint):
        guard let receiver = Self.endpoints[..<2].firstIndex(of: endpoint) else { continue }
        underWay.append((receiver, bytes))
        if underWay.count > Self.mostUnderWay { underWay.removeFirst() }
      case .deliver(let message, let endpoint):
        require(endpoint == Self.endpoints[1 - number], "heard from \(endpoint)")
        require(
          said[1 - number].updateValue(true, forKey: message.transaction) == false,
          "\(message) was never said, or is heard again")
      }
    }
  }

  /// Nobody interferes any longer. What is said meanwhile may be lost, as any datagram.
  mutating func end() {
    underWay = []
    // Keys and greetings of before run out, and every patience is restored.
    wait(for: .minutes(62))
    for sender in 0..<2 {
      let first = transactions + 1
      var isHeard: Bool { said[sender].contains { $0 >= first && $1 } }
      for round in 0..<30 where !isHeard {
        if round.isMultiple(of: 5) { say(by: sender) }
        while !underWay.isEmpty {
          let (receiver, bytes) = underWay.removeFirst()
          hear(bytes, from: Self.endpoints[1 - receiver], by: receiver)
        }
        wait(for: .seconds(1))
      }
      require(isHeard, "two nodes do not find together again")
    }
  }
}
