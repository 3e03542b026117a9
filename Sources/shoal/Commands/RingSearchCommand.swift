import ChordLogic
import ChordWire
import Session
import TorrentModel

extension Verb {
  static let ringSearch = Verb(
    "ring search", "Finds torrents that were published in a ring, by words.",
    operands: .several(Operand("WORD")), groups: [RingFlags.group, RingWallet.group],
    details: [
      "Every word has to be in a torrent's name. Names are what publishers chose; the key of each is "
        + "shown. --json prints one object.",
      "The newest \(ChordReply.mostKeywords) are told: more words find what fewer do not show.",
    ],
    examples: [
      .init(
        "shoal ring search blue film --ring open:harbour --bootstrap 192.0.2.1:6881",
        "names, sizes and links")
    ],
    exitCodes: [.done, .failure, .usage, .noPeers, .incomplete],
    events: [.error],
    object: [
      .init("ring", "name of the ring"),
      .init(
        "torrents",
        "the newest first, each with name, size, infoHash, published (seconds since 1970), publisher "
          + "(public key) and magnet"),
    ]
  ) { arguments, console throws(CommandError) in
    let ring = try RingFlags.required(arguments, by: "ring search")
    let words = arguments.operands.flatMap { Keyword.words(of: $0) }
    guard !words.isEmpty, words.count <= ChordQuery.mostWords,
      words.allSatisfy({ $0.utf8.count <= ChordQuery.longestWord })
    else {
      throw .usage(
        "a search takes one to \(ChordQuery.mostWords) words of at most \(ChordQuery.longestWord) bytes"
      )
    }
    let errand = try RingErrand(ring, showing: RingWallet(arguments))
    let search = KeywordSearch(for: words, through: errand.service)
    try errand.run {
      search.start { errand.end(.success(())) }
    }
    guard let records = search.records else {
      throw CommandError(
        .noPeers, "no node answers for these words",
        remedy: "the ring may be mending: try again in half a minute")
    }
    let nodes = errand.service.acquaintances(most: 4).map { MagnetLink.PeerHint($0.endpoint) }
    let others = nodes.filter { !ring.nodes.contains($0) }
    show(records, RingReference(ring.name, nodes: ring.nodes + others), on: console)
    return .done
  }

  private static func show(
    _ records: [KeywordRecord], _ ring: RingReference, on console: Console
  ) {
    let magnets = records.map { record in
      var link = MagnetLink(infoHash: record.infoHash)
      link.displayName = record.name
      link.ring = ring
      return link.text
    }
    if console.isJSON {
      let torrents = zip(records, magnets).map { record, magnet in
        JSONValue.object([
          ("name", .string(record.name)), ("size", .unsigned(record.size)),
          ("infoHash", .string(record.infoHash.description)),
          ("published", .unsigned(UInt64(record.time))),
          ("publisher", .string(Hexadecimal.encode(record.publisher.bytes))),
          ("magnet", .string(magnet)),
        ])
      }
      let object = JSONValue.object([
        ("ring", .string(ring.name.description)), ("torrents", .array(torrents)),
      ])
      return console.output.write(object.text + "\n")
    }
    for (record, magnet) in zip(records, magnets) {
      let publisher = Hexadecimal.encode(record.publisher.bytes.prefix(8))
      console.result(
        "\(SafeText.visible(record.name))  \(Format.size(record.size))  by \(publisher)…\n  \(magnet)"
      )
    }
    if records.isEmpty { console.note("nothing was found") }
  }
}

/// The way to the records of some words: the node of a pair of them knows fewer and better ones than
/// that of a single word.
private final class KeywordSearch {
  private let words: [String]
  private let service: ChordService
  /// nil while nobody has answered.
  private(set) var records: [KeywordRecord]?

  init(for words: [String], through service: ChordService) {
    self.words = words
    self.service = service
  }

  func start(then done: @escaping () -> Void) {
    let long = words.sorted { ($1.utf8.count, $0) < ($0.utf8.count, $1) }
    let target = long.count > 1 ? Keyword.target(of: long[0], long[1]) : Keyword.target(of: long[0])
    service.lookUp(target) { [self] outcome in
      let keepers = [outcome.owner].compactMap(\.self) + outcome.successors
      ask(keepers[...], target, Array(long.dropFirst(min(2, long.count))), then: done)
    }
  }

  private func ask(
    _ keepers: ArraySlice<Contact>, _ target: Identifier, _ others: [String],
    then done: @escaping () -> Void
  ) {
    guard let keeper = keepers.first else { return done() }
    service.ask(keeper, .getKeyword(target, words: others)) { [self] result in
      guard case .success(.keywords(let found)) = result else {
        return ask(keepers.dropFirst(), target, others, then: done)
      }
      // Whoever keeps a record could have written another.
      let verifier = OpenSSLVerifier()
      records = found.filter { record in
        verifier.isValid(
          record.signature, of: record.signedBytes(under: target), by: record.publisher)
      }
      done()
    }
  }
}
