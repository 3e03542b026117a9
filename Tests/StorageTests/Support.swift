import DeterministicCore
import Foundation
import Storage
import TorrentModel

/// A folder that goes when its owner goes. The process's own number keeps parallel runs apart.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("shoal-storage-\(getpid())-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func path(_ below: String) -> String { path + "/" + below }

  func bytes(_ below: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(below))))
  }

  func write(_ bytes: [UInt8], to below: String) throws {
    let url = URL(fileURLWithPath: path(below))
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
  }

  func exists(_ below: String) -> Bool { FileManager.default.fileExists(atPath: path(below)) }
}

extension SeededGenerator {
  mutating func bytes(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    bytes.withUnsafeMutableBytes { space in
      var offset = 0
      while offset < count {
        withUnsafeBytes(of: next()) { word in
          let part = min(8, count - offset)
          UnsafeMutableRawBufferPointer(rebasing: space[offset..<offset + part])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: word[..<part]))
        }
        offset += 8
      }
    }
    return bytes
  }

  /// A torrent of files of very different lengths, empty ones among them, in nested folders.
  mutating func layout(files count: Int, longest: Int) throws -> FileLayout {
    var files: [(path: [String], length: UInt64)] = []
    for number in 0..<count {
      let folder = (0..<below(3)).map { "folder \($0)" }
      let length = below(4) == 0 ? 0 : 1 + below(below(2) == 0 ? 20 : longest)
      files.append((folder + ["file-\(number)"], UInt64(length)))
    }
    files.append((["last"], 1))
    return try FileLayout(name: "payload", isSingleFile: false, files: files)
  }
}

extension PieceStorage {
  func write(_ bytes: some Collection<UInt8>, at offset: Int) throws(StorageError) {
    let copy = Array(bytes)
    let space = UnsafeMutableRawBufferPointer.allocate(byteCount: copy.count, alignment: 1)
    defer { space.deallocate() }
    space.copyBytes(from: copy)
    try write(UnsafeRawBufferPointer(space), at: UInt64(offset))
  }

  func bytes(at offset: Int, count: Int) throws(StorageError) -> [UInt8] {
    let space = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
    defer { space.deallocate() }
    try read(into: space, at: UInt64(offset))
    return Array(space)
  }

  /// What sendfile(2) would have sent.
  func sent(at offset: Int, count: Int) throws(StorageError) -> [UInt8] {
    let space = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
    defer { space.deallocate() }
    var done = 0
    let total = try send(offset: UInt64(offset), length: count) { descriptor, fileOffset, length in
      let taken = pread(descriptor, space.baseAddress! + done, length, off_t(fileOffset))
      done += max(taken, 0)
      return max(taken, 0)
    }
    return Array(space[..<total])
  }
}

/// What an expression that must fail fails with.
func failure(_ body: () throws(StorageError) -> some Any) -> StorageError? {
  do throws(StorageError) {
    _ = try body()
    return nil
  } catch {
    return error
  }
}
