import Foundation
import Testing

/// What a torrent carries in a test; each shape has its own corner of the piece geometry.
enum Payload: String, CaseIterable, CustomTestStringConvertible, Sendable {
  /// One file, a whole number of pieces.
  case file
  /// Nested folders, names that are not ASCII, files that begin and end within pieces.
  case folder
  /// A folder in which zero-length files stand first, in between and last.
  case emptyFiles
  /// One file whose last piece is a single byte.
  case oddSize

  var testDescription: String { rawValue }

  static let pieceLength = 65_536

  /// The files by path below the torrent's name; a single file has the path "".
  private var sizes: [(path: String, size: Int)] {
    switch self {
    case .file: [("", 32 * Self.pieceLength)]
    case .oddSize: [("", 17 * Self.pieceLength + 1)]
    case .folder:
      [
        ("a.bin", 700_001), ("deep/er/and deeper/b.bin", 16_384), ("deep/er/c.bin", 1),
        ("deep/küste – 潮.txt", 65_535), ("z.bin", 300_000),
      ]
    case .emptyFiles:
      [("a", 0), ("b/full", 200_003), ("b/hollow", 0), ("c", 131_072), ("d/e/f", 0)]
    }
  }

  /// The torrent's name. One name has a space and a letter that is escaped in links.
  var name: String {
    switch self {
    case .file: "whole.bin"
    case .oddSize: "odd size ü.bin"
    case .folder: "tide pool"
    case .emptyFiles: "hollow"
    }
  }

  /// Writes the payload below `folder` and returns its path.
  @discardableResult
  func write(below folder: URL, times: Int = 1) throws -> URL {
    let root = folder.appending(path: name)
    for (index, file) in sizes.enumerated() {
      let url = file.path.isEmpty ? root : root.appending(path: file.path)
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Payload.bytes(count: file.size * times, seed: UInt64(index)).write(to: url)
    }
    return root
  }

  /// Bytes that do not repeat (SplitMix64), so that a misplaced block cannot go unnoticed.
  private static func bytes(count: Int, seed: UInt64) -> Data {
    var state = seed &* 0x9e37_79b9_7f4a_7c15
    var words = [UInt64](repeating: 0, count: (count + 7) / 8)
    for index in words.indices {
      state &+= 0x9e37_79b9_7f4a_7c15
      var word = state
      word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
      word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
      words[index] = word ^ (word >> 31)
    }
    return words.withUnsafeBytes { Data($0.prefix(count)) }
  }

  /// The relative paths of the files and folders at `root`, files with their size.
  private static func listing(of root: URL) throws -> [String: Int] {
    var result: [String: Int] = [:]
    for path in [""] + (try FileManager.default.subpathsOfDirectory(atPath: root.path)) {
      // Files that pad others to whole pieces (BEP 47) are nobody's data.
      if path == ".pad" || path.hasPrefix(".pad/") { continue }
      let attributes = try FileManager.default.attributesOfItem(
        atPath: path.isEmpty ? root.path : root.appending(path: path).path)
      let isFolder = attributes[.type] as? FileAttributeType == .typeDirectory
      result[path] = isFolder ? -1 : (attributes[.size] as? Int ?? -2)
    }
    return result
  }

  /// Throws unless both folders hold this payload with the same files and the same bytes. A client
  /// that makes no zero-length files is spared those, and the folders that hold nothing else.
  func expectEqual(_ original: URL, _ copy: URL, madeBy client: ClientKind) throws {
    let (original, copy) = (original.appending(path: name), copy.appending(path: name))
    guard FileManager.default.fileExists(atPath: copy.path) else {
      throw Failure("nothing at \(copy.path)")
    }
    let wanted = try Payload.listing(ofFileOrFolder: original)
    let found = try Payload.listing(ofFileOrFolder: copy)
    for (path, size) in wanted where found[path] != size {
      if size <= 0 && found[path] == nil && client.leavesOutEmptyFiles { continue }
      throw Failure("\(name)/\(path): size \(found[path] ?? -3), not \(size)")
    }
    for path in found.keys where wanted[path] == nil {
      throw Failure("\(name)/\(path) is not part of the payload")
    }
    for (path, size) in wanted where size > 0 {
      let pair = [original, copy].map { path.isEmpty ? $0 : $0.appending(path: path) }
      guard try Data(contentsOf: pair[0]) == Data(contentsOf: pair[1]) else {
        throw Failure("\(name)/\(path): other bytes than the original")
      }
    }
  }

  private static func listing(ofFileOrFolder root: URL) throws -> [String: Int] {
    let attributes = try FileManager.default.attributesOfItem(atPath: root.path)
    guard attributes[.type] as? FileAttributeType == .typeDirectory else {
      return ["": attributes[.size] as? Int ?? -2]
    }
    return try listing(of: root)
  }
}
