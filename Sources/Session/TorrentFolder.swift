import Bencoding
import Glibc
public import TorrentModel

/// The `.torrent` files of a folder, by which a tracker is told what it tracks and a client what it is
/// to fetch.
///
/// Files that are no torrents are passed over and named, not fatal: a half-copied file must not
/// stop anything, and will be read again when it has changed.
public struct TorrentFolder {
  public let path: String
  /// What was read of each file, by name: what its swarms are called, nothing where it is no torrent,
  /// with the time and size it had then.
  private var known: [String: (mark: Mark, infoHashes: [InfoHash])] = [:]

  private struct Mark: Equatable {
    var seconds: Int
    var nanoseconds: Int
    var size: Int
  }

  /// What differs from the last look.
  public struct Changes: Sendable {
    public var added: [InfoHash] = []
    public var removed: [InfoHash] = []
    /// Names of files that describe no torrent, and why.
    public var refused: [(name: String, reason: String)] = []
  }

  public init(path: String) { self.path = path }

  public var count: Int { known.values.count { !$0.infoHashes.isEmpty } }

  /// The file of a torrent; of several, the first by name.
  public func path(of infoHash: InfoHash) -> String? {
    known.filter { $0.value.infoHashes.contains(infoHash) }.keys.min().map { path + "/" + $0 }
  }

  /// Looks at the folder again. A folder that is not there holds nothing; one that cannot be listed
  /// at the moment still holds what it held.
  public mutating func update() -> Changes {
    var changes = Changes()
    guard let names = names() else { return changes }
    let before = Set(known.values.flatMap(\.infoHashes))
    var present: [String: (mark: Mark, infoHashes: [InfoHash])] = [:]
    for name in names {
      guard let mark = mark(of: name) else { continue }
      if let entry = known[name], entry.mark == mark {
        present[name] = entry
        continue
      }
      do {
        present[name] = (mark, try read(name))
      } catch {
        present[name] = (mark, [])
        changes.refused.append((name, "\(error)"))
      }
    }
    known = present
    let after = Set(known.values.flatMap(\.infoHashes))
    changes.added = after.subtracting(before).sorted()
    changes.removed = before.subtracting(after).sorted()
    return changes
  }

  private func names() -> [String]? {
    guard let folder = opendir(path) else { return errno == ENOENT ? [] : nil }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasSuffix(".torrent"), !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  private func mark(of name: String) -> Mark? {
    var status = stat()
    guard stat(path + "/" + name, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      return nil
    }
    return Mark(
      seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec,
      size: Int(status.st_size))
  }

  private func read(_ name: String) throws -> [InfoHash] {
    let descriptor = open(path + "/" + name, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw ReadFailure(code: errno) }
    defer { close(descriptor) }
    var document: [UInt8] = []
    let most = BencodeDecoder.Limits.metainfo.length
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while document.count <= most {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw ReadFailure(code: errno) }
      if count == 0 { break }
      document.append(contentsOf: chunk.prefix(count))
    }
    return try Metainfo(document).info.swarmHashes
  }

  private struct ReadFailure: Error, CustomStringConvertible {
    let code: Int32
    var description: String { String(cString: strerror(code)) }
  }
}
