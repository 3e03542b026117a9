/// One file of a torrent. The path is below the torrent's root and has been checked by
/// `FileLayout`: no component is empty, `.`, `..`, or holds a separator or NUL.
public struct FileEntry: Hashable, Sendable {
  public let path: [String]
  /// Bytes.
  public let length: UInt64
  /// Bytes from the start of the torrent.
  public let offset: UInt64
  public let attributes: FileAttributes
  /// Where a symbolic link leads, below the torrent's root (BEP 47); nil for what is no link.
  public let linkTarget: [String]?
  /// Its place among all that is listed, padding counted whether it is written out (BEP 47) or
  /// follows from the alignment (BEP 52): the number by which a link selects it (BEP 53).
  public let number: Int
}

/// Part of a file that part of a piece falls into.
public struct FileSegment: Hashable, Sendable {
  public let file: Int
  /// Bytes from the start of the file.
  public let offset: UInt64
  public let length: UInt64
}

/// How a torrent's bytes fall into files, laid out in the order of the metainfo. Where it has
/// padding (BEP 47) or aligns its files (BEP 52), zeros stand between them that no file holds.
///
/// The invariant: files do not overlap and stand in the order of their offsets, no two share a
/// path, no path runs through another file, and a link leads to a file or folder of the torrent.
public struct FileLayout: Hashable, Sendable {
  /// The torrent's own name: the file of a single-file torrent, the folder of any other.
  public let name: String
  public let isSingleFile: Bool
  public let files: [FileEntry]
  /// Bytes in all files together.
  public let totalLength: UInt64
  /// Bytes from the start of the first to the end of the last, padding included.
  public let extent: UInt64

  /// Components of one path. Deeper trees are refused: no file system opens them in one call.
  public static let deepestPath = 128
  /// NAME_MAX of every common file system, in bytes.
  public static let longestComponent = 255
  /// PATH_MAX, less room for the folder that the torrent goes into.
  public static let longestPath = 3072

  /// Files that lie end to end.
  public init(
    name: String, isSingleFile: Bool, files: [(path: [String], length: UInt64)]
  ) throws(MetainfoError) {
    try self.init(
      name: name, isSingleFile: isSingleFile,
      listed: files.map { ListedFile(path: $0.path, length: $0.length) })
  }

  /// - Parameter alignment: the piece length where each file that is not empty begins a piece, as in
  ///   version 2 (BEP 52); nil where files and padding lie as they are listed.
  public init(
    name: String, isSingleFile: Bool, listed: [ListedFile], alignment: UInt64? = nil
  ) throws(MetainfoError) {
    self.name = name
    self.isSingleFile = isSingleFile
    try Self.check(name)
    var entries: [FileEntry] = []
    entries.reserveCapacity(listed.count)
    var offset: UInt64 = 0
    var totalLength: UInt64 = 0
    var number = 0
    for file in listed {
      if !file.isPadding {
        try Self.checkSize(of: file.path)
        for component in file.path { try Self.check(component) }
        entries.append(
          FileEntry(
            path: file.path, length: file.length, offset: offset, attributes: file.attributes,
            linkTarget: file.linkTarget, number: number))
        totalLength &+= file.length
      }
      number += 1
      offset = try Self.sum(offset, file.length)
      if let alignment, !offset.isMultiple(of: alignment) {
        offset = try Self.sum(offset, alignment - offset % alignment)
        number += 1
      }
    }
    let hasLinks = entries.contains { $0.linkTarget != nil }
    files = hasLinks ? Self.droppingDeadLinks(entries) : entries
    self.totalLength = totalLength
    extent = offset
    try refuseCollisions()
  }

  private static func sum(_ left: UInt64, _ right: UInt64) throws(MetainfoError) -> UInt64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    guard !overflow, sum <= UInt64(Int64.max) else { throw .lengthOverflow }
    return sum
  }

  static func checkSize(of path: [String]) throws(MetainfoError) {
    guard let first = path.first else { throw .unsafePath("") }
    var length = 0
    for component in path { length += component.utf8.count + 1 }
    guard path.count <= deepestPath, length <= longestPath else { throw .pathTooLong(first) }
  }

  private static func check(_ component: String) throws(MetainfoError) {
    guard component.withBytes(isSafe) else { throw .unsafePath(component) }
  }

  /// Whether a name is one component of a path on any Linux file system.
  static func isSafe(_ component: UnsafeBufferPointer<UInt8>) -> Bool {
    let (dot, slash) = (UInt8(ascii: "."), UInt8(ascii: "/"))
    guard 1...longestComponent ~= component.count else { return false }
    if component[0] == dot, component.count == 1 || component.count == 2 && component[1] == dot {
      return false
    }
    for byte in component where byte == 0 || byte == slash { return false }
    return true
  }

  /// A link is kept where it leads to a file of the torrent or to a folder of one, through no other
  /// link; any other is an empty file, as it is to whoever knows no links.
  private static func droppingDeadLinks(_ entries: [FileEntry]) -> [FileEntry] {
    let targets = Set(entries.compactMap(\.linkTarget))
    var places: Set<[String]> = []
    for entry in entries where entry.linkTarget == nil {
      for depth in 1...max(1, entry.path.count) {
        let place = Array(entry.path.prefix(depth))
        if targets.contains(place) { places.insert(place) }
      }
    }
    return entries.map { entry in
      guard let target = entry.linkTarget, !places.contains(target) else { return entry }
      return FileEntry(
        path: entry.path, length: entry.length, offset: entry.offset,
        attributes: entry.attributes, linkTarget: nil, number: entry.number)
    }
  }

  /// Sorted, a path that equals another or runs through it stands right before it.
  private func refuseCollisions() throws(MetainfoError) {
    // Most lists are in this order as they are written.
    let isInOrder = files.indices.dropFirst().allSatisfy {
      PathOrder.relation(files[$0 - 1].path, files[$0].path) == .before
    }
    if isInOrder { return }
    let sorted = files.map(\.path).sorted(by: PathOrder.precedes)
    for (earlier, later) in zip(sorted, sorted.dropFirst()) {
      switch PathOrder.relation(earlier, later) {
      case .equal, .leadsTo: throw .pathCollision(later.joined(separator: "/"))
      case .before, .after, .liesIn: break
      }
    }
  }
}

extension FileLayout {
  /// Whether there is padding: bytes of the torrent that are in no file and are zeros.
  public var hasPadding: Bool { extent > totalLength }

  /// The parts of files that a range of the torrent's bytes falls into, empty files left out.
  public func segments(offset: UInt64, length: UInt64) -> [FileSegment] {
    var segments: [FileSegment] = []
    forEachSegment(offset: offset, length: length) { segment in
      segments.append(segment)
      return true
    }
    return segments
  }

  /// Calls `body` with each of these parts, in order, until it returns false. Finds the first by
  /// binary search, and allocates nothing. Padding is passed over.
  public func forEachSegment<Failure: Error>(
    offset: UInt64, length: UInt64, _ body: (FileSegment) throws(Failure) -> Bool
  ) throws(Failure) {
    var low = 0
    var high = files.count
    while low < high {
      let middle = (low + high) / 2
      if files[middle].offset + files[middle].length <= offset {
        low = middle + 1
      } else {
        high = middle
      }
    }
    var position = offset
    let end = offset + length
    while low < files.count {
      position = max(position, files[low].offset)
      guard position < end else { return }
      let part = min(end, files[low].offset + files[low].length) - position
      if part > 0 {
        let segment = FileSegment(
          file: low, offset: position - files[low].offset, length: part)
        guard try body(segment) else { return }
      }
      position += part
      low += 1
    }
  }

  /// Where a segment begins, in bytes from the start of the torrent.
  public func start(of segment: FileSegment) -> UInt64 {
    files[segment.file].offset + segment.offset
  }

  /// Where a file stands below the download folder: a folder of the torrent's name holds the files
  /// of a torrent with several.
  ///
  /// - Parameter alias: what stands in the place of the torrent's name, if anything does.
  public func pathBelowDownloadFolder(of file: Int, as alias: String? = nil) -> [String] {
    guard isSingleFile else { return [alias ?? name] + files[file].path }
    return alias.map { [$0] } ?? files[file].path
  }
}
