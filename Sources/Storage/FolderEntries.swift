import Glibc

/// The names in a folder, in the order of a torrent from its end: last name first, by their bytes. The
/// order of Swift's own strings depends on its version of Unicode.
///
/// The invariant: every name is UTF-8, and ends in a NUL among `names`.
struct FolderEntries {
  struct Entry: Sendable {
    /// Where the name starts among `names`.
    fileprivate let start: Int
    /// Bytes of the name.
    fileprivate let count: Int
    /// The first eight bytes, the first of them most significant: most names differ in those.
    fileprivate let prefix: UInt64
    /// Whether the folder itself says that it is a regular file; not all file systems do.
    let isFile: Bool
  }

  private(set) var entries: [Entry] = []
  private var names: [UInt8] = []

  /// Reads a folder to its end.
  ///
  /// - Parameters:
  ///   - path: for the error.
  ///   - passesOverTrouble: whether a name that is not UTF-8 is passed over.
  init(
    _ stream: OpaquePointer, path: @autoclosure () -> String, passesOverTrouble: Bool
  ) throws(StorageError) {
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        guard errno == 0 else { throw StorageError(.scan, code: errno, path: path()) }
        break
      }
      let name = UnsafeRawPointer(entry).advanced(by: Self.nameOffset)
      let bytes = UnsafeRawBufferPointer(
        start: name, count: strlen(name.assumingMemoryBound(to: CChar.self)))
      if Self.isDots(bytes) { continue }
      guard Self.isText(bytes) else {
        if passesOverTrouble { continue }
        throw StorageError(
          .share, path: path() + "/" + String(decoding: bytes, as: UTF8.self), .nameNotText)
      }
      entries.append(
        Entry(
          start: names.count, count: bytes.count, prefix: Self.prefix(of: bytes),
          isFile: entry.pointee.d_type == UInt8(DT_REG)))
      names.append(contentsOf: bytes)
      names.append(0)
    }
    sort()
  }

  private mutating func sort() {
    names.withUnsafeBytes { names in
      guard let base = names.baseAddress else { return }
      entries.sort { left, right in
        guard left.prefix == right.prefix else { return left.prefix > right.prefix }
        let order = memcmp(base + left.start, base + right.start, min(left.count, right.count))
        return order == 0 ? left.count > right.count : order > 0
      }
    }
  }

  /// The name as a text.
  func name(of entry: Entry) -> String {
    String(decoding: names[entry.start..<entry.start + entry.count], as: UTF8.self)
  }

  /// A path of a folder, a slash and the name.
  func path(of entry: Entry, below folder: String) -> String {
    guard !folder.isEmpty else { return name(of: entry) }
    var folder = folder
    return folder.withUTF8 { folder in
      String(unsafeUninitializedCapacity: folder.count + 1 + entry.count) { space in
        _ = space.update(fromContentsOf: folder)
        space[folder.count] = UInt8(ascii: "/")
        let rest = UnsafeMutableBufferPointer(rebasing: space[(folder.count + 1)...])
        return folder.count + 1
          + rest.update(fromContentsOf: names[entry.start..<entry.start + entry.count])
      }
    }
  }

  /// Calls `body` with the name as C has it.
  func withName<Value>(of entry: Entry, _ body: (UnsafePointer<CChar>) -> Value) -> Value {
    names.withUnsafeBytes { names in
      body((names.baseAddress! + entry.start).assumingMemoryBound(to: CChar.self))
    }
  }

  private static func isDots(_ name: UnsafeRawBufferPointer) -> Bool {
    name.count <= 2 && name.allSatisfy { $0 == UInt8(ascii: ".") }
  }

  private static func isText(_ name: UnsafeRawBufferPointer) -> Bool {
    name.allSatisfy { $0 < 0x80 } || String(validating: name, as: UTF8.self) != nil
  }

  private static func prefix(of name: UnsafeRawBufferPointer) -> UInt64 {
    name.prefix(8).enumerated().reduce(0) {
      $0 | UInt64($1.element) << (56 - 8 * UInt64($1.offset))
    }
  }

  /// `d_name` is an array in C and a tuple of 256 here; its address will do.
  private static let nameOffset = MemoryLayout<dirent>.offset(of: \dirent.d_name)!
}
