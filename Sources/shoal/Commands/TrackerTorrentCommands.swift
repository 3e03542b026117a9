import Accounts
import DeterministicCore
import TorrentModel
import TrackerLogic

/// `shoal tracker torrent …`: what a private tracker tracks.
enum CatalogueCommand {
  static let infoHash = Operand("INFOHASH")

  static let freeleech = Switch("freeleech", "downloads cost the members nothing")
  static let uploadFlag = Flag(
    "upload-percent", .number(0...Int(CreditTerms.highestPercent)),
    "how much of what is uploaded counts", fallback: "100")
  static let downloadFlag = Flag(
    "download-percent", .number(0...Int(CreditTerms.highestPercent)),
    "how much of what is downloaded counts", fallback: "100")
  static let titleFlag = Flag(
    "title", .text("TEXT", expected: "a title"), "what the catalogue calls it",
    fallback: "the torrent's name")
  static let tagFlag = Flag(
    "tag", .text("WORD", expected: "a word"), "a word to find it by", isRepeatable: true)
  static let entry = FlagGroup(
    title: "Catalogue",
    [
      titleFlag.outline, tagFlag.outline, freeleech.outline, uploadFlag.outline,
      downloadFlag.outline,
    ])

  static func terms(_ arguments: ParsedArguments) throws(CommandError) -> CreditTerms {
    let download = try arguments.value(of: downloadFlag)
    guard download == nil || !arguments.has(freeleech) else {
      throw .usage("--freeleech and --download-percent exclude each other", remedy: "give one")
    }
    return CreditTerms(
      uploadPercent: UInt16(try arguments.value(of: uploadFlag) ?? 100),
      downloadPercent: arguments.has(freeleech) ? 0 : UInt16(download ?? 100))
  }

  static func infoHash(_ text: String) throws(CommandError) -> InfoHash {
    guard let infoHash = InfoHash(text: text) else {
      throw .usage(
        "no info-hash, which has 40 hexadecimal digits", on: text,
        remedy: "see 'shoal tracker torrent list'")
    }
    return infoHash
  }

  static func report(_ torrent: CataloguedTorrent, _ state: String, _ console: Console) {
    let listing = torrent.listing
    console.event(
      .event(
        .listed,
        [
          ("state", .string(state)), ("name", .string(torrent.title)),
          ("infoHash", .string(listing.infoHash.description)), ("size", .unsigned(torrent.size)),
          ("files", .integer(Int64(torrent.fileCount))), ("tags", .strings(torrent.tags)),
          ("uploadPercent", .integer(Int64(listing.terms.uploadPercent))),
          ("downloadPercent", .integer(Int64(listing.terms.downloadPercent))),
          ("movedUp", .unsigned(torrent.movedUp)), ("movedDown", .unsigned(torrent.movedDown)),
          ("completed", .integer(Int64(torrent.completed))),
        ]))
    console.result(
      "\(listing.infoHash)  \(state == "removed" ? "removed  " : "")"
        + "\(SafeText.visible(torrent.title))  \(Format.size(torrent.size)), "
        + "\(Format.count(torrent.fileCount, "file")), "
        + Format.count(torrent.completed, "download") + terms(listing.terms))
  }

  private static func terms(_ terms: CreditTerms) -> String {
    var text = ""
    if terms.downloadPercent == 0 {
      text += ", freeleech"
    } else if terms.downloadPercent != 100 {
      text += ", downloads count \(terms.downloadPercent)%"
    }
    if terms.uploadPercent != 100 { text += ", uploads count \(terms.uploadPercent)%" }
    return text
  }
}

extension Verb {
  static let trackerTorrentAdd = Verb(
    "tracker torrent add", "Has a private tracker track torrents.",
    operands: .several(.torrentFile),
    groups: [CatalogueCommand.entry, AccountsCommand.group],
    details: [
      "A running tracker takes announces of them when the verb returns. Added again, a torrent has "
        + "the title, tags and terms of the last time, and counts on.",
      "Members get the file with their own key in it from 'shoal tracker torrent export'.",
    ],
    examples: [
      .init("shoal tracker torrent add film.torrent --tag film --tag 2024", "to be found by words"),
      .init("shoal tracker torrent add film.torrent --freeleech", "costs the members nothing"),
    ],
    exitCodes: [.done, .usage, .badMetainfo, .disk], events: [.listed, .error]
  ) { arguments, console throws(CommandError) in
    let terms = try CatalogueCommand.terms(arguments)
    let title = try arguments.value(of: CatalogueCommand.titleFlag)
    let tags = try arguments.values(of: CatalogueCommand.tagFlag)
    guard title == nil || arguments.operands.count == 1 else {
      throw .usage("--title names one torrent, and several are to be added")
    }
    var documents: [[UInt8]] = []
    for path in arguments.operands {
      let document = try FileContents.read(path)
      let metainfo: Metainfo
      do throws(MetainfoError) {
        metainfo = try Metainfo(document)
      } catch {
        throw CommandError(notMetainfo: error, on: path)
      }
      if !metainfo.info.isPrivate {
        console.warn(
          "\(SafeText.visible(path)) is not private: clients may find peers without the tracker; "
            + "'shoal create --private' makes one that is")
      }
      documents.append(document)
    }
    let added = try AccountsCommand.change(arguments, console) { accounts throws(AccountsError) in
      var added: [CataloguedTorrent] = []
      for document in documents {
        added.append(
          try accounts.addTorrent(
            document, title: title, tags: tags, terms: terms, at: AccountsCommand.now))
      }
      return added
    }
    for torrent in added { CatalogueCommand.report(torrent, "tracked", console) }
    return .done
  }

  static let trackerTorrentRemove = Verb(
    "tracker torrent remove", "Has a private tracker refuse torrents.",
    operands: .several(CatalogueCommand.infoHash), groups: [AccountsCommand.group],
    details: [
      "Clients are told that the torrent was removed. What members moved of it stays in their "
        + "accounts, and the torrent can be added again."
    ],
    examples: [
      .init(
        "shoal tracker torrent remove 0123456789abcdef0123456789abcdef01234567", "by info-hash")
    ],
    exitCodes: [.done, .usage, .disk], events: [.listed, .error]
  ) { arguments, console throws(CommandError) in
    var infoHashes: [InfoHash] = []
    for text in arguments.operands { infoHashes.append(try CatalogueCommand.infoHash(text)) }
    let removed = try AccountsCommand.change(arguments, console) {
      accounts throws(AccountsError) in
      var removed: [CataloguedTorrent] = []
      for infoHash in infoHashes { removed.append(try accounts.removeTorrent(infoHash)) }
      return removed
    }
    for torrent in removed { CatalogueCommand.report(torrent, "removed", console) }
    return .done
  }

  private static let mostListed = 1000

  static let trackerTorrentList = Verb(
    "tracker torrent list", "Lists or searches what a private tracker tracks.",
    operands: .anyNumber(Operand("KEYWORD")), groups: [AccountsCommand.group],
    details: [
      "With keywords, the torrents that have all of them in their title, tags or names of files, "
        + "the best first; otherwise the latest first, \(mostListed) at most."
    ],
    examples: [
      .init("shoal tracker torrent list", "all"),
      .init("shoal tracker torrent list tide pool", "those with both words"),
    ],
    exitCodes: [.done, .usage, .disk], events: [.listed, .error]
  ) { arguments, console throws(CommandError) in
    let torrents = try AccountsCommand.look(arguments) { accounts throws(AccountsError) in
      try accounts.torrents(
        matching: arguments.operands.joined(separator: " "), limit: mostListed)
    }
    for torrent in torrents { CatalogueCommand.report(torrent, "tracked", console) }
    if torrents.isEmpty { console.note("no torrents") }
    return .done
  }

  private static let userFlag = Flag(
    "user", .text("NAME", expected: "a member's name"), "whose key it gets; has to be given")
  private static let outputFlag = Flag(
    "output", short: "o", .torrentFile, "where to", fallback: "INFOHASH.torrent")

  static let trackerTorrentExport = Verb(
    "tracker torrent export", "Writes a torrent's file with a member's own key in it.",
    operands: .exactly(CatalogueCommand.infoHash),
    groups: [
      FlagGroup(title: "File", [userFlag.outline, outputFlag.outline]), AccountsCommand.group,
    ],
    details: [
      "Its trackers are replaced by the member's announce URLs; the info-hash stays. The file is "
        + "for the member alone: whoever has it announces as the member."
    ],
    examples: [
      .init(
        "shoal tracker torrent export 0123456789abcdef0123456789abcdef01234567 --user anna "
          + "-o anna.torrent", "for Anna")
    ],
    exitCodes: [.done, .usage, .disk], events: [.exported, .error]
  ) { arguments, console throws(CommandError) in
    let infoHash = try CatalogueCommand.infoHash(arguments.operands[0])
    guard let name = try arguments.value(of: userFlag) else {
      throw .usage("--user is missing", remedy: "name the member whose key the file gets")
    }
    let output = try arguments.value(of: outputFlag) ?? "\(infoHash).torrent"
    let document = try AccountsCommand.look(arguments) { accounts throws(AccountsError) in
      let member = try accounts.member(named: name)
      let announces = try AccountsCommand.announces(accounts, member.key)
      guard let document = try accounts.document(of: infoHash, announcing: announces) else {
        throw AccountsError(.notFound("torrent"), on: "\(infoHash)")
      }
      return document
    }
    try FileContents.write(document, to: output)
    console.event(
      .event(
        .exported,
        [
          ("infoHash", .string(infoHash.description)), ("name", .string(name)),
          ("file", .string(output)),
        ]))
    console.result("wrote \(SafeText.visible(output)), for \(SafeText.visible(name)) alone")
    return .done
  }
}
