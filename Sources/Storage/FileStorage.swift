import CLinux
import Glibc
import Synchronization
public import TorrentModel

/// A torrent's bytes in files beneath a folder.
///
/// The invariant: nothing outside the folder is ever opened, made or cut, whatever the torrent or
/// another process says. A file is made at its full length, as one hole, when its first byte is
/// written; one that is there with another length is cut or extended to it then, and not before.
public final class FileStorage: PieceStorage {
  public enum Access: Sendable {
    /// Nothing is made or changed.
    case readOnly
    /// - Parameter reserving: whether room for a whole file is reserved on the disk when its first
    ///   byte is written. Without, a full disk is met later, but nothing has to be laid out first.
    case readWrite(reserving: Bool = false)

    var isWriting: Bool {
      if case .readWrite = self { true } else { false }
    }
  }

  public let layout: FileLayout
  public let access: Access
  let folder: Folder
  /// Where each file stands beneath the folder.
  let paths: [String]
  private let descriptors: DescriptorPool
  private let owner: UInt32
  private let unsynced: Mutex<FileSet>
  private let expected: Expectation?
  /// Files that were read in parts, of those that are expected to stay as they were.
  private let readInParts: Mutex<FileSet>

  /// The files of a torrent where a download puts them: see `FileLayout.pathBelowDownloadFolder`.
  ///
  /// - Parameters:
  ///   - folder: made when missing, if there is something to write.
  ///   - alias: what the torrent is called there, where it is not its own name.
  public convenience init(
    folder: String, layout: FileLayout, as alias: String? = nil, access: Access,
    descriptors: DescriptorPool = DescriptorPool()
  ) throws(StorageError) {
    let folder = try Folder(path: folder, makingIt: access.isWriting)
    var paths = layout.files.indices.map { layout.pathBelowDownloadFolder(of: $0, as: alias) }
    // What Linux names differently may be one name on the file system of another.
    if folder.nameRules != .linux { paths = FileNames.paths(for: paths, by: folder.nameRules) }
    self.init(
      folder, layout: layout, paths: paths.map { $0.joined(separator: "/") }, access: access,
      descriptors: descriptors)
  }

  /// - Parameter paths: where each file of the layout stands beneath the folder, for data that is
  ///   not named as the torrent names it.
  public convenience init(
    folder: String, layout: FileLayout, paths: [String], access: Access,
    descriptors: DescriptorPool = DescriptorPool()
  ) throws(StorageError) {
    self.init(
      try Folder(path: folder, makingIt: access.isWriting), layout: layout, paths: paths,
      access: access, descriptors: descriptors)
  }

  /// What somebody found who looked at the files.
  struct Expectation: Sendable {
    struct File: Sendable {
      /// What it looked like.
      let mark: FileMark
      /// Where it is still open, if it is.
      let slot: OpenFiles.Slot?
      /// The folder that it stands in, if that is still open.
      let parent: OpenFiles.FolderSlot?
    }

    let files: [File]
    let openFiles: OpenFiles
  }

  /// - Parameter expected: nil where nobody has looked; see `firstChange()`.
  init(
    _ folder: Folder, layout: FileLayout, paths: [String], access: Access,
    descriptors: DescriptorPool = DescriptorPool(), expected: Expectation? = nil
  ) {
    precondition(paths.count == layout.files.count, "a path for each file")
    precondition(expected == nil || expected?.files.count == paths.count, "a mark for each file")
    self.layout = layout
    self.access = access
    self.paths = paths
    self.descriptors = descriptors
    self.folder = folder
    owner = descriptors.newOwner()
    unsynced = Mutex(FileSet(count: paths.count))
    self.expected = expected
    readInParts = Mutex(FileSet(count: expected == nil ? 0 : paths.count))
  }

  deinit { descriptors.closeAll(of: owner) }

  /// Where a file stands, for people and for messages.
  public func path(of file: Int) -> String { folder.fullPath(paths[file]) }

  public func prepare() throws(StorageError) {
    guard case .readWrite = access else { return }
    var made = ""
    for file in layout.files.indices {
      let path = paths[file]
      if layout.files[file].linkTarget != nil { continue }
      if layout.files[file].length == 0 {
        try withDescriptor(of: file, writing: true) { _ throws(StorageError) in }
      } else if let slash = path.lastIndex(of: "/"), path[..<slash] != made {
        try folder.makeFolders(leadingTo: path)
        made = String(path[..<slash])
      }
    }
    for file in layout.files.indices {
      if let target = layout.files[file].linkTarget { try makeLink(file, to: target) }
    }
  }

  /// Links lead to files and folders of the torrent by a relative path, so that they stay right when
  /// its folder is moved.
  private func makeLink(_ file: Int, to target: [String]) throws(StorageError) {
    let up = Array(repeating: "..", count: layout.files[file].path.count - 1)
    try folder.makeLink(paths[file], to: (up + target).joined(separator: "/"))
  }

  public func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StorageError) {
    guard case .readWrite = access else {
      throw StorageError(.write, path: folder.path, .system(EROFS))
    }
    check(offset: offset, length: UInt64(bytes.count))
    try layout.forEachSegment(offset: offset, length: UInt64(bytes.count)) {
      segment throws(StorageError) in
      let start = Int(layout.start(of: segment) - offset)
      let part = UnsafeRawBufferPointer(rebasing: bytes[start..<start + Int(segment.length)])
      try withDescriptor(of: segment.file, writing: true) { descriptor throws(StorageError) in
        defer { unsynced.withLock { $0.insert(segment.file) } }
        try Transfer.write(descriptor, part, at: segment.offset, path: path(of: segment.file))
      }
      return true
    }
  }

  /// Copies a range from other files of the same layout, where the file system can by sharing their
  /// blocks. Theirs are read and never changed.
  ///
  /// - Throws: `open` or `read` for what is theirs, anything else for what is ours.
  func copy(
    offset: UInt64, length: UInt64, from source: FileStorage, cancellation: Cancellation
  ) throws(StorageError) {
    check(offset: offset, length: length)
    try layout.forEachSegment(offset: offset, length: length) { segment throws(StorageError) in
      try source.withDescriptor(of: segment.file, writing: false) { from throws(StorageError) in
        try withDescriptor(of: segment.file, writing: true) { to throws(StorageError) in
          defer { unsynced.withLock { $0.insert(segment.file) } }
          try Transfer.copy(
            from: from, path: source.path(of: segment.file), to: to, path: path(of: segment.file),
            offset: segment.offset, length: segment.length, cancellation: cancellation)
        }
      }
      return true
    }
  }

  public func read(
    into bytes: UnsafeMutableRawBufferPointer, at offset: UInt64
  ) throws(StorageError) {
    check(offset: offset, length: UInt64(bytes.count))
    if layout.hasPadding { bytes.initializeMemory(as: UInt8.self, repeating: 0) }
    try layout.forEachSegment(offset: offset, length: UInt64(bytes.count)) {
      segment throws(StorageError) in
      let start = Int(layout.start(of: segment) - offset)
      let part = UnsafeMutableRawBufferPointer(
        rebasing: bytes[start..<start + Int(segment.length)])
      if let expected, segment.length == layout.files[segment.file].length {
        // Nobody comes back for another part of it: it is neither pooled nor looked at once more.
        let file = expected.files[segment.file]
        try folder.readWhole(
          paths[segment.file], opened: file.slot.flatMap { expected.openFiles.take($0) },
          parent: file.parent.flatMap { expected.openFiles.folder($0) }, into: part, mark: file.mark
        )
        return true
      }
      try withDescriptor(of: segment.file, writing: false) { descriptor throws(StorageError) in
        try Transfer.read(descriptor, into: part, at: segment.offset, path: path(of: segment.file))
      }
      return true
    }
  }

  public func send(
    offset: UInt64, length: Int,
    _ body: (_ descriptor: Int32, _ fileOffset: Int64, _ length: Int) -> Int
  ) throws(StorageError) -> Int {
    check(offset: offset, length: UInt64(length))
    let end = offset + UInt64(length)
    var position = offset
    try layout.forEachSegment(offset: offset, length: UInt64(length)) {
      segment throws(StorageError) in
      let start = layout.start(of: segment)
      if start > position {
        position += try Zeros.offer(start - position, body)
        guard position == start else { return false }
      }
      let taken = try withDescriptor(of: segment.file, writing: false) {
        descriptor throws(StorageError) in
        body(descriptor, Int64(segment.offset), Int(segment.length))
      }
      position += UInt64(taken)
      return taken == Int(segment.length)
    }
    // What is left may be a file's, of which not all was taken.
    if layout.hasPadding, position < end,
      layout.segments(offset: position, length: end - position).isEmpty
    {
      position += try Zeros.offer(end - position, body)
    }
    return Int(position - offset)
  }

  public func presence(offset: UInt64, length: UInt64) throws(StorageError) -> DataPresence {
    check(offset: offset, length: length)
    var whole = DataPresence.hole
    try layout.forEachSegment(offset: offset, length: length) { segment throws(StorageError) in
      do throws(StorageError) {
        let part = try withDescriptor(of: segment.file, writing: false) {
          descriptor throws(StorageError) in
          return try Transfer.presence(
            descriptor, offset: segment.offset, length: segment.length, path: path(of: segment.file)
          )
        }
        switch part {
        case .absent: whole = .absent
        case .data: whole = .data
        case .hole: break
        }
      } catch {
        guard error.isMissing else { throw error }
        whole = .absent
      }
      if case .absent = whole { return false }
      return true
    }
    return whole
  }

  public func readAhead(offset: UInt64, length: UInt64) {
    check(offset: offset, length: length)
    // A hint changes nothing when it fails; whoever reads the range will be told.
    try? layout.forEachSegment(offset: offset, length: length) { segment throws(StorageError) in
      // Opening many small files ahead would only push each other out of the pool.
      guard layout.files[segment.file].length >= Self.leastReadAhead else { return true }
      try withDescriptor(of: segment.file, writing: false) { descriptor throws(StorageError) in
        Transfer.readAhead(descriptor, offset: segment.offset, length: segment.length)
      }
      return true
    }
  }

  /// Linux reads a file up to this length as a whole when its first byte is asked for.
  private static let leastReadAhead: UInt64 = 128 << 10

  public func sync() throws(StorageError) {
    let files = unsynced.withLock { $0.removeAll() }
    for (position, file) in files.enumerated() {
      do throws(StorageError) {
        try withDescriptor(of: file, writing: false) { descriptor throws(StorageError) in
          try Transfer.sync(descriptor, path: path(of: file))
        }
      } catch {
        unsynced.withLock { set in
          for file in files[position...] { set.insert(file) }
        }
        throw error
      }
    }
  }

  /// Which file on the disk a file of the torrent is; nil where none is there.
  func identity(of file: Int) -> FileIdentity? { folder.identity(of: paths[file]) }

  /// The first file that is not what it was expected to be. Those that were read as a whole have
  /// shown it by then; those that were read in parts, or hold nothing to read, are looked at here.
  func firstChange() -> Int? {
    guard let expected else { return nil }
    let inParts = readInParts.withLock { $0 }
    return layout.files.indices.first { file in
      (layout.files[file].length == 0 || inParts.contains(file))
        && folder.mark(of: paths[file]) != expected.files[file].mark
    }
  }

  public func marks() -> [FileMark] { paths.map { folder.mark(of: $0) ?? .absent } }
}

extension FileStorage {
  func withDescriptor<Value>(
    of file: Int, writing: Bool, _ body: (Int32) throws(StorageError) -> Value
  ) throws(StorageError) -> Value {
    let key = DescriptorKey(owner: owner, file: UInt32(file), writable: writing)
    return try descriptors.withDescriptor(
      of: key, open: { () throws(StorageError) in try open(file, writing: writing) }, body)
  }

  private func open(_ file: Int, writing: Bool) throws(StorageError) -> Int32 {
    if expected != nil { readInParts.withLock { $0.insert(file) } }
    guard writing, case .readWrite(let reserving) = access else {
      return try folder.openFile(paths[file], writing: false).descriptor
    }
    let opened = try folder.makeFile(
      paths[file], isExecutable: layout.files[file].attributes.contains(.executable))
    let length = layout.files[file].length
    guard opened.length != length else { return opened.descriptor }
    do throws(StorageError) {
      try Transfer.setLength(
        opened.descriptor, to: length, reserving: reserving, path: path(of: file))
    } catch {
      close(opened.descriptor)
      throw error
    }
    return opened.descriptor
  }
}

/// A set of files of one torrent.
private struct FileSet {
  private var members: [Bool]
  private var isEmpty = true

  init(count: Int) { members = Array(repeating: false, count: count) }

  mutating func insert(_ file: Int) {
    members[file] = true
    isEmpty = false
  }

  func contains(_ file: Int) -> Bool { members[file] }

  mutating func removeAll() -> [Int] {
    if isEmpty { return [] }
    let all = members.indices.filter { members[$0] }
    for file in all { members[file] = false }
    isEmpty = true
    return all
  }
}
