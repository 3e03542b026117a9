public import TorrentModel
public import TrackerLogic

/// A torrent of the catalogue.
public struct CataloguedTorrent: Sendable {
  public var listing: TorrentListing
  public var title: String
  /// Bytes.
  public var size: UInt64
  public var fileCount: Int
  public var tags: [String]
  /// Bytes as announced by all members.
  public var movedUp: UInt64
  public var movedDown: UInt64
  public var completed: Int
  /// Seconds since 1970.
  public var created: Int64
  /// Bytes of the `.torrent` file as it was added.
  public var documentLength: Int
}

extension AccountStore {
  /// Files whose names can be searched for, of each torrent.
  private static let mostFileNames = 1000
  private static let mostTags = 20

  /// Puts a torrent into the catalogue, or changes the title, tags and terms of one that is there.
  ///
  /// - Parameters:
  ///   - document: the `.torrent` file.
  ///   - title: `nil` for the torrent's own name.
  ///   - time: seconds since 1970.
  public func addTorrent(
    _ document: [UInt8], title: String?, tags: [String], terms: CreditTerms, at time: Int64
  ) throws(AccountsError) -> CataloguedTorrent {
    let metainfo: Metainfo
    do {
      metainfo = try Metainfo(document)
    } catch {
      throw AccountsError(.badTorrent("\(error)"), on: title ?? "the torrent")
    }
    let info = metainfo.info
    let title = String((title ?? info.name).prefix(300))
    guard tags.count <= Self.mostTags else {
      throw AccountsError(.badTorrent("more than \(Self.mostTags) tags"), on: title)
    }
    let files = info.layout.files
    let words = files.prefix(Self.mostFileNames).map { $0.path.joined(separator: " ") }
    let infoHash = info.infoHash.bytes
    return try database.transaction { () throws(AccountsError) in
      try database.run(
        """
        INSERT INTO torrent (info_hash, title, size, file_count, tags, document, upload_percent,
          download_percent, created, revision) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (info_hash) DO UPDATE SET title = excluded.title, tags = excluded.tags,
          document = excluded.document, upload_percent = excluded.upload_percent,
          download_percent = excluded.download_percent, is_removed = 0,
          revision = excluded.revision
        """, .blob(infoHash), .text(title), .count(info.geometry.totalLength),
        .integer(Int64(files.count)), .text(tags.joined(separator: "\n")), .blob(document),
        .integer(Int64(terms.uploadPercent)), .integer(Int64(terms.downloadPercent)),
        .integer(time), .integer(try nextRevision()))
      guard let torrent = try torrent(info.infoHash) else {
        throw AccountsError(.notFound("torrent"), on: title)
      }
      try database.setWords(
        of: torrent.listing.id.number, title: title, tags: tags.joined(separator: " "),
        files: words.joined(separator: "\n"))
      return torrent
    }
  }

  /// The torrent is refused from now on; what members moved of it stays theirs.
  ///
  /// - Throws: `notFound`.
  public func removeTorrent(_ infoHash: InfoHash) throws(AccountsError) -> CataloguedTorrent {
    try database.transaction { () throws(AccountsError) in
      guard let torrent = try torrent(infoHash), !torrent.listing.isRemoved else {
        throw AccountsError(.notFound("torrent"), on: "\(infoHash)")
      }
      try database.run(
        "UPDATE torrent SET is_removed = 1, revision = ? WHERE info_hash = ?",
        .integer(try nextRevision()), .blob(infoHash.bytes))
      try database.removeWords(of: torrent.listing.id.number)
      return torrent
    }
  }

  /// Also one that was removed.
  public func torrent(_ infoHash: InfoHash) throws(AccountsError) -> CataloguedTorrent? {
    try database.row(
      """
      SELECT id, info_hash, upload_percent, download_percent, is_removed, title, size, file_count,
        tags, moved_up, moved_down, completed, created, length(document)
      FROM torrent WHERE info_hash = ?
      """, .blob(infoHash.bytes), read: Self.read) ?? nil
  }

  /// The `.torrent` file of a torrent that is tracked, with the announce URLs of a member in the
  /// place of all others.
  ///
  /// - Parameter announces: URLs, in order of preference.
  public func document(
    of infoHash: InfoHash, announcing announces: [String]
  ) throws(AccountsError) -> [UInt8]? {
    let document = try database.row(
      "SELECT document FROM torrent WHERE info_hash = ? AND is_removed = 0", .blob(infoHash.bytes)
    ) { $0.blob(0) }
    guard let document, var editor = try? MetainfoEditor(document) else { return nil }
    editor.trackers = announces.map { [$0] }
    return editor.edited
  }

  /// The latest torrents of the catalogue that are tracked.
  public func torrents(limit: Int) throws(AccountsError) -> [CataloguedTorrent] {
    try database.rows(
      """
      SELECT id, info_hash, upload_percent, download_percent, is_removed, title, size, file_count,
        tags, moved_up, moved_down, completed, created, length(document)
      FROM torrent WHERE is_removed = 0 ORDER BY created DESC, id DESC LIMIT ?
      """, .integer(Int64(limit)), read: Self.read
    ).compactMap { $0 }
  }

  /// The torrents that have every one of the keywords in their title, tags or names of files, the
  /// best first. A keyword matches words that begin with it.
  public func torrents(
    matching keywords: String, limit: Int
  ) throws(AccountsError) -> [CataloguedTorrent] {
    let words = Self.keywords(in: keywords)
    guard !words.isEmpty else { return try torrents(limit: limit) }
    var found: [CataloguedTorrent] = []
    try database.search(words, limit: limit) { row in
      if let torrent = Self.read(row) { found.append(torrent) }
    }
    return found
  }

  /// Runs of letters and digits; a few are enough.
  private static func keywords(in text: String) -> [String] {
    text.prefix(200).split { !$0.isLetter && !$0.isNumber }.prefix(10).map(String.init)
  }

  private static func read(_ row: borrowing Row) -> CataloguedTorrent? {
    guard let listing = listing(row) else { return nil }
    return CataloguedTorrent(
      listing: listing, title: row.text(5), size: row.unsigned(6), fileCount: Int(row.integer(7)),
      tags: row.text(8).split(separator: "\n").map(String.init), movedUp: row.unsigned(9),
      movedDown: row.unsigned(10), completed: Int(row.integer(11)), created: row.integer(12),
      documentLength: Int(row.integer(13)))
  }

  /// From the columns id, info_hash, the percents and is_removed.
  static func listing(_ row: borrowing Row) -> TorrentListing? {
    guard let infoHash = InfoHash(bytes: row.blob(1)) else { return nil }
    return TorrentListing(
      id: TorrentID(row.integer(0)), infoHash: infoHash,
      terms: CreditTerms(
        uploadPercent: UInt16(clamping: row.integer(2)),
        downloadPercent: UInt16(clamping: row.integer(3))),
      isRemoved: row.flag(4))
  }
}
