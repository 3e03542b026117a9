import Bencoding
import HTTPWire
import TorrentModel

/// `shoal search`: what a member finds in the catalogue of a private tracker.
private enum CatalogueSearch {
  /// Bytes of an answer.
  static let longest = 4 << 20

  struct Found {
    var name: String
    var infoHash: InfoHash
    var size: UInt64
    var seeders: Int64
    var leechers: Int64
    var tags: [String]
    var isFree: Bool

    init?(_ value: BencodeValue) {
      guard let name = value["name"]?.text,
        let infoHash = (value["infoHash"]?.string).flatMap({ InfoHash(bytes: $0) }),
        let size = (value["size"]?.integer).flatMap({ UInt64(exactly: $0) })
      else { return nil }
      self.name = name
      self.infoHash = infoHash
      self.size = size
      seeders = max(0, value["seeders"]?.integer ?? 0)
      leechers = max(0, value["leechers"]?.integer ?? 0)
      tags = (value["tags"]?.list ?? []).compactMap(\.text)
      isFree = value["downloadPercent"]?.integer == 0
    }
  }

  static func read(_ body: [UInt8], on name: String) throws(CommandError) -> [Found] {
    let limits = BencodeDecoder.Limits(depth: 4, values: 100_000, length: longest)
    guard let list = try? BencodeDecoder(limits: limits).decode(body).list else {
      throw CommandError(
        .failure, "this is no answer of a tracker's search", on: name,
        remedy: "give the address of your own page at the tracker")
    }
    return list.compactMap(Found.init)
  }

  static func report(_ found: Found, _ page: String, _ console: Console) {
    let document = "\(page)torrents/\(found.infoHash).torrent"
    console.event(
      .event(
        .found,
        [
          ("name", .string(found.name)), ("infoHash", .string(found.infoHash.description)),
          ("size", .unsigned(found.size)), ("tags", .strings(found.tags)),
          ("seeders", .integer(found.seeders)), ("leechers", .integer(found.leechers)),
          ("free", .bool(found.isFree)), ("document", .string(document)),
        ]))
    console.result(
      "\(found.infoHash)  \(SafeText.visible(found.name))  \(Format.size(found.size)), "
        + "\(Format.count(Int(clamping: found.seeders), "seed")), \(found.leechers) taking it"
        + (found.isFree ? ", free" : ""))
  }
}

extension Verb {
  private static let trackerFlag = Flag(
    "tracker", short: "t", .webSeedURL,
    "the address of your own page at the tracker, with your key in it; has to be given")

  static let search = Verb(
    "search", "Searches the catalogue of a private tracker.",
    operands: .several(Operand("KEYWORD")),
    groups: [FlagGroup(title: "Search", [trackerFlag.outline])],
    details: [
      "Finds the torrents that have every keyword in their title, tags or names of files, the best "
        + "first. The address is the one that a tracker with --pages gives its members. With --json, "
        + "each torrent comes with the URL of its file, which 'shoal get' takes."
    ],
    examples: [
      .init(
        "shoal search tide pool --tracker http://tracker.example:6971/KEY/", "by two keywords")
    ],
    exitCodes: [.done, .failure, .usage, .trackerRefused, .incomplete], events: [.found, .error]
  ) { arguments, console throws(CommandError) in
    guard let base = try arguments.value(of: trackerFlag) else {
      throw .usage("--tracker is missing", remedy: "give the address of your page at the tracker")
    }
    // The key in it is nobody else's to see.
    let name = "the tracker's search"
    let page = base.hasSuffix("/") ? base : base + "/"
    let keywords = PercentEncoding.encode(arguments.operands.joined(separator: " ").utf8)
    let (status, body, _) = try fetch(
      "\(page)search.bencode?q=\(keywords)", shownAs: name, longest: CatalogueSearch.longest)
    guard status != 404 else {
      throw CommandError(
        .trackerRefused, "the tracker has no such page; the key may have been revoked", on: name,
        remedy: "ask whoever runs the tracker for your address")
    }
    guard status == 200 else {
      throw CommandError(
        .failure, "the tracker answered \(status)", on: name, remedy: "try again later")
    }
    let found = try CatalogueSearch.read(body, on: name)
    for torrent in found { CatalogueSearch.report(torrent, page, console) }
    if found.isEmpty { console.note("nothing found") }
    return .done
  }
}
