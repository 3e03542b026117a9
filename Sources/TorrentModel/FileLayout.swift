/// One file of a torrent. The path is below the torrent's root and has been checked by
/// `FileLayout`: no component is empty, `.`, `..`, or holds a separator or NUL.
public struct FileEntry: Hashable, Sendable {
  public let path: [String]
  /// Bytes.
  public let length: UInt64
  /// Bytes from the start of the torrent.
  public let offset: UInt64
}

/// Part of a file that part of a piece falls into.
public struct FileSegment: Hashable, Sendable {
  public let file: Int
  /// Bytes from the start of the file.
  public let offset: UInt64
  public let length: UInt64
}

/// How a torrent's bytes fall into files, laid end to end in the order of the metainfo.
///
/// The invariant: offsets are the running sum of lengths, no two files share a path, and no path
/// runs through another file.
public struct FileLayout: Hashable, Sendable {
  /// The torrent's own name: the file of a single-file torrent, the folder of any other.
  public let name: String
  public let isSingleFile: Bool
  public let files: [FileEntry]
  /// Bytes in all files together.
  public let totalLength: UInt64

  /// Components of one path. Deeper trees are refused: no file system opens them in one call.
  public static let deepestPath = 128
  /// NAME_MAX of every common file system, in bytes.
  public static let longestComponent = 255
  /// PATH_MAX, less room for the folder that the torrent goes into.
  public static let longestPath = 3072

  public init(
    name: String, isSingleFile: Bool, files: [(path: [String], length: UInt64)]
  ) throws(MetainfoError) {
    self.name = name
    self.isSingleFile = isSingleFile
    try Self.check(name)
    var entries: [FileEntry] = []
    entries.reserveCapacity(files.count)
    var offset: UInt64 = 0
    for file in files {
      try Self.checkSize(of: file.path)
      for component in file.path { try Self.check(component) }
      entries.append(FileEntry(path: file.path, length: file.length, offset: offset))
      let (sum, overflow) = offset.addingReportingOverflow(file.length)
      guard !overflow, sum <= UInt64(Int64.max) else { throw .lengthOverflow }
      offset = sum
    }
    self.files = entries
    totalLength = offset
    try refuseCollisions()
  }

  static func checkSize(of path: [String]) throws(MetainfoError) {
    guard let first = path.first else { throw .unsafePath("") }
    guard path.count <= deepestPath,
      path.reduce(0, { $0 + $1.utf8.count + 1 }) <= longestPath
    else { throw .pathTooLong(first) }
  }

  private static func check(_ component: String) throws(MetainfoError) {
    guard !component.isEmpty, component != ".", component != "..",
      component.utf8.count <= longestComponent,
      !component.utf8.contains(where: { $0 == 0 || $0 == UInt8(ascii: "/") })
    else { throw .unsafePath(component) }
  }

  /// Sorted by components, a path that equals another or runs through it stands right before it.
  /// By their bytes, as file systems do: two spellings of one letter are two names.
  private func refuseCollisions() throws(MetainfoError) {
    let sorted = files.map(\.path).sorted { left, right in
      left.lexicographicallyPrecedes(right) { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
    for (earlier, later) in zip(sorted, sorted.dropFirst())
    where later.starts(with: earlier, by: { $0.utf8.elementsEqual($1.utf8) }) {
      throw .pathCollision(later.joined(separator: "/"))
    }
  }

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
  /// binary search, and allocates nothing.
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
    while position < end, low < files.count {
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

  /// Where a file stands below the download folder: a folder of the torrent's name holds the files
  /// of a torrent with several.
  public func pathBelowDownloadFolder(of file: Int) -> [String] {
    isSingleFile ? files[file].path : [name] + files[file].path
  }
}
