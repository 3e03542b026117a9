import ChordLogic
import ChordWire
import Hashing
import Session
import TorrentModel

extension Verb {
  private static let keyFlag = Flag(
    "key", .path, "the file of the publisher's key, made where there is none",
    fallback: "shoal/publisher.key in $XDG_STATE_HOME")

  private static let channelFlag = Switch(
    "channel", "let the publisher's channel name this torrent from now on")

  static let ringPublish = Verb(
    "ring publish", "Lets a torrent be found by the words of its name.",
    operands: .exactly(.torrentFile),
    groups: [
      RingFlags.group, RingWallet.group,
      FlagGroup(title: "Publisher", [keyFlag.outline, channelFlag.outline]),
    ],
    details: [
      "A signed record goes to the nodes that keep the words of the torrent's name, and pairs of "
        + "them; it lives for a day and is to be published again before that. The signature tells "
        + "records of one publisher from another's. A private torrent is not published.",
      "With --channel, 'shoal get ring:KEY' fetches this torrent until the channel names another; it "
        + "lives for two hours.",
    ],
    examples: [
      .init(
        "shoal ring publish film.torrent --ring open:harbour --bootstrap 192.0.2.1:6881",
        "found from now on by 'shoal ring search'")
    ],
    exitCodes: [.done, .failure, .usage, .badMetainfo, .disk, .noPeers, .incomplete],
    events: [.error],
    object: [
      .init("ring", "name of the ring"), .infoHash, .name,
      .init("publisher", "public key that signed the records, hexadecimal"),
      .init("stored", "words and pairs of words under which a record is kept now"),
      .init("failed", "those whose node refused it or was not found"),
      .init("channel", "what 'shoal get' takes to follow the publisher; null without --channel"),
    ]
  ) { arguments, console throws(CommandError) in
    let ring = try RingFlags.required(arguments, by: "ring publish")
    let source = try Source(parsing: arguments.operands[0]).read().torrent
    guard case .metainfo(let metainfo) = source else {
      throw .usage("publishing needs the .torrent file, not a link", on: arguments.operands[0])
    }
    guard !(metainfo.info.isPrivate && ring.name.isOpen) else {
      throw .usage("a private torrent is not published in an open ring", on: metainfo.info.name)
    }
    try ring.name.expectMayHear(of: source)
    let key = try SigningKey.publisher(at: arguments.value(of: keyFlag))
    let errand = try RingErrand(ring, showing: RingWallet(arguments))
    let channel = arguments.has(channelFlag) ? RingChannel(of: key) : nil
    let publication = Publication(
      of: metainfo, by: key, in: channel, through: errand.service)
    try errand.run {
      publication.start { errand.end(.success(())) }
    }
    guard publication.stored > 0 else {
      throw CommandError(
        .noPeers, "no node took a record", on: metainfo.info.name,
        remedy: "the ring may be mending: try again in half a minute")
    }
    if console.isJSON {
      let object = JSONValue.object([
        ("ring", .string(ring.name.description)),
        ("infoHash", .string(metainfo.info.infoHash.description)),
        ("name", .string(metainfo.info.name)),
        ("publisher", .string(Hexadecimal.encode(key.publicKey))),
        ("stored", .integer(Int64(publication.stored))),
        ("failed", .integer(Int64(publication.failed))),
        ("channel", .optional(channel?.text)),
      ])
      console.output.write(object.text + "\n")
    } else {
      console.result(
        "published \(SafeText.visible(metainfo.info.name)) under "
          + "\(Format.count(publication.stored, "key")) as \(Hexadecimal.encode(key.publicKey))")
      if let channel { console.result("channel \(channel.text)") }
    }
    return .done
  }
}

/// The records of one torrent on their way to the nodes that keep its words.
private final class Publication {
  private let metainfo: Metainfo
  private let key: SigningKey
  private let channel: RingChannel?
  private let service: ChordService
  private(set) var stored = 0
  private(set) var failed = 0
  private var pending = 0

  /// Words of a name beyond these are left out, which bounds the pairs to 28.
  private static let mostWords = 8

  init(
    of metainfo: Metainfo, by key: SigningKey, in channel: RingChannel?,
    through service: ChordService
  ) {
    self.metainfo = metainfo
    self.key = key
    self.channel = channel
    self.service = service
  }

  func start(then done: @escaping () -> Void) {
    var words: [String] = []
    for word in Keyword.words(of: metainfo.info.name) where !words.contains(word) {
      words.append(word)
    }
    words = Array(words.prefix(Self.mostWords))
    var targets = words.map { Keyword.target(of: $0) }
    for (place, word) in words.enumerated() {
      targets += words[(place + 1)...].map { Keyword.target(of: word, $0) }
    }
    pending = targets.count + (channel == nil ? 0 : 1)
    guard pending > 0 else { return done() }
    if let channel { move(channel, then: done) }
    for target in targets { publish(under: target, then: done) }
  }

  private func finish(_ isStored: Bool, then done: () -> Void) {
    if isStored { stored += 1 } else { failed += 1 }
    pending -= 1
    if pending == 0 { done() }
  }

  /// Lets the channel name this torrent. A later run has a later second, and wins.
  private func move(_ channel: RingChannel, then done: @escaping () -> Void) {
    let sequence = Int64(WallClock.now())
    guard let item = channel.item(naming: metainfo, sequence: sequence, by: key) else {
      return finish(false, then: done)
    }
    channel.put(item, through: service) { [self] in finish($0, then: done) }
  }

  private func publish(under target: Identifier, then done: @escaping () -> Void) {
    guard let record = record(under: target) else { return finish(false, then: done) }
    service.lookUp(target) { [self] outcome in
      guard let owner = outcome.owner else { return finish(false, then: done) }
      service.ask(owner, .putKeyword(target, record)) { [self] result in
        if case .success = result { finish(true, then: done) } else { finish(false, then: done) }
      }
    }
  }

  private func record(under target: Identifier) -> KeywordRecord? {
    guard let publisher = PublicKey(key.publicKey),
      let blank = Signature([UInt8](repeating: 0, count: Signature.length))
    else { return nil }
    var name = metainfo.info.name
    while name.utf8.count > KeywordRecord.longestName { name.removeLast() }
    var record = KeywordRecord(
      infoHash: metainfo.info.infoHash, size: metainfo.info.geometry.totalLength,
      time: UInt32(clamping: Int(WallClock.now())), publisher: publisher, signature: blank,
      name: name)
    guard let bytes = record?.signedBytes(under: target),
      let signature = Ed25519.sign(bytes, with: key.seed).flatMap({ Signature($0) })
    else { return nil }
    record?.signature = signature
    return record
  }
}
