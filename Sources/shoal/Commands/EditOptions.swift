import TorrentModel

/// What `shoal edit` was asked to do.
struct EditOptions: Hashable, Sendable {
  var file: String
  /// Where the result goes; `nil` for the file itself.
  var output: String?
  var trackers: Change
  var webSeeds: Change
  /// Empty to remove it; `nil` to leave it.
  var comment: String?
  var createdBy: String?
  var source: String?
  var isPrivate: Bool?

  /// What happens to a list of URLs: first the removals, then the additions.
  struct Change: Hashable, Sendable {
    var clears: Bool
    var removed: [String]
    var added: [String]

    var isNothing: Bool { !clears && removed.isEmpty && added.isEmpty }
  }

  private static let outputFlag = Flag(
    "output", short: "o", .torrentFile, "the .torrent file to write", fallback: "FILE itself")
  private static let trackerFlag = Flag(
    "tracker", short: "t", .trackerURL, "add a tracker, as a tier of its own behind the others",
    isRepeatable: true)
  private static let removeTrackerFlag = Flag(
    "remove-tracker", .text("URL", expected: "a tracker's URL"), "remove a tracker",
    isRepeatable: true)
  private static let clearTrackersFlag = Switch(
    "clear-trackers", "remove all trackers; with --tracker, replace them")
  private static let webSeedFlag = Flag(
    "web-seed", .webSeedURL, "add a web server that has the same data (BEP 19)",
    isRepeatable: true)
  private static let removeWebSeedFlag = Flag(
    "remove-web-seed", .text("URL", expected: "a web seed's URL"), "remove a web seed",
    isRepeatable: true)
  private static let clearWebSeedsFlag = Switch(
    "clear-web-seeds", "remove all web seeds; with --web-seed, replace them")
  private static let commentFlag = Flag(
    "comment", .textOrNothing("TEXT"), "the comment for people; '' removes it")
  private static let createdByFlag = Flag(
    "created-by", .textOrNothing("TEXT"), "the program that made it; '' removes it")
  private static let newInfoHashFlag = Switch(
    "new-info-hash", "allow the flags below, which make another torrent of it")
  private static let sourceFlag = Flag(
    "source", .textOrNothing("TEXT"), "a private tracker's own word; '' removes it")
  private static let privateFlag = Switch("private", "peers come from the trackers only (BEP 27)")
  private static let publicFlag = Switch("public", "peers may come from anywhere")

  static let flags = FlagGroup(
    title: "Changes",
    [
      outputFlag.outline, trackerFlag.outline, removeTrackerFlag.outline,
      clearTrackersFlag.outline, webSeedFlag.outline, removeWebSeedFlag.outline,
      clearWebSeedsFlag.outline, commentFlag.outline, createdByFlag.outline,
    ])
  static let infoFlags = FlagGroup(
    title: "Changes inside the info dictionary",
    [
      newInfoHashFlag.outline, sourceFlag.outline, privateFlag.outline, publicFlag.outline,
    ])

  init(_ arguments: ParsedArguments) throws(CommandError) {
    file = arguments.operands[0]
    output = try arguments.value(of: Self.outputFlag)
    guard file != "-" || output != nil else {
      throw .usage(
        "what comes from standard input has no file to go back to",
        remedy: "name one with --output")
    }
    trackers = Change(
      clears: arguments.has(Self.clearTrackersFlag),
      removed: try arguments.values(of: Self.removeTrackerFlag),
      added: try arguments.values(of: Self.trackerFlag))
    webSeeds = Change(
      clears: arguments.has(Self.clearWebSeedsFlag),
      removed: try arguments.values(of: Self.removeWebSeedFlag),
      added: try arguments.values(of: Self.webSeedFlag))
    comment = try arguments.value(of: Self.commentFlag)
    createdBy = try arguments.value(of: Self.createdByFlag)
    source = try arguments.value(of: Self.sourceFlag)
    isPrivate = try arguments.exclusive(Self.privateFlag, Self.publicFlag)
      .map { $0.outline.name == Self.privateFlag.outline.name }
    guard arguments.has(Self.newInfoHashFlag) || (source == nil && isPrivate == nil) else {
      let name =
        source != nil ? Self.sourceFlag.outline.name : isPrivate == true ? "private" : "public"
      throw .usage(
        "--\(name) changes the info-hash: it would be another torrent, which the peers of this one "
          + "do not know", remedy: "give --new-info-hash to have it so")
    }
    guard
      !trackers.isNothing || !webSeeds.isNothing || comment != nil || createdBy != nil
        || source != nil || isPrivate != nil || output != nil
    else { throw .usage("nothing is to be changed", remedy: "see 'shoal edit --help'") }
  }
}

extension EditOptions {
  /// - Throws: when something is to be removed that is not there, or more is to be added than
  ///   anybody reads.
  func apply(to editor: inout MetainfoEditor) throws(CommandError) {
    if trackers.clears { editor.trackers = [] }
    for url in trackers.removed {
      guard editor.trackers.contains(where: { $0.contains(url) }) else {
        throw missing("tracker", url)
      }
      editor.trackers = editor.trackers.map { $0.filter { $0 != url } }.filter { !$0.isEmpty }
    }
    for url in trackers.added where !editor.trackers.contains(where: { $0.contains(url) }) {
      editor.trackers.append([url])
    }
    if webSeeds.clears { editor.webSeeds = [] }
    for url in webSeeds.removed {
      guard editor.webSeeds.contains(url) else { throw missing("web seed", url) }
      editor.webSeeds.removeAll { $0 == url }
    }
    for url in webSeeds.added where !editor.webSeeds.contains(url) { editor.webSeeds.append(url) }
    guard editor.trackers.reduce(0, { $0 + $1.count }) <= Metainfo.mostTrackers,
      editor.webSeeds.count <= Metainfo.mostWebSeeds
    else {
      throw .usage(
        "more than \(Metainfo.mostTrackers) trackers or \(Metainfo.mostWebSeeds) web seeds, which "
          + "nobody reads", on: file, remedy: "remove some")
    }
    if let comment { editor.comment = comment.isEmpty ? nil : comment }
    if let createdBy { editor.createdBy = createdBy.isEmpty ? nil : createdBy }
    if let source { editor.source = source.isEmpty ? nil : source }
    if let isPrivate { editor.isPrivate = isPrivate }
  }

  private func missing(_ what: String, _ url: String) -> CommandError {
    .usage(
      "it has no \(what) '\(url)'", on: file, remedy: "'shoal show' lists what it has")
  }
}
