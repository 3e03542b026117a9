import Bencoding

// How an info dictionary says what version it is of and which files it has.
extension TorrentInfo {
  /// A version that is not known is told of before anything else is looked at (BEP 52).
  static func version(of info: BencodeValue) throws(MetainfoError) -> TorrentVersion {
    guard let value = info["meta version"] else {
      guard info["file tree"] == nil else { throw .missing("meta version") }
      return .v1
    }
    guard let number = value.integer else { throw .wrongType("meta version") }
    guard number == 2 else { throw .unknownVersion(number) }
    let hasV1 = info["pieces"] != nil || info["files"] != nil || info["length"] != nil
    return hasV1 ? .hybrid : .v2
  }

  static func pieceLength(
    of info: BencodeValue, _ version: TorrentVersion
  ) throws(MetainfoError) -> UInt64 {
    guard let value = info["piece length"] else { throw .missing("piece length") }
    guard let length = value.integer else { throw .wrongType("piece length") }
    guard length > 0, UInt64(length) <= PieceGeometry.longestPiece,
      !version.hasV2 || TreeGeometry.isPossible(pieceLength: UInt64(length))
    else { throw .badPieceLength(length) }
    return UInt64(length)
  }

  static func pieceHashes(
    of info: BencodeValue, _ geometry: PieceGeometry
  ) throws(MetainfoError) -> ArraySlice<UInt8> {
    guard let pieces = info["pieces"] else { throw .missing("pieces") }
    guard let hashes = pieces.string else { throw .wrongType("pieces") }
    guard hashes.count == geometry.pieceCount * 20 else {
      throw .badPieceHashes(found: hashes.count, expected: geometry.pieceCount * 20)
    }
    return hashes
  }

  static func name(_ info: BencodeValue) throws(MetainfoError) -> String {
    guard let name = info["name.utf-8"] ?? info["name"] else { throw .missing("name") }
    guard let bytes = name.string else { throw .wrongType("name") }
    return ListedFile.component(bytes)
  }

  /// The files of version 1.
  static func layout(_ info: BencodeValue) throws(MetainfoError) -> FileLayout {
    let rootName = try name(info)
    switch (info["length"], info["files"]) {
    case (.some, .some):
      throw .bothLengthAndFiles
    case (.some, nil):
      // A link by itself would lead to what another torrent put beside it.
      var file = ListedFile(path: [rootName], length: try ListedFile.length(of: info))
      if info["attr"]?.string?.contains(UInt8(ascii: "x")) == true { file.attributes = .executable }
      return try FileLayout(name: rootName, isSingleFile: true, listed: [file])
    case (nil, .some(let value)):
      guard let list = value.list else { throw .wrongType("files") }
      return try FileLayout(name: rootName, isSingleFile: false, listed: try files(list))
    case (nil, nil):
      throw .missing("length")
    }
  }

  private static func files(_ list: [BencodeValue]) throws(MetainfoError) -> [ListedFile] {
    var files: [ListedFile] = []
    // Padding has no name that matters, and must not take one from a file.
    var paths: [[String]] = []
    for item in list {
      guard !ListedFile.isPadding(item) else {
        files.append(
          ListedFile(path: [], length: try ListedFile.length(of: item), isPadding: true))
        continue
      }
      guard item["length"] != nil || item["attr"] != nil else { throw .missing("length") }
      guard let components = (item["path.utf-8"] ?? item["path"])?.list else {
        throw .missing("path")
      }
      var path: [String] = []
      for component in components {
        guard let bytes = component.string else { throw .wrongType("path") }
        path.append(ListedFile.component(bytes))
      }
      // Before paths are compared, which costs as much as they are long and deep.
      try FileLayout.checkSize(of: path)
      paths.append(path)
      files.append(try ListedFile(item, path: path))
    }
    FileNames.tellApart(&paths)
    var told = paths[...]
    for index in files.indices where !files[index].isPadding {
      files[index].path = told.removeFirst()
    }
    return files
  }

  /// Whoever follows one version has to end up with the files of the other (BEP 52): the same
  /// paths and lengths, and each file where the other has it.
  static func refuseDifference(
    of first: FileLayout, from second: FileLayout
  ) throws(MetainfoError) {
    for (left, right) in zip(first.files, second.files) {
      guard left.path == right.path, left.length == right.length,
        left.length == 0 || left.offset == right.offset,
        left.linkTarget == right.linkTarget
      else { throw .versionsDiffer(left.path.joined(separator: "/")) }
    }
    let (shared, longer) = (
      min(first.files.count, second.files.count),
      first.files.count > second.files.count ? first : second
    )
    guard shared == longer.files.count else {
      throw .versionsDiffer(longer.files[shared].path.joined(separator: "/"))
    }
  }
}
