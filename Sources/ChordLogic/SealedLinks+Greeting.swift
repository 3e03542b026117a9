import ChordWire
import DeterministicCore
import Hashing
import TorrentModel

/// A greeting on its way, and what is to be said once it is answered.
struct SentGreeting: Sendable {
  let endpoint: Endpoint
  let transaction: UInt32
  let privateKey: [UInt8]
  let publicKey: [UInt8]
  /// Signed, once the other end has given the token it has to be signed with.
  var datagram: [UInt8]?
  var attemptsLeft = SealedLinks.mostAttempts
  var dueAt: Moment
  var waiting: [[UInt8]] = []
}

/// Answers to greetings, to be given again when they get lost: for as long as a greeting is repeated,
/// so that nobody who was away for longer takes the keys in them for fresh.
struct GivenAnswers: Sendable {
  struct Answer: Sendable {
    let given: Moment
    let key: PublicKey
    let ephemeralKey: [UInt8]
    let count: UInt64
    let datagram: [UInt8]
  }

  private var answers: [Endpoint: Answer] = [:]
  private var order = Queue<Endpoint>()

  subscript(endpoint: Endpoint) -> Answer? { answers[endpoint] }

  mutating func keep(_ answer: Answer, to endpoint: Endpoint) {
    if answers.updateValue(answer, forKey: endpoint) == nil { order.append(endpoint) }
    while order.count > SealedLinks.mostLinks, let oldest = order.popFirst() {
      answers[oldest] = nil
    }
  }
}

/// Greetings: a question for a token, the greeting signed with it, and the answer, signed with the
/// key that came in the greeting. Both ends then know each other's certificate and share a secret.
extension SealedLinks {
  static let mostAttempts = 4
  static let retransmission = TimeSpan.milliseconds(750)
  /// Addresses greeted at once, and messages that wait for each of them.
  static let mostGreetings = 1024
  static let mostWaiting = 32

  func isGreeting(_ endpoint: Endpoint) -> Bool {
    greetings.contains { $0.endpoint == endpoint }
  }

  var nextWake: Moment { greetings.lazy.map(\.dueAt).min() ?? .distantFuture }

  // MARK: Ours

  mutating func greet(
    _ endpoint: Endpoint, saying message: [UInt8]?, at now: Moment,
    into effects: inout [ChordDoor.Effect]
  ) {
    if let place = greetings.firstIndex(where: { $0.endpoint == endpoint }) {
      if let message, greetings[place].waiting.count < Self.mostWaiting {
        greetings[place].waiting.append(message)
      }
      return
    }
    let (privateKey, transaction) = makeKey()
    guard greetings.count < Self.mostGreetings,
      let publicKey = X25519.publicKey(of: privateKey)
    else { return }
    var greeting = SentGreeting(
      endpoint: endpoint, transaction: transaction, privateKey: privateKey, publicKey: publicKey,
      dueAt: now)
    greeting.waiting = [message].compactMap(\.self)
    greetings.append(greeting)
    resend(greetings.count - 1, at: now, into: &effects)
  }

  /// Sends the greeting, or as long as there is no token the question for one.
  private mutating func resend(
    _ place: Int, at now: Moment, into effects: inout [ChordDoor.Effect]
  ) {
    let greeting = greetings[place]
    let datagram =
      greeting.datagram ?? query(Greeting.blank, token: nil, greeting.transaction)
    greetings[place].attemptsLeft -= 1
    greetings[place].dueAt = now + Self.retransmission
    if let datagram { effects.append(.send(datagram, to: greeting.endpoint)) }
  }

  private func query(
    _ bytes: [UInt8], token: WriteToken?, _ transaction: UInt32
  ) -> [UInt8]? {
    let head = QueryHead(from: credentials.certificate.id, token: token)
    return ChordMessage(
      transaction: transaction, ring: tag, body: .query(.certificate(bytes), head)
    ).datagram
  }

  mutating func wake(at now: Moment, into effects: inout [ChordDoor.Effect]) {
    for place in greetings.indices.reversed() where greetings[place].dueAt <= now {
      if greetings[place].attemptsLeft > 0 {
        resend(place, at: now, into: &effects)
      } else {
        endDoubt(of: greetings.remove(at: place).endpoint)
      }
    }
  }

  /// The other end wants its token back, signed.
  mutating func take(
    _ token: WriteToken, _ transaction: UInt32, from endpoint: Endpoint, at now: Moment,
    time: UInt64, into effects: inout [ChordDoor.Effect]
  ) {
    let place = greetings.firstIndex {
      $0.endpoint == endpoint && $0.transaction == transaction && $0.datagram == nil
    }
    guard let place, let blank = Signature([UInt8](repeating: 0, count: Signature.length)) else {
      return
    }
    // Grows also over a restart, by the time of day.
    lastCount = max(lastCount + 1, time << 20)
    guard
      var greeting = Greeting(
        certificate: credentials.certificate, ephemeralKey: greetings[place].publicKey,
        count: lastCount, signature: blank),
      let signature = sign(greeting.signedBytes(in: credentials.ring.key, token: token))
    else { return }
    greeting.signature = signature
    greetings[place].datagram = query(greeting.bytes, token: token, transaction)
    greetings[place].attemptsLeft = Self.mostAttempts
    resend(place, at: now, into: &effects)
  }

  private func sign(_ bytes: [UInt8]) -> Signature? {
    Ed25519.sign(bytes, with: credentials.seed).flatMap { Signature($0) }
  }

  /// An answer to a greeting: what waited for it is said.
  mutating func take(
    answer bytes: [UInt8], _ transaction: UInt32, from endpoint: Endpoint, at now: Moment,
    time: UInt64, into effects: inout [ChordDoor.Effect]
  ) {
    let place = greetings.firstIndex {
      $0.endpoint == endpoint && $0.transaction == transaction && $0.datagram != nil
    }
    guard let place else { return }
    let ours = greetings[place]
    guard let answer = Greeting(bytes: bytes), refusal(of: answer.certificate, at: time) == nil,
      isSigned(answer, answer.signedBytes(in: credentials.ring.key, answering: ours.publicKey)),
      let secret = X25519.secret(of: ours.privateKey, with: answer.ephemeralKey)
    else { return }
    greetings.remove(at: place)
    begin(epoch: answer.certificate.epoch)
    add(
      SealedLink(
        secret: secret, first: ours.publicKey, second: answer.ephemeralKey, isFirst: true,
        ring: credentials.ring, endpoint: endpoint, certificate: answer.certificate,
        life: life(with: answer.certificate, at: now, time: time)), isConfirmed: true)
    for message in ours.waiting { send(message, to: endpoint, at: now, into: &effects) }
  }

  // MARK: Others'

  /// A greeting that shows a token of the sender's address.
  mutating func take(
    greeting bytes: [UInt8], token: WriteToken, _ transaction: UInt32, from endpoint: Endpoint,
    at now: Moment, time: UInt64, into effects: inout [ChordDoor.Effect]
  ) {
    guard let greeting = Greeting(bytes: bytes) else {
      counts.badCertificates += 1
      return
    }
    if let answer = answers[endpoint], answer.key == greeting.certificate.key {
      if answer.ephemeralKey == greeting.ephemeralKey, answer.count == greeting.count,
        now - answer.given <= Self.retransmission * Self.mostAttempts
      {
        effects.append(.send(answer.datagram, to: endpoint))
        return
      }
      guard greeting.count > answer.count else {
        counts.replayed += 1
        return
      }
    }
    let failure =
      refusal(of: greeting.certificate, at: time)
      ?? (isSigned(greeting, greeting.signedBytes(in: credentials.ring.key, token: token))
        ? nil : ChordFailure(.badCertificate, "signature"))
    if let failure {
      let message = ChordMessage(transaction: transaction, ring: tag, body: .failure(failure))
      if let datagram = message.datagram { effects.append(.send(datagram, to: endpoint)) }
      return
    }
    answer(greeting, transaction, to: endpoint, at: now, time: time, into: &effects)
  }

  private mutating func answer(
    _ greeting: Greeting, _ transaction: UInt32, to endpoint: Endpoint, at now: Moment,
    time: UInt64, into effects: inout [ChordDoor.Effect]
  ) {
    let privateKey = makeKey().privateKey
    guard let publicKey = X25519.publicKey(of: privateKey),
      let secret = X25519.secret(of: privateKey, with: greeting.ephemeralKey),
      let blank = Signature([UInt8](repeating: 0, count: Signature.length)),
      var answer = Greeting(
        certificate: credentials.certificate, ephemeralKey: publicKey, count: greeting.count,
        signature: blank),
      let signature = sign(
        answer.signedBytes(in: credentials.ring.key, answering: greeting.ephemeralKey))
    else {
      counts.badCertificates += 1
      return
    }
    answer.signature = signature
    var message = ChordMessage(
      transaction: transaction, ring: tag,
      body: .reply(.certificate(answer.bytes), ReplyHead(from: credentials.certificate.id)))
    message.observed = endpoint
    guard let datagram = message.datagram else { return }
    begin(epoch: greeting.certificate.epoch)
    add(
      SealedLink(
        secret: secret, first: greeting.ephemeralKey, second: publicKey, isFirst: false,
        ring: credentials.ring, endpoint: endpoint, certificate: greeting.certificate,
        life: life(with: greeting.certificate, at: now, time: time)), isConfirmed: false)
    answers.keep(
      GivenAnswers.Answer(
        given: now, key: greeting.certificate.key, ephemeralKey: greeting.ephemeralKey,
        count: greeting.count,
        datagram: datagram), to: endpoint)
    effects.append(.send(datagram, to: endpoint))
  }

  // MARK: Certificates

  /// Why a certificate opens nothing; nil where it does. Counts.
  private mutating func refusal(
    of certificate: NodeCertificate, at time: UInt64
  ) -> ChordFailure? {
    guard certificate.isSigned(by: credentials.ring.key) else {
      counts.badCertificates += 1
      return ChordFailure(.badCertificate, "not of this ring's operator")
    }
    // Whoever sends us back what we said would have us take ourselves for another.
    guard certificate.key != credentials.certificate.key else {
      counts.replayed += 1
      return ChordFailure(.badCertificate, "your own")
    }
    guard (certificate.notBefore...certificate.notAfter).contains(time) else {
      counts.expired += 1
      return ChordFailure(.badCertificate, "not valid at this time")
    }
    guard certificate.epoch >= epoch else {
      counts.expired += 1
      return ChordFailure(.wrongEpoch, "an epoch gone by")
    }
    return nil
  }

  private mutating func isSigned(_ greeting: Greeting, _ bytes: [UInt8]) -> Bool {
    let isSigned = Ed25519.isValid(
      greeting.signature.bytes, of: bytes, by: greeting.certificate.key.bytes)
    if !isSigned { counts.badCertificates += 1 }
    return isSigned
  }

  /// How long a link lives whose other end shows a certificate.
  private func life(
    with certificate: NodeCertificate, at now: Moment, time: UInt64
  ) -> SealedLink.Life {
    let end = min(certificate.notAfter, credentials.certificate.notAfter)
    // A day is longer than any link lives.
    let expiry = now + .seconds(end > time ? Int(min(end - time, 86400)) : 0)
    let lastUse = min(now + Self.longestLife, expiry)
    return SealedLink.Life(begin: now, lastUse: lastUse, end: min(lastUse + Self.grace, expiry))
  }
}
