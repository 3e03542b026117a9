import Glibc
import Hashing
public import TorrentModel

/// Where the state of one download is kept: a file of its own for each torrent and download folder,
/// and beside it the generation before.
///
/// The invariant: whatever happens while it is written, one of the two is whole. They lie in a
/// folder of ours and never in the download folder, where a torrent could name a file like them.
public struct ResumeFile: Sendable {
  public let path: String
  private let infoHash: InfoHash
  private let folder: String

  private var previousPath: String { path + ".previous" }

  /// - Parameters:
  ///   - stateFolder: made when the file is first written.
  ///   - downloadFolder: need not be there yet.
  public init(in stateFolder: String, of infoHash: InfoHash, downloadFolder: String) {
    self.infoHash = infoHash
    folder = Self.canonical(downloadFolder)
    // Eight bytes of a hash tell the folders of one torrent apart; what is read is compared whole.
    let label = Hexadecimal.encode(SHA1.hash(Array(folder.utf8)).bytes.prefix(8))
    path = "\(stateFolder)/\(infoHash)-\(label)"
  }

  /// The one path of a folder, without links or dots, also while its last components are missing.
  static func canonical(_ folder: String) -> String {
    var existing = folder.split(separator: "/", omittingEmptySubsequences: true)[...]
    let root = folder.hasPrefix("/") ? "/" : "./"
    var missing: [Substring] = []
    while true {
      if let resolved = realpath(root + existing.joined(separator: "/"), nil) {
        defer { free(resolved) }
        let start = String(cString: resolved)
        return ([start == "/" ? "" : start[...]] + missing.reversed()).joined(separator: "/")
      }
      guard let last = existing.popLast() else { return folder }
      missing.append(last)
    }
  }

  /// What was found of an earlier run.
  public struct Finding: Sendable {
    /// The newest generation that is whole.
    public var data: ResumeData?
    /// Why a newer one, or all, could not be used: a sentence without its end.
    public var trouble: String?
  }

  /// Looks for what an earlier run left. Reads the disk.
  public func read() -> Finding {
    var troubles: [String] = []
    for path in [path, previousPath] {
      do {
        guard let bytes = try WholeFile.read(at: path, atMost: ResumeData.longestEncoding) else {
          continue
        }
        let data = try ResumeData(decoding: bytes, of: infoHash, folder: folder)
        return Finding(
          data: data, trouble: troubles.first.map { "\($0); the one before it is used" })
      } catch let error as ResumeDataError {
        troubles.append("cannot use the saved state '\(path)': \(error)")
      } catch {
        troubles.append("\(error)")
      }
    }
    return Finding(
      trouble: troubles.first.map { "\($0); what is on the disk is checked instead" })
  }

  /// Writes a new generation and keeps the one before. What the state claims has to be on the disk
  /// already. Waits for the disk.
  public func write(_ data: ResumeData) throws(StorageError) {
    _ = try Folder(path: WholeFile.folder(of: path), makingIt: true)
    // A generation that is damaged must not push out the one that is whole.
    let current = try? WholeFile.read(at: path, atMost: ResumeData.longestEncoding)
    if let current, !ResumeData.isWhole(current) { unlink(path) }
    try WholeFile.write(
      data.encoded(folder: folder), to: path, mode: 0o600, keeping: previousPath)
  }

  /// Forgets both generations: the download is complete.
  public func remove() {
    unlink(path)
    unlink(previousPath)
  }
}
