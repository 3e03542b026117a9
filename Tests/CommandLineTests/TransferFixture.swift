import Foundation

/// What the transfer tests share and get.
enum TransferFixture {
  /// A name that would be markup on a page and a path on Windows.
  static let markup = "<b>x&C:\\y"
  static let listen = ["--listen", "127.0.0.1:0"]

  /// Bytes that no two pieces of have in common.
  static func bytes(_ count: Int, seed: UInt64) -> Data {
    var state = seed
    var words: [UInt64] = []
    words.reserveCapacity(count / 8 + 1)
    for _ in 0...count / 8 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      words.append(state ^ state >> 29)
    }
    return words.withUnsafeBytes { Data($0.prefix(count)) }
  }

  /// A folder with `reef`, a tree of files, in it.
  static func withReef<Value>(_ body: (URL) throws -> Value) throws -> Value {
    try ShoalBinary.withFolder { folder in
      let reef = folder.appendingPathComponent("reef")
      try FileManager.default.createDirectory(
        at: reef.appendingPathComponent("deep"), withIntermediateDirectories: true)
      // Whole pieces each, so that a chosen file brings nothing of its neighbours.
      for (name, count, seed) in [
        ("a.bin", 1 << 20, 1), ("b.bin", 1 << 19, 2), ("deep/c.txt", 5, 3),
      ] {
        try bytes(count, seed: UInt64(seed)).write(to: reef.appendingPathComponent(name))
      }
      try Data("text".utf8).write(to: reef.appendingPathComponent(markup))
      return try body(folder)
    }
  }

  /// A folder with a single file of so many bytes.
  static func withFile<Value>(
    _ count: Int, named name: String = "file.bin", _ body: (URL) throws -> Value
  ) throws -> Value {
    try ShoalBinary.withFolder { folder in
      try bytes(count, seed: 7).write(to: folder.appendingPathComponent(name))
      return try body(folder)
    }
  }

  /// Whether two trees hold the same files with the same bytes.
  static func isSame(_ one: URL, _ other: URL) throws -> Bool {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: one.path, isDirectory: &isFolder) else {
      return false
    }
    guard isFolder.boolValue else { return try Data(contentsOf: one) == Data(contentsOf: other) }
    let names = try FileManager.default.subpathsOfDirectory(atPath: one.path).sorted()
    guard try names == FileManager.default.subpathsOfDirectory(atPath: other.path).sorted() else {
      return false
    }
    return try names.allSatisfy { name in
      let (here, there) = (one.appendingPathComponent(name), other.appendingPathComponent(name))
      if try FileManager.default.attributesOfItem(atPath: here.path)[.type] as? FileAttributeType
        == .typeDirectory
      {
        return true
      }
      return try Data(contentsOf: here) == Data(contentsOf: there)
    }
  }
}
