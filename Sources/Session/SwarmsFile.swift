import Glibc
import Hashing
public import Storage

/// Where a tracker keeps its swarms between two runs: one file, replaced whole, and the one before
/// it.
///
/// The invariant: what `read` returns is what `write` was given, all of it; a file that a disk or a
/// person has changed is told from one by the SHA-1 at its end.
public struct SwarmsFile: Sendable {
  public enum Generation: CaseIterable, Sendable {
    case latest
    case previous
  }

  public let path: String

  /// Bytes: twenty million peers. What is longer was not written by us.
  private static let longest = 1 << 30
  private static let checksumLength = 20

  /// - Parameter folder: made when the file is first written.
  public init(in folder: String) { path = folder + "/swarms" }

  public func path(of generation: Generation) -> String {
    generation == .latest ? path : path + ".previous"
  }

  /// The contents, or `nil` when there is no such file.
  public func read(_ generation: Generation = .latest) throws(StorageError) -> [UInt8]? {
    let path = path(of: generation)
    guard let bytes = try WholeFile.read(at: path, atMost: Self.longest) else { return nil }
    let end = bytes.count - Self.checksumLength
    guard end >= 0, SHA1.hash(bytes[..<end]).bytes.elementsEqual(bytes[end...]) else {
      throw StorageError(.read, path: path, .damaged)
    }
    return Array(bytes[..<end])
  }

  /// Writes the file anew, and keeps the one that was there as the previous: see `WholeFile`.
  public func write(_ contents: consuming [UInt8]) throws(StorageError) {
    let folder = WholeFile.folder(of: path)
    if mkdir(folder, 0o777) < 0, errno != EEXIST {
      throw StorageError(.create, path: folder, .system(errno))
    }
    let checksum = SHA1.hash(contents)
    contents.append(contentsOf: checksum.bytes)
    try WholeFile.write(contents, to: path, mode: 0o600, keeping: path(of: .previous))
  }

  /// Moves a file that cannot be used out of the way, so that it does not replace the previous one
  /// when the next is written, and can be looked at.
  public func setAsideDamaged() { rename(path, path + ".damaged") }
}
